/**
 * While requests come thick and fast, processors are kept from falling asleep between them: a client that waits
 * for an answer is woken sooner. It looks at the number of requests once in a while, and not at all while there are
 * none.
 */
const spanMs = 4;
/** Requests within a span that make it worth while, and those below which it is no more. */
const busy = 24;
const quiet = 8;

export class Alertness {
  readonly #stayAwake: (wanted: boolean) => void;
  #count = 0;
  #isAwake = false;
  #timer: NodeJS.Timeout | undefined;

  /** `stayAwake` is told when it begins and when it ends. */
  constructor(stayAwake: (wanted: boolean) => void) {
    this.#stayAwake = stayAwake;
  }

  /** A request came. */
  note(): void {
    this.#count += 1;
    this.#timer ??= this.#nextLook();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#set(false);
  }

  #nextLook(): NodeJS.Timeout {
    return setTimeout(() => {
      const count = this.#count;
      this.#count = 0;
      this.#timer = count === 0 ? undefined : this.#nextLook();
      if (count >= busy) this.#set(true);
      else if (count < quiet) this.#set(false);
    }, spanMs).unref();
  }

  #set(isAwake: boolean): void {
    if (this.#isAwake === isAwake) return;
    this.#isAwake = isAwake;
    this.#stayAwake(isAwake);
  }
}
