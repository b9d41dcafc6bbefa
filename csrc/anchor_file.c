/* anchor_file.c - the file beside a ledger that says what its head was: its line, and how it is replaced. */
#include "anchor_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { HASH_BYTES = 32, CHECK_BYTES = 16, WAIT_STEP_MS = 5, NAMES_TRIED = 1000 };

#define ANCHOR_DOMAIN "tallystick anchor 1"

static bool cannot(char why[TALLY_ANCHOR_WORDS_MAX], const char *what, int error) {
  snprintf(why, TALLY_ANCHOR_WORDS_MAX, "%s: %s", what, strerror(error));
  return false;
}

/* ---- The line ---- */

static bool print_utc(int64_t at_ms, char text[TALLY_TIME_TEXT_MAX]) {
  int64_t rest = at_ms % 1000 < 0 ? at_ms % 1000 + 1000 : at_ms % 1000;
  time_t seconds = (time_t)((at_ms - rest) / 1000);
  struct tm at;
  if (!tally_time_valid(at_ms) || gmtime_r(&seconds, &at) == NULL) return false;
  size_t length = strftime(text, TALLY_TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &at);
  snprintf(text + length, TALLY_TIME_TEXT_MAX - length, ".%03dZ", (int)rest);
  return true;
}

size_t anchor_print(const anchor_record *record, char line[ANCHOR_LINE_BYTES]) {
  char hash[2 * HASH_BYTES + 1], check[2 * CHECK_BYTES + 1], at[TALLY_TIME_TEXT_MAX];
  unsigned char digest[CHECK_BYTES];
  if (!print_utc(record->recorded_at_ms, at)) return 0;
  sodium_bin2hex(hash, sizeof hash, record->head.hash, HASH_BYTES);
  int length = snprintf(line, ANCHOR_LINE_BYTES, ANCHOR_DOMAIN " %s %" PRId64 " %s %s", record->ledger_id,
                        record->head.seq, hash, at);
  if (length < 0 || length >= ANCHOR_LINE_BYTES) return 0;
  crypto_generichash(digest, sizeof digest, (const unsigned char *)line, (unsigned long long)length, NULL, 0);
  sodium_bin2hex(check, sizeof check, digest, sizeof digest);
  int end = snprintf(line + length, (size_t)(ANCHOR_LINE_BYTES - length), " %s\n", check);
  return end > 0 && length + end < ANCHOR_LINE_BYTES ? (size_t)(length + end) : 0;
}

/* The next word and what stands behind it. */
static tally_text next_word(const char **at) {
  tally_text word = {*at, strcspn(*at, " \n")};
  *at += word.length + (word.data[word.length] != '\0');
  return word;
}

/* Read loosely, and then held against what would have been written: so there is one spelling of each record. */
bool anchor_parse(const char *line, size_t length, anchor_record *record) {
  char text[ANCHOR_LINE_BYTES] = "", again[ANCHOR_LINE_BYTES];
  const char *at = text + sizeof ANCHOR_DOMAIN; /* behind the blank; "" where the line is too short */
  if (length >= sizeof text) return false;
  memcpy(text, line, length);
  *record = (anchor_record){{0}, {0, {0}}, 0};
  tally_text id = next_word(&at);
  if (id.length != sizeof record->ledger_id - 1) return false;
  memcpy(record->ledger_id, id.data, id.length);
  record->head.seq = strtoll(next_word(&at).data, NULL, 10);
  tally_text hash = next_word(&at), when = next_word(&at);
  size_t found = 0;
  if (sodium_hex2bin(record->head.hash, HASH_BYTES, hash.data, hash.length, NULL, &found, NULL)) return false;
  if (found != HASH_BYTES || tally_time_parse(when.data, when.length, &record->recorded_at_ms)) return false;
  return record->head.seq >= 0 && anchor_print(record, again) == length && memcmp(again, line, length) == 0;
}

/* ---- Reading ---- */

static anchor_found read_open(int file, anchor_record *record, char why[TALLY_ANCHOR_WORDS_MAX]) {
  char line[ANCHOR_LINE_BYTES];
  size_t length = 0;
  struct stat facts;
  if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    snprintf(why, TALLY_ANCHOR_WORDS_MAX, "what is there is no plain file");
    return ANCHOR_NOT_READABLE;
  }
  while (length < sizeof line) {
    ssize_t got = read(file, line + length, sizeof line - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot(why, "it cannot be read", errno), ANCHOR_NOT_READABLE;
    if (got == 0) break;
    length += (size_t)got;
  }
  if (anchor_parse(line, length, record)) return ANCHOR_SAYS;
  snprintf(why, TALLY_ANCHOR_WORDS_MAX, "what is in it is no anchor, or a damaged one");
  return ANCHOR_NOT_READABLE;
}

anchor_found anchor_file_read(const char *path, anchor_record *record, char why[TALLY_ANCHOR_WORDS_MAX]) {
  why[0] = '\0';
  int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0 && (errno == ENOENT || errno == ENOTDIR)) return ANCHOR_NOT_THERE;
  if (file < 0) {
    if (errno == ELOOP) snprintf(why, TALLY_ANCHOR_WORDS_MAX, "what is there is a link, and is not followed");
    else cannot(why, "it cannot be read", errno);
    return ANCHOR_NOT_READABLE;
  }
  anchor_found found = read_open(file, record, why);
  close(file);
  return found;
}

