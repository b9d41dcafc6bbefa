// The same ledger rules by hand, in Node over better-sqlite3: what a clinic's programmer would write instead.
//
// Tables, rules and favours are those of bench/peers/python.py. Why it is fair: it is written as better-sqlite3 is
// fastest. Each statement is prepared once and taken by .get, .all or .run; rows come raw, as arrays, so that no object
// with a dozen names is built to be thrown away; a page's fifty rows are one call. Commits go through
// database.transaction(…).immediate. better-sqlite3 brings an SQLite of its own, newer than Debian's, built from its
// source with its own options, which is how its users have it.
//
// Called like bench/plain.c: prepare FILE PLANS | settings FILE | WORK FILE PLANS SKIP WARMUP COUNT
"use strict";
const fs = require("fs");
const Database = require("better-sqlite3");

const PAYMENTS_PER_COMMIT = 1000, PAGE_ROWS = 50, DAY_SECONDS = 86400;
const FACTS = `kind, charged, collected, credited, discounted, lost, rounded, invoice, cancelled, id, number, patient,
  at`;
// Where they stand in a row, and what a payment's look at its document adds.
const KIND = 0, CHARGED = 1, COLLECTED = 2, CREDITED = 3, DISCOUNTED = 4, LOST = 5, ROUNDED = 6, INVOICE = 7,
  CANCELLED = 8, ID = 9, NUMBER = 10, PATIENT = 11, AT = 12, CLOSED_THROUGH = 13;
const UNPAID = `kind = 2 AND charged > 0 AND collected = 0 AND credited = 0 AND discounted = 0 AND lost = 0
  AND rounded = 0 AND invoice IS NULL AND cancelled = 0`;
const SCHEMA = `
CREATE TABLE document (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL,
  patient TEXT NOT NULL, at INTEGER NOT NULL, charged INTEGER NOT NULL, collected INTEGER NOT NULL DEFAULT 0,
  credited INTEGER NOT NULL DEFAULT 0, discounted INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0,
  rounded INTEGER NOT NULL DEFAULT 0, invoice TEXT, cancelled INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX document_unpaid ON document (kind) WHERE ${UNPAID};
CREATE TABLE payment (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, document TEXT NOT NULL, type TEXT NOT NULL,
  group_tag TEXT, amount INTEGER NOT NULL, rounded INTEGER NOT NULL, at INTEGER NOT NULL, day INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL, actor TEXT, key TEXT UNIQUE) STRICT;
CREATE INDEX payment_document ON payment (document);
CREATE TABLE day_total (day INTEGER NOT NULL, type TEXT NOT NULL, group_tag TEXT NOT NULL, actor TEXT NOT NULL,
  collected INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (day, type, group_tag, actor)) STRICT, WITHOUT ROWID;
CREATE TABLE closing (through INTEGER PRIMARY KEY) STRICT;`;
const TYPES = {
  cash: { step: 5, excess: "change" },
  card: { step: 1, groups: new Set(["POS-1", "POS-2"]), excess: "refuse" },
  twint: { step: 1, excess: "refuse" },
  transfer: { step: 1, excess: "credit" },
};

function openFile(path) {
  const database = new Database(path);
  database.pragma("page_size = 2048");
  if (database.pragma("journal_mode = WAL", { simple: true }) !== "wal") throw new Error("no write-ahead log");
  database.pragma("cache_size = -16384");
  database.pragma("synchronous = FULL");
  if (database.pragma("synchronous", { simple: true }) !== 2) throw new Error("not synchronous");
  return database;
}

// ---- The rules ----

function need(holds, code) {
  if (!holds) throw new Error(code);
}

function parseAmount(text) {
  const found = /^(\d{1,13})(?:\.(\d{1,2}))?$/.exec(text);
  need(found, "amount-invalid");
  return Number(found[1]) * 100 + Number((found[2] || "").padEnd(2, "0"));
}

function parseTime(text) {
  const at = Date.parse(text + "Z");
  need(!Number.isNaN(at), "date-invalid");
  return Math.floor(at / 1000);
}

// The status, as design.md §3 has it, of a document of which so much remains.
function statusOf(row, remaining) {
  if (row[CANCELLED]) return "cancelled";
  if (row[INVOICE] !== null) return "invoiced";
  if (remaining < 0) return "overpaid";
  if (remaining > 0) {
    if (row[KIND] === 1) return "pending";
    return remaining < row[CHARGED] ? "partial" : "unpaid";
  }
  if (row[LOST] > 0) return "written_off";
  return row[DISCOUNTED] > 0 && row[COLLECTED] + row[CREDITED] === 0 ? "offered" : "paid";
}

