-- One history, three ways: each command in a commit of its own; in transactions of any size, with nested ones, some
-- rolled back; and through several handles on one file in turns. Every answer and all that can be read must be the
-- same, whatever was tried, rolled back or read in between (design.md §7).
--
-- HISTORIES is the number of seeds, HISTORIES_FIRST the first of them; `make histories` runs many.
local helper = require "spec.helper"
local histories = require "spec.histories"

local one_in <const> = histories.one_in
local FIRST <const> = tonumber(os.getenv "HISTORIES_FIRST") or 1
local SEEDS <const> = tonumber(os.getenv "HISTORIES") or 12
local COMMANDS <const> = 60
local COMMANDS_SHOWN <const> = 4

---@class spec.History
---@field seed integer
---@field commands spec.Command[]
---@field answers string[] what each command answered in a commit of its own
---@field accepted boolean[]
---@field states table<integer, string> all that could be read after it; before the first, at 0
---@field clock spec.Clock of all its ledgers
---@field way string how it is run now
---@field index integer where it is

-- ---- What must agree ----

local function assert_same(what, expected, got)
  if expected ~= got then error(what .. " differs\n" .. histories.difference(expected, got), 0) end
end

local function go_to(history, index)
  history.index, history.clock.now = index, histories.time(index)
end

local function assert_state(history, ledger, index)
  go_to(history, index)
  assert_same("what is read", history.states[index], histories.state(ledger))
end

-- One document is read as it is kept, where reading everything would first write what is held back.
local function assert_document(history, ledger, index)
  go_to(history, index)
  local number = histories.document()
  local expected = histories.find_document(history.states[index], number)
  assert_same("a document", expected, histories.tell_document(ledger, number))
end

-- Looks at a ledger that must be as after a command, or not.
local function maybe_look(history, ledger, index)
  if one_in(3) then assert_document(history, ledger, index) end
  if one_in(6) then assert_state(history, ledger, index) end
  if one_in(20) then assert(ledger:verify()) end
end

-- A transaction that only reads, of a handle that may not have seen yet what another one wrote.
local function look_in_transaction(history, ledger, index)
  assert(ledger:transaction(function(tx)
    maybe_look(history, tx, index)
    return true
  end))
end

-- ---- What must leave no trace ----

local STOP <const> = {}

local function roll_back(ledger, run)
  local raises = one_in(2)
  local done, problem = pcall(ledger.transaction, ledger, function(tx)
    run(tx)
    if raises then error(STOP) end
    return nil, "undone"
  end)
  if not done and problem ~= STOP then error(problem, 0) end
end

