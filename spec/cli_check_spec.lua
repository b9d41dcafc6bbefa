-- tallystick check: every mistake of a script under the line where it stands, for people and for programs.
local check = require "tallystick.cli.run.check"
local command = require "spec.command"
local config = require "tallystick.config"
local json = require "dkjson"
local lexer = require "tallystick.cli.lexer"
local locate = require "tallystick.cli.locate"

local SOUND = "examples/practice-year/clinic.lua"

local folder
before_each(function() folder = command.folder() end)
after_each(function() command.remove(folder) end)

local function write(text, name)
  local path = folder .. "/" .. (name or "clinic.lua")
  command.write(path, text)
  return path
end

---The mistakes of a script whose first line takes the builder, and the script.
local function mistakes_of(body)
  local text = "local clinic = ...\n" .. body
  local _, errors = config.check(text, "clinic.lua")
  return assert(errors, "accepted: " .. body), locate.read(text)
end

---What is underlined for each mistake: its line and the text.
local function underlined(body)
  local errors, script = mistakes_of(body)
  local places = {}
  for index, mistake in ipairs(errors) do
    local span = locate.find(script, mistake)
    places[index] = span and ("%d %s"):format(span.line, script.text:sub(span.from, span.to)) or "nothing"
  end
  return table.concat(places, "; ")
end

