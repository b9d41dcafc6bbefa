-- Where a command's results go: as aligned tables for people, as JSON or CSV for programs. A command hands over sheets
-- and records (raw values with their names); how they look is decided here alone.
local csv = require "tallystick.csv"
local exit = require "tallystick.cli.exit"
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
---@field spare? integer left out where the window is still too narrow, the highest first
---@field labels? table<string, string> words for people by value, where the value is an id

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
---@field fields { name: string, title: string, kind?: string, value: any, labels?: table }[] nil is not shown to people
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
-- Widths are fitted to so many rows at a time, so that a list of a million rows takes no more memory than these.
local PAGE_ROWS = 1000

-- The operating system's number for: nobody reads any more.
local EPIPE = 32

---What is raised where the output takes nothing more.
---@class tallystick.cli.Unwritable
---@field unwritable string the message
---@field is_pipe boolean whether the reader has gone
---@field code? "io-error"|"full" where the storage failed

-- Raises what keeps the output from being written.
local function need(done, message, number)
  if done then return end
  error({ unwritable = message, is_pipe = number == EPIPE, code = exit.storage_code(number) }, 0)
end

local function write_out(piece)
  need(io.stdout:write(piece))
end

---@param options { format?: string, window?: integer, colour?: boolean, write?: fun(piece: string) }
---@return tallystick.cli.Output
function output.new(options)
  return setmetatable({
    format = options.format or "text", window = options.window, colour = options.colour or false,
    write = options.write or write_out,
  }, Output)
end

---Sees to it that all that was written has left this process.
function output.finish()
  need(io.stdout:flush())
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

function Output:status(value, row, labels)
  local mark = marks.format(value, { colour = self.colour })
  if value == "invoiced" and row and row.invoice then return mark .. " " .. row.invoice end
  return mark .. " " .. (labels and labels[value] or value:gsub("_", " "))
end

-- Gives what a cell shows; anything that came from outside is made safe for a line of a terminal.
function Output:cell(value, kind, row, labels)
  if value == nil then return "" end
  if kind == "status" then return self:status(value, row, labels) end
  if labels and labels[value] then return width.printable(labels[value]) end
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

