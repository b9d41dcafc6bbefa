-- Erasing free texts: they are gone from the ledger, its file and its log, and the chain stays whole (design.md §4).
local helper = require "spec.helper"
local raw = require "spec.raw"
local command = require "spec.command"

local refused, refuses, matches, open = helper.refused, helper.refuses, helper.matches, helper.open

-- By another process: who closes a file of a ledger that it has open loses its locks on it.
local function bytes_of(path)
  return command.shell("cat " .. command.quote(path) .. " 2>/dev/null || true").out
end

-- All that stands on the disk of a ledger, as anyone may read it who has the file.
local function on_disk(path)
  return bytes_of(path) .. bytes_of(path .. "-wal") .. bytes_of(path .. "-shm") .. bytes_of(path .. "-journal")
end

local function stands_on_disk(path, mark)
  return on_disk(path):find(mark, 1, true) ~= nil
end

-- A text that is found again byte by byte: a marker every few bytes.
local function text(mark, length)
  return (mark:rep(length // #mark + 1)):sub(1, length)
end

describe("erase", function()
  after_each(helper.finish)

  local path
  before_each(function() path = helper.folder() .. "/clinic.db" end)

  local function small()
    local ledger, clock = open { path = path }
    assert(ledger:consultation { patient = "P1", amount = "100.00", label = "Root canal", note = "has a dog" })
    assert(ledger:pay { document = "C-00001", amount = "40.00", note = "came late", key = "k1" })
    assert(ledger:consultation { patient = "P2", amount = "50.00", note = "other person" })
    assert(ledger:reverse { payment = "R-00001", reason = "wrong card" })
    assert(ledger:deposit { patient = "P1", amount = "30.00", note = "for later" })
    assert(ledger:transfer { from = "P1", to = "P2", amount = "10.00", reason = "his brother" })
    return ledger, clock
  end

  it("takes the note of a payment out, and leaves all else", function()
    local ledger = small()
    local head = assert(ledger:head())
    assert.equal("came late", assert(ledger:payment "R-00001").note)
    assert.same({ acts = 1, texts = 1 }, assert(ledger:erase { payment = "R-00001" }))
    assert.is_nil(assert(ledger:payment "R-00001").note)
    assert.equal("has a dog", assert(ledger:document "C-00001").note)
    assert.same(head, assert(ledger:head()))
    assert.is_true(assert(ledger:verify { head = head }))
    assert.same({ acts = 0, texts = 0 }, assert(ledger:erase { payment = "R-00001" }))
  end)

  it("takes out all texts of a document, of a patient, of an act", function()
    local ledger = small()
    assert.same({ acts = 3, texts = 4 }, assert(ledger:erase { document = "C-00001" }))
    matches({ label = helper.NONE, note = helper.NONE, remaining = "100.00" }, ledger:document "C-00001")
    assert.same({ acts = 2, texts = 2 }, assert(ledger:erase { patient = "P1" }))
    assert.equal("other person", assert(ledger:document "C-00002").note)
    assert.same({ acts = 1, texts = 1 }, assert(ledger:erase { patient = "P2" }))
    assert.same({ acts = 0, texts = 0 }, assert(ledger:erase { act = 1 }))
    assert(ledger:charge { document = "C-00002", amount = "5.00", note = "one", label = "two" })
    assert.same({ acts = 1, texts = 2 }, assert(ledger:erase { act = assert(ledger:head()).seq }))
  end)

  it("takes out only the kinds of text that are named", function()
    local ledger = small()
    assert.same({ acts = 1, texts = 1 }, assert(ledger:erase { document = "C-00001", texts = { "label" } }))
    matches({ label = helper.NONE, note = "has a dog" }, ledger:document "C-00001")
    assert.same({ acts = 2, texts = 2 }, assert(ledger:erase { document = "C-00001", texts = { "note" } }))
    local reason
    for entry in ledger:entries { document = "C-00001" } do reason = reason or entry.reason end
    assert.equal("wrong card", reason)
  end)

  it("says what it would erase, and writes nothing, in a dry run", function()
    local ledger = small()
    local before = bytes_of(path) .. bytes_of(path .. "-wal")
    assert.same({ acts = 3, texts = 4, dry_run = true }, assert(ledger:erase { document = "C-00001", dry_run = true }))
    assert.equal("has a dog", assert(ledger:document "C-00001").note)
    assert.is_true(before == bytes_of(path) .. bytes_of(path .. "-wal"))
  end)

  it("is seen by other handles that had read the text", function()
    local ledger = small()
    local other = open { path = path, script = "" }
    assert.equal("has a dog", assert(other:document "C-00001").note)
    assert(ledger:erase { document = "C-00001" })
    assert.is_nil(assert(other:document "C-00001").note)
    assert(other:pay { document = "C-00001", amount = "10.00" })
    assert.is_nil(assert(ledger:document "C-00001").note)
  end)

  it("lets a key be repeated whose text is erased", function()
    local ledger = small()
    assert(ledger:erase { payment = "R-00001" })
    local again = assert(ledger:pay { document = "C-00001", amount = "40.00", note = "came late", key = "k1" })
    assert.is_true(again.replayed)
    refused("key-conflict", ledger:pay { document = "C-00001", amount = "41.00", note = "came late", key = "k1" })
  end)

  it("refuses what it cannot do, and says why", function()
    local ledger = small()
    refuses(ledger, "erase", {}, "field-missing")
    refuses(ledger, "erase", { texts = { "note" } }, "field-missing")
    refuses(ledger, "erase", { payment = "R-00001", patient = "P1" }, "field-invalid")
    refuses(ledger, "erase", { patient = "P1", texts = {} }, "field-invalid")
    refuses(ledger, "erase", { patient = "P1", texts = { "note", "note" } }, "field-invalid")
    local message = refuses(ledger, "erase", { patient = "P1", texts = { "notes" } }, "field-invalid")
    assert.truthy(message:find("note, label or reason", 1, true))
    refuses(ledger, "erase", { patient = "P1", note = "x" }, "field-unknown")
    refuses(ledger, "erase", { patient = 1 }, "field-invalid")
    refuses(ledger, "erase", { act = -1 }, "field-invalid")
    refuses(ledger, "erase", { act = 99 }, "field-invalid")
    refuses(ledger, "erase", { payment = "R-00099" }, "payment-unknown")
    refuses(ledger, "erase", { document = "C-00099" }, "document-unknown")
    refuses(ledger, "erase", { patient = "P9" }, "patient-unknown")
    assert.has_error(function() ledger:erase() end)
    local ended = table.pack(ledger:transaction(function(tx) return tx:erase { patient = "P1" } end))
    refused("busy", table.unpack(ended, 1, ended.n))
    ledger:close()
    refused("read-only", open { path = path, mode = "ro", script = "" }:erase { patient = "P1" })
  end)

  it("needs the role that the script's permit names", function()
    local ledger = open { path = path, script = helper.SCRIPT .. 'clinic:permit { erase = { "officer" } }' }
    assert(ledger:consultation { patient = "P1", amount = "100.00", note = "has a dog" })
    refuses(ledger, "erase", { patient = "P1" }, "permission-denied")
    refuses(ledger, "erase", { patient = "P9" }, "patient-unknown")
    refuses(ledger, "erase", { act = 99 }, "field-invalid")
    assert.equal("has a dog", assert(ledger:document "C-00001").note)
    assert.equal(1, assert(ledger:erase { patient = "P1", roles = { "officer" } }).texts)
    ledger:close()
    -- The permit is the ledger's, whoever opens it.
    refuses(open { path = path, script = "" }, "erase", { patient = "P1" }, "permission-denied")
  end)

  it("works on a ledger in memory", function()
    local ledger = open()
    assert(ledger:consultation { patient = "P1", amount = "100.00", note = "has a dog" })
    assert.equal(1, assert(ledger:erase { patient = "P1" }).texts)
    assert.is_nil(assert(ledger:document "C-00001").note)
  end)

  describe("on the disk", function()
    -- Texts of every length, so that pages were split and long ones went to pages of their own; and the same ones taken
    -- back, so that the log holds texts which never came to be.
    local LENGTHS = { 3, 20, 90, 333, 700, 1500, 2100, 4096 }

    local function filled()
      local ledger = open { path = path }
      for round = 1, 12 do
        for index, length in ipairs(LENGTHS) do
          local mark = (index + round) % 2 == 0 and "ZQX" or "keep"
          local patient = mark == "ZQX" and "P1" or "P2"
          assert(ledger:consultation { patient = patient, amount = "1.00", note = text(mark, length) })
          ledger:transaction(function(tx)
            assert(tx:consultation { patient = patient, amount = "1.00", note = text(mark, length) })
            return nil, "not after all"
          end)
        end
      end
      return ledger
    end

    it("nothing is left in file and log", function()
      local ledger = filled()
      local head = assert(ledger:head())
      assert.is_true(stands_on_disk(path, "ZQX"))
      assert.equal(48, assert(ledger:erase { patient = "P1" }).texts)
      assert.is_false(stands_on_disk(path, "ZQX"))
      assert.is_true(stands_on_disk(path, "keepkeep"))
      assert.is_true(assert(ledger:verify { head = head }))
      assert.equal(text("keep", LENGTHS[2]), assert(ledger:document "C-00002").note)
      assert(ledger:consultation { patient = "P1", amount = "1.00" })
      ledger:close()
      assert.is_false(stands_on_disk(path, "ZQX"))
    end)

    it("is looked for by a check that finds what an UPDATE alone leaves", function()
      filled():close()
      raw.force(path, "PRAGMA secure_delete = OFF;; UPDATE annotation SET salt = NULL, body = NULL")
      assert.is_true(stands_on_disk(path, "ZQX"))
    end)

    it("waits for a reader, says what is left, and does the rest when asked again", function()
      filled():close()
      local ledger = assert(require("tallystick").open(path, { busy_timeout = 200, actor = "desk-1" }))
      local folder = helper.folder()
      local reader = command.quote(("import sqlite3, time, os; c = sqlite3.connect(%q, isolation_level=None); " ..
        "c.execute('BEGIN'); c.execute('SELECT count(*) FROM entry').fetchone(); open(%q, 'w').close()\n" ..
        "for _ in range(1000):\n    if os.path.exists(%q): break\n    time.sleep(0.01)"):format(
        path, folder .. "/reads", folder .. "/end"))
      os.execute("python3 -c " .. reader .. " >" .. folder .. "/said 2>&1 &")
      for _ = 1, 500 do
        if os.execute("test -e " .. folder .. "/reads || ! sleep 0.02") then break end
      end
      local message, details = refused("busy", ledger:erase { patient = "P1" })
      assert.truthy(message:find("erase again", 1, true), message)
      assert.equal("48", details.texts)
      assert.is_nil(assert(ledger:document "C-00001").note)
      helper.write(folder .. "/end", "")
      assert.equal(0, assert(ledger:erase { patient = "P1" }).texts)
      assert.is_false(stands_on_disk(path, "ZQX"))
      assert.is_true(assert(ledger:verify()))
      ledger:close()
    end)
  end)
end)
