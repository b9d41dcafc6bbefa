-- report/measure.lua - how wide a text is in a picture, before any browser has seen it.
--
-- Which font will be there is not known, so this counts as the widest of the common ones does (DejaVu Sans, Verdana):
-- a text comes out narrower than it was measured, and never wider.
local width = require "tallystick.width"

local measure = {}

-- In parts of the font's size.
local NARROW, SLIM, USUAL, CAPITAL, BROAD, WIDE = 0.42, 0.5, 0.68, 0.8, 1.02, 1.15
local ELLIPSIS = "…"

local parts = {}
local function set(characters, part)
  for character in characters:gmatch(utf8.charpattern) do parts[character] = part end
end
set(" ijlI.,:;'’|!()[]·", NARROW)
set("frt-/", SLIM)
set("ABCDEFGHJKLNOPQRSTUVXYZÀÂÄÇÈÉÊÎÔÖÙÛÜ&+–=<>", CAPITAL)
set("mwMW%@—…✗✓→#", BROAD)

local function part_of(character)
  local part = parts[character]
  if part then return part end
  if #character == 1 then return USUAL end
  local columns = width.of(character)
  if columns ~= 1 then return columns * WIDE / 2 end
  -- Letters of other scripts are as broad as capitals at most, but for a few.
  return utf8.codepoint(character) < 0x250 and USUAL or BROAD
end

---@param text string well-formed UTF-8
---@param size number the font's, in pixels
---@return number pixels
function measure.width(text, size)
  local sum = 0
  for character in text:gmatch(utf8.charpattern) do sum = sum + part_of(character) end
  return sum * size
end

---Cuts a text to what there is room for, and says so by an ellipsis.
---@param text string well-formed UTF-8
---@param room number pixels
---@param size number the font's, in pixels
---@return string
function measure.cut(text, room, size)
  if measure.width(text, size) <= room then return text end
  local left, kept = room / size - part_of(ELLIPSIS), {}
  for character in text:gmatch(utf8.charpattern) do
    left = left - part_of(character)
    if left < 0 then break end
    kept[#kept + 1] = character
  end
  return table.concat(kept) .. ELLIPSIS
end

return measure
