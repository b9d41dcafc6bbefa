-- verify: what was changed behind the books is found and located (design.md §4, §6, §11.6).
local helper = require "spec.helper"
local child = require "spec.child"
local command = require "spec.command"
local raw = require "spec.raw"

local refused = helper.refused

describe("verify", function()
  local ledger, path

  before_each(function()
    path = helper.folder() .. "/clinic.db"
    ledger = helper.open { path = path }
    assert(ledger:consultation { patient = "P1", amount = "120.02", label = "visit", note = "came late" }) -- 1
    assert(ledger:consultation { patient = "P1", amount = "80.00" })                                       -- 2
    assert(ledger:pay { document = "C-00001", key = "k1", amount = "120.00" })                             -- 3, 4
    assert(ledger:pay { document = "C-00002", type = "card", group = "POS-1", amount = "30.00" })          -- 5
    assert(ledger:deposit { patient = "P2", amount = "50.00" })                                            -- 6
    assert(ledger:invoice { consultations = { "C-00002" }, amount = "5.00", due = "2026-04-01" })          -- 7, 8
    assert(ledger:reverse { payment = "R-00001", reason = "wrong patient" })                               -- 9, 10
    assert(ledger:close_days { through = "2026-03-01", counted = { cash = "1.00" } })                      -- 11, 12
    ledger:close()
  end)
  after_each(helper.finish)

  local function verified(options)
    local opened, message, code, details = require("tallystick").open(path, { mode = "ro" })
    if not opened then return nil, message, code, details end
    local results = table.pack(opened:verify(options))
    opened:close()
    return table.unpack(results, 1, results.n)
  end

  it("tells what it has counted", function()
    local ok, report = verified()
    assert.is_true(ok)
    assert.same({ 12, 8, 3, 2, 3, 1 }, { report.entries, report.acts, report.documents, report.patients,
      report.payments, report.closings })
    assert.equal(12, report.head.seq)
  end)

  -- Sets an entry's details to what an expression makes of them.
  local function details_of(seq, expression)
    return ("UPDATE entry SET details = CAST(%s AS BLOB) WHERE seq = %d"):format(expression, seq)
  end

  local function totals_of(expression)
    return ("UPDATE day_total SET totals = CAST(%s AS BLOB)"):format(expression)
  end

  -- What is changed, the statement, the code, and the entry that is named (nil: none).
  for _, row in ipairs {
    { "an amount", "UPDATE entry SET amount = 1 WHERE seq = 5", "chain-broken", 5 },
    { "an actor", details_of(2, "replace(CAST(details AS TEXT), 'desk-1', 'desk-2')"), "chain-broken", 2 },
    { "an act", details_of(5, "substr(details, 1, 1) || x'02' || substr(details, 3)"), "chain-broken", 5 },
    { "details that cannot be read", "UPDATE entry SET details = x'00' WHERE seq = 5", "chain-broken", 5 },
    { "details with something behind them", details_of(5, "details || x'00'"), "chain-broken", 5 },
    { "details of the last entry that cannot be read", "UPDATE entry SET details = x'00' WHERE seq = 12",
      "chain-broken", 12 },
    { "a kind that is no small number", "UPDATE entry SET kind = 1 << 40 WHERE seq = 5", "chain-broken", 5 },
    { "an amount before details that cannot be read",
      "UPDATE entry SET details = x'FF' WHERE seq = 9;;UPDATE entry SET amount = 1 WHERE seq = 5", "chain-broken", 5 },
    { "the first of two entries that cannot be read", "UPDATE entry SET details = x'FF' WHERE seq IN (1, 9)",
      "chain-broken", 1 },
    { "a kind", "UPDATE entry SET kind = 3 WHERE seq = 5", "chain-broken", 5 },
    { "an unknown kind", "UPDATE entry SET kind = 99 WHERE seq = 5", "chain-broken", 5 },
    { "a day", "UPDATE entry SET day = day + 1 WHERE seq = 5", "chain-broken", 5 },
    { "a hash", "UPDATE entry SET hash = zeroblob(32) WHERE seq = 5", "chain-broken", 5 },
    { "a hash of another length", "UPDATE entry SET hash = x'00' WHERE seq = 12", "chain-broken", 12 },
    { "a key", "UPDATE entry SET key = 'other' WHERE seq = 3", "chain-broken", 3 },
    { "a key's content", details_of(3, "replace(CAST(details AS TEXT), 'C-00001', 'C-00002')"), "chain-broken", 3 },
    { "what a reversal points to", "UPDATE entry SET refers = 5 WHERE seq = 9", "chain-broken", 9 },
    { "a deleted entry", "DELETE FROM entry WHERE seq = 6", "chain-broken", 6 },
    { "an inserted entry", [[INSERT INTO entry SELECT 13, kind, 'R-00004', document, counter_document, patient,
      counter_patient, type, amount, at_ms, day, NULL, refers, details, hash FROM entry WHERE seq = 5]],
      "chain-broken", 13 },
    { "two entries swapped", [[UPDATE entry SET seq = 100 WHERE seq = 5;;UPDATE entry SET seq = 5 WHERE seq = 6;;
      UPDATE entry SET seq = 6 WHERE seq = 100]], "chain-broken", 5 },
    { "the ledger's id", "UPDATE ledger SET uuid = '00000000-0000-4000-8000-000000000000'", "chain-broken", 1 },
    { "the ledger's currency", "UPDATE ledger SET currency = 'EUR'", "chain-broken", 1 },
    { "when it was made", "UPDATE ledger SET created_at_ms = created_at_ms + 1", "chain-broken", 1 },
    { "the script's text", "UPDATE script SET body = 'local clinic = ...'", "chain-broken", 1 },
    { "the script's name", "UPDATE script SET name = 'other.lua'", "chain-broken", 1 },
    { "a type's definition", [[UPDATE payment_type SET definition = (SELECT definition FROM payment_type WHERE id =
      'twint') WHERE id = 'voucher']], "chain-broken", 1 },
    { "a note", "UPDATE annotation SET body = 'came early' WHERE seq = 1 AND field = 1", "chain-broken", 1 },
    { "a note's digest", "UPDATE annotation SET digest = zeroblob(32) WHERE seq = 1 AND field = 1", "chain-broken", 1 },
    { "a deleted note", "DELETE FROM annotation WHERE seq = 1 AND field = 1", "chain-broken", 1 },
    { "a note that is nobody's", "INSERT INTO annotation SELECT 2, field, salt, body, digest FROM annotation LIMIT 1",
      "corrupt" },
    { "a sum of a document", "UPDATE document SET collected = 0 WHERE number = 'C-00002'", "corrupt", 2 },
    { "a document's mark of being open", "UPDATE document SET open = 0 WHERE number = 'F-00001'", "corrupt", 7 },
    { "a document's patient", "UPDATE document SET patient = 'P9' WHERE number = 'C-00002'", "corrupt", 2 },
    { "a document's due day", "UPDATE document SET due = due + 1 WHERE number = 'F-00001'", "corrupt", 7 },
    { "a document's invoice", "UPDATE document SET invoice = NULL WHERE number = 'C-00002'", "corrupt", 2 },
    { "a cancelled document", "UPDATE document SET cancelled = 1 WHERE number = 'C-00001'", "corrupt", 1 },
    { "a document's kind", "UPDATE document SET kind = 0 WHERE number = 'C-00002'", "corrupt" },
    { "a mark of being open that no index knows", "UPDATE document SET open = 2 WHERE open = 1", "corrupt" },
    { "a flag that is neither", "UPDATE document SET cancelled = 2 WHERE number = 'C-00001'", "corrupt" },
    { "a deleted document", "DELETE FROM document WHERE number = 'C-00001'", "corrupt" },
    { "an inserted document", [[INSERT INTO document SELECT 5, 'C-9', kind, patient, at_ms, recorded_at_ms, day, due,
      invoice, cancelled, open, charged, collected, credited, discounted, lost, rounded FROM document LIMIT 1]],
      "corrupt", 5 },
    { "a patient's credit", "UPDATE credit SET balance = 1 WHERE patient = 'P2'", "corrupt" },
    { "a credit the journal knows nothing of", "INSERT INTO credit VALUES ('P7', 0)", "corrupt" },
    { "a deleted credit", "DELETE FROM credit", "corrupt" },
    { "a day's total", totals_of "replace(CAST(totals AS TEXT), 'card', 'cash')", "corrupt" },
    { "a day's sum", totals_of "substr(totals, 1, length(totals) - 1) || x'7E'", "corrupt" },
    { "a day's rows in another order", totals_of "substr(totals, 2) || substr(totals, 1, 1)", "corrupt" },
    { "a day's row cut short", totals_of "substr(totals, 1, length(totals) - 1)", "corrupt" },
    { "a day's row without content", totals_of "''", "corrupt" },
    { "a deleted day", "DELETE FROM day_total", "corrupt" },
    { "a day the journal knows nothing of", "INSERT INTO day_total VALUES (1, x'0178000000')", "corrupt" },
    { "the series of consultations", "UPDATE series SET next = 90 WHERE id = 1", "corrupt" },
    { "a closing's seal", "DELETE FROM closing", "corrupt" },
    { "the ledger's own row", "DELETE FROM ledger", "corrupt" },
    { "a table that is not ours", "CREATE TABLE y (z)", "corrupt" },
    { "a dropped index", "DROP INDEX entry_key", "corrupt" },
    { "a dropped table", "DROP TABLE series", "corrupt" },
  } do
    local what, sql, expected, seq = table.unpack(row, 1, 4)
    it(("finds %s"):format(what), function()
      raw.force(path, sql)
      local message, details = refused(expected, verified())
      if seq then assert.equal(tostring(seq), details.seq, message) end
      assert.truthy(message:find("backup", 1, true), message)
    end)
  end

  it("finds a dropped trigger", function()
    assert.equal("", raw.try(path, "DROP TRIGGER entry_no_update"))
    refused("corrupt", verified())
  end)

  it("finds an index that is said to be of another table", function()
    raw.force(path, "PRAGMA writable_schema = ON;; UPDATE sqlite_schema SET tbl_name = 'documens' " ..
      "WHERE name = 'sqlite_autoindex_document_1'")
    refused("corrupt", verified())
  end)

  -- SQLite's own check takes an entry of an index for a row's that agrees with it as far as it goes.
  for _, length in ipairs { 1, 2 } do
    it(("finds an entry of an index that was cut short, to %d of 3 bytes of header"):format(length), function()
      local cut = command.shell(("python3 -c %s %s"):format(command.quote(([[
import sqlite3, struct, sys
connection = sqlite3.connect(sys.argv[1])
root, = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'document_open'").fetchone()
size, = connection.execute("PRAGMA page_size").fetchone()
connection.close()
with open(sys.argv[1], "r+b") as file:
    page = (root - 1) * size
    file.seek(page + 8)
    cell, = struct.unpack(">H", file.read(2))
    file.seek(page + cell + 1)
    assert file.read(1) == b"\3"
    file.seek(page + cell + 1)
    file.write(bytes([%d]))
]]):format(length)), command.quote(path)))
      assert.equal(0, cut.code, cut.err)
      local message = refused("corrupt", verified())
      assert.truthy(message:find("document_open", 1, true), message)
    end)
  end

  it("leaves an erased text in peace", function()
    raw.force(path, "UPDATE annotation SET salt = NULL, body = NULL WHERE seq = 1")
    assert.is_true((verified()))
    local opened = helper.open { path = path, mode = "ro", script = "" }
    assert.is_nil(opened:document("C-00001").label)
  end)

  it("finds a tail that is gone by the head that was kept outside", function()
    local opened = helper.open { path = path }
    local head = assert(opened:head())
    assert(opened:close_days { through = "2026-03-02" })
    opened:close()
    assert.is_true((verified { head = head }))
    local later = { seq = head.seq + 5, hash = head.hash }
    local _, details = refused("chain-broken", verified { head = later })
    assert.equal(tostring(head.seq + 2), details.seq)
    head.hash = ("0"):rep(64)
    _, details = refused("chain-broken", verified { head = head })
    assert.equal(tostring(head.seq), details.seq)
    refused("field-invalid", verified { head = "12" })
    refused("field-invalid", verified { head = { seq = 12, hash = "abc" } })
    refused("field-unknown", verified { hed = head })
  end)

  it("tells how far it is, and takes no command meanwhile", function()
    local opened = helper.open { path = path }
    local phases, last = {}, 0
    assert.is_true(opened:verify { progress = function(done, total, phase)
      assert.is_true(done <= total or total == 0)
      phases[phase] = true
      last = done
      refused("busy", opened:consultation { patient = "P1", amount = "1.00" })
      assert.has_error(function() opened:close() end)
    end })
    assert.is_true(phases.journal and phases.documents and last >= 0)
  end)

  for _, at in ipairs { "file", "journal", "totals", "documents", "done" } do
    it("leaves the ledger as it was where its progress function raises in the phase " .. at, function()
      local opened = helper.open { path = path }
      local ok, problem = pcall(opened.verify, opened, { progress = function(_, _, phase)
        if phase == at then error({ "mine" }) end
      end })
      if not ok then assert.same({ "mine" }, problem) end
      assert(opened:consultation { patient = "P1", amount = "1.00" })
      assert.is_true(opened:verify())
    end)
  end

  it("holds while another handle writes", function()
    local opened, other = helper.open { path = path }, helper.open { path = path }
    local calls = 0
    for _ = 1, 5 do
      local holds, report = opened:verify { progress = function()
        calls = calls + 1
        assert(other:consultation { patient = "P1", amount = "1.00" })
      end }
      assert.is_true(holds, report)
    end
    assert.is_true(calls > 5)
    assert.is_true(other:verify())
  end)

  it("holds inside a transaction, with what that has written", function()
    local opened = helper.open { path = path }
    assert(opened:transaction(function(tx)
      assert(tx:consultation { patient = "P1", amount = "1.00" })
      local holds, report = tx:verify()
      assert.is_true(holds, report)
      assert.equal(13, report.entries)
      return true
    end))
  end)

  it("may be in the middle when its process ends", function()
    local ended = child.run(([[
      local ledger = assert(require("tallystick").open(%q, { mode = "ro" }))
      ledger:verify { progress = function(_, _, phase) if phase == "journal" then os.exit(7, true) end end }
    ]]):format(path))
    assert.equal(7, ended.code)
  end)
end)

