/**
 * Modification times of files while data is written to them that the kernel kept back. It tells that time itself,
 * before the data, after it, or meanwhile, so the writing must leave none of its own. Writes to one file overlap: the
 * first of them finds the time, and the last puts it back, or the one that was set meanwhile.
 */
import type { TimeSpec } from '../base/time-spec.ts';
import type { Node } from './node.ts';

interface Kept {
  mtime: TimeSpec;
  /** How many are under way. */
  writes: number;
}

export class KeptTimes {
  readonly #files = new Map<Node, Kept>();

  /** A write to `node` begins. `read` tells the time that it has. */
  begin(node: Node, read: () => TimeSpec): void {
    const kept = this.#files.get(node);
    if (kept === undefined) this.#files.set(node, { mtime: read(), writes: 1 });
    else kept.writes += 1;
  }

  /** A write to `node` has ended: the time to put back, if it was the last. */
  end(node: Node): TimeSpec | undefined {
    const kept = this.#files.get(node);
    if (kept === undefined) return undefined;
    kept.writes -= 1;
    if (kept.writes > 0) return undefined;
    this.#files.delete(node);
    return kept.mtime;
  }

  /** The time of `node` was set. */
  set(node: Node, mtime: TimeSpec): void {
    const kept = this.#files.get(node);
    if (kept !== undefined) kept.mtime = mtime;
  }
}
