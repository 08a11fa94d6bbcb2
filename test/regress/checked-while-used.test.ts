/**
 * `system check` held the lock of the data root for as long as it read all layers, so that every other command waited; and a
 * layer of which the content was lost was taken for one that is there by whoever brought the same again.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkStore } from '../../src/store/check/run-check.ts';
import { OverlayDirs } from '../../src/store/drivers/overlay-dirs.ts';
import { removeImage } from '../../src/store/remove-image.ts';
import { resolveImage } from '../../src/store/resolve-image.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { addImage, makeStage, shell } from '../store/fixtures/stage.ts';

t.test('others work while layers are read', needs(...mountNeeds), async (t) => {
  const stage = makeStage(t);
  const store = await stage.open('strata');
  shell(stage.directory('tree'), 'echo file > file');
  shell(stage.directory('other'), 'echo other > file');
  await addImage(store, 'stays', [join(stage.path, 'tree')]);
  await addImage(store, 'goes', [join(stage.path, 'other')]);
  const diff = store.driver.diff.bind(store.driver);
  let reads = 0;
  store.driver.diff = async (...args) => {
    reads += 1;
    t.equal(await store.lock.exclusiveNow(() => Promise.resolve('alone')), 'alone');
    if (reads === 1)
      await removeImage(store, 'goes', { force: false, imageOf: () => Promise.resolve(undefined) });
    return diff(...args);
  };
  t.strictSame(await checkStore(store, { repair: false }), { mended: [], found: [] });
  // Which of the two is read first is a matter of their digests.
  const before = reads;
  t.strictSame(await checkStore(store, { repair: true }), { mended: [], found: [] });
  t.equal(reads - before, 1, 'a repair reads a layer once');
});

t.test('lost content comes again', needs(...mountNeeds), async (t) => {
  const stage = makeStage(t);
  const store = await stage.open('strata');
  shell(stage.directory('tree'), 'echo file > file');
  const add = () => addImage(store, 'image', [join(stage.path, 'tree')]);
  await add();
  const { image } = await resolveImage(store, 'image');
  const [chainId] = image.chain;
  if (chainId === undefined) throw new Error('the image has no layer');
  const { cacheId } = await store.layers.getLayer(chainId);
  rmSync(new OverlayDirs(store.root).diff(cacheId), { recursive: true });
  await add();
  t.not((await store.layers.getLayer(chainId)).cacheId, cacheId);
  t.strictSame((await checkStore(store, { repair: true })).found, []);
});