/* ---- Turns ---- */

static int open_folder(const char *path, const char *name) {
  char folder[ANCHOR_PATH_BYTES];
  size_t length = (size_t)(name - path);
  if (length == 0) return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  memcpy(folder, path, length);
  folder[length] = '\0';
  return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool lock_folder(int folder, int wait_ms) {
  const struct timespec pause = {0, WAIT_STEP_MS * 1000000L};
  for (int waited = 0;; waited += WAIT_STEP_MS) {
    if (flock(folder, LOCK_EX | LOCK_NB) == 0) return true;
    if ((errno != EWOULDBLOCK && errno != EINTR) || waited >= wait_ms) return false;
    nanosleep(&pause, NULL);
  }
}

bool anchor_turn_take(const char *path, int wait_ms, anchor_turn *turn, char why[TALLY_ANCHOR_WORDS_MAX]) {
  const char *slash = strrchr(path, '/');
  turn->name = slash ? slash + 1 : path;
  turn->folder = open_folder(path, turn->name);
  if (turn->folder < 0) return cannot(why, "its folder cannot be opened", errno);
  if (lock_folder(turn->folder, wait_ms)) return true;
  cannot(why, "another process is at it", errno);
  anchor_turn_end(turn);
  return false;
}

/* A process that was forked off meanwhile has the descriptor too: closing ours would leave it the lock. */
void anchor_turn_end(anchor_turn *turn) {
  if (turn->folder >= 0) {
    flock(turn->folder, LOCK_UN);
    close(turn->folder);
  }
  turn->folder = -1;
}

/* ---- Writing ---- */

/* Who may use the ledger may use its anchor: root's own clean-up must not take it from the clinic's user. */
static void take_rights(int file, const char *ledger_path) {
  struct stat facts;
  if (stat(ledger_path, &facts) != 0) return;
  if (geteuid() == 0 && fchown(file, facts.st_uid, facts.st_gid) != 0) return;
  if (fchmod(file, facts.st_mode & 0666) != 0) return; /* it keeps 0600 */
}

static bool write_all(int file, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t done = write(file, bytes, length);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return false;
    bytes += done;
    length -= (size_t)done;
  }
  return true;
}

/* What is left of a process that was killed is replaced; a link in its place is removed, not followed. */
static bool write_beside(int folder, const char *name, const char *ledger_path, const char *line, size_t length,
                         char why[TALLY_ANCHOR_WORDS_MAX]) {
  unlinkat(folder, name, 0);
  int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return cannot(why, "it cannot be made", errno);
  take_rights(file, ledger_path);
  bool done = write_all(file, line, length) && fsync(file) == 0;
  int error = errno;
  if (close(file) != 0 && done) {
    done = false;
    error = errno;
  }
  if (done) return true;
  unlinkat(folder, name, 0);
  return cannot(why, "it cannot be written", error);
}

bool anchor_file_write(const anchor_turn *turn, const char *ledger_path, const anchor_record *record,
                       char why[TALLY_ANCHOR_WORDS_MAX]) {
  char line[ANCHOR_LINE_BYTES], beside[ANCHOR_PATH_BYTES];
  size_t length = anchor_print(record, line);
  if (length == 0) return cannot(why, "the head has no such form", ERANGE);
  if (snprintf(beside, sizeof beside, "%s-new", turn->name) >= (int)sizeof beside) return false;
  if (!write_beside(turn->folder, beside, ledger_path, line, length, why)) return false;
  if (renameat(turn->folder, beside, turn->folder, turn->name) != 0) {
    cannot(why, "it cannot be put in its place", errno);
    unlinkat(turn->folder, beside, 0);
    return false;
  }
  fsync(turn->folder); /* a folder that cannot be synced may show the old one after a power cut, which holds as well */
  return true;
}

bool anchor_file_set_aside(const anchor_turn *turn, int64_t now_ms, char free[ANCHOR_PATH_BYTES],
                           char why[TALLY_ANCHOR_WORDS_MAX]) {
  char stamp[TALLY_TIME_TEXT_MAX];
  struct stat facts;
  tally_time_print(now_ms, stamp);
  stamp[19] = '\0';
  stamp[13] = stamp[16] = '-'; /* as restore names what it replaces */
  for (int i = 1; i <= NAMES_TRIED; i++) {
    char more[16] = "";
    if (i > 1) snprintf(more, sizeof more, "-%d", i);
    int length = snprintf(free, ANCHOR_PATH_BYTES, "%s.replaced-%s%s", turn->name, stamp, more);
    if (length >= ANCHOR_PATH_BYTES) return cannot(why, "its name is too long", ENAMETOOLONG);
    if (fstatat(turn->folder, free, &facts, AT_SYMLINK_NOFOLLOW) == 0) continue;
    if (renameat(turn->folder, turn->name, turn->folder, free) == 0) return true;
    return cannot(why, "it cannot be renamed", errno);
  }
  return cannot(why, "it cannot be renamed", EEXIST);
}
