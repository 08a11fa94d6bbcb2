/**
 * Where in a directory an entry is: its cookie, a hash of its name, so that it can be computed again after a listing was
 * evicted. What has a name of the same hash, or one that hashes to a cookie in use, gets the next free cookie, which is
 * remembered, since names are chosen by whoever wants to hide one. Who was there first stays where he is: each entry has a
 * cookie of its own for as long as the directory is known.
 */
import type { Name } from '../base/name.ts';
import type { Entries } from './listing.ts';

/** Cookies 1 and 2 are `.` and `..`. */
export const firstCookie = 3;
/** So many names that came late are remembered; of further ones that want a cookie in use the first by name has it. */
const mostLate = 20_000;
/** Above 2^22 entries, the key of one would not fit into the 53 bits of a number. */
const positions = 2 ** 22;

/**
 * A number from 3 to 2^30 + 2, the same for a name for ever. Programs of 32 bits take no cookie above 2^31 - 1 (EOVERFLOW of
 * readdir(3)): the upper half is for entries that find theirs in use.
 */
export function hashOf(name: Name): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 2) + firstCookie;
}

/** Entries in some order, and that of their cookies. */
export interface Ordered {
  readonly entries: Entries;
  /** Ascending, each once. */
  readonly cookies: Uint32Array;
  /** The position in `entries` of each. */
  readonly order: Uint32Array;
}

/** Of one directory. */
export class Cookies {
  readonly #hash: (name: Name) => number;
  /** Of names whose hash was in use. */
  #moved: Map<Name, number> | undefined;
  /** Names that came while there was no listing: they give way to those that may have been told. */
  #late: Set<Name> | undefined;

  constructor(hash = hashOf) {
    this.#hash = hash;
  }

  /** The cookie of a name that is listed; of another one the cookie that it gets if that is free. */
  of(name: Name): number {
    return this.#moved?.get(name) ?? this.#hash(name);
  }

  /** There is no listing, and `name` is new. */
  noteLate(name: Name): void {
    this.#late ??= new Set();
    if (this.#late.size < mostLate) this.#late.add(name);
  }

  /** It is gone again. */
  noteGone(name: Name): void {
    this.#late?.delete(name);
  }

  /**
   * The entries whose cookie is theirs, and the positions of all others, which `place` then puts where there is room. Sorts
   * numbers only, without a comparison function.
   */
  order(entries: Entries): { ordered: Ordered; rest: number[] } {
    const count = entries.length;
    const wanted = new Uint32Array(count);
    for (let i = 0; i < count; i++) wanted[i] = this.of(entries.name(i));
    const order = sortBy(wanted);
    const rest: number[] = [];
    let kept = 0;
    for (let start = 0, end = 1; start < count; start = end++) {
      const cookie = wanted[order[start] as number];
      while (end < count && wanted[order[end] as number] === cookie) end += 1;
      if (end - start > 1) this.#putFirst(entries, order.subarray(start, end));
      order[kept++] = order[start] as number;
      for (let at = start + 1; at < end; at++) rest.push(order[at] as number);
    }
    this.#late = undefined;
    const first = order.subarray(0, kept);
    return { ordered: { entries, cookies: first.map((i) => wanted[i] as number), order: first }, rest };
  }

  /** Gives each of `names`, in the order of what `of` says, a cookie that none of `taken` has. */
  place(names: readonly Name[], taken: readonly Ordered[]): Uint32Array {
    const placed = new Uint32Array(names.length);
    let last = 0;
    for (const [i, name] of names.entries()) {
      const wanted = this.of(name);
      // Whatever lies between is taken, by those before.
      const cookie = freeFrom(Math.max(wanted, last + 1), taken);
      if (cookie !== wanted) (this.#moved ??= new Map()).set(name, cookie);
      placed[i] = last = cookie;
    }
    return placed;
  }

  /** Forgets names that are gone, once they are more than all that are there. */
  tidy(count: number, isThere: (name: Name) => boolean): void {
    if (this.#moved === undefined || this.#moved.size <= 2 * count + 1000) return;
    for (const name of [...this.#moved.keys()]) if (!isThere(name)) this.#moved.delete(name);
  }

  /** Of those that want one cookie the one that has it comes first: the others came later, or are as new as it. */
  #putFirst(entries: Entries, group: Uint32Array): void {
    const late = (i: number): number => (this.#late?.has(entries.name(i)) === true ? 1 : 0);
    group.sort((a, b) => late(a) - late(b) || (entries.name(a) < entries.name(b) ? -1 : 1));
  }
}

/** The position of `name`, whose cookie is given, or -1. */
export function find({ entries, cookies, order }: Ordered, name: Name, cookie: number): number {
  const at = indexAfter(cookies, cookie - 1);
  return cookies[at] === cookie && entries.name(order[at] as number) === name ? at : -1;
}

/** The position of the first of `cookies` that is greater. */
export function indexAfter(cookies: Uint32Array, cookie: number): number {
  let low = 0;
  let high = cookies.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cookies[middle] as number) <= cookie) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Positions in the order of the numbers there. */
function sortBy(numbers: Uint32Array): Uint32Array {
  const order = new Uint32Array(numbers.length);
  if (numbers.length > positions) {
    for (let i = 0; i < order.length; i++) order[i] = i;
    return order.sort((a, b) => (numbers[a] as number) - (numbers[b] as number));
  }
  const keys = new Float64Array(numbers.length);
  for (let i = 0; i < keys.length; i++) keys[i] = (numbers[i] as number) * positions + i;
  keys.sort();
  for (let i = 0; i < order.length; i++) order[i] = (keys[i] as number) % positions;
  return order;
}

/** The first cookie from `cookie` on that is in none of them. */
function freeFrom(cookie: number, taken: readonly Ordered[]): number {
  for (let before = -1; before !== cookie;) {
    before = cookie;
    for (const { cookies } of taken) cookie = freeIn(cookies, cookie);
  }
  return cookie;
}

/** The same for one: since they ascend, `cookies[at] - at` does not fall, and a run without a gap is where it stays. */
function freeIn(cookies: Uint32Array, cookie: number): number {
  let low = indexAfter(cookies, cookie - 1);
  const start = low;
  let high = cookies.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cookies[middle] as number) - middle === cookie - start) low = middle + 1;
    else high = middle;
  }
  return cookie + low - start;
}
