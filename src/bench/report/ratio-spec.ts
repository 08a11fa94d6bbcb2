/**
 * How ratios are drawn: a row for each thing that was measured, in it a lane for each driver with a line from 1 to
 * its ratio, so that what is cheaper grows to the left and what is dearer to the right, equally far for a half as
 * for twice. A ratio far off the others stands at the edge with its number beside it: an axis that went so far would
 * show nothing of the rest.
 */
import type { TopLevelSpec } from 'vega-lite';
import { chartBase, driverScales, type Ink } from './chart.ts';
import { logAxis, type LogAxis } from './log-axis.ts';
import { timesText } from './number-text.ts';

export interface RatioRow {
  readonly label: string;
  /** Ratios are greater than 0. */
  readonly marks: readonly RatioMark[];
}

export interface RatioMark {
  readonly driver: string;
  readonly ratio: number;
}

export interface RatioLook {
  readonly width: number;
  /** Pixels between two drivers. */
  readonly lane: number;
  /** Of the axis. */
  readonly title: string;
  /** Text above, with a legend; for a chart without a page around it. */
  readonly head?: string;
}

/** What charts have in common that are to be compared. */
export interface RatioLayout extends LogAxis, RatioLook {
  /** Whether there are ratios beyond the axis, below and above. */
  readonly beyond: { readonly low: boolean; readonly high: boolean };
}

/** The axis goes no further than this, either way. */
const furthest = 20;
/** Of a row, for the name above its lanes. */
const labelHeight = 20;
/** Room for the number beside a mark at the edge. */
const numberWidth = 40;

/** A layout in which all `rows` have room. */
export function ratioLayout(rows: readonly RatioRow[], look: RatioLook): RatioLayout {
  const ratios = rows.flatMap(({ marks }) => marks.map(({ ratio }) => ratio));
  const axis = logAxis([1, ...ratios.map(clamp)], 11);
  return {
    ...look,
    domain: [Math.max(axis.domain[0], 1 / furthest), Math.min(axis.domain[1], furthest)],
    ticks: axis.ticks.filter((tick) => clamp(tick) === tick),
    beyond: {
      low: ratios.some((ratio) => ratio < 1 / furthest),
      high: ratios.some((ratio) => ratio > furthest),
    },
  };
}

/** What of a mark is drawn where. */
export function place({ driver, ratio }: RatioMark) {
  const at = clamp(ratio);
  const side = at === ratio ? 'inside' : ratio > at ? 'high' : 'low';
  return { driver, at, side, text: timesText(ratio) } as const;
}

function clamp(ratio: number): number {
  return Math.min(furthest, Math.max(1 / furthest, ratio));
}

/** Labels of rows differ from each other. */
export function ratioSpec(rows: readonly RatioRow[], ink: Ink, layout: RatioLayout): TopLevelSpec {
  const { color, shape } = driverScales(ink, layout.head === undefined ? 'none' : 'above');
  const drivers = [...ink.drivers.keys()];
  const { low, high } = layout.beyond;
  const top = layout.head === undefined ? 4 : 72;
  const row = labelHeight + drivers.length * layout.lane + 6;
  const frame = {
    width: layout.width,
    height: rows.length * row + top + 38,
    left: low ? numberWidth + 8 : 24,
    right: high ? numberWidth + 8 : 24,
    ...{ top, bottom: 38 },
  };
  return {
    ...chartBase(ink, frame),
    ...(layout.head === undefined ? {} : { title: { text: layout.head, frame: 'group' as const } }),
    data: { values: rows.flatMap(({ label, marks }) => marks.map((mark) => ({ label, ...place(mark) }))) },
    encoding: {
      x: ratioChannel(ink, layout),
      y: {
        field: 'label',
        type: 'nominal',
        scale: { domain: rows.map(({ label }) => label), paddingInner: 0, paddingOuter: 0 },
        title: null,
        axis: {
          ...{ grid: true, tickBand: 'extent', tickSize: 0, domain: false },
          // Within the plot, above the lanes: a narrow screen has no room beside it.
          ...{ labelAlign: 'left', labelPadding: -6, labelOffset: labelHeight / 2 - row / 2 },
          // The library takes 0.8 of the font's size for the width of a character, half as much again as it is.
          labelLimit: (layout.width - frame.left - frame.right) * 1.5,
        },
      },
      yOffset: {
        field: 'driver',
        scale: { domain: drivers, range: [labelHeight, row - 6], paddingOuter: 0 },
      },
      color,
    },
    layer: [
      { mark: { type: 'rule', strokeWidth: 1.5, opacity: 0.5 }, encoding: { x2: { datum: 1 } } },
      {
        mark: { type: 'point', filled: true, size: 60, opacity: 1, stroke: ink.paper, strokeWidth: 0.75 },
        encoding: { shape },
      },
      edgeNumbers('low', { align: 'right', dx: -7 }),
      edgeNumbers('high', { align: 'left', dx: 7 }),
    ],
  };
}

function ratioChannel(ink: Ink, { domain, ticks, title }: RatioLayout) {
  return {
    field: 'at',
    type: 'quantitative' as const,
    title,
    scale: { type: 'log' as const, domain: [...domain], nice: false },
    axis: {
      values: [...ticks],
      labelExpr: "format(datum.value, ',~r') + '×'",
      labelFlush: false,
      tickSize: 0,
      gridColor: { condition: { test: 'datum.value === 1', value: ink.text }, value: ink.grid },
    },
  };
}

function edgeNumbers(side: 'low' | 'high', look: { readonly align: 'left' | 'right'; readonly dx: number }) {
  return {
    transform: [{ filter: { field: 'side', equal: side } }],
    mark: { type: 'text' as const, baseline: 'middle' as const, fontSize: 9, ...look },
    encoding: { text: { field: 'text' } },
  };
}
