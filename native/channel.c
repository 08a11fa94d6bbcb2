/*
 * The FUSE device on the event loop. What costs is waking a sleeping thread, so a readable device is
 * drained: one read, one call, one write per request, until there is none; then what can wait until
 * no client does is done, and the device is asked again and again for a short while before the loop
 * sleeps. The drain is bounded, so that timers and finished jobs get their turn. Of what it reads it knows
 * only what repeats.c answers.
 */
#include "strata.h"

#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* A drain ends after so many requests, or so long. */
#define DRAIN_REQUESTS 128
#define DRAIN_NS 2000000u
/* After so many a drain looks whether others of the event loop wait: the channels of other mounts. */
#define FAIR_REQUESTS 8

/* include/uapi/linux/fuse.h since 6.9. */
struct backing_map {
  int32_t fd;
  uint32_t flags;
  uint64_t padding;
};
#define IOC_BACKING_OPEN _IOW(229, 1, struct backing_map)
#define IOC_BACKING_CLOSE _IOW(229, 2, uint32_t)

/* The heads of a request and of a reply, same file: all that an answer of EIO needs. */
struct in_header {
  uint32_t length, opcode;
  uint64_t unique;
};
struct out_header {
  uint32_t length;
  int32_t error;
  uint64_t unique;
};

struct channel {
  struct instance *self;
  napi_env env;
  int fd;
  /* For how long to wait for the next request awake: at most, and by now. */
  uint64_t spin_most, spin;
  /* When the last drain ended. */
  uint64_t rested;
  uint8_t *request;
  size_t request_size;
  uint8_t *reply;
  size_t reply_size;
  napi_ref request_ref, reply_ref, bare_ref, on_request, on_end, on_idle;
  napi_async_context context; /* there as long as `poll` is */
  napi_async_cleanup_hook_handle cleanup;
  uv_poll_t poll;
  bool polling;   /* `poll` is initialised and not yet closed */
  bool reading;
  struct repeats *repeats; /* NULL: everything is for JavaScript */
  struct passage passage;
  bool wants_idle; /* call `on_idle` when there is no request */
  unsigned references; /* one of the JavaScript object, one of `poll` */
};

static void release(struct channel *channel) {
  if (--channel->references > 0) return;
  free(channel->repeats);
  free(channel);
}

static void on_poll_closed(uv_handle_t *handle) {
  struct channel *channel = handle->data;
  /* No drain is under way, and none will begin. */
  napi_async_destroy(channel->env, channel->context);
  if (channel->cleanup != NULL) napi_remove_async_cleanup_hook(channel->cleanup);
  release(channel);
}

static void stop(struct channel *channel) {
  if (!channel->reading) return;
  channel->reading = false;
  channel->self->channels--;
  uv_poll_stop(&channel->poll);
}

static void on_cleanup(napi_async_cleanup_hook_handle handle, void *argument) {
  struct channel *channel = argument;
  stop(channel);
  if (!channel->polling) return;
  channel->polling = false;
  uv_close((uv_handle_t *)&channel->poll, on_poll_closed);
}

static void drop(napi_env env, napi_ref *reference) {
  if (*reference != NULL) napi_delete_reference(env, *reference);
  *reference = NULL;
}

/* The state of one drain. */
struct drain {
  napi_callback_scope callbacks;
  napi_value resource, receiver, on_request;
  unsigned count;
  uint64_t deadline, spin_until;
  bool owing; /* a request since the last microtasks will be answered later, perhaps by one of them */
};

static void call_end(struct channel *channel, int error) {
  stop(channel);
  napi_value on_end, undefined, argument = result(channel->env, error);
  napi_get_undefined(channel->env, &undefined);
  if (channel->on_end == NULL || napi_get_reference_value(channel->env, channel->on_end, &on_end) != napi_ok) return;
  napi_call_function(channel->env, undefined, on_end, 1, &argument, NULL);
}

