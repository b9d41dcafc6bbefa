-- Which document a credit pays: by reference, by number in free text, and never by guessing.
local bank = require "spec.bank"
local helper = require "spec.helper"
local import = require "tallystick.import"
local reference = require "tallystick.reference"

local function credit(fields)
  return {
    source = "camt", dated = true, line = 1, booked = "2026-01-05", key = fields.key or "k", id = "X",
    amount = fields.amount, references = fields.references or {}, texts = fields.texts or {},
  }
end

local function refs(...)
  local list = {}
  for index, text in ipairs { ... } do list[index] = { text = text } end
  return list
end

local function qr(number) return assert(reference.qr(number, { prefix = bank.PREFIX })) end
local function rf(number) return assert(reference.creditor(number)) end

describe("a credit is matched", function()
  local ledger
  before_each(function() ledger = bank.practice() end)
  after_each(helper.finish)

  -- Gives the document, or the code under which the credit is listed.
  local function outcome(fields, options)
    fields.amount = ledger:money "10.00"
    options = options or { qr_prefix = bank.PREFIX }
    local item = assert(import.plan(ledger, { credit(fields) }, options)).items[1]
    assert.equal(item.action == "list", item.document == nil, item.message)
    return item.document or item.code, item.message
  end

  for _, row in ipairs {
    -- Structured references.
    { { refs = { qr "F-00001" } }, "F-00001" },
    { { refs = { rf "F-00001" } }, "F-00001" },
    { { refs = { reference.format(rf "F-00001"):lower() } }, "F-00001" },
    { { refs = { rf "X-00040" } }, "X-00040" },
    { { refs = { qr "X-00040" } }, "document-ambiguous" },
    { { refs = { qr "F-00001", rf "F-00001" } }, "F-00001" },
    { { refs = { qr "F-00001", qr "F-00002" } }, "document-ambiguous" },
    { { refs = { qr "F-00001", qr "F-09999" } }, "reference-unknown" },
    { { refs = { qr "F-09999" } }, "reference-unknown" },
    { { refs = { rf "C-00003" } }, "reference-unknown" },
    { { refs = { qr "F-00001" }, text = "F-00002" }, "F-00001" },
    { { refs = { rf "F-09999" }, text = "F-00002" }, "reference-unknown" },
    { { refs = { "RF00F00001" }, text = "F-00001" }, "reference-invalid" },
    { { refs = { "2026/A-17" } }, "2026/A-17" },
    { { refs = { "no reference" } }, "document-missing" },
    -- References in free text.
    { { text = "Zahlung " .. qr "F-00001" .. "." }, "F-00001" },
    { { text = "Zahlung " .. reference.format(qr "F-00001") .. " danke" }, "F-00001" },
    { { text = reference.format(rf "F-00001") .. " Zahlung 2026" }, "F-00001" },
    { { text = "/" .. rf "F-00001" .. "/" }, "F-00001" },
    { { text = rf "F-00001" .. " " .. rf "F-00002" }, "document-ambiguous" },
    { { text = rf "F-09999" .. " F-00001" }, "reference-unknown" },
    { { text = "x" .. qr "F-00001" }, "document-missing" },
    { { text = qr "F-00001" .. "1" }, "document-missing" },
    -- Numbers in free text.
    { { text = "F-00001" }, "F-00001" },
    { { text = "Facture:F-00001, merci" }, "F-00001" },
    { { text = "F-00001/F-00001" }, "F-00001" },
    { { text = "F-00001/F-00002" }, "document-ambiguous" },
    { { text = "f-1" }, "F-00001" }, { { text = "F1" }, "F-00001" }, { { text = "f0001" }, "F-00001" },
    { { text = "F_00001" }, "F-00001" }, { { text = "F 00001" }, "F-00001" },
    { { text = "F 1" }, "document-missing" },
    { { text = "F-00001 f2" }, "document-ambiguous" }, { { text = "F-00001 F 00002" }, "document-ambiguous" },
    { { text = "F-00001 f1 F 00001" }, "F-00001" }, { { text = "F-00001 f99" }, "F-00001" },
    { { text = "f1 f2" }, "document-ambiguous" },
    { { text = "1" }, "document-missing" }, { { text = "00001" }, "document-missing" },
    { { text = "réf1" }, "document-missing" }, { { text = "AF-00001" }, "document-missing" },
    { { text = "F-00001b" }, "document-missing" }, { { text = "F-100001" }, "document-missing" },
    { { text = "F-000-01" }, "document-missing" },
    { { text = "A-17" }, "document-missing" },
    { { text = "2026/A-17" }, "2026/A-17" },
    { { text = "C-00001" }, "F-00071" }, { { text = "C-00001 und C-00002" }, "F-00071" },
    { { text = "C-00001 F-00071" }, "F-00071" }, { { text = "C-00003" }, "C-00003" },
    { { text = "c3" }, "document-missing" },
    { { text = "C-00001 C-00003" }, "document-ambiguous" },
    { { text = "" }, "document-missing" }, { {}, "document-missing" },
    { { text = ("F"):rep(4000) .. "1" }, "document-missing" },
  } do
    local shown = (row[1].refs and "[" .. table.concat(row[1].refs, " ") .. "] " or "") .. (row[1].text or "")
    it(("by %s: %s"):format(shown:sub(1, 60), row[2]), function()
      assert.equal(row[2], (outcome { references = refs(table.unpack(row[1].refs or {})), texts = { row[1].text } }))
    end)
  end

  it("by QR references without a prefix, where there is none", function()
    assert.equal("F-00001", outcome({ references = refs(assert(reference.qr "F-00001")) }, {}))
    assert.equal("reference-unknown", (outcome({ references = refs(qr "F-00001") }, {})))
    assert.equal("reference-unknown", (outcome { references = refs(assert(reference.qr "F-00001")) }))
  end)

  it("not at all where the bank's kind of reference has another form", function()
    for _, kind in ipairs { "QRR", "SCOR" } do
      local named = { { text = "F-00001", type = kind } }
      assert.equal("reference-invalid", (outcome { references = named }))
    end
    assert.equal("F-00001", outcome { references = { { text = "F-00001", type = "other" } } })
  end)

  it("to digits alone only where these are many", function()
    assert(ledger:invoice { patient = "P1", amount = "10.00", number = "2026" })
    assert(ledger:invoice { patient = "P1", amount = "10.00", number = "20261" })
    assert.equal("document-missing", (outcome { texts = { "vom 1. Januar 2026" } }))
    assert.equal("20261", outcome { texts = { "Rechnung 20261" } })
    assert.equal("document-missing", (outcome { texts = { "Rechnung 020261" } }))
  end)

  it("to neither of two numbers that people would write alike", function()
    assert(ledger:invoice { patient = "P1", amount = "10.00", number = "f-1" })
    assert.equal("document-ambiguous", (outcome { texts = { "F1" } }))
    assert.equal("F-00001", outcome { texts = { "F-00001" } })
    assert.equal("f-1", outcome { texts = { "f-1" } })
  end)

  it("in a sentence that names what was found and what is wrong", function()
    local _, message = outcome { references = refs(qr "X-00040") }
    assert.equal("it may pay F-00040 and X-00040; nothing says which", message)
    _, message = outcome { texts = { "f1 f2 f3" } }
    assert.equal("it may pay F-00001, F-00002 and 1 more; nothing says which", message)
    _, message = outcome { references = refs(rf "F-09999") }
    assert.truthy(message:find(reference.format(rf "F-09999"), 1, true))
  end)
end)
