import t from 'tap';
import { judgeAims } from '../../src/bench/aims.ts';
import { placeReport, reportMarkdown } from '../../src/bench/report/markdown.ts';
import type { BenchRun, WorkloadResult } from '../../src/bench/results.ts';
import { benchRun } from './fixtures/bench-run.ts';
import { benchText } from '../../src/cli/bench-table.ts';
import { outcomesOf } from './fixtures/drivers.ts';

/** Work of group `metadata` unless told, with a figure for each driver. */
function work(
  name: string,
  figures: Readonly<Record<string, number>>,
  more: Partial<WorkloadResult> = {},
): WorkloadResult {
  return { name, group: 'metadata', unit: 'ms', outcomes: outcomesOf(figures), verdicts: [], ...more };
}

function series(
  name: string,
  points: Readonly<Record<number, Record<string, number>>>,
): BenchRun['series'][number] {
  return {
    ...{ name, title: 'What grows', xTitle: 'things', unit: 'ms' },
    points: Object.entries(points).map(([x, figures]) => ({ x: Number(x), outcomes: outcomesOf(figures) })),
  };
}

const run = benchRun({
  rounds: 1,
  workloads: [
    work('walk', { strata: 611.4, overlay: 269, 'fuse-overlayfs': 1593 }),
    work('rate', { strata: 200, overlay: 400, 'fuse-overlayfs': 100 }, { unit: 'MiB/s', group: 'reading' }),
    work(
      'copy',
      { strata: 30, overlay: 9.96, 'fuse-overlayfs': 1 },
      { durability: 'default', group: 'reading' },
    ),
    work(
      'copy-v',
      { 'strata-volatile': 2, 'fuse-overlayfs': 1 },
      { durability: 'volatile', group: 'reading' },
    ),
    work('mount', { strata: 50, overlay: 1, plain: 7 }, { group: 'mount' }),
  ],
  series: [
    series('layers-again', { 4: { strata: 40 }, 128: { strata: 60 } }),
    series('listing', { 200000: { strata: 401, overlay: 200 } }),
  ],
  means: [
    { driver: 'strata', peer: 'overlay', workloads: 3, ratio: 1.3 },
    { driver: 'strata', peer: 'fuse-overlayfs', workloads: 3, ratio: 0.41 },
  ],
});

const report = reportMarkdown(run, 'picture.svg');

t.test('a table for each group, with costs at equal durability', async (t) => {
  for (const line of [
    '| workload | unit | strata | overlay | fuse-overlayfs | to overlay | to fuse-overlayfs |',
    '|---|---|---:|---:|---:|---:|---:|',
    '| walk | ms | 611 | 269 | 1593 | 2.27 | 0.38 |',
    '| rate | MiB/s | 200 | 400 | 100 | 2.00 | 0.50 |',
    '| copy | ms | 30.0 | 9.96 | 1.00 | 3.01 | - |',
    '| copy-v | ms | 2.00 | - | 1.00 | - | 2.00 |',
    '### Metadata',
  ]) {
    t.ok(report.split('\n').includes(line), line);
  }
  t.match(
    report,
    /a virtual machine with 2 processors \(AMD .*\), 24 GiB, Linux 6\.18\.5, Node 20\.20\.2, ext4/,
  );
  t.match(report, /^2026-11-26, beside fuse-overlayfs 1\.10 and .* Medians of one round\./m);
  t.match(report, "![cost relative to the kernel's overlayfs](picture.svg)");
  t.notMatch(reportMarkdown(run), '![');
});

t.test('all drivers stand where mounts are compared, three in the curves', async (t) => {
  t.match(
    report,
    '| workload | strata | overlay | plain |\n|---|---:|---:|---:|\n| mount | 50.0 | 1.00 | 7.00 |',
  );
  t.match(report, '| things | strata |\n|---:|---:|\n| 4 | 40.0 |\n| 128 | 60.0 |');
  t.match(report, '| 200000 | 401 | 200 |');
});

