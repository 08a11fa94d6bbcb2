/**
 * `system df` of a data root on btrfs: a subvolume has a st_dev of its own, as a mount has, so the walk of the root left
 * all layers out, and the rest was below zero.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import t from 'tap';
import { newCacheId } from '../../src/store/ids.ts';
import { diskUsageOf } from '../../src/store/disk-usage.ts';
import { systemUsage } from '../../src/store/system-usage.ts';
import { needs } from '../fixtures/needs.ts';
import { addImage, makeStage, mountBtrfs, shell } from '../store/fixtures/stage.ts';

t.test('every byte is accounted for', needs('root', 'program:mkfs.btrfs'), async (t) => {
  const stage = makeStage(t, mountBtrfs(makeStage(t)));
  const store = await stage.open('btrfs');
  const tree = stage.directory('tree');
  shell(tree, 'head -c 3000000 /dev/urandom >big; mkdir dir; head -c 9000 /dev/urandom >dir/small');
  await addImage(store, 'one', [tree]);
  const layer = newCacheId();
  await store.driver.createReadWrite(layer, (await store.driver.list())[0]);
  const place = await store.driver.get(layer);
  shell(place, 'btrfs -q subvolume create inner; head -c 500000 /dev/urandom >inner/file');
  mkdirSync(`${place}/mounted`);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', `${place}/mounted`]);
  shell(place, 'head -c 700000 /dev/zero >mounted/elsewhere; sync -f .');
  try {
    const { rows } = await systemUsage(store);
    const sum = rows.reduce((all, { size }) => all + size, 0);
    const du = Number(
      shell(stage.path, 'umount -l root/btrfs/subvolumes/*/mounted; du -sB1 root').split('\t')[0],
    );
    t.equal(sum, du);
    for (const { what, size } of rows) t.ok(size >= 0, what);
    t.ok(diskUsageOf(place) > 3_500_000, 'what lies in a subvolume of a layer, too');
  } finally {
    await store.driver.put(layer);
  }
});
