-- workflow.lua - what a script may declare of a workflow: stages, transitions, and whether each stage can be reached.
local checks = require "tallystick.config.checks"
local mistakes = require "tallystick.config.mistakes"
local nearest = require "tallystick.config.nearest"

local workflow = {}

-- Stages and workflows are names in entries, on the command line and in letters.
local ID_BYTES_MAX = 32
local STAGES_MAX, TRANSITIONS_MAX = 64, 256

local id = checks.name {
  patterns = { "^[a-z][a-z0-9_-]*$" }, bytes_max = ID_BYTES_MAX,
  expected = 'a name of a-z, 0-9, "_" and "-" that begins with a letter, at most 32 bytes, such as "reminder-1"',
}

-- A period of the calendar: hours, days, weeks, months, years.
local PERIOD_MAX = 9999
local PERIOD_EXPECTED = 'a period such as "30d" (h hours, d days, w weeks, mo months, y years)'

---@param value any
---@param place tallystick.Place
---@return { count: integer, unit: "h"|"d"|"w"|"mo"|"y" }?
local function period(value, place)
  if type(value) ~= "string" then return place:refuse_kind(value, PERIOD_EXPECTED) end
  local digits, unit = value:match "^(%d%d?%d?%d?)(%l%l?)$"
  local known = unit == "h" or unit == "d" or unit == "w" or unit == "mo" or unit == "y"
  if known and tonumber(digits) <= PERIOD_MAX then return { count = math.tointeger(tonumber(digits)), unit = unit } end
  return place:refuse("is no period", { value = value, expected = PERIOD_EXPECTED })
end

---@param expected string
---@return tallystick.Check
local function function_of(expected)
  return function(value, place)
    if type(value) == "function" then return value end
    return place:refuse_kind(value, expected)
  end
end

local transition = checks.record({
  { name = "from", required = true, check = id },
  { name = "to", required = true, check = id },
  { name = "after", check = period },
  { name = "when", check = function_of "function(document, ctx) return … end" },
  { name = "by", check = checks.list_of(checks.text(64), '{ "manager" }') },
  { name = "action", check = function_of "function(document, ctx) … end" },
  { name = "manual", check = checks.boolean, default = false },
}, '{ from = "issued", to = "reminder-1", after = "30d" }')

---@param value any
---@param place tallystick.Place
---@return table[]?
local function transitions(value, place)
  local expected = 'a list, such as { { from = "issued", to = "reminder-1", after = "30d" } }'
  if type(value) ~= "table" then return place:refuse_kind(value, expected) end
  local checked, count = {}, 0
  for _ in pairs(value) do count = count + 1 end
  if count == 0 then return place:refuse("is empty", { expected = expected }) end
  if count ~= #value then return place:refuse("is not a plain list", { value = value, expected = expected }) end
  if count > TRANSITIONS_MAX then
    return place:refuse(("has %d transitions"):format(count), { expected = ("at most %d"):format(TRANSITIONS_MAX) })
  end
  for index, item in ipairs(value) do checked[index] = transition(item, place:at(index)) or {} end
  return checked
end

local fields = checks.record({
  { name = "id", required = true, check = id },
  { name = "document", required = true, check = checks.one_of { "consultation", "invoice" } },
  { name = "initial", required = true, check = id },
  { name = "stages", required = true, check = checks.list_of(id, '{ "issued", "reminder-1" }') },
  { name = "transitions", required = true, check = transitions },
  { name = "settled", check = checks.boolean, default = false },
}, '{ id = "reminders", document = "invoice", initial = "issued", stages = { … }, transitions = { … } }')

---@param name string?
---@param stages string[]
---@param place tallystick.Place
local function check_stage(name, stages, place)
  if not name then return end
  for _, stage in ipairs(stages) do
    if stage == name then return end
  end
  place:refuse("is not one of the stages", {
    value = name, expected = mistakes.alternatives(stages), suggestion = nearest(name, stages),
  })
