/* steps.c - runs what a scenario writes as text: commands with their fields, and every other call of the C API by name. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRY(call)                                                                                                     \
  do {                                                                                                                \
    tally_code tried = (call);                                                                                        \
    if (tried) return tried;                                                                                          \
  } while (0)

enum { NOW_MS_HIGH = 1795168, STEP_BYTES = 512 }; /* 2026-11-20, in thousands of seconds */

static tally_text text_of(const char *text) {
  return (tally_text){text, strlen(text)};
}

/* ---- Fields: a=text, a=#12, a=true, a=[x,y], a={k:v} ---- */

static void set_list(tally_request *request, const char *name, char *members) {
  char *rest = members;
  tally_request_set_list(request, name);
  for (char *one = strtok_r(members, ",]", &rest); one; one = strtok_r(NULL, ",]", &rest)) {
    tally_request_add_text(request, name, one, strlen(one));
  }
}

static void set_map(tally_request *request, const char *name, char *members) {
  char *rest = members;
  tally_request_set_map(request, name);
  for (char *one = strtok_r(members, ",}", &rest); one; one = strtok_r(NULL, ",}", &rest)) {
    char *colon = strchr(one, ':');
    *colon = '\0';
    tally_request_put_text(request, name, text_of(one), text_of(colon + 1));
  }
}

static void set_field(tally_request *request, const char *name, char *value) {
  bool truth = strcmp(value, "true") == 0;
  if (*value == '[') set_list(request, name, value + 1);
  else if (*value == '{') set_map(request, name, value + 1);
  else if (*value == '#') tally_request_set_integer(request, name, strtoll(value + 1, NULL, 10));
  else if (truth || strcmp(value, "false") == 0) tally_request_set_boolean(request, name, truth);
  else tally_request_set_text(request, name, value, strlen(value));
}

static void begin(world *in, tally_command command, char *rest) {
  char *left = rest;
  tally_request_begin(in->request, command);
  tally_request_now(in->request, (int64_t)NOW_MS_HIGH * 1000000);
  tally_request_default_actor(in->request, text_of("desk-1"));
  for (char *one = strtok_r(rest, " ", &left); one; one = strtok_r(NULL, " ", &left)) {
    char *equals = strchr(one, '=');
    if (equals == NULL) continue;
    *equals = '\0';
    set_field(in->request, one, equals + 1);
  }
}

/* ---- Commands ---- */

static void mix_result(world *in, const tally_result *result) {
  mix_number(&in->answer, result->command);
  mix_number(&in->answer, result->act);
  mix_text(&in->answer, result->number);
  mix_text(&in->answer, result->document);
  const int64_t numbers[] = {result->status,
                             result->remaining_minor,
                             result->replayed,
                             result->dry_run,
                             result->prints,
                             result->amount_minor,
                             result->closing ? result->closing->through : 0};
  mix(&in->answer, numbers, sizeof numbers);
  if (result->document_made) mix_document(&in->answer, result->document_made);
  if (result->payment) mix_payment(&in->answer, result->payment);
}

static tally_code execute(world *in, tally_command command, char *rest) {
  tally_result result;
  begin(in, command, rest);
  TRY(tally_execute(in->ledger, in->request, &result));
  mix_result(in, &result);
  return TALLY_OK;
}

static tally_code step_propose(world *in, char *rest) {
  const tally_proposal *proposal;
  const tally_document *before, *after;
  char *fields = strchr(rest, ' ');
  *fields = '\0';
  begin(in, tally_command_find(rest, strlen(rest)), fields + 1);
  TRY(tally_propose(in->ledger, in->request, &proposal));
  mix_number(&in->answer, (int64_t)proposal->entry_count);
  size_t count = proposal->document_count;
  tally_code code = TALLY_OK;
  for (size_t i = 0; i < count && !code; i++) {
    code = tally_proposal_document(in->ledger, i, &before, &after);
    if (!code && after) mix_document(&in->answer, after);
  }
  if (code) tally_decline(in->ledger, TALLY_ERR_REFUSED, "the proposal could not be read");
  return code;
}

static tally_code step_accept(world *in, char *rest) {
  tally_result result;
  (void)rest;
  TRY(tally_accept(in->ledger, &result));
  mix_result(in, &result);
  return TALLY_OK;
}

