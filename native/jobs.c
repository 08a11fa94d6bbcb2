/* The system calls that run on the pool. Each keeps its buffers alive until it is done. */
#include "strata.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

static int64_t failed_or(int64_t number) { return number < 0 ? -errno : number; }

static int64_t run_pread(struct job *job) {
  return failed_or(pread(job->fd, job->bytes, (size_t)job->length, job->offset));
}

static int64_t run_pwrite(struct job *job) {
  return failed_or(pwrite(job->fd, job->bytes, (size_t)job->length, job->offset));
}

static int64_t run_fsync(struct job *job) { return failed_or(job->flag ? fdatasync(job->fd) : fsync(job->fd)); }

static int64_t run_syncfs(struct job *job) { return failed_or(syncfs(job->fd)); }

static int64_t run_fallocate(struct job *job) {
  return failed_or(fallocate(job->fd, job->mode, job->offset, job->length));
}

static int64_t run_fgetxattr(struct job *job) {
  char *value = (char *)job->bytes + job->offset;
  return failed_or(fgetxattr(job->fd, job->bytes, value, (size_t)job->length));
}

static int64_t run_ftruncate(struct job *job) { return failed_or(ftruncate(job->fd, (off_t)job->length)); }

static int64_t run_close(struct job *job) { return failed_or(close(job->fd)); }

static int64_t run_copy_file_range(struct job *job) {
  off_t from = job->offset, to = job->offset2;
  return failed_or(copy_file_range(job->fd, &from, job->fd2, &to, (size_t)job->length, 0));
}

static int64_t run_copy_data(struct job *job) {
  return copy_data(job->fd, job->fd2, job->length, job->flag, job->cancel);
}

/* (fd, buffer, offset, length, position) */
static napi_value transfer(napi_env env, napi_callback_info info, int64_t (*run)(struct job *job)) {
  ARGS(5);
  int64_t length = arg_long(env, argv[3]);
  uint8_t *bytes = arg_bytes(env, argv[1], arg_long(env, argv[2]), length);
  if (bytes == NULL) return job_refused(env, -EFAULT);
  struct job *job = job_create(LANE_WORK, run);
  job->fd = arg_int(env, argv[0]);
  job->bytes = bytes;
  job->length = length;
  job->offset = arg_long(env, argv[4]);
  job_keep(env, job, 0, argv[1]);
  return job_submit(env, self, job);
}

napi_value strata_pread_async(napi_env env, napi_callback_info info) { return transfer(env, info, run_pread); }

napi_value strata_pwrite_async(napi_env env, napi_callback_info info) { return transfer(env, info, run_pwrite); }

/* (fd, dataOnly) */
napi_value strata_fsync_async(napi_env env, napi_callback_info info) {
  ARGS(2);
  struct job *job = job_create(LANE_SYNC, run_fsync);
  job->fd = arg_int(env, argv[0]);
  job->flag = arg_bool(env, argv[1]);
  return job_submit(env, self, job);
}

/* (fd, size) */
napi_value strata_ftruncate_async(napi_env env, napi_callback_info info) {
  ARGS(2);
  struct job *job = job_create(LANE_SPACE, run_ftruncate);
  job->fd = arg_int(env, argv[0]);
  job->length = arg_long(env, argv[1]);
  return job_submit(env, self, job);
}

/* Whether a close gives back the space of a large file, and there is so much of it that nobody misses that meanwhile. */
static bool gives_back_later(int fd, int64_t blocks_at_once) {
  struct stat file;
  if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) || file.st_nlink > 0 || file.st_blocks <= blocks_at_once) return false;
  struct statfs fs;
  if (fstatfs(fd, &fs) != 0) return false;
  return (double)fs.f_bavail * (double)fs.f_bsize > 2.0 * 512.0 * (double)file.st_blocks;
}

/* (fd, blocks that are given back at once): a number, or a promise where it is left to the pool. */
napi_value strata_close_apart(napi_env env, napi_callback_info info) {
  ARGS(2);
  int fd = arg_int(env, argv[0]);
  if (!gives_back_later(fd, arg_long(env, argv[1]))) return result_of(env, close(fd));
  struct job *job = job_create(LANE_SPACE, run_close);
  job->fd = fd;
  return job_submit(env, self, job);
}

/* (fd, buffer, offset): the buffer begins with the attribute's name and its NUL, the value goes to `offset`. */
napi_value strata_fgetxattr_async(napi_env env, napi_callback_info info) {
  ARGS(3);
  void *bytes;
  size_t size;
  int64_t offset = arg_long(env, argv[2]);
  if (napi_get_buffer_info(env, argv[1], &bytes, &size) != napi_ok || offset < 0 || (uint64_t)offset > size ||
      memchr(bytes, 0, (size_t)offset) == NULL) {
    return job_refused(env, -EFAULT);
  }
  struct job *job = job_create(LANE_WORK, run_fgetxattr);
  job->fd = arg_int(env, argv[0]);
  job->bytes = bytes;
  job->offset = offset;
  job->length = (int64_t)size - offset;
  job_keep(env, job, 0, argv[1]);
  return job_submit(env, self, job);
}

/* (fd) */
napi_value strata_syncfs_async(napi_env env, napi_callback_info info) {
  ARGS(1);
  struct job *job = job_create(LANE_SYNC, run_syncfs);
  job->fd = arg_int(env, argv[0]);
  return job_submit(env, self, job);
}

/* (fd, mode, offset, length) */
napi_value strata_fallocate_async(napi_env env, napi_callback_info info) {
  ARGS(4);
  struct job *job = job_create(LANE_WORK, run_fallocate);
  job->fd = arg_int(env, argv[0]);
  job->mode = arg_int(env, argv[1]);
  job->offset = arg_long(env, argv[2]);
  job->length = arg_long(env, argv[3]);
  return job_submit(env, self, job);
}

/* (from, offset, to, offset, length) */
napi_value strata_copy_file_range_async(napi_env env, napi_callback_info info) {
  ARGS(5);
  struct job *job = job_create(LANE_WORK, run_copy_file_range);
  job->fd = arg_int(env, argv[0]);
  job->offset = arg_long(env, argv[1]);
  job->fd2 = arg_int(env, argv[2]);
  job->offset2 = arg_long(env, argv[3]);
  job->length = arg_long(env, argv[4]);
  return job_submit(env, self, job);
}

/* (from, to, size, sync[, cancel: Int32Array]) */
napi_value strata_copy_data_async(napi_env env, napi_callback_info info) {
  ARGS(5);
  bool sync = arg_bool(env, argv[3]);
  /* One that flushes counts as flushing: it would hold a thread for as long. */
  struct job *job = job_create(sync ? LANE_SYNC : LANE_WORK, run_copy_data);
  job->fd = arg_int(env, argv[0]);
  job->fd2 = arg_int(env, argv[1]);
  job->length = arg_long(env, argv[2]);
  job->flag = sync;
  bool has_cancel = false;
  if (argc > 4) napi_is_typedarray(env, argv[4], &has_cancel);
  if (has_cancel) {
    napi_typedarray_type type;
    size_t length;
    void *word;
    if (napi_get_typedarray_info(env, argv[4], &type, &length, &word, NULL, NULL) != napi_ok ||
        type != napi_int32_array || length < 1) {
      free(job);
      return job_refused(env, -EINVAL);
    }
    job->cancel = word;
    job_keep(env, job, 0, argv[4]);
  }
  return job_submit(env, self, job);
}
