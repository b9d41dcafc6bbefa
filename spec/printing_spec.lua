-- Receipts and statements of a ledger, how prints are counted; payment types as they were (design.md §6).
local helper = require "spec.helper"
local raw = require "spec.raw"
local tallystick = require "tallystick"

local refused, all = helper.refused, helper.all

local TEMPLATE = helper.SCRIPT .. [[
clinic:receipt { head = { "Cabinet du Lac" }, template = function(blocks, data)
  if data.kind == "statement" then return blocks end
  if data.payment.patient == "P-raises" then error "no paper" end
  if data.payment.patient == "P-nothing" then return nil end
  if data.payment.patient == "P-hidden" then return { { kind = "text", text = "only this" } } end
  local payment = data.payment
  blocks[#blocks + 1] = { kind = "text", text = "Merci, " .. payment.patient .. ": " .. tostring(payment.amount) }
  return blocks
end }
]]

local function paid(ledger, patient, amount)
  local visit = assert(ledger:consultation { patient = patient or "P1", amount = "120.00" })
  return assert(ledger:pay { document = visit.number, amount = amount or "50.00" })
end

local function prints(ledger)
  return #all(ledger:entries { kind = "print" })
end

describe("a receipt", function()
  local ledger
  before_each(function() ledger = helper.open { script = TEMPLATE } end)
  after_each(helper.finish)

  it("is in the ledger's language, with the clinic's lines on top and the head for later proof", function()
    local number = paid(ledger).number
    local text = assert(ledger:receipt(number))
    assert.matches("^ *Cabinet du Lac\n", text)
    assert.matches("QUITTANCE R%-00001", text)
    assert.matches("Espèces", text)
    assert.matches("Merci, P1: 50.00 CHF\n$", text)
    assert.matches(ledger:head().hash:sub(1, 32), text, 1, true)
  end)

  it("is counted in the journal, and from the second on says which duplicate it is", function()
    local number = paid(ledger).number
    assert.is_nil(assert(ledger:receipt(number)):find "DUPLICATA")
    assert.matches("DUPLICATA N° 2", (ledger:receipt(number)))
    assert.matches("DUPLIKAT NR. 3", (ledger:receipt(number, { lang = "de" })))
    local last = all(ledger:entries { kind = "print" })[3]
    helper.matches({ command = "print", document = "C-00001", patient = "P1", refers = 2 }, last)
    assert.equal("120.00 CHF", tostring(ledger:document("C-00001").charged))
  end)

  it("gives a template the words and forms of its language, and goes by a template of the call first", function()
    local tooled = helper.open { script = helper.SCRIPT .. [[
clinic:receipt { template = function(blocks, data, tools)
  return { { kind = "text", text = table.concat({ tools.word("receipt", "receipt"), tools.money(data.payment.amount),
    tools.day(data.payment.day), tools.type(data.payment.type), tools.lang }, " / ") } }
end }
]] }
    local number = paid(tooled).number
    assert.equal("Quittance / 50.00 CHF / 02.03.2026 / Espèces /\nfr\n", (tooled:receipt(number)))
    assert.matches("Quittung", (tooled:receipt(number, { lang = "de-CH" })))
    local own = function() return { { kind = "text", text = "mine" } } end
    assert.matches("mine", (tooled:receipt(number, { template = own })))
    refused("field-invalid", tooled:receipt(number, { template = 5 }))
    refused("field-invalid", tooled:receipt(number, { preview = "no" }))
  end)

  it("is by the script in force, also where another handle stored it", function()
    local path = helper.folder() .. "/clinic.db"
    local old = helper.open { path = path, script = TEMPLATE }
    paid(old)
    helper.open { path = path, script = helper.SCRIPT }
    assert.is_nil(old:receipt("R-00001", { preview = true }):find "Cabinet")
    assert.is_nil(old:receipt("R-00001"):find "Cabinet")
  end)

  it("of a deposit is counted among its patient's entries", function()
    local deposit = assert(ledger:deposit { patient = "P7", amount = "30.00" })
    assert(ledger:receipt(deposit.number))
    assert.matches("DUPLICATA N° 2", (ledger:receipt(deposit.number)))
  end)

  it("is counted for each payment by itself", function()
    local first = paid(ledger).number
    local second = assert(ledger:pay { document = "C-00001", amount = "20.00" }).number
    assert(ledger:receipt(first))
    assert.is_nil(assert(ledger:receipt(second)):find "DUPLICATA")
  end)

  it("is not counted as a preview, which says that it is none", function()
    local number = paid(ledger).number
    assert.matches("APERÇU", (ledger:receipt(number, { preview = true })))
    assert.equal(0, prints(ledger))
  end)

  it("that could not be set is not counted", function()
    local number = paid(ledger).number
    refused("field-invalid", ledger:receipt(number, { format = "pdf" }))
    refused("field-invalid", ledger:receipt(number, { width = 10 }))
    refused("field-invalid", ledger:receipt(number, { lang = "xx" }))
    refused("field-unknown", ledger:receipt(number, { widht = 48 }))
    refused("field-invalid", ledger:receipt(number, "html"))
    refused("payment-unknown", ledger:receipt "R-00009")
    for _, patient in ipairs { "P-raises", "P-nothing" } do
      refused("script-failed", ledger:receipt(paid(ledger, patient).number))
    end
    assert.equal(0, prints(ledger))
  end)

  it("says that it is a duplicate whatever the template leaves out", function()
    local number = paid(ledger, "P-hidden").number
    assert(ledger:receipt(number))
    local text = assert(ledger:receipt(number))
    assert.matches("DUPLICATA N° 2", text)
    assert.matches("only this", text)
  end)

  it("prints the type as it was when the payment was made", function()
    local path = helper.folder() .. "/clinic.db"
    local old = helper.open { path = path }
    paid(old)
    old:close()
    local new = helper.open { path = path, script = (helper.SCRIPT:gsub("Espèces", "Argent comptant")) }
    assert.equal("Argent comptant", new:type("cash").label.fr)
    assert.matches("Espèces", (new:receipt "R-00001"))
    assert.is_nil(new:receipt("R-00001"):find "Argent")
  end)

  it("is refused, and not counted, where the type of then cannot be read", function()
    local path = helper.folder() .. "/clinic.db"
    local old = helper.open { path = path }
    paid(old)
    old:close()
    helper.open({ path = path, script = (helper.SCRIPT:gsub("Espèces", "Argent comptant")) }):close()
    raw.force(path, "UPDATE payment_type SET definition = x'ff' WHERE id = 'cash' AND version = 1")
    local new <close> = assert(tallystick.open(path))
    refused("corrupt", new:receipt "R-00001")
    refused("corrupt", new:receipt("R-00001", { preview = true }))
    refused("corrupt", new:statement "C-00001")
    assert.equal(0, prints(new))
  end)

  it("is HTML when that is wanted, with the data escaped", function()
    local visit = assert(ledger:consultation { patient = "<b>&", amount = "10.00" })
    local html = assert(ledger:receipt(assert(ledger:pay { document = visit.number }).number, { format = "html" }))
    assert.matches("^<!DOCTYPE html>", html)
    assert.is_nil(html:find("<b>&", 1, true))
    assert.matches("&lt;b&gt;&amp;", html, 1, true)
  end)

  it("needs a permit where the script says so, and none is printed from a ledger that is only read", function()
    local path = helper.folder() .. "/clinic.db"
    local strict = helper.open { path = path, script = helper.SCRIPT .. 'clinic:permit { print = { "desk" } }\n' }
    paid(strict)
    refused("permission-denied", strict:receipt "R-00001")
    assert(strict:receipt("R-00001", { roles = { "desk" } }))
    strict:close()
    local read = helper.open { path = path, mode = "ro" }
    refused("read-only", read:receipt "R-00001")
    assert(read:receipt("R-00001", { preview = true }))
  end)
end)

describe("a statement", function()
  after_each(helper.finish)

  it("lists what was charged and paid on an invoice and its consultations, and is not counted", function()
    local ledger = helper.open { script = TEMPLATE }
    paid(ledger)
    local invoice = assert(ledger:invoice { consultations = { "C-00001" }, amount = "15.00", label = "matériel" })
    assert(ledger:pay { document = invoice.number, type = "twint", amount = "35.00" })
    local text = assert(ledger:statement(invoice.number))
    for _, wanted in ipairs { "F-00001", "C-00001", "matériel", "TWINT", "Espèces", "135.00", "50.00" } do
      assert.matches(wanted, text, 1, true)
    end
    assert.equal(0, prints(ledger))
    refused("document-unknown", ledger:statement "F-00009")
  end)
end)

describe("a print", function()
  after_each(helper.finish)

  it("is answered with its count, also again under its key, and takes none in a dry run", function()
    local ledger = helper.open()
    paid(ledger)
    assert.equal(1, assert(ledger:print { payment = "R-00001", key = "a" }).prints)
    assert.equal(2, assert(ledger:print { payment = "R-00001" }).prints)
    helper.matches({ prints = 1, replayed = true, payment = "R-00001" }, assert(ledger:print { payment = "R-00001",
      key = "a" }))
    helper.matches({ prints = 3, dry_run = true }, assert(ledger:print { payment = "R-00001", dry_run = true }))
    assert.equal(2, prints(ledger))
  end)

  it("is refused on a closed day, and of no payment", function()
    local ledger, clock = helper.open()
    paid(ledger)
    clock.now = "2026-03-05T10:00:00Z"
    assert(ledger:close_days { through = "2026-03-04" })
    refused("period-closed", ledger:print { payment = "R-00001", at = "2026-03-03" })
    refused("payment-unknown", ledger:print { payment = "R-00007" })
    refused("field-missing", ledger:print {})
  end)
end)

describe("payment types", function()
  after_each(helper.finish)

  it("are read as they are in force, and as they were in a version", function()
    local ledger = helper.open()
    local ids = {}
    for index, one in ipairs(ledger:types()) do ids[index] = one.id end
    assert.same({ "cash", "card", "twint", "transfer", "voucher", "credit", "discount", "loss", "cheque", "insurance" },
      ids)
    helper.matches({ id = "cash", version = 1, effect = "money", excess = "change", default = true, retired = false,
      account = "1000", round_to = "0.05", label = { fr = "Espèces", en = "Cash" } }, assert(ledger:type "cash"))
    helper.matches({ one_of = { "POS-1", "POS-2" }, required = true }, ledger:type("card").group)
    assert.same({ policy = { type = "string", required = true, pattern = "^%d+$" },
      claims = { type = "integer", required = false } }, ledger:type("insurance").fields)
    assert.same({ "consultation" }, ledger:type("voucher", 1).applies_to)
    refused("type-unknown", ledger:type "gold")
    refused("type-unknown", ledger:type("cash", 7))
    refused("field-invalid", ledger:type(1))
    refused("field-invalid", ledger:type("cash", "1"))
  end)
end)
