-- Prints what a ledger answers, a JSON object a line: facts.lua LEDGER ro|rw [books|script]. With "books" only what a
-- replay of its log gives again, else also the ids and the hashes; with "script" the text of its script alone.
local json = require "tallystick.json"
local tallystick = require "tallystick"

-- What is overdue is so on a day that never changes.
local NOW <const> = "2026-06-01T12:00:00Z"

local path, mode, only_books = arg[1], arg[2], arg[3] == "books"
local ledger <close> = assert(tallystick.open(path, { mode = mode, clock = function() return NOW end }))
if arg[3] == "script" then
  io.write(ledger:script().text)
  return
end

local function say(value) print((json.encode(value))) end

local function each(iterator, ...)
  for row in assert(iterator, ...), ... do
    row.recorded_at = not only_books and row.recorded_at or nil
    row.hash = not only_books and row.hash or nil
    row.commitment = not only_books and row.commitment or nil
    row.script_version = not only_books and row.script_version or nil
    row.type_version = not only_books and row.type_version or nil
    say(row)
  end
end

if not only_books then
  local info <const> = assert(ledger:info())
  io.stderr:write(("schema %d\n"):format(info.schema_version))
  say { id = info.id, created_at = info.created_at, head = assert(ledger:head()), script = ledger:script().text }
end
local _, report = assert(ledger:verify())
say { entries = report.entries, acts = report.acts, documents = report.documents, patients = report.patients,
  payments = report.payments, closings = report.closings }
each(ledger:documents { order = "oldest" })
each(ledger:payments {})
each(ledger:entries {})
for _, row in ipairs(assert(ledger:totals { by = { "day", "type", "group", "actor" } })) do say(row) end
for _, id in ipairs(assert(ledger:names "patient")) do
  local patient <const> = assert(ledger:patient(id))
  say { patient = id, credit = patient.credit, owed = patient.owed }
end
