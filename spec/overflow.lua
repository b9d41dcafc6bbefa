-- What the specs of sums beyond 64 bits share: the amounts at the end of what there is, and books made of a list of
-- commands.
local helper = require "spec.helper"

local overflow = {}

---The largest amount that there is, the one below it, and what is below zero by as much.
overflow.MOST, overflow.NEARLY, overflow.LEAST = "92233720368547758.07", "92233720368547758.06", "-92233720368547758.07"

---Types of every effect and excess, and some whose steps and limits lie beside those amounts.
overflow.SCRIPT = [[
local clinic = ...
clinic:payment_type { id = "cash", default = true, round_to = "0.05", excess = "change" }
clinic:payment_type { id = "coin", round_to = "0.10" }
clinic:payment_type { id = "small", round_to = "0.10", max = "100.00" }
clinic:payment_type { id = "card" }
clinic:payment_type { id = "transfer", excess = "credit" }
clinic:payment_type { id = "credit", effect = "credit" }
clinic:payment_type { id = "discount", effect = "discount" }
clinic:payment_type { id = "loss", effect = "loss" }
]]

---A command with its fields; one that begins with a number sets the clock to that day of January 2026 before.
---@alias spec.overflow.Line { [1]: string|integer, [2]: table|string, [3]: table? }

---Makes books of commands, from 5 January 2026 on.
---@param lines spec.overflow.Line[]
---@param options? { script?: string, path?: string }
---@return tallystick.Ledger
---@return fun(day: integer) at sets the clock
---@return fun(line: spec.overflow.Line): table run runs one more command, which must not be refused
function overflow.books(lines, options)
  options = options or {}
  local ledger, clock = helper.open { script = options.script or overflow.SCRIPT, path = options.path,
    now = "2026-01-05T10:00:00Z" }
  local function at(day) clock.now = ("2026-01-%02dT10:00:00Z"):format(day) end
  local function run(line)
    local first = math.type(line[1]) and 2 or 1
    if first == 2 then at(line[1]) end
    return assert(ledger[line[first]](ledger, line[first + 1]))
  end
  for _, line in ipairs(lines) do run(line) end
  return ledger, at, run
end

---@return spec.overflow.Line
function overflow.visit(amount, patient)
  return { "consultation", { patient = patient or "P1", amount = amount } }
end

---@return spec.overflow.Line
function overflow.pay(document, kind, fields)
  fields = fields or {}
  fields.document, fields.type = document, kind
  return { "pay", fields }
end

---@return spec.overflow.Line
function overflow.on(day, line) return { day, line[1], line[2] } end

---Asserts that a command is refused for a sum, and writes nothing.
---@param ledger tallystick.Ledger
---@param line spec.overflow.Line
function overflow.refuses(ledger, line)
  return helper.refuses(ledger, line[1], line[2], "amount-overflow")
end

return overflow
