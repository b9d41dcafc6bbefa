-- Amounts are 64-bit minor units. Wherever a command adds some up, a sum beyond them is refused as amount-overflow:
-- nothing wraps round, nothing is half written. Each case verifies its ledger at the end.
local helper = require "spec.helper"
local overflow = require "spec.overflow"

local MOST, NEARLY, LEAST = overflow.MOST, overflow.NEARLY, overflow.LEAST
local books, visit, pay, on, refuses = overflow.books, overflow.visit, overflow.pay, overflow.on, overflow.refuses

describe("a sum on documents", function()
  after_each(helper.finish)

  local two = { visit(MOST), visit "0.01", visit(MOST, "P2") }
  local first, others = { "C-00001", "C-00002" }, { "C-00001", "C-00003" }
  -- What is refused, in books that hold these documents.
  for _, row in ipairs {
    { "what is charged", two, { "charge", { document = "C-00001", amount = "0.01" } } },
    { "what is charged, by the largest amount", two, { "charge", { document = "C-00001", amount = MOST } } },
    { "an invoice's consultations", two, { "invoice", { consultations = first } } },
    { "a consultation and an own amount", two, { "invoice", { consultations = { "C-00001" }, amount = "0.01" } } },
    { "what several documents owe, paid as a whole", two, { "pay", { documents = first, type = "card" } } },
    { "what several documents owe, paid in part", two,
      { "pay", { documents = first, type = "card", amount = "1.00" } } },
    { "what a patient's documents owe", two, { "pay", { documents = "oldest", patient = "P1", type = "card" } } },
    { "what several documents owe, discounted", two, { "pay", { documents = others, type = "discount" } } },
    { "what several documents owe, lost", two, { "pay", { documents = others, type = "loss" } } },
    { "what several documents owe, in a rounding type", two, { "pay", { documents = first } } },
    { "what several documents owe, the small one first", two, { "pay", { documents = { "C-00002", "C-00001" } } } },
    { "what remains, rounded up", two, { "pay", { document = "C-00001", type = "coin" } } },
    { "what remains, rounded up, paid in part", two,
      { "pay", { document = "C-00001", type = "coin", amount = "1.00" } } },
    { "what is paid anew over other documents", { visit(MOST), visit "0.01", visit "5.00", pay("C-00003", "card") },
      { "correct", { payment = "R-00001", documents = first, amount = "5.00", reason = "x" } } },
  } do
    it("is refused: " .. row[1], function()
      local ledger = books(row[2])
      refuses(ledger, row[3])
      row[3][2].dry_run = true
      refuses(ledger, row[3])
      row[3][2].dry_run = nil
    end)
  end

  it("is held against a type's limit as it is: above it", function()
    helper.refuses(books { visit(MOST), visit "0.01" }, "pay", { documents = { "C-00002", "C-00001" }, type = "small" },
      "amount-above-limit")
  end)

  it("is accepted up to the last unit", function()
    local ledger, _, run = books { visit(NEARLY), visit "0.01" }
    run { "invoice", { consultations = { "C-00001", "C-00002" } } }
    assert.equal("unpaid " .. MOST .. ": charged " .. MOST, helper.state(ledger, "F-00001"))
    run(pay("F-00001"))
    assert.equal(("paid 0.00: charged %s, collected 92233720368547758.05, rounded 0.02"):format(MOST),
      helper.state(ledger, "F-00001"))
  end)

  it("goes down as far as it went up", function()
    local ledger, _, run = books { visit(MOST) }
    helper.refuses(ledger, "charge", { document = "C-00001", amount = "-92233720368547758.08" }, "charge-below-settled")
    run { "charge", { document = "C-00001", amount = LEAST } }
    run { "charge", { document = "C-00001", amount = MOST } }
    refuses(ledger, { "charge", { document = "C-00001", amount = "0.01" } })
    assert.equal("pending " .. MOST .. ": charged " .. MOST, helper.state(ledger, "C-00001"))
  end)

  it("is the same after payments were reversed, refunded and made again", function()
    local ledger, at, run = books { visit(MOST) }
    for day = 5, 8 do
      at(day)
      local number = run(pay("C-00001", "card")).number
      if day % 2 == 0 then run { "reverse", { payment = number, reason = "slip" } }
      else run { "refund", { payment = number, reopen = true, reason = "back" } } end
    end
    assert.equal("pending " .. MOST .. ": charged " .. MOST, helper.state(ledger, "C-00001"))
    refuses(ledger, { "charge", { document = "C-00001", amount = "0.01" } })
  end)
end)

