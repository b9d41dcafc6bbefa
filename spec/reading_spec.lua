-- Reading: one document or payment, iterators with filters, totals, closings, head and info (design.md §6).
local helper = require "spec.helper"

local refused, all, state = helper.refused, helper.all, helper.state

local function numbers(iterator, ...)
  local list = {}
  for _, row in ipairs(all(iterator, ...)) do list[#list + 1] = row.number end
  return list
end

describe("reading", function()
  local ledger, clock

  before_each(function()
    ledger, clock = helper.open { now = "2026-03-01T09:00:00Z" }
    assert(ledger:consultation { patient = "P1", amount = "120.00", label = "check-up", note = "came late" })
    assert(ledger:consultation { patient = "P2", amount = "80.00" })
    clock.now = "2026-03-02T09:00:00Z"
    assert(ledger:pay { document = "C-00001", amount = "50.00", note = "in coins" })
    assert(ledger:pay { document = "C-00002", type = "card", group = "POS-1", actor = "desk-2" })
    clock.now = "2026-03-03T09:00:00Z"
    assert(ledger:invoice { consultations = { "C-00001" }, amount = "5.00", due = "2026-03-20", label = "March" })
    assert(ledger:invoice { patient = "P2", amount = "40.00", due = "2026-03-10" })
    assert(ledger:deposit { patient = "P3", amount = "30.00" })
    clock.now = "2026-03-04T09:00:00Z"
    assert(ledger:pay { document = "F-00001", type = "twint", amount = "25.00" })
    assert(ledger:refund { payment = "R-00002", reopen = true, amount = "30.00", reason = "too much" })
    assert(ledger:reverse { payment = "R-00004", reason = "wrong document" })
  end)
  after_each(helper.finish)

  describe("a document", function()
    it("has its facts, status, mark, and what it is made of", function()
      local document = assert(ledger:document "F-00001")
      helper.matches({ number = "F-00001", kind = "invoice", patient = "P1", status = "partial", charged = "125.00",
        collected = "50.00", settled = "50.00", remaining = "75.00", label = "March", due = "2026-03-20",
        day = "2026-03-03", at = "2026-03-03T09:00:00Z", consultations = { "C-00001" }, payments = { "R-00004" },
        mark = "–", invoice = helper.NONE, overdue = false, invoiced = false, cancelled = false }, document)
      helper.matches({ status = "invoiced", invoice = "F-00001", remaining = "0.00", mark = "→ F-00001",
        payments = { "R-00001" }, label = "check-up", note = "came late" }, ledger:document "C-00001")
    end)

    it("is shown as of any instant", function()
      local rows = {
        { "C-00001", "2026-03-01T10:00", "pending 120.00: charged 120.00" },
        { "C-00001", "2026-03-02T10:00", "pending 70.00: charged 120.00, collected 50.00" },
        { "C-00001", "2026-03-03T10:00", "invoiced 0.00: charged 120.00, collected 50.00" },
        { "F-00001", "2026-03-03T10:00", "partial 75.00: charged 125.00, collected 50.00" },
        { "F-00001", "2026-03-31", "partial 75.00: charged 125.00, collected 50.00" },
        { "C-00002", "2026-03-03", "paid 0.00: charged 80.00, collected 80.00" },
        { "C-00002", "2026-03-05", "pending 30.00: charged 80.00, collected 50.00" },
      }
      for _, row in ipairs(rows) do
        local number, as_of, expected = table.unpack(row)
        local then_ledger = { document = function(_, asked) return ledger:document(asked, { as_of = as_of }) end }
        assert.equal(expected, state(then_ledger, number), as_of)
      end
      refused("document-unknown", ledger:document("F-00001", { as_of = "2026-03-02" }))
      assert.is_true(ledger:document("F-00002", { as_of = "2026-03-11" }).overdue)
      assert.same({}, ledger:document("C-00001", { as_of = "2026-03-01T10:00" }).payments)
    end)

    it("that is not there, or is asked for wrongly, is refused", function()
      refused("document-unknown", ledger:document "C-99999")
      refused("field-invalid", ledger:document(7))
      refused("field-unknown", ledger:document("C-00001", { asof = "2026-03-02" }))
      refused("date-invalid", ledger:document("C-00001", { as_of = "2026-02-30" }))
    end)
  end)

  describe("documents", function()
    it("come newest first, or oldest first", function()
      assert.same({ "F-00002", "F-00001", "C-00002", "C-00001" }, numbers(ledger:documents()))
      assert.same({ "C-00001", "C-00002", "F-00001", "F-00002" }, numbers(ledger:documents { order = "oldest" }))
    end)

    for _, row in ipairs {
      { { kind = "invoice" }, { "F-00002", "F-00001" } },
      { { kind = "consultation", order = "oldest" }, { "C-00001", "C-00002" } },
      { { status = "unpaid" }, { "F-00002" } },
      { { status = "partial" }, { "F-00001" } },
      { { status = "pending" }, { "C-00002" } },
      { { status = "invoiced" }, { "C-00001" } },
      { { status = "paid" }, {} },
      { { status = "unpaid", kind = "consultation" }, {} },
      { { patient = "P2" }, { "F-00002", "C-00002" } },
      { { patient = "P2", kind = "invoice" }, { "F-00002" } },
      { { patient = "nobody" }, {} },
      { { from = "2026-03-02" }, { "F-00002", "F-00001" } },
      { { to = "2026-03-02" }, { "C-00002", "C-00001" } },
      { { from = "2026-03-01", to = "2026-03-01", limit = 1 }, { "C-00002" } },
      { { overdue = true }, {} },
      { { limit = 0 }, {} },
      { { limit = 3 }, { "F-00002", "F-00001", "C-00002" } },
      { { after = "C-00002" }, { "C-00001" } },
      { { after = "C-00002", order = "oldest" }, { "F-00001", "F-00002" } },
    } do
      it(("are filtered: %s"):format(table.concat((function()
        local words = {}
        for name, value in pairs(row[1]) do words[#words + 1] = name .. "=" .. tostring(value) end
        table.sort(words)
        return words
      end)(), " ")), function() assert.same(row[2], numbers(ledger:documents(row[1]))) end)
    end

    it("are overdue by the clock's day", function()
      clock.now = "2026-03-15T09:00:00Z"
      assert.same({ "F-00002" }, numbers(ledger:documents { overdue = true }))
      clock.now = "2026-04-15T09:00:00Z"
      assert.same({ "F-00002", "F-00001" }, numbers(ledger:documents { overdue = true }))
    end)

    it("are refused a filter that makes no sense", function()
      for _, row in ipairs { { { kind = "bill" }, "field-invalid" }, { { status = "open" }, "field-invalid" },
        { { order = "up" }, "field-invalid" }, { { limit = -1 }, "field-invalid" },
        { { limit = "3" }, "field-invalid" },
        { { from = "yesterday" }, "date-invalid" }, { { statsu = "paid" }, "field-unknown" },
        { { after = "C-77777" }, "document-unknown" }, { { overdue = 1 }, "field-invalid" } } do
        refused(row[2], ledger:documents(row[1]))
        assert.has_error(function() for _ in ledger:documents(row[1]) do error "a row" end end)
      end
    end)

    it("are paged by key: each once, whatever the page", function()
      for i = 1, 150 do assert(ledger:consultation { patient = "Q" .. i % 3, amount = "1.00" }) end
      for _, order in ipairs { "newest", "oldest" } do
        local whole = numbers(ledger:documents { order = order })
        assert.equal(154, #whole)
        for _, limit in ipairs { 1, 7, 64, 100 } do
          local paged, after = {}, nil
          repeat
            local page = numbers(ledger:documents { order = order, limit = limit, after = after })
            table.move(page, 1, #page, #paged + 1, paged)
            after = page[#page]
          until #page == 0
          assert.same(whole, paged)
        end
      end
    end)
  end)

  describe("payments", function()
    it("have their allocations, and what became of them", function()
      helper.matches({ number = "R-00002", kind = "pay", type = "card", group = "POS-1", actor = "desk-2",
        amount = "80.00", refunded = "30.00", refunds = { "R-00005" }, reversed = false,
        allocations = { { document = "C-00002", amount = "80.00", refunded = "30.00" } } }, ledger:payment "R-00002")
      helper.matches({ kind = "refund", refund_of = "R-00002", amount = "30.00", reason = "too much" },
        ledger:payment "R-00005")
      local reversed = ledger:payment "R-00004"
      assert.is_true(reversed.reversed)
      assert.equal("wrong document", all(ledger:entries { act = reversed.reversed_by })[1].reason)
      assert.equal("in coins", ledger:payment("R-00001").note)
      helper.matches({ kind = "deposit", deposited = "30.00", patient = "P3", allocations = {} },
        ledger:payment "R-00003")
      refused("payment-unknown", ledger:payment "R-99999")
      refused("field-invalid", ledger:payment())
    end)

    for _, row in ipairs {
      { {}, { "R-00001", "R-00002", "R-00003", "R-00004", "R-00005" } },
      { { document = "C-00002" }, { "R-00002", "R-00005" } },
      { { document = "F-00001" }, { "R-00004" } },
      { { patient = "P2" }, { "R-00002", "R-00005" } },
      { { patient = "P3" }, { "R-00003" } },
      { { type = "cash" }, { "R-00001", "R-00003" } },
      { { group = "POS-1" }, { "R-00002" } },
      { { actor = "desk-2" }, { "R-00002" } },
      { { reversed = true }, { "R-00004" } },
      { { reversed = false, limit = 2 }, { "R-00001", "R-00002" } },
      { { from = "2026-03-03" }, { "R-00003", "R-00004", "R-00005" } },
      { { to = "2026-03-02" }, { "R-00001", "R-00002" } },
      { { after = "R-00003" }, { "R-00004", "R-00005" } },
    } do
      it(("are filtered: %s"):format((next(row[1])) or "all"), function()
        assert.same(row[2], numbers(ledger:payments(row[1])))
      end)
    end
  end)

  it("pages the payments of a document or patient, and finds those over several patients", function()
    assert(ledger:consultation { patient = "P4", amount = "10.01" })
    assert(ledger:consultation { patient = "P5", amount = "10.01" })
    assert(ledger:pay { documents = { "C-00003", "C-00004" }, amount = "20.00" })
    assert(ledger:charge { document = "C-00003", amount = "1.00" })
    assert(ledger:pay { document = "C-00003", type = "twint" })
    for _, patient in ipairs { "P4", "P5" } do
      assert.equal("R-00006", numbers(ledger:payments { patient = patient })[1])
    end
    for _, filter in ipairs { { document = "C-00003" }, { patient = "P4" } } do
      local paged, after = {}, nil
      repeat
        filter.limit, filter.after = 1, after
        after = numbers(ledger:payments(filter))[1]
        paged[#paged + 1] = after
      until not after or #paged > 5
      assert.same({ "R-00006", "R-00007" }, paged)
    end
  end)

  it("gives the raw journal, by document, patient, act, kind and from any entry on", function()
    local rows = all(ledger:entries())
    assert.equal(assert(ledger:head()).seq, #rows)
    for index, entry in ipairs(rows) do assert.equal(index, entry.seq) end
    helper.matches({ kind = "payment", debit = "tender", credit = "receivable", amount = "50.00", number = "R-00001",
      document = "C-00001", patient = "P1", type = "cash", command = "pay" }, rows[3])
    assert.equal(#rows - 2, #all(ledger:entries { from_seq = 3 }))
    assert.same({ "invoicing" }, (function()
      local kinds = {}
      for entry in ledger:entries { document = "F-00001", kind = "invoicing" } do kinds[#kinds + 1] = entry.kind end
      return kinds
    end)())
    assert.equal(1, #all(ledger:entries { patient = "P3" }))
    assert.equal(2, #all(ledger:entries { act = 5 }))
    refused("field-invalid", ledger:entries { kind = "gift" })
  end)

  it("gives a patient's credit, what is owed, and the open documents", function()
    helper.matches({ patient = "P2", credit = "0.00", owed = "70.00" }, ledger:patient "P2")
    local open = {}
    for _, document in ipairs(ledger:patient("P2").documents) do open[#open + 1] = document.number end
    assert.same({ "C-00002", "F-00002" }, open)
    helper.matches({ credit = "30.00", owed = "0.00", documents = {} }, ledger:patient "P3")
    refused("patient-unknown", ledger:patient "P9")
  end)

  it("gives totals of which every split sums to the whole", function()
    local columns = { "collected", "refunded", "deposited", "withdrawn", "money", "credited", "discounted", "lost",
      "rounded", "count" }
    local names = { "type", "group", "day", "actor" }
    local whole = assert(ledger:totals())[1]
    assert.same({ "130.00 CHF", "30.00 CHF", "30.00 CHF", "130.00 CHF", 5 }, { tostring(whole.collected),
      tostring(whole.refunded), tostring(whole.deposited), tostring(whole.money), whole.count })
    for mask = 0, 15 do
      local by = {}
      for bit, name in ipairs(names) do if mask >> (bit - 1) & 1 == 1 then by[#by + 1] = name end end
      local rows = assert(ledger:totals { by = by })
      for _, column in ipairs(columns) do
        local sum = rows[1][column]
        for index = 2, #rows do sum = sum + rows[index][column] end
        assert.is_true(sum == whole[column], table.concat(by, ",") .. " " .. column)
      end
      for _, name in ipairs(by) do assert.is_string(rows[1][name]) end
    end
    assert.equal("0.00 CHF", tostring(ledger:totals { from = "2027-01-01" }[1].money))
    assert.same({}, ledger:totals { from = "2027-01-01", by = { "type" } })
    refused("field-invalid", ledger:totals { by = { "month" } })
    refused("field-invalid", ledger:totals { by = "type" })
  end)

  it("seals days whose totals leave 64 bits, and still gives their closing", function()
    clock.now = "2026-03-05T09:00:00Z"
    assert(ledger:deposit { patient = "P7", type = "transfer", amount = "92233720368547758.00" })
    clock.now = "2026-03-06T09:00:00Z"
    assert(ledger:deposit { patient = "P8", type = "transfer", amount = "92233720368547758.00" })
    refused("amount-overflow", ledger:totals())
    local closing = assert(ledger:close_days { through = "2026-03-06", counted = { cash = "80.00" } })
    assert.equal("0.00 CHF", tostring(closing.counted.cash.variance))
    assert.is_nil(closing.totals)
    assert.equal(1, #assert(ledger:closings()))
  end)

  it("gives the closings, the head and the facts of the file", function()
    assert.same({}, ledger:closings())
    assert(ledger:close_days { through = "2026-03-02", counted = { cash = "49.00" } })
    assert(ledger:close_days { through = "2026-03-03" })
    local closings = assert(ledger:closings())
    helper.matches({ through = "2026-03-02", from = helper.NONE,
      counted = { cash = { expected = "50.00", counted = "49.00", variance = "-1.00" } } }, closings[1])
    helper.matches({ through = "2026-03-03", from = "2026-03-03", counted = {} }, closings[2])
    assert.same(assert(ledger:head()), closings[2].head)
    helper.matches({ documents = 4, payments = 5, closings = 2, closed_through = "2026-03-03", currency = "CHF",
      language = "fr" }, ledger:info())
  end)
end)

describe("an iterator", function()
  local ledger

  before_each(function()
    ledger = helper.open()
    for i = 1, 100 do assert(ledger:consultation { patient = "P" .. i, amount = "1.00" }) end
  end)
  after_each(helper.finish)

  it("is closed by break, by an error and by goto, and gives four values", function()
    assert.equal(4, select("#", ledger:documents()))
    for _ = 1, 3 do
      for _ in ledger:documents() do break end -- luacheck: ignore 512
      pcall(function() for _ in ledger:documents() do error "stop" end end)
      for _ in ledger:documents() do goto out end -- luacheck: ignore 512
      ::out::
    end
    local step, _, _, cursor = ledger:documents()
    assert(step())
    local closing <close> = cursor
    assert.is_truthy(closing)
  end)

  it("gives nothing more once it has ended or is closed", function()
    local step = ledger:documents { limit = 1 }
    assert(step())
    assert.is_nil(step())
    assert.is_nil(step())
  end)

  it("goes on while the loop writes, and sees what is behind it once", function()
    local seen, count = {}, 0
    for document in ledger:documents { order = "oldest", kind = "consultation" } do
      assert.is_nil(seen[document.number])
      seen[document.number], count = true, count + 1
      if count <= 100 then assert(ledger:pay { document = document.number, type = "twint" }) end
      if count == 50 then assert(ledger:consultation { patient = "new", amount = "1.00" }) end
    end
    assert.equal(101, count)
  end)

  it("raises where the ledger is closed inside the loop", function()
    local path = helper.folder() .. "/clinic.db"
    local other = helper.open { path = path }
    for _ = 1, 3 do assert(other:consultation { patient = "P", amount = "1.00" }) end
    local ok, problem = pcall(function() for _ in other:documents() do other:close() end end)
    assert.is_false(ok)
    assert.truthy(problem:find("closed", 1, true))
  end)
end)

describe("the count of payments", function()
  after_each(helper.finish)

  it("stands where the sums of all days would not", function()
    local ledger = helper.open()
    for i = 1, 2 do
      assert(ledger:consultation { patient = "P1", amount = "90000000000000000.00" })
      assert(ledger:pay { document = "C-0000" .. i, type = "twint", at = "2026-03-0" .. i })
    end
    helper.refused("amount-overflow", ledger:totals {})
    assert.equal(2, assert(ledger:info()).payments)
  end)

  it("leaves out the numbers that were passed over", function()
    local path = helper.folder() .. "/clinic.db"
    local function with(format)
      local script = ("%s\nclinic:numbering { payment = %q }"):format(helper.SCRIPT, format)
      return helper.open { path = path, script = script }
    end
    local ledger = with "R-1%d"
    assert(ledger:consultation { patient = "P1", amount = "90.00" })
    for _ = 1, 2 do assert(ledger:pay { document = "C-00001", type = "twint", amount = "1.00" }) end
    ledger = with "R-%d"
    for _ = 1, 12 do assert(ledger:pay { document = "C-00001", type = "twint", amount = "1.00" }) end
    assert.equal("R-17", assert(ledger:pay { document = "C-00001", type = "twint", amount = "1.00" }).number)
    assert.equal(15, assert(ledger:info()).payments)
  end)
end)
