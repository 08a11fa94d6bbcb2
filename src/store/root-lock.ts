/**
 * The lock of a data root. Whoever changes what others refer to (layers, images, names) holds it alone, whoever
 * reads several things that must fit together shares it; both for moments only, since all long work (unpacking,
 * hashing, syncing) is done before, where nobody looks. While it is held alone a mark lies beside it: one
 * that is found says that its writer died, and that there may be something to collect.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { tryLock, waitForLock, type Lock } from '../os/lock.ts';
import type { DataRoot } from './data-root.ts';
import { tellingNoSpace } from './no-space.ts';

export class RootLock {
  readonly #root: DataRoot;

  constructor(root: DataRoot) {
    this.#root = root;
  }

  /** Runs `act` while nothing changes. Not to be nested. */
  async shared<T>(act: () => Promise<T>): Promise<T> {
    const lock = await waitForLock(nameFromText(this.#root.lockFile), 'shared');
    try {
      return await act();
    } finally {
      lock.release();
    }
  }

  /** Runs `act` alone. Not to be nested. UserError `no-space`; what `act` throws. */
  async exclusive<T>(act: () => Promise<T>): Promise<T> {
    return this.#alone(await waitForLock(nameFromText(this.#root.lockFile), 'exclusive'), act);
  }

  /** The same if nobody else is at work; undefined otherwise. */
  async exclusiveNow<T>(act: () => Promise<T>): Promise<T | undefined> {
    const lock = tryLock(nameFromText(this.#root.lockFile));
    return lock === undefined ? undefined : this.#alone(lock, act);
  }

  /** Whether somebody died while he held the lock alone. Meaningful to its holder alone. */
  get wasAbandoned(): boolean {
    return existsSync(this.#mark);
  }

  /** Says that what an abandoned writer has left is collected. */
  forgetAbandoned(): void {
    rmSync(this.#mark, { force: true });
  }

  get #mark(): string {
    return this.#root.at('lock.held');
  }

  async #alone<T>(lock: Lock, act: () => Promise<T>): Promise<T> {
    try {
      return await tellingNoSpace(this.#root.path, () => this.#marked(act));
    } finally {
      lock.release();
    }
  }

  async #marked<T>(act: () => Promise<T>): Promise<T> {
    const before = this.wasAbandoned;
    if (!before) writeFileSync(this.#mark, '', { mode: 0o600 });
    try {
      const result = await act();
      // Of an earlier writer it stays until somebody has collected.
      if (!before) this.forgetAbandoned();
      return result;
    } catch (thrown) {
      // A refusal comes before the first change; any other error may come in the midst of several.
      if (!before && isRefusal(thrown)) this.forgetAbandoned();
      throw thrown;
    }
  }
}

function isRefusal(thrown: unknown): boolean {
  return thrown instanceof UserError && thrown.code !== 'broken-file';
}
