/* Descriptors: opening, by name and by handle, and the flags of an inode. */
#include "strata.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

/* struct open_how of openat2(2). */
struct how {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

int reopen(int fd, int flags) {
  path_buffer path;
  if (fd < 0) {
    errno = EBADF;
    return -1;
  }
  proc_path(path, fd, NULL);
  int again = open(path, (flags & ~O_NOFOLLOW) | O_CLOEXEC);
  /* Only /proc itself can be missing here: the magic link exists as long as the descriptor. */
  if (again < 0 && errno == ENOENT) errno = EBADF;
  return again;
}

napi_value strata_openat(napi_env env, napi_callback_info info) {
  ARGS(4);
  path_buffer path;
  int bad = arg_path(env, argv[1], path);
  if (bad < 0) return result(env, bad);
  int dir = arg_int(env, argv[0]), flags = arg_int(env, argv[2]);
  if (path[0] == 0) return result_of(env, reopen(dir, flags));
  return result_of(env, openat(dir, path, flags | O_CLOEXEC, (mode_t)arg_uint(env, argv[3])));
}

napi_value strata_openat2(napi_env env, napi_callback_info info) {
  ARGS(5);
  path_buffer path;
  int bad = arg_path(env, argv[1], path);
  if (bad < 0) return result(env, bad);
  struct how how = {
      .flags = (uint32_t)arg_int(env, argv[2]) | O_CLOEXEC,
      .mode = arg_uint(env, argv[3]),
      .resolve = (uint64_t)arg_long(env, argv[4]),
  };
  int dir = arg_int(env, argv[0]);
  long fd;
  int tries = 8;
  /* EAGAIN: a rename or mount somewhere on the machine raced with a bounded walk. */
  do {
    fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
  } while (fd < 0 && errno == EAGAIN && --tries > 0);
  return result_of(env, fd);
}

napi_value strata_reopen(napi_env env, napi_callback_info info) {
  ARGS(2);
  return result_of(env, reopen(arg_int(env, argv[0]), arg_int(env, argv[1])));
}

napi_value strata_close(napi_env env, napi_callback_info info) {
  ARGS(1);
  /* The descriptor is gone after EINTR too (close(2)). */
  return result_of(env, close(arg_int(env, argv[0])));
}

napi_value strata_get_flags(napi_env env, napi_callback_info info) {
  ARGS(1);
  unsigned flags = 0;
  if (ioctl(arg_int(env, argv[0]), FS_IOC_GETFLAGS, &flags) < 0) return result(env, -errno);
  return result(env, (int64_t)flags);
}

#ifndef SYS_file_getattr
#define SYS_file_getattr 468
#endif

/* struct file_attr of include/uapi/linux/fs.h since 6.17, and the flags in it that FS_IOC_GETFLAGS tells, too. */
struct file_attr_block {
  uint64_t xflags;
  uint32_t extsize, nextents, projid, cowextsize;
};
#define COMMON_FLAGS (FS_IMMUTABLE_FL | FS_APPEND_FL | FS_SYNC_FL | FS_NOATIME_FL)
static const struct {
  uint64_t xflag;
  unsigned flag;
} common_flags[] = {
    {FS_XFLAG_IMMUTABLE, FS_IMMUTABLE_FL},
    {FS_XFLAG_APPEND, FS_APPEND_FL},
    {FS_XFLAG_SYNC, FS_SYNC_FL},
    {FS_XFLAG_NOATIME, FS_NOATIME_FL},
};

static unsigned common_flags_of(uint64_t xflags) {
  unsigned flags = 0;
  for (size_t at = 0; at < sizeof common_flags / sizeof common_flags[0]; at++) {
    if ((xflags & common_flags[at].xflag) != 0) flags |= common_flags[at].flag;
  }
  return flags;
}

static int open_for_flags(int dir, const char *name) {
  int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
  return *name == 0 ? reopen(dir, flags) : openat(dir, name, flags | O_NOFOLLOW);
}

/* (dir, name): of the flags of FS_IOC_GETFLAGS those that every file system has; an empty name: of `dir`. */
napi_value strata_get_flags_at(napi_env env, napi_callback_info info) {
  ARGS(2);
  path_buffer name;
  int bad = arg_path(env, argv[1], name);
  if (bad < 0) return result(env, bad);
  int dir = arg_int(env, argv[0]);
  /* Of a descriptor it takes none that is O_PATH. */
  if (*name != 0) {
    struct file_attr_block found = {0};
    if (syscall(SYS_file_getattr, dir, name, &found, sizeof found, AT_SYMLINK_NOFOLLOW) == 0) {
      return result(env, (int64_t)common_flags_of(found.xflags));
    }
    /* EPERM: a filter of system calls that does not know it. */
    if (errno != ENOSYS && errno != EPERM) return result(env, -errno);
  }
  int fd = open_for_flags(dir, name);
  if (fd < 0) return result(env, -errno);
  unsigned flags = 0;
  int64_t done = ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 ? -errno : 0;
  close(fd);
  return result(env, done < 0 ? done : (int64_t)(flags & COMMON_FLAGS));
}

napi_value strata_set_flags(napi_env env, napi_callback_info info) {
  ARGS(2);
  unsigned flags = arg_uint(env, argv[1]);
  return result_of(env, ioctl(arg_int(env, argv[0]), FS_IOC_SETFLAGS, &flags));
}

/* (dir, name, buffer): the handle's bytes into the buffer; answers type * 256 + length. */
napi_value strata_name_to_handle(napi_env env, napi_callback_info info) {
  ARGS(3);
  path_buffer path;
  int bad = arg_path(env, argv[1], path);
  if (bad < 0) return result(env, bad);
  struct {
    struct file_handle head;
    uint8_t space[MAX_HANDLE_SZ];
  } handle;
  handle.head.handle_bytes = MAX_HANDLE_SZ;
  int mount_id;
  int flags = path[0] == 0 ? AT_EMPTY_PATH : 0;
  if (name_to_handle_at(arg_int(env, argv[0]), path, &handle.head, &mount_id, flags) < 0) return result(env, -errno);
  uint8_t *out = arg_bytes(env, argv[2], 0, handle.head.handle_bytes);
  if (out == NULL) return result(env, -EFAULT);
  memcpy(out, handle.head.f_handle, handle.head.handle_bytes);
  return result(env, (int64_t)handle.head.handle_type * 256 + handle.head.handle_bytes);
}

/* (mount, type, bytes) */
napi_value strata_open_by_handle(napi_env env, napi_callback_info info) {
  ARGS(3);
  void *bytes;
  size_t length;
  if (napi_get_buffer_info(env, argv[2], &bytes, &length) != napi_ok || length > MAX_HANDLE_SZ) {
    return result(env, -EINVAL);
  }
  struct {
    struct file_handle head;
    uint8_t space[MAX_HANDLE_SZ];
  } handle;
  handle.head.handle_bytes = (unsigned)length;
  handle.head.handle_type = arg_int(env, argv[1]);
  memcpy(handle.head.f_handle, bytes, length);
  int mount = arg_int(env, argv[0]), flags = O_PATH | O_CLOEXEC | O_NOFOLLOW;
  int fd = open_by_handle_at(mount, &handle.head, flags);
  if (fd < 0 && errno == EBADF) {
    /* Some kernels refuse an O_PATH descriptor as the mount. */
    int again = reopen(mount, O_RDONLY | O_NONBLOCK | O_DIRECTORY);
    if (again < 0) return result(env, -errno);
    fd = open_by_handle_at(again, &handle.head, flags);
    int failed = errno;
    close(again);
    errno = failed;
  }
  return result_of(env, fd);
}
