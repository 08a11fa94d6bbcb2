/**
 * What a run will do: options checked against the catalogue, what cannot run here told apart from what can. Makes and
 * mounts nothing.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../base/user-error.ts';
import type { Catalogue } from './catalogue.ts';
import { findSeparator, type Driver, type Obstacle } from './drivers/driver.ts';
import type { FixtureChoice } from './fixture.ts';
import { findMissingPackages } from './packages.ts';
import type { Series } from './series/series.ts';
import type { Workload } from './workload.ts';

export interface BenchOptions {
  /** Names; all that are there unless told. */
  readonly drivers?: readonly string[];
  /** Names of workloads, groups and series; all unless told. */
  readonly only?: readonly string[];
  readonly rounds?: number;
  /** Layers of the user, topmost first. */
  readonly lower?: readonly string[];
  /** How many layers to make. */
  readonly layers?: number;
  /** Whether caches are dropped before each trial, of all workloads. */
  readonly cold?: boolean;
  readonly quick?: boolean;
}

/** Something with the reason why it does not run, where it does not. */
export interface Candidate<T> {
  readonly of: T;
  readonly leftOut?: Obstacle;
}

export interface SizedSeries extends Candidate<Series> {
  readonly sizes: readonly number[];
}

export interface Hurry {
  readonly afterMs: number;
  readonly rounds: number;
}

export interface Plan {
  readonly drivers: readonly Candidate<Driver>[];
  readonly workloads: readonly Candidate<Workload>[];
  readonly series: readonly SizedSeries[];
  readonly rounds: number;
  /** A run that takes longer than this gives what is left fewer rounds. */
  readonly hurry?: Hurry;
  readonly choice: FixtureChoice;
  readonly cold: boolean;
  readonly quick: boolean;
}

const defaultRounds = 5;
/** A look, not a measurement: more does not fit into 40 seconds. */
const quickRounds = 1;
/** On a slow machine, a whole run is to end within 90 minutes all the same. */
const wholeHurry: Hurry = { afterMs: 3_600_000, rounds: 2 };
const quickScale = 0.1;
const defaultLayers = 5;

/**
 * Throws UserError `bad-rounds`, `bad-layers`, `unknown-driver`, `no-driver`, `unknown-workload`, `no-work`,
 * `missing-layer`, `bad-layer`.
 */
export function createPlan(options: BenchOptions, catalogue: Catalogue): Plan {
  const { quick = false, cold = false } = options;
  const rounds = options.rounds ?? (quick ? quickRounds : defaultRounds);
  const layers = options.layers ?? defaultLayers;
  checkCount('rounds', rounds);
  checkCount('layers', layers);
  const { workloads, series } = choose(catalogue, options.only, quick);
  const drivers = findDrivers(chooseDrivers(catalogue, options.drivers, quick), options, {
    workloads,
    series,
  });
  const present = presentDrivers({ drivers });
  const obstacle = (workload: Workload, withVolatile?: boolean): Obstacle | undefined =>
    present.some((driver) => runsOn(driver, workload, withVolatile))
      ? findWorkloadObstacle(workload, cold)
      : { why: `none of the drivers takes part in it: ${namesOf(present)}` };
  return {
    ...{ drivers, rounds, cold, quick },
    // Who says how many rounds there shall be gets them.
    ...(options.rounds === undefined ? { hurry: wholeHurry } : {}),
    workloads: workloads.map((of) => candidate(of, obstacle(of))),
    series: series.map(({ of, sizes }) => ({
      ...candidate(of, obstacle(of.at(sizes[0] ?? 0), of.withVolatile)),
      sizes,
    })),
    choice: {
      scale: quick ? quickScale : 1,
      layers,
      ...(options.lower === undefined ? {} : { lower: options.lower.map(checkedLayer) }),
    },
  };
}

interface Work {
  readonly workloads: readonly Workload[];
  readonly series: readonly SizedSeries[];
}

