-- labels/en.lua - English words; each other language has exactly these keys. A %s stands for what is put in.
return {
  status = {
    pending = "Pending", unpaid = "Unpaid", partial = "Partly paid", paid = "Paid", overpaid = "Overpaid",
    written_off = "Written off", offered = "Offered", invoiced = "Invoiced", cancelled = "Cancelled",
  },
  -- What a status' mark looks like, for who does not see it.
  mark = {
    pending = "orange dash", unpaid = "red cross", partial = "orange dash", paid = "green check",
    overpaid = "blue plus", written_off = "grey check", offered = "grey check", invoiced = "grey arrow",
    cancelled = "grey zero",
  },
  kind = {
    charge = "Charge", payment = "Payment", discount = "Discount", loss = "Loss", rounding = "Rounding",
    deposit = "Advance payment", credit = "Paid from credit", withdrawal = "Credit paid out",
    transfer = "Transfer of credit", refund = "Refund", invoicing = "Put on invoice", release = "Taken off invoice",
    variance = "Cash difference", reversal = "Reversal", stage = "Stage", print = "Print", closing = "Closing",
  },
  effect = { money = "Money", credit = "Patient credit", discount = "Discount", loss = "Loss" },
  type = {
    cash = "Cash", card = "Card", transfer = "Bank transfer", credit = "Patient credit", discount = "Discount",
    loss = "Loss",
  },
  document = { consultation = "Consultation", invoice = "Invoice" },
  fact = {
    charged = "Charged", collected = "Collected", credited = "Paid from credit", discounted = "Discount",
    lost = "Loss", rounded = "Rounding", settled = "Settled", remaining = "Remaining",
  },
  receipt = {
    receipt = "Receipt", deposit = "Receipt for advance payment", withdrawal = "Credit paid out", refund = "Refund",
    discount = "Discount granted", loss = "Loss recorded", statement = "Statement",
    duplicate = "Duplicate no. %s", preview = "Preview – not a receipt",
    reversed = "Reversed – void", replaced_by = "Replaced by %s", replaces = "Replaces receipt",
    refunded = "Refunded: %s", refunded_in_part = "Refunded in part: %s", no_money = "No money was received",
    date = "Date", patient = "Patient no.", payment = "Payment", type = "Means of payment", group = "Group",
    reference = "Reference", note = "Note", reason = "Reason", refund_of = "Of receipt", label = "Text",
    amount = "Amount", remaining = "Remaining", overpaid = "Paid too much", on_invoice = "On invoice",
    of_which = "Of which", rounding = "Rounding", kept = "Kept as patient credit", total = "Total",
    total_refunded = "Total paid back", total_settled = "Total settled", tendered = "Received", change = "Change",
    paid = "Paid", due = "Due", status = "Status", charges = "Services", payments = "Payments",
    consultations = "Consultations", is_reversed = "reversed", printed = "Print %s", printed_at = "Printed on %s",
    page = "Page", ledger = "Ledger", entry = "Entry",
  },
}
