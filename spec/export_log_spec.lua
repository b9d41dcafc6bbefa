-- The command log of a ledger: replayed into an empty one, it gives the same books, entry by entry.
local books = require "spec.books"
local command = require "spec.command"
local export = require "tallystick.export"
local helper = require "spec.helper"
local histories = require "spec.histories"
local json = require "tallystick.json"
local tallystick = require "tallystick"

local open, matches, refused = helper.open, helper.matches, helper.refused

after_each(helper.finish)

local function lines_of(ledger)
  local lines = {}
  local text, count, report = books.export(ledger, { format = "log" })
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = assert(json.decode(line)) end
  assert.equal(count, #lines)
  return lines, report
end

local function last_line(ledger)
  local lines, report = lines_of(ledger)
  return lines[#lines], report
end

describe("the command log of", function()
  local CONFIG <const> = "examples/practice-year/clinic.lua"

  for name, path in pairs {
    ["a year of a practice"] = "examples/practice-year/practice-year.jsonl",
    ["a log of mistakes"] = "spec/data/mistakes.jsonl",
  } do
    it(name .. " gives the same books again #slow", function()
      local folder = helper.folder()
      local function run(ledger, log, ...)
        local ended = command.run("replay", folder .. ledger, log, "--config", CONFIG, "--batch", "2000", "--quiet",
          ...)
        assert.same({ 0, "" }, { ended.code, ended.err })
      end
      run("/clinic.db", path)
      local ledger <close> = assert(tallystick.open(folder .. "/clinic.db", { mode = "ro" }))
      local text, _, report = books.export(ledger, { format = "log" })
      run("/again.db", helper.write(folder .. "/log.jsonl", text), "--strict")
      local again <close> = assert(tallystick.open(folder .. "/again.db", { mode = "ro" }))
      assert.is_true(ledger:info().entries > 400)
      books.assert_same(ledger, again, { links = report.split == 0 })
      assert.is_true(again:verify())
      -- What was replayed is told in the same words: nothing is lost on the second way either.
      if report.split == 0 then assert.equal(text, (books.export(again, { format = "log" }))) end
    end)
  end

  for first = 1, 121, 40 do
    it(("random histories gives the same books again: seeds %d to %d"):format(first, first + 39), function()
      for seed = first, first + 39 do
        local ledger, clock = open()
        for index, made in ipairs(histories.make(seed, 60)) do
          clock.now = histories.time(index)
          histories.answer(ledger, made)
        end
        local again, report = books.again(ledger)
        local same, message = pcall(books.assert_same, ledger, again, { links = report.split == 0 })
        assert(same, ("seed %d: %s"):format(seed, message))
        helper.finish()
      end
    end)
  end
end)

-- Amounts of a few cents, paid in lists by a type that rounds: most part payments leave less than rounds.
local function small_change(seed)
  math.randomseed(seed)
  local ledger = open()
  for _ = 1, 40 do
    local numbers = {}
    assert(ledger:consultation { patient = "P" .. math.random(2), amount = ("0.%02d"):format(math.random(1, 14)) })
    for number in pairs { [math.random(6)] = true, [math.random(12)] = true, [math.random(40)] = true } do
      numbers[#numbers + 1] = ("C-%05d"):format(number)
    end
    local kind = math.random(8)
    if kind <= 5 then ledger:pay { documents = numbers, amount = ("0.%02d"):format(5 * math.random(6)) }
    elseif kind == 6 then ledger:pay { documents = numbers }
    elseif kind == 7 then ledger:invoice { consultations = numbers }
    else ledger:reverse { payment = ("R-%05d"):format(math.random(20)), reason = "x" } end
  end
  return ledger
end

it("the command log of small change gives the same books again", function()
  local company = 0
  for seed = 1, 60 do
    local ledger = small_change(seed)
    local again, _, text = books.again(ledger)
    local same, message = pcall(books.assert_same, ledger, again, { links = true })
    assert(same, ("seed %d: %s"):format(seed, message))
    for _, payment in ipairs(helper.all(ledger:payments {})) do company = company - #payment.allocations end
    for line in text:gmatch '[^\n]*"op":"pay"[^\n]*' do
      local fields = assert(json.decode(line))
      company = company + (fields.documents and #fields.documents or 1)
    end
    helper.finish()
  end
  -- The case that this is about did come up.
  assert.is_true(company >= 10, tostring(company))
end)

describe("a line of the command log", function()
  local ledger, clock

  before_each(function()
    ledger, clock = open()
    assert(ledger:consultation { patient = "P17", amount = "100.00", label = "séance", note = 'said "no"\nthen yes' })
  end)

  local function assert_again(options)
    local again, report = books.again(ledger)
    books.assert_same(ledger, again, options or { links = true })
    return again, report
  end

  it("names what the ledger gave by itself, and all roles of the script", function()
    assert(ledger:pay { document = "C-00001", key = "k1", actor = "desk-2", at = "2026-03-02T08:00:00.125Z" })
    assert.same({
      { op = "consultation", number = "C-00001", patient = "P17", amount = "100.00", label = "séance",
        note = 'said "no"\nthen yes', at = "2026-03-02T10:00:00Z", actor = "desk-1", roles = { "manager" } },
      { op = "pay", document = "C-00001", amount = "100.00", type = "cash", key = "k1",
        at = "2026-03-02T08:00:00.125Z", actor = "desk-2", roles = { "manager" } },
    }, (lines_of(ledger)))
    assert_again()
  end)

  it("tells more than was owed by what was given, as change or as credit", function()
    assert(ledger:pay { document = "C-00001", amount = "80.00", tendered = "100.00" })
    assert(ledger:pay { document = "C-00001", amount = "50.00" })
    matches({ amount = "20.00", tendered = "50.00" }, last_line(ledger))
    assert(ledger:consultation { patient = "P17", amount = "30.00" })
    assert(ledger:pay { document = "C-00002", type = "transfer", amount = "42.50" })
    matches({ amount = "42.50", document = "C-00002" }, last_line(ledger))
    assert_again()
  end)

  it("rounds as the payment rounded, over several documents too", function()
    assert(ledger:consultation { patient = "P17", amount = "0.02" })
    assert(ledger:consultation { patient = "P18", amount = "9.99" })
    assert(ledger:pay { documents = { "C-00002", "C-00001", "C-00003" } })
    matches({ documents = { "C-00002", "C-00001", "C-00003" }, amount = "110.00" }, last_line(ledger))
    assert_again()
  end)

  describe("of a part payment that leaves less than rounds", function()
    before_each(function()
      assert(ledger:consultation { patient = "P18", amount = "60.02" })
      assert(ledger:consultation { patient = "P18", amount = "0.01" })
    end)

    it("names another document that was open, so that nothing is rounded", function()
      assert(ledger:pay { documents = { "C-00002", "C-00001" }, amount = "60.00" })
      matches({ documents = { "C-00002", "C-00003" }, amount = "60.00" }, last_line(ledger))
      assert_again()
    end)

    it("names as many as it takes", function()
      assert(ledger:charge { document = "C-00001", amount = "-99.99" })
      assert(ledger:pay { documents = { "C-00002", "C-00001", "C-00003" }, amount = "60.00" })
      matches({ documents = { "C-00002", "C-00003" } }, last_line(ledger))
      assert_again()
    end)

    it("does not take for open what was paid, invoiced or made later", function()
      assert(ledger:invoice { consultations = { "C-00003" } })
      assert(ledger:pay { documents = { "C-00002", "C-00001" }, amount = "60.00" })
      assert(ledger:pay { document = "C-00001" })
      assert(ledger:consultation { patient = "P18", amount = "5.00" })
      local lines = lines_of(ledger)
      assert.same({ "C-00002", "F-00001" }, lines[5].documents)
      assert_again()
    end)

    it("names none where the payment did round", function()
      assert(ledger:pay { document = "C-00002", amount = "60.00" })
      matches({ document = "C-00002", amount = "60.00", documents = helper.NONE }, last_line(ledger))
      assert_again()
    end)

    it("names none where half a step is left, which rounds up and not away", function()
      local SCRIPT <const> = [[
        local clinic = ...
        clinic:payment_type { id = "cash", default = true, round_to = "0.10" } ]]
      ledger = open { script = SCRIPT }
      assert(ledger:consultation { patient = "P17", amount = "10.05" })
      assert(ledger:pay { document = "C-00001", amount = "10.00" })
      matches({ document = "C-00001", documents = helper.NONE }, last_line(ledger))
      books.assert_same(ledger, (books.again(ledger, { script = SCRIPT })), { links = true })
    end)

    it("does so in a correction", function()
      assert(ledger:pay { document = "C-00002", amount = "10.00" })
      assert(ledger:correct { payment = "R-00001", documents = { "C-00002", "C-00001" }, amount = "60.00",
        reason = "slip" })
      matches({ op = "correct", documents = { "C-00002", "C-00003" } }, last_line(ledger))
      assert_again()
    end)
  end)

  it("keeps a correction whole where its parts have one time", function()
    assert(ledger:pay { document = "C-00001", amount = "40.00", type = "card", group = "POS-1", reference = "7" })
    assert(ledger:correct { payment = "R-00001", amount = "30.00", reason = "slip", at = "2026-03-02T09:00Z" })
    matches({ op = "correct", payment = "R-00001", amount = "30.00", type = "card", group = "POS-1", reference = "7",
      reason = "slip" }, last_line(ledger))
    assert_again()
  end)

  it("does not give a correction the extra fields that it left out", function()
    assert(ledger:pay { document = "C-00001", amount = "40.00", type = "insurance", fields = { policy = "12",
      claims = 3 } })
    assert(ledger:correct { payment = "R-00001", amount = "30.00", reason = "slip", fields = { policy = "13" } })
    assert.same({ policy = "13" }, last_line(ledger).fields)
    assert_again()
  end)

  it("does not give a correction extra fields where it has none", function()
    local SCRIPT <const> = [[
      local clinic = ...
      clinic:payment_type { id = "cash", default = true, fields = { slip = {} } } ]]
    ledger = open { script = SCRIPT }
    assert(ledger:consultation { patient = "P17", amount = "100.00" })
    assert(ledger:pay { document = "C-00001", fields = { slip = "7" } })
    assert(ledger:correct { payment = "R-00001", fields = {}, reason = "no slip" })
    assert.same({}, last_line(ledger).fields)
    books.assert_same(ledger, (books.again(ledger, { script = SCRIPT })), { links = true })
  end)

  it("tells a correction as two commands where its parts have two times, and says so", function()
    assert(ledger:pay { document = "C-00001", amount = "40.00" })
    clock.now = "2026-03-03T10:00:00Z"
    assert(ledger:correct { payment = "R-00001", amount = "30.00", reason = "slip", note = "sorry", key = "k" })
    local lines, report = lines_of(ledger)
    assert.equal(1, report.split)
    matches({ op = "reverse", reason = "slip", at = "2026-03-03T10:00:00Z", note = helper.NONE, key = helper.NONE },
      lines[3])
    matches({ op = "pay", amount = "30.00", note = "sorry", key = "k", at = "2026-03-02T10:00:00Z" }, lines[4])
    assert_again { links = false }
  end)

  it("tells refunds by payment and document, also of a correction", function()
    assert(ledger:consultation { patient = "P17", amount = "20.03" })
    assert(ledger:pay { documents = { "C-00001", "C-00002" } })
    assert(ledger:correct { payment = "R-00001", documents = { "C-00001", "C-00002" }, reason = "x",
      at = "2026-03-02T09:00Z" })
    assert(ledger:refund { payment = "R-00002", document = "C-00002", reopen = true, reason = "back" })
    matches({ payment = "R-00002", document = "C-00002", reopen = true, amount = "20.05", type = "cash" },
      last_line(ledger))
    assert(ledger:refund { payment = "R-00002", document = "C-00001", reopen = false, amount = "10.00",
      type = "transfer", reason = "goodwill" })
    matches({ reopen = false, amount = "10.00", type = "transfer" }, last_line(ledger))
    assert_again()
  end)

  it("tells documents of every kind: host's numbers, invoices, charges, cancelling", function()
    assert(ledger:consultation { patient = "P17", amount = "0.00", number = "2026/7" })
    assert(ledger:invoice { consultations = { "2026/7", "C-00001" }, amount = "0.00", due = "2026-04-01" })
    assert(ledger:invoice { patient = "P18", amount = "12.00", number = "F.9", label = "plain" })
    assert(ledger:charge { document = "F.9", amount = "-2.00", label = "less" })
    assert(ledger:cancel { document = "F-00001", reason = "wrong" })
    assert(ledger:cancel { document = "2026/7", reason = "wrong" })
    assert(ledger:invoice { consultations = { "C-00001" } })
    local lines = lines_of(ledger)
    matches({ op = "invoice", number = "F-00001", consultations = { "2026/7", "C-00001" }, amount = "0.00",
      due = "2026-04-01" }, lines[3])
    matches({ op = "cancel", document = "F-00001" }, lines[6])
    matches({ op = "invoice", number = "F-00002", amount = helper.NONE }, lines[8])
    assert_again()
  end)

  it("tells credit and closings with what was counted", function()
    assert(ledger:deposit { patient = "P17", amount = "80.00", type = "card", group = "POS-1", reference = "x" })
    assert(ledger:consultation { patient = "P18", amount = "5.00" })
    assert(ledger:transfer { from = "P17", to = "P18", amount = "30.00", reason = "brother" })
    assert(ledger:pay { document = "C-00002", type = "credit" })
    assert(ledger:withdraw { patient = "P18", amount = "5.00", reason = "left" })
    assert(ledger:close_days { through = "2026-03-01" })
    assert(ledger:close_days { through = "2026-03-02", counted = { cash = "-0.00", card = "79.00" }, note = "short" })
    local line = last_line(ledger)
    matches({ op = "close_days", through = "2026-03-02", note = "short" }, line)
    assert.same({ cash = "0.00", card = "79.00" }, line.counted)
    assert_again()
  end)

  it("has a word where a reason is missing", function()
    assert(ledger:cancel { document = "C-00001", reason = "a secret" })
    local real = ledger.entries
    -- No command erases yet: a ledger that answers as one does of which the text is gone.
    local erased = setmetatable({ entries = function(_, query)
      local step, state, control, closing = real(ledger, query)
      return function(...)
        local entry = step(...)
        if entry then entry.reason = nil end
        return entry
      end, state, control, closing
    end }, { __index = function(_, name)
      return function(_, ...) return ledger[name](ledger, ...) end
    end })
    local line, report = last_line(erased)
    matches({ op = "cancel", reason = "erased" }, line)
    assert.equal(1, report.erased)
  end)
end)

describe("the command log leaves out", function()
  it("stages and prints, which it counts; the charges of an action are told", function()
    local ledger, clock = open { script = [[
      local clinic = ...
      clinic:workflow { id = "reminders", document = "invoice", initial = "issued", stages = { "issued", "reminded" },
        transitions = { { from = "issued", to = "reminded", after = "10d",
          action = function(document, ctx) return ctx.charge { amount = "20.00", label = "reminder" } end } } }
    ]] }
    assert(ledger:invoice { patient = "P17", amount = "100.00" })
    clock.now = "2026-03-20T10:00:00Z"
    assert.equal(1, assert(ledger:advance()).moved)
    assert(ledger:pay { document = "F-00001" })
    assert(ledger:print { payment = "R-00001" })
    local _, report = lines_of(ledger)
    assert.same({ stage = 1, print = 1 }, report.left_out)
    books.assert_same(ledger, (books.again(ledger)), { links = true, entries = false })
    -- To the new ledger the document was reminded of nothing yet, and is charged for it already.
    assert.equal(1, #report.warnings)
    matches({ code = "stages", act = 3, acts = 1 }, report.warnings[1])
  end)
end)

describe("the command log warns of", function()
  local OLD <const> = [[
    local clinic = ...
    clinic:payment_type { id = "cash", default = true }
    clinic:payment_type { id = "cheque" }
    clinic:payment_type { id = "card" }
  ]]

  local function reopened(script)
    local path = helper.folder() .. "/clinic.db"
    local ledger = open { path = path, script = OLD }
    assert(ledger:consultation { patient = "P17", amount = "100.00" })
    for _, id in ipairs { "cheque", "card", "cheque" } do
      assert(ledger:pay { document = "C-00001", type = id, amount = "10.00" })
    end
    ledger:close()
    return open { path = path, script = script }
  end

  for _, row in ipairs {
    { "type-retired", 'clinic:payment_type { id = "cheque", retired = true }', 'has retired the payment type "cheq' },
    { "type-unknown", "", 'declares the payment type "cheque" no more' },
    { "type-changed", 'clinic:payment_type { id = "cheque", max = "5.00" }', '"cheque" had other rules' },
  } do
    local code, declaration, message = table.unpack(row)
    it(code, function()
      local ledger = reopened(([[
        local clinic = ...
        clinic:payment_type { id = "cash", default = true, account = "1000", label = "Bar" }
        clinic:payment_type { id = "card", roles = { "manager" } }
        %s]]):format(declaration))
      local _, report = lines_of(ledger)
      assert.equal(1, #report.warnings)
      matches({ code = code, type = "cheque", act = 2, acts = 2 }, report.warnings[1])
      assert.is_truthy(report.warnings[1].message:find(message, 1, true), report.warnings[1].message)
      -- Under the script that was in force then, the same log gives the same books.
      books.assert_same(ledger, (books.again(ledger, { script = OLD })), { links = true })
    end)
  end

  it("hooks that may refuse", function()
    local ledger = open { script = [[
      local clinic = ...
      clinic:after("pay", { id = "thank" }, function() end)
      clinic:before("pay", { id = "cap" }, function() end)
    ]] }
    local _, report = lines_of(ledger)
    assert.equal("hooks", report.warnings[1].code)
    assert.equal(1, #report.warnings)
  end)
end)

describe("the command log refuses", function()
  local function write(ledger)
    return export.write(ledger, { format = "log" }, function() return true end)
  end

  it("payments that a replay would number otherwise", function()
    local path = helper.folder() .. "/clinic.db"
    local ledger = open { path = path }
    assert(ledger:deposit { patient = "P17", amount = "10.00" })
    ledger:close()
    ledger = open { path = path, script = 'local clinic = ... clinic:numbering { payment = "Q-%05d" }' }
    assert.matches("R%-00001 would be Q%-00001", (refused("refused", write(ledger))))
  end)

  it("another time zone than that of the business days", function()
    local folder = helper.folder()
    helper.write(folder .. "/export.lua", ([[
      local tallystick = require "tallystick"
      local ledger <close> = assert(tallystick.open(%q, { mode = "ro" }))
      local _, message, code = require "tallystick.export".write(ledger, { format = "log" }, function() return true end)
      print(code, message)
    ]]):format(folder .. "/clinic.db"))
    local ledger = open { path = folder .. "/clinic.db" }
    assert(ledger:deposit { patient = "P17", amount = "10.00", at = "2026-03-01T23:30:00Z" })
    ledger:close()
    local paths = "LUA_PATH='./lua/?.lua;./lua/?/init.lua;;' LUA_CPATH='./lua/?.so;;'"
    local ended = command.shell(("%s TZ=Europe/Zurich lua5.4 %s/export.lua"):format(paths, folder))
    assert.matches("^refused\tentry 1: 2026%-03%-02T00:30:00%+01:00 is not on 2026%-03%-01.*TZ", ended.out)
  end)
end)
