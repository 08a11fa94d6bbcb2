/**
 * Layers that keep owners and modes in attributes: those of containers/storage below, an upper that is kept so,
 * what lies in it, who else reads it; as root and as root of a user namespace.
 */
import { execFile } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { programPath, unionOptions } from '../fixtures/mount.ts';
import { makePlace, shell, type Place } from '../regress/fixtures/shell.ts';

const run = promisify(execFile);
const need = needs(...mountNeeds, 'program:setfattr', 'program:setfacl', 'program:setcap', 'program:setpriv');
const inNamespace = fileURLToPath(new URL('./fixtures/user-namespace.py', import.meta.url));
const is = (what: string, ...names: string[]): string =>
  names.map((name) => `setfattr -n user.containers.override_stat -v ${what} ${name}`).join('\n');
const capability = '0x0100000200040000000000000000000000000000';
/** As containers/storage unpacks a layer with force_mask. */
const layer = `
  mkdir -m 700 dir sticky group; for f in setuid zero pipe plain; do echo $f >$f; chmod 700 $f; done; >zero; >pipe; ln -s x link
  ${is('0:0:0755:dir', '.', 'dir')}
  ${is('0:0:01777:dir', 'sticky')}
  ${is('0:77:02777:dir', 'group')}
  ${is('5:6:04755:file', 'setuid')}
  ${is('0:5:0666:char-1-5', 'zero')}
  ${is('1:2:0600:pipe', 'pipe')}
  ${is('0:0:0644:file', 'plain')}
  setfattr -n user.containers.override_security.capability -v ${capability} plain`;
const looks = String.raw`find . ! -name .wh.\* -printf '%P %y %#m %U:%G\n' | sort`;
const shownLayer = ` d 0755 0:0
dir d 0755 0:0
group d 02777 0:77
link l 0777 0:0
pipe p 0600 1:2
plain f 0644 0:0
setuid f 04755 5:6
sticky d 01777 0:0
zero c 0666 0:5`;
const user = 'setpriv --reuid 1000 --regid 1000 --clear-groups';
const work = `
  umask 022
  chown 7:8 setuid; chmod 2711 setuid; mknod null c 1 3; mkfifo -m 640 fifo; chown 9:10 fifo; ln -s y new; chown -h 4:4 new
  chown 3:4 zero; mv plain moved; ln moved hard; rm -r dir; mkdir dir; chmod 2750 dir; chown 3 dir
  ${user} sh -c '>sticky/file; mkdir sticky/dir; >group/file; mkdir group/dir; mkfifo sticky/fifo'
  rm sticky/file; ${user} sh -c 'echo x >sticky/file; chmod 4711 sticky/file'`;
const shownWork = ` d 0755 0:0
dir d 02750 3:0
fifo p 0640 9:10
group d 02777 0:77
group/dir d 02755 1000:77
group/file f 0644 1000:77
hard f 0644 0:0
link l 0777 0:0
moved f 0644 0:0
new l 0777 4:4
null c 0644 0:0
pipe p 0600 1:2
setuid f 02711 7:8
sticky d 01777 0:0
sticky/dir d 0755 1000:1000
sticky/fifo p 0644 1000:1000
sticky/file f 04711 1000:1000
zero c 0666 3:4`;

/** Other users come as far as the mount. */
async function openPlace(t: Test, prepare = layer): Promise<Place> {
  const place = await makePlace(t, prepare);
  chmodSync(place.scratch.path, 0o755);
  return place;
}

t.test('a layer that says so of its root shows what its attributes say', need, async (t) => {
  const place = await openPlace(t);
  const { path } = await place.mount(['xattr_permissions=2']);
  t.equal(await shell(path, looks), shownLayer.trim());
  t.match(await shell(path, 'getcap plain'), /^plain cap_net_bind_service/);
  t.notMatch(await shell(path, 'getfattr -hm - -d *'), /override|containers/);
  t.match(await shell(path, 'ls -l --time-style=+ zero pipe'), /^prw-[^]*\ncrw-rw-rw- 1 root +tty +1, 5 /);
  t.equal(
    await shell(path, 'python3 -c \'import os; print({e.name: e.is_file() for e in os.scandir()}["zero"])\''),
    'False',
  );
});

t.test('one that does not say so of its root is as it is', need, async (t) => {
  const place = await openPlace(t, `${layer}\nsetfattr -x user.containers.override_stat .`);
  const { path } = await place.mount();
  t.equal(await shell(path, 'stat -c %a:%u:%F setuid zero'), '700:0:regular file\n700:0:regular empty file');
  t.notMatch(await shell(path, 'getfattr -hm - -d *'), /override/);
});

t.test('as root devices are not made of attributes that nobody asked for', need, async (t) => {
  const place = await openPlace(t);
  const { path } = await place.mount();
  t.equal(
    await shell(path, 'stat -c %a:%u:%F setuid zero pipe'),
    '4755:5:regular file\n666:0:regular empty file\n600:1:fifo',
  );
});

for (const permissions of ['xattr_permissions=2', 'xattr_permissions=1']) {
  t.test(`${permissions}: owners, modes and devices last`, need, async (t) => {
    const place = await openPlace(t);
    if (permissions.endsWith('1')) await shell(place.lower, 'rm zero; mknod -m 666 zero c 1 5');
    const first = await place.mount([permissions]);
    await shell(first.path, work);
    t.equal(await shell(first.path, looks), shownWork.trim());
    await first.end();
    const mounted = await place.mount(permissions.endsWith('2') ? [permissions] : []);
    t.equal(await shell(mounted.path, looks), shownWork.trim(), 'the upper says itself how it is kept');
    const disk = await shell(
      place.upper,
      "find . -type f -printf '%u:%#m\\n' -o -type d -printf '%u:%#m\\n' | sort -u",
    );
    t.notMatch(
      disk,
      /:0[0-6]?[0-6]{2}$|:0[1-7][0-7]{3}$|^[^r]/m,
      'all are the server’s, which may do all; none is setuid',
    );
  });
}

