-- grammar/fields.lua - the fields of the writing commands as arguments and options: what each is called, what it holds,
-- and what it says of itself. Which command has which comes from the core, so that the two cannot differ.

-- By field: its kind (grammar/kinds.lua), what stands for its value, and what it means; by command where that differs.
local fields = {
  document = { kind = "document", help = "The document, such as F-00012" },
  documents = { kind = "documents", argname = "LIST", instead = "document", help = "Several documents, in this order: F-00001,F-00002; or oldest" },
  consultations = { kind = "consultations", argname = "LIST", help = "The consultations to put on it: C-00001,C-00002" },
  patient = { kind = "patient", help = "The patient's id" },
  payment = { kind = "payment", help = "The payment, such as R-00003" },
  amount = { kind = "amount", help = "The amount, such as 120 or 120.50" },
  tendered = { kind = "amount", argname = "AMOUNT", help = "What was handed over; the change is told" },
  type = { kind = "type", help = "The payment type (default: the script's default type)" },
  group = { kind = "group", help = "The group, such as the card terminal" },
  reference = { kind = "text", argname = "TEXT", help = "A reference from outside" },
  fields = { kind = "map", option = "field", argname = "NAME=VALUE", help = "An extra field of the payment type; may be given several times" },
  number = { kind = "text", argname = "NUMBER", help = "A number of your own, instead of the next of the series" },
  label = { kind = "text", argname = "TEXT", help = "One line that says what it is" },
  due = { kind = "day", argname = "DAY", help = "The day it is due, such as 2026-12-20" },
  reason = { kind = "text", argname = "TEXT", help = "Why" },
  reopen = { kind = "boolean", argname = "yes|no", help = "yes: it is owed again; no: the charge falls too" },
  through = { kind = "day", argname = "DAY", help = "The last day to seal (default: today)" },
  counted = { kind = "map", argname = "TYPE=AMOUNT", help = "What was counted of a type, such as cash=512.35; may be given several times" },
  from = { kind = "patient", help = "The patient whose credit it is" },
  to = { kind = "patient", help = "The patient who gets it" },
  workflow = { kind = "text", argname = "ID", help = "The workflow, where the script declares several" },
  at = { kind = "time", argname = "TIME", help = "When the money changed hands, such as 2026-11-20T14:30 (default: now)" },
  actor = { kind = "text", argname = "NAME", help = "Who acts" },
  roles = { kind = "texts", option = "role", argname = "ROLE", help = "A role of the actor; may be given several times" },
  note = { kind = "text", argname = "TEXT", help = "A note, kept apart from the journal" },
  key = { kind = "text", argname = "KEY", help = "Makes a repeated command harmless: one key, one effect" },
  dry_run = { kind = "flag", help = "Show what it would do, and write nothing" },
}

local OF_COMMAND = {
  move = {
    from = { kind = "text", argname = "STAGE", help = "Only where the document stands at this stage" },
    to = { kind = "text", help = "The stage that it moves to" },
    fields = { kind = "map", option = "field", argname = "NAME=VALUE", help = "Something handed on to who follows the journal" },
  },
  consultation = { amount = { kind = "amount", help = "What is charged; zero is allowed" } },
  invoice = {
    amount = { kind = "amount", argname = "AMOUNT", help = "An amount of its own" },
    patient = { kind = "patient", argname = "ID", help = "The patient, where there are no consultations" },
  },
  charge = { amount = { kind = "amount", help = "What is added to what it charges; below zero takes from it" } },
  pay = { amount = { kind = "amount", help = "The amount (default: all that remains)" } },
  correct = { amount = { kind = "amount", help = "The right amount (default: as it was, or all that remains)" } },
  refund = {
    amount = { kind = "amount", help = "The amount (default: all that is left of the payment)" },
    document = { kind = "document", help = "The document, where the payment settled several" },
    type = { kind = "type", help = "How the money goes back (default: as it came)" },
  },
}

---Gives a field of a command as the grammar has it.
---@param command string
---@param name string
---@return table
return function(command, name)
  local own = OF_COMMAND[command]
  return own and own[name] or fields[name]
end
