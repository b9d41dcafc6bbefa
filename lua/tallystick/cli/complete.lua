-- Completion: what may follow the words that stand on a line already, for both doors. Whatever goes wrong, it offers
-- less and says nothing: nobody wants a message between two letters.
local grammar = require "tallystick.cli.grammar"
local parse = require "tallystick.cli.parse"

local complete = {}

local function starts(word, partial)
  return word:sub(1, #partial) == partial
end

local function has_option(definition, name)
  for _, parameter in ipairs(grammar.find(definition.name).options) do
    if parameter.name == name then return true end
  end
  return false
end

local function commands(partial, door, option)
  local list = {}
  for _, definition in ipairs(grammar.commands) do
    local fits = grammar.is_at(definition, door) and starts(definition.name, partial)
    if fits and (not option or has_option(definition, option)) then
      list[#list + 1] = { word = definition.name, help = definition.summary }
    end
  end
  return list
end

local ALONE = { { word = "--help", help = "List the commands" }, { word = "--version", help = "Tell the version" } }

local function first_words(partial, door)
  if door == "shell" or not starts(partial, "-") then return commands(partial, door) end
  local list = {}
  for _, one in ipairs(ALONE) do
    if starts(one.word, partial) then list[#list + 1] = one end
  end
  return list
end

-- What was typed before, by parameter; a field given by its place counts like one given by its name.
local function values_of(definition, door, standing)
  local values = {}
  for _, parameter in ipairs(parse.options(definition)) do
    local words = standing.given[grammar.option_name(parameter)]
    values[parameter.name] = words and words[#words]
  end
  for index, parameter in ipairs(parse.places(definition, door, standing.given)) do
    values[parameter.name] = values[parameter.name] or standing.places[index]
  end
  return values
end

-- The options that are of no use beside those that are given.
local function excluded(definition, standing, values)
  local names = { json = standing.given["--csv"], csv = standing.given["--json"] }
  for _, parameter in ipairs(parse.options(definition)) do
    local other = parameter.instead
    if other and values[parameter.name] then names[other] = true end
    if other and values[other] then names[parameter.name] = true end
  end
  return names
end

local function options(definition, standing, values, partial)
  local list, useless = {}, excluded(definition, standing, values)
  for _, parameter in ipairs(parse.options(definition)) do
    local name = grammar.option_name(parameter)
    local there = standing.given[name] or definition.writes and values[parameter.name]
    if starts(name, partial) and not useless[parameter.name] and (not there or parse.repeats(parameter)) then
      list[#list + 1] = { word = name, help = parse.explained(definition, parameter) }
    end
  end
  return list
end

-- The argument that the next word without an option is for.
local function next_place(definition, door, standing)
  local places = parse.places(definition, door, standing.given)
  local last = places[#places]
  return places[#standing.places + 1] or last and last.many and last or nil
end

local function option_called(definition, name)
  for _, parameter in ipairs(parse.options(definition)) do
    if grammar.option_name(parameter) == name then return parameter end
  end
end

-- The ledger that a line names. A busy one is not waited for, and what is no ledger has no names to offer.
local function open(path)
  path = path and path:gsub("^~/", (os.getenv "HOME" or "~") .. "/")
  local file = path and io.open(path, "rb")
  local begun = file and file:read(1)
  if file then file:close() end -- before the ledger is opened: who closes its file later loses the locks on it
  if not begun then return nil end
  return (require("tallystick").open(path, { mode = "ro", busy_timeout = 0 }))
end

-- Finds the values of a parameter; the head is what stands in front of them in the same word.
local function values(scene, parameter, prefix, head)
  if parameter.kind == "path" then return {}, "path" end
  local own <close> = scene.door == "line" and open(scene.values.ledger) or nil
  local list = require "tallystick.cli.complete.values" {
    definition = scene.definition, parameter = parameter, prefix = prefix, values = scene.values,
    ledger = own or scene.ledger,
  }
  if head then
    for index, one in ipairs(list) do list[index] = { word = head .. one.word, help = one.help, open = one.open } end
  end
  return list
end

-- A name that begins with a dash would be taken for an option; behind "--" it is not.
local function without_dashes(list)
  local kept = {}
  for _, one in ipairs(list) do
    if not starts(one.word, "-") then kept[#kept + 1] = one end
  end
  return kept
end

local function of_command(scene, partial)
  local definition, standing, door = scene.definition, scene.standing, scene.door
  if standing.wanted then return values(scene, option_called(definition, standing.wanted), partial) end
  local name, rest = partial:match "^(%-%-[^=]+)=(.*)$"
  local option = name and not standing.ended and option_called(definition, name)
  if option then
    if option.kind == "flag" then return {} end
    return values(scene, option, rest, name .. "=")
  end
  if starts(partial, "-") and not standing.ended then return options(definition, standing, scene.values, partial) end
  local place = next_place(definition, door, standing)
  local list, kind = {}, nil
  if place then list, kind = values(scene, place, partial) end
  if not standing.ended then list = without_dashes(list) end
  if #list == 0 and partial == "" and not kind and not standing.ended then
    list = options(definition, standing, scene.values, partial)
  end
  return list, kind
end

local find
function find(words, partial, door, ledger)
  if #words == 0 then return first_words(partial, door) end
  if words[1] == "help" then return #words == 1 and commands(partial, door) or {} end
  local definition = grammar.find(words[1])
  if not definition or not grammar.is_at(definition, door) then return {} end
  if definition.prefix then
    if #words == 1 then return commands(partial, door, definition.name:gsub("-", "_")) end
    return find(table.move(words, 2, #words, 1, {}), partial, door, ledger)
  end
  local standing = parse.standing(definition, table.move(words, 2, #words, 1, {}))
  local given = values_of(definition, door, standing)
  return of_command({
    definition = definition, standing = standing, door = door, values = given, ledger = ledger,
  }, partial)
end

---Gives what may stand for the word that is being typed.
---@param words string[] those before it, without the program's name
---@param partial string what is typed of it
---@param door "line"|"shell"
---@param ledger? tallystick.Ledger in the shell; on the command line the words name it
---@return tallystick.cli.Candidate[] candidates
---@return "path"? kind where the names of files are wanted, which the caller knows
---@return any problem what was raised, where something was
function complete.candidates(words, partial, door, ledger)
  local found, list, kind = pcall(find, words, partial, door, ledger)
  if not found then return {}, nil, list end
  return list, kind
end

return complete