local function taken_by(rooms)
  local taken = 2 * (#rooms - 1)
  for _, room in ipairs(rooms) do taken = taken + room end
  return taken
end

-- Cuts the columns that may be cut, the widest first, until a line fits the window.
local function fit(columns, wanted, window)
  local rooms = table.move(wanted, 1, #wanted, 1, {})
  local taken = taken_by(rooms)
  while window and taken > window do
    local widest
    for index, column in ipairs(columns) do
      if column.flex and rooms[index] > FLEX_LEAST and (not widest or rooms[index] > rooms[widest]) then
        widest = index
      end
    end
    if not widest then return rooms end
    rooms[widest], taken = rooms[widest] - 1, taken - 1
  end
  return rooms
end

local function text_columns(columns)
  local out = {}
  for index, column in ipairs(columns) do
    out[index] = { title = column.title, right = RIGHT[column.kind], flex = column.flex }
  end
  return out
end

-- The columns without their titles: what is set then goes on below what was set before.
local function untitled(columns)
  local out = {}
  for index, column in ipairs(columns) do out[index] = { title = "", right = column.right } end
  return out
end

function Output:text_cells(columns, row)
  local cells = {}
  for index, column in ipairs(columns) do
    cells[index] = self:cell(row[column.name], column.kind, row, column.labels)
  end
  return cells
end

-- A function that gives one row after the other, of a list as of an iterator.
local function walk(rows)
  if type(rows) == "function" then return rows end
  local index = 0
  return function()
    index = index + 1
    return rows[index]
  end
end

-- The next rows, up to a page of them; and whether there are no more.
local function next_page(next_row)
  local page = {}
  while #page < PAGE_ROWS do
    local row = next_row()
    if not row then return page, true end
    page[#page + 1] = row
  end
  return page, false
end

local EMPTY = { [""] = true, ["·"] = true }

local function is_empty(rows, index)
  for _, cells in ipairs(rows) do
    if not EMPTY[cells[index]] then return false end
  end
  return true
end

-- The place of the column that can best be done without: one in which nothing stands, where that is known, else the
-- first of those that may be left out.
local function least(columns, rows, is_whole)
  local found
  for index, column in ipairs(columns) do
    if is_whole and is_empty(rows, index) then return index end
    if column.spare and (not found or column.spare > columns[found].spare) then found = index end
  end
  return found
end

-- What is left of the columns where a line must fit the window.
function Output:chosen(sheet, page, is_whole)
  local columns = table.move(sheet.columns, 1, #sheet.columns, 1, {})
  while self.window do
    local rows = {}
    for index, row in ipairs(page) do rows[index] = self:text_cells(columns, row) end
    -- Sums are wider than what they are of; they are known once all rows are.
    if is_whole and sheet.sum then rows[#rows + 1] = self:text_cells(columns, sheet.sum) end
    local titled = text_columns(columns)
    if taken_by(fit(titled, text.rooms(titled, rows), self.window)) <= self.window then break end
    local without = least(columns, rows, is_whole)
    if not without then break end
    table.remove(columns, without)
  end
  return columns
end

-- What later pages need besides makes columns wider, never narrower.
local function widen(wanted, rooms)
  for index, room in ipairs(rooms) do wanted[index] = math.max(wanted[index] or 0, room) end
end

local function equal(rooms, others)
  for index, room in ipairs(rooms) do
    if room ~= others[index] then return false end
  end
  return true
end

-- Sets one page below the others; its titles stand above it where columns have become wider.
function Output:text_page(set, page, sum)
  local rows = {}
  for index, row in ipairs(page) do rows[index] = self:text_cells(set.columns, row) end
  local sum_cells = sum and self:text_cells(set.columns, sum)
  widen(set.wanted, text.rooms(set.titled, rows))
  if sum_cells then widen(set.wanted, text.rooms(set.titled, { sum_cells })) end
  local rooms = fit(set.titled, set.wanted, self.window)
  local columns = equal(rooms, set.rooms or {}) and set.untitled or set.titled
  set.rooms = rooms
  if #rows > 0 then
    self.write(text.set(columns, rows, rooms, function(titles) return self:grey(titles) end) .. "\n")
  end
  if sum_cells then self.write(self:bold(text.set(set.untitled, { sum_cells }, rooms)) .. "\n") end
end

function Output:text_sheet(sheet)
  if sheet.title then self.write(self:bold(width.printable(sheet.title)) .. "\n") end
  local next_row = walk(sheet.rows)
  local page, is_last = next_page(next_row)
  local count = #page
  if count == 0 then
    self.write((sheet.empty or "none") .. "\n")
    return 0
  end
  local columns = self:chosen(sheet, page, is_last)
  local titled = text_columns(columns)
  local set = { columns = columns, titled = titled, untitled = untitled(titled), wanted = {} }
  while true do
    self:text_page(set, page, is_last and sheet.sum)
    if is_last then return count end
    page, is_last = next_page(next_row)
    count = count + #page
  end
end

-- ---- For programs ----

local function names_of(columns)
  local names = {}
  for index, column in ipairs(columns) do names[index] = column.name end
  return names
end

local function each_row(sheet, visit)
  local count = 0
  for row in walk(sheet.rows) do
    visit(row)
    count = count + 1
  end
  return count
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
  local names, keys = names_of(sheet.columns), {}
  for index, name in ipairs(names) do keys[index] = json.quote(name) .. ":" end
  local first = tag and '"sheet":' .. json.quote(tag) or nil
  return each_row(sheet, function(row)
    local members = { first }
    for index, name in ipairs(names) do
      local value = row[name]
      if value ~= nil then members[#members + 1] = keys[index] .. json.encode(value, names) end
    end
    self.write("{" .. table.concat(members, ",") .. "}\n")
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
      rows[#rows + 1] = { self:grey(field.title), self:cell(field.value, field.kind, record.object, field.labels) }
    end
  end
  if record.title then self.write(self:bold(width.printable(record.title)) .. "\n") end
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
