/*
 * Our own threads for what may block: libuv has four for everybody. Threads start when they are
 * needed. Jobs run in the order in which they came, but no lane has more threads than its limit, so
 * that reads and writes find a free one however slow the disk is (LANE_SYNC), however much space is
 * given back (LANE_SPACE), and however long a notification waits for a lock of the kernel, whose holder may be waiting for a job of ours
 * (LANE_NOTIFY). Results come back to the event loop through one uv_async_t, many at a time.
 */
#include "strata.h"

#include <pthread.h>
#include <signal.h>

#define THREADS_MAX 16

static const unsigned lane_max[LANES] = {
  [LANE_WORK] = THREADS_MAX,
  [LANE_SYNC] = 8,
  [LANE_SPACE] = 2,
  [LANE_NOTIFY] = 4,
};

struct queue {
  struct job *first, **last;
};

struct pool {
  /* Nobody is woken by somebody who holds it: he would run into it at once, and sleep again. */
  pthread_mutex_t lock;
  pthread_cond_t wake, sent;
  struct queue waiting[LANES];
  struct queue done;
  uint64_t tickets;
  unsigned queued, threads, idle;
  unsigned running[LANES];
  bool stopping;      /* the environment goes away: nobody may touch `async` or `env` */
  bool has_done;      /* also read without the lock, by a channel that spins */
  unsigned sending;   /* threads that are about to wake the event loop, without the lock */
  unsigned references;
  /* Of the event loop's thread. */
  napi_env env;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  uv_async_t async;
  unsigned outstanding;
};

static void queue_init(struct queue *queue) {
  queue->first = NULL;
  queue->last = &queue->first;
}

static void queue_push(struct queue *queue, struct job *job) {
  job->next = NULL;
  *queue->last = job;
  queue->last = &job->next;
}

static struct job *queue_pop(struct queue *queue) {
  struct job *job = queue->first;
  queue->first = job->next;
  if (queue->first == NULL) queue->last = &queue->first;
  return job;
}

/* With the lock held; gives it up. */
static void release(struct pool *pool) {
  bool last = --pool->references == 0;
  pthread_mutex_unlock(&pool->lock);
  if (!last) return;
  pthread_mutex_destroy(&pool->lock);
  pthread_cond_destroy(&pool->wake);
  pthread_cond_destroy(&pool->sent);
  free(pool);
}

/* The oldest of the heads of the lanes; NULL when there is nothing that may run now. */
static struct job *pick(struct pool *pool) {
  struct queue *oldest = NULL;
  for (int lane = 0; lane < LANES; lane++) {
    struct queue *queue = &pool->waiting[lane];
    if (queue->first == NULL || pool->running[lane] == lane_max[lane]) continue;
    if (oldest == NULL || queue->first->ticket < oldest->first->ticket) oldest = queue;
  }
  if (oldest == NULL) return NULL;
  pool->queued--;
  return queue_pop(oldest);
}

/* With the lock held, which it gives up meanwhile: there are results. */
static void wake_loop(struct pool *pool) {
  if (pool->stopping) return;
  pool->sending++;
  pthread_mutex_unlock(&pool->lock);
  uv_async_send(&pool->async);
  pthread_mutex_lock(&pool->lock);
  if (--pool->sending == 0 && pool->stopping) pthread_cond_signal(&pool->sent);
}

static void *work(void *argument) {
  struct pool *pool = argument;
  identity_reset_thread();
  pthread_mutex_lock(&pool->lock);
  while (!pool->stopping) {
    struct job *job = pick(pool);
    if (job == NULL) {
      pool->idle++;
      pthread_cond_wait(&pool->wake, &pool->lock);
      pool->idle--;
      continue;
    }
    pool->running[job->lane]++;
    pthread_mutex_unlock(&pool->lock);
    job->result = job->run(job);
    pthread_mutex_lock(&pool->lock);
    pool->running[job->lane]--;
    queue_push(&pool->done, job);
    __atomic_store_n(&pool->has_done, true, __ATOMIC_RELEASE);
    wake_loop(pool);
  }
  release(pool);
  return NULL;
}

/* With the lock held. Signals are the main thread's business. Where it fails, the threads that are there go on. */
static void start_thread(struct pool *pool) {
  pthread_attr_t attributes;
  pthread_t thread;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 256 << 10);
  if (pthread_create(&thread, &attributes, work, pool) == 0) {
    pool->threads++;
    pool->references++;
  }
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void settle(napi_env env, struct job *job) {
  for (int slot = 0; slot < 2; slot++) {
    if (job->kept[slot] != NULL) napi_delete_reference(env, job->kept[slot]);
  }
  napi_resolve_deferred(env, job->deferred, result(env, job->result));
  free(job);
}

