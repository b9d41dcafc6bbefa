-- What the functions of a workflow are given: who acts, where documents stand, how long; and a script that is replaced.
local helper = require "spec.helper"

local refused = helper.refused

---The code and the details of a refusal whose sentence is a script's own.
local function code_of(result, _, code, details)
  assert.is_nil(result)
  return code, details
end

local function script(body)
  return 'local clinic = ...\nclinic:currency "CHF"\nclinic:payment_type { id = "cash", default = true }\n' .. body
end

local function recall(transition)
  return ([[
clinic:workflow { id = "recall", document = "invoice", initial = "issued", stages = { "issued", "called" },
  transitions = { { from = "issued", to = "called", %s } } }
]]):format(transition)
end

describe("the context of a workflow's functions", function()
  after_each(helper.finish)

  it("has the roles and the actor of the call, not those of the handle", function()
    local ledger = helper.open { roles = {}, script = script(recall [[
      when = function(document, ctx) return ctx.actor == "chief" and ctx.has_role "manager" end,
      action = function(document, ctx)
        if not ctx.has_role "manager" then return ctx.refuse("no-manager", "a manager calls") end
      end ]]) }
    assert(ledger:invoice { patient = "P1", amount = "10.00" })
    assert(ledger:invoice { patient = "P2", amount = "10.00" })
    assert.equal(0, assert(ledger:advance {}).moved)
    local code, details = code_of(ledger:move { document = "F-00001", to = "called" })
    assert.equal("refused", code)
    helper.matches({ rule = "recall", code = "no-manager" }, details)
    assert(ledger:move { document = "F-00001", to = "called", roles = { "manager" } })
    assert.equal(1, assert(ledger:advance { actor = "chief", roles = { "manager" } }).moved)
  end)

  it("hands what is logged to on_log", function()
    local lines = {}
    local ledger = helper.open { on_log = function(line) lines[#lines + 1] = line end, script = script(recall [[
      when = function(document, ctx) ctx.log("asked of", document.number) return true end,
      action = function(document, ctx) ctx.log "done" end ]]) }
    assert(ledger:invoice { patient = "P1", amount = "10.00" })
    assert(ledger:advance {})
    assert.same({ "asked of F-00001", "asked of F-00001", "done" }, lines)
  end)

  it("lets an action return nothing but a refusal", function()
    local ledger = helper.open { script = script(recall "action = function() return false end") }
    assert(ledger:invoice { patient = "P1", amount = "10.00" })
    local code, details = code_of(ledger:move { document = "F-00001", to = "called" })
    assert.equal("script-failed", code)
    helper.matches({ rule = "recall", hook = 'action("issued>called")', line = "4" }, details)
    assert.equal("issued", ledger:stage("F-00001").stage)
  end)

  it("tells a guard where a document stands, since when, and how many days that is", function()
    local ledger, clock = helper.open { script = script(recall "manual = true" .. [[
clinic:before("pay", { id = "look" }, function(event, ctx)
  local stage, since = ctx.stage(event.document)
  ctx.log(stage, ctx.days_between(since, ctx.day), tostring(ctx.stage "F-00009"))
end)]]) }
    assert(ledger:invoice { patient = "P1", amount = "10.00" })
    clock.now = "2026-03-12T10:00:00Z"
    assert.same({ "issued 10 nil" }, assert(ledger:pay { document = "F-00001", amount = "1.00" }).log)
    assert(ledger:move { document = "F-00001", to = "called" })
    clock.now = "2026-04-01T10:00:00Z"
    assert.same({ "called 20 nil" }, assert(ledger:pay { document = "F-00001", amount = "1.00" }).log)
  end)

  it("raises for a workflow that is none, and for what is no day", function()
    for _, call in ipairs {
      'ctx.stage("F-00001", "recal")', 'ctx.days_between("2026-01-01")', "ctx.days_between(1, 2)",
    } do
      local ledger = helper.open { script = script(recall "manual = true"
        .. ('clinic:before("pay", { id = "look" }, function(event, ctx) %s end)'):format(call)) }
      assert(ledger:invoice { patient = "P1", amount = "10.00" })
      assert.equal("script-failed", (code_of(ledger:pay { document = "F-00001", amount = "1.00" })))
    end
  end)
