/**
 * The system calls that the file system is made of, one method each, as an interface: the real
 * one talks to the kernel through the addon (`real-fs.ts`), a faulty one fails the n-th call for
 * tests. Everything is relative to a directory descriptor and never follows a symbolic link in the
 * last component, unless a flag says so.
 *
 * A method throws `FsError`. One named `find...` returns undefined, or false, where the object, or
 * the attribute, does not exist: absence is a value. Names and paths are bytes in latin1 strings
 * (`base/name.ts`). Wherever a call takes (dir, name), an empty name means the object that `dir`
 * itself refers to (AT_EMPTY_PATH), which may be an O_PATH descriptor.
 */
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import type { TimeSpec } from '../base/time-spec.ts';

/** In bytes, what st_blocks counts in, whatever the file system (inode(7)). */
export const blockBytes = 512;

/** In bytes: less of a file is given back at once, which takes milliseconds. */
export const givenBackAtOnce = 16 << 20;

/**
 * Where `statx` leaves what it found, index by index, overwritten by the next call. Doubles: exact
 * below 2^53; an inode number above that is exact in the attribute block only.
 */
export const st = {
  ino: 0,
  /** makedev(stx_dev_major, stx_dev_minor) as one number: major * 2^20 + minor. */
  dev: 1,
  mode: 2,
  nlink: 3,
  uid: 4,
  gid: 5,
  size: 6,
  blocks: 7,
  /** Like `dev`. */
  rdev: 8,
  atimeSec: 9,
  atimeNsec: 10,
  mtimeSec: 11,
  mtimeNsec: 12,
  ctimeSec: 13,
  ctimeNsec: 14,
  btimeSec: 15,
  btimeNsec: 16,
  mountId: 17,
  blksize: 18,
  /** STATX_ATTR_* */
  attributes: 19,
  /** stx_mask: whether btime was filled in. */
  mask: 20,
} as const;

/** A whole directory but for `.` and `..`, in the order of getdents64; the three arrays have one length. */
export interface RawListing {
  readonly names: Name[];
  /** DT_* of each; 0 where the file system does not tell. */
  readonly types: Uint8Array;
  /** Inode numbers in two halves: the lower one at 2i, the upper one at 2i + 1. */
  readonly inos: Uint32Array;
}

/** As in name_to_handle_at(2). */
export interface FileHandle {
  readonly type: number;
  readonly bytes: Buffer;
}

/**
 * Which of the union's own extended attributes an object carries; one listxattr, no values. Bits.
 */
export const mark = {
  opaque: 1,
  redirect: 2,
  metacopy: 4,
  origin: 8,
  impure: 16,
  nlink: 32,
  whiteout: 64,
  /** There are other extended attributes too (any that is not `<prefix>...`). */
  foreign: 128,
  /** Any other `<prefix>...` attribute (upper, uuid, protattr, escaped ones). */
  other: 256,
} as const;

/** Stops a long job; the job then fails with EINTR. */
export interface Cancel {
  /** Set by `cancel`, kept by the job's side. */
  readonly cancelled: boolean;
  cancel(): void;
  /** One shared word that the addon looks at between chunks: 0, then 1. */
  readonly flag: Int32Array;
}

export interface CopyResult {
  /** Bytes of data moved (holes not counted). */
  readonly copied: number;
  /** Whether the extents are shared now (FICLONE). */
  readonly cloned: boolean;
}

export interface HostFs {
  /** The result of the last `statx`, `findStatx`: see `st`. The same array for ever. */
  readonly stat: Float64Array;

  openat(dir: Fd, path: Name, flags: number, mode: number): Fd;
  /** undefined on ENOENT and ENOTDIR. */
  findOpenat(dir: Fd, path: Name, flags: number): Fd | undefined;
  openat2(dir: Fd, path: Name, flags: number, mode: number, resolve: number): Fd;
  /** Opens anew what `fd` (O_PATH or not) refers to, through /proc/self/fd. */
  reopen(fd: Fd, flags: number): Fd;
  /**
   * The descriptor is gone in any case (close(2)): what a file system says of it by then, EIO or EDQUOT of data
   * that it kept back, is heeded by `closeWritten` alone. EBADF.
   */
  close(fd: Fd): void;
  /** The same after writing what nobody will sync: throws what the file system says of it. */
  closeWritten(fd: Fd): void;
  /**
   * As `close`; on the pool, and nobody waits for it, where it gives back more than `givenBackAtOnce` of a file that has no
   * name left.
   */
  closeApart(fd: Fd): void;

  /**
   * Fills `stat`, and, when `block` is given, writes 88 bytes at `offset` in the layout of
   * `vfs/attr.ts` (struct fuse_attr: include/uapi/linux/fuse.h).
   */
  statx(dir: Fd, name: Name, block?: Buffer, offset?: number): void;
  /** false on ENOENT and ENOTDIR. */
  findStatx(dir: Fd, name: Name, block?: Buffer, offset?: number): boolean;
  /**
   * The same, but never asks who serves what is mounted at `name`: `st.attributes` then has
   * STATX_ATTR_MOUNT_ROOT, and of the rest only the type is sure.
   */
  findStatxApart(dir: Fd, name: Name, block?: Buffer, offset?: number): boolean;
  /** 80 bytes at `offset` in the layout of struct fuse_kstatfs. */
  statfs(fd: Fd, block: Buffer, offset: number): void;
  readlinkat(dir: Fd, name: Name): Name;
  listDirectory(fd: Fd): RawListing;

