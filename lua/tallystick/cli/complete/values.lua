-- complete/values.lua - what may stand for a value, by its kind: what the grammar lists, else what is in the ledger.
local grammar = require "tallystick.cli.grammar"
local keys = require "tallystick.keys"
local names = require "tallystick.cli.complete.names"
local parse = require "tallystick.cli.parse"

---What is known of the word that is being typed.
---@class tallystick.cli.Asked
---@field definition tallystick.cli.CommandDefinition
---@field parameter tallystick.cli.Parameter
---@field prefix string what is typed of it
---@field values table<string, string> what was typed before, by parameter
---@field ledger tallystick.Ledger?

---@class tallystick.cli.Candidate
---@field word string
---@field help? string
---@field open? boolean more is to be typed behind it

local function plain(words)
  local list = {}
  for index, word in ipairs(words) do list[index] = { word = word } end
  return list
end

-- ---- What the ledger tells ----

local function types_of(ledger)
  return ledger and ledger:types() or {}
end

local function type_of(asked, id)
  for _, one in ipairs(types_of(asked.ledger)) do
    if id and one.id == id or not id and one.default then return one end
  end
end

-- What was retired is not for new payments, but is asked about.
local function types(asked)
  local labels, list = require "tallystick.labels", {}
  for _, one in ipairs(types_of(asked.ledger)) do
    if not (one.retired and asked.definition.ledger == "rw") then
      list[#list + 1] = { word = one.id, help = labels.type(one) }
    end
  end
  return list
end

-- Groups that nobody declared are known from what was paid; older days than these are not looked through.
local GROUP_DAYS = 90

local function seen_groups(ledger, groups)
  local from = os.date("%Y-%m-%d", os.time() - GROUP_DAYS * 86400)
  for _, row in ipairs(ledger and ledger:totals { by = { "group" }, from = from } or {}) do
    if row.group ~= "" then groups[row.group] = true end
  end
end

local function groups(asked)
  local found, id = {}, asked.values.type
  for _, one in ipairs(types_of(asked.ledger)) do
    for _, group in ipairs((not id or id == one.id) and one.group and one.group.one_of or {}) do found[group] = true end
  end
  if not next(found) or asked.definition.ledger == "ro" then seen_groups(asked.ledger, found) end
  return plain(keys(found))
end

local function document_help(document)
  return ("%s, %s, %s"):format(document.patient, document.status:gsub("_", " "), tostring(document.remaining))
end

local function payment_help(payment)
  return ("%s by %s on %s"):format(tostring(payment.amount), payment.type, payment.day)
end

local function stands(payment)
  return not payment.reversed
end

-- Which of them a command can do something with; the others are refused anyhow.
local USABLE = {
  pay = { document = function(document) return document.remaining.minor > 0 end },
  cancel = { document = function(document) return not document.cancelled and not document.invoiced end },
  invoice = {
    consultations = function(document)
      return document.kind == "consultation" and not document.cancelled and not document.invoiced
    end,
  },
  reverse = { payment = stands }, correct = { payment = stands }, refund = { payment = stands },
}
USABLE.pay.documents = USABLE.pay.document

local function named(kind, read, help)
  return function(asked)
    local of_command = USABLE[asked.definition.name] or {}
    local usable, list = of_command[asked.parameter.name], {}
    local found, whole = names.find(asked.ledger, kind, asked.prefix)
    for _, name in ipairs(found) do
      local one = whole and asked.ledger[read](asked.ledger, name)
      if not whole then
        list[#list + 1] = { word = name, open = true, help = "…" }
      elseif one and not (usable and not usable(one)) then
        list[#list + 1] = { word = name, help = help and help(one) }
      end
    end
    return list
  end
end

local documents = named("document", "document", document_help)
local payments = named("payment", "payment", payment_help)

local function patients(asked)
  local list, found, whole = {}, names.find(asked.ledger, "patient", asked.prefix)
  for index, name in ipairs(found) do list[index] = { word = name, open = not whole or nil } end
  return list
end

local function parties(asked)
  local list = patients(asked)
  for _, one in ipairs(documents(asked)) do list[#list + 1] = one end
  return list
end

local function remaining(asked)
  local document = asked.values.document and asked.ledger and asked.ledger:document(asked.values.document)
  if not document or document.remaining.minor <= 0 then return {} end
  return { { word = document.remaining:decimal(), help = "all that remains of " .. document.number } }
end

-- ---- What the script declares ----

local function declared(ledger)
  local script = ledger and ledger:script()
  if not script or script.text == "" then return { workflows = {}, permits = {} } end
  return require("tallystick.config").check(script.text, script.name) or { workflows = {}, permits = {} }
end

local function add_roles(roles, list)
  for _, role in ipairs(list or {}) do roles[role] = true end
end

local function roles(asked)
  local found, script = {}, declared(asked.ledger)
  for _, list in pairs(script.permits) do add_roles(found, list) end
  for _, one in ipairs(types_of(asked.ledger)) do add_roles(found, one.roles) end
  for _, flow in ipairs(script.workflows) do
    for _, way in ipairs(flow.transitions) do add_roles(found, way.by) end
  end
  return plain(keys(found))
end

local function workflows(asked)
  local list = {}
  for _, flow in ipairs(declared(asked.ledger).workflows) do list[#list + 1] = { word = flow.id } end
  return list
end

local function stages(asked)
  local list, id = {}, asked.values.workflow
  for _, flow in ipairs(declared(asked.ledger).workflows) do
    for _, stage in ipairs((not id or id == flow.id) and flow.stages or {}) do
      list[#list + 1] = { word = stage, help = flow.id }
    end
  end
  return list
end

-- ---- Lists and maps ----

-- Completes the last item of a list with commas; what stands in it already is not offered again.
local function listed(one)
  return function(asked)
    local head, last = asked.prefix:match "^(.*,)(.*)$"
    head, last = head or "", last or asked.prefix
    local there, list = {}, {}
    for item in head:gmatch "[^,]+" do there[item] = true end
    for _, candidate in ipairs(one(setmetatable({ prefix = last }, { __index = asked }))) do
      if not there[candidate.word] then
        list[#list + 1] = { word = head .. candidate.word, help = candidate.help, open = candidate.open }
      end
    end
    return list
  end
end

local function choices(asked)
  return plain(parse.choices(asked.parameter) or {})
end

-- The names of a map, each with an equals sign behind it.
local MAPS = {
  counted = function(asked)
    local list = {}
    for _, one in ipairs(types(asked)) do
      if type_of(asked, one.word).effect == "money" then list[#list + 1] = one end
    end
    return list
  end,
  fields = function(asked)
    local one = type_of(asked, asked.values.type)
    return plain(keys(one and one.fields or {}))
  end,
  map = function()
    local list = {}
    for _, parameter in ipairs(grammar.find("pay").options) do
      if parameter.kind ~= "flag" and parameter.kind ~= "map" then
        list[#list + 1] = { word = parameter.name, help = parameter.help }
      end
    end
    return list
  end,
}
MAPS.set = MAPS.map

local function map(asked)
  local list = {}
  for _, one in ipairs(MAPS[asked.parameter.name](asked)) do
    list[#list + 1] = { word = one.word .. "=", help = one.help, open = true }
  end
  return list
end

-- ---- Days ----

local function days()
  local now, day = os.time(), "%Y-%m-%d"
  return { { word = os.date(day, now), help = "today" }, { word = os.date(day, now - 86400), help = "yesterday" } }
end

local function several_documents(asked)
  local list = listed(documents)(asked)
  table.insert(list, 1, { word = "oldest", help = "All that is open, the oldest first" })
  return list
end

local BY_KIND = {
  choice = choices, status = choices, boolean = choices,
  type = types, group = groups, document = documents, payment = payments, patient = patients, party = parties,
  documents = several_documents, consultations = listed(documents), map = map, day = days, time = days,
  amount = function(asked) return asked.parameter.name == "amount" and remaining(asked) or {} end,
}

-- Parameters that are text to the command, and yet have a list.
local BY_NAME = { roles = listed(roles), by = listed(choices), workflow = workflows }
local OF_COMMAND = { move = { to = stages, from = stages } }

local function none()
  return {}
end

---Gives what may stand for a value, sifted by what is typed of it.
---@param asked tallystick.cli.Asked
---@return tallystick.cli.Candidate[]
return function(asked)
  local parameter, of_command = asked.parameter, OF_COMMAND[asked.definition.name] or {}
  local find = of_command[parameter.name] or BY_NAME[parameter.name] or BY_KIND[parameter.kind] or none
  local list = {}
  for _, one in ipairs(find(asked)) do
    if one.word:sub(1, #asked.prefix) == asked.prefix then list[#list + 1] = one end
  end
  return list
end
