-- receipt/text.lua - sets blocks as lines of text, none longer than the paper or the terminal is wide.
local width = require "tallystick.width"

local INDENT = "  "
local GAP = 2
-- Narrower than this, a column of words would be a ladder.
local COLUMN_MIN = 14

---@class tallystick.receipt.Lines
---@field room integer
---@field [integer] string

-- Capitals of the Latin-1 letters and of œ; the four languages need no others.
local function capitals(text)
  text = text:upper():gsub("\xC3[\xA0-\xB6\xB8-\xBE]", function(letter)
    return "\xC3" .. string.char(letter:byte(2) - 0x20)
  end)
  return (text:gsub("œ", "Œ"))
end

local function spaces(count)
  return (" "):rep(count)
end

local function put(out, line)
  out[#out + 1] = line
end

local function centre(out, text)
  for _, line in ipairs(width.wrap(text, out.room)) do
    put(out, spaces((out.room - width.of(line)) // 2) .. line)
  end
end

local function right(out, text)
  put(out, spaces(out.room - width.of(text)) .. text)
end

local function paragraph(out, text)
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    for _, part in ipairs(width.wrap(width.printable(line), out.room)) do put(out, part) end
  end
end

-- The value at the right end of the label's last line. Where both have no room there, it has lines of its own: one at
-- the right, or several that are read as words are.
local function pair(out, label, value, indent)
  local value_columns = width.of(value)
  local beside = out.room - value_columns - GAP
  if #indent + width.of(label) <= beside or (beside >= COLUMN_MIN and value_columns <= out.room // 2) then
    local lines = width.wrap(label, beside - #indent)
    for index = 1, #lines - 1 do put(out, indent .. lines[index]) end
    local last = indent .. lines[#lines]
    return put(out, last .. spaces(out.room - width.of(last) - value_columns) .. value)
  end
  for _, line in ipairs(width.wrap(label, out.room - #indent)) do put(out, indent .. line) end
  if value_columns <= out.room then return right(out, value) end
  for _, line in ipairs(width.wrap(value, out.room - #INDENT)) do put(out, INDENT .. line) end
end

-- ---- Tables ----

local function natural_widths(columns, rows)
  local widths = {}
  for index, column in ipairs(columns) do
    widths[index] = width.of(column.title)
    for _, cells in ipairs(rows) do widths[index] = math.max(widths[index], width.of(cells[index])) end
  end
  return widths
end

-- The widths at which a table fits, with one column of words narrowed if need be; nil where it does not.
local function fitting_widths(columns, rows, room)
  local widths = natural_widths(columns, rows)
  local sum, words = GAP * (#columns - 1), nil
  for index, columns_needed in ipairs(widths) do
    sum = sum + columns_needed
    local wider = not words or columns_needed >= widths[words]
    if not columns[index].right and wider then words = index end
  end
  if sum <= room then
    if words then widths[words] = widths[words] + room - sum end
    return widths
  end
  if not words or widths[words] - (sum - room) < COLUMN_MIN then return nil end
  widths[words] = widths[words] - (sum - room)
  return widths
end

local function set_cells(out, cells, columns, widths)
  local wrapped, height = {}, 1
  for index, cell in ipairs(cells) do
    wrapped[index] = width.wrap(cell, math.max(widths[index], 2))
    height = math.max(height, #wrapped[index])
  end
  for line = 1, height do
    local parts = {}
    for index, column in ipairs(columns) do
      local part = wrapped[index][line] or ""
      local space = spaces(widths[index] - width.of(part))
      parts[index] = column.right and space .. part or part .. space
    end
    put(out, table.concat(parts, spaces(GAP)))
  end
end

-- A row of a table that is too wide: its words, then its amounts, each behind its title where there are several.
local function stack(out, cells, columns)
  local words, amounts = {}, {}
  for index, column in ipairs(columns) do
    if column.right then
      amounts[#amounts + 1] = { title = column.title, cell = cells[index] }
    elseif cells[index] ~= "" then
      words[#words + 1] = cells[index]
    end
  end
  local text = table.concat(words, " ")
  if #amounts == 1 then return pair(out, text, amounts[1].cell, "") end
  for _, line in ipairs(width.wrap(text, out.room)) do put(out, line) end
  if cells == columns.titles then return end
  for _, amount in ipairs(amounts) do pair(out, amount.title, amount.cell, INDENT) end
end

-- ---- Blocks ----

local function clean_rows(rows)
  local clean = {}
  for index, cells in ipairs(rows) do
    clean[index] = {}
    for column, cell in ipairs(cells) do clean[index][column] = width.printable(cell) end
  end
  return clean
end

-- The columns, with their titles as a row of cells.
local function clean_columns(columns)
  local clean = { titles = {} }
  for index, column in ipairs(columns) do
    local title = width.printable(column.title)
    clean[index], clean.titles[index] = { title = title, right = column.right }, title
  end
  return clean
end

local set = {}

function set.head(out, block)
  for _, line in ipairs(block.lines) do centre(out, width.printable(line)) end
end

function set.title(out, block)
  local text = capitals(width.printable(block.text))
  if block.number then text = text .. " " .. width.printable(block.number) end
  centre(out, text)
end

function set.notice(out, block)
  local line = ("*"):rep(out.room)
  if out[#out] ~= line then put(out, line) end
  centre(out, capitals(width.printable(block.text)))
  if block.detail then centre(out, width.printable(block.detail)) end
  put(out, line)
end

function set.text(out, block)
  paragraph(out, block.text)
end

function set.rows(out, block)
  for _, row in ipairs(block.rows) do
    pair(out, width.printable(row.label), width.printable(row.value), row.indent and INDENT or "")
  end
end

function set.table(out, block)
  local columns, rows = clean_columns(block.columns), clean_rows(block.rows)
  local widths = fitting_widths(columns, rows, out.room)
  local set_row = widths and set_cells or stack
  set_row(out, columns.titles, columns, widths)
  for _, cells in ipairs(rows) do set_row(out, cells, columns, widths) end
end

function set.rule(out)
  put(out, ("-"):rep(out.room))
end

set.small = set.text

-- Lines of one length, which are easier to compare than a long and a short one.
function set.code(out, block)
  local text = width.printable(block.text)
  local columns = width.of(text)
  local lines = math.max(1, (columns + out.room - 1) // out.room)
  for _, line in ipairs(width.wrap(text, math.max(2, (columns + lines - 1) // lines))) do put(out, line) end
end

-- A rule and a notice part what stands above and below them by themselves.
local PARTS = { rule = true, notice = true }
-- What belongs together closely.
local FOLLOWS = { code = "small" }

---Sets blocks as text.
---@param blocks tallystick.receipt.Block[]
---@param room integer columns of a line, 24 or more
---@return string text lines that each end in a newline
return function(blocks, room)
  local out = { room = room }
  for index, block in ipairs(blocks) do
    local before = blocks[index - 1]
    local close = before and (PARTS[block.kind] or PARTS[before.kind] or FOLLOWS[block.kind] == before.kind)
    if before and not close then put(out, "") end
    set[block.kind](out, block)
  end
  for index, line in ipairs(out) do out[index] = line:gsub(" +$", "") .. "\n" end
  return table.concat(out)
end
