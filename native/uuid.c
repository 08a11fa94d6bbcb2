/*
 * The uuid of a file system, as the kernel's overlayfs sees it (s_uuid of the superblock).
 * FS_IOC_GETFSUUID came with 6.9, and btrfs does not answer it; each file system has a call of its
 * own besides.
 */
#include "strata.h"

#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

#define UUID_SIZE 16

/* include/uapi/linux/fs.h */
struct generic_answer {
  uint8_t length;
  uint8_t uuid[UUID_SIZE];
};
#define IOC_GETFSUUID _IOR(0x15, 0, struct generic_answer)

/* include/uapi/linux/ext4.h; the size in the number is that of the head. */
struct ext4_head {
  uint32_t length, flags;
};
struct ext4_answer {
  struct ext4_head head;
  uint8_t uuid[UUID_SIZE];
};
#define IOC_EXT4_GETFSUUID _IOR('f', 44, struct ext4_head)

/* include/uapi/linux/btrfs.h */
struct btrfs_answer {
  uint64_t max_id, devices;
  uint8_t uuid[UUID_SIZE];
  uint8_t rest[1024 - 32];
};
#define IOC_BTRFS_FS_INFO _IOR(0x94, 31, struct btrfs_answer)

/* fs/xfs/libxfs/xfs_fs.h, struct xfs_fsop_geom_v1 */
struct xfs_answer {
  uint32_t sizes[8];
  uint64_t counts[4];
  uint8_t uuid[UUID_SIZE];
  uint32_t rest[7];
} __attribute__((aligned(8)));
#define IOC_XFS_FSGEOMETRY_V1 _IOR('X', 100, struct xfs_answer)
_Static_assert(sizeof(struct xfs_answer) == 112, "struct xfs_fsop_geom_v1");

static int ask_own(int fd, uint8_t *uuid) {
  struct statfs found;
  if (fstatfs(fd, &found) < 0) return -1;
  if (found.f_type == BTRFS_SUPER_MAGIC) {
    struct btrfs_answer answer = {0};
    if (ioctl(fd, IOC_BTRFS_FS_INFO, &answer) < 0) return -1;
    memcpy(uuid, answer.uuid, UUID_SIZE);
    return 0;
  }
  if (found.f_type == EXT4_SUPER_MAGIC) {
    struct ext4_answer answer = {.head = {.length = UUID_SIZE}};
    if (ioctl(fd, IOC_EXT4_GETFSUUID, &answer) < 0) return -1;
    memcpy(uuid, answer.uuid, UUID_SIZE);
    return 0;
  }
  if (found.f_type == XFS_SUPER_MAGIC) {
    struct xfs_answer answer = {0};
    if (ioctl(fd, IOC_XFS_FSGEOMETRY_V1, &answer) < 0) return -1;
    memcpy(uuid, answer.uuid, UUID_SIZE);
    return 0;
  }
  errno = ENOTTY;
  return -1;
}

static int ask(int fd, uint8_t *uuid) {
  struct generic_answer answer = {0};
  if (ioctl(fd, IOC_GETFSUUID, &answer) == 0) {
    memcpy(uuid, answer.uuid, UUID_SIZE);
    return 0;
  }
  return errno == EBADF ? -1 : ask_own(fd, uuid);
}

/* (fd, buffer of 16 bytes); the descriptor of a directory may be an O_PATH one. */
napi_value strata_fs_uuid(napi_env env, napi_callback_info info) {
  ARGS(2);
  uint8_t *out = arg_bytes(env, argv[1], 0, UUID_SIZE);
  if (out == NULL) return result(env, -EFAULT);
  int fd = arg_int(env, argv[0]);
  int done = ask(fd, out);
  if (done < 0 && errno == EBADF) {
    int again = reopen(fd, O_RDONLY | O_NONBLOCK | O_DIRECTORY);
    if (again < 0) return result(env, -errno);
    done = ask(again, out);
    int failed = errno;
    close(again);
    errno = failed;
  }
  return result_of(env, done);
}
