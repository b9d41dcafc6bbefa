-- Receipts and statements: what stands on them, that no line is too long, and that data stay text whatever they hold.
local command = require "spec.command"
local helper = require "spec.helper"
local labels = require "tallystick.labels"
local pages = require "spec.pages"
local receipt = require "tallystick.receipt"
local width = require "tallystick.width"

local HASH = "8f3a0c5d" .. ("0123456789abcdef"):rep(4):sub(1, 56)
local CLINIC = { lines = { "Cabinet du Lac", "Dr Aline Müller", "Rue du Lac 3, 1800 Vevey" } }
-- As the helper's script declares them.
local TYPES = {
  cash = { label = { fr = "Espèces", en = "Cash" } }, card = { label = { fr = "Carte", en = "Card" } },
  transfer = { label = { fr = "Virement", en = "Bank transfer" } }, insurance = { label = { [""] = "Insurance" } },
  discount = { label = { [""] = "Rabais / Offert" } }, loss = { label = { [""] = "Impayé / Perte" } },
}

after_each(helper.finish)

local function common(extra)
  local data = {
    types = TYPES, print = { count = 1 }, head = { seq = 12, hash = HASH }, clinic = CLINIC,
    ledger = { id = "7943ef99-4850-4115-811c-f36332496827", currency = "CHF" },
    printed_at = "2026-03-02T11:15:00+01:00",
  }
  for name, value in pairs(extra or {}) do data[name] = value end
  return data
end

-- What a caller makes for a payment.
local function of_payment(ledger, number, extra)
  local data = common(extra)
  data.payment, data.documents = assert(ledger:payment(number)), {}
  for index, allocation in ipairs(data.payment.allocations) do
    data.documents[index] = assert(ledger:document(allocation.document))
  end
  return data
end

