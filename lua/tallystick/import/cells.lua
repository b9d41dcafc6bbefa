-- import/cells.lua - what people write into tables: amounts with thousands set apart, and days in the order of their
-- country. What does not fit is refused, not guessed at.
local calendar = require "tallystick.calendar"

local cells = {}

-- What may set thousands apart: an apostrophe, the typographic one, a space, and the spaces that do not break.
local THOUSANDS = { "'", "\u{2019}", " ", "\u{A0}", "\u{202F}" }

-- Takes out the marks of thousands: one kind of them, with three digits behind each.
local function ungrouped(whole)
  if not whole:find "%D" then return whole end
  for _, mark in ipairs(THOUSANDS) do
    local digits = whole:gsub(mark, "")
    if not digits:find "%D" then
      local rest = whole:match "^%d%d?%d?(.*)$"
      while rest and rest:sub(1, #mark) == mark and rest:find("^%d%d%d", #mark + 1) do rest = rest:sub(#mark + 4) end
      return rest == "" and digits or nil
    end
  end
  return nil
end

---Reads an amount as people write it; gives it with a point, as `credit.decimal` takes it.
---@param text string
---@param point "."|"," what stands before the decimals
---@return string? decimal
function cells.amount(text, point)
  local sign, rest = text:match "^([+-]?) ?(.*)$"
  local whole, fraction = rest, ""
  local at = rest:find(point, 1, true)
  if at then whole, fraction = rest:sub(1, at - 1), rest:sub(at + 1) end
  local digits = whole ~= "" and ungrouped(whole)
  if not digits or fraction:find "%D" or at and fraction == "" then return nil end
  return sign .. digits .. (at and "." .. fraction or "")
end

-- How the parts of a day stand in a text, and which of them is the year, the month and the day.
local DATES = {
  ["YYYY-MM-DD"] = { "^(%d%d%d%d)%-(%d%d)%-(%d%d)$", 1, 2, 3 },
  ["DD.MM.YYYY"] = { "^(%d%d?)%.(%d%d?)%.(%d%d%d%d)$", 3, 2, 1 },
  ["MM/DD/YYYY"] = { "^(%d%d?)/(%d%d?)/(%d%d%d%d)$", 3, 1, 2 },
}

---The forms of days that are known.
---@type string[]
cells.dates = { "YYYY-MM-DD", "DD.MM.YYYY", "MM/DD/YYYY" }

---Reads a day.
---@param text string
---@param form string one of cells.dates
---@return string? day "2026-01-15"; nil where it has another form, or there is no such day
function cells.day(text, form)
  local date = DATES[form]
  local parts = { text:match(date[1]) }
  if #parts == 0 then return nil end
  local day = ("%s-%02d-%02d"):format(parts[date[2]], math.tointeger(parts[date[3]]), math.tointeger(parts[date[4]]))
  -- A day that does not exist, such as 30 February, is counted on into another.
  return calendar.text_of(calendar.day_of(day)) == day and day or nil
end

return cells
