-- Broken and changed variants of configuration scripts, made from a seed: what hands do to a script, and what disks and
-- editors do. For the spec that holds every answer of tallystick.check against rules (spec/mutants_spec.lua).
local command = require "spec.command"
local lexer = require "tallystick.cli.lexer"

local mutants = {}

---A script taken apart: what can be changed in it.
---@class spec.Script
---@field path string
---@field text string
---@field tokens tallystick.cli.Token[]
---@field lines { from: integer, to: integer }[]
---@field tables tallystick.cli.Token[] the brackets of tables with named fields that a declaration checks
---@field keys tallystick.cli.Token[] the fields' names in these
---@field labels tallystick.cli.Token[] the languages of labels
---@field values tallystick.cli.Token[] strings, numbers and booleans that declarations take
---@field amounts tallystick.cli.Token[] strings of digits among them
---@field calls { receiver: tallystick.cli.Token, mark: tallystick.cli.Token, method: tallystick.cli.Token }[]
---@field statements integer[] where lines begin that begin with a call

---@class spec.Mutant
---@field name string what was done, to which script, by which seed
---@field text string
---@field broken? boolean it must be refused
---@field named? string a mistake must name this
---@field near? boolean that mistake must suggest a name one letter apart

-- ---- Chance ----

---@class spec.Chance
---@field state integer
local Chance = {}
Chance.__index = Chance

---@param limit integer
---@return integer from 1 to limit
function Chance:draw(limit)
  -- Xorshift: the same on every machine, and apart from the random numbers of busted.
  local state = self.state
  state = state ~ (state << 13)
  state = state ~ (state >> 7)
  self.state = state ~ (state << 17)
  return (self.state >> 11) % limit + 1
end

