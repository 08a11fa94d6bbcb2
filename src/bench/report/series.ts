/**
 * Charts of one workload over a growing size: a line through the medians of each driver, and a bar from the least to
 * the greatest figure. Both axes are logarithmic, so that a straight line is a power of the size, and a level one
 * does not depend on it. A line does not cross a size at which a driver has no figure.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { BenchRun, SeriesResult } from '../results.ts';
import { figure, spread } from '../statistics.ts';
import type { Unit } from '../workload.ts';
import { chartBase, driverScales, type Chart, type Frame, type Ink } from './chart.ts';
import { logAxis, spaced } from './log-axis.ts';
import { countText, figureText, sizeText } from './number-text.ts';

export interface Dot {
  readonly driver: string;
  /** Dots of one driver with the same part are joined. */
  readonly part: number;
  readonly x: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** A chart for each series, in the order of the run. */
export function seriesCharts(run: BenchRun, ink: Ink, width: number): Chart[] {
  const drivers = [...ink.drivers.keys()];
  const measured = run.series.filter(({ leftOut }) => leftOut === undefined);
  return measured.map((series) => {
    const dots = drivers.flatMap((driver) => dotsOf(series, driver));
    return {
      title: series.title,
      summary: summary(series, drivers, dots),
      notes: notes(series),
      spec: dots.length === 0 ? undefined : seriesSpec(series, dots, ink, width),
    };
  });
}

/** What can be drawn for `driver`: on a logarithmic axis that is what is greater than 0. */
export function dotsOf(series: SeriesResult, driver: string): Dot[] {
  const dots: Dot[] = [];
  let part = 0;
  for (const { x, outcomes } of series.points.toSorted((a, b) => a.x - b.x)) {
    const outcome = outcomes[driver];
    const median = figure(outcome);
    if (x <= 0 || median === undefined || median <= 0) {
      part++;
      continue;
    }
    const { min, max } = spread(outcome?.figures ?? []) ?? { min: median, max: median };
    dots.push({ driver, part, x, median, min: min > 0 ? min : median, max });
  }
  return dots;
}

/** How sizes are written: those whose title says that they are bytes as KiB, MiB, ... */
export function xText(series: SeriesResult, x: number): string {
  return /\bbytes\b/i.test(series.xTitle) ? sizeText(x) : countText(x);
}

const unitTitles = {
  ms: 'milliseconds',
  MB: 'megabytes',
  'MiB/s': 'MiB/s (more is better)',
  IOPS: 'operations per second (more is better)',
} as const satisfies Record<Unit, string>;

function seriesSpec(series: SeriesResult, dots: readonly Dot[], ink: Ink, width: number): TopLevelSpec {
  const frame = { width, height: 340, left: 72, right: 28, top: 32, bottom: 40 };
  const { color, shape } = driverScales(ink, 'none');
  const median = { field: 'median', type: 'quantitative' } as const;
  return {
    ...chartBase(ink, frame),
    // What is drawn last lies on top: the first driver.
    data: { values: dots.toReversed() },
    encoding: { x: sizeChannel(series, dots, frame), color },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 1.5, opacity: 0.5 },
        encoding: { y: { field: 'min', type: 'quantitative' }, y2: { field: 'max' } },
      },
      {
        mark: { type: 'line', strokeWidth: 1.75 },
        encoding: { y: median, detail: { field: 'part' } },
      },
      {
        mark: { type: 'point', filled: true, size: 56, opacity: 1, stroke: ink.paper, strokeWidth: 0.75 },
        encoding: { shape, y: { ...median, ...figureAxis(series, dots, frame) } },
      },
    ],
  };
}

function sizeChannel(series: SeriesResult, dots: readonly Dot[], { width, left, right }: Frame) {
  const xs = [...new Set(dots.map(({ x }) => x))].sort((a, b) => a - b);
  const [least, most] = [xs[0] as number, xs.at(-1) as number];
  const domain: [number, number] = least === most ? [least / 2, most * 2] : [least, most];
  const labelled = spaced(xs, { domain }, { width: width - left - right, gap: 58 });
  const texts = Object.fromEntries(labelled.map((x) => [String(x), xText(series, x)]));
  return {
    field: 'x',
    type: 'quantitative' as const,
    title: series.xTitle,
    scale: { type: 'log' as const, domain, nice: false, padding: 12 },
    axis: {
      values: labelled,
      // The texts are made of numbers, so that nothing but numbers gets into the expression.
      labelExpr: `${JSON.stringify(texts)}[toString(datum.value)]`,
      grid: false,
      labelFlush: false,
    },
  };
}

/** Its title lies above, not turned: there it has room whatever the labels are. */
function figureAxis(series: SeriesResult, dots: readonly Dot[], { left }: Frame) {
  const { domain, ticks } = logAxis(dots.flatMap(({ min, max }) => [min, max]));
  return {
    title: unitTitles[series.unit],
    scale: { type: 'log' as const, domain: [...domain], nice: false },
    axis: {
      ...{ values: [...ticks], format: ',~r', domain: false, tickSize: 0, labelPadding: 8 },
      ...{ titleAngle: 0, titleAlign: 'left' as const, titleBaseline: 'bottom' as const },
      ...{ titleX: 8 - left, titleY: -14 },
    },
  };
}

function summary(series: SeriesResult, drivers: readonly string[], dots: readonly Dot[]): string {
  const texts = drivers.flatMap((driver) => {
    const own = dots.filter((dot) => dot.driver === driver);
    const [first, last] = [own[0], own.at(-1)];
    if (first === undefined || last === undefined) return [];
    const from = `${figureText(first.median)} ${series.unit} at ${xText(series, first.x)}`;
    return [`${driver}: ${from}, ${figureText(last.median)} ${series.unit} at ${xText(series, last.x)}.`];
  });
  return [`${series.title}: ${series.unit} against ${series.xTitle}.`, ...texts].join(' ');
}

function notes(series: SeriesResult): string[] {
  return series.points.flatMap(({ x, outcomes }) =>
    Object.entries(outcomes)
      .filter(([, { errors }]) => errors.length > 0)
      .map(
        ([driver, { errors }]) =>
          `${driver} failed at ${xText(series, x)} and is not drawn there: ${errors[0] as string}`,
      ),
  );
}
