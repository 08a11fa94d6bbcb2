/**
 * The end of a volatile mount: its guard may go only once what was written has reached the disk.
 */
import { existsSync } from 'node:fs';
import t, { type Test } from 'tap';
import { createFaultyFs, type FaultyFs } from '../../src/os/faulty-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import type { OpenedUnion } from '../../src/union/open-union.ts';
import { openEngine } from '../fixtures/engine.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { EngineClient } from '../robust/fixtures/engine-client.ts';

function open(test: Test): { opened: OpenedUnion; faulty: FaultyFs; guard: string } {
  const scratch = makeScratch(test);
  const work = scratch.directory('work');
  const faulty = createFaultyFs(new RealFs());
  test.teardown(() => {
    faulty.closeAll();
  });
  for (const name of ['lower', 'upper']) scratch.directory(name);
  const opened = openEngine(scratch.path, { fs: faulty.fs, features: { volatile: true } });
  return { opened, faulty, guard: `${work}/work/incompat/volatile/dirty` };
}

t.test('the upper is synced before the guard goes', needs('root'), async (test) => {
  const { opened, faulty, guard } = open(test);
  new EngineClient(opened.union).mkdir('made');
  test.ok(existsSync(guard));
  faulty.arm();
  await opened.union.close();
  const { calls } = faulty;
  test.equal(calls.filter((call) => call === 'syncfs').length, 1, 'once');
  test.ok(calls.indexOf('syncfs') < calls.indexOf('findUnlinkat'), 'before anything is removed');
  test.notOk(existsSync(guard));
  test.equal(faulty.open.size, 0, 'no descriptor is left open');
});

t.test('where syncing fails the guard stays', needs('root'), async (test) => {
  const { opened, faulty, guard } = open(test);
  new EngineClient(opened.union).mkdir('made');
  faulty.arm({ at: 1, with: 'EIO', matches: (method) => method === 'syncfs' });
  await test.rejects(opened.union.close(), { code: 'EIO' });
  test.ok(existsSync(guard));
  test.equal(faulty.open.size, 0, 'no descriptor is left open');
});
