-- execute.lua - runs the steps of a simulation on real ledgers: one JSON line in, one out. The handles of all clients
-- and of one reader stand on the same file, in this process. What a step touched is read back through a handle of the
-- asker's choosing, and sent with the answer.
local json = require "tallystick.json"
local tallystick = require "tallystick"

local CONFIG <const> = "spec/trust/simulation/practice.lua"
local FACTS <const> = { "charged", "collected", "credited", "discounted", "lost", "rounded" }
local COLUMNS <const> = {
  "collected", "refunded", "deposited", "withdrawn", "credited", "discounted", "lost", "rounded",
}
local SPLITS <const> = {
  {}, { "type" }, { "group" }, { "day" }, { "actor" }, { "type", "group" }, { "type", "group", "day", "actor" },
}

local base, generation, path -- where the ledger's file is; each crash goes on in a copy of it
local clients                -- who uses it: actor and roles of each; one that has none may only read
local handles, clocks        -- by client, from 1
local seen                   -- the last entry that was sent
local firsts                 -- the first answer to each key, as text

-- ---- JSON ----

local function text(value)
  if value == nil then return "null" end
  if value:find '[%c"\\]' then return json.quote(value) end
  return '"' .. value .. '"'
end

local function minor(money)
  return money and money.minor or "null"
end

local function list(items, write)
  local pieces = {}
  for index, item in ipairs(items) do pieces[index] = write(item) end
  return "[" .. table.concat(pieces, ",") .. "]"
end

-- ---- The file and its handles ----

local function open_handle(client)
  local who = clients[client]
  handles[client] = assert(tallystick.open(path, {
    mode = who.actor and "rw" or "ro", config = who.actor and CONFIG or nil, actor = who.actor, roles = who.roles,
    busy_timeout = 0, clock = function() return clocks[client] end,
  }))
end

local function open_all()
  handles = {}
  for client in ipairs(clients) do open_handle(client) end
end

local function close_all()
  for _, handle in ipairs(handles or {}) do handle:close() end
  handles = nil
end

local function remove()
  for _, suffix in ipairs { "", "-wal", "-shm" } do os.remove(path .. suffix) end
end

local function copy(from, to)
  local source = io.open(from, "rb")
  if not source then return end
  local target = assert(io.open(to, "wb"))
  assert(target:write((source:read "a")))
  assert(target:close())
  source:close()
end

--- Keeps the file and its log as a process that is killed at this moment leaves them, under a name of their own.
local function leave()
  generation = generation + 1
  local left = ("%s.%d"):format(base, generation)
  copy(path, left)
  copy(path .. "-wal", left .. "-wal")
  return left
end

local function go_on_in(left)
  close_all()
  remove()
  path = left
  open_all()
end

-- ---- Commands ----

