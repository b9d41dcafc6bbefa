-- inside.lua - what the core calls in a script's own state: load a script, run its hooks (design.md §7).
local check = require "tallystick.config.check"
local context = require "tallystick.script.context"
local hooks = require "tallystick.script.hooks"

local run = { log = {} } ---@type tallystick.Run
local loaded ---@type { before: table<string, tallystick.Hook[]>, after: table<string, tallystick.Hook[]>, ctx: table }
local at_work ---@type tallystick.Hook?
local queue, first, last = {}, 1, 0 -- events that wait for their commit, from first to last
local step = 0 -- of the first event's hooks, how many have run

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
    ctx = context.new(run),
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
    at_work, run.refusal, run.intents = hook, nil, nil
    local verdict = hook.run(event, loaded.ctx)
    local refusal = run.refusal
    if verdict ~= nil or refusal then
      if verdict == nil then error(NOT_RETURNED, 0) end
      if verdict ~= refusal then
        error(("returned a %s; a hook returns nothing or ctx.refuse(code, message)"):format(type(verdict)), 0)
      end
      return hook.id, refusal.code, refusal.message
    end
  end
end

---Keeps the event of a command that has hooks after it, until its commit.
function inside.keep(command, event)
  last = last + 1
  queue[last] = { command = command, event = event }
end

---How many events wait; and forgets those after a number of them: they were taken back.
function inside.kept()
  return last - first + 1
end
function inside.forget(count)
  while last - first + 1 > count do
    queue[last] = nil
    last = last - 1
  end
end

---Runs the next hook after a commit: true where one ran, 0 after the last one of an event, false where no event is
---left.
---@return boolean|integer
function inside.after()
  if first > last then return false end
  local kept = queue[first]
  local list = loaded.after[kept.command] or {}
  step = step + 1
  local hook = list[step]
  if hook then
    at_work, run.intents = hook, nil
    hook.run(kept.event, loaded.ctx)
    return true
  end
  queue[first] = nil
  first, step = first + 1, 0
  if first > last then first, last = 1, 0 end
  return 0
end

---@param workflow integer
---@param transition integer
---@param name "when"|"action"
---@return function?
local function transition_function(workflow, transition, name)
  local declared = loaded.workflows[workflow]
  local one = declared.transitions[transition]
  run.refusal, run.intents = nil, nil
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
  if run.refusal and answer ~= run.refusal then
    error(NOT_RETURNED, 0)
  end
  intents.refusal = run.refusal
  return intents
end

---Lets the template of receipts change the blocks of one.
---@param blocks table[]
---@param data table
---@return table[]
function inside.template(blocks, data)
  run.refusal, run.intents = nil, nil
  at_work = { phase = "receipt", command = "template", id = "template" }
  local made = loaded.template(blocks, data)
  if type(made) ~= "table" then error(("returned a %s; return the blocks"):format(type(made)), 0) end
  return made
end

---The hook that is at work, for messages: phase, command, id and line.
function inside.hook()
  if not at_work then return nil end
  return at_work.phase, at_work.command, at_work.id, at_work.line
end

---What was logged since it was asked last.
function inside.log()
  local lines = run.log
  run.log = {}
  return lines
end

return inside
