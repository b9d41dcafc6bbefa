-- Refunds: money goes back, and is owed again or not.
local helper = require "spec.helper"

local NONE = helper.NONE
local matches, refuses = helper.matches, helper.refuses

local ledger, clock
before_each(function() ledger, clock = helper.open() end)
after_each(helper.finish)

local function visit(amount, patient, at)
  return assert(ledger:consultation { patient = patient or "P1", amount = amount or "120.00", at = at }).number
end

local function pay(fields)
  return assert(ledger:pay(fields)).number
end

local function with(fields, changes)
  local out = {}
  for key, value in pairs(fields) do out[key] = value end
  for key, value in pairs(changes) do
    out[key] = value
    if value == NONE then out[key] = nil end
  end
  return out
end

local function refund(fields)
  return assert(ledger:refund(with({ payment = "R-00001", reopen = true, reason = "sent home" }, fields or {})))
end

local function state(number)
  return helper.state(ledger, number or "C-00001")
end

describe("a refund", function()
  it("is numbered, and linked with its payment", function()
    visit()
    pay { document = "C-00001", type = "twint" }
    matches({
      number = "R-00002", kind = "refund", type = "twint", amount = "50.00", refund_of = "R-00001", patient = "P1",
      reason = "sent home", document = "C-00001", status = "pending", remaining = "50.00",
    }, refund { amount = "50.00" })
    matches({
      refunded = "50.00", refunds = { "R-00002" }, reversed = false,
      allocations = { { document = "C-00001", amount = "120.00", refunded = "50.00" } },
    }, assert(ledger:payment "R-00001"))
    matches({ kind = "refund", refund_of = "R-00001", reason = "sent home" }, assert(ledger:payment "R-00002"))
    assert.same({ "R-00001", "R-00002" }, assert(ledger:document "C-00001").payments)
  end)

  for _, row in ipairs {
    -- charged, paid by, refunded, amount of the refund, state after
    { "120.00", { type = "twint" }, { amount = "50.00" }, "50.00", "pending 50.00: charged 120.00, collected 70.00" },
    { "120.00", { type = "twint" }, {}, "120.00", "pending 120.00: charged 120.00" },
    { "120.00", { type = "twint", amount = "50" }, {}, "50.00", "pending 120.00: charged 120.00" },
    { "120.00", { type = "twint" }, { amount = "50.00", reopen = false }, "50.00",
      "paid 0.00: charged 70.00, collected 70.00" },
    { "120.00", { type = "twint" }, { reopen = false }, "120.00", "paid 0.00: " },
    { "120.00", { type = "twint", amount = "50" }, { amount = "20.00", reopen = false }, "20.00",
      "pending 70.00: charged 100.00, collected 30.00" },
    { "120.00", { type = "transfer", amount = "150" }, {}, "120.00", "pending 120.00: charged 120.00" },
    -- what was rounded goes back with the last of a payment that is owed again, and only then
    { "12.34", {}, {}, "12.35", "pending 12.34: charged 12.34" },
    { "12.32", {}, {}, "12.30", "pending 12.32: charged 12.32" },
    { "12.34", {}, { amount = "12.30" }, "12.30", "pending 12.30: charged 12.34, collected 0.05, rounded -0.01" },
    { "12.34", {}, { reopen = false }, "12.35", "paid 0.00: charged -0.01, rounded -0.01" },
    { "12.32", {}, { reopen = false }, "12.30", "paid 0.00: charged 0.02, rounded 0.02" },
    { "12.32", {}, { amount = "12.00", reopen = false }, "12.00",
      "paid 0.00: charged 0.32, collected 0.30, rounded 0.02" },
  } do
    local charged, paid, fields, amount, expected = table.unpack(row)
    it(("of %s on %s leaves it %s"):format(fields.amount or "all", charged, expected), function()
      visit(charged)
      paid.document = "C-00001"
      pay(paid)
      assert.equal(amount, refund(fields).amount:decimal())
      assert.equal(expected, state())
    end)
  end

  it("may be one of several, until nothing of the payment is left", function()
    visit "12.34"
    pay { document = "C-00001" }
    refund { amount = "2.00" }
    refund { amount = "0.35", reopen = false }
    assert.equal("pending 2.00: charged 11.99, collected 10.00, rounded -0.01", state())
    matches({ amount = "10.00" }, refund())
    assert.equal("pending 11.99: charged 11.99", state())
    assert.same({ "R-00002", "R-00003", "R-00004" }, assert(ledger:payment "R-00001").refunds)
    assert.equal("12.35", assert(ledger:payment "R-00001").refunded:decimal())
  end)

  for _, row in ipairs {
    { "120.00", {}, "0" }, { "120.00", { amount = "0.05" }, "0" }, { "20.00", {}, "100.00" },
    { "20.00", { amount = "100.05" }, "100.00" }, { "20.00", { amount = "120.00" }, "100.00" },
  } do
    local before, fields, left = table.unpack(row)
    if left == "0" or fields.amount then
      it(("of %s is refused where %s is left: refund-exceeds-payment"):format(fields.amount or "all", left), function()
        visit()
        pay { document = "C-00001" }
        refund { amount = before }
        local message = refuses(ledger, "refund", with({ payment = "R-00001", reopen = true, reason = "test" }, fields),
          "refund-exceeds-payment")
        assert(message:find(left, 1, true), message)
      end)
    else
      it(("of all is what is left, %s"):format(left), function()
        visit()
        pay { document = "C-00001" }
        refund { amount = before }
        assert.equal(left, refund(fields).amount:decimal())
      end)
    end
  end

  it("never touches what the payment put on credit", function()
    visit()
    pay { document = "C-00001", type = "transfer", amount = "150.00" }
    refuses(ledger, "refund", { payment = "R-00001", reopen = true, reason = "test", amount = "120.01" },
      "refund-exceeds-payment")
    refund()
    assert.equal("30.00", assert(ledger:patient "P1").credit:decimal())
  end)

  it("of a document leaves what other payments collected", function()
    visit()
    pay { document = "C-00001", type = "twint", amount = "50.00" }
    pay { document = "C-00001", type = "card", group = "POS-1", amount = "70.00" }
    refuses(ledger, "refund", { payment = "R-00001", reopen = true, reason = "test", amount = "50.01" },
      "refund-exceeds-payment")
    refund()
    assert.equal("pending 50.00: charged 120.00, collected 70.00", state())
  end)

  it("makes a paid invoice owed again", function()
    assert(ledger:invoice { patient = "P1", amount = "120.00" })
    pay { document = "F-00001", type = "twint" }
    matches({ status = "partial", remaining = "20.00" }, refund { amount = "20.00" })
    matches({ status = "unpaid", remaining = "120.00" }, refund())
  end)

  it("of a corrected payment is of the new one", function()
    visit()
    pay { document = "C-00001", type = "twint", amount = "50.00" }
    assert(ledger:correct { payment = "R-00001", reason = "test", amount = "60.00" })
    refuses(ledger, "refund", { payment = "R-00001", reopen = true, reason = "test" }, "payment-reversed")
    matches({ amount = "60.00", refund_of = "R-00002" }, refund { payment = "R-00002" })
    assert.equal("pending 120.00: charged 120.00", state())
  end)

  it("that is only tried writes nothing", function()
    visit()
    pay { document = "C-00001" }
    local before = assert(ledger:head())
    matches({ number = "R-00002", dry_run = true, remaining = "120.00" }, refund { dry_run = true })
    assert.same(before, assert(ledger:head()))
  end)
end)

