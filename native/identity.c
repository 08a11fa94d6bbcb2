/*
 * Who creates files: the file system ids of the calling thread (setfsuid(2) and setfsgid(2) are per
 * thread as raw system calls) and the umask of the process. Leaving uid 0 takes the file system
 * capabilities out of the effective set (capabilities(7)); they are put back at once, and nothing else
 * is changed: the securebit that would spare this call is inherited by children, who would then
 * keep capabilities over their own setuid(2). A process that may not change its ids keeps them.
 */
#include "strata.h"

#include <linux/capability.h>
#include <sys/stat.h>

static void prepare(struct identity *identity) {
  identity->ready = true;
  identity->own_uid = identity->uid = geteuid();
  identity->own_gid = identity->gid = getegid();
  identity->umask = umask(0);
  umask(identity->umask);
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct *caps = identity->caps;
  unsigned wanted = CAP_TO_MASK(CAP_SETUID) | CAP_TO_MASK(CAP_SETGID);
  identity->privileged = syscall(SYS_capget, &head, caps) == 0 && (caps[0].effective & wanted) == wanted;
}

static void change(struct identity *identity, uid_t uid, gid_t gid, mode_t mask) {
  if (identity->umask != mask) {
    umask(mask);
    identity->umask = mask;
  }
  if (!identity->privileged) return;
  if (identity->gid != gid) {
    syscall(SYS_setfsgid, gid);
    identity->gid = gid;
  }
  if (identity->uid != uid) {
    bool left_root = identity->uid == 0;
    syscall(SYS_setfsuid, uid);
    identity->uid = uid;
    /* The way back to 0 raises them by itself. */
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    if (left_root) syscall(SYS_capset, &head, identity->caps);
  }
}

/* (uid, gid, umask) */
napi_value strata_assume(napi_env env, napi_callback_info info) {
  ARGS(3);
  if (!self->identity.ready) prepare(&self->identity);
  change(&self->identity, arg_uint(env, argv[0]), arg_uint(env, argv[1]), (mode_t)arg_uint(env, argv[2]) & 0777);
  return result(env, 0);
}

napi_value strata_assume_none(napi_env env, napi_callback_info info) {
  ARGS(1);
  if (!self->identity.ready) prepare(&self->identity);
  change(&self->identity, self->identity.own_uid, self->identity.own_gid, 0);
  return result(env, 0);
}

void identity_reset_thread(void) {
  /* A new thread has the ids of the one that made it, which may have been somebody else's just then. */
  syscall(SYS_setfsgid, getegid());
  syscall(SYS_setfsuid, geteuid());
}
