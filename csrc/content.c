/* content.c - what a caller passed with an idempotency key, kept to tell a retry from another command (§6). */
#include "content.h"

#include <sodium.h>
#include <string.h>

#include "journal.h"
#include "packed.h"

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
  case FIELD_WORKFLOW:
    return asked->workflow;
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

/* The number of a field in the coding: it stays, whatever becomes of the list of fields. 0: no part of the content. */
static const unsigned char numbers[FIELD_COUNT] = {
    [FIELD_DOCUMENT] = 1, [FIELD_DOCUMENTS] = 2,  [FIELD_CONSULTATIONS] = 3,
    [FIELD_PAYMENT] = 4,  [FIELD_PATIENT] = 5,    [FIELD_FROM] = 6,
    [FIELD_TO] = 7,       [FIELD_AMOUNT] = 8,     [FIELD_TYPE] = 9,
    [FIELD_GROUP] = 10,   [FIELD_REFERENCE] = 11, [FIELD_TENDERED] = 12,
    [FIELD_FIELDS] = 13,  [FIELD_REOPEN] = 14,    [FIELD_DUE] = 15,
    [FIELD_NUMBER] = 16,  [FIELD_LABEL] = 17,     [FIELD_REASON] = 18,
    [FIELD_THROUGH] = 19, [FIELD_COUNTED] = 20,   [FIELD_AT] = 21,
    [FIELD_NOTE] = 22,    [FIELD_WORKFLOW] = 23,
};
enum { NUMBERS_END = 24 };

/* What the caller passed: not what its host made of it, as a script makes a move's workflow and stage of origin. */
static bool is_content(const parsed_command *asked, field which) {
  return numbers[which] && !(asked->made >> which & 1);
}

/* ---- Coding: for each field its number, then its parsed value as one packed text ---- */

static size_t list_room(const text_list *list) {
  size_t room = 0;
  for (size_t i = 0; i < list->count; i++) room += list->items[i].length + PACKED_INTEGER_MAX;
  return room;
}

/* Bytes enough for any one field that holds several items. */
static size_t items_room(const parsed_command *asked) {
  size_t room = list_room(&asked->documents) + list_room(&asked->consultations) + 1;
  for (size_t i = 0; i < asked->field_count; i++) {
    room += asked->fields[i].key.length + asked->fields[i].value.length + 2 * PACKED_INTEGER_MAX;
  }
  for (size_t i = 0; i < asked->counted_count; i++) room += asked->counted[i].type.length + 2 * PACKED_INTEGER_MAX;
  return room;
}

static unsigned char *put_list(unsigned char *at, const text_list *list) {
  for (size_t i = 0; i < list->count; i++) at = pack_text(at, list->items[i]);
  return at;
}

/* The items of a field that holds several; free text has none here, for it may be erased. The word "oldest" is one empty
 * item: it may be a document's number too. */
static unsigned char *put_items(unsigned char *at, const parsed_command *asked, field which) {
  if (which == FIELD_DOCUMENTS && asked->oldest) return pack_text(at, text_of(""));
  if (which == FIELD_DOCUMENTS) return put_list(at, &asked->documents);
  if (which == FIELD_CONSULTATIONS) return put_list(at, &asked->consultations);
  for (size_t i = 0; which == FIELD_FIELDS && i < asked->field_count; i++) {
    at = pack_text(at, asked->fields[i].key);
    at = pack_text(at, asked->fields[i].value);
  }
  for (size_t i = 0; which == FIELD_COUNTED && i < asked->counted_count; i++) {
    at = pack_text(at, asked->counted[i].type);
    at = pack_signed(at, asked->counted[i].amount_minor);
  }
  return at;
}

static unsigned char *put_integer(unsigned char *at, int64_t value) {
  unsigned char coded[PACKED_INTEGER_MAX] = {0};
  size_t length = (size_t)(pack_signed(coded, value) - coded);
  return pack_text(at, (tally_text){(char *)coded, length});
}

/* items: memory for what a field of several items holds. */
static unsigned char *put_field(unsigned char *at, unsigned char *items, const parsed_command *asked, field which) {
  int64_t integer;
  tally_text text = field_text(asked, which);
  *at++ = numbers[which];
  if (text.data) return pack_text(at, text);
  if (field_integer(asked, which, &integer)) return put_integer(at, integer);
  return pack_text(at, (tally_text){(char *)items, (size_t)(put_items(items, asked, which) - items)});
}

tally_code content_encode(tally_ledger *ledger, const parsed_command *asked, tally_text *content) {
  size_t items = items_room(asked), room = 2 * items;
  for (uint64_t left = asked->present; left; left &= left - 1) {
    field which = (field)__builtin_ctzll(left);
    room += field_text(asked, which).length + 2 * PACKED_INTEGER_MAX + 1;
  }
  unsigned char *start = arena_piece(&ledger->call, room);
  if (start == NULL) return fail_memory(ledger);
  unsigned char *at = start + items;
  for (uint64_t left = asked->present; left; left &= left - 1) {
    field which = (field)__builtin_ctzll(left);
    if (is_content(asked, which)) at = put_field(at, start, asked, which);
  }
  *content = (tally_text){(char *)start + items, (size_t)(at - start) - items};
  return TALLY_OK;
}

/* ---- Comparing ---- */

typedef struct content_fields {
  tally_text values[NUMBERS_END]; /* by number; data is NULL where there is none */
} content_fields;

static bool read_fields(tally_text content, content_fields *out) {
  packed in = packed_of(content);
  *out = (content_fields){0};
  while (!in.broken && in.at < in.end) {
    uint64_t number = unpack_unsigned(&in);
    tally_text value = unpack_text(&in);
    if (number == 0 || number >= NUMBERS_END || out->values[number].data) return false;
    out->values[number] = value;
  }
  return !in.broken;
}

/* The first field that one content has and the other has not, or with another value. */
static field find_foreign(const content_fields *a, const content_fields *b) {
  for (int i = 0; i < FIELD_COUNT; i++) {
    tally_text value = a->values[numbers[i]];
    if (numbers[i] && value.data && !text_equal(value, b->values[numbers[i]])) return (field)i;
  }
  return FIELD_COUNT;
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
    if (!is_content(asked, texts[i].name)) continue;
    TRY(same_text(ledger, act, texts[i].which, texts[i].body, &same));
    if (!same) return conflict(ledger, asked, text_of(field_name(texts[i].name)), act);
  }
  return TALLY_OK;
}

tally_code content_compare(tally_ledger *ledger, const parsed_command *asked, const tally_entry *first) {
  if (first->command != asked->command) return conflict(ledger, asked, text_of("command"), first->act);
  tally_text content;
  content_fields now, then;
  TRY(content_encode(ledger, asked, &content));
  if (!read_fields(content, &now) || !read_fields(first->content, &then))
    return fail(ledger, TALLY_ERR_CORRUPT, "the content under key %s cannot be read", shown(ledger, asked->key));
  field differs = find_foreign(&now, &then);
  if (differs == FIELD_COUNT) differs = find_foreign(&then, &now);
  if (differs != FIELD_COUNT) return conflict(ledger, asked, text_of(field_name(differs)), first->act);
  return compare_texts(ledger, asked, first->act);
}