function remainingOf(row) {
  if (row[CANCELLED] || row[INVOICE] !== null) return 0;
  return row[CHARGED] - row[COLLECTED] - row[CREDITED] - row[DISCOUNTED] - row[LOST] - row[ROUNDED];
}

class Ledger {
  constructor(database) {
    const prepare = (sql) => database.prepare(sql);
    this.actor = "desk-1";
    this.next = prepare("SELECT count(*) + 1 FROM payment").pluck().get();
    this.getDocument = prepare(`SELECT ${FACTS} FROM document WHERE number = ?`).raw();
    this.getPayable = prepare(`SELECT ${FACTS}, (SELECT max(through) FROM closing) FROM document
      WHERE number = ?`).raw();
    this.getKey = prepare("SELECT number, document, amount, type FROM payment WHERE key = ?").raw();
    this.addPayment = prepare(`INSERT INTO payment (number, document, type, group_tag, amount, rounded, at, day,
      recorded_at, actor, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.setDocument = prepare("UPDATE document SET collected = ?, rounded = ? WHERE id = ?");
    this.addTotal = prepare(`INSERT INTO day_total VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET
      collected = collected + excluded.collected, count = count + 1`);
    this.getPayments = prepare("SELECT number FROM payment WHERE document = ? ORDER BY id").pluck();
    const page = (rest) => prepare(`SELECT ${FACTS} FROM document WHERE ${UNPAID} ${rest} ORDER BY id DESC
      LIMIT ${PAGE_ROWS}`).raw();
    this.getFirstPage = page("");
    this.getPageAfter = page("AND id < (SELECT id FROM document WHERE number = ?)");
  }

  answer(number, document, amount) {
    const row = this.getDocument.get(document), remaining = remainingOf(row);
    return { number, document, amount, status: statusOf(row, remaining), remaining, replayed: true };
  }

  // Holds a payment against the rules; gives the document, what is paid and what is rounded away.
  check(asked, type, minor, at, day) {
    const row = this.getPayable.get(asked.document);
    need(row, "document-unknown");
    need(!row[CANCELLED] && row[INVOICE] === null, "document-cancelled or -invoiced");
    need(!type.groups || type.groups.has(asked.group), asked.group ? "group-unknown" : "group-required");
    need(at <= Date.now() / 1000 + DAY_SECONDS, "date-in-future");
    need(row[CLOSED_THROUGH] === null || day > row[CLOSED_THROUGH], "period-closed");
    const remaining = remainingOf(row);
    need(remaining > 0, "document-settled");
    need(minor > 0, "amount-not-positive");
    const step = type.step, due = Math.floor((remaining + Math.floor(step / 2)) / step) * step;
    need(due > 0 && minor % step === 0, "amount-not-tenderable");
    need(minor <= due || type.excess === "change", "amount-exceeds-remaining");
    const paid = Math.min(minor, due);
    return [row, paid, paid === due ? remaining - paid : 0];
  }

  pay(asked) {
    const minor = parseAmount(asked.amount), at = parseTime(asked.at), day = Math.floor(at / DAY_SECONDS);
    const known = this.getKey.get(asked.key);
    if (known) {
      need(known[1] === asked.document && known[2] === minor && known[3] === asked.type, "key-conflict");
      return this.answer(known[0], asked.document, minor);
    }
    const type = TYPES[asked.type];
    need(type, "type-unknown");
    const [row, paid, rounded] = this.check(asked, type, minor, at, day);
    const number = "R-" + String(this.next++).padStart(5, "0");
    this.addPayment.run(number, asked.document, asked.type, asked.group, paid, rounded, at, day, Date.now(),
      this.actor, asked.key);
    row[COLLECTED] += paid;
    row[ROUNDED] += rounded;
    const remaining = remainingOf(row);
    this.setDocument.run(row[COLLECTED], row[ROUNDED], row[ID]);
    this.addTotal.run(day, asked.type, asked.group || "", this.actor, paid);
    return { number, document: asked.document, amount: paid, status: statusOf(row, remaining), remaining };
  }

  shown(row, payments) {
    const remaining = remainingOf(row);
    return { number: row[NUMBER], patient: row[PATIENT], at: new Date(row[AT] * 1000).toISOString(),
      charged: row[CHARGED], collected: row[COLLECTED], credited: row[CREDITED], discounted: row[DISCOUNTED],
      lost: row[LOST], rounded: row[ROUNDED], status: statusOf(row, remaining), remaining, payments };
  }

  document(number) {
    return this.shown(this.getDocument.get(number), this.getPayments.all(number));
  }

  unpaid(after) {
    const rows = after ? this.getPageAfter.all(after) : this.getFirstPage.all();
    return rows.map((row) => this.shown(row));
  }
}

// ---- The works, as in bench/ledger.lua ----

function readPlan(folder, name) {
  return fs.readFileSync(`${folder}/${name}.tsv`, "utf8").trimEnd().split("\n");
}

const cellsOf = (line) => line.split("\t");

function paymentOf(line) {
  const [document, type, group, amount, at, key] = cellsOf(line);
  const minor = Number(amount);
  return { document, type, group: group || null, key,
    amount: `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, "0")}`,
    at: new Date(Number(at) * 1000).toISOString().slice(0, 19) };
}

const asItIs = (line) => line;
const sumOf = (document) => document.remaining + (document.status === "paid" ? 1 : 0);
const sumOfPage = (documents) => documents.reduce((sum, document) => sum + sumOf(document), 0);

const paidAmount = (ledger, asked) => ledger.pay(asked).amount;

const WORKS = {
  durable: { plan: "payments", make: paymentOf, step: paidAmount, each: 1, timed: true },
  open: { plan: "payments", make: paymentOf, step: paidAmount, each: 1, timed: true, arrivals: true },
  batch: { plan: "payments", make: paymentOf, step: paidAmount, each: PAYMENTS_PER_COMMIT },
  scattered: { plan: "payments", make: paymentOf, step: paidAmount, each: PAYMENTS_PER_COMMIT },
  read: { plan: "reads", make: asItIs, step: (ledger, number) => sumOf(ledger.document(number)) },
  page: { plan: "pages", make: asItIs, step: (ledger, after) => sumOfPage(ledger.unpaid(after)) },
};

function makeLedger(database, folder) {
  database.exec(SCHEMA);
  const ledger = new Ledger(database);
  const add = database.prepare("INSERT INTO document (number, kind, patient, at, charged) VALUES (?, ?, ?, ?, ?)");
  database.transaction(() => {
    for (const line of readPlan(folder, "documents")) {
      const [kind, number, patient, charged, at] = cellsOf(line);
      add.run(number, kind === "consultation" ? 1 : 2, patient, Number(at), Number(charged));
    }
    for (const line of readPlan(folder, "history")) ledger.pay(paymentOf(line));
  }).immediate();
}

function doSteps(database, ledger, { step, each }, rows) {
  let sum = 0;
  const some = (from, to) => { for (let i = from; i < to; i++) sum += step(ledger, rows[i]); };
  const commit = database.transaction(some).immediate;
  if (!each) some(0, rows.length);
  for (let i = 0; each && i < rows.length; i += each) commit(i, Math.min(i + each, rows.length));
  return sum;
}

// Returns at the moment, in milliseconds of performance.now(): sleeps, then looks at the clock.
const SPIN_MS = 0.1, nobody = new Int32Array(new SharedArrayBuffer(4));
function waitUntil(moment) {
  const left = moment - performance.now();
  if (left > SPIN_MS) Atomics.wait(nobody, 0, 0, left - SPIN_MS);
  while (performance.now() < moment);
}

// Each step's latency in milliseconds, from when it was due or, where nothing arrives, from when it began.
function doTimedSteps(database, ledger, { step }, rows, latencies, arrivals) {
  let sum = 0;
  const commit = database.transaction((row) => { sum += step(ledger, row); }).immediate;
  const start = performance.now();
  let from = start;
  for (let i = 0; i < rows.length; i++) {
    if (arrivals) waitUntil(from = start + arrivals[i] / 1e6);
    commit(rows[i]);
    const after = performance.now();
    latencies[i] = after - from;
    from = after;
  }
  return sum;
}

function measure(database, work, folder, skip, warmup, count) {
  const rows = readPlan(folder, work.plan).slice(skip, skip + warmup + count).map(work.make);
  const arrivals = work.arrivals ? readPlan(folder, "arrivals").map(Number) : null;
  const latencies = new Float64Array(work.timed ? count : 0), ledger = new Ledger(database);
  doSteps(database, ledger, work, rows.slice(0, warmup));
  const measured = rows.slice(warmup), start = performance.now();
  const sum = (work.timed ? doTimedSteps : doSteps)(database, ledger, work, measured, latencies, arrivals);
  console.log(count, ((performance.now() - start) / 1e3).toFixed(9), sum);
  if (work.timed) console.log(Array.from(latencies, (latency) => Math.round(latency * 1e6)).join("\n"));
}

const [what, path, folder, ...numbers] = process.argv.slice(2);
const database = openFile(path);
if (what === "settings") {
  console.log("wal 2", database.prepare("SELECT sqlite_version()").pluck().get(), "Node " + process.version);
} else if (what === "prepare") makeLedger(database, folder);
else measure(database, WORKS[what], folder, ...numbers.map(Number));
database.close();
