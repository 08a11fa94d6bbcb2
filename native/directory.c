/* A whole directory in one call, as three arrays. */
#include "strata.h"

#define LISTING_SIZE (256 << 10)
/* Handles are given back after so many strings. */
#define SCOPE 1024

/* struct linux_dirent64 of getdents64(2). */
struct entry {
  uint64_t ino;
  int64_t offset;
  uint16_t size;
  uint8_t type;
  char name[];
};

/* The raw entries but for . and .., one after another. */
struct raw {
  char *bytes;
  size_t used, room;
  uint32_t count;
};

static bool is_dot(const char *name) {
  return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

static int keep(struct raw *raw, const struct entry *entry) {
  if (raw->room - raw->used < entry->size) {
    size_t room = raw->room == 0 ? 4096 : raw->room * 2;
    char *bytes = realloc(raw->bytes, room);
    if (bytes == NULL) return -ENOMEM;
    raw->bytes = bytes;
    raw->room = room;
  }
  memcpy(raw->bytes + raw->used, entry, entry->size);
  raw->used += entry->size;
  raw->count++;
  return 0;
}

static int read_all(int fd, char *buffer, struct raw *raw) {
  if (lseek(fd, 0, SEEK_SET) < 0) return -errno;
  for (;;) {
    long length = syscall(SYS_getdents64, fd, buffer, LISTING_SIZE);
    if (length < 0) {
      /* A directory that was removed: empty. */
      if (errno == ENOENT) return 0;
      return -errno;
    }
    if (length == 0) return 0;
    for (long at = 0; at < length;) {
      const struct entry *entry = (const struct entry *)(buffer + at);
      if (!is_dot(entry->name)) {
        int bad = keep(raw, entry);
        if (bad < 0) return bad;
      }
      at += entry->size;
    }
  }
}

static void fill(napi_env env, const struct raw *raw, napi_value names, uint8_t *types, uint64_t *inos) {
  size_t at = 0;
  for (uint32_t index = 0; index < raw->count;) {
    napi_handle_scope scope;
    napi_open_handle_scope(env, &scope);
    for (uint32_t end = index + SCOPE; index < end && index < raw->count; index++) {
      const struct entry *entry = (const struct entry *)(raw->bytes + at);
      napi_value name;
      napi_create_string_latin1(env, entry->name, NAPI_AUTO_LENGTH, &name);
      napi_set_element(env, names, index, name);
      types[index] = entry->type;
      inos[index] = entry->ino;
      at += entry->size;
    }
    napi_close_handle_scope(env, scope);
  }
}

/* (fd): {names, types, inos}, or a number. An inode number is two elements, the lower half first. */
napi_value strata_list_directory(napi_env env, napi_callback_info info) {
  ARGS(1);
  if (self->listing == NULL && (self->listing = malloc(LISTING_SIZE)) == NULL) return result(env, -ENOMEM);
  struct raw raw = {0};
  int bad = read_all(arg_int(env, argv[0]), self->listing, &raw);
  if (bad < 0) {
    free(raw.bytes);
    return result(env, bad);
  }
  napi_value listing, names, buffer, types, inos;
  void *memory = NULL;
  /* One buffer for both: the inode numbers first, for their alignment. */
  if (napi_create_object(env, &listing) != napi_ok ||
      napi_create_array_with_length(env, raw.count, &names) != napi_ok ||
      napi_create_arraybuffer(env, (size_t)raw.count * 9, &memory, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_uint32_array, (size_t)raw.count * 2, buffer, 0, &inos) != napi_ok ||
      napi_create_typedarray(env, napi_uint8_array, raw.count, buffer, (size_t)raw.count * 8, &types) != napi_ok) {
    free(raw.bytes);
    return result(env, -ENOMEM);
  }
  fill(env, &raw, names, (uint8_t *)memory + (size_t)raw.count * 8, memory);
  free(raw.bytes);
  napi_set_named_property(env, listing, "names", names);
  napi_set_named_property(env, listing, "types", types);
  napi_set_named_property(env, listing, "inos", inos);
  return listing;
}
