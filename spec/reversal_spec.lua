-- Undoing a payment the lawful way: reverse, and correct, which pays again in the same act.
local helper = require "spec.helper"

local NONE = helper.NONE
local matches, refuses = helper.matches, helper.refuses

local ledger, clock
before_each(function() ledger, clock = helper.open() end)
after_each(helper.finish)

local function visit(amount, patient, at)
  return assert(ledger:consultation { patient = patient or "P1", amount = amount or "120.00", at = at }).number
end

local function bill(fields)
  return assert(ledger:invoice(fields)).number
end

local function pay(fields)
  return assert(ledger:pay(fields)).number
end

local function reverse(number)
  return assert(ledger:reverse { payment = number, reason = "entered twice" })
end

local function state(number)
  return helper.state(ledger, number)
end

local function credit(patient)
  return assert(ledger:patient(patient or "P1")).credit:decimal()
end

describe("reverse", function()
  it("undoes a payment, which then says so", function()
    visit()
    pay { document = "C-00001", type = "card", group = "POS-1", amount = "50.00" }
    matches({
      number = NONE, payment = "R-00001", document = "C-00001", status = "pending", remaining = "120.00",
      reason = "entered twice", reversed = true, reversed_by = 3, act = 3,
    }, reverse "R-00001")
    assert.equal("pending 120.00: charged 120.00", state "C-00001")
    matches({ reversed = true, reversed_by = 3, corrected_by = NONE, amount = "50.00", day = "2026-03-02" },
      assert(ledger:payment "R-00001"))
    assert.same({ "R-00001" }, assert(ledger:document "C-00001").payments)
  end)

  it("uses up no number, and frees none", function()
    visit()
    pay { document = "C-00001", amount = "50.00" }
    reverse "R-00001"
    assert.equal("R-00002", pay { document = "C-00001", amount = "50.00" })
  end)

  for name, row in pairs {
    ["what was rounded"] = { { document = "C-00001" }, "paid", "12.34" },
    ["a discount"] = { { document = "C-00001", type = "discount" }, "offered", "12.34" },
    ["a payment of less"] = { { document = "C-00001", type = "twint", amount = "0.01" }, "pending", "12.34" },
    ["what was given as change"] = { { document = "C-00001", amount = "20.00" }, "paid", "12.34" },
  } do
    it("undoes " .. name, function()
      local fields, status, amount = table.unpack(row)
      visit(amount)
      assert.equal(status, assert(ledger:pay(fields)).status)
      reverse "R-00001"
      assert.equal(("pending %s: charged %s"):format(amount, amount), state "C-00001")
    end)
  end

  it("undoes a loss, by those who may use one", function()
    bill { patient = "P1", amount = "120.00" }
    pay { document = "F-00001", type = "loss" }
    refuses(ledger, "reverse", { payment = "R-00001", reason = "test", roles = { "secretary" } }, "permission-denied")
    reverse "R-00001"
    assert.equal("unpaid 120.00: charged 120.00", state "F-00001")
  end)

  it("undoes all that a payment of several documents did", function()
    visit "10.02"
    visit "5.01"
    pay { documents = { "C-00001", "C-00002" } }
    matches({ payment = "R-00001", document = NONE, status = NONE, remaining = NONE }, reverse "R-00001")
    assert.equal("pending 10.02: charged 10.02", state "C-00001")
    assert.equal("pending 5.01: charged 5.01", state "C-00002")
  end)

  it("takes deposited excess back", function()
    visit()
    pay { document = "C-00001", type = "transfer", amount = "150.00" }
    assert.equal("30.00", credit())
    reverse "R-00001"
    assert.equal("0.00", credit())
    assert.equal("pending 120.00: charged 120.00", state "C-00001")
  end)

  it("gives used credit back", function()
    assert(ledger:deposit { patient = "P1", amount = "50.00" })
    visit()
    pay { document = "C-00001", type = "credit" }
    reverse "R-00002"
    assert.equal("50.00", credit())
    assert.equal("pending 120.00: charged 120.00", state "C-00001")
  end)

  it("undoes a deposit, which has no document", function()
    assert(ledger:deposit { patient = "P1", amount = "50.00" })
    matches({ payment = "R-00001", document = NONE, number = NONE }, reverse "R-00001")
    assert.equal("0.00", credit())
  end)

  it("is counted on its own day, under the type and group of what it undoes", function()
    visit(nil, nil, "2026-03-01")
    pay { document = "C-00001", type = "card", group = "POS-1", amount = "50.00", at = "2026-03-01" }
    reverse "R-00001"
    assert.same({
      ["card/POS-1/2026-03-01"] = "collected 50.00, count 1", ["card/POS-1/2026-03-02"] = "collected -50.00",
    }, helper.totals(ledger, { by = { "type", "group", "day" } }))
  end)

  it("may be dated before what it undoes", function()
    visit(nil, nil, "2026-02-01")
    pay { document = "C-00001", type = "twint", at = "2026-03-02" }
    assert(ledger:reverse { payment = "R-00001", reason = "test", at = "2026-02-10" })
    assert.same({ ["2026-02-10"] = "collected -120.00", ["2026-03-02"] = "collected 120.00, count 1" },
      helper.totals(ledger, { by = { "day" } }))
  end)

  it("of a payment on an invoice leaves the payments on its consultations", function()
    visit()
    pay { document = "C-00001", type = "twint", amount = "50.00" }
    bill { consultations = { "C-00001" } }
    pay { document = "F-00001" }
    reverse "R-00002"
    assert.equal("partial 70.00: charged 120.00, collected 50.00", state "F-00001")
  end)

  it("that is only tried writes nothing", function()
    visit()
    pay { document = "C-00001" }
    local before = assert(ledger:head())
    matches({ dry_run = true, status = "pending" },
      assert(ledger:reverse { payment = "R-00001", reason = "test", dry_run = true }))
    assert.same(before, assert(ledger:head()))
    assert.is_false(assert(ledger:payment "R-00001").reversed)
  end)

  for _, row in ipairs {
    { "no payment", { payment = NONE }, "field-missing" },
    { "no reason", { reason = NONE }, "field-missing" },
    { "an empty reason", { reason = "" }, "field-invalid" },
    { "a payment that is a number", { payment = 1 }, "field-invalid" },
    { "an amount", { amount = "10.00" }, "field-unknown" },
    { "an unknown payment", { payment = "R-00099" }, "payment-unknown" },
    { "a document's number", { payment = "C-00001" }, "payment-unknown" },
    { "a date in the future", { at = "2026-03-03" }, "date-in-future" },
  } do
    local name, changes, code = table.unpack(row)
    it(("is refused with %s: %s"):format(name, code), function()
      visit()
      pay { document = "C-00001" }
      local fields = { payment = "R-00001", reason = "test" }
      for key, value in pairs(changes) do fields[key] = value ~= NONE and value or nil end
      refuses(ledger, "reverse", fields, code)
    end)
  end

  it("is refused a second time: payment-reversed", function()
    visit()
    pay { document = "C-00001" }
    reverse "R-00001"
    local message, details = refuses(ledger, "reverse", { payment = "R-00001", reason = "test" }, "payment-reversed")
    assert.equal("R-00001", details.payment)
    assert(message:find("R-00001", 1, true), message)
  end)

  for name, fields in pairs {
    ["in part, to be owed again"] = { amount = "0.05", reopen = true },
    ["in whole, to be owed again"] = { reopen = true },
    ["in part, and is not owed"] = { amount = "10.00", reopen = false },
    ["in whole, and is not owed"] = { reopen = false },
  } do
    it("is refused for what was refunded " .. name .. ": payment-refunded", function()
      visit()
      pay { document = "C-00001" }
      fields.payment, fields.reason = "R-00001", "test"
      assert(ledger:refund(fields))
      local _, details = refuses(ledger, "reverse", { payment = "R-00001", reason = "test" }, "payment-refunded")
      assert.equal("R-00002", details.refund)
    end)
  end

  it("is refused for a payment of several documents of which one was refunded: payment-refunded", function()
    visit "10.00"
    visit "20.00"
    pay { documents = { "C-00001", "C-00002" } }
    assert(ledger:refund { payment = "R-00001", document = "C-00002", reopen = true, reason = "test" })
    refuses(ledger, "reverse", { payment = "R-00001", reason = "test" }, "payment-refunded")
  end)

  it("is refused where a document is invoiced: document-invoiced", function()
    visit "10.00"
    visit "20.00"
    pay { documents = { "C-00001", "C-00002" } }
    bill { consultations = { "C-00002" } }
    local _, details = refuses(ledger, "reverse", { payment = "R-00001", reason = "test" }, "document-invoiced")
    assert.equal("F-00001", details.invoice)
    assert(ledger:cancel { document = "F-00001", reason = "test" })
    reverse "R-00001"
  end)

  it("is refused where a document is cancelled: document-cancelled", function()
    visit()
    pay { document = "C-00001" }
    assert(ledger:refund { payment = "R-00001", reopen = true, reason = "test" })
    assert(ledger:cancel { document = "C-00001", reason = "test" })
    refuses(ledger, "reverse", { payment = "R-00001", reason = "test" }, "document-cancelled")
  end)

  for name, spend in pairs {
    ["on a document"] = function()
      visit "20.00"
      pay { document = "C-00002", type = "credit", amount = "0.05" }
    end,
    ["by a withdrawal"] = function() assert(ledger:withdraw { patient = "P1", amount = "0.05" }) end,
    ["by a transfer"] = function()
      visit("1", "P2")
      assert(ledger:transfer { from = "P1", to = "P2", amount = "0.05" })
    end,
  } do
    it("is refused where the deposited part was spent " .. name .. ": credit-spent", function()
      visit()
      pay { document = "C-00001", type = "transfer", amount = "150.00" }
      spend()
      local message, details = refuses(ledger, "reverse", { payment = "R-00001", reason = "test" }, "credit-spent")
      assert.equal("29.95 CHF", details.credit)
      assert(message:find("R-00001", 1, true), message)
      assert(ledger:deposit { patient = "P1", amount = "0.05" })
      reverse "R-00001"
      assert.equal("0.00", credit())
    end)
  end

  it("is refused where a deposit was spent: credit-spent", function()
    assert(ledger:deposit { patient = "P1", amount = "50.00" })
    assert(ledger:withdraw { patient = "P1", amount = "0.05" })
    refuses(ledger, "reverse", { payment = "R-00001", reason = "test" }, "credit-spent")
  end)

  it("is refused for acts of other commands: payment-not-reversible", function()
    visit()
    pay { document = "C-00001" }
    assert(ledger:refund { payment = "R-00001", reopen = true, reason = "test" })
    assert(ledger:deposit { patient = "P1", amount = "50.00" })
    assert(ledger:withdraw { patient = "P1", amount = "20.00" })
    for _, number in ipairs { "R-00002", "R-00004" } do
      local message = refuses(ledger, "reverse", { payment = number, reason = "test" }, "payment-not-reversible")
      assert(message:find(number, 1, true), message)
    end
  end)

  it("is for the roles that a script permits", function()
    local other = helper.open { script = [[
      local clinic = ...
      clinic:currency "CHF"
      clinic:payment_type { id = "cash", default = true }
      clinic:permit { reverse = { "manager" } }]] }
    assert(other:consultation { patient = "P1", amount = "10.00" })
    assert(other:pay { document = "C-00001" })
    local fields = { payment = "R-00001", reason = "test", roles = { "secretary" } }
    refuses(other, "reverse", fields, "permission-denied")
    fields.roles = { "secretary", "manager" }
    assert(other:reverse(fields))
  end)
end)

