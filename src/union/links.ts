/**
 * The further names of a file with several: tens of thousands for some. Each is found, and goes, at once, however many there are;
 * few are not worth an index.
 */
import type { Name } from '../base/name.ts';
import type { Link, Node } from './node.ts';

/** As many are looked through as fast. */
const unindexed = 16;

interface Entry extends Link {
  /** Its position. */
  at: number;
}

export class Links implements Iterable<Link> {
  readonly #entries: Entry[] = [];
  #index: Map<Node, Map<Name, Entry>> | undefined;

  get size(): number {
    return this.#entries.length;
  }

  add(parent: Node, name: Name): void {
    if (this.#find(parent, name) !== undefined) return;
    const entry = { parent, name, at: this.#entries.length };
    this.#entries.push(entry);
    if (this.#index !== undefined) addTo(this.#index, entry);
    else if (this.#entries.length > unindexed) this.#makeIndex();
  }

  delete(parent: Node, name: Name): void {
    const entry = this.#find(parent, name);
    if (entry !== undefined) this.#remove(entry);
  }

  /** Takes one away. */
  take(): Link | undefined {
    const entry = this.#entries.at(-1);
    if (entry !== undefined) this.#remove(entry);
    return entry;
  }

  [Symbol.iterator](): IterableIterator<Link> {
    return this.#entries.values();
  }

  #find(parent: Node, name: Name): Entry | undefined {
    if (this.#index !== undefined) return this.#index.get(parent)?.get(name);
    return this.#entries.find((entry) => entry.parent === parent && entry.name === name);
  }

  /** The last one takes its place. */
  #remove(entry: Entry): void {
    const last = this.#entries.pop();
    if (last !== undefined && last !== entry) {
      last.at = entry.at;
      this.#entries[entry.at] = last;
    }
    const names = this.#index?.get(entry.parent);
    names?.delete(entry.name);
    if (names?.size === 0) this.#index?.delete(entry.parent);
  }

  #makeIndex(): void {
    this.#index = new Map();
    for (const entry of this.#entries) addTo(this.#index, entry);
  }
}

function addTo(index: Map<Node, Map<Name, Entry>>, entry: Entry): void {
  const names = index.get(entry.parent);
  if (names === undefined) index.set(entry.parent, new Map([[entry.name, entry]]));
  else names.set(entry.name, entry);
}
