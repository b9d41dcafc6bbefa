-- The command line: finds the command in the grammar, opens its ledger, runs it, and turns what happens into an exit
-- code. The ledger itself loads only when a command runs, so that --help and a typing mistake are answered at once.
local exit = require "tallystick.cli.exit"
local grammar = require "tallystick.cli.grammar"

local cli = {}

local USAGE = "Usage: tallystick [-h] [--version] <command> …"

local EXIT_CODES = [[
Exit codes:
   0 done; 1 the ledger refused it; 2 the arguments, the configuration or a file's rights are wrong;
   3 another process holds the ledger; 4 the ledger is damaged or its storage failed; 130 interrupted]]

-- The list of all commands, by section.
local function help()
  local lines = { USAGE, "", "A payment ledger for clinics." }
  for _, section in ipairs(grammar.sections) do
    local title = "\n" .. section.title .. ":"
    for _, definition in ipairs(grammar.commands) do
      if definition.section == section.name and grammar.is_at(definition, "line") then
        if title then lines[#lines + 1], title = title, nil end
        lines[#lines + 1] = ("   %-14s %s"):format(definition.name, definition.summary)
      end
    end
  end
  lines[#lines + 1] = "\ntallystick COMMAND --help tells of one command; tallystick shell LEDGER is where to begin.\n"
  lines[#lines + 1] = EXIT_CODES
  return table.concat(lines, "\n")
end

local function complain_of_usage(message, usage)
  io.stderr:write("tallystick: ", message, "\n", usage or USAGE, "\n")
  return exit.USAGE
end

local function complain_of_command(name)
  if name:find "^%-" then return complain_of_usage(("unknown option '%s'"):format(name)) end
  if grammar.find(name) then
    return complain_of_usage(("'%s' is a command of the shell: tallystick shell LEDGER"):format(name))
  end
  local near = grammar.nearest(name, "line")
  local hint = near and ("\nDid you mean '%s'?"):format(near) or ""
  return complain_of_usage(("unknown command '%s'"):format(name) .. hint)
end

-- What the command line answers without a command of the grammar.
local ALONE = {
  ["--help"] = function() return help() end,
  ["--version"] = function() return "tallystick " .. require("tallystick.core").version end,
}
ALONE["-h"], ALONE.help = ALONE["--help"], ALONE["--help"]

local function format_of(args)
  return args.json and "json" or args.csv and "csv" or "text"
end

local function new_call(definition, args)
  local terminal = require "tallystick.cli.terminal"
  return require("tallystick.cli.call").new {
    definition = definition, args = args, path = args.ledger, door = "line",
    output = require("tallystick.cli.output").new {
      format = format_of(args), colour = terminal.has_colour(1), window = terminal.window(1),
    },
  }
end

-- Runs a command on the ledger that it names. A ledger that a person names is not made where there is none.
local function run_opened(definition, call)
  local run = require(definition.run).run
  local mode = grammar.mode(definition, call.args)
  if not mode then return run(call) end
  local open = require "tallystick.cli.open"
  local ledger <close>, exit_code = open.for_call(call, { mode = mode })
  if not ledger then return exit_code end
  call.ledger = ledger
  return run(call)
end

-- What became of the output, or of reading the ledger: no fault of this program.
local function report_failure(problem, call)
  if problem.is_pipe then return exit.READER_GONE end
  local after = call.so_far and "; " .. call.so_far or ""
  if problem.unwritable then
    call:complain("the output cannot be written: " .. problem.unwritable .. after, problem.code)
    return exit.of(problem.code, exit.USAGE)
  end
  return call:refuse(problem.message .. after, problem.code)
end

local function report(problem, call)
  if exit.is_interrupt(problem) then
    local after = call:left()
    io.stderr:write("\ntallystick: interrupted", after and "; " .. after or "", "\n")
    return exit.INTERRUPTED
  end
  if type(problem) == "table" then return report_failure(problem, call) end
  io.stderr:write("tallystick: an error of the program itself: ", tostring(problem), "\n")
  return exit.FAULT
end

-- What was written may still wait in this process: only now it shows whether it could be.
local function finish(exit_code)
  require("tallystick.cli.output").finish()
  return exit_code
end

-- Who asked for JSON gets it also where the other words were wrong.
local function complain_of_words(definition, words, message, usage)
  for _, word in ipairs(words) do
    if word == "--json" then return new_call(definition, { json = true }):misuse(message) end
  end
  return complain_of_usage(message, usage)
end

local function run(definition, words)
  local parse, terminal = require "tallystick.cli.parse", require "tallystick.cli.terminal"
  if parse.asks_for_help(words) then
    print(parse.help(definition, "line", terminal.window(1)))
    return exit.DONE
  end
  local args, message, usage = parse.words(definition, words, "line", terminal.window(2))
  if not args then return complain_of_words(definition, words, message, usage) end
  local call = new_call(definition, args)
  local ran, result = xpcall(run_opened, exit.explain, definition, call)
  if ran then ran, result = xpcall(finish, exit.explain, result) end
  return ran and result or report(result, call)
end

---Runs the command line.
---@param arguments string[] as Lua's arg
---@return integer exit_code
function cli.main(arguments)
  local name = arguments[1]
  if not name then return complain_of_usage "a command is required; tallystick --help lists them" end
  local definition = grammar.find(name)
  if definition and not grammar.is_at(definition, "line") then definition = nil end
  if ALONE[name] and not (definition or name == "help" and arguments[2]) then
    print(ALONE[name]())
    return exit.DONE
  end
  if name == "help" then return cli.main { arguments[2], "--help" } end
  if not definition then return complain_of_command(name) end
  if not pcall(require, "argparse") then
    io.stderr:write "tallystick: the command line needs argparse (Debian: apt-get install lua-argparse)\n"
    return exit.USAGE
  end
  -- What a command makes lives for a moment and is little: fewer rounds of the collector save a twentieth of a replay.
  collectgarbage("incremental", 400, 400)
  return run(definition, table.move(arguments, 2, #arguments, 1, {}))
end

return cli
