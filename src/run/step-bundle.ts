/**
 * The bundle of one command of a build: a directory in the run root, locked by the builder for as long as the command
 * runs. One that is not locked belongs to a builder that was killed; what is in it says how to end the command.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nameFromText } from '../base/name.ts';
import { tryLock } from '../os/lock.ts';
import { bundlesPath } from './engine.ts';

export const stepPrefix = 'step-';

/** The file that holds the path of the runtime; there before the runtime is asked for anything. */
export const runtimeFile = 'runtime';

export interface StepBundle {
  /** As the runtime knows it; the last part of the path. */
  readonly id: string;
  readonly path: string;
  remove(): void;
}

export function makeStepBundle(runRoot: string, runtime: string): StepBundle {
  for (;;) {
    const id = `${stepPrefix}${randomBytes(16).toString('hex')}`;
    const path = join(bundlesPath(runRoot), id);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const lock = tryLock(nameFromText(path));
    // Another command took it for a dead one's before it was locked.
    if (lock === undefined) continue;
    try {
      writeFileSync(join(path, runtimeFile), runtime, { mode: 0o600 });
    } catch (thrown) {
      lock.release();
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw thrown;
    }
    return {
      id,
      path,
      remove: () => {
        rmSync(path, { recursive: true, force: true });
        lock.release();
      },
    };
  }
}
