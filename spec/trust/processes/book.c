/* book.c - reading all entries and documents, and looking for gaps and doubles. */
#include "book.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TALLY_PRINTF(2, 3) static bool no(char wrong[VERDICT_BYTES], const char *template, ...) {
  va_list rest;
  va_start(rest, template);
  vsnprintf(wrong, VERDICT_BYTES, template, rest);
  va_end(rest);
  return false;
}

static void keep(char *to, size_t room, tally_text text) {
  snprintf(to, room, "%.*s", (int)text.length, text.data ? text.data : "");
}

/* ---- Acts ---- */

static book_act *add_act(book *out) {
  if (out->count == out->room) {
    size_t room = out->room ? out->room * 2 : 256;
    book_act *grown = realloc(out->acts, room * sizeof *grown);
    if (grown == NULL) return NULL;
    out->acts = grown;
    out->room = room;
  }
  return &out->acts[out->count++];
}

/* The payments' numbers come in the order of their acts: each is the last one's successor. */
static bool take_number(const tally_entry *entry, int64_t *payments, char wrong[VERDICT_BYTES]) {
  char wanted[NAME_BYTES], given[NAME_BYTES];
  if (entry->number.data == NULL) return true;
  snprintf(wanted, sizeof wanted, "R-%05" PRId64, ++*payments);
  keep(given, sizeof given, entry->number);
  return strcmp(wanted, given) == 0 ||
         no(wrong, "entry %" PRId64 " is numbered %s, and should be %s", entry->seq, given, wanted);
}

static bool take_entry(book *out, const tally_entry *entry, int64_t *payments, char wrong[VERDICT_BYTES]) {
  if (entry->seq != out->head.seq + 1)
    return no(wrong, "entry %" PRId64 " stands where %" PRId64 " should", entry->seq, out->head.seq + 1);
  out->head.seq = entry->seq;
  memcpy(out->head.hash, entry->hash, sizeof entry->hash);
  if (!take_number(entry, payments, wrong)) return false;
  if (entry->seq != entry->act) {
    if (out->count == 0 || out->acts[out->count - 1].seq != entry->act)
      return no(wrong, "entry %" PRId64 " is of no act", entry->seq);
    book_act *act = &out->acts[out->count - 1];
    act->entries++;
    if (entry->number.data) keep(act->number, sizeof act->number, entry->number);
    return true;
  }
  book_act *made = add_act(out);
  if (made == NULL) return no(wrong, "out of memory");
  *made = (book_act){.seq = entry->seq, .entries = 1, .command = entry->command, .minor = entry->amount_minor};
  keep(made->key, sizeof made->key, entry->key);
  keep(made->number, sizeof made->number, entry->number);
  keep(made->document, sizeof made->document,
       entry->counter_document.data ? entry->counter_document : entry->document);
  return true;
}

static bool read_entries(tally_ledger *ledger, book *out, char wrong[VERDICT_BYTES]) {
  const tally_entry *entry;
  tally_cursor *cursor;
  int64_t payments = 0;
  bool sound = true;
  tally_request *request = tally_request_new();
  if (request == NULL) return no(wrong, "out of memory");
  tally_request_begin(request, TALLY_QUERY_ENTRIES);
  tally_code code = tally_cursor_open(ledger, request, &cursor);
  while (sound && !code && (code = tally_cursor_entry(cursor, &entry)) == TALLY_OK) {
    sound = take_entry(out, entry, &payments, wrong);
  }
  if (sound && code != TALLY_DONE) sound = no(wrong, "the journal cannot be read: %s", tally_error_message(ledger));
  tally_cursor_close(cursor);
  tally_request_free(request);
  return sound;
}

/* ---- Documents ---- */

static int by_text(const void *a, const void *b) {
  return strcmp(a, b);
}

