-- report/period.lua - the report of a period: collections, settlements and refunds, split by what is asked for.
local options = require "tallystick.report.options"
local series = require "tallystick.report.series"
local split = require "tallystick.report.split"
local tools = require "tallystick.report.tools"

local KNOWN = {
  from = { kind = "day" }, to = { kind = "day" }, by = { kind = "list", of = split.ways }, lang = { kind = "lang" },
}

local BY = { "type", "group" }

-- What the charts are drawn from; the sheets are of the split that is asked for.
local BY_CHARTS = { "day", "type", "group" }

local function charts_of(made, rows, asked)
  local charts = {}
  local function add(chart) charts[#charts + 1] = chart end
  add(series.over_time(made, "collected_over_time", rows, { field = "collected", from = asked.from, to = asked.to }))
  add(series.bars(made, "collected_by_type", rows, "type", "collected"))
  add(series.bars(made, "collected_by_group", rows, "group", "collected"))
  return charts
end

local function build(made, asked)
  local by = asked.by or BY
  local rows, message, code, details = split.read(made, { from = asked.from, to = asked.to, by = by })
  if not rows then return nil, message, code, details end
  local drawn
  drawn, message, code, details = split.read(made, { from = asked.from, to = asked.to, by = BY_CHARTS })
  if not drawn then return nil, message, code, details end
  local money, settled = split.sheets(made, rows, by)
  return made:report {
    name = "period",
    title = made:word("title_period", tools.shown_day(asked.from), tools.shown_day(asked.to)),
    facts = { made:fact("from", asked.from, "day"), made:fact("to", asked.to, "day") },
    sheets = { money, settled }, charts = charts_of(made, drawn, asked),
  }
end

---The report of a period: the present year up to today where nothing is named. Errors: `field-unknown`,
---`field-invalid`, `date-invalid`, `amount-overflow`, `busy`.
---@param ledger tallystick.Ledger
---@param asked? { from?: tallystick.Day, to?: tallystick.Day, by?: string[], lang?: string }
---@return tallystick.report.Report? report
---@return string? message
---@return string? code
---@return table? details
return function(ledger, asked)
  local checked, message, code, details = options.check("period", KNOWN, asked, ledger)
  if not checked then return nil, message, code, details end
  return tools.build(ledger, checked.lang, function(made)
    local from, to = tools.period(checked, made.today)
    local whole, why, wrong, with = options.check_period { from = from, to = to }
    if not whole then return nil, why, wrong, with end
    return build(made, { from = from, to = to, by = checked.by })
  end)
end
