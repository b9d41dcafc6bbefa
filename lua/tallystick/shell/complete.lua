-- Completes what is typed at the prompt: commands and what they take, as the grammar tells it, and names of Lua.
local dispatch = require "tallystick.shell.dispatch"
local grammar = require "tallystick.cli.grammar"
local words = require "tallystick.shell.words"

local complete = {}

-- ---- Names of Lua ----

-- The types of the ledger keep their metatables to themselves.
local METHODS = {
  ["tallystick.ledger"] = function() return require("tallystick.core").methods end,
  ["tallystick.money"] = function() return { minor = 0, currency = "", decimal = "", round_to = "", split = "" } end,
}

-- What a value is indexed by, as far as that can be told without running anything.
local function methods_of(value)
  if type(value) == "string" then return string end
  local meta = getmetatable(value)
  if METHODS[meta] then return METHODS[meta]() end
  local index = type(meta) == "table" and rawget(meta, "__index")
  return type(index) == "table" and index or {}
end

local function fields_of(value)
  local fields = {}
  for _, source in ipairs { type(value) == "table" and value or {}, methods_of(value) } do
    for name in next, source do
      if type(name) == "string" and name:find "^[%a_][%w_]*$" then fields[name] = true end
    end
  end
  return fields
end

local function field(value, name)
  local found = type(value) == "table" and rawget(value, name) or nil
  if found ~= nil then return found end
  return rawget(methods_of(value), name)
end

---Completes the name that a text of Lua ends with, such as ledger:pa.
---@param environment table the globals
---@param text string
---@return string[] names with what leads to them
---@return string? path
function complete.names(environment, text)
  local path = text:match "[%a_][%w_.:]*$" or ""
  local owner, sign, partial = path:match "^(.-)([.:]?)([%w_]*)$"
  local value = environment
  for name in owner:gmatch "[^.:]+" do value = field(value, name) end
  if value == nil then return {} end
  local names = {}
  for name in pairs(fields_of(value)) do
    if name:sub(1, #partial) == partial then names[#names + 1] = owner .. sign .. name end
  end
  table.sort(names)
  return names, path
end

-- ---- Commands ----

local function add_commands(found, partial)
  for _, definition in ipairs(grammar.commands) do
    if definition.doors ~= "line" and definition.name:sub(1, #partial) == partial then
      found[#found + 1] = definition.name
    end
  end
  return found
end

-- The names of files that go on from a path; a folder's ends with its stroke.
local function files(partial)
  local folder, base = partial:match "^(.*/)([^/]*)$"
  folder, base = folder or "", base or partial
  local shown = folder == "" and "." or folder:gsub("^~/", (os.getenv "HOME" or "~") .. "/")
  local pipe <close> = io.popen(("ls -1Ap -- '%s' 2>/dev/null"):format(shown:gsub("'", [['\'']])))
  local found = {}
  for name in pipe and pipe:lines() or function() end do
    local is_hidden = name:find "^%." and not base:find "^%."
    if name:sub(1, #base) == base and not is_hidden then found[#found + 1] = folder .. name end
  end
  return found
end

local function command_words(session, list, partial)
  local candidates, kind = require("tallystick.cli.complete").candidates(list, partial, "shell", session.ledger)
  if kind == "path" then return files(partial) end
  local found, is_open = {}, false
  for index, candidate in ipairs(candidates) do
    found[index], is_open = candidate.word, is_open or candidate.open
  end
  return found, false, is_open
end

-- In Lua a string behind one of these names is completed as these words of a command would be.
local IN_STRINGS = {
  document = { "document" }, payment = { "payment" }, patient = { "patient" }, receipt = { "receipt" },
  type = { "pay", "--type" }, group = { "pay", "--group" }, status = { "documents", "--status" },
}

-- What may stand where the line's end is, each a whole word; whether names of Lua may, too; whether the word goes on.
local function words_for(session, upto, read)
  local list, partial = read.list, read.word or ""
  if list[1] == "dry-run" then
    list = table.move(list, 2, #list, 1, {})
    if #list == 0 then return add_commands({}, partial) end
  end
  -- On an empty line the commands are enough to choose from.
  if #list == 0 then return add_commands({}, partial), partial ~= "" end
  if list[1] == "help" then return add_commands({}, partial) end
  if not dispatch.command_of(upto) then return {}, true end
  return command_words(session, list, partial)
end

-- ---- What readline asks ----

-- Readline replaces only what follows the last of its own word breaks; what stands before in the word is left out.
local function behind(lead, found, quote)
  local out = {}
  for _, word in ipairs(found) do
    local rest = word:sub(#lead + 1)
    if not quote and rest:find "[%s'\"\\]" then rest = rest:gsub("[%s'\"\\]", "\\%0") end
    out[#out + 1] = rest
  end
  return out
end

-- What goes on does not end with a blank: a folder, a field before its value.
local function append_to(found, quote, is_open)
  local last = #found == 1 and found[1]:sub(-1) or ""
  if is_open or last == "/" or last == "=" then return "" end
  return quote or " "
end

local function lead_of(whole, segment)
  local lead = #whole - #segment
  return whole:sub(lead + 1) == segment and whole:sub(1, lead) or ""
end

local function completed_names(session, upto, segment)
  local names, path = complete.names(session.environment, upto)
  if not path or path == "" and segment ~= "" then return {} end
  if #segment >= #path then
    local prefix = segment:sub(1, #segment - #path)
    for index, name in ipairs(names) do names[index] = prefix .. name end
    return names
  end
  return behind(path:sub(1, #path - #segment), names, true)
end

-- Within a line of Lua: the names of the ledger in strings that stand for them, else names of Lua.
local function complete_lua(session, upto, segment)
  local name, quote, partial = upto:match "([%a_]+)%s*[=(]?%s*([\"'])([^\"'{}]*)$"
  local list = IN_STRINGS[name]
  if not list then return completed_names(session, upto, segment), "" end
  local found, _, is_open = command_words(session, list, partial)
  return behind(lead_of(partial, segment), found, quote), append_to(found, quote, is_open)
end

---Completes the segment of a line that readline has marked.
---@param session tallystick.shell.Session
---@param line string
---@param from integer
---@param to integer
---@return string[] replacements of the segment
---@return string append what follows where there is but one
function complete.line(session, line, from, to)
  local upto, segment = line:sub(1, to), line:sub(from, to)
  local read = words.read(upto)
  local found, with_names, is_open = words_for(session, upto, read)
  local matches = behind(lead_of(read.word or "", segment), found, read.quote)
  if not with_names then return matches, append_to(matches, read.quote, is_open) end
  local names, append = complete_lua(session, upto, segment)
  table.move(names, 1, #names, #matches + 1, matches)
  return matches, #found == 0 and append or append_to(matches)
end

return complete
