-- report/chart.lua - draws charts as plain SVG: columns over time and bars by category, both stacked. Amounts are exact
-- integers up to where they become places on the picture; only those are floats.
--
-- A series has a colour and a pattern of its own (report/style.lua), so that it is known on paper and without colour
-- sight. Every text is measured before it is set, cut or left out where it has no room, and never laid over another.
local measure = require "tallystick.report.measure"
local scale = require "tallystick.report.scale"
local show = require "tallystick.report.show"

local chart = {}

local FONT = 12
local GAP = 6

---@class tallystick.report.Picture
---@field width integer pixels
---@field height integer
---@field marks string[] SVG

local function put(picture, format, ...)
  picture.marks[#picture.marks + 1] = format:format(...)
end

-- A place on the picture: to a tenth of a pixel, without a minus before zero.
local function at(number)
  return (("%.1f"):format(number):gsub("%.0$", ""):gsub("^%-0$", "0"))
end

local function put_text(picture, x, y, anchor, text, title)
  put(picture, '<text x="%s" y="%s" text-anchor="%s">%s%s</text>', at(x), at(y), anchor, show.escape(text),
    title and ("<title>%s</title>"):format(show.escape(title)) or "")
end

local function put_line(picture, class, x1, y1, x2, y2)
  put(picture, '<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>', class, at(x1), at(y1), at(x2), at(y2))
end

-- Place 0 is that of a series that has nothing to be told apart from.
local function put_rect(picture, box, place, title)
  put(picture, '<rect class="s%d" x="%s" y="%s" width="%s" height="%s"><title>%s</title></rect>', place, at(box.x),
    at(box.y), at(box.width), at(box.height), show.escape(title))
end

-- ---- Stacks ----

-- The parts of one category that are above zero, and those below, each from where the last one ends.
local function stack_of(series, category)
  local up, down, parts = 0, 0, {}
  for place, one in ipairs(series) do
    local minor = one.values[category].minor
    if minor > 0 then
      parts[#parts + 1] = { place = place, from = up, to = up + minor }
      up = up + minor
    elseif minor < 0 then
      parts[#parts + 1] = { place = place, from = down + minor, to = down }
      down = down + minor
    end
  end
  return { parts = parts, low = down, high = up }
end

local function stacks_of(data)
  local stacks, low, high = {}, 0, 0
  for category = 1, #data.categories do
    local stack = stack_of(data.series, category)
    stacks[category] = stack
    low, high = math.min(low, stack.low), math.max(high, stack.high)
  end
  return stacks, low, high
end

local function title_of(data, category, place)
  local one = data.series[place]
  return ("%s · %s: %s"):format(data.categories[category].label, one.label, show.money(one.values[category]))
end

local function total_of(data, category)
  local sum = data.series[1].values[category] * 0
  for _, one in ipairs(data.series) do sum = sum + one.values[category] end
  return sum
end

-- ---- Columns over time ----

local COLUMN_SHARE, COLUMN_MAX = 0.74, 56
local TICK_ROOM = 38

local function column_frame(picture, axis, currency)
  local labels, left = show.ticks(axis.ticks, currency), 0
  for _, label in ipairs(labels) do left = math.max(left, measure.width(label, FONT)) end
  -- The lowest and the highest tick are written beside their lines, half above and half below.
  local frame = { left = left + GAP, right = picture.width - 2, top = FONT, bottom = picture.height - 2 * FONT }
  function frame.y(minor)
    return frame.bottom - scale.share(axis, minor) * (frame.bottom - frame.top)
  end
  for place, tick in ipairs(axis.ticks) do
    local y = frame.y(tick)
    put_line(picture, "grid", frame.left, y, frame.right, y)
    put_text(picture, frame.left - GAP, y + FONT / 3, "end", labels[place])
  end
  return frame
end

-- From the left, whatever has room behind the one before.
local function put_category_labels(picture, data, frame, band)
  local free = 0
  for category, one in ipairs(data.categories) do
    local half = measure.width(one.label, FONT) / 2
    local middle = frame.left + (category - 0.5) * band
    middle = math.max(half, math.min(middle, picture.width - half))
    if middle - half >= free then
      put_text(picture, middle, picture.height - FONT / 3, "middle", one.label)
      free = middle + half + 2 * GAP
    end
  end
end

local function draw_columns(data, currency, size)
  local picture = { width = size.width, height = size.height, marks = {} }
  local stacks, low, high = stacks_of(data)
  local axis = scale.of(low, high, (size.height - 3 * FONT) // TICK_ROOM)
  local frame = column_frame(picture, axis, currency)
  local band = (frame.right - frame.left) / #data.categories
  local thick = math.min(band * COLUMN_SHARE, COLUMN_MAX)
  for category, stack in ipairs(stacks) do
    local x = frame.left + (category - 0.5) * band - thick / 2
    for _, part in ipairs(stack.parts) do
      local top, bottom = frame.y(part.to), frame.y(part.from)
      put_rect(picture, { x = x, y = top, width = thick, height = bottom - top }, part.place,
        title_of(data, category, part.place))
    end
  end
  put_line(picture, "zero", frame.left, frame.y(0), frame.right, frame.y(0))
  put_category_labels(picture, data, frame, band)
  return picture
end

-- ---- Bars by category ----

local BAR_ROW, BAR_THICK, TEXT_DROP = 42, 14, 13
-- Some letters reach a little beyond where their text begins and ends.
local INSET = 2

local function draw_bar(picture, data, category, stack, x_of)
  local top = (category - 1) * BAR_ROW
  local label, total = data.categories[category].label, show.money(total_of(data, category))
  local room = picture.width - measure.width(total, FONT) - 2 * GAP - 2 * INSET
  local cut = measure.cut(label, room, FONT)
  put_text(picture, INSET, top + TEXT_DROP, "start", cut, cut ~= label and label or nil)
  put_text(picture, picture.width - INSET, top + TEXT_DROP, "end", total)
  local y = top + TEXT_DROP + GAP
  for _, part in ipairs(stack.parts) do
    local left, right = x_of(part.from), x_of(part.to)
    local place = #data.series > 1 and part.place or 0
    put_rect(picture, { x = left, y = y, width = right - left, height = BAR_THICK }, place,
      title_of(data, category, part.place))
  end
  put_line(picture, "zero", x_of(0), y - 2, x_of(0), y + BAR_THICK + 2)
end

local function draw_bars(data, _, size)
  local picture = { width = size.width, height = #data.categories * BAR_ROW, marks = {} }
  local stacks, low, high = stacks_of(data)
  local axis = { low = low, high = math.max(high, low + 1) }
  local function x_of(minor) return INSET + scale.share(axis, minor) * (picture.width - 2 * INSET) end
  for category, stack in ipairs(stacks) do draw_bar(picture, data, category, stack, x_of) end
  return picture
end

-- ---- Both ----

local kinds = { columns = draw_columns, bars = draw_bars }

---@class tallystick.report.Drawing
---@field currency string
---@field id string unique on the page
---@field class string
---@field width integer pixels
---@field height integer pixels, of columns; bars are as high as there are many
---@field description string the same in words

---Draws a chart.
---@param data tallystick.report.Chart
---@param how tallystick.report.Drawing
---@return string svg
function chart.draw(data, how)
  local picture = kinds[data.kind](data, how.currency, how)
  local head = '<svg class="%s" viewBox="0 0 %d %d" role="img" aria-labelledby="%s-t %s-d">\n'
    .. '<title id="%s-t">%s</title><desc id="%s-d">%s</desc>\n'
  return head:format(how.class, picture.width, picture.height, how.id, how.id, how.id, show.escape(data.title), how.id,
    show.escape(how.description)) .. table.concat(picture.marks, "\n") .. "\n</svg>"
end

return chart
