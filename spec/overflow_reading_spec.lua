-- Sums beyond 64 bits in readings, reports, exports and imports, and at the command line. Each is refused as
-- amount-overflow, or left out where the amounts themselves can be told; none is raised.
local archive = require "tallystick.archive"
local bank = require "spec.bank"
local command = require "spec.command"
local csv = require "tallystick.import.csv"
local export = require "tallystick.export"
local helper = require "spec.helper"
local import = require "tallystick.import"
local overflow = require "spec.overflow"
local postings = require "tallystick.export.postings"
local raw = require "spec.raw"
local report = require "tallystick.report"
local tallystick = require "tallystick"

local MOST, OVERFLOW = overflow.MOST, "amount-overflow"
local books, visit, pay, on = overflow.books, overflow.visit, overflow.pay, overflow.on

describe("a reading's sum", function()
  after_each(helper.finish)

  local owed = { { "invoice", { patient = "P1", amount = MOST } }, { "invoice", { patient = "P1", amount = "0.01" } } }
  local paid = { visit(MOST), visit(MOST, "P2"), pay("C-00001", "card"), on(6, pay("C-00002", "card")) }
  local january = { from = "2026-01-01", to = "2026-01-31" }
  for _, row in ipairs {
    { "what a patient owes", owed, function(ledger) return ledger:patient "P1" end },
    { "totals", paid, function(ledger) return ledger:totals() end },
    { "totals by type", paid, function(ledger) return ledger:totals { by = { "type" } } end },
    { "balances", owed, function(ledger) return postings.balances(ledger) end },
    { "balances over periods", paid, function(ledger) return postings.balances(ledger, { by = "day" }) end },
    { "the receivables", owed, function(ledger) return report.receivables(ledger) end },
    { "a statement", owed, function(ledger) return report.statement(ledger, { patient = "P1" }) end },
    { "a day", { visit(MOST), visit(MOST), pay("C-00001", "card"), pay("C-00002", "transfer") },
      function(ledger) return report.day(ledger, { day = "2026-01-05" }) end },
    { "a period", paid, function(ledger) return report.period(ledger, january) end },
    { "the corrections", { paid[1], paid[2], paid[3], { "reverse", { payment = "R-00001", reason = "slip" } },
      paid[4], { "reverse", { payment = "R-00002", reason = "slip" } } },
      function(ledger) return report.corrections(ledger, january) end },
  } do
    it("is refused: " .. row[1], function()
      local ledger = books(row[2])
      local head = ledger:head()
      helper.refused(OVERFLOW, row[3](ledger))
      assert.same(head, ledger:head())
    end)
  end

  it("names the days, and not one of them, where it is of several", function()
    local message = helper.refused(OVERFLOW, books(paid):totals())
    assert.matches("ask for fewer days", message)
  end)

  it("does not keep single readings from being made", function()
    local ledger = books(paid)
    for _, day in ipairs { "2026-01-05", "2026-01-06" } do
      assert.equal(MOST, ledger:totals({ from = day, to = day })[1].money:decimal())
    end
    assert(report.day(ledger, { day = "2026-01-05" }))
    assert.equal(MOST, ledger:document("C-00001", { as_of = "2026-01-07" }).collected:decimal())
    assert(ledger:receipt "R-00001")
    assert(ledger:statement "C-00001")
    assert.equal(2, #helper.all(ledger:payments {}))
  end)

  it("holds where what came in and what went out are as much as there is", function()
    local ledger = books { { "deposit", { patient = "P1", amount = MOST, type = "card" } },
      { "withdraw", { patient = "P1", amount = MOST, type = "transfer" } } }
    assert.equal("0.00", ledger:totals()[1].money:decimal())
    local made = assert(report.period(ledger, january))
    assert(report.html(made))
    assert(report.html(assert(report.day(ledger, { day = "2026-01-05" }))))
  end)
end)

describe("an export", function()
  after_each(helper.finish)

  -- Of books whose sums have no room anywhere: what is written are the amounts, which all have.
  local function full()
    local ledger = books { visit(MOST), visit(MOST, "P2"), pay("C-00001", "card"), on(6, pay("C-00002", "card")),
      on(7, { "refund", { payment = "R-00001", reopen = false, reason = "x", type = "transfer" } }),
      { "close_days", { through = "2026-01-06" } } }
    return ledger
  end

  for _, format in ipairs(export.formats) do
    it("is written of books without room for a sum: " .. format.name, function()
      local pieces = {}
      assert(export.write(full(), { format = format.name }, function(piece)
        pieces[#pieces + 1] = piece
        return true
      end))
      assert.matches("92233720368547758%.07", table.concat(pieces))
    end)
  end

  it("keeps a part payment one where twice what is left has no room", function()
    local ledger = books { { "invoice", { patient = "P1", amount = "92233720368547758.05" } },
      { "pay", { document = "F-00001", amount = "5.00" } } }
    local pieces = {}
    assert(export.write(ledger, { format = "log" }, function(piece)
      pieces[#pieces + 1] = piece
      return true
    end))
    local log = table.concat(pieces)
    assert.matches('"op":"pay","document":"F%-00001","amount":"5.00"', log)
  end)

  it("of a closed period is refused whole where its balances have no room", function()
    local ledger, folder = full(), helper.folder()
    helper.refused(OVERFLOW, archive.write(ledger, { from = "2026-01-01", to = "2026-01-06", folder = folder }))
    assert.equal("", command.shell("ls -A " .. command.quote(folder)).out)
  end)
end)

describe("an import", function()
  after_each(helper.finish)

  local function credits_of(...)
    local entries = {}
    for index, one in ipairs { ... } do
      entries[index] = bank.entry { id = "B-" .. index, amount = one[1], day = one[2], info = one[3] }
    end
    return table.concat(entries)
  end

  local invoices = { { "invoice", { patient = "P1", amount = MOST } },
    { "invoice", { patient = "P2", amount = MOST } } }
  local both = credits_of({ MOST, "2026-01-05", "F-00001" }, { MOST, "2026-01-06", "F-00002" })

  it("pays what has room, and lists what has none", function()
    local ledger, at = books(invoices)
    at(9)
    local plan = bank.plan_of(ledger, credits_of({ MOST, "2026-01-05", "F-00001" }, { "1.00", "2026-01-05", "F-00001" },
      { MOST, "2026-01-05", "F-00002" }, { "92233720368547758.08", "2026-01-05", "F-00002" }), { deposit = true })
    local items = {}
    for index, item in ipairs(plan.items) do items[index] = item.action .. " " .. (item.code or item.document) end
    assert.same({ "pay F-00001", "pay F-00001", "pay F-00002", "list amount-invalid" }, items)
    local applied = assert(import.apply(ledger, plan))
    assert.same({ 2, 1, true }, { applied.paid, applied.refused, applied.complete })
    assert.equal(OVERFLOW, applied.outcomes[3].code)
    assert.equal("unpaid " .. MOST .. ": charged " .. MOST, helper.state(ledger, "F-00002"))
  end)

  it("takes apart no booking whose transactions sum to more than there is", function()
    local ledger = books(invoices)
    local details = bank.transaction { id = "T-1", amount = MOST, text = "F-00001" } ..
      bank.transaction { id = "T-2", amount = MOST, text = "F-00002" } ..
      bank.transaction { id = "T-3", amount = "0.07", text = "F-00002" }
    local plan = bank.plan_of(ledger, bank.entry { id = "B-1", amount = "0.05", details = details })
    assert.equal(1, plan.list)
    assert.equal("batch-mismatch", plan.items[1].code)
  end)

  it("of a table knows amounts to the last unit", function()
    local rows = assert(csv.parse("Amount,Invoice\n92233720368547758.07,F-00001\n92233720368547758.08,F-00001\n" ..
      "-92233720368547758.08,F-00001\n", { columns = { amount = "Amount", document = "Invoice" }, currency = "CHF" }))
    local codes = {}
    for index, credit in ipairs(rows.credits) do codes[index] = credit.refusal and credit.refusal.code or "sound" end
    assert.same({ "sound", "amount-invalid", "amount-not-positive" }, codes)
  end)

  it("at the command line pays, and shows what it paid without a sum where that has no room", function()
    local folder = helper.folder()
    local path, file = folder .. "/clinic.db", helper.write(folder .. "/bank.xml", bank.message(both))
    do
      local ledger <close> = books(invoices, { path = path })
      assert(ledger)
    end
    for _, words in ipairs { { "--dry-run" }, {}, {} } do
      local ended = command.run("import", path, "camt", file, table.unpack(words))
      assert.same({ 0, "" }, { ended.code, ended.err })
      assert.matches("2 credits", ended.out)
      assert.is_nil(ended.out:find("%-92", 1))
    end
    assert.matches("paid.*paid", command.run("documents", path, "--csv").out)
  end)
end)

describe("a sum at the command line", function()
  local folder
  setup(function() folder = command.folder() end)
  teardown(function() command.remove(folder) end)
  after_each(helper.finish)

  local function file_of(name, lines)
    local path = folder .. "/" .. name
    local ledger <close> = books(lines, { path = path })
    return ledger and path
  end

  it("ends in a refusal, whatever is asked for, and never in a fault of the program", function()
    local path = file_of("full.db", { { "invoice", { patient = "P1", amount = MOST } },
      { "invoice", { patient = "P1", amount = MOST } }, { "invoice", { patient = "P1", amount = "0.01" } },
      { "pay", { document = "F-00001", type = "card" } }, on(6, { "pay", { document = "F-00002", type = "card" } }),
      { "reverse", { payment = "R-00001", reason = "x" } },
      on(7, { "reverse", { payment = "R-00002", reason = "x" } }) })
    for _, line in ipairs { "unpaid", "receivables", "patient P1", "statement P1", "corrections 2026-01-01 2026-01-31",
      "totals", "day 2026-01-06", "period 2026-01-01 2026-01-31", "closings", "documents", "payments", "entries",
      "watch --day 2026-01-06", "export hledger", "verify", "pay F-00001 --type card --amount 1.00 --dry-run",
      "charge F-00001 0.01", "pay --documents oldest --patient P1 --type card" } do
      local name, rest = line:match "^(%S+) ?(.*)$"
      for _, form in ipairs { "", " --json" } do
        if name == "watch" or name == "export" then form = "" end
        local ended = command.shell(("TZ=UTC bin/tallystick %s %s %s%s </dev/null"):format(name, command.quote(path),
          rest, form))
        assert(ended.code == 0 or ended.code == 1 and ended.err:find(OVERFLOW, 1, true), line .. ": " .. ended.err)
        assert.is_nil(ended.err:find("traceback", 1, true))
        assert.is_nil(ended.out:find("-92233720368547758.08", 1, true))
      end
    end
  end)

  it("leaves the others of a replay alone, in a batch and without", function()
    local lines = {}
    for index, fields in ipairs { '"op":"consultation","patient":"P1","amount":"' .. MOST .. '"',
      '"op":"charge","document":"C-00001","amount":"0.01"', '"op":"deposit","patient":"P2","amount":"' .. MOST .. '"',
      '"op":"deposit","patient":"P2","amount":"0.05"', '"op":"consultation","patient":"P3","amount":"1.00"' } do
      lines[index] = ("{%s,\"at\":\"2026-01-05T10:00\"}\n"):format(fields:gsub('"deposit"', '"deposit","type":"card"'))
    end
    local log = helper.write(helper.folder() .. "/log.jsonl", table.concat(lines))
    for index, words in ipairs { {}, { "--batch", "10" } } do
      local path = ("%s/replay-%d.db"):format(folder, index)
      local ended = command.run("replay", path, log, table.unpack(words))
      assert.equal(0, ended.code, ended.err)
      assert.matches("3 done, 2 refused %(2 amount%-overflow%)", ended.out)
      assert.equal(0, command.run("verify", path).code)
    end
  end)
end)

describe("a closing at the command line", function()
  -- Two days of as much of one type, and a day on which two types have as much.
  local days = { visit(MOST), visit(MOST), pay("C-00001", "card"), on(6, pay("C-00002", "card")) }
  local types = { visit(MOST), visit(MOST), pay("C-00001", "card"), pay("C-00002", "transfer") }

  local folder
  before_each(function() folder = command.folder() end)
  after_each(function() command.remove(folder) end)
  after_each(helper.finish)

  local function made(lines)
    local ledger <close> = books(lines, { path = folder .. "/clinic.db" })
    return ledger and folder .. "/clinic.db"
  end

  for _, row in ipairs { { "over the days", days, "2026-01-06" }, { "over the types", types, "2026-01-05" } } do
    it("is made all the same, and says so where sums have no room: " .. row[1], function()
      local path = made(row[2])
      local ended = command.run("close", path, row[3], "--dry-run")
      assert.equal(1, ended.code)
      assert.matches("%(amount%-overflow%)\n$", ended.err)
      assert.is_nil(command.run("closings", path, "--csv").out:find(row[3], 1, true))
      ended = command.run("close", path, row[3])
      assert.equal(1, ended.code)
      assert.matches("; all days through [%d-]+ are closed %(amount%-overflow%)\n$", ended.err)
      assert.matches(row[3]:gsub("%-", "%%-"), command.run("closings", path, "--csv").out)
      ended = command.run("closings", path)
      assert.same({ 0, "" }, { ended.code, ended.err })
      assert.equal(0, command.run("closings", path, "--json").code)
    end)
  end
end)

describe("amounts of a damaged file", function()
  local MOST_MINOR, LEAST_MINOR = 9223372036854775807, -9223372036854775807
  local folder
  before_each(function() folder = command.folder() end)
  after_each(function() command.remove(folder) end)

  -- Writes books, changes them behind the ledger's back, and gives what a reading or a command then answers.
  local function answer_of(lines, damage, ask)
    local path = folder .. "/clinic.db"
    do
      local ledger <close> = books(lines, { path = path })
      assert(ledger)
    end
    raw.force(path, damage)
    local ledger <close> = assert(tallystick.open(path))
    return (select(3, ask(ledger)))
  end

  local both = { visit "1.00", visit "2.00",
    { "pay", { documents = { "C-00001", "C-00002" }, type = "card", tendered = "5.00" } },
    { "refund", { payment = "R-00001", document = "C-00001", amount = "0.50", reopen = true, reason = "x" } } }
  for _, row in ipairs {
    { "a payment's allocations", both, ("UPDATE entry SET amount = %d WHERE seq IN (3, 4)"):format(MOST_MINOR),
      function(ledger) return ledger:payment "R-00001" end },
    { "a payment's change", both, ("UPDATE entry SET amount = %d WHERE seq = 3;;UPDATE entry SET amount = -9 \z
      WHERE seq = 4"):format(LEAST_MINOR), function(ledger) return ledger:payment "R-00001" end },
    { "what is left to refund", both, ("UPDATE entry SET amount = %d WHERE seq = 5"):format(LEAST_MINOR),
      function(ledger)
        return ledger:refund { payment = "R-00001", document = "C-00001", reopen = true, reason = "x" }
      end },
    { "what an invoice has of its own", { visit "1.00", { "invoice", { consultations = { "C-00001" } } } },
      ("UPDATE document SET collected = %d WHERE number = 'C-00001';;UPDATE document SET collected = 9 \z
      WHERE number = 'F-00001'"):format(LEAST_MINOR),
      function(ledger) return ledger:cancel { document = "F-00001", reason = "x" } end },
  } do
    it("are told as damage: " .. row[1], function()
      assert.equal("corrupt", answer_of(row[2], row[3], row[4]))
    end)
  end
end)
