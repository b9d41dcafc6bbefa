-- Shows the values of lines of Lua: money as money, what the ledger gives as records and tables, other tables so that
-- they can be read.
local width = require "tallystick.width"

local show = {}

-- Of other tables so much is shown.
local DEPTH_MAX, ITEMS_MAX, LINE_MAX = 4, 200, 72

-- What the ledger gives is known by these fields; of each its columns in a list.
local KINDS = {
  { name = "documents", one = "document", fields = { "number", "charged", "remaining" },
    columns = { "status", "number", "patient", "day", "due", "charged", "settled", "remaining" } },
  { name = "payments", one = "payment", fields = { "number", "allocations" },
    columns = { "number", "kind", "day", "patient", "type", "group", "amount", "reversed" } },
  { name = "entries", one = "entry", fields = { "seq", "kind", "hash" },
    columns = { "seq", "act", "kind", "day", "document", "patient", "type", "debit", "credit", "amount", "actor" } },
}

-- The columns that a narrow window does without, the highest first.
local SPARE = {
  actor = 8, reversed = 7, act = 6, kind = 5, group = 4, debit = 3, credit = 3, settled = 2, due = 2, day = 1,
}

-- The fields of a record come in this order; the others follow by name.
local FIRST = { "number", "kind", "status", "seq", "patient", "document", "type", "group", "charged", "settled",
  "remaining", "amount" }

local function is_money(value)
  return type(value) == "userdata" and math.type(value.minor) == "integer"
end

local function kind_of_column(name, value)
  if name == "status" then return "status" end
  if name == "at" or name == "recorded_at" then return "time" end
  if is_money(value) then return "money" end
  return math.type(value) == "integer" and "count" or nil
end

local function known(value)
  if type(value) ~= "table" then return nil end
  for _, kind in ipairs(KINDS) do
    local fits = true
    for _, field in ipairs(kind.fields) do fits = fits and value[field] ~= nil end
    if fits then return kind end
  end
  return nil
end

-- ---- Tables that the ledger does not know ----

local function key_text(key)
  if type(key) == "string" and key:find "^[%a_][%w_]*$" then return key .. " = " end
  if type(key) == "string" then return ("[%q] = "):format(width.printable(key)) end
  return "[" .. tostring(key) .. "] = "
end

local function sorted_keys(value)
  local keys = {}
  for key in pairs(value) do
    if not (math.type(key) == "integer" and key >= 1 and key <= #value) then keys[#keys + 1] = key end
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

local describe

local function items_of(value, depth, seen)
  local items, left = {}, ITEMS_MAX
  local function add(prefix, item)
    left = left - 1
    if left >= 0 then items[#items + 1] = prefix .. describe(item, depth + 1, seen) end
  end
  for _, item in ipairs(value) do add("", item) end
  for _, key in ipairs(sorted_keys(value)) do add(key_text(key), value[key]) end
  if left < 0 then items[#items + 1] = ("… and %d more"):format(-left) end
  return items
end

local function describe_table(value, depth, seen)
  if next(value) == nil then return "{}" end
  local kind = depth > 0 and known(value)
  if kind then return ("%s %s"):format(kind.one, value.number or value.seq) end
  if seen[value] or depth > DEPTH_MAX then return "{…}" end
  seen[value] = true
  local items = items_of(value, depth, seen)
  seen[value] = nil
  local line = "{ " .. table.concat(items, ", ") .. " }"
  if #line <= LINE_MAX and not line:find "\n" then return line end
  local indent = ("  "):rep(depth)
  return "{\n" .. indent .. "  " .. table.concat(items, ",\n" .. indent .. "  ") .. ",\n" .. indent .. "}"
end

function describe(value, depth, seen)
  if type(value) == "string" then return ('"%s"'):format(width.printable(value):gsub('[\\"]', "\\%0")) end
  if type(value) == "table" and not (getmetatable(value) or {}).__tostring then
    return describe_table(value, depth, seen)
  end
  return width.printable(tostring(value))
end

-- A text alone is shown as it is, line for line: it may be a receipt.
local function lines_of(value)
  local lines = {}
  for line in (value .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = width.printable(line) end
  if lines[#lines] == "" and #lines > 1 then lines[#lines] = nil end
  return table.concat(lines, "\n")
end

-- ---- What the ledger gives ----

local function columns_of(kind, row)
  local columns = {}
  for index, name in ipairs(kind.columns) do
    columns[index] = { name = name, title = name:gsub("_", " "), kind = kind_of_column(name, row[name]),
      spare = SPARE[name], flex = name == "patient" or name == "type" }
  end
  return columns
end

local function show_sheet(out, kind, first, rows)
  out:sheet { name = kind.name, columns = columns_of(kind, first), rows = rows }
end

-- Of a record's fields those that say something: what it is not, and has none of, are most of them.
local function is_shown(name, value)
  if type(value) == "table" then return #value > 0 and type(value[1]) ~= "table" end
  if name == "remaining" or name == "charged" then return true end
  return value ~= false and name ~= "mark" and not (is_money(value) and value.minor == 0)
end

local function show_record(out, value)
  local fields, seen = {}, {}
  local function add(name)
    if seen[name] or value[name] == nil or not is_shown(name, value[name]) then return end
    seen[name] = true
    fields[#fields + 1] = { name = name, title = name:gsub("_", " "), value = value[name],
      kind = name == "status" and "status" or kind_of_column(name, value[name]) == "time" and "time" or nil }
  end
  for _, name in ipairs(FIRST) do add(name) end
  for _, name in ipairs(sorted_keys(value)) do add(name) end
  out:record { fields = fields, object = value }
end

-- A loop over the ledger's rows, as ledger:documents gives it: its rows are shown, as far as they are of one kind.
local function show_rows(out, iterator, state, control)
  local first = iterator(state, control)
  local kind = known(first)
  if first == nil then return out:say "none" end
  if not kind then return out:say(describe(first, 0, {})) end
  local row = first
  show_sheet(out, kind, first, function()
    local this = row
    if row ~= nil then row = iterator(state, row) end
    return this
  end)
end

-- Of which kind all items of a list are.
local function kind_of_all(list)
  local kind = known(list[1])
  for _, item in ipairs(list) do
    if known(item) ~= kind then return nil end
  end
  return kind
end

---Shows one value.
---@param out tallystick.cli.Output
---@param value any
function show.value(out, value)
  if known(value) then return show_record(out, value) end
  local kind = type(value) == "table" and kind_of_all(value)
  if kind then return show_sheet(out, kind, value[1], value) end
  if type(value) == "string" then return out:say(lines_of(value)) end
  out:say(describe(value, 0, {}))
end

---Shows the results of earlier lines, each with its place.
---@param out tallystick.cli.Output
---@param results any[]
function show.results(out, results)
  if #results == 0 then return out:say "none yet" end
  for index, result in ipairs(results) do out:say(("%4d  %s"):format(index, describe(result, 1, {}))) end
end

-- A loop over rows is a function with what closes it behind.
local function is_loop(values)
  return type(values[1]) == "function" and getmetatable(values[4]) == "tallystick.cursor"
end

---Shows the values of an expression.
---@param out tallystick.cli.Output
---@param values { n: integer, [integer]: any }
function show.values(out, values)
  if is_loop(values) then
    local _ <close> = values[4]
    return show_rows(out, values[1], values[2], values[3])
  end
  for index = 1, values.n do show.value(out, values[index]) end
end

return show
