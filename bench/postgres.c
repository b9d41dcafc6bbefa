/* postgres.c - plain.c's durable payments on a PostgreSQL server: the least for the same guarantee, in one round trip.
 *
 * The tables are plain.c's, less its integer ids, which are SQLite's own way to keep a table and would be two indexes
 * more here: a payment has a unique key and an index by document, and the document's balance moves with it. A payment
 * is one prepared statement, a data-modifying CTE, sent with its parameters in binary and without BEGIN or COMMIT: the
 * server commits a statement that stands alone, and answers when its record is on disk. That is one message each way
 * and one statement to start and to end. Other single round trips were slower in the median of 15 rounds: UPDATE and
 * INSERT pipelined before one sync by 3 %, the same between BEGIN and COMMIT by 7 %.
 *
 *   postgres prepare CONNECTION PLANS               makes the tables that the plans describe, in an empty database
 *   postgres durable CONNECTION PLANS WARMUP COUNT  prints count, seconds and a checksum
 *   postgres settings CONNECTION                    prints fsync, synchronous_commit, full_page_writes,
 *                                                   wal_sync_method and the server's version
 *   postgres proof CONNECTION                       prints how many payments there are; fails when a sum is wrong
 */
#include <endian.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE_BYTES = 256, CELLS = 6, PARAMETERS_MAX = 6, BINARY = 1 };

/* A document's new version finds room on its own page, so that no index moves with its balance. */
static const char SCHEMA[] =
    "CREATE TABLE document (number text PRIMARY KEY, kind smallint NOT NULL, patient text NOT NULL,"
    "  at bigint NOT NULL, charged bigint NOT NULL, settled bigint NOT NULL DEFAULT 0) WITH (fillfactor = 80);"
    "CREATE TABLE payment (document text NOT NULL, type text NOT NULL, group_tag text NOT NULL,"
    "  amount bigint NOT NULL, at bigint NOT NULL, key text PRIMARY KEY);"
    "CREATE INDEX payment_document ON payment (document);";
static const char ADD_DOCUMENT[] =
    "INSERT INTO document (number, kind, patient, at, charged) VALUES ($1, $2::bigint, $3, $4, $5)";
static const char PAY[] =
    "WITH moved AS (UPDATE document SET settled = settled + $4 WHERE number = $1) "
    "INSERT INTO payment (document, type, group_tag, amount, at, key) VALUES ($1, $2, $3, $4, $5, $6)";

static PGconn *connection;

/* A bench that met an error has nothing to tell. */
static _Noreturn void stop(const char *why) {
  fprintf(stderr, "postgres: %s\n", why);
  exit(1);
}

static void *check_memory(void *memory) {
  if (memory == NULL) stop("out of memory");
  return memory;
}

/* ---- Plans: files of tab-separated lines, read whole before the clock starts ---- */

typedef struct row {
  char *cells[CELLS];
  int64_t amount, at; /* of a payment: its cells 3 and 4 */
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

/* ---- PostgreSQL: texts and int64 go as the server keeps them ---- */

typedef struct parameters {
  const char *values[PARAMETERS_MAX];
  int lengths[PARAMETERS_MAX], formats[PARAMETERS_MAX], count;
  uint64_t numbers[PARAMETERS_MAX];
} parameters;

static void add_text(parameters *to, const char *text) {
  to->values[to->count] = text;
  to->lengths[to->count] = (int)strlen(text);
  to->formats[to->count++] = BINARY;
}

static void add_number(parameters *to, int64_t number) {
  to->numbers[to->count] = htobe64((uint64_t)number);
  to->values[to->count] = (const char *)&to->numbers[to->count];
  to->lengths[to->count] = sizeof number;
  to->formats[to->count++] = BINARY;
}

static void finish(PGresult *result) {
  ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) stop(PQerrorMessage(connection));
  PQclear(result);
}

static void execute(const char *sql) {
  finish(PQexec(connection, sql));
}

