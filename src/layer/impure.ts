/**
 * The mark of an upper directory that holds copied-up objects: their inode numbers in a listing must
 * be those of their origins, so the listing cannot be passed through. Without the mark a directory
 * is pure, and its entries' numbers are what the file system says. Source: fs/overlayfs/util.c,
 * `ovl_set_impure`.
 */
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import type { HostFs } from '../os/host-fs.ts';
import { findOwnXattr, trySetOwnXattr } from './own-xattr.ts';
import type { OverlayNames } from './xattr-names.ts';

const yes = Buffer.from('y');

/** Whether the directory is marked. */
export function isImpure(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): boolean {
  const value = findOwnXattr(fs, dir, name, names.impure, names);
  return value?.length === 1 && value[0] === 0x79;
}

/** Marks it, before the first copied-up object appears in it; false where it cannot carry the mark. */
export function setImpure(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): boolean {
  return trySetOwnXattr(fs, dir, name, names.impure, yes, names);
}
