-- The commands that look things up: lists and records, as text, JSON and CSV.
local call = require "tallystick.cli.call"
local clinic = require "spec.clinic"
local command = require "spec.command"
local grammar = require "tallystick.cli.grammar"
local helper = require "spec.helper"
local output = require "tallystick.cli.output"
local tallystick = require "tallystick"
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"
local width = require "tallystick.width"

local contains, lacks, with = clinic.contains, clinic.lacks, clinic.with

local folder, path

setup(function()
  folder = command.folder()
  path = folder .. "/clinic.db"
  clinic.make(path)
end)
teardown(function() command.remove(folder) end)
after_each(helper.finish)

-- Runs a reading command; the words behind its name follow.
local function run(name, ...)
  return command.run(name, path, ...)
end

local function answers(name, ...)
  local ended = run(name, ...)
  assert.equal("", ended.err)
  assert.equal(0, ended.code)
  return ended.out
end

-- Each command, how many rows it gives, and the fields that are amounts wherever they have a value.
local COMMANDS = {
  { { "documents" }, 11, "charged settled remaining collected credited discounted lost rounded" },
  { { "documents", "--kind", "invoice", "--order", "oldest" }, 9, "charged remaining" },
  { { "documents", "--patient", clinic.FORMULA }, 1, "charged" },
  { { "documents", "--status", "paid" }, 2, "remaining" },
  { { "documents", "--from", "2026-02-01", "--to", "2026-02-20" }, 3, "remaining" },
  { { "documents", "--limit", "2", "--after", "F-00009" }, 2, "remaining" },
  { { "documents", "--limit", "0" }, 0, "remaining" },
  { { "unpaid" }, 4, "charged settled remaining" },
  { { "unpaid", "--overdue" }, 2, "remaining" },
  { { "unpaid", "--patient", "P17" }, 1, "remaining" },
  { { "payments" }, 10, "amount deposited tendered change refunded" },
  { { "payments", "--type", "card" }, 2, "amount" },
  { { "payments", "--group", "POS-1", "--actor", "desk-2" }, 1, "amount" },
  { { "payments", "--reversed", "yes" }, 2, "amount" },
  { { "payments", "--document", "F-00006" }, 2, "amount" },
  { { "entries" }, 28, "amount tendered" },
  { { "entries", "--kind", "reversal" }, 2, "amount" },
  { { "entries", "--kind", "reversal", "--limit", "1" }, 1, "amount" },
  { { "entries", "--from-seq", "27" }, 2, "amount" },
  { { "entries", "--limit", "0" }, 0, "amount" },
  { { "types" }, 10, "round_to max" },
  { { "closings" }, 1, "money variance" },
  { { "totals" }, 6, "collected refunded deposited withdrawn money credited discounted lost rounded" },
  { { "totals", "--by", "month,type" }, 7, "money" },
  { { "totals", "--by", "year" }, 1, "money" },
  { { "totals", "--from", "2027-01-01" }, 0, "money" },
  { { "document", "F-00001" }, 1, "charged collected settled remaining" },
  { { "document", "C-00001", "--as-of", "2026-01-05T09:10" }, 1, "collected remaining" },
  { { "document", "F-00002" }, 1, "remaining" },
  { { "payment", "R-00005" }, 1, "amount tendered change" },
  { { "payment", "R-00008" }, 1, "amount deposited" },
  { { "patient", "P17" }, 1, "owed credit" },
  { { "patient", clinic.FORMULA }, 1, "owed" },
  { { "info" }, 1, "" },
  { { "reference", "F-00001" }, 1, "remaining" },
}

