-- Hooks that mean well: when they are asked, what they see, and what becomes of what they say (design.md §7).
local helper = require "spec.helper"
local script = require "tallystick.script"

---Asserts that a call was refused with a code; the words are the script's. For all that the call returned.
---@return string message
---@return table details
local function refused(expected, result, message, code, details)
  assert.is_nil(result)
  assert.equal(expected, code, message)
  return message, details
end

---Asserts that a command is refused and writes nothing.
local function refuses_to(ledger, command, fields, expected)
  local before = assert(ledger:head())
  local message, details = refused(expected, ledger[command](ledger, fields))
  assert.same(before, assert(ledger:head()))
  return message, details
end

--- A script of hooks after the payment types: the standard ones, unless another preamble is given.
local function hooks(body)
  return helper.SCRIPT .. body
end

local function open(body, options)
  options = options or {}
  options.script = hooks(body)
  return helper.open(options)
end

local function consultation(ledger, amount)
  return assert(ledger:consultation { patient = "P1", amount = amount or "100.00" })
end

--- A hook that logs that it ran.
local function says(phase, command, id, options)
  return ('clinic:%s(%q, { id = %q %s }, function(event, ctx) ctx.log(%q) end)\n'):format(phase, command, id,
    options or "", id)
end

local function told()
  local lines = {}
  return lines, function(line) lines[#lines + 1] = line end
end

describe("a hook", function()
  after_each(helper.finish)

  it("runs by priority, the lower first, then as it was declared", function()
    local ledger = open(says("before", "deposit", "d") .. says("before", "deposit", "c", ", priority = 10")
      .. says("before", "deposit", "a", ", priority = -5") .. says("before", "deposit", "e")
      .. says("before", "deposit", "b", ", priority = -5") .. says("after", "deposit", "z", ", priority = 1")
      .. says("after", "deposit", "y", ", priority = 0"))
    local result = assert(ledger:deposit { patient = "P1", amount = "1.00" })
    assert.same({ "a", "b", "d", "e", "c", "y", "z" }, result.log)
  end)

  it("is asked for its own command only", function()
    local ledger = open(says("before", "pay", "pay") .. says("after", "reverse", "reverse"))
    assert.is_nil(consultation(ledger).log)
    assert.same({ "pay" }, assert(ledger:pay { document = "C-00001", amount = "5.00" }).log)
    assert.same({ "reverse" }, assert(ledger:reverse { payment = "R-00001", reason = "slip" }).log)
  end)

  it("is asked by a correction where it guards reverse or pay", function()
    local ledger = open(says("before", "pay", "pay") .. says("before", "reverse", "reverse", ", priority = 1")
      .. says("before", "correct", "correct", ", priority = 2") .. says("after", "pay", "paid"))
    consultation(ledger)
    assert.same({ "pay", "paid" }, assert(ledger:pay { document = "C-00001", amount = "5.00" }).log)
    local corrected = assert(ledger:correct { payment = "R-00001", reason = "slip", amount = "6.00" })
    assert.same({ "pay", "reverse", "correct", "paid" }, corrected.log)
  end)

  it("is not asked for a command that is refused by itself or by the state of things", function()
    local lines, log = told()
    local ledger = open(says("before", "pay", "asked"), { on_log = log })
    consultation(ledger)
    refused("amount-invalid", ledger:pay { document = "C-00001", amount = 1 })
    refused("document-unknown", ledger:pay { document = "C-9", amount = "1.00" })
    refused("amount-not-positive", ledger:pay { document = "C-00001", amount = "0" })
    assert.same({}, lines)
  end)

  it("sees the ledger as it is, and the facts of the call", function()
    local ledger = open([[
clinic:before("pay", { id = "see" }, function(event, ctx)
  local document = ctx.document(event.document)
  ctx.log(document.status, document.remaining, event.before.remaining, event.after.remaining)
  ctx.log(ctx.now, ctx.day, ctx.actor, ctx.currency, ctx.language, ctx.zero, #ctx.roles, ctx.has_role "desk",
    ctx.has_role "manager")
  ctx.log(ctx.document "C-9", ctx.payment "R-9", ctx.patient "P9")
  ctx.log(ctx.patient("P1").owed, ctx.totals({ by = { "type" } })[1])
  ctx.log(event.amount + ctx.money "1.00", event.amount < ctx.money "5.01", event.amount:decimal())
end)
clinic:after("pay", { id = "seen" }, function(event, ctx)
  ctx.log(ctx.document(event.document).remaining, ctx.payment(event.number).amount, ctx.now, ctx.actor,
    ctx.has_role "desk", ctx.totals({ by = { "type" } })[1].collected)
end)]])
    consultation(ledger)
    local result = assert(ledger:pay { document = "C-00001", amount = "5.00", actor = "anna", roles = { "desk" } })
    assert.same({
      "pending 100.00 CHF 100.00 CHF 95.00 CHF",
      "2026-03-02T10:00:00Z 2026-03-02 anna CHF fr 0.00 CHF 1 true false",
      "nil nil nil",
      "100.00 CHF nil",
      "6.00 CHF true 5.00",
      "95.00 CHF 5.00 CHF 2026-03-02T10:00:00Z anna true 5.00 CHF",
    }, result.log)
  end)
end)

-- ---- The event ----

--- Logs every field of an event, one a line, documents by number, status and what remains.
local SEE = [[
local function show(value)
  if type(value) ~= "table" then return tostring(value) end
  if value.charged then return ("%s %s %s"):format(value.number, value.status, value.remaining:decimal()) end
  local parts = {}
  for key, item in pairs(value) do parts[#parts + 1] = tostring(key) .. "=" .. show(item) end
  table.sort(parts)
  return "{" .. table.concat(parts, ", ") .. "}"
end
for _, command in ipairs { "consultation", "invoice", "charge", "cancel", "pay", "reverse", "correct", "refund",
  "deposit", "withdraw", "transfer", "close_days" } do
  for _, phase in ipairs { "before", "after" } do
    clinic[phase](clinic, command, { id = "see" }, function(event, ctx)
      if event.command ~= command then return end
      for name, value in pairs(event) do
        ctx.log(phase, name, show(value))
        assert(event[name] ~= nil and type(event[name]) == type(value))
      end
    end)
  end
end]]

local NOW = "2026-03-02T10:00:00Z"

--- A command, its fields, and what its event holds besides what every event does.
local story = {
  { "consultation", { patient = "P1", amount = "120.00", label = "visit", note = "a note", key = "k1" }, {
    number = "C-00001", amount = "120.00 CHF", patient = "P1", label = "visit", note = "a note", key = "k1",
    document = "C-00001", after = "C-00001 pending 120.00",
    documents = "{1={after=C-00001 pending 120.00, number=C-00001}}",
  } },
  { "consultation", { patient = "P1", amount = "30.00" }, {
    number = "C-00002", amount = "30.00 CHF", patient = "P1", document = "C-00002", after = "C-00002 pending 30.00",
    documents = "{1={after=C-00002 pending 30.00, number=C-00002}}",
  } },
  { "pay", { document = "C-00002", tendered = "50.00", reference = "till" }, {
    number = "R-00001", type = "cash", effect = "money", amount = "30.00 CHF", deposited = "0.00 CHF",
    tendered = "50.00 CHF", change = "20.00 CHF", reference = "till", patient = "P1", document = "C-00002",
    before = "C-00002 pending 30.00", after = "C-00002 paid 0.00",
    documents = "{1={after=C-00002 paid 0.00, before=C-00002 pending 30.00, number=C-00002}}",
    allocations = "{1={amount=30.00 CHF, document=C-00002, rounded=0.00 CHF}}",
  } },
  { "invoice", { consultations = { "C-00001", "C-00002" }, amount = "5.02", due = "2026-12-20", label = "all" }, {
    number = "F-00001", amount = "5.02 CHF", patient = "P1", label = "all", due = "2026-12-20", document = "F-00001",
    after = "F-00001 partial 125.02",
    documents = "{1={after=C-00001 invoiced 0.00, before=C-00001 pending 120.00, number=C-00001}, "
      .. "2={after=C-00002 invoiced 0.00, before=C-00002 paid 0.00, number=C-00002}, "
      .. "3={after=F-00001 partial 125.02, number=F-00001}}",
  } },
  { "charge", { document = "F-00001", amount = "-5.00", label = "less" }, {
    amount = "-5.00 CHF", patient = "P1", label = "less", document = "F-00001", before = "F-00001 partial 125.02",
    after = "F-00001 partial 120.02",
    documents = "{1={after=F-00001 partial 120.02, before=F-00001 partial 125.02, number=F-00001}}",
  } },
  { "pay", { document = "F-00001", amount = "20.00", type = "insurance", fields = { policy = "12", claims = 3 } }, {
    number = "R-00002", type = "insurance", effect = "money", amount = "20.00 CHF", deposited = "0.00 CHF",
    change = "0.00 CHF", patient = "P1", fields = "{claims=3, policy=12}", document = "F-00001",
    before = "F-00001 partial 120.02", after = "F-00001 partial 100.02",
    documents = "{1={after=F-00001 partial 100.02, before=F-00001 partial 120.02, number=F-00001}}",
    allocations = "{1={amount=20.00 CHF, document=F-00001, rounded=0.00 CHF}}",
  } },
  { "invoice", { patient = "P1", amount = "10.00" }, {
    number = "F-00002", amount = "10.00 CHF", patient = "P1", document = "F-00002", after = "F-00002 unpaid 10.00",
    documents = "{1={after=F-00002 unpaid 10.00, number=F-00002}}",
  } },
  { "pay", { documents = "oldest", patient = "P1", type = "transfer", amount = "150.00", at = "2026-03-01" }, {
    number = "R-00003", type = "transfer", effect = "money", amount = "150.00 CHF", deposited = "39.98 CHF",
    change = "0.00 CHF", patient = "P1", at = "2026-03-01T00:00:00Z", day = "2026-03-01",
    documents = "{1={after=F-00001 paid 0.00, before=F-00001 partial 100.02, number=F-00001}, "
      .. "2={after=F-00002 paid 0.00, before=F-00002 unpaid 10.00, number=F-00002}}",
    allocations = "{1={amount=100.02 CHF, document=F-00001, rounded=0.00 CHF}, "
      .. "2={amount=10.00 CHF, document=F-00002, rounded=0.00 CHF}}",
  } },
  { "reverse", { payment = "R-00003", reason = "wrong patient" }, {
    type = "transfer", effect = "money", amount = "150.00 CHF", deposited = "39.98 CHF", change = "0.00 CHF",
    patient = "P1", reason = "wrong patient", payment = "R-00003",
    documents = "{1={after=F-00001 partial 100.02, before=F-00001 paid 0.00, number=F-00001}, "
      .. "2={after=F-00002 unpaid 10.00, before=F-00002 paid 0.00, number=F-00002}}",
    allocations = "{1={amount=100.02 CHF, document=F-00001, rounded=0.00 CHF}, "
      .. "2={amount=10.00 CHF, document=F-00002, rounded=0.00 CHF}}",
  } },
  { "pay", { document = "F-00002" }, {
    number = "R-00004", type = "cash", effect = "money", amount = "10.00 CHF", deposited = "0.00 CHF",
    change = "0.00 CHF", patient = "P1", document = "F-00002", before = "F-00002 unpaid 10.00",
    after = "F-00002 paid 0.00",
    documents = "{1={after=F-00002 paid 0.00, before=F-00002 unpaid 10.00, number=F-00002}}",
    allocations = "{1={amount=10.00 CHF, document=F-00002, rounded=0.00 CHF}}",
  } },
  { "correct", { payment = "R-00004", reason = "by card", type = "card", group = "POS-1", amount = "8.00" }, {
    number = "R-00005", type = "card", effect = "money", amount = "8.00 CHF", deposited = "0.00 CHF",
    change = "0.00 CHF", group = "POS-1", patient = "P1", reason = "by card", payment = "R-00004",
    document = "F-00002", before = "F-00002 paid 0.00", after = "F-00002 partial 2.00",
    documents = "{1={after=F-00002 partial 2.00, before=F-00002 paid 0.00, number=F-00002}}",
    allocations = "{1={amount=8.00 CHF, document=F-00002, rounded=0.00 CHF}}",
  } },
  { "refund", { payment = "R-00005", reopen = true, amount = "3.00", reason = "kind", type = "twint" }, {
    number = "R-00006", type = "twint", effect = "money", amount = "3.00 CHF", deposited = "0.00 CHF",
    change = "0.00 CHF", patient = "P1", reason = "kind", payment = "R-00005", reopen = "true",
    document = "F-00002", before = "F-00002 partial 2.00", after = "F-00002 partial 5.00",
    documents = "{1={after=F-00002 partial 5.00, before=F-00002 partial 2.00, number=F-00002}}",
    allocations = "{1={amount=3.00 CHF, document=F-00002, rounded=0.00 CHF}}",
  } },
  { "deposit", { patient = "P2", amount = "10.00", type = "twint", reference = "d" }, {
    number = "R-00007", type = "twint", effect = "money", amount = "10.00 CHF", deposited = "10.00 CHF",
    change = "0.00 CHF", reference = "d", patient = "P2", documents = "{}", allocations = "{}",
  } },
  { "withdraw", { patient = "P2", amount = "2.00", reason = "asked" }, {
    number = "R-00008", type = "cash", effect = "money", amount = "2.00 CHF", deposited = "0.00 CHF",
    change = "0.00 CHF", patient = "P2", reason = "asked", documents = "{}", allocations = "{}",
  } },
  { "transfer", { from = "P2", to = "P1", amount = "1.00", reason = "family" }, {
    amount = "1.00 CHF", patient = "P2", from = "P2", to = "P1", reason = "family", documents = "{}",
  } },
  { "consultation", { patient = "P3", amount = "0.00", number = "X-1" }, {
    number = "X-1", amount = "0.00 CHF", patient = "P3", document = "X-1", after = "X-1 paid 0.00",
    documents = "{1={after=X-1 paid 0.00, number=X-1}}",
  } },
  { "cancel", { document = "X-1", reason = "did not come" }, {
    patient = "P3", reason = "did not come", document = "X-1", before = "X-1 paid 0.00",
    after = "X-1 cancelled 0.00",
    documents = "{1={after=X-1 cancelled 0.00, before=X-1 paid 0.00, number=X-1}}",
  } },
  { "close_days", { through = "2026-03-01", counted = { transfer = "1.00" } }, {
    day = "2026-03-01", through = "2026-03-01", documents = "{}",
  } },
}

local function logged(result, phase)
  local fields = {}
  for _, line in ipairs(result.log or {}) do
    local name, value = line:match("^" .. phase .. " (%S+) (.*)$")
    if name then fields[name] = value end
  end
  return fields
end

--- What the event and the command's result both tell is the same.
local function assert_agrees(event, result)
  for _, name in ipairs { "type", "effect", "amount", "deposited", "change", "group", "reference", "day", "at",
    "recorded_at", "act" } do
    if event[name] ~= nil and result[name] ~= nil then assert.equal(tostring(result[name]), event[name], name) end
  end
end

describe("an event", function()
  after_each(helper.finish)

  it("tells of every command what its result tells, before and after", function()
    local ledger = open(SEE)
    local seen = {}
    for _, step in ipairs(story) do
      local command, fields, expected = step[1], step[2], step[3]
      local result = assert(ledger[command](ledger, fields))
      local common = { command = command, act = tostring(result.act), actor = "desk-1", roles = "{1=manager}",
        fields = "{}", at = NOW, day = "2026-03-02", recorded_at = NOW, dry_run = "false" }
      for name, value in pairs(common) do
        if expected[name] == nil then expected[name] = value end
      end
      local before = logged(result, "before")
      assert.same(expected, before)
      assert.same(expected, logged(result, "after"))
      if command ~= "reverse" and command ~= "close_days" then assert_agrees(before, result) end
      seen[command] = true
    end
    for _, command in ipairs { "consultation", "invoice", "charge", "cancel", "pay", "reverse", "correct", "refund",
      "deposit", "withdraw", "transfer", "close_days" } do
      assert.is_true(seen[command], command)
    end
  end)

  it("tells a dry run from an act", function()
    local ledger = open(SEE)
    local result = assert(ledger:deposit { patient = "P1", amount = "1.00", dry_run = true })
    assert.equal("true", logged(result, "before").dry_run)
    assert.same({}, logged(result, "after"))
  end)

  it("gives documents whole, as the readings do", function()
    local ledger = open([[
clinic:before("pay", { id = "see" }, function(event, ctx)
  local read = ctx.document(event.document)
  for _, name in ipairs { "number", "kind", "patient", "status", "charged", "collected", "remaining" } do
    assert(read[name] == event.before[name] and read[name] ~= nil, name)
  end
  assert(event.after.collected - event.before.collected == event.amount)
  assert(event.documents[1].after.remaining == event.after.remaining)
end)]])
    consultation(ledger)
    assert(ledger:pay { document = "C-00001", amount = "20.00" })
  end)

  for _, phase in ipairs { "before", "after" } do
    local function message_of(ledger)
      local result, message = ledger:deposit { patient = "P1", amount = "1.00" }
      return result and result.warnings[1].message or message
    end

    for body, expected in pairs {
      ["return event.amuont"] = "the event has no field amuont; did you mean amount?",
      ["return event.xyzzy"] = "the event has no field xyzzy",
      ["return event[1]"] = "the event has no field 1",
      ["event.amount = ctx.zero"] = "the event is not to be changed",
      ["event.mine = 1"] = "the event is not to be changed",
      ["return ctx.mony"] = "ctx has no field mony; did you mean money?",
      ["return ctx.documnet 'C-1'"] = "ctx has no field documnet; did you mean document?",
      ["return ctx[1]"] = "ctx has no field 1",
      ["ctx.mine = 1"] = "ctx is not to be changed",
    } do
      it(("says what is wrong with %s, in a hook %s"):format(body, phase), function()
        local ledger = open(('clinic:%s("deposit", { id = "slip" }, function(event, ctx)\n%s\nend)'):format(phase,
          body))
        local message = message_of(ledger)
        assert.truthy(message:find(expected, 1, true), message)
        assert.truthy(message:find(phase .. '("deposit") "slip"', 1, true), message)
      end)
    end

    it("has nil, and no error, for a field that its command has not, in a hook " .. phase, function()
      local ledger = open(('clinic:%s("deposit", { id = "nil" }, function(event) assert(event.due == nil) end)')
        :format(phase))
      assert.is_nil(assert(ledger:deposit { patient = "P1", amount = "1.00" }).warnings)
    end)
  end

  it("is over with its hook", function()
    local ledger = open [[
local kept
clinic:before("deposit", { id = "keep" }, function(event)
  if kept then return kept.amount end
  kept = event
end)]]
    assert(ledger:deposit { patient = "P1", amount = "1.00", dry_run = true })
    local message = refused("script-failed", ledger:deposit { patient = "P1", amount = "1.00" })
    assert.truthy(message:find("the event is over", 1, true), message)
  end)
end)

-- ---- Refusals ----

local CAP = [[
clinic:before("pay", { id = "cap", priority = 10 }, function(event, ctx)
  if event.amount > ctx.money "50.00" then return ctx.refuse("cash-cap", "above 50.00 needs a manager") end
end)
clinic:before("pay", { id = "later", priority = 20 }, function(_, ctx) ctx.log "later" end)
clinic:after("pay", { id = "paid" }, function(event, ctx) ctx.log("paid", event.amount) end)
clinic:before("charge", { id = "broken" }, function() error "no charges" end)
]]

describe("a refusal", function()
  local ledger
  before_each(function()
    ledger = open(CAP)
    consultation(ledger)
  end)
  after_each(helper.finish)

  local function pay(on, amount)
    return on:pay { document = "C-00001", amount = amount }
  end

  it("keeps a command from being, and tells rule and code", function()
    local message, details = refuses_to(ledger, "pay", { document = "C-00001", amount = "60.00" }, "refused")
    assert.equal("above 50.00 needs a manager", message)
    assert.same({ rule = "cap", code = "cash-cap" }, details)
    assert.equal("R-00001", assert(pay(ledger, "50.00")).number)
  end)

  it("says the code where no message is given", function()
    local short = open 'clinic:before("deposit", { id = "no" }, function(_, ctx) return ctx.refuse "not-today" end)'
    local _, message, code, details = short:deposit { patient = "P1", amount = "1.00" }
    assert.same({ "refused", "not-today", "not-today" }, { code, message, details.code })
  end)

  it("is one line, whatever the script writes", function()
    local odd = open [[clinic:before("deposit", { id = "no" }, function(_, ctx)
      return ctx.refuse("a\nb", "one\ntwo\27[2J \xff three") end)]]
    local _, message, code, details = odd:deposit { patient = "P1", amount = "1.00" }
    assert.same({ "refused", "one two [2J ? three", "a b" }, { code, message, details.code })
  end)

  it("cannot be changed once it is said", function()
    local odd = open [[clinic:before("deposit", { id = "no" }, function(_, ctx)
      local no = ctx.refuse("a", "b")
      no.message, no.code = nil, {}
      return no
    end)]]
    local _, message, code, details = odd:deposit { patient = "P1", amount = "1.00" }
    assert.same({ "refused", "b", "a" }, { code, message, details.code })
  end)

  it("ends the asking", function()
    local lines, log = told()
    local asked = open(CAP, { on_log = log })
    consultation(asked)
    refused("refused", pay(asked, "60.00"))
    assert.same({}, lines)
    assert(pay(asked, "10.00"))
    assert.same({ "later", "paid 10.00 CHF" }, lines)
  end)

  it("in a dry run answers as the act would", function()
    refused("refused", ledger:pay { document = "C-00001", amount = "60.00", dry_run = true })
    local dry = assert(ledger:pay { document = "C-00001", amount = "40.00", dry_run = true })
    assert.is_true(dry.dry_run)
    assert.same({ "later" }, dry.log)
  end)

  for _, row in ipairs {
    { "refused", "pay", { document = "C-00001", amount = "60.00" } },
    { "script-failed", "charge", { document = "C-00001", amount = "60.00" } },
  } do
    local code, command, fields = row[1], row[2], row[3]

    it(("poisons its transaction: %s"):format(code), function()
      local before = assert(ledger:head())
      local _, details = refused("transaction-poisoned", ledger:transaction(function(tx)
        assert(pay(tx, "10.00"))
        refused(code, tx[command](tx, fields))
      end))
      assert.equal(code, details.cause)
      assert.same(before, assert(ledger:head()))
    end)

    it(("poisons a nested transaction alone: %s"):format(code), function()
      assert(ledger:transaction(function(tx)
        local paid = assert(pay(tx, "10.00"))
        refused("transaction-poisoned", tx:transaction(function(nested)
          assert(pay(nested, "20.00"))
          refused(code, nested[command](nested, fields))
        end))
        assert(pay(tx, "30.00"))
        return paid
      end))
      assert.equal("pending 60.00: charged 100.00, collected 40.00", helper.state(ledger, "C-00001"))
    end)

    it(("is forgiven where the transaction allows refusals: %s"):format(code), function()
      assert(ledger:transaction(function(tx)
        refused(code, tx[command](tx, fields))
        return assert(pay(tx, "30.00"))
      end, { allow_refusals = true }))
    end)
  end

  it("uses up no key", function()
    refused("refused", ledger:pay { document = "C-00001", amount = "60.00", key = "k" })
    local paid = assert(ledger:pay { document = "C-00001", amount = "40.00", key = "k" })
    assert.is_nil(paid.replayed)
  end)
end)

describe("a hook that fails", function()
  after_each(helper.finish)

  for body, expected in pairs {
    ['error "what is wrong"'] = "what is wrong",
    ["error({})"] = "raised a table; raise a message instead",
    ["return true"] = "returned a boolean; a hook returns nothing or ctx.refuse(code, message)",
    ['return "no"'] = "returned a string; a hook returns nothing or ctx.refuse(code, message)",
    ['ctx.refuse "no"'] = "called ctx.refuse and did not return what it gives",
    ["return nil + 1"] = "attempt to perform arithmetic on a nil value",
    ["while true do end"] = "ran for more than 100000 instructions",
  } do
    it("makes the command answer script-failed: " .. body, function()
      local ledger = open(('\nclinic:before("deposit", { id = "guard" }, function(event, ctx)\n%s\nend)'):format(body),
        { script_limits = { instructions = 100000 } })
      local before = assert(ledger:head())
      local message, details = refused("script-failed", ledger:deposit { patient = "P1", amount = "1.00" })
      assert.same(before, assert(ledger:head()))
      assert.truthy(message:find(expected, 1, true), message)
      assert.equal("guard", details.rule)
      assert.equal('before("deposit")', details.hook)
      local at = select(2, hooks("\n\n"):gsub("\n", "")) + 1
      -- The line of what failed; of the hook's declaration, one above, where the fault is in what it returned.
      assert.truthy(tonumber(details.line) == at or tonumber(details.line) == at - 1, details.line)
      assert.truthy(message:find(("%s:%s: "):format(details.script, details.line), 1, true), message)
    end)
  end
end)

-- ---- After the commit ----

local AFTER = [[
clinic:after("pay", { id = "one" }, function(event, ctx) ctx.log("one", event.number) end)
clinic:after("pay", { id = "two" }, function(event, ctx)
  if event.note == "fail" then error("cannot print " .. event.number) end
  ctx.log("two", event.number)
end)
clinic:after("pay", { id = "three" }, function(event, ctx)
  if event.note == "fail" then error "nor this" end
end)
]]

describe("a hook after a command", function()
  local ledger, lines, failures, on_error

  before_each(function()
    local log
    lines, log = told()
    failures, on_error = {}, nil
    ledger = open(AFTER, {
      on_log = log,
      on_error = function(...)
        failures[#failures + 1] = { ... }
        if on_error then on_error(...) end
      end,
    })
    consultation(ledger, "1000.00")
  end)
  after_each(helper.finish)

  local function pay(on, note)
    return on:pay { document = "C-00001", amount = "10.00", note = note }
  end

  it("runs after the outermost commit, in order", function()
    assert(ledger:transaction(function(tx)
      assert(pay(tx))
      assert(tx:transaction(function(nested) return assert(pay(nested)) end))
      assert(pay(tx))
      assert.same({}, lines)
      return true
    end))
    assert.same({ "one R-00001", "two R-00001", "one R-00002", "two R-00002", "one R-00003", "two R-00003" }, lines)
  end)

  it("does not run for what was rolled back", function()
    assert(ledger:transaction(function(tx)
      assert(pay(tx))
      tx:transaction(function(nested)
        assert(pay(nested))
        return nil, "not this"
      end)
      pcall(tx.transaction, tx, function(nested)
        assert(pay(nested))
        error "nor this"
      end)
      assert(pay(tx))
      return true
    end))
    assert.same({ "one R-00001", "two R-00001", "one R-00002", "two R-00002" }, lines)
    ledger:transaction(function(tx)
      assert(pay(tx))
      return nil
    end)
    pcall(ledger.transaction, ledger, function(tx)
      assert(pay(tx))
      error "x"
    end)
    ledger:transaction(function(tx)
      assert(pay(tx))
      tx:pay {}
    end)
    assert.equal(4, #lines)
    assert(pay(ledger))
    assert.same({ "one R-00003", "two R-00003" }, { lines[5], lines[6] })
  end)

  it("does not run in a dry run, nor for a replay by key", function()
    assert(ledger:pay { document = "C-00001", amount = "1.00", dry_run = true })
    assert.same({}, lines)
    assert(ledger:pay { document = "C-00001", amount = "1.00", key = "k" })
    assert.equal(2, #lines)
    local again = assert(ledger:pay { document = "C-00001", amount = "1.00", key = "k" })
    assert.is_true(again.replayed)
    assert.is_nil(again.log)
    assert.equal(2, #lines)
  end)

  it("that fails undoes nothing: the result warns, on_error is told, the next ones run", function()
    local result = assert(pay(ledger, "fail"))
    assert.equal("R-00001", result.number)
    assert.same({ "one R-00001" }, result.log)
    assert.equal(2, #result.warnings)
    helper.matches({ code = "script-failed", rule = "two", hook = 'after("pay")' }, result.warnings[1])
    assert.truthy(result.warnings[1].message:find "cannot print R%-00001")
    assert.is_true(result.warnings[1].line > 1)
    assert.equal("three", result.warnings[2].rule)
    assert.equal(2, #failures)
    assert.same({ result.warnings[1].message, result.warnings[1] }, failures[1])
    assert.equal("990.00", assert(ledger:document "C-00001").remaining:decimal())
  end)

  it("warns in the result of its own command, in a transaction too", function()
    local first, second
    assert(ledger:transaction(function(tx)
      first, second = assert(pay(tx, "fail")), assert(pay(tx))
      assert.is_nil(first.warnings)
      return true
    end))
    assert.equal(2, #first.warnings)
    assert.is_nil(second.warnings)
    assert.same({ "one R-00001" }, first.log)
    assert.same({ "one R-00002", "two R-00002" }, second.log)
  end)

  it("may make an on_error raise", function()
    on_error = function() error "the host's own trouble" end
    assert.equal(2, #assert(pay(ledger, "fail")).warnings)
    assert(pay(ledger))
  end)

  it("may make an on_error use the ledger, whose hooks run before the rest", function()
    local inner
    on_error = function() inner = assert(pay(ledger)) end
    local outer = assert(ledger:transaction(function(tx)
      local result = assert(pay(tx, "fail"))
      assert(pay(tx))
      return result
    end))
    assert.equal(2, #outer.warnings)
    assert.is_nil(inner.warnings)
    assert.same({ "one R-00004", "two R-00004" }, inner.log)
    assert.same({ "one R-00001" }, outer.log)
    assert.equal("one R-00002", lines[#lines - 1])
  end)

  it("may make an on_error that fails again: it is told once, the answers tell the rest", function()
    local results = {}
    on_error = function()
      results[#results + 1] = assert(pay(ledger, "fail"))
    end
    assert.equal(2, #assert(pay(ledger, "fail")).warnings)
    assert.equal(2, #failures)
    assert.equal(2, #results)
    for _, result in ipairs(results) do assert.equal(2, #result.warnings) end
  end)

  it("may make an on_error close the ledger", function()
    on_error = function() ledger:close() end
    local result = assert(pay(ledger, "fail"))
    assert.equal(1, #result.warnings)
    assert.equal("tallystick.ledger (closed)", tostring(ledger))
  end)

  it("may make an on_error close the ledger after a transaction", function()
    on_error = function() ledger:close() end
    assert(ledger:transaction(function(tx)
      assert(pay(tx, "fail"))
      return assert(pay(tx, "fail"))
    end))
    assert.equal(1, #failures)
  end)

  it("may make an on_error collect all garbage", function()
    on_error = function()
      collectgarbage()
      collectgarbage()
    end
    assert.equal(2, #assert(pay(ledger, "fail")).warnings)
  end)

  it("reads the ledger as of the command, and writes nothing", function()
    local other = open [[clinic:after("deposit", { id = "see" }, function(event, ctx)
      ctx.log(ctx.now, ctx.actor, ctx.has_role "desk", event.recorded_at, ctx.patient(event.patient).credit)
    end)]]
    local result = assert(other:deposit { patient = "P1", amount = "1.00", actor = "anna", roles = { "desk" } })
    assert.same({ "2026-03-02T10:00:00Z anna true 2026-03-02T10:00:00Z 1.00 CHF" }, result.log)
  end)
end)

describe("what hooks log", function()
  after_each(helper.finish)

  local LOG = [[
clinic:before("deposit", { id = "log" }, function(event, ctx)
  ctx.log("amount", event.amount, nil, true, 1)
  if event.note == "much" then for i = 1, 1000 do ctx.log(("x"):rep(1000)) end end
  if event.note == "odd" then ctx.log "one\ntwo\27\xff" end
  if event.note == "no" then return ctx.refuse "no" end
end)
clinic:after("deposit", { id = "log" }, function(event, ctx) ctx.log("after", event.number) end)]]

  it("stands in the result and goes to on_log, line by line", function()
    local lines, log = told()
    local ledger = open(LOG, { on_log = log })
    local result = assert(ledger:deposit { patient = "P1", amount = "1.00" })
    assert.same({ "amount 1.00 CHF nil true 1", "after R-00001" }, result.log)
    assert.same(result.log, lines)
  end)

  it("goes to on_log where the command is refused", function()
    local lines, log = told()
    local ledger = open(LOG, { on_log = log })
    refused("refused", ledger:deposit { patient = "P1", amount = "1.00", note = "no" })
    assert.same({ "amount 1.00 CHF nil true 1" }, lines)
  end)

  it("is bounded, and one line each", function()
    local ledger = open(LOG)
    local much = assert(ledger:deposit { patient = "P1", amount = "1.00", note = "much" }).log
    assert.equal(100, #much)
    assert.equal(("x"):rep(400) .. "…", much[2])
    assert.equal("one two ?", assert(ledger:deposit { patient = "P1", amount = "1.00", note = "odd" }).log[2])
  end)

  it("may make an on_log raise, use the ledger and close it", function()
    local ledger, deposits = nil, 0
    local function on_log()
      deposits = deposits + 1
      if deposits == 1 then error "x" end
      if deposits == 2 then assert(ledger:deposit { patient = "P2", amount = "2.00" }) end
      if deposits == 3 then ledger:close() end
    end
    ledger = open(LOG, { on_log = on_log })
    local result = assert(ledger:deposit { patient = "P1", amount = "1.00" })
    assert.equal(2, #result.log)
    assert.equal("R-00003", assert(ledger:deposit { patient = "P1", amount = "1.00" }).number)
    assert.equal("tallystick.ledger (closed)", tostring(ledger))
  end)

  it("may make an on_log close the ledger inside a transaction, which is rolled back", function()
    local ledger
    ledger = open(LOG, { on_log = function() ledger:close() end })
    local ok, message = pcall(ledger.transaction, ledger, function(tx)
      tx:deposit { patient = "P1", amount = "1.00" }
    end)
    assert.is_false(ok)
    assert.truthy(message:find "^closed")
  end)
end)

-- ---- Whose script ----

describe("a script in force", function()
  local path
  before_each(function() path = helper.folder() .. "/clinic.db" end)
  after_each(helper.finish)

  local function with(cap)
    return hooks(([[
clinic:before("deposit", { id = "cap" }, function(event, ctx)
  if event.amount > ctx.money %q then return ctx.refuse("above-%s") end
end)
clinic:after("deposit", { id = "log" }, function(event, ctx) ctx.log "under %s" end)]]):format(cap, cap, cap))
  end

  local function deposit(on, amount, key)
    return on:deposit { patient = "P1", amount = amount, key = key }
  end

  local function refuses(cap, on, amount)
    local _, details = refused("refused", deposit(on, amount))
    assert.equal("above-" .. cap, details.code)
  end

  it("has its hooks where it is opened without a script", function()
    helper.open { path = path, script = with "10.00" }:close()
    local ledger = helper.open { path = path, script = "" }
    refuses("10.00", ledger, "11.00")
    assert.same({ "under 10.00" }, assert(deposit(ledger, "1.00")).log)
  end)

  it("runs none of its hooks in a handle that only reads", function()
    helper.open { path = path, script = with "10.00" }:close()
    local reader = helper.open { path = path, script = "", mode = "ro" }
    local _, _, code = deposit(reader, "11.00")
    assert.equal("read-only", code)
  end)

  it("is asked at once where another handle stored it", function()
    local first = helper.open { path = path, script = with "10.00" }
    refuses("10.00", first, "11.00")
    local second = helper.open { path = path, script = with "20.00" }
    assert.same({ "under 20.00" }, assert(deposit(first, "11.00")).log)
    refuses("20.00", first, "21.00")
    refuses("20.00", second, "21.00")
    local third = helper.open { path = path, script = helper.SCRIPT }
    assert.is_nil(assert(deposit(first, "30.00")).log)
    assert.is_nil(assert(deposit(second, "30.00")).log)
    assert.is_nil(assert(deposit(third, "30.00")).log)
    helper.open { path = path, script = with "40.00" }:close()
    for _, ledger in ipairs { first, second, third } do refuses("40.00", ledger, "41.00") end
  end)

  it("is asked in a transaction that began after it was stored", function()
    local first = helper.open { path = path, script = with "10.00" }
    helper.open { path = path, script = with "20.00" }:close()
    local result
    assert(first:transaction(function(tx)
      result = assert(deposit(tx, "15.00"))
      assert(deposit(tx, "16.00"))
      return true
    end))
    assert.same({ "under 20.00" }, result.log)
    refused("transaction-poisoned", first:transaction(function(tx) refuses("20.00", tx, "21.00") end))
  end)

  it("does not change what a key gave first", function()
    local first = helper.open { path = path, script = with "10.00" }
    local paid = assert(deposit(first, "9.00", "k"))
    helper.open { path = path, script = with "5.00" }:close()
    local again = assert(deposit(first, "9.00", "k"))
    assert.is_true(again.replayed)
    assert.equal(paid.number, again.number)
    assert.is_nil(again.log)
    refuses("5.00", first, "6.00")
    refused("key-conflict", deposit(first, "3.00", "k"))
  end)

  it("is asked in a dry run and names its version in the entry", function()
    local first = helper.open { path = path, script = with "10.00" }
    assert(deposit(first, "1.00"))
    helper.open { path = path, script = with "5.00" }:close()
    refused("refused", first:deposit { patient = "P1", amount = "6.00", dry_run = true })
    assert(deposit(first, "1.00"))
    local versions = {}
    for entry in first:entries { kind = "deposit" } do versions[#versions + 1] = entry.script_version end
    assert.equal(versions[1] + 1, versions[2])
    assert.equal(versions[2], first:script().version)
  end)

  it("is the one whose hooks were loaded, whatever is stored meanwhile", function()
    helper.open { path = path, script = with "10.00" }:close()
    local load = script.load
    finally(function() script.load = load end)
    script.load = function(...)
      script.load = load
      local config, errors = load(...)
      helper.open { path = path, script = with "5.00" }:close()
      return config, errors
    end
    local ledger = helper.open { path = path, script = "" }
    refuses("5.00", ledger, "6.00")
  end)

  it("that breaks the limits of a handle keeps it from writing", function()
    local first = helper.open { path = path, script = with "10.00", script_limits = { instructions = 200000 } }
    local slow = with "20.00" .. "\nfor i = 1, 1000000 do end"
    helper.open { path = path, script = slow }:close()
    local before = assert(first:head())
    refused("config-invalid", deposit(first, "1.00"))
    refused("transaction-poisoned", first:transaction(function(tx)
      refused("config-invalid", deposit(tx, "1.00"))
    end))
    assert.same(before, assert(first:head()))
  end)

  it("keeps one handle's hooks from another's", function()
    local one = helper.open { script = with "10.00" }
    local two = helper.open { script = with "20.00" }
    refuses("10.00", one, "21.00")
    refuses("20.00", two, "21.00")
    assert.same({ "under 20.00" }, assert(deposit(two, "11.00")).log)
  end)

  it("is a ledger's own: a host's finalizer that uses it meanwhile does no harm", function()
    local ledger = helper.open { script = hooks [[
clinic:before("deposit", { id = "log" }, function(event, ctx) for i = 1, 50 do ctx.log(i) end end)]] }
    local made, ran = 0, 0
    local function trap()
      setmetatable({}, { __gc = function()
        if pcall(function() assert(deposit(ledger, "1.00")) end) then ran = ran + 1 end
      end })
    end
    for _ = 1, 200 do
      trap()
      assert.equal(50, #assert(deposit(ledger, "1.00")).log)
      made = made + 1
    end
    collectgarbage()
    local found = 0
    for _ in ledger:entries { kind = "deposit" } do found = found + 1 end
    assert.equal(made + ran, found)
  end)
end)

describe("a transaction's function", function()
  after_each(helper.finish)

  it("that gives more than fits leaves no transaction open", function()
    local ledger = open ""
    consultation(ledger)
    local function try(count)
      return pcall(ledger.transaction, ledger, function(tx)
        assert(tx:pay { document = "C-00001", amount = "0.05" })
        return table.unpack({ [1] = true }, 1, count)
      end)
    end
    -- The most that fits, then what is a little more.
    local fits, fails = 1, 1000000
    while fails - fits > 1 do
      local count = (fits + fails) // 2
      if try(count) then fits = count else fails = count end
    end
    local before = assert(ledger:head())
    for count = fails, fails + 40 do
      assert.is_false(try(count))
      assert.same(before, assert(ledger:head()))
    end
    assert(ledger:verify())
    assert(ledger:pay { document = "C-00001", amount = "1.00" })
  end)
end)
