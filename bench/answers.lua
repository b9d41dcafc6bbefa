-- answers.lua - what question and answer cost in Lua alone, without a ledger: the same tables as `pay` and `document`
-- take and give, made by Lua's own constructors from strings that are there already. No binding that answers with plain
-- tables can be faster. Called by `make bench-answers`.
local clock = require "clock"
local measuring = require "measuring"
local tallystick = require "tallystick"

local answers = {}

local ROUNDS, COUNT = 9, 200000
local money = tallystick.money

function answers.pay(asked)
  local question = { document = asked.document, type = asked.type, group = asked.group, amount = asked.amount,
    at = asked.at, key = asked.key }
  local amount, zero = money("50.00", "CHF"), asked.zero
  return question, {
    number = asked.key, act = 7, kind = "pay", type = question.type, type_version = 1, effect = "money",
    patient = asked.patient, group = question.group, actor = "desk-1", amount = amount, deposited = zero, change = zero,
    refunded = zero, at = asked.at, day = asked.day, recorded_at = asked.at, reversed = false, refunds = {},
    allocations = { { document = question.document, amount = amount, rounded = zero, refunded = zero } },
    document = question.document, status = "pending", remaining = money("20.00", "CHF"),
  }
end

function answers.document(asked)
  local charged, zero = money("70.00", "CHF"), asked.zero
  return {
    number = asked.document, kind = "invoice", patient = asked.patient, status = "paid", charged = charged,
    collected = charged, credited = zero, discounted = zero, lost = zero, rounded = zero, settled = charged,
    remaining = zero, invoiced = false, cancelled = false, at = asked.at, day = asked.day, recorded_at = asked.at,
    due = asked.day, overdue = false, consultations = {}, payments = { asked.key },
  }
end

local ASKED = {
  document = "F-00001", type = "card", group = "POS-1", amount = "50.00", at = "2026-03-02T10:15:00Z",
  key = "k00000001", patient = "P00017", day = "2026-03-02", zero = money("0", "CHF"),
}

local function microseconds(make)
  local start = clock.now()
  for _ = 1, COUNT do make(ASKED) end
  return (clock.now() - start) / COUNT * 1e6
end

---Gives the spread of microseconds that one takes.
---@param make function answers.pay or answers.document
function answers.measure(make)
  local seen = {}
  for round = 1, ROUNDS do seen[round] = microseconds(make) end
  return measuring.spread(seen)
end

function answers.report()
  for label, make in pairs { ["question and answer of a payment"] = answers.pay,
    ["answer of a document"] = answers.document } do
    local spread = answers.measure(make)
    print(("%-44s %5.2f µs (%.2f … %.2f)"):format(label, spread.median, spread.min, spread.max))
  end
end

return answers
