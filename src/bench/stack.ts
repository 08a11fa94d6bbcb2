/**
 * The directories of one trial: given lower layers, an upper and a work directory that nobody used
 * before, and an empty mount point. Nothing of one trial is left for the next.
 */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nameFromText } from '../base/name.ts';
import { findMountAt } from '../os/mountinfo.ts';
import { run } from './child.ts';

export interface Stack {
  /** Topmost first. */
  readonly lowers: readonly string[];
  readonly upper: string;
  readonly work: string;
  readonly mountPoint: string;
  /** Beside the mount, for what a workload writes down. */
  readonly scratch: string;
  /** What outlasts a trial lies there, and the trials beside it. */
  readonly storage: string;
}

/** How the directory of a trial is known among others. */
export const trialPrefix = 'trial-';

/** Makes a fresh upper, work directory and mount point below `storage`. */
export function createStack(storage: string, lowers: readonly string[]): Stack {
  const root = mkdtempSync(join(storage, trialPrefix));
  const stack = {
    lowers,
    upper: join(root, 'upper'),
    work: join(root, 'work'),
    mountPoint: join(root, 'mnt'),
    scratch: join(root, 'scratch'),
    storage,
  };
  for (const directory of [stack.upper, stack.work, stack.mountPoint, stack.scratch]) mkdirSync(directory);
  return stack;
}

/** Removes everything `createStack` made; refuses while something is mounted there. */
export function removeStack(stack: Stack): void {
  // rm through a mount that is still there would empty what it shows.
  if (findMountAt(nameFromText(stack.mountPoint)) !== undefined) {
    throw new Error(`${stack.mountPoint} is still mounted`);
  }
  run(['rm', '-rf', '--one-file-system', '--', dirname(stack.mountPoint)]);
}
