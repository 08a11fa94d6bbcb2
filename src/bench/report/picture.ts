/**
 * A run in one small picture, for a README: the geometric means, and of each group of workloads the one in the
 * middle, so that nobody picks the finest. Variants of a driver, and what is no rival, stay in the report.
 */
import type { BenchRun } from '../results.ts';
import { plainInk, type Ink } from './chart.ts';
import { driverStyles } from './driver-style.ts';
import { ratioLayout, ratioSpec, type RatioRow } from './ratio-spec.ts';
import { workloadRow } from './ratios.ts';
import { renderSvg } from './render.ts';

const subject = 'strata';
const reference = 'overlay';
const shown = new Set([subject, reference, 'fuse-overlayfs', 'unionfs-fuse']);
const mostRows = 7;

/** An SVG document on white, 800 pixels wide and as high as its rows. */
export async function ratioPicture(run: BenchRun): Promise<string> {
  const ink = plainInk(new Map([...driverStyles(run)].filter(([name]) => shown.has(name))));
  const rows = pictureRows(run, ink);
  const { version, machine } = run;
  const layout = ratioLayout(rows, {
    ...{ width: 800, lane: 11 },
    title: `cost relative to ${reference} (logarithmic; cheaper is left)`,
    head: `stratafs ${version} on Linux ${machine.kernel}, ${String(machine.cpus)} CPUs`,
  });
  return renderSvg({ ...ratioSpec(rows, ink, layout), background: '#ffffff' });
}

/** What is drawn: the means first. */
export function pictureRows(run: BenchRun, ink: Ink): RatioRow[] {
  const means = run.means.filter(({ driver, peer }) => peer === reference && ink.drivers.has(driver));
  const mean = {
    label: 'geometric mean',
    marks: [...means, { driver: reference, ratio: 1 }].map(({ driver, ratio }) => ({ driver, ratio })),
  };
  const groups = [...new Set(run.workloads.map(({ group }) => group))];
  const typical = groups.flatMap((group) => typicalRow(run, group, ink) ?? []);
  return [...(means.length === 0 ? [] : [mean]), ...typical].slice(0, mostRows);
}

/** The workload of a group at which the subject, compared with the reference, is neither at its best nor at its worst. */
function typicalRow(run: BenchRun, group: string, ink: Ink): RatioRow | undefined {
  const rows = run.workloads
    .filter((workload) => workload.group === group)
    .map((workload) => workloadRow(run, workload))
    .filter((row) => row.reference === reference)
    .flatMap(({ label, marks }) => {
      const own = marks.find(({ driver }) => driver === subject);
      const drawn = marks.filter(({ driver }) => ink.drivers.has(driver));
      return own === undefined ? [] : [{ label, marks: drawn, own: own.ratio }];
    });
  return rows.sort((a, b) => a.own - b.own)[Math.floor(rows.length / 2)];
}
