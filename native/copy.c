/*
 * Copying a file's data with as little work as its file systems allow: shared extents, else
 * copy_file_range, else read and write. Holes stay holes. Knows nothing of JavaScript: it runs on
 * pool threads.
 */
#include "strata.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* How much is moved between two looks at the cancel word. */
#define CHUNK (8 << 20)
#define BOUNCE (256 << 10)

struct copy {
  int from, to;
  bool no_range; /* copy_file_range does not work between these two */
  char *bounce;
  const int32_t *cancel;
};

static bool range_unsupported(int error) {
  return error == EXDEV || error == EINVAL || error == EOPNOTSUPP || error == ENOSYS || error == EBADF ||
         error == ETXTBSY;
}

static int64_t read_and_write(struct copy *copy, int64_t offset, int64_t length) {
  if (copy->bounce == NULL && (copy->bounce = malloc(BOUNCE)) == NULL) return -ENOMEM;
  ssize_t count = pread(copy->from, copy->bounce, (size_t)(length < BOUNCE ? length : BOUNCE), offset);
  if (count < 0) return -errno;
  for (ssize_t written = 0; written < count;) {
    ssize_t step = pwrite(copy->to, copy->bounce + written, (size_t)(count - written), offset + written);
    if (step < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    written += step;
  }
  return count;
}

/* Moves some of [offset, offset + length): how much, 0 at the end of the source, or -errno. */
static int64_t move(struct copy *copy, int64_t offset, int64_t length) {
  if (!copy->no_range) {
    off_t in = offset, out = offset;
    ssize_t count = copy_file_range(copy->from, &in, copy->to, &out, (size_t)(length < CHUNK ? length : CHUNK), 0);
    if (count > 0) return count;
    if (count < 0 && errno != EINTR && !range_unsupported(errno)) return -errno;
    if (count < 0 && errno == EINTR) return -EAGAIN;
    /* 0 is the end, or a file system that cannot: reading tells. */
    copy->no_range = true;
  }
  int64_t count = read_and_write(copy, offset, length);
  return count == -EINTR ? -EAGAIN : count;
}

/* Finds the next run of data at or after `position`; false when there is none. */
static bool next_data(struct copy *copy, int64_t position, int64_t size, int64_t *start, int64_t *end) {
  *start = lseek(copy->from, position, SEEK_DATA);
  if (*start < 0) {
    if (errno == ENXIO) return false;
    *start = position;
    *end = size;
    return true;
  }
  if (*start >= size) return false;
  *end = lseek(copy->from, *start, SEEK_HOLE);
  if (*end < 0 || *end > size) *end = size;
  /* A file that is punched meanwhile must not stop the walk. */
  return *end > *start;
}

static int64_t copy_runs(struct copy *copy, int64_t size) {
  int64_t copied = 0, position = 0, end;
  while (position < size && next_data(copy, position, size, &position, &end)) {
    while (position < end) {
      if (copy->cancel != NULL && __atomic_load_n(copy->cancel, __ATOMIC_RELAXED) != 0) return -EINTR;
      int64_t count = move(copy, position, end - position);
      if (count == -EAGAIN) continue;
      if (count < 0) return count;
      if (count == 0) return copied;
      position += count;
      copied += count;
    }
  }
  return copied;
}

int64_t copy_data(int from, int to, int64_t size, bool sync, const int32_t *cancel) {
  if (size < 0) return -EINVAL;
  struct copy copy = {.from = from, .to = to, .cancel = cancel};
  int64_t done = 0;
  if (size > 0) done = ioctl(to, FICLONE, from) == 0 ? COPY_CLONED : copy_runs(&copy, size);
  free(copy.bounce);
  if (done < 0 && done != COPY_CLONED) return done;
  /* The trailing hole; or what a clone brought beyond `size`. Seldom needed, and a transaction of the file system. */
  struct stat made;
  if (fstat(to, &made) < 0) return -errno;
  if (made.st_size != size && ftruncate(to, size) < 0) return -errno;
  if (sync && fsync(to) < 0) return -errno;
  return done;
}
