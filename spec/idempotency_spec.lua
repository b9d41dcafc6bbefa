-- Idempotency keys: a retry gives the first answer again and has one effect (design.md §6).
local helper = require "spec.helper"
local child = require "spec.child"

local refused = helper.refused

--- A result as plain data, amounts as text, without what tells a replay from the first time.
local function plain(result)
  if type(result) == "userdata" then return tostring(result) end
  if type(result) ~= "table" then return result end
  local copy = {}
  for key, value in pairs(result) do
    if key ~= "replayed" then copy[key] = plain(value) end
  end
  return copy
end

describe("a key", function()
  local ledger, clock

  before_each(function()
    ledger, clock = helper.open()
    assert(ledger:consultation { patient = "P1", amount = "120.00" })
    assert(ledger:consultation { patient = "P1", amount = "80.00" })
    assert(ledger:pay { document = "C-00001", amount = "50.00" })
    assert(ledger:pay { document = "C-00001", type = "twint", amount = "10.00" })
    assert(ledger:deposit { patient = "P2", amount = "100.00" })
    assert(ledger:consultation { patient = "P3", amount = "5.00" })
  end)
  after_each(helper.finish)

  --- Every writing command, and what is done behind it so that it could not be done again.
  local commands = {
    { "consultation", { patient = "P1", amount = "30.00", label = "visit" },
      function() return ledger:pay { document = "C-00004", type = "twint" } end },
    { "invoice", { consultations = { "C-00001", "C-00002" }, amount = "1.00", due = "2026-03-20" },
      function() return ledger:pay { document = "F-00001", type = "twint" } end },
    { "charge", { document = "C-00002", amount = "20.00", label = "extra" },
      function() return ledger:pay { document = "C-00002", type = "twint" } end },
    { "cancel", { document = "C-00003", reason = "entered twice" } },
    { "pay", { document = "C-00001", type = "twint", amount = "60.00", reference = "A7", note = "by phone" },
      function() return ledger:reverse { payment = "R-00004", reason = "wrong" } end },
    { "reverse", { payment = "R-00002", reason = "wrong patient" },
      function() return ledger:pay { document = "C-00001", type = "twint", amount = "70.00" } end },
    { "correct", { payment = "R-00002", reason = "wrong means", type = "transfer" },
      function() return ledger:reverse { payment = "R-00004", reason = "wrong" } end },
    { "refund", { payment = "R-00001", reopen = true, amount = "20.00", reason = "too much" },
      function() return ledger:refund { payment = "R-00001", reopen = true, amount = "5.00", reason = "more" } end },
    { "deposit", { patient = "P1", amount = "40.00" },
      function() return ledger:withdraw { patient = "P1", amount = "40.00" } end },
    { "withdraw", { patient = "P2", amount = "60.00", reason = "asked" },
      function() return ledger:withdraw { patient = "P2", amount = "40.00" } end },
    { "transfer", { from = "P2", to = "P1", amount = "70.00" },
      function() return ledger:withdraw { patient = "P2", amount = "30.00" } end },
    { "close_days", { through = "2026-03-01", counted = { cash = "1.00" } } },
  }

  for _, row in ipairs(commands) do
    local command, fields, after = table.unpack(row)
    it(("gives the first result of %s again, whatever came behind it"):format(command), function()
      fields.key = "key-1"
      local first = assert(ledger[command](ledger, fields))
      assert.is_nil(first.replayed)
      if after then assert(after()) end
      clock.now = "2026-06-01T10:00:00Z"
      assert(ledger:close_days { through = "2026-05-31" })
      local head = assert(ledger:head())
      local again = assert(ledger[command](ledger, fields))
      assert.is_true(again.replayed)
      assert.same(plain(first), plain(again))
      assert.same(head, assert(ledger:head()))
    end)
  end

  it("gives the first result again after the script has changed", function()
    local path = helper.folder() .. "/clinic.db"
    local first = helper.open { path = path }
    assert(first:consultation { patient = "P1", amount = "10.00" })
    local paid = assert(first:pay { document = "C-00001", type = "twint", key = "k" })
    first:close()
    local second = helper.open { path = path, script = [[
      local clinic = ...
      clinic:payment_type { id = "cash", default = true }
      clinic:payment_type { id = "twint", retired = true, roles = { "nobody" } }
      clinic:permit { pay = { "nobody" } }]] }
    local again = assert(second:pay { document = "C-00001", type = "twint", key = "k" })
    assert.is_true(again.replayed)
    assert.equal(paid.number, again.number)
    refused("type-retired", second:pay { document = "C-00001", type = "twint", key = "k2" })
  end)

  local base = { document = "C-00001", type = "twint", amount = "10.00", at = "2026-03-01T10:00", note = "one",
    group = "room-1", reference = "A", patient = "P1", tendered = "20.00" }
  for field, other in pairs { document = "C-00002", type = "cash", amount = "20.00", at = "2026-03-01T11:00",
    note = "two", group = "room-2", reference = "B", patient = helper.NONE, tendered = "30.00" } do
    it(("is refused for another content: %s"):format(field), function()
      local fields = { key = "k" }
      for name, value in pairs(base) do fields[name] = value end
      assert(ledger:pay(fields))
      fields[field] = other ~= helper.NONE and other or nil
      local _, details = helper.refuses(ledger, "pay", fields, "key-conflict")
      assert.same({ key = "k", field = field }, details)
    end)
  end

  it("is refused for another command", function()
    assert(ledger:deposit { patient = "P1", amount = "10.00", key = "k" })
    local _, details = helper.refuses(ledger, "withdraw", { patient = "P1", amount = "10.00", key = "k" },
      "key-conflict")
    assert.equal("command", details.field)
  end)

  it("compares parsed values, not how they were written", function()
    assert(ledger:pay { document = "C-00001", type = "twint", amount = "10", at = "2026-03-01T10:00", key = "k" })
    for _, change in ipairs {
      { amount = "10.00" }, { amount = ledger:money "10" }, { at = "2026-03-01T10:00:00Z" }, { at = 1772359200 },
      { at = "2026-03-01T11:00+01:00" }, { actor = "someone else" }, { roles = { "other" } }, { dry_run = false },
    } do
      local fields = { document = "C-00001", type = "twint", amount = "10", at = "2026-03-01T10:00", key = "k" }
      for name, value in pairs(change) do fields[name] = value end
      local again, message = ledger:pay(fields)
      assert.is_true(again ~= nil and again.replayed, message)
    end
    refused("key-conflict", ledger:pay { documents = { "C-00001" }, type = "twint", amount = "10",
      at = "2026-03-01T10:00", key = "k" })
  end)

  it("is not used up by a refusal, a dry run or a transaction that was rolled back", function()
    refused("amount-not-positive", ledger:pay { document = "C-00001", amount = "-1.00", key = "k" })
    assert(ledger:pay { document = "C-00001", amount = "10.00", key = "k", dry_run = true })
    ledger:transaction(function(tx)
      assert(tx:pay { document = "C-00001", amount = "20.00", key = "k" })
      return nil, "no"
    end)
    assert.is_nil(assert(ledger:pay { document = "C-00001", amount = "30.00", key = "k" }).replayed)
    local tried = assert(ledger:pay { document = "C-00001", amount = "30.00", key = "k", dry_run = true })
    assert.same({ true, true }, { tried.replayed, tried.dry_run })
  end)

  it("is looked at behind the command alone, and before the ledger", function()
    assert(ledger:pay { document = "C-00001", type = "twint", key = "k" })
    refused("amount-invalid", ledger:pay { document = "C-00001", type = "twint", amount = "x", key = "k" })
    refused("key-conflict", ledger:pay { document = "C-99999", type = "bitcoin", key = "k" })
  end)

  it("is known to every process", function()
    local path = helper.folder() .. "/clinic.db"
    local first = helper.open { path = path }
    assert(first:consultation { patient = "P1", amount = "10.00" })
    assert(first:pay { document = "C-00001", type = "twint", key = "k" })
    local ended = child.run([[
      local ledger = assert(require("tallystick").open(arg[1]))
      print(assert(ledger:pay { document = "C-00001", type = "twint", key = "k" }).replayed)]], path)
    assert.equal("true\n", ended.out)
  end)
end)