describe("correct", function()
  local function correct(fields)
    fields.payment = fields.payment or "R-00001"
    fields.reason = fields.reason or "typing error"
    return assert(ledger:correct(fields))
  end

  it("reverses and pays again in one act, and links the two", function()
    visit()
    pay { document = "C-00001", amount = "50.00" }
    local head = assert(ledger:head()).seq
    matches({
      number = "R-00002", kind = "pay", amount = "60.00", corrects = "R-00001", document = "C-00001",
      status = "pending", remaining = "60.00", reason = "typing error", act = head + 1,
    }, correct { amount = "60.00" })
    matches({ reversed = true, reversed_by = head + 1, corrected_by = "R-00002" }, assert(ledger:payment "R-00001"))
    matches({ reversed = false, corrects = "R-00001", amount = "60.00" }, assert(ledger:payment "R-00002"))
    assert.equal("pending 60.00: charged 120.00, collected 60.00", state "C-00001")
    assert.same({ cash = "collected 60.00, count 2" }, helper.totals(ledger))
  end)

  it("keeps what is not named: type, group, reference, when, documents; but not what was tendered", function()
    visit(nil, nil, "2026-03-01")
    visit("10.00", nil, "2026-03-01")
    pay {
      documents = { "C-00001", "C-00002" }, type = "card", group = "POS-1", reference = "auth 1", amount = "125.00",
      tendered = "130.00", at = "2026-03-01T09:00",
    }
    matches({
      type = "card", group = "POS-1", reference = "auth 1", amount = "126.00", at = "2026-03-01T09:00:00Z",
      tendered = NONE, change = "0.00", document = NONE,
      allocations = { { document = "C-00001", amount = "120.00" }, { document = "C-00002", amount = "6.00" } },
    }, correct { amount = "126.00" })
  end)

  it("dates the reversal now, and the new payment as the original", function()
    visit(nil, nil, "2026-03-01")
    pay { document = "C-00001", type = "twint", amount = "50.00", at = "2026-03-01" }
    correct { amount = "60.00" }
    assert.same({ ["2026-03-01"] = "collected 110.00, count 2", ["2026-03-02"] = "collected -50.00" },
      helper.totals(ledger, { by = { "day" } }))
  end)

  it("dates both as told", function()
    visit(nil, nil, "2026-03-01")
    pay { document = "C-00001", type = "twint", amount = "50.00", at = "2026-02-27" }
    correct { amount = "60.00", at = "2026-03-01" }
    assert.same({ ["2026-02-27"] = "collected 50.00, count 1", ["2026-03-01"] = "collected 10.00, count 1" },
      helper.totals(ledger, { by = { "day" } }))
  end)

  for _, row in ipairs {
    -- charged, paid by, corrected with; amount then, state then
    { "120.00", { type = "twint" }, { type = "discount" }, "120.00",
      "offered 0.00: charged 120.00, discounted 120.00" },
    { "12.34", {}, { type = "twint" }, "12.34", "paid 0.00: charged 12.34, collected 12.34" },
    { "12.34", { type = "twint" }, { type = "cash" }, "12.35",
      "paid 0.00: charged 12.34, collected 12.35, rounded -0.01" },
    { "120.00", { type = "twint", amount = "50.00" }, { type = "cash" }, "50.00",
      "pending 70.00: charged 120.00, collected 50.00" },
    { "120.00", { type = "transfer", amount = "150.00" }, {}, "150.00", "paid 0.00: charged 120.00, collected 120.00" },
    { "120.00", { amount = "200.00" }, { type = "twint" }, "120.00", "paid 0.00: charged 120.00, collected 120.00" },
    { "120.00", { type = "twint" }, { amount = "119.99" }, "119.99",
      "pending 0.01: charged 120.00, collected 119.99" },
    { "120.00", { type = "twint", amount = "50.00" }, { type = "card", group = "POS-2" }, "50.00",
      "pending 70.00: charged 120.00, collected 50.00" },
  } do
    local charged, paid, corrected, amount, expected = table.unpack(row)
    it(("takes %s where no amount is named or %s, after %s of %s"):format(amount, corrected.amount or "none",
      paid.amount or "all", charged), function()
      visit(charged)
      paid.document = "C-00001"
      pay(paid)
      assert.equal(amount, correct(corrected).amount:decimal())
      assert.equal(expected, state "C-00001")
    end)
  end

  it("takes all that remains now, where the original closed what was charged then", function()
    visit()
    pay { document = "C-00001", type = "twint" }
    assert(ledger:charge { document = "C-00001", amount = "30.00" })
    matches({ amount = "150.00", status = "paid" }, correct { type = "card", group = "POS-1" })
  end)

  it("moves a payment to another document", function()
    visit()
    visit "50.00"
    pay { document = "C-00001", type = "twint", amount = "50.00" }
    matches({ document = NONE, amount = "50.00" }, correct { document = "C-00002" })
    assert.equal("pending 120.00: charged 120.00", state "C-00001")
    assert.equal("paid 0.00: charged 50.00, collected 50.00", state "C-00002")
  end)

  it("uses the credit that its reversal gives back", function()
    assert(ledger:deposit { patient = "P1", amount = "50.00" })
    visit()
    pay { document = "C-00001", type = "credit", amount = "50.00" }
    matches({ amount = "30.00" }, correct { payment = "R-00002", amount = "30.00" })
    assert.equal("20.00", credit())
  end)

  it("keeps extra fields, unless others are named", function()
    visit()
    pay { document = "C-00001", type = "insurance", amount = "50.00", fields = { policy = "4711", claims = 2 } }
    matches({ fields = { policy = "4711", claims = "2" } }, correct { amount = "60.00" })
    matches({ fields = { policy = "4712", claims = NONE } },
      correct { payment = "R-00002", fields = { policy = "4712" } })
    matches({ type = "cash", fields = NONE }, correct { payment = "R-00003", type = "cash" })
  end)

  it("holds the fields it keeps against the new type's patterns", function()
    local other = helper.open { script = [[
      local clinic = ...
      clinic:currency "CHF"
      clinic:payment_type { id = "cash", default = true, fields = { policy = {} } }
      clinic:payment_type { id = "insurance", fields = { policy = { pattern = "^%d+$" } } }]] }
    assert(other:consultation { patient = "P1", amount = "100.00" })
    assert(other:pay { document = "C-00001", amount = "10.00", fields = { policy = "forty" } })
    refuses(other, "correct", { payment = "R-00001", reason = "test", type = "insurance" }, "field-invalid")
    matches({ type = "insurance", fields = { policy = "40" } }, assert(other:correct {
      payment = "R-00001", reason = "test", type = "insurance", fields = { policy = "40" },
    }))
  end)

  it("may be corrected again, and reversed", function()
    visit()
    pay { document = "C-00001", amount = "50.00" }
    correct { amount = "60.00" }
    correct { payment = "R-00002", amount = "70.00" }
    matches({ corrects = "R-00001", corrected_by = "R-00003" }, assert(ledger:payment "R-00002"))
    refuses(ledger, "correct", { payment = "R-00001", reason = "test", amount = "10" }, "payment-reversed")
    matches({ payment = "R-00003", status = "pending" }, reverse "R-00003")
    assert.equal("pending 120.00: charged 120.00", state "C-00001")
    assert.is_nil(assert(ledger:payment "R-00003").corrected_by)
  end)

  for _, row in ipairs {
    { "no reason", { reason = NONE }, "field-missing" },
    { "no payment", { payment = NONE }, "field-missing" },
    { "oldest", { documents = "oldest", patient = "P1" }, "field-invalid" },
    { "document and documents", { document = "C-00001", documents = { "C-00001" } }, "field-invalid" },
    { "an integer", { amount = 50 }, "amount-invalid" },
    { "an unknown payment", { payment = "R-00099" }, "payment-unknown" },
    { "an unknown type", { type = "bitcoin" }, "type-unknown" },
    { "a retired type", { type = "cheque" }, "type-retired" },
    { "an unknown document", { document = "C-00099" }, "document-unknown" },
    { "an unknown patient", { patient = "P99" }, "patient-unknown" },
    { "another patient", { patient = "P2" }, "patient-mismatch" },
    { "a type that needs a group", { type = "card" }, "group-required" },
    { "a type that does not apply", { type = "loss" }, "type-not-applicable" },
    { "a cancelled document", { document = "C-00003" }, "document-cancelled" },
    { "an invoiced document", { document = "C-00004" }, "document-invoiced" },
    { "a date in the future", { at = "2026-03-03" }, "date-in-future" },
    { "zero", { amount = "0" }, "amount-not-positive" },
    { "more than remains", { amount = "120.01" }, "amount-exceeds-remaining" },
    { "an amount no coin has", { type = "cash", amount = "0.01" }, "amount-not-tenderable" },
    { "credit that is not there", { type = "credit" }, "credit-insufficient" },
    { "too little tendered", { tendered = "49.99" }, "tendered-too-small" },
  } do
    local name, changes, code = table.unpack(row)
    it(("with %s is refused, and nothing is reversed: %s"):format(name, code), function()
      visit() -- C-00001
      visit("80.00", "P2") -- C-00002
      visit() -- C-00003, cancelled
      visit() -- C-00004, invoiced
      assert(ledger:cancel { document = "C-00003", reason = "test" })
      bill { consultations = { "C-00004" } }
      pay { document = "C-00001", type = "twint", amount = "50.00" }
      local fields = { payment = "R-00001", reason = "test" }
      for key, value in pairs(changes) do fields[key] = value ~= NONE and value or nil end
      refuses(ledger, "correct", fields, code)
      assert.equal("pending 70.00: charged 120.00, collected 50.00", state "C-00001")
      assert.is_false(assert(ledger:payment "R-00001").reversed)
    end)
  end

  it("is refused for what reverse refuses", function()
    visit()
    visit()
    pay { document = "C-00001", amount = "50.00" } -- R-00001, refunded
    pay { document = "C-00002", amount = "50.00" } -- R-00002, invoiced
    assert(ledger:refund { payment = "R-00001", amount = "10.00", reopen = true, reason = "test" }) -- R-00003
    bill { consultations = { "C-00002" } }
    pay { document = "F-00001", type = "transfer", amount = "100.00" } -- R-00004, spent
    assert(ledger:withdraw { patient = "P1", amount = "10.00" }) -- R-00005
    assert(ledger:deposit { patient = "P1", amount = "5.00" }) -- R-00006
    for number, code in pairs {
      ["R-00001"] = "payment-refunded", ["R-00002"] = "document-invoiced", ["R-00003"] = "payment-not-reversible",
      ["R-00004"] = "credit-spent", ["R-00005"] = "payment-not-reversible", ["R-00006"] = "payment-not-reversible",
    } do
      refuses(ledger, "correct", { payment = number, reason = "test", amount = "20.00" }, code)
    end
  end)

  it("needs the roles of the original's type and of the new one", function()
    bill { patient = "P1", amount = "120.00" }
    bill { patient = "P1", amount = "120.00" }
    pay { document = "F-00001", type = "loss" }
    pay { document = "F-00002", type = "twint" }
    local fields = { payment = "R-00001", reason = "test", type = "twint", roles = { "secretary" } }
    refuses(ledger, "correct", fields, "permission-denied")
    fields.payment, fields.type = "R-00002", "loss"
    refuses(ledger, "correct", fields, "permission-denied")
    fields.roles = { "manager" }
    matches({ status = "written_off" }, assert(ledger:correct(fields)))
  end)

  it("keeps the original's day open for the new payment", function()
    visit(nil, nil, "2026-03-01")
    pay { document = "C-00001", type = "twint", amount = "50.00", at = "2026-03-01" }
    assert(ledger:close_days { through = "2026-03-01" })
    clock.now = "2026-03-03T09:00:00Z"
    refuses(ledger, "correct", { payment = "R-00001", reason = "test", amount = "60.00" }, "period-closed")
    matches({ day = "2026-03-02" }, correct { amount = "60.00", at = "2026-03-02" })
  end)

  it("that is only tried writes nothing", function()
    visit()
    pay { document = "C-00001", amount = "50.00" }
    local before = assert(ledger:head())
    matches({ number = "R-00002", dry_run = true, remaining = "60.00" }, correct { amount = "60.00", dry_run = true })
    assert.same(before, assert(ledger:head()))
  end)
end)
