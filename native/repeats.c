/*
 * Answers that are the same each time, given without JavaScript. A file that programs open again and again (a
 * header, a module, a library) is opened for reading with the same answer as long as JavaScript says so: it has it
 * open once, and here is counted how many clients have. No file is a terminal, which many programs ask of each
 * that they open. And most have no extended attributes, of which the kernel remembers nothing: JavaScript notes the nodes
 * of which it knows that. Structs and numbers are those of include/uapi/linux/fuse.h.
 */
#include "strata.h"

#include <stddef.h>

#define OPCODE_OPEN 14
#define OPCODE_RELEASE 18
#define OPCODE_GETXATTR 22
#define OPCODE_LISTXATTR 23
#define OPCODE_IOCTL 39

/* TCGETS, include/uapi/asm-generic/ioctls.h */
#define TERMINAL_GET 0x5401

/* As many as `maxRepeated` (fuse-channel.ts). */
#define MAX_REPEATS 1024
#define BUCKETS 1024
#define NONE UINT16_MAX

struct request {
  uint32_t length, opcode;
  uint64_t unique, node;
  uint32_t uid, gid, pid;
  uint16_t extensions, padding;
  union {
    struct {
      uint32_t flags, open_flags;
    } open;
    struct {
      uint64_t fh;
    } release;
    struct {
      uint64_t fh;
      uint32_t flags, command;
    } ioctl;
    struct {
      uint32_t size, padding;
      char name[];
    } xattr;
  };
};

/* struct fuse_open_in has 8 bytes; the buffer has more. */
#define SHORTEST (offsetof(struct request, open) + 8)

struct reply {
  uint32_t length;
  int32_t error;
  uint64_t unique;
  union {
    struct {
      uint64_t fh;
      uint32_t flags;
      int32_t backing;
    } open;
    struct {
      uint32_t size, padding;
    } xattr;
  };
};
#define HEADER_BYTES offsetof(struct reply, open)

/* One node that JavaScript has open. */
struct repeat {
  uint64_t node, fh;
  uint32_t flags;
  int32_t backing;
  uint32_t count; /* clients that have it open */
  bool ending;    /* no more of them: the last release is for JavaScript */
  uint16_t next;
};

struct repeats {
  uint64_t answered[REPEATED_KINDS];
  uint16_t buckets[BUCKETS], free;
  struct repeat all[MAX_REPEATS];
  /* JavaScript's: at `node % nodes` the node, where it has no attributes, or its negative, where it has no capability. */
  const double *bare;
  size_t nodes;
};

struct repeats *repeats_create(const double *bare, size_t nodes) {
  struct repeats *repeats = calloc(1, sizeof *repeats);
  if (repeats == NULL) return NULL;
  repeats->bare = bare;
  repeats->nodes = nodes;
  for (size_t at = 0; at < BUCKETS; at++) repeats->buckets[at] = NONE;
  for (size_t at = 0; at < MAX_REPEATS; at++) repeats->all[at].next = (uint16_t)(at + 1 < MAX_REPEATS ? at + 1 : NONE);
  return repeats;
}

/* The link that leads to `node`, or the last one of its bucket. Ids are given one after the other. */
static uint16_t *find(struct repeats *repeats, uint64_t node) {
  uint16_t *link = &repeats->buckets[node % BUCKETS];
  while (*link != NONE && repeats->all[*link].node != node) link = &repeats->all[*link].next;
  return link;
}

static void drop(struct repeats *repeats, uint16_t *link) {
  uint16_t at = *link;
  *link = repeats->all[at].next;
  repeats->all[at].next = repeats->free;
  repeats->free = at;
}

/* -ENOSPC, or -EEXIST for a node some of whose opens are still to end. */
static int begin(struct repeats *repeats, struct repeat made) {
  uint16_t *link = find(repeats, made.node);
  if (*link != NONE) return -EEXIST;
  uint16_t at = repeats->free;
  if (at == NONE) return -ENOSPC;
  repeats->free = repeats->all[at].next;
  made.next = NONE;
  repeats->all[at] = made;
  *link = at;
  return 0;
}

/* Whether nobody has it open: it is gone. Otherwise the last release will be for JavaScript, but with `only_unused`, where all stays. */
static bool end(struct repeats *repeats, uint64_t node, bool only_unused) {
  uint16_t *link = find(repeats, node);
  if (*link == NONE) return false;
  struct repeat *repeat = &repeats->all[*link];
  if (only_unused && repeat->count > 0) return false;
  repeat->ending = true;
  if (repeat->count > 0) return false;
  drop(repeats, link);
  return true;
}

static size_t answer_open(struct repeats *repeats, const struct request *request, struct reply *reply) {
  if ((request->open.flags & (O_ACCMODE | O_TRUNC | O_DIRECT)) != O_RDONLY) return 0;
  uint16_t *link = find(repeats, request->node);
  if (*link == NONE || repeats->all[*link].ending) return 0;
  struct repeat *repeat = &repeats->all[*link];
  repeat->count++;
  repeats->answered[REPEATED_OPEN]++;
  reply->open.fh = repeat->fh;
  reply->open.flags = repeat->flags;
  reply->open.backing = repeat->backing;
  return sizeof *reply;
}

