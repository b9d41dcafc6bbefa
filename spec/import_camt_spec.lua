-- Two months of a bank's notifications, as a practice gets them: what is paid, what is not, and that it is paid once.
local bank = require "spec.bank"
local camt = require "tallystick.import.camt"
local child = require "spec.child"
local command = require "spec.command"
local helper = require "spec.helper"
local import = require "tallystick.import"
local shape = require "spec.camt_shape"
local tallystick = require "tallystick"

local FILES = { [bank.JANUARY] = "04", [bank.FEBRUARY] = "08" }

local function count(lines, pattern)
  local found = 0
  for _, line in ipairs(lines) do found = found + (line:find(pattern) and 1 or 0) end
  return found
end

-- What the ledger has for each key, as lines.
local function payments_of(ledger)
  local lines = {}
  for entry in ledger:entries() do
    if entry.key then
      lines[#lines + 1] = ("%s %s %s %s"):format(entry.key, entry.day, entry.document or entry.patient,
        entry.amount:decimal())
    end
  end
  table.sort(lines)
  return lines
end

local function states_of(ledger)
  local lines = {}
  for document in ledger:documents { order = "oldest" } do
    lines[#lines + 1] = document.number .. " " .. helper.state(ledger, document.number)
  end
  return lines
end

-- What a practice should have after both files, summed from what stands beside them and from nothing else: the money of
-- each document by the lines to pay, each credit of February that January had counted once.
local function sums_of(...)
  local sums, total = {}, 0
  for _, lines in ipairs { ... } do
    for _, line in ipairs(lines) do
      local whole, cents, document = line:match "^pay (%d+)%.(%d%d) (%S+)"
      if document then
        local minor = math.tointeger(whole .. cents)
        sums[document], total = (sums[document] or 0) + minor, total + minor
      end
    end
  end
  return sums, total
end

describe("the bank's files", function()
  for path, version in pairs(FILES) do
    it(path .. " are shaped by the schema, element by element", function()
      assert.same({}, shape.faults(command.read(path), version))
    end)

    it(path .. " have at least 40 credits, and say what becomes of each", function()
      local read = assert(camt.read(path))
      assert.equal("camt.054.001." .. version, read.version)
      assert.equal(#bank.expected(path), #read.credits)
      assert.is_true(#read.credits >= 40)
    end)
  end

  it("have all that a bank can think of", function()
    local lines = bank.expected(bank.JANUARY)
    table.move(bank.expected(bank.FEBRUARY), 1, #bank.expected(bank.FEBRUARY), #lines + 1, lines)
    for _, code in ipairs { "reversal", "debit", "not%-booked", "returned", "currency%-other", "batch%-mismatch",
      "id%-missing", "key%-shared", "reference%-invalid", "reference%-unknown", "document%-ambiguous",
      "document%-missing", "document%-settled", "document%-cancelled", "amount%-not%-positive" } do
      assert.is_true(count(lines, "^list %S+ " .. code .. "$") > 0, code)
    end
  end)

  it("would be found to be misshapen", function()
    local text = command.read(bank.JANUARY)
    for _, change in ipairs {
      { "(<CdtDbtInd>CRDT</CdtDbtInd>)(%s+)(<Sts>BOOK</Sts>)", "%3%2%1", "Ntry has CdtDbtInd out of place" },
      { "<LastPgInd>true</LastPgInd>", "", "MsgPgntn lacks LastPgInd" },
      { "<Ccy>CHF</Ccy>", "%0%0", "Acct has Ccy twice" },
      { "<IBAN>CH9300762011623852957</IBAN>", "", "Acct/Id has " },
      { "camt%.054%.001%.04", "camt.054.001.08", "is of another namespace" },
    } do
      local faults = shape.faults(text:gsub(change[1], change[2], 1), "04")
      assert.is_true(count(faults, change[3]) > 0, change[3])
    end
  end)
end)

describe("importing the bank's files", function()
  after_each(helper.finish)

  for path in pairs(FILES) do
    it(("pays of %s exactly what should be paid"):format(path), function()
      local ledger = bank.practice()
      local head = assert(ledger:head())
      local plan = bank.plan(ledger, path)
      assert.same(bank.expected(path), bank.lines(plan))
      assert.same(head, assert(ledger:head()))
      local report = assert(import.apply(ledger, plan))
      local expected = count(bank.expected(path), "^pay ")
      assert.same({ expected, 0, 0, true }, { report.paid, report.replayed, report.refused, report.complete })
      local sums, total = sums_of(bank.expected(path))
      for document, minor in pairs(sums) do
        local paid = 0
        for payment in ledger:payments { document = document, type = "transfer" } do
          for _, part in ipairs(payment.allocations) do
            if part.document == document then paid = paid + part.amount.minor end
          end
          paid = paid + payment.deposited.minor
        end
        assert.equal(minor, paid, document)
      end
      for _, row in ipairs(assert(ledger:totals { by = { "type" } })) do
        if row.type == "transfer" then
          assert.same({ total, expected }, { row.money.minor, row.count })
        end
      end
    end)

    it(("pays nothing when %s comes again"):format(path), function()
      local ledger = bank.practice()
      bank.pay(ledger, path)
      local head = assert(ledger:head())
      local again = bank.plan(ledger, path)
      for index, line in ipairs(bank.expected(path)) do
        assert.equal((line:gsub("^pay", "done")), bank.line(again.items[index]))
      end
      local report = assert(import.apply(ledger, again))
      assert.same({ 0, true }, { report.paid, report.complete })
      assert.same(head, assert(ledger:head()))
      for _, item in ipairs(again.items) do
        if item.action == "done" then assert.equal(item.key and "R-", item.payment:sub(1, 2)) end
      end
    end)
  end

  it("pays the same in either order, and nothing in a third and fourth run", function()
    local first, second = bank.practice(), bank.practice()
    bank.pay(first, bank.JANUARY)
    bank.pay(first, bank.FEBRUARY)
    bank.pay(second, bank.FEBRUARY)
    bank.pay(second, bank.JANUARY)
    assert.same(payments_of(first), payments_of(second))
    assert.same(states_of(first), states_of(second))
    local head = assert(first:head())
    assert.equal(0, bank.pay(first, bank.JANUARY).paid + bank.pay(first, bank.FEBRUARY).paid)
    assert.same(head, assert(first:head()))
  end)

  it("pays of the second file what is new in it, and knows the rest", function()
    local ledger = bank.practice()
    bank.pay(ledger, bank.JANUARY)
    local plan, expected = bank.plan(ledger, bank.FEBRUARY), bank.expected(bank.FEBRUARY)
    -- The batches of 12 and 7 transactions and the booking after them stand in January's file, in another order.
    for index = 1, 20 do expected[index] = expected[index]:gsub("^pay", "done") end
    assert.same(expected, bank.lines(plan))
  end)

  it("books each on its day, by booking or by value, with the bank's reference", function()
    local ledger = bank.practice()
    bank.pay(ledger, bank.JANUARY)
    local days = {}
    for payment in ledger:payments { document = "F-00037" } do
      days[#days + 1] = payment.day .. " " .. payment.reference
    end
    assert.same({ "2026-01-21 880042000000000000000000370", "2026-01-22 RF94F00037" }, days)
    local valued = bank.practice()
    bank.pay(valued, bank.JANUARY, { at = "value", actor = "night-run" })
    local last
    for payment in valued:payments { document = "F-00037" } do last = payment end
    assert.same({ "2026-01-23", "night-run" }, { last.day, last.actor })
  end)

  it("keeps no names", function()
    local ledger = bank.practice()
    bank.pay(ledger, bank.JANUARY)
    bank.pay(ledger, bank.FEBRUARY)
    local names = {}
    for name in command.read(bank.JANUARY):gmatch "<Nm>([^<]+)" do names[name] = true end
    for entry in ledger:entries() do
      for _, value in pairs(entry) do
        for name in pairs(names) do
          assert.is_nil(type(value) == "string" and value:find(name, 1, true) or nil)
        end
      end
    end
  end)
end)

-- ---- A process that dies while it imports ----

local PAYER = [[
local tallystick, import = require "tallystick", require "tallystick.import"
local camt = require "tallystick.import.camt"
local path, file, last = arg[1], arg[2], tonumber(arg[3])
local ledger = assert(tallystick.open(path, { clock = function() return "2026-03-10T10:00:00Z" end }))
local plan = assert(import.plan(ledger, assert(camt.read(file)).credits, { qr_prefix = "880042" }))
local stat = assert(io.open "/proc/self/stat"):read "a"
import.apply(ledger, plan, { progress = function(done)
  if done == last then os.execute("kill -9 " .. stat:match "%d+") end
end })
]]

describe("an import that is killed half-way", function()
  local folder, script
  setup(function()
    folder = command.folder()
    script = folder .. "/payer.lua"
    command.write(script, PAYER)
  end)
  teardown(function() command.remove(folder) end)
  after_each(helper.finish)

  it("goes on where it stopped, and comes to the same", function()
    local whole = bank.practice()
    bank.pay(whole, bank.JANUARY)
    bank.pay(whole, bank.FEBRUARY)
    local path = helper.folder() .. "/clinic.db"
    bank.practice({ path = path }):close()
    for _, file in ipairs { bank.JANUARY, bank.FEBRUARY } do
      for _, last in ipairs { 1, 7, 13 } do
        local ended = command.shell(child.line(script, path, file, tostring(last)) .. "; test $? -eq 137")
        assert.equal(0, ended.code, ended.err)
      end
    end
    local ledger = helper.open { path = path, now = "2026-03-10T10:00:00Z" }
    local paid = #payments_of(ledger)
    assert.is_true(paid >= 42 and paid < #payments_of(whole), "nothing was cut off")
    bank.pay(ledger, bank.FEBRUARY)
    bank.pay(ledger, bank.JANUARY)
    assert.same(payments_of(whole), payments_of(ledger))
    assert.same(states_of(whole), states_of(ledger))
  end)

  it("pays once what two processes import at a time", function()
    local path = helper.folder() .. "/clinic.db"
    bank.practice({ path = path }):close()
    local line = child.line(script, path, bank.JANUARY, "0")
    local ended = command.shell(("%s & %s; wait"):format(line, line))
    assert.same({ 0, "" }, { ended.code, ended.err })
    local alone = bank.practice()
    bank.pay(alone, bank.JANUARY)
    local ledger <close> = assert(tallystick.open(path))
    assert.same(payments_of(alone), payments_of(ledger))
  end)
end)
