/*
 * Extended attributes of anything, symlinks and O_PATH descriptors among it. setxattrat(2) and its
 * family (6.13) take (dir, name); before, and for an empty name on an O_PATH descriptor (EBADF:
 * those calls want an open file), the way leads through /proc/self/fd.
 */
#include "strata.h"

#include <linux/limits.h>
#include <sys/xattr.h>

#define SYS_SETXATTRAT 463
#define SYS_GETXATTRAT 464
#define SYS_LISTXATTRAT 465
#define SYS_REMOVEXATTRAT 466

/* struct xattr_args of include/uapi/linux/xattr.h. */
struct args {
  uint64_t value;
  uint32_t size;
  uint32_t flags;
};

/* One object: as (dir, name), or as a path through /proc that is made when it is needed. */
struct object {
  struct instance *self;
  int dir;
  path_buffer name;
  path_buffer proc;
};

static int object_read(napi_env env, struct instance *self, napi_value dir, napi_value name, struct object *object) {
  object->self = self;
  object->dir = arg_int(env, dir);
  object->proc[0] = 0;
  return arg_path(env, name, object->name);
}

static bool is_empty(const struct object *object) { return object->name[0] == 0; }

/* Whether the *at call said that the kernel has none. */
static bool learn(struct object *object, long done) {
  if (done >= 0 || errno != ENOSYS) return false;
  object->self->no_xattrat = true;
  return true;
}

/* With an empty name the magic link must be followed; it leads to the object, a symlink included. */
static const char *proc(struct object *object) {
  if (object->proc[0] == 0 && !proc_path(object->proc, object->dir, object->name)) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  return object->proc;
}

static ssize_t object_get(struct object *object, const char *attribute, void *value, size_t size) {
  if (is_empty(object)) {
    ssize_t count = fgetxattr(object->dir, attribute, value, size);
    if (count >= 0 || errno != EBADF || object->dir < 0) return count;
    return getxattr(proc(object), attribute, value, size);
  }
  if (!object->self->no_xattrat) {
    struct args args = {.value = (uintptr_t)value, .size = (uint32_t)size};
    long count = syscall(SYS_GETXATTRAT, object->dir, object->name, AT_SYMLINK_NOFOLLOW, attribute, &args, sizeof args);
    if (!learn(object, count)) return count;
  }
  const char *path = object->dir == AT_FDCWD ? object->name : proc(object);
  return path == NULL ? -1 : lgetxattr(path, attribute, value, size);
}

static ssize_t object_list(struct object *object, char *names, size_t size) {
  if (is_empty(object)) {
    ssize_t count = flistxattr(object->dir, names, size);
    if (count >= 0 || errno != EBADF || object->dir < 0) return count;
    return listxattr(proc(object), names, size);
  }
  if (!object->self->no_xattrat) {
    long count = syscall(SYS_LISTXATTRAT, object->dir, object->name, AT_SYMLINK_NOFOLLOW, names, size);
    if (!learn(object, count)) return count;
  }
  const char *path = object->dir == AT_FDCWD ? object->name : proc(object);
  return path == NULL ? -1 : llistxattr(path, names, size);
}

static int object_set(struct object *object, const char *attribute, const void *value, size_t size, int flags) {
  if (is_empty(object)) {
    int done = fsetxattr(object->dir, attribute, value, size, flags);
    if (done >= 0 || errno != EBADF || object->dir < 0) return done;
    return setxattr(proc(object), attribute, value, size, flags);
  }
  if (!object->self->no_xattrat) {
    struct args args = {.value = (uintptr_t)value, .size = (uint32_t)size, .flags = (uint32_t)flags};
    long done = syscall(SYS_SETXATTRAT, object->dir, object->name, AT_SYMLINK_NOFOLLOW, attribute, &args, sizeof args);
    if (!learn(object, done)) return (int)done;
  }
  const char *path = object->dir == AT_FDCWD ? object->name : proc(object);
  return path == NULL ? -1 : lsetxattr(path, attribute, value, size, flags);
}

static int object_remove(struct object *object, const char *attribute) {
  if (is_empty(object)) {
    int done = fremovexattr(object->dir, attribute);
    if (done >= 0 || errno != EBADF || object->dir < 0) return done;
    return removexattr(proc(object), attribute);
  }
  if (!object->self->no_xattrat) {
    long done = syscall(SYS_REMOVEXATTRAT, object->dir, object->name, AT_SYMLINK_NOFOLLOW, attribute);
    if (!learn(object, done)) return (int)done;
  }
  const char *path = object->dir == AT_FDCWD ? object->name : proc(object);
  return path == NULL ? -1 : lremovexattr(path, attribute);
}

