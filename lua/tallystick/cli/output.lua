-- Where a command's results go: as aligned tables for people, as JSON or CSV for programs. A command hands over sheets
-- and records (raw values with their names); how they look is decided here alone.
local csv = require "tallystick.csv"
local json = require "tallystick.json"
local marks = require "tallystick.marks"
local text = require "tallystick.cli.text"
local width = require "tallystick.width"

---A column of a sheet.
---@class tallystick.Column
---@field name string the field of a row; also the CSV's header and the JSON's key
---@field title string
---@field kind? "text"|"money"|"count"|"day"|"time"|"status" default "text"; money and counts are set to the right
---@field flex? boolean may be cut where the window is too narrow

---A table of results.
---@class tallystick.Sheet
---@field name string
---@field title? string
---@field columns tallystick.Column[]
---@field rows table[]|fun(): table? by column name; an iterator where there may be many
---@field sum? table a last row of sums
---@field empty? string what is said to people where there are no rows

---One thing with its fields.
---@class tallystick.Record
---@field title? string
---@field fields { name: string, title: string, kind?: string, value: any }[] what people are shown; nil values are not
---@field object? table what programs get; the fields otherwise

---@class tallystick.cli.Output
---@field format "text"|"json"|"csv"
---@field window? integer columns of the window; nil: as wide as it comes
---@field colour boolean
---@field private write fun(piece: string)
local Output = {}
Output.__index = Output

local output = {}

local BOLD, GREY, PLAIN = "\27[1m", "\27[90m", "\27[0m"
local RIGHT = { money = true, count = true }
-- A column that is cut keeps so much, else nothing could be told from it.
local FLEX_LEAST = 8

---@param options { format?: string, window?: integer, colour?: boolean, write?: fun(piece: string) }
---@return tallystick.cli.Output
function output.new(options)
  return setmetatable({
    format = options.format or "text", window = options.window, colour = options.colour or false,
    write = options.write or function(piece) io.stdout:write(piece) end,
  }, Output)
end

-- ---- Cells for people ----

local function shown_list(list)
  local parts = {}
  for index, item in ipairs(list) do parts[index] = tostring(item) end
  return table.concat(parts, ", ")
end

-- An instant without its seconds and its offset: the window is a local one.
local function shown_time(value)
  return (value:gsub("^(%d+%-%d+%-%d+)T(%d+:%d+).*$", "%1 %2"))
end

local SHOWN = {
  money = function(value) return value.minor == 0 and "·" or text.grouped(value:decimal()) end,
  count = function(value) return value == 0 and "·" or text.grouped(value) end,
  time = shown_time,
}

function Output:status(value, row)
  local mark = marks.format(value, { colour = self.colour })
  if value == "invoiced" and row and row.invoice then return mark .. " " .. row.invoice end
  return mark .. " " .. value:gsub("_", " ")
end

-- Gives what a cell shows; anything that came from outside is made safe for a line of a terminal.
function Output:cell(value, kind, row)
  if value == nil then return "" end
  if kind == "status" then return self:status(value, row) end
  if SHOWN[kind] then return SHOWN[kind](value) end
  if type(value) == "userdata" then return text.grouped(tostring(value)) end
  if type(value) == "boolean" then return value and "yes" or "no" end
  if type(value) == "table" then value = shown_list(value) end
  return width.printable(tostring(value))
end

---Gives a text in bold, where there are colours.
---@param piece string
---@return string
function Output:bold(piece)
  return self.colour and BOLD .. piece .. PLAIN or piece
end

---Gives a text in grey, where there are colours.
---@param piece string
---@return string
function Output:grey(piece)
  return self.colour and GREY .. piece .. PLAIN or piece
end

-- ---- Tables for people ----

