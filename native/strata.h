/*
 * What the files of the addon share. The addon is system calls and little else (repeats.c): it decides
 * nothing, keeps no paths, knows no layers. A function answers a number of 0 or more, or the
 * negative errno; TypeScript (src/os) turns that into values and FsErrors.
 *
 * All state hangs on one `instance` per environment, so that several environments (worker threads)
 * can load the addon.
 */
#ifndef STRATA_H
#define STRATA_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <node_api.h>
#include <uv.h>

struct pool;

/* Who creates files on this thread (identity.c). */
struct identity {
  bool ready;
  bool privileged; /* may change its file system ids at all */
  uid_t own_uid, uid;
  gid_t own_gid, gid;
  mode_t umask;
  struct __user_cap_data_struct caps[2]; /* as they were at first, and are kept */
};

struct instance {
  napi_env env;
  struct pool *pool;   /* made at the first job */
  double *stat;        /* the array of `st` in host-fs.ts; belongs to its ArrayBuffer */
  char *listing;       /* buffer of getdents64 */
  unsigned channels;   /* that read */
  struct identity identity;
  bool no_xattrat;     /* the kernel lacks setxattrat(2) and its family (6.13) */
  bool no_fchmodat2;   /* the kernel lacks fchmodat2(2) (6.6) */
};

/* Results of copy_data that are neither a count nor an errno (those end at -4095). */
#define COPY_CLONED (-4096)

#define ARGS(count)                                                    \
  napi_value argv[count];                                              \
  size_t argc = count;                                                 \
  struct instance *self;                                               \
  napi_get_cb_info(env, info, &argc, argv, NULL, (void **)&self);      \
  (void)self

/* A path with its NUL; the kernel refuses longer ones as well. */
typedef char path_buffer[PATH_MAX + 1];

/* value.c: arguments and results. A wrong type reads as -1, or fails with -EINVAL. */
int arg_int(napi_env env, napi_value value);
uint32_t arg_uint(napi_env env, napi_value value);
int64_t arg_long(napi_env env, napi_value value);
bool arg_bool(napi_env env, napi_value value);
/* 0, -ENAMETOOLONG, or -EINVAL for no string or a NUL inside. */
int arg_path(napi_env env, napi_value value, path_buffer path);
/* The bytes [offset, offset + length) of a Buffer; NULL when they do not all exist. */
uint8_t *arg_bytes(napi_env env, napi_value buffer, int64_t offset, int64_t length);
napi_value result(napi_env env, int64_t number);
/* -errno when `number` is negative. */
napi_value result_of(napi_env env, int64_t number);
/* "/proc/self/fd/<fd>", with "/<name>" when there is a name: true, or false when too long. */
bool proc_path(path_buffer path, int fd, const char *name);
uint64_t monotonic_ns(void);

/* open.c: opens anew what `fd` refers to, close-on-exec; -1 and errno. ELOOP for a symlink open as O_PATH. */
int reopen(int fd, int flags);

/* copy.c: the job of copyData; `cancel` may be NULL. Bytes, COPY_CLONED, or -errno. */
int64_t copy_data(int from, int to, int64_t size, bool sync, const int32_t *cancel);

/* identity.c: the calling thread takes the ids of the process. */
void identity_reset_thread(void);

/* pool.c: jobs that may block, run by threads of our own, answered by promises. */
enum lane { LANE_WORK, LANE_SYNC, LANE_SPACE, LANE_NOTIFY, LANES };
struct job {
  struct job *next;
  uint64_t ticket;
  enum lane lane;
  int64_t (*run)(struct job *job);
  int64_t result;
  napi_deferred deferred;
  napi_ref kept[2];
  /* What it works on; each job function says which it uses. */
  int fd, fd2, mode;
  bool flag;
  void *bytes;
  const int32_t *cancel;
  int64_t offset, offset2, length;
};
struct job *job_create(enum lane lane, int64_t (*run)(struct job *job));
/* Keeps `value` alive until the job is done; slot 0 or 1. */
void job_keep(napi_env env, struct job *job, int slot, napi_value value);
/* Hands the job over; answers its promise, which never rejects: it resolves to `result`. */
napi_value job_submit(napi_env env, struct instance *self, struct job *job);
/* A promise that is already resolved to `number`. */
napi_value job_refused(napi_env env, int64_t number);
/* Whether finished jobs wait for the event loop. */
bool pool_has_done(struct instance *self);

