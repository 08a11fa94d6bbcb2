/*
 * A program of its own: hands a call of stratafs to the process that serves for this user already, without starting
 * Node. Called as
 *
 *   handover LAUNCHER SERVER ARGUMENT...
 *
 * where LAUNCHER is the script that called it, SERVER the program that it would start, and the arguments those of
 * stratafs. It ends with 0 when the mount answers. In every other case, be it that nobody serves or that the mount
 * cannot be, it becomes the launcher again, which then does without it, and tells what is wrong: so nothing is decided here,
 * and no option is read. That is also why it is one process with the launcher: a signal ends both.
 *
 * What is said to each other stands in src/cli/shared/messages.ts.
 */
#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Whoever does not say that it takes a mount within this time is stopped, or waits for something itself. */
#define TAKE_MS 5000

/* src/cli/shared/messages.ts; without the closing brace, which further fields come before. */
static const char taken[] = "{\"is\":\"taken\"";
static const char mounted[] = "{\"is\":\"mounted\"";

static void put_string(FILE *to, const char *text) {
  putc('"', to);
  for (const char *at = text; *at != '\0'; at++) {
    unsigned char byte = (unsigned char)*at;
    if (byte < ' ' || byte == '"' || byte == '\\')
      fprintf(to, "\\u%04x", byte);
    else
      putc(byte, to);
  }
  putc('"', to);
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

/* The call as one line of JSON, whose characters are bytes; NULL where it cannot be told. */
static char *describe_call(const char *launcher, const char *server, char **arguments, size_t *length) {
  char directory[PATH_MAX];
  char *line = NULL;
  const char *asked = getenv("STRATAFS_SHARED");
  if (getcwd(directory, sizeof directory) == NULL) return NULL;
  FILE *to = open_memstream(&line, length);
  if (to == NULL) return NULL;
  fputs("{\"call\":{\"name\":", to);
  put_string(to, base_name(launcher));
  fputs(",\"program\":", to);
  put_string(to, server);
  fputs(",\"directory\":", to);
  put_string(to, directory);
  fprintf(to, ",\"asked\":%s,\"arguments\":[", asked != NULL && strcmp(asked, "1") == 0 ? "true" : "false");
  for (char **at = arguments; *at != NULL; at++) {
    if (at != arguments) putc(',', to);
    put_string(to, *at);
  }
  fputs("]}}\n", to);
  return fclose(to) == 0 ? line : NULL;
}

static bool say(int talk, const char *text, size_t length) {
  while (length > 0) {
    ssize_t sent = send(talk, text, length, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text += sent;
    length -= (size_t)sent;
  }
  return true;
}

/* Whether the next line, which comes within `wait` ms (-1: at some time), begins with `wanted`. */
static bool hears(int talk, const char *wanted, int wait) {
  char line[256];
  for (size_t length = 0; length < sizeof line; length++) {
    struct pollfd ready = {.fd = talk, .events = POLLIN};
    if (poll(&ready, 1, wait) != 1) return false;
    /* One at a time: what comes after belongs to the next line. */
    if (recv(talk, line + length, 1, 0) != 1) return false;
    if (line[length] == '\n') return strncmp(line, wanted, strlen(wanted)) == 0;
  }
  return false;
}

static int connect_to(const char *directory, const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int written = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", directory, name);
  if (written < 0 || (size_t)written >= sizeof address.sun_path) return -1;
  int talk = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (talk < 0 || connect(talk, (struct sockaddr *)&address, sizeof address) == 0) return talk;
  close(talk);
  return -1;
}

/* Whether whoever listens there has mounted. It takes calls only from those whom the kernel treats as it. */
static bool is_served_at(const char *directory, const char *name, const char *call, size_t length) {
  int talk = connect_to(directory, name);
  if (talk < 0) return false;
  static const char kept[] = "{\"kept\":true}\n";
  bool served = say(talk, call, length) && hears(talk, taken, TAKE_MS) && hears(talk, mounted, -1) &&
                say(talk, kept, strlen(kept));
  close(talk);
  return served;
}

/* A directory that belongs to this user alone: elsewhere somebody else may listen. */
static bool is_private(const char *path) {
  struct stat found;
  return lstat(path, &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == geteuid() && (found.st_mode & 077) == 0;
}

static bool is_served_in(const char *directory, const char *call, size_t length) {
  DIR *listing = is_private(directory) ? opendir(directory) : NULL;
  if (listing == NULL) return false;
  bool served = false;
  for (struct dirent *entry; !served && (entry = readdir(listing)) != NULL;)
    if (entry->d_type == DT_SOCK || entry->d_type == DT_UNKNOWN) served = is_served_at(directory, entry->d_name, call, length);
  closedir(listing);
  return served;
}

/* The places of src/os/private-directory.ts. */
static bool is_served(const char *call, size_t length) {
  char path[PATH_MAX];
  const char *session = getenv("XDG_RUNTIME_DIR");
  if (session != NULL && session[0] == '/') {
    snprintf(path, sizeof path, "%s/stratafs", session);
    if (is_served_in(path, call, length)) return true;
  }
  if (geteuid() == 0 && is_served_in("/run/stratafs", call, length)) return true;
  snprintf(path, sizeof path, "/tmp/stratafs-%u", geteuid());
  return is_served_in(path, call, length);
}

int main(int count, char **values) {
  if (count < 3) {
    fputs("handover: it is called by stratafs\n", stderr);
    return 2;
  }
  size_t length = 0;
  char *call = describe_call(values[1], values[2], values + 3, &length);
  if (call != NULL && is_served(call, length)) return 0;
  setenv("STRATAFS_HANDOVER", "none", 1);
  /* bash LAUNCHER ARGUMENT... */
  values[2] = values[1];
  values[1] = "bash";
  execv("/bin/bash", values + 1);
  perror("handover: /bin/bash");
  return 1;
}
