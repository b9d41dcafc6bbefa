-- Payments: what one takes, rounds, gives back and refuses, by the rules of its type (design.md §5, §6).
local helper = require "spec.helper"
local tallystick = require "tallystick"

local NONE = helper.NONE
local matches, refuses = helper.matches, helper.refuses

local ledger
before_each(function() ledger = helper.open() end)
after_each(helper.finish)

local function visit(amount, patient, at)
  return assert(ledger:consultation { patient = patient or "P1", amount = amount or "120.00", at = at }).number
end

local function bill(amount, patient, at)
  return assert(ledger:invoice { patient = patient or "P1", amount = amount or "120.00", at = at }).number
end

local function state(number)
  return helper.state(ledger, number)
end

local function credit(patient)
  return assert(ledger:patient(patient or "P1")).credit:decimal()
end

-- Fields with some changed; NONE takes one away.
local function with(fields, changes)
  local out = {}
  for key, value in pairs(fields) do out[key] = value end
  for key, value in pairs(changes) do out[key] = value ~= NONE and value or nil end
  return out
end

-- What each document got, as "C-00001 50.00" or "C-00001 50.00 rounded 0.02".
local function shares(payment)
  local out = {}
  for index, part in ipairs(payment.allocations) do
    out[index] = part.document .. " " .. part.amount:decimal()
    if part.rounded.minor ~= 0 then out[index] = out[index] .. " rounded " .. part.rounded:decimal() end
  end
  return out
end

describe("a payment", function()
  it("is told whole, at once and when it is read", function()
    visit()
    local made = assert(ledger:pay {
      document = "C-00001", type = "card", amount = "50.00", group = "POS-1", reference = "auth 4711",
      note = "paid by the father", at = "2026-03-02T09:30", actor = "desk-2",
    })
    local expected = {
      number = "R-00001", kind = "pay", type = "card", type_version = 1, effect = "money", patient = "P1",
      group = "POS-1", reference = "auth 4711", actor = "desk-2", note = "paid by the father", amount = "50.00",
      deposited = "0.00", tendered = NONE, change = "0.00", refunded = "0.00", at = "2026-03-02T09:30:00Z",
      day = "2026-03-02", recorded_at = "2026-03-02T10:00:00Z", reversed = false, refunds = {}, fields = NONE,
      allocations = { { document = "C-00001", amount = "50.00", rounded = "0.00", refunded = "0.00" } },
    }
    matches(expected, made)
    matches(expected, assert(ledger:payment "R-00001"))
    matches({ act = 2, document = "C-00001", status = "pending", remaining = "70.00", replayed = NONE }, made)
  end)

  it("takes the default type where none is named, and all that remains where no amount is", function()
    visit()
    matches({ type = "cash", amount = "120.00", status = "paid", remaining = "0.00" },
      assert(ledger:pay { document = "C-00001" }))
  end)

  it("is one of several on a document until nothing remains", function()
    bill()
    for index, row in ipairs {
      { { type = "twint", amount = "50.00" }, "partial", "70.00" },
      { { type = "card", group = "POS-2", amount = "50.00" }, "partial", "20.00" },
      { { type = "discount", amount = "5.00" }, "partial", "15.00" },
      { {}, "paid", "0.00" },
    } do
      local fields, status, remaining = table.unpack(row)
      matches({ number = ("R-%05d"):format(index), status = status, remaining = remaining },
        assert(ledger:pay(with(fields, { document = "F-00001" }))))
    end
    refuses(ledger, "pay", { document = "F-00001" }, "document-settled")
    assert.same({ "R-00001", "R-00002", "R-00003", "R-00004" }, assert(ledger:document "F-00001").payments)
  end)

  it("takes money values and defaults of the ledger's opening", function()
    visit()
    local francs = assert(tallystick.money("50", "CHF"))
    matches({ amount = "50.00", actor = "desk-1" }, assert(ledger:pay { document = "C-00001", amount = francs }))
  end)

  it("that is only tried says what it would do and writes nothing", function()
    visit()
    local before = assert(ledger:head())
    matches({ number = "R-00001", dry_run = true, status = "pending", remaining = "70.00" },
      assert(ledger:pay { document = "C-00001", amount = "50.00", dry_run = true }))
    helper.refused("document-unknown", ledger:pay { document = "C-00002", dry_run = true })
    assert.same(before, assert(ledger:head()))
    helper.refused("payment-unknown", ledger:payment "R-00001")
    assert.equal("R-00001", assert(ledger:pay { document = "C-00001" }).number)
  end)

  describe("of what it looks like", function()
    before_each(function() visit() end)

    for _, row in ipairs {
      { "no document", { document = NONE }, "field-missing", "document" },
      { "document and documents", { documents = { "C-00001" } }, "field-invalid", "documents" },
      { "an empty list", { document = NONE, documents = {} }, "field-invalid", "documents" },
      { "a document named twice", { document = NONE, documents = { "C-00001", "C-00001" } }, "field-invalid",
        "documents" },
      { "a list that holds no string", { document = NONE, documents = { 1 } }, "field-invalid", "documents" },
      { "another word than oldest", { document = NONE, documents = "newest", patient = "P1" }, "field-invalid",
        "documents" },
      { "oldest without a patient", { document = NONE, documents = "oldest" }, "field-missing", "patient" },
      { "a document that is a number", { document = 1 }, "field-invalid", "document" },
      { "an empty document", { document = "" }, "field-invalid", "document" },
      { "an empty type", { type = "" }, "field-invalid", "type" },
      { "an empty group", { group = "" }, "field-invalid", "group" },
      { "a group that is a list", { group = { "POS-1" } }, "field-invalid", "group" },
      { "a reference that is a number", { reference = 4711 }, "field-invalid", "reference" },
      { "an integer", { amount = 50 }, "amount-invalid", "amount" },
      { "a float", { amount = 50.5 }, "amount-invalid", "amount" },
      { "three decimals", { amount = "50.005" }, "amount-invalid", "amount" },
      { "a tendered integer", { tendered = 50 }, "amount-invalid", "tendered" },
      { "a date that is none", { at = "2026-02-29" }, "date-invalid", "at" },
      { "a slip", { ammount = "50" }, "field-unknown", "ammount" },
      { "a field of another command", { reopen = true }, "field-unknown", "reopen" },
    } do
      local name, changes, code, field = table.unpack(row)
      it(("is refused with %s: %s"):format(name, code), function()
        local message, details = refuses(ledger, "pay", with({ document = "C-00001" }, changes), code)
        assert.equal(field, details.field)
        assert(message:find(field, 1, true), message)
      end)
    end
  end)

  for _, row in ipairs {
    { "an unknown document", { document = "C-00099" }, "document-unknown" },
    { "an unknown document among others", { document = NONE, documents = { "C-00001", "C-00099" } },
      "document-unknown" },
    { "an unknown type", { type = "card2" }, "type-unknown" },
    { "an unknown patient", { patient = "P99" }, "patient-unknown" },
    { "another patient", { patient = "P2" }, "patient-mismatch" },
    { "a date in the future", { at = "2026-03-02T10:00:01" }, "date-in-future" },
    { "zero", { amount = "0" }, "amount-not-positive" },
    { "less than zero", { amount = "-50" }, "amount-not-positive" },
  } do
    local name, changes, code = table.unpack(row)
    it(("is refused with %s: %s"):format(name, code), function()
      visit()
      visit("80.00", "P2")
      refuses(ledger, "pay", with({ document = "C-00001" }, changes), code)
    end)
  end

  it("names the nearest type for a slip", function()
    visit()
    local message = refuses(ledger, "pay", { document = "C-00001", type = "crad" }, "type-unknown")
    assert(message:find('"card"', 1, true), message)
  end)

  it("is refused where the documents' sum leaves 64 bits", function()
    visit "92233720368547758.07"
    visit "0.01"
    refuses(ledger, "pay", { documents = { "C-00001", "C-00002" }, type = "twint" }, "amount-overflow")
  end)

  it("takes the largest amount there is", function()
    visit "92233720368547758.07"
    matches({ amount = "92233720368547758.07", status = "paid" },
      assert(ledger:pay { document = "C-00001", type = "twint" }))
  end)
end)

