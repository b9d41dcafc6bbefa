-- report/series.lua - the data of charts: categories and series of exact amounts. report/chart.lua draws them.
local calendar = require "tallystick.calendar"
local split = require "tallystick.report.split"

local series = {}

---@class tallystick.report.Category
---@field name string
---@field label string

---@class tallystick.report.Series
---@field name string
---@field label string
---@field values tallystick.Money[] one for each category

---@class tallystick.report.Chart
---@field name string
---@field title string
---@field kind "columns"|"bars" columns over time, or one bar a category
---@field axis string what the categories are
---@field categories tallystick.report.Category[]
---@field series tallystick.report.Series[] stacked

-- More than these no one tells apart: the others are one.
local SERIES_MAX, BARS_MAX = 8, 16
local OTHERS = "others"

-- Up to two months by days, up to five years by months.
local DAYS_MAX, MONTHS_MAX = 62, 60

local function size(values)
  local sum = values[1] * 0
  for _, value in ipairs(values) do sum = sum + (value.minor < 0 and -value or value) end
  return sum
end

-- The places of the largest, in their order. Of equals the first.
local function largest(sizes, count)
  local places, kept = {}, {}
  for place = 1, #sizes do places[place] = place end
  table.sort(places, function(one, other)
    if sizes[one] == sizes[other] then return one < other end
    return sizes[one] > sizes[other]
  end)
  for index = 1, math.min(count, #places) do kept[places[index]] = true end
  return kept
end

---Keeps the largest series and makes one of the others.
---@param made tallystick.report.Tools
---@param all tallystick.report.Series[]
---@return tallystick.report.Series[]
local function few_series(made, all)
  if #all <= SERIES_MAX then return all end
  local sizes = {}
  for place, one in ipairs(all) do sizes[place] = size(one.values) end
  local kept, few = largest(sizes, SERIES_MAX - 1), {}
  local others = { name = OTHERS, label = made:word("others", tostring(#all - SERIES_MAX + 1)), values = {} }
  for place, one in ipairs(all) do
    if kept[place] then
      few[#few + 1] = one
    else
      for at, value in ipairs(one.values) do others.values[at] = (others.values[at] or made.zero) + value end
    end
  end
  few[#few + 1] = others
  return few
end

---Keeps the largest bars and makes one of the others.
local function few_bars(made, categories, values)
  if #categories <= BARS_MAX then return categories, values end
  local sizes = {}
  for place, value in ipairs(values) do sizes[place] = value.minor < 0 and -value or value end
  local kept, few, sums, rest = largest(sizes, BARS_MAX - 1), {}, {}, made.zero
  for place, category in ipairs(categories) do
    if kept[place] then
      few[#few + 1], sums[#sums + 1] = category, values[place]
    else
      rest = rest + values[place]
    end
  end
  few[#few + 1] = { name = OTHERS, label = made:word("others", tostring(#categories - BARS_MAX + 1)) }
  sums[#sums + 1] = rest
  return few, sums
end

-- ---- Bars ----

-- The largest first; of equals by name.
local function by_size(field, way)
  return function(one, other)
    if one[field] ~= other[field] then return one[field] > other[field] end
    return one[way] < other[way]
  end
end

---One bar for each value of one way of splitting, of rows that may be split further.
---@param made tallystick.report.Tools
---@param name string
---@param rows tallystick.Totals[]
---@param way string
---@param field string
---@return tallystick.report.Chart?
function series.bars(made, name, rows, way, field)
  local categories, values, words = {}, {}, split.labels(made, way, rows)
  local folded = split.fold(rows, { way })
  table.sort(folded, by_size(field, way))
  for _, row in ipairs(folded) do
    if row[field].minor ~= 0 then
      local value = row[way]
      categories[#categories + 1] = { name = value, label = words and words[value] or value }
      values[#values + 1] = row[field]
    end
  end
  if #categories == 0 then return nil end
  categories, values = few_bars(made, categories, values)
  return {
    name = name, title = made:word("chart_" .. name), kind = "bars", axis = made:word(way), categories = categories,
    series = { { name = field, label = made:word(field), values = values } },
  }
end

-- ---- Columns over time ----

local GRAINS = {
  day = { of = function(count) return calendar.text_of(count) end, step = { count = 1, unit = "d" } },
  month = { of = function(count) return (calendar.text_of(count):gsub("%-%d%d$", "")) end,
    step = { count = 1, unit = "mo" } },
  year = { of = function(count) return (calendar.text_of(count):gsub("%-%d%d%-%d%d$", "")) end,
    step = { count = 1, unit = "y" } },
}

-- The first day of the month or year that a day lies in, for the steps to count from.
local STARTS = { day = "", month = "-01", year = "-01-01" }

local function choose_grain(first, last)
  if last - first < DAYS_MAX then return "day" end
  local from, to = calendar.text_of(first), calendar.text_of(last)
  local years = math.tointeger(tonumber(to:match "^%-?%d+")) - math.tointeger(tonumber(from:match "^%-?%d+"))
  local months = 12 * years + tonumber(to:match "%-(%d%d)%-") - tonumber(from:match "%-(%d%d)%-")
  return months < MONTHS_MAX and "month" or "year"
end

local function label_of(made, grain, name)
  if grain == "year" then return name end
  if grain == "day" then return (name:gsub("^.*%-(%d%d)%-(%d%d)$", "%2.%1.")) end
  return made:month_label(name)
end

-- Every day, month or year from the first to the last, also those on which nothing happened.
local function time_categories(made, grain, first, last)
  local of, categories, places = GRAINS[grain], {}, {}
  local at = calendar.day_of(of.of(first) .. STARTS[grain])
  while at <= last do
    local name = of.of(at)
    categories[#categories + 1] = { name = name, label = label_of(made, grain, name) }
    places[name] = #categories
    at = calendar.add(at, of.step)
  end
  return categories, places
end

-- The days that the chart spans: those asked for, as far as they are named, else those on which something happened.
local function extent(rows, from, to)
  local first, last
  for _, row in ipairs(rows) do
    if not first or row.day < first then first = row.day end
    if not last or row.day > last then last = row.day end
  end
  first, last = from or first, to or last
  if not first or not last then return nil end
  return calendar.day_of(first), calendar.day_of(last)
end

local function empty_values(made, count)
  local values = {}
  for place = 1, count do values[place] = made.zero end
  return values
end

---Columns over time, stacked by type.
---@param made tallystick.report.Tools
---@param name string
---@param rows tallystick.Totals[] split by day and type
---@param asked { field: string, from?: string, to?: string }
---@return tallystick.report.Chart?
function series.over_time(made, name, rows, asked)
  local first, last = extent(rows, asked.from, asked.to)
  if not first then return nil end
  local grain = choose_grain(first, last)
  local categories, places = time_categories(made, grain, first, last)
  local all, by_type = {}, {}
  for _, row in ipairs(split.fold(rows, { "type", grain })) do
    local place, value = places[row[grain]], row[asked.field]
    if value.minor ~= 0 then
      local one = by_type[row.type]
      if not one then
        one = { name = row.type, label = made:type_label(row.type), values = empty_values(made, #categories) }
        all[#all + 1], by_type[row.type] = one, one
      end
      one.values[place] = one.values[place] + value
    end
  end
  if #all == 0 then return nil end
  table.sort(all, function(one, other)
    local place, other_place = made.order[one.name] or math.huge, made.order[other.name] or math.huge
    if place ~= other_place then return place < other_place end
    return one.name < other.name
  end)
  return {
    name = name, title = made:word("chart_" .. name), kind = "columns", axis = made:word(grain),
    categories = categories, series = few_series(made, all),
  }
end

return series