static void on_done(uv_async_t *async) {
  struct pool *pool = async->data;
  napi_env env = pool->env;
  pthread_mutex_lock(&pool->lock);
  struct job *job = pool->done.first;
  queue_init(&pool->done);
  __atomic_store_n(&pool->has_done, false, __ATOMIC_RELEASE);
  pthread_mutex_unlock(&pool->lock);
  if (job == NULL) return;
  napi_handle_scope handles;
  napi_callback_scope callbacks;
  napi_value resource;
  napi_open_handle_scope(env, &handles);
  napi_create_object(env, &resource);
  napi_open_callback_scope(env, resource, pool->context, &callbacks);
  while (job != NULL) {
    struct job *next = job->next;
    napi_handle_scope inner;
    napi_open_handle_scope(env, &inner);
    settle(env, job);
    napi_close_handle_scope(env, inner);
    job = next;
    if (--pool->outstanding == 0) uv_unref((uv_handle_t *)&pool->async);
  }
  /* Microtasks run here. */
  napi_close_callback_scope(env, callbacks);
  napi_close_handle_scope(env, handles);
}

static void on_closed(uv_handle_t *handle) {
  struct pool *pool = handle->data;
  napi_remove_async_cleanup_hook(pool->cleanup);
  pthread_mutex_lock(&pool->lock);
  release(pool);
}

/* The threads are not waited for: one may sit in a call that only our own exit can end. */
static void on_cleanup(napi_async_cleanup_hook_handle handle, void *argument) {
  struct pool *pool = argument;
  pthread_mutex_lock(&pool->lock);
  pool->stopping = true;
  pthread_cond_broadcast(&pool->wake);
  while (pool->sending > 0) pthread_cond_wait(&pool->sent, &pool->lock);
  pthread_mutex_unlock(&pool->lock);
  uv_close((uv_handle_t *)&pool->async, on_closed);
}

static struct pool *pool_create(napi_env env) {
  struct pool *pool = calloc(1, sizeof *pool);
  uv_loop_t *loop;
  if (pool == NULL || napi_get_uv_event_loop(env, &loop) != napi_ok) goto failed;
  if (uv_async_init(loop, &pool->async, on_done) != 0) goto failed;
  pool->async.data = pool;
  uv_unref((uv_handle_t *)&pool->async);
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->wake, NULL);
  pthread_cond_init(&pool->sent, NULL);
  for (int lane = 0; lane < LANES; lane++) queue_init(&pool->waiting[lane]);
  queue_init(&pool->done);
  pool->env = env;
  pool->references = 1;
  napi_value name;
  napi_create_string_utf8(env, "strata:pool", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &pool->context);
  napi_add_async_cleanup_hook(env, on_cleanup, pool, &pool->cleanup);
  return pool;
failed:
  free(pool);
  return NULL;
}

struct job *job_create(enum lane lane, int64_t (*run)(struct job *job)) {
  struct job *job = calloc(1, sizeof *job);
  if (job == NULL) abort();
  job->lane = lane;
  job->run = run;
  return job;
}

void job_keep(napi_env env, struct job *job, int slot, napi_value value) {
  napi_create_reference(env, value, 1, &job->kept[slot]);
}

napi_value job_submit(napi_env env, struct instance *self, struct job *job) {
  if (self->pool == NULL) self->pool = pool_create(env);
  struct pool *pool = self->pool;
  if (pool == NULL) abort();
  napi_value promise;
  napi_create_promise(env, &job->deferred, &promise);
  if (pool->outstanding++ == 0) uv_ref((uv_handle_t *)&pool->async);
  pthread_mutex_lock(&pool->lock);
  job->ticket = pool->tickets++;
  queue_push(&pool->waiting[job->lane], job);
  pool->queued++;
  if (pool->queued > pool->idle && pool->threads < THREADS_MAX) start_thread(pool);
  if (pool->threads == 0) {
    /* A limit on processes. Nobody would ever run it, and here it might block what it waits for. */
    queue_pop(&pool->waiting[job->lane]);
    pool->queued--;
    pthread_mutex_unlock(&pool->lock);
    job->result = -EAGAIN;
    settle(env, job);
    if (--pool->outstanding == 0) uv_unref((uv_handle_t *)&pool->async);
    return promise;
  }
  pthread_mutex_unlock(&pool->lock);
  pthread_cond_signal(&pool->wake);
  return promise;
}

napi_value job_refused(napi_env env, int64_t number) {
  napi_deferred deferred;
  napi_value promise;
  napi_create_promise(env, &deferred, &promise);
  napi_resolve_deferred(env, deferred, result(env, number));
  return promise;
}

bool pool_has_done(struct instance *self) {
  return self->pool != NULL && __atomic_load_n(&self->pool->has_done, __ATOMIC_ACQUIRE);
}
