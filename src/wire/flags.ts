/**
 * The flag words of the FUSE protocol, 7.45 (include/uapi/linux/fuse.h), as numbers to be combined
 * with `|` and tested with `&`. INIT has 64 flags in two words, `flags` and `flags2`.
 */

/** The protocol that these tables speak. A kernel with a lower minor number gets its own back. */
export const protocol = { major: 7, minor: 45, oldestMinor: 31 } as const;

/** FUSE_*: INIT, the low word, `flags`. */
export const initFlag = {
  ASYNC_READ: 1 << 0,
  POSIX_LOCKS: 1 << 1,
  FILE_OPS: 1 << 2,
  ATOMIC_O_TRUNC: 1 << 3,
  EXPORT_SUPPORT: 1 << 4,
  BIG_WRITES: 1 << 5,
  DONT_MASK: 1 << 6,
  SPLICE_WRITE: 1 << 7,
  SPLICE_MOVE: 1 << 8,
  SPLICE_READ: 1 << 9,
  FLOCK_LOCKS: 1 << 10,
  HAS_IOCTL_DIR: 1 << 11,
  AUTO_INVAL_DATA: 1 << 12,
  DO_READDIRPLUS: 1 << 13,
  READDIRPLUS_AUTO: 1 << 14,
  ASYNC_DIO: 1 << 15,
  WRITEBACK_CACHE: 1 << 16,
  NO_OPEN_SUPPORT: 1 << 17,
  PARALLEL_DIROPS: 1 << 18,
  HANDLE_KILLPRIV: 1 << 19,
  POSIX_ACL: 1 << 20,
  ABORT_ERROR: 1 << 21,
  MAX_PAGES: 1 << 22,
  CACHE_SYMLINKS: 1 << 23,
  NO_OPENDIR_SUPPORT: 1 << 24,
  EXPLICIT_INVAL_DATA: 1 << 25,
  MAP_ALIGNMENT: 1 << 26,
  SUBMOUNTS: 1 << 27,
  HANDLE_KILLPRIV_V2: 1 << 28,
  SETXATTR_EXT: 1 << 29,
  /** `flags2` counts, in both directions. */
  INIT_EXT: 1 << 30,
} as const;

/** FUSE_*: INIT, the high word, `flags2`; needs INIT_EXT. */
export const initFlag2 = {
  SECURITY_CTX: 1 << 0,
  HAS_INODE_DAX: 1 << 1,
  CREATE_SUPP_GROUP: 1 << 2,
  HAS_EXPIRE_ONLY: 1 << 3,
  DIRECT_IO_ALLOW_MMAP: 1 << 4,
  PASSTHROUGH: 1 << 5,
  NO_EXPORT_SUPPORT: 1 << 6,
  HAS_RESEND: 1 << 7,
  ALLOW_IDMAP: 1 << 8,
  OVER_IO_URING: 1 << 9,
  REQUEST_TIMEOUT: 1 << 10,
} as const;

/** FOPEN_*: in the answer to OPEN, OPENDIR, CREATE. */
export const openFlag = {
  DIRECT_IO: 1 << 0,
  KEEP_CACHE: 1 << 1,
  NONSEEKABLE: 1 << 2,
  CACHE_DIR: 1 << 3,
  STREAM: 1 << 4,
  NOFLUSH: 1 << 5,
  PARALLEL_DIRECT_WRITES: 1 << 6,
  /** `backing_id` counts. */
  PASSTHROUGH: 1 << 7,
} as const;

/** FUSE_OPEN_*: in the request OPEN and CREATE. */
export const openInFlag = { OPEN_KILL_SUIDGID: 1 << 0 } as const;

/** FATTR_*: which fields of SETATTR count. */
export const setattrValid = {
  MODE: 1 << 0,
  UID: 1 << 1,
  GID: 1 << 2,
  SIZE: 1 << 3,
  ATIME: 1 << 4,
  MTIME: 1 << 5,
  FH: 1 << 6,
  ATIME_NOW: 1 << 7,
  MTIME_NOW: 1 << 8,
  LOCKOWNER: 1 << 9,
  CTIME: 1 << 10,
  KILL_SUIDGID: 1 << 11,
} as const;

/** FUSE_GETATTR_FH: the handle counts; in GETATTR and STATX. */
export const getattrFlag = { FH: 1 << 0 } as const;

/** FUSE_WRITE_* */
export const writeFlag = {
  /** From the page cache: the handle and the caller are guessed. */
  WRITE_CACHE: 1 << 0,
  WRITE_LOCKOWNER: 1 << 1,
  WRITE_KILL_SUIDGID: 1 << 2,
} as const;

/** FUSE_READ_LOCKOWNER */
export const readFlag = { READ_LOCKOWNER: 1 << 1 } as const;

/** FUSE_RELEASE_* */
export const releaseFlag = { FLUSH: 1 << 0, FLOCK_UNLOCK: 1 << 1 } as const;

/** FUSE_FSYNC_FDATASYNC: data only. */
export const fsyncFlag = { DATASYNC: 1 << 0 } as const;

/** FUSE_LK_FLOCK: flock(2), not fcntl(2). */
export const lkFlag = { FLOCK: 1 << 0 } as const;

/** FUSE_SETXATTR_ACL_KILL_SGID; needs SETXATTR_EXT. */
export const setxattrFlag = { ACL_KILL_SGID: 1 << 0 } as const;

/** FUSE_IOCTL_* */
export const ioctlFlag = {
  COMPAT: 1 << 0,
  UNRESTRICTED: 1 << 1,
  RETRY: 1 << 2,
  IS_32BIT: 1 << 3,
  DIR: 1 << 4,
  COMPAT_X32: 1 << 5,
} as const;

/** FUSE_POLL_SCHEDULE_NOTIFY */
export const pollFlag = { SCHEDULE_NOTIFY: 1 << 0 } as const;

/** FUSE_ATTR_*: the `flags` of struct fuse_attr. */
export const attrFlag = { SUBMOUNT: 1 << 0, DAX: 1 << 1 } as const;

/** FUSE_EXPIRE_ONLY: in NOTIFY_INVAL_ENTRY; needs HAS_EXPIRE_ONLY. */
export const invalEntryFlag = { EXPIRE_ONLY: 1 << 0 } as const;

/** enum fuse_notify_code */
export const notifyCode = {
  POLL: 1,
  INVAL_INODE: 2,
  INVAL_ENTRY: 3,
  STORE: 4,
  RETRIEVE: 5,
  DELETE: 6,
  RESEND: 7,
  INC_EPOCH: 8,
  PRUNE: 9,
} as const;

/** FUSE_INVALID_UIDGID: the caller's uid or gid has no mapping here (ALLOW_IDMAP). */
export const invalidId = 0xffffffff;
