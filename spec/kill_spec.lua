-- A process that is killed while it pays loses no acknowledged payment, and its ledger verifies (design.md §11.1).
local command = require "spec.command"
local child = require "spec.child"
local tallystick = require "tallystick"

local KILLS = 50

-- Pays for ever, a key each, and says so once the call has returned. Every third payment is of a batch.
local PAYER = [[
local tallystick = require "tallystick"
local path, acknowledged, round = arg[1], arg[2], arg[3]
local ledger = assert(tallystick.open(path, { actor = "desk-" .. round }))
local out = assert(io.open(acknowledged, "ab"))
out:setvbuf "no"
local function pay(tx, key)
  return assert(tx:pay { document = "C-00001", type = "card", amount = "0.01", key = key }).number
end
for turn = 1, math.huge do
  local key = ("%s/%d"):format(round, turn)
  local lines = {}
  if turn % 3 == 0 then
    assert(ledger:transaction(function(tx)
      for part = 1, 3 do lines[part] = ("%s/%d %s\n"):format(key, part, pay(tx, key .. "/" .. part)) end
      return true
    end))
  else
    lines[1] = ("%s %s\n"):format(key, pay(ledger, key))
  end
  out:write(table.concat(lines))
end
]]

describe("a process that is killed while it pays #slow", function()
  local folder, path, acknowledged, script

  setup(function()
    folder = command.folder()
    path, acknowledged, script = folder .. "/clinic.db", folder .. "/acknowledged", folder .. "/payer.lua"
    command.write(script, PAYER)
    command.write(acknowledged, "")
    local ledger <close> = assert(tallystick.open(path))
    assert(ledger:consultation { patient = "P1", amount = "1000000.00" })
  end)

  teardown(function() command.remove(folder) end)

  --- Lets a payer run for a while and kills it; a payer that ends by itself is a failure of its own.
  local function kill_one(round)
    local seconds = 0.012 + math.random() * 0.02
    local ended = command.shell(("%s & payer=$!; sleep %.3f; kill -9 $payer; wait $payer; test $? -eq 137"):format(
      child.line(script, path, acknowledged, tostring(round)), seconds))
    assert.equal(0, ended.code, ended.err)
  end

  --- Every acknowledged line: its key was paid exactly once, under the number that was told.
  local function assert_kept(ledger)
    local by_key, count = {}, 0
    for entry in ledger:entries { kind = "payment" } do
      assert.is_nil(by_key[entry.key], "paid twice: " .. entry.key)
      by_key[entry.key] = entry.number
    end
    for key, number in command.read(acknowledged):gmatch "(%S+) (%S+)\n" do
      assert.equal(number, by_key[key], "acknowledged and lost: " .. key)
      count = count + 1
    end
    return count, by_key
  end

  --- A batch is there whole or not at all.
  local function assert_whole_batches(by_key)
    for key in pairs(by_key) do
      local batch = key:match "^(%d+/%d+)/%d$"
      if batch then
        for part = 1, 3 do assert.is_string(by_key[batch .. "/" .. part], "a batch was halved: " .. batch) end
      end
    end
  end

  it("loses no acknowledged payment, halves no batch, and leaves a ledger that verifies", function()
    math.randomseed(20260302)
    local kept = 0
    for round = 1, KILLS do
      kill_one(round)
      local ledger <close> = assert(tallystick.open(path))
      assert(ledger:verify())
      local by_key
      kept, by_key = assert_kept(ledger)
      assert_whole_batches(by_key)
    end
    assert.is_true(kept > 500, "too few payments were made for the kills to mean anything: " .. kept)
  end)
end)
