/**
 * The directory that a layer is unpacked into, as its paths see it: finds and makes directories by the paths of a
 * tar, and never leaves. Each step is one name, opened relative to the directory before and never through a
 * symbolic link. A link on the way to an entry is followed by reading it, with the top of the layer as `/`,
 * as every engine does that unpacks with a chroot; it cannot lead out, since what it says is walked in the same way.
 *
 * The directory itself keeps what it was like, its time too, where no entry tells: that is for its maker to say.
 *
 * Descriptors of directories are kept, the least recently used closed first, so one is good only until the next
 * call. Paths here are latin1, relative, without `.` and `..`; the layer itself is the empty one.
 */
import { LRUCache } from 'lru-cache';
import { fsError, isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, nameToText, type Name } from '../base/name.ts';
import { utimeOmit, type TimeSpec } from '../base/time-spec.ts';
import { aclAccess, aclDefault } from '../layer/acl.ts';
import { setOpaque } from '../layer/opaque.ts';
import { removeTree } from '../layer/remove-tree.ts';
import { isWhiteoutAt, isWhiteoutStat } from '../layer/whiteout.ts';
import type { OverlayNames } from '../layer/xattr-names.ts';
import {
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
} from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';

/** A directory of the layer: good until the next call. */
export interface LayerDirectory {
  readonly fd: Fd;
  readonly path: string;
}

/** What lies at a name: `directory`, anything else, or nothing. */
export type Occupant = 'nothing' | 'directory' | 'whiteout' | 'other';

/** `make`: what is missing. `find`: through symbolic links. `exact`: not through any. */
type Walk = 'make' | 'find' | 'exact';

const directoryFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW;
const staysInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
const openMax = 128;
/** As the kernel (MAXSYMLINKS in include/linux/namei.h). */
const linksMax = 40;
/** Of directories that no entry describes: two unpackings of one tar are alike. */
const impliedMode = 0o755;
const impliedTime: TimeSpec = { sec: 0, nsec: 0 };

export class LayerTree {
  readonly #fs: HostFs;
  readonly #root: Fd;
  readonly #names: OverlayNames | undefined;
  readonly #open: LRUCache<string, Fd>;
  /** What comes into a directory changes its time, so times of directories are set last. */
  readonly #times = new Map<string, TimeSpec>();
  readonly #implied = new Set<string>(['']);
  /** Whether new objects may have got a list from their directory. */
  #mayInherit: boolean;

