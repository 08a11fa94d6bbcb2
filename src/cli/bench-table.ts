/**
 * A run of the benchmark as tables for a terminal.
 */
import type { Change } from '../bench/compare.ts';
import { findFailures } from '../bench/means.ts';
import type { BenchRun, Outcome, WorkloadResult } from '../bench/results.ts';
import { figure, median, ratio, spread } from '../bench/statistics.ts';
import { isComparable, rounded } from '../bench/verdict.ts';
import type { Unit } from '../bench/workload.ts';
import { tableText, type Column } from './table.ts';

/** Whose cost ours is put against. */
const peers = ['overlay', 'fuse-overlayfs'];
const absent = '-';

const right = (title: string): Column => ({ title, align: 'right' });

/** All of it, each table with its heading, and what was left out. */
export function benchText(run: BenchRun): string {
  const parts = [
    workloadTable(run),
    ...run.series
      .filter(({ leftOut }) => leftOut === undefined)
      .map(({ title, xTitle, unit, points }) => `${title} (${unit})\n${seriesTable(xTitle, points)}`),
    meansTable(run),
    leftOutText(run),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function workloadTable(run: BenchRun): string {
  const workloads = run.workloads.filter(({ leftOut }) => leftOut === undefined);
  if (workloads.length === 0) return '';
  const columns = [
    ...[
      { title: 'WORKLOAD' },
      { title: 'DRIVER' },
      right('MEDIAN'),
      { title: 'UNIT' },
      { title: 'FROM .. TO' },
    ],
    ...peers.map((peer) => right(`/ ${peer.toUpperCase()}`)),
    { title: 'THRESHOLD' },
  ];
  return tableText(
    columns,
    workloads.flatMap((workload) => workloadRows(run, workload)),
  );
}

/** One row a driver; a verdict stands in that of the driver it is on. */
function workloadRows(run: BenchRun, workload: WorkloadResult): string[][] {
  const { name, unit, outcomes, verdicts } = workload;
  const drivers = Object.keys(outcomes);
  const notes = (driver: string): string =>
    verdicts
      .filter(({ driver: judged = '' }) => driver === (drivers.includes(judged) ? judged : drivers[0]))
      .map(({ text, met }) => `${met ? 'met' : 'missed'}: ${text}`)
      .join('; ');
  return Object.entries(outcomes).map(([driver, outcome], index) => [
    ...[index === 0 ? name : '', driver, ...figureCells(outcome, unit)],
    ...peers.map((peer) => (peer === driver ? '' : ratioCell(run, workload, driver, peer))),
    notes(driver),
  ]);
}

/** Median, unit and spread, or why there is none. */
function figureCells(outcome: Outcome, unit: Unit): [string, string, string] {
  const [middle, range] = [median(outcome.figures), spread(outcome.figures)];
  const [error] = outcome.errors;
  const failed = error === undefined ? '' : `${String(outcome.errors.length)} failed: ${shortened(error)}`;
  if (middle === undefined || range === undefined) return [absent, '', failed];
  const text = `${rounded(range.min)} .. ${rounded(range.max)}`;
  return [rounded(middle), unit, failed === '' ? text : `${text}, ${failed}`];
}

/** A table has lines; the whole message is in the JSON. */
function shortened(message: string): string {
  const line = message.replaceAll(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

function ratioCell(run: BenchRun, workload: WorkloadResult, driver: string, peer: string): string {
  const [one, other] = [driver, peer].map((name) => run.drivers.find((party) => party.name === name));
  if (one === undefined || other === undefined || !isComparable(one, other, workload)) return absent;
  const { outcomes, unit } = workload;
  const times = ratio(figure(outcomes[driver]), figure(outcomes[peer]), unit);
  return times === undefined ? absent : times.toFixed(2);
}

function seriesTable(xTitle: string, points: BenchRun['series'][number]['points']): string {
  const drivers = [...new Set(points.flatMap(({ outcomes }) => Object.keys(outcomes)))];
  const cell = (outcome: Outcome | undefined): string => {
    const value = figure(outcome);
    if (value !== undefined) return rounded(value);
    return outcome?.errors[0] === undefined ? absent : shortened(outcome.errors[0]);
  };
  return tableText(
    [right(xTitle.toUpperCase()), ...drivers.map((driver) => right(driver.toUpperCase()))],
    points.map(({ x, outcomes }) => [String(x), ...drivers.map((driver) => cell(outcomes[driver]))]),
  );
}

function meansTable(run: BenchRun): string {
  if (run.means.length === 0) return '';
  const rows = run.means.map(({ driver, peer, workloads, ratio: mean }) => [
    ...[driver, peer, mean.toFixed(2), String(workloads)],
    String(findFailures(run, { driver, peer }).all.length),
  ]);
  const columns = [{ title: 'MEAN COST OF' }, { title: 'TO' }, right('RATIO'), right('WORKLOADS')];
  return tableText([...columns, right('FAILED')], rows);
}

function leftOutText({ drivers, workloads, series }: BenchRun): string {
  const line = (what: string, { name, leftOut }: Pick<WorkloadResult, 'name' | 'leftOut'>): string[] =>
    leftOut === undefined
      ? []
      : [`left out: ${what} ${name}: ${[leftOut.why, leftOut.install].filter(Boolean).join(': ')}\n`];
  return [
    ...drivers.flatMap((driver) => line('driver', driver)),
    ...workloads.flatMap((workload) => line('workload', workload)),
    ...series.flatMap((one) => line('series', one)),
  ].join('');
}

export function changesText(changes: readonly Change[]): string {
  const rows = changes.map(({ workload, driver, unit, before, now }) => {
    const percent = (now / before - 1) * 100;
    return [
      workload,
      driver,
      rounded(before),
      rounded(now),
      unit,
      `${percent >= 0 ? '+' : ''}${percent.toFixed(1)} %`,
    ];
  });
  const columns = [
    { title: 'WORKLOAD' },
    { title: 'DRIVER' },
    right('BEFORE'),
    right('NOW'),
    { title: 'UNIT' },
    right('CHANGE'),
  ];
  return tableText(columns, rows);
}
