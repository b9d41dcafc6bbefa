/* ask.c - filling a request from plain bytes, and keeping what is answered. */
#include "ask.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set(tally_request *request, const char *name, const char *value) {
  if (*value) tally_request_set_text(request, name, value, strlen(value));
}

static void fill(tally_request *request, const question *wanted, tally_ledger *ledger) {
  set(request, "key", wanted->key);
  set(request, "number", wanted->number);
  set(request, wanted->command == TALLY_COMMAND_TRANSFER ? "from" : "patient", wanted->patient);
  set(request, "to", wanted->to);
  set(request, "document", wanted->document);
  set(request, "payment", wanted->payment);
  set(request, "type", wanted->type);
  set(request, "reason", wanted->reason);
  if (wanted->command == TALLY_COMMAND_REFUND) tally_request_set_boolean(request, "reopen", wanted->reopen);
  if (wanted->dry_run) tally_request_set_boolean(request, "dry_run", true);
  if (wanted->command == TALLY_COMMAND_INVOICE) tally_request_set_list(request, "consultations");
  for (size_t i = 0; i < wanted->consultation_count; i++) {
    tally_request_add_text(request, "consultations", wanted->consultations[i], strlen(wanted->consultations[i]));
  }
  tally_money amount = {wanted->amount_minor, tally_ledger_currency(ledger)};
  if (wanted->amount_minor) tally_request_set_money(request, "amount", amount);
}

static void keep(char to[NAME_BYTES], tally_text text) {
  snprintf(to, NAME_BYTES, "%.*s", (int)text.length, text.data ? text.data : "");
}

static void note(const tally_result *result, reply *answer) {
  const tally_payment *payment = result->payment;
  const tally_document *made = result->document_made;
  keep(answer->number, result->number);
  answer->act = result->act;
  answer->replayed = result->replayed;
  answer->minor = payment ? payment->amount_minor : made ? made->facts.charged : result->amount_minor;
  if (!result->has_document) return;
  keep(answer->document, result->document);
  answer->status = result->status;
  answer->remaining_minor = result->remaining_minor;
}

tally_code ask(tally_ledger *ledger, const question *wanted, int64_t now_ms, reply *answer) {
  tally_result result;
  char day[TALLY_TIME_TEXT_MAX] = ""; /* a request borrows its texts */
  tally_request *request = tally_request_new();
  *answer = (reply){.code = TALLY_ERR_OUT_OF_MEMORY};
  if (request == NULL) return answer->code;
  tally_request_begin(request, wanted->command);
  if (now_ms) tally_request_now(request, now_ms);
  fill(request, wanted, ledger);
  if (wanted->through) tally_day_print(wanted->through, day);
  set(request, "through", day);
  answer->code = tally_execute(ledger, request, &result);
  if (!answer->code) note(&result, answer);
  tally_request_free(request);
  return answer->code;
}

bool same_answer(const reply *a, const reply *b) {
  return a->code == b->code && a->act == b->act && a->status == b->status && a->minor == b->minor &&
         a->remaining_minor == b->remaining_minor && strcmp(a->number, b->number) == 0 &&
         strcmp(a->document, b->document) == 0;
}

bool is_refusal(tally_code code) {
  return code > TALLY_OK && code <= TALLY_ERR_SCRIPT_FAILED && code != TALLY_ERR_READ_ONLY;
}

TALLY_PRINTF(2, 3) static void add(char line[LINE_BYTES], const char *template, ...) {
  size_t length = strlen(line);
  va_list rest;
  va_start(rest, template);
  vsnprintf(line + length, LINE_BYTES - length, template, rest);
  va_end(rest);
}

static void add_text(char line[LINE_BYTES], const char *name, const char *value) {
  if (*value) add(line, ",\"%s\":\"%s\"", name, value);
}

static void add_amount(char line[LINE_BYTES], const char *name, int64_t minor) {
  char text[TALLY_MONEY_TEXT_MAX];
  tally_money_print(minor, tally_currency_find("CHF", 3), text);
  add_text(line, name, text);
}

void print_asked(const question *wanted, char line[LINE_BYTES]) {
  char day[TALLY_TIME_TEXT_MAX] = "";
  snprintf(line, LINE_BYTES, "{\"op\":\"%s\"", tally_command_name(wanted->command));
  add_text(line, "number", wanted->number);
  add_text(line, wanted->command == TALLY_COMMAND_TRANSFER ? "from" : "patient", wanted->patient);
  add_text(line, "to", wanted->to);
  add_text(line, "document", wanted->document);
  add_text(line, "payment", wanted->payment);
  add_text(line, "type", wanted->type);
  for (size_t i = 0; i < wanted->consultation_count; i++) {
    add(line, "%s\"%s\"", i ? "," : ",\"consultations\":[", wanted->consultations[i]);
  }
  if (wanted->consultation_count) add(line, "]");
  if (wanted->amount_minor) add_amount(line, "amount", wanted->amount_minor);
  if (wanted->through) tally_day_print(wanted->through, day);
  add_text(line, "through", day);
  if (wanted->command == TALLY_COMMAND_REFUND) add(line, ",\"reopen\":%s", wanted->reopen ? "true" : "false");
  add_text(line, "reason", wanted->reason);
  add_text(line, "key", wanted->key);
  add(line, "}");
}

void print_answered(const reply *answer, char line[LINE_BYTES]) {
  snprintf(line, LINE_BYTES, "{\"ok\":%s", answer->code ? "false" : "true");
  if (answer->code) add_text(line, "code", tally_code_name(answer->code));
  else add(line, ",\"act\":%" PRId64, answer->act);
  add_text(line, "number", answer->number);
  add_text(line, "document", answer->document);
  if (*answer->document) add_text(line, "status", tally_status_name(answer->status));
  if (*answer->document) add_amount(line, "remaining", answer->remaining_minor);
  if (answer->replayed) add(line, ",\"replayed\":true");
  add(line, "}");
}
