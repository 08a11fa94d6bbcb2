/**
 * Where in a directory an entry is: its cookie, a hash of its name, so that it can be computed again after a listing was
 * evicted. Of names with one hash the later ones get the next free cookies, which are remembered, since names are chosen
 * by whoever wants to hide one: each entry has a cookie of its own for as long as the directory is known.
 */
import type { Name } from '../base/name.ts';
import type { Entries } from './listing.ts';

/** Cookies 1 and 2 are `.` and `..`. */
export const firstCookie = 3;
const lowBits = 2 ** 20;

/** A number from 3 to 2^52 + 2, the same for a name for ever. */
export function hashOf(name: Name): number {
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

/** Entries in some order, and that of their cookies. */
export interface Ordered {
  readonly entries: Entries;
  /** Ascending, each once. */
  readonly cookies: Float64Array;
  /** The position in `entries` of each. */
  readonly order: Uint32Array;
}

/** Of one directory. */
export class Cookies {
  readonly #hash: (name: Name) => number;
  /** Of names whose hash was another one's. */
  #moved: Map<Name, number> | undefined;

  constructor(hash = hashOf) {
    this.#hash = hash;
  }

  /**
   * Sorts numbers only, without a comparison function: the upper 32 bits of the cookie with the position
   * in the lower 20 bits, for up to a million entries; what is equal up there is put right after.
   */
  order(entries: Entries): Ordered {
    const count = entries.length;
    const unsorted = new Float64Array(count);
    for (let i = 0; i < count; i++) unsorted[i] = this.#of(entries.name(i));
    const order = new Uint32Array(count);
    const compare = (a: number, b: number): number =>
      (unsorted[a] as number) - (unsorted[b] as number) || (entries.name(a) < entries.name(b) ? -1 : 1);
    if (count > lowBits) {
      for (let i = 0; i < count; i++) order[i] = i;
      order.sort(compare);
    } else {
      const keys = new Float64Array(count);
      for (let i = 0; i < count; i++) keys[i] = upperOf(unsorted[i] as number) * lowBits + i;
      keys.sort();
      for (let i = 0; i < count; i++) order[i] = (keys[i] as number) % lowBits;
      sortRuns(order, (i) => upperOf(unsorted[i] as number), compare);
    }
    const cookies = new Float64Array(count);
    for (let i = 0; i < count; i++) cookies[i] = unsorted[order[i] as number] as number;
    for (let i = 1; i < count; i++) {
      if ((cookies[i] as number) <= (cookies[i - 1] as number)) {
        this.#move(entries.name(order[i] as number), (cookies[i] = (cookies[i - 1] as number) + 1));
      }
    }
    return { entries, cookies, order };
  }

  /** Whether `ordered`, which was made here, has an entry of that name. */
  isIn({ entries, cookies, order }: Ordered, name: Name): boolean {
    const cookie = this.#of(name);
    const at = indexAfter(cookies, cookie - 1);
    return cookies[at] === cookie && entries.name(order[at] as number) === name;
  }

  #of(name: Name): number {
    return this.#moved?.get(name) ?? this.#hash(name);
  }

  #move(name: Name, cookie: number): void {
    this.#moved ??= new Map();
    this.#moved.set(name, cookie);
  }
}

/** The position of the first of `cookies` that is greater. */
export function indexAfter(cookies: Float64Array, cookie: number): number {
  let low = 0;
  let high = cookies.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cookies[middle] as number) <= cookie) low = middle + 1;
    else high = middle;
  }
  return low;
}

function upperOf(cookie: number): number {
  return Math.floor((cookie - firstCookie) / lowBits);
}

/** Sorts what is sorted by `upper` already. */
function sortRuns(
  order: Uint32Array,
  upper: (i: number) => number,
  compare: (a: number, b: number) => number,
): void {
  for (let start = 0, end = 1; start < order.length; start = end++) {
    while (end < order.length && upper(order[end] as number) === upper(order[start] as number)) end += 1;
    if (end - start > 1) order.subarray(start, end).sort(compare);
  }
}
