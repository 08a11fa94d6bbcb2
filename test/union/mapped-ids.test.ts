/**
 * Mounts with maps of ids, beside fuse-overlayfs on the same layers with the same options: what both show, and
 * what lies in both uppers afterwards. Where fuse-overlayfs 1.10 loses something (setgid directories, default lists, the
 * ids in lists) there are expectations of our own.
 */
import { execFile } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { unionOptions } from '../fixtures/mount.ts';
import { makePlace, shell, type Place } from '../regress/fixtures/shell.ts';

const run = promisify(execFile);
const need = needs(...mountNeeds, 'program:fuse-overlayfs', 'program:setfacl', 'program:setpriv');

const prepare = `
  for i in 0 1 5 1000 1001 1002 65534 70000; do echo $i >f$i; chown $i:$i f$i; done
  mkdir dir; ln -s f5 link; chown -h 5:6 link; mkfifo pipe; chown 1:2 pipe; mkdir -m 1777 sticky; mkdir -m 2777 group
  chown 1:1000 group; touch list; setfacl -m u:5:rw,g:1001:r list; mkdir heir; setfacl -d -m u:5:rwx heir`;
/** But for the marks of fuse-overlayfs, and for what it does otherwise. */
const looks = String.raw`find . ! -path ./group\* ! -path ./heir\* ! -name .wh.\* -printf '%P %y %#m %U:%G\n' | sort`;
/** `shown` and `unshown`: ids with and without an entry in the map. */
const act = (shown: number, unshown: number): string => `umask 022
  for u in ${String(shown)} ${String(unshown)}; do
    setpriv --reuid $u --regid $u --clear-groups sh -c 'cd sticky; >by$0; mkdir dir$0; ln -s x link$0' $u
  done
  chown ${String(shown)} f1000; chown :${String(shown)} f5; chmod 600 f1; chown -h ${String(shown)}:${String(shown)} link
  ln f1001 hard; mv f1002 moved; chmod 711 dir; chown ${String(shown)}:${String(shown)} dir; echo more >>f65534`;

const maps: readonly [options: string, shown: number, unshown: number][] = [
  ['uidmapping=:0:100000:65536,gidmapping=:0:100000:65536', 100005, 7],
  ['uidmapping=0:100000:65536', 100005, 7],
  [
    'uidmapping=:0:1:1001:1001:0:1:1002:1002:64535,gidmapping=:0:1:1001:1001:0:1:1002:1002:64535',
    1001,
    70001,
  ],
  ['uidmapping=,gidmapping=', 5, 6],
  ['squash_to_root', 5, 6],
  ['squash_to_uid=100000,squash_to_gid=100000', 5, 6],
  ['squash_to_uid=7,squash_to_root', 5, 6],
];

/** Other users come as far as the mount. */
async function openPlace(t: Test, more = ''): Promise<Place> {
  const place = await makePlace(t, `${prepare}\n${more}`);
  chmodSync(place.scratch.path, 0o755);
  return place;
}

interface Seen {
  readonly before: string;
  readonly after: string;
  readonly disk: string;
}

/** What `script` does in a mount by our server, or by the peer. */
async function seen(t: Test, options: string, script: string, peer: boolean): Promise<Seen> {
  const place = await openPlace(t);
  const union = { lower: [place.lower], upper: place.upper, work: place.work, options: [options] };
  let path: string;
  if (peer) {
    path = place.scratch.directory('peer');
    await run('fuse-overlayfs', ['-o', unionOptions(union), path]);
  } else {
    ({ path } = await place.mount([options]));
  }
  try {
    const before = await shell(path, looks);
    await shell(path, script);
    return { before, after: await shell(path, looks), disk: await shell(place.upper, looks) };
  } finally {
    if (peer) await run('umount', [path]);
  }
}

