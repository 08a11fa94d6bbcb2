/**
 * unlink and rmdir: what lies in the upper goes away, and what shows through from below is covered with
 * a whiteout, in one atomic step either way. No data is copied. A whiteout is made only where something
 * below needs one.
 */
import { fsError, isFsError } from '../base/fs-error.ts';
import { asName, type Name } from '../base/name.ts';
import { AT_REMOVEDIR, O_DIRECTORY, O_NOFOLLOW, O_PATH } from '../os/constants.ts';
import { st } from '../os/host-fs.ts';
import type { Later } from '../vfs/file-system.ts';
import { afterwards } from './afterwards.ts';
import type { UnionCore } from './core.ts';
import { copyUp, upperDirOf } from './copy-up.ts';
import { countFromUpper, dropIndexEntry, hasUpperName, linkAlias } from './index-entry.ts';
import { letIn } from './let-in.ts';
import { getChild } from './lookup.ts';
import type { Link, Node } from './node.ts';
import { probe } from './probe.ts';
import { isEmpty, noteRemoved } from './readdir.ts';
import { noFd, Place, type RealDir } from './real-dir.ts';
import { refuseLoss } from './seals.ts';
import { willHide } from './upper-whiteouts.ts';

/** EISDIR. Waits while the file is being copied up. */
export function unlink(core: UnionCore, parent: Node, name: Name, unique: number): Later<void> {
  core.writable();
  const node = getChild(core, parent, name);
  if (node.isDirectory) throw fsError('EISDIR');
  refuseLoss(parent, node);
  if (node.busy !== undefined) {
    return core.interrupts.until(unique, node.busy).then(() => unlink(core, parent, name, unique));
  }
  const inside = upperDirOf(core, parent);
  keepCount(core, node);
  bringNameUp(core, node, parent, name);
  const isUpper = hasUpperName(core, node, inside, name);
  const covered = isCovered(core, parent, name, node);
  const dir = core.dirs.fd(inside);
  if (covered || !isUpper) willHide(core, inside, name);
  const undo = isUpper ? relocate(core, node, inside, name) : nothingToUndo;
  try {
    if (!isUpper) core.whiteoutMaker().linkTo(dir, name);
    else if (covered) core.whiteoutMaker().replace(dir, name);
    else core.fs.unlinkat(dir, name, 0);
  } catch (thrown) {
    undo();
    throw thrown;
  }
  loseName(core, node, parent, name, isUpper);
}

/** ENOTDIR, ENOTEMPTY. */
export function rmdir(core: UnionCore, parent: Node, name: Name): void {
  core.writable();
  const node = getChild(core, parent, name);
  if (node.dir === undefined) throw fsError('ENOTDIR');
  refuseLoss(parent, node);
  const inside = upperDirOf(core, parent);
  const covered = isCovered(core, parent, name, node);
  if ((node.dir.lowers.length > 0 || covered) && !isEmpty(core, node)) throw fsError('ENOTEMPTY');
  const dir = core.dirs.fd(inside);
  const { upper } = node.dir;
  if (covered || upper === undefined) willHide(core, inside, name);
  if (upper === undefined) {
    core.whiteoutMaker().linkTo(dir, name);
  } else {
    const undo = holdDirectory(core, upper, inside, name);
    try {
      removeUpperDirectory(core, node, inside, name, covered);
    } catch (thrown) {
      undo();
      throw thrown;
    }
  }
  core.nodes.removeLink(node, parent, name);
  node.nlinkDelta = 0;
  noteRemoved(parent, name);
}

/** The directory itself, or, if only whiteouts are left in it, by way of the work directory. */
function removeUpperDirectory(
  core: UnionCore,
  node: Node,
  inside: RealDir,
  name: Name,
  covered: boolean,
): void {
  const dir = core.dirs.fd(inside);
  const work = core.dirs.at(core.workDir());
  if (covered) {
    letIn(core, [{ dir, name, to: 'gone' }], () => {
      core.discards.add(core.whiteoutMaker().exchange(dir, name));
    });
    return;
  }
  try {
    core.fs.unlinkat(dir, name, AT_REMOVEDIR);
  } catch (thrown) {
    if (!isFsError(thrown, 'ENOTEMPTY') || !isEmpty(core, node)) throw thrown;
    const temp = core.temps.next();
    letIn(core, [{ dir, name, to: 'gone' }], () => {
      core.fs.renameat2(dir, name, work, temp, 0);
    });
    core.discards.add(temp);
  }
}

