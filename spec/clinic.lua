-- A small clinic's ledger in a file, with something of everything, for the specs of what the command line shows. Names
-- and notes in it are hostile: what a spreadsheet would run, what a terminal would obey, what turns writing around.
local helper = require "spec.helper"
local json = require "tallystick.json"
local csv = require "tallystick.csv"
local luassert = require "luassert"

local clinic = {}

---A patient whose id a spreadsheet would run.
clinic.FORMULA = "=cmd()|A0"
---A patient whose id turns the direction of writing around.
clinic.TURNED = "P\u{202E}23"
---A note that would clear the screen of a terminal that knows the eight-bit escapes. The ledger takes none of the others.
clinic.ESCAPES = "\u{9B}2J\u{9D}owned\u{9C}red"
---A reference that a spreadsheet would run.
clinic.REFERENCE = "@SUM(A1:A9)"

-- Each command with its fields, in order; what it makes is named behind it.
local HISTORY = {
  { "consultation", { patient = "P17", amount = "120.00", at = "2026-01-05T09:00", label = "check-up" } }, -- C-00001
  { "pay", { document = "C-00001", amount = "50.00", at = "2026-01-05T09:30" } }, -- R-00001
  { "invoice", { consultations = { "C-00001" }, due = "2026-02-04", at = "2026-01-06" } }, -- F-00001, partial
  { "consultation", { patient = "P18", amount = "60.00", at = "2026-01-07" } }, -- C-00002, pending
  { "invoice", { patient = clinic.FORMULA, amount = "1200.00", due = "2026-01-31", at = "2026-01-10" } }, -- F-00002
  { "invoice", { patient = "P19", amount = "100.00", at = "2026-01-11" } }, -- F-00003
  { "pay", { document = "F-00003", type = "card", group = "POS-1", at = "2026-01-12", actor = "desk-2" } }, -- R-00002
  { "refund", { payment = "R-00002", amount = "20.00", reopen = false, reason = "too much", at = "2026-01-13" } },
  { "invoice", { patient = "P19", amount = "80.00", at = "2026-01-14" } }, -- F-00004
  { "pay", { document = "F-00004", type = "loss", at = "2026-02-14" } }, -- R-00004, written off
  { "invoice", { patient = "P20", amount = "55.52", at = "2026-01-15" } }, -- F-00005
  { "pay", { document = "F-00005", tendered = "60.00", at = "2026-01-15T11:00" } }, -- R-00005, with change and rounding
  { "invoice", { patient = "P21", amount = "40.00", at = "2026-02-16" } }, -- F-00006
  { "pay", { document = "F-00006", type = "twint", amount = "30.00", at = "2026-02-17" } }, -- R-00006
  { "correct", { payment = "R-00006", amount = "35.00", reason = "typing slip", at = "2026-02-18" } }, -- R-00007
  { "invoice", { patient = "P22", amount = "30.00", at = "2026-02-18" } }, -- F-00007
  { "cancel", { document = "F-00007", reason = "made twice", at = "2026-02-18" } },
  { "deposit", { patient = "P17", amount = "100.00", type = "transfer", note = clinic.ESCAPES, at = "2026-02-19",
    reference = clinic.REFERENCE } }, -- R-00008
  { "invoice", { patient = clinic.TURNED, amount = "15.00", at = "2026-02-20" } }, -- F-00008
  { "pay", { document = "C-00002", amount = "10.00", at = "2026-02-21" } }, -- R-00009
  { "reverse", { payment = "R-00009", reason = "wrong patient", at = "2026-02-22" } },
  { "invoice", { patient = "P20", amount = "25.00", at = "2026-02-23" } }, -- F-00009
  { "pay", { document = "F-00009", type = "discount", at = "2026-02-23" } }, -- R-00010, offered
  { "close_days", { through = "2026-01-31", counted = { cash = "105.00" } } },
}

---Makes the ledger and closes it.
---@param path string
function clinic.make(path)
  local ledger <close> = helper.open { path = path }
  for _, step in ipairs(HISTORY) do assert(ledger[step[1]](ledger, step[2])) end
  assert(ledger:verify())
end

-- ---- What the command line is given, and wrote ----

---Gives words with more behind them.
---@param words string[]
---@param ... string
---@return string ...
function clinic.with(words, ...)
  local all = table.move(words, 1, #words, 1, {})
  for _, word in ipairs { ... } do all[#all + 1] = word end
  return table.unpack(all)
end

---Asserts that a text has a piece.
---@param needle string
---@param found string
function clinic.contains(needle, found)
  luassert(found:find(needle, 1, true), ("%q is not in %q"):format(needle, found))
end

---Asserts that a text does not have a piece.
---@param needle string
---@param found string
function clinic.lacks(needle, found)
  luassert(not found:find(needle, 1, true), ("%q is in %q"):format(needle, found))
end

---Reads lines of JSON, each an object.
---@param text string
---@return table[]
function clinic.json(text)
  local rows = {}
  for line in text:gmatch "[^\n]+" do rows[#rows + 1] = assert(json.decode(line)) end
  return rows
end

---Reads CSV with a line of names.
---@param text string
---@return table<string, string>[] rows
---@return string[] names
function clinic.csv(text)
  local names, rows = nil, {}
  for cells, line, message in csv.reader(text) do
    assert(cells, message)
    if names then
      local row = {}
      for index, name in ipairs(names) do row[name] = cells[index] end
      assert(#cells == #names, ("line %d has %d cells"):format(line, #cells))
      rows[#rows + 1] = row
    else
      names = cells
    end
  end
  return rows, names
end

local function shown(value)
  if value == nil then return "" end
  if type(value) == "table" then return table.concat(value, ", ") end
  return tostring(value)
end

-- A text is disarmed where a spreadsheet would run it. An amount below zero is none.
local function expected_cell(value)
  local cell = shown(value)
  local is_formula = type(value) ~= "number" and cell:find "^%s*[=+%-@]" and not cell:find "^%-%d+%.%d%d$"
  return is_formula and "'" .. cell or cell
end

---Gives rows of JSON as the cells that CSV must have for them.
---@param objects table[]
---@param names string[]
---@return table<string, string>[]
function clinic.cells(objects, names)
  local rows = {}
  for index, object in ipairs(objects) do
    rows[index] = {}
    for _, name in ipairs(names) do rows[index][name] = expected_cell(object[name]) end
  end
  return rows
end

---Whether a text has nothing that a terminal would obey, and nothing that turns writing around.
---@param text string
---@return boolean
function clinic.is_harmless(text)
  return not text:find "[\0-\9\11-\31\127]" and not text:find "\xE2\x80[\xAA-\xAE]" and not text:find "\xC2[\x80-\x9F]"
end

---Asserts that a command was done without a complaint, and gives what it said.
---@param ended spec.Ended
---@return string
function clinic.done(ended)
  luassert.equal("", ended.err)
  luassert.equal(0, ended.code)
  return ended.out
end

return clinic
