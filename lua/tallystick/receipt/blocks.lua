-- receipt/blocks.lua - checks the blocks that a template gives, and copies what is known of them into plain tables.
local keys = require "tallystick.keys"
local nearest = require "tallystick.config.nearest"

---What a receipt is made of, from the top to the bottom.
---@class tallystick.receipt.Block
---@field kind "head"|"title"|"notice"|"text"|"rows"|"table"|"rule"|"small"|"code"
---@field text? string of title, notice, text, small, code; a newline in text and small begins a line
---@field number? string of title: kept as it is where the title is set in capitals
---@field detail? string of notice: a line below
---@field lines? string[] of head
---@field rows? tallystick.receipt.Row[]|string[][] of rows; of table the cells by column
---@field columns? tallystick.receipt.Column[] of table

---@class tallystick.receipt.Row
---@field label string
---@field value string
---@field strong? boolean
---@field indent? boolean

---@class tallystick.receipt.Column
---@field title string
---@field right? boolean set to the right, as amounts are

local blocks = {}

-- A receipt of that many blocks would be metres long.
local BLOCKS_MAX = 500
-- Statements of long treatments have hundreds of lines; ten times that is a slip.
local ROWS_MAX = 5000
local COLUMNS_MAX = 8
-- The longest text that a ledger holds is a note of 4 KiB.
local TEXT_BYTES_MAX = 4096
-- All texts together: below what a browser or a printer takes a second for.
local ALL_BYTES_MAX = 1024 * 1024

-- A place in the list, and how much text was seen up to it.
local function refuse(path, problem, expected)
  error({ path = path, problem = problem, expected = expected }, 0)
end

local function text(value, path, budget)
  local expected = ("a string of at most %d bytes"):format(TEXT_BYTES_MAX)
  if type(value) ~= "string" then refuse(path, "is a " .. type(value), expected) end
  if #value > TEXT_BYTES_MAX then refuse(path, ("is %d bytes long"):format(#value), expected) end
  budget.bytes = budget.bytes + #value
  if budget.bytes > ALL_BYTES_MAX then
    refuse(path, "makes the texts too long together", ("at most %d bytes"):format(ALL_BYTES_MAX))
  end
  return value
end

local function flag(value, path)
  if type(value) ~= "boolean" then refuse(path, "is a " .. type(value), "true or false") end
  return value
end

-- Only a plain list will do: its items are read raw, so that no metamethod of a template runs here.
local function list_of(check, items_max)
  return function(value, path, budget)
    if type(value) ~= "table" then refuse(path, "is a " .. type(value), "a list") end
    local count, copy = 0, {}
    for _ in next, value do count = count + 1 end
    if count > items_max then refuse(path, ("has %d items"):format(count), ("at most %d"):format(items_max)) end
    for index = 1, count do
      local item = rawget(value, index)
      if item == nil then refuse(path, "is not a plain list", "items numbered from 1 without gaps") end
      copy[index] = check(item, ("%s[%d]"):format(path, index), budget)
    end
    return copy
  end
end

local function optional(check)
  return { check = check, optional = true }
end

local function required(check)
  return { check = check }
end

local function refuse_unknown(path, key, fields)
  local names = keys(fields)
  local near = nearest(key, names)
  local hint = near and ('; did you mean "%s"?'):format(near) or ""
  refuse(path, ("has no field %q%s"):format(tostring(key), hint), "one of " .. table.concat(names, ", "))
end

local function record(fields)
  return function(value, path, budget)
    if type(value) ~= "table" then refuse(path, "is a " .. type(value), "a table") end
    local copy = {}
    for key in next, value do
      if not fields[key] then refuse_unknown(path, key, fields) end
    end
    for name, field in pairs(fields) do
      local given, place = rawget(value, name), path .. "." .. name
      if given ~= nil then
        copy[name] = field.check(given, place, budget)
      elseif not field.optional then
        refuse(place, "is missing", "a value")
      end
    end
    return copy
  end
end

local row = record { label = required(text), value = required(text), strong = optional(flag), indent = optional(flag) }
local column = record { title = required(text), right = optional(flag) }

-- The fields of each kind of block, its kind apart.
local KINDS = {
  head = { lines = required(list_of(text, ROWS_MAX)) },
  title = { text = required(text), number = optional(text) },
  notice = { text = required(text), detail = optional(text) },
  text = { text = required(text) },
  rows = { rows = required(list_of(row, ROWS_MAX)) },
  table = {
    columns = required(list_of(column, COLUMNS_MAX)), rows = required(list_of(list_of(text, COLUMNS_MAX), ROWS_MAX)),
  },
  rule = {},
  small = { text = required(text) },
  code = { text = required(text) },
}

local kind_names = keys(KINDS)
local kind_checks = {}
for kind, fields in pairs(KINDS) do
  fields.kind = required(text)
  kind_checks[kind] = record(fields)
end

local function check_cells(block, path)
  for index, cells in ipairs(block.rows) do
    if #cells ~= #block.columns then
      local place = ("%s.rows[%d]"):format(path, index)
      refuse(place, ("has %d cells"):format(#cells), ("%d, one a column"):format(#block.columns))
    end
  end
end

local function block(value, path, budget)
  if type(value) ~= "table" then refuse(path, "is a " .. type(value), "a block") end
  local kind = rawget(value, "kind")
  local check = kind_checks[kind]
  if not check then
    local near = nearest(kind, kind_names)
    local hint = near and ('; did you mean "%s"?'):format(near) or ""
    local expected = "one of " .. table.concat(kind_names, ", ")
    refuse(path .. ".kind", ("is %s%s"):format(kind and tostring(kind) or "missing", hint), expected)
  end
  local copy = check(value, path, budget)
  if kind == "table" then check_cells(copy, path) end
  return copy
end

local all = list_of(block, BLOCKS_MAX)

---Checks a list of blocks that comes from outside.
---@param given any
---@return tallystick.receipt.Block[]? copy plain tables with what is known, and nothing else
---@return string? message
---@return table<string, string>? details `field` names the place, such as "blocks[3].rows[1].value"
function blocks.check(given)
  local ok, result = pcall(all, given, "blocks", { bytes = 0 })
  if ok then return result end
  if type(result) ~= "table" then error(result, 0) end
  local message = ("%s %s; give %s"):format(result.path, result.problem, result.expected)
  return nil, message, { field = result.path, value = result.problem, expected = result.expected }
end

return blocks
