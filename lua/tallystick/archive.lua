-- archive.lua - bundles a closed period in open formats, with all that is needed to check it by itself: the books, the
-- reports, the script, a copy of the ledger, a reader that shares no code with us, and the sums of all of it.
local books = require "tallystick.archive.books"
local bundle = require "tallystick.archive.bundle"
local calendar = require "tallystick.calendar"
local csv = require "tallystick.csv"
local files = require "tallystick.files"
local json = require "tallystick.json"
local readme = require "tallystick.archive.readme"
local reports = require "tallystick.report"

local archive = {}

local fail, need = bundle.fail, bundle.need

-- ---- What is asked ----

local function refuse(code, field, message, details)
  details = details or {}
  details.field = field
  return fail(message, code, details)
end

local KNOWN = { from = true, to = true, folder = true, name = true, ledger = true, progress = true }

-- A day as the ledger reads it: "2026-11-20", also of a time. Which days there are is the ledger's to say.
local function day_of(ledger, asked, field)
  local value, expected = asked[field], field .. ": give a business day such as \"2026-11-20\""
  if value == nil then refuse("field-missing", field, expected) end
  local _, message, code, details = ledger:totals { [field] = value }
  if message then fail(message, code, details) end
  return type(value) == "string" and value:match "^%d%d%d%d%-%d%d%-%d%d$" or refuse("date-invalid", field, expected)
end

local function check_options(ledger, asked)
  for name in pairs(asked) do
    if not KNOWN[name] then refuse("field-unknown", tostring(name), ("an archive has no option %q"):format(name)) end
  end
  local from, to = day_of(ledger, asked, "from"), day_of(ledger, asked, "to")
  if from > to then
    refuse("field-invalid", "from", ("from: %s is after %s; give a day up to that"):format(from, to))
  end
  return from, to
end

local function check_closed(info, to)
  local closed = info.closed_through
  if closed and closed >= to then return end
  local standing = closed and "all days up to " .. closed .. " are" or "no day is"
  refuse("refused", "to", ("to: %s is not closed yet, %s; an archive is of days that move no more: close them first")
    :format(to, standing), { closed_through = closed, rule = "archive", code = "not-closed" })
end

-- ---- What it holds ----

-- What a report says of the moment at which it was made would keep the same books from giving the same bytes.
local OF_THE_MOMENT = { made_at = true }

