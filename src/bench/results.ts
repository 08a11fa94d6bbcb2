/**
 * What a run of the benchmark found out: the shape of results.json, and what every report is made from. Plain
 * data without methods, so that a run can be written down, sent and read again. Figures are kept as they were
 * measured; what can be computed from them is computed by `statistics.ts`.
 */
import type { Durability } from './drivers/driver.ts';
import type { Unit } from './workload.ts';

export interface BenchRun {
  readonly format: 1;
  /** When it began, in ISO 8601. */
  readonly date: string;
  /** Of stratafs. */
  readonly version: string;
  readonly machine: Machine;
  /** SHA-256, in hex, of the manifests of all fixtures used. */
  readonly fixtures: string;
  /** Trials of each workload on each driver. */
  readonly rounds: number;
  readonly quick: boolean;
  readonly drivers: readonly DriverResult[];
  readonly workloads: readonly WorkloadResult[];
  readonly series: readonly SeriesResult[];
  readonly means: readonly Mean[];
}

export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly virtualization: string;
  /** Path and file system type. */
  readonly scratch: string;
}

export interface DriverResult {
  readonly name: string;
  /** Of which driver of ours it is a variant. */
  readonly variantOf?: string;
  readonly durability: Durability;
  readonly version: string;
  /** The mount command. */
  readonly options: string;
  readonly leftOut?: { readonly why: string; readonly install?: string };
}

/** What the trials of one workload on one driver gave. */
export interface Outcome {
  readonly figures: readonly number[];
  /** A message for each trial that failed. */
  readonly errors: readonly string[];
}

export interface WorkloadResult {
  readonly name: string;
  readonly group: string;
  readonly unit: Unit;
  /** Of workloads that copy data up: between whom it is compared. */
  readonly durability?: Durability;
  /** By driver. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
  readonly verdicts: readonly {
    readonly text: string;
    readonly met: boolean;
    /** Whose figure was judged. */
    readonly driver?: string;
  }[];
  readonly leftOut?: { readonly why: string; readonly install?: string };
}

/** One workload over a growing size. */
export interface SeriesResult {
  readonly name: string;
  readonly title: string;
  readonly xTitle: string;
  readonly unit: Unit;
  /** It copies data up, each driver with its own promise about that. */
  readonly withVolatile?: true;
  readonly points: readonly { readonly x: number; readonly outcomes: Readonly<Record<string, Outcome>> }[];
  readonly leftOut?: { readonly why: string; readonly install?: string };
}

/** The geometric mean of cost(driver) / cost(peer) over so many workloads. */
export interface Mean {
  readonly driver: string;
  readonly peer: string;
  readonly workloads: number;
  readonly ratio: number;
}
