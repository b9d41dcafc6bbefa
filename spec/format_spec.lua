-- docs/format.md holds: the golden vectors, its worked example, and a reader that knows nothing of Tallystick's code.
local command = require "spec.command"
local tallystick = require "tallystick"

local GOLDEN = "spec/data/golden.json"
local YEAR = "examples/practice-year"

local SCRIPT = [[
local clinic = ...
clinic:payment_type { id = "cash", default = true, round_to = "0.05", excess = "change" }
clinic:payment_type { id = "card", fields = { slip = { required = true } } }
clinic:payment_type { id = "transfer", excess = "credit" }
clinic:payment_type { id = "credit", effect = "credit" }
clinic:payment_type { id = "discount", effect = "discount" }
clinic:payment_type { id = "loss", effect = "loss" }
]]

-- Every command, so that every kind of entry that this release writes is in the journal.
local ACTS = {
  { "consultation", { patient = "P17", amount = "120.02", label = "Contrôle annuel", actor = "Zoé" } },
  { "consultation", { patient = "P17", amount = "0", key = "visit-2", note = "" } },
  { "pay", { document = "C-00001", type = "card", amount = "50.00", group = "POS-1", reference = "TX 4711",
    fields = { slip = "0042" }, key = "desk-1/0001", note = "paid at the counter\n" } },
  { "invoice", { consultations = { "C-00001", "C-00002" }, due = "2026-04-01" } },
  { "invoice", { patient = "P18", amount = "99.99" } },
  { "charge", { document = "F-00001", amount = "20.00", label = "frais de rappel" } },
  { "pay", { document = "F-00001", tendered = "100.00" } },
  { "correct", { payment = "R-00002", reason = "it was the card", type = "card", fields = { slip = "0043" } } },
  { "reverse", { payment = "R-00003", reason = "wrong invoice", note = "seen by two" } },
  { "pay", { document = "F-00002", type = "transfer", amount = "150.00" } },
  { "refund", { payment = "R-00004", reopen = true, amount = "20.00", reason = "too much" } },
  { "refund", { payment = "R-00004", reopen = false, amount = "10.00", reason = "shorter visit", type = "cash" } },
  { "pay", { document = "F-00002", type = "credit", amount = "5.00" } },
  { "pay", { document = "F-00002", type = "discount", amount = "5.00" } },
  { "pay", { document = "F-00002", type = "loss" } },
  { "deposit", { patient = "P19", amount = "30.00", reference = "" } },
  { "transfer", { from = "P19", to = "P17", amount = "12.50", reason = "family" } },
  { "withdraw", { patient = "P17", amount = "2.50" } },
  { "cancel", { document = "F-00001", reason = "made twice" } },
  { "consultation", { patient = "P20", amount = "10.00", number = "2026/X-1" } },
  { "cancel", { document = "2026/X-1", reason = "never came" } },
  { "move", { document = "F-00002", workflow = "reminders", to = "reminder-1", fields = { event = "letter" },
    key = "desk-1/0002" } },
  { "print", { payment = "R-00004" } },
  { "close_days", { through = "2026-03-02", counted = { cash = "34.00", card = "50.00" } } },
}

local KINDS = {
  "charge", "payment", "discount", "loss", "rounding", "deposit", "credit", "withdrawal", "transfer", "refund",
  "invoicing", "release", "variance", "reversal", "stage", "print", "closing",
}