describe("what is looked up", function()
  for _, case in ipairs(COMMANDS) do
    local words, count, amounts = table.unpack(case, 1, 3)
    local named = table.concat(words, " ")

    it("is JSON with amounts as strings: " .. named, function()
      local rows = clinic.json(answers(with(words, "--json")))
      assert.equal(count, #rows)
      for _, row in ipairs(rows) do
        for name in amounts:gmatch "%S+" do
          if row[name] ~= nil then assert.matches("^%-?%d+%.%d%d$", row[name]) end
        end
      end
    end)

    it("is CSV that equals the JSON: " .. named, function()
      local rows, names = clinic.csv(answers(with(words, "--csv")))
      assert(#names > 1)
      assert.same(clinic.cells(clinic.json(answers(with(words, "--json"))), names), rows)
    end)

    it("is text that a terminal can be shown: " .. named, function()
      local shown = answers(table.unpack(words))
      assert(#shown > 0)
      assert.is_true(clinic.is_harmless(shown))
    end)
  end
end)

describe("a list", function()
  it("of unpaid invoices has the oldest first, with marks, days overdue, and their sum", function()
    local shown = answers "unpaid"
    local lines = {}
    for line in shown:gmatch "[^\n]+" do lines[#lines + 1] = line end
    assert.equal(6, #lines)
    assert.matches("^– partial +F%-00001 .*70%.00$", lines[2])
    assert.matches("^✗ unpaid +F%-00002 .*1,200%.00$", lines[3])
    assert.matches("^– partial +F%-00006 .* 5%.00$", lines[4])
    assert.matches("^✗ unpaid +F%-00008 .*15%.00$", lines[5])
    assert.matches("^ +4 invoices .* 1,290%.00$", lines[6])
  end)

  it("of unpaid invoices sums to what the ledger says is owed on them", function()
    local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
    local sum = ledger:money "0"
    for document in ledger:documents { kind = "invoice", open = true } do sum = sum + document.remaining end
    contains(text.grouped(sum:decimal()), answers "unpaid")
    local listed = ledger:money "0"
    for _, row in ipairs(clinic.json(answers("unpaid", "--json"))) do listed = listed + ledger:money(row.remaining) end
    assert.equal(sum, listed)
  end)

  it("tells since how many days an invoice is due", function()
    for _, row in ipairs(clinic.json(answers("unpaid", "--json"))) do
      local year, month, day = (row.due or ""):match "^(%d+)-(%d+)-(%d+)$"
      local due = year and os.time { year = year, month = month, day = day, hour = 12 }
      local today = os.time { year = os.date "!%Y", month = os.date "!%m", day = os.date "!%d", hour = 12 }
      assert.equal(due and (today - due) // 86400 or 0, row.overdue_days)
    end
  end)

  it("of payments names the documents, and says what became of each", function()
    local shown = answers "payments"
    for _, expected in ipairs { "corrected by R-00007", "refunded in part", "of R-00002", "reversed" } do
      contains(expected, shown)
    end
    local first = clinic.json(answers("payments", "--json"))[1]
    assert.same({ "C-00001" }, first.documents)
    assert.same({ { document = "C-00001", amount = "50.00", rounded = "0.00", refunded = "0.00" } }, first.allocations)
    contains('"refunds":[]', answers("payments", "--json", "--limit", "1"))
  end)

  it("of totals has the sums of the library, month by month", function()
    local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
    local whole, sum = assert(ledger:totals {})[1], ledger:money "0"
    for _, row in ipairs(clinic.json(answers("totals", "--by", "month,type", "--json"))) do
      sum = sum + ledger:money(row.money)
    end
    assert.equal(whole.money, sum)
  end)

  it("of closings has the head to keep, and what was counted", function()
    local closing = clinic.json(answers("closings", "--json"))[1]
    assert.equal("2026-01-31", closing.through)
    assert.equal(64, #closing.hash)
    assert.equal("105.50", closing.counted.cash.expected)
    assert.equal("-0.50", closing.variance)
  end)

  it("without rows says so to people, and gives programs nothing", function()
    contains("no such document", answers("documents", "--patient", "P99"))
    assert.equal("", answers("documents", "--patient", "P99", "--json"))
    assert.equal(1, #select(2, clinic.csv(answers("documents", "--patient", "P99", "--csv"))) > 0 and 1)
  end)

  it("has no colours and no place numbers without a terminal", function()
    lacks("\27", answers "unpaid")
    lacks("#", answers "unpaid")
  end)
end)

describe("a record", function()
  it("of a document shows its mark, what was paid on it and its consultations, and its charges", function()
    local shown = answers("document", "F-00001")
    for _, expected in ipairs { "F-00001\n", "– partial", "70.00", "C-00001", "Payments", "R-00001", "Charges",
      "check-up" } do
      contains(expected, shown)
    end
    local document = clinic.json(answers("document", "F-00001", "--json"))[1]
    assert.equal("R-00001", document.allocations[1].payment)
    assert.equal("50.00", document.allocations[1].amount)
    assert.equal("120.00", document.charges[1].amount)
  end)

  it("of a document shows it as it stood at an instant", function()
    local document = clinic.json(answers("document", "C-00001", "--as-of", "2026-01-05T09:10", "--json"))[1]
    assert.equal("pending", document.status)
    assert.equal("0.00", document.collected)
    assert.same({}, document.payments)
  end)

  for _, case in ipairs {
    { "R-00005", { "change", "4.50", "F-00005", "0.02" } }, { "R-00002", { "refunds", "R-00003", "20.00" } },
    { "R-00006", { "corrected by", "R-00007", "reversed" } }, { "R-00007", { "corrects", "R-00006", "typing slip" } },
    { "R-00008", { "kept as credit", "100.00" } }, { "R-00003", { "refund of", "R-00002" } },
  } do
    it("of a payment shows what it did: " .. case[1], function()
      local shown = answers("payment", case[1])
      for _, expected in ipairs(case[2]) do contains(expected, shown) end
    end)
  end

  it("of a patient shows credit, what is owed, and the open documents", function()
    local shown = answers("patient", "P17")
    for _, expected in ipairs { "owed", "70.00", "credit", "100.00", "F-00001" } do contains(expected, shown) end
    assert.equal("F-00001", clinic.json(answers("patient", "P17", "--json"))[1].open[1].number)
  end)

  it("of a ledger has its head, its script and through when it is closed", function()
    local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
    local head, shown = ledger:head(), answers "info"
    contains(head.seq .. ":" .. head.hash, shown)
    contains("2026-01-31", shown)
    local info = clinic.json(answers("info", "--json"))[1]
    assert.equal(head.seq, info.head_seq)
    assert.equal(true, info.writable)
    assert.equal(helper.SCRIPT, info.script.text)
  end)

  it("of references is grouped for people and plain for programs", function()
    local plain = clinic.json(answers("reference", "F-00001", "--json"))[1]
    assert.equal("RF96F00001", plain.creditor)
    assert.equal(27, #plain.qr)
    contains("RF96 F000 01", answers("reference", "F-00001"))
    assert.matches("^1234567", clinic.json(answers("reference", "F-00001", "--qr-prefix", "1234567", "--json"))[1].qr)
  end)

  it("of a stage names the ways on", function()
    local script = helper.SCRIPT .. [[
clinic:workflow { id = "reminders", document = "invoice", initial = "issued", stages = { "issued", "reminder-1" },
  transitions = { { from = "issued", to = "reminder-1", after = "30d", by = { "manager" } } } }]]
    local other = folder .. "/stages.db"
    do
      local ledger <close> = helper.open { path = other, script = script }
      assert(ledger:invoice { patient = "P1", amount = "10.00", at = "2026-01-10" })
    end
    local ended = command.run("stage", other, "F-00001")
    for _, expected in ipairs { "issued", "reminder-1", "2026-02-09", "manager" } do contains(expected, ended.out) end
    ended = command.run("stage", other, "F-00001", "--json")
    assert.equal("reminder-1", clinic.json(ended.out)[1].next[1].to)
  end)
end)

describe("a ledger whose script is broken", function()
  it("can be read, and info says why it takes no writing", function()
    local broken = folder .. "/broken.db"
    do
      local ledger <close> = helper.open { path = broken }
      assert(ledger:consultation { patient = "P1", amount = "1.00" })
    end
    local raw = require "spec.raw"
    raw.force(broken, "UPDATE script SET body = 'local clinic = ... clinic:currency(1)'")
    local ended = command.run("info", broken)
    assert.equal(0, ended.code)
    assert.matches("writable +no", ended.out)
    contains("opens for reading only", ended.out)
    contains("currency", ended.out)
    assert.equal(0, command.run("documents", broken).code)
    assert.equal(false, clinic.json(command.run("info", broken, "--json").out)[1].writable)
  end)
end)

describe("what is hostile", function()
  it("is disarmed in CSV", function()
    local listed = answers("documents", "--csv", "--patient", clinic.FORMULA)
    contains("'" .. clinic.FORMULA, listed)
    lacks("," .. clinic.FORMULA, listed)
    lacks("," .. clinic.REFERENCE, answers("payments", "--csv"))
  end)

  it("does not reach the terminal", function()
    for _, words in ipairs { { "payment", "R-00008" }, { "entries" }, { "payments" }, { "patient", clinic.TURNED },
      { "documents" }, { "document", "F-00008" } } do
      local shown = answers(table.unpack(words))
      assert.is_true(clinic.is_harmless(shown))
    end
    contains("red", answers("payment", "R-00008"))
  end)

  it("comes whole to programs", function()
    assert.equal(clinic.ESCAPES, clinic.json(answers("payment", "R-00008", "--json"))[1].note)
    assert.equal(clinic.TURNED, clinic.json(answers("document", "F-00008", "--json"))[1].patient)
  end)
end)

describe("what is refused", function()
  for _, case in ipairs {
    { 1, "document-unknown", "document", "F-99999" }, { 1, "payment-unknown", "payment", "R-99999" },
    { 1, "patient-unknown", "patient", "P99" }, { 1, "document-unknown", "reference", "F-99999" },
    { 1, "document-unknown", "stage", "F-99999" }, { 1, "field-invalid", "stage", "F-00001" },
    { 1, "date-invalid", "documents", "--from", "yesterday" }, { 1, "date-invalid", "totals", "--to", "2026-02-30" },
    { 1, "field-invalid", "totals", "--by", "type,colour" }, { 1, "field-invalid", "totals", "--by", "type,type" },
    { 1, "date-invalid", "document", "F-00001", "--as-of", "soon" },
    { 1, "document-unknown", "document", "F-00001", "--as-of", "2026-01-01" },
    { 1, "document-unknown", "documents", "--after", "F-99999" },
    { 1, "field-invalid", "reference", "F-00001", "--qr-prefix", "12x" },
    { 2, nil, "documents", "--colour", "red" }, { 2, nil, "documents", "--status", "lost" },
    { 2, nil, "documents", "--limit", "many" }, { 2, nil, "document" }, { 2, nil, "unpaid", "P17" },
    { 2, nil, "entries", "--kind", "paiment" }, { 2, nil, "payments", "--reversed", "maybe" },
  } do
    local code, name = table.unpack(case, 1, 2)
    local words = table.move(case, 3, #case, 1, {})
    it("ends in " .. code .. ": " .. table.concat(words, " "), function()
      local ended = run(table.unpack(words))
      assert.equal(code, ended.code)
      assert.equal("", ended.out)
      if name then contains("(" .. name .. ")", ended.err) end
      ended = run(with(words, "--json"))
      assert.equal(code, ended.code)
      assert.equal("", ended.out)
      local complaint = clinic.json(ended.err)
      assert.equal(1, #complaint)
      assert.equal(false, complaint[1].ok)
      assert.equal(name, complaint[1].code)
      assert.matches("%a+ %a+", complaint[1].message)
    end)
  end

  it("is both formats at once", function()
    local ended = run("documents", "--json", "--csv")
    assert.equal(2, ended.code)
    contains("exclude each other", ended.err)
  end)

  it("is an empty file, of which no ledger is made", function()
    command.write(folder .. "/empty.db", "")
    for _, name in ipairs { "unpaid", "close" } do
      local ended = command.run(name, folder .. "/empty.db")
      assert.same({ 4, "tallystick: " .. folder .. "/empty.db: the file is empty, and no ledger (not-a-ledger)\n" },
        { ended.code, ended.err })
      assert.equal("", command.read(folder .. "/empty.db"))
    end
  end)

  it("is a ledger that is not there, is a folder, or is none", function()
    command.write(folder .. "/text.db", ("not a ledger\n"):rep(100))
    for _, case in ipairs { { folder .. "/missing.db", 2 }, { folder, 2 }, { folder .. "/text.db", 4 } } do
      local ended = command.run("documents", case[1])
      assert.equal(case[2], ended.code, ended.err)
      assert.equal("", ended.out)
      contains(case[1], ended.err)
    end
  end)
end)

describe("a ledger that another process writes to", function()
  -- Holds the file as a writer does, until it is told to let go.
  local HOLDER = [[
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
]]

  local function held(seconds, line)
    local program = folder .. "/hold.py"
    command.write(program, HOLDER)
    return command.shell(("python3 %s %s %s >%s/held & while ! [ -s %s/held ]; do sleep 0.05; done; %s; code=$?; "
      .. "kill $!; wait; rm %s/held; exit $code"):format(command.quote(program), command.quote(path), seconds, folder,
      folder, line, folder))
  end

  it("can be read meanwhile", function()
    local ended = held(20, ("TZ=UTC bin/tallystick unpaid %s --json"):format(command.quote(path)))
    assert.equal(0, ended.code, ended.err)
    assert.equal(4, #clinic.json(ended.out))
  end)

  it("is waited for, until Ctrl-C", function()
    for _, words in ipairs { "pay %s F-00001 1 --actor a", "close %s --actor a" } do
      local before = terminal.now()
      local ended = held(20, ("TZ=UTC timeout --foreground -s INT 0.5 lua5.4 bin/tallystick %s"):format(
        words:format(command.quote(path))))
      contains("tallystick: interrupted; whether it was written is not known", ended.err)
      assert.is_true(terminal.now() - before < 2)
    end
  end)

  it("is waited for no longer than the ledger waits, and then written", function()
    local line = ("TZ=UTC bin/tallystick pay %s --documents oldest --patient P1 --actor a"):format(command.quote(path))
    local before = terminal.now()
    assert.equal(3, held(20, line).code)
    local waited = terminal.now() - before
    assert.is_true(waited >= 5 and waited < 7, waited)
    assert.not_equal(3, held(0.6, line).code)
  end)

  it("refuses a receipt as busy once the time is up, and shows its preview at once #slow", function()
    local receipt = ("TZ=UTC bin/tallystick receipt %s R-00005"):format(command.quote(path))
    assert.equal(0, held(20, receipt .. " --preview").code)
    local ended = held(20, receipt)
    assert.equal(3, ended.code)
    contains("(busy)", ended.err)
  end)
end)

describe("amounts beyond 64 bits", function()
  it("are refused where they would be summed, and listed where they are not", function()
    local rich = folder .. "/rich.db"
    do
      local ledger <close> = helper.open { path = rich }
      for index = 1, 2 do assert(ledger:invoice { patient = "P" .. index, amount = "90000000000000000.00" }) end
    end
    for _, name in ipairs { "unpaid", "receivables" } do
      local ended = command.run(name, rich)
      assert.equal(1, ended.code)
      contains("(amount-overflow)", ended.err)
      lacks("traceback", ended.err)
    end
    assert.equal(2, #clinic.json(command.run("unpaid", rich, "--json").out))
  end)
end)

describe("a damaged file", function()
  it("ends a list in 4, with what is wrong, behind the rows that could be read", function()
    local damaged = folder .. "/damaged.db"
    do
      local ledger <close> = helper.open { path = damaged }
      assert(ledger:transaction(function(tx)
        for _ = 1, 2000 do assert(tx:consultation { patient = "P1", amount = "1.00", note = ("x"):rep(200) }) end
        return true
      end))
    end
    -- The second half of the file is overwritten: what is read of it is no page.
    do
      local file <close> = assert(io.open(damaged, "r+b"))
      local size = file:seek "end"
      file:seek("set", size // 2)
      file:write(("\xAA"):rep(size - size // 2))
    end
    local ended = command.run("entries", damaged, "--csv")
    assert.equal(4, ended.code)
    assert.matches("%(corrupt%)\n$", ended.err)
    lacks("traceback", ended.err)
  end)
end)

describe("the output", function()
  it("may be closed by its reader: it ends without a word", function()
    local ended = command.shell(("bin/tallystick entries %s | head -1"):format(command.quote(path)))
    assert.equal("", ended.err)
    contains("seq", ended.out)
  end)

  it("may be closed where the signal for it is ignored", function()
    local ended = command.shell(("(trap '' PIPE; bin/tallystick entries %s --json; echo $? >%s/code) | true"):format(
      command.quote(path), folder))
    assert.equal("", ended.err)
    assert.matches("^%d+\n$", command.read(folder .. "/code"))
  end)

  it("that is full ends in 4, also where it was all held back until the end", function()
    for _, format in ipairs { "", "--json", "--csv" } do
      local ended = command.shell(("bin/tallystick entries %s %s >/dev/full"):format(command.quote(path), format))
      assert.equal(4, ended.code)
      contains("No space left on device", ended.err)
    end
  end)
end)

-- ---- Tables in a window ----

local function in_window(window, sheet, colour)
  local parts = {}
  local out = output.new { window = window, colour = colour, write = function(piece) parts[#parts + 1] = piece end }
  local count = out:sheet(sheet)
  return table.concat(parts), count
end

local function widest(shown)
  local most = 0
  for line in shown:gmatch "[^\n]+" do most = math.max(most, width.of((line:gsub("\27%[[%d;]*m", "")))) end
  return most
end

local function sheet_of(rows)
  return { name = "s", rows = rows, columns = {
    { name = "status", title = "status", kind = "status" }, { name = "number", title = "number" },
    { name = "text", title = "text", flex = true }, { name = "group", title = "group" },
    { name = "kind", title = "kind", spare = 1 }, { name = "amount", title = "amount", kind = "money" },
  } }
end

describe("a table in a window", function()
  local chf = function(amount) return assert(tallystick.money(amount, "CHF")) end
  local long = ("a long text "):rep(10)

  it("cuts what may be cut, then leaves out what is empty or spare, never an amount", function()
    local rows = { { status = "unpaid", number = "F-00001", text = long, kind = "invoice", amount = chf "1234567.05" } }
    for window = 46, 120, 7 do
      local shown = in_window(window, sheet_of(rows), true)
      assert(widest(shown) <= window, shown)
      contains("1,234,567.05", shown)
      contains("F-00001", shown)
      contains("\27[31m✗\27[0m unpaid", shown)
    end
    contains("invoice", (in_window(120, sheet_of(rows))))
    lacks("invoice", (in_window(46, sheet_of(rows))))
  end)

  it("is as wide as it comes where there is no window", function()
    contains(long:match "^(.-) $", (in_window(nil, sheet_of { { status = "paid", number = "1", text = long } })))
  end)

  it("sets a long list page by page, and stays aligned where later rows are wider", function()
    local index = 0
    local shown, count = in_window(nil, sheet_of(function()
      index = index + 1
      if index > 2500 then return nil end
      return { status = "paid", number = tostring(index), amount = chf(index > 2400 and "1000000.00" or "1.00") }
    end))
    assert.equal(2500, count)
    local lines = {}
    for line in shown:gmatch "[^\n]+" do lines[#lines + 1] = line end
    -- Titles stand on top, and anew where the last page is wider.
    local titles = 0
    for _, line in ipairs(lines) do
      if line:find "^status" then titles = titles + 1 end
    end
    assert.equal(2, titles)
    assert.equal(2502, #lines)
    local tail = {}
    for at = #lines - 499, #lines do tail[width.of(lines[at])] = true end
    assert.equal(nil, next(tail, next(tail)))
  end)

  it("holds no more of a list than a page", function()
    local held, most, index = setmetatable({}, { __mode = "k" }), 0, 0
    in_window(80, sheet_of(function()
      index = index + 1
      if index > 10000 then return nil end
      local row = { status = "paid", number = tostring(index), amount = chf "1.00" }
      held[row] = true
      if index % 1000 == 0 then
        collectgarbage()
        local count = 0
        for _ in pairs(held) do count = count + 1 end
        most = math.max(most, count)
      end
      return row
    end))
    assert(most <= 2000, most)
  end)
end)

-- Runs a command in this process; gives its exit code and what it wrote.
local function run_here(name, args, fields)
  local parts = {}
  local definition = assert(grammar.find(name))
  local made = { definition = definition, args = args, door = "line", path = path }
  made.output = output.new { window = fields.window, colour = fields.colour,
    write = function(piece) parts[#parts + 1] = piece end }
  for field, value in pairs(fields) do made[field] = value end
  local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
  made.ledger = ledger
  return require(definition.run).run(call.new(made)), table.concat(parts)
end

describe("a window of 80 columns", function()
  for _, case in ipairs {
    { "documents", {} }, { "unpaid", {} }, { "payments", {} }, { "entries", {} }, { "types", {} }, { "closings", {} },
    { "totals", { by = { "month", "type" } } }, { "document", { number = "F-00001" } }, { "info", {} },
    { "document", { number = "F-00006" } }, { "payment", { number = "R-00008" } }, { "patient", { id = "P17" } },
    { "reference", { document = "F-00001" } }, { "day", { day = "2026-02-17" } },
    { "period", { from = "2026-01-01", to = "2026-12-31", by = { "month", "type" } } },
    { "receivables", { by_patient = true } }, { "statement", { of = "P19" } },
    { "corrections", { from = "2026-01-01", to = "2026-12-31" } },
  } do
    local name, args = table.unpack(case)
    it("has room for " .. name, function()
      local code, shown = run_here(name, args, { window = 80, colour = true })
      assert.equal(0, code)
      assert(#shown > 0)
      for line in shown:gmatch "[^\n]+" do
        -- A hash is one word of 64, and is not cut in records.
        if not line:find(("%x"):rep(64)) then assert(widest(line) <= 80, line) end
      end
    end)
  end
end)

describe("the shell's places", function()
  it("are shown in front of a list, and kept for the next command", function()
    for _, case in ipairs { { "unpaid", {}, 4 }, { "payments", {}, 10 }, { "patient", { id = "P17" }, 1 },
      { "receivables", {}, 5 } } do
      local name, args, count = table.unpack(case)
      local kept
      local code, shown = run_here(name, args, { door = "shell",
        session = { remember = function(_, kind, names) kept = { kind = kind, names = names } end } })
      assert.equal(0, code)
      assert.equal(grammar.find(name).list, kept.kind)
      assert.equal(count, #kept.names)
      assert.matches("%f[#]#  ", shown)
      assert.matches(("\n *%d  [^\n]*%s"):format(count, kept.names[count]:gsub("%-", "%%-")), shown)
    end
  end)
end)