static void answer_eio(struct channel *channel, const struct in_header *request) {
  struct out_header header = {.length = sizeof header, .error = -EIO, .unique = request->unique};
  if (write(channel->fd, &header, sizeof header) < 0) return;
}

/* One request is in the buffer. */
static void handle(struct channel *channel, struct drain *drain, ssize_t length) {
  napi_env env = channel->env;
  /* The buffer may be another one after the call. */
  struct in_header request;
  memcpy(&request, channel->request, sizeof request);
  napi_handle_scope handles;
  napi_open_handle_scope(env, &handles);
  napi_value argument = result(env, length), answer;
  int32_t size = 0;
  if (napi_call_function(env, drain->receiver, drain->on_request, 1, &argument, &answer) != napi_ok) {
    napi_value thrown;
    napi_get_and_clear_last_exception(env, &thrown);
    if (channel->fd >= 0) answer_eio(channel, &request);
  } else {
    napi_get_value_int32(env, answer, &size);
  }
  napi_close_handle_scope(env, handles);
  if (size <= 0) {
    drain->owing = true;
    return;
  }
  if (channel->fd < 0 || (size_t)size > channel->reply_size) return;
  /* ENOENT: interrupted, or the answer to a FORGET. Another refusal would leave a process waiting for ever. */
  if (write(channel->fd, channel->reply, (size_t)size) < 0 && errno != ENOENT && errno != ENODEV) {
    answer_eio(channel, &request);
  }
}

/* One piece of what no client waits for. */
static void call_idle(struct channel *channel, struct drain *drain) {
  napi_env env = channel->env;
  napi_handle_scope handles;
  napi_value on_idle;
  channel->wants_idle = false;
  napi_open_handle_scope(env, &handles);
  if (channel->on_idle != NULL && napi_get_reference_value(env, channel->on_idle, &on_idle) == napi_ok &&
      napi_call_function(env, drain->receiver, on_idle, 0, NULL, NULL) != napi_ok) {
    napi_value thrown;
    napi_get_and_clear_last_exception(env, &thrown);
  }
  napi_close_handle_scope(env, handles);
}

/*
 * Whether something else waits for the event loop, which its epoll descriptor tells without an answer being taken
 * from it. With one channel there is nobody to be fair to, and the question would cost as much as a request.
 */
static bool others_wait(struct channel *channel) {
  uv_loop_t *loop;
  if (channel->self->channels < 2 || napi_get_uv_event_loop(channel->env, &loop) != napi_ok) return false;
  struct pollfd loop_fd = {.fd = uv_backend_fd(loop), .events = POLLIN};
  return poll(&loop_fd, 1, 0) > 0;
}

/* Nothing to read: whether to ask again. */
static bool waits(struct channel *channel, struct drain *drain) {
  if (channel->wants_idle) {
    call_idle(channel, drain);
    return channel->reading;
  }
  if (drain->owing) {
    /* Microtasks first: the reply that a client waits for may come out of them. */
    drain->owing = false;
    napi_close_callback_scope(channel->env, drain->callbacks);
    napi_open_callback_scope(channel->env, drain->resource, channel->context, &drain->callbacks);
    return channel->reading;
  }
  if (drain->count == 0 || channel->spin == 0 || pool_has_done(channel->self)) return false;
  /* Where every processor is busy, the next one to run may be the client, or another server that it asks. */
  sched_yield();
  uint64_t now = monotonic_ns();
  if (drain->spin_until == 0) drain->spin_until = now + channel->spin;
  if (now >= drain->spin_until) {
    channel->spin = channel->spin < channel->spin_most / 4 ? 0 : channel->spin / 2;
    return false;
  }
  return now < drain->deadline && !others_wait(channel);
}

/*
 * Waiting awake is worth it where the next request comes soon; on a busy machine, where the client waits for a
 * processor first, it takes that processor's time. So, as a hypervisor does before it lets a processor halt
 * (Documentation/virt/kvm/halt-polling.rst), it is for longer after each request that came soon, and for less after each wait in vain.
 */