describe("the type of a refund", function()
  it("is how it is paid out, and counted so, without a group", function()
    visit()
    pay { document = "C-00001", type = "card", group = "POS-1" }
    refund { amount = "20.00" }
    refund { amount = "30.00", type = "cash" }
    assert.same({
      ["card/"] = "refunded 20.00, count 1", ["card/POS-1"] = "collected 120.00, count 1",
      ["cash/"] = "refunded 30.00, count 1",
    }, helper.totals(ledger, { by = { "type", "group" } }))
  end)

  it("must be money", function()
    visit()
    pay { document = "C-00001" }
    for _, type in ipairs { "discount", "loss", "credit" } do
      local message = refuses(ledger, "refund", { payment = "R-00001", reopen = true, reason = "test", type = type },
        "type-not-applicable")
      assert(message:find(type, 1, true), message)
    end
  end)

  for _, row in ipairs {
    { { type = "cash" }, "amount-not-tenderable" }, { { type = "cash", amount = "10.01" }, "amount-not-tenderable" },
    { { type = "cheque" }, "type-retired" }, { { type = "chash" }, "type-unknown" },
    { { type = "cash", amount = "0" }, "amount-not-positive" }, { { amount = "-1" }, "amount-not-positive" },
    { { amount = "10.04" }, "refund-exceeds-payment" },
  } do
    local fields, code = table.unpack(row)
    it(("%s cannot pay out %s of 10.03: %s"):format(fields.type or "left out", fields.amount or "all", code), function()
      visit "10.03"
      pay { document = "C-00001", type = "twint" }
      refuses(ledger, "refund", with({ payment = "R-00001", reopen = true, reason = "test" }, fields), code)
    end)
  end

  it("pays out in steps, and the rest by another", function()
    visit "10.03"
    pay { document = "C-00001", type = "twint" }
    refund { type = "cash", amount = "10.00" }
    refund()
    assert.equal("pending 10.03: charged 10.03", state())
  end)

  it("is for its roles", function()
    local other = helper.open { script = [[
      local clinic = ...
      clinic:currency "CHF"
      clinic:payment_type { id = "cash", default = true }
      clinic:payment_type { id = "safe", roles = { "manager" } }]] }
    assert(other:consultation { patient = "P1", amount = "10.00" })
    assert(other:pay { document = "C-00001" })
    local fields = { payment = "R-00001", reopen = true, reason = "test", type = "safe", roles = { "secretary" } }
    refuses(other, "refund", fields, "permission-denied")
    fields.type = "cash"
    assert(other:refund(fields))
  end)
end)

