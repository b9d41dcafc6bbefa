-- The rules of a practice whose patients pay by bank transfer.
local clinic = ...
clinic:currency "CHF"
clinic:payment_type { id = "cash", default = true, round_to = "0.05", excess = "change" }

-- A patient who sends too much keeps it as credit.
clinic:payment_type { id = "transfer", excess = "credit", label = { fr = "Virement", de = "Überweisung", en = "Bank transfer" } }
clinic:payment_type { id = "credit", effect = "credit" }
