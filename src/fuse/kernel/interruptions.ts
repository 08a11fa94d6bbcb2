/**
 * INTERRUPT comes for any signal of who waits, once for each request: also for one that has a handler, such as
 * a timer's. Only who is going to end is heeded: a program with a profiling timer would never get through a long
 * copy. Who has been interrupted is looked at again until the reply is there.
 */
import { isDying } from '../../os/fatal-signal.ts';

/** A signal that ends who waits may come after one that does not, and nothing tells. */
const lookAgainMs = 100;

export class Interruptions {
  /** Threads that wait for a reply, by request. */
  readonly #waiting = new Map<number, number>();
  readonly #timers = new Map<number, NodeJS.Timeout>();
  readonly #isDying: (tid: number) => boolean;

  constructor(dying: (tid: number) => boolean = isDying) {
    this.#isDying = dying;
  }

  /** The requests that are waited for. */
  get waiting(): readonly number[] {
    return [...this.#waiting.keys()];
  }

  /** The thread `tid` waits for the reply to request `unique`. */
  begin(unique: number, tid: number): void {
    this.#waiting.set(unique, tid);
  }

  /** The reply is there. */
  end(unique: number): void {
    this.#waiting.delete(unique);
    const timer = this.#timers.get(unique);
    if (timer === undefined) return;
    clearInterval(timer);
    this.#timers.delete(unique);
  }

  /**
   * INTERRUPT: calls `act` if who waits is going to end, now or later, and again while there is no reply: by then the request may
   * wait for something else.
   */
  interrupt(unique: number, act: () => void): void {
    const tid = this.#waiting.get(unique);
    if (tid === undefined || this.#timers.has(unique)) return;
    const look = (): void => {
      if (this.#isDying(tid)) act();
    };
    look();
    this.#timers.set(unique, setInterval(look, lookAgainMs).unref());
  }
}
