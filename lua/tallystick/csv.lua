-- csv.lua - reads and writes comma-separated values (RFC 4180). What is written is safe to open in a spreadsheet.
local csv = {}

-- A spreadsheet runs a cell that begins with one of these as a formula (OWASP, "CSV injection"), also behind spaces; an
-- apostrophe in front makes it text, and is not shown. Amounts and counts never come as text, so they stay numbers.
local FORMULA = "^%s*[=+%-@\t\r]"

-- The wide forms of these signs, which some spreadsheets take for them: U+FF1D, U+FF0B, U+FF0D and U+FF20.
local WIDE_FORMULA = "^%s*\xEF\xBC[\x9D\x8B\x8D\xA0]"

-- A field longer than this is a quote that was never closed, not a note of a bank.
csv.FIELD_BYTES_MAX = 1 << 20

local function cell_of(value, separator)
  if value == nil then return "" end
  if type(value) == "userdata" then return value:decimal() end
  if type(value) ~= "string" then return tostring(value) end
  if value:find(FORMULA) or value:find(WIDE_FORMULA) then value = "'" .. value end
  if value:find('["\r\n]') or value:find(separator, 1, true) then return '"' .. value:gsub('"', '""') .. '"' end
  return value
end

---Gives one record, with its line end.
---@param cells table strings, integers, booleans or money values; nil is an empty cell
---@param count? integer how many cells there are, where the last may be nil
---@param separator? string default ","
---@return string
function csv.line(cells, count, separator)
  separator = separator or ","
  local parts = {}
  for index = 1, count or #cells do parts[index] = cell_of(cells[index], separator) end
  -- A record of one empty cell would be an empty line, which readers pass over.
  if #parts == 1 and parts[1] == "" then parts[1] = '""' end
  return table.concat(parts, separator) .. "\r\n"
end

-- Reads a quoted cell from its opening quote: gives it and the position behind its closing one.
local function quoted(text, position)
  local parts, from = {}, position + 1
  while true do
    local stop = text:find('"', from, true)
    if not stop or stop - position > csv.FIELD_BYTES_MAX then return nil end
    parts[#parts + 1] = text:sub(from, stop - 1)
    if text:sub(stop + 1, stop + 1) ~= '"' then return table.concat(parts), stop + 1 end
    parts[#parts + 1] = '"'
    from = stop + 2
  end
end

-- Reads the cell at a position: gives it and the position behind, or nil and what is wrong.
local function read_cell(text, position, ends)
  if text:sub(position, position) ~= '"' then
    local stop = text:find(ends, position) or #text + 1
    local cell = text:sub(position, stop - 1)
    if cell:find('"', 1, true) then return nil, "a quote within a cell that does not begin with one" end
    return cell, stop
  end
  local cell, behind = quoted(text, position)
  if not cell then return nil, "the quote is not closed" end
  if behind <= #text and not text:find("^" .. ends, behind) then
    return nil, "something stands behind the closing quote"
  end
  return cell, behind
end

local function line_end(text, position)
  return text:match("^\r\n()", position) or text:match("^[\r\n]()", position)
end

-- Reads one record: gives its cells and the position behind its line end, or nil and what is wrong.
local function read_record(text, position, separator, ends)
  local cells = {}
  while true do
    local cell, behind = read_cell(text, position, ends)
    if not cell then return nil, ("cell %d: %s"):format(#cells + 1, behind) end
    cells[#cells + 1] = cell
    if behind > #text then return cells, behind end
    position = line_end(text, behind)
    if position then return cells, position end
    position = behind + #separator
  end
end

local function count_lines(text, from, to)
  local count = 0
  for _ in text:sub(from, to):gmatch "\r?\n" do count = count + 1 end
  return count
end

---Walks the records of a text: `for cells, line in csv.reader(text, ";") do`. Empty lines are passed over. Where a
---record is malformed, the loop gives false, the line of it and what is wrong, and ends.
---@param text string
---@param separator? string one character, default ","
---@return fun(): string[]|false|nil, integer?, string?
function csv.reader(text, separator)
  separator = separator or ","
  local ends = "[\r\n%" .. separator .. "]"
  local position, line = text:match "^\xEF\xBB\xBF()" or 1, 1
  return function()
    local after = line_end(text, position)
    while after do
      line, position = line + count_lines(text, position, after - 1), after
      after = line_end(text, position)
    end
    if position > #text then return nil end
    local at = line
    local cells, behind = read_record(text, position, separator, ends)
    if not cells then
      position = #text + 1
      return false, at, behind
    end
    line, position = line + count_lines(text, position, behind - 1), behind
    return cells, at
  end
end

return csv
