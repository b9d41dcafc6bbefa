-- tallystick import: pays invoices from a bank's file or from a table, one act for each credit, and says what is left
-- for a person to look at.
local column = require "tallystick.cli.column"
local exit = require "tallystick.cli.exit"
local import = require "tallystick.import"
local reference = require "tallystick.reference"
local sum_of = require "tallystick.cli.sum"
local text = require "tallystick.cli.text"
local width = require "tallystick.width"

local run = {}

local STANDARD_INPUT = "-"

-- ---- The file ----

-- Reads what a person named by a reader's function for paths, or for texts.
local function read_with(reader, path, options)
  if path ~= STANDARD_INPUT then return reader.read(path, options) end
  options.name = "standard input"
  return reader.parse(io.read "a" or "", options)
end

local readers = {}

function readers.camt(call)
  local args = call.args
  return read_with(require "tallystick.import.camt", args.file, { account = args.account })
end

function readers.csv(call)
  local args = call.args
  local info, message, code, details = call.ledger:info()
  if not info then return nil, message, code, details end
  return read_with(require "tallystick.import.csv", args.file, {
    columns = args.map or {}, constants = args.set, currency = info.currency, separator = args.separator,
    decimal = args.decimal, dates = args.date_format, encoding = args.latin1 and "latin-1" or nil,
  })
end

-- Options that one format has, and the other has no use for.
local OF_FORMAT = {
  camt = { "account" }, csv = { "map", "set", "separator", "decimal", "date_format", "latin1" },
}

local function check_format(args)
  local other = args.format == "camt" and "csv" or "camt"
  for _, name in ipairs(OF_FORMAT[other]) do
    if args[name] ~= nil then
      return nil, ("--%s is for import %s"):format(name:gsub("_", "-"), other)
    end
  end
  return true
end

-- ---- What became of each credit ----

-- By which it was matched, or could not be: what the bank or the table says of it.
local function clue_of(credit)
  if credit.document then return credit.document end
  if credit.references[1] then return reference.format(credit.references[1].text) end
  return table.concat(credit.texts, " ")
end

---@alias tallystick.cli.ImportOutcome
---| "pay" # it would be paid
---| "paid"
---| "done" # an earlier run paid it
---| "left" # a person must look

-- A row for a credit as the plan has it.
local function row_of(item)
  local credit, fields = item.credit, item.act and item.act.fields or {}
  return {
    outcome = item.action == "list" and "left" or item.action, line = item.line, document = item.document,
    patient = item.patient, amount = item.amount, amount_text = credit.amount_text, currency = credit.currency,
    type = item.type, day = fields.at or credit.booked or credit.valued, payment = item.payment,
    deposited = item.deposited, remaining = item.remaining, status = item.status, clue = clue_of(credit),
    debtor = credit.debtor, key = item.key, code = item.code, message = item.message,
  }
end

local function rows_of(plan)
  local rows, by_item = {}, {}
  for index, item in ipairs(plan.items) do
    rows[index] = row_of(item)
    by_item[item] = rows[index]
  end
  return rows, by_item
end

-- Puts into the rows what paying has made of them.
local function take_outcomes(applied, by_item)
  for _, outcome in ipairs(applied.outcomes) do
    local row, result = by_item[outcome.item], outcome.result
    if result then
      row.outcome, row.payment = result.replayed and "done" or "paid", result.number
      row.patient, row.remaining, row.status = result.patient, result.remaining, result.status
      row.deposited = result.deposited
    else
      row.outcome, row.code, row.message = "left", outcome.code, outcome.message
    end
  end
end

-- ---- Showing them ----

local PROGRAM_COLUMNS = {
  column "outcome", column("line", "count"), column "document", column "patient", column("amount", "money"),
  column "currency", column "type", column("day", "day"), column "payment", column("deposited", "money"),
  column("remaining", "money"), column "status", column "clue", column "debtor", column "key", column "code",
  column "message",
}

local CLUE = column("clue", nil, { title = "matched by", flex = true, spare = 2 })

local PAID_COLUMNS = {
  column("line", "count", { spare = 3 }), column "payment", column "document", column("patient", nil, { flex = true }),
  column("day", "day"), column("type", nil, { spare = 4 }), column("amount", "money"),
  column("deposited", "money", { title = "to credit" }), column("status", "status", { spare = 1 }), CLUE,
}

local DONE_COLUMNS = {
  column("line", "count"), column "payment", column "document", column("day", "day"), column("amount", "money"), CLUE,
}

local SHEETS = {
  { outcome = "pay", title = "Would be paid", columns = PAID_COLUMNS },
  { outcome = "paid", title = "Paid", columns = PAID_COLUMNS },
  { outcome = "done", title = "Paid before", columns = DONE_COLUMNS },
}

