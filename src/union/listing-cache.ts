/**
 * Keeps the indexes and listings of directories within a budget of names, the least recently used
 * dropped first. Both can always be made again.
 */
import { LRUCache } from 'lru-cache';
import type { Node } from './node.ts';

export class ListingCache {
  readonly #used: LRUCache<Node, true>;
  readonly #budget: number;

  /** `names`: how many to keep; a directory that alone has more is kept alone. */
  constructor(names: number) {
    this.#budget = names;
    this.#used = new LRUCache<Node, true>({
      maxSize: names,
      dispose: (_, node) => {
        if (node.dir === undefined) return;
        node.dir.index = undefined;
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
    const size = 1 + (node.dir?.index?.size ?? 0) + (node.dir?.listing?.size ?? 0);
    this.#used.set(node, true, { size: Math.min(size, this.#budget) });
  }

  clear(): void {
    this.#used.clear();
  }

  drop(node: Node): void {
    this.#used.delete(node);
  }
}
