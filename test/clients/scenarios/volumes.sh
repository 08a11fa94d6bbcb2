# shellcheck shell=sh
# Volumes, and directories and images that are mounted in a container.
rm -rf bound && mkdir bound && echo host > bound/file
heading 'a named volume takes what the image has there'
podman volume create vol >/dev/null
podman run --rm -v vol:/etc/pam.d base:1 sh -c 'ls -1 /etc/pam.d; echo kept > /etc/pam.d/kept; rm /etc/pam.d/other'
podman run --rm -v vol:/data base:1 sh -c 'ls -ln --time-style=+ /data'
podman volume rm vol
heading 'nocopy, and an anonymous volume'
podman run --rm -v fresh:/etc/pam.d:nocopy base:1 ls -A /etc/pam.d
podman run --rm -v /etc/pam.d base:1 sh -c 'ls -1 /etc/pam.d'
heading 'binds'
podman run --rm -v "$PWD/bound:/b" base:1 sh -c 'cat /b/file; echo in > /b/in; echo more >> /b/file'
cat bound/file bound/in
podman run --rm -v "$PWD/bound:/b:ro" base:1 sh -c 'cat /b/file; echo no > /b/no' 2>&1 || true
podman run --rm -v "$PWD/bound:/usr/share" base:1 sh -c 'ls /usr/share'
heading 'a file over a file of the image'
podman run --rm -v "$PWD/bound/file:/etc/passwd:ro" base:1 cat /etc/passwd
heading 'as an overlay'
podman run --rm -v "$PWD/bound:/b:O" base:1 sh -c 'rm /b/file; echo overlaid > /b/new; mkdir /b/dir; ls /b'
ls bound
heading 'with its owner changed'
mkdir bound/owned
podman run --rm --user 33:34 -v "$PWD/bound/owned:/b:U" base:1 sh -c 'stat -c "%u:%g" /b; touch /b/x'
seen_by_engine sh -c 'stat -c "%u:%g %n" bound/owned bound/owned/x; rm -r bound/owned'
heading 'an image as a mount'
printf 'FROM base:1\nRUN rm -r /usr/share/doc\nCOPY tree /tree\n' | podman build -q -t tree:1 -f - "$CONTEXT" >/dev/null
podman run --rm --mount type=image,source=tree:1,destination=/image base:1 \
  sh -c 'ls -1 /image /image/tree; touch /image/x' 2>&1 || true
podman run --rm --mount type=image,source=tree:1,destination=/image,rw=true base:1 \
  sh -c 'rm -r /image/tree; echo w > /image/etc/fstab; ls /image; cat /image/etc/fstab'
podman run --rm --mount type=image,source=tree:1,destination=/image base:1 cat /image/tree/one
heading 'tmpfs, read-only'
podman run --rm --tmpfs /usr/share:rw,size=64m base:1 sh -c 'ls -A /usr/share; touch /usr/share/x'
podman run --rm --read-only --tmpfs /tmp base:1 sh -c 'touch /tmp/x && touch /etc/x' 2>&1 || true
heading 'a tree as a root'
mkdir tree
# shellcheck disable=SC2016
seen_by_engine sh -euc 'at=$(podman image mount base:1); cp -a "$at/bin" "$at/lib" "$at/lib64" "$at/usr" tree/; podman image unmount base:1 >/dev/null'
podman run --rm --rootfs "$PWD/tree:O" sh -c 'ls -A /; rm -rf /usr/share; echo > /left'
seen_by_engine ls -A tree tree/usr
seen_by_engine rm -rf tree
podman volume rm -a -f >/dev/null
