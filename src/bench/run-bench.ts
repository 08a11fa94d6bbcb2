/**
 * A whole run: takes the scratch directory, asks for space, makes the layers, lets the drivers take turns, and writes
 * down what came of it. A trial that fails is a result. Whatever happens, nothing stays mounted.
 */
import { readPackageVersion } from '../os/package-version.ts';
import { combinedHash } from './fixtures/manifest.ts';
import { computeMeans, type Measured } from './means.ts';
import { readMachine } from './machine.ts';
import { openDurations, type Durations } from './durations.ts';
import type { Job } from './job.ts';
import { presentDrivers, type Candidate, type Plan, type SizedSeries } from './plan.ts';
import type { BenchRun, DriverResult, Outcome, SeriesResult, WorkloadResult } from './results.ts';
import { openScratch, type Scratch } from './scratch.ts';
import { checkSpace, findNeed, findShortage, type Need } from './space.ts';
import { countTrials, estimateMs, listTasks, type Task } from './tasks.ts';
import { runJob } from './trial-process.ts';
import { turns } from './turns.ts';
import { judgeAll } from './verdict.ts';
import type { Driver } from './drivers/driver.ts';
import type { Workload } from './workload.ts';

/** Who wants to know how far the run is. */
export interface Watch {
  /** Layers are going to be made for so many workloads. */
  layers(count: number): void;
  /** Then so many trials, which take about so long. */
  trials(count: number, estimatedMs: number): void;
  /** One thing is done, counted from the last call of the two above: `what` is a workload, `who` a driver. */
  done(what: string, who?: string): void;
}

export interface RunOptions {
  readonly scratch: string;
  /** URL of the module of the catalogue that the plan was made from. */
  readonly catalogue: string;
  readonly watch: Watch;
  /** Ends the run; its reason is thrown when all is cleared away. */
  readonly signal: AbortSignal;
}

/** Throws UserError (those of `openScratch` and `checkSpace`), and the signal's reason. */
export async function runBench(plan: Plan, options: RunOptions): Promise<BenchRun> {
  const date = new Date().toISOString();
  const scratch = await openScratch(options.scratch);
  try {
    return await new Run(plan, options, scratch).measure(date);
  } finally {
    await scratch.close();
  }
}

/** After so many failures of a driver in a workload the rest are taken to fail as well. */
const enoughFailures = 2;

interface MutableOutcome {
  readonly figures: number[];
  readonly errors: string[];
}

class Run {
  readonly #plan: Plan;
  readonly #options: RunOptions;
  readonly #scratch: Scratch;
  readonly #durations: Durations;
  readonly #begin = performance.now();
  readonly #needs = new Map<Task, Need>();
  /** Manifest hashes, by the name of the fixture. */
  readonly #fixtures = new Map<string, string>();

  constructor(plan: Plan, options: RunOptions, scratch: Scratch) {
    this.#plan = plan;
    this.#options = options;
    this.#scratch = scratch;
    this.#durations = openDurations(scratch.path, plan.choice.scale);
  }

  async measure(date: string): Promise<BenchRun> {
    const plan = this.#plan;
    const tasks = listTasks(plan);
    const whole = tasks.filter(({ series }) => series === undefined);
    checkSpace(
      whole.map(({ workload }) => workload),
      this.#scratch.storage,
      { drivers: presentDrivers(plan), choice: plan.choice },
    );
    if (tasks.some(({ workload }) => workload.storage === 'memory')) this.#scratch.mountMemory();
    const unmade = await this.#makeLayers(tasks);
    this.#options.watch.trials(countTrials(tasks), estimateMs(tasks, this.#durations));
    const outcomes = new Map<Task, Record<string, Outcome>>();
    for (const task of tasks) outcomes.set(task, await this.#runTask(task, unmade.get(task)));
    this.#durations.save();
    return this.#describe(date, outcomes);
  }

  /** Answers for which tasks that could not be done, and why. */
  async #makeLayers(tasks: readonly Task[]): Promise<Map<Task, string>> {
    const { watch, signal } = this.#options;
    const { choice } = this.#plan;
    const unmade = new Map<Task, string>();
    watch.layers(tasks.length);
    for (const task of tasks) {
      const { workload, drivers } = task;
      const need = findNeed([workload], this.#scratch.storage[workload.storage], { drivers, choice });
      this.#needs.set(task, need);
      const shortage = this.#findShortage(task, need);
      if (shortage !== undefined) unmade.set(task, `no space: ${shortage}`);
      // Trials tell what they have used, too; but for layers of the user, which only this looks through.
      else if (need.fixtures > 0 || choice.lower !== undefined) {
        const { error, fixtures } = await runJob(this.#job(workload), signal);
        if (error !== undefined) unmade.set(task, error);
        for (const [name, hash] of Object.entries(fixtures)) this.#fixtures.set(name, hash);
      }
      watch.done(task.workload.name);
    }
    return unmade;
  }

  #findShortage({ workload }: Task, need: Need): string | undefined {
    return findShortage(need, this.#scratch.storage[workload.storage]);
  }

  async #runTask(task: Task, unmade: string | undefined): Promise<Record<string, Outcome>> {
    const outcomes = new Map<Driver, MutableOutcome>(
      task.drivers.map((driver) => [driver, { figures: [], errors: unmade === undefined ? [] : [unmade] }]),
    );
    const rounds = this.#isLate() ? (this.#plan.hurry?.rounds ?? task.rounds) : task.rounds;
    for (const [round, order] of turns(task.drivers, task.rounds).entries()) {
      for (const driver of order) {
        const outcome = outcomes.get(driver);
        const isWanted = unmade === undefined && round < rounds;
        if (outcome !== undefined && isWanted && outcome.errors.length < enoughFailures) {
          await this.#tryOnce(task, driver, outcome);
        }
        this.#options.watch.done(task.workload.name, driver.name);
      }
    }
    return Object.fromEntries([...outcomes].map(([{ name }, outcome]) => [name, outcome]));
  }

  #isLate(): boolean {
    const { hurry } = this.#plan;
    return hurry !== undefined && performance.now() - this.#begin > hurry.afterMs;
  }

