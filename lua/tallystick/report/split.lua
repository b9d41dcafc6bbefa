-- report/split.lua - totals of business days split by type, group, day, month, year and actor, and the sheets of them.
-- Every figure is one of ledger:totals; months and years are days folded together.
local split = {}

---What the totals of a period can be split by.
---@type string[]
split.ways = { "type", "group", "day", "month", "year", "actor" }

-- The moving of money, and what settles documents without any.
local MONEY = { "collected", "refunded", "deposited", "withdrawn", "money" }
local SETTLED = { "credited", "discounted", "lost", "rounded" }

-- How much of a day is left of it where days are folded: "2026-11" and "2026". Years have four digits or more.
local FOLDS = { month = "^(%-?%d+%-%d%d)", year = "^(%-?%d+)" }

-- What the ledger is asked: it knows of days only.
local function asked_of(by)
  local asked, seen = {}, {}
  for _, way in ipairs(by) do
    local own = FOLDS[way] and "day" or way
    if not seen[own] then asked[#asked + 1] = own end
    seen[own] = true
  end
  return asked
end

local function needs_fold(by)
  for _, way in ipairs(by) do
    if FOLDS[way] then return true end
  end
  return false
end

local function add(sum, row)
  sum.count = sum.count + row.count
  for _, name in ipairs(MONEY) do sum[name] = sum[name] + row[name] end
  for _, name in ipairs(SETTLED) do sum[name] = sum[name] + row[name] end
end

---Folds rows that agree in what they are split by.
---@param rows tallystick.Totals[]
---@param by string[]
---@return tallystick.Totals[]
function split.fold(rows, by)
  local folded, places = {}, {}
  for _, row in ipairs(rows) do
    local keys = {}
    for index, way in ipairs(by) do
      local fold = FOLDS[way]
      keys[index] = fold and row.day:match(fold) or row[way]
    end
    local key = table.concat(keys, "\0")
    local sum = places[key]
    if sum then
      add(sum, row)
    else
      sum = { count = row.count }
      for index, way in ipairs(by) do sum[way] = keys[index] end
      for _, name in ipairs(MONEY) do sum[name] = row[name] end
      for _, name in ipairs(SETTLED) do sum[name] = row[name] end
      folded[#folded + 1], places[key] = sum, sum
    end
  end
  return folded
end

-- Types stand in the order of their declaration, others by their names.
local function sort(made, rows, by)
  local function precedes(left, right)
    for _, way in ipairs(by) do
      local one, other = left[way], right[way]
      if one ~= other then
        local place, other_place = made.order[one], made.order[other]
        if way == "type" and place ~= other_place then return (place or math.huge) < (other_place or math.huge) end
        return one < other
      end
    end
    return false
  end
  table.sort(rows, precedes)
end

---Reads totals.
---@param made tallystick.report.Tools
---@param asked { from?: string, to?: string, by: string[] }
---@return tallystick.Totals[]? rows
---@return string? message
---@return string? code
---@return table? details
function split.read(made, asked)
  local by = asked.by
  local rows, message, code, details = made.ledger:totals { from = asked.from, to = asked.to, by = asked_of(by) }
  if not rows then return nil, message, code, details end
  if needs_fold(by) then rows = split.fold(rows, by) end
  sort(made, rows, by)
  return rows
end

-- ---- Sheets ----

local function any(row, names)
  for _, name in ipairs(names) do
    if row[name].minor ~= 0 then return true end
  end
  return false
end

local function copy(row, by, names)
  local out = {}
  for _, way in ipairs(by) do out[way] = row[way] end
  for _, name in ipairs(names) do out[name] = row[name] end
  return out
end

---The words that the values of a way of splitting have for people; nil where they speak for themselves.
---@param made tallystick.report.Tools
---@param way string
---@param rows table[]
---@return table<string, string>?
function split.labels(made, way, rows)
  if way == "type" then return made.labels_of(rows, "type", function(id) return made:type_label(id) end) end
  if way == "month" then
    return made.labels_of(rows, "month", function(month) return made:month_label(month) end)
  end
  if way == "group" or way == "actor" then return { [""] = made:word("no_" .. way) } end
end

local function columns_of(made, by, rows, names)
  local columns = {}
  for _, way in ipairs(by) do
    local kind = way == "day" and "day" or nil
    columns[#columns + 1] = made:column(way, kind, { labels = split.labels(made, way, rows), flex = way == "type" })
  end
  columns[#columns + 1] = made:column("count", "count")
  made:add_columns(columns, "money", names)
  return columns
end

---Whether a row of totals belongs to the money: by its type, or as money moved by a type that was money before a script
---made it a discount, say.
---@param made tallystick.report.Tools
---@param row tallystick.Totals
---@return boolean
function split.is_money(made, row)
  return not row.type or made:is_money(row.type) or any(row, MONEY)
end

---The two sheets of totals: money that moved, and what was settled without money. An act is counted in one of them: by
---its type; in the first where the rows are not split by type.
---@param made tallystick.report.Tools
---@param rows tallystick.Totals[]
---@param by string[]
---@return tallystick.Sheet money
---@return tallystick.Sheet settled
function split.sheets(made, rows, by)
  local moved, settled = {}, {}
  for _, row in ipairs(rows) do
    local is_money = split.is_money(made, row)
    if is_money then
      local out = copy(row, by, MONEY)
      out.count, moved[#moved + 1] = row.count, out
    end
    if not is_money or any(row, SETTLED) then
      local out = copy(row, by, SETTLED)
      out.count, settled[#settled + 1] = not is_money and row.count or nil, out
    end
  end
  return made:sheet("money", columns_of(made, by, rows, MONEY), moved),
    made:sheet("settled", columns_of(made, by, rows, SETTLED), settled)
end

return split
