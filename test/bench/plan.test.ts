import t from 'tap';
import type { Catalogue } from '../../src/bench/catalogue.ts';
import type { Driver } from '../../src/bench/drivers/driver.ts';
import { createPlan, type BenchOptions } from '../../src/bench/plan.ts';
import { listTasks } from '../../src/bench/tasks.ts';
import { makeDriver, makeWorkload, someDrivers } from './fixtures/drivers.ts';

const catalogue: Catalogue = {
  drivers: [...someDrivers, makeDriver('seldom', { onRequest: true }), makeDriver('fast', { quick: true })],
  workloads: [
    makeWorkload({ name: 'short', quick: true }),
    makeWorkload({ name: 'long', group: 'real jobs' }),
    makeWorkload({ name: 'copy', group: 'copies', durability: 'default' }),
    makeWorkload({ name: 'copy-unsynced', group: 'copies', durability: 'volatile' }),
  ],
  series: [
    {
      ...{
        name: 'growth',
        title: '',
        xTitle: '',
        unit: 'ms',
        sizes: [1, 2],
        quickSizes: [1],
        withVolatile: true,
      },
      at: (size) => makeWorkload({ name: `growth-${String(size)}` }),
    },
  ],
};

/** What runs, as `workload: drivers`. */
function tasks(options: BenchOptions): string[] {
  return listTasks(createPlan(options, catalogue)).map(
    ({ workload, drivers, rounds }) =>
      `${workload.name}: ${drivers.map(({ name }) => name).join(' ')} (${String(rounds)})`,
  );
}

t.test('everything runs unless told, each workload on the drivers that suit it', async (t) => {
  t.same(tasks({}), [
    'short: strata overlay fuse-overlayfs fast (5)',
    'long: strata overlay fuse-overlayfs fast (5)',
    'copy: strata overlay fuse-overlayfs fast (5)',
    'copy-unsynced: strata-volatile fuse-overlayfs (5)',
    'growth-1: strata strata-volatile overlay fuse-overlayfs fast (3)',
    'growth-2: strata strata-volatile overlay fuse-overlayfs fast (3)',
  ]);
});

t.test('names choose workloads, groups and series', async (t) => {
  const drivers = ['seldom'];
  t.same(tasks({ drivers, only: ['long'], rounds: 1 }), ['long: seldom (1)']);
  t.same(tasks({ drivers, only: ['real jobs', 'growth'], rounds: 1 }), [
    'long: seldom (1)',
    'growth-1: seldom (1)',
    'growth-2: seldom (1)',
  ]);
});

t.test('a quick run takes what is marked for it, or what is named', async (t) => {
  t.same(tasks({ quick: true }), ['short: fast (1)']);
  t.same(tasks({ quick: true, only: ['long', 'growth'] }), ['long: fast (1)', 'growth-1: fast (1)']);
});

t.test('only who has a server runs what looks at it, and who has groups only those', async (t) => {
  const some: Catalogue = {
    drivers: [
      makeDriver('served'),
      makeDriver('kernel', { inKernel: true }),
      makeDriver('few', { groups: ['other'] }),
    ],
    workloads: [
      makeWorkload({ name: 'memory', ofServer: true }),
      makeWorkload({ name: 'rest', group: 'other' }),
    ],
    series: [],
  };
  t.same(
    listTasks(createPlan({}, some)).map(({ workload, drivers }) => [
      workload.name,
      drivers.map(({ name }) => name),
    ]),
    [
      ['memory', ['served']],
      ['rest', ['served', 'kernel', 'few']],
    ],
  );
});

t.test('a driver without work is not there', async (t) => {
  const { drivers } = createPlan({ only: ['short'] }, catalogue);
  t.notOk(drivers.some(({ of }) => of.name === 'strata-volatile'));
});

t.test('what was named and has no part in the run is left out with the reason', async (t) => {
  const { drivers, workloads } = createPlan(
    { only: ['short', 'copy-unsynced'], drivers: ['strata', 'strata-volatile', 'overlay'] },
    {
      ...catalogue,
      drivers: catalogue.drivers.map((one) => ({ ...one, ...absentIf(one, 'strata-volatile') })),
    },
  );
  t.same(
    drivers.map(({ of, leftOut }) => [of.name, leftOut?.why]),
    [
      ['strata', undefined],
      ['strata-volatile', 'it is not there'],
      ['overlay', undefined],
    ],
  );
  t.same(
    workloads.map(({ of, leftOut }) => [of.name, leftOut?.why]),
    [
      ['short', undefined],
      ['copy-unsynced', 'none of the drivers takes part in it: strata, overlay'],
    ],
  );
  const named = createPlan({ only: ['short'], drivers: ['strata-volatile', 'overlay'] }, catalogue);
  t.same(named.drivers[0]?.leftOut, { why: 'it takes part in none of these workloads' });
  const only = { only: ['copy-unsynced'], drivers: ['strata', 'overlay'] };
  t.throws(() => createPlan(only, catalogue), {
    code: 'no-work',
    message: 'none of these drivers takes part in these workloads: strata, overlay',
    hint: /--only/,
  });
});

function absentIf(driver: Driver, name: string): Partial<Driver> {
  return driver.name === name ? { findObstacle: () => ({ why: 'it is not there' }) } : {};
}

t.test('what does not run here is left out with the reason', async (t) => {
  const some: Catalogue = {
    ...catalogue,
    workloads: [
      makeWorkload({ name: 'lacks', needs: ['no-such-package', 'also-none'] }),
      makeWorkload({ name: 'cannot', missing: () => 'no such thing here' }),
      makeWorkload({ name: 'can', needs: ['coreutils', 'perl'] }),
    ],
    series: [],
  };
  const { workloads } = createPlan({}, some);
  t.same(
    workloads.map(({ leftOut }) => leftOut),
    [
      { why: 'needs no-such-package, also-none', install: 'apt-get install no-such-package also-none' },
      { why: 'no such thing here' },
      undefined,
    ],
  );
  t.same(
    listTasks(createPlan({}, some)).map(({ workload }) => workload.name),
    ['can'],
  );
});

t.test('without root, what needs it is left out', async (t) => {
  const geteuid = process.geteuid!;
  process.geteuid = () => 1000;
  t.teardown(() => (process.geteuid = geteuid));
  const memory = makeWorkload({ name: 'memory', storage: 'memory' });
  const cold = makeWorkload({ name: 'cold', cold: true });
  const some = { ...catalogue, workloads: [memory, cold, makeWorkload()] };
  const { workloads, series } = createPlan({}, some);
  t.same(
    [...workloads, ...series].map(({ leftOut }) => leftOut?.why),
    ['only root may mount memory for it', 'only root may drop caches', undefined, undefined],
  );
  const chilled = createPlan({ cold: true }, some);
  t.equal(chilled.series[0]?.leftOut?.why, 'only root may drop caches');
  t.same(listTasks(chilled), []);
});

t.test('bad values have codes', async (t) => {
  const cases: readonly (readonly [BenchOptions, string])[] = [
    [{ rounds: 0 }, 'bad-rounds'],
    [{ rounds: Number.NaN }, 'bad-rounds'],
    [{ layers: 0 }, 'bad-layers'],
    [{ drivers: ['nobody'] }, 'unknown-driver'],
    [{ only: ['nothing'] }, 'unknown-workload'],
    [{ lower: ['/nonexistent'] }, 'missing-layer'],
  ];
  for (const [options, code] of cases) t.throws(() => createPlan(options, catalogue), { code });
});
