-- How numbers, durations and tables are set for people.
local width = require "tallystick.width"

local text = {}

---Sets thousands apart, also in a decimal: "-1234.50" becomes "-1,234.50".
---@param number string|integer
---@return string
function text.grouped(number)
  local sign, whole, rest = tostring(number):match "^(-?)(%d+)(.*)$"
  local groups = whole:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  return sign .. groups .. rest
end

---@param count integer
---@param one string
---@param many? string default one with an s
---@return string
function text.counted(count, one, many)
  return ("%s %s"):format(text.grouped(count), count == 1 and one or many or one .. "s")
end

---@param seconds number
---@return string such as "0.42 s", "12.3 s" or "3 min 05 s"
function text.duration(seconds)
  if seconds < 10 then return ("%.2f s"):format(seconds) end
  if seconds < 60 then return ("%.1f s"):format(seconds) end
  return ("%d min %02d s"):format(seconds // 60, math.floor(seconds % 60))
end

-- Escapes take no room on a terminal.
local function columns_of(cell)
  if not cell:find "[^\x20-\x7E]" then return #cell end
  local shown = cell:gsub("\27%[[%d;]*m", "")
  return utf8.len(shown) and width.of(shown) or #shown
end

-- Cuts a cell that is longer than its room; one with colours is short, and never cut.
local function cut(cell, room)
  if cell:find("\27", 1, true) then return cell end
  local kept = utf8.len(cell) or 0
  repeat
    kept = kept - 1
    cell = cell:sub(1, utf8.offset(cell, kept + 1) - 1)
  until columns_of(cell) <= room - 1
  return cell .. "…"
end

local function padded(cell, room, right)
  local taken = columns_of(cell)
  if taken > room then
    cell = cut(cell, room)
    taken = columns_of(cell)
  end
  local space = (" "):rep(room - taken)
  return right and space .. cell or cell .. space
end

---@class tallystick.cli.Column
---@field title string
---@field right? boolean set to the right, as numbers are

---Gives how many columns of the window each column of a table takes.
---@param columns tallystick.cli.Column[]
---@param rows string[][]
---@return integer[]
function text.rooms(columns, rows)
  local rooms = {}
  for i, column in ipairs(columns) do
    rooms[i] = columns_of(column.title)
    for _, row in ipairs(rows) do rooms[i] = math.max(rooms[i], columns_of(row[i])) end
  end
  return rooms
end

local function line_of(columns, cells, rooms)
  local set_cells = {}
  for i, column in ipairs(columns) do set_cells[i] = padded(cells[i], rooms[i], column.right) end
  return (table.concat(set_cells, "  "):gsub("%s+$", ""))
end

---Sets rows of cells in columns of given widths, under their titles where there are any.
---@param columns tallystick.cli.Column[]
---@param rows string[][]
---@param rooms integer[]
---@param decorate? fun(titles: string): string what is made of the line of titles
---@return string lines without a newline at the end
function text.set(columns, rows, rooms, decorate)
  local titles, lines, titled = {}, {}, false
  for i, column in ipairs(columns) do
    titles[i] = column.title
    titled = titled or column.title ~= ""
  end
  if titled then
    local line = line_of(columns, titles, rooms)
    lines[1] = decorate and decorate(line) or line
  end
  for _, row in ipairs(rows) do lines[#lines + 1] = line_of(columns, row, rooms) end
  return table.concat(lines, "\n")
end

---Sets rows of cells under their titles, each column as wide as its widest cell.
---@param columns tallystick.cli.Column[]
---@param rows string[][]
---@param indent? string
---@return string lines without a newline at the end
function text.table(columns, rows, indent)
  local lines = text.set(columns, rows, text.rooms(columns, rows))
  return ((indent or "") .. lines:gsub("\n", "\n" .. (indent or "")))
end

return text
