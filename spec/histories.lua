-- Random histories: the commands of a seed, what a ledger answers to one, and all that it tells, as text. For the spec
-- that runs a history in several ways, which must all come to the same (spec/histories_spec.lua).
local histories = {}

local START <const> = os.time { year = 2026, month = 3, day = 10, hour = 8 }
local STEP_SECONDS <const> = 2 * 3600
local AS_OF <const> = { as_of = "2026-03-12T12:00:00Z" }
local TYPES <const> = { "cash", "cash", "card", "twint", "transfer", "voucher", "credit", "discount", "loss" }
local STATUSES <const> = { "pending", "invoiced", "unpaid", "partial", "paid", "overpaid", "cancelled" }
local PATIENTS <const> = 3

-- What differs from ledger to ledger, and what a dry run has in addition.
local NOT_COMPARED <const> = { hash = true, dry_run = true }

-- ---- Chance ----

---@param count integer
---@return boolean true once in so many times
function histories.one_in(count)
  return math.random(count) == 1
end

local one_in <const> = histories.one_in

local function one_of(list)
  return list[math.random(#list)]
end

local function patient()
  return "P" .. math.random(PATIENTS)
end

-- Numbers are mostly among the first, so that many commands meet on one document or payment.
local function consultation()
  return ("C-%05d"):format(math.random(one_in(3) and 12 or 5))
end

local function document()
  return one_in(3) and ("F-%05d"):format(math.random(3)) or consultation()
end

histories.document = document

local function payment()
  return ("R-%05d"):format(math.random(one_in(3) and 15 or 5))
end

local function amount()
  if one_in(3) then return one_of { "10.00", "5.00", "0.05" } end
  if one_in(2) then return ("%d.%02d"):format(math.random(0, 40), math.random(0, 19) * 5) end
  return ("%d.%02d"):format(math.random(0, 200), math.random(0, 99))
end

local function maybe(draw)
  if one_in(2) then return draw() end
end

local function maybe_type()
  if not one_in(3) then return one_of(TYPES) end
end

local function maybe_group()
  return maybe(function() return "POS-" .. math.random(2) end)
end

-- ---- Commands ----

---@class spec.Command
---@field name string
---@field fields table

local makers = {}

function makers.consultation()
  return { patient = patient(), amount = amount(), number = one_in(8) and consultation() or nil,
    note = one_in(8) and "a note" or nil }
end

function makers.invoice()
  local consultations = {}
  for i = 1, math.random(0, 3) do consultations[i] = consultation() end
  local due = maybe(function() return "2026-03-12" end)
  if #consultations > 0 and not one_in(3) then return { consultations = consultations, due = due } end
  return { consultations = #consultations > 0 and consultations or nil, patient = patient(), amount = amount(),
    due = due }
end

function makers.charge()
  return { document = document(), amount = (one_in(2) and "-" or "") .. amount() }
end

function makers.cancel()
  return { document = document(), reason = "test" }
end

function makers.pay()
  return { document = document(), amount = maybe(amount), type = maybe_type(), group = maybe_group() }
end

function makers.pay_several()
  return { documents = { document(), document(), maybe(document) }, amount = maybe(amount), type = maybe_type(),
    group = maybe_group() }
end

function makers.pay_oldest()
  return { documents = "oldest", patient = patient(), amount = maybe(amount), type = maybe_type() }
end

function makers.reverse()
  return { payment = payment(), reason = "test" }
end

function makers.correct()
  return { payment = payment(), amount = maybe(amount), type = maybe_type(), reason = "test" }
end

function makers.refund()
  return { payment = payment(), reopen = one_in(2), amount = maybe(amount), reason = "test",
    document = one_in(3) and document() or nil, type = one_in(4) and maybe_type() or nil }
end

function makers.deposit()
  return { patient = patient(), amount = amount(), type = maybe_type() }
end

function makers.withdraw()
  return { patient = patient(), amount = amount() }
end

function makers.transfer()
  return { from = patient(), to = patient(), amount = amount() }
end

function makers.close_days()
  return { through = "2026-03-0" .. math.random(9), counted = maybe(function() return { cash = amount() } end) }
end

-- How often each is made, and the command's name where it is another.
local WEIGHTS <const> = {
  { 18, "consultation" }, { 12, "invoice" }, { 6, "charge" }, { 9, "cancel" },
  { 36, "pay" }, { 9, "pay_several", "pay" }, { 9, "pay_oldest", "pay" },
  { 15, "reverse" }, { 12, "correct" }, { 12, "refund" },
  { 9, "deposit" }, { 6, "withdraw" }, { 6, "transfer" }, { 1, "close_days" },
}

local total_weight = 0
for _, row in ipairs(WEIGHTS) do total_weight = total_weight + row[1] end

local function make_command()
  local left = math.random(total_weight)
  for _, row in ipairs(WEIGHTS) do
    left = left - row[1]
    if left <= 0 then return { name = row[3] or row[2], fields = makers[row[2]]() } end
  end
end

local function add_common_fields(fields)
  fields.at = one_in(6) and ("2026-03-%02d"):format(math.random(9)) or nil
  fields.key = one_in(4) and "key-" .. math.random(20) or nil
  fields.actor = one_in(10) and "desk-" .. math.random(2, 3) or nil
end

---Makes the commands of a seed: first some consultations, then anything, lawful or not; now and then one once more.
---@param seed integer also of all chance that follows
---@param count integer
---@return spec.Command[]
function histories.make(seed, count)
  math.randomseed(seed)
  local commands, opening = {}, math.random(4, 9)
  for i = 1, count do
    local command = i <= opening and { name = "consultation", fields = makers.consultation() } or make_command()
    add_common_fields(command.fields)
    local earlier = i > 1 and one_in(12) and commands[math.random(i - 1)]
    commands[i] = earlier or command
  end
  return commands
end

---Gives the time at which a command of a history is run, on every ledger.
---@param index integer
---@return integer seconds of the epoch
function histories.time(index)
  return START + index * STEP_SECONDS
end

-- ---- Text ----

local function text(value)
  if type(value) ~= "table" then return tostring(value) end
  local keys, items = {}, {}
  for key in pairs(value) do
    if not NOT_COMPARED[key] then keys[#keys + 1] = key end
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i, key in ipairs(keys) do items[i] = key .. "=" .. text(value[key]) end
  return "{" .. table.concat(items, ", ") .. "}"
end

---@param command spec.Command
---@return string
function histories.describe(command)
  return command.name .. " " .. text(command.fields)
end

---Runs a command and gives its answer as text.
---@param ledger tallystick.Ledger
---@param command spec.Command
---@param fields? table what is passed in addition
---@return string answer
---@return boolean accepted
function histories.answer(ledger, command, fields)
  local passed = {}
  for key, value in pairs(command.fields) do passed[key] = value end
  for key, value in pairs(fields or {}) do passed[key] = value end
  local result, message, code = ledger[command.name](ledger, passed)
  if result then return text(result), true end
  return ("refused %s: %s"):format(code, message), false
end

-- ---- All that a ledger tells ----

local function numbers_of(...)
  local numbers = {}
  for row in ... do numbers[#numbers + 1] = row.number end
  return numbers
end

---Gives what a document is now, as a line of histories.state.
---@param ledger tallystick.Ledger
---@param number string
---@return string line
function histories.tell_document(ledger, number)
  local found <const>, _, code = ledger:document(number)
  return "document " .. number .. " " .. text(found or code)
end

---Finds what a document was when a state was told.
---@param state string as histories.state gives it
---@param number string
---@return string line
function histories.find_document(state, number)
  local start = "document " .. number .. " "
  local from = state:find("\n" .. start, 1, true)
  return from and state:match("[^\n]+", from) or start .. "document-unknown"
end

-- Each part gives `add` its lines: what it is about, and what there is.
local tellers = {}

function tellers.documents(ledger, add)
  for listed in ledger:documents { order = "oldest" } do
    add("listed", listed)
    add(histories.tell_document(ledger, listed.number))
    local then_ <const>, _, code = ledger:document(listed.number, AS_OF)
    add("as of " .. listed.number, then_ or code)
  end
end

function tellers.statuses(ledger, add)
  for _, status in ipairs(STATUSES) do add(status, numbers_of(ledger:documents { status = status })) end
end

function tellers.payments(ledger, add)
  local numbers <const> = numbers_of(ledger:payments {})
  for listed in ledger:payments {} do add("listed", listed) end
  for _, number in ipairs(numbers) do add("payment", assert(ledger:payment(number))) end
  local middle = numbers[#numbers // 2]
  if middle then add("payments after " .. middle, numbers_of(ledger:payments { after = middle })) end
end

function tellers.patients(ledger, add)
  for i = 1, PATIENTS do
    local found <const>, _, code = ledger:patient("P" .. i)
    add("patient P" .. i, found or code)
    add("documents of P" .. i, numbers_of(ledger:documents { patient = "P" .. i }))
  end
end

function tellers.journal(ledger, add)
  for entry in ledger:entries {} do add("entry", entry) end
  add("head", assert(ledger:head()))
end

function tellers.totals(ledger, add)
  for _, row in ipairs(assert(ledger:totals { by = { "type", "group", "day", "actor" } })) do add("totals", row) end
end

function tellers.closings(ledger, add)
  add("closings", assert(ledger:closings()))
end

local PARTS <const> = { "documents", "statuses", "payments", "patients", "journal", "totals", "closings" }

local function tell(ledger, part)
  local lines = {}
  tellers[part](ledger, function(what, value)
    lines[#lines + 1] = value == nil and what or what .. " " .. text(value)
  end)
  return table.concat(lines, "\n")
end

---Gives all that a ledger tells, a line each. Any part may be asked for first: that reading finds what is held back.
---@param ledger tallystick.Ledger
---@return string
function histories.state(ledger)
  local parts, first = {}, math.random(#PARTS)
  for i = first, first + #PARTS - 1 do
    local place = (i - 1) % #PARTS + 1
    parts[place] = tell(ledger, PARTS[place])
  end
  return "\n" .. table.concat(parts, "\n") .. "\n"
end

local function only_in(one, other, mark, lines)
  local known, count = {}, 0
  for line in other:gmatch "[^\n]+" do known[line] = true end
  for line in one:gmatch "[^\n]+" do
    if not known[line] and count < 4 then
      lines[#lines + 1], count = mark .. line, count + 1
    end
  end
end

---Gives the first lines that two texts do not share.
---@param expected string
---@param got string
---@return string
function histories.difference(expected, got)
  local lines = {}
  only_in(expected, got, "expected ", lines)
  only_in(got, expected, "got      ", lines)
  if #lines == 0 then lines[1] = "the same lines in another order" end
  return table.concat(lines, "\n")
end

return histories