local function without_moment(made)
  local facts = {}
  for _, fact in ipairs(made.facts) do
    if not OF_THE_MOMENT[fact.name] then facts[#facts + 1] = fact end
  end
  made.facts = facts
  return made
end

local function write_sheet(sheet, put)
  local names = {}
  for index, column in ipairs(sheet.columns) do names[index] = column.name end
  put(csv.line(names))
  for _, row in ipairs(sheet.rows) do
    local cells = {}
    for index, name in ipairs(names) do cells[index] = row[name] end
    put(csv.line(cells, #names))
  end
end

-- Adds a report as a page, and each of its sheets as CSV.
local function add_report(made_bundle, name, made)
  without_moment(made)
  made_bundle:add(("reports/%s.html"):format(name), need(reports.html(made)))
  for _, sheet in ipairs(made.sheets) do
    made_bundle:write(("reports/%s-%s.csv"):format(name, (sheet.name:gsub("_", "-"))),
      function(put) write_sheet(sheet, put) end)
  end
end

local function add_reports(made_bundle, period)
  local ledger, from, to = period.ledger, period.from, period.to
  local before = calendar.text_of(calendar.day_of(from) - 1)
  period.progress("writing the reports", 0, 4)
  add_report(made_bundle, "period", need(reports.period(ledger, { from = from, to = to, by = { "month", "type" } })))
  period.progress("writing the reports", 1, 4)
  add_report(made_bundle, "receivables-start", need(reports.receivables(ledger, { as_of = before, by_patient = true })))
  period.progress("writing the reports", 2, 4)
  add_report(made_bundle, "receivables-end", need(reports.receivables(ledger, { as_of = to, by_patient = true })))
  period.progress("writing the reports", 3, 4)
  add_report(made_bundle, "corrections", need(reports.corrections(ledger, { from = from, to = to })))
end

local JOURNALS = {
  { "hledger", "books/hledger.journal" }, { "ledger", "books/ledger.ledger" },
  { "beancount", "books/beancount.beancount" },
}

-- Adds a file in a format that may not be able to tell of these books; then a note says so.
local function add_format(made_bundle, notes, name, body)
  local done, message
  made_bundle:write(name, function(put) done, message = body(put) end)
  if done then return end
  made_bundle:drop(name)
  notes[#notes + 1] = ("%s is left out: %s"):format(name, message)
end

-- Adds the books. Gives which entries they are of.
local function add_books(made_bundle, period, notes)
  local found
  made_bundle:write("books/journal.jsonl", function(put) found = books.write_entries(period, put) end)
  if found.entries == 0 then
    refuse("refused", "from", ("from: there is no entry from %s to %s; nothing is there to be archived"):format(
      period.from, period.to), { rule = "archive", code = "empty" })
  end
  made_bundle:write("books/journal.csv", function(put) books.write_export(period, "csv", put) end)
  local balances = books.balances(period)
  local opening = books.opening(balances)
  made_bundle:write("books/balances.csv", function(put) books.write_balances(balances, put) end)
  for _, journal in ipairs(JOURNALS) do
    add_format(made_bundle, notes, journal[2], function(put)
      return books.write_journal(period, journal[1], opening, put)
    end)
  end
  made_bundle:write("books/closings.csv", function(put) books.write_closings(period, put) end)
  made_bundle:write("books/types.csv", function(put) books.write_types(period, put) end)
  return found
end

local function add_script(made_bundle, info)
  if info.script.text == "" then return end
  -- A name is the host's: in a list of sums, a line break in it would be the end of a name.
  local name = (info.script.name:match "[^/]+$" or "clinic.lua"):gsub("%c", "_")
  made_bundle:add("script/" .. name, info.script.text)
end

-- The reader lies in docs/ of the source, and beside this file where it was installed.
local function find_reader()
  local here = files.folder_of(package.searchpath("tallystick.archive", package.path) or "")
  for _, path in ipairs { here .. "/check.py", here .. "/../../docs/reader/check.py" } do
    local file <close> = io.open(path, "rb")
    if file then return file:read "a" end
  end
  return fail("the reader check.py is not where Tallystick was installed; install it anew", "io-error")
end

local FACTS = { "format", "ledger", "currency", "language", "from", "to", "entries", "first_seq", "last_seq", "seq",
  "hash", "head", "file", "version" }

local function add_facts(made_bundle, period, found, file)
  local info, head = period.info, need(period.ledger:head())
  local facts = {
    format = 1, ledger = info.id, currency = info.currency, language = info.language, from = period.from,
    to = period.to, entries = found.entries, first_seq = found.first_seq, last_seq = found.last_seq,
    head = { seq = head.seq, hash = head.hash }, file = file, version = info.version,
  }
  made_bundle:add("period.json", json.encode(facts, FACTS) .. "\n")
  return facts
end

-- ---- The copy of the ledger ----

-- Copies the ledger: all that is written is read from this one state of it.
local function copy_ledger(ledger, path, progress)
  need(ledger:backup(path, { progress = function(done, total) progress("copying the ledger", done, total) end }))
end

local PHASES = { file = "verifying the file", done = "verifying the file" }

local function verify(ledger, progress)
  need(ledger:verify {
    progress = function(done, total, phase) progress(PHASES[phase] or "verifying the " .. phase, done, total) end,
  })
end

local function remove_logs(path)
  os.remove(path .. "-wal")
  os.remove(path .. "-shm")
end

---@class tallystick.archive.Plan
---@field from string
---@field to string
---@field name string
---@field keeps_ledger boolean
---@field progress fun(label: string, done: integer, total: integer)

-- Adds all that is read from the copy of the ledger. Gives the facts, and what could not be told in some format.
local function add_contents(made_bundle, copy, plan)
  local period = { ledger = copy, info = need(copy:info()), from = plan.from, to = plan.to, progress = plan.progress }
  local notes = {}
  local found = add_books(made_bundle, period, notes)
  add_reports(made_bundle, period)
  add_script(made_bundle, period.info)
  if plan.keeps_ledger then
    add_format(made_bundle, notes, "ledger/commands.jsonl", function(put)
      return books.write_export(period, "log", put)
    end)
  end
  return add_facts(made_bundle, period, found, plan.keeps_ledger and plan.name .. ".db" or nil), notes
end

local function fill(made_bundle, ledger, plan)
  -- A copy that is not to be in the archive is made all the same: what is read is one state of the books.
  local name = plan.keeps_ledger and ("ledger/%s.db"):format(plan.name)
  local path = name and made_bundle:path(name) or made_bundle.work .. "/copy.db"
  copy_ledger(ledger, path, plan.progress)
  local copy <close> = need(require("tallystick.core").open(path, { mode = "ro" }))
  verify(copy, plan.progress)
  local facts, notes = add_contents(made_bundle, copy, plan)
  copy:close()
  remove_logs(path)
  if plan.keeps_ledger then made_bundle:add("reader/check.py", find_reader()) end
  made_bundle:add("README.txt", readme.text(facts, made_bundle.files, notes))
  return facts, notes
end

local function make(ledger, asked)
  local from, to = check_options(ledger, asked)
  check_closed(need(ledger:info()), to)
  local plan = { from = from, to = to, name = asked.name or "ledger", keeps_ledger = asked.ledger ~= false,
    progress = asked.progress or function() end }
  local name = ("%s-%s--%s"):format(plan.name, from, to)
  local path = (asked.folder and asked.folder:gsub("/*$", "/") or "") .. name .. ".tar.gz"
  local free, taken = files.is_free(path)
  if not free then refuse("field-invalid", "folder", taken) end
  local made_bundle <close> = bundle.start(path, name)
  local facts, notes = fill(made_bundle, ledger, plan)
  plan.progress("packing", 0, 0)
  local sum = made_bundle:pack(path, to)
  return { path = path, sum = sum, from = from, to = to, entries = facts.entries, head = facts.head,
    bytes = files.facts(path).bytes, notes = notes }
end

-- ---- The calls ----

-- Runs a body, and hands what it failed with to the caller as results. Money raises where a sum leaves 64 bits.
local function guarded(body, ...)
  local results = table.pack(pcall(body, ...))
  if results[1] then return table.unpack(results, 2, results.n) end
  local failure = results[2]
  if type(failure) == "table" and failure.code then return nil, failure.message, failure.code, failure.details end
  if type(failure) == "string" and failure:find "amount%-overflow" then
    return nil, "amount: a sum of this period would leave the range of 64-bit minor units", "amount-overflow",
      { field = "amount" }
  end
  error(failure, 0)
end

---@class tallystick.archive.Options
---@field from string the first business day
---@field to string the last; it must be closed
---@field folder? string where the archive is made; default here
---@field name? string what it and the copy of the ledger are called; default "ledger"
---@field ledger? boolean false leaves out the copy of the ledger and its commands
---@field progress? fun(label: string, done: integer, total: integer)

---@class tallystick.archive.Made
---@field path string
---@field sum string SHA-256 of the packed file: note it outside
---@field head tallystick.Head of the ledger: note it outside
---@field entries integer of the period
---@field bytes integer
---@field notes string[] what could not be told in some format

---Makes an archive of a closed period. Codes: `field-unknown`, `field-missing`, `field-invalid`, `date-invalid`,
---`refused` (the period is not closed, or empty), `amount-overflow`, and those of verify and backup.
---@param ledger tallystick.Ledger
---@param options tallystick.archive.Options
---@return tallystick.archive.Made? made
---@return string? message
---@return string? code
---@return table? details
function archive.write(ledger, options)
  return guarded(make, ledger, options)
end

---Checks an archive: the sums of all its files, and, where it holds a copy of the ledger, that this holds, up to the
---head that the archive names, and that the journal in it is the ledger's. Codes: `field-invalid` (no archive),
---`corrupt`, `chain-broken`, and those of opening.
---@param path string
---@param options? { progress?: fun(label: string, done: integer, total: integer) }
---@return tallystick.archive.Checked? checked
---@return string? message
---@return string? code
---@return table? details
function archive.check(path, options)
  return guarded(require "tallystick.archive.check", path, options and options.progress or function() end)
end

return archive
