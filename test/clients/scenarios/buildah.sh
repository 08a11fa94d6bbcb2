# shellcheck shell=sh
# An image made step by step with buildah, and one from nothing.
made=$(buildah from base:1)
buildah run "$made" -- sh -c 'rm -rf /usr/share/doc; mkdir /usr/share/doc; mv /etc/pam.d /etc/pam.e; echo x > /srv/x; chown 33 /srv/x'
buildah copy -q "$made" "$CONTEXT/tree" /srv/tree >/dev/null
buildah add -q --chown 5:6 "$made" "$CONTEXT/tree/one" /srv/added >/dev/null
buildah config --env A=b --workingdir /srv --cmd 'cat x' "$made"
# shellcheck disable=SC2016
in_mount='at=$(buildah mount "$1"); rm "$at/etc/fstab"; mkdir "$at/srv/outside"; buildah umount "$1" >/dev/null'
if [ "$(id -u)" = 0 ]; then sh -euc "$in_mount" sh "$made"; else buildah unshare sh -euc "$in_mount" sh "$made"; fi
buildah commit -q --timestamp 1700000000 "$made" made:1 >/dev/null
buildah rm "$made" >/dev/null
show_layers made:1
podman run --rm made:1
empty=$(buildah from scratch)
buildah add -q "$empty" "$CONTEXT/tree" / >/dev/null
buildah commit -q --timestamp 1700000000 "$empty" empty:1 >/dev/null
buildah rm "$empty" >/dev/null
show_image empty:1 | cut -f 1-4,6-
buildah bud -q --layers --timestamp 1700000000 --cap-add=MKNOD --build-arg DEVICES= -t made:2 "$CONTEXT" >/dev/null
show_layers made:2
