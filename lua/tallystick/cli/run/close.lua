-- tallystick close: closes the day. Shows what each way of paying should come to since the last closing, what was
-- counted and how they differ; then seals, and gives the head to keep outside.
local UNKNOWN = require("tallystick.cli.call").UNKNOWN
local anchors = require "tallystick.cli.anchors"
local calendar = require "tallystick.calendar"
local exit = require "tallystick.cli.exit"
local files = require "tallystick.files"
local json = require "tallystick.json"
local keys = require "tallystick.keys"
local open = require "tallystick.cli.open"
local patience = require "tallystick.cli.patience"

local close = {}

-- So many days have a line of their own, those before them one together.
local DAYS_SHOWN_MAX = 14

local WITHOUT_MONEY = { "credited", "discounted", "lost", "rounded" }

local function next_day(day)
  return calendar.text_of(calendar.day_of(day) + 1)
end

local function any(row, names)
  for _, name in ipairs(names) do
    if row[name].minor ~= 0 then return true end
  end
  return false
end

-- ---- What was found ----

-- One line of the till: what came in and went out by a way of paying, and what was counted of it.
local function till_row(id, totals, counted, zero)
  local found = counted[id]
  return {
    type = id, count = totals and totals.count or 0,
    taken = totals and totals.collected + totals.deposited or zero,
    paid_out = totals and totals.refunded + totals.withdrawn or zero,
    expected = found and found.expected or totals and totals.money,
    counted = found and found.counted, difference = found and found.variance,
  }
end

