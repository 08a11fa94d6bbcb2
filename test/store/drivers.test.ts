/**
 * One suite, run against each driver. The oracle is a plain directory to which the same commands were applied.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { asName } from '../../src/base/name.ts';
import { tryLock } from '../../src/os/lock.ts';
import type { DriverName, LayerChange } from '../../src/store/driver.ts';
import { treeChanges } from '../../src/store/drivers/tree-changes.ts';
import { kernelMounter, stratafsMounter, unmountTree } from '../../src/store/drivers/mounter.ts';
import { newCacheId, type CacheId } from '../../src/store/ids.ts';
import type { Store } from '../../src/store/store.ts';
import { createToolFs } from '../../src/store/tool-fs.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { snapshotTree, treeDifferences, type Tree } from '../fixtures/tree.ts';
import {
  makeStage,
  mountBtrfs,
  mountUnion,
  mountPointsBelow,
  shell,
  streamOf,
  tarOf,
  type Stage,
} from './fixtures/stage.ts';

const fs = createToolFs();

const base = `
  echo file > file; echo twice > one; ln one two; ln -s file link; mkfifo pipe; mknod device c 1 3
  mkdir -p dir/sub empty gone/deep renamed/inner replaced hidden opened; chmod 2751 dir
  echo a > dir/a; echo b > dir/sub/b; echo c > gone/deep/c; echo d > renamed/inner/d; echo e > replaced/e
  echo f > hidden/f; echo g > hidden/g; mkdir hidden/h; echo i > hidden/h/i; echo j > opened/j
  echo suid > suid; chmod 4755 suid; chown 1000:1001 suid; setfattr -n user.note -v value file
  echo odd > "$(printf 'caf\\351')"; echo x > was-file
  find . -exec touch -h -d @1000000000 {} +
`;
const changed = `
  echo more >> dir/a; rm file; rm -r gone; mv renamed moved; rm -r replaced; echo now > replaced
  rm -r hidden; mkdir hidden; echo new > hidden/g; mkdir hidden/h; rm was-file; mkdir was-file; echo y > was-file/y
  chmod 600 suid; setfattr -n user.more -v value dir/sub/b; ln -s dir new-link; mkdir -p p/q; echo z > p/q/z
  chmod 640 two; mkdir empty/in
`;

/** Without times, which the commands have set at different moments. */
function withoutTimes(tree: Tree): Tree {
  return new Map([...tree].map(([path, record]) => [path, { ...record, mtime: '' }]));
}

/** As layer tars keep them. */
function inSeconds(tree: Tree): Tree {
  return new Map(
    [...tree].map(([path, record]) => [path, { ...record, mtime: record.mtime.split('.')[0] ?? '' }]),
  );
}

function kinds(changes: readonly LayerChange[]): string[] {
  return changes.map(({ kind, path }) => `${kind} ${path}`).sort();
}

interface Filled {
  readonly stage: Stage;
  readonly store: Store;
  /** The oracle: `base` as it was applied. */
  readonly plain: string;
  readonly layer: CacheId;
}

async function fill(stage: Stage, driver: DriverName): Promise<Filled> {
  const store = await stage.open(driver);
  const plain = stage.directory('plain');
  shell(plain, base);
  const layer = newCacheId();
  await store.driver.create(layer, undefined);
  await store.driver.applyDiff(layer, undefined, streamOf(await tarOf(plain)));
  return { stage, store, plain, layer };
}

