import t from 'tap';
import { pageInk, plainInk } from '../../src/bench/report/chart.ts';
import { driverStyles } from '../../src/bench/report/driver-style.ts';
import { pictureRows } from '../../src/bench/report/picture.ts';
import { place } from '../../src/bench/report/ratio-spec.ts';
import { ratioCharts, workloadRow } from '../../src/bench/report/ratios.ts';
import { dotsOf, seriesCharts, xText } from '../../src/bench/report/series.ts';
import type { BenchRun, Outcome, SeriesResult, WorkloadResult } from '../../src/bench/results.ts';
import { benchRun } from './fixtures/bench-run.ts';

const ok = (...figures: number[]): Outcome => ({ figures, errors: [] });
const failed = (...figures: number[]): Outcome => ({ figures, errors: ['exit 1: no space'] });

function workload(
  outcomes: WorkloadResult['outcomes'],
  changes: Partial<WorkloadResult> = {},
): WorkloadResult {
  return { name: 'find', group: 'walk', unit: 'ms', outcomes, verdicts: [], ...changes };
}

function series(points: SeriesResult['points'], xTitle = 'layers'): SeriesResult {
  return { name: 'layers', title: 'Layers', xTitle, unit: 'ms', points };
}

function inkOf(run: BenchRun) {
  return pageInk(driverStyles(run));
}

t.test('a workload relative to overlay', async (t) => {
  const cases: readonly [string, WorkloadResult, string | undefined, Record<string, number>][] = [
    ['medians', workload({ strata: ok(30, 10, 20), overlay: ok(10) }), 'overlay', { strata: 2, overlay: 1 }],
    [
      'a rate: half as much costs twice',
      workload({ strata: ok(50), overlay: ok(100) }, { unit: 'IOPS' }),
      'overlay',
      { strata: 2, overlay: 1 },
    ],
    [
      'a driver that failed once has no mark',
      workload({ strata: ok(5), overlay: ok(10), plain: failed(1, 1) }),
      'overlay',
      { strata: 0.5, overlay: 1 },
    ],
    [
      'without overlay the first that has a figure counts',
      workload({ plain: ok(4), 'fuse-overlayfs': ok(8), overlay: failed(1), strata: failed() }),
      'fuse-overlayfs',
      { 'fuse-overlayfs': 1, plain: 0.5 },
    ],
    ['a figure of 0 has no place', workload({ strata: ok(0), overlay: ok(10) }), 'overlay', { overlay: 1 }],
    ['an overlay of 0 is no measure', workload({ strata: ok(2), overlay: ok(0) }), 'strata', { strata: 1 }],
    ['nothing', workload({}), undefined, {}],
  ];
  for (const [name, result, reference, ratios] of cases) {
    const row = workloadRow(benchRun(), result);
    t.equal(row.reference, reference, `${name}: reference`);
    t.same(Object.fromEntries(row.marks.map(({ driver, ratio }) => [driver, ratio])), ratios, name);
  }
});

t.test('where copies are synced, who does not sync them is not drawn', async (t) => {
  const outcomes = { strata: ok(20), plain: ok(1), overlay: ok(10), 'fuse-overlayfs': ok(2) };
  const run = benchRun({
    workloads: [
      workload(outcomes, { name: 'append', durability: 'default' }),
      workload(
        { 'strata-volatile': ok(4), 'fuse-overlayfs': ok(2) },
        { name: 'append-v', durability: 'volatile' },
      ),
      workload({ plain: ok(1) }, { name: 'alone', durability: 'default' }),
    ],
  });
  const [synced, unsynced, alone] = run.workloads.map((one) => workloadRow(run, one));
  t.same(synced?.marks, [
    { driver: 'strata', ratio: 2 },
    { driver: 'overlay', ratio: 1 },
  ]);
  t.same(unsynced?.marks, [
    { driver: 'strata-volatile', ratio: 1 },
    { driver: 'fuse-overlayfs', ratio: 0.5 },
  ]);
  t.same(alone?.marks, []);
  t.same(ratioCharts(run, inkOf(run), 600)[0]?.notes, [
    'append, whose copies are synced, is without fuse-overlayfs, plain',
    '† append-v: relative to strata-volatile; overlay has no figure',
    'alone, whose copies are synced, is without plain',
  ]);
});

t.test('ratios beyond the axis stand at its edge', async (t) => {
  t.match(place({ driver: 'strata', ratio: 2 }), { at: 2, side: 'inside' });
  t.match(place({ driver: 'strata', ratio: 1350 }), { at: 20, side: 'high', text: '1,350×' });
  t.match(place({ driver: 'strata', ratio: 0.002 }), { at: 0.05, side: 'low', text: '0.0020×' });
});

