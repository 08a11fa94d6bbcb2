/**
 * Where a copied-up object came from: the file handle of the lower inode with the identity of its file
 * system, as `struct ovl_fb` in fs/overlayfs/overlayfs.h: version 0, magic fb, length of the whole,
 * flags, handle type, 16 bytes of uuid, the handle. Through it inode numbers stay the same over a
 * copy-up and hard links find each other. An empty value says "copied up, from we do not know
 * where". A value only ever names an inode to compare with, or to open below a lower layer; it is never trusted
 * to be one.
 */
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { NAME_MAX } from '../os/constants.ts';
import type { FileHandle, HostFs } from '../os/host-fs.ts';
import { findOwnXattr, trySetOwnXattr } from './own-xattr.ts';
import type { OverlayNames } from './xattr-names.ts';

export interface Origin {
  readonly handle: FileHandle;
  /** 16 bytes, as FS_IOC_GETFSUUID answers; all zero where there is none. */
  readonly uuid: Buffer;
  /** The handle is one of the upper file system (only in `overlay.upper`). */
  readonly upper: boolean;
}

const version = 0;
const magic = 0xfb;
const headerLength = 21;
const uuidOffset = 5;
const uuidLength = 16;
/** The length of the whole is one byte. */
const maxHandleLength = 255 - headerLength;

const flagBigEndian = 1;
const flagAnyEndian = 2;
const flagPathUpper = 4;
const flagsKnown = flagBigEndian | flagAnyEndian | flagPathUpper;

const empty = Buffer.alloc(0);

/**
 * The bytes of an origin: those that the kernel's overlayfs writes for the same inode. `uuid` of
 * another length than 16 counts as all zero. `upper` for `overlay.upper`. undefined where the handle
 * is too long to be stored.
 */
export function encodeOrigin(handle: FileHandle, uuid: Buffer, upper = false): Buffer | undefined {
  // The kernel keeps a handle 32-bit aligned: whole words.
  const length = (handle.bytes.length + 3) & ~3;
  if (length > maxHandleLength || handle.type > 0xfe || handle.type < 0) return undefined;
  const value = Buffer.alloc(headerLength + length);
  value[0] = version;
  value[1] = magic;
  value[2] = value.length;
  value[3] = upper ? flagPathUpper : 0;
  value[4] = handle.type;
  if (uuid.length === uuidLength) uuid.copy(value, uuidOffset);
  handle.bytes.copy(value, headerLength);
  return value;
}

/**
 * What stored bytes say: `empty` for "copied up, origin unknown"; undefined for what cannot be
 * understood or was written by a machine of the other byte order. The parts share the memory of `value`.
 */
export function decodeOrigin(value: Buffer): Origin | 'empty' | undefined {
  if (value.length === 0) return 'empty';
  const length = value[2] ?? 0;
  if (value.length < headerLength || length < headerLength || length > value.length) return undefined;
  if (value[1] !== magic) return undefined;
  const flags = value[3] ?? 0;
  if ((value[0] ?? 0) > version || (flags & ~flagsKnown) !== 0) return 'empty';
  // Both machines that run this are little-endian.
  if ((flags & flagAnyEndian) === 0 && (flags & flagBigEndian) !== 0) return 'empty';
  return {
    handle: { type: value[4] ?? 0, bytes: value.subarray(headerLength, length) },
    uuid: value.subarray(uuidOffset, uuidOffset + uuidLength),
    upper: (flags & flagPathUpper) !== 0,
  };
}

/** The bytes of an object's origin as they are stored, for comparing and for `findIndexName`. */
export function findOriginBytes(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): Buffer | undefined {
  return findOwnXattr(fs, dir, name, names.origin, names);
}

/** Writes an origin, or with undefined the empty one; false where the object cannot carry it. */
export function setOrigin(
  fs: HostFs,
  dir: Fd,
  name: Name,
  origin: Buffer | undefined,
  names: OverlayNames,
): boolean {
  return trySetOwnXattr(fs, dir, name, names.origin, origin ?? empty, names);
}

/**
 * The bytes of the origin that (dir, name) would have if it were copied up; undefined where its file
 * system gives no handles, or none that fit. `uuid` is `fs.fsUuid` of that file system.
 */
export function findOriginOf(fs: HostFs, dir: Fd, name: Name, uuid: Buffer): Buffer | undefined {
  const handle = fs.findHandle(dir, name);
  return handle === undefined ? undefined : encodeOrigin(handle, uuid);
}

/**
 * The name of the entry in the index for an origin: its bytes in hexadecimal. undefined where that is too long for a
 * name: the object of such a handle cannot be in the index.
 */
export function findIndexName(origin: Buffer): Name | undefined {
  return origin.length * 2 > NAME_MAX ? undefined : asName(origin.toString('hex'));
}

/** The origin that a name in the index stands for; undefined for a name that is none. */
export function originOfIndexName(name: Name): Buffer | undefined {
  if (name.length < headerLength * 2 || name.length % 2 !== 0 || !/^[0-9a-f]+$/.test(name)) return undefined;
  const origin = Buffer.from(name, 'hex');
  return origin[1] === magic && origin[2] === origin.length ? origin : undefined;
}