t.test('lists and modes are one thing', need, async (t) => {
  const place = await openPlace(t);
  const { path } = await place.mount(['xattr_permissions=2']);
  await shell(path, 'touch file; chmod 640 file; setfacl -m u:55:rwx,g:66:r file');
  t.match(
    await shell(path, 'stat -c %a file; getfacl -n file'),
    /^670\n[^]*user::rw-\nuser:55:rwx\ngroup::r--\ngroup:66:r--\nmask::rwx\nother::---/,
  );
  await shell(path, 'chmod 406 file');
  t.match(
    await shell(path, 'getfacl -n file'),
    /user::r--\nuser:55:rwx\s+#effective:---\n[^]*mask::---\nother::rw-/,
  );
  await shell(path, 'setfacl -b file');
  t.equal(await shell(path, 'stat -c %a file; getfacl -cn file'), '406\nuser::r--\ngroup::---\nother::rw-');
  await shell(path, 'setfacl -d -m u:8:rwx dir; umask 077; touch dir/file; mkdir dir/dir');
  t.match(await shell(path, 'stat -c %a dir/file dir/dir; getfacl -n dir/file'), /^664\n775\n[^]*user:8:rwx/);
});

t.test('no client reads or writes the attributes', need, async (t) => {
  const place = await openPlace(t);
  const { path } = await place.mount();
  const names = [
    'user.containers.override_stat',
    'user.containers.override_security.capability',
    'user.fuseoverlayfs.override_stat',
  ];
  for (const name of [...names, 'security.fuseoverlayfs.override_stat']) {
    const tried = `setfattr -n ${name} -v 0:0:04755 setuid || true; setfattr -x ${name} setuid || true; getfattr -n ${name} setuid || true`;
    const said = await shell(path, tried);
    t.match(said, /not permitted[^]*not permitted[^]*No such attribute/, name);
  }
  t.equal(await shell(place.upper, 'ls'), '');
});

t.test('capabilities are kept beside, and dropped by a write', need, async (t) => {
  const place = await openPlace(t);
  const { path } = await place.mount(['xattr_permissions=2']);
  await shell(path, 'touch able; setcap cap_net_raw+ep able; chmod 777 able plain');
  t.match(await shell(path, 'getcap able plain'), /able cap_net_raw=ep\nplain cap_net_bind_service/);
  t.match(
    await shell(place.upper, 'getfattr -m - plain able'),
    /user\.containers\.override_security\.capability/,
  );
  t.notMatch(await shell(place.upper, 'getfattr -m - plain able'), /^security/m);
  await shell(path, `${user} sh -c 'echo x >>able'; chown 5 plain`);
  t.equal(await shell(path, 'getcap able plain'), '');
});

t.test(
  'fuse-overlayfs 1.10 goes on with our upper, and we with its',
  needs(...mountNeeds, 'program:fuse-overlayfs'),
  async (t) => {
    // It knows no types, and needs an attribute on everything.
    const place = await openPlace(t, `${layer}\nrm zero pipe`);
    const union = {
      lower: [place.lower],
      upper: place.upper,
      work: place.work,
      options: ['xattr_permissions=2'],
    };
    const ours = await place.mount(union.options);
    await shell(
      ours.path,
      'chown 7:8 setuid; mkdir -m 2770 dir/sub; echo x >dir/sub/file; chown 1:2 dir/sub/file; mv plain moved',
    );
    const shown = await shell(ours.path, looks);
    await ours.end();
    await run(programPath, ['--settle', '-o', unionOptions(union)]);
    const at = place.scratch.directory('peer');
    // Told to keep owners in attributes, it would look for those that it writes itself.
    await run('fuse-overlayfs', ['-o', unionOptions({ ...union, options: [] }), at]);
    try {
      t.equal(await shell(at, looks), shown);
    } finally {
      await run('umount', [at]);
    }
    await shell(place.upper, "setfattr -n user.containers.override_stat -v '3:-1:40700' dir");
    const again = await place.mount();
    t.equal(await shell(again.path, 'stat -c %u:%g:%a dir'), '3:0:700');
  },
);

t.test('root of a user namespace', needs(...mountNeeds, 'program:python3', 'program:setpriv'), async (t) => {
  const place = await openPlace(t);
  const { path } = place.scratch;
  const at = place.scratch.directory('mnt');
  await run('chown', ['-hR', '200000:200000', path]);
  const mount = `${programPath} -o lowerdir=${place.lower},upperdir=${place.upper},workdir=${place.work},xattr_permissions=2 ${at}`;
  // The kernel makes no device for a user namespace, but one that is there is copied up.
  const script = `set -e; exec 2>&1; ${mount}; cd ${at}; ${looks}; echo; ${work.replace('mknod null c 1 3', 'cp -p setuid null')}
    setfacl -m u:1000:rw setuid; getfacl -n setuid | grep user:1000; ${looks}; cd /; umount ${at}`;
  const command = [inNamespace, '200000', `${path}/fuse`, 'sh', '-c', script];
  const said = (await run('python3', command, { timeout: 240_000 })).stdout.trim();
  const [before, after] = said.split('\n\n');
  t.equal(before, shownLayer.trim());
  const expected = shownWork
    .replace('null c 0644 0:0', 'null f 02711 7:8')
    .replace('setuid f 02711', 'setuid f 02771');
  t.equal(after, `user:1000:rw-\n${expected}`);
});
