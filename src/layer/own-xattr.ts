/**
 * Reading and writing one of the union's own attributes, where two habits of `user.*` would get in
 * the way: reading one needs read permission on the object (EACCES for a server without
 * capabilities), and only regular files and directories can carry one (EPERM). In both cases the
 * object has no such attribute, and cannot get one; the kernel's overlayfs sees it the same way.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import type { HostFs } from '../os/host-fs.ts';
import type { OverlayNames } from './xattr-names.ts';

/** The value, or undefined where the object has none or may not be asked. */
export function findOwnXattr(
  fs: HostFs,
  dir: Fd,
  name: Name,
  attribute: Name,
  names: OverlayNames,
): Buffer | undefined {
  if (!names.user) return fs.findXattr(dir, name, attribute);
  try {
    return fs.findXattr(dir, name, attribute);
  } catch (error) {
    if (isFsError(error, 'EACCES')) return undefined;
    throw error;
  }
}

/**
 * Sets an attribute without which the union still works (origin, impure). False where the object
 * cannot carry it: EOPNOTSUPP, or EPERM for `user.*`. Other errors are thrown.
 */
export function trySetOwnXattr(
  fs: HostFs,
  dir: Fd,
  name: Name,
  attribute: Name,
  value: Uint8Array,
  names: OverlayNames,
): boolean {
  try {
    fs.setXattr(dir, name, attribute, value, 0);
    return true;
  } catch (error) {
    if (isFsError(error, 'EOPNOTSUPP')) return false;
    if (names.user && isFsError(error, 'EPERM')) return false;
    throw error;
  }
}
