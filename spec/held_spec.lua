-- What the open transaction holds back, and what is kept of documents between transactions (docs/storage.md): nothing
-- that was rolled back may be seen later, nothing that was acknowledged may be missing.
local helper = require "spec.helper"
local raw = require "spec.raw"
local tallystick = require "tallystick"

local refused = helper.refused

describe("a document", function()
  local ledger
  before_each(function()
    ledger = helper.open()
    assert(ledger:consultation { patient = "P1", amount = "120.00" })
  end)
  after_each(helper.finish)

  local function status()
    return assert(ledger:document "C-00001").status
  end

  local function undone()
    return nil, "undone"
  end

  -- Each takes back something inside a transaction that is itself taken back; a reading in between must leave no trace.
  local INNER = {
    ["a nested transaction that is rolled back"] = function(tx) tx:transaction(undone) end,
    ["a nested transaction that raises"] = function(tx) pcall(tx.transaction, tx, function() error "stop" end) end,
    ["a dry run"] = function(tx) tx:pay { document = "C-00001", type = "twint", amount = "1.00", dry_run = true } end,
    ["a refusal in a nested transaction"] = function(tx)
      tx:transaction(function(inner) return inner:pay { document = "C-9", type = "twint" } end)
    end,
    ["nothing"] = function() end,
  }
  local READINGS = {
    ["a reading"] = function(tx) tx:document "C-00001" end,
    ["a list"] = function(tx) for _ in tx:documents {} do end end,
    ["a refused command"] = function(tx) tx:pay { document = "C-00001", type = "twint", amount = "999.00" } end,
    ["no reading"] = function() end,
  }

  for inner, take_back in pairs(INNER) do
    for reading, read in pairs(READINGS) do
      it(("is as it was after a rollback with %s and %s"):format(inner, reading), function()
        assert(ledger:pay { document = "C-00001", type = "twint" })
        assert.equal("paid", status())
        ledger:transaction(function(tx)
          assert(tx:reverse { payment = "R-00001", reason = "test" })
          take_back(tx)
          read(tx)
          return nil, "outer"
        end)
        assert.equal("paid", status())
        refused("document-settled", ledger:pay { document = "C-00001", type = "twint" })
        assert.is_true(ledger:verify())
      end)

      it(("that was never made is unknown after a rollback with %s and %s"):format(inner, reading), function()
        ledger:transaction(function(tx)
          assert(tx:consultation { patient = "P2", amount = "5.00" })
          assert(tx:pay { document = "C-00001", type = "twint", amount = "20.00" })
          take_back(tx)
          read(tx)
          tx:document "C-00002"
          return nil, "outer"
        end)
        refused("document-unknown", ledger:document "C-00002")
        refused("document-unknown", ledger:pay { document = "C-00002", type = "twint" })
        assert.equal("pending", status())
        assert.equal("C-00002", assert(ledger:consultation { patient = "P2", amount = "5.00" }).number)
        assert.equal("R-00001", assert(ledger:pay { document = "C-00001", type = "twint" }).number)
        assert.is_true(ledger:verify())
      end)
    end
  end

  it("shows what another handle wrote, in and out of transactions", function()
    local path = helper.folder() .. "/two.db"
    local first, second = helper.open { path = path }, helper.open { path = path }
    assert(first:consultation { patient = "P1", amount = "10.00" })
    for round = 1, 8 do
      local writer, reader = first, second
      if round % 2 == 0 then writer, reader = second, first end
      assert.equal("pending", assert(reader:document "C-00001").status)
      assert(writer:pay { document = "C-00001", type = "twint", amount = "1.00" })
      assert.equal(("%d.00"):format(round), assert(reader:document "C-00001").settled:decimal())
      assert.equal(round, #assert(reader:document "C-00001").payments)
      assert(reader:transaction(function(tx)
        assert.equal(round, #assert(tx:document "C-00001").payments)
        return true
      end))
    end
    assert.is_true(second:verify())
  end)
end)

describe("a transaction of very many", function()
  after_each(helper.finish)

  it("acts and documents commits all of them, and each can be read inside", function()
    local COUNT = 1500
    local ledger = helper.open()
    assert(ledger:transaction(function(tx)
      for i = 1, COUNT do
        local made = assert(tx:consultation { patient = "P" .. i, amount = "5.00" })
        assert(tx:pay { document = made.number, type = "twint", amount = "2.00", key = "first-" .. i })
        if i % 100 == 0 then assert.equal("3.00", tx:document(("C-%05d"):format(i - 50)).remaining:decimal()) end
      end
      for i = 1, COUNT do
        assert(tx:pay { document = ("C-%05d"):format(i), type = "twint", key = "second-" .. i })
        local again = assert(tx:pay { document = ("C-%05d"):format(i), type = "twint", key = "second-" .. i })
        assert.is_true(again.replayed)
      end
      return true
    end))
    local paid = 0
    for document in ledger:documents { status = "paid" } do
      paid = paid + 1
      assert.equal(2, #ledger:document(document.number).payments)
    end
    assert.equal(COUNT, paid)
    local _, report = assert(ledger:verify())
    assert.same({ COUNT, 2 * COUNT }, { report.documents, report.payments })
  end)
end)

describe("what was acknowledged", function()
  local path
  before_each(function()
    path = helper.folder() .. "/clinic.db"
    local ledger = helper.open { path = path }
    for _ = 1, 2 do assert(ledger:consultation { patient = "P1", amount = "100.00" }) end
    ledger:close()
  end)
  after_each(helper.finish)

  for _, name in ipairs { "held_entry", "held_document" } do
    it(("cannot be lost to a table %s that somebody put into the file"):format(name), function()
      local ledger <close> = assert(tallystick.open(path))
      assert(ledger:document "C-00001")
      raw.force(path, ("CREATE TABLE %s AS SELECT * FROM %s WHERE 0"):format(name, name:gsub("held_", "")))
      for _ = 1, 3 do
        refused("corrupt", ledger:transaction(function(tx)
          for i = 1, 2 do assert(tx:pay { document = "C-0000" .. i, type = "transfer", amount = "1.00" }) end
          return true
        end))
      end
      refused("corrupt", tallystick.open(path))
    end)
  end

  it("cannot be lost to a document that is gone from the file", function()
    local ledger <close> = assert(tallystick.open(path))
    assert(ledger:document "C-00001")
    raw.force(path, "DELETE FROM document")
    refused("document-unknown", ledger:pay { document = "C-00001", type = "transfer" })
  end)
end)

describe("a key", function()
  after_each(helper.finish)

  it("tells the word oldest from a document of that number", function()
    local ledger = helper.open()
    assert(ledger:consultation { patient = "P1", amount = "10.00", number = "A" })
    assert(ledger:consultation { patient = "P1", amount = "10.00", number = "oldest" })
    local asked = { documents = "oldest", patient = "P1", amount = "3.00", type = "twint", key = "k" }
    assert.equal("A", assert(ledger:pay(asked)).document)
    asked.documents = { "oldest" }
    local _, details = refused("key-conflict", ledger:pay(asked))
    assert.equal("documents", details.field)
  end)
end)
