/**
 * The two inode flags that keep an object from changing, append-only and immutable (chattr(1)), in the form that
 * the kernel's overlayfs gives them in an upper: letters in an attribute of an object that has the flags
 * not itself, and so can be worked on. Whoever shows the object adds them to its own.
 * Source: fs/overlayfs/util.c, `ovl_check_protattr` and `ovl_set_protattr`.
 */
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import { FS_APPEND_FL, FS_IMMUTABLE_FL, STATX_ATTR_APPEND, STATX_ATTR_IMMUTABLE } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import { findOwnXattr, trySetOwnXattr } from './own-xattr.ts';
import type { OverlayNames } from './xattr-names.ts';

/** The flags, as FS_IOC_GETFLAGS tells them. */
export const protection = FS_APPEND_FL | FS_IMMUTABLE_FL;

/** The flags that an object itself has, from what statx told of it. */
export function protectionOf(stat: Float64Array): number {
  const attributes = stat[st.attributes] ?? 0;
  return (
    ((attributes & STATX_ATTR_APPEND) === 0 ? 0 : FS_APPEND_FL) |
    ((attributes & STATX_ATTR_IMMUTABLE) === 0 ? 0 : FS_IMMUTABLE_FL)
  );
}

/** The flags in the attribute; 0 where there is none. What comes after an unknown letter says nothing. */
export function readProtattr(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): number {
  const value = findOwnXattr(fs, dir, name, names.protattr, names);
  const letters = /^[ai]*/.exec(value?.toString('latin1') ?? '')?.[0] ?? '';
  return (letters.includes('a') ? FS_APPEND_FL : 0) | (letters.includes('i') ? FS_IMMUTABLE_FL : 0);
}

/** False where the object cannot carry it. */
export function setProtattr(fs: HostFs, dir: Fd, name: Name, flags: number, names: OverlayNames): boolean {
  const append = (flags & FS_APPEND_FL) === 0 ? '' : 'a';
  const immutable = (flags & FS_IMMUTABLE_FL) === 0 ? '' : 'i';
  return trySetOwnXattr(fs, dir, name, names.protattr, Buffer.from(append + immutable), names);
}

/** False where there was none. EPERM on an object that has one of the flags itself. */
export function removeProtattr(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): boolean {
  return fs.findRemoveXattr(dir, name, names.protattr);
}
