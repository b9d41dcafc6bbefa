/* verify.h - verify's state, shared by its two files: the journal's pass and that over the derived rows. */
#ifndef TALLY_VERIFY_H
#define TALLY_VERIFY_H

#include "anchor.h"
#include "journal.h"
#include "sums.h"

typedef enum verify_phase {
  PHASE_FILE,
  PHASE_JOURNAL,
  PHASE_DOCUMENTS,
  PHASE_TOTALS,
  PHASE_WAIT,
  PHASE_END
} verify_phase;

/* So many days' totals are kept in memory before they are brought to the store. */
enum { TOTALS_AT_HAND = 16384 };

struct tally_verify {
  tally_ledger *ledger;
  verify_phase phase;
  int64_t done, total;
  bool in_read; /* the read transaction is ours */
  store_checking *checking;
  struct verify_beside *beside; /* the documents' pass, where it runs beside the journal's */
  tally_head expected;
  bool has_expected, met_expected;
  anchor_found anchor; /* it is in the report */
  tally_report report;
  /* The journal so far. */
  tally_head head;
  int64_t last_recorded_at_ms, act;
  tally_command act_command;
  config_state script;    /* that of the present entry */
  int64_t payment_serial; /* the last one given */
  bool has_closed;
  int32_t closed_through;
  int64_t documents_made, texts_met, texts_kept;
  sums totals, credits, types;
  /* The documents so far, by number; their own entries run beside them, by document and seq. */
  arena page, own_page;
  tally_text last_number;
  tally_entry own[STORE_PAGE];
  size_t own_count, own_next;
  bool own_ended;
};

/* Says what is wrong at an entry: TALLY_ERR_CHAIN_BROKEN with seq and what in the details. */
tally_code verify_wrong(tally_verify *in, int64_t seq, const char *format, ...) TALLY_PRINTF(3, 4);

/* Holds the journal against the anchor: before its first entry, at each, and behind the last. */
tally_code verify_anchor_begin(tally_verify *in);
tally_code verify_anchor_entry(tally_verify *in, const tally_entry *entry);
tally_code verify_anchor_end(tally_verify *in);

/* Looks at one entry after another. */
tally_code verify_entry(tally_verify *in, const tally_entry *entry);
/* Steps over the derived rows: a page of documents, then days, credits, series and closings. TALLY_DONE at the end. */
tally_code verify_documents(tally_verify *in);
/* The journal must make as many documents as there are. */
tally_code verify_documents_count(tally_verify *in);
void verify_free(tally_verify *in);
tally_code verify_totals(tally_verify *in);
/* Adds to a day's totals as the journal has them. */
tally_code verify_add_totals(tally_verify *in, const tally_totals *delta);

#endif
