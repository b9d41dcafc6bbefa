-- Decides what a line is: a command of the grammar, a number to look at, or Lua; and runs it.
local call = require "tallystick.cli.call"
local chunk = require "tallystick.shell.chunk"
local exit = require "tallystick.cli.exit"
local grammar = require "tallystick.cli.grammar"
local parse = require "tallystick.cli.parse"
local pick = require "tallystick.shell.pick"
local terminal = require "tallystick.cli.terminal"
local words = require "tallystick.shell.words"

local dispatch = {}

-- ---- What a line is ----

---The command that a line begins with. What assigns, calls or indexes a name is Lua, also where a command has it.
---@param line string
---@return tallystick.cli.CommandDefinition?
function dispatch.command_of(line)
  local name, rest = line:match "^%s*(%a[%w_-]*)(.*)$"
  local definition = name and grammar.find(name)
  if not definition or not rest:find "^%s" and rest ~= "" then return nil end
  return not rest:find "^%s*[=(,]" and definition or nil
end

-- What follows a name where both are words of a command: in Lua no name, number or string follows one.
local JUXTAPOSED = "^%s+[%w_#'\"-]"

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
  until while]]):gmatch "%S+" do
  KEYWORDS[word] = true
end

-- A mistyped command: a name that neither the grammar nor Lua knows, alone or with words behind it.
local function unknown_command(session, line)
  local name, rest = line:match "^%s*([%a_][%w_]*)(.*)$"
  if not name or KEYWORDS[name] or session.environment[name] ~= nil then return nil end
  local hyphened, behind = line:match "^%s*(%a[%w_]*%-%a[%w_-]*)(.*)$"
  if hyphened and grammar.nearest(hyphened, "shell") then name, rest = hyphened, behind end
  return (rest:find "^%s*$" or rest:find(JUXTAPOSED)) and name or nil
end

---Whether a line goes on in the next: an open quote or a backslash at the end of a command, a chunk of Lua that is not
---whole.
---@param session tallystick.shell.Session
---@param text string
---@return string? joint what stands between the two lines
---@return string? text the first of them without what says so
function dispatch.continues(session, text)
  if not dispatch.command_of(text) then
    local is_open = not unknown_command(session, text) and chunk.is_incomplete(text)
    return is_open and "\n" or nil, text
  end
  local read = words.read(text)
  if read.escaped then return "", text:sub(1, -2) end
  return read.quote and "\n" or nil, text
end

-- ---- Commands ----

-- Writes with a handle that is open for this one command, where the shell's own only reads.
local function with_writable(session, body)
  local ledger <close>, message, code, details = session:open { actor = session.actor, roles = session.roles }
  if not ledger then return nil, message, code, details end
  return body(ledger)
end

local function has_parameter(definition, name)
  for _, parameter in ipairs(definition.options) do
    if parameter.name == name then return true end
  end
  return false
end

-- What a person can do who wanted to write: the most, and what needs no right to write.
local function ways_on(definition, line)
  local ways = { { 'write --actor NAME --reason "why"', "makes it writable" } }
  if has_parameter(definition, "dry_run") then ways[2] = { "dry-run " .. line, "shows what it would do" } end
  if definition.reads_with then ways[2] = { line .. " --" .. definition.reads_with, "only reads" } end
  return ways
end

local function refuse_to_write(definition, made, line)
  local exit_code = made:refuse("the ledger is open read-only, so nothing was written", "read-only")
  if made.output.format == "json" then return exit_code end
  for _, way in ipairs(ways_on(definition, line)) do io.stderr:write("   ", way[1], "   ", way[2], "\n") end
  return exit_code
end

local function keep(session, exit_code, result)
  if result ~= nil then session:keep(result) end
  return exit_code
end

-- Runs a command that writes, by whatever handle may.
local function run_writing(session, definition, made, line)
  local run = require(definition.run).run
  local args = made.args
  if session.mode == "rw" then
    if session.reason and args.note == nil and has_parameter(definition, "note") then args.note = session.reason end
    return keep(session, run(made))
  end
  if not args.dry_run then return refuse_to_write(definition, made, line) end
  local exit_code, message, code, details = with_writable(session, function(ledger)
    made.ledger = ledger
    return run(made)
  end)
  return exit_code or made:refuse(message, code, details)
end

local function run_call(session, definition, made, line)
  if grammar.mode(definition, made.args) == "rw" then return run_writing(session, definition, made, line) end
  return keep(session, require(definition.run).run(made))
