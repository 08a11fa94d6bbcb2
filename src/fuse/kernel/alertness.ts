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
  readonly #countOthers: () => number;
  #count = 0;
  #others = 0;
  #isAwake = false;
  #timer: NodeJS.Timeout | undefined;

  /** `stayAwake` is told when it begins and when it ends; `countOthers` tells how many requests nobody noted so far. */
  constructor(stayAwake: (wanted: boolean) => void, countOthers: () => number) {
    this.#stayAwake = stayAwake;
    this.#countOthers = countOthers;
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
      const others = this.#countOthers();
      const count = this.#count + others - this.#others;
      this.#count = 0;
      this.#others = others;
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
