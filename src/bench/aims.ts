/**
 * What a whole run must reach, beside the thresholds of single workloads: the means, no workload far behind, and no cost that
 * grows with the number of layers or of entries. An aim that nothing was measured for has no verdict.
 */
import { findMean } from './means.ts';
import type { BenchRun, Outcome, WorkloadResult } from './results.ts';
import { figure, ratio } from './statistics.ts';
import { counterpart, rounded, type Verdict } from './verdict.ts';

export interface Aim {
  readonly aim: string;
  /** The text says what was found. */
  readonly found: Verdict;
}

const subject = 'strata';

/** In the order in which a report tells them. */
export function judgeAims(run: BenchRun): Aim[] {
  const aims: readonly (readonly [aim: string, found: Verdict | undefined])[] = [
    ['geometric mean over all workloads at most 0.5 of fuse-overlayfs', mean(run, 'fuse-overlayfs', 0.5)],
    ["the same at most 1.25 of the kernel's overlayfs", mean(run, 'overlay', 1.25)],
    ['no workload slower than fuse-overlayfs', noneAbove(run, 'fuse-overlayfs', 1)],
    ['no workload slower than 3 times overlayfs', noneAbove(run, 'overlay', 3)],
    ['a lookup in 128 layers at most 1.5 times that in 4, after the first use', layers(run)],
    ['200,000 entries listed within 2 times overlayfs', listing(run)],
  ];
  return aims.flatMap(([aim, found]) => (found === undefined ? [] : [{ aim, found }]));
}

/** What ours costs in `workload` as a ratio to `peer`, both keeping the same promise about what is copied up. */
export function comparedCost(run: BenchRun, workload: WorkloadResult, peer: string): number | undefined {
  const [ours, theirs] = [subject, peer].map((name) => run.drivers.find((driver) => driver.name === name));
  if (ours === undefined || theirs === undefined) return undefined;
  const name = counterpart(ours, theirs, workload, run.drivers);
  const ownFigure = name === undefined ? undefined : figure(workload.outcomes[name]);
  return ratio(ownFigure, figure(workload.outcomes[peer]), workload.unit);
}

function mean(run: BenchRun, peer: string, most: number): Verdict | undefined {
  const found = findMean(run, subject, peer);
  return found === undefined ? undefined : atMost(found.ratio, most);
}

function noneAbove(run: BenchRun, peer: string, most: number): Verdict | undefined {
  const costs = run.workloads
    // What a mount costs before anybody uses it has thresholds of its own.
    .filter(({ group }) => group !== 'mount')
    .flatMap((workload) => {
      const cost = comparedCost(run, workload, peer);
      return cost === undefined ? [] : [{ name: workload.name, cost }];
    })
    .sort((a, b) => b.cost - a.cost);
  const [dearest] = costs;
  if (dearest === undefined) return undefined;
  const named = ({ name, cost }: typeof dearest): string => `${name} (${rounded(cost)})`;
  const above = costs.filter(({ cost }) => cost > most);
  if (above.length > 0) return { met: false, text: `by ${above.map(named).join(', ')}` };
  return { met: true, text: `at most ${named(dearest)}` };
}

function layers(run: BenchRun): Verdict | undefined {
  const at = (count: number): number | undefined => figure(point(run, 'layers-again', count)?.[subject]);
  const times = ratio(at(128), at(4), 'ms');
  return times === undefined ? undefined : atMost(times, 1.5);
}

function listing(run: BenchRun): Verdict | undefined {
  const outcomes = point(run, 'listing', 200_000);
  const times = ratio(figure(outcomes?.[subject]), figure(outcomes?.overlay), 'ms');
  return times === undefined ? undefined : atMost(times, 2);
}

function point(run: BenchRun, name: string, x: number): Readonly<Record<string, Outcome>> | undefined {
  return run.series.find((series) => series.name === name)?.points.find((one) => one.x === x)?.outcomes;
}

function atMost(value: number, most: number): Verdict {
  return { met: value <= most, text: rounded(value) };
}
