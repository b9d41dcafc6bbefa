-- Documents: consultations and invoices, what is charged on them, and cancelling.
local helper = require "spec.helper"

local NONE = helper.NONE
local matches, refuses = helper.matches, helper.refuses

local ledger, clock
before_each(function() ledger, clock = helper.open() end)
after_each(helper.finish)

local function visit(amount, patient)
  return assert(ledger:consultation { patient = patient or "P1", amount = amount or "120.00" }).number
end

local function bill(fields)
  return assert(ledger:invoice(fields)).number
end

local function state(number)
  return helper.state(ledger, number)
end

describe("a consultation", function()
  it("is made with a number, pending, with all of it remaining", function()
    local made = assert(ledger:consultation { patient = "P17", amount = "120.00", label = "Contrôle" })
    local expected = {
      number = "C-00001", kind = "consultation", patient = "P17", label = "Contrôle", status = "pending",
      charged = "120.00", collected = "0.00", credited = "0.00", discounted = "0.00", lost = "0.00", rounded = "0.00",
      settled = "0.00", remaining = "120.00", invoiced = false, cancelled = false, invoice = NONE, due = NONE,
      overdue = false, consultations = NONE, payments = {}, at = "2026-03-02T10:00:00Z", day = "2026-03-02",
    }
    matches(expected, made)
    matches({ act = 1, document = "C-00001", replayed = NONE, dry_run = NONE }, made)
    matches(expected, assert(ledger:document "C-00001"))
  end)

  it("is numbered in a row, apart from invoices", function()
    assert.equal("C-00001", visit())
    assert.equal("F-00001", bill { patient = "P1", amount = "1" })
    assert.equal("C-00002", visit())
    assert.equal("F-00002", bill { patient = "P1", amount = "1" })
  end)

  it("of zero is paid at once", function()
    assert.equal("paid 0.00: ", state(visit "0"))
    assert.equal("paid 0.00: ", state(visit "-0.00"))
  end)

  for _, number in ipairs { "1", "A.b/_-9", "2026/0017", ("N"):rep(32), "--", "C-00007" } do
    it(("takes the host's own number %q"):format(number), function()
      local made = assert(ledger:consultation { patient = "P1", amount = "1", number = number })
      assert.equal(number, made.number)
      assert.equal(number, assert(ledger:document(number)).number)
    end)
  end

  it("skips numbers of the series that a host has used, on either kind of document", function()
    assert(ledger:consultation { patient = "P1", amount = "1", number = "C-00002" })
    assert(ledger:invoice { patient = "P1", amount = "1", number = "C-00003" })
    assert.equal("C-00001", visit())
    assert.equal("C-00004", visit())
  end)

  it("does not use up a number where it is refused or only tried", function()
    refuses(ledger, "consultation", { patient = "P1", amount = "-1" }, "amount-not-positive")
    matches({ number = "C-00001", dry_run = true, status = "pending" },
      assert(ledger:consultation { patient = "P1", amount = "1", dry_run = true }))
    assert.equal("C-00001", visit())
  end)

  it("takes texts at their limits", function()
    assert(ledger:consultation {
      patient = "Pätient 1", amount = "1", label = "", note = ("n"):rep(4096), key = ("k"):rep(128), actor = "desk",
      roles = {},
    })
  end)

  for _, row in ipairs {
    { "no patient", { patient = NONE }, "field-missing", "patient" },
    { "no amount", { amount = NONE }, "field-missing", "amount" },
    { "an empty patient", { patient = "" }, "field-invalid", "patient" },
    { "a patient that is a number", { patient = 17 }, "field-invalid", "patient" },
    { "a patient with a line break", { patient = "P1\n" }, "field-invalid", "patient" },
    { "a patient that is no UTF-8", { patient = "P\xff" }, "field-invalid", "patient" },
    { "an empty number", { number = "" }, "field-invalid", "number" },
    { "a number with a space", { number = "C 1" }, "field-invalid", "number" },
    { "a number with another sign", { number = "C#1" }, "field-invalid", "number" },
    { "a number with a letter of another alphabet", { number = "É-1" }, "field-invalid", "number" },
    { "a number with a NUL", { number = "C\0001" }, "field-invalid", "number" },
    { "a number of 33 bytes", { number = ("N"):rep(33) }, "field-invalid", "number" },
    { "a number that is a number", { number = 7 }, "field-invalid", "number" },
    { "a note above 4 KiB", { note = ("n"):rep(4097) }, "field-invalid", "note" },
    { "a note with a NUL", { note = "a\0b" }, "field-invalid", "note" },
    { "a key above 128 bytes", { key = ("k"):rep(129) }, "field-invalid", "key" },
    { "an empty key", { key = "" }, "field-invalid", "key" },
    { "an empty actor", { actor = "" }, "field-invalid", "actor" },
    { "roles that are no list", { roles = "manager" }, "field-invalid", "roles" },
    { "roles that are numbers", { roles = { 1 } }, "field-invalid", "roles" },
    { "a dry run that is no boolean", { dry_run = "yes" }, "field-invalid", "dry_run" },
    { "less than zero", { amount = "-0.01" }, "amount-not-positive", "amount" },
    { "a field with a slip", { amout = "1" }, "field-unknown", "amout" },
    { "a field of another command", { due = "2026-12-20" }, "field-unknown", "due" },
    { "a field that is a number", { [1] = "P1" }, "field-unknown" },
  } do
    local name, changes, code, field = table.unpack(row)
    it(("is refused with %s: %s"):format(name, code), function()
      local fields = { patient = "P1", amount = "120.00" }
      for key, value in pairs(changes) do fields[key] = value ~= NONE and value or nil end
      local message, details = refuses(ledger, "consultation", fields, code)
      if field then
        assert.equal(field, details.field)
        assert(message:find(field, 1, true), message)
      end
    end)
  end

  it("names the nearest field for a slip", function()
    local message, details = refuses(ledger, "consultation", { patient = "P1", amout = "1" }, "field-unknown")
    assert.equal("amount", details.nearest)
    assert(message:find('"amount"', 1, true), message)
  end)

  it("is refused with a number that is taken, by either kind, cancelled or not", function()
    visit()
    bill { patient = "P1", amount = "1" }
    assert(ledger:cancel { document = "C-00001", reason = "typed twice" })
    for _, number in ipairs { "C-00001", "F-00001" } do
      local _, details = refuses(ledger, "consultation", { patient = "P1", amount = "1", number = number },
        "document-exists")
      assert.equal(number, details.document)
      refuses(ledger, "invoice", { patient = "P1", amount = "1", number = number }, "document-exists")
    end
  end)
end)

