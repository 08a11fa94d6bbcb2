/* Sockets that keep the borders of messages (SOCK_SEQPACKET), which Node does not know. */
#include "strata.h"

#include <sys/socket.h>
#include <sys/un.h>

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
