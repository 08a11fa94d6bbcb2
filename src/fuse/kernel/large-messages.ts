/**
 * Some time after the last large message the memory that such messages took goes back to the system: of many
 * mounts few move data at any moment. While they come it costs next to nothing, and between them nothing.
 */
const largeBytes = 65_536;
const quietMs = 2000;

export class LargeMessages {
  readonly #giveBack: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(giveBack: () => void) {
    this.#giveBack = giveBack;
  }

  /** A request of so many bytes was answered with so many. */
  note(request: number, reply: number): void {
    if (request <= largeBytes && reply <= largeBytes) return;
    if (this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
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
