-- Closing business days: what was counted against what is expected, and days that never move again.
local helper = require "spec.helper"

local NONE = helper.NONE
local matches, refuses = helper.matches, helper.refuses

local ledger, clock
before_each(function() ledger, clock = helper.open() end)
after_each(helper.finish)

local function visit(amount, at, patient)
  return assert(ledger:consultation { patient = patient or "P1", amount = amount or "120.00", at = at }).number
end

local function pay(fields)
  return assert(ledger:pay(fields)).number
end

local function close(through, counted)
  return assert(ledger:close_days { through = through, counted = counted })
end

local function days(from, to)
  return helper.totals(ledger, { from = from, to = to, by = { "type", "day" } })
end

describe("closing days", function()
  it("seals all days up to a date, with their totals and the head", function()
    visit(nil, "2026-02-27")
    pay { document = "C-00001", amount = "50.00", at = "2026-02-27" }
    pay { document = "C-00001", type = "twint", amount = "20.00", at = "2026-02-28" }
    pay { document = "C-00001", type = "discount", amount = "5.00", at = "2026-02-28" }
    pay { document = "C-00001", amount = "10.00", at = "2026-03-01" }
    local made = close "2026-02-28"
    matches({
      from = NONE, through = "2026-02-28", at = "2026-03-02T10:00:00Z", recorded_at = "2026-03-02T10:00:00Z",
      actor = "desk-1", counted = {}, number = NONE, document = NONE,
      totals = {
        { type = "cash", collected = "50.00", money = "50.00", count = 1 },
        { type = "discount", discounted = "5.00", money = "0.00", count = 1 },
        { type = "twint", collected = "20.00", money = "20.00", count = 1 },
      },
    }, made)
    assert.same(assert(ledger:head()), made.head)
    local listed = assert(ledger:closings())
    assert.equal(1, #listed)
    matches({ through = "2026-02-28", head = made.head, totals = { { type = "cash" }, {}, {} } }, listed[1])
    assert.equal("2026-02-28", assert(ledger:info()).closed_through)
  end)

  it("goes on from the day after the last closing", function()
    visit(nil, "2026-02-27")
    pay { document = "C-00001", amount = "50.00", at = "2026-02-27" }
    close "2026-02-27"
    pay { document = "C-00001", amount = "30.00", at = "2026-02-28" }
    matches({ from = "2026-02-28", through = "2026-03-01", totals = { { type = "cash", collected = "30.00" } } },
      close "2026-03-01")
    assert.equal(2, #assert(ledger:closings()))
  end)

  it("may seal days on which nothing was done, and a ledger without entries", function()
    matches({ through = "2026-03-01", totals = {} }, close "2026-03-01")
  end)

  it("may seal today, named as a day or by an instant of it", function()
    close "2026-03-01T23:59:59Z"
    matches({ from = "2026-03-02", through = "2026-03-02" }, close "2026-03-02")
  end)

  it("that is only tried writes nothing", function()
    local before = assert(ledger:head())
    matches({ dry_run = true, through = "2026-03-01" },
      assert(ledger:close_days { through = "2026-03-01", dry_run = true }))
    assert.same(before, assert(ledger:head()))
    assert.same({}, assert(ledger:closings()))
  end)

  for _, row in ipairs {
    { "without a date", {}, "field-missing" },
    { "with a date that is none", { through = "2026-02-29" }, "date-invalid" },
    { "with an empty date", { through = "" }, "date-invalid" },
    { "with a from", { through = "2026-03-01", from = "2026-02-01" }, "field-unknown" },
    { "of tomorrow", { through = "2026-03-03" }, "date-in-future" },
    { "of tomorrow by an instant", { through = "2026-03-03T00:00:00Z" }, "date-in-future" },
    { "of a day that is sealed", { through = "2026-01-31" }, "period-closed" },
    { "of a day before a sealed one", { through = "2026-01-30" }, "period-closed" },
    { "dated on a sealed day", { through = "2026-03-01", at = "2026-01-31" }, "period-closed" },
    { "dated in the future", { through = "2026-03-01", at = "2026-03-03" }, "date-in-future" },
    { "by others than managers", { through = "2026-03-01", roles = { "secretary" } }, "permission-denied" },
    { "with an unknown type counted", { through = "2026-03-01", counted = { chash = "1.00" } }, "type-unknown" },
    { "with a discount counted", { through = "2026-03-01", counted = { discount = "1.00" } }, "type-not-applicable" },
    { "with a loss counted", { through = "2026-03-01", counted = { loss = "1.00" } }, "type-not-applicable" },
    { "with credit counted", { through = "2026-03-01", counted = { credit = "1.00" } }, "type-not-applicable" },
    { "with an integer counted", { through = "2026-03-01", counted = { cash = 512 } }, "amount-invalid" },
    { "with three decimals counted", { through = "2026-03-01", counted = { cash = "512.355" } }, "amount-invalid" },
    { "with a word counted", { through = "2026-03-01", counted = { cash = "all" } }, "amount-invalid" },
    { "with a table counted", { through = "2026-03-01", counted = { cash = {} } }, "amount-invalid" },
    { "with a list counted", { through = "2026-03-01", counted = { "512.35" } }, "field-invalid" },
    { "with a text counted", { through = "2026-03-01", counted = "512.35" }, "field-invalid" },
  } do
    local name, fields, code = table.unpack(row)
    it(("is refused %s: %s"):format(name, code), function()
      visit()
      close "2026-01-31"
      refuses(ledger, "close_days", fields, code)
      assert.equal(1, #assert(ledger:closings()))
    end)
  end

  it("says through which day they are closed", function()
    close "2026-02-28"
    local message, details = refuses(ledger, "consultation", { patient = "P1", amount = "1", at = "2026-02-01" },
      "period-closed")
    assert.equal("2026-02-28", details.closed_through)
    assert.equal("2026-02-01", details.day)
    assert(message:find("2026-02-28", 1, true), message)
  end)
end)

describe("counted money", function()
  before_each(function()
    visit("500.00", "2026-02-27")
    pay { document = "C-00001", amount = "100.00", at = "2026-02-27" } -- R-00001
    pay { document = "C-00001", amount = "50.00", at = "2026-02-28" } -- R-00002
    pay { document = "C-00001", type = "transfer", amount = "80.00", at = "2026-02-28" } -- R-00003
    assert(ledger:deposit { patient = "P1", amount = "30.00", at = "2026-02-28" })
    assert(ledger:withdraw { patient = "P1", amount = "10.00", at = "2026-02-28" })
    assert(ledger:refund { payment = "R-00001", amount = "20.00", reopen = true, reason = "test", at = "2026-02-28" })
    assert(ledger:reverse { payment = "R-00002", reason = "test", at = "2026-02-28" })
    pay { document = "C-00001", amount = "7.00", at = "2026-03-01" }
  end)

  local function variances()
    local out = {}
    for entry in ledger:entries { kind = "variance" } do
      out[#out + 1] = ("%s %s on %s"):format(entry.type, entry.amount:decimal(), entry.day)
    end
    return out
  end

  for _, row in ipairs {
    -- counted, variance shown, variances booked: short is a debit of over/short, over a negative one
    { { cash = "100.00" }, { cash = "0.00" }, {} },
    { { cash = "99.95" }, { cash = "-0.05" }, { "cash 0.05 on 2026-02-28" } },
    { { cash = "100.01" }, { cash = "0.01" }, { "cash -0.01 on 2026-02-28" } },
    { { cash = "0" }, { cash = "-100.00" }, { "cash 100.00 on 2026-02-28" } },
    { { cash = "100.00", transfer = "81.00" }, { cash = "0.00", transfer = "1.00" },
      { "transfer -1.00 on 2026-02-28" } },
    { { twint = "0.00" }, { twint = "0.00" }, {} },
    { { twint = "5.00" }, { twint = "5.00" }, { "twint -5.00 on 2026-02-28" } },
    { { cheque = "0.00" }, { cheque = "0.00" }, {} },
    { {}, {}, {} },
  } do
    local counted, shown, booked = table.unpack(row)
    local names = {}
    for type, amount in pairs(counted) do names[#names + 1] = type .. " " .. amount end
    table.sort(names)
    it(("of %s is held against the net money of the sealed days"):format(table.concat(names, " and ")), function()
      local expected = { cash = "100.00", transfer = "80.00", twint = "0.00", cheque = "0.00" }
      local lines = {}
      for type, variance in pairs(shown) do
        lines[type] = { expected = expected[type], counted = assert(ledger:money(counted[type])):decimal(),
          variance = variance }
      end
      matches({ counted = lines }, close("2026-02-28", counted))
      matches({ counted = lines }, assert(ledger:closings())[1])
      assert.same(booked, variances())
    end)
  end

  it("is held against the days since the last closing only", function()
    close("2026-02-28", { cash = "100.00" })
    matches({ counted = { cash = { expected = "7.00", variance = "0.05" } } }, close("2026-03-01", { cash = "7.05" }))
    assert.same({ "cash -0.05 on 2026-03-01" }, variances())
  end)

  it("leaves the totals as they are", function()
    local before = helper.totals(ledger, { by = { "day", "type" } })
    close("2026-02-28", { cash = "90.00", transfer = "100.00" })
    assert.same(before, helper.totals(ledger, { by = { "day", "type" } }))
  end)

  it("goes in as money values, too", function()
    matches({ counted = { cash = { counted = "100.00" } } },
      close("2026-02-28", { cash = assert(ledger:money "100.00") }))
  end)

  it("may be below zero, where more was paid out than came in", function()
    close "2026-02-28"
    assert(ledger:refund { payment = "R-00003", reopen = true, reason = "test", at = "2026-03-01" })
    matches({ counted = { transfer = { expected = "-80.00", counted = "-80.00", variance = "0.00" } } },
      close("2026-03-01", { transfer = "-80.00" }))
  end)
end)

describe("a closed day", function()
  -- Everything that a command could be about, made while 2026-02-27 was open.
  before_each(function()
    visit("120.00", "2026-02-27") -- C-00001, open
    visit("80.00", "2026-02-27") -- C-00002, paid by R-00001
    visit("10.00", "2026-02-27") -- C-00003, open
    pay { document = "C-00002", type = "twint", at = "2026-02-27" }
    assert(ledger:deposit { patient = "P1", amount = "50.00", at = "2026-02-27" }) -- R-00002
    visit("5.00", "2026-02-27", "P2") -- C-00004
    close "2026-02-28"
  end)

  local writing = {
    consultation = { patient = "P1", amount = "1.00" },
    invoice = { consultations = { "C-00001" } },
    charge = { document = "C-00001", amount = "1.00" },
    cancel = { document = "C-00001", reason = "test" },
    pay = { document = "C-00001" },
    reverse = { payment = "R-00001", reason = "test" },
    correct = { payment = "R-00001", reason = "test", amount = "70.00" },
    refund = { payment = "R-00001", reopen = true, reason = "test" },
    deposit = { patient = "P1", amount = "1.00" },
    withdraw = { patient = "P1", amount = "1.00" },
    transfer = { from = "P1", to = "P2", amount = "1.00" },
    close_days = { through = "2026-03-01" },
    move = { document = "C-00001", workflow = "recall", to = "called" },
    print = { payment = "R-00001" },
  }

  local function dated(command, at)
    local fields = { at = at }
    for key, value in pairs(writing[command]) do fields[key] = value end
    return fields
  end

  it("is asked of every writing command", function()
    local commands = {}
    for _, command in ipairs(require "tallystick".commands) do
      if command.name ~= "transaction" then commands[command.name] = true end
    end
    for name in pairs(writing) do commands[name] = nil end
    assert.same({}, commands)
  end)

  for command in pairs(writing) do
    for _, at in ipairs { "2026-02-28T23:59:59Z", "2026-02-27T09:00:00Z", "2025-12-31" } do
      it(("takes no %s dated %s: period-closed"):format(command, at), function()
        local before = days(nil, "2026-02-28")
        refuses(ledger, command, dated(command, at), "period-closed")
        assert.same(before, days(nil, "2026-02-28"))
      end)
    end

    for _, at in ipairs { "2026-03-01T00:00:00Z", helper.NOW } do
      it(("is not touched by %s dated %s, though it is about that day"):format(command, at), function()
        local before, closings = days(nil, "2026-02-28"), assert(ledger:closings())
        assert(ledger[command](ledger, dated(command, at)))
        assert.same(before, days(nil, "2026-02-28"))
        matches({ through = "2026-02-28", head = closings[1].head }, assert(ledger:closings())[1])
      end)
    end
  end

  it("stays as it was, seal and totals, whatever comes later", function()
    local before, seal = days(nil, "2026-02-28"), assert(ledger:closings())[1]
    assert(ledger:reverse { payment = "R-00001", reason = "test" })
    pay { document = "C-00002", type = "card", group = "POS-1" }
    assert(ledger:refund { payment = "R-00003", reopen = false, reason = "test" })
    assert(ledger:withdraw { patient = "P1", amount = "50.00" })
    clock.now = "2026-03-05T18:00:00Z"
    close("2026-03-05", { cash = "0.00" })
    assert.same(before, days(nil, "2026-02-28"))
    local after = assert(ledger:closings())[1]
    matches({ through = seal.through, head = seal.head, recorded_at = seal.recorded_at }, after)
    for index, row in ipairs(seal.totals) do
      local same = { type = row.type, collected = row.collected:decimal(), money = row.money:decimal() }
      matches(same, after.totals[index])
    end
  end)

  it("of today takes nothing more today; tomorrow does", function()
    close "2026-03-02"
    refuses(ledger, "pay", { document = "C-00001" }, "period-closed")
    clock.now = "2026-03-03T00:00:00Z"
    matches({ day = "2026-03-03" }, assert(ledger:pay { document = "C-00001" }))
  end)

  it("does not open again when the clock is put back", function()
    clock.now = "2026-02-27T10:00:00Z"
    refuses(ledger, "pay", { document = "C-00001" }, "period-closed")
    refuses(ledger, "close_days", { through = "2026-02-27" }, "period-closed")
  end)

  it("is still closed in a file that is opened again, and for another handle on it", function()
    local path = helper.folder() .. "/clinic.db"
    local first, second = helper.open { path = path }, helper.open { path = path }
    assert(second:consultation { patient = "P1", amount = "10.00", at = "2026-02-20" })
    assert(first:close_days { through = "2026-02-28" })
    refuses(second, "pay", { document = "C-00001", at = "2026-02-20" }, "period-closed")
    first:close()
    refuses(helper.open { path = path }, "pay", { document = "C-00001", at = "2026-02-20" }, "period-closed")
  end)

  it("answers a retry as it did when it was open", function()
    clock.now = "2026-03-03T10:00:00Z"
    local first = assert(ledger:pay { document = "C-00001", at = "2026-03-01", key = "k1" })
    close "2026-03-01"
    matches({ replayed = true, number = first.number, status = "paid" },
      assert(ledger:pay { document = "C-00001", at = "2026-03-01", key = "k1" }))
    refuses(ledger, "pay", { document = "C-00003", at = "2026-03-01" }, "period-closed")
  end)
end)

describe("a difference that does not fit", function()
  after_each(helper.finish)

  it("is refused", function()
    local books = helper.open()
    assert(books:deposit { patient = "P1", amount = "1.00", type = "card", group = "POS-1" })
    assert(books:withdraw { patient = "P1", amount = "0.01", type = "transfer" })
    helper.refused("amount-overflow",
      books:close_days { through = "2026-03-02", counted = { transfer = "92233720368547758.07" } })
    assert(books:close_days { through = "2026-03-02", counted = { transfer = "92233720368547758.06" } })
  end)
end)
