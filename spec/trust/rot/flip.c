/* flip.c - flips bits of a ledger's file, or of its log, one at a time, and holds what the ledger answers then against what
 * it answered before: what changes an answer must be refused at opening or reported by verify.
 *
 *   flip NAME.db HEAD FOLDER SAMPLE SEED [log] [noverify] [nohead]     a SAMPLE of 0 is every bit
 *   flip look           reads lines "path seq hash" and tells for each what a look at the file finds
 *
 * Work is shared by processes; one that dies tells which bit killed it, and another goes on behind it. */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "readings.h"

enum {
  JOBS = 2,
  PATH_BYTES = 512,
  HANG_SECONDS = 20, /* far more than a look at a small file takes */
  FILE_HEADER = 100,
  PAGE_HEADER = 12,
  CELL_START = 12, /* a cell's lengths, rowid and the first types of its row */
  LOG_HEADER = 32,
  FRAME_HEADER = 24,
  SILENT_SHOWN = 20
};

static void give_up(const char *what) {
  perror(what);
  exit(2);
}

/* ---- Files ---- */

typedef struct bytes {
  uint8_t *data;
  size_t length;
} bytes;

static bytes read_file(const char *path) {
  struct stat facts;
  bytes all = {NULL, 0};
  int file = open(path, O_RDONLY);
  if (file < 0) return all;
  if (fstat(file, &facts) != 0) give_up(path);
  all.length = (size_t)facts.st_size;
  all.data = malloc(all.length + 1);
  if (all.data == NULL || read(file, all.data, all.length) != facts.st_size) give_up(path);
  close(file);
  return all;
}

static void write_file(const char *path, bytes all) {
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || write(file, all.data, all.length) != (ssize_t)all.length) give_up(path);
  close(file);
}

static void read_head_file(const char *path, tally_head *head) {
  char hash[65];
  long long seq;
  FILE *file = fopen(path, "r");
  if (file == NULL || fscanf(file, "%lld %64s", &seq, hash) != 2) give_up(path);
  fclose(file);
  head->seq = seq;
  for (size_t i = 0; i < sizeof head->hash; i++) {
    unsigned value;
    if (sscanf(hash + 2 * i, "%2x", &value) != 1) give_up(path);
    head->hash[i] = (uint8_t)value;
  }
}

/* ---- Which bits ---- */

typedef enum place { REST, KEY, HEADER } place;

static size_t at_16(const uint8_t *data) {
  return (size_t)data[0] << 8 | data[1];
}

static void mark(uint8_t *places, size_t length, size_t from, size_t count, place as) {
  for (size_t i = from; i < from + count && i < length; i++) {
    if (places[i] < as) places[i] = (uint8_t)as;
  }
}

static void mark_page(bytes file, uint8_t *places, size_t page, size_t page_bytes) {
  size_t header = page == 0 ? FILE_HEADER : page, cells = at_16(file.data + header + 3);
  uint8_t kind = file.data[header];
  if (kind != 2 && kind != 5 && kind != 10 && kind != 13) return; /* an overflow page, or a free one */
  size_t list = header + (kind < 8 ? 12 : 8);
  mark(places, file.length, header, PAGE_HEADER, HEADER);
  mark(places, file.length, list, 2 * cells, KEY);
  for (size_t i = 0; i < cells && list + 2 * i + 1 < page + page_bytes; i++) {
    mark(places, file.length, page + at_16(file.data + list + 2 * i), CELL_START, KEY);
  }
}

static uint8_t *mark_places(bytes file, bool is_log) {
  uint8_t *places = calloc(1, file.length + 1);
  if (places == NULL) give_up("memory");
  size_t page_bytes = is_log ? at_16(file.data + 10) : at_16(file.data + 16);
  mark(places, file.length, 0, is_log ? LOG_HEADER : FILE_HEADER, HEADER);
  if (is_log) {
    mark(places, file.length, LOG_HEADER, FRAME_HEADER, HEADER);
    for (size_t at = LOG_HEADER; at < file.length; at += FRAME_HEADER + page_bytes)
      mark(places, file.length, at, FRAME_HEADER, KEY);
  } else {
    for (size_t page = 0; page < file.length; page += page_bytes) mark_page(file, places, page, page_bytes);
  }
  return places;
}

static uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

