import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { newCacheId, type CacheId, type ChainId } from '../../src/store/ids.ts';
import { removeImage } from '../../src/store/remove-image.ts';
import { Store } from '../../src/store/store.ts';
import { Workspace } from '../../src/store/workspace.ts';
import { needs } from '../fixtures/needs.ts';
import { addImage, makeStage, shell, streamOf, tarOf } from './fixtures/stage.ts';

t.test('of two who publish one layer the second takes that of the first', needs('root'), async (t) => {
  const stage = makeStage(t);
  const store = await stage.open('vfs');
  const tree = stage.directory('tree');
  writeFileSync(join(tree, 'file'), 'content');
  const tar = await tarOf(tree);
  let bothFilled: () => void = () => undefined;
  const filled = new Promise<void>((resolve) => (bothFilled = resolve));
  let count = 0;
  const publish = (): Promise<ChainId> =>
    Workspace.use(store, (workspace) =>
      workspace.addLayer(undefined, async (id, parent) => {
        const result = await store.driver.applyDiff(id, parent, streamOf(tar));
        // Neither is published before both are unpacked.
        if (++count === 2) bothFilled();
        await filled;
        return result;
      }),
    );
  const [one, two] = await Promise.all([publish(), publish()]);
  t.equal(one, two);
  t.equal((await store.layers.chainIds()).length, 1);
  t.strictSame(await store.driver.list(), [(await store.layers.getLayer(one)).cacheId]);
  t.strictSame(shell(store.root.layerDb('tmp'), 'ls'), '');
});

t.test('a layer that cannot be filled leaves nothing', needs('root'), async (t) => {
  const stage = makeStage(t);
  const store = await stage.open('vfs');
  const failed = Workspace.use(store, (workspace) =>
    workspace.addLayer(undefined, async (id) => {
      writeFileSync(join(store.driver.directoryOf(id), 'half'), '');
      return Promise.reject(new Error('no more'));
    }),
  );
  await t.rejects(failed, /no more/);
  t.strictSame(await store.driver.list(), []);
  t.strictSame(shell(store.root.layerDb('tmp'), 'ls'), '');
});

t.test('where a file is damaged nothing is thrown away', needs('root'), async (t) => {
  const stage = makeStage(t);
  const store = await stage.open('vfs');
  const tree = stage.directory('tree');
  writeFileSync(join(tree, 'file'), 'content');
  const id = await addImage(store, 'image', [tree]);
  const lone: CacheId = newCacheId();
  await store.driver.create(lone, undefined);
  writeFileSync(store.images.pathOf(id), '{}');
  writeFileSync(join(store.root.path, 'lock.held'), '');
  await Store.open({ root: stage.root });
  t.equal((await store.driver.list()).length, 2);
  t.ok(existsSync(join(store.root.path, 'lock.held')), 'and it is not forgotten');
});

t.test('a refusal leaves no mark of a crash, an error does', needs('root'), async (t) => {
  const stage = makeStage(t);
  const store = await stage.open('vfs');
  const mark = join(store.root.path, 'lock.held');
  const options = { force: false, imageOf: () => Promise.resolve(undefined) };
  await t.rejects(removeImage(store, 'absent', options), { code: 'no-such-image' });
  t.notOk(existsSync(mark));
  await t.rejects(store.lock.exclusive(() => Promise.reject(new Error('in the midst'))));
  t.ok(existsSync(mark));
  await Store.open({ root: stage.root });
  t.notOk(existsSync(mark));
});
