-- report/show.lua - how values are set for people on a page: amounts, counts, days, times, and what HTML must not see.
local core = require "tallystick.core"
local page = require "tallystick.page"

local show = {}

show.escape = page.escape

-- Thousands apart as in Switzerland, in the whole part alone.
local function apart(text)
  local sign, whole, rest = text:match "^(%-?)(%d+)(.*)$"
  return sign .. whole:reverse():gsub("(%d%d%d)", "%1'"):reverse():gsub("^'", "") .. rest
end

---@param amount tallystick.Money
---@return string "1'234.50", without its currency
function show.money(amount)
  return apart(amount:decimal())
end

---@param count integer
---@return string
function show.count(count)
  return apart(tostring(count))
end

---@param day string "2026-11-20"
---@return string "20.11.2026"
function show.day(day)
  return (day:gsub("^(%-?%d%d%d%d+)%-(%d%d)%-(%d%d).*$", "%3.%2.%1"))
end

---@param time string as the ledger gives it
---@return string "20.11.2026 14:30"
function show.time(time)
  local clock = time:match "T(%d%d:%d%d)"
  return clock and ("%s %s"):format(show.day(time), clock) or show.day(time)
end

---Minor units as an amount, without decimals where all of a list have none.
---@param minors integer[]
---@param currency string
---@return string[]
function show.ticks(minors, currency)
  local decimals = core.currency_exponent(currency)
  local unit, whole = 10 ^ decimals // 1 | 0, true
  for _, minor in ipairs(minors) do whole = whole and minor % unit == 0 end
  local texts = {}
  for place, minor in ipairs(minors) do
    local magnitude = math.abs(minor)
    local text = tostring(magnitude // unit)
    if not whole then text = ("%s.%0" .. decimals .. "d"):format(text, magnitude % unit) end
    texts[place] = apart((minor < 0 and "-" or "") .. text)
  end
  return texts
end

local setters = { money = show.money, count = show.count, day = show.day, time = show.time }

---Sets a value of a column as text; what is not there is an empty one.
---@param column tallystick.Column
---@param value any
---@return string
function show.value(column, value)
  if value == nil then return "" end
  local word = column.labels and column.labels[value]
  if word then return word end
  local set = setters[column.kind]
  return set and set(value) or tostring(value)
end

return show