describe("verify of more days' totals than it keeps in memory", function()
  local ACTORS = 17000
  local path

  before_each(function()
    path = helper.folder() .. "/clinic.db"
    local ledger = helper.open { path = path }
    assert(ledger:transaction(function(tx)
      for i = 1, ACTORS do assert(tx:deposit { patient = "P1", amount = "1.00", actor = "desk-" .. i }) end
      -- Again for the first, whose row has been put away by then.
      return tx:deposit { patient = "P1", amount = "1.00", actor = "desk-1" }
    end))
    assert.is_true(ledger:verify())
    ledger:close()
  end)
  after_each(helper.finish)

  for what, sql in pairs {
    ["a changed one"] = "UPDATE day_total SET totals = CAST(replace(CAST(totals AS TEXT), 'desk-2', 'desk-x') AS BLOB)",
    ["one too many"] = "UPDATE day_total SET totals = CAST(totals || x'047A7A7A7A000000' AS BLOB)",
    ["a missing one"] = "UPDATE day_total SET totals = CAST(substr(totals, 1, length(totals) / 2) AS BLOB)",
  } do
    it("finds " .. what, function()
      raw.force(path, sql)
      local ledger = helper.open { path = path, mode = "ro" }
      local _, details = refused("corrupt", ledger:verify())
      assert.equal("2026-03-02", details.day)
      ledger:close()
    end)
  end
end)

