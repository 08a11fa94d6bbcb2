/**
 * The entry in work/index that keeps the names of a lower file one file: all upper names are links to
 * it, and names that are still below find it by the handle of the lower inode. The union's link count
 * stands in an attribute of it, as a difference to a count that the next step does not change, so that
 * it is right after a crash, too (fs/overlayfs/inode.c, ovl_set_nlink_common).
 */
import { isFsError } from '../base/fs-error.ts';
import type { Name } from '../base/name.ts';
import { setNlink } from '../layer/nlink.ts';
import { st } from '../os/host-fs.ts';
import { keyOf } from './attributes.ts';
import type { UnionCore } from './core.ts';
import { findEntryName } from './identity.ts';
import { markImpure } from './impure.ts';
import { guarded, letIn } from './let-in.ts';
import type { Node } from './node.ts';
import { withoutSeal } from './object-flags.ts';
import { keepTimes } from './parent-times.ts';
import { Place, type RealDir } from './real-dir.ts';
import { willHold } from './upper-names.ts';

/**
 * Publishes `temp` of the work directory as the index entry of `node`, a lower file with `lowerNlink`
 * links: from then on it stands for the file, whose names are still below. False where it cannot be in the
 * index.
 */
export function publishIndexed(core: UnionCore, node: Node, temp: Name, lowerNlink: number): boolean {
  const { indexDir, fs } = core;
  const { lower } = node;
  if (indexDir === undefined || lower === undefined) return false;
  const name = findEntryName(core, node.type, lower);
  if (name === undefined) return false;
  const work = core.dirs.at(core.workDir());
  const union = lowerNlink + node.nlinkDelta;
  setNlink(fs, work, temp, { relative: 'lower', delta: node.nlinkDelta }, core.names);
  fs.renameat2(work, temp, core.dirs.fd(indexDir), name, 0);
  node.upper = new Place(indexDir.layer, indexDir, name);
  node.indexed = true;
  node.countsFromUpper = false;
  node.lowerNlink = lowerNlink;
  node.nlinkDelta = union - 1;
  return true;
}

/**
 * Gives an indexed node an upper name where it had a lower one. The union's link count stays: meanwhile it is
 * stored relative to that of the lower inode, which the link does not change.
 */
export function linkAlias(core: UnionCore, node: Node, parent: Node, name: Name): void {
  const { upper } = node;
  const inside = parent.dir?.upper;
  if (upper === undefined || inside === undefined) return;
  const { scratch } = core;
  markImpure(core, parent);
  core.fs.statx(core.at(upper), upper.name, scratch.buffer, scratch.offset);
  core.nodes.addKey(node, keyOf(core.fs, scratch));
  const union = scratch.nlink + node.nlinkDelta;
  const nlink = { relative: 'lower', delta: union - node.lowerNlink } as const;
  node.countsFromUpper = false;
  setNlink(core.fs, core.at(upper), upper.name, nlink, core.names);
  willHold(inside, name);
  withoutSeal(core, parent, () => {
    letIn(core, [guarded(core, inside)], () => {
      keepTimes(core, inside, () => {
        core.fs.linkat(core.at(upper), upper.name, core.dirs.fd(inside), name);
        node.nlinkDelta -= 1;
      });
    });
  });
  countFromUpper(core, node);
}

/**
 * Before an indexed file gets or loses a name in the upper: its link count is stored as a difference that the step
 * does not change. A crash, or a settling that was cut off, leaves the other form.
 */
export function countFromUpper(core: UnionCore, node: Node): void {
  const { upper } = node;
  if (!node.indexed || upper === undefined || node.countsFromUpper) return;
  setNlink(core.fs, core.at(upper), upper.name, { relative: 'upper', delta: node.nlinkDelta }, core.names);
  node.countsFromUpper = true;
}

/** Whether (dir, name) of the upper is a name of this node: a link to its inode. */
export function hasUpperName(core: UnionCore, node: Node, dir: RealDir | undefined, name: Name): boolean {
  if (dir === undefined || node.upper === undefined) return false;
  if (node.isDirectory || (!node.indexed && node.keys === undefined)) return node.upper.dir === dir;
  core.fs.statx(core.at(node.upper), node.upper.name);
  const ino = core.fs.stat[st.ino];
  return core.fs.findStatx(core.dirs.fd(dir), name) && core.fs.stat[st.ino] === ino;
}

/** After the last name of an indexed node went away: the entry goes, too; `fd` has kept the inode. */
export function dropIndexEntry(core: UnionCore, name: Name): void {
  const { indexDir } = core;
  if (indexDir === undefined) return;
  try {
    core.fs.unlinkat(core.dirs.fd(indexDir), name, 0);
  } catch (thrown) {
    if (!isFsError(thrown, 'ENOENT')) throw thrown;
  }
}
