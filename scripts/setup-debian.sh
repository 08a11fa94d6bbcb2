#!/usr/bin/env bash
# Installs what a Debian 12 with Node 20 lacks. `build`: to compile. `tests`: everything that the tests use as well.
# Does nothing where it is all there.
set -euo pipefail

build=(g++ gcc make python3)
tests=(
  acl attr libcap2-bin              # getfacl, getfattr, getcap
  fuse3 uidmap                      # mounts of an ordinary user
  libfuse2                          # door=libfuse
  fuse-overlayfs                    # the peer that is measured against
  bindfs                            # a layer in FUSE
  btrfs-progs e2fsprogs xfsprogs    # file systems with and without reflinks, on loop devices
  git sqlite3 debootstrap           # real programs
  conmon crun runc golang-github-containers-common  # containers
  podman buildah docker.io iproute2 # clients of a mount program
  libpython3.11-testsuite python3-dev
  dbench fio stress-ng              # load
  openssh-client                    # an agent for steps of builds
  strace                            # what a server flushes
  chromium                          # looks at the report of the benchmark
  bzip2 xz-utils zstd               # compressed layers
  fish zsh mandoc                   # completion, the manual pages
  procps psmisc util-linux
)

case ${1-build} in
  build) wanted=("${build[@]}") ;;
  tests) wanted=("${build[@]}" "${tests[@]}") ;;
  *) echo "usage: $0 [build|tests]" >&2; exit 2 ;;
esac

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
