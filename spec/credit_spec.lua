-- Patients' credit: money in for no document yet, paid out again, or moved to another patient.
local helper = require "spec.helper"

local NONE = helper.NONE
local matches, refuses = helper.matches, helper.refuses

local ledger
before_each(function() ledger = helper.open() end)
after_each(helper.finish)

local function deposit(amount, patient)
  return assert(ledger:deposit { patient = patient or "P1", amount = amount, type = "twint" })
end

local function credit(patient)
  return assert(ledger:patient(patient or "P1")).credit:decimal()
end

local function with(fields, changes)
  local out = {}
  for key, value in pairs(fields) do out[key] = value end
  for key, value in pairs(changes) do out[key] = value ~= NONE and value or nil end
  return out
end

-- Rows of a name, changes to fields that are good, and the code with which that is refused.
local function refuses_rows(command, fields, rows)
  for _, row in ipairs(rows) do
    local name, changes, code, field = table.unpack(row)
    it(("is refused %s: %s"):format(name, code), function()
      deposit "50.00"
      deposit("10.00", "P2")
      local message, details = refuses(ledger, command, with(fields, changes), code)
      if field then
        assert.equal(field, details.field)
        assert(message:find(field, 1, true), message)
      end
      assert.equal("50.00", credit())
    end)
  end
end

describe("a deposit", function()
  it("is numbered, and becomes the patient's credit", function()
    matches({
      number = "R-00001", kind = "deposit", type = "card", group = "POS-1", reference = "auth 1", patient = "P1",
      amount = "50.00", deposited = "50.00", allocations = {}, document = NONE, status = NONE, change = "0.00",
    }, assert(ledger:deposit {
      patient = "P1", amount = "50.00", type = "card", group = "POS-1", reference = "auth 1",
    }))
    matches({ patient = "P1", credit = "50.00", owed = "0.00", documents = {} }, assert(ledger:patient "P1"))
    matches({ kind = "deposit", deposited = "50.00", reversed = false }, assert(ledger:payment "R-00001"))
  end)

  it("takes the default type, in its steps", function()
    matches({ type = "cash", amount = "12.35" }, assert(ledger:deposit { patient = "P1", amount = "12.35" }))
    refuses(ledger, "deposit", { patient = "P1", amount = "12.34" }, "amount-not-tenderable")
  end)

  it("makes a patient known", function()
    helper.refused("patient-unknown", ledger:patient "P7")
    refuses(ledger, "withdraw", { patient = "P7", amount = "1.00" }, "patient-unknown")
    deposit("50.00", "P7")
    assert.equal("50.00", credit "P7")
  end)

  it("does not make a patient known where it is refused or only tried", function()
    refuses(ledger, "deposit", { patient = "P7", amount = "0" }, "amount-not-positive")
    assert(ledger:deposit { patient = "P7", amount = "1.00", dry_run = true })
    helper.refused("patient-unknown", ledger:patient "P7")
  end)

  it("adds up, each patient's apart", function()
    deposit "50.00"
    deposit "0.01"
    deposit("7.00", "P2")
    assert.equal("50.01", credit())
    assert.equal("7.00", credit "P2")
  end)

  it("may be of a type that is for consultations alone, up to its limit", function()
    assert(ledger:deposit { patient = "P1", amount = "200.00", type = "voucher" })
    refuses(ledger, "deposit", { patient = "P1", amount = "200.01", type = "voucher" }, "amount-above-limit")
  end)

  it("is refused where the day's total of its type would leave 64 bits, like any sum", function()
    deposit "92233720368547758.00"
    local message = refuses(ledger, "deposit", { patient = "P2", amount = "0.08", type = "twint" }, "amount-overflow")
    assert.is_nil(message:find("SQLite", 1, true), message)
    deposit("0.07", "P2")
    assert.equal("0.07", credit "P2")
  end)

  refuses_rows("deposit", { patient = "P1", amount = "20.00", type = "twint" }, {
    { "without a patient", { patient = NONE }, "field-missing", "patient" },
    { "without an amount", { amount = NONE }, "field-missing", "amount" },
    { "with an integer", { amount = 20 }, "amount-invalid", "amount" },
    { "with a document", { document = "C-00001" }, "field-unknown", "document" },
    { "with tendered money", { tendered = "50.00" }, "field-unknown", "tendered" },
    { "of zero", { amount = "0" }, "amount-not-positive", "amount" },
    { "of less than zero", { amount = "-1" }, "amount-not-positive", "amount" },
    { "of an unknown type", { type = "twnt" }, "type-unknown" },
    { "of a retired type", { type = "cheque" }, "type-retired" },
    { "of credit", { type = "credit" }, "type-not-applicable" },
    { "of a discount", { type = "discount" }, "type-not-applicable" },
    { "of a loss", { type = "loss" }, "type-not-applicable" },
    { "of a loss by a secretary", { type = "loss", roles = { "secretary" } }, "permission-denied" },
    { "without the group that the type needs", { type = "card" }, "group-required" },
    { "with a group that the type has not", { type = "card", group = "POS-9" }, "group-unknown" },
    { "in the future", { at = "2026-03-03" }, "date-in-future" },
    { "beyond 64 bits", { amount = "92233720368547758.00" }, "amount-overflow" },
  })
end)

