import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { lockUpper } from '../../src/cli/upper-lock.ts';
import { makeScratch } from '../fixtures/mount.ts';

t.test('a note that cannot be written is no reason to fail', async (t) => {
  const scratch = makeScratch(t);
  const [upper, work] = [scratch.directory('upper'), scratch.directory('work')];
  const lock = await lockUpper({ upper: asName(upper), work: asName(work) });
  mkdirSync(join(work, 'stratafs-mount'));
  t.doesNotThrow(() => {
    lock.recordMount('0:1');
  });
  lock.release();
});
