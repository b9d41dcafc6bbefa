-- Several processes on one file: one series, one effect for a key, and busy only once the time is up (design.md §9).
local command = require "spec.command"
local child = require "spec.child"
local tallystick = require "tallystick"

local PROCESSES, PAYMENTS = 4, 60

-- Each process pays with keys of its own, then all pay with the same keys. It prints what it was answered.
local PAYER = [[
local tallystick = require "tallystick"
local path, name, count = arg[1], arg[2], tonumber(arg[3])
local ledger = assert(tallystick.open(path, { busy_timeout = 30000 }))
for i = 1, count do
  local own = assert(ledger:pay { document = "C-00001", type = "card", amount = "0.01", key = name .. "/" .. i })
  local shared = assert(ledger:pay { document = "C-00002", type = "card", amount = "0.01", key = "all/" .. i })
  print(own.number, shared.number, shared.replayed and "replayed" or "paid")
end
]]

local MAKER = [[
local tallystick = require "tallystick"
local ledger, message, code = tallystick.open(arg[1], { busy_timeout = 30000 })
if not ledger then print(code, message) os.exit(1) end
for i = 1, 3 do print(assert(ledger:consultation { patient = arg[2], amount = "1.00" }).number) end
]]

-- Writes without a pause for a while.
local WRITER = [[
local tallystick = require "tallystick"
local path, name, seconds = arg[1], arg[2], tonumber(arg[3])
local ledger = assert(tallystick.open(path))
local done, ends = 0, os.time() + seconds
while os.time() < ends do
  assert(ledger:deposit { patient = name, amount = "1.00" })
  done = done + 1
end
print(done)
]]

describe("several processes on one file #slow", function()
  local folder, path

  before_each(function()
    folder = command.folder()
    path = folder .. "/clinic.db"
  end)

  after_each(function()
    local ledger <close> = assert(tallystick.open(path))
    assert(ledger:verify())
    ledger:close()
    command.remove(folder)
  end)

  --- Runs a script in so many processes at once; gives the lines that all of them printed.
  local function run_all(text, count, ...)
    local script, words = folder .. "/child.lua", {}
    command.write(script, text)
    for i = 1, count do words[i] = child.line(script, path, "P" .. i, ...) .. " & " end
    words[#words + 1] = "wait"
    local ended = command.shell(table.concat(words))
    assert.equal("", ended.err)
    return ended.out
  end

  it("number their payments without a gap or a double, and pay a shared key once", function()
    do
      local ledger <close> = assert(tallystick.open(path))
      assert(ledger:consultation { patient = "P1", amount = "1000.00" })
      assert(ledger:consultation { patient = "P1", amount = "1000.00" })
    end
    local own, shared, paid, lines = {}, {}, 0, 0
    local shared_count = 0
    for mine, all, how in run_all(PAYER, PROCESSES, tostring(PAYMENTS)):gmatch "(%S+)\t(%S+)\t(%S+)\n" do
      assert.is_nil(own[mine], "a number was given twice")
      if not shared[all] then shared_count = shared_count + 1 end
      own[mine], shared[all], lines = true, true, lines + 1
      if how == "paid" then paid = paid + 1 end
    end
    assert.equal(PROCESSES * PAYMENTS, lines)
    assert.equal(PAYMENTS, paid)
    assert.equal(PAYMENTS, shared_count)
    local ledger <close> = assert(tallystick.open(path))
    assert.equal(PROCESSES * PAYMENTS + PAYMENTS, ledger:info().payments)
    for i = 1, PROCESSES * PAYMENTS + PAYMENTS do assert(ledger:payment(("R-%05d"):format(i))) end
    assert.equal("0.60 CHF", tostring(ledger:document("C-00002").collected))
    assert.equal("2.40 CHF", tostring(ledger:document("C-00001").collected))
  end)

  it("may all make the same new file", function()
    -- Again and again: who looks at a file while another is making it must see nothing, or all of it.
    for round = 1, 20 do
      local numbers, count = {}, 0
      path = ("%s/clinic-%d.db"):format(folder, round)
      local printed = run_all(MAKER, 6)
      for number in printed:gmatch "(C%S+)\n" do
        assert.is_nil(numbers[number])
        numbers[number], count = true, count + 1
      end
      assert.equal(18, count, printed)
    end
  end)

  it("take turns where all write without a pause: none waits while the others write again and again", function()
    assert(tallystick.open(path)):close()
    local printed, processes, least, all = run_all(WRITER, 8, "2"), 0, math.huge, 0
    for done in printed:gmatch "(%d+)\n" do
      processes, least, all = processes + 1, math.min(least, tonumber(done)), all + tonumber(done)
    end
    assert.equal(8, processes)
    assert.is_true(least * 8 > all / 10, printed)
  end)

  it("leave no long log behind a long reading", function()
    local reader <close> = assert(tallystick.open(path))
    local writer <close> = assert(tallystick.open(path))
    local function write(count)
      for _ = 1, count do assert(writer:deposit { patient = "P1", amount = "1.00" }) end
    end
    local function log_bytes()
      local log <close> = assert(io.open(path .. "-wal", "rb"))
      return log:seek "end"
    end
    write(1)
    local longest
    assert(reader:verify { progress = function()
      if longest then return end
      write(1500)
      longest = log_bytes()
    end })
    assert.is_true(longest > 6 * 1024 * 1024)
    write(3)
    assert.is_true(log_bytes() <= 4 * 1024 * 1024, "the log still has " .. log_bytes())
  end)

  it("wait for each other, and are busy only once the time is up", function()
    local first <close> = assert(tallystick.open(path))
    local second <close> = assert(tallystick.open(path, { busy_timeout = 200 }))
    assert(first:consultation { patient = "P1", amount = "10.00" })
    first:transaction(function(tx)
      assert(tx:pay { document = "C-00001", amount = "1.00", type = "card" })
      local started = os.clock()
      local refused, message, code = second:pay { document = "C-00001", amount = "1.00", type = "card" }
      assert.is_nil(refused)
      assert.equal("busy", code)
      assert.truthy(message:find("try again", 1, true))
      assert.is_true(os.clock() - started < 5)
      -- A reader is not kept waiting, and sees the books as they were before.
      assert.equal("0.00 CHF", tostring(second:document("C-00001").collected))
      return true
    end)
    assert(second:pay { document = "C-00001", amount = "2.00", type = "card" })
    assert.equal("3.00 CHF", tostring(first:document("C-00001").collected))
  end)
end)
