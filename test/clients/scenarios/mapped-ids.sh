# shellcheck shell=sh
# Containers in user namespaces: one id that all are, a whole range, and what they write seen from another mapping.
look='id -u; stat -c "%u:%g %n" / /etc /etc/shadow /var/mail; rm -rf /usr/share/doc; mkdir /usr/share/doc
  echo x > /srv/x; chmod 4755 /srv/x; echo y >> /etc/fstab; stat -c "%u:%g %a %n" /srv/x /etc/fstab /usr/share/doc'
heading 'one id'
podman run --name one --uidmap 0:100000:1 --gidmap 0:100000:1 base:1 sh -euc "$look"
podman diff one | sort
heading 'a range'
podman run --name range --uidmap 0:100000:65536 --gidmap 0:100000:65536 base:1 \
  sh -euc "$look; chown 33:34 /srv/x; chown 1:2 /etc/profile; stat -c '%u:%g %n' /srv/x /etc/profile"
podman diff range | sort
podman commit -q range range:1 >/dev/null
show_layers range:1 | cut -f 1-6,8-
podman run --rm range:1 stat -c '%u:%g %n' /srv/x /etc/profile /etc /srv
podman run --rm --uidmap 0:300000:65536 range:1 stat -c '%u:%g %n' /srv/x /etc/profile /etc /srv
podman start -a range 2>&1 | tail -1
podman rm -f one range >/dev/null
