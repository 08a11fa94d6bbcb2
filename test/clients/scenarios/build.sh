# shellcheck shell=sh
# A build of two stages in which each step is a layer, then the same squashed. The times of all that is made are set, so that
# layers are equal to the last bit.
as_root=
if [ "$(id -u)" = 0 ]; then as_root=yes; fi
build() {
  podman build -q --cap-add=MKNOD --timestamp 1700000000 --build-arg DEVICES=$as_root --build-arg HARD_LINKS=$as_root \
    "$@" "$CONTEXT" >/dev/null
}
id_of() { podman image inspect --format '{{.Id}}' "$1"; }
heading 'the first stage'
build --layers --target changes -t changes:1
show_layers changes:1
show_image changes:1
heading 'the image'
build --layers -t app:1
show_layers app:1
show_image app:1
heading 'again, from the cache'
build --layers -t app:again
test "$(id_of app:again)" = "$(id_of app:1)"
heading 'in one layer'
build --layers=false -t app:one
show_layers app:one
# The images' own ids hold the time at which the base was imported.
heading digests
podman image inspect --format '{{.RootFS.Layers}}' app:1 changes:1 app:one
