/**
 * Charts of what each workload costs relative to the kernel's overlayfs, one for each group of workloads, all on
 * one logarithmic axis. Where overlayfs has no figure, the first driver that has one takes its place, and the
 * chart says so.
 */
import type { BenchRun, WorkloadResult } from '../results.ts';
import { figure, ratio } from '../statistics.ts';
import type { Chart, Ink } from './chart.ts';
import { leftOutText } from './left-out.ts';
import { timesText } from './number-text.ts';
import { ratioLayout, ratioSpec, type RatioRow } from './ratio-spec.ts';

const usualReference = 'overlay';

interface WorkloadRow extends RatioRow {
  readonly workload: WorkloadResult;
  /** The driver whose cost is 1; undefined where none has a figure. */
  readonly reference: string | undefined;
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
  const figures = run.drivers.flatMap(({ name }) => {
    const value = figure(workload.outcomes[name]);
    return value === undefined || value <= 0 ? [] : [{ name, value }];
  });
  const reference = figures.find(({ name }) => name === usualReference) ?? figures[0];
  return {
    workload,
    reference: reference?.name,
    label: `${reference?.name === usualReference ? '' : '† '}${workload.name}`,
    marks: figures.flatMap(({ name, value }) => {
      const times = ratio(value, reference?.value, workload.unit);
      return times === undefined ? [] : [{ driver: name, ratio: times }];
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
  return rows.flatMap(({ workload, reference, marks }) => {
    if (workload.leftOut !== undefined)
      return [`${workload.name}: not measured: ${leftOutText(workload.leftOut)}`];
    const failed = Object.entries(workload.outcomes)
      .filter(([, { errors }]) => errors.length > 0)
      .map(
        ([driver, { errors }]) =>
          `${driver} failed at ${workload.name} and is not drawn there: ${errors[0] as string}`,
      );
    if (marks.length === 0) return failed.length > 0 ? failed : [`${workload.name}: no figure`];
    return reference === usualReference
      ? failed
      : [...failed, `† ${workload.name}: relative to ${reference as string}; overlay has no figure`];
  });
}
