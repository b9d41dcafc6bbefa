-- Lines of Lua: whether one is whole, what it gives, and what it says where it fails.
local exit = require "tallystick.cli.exit"
local show = require "tallystick.shell.show"

local chunk = {}

-- An expression is tried first, so that its values can be shown; a leading = is an old habit of Lua's users.
local function compile(text, environment)
  text = text:gsub("^%s*=", "", 1)
  local expression = load("return " .. text, "=line", "t", environment)
  if expression then return expression end
  return load(text, "=line", "t", environment)
end

---Whether a text may go on in the next line.
---@param text string
---@return boolean
function chunk.is_incomplete(text)
  local compiled, message = compile(text)
  return not compiled and message:find "<eof>$" ~= nil
end

-- Where a line of Lua breaks its own sentence is enough: it has no depths to trace.
local function plain(problem)
  if type(problem) == "table" and (problem.unwritable or problem.message) then return problem end
  return type(problem) == "string" and problem or tostring(problem)
end

-- The ledger's refusals are nil, a sentence and a code.
local function is_refusal(values)
  return values[1] == nil and type(values[2]) == "string" and type(values[3]) == "string"
end

local function answer(session, values)
  if is_refusal(values) then
    session:complain(("%s (%s)"):format(values[2], values[3]))
    return exit.of(values[3], exit.REFUSED)
  end
  if values.n == 0 then return exit.DONE end
  if values[1] ~= nil then session:keep(values[1]) end
  local out <const>, finish = session:output("text", true)
  local _ <close> = setmetatable({}, { __close = finish })
  if values[1] == session.results then show.results(out, values[1]) else show.values(out, values) end
  return exit.DONE
end

---Runs a line of Lua and shows its values.
---@param session tallystick.shell.Session
---@param text string
---@return integer exit_code
function chunk.run(session, text)
  local compiled, message = compile(text, session.environment)
  if not compiled then
    session:complain(message)
    return exit.USAGE
  end
  local code = session:run(function() return answer(session, table.pack(compiled())) end, { explain = plain })
  return code == exit.FAULT and exit.REFUSED or code
end

return chunk
