/**
 * The mark of a file whose metadata was copied up and whose data was not. Its value is empty, or a
 * header of four bytes (version 0, length, flags, digest algorithm) with an fs-verity digest of
 * the data behind it: `struct ovl_metacopy` in fs/overlayfs/overlayfs.h. We write the empty form,
 * which every kernel since 4.19 reads. A malformed value makes the file unusable (EIO), since its data
 * may not be where it seems to be.
 */
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import type { HostFs } from '../os/host-fs.ts';
import { findOwnXattr } from './own-xattr.ts';
import type { OverlayNames } from './xattr-names.ts';

export interface Metacopy {
  readonly invalid: false;
  /** FS_VERITY_HASH_ALG_*: 1 is SHA-256, 2 is SHA-512. */
  readonly algorithm?: number;
  /** What the data's fs-verity digest must be, when a mount verifies it. */
  readonly digest?: Buffer;
}

/** A value that the kernel refuses with EIO. */
export interface InvalidMetacopy {
  readonly invalid: true;
}

const headerLength = 4;
/** The header, and FS_VERITY_MAX_DIGEST_SIZE. */
const maxLength = headerLength + 64;

const plain: Metacopy = { invalid: false };
const invalid: InvalidMetacopy = { invalid: true };
const empty = Buffer.alloc(0);

/** undefined where the file has its own data. Meaningless on anything but a regular file. */
export function readMetacopy(
  fs: HostFs,
  dir: Fd,
  name: Name,
  names: OverlayNames,
): Metacopy | InvalidMetacopy | undefined {
  const value = findOwnXattr(fs, dir, name, names.metacopy, names);
  return value === undefined ? undefined : parseMetacopy(value);
}

/** What a stored value means. The digest shares the memory of `value`. */
export function parseMetacopy(value: Buffer): Metacopy | InvalidMetacopy {
  if (value.length === 0) return plain;
  if (value.length < headerLength || value.length > maxLength) return invalid;
  if (value[0] !== 0 || value[1] !== value.length) return invalid;
  if (value.length === headerLength) return plain;
  return { invalid: false, algorithm: value[3] ?? 0, digest: value.subarray(headerLength) };
}

/** Marks a file as one without data. Before it gets its name in the upper. */
export function setMetacopy(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): void {
  fs.setXattr(dir, name, names.metacopy, empty, 0);
}

/** The last step of a data copy-up, after fsync. False where there was no mark. */
export function removeMetacopy(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): boolean {
  return fs.findRemoveXattr(dir, name, names.metacopy);
}
