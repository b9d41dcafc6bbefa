-- What two ledgers that are the same books have in common, as tables to compare, for the specs of what is replayed
-- into another ledger.
local helper = require "spec.helper"

local books = {}

local function plain(value)
  if type(value) == "userdata" then return value:decimal() end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, item in pairs(value) do copy[key] = plain(item) end
  return copy
end

local function without(row, names)
  local copy = plain(row)
  for name in names:gmatch "%S+" do copy[name] = nil end
  return copy
end

-- What tells when and as which act a row was written, and under which version of the script, is another ledger's own.
local function document(ledger, number)
  return without(assert(ledger:document(number)), "recorded_at")
end

-- Where a correction is told as two commands, what links them is not kept.
local function payment(ledger, number, links)
  local names = "act type_version recorded_at reversed_by" .. (links and "" or " corrects corrected_by reason")
  return without(assert(ledger:payment(number)), names)
end

---Gives all entries without what is a ledger's own; where stages or prints are left out, seqs differ.
---@param ledger tallystick.Ledger
---@return table[]
function books.entries(ledger)
  local entries = {}
  for entry in ledger:entries {} do
    entries[#entries + 1] = without(entry,
      "act command note label reason key type_version script_version recorded_at hash")
  end
  return entries
end

---Gives documents, payments, credits, totals and closings.
---@param ledger tallystick.Ledger
---@param options? { links: boolean? } whether corrections are told as such
---@return table
function books.of(ledger, options)
  local links = options and options.links
  local of = { documents = {}, payments = {}, patients = {}, totals = {}, closings = {} }
  for listed in ledger:documents { order = "oldest" } do
    of.documents[#of.documents + 1] = document(ledger, listed.number)
  end
  for listed in ledger:payments {} do of.payments[#of.payments + 1] = payment(ledger, listed.number, links) end
  for entry in ledger:entries {} do
    for _, id in pairs { entry.patient, entry.counter_patient } do
      if not of.patients[id] then
        local found = assert(ledger:patient(id))
        of.patients[id] = { credit = found.credit:decimal(), owed = found.owed:decimal() }
      end
    end
  end
  for _, by in ipairs { {}, { "type" }, { "group" }, { "day" }, { "actor" }, { "type", "group", "day", "actor" } } do
    of.totals[table.concat(by, " ")] = plain(assert(ledger:totals { by = by }))
  end
  for index, closing in ipairs(assert(ledger:closings())) do
    of.closings[index] = without(closing, "recorded_at head")
  end
  return of
end

local function describe(value)
  if type(value) ~= "table" then return tostring(value) end
  local keys, items = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for index, key in ipairs(keys) do items[index] = key .. "=" .. describe(value[key]) end
  return "{" .. table.concat(items, ", ") .. "}"
end

-- The first rows that differ say why; thousands would say no more.
local function assert_rows(what, expected, got)
  local keys = {}
  for key in pairs(expected) do keys[key] = true end
  for key in pairs(got) do keys[key] = true end
  for key in pairs(keys) do
    local one, other = describe(expected[key]), describe(got[key])
    assert(one == other, ("%s %s:\nexpected %s\ngot      %s"):format(what, key, one, other))
  end
end

---Asserts that two ledgers are the same books.
---@param expected tallystick.Ledger
---@param got tallystick.Ledger
---@param options? { links: boolean?, entries: boolean? } whether the entries are to be the same too, one by one
function books.assert_same(expected, got, options)
  local one, other = books.of(expected, options), books.of(got, options)
  for _, part in ipairs { "documents", "payments", "patients", "totals", "closings" } do
    assert_rows(part, one[part], other[part])
  end
  if options and options.entries == false then return end
  assert_rows("entry", books.entries(expected), books.entries(got))
end

---Runs an exported log into a ledger; every command must be done.
---@param text string
---@param ledger tallystick.Ledger
---@return integer count of the commands
function books.replay(text, ledger)
  local log, count = require "tallystick.cli.log", 0
  for line in text:gmatch "[^\n]+" do
    local command = assert(log.parse(line))
    local done, message, code = ledger[command.op](ledger, command.fields)
    assert(done, ("%s: %s: %s"):format(line, code, message))
    count = count + 1
  end
  return count
end

---Exports to a text.
---@param ledger tallystick.Ledger
---@param options table
---@return string text
---@return integer count
---@return table? report
function books.export(ledger, options)
  local parts = {}
  local done, count, report = require "tallystick.export".write(ledger, options, function(text)
    parts[#parts + 1] = text
    return true
  end)
  assert(done, count)
  return table.concat(parts), count, report
end

---Replays a ledger's log into a new one in memory, of the same script.
---@param ledger tallystick.Ledger
---@param options? table of helper.open
---@return tallystick.Ledger again
---@return table report
---@return string text
function books.again(ledger, options)
  local text, count, report = books.export(ledger, { format = "log" })
  options = options or {}
  options.actor, options.now = "replayer", options.now or "2026-12-31T10:00:00Z"
  local again = helper.open(options)
  assert(books.replay(text, again) == count)
  return again, report, text
end

return books
