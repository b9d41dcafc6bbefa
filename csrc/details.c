/* details.c - the coding of an entry's column `details`. */
#include "details.h"

#include "packed.h"

/* Which of the optional items are there, in their order. */
enum {
  HAS_TYPE_VERSION = 1,
  HAS_ACTOR = 2,
  HAS_GROUP = 4,
  HAS_REFERENCE = 8,
  HAS_TENDERED = 16,
  HAS_DUE = 32,
  HAS_FIELDS = 64,
  HAS_COMMITMENT = 128,
  HAS_CONTENT = 256,
  HAS_END = 512
};
enum { INTEGERS_MAX = 16 };
#define SERIAL_MAX 1000000000000000000 /* a number has 18 digits at most */

static unsigned present(const tally_entry *entry) {
  unsigned has = 0;
  if (entry->type_version) has |= HAS_TYPE_VERSION;
  if (entry->actor.data) has |= HAS_ACTOR;
  if (entry->group.data) has |= HAS_GROUP;
  if (entry->reference.data) has |= HAS_REFERENCE;
  if (entry->has_tendered) has |= HAS_TENDERED;
  if (entry->has_due) has |= HAS_DUE;
  if (entry->fields.data) has |= HAS_FIELDS;
  if (entry->commitment.data) has |= HAS_COMMITMENT;
  if (entry->content.data) has |= HAS_CONTENT;
  return has;
}

static size_t room_for(const tally_entry *entry) {
  return INTEGERS_MAX * PACKED_INTEGER_MAX + entry->actor.length + entry->group.length + entry->reference.length +
         entry->fields.length + entry->commitment.length + entry->content.length;
}

/* Differences wrap: the coding takes any two numbers, and gives them back. */
static int64_t difference(int64_t a, int64_t b) {
  return (int64_t)((uint64_t)a - (uint64_t)b);
}

tally_text details_encode(arena *from, const tally_entry *entry) {
  unsigned has = present(entry);
  unsigned char *start = arena_piece(from, room_for(entry)), *at = start;
  if (start == NULL) return (tally_text){NULL, 0};
  at = pack_signed(at, entry->serial);
  at = pack_signed(at, difference(entry->seq, entry->act));
  at = pack_unsigned(at, (unsigned)entry->command);
  at = pack_signed(at, entry->script_version);
  at = pack_signed(at, difference(entry->recorded_at_ms, entry->at_ms));
  at = pack_unsigned(at, has);
  if (has & HAS_TYPE_VERSION) at = pack_signed(at, entry->type_version);
  if (has & HAS_ACTOR) at = pack_text(at, entry->actor);
  if (has & HAS_GROUP) at = pack_text(at, entry->group);
  if (has & HAS_REFERENCE) at = pack_text(at, entry->reference);
  if (has & HAS_TENDERED) at = pack_signed(at, entry->tendered_minor);
  if (has & HAS_DUE) at = pack_signed(at, entry->due);
  if (has & HAS_FIELDS) at = pack_text(at, entry->fields);
  if (has & HAS_COMMITMENT) at = pack_text(at, entry->commitment);
  if (has & HAS_CONTENT) at = pack_text(at, entry->content);
  return (tally_text){(const char *)start, (size_t)(at - start)};
}

static int32_t unpack_int32(packed *in) {
  int64_t value = unpack_signed(in);
  if (value < INT32_MIN || value > INT32_MAX) in->broken = true;
  return (int32_t)value;
}

bool details_decode(tally_text details, tally_entry *entry) {
  packed in = packed_of(details);
  entry->serial = unpack_signed(&in);
  entry->act = difference(entry->seq, unpack_signed(&in));
  uint64_t command = unpack_unsigned(&in);
  entry->command = (tally_command)command;
  entry->script_version = unpack_int32(&in);
  entry->recorded_at_ms = (int64_t)((uint64_t)entry->at_ms + (uint64_t)unpack_signed(&in));
  uint64_t has = unpack_unsigned(&in);
  if (command > INT32_MAX || has >= HAS_END || entry->serial < 0 || entry->serial >= SERIAL_MAX) return false;
  if (has & HAS_TYPE_VERSION) entry->type_version = unpack_int32(&in);
  if (has & HAS_ACTOR) entry->actor = unpack_text(&in);
  if (has & HAS_GROUP) entry->group = unpack_text(&in);
  if (has & HAS_REFERENCE) entry->reference = unpack_text(&in);
  entry->has_tendered = (has & HAS_TENDERED) != 0;
  if (entry->has_tendered) entry->tendered_minor = unpack_signed(&in);
  entry->has_due = (has & HAS_DUE) != 0;
  if (entry->has_due) entry->due = unpack_int32(&in);
  if (has & HAS_FIELDS) entry->fields = unpack_text(&in);
  if (has & HAS_COMMITMENT) entry->commitment = unpack_text(&in);
  if (has & HAS_CONTENT) entry->content = unpack_text(&in);
  return packed_whole(&in);
}

int64_t details_serial(tally_text details) {
  packed in = packed_of(details);
  int64_t serial = unpack_signed(&in);
  return in.broken || serial < 0 || serial >= SERIAL_MAX ? -1 : serial;
}