/* Calls `get` with a small buffer, and once more with the largest; *bytes is `small`, or is freed by the caller. */
static ssize_t get_all(struct object *object, const char *attribute, char *small, size_t size, char **bytes) {
  *bytes = small;
  ssize_t count = attribute != NULL ? object_get(object, attribute, small, size) : object_list(object, small, size);
  if (count >= 0 || errno != ERANGE) return count;
  if ((*bytes = malloc(XATTR_SIZE_MAX)) == NULL) {
    *bytes = small;
    errno = ENOMEM;
    return -1;
  }
  return attribute != NULL ? object_get(object, attribute, *bytes, XATTR_SIZE_MAX)
                           : object_list(object, *bytes, XATTR_SIZE_MAX);
}

/* (dir, name, attribute): a Buffer, or a number. */
napi_value strata_getxattr(napi_env env, napi_callback_info info) {
  ARGS(3);
  struct object object;
  path_buffer attribute;
  int bad = object_read(env, self, argv[0], argv[1], &object);
  if (bad == 0) bad = arg_path(env, argv[2], attribute);
  if (bad < 0) return result(env, bad);
  char small[1024], *bytes;
  ssize_t count = get_all(&object, attribute, small, sizeof small, &bytes);
  napi_value value;
  if (count < 0) {
    value = result(env, -errno);
  } else {
    napi_create_buffer_copy(env, (size_t)count, bytes, NULL, &value);
  }
  if (bytes != small) free(bytes);
  return value;
}

/* (dir, name): the names with their NULs in one string, or a number. */
napi_value strata_listxattr(napi_env env, napi_callback_info info) {
  ARGS(2);
  struct object object;
  int bad = object_read(env, self, argv[0], argv[1], &object);
  if (bad < 0) return result(env, bad);
  char small[1024], *bytes;
  ssize_t count = get_all(&object, NULL, small, sizeof small, &bytes);
  napi_value value;
  if (count < 0) {
    value = result(env, -errno);
  } else {
    napi_create_string_latin1(env, bytes, (size_t)count, &value);
  }
  if (bytes != small) free(bytes);
  return value;
}

/* (dir, name, attribute, value, flags) */
napi_value strata_setxattr(napi_env env, napi_callback_info info) {
  ARGS(5);
  struct object object;
  path_buffer attribute;
  int bad = object_read(env, self, argv[0], argv[1], &object);
  if (bad == 0) bad = arg_path(env, argv[2], attribute);
  if (bad < 0) return result(env, bad);
  void *value;
  size_t size;
  if (napi_get_buffer_info(env, argv[3], &value, &size) != napi_ok) return result(env, -EINVAL);
  return result_of(env, object_set(&object, attribute, value, size, arg_int(env, argv[4])));
}

/* (dir, name, attribute) */
napi_value strata_removexattr(napi_env env, napi_callback_info info) {
  ARGS(3);
  struct object object;
  path_buffer attribute;
  int bad = object_read(env, self, argv[0], argv[1], &object);
  if (bad == 0) bad = arg_path(env, argv[2], attribute);
  if (bad < 0) return result(env, bad);
  return result_of(env, object_remove(&object, attribute));
}

/* The bits of `mark` in host-fs.ts. */
static const struct {
  const char *name;
  int bit;
} known_marks[] = {
    {"opaque", 1},  {"redirect", 2}, {"metacopy", 4},  {"origin", 8},
    {"impure", 16}, {"nlink", 32},   {"whiteout", 64},
};
#define MARK_FOREIGN 128
#define MARK_OTHER 256

static int mark_of(const char *attribute, const char *prefix, size_t length) {
  if (strncmp(attribute, prefix, length) != 0) return MARK_FOREIGN;
  for (size_t at = 0; at < sizeof known_marks / sizeof known_marks[0]; at++) {
    if (strcmp(attribute + length, known_marks[at].name) == 0) return known_marks[at].bit;
  }
  return MARK_OTHER;
}

/* (dir, name, prefix) */
napi_value strata_overlay_marks(napi_env env, napi_callback_info info) {
  ARGS(3);
  struct object object;
  path_buffer prefix;
  int bad = object_read(env, self, argv[0], argv[1], &object);
  if (bad == 0) bad = arg_path(env, argv[2], prefix);
  if (bad < 0) return result(env, bad);
  char small[1024], *names;
  ssize_t count = get_all(&object, NULL, small, sizeof small, &names);
  int64_t marks = count < 0 ? -errno : 0;
  size_t length = strlen(prefix);
  for (ssize_t at = 0; at < count; at += (ssize_t)strlen(names + at) + 1) {
    marks |= mark_of(names + at, prefix, length);
  }
  if (names != small) free(names);
  return result(env, marks);
}
