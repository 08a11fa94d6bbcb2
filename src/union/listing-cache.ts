/**
 * Keeps the indexes and listings of directories within a budget of names, the least recently used
 * dropped first. Both can always be made again. What somebody is reading stays whatever the budget: two readers of large
 * directories would have each other's listing made anew with each reply.
 */
import { LRUCache } from 'lru-cache';
import type { Node } from './node.ts';

export class ListingCache {
  /** The weight is the value as well: a set of the same value would not weigh again. */
  readonly #used: LRUCache<Node, number>;
  readonly #budget: number;

  /** `names`: how many to keep; a directory that alone has more is kept alone. */
  constructor(names: number) {
    this.#budget = names;
    this.#used = new LRUCache<Node, number>({
      // It only weighs: it would drop what is being read as well.
      maxSize: Number.MAX_SAFE_INTEGER,
      dispose: (_, node) => {
        if (node.dir === undefined) return;
        node.dir.index = undefined;
        node.dir.listing?.leave();
        node.dir.listing = undefined;
      },
      noDisposeOnSet: true,
    });
  }

  /** The index or the listing of `node` was used. */
  touch(node: Node): void {
    this.#used.get(node);
  }

  /** One of them was made: weigh again. */
  renew(node: Node): void {
    const names = 1 + (node.dir?.index?.size ?? 0) + (node.dir?.listing?.size ?? 0);
    const size = Math.min(names, this.#budget);
    this.#used.set(node, size, { size });
    this.trim();
  }

  /** Drops what is over the budget, but for what is being read, and what was used last. */
  trim(): void {
    let over = this.#used.calculatedSize - this.#budget;
    if (over <= 0) return;
    let left = this.#used.size;
    const dropped: Node[] = [];
    for (const node of this.#used.rkeys()) {
      if (over <= 0 || --left === 0) break;
      if (node.dir?.listing?.isBeingRead === true) continue;
      over -= this.#used.peek(node) ?? 0;
      dropped.push(node);
    }
    for (const node of dropped) this.#used.delete(node);
  }

  clear(): void {
    this.#used.clear();
  }

  drop(node: Node): void {
    this.#used.delete(node);
  }
}
