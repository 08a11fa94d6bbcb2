/**
 * Loops of synchronous system calls that a signal can end. Nobody hears of one before the event loop has its turn, and a loop
 * that awaits only what is done at once never gives it any.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long a loop may hold up the event loop; a turn costs microseconds. */
const longestMs = 20;

export class LoopTurns {
  readonly #signal: AbortSignal;
  #lastMs = performance.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** To be awaited in each round. Rejects with the reason of the signal. */
  async take(): Promise<void> {
    if (performance.now() - this.#lastMs >= longestMs) {
      await nextTurn();
      this.#lastMs = performance.now();
    }
    this.#signal.throwIfAborted();
  }
}
