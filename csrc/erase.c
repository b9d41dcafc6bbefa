/* erase.c - taking free texts out of a ledger for good: their digests stay, and with them the chain (§4). */
#include "command.h"
#include "numbers.h"
#include "reading.h"
#include "request.h"

typedef struct eraser {
  tally_ledger *ledger;
  const parsed_command *asked;
  tally_erasure *out;
  bool wanted[ANNOTATION_FIELDS];
} eraser;

static const char *const text_names[ANNOTATION_FIELDS] = {"note", "label", "reason"};

static tally_code choose_texts(eraser *in) {
  const text_list *texts = &in->asked->texts;
  for (int i = 0; i < ANNOTATION_FIELDS; i++) in->wanted[i] = texts->count == 0;
  for (size_t k = 0; k < texts->count; k++) {
    int found = -1;
    for (int i = 0; i < ANNOTATION_FIELDS; i++) {
      if (text_equal(texts->items[k], text_of(text_names[i]))) found = i;
    }
    if (found < 0) {
      fail(in->ledger, TALLY_ERR_FIELD_INVALID, "texts: %s is no free text; give note, label or reason",
           shown(in->ledger, texts->items[k]));
      return with_detail(in->ledger, TALLY_ERR_FIELD_INVALID, "field", text_of("texts"));
    }
    in->wanted[found] = true;
  }
  return TALLY_OK;
}

static tally_code erase_act(eraser *in, int64_t act) {
  int64_t before = in->out->texts;
  for (int i = 0; i < ANNOTATION_FIELDS; i++) {
    if (!in->wanted[i]) continue;
    tally_code code = store_annotation_erase(in->ledger->store, act, (annotation_field)(i + 1));
    if (code == TALLY_OK) in->out->texts++;
    else if (code != TALLY_DONE) return fail_store(in->ledger, code);
  }
  if (in->out->texts > before) in->out->acts++;
  return TALLY_OK;
}

static tally_code erase_page(eraser *in, const tally_entry *page, size_t count, int64_t *last) {
  for (size_t i = 0; i < count; i++) {
    TRY(erase_act(in, page[i].act));
    *last = page[i].seq;
  }
  return TALLY_OK;
}

typedef tally_code (*entries_of)(store *, arena *, tally_text, int64_t, tally_entry *, size_t, size_t *);

static tally_code erase_all_of(eraser *in, entries_of list, tally_text name) {
  tally_entry page[STORE_PAGE];
  arena memory = {NULL};
  int64_t last = 0;
  tally_code code = TALLY_OK;
  for (size_t count = STORE_PAGE; !code && count == STORE_PAGE;) {
    arena_reset(&memory);
    code = fail_store(in->ledger, list(in->ledger->store, &memory, name, last, page, STORE_PAGE, &count));
    if (!code) code = erase_page(in, page, count, &last);
  }
  arena_free(&memory);
  return code;
}

static tally_code look_up_act(eraser *in) {
  tally_entry entry;
  tally_code code = store_entry_get(in->ledger->store, &in->ledger->call, in->asked->act, &entry);
  if (code == TALLY_OK && entry.act == entry.seq) return TALLY_OK;
  if (code != TALLY_OK && code != TALLY_DONE) return fail_store(in->ledger, code);
  fail(in->ledger, TALLY_ERR_FIELD_INVALID, "act: no act begins with entry %lld; give the seq of its first entry",
       (long long)in->asked->act);
  return with_detail(in->ledger, TALLY_ERR_FIELD_INVALID, "field", text_of("act"));
}

/* What it names is looked for before who asks (§8). */
static tally_code look_up(eraser *in, document_row *document, tally_entry *payment) {
  const parsed_command *asked = in->asked;
  if (command_has(asked, FIELD_DOCUMENT)) return reading_document(in->ledger, asked->document, document);
  if (command_has(asked, FIELD_PAYMENT)) return reading_payment_entry(in->ledger, asked->payment, payment);
  return command_has(asked, FIELD_PATIENT) ? reading_patient(in->ledger, asked->patient) : look_up_act(in);
}

static tally_code erase_texts(eraser *in) {
  const parsed_command *asked = in->asked;
  document_row document;
  tally_entry payment;
  TRY(ledger_refresh(in->ledger));
  TRY(look_up(in, &document, &payment));
  TRY(check_asker(in->ledger, TALLY_CALL_ERASE, &asked->roles));
  if (command_has(asked, FIELD_DOCUMENT)) return erase_all_of(in, store_entries_of_document, asked->document);
  if (command_has(asked, FIELD_PATIENT)) return erase_all_of(in, store_entries_of_patient, asked->patient);
  return erase_act(in, command_has(asked, FIELD_PAYMENT) ? payment.act : asked->act);
}

static tally_code in_transaction(eraser *in) {
  tally_ledger *ledger = in->ledger;
  TRY(fail_store(ledger, store_begin(ledger->store)));
  tally_code code = erase_texts(in);
  if (!code && !in->asked->dry_run) {
    code = fail_store(ledger, store_commit(ledger->store));
    if (!code) ledger_committed(ledger);
  } else {
    store_rollback(ledger->store);
  }
  if (code) ledger->state.valid = false;
  return code;
}

/* The texts are out of the ledger by now: who is told of a failure must know what is left to do. */
static tally_code rewrite(eraser *in) {
  tally_code code = store_rewrite(in->ledger->store);
  if (!code) return TALLY_OK;
  fail(in->ledger, code,
       "texts erased from the ledger: %lld, but bytes of them may be left in its file: erase again when nobody else "
       "uses it (%s)",
       (long long)in->out->texts, store_message(in->ledger->store));
  return with_integer(in->ledger, code, "texts", in->out->texts);
}

tally_code tally_erase(tally_ledger *ledger, tally_request *request, tally_erasure *out) {
  parsed_command asked;
  eraser in = {.ledger = ledger, .asked = &asked, .out = out};
  *out = (tally_erasure){0};
  TRY(ledger_enter(ledger));
  if (ledger->read_only)
    return fail(ledger, TALLY_ERR_READ_ONLY, "the ledger is open for reading only; open it with mode \"rw\"");
  TRY(request_parse(ledger, request, &asked));
  TRY(choose_texts(&in));
  if (ledger->depth)
    return fail(ledger, TALLY_ERR_BUSY, "a transaction is open on this ledger handle; erase outside of it");
  TRY(ledger_not_proposing(ledger));
  TRY(in_transaction(&in));
  out->dry_run = asked.dry_run;
  return asked.dry_run ? TALLY_OK : rewrite(&in);
}
