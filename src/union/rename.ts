/**
 * rename in all its forms. What is renamed is in the upper first, by its metadata; a directory with
 * lower parts gets a redirect; then one renameat2 does it all, whiteout for the old name included. An
 * object from a lower layer is never copied with its data for it, if metacopy is on.
 */
import { fsError, isFsError } from '../base/fs-error.ts';
import type { NodeId } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import { setOpaque } from '../layer/opaque.ts';
import { exchange, leaveWhiteout, type Entry } from '../layer/renames.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT } from '../os/constants.ts';
import type { Later } from '../vfs/file-system.ts';
import { afterwards } from './afterwards.ts';
import type { UnionCore } from './core.ts';
import { copyUp, upperDirOf } from './copy-up.ts';
import { findStat } from './covered-dir.ts';
import { checkName } from './create.ts';
import { emptyUpper } from './emptied-directory.ts';
import { markImpure } from './impure.ts';
import { hasUpperName } from './index-entry.ts';
import { guarded, letIn } from './let-in.ts';
import { getChild, lookup } from './lookup.ts';
import type { Node } from './node.ts';
import { withoutSeal } from './object-flags.ts';
import { isEmpty, noteAdded, noteRemoved } from './readdir.ts';
import { Place, type RealDir } from './real-dir.ts';
import { setDirectoryRedirect, setFileRedirect } from './redirect-of.ts';
import { refuseLoss, refuseNewName } from './seals.ts';
import { willHold } from './upper-names.ts';
import { isUpperWhiteout, willHide } from './upper-whiteouts.ts';
import {
  bringNameUp,
  holdDirectory,
  isCovered,
  keepCount,
  loseName,
  nothingToUndo,
  relocate,
  type Undo,
} from './remove.ts';

export interface NameIn {
  readonly parent: Node;
  readonly name: Name;
}

/**
 * Answers as `FileSystem.rename` does. EINVAL, ENOENT, EEXIST, ENOTEMPTY, EXDEV (redirect_dir is off). Waits while one of
 * the two is being copied up.
 */
export function rename(
  core: UnionCore,
  from: NameIn,
  to: NameIn,
  flags: number,
  unique: number,
): Later<readonly NodeId[]> {
  core.writable();
  // RENAME_WHITEOUT among them: a union that has its upper in the mount would not see the whiteout that it asked for.
  if ((flags & ~(RENAME_EXCHANGE | RENAME_NOREPLACE)) !== 0) throw fsError('EINVAL');
  checkName(core, to.name);
  const node = getChild(core, from.parent, from.name);
  const target = to.parent.dir?.children.get(to.name) ?? lookup(core, to.parent, to.name, core.unasked);
  const again = (): Later<readonly NodeId[]> => rename(core, from, to, flags, unique);
  const busy = node.busy ?? target?.busy;
  if (busy !== undefined) return core.interrupts.until(unique, busy).then(again);
  if (target === node) return [];
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  refuseLoss(from.parent, node);
  if (target === undefined) refuseNewName(to.parent);
  else refuseLoss(to.parent, target);
  check(core, node, target, flags);
  const copying =
    copyUp(core, node, 'metadata', unique) ??
    (exchange && target !== undefined ? copyUp(core, target, 'metadata', unique) : undefined);
  if (copying !== undefined) return copying.then(again);
  prepare(core, node, from, to);
  if (exchange && target !== undefined) {
    prepare(core, target, to, from);
    swap(core, node, target, from, to);
    return withOtherParent([node, target], from, to);
  }
  move(core, node, target, from, to);
  return withOtherParent([node], from, to);
}

function withOtherParent(moved: readonly Node[], from: NameIn, to: NameIn): readonly NodeId[] {
  if (from.parent === to.parent) return [];
  return moved.filter(({ dir }) => dir?.cookies !== undefined).map(({ id }) => id);
}

function check(core: UnionCore, node: Node, target: Node | undefined, flags: number): void {
  if ((flags & RENAME_EXCHANGE) !== 0) {
    if (target === undefined) throw fsError('ENOENT');
    return;
  }
  if (target === undefined) return;
  if ((flags & RENAME_NOREPLACE) !== 0) throw fsError('EEXIST');
  if (node.isDirectory && !target.isDirectory) throw fsError('ENOTDIR');
  if (!node.isDirectory && target.isDirectory) throw fsError('EISDIR');
  if (target.isDirectory && !isEmpty(core, target)) throw fsError('ENOTEMPTY');
}

/** Everything that has to be true of `node` before it may stand at `to`. */
function prepare(core: UnionCore, node: Node, from: NameIn, to: NameIn): void {
  upperDirOf(core, from.parent);
  upperDirOf(core, to.parent);
  if (node.copied || node.lower !== undefined) markImpure(core, to.parent);
  if (node.dir !== undefined) {
    if (node.dir.lowers.length > 0) setDirectoryRedirect(core, node, from, from.parent === to.parent);
    else if (!node.dir.opaque && isCovered(core, to.parent, to.name)) makeOpaque(core, node);
    return;
  }
  if (node.isMetacopy) setFileRedirect(core, node, from);
  bringNameUp(core, node, from.parent, from.name);
}

function makeOpaque(core: UnionCore, node: Node): void {
  const { dir } = node;
  if (dir?.upper === undefined) return;
  const { dir: at, name } = guarded(core, dir.upper);
  letIn(core, [{ dir: at, name }], () => {
    setOpaque(core.fs, at, name, core.names);
  });
  dir.opaque = true;
}