end

local function format_of(args)
  return args.json and "json" or args.csv and "csv" or "text"
end

local function misuse(session, message, usage)
  session:complain(message)
  if usage then io.stderr:write(usage, "\n") end
  return exit.USAGE
end

-- Who asked for JSON gets it also where the other words were wrong.
local function misuse_of(session, definition, list, message, usage)
  for _, word in ipairs(list) do
    if word == "--json" then
      return call.new({ definition = definition, output = session:output("json"), door = "shell" }):misuse(message)
    end
  end
  return misuse(session, message, usage)
end

-- Commands that write and then show what may be long: who leaves a pager early does not stop them half-way.
local SHOWN_WHEN_DONE = { receipt = true, close = true }

-- What a command shows may be long; what it says of a write, or draws anew, is not for a pager.
local function is_paged(definition)
  return not definition.live and (definition.ledger ~= "rw" or SHOWN_WHEN_DONE[definition.name] == true)
end

local function run_parsed(session, definition, args, line)
  local out, finish = session:output(format_of(args), is_paged(definition))
  local made = call.new { definition = definition, args = args, ledger = session.ledger, path = session.path,
    output = out, door = "shell", session = session }
  return session:run(function()
    local _ <close> = setmetatable({}, { __close = finish })
    return run_call(session, definition, made, line)
  end, { left = function() return made:left() end })
end

---Runs a command.
---@param session tallystick.shell.Session
---@param definition tallystick.cli.CommandDefinition
---@param list string[] the words behind its name
---@param options { line: string, dry_run?: boolean, is_meant?: boolean } is_meant: no word of it points at a row
---@return integer exit_code
function dispatch.command(session, definition, list, options)
  if definition.doors == "line" then
    return misuse(session, ("%s is a command of the command line: tallystick %s …"):format(definition.name,
      definition.name))
  end
  if definition.prefix then return require(definition.run).prefixed(session, list) end
  if parse.asks_for_help(list) then
    io.stdout:write(parse.help(definition, "shell", terminal.window(1)), "\n")
    return exit.DONE
  end
  local args, message, usage = parse.words(definition, list, "shell", terminal.window(2))
  if not args then return misuse_of(session, definition, list, message, usage) end
  local picked = options.is_meant
  if not picked then picked, message = pick.resolve(session, definition, args, list) end
  if not picked then return misuse_of(session, definition, list, message) end
  if options.dry_run then args.dry_run = true end
  return run_parsed(session, definition, args, options.line)
end

-- ---- Numbers alone ----

local function show_number(session, what, number)
  return dispatch.command(session, grammar.find(what), { number }, { line = what .. " " .. number, is_meant = true })
end

-- A line that is one number of the ledger's, or points at a row, shows what it names.
local function number_of(session, line)
  local word = line:match "^%s*(%S+)%s*$"
  if not word then return nil end
  local place = word:match "^#(%d+)$"
  if place then return pick.lone(session, place) end
  if not word:find "%d" or not word:find "^%a[%w._/-]*$" then return nil end
  if session.ledger:document(word) then return "document", word end
  if session.ledger:payment(word) then return "payment", word end
  if word:find "^%u+%-%d+$" then return nil, ("no document and no payment has the number %q"):format(word) end
  return nil
end

-- ---- Lines ----

local function complain_of_name(session, name)
  local near = grammar.nearest(name, "shell")
  local hint = near and ("; did you mean '%s'?"):format(near) or "; help lists the commands"
  return misuse(session, ("there is no command '%s', and no value of this name"):format(name) .. hint)
end

---Runs one whole line.
---@param session tallystick.shell.Session
---@param line string
---@return integer exit_code
function dispatch.line(session, line)
  if not line:find "%S" then return exit.DONE end
  if not session:ensure() then return exit.BROKEN end
  local definition = dispatch.command_of(line)
  if definition then
    local list, message = words.split(line)
    if not list then return misuse(session, message) end
    local behind = table.move(list, 2, #list, 1, {})
    return dispatch.command(session, definition, behind, { line = line:match "^%s*(.-)%s*$" })
  end
  local what, number = number_of(session, line)
  if what then return show_number(session, what, number) end
  if number then return misuse(session, number) end
  local unknown = unknown_command(session, line)
  if unknown then return complain_of_name(session, unknown) end
  return chunk.run(session, line)
end

return dispatch
