-- rules.lua - by which rules a replay will run: those of the script in force. Tells where they differ from those by
-- which an act was made.
local config = require "tallystick.config"
local json = require "tallystick.json"

local rules = {}

-- What the ledger uses where a script names no format (design.md §2).
local NUMBER_FORMAT = "R-%05d"

---@class tallystick.export.Warning
---@field code string type-unknown, type-retired, type-changed, stages, hooks or config-invalid
---@field message string
---@field type? string
---@field act? integer the first that it is about
---@field acts? integer how many

---@class tallystick.export.Rules
---@field number_format string of payments
---@field roles string[] all that the script names, sorted
---@field warnings tallystick.export.Warning[]
---@field private ledger tallystick.Ledger
---@field private warned table<string, tallystick.export.Warning>
local Rules = {}
Rules.__index = Rules

local function warn(self, warning)
  self.warnings[#self.warnings + 1] = warning
  return warning
end

local function sorted_roles(lists)
  local roles, seen = {}, {}
  for _, list in ipairs(lists) do
    for _, role in ipairs(list) do
      if not seen[role] then roles[#roles + 1], seen[role] = role, true end
    end
  end
  table.sort(roles)
  return roles
end

local function runs_before(script)
  for _, hook in ipairs(script.hooks) do
    if hook.phase == "before" then return true end
  end
  return false
end

-- Reads what the ledger itself does not tell of its script.
local function read_script(self, stored, lists)
  if stored.text == "" then return end
  local script, errors = config.check(stored.text, stored.name)
  if not script then
    warn(self, { code = "config-invalid", message = "the script in force cannot be read, so the commands name only "
      .. "the roles of payment types: " .. config.report(errors) })
    return
  end
  self.number_format = script.numbering and script.numbering.payment or NUMBER_FORMAT
  for _, roles in pairs(script.permits) do lists[#lists + 1] = roles end
  if runs_before(script) then
    warn(self, { code = "hooks",
      message = "the script's before hooks look at each command again, and may refuse what they let pass then" })
  end
end

---@param ledger tallystick.Ledger
---@param info tallystick.Info
---@return tallystick.export.Rules
function rules.new(ledger, info)
  local self = setmetatable({ number_format = NUMBER_FORMAT, warnings = {}, ledger = ledger, warned = {},
    versions = {} }, Rules)
  local lists = {}
  for _, payment_type in ipairs(assert(ledger:types())) do lists[#lists + 1] = payment_type.roles or {} end
  read_script(self, info.script, lists)
  self.roles = sorted_roles(lists)
  return self
end

-- What of a type decides whether and how a command is done.
local function text_of(payment_type)
  return json.encode {
    effect = payment_type.effect, excess = payment_type.excess, applies_to = payment_type.applies_to,
    group = payment_type.group, fields = payment_type.fields, round_to = payment_type.round_to, max = payment_type.max,
  }
end

local MESSAGES = {
  ["type-unknown"] = 'the script in force declares the payment type "%s" no more: a replay under it refuses its acts',
  ["type-retired"] = 'the script in force has retired the payment type "%s": a replay under it refuses its acts',
  ["type-changed"] = 'the payment type "%s" had other rules then: a replay under the script in force may refuse its '
    .. "acts, or round them otherwise",
  stages = "the stages that documents have reached are not told: advance would move them again from the first one, and "
    .. "charge again what its actions charged",
}

local function difference(then_, now)
  if not now then return "type-unknown" end
  if now.version == then_.version then return nil end
  if now.retired then return "type-retired" end
  return text_of(then_) ~= text_of(now) and "type-changed" or nil
end

-- A version of a type, with what a replay will find in its place; there are few.
local function look_up(self, id, version)
  local key = ("%s %d"):format(id, version)
  if not self.versions[key] then
    local then_, now = assert(self.ledger:type(id, version)), self.ledger:type(id)
    self.versions[key] = { effective = now or then_, code = difference(then_, now) }
  end
  return self.versions[key]
end

-- Warns once of what is wrong, with a type where it is about one, and counts the acts.
local function warn_of(self, code, id, entry)
  local key = code .. " " .. (id or "")
  local warning = self.warned[key]
  if not warning then
    warning = warn(self, { code = code, type = id, act = entry.act, acts = 0, message = MESSAGES[code]:format(id) })
    self.warned[key] = warning
  end
  warning.acts = warning.acts + 1
end

---Gives the payment type under which a replay will make what an entry tells; warns where that is another one.
---@param entry tallystick.Entry that has a type
---@return tallystick.PaymentType
function Rules:type_of(entry)
  local found = look_up(self, entry.type, entry.type_version)
  if found.code then warn_of(self, found.code, entry.type, entry) end
  return found.effective
end

---Warns where the script in force does not declare a type that an entry tells of, in use or not.
---@param id string
---@param entry tallystick.Entry
function Rules:expect(id, entry)
  if not self.ledger:type(id) then warn_of(self, "type-unknown", id, entry) end
end

---Warns of a stage. Telling the move would not do: its action would charge once more what the log tells as charges.
---@param entry tallystick.Entry of the kind stage
function Rules:lose_stage(entry)
  warn_of(self, "stages", nil, entry)
end

return rules
