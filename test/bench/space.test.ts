import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkSpace, findNeed, findShortage } from '../../src/bench/space.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { makeDriver, makeWorkload } from './fixtures/drivers.ts';

const equipment = { drivers: [], choice: { scale: 1, layers: 5 } };
const gibibyte = 1024 ** 3;
const big = makeWorkload({ lowers: (fixtures) => fixtures.fileOf(4 * gibibyte) });

t.test('a fixture counts once, and not when it is there', async (t) => {
  const storage = makeScratch(t).directory('storage');
  const once = findNeed([big], storage, equipment);
  t.equal(once.fixtures, 4 * gibibyte);
  t.ok(once.trial > 4 * gibibyte);
  t.same(findNeed([big, big], storage, equipment), once);
  mkdirSync(join(storage, 'fixtures-1'));
  writeFileSync(join(storage, 'fixtures-1', `file-${String(4 * gibibyte)}-1.sha256`), '');
  t.same(findNeed([big], storage, equipment), { ...once, fixtures: 0 });
  t.same(findNeed([], storage, equipment), { fixtures: 0, trial: 0 });
});

t.test('layers of the user count as what drivers copy, not as what is made', async (t) => {
  const scratch = makeScratch(t);
  const [storage, layer] = [scratch.directory('storage'), scratch.directory('layer')];
  writeFileSync(join(layer, 'file'), Buffer.alloc(8 * 1024 * 1024, 1));
  const user = { ...equipment, choice: { ...equipment.choice, lower: [layer] } };
  const image = makeWorkload({ lowers: (fixtures) => fixtures.fiveLayers() });
  const alone = findNeed([image], storage, user);
  t.equal(alone.fixtures, 0);
  const copied = findNeed([image], storage, {
    ...user,
    drivers: [makeDriver('plain', { tree: 'directory' })],
  });
  t.ok(copied.trial - alone.trial >= 8 * 1024 * 1024);
  t.ok(alone.trial - findNeed([makeWorkload()], storage, equipment).trial >= 7 * 1024 * 1024);
});

t.test('trees that drivers keep count, each kind once', async (t) => {
  const storage = makeScratch(t).directory('storage');
  const drivers = (['directory', 'directory', 'subvolume'] as const).map((tree) =>
    makeDriver('one', { tree }),
  );
  const alone = findNeed([big], storage, equipment).trial;
  t.equal(findNeed([big], storage, { ...equipment, drivers }).trial, alone + 2 * 4 * gibibyte);
});

t.test('what is lacking is said with how much and where', async (t) => {
  const storage = makeScratch(t).directory('storage');
  t.equal(findShortage({ fixtures: 0, trial: 1 }, storage), undefined);
  const lacking = findShortage({ fixtures: 2 ** 60, trial: 2 ** 60 }, storage) ?? '';
  t.match(lacking, /^2147483648\.0 GiB are needed in .*, \d+\.\d GiB are free$/);
  const huge = makeWorkload({ lowers: (fixtures) => fixtures.fileOf(2 ** 60) });
  const both = { disk: storage, memory: storage };
  t.throws(
    () => {
      checkSpace([huge], both, equipment);
    },
    { code: 'no-space', hint: /--scratch/ },
  );
  t.throws(
    () => {
      checkSpace([{ ...huge, storage: 'memory' }], both, equipment);
    },
    { code: 'no-space' },
  );
  checkSpace([], both, equipment);
});
