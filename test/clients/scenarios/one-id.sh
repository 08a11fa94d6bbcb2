# shellcheck shell=sh
# A container whose user namespace has one id: it owns everything.
podman run --name one --uidmap 0:100000:1 --gidmap 0:100000:1 base:1 sh -euc '
  id -u; stat -c "%u:%g %n" / /etc /bin; rm -rf /usr/share/doc; mkdir /usr/share/doc
  echo x > /srv/x; chmod 4755 /srv/x; echo y >> /etc/fstab; stat -c "%u:%g %a %n" /srv/x /etc/fstab /usr/share/doc'
podman diff one | sort
podman rm -f one >/dev/null 2>&1 || :
