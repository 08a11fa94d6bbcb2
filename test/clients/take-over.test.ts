/**
 * A store that podman has made with fuse-overlayfs is used with stratafs, and after `--settle` with fuse-overlayfs again. All
 * that its containers and images show stays the same each time.
 */
import t, { type Test } from 'tap';
import { needs } from '../fixtures/needs.ts';
import { baseNeeds } from './fixtures/extent.ts';
import { openHost } from './fixtures/host.ts';
import { baseTree } from './fixtures/base-tree.ts';
import { makePodmanStore } from './fixtures/podman-store.ts';

const need = needs(
  ...(['root', 'fuse', 'build', 'program:podman', 'program:fuse-overlayfs', 'program:newuidmap'] as const),
  ...baseNeeds,
);

/**
 * Each run of the container does the next part. Without an index, as in a user namespace, perl's two names come apart when one is
 * changed: there a file of one name is.
 */
const make = `
printf '%s\\n' 'FROM base:1' 'RUN rm -rf /etc/default /usr/share/doc && mkdir /usr/share/doc && mv /etc/pam.d /etc/pam.e' \
  'RUN mkdir /etc/default && touch /usr/share/doc/new && rm -rf /etc/pam.e/other' 'COPY tree /tree' |
  podman build -q -t app:1 -f - "$CONTEXT" >/dev/null
podman run --name kept app:1 sh -c 'set -eu; touch /runs; echo run >> /runs; case $(wc -l < /runs) in
1)
  rm -rf /usr/share/perl5 /etc/cron.daily; mkdir /usr/share/perl5; touch /usr/share/perl5/new
  rm /etc/profile; echo x >> /etc/bash.bashrc; chmod 600 /etc/fstab; chown 33:33 /etc/shells; mkdir /srv/made; mv /tree /tree2 ;;
2)
  mv /usr/share/debconf /usr/share/debconf2; mv /srv/made /srv/moved; rm /usr/share/perl5/new
  name=perl; grep -q 4294967295 /proc/self/uid_map || name=dpkg; chmod 700 /usr/bin/$name; ln /etc/shells /etc/shells.link; rm -rf /etc/alternatives; mkdir /etc/alternatives ;;
*)
  ls -A /usr/share/debconf2 >/dev/null; test ! -e /usr/share/debconf
  mkdir "/third$(wc -l < /runs)"; rm -rf /etc/profile; mkdir -p /etc/profile/made ;;
esac'`;
const settle = `
for id in $(podman ps -aq); do
  podman inspect --format '{{with .GraphDriver.Data}}lowerdir={{.LowerDir}},upperdir={{.UpperDir}},workdir={{.WorkDir}}{{end}}' "$id"
done | while read -r options; do seen_by_engine "$STRATAFS" --settle -o "$options"; done`;
/** But for numbers of links: fuse-overlayfs shows as many as it has met names since the mount, or some of them. */
const look = 'show_container kept | cut -f 1-5,7-; show_image app:1 | cut -f 1-6,8-';
/** Somebody looks into the container, and forgets it. */
const twice = `seen_by_engine sh -euc 'podman mount kept; podman mount kept' >/dev/null`;
/** As docs/podman.md says. podman's own clean-up comes after the end of `podman run`, and may still be at work. */
const apart = `
podman stop --all >/dev/null; podman unmount --all --force >/dev/null; podman container cleanup --all >/dev/null
! seen_by_engine grep -F "$HOME/" /proc/self/mountinfo`;

for (const asUser of [false, true]) {
  t.test(`a store of ${asUser ? 'an ordinary user' : 'root'} is taken over and given back`, need, (t) =>
    takeOver(t, asUser),
  );
}
t.setTimeout(1_800_000);

async function takeOver(t: Test, asUser: boolean): Promise<void> {
  const host = await openHost();
  t.teardown(() => host.close());
  const base = await baseTree(host);
  const store = await makePodmanStore(host, { driver: 'fuse-overlayfs', asUser, base });
  await store.run(make);
  const first = await store.run(look);
  t.ok(first.split('\n').length > 200);
  await store.run(apart);
  store.mountWith('stratafs');
  same(t, await store.run(look), first, 'taken over');
  await store.run(
    'podman start -a kept; podman commit -q kept kept:1; podman diff kept | grep -q "^D /etc/profile"',
  );
  const second = await store.run(look);
  t.not(second, first);
  await store.run(`${twice}\n${apart}`);
  await store.run(settle);
  same(t, await store.run(look), second, 'settled');
  await store.run(apart);
  // Each mount marks the layer again.
  await store.run(settle);
  store.mountWith('fuse-overlayfs');
  same(t, await store.run(look), second, 'given back');
  await store.run('podman start -a kept; podman run --rm kept:1 test ! -e /third3');
  await store.run(apart);
  store.mountWith('stratafs');
  await store.run('podman start -a kept; podman rm kept; podman rmi -a -f');
}

function same(t: Test, seen: string, expected: string, message: string): void {
  const [there, wanted] = [seen.split('\n'), expected.split('\n')];
  const [inThere, inWanted] = [new Set(there), new Set(wanted)];
  t.strictSame(
    there.filter((line) => !inWanted.has(line)).slice(0, 20),
    wanted.filter((line) => !inThere.has(line)).slice(0, 20),
    message,
  );
}
