/**
 * The changes between two whole trees, for drivers that keep a layer as a tree of its own. A file counts as changed
 * when its attributes, its size or its times are others: contents are not read. A directory counts as changed,
 * too, when anything in it is, as it is in layers of the overlay format.
 */
import type { Fd } from '../../base/ids.ts';
import type { Name } from '../../base/name.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../os/constants.ts';
import { st, type HostFs } from '../../os/host-fs.ts';
import type { LayerChange } from '../driver.ts';
import { createToolFs, withDirectories } from '../tool-fs.ts';

/** What a change of makes another file. A directory's size is its file system's business. */
const compared = [st.mode, st.uid, st.gid, st.rdev, st.mtimeSec, st.mtimeNsec] as const;

/** From `before` (an empty tree where there is none) to `after`. */
export function treeChanges(before: string | undefined, after: string): Promise<LayerChange[]> {
  const fs = createToolFs();
  return withDirectories(fs, before === undefined ? [after] : [after, before], ([next, previous]) => {
    const found: LayerChange[] = [];
    if (next !== undefined) compareDirectories(fs, found, { previous, next, prefix: '' });
    return found.sort((a, b) => (a.path < b.path ? -1 : 1));
  });
}

interface Pair {
  readonly previous: Fd | undefined;
  readonly next: Fd;
  /** With a slash at its end; empty for the root. */
  readonly prefix: string;
}

/** Whether anything in it has changed. */
function compareDirectories(fs: HostFs, found: LayerChange[], pair: Pair): boolean {
  const { previous, next, prefix } = pair;
  const before = new Set(previous === undefined ? [] : fs.listDirectory(previous).names);
  const after = fs.listDirectory(next).names;
  const all = [...new Set([...after, ...before])].sort();
  const present = new Set(after);
  let changed = false;
  for (const name of all) {
    if (!present.has(name)) {
      fs.statx(previous as Fd, name);
      found.push({ path: prefix + name, kind: 'deleted', mode: fs.stat[st.mode] ?? 0, size: 0 });
      changed = true;
      continue;
    }
    if (compareObject(fs, found, { ...pair, previous: before.has(name) ? previous : undefined }, name))
      changed = true;
  }
  return changed;
}

function compareObject(fs: HostFs, found: LayerChange[], pair: Pair, name: Name): boolean {
  const { previous, next, prefix } = pair;
  fs.statx(next, name);
  const facts = Float64Array.from(fs.stat);
  const mode = facts[st.mode] ?? 0;
  const type = mode & S_IFMT;
  const differs = previous === undefined || !isSame(fs, previous, next, name, facts);
  const at = found.length;
  const size = type === S_IFREG ? (facts[st.size] ?? 0) : 0;
  found.push({ path: prefix + name, kind: previous === undefined ? 'added' : 'modified', mode, size });
  if (type === S_IFDIR && compareInside(fs, found, pair, name)) return true;
  if (differs) return true;
  found.splice(at);
  return false;
}

function compareInside(fs: HostFs, found: LayerChange[], pair: Pair, name: Name): boolean {
  const open = (dir: Fd): Fd => fs.openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  const wasDirectory =
    pair.previous !== undefined &&
    fs.findStatx(pair.previous, name) &&
    ((fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR;
  const next = open(pair.next);
  const previous = wasDirectory ? open(pair.previous) : undefined;
  try {
    return compareDirectories(fs, found, { previous, next, prefix: `${pair.prefix}${name}/` });
  } finally {
    fs.close(next);
    if (previous !== undefined) fs.close(previous);
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
