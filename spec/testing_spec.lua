-- tallystick.testing: the clinic that raises, its clock, and assertions that fail where they should, in plain words.
local child = require "spec.child"
local command = require "spec.command"
local pages = require "spec.pages"
local tallystick = require "tallystick"
local testing = require "tallystick.testing"

local CONFIG = "examples/testing/clinic.lua"

---What a function raises, without the place.
local function raised(run, ...)
  local done, problem = pcall(run, ...)
  assert(not done, "nothing was raised")
  return (tostring(problem):gsub("^[^\n]-:%d+: ", ""))
end

describe("a clinic", function()
  local clinic
  before_each(function() clinic = testing.clinic { config = CONFIG, roles = { "manager" }, actor = "desk-1" } end)
  after_each(function() clinic.ledger:close() end)

  it("has every method of the ledger, with all that it gives", function()
    local visit = clinic:consultation { patient = "P17", amount = "120.00" }
    assert.equal("C-00001", visit.number)
    assert.equal("desk-1", clinic:pay({ document = visit.number, amount = "50.00" }).actor)
    local numbers = {}
    for document in clinic:documents { patient = "P17" } do numbers[#numbers + 1] = document.number end
    assert.same({ "C-00001" }, numbers)
    assert.equal(2, (select(2, clinic:verify())).acts)
    assert.equal("50.00", clinic:money("50"):decimal())
    assert.equal("kept", clinic:transaction(function() return "kept" end))
  end)

  it("raises what was refused, with sentence, code and details, where the test called it", function()
    local done, problem = pcall(function() clinic:pay { document = "C-9" } end)
    assert.is_false(done)
    assert.equal([[spec/testing_spec.lua:LINE: pay was refused with document-unknown: ]]
      .. [[document: no document has the number "C-9"
          document: C-9]], (problem:gsub(":%d+:", ":LINE:", 1)))
  end)

  it("tries what may be refused, and raises nothing", function()
    local result, _, code, details = clinic:try "pay" { document = "C-9" }
    assert.same({ nil, "document-unknown", "C-9" }, { result, code, details.document })
    assert.equal("C-00001", clinic:try "consultation" { patient = "P1", amount = "1" }.number)
    assert.equal("C-00001", clinic:try "document" "C-00001".number)
  end)

  it("hands itself to a transaction, which a refusal ends", function()
    local message = raised(clinic.transaction, clinic, function(tx)
      tx:consultation { patient = "P1", amount = "1" }
      tx:pay { document = "C-9" }
    end)
    assert.matches("^pay was refused with document%-unknown", message)
    assert.equal(0, clinic:info().documents)
    assert.equal("transaction-poisoned", select(3, clinic:try "transaction"(function(tx)
      local _ = tx:try "pay" { document = "C-9" }
      return true
    end)))
  end)

  it("closes with its block", function()
    local ledger
    do
      local short <close> = testing.clinic()
      ledger = short.ledger
    end
    assert.matches("closed", tostring(ledger))
  end)

  it("takes the preset where no script is named, and a Monday morning", function()
    local preset = testing.clinic()
    assert.equal("2026-01-05T09:00:00Z", preset:consultation({ patient = "P1", amount = "1" }).recorded_at)
    assert.equal("a clinic at 2026-01-05T09:00:00", tostring(preset))
  end)

  for name, row in pairs {
    ["a method that is not there"] = { function() clinic:pya {} end, "a clinic has no pya; did you mean pay?" },
    ["a method to try that is not there"] = { function() clinic:try "refunds" {} end,
      "a clinic has no refunds; did you mean refund?" },
    ["a dot for a colon"] = { function() clinic.pay {} end, "call clinic:pay with a colon" },
    ["a try with a dot"] = { function() clinic.try "pay" {} end, "call clinic:try with a colon" },
    ["an option that is not known"] = { function() testing.clinic { confg = "x" } end,
      'open has no option "confg"; did you mean "config"?' },
    ["a clock of one's own"] = { function() testing.clinic { clock = os.time } end,
      "testing.clinic has a clock of its own; set it with now, or with clinic.clock:set" },
    ["a time that is none"] = { function() testing.clinic { now = "today" } end,
      'now takes a time such as "2026-01-05T09:00"' },
  } do
    it("refuses " .. name, function() assert.equal(row[2], raised(row[1])) end)
  end

  it("names all mistakes of a script", function()
    local path = os.tmpname()
    command.write(path, 'local clinic = ...\nclinic:currency "chf"\nclinic:langauge "fr"\n')
    local message = raised(function() testing.clinic { config = path } end)
    os.remove(path)
    assert.truthy(message:find('2: currency: "chf" is not a currency; did you mean "CHF"?', 1, true))
    assert.truthy(message:find("3: clinic.langauge: is not a known declaration", 1, true))
  end)
end)

describe("the clock", function()
  local clinic, clock
  before_each(function()
    clinic = testing.clinic { now = "2026-03-02T10:15" }
    clock = clinic.clock
  end)

  it("is what the ledger goes by", function()
    assert.equal("2026-03-02T10:15:00Z", clinic:consultation({ patient = "P1", amount = "1" }).at)
    clock:set "2026-03-30"
    assert.equal("2026-03-30T00:00:00Z", clinic:consultation({ patient = "P1", amount = "1" }).at)
    assert.equal(os.time { year = 2026, month = 3, day = 30, hour = 0 }, clock:now())
  end)

  for span, expected in pairs {
    ["30d"] = "2026-04-01T10:15:00", ["2h"] = "2026-03-02T12:15:00", ["15m"] = "2026-03-02T10:30:00",
    ["1d 2h 15m"] = "2026-03-03T12:30:00", ["1d2h"] = "2026-03-03T12:15:00", ["0d"] = "2026-03-02T10:15:00",
    ["365d"] = "2027-03-02T10:15:00", ["48h"] = "2026-03-04T10:15:00",
  } do
    it("goes forward by " .. span, function()
      clock:advance(span)
      assert.equal(expected, tostring(clock))
    end)
  end

  for _, span in ipairs { "", "30", "d", "30 d", "-1d", "1.5d", "1w", "1d,", "1D", "9999999d", 30, false } do
    it(("does not go forward by %s"):format(tostring(span)), function()
      assert.equal('clock:advance takes days, hours and minutes such as "30d" or "2h 15m", not ' .. tostring(span),
        raised(clock.advance, clock, span))
      assert.equal("2026-03-02T10:15:00", tostring(clock))
    end)
  end

  -- In the zone where it runs; prints where the clock and the ledger read a time differently, then rows of the clock.
  local ZONED <const> = [[
    local testing = require "tallystick.testing"
    local clinic = testing.clinic { now = "2030-01-01" }
    for _, time in ipairs { "2026-03-29T01:59", "2026-03-29T02:00", "2026-03-29T02:30", "2026-03-29T03:00",
      "2026-10-25T01:59", "2026-10-25T02:00", "2026-10-25T02:30", "2026-10-25T03:00", "2026-03-29", "2026-10-25",
      "2026-04-05T02:30", "2026-09-27T02:30", "2018-11-04", "2018-11-04T00:30", "1900-01-01", "2026-07-01T12:00:01",
      "2028-02-29", "2026-02-29", "2026-13-01", "2026-01-01T24:00", "2026-01-01T23:60", "2026-03-01T12:00+05:30",
      "2026-03-01T12:00:07-03:00", "2026-03-01T12:00:07Z", "2026-03-01Z", "2026-3-1", "tomorrow", "", 1767225600 } do
      clinic.clock:set "2030-01-01"
      local read = clinic:try "consultation" { patient = "P1", amount = "1", at = time }
      local set = pcall(clinic.clock.set, clinic.clock, time)
      local now = set and clinic:try "consultation" { patient = "P1", amount = "1", at = clinic.clock:now() }
      if (read and read.at) ~= (now and now.at or nil) then print("differs: " .. time) end
    end
    for line in arg[1]:gmatch "[^;]+" do
      local from, span = line:match "^(%S+) (.+)$"
      clinic.clock:set(from)
      local before = clinic.clock:now()
      clinic.clock:advance(span)
      print(clinic.clock, (clinic.clock:now() - before) / 3600)
    end
  ]]

  for zone, row in pairs {
    ["UTC"] = { "2026-03-28T10:15 1d", "2026-03-29T10:15:00\t24.0\n" },
    ["Europe/Zurich"] = {
      "2026-03-28T10:15 1d;2026-03-28T10:15 24h;2026-10-24T10:15 1d;2026-10-24T10:15 30d;2026-03-28T02:30 1d",
      "2026-03-29T10:15:00\t23.0\n2026-03-29T11:15:00\t24.0\n2026-10-25T10:15:00\t25.0\n"
        .. "2026-11-23T10:15:00\t721.0\n2026-03-29T03:30:00\t24.0\n" },
    ["America/Sao_Paulo"] = { "2018-11-03 1d", "2018-11-04T01:00:00\t24.0\n" },
    ["Australia/Lord_Howe"] = { "2026-04-04T10:15 1d", "2026-04-05T10:15:00\t24.5\n" },
  } do
    it("reads times as the ledger does and keeps the time of day, in " .. zone, function()
      local folder = command.folder()
      command.write(folder .. "/zoned.lua", ZONED)
      local ended = command.shell(("TZ=%s %s"):format(zone, child.line(folder .. "/zoned.lua", row[1])))
      command.remove(folder)
      assert.same({ code = 0, out = row[2], err = "" }, ended)
    end)
  end
end)

describe("the assertion", function()
  local clinic, visit
  before_each(function()
    clinic = testing.clinic { config = CONFIG, now = "2026-03-02T10:15" }
    visit = clinic:consultation { patient = "P17", amount = "120.00" }
  end)

  it("refused holds for the code of a refusal, and for that of a script's rule", function()
    assert.refused("document-unknown", clinic.ledger:pay { document = "C-9" })
    assert.refused("cash-cap", nil, "cash above 1000.00 needs a manager", "refused", { rule = "x", code = "cash-cap" })
    assert.is_not.refused("document-unknown", clinic.ledger:pay { document = "C-00001" })
  end)

  it("status holds for documents, and for what a command did to one", function()
    assert.status("pending", visit)
    assert.status("paid", clinic:pay { document = "C-00001" })
    assert.is_not.status("paid", visit)
  end)

  it("amount holds for an amount in any form", function()
    assert.amount("120.00", visit.remaining)
    assert.amount("120", visit.remaining)
    assert.amount("120.00 CHF", visit.remaining)
    assert.is_not.amount("120.00 EUR", visit.remaining)
    assert.is_not.amount("120.05", visit.remaining)
  end)

  it("verifies holds for a clinic and a ledger", function()
    assert.verifies(clinic)
    assert.verifies(clinic.ledger)
  end)

  -- A ledger that finds a fault, as one on a bad disk would.
  local broken = { verify = function() return nil, "entry 7: its hash does not fit", "chain-broken", { seq = "7" } end }

  local FAILING = {
    { "another code", "refused", function() return "document-settled", clinic.ledger:pay { document = "C-9" } end,
      'expected: refused with document-settled\n     got: refused with document-unknown: document: no document has '
      .. 'the number "C-9"\n          document: C-9' },
    { "a code that is misspelt", "refused", function() return "document-unknwon", nil, "no", "document-unknown" end,
      "expected: refused with document-unknwon\n     got: refused with document-unknown: no\n"
      .. '          did you mean "document-unknown"?' },
    { "what was done", "refused",
      function() return "document-settled", clinic.ledger:pay { document = "C-00001" } end,
      "expected: refused with document-settled\n     got: done: Q-00001, C-00001, paid, remaining 0.00 CHF" },
    { "nil alone", "refused", function() return "document-settled", nil end,
      "expected: refused with document-settled\n     got: nil alone; give all that a call answers: "
      .. "assert.refused(code, ledger:pay { … })" },
    { "true", "refused", function() return "x", true end, "expected: refused with x\n     got: done: true" },
    { "another status", "status", function() return "paid", visit end,
      "expected: the status paid\n     got: C-00001, pending, remaining 120.00 CHF" },
    { "a status that is misspelt", "status", function() return "piad", visit end,
      'expected: the status piad\n     got: C-00001, pending, remaining 120.00 CHF\n          did you mean "paid"?' },
    { "a refusal for a document", "status", function() return "paid", clinic.ledger:document "C-9" end,
      "expected: the status paid\n     got: refused with document-unknown: document: no document has the number "
      .. '"C-9"' },
    { "no document", "status", function() return "paid", nil end, "expected: the status paid\n     got: nil" },
    { "a number for a document", "status", function() return "paid", "C-00001" end,
      'expected: the status paid\n     got: "C-00001"' },
    { "a table that is no document", "status", function() return nil, {} end,
      "expected: the status nil\n     got: a table without number and status" },
    { "another amount", "amount", function() return "50.00", visit.remaining end,
      "expected: 50.00 CHF\n     got: 120.00 CHF" },
    { "another currency", "amount", function() return "120.00", tallystick.money("120", "EUR") end, nil },
    { "a number", "amount", function() return "50.00", 50 end,
      "expected: 50.00\n     got: 50, a number and no amount of money" },
    { "nothing", "amount", function() return "50.00", nil end,
      "expected: 50.00\n     got: nil, a nil and no amount of money" },
    { "what is no amount", "amount", function() return "fifty", visit.remaining end, "expected: fifty, but " },
    { "a broken ledger", "verifies", function() return broken end,
      "expected: a ledger that verifies\n     got: refused with chain-broken: entry 7: its hash does not fit\n"
      .. "          seq: 7" },
  }

  for _, row in ipairs(FAILING) do
    local name, assertion, arguments, expected = table.unpack(row)
    if expected then
      it(("%s fails for %s, and so does the plain function"):format(assertion, name), function()
        local given = table.pack(arguments())
        local message = raised(function() assert[assertion](table.unpack(given, 1, given.n)) end)
        assert.equal(expected, message:sub(1, #expected))
        assert.equal(message, raised(testing[assertion], table.unpack(given, 1, given.n)))
      end)
    else
      it(("%s takes the currency of the amount for %s"):format(assertion, name), function()
        testing[assertion](arguments())
      end)
    end
  end

  it("fails where it must not hold and does", function()
    assert.equal("expected: not the status pending\n     got: C-00001, pending, remaining 120.00 CHF",
      raised(function() assert.is_not.status("pending", visit) end))
    assert.equal("expected: not 120.00 CHF\n     got: 120.00 CHF",
      raised(function() assert.is_not.amount("120", visit.remaining) end))
    assert.equal("expected: a ledger that does not verify\n     got: one that does",
      raised(function() assert.is_not.verifies(clinic) end))
    assert.matches("^expected: not refused with document%-unknown\n",
      raised(function() assert.is_not.refused("document-unknown", clinic.ledger:pay { document = "C-9" }) end))
  end)

  it("says a percent sign as it is", function()
    assert.matches("no %%d here", raised(function() assert.refused("a", nil, "no %d here", "b") end))
  end)

  it("is a plain function where luassert is not there", function()
    local ended = child.run [[
      package.preload.luassert = function() error "not installed" end
      local testing = require "tallystick.testing"
      local clinic <close> = testing.clinic()
      testing.status("pending", clinic:consultation { patient = "P1", amount = "1.00" })
      testing.refused("document-unknown", clinic:try "pay" { document = "C-9" })
      testing.amount("1.00", clinic:document("C-00001").remaining)
      testing.verifies(clinic)
      print(pcall(testing.status, "paid", clinic:document "C-00001"))
    ]]
    assert.same({ 0, "" }, { ended.code, ended.err })
    assert.equal("false\texpected: the status paid\n     got: C-00001, pending, remaining 1.00 CHF\n", ended.out)
  end)
end)

describe("the page on testing", function()
  it("has examples that print what they say", function()
    local environment = setmetatable({ assert = assert }, { __index = _G })
    for _, block in ipairs(pages.blocks "docs/testing.md") do
      local printed = pages.run(block, environment)
      assert.equal(pages.promised(block.text), printed, ("docs/testing.md, line %d"):format(block.line))
    end
  end)

  it("names every assertion", function()
    local page = command.read "docs/testing.md"
    for _, name in ipairs { "refused", "status", "amount", "verifies" } do
      assert.is_function(testing[name])
      assert.truthy(page:find("`assert." .. name .. "(", 1, true), name)
    end
  end)
end)
