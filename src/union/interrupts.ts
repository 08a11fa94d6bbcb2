/**
 * Which requests wait for something that can be ended (copying data), so that INTERRUPT finds it.
 */
import { createCancel } from '../os/cancel.ts';
import type { Cancel } from '../os/host-fs.ts';

export class Interrupts {
  readonly #waiting = new Map<number, Cancel>();

  /** Runs `work` with something that `interrupt(unique)` cancels. */
  async during<T>(unique: number, work: (cancel: Cancel) => Promise<T>): Promise<T> {
    const cancel = createCancel();
    this.#waiting.set(unique, cancel);
    try {
      return await work(cancel);
    } finally {
      this.#waiting.delete(unique);
    }
  }

  interrupt(unique: number): void {
    this.#waiting.get(unique)?.cancel();
  }
}