static void note_arrival(struct channel *channel, uint64_t now) {
  if (now - channel->rested >= channel->spin_most) return;
  channel->spin = channel->spin == 0 ? channel->spin_most / 4 : channel->spin * 2;
  if (channel->spin > channel->spin_most) channel->spin = channel->spin_most;
}

static void drain_requests(struct channel *channel, struct drain *drain) {
  while (channel->reading) {
    ssize_t length = read(channel->fd, channel->request, channel->request_size);
    if (length > 0) {
      drain->spin_until = 0;
      drain->count++;
      if (channel->repeats == NULL || !repeats_answer(channel->repeats, channel->fd, channel->request, (size_t)length)) {
        handle(channel, drain, length);
      }
      if (pool_has_done(channel->self) || drain->count >= DRAIN_REQUESTS || monotonic_ns() >= drain->deadline) return;
      /* This descriptor is likely to be ready as well: then the loop comes back at once. */
      if (drain->count % FAIR_REQUESTS == 0 && others_wait(channel)) return;
      continue;
    }
    int error = length == 0 ? ENODEV : errno;
    if (error == EAGAIN) {
      if (!waits(channel, drain)) return;
      continue;
    }
    /* ENOENT: the request was taken back while it was being copied. */
    if (error == EINTR || error == ENOENT) continue;
    call_end(channel, error == ENODEV ? 0 : error);
  }
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  struct channel *channel = poll->data;
  napi_env env = channel->env;
  napi_handle_scope handles;
  uint64_t now = monotonic_ns();
  struct drain drain = {.deadline = now + DRAIN_NS};
  note_arrival(channel, now);
  napi_open_handle_scope(env, &handles);
  napi_create_object(env, &drain.resource);
  napi_get_undefined(env, &drain.receiver);
  napi_get_reference_value(env, channel->on_request, &drain.on_request);
  channel->references++;
  napi_open_callback_scope(env, drain.resource, channel->context, &drain.callbacks);
  drain_requests(channel, &drain);
  while (channel->wants_idle) call_idle(channel, &drain);
  /* libuv has given up on the descriptor, and would say nothing any more. */
  if (status < 0 && channel->reading) call_end(channel, EIO);
  /* Microtasks run here. */
  napi_close_callback_scope(env, drain.callbacks);
  napi_close_handle_scope(env, handles);
  channel->rested = monotonic_ns();
  release(channel);
}

static void on_unmap(napi_env env, void *data, void *hint) { munmap(data, (size_t)(uintptr_t)hint); }

/* (size): a zeroed Buffer that begins on a page. */
napi_value strata_allocate_buffer(napi_env env, napi_callback_info info) {
  ARGS(1);
  size_t size = (size_t)arg_long(env, argv[0]);
  void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return result(env, -errno);
  napi_value buffer;
  if (napi_create_external_buffer(env, size, data, on_unmap, (void *)(uintptr_t)size, &buffer) != napi_ok) {
    munmap(data, size);
    return result(env, -ENOMEM);
  }
  return buffer;
}

/* (buffer, from): gives the pages back that begin at the page boundary `from`; they read as zeros. */
napi_value strata_empty_buffer(napi_env env, napi_callback_info info) {
  ARGS(2);
  void *data;
  size_t size;
  int64_t from = arg_long(env, argv[1]);
  if (napi_get_buffer_info(env, argv[0], &data, &size) != napi_ok || from < 0 || (uint64_t)from > size) {
    return result(env, -EINVAL);
  }
  return result_of(env, madvise((uint8_t *)data + from, size - (size_t)from, MADV_DONTNEED));
}

static struct channel *arg_channel(napi_env env, napi_value value) {
  void *channel = NULL;
  napi_get_value_external(env, value, &channel);
  return channel;
}

struct repeats *arg_repeats(napi_env env, napi_value value) {
  struct channel *channel = arg_channel(env, value);
  return channel == NULL ? NULL : channel->repeats;
}