  async #tryOnce(task: Task, driver: Driver, outcome: MutableOutcome): Promise<void> {
    const { trial = 0 } = this.#needs.get(task) ?? {};
    const shortage = this.#findShortage(task, { fixtures: 0, trial });
    if (shortage !== undefined) {
      outcome.errors.push(`no space: ${shortage}`);
      return;
    }
    const start = performance.now();
    const answer = await runJob(this.#job(task.workload, driver), this.#options.signal);
    this.#durations.record(task.workload.name, driver.name, performance.now() - start);
    for (const [name, hash] of Object.entries(answer.fixtures)) this.#fixtures.set(name, hash);
    if (answer.figure !== undefined) outcome.figures.push(answer.figure);
    if (answer.error === undefined) return;
    outcome.errors.push(answer.error);
    await this.#scratch.sweep();
  }

  #job(workload: Workload, driver?: Driver): Job {
    return {
      kind: driver === undefined ? 'fixtures' : 'trial',
      catalogue: this.#options.catalogue,
      workload: workload.name,
      ...(driver === undefined ? {} : { driver: driver.name }),
      storage: this.#scratch.storage[workload.storage],
      choice: this.#plan.choice,
      cold: this.#plan.cold || workload.cold === true,
    };
  }

  #describe(date: string, outcomes: ReadonlyMap<Task, Record<string, Outcome>>): BenchRun {
    const { drivers, workloads, series, rounds, quick } = this.#plan;
    const present = presentDrivers(this.#plan);
    const measured: Measured[] = [...outcomes]
      .filter(([{ series }]) => series === undefined)
      .map(([{ workload }, byDriver]) => ({ workload, outcomes: byDriver }));
    return {
      ...{ format: 1, date, version: readPackageVersion(), rounds, quick },
      machine: readMachine(this.#scratch.path),
      fixtures: combinedHash(this.#fixtures),
      drivers: drivers.map(describeDriver),
      workloads: workloads.map((workload) => this.#describeWorkload(workload, measured, present)),
      series: series.map((one) => this.#describeSeries(one, outcomes)),
      means: computeMeans(measured, present),
    };
  }

  #describeSeries(
    { of: { name, title, xTitle, unit, withVolatile }, leftOut }: SizedSeries,
    outcomes: ReadonlyMap<Task, Record<string, Outcome>>,
  ): SeriesResult {
    return {
      ...{ name: this.#plan.cold ? chilledName(name) : name, title, xTitle, unit },
      ...(withVolatile === undefined ? {} : { withVolatile }),
      points: [...outcomes]
        .filter(([task]) => task.series?.name === name)
        .map(([{ size = 0 }, byDriver]) => ({ x: size, outcomes: byDriver })),
      ...(leftOut === undefined ? {} : { leftOut }),
    };
  }

  #describeWorkload(
    { of: workload, leftOut }: Candidate<Workload>,
    measured: readonly Measured[],
    drivers: readonly Driver[],
  ): WorkloadResult {
    const outcomes = measured.find((one) => one.workload === workload)?.outcomes ?? {};
    const isChilled = this.#plan.cold && workload.cold !== true;
    return {
      name: isChilled ? chilledName(workload.name) : workload.name,
      group: workload.group,
      unit: workload.unit,
      ...(workload.durability === undefined ? {} : { durability: workload.durability }),
      outcomes,
      verdicts: leftOut === undefined && !isChilled ? judgeAll(workload, outcomes, drivers) : [],
      ...(leftOut === undefined ? {} : { leftOut }),
    };
  }
}

/** Caches that are dropped make another workload of one for which they are not. */
function chilledName(name: string): string {
  return `${name}, cold`;
}

function describeDriver({ of: driver, leftOut }: Candidate<Driver>): DriverResult {
  const stack = { lowers: ['LOWER'], upper: 'UPPER', work: 'WORK', mountPoint: 'MOUNTPOINT' };
  const [program = '', ...args] = driver.command({ ...stack, scratch: '', storage: '' }) ?? [];
  return {
    name: driver.name,
    ...(driver.variantOf === undefined ? {} : { variantOf: driver.variantOf }),
    durability: driver.durability,
    version: leftOut === undefined ? driver.version() : '',
    // Where our program lies is of no interest.
    options: driver.shown ?? [program.replace(/^.*\//, ''), ...args].join(' '),
    ...(leftOut === undefined ? {} : { leftOut }),
  };
}
