/**
 * Keeps hard links together while an upper is being settled: for a lower inode with several names,
 * which object of the upper stands for it. That is the index that a mount has left in workdir, with
 * new entries in the same form; where there is none (no file handles), names made of device and inode
 * number in the work directory do the same until the next start. Its entries are extra links, so
 * link counts are right only once it is gone.
 */
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { S_IFMT, S_IFREG } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import { haveSameXattrs } from './attributes.ts';
import { canBeIndexed, classifyIndexEntry } from './index-dir.ts';
import { readMetacopy } from './metacopy.ts';
import { readNlink, setNlink } from './nlink.ts';
import { findIndexName, findOriginOf, setOrigin } from './origin.ts';
import { protectionOf, readProtattr } from './protattr.ts';
import type { OverlayNames } from './xattr-names.ts';

/** The place of an entry, whether it exists or not. */
export interface BookEntry {
  readonly dir: Fd;
  readonly name: Name;
  /** What an index entry is named after. */
  readonly origin: Buffer | undefined;
  /** Of the lower inode. */
  readonly lowerNlink: number;
}

const self = asName('');

/** What a copy has from its source. */
const compared = [st.mode, st.uid, st.gid, st.size, st.rdev, st.mtimeSec, st.mtimeNsec];

export class LinkBook {
  readonly #fs: HostFs;
  readonly #names: OverlayNames;
  readonly #index: Fd | undefined;
  readonly #work: Fd;
  #added = false;

  /** `index`: undefined where there is none that belongs to this upper. */
  constructor(fs: HostFs, parts: { index: Fd | undefined; work: Fd; names: OverlayNames }) {
    this.#fs = fs;
    this.#names = parts.names;
    this.#index = parts.index;
    this.#work = parts.work;
  }

  /**
   * The entry that stands for a lower non-directory (O_PATH), or would; undefined where it has one name
   * only. `uuid`: that of its file system, where it is one that tells it from others.
   */
  entryOf(object: Fd, uuid: Buffer | undefined): BookEntry | undefined {
    const fs = this.#fs;
    fs.statx(object, self);
    const lowerNlink = fs.stat[st.nlink] ?? 0;
    const ino = fs.stat[st.ino] ?? 0;
    const dev = fs.stat[st.dev] ?? 0;
    if (lowerNlink < 2) return undefined;
    const isCarried = canBeIndexed((fs.stat[st.mode] ?? 0) & S_IFMT, this.#names);
    const origin =
      isCarried && uuid !== undefined && this.#index !== undefined
        ? findOriginOf(fs, object, self, uuid)
        : undefined;
    const name = origin === undefined ? undefined : findIndexName(origin);
    if (this.#index !== undefined && name !== undefined) {
      return { dir: this.#index, name, origin, lowerNlink };
    }
    // Two inodes must never be taken for one: numbers that a double cannot tell apart are left out.
    if (!Number.isSafeInteger(ino)) return undefined;
    return {
      dir: this.#work,
      name: asName(`link-${String(dev)}-${String(ino)}`),
      origin: undefined,
      lowerNlink,
    };
  }

  /** Whether an object of the upper stands for it already. */
  has(entry: BookEntry): boolean {
    return this.#fs.findStatx(entry.dir, entry.name);
  }

  /**
   * Whether an entry that is there has nothing to say but the link count of `object` (O_PATH), as after the removal of one of its
   * names: it has no name in the upper, and differs from it in nothing.
   */
  isUntouched(entry: BookEntry, object: Fd): boolean {
    const fs = this.#fs;
    const { dir, name } = entry;
    if (entry.origin === undefined) return false;
    fs.statx(dir, name);
    const facts = Float64Array.from(fs.stat);
    fs.statx(object, self);
    const isSame = compared.every((field) => facts[field] === fs.stat[field]);
    const isProtected = protectionOf(fs.stat) !== 0 || readProtattr(fs, dir, name, this.#names) !== 0;
    if (facts[st.nlink] !== 1 || !isSame || isProtected) return false;
    const hasData = ((facts[st.mode] ?? 0) & S_IFMT) === S_IFREG && (facts[st.size] ?? 0) > 0;
    if (hasData && readMetacopy(fs, dir, name, this.#names)?.invalid !== false) return false;
    return haveSameXattrs(fs, [dir, name], [object, self], this.#names);
  }

  /** Enters a finished copy of the lower inode, which still has its temporary name in the work directory. */
  add(entry: BookEntry, temp: Name): void {
    const fs = this.#fs;
    if (entry.origin !== undefined) {
      setOrigin(fs, this.#work, temp, entry.origin, this.#names);
      setNlink(fs, this.#work, temp, { relative: 'lower', delta: 0 }, this.#names);
    }
    fs.linkat(this.#work, temp, entry.dir, entry.name);
    this.#added = true;
  }

  /**
   * Gives the object that stands for the lower inode one more name in the upper. The count in the union
   * does not change by it, so it is first made relative to the lower inode, whose count does not either.
   */
  link(entry: BookEntry, dir: Fd, name: Name): void {
    const fs = this.#fs;
    const stored = entry.origin === undefined ? undefined : readNlink(fs, entry.dir, entry.name, this.#names);
    if (stored?.relative === 'upper') {
      fs.statx(entry.dir, entry.name);
      const union = (fs.stat[st.nlink] ?? 0) + stored.delta;
      const nlink = { relative: 'lower', delta: union - entry.lowerNlink } as const;
      setNlink(fs, entry.dir, entry.name, nlink, this.#names);
    }
    fs.linkat(entry.dir, entry.name, dir, name);
  }

  /** Whether there may be names in the lower layers that have to be brought up. */
  get hasMissingNames(): boolean {
    if (this.#added) return true;
    const index = this.#index;
    if (index === undefined) return false;
    const fs = this.#fs;
    return fs.listDirectory(index).names.some((name) => {
      if (classifyIndexEntry(fs, index, name, this.#names) !== 'live') return false;
      const stored = readNlink(fs, index, name, this.#names);
      // An upper inode has its names and its entry here: U-1 says that there are no others.
      return stored?.relative !== 'upper' || stored.delta > -1;
    });
  }
}
