-- The series of payment numbers: no gap and no double, whoever opens the file whenever (docs/format.md, "Series"). It
-- has no row: each entry says how far it has come, and a payment is found by its number from there.
local helper = require "spec.helper"
local raw = require "spec.raw"

local refused = helper.refused
local PAYMENTS = 40

describe("payment numbers", function()
  local path

  before_each(function()
    path = helper.folder() .. "/clinic.db"
    local ledger = helper.open { path = path }
    assert(ledger:consultation { patient = "P1", amount = "1000.00" })
    ledger:close()
  end)
  after_each(helper.finish)

  local function pay(ledger)
    return assert(ledger:pay { document = "C-00001", type = "twint", amount = "1.00" }).number
  end

  local function with(format, options)
    options = options or {}
    options.path, options.script = path, ("%s\nclinic:numbering { payment = %q }"):format(helper.SCRIPT, format)
    return helper.open(options)
  end

  local function expected(index)
    return ("R-%05d"):format(index)
  end

  it("run on when the ledger is opened anew for each", function()
    for index = 1, PAYMENTS do
      local ledger = helper.open { path = path }
      assert.equal(expected(index), pay(ledger))
      assert.is_true(ledger:verify())
      ledger:close()
    end
  end)

  it("run on when two handles take turns", function()
    local first, second = helper.open { path = path }, helper.open { path = path }
    for index = 1, PAYMENTS do assert.equal(expected(index), pay(index % 3 == 0 and first or second)) end
  end)

  it("run on after refusals, dry runs and rollbacks", function()
    local ledger = helper.open { path = path }
    for index = 1, PAYMENTS do
      refused("amount-invalid", ledger:pay { document = "C-00001", type = "twint", amount = 1 })
      refused("document-unknown", ledger:pay { document = "C-9", type = "twint" })
      local tried = assert(ledger:pay { document = "C-00001", type = "twint", amount = "1.00", dry_run = true })
      assert.equal(expected(index), tried.number)
      ledger:transaction(function(tx)
        for _ = 1, index do pay(tx) end
        return nil
      end)
      assert.equal(expected(index), pay(ledger))
    end
  end)

  for behind = 0, 17 do
    it(("run on in another format after %d payments"):format(behind), function()
      local ledger = helper.open { path = path }
      for _ = 1, behind do pay(ledger) end
      ledger:close()
      -- The third format is the first again.
      for round, format in ipairs { "R-%d", "R-0%d", "R-%05d" } do
        local other = with(format)
        assert.equal(format:format(behind + round), pay(other))
        assert.is_true(other:verify())
        other:close()
      end
    end)
  end

  it("verify for a handle that was opened before the format changed", function()
    local first = helper.open { path = path }
    for _ = 1, 5 do pay(first) end
    local second = with "Q-%05d"
    for _ = 1, 3 do pay(second) end
    assert(first:verify())
    assert.equal("Q-00009", pay(first))
  end)

  it("pass over those that an older format gave", function()
    local old = with "R-1%d"
    local numbers = {}
    for index = 1, 3 do numbers[index] = pay(old) end
    old:close()
    assert.same({ "R-11", "R-12", "R-13" }, numbers)
    local new = with "R-%d"
    for index = 4, 16 do numbers[index] = pay(new) end
    assert.equal("R-4 R-5 R-6 R-7 R-8 R-9 R-10 R-14 R-15 R-16 R-17 R-18 R-19", table.concat(numbers, " ", 4))
  end)

  it("are found again, each and no other, among entries without a number", function()
    local ledger = helper.open { path = path }
    for index = 1, PAYMENTS do
      for _ = 1, index % 4 do assert(ledger:consultation { patient = "P2", amount = "5.00" }) end
      local number = pay(ledger)
      if index % 3 == 0 then assert(ledger:reverse { payment = number, reason = "test" }) end
    end
    for index = 1, PAYMENTS do assert.equal(expected(index), assert(ledger:payment(expected(index))).number) end
    for _, number in ipairs { expected(0), expected(PAYMENTS + 1), "R-1", "R-000001", "R-00001x", "R--0001", "R-",
      "R-99999999999999999999", "C-00001", "r-00001" } do
      refused("payment-unknown", ledger:payment(number))
    end
  end)

  it("are found in a transaction that has not written them yet", function()
    local ledger = helper.open { path = path }
    assert(ledger:transaction(function(tx)
      for _ = 1, 3 do pay(tx) end
      assert.equal("R-00002", assert(tx:payment "R-00002").number)
      assert.truthy(assert(tx:reverse { payment = "R-00003", reason = "test" }))
      refused("payment-unknown", ledger:payment "R-00004")
      return true
    end))
    assert.is_true(ledger:payment("R-00003").reversed)
  end)

  it("are found under every format that a script gave, also by a handle that knows only the first", function()
    local first = helper.open { path = path }
    pay(first)
    local second = with "Q-%04d"
    pay(second)
    local third = with "%d/X"
    pay(third)
    for _, ledger in ipairs { first, second, third } do
      for index, number in ipairs { "R-00001", "Q-0002", "3/X" } do
        assert.equal(index + 1, assert(ledger:payment(number)).act)
      end
      refused("payment-unknown", ledger:payment "R-00002")
      refused("payment-unknown", ledger:payment "Q-0001")
    end
  end)

  -- The serial is the first thing in an entry's details: of the 20th payment it is 20, coded as 40 (hexadecimal 28).
  for what, serial in pairs { ["ahead of its number"] = "2A", ["behind it"] = "26", ["not to be read"] = "FF" } do
    it(("are found wrong by verify where an entry's serial is %s"):format(what), function()
      local ledger = helper.open { path = path }
      for _ = 1, 20 do pay(ledger) end
      ledger:close()
      raw.force(path, ("UPDATE entry SET details = CAST(x'%s' || substr(details, 2) AS BLOB) WHERE seq = 21"):format(
        serial))
      ledger = helper.open { path = path, mode = "ro" }
      local ok, _, code, details = ledger:verify()
      assert.is_nil(ok)
      assert.equal("chain-broken", code)
      assert.equal("21", details.seq)
      ledger:close()
    end)
  end

  it("are found wrong by verify where an entry without a number moves the serial", function()
    local ledger = helper.open { path = path }
    pay(ledger)
    assert(ledger:consultation { patient = "P2", amount = "5.00" })
    ledger:close()
    raw.force(path, "UPDATE entry SET details = CAST(x'04' || substr(details, 2) AS BLOB) WHERE seq = 3")
    ledger = helper.open { path = path, mode = "ro" }
    local _, details = refused("chain-broken", ledger:verify())
    assert.equal("3", details.seq)
    ledger:close()
  end)
end)
