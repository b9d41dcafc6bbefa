-- Lets a word point at a row of the list that was shown last: #3, or 3 where a document or payment stands by its place.
-- It never guesses: where 3 could also be a number of the ledger's, it asks.
local grammar = require "tallystick.cli.grammar"
local text = require "tallystick.cli.text"

local pick = {}

-- By the kind of a parameter, what its words point at.
local POINTS_AT = {
  document = "document", documents = "document", consultations = "document", party = "document", payment = "payment",
}
-- A word of these kinds needs the # to point: a patient's id may well be a number.
local NEEDS_SIGN = { party = true }
local LISTED_BY = { document = "unpaid or documents", payment = "payments" }

local function is_taken(session, what, word)
  return session.ledger[what](session.ledger, word) ~= nil
end

local function row_of(session, what, place)
  local list = session.lists[what]
  if not list then
    return nil, ("#%s is no row: no list of %ss was shown yet; %s shows one"):format(place, what, LISTED_BY[what])
  end
  local name = list[math.tointeger(tonumber(place))]
  if name then return name end
  return nil, ("#%s is no row: the list of %ss that was shown last has %s"):format(place, what,
    text.counted(#list, "row"))
end

-- What a word means: a number as it is, or the one that stands in the row.
local function resolve(session, parameter, word, is_named)
  local what = POINTS_AT[parameter.kind]
  local place = word:match "^#(%d+)$"
  if place then return row_of(session, what, place) end
  if is_named or NEEDS_SIGN[parameter.kind] or not word:find "^%d+$" then return word end
  if not is_taken(session, what, word) then return row_of(session, what, word) end
  if not session.lists[what] then return word end
  return nil, ("%s is both a %s's number and a row of the list; give #%s for the row, or %s %s for the number"):format(
    word, what, word, "--" .. what, word)
end

-- Whether a value was given by its option, and not by its place.
local function by_option(words, parameter)
  local name = grammar.option_name(parameter)
  for _, word in ipairs(words) do
    if word == name or word:sub(1, #name + 1) == name .. "=" then return true end
  end
  return false
end

local function resolve_all(session, parameter, value, is_named)
  if type(value) ~= "table" then return resolve(session, parameter, value, is_named) end
  local resolved = {}
  for index, word in ipairs(value) do
    local number, message = resolve(session, parameter, word, is_named)
    if not number then return nil, message end
    resolved[index] = number
  end
  return resolved
end

local function parameters_of(definition)
  local parameters, seen = {}, {}
  for _, list in ipairs { definition.arguments, definition.options } do
    for _, parameter in ipairs(list) do
      if POINTS_AT[parameter.kind] and not seen[parameter.name] then
        parameters[#parameters + 1] = parameter
        seen[parameter.name] = list
      end
    end
  end
  return parameters, seen
end

---Puts numbers in the place of words that point at rows.
---@param session tallystick.shell.Session
---@param definition tallystick.cli.CommandDefinition
---@param args table<string, any> the values, which are changed
---@param words string[] the words they came from
---@return boolean? done
---@return string? message
function pick.resolve(session, definition, args, words)
  local parameters, found_in = parameters_of(definition)
  for _, parameter in ipairs(parameters) do
    local value = args[parameter.name]
    if value ~= nil then
      local is_named = found_in[parameter.name] == definition.options or by_option(words, parameter)
      local resolved, message = resolve_all(session, parameter, value, is_named)
      if not resolved then return nil, message end
      args[parameter.name] = resolved
    end
  end
  return true
end

---Gives what a lone #3 stands for.
---@param session tallystick.shell.Session
---@param place string
---@return string? what "document" or "payment"
---@return string number_or_message
function pick.lone(session, place)
  local what = session.shown or "document"
  local name, message = row_of(session, what, place)
  if not name then return nil, message end
  return what, name
end

return pick