describe("a payment of several documents", function()
  -- Issued in this order; only "oldest" looks at the days.
  local function issue()
    visit("100.00", "P1", "2026-02-03") -- C-00001
    bill("50.00", "P1", "2026-02-01") -- F-00001
    visit("30.00", "P1", "2026-02-02") -- C-00002
  end

  it("goes to them in their order, each up to its own, under one number", function()
    issue()
    local payment = assert(ledger:pay {
      documents = { "C-00002", "F-00001", "C-00001" }, type = "twint", amount = "100.00",
    })
    assert.same({ "C-00002 30.00", "F-00001 50.00", "C-00001 20.00" }, shares(payment))
    matches({ number = "R-00001", amount = "100.00", document = NONE, status = NONE, remaining = NONE }, payment)
    assert.equal("pending 80.00: charged 100.00, collected 20.00", state "C-00001")
    assert.same({ "R-00001" }, assert(ledger:document "F-00001").payments)
  end)

  it("leaves those alone that it does not reach", function()
    issue()
    local payment = assert(ledger:pay { documents = { "C-00002", "C-00001" }, type = "twint", amount = "20.00" })
    assert.same({ "C-00002 20.00" }, shares(payment))
    matches({ document = "C-00002", status = "pending", remaining = "10.00" }, payment)
    assert.equal("pending 100.00: charged 100.00", state "C-00001")
  end)

  it("takes all that remains on all of them where no amount is named", function()
    issue()
    assert(ledger:pay { document = "C-00001", amount = "60.00" })
    matches({ amount = "120.00" }, assert(ledger:pay { documents = { "C-00001", "F-00001", "C-00002" } }))
    assert.equal("paid 0.00: charged 100.00, collected 100.00", state "C-00001")
  end)

  it("passes over those that are settled", function()
    issue()
    assert(ledger:pay { document = "F-00001" })
    local payment = assert(ledger:pay { documents = { "F-00001", "C-00001" }, amount = "10.00" })
    assert.same({ "C-00001 10.00" }, shares(payment))
  end)

  it("is refused where all are settled", function()
    issue()
    assert(ledger:pay { documents = { "F-00001", "C-00001" } })
    refuses(ledger, "pay", { documents = { "F-00001", "C-00001" } }, "document-settled")
  end)

  it("may be of two patients, unless one is named or their credit is used", function()
    visit "10.00"
    visit("20.00", "P2")
    local both = { "C-00001", "C-00002" }
    refuses(ledger, "pay", { documents = both, patient = "P1" }, "patient-mismatch")
    assert(ledger:deposit { patient = "P1", amount = "30.00" })
    refuses(ledger, "pay", { documents = both, type = "credit" }, "patient-mismatch")
    matches({ amount = "30.00" }, assert(ledger:pay { documents = both }))
  end)

  it("of a list of one is like the document alone", function()
    visit "10.00"
    matches({ document = "C-00001", status = "paid" }, assert(ledger:pay { documents = { "C-00001" } }))
  end)

  for _, row in ipairs {
    -- what remains, what cash takes in all, each document's share
    { { "10.02", "5.01" }, "15.05", { "C-00001 10.02", "C-00002 5.03 rounded -0.02" } },
    { { "10.02", "5.00" }, "15.00", { "C-00001 10.02", "C-00002 4.98 rounded 0.02" } },
    { { "10.00", "0.02" }, "10.00", { "C-00001 10.00", "C-00002 0.00 rounded 0.02" } },
    { { "10.00", "0.01", "0.01" }, "10.00",
      { "C-00001 10.00", "C-00002 0.00 rounded 0.01", "C-00003 0.00 rounded 0.01" } },
    { { "9.99", "0.01", "0.02" }, "10.00", { "C-00001 9.99", "C-00002 0.01", "C-00003 0.00 rounded 0.02" } },
    { { "0.02", "0.02" }, "0.05", { "C-00001 0.02", "C-00002 0.03 rounded -0.01" } },
    { { "10.03", "0.01" }, "10.05", { "C-00001 10.03", "C-00002 0.02 rounded -0.01" } },
    { { "1.01", "1.01", "1.01" }, "3.05", { "C-00001 1.01", "C-00002 1.01", "C-00003 1.03 rounded -0.02" } },
    { { "1.04", "1.04", "1.04" }, "3.10", { "C-00001 1.04", "C-00002 1.04", "C-00003 1.02 rounded 0.02" } },
    { { "5.00", "5.00" }, "10.00", { "C-00001 5.00", "C-00002 5.00" } },
  } do
    local amounts, taken, expected = table.unpack(row)
    it(("of %s in cash takes %s and closes all"):format(table.concat(amounts, " and "), taken), function()
      local numbers = {}
      for index, amount in ipairs(amounts) do numbers[index] = visit(amount) end
      local payment = assert(ledger:pay { documents = numbers })
      assert.equal(taken, payment.amount:decimal())
      assert.same(expected, shares(payment))
      for _, number in ipairs(numbers) do assert.equal("0.00", assert(ledger:document(number)).remaining:decimal()) end
    end)
  end

  it("does not round where it does not close them", function()
    visit "10.02"
    visit "5.01"
    local payment = assert(ledger:pay { documents = { "C-00001", "C-00002" }, amount = "15.00" })
    assert.same({ "C-00001 10.02", "C-00002 4.98" }, shares(payment))
    assert.equal("pending 0.03: charged 5.01, collected 4.98", state "C-00002")
  end)
end)

