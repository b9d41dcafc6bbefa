-- tallystick watch: a live view of a day's collections, which follows what other processes write; without a terminal
-- one look at them.
local exit = require "tallystick.cli.exit"
local files = require "tallystick.files"
local last_type = require "tallystick.last_type"
local open = require "tallystick.cli.open"
local output = require "tallystick.cli.output"
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"

local watch = {}

local SECONDS_BETWEEN_LOOKS = 1
-- Without a window so many of the last payments are shown.
local PAYMENTS_SHOWN = 10
-- What a window holds besides rows: title, titles and sums of the table, what is no money, the payments' titles, the
-- way out, and what sets them apart.
local LINES_BESIDES = 9
-- A small window rather shows the last payments than every group.
local PAYMENTS_LEAST = 3

-- ---- What is shown ----

-- A type may have been money before a script made it a discount, say.
local function moved(row)
  for _, name in ipairs { "collected", "refunded", "deposited", "withdrawn" } do
    if row[name].minor ~= 0 then return true end
  end
  return false
end

local function money_rows(ledger, day)
  local totals, message, code, details = ledger:totals { from = day, to = day, by = { "type", "group" } }
  if not totals then return nil, message, code, details end
  local rows, others = {}, {}
  for _, row in ipairs(totals) do
    local settled = row.credited + row.discounted + row.lost
    local declared, why, cause, with = last_type(ledger, row.type)
    if not declared then return nil, why, cause, with end
    if declared.effect == "money" or moved(row) then
      rows[#rows + 1] = { type = row.type, group = row.group, count = row.count, taken = row.collected + row.deposited,
        paid_out = row.refunded + row.withdrawn, money = row.money }
    end
    if settled.minor ~= 0 then others[#others + 1] = { type = row.type, amount = settled } end
  end
  return { rows = rows, others = others }
end

local function sums_of(rows, zero)
  local sums = { type = "all", count = 0, taken = zero, paid_out = zero, money = zero }
  for _, row in ipairs(rows) do
    for _, name in ipairs { "count", "taken", "paid_out", "money" } do sums[name] = sums[name] + row[name] end
  end
  return sums
end

local function payment_row(payment)
  local documents = {}
  for index, allocation in ipairs(payment.allocations) do documents[index] = allocation.document end
  return {
    time = payment.at:sub(12, 16), number = payment.number, type = payment.type, group = payment.group,
    what = payment.reversed and "reversed" or payment.kind ~= "pay" and payment.kind or nil,
    documents = #documents > 0 and table.concat(documents, ", ") or payment.patient, amount = payment.amount,
  }
end

-- The day's last payments, the last first.
local function last_payments(ledger, day, count)
  local iterator, state, control, closing = ledger:payments { from = day, to = day }
  if not iterator then return nil, state, control, closing end
  local last = {}
  for payment in iterator, state, control, closing do
    table.insert(last, 1, payment)
    last[count + 1] = nil
  end
  for index, payment in ipairs(last) do last[index] = payment_row(payment) end
  return last
end

-- ---- How ----

local MONEY_COLUMNS = {
  { name = "type", title = "money by", flex = true }, { name = "group", title = "group", flex = true },
  { name = "count", title = "acts", kind = "count", spare = 3 },
  { name = "taken", title = "taken", kind = "money", spare = 1 },
  { name = "paid_out", title = "paid out", kind = "money", spare = 2 },
  { name = "money", title = "money", kind = "money" },
}

local PAYMENT_COLUMNS = {
  { name = "time", title = "time", spare = 1 }, { name = "number", title = "payment" },
  { name = "type", title = "by", flex = true }, { name = "group", title = "group", flex = true, spare = 3 },
  { name = "documents", title = "for", flex = true, spare = 2 },
  { name = "amount", title = "amount", kind = "money" }, { name = "what", title = "" },
}

local function title_of(call, day)
  local year, month, of_month = day:match "^(%d+)-(%d+)-(%d+)$"
  local noon = os.time { year = tonumber(year), month = tonumber(month), day = tonumber(of_month), hour = 12 }
  local closed = call.ledger:info().closed_through
  return ("%s  %s %s%s"):format(call.path, os.date("%A", noon), day, closed and closed >= day and ", closed" or "")
end

-- Cuts the table to the lines that there are; what is left out is in the sums all the same.
local function cut(rows, room)
  if #rows <= room then return rows end
  local kept = table.move(rows, 1, math.max(room - 1, 1), 1, {})
  kept[#kept + 1] = { type = ("… and %s"):format(text.counted(#rows - #kept, "more")) }
  return kept
end

local function show_others(out, others)
  if #others == 0 then return end
  local parts = {}
  for index, other in ipairs(others) do parts[index] = ("%s %s"):format(other.type, out:cell(other.amount, "money")) end
  out:say(out:grey("without money: " .. table.concat(parts, ", ")))
end

-- Writes the view. Gives nil, message, code and details where the books cannot be read.
local function show(call, out, day, rows_of_window)
  local ledger = call.ledger
  local day_sums, message, code, details = money_rows(ledger, day)
  if not day_sums then return nil, message, code, details end
  local room = rows_of_window and math.max(rows_of_window - LINES_BESIDES, PAYMENTS_LEAST + 1)
  local rows = room and cut(day_sums.rows, room - PAYMENTS_LEAST) or day_sums.rows
  local payments
  payments, message, code, details = last_payments(ledger, day, room and room - #rows or PAYMENTS_SHOWN)
  if not payments then return nil, message, code, details end
  out:say(out:bold(title_of(call, day)))
  out:say()
  out:sheet { name = "money", columns = MONEY_COLUMNS, rows = rows, empty = "No money moved yet.",
    sum = sums_of(day_sums.rows, ledger:money "0") }
  show_others(out, day_sums.others)
  out:say()
  out:sheet { name = "payments", columns = PAYMENT_COLUMNS, rows = payments,
    empty = "No payments yet." }
  return true
end

-- ---- The screen ----

-- The other screen, which keeps what was on this one; no cursor; what is too wide is cut and not broken.
local ENTER, LEAVE = "\27[?1049h\27[?25l\27[?7l", "\27[?7h\27[?25h\27[?1049l"
-- Drawn over what was there, each line to its end: a screen that is wiped first flickers.
local HOME, TO_LINE_END, TO_SCREEN_END = "\27[H", "\27[K", "\27[J"

local function draw(call, day, columns, rows)
  local pieces = {}
  local out = output.new { colour = call.output.colour, window = columns,
    write = function(piece) pieces[#pieces + 1] = piece end }
  local done, message, code, details = show(call, out, day, rows)
  if not done then return nil, message, code, details end
  out:say()
  out:say(out:grey "Ctrl-C leaves")
  local lines = {}
  for line in table.concat(pieces):gmatch "([^\n]*)\n" do
    if #lines < rows then lines[#lines + 1] = line .. TO_LINE_END end
  end
  io.write(HOME, table.concat(lines, "\r\n"), TO_SCREEN_END)
  io.output():flush()
  return true
end

-- What a drawing depends on; where it is the same, so is the view.
local function state_of(call, day)
  local head, message, code, details = call.ledger:head()
  if not head then return nil, message, code, details end
  local columns, rows = terminal.columns()
  return { day = day, columns = columns, rows = rows, key = ("%s %s %d %d"):format(day, head.hash, columns, rows) }
end

-- Looks again and again. Ends where the books cannot be read; a writer that takes long is waited for.
local function follow(call)
  local drawn
  while true do
    local day = call.args.day or open.today(call.ledger)
    local state, message, code, details = state_of(call, day)
    local done = state ~= nil
    if state and state.key ~= drawn then
      done, message, code, details = draw(call, day, state.columns, state.rows)
      drawn = done and state.key or drawn
    end
    if not done and code ~= "busy" then return nil, message, code, details end
    files.command(("sleep %d"):format(call.args.interval or SECONDS_BETWEEN_LOOKS))
  end
end

-- Ctrl-C is how one leaves.
local function watch_live(call)
  io.write(ENTER)
  local ran, problem, message, code, details = xpcall(follow, exit.explain, call)
  io.write(LEAVE)
  io.output():flush()
  if ran then return call:refuse(message, code, details) end
  if exit.is_interrupt(problem) then return exit.DONE end
  error(problem, 0)
end

---@param call tallystick.cli.Call
---@return integer exit_code
function watch.run(call)
  local day = call.args.day
  if day then
    local known, message, code, details = call.ledger:totals { from = day, to = day }
    if not known then return call:refuse(message, code, details) end
    call.args.day = day:sub(1, 10)
  end
  if terminal.is_live(1) then return watch_live(call) end
  local done, message, code, details = show(call, call.output, call.args.day or open.today(call.ledger))
  return done and exit.DONE or call:refuse(message, code, details)
end

return watch