t.test('aims are met at their limits and missed beyond', async (t) => {
  t.same(
    judgeAims(run).map(({ found: { met, text } }) => [met, text]),
    [
      [true, '0.410'],
      [false, '1.30'],
      [false, 'by copy-v (2.00)'],
      [false, 'by copy (3.01)'],
      [true, '1.50'],
      [false, '2.00'],
    ],
  );
  t.match(report, '| no workload slower than 3 times overlayfs | **missed**: by copy (3.01) |');
  t.match(report, '| a lookup in 128 layers at most 1.5 times that in 4, after the first use | met: 1.50 |');
  const within = { ...run, workloads: run.workloads.filter(({ name }) => name === 'walk') };
  t.same(judgeAims(within)[3]?.found, { met: true, text: 'at most walk (2.27)' });
  t.same(
    judgeAims({ ...run, workloads: [], series: [], means: [] }),
    [],
    'of nothing there is nothing to say',
  );
});

t.test('where ours failed, an aim is missed and the workload named', async (t) => {
  const failed = { figures: [1], errors: ['made to fail'] };
  const spoil = (spoiled: WorkloadResult, driver: string): WorkloadResult => ({
    ...spoiled,
    outcomes: { ...spoiled.outcomes, [driver]: failed },
  });
  const workloads = [
    work('walk', { strata: 1, overlay: 1, 'fuse-overlayfs': 1 }),
    spoil(work('breaks', { overlay: 1, 'fuse-overlayfs': 1 }), 'strata'),
    spoil(
      work('breaks-v', { 'strata-volatile': 1, 'fuse-overlayfs': 1 }, { durability: 'volatile' }),
      'strata-volatile',
    ),
    spoil(work('theirs', { strata: 1, 'fuse-overlayfs': 1 }), 'overlay'),
    spoil(work('mount', { overlay: 1 }, { group: 'mount' }), 'strata'),
  ];
  const mean = { driver: 'strata', peer: 'overlay', workloads: 1, ratio: 1 };
  const grown = [
    { ...series('layers-again', {}), points: [{ x: 128, outcomes: { strata: failed } }] },
    { ...series('listing', {}), points: [{ x: 200_000, outcomes: { strata: failed } }] },
  ];
  const texts = judgeAims(benchRun({ workloads, means: [mean], series: grown })).map(
    ({ found: { met, text } }) => [met, text],
  );
  t.same(texts, [
    [false, 'failed at breaks, breaks-v'],
    [false, '1.00, without theirs, which overlay failed; failed at breaks'],
    [false, 'at most walk (1.00); failed at breaks, breaks-v'],
    [false, 'at most walk (1.00); failed at breaks'],
    [false, 'failed'],
    [false, 'failed'],
  ]);
});

t.test('what failed or was left out is named', async (t) => {
  const failing = work('walk', { strata: 1 });
  const outcomes = { ...failing.outcomes, overlay: { figures: [1], errors: ['made\nto fail'] } };
  const cold = { ...series('listing', {}), leftOut: { why: 'only root may drop caches' } };
  const run = benchRun({ workloads: [{ ...failing, outcomes }], series: [cold] });
  const text = reportMarkdown(run);
  t.match(text, '- listing: only root may drop caches');
  t.match(benchText(run), /^left out: series listing: only root may drop caches$/m);
  t.match(text, '| walk | ms | 1.00 | failed | - | - | - |');
  t.match(text, '- walk on overlay: made to fail');
  t.match(text, '- unionfs-fuse: not installed (to have it: apt-get install unionfs-fuse)');
});

t.test('words around the marks stay', async (t) => {
  const page = placeReport(run, '');
  t.match(page, /^# How fast it was\n\n<!-- figures -->\n\nMeasured/);
  const own = page.replace('# How fast it was', '# Ours').concat('\nWhy that is so.\n');
  const later = placeReport({ ...run, date: '2027-01-02T00:00:00.000Z' }, own);
  t.match(later, /^# Ours\n\n<!-- figures -->/);
  t.match(later, /\nWhy that is so\.\n$/);
  t.match(later, '2027-01-02');
  t.notMatch(later, '2026-11-26');
  t.equal(placeReport(run, later), own, 'and nothing is added');
});
