-- check.lua - runs the text of a script and checks what it declares; in the script's own state.
local builder = require "tallystick.config.builder"
local environment = require "tallystick.script.environment"
local mistakes = require "tallystick.config.mistakes"
local workflow = require "tallystick.config.workflow"

-- A ledger keeps the text of its script with every version of it; a megabyte is thousands of payment types.
local TEXT_BYTES_MAX = 1024 * 1024

-- What Lua says in a runtime error can hold strings of the script.
local MESSAGE_BYTES_MAX = 400

---@class tallystick.ConfigField
---@field name string
---@field type "string"|"integer"|"boolean"|"date"
---@field required boolean
---@field pattern string?

---@class tallystick.ConfigType
---@field id string
---@field label table<string, string> by language; under "" where one serves for all
---@field effect "money"|"credit"|"discount"|"loss"
---@field default boolean
---@field consultation boolean whether it settles consultations
---@field invoice boolean whether it settles invoices
---@field group_required boolean
---@field groups string[] empty where any will do
---@field fields tallystick.ConfigField[] sorted by name
---@field round_to string?
---@field excess "refuse"|"change"|"credit"
---@field max string?
---@field roles string[] empty where anyone may use it
---@field account string?
---@field retired boolean

---@class tallystick.Config
---@field currency string? ISO 4217
---@field language string?
---@field numbering table<string, string>? formats by kind: consultation, invoice, payment
---@field types tallystick.ConfigType[]? in order of declaration; nil where the script declares none
---@field permits table<string, string[]> roles by command
---@field workflows tallystick.Workflow[]
---@field hooks { phase: string, command: string, id: string }[] in order of declaration
---@field receipt { head: string[]?, has_template: boolean }
---@field script { name: string, text: string }

---@param fields table<string, table>?
---@return tallystick.ConfigField[]
local function sorted_fields(fields)
  local sorted = {}
  for name, field in pairs(fields or {}) do
    sorted[#sorted + 1] = { name = name, type = field.type, required = field.required, pattern = field.pattern }
  end
  table.sort(sorted, function(left, right) return left.name < right.name end)
  return sorted
end

---@param declared table as the schema gives it, without mistakes
---@return tallystick.ConfigType
local function normalize_type(declared)
  local applies = {}
  for _, kind in ipairs(declared.applies_to) do applies[kind] = true end
  local group = declared.group or { required = false }
  return {
    id = declared.id,
    label = declared.label or { [""] = declared.id },
    effect = declared.effect,
    default = declared.default,
    consultation = applies.consultation or false,
    invoice = applies.invoice or false,
    group_required = group.required,
    groups = group.one_of or {},
    fields = sorted_fields(declared.fields),
    round_to = declared.round_to,
    excess = declared.excess,
    max = declared.max,
    roles = declared.roles or {},
    account = declared.account,
    retired = declared.retired,
  }
end

---The hooks by what they guard, such as `before pay`, in order of declaration.
---@param hooks tallystick.Hook[]
---@return { phase: string, command: string, id: string }[]
local function hooked_commands(hooks)
  local list = {}
  for index, hook in ipairs(hooks) do list[index] = { phase = hook.phase, command = hook.command, id = hook.id } end
  return list
end

---@param draft tallystick.Draft without mistakes
---@param text string
---@param name string
---@return tallystick.Config
local function normalize(draft, text, name)
  local types, workflows, receipt = {}, {}, draft.receipt or {}
  for index, declared in ipairs(draft.workflows) do workflows[index] = workflow.plain(declared) end
  for index, declared in ipairs(draft.types) do types[index] = normalize_type(declared.payment_type) end
  return {
    currency = draft.currency,
    language = draft.language,
    numbering = draft.numbering,
    types = #types > 0 and types or nil,
    permits = draft.permits,
    workflows = workflows,
    hooks = hooked_commands(draft.hooks),
    receipt = { head = receipt.head, has_template = receipt.template ~= nil },
    -- A ledger travels; the folders of the machine where its script was written are nobody else's business.
    script = { name = name:match "([^/\\]+)$" or name, text = text },
  }
end

---What keeps a text from being a script at all, and the line it stands on.
---@param text string
---@return string? fault
---@return integer? line
local function text_fault(text)
  if #text > TEXT_BYTES_MAX then
    return ("the script has more than %d bytes"):format(TEXT_BYTES_MAX), 1
  end
  if text:sub(1, 1) == "\27" then return "the script is compiled; give its source text", 1 end
  local nul = text:find("\0", 1, true)
  local _, broken = utf8.len(text)
  local at = nul or broken
  if not at then return nil end
  local _, breaks = text:sub(1, at):gsub("\r\n?", "\n"):gsub("\n", "")
  return nul and "the script has a NUL byte" or "the script is not valid UTF-8", breaks + 1
end

---@param list tallystick.Mistakes
---@return fun(name: any, line: integer?) on_global notes each global once
local function global_refuser(list)
  local seen = {}
  return function(name, line)
    local shown = type(name) == "string" and mistakes.printable(name, 40) or mistakes.show(name)
    if seen[shown] or list.full then return end
    seen[shown] = true
    list:place(line or 1, "script"):refuse(("the script sets the global %s"):format(shown), {
      expected = "local " .. shown,
    })
  end
end

---Runs a sound text and checks what it declares.
---@param text string
---@param list tallystick.Mistakes
---@return tallystick.Draft
local function run(text, list)
  local proxy, draft = builder.new(list)
  local complete, message, line = environment.run(text, proxy, global_refuser(list))
  builder.finish(draft, complete)
  if not complete then
    list:note(line or draft.line, "script", mistakes.printable(message, MESSAGE_BYTES_MAX))
  end
  return draft
end

---Checks the text of a script. It raises nothing but the end of the budget, and reports every mistake at once.
---@param text string
---@param name string how mistakes call the file; its last part is kept in the ledger
---@return tallystick.Config? config
---@return tallystick.Mistake[]? errors sorted by line
---@return tallystick.Hook[]? hooks in order of declaration
---@return table[]? workflows with their functions, in order of declaration
---@return function? template of receipts
return function(text, name)
  local list = mistakes.new(name)
  local fault, line = text_fault(text)
  if fault then
    list:note(line, "script", fault)
    return nil, list:sorted()
  end
  local draft = run(text, list)
  if #list.found > 0 then return nil, list:sorted() end
  return normalize(draft, text, name), nil, draft.hooks, draft.workflows, draft.receipt and draft.receipt.template
end
