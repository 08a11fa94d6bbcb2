/** door=libfuse from its start to its end, however that comes. */
import { execFile } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { isMounted, makeScratch, programPath, type Scratch, type StrataMount } from '../../fixtures/mount.ts';
import { mountNeeds, needs } from '../../fixtures/needs.ts';

const run = promisify(execFile);
/** A request that is never answered would hang the test process itself for good: they are made by others. */
const limit = { timeout: 120_000 };

interface Place {
  readonly scratch: Scratch;
  readonly union: { readonly lower: readonly string[]; readonly upper: string; readonly work: string };
}

function makePlace(t: Test): Place {
  const scratch = makeScratch(t);
  const [lower = '', upper = '', work = ''] = ['lower', 'upper', 'work'].map((name) =>
    scratch.directory(name),
  );
  writeFileSync(join(lower, 'file'), 'below');
  return { scratch, union: { lower: [lower], upper, work } };
}

function mount({ scratch, union }: Place, ...options: string[]): Promise<StrataMount> {
  return scratch.mount({ ...union, options: ['door=libfuse', ...options] });
}

async function read(path: string): Promise<string> {
  return (await run('cat', [path], limit)).stdout;
}

t.test('used, unmounted, ended', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const mounted = await mount(place);
  t.equal(await read(join(mounted.path, 'file')), 'below');
  await run('sh', ['-c', `echo above > ${mounted.path}/file`], limit);
  const ended = await mounted.end();
  t.equal(ended.code, 0, mounted.log());
  t.equal(readFileSync(join(place.union.upper, 'file'), 'utf8'), 'above\n');
});

t.test('an unmounted mount that is in use is served until it is not', needs(...mountNeeds), async (t) => {
  const mounted = await mount(makePlace(t));
  const fd = openSync(join(mounted.path, 'file'), 'r');
  await run('umount', ['-l', mounted.path], limit);
  const bytes = Buffer.alloc(5);
  t.equal(readSync(fd, bytes, 0, 5, 0), 5);
  t.equal(bytes.toString(), 'below');
  closeSync(fd);
  t.equal((await mounted.exited).code, 0, mounted.log());
});

t.test('a signal unmounts, a second one does not wait for who is busy', needs(...mountNeeds), async (t) => {
  const idle = await mount(makePlace(t));
  idle.kill('SIGTERM');
  t.equal((await idle.exited).code, 0, idle.log());
  t.notOk(isMounted(idle.path));
  const busy = await mount(makePlace(t));
  const fd = openSync(join(busy.path, 'file'), 'r');
  busy.kill('SIGINT');
  while (isMounted(busy.path)) await new Promise((resolve) => setTimeout(resolve, 10));
  busy.kill('SIGINT');
  t.equal((await busy.exited).code, 0, busy.log());
  t.throws(
    () => {
      closeSync(fd);
    },
    { code: 'ENOTCONN' },
  );
});

t.test('a server that is killed leaves layers that can be mounted again', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const mounted = await mount(place);
  await run('sh', ['-c', `echo kept > ${mounted.path}/new`], limit);
  mounted.kill('SIGKILL');
  await mounted.exited;
  await t.rejects(run('ls', [mounted.path], limit), /not connected/);
  await mounted.unmount();
  const again = await mount(place);
  t.equal(await read(join(again.path, 'new')), 'kept\n');
});

t.test('without libfuse.so.2 an error names its package', needs(...mountNeeds), async (t) => {
  const { scratch, union } = makePlace(t);
  const at = scratch.directory('at');
  const options = `door=libfuse,lowerdir=${union.lower.join(':')}`;
  const libraries = (await run('ldconfig', ['-p'])).stdout;
  const library = /libfuse\.so\.2 .* => (\S+)/.exec(libraries)?.[1] ?? '';
  t.not(library, '', 'it is there to be hidden (scripts/setup-debian.sh)');
  const hidden = `mount --bind /dev/null "$(realpath ${library})" && exec "$@"`;
  const args = ['-m', '--propagation', 'private', 'sh', '-c', hidden, 'sh', programPath, '-o', options, at];
  const failed = await run('unshare', args, limit).then(
    () => undefined,
    (thrown: unknown) => thrown as { code: number; stderr: string },
  );
  t.equal(failed?.code, 1);
  t.match(failed?.stderr, /^stratafs: [^\n]*apt-get install libfuse2[^\n]*\n$/);
  t.notOk(isMounted(at));
});

t.test('nobody but the owner is let in unless that is asked for', needs(...mountNeeds), async (t) => {
  const optionsAt = (path: string): string =>
    readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .find((line) => line.includes(` ${path} `)) ?? '';
  const own = await mount(makePlace(t));
  t.notMatch(optionsAt(own.path), /allow_other/);
  t.match(optionsAt(own.path), /default_permissions/);
  const shared = await mount(makePlace(t), 'allow_other');
  t.match(optionsAt(shared.path), /allow_other/);
});

t.test('flags of the mount', needs(...mountNeeds), async (t) => {
  const mounted = await mount(makePlace(t), 'noexec', 'nodev', 'noatime', 'ro', 'fsname=a\\,b');
  const line = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .find((one) => one.includes(mounted.path));
  t.match(line, /^a,b .* fuse\.stratafs ro,nodev,noexec,noatime,/);
  await t.rejects(mount(makePlace(t), 'nosymfollow'), /nosymfollow, or door=libfuse/);
  await t.rejects(mount(makePlace(t), 'passthrough=on'), /not possible with door=libfuse/);
});

t.test('access and modification time are told apart', needs(...mountNeeds), async (t) => {
  const mounted = await mount(makePlace(t));
  const set = 'import os; os.utime("file", ns=(1_000_000_000_111_000_000, 1_100_000_000_222_000_000))';
  await run('python3', ['-c', set], { ...limit, cwd: mounted.path });
  const { stdout } = await run('stat', ['-c', '%.3X %.3Y', join(mounted.path, 'file')], limit);
  t.equal(stdout, '1000000000.111 1100000000.222\n');
});

t.test('two names of one file have one inode number', needs(...mountNeeds), async (t) => {
  const mounted = await mount(makePlace(t));
  const script = 'ln file other && stat -c "%i %h" file other | uniq -c';
  const { stdout } = await run('sh', ['-c', script], { ...limit, cwd: mounted.path });
  t.match(stdout, /^ *2 \d+ 2\n$/);
});