describe("oldest", function()
  local function oldest(fields)
    return assert(ledger:pay(with({ documents = "oldest", patient = "P1", type = "twint" }, fields or {})))
  end

  it("goes by business day of issue, then by number as text", function()
    visit("10.00", "P1", "2026-02-02") -- C-00001
    bill("10.00", "P1", "2026-02-02") -- F-00001
    visit("10.00", "P1", "2026-02-01T18:00") -- C-00002
    assert(ledger:consultation { patient = "P1", amount = "10.00", number = "B-9", at = "2026-02-02T18:00" })
    assert(ledger:consultation { patient = "P1", amount = "10.00", number = "B-10", at = "2026-02-02T19:00" })
    visit("10.00", "P2", "2026-01-01") -- C-00003
    assert.same({ "C-00002 10.00", "B-10 10.00", "B-9 10.00", "C-00001 10.00", "F-00001 10.00" }, shares(oldest()))
    assert.equal("pending 10.00: charged 10.00", state "C-00003")
  end)

  it("takes open documents only", function()
    visit("10.00", "P1", "2026-02-01") -- paid
    visit("20.00", "P1", "2026-02-02") -- cancelled
    visit("30.00", "P1", "2026-02-03") -- invoiced
    visit("40.00", "P1", "2026-02-05") -- partly paid
    assert(ledger:pay { document = "C-00001" })
    assert(ledger:cancel { document = "C-00002", reason = "test" })
    assert(ledger:invoice { consultations = { "C-00003" }, at = "2026-02-04" })
    assert(ledger:pay { document = "C-00004", amount = "15.00" })
    assert.same({ "F-00001 30.00", "C-00004 25.00" }, shares(oldest()))
  end)

  it("reaches as far as the amount", function()
    visit("10.00", "P1", "2026-02-01")
    visit("20.00", "P1", "2026-02-02")
    assert.same({ "C-00001 10.00", "C-00002 5.00" }, shares(oldest { amount = "15.00" }))
    matches({ document = "C-00002", status = "paid" }, oldest())
  end)

  it("is refused for a patient with nothing open, or one nobody knows", function()
    assert(ledger:deposit { patient = "P1", amount = "5.00" })
    refuses(ledger, "pay", { documents = "oldest", patient = "P1" }, "document-settled")
    refuses(ledger, "pay", { documents = "oldest", patient = "P99" }, "patient-unknown")
  end)
end)

