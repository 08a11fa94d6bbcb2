/* Arguments from JavaScript and results to it. Nothing here throws: misuse reads as -1 or fails as EINVAL. */
#include "strata.h"

#include <time.h>

int arg_int(napi_env env, napi_value value) {
  int32_t number = -1;
  napi_get_value_int32(env, value, &number);
  return number;
}

uint32_t arg_uint(napi_env env, napi_value value) {
  uint32_t number = UINT32_MAX;
  napi_get_value_uint32(env, value, &number);
  return number;
}

int64_t arg_long(napi_env env, napi_value value) {
  int64_t number = -1;
  napi_get_value_int64(env, value, &number);
  return number;
}

bool arg_bool(napi_env env, napi_value value) {
  bool truth = false;
  napi_get_value_bool(env, value, &truth);
  return truth;
}

int arg_path(napi_env env, napi_value value, path_buffer path) {
  size_t length;
  if (napi_get_value_string_latin1(env, value, path, sizeof(path_buffer), &length) != napi_ok) return -EINVAL;
  if (length >= PATH_MAX) return -ENAMETOOLONG;
  /* A NUL would silently name something else. */
  if (memchr(path, 0, length) != NULL) return -EINVAL;
  return 0;
}

uint8_t *arg_bytes(napi_env env, napi_value buffer, int64_t offset, int64_t length) {
  void *data;
  size_t size;
  if (napi_get_buffer_info(env, buffer, &data, &size) != napi_ok) return NULL;
  if (offset < 0 || length < 0 || (uint64_t)offset > size || (uint64_t)length > size - (uint64_t)offset) return NULL;
  /* An empty view may have no memory at all, and NULL means refused. */
  return data == NULL ? (uint8_t *)"" : (uint8_t *)data + offset;
}

napi_value result(napi_env env, int64_t number) {
  napi_value value;
  if (number == (int32_t)number) {
    napi_create_int32(env, (int32_t)number, &value);
  } else {
    napi_create_int64(env, number, &value);
  }
  return value;
}

napi_value result_of(napi_env env, int64_t number) {
  return result(env, number < 0 ? -errno : number);
}

bool proc_path(path_buffer path, int fd, const char *name) {
  static const char prefix[] = "/proc/self/fd/";
  char digits[12];
  int count = 0;
  unsigned rest = (unsigned)fd;
  do {
    digits[count++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  memcpy(path, prefix, sizeof prefix - 1);
  size_t length = sizeof prefix - 1;
  while (count > 0) path[length++] = digits[--count];
  if (name != NULL && *name != 0) {
    size_t more = strlen(name);
    if (length + 1 + more >= PATH_MAX) return false;
    path[length++] = '/';
    memcpy(path + length, name, more);
    length += more;
  }
  path[length] = 0;
  return true;
}

uint64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
