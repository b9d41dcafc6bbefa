/* plain.c - the limit: the least that SQLite must do for the same guarantee, by hand, in C, with nothing around it.
 *
 * One payment is a row with a unique key and an index by document, and the document's balance: two statements. Settings
 * and durability are the ledger's (WAL, synchronous = FULL, read back; BEGIN IMMEDIATE). There is no rule, no chain, no
 * total, no number series, no history of a document, and nothing is looked at before it is written.
 *
 *   plain prepare FILE PLANS                    makes the ledger that the plans describe
 *   plain WORK FILE PLANS SKIP WARMUP COUNT     does a work from the row after SKIP on: prints count, seconds, checksum
 *   plain settings FILE                         prints journal mode, synchronous and SQLite's version
 *
 * The works are durable, open, batch, scattered, read and page. After durable and open, a line for each operation tells
 * its latency in nanoseconds.
 */
#include <sodium.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

enum { LINE_BYTES = 256, CELLS = 6, PAYMENTS_PER_COMMIT = 1000, INVOICE = 2 };

static const char SCHEMA[] =
    "CREATE TABLE document (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL,"
    "  patient TEXT NOT NULL, at INTEGER NOT NULL, charged INTEGER NOT NULL, settled INTEGER NOT NULL DEFAULT 0) "
    "STRICT;"
    "CREATE TABLE payment (id INTEGER PRIMARY KEY, document TEXT NOT NULL, type TEXT NOT NULL, group_tag TEXT NOT "
    "NULL,"
    "  amount INTEGER NOT NULL, at INTEGER NOT NULL, key TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE INDEX payment_document ON payment (document);";
/* Only paging needs it, so only paging pays for it: on the other works' files it is not there. */
static const char UNPAID_INDEX[] =
    "CREATE INDEX IF NOT EXISTS document_unpaid ON document (kind) WHERE settled = 0 AND charged > 0;"
    "PRAGMA wal_checkpoint(TRUNCATE);";

static sqlite3 *database;

/* A bench that met an error has nothing to tell. */
static _Noreturn void stop(const char *why) {
  fprintf(stderr, "plain: %s\n", why);
  exit(1);
}

static void check(int status) {
  if (status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW) return;
  stop(database ? sqlite3_errmsg(database) : sqlite3_errstr(status));
}

static void *check_memory(void *memory) {
  if (memory == NULL) stop("out of memory");
  return memory;
}

/* ---- Plans: files of tab-separated lines, read whole before the clock starts ---- */

typedef struct row {
  char *cells[CELLS];
  int64_t amount, at; /* of a payment: its cells 3 and 4 */
  int64_t due;        /* of an arrival: its cell 0 */
} row;

typedef struct plan {
  row *rows;
  size_t count;
} plan;

static char *copy_text(const char *text) {
  size_t size = strlen(text) + 1;
  return memcpy(check_memory(malloc(size)), text, size);
}

static row split(char *line) {
  row out = {0};
  line[strcspn(line, "\n")] = '\0';
  for (size_t i = 0; i < CELLS && line; i++) {
    char *tab = strchr(line, '\t');
    if (tab) *tab = '\0';
    out.cells[i] = copy_text(line);
    line = tab ? tab + 1 : NULL;
  }
  out.due = atoll(out.cells[0]);
  if (out.cells[3]) out.amount = atoll(out.cells[3]);
  if (out.cells[4]) out.at = atoll(out.cells[4]);
  return out;
}

static plan read_plan(const char *folder, const char *name) {
  char path[4096], line[LINE_BYTES];
  plan out = {0};
  snprintf(path, sizeof path, "%s/%s.tsv", folder, name);
  FILE *file = fopen(path, "r");
  if (file == NULL) stop(path);
  for (size_t room = 0; fgets(line, sizeof line, file); out.count++) {
    if (out.count == room) {
      room = room ? room * 2 : 1024;
      out.rows = check_memory(realloc(out.rows, room * sizeof *out.rows));
    }
    out.rows[out.count] = split(line);
  }
  fclose(file);
  return out;
}

/* ---- SQLite ---- */

