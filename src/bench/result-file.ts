/**
 * The file of an earlier run, which may be anybody's: all of it is checked before anything is shown or measured.
 */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { UserError } from '../base/user-error.ts';
import { runSchema } from './run-schema.ts';
import type { BenchRun } from './results.ts';

/** Reads what an earlier run has written with --json. Throws UserError `bad-run`. */
export function readRun(path: string): BenchRun {
  try {
    return v.parse(runSchema, JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw badRun(path, cause);
  }
}

function badRun(path: string, cause?: unknown): UserError {
  return new UserError('bad-run', `${path} is not the result of an earlier run`, {
    hint: 'name a file that strata bench --json has written',
    cause,
  });
}
