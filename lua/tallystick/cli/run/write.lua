-- The commands that write (design §6): hands the values to the ledger as they are, and says in a line what was written.
local UNKNOWN = require("tallystick.cli.call").UNKNOWN
local exit = require "tallystick.cli.exit"
local json = require "tallystick.json"
local open = require "tallystick.cli.open"
local patience = require "tallystick.cli.patience"
local text = require "tallystick.cli.text"

local write = {}

-- Values that are no fields: how the answer looks.
local OF_THE_OUTPUT = { json = true, csv = true, ledger = true, quiet = true }

local function fields_of(args)
  local fields = {}
  for name, value in pairs(args) do
    if not OF_THE_OUTPUT[name] then fields[name] = value end
  end
  return fields
end

-- What the command line fills in where a person leaves it out.
local FILL = {
  close_days = function(fields, ledger) fields.through = fields.through or open.today(ledger) end,
}

-- ---- What was written, in words ----

local function standing(result, output)
  if not result.document or not result.status or result.cancelled then return "" end
  local rest = result.remaining.minor == 0 and "" or (", %s remaining"):format(output:cell(result.remaining))
  return ("; %s is %s%s"):format(result.document, output:cell(result.status, "status", result), rest)
end

local function tell_document(verb)
  return function(result, output)
    return ("%s %s of %s: %s"):format(result.number, verb, result.patient, output:cell(result.charged))
  end
end

local function allocated(result, output)
  if #result.allocations == 1 then return " on " .. result.allocations[1].document end
  local parts = {}
  for index, allocation in ipairs(result.allocations) do
    parts[index] = ("%s %s"):format(allocation.document, output:cell(allocation.amount, "money"))
  end
  return #parts > 0 and " on " .. table.concat(parts, ", ") or ""
end

local function tell_payment(result, output)
  local parts = { ("%s %s by %s%s"):format(result.number, output:cell(result.amount), result.type,
    allocated(result, output)) }
  if result.group then parts[#parts + 1] = "group " .. result.group end
  if result.change and result.change.minor ~= 0 then parts[#parts + 1] = "change " .. output:cell(result.change) end
  if result.deposited and result.deposited.minor ~= 0 and #result.allocations > 0 then
    parts[#parts + 1] = output:cell(result.deposited) .. " kept as the patient's credit"
  end
  return table.concat(parts, ", ")
end

local TELL = {
  consultation = tell_document "made, a consultation",
  invoice = tell_document "made, an invoice",
  charge = function(result, output) return ("%s charges %s"):format(result.document, output:cell(result.charged)) end,
  cancel = function(result) return result.document .. " is cancelled" end,
  pay = tell_payment,
  correct = function(result, output)
    return ("%s, in the place of %s"):format(tell_payment(result, output), result.corrects)
  end,
  reverse = function(result, output)
    return ("%s is reversed: %s by %s"):format(result.payment, output:cell(result.amount), result.type)
  end,
  refund = function(result, output)
    return ("%s %s paid back by %s, of %s"):format(result.number, output:cell(result.amount), result.type,
      result.refund_of)
  end,
  deposit = function(result, output)
    return ("%s %s by %s on the credit of %s"):format(result.number, output:cell(result.amount), result.type,
      result.patient)
  end,
  withdraw = function(result, output)
    return ("%s %s by %s from the credit of %s"):format(result.number, output:cell(result.amount), result.type,
      result.patient)
  end,
  transfer = function(result, output)
    return ("%s from the credit of %s to that of %s"):format(output:cell(result.amount), result.from, result.to)
  end,
  close_days = function(result)
    return ("all days through %s are closed; head %s %s"):format(result.through, result.head and result.head.seq or "–",
      result.head and result.head.hash or "not written yet")
  end,
  move = function(result)
    return ("%s moved from %s to %s"):format(result.document, result.from or "the start", result.to)
  end,
  print = function(result)
    return ("%s counts as printed, %s by now"):format(result.payment, text.counted(result.prints, "time"))
  end,
}

---Says in one line what a command wrote, or would write.
---@param command string
---@param result table as the ledger answered
---@param output tallystick.cli.Output
---@return string
function write.tell(command, result, output)
  local line = TELL[command](result, output) .. standing(result, output)
  if result.dry_run then return "would be: " .. line .. " (nothing was written)" end
  if result.replayed then return "done before: " .. line .. " (the key was used already; nothing was written)" end
  return line
end

-- ---- What programs get ----

-- In this order; what is there besides follows.
local FIRST = { "act", "number", "document", "status", "remaining", "replayed", "dry_run" }

-- Lists stay lists where nothing is in them.
local LISTS = { "allocations", "consultations", "payments", "refunds", "totals", "log", "warnings" }

local function record_of(result)
  for _, name in ipairs(LISTS) do
    if result[name] then setmetatable(result[name], json.array) end
  end
  local fields, seen = {}, {}
  for _, name in ipairs(FIRST) do
    fields[#fields + 1], seen[name] = { name = name, title = name, value = result[name] }, true
  end
  local others = {}
  for name, value in pairs(result) do
    if not seen[name] and type(value) ~= "table" then others[#others + 1] = name end
  end
  table.sort(others)
  for _, name in ipairs(others) do fields[#fields + 1] = { name = name, title = name, value = result[name] } end
  return { fields = fields, object = result }
end

-- In JSON they stand in the answer.
local function tell_warnings(call, result)
  if call.output.format == "json" then return end
  for _, line in ipairs(result.log or {}) do call.output:say(line) end
  for _, warning in ipairs(result.warnings or {}) do call:complain(warning.message, warning.code, warning) end
end

---@param call tallystick.cli.Call
---@return integer exit_code
---@return table? result as the ledger answered
function write.run(call)
  local name, ledger = call.definition.name, call.ledger
  local fields = fields_of(call.args)
  if FILL[name] then FILL[name](fields, ledger) end
  call:note_write(UNKNOWN)
  local result, message, code, details = patience.run(ledger, name, fields)
  if not result then return call:refuse(message, code, details) end
  call:note_write("it was written: " .. write.tell(name, result, call.output))
  if call.output.format == "text" then
    call.output:say(write.tell(name, result, call.output))
  else
    call.output:record(record_of(result))
  end
  tell_warnings(call, result)
  return exit.DONE, result
end

return write
