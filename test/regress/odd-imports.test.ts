/**
 * Imports that ended in the name of a system call: of a directory in which something is mounted, and by an ordinary user. And the
 * root of a layer whose tar does not tell of it had the time of the import, so that two of them differed.
 */
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import t from 'tap';
import { applyLayerTar } from '../../src/oci/layer-reader.ts';
import { importImage } from '../../src/store/import-image.ts';
import { newCacheId } from '../../src/store/ids.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeStage, shell, streamOf, tarOf } from '../store/fixtures/stage.ts';

t.test('something is mounted in the directory', needs('root'), async (t) => {
  const stage = makeStage(t);
  const store = await stage.open('vfs');
  const tree = stage.directory('tree');
  shell(tree, 'mkdir in; touch file; mount -t tmpfs none in');
  const options = { source: tree, reference: undefined, message: undefined };
  await t.rejects(importImage(store, options), { code: 'mounted-inside', message: /at in$/ });
  shell(tree, 'umount in; mount --bind /etc/hostname file');
  await t.rejects(importImage(store, options), { code: 'mounted-inside', message: /at file$/ });
  shell(tree, 'umount file');
  await importImage(store, options);
});

t.test('an ordinary user', needs('root'), async (t) => {
  const stage = makeStage(t);
  const tree = stage.directory('tree');
  shell(tree, 'touch file');
  const tar = await tarOf(tree);
  const target = stage.directory('target');
  chmodSync(stage.path, 0o755);
  chownSync(target, 65534, 65534);
  process.seteuid?.(65534);
  try {
    await t.rejects(applyLayerTar(streamOf(tar), target), { code: 'not-permitted' });
  } finally {
    process.seteuid?.(0);
  }
});

for (const driver of ['strata', 'vfs'] as const) {
  t.test(`the root of a tar that does not tell of it, ${driver}`, needs(...mountNeeds), async (t) => {
    const stage = makeStage(t);
    const store = await stage.open(driver);
    const tree = stage.directory('tree');
    const [lower, upper] = [newCacheId(), newCacheId()];
    const timeOf = async (id: typeof lower): Promise<string> => {
      const place = await store.driver.get(id);
      const time = shell(place, 'stat -c %Y .');
      await store.driver.put(id);
      return time;
    };
    shell(tree, 'touch file; tar -cf ../tar file; touch -d @77 .; tar -cf ../whole .');
    const tar = (name: string): AsyncIterable<Uint8Array> => streamOf(readFileSync(`${stage.path}/${name}`));
    await store.driver.create(lower, undefined);
    await store.driver.applyDiff(lower, undefined, tar('tar'));
    t.equal(await timeOf(lower), '0\n');
    await store.driver.remove(lower);
    await store.driver.create(lower, undefined);
    await store.driver.applyDiff(lower, undefined, tar('whole'));
    await store.driver.create(upper, lower);
    await store.driver.applyDiff(upper, lower, tar('tar'));
    t.equal(await timeOf(upper), '77\n', 'it is as the one below');
    for (const id of [upper, lower]) await store.driver.remove(id);
  });
}
