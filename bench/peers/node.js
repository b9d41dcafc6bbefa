// The same ledger rules by hand, in Node over better-sqlite3: what a clinic's programmer would write instead.
//
// Tables, rules and favours are those of bench/peers/python.py. Statements are prepared once. better-sqlite3 brings an
// SQLite of its own, built from its source with its own options, which is how its users have it.
//
// Called like bench/plain.c: prepare FILE PLANS | settings FILE | WORK FILE PLANS WARMUP COUNT
"use strict";
const fs = require("fs");
const Database = require("better-sqlite3");

const PAYMENTS_PER_COMMIT = 1000, PAGE_ROWS = 50, DAY_SECONDS = 86400;
const SCHEMA = `
CREATE TABLE document (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL, patient TEXT NOT NULL,
  at INTEGER NOT NULL, charged INTEGER NOT NULL, collected INTEGER NOT NULL DEFAULT 0,
  credited INTEGER NOT NULL DEFAULT 0, discounted INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0,
  rounded INTEGER NOT NULL DEFAULT 0, invoice TEXT, cancelled INTEGER NOT NULL DEFAULT 0, open INTEGER NOT NULL) STRICT;
CREATE INDEX document_open ON document (kind) WHERE open = 1;
CREATE TABLE payment (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, document TEXT NOT NULL, type TEXT NOT NULL,
  group_tag TEXT, amount INTEGER NOT NULL, rounded INTEGER NOT NULL, at INTEGER NOT NULL, day INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL, actor TEXT, key TEXT UNIQUE) STRICT;
CREATE INDEX payment_document ON payment (document);
CREATE TABLE day_total (day INTEGER NOT NULL, type TEXT NOT NULL, group_tag TEXT NOT NULL, actor TEXT NOT NULL,
  collected INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (day, type, group_tag, actor)) STRICT, WITHOUT ROWID;
CREATE TABLE closing (through INTEGER PRIMARY KEY) STRICT;`;
const TYPES = {
  cash: { step: 5, excess: "change" },
  card: { groups: new Set(["POS-1", "POS-2"]), excess: "refuse" },
  twint: { excess: "refuse" },
  transfer: { excess: "credit" },
};

