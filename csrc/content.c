/* content.c - what a caller passed with an idempotency key, kept to tell a retry from another command (§6). */
#include "content.h"

#include <sodium.h>
#include <string.h>

#include "journal.h"
#include "pairs.h"

#define F(symbol) ((uint64_t)1 << FIELD_##symbol)
#define NOT_CONTENT (F(ACTOR) | F(ROLES) | F(KEY) | F(DRY_RUN))

static tally_text field_text(const parsed_command *asked, field which) {
  switch (which) {
  case FIELD_DOCUMENT:
    return asked->document;
  case FIELD_PAYMENT:
    return asked->payment;
  case FIELD_PATIENT:
    return asked->patient;
  case FIELD_FROM:
    return asked->from;
  case FIELD_TO:
    return asked->to;
  case FIELD_TYPE:
    return asked->type;
  case FIELD_GROUP:
    return asked->group;
  case FIELD_REFERENCE:
    return asked->reference;
  case FIELD_NUMBER:
    return asked->number;
  default:
    return (tally_text){NULL, 0};
  }
}

static bool field_integer(const parsed_command *asked, field which, int64_t *value) {
  switch (which) {
  case FIELD_AMOUNT:
    *value = asked->amount_minor;
    return true;
  case FIELD_TENDERED:
    *value = asked->tendered_minor;
    return true;
  case FIELD_AT:
    *value = asked->at_ms;
    return true;
  case FIELD_DUE:
    *value = asked->due;
    return true;
  case FIELD_THROUGH:
    *value = asked->through;
    return true;
  case FIELD_REOPEN:
    *value = asked->reopen;
    return true;
  default:
    return false;
  }
}

static void put_list(bytes *out, const text_list *list) {
  for (size_t i = 0; i < list->count; i++) pairs_put(out, list->items[i]);
}

/* The items of a field that holds several; free text has none here. */
static void put_items(bytes *out, const parsed_command *asked, field which) {
  if (which == FIELD_DOCUMENTS && asked->oldest) bytes_put(out, "oldest", 6);
  else if (which == FIELD_DOCUMENTS) put_list(out, &asked->documents);
  else if (which == FIELD_CONSULTATIONS) put_list(out, &asked->consultations);
  for (size_t i = 0; which == FIELD_FIELDS && i < asked->field_count; i++) {
    pairs_put(out, asked->fields[i].key);
    pairs_put(out, asked->fields[i].value);
  }
  for (size_t i = 0; which == FIELD_COUNTED && i < asked->counted_count; i++) {
    pairs_put(out, asked->counted[i].type);
    bytes_put_i64(out, asked->counted[i].amount_minor);
  }
}

static void put_number(bytes *out, int64_t value) {
  bytes_put(out, "8:", 2);
  bytes_put_i64(out, value);
}

/* One record: the field's name, then its parsed value. Names, not numbers: the list of fields may grow in the middle. */
static void put_field(bytes *out, const parsed_command *asked, field which) {
  int64_t integer;
  tally_text text = field_text(asked, which);
  pairs_put(out, text_of(field_name(which)));
  if (text.data) {
    pairs_put(out, text);
  } else if (field_integer(asked, which, &integer)) {
    put_number(out, integer);
  } else {
    bytes items = {.from = out->from};
    put_items(&items, asked, which);
    out->failed = out->failed || items.failed;
    pairs_put(out, bytes_text(&items));
  }
}

tally_code content_encode(tally_ledger *ledger, const parsed_command *asked, tally_text *content) {
  bytes out = {.from = &ledger->call};
  for (int i = 0; i < FIELD_COUNT; i++) {
    if (command_has(asked, (field)i) && !(NOT_CONTENT >> i & 1)) put_field(&out, asked, (field)i);
  }
  *content = bytes_text(&out);
  return out.failed ? fail_memory(ledger) : TALLY_OK;
}

static tally_code conflict(tally_ledger *ledger, const parsed_command *asked, tally_text name, int64_t act) {
  fail(ledger, TALLY_ERR_KEY_CONFLICT,
       "key %s was used before, by act %lld, with another %.*s; use a new key for a new command",
       shown(ledger, asked->key), (long long)act, (int)name.length, name.data);
  with_detail(ledger, TALLY_ERR_KEY_CONFLICT, "key", asked->key);
  return with_detail(ledger, TALLY_ERR_KEY_CONFLICT, "field", name);
}

/* Holds a free text against its salted digest; erased text cannot be told from other text, and passes. */
static tally_code same_text(tally_ledger *ledger, int64_t act, annotation_field which, tally_text body, bool *same) {
  annotation_row row;
  uint8_t digest[DIGEST_BYTES];
  tally_code code = store_annotation_get(ledger->store, &ledger->call, act, which, &row);
  *same = code == TALLY_DONE ? body.data == NULL : true;
  if (code == TALLY_DONE) return TALLY_OK;
  TRY(fail_store(ledger, code));
  if (row.salt.data == NULL || row.salt.length != SALT_BYTES || row.digest.length != DIGEST_BYTES) return TALLY_OK;
  *same = body.data != NULL;
  if (body.data == NULL) return TALLY_OK;
  journal_digest(which, (const uint8_t *)row.salt.data, body, digest);
  *same = memcmp(digest, row.digest.data, DIGEST_BYTES) == 0;
  return TALLY_OK;
}

static tally_code compare_texts(tally_ledger *ledger, const parsed_command *asked, int64_t act) {
  const struct {
    annotation_field which;
    field name;
    tally_text body;
  } texts[] = {{ANNOTATION_NOTE, FIELD_NOTE, asked->note},
               {ANNOTATION_LABEL, FIELD_LABEL, asked->label},
               {ANNOTATION_REASON, FIELD_REASON, asked->reason}};
  for (size_t i = 0; i < ANNOTATION_FIELDS; i++) {
    bool same;
    TRY(same_text(ledger, act, texts[i].which, texts[i].body, &same));
    if (!same) return conflict(ledger, asked, text_of(field_name(texts[i].name)), act);
  }
  return TALLY_OK;
}

/* Finds the first record of a that is not in b. */
static bool find_difference(const tally_pair *a, size_t a_count, const tally_pair *b, size_t b_count,
                            tally_text *name) {
  for (size_t i = 0; i < a_count; i++) {
    bool found = false;
    for (size_t k = 0; k < b_count && !found; k++) {
      found = text_equal(a[i].key, b[k].key) && text_equal(a[i].value, b[k].value);
    }
    *name = a[i].key;
    if (!found) return true;
  }
  return false;
}

tally_code content_compare(tally_ledger *ledger, const parsed_command *asked, const tally_entry *first) {
  if (first->command != asked->command) return conflict(ledger, asked, text_of("command"), first->act);
  tally_text content, name;
  const tally_pair *now, *then;
  size_t now_count, then_count;
  TRY(content_encode(ledger, asked, &content));
  if (pairs_decode(&ledger->call, content, &now, &now_count)) return fail_memory(ledger);
  tally_code code = pairs_decode(&ledger->call, first->content, &then, &then_count);
  if (code) return fail(ledger, code, "the content under key %s cannot be read", shown(ledger, asked->key));
  bool differs = find_difference(now, now_count, then, then_count, &name) ||
                 find_difference(then, then_count, now, now_count, &name);
  if (differs) return conflict(ledger, asked, name, first->act);
  return compare_texts(ledger, asked, first->act);
}