-- The ways of paying in which money moved or was counted, in the order of their declaration; then those that the script
-- declares no more.
local function ids_of(ledger, by_type, counted)
  local ids, seen = {}, {}
  local function add(id)
    local totals = by_type[id]
    local moved = totals and any(totals, { "collected", "refunded", "deposited", "withdrawn" })
    if not seen[id] and (moved or counted[id]) then ids[#ids + 1] = id end
    seen[id] = true
  end
  for _, one in ipairs(ledger:types()) do add(one.id) end
  for _, id in ipairs(keys(by_type)) do add(id) end
  return ids
end

local function till_rows(ledger, closing)
  local by_type, zero = {}, ledger:money "0"
  for _, row in ipairs(closing.totals) do by_type[row.type] = row end
  local rows = {}
  for index, id in ipairs(ids_of(ledger, by_type, closing.counted)) do
    rows[index] = till_row(id, by_type[id], closing.counted, zero)
  end
  return rows
end

local function settled_rows(closing)
  local rows = {}
  for _, row in ipairs(closing.totals) do
    if any(row, WITHOUT_MONEY) then rows[#rows + 1] = row end
  end
  return rows
end

---@class tallystick.cli.Evening
---@field closing tallystick.Closing
---@field till table[]
---@field settled table[]
---@field days table[] the sealed days on which something happened
---@field open table[] those that are still open

-- A closing has no totals where one of a type has no room.
local NO_TOTALS = "what came in by one way of paying would leave the range of 64-bit minor units"

-- Reads all that is shown of a closing.
local function evening_of(ledger, closing)
  local days, message, code, details = ledger:totals { from = closing.from, to = closing.through, by = { "day" } }
  if not days then return nil, message, code, details end
  local still_open
  still_open, message, code, details = ledger:totals { from = next_day(closing.through), by = { "day" } }
  if not still_open then return nil, message, code, details end
  if not closing.totals then return nil, NO_TOTALS, "amount-overflow", {} end
  return { closing = closing, till = till_rows(ledger, closing), settled = settled_rows(closing), days = days,
    open = still_open }
end

-- ---- For people ----

local function sum(rows, name)
  local total
  for _, row in ipairs(rows) do
    if row[name] then total = total and total + row[name] or row[name] end
  end
  return total
end

local function columns_of(list)
  local columns = {}
  for index, one in ipairs(list) do
    columns[index] = { name = one[1], title = one[2] or one[1], kind = one[3], flex = one[1] == "type" }
  end
  return columns
end

-- What was counted is summed only where all was: part of it would stand beside the whole that is expected.
local function till_sums(rows)
  local sums = { type = "all" }
  for _, name in ipairs { "taken", "paid_out", "expected", "counted", "difference" } do sums[name] = sum(rows, name) end
  for _, row in ipairs(rows) do
    if not row.counted then sums.counted, sums.difference = nil, nil end
  end
  return sums
end

local function till_sheet(evening)
  local rows = evening.till
  return {
    name = "till", rows = rows, sum = #rows > 1 and till_sums(rows) or nil, empty = "No money moved.",
    columns = columns_of { { "type", "money by" }, { "taken", nil, "money" }, { "paid_out", "paid out", "money" },
      { "expected", nil, "money" }, { "counted", nil, "money" }, { "difference", nil, "money" } },
  }
end

local function settled_sheet(evening)
  local columns = { { "type", "without money" } }
  for _, name in ipairs(WITHOUT_MONEY) do
    if sum(evening.settled, name).minor ~= 0 then columns[#columns + 1] = { name, nil, "money" } end
  end
  return { name = "settled", rows = evening.settled, columns = columns_of(columns) }
end

-- The days, the earlier ones folded into one line.
local function folded(days)
  local first = #days > DAYS_SHOWN_MAX and #days - DAYS_SHOWN_MAX + 2 or 1
  if first == 1 then return days end
  local before = table.move(days, 1, first - 1, 1, {})
  local count = 0
  for _, row in ipairs(before) do count = count + row.count end
  local rows = { { day = ("%s … %s"):format(before[1].day, before[#before].day), count = count,
    money = sum(before, "money") } }
  return table.move(days, first, #days, 2, rows)
end

local function days_sheet(name, title, days)
  return { name = name, rows = folded(days),
    columns = columns_of { { "day", title }, { "count", "acts", "count" }, { "money", nil, "money" } } }
end

local function title_of(evening)
  local closing = evening.closing
  local from = closing.from or evening.days[1] and evening.days[1].day
  local days = (not from or from == closing.through) and closing.through or from .. " to " .. closing.through
  return closing.dry_run and "Closing " .. days .. " would find:" or "Closing " .. days
end

local function tell_difference(output, row, is_dry)
  local difference = row.difference
  if not difference then return end
  if difference.minor == 0 then return output:say(("%s: counted as expected"):format(row.type)) end
  local side = difference.minor < 0 and "short by " or "over by "
  local amount = difference.minor < 0 and -difference or difference
  output:say(("%s: %s%s%s"):format(row.type, side, output:cell(amount), is_dry and "" or ", booked as a difference"))
end

local function tell_uncounted(output, evening)
  local ids = {}
  for _, row in ipairs(evening.till) do
    if not row.counted then ids[#ids + 1] = row.type end
  end
  if #ids == 0 then return end
  local hint = ""
  if evening.closing.dry_run then hint = (" (--counted %s=AMOUNT holds it against what is there)"):format(ids[1]) end
  output:say("not counted: " .. table.concat(ids, ", ") .. hint)
end

local function tell_seal(output, closing)
  if closing.dry_run then return output:say "Nothing was written. Without --dry-run these days are sealed." end
  output:say(("All days through %s are closed. The head, to keep outside:"):format(closing.through))
  output:say(("  %d:%s"):format(closing.head.seq, closing.head.hash))
end

local function show(output, evening)
  output:say(output:bold(title_of(evening)))
  output:sheet(till_sheet(evening))
  for _, row in ipairs(evening.till) do tell_difference(output, row, evening.closing.dry_run) end
  tell_uncounted(output, evening)
  if #evening.settled > 0 then
    output:say()
    output:sheet(settled_sheet(evening))
  end
  if #evening.days > 1 then
    output:say()
    output:sheet(days_sheet("days", "days sealed", evening.days))
  end
  if #evening.open > 0 then
    output:say()
    output:sheet(days_sheet("open", "days still open", evening.open))
  end
  output:say()
  tell_seal(output, evening.closing)
end

-- ---- For programs ----

-- A list is one also where it is empty.
local function listed(rows)
  return setmetatable(table.move(rows, 1, #rows, 1, {}), json.array)
end

local function record_of(evening)
  local closing, fields = evening.closing, {}
  local object = {
    from = closing.from, through = closing.through, dry_run = closing.dry_run, actor = closing.actor, at = closing.at,
    head = not closing.dry_run and closing.head or nil, till = listed(evening.till), settled = listed(evening.settled),
    days = listed(evening.days), open = listed(evening.open),
  }
  for index, name in ipairs { "through", "from", "dry_run", "head", "seq", "type", "day" } do
    fields[index] = { name = name, title = name }
  end
  return { fields = fields, object = object }
end

-- The head goes beside the file as well: from the first closing on, where there is none yet. What is wrong with it is
-- told, and keeps no day from being closed.
local function keep_anchor(call)
  local before = call.ledger:info()
  local anchor, message = call.ledger:anchor()
  local warning = anchor and anchors.warning(anchor) or not anchor and message
  if warning then return call:complain(("%s: %s"):format(call.path, warning)) end
  local was_made = before and before.anchor.state == "none" and call.output.format == "text"
  if was_made then call.output:say(("It is kept in %s, too, from now on."):format(files.name_of(anchor.path))) end
end

local function report(call, evening)
  if call.output.format == "json" then return call.output:record(record_of(evening)) end
  if call.output.format == "csv" then return call.output:sheet(till_sheet(evening)) end
  show(call.output, evening)
end

local function fields_of(args, ledger)
  return {
    through = args.through or open.today(ledger), counted = args.counted, actor = args.actor, roles = args.roles,
    note = args.note, dry_run = args.dry_run,
  }
end

---@param call tallystick.cli.Call
---@return integer exit_code
---@return tallystick.Closing? closing
function close.run(call)
  local fields = fields_of(call.args, call.ledger)
  call:note_write(UNKNOWN)
  local closing, message, code, details = patience.run(call.ledger, "close_days", fields)
  if not closing then return call:refuse(message, code, details) end
  local is_closed = ("all days through %s are closed"):format(closing.through)
  call:note_write(is_closed)
  local evening
  evening, message, code, details = evening_of(call.ledger, closing)
  if not evening then
    return call:refuse(closing.dry_run and message or ("%s; %s"):format(message, is_closed), code, details)
  end
  report(call, evening)
  if not closing.dry_run then keep_anchor(call) end
  for _, line in ipairs(closing.log or {}) do call.output:say(line) end
  for _, warning in ipairs(closing.warnings or {}) do call:complain(warning.message, warning.code, warning) end
  return exit.DONE, closing
end

return close
