/* store.h - what the core asks of a storage engine. The store_*.c files of one engine are the only place that knows SQL.
 *
 * Texts that come out are copied into the arena given. Codes are those a file can give: busy, full, io-error, corrupt,
 * read-only, not-a-ledger, schema-newer, out-of-memory, amount-overflow (a sum that left int64), and TALLY_DONE for "no
 * such row". */
#ifndef TALLY_STORE_H
#define TALLY_STORE_H

#include "arena.h"

typedef struct store store;

enum { STORE_PAGE = 64 }; /* rows of one page of a cursor: few enough to copy, enough to forget the query's cost */

/* Life cycle. *out is set also on failure, for store_message; NULL where memory is out. */
tally_code store_open(const char *path, bool read_only, int busy_timeout_ms, store **out);
void store_close(store *in);
/* Gives what it was. */
int store_set_busy_timeout(store *in, int busy_timeout_ms);
/* A sentence on the last failure, with the engine's own words. */
const char *store_message(const store *in);
bool store_in_memory(const store *in);
bool store_is_new(const store *in);      /* no ledger row yet */
const char *store_path(const store *in); /* of the file, links followed; NULL where there is none */
bool store_moved(store *in);             /* whether the file was moved, deleted or replaced since it was opened */

/* Transactions. */
tally_code store_begin(store *in);
tally_code store_begin_read(store *in); /* from the first reading on, one state of the file */
tally_code store_snapshot(store *in);   /* … for a few readings; ended by store_rollback too */
tally_code store_commit(store *in);
void store_rollback(store *in);
tally_code store_savepoint(store *in);
tally_code store_release(store *in);
void store_rollback_to(store *in);
bool store_in_transaction(const store *in);
/* A number that changes when another connection has written. */
tally_code store_data_version(store *in, uint32_t *version);

/* The ledger itself. */
typedef struct ledger_row {
  tally_text uuid, currency;
  int64_t created_at_ms;
} ledger_row;
tally_code store_ledger_get(store *in, arena *from, ledger_row *row);
tally_code store_ledger_put(store *in, const ledger_row *row);

/* Scripts and payment types: versions are only added. */
typedef struct script_row {
  int64_t version;
  tally_text name, body, definition;
  int64_t stored_at_ms;
} script_row;
tally_code store_script_latest(store *in, arena *from, script_row *row);
tally_code store_script_latest_version(store *in, int64_t *version);
tally_code store_script_get(store *in, arena *from, int64_t version, script_row *row);
tally_code store_script_put(store *in, const script_row *row);
tally_code store_type_get(store *in, arena *from, tally_text id, int64_t version, tally_text *definition);
tally_code store_type_latest(store *in, arena *from, tally_text id, int64_t *version, tally_text *definition);
tally_code store_type_put(store *in, tally_text id, int64_t version, tally_text definition);

/* The journal: append and read. */
tally_code store_entry_append(store *in, const tally_entry *entry);
tally_code store_entry_get(store *in, arena *from, int64_t seq, tally_entry *entry);
tally_code store_entry_last(store *in, arena *from, tally_entry *entry);
tally_code store_entry_serial(store *in, int64_t seq, int64_t *serial);
tally_code store_entry_by_key(store *in, arena *from, tally_text key, tally_entry *entry);
/* Pages of entries with seq > after_seq, in order. */
tally_code store_entries_after(store *in, arena *from, int64_t after_seq, tally_entry *rows, size_t room,
                               size_t *count);
/* The entry that could not be read, where a page of entries was answered by TALLY_ERR_CORRUPT: it is the last of *count; 0
 * where that was for another reason. */
int64_t store_damaged_entry(const store *in);
/* Pages of refunds, releases, reversals and charges of zero or less on the days up to last_day, by day and then seq, beyond
 * an entry of a day. */
tally_code store_corrections(store *in, arena *from, int64_t after_day, int64_t after_seq, int64_t last_day,
                             tally_entry *rows, size_t room, size_t *count);
/* … that name the document (as such or as the counter document), or the patient. */
tally_code store_entries_of_document(store *in, arena *from, tally_text document, int64_t after_seq, tally_entry *rows,
                                     size_t room, size_t *count);
tally_code store_entries_of_patient(store *in, arena *from, tally_text patient, int64_t after_seq, tally_entry *rows,
                                    size_t room, size_t *count);
