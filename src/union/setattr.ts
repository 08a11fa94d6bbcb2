/**
 * chmod, chown, truncate, utimensat: on the upper object, after as little of it was copied up as will do.
 */
import { asName } from '../base/name.ts';
import { utimeOmit } from '../base/time-spec.ts';
import { S_ISGID, S_ISUID, S_IXGRP } from '../os/constants.ts';
import { st } from '../os/host-fs.ts';
import { isInGroup } from '../os/groups.ts';
import type { Caller, Later, SetAttr } from '../vfs/file-system.ts';
import type { UnionCore } from './core.ts';
import { copyUp, dropMetacopy, type Needed } from './copy-up.ts';
import type { Node } from './node.ts';
import { readCapability } from './xattrs.ts';

const capabilityName = asName('security.capability');

/** Waits while the file is being copied up. */
export function setattr(core: UnionCore, caller: Caller, node: Node, change: SetAttr): Later<void> {
  core.writable();
  const later = (first: Promise<void>): Promise<void> => {
    const asked = { ...caller };
    return first.then(() => setattr(core, asked, node, change));
  };
  if (node.busy !== undefined) return later(node.busy);
  const copying = copyUp(core, node, neededFor(change), caller.unique);
  if (copying !== undefined) return later(copying);
  apply(core, caller, node, change);
}

/**
 * Drops setuid and file capabilities of an upper file, and setgid where the group may execute, or where
 * `caller` is not in the group (fs/attr.c, setattr_should_drop_sgid).
 */
export function killPrivileges(core: UnionCore, node: Node, caller: Caller): void {
  const { upper } = node;
  if (upper === undefined || !node.isRegular) return;
  const at = core.at(upper);
  core.fs.statx(at, upper.name);
  const mode = core.fs.stat[st.mode] ?? 0;
  let kept = mode & ~S_ISUID;
  const gid = core.fs.stat[st.gid] ?? 0;
  if ((mode & S_ISGID) !== 0 && ((mode & S_IXGRP) !== 0 || !keepsSetgid(caller, gid))) kept &= ~S_ISGID;
  if (readCapability(core, node) !== undefined) core.fs.findRemoveXattr(at, upper.name, capabilityName);
  if (kept !== mode) core.fs.fchmodat(at, upper.name, kept & 0o7777);
}

/** CAP_FSETID is root's; otherwise it takes being in the group. */
function keepsSetgid(caller: Caller, gid: number): boolean {
  return caller.uid === 0 || isInGroup(caller, gid);
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

function apply(core: UnionCore, caller: Caller, node: Node, change: SetAttr): void {
  const { fs } = core;
  const { place } = node;
  if (change.size === 0) truncateToNothing(core, node);
  else if (change.size !== undefined) fs.ftruncate(core.data.forWriting(node), change.size);
  const at = core.at(place);
  if (change.uid !== undefined || change.gid !== undefined) {
    fs.fchownat(at, place.name, change.uid ?? -1, change.gid ?? -1);
  }
  if (change.killPriv) killPrivileges(core, node, caller);
  if (change.mode !== undefined) fs.fchmodat(at, place.name, change.mode & 0o7777);
  if (change.atime !== undefined || change.mtime !== undefined) {
    fs.utimensat(at, place.name, change.atime ?? utimeOmit, change.mtime ?? utimeOmit);
  }
}
