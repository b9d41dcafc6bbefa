/* migrate.c - opens a ledger of an old schema for writing, and kills the process at the n-th write, for every n: before it,
 * or after its first half. What is left must open as the old ledger or as the new, and be brought up by the next opening.
 *
 *   migrate OLD.db HEAD_SEQ HEAD_HASH FOLDER [nolog]
 */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../rot/readings.h"

enum { PATH_BYTES = 512, WRITES_MAX = 10000 };

static void give_up(const char *what) {
  perror(what);
  exit(2);
}

/* ---- The write that kills ---- */

static long writes_left; /* 0: this one kills */
static bool half;

static void die(void) {
  kill(getpid(), SIGKILL);
}

static ssize_t write_at(int file, const void *data, size_t length, off_t at) {
  if (writes_left-- == 0) {
    if (half && pwrite(file, data, length / 2, at) < 0) give_up("write");
    die();
  }
  return pwrite(file, data, length, at);
}

static int cut(int file, off_t length) {
  if (writes_left-- == 0) die();
  return ftruncate(file, length);
}

static int take_away(const char *path) {
  if (writes_left-- == 0) die();
  return unlink(path);
}

static void replace_call(const char *name, sqlite3_syscall_ptr with) {
  sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
  if (vfs->xSetSystemCall(vfs, name, with) != SQLITE_OK && strcmp(name, "pwrite64") != 0) give_up(name);
}

static void set_trap(long at, bool torn) {
  writes_left = at;
  half = torn;
  replace_call("pwrite", (sqlite3_syscall_ptr)write_at);
  replace_call("pwrite64", (sqlite3_syscall_ptr)write_at);
  replace_call("ftruncate", (sqlite3_syscall_ptr)cut);
  replace_call("unlink", (sqlite3_syscall_ptr)take_away);
}

/* ---- One life ---- */

static void open_for_writing(const char *path) {
  tally_options options = {.busy_timeout_ms = -1};
  tally_ledger *ledger = NULL;
  tally_code code = tally_open(path, &options, &ledger);
  if (code) fprintf(stderr, "%s\n", tally_error_message(ledger));
  tally_close(ledger);
  _exit(code ? 1 : 0);
}

/* Gives how the child ended: 0, another exit code, or -SIGKILL. */
static int open_in_child(const char *path, long at, bool torn) {
  int status;
  pid_t child = fork();
  if (child < 0) give_up("fork");
  if (child == 0) {
    readings_begin();
    if (at >= 0) {
      sqlite3_initialize();
      set_trap(at, torn);
    }
    open_for_writing(path);
  }
  if (waitpid(child, &status, 0) != child) give_up("wait");
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void look_in_child(const char *path, const tally_head *head, readings *found) {
  int status;
  pid_t child = fork();
  if (child < 0) give_up("fork");
  if (child == 0) {
    readings_begin();
    readings_take(path, head, true, found);
    _exit(0);
  }
  if (waitpid(child, &status, 0) != child || status != 0) found->opened = TALLY_ERR_IO_ERROR;
}

/* ---- Files ---- */

static void beside(char *out, const char *path, const char *suffix) {
  snprintf(out, PATH_BYTES + 8, "%s%s", path, suffix);
}

static void lay_out(const char *from, const char *to) {
  char name[PATH_BYTES + 8], block[65536];
  static const char *const suffixes[] = {"-wal", "-shm"};
  for (size_t i = 0; i < 2; i++) {
    beside(name, to, suffixes[i]);
    unlink(name);
  }
  int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (in < 0 || out < 0) give_up(from);
  for (ssize_t got; (got = read(in, block, sizeof block)) > 0;) {
    if (write(out, block, (size_t)got) != got) give_up(to);
  }
  close(in);
  close(out);
}

static bool same(const readings *a, const readings *b) {
  return !a->opened && a->verified == TALLY_DONE && memcmp(a->digest, b->digest, READINGS_BYTES) == 0;
}

static void read_head_words(char **words, tally_head *head) {
  head->seq = strtoll(words[0], NULL, 10);
  for (size_t i = 0; i < sizeof head->hash; i++) {
    unsigned value;
    if (sscanf(words[1] + 2 * i, "%2x", &value) != 1) give_up("head");
    head->hash[i] = (uint8_t)value;
  }
}

/* ---- The whole ---- */

typedef struct run {
  const char *source;
  char path[PATH_BYTES];
  tally_head head;
  bool without_log;
  readings *before, *after, *found;
  long kills, found_old, found_new, failed;
} run;

static void fail_at(run *in, long at, bool torn, const char *what) {
  in->failed++;
  if (in->failed <= 10) printf("  write %ld%s: %s %s\n", at, torn ? ", torn" : "", what, in->found->message);
}

/* False where the opening came to its end before the n-th write. */
static bool kill_at(run *in, long at, bool torn) {
  char log[PATH_BYTES + 8];
  lay_out(in->source, in->path);
  int ended = open_in_child(in->path, at, torn);
  if (ended == 0) return false;
  in->kills++;
  if (ended != -SIGKILL) fail_at(in, at, torn, "the opening failed by itself");
  if (in->without_log) {
    beside(log, in->path, "-wal");
    unlink(log);
  }
  look_in_child(in->path, &in->head, in->found);
  if (same(in->found, in->before)) in->found_old++;
  else if (same(in->found, in->after)) in->found_new++;
  else fail_at(in, at, torn, "neither the old ledger nor the new is left:");
  if (open_in_child(in->path, -1, false) != 0) fail_at(in, at, torn, "the next opening failed");
  look_in_child(in->path, &in->head, in->found);
  if (!same(in->found, in->after)) fail_at(in, at, torn, "the next opening gave another ledger:");
  return true;
}

static bool take_ends(run *in) {
  lay_out(in->source, in->path);
  look_in_child(in->path, &in->head, in->before);
  if (open_in_child(in->path, -1, false) != 0) return false;
  look_in_child(in->path, &in->head, in->after);
  bool hold = same(in->before, in->before) && same(in->after, in->after);
  return hold &&
         memcmp(in->before->digest, in->after->digest, READINGS_BYTES) != 0; /* the schema's version is in it */
}

int main(int argc, char **argv) {
  run all = {0};
  if (argc < 5) {
    fprintf(stderr, "usage: migrate OLD.db HEAD_SEQ HEAD_HASH FOLDER [nolog]\n");
    return 2;
  }
  readings *shared = mmap(NULL, 3 * sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) give_up("memory");
  all.source = argv[1];
  all.before = &shared[0];
  all.after = &shared[1];
  all.found = &shared[2];
  all.without_log = argc > 5 && strcmp(argv[5], "nolog") == 0;
  read_head_words(argv + 2, &all.head);
  snprintf(all.path, sizeof all.path, "%s/killed.db", argv[4]);
  if (!take_ends(&all)) {
    printf("the ledger is not brought up: %s %s\n", all.before->message, all.after->message);
    return 2;
  }
  for (int torn = 0; torn < 2; torn++) {
    for (long at = 0; at < WRITES_MAX && kill_at(&all, at, torn == 1); at++) continue;
  }
  printf(
      "| a migration that is killed leaves the old ledger or the new | %ld writes killed or torn | %ld left the old, "
      "%ld the new | %ld |\n",
      all.kills, all.found_old, all.found_new, all.failed);
  return all.failed || all.kills == 0 || all.found_old == 0 || all.found_new == 0;
}
