"""The same ledger rules by hand, in Python over its own sqlite3: what a clinic's programmer would write instead.

A payment looks up its key, its document and its type, holds itself against the rules of design.md §6 that such a
programmer would not forget (kind, group, step, excess, closed days, dates), takes a receipt number, and writes the
payment, the document's sums and the day's totals. Settings and durability are the ledger's (WAL, synchronous = FULL,
read back; BEGIN IMMEDIATE; the ledger's page size and cache).

Why it is fair: there is no hash chain, no versions of types, no reversal or refund, nothing that verifies, and an
answer of five fields. The key is looked up first, since what was paid already must be answered also where a rule would
refuse it now. What is asked for together is one statement. The index of pages holds exactly the unpaid invoices, and a
page is fifty of its rows from a key on. sqlite3 manages no transactions of its own (isolation_level=None) and keeps
every statement prepared: there are fewer than its cache holds, and their texts are always the same ones.

Called like bench/plain.c: prepare FILE PLANS | settings FILE | WORK FILE PLANS SKIP WARMUP COUNT
"""
import re
import sqlite3
import sys
import time
from array import array
from datetime import datetime, timezone
from itertools import islice

PAYMENTS_PER_COMMIT = 1000
PAGE_ROWS = 50
SPIN_NS = 100000
UNPAID = ("kind = 2 AND charged > 0 AND collected = 0 AND credited = 0 AND discounted = 0 AND lost = 0 AND rounded = 0 "
          "AND invoice IS NULL AND cancelled = 0")
