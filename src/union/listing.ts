/**
 * The merged entries of a directory in the order of their cookies. A cookie is a hash of the name, so
 * the order can be computed again after the listing was evicted, and reading goes on at the right place
 * whatever was created or removed meanwhile. Two names of one hash (52 bits) share a cookie and would be
 * told twice only if a reply ended between them. Kept in columns: a directory may have a million entries.
 */
import type { Name } from '../base/name.ts';

/** Cookies 1 and 2 are `.` and `..`. */
export const firstCookie = 3;
const lowBits = 2 ** 20;

/** A cookie from 3 to 2^52 + 2, the same for a name for ever. */
export function cookieOf(name: Name): number {
  let high = 0x811c9dc5;
  let low = 0x1b873593;
  for (let i = 0; i < name.length; i++) {
    const byte = name.charCodeAt(i);
    high = Math.imul(high ^ byte, 0x01000193);
    low = Math.imul(low ^ byte, 0x5bd1e995) + (low >>> 13);
  }
  high = Math.imul(high ^ (high >>> 15), 0x85ebca6b);
  high = (high ^ (high >>> 13)) >>> 0;
  low = Math.imul(low ^ (low >>> 15), 0xc2b2ae35);
  low = (low ^ (low >>> 12)) >>> 12;
  return high * lowBits + low + firstCookie;
}

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

/** Entries in some order, and that of their cookies. */
interface Ordered {
  readonly entries: Entries;
  /** Ascending. */
  readonly cookies: Float64Array;
  /** The position in `entries` of each. */
  readonly order: Uint32Array;
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
  #sorted: Ordered;
  /** Names of sorted entries that are not there any more. */
  readonly #removed = new Set<Name>();
  readonly #added = new Map<Name, Added>();

  constructor(entries: Entries) {
    this.#sorted = inOrder(entries);
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
    if (holds(this.#sorted, name)) this.#removed.add(name);
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
    this.#sorted = inOrder(merged);
    this.#removed.clear();
    this.#added.clear();
  }
}

function holds({ entries, cookies, order }: Ordered, name: Name): boolean {
  const cookie = cookieOf(name);
  for (let at = indexAfter(cookies, cookie - 1); cookies[at] === cookie; at++) {
    if (entries.name(order[at] as number) === name) return true;
  }
  return false;
}

function indexAfter(cookies: Float64Array, cookie: number): number {
  let low = 0;
  let high = cookies.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cookies[middle] as number) <= cookie) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Sorts numbers only, without a comparison function: the upper 32 bits of the cookie with the position
 * in the lower 20 bits, for up to a million entries; what is equal up there is put right after.
 */
function inOrder(entries: Entries): Ordered {
  const count = entries.length;
  const unsorted = new Float64Array(count);
  for (let i = 0; i < count; i++) unsorted[i] = cookieOf(entries.name(i));
  const order = new Uint32Array(count);
  if (count > lowBits) {
    for (let i = 0; i < count; i++) order[i] = i;
    order.sort((a, b) => (unsorted[a] as number) - (unsorted[b] as number));
  } else {
    const keys = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      keys[i] = Math.floor(((unsorted[i] as number) - firstCookie) / lowBits) * lowBits + i;
    }
    keys.sort();
    for (let i = 0; i < count; i++) order[i] = (keys[i] as number) % lowBits;
  }
  const cookies = new Float64Array(count);
  for (let i = 0; i < count; i++) cookies[i] = unsorted[order[i] as number] as number;
  settleNeighbours(cookies, order);
  return { entries, cookies, order };
}

/** Sorts what is sorted but for a few neighbours. */
function settleNeighbours(cookies: Float64Array, order: Uint32Array): void {
  for (let i = 1; i < cookies.length; i++) {
    for (let j = i; j > 0 && (cookies[j - 1] as number) > (cookies[j] as number); j--) {
      const cookie = cookies[j] as number;
      cookies[j] = cookies[j - 1] as number;
      cookies[j - 1] = cookie;
      const position = order[j] as number;
      order[j] = order[j - 1] as number;
      order[j - 1] = position;
    }
  }
}
