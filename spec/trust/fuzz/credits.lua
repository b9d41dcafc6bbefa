-- credits.lua - what holds of any credits that a reader made of a file, for the targets of imports: each is paid in
-- full, paid before, or on the list with why; the ledger gains what is said to be paid, and nothing when the same file
-- comes again.
local import = require "tallystick.import"
local oracle = require "spec.trust.fuzz.oracle"

local must = oracle.must

local credits = {}

-- The money that all acts brought in, less what went out, in minor units; nil where 64 bits do not hold a total.
local function money_of(ledger)
  local rows, message, code = ledger:totals()
  if rows then return rows[1] and rows[1].money.minor or 0 end
  oracle.refusal(message, code)
  must(code == "amount-overflow", "totals fail only where they do not fit: %s", code)
  return nil
end

local function check_plan(plan, list)
  must(#plan.items == #list, "a plan has an item for each credit: %s, %s", #list, #plan.items)
  local counts = { pay = 0, done = 0, list = 0 }
  for index, item in ipairs(plan.items) do
    must(item.credit == list[index], "items stand in the order of the file")
    counts[item.action] = counts[item.action] + 1
    if item.action == "list" then
      must(type(item.code) == "string" and type(item.message) == "string", "what is listed says why: %s",
        item.message)
      must(item.code ~= "transaction-poisoned", "what is listed says its own fault: %s", item.message)
    else
      must(item.amount.minor > 0, "what is paid has an amount: %s", item.amount)
      must(item.key and #item.key <= 128, "what is paid has a key: %s", item.key)
    end
  end
  for action, count in pairs(counts) do must(plan[action] == count, "the plan counts what it has to %s", action) end
end

-- What one outcome brought in: all of its credit, or nothing. Behind one that was refused others come as they can.
local function take(outcome, paid, as_planned)
  local result, item = outcome.result, outcome.item
  if not result then
    oracle.refusal(outcome.message, outcome.code)
    -- Rehearsed were the credits of one document; only sums over several can still be too large.
    must(outcome.code == "amount-overflow", "what was planned is paid, and not refused: %s", outcome.message)
    return 0
  end
  must(result.amount == item.credit.amount, "all of a credit is paid: %s of %s", result.amount, item.credit.amount)
  local same = result.remaining == item.remaining and result.deposited == item.deposited
  must(same or not as_planned, "it comes as it was planned: %s, %s", result.remaining, item.remaining)
  must(not paid[item.key] or result.replayed, "no key is paid twice: %s", item.key)
  if result.replayed then return 0 end
  paid[item.key] = true
  return result.effect == "money" and result.amount.minor or 0
end

local function plan_and_pay(ledger, list, options, paid)
  local plan, message, code = import.plan(ledger, list, options)
  if not plan then
    oracle.refusal(message, code)
    return nil
  end
  check_plan(plan, list)
  local before = money_of(ledger)
  local applied = assert(import.apply(ledger, plan))
  must(applied.complete, "a plan is paid to its end: %s", applied.stopped and applied.stopped.message)
  local sum = 0
  for _, outcome in ipairs(applied.outcomes) do sum = sum + take(outcome, paid, applied.refused == 0) end
  local after = money_of(ledger)
  must(not before or not after or after - before == sum, "the ledger has gained %s, and %s was paid", after, sum)
  return applied
end

---Plans and pays credits, twice: the second time nothing is left to be paid, unless sums did not fit.
---@param text string the input
---@param list tallystick.import.Credit[]
---@param options tallystick.import.PlanOptions
function credits.pay(text, list, options)
  oracle.on_books(text, function(ledger)
    local paid = {}
    local first = plan_and_pay(ledger, list, options, paid)
    local second = first and plan_and_pay(ledger, list, options, paid)
    must(not second or second.paid == 0 or first.refused > 0, "a file that was paid is paid: %s more", second and
      second.paid)
  end)
end

---Refuses a file for a reason that people can act on: none but these.
---@param message any
---@param code any
function credits.refused(message, code)
  oracle.refusal(message, code)
  must(code == "field-invalid" or code == "field-unknown" or code == "field-missing", "a file is refused by %s", code)
end

return credits
