/**
 * One number for a whole run: the geometric mean of our cost as a ratio to a peer's, over all workloads but mounting
 * itself. Where data is copied up, a ratio counts only between two that keep the same promise about it: fuse-overlayfs
 * never syncs what it copies, so it is compared with our `volatile` mount there, and the kernel's overlayfs,
 * which syncs, with our default one.
 */
import type { Driver } from './drivers/driver.ts';
import type { BenchRun, Mean, Outcome, WorkloadResult } from './results.ts';
import { figure, geometricMean, ratio } from './statistics.ts';
import { counterpart, type Outcomes } from './verdict.ts';
import type { Workload } from './workload.ts';

export interface Measured {
  readonly workload: Workload;
  readonly outcomes: Outcomes;
}

/** Of whom everybody asks. */
const peers = ['overlay', 'fuse-overlayfs'];
const uncounted = 'mount';

export function computeMeans(measured: readonly Measured[], drivers: readonly Driver[]): Mean[] {
  const ours = drivers.filter(({ subject, durability }) => subject && durability === 'default');
  const theirs = drivers.filter(({ name }) => peers.includes(name));
  return ours.flatMap((driver) =>
    theirs.flatMap((peer) => computeMean(measured, driver, peer, drivers) ?? []),
  );
}

function computeMean(
  measured: readonly Measured[],
  driver: Driver,
  peer: Driver,
  drivers: readonly Driver[],
): Mean | undefined {
  const ratios = measured.flatMap(({ workload, outcomes }) => {
    const name = workload.group === uncounted ? undefined : counterpart(driver, peer, workload, drivers);
    if (name === undefined) return [];
    return ratio(figure(outcomes[name]), figure(outcomes[peer.name]), workload.unit) ?? [];
  });
  const mean = geometricMean(ratios);
  return mean === undefined
    ? undefined
    : { driver: driver.name, peer: peer.name, workloads: ratios.length, ratio: mean };
}

/** That of a run, where it has one. */
export function findMean(run: BenchRun, driver: string, peer: string): Mean | undefined {
  return run.means.find((mean) => mean.driver === driver && mean.peer === peer);
}

/** Names of two drivers of a run. */
interface Pair {
  readonly driver: string;
  readonly peer: string;
}

/**
 * The outcomes of a workload that stand for the two where they are compared: both keep the same promise about what is copied
 * up. Undefined where one of them took no part.
 */
export function compared(
  run: BenchRun,
  workload: WorkloadResult,
  { driver, peer }: Pair,
): { readonly ours: Outcome; readonly theirs: Outcome } | undefined {
  const [own, other] = [driver, peer].map((name) => run.drivers.find((one) => one.name === name));
  if (own === undefined || other === undefined) return undefined;
  const name = counterpart(own, other, workload, run.drivers);
  const ours = name === undefined ? undefined : workload.outcomes[name];
  const theirs = workload.outcomes[peer];
  return ours === undefined || theirs === undefined ? undefined : { ours, theirs };
}

/** The workloads that a mean does without, since a trial failed: of `ours`, and of either of the two. */
export function findFailures(run: BenchRun, pair: Pair): { readonly ours: string[]; readonly all: string[] } {
  const pairs = run.workloads
    .filter(({ group }) => group !== uncounted)
    .flatMap((workload) => {
      const found = compared(run, workload, pair);
      return found === undefined ? [] : [{ name: workload.name, ...found }];
    });
  const names = (failed: (one: (typeof pairs)[number]) => boolean): string[] =>
    pairs.filter(failed).map(({ name }) => name);
  return {
    ours: names(({ ours }) => ours.errors.length > 0),
    all: names(({ ours, theirs }) => ours.errors.length + theirs.errors.length > 0),
  };
}