describe("an invoice", function()
  it("counts its consultations and locks them", function()
    visit "120.00"
    visit "80.50"
    assert(ledger:pay { document = "C-00001", type = "twint", amount = "50" })
    matches({
      number = "F-00001", kind = "invoice", patient = "P1", status = "partial", charged = "200.50",
      collected = "50.00", settled = "50.00", remaining = "150.50", consultations = { "C-00001", "C-00002" },
      payments = {}, due = "2026-04-01", overdue = false,
    }, assert(ledger:invoice { consultations = { "C-00001", "C-00002" }, due = "2026-04-01" }))
    matches({
      status = "invoiced", invoiced = true, invoice = "F-00001", charged = "120.00", collected = "50.00",
      remaining = "0.00", payments = { "R-00001" },
    }, assert(ledger:document "C-00001"))
    assert.equal("→ F-00001", assert(ledger:document "C-00001").mark)
  end)

  it("has an own amount, alone or beside consultations", function()
    bill { patient = "P1", amount = "30.00" }
    assert.equal("unpaid 30.00: charged 30.00", state "F-00001")
    visit "120.00"
    bill { consultations = { "C-00001" }, amount = "20.00" }
    assert.equal("unpaid 140.00: charged 140.00", state "F-00002")
    assert.same({ "C-00001" }, assert(ledger:document "F-00002").consultations)
  end)

  it("of zero, or of consultations that are paid, is paid at once", function()
    assert.equal("paid 0.00: ", state(bill { patient = "P1", amount = "0.00" }))
    visit "120.00"
    assert(ledger:pay { document = "C-00001" })
    assert.equal("paid 0.00: charged 120.00, collected 120.00", state(bill { consultations = { "C-00001" } }))
  end)

  it("takes the patient from its consultations, who may be named beside them", function()
    visit()
    visit()
    assert.equal("P1", assert(ledger:invoice { consultations = { "C-00001" } }).patient)
    assert.equal("P1", assert(ledger:invoice { consultations = { "C-00002" }, patient = "P1" }).patient)
  end)

  it("takes the consultation of a cancelled invoice again", function()
    visit()
    bill { consultations = { "C-00001" } }
    assert(ledger:cancel { document = "F-00001", reason = "wrong address" })
    assert.equal("F-00002", bill { consultations = { "C-00001" } })
    assert.equal("F-00002", assert(ledger:document "C-00001").invoice)
  end)

  it("is overdue once its due day is over and something remains", function()
    bill { patient = "P1", amount = "30.00", due = "2026-03-02" }
    assert.is_false(assert(ledger:document "F-00001").overdue)
    clock.now = "2026-03-03T00:00:00Z"
    assert.is_true(assert(ledger:document "F-00001").overdue)
    assert.equal("unpaid", assert(ledger:document "F-00001").status)
    assert.is_false(assert(ledger:document("F-00001", { as_of = "2026-03-02T23:59:59Z" })).overdue)
    assert(ledger:pay { document = "F-00001" })
    assert.is_false(assert(ledger:document "F-00001").overdue)
  end)

  it("may be due on a day that is over", function()
    assert.is_true(assert(ledger:invoice { patient = "P1", amount = "1", due = "2026-03-01" }).overdue)
  end)

  describe("is refused", function()
    before_each(function()
      visit "120.00" -- C-00001
      visit("80.00", "P2") -- C-00002
      visit() -- C-00003, cancelled
      visit() -- C-00004, invoiced
      assert(ledger:cancel { document = "C-00003", reason = "typed twice" })
      bill { consultations = { "C-00004" } }
    end)

    for _, row in ipairs {
      { "of nothing", {}, "field-missing" },
      { "of a patient without an amount", { patient = "P1" }, "field-missing" },
      { "of an amount without a patient", { amount = "1" }, "field-missing" },
      { "of an empty list", { consultations = {} }, "field-invalid" },
      { "of an empty list beside an amount", { consultations = {}, patient = "P1", amount = "1" }, "field-invalid" },
      { "of a text for a list", { consultations = "C-00001" }, "field-invalid" },
      { "of a list of numbers", { consultations = { 1 } }, "field-invalid" },
      { "of a table by name", { consultations = { first = "C-00001" } }, "field-invalid" },
      { "of a list with a hole", { consultations = { "C-00001", nil, "C-00002" } }, "field-invalid" },
      { "of a consultation named twice", { consultations = { "C-00001", "C-00001" } }, "field-invalid" },
      { "of an amount that is none", { patient = "P1", amount = "ten" }, "amount-invalid" },
      { "with a due day that is none", { patient = "P1", amount = "1", due = "2026-02-30" }, "date-invalid" },
      { "of an unknown consultation", { consultations = { "C-00001", "C-00099" } }, "document-unknown" },
      { "of an invoice", { consultations = { "C-00001", "F-00001" } }, "document-kind" },
      { "of a cancelled consultation", { consultations = { "C-00001", "C-00003" } }, "document-cancelled" },
      { "of an invoiced consultation", { consultations = { "C-00001", "C-00004" } }, "document-invoiced" },
      { "of two patients", { consultations = { "C-00001", "C-00002" } }, "patient-mismatch" },
      { "for another patient", { consultations = { "C-00001" }, patient = "P2" }, "patient-mismatch" },
      { "below zero", { patient = "P1", amount = "-0.01" }, "amount-not-positive" },
      { "below zero beside consultations", { consultations = { "C-00001" }, amount = "-20" }, "amount-not-positive" },
      { "in the future", { patient = "P1", amount = "1", at = "2026-03-03" }, "date-in-future" },
    } do
      local name, fields, code = table.unpack(row)
      it(("%s: %s"):format(name, code), function()
        refuses(ledger, "invoice", fields, code)
      end)
    end

    it("beyond 64 bits: amount-overflow", function()
      visit "92233720368547758.07"
      refuses(ledger, "invoice", { consultations = { "C-00005" }, amount = "0.01" }, "amount-overflow")
      refuses(ledger, "invoice", { consultations = { "C-00001", "C-00005" } }, "amount-overflow")
    end)
  end)
end)

