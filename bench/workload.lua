-- workload.lua - what all sides do, drawn once from a seed and written to files of tab-separated lines, so that every
-- side, in whatever language, does the same in the same order. Amounts are minor units, times epoch seconds.
local workload = {}

local DOCUMENTS_PER_DAY = 80
local LAST_DAY = 1768521600 -- 2026-01-16: ledgers of any size end there, since no payment may lie in the future
local DAY_SECONDS = 86400
-- A consultation and an invoice alternate, with amounts in the smallest step of Swiss cash.
local STEP_MINOR = 5
-- Of the prepared documents, a third is still to be paid: the newest or, in a scattered ledger, one here and one there.
local OPEN_SHARE = 3
-- On average a document is paid off by some more payments than this.
local PAYMENTS_PER_DOCUMENT_MAX = 1.4
-- A payment comes some days after its document, most often on the same or the next ones; now and then an old debt.
local LATENESS_DOCUMENTS = 2 * DOCUMENTS_PER_DAY
local OLD_DEBT_PERCENT = 5
-- Most readings are of documents of the last days.
local RECENT_READ_PERCENT = 80
local RECENT_DOCUMENTS = 10 * DOCUMENTS_PER_DAY

-- The generator is Lua's own xoshiro256**: the same numbers from the same seed on every machine.
local random = math.random

local function chance(percent)
  return random(100) <= percent
end

