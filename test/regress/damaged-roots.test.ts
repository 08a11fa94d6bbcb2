/**
 * A data root in which a file is damaged: `rmi` failed after it had removed the image, its layers stayed, and the same image
 * could not be imported again; one damaged configuration kept `images`, `image prune` and `rmi` from all the others. What
 * docs/strata.md says helps: remove the image, and import it again.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { checkStore } from '../../src/store/check/run-check.ts';
import { newCacheId, type ImageId } from '../../src/store/ids.ts';
import { listImages } from '../../src/store/image-list.ts';
import type { Layer } from '../../src/store/layer-db.ts';
import { pruneImages, removeImage } from '../../src/store/remove-image.ts';
import { resolveImage } from '../../src/store/resolve-image.ts';
import type { Store } from '../../src/store/store.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { addImage, makeStage, shell } from '../store/fixtures/stage.ts';

const damages: Readonly<Record<string, (store: Store, layer: Layer) => void>> = {
  'a cache-id file is empty': (store, { chainId }) => {
    writeFileSync(join(store.layers.pathOf(chainId), 'cache-id'), '');
  },
  'a diff file is missing': (store, { chainId }) => {
    rmSync(join(store.layers.pathOf(chainId), 'diff'));
  },
  'a size file holds no number': (store, { chainId }) => {
    writeFileSync(join(store.layers.pathOf(chainId), 'size'), 'big');
  },
  'a layer is missing': (store, { chainId }) => {
    rmSync(store.layers.pathOf(chainId), { recursive: true });
  },
  'the directory of a layer is missing': (store, { cacheId }) => {
    rmSync(store.driver.directoryOf(cacheId), { recursive: true });
  },
};

interface Victim {
  readonly store: Store;
  /** Of an image of two layers; another one is made of the lower one alone. */
  readonly id: ImageId;
  readonly layers: readonly [Layer, Layer];
  readonly add: (name: string) => Promise<ImageId>;
  /** Codes of what is wrong. */
  readonly faults: (options?: { readonly repair: boolean }) => Promise<string[]>;
}

async function makeVictim(t: Test, driver: 'strata' | 'vfs' = 'strata'): Promise<Victim> {
  const stage = makeStage(t);
  const store = await stage.open(driver);
  const trees: Readonly<Record<string, string[]>> = {
    both: [stage.directory('one'), stage.directory('two')],
    lower: [stage.directory('one')],
    other: [stage.directory('other')],
  };
  shell(stage.path, 'echo 1 > one/1; echo 2 > two/2; echo 3 > other/3');
  const add = (name: string): Promise<ImageId> => addImage(store, name, trees[name] ?? []);
  const id = await add('both');
  const { image } = await resolveImage(store, 'both');
  const layers = await Promise.all(image.chain.map((chainId) => store.layers.getLayer(chainId)));
  return {
    store,
    id,
    layers: layers as [Layer, Layer],
    add,
    faults: async (options = { repair: false }) =>
      (await checkStore(store, options)).found.map(({ code }) => code),
  };
}

/** There are no containers. */
const imageOf = () => Promise.resolve(undefined);
const gently = { force: false, imageOf };

for (const [title, damage] of Object.entries(damages)) {
  for (const at of [0, 1] as const) {
    t.test(`${title}, ${at === 0 ? 'below' : 'above'}`, needs(...mountNeeds), async (t) => {
      const { store, layers, add, faults } = await makeVictim(t);
      damage(store, layers[at]);
      const { rows } = await listImages(store);
      t.strictSame(
        rows.map(({ reference }) => reference),
        ['both:latest'],
      );
      const { untagged, fault } = await removeImage(store, 'both', gently);
      t.strictSame([untagged, fault], [['both:latest'], undefined]);
      t.strictSame([await store.layers.chainIds(), await store.driver.list()], [[], []]);
      await add('both');
      t.strictSame(await faults(), []);
    });
  }

  t.test(
    `${title}, and the image comes again without having been removed`,
    needs(...mountNeeds),
    async (t) => {
      const { store, layers, add, faults } = await makeVictim(t);
      await add('lower');
      damage(store, layers[0]);
      await add('lower');
      await faults({ repair: true });
      t.strictSame(await faults(), [], 'the other image has it, too');
      const [, { cacheId }] = layers;
      t.equal(shell(await store.driver.get(cacheId), 'cat 1 2'), '1\n2\n');
      await store.driver.put(cacheId);
    },
  );
}