describe("an invoiced consultation", function()
  before_each(function()
    visit()
    assert(ledger:pay { document = "C-00001", type = "twint", amount = "50" })
    bill { consultations = { "C-00001" } }
  end)

  for command, fields in pairs {
    pay = { document = "C-00001" },
    charge = { document = "C-00001", amount = "1" },
    cancel = { document = "C-00001", reason = "test" },
    invoice = { consultations = { "C-00001" } },
    reverse = { payment = "R-00001", reason = "test" },
    correct = { payment = "R-00001", reason = "test", amount = "40" },
    refund = { payment = "R-00001", reason = "test", reopen = true },
  } do
    it("is not touched by " .. command .. ", which names the invoice", function()
      local message, details = refuses(ledger, command, fields, "document-invoiced")
      assert.equal("F-00001", details.invoice)
      assert.equal("C-00001", details.document)
      assert(message:find("C-00001", 1, true), message)
    end)
  end

  it("is free again, payments intact, once the invoice is cancelled", function()
    matches({ document = "F-00001", status = "cancelled", remaining = "0.00" },
      assert(ledger:cancel { document = "F-00001", reason = "wrong address" }))
    assert.equal("pending 70.00: charged 120.00, collected 50.00", state "C-00001")
    assert.is_nil(assert(ledger:document "C-00001").invoice)
    assert(ledger:reverse { payment = "R-00001", reason = "test" })
    assert.equal("pending 120.00: charged 120.00", state "C-00001")
  end)
end)

