/**
 * Where the fields of every request's fixed struct lie: byte offsets from the start of the body (the
 * end of struct fuse_in_header), as in include/uapi/linux/fuse.h, protocol 7.45. `bytes` is the size of
 * the struct; for those that grew, the size in 7.31, and the later fields say since when they exist.
 * These tables are read through `Frame` and nothing else counts bytes of a request.
 */

/** struct fuse_getattr_in */
export const getattrIn = { flags: 0, fh: 8, bytes: 16 } as const;

/** struct fuse_statx_in (7.39) */
export const statxIn = { getattrFlags: 0, fh: 8, sxFlags: 16, sxMask: 20, bytes: 24 } as const;

/** struct fuse_setattr_in; the times are signed seconds, `Nsec` their nanoseconds. */
export const setattrIn = {
  valid: 0,
  fh: 8,
  size: 16,
  lockOwner: 24,
  atime: 32,
  mtime: 40,
  ctime: 48,
  atimeNsec: 56,
  mtimeNsec: 60,
  ctimeNsec: 64,
  mode: 68,
  uid: 76,
  gid: 80,
  bytes: 88,
} as const;

/** struct fuse_mknod_in; one name follows. */
export const mknodIn = { mode: 0, rdev: 4, umask: 8, bytes: 16 } as const;

/** struct fuse_mkdir_in; one name follows. */
export const mkdirIn = { mode: 0, umask: 4, bytes: 8 } as const;

/** struct fuse_rename_in; the old and the new name follow. The header's node is the old parent. */
export const renameIn = { newDir: 0, bytes: 8 } as const;

/** struct fuse_rename2_in; the old and the new name follow. */
export const rename2In = { newDir: 0, flags: 8, bytes: 16 } as const;

/** struct fuse_link_in; the new name follows. The header's node is the new parent. */
export const linkIn = { oldNodeId: 0, bytes: 8 } as const;

/** struct fuse_open_in, for OPEN and OPENDIR; `openFlags` (FUSE_OPEN_*) since 7.33, zero before. */
export const openIn = { flags: 0, openFlags: 4, bytes: 8 } as const;

/** struct fuse_create_in, for CREATE and TMPFILE; one name follows (`/` in TMPFILE). */
export const createIn = { flags: 0, mode: 4, umask: 8, openFlags: 12, bytes: 16 } as const;

/** struct fuse_read_in, for READ, READDIR and READDIRPLUS. */
export const readIn = {
  fh: 0,
  offset: 8,
  size: 16,
  readFlags: 20,
  lockOwner: 24,
  flags: 32,
  bytes: 40,
} as const;

/** struct fuse_write_in; `size` bytes of data follow. */
export const writeIn = {
  fh: 0,
  offset: 8,
  size: 16,
  writeFlags: 20,
  lockOwner: 24,
  flags: 32,
  bytes: 40,
} as const;

/** struct fuse_release_in, for RELEASE and RELEASEDIR. */
export const releaseIn = { fh: 0, flags: 8, releaseFlags: 12, lockOwner: 16, bytes: 24 } as const;

/** struct fuse_fsync_in, for FSYNC and FSYNCDIR. */
export const fsyncIn = { fh: 0, fsyncFlags: 8, bytes: 16 } as const;

/** struct fuse_flush_in */
export const flushIn = { fh: 0, lockOwner: 16, bytes: 24 } as const;

/** struct fuse_setxattr_in without FUSE_SETXATTR_EXT; the name and `size` bytes of value follow. */
export const setxattrIn = { size: 0, flags: 4, bytes: 8 } as const;

/** struct fuse_setxattr_in with FUSE_SETXATTR_EXT (7.33); the name and `size` bytes of value follow. */
export const setxattrExtIn = { size: 0, flags: 4, setxattrFlags: 8, bytes: 16 } as const;

/** struct fuse_getxattr_in, for GETXATTR (a name follows) and LISTXATTR; `size` 0 asks for the size. */
export const getxattrIn = { size: 0, bytes: 8 } as const;

/** struct fuse_lk_in, for GETLK, SETLK and SETLKW. `end` is inclusive, and 2^63 - 1 for "to the end". */
export const lkIn = {
  fh: 0,
  owner: 8,
  start: 16,
  end: 24,
  type: 32,
  pid: 36,
  lkFlags: 40,
  bytes: 48,
} as const;

/** struct fuse_access_in */
export const accessIn = { mask: 0, bytes: 8 } as const;

/** struct fuse_interrupt_in: whom it interrupts, see `Frame.uniqueAt`. */
export const interruptIn = { unique: 0, bytes: 8 } as const;

/** struct fuse_bmap_in */
export const bmapIn = { block: 0, blockSize: 8, bytes: 16 } as const;

/** struct fuse_ioctl_in; `inSize` bytes of data follow. */
export const ioctlIn = { fh: 0, flags: 8, cmd: 12, arg: 16, inSize: 24, outSize: 28, bytes: 32 } as const;

/** struct fuse_poll_in */
export const pollIn = { fh: 0, kh: 8, flags: 16, events: 20, bytes: 24 } as const;

/** struct fuse_fallocate_in */
export const fallocateIn = { fh: 0, offset: 8, length: 16, mode: 24, bytes: 32 } as const;

/** struct fuse_lseek_in; `offset` is signed. */
export const lseekIn = { fh: 0, offset: 8, whence: 16, bytes: 24 } as const;

/** struct fuse_copy_file_range_in, for COPY_FILE_RANGE and COPY_FILE_RANGE_64 (7.45). */
export const copyFileRangeIn = {
  fhIn: 0,
  offIn: 8,
  nodeIdOut: 16,
  fhOut: 24,
  offOut: 32,
  length: 40,
  flags: 48,
  bytes: 56,
} as const;

/** struct fuse_init_in; `flags2` is there since 7.36 and may be absent: `Frame.optionalU32`. */
export const initIn = { major: 0, minor: 4, maxReadahead: 8, flags: 12, flags2: 16, bytes: 16 } as const;

/** struct fuse_forget_in */
export const forgetIn = { nlookup: 0, bytes: 8 } as const;

/** struct fuse_batch_forget_in; `count` times `batchForgetOne` follow. */
export const batchForgetIn = { count: 0, bytes: 8 } as const;

/** struct fuse_forget_one: the offsets within the one with index i, which begins at 8 + i * bytes. */
export const batchForgetOne = { nodeId: 0, nlookup: 8, bytes: 16 } as const;

/** struct fuse_syncfs_in */
export const syncfsIn = { bytes: 8 } as const;

/** struct fuse_notify_retrieve_in, of NOTIFY_REPLY; `size` bytes of data follow. */
export const notifyRetrieveIn = { offset: 8, size: 16, bytes: 40 } as const;

/** struct fuse_setupmapping_in */
export const setupmappingIn = {
  fh: 0,
  fileOffset: 8,
  length: 16,
  flags: 24,
  memoryOffset: 32,
  bytes: 40,
} as const;

/** struct fuse_removemapping_in; `count` times 16 bytes follow. */
export const removemappingIn = { count: 0, bytes: 4 } as const;
