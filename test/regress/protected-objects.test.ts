/**
 * Append-only and immutable objects of an upper that the kernel's overlayfs wrote, or that were copied up: these flags
 * are kept in an attribute, not in the inode.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeStage } from './fixtures/stage.ts';

const caller = { uid: 0, gid: 0, pid: 1, umask: 0o022, unique: 2 };

function flagsOf(root: string, ...names: string[]): string[] {
  const paths = names.map((name) => join(root, name));
  const lines = execFileSync('lsattr', ['-d', ...paths], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return lines.map((line) => (line.split(' ')[0] ?? '').replace(/[^ai]/g, ''));
}

t.test(
  'a mount shows the flags that the kernel keeps in an attribute, and changes them',
  needs(...mountNeeds, 'overlayfs', 'program:chattr', 'program:lsattr'),
  async (test) => {
    const scratch = makeScratch(test, { on: 'tmpfs' });
    const lower = scratch.directory('lower');
    for (const name of ['immutable', 'append', 'plain']) writeFileSync(join(lower, name), 'data');
    mkdirSync(join(lower, 'directory'));
    const all = ['immutable', 'append', 'directory', 'plain'];
    const union = { lower: [lower], upper: scratch.directory('upper'), work: scratch.directory('work') };
    const options = ['metacopy=on', 'redirect_dir=on', 'index=on', 'xino=auto'];

    const kernel = await scratch.kernelOverlay({ ...union, options });
    execFileSync('chattr', ['+i', join(kernel.path, 'immutable'), join(kernel.path, 'directory')]);
    execFileSync('chattr', ['+a', join(kernel.path, 'append')]);
    await kernel.unmount();

    const ours = await scratch.mount(union);
    test.strictSame(flagsOf(ours.path, ...all), ['i', 'a', 'i', '']);
    execFileSync('chattr', ['-i', join(ours.path, 'directory')]);
    execFileSync('chattr', ['=i', join(ours.path, 'append')]);
    test.strictSame(flagsOf(ours.path, ...all), ['i', 'i', '', '']);
    await ours.end();

    const again = await scratch.kernelOverlay({ ...union, options });
    test.strictSame(flagsOf(again.path, ...all), ['i', 'i', '', ''], 'as the kernel shows them then');
    await again.unmount();
    execFileSync('chattr', ['-i', join(union.upper, 'append')]);
  },
);

t.test(
  'the root is as protected as any directory',
  needs(...mountNeeds, 'overlayfs', 'program:chattr', 'program:lsattr'),
  async (test) => {
    const scratch = makeScratch(test, { on: 'tmpfs' });
    const union = {
      lower: [scratch.directory('lower')],
      upper: scratch.directory('upper'),
      work: scratch.directory('work'),
    };
    const kernel = await scratch.kernelOverlay(union);
    execFileSync('chattr', ['+i', kernel.path]);
    await kernel.unmount();

    const ours = await scratch.mount(union);
    test.strictSame(flagsOf(ours.path, '.'), ['i']);
    test.throws(
      () => {
        mkdirSync(join(ours.path, 'new'));
      },
      { code: 'EPERM' },
    );
    execFileSync('chattr', ['-i', ours.path]);
    mkdirSync(join(ours.path, 'new'));
    await ours.end();
  },
);

t.test(
  'flags that an upper cannot take leave an object those that it has',
  needs('root', 'build'),
  async (test) => {
    const stage = makeStage(test);
    stage.sh('echo low >lower/file; chattr +i lower/file');
    test.teardown(() => stage.sh('chattr -i lower/file'));
    const immutable = 0x10;
    const compressed = 0x4;
    const first = stage.engine();
    const node = first.client.walk('file');
    await test.rejects(async () => first.client.fs.setflags(caller, node, immutable | compressed), {
      code: 'EOPNOTSUPP',
    });
    test.equal(first.client.fs.getflags(node), immutable);
    await first.close();
    const second = stage.engine();
    test.equal(second.client.fs.getflags(second.client.walk('file')), immutable);
    await second.close();
  },
);
