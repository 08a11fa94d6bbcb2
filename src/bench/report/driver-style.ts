/**
 * What marks a driver in charts and legends: a colour for light and dark paper, and a shape, so that nobody
 * needs the colour. The colours differ in lightness as much as in hue and were searched for: each has a contrast of 3
 * to its paper and lies at least 0.1 (OKLab) from every other one, for eyes with and without the three kinds of
 * colour blindness; test/bench/report-style.test.ts measures it.
 */
import type { BenchRun } from '../results.ts';

export interface DriverStyle {
  /** Colours as #rrggbb. */
  readonly light: string;
  readonly dark: string;
  /** An SVG path in the square from -1 to 1. */
  readonly shape: string;
}

const circle = 'M1 0A1 1 0 1 1 -1 0A1 1 0 1 1 1 0Z';
const ring = `${circle}M.45 0A.45 .45 0 1 0 -.45 0A.45 .45 0 1 0 .45 0Z`;
const square = 'M-.85 -.85H.85V.85H-.85Z';
const diamond = 'M0 -1.15L1.15 0L0 1.15L-1.15 0Z';
const triangleUp = 'M0 -1L1.1 .85H-1.1Z';
const triangleDown = 'M0 1L1.1 -.85H-1.1Z';
const plus = 'M-.35 -1H.35V-.35H1V.35H.35V1H-.35V.35H-1V-.35H-.35Z';
const saltire =
  'M0 -.5L.55 -1.05L1.05 -.55L.5 0L1.05 .55L.55 1.05L0 .5L-.55 1.05L-1.05 .55L-.5 0L-1.05 -.55L-.55 -1.05Z';

const hourglass = 'M-.95 -1H.95L.25 0L.95 1H-.95L-.25 0Z';
const bow = 'M-1 -.95V.95L0 .25L1 .95V-.95L0 -.25Z';
const bar = 'M-1.15 -.5H1.15V.5H-1.15Z';

/** The drivers that there are keep their looks from report to report. */
const styles = new Map<string, DriverStyle>([
  ['strata', { light: '#2c52c6', dark: '#578cfd', shape: circle }],
  ['strata-cached', { light: '#189dd9', dark: '#63c3e3', shape: ring }],
  ['strata-volatile', { light: '#56593c', dark: '#86f4a6', shape: triangleUp }],
  ['strata-relaxed', { light: '#2a004c', dark: '#774cc4', shape: triangleDown }],
  ['strata-libfuse', { light: '#6f0104', dark: '#daad6d', shape: hourglass }],
  ['overlay', { light: '#060403', dark: '#fbfcff', shape: plus }],
  ['fuse-overlayfs', { light: '#c77b09', dark: '#ef6508', shape: square }],
  ['unionfs-fuse', { light: '#4e2c4e', dark: '#a94451', shape: diamond }],
  ['btrfs', { light: '#8261ff', dark: '#d3df1a', shape: bow }],
  ['vfs', { light: '#070387', dark: '#a49898', shape: bar }],
  ['plain', { light: '#8b6e82', dark: '#9e6a9a', shape: saltire }],
]);

/** The looks of every driver that ran, in the order of the run; one without looks of its own gets what is not taken. */
export function driverStyles(run: BenchRun): ReadonlyMap<string, DriverStyle> {
  const names = run.drivers.filter(({ leftOut }) => leftOut === undefined).map(({ name }) => name);
  const free = [...styles].filter(([name]) => !names.includes(name)).map(([, style]) => style);
  const all = [...styles.values()];
  return new Map(
    names.map((name, i) => [name, styles.get(name) ?? free.shift() ?? (all[i % all.length] as DriverStyle)]),
  );
}