/* Pages of all entries on documents, by document and then seq, beyond a document's entry; for verify. Number, counter patient,
 * type, key and hash are left out. */
tally_code store_entries_by_document(store *in, arena *from, tally_text after, int64_t after_seq, tally_entry *rows,
                                     size_t room, size_t *count);
/* Whether an invoice was cancelled while consultations stood on it. */
tally_code store_invoice_released(store *in, tally_text invoice, bool *released);
/* What a document's lists are made of: the entries that settle it or pay it back and the one that made it, or (joins) those
 * by which consultations join and leave it. Only seq, act, kind, number, document and commitment are read; seq and at_ms
 * bound what counts. */
typedef struct link_query {
  tally_text document;
  bool joins;
  int64_t made_seq, after_seq, last_seq, last_at_ms;
} link_query;
tally_code store_links_of_document(store *in, arena *from, const link_query *query, tally_entry *rows, size_t room,
                                   size_t *count);
/* … and those that refund an entry. */
tally_code store_refunds_of(store *in, arena *from, const tally_entry *entry, int64_t after_seq, tally_entry *rows,
                            size_t room, size_t *count);
/* The seq of the reversal of an entry. */
tally_code store_reversal_of(store *in, int64_t seq, int64_t *reversal);

/* Free text, kept apart from the journal. */
typedef enum annotation_field { ANNOTATION_NOTE = 1, ANNOTATION_LABEL = 2, ANNOTATION_REASON = 3 } annotation_field;
enum { ANNOTATION_FIELDS = 3, SALT_BYTES = 16, DIGEST_BYTES = 32 };
typedef struct annotation_row {
  int64_t seq;
  annotation_field field;
  tally_text salt, body; /* none once erased */
  tally_text digest;
} annotation_row;
tally_code store_annotation_put(store *in, const annotation_row *row);
tally_code store_annotation_get(store *in, arena *from, int64_t seq, annotation_field field, annotation_row *row);
/* Takes away text and salt; the digest stays. */
tally_code store_annotation_erase(store *in, int64_t seq, annotation_field field);
/* Writes the whole file anew and empties its log, so that no byte of what was taken away is left in either; outside of a
 * transaction. busy where a reader stands in the way for longer than the busy timeout. */
tally_code store_rewrite(store *in);

/* Documents with their running facts. */
typedef struct document_row {
  int64_t id;
  tally_text number, patient, invoice;
  int64_t at_ms, recorded_at_ms;
  int32_t day, due;
  bool has_due;
  bool open; /* something remains: what the index of open documents goes by */
  tally_facts facts;
} document_row;
typedef enum document_order { ORDER_NEWEST, ORDER_OLDEST } document_order;
typedef struct document_query {
  tally_document_kind kind; /* 0 for both */
  bool open;                /* only those that have something remaining */
  tally_text patient;
  document_order order;
} document_query;
tally_code store_document_get(store *in, arena *from, tally_text number, document_row *row);
tally_code store_document_put(store *in, const document_row *row);
/* Writes facts, invoice, cancelled and open; facts and open; or the facts alone, which touches no index. */
tally_code store_document_set(store *in, const document_row *row);
tally_code store_document_set_open(store *in, const document_row *row);
tally_code store_document_set_facts(store *in, const document_row *row);
/* What the core has made of a document's entries, kept beside the document until it changes: a cache, in no file. None is
 * given where nothing is kept; nothing is kept where that cannot be. */
tally_text store_document_lists(store *in, arena *from, tally_text number);
void store_document_keep_lists(store *in, tally_text number, tally_text lists);
/* Pages in order of making, beyond after_id (0: from the start). */
tally_code store_documents_page(store *in, arena *from, const document_query *query, int64_t after_id,
                                document_row *rows, size_t room, size_t *count);
/* Pages by number, for verify. */
tally_code store_documents_by_number(store *in, arena *from, tally_text after, document_row *rows, size_t room,
                                     size_t *count);
/* Numbers of documents, or known patients, from a name on, in their order. */
typedef enum store_names { NAMES_OF_DOCUMENTS, NAMES_OF_PATIENTS } store_names;
tally_code store_names_from(store *in, arena *from, store_names which, tally_text first, tally_text *names,
                            size_t room, size_t *count);
tally_code store_consultations_of(store *in, arena *from, tally_text invoice, int64_t after_id, document_row *rows,
                                  size_t room, size_t *count);
