/* file.c - fuzzes a ledger's file: an input is a whole file, or patches to a sound one (three bytes of place, one of
 * length, then what is put there). It is opened, read through and verified up to the recorded head; what changes an answer
 * must be refused or reported. Then it is opened for writing, and something is written. TRUST_SEED names the sound file,
 * with its head in a file beside it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../rot/readings.h"

enum { FILE_MAX = 1 << 20, PATH_BYTES = 512, PATCH_HEAD = 4 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t seed[FILE_MAX], mutated[FILE_MAX];
static size_t seed_length;
static tally_head head;
static readings sound;
static char path[PATH_BYTES];
static bool without_verify; /* the mutation: what verify says is not heard */

static void give_up(const char *what) {
  perror(what);
  exit(2);
}

static void read_seed(const char *name) {
  char beside[PATH_BYTES], hash[65];
  long long seq;
  FILE *file = fopen(name, "rb");
  if (file == NULL) give_up(name);
  seed_length = fread(seed, 1, sizeof seed, file);
  fclose(file);
  snprintf(beside, sizeof beside, "%.*s.head", (int)(strlen(name) - strlen(".db")), name);
  file = fopen(beside, "r");
  if (file == NULL || fscanf(file, "%lld %64s", &seq, hash) != 2) give_up(beside);
  fclose(file);
  head.seq = seq;
  for (size_t i = 0; i < sizeof head.hash; i++) {
    unsigned value;
    if (sscanf(hash + 2 * i, "%2x", &value) != 1) give_up(beside);
    head.hash[i] = (uint8_t)value;
  }
}

static void look(const uint8_t *data, size_t length, readings *found) {
  char beside[PATH_BYTES + 8];
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || write(file, data, length) != (ssize_t)length) give_up(path);
  close(file);
  static const char *const suffixes[] = {"-wal", "-shm"};
  for (size_t i = 0; i < 2; i++) {
    snprintf(beside, sizeof beside, "%s%s", path, suffixes[i]);
    unlink(beside);
  }
  readings_take(path, &head, false, found);
}

static void clean(void) {
  char beside[PATH_BYTES + 8];
  static const char *const suffixes[] = {"", "-wal", "-shm"};
  for (size_t i = 0; i < 3; i++) {
    snprintf(beside, sizeof beside, "%s%s", path, suffixes[i]);
    unlink(beside);
  }
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  const char *name = getenv("TRUST_SEED"), *folder = getenv("TRUST_FOLDER");
  if (name == NULL || folder == NULL) give_up("TRUST_SEED and TRUST_FOLDER name the sound ledger and where to work");
  without_verify = getenv("TRUST_NOVERIFY") != NULL;
  readings_begin();
  read_seed(name);
  snprintf(path, sizeof path, "%s/fuzz-%d.db", folder, (int)getpid());
  atexit(clean);
  look(seed, seed_length, &sound);
  if (sound.verified != TALLY_DONE) give_up("the sound ledger does not verify");
  return 0;
}

static size_t patch(const uint8_t *data, size_t size) {
  memcpy(mutated, seed, seed_length);
  while (size > PATCH_HEAD) {
    size_t place = ((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]) % seed_length, count = data[3];
    data += PATCH_HEAD;
    size -= PATCH_HEAD;
    if (count > size) count = size;
    if (count > seed_length - place) count = seed_length - place;
    memcpy(mutated + place, data, count);
    data += count;
    size -= count;
  }
  return seed_length;
}

static void set(tally_request *request, const char *name, const char *value) {
  tally_request_set_text(request, name, value, strlen(value));
}

/* Nothing is promised of a damaged file but that each answer is one of the documented. */
static void execute(tally_ledger *ledger, tally_request *request) {
  tally_result result;
  tally_code code = tally_execute(ledger, request, &result);
  if (code < TALLY_ERR_END) return;
  fprintf(stderr, "broken: a command answers %d\n", (int)code);
  abort();
}

static void write_some(void) {
  tally_options options = {.busy_timeout_ms = -1};
  tally_ledger *ledger = NULL;
  tally_request *request = tally_request_new();
  if (request == NULL) give_up("memory");
  if (tally_open(path, &options, &ledger) == TALLY_OK) {
    tally_request_begin(request, TALLY_COMMAND_DEPOSIT);
    set(request, "patient", "P1");
    set(request, "amount", "1.00");
    execute(ledger, request);
    tally_request_begin(request, TALLY_COMMAND_PAY);
    set(request, "patient", "P1");
    set(request, "documents", "oldest");
    execute(ledger, request);
    tally_request_begin(request, TALLY_COMMAND_REVERSE);
    set(request, "payment", "R-00005");
    set(request, "reason", "slip");
    execute(ledger, request);
  }
  tally_close(ledger);
  tally_request_free(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char magic[] = "SQLite format 3";
  readings found;
  bool whole = size >= sizeof magic && size <= sizeof mutated && memcmp(data, magic, sizeof magic) == 0;
  if (whole) memcpy(mutated, data, size);
  look(mutated, whole ? size : patch(data, size), &found);
  bool changed = memcmp(found.digest, sound.digest, READINGS_BYTES) != 0;
  bool believed = !found.opened && (without_verify || found.verified == TALLY_DONE);
  if (changed && believed) {
    fprintf(stderr, "broken: an answer changed, and verify says nothing\n");
    abort();
  }
  write_some();
  return 0;
}
