-- sum.lua - sums for people, beside amounts that are told one by one.
local keys = require "tallystick.keys"

local function add(one, other) return one + other end

---Adds up a field of rows; gives nil where the sum leaves 64 bits, which keeps no row from being told.
---@param rows table<any, table>
---@param name string of money values
---@param zero tallystick.Money
---@return tallystick.Money?
return function(rows, name, zero)
  local sum = zero
  for _, key in ipairs(keys(rows)) do
    local fits, more = pcall(add, sum, rows[key][name])
    if not fits then return nil end
    sum = more
  end
  return sum
end