local function draw_amount(from_minor, to_minor)
  return random(from_minor // STEP_MINOR, to_minor // STEP_MINOR) * STEP_MINOR
end

local function draw_documents(count)
  local documents, first_day = {}, LAST_DAY - count // DOCUMENTS_PER_DAY * DAY_SECONDS
  for i = 1, count do
    local invoice = i % 2 == 0
    local charged = draw_amount(2000, 40000)
    documents[i] = {
      kind = invoice and "invoice" or "consultation",
      number = ("%s-%05d"):format(invoice and "F" or "C", (i + 1) // 2),
      patient = ("P%05d"):format(random(count // 8 + 1)),
      charged = charged,
      remaining = charged,
      at = first_day + (i // DOCUMENTS_PER_DAY) * DAY_SECONDS + 8 * 3600 + (i % DOCUMENTS_PER_DAY) * 420,
    }
  end
  return documents
end

local function draw_type()
  local drawn = random(100)
  if drawn <= 50 then return "card", chance(70) and "POS-1" or "POS-2" end
  if drawn <= 80 then return "cash", "" end
  return drawn <= 90 and "twint" or "transfer", ""
end

-- Pays a document, in whole or in part; the key is the host's own for this payment.
local function draw_payment(document, whole, at, key)
  local amount = document.remaining
  if not whole and amount > 2 * STEP_MINOR then amount = draw_amount(STEP_MINOR, amount - STEP_MINOR) end
  document.remaining = document.remaining - amount
  local type, group = draw_type()
  return { document.number, type, group, amount, at, key }
end

-- Opens a plan's file; what it gives writes one row. A plan may be too long to be held.
local function plan_writer(folder, name)
  local file = assert(io.open(("%s/%s.tsv"):format(folder, name), "w"))
  return function(row) assert(file:write(table.concat(row, "\t"), "\n")) end, file
end

local function write_plan(folder, name, rows)
  local write, file <close> = plan_writer(folder, name)
  for _, row in ipairs(rows) do write(row) end
end

local function write_documents(folder, documents)
  local write, file <close> = plan_writer(folder, "documents")
  for _, document in ipairs(documents) do
    write { document.kind, document.number, document.patient, document.charged, document.at }
  end
end

-- The past of a clinic: most is paid, a part of the invoices is not, another part only in part; the newest are open.
local function draw_past(documents, open_from, pay)
  for i = 1, open_from - 1 do
    local document, fate = documents[i], random(100)
    if document.kind == "consultation" or fate <= 80 then
      if chance(25) then pay(document, false) end
      pay(document, true)
    elseif fate <= 90 then
      pay(document, false)
    end
  end
end

-- A past without locality: of any day, some are paid and some are not.
local function draw_scattered_past(documents, pay)
  for _, document in ipairs(documents) do
    if random(OPEN_SHARE) > 1 then
      if chance(25) then pay(document, false) end
      pay(document, true)
    end
  end
end

-- `draw` is given what pays a document, in whole or in part.
local function write_history(folder, draw)
  local write, file <close> = plan_writer(folder, "history")
  local count = 0
  draw(function(document, whole)
    count = count + 1
    write(draw_payment(document, whole, document.at + 600, ("h%08d"):format(count)))
  end)
end

-- Goes on from i to the next document that is not settled.
local function next_open(documents, i)
  while i <= #documents and documents[i].remaining == 0 do i = i + 1 end
  return i
end

-- The payments follow the calendar through the documents still to be paid: most hit those of the last days.
local function draw_target(documents, open_from, progress)
  if chance(OLD_DEBT_PERCENT) then return random(#documents) end
  local front = open_from + (#documents - open_from) * progress
  return math.max(open_from, math.floor(front + math.log(1 - random()) * LATENESS_DOCUMENTS))
end

local function draw_payments(documents, open_from, count)
  local payments = {}
  while #payments < count do
    local i = next_open(documents, draw_target(documents, open_from, #payments / count))
    if i <= #documents then
      local at = documents[i].at + random(0, 2) * DAY_SECONDS
      payments[#payments + 1] = draw_payment(documents[i], chance(60), at, ("k%08d"):format(#payments + 1))
    end
  end
  return payments
end

-- The other extreme: every document that is not settled is as likely as any other, of whatever day.
local function draw_scattered(documents, count)
  local payments, open = {}, {}
  for _, document in ipairs(documents) do
    if document.remaining > 0 then open[#open + 1] = document end
  end
  for i = 1, count do
    local picked = random(#open)
    local document = open[picked]
    local at = document.at + random(0, 2) * DAY_SECONDS
    payments[i] = draw_payment(document, chance(60), at, ("s%08d"):format(i))
    if document.remaining == 0 then
      open[picked] = open[#open]
      open[#open] = nil
    end
  end
  return payments
end

local function draw_reads(documents, count)
  local reads = {}
  for i = 1, count do
    local from = chance(RECENT_READ_PERCENT) and math.max(1, #documents - RECENT_DOCUMENTS) or 1
    reads[i] = { documents[random(from, #documents)].number }
  end
  return reads
end

-- The first page, then a later one: after any unpaid invoice of the prepared ledger. An empty key is the first page.
local function draw_pages(unpaid, count)
  local pages = {}
  for i = 1, count do pages[i] = { i % 2 == 1 and "" or unpaid[random(#unpaid)] } end
  return pages
end

local function find_unpaid(documents)
  local unpaid = {}
  for _, document in ipairs(documents) do
    local open = document.remaining == document.charged
    if open and document.kind == "invoice" then unpaid[#unpaid + 1] = document.number end
  end
  return unpaid
end

-- Whatever is drawn must be less than what is open.
local function check_payments(documents, count)
  local most = documents // OPEN_SHARE * PAYMENTS_PER_DOCUMENT_MAX
  assert(count <= most, "too many payments for so few documents")
end

---Draws the plans of a clinic's ledger into a folder: documents, history, payments, reads, pages (each `.tsv`).
---@param folder string
---@param size { seed: integer, documents: integer, payments: integer, reads: integer, pages: integer } how many of each
function workload.write_clinic(folder, size)
  check_payments(size.documents, size.payments)
  math.randomseed(size.seed)
  local documents = draw_documents(size.documents)
  local open_from = size.documents - size.documents // OPEN_SHARE + 1
  write_documents(folder, documents)
  write_history(folder, function(pay) draw_past(documents, open_from, pay) end)
  write_plan(folder, "reads", draw_reads(documents, size.reads))
  write_plan(folder, "pages", draw_pages(find_unpaid(documents), size.pages))
  write_plan(folder, "payments", draw_payments(documents, open_from, size.payments))
end

---Draws the plans of a ledger without locality into a folder: documents, history, payments (each `.tsv`).
---@param folder string
---@param size { seed: integer, documents: integer, payments: integer } how many of each
function workload.write_scattered(folder, size)
  check_payments(size.documents, size.payments)
  math.randomseed(size.seed)
  local documents = draw_documents(size.documents)
  write_documents(folder, documents)
  write_history(folder, function(pay) draw_scattered_past(documents, pay) end)
  write_plan(folder, "payments", draw_scattered(documents, size.payments))
end

---Draws when each of `count` payments is due, in nanoseconds from the start: the gaps of a Poisson process.
---@param folder string
---@param size { seed: integer, count: integer, per_second: number }
function workload.write_arrivals(folder, size)
  math.randomseed(size.seed)
  local write, file <close> = plan_writer(folder, "arrivals")
  local due = 0
  for _ = 1, size.count do
    due = due - math.log(1 - random()) / size.per_second
    write { math.floor(due * 1e9) }
  end
end

return workload
