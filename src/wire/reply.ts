/**
 * A reply, written in place. `begin` notes whom it answers; each method then writes one whole message
 * and returns its length in bytes, header included. The reply buffer of the channel has one of these, and
 * a late reply makes its own over a fresh buffer. Here, and nowhere else, an errno gets its minus sign.
 *
 * Structs are those of include/uapi/linux/fuse.h, protocol 7.45; all are valid from 7.31 on. Padding
 * is written as zero: the buffer holds the bytes of earlier replies.
 */
import { entryOut, putEntryHead } from './entry-out.ts';
import type { Frame } from './frame.ts';
import type { Ttl } from './ttl.ts';
import { putU64, wordsOf } from './words.ts';

/** Bytes of struct fuse_out_header; the body of a reply begins here. */
export const replyHeaderBytes = 16;

/** Where struct fuse_attr lies in a reply, from the start of its buffer. */
export const entryAttrOffset = replyHeaderBytes + entryOut.attr;
export const attrAttrOffset = replyHeaderBytes + 16;

/**
 * Where struct fuse_statx (256 bytes) lies in the reply to STATX. Its first 144 bytes are those of
 * struct statx of statx(2); the kernel ignores the rest.
 */
export const statxOffset = replyHeaderBytes + 32;

/** Where the data of the reply to IOCTL lies. */
export const ioctlDataOffset = replyHeaderBytes + 16;

/** struct fuse_init_out */
export interface InitReply {
  readonly major: number;
  readonly minor: number;
  readonly maxReadahead: number;
  /** `initFlag`; INIT_EXT makes `flags2` count. */
  readonly flags: number;
  /** `initFlag2` */
  readonly flags2: number;
  readonly maxBackground: number;
  readonly congestionThreshold: number;
  /** Bytes; 4096 at least. */
  readonly maxWrite: number;
  /** Granularity of times, in nanoseconds: 1 to 10^9. */
  readonly timeGran: number;
  /** Pages a request may have; needs MAX_PAGES. */
  readonly maxPages: number;
  /** With PASSTHROUGH: 1 or 2. */
  readonly maxStackDepth: number;
  /** Seconds until the kernel gives a request up; needs REQUEST_TIMEOUT. */
  readonly requestTimeout?: number;
  readonly mapAlignment?: number;
}

/** struct fuse_kstatfs */
export interface StatfsReply {
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
  readonly bsize: number;
  readonly namelen: number;
  readonly frsize: number;
}

/** struct fuse_file_lock */
export interface LockReply {
  readonly start: number;
  /** Inclusive; `Number.MAX_SAFE_INTEGER` or more is "to the end". */
  readonly end: number;
  /** F_RDLCK 0, F_WRLCK 1, F_UNLCK 2. */
  readonly type: number;
  readonly pid: number;
}

const bodyIndex = replyHeaderBytes / 4;

export class Reply {
  readonly buffer: Buffer;
  readonly #words: Uint32Array;

  /** `buffer` must be 8-byte aligned in memory (every Buffer.alloc is), and large enough for what is written. */
  constructor(buffer: Buffer) {
    this.buffer = buffer;
    this.#words = wordsOf(buffer);
  }

  /** Whom the next messages answer. */
  begin(frame: Frame): void {
    this.beginUnique(frame.uniqueLow, frame.uniqueHigh);
  }

  /** The same, for a reply that comes after its frame has gone. */
  beginUnique(low: number, high: number): void {
    this.#words[2] = low;
    this.#words[3] = high;
  }

  /** Refuses. `errno` is positive. */
  error(errno: number): number {
    this.#words[0] = replyHeaderBytes;
    this.#words[1] = -errno;
    return replyHeaderBytes;
  }

  /** Done, and nothing to say. */
  ok(): number {
    return this.#header(0);
  }

  /** Done; the first `bodyLength` bytes after the header are there already (READ, READDIR, xattrs). */
  withBody(bodyLength: number): number {
    return this.#header(bodyLength);
  }

  /** A latin1 string without NUL (READLINK). */
  latin1(value: string): number {
    return this.#header(this.buffer.write(value, replyHeaderBytes, 'latin1'));
  }

