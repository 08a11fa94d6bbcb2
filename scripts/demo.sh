#!/usr/bin/env bash
# The main job on real input: this machine's own root file system, mounted copy-on-write. A shell in a
# chroot deletes and edits files of the system; the changes land in a directory of their own, the original
# stays as it is. Needs root. Cleans up after itself.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(id -u)" -ne 0 ]; then
  echo 'this mounts a file system: run it as root (sudo scripts/demo.sh)' >&2
  exit 1
fi
if [ ! -e dist/cli/server.js ] || [ ! -e native/build/Release/strata.node ]; then
  scripts/setup-debian.sh build
  npm ci --no-fund --no-audit
fi
[ -e /dev/fuse ] || modprobe fuse

scratch=$(mktemp -d /var/tmp/stratafs-demo-XXXXXX)
clean_up() {
  if mountpoint -q "$scratch/root"; then umount "$scratch/root" || umount -l "$scratch/root"; fi
  rm -rf --one-file-system "$scratch"
}
trap clean_up EXIT
mkdir "$scratch"/{changes,work,root}

say() { printf '\n== %s\n' "$*"; }
fingerprint() {
  sha256sum /etc/passwd /etc/os-release
  stat -c '%n %i %Y %s' /etc /etc/passwd /usr /usr/share/doc /usr/share/zoneinfo /usr/bin/env
  ls /usr/share/doc | wc -l
}
before=$(fingerprint)

say "mount / copy-on-write on $scratch/root"
bin/stratafs -o "lowerdir=/,upperdir=$scratch/changes,workdir=$scratch/work" "$scratch/root"
grep " $scratch/root " /proc/self/mounts

say 'a shell in a chroot there deletes and edits'
chroot "$scratch/root" /bin/sh -ex <<'SHELL'
echo 'guest:x:4242:4242::/home/guest:/bin/sh' >> /etc/passwd
tail -n 1 /etc/passwd
rm /etc/os-release
rm -rf /usr/share/doc
mv /usr/share/zoneinfo /usr/share/zones
mkdir -p /home/guest
echo 'written in the mount' > /home/guest/note
chmod 700 /usr/bin/env
SHELL

say 'what that took: files changed, deleted (c: a whiteout hides what is below), renamed, created'
(cd "$scratch/changes" && find . -mindepth 1 -printf '%y %M %s\t%P\n' | sort -k 4 | head -n 40)
du -sh "$scratch/changes" | sed 's/\t.*/ in all/'

say 'where things come from'
show() { printf '%-34s %-10s %s\n' "$1" "$(xattr_of "$1" state)" "$(xattr_of "$1" path)"; }
xattr_of() { python3 -c 'import os,sys; print(os.getxattr(sys.argv[1], sys.argv[2]).decode())' "$scratch/root$1" "trusted.strata.$2"; }
if command -v python3 >/dev/null; then for path in /etc/passwd /usr/bin/env /etc/hosts /home/guest; do show "$path"; done; fi

umount "$scratch/root"

say 'the original'
if [ "$before" = "$(fingerprint)" ]; then
  echo 'untouched: /etc/passwd, /etc/os-release, /usr/share/doc and the rest are what they were'
else
  echo 'CHANGED, which must never happen:' >&2
  diff <(echo "$before") <(fingerprint) >&2
  exit 1
fi
