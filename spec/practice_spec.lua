-- Each sentence of design.md §1, held against the scripts of examples/swiss-practice and examples/dental-clinic.
local command = require "spec.command"
local helper = require "spec.helper"
local tallystick = require "tallystick"

local refused, refuses, matches, state = helper.refused, helper.refuses, helper.matches, helper.state
local NONE = helper.NONE

after_each(helper.finish)

---@param name string a folder of examples
local function open(name, options)
  options = options or {}
  options.script = command.read(("examples/%s/clinic.lua"):format(name))
  return helper.open(options)
end

describe("Optamed", function()
  local ledger, clock

  before_each(function() ledger, clock = open("swiss-practice", { now = "2026-03-02T10:00" }) end)

  local function visit(amount, patient)
    return assert(ledger:consultation { patient = patient or "P17", amount = amount }).number
  end

  local function bill(...)
    return assert(ledger:invoice { consultations = { ... } }).number
  end

  it('"A payment can be added to a consultation (C-XXXXX) …, with date, amount and means"', function()
    assert.equal("C-00001", visit "120.00")
    matches({ number = "R-00001", at = "2026-02-27T17:45:00Z", day = "2026-02-27", amount = "50.00", type = "card" },
      ledger:pay { document = "C-00001", at = "2026-02-27T17:45", amount = "50.00", type = "card" })
    assert.equal("2026-03-02T10:00:00Z", assert(ledger:payment "R-00001").recorded_at)
  end)

  it('"… as long as it is not invoiced"', function()
    visit "120.00"
    local invoice = bill "C-00001"
    local _, details = refuses(ledger, "pay", { document = "C-00001", amount = "10.00" }, "document-invoiced")
    assert.equal(invoice, details.invoice)
    refuses(ledger, "pay", { document = "C-00001", type = "discount" }, "document-invoiced")
  end)

  it('"Partial payments, several per document"', function()
    visit "120.00"
    for part = 1, 3 do assert(ledger:pay { document = "C-00001", type = "twint", amount = part .. "0.00" }) end
    assert.equal("pending 60.00: charged 120.00, collected 60.00", state(ledger, "C-00001"))
    assert.same({ "R-00001", "R-00002", "R-00003" }, assert(ledger:document "C-00001").payments)
    assert(ledger:pay { document = "C-00001" })
    assert.equal("paid 0.00: charged 120.00, collected 120.00", state(ledger, "C-00001"))
  end)

  it('"A consultation that is not fully paid is \'en attente\', shown by an orange dash"', function()
    visit "120.00"
    for _, paid in ipairs { "0.05", "119.90" } do
      matches({ status = "pending", mark = "–" }, ledger:document "C-00001")
      assert(ledger:pay { document = "C-00001", amount = paid })
    end
    matches({ status = "pending", remaining = "0.05", mark = "–" }, ledger:document "C-00001")
    assert.equal("orange", tallystick.marks.pending.colour)
    assert(ledger:pay { document = "C-00001" })
    matches({ status = "paid", mark = "✓" }, ledger:document "C-00001")
  end)

  it('"An invoice (F-XXXXX) works the same"', function()
    visit "120.00"
    assert.equal("F-00001", bill "C-00001")
    assert(ledger:pay { document = "F-00001", at = "2026-03-01", amount = "20.00", type = "card" })
    assert(ledger:pay { document = "F-00001", amount = "30.00" })
    matches({ status = "partial", mark = "–", remaining = "70.00", payments = { "R-00001", "R-00002" } },
      ledger:document "F-00001")
  end)

  it('"… a small red cross marks \'not paid yet\', and one click on it records the payment"', function()
    visit "120.00"
    bill "C-00001"
    local rows = helper.all(ledger:documents { kind = "invoice", status = "unpaid" })
    assert.equal("F-00001", rows[1].number)
    assert.same({ symbol = "✗", colour = "red" }, tallystick.marks[rows[1].status])
    matches({ type = "cash", amount = "120.00", day = "2026-03-02", status = "paid" },
      ledger:pay { document = rows[1].number })
    assert.same({}, helper.all(ledger:documents { kind = "invoice", status = "unpaid" }))
  end)

  it('"\'Impayé / Perte\' and \'Rabais / Offert\' stand in the same list …"', function()
    local labels = {}
    for index, one in ipairs(assert(ledger:types())) do
      labels[index] = one.label.fr or one.label[""]
    end
    assert.same({ "Espèces", "Carte", "TWINT", "Virement", "Avoir du patient", "Rabais / Offert", "Impayé / Perte" },
      labels)
  end)

  it('"… as the means of payment and are entered the same way"', function()
    visit "120.00"
    visit "80.00"
    assert.equal("F-00001", bill "C-00002")
    local at = { "2026-03-01T09:00", "2026-03-01T09:00:00Z" }
    for index, row in ipairs {
      { "C-00001", "card", "20.00" }, { "C-00001", "discount", "30.00" }, { "C-00001", "loss", "70.00" },
      { "F-00001", "card", "10.00" }, { "F-00001", "discount", "30.00" }, { "F-00001", "loss", "40.00" },
    } do
      local document, of_type, amount = table.unpack(row)
      matches({ number = ("R-%05d"):format(index), amount = amount, at = at[2], document = document },
        ledger:pay { document = document, type = of_type, amount = amount, at = at[1] })
    end
    assert.equal("written_off 0.00: charged 120.00, collected 20.00, discounted 30.00, lost 70.00",
      state(ledger, "C-00001"))
    assert.equal("written_off 0.00: charged 80.00, collected 10.00, discounted 30.00, lost 40.00",
      state(ledger, "F-00001"))
  end)

  it('"Several consultations can be put on one invoice"', function()
    visit "120.00"
    visit "80.00"
    visit "60.00"
    assert(ledger:pay { document = "C-00002", amount = "30.00" })
    bill("C-00001", "C-00002", "C-00003")
    matches({ charged = "260.00", remaining = "230.00", consultations = { "C-00001", "C-00002", "C-00003" } },
      ledger:document "F-00001")
    matches({ status = "invoiced", invoice = "F-00001", mark = "→ F-00001" }, ledger:document "C-00002")
  end)

  it('"a consultation only once"', function()
    visit "120.00"
    visit "80.00"
    refuses(ledger, "invoice", { consultations = { "C-00001", "C-00001" } }, "field-invalid")
    bill "C-00001"
    local _, details = refuses(ledger, "invoice", { consultations = { "C-00002", "C-00001" } }, "document-invoiced")
    assert.equal("F-00001", details.invoice)
    assert(ledger:cancel { document = "F-00001", reason = "forgot one" })
    assert.equal("F-00002", bill("C-00001", "C-00002"))
  end)

  it('"Cancelling a payment made on a consultation that was invoiced needs the invoice cancelled first"', function()
    visit "120.00"
    assert(ledger:pay { document = "C-00001", amount = "50.00" })
    bill "C-00001"
    local wrong = { payment = "R-00001", reason = "wrong patient" }
    local _, details = refuses(ledger, "reverse", wrong, "document-invoiced")
    assert.equal("F-00001", details.invoice)
    -- An invoice that was paid itself is not cancelled over its payment's head.
    assert(ledger:pay { document = "F-00001" })
    refuses(ledger, "cancel", { document = "F-00001", reason = "wrong" }, "document-has-payments")
    assert(ledger:reverse { payment = "R-00002", reason = "wrong" })
    clock.now = "2026-03-03T10:00"
    assert(ledger:cancel { document = "F-00001", reason = "wrong" })
    assert.equal("pending 70.00: charged 120.00, collected 50.00", state(ledger, "C-00001"))
    assert(ledger:reverse(wrong))
    assert.equal("pending 120.00: charged 120.00", state(ledger, "C-00001"))
  end)
end)

