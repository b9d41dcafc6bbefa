-- The rules of a small practice: what it takes, who may do what, and how its papers are numbered.
local clinic = ...
clinic:currency "CHF"
clinic:language "fr"
clinic:numbering { invoice = "2026-%04d", payment = "Q-%05d" }
clinic:payment_type { id = "cash", label = { fr = "Espèces", de = "Bar" }, default = true, round_to = "0.05", excess = "change" }
clinic:payment_type { id = "card", label = { fr = "Carte", de = "Karte" }, group = { required = true, one_of = { "POS-1", "POS-2" } } }
clinic:payment_type { id = "voucher", label = { fr = "Bon", de = "Gutschein" }, max = "200.00", applies_to = { "consultation" } }
clinic:payment_type { id = "insurance", label = { fr = "Assurance", de = "Versicherung" }, fields = { policy = { required = true, pattern = "^%d%d%d%-%d%d%d$" } } }
clinic:payment_type { id = "loss", label = { fr = "Impayé / Perte", de = "Verlust" }, effect = "loss", applies_to = { "invoice" }, roles = { "manager" } }
clinic:permit { refund = { "manager" }, reverse = { "manager", "secretary" }, close_days = { "manager" } }