describe("a refund of a payment of several documents", function()
  before_each(function()
    visit "10.00"
    visit "20.00"
    visit "30.00"
    pay { documents = { "C-00001", "C-00002" }, type = "twint" }
  end)

  it("names the document", function()
    matches({ document = "C-00002", amount = "20.00", remaining = "20.00" }, refund { document = "C-00002" })
    assert.equal("paid 0.00: charged 10.00, collected 10.00", state "C-00001")
    matches({ document = "C-00001", amount = "10.00" }, refund { document = "C-00001" })
    matches({ allocations = {
      { document = "C-00001", refunded = "10.00" }, { document = "C-00002", refunded = "20.00" },
    } }, assert(ledger:payment "R-00001"))
  end)

  for _, row in ipairs {
    { "none", {}, "allocation-unknown" },
    { "one it did not settle", { document = "C-00003" }, "allocation-unknown" },
    { "one that nobody knows", { document = "C-00099" }, "document-unknown" },
    { "one, for more than its share", { document = "C-00001", amount = "10.01" }, "refund-exceeds-payment" },
  } do
    local name, fields, code = table.unpack(row)
    it(("is refused with %s: %s"):format(name, code), function()
      refuses(ledger, "refund", with({ payment = "R-00001", reopen = true, reason = "test" }, fields), code)
    end)
  end

  it("is refused for a document on which it only rounded", function()
    visit "5.00"
    visit "0.02"
    pay { documents = { "C-00004", "C-00005" } }
    refuses(ledger, "refund", { payment = "R-00002", reopen = true, reason = "test" }, "allocation-unknown")
    refuses(ledger, "refund", { payment = "R-00002", document = "C-00005", reopen = true, reason = "test" },
      "refund-exceeds-payment")
    matches({ amount = "5.00" }, refund { payment = "R-00002", document = "C-00004" })
  end)

  it("looks at that document alone", function()
    assert(ledger:invoice { consultations = { "C-00001" } })
    refuses(ledger, "refund", { payment = "R-00001", document = "C-00001", reopen = true, reason = "test" },
      "document-invoiced")
    matches({ document = "C-00002" }, refund { document = "C-00002" })
  end)
end)