function swap(core: UnionCore, node: Node, target: Node, from: NameIn, to: NameIn): void {
  const source = upperDirOf(core, from.parent);
  const destination = upperDirOf(core, to.parent);
  const sourceFd = core.dirs.fd(source);
  willHold(source, from.name);
  willHold(destination, to.name);
  core.fs.renameat2(sourceFd, from.name, core.dirs.fd(destination), to.name, RENAME_EXCHANGE);
  core.nodes.removeLink(node, from.parent, from.name);
  core.nodes.removeLink(target, to.parent, to.name);
  noteRemoved(from.parent, from.name);
  noteRemoved(to.parent, to.name);
  settleAt(core, node, to, from, destination, source);
  settleAt(core, target, from, to, source, destination);
}

function move(core: UnionCore, node: Node, target: Node | undefined, from: NameIn, to: NameIn): void {
  const source = upperDirOf(core, from.parent);
  const destination = upperDirOf(core, to.parent);
  if (target !== undefined && !target.isDirectory) {
    keepCount(core, target);
    bringNameUp(core, target, to.parent, to.name);
  }
  const whiteout = isCovered(core, from.parent, from.name);
  const targetIsUpper = target !== undefined && hasUpperName(core, target, destination, to.name);
  const undo =
    target !== undefined && targetIsUpper ? vacate(core, target, destination, to.name) : nothingToUndo;
  try {
    withoutSeal(core, to.parent, () => {
      publish(core, node, source, from.name, destination, to.name, whiteout);
    });
  } catch (thrown) {
    undo();
    throw thrown;
  }
  if (target !== undefined) {
    if (target.isDirectory) {
      core.nodes.removeLink(target, to.parent, to.name);
      noteRemoved(to.parent, to.name);
    } else {
      loseName(core, target, to.parent, to.name, targetIsUpper);
    }
  }
  core.nodes.removeLink(node, from.parent, from.name);
  noteRemoved(from.parent, from.name);
  settleAt(core, node, to, from, destination, source);
}

/** What is going to be replaced is found by a descriptor from now on, and holds no whiteouts. */
function vacate(core: UnionCore, target: Node, inside: RealDir, name: Name): Undo {
  const upper = target.dir?.upper;
  if (upper === undefined) return relocate(core, target, inside, name);
  emptyUpper(core, target, inside, name);
  return holdDirectory(core, upper, inside, name);
}

/** The one step that everybody sees. */
function publish(
  core: UnionCore,
  node: Node,
  source: RealDir,
  name: Name,
  destination: RealDir,
  newName: Name,
  whiteout: boolean,
): void {
  const { fs } = core;
  const to = core.dirs.fd(destination);
  const from = core.dirs.fd(source);
  if (whiteout) willHide(core, source, name);
  willHold(destination, newName);
  if (
    node.isDirectory &&
    findStat(core, destination, newName, core.scratch) &&
    isUpperWhiteout(core, destination, newName)
  ) {
    // A directory cannot replace a whiteout: they change places, and the whiteout stays where one is needed.
    const aside = { dir: core.at(core.workDir()), name: core.temps.next() };
    exchange(fs, { dir: from, name }, { dir: to, name: newName }, aside);
    if (whiteout) return;
    afterwards(core, () => {
      fs.unlinkat(from, name, 0);
    });
    return;
  }
  if (!whiteout) {
    fs.renameat2(from, name, to, newName, 0);
    return;
  }
  if (
    core.whiteoutMaker().form === 'device' &&
    leavesWhiteout(core, { dir: from, name }, { dir: to, name: newName })
  )
    return;
  publishInSteps(core, { dir: from, name }, { dir: to, name: newName });
}

/** False where the file system has no step for it. */
function leavesWhiteout(core: UnionCore, from: Entry, to: Entry): boolean {
  try {
    core.fs.renameat2(from.dir, from.name, to.dir, to.name, RENAME_WHITEOUT);
    return true;
  } catch (thrown) {
    if (!isFsError(thrown, 'EINVAL')) throw thrown;
    return false;
  }
}

/** The same, whiteout included, where the file system has no step for it. */
function publishInSteps(core: UnionCore, from: Entry, to: Entry): void {
  const { fs } = core;
  const work = core.at(core.workDir());
  const whiteout = { dir: work, name: core.whiteoutMaker().prepare() };
  const aside = { dir: work, name: core.temps.next() };
  let replaced: boolean;
  try {
    replaced = leaveWhiteout(fs, { from, to, whiteout, aside });
  } catch (thrown) {
    fs.findUnlinkat(work, whiteout.name, 0);
    throw thrown;
  }
  if (replaced) core.discards.add(aside.name);
}

/** After the step: names, places and listings follow. */
function settleAt(
  core: UnionCore,
  node: Node,
  to: NameIn,
  from: NameIn,
  destination: RealDir,
  source: RealDir,
): void {
  const { upper } = node;
  core.nodes.addLink(node, to.parent, to.name);
  noteAdded(core, to.parent, node, to.name);
  if (upper?.dir !== source || upper.name !== from.name) return;
  if (node.isDirectory) {
    upper.dir = destination;
    upper.name = to.name;
  } else {
    node.upper = new Place(destination.layer, destination, to.name);
  }
}