describe("a withdrawal", function()
  it("is numbered, and takes from the patient's credit", function()
    deposit "50.00"
    matches({
      number = "R-00002", kind = "withdraw", type = "cash", amount = "20.00", patient = "P1", reason = "moves away",
      document = NONE, status = NONE, allocations = {},
    }, assert(ledger:withdraw { patient = "P1", amount = "20.00", reason = "moves away" }))
    assert.equal("30.00", credit())
    assert.same({ cash = "withdrawn 20.00, count 1", twint = "deposited 50.00, count 1" }, helper.totals(ledger))
  end)

  it("goes down to nothing", function()
    deposit "50.00"
    assert(ledger:withdraw { patient = "P1", amount = "50.00" })
    assert.equal("0.00", credit())
    refuses(ledger, "withdraw", { patient = "P1", amount = "0.05" }, "credit-insufficient")
  end)

  it("needs no group, as it has none", function()
    deposit "50.00"
    matches({ type = "card", group = NONE },
      assert(ledger:withdraw { patient = "P1", amount = "20.00", type = "card" }))
    refuses(ledger, "withdraw", { patient = "P1", amount = "20.00", type = "card", group = "POS-1" }, "field-unknown")
  end)

  it("says what the credit is where it is too small", function()
    deposit "50.00"
    local message, details = refuses(ledger, "withdraw", { patient = "P1", amount = "50.05" }, "credit-insufficient")
    assert.equal("50.00 CHF", details.credit)
    assert(message:find("50.00", 1, true), message)
  end)

  refuses_rows("withdraw", { patient = "P1", amount = "20.00", type = "twint" }, {
    { "without a patient", { patient = NONE }, "field-missing", "patient" },
    { "without an amount", { amount = NONE }, "field-missing", "amount" },
    { "with a float", { amount = 20.5 }, "amount-invalid", "amount" },
    { "with an empty reason", { reason = "" }, "field-invalid", "reason" },
    { "of an unknown patient", { patient = "P99" }, "patient-unknown" },
    { "of zero", { amount = "0.00" }, "amount-not-positive", "amount" },
    { "of less than zero", { amount = "-20.00" }, "amount-not-positive", "amount" },
    { "of what no coin has", { type = "cash", amount = "20.01" }, "amount-not-tenderable", "amount" },
    { "of more than there is", { amount = "50.01" }, "credit-insufficient" },
    { "of an unknown type", { type = "bitcoin" }, "type-unknown" },
    { "of a retired type", { type = "cheque" }, "type-retired" },
    { "as credit", { type = "credit" }, "type-not-applicable" },
    { "as a discount", { type = "discount" }, "type-not-applicable" },
    { "as a loss by a secretary", { type = "loss", roles = { "secretary" } }, "permission-denied" },
    { "in the future", { at = "2026-03-03" }, "date-in-future" },
  })
end)

