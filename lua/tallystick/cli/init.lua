-- The command line: finds the subcommand, runs it, and turns what happens into an exit code.
local exit = require "tallystick.cli.exit"

local cli = {}

-- In the order in which --help lists them. Each is a module of this folder:
-- { name, summary, define(parser) says what arguments it takes, run(args) gives the exit code, interrupted says what an
-- interruption leaves }.
-- They load the ledger itself only when they run, so that --help and a typing mistake are answered at once.
local SUBCOMMANDS = { "advance", "check", "replay", "verify" }

local EXIT_CODES = [[
exit codes:
  0 done; 1 a command was refused (--strict); 2 the arguments, the configuration or a file's rights are wrong;
  3 another process holds the ledger; 4 the ledger is damaged or its storage failed; 130 interrupted]]

local function print_version()
  print("tallystick " .. require("tallystick").version)
  os.exit(exit.DONE, true)
end

local function complain_of_usage(parser, message)
  io.stderr:write("tallystick: ", message, "\n", parser:get_usage(), "\n")
  os.exit(exit.USAGE, true)
end

local function define(argparse)
  local parser = argparse("tallystick", "A payment ledger for clinics.", EXIT_CODES)
  parser.error = complain_of_usage
  parser:command_target "command"
  parser:flag("--version", "Print the version and exit."):action(print_version)
  local subcommands = {}
  for _, name in ipairs(SUBCOMMANDS) do
    local subcommand = require("tallystick.cli." .. name)
    local command = parser:command(subcommand.name, subcommand.summary .. "."):summary(subcommand.summary)
    subcommand.define(command)
    subcommands[subcommand.name] = subcommand
  end
  return parser, subcommands
end

local function report(problem, subcommand)
  if exit.is_interrupt(problem) then
    local after = subcommand.interrupted
    io.stderr:write("\ntallystick: interrupted", after and "; " .. after or "", "\n")
    return exit.INTERRUPTED
  end
  io.stderr:write("tallystick: an error of the program itself: ", tostring(problem), "\n")
  return exit.FAULT
end

---Runs the command line.
---@param arguments string[] as Lua's arg
---@return integer exit_code
function cli.main(arguments)
  local found, argparse = pcall(require, "argparse")
  if not found then
    io.stderr:write "tallystick: the command line needs argparse (Debian: apt-get install lua-argparse)\n"
    return exit.USAGE
  end
  -- What a command makes lives for a moment and is little: fewer rounds of the collector save a twentieth of a replay.
  collectgarbage("incremental", 400, 400)
  local parser, subcommands = define(argparse)
  local args = parser:parse(arguments)
  local ran, result = xpcall(subcommands[args.command].run, exit.explain, args)
  return ran and result or report(result, subcommands[args.command])
end

return cli
