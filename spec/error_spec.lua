-- The error codes: the one list, that each is told somewhere in these specs, and which of two that fit is answered.
local helper = require "spec.helper"
local tallystick = require "tallystick"

local refused, refuses = helper.refused, helper.refuses
after_each(helper.finish)

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- The codes of design.md §8, as that page lists them.
local function codes_of_the_contract()
  local section = assert(read("docs/design.md"):match "\n## 8%. Errors\n(.-)\nA payment of a closed day")
  local codes = {}
  for code in section:gmatch "`([%a-]+)`" do codes[#codes + 1] = code end
  return codes
end

local function spec_files()
  local pipe <close> = assert(io.popen "ls spec/*.lua")
  local paths = {}
  for path in pipe:lines() do
    if path ~= "spec/error_spec.lua" and path ~= "spec/helper.lua" then paths[#paths + 1] = path end
  end
  return paths
end

describe("the list of errors", function()
  it("has the codes of the contract, all of them, in its order", function()
    local listed = {}
    for index, err in ipairs(tallystick.errors) do listed[index] = err.code end
    assert.same(codes_of_the_contract(), listed)
  end)

  it("numbers them from one and says each in a sentence", function()
    assert(#tallystick.errors > 0)
    for index, err in ipairs(tallystick.errors) do
      assert.equal(index, err.number)
      assert(err.text:find "%a+ %a+", err.code)
    end
  end)

  it("names no two alike", function()
    local seen = {}
    for _, err in ipairs(tallystick.errors) do
      assert.is_nil(seen[err.code], err.code)
      assert.is_nil(seen[err.text], err.text)
      seen[err.code], seen[err.text] = true, true
    end
  end)

  it("is told in the specs, each code of it", function()
    -- Only a hook can fail as a script, and hooks are not part of this release.
    local later = { ["script-failed"] = true }
    local texts = {}
    for index, path in ipairs(spec_files()) do texts[index] = read(path) end
    local all, untold = table.concat(texts, "\n"), {}
    for _, err in ipairs(tallystick.errors) do
      local told = later[err.code] or all:find(('"%s"'):format(err.code), 1, true)
      if not told then untold[#untold + 1] = err.code end
    end
    assert.same({}, untold)
  end)
end)

-- ---- Which of two codes that fit ----

local SCRIPT = helper.SCRIPT .. [[
clinic:payment_type { id = "narrow", applies_to = { "consultation" }, round_to = "0.05", max = "100.00",
  group = { required = true, one_of = { "room-1" } } }
clinic:permit { transfer = { "manager" }, cancel = { "manager" } }
]]

local OPEN, FUTURE, CLOSED = "2026-03-01", "2026-03-03", "2026-02-28"

-- What the rows below are about; all of it was made on an open day.
local function arrange()
  local ledger = helper.open { script = SCRIPT }
  local function visit(patient, amount)
    assert(ledger:consultation { patient = patient, amount = amount, at = OPEN })
  end
  local function pay(fields)
    fields.at = OPEN
    assert(ledger:pay(fields))
  end
  visit("P1", "120.00") -- C-00001, open
  visit("P1", "80.00") -- C-00002, settled by R-00001
  visit("P1", "10.00") -- C-00003, cancelled
  visit("P1", "40.00") -- C-00004, on F-00001, with R-00002, which is reversed, and R-00003
  visit("P2", "50.00") -- C-00005, open
  visit("P3", "92233720368547758.07") -- C-00006, open
  visit("P3", "1.00") -- C-00007, open
  visit("P1", "60.00") -- C-00008, with R-00004, refunded by R-00005
  assert(ledger:cancel { document = "C-00003", reason = "test", at = OPEN })
  pay { document = "C-00002", type = "twint" } -- R-00001
  pay { document = "C-00004", type = "twint", amount = "5.00" } -- R-00002
  assert(ledger:reverse { payment = "R-00002", reason = "test", at = OPEN })
  pay { document = "C-00004", type = "twint", amount = "10.00" } -- R-00003
  assert(ledger:invoice { consultations = { "C-00004" }, at = OPEN })
  pay { document = "C-00008", type = "twint" } -- R-00004
  assert(ledger:refund { payment = "R-00004", amount = "10.00", reopen = true, reason = "test", at = OPEN }) -- R-00005
  assert(ledger:deposit { patient = "P1", amount = "50.00", at = OPEN }) -- R-00006, spent
  assert(ledger:withdraw { patient = "P1", amount = "50.00", at = OPEN }) -- R-00007
  assert(ledger:deposit { patient = "P2", amount = "5.00", at = OPEN, key = "used" }) -- R-00008
  pay { documents = { "C-00001", "C-00005" }, type = "twint", amount = "121.00" } -- R-00009, reversed
  assert(ledger:reverse { payment = "R-00009", reason = "test", at = OPEN })
  assert(ledger:deposit { patient = "P3", amount = "92233720368547758.00", type = "transfer", at = OPEN }) -- R-00010
  assert(ledger:close_days { through = CLOSED })
  return ledger
end

local NOBODY = {}

-- Rows of a command, its fields, the code that is answered, and one further down the list that fits as well.
local ROWS = {
  -- the command alone
  { "pay", { typ = "cash" }, "field-unknown", "field-missing" },
  { "pay", { document = 1, typ = "cash" }, "field-unknown", "field-invalid" },
  { "pay", { type = "", amount = 5 }, "field-missing", "field-invalid" },
  { "pay", { amount = 5 }, "field-missing", "amount-invalid" },
  { "pay", { document = 1, amount = 5 }, "field-invalid", "amount-invalid" },
  { "pay", { document = 1, at = "noon" }, "field-invalid", "date-invalid" },
  { "pay", { document = "C-00001", amount = 5, at = "noon" }, "amount-invalid", "date-invalid" },
  { "pay", { document = "C-00099", at = "noon" }, "date-invalid", "document-unknown" },
  { "invoice", { consultations = {}, amount = "-1" }, "field-invalid", "amount-not-positive" },
  { "transfer", { from = "P1", to = "P1", amount = 5 }, "field-invalid", "amount-invalid" },
  { "transfer", { from = "P99", to = "P99", amount = "5" }, "field-invalid", "patient-unknown" },
  { "close_days", { through = "noon", counted = { cash = 5 } }, "amount-invalid", "date-invalid" },
  { "pay", { document = "C-00099", type = "insurance" }, "field-missing", "document-unknown" },
  { "pay", { document = "C-00099", fields = { policy = "1" } }, "field-unknown", "document-unknown" },

  -- its key
  { "deposit", { patient = "P2", amount = 5, key = "used" }, "amount-invalid", "key-conflict" },
  { "deposit", { patient = "P2", amount = "5.00", key = "used", at = "noon" }, "date-invalid", "key-conflict" },
  { "deposit", { patient = "P2", amount = "6.00", key = "used", type = "bitcoin" }, "key-conflict", "type-unknown" },
  { "pay", { document = "C-00099", key = "used" }, "key-conflict", "document-unknown" },
  { "pay", { document = "C-00001", key = "used", type = "loss", roles = NOBODY }, "key-conflict",
    "permission-denied" },

  -- what it names
  { "pay", { document = "C-00099", type = "bitcoin" }, "type-unknown", "document-unknown" },
  { "pay", { document = "C-00099", type = "cheque" }, "type-retired", "document-unknown" },
  { "pay", { documents = "oldest", patient = "P99", type = "cheque" }, "type-retired", "patient-unknown" },
  { "refund", { payment = "R-00099", reopen = true, reason = "test", type = "bitcoin" }, "type-unknown",
    "payment-unknown" },
  { "refund", { payment = "R-00099", reopen = true, reason = "test", type = "cheque" }, "type-retired",
    "payment-unknown" },
  { "refund", { payment = "R-00099", reopen = true, reason = "test", document = "C-00099" }, "document-unknown",
    "payment-unknown" },
  { "pay", { document = "C-00099", patient = "P99" }, "document-unknown", "patient-unknown" },
  { "withdraw", { patient = "P99", amount = "5", type = "bitcoin" }, "type-unknown", "patient-unknown" },
  { "pay", { document = "C-00001", type = "cheque", roles = NOBODY }, "type-retired", "amount-not-tenderable" },
  { "pay", { document = "F-00099", type = "loss", roles = NOBODY }, "document-unknown", "permission-denied" },
  { "refund", { payment = "R-00099", reopen = true, reason = "test", roles = NOBODY }, "payment-unknown",
    "permission-denied" },
  { "transfer", { from = "P99", to = "P1", amount = "5", roles = NOBODY }, "patient-unknown", "permission-denied" },
  { "close_days", { through = CLOSED, counted = { bitcoin = "1" }, roles = NOBODY }, "type-unknown",
    "permission-denied" },
  { "charge", { document = "C-00099", amount = "0" }, "document-unknown", "amount-not-positive" },

  -- who asks
  { "cancel", { document = "C-00003", reason = "test", roles = NOBODY }, "permission-denied", "document-cancelled" },
  { "cancel", { document = "C-00004", reason = "test", roles = NOBODY }, "permission-denied", "document-invoiced" },
  { "pay", { document = "C-00001", type = "loss", roles = NOBODY }, "permission-denied", "type-not-applicable" },
  { "deposit", { patient = "P1", amount = "5", type = "loss", roles = NOBODY }, "permission-denied",
    "type-not-applicable" },
  { "refund", { payment = "R-00009", reopen = true, reason = "test", roles = NOBODY }, "permission-denied",
    "allocation-unknown" },
  { "transfer", { from = "P1", to = "P2", amount = "0", roles = NOBODY }, "permission-denied",
    "amount-not-positive" },
  { "close_days", { through = FUTURE, roles = NOBODY }, "permission-denied", "date-in-future" },
  { "close_days", { through = CLOSED, counted = { loss = "1" }, roles = NOBODY }, "permission-denied",
    "type-not-applicable" },

  -- the state of things, from the top of the list
  { "invoice", { number = "C-00001", consultations = { "F-00001" } }, "document-exists", "document-kind" },
  { "invoice", { number = "C-00001", consultations = { "C-00003" } }, "document-exists", "document-cancelled" },
  { "invoice", { number = "C-00001", consultations = { "C-00004" } }, "document-exists", "document-invoiced" },
  { "invoice", { number = "C-00001", consultations = { "C-00005" }, patient = "P1" }, "document-exists",
    "patient-mismatch" },
  { "consultation", { patient = "P1", amount = "1", number = "C-00001", at = FUTURE }, "document-exists",
    "date-in-future" },
  { "consultation", { patient = "P1", amount = "-1", number = "C-00001" }, "document-exists", "amount-not-positive" },
  { "invoice", { consultations = { "C-00003", "F-00001" } }, "document-kind", "document-cancelled" },
  { "invoice", { consultations = { "C-00004", "F-00001" } }, "document-kind", "document-invoiced" },
  { "invoice", { consultations = { "F-00001" }, patient = "P2" }, "document-kind", "patient-mismatch" },
  { "invoice", { consultations = { "F-00001" }, amount = "-1" }, "document-kind", "amount-not-positive" },
  { "refund", { payment = "R-00001", document = "C-00003", reopen = true, reason = "test" }, "allocation-unknown",
    "document-cancelled" },
  { "refund", { payment = "R-00001", document = "C-00004", reopen = true, reason = "test" }, "allocation-unknown",
    "document-invoiced" },
  { "refund", { payment = "R-00009", reopen = true, reason = "test" }, "allocation-unknown", "payment-reversed" },
  { "pay", { documents = { "C-00004", "C-00003" } }, "document-cancelled", "document-invoiced" },
  { "invoice", { consultations = { "C-00004", "C-00003" } }, "document-cancelled", "document-invoiced" },
  { "pay", { documents = { "C-00003", "C-00005" }, patient = "P1" }, "document-cancelled", "patient-mismatch" },
  { "invoice", { consultations = { "C-00003", "C-00005" } }, "document-cancelled", "patient-mismatch" },
  { "cancel", { document = "C-00003", reason = "test", at = CLOSED }, "document-cancelled", "period-closed" },
  { "charge", { document = "C-00003", amount = "0" }, "document-cancelled", "amount-not-positive" },
  { "cancel", { document = "C-00004", reason = "test" }, "document-invoiced", "document-has-payments" },
  { "pay", { document = "C-00004", patient = "P2" }, "document-invoiced", "patient-mismatch" },
  { "pay", { document = "C-00004", amount = "0" }, "document-invoiced", "amount-not-positive" },
  { "reverse", { payment = "R-00002", reason = "test" }, "document-invoiced", "payment-reversed" },
  { "correct", { payment = "R-00002", reason = "test", type = "bitcoin" }, "document-invoiced", "type-unknown" },
  { "refund", { payment = "R-00003", reopen = true, reason = "test", type = "loss" }, "document-invoiced",
    "type-not-applicable" },
  { "cancel", { document = "C-00002", reason = "test", at = FUTURE }, "document-has-payments", "date-in-future" },
  { "cancel", { document = "C-00002", reason = "test", at = CLOSED }, "document-has-payments", "period-closed" },
  { "pay", { document = "C-00001", patient = "P2", type = "loss" }, "patient-mismatch", "type-not-applicable" },
  { "pay", { document = "C-00001", patient = "P2", type = "card" }, "patient-mismatch", "group-required" },
  { "pay", { document = "C-00001", patient = "P2", at = FUTURE }, "patient-mismatch", "date-in-future" },
  { "pay", { document = "C-00002", patient = "P2" }, "patient-mismatch", "document-settled" },
  { "pay", { documents = { "C-00001", "C-00005" }, type = "credit" }, "patient-mismatch", "credit-insufficient" },
  { "pay", { documents = { "C-00001", "C-00005" }, type = "transfer", amount = "900", at = CLOSED },
    "patient-mismatch", "period-closed" },
  { "pay", { documents = { "C-00006", "C-00007" }, patient = "P1" }, "patient-mismatch", "amount-overflow" },
  { "refund", { payment = "R-00009", document = "C-00001", reopen = true, reason = "test", type = "discount" },
    "payment-reversed", "type-not-applicable" },
  { "reverse", { payment = "R-00009", reason = "test", at = FUTURE }, "payment-reversed", "date-in-future" },
  { "correct", { payment = "R-00009", reason = "test", type = "bitcoin" }, "payment-reversed", "type-unknown" },
  { "correct", { payment = "R-00009", reason = "test", type = "cheque" }, "payment-reversed", "type-retired" },
  { "reverse", { payment = "R-00004", reason = "test", at = FUTURE }, "payment-refunded", "date-in-future" },
  { "reverse", { payment = "R-00004", reason = "test", at = CLOSED }, "payment-refunded", "period-closed" },
  { "correct", { payment = "R-00004", reason = "test", document = "C-00099" }, "payment-refunded",
    "document-unknown" },
  { "refund", { payment = "R-00006", reopen = true, reason = "test", type = "discount" }, "payment-not-reversible",
    "type-not-applicable" },
  { "refund", { payment = "R-00006", reopen = true, reason = "test", amount = "0" }, "payment-not-reversible",
    "amount-not-positive" },
  { "reverse", { payment = "R-00007", reason = "test", at = FUTURE }, "payment-not-reversible", "date-in-future" },
  { "correct", { payment = "R-00006", reason = "test" }, "payment-not-reversible", "credit-spent" },
  { "pay", { document = "F-00001", type = "narrow" }, "type-not-applicable", "group-required" },
  { "pay", { document = "F-00001", type = "narrow", group = "room-2" }, "type-not-applicable", "group-unknown" },
  { "pay", { document = "F-00001", type = "voucher", at = FUTURE }, "type-not-applicable", "date-in-future" },
  { "pay", { document = "C-00002", type = "loss" }, "type-not-applicable", "document-settled" },
  { "pay", { document = "C-00001", type = "discount", tendered = "-1", amount = "0" }, "type-not-applicable",
    "amount-not-positive" },
  { "pay", { documents = { "C-00006", "C-00007" }, type = "loss" }, "type-not-applicable", "amount-overflow" },
  { "deposit", { patient = "P1", amount = "0", type = "discount" }, "type-not-applicable", "amount-not-positive" },
  { "withdraw", { patient = "P1", amount = "900", type = "discount" }, "type-not-applicable",
    "credit-insufficient" },
  { "close_days", { through = FUTURE, counted = { loss = "1" } }, "type-not-applicable", "date-in-future" },
  { "close_days", { through = CLOSED, counted = { loss = "1" } }, "type-not-applicable", "period-closed" },
  { "pay", { document = "C-00001", type = "card", at = FUTURE }, "group-required", "date-in-future" },
  { "pay", { document = "C-00001", type = "card", at = CLOSED }, "group-required", "period-closed" },
  { "pay", { document = "C-00002", type = "card" }, "group-required", "document-settled" },
  { "deposit", { patient = "P1", amount = "0", type = "card" }, "group-required", "amount-not-positive" },
  { "pay", { document = "C-00001", type = "card", group = "POS-9", at = FUTURE }, "group-unknown",
    "date-in-future" },
  { "pay", { document = "C-00001", type = "card", group = "POS-9", amount = "900" }, "group-unknown",
    "amount-exceeds-remaining" },
  { "close_days", { through = FUTURE, at = CLOSED }, "date-in-future", "period-closed" },
  { "pay", { document = "C-00002", at = FUTURE }, "date-in-future", "document-settled" },
  { "pay", { document = "C-00001", amount = "0", at = FUTURE }, "date-in-future", "amount-not-positive" },
  { "pay", { documents = { "C-00006", "C-00007" }, at = FUTURE }, "date-in-future", "amount-overflow" },
  { "consultation", { patient = "P1", amount = "-1", at = FUTURE }, "date-in-future", "amount-not-positive" },
  { "refund", { payment = "R-00001", reopen = true, reason = "test", amount = "900", at = FUTURE }, "date-in-future",
    "refund-exceeds-payment" },
  { "reverse", { payment = "R-00006", reason = "test", at = FUTURE }, "date-in-future", "credit-spent" },
  { "transfer", { from = "P1", to = "P2", amount = "900", at = FUTURE }, "date-in-future", "credit-insufficient" },
  { "charge", { document = "C-00001", amount = "-900", at = FUTURE }, "date-in-future", "charge-below-settled" },
  { "pay", { document = "C-00002", at = CLOSED }, "period-closed", "document-settled" },
  { "pay", { document = "C-00001", amount = "0", at = CLOSED }, "period-closed", "amount-not-positive" },
  { "pay", { document = "C-00001", type = "credit", at = CLOSED }, "period-closed", "credit-insufficient" },
  { "pay", { documents = { "C-00006", "C-00007" }, at = CLOSED }, "period-closed", "amount-overflow" },
  { "consultation", { patient = "P1", amount = "-1", at = CLOSED }, "period-closed", "amount-not-positive" },
  { "invoice", { patient = "P1", amount = "-1", at = CLOSED }, "period-closed", "amount-not-positive" },
  { "charge", { document = "C-00001", amount = "0", at = CLOSED }, "period-closed", "amount-not-positive" },
  { "charge", { document = "C-00001", amount = "-900", at = CLOSED }, "period-closed", "charge-below-settled" },
  { "charge", { document = "C-00006", amount = "0.01", at = CLOSED }, "period-closed", "amount-overflow" },
  { "reverse", { payment = "R-00006", reason = "test", at = CLOSED }, "period-closed", "credit-spent" },
  { "withdraw", { patient = "P1", amount = "0", at = CLOSED }, "period-closed", "amount-not-positive" },
  { "deposit", { patient = "P1", amount = "0.01", at = CLOSED }, "period-closed", "amount-not-tenderable" },
  { "pay", { document = "C-00002", amount = "-1" }, "document-settled", "amount-not-positive" },
  { "pay", { document = "C-00002", amount = "0.01" }, "document-settled", "amount-not-tenderable" },
  { "pay", { document = "C-00002", type = "voucher", amount = "900" }, "document-settled", "amount-above-limit" },
  { "pay", { document = "C-00002", type = "twint", tendered = "-1" }, "document-settled", "tendered-too-small" },
  { "pay", { document = "C-00002", type = "credit" }, "document-settled", "credit-insufficient" },
  { "pay", { document = "C-00001", amount = "0" }, "amount-not-positive", "amount-not-tenderable" },
  { "pay", { document = "C-00001", type = "credit", amount = "-1" }, "amount-not-positive", "credit-insufficient" },
  { "pay", { document = "C-00001", type = "twint", amount = "0", tendered = "-1" }, "amount-not-positive",
    "tendered-too-small" },
  { "pay", { document = "C-00001", amount = "-1", tendered = "0.01" }, "amount-not-positive",
    "amount-not-tenderable" },
  { "refund", { payment = "R-00001", reopen = true, reason = "test", type = "cash", amount = "-0.01" },
    "amount-not-positive", "amount-not-tenderable" },
  { "withdraw", { patient = "P1", amount = "-0.01" }, "amount-not-positive", "amount-not-tenderable" },
  { "pay", { document = "C-00001", type = "narrow", group = "room-1", amount = "100.01" }, "amount-not-tenderable",
    "amount-above-limit" },
  { "pay", { document = "C-00001", type = "narrow", group = "room-1", amount = "900.01" }, "amount-not-tenderable",
    "amount-exceeds-remaining" },
  { "pay", { document = "C-00001", amount = "10.00", tendered = "9.99" }, "amount-not-tenderable",
    "tendered-too-small" },
  { "refund", { payment = "R-00001", reopen = true, reason = "test", type = "cash", amount = "900.01" },
    "amount-not-tenderable", "refund-exceeds-payment" },
  { "withdraw", { patient = "P1", amount = "900.01" }, "amount-not-tenderable", "credit-insufficient" },
  { "deposit", { patient = "P1", type = "narrow", group = "room-1", amount = "100.01" }, "amount-not-tenderable",
    "amount-above-limit" },
  { "pay", { document = "C-00001", type = "voucher", amount = "900" }, "amount-above-limit",
    "amount-exceeds-remaining" },
  { "pay", { document = "C-00006", type = "voucher", tendered = "1" }, "amount-above-limit", "tendered-too-small" },
  { "pay", { document = "C-00001", type = "credit", amount = "900" }, "amount-exceeds-remaining",
    "credit-insufficient" },
  { "pay", { document = "C-00001", type = "twint", amount = "900", tendered = "1" }, "amount-exceeds-remaining",
    "tendered-too-small" },
  { "pay", { document = "C-00007", type = "transfer", amount = "900", tendered = "1" }, "tendered-too-small",
    "amount-overflow" },
}

describe("of two codes that fit", function()
  local ranks = {}
  for index, err in ipairs(tallystick.errors) do ranks[err.code] = index end

  local ledger
  before_each(function() ledger = arrange() end)

  for _, row in ipairs(ROWS) do
    local command, fields, first, second = table.unpack(row)
    it(("%s answers %s before %s"):format(command, first, second), function()
      -- Of a correction, all that reverse would refuse comes before all that pay would.
      if command ~= "correct" then assert(ranks[first] < ranks[second]) end
      refuses(ledger, command, fields, first)
    end)
  end

  it("a ledger open for reading answers read-only before all others", function()
    local path = helper.folder() .. "/clinic.db"
    helper.open { path = path }:close()
    local reading = helper.open { path = path, mode = "ro" }
    for _, command in ipairs(tallystick.commands) do
      if command.name ~= "transaction" then
        refused("read-only", reading[command.name](reading, { typ = 5 }))
      end
    end
  end)

  it("a key's replay comes before all that the ledger would say now", function()
    local first = assert(ledger:pay { document = "C-00001", type = "twint", key = "k1", at = OPEN })
    assert(ledger:cancel { document = "C-00007", reason = "test" })
    assert(ledger:close_days { through = OPEN })
    for _, roles in ipairs { NOBODY, { "manager" } } do
      local again = assert(ledger:pay { document = "C-00001", type = "twint", key = "k1", at = OPEN, roles = roles })
      helper.matches({ number = first.number, replayed = true, status = "paid" }, again)
    end
  end)
end)
