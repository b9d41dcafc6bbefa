/* steps_file.c - the steps that have to do with files: opening and closing, the anchor, verifying, backups, erasing. */
#include "steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Paths, and so where one that was reset is kept, differ from run to run. */
static void mix_anchor(world *in, const tally_anchor *anchor) {
  mix_number(&in->answer, anchor->state);
  mix_number(&in->answer, anchor->head.seq);
  mix_number(&in->answer, anchor->replaced.data != NULL);
}

tally_code step_anchored(world *in, char *rest) {
  tally_anchor anchor;
  (void)rest;
  TRY(tally_read_anchor(in->ledger, &anchor));
  mix_anchor(in, &anchor);
  return TALLY_OK;
}

tally_code step_anchor(world *in, char *rest) {
  tally_anchor anchor;
  TRY(tally_keep_anchor(in->ledger, strcmp(rest, "reset") == 0, &anchor));
  mix_anchor(in, &anchor);
  return TALLY_OK;
}

/* What is in the anchor's file is none. */
tally_code step_garble(world *in, char *rest) {
  char path[160];
  (void)rest;
  snprintf(path, sizeof path, "%s-anchor", in->path);
  FILE *file = fopen(path, "w");
  if (file == NULL || fputs("garbled\n", file) < 0 || fclose(file) != 0) exit(2);
  return TALLY_OK;
}

tally_code step_erase(world *in, char *rest) {
  tally_erasure erasure;
  begin_request(in, TALLY_CALL_ERASE, rest);
  TRY(tally_erase(in->ledger, in->request, &erasure));
  mix_number(&in->answer, erasure.texts);
  mix_number(&in->answer, erasure.acts);
  return TALLY_OK;
}

tally_code step_verify(world *in, char *rest) {
  tally_verify *verify = NULL;
  tally_head head;
  (void)rest;
  TRY(tally_read_head(in->ledger, &head));
  TRY(tally_verify_begin(in->ledger, &head, &verify));
  tally_code code = TALLY_OK;
  int64_t done = 0, total = 0;
  const char *phase = "";
  while (code == TALLY_OK) {
    code = tally_verify_step(verify);
    tally_verify_progress(verify, &done, &total, &phase);
  }
  if (code == TALLY_DONE) {
    mix_text(&in->answer, text_of(phase));
    const tally_report *report = tally_verify_report(verify);
    const int64_t numbers[] = {report->entries, report->documents, report->payments, report->days, report->closings};
    mix(&in->answer, numbers, sizeof numbers);
  }
  tally_verify_end(verify);
  return code == TALLY_DONE ? TALLY_OK : code;
}

tally_code step_backup(world *in, char *rest) {
  tally_backup *backup = NULL;
  (void)rest;
  TRY(tally_backup_begin(in->ledger, in->copy, &backup));
  tally_code code = TALLY_OK;
  int64_t done = 0, total = 0;
  while (code == TALLY_OK) {
    code = tally_backup_step(backup);
    tally_backup_progress(backup, &done, &total);
  }
  if (code == TALLY_DONE) mix_number(&in->answer, total - done);
  tally_backup_end(backup);
  return code == TALLY_DONE ? TALLY_OK : code;
}

static tally_code open_with(world *in, const tally_config *config, bool read_only) {
  tally_options options = {.read_only = read_only, .busy_timeout_ms = -1, .config = config};
  return tally_open(in->path, &options, &in->ledger);
}

tally_code step_open(world *in, char *rest) {
  return open_with(in, NULL, strcmp(rest, "ro") == 0);
}

/* Opens with a script of its own, which is stored as a new version. */
tally_code step_open_config(world *in, char *rest) {
  (void)rest;
  static const tally_pair labels[] = {{{"en", 2}, {"Coins", 5}}, {{"fr", 2}, {"Monnaie", 7}}};
  static const tally_text groups[] = {{"POS-1", 5}, {"POS-2", 5}};
  static const tally_extra_field fields[] = {{{"terminal", 8}, TALLY_FIELD_STRING, true, {"^%d+$", 5}},
                                             {{"floor", 5}, TALLY_FIELD_INTEGER, false, {NULL, 0}},
                                             {{"remote", 6}, TALLY_FIELD_BOOLEAN, false, {NULL, 0}}};
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
       .group_count = 2,
       .fields = fields,
       .field_count = 3},
  };
  tally_config config = {.currency = {"CHF", 3},
                         .types = types,
                         .type_count = 2,
                         .script_name = {"clinic.lua", 10},
                         .script_text = {"-- none", 7}};
  return open_with(in, &config, false);
}

tally_code step_close(world *in, char *rest) {
  (void)rest;
  tally_close(in->ledger);
  in->ledger = NULL;
  return TALLY_OK;
}

/* Closes, but leaves the file and its log as a killed process would. */
tally_code step_crash(world *in, char *rest) {
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

tally_code step_request(world *in, char *rest) {
  tally_request *request = tally_request_new();
  (void)in;
  (void)rest;
  if (request == NULL) return TALLY_ERR_OUT_OF_MEMORY;
  tally_request_free(request);
  return TALLY_OK;
}
