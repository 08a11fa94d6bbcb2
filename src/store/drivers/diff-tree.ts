/**
 * Between whole trees and layers in overlay form, for drivers that keep the former while layer tars are made from the
 * latter. Files are linked from one to the other where both lie on one file system, and copied (sharing their extents if
 * they can) where not, as between two subvolumes. In a tree all attributes are somebody's own; those that would be marks in a
 * layer are escaped there (`layer/escape.ts`).
 */
import { isFsError } from '../../base/fs-error.ts';
import type { Fd } from '../../base/ids.ts';
import { asName, type Name } from '../../base/name.ts';
import { readChangeSet } from '../../layer/change-set.ts';
import { fitsWhenStored, toClient, toStored } from '../../layer/escape.ts';
import { copyObject } from '../../layer/object-copy.ts';
import { expectXattrWhiteouts } from '../../layer/opaque.ts';
import { removeTree } from '../../layer/remove-tree.ts';
import { putWhiteout } from '../../layer/whiteout.ts';
import { overlayNames } from '../../layer/xattr-names.ts';
import { O_NOFOLLOW, O_PATH, S_IFDIR, S_IFMT } from '../../os/constants.ts';
import { mark, st, type HostFs } from '../../os/host-fs.ts';
import type { LayerChange } from '../driver.ts';
import { createToolFs, withDirectories } from '../tool-fs.ts';

const self = asName('');
const names = overlayNames(false);

/** The name of an attribute on the other side; undefined where it has none. */
type Rename = (attribute: Name) => Name | undefined;

const toLayer: Rename = (attribute) =>
  fitsWhenStored(attribute, names) ? toStored(attribute, names) : undefined;
const toTree: Rename = (attribute) => toClient(attribute, names);

/** Makes in the empty directory `target` what a layer in overlay form holds for these changes of the tree `after`. */
export function buildDiffTree(after: string, target: string, changes: readonly LayerChange[]): Promise<void> {
  const fs = createToolFs();
  return withDirectories(fs, [after, target], async ([from, to]) => {
    if (from === undefined || to === undefined) return;
    const bring = new Transfer(fs, from, to, toLayer);
    const directories: Name[] = [self];
    /** Directories of `to` with whiteouts in the form of files. */
    const holders = new Set<Name>();
    for (const { path, kind, mode } of changes) {
      const name = asName(path);
      if (kind === 'deleted') {
        if (putWhiteout(fs, to, name, names) === 'xattr') holders.add(parentOf(name));
      } else if ((mode & S_IFMT) === S_IFDIR) {
        fs.mkdirat(to, name, 0o700);
        directories.push(name);
      } else await bring.file(name);
    }
    // Last, and from the bottom: what is made in a directory changes its times.
    for (const name of directories.reverse()) copyDirectoryFacts(fs, from, to, name, toLayer);
    for (const holder of holders) expectXattrWhiteouts(fs, to, holder, names);
  });
}

/** Changes the tree `target` by a layer in overlay form, which is given up to it. */
export function applyDiffTree(diff: string, target: string): Promise<void> {
  const fs = createToolFs();
  return withDirectories(fs, [diff, target], async ([from, to]) => {
    if (from === undefined || to === undefined) return;
    const bring = new Transfer(fs, from, to, toTree);
    const directories: Name[] = [self];
    for (const { path, kind, mode } of readChangeSet(fs, from, names)) {
      const isDirectory = (mode & S_IFMT) === S_IFDIR;
      const stays = isDirectory && kind !== 'opaque-directory' && isDirectoryAt(fs, to, path);
      if (!stays) removeTree(fs, to, path);
      if (isDirectory) {
        if (!stays) fs.mkdirat(to, path, 0o700);
        directories.push(path);
      } else if (kind !== 'deleted') await bring.file(path);
    }
    for (const name of directories.reverse()) copyDirectoryFacts(fs, from, to, name, toTree);
  });
}

/** Lets the root of a layer look like that of a tree. */
export function copyRootFacts(from: string, to: string): Promise<void> {
  const fs = createToolFs();
  return withDirectories(fs, [from, to], ([source, target]) => {
    if (source !== undefined && target !== undefined) copyDirectoryFacts(fs, source, target, self, toLayer);
  });
}

