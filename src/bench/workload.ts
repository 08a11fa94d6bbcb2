/**
 * The words of the benchmark. A workload is data: which layers it needs, what happens before the clock
 * runs, what is measured, and what ours must reach. A trial is one workload on one driver over a fresh
 * stack; a figure is what it measured.
 */
import type { Driver, Durability } from './drivers/driver.ts';
import type { Fixtures } from './fixture.ts';
import type { Stack } from './stack.ts';

export interface Trial {
  readonly driver: Driver;
  readonly stack: Stack;
  /** The mount point: where the work is done. */
  readonly root: string;
  /** Process ids of the server; empty where the kernel is the server. */
  readonly servers: readonly number[];
  readonly fixtures: Fixtures;
}

/** What ours must reach; `peer` is the name of a driver of the same run. */
export type Threshold =
  /** A figure by itself, in the workload's unit. */
  | { readonly atMost: number }
  /** Our cost is at most this many times the peer's. */
  | { readonly within: number; readonly peer: string }
  /** The peer's cost is at least this many times ours. */
  | { readonly timesAsFast: number; readonly peer: string };

export type Unit = 'ms' | 'MB' | 'MiB/s' | 'IOPS';

export interface Workload {
  readonly name: string;
  readonly group: string;
  readonly unit: Unit;
  /** Where layers, upper and work lie. */
  readonly storage: 'disk' | 'memory';
  /** The lower layers, topmost first; built once and kept. */
  lowers(fixtures: Fixtures): readonly string[];
  /** Untimed, before the mount. */
  beforeMount?(fixtures: Fixtures): void;
  /** Untimed, in the mount. */
  prepare?(trial: Trial): void;
  /** Measures; undefined where the figure has no meaning for the driver. */
  run(trial: Trial): number | undefined;
  readonly thresholds: readonly Threshold[];
  /** Debian packages whose programs it uses. */
  readonly needs?: readonly string[];
  /** Why it cannot run here. */
  missing?(): string | undefined;
  /** Caches are dropped before the clock runs: the kernel's own, of all file systems. */
  readonly cold?: boolean;
  /** It looks at the server: only drivers that have one take part. */
  readonly ofServer?: true;
  /** Part of --quick. */
  readonly quick?: boolean;
  /**
   * Set where it copies data up, which is compared at equal durability. `default`: copies are synced, as by the
   * kernel's overlayfs. `volatile`: they are not, and only drivers that never sync run it.
   */
  readonly durability?: Durability;
}

/** Whether more of this unit is better: then cost is the figure's reciprocal. */
export function moreIsBetter(unit: Unit): boolean {
  return unit === 'MiB/s' || unit === 'IOPS';
}
