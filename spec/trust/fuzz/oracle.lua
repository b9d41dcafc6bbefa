-- oracle.lua - what the targets in Lua share: the documented codes, books to begin with, and a check that raises what a
-- rule breaks, for the fuzzer to keep the input.
local tallystick = require "tallystick"

local oracle = {}

local NOW = "2026-03-02T10:00:00Z"

-- One input of so many is run on books of its own.
local CHOSEN = 32

local CODES = {}
for _, one in ipairs(tallystick.errors) do CODES[one.code] = true end

---Raises where a rule does not hold.
---@param holds any
---@param message string as string.format takes it
function oracle.must(holds, message, ...)
  if holds then return end
  local words = table.pack(...)
  for index = 1, words.n do words[index] = ("%q"):format(tostring(words[index])) end
  error(message:format(table.unpack(words)), 2)
end

local must = oracle.must

---A refusal has a documented code and a sentence.
---@param message any
---@param code any
function oracle.refusal(message, code)
  must(type(message) == "string" and message ~= "", "a refusal says %s", message)
  must(CODES[code] and code ~= "closed", "the code %s is documented, message %s", code, message)
end

---Opens a ledger with some books: three consultations, one of them half paid, and four invoices.
---@param path string
---@return tallystick.Ledger
function oracle.open(path)
  local ledger = assert(tallystick.open(path, { clock = function() return NOW end, actor = "desk-1" }))
  assert(ledger:transaction(function(tx)
    for _, amount in ipairs { "120.00", "80.00", "45.05" } do
      assert(tx:consultation { patient = "P1", amount = amount, at = "2026-02-02" })
    end
    assert(tx:pay { document = "C-00001", amount = "50.00", key = "k1", at = "2026-02-03" })
    assert(tx:invoice { consultations = { "C-00002" }, due = "2026-02-20", at = "2026-02-04" })
    for index, amount in ipairs { "100.00", "200.00", "92233720368547758.07" } do
      assert(tx:invoice { patient = "P" .. index + 1, amount = amount, at = "2026-02-04" })
    end
    assert(tx:deposit { patient = "P1", amount = "30.00", at = "2026-02-05" })
    return true
  end))
  return ledger
end

-- Whether an input is one of those that are looked at thoroughly: chosen by what it is, so that it is one again.
local function is_chosen(text)
  local sum = #text
  for index = 1, math.min(#text, 64) do sum = sum + text:byte(index) end
  return sum % CHOSEN == 0
end

local shared ---@type tallystick.Ledger

---Runs a function on books, with what an input does. Opening and verifying books takes much longer than most inputs: so
---it runs in a transaction on shared books, which is undone; for one input of some, on books of its own, which must
---verify.
---@param text string the input
---@param run fun(ledger: tallystick.Ledger, alone: boolean): ... what it gives is given back; alone on its own books
function oracle.on_books(text, run)
  if is_chosen(text) then
    local ledger <close> = oracle.open ":memory:"
    local results = table.pack(run(ledger, true))
    oracle.verify(ledger)
    return table.unpack(results, 1, results.n)
  end
  shared = shared or oracle.open ":memory:"
  local head, results = shared:head(), nil
  local _, message, code = shared:transaction(function(tx)
    results = table.pack(run(tx, false))
    return nil, "undone", "refused"
  end, { allow_refusals = true })
  must(code == "refused" and message == "undone", "a transaction ends as it should: %s, %s", code, message)
  must(shared:head().hash == head.hash, "what was undone leaves nothing")
  return table.unpack(results, 1, results.n)
end

---Asserts that a ledger's journal, sums and chain agree.
---@param ledger tallystick.Ledger
function oracle.verify(ledger)
  local sound, message, code = ledger:verify()
  must(sound == true, "the ledger verifies: %s, %s", code, message)
end

---A path for a file of this process, in the folder that the run gave.
---@param name string
---@return string
function oracle.path(name)
  return ("%s/%s-%s"):format(os.getenv "TRUST_FOLDER", name, tostring({}):match "%x+$")
end

---Writes a whole file.
---@param path string
---@param text string
function oracle.write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

return oracle
