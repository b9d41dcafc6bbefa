-- calendar.lua - days of the calendar as counts since 1970-01-01, and periods added to them.
local calendar = {}

---The day that year, month and day name, in the proleptic Gregorian calendar; a month may be beyond 12.
local function count_of(year, month, day)
  year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
  local shifted = month <= 2 and year - 1 or year
  local era = shifted // 400
  local of_era = shifted - era * 400
  local of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
end

local function civil_of(count)
  local shifted = count + 719468
  local era = shifted // 146097
  local of_era = shifted - era * 146097
  local year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
  local of_year = of_era - (365 * year + year // 4 - year // 100)
  local month = (5 * of_year + 2) // 153
  local day = of_year - (153 * month + 2) // 5 + 1
  month = month < 10 and month + 3 or month - 9
  return year + era * 400 + (month <= 2 and 1 or 0), month, day
end

---@param text string "2026-11-20"
---@return integer days since 1970-01-01
function calendar.day_of(text)
  local year, month, day = text:match "^(%-?%d+)%-(%d%d)%-(%d%d)$"
  return count_of(math.tointeger(tonumber(year)), math.tointeger(tonumber(month)), math.tointeger(tonumber(day)))
end

---@param count integer days since 1970-01-01
---@return string "2026-11-20"
function calendar.text_of(count)
  return ("%04d-%02d-%02d"):format(civil_of(count))
end

---Adds a period to a day. A month later is the same day of the month, or the month's last where it has none such.
---@param day integer days since 1970-01-01
---@param period { count: integer, unit: "d"|"w"|"mo"|"y" }
---@return integer
function calendar.add(day, period)
  if period.unit == "d" then return day + period.count end
  if period.unit == "w" then return day + 7 * period.count end
  local year, month, of_month = civil_of(day)
  month = month + period.count * (period.unit == "y" and 12 or 1)
  local first, after = count_of(year, month, 1), count_of(year, month + 1, 1)
  return math.min(first + of_month - 1, after - 1)
end

return calendar
