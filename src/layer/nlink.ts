/**
 * The link count of a hard-linked object in the union. Some of its names may lie below and some in
 * the upper, so no inode has it: it is stored as a difference to the count of the upper inode (`U+1`,
 * its entry in the index included) or of the lower one (`L-1`). A writer sets the form that stays
 * true when the step it is about to take happens, and when it does not: relative to the upper before a
 * link or unlink in the upper, relative to the lower before a link that only moves a name up.
 * Source: fs/overlayfs/inode.c, `ovl_set_nlink_common` and `ovl_get_nlink`.
 */
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import type { HostFs } from '../os/host-fs.ts';
import { findOwnXattr } from './own-xattr.ts';
import type { OverlayNames } from './xattr-names.ts';

export interface NlinkDelta {
  readonly relative: 'upper' | 'lower';
  readonly delta: number;
}

const form = /^([UL])([+-]\d{1,10})$/;
const int32Max = 0x7fffffff;

/** undefined where there is none, or none that can be understood. */
export function readNlink(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): NlinkDelta | undefined {
  const value = findOwnXattr(fs, dir, name, names.nlink, names);
  return value === undefined ? undefined : parseNlink(value.toString('latin1'));
}

/** What a stored value means. */
export function parseNlink(value: string): NlinkDelta | undefined {
  const match = form.exec(value);
  if (match === null) return undefined;
  const delta = Number(match[2]);
  if (delta > int32Max || delta < -int32Max - 1) return undefined;
  return { relative: match[1] === 'U' ? 'upper' : 'lower', delta: delta === 0 ? 0 : delta };
}

/** The stored form of a difference: `U+0`. */
export function formatNlink(nlink: NlinkDelta): string {
  const sign = nlink.delta < 0 ? '' : '+';
  return `${nlink.relative === 'upper' ? 'U' : 'L'}${sign}${String(nlink.delta)}`;
}

/**
 * The link count in the union, from those of the two inodes; undefined where the difference makes no
 * sense (the kernel then takes the upper inode's count).
 */
export function unionNlink(lowerNlink: number, upperNlink: number, parsed: NlinkDelta): number | undefined {
  const nlink = (parsed.relative === 'upper' ? upperNlink : lowerNlink) + parsed.delta;
  return nlink > 0 ? nlink : undefined;
}

/** Writes the difference. EOPNOTSUPP where it cannot be stored. */
export function setNlink(fs: HostFs, dir: Fd, name: Name, nlink: NlinkDelta, names: OverlayNames): void {
  fs.setXattr(dir, name, names.nlink, Buffer.from(formatNlink(nlink), 'latin1'), 0);
}

/** Takes it away; false where there was none. */
export function removeNlink(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): boolean {
  return fs.findRemoveXattr(dir, name, names.nlink);
}
