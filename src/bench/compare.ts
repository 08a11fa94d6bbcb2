/**
 * Two runs side by side. Figures over different fixtures say nothing about each other, so that is refused.
 */
import { UserError } from '../base/user-error.ts';
import type { BenchRun, WorkloadResult } from './results.ts';
import { figure } from './statistics.ts';
import type { Unit } from './workload.ts';

export interface Change {
  /** Its name; of a series with the size. */
  readonly workload: string;
  readonly driver: string;
  readonly unit: Unit;
  readonly before: number;
  readonly now: number;
}

/** Of each median that both have, series too. Throws UserError `other-scale`, `other-fixtures`. */
export function compareRuns(earlier: BenchRun, now: BenchRun): Change[] {
  // Fixtures of one size have the same hash in both; how much is done with them has not.
  if (earlier.quick !== now.quick) {
    throw new UserError('other-scale', 'one of the two runs is a quick one, so they cannot be compared', {
      hint: 'compare runs that both have --quick, or both have not',
    });
  }
  if (earlier.fixtures !== now.fixtures) {
    throw new UserError(
      'other-fixtures',
      'the two runs worked on different files, so they cannot be compared',
      {
        hint: 'compare runs of the same workloads, on one machine, with one scratch directory',
      },
    );
  }
  const before = measuredIn(earlier);
  return measuredIn(now).flatMap(({ name, unit, outcomes }) => {
    const old = before.find((one) => one.name === name && one.unit === unit);
    return Object.entries(outcomes).flatMap(([driver, outcome]) => {
      const [was, is] = [figure(old?.outcomes[driver]), figure(outcome)];
      return was === undefined || is === undefined
        ? []
        : [{ workload: name, driver, unit, before: was, now: is }];
    });
  });
}

/** Workloads, and each size of each series as one. */
function measuredIn({ workloads, series }: BenchRun): Pick<WorkloadResult, 'name' | 'unit' | 'outcomes'>[] {
  const sizes = series.flatMap(({ name, unit, points }) =>
    points.map(({ x, outcomes }) => ({ name: `${name} at ${String(x)}`, unit, outcomes })),
  );
  return [...workloads, ...sizes];
}
