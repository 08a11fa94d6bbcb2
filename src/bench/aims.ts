/**
 * What a whole run must reach, beside the thresholds of single workloads: the means, no workload far behind, and no cost that
 * grows with the number of layers or of entries. An aim that nothing was measured for has no verdict; one for which ours
 * failed is missed.
 */
import { compared, findFailures, findMean } from './means.ts';
import type { BenchRun, Outcome, WorkloadResult } from './results.ts';
import { figure, ratio } from './statistics.ts';
import { rounded, type Verdict } from './verdict.ts';

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
  const pair = compared(run, workload, { driver: subject, peer });
  return pair && ratio(figure(pair.ours), figure(pair.theirs), workload.unit);
}

function mean(run: BenchRun, peer: string, most: number): Verdict | undefined {
  const found = findMean(run, subject, peer);
  const { ours, all } = findFailures(run, { driver: subject, peer });
  if (found === undefined) return failing(undefined, ours);
  const { met, text } = atMost(found.ratio, most);
  const theirs = all.filter((name) => !ours.includes(name));
  const without = theirs.length === 0 ? text : `${text}, without ${theirs.join(', ')}, which ${peer} failed`;
  return failing({ met, text: without }, ours);
}

/** `found`, and that ours failed in `names`, where there are any. */
function failing(found: Verdict | undefined, names: readonly string[]): Verdict | undefined {
  if (names.length === 0) return found;
  const failed = `failed at ${names.join(', ')}`;
  return { met: false, text: found === undefined ? failed : `${found.text}; ${failed}` };
}

function noneAbove(run: BenchRun, peer: string, most: number): Verdict | undefined {
  const { ours: failures } = findFailures(run, { driver: subject, peer });
  const costs = run.workloads
    // What a mount costs before anybody uses it has thresholds of its own.
    .filter(({ group }) => group !== 'mount')
    .flatMap((workload) => {
      const cost = comparedCost(run, workload, peer);
      return cost === undefined ? [] : [{ name: workload.name, cost }];
    })
    .sort((a, b) => b.cost - a.cost);
  const [dearest] = costs;
  if (dearest === undefined) return failing(undefined, failures);
  const named = ({ name, cost }: typeof dearest): string => `${name} (${rounded(cost)})`;
  const above = costs.filter(({ cost }) => cost > most);
  const found =
    above.length > 0
      ? { met: false, text: `by ${above.map(named).join(', ')}` }
      : { met: true, text: `at most ${named(dearest)}` };
  return failing(found, failures);
}

function layers(run: BenchRun): Verdict | undefined {
  const [many, few] = [128, 4].map((count) => point(run, 'layers-again', count)?.[subject]);
  return growth([many, few], [many, few], 1.5);
}

function listing(run: BenchRun): Verdict | undefined {
  const outcomes = point(run, 'listing', 200_000);
  const [ours, theirs] = [outcomes?.[subject], outcomes?.overlay];
  return growth([ours, theirs], [ours], 2);
}

/** Whether the first of `pair` is at most so many times the second; `ours` are those of the pair that must not fail. */
function growth(
  pair: readonly [Outcome | undefined, Outcome | undefined],
  ours: readonly (Outcome | undefined)[],
  most: number,
): Verdict | undefined {
  if (ours.some((outcome) => outcome !== undefined && outcome.errors.length > 0)) {
    return { met: false, text: 'failed' };
  }
  const times = ratio(figure(pair[0]), figure(pair[1]), 'ms');
  return times === undefined ? undefined : atMost(times, most);
}

function point(run: BenchRun, name: string, x: number): Readonly<Record<string, Outcome>> | undefined {
  return run.series.find((series) => series.name === name)?.points.find((one) => one.x === x)?.outcomes;
}

function atMost(value: number, most: number): Verdict {
  return { met: value <= most, text: rounded(value) };
}
