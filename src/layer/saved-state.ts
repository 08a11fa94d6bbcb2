/**
 * What writing to a file or a directory of an upper would change although nobody changed it: its times,
 * its mode and its capabilities. They are kept in an attribute of the object itself until the work on it
 * is done, so that work which was cut off by a crash still knows them. The attribute lies below the
 * union's own prefix, where no client of a mount sees it.
 */
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { XATTR_CREATE } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import { findOwnXattr } from './own-xattr.ts';
import type { OverlayNames } from './xattr-names.ts';

const capability = asName('security.capability');

/** atime and mtime, seconds and nanoseconds as doubles, then the mode; what follows is the capability. */
const headerLength = 40;

/** The name of the attribute. */
export function savedStateName(names: OverlayNames): Name {
  return asName(`${names.prefix}settle`);
}

/** Saves the state of (dir, name), a regular file or a directory, unless an earlier state is saved already. */
export function saveState(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): void {
  const attribute = savedStateName(names);
  if (findOwnXattr(fs, dir, name, attribute, names) !== undefined) return;
  fs.statx(dir, name);
  const { stat } = fs;
  const header = Buffer.alloc(headerLength);
  for (const [i, field] of [st.atimeSec, st.atimeNsec, st.mtimeSec, st.mtimeNsec, st.mode].entries()) {
    header.writeDoubleLE(stat[field] ?? 0, i * 8);
  }
  const held = fs.findXattr(dir, name, capability);
  fs.setXattr(
    dir,
    name,
    attribute,
    held === undefined ? header : Buffer.concat([header, held]),
    XATTR_CREATE,
  );
}

/** Puts the state back and forgets it. False where none was saved. */
export function restoreState(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): boolean {
  const attribute = savedStateName(names);
  const saved = findOwnXattr(fs, dir, name, attribute, names);
  if (saved === undefined) return false;
  if (saved.length >= headerLength) {
    const [atimeSec = 0, atimeNsec = 0, mtimeSec = 0, mtimeNsec = 0, mode = 0] = [0, 8, 16, 24, 32].map(
      (offset) => saved.readDoubleLE(offset),
    );
    fs.statx(dir, name);
    if (fs.stat[st.mode] !== mode) fs.fchmodat(dir, name, mode & 0o7777);
    if (saved.length > headerLength) fs.setXattr(dir, name, capability, saved.subarray(headerLength), 0);
    fs.utimensat(dir, name, { sec: atimeSec, nsec: atimeNsec }, { sec: mtimeSec, nsec: mtimeNsec });
  }
  fs.findRemoveXattr(dir, name, attribute);
  return true;
}
