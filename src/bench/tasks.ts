/**
 * The plan as a list of tasks: a workload with the drivers that take part in it. Each size of a series is one too.
 */
import type { Driver } from './drivers/driver.ts';
import type { Durations } from './durations.ts';
import { presentDrivers, runsOn, type Plan } from './plan.ts';
import type { Series } from './series/series.ts';
import type { Workload } from './workload.ts';

export interface Task {
  readonly workload: Workload;
  readonly drivers: readonly Driver[];
  readonly rounds: number;
  /** Of which it is one size. */
  readonly series?: Series;
  readonly size?: number;
}

/** Many sizes make a curve: it needs fewer trials for each. */
const seriesRounds = 3;

/** What can run, in the order in which it does. */
export function listTasks(plan: Plan): Task[] {
  const { workloads, series, rounds } = plan;
  const present = presentDrivers(plan);
  return [
    ...workloads
      .filter(({ leftOut }) => leftOut === undefined)
      .map(({ of }) => ({ workload: of, drivers: present.filter((driver) => runsOn(driver, of)), rounds })),
    ...series.flatMap(({ of, sizes, leftOut }) =>
      (leftOut === undefined ? sizes : []).map((size) => {
        const workload = of.at(size);
        return {
          ...{ workload, series: of, size, rounds: Math.min(rounds, seriesRounds) },
          drivers: present.filter((driver) => runsOn(driver, workload, of.withVolatile)),
        };
      }),
    ),
  ];
}

export function countTrials(tasks: readonly Task[]): number {
  return tasks.reduce((sum, { drivers, rounds }) => sum + drivers.length * rounds, 0);
}

/** How long `tasks` will take, by what trials took before. */
export function estimateMs(tasks: readonly Task[], durations: Durations): number {
  const ofTask = ({ workload, drivers, rounds }: Task): number =>
    rounds * drivers.reduce((sum, { name }) => sum + durations.expected(workload.name, name), 0);
  return tasks.reduce((sum, task) => sum + ofTask(task), 0);
}
