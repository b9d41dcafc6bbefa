-- A year of a practice: some 6,700 commands become a ledger, and its books are shown. Run it with `make demo`.
local here = arg[0]:match "^(.*)/[^/]*$" or "."
local root = here .. "/../.."
package.path = ("%s/lua/?.lua;%s/lua/?/init.lua;%s"):format(root, root, package.path)
package.cpath = ("%s/lua/?.so;%s"):format(root, package.cpath)

local tallystick = require "tallystick"
local log = require "tallystick.cli.log"
local progress = require "tallystick.cli.progress"
local replay = require "tallystick.cli.run.replay"
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"
local verify = require "tallystick.cli.run.verify"

-- Shown from where the demo is run: `make demo` runs it from the top of the tree.
local FOLDER = "build/demo"
local LEDGER = FOLDER .. "/practice-year.db"
local LOG = here .. "/practice-year.jsonl"
local CONFIG = here .. "/clinic.lua"

local COMMANDS_PER_COMMIT = 500
local UNPAID_SHOWN_MAX = 15

-- The columns of the totals, as design §6 names them, in the order in which a year reads.
local SUMS = { "collected", "refunded", "deposited", "withdrawn", "money", "credited", "discounted", "lost", "rounded" }
local STATUSES = {
  "paid", "offered", "written_off", "overpaid", "partial", "unpaid", "pending", "invoiced", "cancelled",
}

local colour = terminal.has_colour(1)
local live = terminal.is_live(2)

local function heading(title)
  print()
  print(colour and "\27[1m" .. title .. "\27[0m" or title)
end

local function decimal(money)
  return money.minor == 0 and "·" or text.grouped(money:decimal())
end

-- Adds up rows of totals under the names that name(row) gives.
local function summed(rows, name)
  local sums, names = {}, {}
  for _, row in ipairs(rows) do
    local key = name(row)
    local sum = sums[key]
    if not sum then
      sum = { count = 0 }
      sums[key], names[#names + 1] = sum, key
    end
    sum.count = sum.count + row.count
    for _, field in ipairs(SUMS) do sum[field] = sum[field] and sum[field] + row[field] or row[field] end
  end
  table.sort(names)
  return sums, names
end

-- Leaves out what is zero in every row, as credited is where nobody paid from credit.
local function used_sums(sums)
  local used = {}
  for _, field in ipairs(SUMS) do
    for _, sum in pairs(sums) do
      if sum[field].minor ~= 0 then
        used[#used + 1] = field
        break
      end
    end
  end
  return used
end

local function print_totals(title, first_title, rows, name)
  heading(title)
  local sums, names = summed(rows, name)
  local whole = summed(rows, function() return "whole" end).whole
  local used = used_sums(sums)
  local columns, cells = { { title = first_title }, { title = "count", right = true } }, {}
  for _, field in ipairs(used) do columns[#columns + 1] = { title = field, right = true } end
  local function add(shown_name, sum)
    local row = { shown_name, text.grouped(sum.count) }
    for _, field in ipairs(used) do row[#row + 1] = decimal(sum[field]) end
    cells[#cells + 1] = row
  end
  for _, key in ipairs(names) do add(key, sums[key]) end
  if whole then add("together", whole) end
  print(text.table(columns, cells, "  "))
end

local function print_statuses(ledger)
  heading "Documents by status"
  local counts = { consultation = {}, invoice = {} }
  for document in ledger:documents {} do
    local of_kind = counts[document.kind]
    of_kind[document.status] = (of_kind[document.status] or 0) + 1
  end
  local rows = {}
  for _, status in ipairs(STATUSES) do
    local consultations, invoices = counts.consultation[status], counts.invoice[status]
    if consultations or invoices then
      rows[#rows + 1] = { tallystick.marks.format(status, { colour = colour }), status,
        consultations and text.grouped(consultations) or "·", invoices and text.grouped(invoices) or "·" }
    end
  end
  print(text.table({ { title = "" }, { title = "status" }, { title = "consultations", right = true },
    { title = "invoices", right = true } }, rows, "  "))
end

local function print_unpaid(ledger)
  heading "Invoices that are not paid, the oldest first"
  local rows, count, owed = {}, 0, nil
  for invoice in ledger:documents { kind = "invoice", order = "oldest" } do
    if invoice.status == "unpaid" or invoice.status == "partial" then
      count, owed = count + 1, owed and owed + invoice.remaining or invoice.remaining
      if count <= UNPAID_SHOWN_MAX then
        rows[count] = { tallystick.marks.format(invoice.status, { colour = colour }), invoice.number, invoice.patient,
          invoice.due or "", decimal(invoice.charged), decimal(invoice.remaining) }
      end
    end
  end
  print(text.table({ { title = "" }, { title = "invoice" }, { title = "patient" }, { title = "due" },
    { title = "charged", right = true }, { title = "remaining", right = true } }, rows, "  "))
  if count > UNPAID_SHOWN_MAX then print(("  … and %d more"):format(count - UNPAID_SHOWN_MAX)) end
  if owed then print(("  %s of them, %s still owed"):format(text.grouped(count), text.grouped(tostring(owed)))) end
end

local function new_ledger()
  assert(os.execute(("mkdir -p '%s' && rm -f '%s' '%s-wal' '%s-shm'"):format(FOLDER, LEDGER, LEDGER, LEDGER)))
  return assert(tallystick.open(LEDGER, { config = CONFIG }))
end

local function replay_year(ledger)
  local started = terminal.now()
  local reader <close> = assert(log.open(LOG))
  local outcome = replay.play(ledger, reader, {
    batch = COMMANDS_PER_COMMIT, progress = progress.start("replaying", live),
  })
  if outcome.stopped then error(outcome.stopped.message, 0) end
  local seconds = terminal.now() - started
  print("  " .. replay.describe(outcome, seconds):gsub(" %(.*%)", "", 1))
  print "  (refused are the slips of a year: paid twice, a wrong amount, a role that may not; each left no trace)"
end

local function check(ledger)
  heading "Verified from the journal"
  local started = terminal.now()
  local bar = progress.start("verifying", live)
  local report = select(2, assert(ledger:verify { progress = function(done, total) bar:show(done, done, total) end }))
  bar:clear()
  print(verify.describe(report))
  print(("  chain, sums and links hold, in %s"):format(text.duration(terminal.now() - started)))
end

local function main()
  print(("A year of a practice: %s, made anew from %s"):format(LEDGER, LOG))
  local ledger <close> = new_ledger()
  replay_year(ledger)
  print_totals("The year by payment type", "type", assert(ledger:totals { by = { "type" } }),
    function(row) return row.type end)
  print_totals("The year by month", "month", assert(ledger:totals { by = { "day" } }),
    function(row) return row.day:sub(1, 7) end)
  print_statuses(ledger)
  print_unpaid(ledger)
  check(ledger)
  heading "Try next"
  print(("  bin/tallystick shell %s    a prompt at these books, which says what to type"):format(LEDGER))
  print(("  bin/tallystick verify %s"):format(LEDGER))
  print(("  bin/tallystick replay /tmp/mine.db %s --config %s --results /tmp/mine.jsonl"):format(LOG, CONFIG))
  print "  ls examples                     small programs, each of which runs as it stands"
end

main()
