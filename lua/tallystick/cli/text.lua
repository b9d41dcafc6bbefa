-- How numbers, durations and tables are set for people.
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
local function width(cell)
  local shown = cell:gsub("\27%[[%d;]*m", "")
  return utf8.len(shown) or #shown
end

local function padded(cell, room, right)
  local space = (" "):rep(room - width(cell))
  return right and space .. cell or cell .. space
end

---@class tallystick.cli.Column
---@field title string
---@field right? boolean set to the right, as numbers are

---Sets rows of cells under their titles, each column as wide as its widest cell.
---@param columns tallystick.cli.Column[]
---@param rows string[][]
---@param indent? string
---@return string lines without a newline at the end
function text.table(columns, rows, indent)
  local rooms, lines = {}, {}
  for i, column in ipairs(columns) do
    rooms[i] = width(column.title)
    for _, row in ipairs(rows) do rooms[i] = math.max(rooms[i], width(row[i])) end
  end
  local function set(cells)
    local set_cells = {}
    for i, column in ipairs(columns) do set_cells[i] = padded(cells[i], rooms[i], column.right) end
    lines[#lines + 1] = ((indent or "") .. table.concat(set_cells, "  ")):gsub("%s+$", "")
  end
  local titles = {}
  for i, column in ipairs(columns) do titles[i] = column.title end
  set(titles)
  for _, row in ipairs(rows) do set(row) end
  return table.concat(lines, "\n")
end

return text
