/** A layer is settled when whoever wrote it has ended, and not before. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { asName } from '../../src/base/name.ts';
import { tryLock } from '../../src/os/lock.ts';
import { settleLayer, type UpperLayer } from '../../src/store/drivers/settle-layer.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

function makeLayer(t: Test): UpperLayer {
  const scratch = makeScratch(t);
  const [upper, work, lower] = ['upper', 'work', 'lower'].map((name) => scratch.directory(name));
  writeFileSync(join(upper ?? '', 'file'), 'x');
  return { upper: upper ?? '', work: work ?? '', lowers: [lower ?? ''] };
}

t.test('a server that is ending is waited for', needs('root'), async (t) => {
  const layer = makeLayer(t);
  const server = tryLock(asName(layer.work));
  let hasEnded = false;
  setTimeout(() => {
    hasEnded = true;
    server?.release();
  }, 100);
  await settleLayer(layer);
  t.ok(hasEnded);
});

t.test('one that goes on is not, and nothing stays locked', needs('root'), async (t) => {
  const layer = makeLayer(t);
  const server = tryLock(asName(layer.work));
  await t.rejects(settleLayer(layer, 100), {
    code: 'layer-in-use',
    message: `${layer.work} is being written`,
  });
  server?.release();
  await settleLayer(layer, 100);
});