end

---@param list table[]
---@param stages string[]
---@param place tallystick.Place
local function check_transitions(list, stages, place)
  local seen = {}
  for index, one in ipairs(list) do
    local at = place:at "transitions":at(index)
    check_stage(one.from, stages, at:at "from")
    check_stage(one.to, stages, at:at "to")
    local pair = ("%s>%s"):format(one.from, one.to)
    if one.from and one.to and one.from == one.to then
      at:at "to":refuse("is the stage it comes from", { value = one.to, expected = "another stage" })
    elseif one.from and one.to and seen[pair] then
      at:refuse(("leads from %s to %s, as transition %d does"):format(one.from, one.to, seen[pair]),
        { expected = "one transition for both" })
    end
    seen[pair] = index
  end
end

---Stages to which no way leads from the first one.
---@param checked table
---@param place tallystick.Place
local function check_reach(checked, place)
  local reached, grown = { [checked.initial] = true }, true
  while grown do
    grown = false
    for _, one in ipairs(checked.transitions) do
      if one.from and one.to and reached[one.from] and not reached[one.to] then reached[one.to], grown = true, true end
    end
  end
  for index, stage in ipairs(checked.stages) do
    if not reached[stage] then
      place:at "stages":at(index):refuse(("cannot be reached from %s"):format(mistakes.quote(checked.initial)), {
        value = stage, expected = "a transition that leads to it",
      })
    end
  end
end

---A round that nothing holds up would be gone on every run for ever, with all that its actions charge.
---@param checked table
---@param place tallystick.Place
local function check_rounds(checked, place)
  local onward = {}
  for _, one in ipairs(checked.transitions) do
    local held = one.after and one.after.count > 0 or one.when or one.manual
    if not held then
      onward[one.from] = onward[one.from] or {}
      table.insert(onward[one.from], one.to)
    end
  end
  local function comes_back(from, target, seen)
    for _, to in ipairs(onward[from] or {}) do
      if to == target then return true end
      if not seen[to] then
        seen[to] = true
        if comes_back(to, target, seen) then return true end
      end
    end
    return false
  end
  for index, stage in ipairs(checked.stages) do
    if comes_back(stage, stage, {}) then
      place:at "stages":at(index):refuse("leads back to itself at once", {
        value = stage, expected = "an after, a when or manual = true on the way round",
      })
      return
    end
  end
end

---Checks one workflow.
---@param value any
---@param place tallystick.Place
---@return table?
function workflow.check(value, place)
  local before = #place.list.found
  local checked = fields(value, place)
  if not checked then return nil end
  local whole = checked.stages and checked.transitions and checked.initial
  if checked.stages and #checked.stages > STAGES_MAX then
    local expected = ("at most %d"):format(STAGES_MAX)
    place:at "stages":refuse(("has %d stages"):format(#checked.stages), { expected = expected })
  end
  if checked.stages then check_stage(checked.initial, checked.stages, place:at "initial") end
  if checked.stages and checked.transitions then check_transitions(checked.transitions, checked.stages, place) end
  -- A name that is no stage is said once, and not again for all that cannot be reached for it.
  if whole and #place.list.found == before then
    check_reach(checked, place)
    check_rounds(checked, place)
  end
  return checked
end

---What the host needs of it: plain values, and which transitions have functions.
---@param checked table without mistakes
---@return tallystick.Workflow
function workflow.plain(checked)
  local plain = {
    id = checked.id, document = checked.document, initial = checked.initial, stages = checked.stages,
    settled = checked.settled, transitions = {},
  }
  for index, one in ipairs(checked.transitions) do
    plain.transitions[index] = {
      from = one.from, to = one.to, after = one.after, by = one.by, manual = one.manual, has_when = one.when ~= nil,
      has_action = one.action ~= nil,
    }
  end
  return plain
end

return workflow
