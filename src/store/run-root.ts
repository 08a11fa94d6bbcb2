/**
 * What is true of this boot only: which mounts there are, who holds them, which process serves them. One
 * directory under /run for each data root. It carries the id of the boot; found with another one, it is
 * emptied, since neither mounts nor processes outlive that.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { nameFromText } from '../base/name.ts';
import { waitForLock } from '../os/lock.ts';
import { readBootId } from '../os/process-identity.ts';
import type { DataRoot } from './data-root.ts';
import { findText, writeDurably } from './durable.ts';

export class RunRoot {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes it in `directory`, or answers the one that is there, emptied if it is of another boot. */
  static async open(root: DataRoot, directory = join(runDirectory(), 'strata')): Promise<RunRoot> {
    const name = createHash('sha256').update(root.path).digest('hex').slice(0, 16);
    const run = new RunRoot(resolve(directory, name));
    mkdirSync(run.path, { recursive: true, mode: 0o700 });
    const lock = await waitForLock(nameFromText(run.path), 'exclusive');
    try {
      const bootId = readBootId();
      if ((await findText(run.#bootFile)) !== bootId) {
        rmSync(run.mounts, { recursive: true, force: true });
        rmSync(join(run.path, 'driver.json'), { force: true });
        await writeDurably(run.#bootFile, bootId);
      }
      // Whoever tidies up /run may take it for one that nobody needs.
      mkdirSync(run.mounts, { recursive: true, mode: 0o700 });
    } finally {
      lock.release();
    }
    return run;
  }

  /** Runs `act` while no other command mounts or unmounts. Not to be nested. */
  async alone<T>(act: () => Promise<T>): Promise<T> {
    const lock = await waitForLock(nameFromText(this.path), 'exclusive');
    try {
      return await act();
    } finally {
      lock.release();
    }
  }

  get mounts(): string {
    return join(this.path, 'mounts');
  }

  get #bootFile(): string {
    return join(this.path, 'boot-id');
  }
}

function runDirectory(): string {
  return process.geteuid?.() === 0 ? '/run' : (process.env.XDG_RUNTIME_DIR ?? '/tmp');
}
