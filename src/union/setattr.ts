/**
 * chmod, chown, truncate, utimensat: on the upper object, after as little of it was copied up as will do.
 */
import { fsError, isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { utimeNow, utimeOmit } from '../base/time-spec.ts';
import { capabilityName } from '../layer/saved-state.ts';
import { S_ISGID, S_ISUID, S_IXGRP } from '../os/constants.ts';
import { st } from '../os/host-fs.ts';
import { mayActAsOwner, mayKeepSetgid } from '../os/capability.ts';
import { isInGroup, isUser } from '../os/groups.ts';
import type { Caller, Later, SetAttr } from '../vfs/file-system.ts';
import type { UnionCore } from './core.ts';
import { dropMetacopy } from './complete-data.ts';
import { copyUp, type Needed } from './copy-up.ts';
import { keepFacts, putBackFacts } from './kept-facts.ts';
import type { Node } from './node.ts';
import { giveTo } from './ownership.ts';
import { withoutSeal } from './object-flags.ts';
import { refuseChange } from './seals.ts';
import { shrinkApart } from './shrink.ts';
import { readCapability } from './xattrs.ts';

/** Waits while the file is being copied up. EINVAL for an owner that has no id on disk. */
export function setattr(core: UnionCore, caller: Caller, node: Node, change: SetAttr): Later<void> {
  core.writable();
  return setOnDisk(core, caller, node, core.ids === undefined ? change : core.ids.changeOnDisk(change));
}

function setOnDisk(core: UnionCore, caller: Caller, node: Node, change: SetAttr): Later<void> {
  refuseChange(node, change);
  const later = (first: Promise<void>): Promise<void> => {
    const asked = { ...caller };
    return first.then(() => setOnDisk(core, asked, node, change));
  };
  if (node.busy !== undefined) return later(core.interrupts.until(caller.unique, node.busy));
  const copying = copyUp(core, node, neededFor(change), caller.unique);
  if (copying !== undefined) return later(copying);
  const shrinking = change.size === undefined ? undefined : shrinkApart(core, node, change.size);
  if (shrinking !== undefined) return later(shrinking);
  withoutSeal(core, node, () => {
    apply(core, caller, node, change);
  });
}

/** What a write or a chown leaves of the mode of what is no directory. */
interface Privileges {
  readonly mode: number;
  readonly kept: number;
}

/**
 * Setuid goes, and setgid where the group may execute, or where `caller` is not in the group
 * (fs/attr.c, setattr_should_drop_sgid). undefined for what has no privileges to lose.
 */
function findPrivileges(core: UnionCore, node: Node, caller: Caller): Privileges | undefined {
  const { upper } = node;
  if (upper === undefined || node.isDirectory) return undefined;
  core.fs.statx(core.at(upper), upper.name);
  const { stat } = core.fs;
  const mode = stat[st.mode] ?? 0;
  const isMark = (mode & (S_ISGID | S_IXGRP)) === S_ISGID && keepsSetgid(core, caller, stat[st.gid] ?? 0);
  return { mode, kept: mode & ~(isMark ? S_ISUID : S_ISUID | S_ISGID) };
}

/**
 * The same where the kernel says nothing but that it is to be done: it comes of a write, or of a chown(2) to nobody,
 * which it has let pass, and which is only for who may change the mode (fs/attr.c, setattr_prepare). EPERM.
 */
function findUnasked(core: UnionCore, node: Node, caller: Caller): Privileges | undefined {
  const privileges = findPrivileges(core, node, caller);
  if (privileges === undefined || privileges.kept === privileges.mode) return privileges;
  // By root, too: a write with CAP_FSETID would leave the bits, a chown takes them, and both come as the same request.
  if (node.writers > 0) return privileges;
  const owner = core.fs.stat[st.uid] ?? 0;
  const shown = core.ids === undefined ? owner : core.ids.users.ownerShown(owner);
  if (!isUser(caller.pid, shown) && !mayActAsOwner(caller.pid)) throw fsError('EPERM');
  return privileges;
}

/** Takes them, and file capabilities, from the upper file. */
function dropPrivileges(core: UnionCore, node: Node, { mode, kept }: Privileges): void {
  const { place } = node;
  const at = core.at(place);
  if (readCapability(core, node) !== undefined) core.fs.findRemoveXattr(at, place.name, capabilityName);
  core.keptFacts.setCapability(node, undefined);
  if (kept !== mode) core.fs.fchmodat(at, place.name, kept & 0o7777);
}

/** `gid`: on disk. */
function keepsSetgid({ ids }: UnionCore, { pid }: Caller, gid: number): boolean {
  return isInGroup(pid, ids === undefined ? gid : ids.groups.ownerShown(gid)) || mayKeepSetgid(pid);
}

/** Empties an upper file; a metacopy file has its data from then on. */
export function truncateToNothing(core: UnionCore, node: Node): void {
  core.fs.ftruncate(core.data.forWriting(node), 0);
  dropMetacopy(core, node);
}

function resize(core: UnionCore, node: Node, size: number, keepsMtime: boolean): void {
  const fd = core.data.forWriting(node);
  // With its mark a metacopy file loses its descriptors.
  core.data.pin(node);
  try {
    resizeOpened(core, node, fd, size, keepsMtime);
  } finally {
    core.data.unpin(node);
  }
}

function resizeOpened(core: UnionCore, node: Node, fd: Fd, size: number, keepsMtime: boolean): void {
  if (keepsMtime) keepFacts(core, node, fd, true);
  try {
    if (size === 0) truncateToNothing(core, node);
    else core.fs.ftruncate(fd, size);
    core.keptFacts.setCapability(node, undefined);
  } finally {
    if (keepsMtime) putBackFacts(core, node, fd);
  }
}

function neededFor(change: SetAttr): Needed {
  if (change.size === undefined) return 'metadata';
  return change.size === 0 ? 'truncated' : 'data';
}

function apply(core: UnionCore, caller: Caller, node: Node, change: SetAttr): void {
  const { fs } = core;
  const { place } = node;
  if (change.size !== undefined) resize(core, node, change.size, change.keepsMtime === true);
  const at = core.at(place);
  // Decided by the group before.
  const find = change.asksNothing === true ? findUnasked : findPrivileges;
  const privileges = change.killPriv ? find(core, node, caller) : undefined;
  if (change.uid !== undefined || change.gid !== undefined) {
    giveTo(core, at, place.name, change.uid ?? -1, change.gid ?? -1);
  }
  if (privileges !== undefined) dropPrivileges(core, node, privileges);
  if (change.mode !== undefined) fs.fchmodat(at, place.name, change.mode & 0o7777);
  if (change.atime !== undefined || change.mtime !== undefined) setTimes(core, node, change);
}

/**
 * A kernel that keeps written data back turns "now" into a time, and tells the time of a write, whoever wrote:
 * it has permission. A server that is not the owner may set both to now, and its own write has left its time; nor can
 * more than that be said of a file that can only be appended to.
 */
function setTimes(core: UnionCore, node: Node, change: SetAttr): void {
  const { atime, mtime, mtimeIsPresent } = change;
  const { place } = node;
  const at = core.at(place);
  try {
    core.fs.utimensat(at, place.name, atime ?? utimeOmit, mtime ?? utimeOmit);
    if (mtime !== undefined) core.keptFacts.setTime(node, mtime);
  } catch (thrown) {
    if (!isFsError(thrown, 'EPERM')) throw thrown;
    if (node.appends && atime === undefined && change.mtimeMayBeOfWriting === true) return;
    const isPresent = atime === utimeNow && mtimeIsPresent === true;
    if (!isPresent && (!core.unprivileged || mtime === undefined)) throw thrown;
    if (atime !== undefined) core.fs.utimensat(at, place.name, utimeNow, utimeNow);
  }
}
