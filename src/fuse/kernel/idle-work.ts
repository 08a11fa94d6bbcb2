/**
 * Work that no client waits for, done while there is no request to answer: in the time that a client needs
 * to send its next one. It is done in the order in which it came, one piece at a time, and never lost.
 */
import type { Log } from '../../base/log.ts';
import type { FuseChannel } from '../../os/fuse-channel.ts';
import { errnoOf } from '../gate.ts';

/** So much may wait; then requests do. */
const maxWaiting = 64;

export class IdleWork {
  readonly #channel: FuseChannel;
  readonly #log: Log;
  #waiting: (() => void)[] = [];
  #next = 0;

  constructor(channel: FuseChannel, log: Log) {
    this.#channel = channel;
    this.#log = log;
  }

  /** Only while a request is being answered. */
  add(work: () => void): void {
    this.#waiting.push(work);
    if (this.#waiting.length - this.#next > maxWaiting) this.doOne();
    else this.#channel.wantIdle();
  }

  doOne(): void {
    const work = this.#waiting[this.#next];
    if (work === undefined) return;
    this.#next += 1;
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    } else {
      this.#channel.wantIdle();
    }
    try {
      work();
    } catch (thrown) {
      errnoOf(thrown, this.#log, 'work after a request');
    }
  }

  doAll(): void {
    while (this.#waiting.length > 0) this.doOne();
  }
}