describe("a mistake is found where it stands:", function()
  local function with(field)
    return ('clinic:payment_type { id = "cash", default = true, %s }'):format(field)
  end

  for name, row in pairs {
    ["a value"] = { 'clinic:currency "chf"', '2 "chf"' },
    ["a value in brackets"] = { "clinic:currency(756)", "2 756" },
    ["a value that is computed"] = { 'clinic:currency("ch" .. "f")', '2 "ch" .. "f"' },
    ["a missing value"] = { "clinic:currency()", "2 currency" },
    ["a declaration that is not known"] = { 'clinic:langauge "fr"', "2 langauge" },
    ["a builder under another name"] = { 'local c = clinic c:langauge "fr"', "2 langauge" },
    ["a dot for a colon"] = { 'clinic.currency "CHF"', "2 currency" },
    ["an assignment"] = { 'clinic.tax = "8.1"', "2 tax" },
    ["a field's name"] = { with 'rond_to = "0.05"', "2 rond_to" },
    ["a field's value"] = { with 'excess = "chnage"', '2 "chnage"' },
    ["a field that is missing"] = { "clinic:payment_type { default = true }", "2 payment_type" },
    ["a value that equals its name"] = { with 'effect = "effect"', '2 "effect"' },
    ["a name that is refused as a value"] = { with 'label = { FR = "x" }', "2 FR" },
    ["a name in brackets"] = { with 'label = { ["fr-ch"] = "x" }', '2 "fr-ch"' },
    ["a name that is a number"] = { with 'roles = { "a" }, [7] = 1', "2 7" },
    ["an item of a list"] = { with 'roles = { "a", "b", "a" }', '2 "a"' },
    ["a field within fields"] = { with 'fields = { no = { type = "int" } }', '2 "int"' },
    ["a field on a later line"] = { with '\n  roles = {\n    "",\n  }', '4 ""' },
    ["a field behind a function"] = { with "group = function() if x then return 1, 2 end end, max = 1",
      "2 function() if x then return 1, 2 end end; 2 1" },
    ["a comma within a string or comment"] = { with "account = 'a, }', --[[ , ]] max = 1", "2 1" },
    ["the first of two calls on a line"] = { 'clinic:permit { pya = {} } clinic:permit { pay = { "a" } }', "2 pya" },
    ["the second of two calls on a line"] = { 'clinic:permit { pay = { "a" } } clinic:permit { pay = { "b" } }',
      "2 pay" },
    ["a type among others on its line"] = {
      'clinic:payment_type { id = "a", default = true, max = "1" } clinic:payment_type { id = "b", max = "x" }',
      '2 "x"' },
    ["a table that was made before"] = { 'local it = { id = "x", max = 1, default = true }\nclinic:payment_type(it)',
      "3 payment_type" },
    ["the value that a second call repeats"] = { 'clinic:currency "CHF"\nclinic:currency "EUR"', "3 currency" },
    ["a brace on the next line"] = { 'clinic:payment_type\n{ id = "a", default = 1 }', "3 1" },
    ["a syntax error"] = { "local x = = 2", "2 =" },
    ["the end of the text"] = { "for", "nothing" },
    ["a global that is set"] = { "total = 1", "2 total" },
    ["a global that is not there"] = { 'print "x"', "2 print" },
    ["an error of the script's own"] = { "error 'no'", "nothing" },
  } do
    it(name, function() assert.equal(row[2], underlined(row[1])) end)
  end

  it("the second of two equal items", function()
    local errors, script = mistakes_of 'clinic:permit { pay = { "a", "a" } }'
    local span = locate.find(script, errors[1])
    assert.equal(#'clinic:permit { pay = { "a", ', span.from - script.lines[2].from)
  end)

  it("in a deep table, in no time", function()
    local deep = ("{"):rep(150) .. ("}"):rep(150)
    assert.equal("2 " .. deep, underlined(with("max = " .. deep)))
  end)
end)

describe("what is shown", function()
  local function shown(body, colour)
    local errors, script = mistakes_of(body)
    return check.describe(script, errors[1], colour or false)
  end

  it("is the place, the sentence and the line with what is wrong underlined", function()
    assert.equal([[
clinic.lua:2:17: currency: "chf" is not a currency; did you mean "CHF"?
 2 | clinic:currency "chf"
   |                 ^^^^^
]], shown 'clinic:currency "chf"')
  end)

  it("counts characters, not bytes", function()
    assert.equal([[
clinic.lua:2:47: permit.pay[2]: 1 is a number; write a text of 1 to 64 bytes of UTF-8
 2 | --[[ é ü ]].."]]"..[[ clinic:permit { pay = { "Zürich", 1 } }
   |                                               ^
]], shown '--[[ é ü ]] clinic:permit { pay = { "Zürich", 1 } }')
  end)

  it("has no control characters of the script, and none that turn the writing", function()
    local text = shown "\tclinic:currency 'ch\27[2J\xE2\x80\xAEf'"
    assert.is_nil(text:gsub("\n", ""):find "%c")
    assert.is_nil(text:find("\u{202E}", 1, true))
    assert.truthy(text:find(" 2 |  clinic:currency 'ch·[2J·f'", 1, true))
  end)

  it("is the part of a long line that matters", function()
    local _, line, marks = shown('clinic:permit { ' .. ("pay = { 'desk' }, "):rep(50) .. "pya = {}, "
      .. ("pay = { 'desk' }, "):rep(50) .. "}"):match "^([^\n]*)\n([^\n]*)\n([^\n]*)\n$"
    assert.truthy(line:find "^ 2 | …" and line:find "…$")
    assert.is_true(utf8.len(line) <= 110)
    local at = utf8.len(line, 1, line:find "pya" - 1) + 1
    assert.equal((" "):rep(at - 1) .. "^^^", (marks:gsub("|", " ")))
  end)

  it("has no more marks than its line has room", function()
    assert.equal(" 2 | clinic:currency {\n   |                 ^\n",
      (shown "clinic:currency {\n}":gsub("^[^\n]*\n", "")))
  end)

  it("has colours where they are asked for", function()
    assert.truthy(shown('clinic:currency "chf"', true):find("\27[31m^^^^^\27[0m", 1, true))
  end)
end)

describe("check", function()
  it("says in one line what a sound script declares", function()
    assert.same({ code = 0, err = "", out = SOUND .. " is sound: CHF; language fr; 9 payment types; "
      .. "roles for cancel, close_days, refund\n" }, command.run("check", SOUND))
  end)

  it("claims nothing that a script does not say", function()
    local path = write ""
    assert.equal(path .. " is sound: the payment types of the preset\n", command.run("check", path).out)
    path = write 'local clinic = ... clinic:payment_type { id = "cash", default = true }'
    assert.equal(path .. " is sound: 1 payment type\n", command.run("check", path).out)
  end)

  it("shows every mistake and counts them", function()
    local path = write 'local clinic = ...\nclinic:currency "chf"\nclinic:language "FR"\n'
    assert.same({ code = 2, err = "", out = ([[
@:2:17: currency: "chf" is not a currency; did you mean "CHF"?
 2 | clinic:currency "chf"
   |                 ^^^^^
@:3:17: language: "FR" does not fit; write a language code of two letters, such as "fr"
 3 | clinic:language "FR"
   |                 ^^^^
@ has 2 mistakes
]]):gsub("@", path) }, command.run("check", path))
  end)

  it("takes several files, and fails where one has a mistake", function()
    local broken = write("local clinic = ...\nclinic:", "broken.lua")
    local ended = command.run("check", SOUND, broken, SOUND)
    assert.equal(2, ended.code)
    assert.equal(2, select(2, ended.out:gsub("is sound", "")))
    assert.truthy(ended.out:find(broken .. " has 1 mistake\n", 1, true))
    assert.equal(0, command.run("check", SOUND, SOUND).code)
  end)

  for name, path in pairs { ["that is not there"] = "/nowhere/clinic.lua", ["that is a folder"] = "spec" } do
    it("tells of a file " .. name, function()
      local ended = command.run("check", path)
      assert.same({ 2, "" }, { ended.code, ended.err })
      assert.equal(1, ended.out:find(path .. ":1: script: the script cannot be read: ", 1, true))
    end)
  end

  it("writes an object a line for each mistake with --json", function()
    local path = write 'local clinic = ...\nclinic:permit {\n  pya = {} }\nerror "é\\"\\27"'
    local ended = command.run("check", "--json", path, SOUND)
    assert.same({ 2, "" }, { ended.code, ended.err })
    local lines = {}
    for line in ended.out:gmatch "([^\n]*)\n" do lines[#lines + 1] = assert(json.decode(line)) end
    assert.same({
      { file = path, line = 2, path = "permit.pya", message = 'is not a known field; did you mean "pay"?',
        suggestion = "pay", found = { line = 3, column = 3, length = 3 }, expected = lines[1].expected },
      { file = path, line = 4, path = "script", message = 'é"\\x1B' },
    }, lines)
    assert.same({ code = 0, out = "", err = "" }, command.run("check", "--json", SOUND))
  end)

  it("needs a file", function()
    local ended = command.run "check"
    assert.equal(2, ended.code)
    assert.truthy(ended.err:find "Usage: tallystick check")
  end)

  it("has colours on a terminal only, and not with NO_COLOR", function()
    local path = write "local clinic = ...\nclinic:currency()"
    assert.is_nil(command.run("check", path).out:find("\27", 1, true))
    -- script(1) runs a command in a terminal of its own.
    if not os.execute "command -v script >/dev/null" then return pending "no script(1) here" end
    local line = ("TERM=xterm %%s script -qec 'bin/tallystick check %s' /dev/null </dev/null"):format(path)
    assert.truthy(command.shell(line:format "env -u NO_COLOR").out:find("\27[31m", 1, true))
    assert.is_nil(command.shell(line:format "NO_COLOR=1").out:find("\27", 1, true))
    assert.is_nil(command.shell(line:format "env -u NO_COLOR TERM=dumb").out:find("\27", 1, true))
  end)
end)

describe("Lua's tokens", function()
  local function texts(text)
    local found = {}
    for index, token in ipairs(lexer.tokens(text)) do found[index] = token.line .. token.text end
    return table.concat(found, " ")
  end

  for text, expected in pairs {
    ["a = 1 -- b\nc"] = "1a 1= 11 2c", ["--[[ a\nb ]] c"] = "2c", ["--[==[ a ]] ]==] c"] = "1c",
    ["a\r\nb\rc\n\rd"] = "1a 2b 3c 4d", ["'a\\'b' \"c"] = "1'a\\'b' 1\"c", ["'a\nb"] = "1'a 2b",
    ["[[a\nb]] c"] = "1[[a\nb]] 2c", ["a==b..c...d"] = "1a 1== 1b 1.. 1c 1... 1d", ["0x1F .5 1e9"] = "10x1F 1.5 11e9",
    ["--[[ never ends"] = "", ["[=[ never ends"] = "1[=[ never ends", ["\xFF\0"] = "1\xFF 1\0", [""] = "",
    ["'ends with a \\"] = "1'ends with a \\",
  } do
    it(("of %q"):format(text), function() assert.equal(expected, texts(text)) end)
  end
end)
