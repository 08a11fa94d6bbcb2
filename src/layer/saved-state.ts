/**
 * What writing to a file or a directory of an upper changes although it should not seem changed: its times
 * and its capabilities. They are kept in an attribute of the object itself for the moment that the writing
 * takes, so that a run after a crash still knows them. The attribute lies below the union's own prefix,
 * where no client of a mount sees it. Whoever mounted the upper between the crash and that run may have
 * changed the object for good: what does not look like our own doing is left as it is.
 */
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { S_IFDIR, S_IFMT, XATTR_CREATE } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import { findOwnXattr } from './own-xattr.ts';
import type { OverlayNames } from './xattr-names.ts';

/** File capabilities (capabilities(7)), which every write takes away. */
export const capabilityName = asName('security.capability');

/** Saved as doubles, after the time of saving in seconds; what follows them is the capability. */
const fields = [st.atimeSec, st.atimeNsec, st.mtimeSec, st.mtimeNsec, st.mode, st.uid, st.gid] as const;
const headerLength = 8 * (fields.length + 1);

/** The clock of file times is a coarse one. */
const clockSlackS = 1;
/** Longer than one change in a directory takes. */
const directoryWindowS = 60;

/** The name of the attribute. */
export function savedStateName(names: OverlayNames): Name {
  return asName(`${names.prefix}settle`);
}

/**
 * Saves the state of (dir, name), a regular file or a directory. One that a crash has left is put back first:
 * what is changed from here on would look too late to be of that run.
 */
export function saveState(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): void {
  restoreState(fs, dir, name, names);
  const held = fs.findXattr(dir, name, capabilityName) ?? Buffer.alloc(0);
  fs.statx(dir, name);
  const header = Buffer.alloc(headerLength);
  header.writeDoubleLE(Date.now() / 1000, 0);
  for (const [i, field] of fields.entries()) header.writeDoubleLE(fs.stat[field] ?? 0, 8 * (i + 1));
  fs.setXattr(dir, name, savedStateName(names), Buffer.concat([header, held]), XATTR_CREATE);
}

/** Puts the state back and forgets it. Nothing happens where none was saved. */
export function restoreState(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): void {
  const attribute = savedStateName(names);
  const saved = findOwnXattr(fs, dir, name, attribute, names);
  if (saved === undefined) return;
  if (saved.length >= headerLength) {
    restoreCapability(fs, dir, name, saved);
    restoreTimes(fs, dir, name, saved);
  }
  forgetState(fs, dir, name, names);
}

/** Leaves the object as it is now. Nothing happens where no state was saved. */
export function forgetState(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): void {
  fs.findRemoveXattr(dir, name, savedStateName(names));
}

/** A change of owner or mode since then was meant to drop it. */
function restoreCapability(fs: HostFs, dir: Fd, name: Name, saved: Buffer): void {
  if (saved.length === headerLength || fs.findXattr(dir, name, capabilityName) !== undefined) return;
  fs.statx(dir, name);
  const same = [st.mode, st.uid, st.gid].every((field) => fs.stat[field] === savedField(saved, field));
  if (same) fs.setXattr(dir, name, capabilityName, saved.subarray(headerLength), 0);
}

function restoreTimes(fs: HostFs, dir: Fd, name: Name, saved: Buffer): void {
  fs.statx(dir, name);
  const { stat } = fs;
  const since = (stat[st.mtimeSec] ?? 0) + (stat[st.mtimeNsec] ?? 0) / 1e9 - saved.readDoubleLE(0);
  const isDirectory = ((stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR;
  if (since < -clockSlackS || (isDirectory && since > directoryWindowS)) return;
  fs.utimensat(
    dir,
    name,
    { sec: savedField(saved, st.atimeSec), nsec: savedField(saved, st.atimeNsec) },
    { sec: savedField(saved, st.mtimeSec), nsec: savedField(saved, st.mtimeNsec) },
  );
}

function savedField(saved: Buffer, field: (typeof fields)[number]): number {
  return saved.readDoubleLE(8 * (fields.indexOf(field) + 1));
}
