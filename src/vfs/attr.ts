/**
 * Attributes of a file as 88 bytes in somebody's buffer. The layout is that of struct fuse_attr
 * (include/uapi/linux/fuse.h), so that `statx` can be answered without a copy; whoever needs a
 * field reads it through this class and never counts bytes.
 */
import type { TimeSpec } from '../base/time-spec.ts';

export const attrSize = 88;

const at = {
  ino: 0,
  size: 8,
  blocks: 16,
  atime: 24,
  mtime: 32,
  ctime: 40,
  atimeNsec: 48,
  mtimeNsec: 52,
  ctimeNsec: 56,
  mode: 60,
  nlink: 64,
  uid: 68,
  gid: 72,
  rdev: 76,
  blksize: 80,
  flags: 84,
} as const;

/** A window on the attributes at `offset` of `buffer`; both may be set anew for each use. */
export class Attr {
  buffer: Buffer;
  offset: number;

  constructor(buffer: Buffer = Buffer.alloc(attrSize), offset = 0) {
    this.buffer = buffer;
    this.offset = offset;
  }

  get mode(): number {
    return this.buffer.readUInt32LE(this.offset + at.mode);
  }
  set mode(mode: number) {
    this.buffer.writeUInt32LE(mode, this.offset + at.mode);
  }
  get ino(): bigint {
    return this.buffer.readBigUInt64LE(this.offset + at.ino);
  }
  get size(): number {
    return this.#number(at.size);
  }
  get blocks(): number {
    return this.#number(at.blocks);
  }
  set blocks(count: number) {
    this.buffer.writeUInt32LE(count % 2 ** 32, this.offset + at.blocks);
    this.buffer.writeUInt32LE(Math.floor(count / 2 ** 32), this.offset + at.blocks + 4);
  }
  get nlink(): number {
    return this.buffer.readUInt32LE(this.offset + at.nlink);
  }
  set nlink(count: number) {
    this.buffer.writeUInt32LE(count, this.offset + at.nlink);
  }
  get uid(): number {
    return this.buffer.readUInt32LE(this.offset + at.uid);
  }
  set uid(id: number) {
    this.buffer.writeUInt32LE(id, this.offset + at.uid);
  }
  get gid(): number {
    return this.buffer.readUInt32LE(this.offset + at.gid);
  }
  set gid(id: number) {
    this.buffer.writeUInt32LE(id, this.offset + at.gid);
  }
  get rdev(): number {
    return this.buffer.readUInt32LE(this.offset + at.rdev);
  }
  get atime(): { sec: bigint; nsec: number } {
    return this.#time(at.atime, at.atimeNsec);
  }
  get mtime(): { sec: bigint; nsec: number } {
    return this.#time(at.mtime, at.mtimeNsec);
  }
  get ctime(): { sec: bigint; nsec: number } {
    return this.#time(at.ctime, at.ctimeNsec);
  }

  /** In the kernel's encoding (new_encode_dev of include/linux/kdev_t.h). */
  setDevice(major: number, minor: number): void {
    const encoded = (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
    this.buffer.writeUInt32LE(encoded >>> 0, this.offset + at.rdev);
  }
  /** The inode number in two halves of 32 bits. */
  setIno(low: number, high: number): void {
    this.buffer.writeUInt32LE(low, this.offset + at.ino);
    this.buffer.writeUInt32LE(high, this.offset + at.ino + 4);
  }
  get inoLow(): number {
    return this.buffer.readUInt32LE(this.offset + at.ino);
  }
  get inoHigh(): number {
    return this.buffer.readUInt32LE(this.offset + at.ino + 4);
  }
  setSize(low: number, high: number): void {
    this.buffer.writeUInt32LE(low, this.offset + at.size);
    this.buffer.writeUInt32LE(high, this.offset + at.size + 4);
  }

  /** Times of access and modification, which are no `utimeNow`. */
  setTimes(atime: TimeSpec, mtime: TimeSpec): void {
    this.buffer.writeBigInt64LE(BigInt(atime.sec), this.offset + at.atime);
    this.buffer.writeUInt32LE(atime.nsec, this.offset + at.atimeNsec);
    this.buffer.writeBigInt64LE(BigInt(mtime.sec), this.offset + at.mtime);
    this.buffer.writeUInt32LE(mtime.nsec, this.offset + at.mtimeNsec);
  }

  /** Takes over what tells of the data: size, blocks, time of modification. */
  takeData(from: Attr): void {
    const copy = (field: number, bytes: number): void => {
      from.buffer.copy(this.buffer, this.offset + field, from.offset + field, from.offset + field + bytes);
    };
    copy(at.size, 8);
    copy(at.blocks, 8);
    copy(at.mtime, 8);
    copy(at.mtimeNsec, 4);
  }

  #number(field: number): number {
    return (
      this.buffer.readUInt32LE(this.offset + field) +
      this.buffer.readUInt32LE(this.offset + field + 4) * 2 ** 32
    );
  }
  #time(seconds: number, nanoseconds: number): { sec: bigint; nsec: number } {
    return {
      sec: this.buffer.readBigInt64LE(this.offset + seconds),
      nsec: this.buffer.readUInt32LE(this.offset + nanoseconds),
    };
  }
}
