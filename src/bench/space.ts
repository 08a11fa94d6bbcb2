/**
 * Whether there is room, asked before anything is made. A trial is taken to write at most what its layers hold (a
 * plain copy of them does, and a copy-up of everything) and some more; beside it lie the trees that some drivers
 * start from, which hold as much again, each.
 */
import { statfsSync } from 'node:fs';
import { freemem } from 'node:os';
import { UserError } from '../base/user-error.ts';
import type { Driver } from './drivers/driver.ts';
import { createFixtures, type FixtureChoice } from './fixture.ts';
import { countingShelf, shelfPath, type Inventory } from './fixtures/shelf.ts';
import type { Workload } from './workload.ts';

const gibibyte = 1024 ** 3;
/** Besides copies of layers: the largest file that a workload writes, and unpacked archives. */
const writtenBytes = gibibyte;

export interface Need {
  /** To make fixtures that are not there yet. */
  readonly fixtures: number;
  /** Of the trial that takes most. */
  readonly trial: number;
}

/** What is measured with. */
export interface Equipment {
  readonly drivers: readonly Driver[];
  readonly choice: FixtureChoice;
}

/** What `workloads` take below the storage directory `storage`. */
export function findNeed(
  workloads: readonly Workload[],
  storage: string,
  { drivers, choice }: Equipment,
): Need {
  const trees = new Set(drivers.flatMap(({ tree }) => tree ?? [])).size;
  const directory = shelfPath(storage, choice.scale);
  const counted = new Set<string>();
  let [fixtures, trial] = [0, 0];
  for (const workload of workloads) {
    const inventory: Inventory = { bytes: 0, missingBytes: 0 };
    workload.lowers(createFixtures(countingShelf(directory, inventory, counted), choice));
    fixtures += inventory.missingBytes;
    trial = Math.max(trial, inventory.bytes * (1 + trees));
  }
  return { fixtures, trial: workloads.length === 0 ? 0 : trial + writtenBytes };
}

/** A sentence on what is lacking in `directory`; undefined when there is enough. */
export function findShortage({ fixtures, trial }: Need, directory: string): string | undefined {
  const free = freeBytes(directory);
  const needed = fixtures + trial;
  if (free >= needed) return undefined;
  return `${gibibytes(needed)} are needed in ${directory}, ${gibibytes(free)} are free`;
}

/** Throws UserError `no-space`. `disk` and `memory` are the storage directories. */
export function checkSpace(
  workloads: readonly Workload[],
  storage: Readonly<Record<Workload['storage'], string>>,
  equipment: Equipment,
): void {
  const [onDisk, inMemory] = (['disk', 'memory'] as const).map((kind) =>
    findNeed(
      workloads.filter((workload) => workload.storage === kind),
      storage[kind],
      equipment,
    ),
  ) as [Need, Need];
  const shortage = findShortage(onDisk, storage.disk);
  if (shortage !== undefined) {
    throw new UserError('no-space', shortage, { hint: 'name a directory with more space with --scratch' });
  }
  const memory = inMemory.fixtures + inMemory.trial;
  if (memory > freemem()) {
    throw new UserError(
      'no-space',
      `${gibibytes(memory)} of memory are needed, ${gibibytes(freemem())} are free`,
      {
        hint: 'leave out the workloads in memory, with --only',
      },
    );
  }
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

function gibibytes(bytes: number): string {
  return `${(bytes / gibibyte).toFixed(1)} GiB`;
}
