/**
 * Turns figures into the table that people read: the median of every driver, the spread, our cost as
 * a ratio to each peer's, and whether the thresholds are met. A workload that failed, or that has no
 * figure to compare with, never passes.
 */
import { moreIsBetter, type Threshold, type Workload } from './workload.ts';

/** What the trials of one workload on one driver gave. */
export interface Outcome {
  readonly figures: number[];
  readonly errors: string[];
}

/** By workload, then by driver. */
export type Results = ReadonlyMap<Workload, ReadonlyMap<string, Outcome>>;

export interface Report {
  readonly text: string;
  /** How many thresholds were missed. */
  readonly failures: number;
}

export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}

/** The report on `results`; thresholds are checked for the drivers named `subjects`. */
export function createReport(results: Results, subjects: readonly string[]): Report {
  const lines: string[] = [];
  let failures = 0;
  let group = '';
  for (const [workload, outcomes] of results) {
    if (workload.group !== group) lines.push('', (group = workload.group));
    lines.push(`  ${workload.name} (${workload.unit}, ${workload.storage})`);
    for (const [name, outcome] of outcomes) lines.push(`    ${name.padEnd(18)}${describe(outcome)}`);
    for (const subject of subjects.filter((name) => outcomes.has(name))) {
      for (const threshold of workload.thresholds) {
        const verdict = judge(workload, outcomes, subject, threshold);
        if (!verdict.met) failures++;
        lines.push(`    ${verdict.met ? 'PASS' : 'FAIL'}  ${subject}: ${verdict.text}`);
      }
    }
  }
  return { text: lines.join('\n').trimStart() + '\n', failures };
}

function describe(outcome: Outcome): string {
  const middle = median(outcome.figures);
  const failed =
    outcome.errors[0] === undefined ? '' : `  ${String(outcome.errors.length)} failed: ${outcome.errors[0]}`;
  if (middle === undefined) return failed === '' ? '-' : failed.trimStart();
  const spread = `${round(Math.min(...outcome.figures))} .. ${round(Math.max(...outcome.figures))}`;
  return `${round(middle).padStart(10)}  (${spread})${failed}`;
}

interface Verdict {
  readonly met: boolean;
  readonly text: string;
}

function judge(
  workload: Workload,
  outcomes: ReadonlyMap<string, Outcome>,
  subject: string,
  threshold: Threshold,
): Verdict {
  const ours = figure(outcomes.get(subject));
  if (ours === undefined) return { met: false, text: 'has no figure' };
  if ('atMost' in threshold) {
    const limit = `at most ${String(threshold.atMost)} ${workload.unit}`;
    return { met: ours <= threshold.atMost, text: `${round(ours)} ${workload.unit} (${limit})` };
  }
  const peer = figure(outcomes.get(threshold.peer));
  if (peer === undefined) return { met: false, text: `${threshold.peer} has no figure` };
  const cost = moreIsBetter(workload.unit) ? peer / ours : ours / peer;
  if ('within' in threshold) {
    const asShare = moreIsBetter(workload.unit);
    const text = asShare
      ? `${round(1 / cost)} of ${threshold.peer} (at least ${round(1 / threshold.within)})`
      : `${round(cost)} times ${threshold.peer} (at most ${String(threshold.within)})`;
    return { met: cost <= threshold.within, text };
  }
  const text = `${round(1 / cost)} times as fast as ${threshold.peer} (at least ${String(threshold.timesAsFast)})`;
  return { met: 1 / cost >= threshold.timesAsFast, text };
}

/** The median, of an outcome without errors. */
function figure(outcome: Outcome | undefined): number | undefined {
  return outcome === undefined || outcome.errors.length > 0 ? undefined : median(outcome.figures);
}

function round(value: number): string {
  return value >= 1000 ? value.toFixed(0) : value.toPrecision(3);
}
