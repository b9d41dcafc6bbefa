-- What the specs share: ledgers with a clock that can be set and a script of every kind of payment type, assertions on
-- refusals and results, and the check that the books of every case hold together.
local assert = require "luassert"
local tallystick = require "tallystick"

local helper = {}

---Stands for "this field is not there" in helper.matches.
helper.NONE = setmetatable({}, { __tostring = function() return "NONE" end })

---The time on a new ledger's clock.
helper.NOW = "2026-03-02T10:00:00Z"

---The standard script: a payment type for every rule of design.md §5.
helper.SCRIPT = [[
local clinic = ...
clinic:currency "CHF"
clinic:language "fr"
clinic:payment_type { id = "cash", label = { fr = "Espèces", en = "Cash" }, default = true, round_to = "0.05",
  excess = "change", account = "1000" }
clinic:payment_type { id = "card", label = { fr = "Carte", en = "Card" },
  group = { required = true, one_of = { "POS-1", "POS-2" } } }
clinic:payment_type { id = "twint", label = "TWINT" }
clinic:payment_type { id = "transfer", label = { fr = "Virement", en = "Bank transfer" }, excess = "credit" }
clinic:payment_type { id = "voucher", label = "Voucher", max = "200.00", applies_to = { "consultation" } }
clinic:payment_type { id = "credit", label = "Patient credit", effect = "credit" }
clinic:payment_type { id = "discount", label = "Rabais / Offert", effect = "discount" }
clinic:payment_type { id = "loss", label = "Impayé / Perte", effect = "loss", applies_to = { "invoice" },
  roles = { "manager" } }
clinic:payment_type { id = "cheque", label = "Cheque", retired = true }
clinic:payment_type { id = "insurance", label = "Insurance", fields = {
  policy = { type = "string", required = true, pattern = "^%d+$" }, claims = { type = "integer" } } }
clinic:permit { refund = { "manager" }, close_days = { "manager" } }
]]

-- ---- Files ----

local opened, folders = {}, {}

local function quoted(path)
  return "'" .. path:gsub("'", [['\'']]) .. "'"
end