/* Sorted, a series' numbers are one another's successors; a host's own are of no series. */
static bool look_at_series(char (*numbers)[NAME_BYTES], size_t count, char wrong[VERDICT_BYTES]) {
  static const char letters[] = "CF";
  qsort(numbers, count, sizeof *numbers, by_text);
  for (const char *letter = letters; *letter; letter++) {
    int64_t last = 0;
    for (size_t i = 0; i < count; i++) {
      char wanted[NAME_BYTES];
      if (numbers[i][0] != *letter || numbers[i][1] != '-') continue;
      snprintf(wanted, sizeof wanted, "%c-%05" PRId64, *letter, ++last);
      if (strcmp(wanted, numbers[i]) != 0) return no(wrong, "document %s stands where %s should", numbers[i], wanted);
    }
  }
  return true;
}

static bool look_at_documents(const book *in, char wrong[VERDICT_BYTES]) {
  char(*numbers)[NAME_BYTES] = calloc(in->count + 1, sizeof *numbers);
  size_t count = 0;
  if (numbers == NULL) return no(wrong, "out of memory");
  for (size_t i = 0; i < in->count; i++) {
    tally_command command = in->acts[i].command;
    if (command != TALLY_COMMAND_CONSULTATION && command != TALLY_COMMAND_INVOICE) continue;
    memcpy(numbers[count++], in->acts[i].document, NAME_BYTES);
  }
  bool sound = look_at_series(numbers, count, wrong);
  free(numbers);
  return sound;
}

/* ---- Keys ---- */

static int by_key(const void *a, const void *b) {
  return strcmp((*(const book_act *const *)a)->key, (*(const book_act *const *)b)->key);
}

static bool index_keys(book *out, char wrong[VERDICT_BYTES]) {
  out->by_key = calloc(out->count + 1, sizeof(const book_act *));
  if (out->by_key == NULL) return no(wrong, "out of memory");
  for (size_t i = 0; i < out->count; i++) {
    if (out->acts[i].key[0]) out->by_key[out->key_count++] = &out->acts[i];
  }
  qsort(out->by_key, out->key_count, sizeof(const book_act *), by_key);
  for (size_t i = 1; i < out->key_count; i++) {
    if (strcmp(out->by_key[i]->key, out->by_key[i - 1]->key) == 0)
      return no(wrong, "the key %s has two acts", out->by_key[i]->key);
  }
  return true;
}

bool book_read(tally_ledger *ledger, book *out, char wrong[VERDICT_BYTES]) {
  *out = (book){0};
  return read_entries(ledger, out, wrong) && look_at_documents(out, wrong) && index_keys(out, wrong);
}

void book_free(book *in) {
  free(in->acts);
  free((void *)in->by_key);
  *in = (book){0};
}

book_act *book_by_key(const book *in, const char *key) {
  book_act wanted;
  const book_act *pointer = &wanted;
  snprintf(wanted.key, sizeof wanted.key, "%s", key);
  const book_act **found = bsearch(&pointer, in->by_key, in->key_count, sizeof(const book_act *), by_key);
  return found ? &in->acts[*found - in->acts] : NULL;
}

static int by_seq(const void *a, const void *b) {
  int64_t left = ((const book_act *)a)->seq, right = ((const book_act *)b)->seq;
  return (left > right) - (left < right);
}

book_act *book_by_seq(const book *in, int64_t seq) {
  book_act wanted = {.seq = seq};
  return in->count ? bsearch(&wanted, in->acts, in->count, sizeof *in->acts, by_seq) : NULL;
}

bool book_verify(tally_ledger *ledger, const tally_head *head, char wrong[VERDICT_BYTES]) {
  tally_verify *verify = NULL;
  tally_code code = tally_verify_begin(ledger, head, &verify);
  while (!code) code = tally_verify_step(verify);
  if (code != TALLY_DONE) no(wrong, "verify says %s: %s", tally_code_name(code), tally_error_message(ledger));
  tally_verify_end(verify);
  return code == TALLY_DONE;
}