/** Whether something below shows at `name` of `parent`, were it not for the upper. */
export function isCovered(core: UnionCore, parent: Node, name: Name, node?: Node): boolean {
  if ((parent.dir?.lowers.length ?? 0) === 0) return false;
  if (node !== undefined && node.upper === undefined) return true;
  return probe(core, parent, name, 0, core.scratch) >= 0;
}

/**
 * The link count of a lower file with several names is kept in the index, so it has to be there before
 * the first of its names goes; where that would copy data, the count is right until the next mount only.
 */
export function keepCount(core: UnionCore, node: Node): void {
  if (node.upper !== undefined || node.keys === undefined || core.indexDir === undefined) return;
  if (node.isRegular && !core.features.metacopy) return;
  void copyUp(core, node, 'metadata', 0);
}

/**
 * Before a name of it goes. An indexed file loses upper names only: its link count, stored relative to that of its
 * upper inode, is then right before and after.
 */
export function bringNameUp(core: UnionCore, node: Node, parent: Node, name: Name): void {
  if (!node.indexed) return;
  if (hasUpperName(core, node, parent.dir?.upper, name)) countFromUpper(core, node);
  else linkAlias(core, node, parent, name);
}

/** Takes back what was done before a step that then failed. */
export type Undo = () => void;

export const nothingToUndo: Undo = () => undefined;

/** Before the name (dir, name) goes: the node is found by another name, or by a descriptor. */
export function relocate(core: UnionCore, node: Node, inside: RealDir, name: Name): Undo {
  const { upper } = node;
  if (upper?.dir !== inside || upper.name !== name) return nothingToUndo;
  const undo = (): void => {
    const { upper: moved } = node;
    if (moved !== undefined && moved.dir === undefined) core.fs.close(moved.fd);
    node.upper = upper;
  };
  const other = findUpperName(core, node, inside, name);
  if (other !== undefined) {
    node.upper = other;
    return undo;
  }
  const fd = core.fs.openat(core.dirs.fd(inside), name, O_PATH | O_NOFOLLOW, 0);
  node.upper = new Place(upper.layer, undefined, asName(''), fd);
  return undo;
}

/** Another upper name of it than (inside, name). */
function findUpperName(core: UnionCore, node: Node, inside: RealDir, name: Name): Place | undefined {
  const find = (link: Link): Place | undefined => {
    const dir = link.parent.dir?.upper;
    if (dir === undefined || (dir === inside && link.name === name)) return undefined;
    return hasUpperName(core, node, dir, link.name) ? new Place(dir.layer, dir, link.name) : undefined;
  };
  const first = node.parent === undefined ? undefined : find({ parent: node.parent, name: node.name });
  if (first !== undefined) return first;
  for (const link of node.moreLinks ?? []) {
    const found = find(link);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The node has one name less; `wasUpper`: its upper inode has one link less, too. */
export function loseName(core: UnionCore, node: Node, parent: Node, name: Name, wasUpper: boolean): void {
  core.nodes.removeLink(node, parent, name);
  noteRemoved(parent, name);
  if (!wasUpper) node.nlinkDelta -= 1;
  const { upper } = node;
  if (node.indexed && upper !== undefined) {
    afterwards(core, () => {
      dropIndexIfLast(core, node, upper);
    });
  }
  core.nodes.leaveIfUnused(node);
}

function dropIndexIfLast(core: UnionCore, node: Node, upper: Place): void {
  core.fs.statx(core.at(upper), upper.name);
  if ((core.fs.stat[st.nlink] ?? 0) + node.nlinkDelta > 0) return;
  const fd = core.fs.openat(core.at(upper), upper.name, O_PATH | O_NOFOLLOW, 0);
  try {
    dropIndexEntry(core, upper.name);
  } catch (thrown) {
    core.fs.close(fd);
    throw thrown;
  }
  node.upper = new Place(upper.layer, undefined, asName(''), fd);
  node.indexed = false;
  node.nlinkDelta = 0;
}

/**
 * Before the name (inside, name) of an upper directory goes: it may be somebody's working directory, so it
 * keeps a descriptor instead of the name.
 */
export function holdDirectory(core: UnionCore, dir: RealDir, inside: RealDir, name: Name): Undo {
  const fd = core.fs.openat(core.dirs.fd(inside), name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
  core.dirs.drop(dir);
  dir.orphan(fd);
  return () => {
    core.fs.close(fd);
    dir.fd = noFd;
    dir.dir = inside;
    dir.name = name;
  };
}
