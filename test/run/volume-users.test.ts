import { mkdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { addContainer } from '../../src/run/container-book.ts';
import type { Engine } from '../../src/run/engine.ts';
import { withVolume, withVolumeLock } from '../../src/run/use-volume.ts';
import {
  claimVolume,
  forgetNote,
  noteVolumes,
  pruneVolumes,
  removeVolume,
  removeVolumes,
  volumeUsers,
} from '../../src/run/volume-users.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { containerOf, idOf, makeNotedEngine } from './fixtures/noted-engine.ts';

/** With the directory of a container that is not written yet. */
function makeStage(test: Test): Engine {
  const { engine } = makeNotedEngine(makeScratch(test).path);
  mkdirSync(`${engine.containers}/${idOf('a')}`, { recursive: true });
  return engine;
}

t.test('a volume of a container that is being made stays', async (t) => {
  const engine = makeStage(t);
  for (const name of ['wanted', 'free']) engine.volumes.create(name, {});
  await noteVolumes(engine, idOf('a'), ['wanted', 'new']);
  await claimVolume(engine, 'new', {});
  t.strictSame((await volumeUsers(engine))('wanted'), [idOf('a').slice(0, 12)]);
  await t.rejects(removeVolume(engine, 'wanted'), { code: 'volume-in-use' });
  t.strictSame(await pruneVolumes(engine, { all: true }), ['free']);

  const mount = { type: 'volume', source: 'wanted', target: '/x', readOnly: false, noCopy: false } as const;
  await addContainer(engine, { ...containerOf('a', 'web'), mounts: [mount] });
  await forgetNote(engine, idOf('a'));
  t.strictSame((await volumeUsers(engine))('wanted'), ['web'], 'one that is written tells it itself');
  t.strictSame(await pruneVolumes(engine, { all: true }), ['new']);

  rmSync(`${engine.containers}/${idOf('a')}`, { recursive: true });
  await removeVolume(engine, 'wanted');
  await t.rejects(removeVolume(engine, 'wanted'), { code: 'no-such-volume' });
});

t.test('one that is being removed is made again', async (t) => {
  const engine = makeStage(t);
  engine.volumes.create('data', { labels: { old: '1' } });
  let claim = Promise.resolve();
  await withVolumeLock(engine, 'data', async () => {
    // As a removal that has looked for users before the note is written.
    const usersOf = await volumeUsers(engine);
    await noteVolumes(engine, idOf('a'), ['data']);
    claim = claimVolume(engine, 'data', { labels: { new: '1' } });
    engine.volumes.remove('data', usersOf);
  });
  await claim;
  t.strictSame(engine.volumes.get('data').labels, { new: '1' });
  await t.rejects(removeVolume(engine, 'data'), { code: 'volume-in-use' });
});

t.test('a prune, or a removal of several, reads containers once', async (t) => {
  const readings = async (
    count: number,
    remove: (engine: Engine, names: readonly string[]) => Promise<unknown>,
  ): Promise<number> => {
    const { engine } = makeNotedEngine(makeScratch(t).path);
    mkdirSync(`${engine.containers}/${idOf('a')}`, { recursive: true });
    const mount = { type: 'volume', source: 'v1', target: '/x', readOnly: false, noCopy: false } as const;
    await addContainer(engine, { ...containerOf('a', 'web'), mounts: [mount] });
    const free = Array.from({ length: count }, (_, number) => `v${String(number + 2)}`);
    for (const name of ['v1', ...free]) engine.volumes.create(name, {});
    let asked = 0;
    const counting: Engine = {
      ...engine,
      get containers() {
        asked += 1;
        return engine.containers;
      },
    };
    t.strictSame(await remove(counting, ['v1', ...free]), free.sort());
    t.ok(engine.volumes.find('v1'));
    return asked;
  };
  for (const remove of [
    (engine: Engine) => pruneVolumes(engine, { all: true }),
    async (engine: Engine, names: readonly string[]) => {
      const removals = await removeVolumes(engine, names, (act) => act());
      t.strictSame(
        removals.map(({ name }) => name),
        names,
      );
      const gone = removals.filter(({ failure }) => failure === undefined);
      return gone.map(({ name }) => name).sort();
    },
  ]) {
    const [one, many] = [await readings(1, remove), await readings(40, remove)];
    t.ok(one > 0);
    t.equal(many, one);
  }
});

t.test('what becomes of each of several', async (t) => {
  const engine = makeStage(t);
  for (const name of ['one', 'wanted', 'busy', 'two']) engine.volumes.create(name, {});
  await noteVolumes(engine, idOf('a'), ['wanted']);
  let removing: ReturnType<typeof removeVolumes> = Promise.resolve([]);
  await withVolumeLock(engine, 'busy', async () => {
    removing = removeVolumes(engine, ['one', 'wanted', 'busy', 'absent', 'two', 'one'], (act) => act());
    while (engine.volumes.find('two') !== undefined) await new Promise(setImmediate);
    t.ok(engine.volumes.find('busy'));
  });
  t.match(await removing, [
    { name: 'one', failure: undefined },
    { name: 'wanted', failure: { code: 'volume-in-use' } },
    { name: 'busy', failure: undefined },
    { name: 'absent', failure: { code: 'no-such-volume' } },
    { name: 'two', failure: undefined },
    { name: 'one', failure: { code: 'no-such-volume' } },
  ]);
});

t.test('a prune waits for a volume that somebody is at work with', async (t) => {
  const engine = makeStage(t);
  for (const name of ['busy', 'free', 'taken']) engine.volumes.create(name, {});
  let pruned: Promise<string[]> = Promise.resolve([]);
  await withVolumeLock(engine, 'taken', async () => {
    await withVolumeLock(engine, 'busy', async () => {
      pruned = pruneVolumes(engine, { all: true });
      while (engine.volumes.find('free') !== undefined) await new Promise(setImmediate);
      t.ok(engine.volumes.find('busy'));
    });
    await noteVolumes(engine, idOf('a'), ['taken']);
  });
  t.strictSame(await pruned, ['busy', 'free']);
  t.ok(engine.volumes.find('taken'), 'it has got a user meanwhile');
});

// It waited, for minutes where a container that began filled its volume.
t.test('a prune waits for no volume that a container has', async (t) => {
  const engine = makeStage(t);
  for (const name of ['wanted', 'free']) engine.volumes.create(name, {});
  await noteVolumes(engine, idOf('a'), ['wanted']);
  let pruned: Promise<string[]> = Promise.resolve([]);
  await withVolumeLock(engine, 'wanted', async () => {
    pruned = pruneVolumes(engine, { all: true });
    t.strictSame(await Promise.race([pruned, sleep(2000, 'waits')]), ['free']);
  });
  await pruned;
});

t.test('one that a command works with stays', async (t) => {
  const engine = makeStage(t);
  engine.volumes.create('data', {});
  await withVolume(engine, 'data', async () => {
    await t.rejects(removeVolume(engine, 'data'), { code: 'volume-in-use' });
    t.strictSame(await pruneVolumes(engine, { all: true }), []);
  });
  t.strictSame(await pruneVolumes(engine, { all: true }), ['data']);
});
