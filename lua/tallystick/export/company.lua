-- company.lua - keeps a part payment a part payment. The journal does not keep the list of documents that a payment was
-- given for, only those that it touched. Where all but a few cents of these are paid, and the type rounds, naming them
-- alone would close them; the list had others then, so others that were open are named behind them.
local commands = require "tallystick.export.commands"
local remaining = require "tallystick.export.remaining"

local company = {}

-- As many as a command may name.
local LIST_MAX = 1000

-- What rounding has made even: amounts nearest to the one paid, less than half of the step away. Twice what is left may
-- have no room.
local function would_close(rest, step)
  return rest > 0 and rest < step - rest
end

local function applies(payment_type, kind)
  for _, one in ipairs(payment_type.applies_to) do
    if one == kind then return true end
  end
  return false
end

-- Adds documents of a list that were open after an entry, until what remains is enough.
local function add_open(found, ledger, query)
  for document in ledger:documents(query) do
    if not would_close(found.rest, found.step) or #found.numbers + found.named >= LIST_MAX then return end
    if not found.listed[document.number] and applies(found.type, document.kind) then
      local open = remaining.at(ledger, document.number, found.seq)
      if open > 0 then
        found.numbers[#found.numbers + 1], found.listed[document.number] = document.number, true
        found.rest = open < math.maxinteger - found.rest and found.rest + open or math.maxinteger
      end
    end
  end
end

local function find_open(found, ledger, patient)
  add_open(found, ledger, { patient = patient, order = "oldest" })
  add_open(found, ledger, { order = "oldest" })
  if not would_close(found.rest, found.step) then return found.numbers end
  return nil, ("entry %d: a replay would round what the payment left open; no document was open beside"):format(
    found.seq), "refused", { seq = tostring(found.seq) }
end

---Gives the documents that a payment has to name behind those that it settled; most often none.
---@param ledger tallystick.Ledger
---@param entries tallystick.Entry[] the payment's
---@param payment_type tallystick.PaymentType that it will be made under
---@param rests tallystick.export.Remaining
---@return string[]? numbers
---@return string? message
---@return string? code
---@return tallystick.Details? details
function company.of(ledger, entries, payment_type, rests)
  local documents = commands.allocation(entries)
  local last = entries[#entries]
  if not payment_type.round_to or #documents == 0 then return {} end
  for _, entry in ipairs(entries) do
    if entry.kind == "rounding" or entry.kind == "deposit" then return {} end
  end
  local found = {
    rest = rests:of(documents[#documents], last.seq), step = payment_type.round_to.minor, type = payment_type,
    seq = last.seq, numbers = {}, named = #documents, listed = {},
  }
  if not would_close(found.rest, found.step) then return {} end
  for _, number in ipairs(documents) do found.listed[number] = true end
  return find_open(found, ledger, last.patient)
end

return company
