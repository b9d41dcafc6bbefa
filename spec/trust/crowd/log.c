/* log.c - one writes while another reads for long: how the log grows, and that it is short again afterwards. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crowd.h"

enum {
  WRITER,
  READER,
  PROCESSES,
  /* A checkpoint comes at 1,000 pages of 2 KB, and the commit that reaches it may be a large one. */
  LOG_BYTES_MAX = 4 * 1024 * 1024,
  SLOWEST_MEDIAN = 20 /* times as long as without a reader */
};

/* What stands open meanwhile. */
typedef enum standing { STANDING_NOTHING, STANDING_ITERATOR, STANDING_READING, STANDING_OVER, STANDINGS } standing;
static const char *const standing_names[STANDINGS] = {"nobody reading", "an iterator open", "a reading open",
                                                      "the reading over"};

typedef struct phase {
  samples took;
  off_t most, last; /* bytes of the log */
} phase;

typedef struct logs {
  const scene *in;
  char path[PATH_BYTES];
  gate opened, stands, over;
  phase phases[STANDINGS];
  int64_t seen_before, seen_after; /* by the reading, at its beginning and at its end */
} logs;

static off_t log_bytes(const logs *at) {
  struct stat facts;
  char log[PATH_BYTES + 4];
  snprintf(log, sizeof log, "%s-wal", at->path);
  return stat(log, &facts) == 0 ? facts.st_size : 0;
}

/* ---- Writing --------------------------------------------------------------------------------------------------- */
static void write_on(logs *at, tally_ledger *ledger, standing now) {
  phase *of = &at->phases[now];
  for (size_t i = 0; i < times(at->in, 2500, 10000); i++) {
    reply answer;
    question deposit = {.command = TALLY_COMMAND_DEPOSIT, .amount_minor = 100};
    snprintf(deposit.patient, NAME_BYTES, "P%zu", i % 200);
    int64_t began_us = now_us();
    tally_code code = ask(ledger, &deposit, 0, &answer);
    sample(&of->took, now_us() - began_us);
    check(at->in, code == TALLY_OK, "with %s the writer is answered %s", standing_names[now], tally_code_name(code));
    of->last = log_bytes(at);
    if (of->last > of->most) of->most = of->last;
  }
}

/* ---- Reading --------------------------------------------------------------------------------------------------- */
static void stand(logs *at) {
  atomic_fetch_add(&at->in->verdict->faults, 1);
  gate_pass(&at->stands, PROCESSES);
  gate_pass(&at->over, PROCESSES);
}

/* One that was begun, and stands at its first row. */
static void keep_iterator(logs *at, tally_ledger *ledger) {
  const tally_entry *entry;
  tally_cursor *cursor;
  int64_t count = 1;
  tally_request *request = tally_request_new();
  tally_request_begin(request, TALLY_QUERY_ENTRIES);
  tally_code code = tally_cursor_open(ledger, request, &cursor);
  if (!code) code = tally_cursor_entry(cursor, &entry);
  check(at->in, code == TALLY_OK, "an iterator is answered %s", tally_code_name(code));
  stand(at);
  while (!code && (code = tally_cursor_entry(cursor, &entry)) == TALLY_OK) count++;
  check(at->in, code == TALLY_DONE && count > 1, "an iterator is answered %s at its end", tally_code_name(code));
  tally_cursor_close(cursor);
  tally_request_free(request);
}

/* Verifying reads one state of the file from its beginning to its end. */
static void keep_reading(logs *at, tally_ledger *ledger) {
  tally_verify *verify;
  tally_head head;
  if (tally_read_head(ledger, &head)) wrong(at->in, "head: %s", tally_error_message(ledger));
  tally_code code = tally_verify_begin(ledger, NULL, &verify);
  if (!code) code = tally_verify_step(verify);
  stand(at);
  while (!code) code = tally_verify_step(verify);
  check(at->in, code == TALLY_DONE, "verify is answered %s: %s", tally_code_name(code), tally_error_message(ledger));
  if (code == TALLY_DONE)
    check(at->in, tally_verify_report(verify)->entries == head.seq, "a reading of entry %lld came to %lld",
          (long long)head.seq, (long long)tally_verify_report(verify)->entries);
  tally_verify_end(verify);
}

static void work(void *with, size_t index) {
  logs *at = with;
  tally_ledger *ledger = open_ledger(at->in, at->path, 0);
  gate_pass(&at->opened, PROCESSES);
  if (index == WRITER) write_on(at, ledger, STANDING_NOTHING);
  gate_pass(&at->opened, PROCESSES);
  for (standing now = STANDING_ITERATOR; now <= STANDING_READING; now++) {
    if (index == READER && now == STANDING_ITERATOR) keep_iterator(at, ledger);
    if (index == READER && now == STANDING_READING) keep_reading(at, ledger);
    if (index == READER) continue;
    gate_pass(&at->stands, PROCESSES);
    write_on(at, ledger, now);
    gate_pass(&at->over, PROCESSES);
  }
  gate_pass(&at->opened, PROCESSES);
  if (index == WRITER) write_on(at, ledger, STANDING_OVER);
  gate_pass(&at->opened, PROCESSES);
  tally_close(ledger);
}

static void look(logs *at) {
  double usual_ms = measure(&at->phases[STANDING_NOTHING].took, 1).median_ms;
  for (standing i = 0; i < STANDINGS; i++) {
    const phase *of = &at->phases[i];
    quantiles took = measure(&of->took, 1);
    figure(at->in, "%s: the log has %.1f MB at most, %.1f MB at last; a commit took: median %.3f ms, p99 %.3f ms",
           standing_names[i], (double)of->most / 1e6, (double)of->last / 1e6, took.median_ms, took.p99_ms);
    check(at->in, took.median_ms <= SLOWEST_MEDIAN * usual_ms, "with %s a commit takes %.3f ms", standing_names[i],
          took.median_ms);
    if (i == STANDING_READING) check(at->in, of->most > LOG_BYTES_MAX, "no reading stood in the log's way");
    else
      check(at->in, of->last <= LOG_BYTES_MAX, "with %s the log has %lld bytes", standing_names[i],
            (long long)of->last);
  }
}

void play_log(const scene *in) {
  logs *at = share(sizeof *at);
  book found;
  at->in = in;
  name_file(in, "one", at->path);
  tally_close(open_ledger(in, at->path, 0));
  run_crowd(in, PROCESSES, work, at);
  look(at);
  read_book(in, at->path, &found);
  book_free(&found);
  unshare(at, sizeof *at);
}
