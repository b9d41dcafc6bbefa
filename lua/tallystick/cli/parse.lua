-- Reads the words of one command, as the grammar has it, into a table of values; also gives its help. The command line
-- and the shell differ only in that the command line names the ledger first.
local grammar = require "tallystick.cli.grammar"

local parse = {}

-- In front of each word that is a value, so that the parser takes it for none of its options: -5.00 is an amount.
local SHIELD = "\1"

local function without_shields(message)
  return (message:gsub(SHIELD, ""))
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
  return nil, "one of " .. table.concat(choices, ", "), near
end

-- The names of kinds and statuses are the core's, those of ways to split the reports'.
local LISTS = {
  commands = function()
    local names = {}
    for _, definition in ipairs(grammar.commands) do
      if grammar.is_at(definition, "line") then names[#names + 1] = definition.name end
    end
    return names
  end,
  kinds = function() return require("tallystick.core").kinds end,
  status = function() return require("tallystick.core").statuses end,
  ways = function() return require("tallystick.report.split").ways end,
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

local function refuse(parameter, word, expected, near)
  local hint = near and ("; did you mean '%s'?"):format(near) or ""
  return nil, ("%s needs %s, not '%s'"):format(parameter.shown, expected, word) .. hint
end

-- Values that may be given several times come together in one list or table.
local function gather_list(words)
  local items = {}
  for _, word in ipairs(words) do
    for _, item in ipairs(split(word)) do items[#items + 1] = item end
  end
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
      local value, expected, near = convert(word, parameter)
      if value == nil then return refuse(parameter, word, expected, near) end
      values[index] = value
    end
    return values
  end
  local value, expected, near = convert(words[1], parameter)
  if value == nil then return refuse(parameter, words[1], expected, near) end
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

---What a parameter is for, and whether a command of the ledger needs it.
---@param definition tallystick.cli.CommandDefinition
---@param parameter tallystick.cli.Parameter
---@return string
function parse.explained(definition, parameter)
  local needed = definition.writes and parameter.required and parameter ~= LEDGER
  return needed and parameter.help .. " (required)" or parameter.help
end

---What stands for an option's value in help.
---@param parameter tallystick.cli.Parameter
---@return string
function parse.argname(parameter)
  return parameter.argname or parameter.name:upper()
end

---Whether an option may be given several times, its values coming together.
---@param parameter tallystick.cli.Parameter
---@return boolean
function parse.repeats(parameter)
  return GATHERERS[parameter.kind] ~= nil
end

-- A field of a writing command may also be given by its name, so none is required of its place alone.
local function define_arguments(parser, definition, door)
  for index, parameter in ipairs(parse.arguments(definition, door)) do
    local help = parse.explained(definition, parameter)
    local argument = parser:argument(parameter.name, help):target("argument_" .. index)
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
      local option = parser:option(name, parse.explained(definition, parameter)):target("option_" .. parameter.name)
      option:argname(parse.argname(parameter)):count(parse.repeats(parameter) and "*" or "?"):overwrite(false)
    end
  end
end

---The examples of a command as they are typed.
---@param definition tallystick.cli.CommandDefinition
---@param door "line"|"shell"
---@return string[]
function parse.examples(definition, door)
  local lines = {}
  for index, example in ipairs(definition.examples) do
    local named = door == "line" and definition.ledger and example:gsub("^(%S+)", "%1 clinic.db", 1) or example
    lines[index] = (door == "line" and "tallystick " or "") .. named
  end
  return lines
end

-- Lines of help are easier to read when they are not longer, also where the window is wider.
local HELP_COLUMNS_MAX = 100

---Makes the parser of a command.
---@param definition tallystick.cli.CommandDefinition
---@param door "line"|"shell"
---@param window? integer columns of the window that its help goes to
---@return table parser of argparse
local function parser_of(definition, door, window)
  local columns = math.min(window or HELP_COLUMNS_MAX, HELP_COLUMNS_MAX)
  local prefix = door == "line" and "tallystick " or ""
  local parser = require "argparse"(prefix .. definition.name, definition.summary .. ".")
  parser:add_help(false)
  parser:usage_max_width(columns):help_max_width(columns)
  define_arguments(parser, definition, door)
  define_options(parser, definition)
  local examples = parse.examples(definition, door)
  local parts = { definition.ends }
  if #examples > 0 then parts[#parts + 1] = "Examples:\n   " .. table.concat(examples, "\n   ") end
  if #parts > 0 then parser:epilog(table.concat(parts, "\n\n")) end
  return parser
end

---Gives the help of a command.
---@param definition tallystick.cli.CommandDefinition
---@param door "line"|"shell"
---@param window? integer columns of the window; nil: as wide as is easy to read
---@return string
function parse.help(definition, door, window)
  return parser_of(definition, door, window):get_help()
end

-- ---- Which words are values ----

-- The options of a command by name: true where a value follows, false where none does.
local function taking(definition)
  local takes = { ["--help"] = false, ["-h"] = false }
  for _, parameter in ipairs(parse.options(definition)) do
    takes[grammar.option_name(parameter)] = parameter.kind ~= "flag"
  end
  return takes
end

---Tells how a word is to be read: as an option of the command, as what looks like one, as the end of all options, or as
---a value. Whoever asks has found out that it does not stand behind "--".
---@param word string
---@param takes table<string, boolean> the command's options
---@return "option"|"unknown"|"end"|"value" role
---@return string? name the option's
---@return string? value what stands behind its equals sign
local function role_of(word, takes)
  if word == "--" then return "end" end
  if takes[word] ~= nil then return "option", word end
  local name, value = word:match "^(%-%-[^=]+)=(.*)$"
  if name then return takes[name] ~= nil and "option" or "unknown", name, value end
  if word == "-" or not word:find "^%-" or word:find "^%-%.?%d" then return "value" end
  return "unknown", word
end

-- What follows an option that wants a value is its value, whatever it begins with, unless the command knows it as an
-- option: then the value was forgotten.
local function shielded(words, definition)
  local takes, out, wanted, ended = taking(definition), {}, false, false
  for _, word in ipairs(words) do
    local role, name, value = role_of(word, takes)
    local is_value = ended or role == "value" or wanted and role == "unknown"
    if is_value then
      out[#out + 1] = SHIELD .. word
    elseif role ~= "end" then
      out[#out + 1] = value and name .. "=" .. SHIELD .. value or word
    end
    ended = ended or not is_value and role == "end"
    wanted = not is_value and role == "option" and takes[name] and not value or false
  end
  return out
end

---Tells what the words of a command that are there already leave open, for completion.
---@param definition tallystick.cli.CommandDefinition
---@param words string[]
---@return { given: table<string, string[]>, places: string[], wanted: string?, ended: boolean } standing the values by
---option, the words without one, the option whose value comes next, and whether options have ended
function parse.standing(definition, words)
  local takes, wanted = taking(definition), nil
  local standing = { given = {}, places = {}, ended = false }
  for _, word in ipairs(words) do
    local role, name, value = role_of(word, takes)
    if standing.ended or role == "value" or wanted and role == "unknown" then
      local list = wanted and standing.given[wanted] or standing.places
      list[#list + 1], wanted = word, nil
    elseif role == "end" then
      standing.ended, wanted = true, nil
    else
      standing.given[name] = standing.given[name] or {}
      table.insert(standing.given[name], value)
      wanted = role == "option" and takes[name] and not value and name or nil
    end
  end
  standing.wanted = wanted
  return standing
end

---The arguments that words without an option fill, in their order: a field that an option gives is passed over.
---@param definition tallystick.cli.CommandDefinition
---@param door "line"|"shell"
---@param given table<string, any> the options by name that are there
---@return tallystick.cli.Parameter[]
function parse.places(definition, door, given)
  local named, places = {}, {}
  for _, parameter in ipairs(parse.options(definition)) do
    if given[grammar.option_name(parameter)] then named[parameter.name], named[parameter.instead or ""] = true, true end
  end
  for _, parameter in ipairs(parse.arguments(definition, door)) do
    if not (definition.writes and named[parameter.name]) then places[#places + 1] = parameter end
  end
  return places
end

-- ---- Values by name ----

local function plain_words(found)
  local words = {}
  for index, word in ipairs(type(found) == "table" and found or { found }) do
    words[index] = (type(word) == "table" and word[1] or word):sub(#SHIELD + 1)
  end
  return words
end

local function take(values, parameter, shown, words)
  local described = setmetatable({ shown = shown }, { __index = parameter })
  local value, message = value_of(words, described)
  if message then return nil, message end
  values[parameter.name] = value
  return true
end

local function collect_options(definition, found)
  local values, given = {}, {}
  for _, parameter in ipairs(parse.options(definition)) do
    local value, name = found["option_" .. parameter.name], grammar.option_name(parameter)
    if value ~= nil and not (type(value) == "table" and #value == 0) then
      local taken, message = take(values, parameter, name, value == true and {} or plain_words(value))
      if not taken then return nil, message end
      given[name] = true
    end
  end
  return values, given
end

-- The parser has handed the words out to the arguments in their order; here they come together again.
local function words_without_option(definition, door, found)
  local words = {}
  for index in ipairs(parse.arguments(definition, door)) do
    for _, word in ipairs(plain_words(found["argument_" .. index])) do words[#words + 1] = word end
  end
  return words
end

local function too_many(definition, door, word, values)
  local named = {}
  for _, parameter in ipairs(parse.arguments(definition, door)) do
    if values[parameter.name] ~= nil then named[#named + 1] = parameter.name end
  end
  return ("'%s' is one argument too many: %s given already"):format(word,
    #named == 1 and named[1] .. " is" or table.concat(named, ", ") .. " are")
end

local function collect(definition, door, found)
  local values, given = collect_options(definition, found)
  if not values then return nil, given end
  local words, at = words_without_option(definition, door, found), 1
  for _, parameter in ipairs(parse.places(definition, door, given)) do
    local last = parameter.many and #words or at
    if words[at] then
      local taken, message = take(values, parameter, parameter.name, table.move(words, at, last, 1, {}))
      if not taken then return nil, message end
      at = last + 1
    end
  end
  if words[at] then return nil, too_many(definition, door, words[at], values) end
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
---@param window? integer columns of the window that the usage would go to
---@return table? values by the parameters' names
---@return string? message what is wrong with them
---@return string? usage
function parse.words(definition, words, door, window)
  local parser = parser_of(definition, door, window)
  local parsed, found = parser:pparse(shielded(words, definition))
  if not parsed then return nil, without_shields(found), parser:get_usage() end
  local values, message = collect(definition, door, found)
  message = message or missing(definition, values)
  if message then return nil, message, parser:get_usage() end
  return values
end

return parse
