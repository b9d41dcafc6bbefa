-- context.lua - the second argument of hooks and workflows: money, what may be read, and the words of a refusal.
local calendar = require "tallystick.calendar"
local host = require "tallystick.script.host"
local mistakes = require "tallystick.config.mistakes"
local nearest = require "tallystick.config.nearest"

local context = {}

local CODE_BYTES_MAX, MESSAGE_BYTES_MAX = 64, 400
local LABEL_BYTES_MAX, NOTE_BYTES_MAX = 1024, 4096
local CHARGES_MAX = 16
-- A stage entry's own fields, and the event's name.
local TAKEN = { workflow = true, from = true, to = true, event = true }
-- What a script logs is for a person who reads it at a desk.
local LOG_LINES_MAX, LOG_BYTES_MAX = 100, 400

---What one run of hooks leaves behind for the host.
---@class tallystick.Run
---@field refusal { token: table, code: string, message: string }? of ctx.refuse's last call; the script has the token
---@field facts table? of the command whose `after` hook runs
---@field log string[]
---@field intents table? what an action asks for, while one runs

local function check_text(value, what, bytes_max)
  if type(value) ~= "string" or value == "" or #value > bytes_max then
    error(("%s: give a text of 1 to %d bytes"):format(what, bytes_max), 3)
  end
end

---A text as one line that can be printed anywhere.
local function one_line(text, bytes_max)
  local line = mistakes.shorten(text, bytes_max)
  if not utf8.len(line) then line = line:gsub("[\x80-\xFF]", "?") end
  return (line:gsub("[\0-\31\127]", " "):gsub("\xC2[\x80-\x9F]", " "))
end

local function fact(run, name)
  local facts = run.facts
  if facts and facts[name] ~= nil then return facts[name] or nil end
  return host.fact(name)
end

---What the action of a transition may ask for; the host does it in the transaction of the move.
local function add_intents(own, run)
  local function intents_of(what)
    return run.intents or error(("ctx.%s is for the action of a transition"):format(what), 3)
  end

  function own.charge(charge)
    local intents = intents_of "charge"
    if type(charge) ~= "table" then error('ctx.charge: give { amount = "20.00", label = "…" }', 2) end
    for name in pairs(charge) do
      if name ~= "amount" and name ~= "label" then
        error(("ctx.charge has no field %s; it takes amount and label"):format(tostring(name)), 2)
      end
    end
    local amount = charge.amount
    if type(amount) == "string" then amount = host.readings.money(amount) end
    if type(amount) ~= "userdata" then
      error('ctx.charge, amount: give a string such as "20.00" or a money value', 2)
    end
    if charge.label ~= nil then check_text(charge.label, "ctx.charge, label", LABEL_BYTES_MAX) end
    local charges = intents.charges
    if #charges == CHARGES_MAX then error(("ctx.charge: at most %d in one action"):format(CHARGES_MAX), 2) end
    charges[#charges + 1] = { amount = amount, label = charge.label }
  end

  function own.annotate(text)
    check_text(text, "ctx.annotate", NOTE_BYTES_MAX)
    intents_of "annotate".note = text
  end

  function own.emit(name, data)
    local intents = intents_of "emit"
    check_text(name, "ctx.emit, name", CODE_BYTES_MAX)
    if intents.event then error("ctx.emit: one event for each transition", 2) end
    local event = { event = name }
    for key, value in pairs(data or {}) do
      local plain = type(key) == "string" and key:find "^[a-z][a-z0-9_]*$" and #key <= 32
      if not plain or TAKEN[key] then error(("ctx.emit: %s will not do as a name"):format(tostring(key)), 2) end
      check_text(value, "ctx.emit, " .. key, LABEL_BYTES_MAX)
      event[key] = value
    end
    intents.event = event
  end
end

---Where documents stand, and how long: what guards by workflow and by time ask.
local function add_stages(own, workflows)
  function own.stage(number, name)
    local found
    for _, workflow in ipairs(workflows) do
      if workflow.id == name or name == nil and #workflows == 1 then found = workflow end
    end
    if not found then error(("ctx.stage: no workflow is called %s"):format(tostring(name)), 2) end
    local document = host.readings.document(number)
    if not document then return nil end
    local stage, since = host.readings.stage(number, found.id)
    return stage or found.initial, since
  end

  function own.days_between(from, to)
    local days = {}
    for index, text in ipairs { from, to } do
      local day = type(text) == "string" and text:match "^%d%d%d%d%-%d%d%-%d%d"
      if not day then error('ctx.days_between: give two days such as "2026-11-20"', 2) end
      days[index] = calendar.day_of(day)
    end
    if #days < 2 then error('ctx.days_between: give two days such as "2026-11-20"', 2) end
    return days[2] - days[1]
  end
end

local function functions_of(run, workflows)
  local own = {}

  function own.refuse(code, message)
    check_text(code, "ctx.refuse, code", CODE_BYTES_MAX)
    if message == nil then message = code end
    check_text(message, "ctx.refuse, message", MESSAGE_BYTES_MAX)
    local token = {}
    run.refusal = {
      token = token, code = one_line(code, CODE_BYTES_MAX), message = one_line(message, MESSAGE_BYTES_MAX),
    }
    return token
  end

  function own.log(...)
    local parts = table.pack(...)
    for index = 1, parts.n do parts[index] = tostring(parts[index]) end
    local text = table.concat(parts, " ")
    if #run.log < LOG_LINES_MAX then run.log[#run.log + 1] = one_line(text, LOG_BYTES_MAX) end
  end

  function own.has_role(name)
    for _, role in ipairs(fact(run, "roles")) do
      if role == name then return true end
    end
    return false
  end

  for name, read in pairs(host.readings) do own[name] = read end
  add_intents(own, run)
  add_stages(own, workflows)
  return own
end

local FACTS = { "zero", "now", "day", "actor", "roles", "currency", "language" }

---What a command's `after` hooks read of it, once it is over.
---@return table
function context.facts()
  local facts = {}
  for _, name in ipairs { "now", "day", "actor", "roles" } do facts[name] = host.fact(name) or false end
  return facts
end

---Makes the context of a script, whose fields cannot be changed; a name that it has not is a mistake of the script's.
---@param run tallystick.Run
---@param workflows table[] that the script declares
---@return table
function context.new(run, workflows)
  local own, facts, names = functions_of(run, workflows), {}, {}
  for _, name in ipairs(FACTS) do facts[name] = true end
  for name in pairs(own) do names[#names + 1] = name end
  for name in pairs(facts) do names[#names + 1] = name end
  table.sort(names)
  return setmetatable({}, {
    __index = function(_, name)
      local known = own[name]
      if known then return known end
      if facts[name] then return fact(run, name) end
      local near = nearest(name, names)
      error(("ctx has no field %s%s"):format(tostring(name), near and ("; did you mean %s?"):format(near) or ""), 2)
    end,
    __newindex = function() error("ctx is not to be changed", 2) end,
    __metatable = false,
  })
end

return context