---Makes a folder that helper.finish removes.
---@return string path
function helper.folder()
  local pipe <close> = assert(io.popen "mktemp -d")
  local path = assert(pipe:read "l")
  folders[#folders + 1] = path
  return path
end

---@param path string
---@param text string
---@return string path
function helper.write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
  return path
end

---Writes a configuration script to a file that helper.finish removes.
---@param text string
---@return string path
function helper.script(text)
  return helper.write(helper.folder() .. "/clinic.lua", text)
end

-- Opens with a script that is there only meanwhile: the ledger keeps its text. No process is started for it, as most
-- cases open a ledger.
local function open_with(path, text, options)
  if text == "" then return tallystick.open(path, options) end
  options.config = helper.write(os.tmpname(), text)
  local results <const> = table.pack(tallystick.open(path, options))
  os.remove(options.config)
  return table.unpack(results, 1, results.n)
end

-- ---- Ledgers ----

---@class spec.Clock
---@field now string|integer what the ledger's clock gives: set it to move time

---@class spec.Open
---@field path? string default ":memory:"
---@field script? string the script's text, default helper.SCRIPT; "" for the preset of a ledger without a script
---@field now? string|integer the first time on the clock, default helper.NOW
---@field clock? spec.Clock a clock shared with another ledger
---@field actor? string default "desk-1"
---@field roles? string[] default { "manager" }
---@field mode? "rw"|"ro"
---@field on_error? function
---@field on_log? function
---@field script_limits? table

---Opens a ledger that helper.finish verifies and closes.
---@param options? spec.Open
---@return tallystick.Ledger ledger
---@return spec.Clock clock
function helper.open(options)
  options = options or {}
  local clock = options.clock or { now = options.now or helper.NOW }
  local ledger = assert(open_with(options.path or ":memory:", options.script or helper.SCRIPT, {
    clock = function() return clock.now end,
    actor = options.actor or "desk-1",
    roles = options.roles or { "manager" },
    mode = options.mode,
    on_error = options.on_error,
    on_log = options.on_log,
    script_limits = options.script_limits,
  }))
  opened[#opened + 1] = ledger
  return ledger, clock
end

local function is_open(ledger)
  return tostring(ledger):find("open", 1, true) ~= nil
end

---Verifies and closes every ledger of the case that is still open, and removes its files. For after_each.
function helper.finish()
  local verdicts = {}
  for _, ledger in ipairs(opened) do
    if is_open(ledger) then
      verdicts[#verdicts + 1] = table.pack(ledger:verify())
      ledger:close()
    end
  end
  for _, folder in ipairs(folders) do os.execute("rm -rf " .. quoted(folder)) end
  opened, folders = {}, {}
  for _, verdict in ipairs(verdicts) do assert.is_true(verdict[1], verdict[2]) end
end

-- ---- Assertions ----

local function names_something(message, details)
  local any = false
  for _, value in pairs(details) do
    if message:find(tostring(value), 1, true) then return true end
    any = true
  end
  return not any
end

---Asserts that a call was refused with a code, and that its message is a sentence that names what is wrong. Called with
---all that the call returned: `refused("document-settled", ledger:pay { document = "F-00001" })`.
---@param expected string the code
---@param result any
---@param message string
---@param code string
---@param details table
---@return string message
---@return table details
function helper.refused(expected, result, message, code, details)
  assert(result == nil, ("accepted, where %s was expected"):format(expected))
  assert.equal(expected, code, message)
  assert.equal("string", type(message))
  assert(message:find "%a+ %a+", ("no sentence: %q"):format(message))
  assert.is_nil(message:find "[\r\n\0]", message)
  assert.is_nil(message:find("(null)", 1, true), message)
  assert.equal("table", type(details))
  assert(names_something(message, details), ("names nothing of its details: %q"):format(message))
  return message, details
end

---Asserts that a ledger refuses a command with a code and writes nothing.
---@param ledger tallystick.Ledger
---@param command string
---@param fields table
---@param expected string the code
---@return string message
---@return table details
function helper.refuses(ledger, command, fields, expected)
  local before = assert(ledger:head())
  local message, details = helper.refused(expected, ledger[command](ledger, fields))
  assert.same(before, assert(ledger:head()))
  return message, details
end

local function plain(value)
  if type(value) == "userdata" then return value:decimal() end
  return value
end

local function picked(expected, value)
  if expected == helper.NONE then return value == nil and helper.NONE or plain(value) end
  if type(expected) ~= "table" or type(value) ~= "table" then return plain(value) end
  local out = {}
  for key, wanted in pairs(expected) do out[key] = picked(wanted, value[key]) end
  if #expected > 0 then
    for index = #expected + 1, #value do out[index] = plain(value[index]) end
  end
  return out
end

---Asserts that a result has the fields expected, amounts compared as strings without currency; other fields do not
---matter, but a list must have as many items. helper.NONE expects that a field is not there.
---@param expected table
---@param result table?
---@param message? string what a refused call returned second
function helper.matches(expected, result, message)
  assert(result ~= nil, message)
  assert.same(expected, picked(expected, result))
end

-- ---- Short ways ----

---The facts of a document that are not zero, with its status and what remains, as one line:
---`partial 70.00: charged 120.00, collected 50.00`.
---@param ledger tallystick.Ledger
---@param number string
---@return string
function helper.state(ledger, number)
  local document = assert(ledger:document(number))
  local facts = {}
  for _, name in ipairs { "charged", "collected", "credited", "discounted", "lost", "rounded" } do
    if document[name].minor ~= 0 then facts[#facts + 1] = name .. " " .. document[name]:decimal() end
  end
  return ("%s %s: %s"):format(document.status, document.remaining:decimal(), table.concat(facts, ", "))
end

---Totals as a table of lines, by the row's `by` fields joined with "/": what is zero is left out.
---@param ledger tallystick.Ledger
---@param options? table default { by = { "type" } }
---@return table<string, string> such as { cash = "collected 50.00, count 1" }
function helper.totals(ledger, options)
  options = options or { by = { "type" } }
  local lines = {}
  for _, row in ipairs(assert(ledger:totals(options))) do
    local keys, sums = {}, {}
    for index, by in ipairs(options.by or {}) do keys[index] = row[by] end
    for _, name in ipairs { "collected", "refunded", "deposited", "withdrawn", "credited", "discounted", "lost",
      "rounded" } do
      if row[name].minor ~= 0 then sums[#sums + 1] = name .. " " .. row[name]:decimal() end
    end
    if row.count ~= 0 then sums[#sums + 1] = "count " .. row.count end
    lines[table.concat(keys, "/")] = table.concat(sums, ", ")
  end
  return lines
end

---The rows of an iterator as a list.
---@param iterator fun(): table
---@return table[]
function helper.all(iterator, ...)
  local rows = {}
  for row in assert(iterator, ...), ... do rows[#rows + 1] = row end
  return rows
end

return helper
