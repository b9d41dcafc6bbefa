/* status.c - the status of a document as a pure function of its facts (§3). */
#include "tallystick.h"

static const char *const status_names[TALLY_STATUS_END] = {
#define X(symbol, name) name,
    TALLY_STATUSES(X)
#undef X
};

const char *tally_status_name(tally_status status) {
  return status < TALLY_STATUS_END ? status_names[status] : "unknown";
}

const char *tally_document_kind_name(tally_document_kind kind) {
  return kind == TALLY_INVOICE ? "invoice" : "consultation";
}

static tally_code sum_settled(const tally_facts *facts, int64_t *settled) {
  int64_t parts[] = {facts->collected, facts->credited, facts->discounted, facts->lost, facts->rounded};
  *settled = 0;
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    tally_code code = tally_minor_add(*settled, parts[i], settled);
    if (code) return code;
  }
  return TALLY_OK;
}

/* The table of §3, top to bottom: the first row that fits. */
static tally_status choose_status(const tally_facts *facts, int64_t settled, int64_t remaining) {
  bool invoice = facts->kind == TALLY_INVOICE;
  if (facts->cancelled) return TALLY_STATUS_CANCELLED;
  if (!invoice && facts->invoiced) return TALLY_STATUS_INVOICED;
  if (remaining < 0) return TALLY_STATUS_OVERPAID;
  if (remaining > 0 && settled <= 0) return invoice ? TALLY_STATUS_UNPAID : TALLY_STATUS_PENDING;
  if (remaining > 0) return invoice ? TALLY_STATUS_PARTIAL : TALLY_STATUS_PENDING;
  if (facts->lost > 0) return TALLY_STATUS_WRITTEN_OFF;
  /* Summed without overflow: the two are added in sum_settled already. */
  if (facts->discounted > 0 && facts->collected + facts->credited == 0) return TALLY_STATUS_OFFERED;
  return TALLY_STATUS_PAID;
}

tally_code tally_status_of(const tally_facts *facts, tally_status *status, int64_t *remaining_minor) {
  int64_t settled, remaining;
  tally_code code = sum_settled(facts, &settled);
  if (!code) code = tally_minor_subtract(facts->charged, settled, &remaining);
  if (code) return code;
  tally_status chosen = choose_status(facts, settled, remaining);
  bool nothing_owed = chosen == TALLY_STATUS_CANCELLED || chosen == TALLY_STATUS_INVOICED;
  if (status) *status = chosen;
  if (remaining_minor) *remaining_minor = nothing_owed ? 0 : remaining;
  return TALLY_OK;
}
