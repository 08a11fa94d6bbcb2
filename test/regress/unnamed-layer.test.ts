/** A layer whose maker died before its short name was written down goes with the link of that name. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createDataRoot } from '../../src/store/data-root.ts';
import { OverlayDirs } from '../../src/store/drivers/overlay-dirs.ts';
import { newCacheId } from '../../src/store/ids.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage } from '../store/fixtures/stage.ts';

t.test('no link is left', needs('root'), async (t) => {
  const stage = makeStage(t);
  const dirs = new OverlayDirs(await createDataRoot(stage.root, 'overlay2', undefined));
  const [kept, id] = [newCacheId(), newCacheId()];
  await dirs.make(kept, undefined);
  await dirs.make(id, kept);
  rmSync(join(dirs.directory(id), 'link'));
  await dirs.remove(id);
  t.strictSame([...(await dirs.linkTargets()).values()], [`../${kept}/diff`]);
});
