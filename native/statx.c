/* statx(2), written where it is wanted: an array of doubles, and a reply's struct fuse_attr. */
#include "strata.h"

#include <sys/stat.h>
#include <sys/vfs.h>

/* struct fuse_attr of include/uapi/linux/fuse.h, named here so as not to depend on its version. */
struct attr_block {
  uint64_t ino, size, blocks, atime, mtime, ctime;
  uint32_t atime_nsec, mtime_nsec, ctime_nsec;
  uint32_t mode, nlink, uid, gid, rdev, blksize, flags;
};
_Static_assert(sizeof(struct attr_block) == 88, "struct fuse_attr");

/* struct fuse_kstatfs of the same file. */
struct statfs_block {
  uint64_t blocks, bfree, bavail, files, ffree;
  uint32_t bsize, namelen, frsize, padding, spare[6];
};
_Static_assert(sizeof(struct statfs_block) == 80, "struct fuse_kstatfs");

/* new_encode_dev of include/linux/kdev_t.h. */
static uint32_t encode_dev(uint32_t major, uint32_t minor) {
  return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}

static double device_number(uint32_t major, uint32_t minor) { return (double)major * 1048576.0 + (double)minor; }

static void fill_array(double *out, const struct statx *in) {
  out[0] = (double)in->stx_ino;
  out[1] = device_number(in->stx_dev_major, in->stx_dev_minor);
  out[2] = in->stx_mode;
  out[3] = in->stx_nlink;
  out[4] = in->stx_uid;
  out[5] = in->stx_gid;
  out[6] = (double)in->stx_size;
  out[7] = (double)in->stx_blocks;
  out[8] = device_number(in->stx_rdev_major, in->stx_rdev_minor);
  out[9] = (double)in->stx_atime.tv_sec;
  out[10] = in->stx_atime.tv_nsec;
  out[11] = (double)in->stx_mtime.tv_sec;
  out[12] = in->stx_mtime.tv_nsec;
  out[13] = (double)in->stx_ctime.tv_sec;
  out[14] = in->stx_ctime.tv_nsec;
  out[15] = (double)in->stx_btime.tv_sec;
  out[16] = in->stx_btime.tv_nsec;
  out[17] = (double)in->stx_mnt_id;
  out[18] = in->stx_blksize;
  out[19] = (double)in->stx_attributes;
  out[20] = in->stx_mask;
}

static void fill_block(uint8_t *out, const struct statx *in) {
  struct attr_block block = {
      .ino = in->stx_ino,
      .size = in->stx_size,
      .blocks = in->stx_blocks,
      .atime = (uint64_t)in->stx_atime.tv_sec,
      .mtime = (uint64_t)in->stx_mtime.tv_sec,
      .ctime = (uint64_t)in->stx_ctime.tv_sec,
      .atime_nsec = in->stx_atime.tv_nsec,
      .mtime_nsec = in->stx_mtime.tv_nsec,
      .ctime_nsec = in->stx_ctime.tv_nsec,
      .mode = in->stx_mode,
      .nlink = in->stx_nlink,
      .uid = in->stx_uid,
      .gid = in->stx_gid,
      .rdev = encode_dev(in->stx_rdev_major, in->stx_rdev_minor),
      .blksize = in->stx_blksize,
  };
  memcpy(out, &block, sizeof block);
}

/*
 * Without a word to whoever serves what is mounted at the name: that may be the process that asks. File
 * systems without a block device may hold attributes back, and are asked again for what is theirs.
 */
static int statx_apart(int dir, const char *path, int flags, unsigned mask, struct statx *found) {
  if (statx(dir, path, flags | AT_STATX_DONT_SYNC, mask, found) < 0) return -1;
  if ((found->stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 || found->stx_dev_major != 0) return 0;
  return statx(dir, path, flags, mask, found);
}

/* (dir, name[, block, offset]) */
static napi_value stat_with(napi_env env, napi_callback_info info, bool apart) {
  ARGS(4);
  path_buffer path;
  int bad = arg_path(env, argv[1], path);
  if (bad < 0) return result(env, bad);
  uint8_t *block = NULL;
  napi_valuetype type = napi_undefined;
  if (argc > 2) napi_typeof(env, argv[2], &type);
  if (type != napi_undefined) {
    block = arg_bytes(env, argv[2], argc > 3 ? arg_long(env, argv[3]) : 0, sizeof(struct attr_block));
    if (block == NULL) return result(env, -EFAULT);
  }
  struct statx found;
  int flags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT;
  unsigned mask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
  int dir = arg_int(env, argv[0]);
  int done = apart ? statx_apart(dir, path, flags, mask, &found) : statx(dir, path, flags, mask, &found);
  if (done < 0) return result(env, -errno);
  fill_array(self->stat, &found);
  if (block != NULL) fill_block(block, &found);
  return result(env, 0);
}

napi_value strata_statx(napi_env env, napi_callback_info info) { return stat_with(env, info, false); }

napi_value strata_statx_apart(napi_env env, napi_callback_info info) { return stat_with(env, info, true); }

/* (fd, block, offset) */
napi_value strata_statfs(napi_env env, napi_callback_info info) {
  ARGS(3);
  uint8_t *out = arg_bytes(env, argv[1], arg_long(env, argv[2]), sizeof(struct statfs_block));
  if (out == NULL) return result(env, -EFAULT);
  struct statfs found;
  if (fstatfs(arg_int(env, argv[0]), &found) < 0) return result(env, -errno);
  struct statfs_block block = {
      .blocks = found.f_blocks,
      .bfree = found.f_bfree,
      .bavail = found.f_bavail,
      .files = found.f_files,
      .ffree = found.f_ffree,
      .bsize = (uint32_t)found.f_bsize,
      .namelen = (uint32_t)found.f_namelen,
      .frsize = (uint32_t)found.f_frsize,
  };
  memcpy(out, &block, sizeof block);
  return result(env, 0);
}
