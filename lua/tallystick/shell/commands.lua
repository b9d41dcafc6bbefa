-- The shell's own commands: write and read, dry-run, help, history, exit.
local exit = require "tallystick.cli.exit"
local grammar = require "tallystick.cli.grammar"
local parse = require "tallystick.cli.parse"
local words = require "tallystick.shell.words"

local commands = {}

local RUN = {}

-- ---- Writing and reading ----

local function missing(option, example)
  return ("%s is missing: write --actor NAME --reason \"why\"%s"):format(option, example or "")
end

function RUN.write(call)
  local args, session = call.args, call.session
  local actor = args.actor or session.actor or os.getenv "TALLYSTICK_ACTOR"
  if not actor or actor == "" then return call:misuse(missing "--actor") end
  if not args.reason or args.reason == "" then return call:misuse(missing "--reason") end
  local done, message, code, details = session:write(actor, args.reason, args.roles)
  if not done then return call:refuse(message, code, details) end
  local roles = args.roles and " with role " .. table.concat(args.roles, ", ") or ""
  session:tell(("writable for %s%s; what names no note gets %q; read goes back"):format(actor, roles, args.reason))
  return exit.DONE
end

function RUN.read(call)
  local done, message, code, details = call.session:read()
  if not done then return call:refuse(message, code, details) end
  return exit.DONE
end

-- ---- Trying ----

local function takes_dry_run(definition)
  for _, parameter in ipairs(definition.options) do
    if parameter.name == "dry_run" then return true end
  end
  return false
end

---Runs `dry-run COMMAND …`: the command with --dry-run, wherever that stands.
---@param session tallystick.shell.Session
---@param list string[]
---@return integer exit_code
function commands.prefixed(session, list)
  local name = list[1]
  local definition = name and grammar.find(name)
  if not name or name:find "^%-" then
    session:complain "dry-run needs a command, such as: dry-run pay F-00012 50"
    return exit.USAGE
  end
  if not definition or not takes_dry_run(definition) then
    session:complain(("dry-run goes before a command that writes; '%s' is none that it could try"):format(name))
    return exit.USAGE
  end
  local quoted = {}
  for index, word in ipairs(list) do quoted[index] = words.quote(word) end
  return require("tallystick.shell.dispatch").command(session, definition, table.move(list, 2, #list, 1, {}),
    { line = table.concat(quoted, " "), dry_run = true })
end

-- ---- Help ----

local LUA = [[
Anything else is Lua, with ledger, money("1.50"), _ (the last result), results
and tallystick at hand, such as:
   ledger:document "F-00012"
   for d in ledger:documents { open = true } do print(d.number) end
A number alone shows what it names: F-00012, R-00003, or #3 for a row of the
list just shown. help pay tells of one command. TAB completes commands,
options, numbers and names.]]

local function help_of_all(out)
  for _, section in ipairs(grammar.sections) do
    local lines = {}
    for _, definition in ipairs(grammar.commands) do
      if definition.section == section.name and definition.doors ~= "line" then
        lines[#lines + 1] = ("   %-14s %s\n"):format(definition.name, definition.summary)
      end
    end
    if #lines > 0 then out:raw(out:bold(section.title .. ":") .. "\n" .. table.concat(lines) .. "\n") end
  end
  out:raw(LUA .. "\n")
end

function RUN.help(call)
  local name = call.args.command
  if not name then
    help_of_all(call.output)
    return exit.DONE
  end
  local definition = grammar.find(name)
  if definition then
    local door = definition.doors == "line" and "line" or "shell"
    call.output:raw(parse.help(definition, door, call.output.window) .. "\n")
    return exit.DONE
  end
  local near = grammar.nearest(name, "shell")
  return call:misuse(("there is no command '%s'%s"):format(name, near and ("; did you mean '%s'?"):format(near) or ""))
end

-- ---- What was typed; leaving ----

function RUN.history(call)
  local lines = call.session.history and call.session.history.lines or {}
  local count = call.args.count or #lines
  for index = math.max(1, #lines - count + 1), #lines do
    call.output:say(("%5d  %s"):format(index, require("tallystick.width").printable(lines[index])))
  end
  return exit.DONE
end

function RUN.exit(call)
  call.session.leaving = true
  return exit.DONE
end

---@param call tallystick.cli.Call
---@return integer exit_code
function commands.run(call)
  return RUN[call.definition.name](call)
end

return commands
