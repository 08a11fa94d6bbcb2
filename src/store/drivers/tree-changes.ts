/**
 * The changes between two whole trees, for drivers that keep a layer as a tree of its own. A file counts as changed
 * when its attributes, its size or its times are others: contents are not read. A directory counts as changed,
 * too, when anything in it is, as it is in layers of the overlay format.
 */
import type { Fd } from '../../base/ids.ts';
import { asName, type Name } from '../../base/name.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../os/constants.ts';
import { st, type HostFs } from '../../os/host-fs.ts';
import type { LayerChange } from '../driver.ts';
import { createToolFs, withDirectories } from '../tool-fs.ts';

/** What a change of makes another file. A directory's size is its file system's business. */
const compared = [st.mode, st.uid, st.gid, st.rdev, st.mtimeSec, st.mtimeNsec] as const;

/** Places that may have changed, as a tree by their names. What is not in it has not. */
export type Touched = Map<Name, Touched>;

/** Adds the place at `path`. */
export function addTouched(touched: Touched, path: Name): void {
  let at = touched;
  for (const part of path.split('/')) {
    if (part === '') continue;
    const next = at.get(asName(part)) ?? new Map<Name, Touched>();
    at.set(asName(part), next);
    at = next;
  }
}

/**
 * From `before` (an empty tree where there is none) to `after`. With `touched`, which is of two trees that have the same inode
 * numbers, no other places are looked at, unless one is a file of several names, whose others it does not tell.
 */
export function treeChanges(
  before: string | undefined,
  after: string,
  touched?: Touched,
): Promise<LayerChange[]> {
  const fs = createToolFs();
  return withDirectories(fs, before === undefined ? [after] : [after, before], ([next, previous]) => {
    if (next === undefined) return [];
    const compare = (among: Touched | undefined): Comparison => {
      const comparison = new Comparison(fs);
      comparison.directories({ previous, next, prefix: '', touched: among });
      return comparison;
    };
    const quick = touched === undefined || previous === undefined ? undefined : compare(touched);
    const { found } = quick === undefined || quick.hasLinked ? compare(undefined) : quick;
    return found.sort((a, b) => (a.path < b.path ? -1 : 1));
  });
}

interface Pair {
  readonly previous: Fd | undefined;
  readonly next: Fd;
  /** With a slash at its end; empty for the root. */
  readonly prefix: string;
  /** What to look at in it; undefined: everything. */
  readonly touched: Touched | undefined;
}

/** One walk through both trees. */
class Comparison {
  readonly found: LayerChange[] = [];
  /** One of the touched places is a file with several names. */
  hasLinked = false;
  readonly #fs: HostFs;

  constructor(fs: HostFs) {
    this.#fs = fs;
  }

  /** Whether anything in it has changed. */
  directories(pair: Pair): boolean {
    const { previous, next, prefix, touched } = pair;
    const isIn = (dir: Fd | undefined, name: Name): boolean =>
      dir !== undefined && this.#fs.findStatx(dir, name);
    const names = touched === undefined ? this.#namesIn([next, previous]) : [...touched.keys()].sort();
    let changed = false;
    for (const name of names) {
      const wasThere = isIn(previous, name);
      const mode = this.#fs.stat[st.mode] ?? 0;
      if (isIn(next, name)) {
        if (this.#object({ ...pair, previous: wasThere ? previous : undefined }, name)) changed = true;
      } else if (wasThere) {
        this.found.push({ path: prefix + name, kind: 'deleted', mode, size: 0 });
        changed = true;
      }
    }
    return changed;
  }

  #namesIn(directories: readonly (Fd | undefined)[]): Name[] {
    const names = directories.flatMap((dir) => (dir === undefined ? [] : this.#fs.listDirectory(dir).names));
    return [...new Set(names)].sort();
  }

  /** Of one that is there; its attributes were looked at last. */
  #object(pair: Pair, name: Name): boolean {
    const fs = this.#fs;
    const { previous, next, prefix, touched } = pair;
    const facts = Float64Array.from(fs.stat);
    const mode = facts[st.mode] ?? 0;
    const type = mode & S_IFMT;
    if (touched !== undefined && type !== S_IFDIR && (facts[st.nlink] ?? 1) > 1) this.hasLinked = true;
    const differs = previous === undefined || !isSame(fs, previous, next, name, facts);
    const at = this.found.length;
    const size = type === S_IFREG ? (facts[st.size] ?? 0) : 0;
    this.found.push({
      path: prefix + name,
      kind: previous === undefined ? 'added' : 'modified',
      mode,
      size,
    });
    if (type === S_IFDIR && this.#inside(pair, name)) return true;
    if (differs) return true;
    this.found.splice(at);
    return false;
  }

  #inside(pair: Pair, name: Name): boolean {
    const fs = this.#fs;
    const open = (dir: Fd): Fd => fs.openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    fs.statx(pair.next, name);
    const inode = fs.stat[st.ino];
    const wasDirectory =
      pair.previous !== undefined &&
      fs.findStatx(pair.previous, name) &&
      ((fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR;
    // Another directory by the same name has come as a whole.
    const isOld = wasDirectory && fs.stat[st.ino] === inode;
    const next = open(pair.next);
    const previous = wasDirectory ? open(pair.previous) : undefined;
    const touched = isOld ? pair.touched?.get(name) : undefined;
    try {
      return this.directories({ previous, next, prefix: `${pair.prefix}${name}/`, touched });
    } finally {
      fs.close(next);
      if (previous !== undefined) fs.close(previous);
    }
  }
}

function isSame(fs: HostFs, previous: Fd, next: Fd, name: Name, facts: Float64Array): boolean {
  fs.statx(previous, name);
  if (compared.some((index) => fs.stat[index] !== facts[index])) return false;
  const type = (facts[st.mode] ?? 0) & S_IFMT;
  if (type === S_IFREG && fs.stat[st.size] !== facts[st.size]) return false;
  if (type === S_IFLNK && fs.readlinkat(previous, name) !== fs.readlinkat(next, name)) return false;
  return xattrText(fs, previous, name) === xattrText(fs, next, name);
}

function xattrText(fs: HostFs, dir: Fd, name: Name): string {
  return fs
    .listXattrs(dir, name)
    .toSorted()
    .map((attribute) => `${attribute}=${fs.findXattr(dir, name, attribute)?.toString('hex') ?? ''}`)
    .join();
}