describe("charge", function()
  for _, row in ipairs {
    -- charged before, settled, added, state after
    { "120.00", nil, "20.00", "pending 140.00: charged 140.00" },
    { "120.00", nil, "-20.00", "pending 100.00: charged 100.00" },
    { "120.00", nil, "-120.00", "paid 0.00: " },
    { "120.00", "50.00", "-70.00", "paid 0.00: charged 50.00, collected 50.00" },
    { "120.00", "120.00", "0.01", "pending 0.01: charged 120.01, collected 120.00" },
    { "0.00", nil, "5", "pending 5.00: charged 5.00" },
  } do
    local charged, settled, added, expected = table.unpack(row)
    it(("of %s on %s with %s settled makes it %s"):format(added, charged, settled or "nothing", expected), function()
      visit(charged)
      if settled then assert(ledger:pay { document = "C-00001", amount = settled }) end
      assert(ledger:charge { document = "C-00001", amount = added, label = "frais" })
      assert.equal(expected, state "C-00001")
    end)
  end

  for _, row in ipairs {
    { "120.00", nil, "0", "amount-not-positive" },
    { "120.00", nil, "-120.01", "charge-below-settled" },
    { "0.00", nil, "-0.01", "charge-below-settled" },
    { "120.00", "50.00", "-70.01", "charge-below-settled" },
    { "120.00", "120.00", "-0.01", "charge-below-settled" },
    { "92233720368547758.07", nil, "0.01", "amount-overflow" },
    { "120.00", nil, "1.001", "amount-invalid" },
    { "120.00", nil, 5, "amount-invalid" },
  } do
    local charged, settled, added, code = table.unpack(row)
    it(("of %s on %s with %s settled is refused: %s"):format(added, charged, settled or "nothing", code), function()
      visit(charged)
      if settled then assert(ledger:pay { document = "C-00001", amount = settled }) end
      local before = state "C-00001"
      refuses(ledger, "charge", { document = "C-00001", amount = added }, code)
      assert.equal(before, state "C-00001")
    end)
  end

  it("says what is settled where a charge would fall below it", function()
    visit()
    assert(ledger:pay { document = "C-00001", amount = "50.00" })
    local message = refuses(ledger, "charge", { document = "C-00001", amount = "-100" }, "charge-below-settled")
    assert(message:find("C-00001", 1, true), message)
  end)

  it("on an invoice goes down to what it and its consultations have settled", function()
    visit "120.00"
    assert(ledger:pay { document = "C-00001", amount = "50.00" })
    bill { consultations = { "C-00001" } }
    refuses(ledger, "charge", { document = "F-00001", amount = "-70.01" }, "charge-below-settled")
    assert(ledger:charge { document = "F-00001", amount = "-70.00" })
    assert.equal("paid 0.00: charged 50.00, collected 50.00", state "F-00001")
  end)

  it("makes a paid invoice partial again", function()
    bill { patient = "P1", amount = "30.00" }
    assert(ledger:pay { document = "F-00001" })
    matches({ status = "partial", remaining = "20.00" },
      assert(ledger:charge { document = "F-00001", amount = "20.00", label = "frais de rappel" }))
  end)

  for name, row in pairs {
    ["an unknown document"] = { { document = "C-00099", amount = "1" }, "document-unknown" },
    ["a cancelled document"] = { { document = "C-00001", amount = "1" }, "document-cancelled" },
    ["no document"] = { { amount = "1" }, "field-missing" },
    ["no amount"] = { { document = "C-00001" }, "field-missing" },
    ["a type"] = { { document = "C-00001", amount = "1", type = "cash" }, "field-unknown" },
  } do
    it(("of %s is refused: %s"):format(name, row[2]), function()
      visit()
      assert(ledger:cancel { document = "C-00001", reason = "typed twice" })
      refuses(ledger, "charge", row[1], row[2])
    end)
  end
end)

