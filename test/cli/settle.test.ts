import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeScratch, unionOptions } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { runProgram } from './fixtures/program.ts';

t.test(
  'a settled upper is plain: the kernel shows it without options',
  needs(...mountNeeds, 'overlayfs'),
  async (t) => {
    const scratch = makeScratch(t);
    const lower = scratch.directory('lower');
    mkdirSync(join(lower, 'dir'));
    writeFileSync(join(lower, 'dir/inside'), 'inside');
    writeFileSync(join(lower, 'file'), 'data');
    const union = { lower: [lower], upper: scratch.directory('upper'), work: scratch.directory('work') };

    const mounted = await scratch.mount(union);
    chmodSync(join(mounted.path, 'file'), 0o600);
    renameSync(join(mounted.path, 'dir'), join(mounted.path, 'renamed'));
    const inUse = await runProgram(['--settle', '-o', unionOptions(union)]);
    t.match(inUse, { code: 1, stderr: /is in use by another mount/ });
    await mounted.end();
    t.equal(readFileSync(join(union.upper, 'file'), 'utf8'), '\0\0\0\0', 'its data is below');

    t.match(await runProgram(['--settle', '-o', unionOptions(union)]), { code: 0, stdout: '', stderr: '' });
    t.equal(readFileSync(join(union.upper, 'file'), 'utf8'), 'data');
    t.equal(readFileSync(join(union.upper, 'renamed/inside'), 'utf8'), 'inside');

    const options = ['metacopy=off', 'redirect_dir=nofollow', 'index=off', 'xino=off'];
    const kernel = await scratch.kernelOverlay({ ...union, options });
    t.strictSame(readdirSync(kernel.path).sort(), ['file', 'renamed']);
    t.equal(statSync(join(kernel.path, 'file')).mode & 0o777, 0o600);
    t.equal(readFileSync(join(kernel.path, 'file'), 'utf8'), 'data');
    t.equal(readFileSync(join(kernel.path, 'renamed/inside'), 'utf8'), 'inside');
  },
);

t.test('without an upper there is nothing to settle', needs('build'), async (t) => {
  const outcome = await runProgram(['--settle', '-o', 'lowerdir=/']);
  t.match(outcome, { code: 1, stderr: /there is no upper to settle/ });
});

t.test('with index=off no name is linked by an index', needs(...mountNeeds), async (t) => {
  const scratch = makeScratch(t);
  const lower = scratch.directory('lower');
  writeFileSync(join(lower, 'one'), 'data', { mode: 0o644 });
  linkSync(join(lower, 'one'), join(lower, 'other'));
  const union = { lower: [lower], upper: scratch.directory('upper'), work: scratch.directory('work') };
  const mounted = await scratch.mount(union);
  chmodSync(join(mounted.path, 'one'), 0o600);
  await mounted.end();

  const options = unionOptions({ ...union, options: ['index=off'] });
  t.match(await runProgram(['--settle', '-o', options]), { code: 0, stderr: '' });
  t.strictSame(readdirSync(union.upper), ['one'], 'the other name stays below, as it shows without an index');
  t.equal(statSync(join(union.upper, 'one')).nlink, 1);
  t.strictSame(readdirSync(union.work), ['work'], 'the index is dropped');
});
