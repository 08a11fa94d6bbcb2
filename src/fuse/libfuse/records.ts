/**
 * The memory that fuse-native 2.2.6 shares with JavaScript, as fuse-native.c lays it out: `populate_stat`,
 * `populate_statvfs`, and the times in `fuse_thread_locals_t`. Pure, no I/O.
 */
import { fsError } from '../../base/fs-error.ts';
import type { TimeSpec } from '../../base/time-spec.ts';
import type { Attr } from '../../vfs/attr.ts';
import type { InodeNumbers } from './inode-numbers.ts';

const two32 = 0x1_0000_0000;
/** Numbers of 32 bits in what `populate_stat` reads. */
export const statWords = 18;
/** And in what `populate_statvfs` reads. */
export const statvfsWords = 11;
/** Where `atime` and `mtime` lie in `fuse_thread_locals_t`, on machines with pointers of 64 bits. */
const atimeAt = 104;
const mtimeAt = 112;

const fileTypes = 0o170000;

export function putAttr(words: Uint32Array, attr: Attr, numbers: InodeNumbers): void {
  words[0] = attr.mode;
  words[1] = attr.uid;
  words[2] = attr.gid;
  putLong(words, 3, attr.size);
  words[5] = 0;
  words[6] = attr.nlink;
  words[7] = numbers.of(attr.inoLow, attr.inoHigh);
  words[8] = attr.rdev;
  words[9] = 4096;
  putLong(words, 10, attr.blocks);
  putTime(words, 12, attr.atime);
  putTime(words, 14, attr.mtime);
  putTime(words, 16, attr.ctime);
}

/** What a directory entry tells: its inode number and DT_*. */
export function putEntry(words: Uint32Array, ino: number, type: number): void {
  words[0] = (type << 12) & fileTypes;
  words[7] = ino;
}

function putLong(words: Uint32Array, at: number, value: number): void {
  words[at] = value % two32;
  words[at + 1] = Math.floor(value / two32);
}

/** Milliseconds since 1970. What was before that is 1970: the number has no sign. */
function putTime(words: Uint32Array, at: number, { sec, nsec }: { sec: bigint; nsec: number }): void {
  putLong(words, at, sec < 0n ? 0 : Number(sec) * 1000 + Math.floor(nsec / 1e6));
}

/** `block`: struct fuse_kstatfs. Blocks are counted in larger units where 32 bits do not hold their number. */
export function statvfsOf(block: Buffer): Uint32Array {
  const long = (at: number): number => Number(block.readBigUInt64LE(at));
  const [blocks, free, available] = [long(0), long(8), long(16)];
  let unit = 1;
  while (blocks / unit >= two32) unit *= 2;
  const few = (count: number): number => Math.min(count, two32 - 1);
  const words = new Uint32Array(statvfsWords);
  words[0] = block.readUInt32LE(40) * unit;
  words[1] = block.readUInt32LE(48) * unit;
  words[2] = Math.floor(blocks / unit);
  words[3] = Math.floor(free / unit);
  words[4] = Math.floor(available / unit);
  words[5] = few(long(24));
  words[6] = few(long(32));
  words[7] = words[6];
  words[10] = block.readUInt32LE(44);
  return words;
}

/**
 * Both times of a utimens. fuse-native hands over the access time twice: the other one is read from its record of
 * the request. EOPNOTSUPP where that is not laid out as here, which the access time tells.
 */
export function timesOf(
  record: Buffer,
  atimeLow: number,
  atimeHigh: number,
): { atime: TimeSpec; mtime: TimeSpec } {
  const told = (BigInt(atimeHigh) << 32n) | BigInt(atimeLow);
  if (record.length < mtimeAt + 8 || record.readBigUInt64LE(atimeAt) !== told) throw fsError('EOPNOTSUPP');
  return {
    atime: timeOf(record.readBigInt64LE(atimeAt)),
    mtime: timeOf(record.readBigInt64LE(mtimeAt)),
  };
}

function timeOf(ms: bigint): TimeSpec {
  const whole = Number(ms);
  const sec = Math.floor(whole / 1000);
  return { sec, nsec: (whole - sec * 1000) * 1_000_000 };
}
