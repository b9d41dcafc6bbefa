-- A clinic that asks for a deposit before a long treatment.
local clinic = ...
clinic:currency "CHF"
clinic:language "fr"
clinic:payment_type { id = "card", label = { fr = "Carte" }, default = true }
clinic:payment_type { id = "cash", label = { fr = "Espèces" }, round_to = "0.05", excess = "change" }
clinic:payment_type { id = "transfer", label = { fr = "Virement" }, excess = "credit" }
clinic:payment_type { id = "credit", label = { fr = "Acompte" }, effect = "credit" }

-- What a patient has with us and does not owe for anything else. Nothing for somebody whom we do not know yet.
local function free_credit(id, ctx)
  local patient = ctx.patient(id)
  return patient and patient.credit - patient.owed or ctx.zero
end

-- From 600 francs on, a third is asked before the treatment begins.
clinic:before("consultation", { id = "deposit-first" }, function(event, ctx)
  if event.amount < ctx.money "600.00" then return end
  local asked = event.amount:split(3)[1]
  local free = free_credit(event.patient, ctx)
  if free < asked then
    local missing = free > ctx.zero and asked - free or asked
    return ctx.refuse("deposit-first", ("a deposit of %s is asked first; %s is missing"):format(asked, missing))
  end
end)

-- What is left of a deposit goes back when all is paid, not before.
clinic:before("withdraw", { id = "debts-first" }, function(event, ctx)
  local patient = ctx.patient(event.patient)
  if patient.owed > ctx.zero then
    return ctx.refuse("debts-first", ("%s still owes %s"):format(event.patient, patient.owed))
  end
end)
