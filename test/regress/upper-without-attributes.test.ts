/**
 * An upper whose file system knows no `trusted.*` attributes was refused as root with the default options, with an error of
 * setxattr(2); the kernel's overlayfs and fuse-overlayfs mount it. ramfs is one, NFS and sshfs are others.
 */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { makeScratch, type Scratch, type UnionOptions } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { shell } from './fixtures/shell.ts';

const run = promisify(execFile);
const need = needs(...mountNeeds);

async function makeUnion(t: Test): Promise<{ scratch: Scratch; union: UnionOptions & { upper: string } }> {
  const scratch = makeScratch(t);
  const place = scratch.directory('ram');
  await run('mount', ['-t', 'ramfs', 'ramfs', place]);
  t.teardown(() => run('umount', ['-l', place]));
  const lower = scratch.directory('lower');
  await shell(lower, 'mkdir -p dir/sub only; echo a >dir/a; echo b >b');
  const [upper, work] = [join(place, 'upper'), join(place, 'work')];
  for (const path of [upper, work]) mkdirSync(path);
  return { scratch, union: { lower: [lower], upper, work, at: scratch.directory('mnt') } };
}

t.test('it is mounted without what needs them, and says so', need, async (t) => {
  const { scratch, union } = await makeUnion(t);
  const mounted = await scratch.mount(union);
  t.match(mounted.log(), /takes no trusted\.\* attributes.*metacopy=off,redirect_dir=off,index=off/);
  await shell(mounted.path, 'chmod 700 b; mv b c; echo y >>dir/a; rm -r only; mkdir new; echo x >new/f');
  const looks = "find . -mindepth 1 -printf '%P %y\\n' | sort; cat c dir/a new/f";
  const shown = await shell(mounted.path, looks);
  t.equal(shown, 'c f\ndir d\ndir/a f\ndir/sub d\nnew d\nnew/f f\nb\na\ny\nx');
  // It would need a mark.
  await t.rejects(shell(mounted.path, 'mkdir only'), /Operation not supported/);
  await t.rejects(shell(mounted.path, 'setfattr -n user.x -v 1 c'), /Operation not supported/);
  await mounted.end();
  const again = await scratch.mount(union);
  t.equal(await shell(again.path, looks), shown);
  await again.end();
});

t.test('what was asked for is an error', need, async (t) => {
  const { scratch, union } = await makeUnion(t);
  for (const option of ['metacopy=on', 'redirect_dir=on', 'index=on']) {
    await t.rejects(scratch.mount({ ...union, options: [option] }), {
      message: /metacopy=on, redirect_dir=on and index=on/,
    });
  }
  const mounted = await scratch.mount({
    ...union,
    options: ['metacopy=off', 'redirect_dir=off', 'index=off'],
  });
  t.equal(mounted.log(), '');
  await mounted.end();
});
