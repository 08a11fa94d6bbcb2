import t from 'tap';
import { logAxis, spaced } from '../../src/bench/report/log-axis.ts';
import { reportHtml } from '../../src/bench/report/html.ts';
import { countText, figureText, sizeText, timesText } from '../../src/bench/report/number-text.ts';
import { roundsText } from '../../src/bench/report/rounds.ts';
import { benchRun } from './fixtures/bench-run.ts';

t.test('figures have three digits', async (t) => {
  for (const [value, text] of [
    [0, '0'],
    [0.000123456, '0.000123'],
    [0.5, '0.500'],
    [1.2345, '1.23'],
    [61, '61.0'],
    [999.4, '999'],
    [999.6, '1,000'],
    [1234.5678, '1,235'],
    [1_120_000, '1,120,000'],
  ] as const) {
    t.equal(figureText(value), text);
  }
});

t.test('ratios below 1 have two', async (t) => {
  for (const [value, text] of [
    [0, '0×'],
    [0.00204, '0.0020×'],
    [0.353, '0.35×'],
    [0.994, '0.99×'],
    [0.997, '1.00×'],
    [1, '1.00×'],
    [14.84, '14.8×'],
    [1350, '1,350×'],
  ] as const) {
    t.equal(timesText(value), text);
  }
});

t.test('as many rounds as the figures come from', async (t) => {
  const work = (...figures: number[]) => ({
    ...({ name: 'walk', group: 'group', unit: 'ms', verdicts: [] } as const),
    outcomes: { strata: { figures, errors: [] }, overlay: { figures: [1], errors: ['made to fail'] } },
  });
  const bare = { rounds: 5, workloads: [work(1, 2, 3, 4, 5)], series: [] };
  const grows = {
    name: 'grows',
    title: '',
    xTitle: '',
    unit: 'ms',
    points: [{ x: 1, ...work(1, 2, 3) }],
  } as const;
  t.equal(roundsText(benchRun(bare)), '5 rounds');
  t.equal(roundsText(benchRun({ ...bare, series: [grows] })), '3 to 5 rounds');
  t.equal(roundsText(benchRun({ ...bare, workloads: [], series: [grows] })), '3 rounds');
  t.equal(roundsText(benchRun({ ...bare, workloads: [work(1, 2), work(1, 2, 3, 4, 5)] })), '2 to 5 rounds');
  t.equal(roundsText(benchRun({ ...bare, workloads: [work(1)], rounds: 1 })), 'one round');
  t.equal(roundsText(benchRun({ ...bare, workloads: [] })), '5 rounds');
  const late = await reportHtml(benchRun({ ...bare, workloads: [work(1, 2)] }));
  t.match(late, /2 rounds/);
  t.notMatch(late, /5 rounds/);
});

t.test('counts and sizes are exact', async (t) => {
  t.equal(countText(200_000), '200,000');
  t.equal(countText(0.5), '0.5');
  for (const [bytes, text] of [
    [0, '0 B'],
    [512, '512 B'],
    [4096, '4 KiB'],
    [1_572_864, '1.5 MiB'],
    [4 * 1024 ** 3, '4 GiB'],
    [2048 * 1024 ** 4, '2,048 TiB'],
  ] as const) {
    t.equal(sizeText(bytes), text);
  }
});

t.test('a logarithmic axis', async (t) => {
  for (const [values, domain, ticks] of [
    [[], [1, 10], [1, 2, 5, 10]],
    [[3], [2, 5], [2, 5]],
    [[1], [0.5, 2], [0.5, 1, 2]],
    [
      [3.1, 3.4],
      [2, 5],
      [2, 5],
    ],
    [
      [0.3, 12],
      [0.2, 20],
      [0.2, 0.5, 1, 2, 5, 10, 20],
    ],
    [
      [0.00003, 0.00004],
      [0.00002, 0.00005],
      [0.00002, 0.00005],
    ],
    [
      [0.02, 12_000],
      [0.01, 20_000],
      [0.01, 0.1, 1, 10, 100, 1000, 10_000],
    ],
    [
      [1e-6, 1e9],
      [5e-7, 2e9],
      [1e-6, 0.001, 1, 1000, 1e6, 1e9],
    ],
  ] as const) {
    const axis = logAxis(values);
    t.same(axis.domain, domain, `ends for ${JSON.stringify(values)}`);
    t.same(axis.ticks, ticks, `ticks for ${JSON.stringify(values)}`);
  }
});

t.test('labels that would touch are left out, never the last', async (t) => {
  const domain = [1, 1000] as const;
  const room = { width: 300, gap: 60 };
  t.same(spaced([1, 10, 100, 1000], { domain }, room), [1, 10, 100, 1000]);
  t.same(spaced([1, 10, 100, 500, 1000], { domain }, room), [1, 10, 100, 1000]);
  t.same(spaced([1, 2, 4, 8], { domain: [1, 8] }, { width: 100, gap: 60 }), [2, 8]);
  t.same(spaced([5], { domain: [2.5, 10] }, room), [5]);
  t.same(spaced([], { domain }, room), []);
});
