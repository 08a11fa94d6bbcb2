/*
 * A program of its own: writes the log of one run of a container as Docker's driver `json-file` does, a line of JSON for each
 * line of output. Called as
 *
 *   json-log LOG <PIPE >>LOG
 *
 * where conmon writes its own format into the pipe, and LOG, as an argument, only tells people who list processes whose log
 * this is. It ends with its input. Descriptor 3, where there is one, holds the lock of LOG for as long as it is open.
 *
 * It always reads on: conmon, and so the container, would wait for it. What cannot be written is lost, by whole lines.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* What Docker takes for one entry: longer lines are several, of which the last alone ends in a newline (moby: daemon/logger/copier.go). */
#define ENTRY_MAX 16384

/* A byte is six characters at most, \u0000; then there are the names, the stream and the time. */
#define ENTRY_JSON_MAX (6 * ENTRY_MAX + 128)

/* conmon: "2026-01-02T03:04:05.123456789+01:00 stdout F TEXT", P in the place of F where the line goes on. */
#define TIME_LENGTH 35
#define HEAD_LENGTH (TIME_LENGTH + sizeof " stdout F " - 1)

/* Docker: "2026-01-02T02:04:05.123456789Z" */
#define UTC_LENGTH 30

struct stream {
  /* What is not written yet of a line. */
  unsigned char text[ENTRY_MAX];
  size_t length;
  /* That of the entry, and of all entries of one line. */
  char time[UTC_LENGTH + 1];
  /* Entries of this line were written. */
  bool goes_on;
};

static const char *const names[] = {"stdout", "stderr"};
static struct stream streams[2];

static char out[4 * ENTRY_JSON_MAX];
static size_t out_length;

/* Takes away what was written of a line whose rest did not get there; `written` bytes of `out` did. */
static void take_back(size_t written) {
  const char *end = memrchr(out, '\n', written);
  off_t torn = (off_t)(written - (end == NULL ? 0 : (size_t)(end + 1 - out)));
  struct stat now;
  if (torn > 0 && fstat(STDOUT_FILENO, &now) == 0 && now.st_size >= torn && ftruncate(STDOUT_FILENO, now.st_size - torn) != 0)
    return; /* A line that is no JSON stays; readers pass over it. */
}

static void flush(void) {
  size_t written = 0;
  while (written < out_length) {
    ssize_t count = write(STDOUT_FILENO, out + written, out_length - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      take_back(written);
      break;
    }
    written += (size_t)count;
  }
  out_length = 0;
}

static void put(const void *bytes, size_t length) {
  memcpy(out + out_length, bytes, length);
  out_length += length;
}

static void put_text(const char *text) {
  put(text, strlen(text));
}

/*
 * The length of the UTF-8 character that begins at `at` (Unicode, table 3-7); 0 where none does, -1 where `left` bytes are
 * too few to tell.
 */
static int character_length(const unsigned char *at, size_t left) {
  unsigned char first = at[0];
  int length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  unsigned char lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  unsigned char highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  for (int index = 1; index < length; index++) {
    if ((size_t)index == left) return -1;
    if (at[index] < lowest || at[index] > highest) return 0;
    lowest = 0x80;
    highest = 0xbf;
  }
  return length;
}

/* How many of the last bytes begin a character that goes on after them. */
static size_t begun_length(const unsigned char *text, size_t length) {
  for (size_t back = 1; back <= 3 && back <= length; back++)
    if (character_length(text + length - back, back) < 0) return back;
  return 0;
}

/* Whether a byte stands for itself in JSON, as Go writes it. */
static bool is_plain(unsigned char byte) {
  return byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\' && byte != '<' && byte != '>' && byte != '&';
}

static void put_escape(unsigned char byte) {
  static const char digits[] = "0123456789abcdef";
  if (byte == '"' || byte == '\\') {
    put((char[]){'\\', (char)byte}, 2);
  } else if (byte == '\r') {
    put_text("\\r");
  } else {
    put_text("\\u00");
    put((char[]){digits[byte >> 4], digits[byte & 15]}, 2);
  }
}

/* A string without its quotes (moby: daemon/logger/jsonfilelog/jsonlog/jsonlogbytes.go). */
static void put_string(const unsigned char *text, size_t length) {
  for (size_t at = 0; at < length;) {
    size_t end = at;
    while (end < length && is_plain(text[end])) end++;
    put(text + at, end - at);
    at = end;
    if (at == length) break;
    if (text[at] >= 0x80) {
      int size = character_length(text + at, length - at);
      if (size <= 0)
        put_text("\\ufffd");
      else if (size == 3 && text[at] == 0xe2 && text[at + 1] == 0x80 && (text[at + 2] & 0xfe) == 0xa8)
        put_text(text[at + 2] == 0xa8 ? "\\u2028" : "\\u2029");
      else
        put(text + at, (size_t)size);
      at += size <= 0 ? 1 : (size_t)size;
      continue;
    }
    put_escape(text[at++]);
  }
}

static void put_entry(const struct stream *from, const unsigned char *text, size_t length, bool ends) {
  if (out_length + ENTRY_JSON_MAX > sizeof out) flush();
  put_text("{\"log\":\"");
  put_string(text, length);
  put_text(ends ? "\\n\",\"stream\":\"" : "\",\"stream\":\"");
  put_text(names[from - streams]);
  put_text("\",\"time\":\"");
  put_text(from->time);
  put_text("\"}\n");
}