static tally_code step_decline(world *in, char *rest) {
  tally_code code = tally_decline(in->ledger, TALLY_ERR_REFUSED, rest);
  if (code == TALLY_ERR_REFUSED) tally_error_add(in->ledger, "rule", text_of("faults"));
  return code == TALLY_ERR_REFUSED ? TALLY_OK : code;
}

static tally_code step_begin(world *in, char *rest) {
  (void)rest;
  return tally_begin(in->ledger);
}

static tally_code step_commit(world *in, char *rest) {
  (void)rest;
  return tally_commit(in->ledger);
}

static tally_code step_rollback(world *in, char *rest) {
  (void)rest;
  tally_rollback(in->ledger);
  return TALLY_OK;
}

/* ---- Reading ---- */

static tally_code step_document(world *in, char *rest) {
  const tally_document *document;
  char *fields = strchr(rest, ' ');
  if (fields) *fields++ = '\0';
  char none[] = "";
  begin(in, TALLY_QUERY_DOCUMENT, fields ? fields : none);
  TRY(tally_read_document(in->ledger, text_of(rest), in->request, &document));
  mix_document(&in->answer, document);
  return TALLY_OK;
}

static tally_code step_payment(world *in, char *rest) {
  const tally_payment *payment;
  TRY(tally_read_payment(in->ledger, text_of(rest), &payment));
  mix_payment(&in->answer, payment);
  return TALLY_OK;
}

static tally_code step_patient(world *in, char *rest) {
  const tally_patient *patient;
  char none[] = "";
  begin(in, TALLY_QUERY_DOCUMENT, none);
  TRY(tally_read_patient(in->ledger, text_of(rest), in->request, &patient));
  mix_number(&in->answer, patient->credit_minor);
  mix_number(&in->answer, patient->owed_minor);
  for (size_t i = 0; i < patient->document_count; i++) mix_document(&in->answer, &patient->documents[i]);
  return TALLY_OK;
}

static tally_code next_row(world *in, tally_cursor *cursor, tally_command query) {
  const tally_document *document;
  const tally_payment *payment;
  const tally_entry *entry;
  if (query == TALLY_QUERY_DOCUMENTS) {
    TRY(tally_cursor_document(cursor, &document));
    mix_document(&in->answer, document);
  } else if (query == TALLY_QUERY_PAYMENTS) {
    TRY(tally_cursor_payment(cursor, &payment));
    mix_payment(&in->answer, payment);
  } else {
    TRY(tally_cursor_entry(cursor, &entry));
    mix_number(&in->answer, entry->seq);
    mix_number(&in->answer, entry->amount_minor);
    mix_text(&in->answer, entry->note);
    mix_text(&in->answer, entry->reason);
  }
  return TALLY_OK;
}

static tally_code rows(world *in, tally_command query, char *rest) {
  tally_cursor *cursor = NULL;
  begin(in, query, rest);
  TRY(tally_cursor_open(in->ledger, in->request, &cursor));
  tally_code code = TALLY_OK;
  while (code == TALLY_OK) code = next_row(in, cursor, query);
  tally_cursor_close(cursor);
  return code == TALLY_DONE ? TALLY_OK : code;
}

static tally_code step_documents(world *in, char *rest) {
  return rows(in, TALLY_QUERY_DOCUMENTS, rest);
}

static tally_code step_payments(world *in, char *rest) {
  return rows(in, TALLY_QUERY_PAYMENTS, rest);
}

static tally_code step_entries(world *in, char *rest) {
  return rows(in, TALLY_QUERY_ENTRIES, rest);
}

static tally_code step_totals(world *in, char *rest) {
  const tally_totals *row;
  size_t count;
  unsigned by;
  begin(in, TALLY_QUERY_TOTALS, rest);
  TRY(tally_read_totals(in->ledger, in->request, &row, &count, &by));
  mix_number(&in->answer, by);
  for (size_t i = 0; i < count; i++) mix_number(&in->answer, row[i].money);
  return TALLY_OK;
}

static tally_code step_names(world *in, char *rest) {
  static const char *const kinds[] = {"document", "payment", "patient"};
  const tally_text *names;
  size_t count;
  int which = 0;
  while (strcmp(kinds[which], rest) != 0) which++;
  TRY(tally_read_names(in->ledger, (tally_names)which, text_of(""), 10, &names, &count));
  for (size_t i = 0; i < count; i++) mix_text(&in->answer, names[i]);
  return TALLY_OK;
}