describe("rounding", function()
  for _, row in ipairs {
    -- remaining, amount taken in cash, rounded
    { "12.30", "12.30", "0.00" }, { "12.31", "12.30", "0.01" }, { "12.32", "12.30", "0.02" },
    { "12.33", "12.35", "-0.02" }, { "12.34", "12.35", "-0.01" }, { "12.35", "12.35", "0.00" },
    { "0.03", "0.05", "-0.02" }, { "0.04", "0.05", "-0.01" }, { "0.07", "0.05", "0.02" },
  } do
    local remaining, amount, rounded = table.unpack(row)
    for how, fields in pairs { ["left out"] = {}, ["given"] = { amount = amount } } do
      it(("closes %s with %s in cash, the amount %s"):format(remaining, amount, how), function()
        visit(remaining)
        local payment = assert(ledger:pay(with({ document = "C-00001" }, fields)))
        matches({ amount = amount, tendered = NONE, change = "0.00", status = "paid", remaining = "0.00" }, payment)
        matches({ collected = amount, rounded = rounded }, assert(ledger:document "C-00001"))
      end)
    end
  end

  for _, row in ipairs { { "12.49", "12.00" }, { "12.50", "13.00" }, { "12.51", "13.00" }, { "0.50", "1.00" } } do
    local remaining, amount = table.unpack(row)
    it(("goes to the nearest step, halves up: %s is %s in whole francs"):format(remaining, amount), function()
      local francs = helper.open { script = [[
        local clinic = ...
        clinic:currency "CHF"
        clinic:payment_type { id = "cash", default = true, round_to = "1.00" }]] }
      assert(francs:consultation { patient = "P1", amount = remaining })
      matches({ amount = amount, status = "paid" }, assert(francs:pay { document = "C-00001" }))
    end)
  end

  it("is for the types that have a step", function()
    visit "12.34"
    matches({ amount = "12.34", status = "paid" }, assert(ledger:pay { document = "C-00001", type = "twint" }))
    assert.equal("paid 0.00: charged 12.34, collected 12.34", state "C-00001")
  end)

  it("is done by the payment that closes, never by one before", function()
    visit "12.34"
    assert(ledger:pay { document = "C-00001", amount = "12.30" })
    assert.equal("pending 0.04: charged 12.34, collected 12.30", state "C-00001")
    assert(ledger:pay { document = "C-00001" })
    assert.equal("paid 0.00: charged 12.34, collected 12.35, rounded -0.01", state "C-00001")
  end)

  for _, row in ipairs {
    { "12.34", { amount = "12.34" } }, { "12.34", { amount = "0.01" } }, { "12.34", { amount = "12.36" } },
    { "12.34", { tendered = "20.01" } }, { "12.34", { amount = "10", tendered = "0" } },
    { "12.34", { amount = "10", tendered = "-10" } }, { "12.34", { amount = "10", tendered = "9.99" } },
    { "0.01", {} }, { "0.02", {} }, { "0.02", { amount = "0.05" } }, { "0.02", { amount = "10" } },
    { "0.02", { tendered = "10" } }, { "0.02", { amount = "0.02" } },
  } do
    local remaining, fields = table.unpack(row)
    local given = ("amount %s, tendered %s"):format(fields.amount or "left out", fields.tendered or "left out")
    it(("cannot take %s where %s remains: amount-not-tenderable"):format(given, remaining), function()
      visit(remaining)
      refuses(ledger, "pay", with({ document = "C-00001" }, fields), "amount-not-tenderable")
    end)
  end

  it("leaves 0.02 to another type", function()
    visit "0.02"
    matches({ status = "offered" }, assert(ledger:pay { document = "C-00001", type = "discount" }))
  end)
end)

