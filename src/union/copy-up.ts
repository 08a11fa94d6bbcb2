/**
 * Brings an object from a lower layer into the upper. It is built in the work directory and published
 * by one rename, so that until its last step nothing of it can be seen, and a crash leaves the old
 * state; what was built is taken away by the undo that was declared before the first side effect.
 * Parents come first. Data is copied only when it must be (fs/overlayfs/copy_up.c).
 */
import { fsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { utimeNow } from '../base/time-spec.ts';
import { copyXattrs } from '../layer/attributes.ts';
import { copyInodeFlags, type FlaggedObject } from '../layer/inode-flags.ts';
import { setMetacopy } from '../layer/metacopy.ts';
import { findOriginBytes, findOriginOf, setOrigin } from '../layer/origin.ts';
import { setProtattr } from '../layer/protattr.ts';
import {
  AT_REMOVEDIR,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_RDWR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
} from '../os/constants.ts';
import { st, type Cancel } from '../os/host-fs.ts';
import type { Later } from '../vfs/file-system.ts';
import { isCopiedAtOnce, whileBusy } from './busy.ts';
import { completeData, dropMarks } from './complete-data.ts';
import type { UnionCore } from './core.ts';
import { entryNameOf, keepsLinks } from './identity.ts';
import { markImpure } from './impure.ts';
import { linkAlias, publishIndexed } from './index-entry.ts';
import { guarded, letIn } from './let-in.ts';
import { requireData } from './lower-data.ts';
import type { Node } from './node.ts';
import { withoutSeal } from './object-flags.ts';
import { giveTo } from './ownership.ts';
import { keepTimes } from './parent-times.ts';
import { Place, RealDir } from './real-dir.ts';
import { holdsNothing, willHold } from './upper-names.ts';

/** How much of a file has to be in the upper for what comes next. */
export type Needed =
  /** Owner, mode, times, attributes. */
  | 'metadata'
  /** Everything. */
  | 'data'
  /** Everything, but the data is going to be thrown away: the file becomes empty. */
  | 'truncated';

/** The metadata of the object that is copied. */
interface Source {
  readonly node: Node;
  readonly place: Place;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly rdev: number;
  readonly nlink: number;
  readonly times: readonly [{ sec: number; nsec: number }, { sec: number; nsec: number }];
}

/**
 * The directory of `node` in the upper layer, made there if need be, and its parents before it. EROFS
 * without an upper layer.
 */
export function upperDirOf(core: UnionCore, node: Node): RealDir {
  const { dir } = node;
  if (dir === undefined) throw fsError('ENOTDIR');
  core.writable();
  if (dir.upper !== undefined) return dir.upper;
  return node.parent === undefined ? copyUpRemoved(core, node) : copyUpDirectory(core, node, node.parent);
}

/**
 * Copies what is needed of `node`; answers at once where no data has to move. The caller has waited
 * until the node is not busy. EINTR when request `unique` is interrupted.
 */
export function copyUp(core: UnionCore, node: Node, needed: Needed, unique: number): Later<void> {
  core.writable();
  if (node.isDirectory) {
    upperDirOf(core, node);
    return undefined;
  }
  if (node.upper === undefined) {
    if (node.isRegular) requireData(core, node);
    return copyUpFile(core, node, needed, unique);
  }
  if (node.hasStaleMark) dropMarks(core, node, node.upper);
  if (needed === 'metadata' || !node.isMetacopy) return undefined;
  if (needed === 'data') return completeData(core, node, unique);
  // A new, empty file in its place; where there are more names, or none, the caller empties it in place.
  const isInPlace = node.indexed || node.keys !== undefined || node.upper.dir === undefined;
  return isInPlace ? undefined : copyUpFile(core, node, 'truncated', unique);
}

function copyUpDirectory(core: UnionCore, node: Node, parent: Node): RealDir {
  const inside = upperDirOf(core, parent);
  const source = readSource(core, node);
  const work = core.dirs.at(core.workDir());
  const temp = core.temps.next();
  core.fs.mkdirat(work, temp, 0o700);
  const undo = (): void => {
    core.fs.findUnlinkat(work, temp, AT_REMOVEDIR);
  };
  try {
    dress(core, source, work, temp);
    markImpure(core, parent);
    willHold(inside, node.name);
    const to = { dir: core.dirs.fd(inside), name: node.name };
    withoutSeal(core, parent, () => {
      letIn(core, [{ dir: work, name: temp, to }, guarded(core, inside)], () => {
        keepTimes(core, inside, () => {
          core.fs.renameat2(work, temp, to.dir, to.name, 0);
        });
      });
    });
  } catch (thrown) {
    undo();
    throw thrown;
  }
  return adopt(core, node, new RealDir(inside.layer, inside, node.name));
}

/** A directory that has no name any more gets none in the upper either, only a descriptor. */
function copyUpRemoved(core: UnionCore, node: Node): RealDir {
  const source = readSource(core, node);
  const work = core.dirs.at(core.workDir());
  const temp = core.temps.next();
  core.fs.mkdirat(work, temp, 0o700);
  let fd: Fd;
  try {
    dress(core, source, work, temp);
    fd = core.fs.openat(work, temp, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
  } finally {
    core.fs.findUnlinkat(work, temp, AT_REMOVEDIR);
  }
  return adopt(core, node, new RealDir(core.writable(), undefined, asName(''), fd));
}

function adopt(core: UnionCore, node: Node, real: RealDir): RealDir {
  holdsNothing(real);
  node.upper = real;
  if (node.dir !== undefined) {
    node.dir.upper = real;
    node.dir.impure = false;
    node.dir.madeHere = true;
  }
  node.copied = true;
  core.counters.copyUps += 1;
  return real;
}

function copyUpFile(core: UnionCore, node: Node, needed: Needed, unique: number): Later<void> {
  const source = readSource(core, node);
  const { parent } = node;
  if (parent !== undefined) upperDirOf(core, parent);
  const work = core.dirs.at(core.workDir());
  const temp = core.temps.next();
  if (!node.isRegular) {
    makeSpecial(core, source, work, temp);
    return finish(core, source, temp, 'data');
  }
  // An empty file has all its data: marked as a metacopy, it would hide what is written to it later.
  const wanted = source.size === 0 ? 'truncated' : needed;
  if (wanted === 'truncated' || (wanted === 'metadata' && core.features.metacopy)) {
    makeWithoutData(core, work, temp, wanted === 'metadata' ? source.size : 0);
    return finish(core, source, temp, wanted);
  }
  return copyWithData(core, source, temp, unique);
}

/** Copies data into a file of the work directory, on the pool unless it is little and needs no sync. */
function copyWithData(core: UnionCore, source: Source, temp: Name, unique: number): Later<void> {
  const { node } = source;
  const work = core.dirs.at(core.workDir());
  let to: Fd | undefined = core.fs.openat(work, temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  const undo = (): void => {
    core.fs.findUnlinkat(core.dirs.at(core.workDir()), temp, 0);
    if (to !== undefined) core.fs.closeApart(to);
  };
  const publishIt = (written: Fd): void => {
    to = undefined;
    core.fs.closeWritten(written);
    // The data of a metacopy are in another file than what is copied here.
    finish(core, source, temp, 'data', node.data === undefined ? from : undefined);
  };
  const target = to;
  let from: Fd;
  try {
    from = core.data.forReading(node);
    if (isCopiedAtOnce(core, source.size)) {
      core.counters.noteCopied(core.fs.copyDataSync(from, target, source.size));
      publishIt(target);
      return undefined;
    }
  } catch (thrown) {
    undo();
    throw thrown;
  }
  core.data.pin(node);
  return whileBusy(core, node, async () => {
    try {
      const { sync } = core.features;
      await core.interrupts.during(unique, async (cancel: Cancel) => {
        core.counters.noteCopied(await core.fs.copyData(from, target, source.size, { sync, cancel }));
      });
      publishIt(target);
    } catch (thrown) {
      undo();
      throw thrown;
    } finally {
      core.data.unpin(node);
    }
  });
}

/**
 * Gives the built object its metadata, and publishes it. Undoes on failure; but once an index entry stands for
 * the file, it is copied up, whether its name in the upper can be made or not.
 */
function finish(core: UnionCore, source: Source, temp: Name, state: Needed, from?: Fd): void {
  const { node } = source;
  const workDir = core.workDir();
  try {
    const work = core.dirs.at(workDir);
    dress(core, source, work, temp, state, from);
    publish(core, source, temp);
  } catch (thrown) {
    core.fs.findUnlinkat(core.dirs.at(workDir), temp, 0);
    throw thrown;
  }
  node.data = state === 'metadata' && node.isRegular ? (node.data ?? node.lower) : undefined;
  core.data.moved(node);
  node.copied = true;
  core.counters.copyUps += 1;
  if (node.isMetacopy) core.counters.metacopies += 1;
  if (node.indexed && node.parent !== undefined) linkAlias(core, node, node.parent, node.name);
}

/** The last step: the object gets its name, or, where it has lost all of them meanwhile, a descriptor. */
function publish(core: UnionCore, source: Source, temp: Name): void {
  const { node } = source;
  const work = core.dirs.at(core.workDir());
  const { parent, name } = node;
  if (parent !== undefined) {
    upperDirOf(core, parent);
    markImpure(core, parent);
  }
  // Names that nobody has asked for yet may be left below: they find the entry.
  const isIndexed = source.nlink > 1 && source.nlink + node.nlinkDelta > 0;
  if (isIndexed && publishIndexed(core, node, temp, source.nlink)) return;
  if (parent === undefined) {
    const fd = core.fs.openat(work, temp, node.isRegular ? O_RDWR : O_PATH | O_NOFOLLOW, 0);
    try {
      core.fs.unlinkat(work, temp, 0);
    } catch (thrown) {
      core.fs.close(fd);
      throw thrown;
    }
    node.upper = new Place(core.writable(), undefined, asName(''), fd);
    node.nlinkDelta = 0;
    return;
  }
  const inside = upperDirOf(core, parent);
  willHold(inside, name);
  withoutSeal(core, parent, () => {
    letIn(core, [guarded(core, inside)], () => {
      keepTimes(core, inside, () => {
        core.fs.renameat2(work, temp, core.dirs.fd(inside), name, 0);
      });
    });
  });
  node.upper = new Place(inside.layer, inside, name);
}

/**
 * Owner, attributes, mode and times, and the marks of the format, on the object that is being built. `from` is the source, where
 * it is open for reading.
 */
function dress(
  core: UnionCore,
  source: Source,
  dir: Fd,
  temp: Name,
  state: Needed = 'data',
  from?: Fd,
): void {
  const { node, place } = source;
  const { fs, names } = core;
  const isMetacopy = state === 'metadata' && node.isRegular;
  // First: a new owner takes the capabilities.
  giveTo(core, dir, temp, source.uid, source.gid);
  copyXattrs(fs, core.at(place), place.name, dir, temp, names);
  // The marks come before the mode: `user.*` can only be set on what its owner may write. Of them, first the one that stays:
  // an inode of ext4 has room for one, and the next one takes a block.
  const origin = originFor(core, place);
  // Several copies of one lower file must not all say that they are it.
  const isKept =
    keepsLinks(core, place.layer, node.type) && entryNameOf(core, node.type, origin) !== undefined;
  if (source.nlink <= 1 || isKept) setOrigin(fs, dir, temp, origin, names);
  if (isMetacopy) setMetacopy(fs, dir, temp, names);
  if (node.sealed !== 0) setProtattr(fs, dir, temp, node.sealed, names);
  if (node.type !== S_IFLNK) fs.fchmodat(dir, temp, source.mode & 0o7777);
  if (node.isRegular || node.isDirectory) copyInodeFlags(fs, flaggedSource(core, place, from), dir, temp);
  const [atime, mtime] = source.times;
  const isEmptied = state === 'truncated' && source.size > 0;
  fs.utimensat(dir, temp, atime, isEmptied ? utimeNow : mtime);
}

function flaggedSource(core: UnionCore, place: Place, open: Fd | undefined): FlaggedObject {
  if (open !== undefined) return { fd: open };
  return place.dir === undefined
    ? { dir: place.fd, name: asName('') }
    : { dir: core.at(place), name: place.name };
}

/** What it was copied up from: itself, unless it is in the upper already. */
function originFor(core: UnionCore, place: Place): Buffer | undefined {
  const at = core.at(place);
  if (place.layer.index === 0) return findOriginBytes(core.fs, at, place.name, core.names);
  return findOriginOf(core.fs, at, place.name, place.layer.uuid);
}

/** Before it has any metadata: setting the size takes capabilities. */
function makeWithoutData(core: UnionCore, work: Fd, temp: Name, size: number): void {
  const fd = core.fs.openat(work, temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    if (size > 0) core.fs.ftruncate(fd, size);
  } catch (thrown) {
    core.fs.findUnlinkat(work, temp, 0);
    throw thrown;
  } finally {
    core.fs.close(fd);
  }
}

function makeSpecial(core: UnionCore, source: Source, work: Fd, temp: Name): void {
  const { node, place } = source;
  if (node.type === S_IFLNK) {
    core.fs.symlinkat(core.fs.readlinkat(core.at(place), place.name), work, temp);
  } else {
    core.fs.mknodat(work, temp, source.mode, source.rdev);
  }
}

function readSource(core: UnionCore, node: Node): Source {
  const { place } = node;
  core.fs.statx(core.at(place), place.name);
  const { stat } = core.fs;
  const field = (index: number): number => stat[index] ?? 0;
  // As a double it would be another size.
  if (field(st.size) > Number.MAX_SAFE_INTEGER) throw fsError('EFBIG');
  return {
    node,
    place,
    mode: field(st.mode),
    uid: field(st.uid),
    gid: field(st.gid),
    size: field(st.size),
    rdev: field(st.rdev),
    nlink: (field(st.mode) & S_IFMT) === S_IFDIR ? 1 : field(st.nlink),
    times: [
      { sec: field(st.atimeSec), nsec: field(st.atimeNsec) },
      { sec: field(st.mtimeSec), nsec: field(st.mtimeNsec) },
    ],
  };
}
