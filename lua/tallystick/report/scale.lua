-- report/scale.lua - an axis of amounts: its ends and its ticks, at round numbers, in integers of minor units.
local scale = {}

-- Rounding an end of the axis up must not leave 64 bits. Beyond this an axis has its ends as they are, and no ticks.
local ROUNDED_MAX = 10 ^ 18 // 1 | 0

local function is_huge(low, high)
  return low < -ROUNDED_MAX or high > ROUNDED_MAX
end

-- The smallest of 1, 2, 5, 10, 20 … that parts a length into so many steps at most.
local function step_of(length, steps)
  local power = 1
  while true do
    for _, digit in ipairs { 1, 2, 5 } do
      if length <= digit * power * steps then return digit * power end
    end
    power = power * 10
  end
end

---@class tallystick.report.Scale
---@field low integer minor units; zero or less
---@field high integer minor units; above low
---@field ticks integer[] minor units, rising; zero is one of them

---Makes an axis that holds zero and the amounts between two.
---@param low integer minor units
---@param high integer minor units
---@param steps integer how many steps there is room for
---@return tallystick.report.Scale
function scale.of(low, high, steps)
  low, high = math.min(low, 0), math.max(high, 0)
  if is_huge(low, high) then return { low = low, high = math.max(high, low + 1), ticks = { 0 } } end
  local step = step_of(math.max(high - low, 1), steps)
  low, high = low // step * step, -(-high // step) * step
  if low == high then high = step end
  local ticks = {}
  for at = low, high, step do ticks[#ticks + 1] = at end
  return { low = low, high = high, ticks = ticks }
end

---Where an amount stands on an axis: 0 at its low end, 1 at its high end.
---@param axis tallystick.report.Scale
---@param minor integer
---@return number
function scale.share(axis, minor)
  -- As floats: the length of an axis may leave 64 bits where its ends do not.
  return (minor + 0.0 - axis.low) / (axis.high + 0.0 - axis.low)
end

return scale