-- Cuts the columns that may be cut, the widest first, until a line fits the window.
local function fit(columns, rooms, window)
  local taken = 2 * (#columns - 1)
  for _, room in ipairs(rooms) do taken = taken + room end
  while window and taken > window do
    local widest
    for index, column in ipairs(columns) do
      if column.flex and rooms[index] > FLEX_LEAST and (not widest or rooms[index] > rooms[widest]) then
        widest = index
      end
    end
    if not widest then return end
    rooms[widest], taken = rooms[widest] - 1, taken - 1
  end
end

local function text_columns(columns)
  local out = {}
  for index, column in ipairs(columns) do
    out[index] = { title = column.title, right = RIGHT[column.kind], flex = column.flex }
  end
  return out
end

function Output:text_rows(sheet)
  local rows = {}
  local function add(row)
    local cells = {}
    for index, column in ipairs(sheet.columns) do cells[index] = self:cell(row[column.name], column.kind, row) end
    rows[#rows + 1] = cells
  end
  if type(sheet.rows) == "function" then
    for row in sheet.rows do add(row) end
  else
    for _, row in ipairs(sheet.rows) do add(row) end
  end
  local count = #rows
  if sheet.sum and count > 0 then add(sheet.sum) end
  return rows, count
end

function Output:text_sheet(sheet)
  local rows, count = self:text_rows(sheet)
  if sheet.title then self.write(self:bold(sheet.title) .. "\n") end
  if count == 0 then
    self.write((sheet.empty or "none") .. "\n")
    return 0
  end
  local columns = text_columns(sheet.columns)
  local rooms = text.rooms(columns, rows)
  fit(columns, rooms, self.window)
  self.write(text.set(columns, rows, rooms, function(titles) return self:grey(titles) end) .. "\n")
  return count
end

-- ---- For programs ----

local function names_of(columns)
  local names = {}
  for index, column in ipairs(columns) do names[index] = column.name end
  return names
end

local function each_row(sheet, visit)
  local count = 0
  if type(sheet.rows) == "function" then
    for row in sheet.rows do
      visit(row)
      count = count + 1
    end
    return count
  end
  for _, row in ipairs(sheet.rows) do visit(row) end
  return #sheet.rows
end

function Output:csv_sheet(sheet)
  local names = names_of(sheet.columns)
  self.write(csv.line(names))
  return each_row(sheet, function(row)
    local cells = {}
    for index, name in ipairs(names) do
      local value = row[name]
      cells[index] = type(value) == "table" and shown_list(value) or value
    end
    self.write(csv.line(cells, #names))
  end)
end

function Output:json_sheet(sheet, tag)
  local names = names_of(sheet.columns)
  if tag then table.insert(names, 1, "sheet") end
  return each_row(sheet, function(row)
    local object = { sheet = tag }
    for _, column in ipairs(sheet.columns) do object[column.name] = row[column.name] end
    self.write(json.encode(object, names) .. "\n")
  end)
end

---Writes a sheet.
---@param sheet tallystick.Sheet
---@param tag? string in JSON, says of which sheet a row is
---@return integer count of its rows
function Output:sheet(sheet, tag)
  if self.format == "json" then return self:json_sheet(sheet, tag) end
  if self.format == "csv" then return self:csv_sheet(sheet) end
  return self:text_sheet(sheet)
end

-- ---- Records ----

local function object_of(record)
  local object, names = {}, {}
  for _, field in ipairs(record.fields) do
    if field.value ~= nil then object[field.name] = field.value end
    names[#names + 1] = field.name
  end
  return record.object or object, names
end

function Output:csv_record(record)
  local names, cells = {}, {}
  for index, field in ipairs(record.fields) do
    local value = field.value
    names[index] = field.name
    cells[index] = type(value) == "table" and shown_list(value) or value
  end
  self.write(csv.line(names))
  self.write(csv.line(cells, #names))
end

function Output:text_record(record)
  local rows = {}
  for _, field in ipairs(record.fields) do
    if field.value ~= nil then
      rows[#rows + 1] = { self:grey(field.title), self:cell(field.value, field.kind, record.object) }
    end
  end
  if record.title then self.write(self:bold(record.title) .. "\n") end
  local columns = { { title = "" }, { title = "" } }
  self.write(text.set(columns, rows, text.rooms(columns, rows)) .. "\n")
end

---Writes a record.
---@param record tallystick.Record
function Output:record(record)
  if self.format == "csv" then return self:csv_record(record) end
  if self.format == "text" then return self:text_record(record) end
  local object, names = object_of(record)
  self.write(json.encode(object, names) .. "\n")
end

---Writes a line for people; programs do not get it.
---@param line? string
function Output:say(line)
  if self.format == "text" then self.write((line or "") .. "\n") end
end

---Writes a text as it is, in whatever format.
---@param piece string
function Output:raw(piece)
  self.write(piece)
end

return output
