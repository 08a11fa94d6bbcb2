/** An empty file has all its data: nothing marks it as a metacopy, and a mark that others left hides nothing. */
import t from 'tap';
import { overlayNames } from '../../src/layer/xattr-names.ts';
import { settle } from '../../src/layer/settle.ts';
import { asName } from '../../src/base/name.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from '../../src/os/constants.ts';
import type { Fd } from '../../src/base/ids.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { o } from '../conformance/fixtures/flags.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage, type Stage } from './fixtures/stage.ts';

const need = needs('root', 'build', 'program:setfattr');
const append = o.WRONLY | o.APPEND;

async function settleStage({ path }: Stage): Promise<void> {
  const fs = new RealFs();
  const open = (name: string): Fd =>
    fs.openat(AT_FDCWD as Fd, asName(`${path}/${name}`), O_RDONLY | O_DIRECTORY, 0);
  const [lower, upper, work] = [open('lower'), open('upper'), open('work')];
  await settle(fs, { lowers: [lower], upper, work, names: overlayNames(false) });
  for (const fd of [lower, upper, work]) fs.close(fd);
}

t.test('chmod of an empty file, a write after a remount, and another remount', need, async (t) => {
  const stage = makeStage(t);
  stage.sh('touch lower/f');
  const first = stage.engine();
  await first.client.setattr('f', { mode: 0o600 });
  await first.close();
  t.equal(stage.sh('getfattr -dm metacopy upper/f'), '', 'no mark');
  const second = stage.engine();
  await second.client.write('f', 'hi', 0, append);
  await second.close();
  const third = stage.engine();
  t.equal(await third.client.read('f'), 'hi');
  await third.close();
  await settleStage(stage);
  t.equal(stage.sh('cat upper/f'), 'hi');
});

/** What the kernel leaves of an empty file, and a truncation that was cut after its first step. */
const marked = `setfattr -n trusted.overlay.metacopy upper/f; setfattr -n trusted.overlay.impure -v y upper`;
for (const [name, script] of [
  ['the mark of the kernel', `touch lower/f; cp -p lower/f upper/f; ${marked}`],
  ['a truncation that was cut', `echo data > lower/f; : > upper/f; ${marked}`],
  [
    'the same with a redirect',
    `echo data > lower/g; : > upper/f; ${marked}; setfattr -n trusted.overlay.redirect -v /g upper/f`,
  ],
] as const) {
  t.test(`${name}: a write ends it`, need, async (t) => {
    const stage = makeStage(t);
    stage.sh(script);
    const first = stage.engine();
    t.equal(await first.client.read('f'), '');
    await first.client.write('f', 'hi', 0, append);
    await first.client.rename('f', 'd');
    await first.close();
    const marks = stage.sh('getfattr -dm "metacopy|redirect" upper/d');
    t.equal(marks, '', 'neither mark nor redirect');
    const second = stage.engine();
    t.equal(await second.client.read('d'), 'hi');
    await second.close();
    await settleStage(stage);
    t.equal(stage.sh('cat upper/d'), 'hi');
  });

  t.test(`${name}: settled as it is`, need, async (t) => {
    const stage = makeStage(t);
    stage.sh(script);
    await settleStage(stage);
    t.equal(stage.sh('stat -c %s upper/f; getfattr -dm "metacopy|redirect" upper/f'), '0');
  });
}

t.test('a hard link in the index that was cut while it was emptied', need, async (t) => {
  const stage = makeStage(t);
  stage.sh('echo data > lower/a; ln lower/a lower/b');
  const first = stage.engine();
  await first.client.setattr('a', { mode: 0o600 });
  await first.close();
  stage.sh('truncate -s 0 upper/a');
  const second = stage.engine();
  t.equal(await second.client.read('b'), '');
  await second.client.write('b', 'hi', 0, append);
  await second.close();
  const third = stage.engine();
  t.equal(await third.client.read('a'), 'hi');
  await third.close();
});

t.test('an empty metacopy file in a lower layer needs no data', need, async (t) => {
  const stage = makeStage(t, ['lower', 'bottom']);
  stage.sh('echo data > bottom/f; : > lower/f; setfattr -n trusted.overlay.metacopy lower/f');
  const engine = stage.engine();
  t.equal(await engine.client.read('f'), '');
  await engine.client.write('f', 'hi', 0, append);
  t.equal(await engine.client.read('f'), 'hi');
  await engine.close();
});
