-- The command line: advance, its report, its exit codes, and what an interruption leaves.
local command = require "spec.command"
local helper = require "spec.helper"

local SCRIPT = [[
local clinic = ...
clinic:currency "CHF"
clinic:payment_type { id = "cash", default = true }
clinic:workflow { id = "reminders", document = "invoice", initial = "issued",
  stages = { "issued", "reminded", "collection" },
  transitions = {
    { from = "issued", to = "reminded", after = "30d",
      action = function(document, ctx)
        if document.patient == "P3" then return ctx.refuse("hardship", "no reminder for P3") end
        return ctx.charge { amount = "5.00" }
      end },
    { from = "reminded", to = "collection", after = "10d", by = { "manager" } },
  } }
]]

describe("tallystick advance", function()
  local path
  before_each(function()
    path = helper.folder() .. "/clinic.db"
    local ledger = helper.open { path = path, script = SCRIPT, now = "2026-01-05T10:00:00Z" }
    for number = 1, 4 do assert(ledger:invoice { patient = "P" .. number, amount = "100.00" }) end
    ledger:close()
  end)
  after_each(helper.finish)

  local function stage(number)
    local ledger = helper.open { path = path, mode = "ro" }
    local last
    for entry in ledger:entries { document = number, kind = "stage" } do last = entry.fields.to end
    return last
  end

  it("moves what is due, says how much, and names what was refused", function()
    local run = command.run("advance", path, "--as-of", "2026-02-04T00:00:00Z")
    assert.equal(1, run.code)
    assert.matches("^4 documents looked at, 3 moved, 1 refused, in ", run.out)
    assert.matches("\n  F%-00003  reminders: no reminder for P3 %(refused%)\n", run.out)
    assert.equal("reminded", stage "F-00001")
    assert.is_nil(stage "F-00003")
  end)

  it("moves nothing twice", function()
    command.run("advance", path, "--as-of", "2026-02-04T00:00:00Z")
    local run = command.run("advance", path, "--as-of", "2026-02-04T00:00:00Z")
    assert.matches("^4 documents looked at, 0 moved, 1 refused", run.out)
  end)

  it("stops at a limit, and says where to go on", function()
    local run = command.run("advance", path, "--as-of", "2026-02-04T00:00:00Z", "--limit", "2")
    assert.equal(0, run.code)
    assert.matches("\nstopped after F%-00001; %-%-after F%-00001 goes on there\n$", run.out)
    assert.is_nil(stage "F-00004")
    command.run("advance", path, "--as-of", "2026-02-04T00:00:00Z", "--after", "F-00001")
    assert.equal("reminded", stage "F-00004")
  end)

  it("acts in the roles that are given", function()
    command.run("advance", path, "--as-of", "2026-02-04T00:00:00Z")
    command.run("advance", path, "--as-of", "2026-02-14T00:00:00Z")
    assert.equal("reminded", stage "F-00001")
    command.run("advance", path, "--as-of", "2026-02-14T00:00:00Z", "--role", "manager", "--quiet")
    assert.equal("collection", stage "F-00001")
  end)

  it("ends with 2 for what it cannot use", function()
    for _, arguments in ipairs {
      { "advance", path .. ".no" }, { "advance", path, "--as-of", "yesterday" }, { "advance", path, "--workflow", "x" },
      { "advance", path, "--as-of", "2099-01-01" }, { "advance", path, "--limit", "0" },
    } do
      local run = command.run(table.unpack(arguments))
      assert.equal(2, run.code, table.concat(arguments, " "))
      assert.matches("^tallystick: ", run.err)
    end
  end)
end)
