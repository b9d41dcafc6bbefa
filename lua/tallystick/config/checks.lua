-- The checks of which the schema is made. Each takes a value and its place, and gives the value, or nil and a mistake.

local mistakes = require "tallystick.config.mistakes"
local nearest = require "tallystick.config.nearest"

local checks = {}

---@alias tallystick.Check fun(value: any, place: tallystick.Place): any

---@class tallystick.Field
---@field name string
---@field check tallystick.Check
---@field required boolean?
---@field default any taken where the field is left out

---@param value any
---@param place tallystick.Place
---@return boolean?
function checks.boolean(value, place)
  if type(value) == "boolean" then return value end
  return place:refuse_kind(value, "true or false")
end

---A whole number between two others.
---@param least integer
---@param greatest integer
---@return tallystick.Check
function checks.integer(least, greatest)
  local expected = ("a whole number from %d to %d"):format(least, greatest)
  return function(value, place)
    if math.type(value) ~= "integer" then return place:refuse_kind(value, expected) end
    if value >= least and value <= greatest then return value end
    return place:refuse("is out of range", { value = value, expected = expected })
  end
end

---What is wrong with a text, to be read after it.
---@param text string
---@param bytes_max integer
---@return string? fault
local function text_fault(text, bytes_max)
  if text == "" then return "is empty" end
  if #text > bytes_max then return ("is %d bytes long"):format(#text) end
  if not utf8.len(text) then return "is not UTF-8" end
  if text:find "[\0-\31\127]" or text:find "\xC2[\x80-\x9F]" then return "has a control character" end
  return nil
end

---A text for people: UTF-8, not empty, without control characters, because it is printed on receipts and terminals.
---@param bytes_max integer
---@return tallystick.Check
function checks.text(bytes_max)
  local expected = ("a text of 1 to %d bytes of UTF-8"):format(bytes_max)
  return function(value, place)
    if type(value) ~= "string" then return place:refuse_kind(value, expected) end
    local fault = text_fault(value, bytes_max)
    if fault then return place:refuse(fault, { value = value, expected = expected }) end
    return value
  end
end

---A string by its length and by Lua patterns, of which one must fit.
---@param form { patterns: string[], bytes_max: integer, expected: string }
---@return tallystick.Check
function checks.name(form)
  return function(value, place)
    if type(value) ~= "string" then return place:refuse_kind(value, form.expected) end
    if #value > form.bytes_max then
      return place:refuse(("is %d bytes long"):format(#value), { value = value, expected = form.expected })
    end
    for _, pattern in ipairs(form.patterns) do
      if value:find(pattern) then return value end
    end
    return place:refuse("does not fit", { value = value, expected = form.expected })
  end
end

---One of a closed list of names.
---@param choices string[]
---@return tallystick.Check
function checks.one_of(choices)
  local expected = mistakes.alternatives(choices)
  local known = {}
  for _, choice in ipairs(choices) do known[choice] = true end
  return function(value, place)
    if type(value) ~= "string" then return place:refuse_kind(value, expected) end
    if known[value] then return value end
    local suggestion = nearest(value, choices)
    return place:refuse("is not known here", { value = value, expected = expected, suggestion = suggestion })
  end
end

---The number of items where a table is a plain list, else nil.
---@param value table
---@return integer? length
local function list_length(value)
  local keys = 0
  for _ in pairs(value) do keys = keys + 1 end
  for index = 1, keys do
    if value[index] == nil then return nil end
  end
  return keys
end

---@param list any[]
---@param item tallystick.Check
---@param place tallystick.Place
---@return any[]
local function distinct_items(list, item, place)
  local items, seen = {}, {}
  for index, raw in ipairs(list) do
    local value = item(raw, place:at(index))
    if value ~= nil and seen[value] then
      place:at(index):refuse("stands in the list twice", { value = value, expected = "each only once" })
    elseif value ~= nil then
      seen[value] = true
      items[#items + 1] = value
    end
  end
  return items
end

---A list that is not empty and repeats nothing.
---@param item tallystick.Check
---@param example string such as `{ "manager" }`
---@return tallystick.Check
function checks.list_of(item, example)
  local expected = "a list, such as " .. example
  return function(value, place)
    if type(value) ~= "table" then return place:refuse_kind(value, expected) end
    local length = list_length(value)
    if length == 0 then return place:refuse("is empty", { expected = expected }) end
    if not length then return place:refuse("is not a plain list", { value = value, expected = expected }) end
    return distinct_items(value, item, place)
  end
end

---The keys of a table in an order that does not change from run to run.
---@param value table
---@return any[]
local function sorted_keys(value)
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(left, right) return tostring(left) < tostring(right) end)
  return keys
end

---Refuses the fields that nobody knows.
---@param value table
---@param names string[] the known ones
---@param place tallystick.Place
---@return table<string, boolean> meant the known fields that were probably meant
local function refuse_unknown(value, names, place)
  local known, meant = {}, {}
  for _, name in ipairs(names) do known[name] = true end
  for _, key in ipairs(sorted_keys(value)) do
    if not known[key] then
      local suggestion = nearest(key, names)
      if suggestion then meant[suggestion] = true end
      place:at(key):refuse("is not a known field", {
        expected = mistakes.alternatives(names), suggestion = suggestion,
      })
    end
  end
  return meant
end

---A table with named fields. In what it gives, a field that was wrong is nil and not its default, so that later checks
---do not draw conclusions from it; the same holds for one that was probably misspelt.
---@param fields tallystick.Field[]
---@param example string such as `{ required = true }`
---@return tallystick.Check
function checks.record(fields, example)
  local names = {}
  for index, field in ipairs(fields) do names[index] = field.name end
  return function(value, place)
    if type(value) ~= "table" then return place:refuse_kind(value, "a table, such as " .. example) end
    local meant = refuse_unknown(value, names, place)
    local result = {}
    for _, field in ipairs(fields) do
      local raw = value[field.name]
      if raw ~= nil or field.required and not meant[field.name] then
        result[field.name] = field.check(raw, place:at(field.name))
      elseif not meant[field.name] then
        result[field.name] = field.default
      end
    end
    return result
  end
end

---A table whose keys the author chooses.
---@param map { key: tallystick.Check, value: tallystick.Check, example: string }
---@return tallystick.Check
function checks.map(map)
  local expected = "a table, such as " .. map.example
  return function(value, place)
    if type(value) ~= "table" then return place:refuse_kind(value, expected) end
    if next(value) == nil then return place:refuse("is empty", { expected = expected }) end
    local result = {}
    for _, key in ipairs(sorted_keys(value)) do
      local valid = map.key(key, place:at(key))
      if valid then result[valid] = map.value(value[key], place:at(key)) end
    end
    return result
  end
end

return checks
