import t from 'tap';
import type { WorkloadResult } from '../../src/bench/results.ts';
import { judgeAll, rounded } from '../../src/bench/verdict.ts';
import type { Threshold, Workload } from '../../src/bench/workload.ts';
import { benchText } from '../../src/cli/bench-table.ts';
import { benchRun } from './fixtures/bench-run.ts';
import { makeWorkload, outcomesOf, someDrivers } from './fixtures/drivers.ts';

function met(
  threshold: Threshold,
  more: Partial<Workload>,
  figures: Readonly<Record<string, number>>,
): boolean {
  const verdicts = judgeAll(
    makeWorkload({ ...more, thresholds: [threshold] }),
    outcomesOf(figures),
    someDrivers,
  );
  t.equal(verdicts.length, 1, 'a variant has no verdict of its own');
  return verdicts[0]!.met;
}

t.test('a threshold is met at its limit and missed beyond it', async (t) => {
  t.equal(met({ atMost: 10 }, {}, { strata: 10 }), true);
  t.equal(met({ atMost: 10 }, {}, { strata: 10.1 }), false);
  t.equal(met({ within: 2, peer: 'overlay' }, {}, { strata: 20, overlay: 10 }), true);
  t.equal(met({ within: 2, peer: 'overlay' }, {}, { strata: 21, overlay: 10 }), false);
  t.equal(met({ timesAsFast: 5, peer: 'overlay' }, {}, { strata: 2, overlay: 10 }), true);
  t.equal(met({ timesAsFast: 5, peer: 'overlay' }, {}, { strata: 2.1, overlay: 10 }), false);
});

t.test('a rate is met by more, not by less', async (t) => {
  const rate = { unit: 'IOPS' } as const;
  t.equal(met({ within: 1 / 0.8, peer: 'overlay' }, rate, { strata: 80, overlay: 100 }), true);
  t.equal(met({ within: 1 / 0.8, peer: 'overlay' }, rate, { strata: 79, overlay: 100 }), false);
});

t.test('without a figure to compare with nothing is met', async (t) => {
  t.equal(met({ within: 2, peer: 'overlay' }, {}, { strata: 1 }), false);
  t.equal(met({ within: 2, peer: 'overlay' }, {}, { overlay: 1 }), false);
  t.equal(met({ within: 2, peer: 'nobody' }, {}, { strata: 1 }), false);
  t.equal(met({ atMost: 2 }, {}, {}), false);
});

t.test('what copies data up is judged by the variant that keeps the same promise', async (t) => {
  const figures = { strata: 100, 'strata-volatile': 5, 'fuse-overlayfs': 10 };
  const threshold = { within: 1, peer: 'fuse-overlayfs' } as const;
  t.equal(met(threshold, { durability: 'volatile' }, figures), true);
  t.equal(met(threshold, {}, figures), false);
});

t.test('a verdict stands with the driver it is on, whoever comes first', async (t) => {
  const thresholds = [
    { within: 3, peer: 'overlay' },
    { within: 3, peer: 'fuse-overlayfs' },
  ] as const;
  const outcomes = outcomesOf({ overlay: 1, strata: 2, 'strata-volatile': 3, 'fuse-overlayfs': 1 });
  const judge = (durability?: 'volatile'): string[] => {
    const workload = makeWorkload({ thresholds, ...(durability === undefined ? {} : { durability }) });
    return judgeAll(workload, outcomes, someDrivers).map(({ driver }) => driver);
  };
  t.same(judge(), ['strata', 'strata']);
  t.same(judge('volatile'), ['strata', 'strata-volatile']);
  const verdicts = [{ text: 'said', met: true, driver: 'strata' }];
  const work = { name: 'walk', group: 'group', unit: 'ms', outcomes } as const;
  const told = (one: WorkloadResult): string =>
    benchText(benchRun({ workloads: [one], series: [], means: [] }));
  t.match(told({ ...work, verdicts }), /^ +strata .* met: said$/m);
  t.match(told({ ...work, verdicts: [{ text: 'said', met: true }] }), /^walk +overlay .* met: said$/m);
});

t.test('three digits count', async (t) => {
  const cases = [
    [999.4, '999'],
    [999.7, '1000'],
    [1234.5, '1235'],
    [1.005, '1.00'],
    [0.01234, '0.0123'],
  ] as const;
  for (const [value, text] of cases) t.equal(rounded(value), text);
});