/* repeats.c: what is answered without JavaScript, by kind as in real-channel.ts. */
enum repeated { REPEATED_OPEN, REPEATED_RELEASE, REPEATED_IOCTL, REPEATED_GETXATTR, REPEATED_LISTXATTR, REPEATED_KINDS };
struct repeats;
/* `bare`, an array of so many `nodes`, outlives it. */
struct repeats *repeats_create(const double *bare, size_t nodes);
/* Whether the request was one of these, and is answered. */
bool repeats_answer(struct repeats *repeats, int fd, const uint8_t *request, size_t length);
/* channel.c: those of a channel; NULL where everything is asked. */
struct repeats *arg_repeats(napi_env env, napi_value channel);

/* passage.c: a pipe, open from the first time that it is used. */
struct passage {
  int ends[2], slots;
};
/* Answers a read of [position, position + length) with data of `fd`; false: nothing is answered, and the buffer's way is to be taken. */
bool passage_reply(struct passage *passage, int device, uint64_t unique, int fd, int64_t position, int64_t length);
void passage_close(struct passage *passage);

/* Each file's functions, for module.c. */
#define DECLARE(name) napi_value name(napi_env env, napi_callback_info info)
DECLARE(strata_openat);
DECLARE(strata_openat2);
DECLARE(strata_reopen);
DECLARE(strata_close);
DECLARE(strata_get_flags);
DECLARE(strata_get_flags_at);
DECLARE(strata_set_flags);
DECLARE(strata_name_to_handle);
DECLARE(strata_open_by_handle);
DECLARE(strata_fs_uuid);
DECLARE(strata_mkdirat);
DECLARE(strata_mknodat);
DECLARE(strata_symlinkat);
DECLARE(strata_linkat);
DECLARE(strata_unlinkat);
DECLARE(strata_renameat2);
DECLARE(strata_readlinkat);
DECLARE(strata_fchmodat);
DECLARE(strata_fchownat);
DECLARE(strata_utimensat);
DECLARE(strata_ftruncate);
DECLARE(strata_fallocate);
DECLARE(strata_lseek);
DECLARE(strata_pread);
DECLARE(strata_pwrite);
DECLARE(strata_copy_file_range);
DECLARE(strata_copy_data);
DECLARE(strata_statx);
DECLARE(strata_statx_apart);
DECLARE(strata_statfs);
DECLARE(strata_list_directory);
DECLARE(strata_getxattr);
DECLARE(strata_listxattr);
DECLARE(strata_setxattr);
DECLARE(strata_removexattr);
DECLARE(strata_overlay_marks);
DECLARE(strata_assume);
DECLARE(strata_assume_none);
DECLARE(strata_pread_async);
DECLARE(strata_pwrite_async);
DECLARE(strata_fsync_async);
DECLARE(strata_fgetxattr_async);
DECLARE(strata_syncfs_async);
DECLARE(strata_fallocate_async);
DECLARE(strata_ftruncate_async);
DECLARE(strata_close_apart);
DECLARE(strata_copy_file_range_async);
DECLARE(strata_copy_data_async);
DECLARE(strata_allocate_buffer);
DECLARE(strata_empty_buffer);
DECLARE(strata_channel_open);
DECLARE(strata_channel_set_request);
DECLARE(strata_channel_start);
DECLARE(strata_channel_stop);
DECLARE(strata_channel_want_idle);
DECLARE(strata_channel_close);
DECLARE(strata_channel_send);
DECLARE(strata_channel_send_async);
DECLARE(strata_channel_reply_data);
DECLARE(strata_channel_close_passage);
DECLARE(strata_repeats_begin);
DECLARE(strata_repeats_end);
DECLARE(strata_repeats_answered);
DECLARE(strata_backing_open);
DECLARE(strata_backing_close);
DECLARE(strata_mount);
DECLARE(strata_umount);
DECLARE(strata_fsopen);
DECLARE(strata_fsconfig);
DECLARE(strata_fsmount);
DECLARE(strata_move_mount);
DECLARE(strata_open_tree);
DECLARE(strata_mount_setattr);
DECLARE(strata_socketpair);
DECLARE(strata_receive_descriptor);
DECLARE(strata_set_nonblocking);
DECLARE(strata_connect_packet);
DECLARE(strata_shutdown);
DECLARE(strata_peer);
DECLARE(strata_pidfd_alive);
DECLARE(strata_end_process);

#endif
