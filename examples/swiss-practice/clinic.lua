-- The rules of a doctor's practice in Lausanne: visits, invoices, and what may be entered as a payment.
local clinic = ...
clinic:currency "CHF"
clinic:language "fr"
clinic:numbering { consultation = "C-%05d", invoice = "F-%05d", payment = "R-%05d" }

-- The list that the desk chooses from. Cash is paid in steps of five centimes, and what is too much is given back.
clinic:payment_type { id = "cash", default = true, round_to = "0.05", excess = "change",
  label = { fr = "Espèces", de = "Bar", it = "Contanti", en = "Cash" } }
clinic:payment_type { id = "card", label = { fr = "Carte", de = "Karte", it = "Carta", en = "Card" } }
clinic:payment_type { id = "twint", label = "TWINT" }

-- Patients who pay by bank now and then send too much: it is kept for the next visit, not lost.
clinic:payment_type { id = "transfer", excess = "credit",
  label = { fr = "Virement", de = "Überweisung", it = "Bonifico", en = "Bank transfer" } }
clinic:payment_type { id = "credit", effect = "credit",
  label = { fr = "Avoir du patient", de = "Guthaben", it = "Credito", en = "Patient credit" } }

-- No money, but entered in the same list: what is given away, and what will never be paid.
clinic:payment_type { id = "discount", effect = "discount",
  label = { fr = "Rabais / Offert", de = "Rabatt / Geschenkt", it = "Sconto / Offerto", en = "Discount / Free" } }
clinic:payment_type { id = "loss", effect = "loss",
  label = { fr = "Impayé / Perte", de = "Verlust", it = "Perdita", en = "Unpaid / Loss" } }
