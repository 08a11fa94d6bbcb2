/**
 * Which names the lower directories of a merged directory have, and in which of them: read once with
 * getdents, it answers a lookup without a system call per layer, and most of all a lookup of what does
 * not exist. Lowers never change, so an index never gets stale; it may be dropped at any time.
 */
import { fsError, isFsError } from '../base/fs-error.ts';
import type { Name } from '../base/name.ts';
import { aufsWhiteoutTarget, isAufsMetadata } from '../layer/aufs.ts';
import { DT_DIR, DT_UNKNOWN } from '../os/constants.ts';
import type { HostFs, RawListing } from '../os/host-fs.ts';

import type { DirCache } from './dir-cache.ts';
import type { RealDir } from './real-dir.ts';

/** In `first`: hidden by an AUFS whiteout above all real entries. */
const hidden = -1;

/** Reads a whole real directory of the upper, as it is now. EACCES. */
export function listUpper(fs: HostFs, dirs: DirCache, dir: RealDir): RawListing {
  // Some file systems show what is new only to a descriptor that is newer.
  const fd = dirs.openAnew(dir);
  try {
    const listing = fs.listDirectory(fd);
    dir.hasAufsNames = dir.layer.aufs && listing.names.some(isAufsMetadata);
    return listing;
  } finally {
    fs.close(fd);
  }
}

/** Reads a whole real directory of a lower layer. EACCES. */
export function listLower(fs: HostFs, dirs: DirCache, dir: RealDir): RawListing {
  if (dir.isCovered) return { names: [], types: new Uint8Array(), inos: new Uint32Array() };
  let listing: RawListing;
  try {
    listing = fs.listDirectory(dirs.fd(dir));
  } catch (thrown) {
    // O_PATH: it could not be opened for reading.
    if (isFsError(thrown, 'EBADF')) throw fsError('EACCES');
    throw thrown;
  }
  dir.hasAufsNames = dir.layer.aufs && listing.names.some(isAufsMetadata);
  return listing;
}

export class DirectoryIndex {
  /** Entry number of the topmost occurrence, or `hidden`. */
  readonly #first = new Map<Name, number>();
  /** Entry numbers of directories below a directory of the same name. */
  readonly #more = new Map<Name, number[]>();
  readonly #listings: readonly RawListing[];
  /** Entry number of the first entry of each listing. */
  readonly #bases: number[] = [];

  constructor(fs: HostFs, dirs: DirCache, lowers: readonly RealDir[]) {
    this.#listings = lowers.map((dir) => listLower(fs, dirs, dir));
    const closed = new Set<Name>();
    let base = 0;
    for (const [position, listing] of this.#listings.entries()) {
      this.#bases.push(base);
      const aufs = lowers[position]?.hasAufsNames === true;
      this.#addListing(listing, base, closed, aufs);
      if (aufs) this.#addWhiteouts(listing, closed);
      base += listing.names.length;
    }
  }

  /** How many names, for a cache's budget. */
  get size(): number {
    return this.#first.size;
  }

  /** The topmost occurrence of each name, device nodes that are whiteouts among them: entry `i` of `listing`. */
  forEach(take: (name: Name, position: number, listing: RawListing, i: number) => void): void {
    for (const [name, entry] of this.#first) {
      if (entry === hidden) continue;
      const position = this.#positionOf(entry);
      take(name, position, this.#listings[position] as RawListing, entry - (this.#bases[position] ?? 0));
    }
  }

  /** Position among the lowers of the topmost occurrence at or after `from`; -1: none. */
  position(name: Name, from: number): number {
    const entry = this.#first.get(name);
    if (entry === undefined || entry === hidden) return -1;
    const position = this.#positionOf(entry);
    if (position >= from) return position;
    for (const further of this.#more.get(name) ?? []) {
      const candidate = this.#positionOf(further);
      if (candidate >= from) return candidate;
    }
    return -1;
  }

  #addListing(listing: RawListing, base: number, closed: Set<Name>, aufs: boolean): void {
    const { names, types } = listing;
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as Name;
      if (aufs && isAufsMetadata(name)) continue;
      const known = this.#first.get(name);
      if (known === undefined) {
        this.#first.set(name, base + i);
      } else if (known !== hidden && mayBeDirectory(this.#typeOf(known)) && !closed.has(name)) {
        if (!mayBeDirectory(types[i])) {
          closed.add(name);
          continue;
        }
        const more = this.#more.get(name);
        if (more === undefined) this.#more.set(name, [base + i]);
        else more.push(base + i);
      }
    }
  }

  #addWhiteouts(listing: RawListing, closed: Set<Name>): void {
    for (const name of listing.names) {
      const target = aufsWhiteoutTarget(name);
      if (target === undefined) continue;
      if (!this.#first.has(target)) this.#first.set(target, hidden);
      closed.add(target);
    }
  }

  #typeOf(entry: number): number | undefined {
    const position = this.#positionOf(entry);
    return this.#listings[position]?.types[entry - (this.#bases[position] ?? 0)];
  }

  #positionOf(entry: number): number {
    let position = this.#bases.length - 1;
    while (position > 0 && (this.#bases[position] ?? 0) > entry) position--;
    return position;
  }
}

function mayBeDirectory(type: number | undefined): boolean {
  return type === DT_DIR || type === DT_UNKNOWN;
}