static tally_code step_closings(world *in, char *rest) {
  const tally_closing *closings;
  size_t count;
  (void)rest;
  TRY(tally_read_closings(in->ledger, &closings, &count));
  for (size_t i = 0; i < count; i++) {
    mix_number(&in->answer, closings[i].through);
    for (size_t j = 0; j < closings[i].total_count; j++) mix_number(&in->answer, closings[i].totals[j].money);
  }
  return TALLY_OK;
}

static tally_code step_head(world *in, char *rest) {
  tally_head head;
  (void)rest;
  TRY(tally_read_head(in->ledger, &head));
  mix_number(&in->answer, head.seq);
  return TALLY_OK;
}

static tally_code step_info(world *in, char *rest) {
  tally_info info;
  (void)rest;
  TRY(tally_read_info(in->ledger, &info));
  const int64_t numbers[] = {info.entries, info.documents, info.payments, info.closings, info.synchronous};
  mix(&in->answer, numbers, sizeof numbers);
  mix_text(&in->answer, text_of(info.journal_mode));
  return TALLY_OK;
}

static tally_code step_type(world *in, char *rest) {
  const tally_payment_type *type;
  TRY(tally_read_type(in->ledger, text_of(rest), 1, &type));
  mix_text(&in->answer, type->id);
  mix_number(&in->answer, (int64_t)type->label_count);
  mix_number(&in->answer, type->round_to_minor);
  return TALLY_OK;
}

static tally_code step_stage(world *in, char *rest) {
  tally_stage stage;
  TRY(tally_read_stage(in->ledger, text_of(rest), text_of("reminders"), &stage));
  mix_text(&in->answer, stage.name);
  mix_number(&in->answer, stage.seq);
  return TALLY_OK;
}

static tally_code step_reload(world *in, char *rest) {
  int32_t version;
  (void)rest;
  TRY(tally_ledger_reload(in->ledger, &version));
  mix_number(&in->answer, version);
  return TALLY_OK;
}

static tally_code step_followed(world *in, char *rest) {
  int64_t seq;
  TRY(tally_follower_get(in->ledger, text_of(rest), &seq));
  mix_number(&in->answer, seq);
  return TALLY_OK;
}

static tally_code step_follow(world *in, char *rest) {
  return tally_follower_set(in->ledger, text_of("letters"), strtoll(rest, NULL, 10));
}

/* ---- The file ---- */

static tally_code step_erase(world *in, char *rest) {
  tally_erasure erasure;
  begin(in, TALLY_CALL_ERASE, rest);
  TRY(tally_erase(in->ledger, in->request, &erasure));
  mix_number(&in->answer, erasure.texts);
  mix_number(&in->answer, erasure.acts);
  return TALLY_OK;
}

static tally_code step_verify(world *in, char *rest) {
  tally_verify *verify = NULL;
  tally_head head;
  (void)rest;
  TRY(tally_read_head(in->ledger, &head));
  TRY(tally_verify_begin(in->ledger, &head, &verify));
  tally_code code = TALLY_OK;
  while (code == TALLY_OK) code = tally_verify_step(verify);
  if (code == TALLY_DONE) {
    const tally_report *report = tally_verify_report(verify);
    const int64_t numbers[] = {report->entries, report->documents, report->payments, report->days, report->closings};
    mix(&in->answer, numbers, sizeof numbers);
  }
  tally_verify_end(verify);
  return code == TALLY_DONE ? TALLY_OK : code;
}

static tally_code step_backup(world *in, char *rest) {
  tally_backup *backup = NULL;
  (void)rest;
  TRY(tally_backup_begin(in->ledger, in->copy, &backup));
  tally_code code = TALLY_OK;
  while (code == TALLY_OK) code = tally_backup_step(backup);
  tally_backup_end(backup);
  return code == TALLY_DONE ? TALLY_OK : code;
}

static tally_code open_with(world *in, const tally_config *config, bool read_only) {
  tally_options options = {.read_only = read_only, .busy_timeout_ms = -1, .config = config};
  return tally_open(in->path, &options, &in->ledger);
}

static tally_code step_open(world *in, char *rest) {
  return open_with(in, NULL, strcmp(rest, "ro") == 0);
}

