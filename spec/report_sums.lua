-- What the specs of reports ask of sums: a report's sheets by name, and its sums in the shape of a row of totals.
local report_sums = {}

---The columns of totals that are money.
report_sums.NAMES = {
  "collected", "refunded", "deposited", "withdrawn", "money", "credited", "discounted", "lost", "rounded",
}

---@param report tallystick.report.Report
---@param name string
---@return tallystick.Sheet?
function report_sums.sheet(report, name)
  for _, one in ipairs(report.sheets) do
    if one.name == name then return one end
  end
end

---What the sums of a report's first two sheets say, as report_sums.plain gives a row of totals.
---@param report tallystick.report.Report
---@return table<string, string|integer>
function report_sums.whole_of(report)
  local money, settled = report_sums.sheet(report, "money").sum, report_sums.sheet(report, "settled").sum
  local whole = { count = (money.count or 0) + (settled.count or 0) }
  for _, name in ipairs(report_sums.NAMES) do whole[name] = (money[name] or settled[name]):decimal() end
  return whole
end

---@param row tallystick.Totals
---@return table<string, string|integer>
function report_sums.plain(row)
  local out = { count = row.count }
  for _, name in ipairs(report_sums.NAMES) do out[name] = row[name]:decimal() end
  return out
end

return report_sums
