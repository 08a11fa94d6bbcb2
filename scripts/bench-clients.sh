#!/usr/bin/env bash
# Times podman with stratafs, with and without a shared process, with fuse-overlayfs and, as what podman itself takes, with the
# kernel's overlayfs, in turns: a build, a diff, a commit, the start of a container. Prints the median of each, in milliseconds, and
# how much faster stratafs is than fuse-overlayfs; exits 1 where it is slower in one, or less than 1.5 times as fast in sum. Run it on a machine that does nothing else. Needs root, podman, fuse-overlayfs and debootstrap's tree.
#
#   scripts/bench-clients.sh TREE [ROUNDS]
set -euo pipefail
tree=$(realpath "${1:?usage: $0 TREE [ROUNDS]}")
rounds=${2:-7}
here=$(realpath "$(dirname "$0")/..")

if [ "${STRATA_BENCH_INSIDE-}" = '' ]; then
  scratch=$(mktemp -d /var/tmp/stratafs-bench-XXXXXX)
  trap 'rm -rf --one-file-system "$scratch"' EXIT
  STRATA_BENCH_INSIDE=$scratch unshare --mount --pid --net --propagation private --mount-proc --fork --kill-child \
    "$here/scripts/bench-clients.sh" "$tree" "$rounds"
  exit
fi

scratch=$STRATA_BENCH_INSIDE
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /var/lib/containers 2>/dev/null || :
if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
ours=(stratafs shared)
contenders=("${ours[@]}" fuse-overlayfs overlay)
# The kernel's overlayfs takes none.
declare -A programs=([stratafs]=$here/bin/stratafs [shared]=$here/bin/stratafs [fuse-overlayfs]=$(command -v fuse-overlayfs))
declare -A options=([shared]='mountopt = "shared=on"')
acts=(build diff commit start)

mkdir "$scratch/context"
cat > "$scratch/context/Containerfile" <<'END'
FROM base:1
RUN rm -rf /usr/share/doc && mkdir /usr/share/doc
RUN cp -a /etc /srv/etc && rm -rf /srv/etc/alternatives
RUN chown -R 33:33 /var/cache /srv && mv /etc/pam.d /etc/pam.e
END

use() {
  local home=$scratch/$1 program=
  mkdir -p "$home"
  export CONTAINERS_STORAGE_CONF=$home/storage.conf CONTAINERS_CONF=$home/containers.conf
  [ -e "$home/storage.conf" ] && return
  [ -z "${programs[$1]-}" ] || program="mount_program = \"${programs[$1]}\""
  cat > "$home/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$home/root"
runroot = "$home/run"
[storage.options.overlay]
skip_mount_home = "true"
$program
${options[$1]-}
END
  cat > "$home/containers.conf" <<END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
netns = "host"
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
END
  tar -C "$tree" -c . | podman import -q - base:1 >/dev/null
}

prepare() {
  podman rm -af >/dev/null 2>&1
  podman run --name changed base:1 sh -c 'cp -a /etc /srv/etc; rm -rf /usr/share/doc; chown -R 33 /var/cache'
}

act() {
  case $1 in
    build) podman build -q --no-cache -t built "$scratch/context" ;;
    diff) podman diff changed ;;
    commit) podman commit -q changed ;;
    start) podman run --rm base:1 true ;;
  esac >/dev/null
}

median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

for ((round = 0; round <= rounds; round++)); do
  # Who begins changes from round to round; what the first, round 0, takes is not counted.
  for ((turn = 0; turn < ${#contenders[@]}; turn++)); do
    program=${contenders[(round + turn) % ${#contenders[@]}]}
    use "$program"
    prepare
    for act in "${acts[@]}"; do
      begun=$(date +%s%N)
      act "$act"
      ((round == 0)) || echo $((($(date +%s%N) - begun) / 1000000)) >> "$scratch/$program.$act"
    done
  done
done

status=0
for program in "${ours[@]}"; do
  printf '%-10s %14s %16s %8s %10s\n' '' "$program [ms]" 'fuse-overlayfs' 'times' 'overlay'
  sum=0 theirs=0 least=0
  for act in "${acts[@]}"; do
    a=$(median < "$scratch/$program.$act") b=$(median < "$scratch/fuse-overlayfs.$act") c=$(median < "$scratch/overlay.$act")
    printf '%-10s %14d %16d %8s %10d\n' "$act" "$a" "$b" "$(awk "BEGIN { printf \"%.2f\", $b / $a }")" "$c"
    ((a <= b)) || status=1
    sum=$((sum + a)) theirs=$((theirs + b)) least=$((least + c))
  done
  printf '%-10s %14d %16d %8s %10d\n' sum "$sum" "$theirs" "$(awk "BEGIN { printf \"%.2f\", $theirs / $sum }")" "$least"
  ((theirs * 2 >= sum * 3)) || status=1
done
exit $status