end)

describe("a script that another handle replaces", function()
  after_each(helper.finish)

  it("is obeyed by the next move, also where there was none before", function()
    local path = helper.folder() .. "/clinic.db"
    local old = helper.open { path = path, script = script "" }
    assert(old:invoice { patient = "P1", amount = "10.00" })
    helper.open { path = path, script = script(recall 'by = { "chief" }') }
    refused("permission-denied", old:move { document = "F-00001", workflow = "recall", to = "called" })
    refused("field-invalid", old:move { document = "F-00001", workflow = "recall", to = "gone" })
    assert.equal("issued", assert(old:stage "F-00001").stage)
  end)

  it("ends a run of advance that began under the old one", function()
    local path = helper.folder() .. "/clinic.db"
    local old = helper.open { path = path, script = script(recall "") }
    for number = 1, 40 do assert(old:invoice { patient = "P" .. number, amount = "10.00" }) end
    local replaced = false
    local code, details = code_of(old:advance { progress = function()
      if not replaced then helper.open { path = path, script = script(recall 'after = "30d"') } end
      replaced = true
    end })
    assert.equal("busy", code)
    assert.is_true(details.moved < 40)
    assert.equal(0, assert(old:advance {}).moved)
  end)
end)

describe("a hook of move", function()
  after_each(helper.finish)

  local SCRIPT = script(recall [[
    action = function(document, ctx)
      ctx.emit("letter", { level = "1" })
      return ctx.charge { amount = "2.00" }
    end ]]) .. [[
clinic:before("move", { id = "look" }, function(event, ctx)
  ctx.log("move", event.from, event.to, event.fields.event, event.fields.level, tostring(event.amount),
    tostring(event.dry_run))
end)
clinic:before("charge", { id = "fee" }, function(event, ctx)
  ctx.log("charge", event.amount, tostring(event.dry_run))
end)
clinic:after("move", { id = "done" }, function(event, ctx) ctx.log "moved" end)]]

  it("is asked once, and sees what the action handed on", function()
    local lines = {}
    local ledger = helper.open { on_log = function(line) lines[#lines + 1] = line end, script = SCRIPT }
    assert(ledger:invoice { patient = "P1", amount = "10.00" })
    assert(ledger:move { document = "F-00001", to = "called" })
    assert.same({ "charge 2.00 CHF false", "move issued called letter 1 nil false", "moved" }, lines)
  end)

  it("is told of a dry run, which writes nothing and has no hook after it", function()
    local lines = {}
    local ledger = helper.open { on_log = function(line) lines[#lines + 1] = line end, script = SCRIPT }
    assert(ledger:invoice { patient = "P1", amount = "10.00" })
    local head = ledger:head()
    helper.matches({ dry_run = true, to = "called", remaining = "12.00" },
      assert(ledger:move { document = "F-00001", to = "called", dry_run = true }))
    assert.same({ "charge 2.00 CHF true", "move issued called letter 1 nil true" }, lines)
    assert.same(head, ledger:head())
    refused("field-invalid", ledger:move { document = "F-00001", to = "called", dry_run = "yes" })
  end)

  it("sees when a document that is made will be recorded", function()
    local ledger = helper.open { script = script 'clinic:before("invoice", { id = "look" }, function(event, ctx) '
      .. 'ctx.log(event.after.recorded_at, event.recorded_at) end)' }
    local made = assert(ledger:invoice { patient = "P1", amount = "10.00" })
    assert.same({ made.recorded_at .. " " .. made.recorded_at }, made.log)
  end)

  it("is not needed to read a stage from a ledger that is only read", function()
    local path = helper.folder() .. "/clinic.db"
    local ledger = helper.open { path = path, script = SCRIPT }
    assert(ledger:invoice { patient = "P1", amount = "10.00" })
    ledger:close()
    local read = helper.open { path = path, mode = "ro", script = "" }
    assert.equal("issued", assert(read:stage "F-00001").stage)
    assert.equal("read-only", (select(3, read:advance {})))
    refused("read-only", read:move { document = "F-00001", to = "called" })
  end)
end)

describe("a move under a key", function()
  after_each(helper.finish)

  it("is answered again whatever the script has become", function()
    local path = helper.folder() .. "/clinic.db"
    local ledger = helper.open { path = path, script = script(recall "") }
    assert(ledger:invoice { patient = "P1", amount = "10.00" })
    local asked = { document = "F-00001", to = "called", key = "k1" }
    assert(ledger:move(asked))
    local other_name, second_name = recall(""):gsub("recall", "other"), recall(""):gsub("recall", "second")
    for _, later in ipairs { "", recall "" .. second_name, other_name } do
      local other = helper.open { path = path, script = script(later) }
      helper.matches({ replayed = true, workflow = "recall", from = "issued", to = "called" },
        assert(other:move(asked)))
      local code, details = code_of(other:move { document = "F-00001", to = "called", key = "k1", workflow = "other" })
      assert.equal("key-conflict", code)
      assert.equal("workflow", details.field)
    end
  end)

  it("is held against all that a host without workflows passes, as every command is", function()
    local core = require "tallystick.core"
    local ledger = helper.open { script = "" }
    assert(ledger:invoice { patient = "P1", amount = "10.00" })
    local asked = { document = "F-00001", workflow = "x", to = "b", from = "a", note = "n", key = "k",
      fields = { letter = "1" } }
    assert(core.plain.move(ledger, asked))
    assert.is_true(assert(core.plain.move(ledger, asked)).replayed)
    for field, other in pairs { workflow = "y", to = "c", from = "b", note = "m", fields = { letter = "2" } } do
      local changed = {}
      for name, value in pairs(asked) do changed[name] = value end
      changed[field] = other
      local _, details = refused("key-conflict", core.plain.move(ledger, changed))
      assert.equal(field, details.field)
    end
  end)

  it("asks for the stage's name and the role before the state of the document", function()
    local ledger = helper.open { roles = { "clerk" }, script = script(recall 'by = { "manager" }') }
    assert(ledger:invoice { patient = "P1", amount = "10.00" })
    assert(ledger:cancel { document = "F-00001", reason = "test" })
    assert.equal("permission-denied", (code_of(ledger:move { document = "F-00001", to = "called" })))
    assert.equal("field-invalid", (code_of(ledger:move { document = "F-00001", to = "caled" })))
    assert.equal("document-cancelled", (code_of(ledger:move { document = "F-00001", to = "called",
      roles = { "manager" } })))
    assert.equal("field-invalid", (code_of(ledger:move { document = "F-00001", to = "called", workflow = {} })))
  end)
end)

describe("a follower", function()
  after_each(helper.finish)

  it("never goes back, though another of its name was faster", function()
    local path = helper.folder() .. "/clinic.db"
    local slow = helper.open { path = path, script = "" }
    local fast = helper.open { path = path, script = "" }
    for number = 1, 5 do assert(slow:invoice { patient = "P" .. number, amount = "10.00" }) end
    assert.has_error(function()
      slow:follow("mail", function(entry)
        if entry.seq == 3 then
          assert.equal(5, assert(fast:follow("mail", function() end)))
          error "crash"
        end
      end)
    end)
    assert.equal(0, assert(fast:follow("mail", function() end)))
  end)
end)

describe("a pattern of an extra field", function()
  after_each(helper.finish)

  it("that could go on for ever matches nothing long, and answers at once", function()
    local ledger = helper.open { script = [[
local clinic = ...
clinic:payment_type { id = "cash", default = true, fields = { slip = { pattern = "^.*.*.*.*.*.*x$" } } }
]] }
    assert(ledger:invoice { patient = "P1", amount = "10.00" })
    local started = os.clock()
    refused("field-invalid", ledger:pay { document = "F-00001", fields = { slip = ("a"):rep(1000) } })
    assert.is_true(os.clock() - started < 1)
    assert(ledger:pay { document = "F-00001", fields = { slip = "abcx" } })
  end)
end)
