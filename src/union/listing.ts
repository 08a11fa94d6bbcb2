/**
 * The merged entries of a directory in the order of their cookies (`cookies.ts`), so that reading goes on at the right
 * place whatever was created or removed meanwhile. Kept in columns: a directory may have a million entries.
 */
import type { Name } from '../base/name.ts';
import { indexAfter, type Cookies, type Ordered } from './cookies.ts';

/** Entries by their position. */
export class Entries {
  readonly names: Name[] = [];
  /** DT_* of each. */
  #types: Uint8Array;
  /** Inode number in two halves, at 2i and 2i + 1. */
  #inos: Uint32Array;
  /** 1: the inode number is not known before the entry is looked up. */
  #inexact: Uint8Array;

  /** With room for so many; there may be more. */
  constructor(room: number) {
    this.#types = new Uint8Array(room);
    this.#inos = new Uint32Array(room * 2);
    this.#inexact = new Uint8Array(room);
  }

  get length(): number {
    return this.names.length;
  }

  push(name: Name, type: number, inoLow: number, inoHigh: number, exact: boolean): void {
    const i = this.names.length;
    if (i === this.#types.length) this.#grow();
    this.names.push(name);
    this.#types[i] = type;
    this.#inos[2 * i] = inoLow;
    this.#inos[2 * i + 1] = inoHigh;
    this.#inexact[i] = exact ? 0 : 1;
  }

  /** Entry `i` of `from`, once more. */
  pushFrom(from: Entries, i: number): void {
    this.push(from.name(i), from.type(i), from.inoLow(i), from.inoHigh(i), from.exact(i));
  }

  name(i: number): Name {
    return this.names[i] as Name;
  }

  type(i: number): number {
    return this.#types[i] as number;
  }

  inoLow(i: number): number {
    return this.#inos[2 * i] as number;
  }

  inoHigh(i: number): number {
    return this.#inos[2 * i + 1] as number;
  }

  /** Its inode number is the right one; else look the entry up before telling it. */
  exact(i: number): boolean {
    return this.#inexact[i] === 0;
  }

  #grow(): void {
    const room = Math.max(16, this.#types.length * 2);
    const types = new Uint8Array(room);
    const inos = new Uint32Array(room * 2);
    const inexact = new Uint8Array(room);
    types.set(this.#types);
    inos.set(this.#inos);
    inexact.set(this.#inexact);
    this.#types = types;
    this.#inos = inos;
    this.#inexact = inexact;
  }
}

/** What is known of an entry that was added. */
interface Added {
  readonly type: number;
  readonly inoLow: number;
  readonly inoHigh: number;
}

/**
 * Changes are kept beside the sorted entries and join them when somebody reads, so that a name that comes
 * and goes in a large directory costs nothing.
 */
export class Listing {
  readonly #cookies: Cookies;
  #sorted: Ordered;
  /** Names of sorted entries that are not there any more. */
  readonly #removed = new Set<Name>();
  readonly #added = new Map<Name, Added>();

  /** `cookies` are those of the directory, for as long as it is known. */
  constructor(entries: Entries, cookies: Cookies) {
    this.#cookies = cookies;
    this.#sorted = cookies.order(entries);
  }

  get size(): number {
    return this.#sorted.entries.length + this.#added.size - this.#removed.size;
  }

  /** An entry of that name that is there already is replaced. */
  add(name: Name, type: number, inoLow: number, inoHigh: number): void {
    this.remove(name);
    this.#added.set(name, { type, inoLow, inoHigh });
  }

  remove(name: Name): void {
    this.#added.delete(name);
    if (this.#cookies.isIn(this.#sorted, name)) this.#removed.add(name);
  }

  /** Calls `take` for each entry `i` after `cookie`, the `at`-th of all, until it answers false. */
  read(cookie: number, take: (entries: Entries, i: number, cookie: number, at: number) => boolean): void {
    if (this.#added.size > 0) this.#merge();
    const { entries, cookies, order } = this.#sorted;
    for (let at = indexAfter(cookies, cookie); at < order.length; at++) {
      const i = order[at] as number;
      if (this.#removed.size > 0 && this.#removed.has(entries.name(i))) continue;
      if (!take(entries, i, cookies[at] as number, at)) return;
    }
  }

  #merge(): void {
    const { entries } = this.#sorted;
    const merged = new Entries(this.size);
    for (let i = 0; i < entries.length; i++) {
      if (!this.#removed.has(entries.name(i))) merged.pushFrom(entries, i);
    }
    for (const [name, { type, inoLow, inoHigh }] of this.#added) {
      merged.push(name, type, inoLow, inoHigh, true);
    }
    this.#sorted = this.#cookies.order(merged);
    this.#removed.clear();
    this.#added.clear();
  }
}