function suite(t: Test, driver: DriverName, makeStageFor: (t: Test) => Stage): void {
  t.test('a layer shows the tree that it was filled with', async (t) => {
    const { store, plain, layer } = await fill(makeStageFor(t), driver);
    const path = await store.driver.get(layer);
    t.strictSame(treeDifferences(snapshotTree(fs, plain), snapshotTree(fs, path)), []);
    await store.driver.put(layer);
    t.ok((await store.driver.diffSize(layer, undefined)) > 0);
  });

  t.test('what was written is found, listed, and carried to another layer', async (t) => {
    const { stage, store, plain, layer } = await fill(makeStageFor(t), driver);
    const before = stage.directory('before');
    execFileSync('cp', ['-aT', plain, before]);
    const written = newCacheId();
    await store.driver.createReadWrite(written, layer);
    shell(await store.driver.get(written), changed);
    shell(plain, changed);
    const shown = snapshotTree(fs, await store.driver.get(written));
    t.strictSame(treeDifferences(withoutTimes(snapshotTree(fs, plain)), withoutTimes(shown)), []);
    await store.driver.put(written);
    await store.driver.put(written);
    t.strictSame(mountPointsBelow(stage.path), []);

    t.strictSame(kinds(await store.driver.changes(written, layer)), kinds(await treeChanges(before, plain)));
    const chunks: Buffer[] = [];
    const result = await store.driver.diff(written, layer, (chunk) => {
      chunks.push(Buffer.from(chunk));
    });
    const copy = newCacheId();
    await store.driver.create(copy, layer);
    await store.driver.applyDiff(copy, layer, streamOf(Buffer.concat(chunks)));
    t.strictSame(
      treeDifferences(inSeconds(shown), inSeconds(snapshotTree(fs, await store.driver.get(copy)))),
      [],
    );
    await store.driver.put(copy);
    t.equal((await store.driver.diff(copy, layer, () => undefined)).diffId, result.diffId);
    t.strictSame(
      kinds(await store.driver.changes(copy, layer)),
      kinds(await store.driver.changes(written, layer)),
    );
    t.strictSame(
      treeDifferences(snapshotTree(fs, before), snapshotTree(fs, await store.driver.get(layer))),
      [],
      'the layer below is as it was',
    );
    await store.driver.put(layer);
  });

  t.test('a layer that is removed leaves nothing', async (t) => {
    const { store, layer } = await fill(makeStageFor(t), driver);
    const child = newCacheId();
    await store.driver.createReadWrite(child, layer);
    await store.driver.remove(child);
    await store.driver.remove(layer);
    await store.driver.remove(layer);
    t.strictSame(await store.driver.list(), []);
    t.equal(shell(store.root.path, 'find . -path "./overlay2/l/*" -o -path "./vfs/dir/*"'), '');
  });
}

t.test('strata', needs(...mountNeeds), (t) => {
  suite(t, 'strata', makeStage);
  counting(t, 'strata');
  t.end();
});

t.test('overlay2', needs(...mountNeeds, 'overlayfs'), (t) => {
  suite(t, 'overlay2', makeStage);
  counting(t, 'overlay2');
  t.end();
});

t.test('vfs', needs('root'), (t) => {
  suite(t, 'vfs', makeStage);
  t.end();
});

t.test('btrfs', needs('root', 'program:mkfs.btrfs'), async (t) => {
  const outer = makeStage(t);
  const disk = mountBtrfs(outer);
  await t.test('suite', (t) => {
    suite(t, 'btrfs', (t) => makeStage(t, disk));
    t.end();
  });
});

t.test('in a container of overlayfs', needs(...mountNeeds, 'overlayfs'), async (t) => {
  const outer = makeStage(t);
  const union = mountUnion(outer);
  for (const driver of ['strata', 'vfs'] as const) {
    await t.test(driver, (t) => {
      suite(t, driver, (t) => makeStage(t, union));
      t.end();
    });
  }
});