/* All bits; or those of headers, with a sample of which half is where rows begin. Gives their count. */
static size_t choose_bits(bytes file, bool is_log, size_t sample, uint64_t seed, uint32_t *bits) {
  uint8_t *places = mark_places(file, is_log);
  size_t count = 0, keys = 0, total = file.length * 8;
  for (size_t i = 0; i < file.length; i++) keys += places[i] == KEY ? 8 : 0;
  for (size_t bit = 0; bit < total; bit++) {
    place where = (place)places[bit / 8];
    size_t among = where == KEY ? keys : total - keys;
    bool all = sample == 0 || where == HEADER;
    if (all || next_random(&seed) % among < sample / 2) bits[count++] = (uint32_t)bit;
  }
  free(places);
  return count;
}

/* ---- The work ---- */

typedef struct counts {
  atomic_long flips, changed, refused, reported, silent, crashed;
  atomic_long next[JOBS]; /* where a worker is: what died on it is not tried again */
} counts;

typedef struct work {
  const char *folder;
  bytes file, log; /* as they were */
  bool flips_log, without_verify, without_head;
  tally_head head;
  uint32_t *bits;
  size_t bit_count;
  readings sound;
  counts *counts;
} work;

static void lay_out(const work *in, const char *path) {
  char log[PATH_BYTES + 8];
  snprintf(log, sizeof log, "%s-wal", path);
  write_file(path, in->file);
  unlink(log);
  if (in->log.data) write_file(log, in->log);
}

static void look(const work *in, const char *path, readings *found) {
  char beside[PATH_BYTES + 8];
  snprintf(beside, sizeof beside, "%s-shm", path);
  unlink(beside);
  snprintf(beside, sizeof beside, "%s-wal", path);
  if (in->log.data == NULL) unlink(beside);
  readings_take(path, in->without_head ? NULL : &in->head, true, found);
}

static void judge(const work *in, uint32_t bit, const readings *found) {
  counts *all = in->counts;
  bool changed = memcmp(found->digest, in->sound.digest, READINGS_BYTES) != 0;
  bool reported = found->verified != TALLY_DONE && !in->without_verify;
  atomic_fetch_add(&all->flips, 1);
  if (found->opened) {
    atomic_fetch_add(&all->refused, 1);
    return;
  }
  if (changed) atomic_fetch_add(&all->changed, 1);
  if (reported) atomic_fetch_add(&all->reported, 1);
  if (!changed || reported) return;
  if (atomic_fetch_add(&all->silent, 1) < SILENT_SHOWN)
    printf("  silent: byte %u bit %u of the %s changes an answer\n", bit / 8, bit % 8, in->flips_log ? "log" : "file");
}

static void flip(const work *in, int file, uint32_t bit) {
  const bytes *whole = in->flips_log ? &in->log : &in->file;
  uint8_t byte = (uint8_t)(whole->data[bit / 8] ^ 1u << bit % 8);
  if (pwrite(file, &byte, 1, bit / 8) != 1) give_up("flip");
}

static void mend(const work *in, int file, uint32_t bit) {
  const bytes *whole = in->flips_log ? &in->log : &in->file;
  if (pwrite(file, &whole->data[bit / 8], 1, bit / 8) != 1) give_up("mend");
}

static void run(const work *in, int job) {
  char path[PATH_BYTES], flipped[PATH_BYTES + 8];
  snprintf(path, sizeof path, "%s/%d.db", in->folder, job);
  snprintf(flipped, sizeof flipped, "%s%s", path, in->flips_log ? "-wal" : "");
  lay_out(in, path);
  int file = open(flipped, O_WRONLY);
  if (file < 0) give_up(flipped);
  for (size_t at; (at = (size_t)atomic_load(&in->counts->next[job])) < in->bit_count;) {
    readings found;
    alarm(HANG_SECONDS);
    flip(in, file, in->bits[at]);
    look(in, path, &found);
    mend(in, file, in->bits[at]);
    judge(in, in->bits[at], &found);
    atomic_fetch_add(&in->counts->next[job], JOBS);
  }
  fflush(stdout);
  _exit(0);
}

static pid_t start(const work *in, int job) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid < 0) give_up("fork");
  if (pid == 0) run(in, job);
  return pid;
}

static void run_all(const work *in) {
  pid_t workers[JOBS];
  for (int job = 0; job < JOBS; job++) {
    atomic_store(&in->counts->next[job], job);
    workers[job] = start(in, job);
  }
  for (int left = JOBS; left > 0;) {
    int status, job = 0;
    pid_t ended = wait(&status);
    while (job < JOBS && workers[job] != ended) job++;
    if (job == JOBS) continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      left--;
      continue;
    }
    uint32_t bit = in->bits[atomic_fetch_add(&in->counts->next[job], JOBS)];
    atomic_fetch_add(&in->counts->crashed, 1);
    printf("  %s: byte %u bit %u of the %s\n", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "ended", bit / 8,
           bit % 8, in->flips_log ? "log" : "file");
    workers[job] = start(in, job);
  }
}

