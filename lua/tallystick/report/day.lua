-- report/day.lua - the report of one day: by type and group, counted against expected, and what is left to close.
local calendar = require "tallystick.calendar"
local options = require "tallystick.report.options"
local series = require "tallystick.report.series"
local split = require "tallystick.report.split"
local tools = require "tallystick.report.tools"

local KNOWN = { day = { kind = "day" }, lang = { kind = "lang" } }

local BY = { "type", "group" }

-- So many days that are not sealed have a row each, those before them one row together.
local OPEN_DAYS_SHOWN = 31

local function next_day(day)
  return calendar.text_of(calendar.day_of(day) + 1)
end

-- The seal on a day, where it has one.
local function closing_of(closings, day)
  for _, closing in ipairs(closings) do
    if closing.through >= day then return closing end
  end
end

-- What should be there, and what was: of the days that one closing sealed, or of those since the last one.
local function till_rows(made, totals, counted)
  local rows = {}
  for _, row in ipairs(totals) do
    if split.is_money(made, row) then
      local found = counted[row.type]
      rows[#rows + 1] = {
        type = row.type, expected = found and found.expected or row.money,
        counted = found and found.counted, variance = found and found.variance,
      }
    end
  end
  return rows
end

-- A type may have been counted on days on which it moved nothing.
local function add_counted_alone(rows, counted)
  local seen, ids = {}, {}
  for _, row in ipairs(rows) do seen[row.type] = true end
  for id in pairs(counted) do
    if not seen[id] then ids[#ids + 1] = id end
  end
  table.sort(ids)
  for _, id in ipairs(ids) do
    local found = counted[id]
    rows[#rows + 1] = { type = id, expected = found.expected, counted = found.counted, variance = found.variance }
  end
end

local function till_sheet(made, from, to, counted)
  local totals, message, code, details = split.read(made, { from = from, to = to, by = { "type" } })
  if not totals then return nil, message, code, details end
  local rows = till_rows(made, totals, counted)
  add_counted_alone(rows, counted)
  local columns = { made:column("type", nil, { labels = split.labels(made, "type", rows), flex = true }) }
  made:add_columns(columns, "money", { "expected", "counted", "variance" })
  local sheet = made:sheet("till", columns, rows)
  -- Part of what was counted would stand beside the whole that is expected.
  for _, row in ipairs(rows) do
    if not row.counted then sheet.sum.counted, sheet.sum.variance = nil, nil end
  end
  return sheet
end

local function one_total(made, from, to)
  local rows, message, code, details = made.ledger:totals { from = from, to = to }
  if not rows then return nil, message, code, details end
  return rows[1]
end

-- The days after the last seal: the latest each, those before them together.
local function open_rows(made, from, day)
  local rows, start = {}, calendar.day_of(day) - OPEN_DAYS_SHOWN + 1
  if from and calendar.day_of(from) > start then start = calendar.day_of(from) end
  local before = calendar.text_of(start - 1)
  if not from or from <= before then
    local earlier, message, code, details = one_total(made, from, before)
    if not earlier then return nil, message, code, details end
    if earlier.count > 0 or earlier.money.minor ~= 0 then
      rows[1] = { from = from, to = before, count = earlier.count, money = earlier.money }
    end
  end
  local days, message, code, details = split.read(made,
    { from = calendar.text_of(start), to = day, by = { "day" } })
  if not days then return nil, message, code, details end
  for _, row in ipairs(days) do
    rows[#rows + 1] = { from = row.day, to = row.day, count = row.count, money = row.money }
  end
  return rows
end

local function open_sheet(made, from, day)
  local rows, message, code, details = open_rows(made, from, day)
  if not rows then return nil, message, code, details end
  local columns = { made:column("from", "day"), made:column("to", "day"), made:column("count", "count") }
  made:add_columns(columns, "money", { "money" })
  return made:sheet("open_days", columns, rows)
end

-- Adds what the seals say of the day: the till, and what is left to close.
local function add_closing(made, day, report)
  local closings, message, code, details = made.ledger:closings()
  if not closings then return nil, message, code, details end
  local last, closing = closings[#closings], closing_of(closings, day)
  local closed_through = last and last.through
  local from, to = closed_through and next_day(closed_through) or nil, day
  if closing then from, to = closing.from, closing.through end
  local till
  till, message, code, details = till_sheet(made, from, to, closing and closing.counted or {})
  if not till then return nil, message, code, details end
  local sheets, facts = report.sheets, report.facts
  sheets[#sheets + 1] = till
  facts[#facts + 1] = made:fact("closed_through", closed_through, "day")
  if closing then
    facts[#facts + 1] = made:fact("sealed_from", closing.from, "day")
    facts[#facts + 1] = made:fact("sealed_through", closing.through, "day")
    facts[#facts + 1] = made:fact("sealed_by", closing.actor)
    return true
  end
  sheets[#sheets + 1], message, code, details = open_sheet(made, from, day)
  if not sheets[#sheets] then return nil, message, code, details end
  return true
end

local function build(made, asked)
  local day = asked.day or made.today
  local rows, message, code, details = split.read(made, { from = day, to = day, by = BY })
  if not rows then return nil, message, code, details end
  local money, settled = split.sheets(made, rows, BY)
  local report = {
    name = "day", title = made:word("title_day", tools.shown_day(day)), facts = { made:fact("day", day, "day") },
    sheets = { money, settled }, charts = {},
  }
  local charts = report.charts
  charts[#charts + 1] = series.bars(made, "money_by_type", rows, "type", "money")
  charts[#charts + 1] = series.bars(made, "money_by_group", rows, "group", "money")
  local sound
  sound, message, code, details = add_closing(made, day, report)
  if not sound then return nil, message, code, details end
  return made:report(report)
end

---The report of a day. Errors: `field-unknown`, `field-invalid`, `date-invalid`, `amount-overflow`, `busy`.
---@param ledger tallystick.Ledger
---@param asked? { day?: tallystick.Day, lang?: string } today by the ledger's clock where no day is named
---@return tallystick.report.Report? report
---@return string? message
---@return string? code
---@return table? details
return function(ledger, asked)
  local checked, message, code, details = options.check("day", KNOWN, asked, ledger)
  if not checked then return nil, message, code, details end
  return tools.build(ledger, checked.lang, function(made) return build(made, checked) end)
end
