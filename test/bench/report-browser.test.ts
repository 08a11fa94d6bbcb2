/**
 * Looks at the report in a real browser: charts have drawn with all their marks, no text is cut off or lies on another,
 * nothing is wider than the screen, and nothing is asked of the network.
 */
import t from 'tap';
import { reportHtml } from '../../src/bench/report/html.ts';
import { ratioPicture } from '../../src/bench/report/picture.ts';
import type { BenchRun, Outcome } from '../../src/bench/results.ts';
import { needs } from '../fixtures/needs.ts';
import { benchRun } from './fixtures/bench-run.ts';
import { openBrowser } from './fixtures/browser.ts';

interface Drawn {
  readonly width: number;
  readonly height: number;
  /** Marks that cover something. */
  readonly marks: number;
  readonly lines: number;
  readonly labels: number;
  /** Text that leaves the chart. */
  readonly cut: readonly string[];
  /** Axis labels that lie on the one before. */
  readonly collisions: readonly string[];
  readonly color: string;
}

interface Seen {
  readonly charts: readonly Drawn[];
  readonly viewport: number;
  readonly pageWidth: number;
  /** What reaches out of the screen and is not in a box that scrolls. */
  readonly wide: readonly string[];
  readonly legendColor: string;
}

const look = `(() => {
  const box = (element) => element.getBoundingClientRect();
  const all = (root, selector) => [...root.querySelectorAll(selector)];
  const inside = (inner, outer) =>
    inner.left >= outer.left - 1 && inner.right <= outer.right + 1 && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const chart = (svg) => {
    const marks = all(svg, '.mark-symbol.role-mark path').filter((mark) => box(mark).width > 3 && getComputedStyle(mark).fill !== 'none');
    const labels = all(svg, '.role-axis-label text').filter((label) => label.textContent !== '');
    return {
      width: box(svg).width,
      height: box(svg).height,
      marks: marks.length,
      lines: all(svg, '.mark-line.role-mark path').filter((line) => box(line).width > 3).length,
      labels: labels.length,
      cut: all(svg, 'text').filter((text) => !inside(box(text), box(svg))).map((text) => text.textContent),
      collisions: labels.filter((label, i) => i > 0 && meet(box(labels[i - 1]), box(label))).map((label) => label.textContent),
      color: marks.length === 0 ? '' : getComputedStyle(marks[0]).fill,
    };
  };
  const screen = document.documentElement.clientWidth;
  const legendMark = document.querySelector('.legend path');
  return {
    charts: all(document, 'svg.marks').map(chart),
    viewport: window.innerWidth,
    pageWidth: document.documentElement.scrollWidth,
    wide: all(document, 'body *').filter((element) => box(element).right > screen + 1 && element.closest('.scroll') === null).map((element) => element.outerHTML.slice(0, 80)),
    legendColor: legendMark === null ? '' : getComputedStyle(legendMark).fill,
  };
})()`;

t.test('the report has drawn', needs('program:chromium'), async (t) => {
  const browser = await openBrowser(t);
  const run = benchRun();
  const text = await reportHtml(run);
  const expected = expectedMarks(run);
  for (const width of [360, 1280, 1600]) {
    for (const scheme of ['light', 'dark'] as const) {
      const page = await browser.load(text, 'report.html', { width, scheme });
      const seen = (await page.evaluate(look)) as Seen;
      t.test(`${String(width)} pixels, ${scheme}`, async (t) => {
        t.equal(seen.viewport, width, 'the page is laid out for this width');
        t.equal(seen.pageWidth, width, 'and is no wider');
        t.same(seen.wide, []);
        t.same(
          seen.charts.map(({ marks }) => marks),
          expected,
          'each chart has its marks',
        );
        for (const [i, chart] of seen.charts.entries()) {
          t.ok(chart.width >= 440 && chart.height >= 120, `chart ${String(i)} can be read`);
          t.ok(chart.labels >= 6, `chart ${String(i)} has labels on its axes`);
          t.same(chart.cut, [], `no text of chart ${String(i)} is cut off`);
          t.same(chart.collisions, [], `no label of chart ${String(i)} lies on another`);
        }
        t.equal(seen.legendColor, scheme === 'light' ? 'rgb(44, 82, 198)' : 'rgb(87, 140, 253)');
        t.equal(seen.charts[0]?.color, seen.legendColor, 'a mark has the colour of its legend');
        t.same(page.requests, [], 'nothing is asked of the network');
        t.same(page.complaints, []);
      });
    }
  }
  t.test('lines of series have drawn', async (t) => {
    const page = await browser.load(text, 'report.html', { width: 1280, scheme: 'light' });
    const { charts } = (await page.evaluate(look)) as Seen;
    const lines = charts.slice(-3).map((chart) => chart.lines);
    t.same(lines, [7, 8, 7], 'one for each driver, two for the one with a hole');
  });
});

t.test('the picture has drawn', needs('program:chromium'), async (t) => {
  const browser = await openBrowser(t);
  const page = await browser.load(await ratioPicture(benchRun()), 'ratios.svg', {
    width: 840,
    scheme: 'light',
  });
  const { charts } = (await page.evaluate(look)) as Seen;
  t.equal(charts.length, 1);
  t.equal(charts[0]?.width, 800);
  t.same(charts[0]?.cut, [], 'no text is cut off');
  t.same(charts[0]?.collisions, []);
  t.equal(charts[0]?.marks, 7 * 3, 'six groups and the means, for three drivers');
  t.same(page.requests, []);
});

t.test('what the browser would find', needs('program:chromium'), async (t) => {
  const browser = await openBrowser(t);
  const page = await browser.load(
    `<!doctype html><meta name="viewport" content="width=device-width"><img src="http://127.0.0.1:9/pixel.png"><div style="width: 900px">wide</div>
    <svg class="marks" width="50" height="50"><g class="role-axis-label"><text x="40" y="20">long label</text><text x="42" y="20">and another</text></g></svg>`,
    'bad.html',
    { width: 360, scheme: 'light' },
  );
  const seen = (await page.evaluate(look)) as Seen;
  t.same(page.requests, ['http://127.0.0.1:9/pixel.png'], 'a request');
  t.ok(seen.pageWidth > 360 && seen.wide.length === 1, 'something wide');
  t.same(seen.charts[0]?.cut, ['long label', 'and another'], 'cut text');
  t.same(seen.charts[0]?.collisions, ['and another'], 'text on text');
});

/** Of each chart: drivers with figures, without a failed trial, for each workload of a group, and each size of a series. */
function expectedMarks(run: BenchRun): number[] {
  const count = (outcomes: Readonly<Record<string, Outcome>>): number =>
    Object.values(outcomes).filter(({ figures, errors }) => figures.length > 0 && errors.length === 0).length;
  const total = (list: readonly { readonly outcomes: Readonly<Record<string, Outcome>> }[]): number =>
    list.reduce((sum, { outcomes }) => sum + count(outcomes), 0);
  const groups = [...new Set(run.workloads.map(({ group }) => group))];
  return [
    ...groups.map((group) => total(run.workloads.filter((workload) => workload.group === group))),
    ...run.series.map(({ points }) => total(points)),
  ];
}