/** Brings single objects from one tree to the same place in another, keeping which names are one file. */
class Transfer {
  readonly #fs: HostFs;
  readonly #from: Fd;
  readonly #to: Fd;
  readonly #rename: Rename;
  /** Of files with several names, by device and inode, since a tree may have subvolumes: the first name in the other tree. */
  readonly #copied = new Map<string, Name>();

  constructor(fs: HostFs, from: Fd, to: Fd, rename: Rename) {
    this.#fs = fs;
    this.#from = from;
    this.#to = to;
    this.#rename = rename;
  }

  async file(name: Name): Promise<void> {
    // A link would have the same attributes.
    if (this.#renamed(name).length > 0) {
      await this.#copy(name);
      return;
    }
    try {
      this.#fs.linkat(this.#from, name, this.#to, name);
    } catch (thrown) {
      if (!isFsError(thrown, 'EXDEV')) throw thrown;
      await this.#copy(name);
    }
  }

  async #copy(name: Name): Promise<void> {
    const fs = this.#fs;
    fs.statx(this.#from, name);
    const file = `${String(fs.stat[st.dev])} ${String(fs.stat[st.ino])}`;
    const first = this.#copied.get(file);
    if (first !== undefined) {
      fs.linkat(this.#to, first, this.#to, name);
      return;
    }
    if ((fs.stat[st.nlink] ?? 1) > 1) this.#copied.set(file, name);
    const object = fs.openat(this.#from, name, O_PATH | O_NOFOLLOW, 0);
    try {
      await copyObject(fs, { object, data: object }, this.#to, name, names);
      const renamed = this.#renamed(name);
      for (const attribute of renamed) fs.findRemoveXattr(this.#to, name, attribute);
      for (const attribute of renamed) {
        const other = this.#rename(attribute);
        const value = fs.findXattr(this.#from, name, attribute);
        if (other !== undefined && value !== undefined) fs.setXattr(this.#to, name, other, value, 0);
      }
    } finally {
      fs.close(object);
    }
  }

  /** Attributes of a file that have another name in the other tree. */
  #renamed(name: Name): Name[] {
    if ((this.#fs.overlayMarks(this.#from, name, names.prefix) & ~mark.foreign) === 0) return [];
    return this.#fs.listXattrs(this.#from, name).filter((attribute) => this.#rename(attribute) !== attribute);
  }
}

function parentOf(path: Name): Name {
  return asName(path.slice(0, Math.max(path.lastIndexOf('/'), 0)));
}

function isDirectoryAt(fs: HostFs, dir: Fd, name: Name): boolean {
  return fs.findStatx(dir, name) && ((fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR;
}

/** Owner, attributes but for marks of an overlay, mode and times. */
function copyDirectoryFacts(fs: HostFs, from: Fd, to: Fd, name: Name, rename: Rename): void {
  fs.statx(from, name);
  const facts = Float64Array.from(fs.stat);
  const fact = (index: number): number => facts[index] ?? 0;
  fs.fchownat(to, name, fact(st.uid), fact(st.gid));
  const wanted = new Map<Name, Buffer>();
  for (const attribute of fs.listXattrs(from, name)) {
    const other = rename(attribute);
    const value = other === undefined ? undefined : fs.findXattr(from, name, attribute);
    if (other !== undefined && value !== undefined) wanted.set(other, value);
  }
  for (const attribute of fs.listXattrs(to, name)) {
    if (!wanted.has(attribute)) fs.findRemoveXattr(to, name, attribute);
  }
  for (const [attribute, value] of wanted) fs.setXattr(to, name, attribute, value, 0);
  fs.fchmodat(to, name, fact(st.mode) & 0o7777);
  fs.utimensat(
    to,
    name,
    { sec: fact(st.atimeSec), nsec: fact(st.atimeNsec) },
    { sec: fact(st.mtimeSec), nsec: fact(st.mtimeNsec) },
  );
}
