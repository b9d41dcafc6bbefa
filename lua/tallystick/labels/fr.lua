-- labels/fr.lua - French words, as practices in Switzerland write them. Both kinds of document are feminine.
return {
  status = {
    pending = "En attente", unpaid = "Impayée", partial = "Payée en partie", paid = "Payée", overpaid = "Payée en trop",
    written_off = "Passée en perte", offered = "Offerte", invoiced = "Facturée", cancelled = "Annulée",
  },
  mark = {
    pending = "tiret orange", unpaid = "croix rouge", partial = "tiret orange", paid = "coche verte",
    overpaid = "plus bleu", written_off = "coche grise", offered = "coche grise", invoiced = "flèche grise",
    cancelled = "zéro gris",
  },
  kind = {
    charge = "Montant dû", payment = "Paiement", discount = "Rabais", loss = "Perte", rounding = "Arrondi",
    deposit = "Acompte", credit = "Paiement par avoir", withdrawal = "Avoir versé", transfer = "Transfert d’avoir",
    refund = "Remboursement", invoicing = "Mise en facture", release = "Retrait de facture",
    variance = "Différence de caisse", reversal = "Extourne", stage = "Étape", print = "Impression",
    closing = "Clôture",
  },
  effect = { money = "Argent", credit = "Avoir du patient", discount = "Rabais", loss = "Perte" },
  type = {
    cash = "Espèces", card = "Carte", transfer = "Virement", credit = "Avoir du patient", discount = "Rabais / Offert",
    loss = "Impayé / Perte",
  },
  document = { consultation = "Consultation", invoice = "Facture" },
  fact = {
    charged = "Montant dû", collected = "Encaissé", credited = "Payé par avoir", discounted = "Rabais",
    lost = "Perte", rounded = "Arrondi", settled = "Réglé", remaining = "Reste dû",
  },
  receipt = {
    receipt = "Quittance", deposit = "Quittance d’acompte", withdrawal = "Versement d’avoir",
    refund = "Remboursement", discount = "Rabais accordé", loss = "Perte enregistrée", statement = "Décompte",
    duplicate = "Duplicata n° %s", preview = "Aperçu – ne vaut pas quittance",
    reversed = "Annulée – sans valeur", replaced_by = "Remplacée par %s", replaces = "Remplace la quittance",
    refunded = "Remboursée : %s", refunded_in_part = "Remboursée en partie : %s",
    no_money = "Aucun montant encaissé",
    date = "Date", patient = "N° de patient", payment = "Paiement", type = "Moyen de paiement", group = "Groupe",
    reference = "Référence", note = "Remarque", reason = "Motif", refund_of = "De la quittance", label = "Libellé",
    amount = "Montant", remaining = "Reste dû", overpaid = "Payé en trop", on_invoice = "Sur facture",
    of_which = "Dont", rounding = "Arrondi", kept = "Porté à l’avoir du patient", total = "Total",
    total_refunded = "Total remboursé", total_settled = "Total réglé", tendered = "Reçu", change = "Rendu",
    paid = "Payé", due = "Échéance", status = "État", charges = "Prestations", payments = "Paiements",
    consultations = "Consultations", is_reversed = "annulé", printed = "Impression %s", printed_at = "Imprimé le %s",
    page = "Page", ledger = "Registre", entry = "Écriture",
  },
}
