/* Mounting: mount(2), file systems that are not on the tree yet, detached clones of trees, and the descriptor that fusermount3 sends. */
#include "strata.h"

#include <sys/mount.h>
#include <sys/socket.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif
#ifndef SYS_fsconfig
#define SYS_fsconfig 431
#endif
#ifndef SYS_fsmount
#define SYS_fsmount 432
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

/* struct mount_attr of mount_setattr(2). */
struct attributes {
  uint64_t set, clear, propagation, userns;
};

/* (source, target, type, flags, data) */
napi_value strata_mount(napi_env env, napi_callback_info info) {
  ARGS(5);
  path_buffer source, target, type, data;
  int bad = arg_path(env, argv[0], source);
  if (bad == 0) bad = arg_path(env, argv[1], target);
  if (bad == 0) bad = arg_path(env, argv[2], type);
  if (bad == 0) bad = arg_path(env, argv[4], data);
  if (bad < 0) return result(env, bad);
  return result_of(env, mount(source, target, type, arg_uint(env, argv[3]), data));
}

/* (target, flags) */
napi_value strata_umount(napi_env env, napi_callback_info info) {
  ARGS(2);
  path_buffer target;
  int bad = arg_path(env, argv[0], target);
  if (bad < 0) return result(env, bad);
  return result_of(env, umount2(target, arg_int(env, argv[1])));
}

/* (dir, path, flags): a descriptor. */
napi_value strata_open_tree(napi_env env, napi_callback_info info) {
  ARGS(3);
  path_buffer path;
  int bad = arg_path(env, argv[1], path);
  if (bad < 0) return result(env, bad);
  unsigned flags = arg_uint(env, argv[2]) | O_CLOEXEC;
  return result_of(env, syscall(SYS_open_tree, arg_int(env, argv[0]), path, flags));
}

/* (type, flags): a descriptor. */
napi_value strata_fsopen(napi_env env, napi_callback_info info) {
  ARGS(2);
  path_buffer type;
  int bad = arg_path(env, argv[0], type);
  if (bad < 0) return result(env, bad);
  return result_of(env, syscall(SYS_fsopen, type, arg_uint(env, argv[1])));
}

/* (fd, command, key, value): for the commands without a value, or without a key, these are empty. */
napi_value strata_fsconfig(napi_env env, napi_callback_info info) {
  ARGS(4);
  path_buffer key, value;
  int bad = arg_path(env, argv[2], key);
  if (bad == 0) bad = arg_path(env, argv[3], value);
  if (bad < 0) return result(env, bad);
  return result_of(env, syscall(SYS_fsconfig, arg_int(env, argv[0]), arg_uint(env, argv[1]), *key ? key : NULL,
                                *value ? value : NULL, 0));
}

/* (fd, flags, attributes): a descriptor. */
napi_value strata_fsmount(napi_env env, napi_callback_info info) {
  ARGS(3);
  return result_of(env, syscall(SYS_fsmount, arg_int(env, argv[0]), arg_uint(env, argv[1]), arg_uint(env, argv[2])));
}

/* (fd, target, flags) */
napi_value strata_move_mount(napi_env env, napi_callback_info info) {
  ARGS(3);
  path_buffer target;
  int bad = arg_path(env, argv[1], target);
  if (bad < 0) return result(env, bad);
  return result_of(env, syscall(SYS_move_mount, arg_int(env, argv[0]), "", AT_FDCWD, target, arg_uint(env, argv[2])));
}

/* (fd, set, clear, propagation) */
napi_value strata_mount_setattr(napi_env env, napi_callback_info info) {
  ARGS(4);
  struct attributes attributes = {
      .set = (uint64_t)arg_long(env, argv[1]),
      .clear = (uint64_t)arg_long(env, argv[2]),
      .propagation = (uint64_t)arg_long(env, argv[3]),
  };
  return result_of(env, syscall(SYS_mount_setattr, arg_int(env, argv[0]), "", AT_EMPTY_PATH, &attributes,
                                sizeof attributes));
}

/* (): two connected sockets as [number, number], or a number. */
napi_value strata_socketpair(napi_env env, napi_callback_info info) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return result(env, -errno);
  napi_value pair;
  napi_create_array_with_length(env, 2, &pair);
  napi_set_element(env, pair, 0, result(env, ends[0]));
  napi_set_element(env, pair, 1, result(env, ends[1]));
  return pair;
}

/* (socket): the descriptor that came (SCM_RIGHTS); -ENODATA when the other end closed, or sent none. */
napi_value strata_receive_descriptor(napi_env env, napi_callback_info info) {
  ARGS(1);
  char byte;
  union {
    struct cmsghdr head;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec vector = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t count;
  do {
    count = recvmsg(arg_int(env, argv[0]), &message, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return result(env, -errno);
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  if (head == NULL || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS ||
      head->cmsg_len != CMSG_LEN(sizeof(int))) {
    return result(env, -ENODATA);
  }
  int fd;
  memcpy(&fd, CMSG_DATA(head), sizeof fd);
  return result(env, fd);
}

/* (fd) */
napi_value strata_set_nonblocking(napi_env env, napi_callback_info info) {
  ARGS(1);
  int fd = arg_int(env, argv[0]), flags = fcntl(fd, F_GETFL);
  if (flags < 0) return result(env, -errno);
  return result_of(env, fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}
