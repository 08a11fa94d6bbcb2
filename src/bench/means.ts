/**
 * One number for a whole run: the geometric mean of our cost as a ratio to a peer's, over all workloads but mounting
 * itself. Where data is copied up, a ratio counts only between two that keep the same promise about it: fuse-overlayfs
 * never syncs what it copies, so it is compared with our `volatile` mount there, and the kernel's overlayfs,
 * which syncs, with our default one.
 */
import type { Driver } from './drivers/driver.ts';
import type { BenchRun, Mean } from './results.ts';
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