describe("a transfer", function()
  it("moves credit from one patient to another, and is no money", function()
    deposit "50.00"
    deposit("10.00", "P2")
    matches({ from = "P1", to = "P2", amount = "20.00", number = NONE, document = NONE, act = 3 },
      assert(ledger:transfer { from = "P1", to = "P2", amount = "20.00", reason = "mother and child" }))
    assert.equal("30.00", credit "P1")
    assert.equal("30.00", credit "P2")
    assert.same({ twint = "deposited 60.00, count 2" }, helper.totals(ledger))
  end)

  it("goes to a patient whom only a document names", function()
    deposit "50.00"
    assert(ledger:consultation { patient = "P3", amount = "50.00" })
    assert(ledger:transfer { from = "P1", to = "P3", amount = "50.00" })
    matches({ status = "paid" }, assert(ledger:pay { document = "C-00001", type = "credit" }))
    assert.equal("0.00", credit "P3")
  end)

  it("may move an amount that no coin has", function()
    deposit "0.03"
    deposit("10.00", "P2")
    assert(ledger:transfer { from = "P1", to = "P2", amount = "0.01" })
    assert.equal("0.02", credit())
  end)

  it("is refused where the other's credit would leave 64 bits", function()
    deposit "0.08"
    assert(ledger:deposit { patient = "P2", amount = "92233720368547758.00", type = "transfer" })
    refuses(ledger, "transfer", { from = "P1", to = "P2", amount = "0.08" }, "amount-overflow")
    assert(ledger:transfer { from = "P1", to = "P2", amount = "0.07" })
  end)

  refuses_rows("transfer", { from = "P1", to = "P2", amount = "20.00" }, {
    { "from nobody", { from = NONE }, "field-missing", "from" },
    { "to nobody", { to = NONE }, "field-missing", "to" },
    { "of nothing", { amount = NONE }, "field-missing", "amount" },
    { "to the same patient", { to = "P1" }, "field-invalid", "to" },
    { "to an empty name", { to = "" }, "field-invalid", "to" },
    { "with a type", { type = "cash" }, "field-unknown", "type" },
    { "with an integer", { amount = 20 }, "amount-invalid", "amount" },
    { "from an unknown patient", { from = "P99" }, "patient-unknown" },
    { "to an unknown patient", { to = "P99" }, "patient-unknown" },
    { "of zero", { amount = "0" }, "amount-not-positive", "amount" },
    { "of less than zero", { amount = "-20.00" }, "amount-not-positive", "amount" },
    { "of more than there is", { amount = "50.01" }, "credit-insufficient" },
    { "in the future", { at = "2026-03-03" }, "date-in-future" },
  })
end)

describe("a patient", function()
  it("has credit, what is owed, and the open documents in the order of their making", function()
    deposit "50.00"
    assert(ledger:consultation { patient = "P1", amount = "120.00" })
    assert(ledger:consultation { patient = "P1", amount = "30.00" })
    assert(ledger:consultation { patient = "P1", amount = "10.00" })
    assert(ledger:pay { document = "C-00002" })
    assert(ledger:invoice { consultations = { "C-00001" } })
    local patient = assert(ledger:patient "P1")
    matches({ patient = "P1", credit = "50.00", owed = "130.00" }, patient)
    local numbers = {}
    for index, document in ipairs(patient.documents) do numbers[index] = document.number end
    assert.same({ "C-00003", "F-00001" }, numbers)
  end)

  it("is refused where nothing names one", function()
    helper.refused("patient-unknown", ledger:patient "P99")
    helper.refused("field-invalid", ledger:patient())
    helper.refused("field-invalid", ledger:patient(17))
  end)
end)
