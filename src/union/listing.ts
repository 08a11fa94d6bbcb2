/**
 * The merged entries of a directory in the order of their cookies. A cookie is a hash of the name, so
 * the order can be computed again after the listing was evicted, and reading goes on at the right place
 * whatever was created or removed meanwhile. Two names of one hash (52 bits) share a cookie and would be
 * told twice only if a reply ended between them.
 */
import type { Name } from '../base/name.ts';

export interface ListedEntry {
  readonly name: Name;
  /** DT_* */
  readonly type: number;
  /** Inode number in two halves; `exact` false: look the entry up before telling it. */
  readonly inoLow: number;
  readonly inoHigh: number;
  readonly exact: boolean;
}

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

export class Listing {
  #entries: ListedEntry[];
  #cookies: Float64Array;
  readonly #removed = new Set<Name>();
  #added: ListedEntry[] = [];

  constructor(entries: ListedEntry[]) {
    const sorted = sortByCookie(entries);
    this.#entries = sorted.entries;
    this.#cookies = sorted.cookies;
  }

  get size(): number {
    return this.#entries.length + this.#added.length - this.#removed.size;
  }

  add(entry: ListedEntry): void {
    this.#added.push(entry);
  }

  remove(name: Name): void {
    const pending = this.#added.findIndex((entry) => entry.name === name);
    if (pending >= 0) this.#added.splice(pending, 1);
    else this.#removed.add(name);
  }

  /** Calls `take` for each entry after `cookie` until it answers false. */
  read(cookie: number, take: (entry: ListedEntry, cookie: number) => boolean): void {
    if (this.#added.length > 0) this.#merge();
    for (let i = this.#indexAfter(cookie); i < this.#entries.length; i++) {
      const entry = this.#entries[i] as ListedEntry;
      if (this.#removed.size > 0 && this.#removed.has(entry.name)) continue;
      if (!take(entry, this.#cookies[i] as number)) return;
    }
  }

  #indexAfter(cookie: number): number {
    let low = 0;
    let high = this.#cookies.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#cookies[middle] as number) <= cookie) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #merge(): void {
    const kept = this.#entries.filter((entry) => !this.#removed.has(entry.name));
    const sorted = sortByCookie(kept.concat(this.#added));
    this.#entries = sorted.entries;
    this.#cookies = sorted.cookies;
    this.#removed.clear();
    this.#added = [];
  }
}

/**
 * Sorts numbers only, without a comparison function: the upper 32 bits of the cookie with the position
 * in the lower 20 bits, for each million of entries; what is equal up there is put right after.
 */
function sortByCookie(entries: readonly ListedEntry[]): { entries: ListedEntry[]; cookies: Float64Array } {
  const cookies = new Float64Array(entries.length);
  for (let i = 0; i < entries.length; i++) cookies[i] = cookieOf((entries[i] as ListedEntry).name);
  if (entries.length > lowBits) return sortMany(entries, cookies);
  const keys = new Float64Array(entries.length);
  for (let i = 0; i < keys.length; i++) {
    keys[i] = Math.floor(((cookies[i] as number) - firstCookie) / lowBits) * lowBits + i;
  }
  keys.sort();
  const order = Array.from(keys, (key) => key % lowBits);
  return arrange(entries, cookies, order);
}

function sortMany(
  entries: readonly ListedEntry[],
  cookies: Float64Array,
): { entries: ListedEntry[]; cookies: Float64Array } {
  const order = Array.from(entries.keys());
  order.sort((a, b) => (cookies[a] as number) - (cookies[b] as number));
  return arrange(entries, cookies, order);
}

function arrange(
  entries: readonly ListedEntry[],
  cookies: Float64Array,
  order: readonly number[],
): { entries: ListedEntry[]; cookies: Float64Array } {
  const sorted = order.map((i) => entries[i] as ListedEntry);
  const sortedCookies = Float64Array.from(order, (i) => cookies[i] as number);
  for (let i = 1; i < sorted.length; i++) {
    for (let j = i; j > 0 && (sortedCookies[j - 1] as number) > (sortedCookies[j] as number); j--) {
      const cookie = sortedCookies[j] as number;
      sortedCookies[j] = sortedCookies[j - 1] as number;
      sortedCookies[j - 1] = cookie;
      const entry = sorted[j] as ListedEntry;
      sorted[j] = sorted[j - 1] as ListedEntry;
      sorted[j - 1] = entry;
    }
  }
  return { entries: sorted, cookies: sortedCookies };
}