  /** struct fuse_entry_out (LOOKUP, MKNOD, MKDIR, SYMLINK, LINK); attributes go to `entryAttrOffset`. */
  entryOut(nodeId: number, generation: number, entryTtl: Ttl, attrTtl: Ttl): number {
    putEntryHead(this.#words, bodyIndex, nodeId, generation, entryTtl, attrTtl);
    return this.#header(entryOut.bytes);
  }

  /** There is no such name, and the kernel may remember it. */
  negativeEntryOut(entryTtl: Ttl): number {
    this.#words.fill(0, bodyIndex, bodyIndex + entryOut.bytes / 4);
    putU64(this.#words, bodyIndex + 4, entryTtl.sec);
    this.#words[bodyIndex + 8] = entryTtl.nsec;
    return this.#header(entryOut.bytes);
  }

  /** struct fuse_attr_out (GETATTR, SETATTR); attributes go to `attrAttrOffset`. */
  attrOut(attrTtl: Ttl): number {
    putU64(this.#words, bodyIndex, attrTtl.sec);
    this.#words[bodyIndex + 2] = attrTtl.nsec;
    this.#words[bodyIndex + 3] = 0;
    return this.#header(104);
  }

  /** struct fuse_statx_out (STATX); struct fuse_statx goes to `statxOffset`. */
  statxOut(attrTtl: Ttl): number {
    putU64(this.#words, bodyIndex, attrTtl.sec);
    this.#words[bodyIndex + 2] = attrTtl.nsec;
    this.#words.fill(0, bodyIndex + 3, bodyIndex + 8);
    return this.#header(288);
  }

  /** struct fuse_open_out (OPEN, OPENDIR). `backingId` counts with FOPEN_PASSTHROUGH, else 0. */
  openOut(fh: number, openFlags: number, backingId = 0): number {
    this.#putOpen(bodyIndex, fh, openFlags, backingId);
    return this.#header(16);
  }

  /** CREATE and TMPFILE: adds the open file to the entry that `entryOut` has just written. */
  createOut(fh: number, openFlags: number, backingId = 0): number {
    this.#putOpen(bodyIndex + entryOut.bytes / 4, fh, openFlags, backingId);
    return this.#header(entryOut.bytes + 16);
  }

  /** struct fuse_write_out (WRITE, COPY_FILE_RANGE): bytes taken, below 2^32. */
  writeOut(size: number): number {
    return this.#putPair(size, 0);
  }

  /** struct fuse_copy_file_range_out (COPY_FILE_RANGE_64). */
  copyFileRangeOut(bytesCopied: number): number {
    return this.#putLong(bytesCopied);
  }

  /** struct fuse_statfs_out */
  statfsOut(stat: StatfsReply): number {
    const words = this.#words;
    putU64(words, bodyIndex, stat.blocks);
    putU64(words, bodyIndex + 2, stat.bfree);
    putU64(words, bodyIndex + 4, stat.bavail);
    putU64(words, bodyIndex + 6, stat.files);
    putU64(words, bodyIndex + 8, stat.ffree);
    words[bodyIndex + 10] = stat.bsize;
    words[bodyIndex + 11] = stat.namelen;
    words[bodyIndex + 12] = stat.frsize;
    words.fill(0, bodyIndex + 13, bodyIndex + 20);
    return this.#header(80);
  }

  /** struct fuse_getxattr_out: the size, for GETXATTR and LISTXATTR that asked with size 0. */
  getxattrOut(size: number): number {
    return this.#putPair(size, 0);
  }

  /** struct fuse_lseek_out */
  lseekOut(offset: number): number {
    return this.#putLong(offset);
  }

  /** struct fuse_ioctl_out; `dataLength` bytes are at `ioctlDataOffset`. `result` is what ioctl(2) returns. */
  ioctlOut(result: number, dataLength = 0): number {
    this.#words[bodyIndex] = result;
    this.#words.fill(0, bodyIndex + 1, bodyIndex + 4);
    return this.#header(16 + dataLength);
  }

  /** struct fuse_poll_out */
  pollOut(revents: number): number {
    return this.#putPair(revents, 0);
  }

  /** struct fuse_bmap_out */
  bmapOut(block: number): number {
    return this.#putLong(block);
  }

  /** struct fuse_lk_out (GETLK). */
  lkOut(lock: LockReply): number {
    const words = this.#words;
    putU64(words, bodyIndex, lock.start);
    if (lock.end < Number.MAX_SAFE_INTEGER) {
      putU64(words, bodyIndex + 2, lock.end);
    } else {
      // OFFSET_MAX: the kernel answers EIO to anything above.
      words[bodyIndex + 2] = 0xffffffff;
      words[bodyIndex + 3] = 0x7fffffff;
    }
    words[bodyIndex + 4] = lock.type;
    words[bodyIndex + 5] = lock.pid;
    return this.#header(24);
  }

  /** struct fuse_init_out, the 64 bytes that it has since 7.23. */
  initOut(init: InitReply): number {
    const words = this.#words;
    words[bodyIndex] = init.major;
    words[bodyIndex + 1] = init.minor;
    words[bodyIndex + 2] = init.maxReadahead;
    words[bodyIndex + 3] = init.flags;
    words[bodyIndex + 4] = halves(init.maxBackground, init.congestionThreshold);
    words[bodyIndex + 5] = init.maxWrite;
    words[bodyIndex + 6] = init.timeGran;
    words[bodyIndex + 7] = halves(init.maxPages, init.mapAlignment ?? 0);
    words[bodyIndex + 8] = init.flags2;
    words[bodyIndex + 9] = init.maxStackDepth;
    words[bodyIndex + 10] = halves(init.requestTimeout ?? 0, 0);
    words.fill(0, bodyIndex + 11, bodyIndex + 16);
    return this.#header(64);
  }

  #header(bodyLength: number): number {
    this.#words[0] = replyHeaderBytes + bodyLength;
    this.#words[1] = 0;
    return replyHeaderBytes + bodyLength;
  }

  #putOpen(index: number, fh: number, openFlags: number, backingId: number): void {
    putU64(this.#words, index, fh);
    this.#words[index + 2] = openFlags;
    this.#words[index + 3] = backingId;
  }

  #putPair(first: number, second: number): number {
    this.#words[bodyIndex] = first;
    this.#words[bodyIndex + 1] = second;
    return this.#header(8);
  }

  #putLong(value: number): number {
    putU64(this.#words, bodyIndex, value);
    return this.#header(8);
  }
}

function halves(low: number, high: number): number {
  return (low & 0xffff) | (high << 16);
}
