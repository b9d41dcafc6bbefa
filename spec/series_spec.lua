-- The series of payment numbers: no gap and no double, whoever opens the file whenever (docs/format.md, "Series"). Its
-- row in the file is written now and then only, so the numbers around that are what these cases go by.
local helper = require "spec.helper"
local raw = require "spec.raw"

local refused = helper.refused
-- More than the row is ever behind, so that each place in its round is met.
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

  for _, row in ipairs {
    { "ahead of the last number", "INSERT OR REPLACE INTO series VALUES (3, 22)" },
    { "far behind it", "DELETE FROM series WHERE id = 3" },
  } do
    it(("are found wrong by verify where their row is %s"):format(row[1]), function()
      local ledger = helper.open { path = path }
      for _ = 1, 20 do pay(ledger) end
      ledger:close()
      raw.force(path, row[2])
      ledger = helper.open { path = path, mode = "ro" }
      local message, details = refused("corrupt", ledger:verify())
      assert.truthy(message:find("series of payments", 1, true), message)
      assert.equal("it does not follow the last number", details.what)
      ledger:close()
    end)
  end

  it("are found wrong by verify where their row is before another format", function()
    local ledger = helper.open { path = path }
    for _ = 1, 5 do pay(ledger) end
    ledger:close()
    ledger = with "Q-%05d"
    assert.equal("Q-00006", pay(ledger))
    ledger:close()
    raw.force(path, "UPDATE series SET next = next - 1 WHERE id = 3")
    ledger = helper.open { path = path, mode = "ro", script = "" }
    refused("corrupt", ledger:verify())
    ledger:close()
  end)
end)