describe("Dentaltap", function()
  local ledger, clock

  before_each(function() ledger, clock = open("dental-clinic", { now = "2026-03-02T10:00" }) end)

  local function bill(amount, patient)
    return assert(ledger:invoice { patient = patient or "P17", amount = amount }).number
  end

  local function by_card(document, group, amount)
    return assert(ledger:pay { document = document, type = "card", group = group, amount = amount }).number
  end

  it('"Payment = type (default Cash)"', function()
    bill "100.00"
    matches({ type = "cash", amount = "100.00" }, ledger:pay { document = "INV-00001" })
  end)

  it('"amount (full or partial)"', function()
    bill "100.00"
    matches({ amount = "30.00", status = "partial" }, ledger:pay { document = "INV-00001", amount = "30.00" })
    matches({ amount = "70.00", status = "paid" }, ledger:pay { document = "INV-00001" })
  end)

  it('"date/time when it was collected"', function()
    bill "100.00"
    matches({ at = "2026-02-28T18:20:00Z", day = "2026-02-28", recorded_at = "2026-03-02T10:00:00Z" },
      ledger:pay { document = "INV-00001", at = "2026-02-28T18:20" })
    assert.same({ ["2026-02-28"] = "collected 100.00, count 1" }, helper.totals(ledger, { by = { "day" } }))
  end)

  it('"optional group tag (such as the id of the card terminal) by which analytics are split"', function()
    bill "100.00"
    assert(ledger:pay { document = "INV-00001", amount = "10.00" })
    by_card("INV-00001", "POS-1", "20.00")
    by_card("INV-00001", "POS-2", "30.00")
    by_card("INV-00001", "POS-2", "40.00")
    assert.same({
      [""] = "collected 10.00, count 1", ["POS-1"] = "collected 20.00, count 1",
      ["POS-2"] = "collected 70.00, count 2",
    }, helper.totals(ledger, { by = { "group" } }))
  end)

  it('"Payments are listed under the invoice"', function()
    bill "100.00"
    bill "50.00"
    by_card("INV-00001", "POS-1", "20.00")
    by_card("INV-00002", "POS-1", "30.00")
    by_card("INV-00001", "POS-2", "40.00")
    assert.same({ "R-00001", "R-00003" }, assert(ledger:document "INV-00001").payments)
    local listed = {}
    for payment in ledger:payments { document = "INV-00001" } do listed[#listed + 1] = payment.number end
    assert.same({ "R-00001", "R-00003" }, listed)
  end)

  it('"each can be printed as a receipt", and the second print is known as one', function()
    bill "100.00"
    by_card("INV-00001", "POS-1", "20.00")
    by_card("INV-00001", "POS-1", "30.00")
    for print, row in ipairs { { "R-00002", false }, { "R-00002", true }, { "R-00001", false } } do
      local receipt = assert(ledger:receipt(row[1]))
      for _, text in ipairs { row[1], "INV-00001", "Card", row[1] == "R-00001" and "20.00 EUR" or "30.00 EUR" } do
        assert.truthy(receipt:find(text, 1, true), receipt)
      end
      assert.equal(row[2], receipt:find "DUPLICATE" ~= nil, ("print %d:\n%s"):format(print, receipt))
    end
    refused("payment-unknown", ledger:receipt "R-00003")
  end)

  it('"or deleted"', function()
    bill "100.00"
    by_card("INV-00001", "POS-1", "20.00")
    assert(ledger:reverse { payment = "R-00001", reason = "wrong invoice" })
    matches({ status = "unpaid", remaining = "100.00" }, ledger:document "INV-00001")
    matches({ reversed = true, amount = "20.00" }, ledger:payment "R-00001")
    refuses(ledger, "reverse", { payment = "R-00001", reason = "again" }, "payment-reversed")
  end)

  it('"A payment can never be updated"', function()
    for _, one in ipairs(tallystick.commands) do
      assert.is_nil(one.name:find "update" or one.name:find "edit" or one.name:find "delete", one.name)
    end
    bill "100.00"
    by_card("INV-00001", "POS-1", "20.00")
    local before = helper.all(ledger:entries {})
    clock.now = "2026-03-02T11:00"
    assert(ledger:correct { payment = "R-00001", group = "POS-2", reason = "the other terminal" })
    local after = helper.all(ledger:entries {})
    for index, entry in ipairs(before) do assert.equal(entry.hash, after[index].hash) end
    matches({ group = "POS-1", amount = "20.00", at = "2026-03-02T10:00:00Z" }, ledger:payment "R-00001")
  end)

  it('"delete it and enter it again": both or neither', function()
    bill "100.00"
    by_card("INV-00001", "POS-1", "20.00")
    refuses(ledger, "correct", { payment = "R-00001", amount = "100.01", reason = "typed wrongly" },
      "amount-exceeds-remaining")
    matches({ number = "R-00002", corrects = "R-00001", amount = "25.00", group = "POS-1", day = "2026-03-02" },
      ledger:correct { payment = "R-00001", amount = "25.00", reason = "typed wrongly" })
    matches({ reversed = true, corrected_by = "R-00002" }, ledger:payment "R-00001")
    assert.equal("partial 75.00: charged 100.00, collected 25.00", state(ledger, "INV-00001"))
  end)

  describe('"Later manuals add a patient balance"', function()
    before_each(function() assert(ledger:deposit { patient = "P17", amount = "200.00" }) end)

    it('"advance payments"', function()
      matches({ credit = "200.00", owed = "0.00" }, ledger:patient "P17")
      assert.same({ cash = "deposited 200.00, count 1" }, helper.totals(ledger))
    end)

    it('"pay debts from it"', function()
      bill "120.00"
      bill "90.00"
      matches({ amount = "200.00", allocations = { { document = "INV-00001", amount = "120.00" },
        { document = "INV-00002", amount = "80.00" } } },
        ledger:pay { documents = "oldest", patient = "P17", type = "balance" })
      matches({ credit = "0.00", owed = "10.00" }, ledger:patient "P17")
      refuses(ledger, "pay", { document = "INV-00002", type = "balance" }, "credit-insufficient")
    end)

    it('"withdraw"', function()
      refuses(ledger, "withdraw", { patient = "P17", amount = "200.01" }, "credit-insufficient")
      refuses(ledger, "withdraw", { patient = "P17", amount = "50.00", roles = { "desk" } }, "permission-denied")
      matches({ number = "R-00002", amount = "50.00" }, ledger:withdraw { patient = "P17", amount = "50.00" })
      matches({ credit = "150.00" }, ledger:patient "P17")
    end)

    it('"transfer to another patient"', function()
      bill("10.00", "P18")
      refuses(ledger, "transfer", { from = "P17", to = "P18", amount = "200.01" }, "credit-insufficient")
      refuses(ledger, "transfer", { from = "P17", to = "P99", amount = "10.00" }, "patient-unknown")
      assert(ledger:transfer { from = "P17", to = "P18", amount = "80.00" })
      matches({ credit = "120.00" }, ledger:patient "P17")
      matches({ credit = "80.00" }, ledger:patient "P18")
    end)
  end)

  it('"tell refund (money goes back, the invoice stays settled) …"', function()
    bill "100.00"
    by_card("INV-00001", "POS-1", "100.00")
    assert(ledger:refund { payment = "R-00001", reopen = false, amount = "30.00", reason = "goodwill" })
    assert.equal("paid 0.00: charged 70.00, collected 70.00", state(ledger, "INV-00001"))
    matches({ reversed = false, refunded = "30.00" }, ledger:payment "R-00001")
  end)

  it('"… from cancel (recorded by mistake, the invoice is owed again)"', function()
    bill "100.00"
    by_card("INV-00001", "POS-1", "100.00")
    assert(ledger:reverse { payment = "R-00001", reason = "recorded by mistake" })
    assert.equal("unpaid 100.00: charged 100.00", state(ledger, "INV-00001"))
    matches({ reversed = true, refunded = "0.00" }, ledger:payment "R-00001")
  end)
end)

describe("what users of other systems suffer from, and this one must not do:", function()
  local ledger, clock

  before_each(function()
    ledger, clock = open("swiss-practice", { now = "2026-03-02T10:00" })
    assert(ledger:consultation { patient = "P17", amount = "100.00" })
    assert(ledger:invoice { consultations = { "C-00001" } })
  end)

  it('"a status stored and left stale after a correction"', function()
    assert(ledger:pay { document = "F-00001" })
    assert.equal("paid", assert(ledger:document "F-00001").status)
    matches({ status = "partial" },
      ledger:correct { payment = "R-00001", amount = "10.00", reason = "typed 100 for 10" })
    assert.equal("partial 90.00: charged 100.00, collected 10.00", state(ledger, "F-00001"))
    assert.same({}, helper.all(ledger:documents { status = "paid" }))
    assert.equal(1, #helper.all(ledger:documents { status = "partial" }))
    assert(ledger:charge { document = "F-00001", amount = "-90.00" })
    assert.equal("paid 0.00: charged 10.00, collected 10.00", state(ledger, "F-00001"))
  end)

  it('"a second payment from a double click"', function()
    local click = { document = "F-00001", amount = "40.00", type = "card", key = "desk-1/2026-03-02/7" }
    local first = assert(ledger:pay(click))
    matches({ number = first.number, replayed = true }, ledger:pay(click))
    assert.equal("partial 60.00: charged 100.00, collected 40.00", state(ledger, "F-00001"))
    -- Without a key, a click on what is paid already is refused.
    assert(ledger:pay { document = "F-00001" })
    refuses(ledger, "pay", { document = "F-00001" }, "document-settled")
  end)

  it('"an overpayment silently accepted"', function()
    refuses(ledger, "pay", { document = "F-00001", type = "card", amount = "100.01" }, "amount-exceeds-remaining")
    refuses(ledger, "pay", { document = "F-00001", type = "discount", amount = "100.01" }, "amount-exceeds-remaining")
    refuses(ledger, "pay", { document = "F-00001", type = "loss", amount = "100.01" }, "amount-exceeds-remaining")
    matches({ amount = "100.00", tendered = "120.00", change = "20.00" },
      ledger:pay { document = "F-00001", amount = "120.00" })
    assert(ledger:invoice { patient = "P18", amount = "100.00" })
    matches({ amount = "120.00", deposited = "20.00", tendered = NONE },
      ledger:pay { document = "F-00002", type = "transfer", amount = "120.00" })
    matches({ credit = "20.00" }, ledger:patient "P18")
  end)

  it('"a written-off invoice shown as paid"', function()
    assert(ledger:pay { document = "F-00001", amount = "99.95" })
    assert(ledger:pay { document = "F-00001", type = "loss" })
    matches({ status = "written_off" }, ledger:document "F-00001")
    assert.equal("grey", tallystick.marks.written_off.colour)
    assert.same({}, helper.all(ledger:documents { kind = "invoice", status = "paid" }))
  end)

  it('"0.02 left owing for ever after cash rounding"', function()
    for index, row in ipairs {
      { "10.02", "10.00", "rounded 0.02" }, { "10.03", "10.05", "rounded -0.02" },
      { "10.07", "10.05", "rounded 0.02" }, { "10.08", "10.10", "rounded -0.02" },
    } do
      local charged, paid, rounded = table.unpack(row)
      local number = ("C-%05d"):format(index + 1)
      assert(ledger:consultation { patient = "P18", amount = charged })
      assert(ledger:pay { document = number })
      assert.equal(("paid 0.00: charged %s, collected %s, %s"):format(charged, paid, rounded), state(ledger, number))
    end
    matches({ owed = "0.00" }, ledger:patient "P18")
  end)

  it('"refunds and cancellations missing from one report and present in another"', function()
    assert(ledger:pay { document = "F-00001", type = "card", amount = "60.00" })
    assert(ledger:pay { document = "F-00001", amount = "40.00", actor = "desk-2" })
    clock.now = "2026-03-03T10:00"
    assert(ledger:refund { payment = "R-00001", amount = "15.00", reopen = true, reason = "goodwill" })
    assert(ledger:reverse { payment = "R-00002", reason = "by mistake" })
    local whole = assert(ledger:totals())[1]
    assert.same({ "60.00", "15.00", "45.00" },
      { whole.collected:decimal(), whole.refunded:decimal(), whole.money:decimal() })
    for _, by in ipairs { { "type" }, { "group" }, { "day" }, { "actor" }, { "type", "group", "day", "actor" } } do
      local collected, refunded, money = whole.collected * 0, whole.collected * 0, whole.collected * 0
      for _, row in ipairs(assert(ledger:totals { by = by })) do
        collected, refunded, money = collected + row.collected, refunded + row.refunded, money + row.money
      end
      assert.same({ whole.collected, whole.refunded, whole.money }, { collected, refunded, money })
    end
  end)

  it('"deleting a payment whose excess was already spent"', function()
    assert(ledger:pay { document = "F-00001", type = "transfer", amount = "150.00" })
    assert(ledger:consultation { patient = "P17", amount = "30.00" })
    assert(ledger:pay { document = "C-00002", type = "credit" })
    local delete = { payment = "R-00001", reason = "another patient's" }
    refuses(ledger, "reverse", delete, "credit-spent")
    assert(ledger:reverse { payment = "R-00002", reason = "first things first" })
    assert(ledger:reverse(delete))
    matches({ credit = "0.00", owed = "130.00" }, ledger:patient "P17")
  end)

  it('"floats in amounts"', function()
    for _, amount in ipairs { 0.1, 100, 1e2, "0.1e1", "10.001", "10,50" } do
      refuses(ledger, "pay", { document = "F-00001", type = "card", amount = amount }, "amount-invalid")
    end
    for _ = 1, 10 do assert(ledger:pay { document = "F-00001", type = "card", amount = "0.10" }) end
    assert.equal("partial 99.00: charged 100.00, collected 1.00", state(ledger, "F-00001"))
  end)

  it('"duplicate receipt numbers"', function()
    local folder = helper.folder()
    local one = open("swiss-practice", { path = folder .. "/clinic.db" })
    local other = open("swiss-practice", { path = folder .. "/clinic.db", actor = "desk-2" })
    assert(one:consultation { patient = "P17", amount = "100.00" })
    local seen = {}
    for turn = 1, 12 do
      local desk = turn % 2 == 0 and one or other
      -- What is refused, rolled back or only asked uses up no number.
      refused("amount-exceeds-remaining", desk:pay { document = "C-00001", type = "card", amount = "500.00" })
      desk:transaction(function(tx)
        assert(tx:pay { document = "C-00001", type = "card", amount = "1.00" })
        return nil, "never mind"
      end)
      local asked = assert(desk:pay { document = "C-00001", type = "card", amount = "1.00", dry_run = true })
      local number = assert(desk:pay { document = "C-00001", type = "card", amount = "1.00" }).number
      assert.equal(asked.number, number)
      assert.is_nil(seen[number])
      seen[number] = true
      assert.equal(("R-%05d"):format(turn), number)
    end
  end)

  it('"a closed day that still moves"', function()
    assert(ledger:pay { document = "F-00001", amount = "40.00" })
    assert(ledger:close_days { through = "2026-03-02", counted = { cash = "40.00" } })
    local sealed = helper.totals(ledger, { to = "2026-03-02", by = { "type", "day" } })
    clock.now = "2026-03-03T10:00"
    local late = "2026-03-02T18:00"
    for _, row in ipairs {
      { "consultation", { patient = "P17", amount = "1.00", at = late } },
      { "invoice", { patient = "P17", amount = "1.00", at = late } },
      { "charge", { document = "F-00001", amount = "1.00", at = late } },
      { "pay", { document = "F-00001", amount = "1.00", at = late } },
      { "pay", { document = "F-00001", amount = "1.00", type = "discount", at = late } },
      { "reverse", { payment = "R-00001", reason = "by mistake", at = late } },
      { "refund", { payment = "R-00001", reopen = true, reason = "by mistake", at = late } },
      { "deposit", { patient = "P17", amount = "1.00", at = late } },
      { "move", { document = "F-00001", workflow = "reminders", to = "reminded", at = late } },
      { "close_days", { through = "2026-03-02" } },
    } do refuses(ledger, row[1], row[2], "period-closed") end
    assert(ledger:reverse { payment = "R-00001", reason = "by mistake" })
    assert.same(sealed, helper.totals(ledger, { to = "2026-03-02", by = { "type", "day" } }))
  end)
end)
