/**
 * Keeps fuse-overlayfs from an upper that it would misread. Where metadata was copied without data it shows zeroes,
 * a renamed directory it shows without its lower content, and where the upper's root has an origin, as every upper with an
 * index has, nothing of the lower layers at all; and it says nothing. An opaque mark that is too long for the 16 bytes
 * into which it reads one is an error to it (main.c, is_directory_opaque), so that it does not mount. The kernel's overlayfs
 * and we take a mark of any other length than one for none, on the root of an upper as anywhere.
 */
import type { Fd } from '../base/ids.ts';
import { asName } from '../base/name.ts';
import type { HostFs } from '../os/host-fs.ts';
import { findOwnXattr } from './own-xattr.ts';
import type { OverlayNames } from './xattr-names.ts';

const self = asName('');
const mark = Buffer.from('run stratafs --settle first');

/** Marks the upper's root `upper`. */
export function setForeignGuard(fs: HostFs, upper: Fd, names: OverlayNames): void {
  if (!isGuarded(fs, upper, names)) fs.setXattr(upper, self, names.opaque, mark, 0);
}

/** Once the upper is plain. Nothing happens where there is no mark, or one that says something else. */
export function removeForeignGuard(fs: HostFs, upper: Fd, names: OverlayNames): void {
  if (isGuarded(fs, upper, names)) fs.removeXattr(upper, self, names.opaque);
}

function isGuarded(fs: HostFs, upper: Fd, names: OverlayNames): boolean {
  return findOwnXattr(fs, upper, self, names.opaque, names)?.equals(mark) === true;
}
