-- labels/de.lua - German words, in the spelling of Switzerland: ss, never ß.
return {
  status = {
    pending = "Ausstehend", unpaid = "Unbezahlt", partial = "Teilweise bezahlt", paid = "Bezahlt",
    overpaid = "Zu viel bezahlt", written_off = "Abgeschrieben", offered = "Erlassen", invoiced = "Fakturiert",
    cancelled = "Storniert",
  },
  mark = {
    pending = "oranger Strich", unpaid = "rotes Kreuz", partial = "oranger Strich", paid = "grünes Häkchen",
    overpaid = "blaues Plus", written_off = "graues Häkchen", offered = "graues Häkchen", invoiced = "grauer Pfeil",
    cancelled = "graue Null",
  },
  kind = {
    charge = "Belastung", payment = "Zahlung", discount = "Rabatt", loss = "Verlust", rounding = "Rundung",
    deposit = "Vorauszahlung", credit = "Zahlung aus Guthaben", withdrawal = "Auszahlung von Guthaben",
    transfer = "Übertrag von Guthaben", refund = "Rückerstattung", invoicing = "Auf Rechnung genommen",
    release = "Von Rechnung genommen", variance = "Kassendifferenz", reversal = "Storno", stage = "Stufe",
    print = "Druck", closing = "Abschluss",
  },
  effect = { money = "Geld", credit = "Patientenguthaben", discount = "Rabatt", loss = "Verlust" },
  type = {
    cash = "Bar", card = "Karte", transfer = "Überweisung", credit = "Patientenguthaben", discount = "Rabatt",
    loss = "Verlust",
  },
  document = { consultation = "Konsultation", invoice = "Rechnung" },
  fact = {
    charged = "Geschuldet", collected = "Eingenommen", credited = "Aus Guthaben bezahlt", discounted = "Rabatt",
    lost = "Verlust", rounded = "Rundung", settled = "Beglichen", remaining = "Offen",
  },
  receipt = {
    receipt = "Quittung", deposit = "Quittung Vorauszahlung", withdrawal = "Auszahlung Guthaben",
    refund = "Rückerstattung", discount = "Gewährter Rabatt", loss = "Verbuchter Verlust", statement = "Abrechnung",
    duplicate = "Duplikat Nr. %s", preview = "Vorschau – gilt nicht als Quittung",
    reversed = "Storniert – ungültig", replaced_by = "Ersetzt durch %s", replaces = "Ersetzt Quittung",
    refunded = "Rückerstattet: %s", refunded_in_part = "Teilweise rückerstattet: %s",
    no_money = "Es wurde kein Geld entgegengenommen",
    date = "Datum", patient = "Patienten-Nr.", payment = "Zahlung", type = "Zahlungsart", group = "Gruppe",
    reference = "Referenz", note = "Bemerkung", reason = "Grund", refund_of = "Zu Quittung", label = "Text",
    amount = "Betrag", remaining = "Noch offen", overpaid = "Zu viel bezahlt", on_invoice = "Auf Rechnung",
    of_which = "Davon", rounding = "Rundung", kept = "Als Patientenguthaben behalten", total = "Total",
    total_refunded = "Total rückerstattet", total_settled = "Total beglichen", tendered = "Erhalten",
    change = "Rückgeld", paid = "Bezahlt", due = "Fällig", status = "Status", charges = "Leistungen",
    payments = "Zahlungen", consultations = "Konsultationen", is_reversed = "storniert", printed = "Druck %s",
    printed_at = "Gedruckt am %s", page = "Seite", ledger = "Register", entry = "Eintrag",
  },
}