--- Whatever a result says, in one order: a retry must say the same.
local function canonical(value)
  if type(value) == "userdata" then return value:decimal() end
  if type(value) ~= "table" then return tostring(value) end
  local names = {}
  for name in pairs(value) do
    if name ~= "replayed" and name ~= "dry_run" then names[#names + 1] = name end
  end
  table.sort(names)
  for index, name in ipairs(names) do names[index] = name .. "=" .. canonical(value[name]) end
  return "{" .. table.concat(names, " ") .. "}"
end

--- Says whether a retry was answered as the first time.
local function same_as_first(key, result)
  local whole = canonical(result)
  if result.replayed then return firsts[key] == whole end
  if not result.dry_run then firsts[key] = whole end
  return true
end

local function write_answer(fields, result, code, details)
  if not result then
    local field = code == "key-conflict" and (',"field":%s'):format(text(details.field)) or ""
    return ('{"ok":false,"code":%s%s}'):format(text(code), field)
  end
  local pieces = { '{"ok":true' }
  if result.number then pieces[#pieces + 1] = '"number":' .. text(result.number) end
  if result.document then
    pieces[#pieces + 1] = ('"document":%s,"status":"%s","remaining":"%s"'):format(text(result.document), result.status,
      result.remaining:decimal())
  end
  if result.replayed then pieces[#pieces + 1] = '"replayed":true' end
  if result.dry_run then pieces[#pieces + 1] = '"dry_run":true' end
  if result.allocations and result.number and not result.replayed then
    pieces[#pieces + 1] = ('"paid":[%s,%s,%s,%s]'):format(minor(result.amount), minor(result.tendered),
      minor(result.change), minor(result.deposited))
  end
  if type(fields.key) == "string" and not same_as_first(fields.key, result) then
    pieces[#pieces + 1] = '"first":' .. text(firsts[fields.key] or "none")
    pieces[#pieces + 1] = '"again":' .. text(canonical(result))
  end
  return table.concat(pieces, ",") .. "}"
end

local function run_command(handle, command)
  local op = command.op
  command.op = nil
  local result, _, code, details = handle[op](handle, command)
  return write_answer(command, result, code, details)
end

-- ---- Transactions ----

local run_transaction

local ENDS <const> = {
  commit = function() return true end,
  ["nil"] = function() return nil, "no more", "no-more" end,
  raise = function() error("raised", 0) end,
}

local function run_item(tx, item)
  if item.items then return run_transaction(tx, item) end
  if item.peek then return ('{"seq":%d}'):format(handles[item.peek]:head().seq) end
  return run_command(item.client and handles[item.client] or tx, item.command)
end

local function outcome_of(done, first, _, code)
  if not done then return tostring(first) end
  return first and "done" or code
end

--- A transaction ends in "done", "raised", or in a code. A crash in it is as if it had never been.
function run_transaction(handle, step)
  local answers, left = {}, nil
  local outcome = outcome_of(pcall(handle.transaction, handle, function(tx)
    for index, item in ipairs(step.items) do answers[index] = run_item(tx, item) end
    if step.ending ~= "crash" then return ENDS[step.ending]() end
    left = leave()
    error("crashed", 0)
  end))
  if left then go_on_in(left) end
  return ('{"outcome":%s,"answers":[%s]}'):format(text(outcome), table.concat(answers, ","))
end

-- ---- What there is to see ----

local function write_entry(entry)
  return ('[%d,%d,"%s","%s",%s,%s,%s,%s,%s,%s,%d,"%s","%s","%s",%s,%s,%s,%d,"%s"]'):format(entry.seq, entry.act,
    entry.kind, entry.command, text(entry.number), text(entry.document), text(entry.counter_document),
    text(entry.patient), text(entry.counter_patient), text(entry.type), entry.amount.minor, entry.day, entry.at,
    entry.recorded_at, text(entry.actor), text(entry.group), text(entry.key), entry.refers or 0, entry.hash)
end

local function write_document(document)
  local facts = {}
  for index, name in ipairs(FACTS) do facts[index] = document[name].minor end
  return ('[%s,"%s",%s,"%s",%s,%d,%s,%s,"%s","%s",%s,%s]'):format(text(document.number), document.kind,
    text(document.patient), document.status, table.concat(facts, ","), document.remaining.minor, text(document.invoice),
    document.cancelled, document.day, document.recorded_at,
    document.consultations and list(document.consultations, text) or "[]",
    document.payments and list(document.payments, text) or "null")
end

local function write_patient(patient)
  return ("[%s,%d,%d,%s]"):format(text(patient.patient), patient.credit.minor, patient.owed.minor,
    list(patient.documents, function(document) return text(document.number) end))
end

local function write_allocation(allocation)
  return ("[%s,%d,%d,%d]"):format(text(allocation.document), allocation.amount.minor, allocation.rounded.minor,
    allocation.refunded.minor)
end

local function write_payment(payment)
  table.sort(payment.refunds) -- in which order they stand is not said
  return ('[%s,"%s",%s,%s,%s,%s,%s,%d,%d,%s,%d,%d,"%s",%s,%s,%s,%s,%s,%s]'):format(text(payment.number), payment.kind,
    text(payment.type), text(payment.group), text(payment.reference), text(payment.patient), text(payment.actor),
    payment.amount.minor, payment.deposited.minor, minor(payment.tendered), payment.change.minor,
    payment.refunded.minor, payment.at, list(payment.allocations, write_allocation), payment.reversed,
    text(payment.corrected_by), text(payment.corrects), text(payment.refund_of), list(payment.refunds, text))
end

local function write_row(row)
  local columns = {}
  for index, name in ipairs(COLUMNS) do columns[index] = row[name].minor end
  return ("[%s,%s,%s,%s,%d,%d,%s]"):format(text(row.day), text(row.type), text(row.group), text(row.actor),
    row.money.minor, row.count, table.concat(columns, ","))
end

local function each(names, read)
  local found = {}
  for name in pairs(names) do found[#found + 1] = read(name) end
  return "[" .. table.concat(found, ",") .. "]"
end

--- Reads one thing; what is not there is its name and the code.
local function reading(handle, method, write)
  return function(name)
    local found, _, code = handle[method](handle, name)
    return found and write(found) or ("[%s,%s]"):format(text(name), text(code))
  end
end

local function set_of(names)
  local set = {}
  for _, name in ipairs(names) do set[name] = true end
  return set
end

--- The entries since the last time, and all that they or the asker name.
local function look(handle, asked)
  local entries = {}
  local documents, patients = set_of(asked.documents), set_of(asked.patients)
  local payments, days = set_of(asked.payments), set_of(asked.days)
  for entry in handle:entries { from_seq = seen + 1 } do
    entries[#entries + 1] = write_entry(entry)
    seen = entry.seq
    for _, name in ipairs { "document", "counter_document" } do
      if entry[name] then documents[entry[name]] = true end
    end
    for _, name in ipairs { "patient", "counter_patient" } do
      if entry[name] then patients[entry[name]] = true end
    end
    if entry.number then payments[entry.number] = true end
    days[entry.day] = true
  end
  local rows = each(days, function(day)
    local found, _, code = handle:totals { from = day, to = day, by = { "type", "group", "day", "actor" } }
    return ("[%s,%s]"):format(text(day), found and list(found, write_row) or text(code))
  end)
  return ('"entries":[%s],"documents":%s,"patients":%s,"payments":%s,"days":%s'):format(table.concat(entries, ","),
    each(documents, reading(handle, "document", write_document)),
    each(patients, reading(handle, "patient", write_patient)),
    each(payments, reading(handle, "payment", write_payment)), rows)
end

local function walk(iterator, state, first, closing, write)
  local found = {}
  for item in iterator, state, first, closing do found[#found + 1] = write(item) end
  return "[" .. table.concat(found, ",") .. "]"
end

local function walk_all(handle, method, options, write)
  local iterator, state, first, closing = handle[method](handle, options)
  return walk(iterator, state, first, closing, write)
end

local function write_closing(closing)
  local counted = {}
  for name, one in pairs(closing.counted) do
    counted[#counted + 1] = ("[%s,%d,%d]"):format(text(name), one.expected.minor, one.variance.minor)
  end
  return ('["%s",%d,[%s]]'):format(closing.through, closing.head.seq, table.concat(counted, ","))
end

--- All that there is, and whether it holds.
local function look_at_all(handle, patients)
  local holds, _, code, details = handle:verify()
  local splits = list(SPLITS, function(by) return list(assert(handle:totals { by = by }), write_row) end)
  return ('"verify":%s,"documents":%s,"payments":%s,"patients":%s,"splits":%s,"closings":%s,"head":[%d,"%s"]'):format(
    holds and "true" or json.encode { code = code, seq = details.seq, what = details.what },
    walk_all(handle, "documents", { order = "oldest" }, write_document),
    walk_all(handle, "payments", {}, write_payment),
    list(patients, reading(handle, "patient", write_patient)), splits,
    list(assert(handle:closings()), write_closing), handle:head().seq, handle:head().hash)
end

-- ---- Steps ----

local steps = {}

function steps.new(step)
  if path then
    close_all()
    remove()
  end
  base, generation, path = step.path, 0, step.path
  clients, clocks, seen, firsts = step.clients, {}, 0, {}
  for client in ipairs(clients) do clocks[client] = step.now end
  open_all()
  return "true"
end

function steps.command(step)
  return run_command(handles[step.client], step.command)
end

function steps.transaction(step)
  return run_transaction(handles[step.client], step)
end

function steps.crash()
  go_on_in(leave())
  return "true"
end

function steps.reopen(step)
  handles[step.client]:close()
  open_handle(step.client)
  return "true"
end

function steps.compare()
  return "true"
end

local function run(step)
  if step.client and step.now then clocks[step.client] = step.now end
  local answer = steps[step.step](step)
  if step.step == "new" then return "{}" end
  local handle = handles[step.by]
  local all = step.step == "compare" and "," .. look_at_all(handle, step.patients) or "," .. look(handle, step.look)
  return ('{"answer":%s%s}'):format(answer, all)
end

for line in io.lines() do
  io.write(run(assert(json.decode(line))), "\n")
  io.flush()
end
if path then
  close_all()
  remove()
end
