/* Of sockets what Node does not know: those that keep the borders of messages (SOCK_SEQPACKET), and who is at the other end. */
#include "strata.h"

#include <sys/socket.h>
#include <sys/un.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

/* (path): a connected descriptor. */
napi_value strata_connect_packet(napi_env env, napi_callback_info info) {
  ARGS(1);
  path_buffer path;
  int bad = arg_path(env, argv[0], path);
  if (bad < 0) return result(env, bad);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return result(env, -ENAMETOOLONG);
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) return result(env, -errno);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    int failed = errno;
    close(fd);
    return result(env, -failed);
  }
  return result(env, fd);
}

/* (fd, how) */
napi_value strata_shutdown(napi_env env, napi_callback_info info) {
  ARGS(2);
  return result_of(env, shutdown(arg_int(env, argv[0]), arg_int(env, argv[1])));
}

/* (fd): who connected as [pid, uid, gid, pidfd], or a number. The pidfd is -1 before Linux 6.5. */
napi_value strata_peer(napi_env env, napi_callback_info info) {
  ARGS(1);
  struct credentials {
    pid_t pid;
    uid_t uid;
    gid_t gid;
  } peer;
  socklen_t size = sizeof peer;
  int fd = arg_int(env, argv[0]), pidfd = -1;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return result(env, -errno);
  size = sizeof pidfd;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) < 0) pidfd = -1;
  napi_value found;
  napi_create_array_with_length(env, 4, &found);
  napi_set_element(env, found, 0, result(env, peer.pid));
  napi_set_element(env, found, 1, result(env, peer.uid));
  napi_set_element(env, found, 2, result(env, peer.gid));
  napi_set_element(env, found, 3, result(env, pidfd));
  return found;
}

/* (pidfd): 0 while that process runs. */
napi_value strata_pidfd_alive(napi_env env, napi_callback_info info) {
  ARGS(1);
  return result_of(env, syscall(SYS_pidfd_send_signal, arg_int(env, argv[0]), 0, NULL, 0));
}
