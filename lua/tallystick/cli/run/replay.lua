-- tallystick replay: runs a command log (design §10) through a ledger.
local exit = require "tallystick.cli.exit"
local files = require "tallystick.files"
local log = require "tallystick.cli.log"
local open = require "tallystick.cli.open"
local progress = require "tallystick.cli.progress"
local save = require "tallystick.cli.save"
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"

local replay = {}

-- Long enough for another process to finish a large batch, short enough to notice that it hangs.
local BUSY_TIMEOUT_MS = 60000

-- A file that is no log has as many malformed lines as lines.
local MALFORMED_SHOWN_MAX = 20

---@class tallystick.cli.ReplayOptions
---@field batch? integer commands of one commit; without it each command commits by itself
---@field results? file* takes a line for each command once it is committed
---@field strict? boolean whether the first refusal ends the run
---@field progress? tallystick.cli.Progress
---@field malformed? fun(message: string) told of each line that is no command

---@class tallystick.cli.ReplayOutcome
---@field done integer
---@field refused integer
---@field replayed integer of those done: answered from an earlier run by their key
---@field codes table<string, integer> refusals by code
---@field committed integer the last line of which all is committed
---@field stopped? { line: integer, code: string, message: string, exit: integer } why it ended before the log did

-- What became of one line, until its commit: result or code and message.
local function attempt(ledger, command)
  local result, message, code = ledger[command.op](ledger, command.fields)
  if result then return { result = result } end
  return { code = code, message = message }
end

-- The same with a savepoint of its own: what a write that failed half-way undoes is then this command alone.
local function attempt_nested(transaction, command)
  local outcome
  local kept, message, code = transaction:transaction(function(inner)
    outcome = attempt(inner, command)
    if outcome.result then return true end
    return nil, outcome.message, outcome.code
  end)
  if kept or outcome and not outcome.result then return outcome end
  return { code = code, message = message }
end

local function attempt_line(line, run, ledger)
  if not line.command then return { code = "field-invalid", message = line.message } end
  return run(ledger, line.command)
end

local function ends_run(outcome, options)
  return exit.stops(outcome.code) or options.strict and outcome.code ~= nil
end

-- Runs the lines up to the first that ends the run, which is the last outcome then.
local function attempt_all(lines, run, ledger, options)
  local outcomes = {}
  for i, line in ipairs(lines) do
    outcomes[i] = attempt_line(line, run, ledger)
    if ends_run(outcomes[i], options) then break end
  end
  return outcomes
end

