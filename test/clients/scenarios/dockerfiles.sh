# Builds Dockerfiles with buildah and with strata, in a mount namespace of its own, and writes for each, in RESULTS,
# NAME.buildah and NAME.strata with what is in the tree, and NAME.buildah.json and NAME.strata.json with the image's facts.
# Arguments: the directory of the Dockerfiles, a directory to work in with base.tar, strata and its options, --, names.
set -euo pipefail
dockerfiles=$1 place=$2
shift 2
strata=()
while [ "$1" != -- ]; do strata+=("$1"); shift; done
shift

cd "$place"
mkdir -p results storage run mnt context/src/sub/deep context/conf context/links
export BUILDAH_ISOLATION=chroot
buildah() { command buildah --root "$place/storage" --runroot "$place/run" --storage-driver vfs "$@"; }

(
  cd context
  for file in src/main.c src/a.txt src/sub/b.txt src/sub/deep/c.md README.md conf/keep.cfg conf/drop.cfg run.sh x.log src/y.log; do
    echo "$file" > "$file"
  done
  chmod 750 run.sh; chmod 700 src/sub/deep
  ln src/a.txt src/hard
  ln -s a.txt src/link; ln -s nowhere src/broken; ln -s ../conf links/dir
  printf '%s\n' '*.log' 'conf/*' '!conf/keep.cfg' '**/*.md' '!README.md' > .dockerignore
  mkdir -p "$place/packed/t/x"
  echo tarred > "$place/packed/t/x/f"; chmod 600 "$place/packed/t/x/f"
  ln -s x "$place/packed/t/l"
  find "$place/packed" -exec touch -hd @1000000000 {} +
  tar -C "$place/packed" --owner=7 --group=8 -cf pack.tar t
  gzip -nk pack.tar
  find . -exec touch -hd @1000000000 {} +
)

# Names with type, mode, owner and target; whether the time is that of the context; contents; names of one file. Without what
# buildah leaves of its own mounts, and the root itself, which it makes.
look() {
  local new='-newermt 2010-01-01'
  cd "$1"
  find . -mindepth 1 \( -path ./dev -o -path ./proc -o -path ./sys -o -path ./run -o -path ./etc/hosts \
    -o -path ./etc/hostname -o -path ./etc/resolv.conf \) -prune -o -printf '%P\t%y\t%m\t%U:%G\t%l\t' \
    \( ! -type d $new -printf 'new\n' -o ! -type d -printf 'old\n' -o -printf '-\n' \) | sort
  find . -type f ! -path './etc/host*' ! -path ./etc/resolv.conf -print0 | sort -z | xargs -0 md5sum
  find . -type f -links +1 -printf '%i %P\n' | sort | awk '{ names[$1] = names[$1] " " $2 } END { for (i in names) print names[i] }' | sort
}

from=$(buildah from scratch)
buildah add "$from" base.tar / > results/log
buildah commit "$from" base >> results/log 2>&1
for name; do
  buildah bud --format docker --layers=false -t "$name" -f "$dockerfiles/$name" context > "results/$name.log" 2>&1
  buildah inspect --type image "$name" > "results/$name.buildah.json"
  "${strata[@]}" build -t "$name" -f "$dockerfiles/$name" context >> "results/$name.log" 2>&1
  "${strata[@]}" inspect "$name" > "results/$name.strata.json"
  # A container of an image with triggers would run them.
  if [ "$name" != escaped ]; then
    container=$(buildah from --pull-never "$name")
    (look "$(buildah mount "$container")") > "results/$name.buildah"
    buildah umount "$container" > /dev/null
    "${strata[@]}" mount "$name" mnt
    (look mnt) > "results/$name.strata"
    "${strata[@]}" umount mnt
  fi
done
