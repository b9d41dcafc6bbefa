-- init.lua - the module that a host requires: opens ledgers, makes money values, and completes what the core reads.
local core = require "tallystick.core"
local config = require "tallystick.config"
local marks = require "tallystick.marks"
local nearest = require "tallystick.config.nearest"
local options_of = require "tallystick.options"
local follow = require "tallystick.follow"
local printing = require "tallystick.printing"
local script = require "tallystick.script"
local workflow = require "tallystick.workflow"

local methods = core.methods

---@class tallystick
local tallystick = {
  ---The version of Tallystick, such as "0.1.0".
  ---@type string
  version = core.version,
  ---All error codes in the order in which commands answer them (design.md §8).
  ---@type { number: integer, code: string, text: string }[]
  errors = core.errors,
  ---The writing commands with their fields (design.md §6).
  ---@type { name: string, fields: { name: string, required: boolean }[] }[]
  commands = core.commands,
  ---The statuses in the order of design.md §3.
  ---@type string[]
  statuses = core.statuses,
  ---The kinds of entries in the order of design.md §4.
  ---@type string[]
  kinds = core.kinds,
  ---Marks for people: symbol and colour of each status.
  marks = marks,
}

---Makes a money value: exact minor units with a currency of ISO 4217.
---Errors: `amount-invalid` (a number, more decimals than the currency has), `field-invalid` (no such currency).
---@param amount string such as "120.50"
---@param currency string such as "CHF"
---@return tallystick.Money? money
---@return string? message
---@return string? code
---@return table<string, string>? details
function tallystick.money(amount, currency)
  return core.money(amount, currency)
end

---Computes the status of a document from its facts (design.md §3): a pure function; a document table will do.
---@param facts tallystick.Facts
---@return string? status
---@return string? message
---@return string? code
---@return table<string, string>? details
function tallystick.status(facts)
  return core.status(facts)
end

---What a script declares, in short.
---@class tallystick.Declared
---@field currency? string where the script names one
---@field language? string where the script names one
---@field types string[] ids in order of declaration; empty where those of the preset serve
---@field permits string[] the commands that need a role, sorted
---@field hooks string[] such as `before pay`, in order of declaration
---@field workflows string[] ids in order of declaration

---@param checked tallystick.Config
---@return tallystick.Declared
local function declared_by(checked)
  local types, permits, hooks, workflows = {}, {}, {}, {}
  for index, payment_type in ipairs(checked.types or {}) do types[index] = payment_type.id end
  for command in pairs(checked.permits) do permits[#permits + 1] = command end
  table.sort(permits)
  for index, hook in ipairs(checked.hooks) do hooks[index] = hook.phase .. " " .. hook.command end
  for index, one in ipairs(checked.workflows) do workflows[index] = one.id end
  return {
    currency = checked.currency, language = checked.language, types = types, permits = permits, hooks = hooks,
    workflows = workflows,
  }
end

---Checks a configuration script without opening anything: every mistake at once (design.md §7).
---@param path string
---@return boolean? ok
---@return tallystick.Declared|string|nil declared what it declares, or the message
---@return string? code
---@return { errors: table[] }? details
function tallystick.check(path)
  local checked, errors = config.load(path)
  if checked then return true, declared_by(checked) end
  return nil, config.report(errors), "config-invalid", { errors = errors }
end

--- Reads the script that `open` names, into a state of its own. A broken one does not keep a ledger from being read.
---@return tallystick.Script? state
---@return string? message
local function load_config(options)
  local text, errors = config.read(options.config)
  if text then
    local state, message, code, details = script.new(options.script_limits)
    if not state then return nil, message, code, details end
    options.config, errors = script.load(state, text, options.config)
    if options.config then return state end
    state:close()
  end
  options.config = nil
  if options.mode == "ro" then return nil end
  return nil, config.report(errors), "config-invalid", { errors = errors }
end

--- Gives a ledger the state that holds the script in force: the one at hand where it does, else a new one.
---@param ledger tallystick.Ledger
---@param limits table?
---@param state? tallystick.Script
---@param held? string the text that the state holds
---@return boolean? sound
---@return string? message
---@return string? code
---@return table? details
local function take_script(ledger, limits, state, held)
  local stored, message, code, details = ledger:script()
  if not stored then return nil, message, code, details end
  if stored.text == "" then return core.take_script(ledger, nil, stored.version) end
  if state and stored.text == held then return core.take_script(ledger, state, stored.version) end
  state, message, code, details = script.new(limits)
  if not state then return nil, message, code, details end
  local checked, errors = script.load(state, stored.text, stored.name)
  if checked then return core.take_script(ledger, state, stored.version) end
  return nil, config.report(errors), "config-invalid", { errors = errors }
end

core.on_stale(take_script)

---Opens a ledger file, making it where there is none; `":memory:"` for one that is not kept.
---Errors: `config-invalid` (details.errors lists every mistake), `not-a-ledger`, `schema-newer`, `read-only`, `busy`,
---`io-error`, `corrupt`, `field-unknown`, `field-invalid`.
---@param path string
---@param options? tallystick.Options
---@return tallystick.Ledger? ledger
---@return string? message
---@return string? code
---@return table? details
function tallystick.open(path, options)
  local checked, message, code, details = options_of(path, options, nearest)
  if not checked then return nil, message, code, details end
  local state, held
  if checked.config then
    state, message, code, details = load_config(checked)
    if message then return nil, message, code, details end
    held = checked.config and checked.config.script.text
  end
  local ledger
  ledger, message, code, details = core.open(path, checked)
  if not ledger or checked.mode == "ro" then return ledger, message, code, details end
  local taken
  taken, message, code, details = take_script(ledger, checked.script_limits, state, held)
  if taken then return ledger end
  ledger:close()
  -- A ledger whose own script can no longer be read opens for reading only: by which rules would it write?
  if code ~= "config-invalid" then return nil, message, code, details end
  checked.mode = "ro"
  return core.open(path, checked)
end

-- What the core's readings lack for people. core.plain holds them as the core has them, however often this file runs.
local plain = core.plain

function methods:document(number, options)
  local document, message, code, details = plain.document(self, number, options)
  if not document then return nil, message, code, details end
  local invoice, mark = document.invoice, marks[document.status]
  document.mark = invoice and marks.format(document.status, { invoice = invoice }) or mark and mark.symbol or ""
  return document
end

function methods:info()
  local info, message, code, details = plain.info(self)
  if not info then return nil, message, code, details end
  -- Why a ledger opened for reading only where no one asked for that: its own script cannot be read.
  local read_only = info.mode == "ro" and info.script.text ~= ""
  if read_only then info.script.errors = select(2, config.check(info.script.text, info.script.name)) end
  return info
end

methods.follow = follow
methods.move = workflow.move
methods.stage = workflow.stage
methods.advance = workflow.advance
methods.receipt = printing.receipt
methods.statement = printing.statement

return tallystick
