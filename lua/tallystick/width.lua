-- width.lua - how many columns a text takes where every character has a cell of its own: on a terminal, on a receipt
-- printer. It also breaks texts into lines by columns, and takes out what no line may hold.
--
-- The rules are those of Unicode (UAX #11): East Asian Wide and Fullwidth characters, which most emoji are, take two
-- columns, marks that sit on another character none, all others one. Ambiguous ones take one, as they do everywhere but
-- in East Asian settings. U+FE0F asks for the emoji form of what stands before it, which is wide. Emoji that are joined
-- by U+200D count each for itself: some terminals draw them as one, none draws them wider. So a line may come out
-- shorter than it was counted, and never longer.
local ranges = require "tallystick.width.ranges"

local width = {}

local REPLACEMENT = "\u{FFFD}"
local JOINER, EMOJI_FORM = 0x200D, 0xFE0F

-- Whether a code point lies in one of the pairs of first and last, which stand in order.
local function lies_in(pairs_in_order, code)
  local low, high = 1, #pairs_in_order // 2
  while low <= high do
    local middle = (low + high) // 2
    if code < pairs_in_order[2 * middle - 1] then
      high = middle - 1
    elseif code > pairs_in_order[2 * middle] then
      low = middle + 1
    else
      return true
    end
  end
  return false
end

local function columns_of_code(code)
  if code < 0x300 then return 1 end
  if lies_in(ranges.zero, code) then return 0 end
  return lies_in(ranges.wide, code) and 2 or 1
end

-- Of ASCII only these have an emoji form: the signs of the keys of a telephone.
local function has_emoji_form(code)
  return code > 0x7F or utf8.char(code):find "^[#*%d]" ~= nil
end

---Walks what may not be parted: a character with the marks that sit on it, and emoji that are joined.
---@param text string well-formed UTF-8
---@return fun(): string?, integer? iterator gives each with its columns
local function clusters(text)
  local position = 1
  return function()
    if position > #text then return nil end
    local from, columns, last, narrow = position, 0, nil, false
    repeat
      local code = utf8.codepoint(text, position)
      local own = columns_of_code(code)
      if position > from and own > 0 and last ~= JOINER then break end
      if code == EMOJI_FORM and narrow then
        own, narrow = 1, false
      elseif own > 0 then
        narrow = own == 1 and has_emoji_form(code)
      end
      columns, last = columns + own, code
      position = utf8.offset(text, 2, position)
    until position > #text
    return text:sub(from, position - 1), columns
  end
end

---Gives how many columns a text takes.
---@param text string well-formed UTF-8 without control characters, as width.printable gives it
---@return integer columns
function width.of(text)
  -- Below U+0300, as most texts are, every character takes one column.
  if not text:find "[\xCC-\xFF]" then return utf8.len(text) end
  local sum = 0
  for _, columns in clusters(text) do sum = sum + columns end
  return sum
end

-- Puts the sign for what cannot be shown in the place of each byte that is not UTF-8.
local function well_formed(text)
  local from, parts = 1, {}
  local length, bad = utf8.len(text)
  while not length do
    parts[#parts + 1] = text:sub(from, bad - 1) .. REPLACEMENT
    from = bad + 1
    length, bad = utf8.len(text, from)
  end
  return table.concat(parts) .. text:sub(from)
end

---Gives a text that is safe to print on one line. Breaks and tabs become spaces; other control characters (ESC among
---them), what turns the direction of writing around, and bytes that are not UTF-8 become U+FFFD; what is neither seen
---nor takes room (soft hyphens, byte order marks, zero width spaces) is left out.
---@param text string any bytes
---@return string
function width.printable(text)
  if not text:find "[^\x20-\x7E]" then return text end
  text = well_formed(text):gsub("\r\n", " "):gsub("[\t-\r]", " "):gsub("[\0-\31\127]", REPLACEMENT)
  text = text:gsub("\xC2\x85", " "):gsub("\xC2[\x80-\x9F]", REPLACEMENT):gsub("\xC2\xAD", "")
  text = text:gsub("\xE2\x80[\xA8\xA9]", " "):gsub("\xE2\x80[\xAA-\xAE]", REPLACEMENT):gsub("\xE2\x80\x8B", "")
  return (text:gsub("\xE2\x81[\xA0-\xA4]", ""):gsub("\xE2\x81[\xA6-\xAF]", REPLACEMENT):gsub("\xEF\xBB\xBF", ""))
end

-- Breaks what is longer than a line, behind a hyphen or else between characters. A cluster that is longer than a line
-- is broken in itself: joined emoji may go on for ever.
local function pieces(word, room)
  local lines, line, used = {}, "", 0
  local function put(text, columns)
    if used + columns > room then
      lines[#lines + 1] = line
      line, used = "", 0
    end
    line, used = line .. text, used + columns
  end
  local function put_codes(cluster)
    for _, code in utf8.codes(cluster) do
      if code ~= EMOJI_FORM then put(utf8.char(code), columns_of_code(code)) end
    end
  end
  local function put_clusters(part)
    for cluster, columns in clusters(part) do
      if columns <= room then put(cluster, columns) else put_codes(cluster) end
    end
  end
  for part in word:gmatch "[^-]*%-*" do
    local columns = width.of(part)
    if columns <= room then put(part, columns) else put_clusters(part) end
  end
  lines[#lines + 1] = line
  return lines
end

---Breaks a text into lines, between words where that can be.
---@param text string well-formed UTF-8 without control characters, as width.printable gives it
---@param room integer columns of a line, 2 or more
---@return string[] lines none is longer than room; of an empty text one that is empty
function width.wrap(text, room)
  local lines, line, used = {}, nil, 0
  for word in text:gmatch "[^ ]+" do
    local columns = width.of(word)
    if line and used + 1 + columns <= room then
      line, used = line .. " " .. word, used + 1 + columns
    else
      lines[#lines + 1] = line
      local parts = columns > room and pieces(word, room) or { word }
      for index = 1, #parts - 1 do lines[#lines + 1] = parts[index] end
      line = parts[#parts]
      used = width.of(line)
    end
  end
  lines[#lines + 1] = line or #lines == 0 and "" or nil
  return lines
end

return width