describe("an excess", function()
  it("is refused by default, down to the last unit", function()
    visit()
    local message, details = refuses(ledger, "pay", { document = "C-00001", type = "twint", amount = "120.01" },
      "amount-exceeds-remaining")
    assert(message:find("120.01", 1, true) and message:find("120.00", 1, true), message)
    assert.equal("120.00 CHF", details.remaining)
    matches({ status = "paid" }, assert(ledger:pay { document = "C-00001", type = "twint", amount = "120.00" }))
  end)

  for _, row in ipairs {
    -- remaining, amount, tendered; amount taken, tendered, change
    { "120.00", "200.00", nil, "120.00", "200.00", "80.00" },
    { "120.00", "120.05", nil, "120.00", "120.05", "0.05" },
    { "120.00", "200.00", "200.00", "120.00", "200.00", "80.00" },
    { "120.00", "150.00", "200.00", "120.00", "200.00", "80.00" },
    { "120.00", nil, "200.00", "120.00", "200.00", "80.00" },
    { "120.00", nil, "120.00", "120.00", "120.00", "0.00" },
    { "120.00", "50.00", "100.00", "50.00", "100.00", "50.00" },
    { "120.00", "50.00", "50.00", "50.00", "50.00", "0.00" },
    { "12.34", "20.00", nil, "12.35", "20.00", "7.65" },
    { "12.32", nil, "20.00", "12.30", "20.00", "7.70" },
    { "12.32", "12.35", nil, "12.30", "12.35", "0.05" },
  } do
    local remaining, amount, tendered, taken, kept, change = table.unpack(row, 1, 6)
    it(("in cash gives change: %s of %s, tendered %s, change %s"):format(amount or "all", remaining,
      tendered or "left out", change), function()
      visit(remaining)
      local payment = assert(ledger:pay { document = "C-00001", amount = amount, tendered = tendered })
      local expected = { amount = taken, tendered = kept, change = change, deposited = "0.00" }
      matches(expected, payment)
      matches(expected, assert(ledger:payment "R-00001"))
      assert.equal("0.00", credit())
      assert.equal(taken, assert(ledger:document "C-00001").collected:decimal())
    end)
  end

  for _, row in ipairs {
    { "120.00", nil, "100.00", "cash" }, { "120.00", "50.00", "49.95", "cash" },
    { "120.00", "200.00", "150.00", "cash" }, { "12.34", nil, "12.30", "cash" },
    { "120.00", "50.00", "49.99", "twint" }, { "120.00", "50.00", "0", "twint" }, { "120.00", nil, "-1", "twint" },
    { "120.00", "150.00", "149.99", "transfer" },
  } do
    local remaining, amount, tendered, type = table.unpack(row, 1, 4)
    it(("is refused where %s tendered by %s does not cover %s of %s"):format(tendered, type, amount or "all",
      remaining), function()
      visit(remaining)
      refuses(ledger, "pay", { document = "C-00001", type = type, amount = amount, tendered = tendered },
        "tendered-too-small")
    end)
  end

  it("tendered by another type of money gives change, too", function()
    visit()
    matches({ amount = "50.00", tendered = "60.01", change = "10.01" },
      assert(ledger:pay { document = "C-00001", type = "twint", amount = "50.00", tendered = "60.01" }))
  end)

  it("of a transfer is kept as the patient's credit", function()
    visit()
    local payment = assert(ledger:pay { document = "C-00001", type = "transfer", amount = "150.00" })
    matches({ amount = "150.00", deposited = "30.00", change = "0.00", tendered = NONE, status = "paid" }, payment)
    assert.same({ "C-00001 120.00" }, shares(payment))
    assert.equal("30.00", credit())
    assert.same({ transfer = "collected 120.00, deposited 30.00, count 1" }, helper.totals(ledger))
  end)

  it("of a transfer over several documents goes to the one patient they have", function()
    visit "10.00"
    visit "20.00"
    visit("30.00", "P2")
    assert(ledger:pay { document = "C-00003", type = "twint" })
    assert(ledger:pay { documents = { "C-00001", "C-00003", "C-00002" }, type = "transfer", amount = "35.00" })
    assert.equal("5.00", credit "P1")
    assert.equal("0.00", credit "P2")
  end)

  it("of a transfer is refused over documents of two patients; exactly what is owed is not", function()
    visit "10.00"
    visit("20.00", "P2")
    local both = { "C-00001", "C-00002" }
    refuses(ledger, "pay", { documents = both, type = "transfer", amount = "30.01" }, "patient-mismatch")
    matches({ amount = "30.00" }, assert(ledger:pay { documents = both, type = "transfer", amount = "30.00" }))
  end)

  it("is refused for what is no money", function()
    assert(ledger:deposit { patient = "P1", amount = "200.00" })
    bill()
    for _, type in ipairs { "discount", "loss", "credit" } do
      refuses(ledger, "pay", { document = "F-00001", type = type, amount = "120.01" }, "amount-exceeds-remaining")
    end
  end)

  it("is counted from the rounded sum where the type rounds", function()
    local other = helper.open { script = [[
      local clinic = ...
      clinic:currency "CHF"
      clinic:payment_type { id = "refuse", default = true, round_to = "0.05" }
      clinic:payment_type { id = "credit-all", round_to = "0.05", excess = "credit" }]] }
    for index = 1, 2 do assert(other:consultation { patient = "P" .. index, amount = "12.34" }) end
    refuses(other, "pay", { document = "C-00001", amount = "12.40" }, "amount-exceeds-remaining")
    matches({ amount = "12.35", status = "paid" }, assert(other:pay { document = "C-00001", amount = "12.35" }))
    local payment = assert(other:pay { document = "C-00002", type = "credit-all", amount = "20.00" })
    matches({ amount = "20.00", deposited = "7.65", status = "paid" }, payment)
    assert.same({ "C-00002 12.35 rounded -0.01" }, shares(payment))
    assert.equal("7.65", assert(other:patient "P2").credit:decimal())
  end)

  it("is never there where the patient's credit would leave 64 bits", function()
    assert(ledger:deposit { patient = "P1", amount = "92233720368547758.00", type = "twint" })
    visit "10.00"
    refuses(ledger, "pay", { document = "C-00001", type = "transfer", amount = "10.08" }, "amount-overflow")
    matches({ deposited = "0.07" }, assert(ledger:pay { document = "C-00001", type = "transfer", amount = "10.07" }))
  end)
end)