t.test(
  'what is made over a damaged layer keeps its directory when that comes anew',
  needs(...mountNeeds),
  async (t) => {
    const { store, layers, add, faults } = await makeVictim(t);
    const [, above] = layers;
    const [init, writable] = [newCacheId(), newCacheId()];
    await store.driver.createReadWrite(init, above.cacheId);
    await store.driver.createReadWrite(writable, init);
    const place = store.root.layerDb('mounts', 'container');
    shell('/', `mkdir -p ${place} ${store.root.at('containers', 'container')}`);
    writeFileSync(join(place, 'init-id'), init);
    writeFileSync(join(place, 'mount-id'), writable);
    writeFileSync(join(place, 'parent'), above.chainId);
    writeFileSync(store.root.at('containers', 'container', 'container.json'), '{"image":{"id":"another"}}');
    writeFileSync(join(store.layers.pathOf(above.chainId), 'cache-id'), '');
    await add('both');
    t.not((await store.layers.getLayer(above.chainId)).cacheId, above.cacheId);
    await faults({ repair: true });
    t.strictSame(await faults(), []);
    t.equal(shell(await store.driver.get(writable), 'cat 1 2'), '1\n2\n');
    await store.driver.put(writable);
  },
);

t.test('one damaged configuration', needs('root'), async (t) => {
  const { store, id, layers, add, faults } = await makeVictim(t, 'vfs');
  await add('other');
  const dangling = await add('lower');
  await store.names.remove(['lower:latest']);
  writeFileSync(store.images.pathOf(id), '{');
  const { rows, faults: told } = await listImages(store);
  t.strictSame(rows.map(({ reference }) => reference).sort(), ['both:latest', 'other:latest', undefined]);
  t.match(told, [{ code: 'broken-file' }]);
  const pruned = await pruneImages(store, { all: false, imageOf });
  t.strictSame([pruned.deleted, pruned.fault?.code], [[dangling], 'layers-kept']);
  t.strictSame((await removeImage(store, 'other', gently)).fault?.code, 'layers-kept');
  t.equal((await store.driver.list()).length, 3, 'nobody can tell which ones it has');
  const whole = await removeImage(store, id, gently);
  t.match(whole, { untagged: ['both:latest'], fault: undefined });
  t.ok(whole.deleted.includes(layers[1].chainId));
  t.strictSame([await store.layers.chainIds(), await store.driver.list()], [[], []]);
  t.strictSame(await faults(), []);
});

t.test('several damaged configurations', needs('root'), async (t) => {
  const { store, id, add, faults } = await makeVictim(t, 'vfs');
  const other = await add('other');
  for (const one of [id, other]) writeFileSync(store.images.pathOf(one), '{');
  t.equal((await removeImage(store, 'both', gently)).fault?.code, 'layers-kept');
  t.equal((await removeImage(store, 'other', gently)).fault, undefined);
  t.strictSame([await store.layers.chainIds(), await store.driver.list()], [[], []]);
  t.strictSame(await faults(), []);
});

t.test('a damaged layer that no image has goes with a repair', needs('root'), async (t) => {
  const { store, id, layers, faults } = await makeVictim(t, 'vfs');
  await store.names.remove(['both:latest']);
  await store.images.remove(id);
  for (const { chainId } of layers) writeFileSync(join(store.layers.pathOf(chainId), 'cache-id'), '');
  t.strictSame(await faults({ repair: true }), []);
  t.strictSame([await store.layers.chainIds(), await store.driver.list()], [[], []]);
});

t.test('a damaged layer that another image has stays', needs('root'), async (t) => {
  const { store, layers, add, faults } = await makeVictim(t, 'vfs');
  await add('lower');
  const [below, above] = layers;
  writeFileSync(join(store.layers.pathOf(below.chainId), 'cache-id'), '');
  const { deleted } = await removeImage(store, 'both', gently);
  t.ok(deleted.includes(above.chainId));
  t.strictSame(await store.layers.chainIds(), [below.chainId]);
  t.ok(existsSync(store.driver.directoryOf(below.cacheId)));
  await faults({ repair: true });
  t.ok(existsSync(store.driver.directoryOf(below.cacheId)), 'also after a repair');
});