/* A patient's open documents by day of issue, then number. */
tally_code store_documents_oldest(store *in, arena *from, tally_text patient, document_row *rows, size_t room,
                                  size_t *count);
tally_code store_patient_owed(store *in, tally_text patient, int64_t *owed_minor);
tally_code store_patient_known(store *in, tally_text patient, bool *known);

/* Patients' credit. */
tally_code store_credit_get(store *in, tally_text patient, int64_t *balance_minor);
tally_code store_credit_set(store *in, tally_text patient, int64_t balance_minor);
typedef struct credit_row {
  tally_text patient;
  int64_t balance_minor;
} credit_row;
tally_code store_credits_page(store *in, arena *from, tally_text after, credit_row *rows, size_t room, size_t *count);

/* Days' totals: one row a day, its content the core's (days.h). */
typedef struct day_row {
  int32_t day;
  tally_text totals;
} day_row;
tally_code store_day_get(store *in, arena *from, int32_t day, tally_text *totals);
tally_code store_day_put(store *in, const day_row *row);
tally_code store_day_set(store *in, const day_row *row);
/* Pages of days from..to, in order. */
tally_code store_days_page(store *in, arena *from, int64_t first, int64_t last, day_row *rows, size_t room,
                           size_t *count);

/* Days' totals that verify adds up anew from the journal, in a table that is gone with the connection: as many as there
 * are, whatever memory there is. Absent texts are empty. _of_day gives a day's rows in their order, up to room of them. */
tally_code store_checked_begin(store *in);
tally_code store_checked_add(store *in, const tally_totals *delta);
tally_code store_checked_of_day(store *in, arena *from, int32_t day, tally_totals *rows, size_t room, size_t *count);
/* The first day that has no row in the file; TALLY_DONE where each has. */
tally_code store_checked_missing(store *in, int64_t *day);

/* Number series: 1 consultation, 2 invoice; that of the payments goes by their entries (numbers.h). */
typedef enum series { SERIES_CONSULTATION = 1, SERIES_INVOICE, SERIES_PAYMENT, SERIES_END } series;
tally_code store_series_get(store *in, series which, int64_t *next);
tally_code store_series_set(store *in, series which, int64_t next);

/* Named consumers of the journal: up to which entry each has come; TALLY_DONE for a name that has not begun. */
tally_code store_follower_get(store *in, tally_text name, int64_t *seq);
tally_code store_follower_put(store *in, tally_text name, int64_t seq);

/* Closings. */
typedef struct closing_row {
  int32_t through;
  int64_t seq;
} closing_row;
tally_code store_closing_put(store *in, const closing_row *row);
tally_code store_closing_last(store *in, closing_row *row);
tally_code store_closings_all(store *in, arena *from, const closing_row **rows, size_t *count);

/* Counts and file facts. */
typedef struct store_facts {
  int schema_version, synchronous;
  char journal_mode[16];
  int64_t documents, closings, file_bytes;
} store_facts;
tally_code store_facts_get(store *in, store_facts *facts);

/* What only a verification counts: it takes a walk over all documents. */
typedef struct store_counts {
  int64_t patients, days, annotations;
} store_counts;
tally_code store_counts_get(store *in, store_counts *counts);
const char *store_engine_version(void);

/* The engine's own check of the file, beside the caller where that can be. _wait gives TALLY_OK while it runs, after a
 * while, and TALLY_DONE where all is well; the sentence is in store_message where it is TALLY_ERR_CORRUPT. */
typedef struct store_checking store_checking;
tally_code store_check_begin(store *in, store_checking **out);
tally_code store_check_wait(store_checking *checking);
void store_check_end(store_checking *checking);

/* The path at which another connection of this process sees what this one does; NULL where none can. */
const char *store_path_beside(const store *in);
/* Keeps few pages of the file in memory, for who reads all of it once; or as many as usual again. */
void store_limit_memory(store *in, bool limited);
void store_sleep(int ms);

/* Backup to a path where no file is. */
typedef struct store_copy store_copy;
tally_code store_copy_begin(store *in, const char *path, store_copy **out);
tally_code store_copy_step(store_copy *copy); /* TALLY_DONE when whole and synced */
void store_copy_progress(const store_copy *copy, int64_t *done, int64_t *total);
void store_copy_end(store_copy *copy);

#endif
