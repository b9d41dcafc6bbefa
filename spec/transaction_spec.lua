-- Transactions: one commit or nothing, poisoned by a refusal, nested ones as savepoints (design.md §7).
local helper = require "spec.helper"
local child = require "spec.child"

local refused, state = helper.refused, helper.state

describe("a transaction", function()
  local ledger, clock

  before_each(function()
    ledger, clock = helper.open()
    assert(ledger:consultation { patient = "P1", amount = "120.00" })
  end)
  after_each(helper.finish)

  local function pay(tx, amount, document)
    return tx:pay { document = document or "C-00001", type = "twint", amount = amount }
  end

  --- A transaction that must leave no trace.
  local function assert_undone(run)
    local before = assert(ledger:head())
    local totals = helper.totals(ledger)
    run()
    assert.same(before, assert(ledger:head()))
    assert.same(totals, helper.totals(ledger))
    assert.equal("R-00001", assert(pay(ledger, "1.00")).number)
  end

  it("is one commit, and gives what its function gives", function()
    local first, second = ledger:transaction(function(tx)
      return assert(pay(tx, "10.00")).number, assert(pay(tx, "20.00")).number
    end)
    assert.same({ "R-00001", "R-00002" }, { first, second })
    assert.equal("pending 90.00: charged 120.00, collected 30.00", state(ledger, "C-00001"))
  end)

  it("gives true where its function gives nothing", function()
    assert.is_true(ledger:transaction(function(tx) pay(tx, "10.00") end))
  end)

  it("is rolled back where the function raises, and passes the error on", function()
    assert_undone(function()
      local ok, problem = pcall(ledger.transaction, ledger, function(tx)
        assert(pay(tx, "10.00"))
        error({ reason = "mine" })
      end)
      assert.is_false(ok)
      assert.same({ reason = "mine" }, problem)
    end)
  end)

  it("is rolled back where the function gives nil, and passes on what stands behind it", function()
    assert_undone(function()
      local result, message, code = ledger:transaction(function(tx)
        assert(pay(tx, "10.00"))
        return nil, "the printer is out of paper", "printer"
      end)
      assert.is_nil(result)
      assert.same({ "the printer is out of paper", "printer" }, { message, code })
    end)
    assert.equal("refused", (select(3, ledger:transaction(function() return nil end))))
  end)

  it("is poisoned by a refused command, also where the function does not look", function()
    assert_undone(function()
      refused("transaction-poisoned", ledger:transaction(function(tx)
        assert(pay(tx, "10.00"))
        assert.is_nil(pay(tx, "-5.00"))
        assert(pay(tx, "20.00"))
        return true
      end))
    end)
  end)

  it("is poisoned by a command that fails alone, by a used key and by a broken clock", function()
    assert(ledger:charge { document = "C-00001", amount = "1.00", key = "k" })
    local poisons = {
      function(tx) return tx:pay { documnt = "C-00001" } end,
      function(tx) return tx:charge { document = "C-00001", amount = "2.00", key = "k" } end,
      function(tx)
        clock.now = {}
        local result = pay(tx, "1.00")
        clock.now = helper.NOW
        return result
      end,
    }
    for index, poison in ipairs(poisons) do
      refused("transaction-poisoned", ledger:transaction(function(tx)
        assert.is_nil(poison(tx), index)
        return true
      end))
    end
  end)

  describe("that allows refusals", function()
    local ALLOWING = { allow_refusals = true }

    it("keeps what was done, and nothing of what was refused", function()
      local codes = {}
      local _, given = assert(ledger:transaction(function(tx)
        for _, asked in ipairs { { "10.00" }, { "999.00" }, { "20.00" }, { "1.00", "C-9" }, { "30.00" } } do
          local done, _, code = pay(tx, asked[1], asked[2])
          codes[#codes + 1] = done and done.number or code
        end
        return true, "given"
      end, ALLOWING))
      assert.equal("given", given)
      assert.same({ "R-00001", "amount-exceeds-remaining", "R-00002", "document-unknown", "R-00003" }, codes)
      assert.equal("pending 60.00: charged 120.00, collected 60.00", state(ledger, "C-00001"))
    end)

    it("allows none in a nested one that does not", function()
      assert(ledger:transaction(function(tx)
        pay(tx, "10.00")
        refused("transaction-poisoned", tx:transaction(function(inner)
          pay(inner, "20.00")
          pay(inner, "999.00")
          return true
        end))
        return true
      end, ALLOWING))
      assert.equal("pending 110.00: charged 120.00, collected 10.00", state(ledger, "C-00001"))
    end)

    it("is undone whole by a write that failed half-way", function()
      local huge = "90000000000000000.00"
      for i = 2, 3 do assert(ledger:consultation { patient = "P" .. i, amount = huge }) end
      assert_undone(function()
        refused("transaction-poisoned", ledger:transaction(function(tx)
          assert(pay(tx, "1.00"))
          assert(pay(tx, huge, "C-00002"))
          refused("amount-overflow", pay(tx, huge, "C-00003")) -- the day's total would leave 64 bits
          return true
        end, ALLOWING))
      end)
    end)

    it("takes no other option", function()
      for _, options in ipairs { { allow = true }, { allow_refusals = 1 }, { true }, "allow" } do
        assert.has_error(function() ledger:transaction(function() end, options) end)
      end
    end)
  end)

  it("is not poisoned by a reading that finds nothing, nor by a dry run", function()
    assert.is_true(ledger:transaction(function(tx)
      assert.is_nil(tx:document "C-99999")
      assert.is_nil(tx:pay { document = "C-00001", amount = "-1.00", dry_run = true })
      assert.is_true(tx:pay { document = "C-00001", type = "twint", amount = "9.00", dry_run = true }.dry_run)
      assert.equal("R-00001", assert(pay(tx, "10.00")).number)
      return true
    end))
    assert.equal("pending 110.00: charged 120.00, collected 10.00", state(ledger, "C-00001"))
  end)

  it("lets its own readings see what it has done", function()
    assert(ledger:transaction(function(tx)
      assert(pay(tx, "10.00"))
      assert.equal("pending 110.00: charged 120.00, collected 10.00", state(tx, "C-00001"))
      assert.same({ twint = "collected 10.00, count 1" }, helper.totals(tx))
      assert.equal(1, #helper.all(tx:payments()))
      assert.is_true(tx:verify())
      assert(pay(tx, "5.00"))
      assert.same({ twint = "collected 15.00, count 2" }, helper.totals(tx))
      return true
    end))
    assert.same({ twint = "collected 15.00, count 2" }, helper.totals(ledger))
  end)

  it("may close days whose payments it has made", function()
    assert(ledger:transaction(function(tx)
      assert(tx:pay { document = "C-00001", amount = "50.00" })
      local closing = assert(tx:close_days { through = "2026-03-02", counted = { cash = "49.00" } })
      assert.equal("-1.00 CHF", tostring(closing.counted.cash.variance))
      return true
    end))
  end)

  it("is kept from other handles until it is committed", function()
    local path = helper.folder() .. "/clinic.db"
    local writer, reader = helper.open { path = path }, helper.open { path = path }
    assert(writer:consultation { patient = "P1", amount = "120.00" })
    writer:transaction(function(tx)
      assert(pay(tx, "10.00"))
      assert.equal("0.00 CHF", tostring(reader:document("C-00001").collected))
      return true
    end)
    assert.equal("10.00 CHF", tostring(reader:document("C-00001").collected))
  end)

  it("refuses what is no function, and a coroutine's yield across it", function()
    assert.has_error(function() ledger:transaction {} end)
    assert_undone(function()
      local run = coroutine.wrap(function()
        return pcall(ledger.transaction, ledger, function(tx)
          assert(pay(tx, "10.00"))
          coroutine.yield()
        end)
      end)
      assert.is_false((run()))
    end)
  end)

  it("is rolled back where the ledger is closed inside it", function()
    local path = helper.folder() .. "/clinic.db"
    local other = helper.open { path = path }
    assert(other:consultation { patient = "P1", amount = "120.00" })
    local ok, problem = pcall(other.transaction, other, function(tx)
      assert(pay(tx, "10.00"))
      tx:close()
    end)
    assert.is_false(ok)
    assert.truthy(problem:find("closed", 1, true))
    assert.equal("pending 120.00: charged 120.00", state(helper.open { path = path }, "C-00001"))
  end)

  it("cannot be begun where the ledger may only be read", function()
    local path = helper.folder() .. "/clinic.db"
    helper.open { path = path }:close()
    refused("read-only", helper.open { path = path, mode = "ro" }:transaction(function() return true end))
  end)
end)

describe("a nested transaction", function()
  local ledger

  before_each(function()
    ledger = helper.open()
    assert(ledger:consultation { patient = "P1", amount = "120.00" })
  end)
  after_each(helper.finish)

  local function pay(tx, amount)
    return assert(tx:pay { document = "C-00001", type = "twint", amount = amount })
  end

  it("is a savepoint: what is refused inside leaves the outer one alone", function()
    assert.is_true(ledger:transaction(function(tx)
      pay(tx, "10.00")
      refused("document-unknown", tx:transaction(function(inner)
        pay(inner, "20.00")
        return inner:pay { document = "C-99999" }
      end))
      refused("transaction-poisoned", tx:transaction(function(inner)
        pay(inner, "20.00")
        assert.is_nil(inner:pay { document = "C-99999" })
        return true
      end))
      assert.equal("R-00002", pay(tx, "5.00").number)
      return true
    end))
    assert.equal("pending 105.00: charged 120.00, collected 15.00", state(ledger, "C-00001"))
    assert.same({ twint = "collected 15.00, count 2" }, helper.totals(ledger))
  end)

  it("goes with the outer one where that is rolled back", function()
    ledger:transaction(function(tx)
      assert.is_true(tx:transaction(function(inner) pay(inner, "10.00") end))
      return nil, "no"
    end)
    assert.equal("pending 120.00: charged 120.00", state(ledger, "C-00001"))
    assert.same({}, helper.totals(ledger))
  end)

  it("passes its error through all levels", function()
    local ok, problem = pcall(ledger.transaction, ledger, function(tx)
      pay(tx, "10.00")
      tx:transaction(function() error("deep", 0) end)
    end)
    assert.same({ false, "deep" }, { ok, problem })
    assert.equal("pending 120.00: charged 120.00", state(ledger, "C-00001"))
  end)

  it("nests thirty-two deep, and no deeper", function()
    local function nest(tx, depth)
      pay(tx, "0.01")
      if depth == 32 then return tx:transaction(function() return true end) end
      return tx:transaction(function(inner) return nest(inner, depth + 1) end)
    end
    refused("field-invalid", ledger:transaction(function(tx) return nest(tx, 1) end))
    local function nest_to(tx, depth)
      pay(tx, "0.01")
      if depth == 32 then return true end
      return tx:transaction(function(inner) return nest_to(inner, depth + 1) end)
    end
    assert.is_true(ledger:transaction(function(tx) return nest_to(tx, 1) end))
    assert.same({ twint = "collected 0.32, count 32" }, helper.totals(ledger))
  end)
end)

describe("a transaction whose write failed", function()
  after_each(helper.finish)

  it("takes nothing more, neither nested nor as a dry run, and leaves no trace", function()
    local path = helper.folder() .. "/clinic.db"
    local ledger = helper.open { path = path }
    assert(ledger:consultation { patient = "P1", amount = "120.00" })
    local head = ledger:head()
    ledger:close()
    local folder = helper.folder()
    local script = helper.write(folder .. "/child.lua", [[
      local ledger = assert(require("tallystick").open(arg[1]))
      local fields = { document = "C-00001", type = "twint", amount = "0.01", note = ("n"):rep(4000) }
      local ok, _, last = ledger:transaction(function(tx)
        local code
        for _ = 1, 5000 do
          local paid
          paid, _, code = tx:pay(fields)
          if not paid then break end
        end
        print(code)
        print((select(3, tx:transaction(function(inner) inner:charge { document = "C-00001", amount = "1.00" } end))))
        print((select(3, tx:pay { document = "C-00001", type = "twint", amount = "0.01", dry_run = true })))
        print((select(3, tx:document "C-00001")))
        return true
      end)
      print(ok, last)]])
    local command = require "spec.command"
    local ended = command.shell("trap '' XFSZ; ulimit -f 2000; " .. child.line(script, path))
    local first, rest = ended.out:match "^(.-)\n(.*)$"
    assert.is_true(first == "full" or first == "io-error", ended.out .. ended.err)
    assert.equal("transaction-poisoned\ntransaction-poisoned\ntransaction-poisoned\nnil\ttransaction-poisoned\n", rest)
    local again = helper.open { path = path }
    assert.same(head, again:head())
    assert.same({}, helper.totals(again))
  end)
end)

describe("a process that ends inside its transaction", function()
  after_each(helper.finish)

  it("leaves no trace of it", function()
    local path = helper.folder() .. "/clinic.db"
    local ledger = helper.open { path = path }
    assert(ledger:consultation { patient = "P1", amount = "120.00" })
    local ended = child.run([[
      local tallystick = require "tallystick"
      local ledger = assert(tallystick.open(arg[1]))
      ledger:transaction(function(tx)
        assert(tx:pay { document = "C-00001", type = "twint", amount = "10.00" })
        os.exit(3)
      end)]], path)
    assert.equal(3, ended.code, ended.err)
    assert.equal("pending 120.00: charged 120.00", state(ledger, "C-00001"))
  end)
end)