static size_t answer_release(struct repeats *repeats, const struct request *request) {
  uint16_t *link = find(repeats, request->node);
  if (*link == NONE) return 0;
  struct repeat *repeat = &repeats->all[*link];
  if (repeat->fh != request->release.fh || repeat->count == 0) return 0;
  repeat->count--;
  if (repeat->count == 0 && repeat->ending) {
    drop(repeats, link);
    return 0;
  }
  repeats->answered[REPEATED_RELEASE]++;
  return HEADER_BYTES;
}

/* Names that every layer lists where it has them. Others may be made up as they are asked for, by us or by the file system of a layer. */
static bool is_listed(const char *name) {
  static const char security[] = "security.";
  size_t length = sizeof security - 1;
  if (strncmp(name, security, length) == 0) return name[length] != 0;
  return strcmp(name, "system.posix_acl_access") == 0 || strcmp(name, "system.posix_acl_default") == 0;
}

static size_t answer_getxattr(struct repeats *repeats, const struct request *request, size_t length, struct reply *reply) {
  const char *name = request->xattr.name;
  double noted = repeats->bare[request->node % repeats->nodes], node = (double)request->node;
  if ((noted != node && noted != -node) || memchr(name, 0, length - offsetof(struct request, xattr.name)) == NULL) return 0;
  if (noted == node ? !is_listed(name) : strcmp(name, "security.capability") != 0) return 0;
  repeats->answered[REPEATED_GETXATTR]++;
  reply->error = -ENODATA;
  return HEADER_BYTES;
}

/* The list is empty, or, where its size is asked for, 0. */
static size_t answer_listxattr(struct repeats *repeats, const struct request *request) {
  if (repeats->bare[request->node % repeats->nodes] != (double)request->node) return 0;
  repeats->answered[REPEATED_LISTXATTR]++;
  return request->xattr.size == 0 ? HEADER_BYTES + sizeof(((struct reply *)NULL)->xattr) : HEADER_BYTES;
}

static size_t answer(struct repeats *repeats, const struct request *request, size_t length, struct reply *reply) {
  switch (request->opcode) {
    case OPCODE_OPEN:
      return answer_open(repeats, request, reply);
    case OPCODE_RELEASE:
      return answer_release(repeats, request);
    case OPCODE_GETXATTR:
      return answer_getxattr(repeats, request, length, reply);
    case OPCODE_LISTXATTR:
      return answer_listxattr(repeats, request);
    case OPCODE_IOCTL:
      if (request->ioctl.command != TERMINAL_GET) return 0;
      repeats->answered[REPEATED_IOCTL]++;
      reply->error = -ENOTTY;
      return HEADER_BYTES;
    default:
      return 0;
  }
}

bool repeats_answer(struct repeats *repeats, int fd, const uint8_t *bytes, size_t length) {
  const struct request *request = (const struct request *)bytes;
  if (length < SHORTEST) return false;
  struct reply reply = {.unique = request->unique};
  size_t size = answer(repeats, request, length, &reply);
  if (size == 0) return false;
  reply.length = (uint32_t)size;
  /* It fails once the connection has ended, which the next read tells. */
  (void)!write(fd, &reply, size);
  return true;
}

/* (channel, node, fh, flags, backingId): the node's one open for reading, just now answered so, is the first. */
napi_value strata_repeats_begin(napi_env env, napi_callback_info info) {
  ARGS(5);
  struct repeats *repeats = arg_repeats(env, argv[0]);
  if (repeats == NULL) return result(env, -ENOSYS);
  struct repeat made = {
      .node = (uint64_t)arg_long(env, argv[1]),
      .fh = (uint64_t)arg_long(env, argv[2]),
      .flags = arg_uint(env, argv[3]),
      .backing = arg_int(env, argv[4]),
      .count = 1,
  };
  return result(env, begin(repeats, made));
}

/* (channel, node, onlyUnused): 1 when nobody has it open, and 0 when the last release of it is still to come, to JavaScript; or
 * nothing has changed. */
napi_value strata_repeats_end(napi_env env, napi_callback_info info) {
  ARGS(3);
  struct repeats *repeats = arg_repeats(env, argv[0]);
  return result(env, repeats != NULL && end(repeats, (uint64_t)arg_long(env, argv[1]), arg_bool(env, argv[2])));
}

/* (channel, kind): how many were answered so, of a kind of `enum repeated`. */
napi_value strata_repeats_answered(napi_env env, napi_callback_info info) {
  ARGS(2);
  struct repeats *repeats = arg_repeats(env, argv[0]);
  uint32_t kind = arg_uint(env, argv[1]);
  return result(env, repeats == NULL || kind >= REPEATED_KINDS ? 0 : (int64_t)repeats->answered[kind]);
}
