-- Reads the words of one command, as the grammar has it, into a table of values; also gives its help. The command line
-- and the shell differ only in that the command line names the ledger first.
local grammar = require "tallystick.cli.grammar"

local parse = {}

-- A word such as -5.00 is an amount and no option; the parser is shown it with this in front.
local SHIELD = "\1"

local function unshielded(text)
  return (text:gsub(SHIELD, ""))
end

local function shielded(words)
  local out = {}
  for index, word in ipairs(words) do out[index] = word:find "^%-%.?%d" and SHIELD .. word or word end
  return out
end

-- ---- Values: what each kind makes of a word, or nil and what would do ----

local function split(word)
  local items = {}
  for item in (word .. ","):gmatch "([^,]*)," do
    local trimmed = item:match "^%s*(.-)%s*$"
    if trimmed ~= "" then items[#items + 1] = trimmed end
  end
  return items
end

local BOOLEANS = { yes = true, no = false, ["true"] = true, ["false"] = false }

local function one_of(word, choices)
  for _, choice in ipairs(choices) do
    if word == choice then return word end
  end
  local near = require "tallystick.config.nearest"(word, choices)
  return nil, "one of " .. table.concat(choices, ", ") .. (near and ("; did you mean %s?"):format(near) or "")
end

-- The names of kinds and statuses are the core's.
local LISTS = {
  kinds = function() return require("tallystick.core").kinds end,
  status = function() return require("tallystick.core").statuses end,
}

---Gives the words that a parameter takes, where they are few.
---@param parameter tallystick.cli.Parameter
---@return string[]?
function parse.choices(parameter)
  if parameter.kind == "boolean" then return { "yes", "no" } end
  if parameter.kind == "status" then return LISTS.status() end
  if type(parameter.choices) == "string" then return LISTS[parameter.choices]() end
  return parameter.choices
end

local function choice(word, parameter)
  return one_of(word, parse.choices(parameter))
end

local CONVERTERS = {
  choice = choice,
  status = choice,
  boolean = function(word)
    local value = BOOLEANS[word:lower()]
    if value == nil then return nil, "yes or no" end
    return value
  end,
  count = function(word, parameter)
    local least = parameter.least or 0
    local count = word:find "^%d+$" and math.tointeger(tonumber(word))
    if count and count >= least then return count end
    return nil, ("a number from %d on"):format(least)
  end,
  path = function(word)
    if word == "" then return nil, "the name of a file" end
    return word
  end,
}

local function convert(word, parameter)
  local converter = CONVERTERS[parameter.kind]
  if not converter then return word end
  return converter(word, parameter)
end

local function refuse(parameter, word, expected)
  return nil, ("%s needs %s, not '%s'"):format(parameter.shown, expected, word)
end

-- Values that may be given several times come together in one list or table.
local function gather_list(words)
  local items = {}
  for _, word in ipairs(words) do table.move(split(word), 1, 1000, #items + 1, items) end
  return items
end

local function gather_map(words, parameter)
  local map = {}
  for _, word in ipairs(words) do
    local name, value = word:match "^([^=]+)=(.*)$"
    if not name then return refuse(parameter, word, parameter.argname or "NAME=VALUE") end
    if map[name] then return refuse(parameter, word, ("'%s' once"):format(name)) end
    map[name] = value
  end
  return map
end

local function gather_documents(words)
  local items = gather_list(words)
  return #items == 1 and items[1] == "oldest" and "oldest" or items
end

local GATHERERS = {
  texts = gather_list, consultations = gather_list, documents = gather_documents, map = gather_map,
}

local function value_of(words, parameter)
  if parameter.kind == "flag" then return true end
  local gather = GATHERERS[parameter.kind]
  if gather then return gather(words, parameter) end
  if parameter.many then
    local values = {}
    for index, word in ipairs(words) do
      local value, expected = convert(word, parameter)
      if value == nil then return refuse(parameter, word, expected) end
      values[index] = value
    end
    return values
  end
  local value, expected = convert(words[1], parameter)
  if value == nil then return refuse(parameter, words[1], expected) end
  return value
end

-- ---- The parser of one command ----

-- Options that every command has which can answer for programs.
local FORMATS = {
  { name = "json", kind = "flag", help = "Answer in JSON, one object a line; errors too" },
  { name = "csv", kind = "flag", help = "Answer in CSV" },
}

---The options of a command with those for its formats.
---@param definition tallystick.cli.CommandDefinition
---@return tallystick.cli.Parameter[]
function parse.options(definition)
  local options = table.move(definition.options, 1, #definition.options, 1, {})
  for _, format in ipairs(FORMATS) do
    for _, name in ipairs(definition.formats) do
      if name == format.name then options[#options + 1] = format end
    end
  end
  return options
end

local LEDGER = { name = "ledger", kind = "path", required = true, help = "The ledger" }

---The arguments of a command; on the command line the ledger stands first.
---@param definition tallystick.cli.CommandDefinition
---@param door "line"|"shell"
---@return tallystick.cli.Parameter[]
function parse.arguments(definition, door)
  if door == "shell" or not definition.ledger then return definition.arguments end
  return table.move(definition.arguments, 1, #definition.arguments, 2, { LEDGER })
end

-- A field of a writing command may also be given by its name, so none is required of its place alone.
local function define_arguments(parser, definition, door)
  for index, parameter in ipairs(parse.arguments(definition, door)) do
    local argument = parser:argument(parameter.name, parameter.help):target("argument_" .. index)
    local needed = parameter.required and not (definition.writes and parameter ~= LEDGER)
    argument:args(parameter.many and (needed and "+" or "*") or (needed and 1 or "?"))
  end
end

local function define_options(parser, definition)
  for _, parameter in ipairs(parse.options(definition)) do
    local name = grammar.option_name(parameter)
    if parameter.kind == "flag" then
      parser:flag(name, parameter.help):target("option_" .. parameter.name)
    else
      parser:option(name, parameter.help):target("option_" .. parameter.name):argname(parameter.argname
        or parameter.name:upper()):count(GATHERERS[parameter.kind] and "*" or "?")
    end
  end
end

---Makes the parser of a command.
---@param definition tallystick.cli.CommandDefinition
---@param door "line"|"shell"
---@return table parser of argparse
local function parser_of(definition, door)
  local prefix = door == "line" and "tallystick " or ""
  local parser = require "argparse"(prefix .. definition.name, definition.summary .. ".")
  parser:add_help(false)
  parser:usage_max_width(100):help_max_width(100)
  define_arguments(parser, definition, door)
  define_options(parser, definition)
  local examples = {}
  for index, example in ipairs(definition.examples) do
    local words = door == "line" and definition.ledger and example:gsub("^(%S+)", "%1 clinic.db", 1) or example
    examples[index] = "   " .. prefix .. words
  end
  if #examples > 0 then parser:epilog("Examples:\n" .. table.concat(examples, "\n")) end
  return parser
end

---Gives the help of a command.
---@param definition tallystick.cli.CommandDefinition
---@param door "line"|"shell"
---@return string
function parse.help(definition, door)
  return parser_of(definition, door):get_help()
end

local function words_of(found)
  if type(found) ~= "table" then return { unshielded(tostring(found)) } end
  local words = {}
  for index, word in ipairs(found) do words[index] = unshielded(type(word) == "table" and word[1] or word) end
  return words
end

local function take(values, parameter, shown, found)
  if found == nil or type(found) == "table" and #found == 0 then return true end
  if values[parameter.name] ~= nil then return nil, ("%s is given twice"):format(shown) end
  local described = setmetatable({ shown = shown }, { __index = parameter })
  local value, message = value_of(words_of(found), described)
  if message then return nil, message end
  values[parameter.name] = value
  return true
end

local function collect(definition, door, found)
  local values = {}
  for index, parameter in ipairs(parse.arguments(definition, door)) do
    local taken, message = take(values, parameter, parameter.name, found["argument_" .. index])
    if not taken then return nil, message end
  end
  for _, parameter in ipairs(parse.options(definition)) do
    local taken, message = take(values, parameter, grammar.option_name(parameter), found["option_" .. parameter.name])
    if not taken then return nil, message end
  end
  return values
end

local function missing(definition, values)
  for _, parameter in ipairs(definition.writes and definition.options or {}) do
    if parameter.required and values[parameter.name] == nil then
      return ("%s is missing; give %s"):format(parameter.name, grammar.option_name(parameter))
    end
  end
  if values.json and values.csv then return "--json and --csv exclude each other" end
end

---Whether the words ask for help.
---@param words string[]
---@return boolean
function parse.asks_for_help(words)
  for _, word in ipairs(words) do
    if word == "--" then return false end
    if word == "--help" or word == "-h" then return true end
  end
  return false
end

---Reads the words behind a command's name.
---@param definition tallystick.cli.CommandDefinition
---@param words string[]
---@param door "line"|"shell"
---@return table? values by the parameters' names
---@return string? message what is wrong with them
---@return string? usage
function parse.words(definition, words, door)
  local parser = parser_of(definition, door)
  local parsed, found = parser:pparse(shielded(words))
  if not parsed then return nil, unshielded(found), parser:get_usage() end
  local values, message = collect(definition, door, found)
  message = message or missing(definition, values)
  if message then return nil, message, parser:get_usage() end
  return values
end

return parse
