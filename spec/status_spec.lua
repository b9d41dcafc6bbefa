-- tallystick.status: every row of design.md §3's table and every neighbour of its boundaries.
local helper = require "spec.helper"
local tallystick = require "tallystick"

local refused = helper.refused
after_each(helper.finish)

local FACTS = { "charged", "collected", "credited", "discounted", "lost", "rounded" }

-- Reads "120 c50 k10 d5 l5 r0.02 invoiced": charged, then the settled facts by their letters, then flags.
local LETTERS = { c = "collected", k = "credited", d = "discounted", l = "lost", r = "rounded" }

local function facts_of(kind, line)
  local facts = { kind = kind }
  for word in line:gmatch "%S+" do
    local letter, amount = word:match "^(%a)(%-?[%d.]+)$"
    if letter then facts[LETTERS[letter]] = amount
    elseif word:find "^%a+$" then facts[word] = true
    else facts.charged = word end
  end
  return facts
end

local function in_money(facts, currency)
  local copy = {}
  for key, value in pairs(facts) do copy[key] = value end
  for _, name in ipairs(FACTS) do
    if copy[name] then copy[name] = assert(tallystick.money(copy[name], currency)) end
  end
  return copy
end

describe("the status", function()
  for _, row in ipairs {
    -- facts, of a consultation, of an invoice

    -- cancelled comes first, whatever else is true
    { "0 cancelled", "cancelled", "cancelled" },
    { "120 cancelled", "cancelled", "cancelled" },
    { "120 c120 cancelled", "cancelled", "cancelled" },
    { "120 c120.01 cancelled", "cancelled", "cancelled" },
    { "120 l120 cancelled", "cancelled", "cancelled" },
    { "120 invoiced cancelled", "cancelled", "cancelled" },

    -- then a consultation on an invoice that stands; an invoice is on none
    { "120 invoiced", "invoiced", "unpaid" },
    { "120 c50 invoiced", "invoiced", "partial" },
    { "120 c120 invoiced", "invoiced", "paid" },
    { "120 c121 invoiced", "invoiced", "overpaid" },
    { "0 invoiced", "invoiced", "paid" },
    { "120 l120 invoiced", "invoiced", "written_off" },

    -- remaining below zero
    { "120 c120.01", "overpaid", "overpaid" },
    { "0 c0.01", "overpaid", "overpaid" },
    { "120 d60 c60.01", "overpaid", "overpaid" },
    { "120 l119.99 c0.02", "overpaid", "overpaid" },
    { "120 c120 r0.01", "overpaid", "overpaid" },
    { "-0.01", "overpaid", "overpaid" },
    { "-20 c-10", "overpaid", "overpaid" },

    -- remaining above zero and settled at most zero
    { "120", "pending", "unpaid" },
    { "0.01", "pending", "unpaid" },
    { "120 c0", "pending", "unpaid" },
    { "120 c-0.01", "pending", "unpaid" },
    { "120 c50 r-50", "pending", "unpaid" },
    { "0 c-10", "pending", "unpaid" },
    { "-10 c-10.01", "pending", "unpaid" },

    -- remaining above zero, something settled
    { "120 c0.01", "pending", "partial" },
    { "120 c119.99", "pending", "partial" },
    { "120 k50", "pending", "partial" },
    { "120 d50", "pending", "partial" },
    { "120 l50", "pending", "partial" },
    { "120 r0.02", "pending", "partial" },
    { "120 c50 k20 d20 l20 r9.99", "pending", "partial" },
    { "120 c50 r-49.99", "pending", "partial" },

    -- nothing remains: a loss shows
    { "120 l120", "written_off", "written_off" },
    { "120 l0.01 c119.99", "written_off", "written_off" },
    { "120 c119.98 l0.01 r0.01", "written_off", "written_off" },
    { "120 d119.99 l0.01", "written_off", "written_off" },
    { "120 l-0.01 c120.01", "paid", "paid" },

    -- a discount shows where nobody paid
    { "120 d120", "offered", "offered" },
    { "120 d0.01 r119.99", "offered", "offered" },
    { "120 d120 c0 k0", "offered", "offered" },
    { "120 d120 c-5 k5", "offered", "offered" },
    { "120 d119.99 c0.01", "paid", "paid" },
    { "120 d119.99 k0.01", "paid", "paid" },
    { "120 d120.01 c-0.01", "paid", "paid" },

    -- otherwise
    { "0", "paid", "paid" },
    { "120 c120", "paid", "paid" },
    { "120 k120", "paid", "paid" },
    { "120 c60 k60", "paid", "paid" },
    { "120.02 c120 r0.02", "paid", "paid" },
    { "119.98 c120 r-0.02", "paid", "paid" },
    { "0.02 r0.02", "paid", "paid" },
    { "-0.02 r-0.02", "paid", "paid" },
    { "0 d0 l0", "paid", "paid" },
    { "0 c5 k-5", "paid", "paid" },
    { "92233720368547758.07 c92233720368547758.07", "paid", "paid" },
  } do
    for index, kind in ipairs { "consultation", "invoice" } do
      local line, expected = row[1], row[index + 1]
      it(("of the %s %s is %s"):format(kind, line, expected), function()
        local facts = facts_of(kind, line)
        assert.equal(expected, tallystick.status(in_money(facts, "CHF")))
        if not line:find "92233720368547758" then assert.equal(expected, tallystick.status(facts)) end
      end)
    end
  end

  it("has no charge and nothing settled where facts are left out", function()
    assert.equal("paid", tallystick.status { kind = "invoice" })
    assert.equal("overpaid", tallystick.status { kind = "invoice", collected = "0.01" })
  end)

  it("takes false for a fact that does not hold", function()
    assert.equal("pending",
      tallystick.status { kind = "consultation", charged = "1", cancelled = false, invoiced = false })
  end)

  it("reads strings and money values side by side", function()
    local money = assert(tallystick.money("120.50", "CHF"))
    assert.equal("paid", tallystick.status { kind = "invoice", charged = money, collected = "120.5" })
    assert.equal("partial", tallystick.status { kind = "invoice", charged = "120.51", collected = money })
  end)

  it("reads strings with up to four decimals where no currency is named", function()
    assert.equal("partial", tallystick.status { kind = "invoice", charged = "1.0001", collected = "1" })
    assert.equal("paid", tallystick.status { kind = "invoice", charged = "1.0000", collected = "1" })
  end)

  it("counts in a currency without decimals", function()
    local yen = function(text) return assert(tallystick.money(text, "JPY")) end
    assert.equal("partial", tallystick.status { kind = "invoice", charged = yen "2", collected = yen "1" })
    assert.equal("paid", tallystick.status { kind = "invoice", charged = yen "2", collected = "2" })
  end)

  it("of a document's own table is the document's", function()
    local ledger = helper.open()
    assert(ledger:consultation { patient = "P1", amount = "120.00" })
    for _, amount in ipairs { "50.00", "70.00" } do
      local paid = assert(ledger:pay { document = "C-00001", amount = amount })
      local document = assert(ledger:document "C-00001")
      assert.equal(paid.status, tallystick.status(document))
      assert.equal(document.status, tallystick.status(document))
    end
    assert(ledger:invoice { consultations = { "C-00001" } })
    for _, number in ipairs { "C-00001", "F-00001" } do
      local document = assert(ledger:document(number))
      assert.equal(document.status, tallystick.status(document))
    end
  end)

  it("is one of those listed, each with a mark", function()
    assert.same({
      "cancelled", "invoiced", "overpaid", "pending", "unpaid", "partial", "written_off", "offered", "paid",
    }, tallystick.statuses)
    for _, status in ipairs(tallystick.statuses) do
      assert.equal("string", type(tallystick.marks[status].symbol), status)
      assert.equal("string", type(tallystick.marks[status].colour), status)
    end
  end)

  for _, row in ipairs {
    { "pending", "–", "orange" }, { "partial", "–", "orange" }, { "unpaid", "✗", "red" }, { "paid", "✓", "green" },
    { "overpaid", "+", "blue" }, { "written_off", "✓", "grey" }, { "offered", "✓", "grey" },
    { "invoiced", "→", "grey" }, { "cancelled", "0", "grey" },
  } do
    local status, symbol, colour = table.unpack(row)
    it(("%s has the mark %s, %s"):format(status, symbol, colour), function()
      assert.same({ symbol = symbol, colour = colour }, tallystick.marks[status])
    end)
  end

  for _, row in ipairs {
    { "no kind", { charged = "1" }, "field-invalid", "kind" },
    { "an unknown kind", { kind = "receipt" }, "field-invalid", "kind" },
    { "a kind that is no string", { kind = 1 }, "field-invalid", "kind" },
    { "a name with a slip", { kind = "invoice", colected = "1" }, "field-unknown", "colected" },
    { "a list", { "invoice" }, "field-unknown", "1" },
    { "an integer", { kind = "invoice", charged = 120 }, "amount-invalid", "charged" },
    { "a float", { kind = "invoice", collected = 1.5 }, "amount-invalid", "collected" },
    { "text that is no amount", { kind = "invoice", lost = "all" }, "amount-invalid", "lost" },
    { "an empty text", { kind = "invoice", rounded = "" }, "amount-invalid", "rounded" },
    { "five decimals", { kind = "invoice", credited = "1.00000" }, "amount-invalid", "credited" },
    { "a table for an amount", { kind = "invoice", discounted = {} }, "amount-invalid", "discounted" },
    { "a flag that is no boolean", { kind = "invoice", cancelled = "no" }, "field-invalid", "cancelled" },
    { "a number for a flag", { kind = "consultation", invoiced = 0 }, "field-invalid", "invoiced" },
    { "a sum beyond 64 bits", { kind = "invoice", charged = "922337203685477.5807",
      collected = "922337203685477.5807", credited = "0.0001" }, "amount-overflow" },
    { "a difference beyond 64 bits", { kind = "invoice", charged = "922337203685477.5807", collected = "-0.0001" },
      "amount-overflow" },
  } do
    local name, facts, code, field = table.unpack(row)
    it(("is refused for %s: %s"):format(name, code), function()
      local _, _, _, details = tallystick.status(facts)
      assert.equal(field, field and details.field)
      refused(code, tallystick.status(facts))
    end)
  end

  it("is refused for more decimals than the currency beside it has", function()
    local charged = assert(tallystick.money("1", "CHF"))
    refused("amount-invalid", tallystick.status { kind = "invoice", charged = charged, collected = "1.000" })
  end)

  it("is refused for amounts of two currencies", function()
    refused("amount-invalid", tallystick.status {
      kind = "invoice", charged = assert(tallystick.money("1", "CHF")), lost = assert(tallystick.money("1", "EUR")),
    })
  end)

  it("raises only for what is no table", function()
    assert.is_false((pcall(tallystick.status)))
    assert.is_false((pcall(tallystick.status, "paid")))
  end)
end)
