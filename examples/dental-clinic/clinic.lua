-- The rules of a dental clinic with two card terminals.
local clinic = ...
clinic:currency "EUR"
clinic:language "en"
clinic:numbering { consultation = "C-%05d", invoice = "INV-%05d", payment = "R-%05d" }

-- Cash unless the desk says otherwise.
clinic:payment_type { id = "cash", label = { en = "Cash", es = "Efectivo" }, default = true, excess = "change" }

-- Every card payment names its terminal: at night the slips are compared with the analytics, terminal by terminal.
clinic:payment_type { id = "card", label = { en = "Card", es = "Tarjeta" },
  group = { required = true, one_of = { "POS-1", "POS-2" } } }
clinic:payment_type { id = "transfer", label = { en = "Bank transfer", es = "Transferencia" }, excess = "credit" }

-- The patient's balance: paid in advance, used for later bills.
clinic:payment_type { id = "balance", label = { en = "Patient balance", es = "Saldo" }, effect = "credit" }
clinic:payment_type { id = "discount", label = { en = "Discount", es = "Descuento" }, effect = "discount" }
clinic:payment_type { id = "loss", label = { en = "Bad debt", es = "Incobrable" }, effect = "loss",
  applies_to = { "invoice" }, roles = { "manager" } }

-- What stands on top of each receipt.
clinic:receipt { head = { "Dental clinic at the harbour", "Calle del Puerto 5, Valencia" } }

-- Anybody may delete a payment that was entered wrongly. Money leaves the house, and days are closed, by a manager.
clinic:permit { refund = { "manager" }, withdraw = { "manager" }, close_days = { "manager" } }
