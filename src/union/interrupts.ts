/**
 * Which requests wait for something that can be ended (copying data, or the copy that another request
 * makes), so that INTERRUPT finds it.
 */
import { fsError } from '../base/fs-error.ts';
import { createCancel } from '../os/cancel.ts';
import type { Cancel } from '../os/host-fs.ts';

export class Interrupts {
  /** What ends the waiting of each request. */
  readonly #waiting = new Map<number, () => void>();

  /** Runs `work` with something that `interrupt(unique)` cancels. */
  async during<T>(unique: number, work: (cancel: Cancel) => Promise<T>): Promise<T> {
    const cancel = createCancel();
    return this.#listening(
      unique,
      () => {
        cancel.cancel();
      },
      () => work(cancel),
    );
  }

  /** Waits for `busy`, which is somebody else's. EINTR at `interrupt(unique)`. */
  async until(unique: number, busy: Promise<void>): Promise<void> {
    let end: () => void = () => undefined;
    const ended = new Promise<never>((_, reject) => {
      end = () => {
        reject(fsError('EINTR'));
      };
    });
    return this.#listening(unique, end, () => Promise.race([busy, ended]));
  }

  interrupt(unique: number): void {
    this.#waiting.get(unique)?.();
  }

  async #listening<T>(unique: number, end: () => void, work: () => Promise<T>): Promise<T> {
    this.#waiting.set(unique, end);
    try {
      return await work();
    } finally {
      if (this.#waiting.get(unique) === end) this.#waiting.delete(unique);
    }
  }
}
