import t from 'tap';
import { reportHtml } from '../../src/bench/report/html.ts';
import { html } from '../../src/bench/report/markup.ts';
import { ratioPicture } from '../../src/bench/report/picture.ts';
import type { BenchRun } from '../../src/bench/results.ts';
import { benchText } from '../../src/cli/bench-table.ts';
import { benchRun } from './fixtures/bench-run.ts';
import { outcomesOf } from './fixtures/drivers.ts';

const hostile = `<script>alert("1")</script>'&"><img src=x onerror=y>`;

t.test('what is put into markup is text', async (t) => {
  t.equal(
    html`<p title="${'"'}">${'<b>'}${html`<i>${'&'}</i>`}${[1, html`<u></u>`]}${undefined}</p>`.markup,
    '<p title="&quot;">&lt;b&gt;<i>&amp;</i>1<u></u></p>',
  );
});

t.test('the library that draws has nothing to complain of', async (t) => {
  const complaints = [t.capture(console, 'warn'), t.capture(console, 'error'), t.capture(console, 'log')];
  for (const run of strangeRuns()) {
    await reportHtml(run);
    await ratioPicture(run);
  }
  t.same(
    complaints.flatMap((capture) => capture().map(({ args }) => String(args[0]))),
    [],
  );
});

t.test('a report stands alone and can be read aloud', async (t) => {
  const text = await reportHtml(benchRun());
  t.notMatch(text, /<script|<iframe|<object|url\(|@import|javascript:/);
  t.same(links(text), [], 'nothing is linked');
  const heads = text.match(/<th[ >][^>]*/g) ?? [];
  t.ok(heads.length > 100);
  t.same(
    heads.filter((head) => !/ scope="(col|row|rowgroup)"/.test(head)),
    [],
    'every head says of what',
  );
  const images = text.match(/role="img"[^>]*aria-label="[^"]{20,}"/g) ?? [];
  t.equal(images.length, 11, 'every chart has words');
  t.notMatch(text, /\b(NaN|Infinity|undefined|null)\b/);
});

t.test('failures, thresholds and what is missing are in plain sight', async (t) => {
  const text = words(await reportHtml(benchRun()));
  for (const part of [
    'Failed trials: 2',
    'git-commit on fuse-overlayfs: git commit -q: exit 128: fatal: unable to write new_index file',
    'directory at 50,000 on fuse-overlayfs: find: exit 1: Cannot allocate memory',
    'Thresholds: 20 of 22 met',
    'absent-first ✗ missed: strata: 3.4 times overlay (at most 3)',
    'unionfs-fuse: not installed (to have it: apt-get install unionfs-fuse)',
    'podman-build: podman is not installed (to have it: apt-get install podman)',
    'On average strata costs 1.61× what overlay costs, and 0.35× what fuse-overlayfs costs.',
    'AMD EPYC 7R13 Processor',
    'metacopy=on,redirect_dir=on,index=on,xino=on',
    '6.18.5',
  ]) {
    t.ok(text.includes(part), part);
  }
});

t.test('every figure is in the tables', async (t) => {
  const text = words(await reportHtml(benchRun()));
  t.match(
    text,
    'find-cold ms ✓ met: strata: 2.1 times overlay (at most 3) strata 177 170 to 196 2.10× 0.33×',
  );
  t.match(text, 'read-random-4k IOPS');
  t.match(text, 'overlay 1,120,000 1,075,200 to 1,243,200 1.00× 0.90×');
  t.match(
    text,
    'fuse-overlayfs 2,306 2,181 to 2,522 – – fuse-overlayfs, a failed trial: git commit',
    'no ratio of a failed one',
  );
  t.match(text, 'size of the file (bytes): 4 GiB ms');
});

t.test('no ratio stands between drivers that promise different things about copies', async (t) => {
  const outcomes = outcomesOf({ strata: 20, 'strata-volatile': 8, overlay: 10, 'fuse-overlayfs': 4 });
  const append = { name: 'append', group: 'copies', unit: 'ms', outcomes, verdicts: [] } as const;
  const copyUp = {
    name: 'copy-up',
    title: 'Copies',
    xTitle: 'bytes',
    unit: 'ms',
    points: [{ x: 1, outcomes }],
  } as const;
  const run = benchRun({
    workloads: [{ ...append, durability: 'default' }],
    series: [{ ...copyUp, withVolatile: true }],
  });
  const text = words(await reportHtml(run));
  t.match(text, 'append ms strata 20.0 20.0 to 20.0 2.00× – strata-volatile 8.00 8.00 to 8.00 – –');
  t.match(text, 'fuse-overlayfs 4.00 4.00 to 4.00 – –');
  t.match(text, '1 B ms strata 20.0 20.0 to 20.0 2.00× – strata-volatile 8.00 8.00 to 8.00 – 2.00×');
  const printed = benchText(run);
  t.match(printed, /^append +strata +20\.0 +ms +20\.0 \.\. 20\.0 +2\.00 +-$/m);
  t.match(printed, /^ +fuse-overlayfs +4\.00 +ms +4\.00 \.\. 4\.00 +-$/m);
});

t.test('names are never markup', async (t) => {
  const text = await reportHtml(hostileRun());
  t.notMatch(text, /<script|<img/);
  t.ok(text.includes('&lt;script&gt;'));
  const picture = await ratioPicture(hostileRun());
  t.notMatch(picture, /<script|<img/);
});

t.test('a run that found out nothing still has a report', async (t) => {
  const text = words(await reportHtml(emptyRun()));
  t.match(text, 'no driver can be compared');
  t.notMatch(
    text,
    /Failed trials|Thresholds|Not measured|On average|Cost of each workload|Cost as things grow|All figures/,
  );
});

function links(text: string): string[] {
  return (text.match(/(?:href|src)="[^"]*"/g) ?? []).filter((link) => link !== 'href="data:,"');
}

/** What can be read, without tags. */
function words(text: string): string {
  const body = text.replaceAll(/<(style|svg)[^]*?<\/\1>/g, '').replaceAll(/<[^>]*>/g, ' ');
  return body.replaceAll(/\s+/g, ' ').replaceAll(/ ([.,])/g, '$1');
}

function emptyRun(): BenchRun {
  return benchRun({ drivers: [], workloads: [], series: [], means: [] });
}

/** Wherever a run has text, text that would do harm as markup. */
function hostileRun(): BenchRun {
  const spoiled = JSON.parse(JSON.stringify(benchRun()), (key, value: unknown) =>
    typeof value === 'string' && !['unit', 'date'].includes(key) ? value + hostile : value,
  ) as BenchRun;
  const rename = (outcomes: BenchRun['workloads'][number]['outcomes']) =>
    Object.fromEntries(Object.entries(outcomes).map(([name, outcome]) => [name + hostile, outcome]));
  return {
    ...spoiled,
    workloads: spoiled.workloads.map((workload) => ({ ...workload, outcomes: rename(workload.outcomes) })),
    series: spoiled.series.map((series) => ({
      ...series,
      points: series.points.map(({ x, outcomes }) => ({ x, outcomes: rename(outcomes) })),
    })),
  };
}

function strangeRuns(): BenchRun[] {
  const run = benchRun();
  const bare = { series: [], means: [] };
  const only = (count: number) =>
    run.series.map((series) => ({ ...series, points: series.points.slice(0, count) }));
  return [
    run,
    emptyRun(),
    hostileRun(),
    benchRun({ series: only(0) }),
    benchRun({ series: only(1), workloads: run.workloads.slice(0, 1), quick: true, rounds: 1 }),
    benchRun({ ...bare, drivers: run.drivers.filter(({ name }) => name !== 'overlay') }),
    benchRun({ ...bare, drivers: run.drivers.slice(0, 1) }),
  ];
}
