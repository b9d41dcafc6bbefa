-- keys.lua - the keys of a table in an order that does not change from run to run.

---@param map table<string, any>
---@return string[]
return function(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end
