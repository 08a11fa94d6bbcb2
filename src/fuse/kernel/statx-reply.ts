/**
 * struct fuse_statx (include/uapi/linux/fuse.h, 7.39): attributes with the time of birth, for statx(2).
 */
import { STATX_BTIME } from '../../os/constants.ts';
import type { Attr } from '../../vfs/attr.ts';
import type { Statx } from '../../vfs/file-system.ts';

/** STATX_BASIC_STATS */
const basicStats = 0x7ff;

const at = {
  mask: 0,
  blksize: 4,
  nlink: 16,
  uid: 20,
  gid: 24,
  mode: 28,
  ino: 32,
  size: 40,
  blocks: 48,
  atime: 64,
  btime: 80,
  ctime: 96,
  mtime: 112,
  rdevMajor: 128,
  rdevMinor: 132,
  bytes: 256,
} as const;

/** Writes 256 bytes at `offset`. */
export function putStatx(buffer: Buffer, offset: number, attr: Attr, extra: Statx): void {
  buffer.fill(0, offset, offset + at.bytes);
  const u32 = (field: number, value: number): void => {
    buffer.writeUInt32LE(value >>> 0, offset + field);
  };
  const u64 = (field: number, value: bigint): void => {
    buffer.writeBigUInt64LE(BigInt.asUintN(64, value), offset + field);
  };
  const time = (field: number, sec: bigint, nsec: number): void => {
    u64(field, sec);
    u32(field + 8, nsec);
  };
  u32(at.mask, basicStats | (extra.hasBtime ? STATX_BTIME : 0));
  u32(at.blksize, 4096);
  u32(at.nlink, attr.nlink);
  u32(at.uid, attr.uid);
  u32(at.gid, attr.gid);
  buffer.writeUInt16LE(attr.mode & 0xffff, offset + at.mode);
  u64(at.ino, attr.ino);
  u64(at.size, BigInt(attr.size));
  u64(at.blocks, BigInt(attr.blocks));
  time(at.atime, attr.atime.sec, attr.atime.nsec);
  time(at.mtime, attr.mtime.sec, attr.mtime.nsec);
  time(at.ctime, attr.ctime.sec, attr.ctime.nsec);
  if (extra.hasBtime) time(at.btime, BigInt(extra.btimeSec), extra.btimeNsec);
  // struct fuse_attr has the device number in the kernel's 32-bit encoding.
  u32(at.rdevMajor, (attr.rdev >>> 8) & 0xfff);
  u32(at.rdevMinor, (attr.rdev & 0xff) | ((attr.rdev >>> 12) & 0xfff00));
}
