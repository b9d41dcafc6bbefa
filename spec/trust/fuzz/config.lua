-- config.lua - fuzzes a clinic's script: an input is its text. Loading it ends in a configuration or in mistakes, each
-- with file and line, within the budget. One that is sound opens a ledger, whose types are those of the script, also
-- when the file is opened again without it; and whatever its hooks do, each command ends in a result or a code.
local oracle = require "spec.trust.fuzz.oracle"
local script = require "tallystick.script"
local tallystick = require "tallystick"

local must = oracle.must

local LIMITS = { instructions = 300000, memory_bytes = 4 << 20, seconds = 0.5 }
-- One function of C may be at work when the time ends, and here it is slowed by what looks for its faults.
local SECONDS_MAX = LIMITS.seconds + 5
-- Enough for each of a workflow's stages to be seen.
local DAYS = { "2026-03-02T10:00:00Z", "2026-04-15T10:00:00Z", "2027-04-15T10:00:00Z" }

local SCRIPT, BOOKS = oracle.path "clinic.lua", oracle.path "clinic.db"

-- Runs a function, which may take the time of so many calls of a script.
local function in_time(what, calls, run, ...)
  local began = os.clock()
  local results = table.pack(run(...))
  local took = os.clock() - began
  must(took <= calls * SECONDS_MAX, "%s ends in time, and took %s seconds", what, took)
  return table.unpack(results, 1, results.n)
end

-- ---- Loading ----

local function check_mistakes(text, errors)
  local _, breaks = text:gsub("[\r\n]", "")
  must(#errors > 0, "a script is refused for something")
  for _, one in ipairs(errors) do
    must(one.file == "clinic.lua", "a mistake names the file: %s", one.file)
    must(math.type(one.line) == "integer" and one.line >= 1 and one.line <= breaks + 1, "a mistake has a line: %s, %s",
      one.line, one.message)
    must(type(one.path) == "string" and one.path ~= "", "a mistake says where: %s", one.path)
    must(type(one.message) == "string" and one.message ~= "" and not one.message:find "[\0-\31\127]"
      and utf8.len(one.message), "a mistake says what, on one line: %s", one.message)
  end
end

local function load_script(text)
  local state <close> = assert(script.new(LIMITS))
  local config, errors = in_time("loading", 1, script.load, state, text, "clinic.lua")
  must(state:used() <= LIMITS.memory_bytes, "a script keeps to its memory: %s bytes", state:used())
  if config then return config end
  check_mistakes(text, errors)
  return nil
end

-- ---- What is stored ----

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

-- A type as the script declares it, in the form in which the ledger gives it.
local function declared(one, currency)
  local applies, fields = {}, nil
  if one.consultation then applies[#applies + 1] = "consultation" end
  if one.invoice then applies[#applies + 1] = "invoice" end
  for _, field in ipairs(one.fields) do
    fields = fields or {}
    fields[field.name] = { type = field.type, required = field.required, pattern = field.pattern }
  end
  local groups = #one.groups > 0 and one.groups or nil
  return {
    id = one.id, label = one.label, effect = one.effect, default = one.default, applies_to = applies,
    group = (one.group_required or groups) and { required = one.group_required, one_of = groups } or nil,
    fields = fields, excess = one.excess, retired = one.retired, account = one.account,
    round_to = one.round_to and tallystick.money(one.round_to, currency), max = one.max and tallystick.money(one.max,
      currency), roles = #one.roles > 0 and one.roles or nil, version = 1,
  }
end

local function check_types(ledger, config)
  local types, currency = ledger:types(), ledger:info().currency
  must(not config.currency or config.currency == currency, "the ledger's currency is the script's: %s", currency)
  for index, one in ipairs(config.types or {}) do
    must(same(declared(one, currency), types[index]), "type %s is as it was declared", one.id)
  end
  must(not config.types or #types == #config.types, "there are no other types")
  return types
end

-- ---- What its hooks do ----

local function answered(result, message, code)
  if result ~= nil then return result end
  oracle.refusal(message, code)
  must(code ~= "config-invalid", "a sound script stays sound: %s", message)
  return nil, code
end

local function run(ledger, command, fields)
  return answered(in_time(command, 4, ledger[command], ledger, fields))
end

local function check_number(config, kind, made)
  if not made then return end
  local format = config.numbering and config.numbering[kind]
  must(not format or made.number == format:format(1), "a number has its format: %s", made.number)
end

local function check_permit(ledger, config)
  if not config.permits.consultation then return end
  local _, code = run(ledger, "consultation", { patient = "P1", amount = "10", roles = { "nobody's" } })
  local anyone = false
  for _, role in ipairs(config.permits.consultation) do anyone = anyone or role == "nobody's" end
  must(anyone or code == "permission-denied", "what is permitted to some is denied to others: %s", code)
end

local function use(ledger, config, clock)
  check_permit(ledger, config)
  local roles = config.permits.consultation or { "manager" }
  local visit = run(ledger, "consultation", { patient = "P1", amount = "10", roles = roles })
  check_number(config, "consultation", visit)
  local invoice = run(ledger, "invoice", { patient = "P1", amount = "100" })
  check_number(config, "invoice", invoice)
  local payment = invoice and run(ledger, "pay", { document = invoice.number, amount = "5" })
  check_number(config, "payment", payment)
  if payment then
    answered(in_time("receipt", 1, ledger.receipt, ledger, payment.number))
    run(ledger, "reverse", { payment = payment.number, reason = "slip" })
  end
  for _, day in ipairs(DAYS) do
    clock.now = day
    answered(in_time("advance", 64, ledger.advance, ledger))
  end
  oracle.verify(ledger)
end

local function open(clock, config)
  return tallystick.open(BOOKS, { config = config, script_limits = LIMITS, actor = "desk-1", roles = { "manager" },
    clock = function() return clock.now end, on_error = function() end })
end

local function remove()
  for _, suffix in ipairs { "", "-wal", "-shm" } do os.remove(BOOKS .. suffix) end
end

return function(text)
  local config = load_script(text)
  if not config then return end
  local clock = { now = DAYS[1] }
  oracle.write(SCRIPT, text)
  remove()
  local ledger <close>, message, code = in_time("opening", 3, open, clock, SCRIPT)
  must(ledger, "a sound script opens a ledger: %s, %s", code, message)
  local types = check_types(ledger, config)
  use(ledger, config, clock)
  local head = ledger:head()
  ledger:close()
  local again <close>, wrong, why = in_time("opening again", 3, open, clock)
  must(again, "a ledger opens by the script that it keeps: %s, %s", why, wrong)
  must(again:info().mode == "rw" and again:info().script.text == text, "the ledger keeps its script")
  must(same(types, check_types(again, config)), "the types are the same again")
  must(again:head().hash == head.hash, "the journal is the same again")
  oracle.verify(again)
  remove()
end