static void execute(const char *sql) {
  check(sqlite3_exec(database, sql, NULL, NULL, NULL));
}

static sqlite3_stmt *prepare(const char *sql) {
  sqlite3_stmt *prepared;
  check(sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, NULL));
  return prepared;
}

static void run(sqlite3_stmt *prepared) {
  check(sqlite3_step(prepared));
  check(sqlite3_reset(prepared));
}

static void bind(sqlite3_stmt *prepared, int index, const char *text) {
  check(sqlite3_bind_text(prepared, index, text, -1, SQLITE_STATIC));
}

static void expect(const char *pragma, const char *wanted) {
  sqlite3_stmt *prepared = prepare(pragma);
  check(sqlite3_step(prepared));
  if (strcmp((const char *)sqlite3_column_text(prepared, 0), wanted) != 0) stop(pragma);
  sqlite3_finalize(prepared);
}

static void open_file(const char *path) {
  check(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
  execute("PRAGMA page_size = 2048"); /* the ledger's own: a commit writes half as many bytes */
  expect("PRAGMA journal_mode = WAL", "wal");
  execute("PRAGMA cache_size = -16384"); /* the ledger's own too */
  execute("PRAGMA synchronous = FULL");
  expect("PRAGMA synchronous", "2");
}

/* Closing the last connection brings the log into the file, so that the file alone can be copied. */
static void close_file(void) {
  for (sqlite3_stmt *left = NULL; (left = sqlite3_next_stmt(database, NULL)) != NULL;) sqlite3_finalize(left);
  check(sqlite3_close(database));
}

/* ---- The works: each does one operation of its plan, and adds to the checksum what it moved or read ---- */

static sqlite3_stmt *begin, *commit, *add_payment, *move_balance, *get_document, *get_page;
static int64_t checksum;
/* A reader takes every column, since SQLite decodes only those that are asked for; nothing here may be left out. */
static volatile int64_t taken;

static void prepare_statements(void) {
  begin = prepare("BEGIN IMMEDIATE");
  commit = prepare("COMMIT");
  add_payment = prepare("INSERT INTO payment (document, type, group_tag, amount, at, key) VALUES (?, ?, ?, ?, ?, ?)");
  move_balance = prepare("UPDATE document SET settled = settled + ? WHERE number = ?");
  get_document = prepare("SELECT number, kind, patient, at, charged, settled, id FROM document WHERE number = ?");
}

static void read_document(const row *asked);

static void pay(const row *asked) {
  sqlite3_bind_int64(move_balance, 1, asked->amount);
  bind(move_balance, 2, asked->cells[0]);
  run(move_balance);
  for (int i = 0; i < 3; i++) bind(add_payment, i + 1, asked->cells[i]);
  sqlite3_bind_int64(add_payment, 4, asked->amount);
  sqlite3_bind_int64(add_payment, 5, asked->at);
  bind(add_payment, 6, asked->cells[5]);
  run(add_payment);
  checksum += asked->amount;
}

static void pay_alone(const row *asked) {
  run(begin);
  pay(asked);
  run(commit);
}

/* ---- The floor under the rules: the same payment by who must look before he writes ----
 *
 * No rule is applied and nothing is answered, but SQLite is asked what every program that keeps the ledger's promises must
 * ask it: whether the key was used, what the document owes, and to move the day's total; and a hash of a preimage's length
 * stands for the chain. */

enum { PREIMAGE_BYTES = 420, DAY_SECONDS = 86400 };

static sqlite3_stmt *find_key, *move_total, *add_total;

static void prepare_informed(void) {
  execute("CREATE TABLE IF NOT EXISTS day_total (day INTEGER PRIMARY KEY, collected INTEGER NOT NULL) STRICT");
  find_key = prepare("SELECT id FROM payment WHERE key = ?");
  move_total = prepare("UPDATE day_total SET collected = collected + ? WHERE day = ?");
  add_total = prepare("INSERT INTO day_total (collected, day) VALUES (?, ?)");
}

static void run_total(sqlite3_stmt *prepared, const row *asked) {
  sqlite3_bind_int64(prepared, 1, asked->amount);
  sqlite3_bind_int64(prepared, 2, asked->at / DAY_SECONDS);
  run(prepared);
}

static void pay_informed(const row *asked) {
  static unsigned char preimage[PREIMAGE_BYTES];
  bind(find_key, 1, asked->cells[5]);
  if (sqlite3_step(find_key) == SQLITE_ROW) stop("a key of the plan was used before");
  check(sqlite3_reset(find_key));
  int64_t before = checksum;
  read_document(asked);
  checksum = before;
  pay(asked);
  run_total(move_total, asked);
  if (sqlite3_changes(database) == 0) run_total(add_total, asked);
  crypto_generichash(preimage, 32, preimage, sizeof preimage, NULL, 0);
}

static void pay_informed_alone(const row *asked) {
  run(begin);
  pay_informed(asked);
  run(commit);
}

typedef enum status { UNPAID, PARTIAL, PAID, OVERPAID } status;

static status status_of(int64_t charged, int64_t settled) {
  if (settled > charged) return OVERPAID;
  if (settled == charged) return PAID;
  return settled > 0 ? PARTIAL : UNPAID;
}

static void take_text(sqlite3_stmt *prepared, int column) {
  taken = sqlite3_column_text(prepared, column)[0];
}

/* Columns: number, kind, patient, at, charged, settled. */
static void take_document(sqlite3_stmt *prepared) {
  take_text(prepared, 0);
  taken = sqlite3_column_int(prepared, 1);
  take_text(prepared, 2);
  taken = sqlite3_column_int64(prepared, 3);
  int64_t charged = sqlite3_column_int64(prepared, 4), settled = sqlite3_column_int64(prepared, 5);
  checksum += charged - settled + (status_of(charged, settled) == PAID);
}

static void read_document(const row *asked) {
  bind(get_document, 1, asked->cells[0]);
  check(sqlite3_step(get_document));
  take_document(get_document);
  check(sqlite3_reset(get_document));
}

static int64_t find_id(const char *number) {
  bind(get_document, 1, number);
  check(sqlite3_step(get_document));
  int64_t id = sqlite3_column_int64(get_document, 6);
  check(sqlite3_reset(get_document));
  return id;
}

static void read_page(const row *asked) {
  sqlite3_bind_int64(get_page, 1, asked->cells[0][0] ? find_id(asked->cells[0]) : INT64_MAX);
  while (sqlite3_step(get_page) == SQLITE_ROW) take_document(get_page);
  check(sqlite3_reset(get_page));
}

/* ---- Preparing and measuring ---- */

static void make_ledger(const char *folder) {
  plan documents = read_plan(folder, "documents"), history = read_plan(folder, "history");
  execute(SCHEMA);
  prepare_statements();
  sqlite3_stmt *add = prepare("INSERT INTO document (number, kind, patient, at, charged) VALUES (?, ?, ?, ?, ?)");
  run(begin);
  for (size_t i = 0; i < documents.count; i++) {
    const row *asked = &documents.rows[i];
    bind(add, 1, asked->cells[1]);
    sqlite3_bind_int(add, 2, asked->cells[0][0] == 'i' ? INVOICE : 1);
    bind(add, 3, asked->cells[2]);
    sqlite3_bind_int64(add, 4, asked->at);
    sqlite3_bind_int64(add, 5, asked->amount);
    run(add);
  }
  for (size_t i = 0; i < history.count; i++) pay(&history.rows[i]);
  run(commit);
  sqlite3_finalize(add);
}

typedef struct work {
  const char *name, *plan;
  void (*step)(const row *asked);
  size_t steps_per_commit; /* 0: the step commits, or there is nothing to commit */
  enum { ALL, EACH, EACH_WHEN_DUE } timed;
} work;

static const work works[] = {{"durable", "payments", pay_alone, 0, EACH},
                             {"open", "payments", pay_alone, 0, EACH_WHEN_DUE},
                             {"batch", "payments", pay, PAYMENTS_PER_COMMIT, ALL},
                             {"scattered", "payments", pay, PAYMENTS_PER_COMMIT, ALL},
                             {"durable_informed", "payments", pay_informed_alone, 0, EACH},
                             {"batch_informed", "payments", pay_informed, PAYMENTS_PER_COMMIT, ALL},
                             {"read", "reads", read_document, 0, ALL},
                             {"page", "pages", read_page, 0, ALL}};

static void do_steps(const work *what, const row *rows, size_t count) {
  size_t each = what->steps_per_commit;
  for (size_t i = 0; i < count; i++) {
    if (each && i % each == 0) run(begin);
    what->step(&rows[i]);
    if (each && (i % each == each - 1 || i == count - 1)) run(commit);
  }
}

/* A step's latency counts from when it was due, so that waiting behind a slow one counts too. */
static void do_steps_when_due(const work *what, const row *rows, size_t count, const row *arrivals, int64_t *latency) {
  int64_t start = clock_now();
  for (size_t i = 0; i < count; i++) {
    int64_t due = start + arrivals[i].due;
    clock_wait_until(due);
    what->step(&rows[i]);
    latency[i] = clock_now() - due;
  }
}

static void do_timed_steps(const work *what, const row *rows, size_t count, int64_t *latency) {
  int64_t before = clock_now();
  for (size_t i = 0; i < count; i++) {
    what->step(&rows[i]);
    int64_t after = clock_now();
    latency[i] = after - before;
    before = after;
  }
}

static void prepare_paging(void) {
  execute(UNPAID_INDEX);
  get_page = prepare("SELECT number, kind, patient, at, charged, settled FROM document WHERE kind = 2 AND "
                     "settled = 0 AND charged > 0 AND id < ? ORDER BY id DESC LIMIT 50");
}

static void measure(const work *what, const char *folder, size_t skip, size_t warmup, size_t count) {
  plan from = read_plan(folder, what->plan), arrivals = {0};
  if (what->timed == EACH_WHEN_DUE) arrivals = read_plan(folder, "arrivals");
  if (skip + warmup + count > from.count) stop("the plan is too short");
  if (what->timed == EACH_WHEN_DUE && count > arrivals.count) stop("the arrivals are too few");
  int64_t *latency = check_memory(calloc(count, sizeof *latency));
  prepare_statements();
  if (what->step == read_page) prepare_paging();
  if (what->step == pay_informed || what->step == pay_informed_alone) prepare_informed();
  do_steps(what, from.rows + skip, warmup);
  checksum = 0;
  const row *rows = from.rows + skip + warmup;
  int64_t start = clock_now();
  if (what->timed == ALL) do_steps(what, rows, count);
  if (what->timed == EACH) do_timed_steps(what, rows, count, latency);
  if (what->timed == EACH_WHEN_DUE) do_steps_when_due(what, rows, count, arrivals.rows, latency);
  double seconds = (double)(clock_now() - start) / NS_PER_SECOND;
  printf("%zu %.9f %lld\n", count, seconds, (long long)checksum);
  for (size_t i = 0; what->timed != ALL && i < count; i++) printf("%lld\n", (long long)latency[i]);
}

static void print_settings(void) {
  sqlite3_stmt *asked = prepare("SELECT journal_mode, synchronous, sqlite_version() FROM pragma_journal_mode, "
                                "pragma_synchronous");
  check(sqlite3_step(asked));
  printf("%s %d %s\n", sqlite3_column_text(asked, 0), sqlite3_column_int(asked, 1), sqlite3_column_text(asked, 2));
  sqlite3_finalize(asked);
}

int main(int count, char **arguments) {
  if (count < 3) return 2;
  open_file(arguments[2]);
  if (count == 3) print_settings();
  if (count == 4) make_ledger(arguments[3]);
  for (size_t i = 0; count == 7 && i < sizeof works / sizeof works[0]; i++) {
    if (strcmp(works[i].name, arguments[1]) != 0) continue;
    measure(&works[i], arguments[3], (size_t)atoll(arguments[4]), (size_t)atoll(arguments[5]),
            (size_t)atoll(arguments[6]));
  }
  close_file();
  return 0;
}
