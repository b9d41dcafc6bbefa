-- labels/it.lua - Italian words, as practices in Ticino write them. Both kinds of document are feminine.
return {
  status = {
    pending = "In sospeso", unpaid = "Non pagata", partial = "Pagata in parte", paid = "Pagata",
    overpaid = "Pagata in eccesso", written_off = "Passata a perdita", offered = "Offerta", invoiced = "Fatturata",
    cancelled = "Annullata",
  },
  mark = {
    pending = "trattino arancione", unpaid = "croce rossa", partial = "trattino arancione", paid = "spunta verde",
    overpaid = "più blu", written_off = "spunta grigia", offered = "spunta grigia", invoiced = "freccia grigia",
    cancelled = "zero grigio",
  },
  kind = {
    charge = "Importo dovuto", payment = "Pagamento", discount = "Sconto", loss = "Perdita",
    rounding = "Arrotondamento", deposit = "Acconto", credit = "Pagamento con credito",
    withdrawal = "Versamento del credito", transfer = "Trasferimento di credito", refund = "Rimborso",
    invoicing = "Messa in fattura", release = "Ritiro dalla fattura", variance = "Differenza di cassa",
    reversal = "Storno", stage = "Fase", print = "Stampa", closing = "Chiusura",
  },
  effect = { money = "Denaro", credit = "Credito del paziente", discount = "Sconto", loss = "Perdita" },
  type = {
    cash = "Contanti", card = "Carta", transfer = "Bonifico", credit = "Credito del paziente", discount = "Sconto",
    loss = "Perdita",
  },
  document = { consultation = "Consultazione", invoice = "Fattura" },
  fact = {
    charged = "Importo dovuto", collected = "Incassato", credited = "Pagato con credito", discounted = "Sconto",
    lost = "Perdita", rounded = "Arrotondamento", settled = "Saldato", remaining = "Resta da pagare",
  },
  receipt = {
    receipt = "Ricevuta", deposit = "Ricevuta d’acconto", withdrawal = "Versamento del credito", refund = "Rimborso",
    discount = "Sconto concesso", loss = "Perdita registrata", statement = "Conteggio",
    duplicate = "Duplicato n. %s", preview = "Anteprima – non vale come ricevuta",
    reversed = "Annullata – senza valore", replaced_by = "Sostituita da %s", replaces = "Sostituisce la ricevuta",
    refunded = "Rimborsata: %s", refunded_in_part = "Rimborsata in parte: %s",
    no_money = "Nessun importo incassato",
    date = "Data", patient = "N. paziente", payment = "Pagamento", type = "Mezzo di pagamento", group = "Gruppo",
    reference = "Riferimento", note = "Osservazione", reason = "Motivo", refund_of = "Della ricevuta",
    label = "Testo", amount = "Importo", remaining = "Resta da pagare", overpaid = "Pagato in eccesso",
    on_invoice = "Sulla fattura", of_which = "Di cui", rounding = "Arrotondamento",
    kept = "Tenuto come credito del paziente", total = "Totale", total_refunded = "Totale rimborsato",
    total_settled = "Totale saldato", tendered = "Ricevuto", change = "Resto", paid = "Pagato", due = "Scadenza",
    status = "Stato", charges = "Prestazioni", payments = "Pagamenti", consultations = "Consultazioni",
    is_reversed = "annullato", printed = "Stampa %s", printed_at = "Stampato il %s", page = "Pagina",
    ledger = "Registro", entry = "Registrazione",
  },
}
