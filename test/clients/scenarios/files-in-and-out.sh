# shellcheck shell=sh
# What goes into and out of a container and an image: cp, exec, export, mount, save, load.
podman run -d --name box base:1 sh -c 'trap exit TERM; while :; do sleep 0.1; done' >/dev/null
heading cp
podman cp "$CONTEXT/tree" box:/srv/tree
podman cp box:/etc/debian_version -
podman cp box:/srv/tree out
find out | sort
heading exec
podman exec box sh -c 'echo exec > /srv/exec; rm -rf /srv/tree/deep; cat /srv/tree/one'
podman exec --user 33 box sh -c 'touch /etc/x 2>&1; id -u'  || true
podman diff box | sort
heading 'pause and stop'
podman stop -t 5 box >/dev/null
podman inspect --format '{{.State.Status}}' box
heading mount
show_container box
heading 'write through the mount'
# shellcheck disable=SC2016
seen_by_engine sh -euc 'at=$(podman mount box); echo outside > "$at/srv/outside"; rm "$at/etc/issue"; podman unmount box >/dev/null'
podman start box >/dev/null
podman exec box cat /srv/outside
podman exec box sh -c 'test -e /etc/issue || echo gone'
heading export
podman stop -t 5 box >/dev/null
podman export box > exported.tar
tar -tvf exported.tar --numeric-owner | sed 's/20[0-9-]* [0-9:]* / /' | grep -v ' ./\(run\|dev\|proc\|sys\)' | sort
podman import -q exported.tar exported:1 >/dev/null
podman run --rm exported:1 cat /srv/exec
heading 'save and load'
podman commit -q box boxed:1 >/dev/null
for format in docker-archive oci-archive; do
  podman save -q --format $format -o saved.tar boxed:1
  podman rmi boxed:1 >/dev/null
  podman load -q -i saved.tar | sed 's/.*: //'
  podman run --rm boxed:1 cat /srv/outside
  rm saved.tar
done
podman rm -f box >/dev/null
