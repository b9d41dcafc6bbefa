-- import/apply.lua - pays what a plan says: one act for each credit, each a commit of its own with the credit's key, so
-- that a run which was cut off can be done again.
local act = require "tallystick.import.act"
local file = require "tallystick.import.file"

---@class tallystick.import.ApplyOptions
---@field progress? fun(done: integer, total: integer, outcome: tallystick.import.Outcome): boolean? told of each credit
---once it is written or refused; false stops

---What became of one credit that was to be paid.
---@class tallystick.import.Outcome
---@field item tallystick.import.Item
---@field result? tallystick.PaymentResult the payment, with `replayed` where another run had made it
---@field code? string why it was refused, as when someone else was faster
---@field message? string

---@class tallystick.import.Applied
---@field outcomes tallystick.import.Outcome[]
---@field paid integer
---@field replayed integer made by another run meanwhile
---@field refused integer
---@field complete boolean whether nothing that was to be paid was left out
---@field stopped? { code: string, message: string } why the run ended before the plan did

local function note(report, outcome)
  local result = outcome.result
  local counted = not result and "refused" or result.replayed and "replayed" or "paid"
  report[counted] = report[counted] + 1
  report.outcomes[#report.outcomes + 1] = outcome
end

local function to_pay(plan)
  local items = {}
  for _, item in ipairs(plan.items) do
    if item.action == "pay" then items[#items + 1] = item end
  end
  return items
end

---Pays what a plan says, in the order of the file. What was refused is not tried in another way: make a new plan.
---Errors: `field-unknown`, `field-invalid` (an option). Where the ledger as a whole gives up (`busy`, `full` and their
---like), the report says so in `stopped`; what was paid until then is in it, and on disk.
---@param ledger tallystick.Ledger
---@param plan tallystick.import.Plan
---@param options? tallystick.import.ApplyOptions
---@return tallystick.import.Applied? report
---@return string? message
---@return string? code
---@return table? details
return function(ledger, plan, options)
  local checked, wrong, why, details = file.options("import.apply", options, { progress = "function" })
  if not checked then return nil, wrong, why, details end
  local report = { outcomes = {}, paid = 0, replayed = 0, refused = 0, complete = false }
  local items = to_pay(plan)
  for index, item in ipairs(items) do
    local result, message, code = act.perform(ledger, item.act)
    if act.ends(code) then
      report.stopped = { code = code, message = message }
      return report
    end
    local outcome = { item = item, result = result, code = code, message = message }
    note(report, outcome)
    if checked.progress and checked.progress(index, #items, outcome) == false and index < #items then return report end
  end
  report.complete = true
  return report
end
