-- The rules of the simulated clinic: those of the model (spec/model), and a coin machine, whose smallest step has
-- halves and whose excess is kept as credit. clinic.py says the same in Python.
local clinic = ...
clinic:currency "CHF"
clinic:payment_type { id = "cash", default = true, round_to = "0.05", excess = "change" }
clinic:payment_type { id = "coins", round_to = "0.10", excess = "credit" }
clinic:payment_type { id = "card", group = { required = true, one_of = { "POS-1", "POS-2" } } }
clinic:payment_type { id = "twint" }
clinic:payment_type { id = "transfer", excess = "credit" }
clinic:payment_type { id = "voucher", max = "200.00", applies_to = { "consultation" } }
clinic:payment_type { id = "credit", effect = "credit" }
clinic:payment_type { id = "discount", effect = "discount" }
clinic:payment_type { id = "loss", effect = "loss", applies_to = { "invoice" }, roles = { "manager" } }
clinic:payment_type { id = "cheque", retired = true }
clinic:permit { reverse = { "manager", "secretary" }, refund = { "manager" }, close_days = { "manager" },
  cancel = { "manager", "secretary" } }