SCHEMA = """
CREATE TABLE document (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL,
  patient TEXT NOT NULL, at INTEGER NOT NULL, charged INTEGER NOT NULL, collected INTEGER NOT NULL DEFAULT 0,
  credited INTEGER NOT NULL DEFAULT 0, discounted INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0,
  rounded INTEGER NOT NULL DEFAULT 0, invoice TEXT, cancelled INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX document_unpaid ON document (kind) WHERE """ + UNPAID + """;
CREATE TABLE payment (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, document TEXT NOT NULL, type TEXT NOT NULL,
  group_tag TEXT, amount INTEGER NOT NULL, rounded INTEGER NOT NULL, at INTEGER NOT NULL, day INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL, actor TEXT, key TEXT UNIQUE) STRICT;
CREATE INDEX payment_document ON payment (document);
CREATE TABLE day_total (day INTEGER NOT NULL, type TEXT NOT NULL, group_tag TEXT NOT NULL, actor TEXT NOT NULL,
  collected INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (day, type, group_tag, actor)) STRICT, WITHOUT ROWID;
CREATE TABLE closing (through INTEGER PRIMARY KEY) STRICT;
"""
FACTS = "kind, charged, collected, credited, discounted, lost, rounded, invoice, cancelled, id, number, patient, at"
GET_DOCUMENT = "SELECT " + FACTS + " FROM document WHERE number = ?"
# The document and the last closed day.
GET_PAYABLE = "SELECT " + FACTS + ", (SELECT max(through) FROM closing) FROM document WHERE number = ?"
GET_KEY = "SELECT number, document, amount, type FROM payment WHERE key = ?"
ADD_PAYMENT = ("INSERT INTO payment (number, document, type, group_tag, amount, rounded, at, day, recorded_at, actor, "
               "key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
SET_DOCUMENT = "UPDATE document SET collected = ?, rounded = ? WHERE id = ?"
ADD_TOTAL = ("INSERT INTO day_total VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET "
             "collected = collected + excluded.collected, count = count + 1")
GET_PAYMENTS = "SELECT number FROM payment WHERE document = ? ORDER BY id"
GET_FIRST_PAGE = "SELECT %s FROM document WHERE %s ORDER BY id DESC LIMIT %d" % (FACTS, UNPAID, PAGE_ROWS)
GET_PAGE_AFTER = ("SELECT %s FROM document WHERE %s AND id < (SELECT id FROM document WHERE number = ?) "
                  "ORDER BY id DESC LIMIT %d" % (FACTS, UNPAID, PAGE_ROWS))
DECIMAL = re.compile(r"(\d{1,15})(?:\.(\d{1,2}))?")
TYPES = {
    "cash": {"step": 5, "excess": "change"},
    "card": {"groups": {"POS-1", "POS-2"}, "excess": "refuse"},
    "twint": {"excess": "refuse"},
    "transfer": {"excess": "credit"},
}


class Refused(Exception):
    """A rule said no."""


def open_file(path):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA page_size = 2048")
    if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
        raise SystemExit("no write-ahead log")
    connection.execute("PRAGMA cache_size = -16384")
    connection.execute("PRAGMA synchronous = FULL")
    if connection.execute("PRAGMA synchronous").fetchone() != (2,):
        raise SystemExit("not synchronous")
    return connection


def parse_amount(text):
    found = DECIMAL.fullmatch(text)
    if not found:
        raise Refused("amount-invalid")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def parse_time(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp())


def status_of(row):
    """Gives the status and what remains, as design.md §3 has it."""
    kind, charged, collected, credited, discounted, lost, rounded, invoice, cancelled = row[:9]
    settled = collected + credited + discounted + lost + rounded
    remaining = charged - settled
    if cancelled:
        return "cancelled", 0
    if invoice:
        return "invoiced", 0
    if remaining < 0:
        return "overpaid", remaining
    if remaining > 0:
        if kind == 1:
            return "pending", remaining
        return ("partial" if settled > 0 else "unpaid"), remaining
    if lost > 0:
        return "written_off", 0
    return ("offered" if discounted > 0 and collected + credited == 0 else "paid"), 0


class Ledger:
    def __init__(self, connection):
        self.connection = connection
        self.actor = "desk-1"
        self.next = connection.execute("SELECT count(*) + 1 FROM payment").fetchone()[0]

    def answer(self, number, document, amount, key=None):
        status, remaining = status_of(self.connection.execute(GET_DOCUMENT, (document,)).fetchone())
        return {"number": number, "document": document, "amount": amount, "status": status, "remaining": remaining,
                "replayed": key is not None}

    def check(self, document, kind, group, minor, at, day):
        """Holds a payment against the rules; gives the document, what is paid and what is rounded away."""
        row = self.connection.execute(GET_PAYABLE, (document,)).fetchone()
        if row is None:
            raise Refused("document-unknown")
        status, remaining = status_of(row)
        if status in ("cancelled", "invoiced"):
            raise Refused("document-" + status)
        if kind.get("groups") and group not in kind["groups"]:
            raise Refused("group-unknown" if group else "group-required")
        if at > time.time() + 86400:
            raise Refused("date-in-future")
        closed = row[13]
        if closed is not None and day <= closed:
            raise Refused("period-closed")
        if remaining <= 0:
            raise Refused("document-settled")
        step = kind.get("step", 1)
        due = (remaining + step // 2) // step * step
        if minor <= 0:
            raise Refused("amount-not-positive")
        if due == 0 or minor % step:
            raise Refused("amount-not-tenderable")
        if minor > due and kind["excess"] != "change":
            raise Refused("amount-exceeds-remaining")
        paid = min(minor, due)
        return row, paid, remaining - paid if paid == due else 0

    def pay(self, document, type, amount, at, key, group=None):
        run = self.connection.execute
        known = run(GET_KEY, (key,)).fetchone()
        minor = parse_amount(amount)
        at = parse_time(at)
        if known:
            if known[1:] != (document, minor, type):
                raise Refused("key-conflict")
            return self.answer(known[0], document, minor, key)
        kind = TYPES.get(type)
        if kind is None:
            raise Refused("type-unknown")
        day = at // 86400
        row, paid, rounded = self.check(document, kind, group, minor, at, day)
        number = "R-%05d" % self.next
        self.next += 1
        now = int(time.time() * 1000)
        run(ADD_PAYMENT, (number, document, type, group, paid, rounded, at, day, now, self.actor, key))
        facts = list(row)
        facts[2] += paid
        facts[6] += rounded
        status, remaining = status_of(facts)
        run(SET_DOCUMENT, (facts[2], facts[6], row[9]))
        run(ADD_TOTAL, (day, type, group or "", self.actor, paid))
        return {"number": number, "document": document, "amount": paid, "status": status, "remaining": remaining}

    def document(self, number):
        row = self.connection.execute(GET_DOCUMENT, (number,)).fetchone()
        payments = self.connection.execute(GET_PAYMENTS, (number,))
        return self.shown(row, [payment for (payment,) in payments])

    @staticmethod
    def shown(row, payments=None):
        status, remaining = status_of(row)
        return {"number": row[10], "patient": row[11], "at": datetime.fromtimestamp(row[12], timezone.utc).isoformat(),
                "charged": row[1], "collected": row[2], "credited": row[3], "discounted": row[4], "lost": row[5],
                "rounded": row[6], "status": status, "remaining": remaining, "payments": payments}

    def unpaid(self, after):
        run, shown = self.connection.execute, self.shown
        return [shown(row) for row in (run(GET_PAGE_AFTER, (after,)) if after else run(GET_FIRST_PAGE))]


# ---- The works, as in bench/ledger.lua ----

def read_plan(folder, name):
    """Goes through the rows of a plan, which may be too long to be held."""
    with open("%s/%s.tsv" % (folder, name), encoding="utf-8") as file:
        for line in file:
            yield line.rstrip("\n").split("\t")


def payment_of(cells):
    document, type, group, amount, at, key = cells
    return {"document": document, "type": type, "group": group or None, "key": key,
            "amount": "%d.%02d" % divmod(int(amount), 100),
            "at": datetime.fromtimestamp(int(at), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")}


def sum_of(document):
    return document["remaining"] + (document["status"] == "paid")


def make_ledger(connection, folder):
    connection.executescript(SCHEMA)
    ledger = Ledger(connection)
    connection.execute("BEGIN IMMEDIATE")
    for kind, number, patient, charged, at in read_plan(folder, "documents"):
        connection.execute("INSERT INTO document (number, kind, patient, at, charged) VALUES (?, ?, ?, ?, ?)",
                           (number, 1 if kind == "consultation" else 2, patient, int(at), int(charged)))
    for cells in read_plan(folder, "history"):
        ledger.pay(**payment_of(cells))
    connection.execute("COMMIT")


def do_steps(connection, step, rows, each):
    total = 0
    for first in range(0, len(rows), each or len(rows)):
        if each:
            connection.execute("BEGIN IMMEDIATE")
        for row in rows[first:first + (each or len(rows))]:
            total += step(row)
        if each:
            connection.execute("COMMIT")
    return total


def wait_until(moment):
    """Returns at the moment: sleeps, then looks at the clock, as a sleeper wakes late."""
    left = moment - time.perf_counter_ns() - SPIN_NS
    if left > 0:
        time.sleep(left / 1e9)
    while time.perf_counter_ns() < moment:
        pass


def do_timed_steps(connection, step, rows, latencies, arrivals):
    """Each step's latency, from when it was due or, where nothing arrives, from when it began."""
    total = 0
    start = before = time.perf_counter_ns()
    for i, row in enumerate(rows):
        if arrivals:
            before = start + arrivals[i]
            wait_until(before)
        connection.execute("BEGIN IMMEDIATE")
        total += step(row)
        connection.execute("COMMIT")
        after = time.perf_counter_ns()
        latencies[i] = after - before
        before = after
    return total


def measure(connection, work, folder, skip, warmup, count):
    ledger = Ledger(connection)

    def pay(asked):
        return ledger.pay(**asked)["amount"]

    plan, make, step, each = {
        "durable": ("payments", payment_of, pay, 1),
        "open": ("payments", payment_of, pay, 1),
        "batch": ("payments", payment_of, pay, PAYMENTS_PER_COMMIT),
        "scattered": ("payments", payment_of, pay, PAYMENTS_PER_COMMIT),
        "read": ("reads", lambda cells: cells[0], lambda number: sum_of(ledger.document(number)), 0),
        "page": ("pages", lambda cells: cells[0], lambda after: sum(map(sum_of, ledger.unpaid(after))), 0),
    }[work]
    rows = [make(cells) for cells in islice(read_plan(folder, plan), skip, skip + warmup + count)]
    arrivals = [int(due) for (due,) in read_plan(folder, "arrivals")] if work == "open" else None
    latencies = array("q", bytes(8 * count)) if each == 1 else ()
    do_steps(connection, step, rows[:warmup], each)
    start = time.perf_counter()
    if each == 1:
        total = do_timed_steps(connection, step, rows[warmup:], latencies, arrivals)
    else:
        total = do_steps(connection, step, rows[warmup:], each)
    print("%d %.9f %d" % (count, time.perf_counter() - start, total))
    for latency in latencies:
        print(latency)


def main():
    what, path, *rest = sys.argv[1:]
    connection = open_file(path)
    if what == "settings":
        print("wal 2", sqlite3.sqlite_version, "Python", sys.version.split()[0])
    elif what == "prepare":
        make_ledger(connection, *rest)
    else:
        measure(connection, what, rest[0], *map(int, rest[1:]))
    connection.close()


main()