static void on_finalize(napi_env env, void *data, void *hint) {
  struct channel *channel = data;
  /* Nobody can stop it any more. */
  on_cleanup(NULL, channel);
  if (channel->fd >= 0) close(channel->fd);
  passage_close(&channel->passage);
  channel->fd = -1;
  release(channel);
}

/*
 * (fd, reply, spinUs, bare): the channel; the descriptor is its own from now on, and non-blocking. `bare` is a buffer of
 * doubles for repeats.c, or none, and then everything is for JavaScript.
 */
napi_value strata_channel_open(napi_env env, napi_callback_info info) {
  ARGS(4);
  void *reply, *bare;
  size_t size, bare_size;
  if (napi_get_buffer_info(env, argv[1], &reply, &size) != napi_ok) return result(env, -EINVAL);
  bool repeats = napi_get_buffer_info(env, argv[3], &bare, &bare_size) == napi_ok && bare_size >= sizeof(double);
  struct channel *channel = calloc(1, sizeof *channel);
  if (channel == NULL) return result(env, -ENOMEM);
  if (repeats && (channel->repeats = repeats_create(bare, bare_size / sizeof(double))) == NULL) {
    free(channel);
    return result(env, -ENOMEM);
  }
  if (repeats) napi_create_reference(env, argv[3], 1, &channel->bare_ref);
  channel->self = self;
  channel->env = env;
  channel->fd = arg_int(env, argv[0]);
  channel->reply = reply;
  channel->reply_size = size;
  channel->spin_most = channel->spin = (uint64_t)arg_uint(env, argv[2]) * 1000;
  channel->references = 1;
  napi_create_reference(env, argv[1], 1, &channel->reply_ref);
  napi_value external;
  napi_create_external(env, channel, on_finalize, NULL, &external);
  return external;
}

/* (channel, buffer) */
napi_value strata_channel_set_request(napi_env env, napi_callback_info info) {
  ARGS(2);
  struct channel *channel = arg_channel(env, argv[0]);
  void *data;
  size_t size;
  if (channel == NULL || napi_get_buffer_info(env, argv[1], &data, &size) != napi_ok) return result(env, -EINVAL);
  drop(env, &channel->request_ref);
  napi_create_reference(env, argv[1], 1, &channel->request_ref);
  channel->request = data;
  channel->request_size = size;
  return result(env, 0);
}

/* (channel, onRequest, onEnd, onIdle) */
napi_value strata_channel_start(napi_env env, napi_callback_info info) {
  ARGS(4);
  struct channel *channel = arg_channel(env, argv[0]);
  uv_loop_t *loop;
  if (channel == NULL || channel->fd < 0 || channel->polling || channel->request == NULL) return result(env, -EINVAL);
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return result(env, -EINVAL);
  int bad = uv_poll_init(loop, &channel->poll, channel->fd);
  if (bad < 0) return result(env, bad);
  channel->poll.data = channel;
  channel->polling = true;
  channel->references++;
  napi_create_reference(env, argv[1], 1, &channel->on_request);
  napi_create_reference(env, argv[2], 1, &channel->on_end);
  napi_create_reference(env, argv[3], 1, &channel->on_idle);
  napi_value name;
  napi_create_string_utf8(env, "strata:channel", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &channel->context);
  napi_add_async_cleanup_hook(env, on_cleanup, channel, &channel->cleanup);
  channel->reading = true;
  self->channels++;
  return result(env, uv_poll_start(&channel->poll, UV_READABLE, on_readable));
}

/* (channel): asks for one call of onIdle, at the latest at the end of the drain that is under way. */
napi_value strata_channel_want_idle(napi_env env, napi_callback_info info) {
  ARGS(1);
  struct channel *channel = arg_channel(env, argv[0]);
  if (channel != NULL) channel->wants_idle = true;
  return result(env, 0);
}

napi_value strata_channel_stop(napi_env env, napi_callback_info info) {
  ARGS(1);
  struct channel *channel = arg_channel(env, argv[0]);
  if (channel != NULL) stop(channel);
  return result(env, 0);
}

