import t from 'tap';
import { computeMeans, findFailures } from '../../src/bench/means.ts';
import { reportHtml } from '../../src/bench/report/html.ts';
import { benchText } from '../../src/cli/bench-table.ts';
import { benchRun } from './fixtures/bench-run.ts';
import { makeWorkload, outcomesOf, someDrivers } from './fixtures/drivers.ts';

t.test('all workloads but mounting count alike', async (t) => {
  const measured = [
    { workload: makeWorkload(), outcomes: outcomesOf({ strata: 8, overlay: 4, 'fuse-overlayfs': 16 }) },
    { workload: makeWorkload({ unit: 'IOPS' }), outcomes: outcomesOf({ strata: 1, overlay: 8 }) },
    { workload: makeWorkload({ group: 'mount' }), outcomes: outcomesOf({ strata: 1, overlay: 9 }) },
  ];
  const [overlay, fuse, ...more] = computeMeans(measured, someDrivers);
  t.match(overlay, { driver: 'strata', peer: 'overlay', workloads: 2 });
  t.equal(overlay?.ratio.toFixed(9), '4.000000000');
  t.match(fuse, { driver: 'strata', peer: 'fuse-overlayfs', workloads: 1 });
  t.equal(fuse?.ratio.toFixed(9), '0.500000000');
  t.same(more, []);
});

t.test('copies of data are compared at equal durability', async (t) => {
  const synced = { strata: 30, overlay: 10, 'fuse-overlayfs': 1 };
  const unsynced = { 'strata-volatile': 2, 'fuse-overlayfs': 1 };
  const measured = [
    { workload: makeWorkload({ durability: 'default' }), outcomes: outcomesOf(synced) },
    { workload: makeWorkload({ durability: 'volatile' }), outcomes: outcomesOf(unsynced) },
  ];
  const means = computeMeans(measured, someDrivers).map(({ peer, workloads, ratio }) => [
    ...[peer, workloads, ratio.toFixed(6)],
  ]);
  t.same(means, [
    ['overlay', 1, '3.000000'],
    ['fuse-overlayfs', 1, '2.000000'],
  ]);
});

t.test('a workload with a failed trial does not count', async (t) => {
  const outcomes = { ...outcomesOf({ overlay: 1 }), strata: { figures: [1], errors: ['made to fail'] } };
  t.same(computeMeans([{ workload: makeWorkload(), outcomes }], someDrivers), []);
});

t.test('how many failed is told beside a mean', async (t) => {
  const run = benchRun();
  t.same(findFailures(run, { driver: 'strata', peer: 'fuse-overlayfs' }), { ours: [], all: ['git-commit'] });
  t.same(findFailures(run, { driver: 'strata', peer: 'overlay' }), { ours: [], all: [] });
  const workloads = run.workloads.filter(({ name }) => name === 'git-commit');
  const mean = { driver: 'strata', peer: 'fuse-overlayfs', workloads: 24, ratio: 0.353 };
  t.match(benchText({ ...run, workloads, series: [], means: [mean] }), /FAILED\n.* 24 +1$/m);
  t.match(await reportHtml(run), /\(24; 1 failed\)/);
});
