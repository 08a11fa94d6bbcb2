import t from 'tap';
import { compareRuns } from '../../src/bench/compare.ts';
import type { BenchRun } from '../../src/bench/results.ts';
import { outcomesOf } from './fixtures/drivers.ts';

function runOf(
  fixtures: string,
  workloads: Readonly<Record<string, Readonly<Record<string, number>>>>,
): BenchRun {
  return {
    ...{ format: 1, date: '2026-01-01T00:00:00.000Z', version: '1', fixtures, rounds: 1, quick: false },
    machine: { cpu: '', cpus: 1, memoryMiB: 1, kernel: '', node: '', virtualization: '', scratch: '' },
    ...{ drivers: [], series: [], means: [] },
    workloads: Object.entries(workloads).map(([name, figures]) => ({
      ...{ name, group: 'group', unit: 'ms', verdicts: [] },
      outcomes: outcomesOf(figures),
    })),
  };
}

t.test('what both runs have is compared', async (t) => {
  const before = runOf('a', { walk: { strata: 10, overlay: 5 }, gone: { strata: 1 } });
  const now = runOf('a', { walk: { strata: 12, plain: 1 }, fresh: { strata: 1 } });
  t.same(compareRuns(before, now), [{ workload: 'walk', driver: 'strata', unit: 'ms', before: 10, now: 12 }]);
});

t.test('sizes of series are compared, too', async (t) => {
  const grown = (figures: Readonly<Record<number, number>>): BenchRun => ({
    ...runOf('a', {}),
    series: [
      {
        ...{ name: 'listing', title: '', xTitle: '', unit: 'ms' },
        points: Object.entries(figures).map(([x, strata]) => ({
          x: Number(x),
          outcomes: outcomesOf({ strata }),
        })),
      },
    ],
  });
  t.same(compareRuns(grown({ 1: 2, 10: 4 }), grown({ 10: 5, 100: 6 })), [
    { workload: 'listing at 10', driver: 'strata', unit: 'ms', before: 4, now: 5 },
  ]);
});

t.test('a quick run is not compared with a whole one, though both worked on the same files', async (t) => {
  const [whole, quick] = [runOf('a', {}), { ...runOf('a', {}), quick: true }];
  for (const [earlier, now] of [
    [whole, quick],
    [quick, whole],
  ] as const) {
    t.throws(() => compareRuns(earlier, now), { name: 'UserError', code: 'other-scale' });
  }
  t.same(compareRuns(quick, quick), []);
});

t.test('runs over other files are not', async (t) => {
  t.throws(() => compareRuns(runOf('a', {}), runOf('b', {})), { name: 'UserError', code: 'other-fixtures' });
});