/* Opens with a script of its own, which is stored as a new version. */
static tally_code step_open_config(world *in, char *rest) {
  (void)rest;
  static const tally_pair labels[] = {{{"en", 2}, {"Coins", 5}}, {{"fr", 2}, {"Monnaie", 7}}};
  static const tally_text groups[] = {{"POS-1", 5}, {"POS-2", 5}};
  static const tally_payment_type types[] = {
      {.id = {"cash", 4},
       .effect = TALLY_EFFECT_MONEY,
       .is_default = true,
       .for_consultation = true,
       .for_invoice = true,
       .excess = TALLY_EXCESS_CHANGE,
       .labels = labels,
       .label_count = 2},
      {.id = {"card", 4},
       .effect = TALLY_EFFECT_MONEY,
       .for_consultation = true,
       .for_invoice = true,
       .excess = TALLY_EXCESS_REFUSE,
       .groups = groups,
       .group_count = 2},
  };
  tally_config config = {.currency = {"CHF", 3},
                         .types = types,
                         .type_count = 2,
                         .script_name = {"clinic.lua", 10},
                         .script_text = {"-- none", 7}};
  return open_with(in, &config, false);
}

static tally_code step_close(world *in, char *rest) {
  (void)rest;
  tally_close(in->ledger);
  in->ledger = NULL;
  return TALLY_OK;
}

/* Closes, but leaves the file and its log as a killed process would. */
static tally_code step_crash(world *in, char *rest) {
  char kept[160], log[160], kept_log[160];
  snprintf(log, sizeof log, "%s-wal", in->path);
  snprintf(kept, sizeof kept, "%s.kept", in->path);
  snprintf(kept_log, sizeof kept_log, "%s.kept-wal", in->path);
  copy_file(in->path, kept);
  copy_file(log, kept_log);
  step_close(in, rest);
  rename(kept, in->path);
  rename(kept_log, log);
  return TALLY_OK;
}

static tally_code step_request(world *in, char *rest) {
  tally_request *request = tally_request_new();
  (void)in;
  (void)rest;
  if (request == NULL) return TALLY_ERR_OUT_OF_MEMORY;
  tally_request_free(request);
  return TALLY_OK;
}

static const struct {
  const char *name;
  tally_code (*run)(world *in, char *rest);
} steps_known[] = {
    {"propose", step_propose},   {"accept", step_accept},
    {"decline", step_decline},   {"begin", step_begin},
    {"commit", step_commit},     {"rollback", step_rollback},
    {"document", step_document}, {"payment", step_payment},
    {"patient", step_patient},   {"documents", step_documents},
    {"payments", step_payments}, {"entries", step_entries},
    {"totals", step_totals},     {"names", step_names},
    {"closings", step_closings}, {"head", step_head},
    {"info", step_info},         {"type", step_type},
    {"stage", step_stage},       {"reload", step_reload},
    {"followed", step_followed}, {"follow", step_follow},
    {"verify", step_verify},     {"backup", step_backup},
    {"open", step_open},         {"open-config", step_open_config},
    {"close", step_close},       {"crash", step_crash},
    {"request", step_request},   {"erase", step_erase},
};

static tally_code run_step(world *in, char *step) {
  char none[] = "";
  char *rest = strchr(step, ' ');
  if (rest) *rest++ = '\0';
  else rest = none;
  tally_command command = tally_command_find(step, strlen(step));
  if (command) return execute(in, command, rest);
  for (size_t i = 0; i < sizeof steps_known / sizeof *steps_known; i++) {
    if (strcmp(steps_known[i].name, step) == 0) return steps_known[i].run(in, rest);
  }
  fprintf(stderr, "no such step: %s\n", step);
  exit(2);
}

tally_code run_steps(world *in, const char *steps) {
  tally_code code = TALLY_OK;
  while (*steps && code == TALLY_OK) {
    char step[STEP_BYTES];
    size_t length = strcspn(steps, ";");
    memcpy(step, steps, length);
    step[length] = '\0';
    steps += length;
    steps += strspn(steps, "; ");
    code = run_step(in, step);
  }
  if (in->ledger) snprintf(in->said, sizeof in->said, "%s", tally_error_message(in->ledger));
  while (in->ledger && tally_transaction_depth(in->ledger) > 0) tally_rollback(in->ledger);
  return code;
}