t.test('charts of ratios', async (t) => {
  const run = benchRun({
    workloads: [
      workload({ strata: ok(20), overlay: ok(10) }),
      workload({ strata: ok(20), overlay: failed() }, { name: 'ls' }),
      workload(
        {},
        {
          name: 'podman',
          group: 'programs',
          leftOut: { why: 'not installed', install: 'apt-get install podman' },
        },
      ),
      workload({ strata: failed(), overlay: failed() }, { name: 'untar', group: 'files' }),
      workload({}, { name: 'nothing', group: 'files' }),
    ],
  });
  const charts = ratioCharts(run, inkOf(run), 600);
  t.same(
    charts.map(({ title }) => title),
    ['walk', 'programs', 'files'],
  );
  t.same(
    charts.map(({ spec }) => spec !== undefined),
    [true, false, false],
    'what has no figure is not drawn',
  );
  t.same(
    charts.map(({ notes }) => notes),
    [
      [
        'overlay failed at ls and is not drawn there: exit 1: no space',
        '† ls: relative to strata; overlay has no figure',
      ],
      ['podman: not measured: not installed (to have it: apt-get install podman)'],
      [
        'strata failed at untar and is not drawn there: exit 1: no space',
        'overlay failed at untar and is not drawn there: exit 1: no space',
        'nothing: no figure',
      ],
    ],
  );
  t.match(charts[0]?.summary, 'find: strata 2.00×, overlay 1.00×.');
});

t.test('dots of a series', async (t) => {
  const at = (x: number, outcome?: Outcome) => ({
    x,
    outcomes: outcome === undefined ? {} : { strata: outcome },
  });
  const parts = (points: SeriesResult['points']) =>
    dotsOf(series(points), 'strata').map(({ x, part }) => [x, part]);
  t.same(parts([]), []);
  t.same(parts([at(1, ok(2))]), [[1, 0]]);
  t.same(
    parts([at(4, ok(2)), at(1, ok(2)), at(2, ok(2))]).map(([x]) => x),
    [1, 2, 4],
    'in the order of sizes',
  );
  for (const hole of [at(2), at(2, failed(1)), at(2, ok(0)), at(2, ok())]) {
    t.same(
      parts([at(1, ok(2)), hole, at(4, ok(2)), at(8, ok(2))]),
      [
        [1, 0],
        [4, 1],
        [8, 1],
      ],
      'no line over a hole',
    );
  }
  t.same(
    parts([at(0, ok(2)), at(1, ok(2))]).map(([x]) => x),
    [1],
    'a logarithm has no 0',
  );
  t.match(dotsOf(series([at(1, ok(3, 1, 2))]), 'strata'), [{ median: 2, min: 1, max: 3 }]);
  t.match(dotsOf(series([at(1, ok(3, 0, 2))]), 'strata'), [{ median: 2, min: 2, max: 3 }]);
});

t.test('charts of series', async (t) => {
  const run = benchRun({
    series: [
      series([]),
      series([{ x: 1, outcomes: { strata: ok(1) } }]),
      series([{ x: 4096, outcomes: { strata: ok(1), overlay: failed() } }], 'size (bytes)'),
    ],
  });
  const charts = seriesCharts(run, inkOf(run), 600);
  t.same(
    charts.map(({ spec }) => spec !== undefined),
    [false, true, true],
  );
  t.same(charts[2]?.notes, ['overlay failed at 4 KiB and is not drawn there: exit 1: no space']);
  t.match(charts[2]?.summary, 'strata: 1.00 ms at 4 KiB');
  t.equal(xText(series([], 'entries'), 4096), '4,096');
});

t.test('rows of the picture', async (t) => {
  const run = benchRun();
  const ink = plainInk(
    new Map([...driverStyles(run)].filter(([name]) => !name.startsWith('strata-') && name !== 'plain')),
  );
  const rows = pictureRows(run, ink);
  t.same(
    rows.map(({ label }) => label),
    [
      'geometric mean',
      'ls-recursive-stat',
      'absent-first',
      'read-sequential',
      'write-random-4k',
      'big-rename',
      'untar',
    ],
    'the means, and of each group the one in the middle',
  );
  t.same(rows[0]?.marks, [
    { driver: 'strata', ratio: 1.61 },
    { driver: 'fuse-overlayfs', ratio: 4.05 },
    { driver: 'overlay', ratio: 1 },
  ]);
  t.same(pictureRows(benchRun({ means: [], workloads: [] }), ink), []);
});