static void prepare(const char *name, const char *sql) {
  finish(PQprepare(connection, name, sql, 0, NULL));
}

static void run(const char *name, const parameters *with) {
  finish(PQexecPrepared(connection, name, with->count, with->values, with->lengths, with->formats, BINARY));
}

static void open_connection(const char *target) {
  connection = PQconnectdb(target);
  if (PQstatus(connection) != CONNECTION_OK) stop(PQerrorMessage(connection));
}

/* ---- The work ---- */

static int64_t checksum;

static void pay(const row *asked) {
  parameters with = {0};
  for (int i = 0; i < 3; i++) add_text(&with, asked->cells[i]);
  add_number(&with, asked->amount);
  add_number(&with, asked->at);
  add_text(&with, asked->cells[5]);
  run("pay", &with);
  checksum += asked->amount;
}

/* ---- Preparing and measuring ---- */

static void add_document(const row *asked) {
  parameters with = {0};
  add_text(&with, asked->cells[1]);
  add_number(&with, asked->cells[0][0] == 'i' ? 2 : 1);
  add_text(&with, asked->cells[2]);
  add_number(&with, asked->at);
  add_number(&with, asked->amount);
  run("add", &with);
}

/* VACUUM gives the planner its figures, and leaves nothing for the server to tidy up while the clock runs. */
static void make_ledger(const char *folder) {
  plan documents = read_plan(folder, "documents"), history = read_plan(folder, "history");
  execute(SCHEMA);
  prepare("add", ADD_DOCUMENT);
  prepare("pay", PAY);
  execute("BEGIN");
  for (size_t i = 0; i < documents.count; i++) add_document(&documents.rows[i]);
  for (size_t i = 0; i < history.count; i++) pay(&history.rows[i]);
  execute("COMMIT");
  execute("VACUUM (FULL, ANALYZE)");
  execute("VACUUM (FREEZE, ANALYZE)");
}

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void measure(const char *folder, size_t warmup, size_t count) {
  plan from = read_plan(folder, "payments");
  if (warmup + count > from.count) stop("the plan is too short");
  prepare("pay", PAY);
  for (size_t i = 0; i < warmup; i++) pay(&from.rows[i]);
  checksum = 0;
  double start = now();
  for (size_t i = warmup; i < warmup + count; i++) pay(&from.rows[i]);
  double seconds = now() - start;
  printf("%zu %.9f %lld\n", count, seconds, (long long)checksum);
}

static void print_row(const char *sql) {
  PGresult *result = PQexec(connection, sql);
  if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) stop(sql);
  for (int i = 0; i < PQnfields(result); i++) printf("%s%s", i ? " " : "", PQgetvalue(result, 0, i));
  printf("\n");
  PQclear(result);
}

static void print_settings(void) {
  print_row("SELECT current_setting('fsync'), current_setting('synchronous_commit'),"
            " current_setting('full_page_writes'), current_setting('wal_sync_method'),"
            " current_setting('server_version')");
}

/* No row comes, and so it stops, when a balance is not the sum of its document's payments. */
static void print_proof(void) {
  print_row("SELECT count(*) FROM payment HAVING NOT EXISTS (SELECT FROM document d WHERE settled <>"
            " (SELECT coalesce(sum(amount), 0) FROM payment p WHERE p.document = d.number))");
}

int main(int count, char **arguments) {
  if (count < 3) return 2;
  open_connection(arguments[2]);
  if (strcmp(arguments[1], "settings") == 0) print_settings();
  if (strcmp(arguments[1], "proof") == 0) print_proof();
  if (strcmp(arguments[1], "prepare") == 0 && count == 4) make_ledger(arguments[3]);
  if (strcmp(arguments[1], "durable") == 0 && count == 6)
    measure(arguments[3], (size_t)atoll(arguments[4]), (size_t)atoll(arguments[5]));
  PQfinish(connection);
  return 0;
}
