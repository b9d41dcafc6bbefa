-- json_read.lua - reads lines, given in hexadecimal, as JSON, and writes what each means in one form, for
-- json_beside.py.
local json = require "tallystick.json"

local function hex(text)
  return (text:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local write

local function write_members(value)
  local names, members = {}, {}
  for name in pairs(value) do names[#names + 1] = name end
  table.sort(names)
  for index, name in ipairs(names) do members[index] = hex(name) .. ":" .. write(value[name]) end
  return "{" .. table.concat(members, ",") .. "}"
end

function write(value)
  if value == json.null then return "null" end
  if type(value) == "string" then return '"' .. hex(value) .. '"' end
  if type(value) == "boolean" or math.type(value) == "integer" then return tostring(value) end
  if type(value) == "number" then return "f" .. hex(string.pack(">d", value)) end
  if #value == 0 then return write_members(value) end
  local items = {}
  for index, item in ipairs(value) do items[index] = write(item) end
  return "[" .. table.concat(items, ",") .. "]"
end

for line in io.lines() do
  local text = line:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end)
  local value, message = json.decode(text)
  print(message and "refused" or write(value))
end