  /** `root` stays the caller's. Without `names` it is the tree of no layer, and nothing is made opaque. */
  constructor(fs: HostFs, root: Fd, names: OverlayNames | undefined) {
    this.#fs = fs;
    this.#root = root;
    this.#names = names;
    this.#open = new LRUCache<string, Fd>({
      max: openMax,
      dispose: (fd) => {
        fs.close(fd);
      },
    });
    this.#mayInherit = fs.findXattr(root, asName(''), aclDefault) !== undefined;
    fs.statx(root, asName(''));
    // Unless an entry says another one.
    this.#times.set('', { sec: fs.stat[st.mtimeSec] ?? 0, nsec: fs.stat[st.mtimeNsec] ?? 0 });
  }

  /**
   * The directory at `path`, made with those above it where they are missing. ENOTDIR, ELOOP and whatever else a
   * path can run into.
   */
  directory(path: string): LayerDirectory {
    return this.#walk(path, 'make') as LayerDirectory;
  }

  /** The same where it exists; undefined otherwise. */
  findDirectory(path: string): LayerDirectory | undefined {
    return this.#walk(path, 'find');
  }

  occupant({ fd }: LayerDirectory, name: Name): Occupant {
    if (!this.#fs.findStatx(fd, name)) return 'nothing';
    if (((this.#fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR) return 'directory';
    const isWhiteout =
      this.#names === undefined
        ? isWhiteoutStat(this.#fs.stat)
        : isWhiteoutAt(this.#fs, fd, name, this.#names);
    return isWhiteout ? 'whiteout' : 'other';
  }

  /** Removes what lies at a name, with everything in it. */
  clear({ fd, path }: LayerDirectory, name: Name): void {
    const occupant = this.occupant({ fd, path }, name);
    if (occupant === 'nothing') return;
    if (occupant === 'directory') this.#forget(join(path, name));
    removeTree(this.#fs, fd, name);
  }

  /**
   * Makes a directory at a name where none is. What it takes the place of, a whiteout or a file that came before
   * in the same tar, has hidden whatever lies below: so does the directory then.
   */
  makeDirectory(parent: LayerDirectory, name: Name, occupant: Occupant): void {
    const { fd } = parent;
    if (occupant !== 'nothing') this.clear(parent, name);
    this.#fs.mkdirat(fd, name, 0o700);
    if (occupant !== 'nothing' && this.#names !== undefined) setOpaque(this.#fs, fd, name, this.#names);
  }

  /** Takes away from a new object what its directory has given it. */
  disinherit(fd: Fd, name: Name): void {
    if (!this.#mayInherit) return;
    this.#fs.findRemoveXattr(fd, name, aclAccess);
    this.#fs.findRemoveXattr(fd, name, aclDefault);
  }

  /** Says that some directory has got a default list. */
  noteDefaultAcl(): void {
    this.#mayInherit = true;
  }

  /** An entry says what a directory is like, of which its time comes at the end. */
  describe(path: string, mtime: TimeSpec): void {
    this.#times.set(path, mtime);
    this.#implied.delete(path);
  }

  /** The directories that no entry has described yet. */
  get implied(): ReadonlySet<string> {
    return this.#implied;
  }

  setTimes(): void {
    for (const [path, mtime] of this.#times) {
      // What is no directory any more is passed over; one that has come in its place has a time of its own.
      const found = this.#walk(path, 'exact');
      if (found !== undefined) this.#fs.utimensat(found.fd, asName(''), utimeOmit, mtime);
    }
  }

  close(): void {
    this.#open.clear();
  }

  #walk(path: string, how: Walk): LayerDirectory | undefined {
    let here = this.#nearestOpen(path);
    const ahead = path.slice(here.path.length).split('/').reverse();
    let links = 0;
    for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        // No link is in the path that we stand at: the way back is the way we came.
        here = this.#walk(parentOf(here.path), 'exact') ?? here;
        continue;
      }
      const next = this.#step(here, asName(name), how);
      if (next === undefined) return undefined;
      if (typeof next !== 'string') {
        here = next;
        continue;
      }
      if (how === 'exact') return undefined;
      links += 1;
      if (links > linksMax) throw fsError('ELOOP', { syscall: 'openat', path: nameToText(path) });
      if (next.startsWith('/')) here = { fd: this.#root, path: '' };
      ahead.push(...next.split('/').reverse());
    }
    return here;
  }

  /** One name further: a directory, the target of a symbolic link, or nothing. */
  #step(here: LayerDirectory, name: Name, how: Walk): LayerDirectory | Name | undefined {
    const path = join(here.path, name);
    const known = this.#open.get(path);
    if (known !== undefined) return { fd: known, path };
    const found = this.#findOpen(here.fd, name);
    if (found !== undefined) {
      this.#open.set(path, found);
      return { fd: found, path };
    }
    const occupant = this.occupant(here, name);
    if (occupant === 'other') {
      if (((this.#fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFLNK) return this.#fs.readlinkat(here.fd, name);
      if (how !== 'make') return undefined;
      throw fsError('ENOTDIR', { syscall: 'openat', path: nameToText(path) });
    }
    if (how !== 'make') return undefined;
    this.makeDirectory(here, name, occupant);
    this.disinherit(here.fd, name);
    this.#fs.fchownat(here.fd, name, 0, 0);
    this.#fs.fchmodat(here.fd, name, impliedMode);
    this.#times.set(path, impliedTime);
    this.#implied.add(path);
    return this.#step(here, name, how);
  }

  /** undefined for anything but a directory. */
  #findOpen(fd: Fd, name: Name): Fd | undefined {
    try {
      return this.#fs.openat2(fd, name, directoryFlags, 0, staysInside);
    } catch (error) {
      if (isFsError(error, 'ENOENT') || isFsError(error, 'ENOTDIR') || isFsError(error, 'ELOOP'))
        return undefined;
      throw error;
    }
  }

  /** The last directory on the way of which there is a descriptor, so that a walk in depth is not a walk from the top. */
  #nearestOpen(path: string): LayerDirectory {
    for (let above = path; above !== ''; above = parentOf(above)) {
      const fd = this.#open.get(above);
      if (fd !== undefined) return { fd, path: above };
    }
    return { fd: this.#root, path: '' };
  }

  /** What is open of a directory and all below it is to be removed. */
  #forget(path: string): void {
    for (const other of this.#open.keys()) {
      if (other === path || other.startsWith(`${path}/`)) this.#open.delete(other);
    }
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}
