/**
 * The merged entries of a directory in the order of their cookies (`cookies.ts`), so that reading goes on at the right
 * place whatever was created or removed meanwhile. Kept in columns: a directory may have a million entries.
 */
import type { Name } from '../base/name.ts';
import { find, indexAfter, type Cookies, type Ordered } from './cookies.ts';

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
    this.set(i, type, inoLow, inoHigh, exact);
  }

  /** Entry `i` is another object. */
  set(i: number, type: number, inoLow: number, inoHigh: number, exact: boolean): void {
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

/** So long whoever has read a part of a listing is expected to go on. */
const patienceMs = 2000;

/** What is known of an entry that was added. */
interface Added {
  readonly type: number;
  readonly inoLow: number;
  readonly inoHigh: number;
  readonly exact: boolean;
}

/** Sorted entries, of which some may be gone. */
class Run {
  readonly ordered: Ordered;
  /** 1: the entry at that place in the order is gone. */
  #gone: Uint8Array | undefined;
  gone = 0;

  constructor(ordered: Ordered) {
    this.ordered = ordered;
  }

  get length(): number {
    return this.ordered.cookies.length;
  }

  /** How many are there. */
  get size(): number {
    return this.length - this.gone;
  }

  /** Infinity: there are no more. */
  cookie(at: number): number {
    return at < this.length ? (this.ordered.cookies[at] as number) : Infinity;
  }

  isGone(at: number): boolean {
    return this.#gone?.[at] === 1;
  }

  remove(at: number): void {
    if (this.isGone(at)) return;
    (this.#gone ??= new Uint8Array(this.length))[at] = 1;
    this.gone += 1;
  }

  /** Another object has the name from now on. */
  replace(at: number, { type, inoLow, inoHigh }: Added): void {
    const { entries, order } = this.ordered;
    entries.set(order[at] as number, type, inoLow, inoHigh, true);
    if (!this.isGone(at)) return;
    (this.#gone as Uint8Array)[at] = 0;
    this.gone -= 1;
  }
}

const none = new Run(columnsFor(0));

/**
 * What is added is kept beside the sorted entries, so that a name that comes and goes in a large directory costs nothing, and
 * somebody who reads while others create does not have all of them sorted again each time.
 */
export class Listing {
  readonly #cookies: Cookies;
  #main: Run;
  /** Those that came since `#main` was made. */
  #recent = none;
  /** Those that came since somebody has read: they have no cookies yet. */
  #added: Map<Name, Added> | undefined;
  /** By performance.now(). */
  #expectedUntilMs = 0;

  /** `cookies` are those of the directory, for as long as it is known. */
  constructor(entries: Entries, cookies: Cookies) {
    this.#cookies = cookies;
    const { ordered, rest } = cookies.order(entries);
    this.#main = new Run(ordered);
    if (rest.length === 0) return;
    this.#added = new Map();
    for (const i of rest) this.#added.set(entries.name(i), addedOf(entries, i));
  }

  get size(): number {
    return this.#main.size + this.#recent.size + (this.#added?.size ?? 0);
  }

  /** Somebody has read a part of it, and may go on. */
  get isBeingRead(): boolean {
    return performance.now() < this.#expectedUntilMs;
  }

  /** Somebody reads it, or has read it to its end. */
  noteReading(atEnd: boolean): void {
    this.#expectedUntilMs = atEnd ? 0 : performance.now() + patienceMs;
  }

  /** An entry of that name that is there already is replaced. */
  add(name: Name, type: number, inoLow: number, inoHigh: number): void {
    const added = { type, inoLow, inoHigh, exact: true };
    if (!this.#findIn(name, (run, at) => run.replace(at, added)))
      (this.#added ??= new Map()).set(name, added);
  }

  remove(name: Name): void {
    this.#added?.delete(name);
    this.#findIn(name, (run, at) => run.remove(at));
  }

  /** It is going to be dropped: names that nobody was told of are as new as if they had come later. */
  leave(): void {
    for (const name of this.#added?.keys() ?? []) this.#cookies.noteLate(name);
  }

  /** Calls `take` for each entry `i` after `cookie`, the `at`-th of all, until it answers false. Whether it never did. */
  read(cookie: number, take: (entries: Entries, i: number, cookie: number, at: number) => boolean): boolean {
    this.#settle();
    return eachAfter(cookie, this.#main, this.#recent, take);
  }

  #findIn(name: Name, found: (run: Run, at: number) => void): boolean {
    const cookie = this.#cookies.of(name);
    for (const run of [this.#main, this.#recent]) {
      const at = find(run.ordered, name, cookie);
      if (at < 0) continue;
      found(run, at);
      return true;
    }
    return false;
  }

  /** Gives all entries their cookies. */
  #settle(): void {
    if (this.#added !== undefined && this.#added.size > 0) this.#absorb(this.#added);
    // An entry that somebody reads after it came costs a copy of the recent ones; each time these are too many, of all.
    const many = this.#recent.length > 64 + 4 * Math.sqrt(this.#main.length);
    if (many || this.#main.gone > 64 + this.#main.length / 2) this.#fold();
  }

  #absorb(added: ReadonlyMap<Name, Added>): void {
    this.#added = undefined;
    const names = [...added.keys()].sort((a, b) => this.#cookies.of(a) - this.#cookies.of(b));
    const placed = this.#cookies.place(names, [this.#main.ordered, this.#recent.ordered]);
    const columns = new Entries(names.length);
    for (const name of names) {
      const { type, inoLow, inoHigh, exact } = added.get(name) as Added;
      columns.push(name, type, inoLow, inoHigh, exact);
    }
    const more = new Run({ entries: columns, cookies: placed, order: placed.map((_, i) => i) });
    this.#recent = merge(this.#recent, more);
    this.#cookies.tidy(this.size, (name) => this.#findIn(name, () => undefined));
  }

  #fold(): void {
    this.#main = merge(this.#main, this.#recent);
    this.#recent = none;
  }
}

function addedOf(entries: Entries, i: number): Added {
  return {
    type: entries.type(i),
    inoLow: entries.inoLow(i),
    inoHigh: entries.inoHigh(i),
    exact: entries.exact(i),
  };
}

function columnsFor(count: number): Ordered {
  return { entries: new Entries(count), cookies: new Uint32Array(count), order: new Uint32Array(count) };
}

/** What is there of two runs, in one. */
function merge(one: Run, other: Run): Run {
  const merged = columnsFor(one.size + other.size);
  eachAfter(0, one, other, (entries, i, cookie) => {
    const at = merged.entries.length;
    merged.cookies[at] = cookie;
    merged.order[at] = at;
    merged.entries.pushFrom(entries, i);
    return true;
  });
  return new Run(merged);
}

/** No cookie is in both. */
function eachAfter(
  cookie: number,
  one: Run,
  other: Run,
  take: (entries: Entries, i: number, cookie: number, at: number) => boolean,
): boolean {
  let a = indexAfter(one.ordered.cookies, cookie);
  let b = indexAfter(other.ordered.cookies, cookie);
  for (let nextA = one.cookie(a), nextB = other.cookie(b); nextA !== nextB;) {
    const isOne = nextA < nextB;
    const run = isOne ? one : other;
    const at = isOne ? a : b;
    const { entries, order } = run.ordered;
    if (!run.isGone(at) && !take(entries, order[at] as number, isOne ? nextA : nextB, a + b)) return false;
    if (isOne) nextA = one.cookie(++a);
    else nextB = other.cookie(++b);
  }
  return true;
}
