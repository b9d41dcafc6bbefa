-- Exports and imports on the command line: what is written where, what is paid, what is left, and how each ends.
local bank = require "spec.bank"
local clinic = require "spec.clinic"
local command = require "spec.command"
local export = require "tallystick.export"
local helper = require "spec.helper"
local tallystick = require "tallystick"
local text = require "tallystick.cli.text"

local contains = clinic.contains

local folder, path

before_each(function()
  folder = command.folder()
  path = folder .. "/clinic.db"
end)
after_each(function()
  helper.finish()
  command.remove(folder)
end)

local function answers(...)
  local ended = command.run(...)
  assert.equal("", ended.err)
  assert.equal(0, ended.code)
  return ended.out
end

local function head_of(name)
  local ledger <close> = assert(tallystick.open(name, { mode = "ro" }))
  return ledger:head().seq
end

-- ---- Exports ----

local function exported(options)
  local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
  local parts = {}
  assert(export.write(ledger, options, function(piece) parts[#parts + 1] = piece return true end))
  return table.concat(parts)
end

describe("an export", function()
  before_each(function() clinic.make(path) end)

  for _, case in ipairs {
    { "hledger" }, { "ledger" }, { "beancount" }, { "csv" }, { "log" },
    { "hledger", "--from", "2026-02-01", "--to", "2026-02-20", options = { from = "2026-02-01", to = "2026-02-20" } },
    { "beancount", "--detail", "document", "--notes", options = { detail = "document", notes = true } },
    { "csv", "--actor", "desk-2", options = { actor = "desk-2" } },
  } do
    it("goes to the output and nothing else: " .. table.concat(case, " "), function()
      local options = { format = case[1] }
      for name, value in pairs(case.options or {}) do options[name] = value end
      local ended = command.run("export", path, table.unpack(case))
      assert.equal(0, ended.code)
      assert.equal(exported(options), ended.out)
      assert(#ended.out > 0)
    end)
  end

  it("goes to a file of the owner's, and says what was written, where and how much", function()
    local file = folder .. "/clinic.journal"
    local said = command.run("export", path, "hledger", "--output", file)
    assert.equal(0, said.code)
    assert.equal(exported { format = "hledger" }, command.read(file))
    assert.matches("clinic%.journal: hledger journal written, %d+ transactions, [%d,]+ bytes, in [%d.]+ s\n$", said.out)
    assert.equal("600\n", command.shell("stat -c %a " .. command.quote(file)).out)
    assert.same({ code = 0, out = "", err = "" }, command.run("export", path, "hledger", "--output", file, "--force",
      "--quiet"))
  end)

  it("says on the messages what it leaves out and splits, never on the output", function()
    answers("receipt", path, "R-00001")
    answers("correct", path, "R-00007", "36.00", "--reason", "again")
    local ended = command.run("export", path, "log")
    contains("1 print", ended.err)
    contains("1 correction", ended.err)
    for line in ended.out:gmatch "[^\n]+" do assert.matches('^{"op":', line) end
    assert.equal("", command.run("export", path, "log", "--quiet").err)
  end)

  it("of the command log gives the same books again", function()
    local log, other, config = folder .. "/clinic.jsonl", folder .. "/again.db", folder .. "/clinic.lua"
    command.write(config, helper.SCRIPT)
    answers("export", path, "log", "--output", log, "--quiet")
    local replayed = command.run("replay", other, log, "--config", config, "--strict", "--quiet")
    assert.equal(0, replayed.code, replayed.err)
    for _, words in ipairs { { "documents" }, { "payments" }, { "totals", "--by", "day,type,group,actor" } } do
      local function cells(name)
        local rows = clinic.json(answers(words[1], name, "--json", table.unpack(words, 2)))
        for _, row in ipairs(rows) do
          for _, own in ipairs { "recorded_at", "act", "reversed_by", "corrects", "corrected_by", "reason" } do
            row[own] = nil
          end
        end
        return rows
      end
      assert.same(cells(path), cells(other))
    end
  end)

  it("leaves a file alone that is there, and no half of one where it is refused", function()
    local file = folder .. "/out.csv"
    command.write(file, "mine")
    local ended = command.run("export", path, "csv", "--output", file)
    assert.equal(2, ended.code)
    contains("--force", ended.err)
    assert.equal("mine", command.read(file))
    assert.equal(1, command.run("export", path, "log", "--from", "2026-01-01", "--output", folder .. "/new").code)
    assert.equal("clinic.db\nout.csv\n", command.shell("ls " .. command.quote(folder) .. " | grep -v db-").out)
  end)

  it("never takes the place of a ledger, nor of what belongs to one", function()
    local link, before = folder .. "/link", head_of(path)
    command.shell(("ln -s clinic.db %s"):format(command.quote(link)))
    for _, file in ipairs { path, link, path .. "-wal", path .. "-shm", path .. "-journal" } do
      if not file:find "%.db$" then command.shell(("test -e %s || : >%s"):format(file, file)) end
      local ended = command.run("export", path, "ledger", "--output", file, "--force")
      assert.equal(2, ended.code, file)
      contains("this is a ledger", ended.err)
      if file:find "%-journal$" then os.remove(file) end
    end
    assert.equal(before, head_of(path))
  end)

  it("to a full disk ends in 4", function()
    local ended = command.shell(("bin/tallystick export %s csv >/dev/full"):format(command.quote(path)))
    assert.equal(4, ended.code)
    contains("No space left on device", ended.err)
  end)

  for _, case in ipairs {
    { 2, "quickbooks" }, { 2 }, { 2, "hledger", "--detail", "all" }, { 2, "csv", "--output", "/nowhere/x.csv" },
    { 1, "log", "--notes" }, { 1, "csv", "--detail", "class" }, { 1, "hledger", "--from", "2026-02-30" },
    { 1, "hledger", "--from", "2026-03-01", "--to", "2026-02-01" },
  } do
    it("is refused: " .. table.concat(case, " "), function()
      local ended = command.run("export", path, table.unpack(case, 2))
      assert.equal(case[1], ended.code, ended.err)
      assert.equal("", ended.out)
      assert(#ended.err > 0)
    end)
  end
end)

-- ---- Imports ----

-- A line as those beside the bank's files: what became of a credit.
local AS_PLANNED = { pay = "pay", paid = "pay", done = "done", left = "list" }

local function line_of(row)
  local words = { AS_PLANNED[row.outcome], row.amount or "-" }
  words[#words + 1] = row.outcome == "left" and row.code or row.document
  if row.deposited and not row.deposited:find "^0%.?0*$" then words[#words + 1] = "credit " .. row.deposited end
  return table.concat(words, " ")
end

local function lines_of(rows)
  local lines = {}
  for index, row in ipairs(rows) do lines[index] = line_of(row) end
  return lines
end

local function count_of(rows, outcome)
  local count = 0
  for _, row in ipairs(rows) do count = count + (row.outcome == outcome and 1 or 0) end
  return count
end

local function import(...)
  return command.run("import", path, ...)
end

describe("the import of a bank's file", function()
  before_each(function()
    local ledger <close> = bank.practice { path = path }
    assert(ledger:head())
  end)

  for _, file in ipairs { bank.JANUARY, bank.FEBRUARY } do
    it("shows what it would pay, credit by credit, and pays nothing: " .. file, function()
      local before = head_of(path)
      local ended = import("camt", file, "--qr-prefix", bank.PREFIX, "--dry-run", "--json")
      assert.equal("", ended.err)
      assert.equal(1, ended.code)
      assert.same(bank.expected(file), lines_of(clinic.json(ended.out)))
      assert.equal(before, head_of(path))
    end)

    it("pays that, and the same file again pays nothing: " .. file, function()
      local rows = clinic.json(import("camt", file, "--qr-prefix", bank.PREFIX, "--json").out)
      assert.same(bank.expected(file), lines_of(rows))
      assert.equal(0, count_of(rows, "pay"))
      local paid, before = count_of(rows, "paid"), head_of(path)
      for _, row in ipairs(rows) do
        if row.outcome == "paid" then assert.matches("^R%-%d+$", row.payment) end
      end
      local again = clinic.json(import("camt", file, "--qr-prefix", bank.PREFIX, "--json").out)
      assert.equal(0, count_of(again, "paid"))
      assert.equal(paid + count_of(rows, "done"), count_of(again, "done"))
      assert.equal(before, head_of(path))
    end)
  end

  it("tells people what was paid, what was paid before, and what is left, with the sums", function()
    local ended = import("camt", bank.JANUARY, "--qr-prefix", bank.PREFIX)
    assert.equal(1, ended.code)
    assert.is_true(clinic.is_harmless(ended.out))
    local rows = clinic.json(import("camt", bank.JANUARY, "--qr-prefix", bank.PREFIX, "--json").out)
    local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
    local sum = ledger:money "0"
    for payment in ledger:payments {} do
      if payment.type == "transfer" then sum = sum + payment.amount end
    end
    assert.matches("\nPaid before\n", ended.out)
    assert.matches("\nLeft for a person\n", ended.out)
    contains(("%d credits left for a person\n"):format(count_of(rows, "left")), ended.out)
    local said = ended.out:match "(%d+) credits paid, "
    assert.equal(count_of(rows, "done") - 1, math.tointeger(tonumber(said)))
    contains(text.grouped(sum:decimal()), ended.out)
  end)

  it("is CSV that equals the JSON, and disarms what came with the file", function()
    command.write(folder .. "/one.xml", bank.message(bank.entry { id = "B1", details = bank.transaction { id = "T1",
      text = "=HYPERLINK(F-00001)" } } .. bank.entry { id = "B2", details = bank.transaction { id = "T2",
      text = "@nothing" } }))
    local objects = clinic.json(import("camt", folder .. "/one.xml", "--dry-run", "--json").out)
    local rows, names = clinic.csv(import("camt", folder .. "/one.xml", "--dry-run", "--csv").out)
    assert.equal(2, #rows)
    assert.same(clinic.cells(objects, names), rows)
    assert.equal("'@nothing", rows[2].clue)
  end)

  it("ends in 0 where nothing is left for a person, now or when it was paid before", function()
    command.write(folder .. "/one.xml", bank.message(bank.entry { id = "B1", amount = "57.35",
      details = bank.transaction { id = "T1", amount = "57.35", text = "F-00001" } }))
    contains("1 credit paid, 57.35", answers("import", path, "camt", folder .. "/one.xml"))
    contains("1 credit paid before, 57.35", answers("import", path, "camt", folder .. "/one.xml"))
    assert.equal("", answers("import", path, "camt", folder .. "/one.xml", "--quiet"))
  end)

  it("says how many bookings of other accounts it passed over, and which hooks failed when all was paid", function()
    local first = bank.message(bank.entry { id = "B1", amount = "57.35",
      details = bank.transaction { id = "T1", amount = "57.35", text = "F-00001" } })
    local second = bank.message(bank.entry { id = "B2" }, { account = "CH5604835012345678009" })
    command.write(folder .. "/two.xml", (first:gsub("</Ntfctn>", "%0" .. second:match "<Ntfctn>.*</Ntfctn>")))
    local hook = '\nclinic:after("pay", { id = "loud" }, function() error "no" end)'
    command.write(folder .. "/hook.lua", helper.SCRIPT .. hook)
    assert(tallystick.open(path, { config = folder .. "/hook.lua" })):close()
    local ended = import("camt", folder .. "/two.xml", "--account", "CH9300762011623852957")
    assert.equal(0, ended.code)
    contains("1 credit paid, 57.35 CHF; 1 booking of other accounts passed over\n", ended.out)
    contains("(script-failed)", ended.err)
  end)

  it("takes the standard input, one account, the day of value, and who acts", function()
    command.write(folder .. "/one.xml", bank.message(bank.entry { id = "B1", amount = "57.35",
      details = bank.transaction { id = "T1", amount = "57.35", text = "F-00001" } }))
    local function piped(...)
      return command.shell(("TZ=UTC bin/tallystick import %s camt - --json %s <%s/one.xml"):format(path, table.concat({
        ... }, " "), folder))
    end
    local other = piped("--account", "CH5604835012345678009")
    assert.same({ 2, "" }, { other.code, other.out })
    contains("CH9300762011623852957", other.err)
    assert.equal("pay", clinic.json(piped("--account", "'ch93 0076 2011 6238 5295 7'", "--dry-run").out)[1].outcome)
    assert.equal("date-missing", clinic.json(piped("--at", "value", "--dry-run").out)[1].code)
    local row = clinic.json(piped("--actor", "clerk", "--type", "twint").out)[1]
    assert.equal("paid", row.outcome)
    local payment = clinic.json(answers("payment", path, row.payment, "--json"))[1]
    assert.same({ "clerk", "twint", "2026-01-05" }, { payment.actor, payment.type, payment.day })
  end)
end)

describe("the import of a table", function()
  local MAP = { "--map", "document=Invoice", "--map", "amount=Amount", "--map", "at=Day" }

  before_each(function()
    local ledger <close> = bank.practice { path = path }
    assert(ledger:head())
    command.write(folder .. "/till.csv", "Invoice;Amount;Day;Patient\r\nF-00001;57,35;05.01.2026;P1\r\n"
      .. "F-00002;10,00;06.01.2026;P2\r\nF-99999;1,00;06.01.2026;P9\r\n")
  end)

  local function import_table(...)
    local words = table.move(MAP, 1, #MAP, 3, { "csv", folder .. "/till.csv" })
    for _, word in ipairs { "--decimal", ",", "--date-format", "DD.MM.YYYY", ... } do words[#words + 1] = word end
    return import(table.unpack(words))
  end

  it("pays by a map of columns, once", function()
    local rows = clinic.json(import_table("--set", "type=twint", "--json").out)
    assert.same({ "pay 57.35 F-00001", "pay 10.00 F-00002", "list 1.00 document-unknown" }, lines_of(rows))
    assert.equal("paid", rows[1].outcome)
    assert.equal("twint", clinic.json(answers("payment", path, rows[1].payment, "--json"))[1].type)
    assert.same({ "done 57.35 F-00001", "done 10.00 F-00002", "list 1.00 document-unknown" },
      lines_of(clinic.json(import_table("--set", "type=twint", "--json").out)))
  end)

  it("writes nothing with --dry-run", function()
    local before = head_of(path)
    contains("2 credits would be paid, 67.35", import_table("--dry-run").out)
    assert.equal(before, head_of(path))
  end)
end)

describe("what is refused of imports", function()
  before_each(function()
    local ledger <close> = bank.practice { path = path }
    assert(ledger:head())
    command.write(folder .. "/text.xml", "no XML")
    command.write(folder .. "/empty.xml", bank.message "")
    command.write(folder .. "/till.csv", "Invoice,Amount\r\nF-00001,1.00\r\n")
  end)

  for _, case in ipairs {
    { "a file that is not there", { "camt", "/nowhere/x.xml" }, 2, "No such file" },
    { "a file that is none of a bank's", { "camt", "%s/text.xml" }, 2, "text.xml" },
    { "a table without a map", { "csv", "%s/till.csv" }, 2, "amount" },
    { "a map to a column that is not there", { "csv", "%s/till.csv", "--map", "document=Rechnung", "--map",
      "amount=Amount" }, 2, "Rechnung" },
    { "a map of what no payment has", { "csv", "%s/till.csv", "--map", "invoice=Invoice" }, 2, "invoice" },
    { "an option of the other format", { "camt", "%s/empty.xml", "--decimal", "," }, 2, "import csv" },
    { "an account for a table", { "csv", "%s/till.csv", "--account", "CH93" }, 2, "import camt" },
    { "a prefix that is none", { "camt", "%s/empty.xml", "--qr-prefix", "12x" }, 1, "qr_prefix" },
    { "a format that nobody has", { "mt940", "%s/empty.xml" }, 2, "mt940" },
    { "no file", { "camt" }, 2, "file" },
  } do
    local name, words, code, message = table.unpack(case)
    it("is " .. name, function()
      local given = {}
      for index, word in ipairs(words) do given[index] = word:gsub("^%%s", folder) end
      local before = head_of(path)
      local ended = import(table.unpack(given))
      assert.equal(code, ended.code, ended.err)
      assert.equal("", ended.out)
      contains(message, ended.err)
      assert.equal(before, head_of(path))
    end)
  end

  it("is not a file without credits: that is done at once", function()
    contains("no credits", answers("import", path, "camt", folder .. "/empty.xml"))
    assert.equal("", answers("import", path, "camt", folder .. "/empty.xml", "--json"))
  end)

  it("is each credit of a payment type that is not known, which is left", function()
    command.write(folder .. "/one.xml", bank.message(bank.entry { id = "B1", details = bank.transaction { id = "T1",
      text = "F-00001" } }))
    local ended = import("camt", folder .. "/one.xml", "--type", "gold", "--json")
    assert.equal(1, ended.code)
    assert.equal("type-unknown", clinic.json(ended.out)[1].code)
  end)
end)
