/**
 * How long trials take, kept beside the fixtures from run to run, so that the time of a run can be told before it
 * begins. An estimate that is lost does no harm.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Durations {
  /** Of one trial, mounting and clearing away included. */
  expected(workload: string, driver: string): number;
  record(workload: string, driver: string, ms: number): void;
  save(): void;
}

/** Of a trial that nobody has run yet; what most take. */
const unknownMs = 3_000;

/** `scale`: that of the fixtures, on which the time depends. */
export function openDurations(directory: string, scale: number): Durations {
  const path = join(directory, `durations-${String(scale)}.json`);
  const known = new Map(Object.entries(read(path)));
  const key = (workload: string, driver: string): string => `${workload}/${driver}`;
  return {
    expected: (workload, driver) => known.get(key(workload, driver)) ?? unknownMs * scale,
    record: (workload, driver, ms) => {
      known.set(key(workload, driver), Math.round(ms));
    },
    save: () => {
      writeFileSync(path, JSON.stringify(Object.fromEntries(known)));
    },
  };
}

function read(path: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, number>;
  } catch {
    // There is none yet, or a run was killed while it wrote.
    return {};
  }
}
