/* The table of what the addon exports; src/os/addon.ts holds the same table as types. */
#include "strata.h"

#define STAT_FIELDS 21

struct export {
  const char *name;
  napi_callback function;
};

static const struct export exports_table[] = {
    {"openat", strata_openat},
    {"openat2", strata_openat2},
    {"reopen", strata_reopen},
    {"close", strata_close},
    {"getFlags", strata_get_flags},
    {"getFlagsAt", strata_get_flags_at},
    {"setFlags", strata_set_flags},
    {"nameToHandle", strata_name_to_handle},
    {"openByHandle", strata_open_by_handle},
    {"fsUuid", strata_fs_uuid},
    {"mkdirat", strata_mkdirat},
    {"mknodat", strata_mknodat},
    {"symlinkat", strata_symlinkat},
    {"linkat", strata_linkat},
    {"unlinkat", strata_unlinkat},
    {"renameat2", strata_renameat2},
    {"readlinkat", strata_readlinkat},
    {"fchmodat", strata_fchmodat},
    {"fchownat", strata_fchownat},
    {"utimensat", strata_utimensat},
    {"ftruncate", strata_ftruncate},
    {"fallocate", strata_fallocate},
    {"lseek", strata_lseek},
    {"pread", strata_pread},
    {"pwrite", strata_pwrite},
    {"copyFileRange", strata_copy_file_range},
    {"copyData", strata_copy_data},
    {"statx", strata_statx},
    {"statxApart", strata_statx_apart},
    {"statfs", strata_statfs},
    {"listDirectory", strata_list_directory},
    {"getxattr", strata_getxattr},
    {"listxattr", strata_listxattr},
    {"setxattr", strata_setxattr},
    {"removexattr", strata_removexattr},
    {"overlayMarks", strata_overlay_marks},
    {"assume", strata_assume},
    {"assumeNone", strata_assume_none},
    {"preadAsync", strata_pread_async},
    {"pwriteAsync", strata_pwrite_async},
    {"fsyncAsync", strata_fsync_async},
    {"fgetxattrAsync", strata_fgetxattr_async},
    {"syncfsAsync", strata_syncfs_async},
    {"fallocateAsync", strata_fallocate_async},
    {"ftruncateAsync", strata_ftruncate_async},
    {"closeApart", strata_close_apart},
    {"copyFileRangeAsync", strata_copy_file_range_async},
    {"copyDataAsync", strata_copy_data_async},
    {"allocateBuffer", strata_allocate_buffer},
    {"emptyBuffer", strata_empty_buffer},
    {"channelOpen", strata_channel_open},
    {"channelSetRequest", strata_channel_set_request},
    {"channelStart", strata_channel_start},
    {"channelStop", strata_channel_stop},
    {"channelWantIdle", strata_channel_want_idle},
    {"channelClose", strata_channel_close},
    {"channelSend", strata_channel_send},
    {"channelSendAsync", strata_channel_send_async},
    {"channelReplyData", strata_channel_reply_data},
    {"channelClosePassage", strata_channel_close_passage},
    {"repeatsBegin", strata_repeats_begin},
    {"repeatsEnd", strata_repeats_end},
    {"repeatsAnswered", strata_repeats_answered},
    {"backingOpen", strata_backing_open},
    {"backingClose", strata_backing_close},
    {"mount", strata_mount},
    {"umount", strata_umount},
    {"fsopen", strata_fsopen},
    {"fsconfig", strata_fsconfig},
    {"fsmount", strata_fsmount},
    {"moveMount", strata_move_mount},
    {"openTree", strata_open_tree},
    {"mountSetattr", strata_mount_setattr},
    {"socketpair", strata_socketpair},
    {"receiveDescriptor", strata_receive_descriptor},
    {"setNonblocking", strata_set_nonblocking},
    {"connectPacket", strata_connect_packet},
    {"shutdown", strata_shutdown},
    {"peer", strata_peer},
    {"pidfdAlive", strata_pidfd_alive},
    {"endProcess", strata_end_process},
};

static void on_finalize(napi_env env, void *data, void *hint) {
  struct instance *self = data;
  free(self->listing);
  free(self);
}

NAPI_MODULE_INIT() {
  struct instance *self = calloc(1, sizeof *self);
  if (self == NULL) return NULL;
  self->env = env;
  napi_set_instance_data(env, self, on_finalize, NULL);
  for (size_t at = 0; at < sizeof exports_table / sizeof exports_table[0]; at++) {
    napi_value function;
    const struct export *entry = &exports_table[at];
    napi_create_function(env, entry->name, NAPI_AUTO_LENGTH, entry->function, self, &function);
    napi_set_named_property(env, exports, entry->name, function);
  }
  /* The memory lives as long as `exports` does, which the module cache keeps. */
  napi_value buffer, stat;
  void *memory;
  napi_create_arraybuffer(env, STAT_FIELDS * sizeof(double), &memory, &buffer);
  napi_create_typedarray(env, napi_float64_array, STAT_FIELDS, buffer, 0, &stat);
  napi_set_named_property(env, exports, "stat", stat);
  self->stat = memory;
  return exports;
}
