#!/usr/bin/env bash
# Sets up a checkout on Debian 12 with Node 20 and passes every check: formatting, lint, types, unused
# code, build, tests. Needs root (the tests mount).
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(id -u)" -ne 0 ]; then
  echo 'the tests mount file systems: run this as root (sudo scripts/test.sh)' >&2
  exit 1
fi
scripts/setup-debian.sh tests
[ -e /dev/fuse ] || modprobe fuse
# Some tests are ordinary users, who have to get at the program: not in root's home, which is closed to them.
if ! setpriv --reuid=65534 --regid=65534 --clear-groups test -x bin/strata; then
  reachable=$(mktemp -d /var/tmp/stratafs-checkout-XXXXXX)
  chmod 755 "$reachable"
  mount --bind . "$reachable"
  trap 'cd / && umount --lazy "$reachable" && rmdir "$reachable"' EXIT
  cd "$reachable"
fi
npm ci --no-fund --no-audit
npm run ci
