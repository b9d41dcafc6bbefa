-- report/corrections.lua - what was corrected, by whom and why: reversals, refunds, cancellations, charges taken back.
local options = require "tallystick.report.options"
local tools = require "tallystick.report.tools"

local KNOWN = { from = { kind = "day" }, to = { kind = "day" }, lang = { kind = "lang" } }

-- The commands that correct, in the order in which they are shown.
local COMMANDS = { "reverse", "correct", "refund", "cancel", "charge" }

-- ---- Rows: one for each act ----

local function read_act(ledger, act)
  local entries = {}
  for entry in ledger:entries { act = act } do entries[#entries + 1] = entry end
  return entries
end

-- The number of the payment that an entry belongs to; it stands on the act's first entry that has one.
local function number_of(ledger, seq)
  local entry = tools.entry_at(ledger, seq)
  if entry.number then return entry.number end
  for _, other in ipairs(read_act(ledger, entry.act)) do
    if other.number then return other.number end
  end
end

local function first_of(entries, name)
  for _, entry in ipairs(entries) do
    if entry[name] ~= nil then return entry[name], entry end
  end
end

local function documents_of(entries)
  local numbers, seen = {}, {}
  for _, entry in ipairs(entries) do
    local number = entry.document
    if number and not seen[number] then numbers[#numbers + 1], seen[number] = number, true end
  end
  return table.concat(numbers, ", ")
end

-- What an act took back of what was charged.
local function taken_back(made, entries)
  local sum = made.zero
  for _, entry in ipairs(entries) do
    if entry.kind == "charge" then sum = sum - entry.amount end
  end
  return sum
end

-- What each command did, beside who did it and when.
local describe = {}

function describe.reverse(made, entries, row)
  local _, reversal = first_of(entries, "refers")
  row.number = number_of(made.ledger, reversal.refers)
  local payment = assert(made.ledger:payment(row.number))
  row.amount, row.type, row.new_number = payment.amount, payment.type, payment.corrected_by
end

describe.correct = describe.reverse

function describe.refund(made, entries, row)
  local _, refund = first_of(entries, "number")
  row.number, row.new_number = number_of(made.ledger, refund.refers), refund.number
  row.amount, row.type = refund.amount, refund.type
end

-- An invoice stands first with what it let go; its own number is the other one.
function describe.cancel(made, entries, row)
  row.document = entries[1].counter_document or entries[1].document
  row.amount = taken_back(made, entries)
end

function describe.charge(made, entries, row)
  row.amount = taken_back(made, entries)
end

local function row_of(made, act)
  local entries = read_act(made.ledger, act)
  local first = entries[1]
  local row = {
    day = first.day, recorded_at = first.recorded_at, command = first.command, document = documents_of(entries),
    actor = first.actor, reason = first.reason or first.label, act = act,
  }
  describe[first.command](made, entries, row)
  return row
end

local function read_rows(made, from, to)
  local acts, rows = {}, {}
  for entry in made.ledger:entries { corrections = true, from = from, to = to } do acts[entry.act] = true end
  for act in pairs(acts) do rows[#rows + 1] = row_of(made, act) end
  table.sort(rows, function(one, other)
    if one.day ~= other.day then return one.day < other.day end
    return one.act < other.act
  end)
  return rows
end

-- ---- Sheets ----

local function command_words(made)
  local words = {}
  for _, name in ipairs(COMMANDS) do words[name] = made:word("did_" .. name) end
  return words
end

-- How often and how much, by one of the columns.
local function counted_sheet(made, name, by, rows, keys)
  local counted, by_key = {}, {}
  for _, key in ipairs(keys or {}) do
    by_key[key] = { [by] = key, count = 0, amount = made.zero }
    counted[#counted + 1] = by_key[key]
  end
  for _, row in ipairs(rows) do
    local key = row[by] or ""
    local one = by_key[key]
    if not one then
      one = { [by] = key, count = 0, amount = made.zero }
      counted[#counted + 1], by_key[key] = one, one
    end
    one.count, one.amount = one.count + 1, one.amount + row.amount
  end
  if not keys then table.sort(counted, function(left, right) return left[by] < right[by] end) end
  local words = by == "command" and command_words(made) or { [""] = made:word "no_actor" }
  local columns = { made:column(by, nil, { labels = words }), made:column("count", "count"),
    made:column("amount", "money") }
  return made:sheet(name, columns, counted)
end

local function list_sheet(made, rows)
  local columns = {
    made:column("day", "day"), made:column("recorded_at", "time"),
    made:column("command", nil, { labels = command_words(made) }), made:column("number"), made:column("document"),
    made:column("type", nil, { labels = made.labels_of(rows, "type", function(id) return made:type_label(id) end) }),
    made:column("amount", "money"), made:column("actor", nil, { flex = true }),
    made:column("reason", nil, { flex = true }), made:column("new_number"),
  }
  return made:sheet("corrections", columns, rows)
end

-- One bar for each who corrected, stacked by what was done.
local function actors_chart(made, rows, actors)
  if #rows == 0 then return nil end
  local categories, places, all, by_command = {}, {}, {}, {}
  for place, row in ipairs(actors.rows) do
    categories[place] = { name = row.actor, label = row.actor == "" and made:word "no_actor" or row.actor }
    places[row.actor] = place
  end
  for _, name in ipairs(COMMANDS) do
    local values = {}
    for place = 1, #categories do values[place] = made.zero end
    by_command[name] = { name = name, label = made:word("did_" .. name), values = values }
  end
  for _, row in ipairs(rows) do
    local values, place = by_command[row.command].values, places[row.actor or ""]
    values[place] = values[place] + row.amount
  end
  for _, name in ipairs(COMMANDS) do
    for _, value in ipairs(by_command[name].values) do
      if value.minor ~= 0 then
        all[#all + 1] = by_command[name]
        break
      end
    end
  end
  if #all == 0 then return nil end
  return {
    name = "corrections_by_actor", title = made:word("chart_corrections_by_actor"), kind = "bars",
    axis = made:word("actor"), categories = categories, series = all,
  }
end

local function build(made, from, to)
  local rows = read_rows(made, from, to)
  local commands = counted_sheet(made, "by_command", "command", rows, COMMANDS)
  local actors = counted_sheet(made, "by_actor", "actor", rows)
  return made:report {
    name = "corrections", title = made:word("title_corrections", tools.shown_day(from), tools.shown_day(to)),
    facts = { made:fact("from", from, "day"), made:fact("to", to, "day") },
    sheets = { commands, actors, list_sheet(made, rows) }, charts = { actors_chart(made, rows, actors) },
  }
end

---What was corrected on the business days of a period, the present year up to today where nothing is named. Errors:
---`field-unknown`, `field-invalid`, `date-invalid`, `amount-overflow`, `busy`.
---@param ledger tallystick.Ledger
---@param asked? { from?: tallystick.Day, to?: tallystick.Day, lang?: string }
---@return tallystick.report.Report? report
---@return string? message
---@return string? code
---@return table? details
return function(ledger, asked)
  local checked, message, code, details = options.check("corrections", KNOWN, asked, ledger)
  if not checked then return nil, message, code, details end
  return tools.build(ledger, checked.lang, function(made)
    local from, to = tools.period(checked, made.today)
    local whole, why, wrong, with = options.check_period { from = from, to = to }
    if not whole then return nil, why, wrong, with end
    return build(made, from, to)
  end)
end
