/**
 * Requests that wait until something changes about a node. Each waits for a bounded time, and an INTERRUPT
 * ends it at once. Whoever was woken looks again whether it is what he waits for.
 */
import { fsError } from '../../base/fs-error.ts';
import type { NodeId } from '../../base/ids.ts';

/** How long one request waits in all, however often: its time runs from the first wait on. */
export class Patience {
  /** Of the request. */
  readonly unique: number;
  readonly #limitMs: number;
  #deadline: number | undefined;

  constructor(unique: number, limitMs: number) {
    this.unique = unique;
    this.#limitMs = limitMs;
  }

  /** Begins with the first question. */
  leftMs(): number {
    const now = performance.now();
    this.#deadline ??= now + this.#limitMs;
    return Math.max(0, this.#deadline - now);
  }
}

interface Waiter {
  readonly node: NodeId;
  readonly unique: number;
  readonly resume: (inTime: boolean) => void;
  readonly interrupt: () => void;
}

export class Waiters {
  readonly #waiting = new Set<Waiter>();

  /** Resolves at the next change of `node`, or with false when time is up. EINTR when the request is interrupted. */
  next(node: NodeId, patience: Patience): Promise<boolean> {
    const leftMs = patience.leftMs();
    if (leftMs === 0) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
      };
      const waiter: Waiter = {
        node,
        unique: patience.unique,
        resume: (inTime) => {
          end();
          resolve(inTime);
        },
        interrupt: () => {
          end();
          reject(fsError('EINTR'));
        },
      };
      const timer = setTimeout(() => {
        waiter.resume(false);
      }, leftMs);
      this.#waiting.add(waiter);
    });
  }

  wake(node: NodeId): void {
    if (this.#waiting.size === 0) return;
    for (const waiter of [...this.#waiting]) if (waiter.node === node) waiter.resume(true);
  }

  interrupt(unique: number): void {
    for (const waiter of [...this.#waiting]) if (waiter.unique === unique) waiter.interrupt();
  }
}