/* Writes what there is of a line that goes on, but for the beginning of a character. */
static void put_part(struct stream *from) {
  size_t begun = begun_length(from->text, from->length);
  put_entry(from, from->text, from->length - begun, false);
  memmove(from->text, from->text + from->length - begun, begun);
  from->length = begun;
  from->goes_on = true;
}

/* One piece of a line; `ends` where it is the last. */
static void take_piece(struct stream *to, const unsigned char *text, size_t length, const char *time, bool ends) {
  if (!to->goes_on) strcpy(to->time, time);
  while (to->length + length > ENTRY_MAX) {
    size_t fitting = ENTRY_MAX - to->length;
    memcpy(to->text + to->length, text, fitting);
    to->length = ENTRY_MAX;
    put_part(to);
    text += fitting;
    length -= fitting;
  }
  memcpy(to->text + to->length, text, length);
  to->length += length;
  if (!ends) return;
  put_entry(to, to->text, to->length, true);
  to->length = 0;
  to->goes_on = false;
}

/* The last lines, where they do not end. */
static void put_rest(void) {
  for (struct stream *at = streams; at < streams + 2; at++)
    if (at->length > 0) put_entry(at, at->text, at->length, false);
  flush();
}

/* Whether `text` is as `layout`, in which 0 is any digit and + a sign. */
static bool has_layout(const char *text, const char *layout) {
  for (; *layout != '\0'; text++, layout++) {
    bool fits = *layout == '0'   ? *text >= '0' && *text <= '9'
                : *layout == '+' ? *text == '+' || *text == '-'
                                 : *text == *layout;
    if (!fits) return false;
  }
  return true;
}

static int number(const char *digits, int count) {
  int value = 0;
  while (count-- > 0) value = value * 10 + (*digits++ - '0');
  return value;
}

/* conmon's time as Docker's, whose answer is valid until the next call; NULL where it is none. */
static const char *to_utc(const char *time) {
  static char last[TIME_LENGTH], utc[UTC_LENGTH + 1];
  /* All that conmon reads at once has one time. */
  if (utc[0] != '\0' && memcmp(time, last, TIME_LENGTH) == 0) return utc;
  if (!has_layout(time, "0000-00-00T00:00:00.000000000+00:00")) return NULL;
  struct tm local = {
    .tm_year = number(time, 4) - 1900,
    .tm_mon = number(time + 5, 2) - 1,
    .tm_mday = number(time + 8, 2),
    .tm_hour = number(time + 11, 2),
    .tm_min = number(time + 14, 2),
    .tm_sec = number(time + 17, 2),
  };
  time_t offset = (number(time + 30, 2) * 60 + number(time + 33, 2)) * 60;
  time_t seconds = timegm(&local) - (time[29] == '-' ? -offset : offset);
  struct tm there;
  if (gmtime_r(&seconds, &there) == NULL || strftime(utc, sizeof utc, "%Y-%m-%dT%H:%M:%S", &there) != 19) return NULL;
  memcpy(utc + 19, time + 19, 10);
  strcpy(utc + 29, "Z");
  memcpy(last, time, TIME_LENGTH);
  return utc;
}

/* One line of conmon, without its newline; what is none is left out. */
static void take_line(const char *line, size_t length) {
  static const char heads[2][9] = {" stdout ", " stderr "};
  if (length < HEAD_LENGTH) return;
  const char *kind = line + HEAD_LENGTH - 2;
  if ((kind[0] != 'F' && kind[0] != 'P') || kind[1] != ' ') return;
  for (int index = 0; index < 2; index++) {
    if (memcmp(line + TIME_LENGTH, heads[index], sizeof heads[index] - 1) != 0) continue;
    const char *time = to_utc(line);
    if (time == NULL) return;
    const unsigned char *text = (const unsigned char *)line + HEAD_LENGTH;
    take_piece(&streams[index], text, length - HEAD_LENGTH, time, kind[0] == 'F');
  }
}

/* Takes the whole lines among `length` bytes; how many bytes they were. */
static size_t take_lines(const char *bytes, size_t length) {
  size_t taken = 0;
  for (const char *end; (end = memchr(bytes + taken, '\n', length - taken)) != NULL; taken = (size_t)(end + 1 - bytes))
    take_line(bytes + taken, (size_t)(end - bytes) - taken);
  return taken;
}

int main(int count, char **values) {
  if (count != 2) {
    fprintf(stderr, "%s: it is called by strata\n", values[0]);
    return 2;
  }
  /* It ends when conmon does: the last words of a container come while others are told to end. */
  const int unheeded[] = {SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
  for (size_t index = 0; index < sizeof unheeded / sizeof *unheeded; index++) signal(unheeded[index], SIG_IGN);
  /* What the caller of strata left open, for which somebody may wait. */
  syscall(SYS_close_range, 4U, ~0U, 0U);

  static char in[65536];
  size_t length = 0;
  for (;;) {
    ssize_t got = read(STDIN_FILENO, in + length, sizeof in - length);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    length += (size_t)got;
    size_t taken = take_lines(in, length);
    /* conmon writes no line that is as long: the rest of it will not begin as one does. */
    if (taken == 0 && length == sizeof in) taken = length;
    length -= taken;
    memmove(in, in + taken, length);
    flush();
  }
  put_rest();
  return 0;
}
