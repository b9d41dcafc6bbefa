/* journal.h - what an entry means and how it is chained: hash, facts, credit, totals (§4). Nothing here writes. */
#ifndef TALLY_JOURNAL_H
#define TALLY_JOURNAL_H

#include "kind.h"
#include "ledger.h"

/* The hash before the first entry: it binds the chain to the ledger's id, currency and making. */
void journal_genesis(const tally_ledger *ledger, uint8_t hash[32]);
/* Computes an entry's hash over the preimage of docs/format.md. All fields but hash are read; script is the digest of
 * the configuration that the entry was made under. */
tally_code journal_hash(tally_ledger *ledger, const uint8_t previous[32], const tally_entry *entry,
                        const uint8_t script[32], uint8_t hash[32]);
/* Gives the digest of one free text under its salt, and the commitment to an act's three digests (each may be NULL). */
void journal_digest(annotation_field field, const uint8_t salt[SALT_BYTES], tally_text body,
                    uint8_t digest[DIGEST_BYTES]);
void journal_commitment(const uint8_t *const digests[ANNOTATION_FIELDS], uint8_t commitment[DIGEST_BYTES]);

/* The kind whose effect an entry has: its own, or that of the entry it reverses; sign is -1 for a reversal. */
typedef struct entry_effect {
  tally_kind kind;
  int sign;
} entry_effect;
/* Reads the reversed entry where there is one. TALLY_ERR_CHAIN_BROKEN where it is missing. */
tally_code journal_effect(tally_ledger *ledger, const tally_entry *entry, entry_effect *effect);

/* Moves the fact of a document that the entry moves. TALLY_ERR_AMOUNT_OVERFLOW where a sum leaves int64. */
tally_code journal_move_facts(const tally_entry *entry, entry_effect effect, tally_facts *facts);
/* What the entry does to its patient's credit and to its counter patient's. */
tally_code journal_credit_moved(const tally_entry *entry, entry_effect effect, int64_t *patient, int64_t *counter);
/* What the entry adds to its day's totals; false where nothing. */
bool journal_totals(const tally_entry *entry, entry_effect effect, tally_totals *delta);
/* Adds b's columns to a's, checked. */
tally_code totals_add(tally_totals *a, const tally_totals *b);
bool totals_same_key(const tally_totals *a, const tally_totals *b);
/* Computes money = collected - refunded + deposited - withdrawn. */
tally_code totals_money(tally_totals *row);

/* Reads all entries of an act. */
tally_code journal_read_act(tally_ledger *ledger, arena *from, int64_t act, tally_entry **entries, size_t *count);

/* A bound on which entries count: up to a seq, or up to an instant of collection. */
typedef struct journal_bound {
  int64_t seq;
  int64_t at_ms;
} journal_bound;
#define BOUND_NONE ((journal_bound){INT64_MAX, INT64_MAX})
/* Folds one of a document's own entries into its facts, invoice and flag of being cancelled. */
tally_code journal_fold_entry(tally_ledger *ledger, const tally_entry *entry, document_row *row);
tally_code journal_add_facts(tally_facts *to, const tally_facts *more);
/* Folds a document's facts out of the journal up to a bound. row's number, kind and id are read; its facts, invoice and
 * flags are set. TALLY_DONE where the document did not stand yet. */
tally_code journal_fold_document(tally_ledger *ledger, journal_bound bound, document_row *row);

#endif
