/**
 * Extended attributes of a node. The union's own, and those of fuse-overlayfs, are hidden; those of an overlay
 * that is mounted on top of us are stored under escaped names; a few virtual ones tell where an object comes from.
 */
import { FsError, fsError, isFsError } from '../base/fs-error.ts';
import type { Name } from '../base/name.ts';
import { aclAccess, aclDefault } from '../layer/acl.ts';
import { fitsWhenStored, toClient, toStored } from '../layer/escape.ts';
import { readProtattr, removeProtattr, setProtattr } from '../layer/protattr.ts';
import { isOfFuseOverlayfs } from '../layer/fuse-overlayfs.ts';
import { capabilityName } from '../layer/saved-state.ts';
import { FS_APPEND_FL, FS_IMMUTABLE_FL, S_ISGID, XATTR_CREATE, XATTR_REPLACE } from '../os/constants.ts';
import { mark, st } from '../os/host-fs.ts';
import { mayAdminister } from '../os/capability.ts';
import type { Caller, Later } from '../vfs/file-system.ts';
import type { UnionCore } from './core.ts';
import { copyUp, type Needed } from './copy-up.ts';
import type { Node } from './node.ts';
import { withDescriptor } from './object-flags.ts';
import { refuseSealed } from './seals.ts';
import { isVirtual, readVirtual } from './virtual-xattrs.ts';

export interface NewAttribute {
  readonly name: Name;
  readonly value: Uint8Array;
  readonly flags: number;
  readonly killSgid: boolean;
}

const xattrNameMax = 255;
/** Others are refused by every file system (xattr(7)). */
const namespaces = ['user.', 'trusted.', 'security.', 'system.'] as const;

/** undefined where the object has none of this name. */
export function getxattr(core: UnionCore, node: Node, name: Name): Buffer | undefined {
  if (isVirtual(name)) return readVirtual(core, node, name);
  refuseAbsent(core, name);
  if (name === capabilityName) return readCapability(core, node);
  if (!namespaces.some((space) => name.startsWith(space))) throw fsError('EOPNOTSUPP');
  if (!fitsWhenStored(name, core.names) || isOfFuseOverlayfs(name)) return undefined;
  const { place } = node;
  const value = core.fs.findXattr(core.at(place), place.name, toStored(name, core.names));
  // Those who know another one of these have it on every object.
  if (value === undefined && name.startsWith('system.') && !isAcl(name)) throw fsError('EOPNOTSUPP');
  return value === undefined || core.ids === undefined ? value : core.ids.valueShown(name, value);
}

/**
 * The kernel asks for it before the first write and at each chown: that there is none is remembered, where nobody else
 * can give it one.
 */
export function readCapability(core: UnionCore, node: Node): Buffer | undefined {
  const held = heldCapability(core, node);
  if (held !== undefined) return held.capability;
  if (node.hasNoCapability && core.features.layersChange !== true) return undefined;
  const { place } = node;
  const value = core.fs.findXattr(core.at(place), place.name, capabilityName);
  node.hasNoCapability = value === undefined;
  return value;
}

/** What the writing of its data has taken from a file for the moment, and what will be put back. */
function heldCapability(
  core: UnionCore,
  node: Node,
): { readonly capability: Buffer | undefined } | undefined {
  return node.held ?? core.keptFacts.find(node);
}

/** `trusted.*` is told only to who may read it (fs/overlayfs/xattrs.c, ovl_can_list). */
export function listxattr(core: UnionCore, caller: Caller, node: Node): readonly Name[] {
  if (core.features.noXattrs === true) throw fsError('EOPNOTSUPP');
  const { place } = node;
  const names: Name[] = [];
  for (const stored of core.fs.listXattrs(core.at(place), place.name)) {
    const name = toClient(stored, core.names);
    if (name === undefined || isOfFuseOverlayfs(name)) continue;
    if (core.features.noAcls !== true || !isAcl(name)) names.push(name);
  }
  if (heldCapability(core, node)?.capability !== undefined && !names.includes(capabilityName))
    names.push(capabilityName);
  if (!names.some(isTrusted) || mayAdminister(caller.pid)) return names;
  return names.filter((name) => !isTrusted(name));
}

/** Whether it has none but the union's own. False where that is not known, and where they are an error. */
export function hasNoXattrs(core: UnionCore, node: Node): boolean {
  const { features, fs, names } = core;
  if (features.noXattrs === true || features.noAcls === true) return false;
  if (heldCapability(core, node) !== undefined) return false;
  const { place } = node;
  try {
    return (fs.overlayMarks(core.at(place), place.name, names.prefix) & (mark.foreign | mark.other)) === 0;
  } catch (thrown) {
    if (thrown instanceof FsError) return false;
    throw thrown;
  }
}

/** EOPNOTSUPP for what the mount has none of (`noacl`, `noxattrs`). */
function refuseAbsent({ features }: UnionCore, name: Name): void {
  if (features.noXattrs === true || (features.noAcls === true && isAcl(name))) throw fsError('EOPNOTSUPP');
}

function isAcl(name: Name): boolean {
  return name === aclAccess || name === aclDefault;
}

function isTrusted(name: Name): boolean {
  return name.startsWith('trusted.');
}

