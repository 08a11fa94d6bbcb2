# shellcheck shell=sh
# Words that all scenarios use. CONTEXT, MANIFEST and IMAGE_ENTRIES come from the environment.

# A mount of an ordinary user's store is seen in podman's user namespace alone.
seen_by_engine() {
  if [ "$(id -u)" = 0 ]; then "$@"; else podman unshare "$@"; fi
}

# What programs would see in the image $1.
show_image() {
  # shellcheck disable=SC2016
  seen_by_engine sh -euc '
    at=$(podman image mount "$1")
    python3 "$MANIFEST" "$at"
    podman image unmount "$1" >/dev/null' sh "$1"
}

# The same of the container $1, without times, and without the mode of its root: podman's driver overlay makes the directory
# of each writable layer with mode 0555, whichever program mounts it, vfs copies that of the image.
show_container() {
  # shellcheck disable=SC2016
  seen_by_engine sh -euc '
    at=$(podman mount "$1")
    python3 "$MANIFEST" "$at" | cut -f 1-4,6- | sed "/^b.\..\t/s/\t[^\t]*/\t-/"
    podman unmount "$1" >/dev/null' sh "$1"
}

# Every entry of every layer of the image $1 above the base.
show_layers() {
  rm -f saved.tar
  podman save -q --format docker-archive -o saved.tar "$1"
  python3 "$IMAGE_ENTRIES" saved.tar
  rm saved.tar
}

heading() { echo "== $*"; }