describe("patient credit", function()
  for _, row in ipairs {
    -- credit, owed, amount; amount taken, status
    { "50.00", "120.00", nil, "50.00", "pending" },
    { "120.00", "120.00", nil, "120.00", "paid" },
    { "150.00", "120.00", nil, "120.00", "paid" },
    { "150.00", "120.00", "0.01", "0.01", "pending" },
    { "50.00", "120.00", "50.00", "50.00", "pending" },
  } do
    local held, owed, amount, taken, status = table.unpack(row, 1, 5)
    it(("of %s pays %s of %s"):format(held, amount or "what it covers", owed), function()
      assert(ledger:deposit { patient = "P1", amount = held })
      visit(owed)
      matches({ amount = taken, effect = "credit", status = status, tendered = NONE },
        assert(ledger:pay { document = "C-00001", type = "credit", amount = amount }))
      matches({ credited = taken, collected = "0.00" }, assert(ledger:document "C-00001"))
      assert.equal((assert(ledger:money(held)) - assert(ledger:money(taken))):decimal(), credit())
    end)
  end

  it("pays several documents of its patient", function()
    assert(ledger:deposit { patient = "P1", amount = "25.00" })
    visit "10.00"
    visit "20.00"
    local payment = assert(ledger:pay { documents = { "C-00001", "C-00002" }, type = "credit" })
    assert.same({ "C-00001 10.00", "C-00002 15.00" }, shares(payment))
  end)

  for _, row in ipairs {
    { "0", nil, "credit-insufficient" }, { "0", "10.00", "credit-insufficient" },
    { "50.00", "50.01", "credit-insufficient" }, { "500.00", "120.01", "amount-exceeds-remaining" },
    { "50.00", "0", "amount-not-positive" },
  } do
    local held, amount, code = table.unpack(row, 1, 3)
    it(("of %s does not pay %s of 120.00: %s"):format(held, amount or "anything", code), function()
      if held ~= "0" then assert(ledger:deposit { patient = "P1", amount = held }) end
      assert(ledger:deposit { patient = "P2", amount = "900.00" })
      visit()
      refuses(ledger, "pay", { document = "C-00001", type = "credit", amount = amount }, code)
    end)
  end
end)

describe("a discount", function()
  it("of all makes a document offered, and of a part leaves the rest to be paid", function()
    visit()
    matches({ status = "offered", effect = "discount" }, assert(ledger:pay { document = "C-00001", type = "discount" }))
    visit()
    matches({ status = "pending", remaining = "100.00" },
      assert(ledger:pay { document = "C-00002", type = "discount", amount = "20.00" }))
    matches({ status = "paid" }, assert(ledger:pay { document = "C-00002" }))
    assert.equal("paid 0.00: charged 120.00, collected 100.00, discounted 20.00", state "C-00002")
  end)

  it("has no money to be tendered", function()
    visit()
    refuses(ledger, "pay", { document = "C-00001", type = "discount", amount = "20.00", tendered = "20.00" },
      "type-not-applicable")
  end)
end)

describe("a loss", function()
  it("writes an invoice off, and the rest of one that was partly paid", function()
    bill()
    bill()
    matches({ status = "written_off", effect = "loss" }, assert(ledger:pay { document = "F-00001", type = "loss" }))
    assert(ledger:pay { document = "F-00002", amount = "100.00" })
    matches({ amount = "20.00", status = "written_off" }, assert(ledger:pay { document = "F-00002", type = "loss" }))
  end)

  it("is for invoices alone", function()
    visit()
    bill()
    refuses(ledger, "pay", { document = "C-00001", type = "loss" }, "type-not-applicable")
    refuses(ledger, "pay", { documents = { "F-00001", "C-00001" }, type = "loss" }, "type-not-applicable")
  end)

  it("is for managers", function()
    bill()
    local message, details = refuses(ledger, "pay", { document = "F-00001", type = "loss", roles = { "secretary" } },
      "permission-denied")
    assert.equal("manager", details.role)
    assert(message:find("manager", 1, true), message)
    refuses(ledger, "pay", { document = "F-00001", type = "loss", roles = {} }, "permission-denied")
    assert(ledger:pay { document = "F-00001", type = "loss", roles = { "secretary", "manager" } })
  end)
end)

describe("roles", function()
  local other
  before_each(function()
    other = helper.open { roles = { "secretary" }, script = [[
      local clinic = ...
      clinic:currency "CHF"
      clinic:payment_type { id = "cash", default = true }
      clinic:payment_type { id = "gift", effect = "discount", roles = { "doctor", "manager" } }
      clinic:permit { pay = { "secretary", "doctor" }, correct = { "doctor" } }]] }
    assert(other:consultation { patient = "P1", amount = "10.00" })
  end)

  for _, row in ipairs {
    { "cash", nil, nil }, { "cash", { "doctor" }, nil }, { "cash", { "manager" }, "permission-denied" },
    { "cash", {}, "permission-denied" }, { "gift", nil, "permission-denied" }, { "gift", { "doctor" }, nil },
    { "gift", { "manager" }, "permission-denied" }, { "gift", { "manager", "secretary" }, nil },
    { "gift", { "Doctor" }, "permission-denied" },
  } do
    local type, roles, code = table.unpack(row, 1, 3)
    local who = roles and table.concat(roles, " and ") or "the ledger's secretary"
    it(("let %s as %q: %s"):format(type, who, code or "yes"), function()
      local fields = { document = "C-00001", type = type, roles = roles }
      if code then return refuses(other, "pay", fields, code) end
      assert(other:pay(fields))
    end)
  end

  it("of an open ledger count only where a command names none", function()
    refuses(other, "pay", { document = "C-00001", roles = { "guest" } }, "permission-denied")
    assert(other:pay { document = "C-00001" })
    refuses(other, "correct", { payment = "R-00001", reason = "test" }, "permission-denied")
  end)
end)

