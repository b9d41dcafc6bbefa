-- books.lua - the books of one clinic, made twice from the same drawing: as a ledger through the Lua API, and as plain
-- text for hledger, ledger and beancount. The journals are written from what was asked for, never from what the ledger
-- answered, so that equal totals prove something. Used by reports.lua.
local measuring = require "measuring"
local tallystick = require "tallystick"

local books = {}

local CONFIG = "examples/practice-year/clinic.lua"
local PAYMENTS_PER_COMMIT = 1000

-- The clinic of growth.lua: 80 documents a day, each paid once on its day or one of the next two, one in five in two
-- parts. One invoice in 25 is not paid, and written off some 250 days later.
local DOCUMENTS_PER_DAY = 80
local FIRST_DAY = 1577836800 -- 2020-01-01: 100,000 payments reach into the autumn of 2022
local DAY_SECONDS = 86400
local WRITTEN_OFF_DAYS = 250
local PAID_IN_PARTS_PERCENT = 20
local UNPAID_EVERY = 50 -- documents: every second is an invoice
local ACTORS = { "desk-1", "desk-2", "desk-3" }

local random = math.random

-- What is being made: the ledger's documents so far, each payment as it will stand in the journals, and the invoices
-- that nobody pays, the oldest first.
local clinic

local function decimal(minor)
  return ("%d.%02d"):format(minor // 100, minor % 100)
end

local function day_of(index)
  return FIRST_DAY + index // DOCUMENTS_PER_DAY * DAY_SECONDS
end

local function draw_type()
  local drawn = random(100)
  if drawn <= 50 then return "card", drawn <= 35 and "POS-1" or "POS-2" end
  if drawn <= 80 then return "cash" end
  return drawn <= 90 and "twint" or "transfer"
end

local function make_document(tx)
  local index = clinic.documents
  local at = day_of(index) + 8 * 3600 + index % DOCUMENTS_PER_DAY * 420
  local minor = random(400, 8000) * 5
  local make = index % 2 == 0 and tx.consultation or tx.invoice
  local patient = ("P%06d"):format(random(index // 8 + 100))
  local made = assert(make(tx, { patient = patient, amount = decimal(minor), at = at }))
  clinic.documents = index + 1
  return { number = made.number, patient = patient, minor = minor, at = at, index = index }
end

local function note(document, type, group, minor, at)
  local payments = clinic.payments
  payments[#payments + 1] = { day = os.date("!%Y-%m-%d", at), document = document.number, patient = document.patient,
    type = type, group = group or "", minor = minor, place = #payments + 1 }
end

local function pay(tx, document, minor)
  local type, group = draw_type()
  local at = document.at + random(0, 2) * DAY_SECONDS
  note(document, type, group, minor, at)
  assert(tx:pay { document = document.number, type = type, group = group, amount = decimal(minor), at = at,
    actor = ACTORS[random(#ACTORS)], key = ("b%09d"):format(#clinic.payments) })
end

-- Pays a document in whole, or in two parts.
local function settle(tx, document)
  if random(100) > PAID_IN_PARTS_PERCENT then return pay(tx, document, document.minor) end
  local part = document.minor // 10 * 5
  pay(tx, document, part)
  pay(tx, document, document.minor - part)
end

local function write_off_old(tx)
  local oldest = clinic.unpaid[clinic.written_off + 1]
  if not oldest or clinic.documents - oldest.index < WRITTEN_OFF_DAYS * DOCUMENTS_PER_DAY then return end
  clinic.written_off = clinic.written_off + 1
  local at = oldest.at + WRITTEN_OFF_DAYS * DAY_SECONDS
  note(oldest, "loss", nil, oldest.minor, at)
  assert(tx:pay { document = oldest.number, type = "loss", at = at })
end

local function visit(tx)
  local document = make_document(tx)
  write_off_old(tx)
  if document.index % UNPAID_EVERY == UNPAID_EVERY - 1 then
    clinic.unpaid[#clinic.unpaid + 1] = document
  else
    settle(tx, document)
  end
end

-- ---- The journals: each payment one transaction, its account named by type and group ----

-- Beancount wants accounts under its five roots, each part with a capital; the others have what reads best.
local function account_of(payment, capital)
  local parts = { payment.type == "loss" and "expenses" or "assets", payment.type }
  if payment.group ~= "" then parts[3] = payment.group end
  if capital then
    for i, part in ipairs(parts) do parts[i] = part:gsub("^%l", string.upper) end
  end
  return table.concat(parts, ":")
end

-- hledger and ledger read the same syntax: here, the same file. Both amounts stand there, so that none is inferred.
local PLAIN = "%s %s | %s\n    %-24s  %s CHF\n    %-24s  -%s CHF\n\n"
local BEANCOUNT = '%s * "%s" "%s"\n  %-24s  %s CHF\n  %-24s  -%s CHF\n\n'

local function write_plain(file, payments)
  for _, payment in ipairs(payments) do
    local amount = decimal(payment.minor)
    file:write(PLAIN:format(payment.day, payment.patient, payment.document, account_of(payment), amount,
      "assets:receivable", amount))
  end
end

local function write_beancount(file, payments)
  local opened = { ["Assets:Receivable"] = true }
  file:write("2000-01-01 open Assets:Receivable CHF\n")
  for _, payment in ipairs(payments) do
    local account = account_of(payment, true)
    if not opened[account] then file:write(("2000-01-01 open %s CHF\n"):format(account)) end
    opened[account] = true
  end
  file:write("\n")
  for _, payment in ipairs(payments) do
    local amount = decimal(payment.minor)
    file:write(BEANCOUNT:format(payment.day, payment.patient, payment.document, account_of(payment, true), amount,
      "Assets:Receivable", amount))
  end
end

local function write_journals(paths)
  -- By date, as such books are kept; the programs need not sort.
  table.sort(clinic.payments, function(a, b)
    if a.day ~= b.day then return a.day < b.day end
    return a.place < b.place
  end)
  local plain <close> = assert(io.open(paths.plain, "w"))
  write_plain(plain, clinic.payments)
  local beancount <close> = assert(io.open(paths.beancount, "w"))
  write_beancount(beancount, clinic.payments)
end

---Makes the books anew: a ledger of at least so many payments (a last one may come in two parts), and its journals.
---@param paths { ledger: string, plain: string, beancount: string }
---@param count integer payments
---@param seed integer
---@return integer payments that were made
function books.make(paths, count, seed)
  for _, suffix in ipairs { "", "-wal", "-shm" } do os.remove(paths.ledger .. suffix) end
  math.randomseed(seed)
  clinic = { documents = 0, payments = {}, unpaid = {}, written_off = 0 }
  local ledger <close> = assert(tallystick.open(paths.ledger, { config = CONFIG, actor = ACTORS[1],
    roles = { "secretary", "manager" } }))
  while #clinic.payments < count do
    assert(ledger:transaction(function(tx)
      local stop = math.min(#clinic.payments + PAYMENTS_PER_COMMIT, count)
      while #clinic.payments < stop do visit(tx) end
      return true
    end))
    measuring.say("\r%d of %d payments ", #clinic.payments, count)
  end
  measuring.say("\r%s\r", (" "):rep(40))
  write_journals(paths)
  return #clinic.payments
end

return books
