/**
 * What a chart is, and the look that all charts have in common. A chart is data until `render.ts` draws it, so that
 * what stands in it can be tested without drawing. Names from a run go into its data only, never into field names
 * or expressions, which the chart library would interpret.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { DriverStyle } from './driver-style.ts';

export interface Chart {
  readonly title: string;
  /** For who hears the page instead of seeing it. */
  readonly summary: string;
  /** What is not in the chart, and why. */
  readonly notes: readonly string[];
  /** Undefined where there is nothing to draw. */
  readonly spec: TopLevelSpec | undefined;
}

/** What a chart is drawn with. */
export interface Ink {
  readonly text: string;
  readonly quiet: string;
  readonly grid: string;
  /** Around marks, so that one on another can still be seen. */
  readonly paper: string;
  readonly font: string;
  /** Drivers in the order of the legend. */
  readonly drivers: ReadonlyMap<string, { readonly color: string; readonly shape: string }>;
}

/** In a page, whose style says what the variables are in light and in dark. */
export function pageInk(styles: ReadonlyMap<string, DriverStyle>): Ink {
  return {
    text: 'var(--text)',
    quiet: 'var(--quiet)',
    grid: 'var(--line)',
    paper: 'var(--card)',
    font: 'inherit',
    drivers: new Map(
      [...styles].map(([name, { shape }], i) => [name, { color: `var(--driver-${String(i)})`, shape }]),
    ),
  };
}

/** In a picture that stands alone, on white. */
export function plainInk(styles: ReadonlyMap<string, DriverStyle>): Ink {
  return {
    ...{ text: '#1b1f24', quiet: '#57606a', grid: '#dde1e6', paper: '#ffffff' },
    font: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
    drivers: new Map([...styles].map(([name, { light, shape }]) => [name, { color: light, shape }])),
  };
}

/** The scales by which a field `driver` becomes a colour and a shape; with a legend above, or with none. */
export function driverScales(ink: Ink, legend: 'above' | 'none') {
  const domain = [...ink.drivers.keys()];
  const looks = [...ink.drivers.values()];
  const look =
    legend === 'none' ? null : ({ orient: 'top', direction: 'horizontal', title: null, offset: 14 } as const);
  return {
    color: { field: 'driver', scale: { domain, range: looks.map(({ color }) => color) }, legend: look },
    shape: { field: 'driver', scale: { domain, range: looks.map(({ shape }) => shape) }, legend: look },
  } as const;
}

/** A size in pixels with room around it. The library's own layout would guess how wide text is, and guess too much. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The part of a specification that all charts share. */
export function chartBase(ink: Ink, { width, height, left, right, top, bottom }: Frame) {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    autosize: { type: 'none' },
    width: width - left - right,
    height: height - top - bottom,
    padding: { left, right, top, bottom },
    background: 'transparent',
    config: {
      // The page tells what a chart shows; a name for every single mark would bury it.
      aria: false,
      font: ink.font,
      view: { stroke: null },
      axis: {
        labelColor: ink.text,
        labelFontSize: 12,
        titleColor: ink.quiet,
        titleFontSize: 12,
        titleFontWeight: 'normal',
        gridColor: ink.grid,
        domainColor: ink.grid,
        tickColor: ink.grid,
        labelOverlap: false,
      },
      legend: { labelColor: ink.text, labelFontSize: 12, symbolSize: 80, symbolOpacity: 1, columnPadding: 4 },
      title: { color: ink.text, fontSize: 15, anchor: 'start', offset: 8 },
    },
  } as const;
}
