-- Checks the amounts of payment types: their form at once, their size and decimals when the currency is known.

local amounts = {}

local EXPECTED = 'an amount as a string, such as "0.05"'

---The form of an amount (design.md §6): a positive decimal in a string. Lua numbers are refused, floats and integers
---alike, because 0.05 as a float is not 0.05.
---@param value any
---@param place tallystick.Place
---@return string? amount
function amounts.check(value, place)
  if type(value) ~= "string" then return place:refuse_kind(value, EXPECTED) end
  local digits = value:match "^%-?(%d+)$" or value:match "^%-?(%d+%.%d+)$"
  if not digits then return place:refuse("is not an amount", { value = value, expected = EXPECTED }) end
  if value:find "^%-" or not digits:find "[1-9]" then
    return place:refuse("is not positive", { value = value, expected = "an amount above zero" })
  end
  return value
end

---@param amount string
---@return integer
local function decimals_of(amount)
  return #(amount:match "%.(%d+)$" or "")
end

---@param amount string of no more than `decimals` decimals
---@param decimals integer
---@return integer? minor nil where it is more than an int64 holds
local function to_minor(amount, decimals)
  local padding = ("0"):rep(decimals - decimals_of(amount))
  -- Digits that an integer cannot hold become a float, so the type tells whether they fit.
  local minor = tonumber((amount:gsub("%.", "")) .. padding)
  return math.type(minor) == "integer" and minor --[[@as integer]] or nil
end

---@param amount string
---@param place tallystick.Place
---@param decimals integer
---@return integer? minor
local function convert(amount, place, decimals)
  if decimals_of(amount) > decimals then
    local expected = decimals == 0 and "a whole amount" or ("at most %d decimals"):format(decimals)
    return place:refuse("has more decimals than the currency", { value = amount, expected = expected })
  end
  local minor = to_minor(amount, decimals)
  if not minor then
    place:refuse("is more than a ledger can hold", { value = amount, expected = "a smaller amount" })
  end
  return minor
end

---Holds the amounts of one payment type against the currency and against each other.
---@param payment_type table
---@param place tallystick.Place of the payment type
---@param exponent integer? the decimals of the currency; nil where the script names none
function amounts.settle(payment_type, place, exponent)
  local round_to, max = payment_type.round_to, payment_type.max
  local decimals = exponent or math.max(decimals_of(round_to or ""), decimals_of(max or ""))
  local step = round_to and convert(round_to, place:at "round_to", decimals)
  local limit = max and convert(max, place:at "max", decimals)
  if step and limit and limit % step ~= 0 then
    local expected = ("a multiple of round_to, %s"):format(round_to)
    place:at "max":refuse("cannot be paid in steps of " .. round_to, { value = max, expected = expected })
  end
end

return amounts
