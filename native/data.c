/* The data of open files, at once, on the calling thread. */
#include "strata.h"

#include <linux/magic.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

napi_value strata_ftruncate(napi_env env, napi_callback_info info) {
  ARGS(2);
  return result_of(env, ftruncate(arg_int(env, argv[0]), arg_long(env, argv[1])));
}

napi_value strata_fallocate(napi_env env, napi_callback_info info) {
  ARGS(4);
  return result_of(env, fallocate(arg_int(env, argv[0]), arg_int(env, argv[1]), arg_long(env, argv[2]),
                                  arg_long(env, argv[3])));
}

napi_value strata_lseek(napi_env env, napi_callback_info info) {
  ARGS(3);
  return result_of(env, lseek(arg_int(env, argv[0]), arg_long(env, argv[1]), arg_int(env, argv[2])));
}

/* Whether reading never waits for a device, swap apart, though RWF_NOWAIT is not known there. */
static bool in_memory(int fd) {
  struct statfs found;
  return fstatfs(fd, &found) == 0 && (found.f_type == TMPFS_MAGIC || found.f_type == RAMFS_MAGIC);
}

/* (fd, buffer, offset, length, position, nowait) */
napi_value strata_pread(napi_env env, napi_callback_info info) {
  ARGS(6);
  int64_t length = arg_long(env, argv[3]), position = arg_long(env, argv[4]);
  uint8_t *bytes = arg_bytes(env, argv[1], arg_long(env, argv[2]), length);
  if (bytes == NULL) return result(env, -EFAULT);
  int fd = arg_int(env, argv[0]);
  if (!arg_bool(env, argv[5])) return result_of(env, pread(fd, bytes, (size_t)length, position));
  /* A position of -1 would mean the file's own to preadv2. */
  if (position < 0) return result(env, -EINVAL);
  struct iovec vector = {.iov_base = bytes, .iov_len = (size_t)length};
  ssize_t count = preadv2(fd, &vector, 1, position, RWF_NOWAIT);
  if (count < 0 && errno == EOPNOTSUPP) {
    if (in_memory(fd)) return result_of(env, pread(fd, bytes, (size_t)length, position));
    /* A file system that cannot promise not to wait refuses; to the caller that is the same answer. */
    errno = EAGAIN;
  }
  return result_of(env, count);
}

/* (fd, buffer, offset, length, position) */
napi_value strata_pwrite(napi_env env, napi_callback_info info) {
  ARGS(5);
  int64_t length = arg_long(env, argv[3]);
  uint8_t *bytes = arg_bytes(env, argv[1], arg_long(env, argv[2]), length);
  if (bytes == NULL) return result(env, -EFAULT);
  return result_of(env, pwrite(arg_int(env, argv[0]), bytes, (size_t)length, arg_long(env, argv[4])));
}

/* (from, offset, to, offset, length) */
napi_value strata_copy_file_range(napi_env env, napi_callback_info info) {
  ARGS(5);
  off_t from_offset = arg_long(env, argv[1]), to_offset = arg_long(env, argv[3]);
  return result_of(env, copy_file_range(arg_int(env, argv[0]), &from_offset, arg_int(env, argv[2]), &to_offset,
                                        (size_t)arg_long(env, argv[4]), 0));
}

/* (from, to, size) */
napi_value strata_copy_data(napi_env env, napi_callback_info info) {
  ARGS(3);
  return result(env, copy_data(arg_int(env, argv[0]), arg_int(env, argv[1]), arg_long(env, argv[2]), false, NULL));
}
