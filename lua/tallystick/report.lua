-- report.lua - the reports of a ledger: data for tables, CSV, JSON and charts, and the same as one HTML file.
-- Nothing here prints. docs/reports.md says what each report counts.

---@class tallystick.report.Fact
---@field name string
---@field title string
---@field value string|integer|tallystick.Money
---@field kind? string as of a column

---What a report tells: facts of one value, sheets of rows, the data of charts, and notes for people. Every title is in
---the report's language. Columns may have `labels`: words for people by value, where the value is an id.
---@class tallystick.report.Report
---@field name string
---@field title string
---@field lang string
---@field currency string
---@field facts tallystick.report.Fact[]
---@field sheets tallystick.Sheet[]
---@field charts tallystick.report.Chart[]
---@field notes string[]

local report = {
  day = require "tallystick.report.day",
  period = require "tallystick.report.period",
  receivables = require "tallystick.report.receivables",
  statement = require "tallystick.report.statement",
  corrections = require "tallystick.report.corrections",
}

---Sets a report as one HTML file that needs nothing else: charts, tables, in print and in the dark. Codes:
---`field-unknown`, `field-invalid`.
---@param made tallystick.report.Report
---@param options? { title?: string }
---@return string? html
---@return string? message
---@return string? code
---@return table? details
function report.html(made, options)
  -- Loaded with the first page: most reports are read at a terminal.
  return require "tallystick.report.html"(made, options)
end

return report
