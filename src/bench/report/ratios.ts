/**
 * Charts of what each workload costs relative to the kernel's overlayfs, one for each group of workloads, all on
 * one logarithmic axis. Where overlayfs has no figure, the first driver that has one takes its place, and the
 * chart says so, as it says who is not drawn since it keeps another promise about what is copied up.
 */
import type { BenchRun, WorkloadResult } from '../results.ts';
import { figure, ratio } from '../statistics.ts';
import { isComparable } from '../verdict.ts';
import type { Chart, Ink } from './chart.ts';
import { leftOutText } from './left-out.ts';
import { timesText } from './number-text.ts';
import { ratioLayout, ratioSpec, type RatioRow } from './ratio-spec.ts';

const usualReference = 'overlay';

interface WorkloadRow extends RatioRow {
  readonly workload: WorkloadResult;
  /** The driver whose cost is 1; undefined where none has a figure. */
  readonly reference: string | undefined;
  /** Drivers with figures that cannot be compared with it. */
  readonly apart: readonly string[];
}

/** A chart for each group, in the order of the run. */
export function ratioCharts(run: BenchRun, ink: Ink, width: number): Chart[] {
  const rows = run.workloads.map((workload) => workloadRow(run, workload));
  const layout = ratioLayout(rows, {
    width,
    lane: 10,
    title: 'cost on a logarithmic axis: overlay is 1, cheaper is left',
  });
  return [...new Set(run.workloads.map(({ group }) => group))].map((title) => {
    const group = rows.filter(({ workload }) => workload.group === title);
    const drawn = group.filter(({ marks }) => marks.length > 0);
    return {
      title,
      summary: summary(title, drawn),
      notes: notes(group),
      spec: drawn.length === 0 ? undefined : ratioSpec(drawn, ink, layout),
    };
  });
}

/** What a workload costs on each driver. Drivers without a figure, or with one of 0, have no mark. */
export function workloadRow(run: BenchRun, workload: WorkloadResult): WorkloadRow {
  const figures = run.drivers.flatMap((driver) => {
    const value = figure(workload.outcomes[driver.name]);
    return value === undefined || value <= 0 ? [] : [{ driver, value }];
  });
  // One that cannot be compared with itself keeps another promise than the workload is about.
  const able = figures.filter(({ driver }) => isComparable(driver, driver, workload));
  const reference = able.find(({ driver }) => driver.name === usualReference) ?? able[0];
  return {
    workload,
    reference: reference?.driver.name,
    apart: figures.filter((one) => !able.includes(one)).map(({ driver }) => driver.name),
    label: `${reference?.driver.name === usualReference ? '' : '† '}${workload.name}`,
    marks: able.flatMap(({ driver, value }) => {
      const times = ratio(value, reference?.value, workload.unit);
      return times === undefined ? [] : [{ driver: driver.name, ratio: times }];
    }),
  };
}

function summary(title: string, rows: readonly WorkloadRow[]): string {
  const texts = rows.map(({ workload, marks }) => {
    const costs = marks.map(({ driver, ratio }) => `${driver} ${timesText(ratio)}`);
    return `${workload.name}: ${costs.join(', ')}.`;
  });
  return [`Cost relative to overlay, ${title}.`, ...texts].join(' ');
}

function notes(rows: readonly WorkloadRow[]): string[] {
  return rows.flatMap(({ workload, reference, apart, marks }) => {
    if (workload.leftOut !== undefined)
      return [`${workload.name}: not measured: ${leftOutText(workload.leftOut)}`];
    const undrawn = [
      ...Object.entries(workload.outcomes)
        .filter(([, { errors }]) => errors.length > 0)
        .map(
          ([driver, { errors }]) =>
            `${driver} failed at ${workload.name} and is not drawn there: ${errors[0] as string}`,
        ),
      ...(apart.length === 0
        ? []
        : [`${workload.name}, whose copies are synced, is without ${apart.join(', ')}`]),
    ];
    if (marks.length === 0) return undrawn.length > 0 ? undrawn : [`${workload.name}: no figure`];
    return reference === usualReference
      ? undrawn
      : [...undrawn, `† ${workload.name}: relative to ${reference as string}; overlay has no figure`];
  });
}