describe("a group", function()
  for _, row in ipairs {
    { "card", nil, "group-required" }, { "card", "POS-3", "group-unknown" }, { "card", "pos-1", "group-unknown" },
    { "card", "POS-1", nil }, { "card", "POS-2", nil },
    { "cash", "till in the hall", nil }, { "twint", nil, nil },
  } do
    local type, group, code = table.unpack(row, 1, 3)
    it(("%s on %s: %s"):format(group or "left out", type, code or "taken"), function()
      visit()
      local fields = { document = "C-00001", type = type, group = group }
      if not code then return matches({ group = group or NONE }, assert(ledger:pay(fields))) end
      local message = refuses(ledger, "pay", fields, code)
      assert(message:find("card", 1, true), message)
    end)
  end

  it("may be required without a list, or free with one", function()
    local other = helper.open { script = [[
      local clinic = ...
      clinic:currency "CHF"
      clinic:payment_type { id = "cash", default = true, group = { one_of = { "room-1" } } }
      clinic:payment_type { id = "card", group = { required = true } }]] }
    assert(other:consultation { patient = "P1", amount = "100.00" })
    assert(other:pay { document = "C-00001", amount = "1.00" })
    refuses(other, "pay", { document = "C-00001", amount = "1.00", group = "room-2" }, "group-unknown")
    refuses(other, "pay", { document = "C-00001", amount = "1.00", type = "card" }, "group-required")
    assert(other:pay { document = "C-00001", amount = "1.00", type = "card", group = "any" })
    assert.same({ ["card/any"] = "collected 1.00, count 1", ["cash/"] = "collected 1.00, count 1" },
      helper.totals(other, { by = { "type", "group" } }))
  end)
end)

describe("a limit", function()
  for _, row in ipairs {
    { "300.00", "200.00", nil }, { "300.00", "200.01", "amount-above-limit" }, { "200.00", nil, nil },
    { "200.01", nil, "amount-above-limit" }, { "100.00", "200.01", "amount-above-limit" },
    { "100.00", "200.00", "amount-exceeds-remaining" },
  } do
    local owed, amount, code = table.unpack(row, 1, 3)
    it(("of 200.00 on %s of %s: %s"):format(amount or "all", owed, code or "taken"), function()
      visit(owed)
      local fields = { document = "C-00001", type = "voucher", amount = amount }
      if not code then return assert(ledger:pay(fields)) end
      refuses(ledger, "pay", fields, code)
    end)
  end

  it("is told with the amount that is above it", function()
    visit "300.00"
    local message, details = refuses(ledger, "pay", { document = "C-00001", type = "voucher" }, "amount-above-limit")
    assert.equal("200.00 CHF", details.max)
    assert(message:find("300.00", 1, true), message)
  end)

  it("is for one payment, not for their sum", function()
    visit "300.00"
    for _, amount in ipairs { "200.00", "100.00" } do
      assert(ledger:pay { document = "C-00001", type = "voucher", amount = amount })
    end
  end)

  it("is held against what is recorded: less the change, with what becomes credit", function()
    local other = helper.open { script = [[
      local clinic = ...
      clinic:currency "CHF"
      clinic:payment_type { id = "cash", default = true, max = "100.00", excess = "change" }
      clinic:payment_type { id = "transfer", max = "100.00", excess = "credit" }]] }
    assert(other:consultation { patient = "P1", amount = "80.00" })
    refuses(other, "pay", { document = "C-00001", type = "transfer", amount = "100.01" }, "amount-above-limit")
    matches({ amount = "80.00", change = "70.00" }, assert(other:pay { document = "C-00001", amount = "150.00" }))
    assert(other:consultation { patient = "P1", amount = "80.00" })
    matches({ amount = "100.00", deposited = "20.00" },
      assert(other:pay { document = "C-00002", type = "transfer", amount = "100.00" }))
  end)
end)

describe("what a type applies to", function()
  it("is one kind of document, or both", function()
    visit()
    bill()
    matches({ status = "paid" }, assert(ledger:pay { document = "C-00001", type = "voucher" }))
    local message, details = refuses(ledger, "pay", { document = "F-00001", type = "voucher" }, "type-not-applicable")
    assert.equal("voucher", details.type)
    assert(message:find("invoice", 1, true), message)
    refuses(ledger, "pay", { documents = { "C-00001", "F-00001" }, type = "voucher" }, "type-not-applicable")
  end)
end)

