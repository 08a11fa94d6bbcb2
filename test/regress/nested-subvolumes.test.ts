/**
 * A container on btrfs that had made subvolumes could not be removed, a RUN that had made some left a root on which every command
 * failed, and what was in them was missing in diffs and commits without a word.
 */
import { execFileSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { newCacheId, type CacheId } from '../../src/store/ids.ts';
import type { Store } from '../../src/store/store.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage, mountBtrfs, shell, streamOf } from '../store/fixtures/stage.ts';

interface Disk {
  readonly store: Store;
  readonly below: CacheId;
  /** A layer over `below` that has been changed by `script`. */
  readonly change: (script: string) => Promise<CacheId>;
}

async function makeDisk(t: Test, driver: 'btrfs' | 'vfs'): Promise<Disk> {
  const outer = makeStage(t);
  const disk = mountBtrfs(outer);
  const store = await makeStage(t, disk).open(driver);
  const make = async (parent: CacheId | undefined, script: string): Promise<CacheId> => {
    const id = newCacheId();
    await store.driver.createReadWrite(id, parent);
    shell(await store.driver.get(id), script);
    return id;
  };
  const below = await make(undefined, 'mkdir -p dir/in; echo a > one; ln one dir/two');
  return { store, below, change: (script) => make(below, script) };
}

const subvolumes = `
  btrfs -q subvolume create dir/in/first; btrfs -q subvolume create dir/in/first/second
  mkdir dir/in/first/second/deep; btrfs -q subvolume create dir/in/first/second/deep/third
  for sub in dir/in/first dir/in/first/second/deep/third; do echo $sub > $sub/a; ln $sub/a $sub/b; done
  btrfs property set dir/in/first/second ro true
`;

for (const driver of ['btrfs', 'vfs'] as const) {
  t.test(driver, needs('root', 'program:mkfs.btrfs'), async (t) => {
    const { store, below, change } = await makeDisk(t, driver);
    const id = await change(`${subvolumes}\necho more > three; ln three four`);

    await t.test('what is in them belongs to the layer', async (t) => {
      const found = (await store.driver.changes(id, below)).map(({ path, kind }) => `${kind} ${path}`);
      t.strictSame(found, [
        'modified dir',
        'modified dir/in',
        'added dir/in/first',
        'added dir/in/first/a',
        'added dir/in/first/b',
        'added dir/in/first/second',
        'added dir/in/first/second/deep',
        'added dir/in/first/second/deep/third',
        'added dir/in/first/second/deep/third/a',
        'added dir/in/first/second/deep/third/b',
        'added four',
        'added three',
      ]);
      const chunks: Buffer[] = [];
      await store.driver.diff(id, below, (chunk) => void chunks.push(Buffer.from(chunk)));
      const made = newCacheId();
      await store.driver.create(made, below);
      await store.driver.applyDiff(made, below, streamOf(Buffer.concat(chunks)));
      const compare =
        'diff -r "$1" "$2"; stat -c %h "$2"/{four,dir/in/first/b,dir/in/first/second/deep/third/b}';
      const [from, to] = await Promise.all([store.driver.get(id), store.driver.get(made)]);
      const said = execFileSync('bash', ['-euc', compare, 'bash', from, to], { encoding: 'utf8' });
      t.equal(said, '2\n2\n2\n');
      await store.driver.remove(made);
    });

    await t.test('where no file of several names makes it look at everything', async (t) => {
      const plain = await change('btrfs -q subvolume create dir/sub; echo x > dir/sub/file');
      const found = (await store.driver.changes(plain, below)).map(({ path }) => path);
      t.strictSame(found, ['dir', 'dir/sub', 'dir/sub/file']);
      await store.driver.remove(plain);
    });

    await t.test('they go with it', async (t) => {
      await store.driver.remove(id);
      t.strictSame(await store.driver.list(), [below]);
      await store.driver.remove(below);
      t.equal(shell(store.root.path, 'btrfs subvolume list . | grep -v "path root/btrfs$" || :'), '');
    });
  });
}