function counting(t: Test, driver: 'strata' | 'overlay2'): void {
  t.test('who gets twice puts twice', async (t) => {
    const { stage, store, layer } = await fill(makeStage(t), driver);
    const path = await store.driver.get(layer);
    t.equal(await store.driver.get(layer), path);
    await store.driver.put(layer);
    t.strictSame(mountPointsBelow(stage.path), [path]);
    await t.rejects(store.driver.remove(layer), { code: 'layer-in-use' });
    await store.driver.put(layer);
    t.strictSame(mountPointsBelow(stage.path), []);
  });

  t.test('a layer that somebody has mounted himself stays', async (t) => {
    const { store, layer } = await fill(makeStage(t), driver);
    const { UpperDir = '', WorkDir = '' } = await store.driver.metadata(layer);
    for (const path of [UpperDir, WorkDir]) {
      const mount = tryLock(asName(path));
      await t.rejects(store.driver.remove(layer), { code: 'layer-in-use' });
      t.ok(existsSync(WorkDir));
      mount?.release();
    }
    await store.driver.remove(layer);
    t.notOk(existsSync(WorkDir));
  });

  t.test('what a killed process has got is put by the next command', async (t) => {
    const { stage, store, layer } = await fill(makeStage(t), driver);
    const module = fileURLToPath(new URL('../../dist/store/store.js', import.meta.url));
    const script = `
      const { Store } = await import(${JSON.stringify(module)});
      const store = await Store.open({ root: ${JSON.stringify(stage.root)}, driver: '${driver}' });
      console.log(await store.driver.get('${layer}'));
      setInterval(() => {}, 1000);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [path] = (await once(createInterface(child.stdout), 'line')) as [string];
    t.strictSame(mountPointsBelow(stage.path), [path]);
    await store.driver.cleanup();
    t.strictSame(mountPointsBelow(stage.path), [path], 'not while it lives');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await store.driver.cleanup();
    t.strictSame(mountPointsBelow(stage.path), []);
  });
}

t.test(
  'strata and overlay2 go on where the other has stopped',
  needs(...mountNeeds, 'overlayfs'),
  async (t) => {
    for (const [one, other] of [
      ['strata', 'overlay2'],
      ['overlay2', 'strata'],
    ] as const) {
      const { stage, store, layer } = await fill(makeStage(t), one);
      const written = newCacheId();
      await store.driver.createReadWrite(written, layer);
      shell(await store.driver.get(written), changed);
      const shown = snapshotTree(fs, await store.driver.get(written));
      await store.driver.put(written);
      await store.driver.put(written);
      const next = await stage.open(other);
      t.equal(next.driver.name, other);
      t.strictSame(treeDifferences(shown, snapshotTree(fs, await next.driver.get(written))), []);
      await next.driver.put(written);
    }
  },
);

for (const count of [130, 300])
  t.test(`${String(count)} layers`, needs(...mountNeeds, 'overlayfs', 'single-lowers'), async (t) => {
    const stage = makeStage(t);
    const shownBy = new Map<string, Tree>();
    for (const driver of ['strata', 'overlay2'] as const) {
      const store = await stage.open(driver);
      const ids: CacheId[] = [];
      for (let index = 0; index < count; index++) {
        const id = newCacheId();
        const plain = stage.directory(`${driver}-${String(index)}`);
        // Each layer changes what the one below it has made, and deletes what is older.
        writeFileSync(join(plain, 'last'), String(index));
        writeFileSync(join(plain, `own-${String(index)}`), String(index));
        if (index > 1) shell(plain, `mknod own-${String(index - 2)} c 0 0`);
        shell(plain, 'find . -exec touch -h -d @1000000000 {} +');
        await store.driver.create(id, ids.at(-1));
        await store.driver.applyDiff(id, ids.at(-1), streamOf(await tarOf(plain)));
        ids.push(id);
      }
      const written = newCacheId();
      await store.driver.createReadWrite(written, ids.at(-1));
      const path = await store.driver.get(written);
      t.equal(
        shell(path, 'cat last; ls').trim(),
        `${String(count - 1)}last\nown-${String(count - 2)}\nown-${String(count - 1)}`,
      );
      shell(path, 'echo changed > last; rm own-*; echo new > new; touch -d @1000000000 . last new');
      shownBy.set(driver, snapshotTree(fs, path));
      await store.driver.put(written);
      t.strictSame(
        kinds(await store.driver.changes(written, ids.at(-1))),
        [
          'added new',
          `deleted own-${String(count - 1)}`,
          `deleted own-${String(count - 2)}`,
          'modified last',
        ].sort(),
      );
    }
    const [ours, theirs] = [...shownBy.values()];
    t.strictSame(treeDifferences(ours!, theirs!), []);
  });

t.test('more layers than the kernel takes', needs(...mountNeeds, 'overlayfs', 'single-lowers'), async (t) => {
  const stage = makeStage(t);
  const lowers = Array.from({ length: 501 }, (_, index) => {
    const lower = stage.directory(`l/${String(index)}`);
    writeFileSync(join(lower, `file-${String(index)}`), '');
    return lower;
  });
  const target = join(stage.path, 'merged');
  mkdirSync(target);
  await t.rejects(kernelMounter(stage.path).mount({ lowers, target }), {
    code: 'overlay-refused',
    message: /limit is 500/,
  });
  t.strictSame(mountPointsBelow(stage.path), []);
  const server = await stratafsMounter.mount({ lowers, target });
  t.equal(shell(target, 'ls | wc -l').trim(), '501');
  await unmountTree(target, { server });
});

t.test(
  'paths of layers that the kernel cannot be told',
  needs(...mountNeeds, 'overlayfs', 'single-lowers'),
  async (t) => {
    const stage = makeStage(t);
    const target = stage.directory('merged');
    const lowers = Array.from({ length: 30 }, (_, index) =>
      stage.directory(`${String(index)}/${'long'.repeat(60)}`),
    );
    await t.rejects(kernelMounter(stage.path).mount({ lowers, target }), { code: 'long-path' });
    t.strictSame(mountPointsBelow(stage.path), []);
    // A comma, a colon, a backslash: what separates options in a page of them.
    const odd = Array.from({ length: 30 }, (_, index) => {
      const lower = stage.directory(`${String(index)},a:b\\c ${'x'.repeat(130)}`);
      writeFileSync(join(lower, `file-${String(index)}`), '');
      return lower;
    });
    const [upper, work] = [stage.directory('u,p:p\\er'), stage.directory('work')];
    await kernelMounter(stage.path).mount({ lowers: odd, upper, work, target });
    t.equal(shell(target, 'ls | wc -l; echo x > new').trim(), '30');
    t.equal(shell(upper, 'cat new').trim(), 'x');
    await unmountTree(target, {});
  },
);