local function rows_with(rows, outcome)
  local found = {}
  for _, row in ipairs(rows) do
    if row.outcome == outcome then found[#found + 1] = row end
  end
  return found
end

-- What the amounts sum to, where they sum to more than an amount can be.
local TOO_MUCH = "more in all than 64 bits hold"

local SAYS = { pay = "%s would be paid, %s", paid = "%s paid, %s", done = "%s paid before, %s" }

-- Writes the rows of each outcome as a table. Gives a few words on each.
local function show_tables(output, rows, zero)
  local words = {}
  for _, sheet in ipairs(SHEETS) do
    local found = rows_with(rows, sheet.outcome)
    if #found > 0 then
      local sum = sum_of(found, "amount", zero)
      local shown = sum and output:cell(sum) or TOO_MUCH
      words[#words + 1] = SAYS[sheet.outcome]:format(text.counted(#found, "credit"), shown)
      output:sheet { name = sheet.outcome, title = sheet.title, columns = sheet.columns, rows = found,
        sum = sum and { amount = sum } }
      output:say()
    end
  end
  return words
end

-- Where no window says how long a line may be.
local LINE_COLUMNS = 100

local function say_wrapped(output, line, indent)
  local room = (output.window or LINE_COLUMNS) - #indent
  for _, part in ipairs(width.wrap(width.printable(line), math.max(room, 2))) do output:say(indent .. part) end
end

-- What is left is told in full, as a person must decide on it: what the credit says, and why it was not paid.
local function show_left(output, left)
  output:say(output:bold "Left for a person")
  for _, row in ipairs(left) do
    local amount = row.amount and output:cell(row.amount) or row.amount_text
    local parts = { ("line %d: %s"):format(row.line, amount or "no amount") }
    for _, part in ipairs { row.day or "", row.clue, row.debtor or "" } do
      if part ~= "" then parts[#parts + 1] = part end
    end
    say_wrapped(output, table.concat(parts, ", "), "  ")
    say_wrapped(output, row.message, "      ")
  end
  output:say()
end

-- What hooks that failed after their commit have to say: the payments stand.
local function tell_warnings(call, applied)
  for _, outcome in ipairs(applied.outcomes) do
    for _, warning in ipairs(outcome.result and outcome.result.warnings or {}) do
      call:complain(warning.message, warning.code, warning)
    end
  end
end

local function show_to_people(call, rows, skipped)
  local output = call.output
  local words, left = show_tables(output, rows, call.ledger:money "0"), rows_with(rows, "left")
  if #left > 0 then
    show_left(output, left)
    words[#words + 1] = text.counted(#left, "credit") .. " left for a person"
  end
  if skipped > 0 then
    words[#words + 1] = text.counted(skipped, "booking") .. " of other accounts passed over"
  end
  output:say(#words > 0 and table.concat(words, "; ") or "the file has no credits")
end

local function show(call, rows, skipped)
  if call.output.format == "text" then
    if not call.args.quiet then show_to_people(call, rows, skipped) end
    return
  end
  call.output:sheet { name = "credits", columns = PROGRAM_COLUMNS, rows = rows }
end

-- ---- Paying ----

local function plan_of(call, credits)
  local args = call.args
  return import.plan(call.ledger, credits, {
    type = args.type, at = args.at, qr_prefix = args.qr_prefix, deposit = args.deposit, actor = args.actor,
    roles = args.roles,
  })
end

local function apply(call, plan)
  local bar = call:progress "paying"
  bar.unit = "credits"
  local applied, message, code, details = import.apply(call.ledger, plan, {
    progress = function(done, total) bar:show(done, done, total) end,
  })
  bar:clear()
  return applied, message, code, details
end

-- What is wrong with the file or with how it is to be read is for the person who named it.
local function misread(call, message, code, details)
  call:complain(message, code, details)
  return exit.USAGE
end

local function ends_in(rows)
  return #rows_with(rows, "left") > 0 and exit.REFUSED or exit.DONE
end

---@param call tallystick.cli.Call
---@return integer exit_code
function run.run(call)
  local fits, wrong = check_format(call.args)
  if not fits then return call:misuse(wrong) end
  local read, message, code, details = readers[call.args.format](call)
  if not read then return misread(call, message, code, details) end
  local plan
  plan, message, code, details = plan_of(call, read.credits)
  if not plan then return call:refuse(message, code, details) end
  local rows, by_item = rows_of(plan)
  local applied
  if not call.args.dry_run then
    applied, message, code, details = apply(call, plan)
    if not applied then return call:refuse(message, code, details) end
    take_outcomes(applied, by_item)
  end
  show(call, rows, read.skipped or 0)
  if applied then tell_warnings(call, applied) end
  local stopped = applied and applied.stopped
  if stopped then return call:refuse("it stopped before the end: " .. stopped.message, stopped.code) end
  return ends_in(rows)
end

return run