-- Runs the lines as one transaction, each by run. Gives their outcomes, or nil with message, code and outcomes so far.
local function transact(ledger, lines, run, options)
  local outcomes
  local committed, message, code = ledger:transaction(function(transaction)
    outcomes = attempt_all(lines, run, transaction, options)
    local last = outcomes[#outcomes]
    if exit.stops(last.code) then return nil, last.message, last.code end
    return true
  end, { allow_refusals = true })
  if committed then return outcomes end
  return nil, message, code, outcomes
end

-- Runs the lines as one commit. Gives their outcomes, or nil with the failure that undid them all and its line. A
-- command that is refused has written nothing; only where one failed while it wrote, or its sums did not fit, are all
-- run again, each with a savepoint.
local function commit(ledger, lines, options)
  if not options.batch then return attempt_all(lines, attempt, ledger, options) end
  local done, message, code, outcomes = transact(ledger, lines, attempt, options)
  if code == "transaction-poisoned" or code == "amount-overflow" then
    done, message, code, outcomes = transact(ledger, lines, attempt_nested, options)
  end
  if done then return done end
  local at_line = outcomes and exit.stops(outcomes[#outcomes].code)
  return nil, { code = code or "io-error", message = message }, lines[at_line and #outcomes or #lines]
end

local function count(outcome, line)
  if line.result then
    outcome.done = outcome.done + 1
    if line.result.replayed then outcome.replayed = outcome.replayed + 1 end
  else
    outcome.refused = outcome.refused + 1
    outcome.codes[line.code] = (outcome.codes[line.code] or 0) + 1
  end
end

local function stop(outcome, line, reason, exit_code)
  outcome.stopped = { line = line.number, code = reason.code, message = reason.message, exit = exit_code }
end

-- Books what is committed: counts it, and writes its lines of results.
local function book(outcome, lines, outcomes, options)
  for i, line_outcome in ipairs(outcomes) do
    local line = lines[i]
    if exit.stops(line_outcome.code) then return stop(outcome, line, line_outcome, exit.of(line_outcome.code)) end
    count(outcome, line_outcome)
    outcome.committed = line.number
    if options.results then
      options.results:write(line_outcome.result and log.done(line.number, line_outcome.result)
        or log.refused(line.number, line_outcome.code))
    end
    if ends_run(line_outcome, options) then stop(outcome, line, line_outcome, exit.REFUSED) end
  end
  local written, message = true, nil
  if options.results then written, message = options.results:flush() end
  if not written then stop(outcome, lines[#outcomes], { code = "io-error", message = message }, exit.BROKEN) end
end

local function run_lines(ledger, lines, outcome, options)
  local outcomes, failure, line = commit(ledger, lines, options)
  if outcomes then return book(outcome, lines, outcomes, options) end
  stop(outcome, line, failure, exit.of(failure.code, exit.BROKEN))
end

local function read_line(reader, number, line, options)
  local command, message, column = log.parse(line)
  if command then return { number = number, command = command } end
  local place = ("%s:%d:%d: %s"):format(reader.name, number, column, message)
  if options.malformed then options.malformed(place) end
  return { number = number, message = ("column %d: %s"):format(column, message) }
end

local function run_log(ledger, reader, outcome, options)
  local lines, size = {}, options.batch or 1
  for number, line, position in reader:lines() do
    lines[#lines + 1] = read_line(reader, number, line, options)
    if #lines >= size then
      run_lines(ledger, lines, outcome, options)
      lines = {}
    end
    if outcome.stopped then return end
    if options.progress then options.progress:show(outcome.done + outcome.refused, position, reader.bytes) end
  end
  if #lines > 0 then run_lines(ledger, lines, outcome, options) end
end

---Runs a log through a ledger. Ctrl-C ends it as a failing disk does: what is committed stays.
---@param ledger tallystick.Ledger
---@param reader tallystick.cli.Log
---@param options tallystick.cli.ReplayOptions
---@return tallystick.cli.ReplayOutcome
function replay.play(ledger, reader, options)
  local outcome = { done = 0, refused = 0, replayed = 0, codes = {}, committed = 0 }
  local finished, problem = xpcall(run_log, exit.explain, ledger, reader, outcome, options)
  if options.progress then options.progress:clear() end
  if finished then return outcome end
  if not exit.is_interrupt(problem) then error(problem, 0) end
  local reason = { code = "interrupted", message = "stopped by hand" }
  stop(outcome, { number = outcome.committed + 1 }, reason, exit.INTERRUPTED)
  return outcome
end

---Says in one line what a run did.
---@param outcome tallystick.cli.ReplayOutcome
---@param seconds number
---@return string
function replay.describe(outcome, seconds)
  local codes = {}
  for code in pairs(outcome.codes) do codes[#codes + 1] = code end
  table.sort(codes, function(a, b)
    local more, less = outcome.codes[a], outcome.codes[b]
    return more > less or more == less and a < b
  end)
  for i, code in ipairs(codes) do codes[i] = ("%s %s"):format(text.grouped(outcome.codes[code]), code) end
  local why = #codes > 0 and " (" .. table.concat(codes, ", ") .. ")" or ""
  return ("%s done, %s refused%s, %s replayed, in %s"):format(text.grouped(outcome.done), text.grouped(outcome.refused),
    why, text.grouped(outcome.replayed), text.duration(seconds))
end

local function complain_of_stop(args, reader, outcome)
  local stopped = outcome.stopped
  open.complain(("%s:%d: %s: %s"):format(reader.name, stopped.line, stopped.code, stopped.message or ""))
  if stopped.exit == exit.REFUSED then return end
  open.complain(outcome.committed == 0 and "no line of it is known to be committed"
    or ("lines 1 to %d are committed"):format(outcome.committed))
  if stopped.exit == exit.INTERRUPTED then
    open.complain "what was under way may be committed too: look before you run the rest"
  elseif args.log ~= "-" then
    open.complain(("to run the rest: tail -n +%d %s | tallystick replay %s -"):format(outcome.committed + 1, args.log,
      args.ledger))
  end
end

-- Tells of malformed lines, but not of all of them.
local function new_malformed(bar)
  local shown = 0
  return function(message)
    shown = shown + 1
    if shown > MALFORMED_SHOWN_MAX + 1 then return end
    bar:clear()
    open.complain(shown <= MALFORMED_SHOWN_MAX and message or "and more malformed lines, which are not shown")
  end
end

-- What speaks against the paths before anything is made, if anything does.
local function check_paths(args)
  local results = args.results
  if results and results ~= "-" and (results == args.log or results == args.ledger) then
    return nil, results .. ": the results would overwrite it"
  end
  -- In this order: who makes a ledger just now has its file before its log.
  local free, message = files.has_no_log(args.ledger)
  if free or files.exists(args.ledger) then return true end
  return nil, message
end

-- Asked once the ledger is there: it may be made by this very run.
local function open_results(args)
  local path = args.results
  if not path then return nil end
  if path == "-" then return io.stdout end
  if files.is_same(path, args.log) or save.is_of_ledger(path) then
    return nil, path .. ": the results would overwrite it"
  end
  if not files.exists(path) then
    local made, message = files.make_private(path)
    if not made then return nil, message end
  end
  return io.open(path, "wb")
end

local function run_opened(args, ledger, reader, results)
  local bar = progress.start("replaying", not args.quiet and terminal.is_live(2))
  local started = terminal.now()
  local outcome = replay.play(ledger, reader, {
    batch = args.batch, results = results, strict = args.strict, progress = bar,
    malformed = not args.quiet and new_malformed(bar) or nil,
  })
  if outcome.stopped then complain_of_stop(args, reader, outcome) end
  if not args.quiet then
    local out = results == io.stdout and io.stderr or io.stdout
    out:write(replay.describe(outcome, terminal.now() - started), "\n")
  end
  return outcome.stopped and outcome.stopped.exit or exit.DONE
end

---@param call tallystick.cli.Call
---@return integer exit_code
function replay.run(call)
  local args = call.args
  local sound, wrong = check_paths(args)
  if not sound then
    open.complain(wrong)
    return exit.USAGE
  end
  local reader <close>, message = log.open(args.log)
  if not reader then
    open.complain(message)
    return exit.USAGE
  end
  local ledger <close>, exit_code = open.ledger(args.ledger, { config = args.config, busy_timeout = BUSY_TIMEOUT_MS })
  if not ledger then return exit_code end
  local results, failure = open_results(args)
  if failure then
    open.complain(failure)
    return exit.USAGE
  end
  exit_code = run_opened(args, ledger, reader, results)
  if results and results ~= io.stdout and not results:close() then exit_code = exit.BROKEN end
  return exit_code
end

return replay
