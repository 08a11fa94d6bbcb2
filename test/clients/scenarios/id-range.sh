# shellcheck shell=sh
# A container in a user namespace of its own within that of the user, and what it wrote seen from others.
podman run --name range --uidmap 0:1:60000 --gidmap 0:1:60000 base:1 sh -euc '
  id -u; stat -c "%u:%g %n" / /etc /etc/shadow /var/mail; rm -rf /usr/share/doc; mkdir /usr/share/doc
  echo x > /srv/x; chmod 4755 /srv/x; echo y >> /etc/fstab; chown 33:34 /srv/x; chown 1:2 /etc/profile
  stat -c "%u:%g %a %n" /srv/x /etc/profile /etc/fstab'
podman diff range | sort
podman commit -q range range:1 >/dev/null
show_layers range:1 | cut -f 1-6,8-
podman run --rm range:1 stat -c '%u:%g %n' /srv/x /etc/profile /etc/fstab /srv
podman run --rm --uidmap 0:5:60000 --gidmap 0:5:60000 range:1 stat -c '%u:%g %n' /srv/x /etc/profile /etc/shadow
podman rm -f range >/dev/null 2>&1 || :
