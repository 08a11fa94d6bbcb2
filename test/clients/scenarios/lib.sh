# shellcheck shell=sh
# Words that all scenarios use. CONTEXT, MANIFEST and IMAGE_ENTRIES come from the environment.

# A mount of an ordinary user's store is seen in podman's user namespace alone.
seen_by_engine() {
  if [ "$(id -u)" = 0 ]; then "$@"; else podman unshare "$@"; fi
}

# What programs would see in the image $1, but for its root.
show_image() {
  # shellcheck disable=SC2016
  seen_by_engine sh -euc '
    at=$(podman image mount "$1")
    python3 "$MANIFEST" "$at"
    podman image unmount "$1" >/dev/null' sh "$1" > shown
  without_root < shown
}

# The same of the container $1, without times.
show_container() {
  # shellcheck disable=SC2016
  seen_by_engine sh -euc '
    at=$(podman mount "$1")
    python3 "$MANIFEST" "$at"
    podman unmount "$1" >/dev/null' sh "$1" > shown
  without_root < shown | cut -f 1-4,6-
}

# Mode and time of a root are the driver's: podman's overlay makes the directory of each layer anew, with mode 0555, whichever
# program mounts it, and vfs copies that of the layer below.
without_root() { sed "s/^\(b'\.'\)\t[^\t]*\(\t[^\t]*\t[^\t]*\)\t[^\t]*/\1\t-\2\t-/"; }

# Every entry of every layer of the image $1 above the base.
show_layers() {
  rm -f saved.tar
  podman save -q --format docker-archive -o saved.tar "$1"
  python3 "$IMAGE_ENTRIES" saved.tar
  rm saved.tar
}

heading() { echo "== $*"; }