describe("a refund is refused", function()
  before_each(function()
    visit()
    pay { document = "C-00001", type = "twint" } -- R-00001
  end)

  for _, row in ipairs {
    { "without a payment", { payment = NONE }, "field-missing", "payment" },
    { "without a reason", { reason = NONE }, "field-missing", "reason" },
    { "without saying whether it is owed again", { reopen = NONE }, "field-missing", "reopen" },
    { "with a reopen that is no boolean", { reopen = "yes" }, "field-invalid", "reopen" },
    { "with a reopen that is a number", { reopen = 1 }, "field-invalid", "reopen" },
    { "with an empty reason", { reason = "" }, "field-invalid", "reason" },
    { "with an integer", { amount = 50 }, "amount-invalid", "amount" },
    { "with a group", { group = "POS-1" }, "field-unknown", "group" },
    { "of an unknown payment", { payment = "R-00099" }, "payment-unknown" },
    { "by others than managers", { roles = { "secretary" } }, "permission-denied" },
    { "by nobody in particular", { roles = {} }, "permission-denied" },
    { "of another document", { document = "C-00002" }, "allocation-unknown" },
    { "in the future", { at = "2026-03-03" }, "date-in-future" },
  } do
    local name, changes, code, field = table.unpack(row)
    it(("%s: %s"):format(name, code), function()
      visit()
      local fields = with({ payment = "R-00001", reopen = true, reason = "test" }, changes)
      local _, details = refuses(ledger, "refund", fields, code)
      if field then assert.equal(field, details.field) end
    end)
  end

  it("for what collected no money: payment-not-reversible", function()
    assert(ledger:deposit { patient = "P1", amount = "50.00" }) -- R-00002
    assert(ledger:invoice { patient = "P1", amount = "100.00" })
    pay { document = "F-00001", type = "credit", amount = "20.00" } -- R-00003
    pay { document = "F-00001", type = "discount", amount = "20.00" } -- R-00004
    pay { document = "F-00001", type = "loss", amount = "20.00" } -- R-00005
    assert(ledger:withdraw { patient = "P1", amount = "10.00" }) -- R-00006
    refund { amount = "20.00" } -- R-00007
    for number = 2, 7 do
      local payment = ("R-%05d"):format(number)
      local message = refuses(ledger, "refund", { payment = payment, type = "cash", reopen = true, reason = "test" },
        "payment-not-reversible")
      assert(message:find(payment, 1, true), message)
    end
  end)

  it("for a reversed payment: payment-reversed", function()
    assert(ledger:reverse { payment = "R-00001", reason = "test" })
    refuses(ledger, "refund", { payment = "R-00001", reopen = true, reason = "test" }, "payment-reversed")
  end)

  it("on an invoiced consultation: document-invoiced", function()
    assert(ledger:invoice { consultations = { "C-00001" } })
    local _, details = refuses(ledger, "refund", { payment = "R-00001", reopen = false, reason = "test" },
      "document-invoiced")
    assert.equal("F-00001", details.invoice)
  end)

  it("on a cancelled document: document-cancelled", function()
    refund()
    assert(ledger:cancel { document = "C-00001", reason = "test" })
    refuses(ledger, "refund", { payment = "R-00001", reopen = true, reason = "test" }, "document-cancelled")
  end)

  it("on a closed day, but not of one", function()
    assert(ledger:close_days { through = "2026-03-02" })
    refuses(ledger, "refund", { payment = "R-00001", reopen = true, reason = "test" }, "period-closed")
    clock.now = "2026-03-03T08:00:00Z"
    matches({ day = "2026-03-03" }, refund())
  end)
end)