describe("cancel", function()
  it("takes a consultation back, which then owes nothing", function()
    visit()
    matches({ status = "cancelled", remaining = "0.00", cancelled = true },
      assert(ledger:cancel { document = "C-00001", reason = "typed twice" }))
    assert.equal("cancelled 0.00: ", state "C-00001")
    assert.equal("0.00", assert(ledger:patient "P1").owed:decimal())
  end)

  it("takes a consultation of zero back", function()
    visit "0"
    assert(ledger:cancel { document = "C-00001", reason = "typed twice" })
    assert.equal("cancelled 0.00: ", state "C-00001")
  end)

  it("takes an invoice's own charges back, and its consultations keep theirs", function()
    visit "120.00"
    visit "80.00"
    assert(ledger:pay { document = "C-00002" })
    bill { consultations = { "C-00001", "C-00002" }, amount = "20.00" }
    assert(ledger:charge { document = "F-00001", amount = "5.00" })
    assert(ledger:cancel { document = "F-00001", reason = "wrong address" })
    assert.equal("cancelled 0.00: ", state "F-00001")
    assert.equal("pending 120.00: charged 120.00", state "C-00001")
    assert.equal("paid 0.00: charged 80.00, collected 80.00", state "C-00002")
  end)

  it("is possible again once the payment is reversed, or refunded to be owed again", function()
    visit()
    assert(ledger:pay { document = "C-00001", type = "twint", amount = "50" })
    refuses(ledger, "cancel", { document = "C-00001", reason = "test" }, "document-has-payments")
    assert(ledger:reverse { payment = "R-00001", reason = "test" })
    assert(ledger:pay { document = "C-00001", type = "twint", amount = "60" })
    assert(ledger:refund { payment = "R-00002", reopen = true, reason = "test" })
    assert(ledger:cancel { document = "C-00001", reason = "test" })
    assert.equal("cancelled 0.00: ", state "C-00001")
  end)

  for _, row in ipairs {
    { "money", { type = "twint", amount = "50" } },
    { "the least money", { type = "twint", amount = "0.01" } },
    { "a discount", { type = "discount", amount = "50" } },
    { "a loss", { type = "loss", amount = "50" } },
    { "credit", { type = "credit", amount = "50" } },
  } do
    local name, fields = table.unpack(row)
    it(("is refused on an invoice with %s: document-has-payments"):format(name), function()
      assert(ledger:deposit { patient = "P1", amount = "50.00" })
      fields.document = bill { patient = "P1", amount = "120.00" }
      assert(ledger:pay(fields))
      refuses(ledger, "cancel", { document = "F-00001", reason = "test" }, "document-has-payments")
    end)
  end

  it("is refused where facts are not zero though they sum to zero", function()
    visit "10.02"
    assert(ledger:pay { document = "C-00001" })
    assert(ledger:refund { payment = "R-00001", reopen = false, reason = "test" })
    assert.equal("paid 0.00: charged 0.02, rounded 0.02", state "C-00001")
    refuses(ledger, "cancel", { document = "C-00001", reason = "test" }, "document-has-payments")
  end)

  it("is refused with a reason missing, a second time, or for no document", function()
    visit()
    refuses(ledger, "cancel", { document = "C-00001" }, "field-missing")
    refuses(ledger, "cancel", { document = "C-00001", reason = "" }, "field-invalid")
    refuses(ledger, "cancel", { document = "C-00099", reason = "test" }, "document-unknown")
    assert(ledger:cancel { document = "C-00001", reason = "test" })
    refuses(ledger, "cancel", { document = "C-00001", reason = "test" }, "document-cancelled")
  end)
end)