-- What a caller makes for a document's statement.
local function of_document(ledger, number, extra)
  local data = common(extra)
  data.kind, data.document, data.payments, data.charges = "statement", assert(ledger:document(number)), {}, {}
  local numbers = { number, table.unpack(data.document.consultations or {}) }
  for _, name in ipairs(numbers) do
    for payment in ledger:payments { document = name } do data.payments[#data.payments + 1] = payment end
    for entry in ledger:entries { document = name, kind = "charge" } do
      local of = name ~= number and name or nil
      data.charges[#data.charges + 1] = { at = entry.at, amount = entry.amount, label = entry.label, document = of }
    end
  end
  return data
end

-- One ledger with a receipt of every sort. R-00001 settles F-00001 and C-00002 in cash, rounded, with change.
local function clinic()
  local ledger = helper.open()
  assert(ledger:consultation { patient = "P17", amount = "120.02", label = "Contrôle annuel" })
  assert(ledger:consultation { patient = "P17", amount = "1020.00", label = "Couronne céramique, dent 26" })
  assert(ledger:invoice { consultations = { "C-00001" }, due = "2026-04-01" })
  assert(ledger:pay { documents = { "F-00001", "C-00002" }, tendered = "1200.00", reference = "Ticket 7" })
  assert(ledger:refund { payment = "R-00001", document = "F-00001", amount = "20.00", reopen = true, reason = "trop" })
  assert(ledger:pay { document = "F-00001", amount = "10.00", type = "card", group = "POS-1" })
  assert(ledger:correct { payment = "R-00003", amount = "5.00", reason = "slip" })
  assert(ledger:pay { document = "F-00001", amount = "4.00", type = "discount" })
  assert(ledger:pay { document = "F-00001", amount = "1.00", type = "loss" })
  assert(ledger:pay { document = "F-00001", amount = "60.00", type = "transfer" })
  assert(ledger:deposit { patient = "P17", amount = "80.00" })
  assert(ledger:withdraw { patient = "P17", amount = "30.00", reason = "départ" })
  assert(ledger:consultation { patient = "P18", amount = "50.00" })
  local fields = { policy = "4711", claims = 2 }
  assert(ledger:pay { document = "C-00003", amount = "20.00", type = "insurance", fields = fields })
  assert(ledger:reverse { payment = "R-00010", reason = "wrong patient" })
  return ledger
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

-- Asserts that a line of two ends is there, whatever the space between them.
local function assert_row(text, left, right)
  for _, line in ipairs(lines_of(text)) do
    local from = line:match("^ *" .. left:gsub("%p", "%%%0") .. "  +(.*)$")
    if from == right then return end
  end
  error(("no line %q … %q in\n%s"):format(left, right, text))
end

local function has(text, part)
  assert(text:find(part, 1, true), ("%q is not in\n%s"):format(part, text))
end

local function lacks(text, part)
  assert(not text:find(part, 1, true), ("%q is in\n%s"):format(part, text))
end

-- Asserts that a text is fit for paper of that width.
local function assert_fits(text, room)
  assert.is_truthy(utf8.len(text))
  assert.is_nil(text:gsub("\n", ""):find "%c")
  assert.equal("\n", text:sub(-1))
  for _, line in ipairs(lines_of(text)) do
    assert(width.of(line) <= room, ("%d columns, where there are %d: %q"):format(width.of(line), room, line))
    assert.is_nil(line:find " $")
  end
end

describe("a receipt", function()
  for _, case in ipairs {
    { "says what was paid, by what and for whom", "R-00001", "fr", {
      { "Date", "02.03.2026 10:00" }, { "N° de patient", "P17" }, { "Moyen de paiement", "Espèces" },
      { "Référence", "Ticket 7" }, { "Total", "1'140.00 CHF" },
    } },
    { "gives a line to each document and what remains on it", "R-00001", "en", {
      { "Invoice F-00001", "120.02 CHF" }, { "Remaining", "0.00 CHF" }, { "Consultation C-00002", "1'020.00 CHF" },
    } },
    { "sums to its total with what cash rounding took", "R-00001", "de", {
      { "Rundung", "-0.02 CHF" }, { "Total", "1'140.00 CHF" },
    } },
    { "says what was handed over and given back", "R-00001", "it", {
      { "Ricevuto", "1'200.00 CHF" }, { "Resto", "60.00 CHF" },
    } },
    { "names its refunds", "R-00001", "fr", { { "Remboursement", "R-00002" } } },
    { "of a refund names the payment and the reason", "R-00002", "fr", {
      { "De la quittance", "R-00001" }, { "Motif", "trop" }, { "Total remboursé", "20.00 CHF" },
    } },
    { "names its group", "R-00004", "fr", { { "Groupe", "POS-1" } } },
    { "names what it replaces", "R-00004", "de", { { "Ersetzt Quittung", "R-00003" } } },
    { "tells what was kept as patient credit", "R-00007", "fr", {
      { "Facture F-00001", "10.00 CHF" }, { "Porté à l’avoir du patient", "50.00 CHF" }, { "Total", "60.00 CHF" },
    } },
    { "of an advance payment has its amount", "R-00008", "en", { { "Total", "80.00 CHF" } } },
    { "of credit paid out says why", "R-00009", "fr", {
      { "Motif", "départ" }, { "Total remboursé", "30.00 CHF" },
    } },
    { "has the extra fields of its type, by name", "R-00010", "en", {
      { "Means of payment", "Insurance" }, { "claims", "2" }, { "policy", "4711" },
    } },
  } do
    local name, number, lang, rows = table.unpack(case)
    it(name, function()
      local text = assert(receipt.text(of_payment(clinic(), number), { lang = lang }))
      for _, row in ipairs(rows) do assert_row(text, row[1], row[2]) end
    end)
  end

  for _, case in ipairs {
    { "of a payment", "R-00001", "QUITTANCE R-00001" },
    { "of a refund", "R-00002", "REMBOURSEMENT R-00002" },
    { "of an advance payment", "R-00008", "QUITTANCE D’ACOMPTE R-00008" },
    { "of credit paid out", "R-00009", "VERSEMENT D’AVOIR R-00009" },
    { "of a discount", "R-00005", "RABAIS ACCORDÉ R-00005" },
    { "of a loss", "R-00006", "PERTE ENREGISTRÉE R-00006" },
  } do
    local name, number, title = table.unpack(case)
    it("says in its title that it is one " .. name, function()
      has(assert(receipt.text(of_payment(clinic(), number), { lang = "fr" })), title)
    end)
  end

  it("says of a discount and a loss that no money was received, and of a payment not", function()
    local ledger = clinic()
    for number, said in pairs { ["R-00005"] = true, ["R-00006"] = true, ["R-00001"] = false } do
      local text = assert(receipt.text(of_payment(ledger, number)))
      assert.equal(said, text:find("No money was received", 1, true) ~= nil)
    end
  end)

  for _, case in ipairs {
    { "its first print", "R-00008", {}, {}, { "DUPLICATE", "REVERSED", "PREVIEW", "*" } },
    { "its second print", "R-00008", { print = { count = 2 } }, { "DUPLICATE NO. 2" }, { "REVERSED" } },
    { "its twelfth print", "R-00008", { print = { count = 12 } }, { "DUPLICATE NO. 12" }, {} },
    { "a preview, which is no print", "R-00008", { preview = true, print = { count = 2 } },
      { "PREVIEW – NOT A RECEIPT", "Printed on 02.03.2026 11:15" }, { "DUPLICATE", "Print 2" } },
    { "a reversed payment", "R-00010", {}, { "REVERSED – VOID" }, { "Replaced by" } },
    { "a corrected payment", "R-00003", {}, { "REVERSED – VOID", "Replaced by R-00004" }, {} },
    { "a duplicate of a reversed payment", "R-00010", { print = { count = 3 } },
      { "DUPLICATE NO. 3", "REVERSED – VOID" }, {} },
    { "a payment that was refunded in part", "R-00001", {}, { "REFUNDED IN PART: 20.00 CHF" }, {} },
  } do
    local name, number, extra, there, not_there = table.unpack(case)
    it("has the notices of " .. name, function()
      local text = assert(receipt.text(of_payment(clinic(), number, extra)))
      for _, part in ipairs(there) do has(text, part) end
      for _, part in ipairs(not_there) do lacks(text, part) end
      local html = assert(receipt.html(of_payment(clinic(), number, extra)))
      assert.equal(#there > 0, html:find('class="notice"', 1, true) ~= nil)
    end)
  end

  it("says of a payment that was refunded whole that it was", function()
    local ledger = helper.open()
    assert(ledger:consultation { patient = "P1", amount = "10.00" })
    assert(ledger:pay { document = "C-00001" })
    assert(ledger:refund { payment = "R-00001", reopen = true, reason = "x" })
    has(assert(receipt.text(of_payment(ledger, "R-00001"), { lang = "fr" })), "REMBOURSÉE : 10.00 CHF")
  end)

  for _, case in ipairs {
    { "the invoice that it stands on", "en", { invoice = "F-00009" }, "On invoice", "F-00009" },
    { "that it is cancelled", "fr", { cancelled = true }, "État", "Annulée" },
    { "what was paid too much", "de", { below = true }, "Zu viel bezahlt", "5.00 CHF" },
  } do
    local name, lang, now, label, value = table.unpack(case)
    it("says of a document " .. name .. ", instead of what remains", function()
      local ledger = clinic()
      local data = of_payment(ledger, "R-00004")
      local document = data.documents[1]
      document.invoice, document.cancelled = now.invoice, now.cancelled
      if now.below then document.remaining = ledger:money "-5.00" end
      local text = assert(receipt.text(data, { lang = lang }))
      assert_row(text, label, value)
      lacks(text, labels.get(lang, "receipt", "remaining"))
    end)
  end

  it("ends with the journal's head, short and in full", function()
    local text = assert(receipt.text(of_payment(clinic(), "R-00001"), { width = 32 }))
    has(text, "Entry 12 · 8f3a0c5d…\n")
    has(text, HASH:sub(1, 32) .. "\n" .. HASH:sub(33))
  end)

  it("needs no more than a payment", function()
    local data = { payment = of_payment(clinic(), "R-00001").payment }
    local text = assert(receipt.text(data))
    assert_row(text, "F-00001", "120.02 CHF")
    lacks(text, "Entry")
    assert(receipt.html(data))
  end)

  it("shows the largest amount at every width", function()
    local ledger = helper.open()
    assert(ledger:deposit { patient = "P1", amount = "92233720368547758.05" })
    for room = 24, 60 do
      local text = assert(receipt.text(of_payment(ledger, "R-00001"), { width = room }))
      assert_fits(text, room)
      has(text:gsub("%s+", ""), "Total92'233'720'368'547'758.05CHF")
    end
  end)
end)

describe("a statement", function()
  it("lists what was charged and paid, also on the consultations of an invoice", function()
    local ledger = helper.open()
    assert(ledger:consultation { patient = "P1", amount = "1200.00", label = "Implant" })
    assert(ledger:pay { document = "C-00001", amount = "200.00" })
    assert(ledger:invoice { consultations = { "C-00001" }, due = "2026-04-01" })
    assert(ledger:charge { document = "F-00001", amount = "20.00", label = "frais de rappel" })
    assert(ledger:pay { document = "F-00001", amount = "50.00", type = "card", group = "POS-1" })
    assert(ledger:reverse { payment = "R-00002", reason = "slip" })
    local text = assert(receipt.text(of_document(ledger, "F-00001"), { lang = "fr" }))
    has(text, "DÉCOMPTE Facture F-00001")
    for _, row in ipairs {
      { "Échéance", "01.04.2026" }, { "Consultations", "C-00001" }, { "État", "Payée en partie" },
      { "02.03.2026  C-00001 Implant", "1'200.00 CHF" }, { "02.03.2026  frais de rappel", "20.00 CHF" },
      { "02.03.2026  R-00001 Espèces", "200.00 CHF" }, { "02.03.2026  R-00002 Carte (annulé)", "–" },
      { "Montant dû", "1'220.00 CHF" }, { "Réglé", "200.00 CHF" }, { "Reste dû", "1'020.00 CHF" },
    } do assert_row(text, row[1], row[2]) end
  end)

  it("counts refunds below zero, and tells how the document was settled", function()
    local text = assert(receipt.text(of_document(clinic(), "F-00001")))
    for _, row in ipairs {
      { "02.03.2026  R-00002 Cash, Refund", "-20.00 CHF" }, { "Settled", "120.02 CHF" }, { "Discount", "4.00 CHF" },
      { "Loss", "1.00 CHF" }, { "Remaining", "0.00 CHF" },
    } do assert_row(text, row[1], row[2]) end
  end)

  it("of an invoiced consultation names the invoice", function()
    assert_row(assert(receipt.text(of_document(clinic(), "C-00001"))), "On invoice", "F-00001")
  end)

  it("of a cancelled document says so", function()
    local ledger = helper.open()
    assert(ledger:consultation { patient = "P1", amount = "10.00" })
    assert(ledger:cancel { document = "C-00001", reason = "did not come" })
    local text = assert(receipt.text(of_document(ledger, "C-00001"), { lang = "de" }))
    has(text, "*\n" .. (" "):rep(19) .. "STORNIERT\n*")
  end)

  it("can be a duplicate and a preview", function()
    local ledger = clinic()
    has(assert(receipt.text(of_document(ledger, "F-00001", { print = { count = 2 } }))), "DUPLICATE NO. 2")
    has(assert(receipt.text(of_document(ledger, "F-00001", { preview = true }))), "PREVIEW")
  end)

  it("needs no more than a document", function()
    local data = { kind = "statement", document = of_document(clinic(), "F-00001").document }
    assert_row(assert(receipt.text(data)), "Remaining", "0.00 CHF")
    assert(receipt.html(data))
  end)
end)

-- ---- Golden texts ----

local GOLDEN = {
  { of = "R-00001", lang = "fr", width = 32, extra = { print = { count = 2 } }, text = [[
         Cabinet du Lac
        Dr Aline Müller
    Rue du Lac 3, 1800 Vevey

       QUITTANCE R-00001
********************************
         DUPLICATA N° 2
********************************
REMBOURSÉE EN PARTIE : 20.00 CHF
********************************
Date            02.03.2026 10:00
N° de patient                P17
Moyen de paiement        Espèces
Référence               Ticket 7
Remboursement            R-00002
--------------------------------
Facture F-00001       120.02 CHF
  Reste dû              0.00 CHF
Consultation
C-00002             1'020.00 CHF
  Reste dû              0.00 CHF
Arrondi                -0.02 CHF
--------------------------------
Total               1'140.00 CHF
Reçu                1'200.00 CHF
Rendu                  60.00 CHF
--------------------------------
Impression 2 · 02.03.2026 11:15
Registre
7943ef99-4850-4115-811c-
f36332496827
Écriture 12 · 8f3a0c5d…
8f3a0c5d0123456789abcdef01234567
89abcdef0123456789abcdef01234567
]] },
  { of = "R-00002", lang = "de", width = 48, text = [[
                 Cabinet du Lac
                Dr Aline Müller
            Rue du Lac 3, 1800 Vevey

             RÜCKERSTATTUNG R-00002

Datum                           02.03.2026 10:00
Patienten-Nr.                                P17
Zahlungsart                                  Bar
Zu Quittung                              R-00001
Grund                                       trop
------------------------------------------------
Rechnung F-00001                       20.00 CHF
  Noch offen                            0.00 CHF
------------------------------------------------
Total rückerstattet                    20.00 CHF
------------------------------------------------
Druck 1 · 02.03.2026 11:15
Register 7943ef99-4850-4115-811c-f36332496827
Eintrag 12 · 8f3a0c5d…
8f3a0c5d0123456789abcdef01234567
89abcdef0123456789abcdef01234567
]] },
  { of = "R-00003", lang = "de", width = 24, text = [[
     Cabinet du Lac
    Dr Aline Müller
Rue du Lac 3, 1800 Vevey

    QUITTUNG R-00003
************************
  STORNIERT – UNGÜLTIG
 Ersetzt durch R-00004
************************
Datum   02.03.2026 10:00
Patienten-Nr.        P17
Zahlungsart        Karte
Gruppe             POS-1
------------------------
Rechnung F-00001
               10.00 CHF
  Noch offen    0.00 CHF
------------------------
Total          10.00 CHF
------------------------
Druck 1 · 02.03.2026
11:15
Register
7943ef99-4850-4115-811c-
f36332496827
Eintrag 12 · 8f3a0c5d…
8f3a0c5d0123456789abcd
ef0123456789abcdef0123
456789abcdef01234567
]] },
  { of = "F-00001", lang = "fr", width = 48, text = [[
                 Cabinet du Lac
                Dr Aline Müller
            Rue du Lac 3, 1800 Vevey

            DÉCOMPTE Facture F-00001

Date                                  02.03.2026
Échéance                              01.04.2026
N° de patient                                P17
Consultations                            C-00001
État                             Passée en perte

Date        Prestations                  Montant
02.03.2026  C-00001 Contrôle annuel   120.02 CHF

Date        Paiements                    Montant
02.03.2026  R-00001 Espèces           120.02 CHF
02.03.2026  R-00002 Espèces,          -20.00 CHF
            Remboursement
02.03.2026  R-00003 Carte (annulé)             –
02.03.2026  R-00004 Carte               5.00 CHF
02.03.2026  R-00005 Rabais / Offert     4.00 CHF
02.03.2026  R-00006 Impayé / Perte      1.00 CHF
02.03.2026  R-00007 Virement           10.00 CHF
------------------------------------------------
Montant dû                            120.02 CHF
Réglé                                 120.02 CHF
  Encaissé                            115.02 CHF
  Rabais                                4.00 CHF
  Perte                                 1.00 CHF
Reste dû                                0.00 CHF
------------------------------------------------
Impression 1 · 02.03.2026 11:15
Registre 7943ef99-4850-4115-811c-f36332496827
Écriture 12 · 8f3a0c5d…
8f3a0c5d0123456789abcdef01234567
89abcdef0123456789abcdef01234567
]] },
  { of = "F-00001", lang = "de", width = 80, text = [[
                                 Cabinet du Lac
                                Dr Aline Müller
                            Rue du Lac 3, 1800 Vevey

                          ABRECHNUNG Rechnung F-00001

Datum                                                                 02.03.2026
Fällig                                                                01.04.2026
Patienten-Nr.                                                                P17
Konsultationen                                                           C-00001
Status                                                             Abgeschrieben

Datum       Leistungen                                                    Betrag
02.03.2026  C-00001 Contrôle annuel                                   120.02 CHF

Datum       Zahlungen                                                     Betrag
02.03.2026  R-00001 Bar                                               120.02 CHF
02.03.2026  R-00002 Bar, Rückerstattung                               -20.00 CHF
02.03.2026  R-00003 Karte (storniert)                                          –
02.03.2026  R-00004 Karte                                               5.00 CHF
02.03.2026  R-00005 Rabais / Offert                                     4.00 CHF
02.03.2026  R-00006 Impayé / Perte                                      1.00 CHF
02.03.2026  R-00007 Überweisung                                        10.00 CHF
--------------------------------------------------------------------------------
Geschuldet                                                            120.02 CHF
Beglichen                                                             120.02 CHF
  Eingenommen                                                         115.02 CHF
  Rabatt                                                                4.00 CHF
  Verlust                                                               1.00 CHF
Noch offen                                                              0.00 CHF
--------------------------------------------------------------------------------
Druck 1 · 02.03.2026 11:15
Register 7943ef99-4850-4115-811c-f36332496827
Eintrag 12 · 8f3a0c5d…
8f3a0c5d0123456789abcdef0123456789abcdef0123456789abcdef01234567
]] },
}

describe("the text", function()
  for _, case in ipairs(GOLDEN) do
    it(("of %s in %s on %d columns is as it was"):format(case.of, case.lang, case.width), function()
      local ledger = clinic()
      local make = case.of:find "^R" and of_payment or of_document
      local text = assert(receipt.text(make(ledger, case.of, case.extra), { lang = case.lang, width = case.width }))
      assert.equal(case.text, text)
    end)
  end

  -- Beyond 64 columns nothing is broken any more; one language is enough there.
  it("leaves no line longer than 24 to 200 columns, in any language #slow #lua", function()
    local ledger = clinic()
    local all = { of_document(ledger, "F-00001"), of_payment(ledger, "R-00001", { print = { count = 2 } }) }
    for room = 24, 200 do
      for _, lang in ipairs(room <= 64 and labels.languages or { "de" }) do
        for _, data in ipairs(all) do
          assert_fits(assert(receipt.text(data, { lang = lang, width = room })), room)
        end
      end
    end
  end)

  it("is 48 columns wide unless told, and English", function()
    local data = of_payment(clinic(), "R-00001")
    assert.equal(assert(receipt.text(data, { width = 48, lang = "en" })), (assert(receipt.text(data))))
  end)
end)

-- ---- Hostile data ----

local HOSTILE = {
  { "a script", "<script>alert(1)</script>" },
  { "quotes and ampersands", [[& " ' < > &amp; &#39;]] },
  { "the end of an attribute", [["><img src=x onerror=alert(1)>]] },
  { "newlines", "one\ntwo\r\nthree" },
  { "escape sequences", "\27[2J\27[31mred\27]0;title\7" },
  { "a very long word", ("W"):rep(300) },
  { "very long words with spaces", ("Donaudampfschifffahrtsgesellschaft "):rep(8) },
  { "many hyphens", ("-"):rep(150) },
  { "emoji", ("😀"):rep(40) },
  { "joined emoji without an end", ("👨\u{200D}"):rep(40) },
  { "combining accents", ("e\u{301}"):rep(60) },
  { "accents upon accents", "a" .. ("\u{301}"):rep(60) },
  { "Chinese", ("日本語"):rep(20) },
  { "bytes that are not UTF-8", "\xFF\xC0\xAF\xED\xA0\x80caf\xE9" },
  { "a text that turns around", "\u{202E}FHC 00.1\u{202C}" },
  { "signs of patterns and formats", "%s %d %1 %% %n [a-z]* (.-)$" },
  { "zero bytes", "a\0b" },
  { "nothing but spaces", "     " },
  { "nothing", "" },
}

local function hostile_receipt(text)
  local ledger = helper.open()
  assert(ledger:consultation { patient = "P1", amount = "10.00" })
  assert(ledger:pay { document = "C-00001" })
  local data = of_payment(ledger, "R-00001")
  for _, name in ipairs { "patient", "group", "reference", "reason", "type", "corrects", "corrected_by" } do
    data.payment[name] = text
  end
  data.payment.reversed, data.payment.fields = true, { [text] = text }
  data.clinic, data.ledger = { lines = { text, text } }, { id = text }
  data.printed_at, data.payment.at = text, text
  data.types = { [text] = { label = { fr = text } } }
  return data
end

local function hostile_statement(text)
  local ledger = helper.open()
  assert(ledger:consultation { patient = "P1", amount = "10.00" })
  assert(ledger:pay { document = "C-00001" })
  local data = of_document(ledger, "C-00001")
  data.document.label, data.document.patient, data.document.invoice = text, text, text
  data.charges[1].label, data.charges[1].document = text, text
  data.payments[1].type = text
  data.clinic = { lines = { text } }
  return data
end

-- What stands between the tags, and whether these are those that receipts have.
local function assert_tame(html)
  assert.is_truthy(utf8.len(html))
  assert.is_nil(html:gsub("\n", ""):find "%c")
  local body = html:match "<body>(.*)</body>"
  local known = {}
  for tag in ("main header p h1 span small div dl dt dd table thead tbody tr th td hr code br"):gmatch "%S+" do
    known[tag] = true
  end
  for tag in body:gmatch "</?([^%s>]+)" do assert.is_true(known[tag], tag) end
  for attribute in body:gmatch '<%w+ ([^>]*)>' do
    local rest = attribute:gsub('class="[%a ]+"', ""):gsub('data%-title="[^"<>]*"', ""):gsub('scope="col"', "")
    assert.equal("", (rest:gsub(" ", "")), attribute)
  end
  for entity in html:gmatch "&[^;]*;?" do
    assert.is_truthy(entity:find "^&[alqgn#][mtub3][pos;9]?[;tp]?;?", entity)
  end
end

describe("hostile data #slow #lua:", function()
  for _, case in ipairs(HOSTILE) do
    local name, text = case[1], case[2]
    it(name .. " keep to their lines", function()
      local one, other = hostile_receipt(text), hostile_statement(text)
      for _, room in ipairs { 24, 25, 32, 79 } do
        assert_fits(assert(receipt.text(one, { width = room, lang = "fr" })), room)
        assert_fits(assert(receipt.text(other, { width = room, lang = "de" })), room)
      end
    end)

    it(name .. " are nothing but text in HTML", function()
      assert_tame(assert(receipt.html(hostile_receipt(text), { lang = "fr" })))
      assert_tame(assert(receipt.html(hostile_statement(text), { lang = "de" })))
    end)
  end
end)

describe("the HTML", function()
  local function html_of(options, extra)
    return assert(receipt.html(of_payment(clinic(), "R-00001", extra), options))
  end

  it("names its language", function()
    has(html_of { lang = "fr" }, '<html lang="fr">')
    has(html_of { lang = "de-CH" }, '<html lang="de">')
  end)

  it("is whole, and forbids what would reach out", function()
    local html = html_of()
    assert.matches("^<!DOCTYPE html>", html)
    assert.matches("</html>\n$", html)
    has(html, [[content="default-src 'none'; style-src 'unsafe-inline'"]])
    for _, word in ipairs { "http:", "https:", "url(", "<script", "<link", "<img", "@import", "src=" } do
      lacks(html, word)
    end
  end)

  it("escapes what has a meaning in HTML", function()
    local html = html_of({}, { clinic = { lines = { [[<b> & "x" 'y']] } } })
    has(html, "&lt;b&gt; &amp; &quot;x&quot; &#39;y&#39;")
  end)

  it("of a receipt is for a roll, of a statement for A4 with numbered pages", function()
    assert.matches("@page{size:80mm %d+mm", html_of())
    local html = assert(receipt.html(of_document(clinic(), "F-00001"), { lang = "de" }))
    has(html, "@page{size:A4")
    has(html, 'content:"Seite " counter(page)')
  end)

  it("is a longer roll for a longer receipt", function()
    local short = html_of { template = function() return { { kind = "rule" } } end }
    assert.is_true(tonumber(short:match "80mm (%d+)mm") < tonumber(html_of():match "80mm (%d+)mm"))
  end)

  it("is dark on dark screens only", function()
    local html = html_of()
    has(html, "@media screen and (prefers-color-scheme:dark)")
    has(html, "@media print{\n:root{color-scheme:light;--ink:#000")
  end)

  it("is titled as the receipt is", function() has(html_of { lang = "fr" }, "<title>Quittance R-00001</title>") end)

  it("shows the same words as the text", function()
    local html = html_of { lang = "it" }
    for _, word in ipairs { "Rimborsata in parte: 20.00 CHF", "1&#39;140.00 CHF", "Arrotondamento", HASH } do
      has(html, word)
    end
  end)
end)

-- ---- Options and templates ----

describe("a receipt is refused", function()
  local data
  before_each(function() data = of_payment(clinic(), "R-00001") end)

  for _, case in ipairs {
    { "a width below the least", { width = 23 }, "width", "23" },
    { "a width beyond the most", { width = 201 }, "width", "201" },
    { "a width that is a float", { width = 48.0 }, "width", "48.0" },
    { "a width that is a text", { width = "48" }, "width", "48" },
    { "a width that is not a number", { width = 0 / 0 }, "width", tostring(0 / 0) },
    { "a language that is not known", { lang = "rm" }, "lang", "rm" },
    { "a language that is no text", { lang = 7 }, "lang", "7" },
    { "a format that is not known", { format = "pdf" }, "format", "pdf" },
    { "a template that is no function", { template = "x" }, "template", "x" },
  } do
    local name, options, field, value = table.unpack(case)
    it("for " .. name, function()
      local _, details = helper.refused("field-invalid", receipt.render(data, options))
      assert.equal(field, details.field)
      assert.equal(value, details.value)
      assert.is_string(details.expected)
    end)
  end

  it("for an option that is not known, with the nearest", function()
    local message, details = helper.refused("field-unknown", receipt.text(data, { widht = 48 }))
    assert.matches('did you mean "width"', message)
    assert.same({ field = "widht", nearest = "width" }, details)
  end)

  it("for options that are no table", function()
    helper.refused("field-invalid", receipt.text(data, 48))
    helper.refused("field-invalid", receipt.html(data, "de"))
  end)

  for _, case in ipairs {
    { "that are not there", nil, "data" },
    { "without a payment", {}, "payment" },
    { "whose payment is a number", { payment = "R-00001" }, "payment" },
    { "of a statement without a document", { kind = "statement" }, "document" },
    { "of another kind", { kind = "label" }, "kind" },
  } do
    local name, given, field = case[1], case[2], case[3]
    it("for data " .. name, function()
      for _, make in ipairs { receipt.text, receipt.html, receipt.model } do
        local _, details = helper.refused("field-invalid", make(given))
        assert.equal(field, details.field)
      end
    end)
  end

  it("as a model for a language that is not known", function()
    helper.refused("field-invalid", receipt.model(data, "rm"))
  end)
end)

describe("a model", function()
  it("is a list of blocks that a template could give", function()
    local ledger = clinic()
    local check = require("tallystick.receipt.blocks").check
    for _, data in ipairs { of_payment(ledger, "R-00001"), of_document(ledger, "F-00001") } do
      local blocks = assert(receipt.model(data, "fr"))
      assert.same(blocks, (assert(check(blocks))))
    end
  end)

  it("is new each time", function()
    local data = of_payment(clinic(), "R-00001")
    local blocks = assert(receipt.model(data))
    blocks[1].lines[1] = "changed"
    assert.equal("Cabinet du Lac", assert(receipt.model(data))[1].lines[1])
  end)
end)

local function text_with(template, extra, options)
  options = options or {}
  options.template = template
  return receipt.text(of_payment(clinic(), "R-00008", extra), options)
end

describe("a template", function()
  it("adds to the blocks", function()
    local text = assert(text_with(function(blocks)
      table.insert(blocks, { kind = "text", text = "Merci de votre visite.\nÀ bientôt" })
      return blocks
    end))
    has(text, "Merci de votre visite.\nÀ bientôt\n")
    assert_row(text, "Total", "80.00 CHF")
  end)

  it("replaces the blocks, with the words, amounts and times of the language", function()
    local text = assert(text_with(function(_, data, tools)
      local payment = data.payment
      return { { kind = "title", text = tools.word("receipt", "receipt"), number = payment.number },
        { kind = "rows", rows = {
          { label = tools.word("receipt", "duplicate", "4"), value = tools.money(payment.amount), strong = true },
          { label = tools.day(payment.day), value = tools.time(payment.at) },
          { label = tools.lang, value = tools.type(payment.type) } } } }
    end, nil, { lang = "fr", width = 30 }))
    assert.equal([[
      QUITTANCE R-00008

Duplicata n° 4       80.00 CHF
02.03.2026    02.03.2026 10:00
fr                     Espèces
]], text)
  end)

  it("cannot leave out that it is a duplicate, reversed or a preview", function()
    local empty = function() return { { kind = "text", text = "Nothing" } } end
    has(assert(text_with(empty, { print = { count = 2 } })), "DUPLICATE NO. 2\n" .. ("*"):rep(48) .. "\nNothing")
    has(assert(text_with(empty, { preview = true })), "PREVIEW")
    local reversed = of_payment(clinic(), "R-00003", { print = { count = 2 } })
    local html = assert(receipt.html(reversed, { template = empty }))
    has(html, "Duplicate no. 2")
    has(html, "Reversed – void")
  end)

  it("has each notice once", function()
    local text = assert(text_with(function(blocks) return blocks end, { print = { count = 2 } }))
    assert.equal(1, select(2, text:gsub("DUPLICATE", "")))
  end)

  it("gives tables that are set as columns where they fit, and as rows where not", function()
    local blocks = { { kind = "table",
      columns = { { title = "Acte" }, { title = "Dû", right = true }, { title = "Payé", right = true } },
      rows = {
        { "Contrôle", "120.00 CHF", "20.00 CHF" }, { "Détartrage en deux séances", "1'080.00 CHF", "0.00" },
      } } }
    local template = function() return blocks end
    assert.equal([[
Acte                       Dû       Payé
Contrôle           120.00 CHF  20.00 CHF
Détartrage en    1'080.00 CHF       0.00
deux séances
]], (assert(text_with(template, nil, { width = 40 }))))
    assert.equal([[
Acte
Contrôle
  Dû          120.00 CHF
  Payé         20.00 CHF
Détartrage en deux
séances
  Dû        1'080.00 CHF
  Payé              0.00
]], (assert(text_with(template, nil, { width = 24 }))))
  end)

  local function many(count, item)
    local list = {}
    for index = 1, count do list[index] = item end
    return list
  end

  for _, case in ipairs {
    { "raises", function() error "broken" end, "template", "broken" },
    { "gives nothing", function() end, "blocks", "nil" },
    { "gives a text", function() return "text" end, "blocks", "string" },
    { "gives a block that is a text", function() return { "text" } end, "blocks[1]", "string" },
    { "gives a block without a kind", function() return { {} } end, "blocks[1].kind", "missing" },
    { "gives a kind that is not known", function() return { { kind = "titel", text = "x" } } end, "blocks[1].kind",
      'did you mean "title"' },
    { "gives a kind that is a table", function() return { { kind = {} } } end, "blocks[1].kind", "table" },
    { "leaves a field out", function() return { { kind = "text" } } end, "blocks[1].text", "missing" },
    { "gives a number for a text", function() return { { kind = "text", text = 7 } } end, "blocks[1].text", "number" },
    { "gives money for a text", function(_, data)
      return { { kind = "rows", rows = { { label = "x", value = data.payment.amount } } } }
    end, "blocks[1].rows[1].value", "userdata" },
    { "gives a field that is not known", function() return { { kind = "text", text = "x", colour = "red" } } end,
      "blocks[1]", 'no field "colour"' },
    { "gives a flag that is a text", function()
      return { { kind = "rows", rows = { { label = "x", value = "y", strong = "yes" } } } }
    end, "blocks[1].rows[1].strong", "string" },
    { "gives too many blocks", function() return many(501, { kind = "rule" }) end, "blocks", "501 items" },
    { "gives too many rows", function()
      return { { kind = "rows", rows = many(5001, { label = "x", value = "y" }) } }
    end, "blocks[1].rows", "5001 items" },
    { "gives too long a text", function() return { { kind = "text", text = ("x"):rep(4097) } } end, "blocks[1].text",
      "4097 bytes" },
    { "gives too much text", function() return many(300, { kind = "text", text = ("x"):rep(4096) }) end,
      "blocks[256].text", "too long together" },
    { "gives a list with a gap", function() return { { kind = "rule" }, nil, { kind = "rule" } } end, "blocks",
      "not a plain list" },
    { "gives a list with names", function() return { { kind = "rule" }, width = 3 } end, "blocks",
      "not a plain list" },
    { "gives a row of too few cells", function()
      return { { kind = "table", columns = { { title = "a" }, { title = "b" } }, rows = { { "1" } } } }
    end, "blocks[1].rows[1]", "1 cells" },
    { "gives too many columns", function()
      return { { kind = "table", columns = many(9, { title = "a" }), rows = {} } }
    end, "blocks[1].columns", "9 items" },
  } do
    local name, template, field, problem = table.unpack(case)
    it("that " .. name .. " is refused", function()
      local message, details = helper.refused("script-failed", text_with(template))
      assert.equal(field, details.field)
      assert(message:find(problem, 1, true), message)
    end)
  end

  it("runs no metamethods of what it gives", function()
    local trap = { __index = function() error "ran" end, __len = function() error "ran" end,
      __pairs = function() error "ran" end }
    local text = assert(text_with(function()
      return setmetatable({ setmetatable({ kind = "text", text = "tame" }, trap) }, trap)
    end))
    assert.equal("tame\n", text)
  end)

  it("gives hostile texts that stay texts #slow #lua", function()
    local data = of_payment(clinic(), "R-00008")
    for _, case in ipairs(HOSTILE) do
      local text = case[2]
      local template = function()
        return { { kind = "head", lines = { text } }, { kind = "title", text = text, number = text },
          { kind = "notice", text = text, detail = text }, { kind = "text", text = text },
          { kind = "rows", rows = { { label = text, value = text, indent = true } } },
          { kind = "table", columns = { { title = text }, { title = text, right = true }, { title = text } },
            rows = { { text, text, text } } },
          { kind = "small", text = text }, { kind = "code", text = text } }
      end
      for _, room in ipairs { 24, 41 } do
        assert_fits(assert(receipt.text(data, { width = room, template = template })), room)
      end
      assert_tame(assert(receipt.html(data, { template = template })))
    end
  end)
end)

describe("the page on receipts", function()
  local PAGE = "docs/receipts.md"

  it("has examples that print what they say", function()
    local environment = setmetatable({}, { __index = _G })
    for _, block in ipairs(pages.blocks(PAGE)) do
      local printed = pages.run(block, environment):gsub("\n$", "")
      assert.equal(pages.promised(block.text), printed, ("%s, line %d"):format(PAGE, block.line))
    end
  end)

  it("names every kind of block", function()
    local page = command.read(PAGE):match "\n## Templates\n(.-)\n## "
    for _, kind in ipairs { "head", "title", "notice", "text", "rows", "table", "rule", "small", "code" } do
      assert.is_truthy(page:find(("\n| `%s` |"):format(kind), 1, true), kind)
    end
  end)
end)
