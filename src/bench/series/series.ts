/**
 * What it costs when one thing grows. A series is data: a workload for each size, so that its trials are trials like
 * any other.
 */
import type { Unit, Workload } from '../workload.ts';

export interface Series {
  readonly name: string;
  /** A line for the top of its chart. */
  readonly title: string;
  /** What grows, with its unit. */
  readonly xTitle: string;
  readonly unit: Unit;
  readonly sizes: readonly number[];
  /** Those of --quick. */
  readonly quickSizes: readonly number[];
  /** Also on variants of ours that never sync. */
  readonly withVolatile?: true;
  at(size: number): Workload;
}

/** What the workloads of a series have in common. */
export function atSize(
  name: string,
  size: number,
): Pick<Workload, 'name' | 'group' | 'storage' | 'thresholds'> {
  return { name: `${name}-${String(size)}`, group: name, storage: 'disk', thresholds: [] };
}