/* ---- The whole ---- */

static void take_sound(work *in) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/sound.db", in->folder);
  lay_out(in, path);
  pid_t child = fork(); /* SQLite is begun by the workers for themselves */
  if (child == 0) {
    look(in, path, &in->sound);
    _exit(0);
  }
  int status;
  if (child < 0 || waitpid(child, &status, 0) != child) give_up("fork");
}

static void *shared(size_t length) {
  void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) give_up("memory");
  return memory;
}

static int tell(const char *name, const work *in) {
  counts *all = in->counts;
  long silent = atomic_load(&all->silent), crashed = atomic_load(&all->crashed);
  bool tried = in->bit_count > 0 && (size_t)(atomic_load(&all->flips) + crashed) == in->bit_count;
  bool any = atomic_load(&all->reported) > 0;
  printf("| a flipped bit of %s%s that changes an answer is refused or reported | %ld bits | %ld refused at opening, "
         "%ld changed an answer, %ld reported by verify, %ld silent, %ld died | %ld |\n",
         name, in->flips_log ? "'s log" : "", atomic_load(&all->flips), atomic_load(&all->refused),
         atomic_load(&all->changed), atomic_load(&all->reported), silent, crashed, silent + crashed);
  if (!tried) printf("  some bits were not tried\n");
  return silent || crashed || !tried || (!any && !in->without_verify);
}

/* For files that others have changed: what is found, in one line each. */
static int look_at_files(void) {
  char path[PATH_BYTES], hash[65], hex[2 * READINGS_BYTES + 1];
  long long seq;
  while (scanf("%500s %lld %64s", path, &seq, hash) == 3) {
    tally_head head = {.seq = seq};
    readings found;
    for (size_t i = 0; seq > 0 && i < sizeof head.hash; i++) {
      unsigned value;
      if (sscanf(hash + 2 * i, "%2x", &value) != 1) return 2;
      head.hash[i] = (uint8_t)value;
    }
    readings_take(path, seq > 0 ? &head : NULL, true, &found);
    for (size_t i = 0; i < READINGS_BYTES; i++) snprintf(hex + 2 * i, 3, "%02x", found.digest[i]);
    printf("%s\t%s\t%lld\t%s\t%s\n", tally_code_name(found.opened),
           found.verified == TALLY_DONE ? "holds" : tally_code_name(found.verified), (long long)found.bad_seq, hex,
           found.message);
    fflush(stdout);
  }
  return 0;
}

static bool has_word(int count, char **words, const char *word) {
  for (int i = 0; i < count; i++) {
    if (strcmp(words[i], word) == 0) return true;
  }
  return false;
}

static size_t number_at(int count, char **words, int index) {
  return index < count ? strtoull(words[index], NULL, 10) : 0;
}

int main(int argc, char **argv) {
  readings_begin();
  if (argc == 2 && strcmp(argv[1], "look") == 0) return look_at_files();
  if (argc < 5) {
    fprintf(stderr,
            "usage: flip NAME.db HEAD FOLDER SAMPLE SEED [log] [noverify] [nohead]; a SAMPLE of 0 is every bit\n");
    return 2;
  }
  work *in = shared(sizeof *in);
  char log[PATH_BYTES];
  snprintf(log, sizeof log, "%s-wal", argv[1]);
  in->folder = argv[3];
  in->file = read_file(argv[1]);
  in->log = read_file(log);
  in->flips_log = has_word(argc, argv, "log");
  in->without_verify = has_word(argc, argv, "noverify");
  in->without_head = has_word(argc, argv, "nohead");
  in->counts = shared(sizeof *in->counts);
  read_head_file(argv[2], &in->head);
  bytes whole = in->flips_log ? in->log : in->file;
  if (whole.data == NULL) give_up(argv[1]);
  in->bits = malloc(whole.length * 8 * sizeof *in->bits);
  if (in->bits == NULL) give_up("memory");
  in->bit_count = choose_bits(whole, in->flips_log, number_at(argc, argv, 4), number_at(argc, argv, 5) + 1, in->bits);
  take_sound(in);
  if (in->sound.verified != TALLY_DONE) {
    printf("the sound ledger does not verify: %s\n", in->sound.message);
    return 1;
  }
  run_all(in);
  return tell(strrchr(argv[1], '/') ? strrchr(argv[1], '/') + 1 : argv[1], in);
}