describe("a cancelled document", function()
  before_each(function()
    visit()
    assert(ledger:cancel { document = "C-00001", reason = "typed twice" })
  end)

  for command, fields in pairs {
    pay = { document = "C-00001" },
    charge = { document = "C-00001", amount = "1" },
    cancel = { document = "C-00001", reason = "test" },
    invoice = { consultations = { "C-00001" } },
  } do
    it("is not touched by " .. command, function()
      local _, details = refuses(ledger, command, fields, "document-cancelled")
      assert.equal("C-00001", details.document)
    end)
  end
end)

describe("reading a document", function()
  it("gives it as of any instant", function()
    visit()
    clock.now = "2026-03-03T09:00:00Z"
    assert(ledger:pay { document = "C-00001", type = "twint", amount = "50" })
    clock.now = "2026-03-04T09:00:00Z"
    assert(ledger:reverse { payment = "R-00001", reason = "test" })
    bill { consultations = { "C-00001" } }
    for _, row in ipairs {
      { "2026-03-02T10:00:00Z", "pending", "120.00", {} },
      { "2026-03-03T08:59:59Z", "pending", "120.00", {} },
      { "2026-03-03T09:00:00Z", "pending", "70.00", { "R-00001" } },
      { "2026-03-04T08:59:59Z", "pending", "70.00", { "R-00001" } },
      { "2026-03-04T09:00:00Z", "invoiced", "0.00", { "R-00001" } },
    } do
      local as_of, status, remaining, payments = table.unpack(row)
      matches({ status = status, remaining = remaining, payments = payments },
        assert(ledger:document("C-00001", { as_of = as_of })))
    end
  end)

  it("is refused for a number that nobody has, or had then", function()
    visit()
    helper.refused("document-unknown", ledger:document "C-00099")
    helper.refused("document-unknown", ledger:document "")
    helper.refused("document-unknown", ledger:document("C-00001", { as_of = "2026-03-02T09:59:59Z" }))
    helper.refused("field-invalid", ledger:document(1))
    helper.refused("field-invalid", ledger:document())
    helper.refused("field-unknown", ledger:document("C-00001", { asof = "2026-03-02" }))
  end)
end)
