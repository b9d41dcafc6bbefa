-- readme.lua - what an archive says of itself, to a person who opens it years later and knows nothing of Tallystick.
local readme = {}

-- What may stand in an archive, in the order in which it is told. A name that ends in "/" tells of a folder.
local CONTENTS = {
  { "period.json", "what this archive is of, for programs" },
  { "books/journal.csv", "every entry of the period, one a row, with its hash; opens in a spreadsheet" },
  { "books/journal.jsonl", "the same, one JSON object a line" },
  { "books/balances.csv", "every account: its balance at the start, what moved, its balance at the end" },
  { "books/hledger.journal", "the books for hledger, with the balances at the start" },
  { "books/ledger.ledger", "the same for ledger" },
  { "books/beancount.beancount", "the same for beancount" },
  { "books/closings.csv", "when days were closed, what was counted, and the head of the journal then" },
  { "books/types.csv", "the payment types" },
  { "reports/period.html", "collections and settlements by month and type; a page for any browser" },
  { "reports/receivables-start.html", "what patients owed the day before the period" },
  { "reports/receivables-end.html", "what patients owed at its end, by age" },
  { "reports/corrections.html", "what was corrected, and by whom" },
  { "reports/", "beside the pages, the figures of each of their tables as CSV" },
  { "script/", "the clinic's configuration script" },
  { "ledger/", "a copy of the whole ledger (an SQLite file), with all its days" },
  { "ledger/commands.jsonl", "all its commands, one JSON object a line, from which Tallystick makes the same books" },
  { "reader/check.py", "checks the copy of the ledger; needs Python 3 and nothing else" },
  { "SHA256SUMS", "the sum of every file" },
}

local HEAD = [[
THE BOOKS FROM %s TO %s

This is an archive of the payment ledger %s, in %s.
It holds %d entries of these days. All of them were closed when it was made: no entry can be
added to them any more. It was made by Tallystick %s. Nothing in it needs Tallystick to be read.

Amounts are decimals in %s. Days are business days: the day on which money changed hands.
In balances.csv debits are positive, credits negative.

WHAT IS IN IT

]]

local SUMS = [[

HOW TO CHECK IT

1. That no file was damaged (in this folder):

     sha256sum -c SHA256SUMS

   This finds rot. It does not find a forger, who would write new sums: for that, compare the sum
   of the packed file with the one that was noted when the archive was made.
]]

local LEDGER = [[

2. That the journal is whole: each entry carries a hash over itself and the entry before it, so
   that none can be changed, put in or taken out unseen. This recomputes all of them, and every sum,
   and prints the last one, the head:

     python3 reader/check.py ledger/%s

   It must print

     head %d %s

   A head that was noted outside when days were closed stands in books/closings.csv. An entry's hash
   in books/journal.csv is the one that it has in the ledger.
]]

local NO_LEDGER = [[

2. The copy of the ledger was left out. The hashes in books/journal.csv are those of the ledger:
   hold them against it, or against a backup of it.
]]

local PROGRAMS = [[

3. That the books balance, by any of the accounting programs:

     hledger -f books/hledger.journal check --strict
     hledger -f books/hledger.journal balance
     ledger -f books/ledger.ledger --strict balance
     bean-check books/beancount.beancount

With Tallystick at hand, "tallystick archive --check" checks the packed file by itself.
]]

local function is_there(name, present)
  if present[name] then return true end
  if name:sub(-1) ~= "/" then return false end
  for path in pairs(present) do
    if path:sub(1, #name) == name then return true end
  end
  return false
end

---Sets the text.
---@param facts table as in period.json
---@param names string[] of the files, this one and the sums left aside
---@param notes string[] what could not be told in some format
---@return string
function readme.text(facts, names, notes)
  local present, lines = { SHA256SUMS = true }, {}
  for _, name in ipairs(names) do present[name] = true end
  for _, one in ipairs(CONTENTS) do
    if is_there(one[1], present) then lines[#lines + 1] = ("  %-32s %s\n"):format(one[1], one[2]) end
  end
  local parts = { HEAD:format(facts.from, facts.to, facts.ledger, facts.currency, facts.entries, facts.version,
    facts.currency), table.concat(lines) }
  for _, note in ipairs(notes) do parts[#parts + 1] = "\nNote: " .. note .. "\n" end
  parts[#parts + 1] = SUMS
  parts[#parts + 1] = facts.file and LEDGER:format(facts.file, facts.head.seq, facts.head.hash) or NO_LEDGER
  parts[#parts + 1] = PROGRAMS
  return table.concat(parts)
end

return readme
