# shellcheck shell=sh
# The user keeps his id in the container.
podman run --name kept --userns=keep-id base:1 sh -c 'id -u; id -g; stat -c "%u:%g %n" / /etc /etc/shadow; touch /tmp/x; stat -c "%u:%g %n" /tmp/x'
podman run --name kept-root --userns=keep-id --user 0 base:1 sh -c '
  id -u; rm -rf /usr/share/doc; mkdir /usr/share/doc; echo x > /srv/x; chown 33:34 /srv/x; stat -c "%u:%g %n" /srv/x /usr/share/doc'
podman diff kept-root | sort
podman commit -q kept-root kept:1 >/dev/null
show_layers kept:1 | cut -f 1-6,8-
podman run --rm kept:1 stat -c '%u:%g %n' /srv/x /etc /usr/share/doc
mkdir mine
podman run --rm --userns=keep-id -v "$PWD/mine:/mine" base:1 sh -c 'touch /mine/x'
stat -c '%u:%g' mine/x
rm -r mine
podman rm -f kept kept-root >/dev/null
