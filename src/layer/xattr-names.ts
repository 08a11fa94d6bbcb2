/**
 * The names of the extended attributes in which a layer keeps what a plain directory cannot say.
 * They are the kernel's own (fs/overlayfs/overlayfs.h, `ovl_xattr_table`): below `trusted.` when the
 * mount is made with capabilities in the first user namespace, below `user.` with the option
 * `userxattr`. The names are built once for a mount and passed down; nobody else spells them.
 */
import { asName, type Name } from '../base/name.ts';

export interface OverlayNames {
  /** Whether the attributes lie in `user.`: then symbolic links and special files cannot carry any. */
  readonly user: boolean;
  /** `trusted.overlay.` or `user.overlay.` */
  readonly prefix: Name;
  /** `y` on a directory: nothing below shows through; `x`: it may hold xattr whiteouts. */
  readonly opaque: Name;
  /** Where the lower directory, or the data of a metacopy file, lies. */
  readonly redirect: Name;
  /** The data of this file is still below. */
  readonly metacopy: Name;
  /** The file handle of the lower object that this one was copied from. */
  readonly origin: Name;
  /** `y` on a directory: there are copied-up objects in it, so its inode numbers must be looked up. */
  readonly impure: Name;
  /** The link count of a hard-linked object in the union, relative to one of its two inodes. */
  readonly nlink: Name;
  /** On the index directory: the file handle of the upper's root. */
  readonly upper: Name;
  /** On an empty regular file: it is a whiteout. */
  readonly whiteout: Name;
  /** On the upper's root: the identity of the mounted union. */
  readonly uuid: Name;
  /** The inode flags (append only, immutable) that the lower object had. */
  readonly protattr: Name;
}

/** The names for a mount; `userxattr` as in the kernel's option of that name. */
export function overlayNames(userxattr: boolean): OverlayNames {
  const prefix = userxattr ? 'user.overlay.' : 'trusted.overlay.';
  return {
    user: userxattr,
    prefix: asName(prefix),
    opaque: asName(`${prefix}opaque`),
    redirect: asName(`${prefix}redirect`),
    metacopy: asName(`${prefix}metacopy`),
    origin: asName(`${prefix}origin`),
    impure: asName(`${prefix}impure`),
    nlink: asName(`${prefix}nlink`),
    upper: asName(`${prefix}upper`),
    whiteout: asName(`${prefix}whiteout`),
    uuid: asName(`${prefix}uuid`),
    protattr: asName(`${prefix}protattr`),
  };
}
