-- Makes a column of a sheet, or a field of a record, that is called as its name reads.

---@param name string
---@param kind? string as of a column; default text
---@param more? table further fields; also a title of its own
---@return table
return function(name, kind, more)
  local made = { name = name, title = name:gsub("_", " "), kind = kind }
  for field, value in pairs(more or {}) do made[field] = value end
  return made
end
