/*
 * Large reads of what the page cache of a layer holds: the data go from there to whoever reads through a pipe, and are
 * copied once; by way of a buffer it would be twice, each time past the caches of the processor. Only what lies in memory
 * goes this way, since splice(2) waits for a disk, whatever it is told.
 */
#include "strata.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* For less, the system calls cost more than the copy. */
#define PASSAGE_LEAST (64 << 10)
/* A pipe has a slot for each page. Reading ahead asks for 128 KiB; all pipes of a user together may have 64 MiB (pipe(7)). */
#define PIPE_BYTES (256 << 10)
#define PAGE 4096

#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

/* include/uapi/linux/mman.h */
struct cachestat_range {
  uint64_t offset, length;
};
struct cachestat_counts {
  uint64_t cached, dirty, writeback, evicted, recently_evicted;
};

/* struct fuse_out_header, include/uapi/linux/fuse.h */
struct header {
  uint32_t length;
  int32_t error;
  uint64_t unique;
};

void passage_close(struct passage *passage) {
  if (passage->slots == 0) return;
  close(passage->ends[0]);
  close(passage->ends[1]);
  passage->slots = 0;
}

static bool open_passage(struct passage *passage) {
  if (passage->slots > 0) return true;
  if (pipe2(passage->ends, O_CLOEXEC | O_NONBLOCK) < 0) return false;
  /* Where it may not be so large it stays as it is. */
  (void)!fcntl(passage->ends[1], F_SETPIPE_SZ, PIPE_BYTES);
  passage->slots = fcntl(passage->ends[1], F_GETPIPE_SZ) / PAGE;
  return true;
}

/* Whether all of [position, position + length) can be read without waiting; no where the kernel does not tell (before 6.5). */
static bool in_cache(int fd, int64_t position, int64_t length) {
  int64_t first = position / PAGE, last = (position + length - 1) / PAGE;
  struct cachestat_range range = {.offset = (uint64_t)(first * PAGE), .length = (uint64_t)((last - first + 1) * PAGE)};
  struct cachestat_counts found;
  if (syscall(SYS_cachestat, fd, &range, &found, 0) < 0 || found.cached < (uint64_t)(last - first + 1)) return false;
  /* Pages that are being read are counted as well; they come in order. */
  uint8_t byte;
  struct iovec vector = {.iov_base = &byte, .iov_len = 1};
  return preadv2(fd, &vector, 1, position + length - 1, RWF_NOWAIT) == 1;
}

/* Whether so many bytes of the file, behind the header, are in the pipe. */
static bool fill(struct passage *passage, const struct header *header, int fd, int64_t position, int64_t length) {
  if (write(passage->ends[1], header, sizeof *header) != sizeof *header) return false;
  off_t at = position;
  while (at < position + length) {
    ssize_t step = splice(fd, &at, passage->ends[1], NULL, (size_t)(position + length - at), SPLICE_F_NONBLOCK);
    if (step <= 0) return false;
  }
  return true;
}

bool passage_reply(struct passage *passage, int device, uint64_t unique, int fd, int64_t position, int64_t length) {
  struct stat found;
  if (position < 0 || length < PASSAGE_LEAST || fstat(fd, &found) < 0) return false;
  /* A short reply is the end of the file to the kernel. */
  if (length > found.st_size - position) length = found.st_size - position;
  if (length < PASSAGE_LEAST || !in_cache(fd, position, length) || !open_passage(passage)) return false;
  if ((position % PAGE + length + PAGE - 1) / PAGE + 1 > passage->slots) return false;
  struct header header = {.length = (uint32_t)(sizeof header + (size_t)length), .unique = unique};
  if (fill(passage, &header, fd, position, length)) {
    ssize_t count = splice(passage->ends[0], NULL, device, NULL, header.length, 0);
    if (count == header.length) return true;
  }
  /* Whatever is left in the pipe goes. Nothing was answered: the kernel takes a reply as a whole, but where a page of it cannot be read, which these can. */
  passage_close(passage);
  return false;
}