local function try_anything(history, tx, depth)
  for _ = 1, math.random(4) do
    local command = history.commands[math.random(#history.commands)]
    histories.answer(tx, command, { key = one_in(2) and "tried-" .. math.random(1000) or nil })
    if one_in(3) then tx:document(histories.document()) end
    if one_in(12) then histories.state(tx) end
    if depth < 3 and one_in(4) then
      roll_back(tx, function(inner) try_anything(history, inner, depth + 1) end)
    end
  end
end

-- A dry run must answer what the command will; only a replay is told as such.
local function try_dry(history, tx, index)
  local answer = histories.answer(tx, history.commands[index], { dry_run = true })
  if history.answers[index]:find("replayed=true", 1, true) then return end
  assert_same("a dry run", history.answers[index], answer)
end

local function repeat_one(history, tx, before)
  local command = history.commands[math.random(before)]
  if command.fields.key then roll_back(tx, function(inner) histories.answer(inner, command) end) end
end

local function try_before(history, tx, index)
  if one_in(5) then try_dry(history, tx, index) end
  if one_in(4) then tx:document(histories.document()) end
  if one_in(6) then roll_back(tx, function(inner) try_anything(history, inner, 1) end) end
end

-- ---- The three ways ----

-- A refusal would poison the transaction, where it is not in a nested one.
local function run_nested(history, tx, index)
  local answer
  tx:transaction(function(inner)
    answer = histories.answer(inner, history.commands[index])
    if one_in(2) then inner:document(histories.document()) end
    return history.accepted[index] or nil, "refused"
  end)
  return answer
end

local function run_step(history, tx, index)
  go_to(history, index)
  try_before(history, tx, index)
  local nested = not history.accepted[index] or one_in(4)
  local answer = nested and run_nested(history, tx, index) or histories.answer(tx, history.commands[index])
  assert_same("an answer", history.answers[index], answer)
  maybe_look(history, tx, index)
  if one_in(6) then repeat_one(history, tx, index) end
end

-- With nothing in between that would have what is held back written; a refused command leaves no trace.
local function run_quietly(history, tx, index)
  if not history.accepted[index] then return end
  go_to(history, index)
  local answer = histories.answer(tx, history.commands[index])
  assert_same("an answer", history.answers[index], answer)
end

local function run_steps(history, tx, first, last)
  local run = one_in(3) and run_quietly or run_step
  for index = first, last do run(history, tx, index) end
end

-- What was read last in the transaction may be kept, and must not be found afterwards.
local function undo_steps(history, ledger, first, last)
  roll_back(ledger, function(tx)
    run_steps(history, tx, first, last)
    for _ = 1, math.random(0, 8) do tx:document(histories.document()) end
  end)
  for _ = 1, 4 do assert_document(history, ledger, first - 1) end
  if one_in(3) then assert_state(history, ledger, first - 1) end
end

local function open(history, options)
  options = options or {}
  options.clock = history.clock
  return (helper.open(options))
end

-- The others are held against this one.
local function run_alone(history)
  history.way = "each command in a commit of its own"
  local ledger = open(history)
  history.states[0] = histories.state(ledger)
  for index, command in ipairs(history.commands) do
    go_to(history, index)
    history.answers[index], history.accepted[index] = histories.answer(ledger, command)
    history.states[index] = histories.state(ledger)
    if index % 10 == 0 then assert(ledger:verify()) end
  end
end

local function run_in_transactions(history)
  history.way = "in transactions"
  local ledger = open(history, { path = helper.folder() .. "/clinic.db" })
  local done = 0
  while done < COMMANDS do
    local last = math.min(COMMANDS, done + math.random(one_in(2) and 30 or 6))
    while one_in(2) do undo_steps(history, ledger, done + 1, math.random(done + 1, last)) end
    assert(ledger:transaction(function(tx)
      run_steps(history, tx, done + 1, last)
      return true
    end))
    done = last
    assert_state(history, ledger, done)
  end
end

-- Runs the next commands on one handle, while the others look.
local function take_turn(history, ledger, others, done)
  if not one_in(3) then
    go_to(history, done + 1)
    local answer = histories.answer(ledger, history.commands[done + 1])
    assert_same("an answer", history.answers[done + 1], answer)
    return done + 1
  end
  local last = math.min(COMMANDS, done + math.random(12))
  if one_in(2) then undo_steps(history, ledger, done + 1, last) end
  assert(ledger:transaction(function(tx)
    for index = done + 1, last do
      run_step(history, tx, index)
      for _, other in ipairs(others) do maybe_look(history, other, done) end
    end
    return true
  end))
  return last
end

local function run_in_turns(history)
  history.way = "through several handles"
  local path = helper.folder() .. "/clinic.db"
  local first, second = open(history, { path = path }), open(history, { path = path })
  local reader = open(history, { path = path, mode = "ro" })
  local done = 0
  while done < COMMANDS do
    if one_in(2) then first, second = second, first end
    done = take_turn(history, first, { second, reader }, done)
    for _, ledger in ipairs { first, second, reader } do maybe_look(history, ledger, done) end
    if one_in(4) then look_in_transaction(history, second, done) end
  end
  for _, ledger in ipairs { first, second, reader } do assert_state(history, ledger, COMMANDS) end
end

local function run_each_way(history)
  run_alone(history)
  run_in_transactions(history)
  run_in_turns(history)
end

-- What to run again, what went wrong, and the last commands before it.
local function report(history, problem)
  local lines = {
    ("HISTORIES_FIRST=%d HISTORIES=1"):format(history.seed),
    ("%s, command %d: %s"):format(history.way, history.index, tostring(problem)),
  }
  for i = math.max(1, history.index - COMMANDS_SHOWN + 1), history.index do
    lines[#lines + 1] = ("command %d: %s"):format(i, histories.describe(history.commands[i]))
  end
  return table.concat(lines, "\n")
end

describe("a random history #slow", function()
  after_each(helper.finish)

  for seed = FIRST, FIRST + SEEDS - 1 do
    it(("comes to the same however it is committed, seed %d"):format(seed), function()
      local history = { seed = seed, commands = histories.make(seed, COMMANDS), answers = {}, accepted = {},
        states = {}, clock = {} }
      go_to(history, 0)
      local done, problem = pcall(run_each_way, history)
      assert(done, done or report(history, problem))
    end)
  end
end)
