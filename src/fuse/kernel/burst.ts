/**
 * After the kernel has forgotten very many nodes and has then been quiet for a moment, memory goes back
 * to the system. Between bursts it costs nothing.
 */
const nodesOfABurst = 50_000;
const quietMs = 500;

export class Burst {
  readonly #giveBack: () => void;
  #forgotten = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(giveBack: () => void) {
    this.#giveBack = giveBack;
  }

  /** `count` nodes were forgotten. */
  forgot(count: number): void {
    this.#forgotten += count;
    if (this.#forgotten < nodesOfABurst) return;
    if (this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#forgotten = 0;
        this.#giveBack();
      }, quietMs).unref();
    } else {
      this.#timer.refresh();
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
