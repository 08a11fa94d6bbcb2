/** A mount that is not where it was made any more, or whose connection was ended behind its back. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { findMountAt } from '../../src/os/mountinfo.ts';
import { asName } from '../../src/base/name.ts';
import { isMounted, makeScratch, programPath } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { until } from './fixtures/program.ts';

interface Served {
  readonly path: string;
  readonly at: string;
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly said: () => string;
}

/** Mounts in front at `parent/at`, with a file `a`. */
async function serve(t: Test): Promise<Served> {
  const scratch = makeScratch(t);
  const lower = scratch.directory('lower');
  writeFileSync(join(lower, 'a'), 'lower');
  const at = scratch.directory('parent/at');
  const child = spawn(programPath, ['-f', '-o', `lowerdir=${lower}`, at], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const exited = once(child, 'close');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exited;
    for (const left of [at, join(scratch.path, 'renamed/at'), join(scratch.path, 'other')]) {
      if (isMounted(left)) await run('umount', '-l', left);
    }
  });
  await until(() => isMounted(at), 'it is mounted');
  return { path: scratch.path, at, child, exited, said: () => text };
}

async function run(command: string, ...args: string[]): Promise<number> {
  const [code] = (await once(spawn(command, args, { stdio: 'ignore' }), 'close')) as [number];
  return code;
}

t.test('SIGTERM after a parent of the mount point was renamed', needs(...mountNeeds), async (t) => {
  const { path, child, exited } = await serve(t);
  renameSync(join(path, 'parent'), join(path, 'renamed'));
  t.ok(isMounted(join(path, 'renamed/at')));
  child.kill('SIGTERM');
  t.strictSame(await exited, [0, null]);
  t.notOk(isMounted(join(path, 'renamed/at')));
});

t.test('SIGTERM for a mount that shows in a further place', needs(...mountNeeds), async (t) => {
  const { path, at, child, exited } = await serve(t);
  const other = join(path, 'other');
  await run('mkdir', other);
  t.equal(await run('mount', '--bind', at, other), 0);
  t.equal(await run('umount', at), 0);
  child.kill('SIGTERM');
  t.strictSame(await exited, [0, null]);
  t.notOk(isMounted(other));
});

t.test('SIGTERM while something else is mounted over it', needs(...mountNeeds), async (t) => {
  const { at, child, exited } = await serve(t);
  t.equal(await run('mount', '-t', 'tmpfs', 'none', at), 0);
  child.kill('SIGTERM');
  t.strictSame(await exited, [0, null]);
  t.equal(findMountAt(asName(at))?.type, 'tmpfs', 'it is not taken away');
  t.equal(await run('umount', at), 0);
});

t.test('an abort of the connection takes the mount away, with status 1', needs(...mountNeeds), async (t) => {
  const { at, exited, said } = await serve(t);
  const connection = findMountAt(asName(at))?.device.split(':')[1] ?? '';
  const control = `/sys/fs/fuse/connections/${connection}/abort`;
  try {
    writeFileSync(control, '1');
  } catch {
    t.equal(await run('mount', '-t', 'fusectl', 'none', '/sys/fs/fuse/connections'), 0);
    t.teardown(() => run('umount', '/sys/fs/fuse/connections'));
    writeFileSync(control, '1');
  }
  t.strictSame(await exited, [1, null]);
  t.notOk(isMounted(at));
  t.match(said(), /^stratafs: the connection with the kernel was ended from outside: [^\n]+\n$/);
});

t.test('umount -f of a busy mount', needs(...mountNeeds), async (t) => {
  const { at, exited } = await serve(t);
  const held = openSync(join(at, 'a'), 'r');
  await run('umount', '-f', at);
  t.strictSame(await exited, [1, null]);
  t.notOk(isMounted(at));
  closeSync(held);
});

t.test('umount -f of one that nobody uses', needs(...mountNeeds), async (t) => {
  const { at, exited } = await serve(t);
  t.equal(await run('umount', '-f', at), 0);
  t.strictSame(await exited, [0, null]);
});
