/**
 * The opaque mark of a directory: whether what lies below it in further layers shows through. One
 * attribute says two things (fs/overlayfs/util.c, `ovl_get_opaquedir_val`): `y` hides everything
 * below; `x` hides nothing, and says that empty regular files in it may be whiteouts. Any other
 * value, and any longer one, is no mark.
 */
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import type { HostFs } from '../os/host-fs.ts';
import { fuseOverlayfsOpaque } from './fuse-overlayfs.ts';
import { findOwnXattr } from './own-xattr.ts';
import type { OverlayNames } from './xattr-names.ts';

/** `xattrs`: merged, but it may hold whiteouts in the form of files with an attribute (whiteout.ts). */
export type Opacity = 'none' | 'opaque' | 'xattrs';

const yes = Buffer.from('y');
const xattrs = Buffer.from('x');

/**
 * The mark of a directory. Two attributes are asked for when it has none of ours: `overlayMarks`
 * first spares both where neither `opaque` nor `foreign` is set. Meaningless on a non-directory.
 */
export function readOpaque(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): Opacity {
  const own = findOwnXattr(fs, dir, name, names.opaque, names);
  if (own?.length === 1) {
    if (own[0] === 0x79) return 'opaque';
    if (own[0] === 0x78) return 'xattrs';
  }
  const foreign = findOwnXattr(fs, dir, name, fuseOverlayfsOpaque, names);
  return foreign?.length === 1 && foreign[0] === 0x79 ? 'opaque' : 'none';
}

/** Says in our own words what only a mark of fuse-overlayfs has said, if there is one. */
export function adoptOpaque(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): void {
  if (findOwnXattr(fs, dir, name, fuseOverlayfsOpaque, names) === undefined) return;
  if (readOpaque(fs, dir, name, names) === 'opaque') setOpaque(fs, dir, name, names);
  fs.removeXattr(dir, name, fuseOverlayfsOpaque);
}

/** Makes a directory opaque. EOPNOTSUPP where its file system has no such attributes. */
export function setOpaque(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): void {
  fs.setXattr(dir, name, names.opaque, yes, 0);
}

/** Once a directory holds no whiteouts in the form of files. */
export function expectNoXattrWhiteouts(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): void {
  if (readOpaque(fs, dir, name, names) === 'xattrs') fs.findRemoveXattr(dir, name, names.opaque);
}

/**
 * Says of a directory that it may hold whiteouts in the form of files. False for an opaque one: there is nothing that
 * a whiteout in it could hide.
 */
export function expectXattrWhiteouts(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): boolean {
  const opacity = readOpaque(fs, dir, name, names);
  if (opacity === 'none') fs.setXattr(dir, name, names.opaque, xattrs, 0);
  return opacity !== 'opaque';
}
