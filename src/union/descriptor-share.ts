/**
 * What the mounts of one process may have open, divided among them: alone a mount has what it can use, and each
 * one that comes makes the caches of the others smaller. They can all open again what they close.
 */

/** Descriptors that the caches of one mount can make good use of; their limits are parts of it. */
const wanted = 2048;

export class DescriptorShare {
  readonly #most: number;
  readonly #members = new Set<() => void>();

  /** `most`: descriptors for the caches of all mounts. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The part of its limits that each mount may use: up to 1. */
  get part(): number {
    return Math.min(1, this.#most / (wanted * Math.max(1, this.#members.size)));
  }

  /** One more mount. `fit` closes what is too much, from now on whenever the part shrinks. The answer ends it. */
  join(fit: () => void): () => void {
    this.#members.add(fit);
    for (const member of this.#members) member();
    return () => {
      this.#members.delete(fit);
    };
  }
}
