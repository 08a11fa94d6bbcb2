import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createDataRoot, findDataRoot, makeRootDirectory } from '../../src/store/data-root.ts';
import { parseDriverName } from '../../src/store/drivers/choose.ts';
import { MountBook } from '../../src/store/mount-book.ts';
import { RunRoot } from '../../src/store/run-root.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeStage } from './fixtures/stage.ts';

t.test('a root of others is refused before anything is written', async (t) => {
  for (const [name, owner] of [
    ['engine-id', /dockerd/],
    ['image', /dockerd/],
    ['storage.lock', /podman/],
    ['overlay-images', /podman/],
    ['letters', /holds other things/],
  ] as const) {
    const stage = makeStage(t);
    mkdirSync(join(stage.root, name), { recursive: true });
    // What dockerd has beside `image`.
    mkdirSync(join(stage.root, 'runtimes'));
    await t.rejects(createDataRoot(stage.root, 'overlay2', undefined), {
      code: 'foreign-root',
      message: owner,
    });
    await t.rejects(stage.open('vfs'), { code: 'foreign-root' });
  }
});

t.test('a root on a file system that is read-only', needs('root'), (t) => {
  const stage = makeStage(t);
  mkdirSync(stage.root);
  execFileSync('mount', ['--bind', '-o', 'ro', stage.root, stage.root]);
  t.teardown(() => execFileSync('umount', [stage.root]));
  t.throws(
    () => {
      makeRootDirectory(stage.root);
    },
    { code: 'bad-root', hint: /its file system is read-only/ },
  );
  t.end();
});

t.test('a root that is there is taken as it is', async (t) => {
  const stage = makeStage(t);
  t.equal(await findDataRoot(stage.root), undefined);
  const both = await Promise.all([
    createDataRoot(stage.root, 'vfs', 'vfs'),
    createDataRoot(stage.root, 'overlay2', undefined),
  ]);
  t.equal(both[0].format, both[1].format, 'of two who make it at once one is first');
  writeFileSync(join(stage.root, 'strata.json'), '{"version":99,"format":"vfs"}');
  await t.rejects(findDataRoot(stage.root), { code: 'newer-root' });
  writeFileSync(join(stage.root, 'strata.json'), '{');
  await t.rejects(findDataRoot(stage.root), { code: 'broken-file', message: /strata\.json/ });
});

t.test(
  'of two who make a root at once, the second takes the driver of the first, too',
  needs(...mountNeeds),
  async (t) => {
    const stage = makeStage(t);
    // Its trial mount takes longer.
    const opened = stage.open();
    await createDataRoot(stage.root, 'vfs', undefined);
    const { root, driver } = await opened;
    t.equal(root.format, 'vfs');
    t.equal(driver.name, 'vfs');
  },
);

t.test('a root keeps its driver', needs('root'), async (t) => {
  const stage = makeStage(t);
  await stage.open('vfs');
  t.equal((await stage.open()).driver.name, 'vfs');
  await t.rejects(stage.open('overlay2'), { code: 'other-format' });
});

t.test('drivers that there are not name what to use', async (t) => {
  t.equal(parseDriverName('overlay'), 'overlay2');
  for (const name of ['aufs', 'devicemapper', 'zfs', 'tape']) {
    t.throws(() => parseDriverName(name), { code: 'unknown-driver', hint: /overlay2|strata/ }, name);
  }
});

t.test('what another boot has noted is void', needs('root'), async (t) => {
  const stage = makeStage(t);
  const root = await createDataRoot(stage.root, 'vfs', undefined);
  const run = await RunRoot.open(root);
  const book = new MountBook(run);
  const maker = { pid: 1, start: '1' };
  await book.write('a', {
    target: '/a',
    namespace: 'mnt:[1]',
    maker,
    holders: ['kept'],
    layers: [],
    title: 'a',
  });
  t.equal((await new MountBook(await RunRoot.open(root)).list()).length, 1);
  writeFileSync(join(run.path, 'boot-id'), 'another');
  t.equal((await new MountBook(await RunRoot.open(root)).list()).length, 0);
  rmdirSync(run.mounts);
  await RunRoot.open(root);
  t.ok(existsSync(run.mounts), 'is made again for whoever has tidied it away');
});