---@generic T
---@param list T[]
---@return T
function Chance:one_of(list)
  return list[self:draw(#list)]
end

---@param seed integer
---@return spec.Chance
local function chance_of(seed)
  local chance = setmetatable({ state = seed * 0x9E3779B97F4A7C15 | 1 }, Chance)
  for _ = 1, 4 do chance:draw(2) end
  return chance
end

-- ---- Taking a script apart ----

local BLOCKS = { ["function"] = true, ["if"] = true, ["do"] = true, ["repeat"] = true }
local CLOSING = { ["}"] = true, [")"] = true, ["]"] = true, ["end"] = true, ["until"] = true }
-- Tables whose fields have names of the author's own.
local MAPS = { label = true, fields = true }

local function is_method(tokens, index)
  local receiver, mark = tokens[index - 2], tokens[index - 1]
  return tokens[index] and tokens[index].kind == "name" and receiver and mark.text == ":"
end

-- What a bracket or block opens. A table counts as declared where a method takes it, also within another; what stands
-- in a function is not looked at until it is called.
local function frame_at(tokens, index, outer)
  local word = tokens[index].text
  if BLOCKS[word] then return { inert = true } end
  local frame = { inert = outer.inert, open = tokens[index] }
  if word == "(" then frame.declared = is_method(tokens, index - 1) end
  if word == "{" then
    frame.is_table = true
    frame.declared = not outer.inert and (outer.declared or is_method(tokens, index - 1))
    local key, mark = tokens[index - 2], tokens[index - 1]
    frame.name = key and mark.text == "=" and key.text or nil
  end
  return frame
end

local function take_key(script, frame, token)
  if frame.name == "label" then script.labels[#script.labels + 1] = token end
  if MAPS[frame.name] then return end
  script.keys[#script.keys + 1] = token
  if not frame.has_keys then script.tables[#script.tables + 1] = frame.open end
  frame.has_keys = true
end

local function take_value(script, token)
  script.values[#script.values + 1] = token
  if token.value and token.value:find "^%d+%.?%d*$" then script.amounts[#script.amounts + 1] = token end
end

local function take_call(script, index)
  local tokens = script.tokens
  script.calls[#script.calls + 1] = { receiver = tokens[index - 2], mark = tokens[index - 1], method = tokens[index] }
  if script.line_starts[tokens[index - 2].from] then
    script.statements[#script.statements + 1] = tokens[index - 2].from
  end
end

local LITERALS = { ["true"] = true, ["false"] = true }

local function take_token(script, index, frame)
  local tokens = script.tokens
  local token, following = tokens[index], tokens[index + 1]
  if frame.inert then return end
  local named = token.kind == "name" and following and following.text == "="
  if frame.is_table and frame.declared and named then return take_key(script, frame, token) end
  local is_call = is_method(tokens, index) and following and (following.text:find "^[{(]" or following.kind == "string")
  if is_call then return take_call(script, index) end
  local is_value = token.kind == "string" or token.kind == "number" or LITERALS[token.text]
  if is_value and (frame.declared or is_method(tokens, index - 1)) then take_value(script, token) end
end

---@param path string
---@param text string
---@return spec.Script
function mutants.read(path, text)
  local script = {
    path = path, text = text, tokens = lexer.tokens(text), lines = lexer.lines(text), tables = {}, keys = {},
    labels = {}, values = {}, amounts = {}, calls = {}, statements = {}, line_starts = {},
  }
  for _, line in ipairs(script.lines) do script.line_starts[line.from] = true end
  local frames = { {} }
  for index, token in ipairs(script.tokens) do
    local word = token.kind ~= "string" and token.text
    if word == "{" or word == "(" or word == "[" or BLOCKS[word] then
      frames[#frames + 1] = frame_at(script.tokens, index, frames[#frames])
    elseif CLOSING[word] then
      if #frames > 1 then table.remove(frames) end
    else
      take_token(script, index, frames[#frames])
    end
  end
  return script
end

---Every example's configuration script.
---@return spec.Script[]
function mutants.scripts()
  local scripts = {}
  local pipe <close> = assert(io.popen "find examples -name clinic.lua | sort")
  for path in pipe:lines() do scripts[#scripts + 1] = mutants.read(path, command.read(path)) end
  return scripts
end

-- ---- Changes ----

local function replaced(text, from, to, with)
  return text:sub(1, from - 1) .. with .. text:sub(to + 1)
end

local function replace(script, token, with)
  return replaced(script.text, token.from, token.to, with)
end

-- Values of every kind, most of them wrong wherever they stand.
local VALUES = {
  "1", "-1", "0.5", "0", "0/0", "1/0", "-1/0", "math.mininteger", "true", "false", "nil", '""', '" "', '"x y"',
  '"\\0"', '"\\xFF"', '"\\u{202E}"', '"\\27[2J"', "'%'", "'%d%d'", "{}", "{ {} }", "{ 1, nil, 3 }", "{ [2] = 'x' }",
  "{ x = 1 }", "function() end", "clinic", "...", "print", "string", "string.rep", "('x'):rep(100000)",
  "('é'):rep(70)", ("{"):rep(100) .. ("}"):rep(100), "(function() local t = {} t[1] = t t.t = t return t end)()",
  "(function() return 'CHF', 'EUR' end)()", "{ [{}] = 1, [string] = 2 }", "{ [0.5] = 1, [1e300] = 2, [-1] = 3 }",
  "{ ['a\\nb'] = 1, ['\\xFF'] = 2 }", "'9223372036854775808'", "'-9223372036854775809'", "clinic.currency",
}
local ABSENT = { ["nil"] = true, ["print"] = true }
local AMOUNTS = {
  "-5", "0", "0.00", "-0", "1e3", "99999999999999999999", "92233720368547758.07", "92233720368547758.08", "0.001",
  " 5", "5 ", "5.", ".5", "0x10", "1,50", "1'000", "٣", "+5", "NaN", "inf", "", ("9"):rep(5000),
  "0." .. ("0"):rep(5000), ("0"):rep(200) .. "5", "0.05000000000000000000000001",
}
local LANGUAGES = { "xx", "FR", "fra", "f", "fr-ch", "fr-CH", "fr_CH", "french", "zz-ZZ", "_", "é" }
local STATEMENTS = {
  "error 'x'", "error()", "error {}", "error(nil, 2)", "total = 1", "local x <const> = 1", "return", "do return end",
  "goto there ::there::", "break", "x.y = 1", "print 'x'", "os.exit()", "io.write 'x'", "require 'os'", "_G.x = 1",
  "_ENV = nil", "local _ENV = {}", "string.rep = nil", "clinic = nil", "clinic.x = 1", "clinic[{}] = 1",
  "local s = ('x'):rep(1e7)", "pcall(error)", "assert(false)", "assert(nil, 'no')", "local function f() f() end f()",
  "local function f() return f() end", "for i = 1, 1000 do clinic:language(i) end", "clinic:permit(clinic)",
  "clinic:payment_type(clinic)", "clinic.payment_type()", "clinic.currency(nil, 'CHF')",
  "tostring(clinic)", "for k in pairs(clinic) do error(k) end", "local n = #clinic", "local c = clinic .. 'x'",
  "local c = clinic < clinic",
  "clinic()", "select('#', ...)", "('x'):bad()", "('%s'):format()", "table.concat({ {} })", "ipairs()", "utf8.char(-1)",
  "('x'):rep(-1, 'y')", "tostring(setmetatable)", "error(('x'):rep(100000))", "error('\\27[2J\\n\\0')",
  "error 'script:999999: far'", "error('script:999999: far', 0)", "error('script:0: zero', 0)",
  "error('script:-3: less', 0)", "error('script:99999999999999999999: far', 0)",
  "clinic:currency(('x'):rep(1e6))", "local t = {} t[t] = t",
}

-- Each takes the script and chance; gives the text, or nil where there is nothing to change, and what must be said.
local CHANGES, CHANGE_NAMES = {}, {}

local function change(name, apply)
  CHANGES[name], CHANGE_NAMES[#CHANGE_NAMES + 1] = apply, name
end

-- One letter more, less or another, or two that change places; never a name that is known somewhere.
local function misspell(word, chance, known)
  for _ = 1, 20 do
    local at, way = chance:draw(#word), chance:draw(4)
    local before, letter, behind = word:sub(1, at - 1), word:sub(at, at), word:sub(at + 1)
    local slip = way == 1 and before .. behind or way == 2 and before .. letter .. "q" .. behind
      or way == 3 and before .. "q" .. behind or before .. behind:sub(1, 1) .. letter .. behind:sub(2)
    if slip ~= word and slip:find "^%a" and not known[slip] and #slip > 1 then return slip end
  end
  return word .. "q"
end

local function set_of(tokens)
  local set = {}
  for _, token in ipairs(tokens) do set[token.text] = true end
  return set
end

change("a field misspelt", function(script, chance)
  local key = chance:one_of(script.keys)
  local slip = misspell(key.text, chance, set_of(script.keys))
  return replace(script, key, slip), { broken = true, named = slip, near = true }
end)

change("a field unknown", function(script, chance)
  local opening = chance:one_of(script.tables)
  local name = "zzq" .. chance:draw(1000)
  local value = chance:one_of(VALUES)
  -- A field that is nil is none.
  if ABSENT[value] then value = "1" end
  local field = (" %s = %s,"):format(name, value)
  return replaced(script.text, opening.to + 1, opening.to, field), { broken = true, named = name }
end)

change("a method misspelt", function(script, chance)
  local call = chance:one_of(script.calls)
  local methods = {}
  for _, other in ipairs(script.calls) do methods[other.method.text] = true end
  local slip = misspell(call.method.text, chance, methods)
  return replace(script, call.method, slip), { broken = true, named = slip, near = true }
end)

change("a method unknown", function(script, chance)
  local at = chance:one_of(script.statements)
  local name = "zzq" .. chance:draw(1000)
  local call = ("%s:%s(%s)\n"):format(script.calls[1].receiver.text, name, chance:one_of(VALUES))
  return replaced(script.text, at, at - 1, call), { broken = true, named = name }
end)

change("a dot for a colon", function(script, chance)
  local call = chance:one_of(script.calls)
  return replace(script, call.mark, "."), { broken = true, named = call.method.text }
end)

change("a value of another kind", function(script, chance)
  return replace(script, chance:one_of(script.values), chance:one_of(VALUES))
end)

change("a value misspelt", function(script, chance)
  local value = chance:one_of(script.values)
  if not value.value or value.value == "" then return nil end
  return replace(script, value, ("%q"):format(misspell(value.value, chance, {})))
end)

change("another amount", function(script, chance)
  if #script.amounts == 0 then return nil end
  return replace(script, chance:one_of(script.amounts), ("%q"):format(chance:one_of(AMOUNTS)))
end)

change("another language", function(script, chance)
  if #script.labels == 0 then return nil end
  return replace(script, chance:one_of(script.labels), ("[%q]"):format(chance:one_of(LANGUAGES)))
end)

change("a field left out", function(script, chance)
  local key = chance:one_of(script.keys)
  local stop = script.text:find("[,}]", key.to) or #script.text
  return replaced(script.text, key.from, stop - 1, "")
end)

change("a field twice", function(script, chance)
  local key = chance:one_of(script.keys)
  return replaced(script.text, key.from, key.from - 1, ("%s = %s, "):format(key.text, chance:one_of(VALUES)))
end)

change("a token lost", function(script, chance)
  return replace(script, chance:one_of(script.tokens), "")
end)

change("a token doubled", function(script, chance)
  local token = chance:one_of(script.tokens)
  return replace(script, token, token.text .. " " .. token.text)
end)

change("a token of elsewhere", function(script, chance)
  return replace(script, chance:one_of(script.tokens), chance:one_of(script.tokens).text)
end)

local function line_text(script, line)
  return script.text:sub(line.from, line.to)
end

change("two lines swapped", function(script, chance)
  local lines = {}
  for index, line in ipairs(script.lines) do lines[index] = line_text(script, line) end
  local left, right = chance:draw(#lines), chance:draw(#lines)
  lines[left], lines[right] = lines[right], lines[left]
  return table.concat(lines, "\n")
end)

change("a line twice", function(script, chance)
  local line = chance:one_of(script.lines)
  return replaced(script.text, line.from, line.from - 1, line_text(script, line) .. "\n")
end)

change("a line in a loop", function(script, chance)
  local line = chance:one_of(script.lines)
  return replaced(script.text, line.from, line.to, ("for i = 1, %d do %s end"):format(10 ^ chance:draw(3) // 1,
    line_text(script, line)))
end)

change("a statement", function(script, chance)
  local line = chance:one_of(script.lines)
  return replaced(script.text, line.from, line.from - 1, chance:one_of(STATEMENTS) .. " ")
end)

change("the text cut", function(script, chance)
  return script.text:sub(1, chance:draw(#script.text) - 1)
end)

change("random bytes", function(script, chance)
  local text = script.text
  for _ = 1, chance:draw(8) do
    local at = chance:draw(#text)
    text = replaced(text, at, at - chance:draw(2) + 1, string.char(chance:draw(256) - 1))
  end
  return text
end)

change("other ends of lines", function(script, chance)
  return (script.text:gsub("\n", chance:one_of { "\r", "\r\n", "\n\r", "\n\n", "\r\r", "" }))
end)

change("a text that is large", function(script, chance)
  return script.text .. ("--[[ %s ]]"):format((" "):rep(chance:one_of { 1000000, 1048576 }))
end)

change("a loop without end", function(script, chance)
  local at = chance:one_of(script.statements)
  return replaced(script.text, at, at - 1, "while true do end ")
end)

-- What takes long is done seldom.
local SELDOM = { ["a loop without end"] = 12, ["a text that is large"] = 12 }

local function is_drawn(name, chance)
  return chance:draw(SELDOM[name] or 1) == 1
end

---The names of all changes.
---@return string[]
function mutants.changes()
  return CHANGE_NAMES
end

---Makes a variant. One in four is changed once or twice more, and nothing is claimed of it but what holds of any text.
---@param scripts spec.Script[]
---@param seed integer
---@return spec.Mutant
function mutants.make(scripts, seed)
  local chance = chance_of(seed)
  local script = chance:one_of(scripts)
  local rounds = chance:draw(4) == 1 and 1 + chance:draw(2) or 1
  local names, text, claim = {}, nil, nil
  for _ = 1, rounds do
    local name = chance:one_of(CHANGE_NAMES)
    local changed, claimed
    if is_drawn(name, chance) then changed, claimed = CHANGES[name](script, chance) end
    if changed then
      names[#names + 1], text, claim = name, changed, claimed
      local again = mutants.read(script.path, changed)
      if #again.keys == 0 or #again.statements == 0 or #again.values == 0 then break end
      script = again
    end
  end
  if #names == 0 then return mutants.make(scripts, seed + 0x100000000) end
  local mutant = #names == 1 and claim or {}
  mutant.name = ("%s, seed %d: %s"):format(script.path, seed, table.concat(names, ", then "))
  mutant.text = text
  return mutant
end

return mutants