describe("the file format", function()
  local folder
  setup(function() folder = command.folder() end)
  teardown(function() command.remove(folder) end)

  local function python(script, ...)
    local words = {}
    for i, word in ipairs { ... } do words[i] = command.quote(word) end
    return command.shell(("python3 -B docs/reader/%s.py %s"):format(script, table.concat(words, " ")))
  end

  local function make(name)
    local path = ("%s/%s.db"):format(folder, name)
    command.write(folder .. "/clinic.lua", SCRIPT)
    local ledger = assert(tallystick.open(path, {
      config = folder .. "/clinic.lua", actor = "desk-1", clock = function() return "2026-03-02T10:00:00.250Z" end,
    }))
    for _, act in ipairs(ACTS) do assert(ledger[act[1]](ledger, act[2])) end
    return path, ledger
  end

  -- The ledger's file with a text in it changed to another of the same length, as rot or a hex editor would.
  local function make_changed(name, from, to)
    local path, ledger = make(name)
    ledger:close()
    local bytes = command.read(path)
    local at = assert(bytes:find(from, 1, true), "the file does not hold " .. from)
    command.write(path, bytes:sub(1, at - 1) .. to .. bytes:sub(at + #from))
    return path
  end

  it("has golden vectors that the reader agrees with", function()
    local ended = python("vectors", GOLDEN)
    assert.are.same({ 0, "" }, { ended.code, ended.err })
    assert.matches("^23 vectors hold", ended.out)
  end)

  it("shows the first golden vector as its example", function()
    local golden = require("dkjson").decode(command.read(GOLDEN))
    local vector, page, preimage = golden.entries[1], command.read "docs/format.md", {}
    for length, rest in page:gmatch "\n| %d+ | [^|]+ | `(%x+)` |([^\n]*)|" do
      preimage[#preimage + 1] = length .. (rest:match "`(%x+)`" or "")
    end
    assert.are.equal(vector.preimage, table.concat(preimage))
    for words, hex in pairs {
      ["the genesis is"] = golden.genesis, ["Its hash is"] = vector.hash,
      ["the salt of the label is"] = vector.texts[1].salt.hex, ["its digest"] = vector.texts[1].digest.hex,
    } do
      assert.are.equal(hex, page:match(words .. "%s+`(%x+)`"), words)
    end
  end)

  it("lets the reader agree with a fresh ledger of every kind of entry", function()
    local path, ledger <close> = make "fresh"
    local seen = {}
    for entry in ledger:entries {} do seen[entry.kind] = true end
    for _, kind in ipairs(KINDS) do assert.is_true(seen[kind], kind) end
    assert(ledger:verify())
    local head = ledger:head()
    local ended = python("check", path)
    assert.are.same({ 0, "", ("head %d %s\n"):format(head.seq, head.hash) }, { ended.code, ended.err, ended.out })
  end)

  it("lets the reader agree with a practice's year #slow", function()
    local path = folder .. "/year.db"
    local replayed = command.run("replay", path, YEAR .. "/practice-year.jsonl", "--config", YEAR .. "/clinic.lua",
      "--batch", "500", "--quiet")
    assert.are.equal(0, replayed.code)
    local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
    local head, ended = ledger:head(), python("check", path)
    assert.are.same({ 0, ("head %d %s\n"):format(head.seq, head.hash) }, { ended.code, ended.out })
  end)

  -- Each row: what was changed, from, to, and how the reader names it.
  local CHANGES = {
    { "a reference", "TX 4711", "TX 4712", "entry 3: its content does not match its hash" },
    { "an actor", "Zoé", "Zoe\1", "entry 1: its content does not match its hash" },
    { "a counted amount", "4:cash5:34.00", "4:cash5:34.01", "entry 33: its content does not match its hash" },
    { "an extra field", "4:slip4:0043", "4:slip4:0044", "entry 12: its content does not match its hash" },
    { "a note", "paid at the counter", "paid at the door   ", "entry 3: its text 1 does not match its digest" },
    { "the ledger's id", "-4", "-5", "entry 1: its content does not match its hash" },
    { "the currency", "CHF", "EUR", "entry 1: its content does not match its hash" },
    { "the script", 'excess = "change"', 'excess = "credit"', "entry 1: its content does not match its hash" },
    { "a payment type", "8:round_to1:5", "8:round_to1:4", "entry 1: its content does not match its hash" },
  }

  for i, change in ipairs(CHANGES) do
    it("lets the reader find " .. change[1] .. " that was changed", function()
      local path = make_changed("changed-" .. i, change[2], change[3])
      local ended = python("check", path)
      assert.are.same({ 1, path .. ": " .. change[4] .. "\n" }, { ended.code, ended.err })
      local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
      local holds, _, code, details = ledger:verify()
      assert.are.same({ nil, "chain-broken" }, { holds, code })
      assert.are.equal(change[4]:match "%d+", tostring(details.seq))
    end)
  end

  it("lets the reader refuse a file that is no ledger", function()
    command.write(folder .. "/none.db", ("no ledger\n"):rep(100))
    assert.are.equal(1, python("check", folder .. "/none.db").code)
    assert.are.equal(1, python("check", folder .. "/nowhere.db").code)
  end)
end)