  mkdirat(dir: Fd, name: Name, mode: number): void;
  /** `rdev` as in `st.rdev`. */
  mknodat(dir: Fd, name: Name, mode: number, rdev: number): void;
  symlinkat(target: Name, dir: Fd, name: Name): void;
  /** An empty `oldName` links what `oldDir` refers to (an O_TMPFILE too). */
  linkat(oldDir: Fd, oldName: Name, newDir: Fd, newName: Name): void;
  unlinkat(dir: Fd, name: Name, flags: number): void;
  /** false on ENOENT. */
  findUnlinkat(dir: Fd, name: Name, flags: number): boolean;
  renameat2(oldDir: Fd, oldName: Name, newDir: Fd, newName: Name, flags: number): void;

  fchmodat(dir: Fd, name: Name, mode: number): void;
  /** -1 leaves an id as it is. */
  fchownat(dir: Fd, name: Name, uid: number, gid: number): void;
  utimensat(dir: Fd, name: Name, atime: TimeSpec, mtime: TimeSpec): void;
  ftruncate(fd: Fd, size: number): void;
  fallocate(fd: Fd, mode: number, offset: number, length: number): void;
  lseek(fd: Fd, offset: number, whence: number): number;

  /** undefined on ENODATA and EOPNOTSUPP. */
  findXattr(dir: Fd, name: Name, attribute: Name): Buffer | undefined;
  /** Names of all, without their NULs; empty where unsupported. */
  listXattrs(dir: Fd, name: Name): Name[];
  /** `flags`: XATTR_CREATE, XATTR_REPLACE. */
  setXattr(dir: Fd, name: Name, attribute: Name, value: Uint8Array, flags: number): void;
  removeXattr(dir: Fd, name: Name, attribute: Name): void;
  /** false on ENODATA and EOPNOTSUPP. */
  findRemoveXattr(dir: Fd, name: Name, attribute: Name): boolean;
  /** Bits of `mark` for attributes that begin with `prefix` (`trusted.overlay.`); 0 where unsupported. */
  overlayMarks(dir: Fd, name: Name, prefix: Name): number;

  /** FS_IOC_GETFLAGS. */
  getFlags(fd: Fd): number;
  /** Of those FS_IMMUTABLE_FL, FS_APPEND_FL, FS_SYNC_FL and FS_NOATIME_FL, of what need not be open; an empty name: of `dir`. */
  getFlagsAt(dir: Fd, name: Name): number;
  /** FS_IOC_SETFLAGS. */
  setFlags(fd: Fd, flags: number): void;
  /** undefined where the file system gives no handles (EOPNOTSUPP, EOVERFLOW). */
  findHandle(dir: Fd, name: Name): FileHandle | undefined;
  /** O_PATH by handle; undefined on ESTALE, EPERM, ENOENT and EOPNOTSUPP. */
  findOpenByHandle(mount: Fd, handle: FileHandle): Fd | undefined;
  /** FS_IOC_GETFSUUID, 16 bytes; all zero where the file system has none. */
  fsUuid(fd: Fd): Buffer;

  /** Synchronous; `nowait` is RWF_NOWAIT: throws EAGAIN where it would block. */
  pread(fd: Fd, buffer: Buffer, offset: number, length: number, position: number, nowait: boolean): number;
  pwrite(fd: Fd, buffer: Buffer, offset: number, length: number, position: number): number;
  /** `write` with O_APPEND semantics is the caller's: the descriptor carries the flag. */
  copyFileRange(from: Fd, fromOffset: number, to: Fd, toOffset: number, length: number): number;

  /**
   * The identity of what is created next on this thread: setfsuid, setfsgid and umask. Capabilities
   * stay as they are. `assumeNone()` goes back to the server's own (umask 0).
   */
  assume(uid: number, gid: number, umask: number): void;
  assumeNone(): void;

  // What may block for long runs on the pool. Descriptors and buffers must stay valid until then.
  preadAsync(fd: Fd, buffer: Buffer, offset: number, length: number, position: number): Promise<number>;
  pwriteAsync(fd: Fd, buffer: Buffer, offset: number, length: number, position: number): Promise<number>;
  fsync(fd: Fd, dataOnly: boolean): Promise<void>;
  syncfs(fd: Fd): Promise<void>;
  ftruncateAsync(fd: Fd, size: number): Promise<void>;
  fallocateAsync(fd: Fd, mode: number, offset: number, length: number): Promise<void>;
  copyFileRangeAsync(from: Fd, fromOffset: number, to: Fd, toOffset: number, length: number): Promise<number>;
  /**
   * Copies `size` bytes of data, from offset 0 to offset 0: FICLONE, else copy_file_range, else read
   * and write; holes stay holes; with `sync` an fsync of `to` follows in the same job. EINTR when cancelled.
   */
  copyData(from: Fd, to: Fd, size: number, options: { sync: boolean; cancel?: Cancel }): Promise<CopyResult>;
  /** The same at once, on this thread, for small files. */
  copyDataSync(from: Fd, to: Fd, size: number): CopyResult;
}
