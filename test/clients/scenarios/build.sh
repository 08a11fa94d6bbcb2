# shellcheck shell=sh
# A build of two stages in which each step is a layer, then the same squashed. The times of all that is made are set, so that
# layers are equal to the last bit.
devices=
if [ "$(id -u)" = 0 ]; then devices=yes; fi
build() {
  podman build -q --cap-add=MKNOD --timestamp 1700000000 --build-arg DEVICES=$devices "$@" "$CONTEXT"
}
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
heading 'in one layer'
build --layers=false -t app:one
show_layers app:one
heading ids
podman image inspect --format '{{.Id}}' app:1 changes:1 app:one
