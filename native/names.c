/* Names in directories, and the attributes of what they name. An empty name is the descriptor itself. */
#include "strata.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static int empty_flag(const char *path) { return path[0] == 0 ? AT_EMPTY_PATH : 0; }

napi_value strata_mkdirat(napi_env env, napi_callback_info info) {
  ARGS(3);
  path_buffer path;
  int bad = arg_path(env, argv[1], path);
  if (bad < 0) return result(env, bad);
  return result_of(env, mkdirat(arg_int(env, argv[0]), path, (mode_t)arg_uint(env, argv[2])));
}

/* `rdev` is major * 2^20 + minor. */
napi_value strata_mknodat(napi_env env, napi_callback_info info) {
  ARGS(4);
  path_buffer path;
  int bad = arg_path(env, argv[1], path);
  if (bad < 0) return result(env, bad);
  int64_t number = arg_long(env, argv[3]);
  dev_t device = makedev((unsigned)(number >> 20), (unsigned)(number & 0xfffff));
  return result_of(env, mknodat(arg_int(env, argv[0]), path, (mode_t)arg_uint(env, argv[2]), device));
}

/* (target, dir, name) */
napi_value strata_symlinkat(napi_env env, napi_callback_info info) {
  ARGS(3);
  path_buffer target, path;
  int bad = arg_path(env, argv[0], target);
  if (bad == 0) bad = arg_path(env, argv[2], path);
  if (bad < 0) return result(env, bad);
  return result_of(env, symlinkat(target, arg_int(env, argv[1]), path));
}

napi_value strata_linkat(napi_env env, napi_callback_info info) {
  ARGS(4);
  path_buffer old, path;
  int bad = arg_path(env, argv[1], old);
  if (bad == 0) bad = arg_path(env, argv[3], path);
  if (bad < 0) return result(env, bad);
  int from = arg_int(env, argv[0]), to = arg_int(env, argv[2]);
  int done = linkat(from, old, to, path, empty_flag(old));
  if (done < 0 && errno == ENOENT && old[0] == 0 && from >= 0) {
    /* AT_EMPTY_PATH wants CAP_DAC_READ_SEARCH before 6.10, and says ENOENT without it. */
    proc_path(old, from, NULL);
    done = linkat(AT_FDCWD, old, to, path, AT_SYMLINK_FOLLOW);
  }
  return result_of(env, done);
}

napi_value strata_unlinkat(napi_env env, napi_callback_info info) {
  ARGS(3);
  path_buffer path;
  int bad = arg_path(env, argv[1], path);
  if (bad < 0) return result(env, bad);
  return result_of(env, unlinkat(arg_int(env, argv[0]), path, arg_int(env, argv[2])));
}

napi_value strata_renameat2(napi_env env, napi_callback_info info) {
  ARGS(5);
  path_buffer old, path;
  int bad = arg_path(env, argv[1], old);
  if (bad == 0) bad = arg_path(env, argv[3], path);
  if (bad < 0) return result(env, bad);
  return result_of(
      env, syscall(SYS_renameat2, arg_int(env, argv[0]), old, arg_int(env, argv[2]), path, arg_uint(env, argv[4])));
}

/* The target as a string, or a number. */
napi_value strata_readlinkat(napi_env env, napi_callback_info info) {
  ARGS(2);
  path_buffer path, target;
  int bad = arg_path(env, argv[1], path);
  if (bad < 0) return result(env, bad);
  ssize_t length = readlinkat(arg_int(env, argv[0]), path, target, sizeof target);
  if (length < 0) return result(env, -errno);
  napi_value text;
  napi_create_string_latin1(env, target, (size_t)length, &text);
  return text;
}

/* fchmodat2 for kernels without it. Never on a symlink, whose mode some file systems would change. */
static int chmod_through_proc(int dir, const char *name, mode_t mode) {
  int fd = name[0] == 0 ? dir : openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -1;
  struct stat found;
  path_buffer path;
  int done = fstat(fd, &found);
  if (done == 0 && S_ISLNK(found.st_mode)) {
    errno = EOPNOTSUPP;
    done = -1;
  }
  if (done == 0) {
    proc_path(path, fd, NULL);
    done = chmod(path, mode);
  }
  int failed = errno;
  if (fd != dir) close(fd);
  errno = failed;
  return done;
}

napi_value strata_fchmodat(napi_env env, napi_callback_info info) {
  ARGS(3);
  path_buffer path;
  int bad = arg_path(env, argv[1], path);
  if (bad < 0) return result(env, bad);
  int dir = arg_int(env, argv[0]);
  mode_t mode = (mode_t)arg_uint(env, argv[2]) & 07777;
  if (!self->no_fchmodat2) {
    long done = syscall(SYS_fchmodat2, dir, path, mode, AT_SYMLINK_NOFOLLOW | empty_flag(path));
    if (done == 0 || errno != ENOSYS) return result_of(env, done);
    self->no_fchmodat2 = true;
  }
  return result_of(env, chmod_through_proc(dir, path, mode));
}

napi_value strata_fchownat(napi_env env, napi_callback_info info) {
  ARGS(4);
  path_buffer path;
  int bad = arg_path(env, argv[1], path);
  if (bad < 0) return result(env, bad);
  return result_of(env, fchownat(arg_int(env, argv[0]), path, arg_uint(env, argv[2]), arg_uint(env, argv[3]),
                                 AT_SYMLINK_NOFOLLOW | empty_flag(path)));
}

/* (dir, name, atime sec, nsec, mtime sec, nsec) */
napi_value strata_utimensat(napi_env env, napi_callback_info info) {
  ARGS(6);
  path_buffer path;
  int bad = arg_path(env, argv[1], path);
  if (bad < 0) return result(env, bad);
  struct timespec times[2] = {
      {.tv_sec = arg_long(env, argv[2]), .tv_nsec = arg_int(env, argv[3])},
      {.tv_sec = arg_long(env, argv[4]), .tv_nsec = arg_int(env, argv[5])},
  };
  return result_of(env, syscall(SYS_utimensat, arg_int(env, argv[0]), path, times,
                                AT_SYMLINK_NOFOLLOW | empty_flag(path)));
}
