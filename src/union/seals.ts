/**
 * What the flags append-only and immutable forbid, where no file system below does: they are those of an object
 * in a lower layer, or kept in an attribute (layer/protattr.ts). Those that an upper object has itself are known, too,
 * since steps of ours go past them (object-flags.ts). Told from what a lookup has read anyhow, and kept with the
 * node. The rules are the kernel's own (fs/namei.c, may_delete, may_create, vfs_link, may_open; fs/attr.c,
 * may_setattr). chattr(1) has to do with none of them.
 */
import { fsError } from '../base/fs-error.ts';
import { utimeNow } from '../base/time-spec.ts';
import { FS_APPEND_FL, FS_IMMUTABLE_FL, O_APPEND, O_TRUNC } from '../os/constants.ts';
import type { SetAttr } from '../vfs/file-system.ts';
import type { Node } from './node.ts';

/** Before its attributes, or its links, change. */
export function refuseSealed(node: Node): void {
  if (node.sealed !== 0) throw fsError('EPERM');
}

/** Before a new name comes to a directory. */
export function refuseNewName(parent: Node): void {
  if ((parent.sealed & FS_IMMUTABLE_FL) !== 0) throw fsError('EPERM');
}

/** Before `node` loses a name in `parent`. */
export function refuseLoss(parent: Node, node: Node): void {
  if (parent.sealed !== 0 || node.sealed !== 0) throw fsError('EPERM');
}

/** Before an open for writing, or one that truncates. */
export function refuseOpen(node: Node, flags: number): void {
  if (node.sealed === 0) return;
  const appends = (flags & (O_APPEND | O_TRUNC)) === O_APPEND;
  if ((node.sealed & FS_IMMUTABLE_FL) !== 0 || !appends) throw fsError('EPERM');
}

/**
 * What can only be appended to takes the present as its times. What somebody may still write, who had it open before, loses
 * privileges by that, and takes the time of what was written.
 */
export function refuseChange(node: Node, change: SetAttr): void {
  if (node.sealed === 0) return;
  const { mode, uid, gid, size, atime, mtime, killPriv } = change;
  if (mode === undefined && uid === undefined && gid === undefined && size === undefined) {
    const mayBeOfWriting = mtime === undefined ? killPriv : change.mtimeMayBeOfWriting === true;
    if (atime === undefined && mayBeOfWriting && node.writers > 0) return;
    const isPresent = atime === utimeNow && (mtime === utimeNow || change.mtimeIsPresent === true);
    if (node.sealed === FS_APPEND_FL && isPresent) return;
  }
  throw fsError('EPERM');
}
