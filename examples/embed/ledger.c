/* ledger.c - the C API alone: a ledger in a C program, without Lua. It prints what stands behind each arrow.
 *
 *   make -C examples/embed ledger && build/embed/ledger */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tallystick.h>

/* Ends the program where a call failed: the ledger keeps the sentence. */
static void check(tally_code code, const tally_ledger *ledger) {
  if (code == TALLY_OK) return;
  fprintf(stderr, "%s: %s\n", tally_code_name(code), tally_error_message(ledger));
  exit(EXIT_FAILURE);
}

/* A request is begun, filled by name, and executed. It borrows the texts: they must live until then. */
static void set(tally_request *request, const char *name, const char *value) {
  tally_request_set_text(request, name, value, strlen(value));
}

/* An example prints the same every day; a program of your own leaves this out, and the system's clock is taken. */
static void begin(tally_request *request, tally_command command) {
  int64_t now_ms;
  tally_time_parse("2026-11-20T09:00", 16, &now_ms);
  tally_request_begin(request, command);
  tally_request_now(request, now_ms);
}

/* What comes out is not NUL-terminated, and lives until the next call on the ledger. */
static void show(const tally_ledger *ledger, const tally_result *result) {
  char remaining[TALLY_MONEY_TEXT_MAX];
  tally_money_print(result->remaining_minor, tally_ledger_currency(ledger), remaining);
  printf("%.*s: %.*s is %s, %s left\n", (int)result->number.length, result->number.data, (int)result->document.length,
         result->document.data, tally_status_name(result->status), remaining);
}

static void work(tally_ledger *ledger, tally_request *request) {
  tally_result result;
  begin(request, TALLY_COMMAND_CONSULTATION);
  set(request, "patient", "P17");
  set(request, "amount", "120.00");
  check(tally_execute(ledger, request, &result), ledger);
  show(ledger, &result);
  //> C-00001: C-00001 is pending, 120.00 left

  begin(request, TALLY_COMMAND_PAY);
  set(request, "document", "C-00001");
  set(request, "amount", "50.00");
  check(tally_execute(ledger, request, &result), ledger);
  show(ledger, &result);
  //> R-00001: C-00001 is pending, 70.00 left

  begin(request, TALLY_COMMAND_PAY);
  set(request, "document", "C-00001");
  set(request, "type", "card");
  set(request, "amount", "100.00");
  tally_code code = tally_execute(ledger, request, &result);
  printf("%s: %s\n", tally_code_name(code), tally_error_message(ledger));
  //> amount-exceeds-remaining: amount: 100.00 CHF is more than the 70.00 CHF that remains
}

/* A rule of the host's own: a command is looked at before it is written, and declined or accepted. Under a key that was
 * used there is nothing to decide: proposal->done says so. */
static void guard(tally_ledger *ledger, tally_request *request) {
  enum { MOST_MINOR = 5000 };
  const tally_proposal *proposal;
  tally_result result;
  begin(request, TALLY_COMMAND_PAY);
  set(request, "document", "C-00001");
  check(tally_propose(ledger, request, &proposal), ledger);
  if (proposal->result->payment->amount_minor <= MOST_MINOR) {
    check(tally_accept(ledger, &result), ledger);
    return;
  }
  tally_code code = tally_decline(ledger, TALLY_ERR_REFUSED, "at most 50.00 at once");
  printf("%s: %s\n", tally_code_name(code), tally_error_message(ledger));
  //> refused: at most 50.00 at once
}

/* A cursor holds no lock between two rows; TALLY_DONE is its end. */
static void list(tally_ledger *ledger, tally_request *request) {
  tally_cursor *cursor;
  const tally_entry *entry;
  tally_code code;
  begin(request, TALLY_QUERY_ENTRIES);
  check(tally_cursor_open(ledger, request, &cursor), ledger);
  while ((code = tally_cursor_entry(cursor, &entry)) == TALLY_OK) {
    printf("%d %s %d\n", (int)entry->seq, tally_kind_name(entry->kind), (int)entry->amount_minor);
  }
  tally_cursor_close(cursor);
  check(code == TALLY_DONE ? TALLY_OK : code, ledger);
  //> 1 charge 12000
  //> 2 payment 5000
}

int main(void) {
  tally_ledger *ledger;
  tally_request *request = tally_request_new();
  if (request == NULL) return EXIT_FAILURE;
  check(tally_open(":memory:", NULL, &ledger), ledger);
  work(ledger, request);
  guard(ledger, request);
  list(ledger, request);
  tally_request_free(request);
  tally_close(ledger);
  return EXIT_SUCCESS;
}