describe("the journal's triggers", function()
  local APPENDS = "entry rows are only added by Tallystick"
  local path

  setup(function()
    path = helper.folder() .. "/clinic.db"
    local ledger = helper.open { path = path }
    assert(ledger:consultation { patient = "P1", amount = "10.00" })
    assert(ledger:pay { document = "C-00001", type = "twint", key = "k" })
    assert(ledger:reverse { payment = "R-00001", reason = "test" })
    assert(ledger:close_days { through = "2026-03-01" })
    ledger:close()
  end)
  teardown(helper.finish)

  local function copy(changes)
    local columns = { "seq", "kind", "number", "document", "counter_document", "patient", "counter_patient", "type",
      "amount", "at_ms", "day", "key", "refers", "details", "hash" }
    for index, name in ipairs(columns) do columns[index] = changes[name] or name end
    return ("INSERT OR REPLACE INTO entry SELECT %s FROM entry WHERE seq = %d"):format(table.concat(columns, ", "),
      changes.from)
  end

  for _, row in ipairs {
    { "an UPDATE of an entry", "UPDATE entry SET amount = 1" },
    { "a DELETE of an entry", "DELETE FROM entry WHERE seq = 1" },
    { "a REPLACE of an entry by its seq", copy { from = 1 }, APPENDS },
    { "a REPLACE of an entry by its key", copy { from = 2, seq = 5 }, APPENDS },
    { "a REPLACE of a reversal", copy { from = 3, seq = 5 }, APPENDS },
    { "an entry with a gap before it", copy { from = 1, seq = 9 }, APPENDS },
    { "an entry that follows", copy { from = 1, seq = 5 }, APPENDS },
    { "an UPDATE of a script", "UPDATE script SET body = ''" },
    { "a REPLACE of a script", "REPLACE INTO script SELECT version, name, '', definition, stored_at_ms FROM script" },
    { "a DELETE of a payment type", "DELETE FROM payment_type" },
    { "a REPLACE of a payment type", "REPLACE INTO payment_type SELECT id, version, x'00' FROM payment_type" },
    { "a DELETE of a closing", "DELETE FROM closing" },
    { "a REPLACE of a closing", "REPLACE INTO closing SELECT through, 1 FROM closing" },
    { "a REPLACE of the ledger's row", "REPLACE INTO ledger SELECT id, uuid, 'EUR', created_at_ms FROM ledger" },
  } do
    it(("refuse %s"):format(row[1]), function()
      assert.truthy(raw.try(path, row[2]):find(row[3] or "rows are", 1, true))
      local ledger = helper.open { path = path, mode = "ro" }
      assert.is_true(ledger:verify())
    end)
  end
end)