describe("extra fields", function()
  before_each(function() visit() end)

  for _, row in ipairs {
    { { policy = "4711" }, { policy = "4711" } },
    { { policy = "0" }, { policy = "0" } },
    { { policy = "4711", claims = 3 }, { policy = "4711", claims = "3" } },
    { { policy = "4711", claims = -3 }, { policy = "4711", claims = "-3" } },
  } do
    local given, kept = table.unpack(row)
    it(("are kept: policy %s, claims %s"):format(given.policy, given.claims), function()
      matches({ fields = kept }, assert(ledger:pay { document = "C-00001", type = "insurance", fields = given }))
      assert.same(kept, assert(ledger:payment "R-00001").fields)
    end)
  end

  for _, row in ipairs {
    { "left out", nil, "field-missing", "policy" },
    { "an empty table", {}, "field-missing", "policy" },
    { "without the required one", { claims = 3 }, "field-missing", "policy" },
    { "a name with a slip", { policy = "4711", claim = 3 }, "field-unknown", "claim" },
    { "text against the pattern", { policy = "47-11" }, "field-invalid", "policy" },
    { "an empty text against the pattern", { policy = "" }, "field-invalid", "policy" },
    { "an integer for a string", { policy = -5 }, "field-invalid", "policy" },
    { "a boolean for a string", { policy = true }, "field-invalid", "policy" },
    { "a word for an integer", { policy = "4711", claims = "three" }, "field-invalid", "claims" },
    { "a boolean for an integer", { policy = "4711", claims = true }, "field-invalid", "claims" },
    { "a float for an integer", { policy = "4711", claims = 2.5 }, "field-invalid" },
    { "a table in it", { policy = { "4711" } }, "field-invalid" },
    { "a list", { "4711" }, "field-invalid" },
    { "a string", "4711", "field-invalid" },
    { "a NUL in it", { policy = "47\00011" }, "field-invalid" },
  } do
    local name, given, code, field = table.unpack(row, 1, 4)
    it(("are refused as %s: %s"):format(name, code), function()
      local message, details = refuses(ledger, "pay", { document = "C-00001", type = "insurance", fields = given },
        code)
      assert.equal("fields", details.field)
      if field then
        assert.equal(field, details.name)
        assert(message:find(field, 1, true), message)
      end
    end)
  end

  it("are refused where the type has none, and an empty table is none", function()
    refuses(ledger, "pay", { document = "C-00001", fields = { policy = "4711" } }, "field-unknown")
    assert(ledger:pay { document = "C-00001", fields = {} })
  end)

  it("may be booleans and dates", function()
    local other = helper.open { script = [[
      local clinic = ...
      clinic:currency "CHF"
      clinic:payment_type { id = "cash", default = true,
        fields = { signed = { type = "boolean" }, drawn_on = { type = "date" } } }]] }
    assert(other:consultation { patient = "P1", amount = "100.00" })
    matches({ fields = { signed = "true", drawn_on = "2026-02-28" } },
      assert(other:pay { document = "C-00001", amount = "1", fields = { signed = true, drawn_on = "2026-02-28" } }))
    for _, fields in ipairs { { signed = "yes" }, { signed = 1 }, { drawn_on = "2026-02-30" }, { drawn_on = 5 },
      { drawn_on = "" } } do
      refuses(other, "pay", { document = "C-00001", amount = "1", fields = fields }, "field-invalid")
    end
  end)
end)

describe("a type", function()
  it("that is retired is refused for new payments, of any command", function()
    visit()
    local _, details = refuses(ledger, "pay", { document = "C-00001", type = "cheque" }, "type-retired")
    assert.equal("cheque", details.type)
    refuses(ledger, "deposit", { patient = "P1", amount = "10", type = "cheque" }, "type-retired")
    refuses(ledger, "withdraw", { patient = "P1", amount = "10", type = "cheque" }, "type-retired")
  end)

  it("that is retired or changed later is still shown on old payments, as it was then", function()
    local path = helper.folder() .. "/clinic.db"
    local before = helper.open { path = path, script = [[
      local clinic = ...
      clinic:currency "CHF"
      clinic:payment_type { id = "cash", default = true }
      clinic:payment_type { id = "cheque" }]] }
    assert(before:consultation { patient = "P1", amount = "10.00" })
    assert(before:pay { document = "C-00001", type = "cheque", amount = "4.00" })
    before:close()
    local after = helper.open { path = path, script = [[
      local clinic = ...
      clinic:currency "CHF"
      clinic:payment_type { id = "cash", default = true }
      clinic:payment_type { id = "cheque", retired = true }]] }
    refuses(after, "pay", { document = "C-00001", type = "cheque" }, "type-retired")
    matches({ type = "cheque", type_version = 1, amount = "4.00" }, assert(after:payment "R-00001"))
    assert(after:reverse { payment = "R-00001", reason = "test" })
  end)

  for _, row in ipairs {
    { "cash", { amount = "20.00" }, { amount = "12.35", change = "7.65", status = "paid" } },
    { "card", {}, { amount = "12.34", status = "paid" } },
    { "transfer", { amount = "20.00" }, { amount = "20.00", deposited = "7.66", status = "paid" } },
    { "discount", {}, { amount = "12.34", effect = "discount", status = "offered" } },
    { "loss", {}, { amount = "12.34", effect = "loss", status = "written_off" } },
  } do
    local type, fields, expected = table.unpack(row)
    it(("%s is there without a script"):format(type), function()
      local plain = helper.open { script = "" }
      assert(plain:consultation { patient = "P1", amount = "12.34" })
      matches(expected, assert(plain:pay(with({ document = "C-00001", type = type }, fields))))
    end)
  end

  it("cash is the default without a script, and credit uses the patient's", function()
    local plain = helper.open { script = "" }
    assert(plain:consultation { patient = "P1", amount = "12.34" })
    assert(plain:deposit { patient = "P1", amount = "5.00" })
    matches({ amount = "5.00" }, assert(plain:pay { document = "C-00001", type = "credit" }))
    matches({ type = "cash", amount = "7.35" }, assert(plain:pay { document = "C-00001" }))
    refuses(plain, "pay", { document = "C-00001", type = "twint" }, "type-unknown")
  end)
end)

describe("a command", function()
  it("raises only for misuse of the handle", function()
    for _, misuse in ipairs {
      function() return ledger:pay() end, function() return ledger:pay "C-00001" end,
      function() return ledger.pay { document = "C-00001" } end, function() return ledger.pay() end,
    } do
      assert.is_false((pcall(misuse)))
    end
    ledger:close()
    local ok, message = pcall(ledger.pay, ledger, { document = "C-00001" })
    assert.is_false(ok)
    assert(message:find("closed", 1, true), message)
  end)
end)
