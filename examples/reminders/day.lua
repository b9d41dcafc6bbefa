-- Half a year of reminders under the rules of clinic.lua beside this file. What each line prints stands behind the
-- arrow.
local here = arg[0]:match "^(.*/)" or ""
dofile(here .. "../setup.lua")
local tallystick = require "tallystick"

-- The ledger is kept in a file here, since it is opened again below.
local path = os.tmpname()
os.remove(path)
local now = "2026-01-05T09:00"
local function open()
  return assert(tallystick.open(path, {
    config = here .. "clinic.lua", actor = "office", clock = function() return now end,
  }))
end
local ledger = open()

-- What the office does each morning: move on whatever is due, then send the letters that came of it.
local function morning()
  local report = assert(ledger:advance())
  print(now:sub(1, 10), "moved " .. report.moved)
end

-- The follower's place is kept in the ledger's file, under its name: each letter is handed over when its turn comes.
local function send_letters(send)
  return ledger:follow("letters", function(entry)
    if entry.kind == "stage" and entry.fields.event == "letter" then send(entry) end
  end)
end

local function print_letter(entry)
  print("letter", entry.document, entry.fields.patient, "reminder " .. entry.fields.level, "fee " .. entry.fields.fee)
end

assert(ledger:invoice { patient = "P17", amount = "200.00", due = "2026-02-04" })
assert(ledger:invoice { patient = "P18", amount = "80.00", due = "2026-02-04" })
assert(ledger:invoice { patient = "P19", amount = "3.50", due = "2026-02-04" })

-- Nothing is due for thirty days. Then two are reminded: 3.50 is not worth a letter.
morning()
now = "2026-02-03T09:00"
morning()
now = "2026-02-04T09:00"
morning()
send_letters(print_letter)
--> 2026-01-05	moved 0
--> 2026-02-03	moved 0
--> 2026-02-04	moved 2
--> letter	F-00001	P17	reminder 1	fee 0.00
--> letter	F-00002	P18	reminder 1	fee 0.00

-- Asked twice, it is done once: no second move, no second letter. Nor after the program was started again.
morning()
ledger:close()
ledger = open()
morning()
send_letters(print_letter)
print(ledger:stage("F-00001").stage)
--> 2026-02-04	moved 0
--> 2026-02-04	moved 0
--> reminder-1

-- P18 says that the bill is wrong. While that is looked at, only P17 goes on.
now = "2026-02-10T14:00"
assert(ledger:move { document = "F-00002", to = "dispute", reason = "says that the visit was cancelled" })
now = "2026-02-16T09:00"
morning()
--> 2026-02-16	moved 1

-- The printer jams on the first letter. It was not sent, and is handed over again. A host that does more than one thing
-- with a letter keeps its entry's seq, which is never given twice, to know it again.
local ok, problem = pcall(send_letters, function() error("the printer is out of paper", 0) end)
print(ok, problem)
send_letters(print_letter)
--> false	the printer is out of paper
--> letter	F-00001	P17	reminder 2	fee 10.00

-- The bill was right after all. P18 gets ten days from today before the next reminder, and no fee a second time.
now = "2026-02-20T11:00"
assert(ledger:move { document = "F-00002", to = "reminder-1", reason = "the visit took place" })

-- The office is closed for holidays in early March. Back again, it advances as of each of the days that it missed, so
-- that the letters and fees stand on their days; nobody gets three letters at once.
now = "2026-03-22T09:00"
for _, day in ipairs { "2026-03-02T09:00", "2026-03-12T09:00", "2026-03-22T09:00" } do
  print(day:sub(1, 10), "moved " .. assert(ledger:advance { as_of = day }).moved)
end
send_letters(print_letter)
--> 2026-03-02	moved 2
--> 2026-03-12	moved 2
--> 2026-03-22	moved 2
--> letter	F-00001	P17	reminder 3	fee 20.00
--> letter	F-00002	P18	reminder 2	fee 10.00
--> letter	F-00001	P17	reminder 4	fee 30.00
--> letter	F-00002	P18	reminder 3	fee 20.00
--> letter	F-00001	P17	reminder 5	fee 40.00
--> letter	F-00002	P18	reminder 4	fee 30.00

-- P18 pays the bill and its fees, and is left alone from then on. P17's is a case for the agency, which only a manager
-- may call.
now = "2026-04-02T09:00"
assert(ledger:pay { document = "F-00002" })
morning()
--> 2026-04-02	moved 0
local _, message, code = ledger:move { document = "F-00001", to = "collection" }
print(code)
print(message)
--> permission-denied
--> roles: moving to collection needs the role "manager"
local moved = assert(ledger:move { document = "F-00001", to = "collection", actor = "anna", roles = { "manager" } })
print(moved.from, moved.to)
--> reminder-5	collection

-- The history of a bill stands in the journal, and the fees are part of what is owed.
for entry in ledger:entries { document = "F-00001" } do
  print(entry.day, entry.kind, entry.kind == "stage" and entry.fields.to or entry.amount)
end
--> 2026-01-05	charge	200.00 CHF
--> 2026-02-04	stage	reminder-1
--> 2026-02-16	charge	10.00 CHF
--> 2026-02-16	stage	reminder-2
--> 2026-03-02	charge	20.00 CHF
--> 2026-03-02	stage	reminder-3
--> 2026-03-12	charge	30.00 CHF
--> 2026-03-12	stage	reminder-4
--> 2026-03-22	charge	40.00 CHF
--> 2026-03-22	stage	reminder-5
--> 2026-04-02	stage	collection
print(ledger:document("F-00001").remaining)
--> 300.00 CHF

print(ledger:verify() and "every entry holds")
--> every entry holds
ledger:close()
os.remove(path)
