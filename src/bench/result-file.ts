/**
 * The files that a run writes, and that a later one is compared with. Whether they can be written is asked before
 * the run, which takes long.
 */
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { UserError } from '../base/user-error.ts';
import type { BenchRun } from './results.ts';

/** Reads what an earlier run has written with --json. Throws UserError `bad-run`. */
export function readRun(path: string): BenchRun {
  let run: Partial<BenchRun>;
  try {
    run = JSON.parse(readFileSync(path, 'utf8')) as Partial<BenchRun>;
  } catch (cause) {
    throw badRun(path, cause);
  }
  if (run.format !== 1 || run.workloads === undefined) throw badRun(path);
  return run as BenchRun;
}

function badRun(path: string, cause?: unknown): UserError {
  return new UserError('bad-run', `${path} is not the result of an earlier run`, {
    hint: 'name a file that strata bench --json has written',
    cause,
  });
}

/** Makes the file where it is not there. Throws UserError `bad-output`. */
export function checkOutput(path: string): void {
  try {
    closeSync(openSync(path, 'a'));
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('bad-output', `${path} cannot be written (${code})`, {
      hint: 'name a file in a directory that is there and may be written',
      cause,
    });
  }
}

export function writeOutput(path: string, text: string): void {
  writeFileSync(path, text);
}

/** What is in such a file; empty where there is nothing yet. */
export function readOutput(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
