-- What the specs of imports share: a practice with invoices that the files under spec/data/camt pay, and short ways to
-- read, plan and pay.
local helper = require "spec.helper"
local camt = require "tallystick.import.camt"
local command = require "spec.command"
local import = require "tallystick.import"

local bank = {}

---The files of two months. February's tells of most of January's bookings again.
bank.JANUARY = "spec/data/camt/january.xml"
bank.FEBRUARY = "spec/data/camt/february.xml"

---The digits in front of the practice's QR references.
bank.PREFIX = "880042"

---What the practice charged on its invoice of a number.
---@param number integer
---@return string
function bank.charged(number)
  local minor = 5000 + 735 * number
  return ("%d.%02d"):format(minor // 100, minor % 100)
end

---Gives a practice with 70 invoices of patients of their own: F-00066 is cancelled, F-00067 paid. F-00071 is made from
---C-00001 and C-00002, C-00003 stands alone. Two invoices have numbers of the host's own; the digits of X-00040 are
---those of F-00040.
---@param options? spec.Open
---@return tallystick.Ledger ledger
---@return spec.Clock clock
function bank.practice(options)
  options = options or {}
  options.now = options.now or "2026-01-02T10:00:00Z"
  local ledger, clock = helper.open(options)
  assert(ledger:transaction(function(tx)
    for number = 1, 70 do assert(tx:invoice { patient = "P" .. number, amount = bank.charged(number) }) end
    for number, amount in ipairs { "80.00", "45.00", "90.00" } do
      assert(tx:consultation { patient = number < 3 and "P71" or "P72", amount = amount })
    end
    assert(tx:invoice { consultations = { "C-00001", "C-00002" } })
    assert(tx:invoice { patient = "P73", amount = "170.00", number = "2026/A-17" })
    assert(tx:invoice { patient = "P74", amount = "60.00", number = "X-00040" })
    assert(tx:cancel { document = "F-00066", reason = "entered twice" })
    assert(tx:pay { document = "F-00067", type = "twint" })
    return true
  end))
  clock.now = "2026-03-10T10:00:00Z"
  return ledger, clock
end

---Plans what a file would pay.
---@param ledger tallystick.Ledger
---@param path string
---@param options? tallystick.import.PlanOptions
---@return tallystick.import.Plan
function bank.plan(ledger, path, options)
  options = options or {}
  options.qr_prefix = options.qr_prefix or bank.PREFIX
  return assert(import.plan(ledger, assert(camt.read(path)).credits, options))
end

---Pays what a file pays.
---@param ledger tallystick.Ledger
---@param path string
---@param options? tallystick.import.PlanOptions
---@return tallystick.import.Applied
function bank.pay(ledger, path, options)
  return assert(import.apply(ledger, bank.plan(ledger, path, options)))
end

---An item as a line: `pay 57.35 F-00001`, `pay 236.40 F-00024 credit 10.00`, `list 120.00 document-missing`.
---@param item tallystick.import.Item
---@return string
function bank.line(item)
  local words = { item.action, item.amount and item.amount:decimal() or "-" }
  words[#words + 1] = item.action == "list" and item.code or item.document
  if item.deposited and item.deposited.minor > 0 then words[#words + 1] = "credit " .. item.deposited:decimal() end
  return table.concat(words, " ")
end

---The items of a plan as lines.
---@param plan tallystick.import.Plan
---@return string[]
function bank.lines(plan)
  local lines = {}
  for index, item in ipairs(plan.items) do lines[index] = bank.line(item) end
  return lines
end

---The lines that stand beside a file: what becomes of each of its credits in a practice that has had no other file.
---@param path string
---@return string[]
function bank.expected(path)
  local lines = {}
  for line in command.read((path:gsub("xml$", "expected"))):gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

-- ---- Small files ----

---A transaction of a notification. Fields: id, amount, currency, direction, ref (structured), text, more (XML).
---@param fields table
---@return string
function bank.transaction(fields)
  local refs = fields.id and ("<AcctSvcrRef>%s</AcctSvcrRef>"):format(fields.id) or ""
  local ref = fields.ref and ("<Strd><CdtrRefInf><Ref>%s</Ref></CdtrRefInf></Strd>"):format(fields.ref) or ""
  local text = fields.text and ("<Ustrd>%s</Ustrd>"):format(fields.text) or ""
  return ([[
<TxDtls><Refs>%s</Refs><Amt Ccy="%s">%s</Amt><CdtDbtInd>%s</CdtDbtInd>%s<RmtInf>%s%s</RmtInf></TxDtls>
]]):format(refs, fields.currency or "CHF", fields.amount or "10.00", fields.direction or "CRDT", fields.more or "",
    text, ref)
end

---A booking. Fields: id, amount, currency, direction, status, day, details (XML in NtryDtls), info.
---@param fields table
---@return string
function bank.entry(fields)
  return ([[
<Ntry><Amt Ccy="%s">%s</Amt><CdtDbtInd>%s</CdtDbtInd><Sts>%s</Sts>%s%s<BkTxCd/>%s%s</Ntry>
]]):format(fields.currency or "CHF", fields.amount or "10.00", fields.direction or "CRDT", fields.status or "BOOK",
    fields.day == false and "" or ("<BookgDt><Dt>%s</Dt></BookgDt>"):format(fields.day or "2026-01-05"),
    fields.id and ("<AcctSvcrRef>%s</AcctSvcrRef>"):format(fields.id) or "",
    fields.details and ("<NtryDtls>%s</NtryDtls>"):format(fields.details) or "",
    fields.info and ("<AddtlNtryInf>%s</AddtlNtryInf>"):format(fields.info) or "")
end

---A notification of one account.
---@param entries string
---@param options? { account?: string, version?: string, head?: string }
---@return string
function bank.message(entries, options)
  options = options or {}
  return ([[
<?xml version="1.0" encoding="UTF-8"?>%s
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.%s"><BkToCstmrDbtCdtNtfctn>
<GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-01-31T18:00:00</CreDtTm></GrpHdr>
<Ntfctn><Id>N-1</Id><Acct><Id><IBAN>%s</IBAN></Id></Acct>
%s</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>
]]):format(options.head or "", options.version or "04", options.account or "CH9300762011623852957", entries)
end

---Plans what a notification of some bookings would pay.
---@param ledger tallystick.Ledger
---@param entries string
---@param options? tallystick.import.PlanOptions
---@return tallystick.import.Plan
function bank.plan_of(ledger, entries, options)
  return assert(import.plan(ledger, assert(camt.parse(bank.message(entries))).credits, options))
end

return bank
