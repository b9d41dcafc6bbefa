-- How this clinic asks for its money: a bill is free to be paid for thirty days, then come up to five reminders, ten
-- days apart. The first one is free, each of the others costs more than the one before.
local clinic = ...
clinic:currency "CHF"
clinic:language "fr"
clinic:payment_type { id = "transfer", label = { fr = "Virement" }, default = true, excess = "credit" }
clinic:payment_type { id = "cash", label = { fr = "Espèces" }, round_to = "0.05", excess = "change" }
clinic:payment_type { id = "loss", label = { fr = "Impayé / Perte" }, effect = "loss", roles = { "manager" } }

-- The fee of each reminder; nothing for the first.
local FEES = { false, "10.00", "20.00", "30.00", "40.00" }

-- A letter is not printed here: the entry of the stage tells the office that one is to be sent, and at what fee.
local function remind(level)
  local fee = FEES[level]
  return function(document, ctx)
    if fee then ctx.charge { amount = fee, label = ("frais de rappel %d"):format(level) } end
    ctx.emit("letter", { level = tostring(level), patient = document.patient, fee = fee or "0.00" })
  end
end

-- Nobody is reminded of less than five francs: the stamp costs more than it brings.
local function is_worth_a_letter(document, ctx)
  return document.remaining >= ctx.money "5.00"
end

local stages = { "issued", "reminder-1", "reminder-2", "reminder-3", "reminder-4", "reminder-5" }
local transitions = {}
for level = 1, #FEES do
  transitions[level] = { from = stages[level], to = stages[level + 1], after = level == 1 and "30d" or "10d",
    when = is_worth_a_letter, action = remind(level) }
end

-- A patient who disputes the bill gets no letters until somebody has looked at it. The desk says where it goes on; no
-- fee is asked a second time, and the days are counted anew.
for _, stage in ipairs(stages) do
  table.insert(transitions, { from = stage, to = "dispute", manual = true })
  table.insert(transitions, { from = "dispute", to = stage, manual = true })
end

-- The collection agency is not for a program to call, and not for everyone at the desk.
table.insert(transitions, { from = "reminder-5", to = "collection", manual = true, by = { "manager" },
  action = function(_, ctx) ctx.emit "hand-over" end })

table.insert(stages, "dispute")
table.insert(stages, "collection")
clinic:workflow { id = "reminders", document = "invoice", initial = "issued", stages = stages,
  transitions = transitions }
