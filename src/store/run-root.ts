/**
 * What is true of this boot only: which mounts there are, who holds them, which process serves them. One directory for
 * each data root, in /run/strata, or in a place of the user's own. It carries the id of the boot; found with another
 * one, it is emptied, since neither mounts nor processes outlive that.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { waitForLock } from '../os/lock.ts';
import { makeDirectories } from '../os/make-directories.ts';
import { makePrivateDirectory } from '../os/private-directory.ts';
import { readBootId } from '../os/process-identity.ts';
import type { DataRoot } from './data-root.ts';
import { findText, writeDurably } from './durable.ts';

export class RunRoot {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes it in `directory`, or answers the one that is there, emptied if it is of another boot. UserError `bad-run-root` where
   * it cannot be made or written.
   */
  static async open(root: DataRoot, directory = usualDirectory()): Promise<RunRoot> {
    const name = createHash('sha256').update(root.path).digest('hex').slice(0, 16);
    const run = new RunRoot(resolve(directory, name));
    try {
      await run.#makeReady();
    } catch (thrown) {
      if (thrown instanceof UserError) throw thrown;
      const { code = 'EIO' } = thrown as NodeJS.ErrnoException;
      throw new UserError('bad-run-root', `the run root ${run.path} cannot be made or written (${code})`, {
        hint: otherDirectory,
        cause: thrown,
      });
    }
    return run;
  }

  async #makeReady(): Promise<void> {
    makeDirectories(this.path, 0o700);
    // Only who finds another boot's waits for those who mount.
    if ((await findText(this.#bootFile)) !== readBootId()) await this.#empty();
    // Whoever tidies up /run may take it for one that nobody needs.
    makeDirectories(this.mounts, 0o700);
  }

  async #empty(): Promise<void> {
    const lock = await waitForLock(nameFromText(this.path), 'exclusive');
    try {
      const bootId = readBootId();
      if ((await findText(this.#bootFile)) !== bootId) {
        rmSync(this.mounts, { recursive: true, force: true });
        rmSync(join(this.path, 'driver.json'), { force: true });
        await writeDurably(this.#bootFile, bootId);
      }
    } finally {
      lock.release();
    }
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

const otherDirectory = 'choose a directory of yours: --run-root DIR, or STRATA_RUN_ROOT in the environment';

function usualDirectory(): string {
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0) return '/run/strata';
  const session = process.env.XDG_RUNTIME_DIR;
  if (session?.startsWith('/') === true) return join(session, 'strata');
  const path = `/tmp/strata-${String(uid)}`;
  // Where everybody may make it.
  if (makePrivateDirectory(path)) return path;
  throw new UserError('bad-run-root', `${path} is not a directory of yours alone`, {
    hint: `have it removed, or ${otherDirectory}`,
  });
}