/** Of `chosen`, those that have work, and those that were asked for by name and have none, with the reason. */
function findDrivers(
  chosen: readonly Driver[],
  { drivers: named }: BenchOptions,
  { workloads, series }: Work,
): Candidate<Driver>[] {
  // A variant of ours that never syncs, say, has nothing to do where nothing is copied up.
  const hasWork = (driver: Driver): boolean =>
    workloads.some((workload) => runsOn(driver, workload)) ||
    series.some(({ of, sizes }) => runsOn(driver, of.at(sizes[0] ?? 0), of.withVolatile));
  const working = chosen.filter(hasWork);
  if (working.length === 0) {
    throw new UserError(
      'no-work',
      `none of these drivers takes part in these workloads: ${namesOf(chosen)}`,
      {
        hint: 'name others with --only, or other drivers with --drivers',
      },
    );
  }
  const candidates = (named === undefined ? working : chosen).map((of) =>
    candidate(
      of,
      working.includes(of) ? of.findObstacle() : { why: 'it takes part in none of these workloads' },
    ),
  );
  if (presentDrivers({ drivers: candidates }).length > 0) return candidates;
  const first = candidates.find(({ of }) => of === working[0])?.leftOut;
  throw new UserError('no-driver', `none of these drivers can run here: ${namesOf(working)}`, {
    hint: [first?.why, first?.install].filter((text) => text !== undefined).join(': '),
  });
}

function namesOf(drivers: readonly Driver[]): string {
  return drivers.map(({ name }) => name).join(', ');
}

/**
 * Whether `driver` takes part in `workload`. `withVolatile`: so do all that never sync, though it does not ask for
 * them.
 */
export function runsOn(driver: Driver, workload: Workload, withVolatile = false): boolean {
  const { durability, group, ofServer } = workload;
  if (ofServer === true && driver.inKernel === true) return false;
  if (driver.groups?.includes(group) === false) return false;
  if (durability === 'volatile') return driver.durability === 'volatile';
  return withVolatile || !driver.subject || driver.durability === 'default';
}

/** Those that run. */
export function presentDrivers({ drivers }: Pick<Plan, 'drivers'>): Driver[] {
  return drivers.filter(({ leftOut }) => leftOut === undefined).map(({ of }) => of);
}

function candidate<T>(of: T, leftOut: Obstacle | undefined): Candidate<T> {
  return leftOut === undefined ? { of } : { of, leftOut };
}

function checkCount(name: 'rounds' | 'layers', value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new UserError(`bad-${name}`, `--${name} takes a whole number from 1 on`, { hint: `--${name} 5` });
}

function chooseDrivers(catalogue: Catalogue, names: readonly string[] | undefined, quick: boolean): Driver[] {
  if (names === undefined) {
    return catalogue.drivers.filter((driver) => (quick ? driver.quick : driver.onRequest !== true));
  }
  return [...new Set(names)].map((name) => {
    const found = catalogue.drivers.find((driver) => driver.name === name);
    if (found !== undefined) return found;
    throw new UserError('unknown-driver', `no driver is called ${JSON.stringify(name)}`, {
      hint: `there are ${catalogue.drivers.map((driver) => driver.name).join(', ')}`,
    });
  });
}

function choose({ workloads, series }: Catalogue, only: readonly string[] | undefined, quick: boolean): Work {
  const sized = series.map((of) => ({ of, sizes: quick ? of.quickSizes : of.sizes }));
  // Series take more time than there is in a quick run.
  if (only === undefined) {
    return quick
      ? { workloads: workloads.filter((one) => one.quick), series: [] }
      : { workloads: [...workloads], series: sized };
  }
  const known = new Set([
    ...workloads.flatMap(({ name, group }) => [name, group]),
    ...series.map(({ name }) => name),
  ]);
  const unknown = only.find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw new UserError(
      'unknown-workload',
      `no workload, group or series is called ${JSON.stringify(unknown)}`,
      {
        hint: 'strata bench --list shows all',
      },
    );
  }
  return {
    workloads: workloads.filter(({ name, group }) => only.includes(name) || only.includes(group)),
    series: sized.filter(({ of }) => only.includes(of.name)),
  };
}

function findWorkloadObstacle(workload: Workload, cold: boolean): Obstacle | undefined {
  const isRoot = process.geteuid?.() === 0;
  if (!isRoot && workload.storage === 'memory') return { why: 'only root may mount memory for it' };
  if (!isRoot && (cold || workload.cold === true)) return { why: 'only root may drop caches' };
  const missing = findMissingPackages(workload.needs ?? []);
  if (missing !== undefined) return missing;
  const why = workload.missing?.();
  return why === undefined ? undefined : { why };
}

/** Throws UserError `missing-layer`, and `bad-layer` for one that drivers could not be told about. */
function checkedLayer(given: string): string {
  const path = resolve(given);
  const hint = 'name directories with --lower, the topmost first';
  if (!isDirectory(path))
    throw new UserError('missing-layer', `the layer ${given} is not a directory`, { hint });
  const separator = findSeparator(path);
  if (separator === undefined) return path;
  throw new UserError('bad-layer', `the layer ${given} cannot be used: ${separator}`, { hint });
}

/** Nor is what cannot be looked at. */
function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
