-- A thousand broken and changed scripts: whatever a script holds, tallystick.check answers, twice the same and within a
-- second; every mistake has its place and its sentence; what nobody knows is named.
--
-- MUTANTS is the number of them, MUTANTS_FIRST the first seed; `make mutants` runs many.
local check = require "tallystick.cli.run.check"
local command = require "spec.command"
local json = require "dkjson"
local lexer = require "tallystick.cli.lexer"
local locate = require "tallystick.cli.locate"
local mutants = require "spec.mutants"
local tallystick = require "tallystick"
local util = require "luassert.util"

local FIRST <const> = tonumber(os.getenv "MUTANTS_FIRST") or 1
local COUNT <const> = tonumber(os.getenv "MUTANTS") or 1000
-- Faults are read by a person: a list that fits on a screen, and one text.
local FAULTS_SHOWN_MAX <const> = 30
local TEXT_SHOWN_MAX <const> = 4000
local SECONDS_MAX <const> = 1

local path
setup(function() path = os.tmpname() end)
teardown(function() os.remove(path) end)

-- ---- What holds of any answer ----

---@return string? fault
local function fault_of_mistake(mistake, line_count)
  if math.type(mistake.line) ~= "integer" or mistake.line < 1 or mistake.line > line_count then
    return ("line %s of %d"):format(tostring(mistake.line), line_count)
  end
  for _, name in ipairs { "file", "path", "message" } do
    local value = mistake[name]
    if type(value) ~= "string" or value == "" then return "no " .. name end
    if not utf8.len(value) or value:find "%c" then return ("%s is not to be printed: %q"):format(name, value) end
  end
end

---@return string? fault
local function fault_of_answer(sound, message, code, details, line_count)
  if sound == true then return type(message) ~= "table" and "nothing is told of a sound script" or nil end
  if sound ~= nil or code ~= "config-invalid" then return "neither sound nor config-invalid" end
  if type(message) ~= "string" or message == "" then return "no message" end
  if #details.errors == 0 then return "refused without a mistake" end
  for _, mistake in ipairs(details.errors) do
    local fault = fault_of_mistake(mistake, line_count)
    if fault then return fault end
  end
end

-- The same letters but one, which is more, less or another, or two neighbours that changed places.
local function is_one_letter_apart(left, right)
  if #left > #right then left, right = right, left end
  if #right - #left > 1 then return false end
  local at = 1
  while at <= #left and left:byte(at) == right:byte(at) do at = at + 1 end
  if #left < #right then return left:sub(at) == right:sub(at + 1) end
  local swapped = left:sub(at, at + 1):reverse() == right:sub(at, at + 1) and left:sub(at + 2) == right:sub(at + 2)
  return swapped or left:sub(at + 1) == right:sub(at + 1)
end

---@return string? fault
local function fault_of_claim(mutant, sound, details)
  if not mutant.broken then return nil end
  if sound then return "it is accepted" end
  for _, mistake in ipairs(details.errors) do
    local names_it = (mistake.path .. " " .. mistake.message):find(mutant.named, 1, true)
    local suggestion = mistake.suggestion
    if names_it and (not mutant.near or suggestion and is_one_letter_apart(mutant.named, suggestion)) then
      return nil
    end
  end
  return ("no mistake names %s%s"):format(mutant.named, mutant.near and " and the nearest" or "")
end

-- What the command line shows of it.
local function fault_of_showing(mutant, details)
  local script = locate.read(mutant.text)
  for _, mistake in ipairs(details.errors) do
    local shown = check.describe(script, mistake, false)
    if not utf8.len(shown) or shown:gsub("\n", ""):find "%c" then return ("shown as %q"):format(shown) end
    local object = json.decode(check.encode(script, mistake))
    local found = object and object.found
    if not object or found and (found.line < 1 or found.line > #script.lines or found.column < 1) then
      return "encoded as " .. check.encode(script, mistake)
    end
  end
end

-- A script that is sound is one with which a ledger opens.
local function fault_of_opening()
  local ledger, message = tallystick.open(":memory:", { config = path })
  if not ledger then return "sound, but no ledger opens: " .. message end
  ledger:close()
end

---@param mutant spec.Mutant
---@return string? fault
local function fault_of(mutant)
  command.write(path, mutant.text)
  local started = os.clock()
  local answer = table.pack(pcall(tallystick.check, path))
  local seconds = os.clock() - started
  if not answer[1] then return "raised: " .. tostring(answer[2]) end
  if seconds > SECONDS_MAX then return ("took %.1f s"):format(seconds) end
  local sound, message, code, details = table.unpack(answer, 2, 5)
  local fault = fault_of_answer(sound, message, code, details, #lexer.lines(mutant.text))
    or fault_of_claim(mutant, sound, details)
    or not sound and fault_of_showing(mutant, details) or sound and fault_of_opening()
  if fault then return fault .. (type(message) == "string" and "\n" .. message or "") end
  local again = table.pack(pcall(tallystick.check, path))
  if not util.deepcompare(again, answer) then return "the second answer is another" end
end

-- The faults by name, and the first with its text.
local function told(faults)
  local lines = { ("%d faults"):format(#faults) }
  for index = 1, math.min(#faults, FAULTS_SHOWN_MAX) do
    lines[index + 1] = ("%s: %s"):format(faults[index].mutant.name, faults[index].text:match "^[^\n]*")
  end
  local first = faults[1] or { text = "", mutant = { text = "" } }
  lines[#lines + 1] = ("the first:\n%s\n%s"):format(first.text, first.mutant.text:sub(1, TEXT_SHOWN_MAX))
  return table.concat(lines, "\n")
end

-- ---- The spec ----

describe("mutants", function()
  local scripts = mutants.scripts()

  it("are made of sound scripts", function()
    assert.is_true(#scripts >= 2)
    for _, script in ipairs(scripts) do assert.is_true(tallystick.check(script.path)) end
  end)

  it("are the same for the same seed, and others for others", function()
    local one, another = mutants.make(scripts, FIRST), mutants.make(scripts, FIRST + 1)
    assert.same(one, mutants.make(scripts, FIRST))
    assert.are_not.equal(one.text, another.text)
  end)

  it("are of every kind, refused and not", function()
    local seen, refused, accepted = {}, 0, 0
    for seed = 1, 1000 do
      local mutant = mutants.make(scripts, seed)
      for _, name in ipairs(mutants.changes()) do
        if mutant.name:find(name, 1, true) then seen[name] = true end
      end
      if mutant.broken then refused = refused + 1 else accepted = accepted + 1 end
    end
    for _, name in ipairs(mutants.changes()) do assert.is_true(seen[name], name) end
    assert.is_true(refused > 100 and accepted > 100)
  end)

  -- Under valgrind, where a second is nothing, what is slow is left out.
  it(("get an answer that keeps the rules: %d from seed %d on #slow"):format(COUNT, FIRST), function()
    local faults = {}
    for seed = FIRST, FIRST + COUNT - 1 do
      local mutant = mutants.make(scripts, seed)
      local fault = fault_of(mutant)
      if fault then faults[#faults + 1] = { mutant = mutant, text = fault } end
    end
    assert(#faults == 0, told(faults))
  end)
end)