/** Waits while the file is being copied up. EPERM for a virtual one, and for a mark of fuse-overlayfs. EINVAL. */
export function setxattr(core: UnionCore, node: Node, attribute: NewAttribute, unique: number): Later<void> {
  if (isVirtual(attribute.name) || isOfFuseOverlayfs(attribute.name)) throw fsError('EPERM');
  refuseAbsent(core, attribute.name);
  if (!fitsWhenStored(attribute.name, core.names)) throw fsError('EOPNOTSUPP');
  refuseSealed(node);
  const { ids } = core;
  const value = ids === undefined ? attribute.value : ids.valueOnDisk(attribute.name, attribute.value);
  return onUpper(core, node, unique, () => {
    const { place } = node;
    const at = core.at(place);
    if (attribute.name === capabilityName) {
      setCapability(core, node, value, attribute.flags);
      return;
    }
    core.fs.setXattr(at, place.name, toStored(attribute.name, core.names), value, attribute.flags);
    if (!attribute.killSgid || attribute.name !== aclAccess) return;
    core.fs.statx(at, place.name);
    const mode = core.fs.stat[st.mode] ?? 0;
    if ((mode & S_ISGID) !== 0) core.fs.fchmodat(at, place.name, mode & 0o7777 & ~S_ISGID);
  });
}

/** While data is written what there is is not on the disk. EEXIST, ENODATA. */
function setCapability(core: UnionCore, node: Node, value: Uint8Array, flags: number): void {
  const { place } = node;
  const kept = core.keptFacts.find(node);
  if (kept !== undefined && flags === XATTR_CREATE && kept.capability !== undefined) throw fsError('EEXIST');
  if (kept !== undefined && flags === XATTR_REPLACE && kept.capability === undefined)
    throw fsError('ENODATA');
  node.hasNoCapability = false;
  const at = core.at(place);
  core.fs.setXattr(at, place.name, capabilityName, value, kept === undefined ? flags : 0);
  core.keptFacts.setCapability(node, Buffer.from(value));
}

/**
 * ENODATA, but for an access control list (fs/posix_acl.c, set_posix_acl). An object that has no such attribute is not copied
 * up for it.
 */
export function removexattr(core: UnionCore, node: Node, name: Name, unique: number): Later<void> {
  if (isVirtual(name) || isOfFuseOverlayfs(name)) throw fsError('EPERM');
  if (name.length > xattrNameMax) throw fsError('ERANGE');
  refuseSealed(node);
  const stored = toStored(name, core.names);
  if (getxattr(core, node, name) === undefined) {
    if (isAcl(name)) return;
    throw fsError('ENODATA');
  }
  return onUpper(core, node, unique, () => {
    const at = core.at(node.place);
    if (name === capabilityName && core.keptFacts.find(node) !== undefined) {
      core.fs.findRemoveXattr(at, node.place.name, capabilityName);
      core.keptFacts.setCapability(node, undefined);
    } else core.fs.removeXattr(at, node.place.name, stored);
  });
}

/** FS_IOC_GETFLAGS: the flags of the real object, and those that the kernel's overlayfs keeps beside it. */
export function getflags(core: UnionCore, node: Node): number {
  const flags = realFlags(core, node);
  return node.upper === undefined ? flags : flags | keptFlags(core, node);
}

/** Where the server may not open it, as whoever asks has, only those that `getFlagsAt` tells. */
function realFlags(core: UnionCore, node: Node): number {
  try {
    return withDescriptor(core, node, (fd) => core.fs.getFlags(fd));
  } catch (thrown) {
    if (!isFsError(thrown, 'EACCES')) throw thrown;
    return core.fs.getFlagsAt(core.at(node.place), node.place.name);
  }
}

/** They become the real ones, which the layer's file system enforces. */
export function setflags(core: UnionCore, node: Node, flags: number, unique: number): Later<void> {
  const seal = flags & (FS_IMMUTABLE_FL | FS_APPEND_FL);
  const set = (): void => {
    const { place } = node;
    // While it has them itself, its attributes cannot change: those that are kept go first.
    const kept = keptFlags(core, node);
    if (kept !== 0) removeProtattr(core.fs, core.at(place), place.name, core.names);
    try {
      withDescriptor(core, node, (fd) => {
        core.fs.setFlags(fd, flags);
      });
    } catch (thrown) {
      if (kept !== 0) setProtattr(core.fs, core.at(place), place.name, kept, core.names);
      throw thrown;
    }
    node.sealed = seal;
    // What is open may go on writing as before, but not as if it had still to append.
    if (node.opens === 0 || node.appends) core.data.drop(node);
  };
  // Where nothing can be changed any more, no data can follow.
  return onUpper(core, node, unique, set, seal === 0 ? 'metadata' : 'data');
}

function keptFlags(core: UnionCore, { place }: Node): number {
  return readProtattr(core.fs, core.at(place), place.name, core.names);
}

function onUpper(
  core: UnionCore,
  node: Node,
  unique: number,
  act: () => void,
  needed: Needed = 'metadata',
): Later<void> {
  core.writable();
  const again = (): Later<void> => onUpper(core, node, unique, act, needed);
  if (node.busy !== undefined) return core.interrupts.until(unique, node.busy).then(again);
  const copying = copyUp(core, node, needed, unique);
  if (copying !== undefined) return copying.then(again);
  act();
}
