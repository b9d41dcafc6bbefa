-- A script with hooks before and after a payment, and a workflow with an action, for the scenarios with a script.
local clinic = ...
clinic:currency "CHF"
clinic:payment_type { id = "cash", label = { en = "Cash", fr = "Espèces" }, default = true, round_to = "0.05",
  excess = "change" }
clinic:payment_type { id = "card", label = "Card" }
clinic:payment_type { id = "transfer", label = "Transfer", excess = "credit" }
clinic:before("pay", { id = "least" }, function(event, ctx)
  if event.amount < ctx.money "1.00" then return ctx.refuse("least", "a payment is 1.00 at least") end
end)
clinic:after("pay", { id = "thank" }, function(event, ctx) ctx.log("thank you for " .. tostring(event.amount)) end)
clinic:workflow { id = "reminders", document = "invoice", initial = "issued",
  stages = { "issued", "reminder-1", "reminder-2" },
  transitions = {
    { from = "issued", to = "reminder-1", after = "1d",
      when = function(document, ctx) return document.remaining > ctx.zero end },
    { from = "reminder-1", to = "reminder-2", after = "1d",
      action = function(_, ctx) return ctx.charge { amount = "5.00", label = "reminder" } end } } }