for (const [options, shown, unshown] of maps) {
  t.test(options, need, async (t) => {
    const script = act(shown, unshown);
    const ours = await seen(t, options, script, false);
    const theirs = await seen(t, options, script, true);
    t.match(ours.after, new RegExp(`sticky/by${String(unshown)} f`), 'something was done');
    t.equal(ours.before, theirs.before);
    t.equal(ours.after, theirs.after);
    t.equal(ours.disk, theirs.disk);
  });
}

const container = ['uidmapping=0:100000:65536', 'gidmapping=0:100000:65536'];

t.test('an owner without an entry is refused, before anything is copied up', need, async (t) => {
  const place = await openPlace(t);
  const { path } = await place.mount(container);
  const asked = 'for f in 5 :5 100000:5; do chown $f f1000 && echo taken; done; stat -c %u:%g f1000; true';
  t.match(await shell(path, `set +e; ${asked}`), /(Invalid argument\s[^]*){3}101000:101000$/);
  t.equal(await shell(place.upper, 'ls'), '');
});

t.test('what is copied up keeps an owner that clients have no id for', need, async (t) => {
  const place = await openPlace(t);
  const { path } = await place.mount(container);
  t.equal(await shell(path, 'chmod 600 f70000; stat -c %u:%g f70000'), '65534:65534');
  t.equal(await shell(place.upper, 'stat -c %u:%g f70000'), '70000:70000');
});

t.test('lists name the ids of the side that looks', need, async (t) => {
  const place = await openPlace(t);
  const { path } = await place.mount(container);
  t.match(await shell(path, 'getfacl -n list'), /user:100005:rw-\n[^]*group:101001:r--/);
  await shell(path, 'setfacl -m u:100007:r,g:100008:rw list');
  t.match(
    await shell(place.upper, 'getfacl -n list'),
    /user:5:rw-\nuser:7:r--\n[^]*group:8:rw-\ngroup:1001:r--/,
  );
  const unmapped = await shell(path, 'setfacl -m u:7:r list || true; getfacl -n list');
  t.match(unmapped, /Invalid argument/);
  t.notMatch(unmapped, /user:7/);
  await shell(path, 'touch heir/file; mkdir heir/dir');
  t.match(await shell(path, 'getfacl -n heir/file'), /user:100005:rwx/);
  t.match(await shell(place.upper, 'getfacl -n heir/dir'), /default:user:5:rwx/);
  const reads = 'setpriv --reuid 100005 --regid 100005 --clear-groups cat list && echo read';
  t.match(await shell(path, reads), /read$/);
});

t.test('setgid directories, sticky bits, capabilities and setuid bits', need, async (t) => {
  const place = await openPlace(t, 'chown 5 f1000; chmod 6755 f1000');
  const { path } = await place.mount([...container, 'suid']);
  const user = (id: number): string => `setpriv --reuid ${String(id)} --regid ${String(id)} --clear-groups`;
  await shell(path, `${user(100005)} sh -c '>group/file; mkdir group/dir; >sticky/mine'`);
  t.equal(
    await shell(path, 'stat -c %u:%g:%a group/file group/dir'),
    '100005:101000:644\n100005:101000:2755',
  );
  t.equal(await shell(place.upper, 'stat -c %u:%g group/file group/dir'), '5:1000\n5:1000');
  t.match(await shell(path, `${user(100006)} rm -f sticky/mine || true`), /not permitted/);
  await shell(path, `${user(100005)} mv sticky/mine sticky/moved`);
  t.equal(
    await shell(path, `${user(100005)} sh -c 'echo x >>f1000'; stat -c %a f1000`),
    '755',
    'written by its owner',
  );
});

t.test('nobody on disk is what a maker without an entry becomes', need, async (t) => {
  const place = await openPlace(t);
  const { path } = await place.mount(container);
  await shell(path, 'echo x >new; rm f5; echo y >f5; mkdir -p a/b');
  t.equal(await shell(path, 'stat -c %u:%g new f5 a/b'), '165534:165534\n165534:165534\n165534:165534');
  t.equal(await shell(place.upper, 'stat -c %u:%g new f5 a/b'), '65534:65534\n65534:65534\n65534:65534');
});
