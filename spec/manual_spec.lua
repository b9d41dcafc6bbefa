-- The manual pages: what formatters say of them, and that each command, option and exit code is told of.
local command = require "spec.command"
local exit = require "tallystick.cli.exit"
local grammar = require "tallystick.cli.grammar"
local manual = require "tallystick.cli.manual"
local parse = require "tallystick.cli.parse"

local function is_there(program)
  return os.execute("command -v " .. program .. " >/dev/null 2>&1") == true
end

-- Other people's programs are run without the sanitizers that the suite may be run under.
local ALONE = "env -u LD_PRELOAD"

-- A page as a terminal shows it, in ASCII, on lines that are never broken.
local function shown(name, folder)
  local line = "%s MANROFFOPT=-rLL=1000n MANWIDTH=1000 man -l --no-hyphenation %s/%s.1 | col -b"
  local ended = command.shell(line:format(ALONE, folder, name))
  return (ended.out:gsub("\u{2010}", "-"):gsub("\u{2019}", "'"))
end

describe("the manual", function()
  local folder

  setup(function()
    folder = command.folder()
    local ended = command.run("manual", "--folder", folder)
    assert.same({ code = 0, out = "", err = "" }, ended)
  end)

  teardown(function() command.remove(folder) end)

  it("has a page for each command of the command line and one for all, and no other", function()
    local expected = { "tallystick.1" }
    for _, definition in ipairs(grammar.commands) do
      if grammar.is_at(definition, "line") then expected[#expected + 1] = "tallystick-" .. definition.name .. ".1" end
    end
    table.sort(expected)
    assert.equal(table.concat(expected, "\n") .. "\n", command.shell("LC_ALL=C ls " .. folder).out)
  end)

  it("is the same on the output as in the folder", function()
    assert.equal(command.read(folder .. "/tallystick.1"), command.run("manual").out)
    assert.equal(command.read(folder .. "/tallystick-pay.1"), command.run("manual", "pay").out)
  end)

  it("is set without a warning by groff", function()
    if not is_there "groff" then return pending "groff is not here" end
    local line = "for page in %s/*.1; do %s groff -man -ww -Tutf8 -z $page; done"
    local ended = command.shell(line:format(folder, ALONE))
    assert.same({ code = 0, out = "", err = "" }, ended)
  end)

  it("is set without a warning by mandoc", function()
    if not is_there "mandoc" then return pending "mandoc is not here" end
    local ended = command.shell(("mandoc -Tlint -W warning %s/*.1"):format(folder))
    assert.same({ code = 0, out = "", err = "" }, ended)
  end)

  it("is found by its name and its first line", function()
    if not is_there "lexgrog" then return pending "lexgrog is not here" end
    local ended = command.shell(("lexgrog %s/*.1"):format(folder))
    assert.equal(0, ended.code, ended.err)
    assert(ended.out:find('"tallystick-pay - Record a payment"', 1, true), ended.out)
  end)

  it("has nothing beyond ASCII in it", function()
    for page in command.shell("ls " .. folder).out:gmatch "%S+" do
      assert.is_nil(command.read(folder .. "/" .. page):find "[\x80-\xff]", page)
    end
  end)

  it("tells of each argument, option and example of a command as they are typed", function()
    if not is_there "man" or not is_there "col" then return pending "man is not here" end
    for _, name in ipairs { "pay", "refund", "import", "restore", "completion", "shell", "close_days" } do
      local definition = grammar.find(name)
      local text = shown("tallystick-" .. name, folder)
      for _, option in ipairs(parse.options(definition)) do
        assert(text:find(grammar.option_name(option), 1, true), name .. " " .. option.name)
        assert(text:find(option.help, 1, true), name .. ": " .. option.help)
      end
      for _, argument in ipairs(parse.arguments(definition, "line")) do
        assert(text:find(argument.help, 1, true), name .. ": " .. argument.help)
      end
      for _, example in ipairs(parse.examples(definition, "line")) do assert(text:find(example, 1, true), example) end
    end
  end)

  it("tells in its overview of every command and every exit code", function()
    local page = manual.page()
    for _, definition in ipairs(grammar.commands) do
      local is_told = page:find("\\fB" .. manual.literal(definition.name) .. "\\fR", 1, true) ~= nil
      assert.equal(grammar.is_at(definition, "line"), is_told, definition.name)
    end
    for _, code in pairs(exit) do
      if math.type(code) == "integer" then assert(page:find("\n\\fB" .. code .. "\\fR\n", 1, true), code) end
    end
    for _, name in ipairs { "NO_COLOR", "TALLYSTICK_ACTOR", "TALLYSTICK_HISTORY", "PAGER", "TZ" } do
      assert(page:find("\\fB" .. name .. "\\fR", 1, true), name)
    end
  end)

  it("names the shell's own commands on the shell's page", function()
    local page = manual.page(grammar.find "shell")
    for _, definition in ipairs(grammar.commands) do
      if definition.doors == "shell" then
        assert(page:find("\\fB" .. manual.literal(definition.name) .. "\\fR", 1, true), definition.name)
      end
    end
  end)

  for _, case in ipairs {
    { "a dot in front", ".5 is half", "\\&.5 is half" },
    { "an apostrophe in front", "'s", "\\&'s" },
    { "a dot where a line is broken", ("word "):rep(15) .. ".hidden file", ("word "):rep(15):sub(1, -2)
      .. "\n\\&.hidden file" },
    { "a backslash", "a\\nb", "a\\enb" },
    { "letters beyond ASCII", "R\u{e9}sum\u{e9} \u{2026}", "R\\[u00E9]sum\\[u00E9] \\[u2026]" },
    { "hyphens that are typed", "such as F-00012, --dry-run or 2026-11-20",
      "such as F\\-00012, \\-\\-dry\\-run or 2026\\-11\\-20" },
    { "hyphens between words", "read-only", "read-only" },
    { "a tilde", "~/books", "\\(ti/books" },
  } do
    local name, text, expected = table.unpack(case)
    it("escapes " .. name, function()
      local definition = setmetatable({ summary = "x", arguments = {}, examples = {},
        options = { { name = "note", kind = "text", help = text } } }, { __index = grammar.find "types" })
      assert(manual.page(definition):find("\n" .. expected .. ".\n", 1, true), manual.page(definition))
    end)
  end

  it("escapes what is typed as it stands", function()
    assert.equal([[a\-b \(aqc\(aq \(gad\(ga \(tie\(ha \ef]], manual.literal [[a-b 'c' `d` ~e^ \f]])
  end)

  it("names the day that a repeated build counts as", function()
    local ended = command.shell "SOURCE_DATE_EPOCH=1700000000 bin/tallystick manual pay"
    assert.matches('^%.TH TALLYSTICK\\%-PAY 1 "2023%-11%-14"', ended.out)
  end)

  it("is installed with the completion of each shell, and taken away again #slow", function()
    local prefix = folder .. "/usr"
    local make = "env -u MAKEFLAGS -u MAKELEVEL make "
    local installed = command.shell(make .. "install-shell PREFIX=" .. prefix)
    assert.equal(0, installed.code, installed.err)
    local files = {
      bash = "bash-completion/completions/tallystick", zsh = "zsh/site-functions/_tallystick",
      fish = "fish/vendor_completions.d/tallystick.fish",
    }
    for shell, file in pairs(files) do
      assert.equal(require("tallystick.cli.completions")[shell], command.read(prefix .. "/share/" .. file))
    end
    assert.matches("^%.TH", command.read(prefix .. "/share/man/man1/tallystick-pay.1"))
    assert.equal(0, command.shell(make .. "uninstall PREFIX=" .. prefix).code)
    assert.equal("", command.shell("find " .. prefix .. " -type f").out)
  end)

  for _, case in ipairs {
    { "an unknown command", { "pey" }, "command needs one of" },
    { "a command and a folder", { "pay", "--folder", "/tmp" }, "name no command beside it" },
    { "a folder that is not there", { "--folder", "/nowhere/at/all" }, "No such file" },
  } do
    local name, words, message = table.unpack(case)
    it("refuses " .. name, function()
      local ended = command.run("manual", table.unpack(words))
      assert.equal(2, ended.code)
      assert.equal("", ended.out)
      assert(ended.err:find(message, 1, true), ended.err)
    end)
  end
end)
