-- inside.lua - what the core calls in a script's own state: load a script, run its hooks (design.md §7).
local check = require "tallystick.config.check"
local context = require "tallystick.script.context"
local event_of = require "tallystick.script.event".of
local hooks = require "tallystick.script.hooks"

local run = { log = {} } ---@type tallystick.Run
local loaded ---@type { before: table<string, tallystick.Hook[]>, after: table<string, tallystick.Hook[]>, ctx: table }
local at_work ---@type tallystick.Hook?

---An event whose `after` hooks are to run, and what they read of its command.
---@class tallystick.KeptEvent
---@field command string
---@field event table
---@field facts table

local waiting = {} ---@type tallystick.KeptEvent[] for their commit
-- Lists of events that were committed, the latest last: a host that is told of a failure may run commands of its own,
-- whose hooks run before the rest.
local batches = {} ---@type { events: tallystick.KeptEvent[], at: integer, step: integer }[]

local NOT_RETURNED = "called ctx.refuse and did not return what it gives; write return ctx.refuse(…)"

local inside = {}

local function names_of(lists)
  local names = {}
  for command in pairs(lists) do names[command] = true end
  return names
end

---Checks a script and runs it; what was loaded before stays where this one is broken.
---@param text string
---@param name string
---@return tallystick.Config? config
---@return tallystick.Mistake[]? errors
---@return { before: table<string, boolean>, after: table<string, boolean> }? hooked
function inside.load(text, name)
  local config, errors, declared, workflows, template = check(text, name)
  if not config then return nil, errors end
  loaded = {
    workflows = workflows, template = template,
    before = hooks.by_command(declared, "before"), after = hooks.by_command(declared, "after"),
    ctx = context.new(run, workflows),
  }
  return config, nil, { before = names_of(loaded.before), after = names_of(loaded.after) }
end

---Runs the hooks before a command.
---@param command string
---@param event any
---@return string? rule of the hook that refuses
---@return string? code
---@return string? message
function inside.before(command, event)
  local list = loaded.before[command]
  for index = 1, #list do
    local hook = list[index]
    at_work, run.refusal, run.intents, run.facts = hook, nil, nil, nil
    local verdict = hook.run(event, loaded.ctx)
    local refusal = run.refusal
    if verdict ~= nil or refusal then
      if verdict == nil then error(NOT_RETURNED, 0) end
      if not refusal or not rawequal(verdict, refusal.token) then
        error(("returned a %s; a hook returns nothing or ctx.refuse(code, message)"):format(type(verdict)), 0)
      end
      return hook.id, refusal.code, refusal.message
    end
  end
end

---Keeps the event of a command that has hooks after it, until its commit.
---@param index integer its place among those that wait; what stood there was taken back
---@param command string
---@param fields table
function inside.keep(index, command, fields)
  waiting[index] = { command = command, event = event_of(fields), facts = context.facts() }
end

---Takes the events that wait as committed, a number of them: any others were taken back.
---@param count integer
function inside.committed(count)
  for index = #waiting, count + 1, -1 do waiting[index] = nil end
  batches[#batches + 1] = { events = waiting, at = 1, step = 0 }
  waiting = {}
end

---Goes on to the next hook of the latest list: true where there is one, 0 after the last one of an event, false where
---no event is left.
---@return boolean|integer
function inside.next()
  local batch = batches[#batches]
  local kept = batch.events[batch.at]
  if not kept then
    batches[#batches] = nil
    return false
  end
  local list = loaded.after[kept.command]
  batch.step = batch.step + 1
  if list and list[batch.step] then return true end
  batch.events[batch.at] = false
  batch.at, batch.step = batch.at + 1, 0
  return 0
end

---Runs the hook that `next` found.
function inside.after()
  local batch = batches[#batches]
  local kept = batch.events[batch.at]
  local hook = loaded.after[kept.command][batch.step]
  at_work, run.intents, run.facts = hook, nil, kept.facts
  hook.run(kept.event, loaded.ctx)
end

---@param workflow integer
---@param transition integer
---@param name "when"|"action"
---@return function?
local function transition_function(workflow, transition, name)
  local declared = loaded.workflows[workflow]
  local one = declared.transitions[transition]
  run.refusal, run.intents, run.facts = nil, nil, nil
  at_work = { phase = name, command = one.from .. ">" .. one.to, id = declared.id, line = declared.line }
  return one[name]
end

---Whether a document may go on.
---@return boolean
function inside.when(workflow, transition, document)
  local when = transition_function(workflow, transition, "when")
  local answer = when(document, loaded.ctx)
  if answer ~= nil and type(answer) ~= "boolean" then
    error(("returned a %s; return true or false"):format(type(answer)), 0)
  end
  return answer or false
end

---What is to be done as a document goes on.
---@return table intents refusal, charges, note, event
function inside.action(workflow, transition, document)
  local action = transition_function(workflow, transition, "action")
  run.intents = { charges = {} }
  local answer = action(document, loaded.ctx)
  local intents = run.intents
  run.intents = nil
  local refusal = run.refusal
  if refusal and not rawequal(answer, refusal.token) then error(NOT_RETURNED, 0) end
  if answer ~= nil and not refusal then
    error(("returned a %s; an action returns nothing or ctx.refuse(code, message)"):format(type(answer)), 0)
  end
  intents.refusal = refusal and { code = refusal.code, message = refusal.message }
  return intents
end

---Lets the template of receipts change the blocks of one.
---@param blocks table[]
---@param data table
---@return table[]
function inside.template(blocks, data)
  run.refusal, run.intents = nil, nil
  at_work = { phase = "receipt", command = "template", id = "template" }
  -- Loaded with the first receipt that a template changes: most scripts have none.
  local lang = require("tallystick.labels").language(data.lang)
  local made = loaded.template(blocks, data, require "tallystick.receipt.tools"(lang, data.types))
  if type(made) ~= "table" then error(("returned a %s; return the blocks"):format(type(made)), 0) end
  return made
end

---The hook that is at work, for messages: phase, command, id and line.
function inside.hook()
  if not at_work then return nil end
  return at_work.phase, at_work.command, at_work.id, at_work.line
end

---What was logged since it was asked last: each line with its end; nil where there is nothing.
---@return string?
function inside.log()
  local lines = run.log
  if #lines == 0 then return nil end
  run.log = {}
  return table.concat(lines, "\n") .. "\n"
end

return inside
