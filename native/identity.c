/*
 * Who creates files: the file system ids of the calling thread (setfsuid(2) and setfsgid(2) are per
 * thread as raw system calls) and the umask of the process. Capabilities stay, by
 * SECBIT_NO_SETUID_FIXUP; where that bit may not be set they are raised again after each change,
 * which only needs the permitted set. A process that may not change its ids keeps them.
 */
#include "strata.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/stat.h>

struct caps {
  struct __user_cap_header_struct head;
  struct __user_cap_data_struct data[2];
};

static bool caps_get(struct caps *caps) {
  caps->head.version = _LINUX_CAPABILITY_VERSION_3;
  caps->head.pid = 0;
  return syscall(SYS_capget, &caps->head, caps->data) == 0;
}

static void caps_raise(void) {
  struct caps caps;
  if (!caps_get(&caps)) return;
  caps.data[0].effective = caps.data[0].permitted;
  caps.data[1].effective = caps.data[1].permitted;
  syscall(SYS_capset, &caps.head, caps.data);
}

static void prepare(struct identity *identity) {
  identity->ready = true;
  identity->own_uid = identity->uid = geteuid();
  identity->own_gid = identity->gid = getegid();
  identity->umask = umask(0);
  umask(identity->umask);
  struct caps caps;
  unsigned wanted = CAP_TO_MASK(CAP_SETUID) | CAP_TO_MASK(CAP_SETGID);
  identity->privileged = caps_get(&caps) && (caps.data[0].effective & wanted) == wanted;
  if (!identity->privileged) return;
  int bits = prctl(PR_GET_SECUREBITS);
  identity->keeps_caps = bits >= 0 && ((bits & SECBIT_NO_SETUID_FIXUP) != 0 ||
                                       prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP) == 0);
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
    syscall(SYS_setfsuid, uid);
    identity->uid = uid;
    if (!identity->keeps_caps) caps_raise();
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
  ARGS(0 + 1);
  if (!self->identity.ready) prepare(&self->identity);
  change(&self->identity, self->identity.own_uid, self->identity.own_gid, 0);
  return result(env, 0);
}

void identity_reset_thread(void) {
  /* A new thread has the ids of the one that made it, which may have been somebody else's just then. */
  syscall(SYS_setfsgid, getegid());
  syscall(SYS_setfsuid, geteuid());
}
