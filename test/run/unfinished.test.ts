import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import t from 'tap';
import { nameFromText } from '../../src/base/name.ts';
import { tryLock } from '../../src/os/lock.ts';
import { addContainer, collectUnfinished, getContainer } from '../../src/run/container-book.ts';
import type { Container } from '../../src/run/container.ts';
import type { ContainerLayers, Engine } from '../../src/run/engine.ts';
import { Volumes } from '../../src/run/volumes.ts';
import { makeScratch } from '../fixtures/mount.ts';

const id = (digit: string): string => digit.repeat(64);

/** Containers over layers that only note what is removed. */
function makeEngine(path: string): { engine: Engine; removed: string[] } {
  const removed: string[] = [];
  const layers: ContainerLayers = {
    getImage: () => Promise.reject(new Error('no images here')),
    create: () => Promise.resolve(),
    mount: () => Promise.resolve(path),
    unmount: () => Promise.resolve(),
    remove: (name) => {
      removed.push(name);
      return Promise.resolve();
    },
  };
  const engine = {
    ...{ containers: `${path}/containers`, runRoot: `${path}/run`, volumes: new Volumes(path), layers },
    exitCommand: ['true'],
  };
  return { engine, removed };
}

const container = (digit: string, name: string): Container => ({
  ...{ id: id(digit), name, created: '2026-01-01T00:00:00.000Z', image: { id: 'sha256:0', name: 'base' } },
  ...{ entrypoint: [], command: ['true'], env: [], workingDir: '/', user: '', hostname: 'h' },
  ...{ terminal: false, openStdin: false, network: 'host', readOnlyRoot: false, mounts: [] },
  ...{ anonymousVolumes: [], autoRemove: false, labels: {}, stopSignal: 'SIGTERM' },
});

t.test('what a creation that died has left goes, and nothing else', async (t) => {
  const { path } = makeScratch(t);
  const { engine, removed } = makeEngine(path);
  for (const digit of ['a', 'b', 'c']) mkdirSync(`${engine.containers}/${id(digit)}`, { recursive: true });
  mkdirSync(`${engine.containers}/other`);
  await addContainer(engine, container('a', 'whole'));
  const lock = tryLock(nameFromText(`${engine.containers}/${id('b')}`));
  await collectUnfinished(engine);
  t.strictSame(removed, [id('c')]);
  t.strictSame(
    readdirSync(engine.containers),
    [id('a'), id('b'), 'other'],
    'one that is locked is being made',
  );
  lock?.release();
  await collectUnfinished(engine);
  t.notOk(existsSync(`${engine.containers}/${id('b')}`));
});

t.test('containers are found by name, id, and the beginning of an id', async (t) => {
  const { engine } = makeEngine(makeScratch(t).path);
  for (const [digit, name] of [
    ['a', 'web'],
    ['b', 'aaa'],
    ['c', ''],
  ] as const) {
    mkdirSync(`${engine.containers}/${id(digit)}`, { recursive: true });
    await addContainer(engine, container(digit, name));
  }
  t.equal((await getContainer(engine, 'web')).id, id('a'));
  t.equal((await getContainer(engine, '/web')).id, id('a'));
  t.equal((await getContainer(engine, 'aaa')).id, id('b'), 'a name comes before the beginning of an id');
  t.equal((await getContainer(engine, 'aaaa')).id, id('a'));
  t.match((await getContainer(engine, id('c'))).name, /^[a-z]+_[a-z]+\d+$/);
  await t.rejects(getContainer(engine, 'd'), { code: 'no-such-container' });
  mkdirSync(`${engine.containers}/${'a'.repeat(63)}b`);
  await addContainer(engine, { ...container('a', 'twin'), id: `${'a'.repeat(63)}b` });
  await t.rejects(getContainer(engine, 'aaaa'), { code: 'ambiguous-id' });
  await t.rejects(addContainer(engine, container('d', 'web')), { code: 'name-in-use' });
  await t.rejects(addContainer(engine, container('d', '-x')), { code: 'bad-name' });
});
