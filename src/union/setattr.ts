/**
 * chmod, chown, truncate, utimensat: on the upper object, after as little of it was copied up as will do.
 */
import { asName } from '../base/name.ts';
import { utimeOmit } from '../base/time-spec.ts';
import { S_ISGID, S_ISUID, S_IXGRP } from '../os/constants.ts';
import { st } from '../os/host-fs.ts';
import type { Later, SetAttr } from '../vfs/file-system.ts';
import type { UnionCore } from './core.ts';
import { copyUp, dropMetacopy, type Needed } from './copy-up.ts';
import type { Node } from './node.ts';

const capabilityName = asName('security.capability');

/** Waits while the file is being copied up. */
export function setattr(core: UnionCore, node: Node, change: SetAttr, unique: number): Later<void> {
  core.writable();
  if (node.busy !== undefined) return node.busy.then(() => setattr(core, node, change, unique));
  const copying = copyUp(core, node, neededFor(change), unique);
  if (copying !== undefined) return copying.then(() => setattr(core, node, change, unique));
  apply(core, node, change);
}

/** Drops setuid, setgid (where the group may execute) and file capabilities of an upper file. */
export function killPrivileges(core: UnionCore, node: Node): void {
  const { upper } = node;
  if (upper === undefined || !node.isRegular) return;
  const at = core.at(upper);
  core.fs.statx(at, upper.name);
  const mode = core.fs.stat[st.mode] ?? 0;
  let kept = mode & ~S_ISUID;
  if ((mode & S_IXGRP) !== 0) kept &= ~S_ISGID;
  core.fs.findRemoveXattr(at, upper.name, capabilityName);
  if (kept !== mode) core.fs.fchmodat(at, upper.name, kept & 0o7777);
}

/** Empties an upper file; a metacopy file has its data from then on. */
export function truncateToNothing(core: UnionCore, node: Node): void {
  core.fs.ftruncate(core.data.forWriting(node), 0);
  dropMetacopy(core, node);
}

function neededFor(change: SetAttr): Needed {
  if (change.size === undefined) return 'metadata';
  return change.size === 0 ? 'truncated' : 'data';
}

function apply(core: UnionCore, node: Node, change: SetAttr): void {
  const { fs } = core;
  const { place } = node;
  if (change.size === 0) truncateToNothing(core, node);
  else if (change.size !== undefined) fs.ftruncate(core.data.forWriting(node), change.size);
  const at = core.at(place);
  if (change.uid !== undefined || change.gid !== undefined) {
    fs.fchownat(at, place.name, change.uid ?? -1, change.gid ?? -1);
  }
  if (change.killPriv) killPrivileges(core, node);
  if (change.mode !== undefined) fs.fchmodat(at, place.name, change.mode & 0o7777);
  if (change.atime !== undefined || change.mtime !== undefined) {
    fs.utimensat(at, place.name, change.atime ?? utimeOmit, change.mtime ?? utimeOmit);
  }
}