function openFile(path) {
  const database = new Database(path);
  database.pragma("page_size = 2048");
  if (database.pragma("journal_mode = WAL", { simple: true }) !== "wal") throw new Error("no write-ahead log");
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

// The status and what remains, as design.md §3 has it.
function statusOf(row) {
  const settled = row.collected + row.credited + row.discounted + row.lost + row.rounded;
  const remaining = row.charged - settled;
  if (row.cancelled) return ["cancelled", 0];
  if (row.invoice) return ["invoiced", 0];
  if (remaining < 0) return ["overpaid", remaining];
  if (remaining > 0) {
    if (row.kind === 1) return ["pending", remaining];
    return [settled > 0 ? "partial" : "unpaid", remaining];
  }
  if (row.lost > 0) return ["written_off", 0];
  return [row.discounted > 0 && row.collected + row.credited === 0 ? "offered" : "paid", 0];
}

class Ledger {
  constructor(database) {
    const prepare = (sql) => database.prepare(sql);
    this.actor = "desk-1";
    this.next = prepare("SELECT count(*) + 1 AS next FROM payment").get().next;
    this.getDocument = prepare("SELECT * FROM document WHERE number = ?");
    this.getKey = prepare("SELECT number, document, amount, type FROM payment WHERE key = ?");
    this.getClosed = prepare("SELECT max(through) AS day FROM closing");
    this.addPayment = prepare(`INSERT INTO payment (number, document, type, group_tag, amount, rounded, at, day,
      recorded_at, actor, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.setDocument = prepare("UPDATE document SET collected = ?, rounded = ?, open = ? WHERE id = ?");
    this.addTotal = prepare(`INSERT INTO day_total VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET
      collected = collected + excluded.collected, count = count + 1`);
    this.getPayments = prepare("SELECT number FROM payment WHERE document = ? ORDER BY id").pluck();
    this.getOpen = prepare("SELECT * FROM document WHERE kind = 2 AND open = 1 AND id < ? ORDER BY id DESC");
  }

  answer(number, document, amount) {
    const [status, remaining] = statusOf(this.getDocument.get(document));
    return { number, document, amount, status, remaining, replayed: true };
  }

  // Holds a payment against the rules; gives the document, what is paid and what is rounded away.
  check(asked, type, minor, at, day) {
    const row = this.getDocument.get(asked.document);
    need(row, "document-unknown");
    const [status, remaining] = statusOf(row);
    need(status !== "cancelled" && status !== "invoiced", "document-" + status);
    need(!type.groups || type.groups.has(asked.group), asked.group ? "group-unknown" : "group-required");
    need(at <= Date.now() / 1000 + DAY_SECONDS, "date-in-future");
    const closed = this.getClosed.get().day;
    need(closed === null || day > closed, "period-closed");
    need(remaining > 0, "document-settled");
    need(minor > 0, "amount-not-positive");
    const step = type.step || 1, due = Math.floor((remaining + Math.floor(step / 2)) / step) * step;
    need(due > 0 && minor % step === 0, "amount-not-tenderable");
    need(minor <= due || type.excess === "change", "amount-exceeds-remaining");
    const paid = Math.min(minor, due);
    return [row, paid, paid === due ? remaining - paid : 0];
  }

  pay(asked) {
    const minor = parseAmount(asked.amount), at = parseTime(asked.at), day = Math.floor(at / DAY_SECONDS);
    const known = this.getKey.get(asked.key);
    if (known) {
      need(known.document === asked.document && known.amount === minor && known.type === asked.type, "key-conflict");
      return this.answer(known.number, asked.document, minor);
    }
    const type = TYPES[asked.type];
    need(type, "type-unknown");
    const [row, paid, rounded] = this.check(asked, type, minor, at, day);
    const number = "R-" + String(this.next++).padStart(5, "0");
    this.addPayment.run(number, asked.document, asked.type, asked.group, paid, rounded, at, day, Date.now(),
      this.actor, asked.key);
    row.collected += paid;
    row.rounded += rounded;
    const [status, remaining] = statusOf(row);
    this.setDocument.run(row.collected, row.rounded, remaining > 0 ? 1 : 0, row.id);
    this.addTotal.run(day, asked.type, asked.group || "", this.actor, paid);
    return { number, document: asked.document, amount: paid, status, remaining };
  }

  shown(row, payments) {
    const [status, remaining] = statusOf(row);
    return { number: row.number, patient: row.patient, at: new Date(row.at * 1000).toISOString(), charged: row.charged,
      collected: row.collected, credited: row.credited, discounted: row.discounted, lost: row.lost,
      rounded: row.rounded, status, remaining, payments };
  }

  document(number) {
    return this.shown(this.getDocument.get(number), this.getPayments.all(number));
  }

  unpaid(after) {
    const found = [], last = after ? this.getDocument.get(after).id : Number.MAX_SAFE_INTEGER;
    for (const row of this.getOpen.iterate(last)) {
      const document = this.shown(row);
      if (document.status === "unpaid") found.push(document);
      if (found.length === PAGE_ROWS) break;
    }
    return found;
  }
}

// ---- The works, as in bench/ledger.lua ----

function readPlan(folder, name) {
  return fs.readFileSync(`${folder}/${name}.tsv`, "utf8").trimEnd().split("\n").map((line) => line.split("\t"));
}

function paymentOf([document, type, group, amount, at, key]) {
  const minor = Number(amount);
  return { document, type, group: group || null, key,
    amount: `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, "0")}`,
    at: new Date(Number(at) * 1000).toISOString().slice(0, 19) };
}

const first = (cells) => cells[0];
const sumOf = (document) => document.remaining + (document.status === "paid" ? 1 : 0);
const sumOfPage = (documents) => documents.reduce((sum, document) => sum + sumOf(document), 0);

const WORKS = {
  durable: ["payments", paymentOf, (ledger, asked) => ledger.pay(asked).amount, 1],
  batch: ["payments", paymentOf, (ledger, asked) => ledger.pay(asked).amount, PAYMENTS_PER_COMMIT],
  scattered: ["scattered", paymentOf, (ledger, asked) => ledger.pay(asked).amount, PAYMENTS_PER_COMMIT],
  read: ["reads", first, (ledger, number) => sumOf(ledger.document(number)), 0],
  page: ["pages", first, (ledger, after) => sumOfPage(ledger.unpaid(after)), 0],
};

function makeLedger(database, folder) {
  database.exec(SCHEMA);
  const ledger = new Ledger(database);
  const add = database.prepare("INSERT INTO document (number, kind, patient, at, charged, open) VALUES (?, ?, ?, ?, ?, 1)");
  database.transaction(() => {
    for (const [kind, number, patient, charged, at] of readPlan(folder, "documents")) {
      add.run(number, kind === "consultation" ? 1 : 2, patient, Number(at), Number(charged));
    }
    for (const cells of readPlan(folder, "history")) ledger.pay(paymentOf(cells));
  }).immediate();
}

function doSteps(database, ledger, step, rows, each) {
  let sum = 0;
  const some = (from, to) => { for (let i = from; i < to; i++) sum += step(ledger, rows[i]); };
  const commit = database.transaction(some);
  if (!each) some(0, rows.length);
  for (let i = 0; each && i < rows.length; i += each) commit.immediate(i, Math.min(i + each, rows.length));
  return sum;
}

function measure(database, work, folder, warmup, count) {
  const [plan, make, step, each] = WORKS[work];
  const rows = readPlan(folder, plan).slice(0, warmup + count).map(make);
  const ledger = new Ledger(database);
  doSteps(database, ledger, step, rows.slice(0, warmup), each);
  const start = process.hrtime.bigint();
  const sum = doSteps(database, ledger, step, rows.slice(warmup), each);
  console.log(count, (Number(process.hrtime.bigint() - start) / 1e9).toFixed(9), sum);
}

const [what, path, folder, warmup, count] = process.argv.slice(2);
const database = openFile(path);
if (what === "settings") console.log("wal 2", database.prepare("SELECT sqlite_version()").pluck().get());
else if (what === "prepare") makeLedger(database, folder);
else measure(database, what, folder, Number(warmup), Number(count));
database.close();