napi_value strata_channel_close(napi_env env, napi_callback_info info) {
  ARGS(1);
  struct channel *channel = arg_channel(env, argv[0]);
  if (channel == NULL || channel->fd < 0) return result(env, 0);
  on_cleanup(NULL, channel);
  close(channel->fd);
  passage_close(&channel->passage);
  channel->fd = -1;
  drop(env, &channel->request_ref);
  drop(env, &channel->reply_ref);
  drop(env, &channel->bare_ref);
  drop(env, &channel->on_request);
  drop(env, &channel->on_end);
  drop(env, &channel->on_idle);
  return result(env, 0);
}

/* (channel, message, length) */
napi_value strata_channel_send(napi_env env, napi_callback_info info) {
  ARGS(3);
  struct channel *channel = arg_channel(env, argv[0]);
  int64_t length = arg_long(env, argv[2]);
  uint8_t *bytes = arg_bytes(env, argv[1], 0, length);
  if (channel == NULL || bytes == NULL) return result(env, -EFAULT);
  if (channel->fd < 0) return result(env, -ENODEV);
  ssize_t count = write(channel->fd, bytes, (size_t)length);
  return result(env, count < 0 ? -errno : 0);
}

static int64_t run_send(struct job *job) {
  int64_t done = write(job->fd, job->bytes, (size_t)job->length) < 0 ? -errno : 0;
  close(job->fd);
  return done;
}

/* (channel, message, length) */
napi_value strata_channel_send_async(napi_env env, napi_callback_info info) {
  ARGS(3);
  struct channel *channel = arg_channel(env, argv[0]);
  int64_t length = arg_long(env, argv[2]);
  uint8_t *bytes = arg_bytes(env, argv[1], 0, length);
  if (channel == NULL || bytes == NULL) return job_refused(env, -EFAULT);
  if (channel->fd < 0) return job_refused(env, -ENODEV);
  /* A descriptor of its own: the channel's number may be somebody else's by the time the job runs. */
  int fd = fcntl(channel->fd, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return job_refused(env, -errno);
  struct job *job = job_create(LANE_NOTIFY, run_send);
  job->fd = fd;
  job->bytes = bytes;
  job->length = length;
  job_keep(env, job, 0, argv[1]);
  return job_submit(env, self, job);
}

/* (channel, fd, position, length): whether the read that is in the buffer has been answered with data of `fd`. */
napi_value strata_channel_reply_data(napi_env env, napi_callback_info info) {
  ARGS(4);
  struct channel *channel = arg_channel(env, argv[0]);
  if (channel == NULL || channel->fd < 0) return result(env, 0);
  uint64_t unique = ((struct in_header *)channel->request)->unique;
  return result(env, passage_reply(&channel->passage, channel->fd, unique, arg_int(env, argv[1]), arg_long(env, argv[2]),
                                   arg_long(env, argv[3])));
}

/* (channel): it is opened again for the next large read. */
napi_value strata_channel_close_passage(napi_env env, napi_callback_info info) {
  ARGS(1);
  struct channel *channel = arg_channel(env, argv[0]);
  if (channel != NULL) passage_close(&channel->passage);
  return result(env, 0);
}

/* (channel, fd): a backing id. */
napi_value strata_backing_open(napi_env env, napi_callback_info info) {
  ARGS(2);
  struct channel *channel = arg_channel(env, argv[0]);
  if (channel == NULL || channel->fd < 0) return result(env, -ENODEV);
  struct backing_map map = {.fd = arg_int(env, argv[1])};
  return result_of(env, ioctl(channel->fd, IOC_BACKING_OPEN, &map));
}

/* (channel, id) */
napi_value strata_backing_close(napi_env env, napi_callback_info info) {
  ARGS(2);
  struct channel *channel = arg_channel(env, argv[0]);
  if (channel == NULL || channel->fd < 0) return result(env, -ENODEV);
  uint32_t id = arg_uint(env, argv[1]);
  return result_of(env, ioctl(channel->fd, IOC_BACKING_CLOSE, &id));
}