describe("a sum of a day", function()
  after_each(helper.finish)

  local function deposit(patient, amount)
    return { "deposit", { patient = patient, amount = amount, type = "card" } }
  end

  local owed = { visit(MOST), visit("0.01", "P2"), deposit("P3", "1.00") }
  -- What fills a day's column, and what would leave it.
  for _, row in ipairs {
    { "collected", pay("C-00001", "card"), pay("C-00002", "card") },
    { "deposited", deposit("P1", MOST), deposit("P2", "0.01") },
    { "discounted", pay("C-00001", "discount"), pay("C-00002", "discount") },
    { "lost", pay("C-00001", "loss"), pay("C-00002", "loss") },
  } do
    it("is refused: " .. row[1], function()
      local ledger, at, run = books(owed)
      at(6)
      run(row[2])
      refuses(ledger, row[3])
      at(7)
      run(row[3])
      assert.equal(MOST, ledger:totals({ to = "2026-01-06", from = "2026-01-06" })[1][row[1]]:decimal())
    end)
  end

  it("is refused: withdrawn", function()
    local ledger, at, run = books { deposit("P1", MOST), on(6, deposit("P2", "0.01")) }
    at(7)
    run { "withdraw", { patient = "P1", amount = MOST, type = "card" } }
    refuses(ledger, { "withdraw", { patient = "P2", amount = "0.01", type = "card" } })
    run { "withdraw", { patient = "P2", amount = "0.01", type = "transfer" } }
  end)

  it("is refused: refunded", function()
    local ledger, at, run = books { visit(MOST), visit "0.01", pay("C-00001", "card"),
      on(6, pay("C-00002", "card")) }
    at(7)
    run { "refund", { payment = "R-00001", reopen = false, reason = "x" } }
    refuses(ledger, { "refund", { payment = "R-00002", reopen = true, reason = "x" } })
    run { "refund", { payment = "R-00002", reopen = true, reason = "x", type = "transfer" } }
  end)

  it("is refused: credited", function()
    local ledger, at, run = books { visit(MOST), visit("0.01", "P2"), deposit("P1", MOST),
      on(6, deposit("P2", "0.01")) }
    at(7)
    run(pay("C-00001", "credit"))
    refuses(ledger, pay("C-00002", "credit"))
    at(8)
    run(pay("C-00002", "credit"))
  end)

  -- Payments of two days, taken back on a third: below zero there is an end as well.
  for _, kind in ipairs { "card", "discount", "loss" } do
    it("is refused: reversals of type " .. kind, function()
      local ledger, at, run = books { visit(MOST), visit(MOST, "P2"), pay("C-00001", kind),
        on(6, pay("C-00002", kind)) }
      at(7)
      run { "reverse", { payment = "R-00001", reason = "slip" } }
      refuses(ledger, { "reverse", { payment = "R-00002", reason = "slip" } })
      assert.equal(0, ledger:document("C-00002").remaining.minor)
      at(8)
      run { "reverse", { payment = "R-00002", reason = "slip" } }
    end)
  end

  it("is refused: reversals of deposits", function()
    local ledger, at, run = books { deposit("P1", MOST), on(6, deposit("P2", MOST)) }
    at(7)
    run { "reverse", { payment = "R-00001", reason = "slip" } }
    refuses(ledger, { "reverse", { payment = "R-00002", reason = "slip" } })
  end)

  it("is one of a type, a group and an actor", function()
    local ledger, _, run = books { visit(MOST), visit(MOST), visit(MOST), visit(MOST), pay("C-00001", "card") }
    run(pay("C-00002", "transfer"))
    run(pay("C-00003", "card", { group = "A" }))
    run(pay("C-00004", "card", { actor = "desk-2" }))
    helper.refused("amount-overflow", ledger:totals())
    helper.refused("amount-overflow", ledger:totals { by = { "type", "group" } })
    assert.equal(4, #assert(ledger:totals { by = { "type", "group", "actor" } }))
  end)

  it("is refused for a correction whole", function()
    local ledger, at, run = books { visit(MOST), visit(MOST, "P2"), pay("C-00001", "card"),
      on(6, pay("C-00002", "card")) }
    at(7)
    local change = { "correct", { payment = "R-00001", type = "transfer", at = "2026-01-06", reason = "slip" } }
    run(change)
    change[2].payment = "R-00002"
    refuses(ledger, change)
    assert.is_false(ledger:payment("R-00002").reversed)
  end)

  it("leaves nothing of a transaction, and no other act of a batch undone", function()
    local ledger = books(owed)
    local head = ledger:head()
    local committed, _, code = ledger:transaction(function(tx)
      assert(tx:pay(pay("C-00001", "card")[2]))
      helper.refused("amount-overflow", tx:pay(pay("C-00002", "card")[2]))
      return true
    end)
    assert.is_nil(committed)
    assert.equal("transaction-poisoned", code)
    assert.same(head, ledger:head())
    assert(ledger:transaction(function(tx)
      assert(tx:pay(pay("C-00001", "card")[2]))
      tx:transaction(function(inner) return inner:pay(pay("C-00002", "card")[2]) end)
      return true
    end))
    assert.equal("paid", ledger:document("C-00001").status)
    assert.equal("pending", ledger:document("C-00002").status)
  end)
end)

describe("a sum of a patient's credit", function()
  after_each(helper.finish)

  local rich = { { "deposit", { patient = "P1", amount = MOST, type = "card" } },
    { "deposit", { patient = "P2", amount = "1.00", type = "transfer" } }, visit("1.00", "P1") }
  for _, row in ipairs {
    { "a deposit", { "deposit", { patient = "P1", amount = "0.01", type = "transfer" } } },
    { "a transfer", { "transfer", { from = "P2", to = "P1", amount = "0.01", reason = "x" } } },
    { "what is paid above what is owed", pay("C-00001", "transfer", { amount = "1.01" }) },
  } do
    it("is refused: " .. row[1], function() refuses(books(rich), row[2]) end)
  end

  it("is refused: what is given back of a payment by credit", function()
    local ledger, _, run = books(rich)
    run(pay("C-00001", "credit"))
    run { "deposit", { patient = "P1", amount = "1.00", type = "transfer" } }
    refuses(ledger, { "reverse", { payment = "R-00003", reason = "slip" } })
    refuses(ledger, { "correct", { payment = "R-00003", type = "discount", reason = "slip" } })
    -- Given back and used again at once, it never comes to more than there is.
    assert.equal(MOST, ledger:patient("P1").credit:decimal())
  end)

  it("covers what it covers of a sum that is beyond", function()
    local ledger = books { rich[1], visit(MOST), visit(MOST) }
    refuses(ledger, { "pay", { documents = "oldest", patient = "P1", type = "credit" } })
    assert(ledger:pay { document = "C-00001", type = "credit" })
  end)
end)

describe("a closing", function()
  after_each(helper.finish)

  -- Two days of as much of one type, and a day on which two types have as much.
  local days = { visit(MOST), visit(MOST), pay("C-00001", "card"), on(6, pay("C-00002", "card")) }
  local types = { visit(MOST), visit(MOST), pay("C-00001", "card"), pay("C-00002", "transfer") }

  it("is refused where what was counted is beyond what is expected by more than there is", function()
    local ledger, at = books { { "deposit", { patient = "P1", amount = "0.01", type = "card" } } }
    local close = { through = "2026-01-05", counted = { card = LEAST } }
    refuses(ledger, { "close_days", close })
    close.counted.card = "-92233720368547758.08"
    refuses(ledger, { "close_days", close })
    close.counted.card = "-92233720368547758.06"
    at(6)
    local closing = assert(ledger:close_days(close))
    assert.equal(LEAST, closing.counted.card.variance:decimal())
  end)

  it("is refused where what is expected of a counted type has no room, and needs no room for the others", function()
    local ledger = books(days)
    refuses(ledger, { "close_days", { through = "2026-01-06", counted = { card = "1.00" } } })
    local closing = assert(ledger:close_days { through = "2026-01-06", counted = { cash = "0.00" } })
    assert.is_nil(closing.totals)
    assert.equal(1, #assert(ledger:closings()))
  end)

  it("is read back where its types sum to more", function()
    local ledger = books(types)
    assert(ledger:close_days { through = "2026-01-05", counted = { card = MOST } })
    assert.equal(2, #assert(ledger:closings())[1].totals)
  end)
end)

describe("a script's sum", function()
  after_each(helper.finish)

  it("of a hook's own fails the hook", function()
    local ledger = books({ visit "1.00" }, { script = overflow.SCRIPT .. ([[
      clinic:before("pay", { id = "sum" }, function(event, ctx) return event.amount + ctx.money %q end)
    ]]):format(MOST) })
    local message = helper.refuses(ledger, "pay", { document = "C-00001" }, "script-failed")
    assert.matches("amount%-overflow", message)
  end)

  it("of an action's charges refuses the move, and goes on", function()
    local ledger, at = books({ { "invoice", { patient = "P1", amount = MOST } },
      { "invoice", { patient = "P2", amount = "1.00" } } }, { script = overflow.SCRIPT .. [[
      clinic:workflow { id = "reminders", document = "invoice", initial = "issued", stages = { "issued", "reminder" },
        transitions = { { from = "issued", to = "reminder", after = "1d",
          action = function(_, ctx) ctx.charge { amount = "5.00" } ctx.charge { amount = "-4.99" } end } } }
    ]] })
    at(9)
    local advanced = assert(ledger:advance())
    assert.same({ 1, 1 }, { advanced.moved, advanced.refused })
    assert.equal("issued", ledger:stage("F-00001").stage)
    assert.equal("unpaid " .. MOST .. ": charged " .. MOST, helper.state(ledger, "F-00001"))
    assert.equal("unpaid 1.01: charged 1.01", helper.state(ledger, "F-00002"))
  end)
end)
