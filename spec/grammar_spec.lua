-- The one table of commands, and how words are read by it: held against the core, the runners and the reference.
local command = require "spec.command"
local core = require "tallystick.core"
local grammar = require "tallystick.cli.grammar"
local parse = require "tallystick.cli.parse"

local KINDS = {}
for kind in ([[text texts amount day time count boolean flag choice map path document documents consultations payment
  patient party type group status]]):gmatch "%a+" do
  KINDS[kind] = true
end

local function all_commands()
  local list = {}
  for _, definition in ipairs(grammar.commands) do list[#list + 1] = grammar.find(definition.name) end
  for _, definition in ipairs(grammar.hidden) do list[#list + 1] = grammar.find(definition.name) end
  return list
end

local function parameters_of(definition)
  local list = table.move(definition.arguments, 1, #definition.arguments, 1, {})
  return table.move(parse.options(definition), 1, #parse.options(definition), #list + 1, list)
end

-- Cuts an example into words as a shell does, as far as the examples need it.
local function words_of(example)
  local text = example:gsub("%s*[|>].*$", ""):gsub('"([^"]*)"', function(inside) return inside:gsub(" ", "\1") end)
  local list = {}
  for word in text:gmatch "%S+" do list[#list + 1] = word:gsub("\1", " ") end
  return list
end

describe("the table of commands", function()
  it("knows each command once, and each alias", function()
    local seen = {}
    for _, definition in ipairs(all_commands()) do
      assert.is_nil(seen[definition.name], definition.name)
      seen[definition.name] = true
      for _, alias in ipairs(definition.aliases or {}) do
        assert.is_nil(seen[alias], alias)
        seen[alias] = true
        assert.equal(definition, grammar.find(alias))
      end
    end
    assert.is_nil(grammar.find "repaly")
  end)

  it("lists every command in a section, and none that is hidden", function()
    local sections = {}
    for _, section in ipairs(grammar.sections) do sections[section.name] = true end
    for _, definition in ipairs(grammar.commands) do
      assert.is_true(sections[definition.section], definition.name)
      assert.is_nil(definition.hidden)
    end
  end)

  it("has each writing command of the core with exactly its fields, and asks for what the core requires", function()
    local filled = require("tallystick.cli.grammar.writing").filled
    for _, row in ipairs(core.commands) do
      local definition = assert(grammar.find(row.name), row.name)
      assert.is_true(definition.writes)
      assert.equal("rw", definition.ledger)
      local expected, found = {}, {}
      for _, field in ipairs(row.fields) do
        local is_filled = filled[row.name] and filled[row.name][field.name]
        expected[field.name] = field.required and not is_filled
      end
      for _, option in ipairs(definition.options) do found[option.name] = option.required or false end
      assert.same(expected, found, row.name)
      for _, argument in ipairs(definition.arguments) do assert.is_boolean(found[argument.name], argument.name) end
    end
  end)

  it("marks no other command as one that writes fields", function()
    local writing = {}
    for _, row in ipairs(core.commands) do writing[row.name] = true end
    for _, definition in ipairs(all_commands()) do assert.equal(writing[definition.name], definition.writes) end
  end)

  for _, definition in ipairs(all_commands()) do
    describe("has for " .. definition.name, function()
      it("a runner that runs", function()
        local loaded, runner = pcall(require, definition.run)
        assert.is_true(loaded, runner)
        assert.is_function(runner.run, definition.run)
      end)

      it("a summary and help in sentences without a full stop", function()
        assert.matches("^%u.*[^.]$", definition.summary)
        for _, parameter in ipairs(parameters_of(definition)) do
          assert.matches("^%S.*[^.]$", parameter.help, parameter.name)
        end
      end)

      it("parameters of known kinds, with options of different names", function()
        local names = {}
        for _, parameter in ipairs(parameters_of(definition)) do
          assert.is_true(KINDS[parameter.kind], parameter.name .. ": " .. tostring(parameter.kind))
          assert.equal(parameter.kind == "choice", parameter.choices ~= nil and parameter.kind ~= "texts")
        end
        for _, option in ipairs(parse.options(definition)) do
          local name = grammar.option_name(option)
          assert.matches("^%-%-%l[%l%d-]+$", name)
          assert.is_nil(names[name], name)
          names[name] = true
        end
        assert.is_nil(names["--help"])
        assert.is_nil(names["--ledger"])
      end)

      it("examples that are understood", function()
        assert(definition.hidden or #definition.examples > 0, "no example")
        local door = definition.doors == "shell" and "shell" or "line"
        for _, example in ipairs(parse.examples(definition, door)) do
          local words = words_of(example)
          if door == "line" then assert.equal("tallystick", table.remove(words, 1)) end
          assert.equal(definition.name, table.remove(words, 1))
          local values, message = parse.words(definition, words, door)
          assert(values or definition.prefix, ("%s: %s"):format(example, message))
        end
      end)

      it("help with every parameter, each example and the program's name", function()
        if definition.doors == "shell" then return end
        local help = parse.help(definition, "line")
        assert.matches("^Usage: tallystick " .. definition.name:gsub("%-", "%%-"), help)
        for _, option in ipairs(parse.options(definition)) do
          assert(help:find(grammar.option_name(option), 1, true), option.name)
        end
        for _, example in ipairs(parse.examples(definition, "line")) do assert(help:find(example, 1, true), example) end
        for _, window in ipairs { 80, 200 } do
          for line in parse.help(definition, "line", window):gmatch "[^\n]+" do
            assert(utf8.len(line) <= math.min(window, 100) or line:find "^   tallystick", line)
          end
        end
      end)

      it("the same at both doors, but for the ledger", function()
        if definition.doors ~= "both" then return end
        local line, shell = parse.arguments(definition, "line"), parse.arguments(definition, "shell")
        assert.equal("ledger", line[1].name)
        assert.same(shell, table.move(line, 2, #line, 1, {}))
        for _, parameter in ipairs(shell) do assert.not_equal("ledger", parameter.name) end
      end)
    end)
  end

  it("is told of by the reference, command by command", function()
    local page = command.read "docs/reference.md"
    local part = page:match "\n## The command line\n(.-)\n## "
    for _, definition in ipairs(grammar.commands) do
      if grammar.is_at(definition, "line") then
        assert(part:find("`" .. definition.name .. "`", 1, true), definition.name)
      end
    end
  end)
end)

describe("words", function()
  local function read(name, ...)
    return parse.words(grammar.find(name), { ... }, "line")
  end

  for _, case in ipairs {
    { "an amount below zero", { "charge", "x.db", "F-1", "-5" }, { document = "F-1", amount = "-5" } },
    { "an amount below one", { "charge", "x.db", "F-1", "-.5" }, { document = "F-1", amount = "-.5" } },
    { "an amount below zero with its name", { "charge", "x.db", "F-1", "--amount=-5" },
      { document = "F-1", amount = "-5" } },
    { "and behind it", { "charge", "x.db", "F-1", "--amount", "-5" }, { document = "F-1", amount = "-5" } },
    { "an option between arguments", { "pay", "x.db", "F-1", "--type", "card", "5" },
      { document = "F-1", type = "card", amount = "5" } },
    { "options first", { "pay", "--dry-run", "--type=card", "x.db", "F-1" },
      { document = "F-1", type = "card", dry_run = true } },
    { "words behind --", { "pay", "x.db", "--type", "card", "--", "--F", "-x" },
      { document = "--F", type = "card", amount = "-x" } },
    { "--help behind --", { "pay", "x.db", "--", "--help" }, { document = "--help" } },
    { "a value that begins with a dash", { "pay", "x.db", "--note", "-x -y" }, { note = "-x -y" } },
    { "a value that looks like an option", { "pay", "x.db", "--note", "--not-one" }, { note = "--not-one" } },
    { "a value that is an option, behind =", { "pay", "x.db", "--note=--json" }, { note = "--json" } },
    { "an equals sign in a value", { "pay", "x.db", "--note", "a=b=c" }, { note = "a=b=c" } },
    { "an empty value", { "pay", "x.db", "F-1", "--note", "" }, { document = "F-1", note = "" } },
    { "an empty value behind =", { "pay", "x.db", "F-1", "--note=" }, { document = "F-1", note = "" } },
    { "an empty argument", { "pay", "x.db", "" }, { document = "" } },
    { "a dash alone", { "pay", "x.db", "-" }, { document = "-" } },
    { "letters of everybody", { "pay", "x.db", "F-1", "--note", "Zahnärztin \u{1F9B7} 診療" },
      { document = "F-1", note = "Zahnärztin \u{1F9B7} 診療" } },
    { "control characters, which the ledger refuses", { "pay", "x.db", "F-1", "--note", "\1a\1" },
      { document = "F-1", note = "\1a\1" } },
    { "a field by its name, and the next by its place", { "pay", "x.db", "--document", "F-1", "5" },
      { document = "F-1", amount = "5" } },
    { "documents in the place of the document", { "pay", "x.db", "--documents", "oldest", "--patient", "P1", "5" },
      { documents = "oldest", patient = "P1", amount = "5" } },
    { "a list", { "pay", "x.db", "--documents", "F-1, F-2,,F-3" }, { documents = { "F-1", "F-2", "F-3" } } },
    { "a list in parts", { "pay", "x.db", "--documents", "F-1", "--documents=F-2" }, { documents = { "F-1", "F-2" } } },
    { "all words that are left", { "invoice", "x.db", "C-1", "--due", "2026-01-01", "C-2", "C-3,C-4" },
      { consultations = { "C-1", "C-2", "C-3", "C-4" }, due = "2026-01-01" } },
    { "a map", { "close_days", "x.db", "--counted", "cash=5", "--counted=card=-6" },
      { counted = { cash = "5", card = "-6" } } },
    { "a map with an equals sign in a value", { "pay", "x.db", "--field", "a=b=c" }, { fields = { a = "b=c" } } },
    { "yes", { "refund", "x.db", "R-1", "--reopen", "YES", "--reason", "x" },
      { payment = "R-1", reopen = true, reason = "x" } },
    { "a flag twice", { "pay", "x.db", "--dry-run", "--dry-run" }, { dry_run = true } },
  } do
    local name, words, expected = table.unpack(case)
    it("may be " .. name, function()
      local values, message = read(table.unpack(words))
      assert(values, message)
      expected.ledger = "x.db"
      assert.same(expected, values)
    end)
  end

  for _, case in ipairs {
    { "an unknown option", { "pay", "x.db", "--typ", "card" }, "unknown option '--typ'" },
    { "an unknown option of one letter", { "pay", "x.db", "-x" }, "unknown option '-x'" },
    { "three dashes", { "pay", "x.db", "---" }, "unknown option '---'" },
    { "an option without a name", { "pay", "x.db", "--=5" }, "unknown option" },
    { "a forgotten value at the end", { "pay", "x.db", "--type" }, "'--type' requires an argument" },
    { "a forgotten value before an option", { "pay", "x.db", "--type", "--json" }, "'--type' requires an argument" },
    { "a forgotten value before --", { "pay", "x.db", "--type", "--" }, "'--type' requires an argument" },
    { "a flag with a value", { "pay", "x.db", "--dry-run=yes" }, "does not take arguments" },
    { "an option twice", { "pay", "x.db", "--type", "a", "--type", "b" }, "at most 1 time" },
    { "a word too many", { "pay", "x.db", "F-1", "5", "6" }, "too many arguments" },
    { "a field twice", { "pay", "x.db", "F-1", "5", "--amount", "5" }, "'5' is one argument too many" },
    { "a list twice", { "invoice", "x.db", "C-1", "--consultations", "C-2" }, "'C-1' is one argument too many" },
    { "no ledger", { "pay" }, "missing argument 'ledger'" },
    { "a ledger without a name", { "pay", "" }, "ledger needs the name of a file" },
    { "a required field that is missing", { "cancel", "x.db", "F-1" }, "reason is missing; give --reason" },
    { "a choice that is none", { "documents", "x.db", "--status", "paied" }, "did you mean 'paid'?" },
    { "a count below zero", { "documents", "x.db", "--limit", "-1" }, "--limit needs a number from 0 on, not '-1'" },
    { "a count that is no integer", { "documents", "x.db", "--limit", "1e3" }, "--limit needs a number" },
    { "a map without a value", { "pay", "x.db", "--field", "a" }, "--field needs NAME=VALUE, not 'a'" },
    { "a map without a name", { "pay", "x.db", "--field", "=a" }, "--field needs NAME=VALUE" },
    { "a name of a map twice", { "pay", "x.db", "--field", "a=1", "--field", "a=2" }, "'a' once" },
    { "JSON and CSV", { "pay", "x.db", "--json", "--csv" }, "exclude each other" },
  } do
    local name, words, expected = table.unpack(case)
    it("may not be " .. name, function()
      local values, message, usage = read(table.unpack(words))
      assert.is_nil(values)
      assert(message:find(expected, 1, true), message)
      assert.matches("^Usage: tallystick " .. words[1], usage)
    end)
  end

  it("may be very many", function()
    local words = { "x.db" }
    for number = 1, 5000 do words[#words + 1] = ("C-%05d"):format(number) end
    assert.equal(5000, #read("invoice", table.unpack(words)).consultations)
    assert.equal(5000, #read("invoice", "x.db", table.concat(words, ",", 2)).consultations)
  end)

  -- Whatever a person types is read or refused, and what is read is what was typed.
  local PIECES = { "-", "--", "=", "a", "5", ".", ",", " ", "'", '"', "\1", "\\", "\u{e9}", "$(x)", "--type", "--json",
    "--help", "-h", "--note", "x=y", "" }

  local function random_word()
    local parts = {}
    for index = 1, math.random(0, 4) do parts[index] = PIECES[math.random(#PIECES)] end
    return table.concat(parts)
  end

  it("come through as they were typed, whatever they are", function()
    math.randomseed(20261129)
    local is_option = { ["--"] = true, ["--help"] = true, ["-h"] = true }
    for _, option in ipairs(parse.options(grammar.find "pay")) do is_option[grammar.option_name(option)] = true end
    for _ = 1, 4000 do
      local word = random_word()
      assert.equal(word, read("pay", "x.db", "--note=" .. word).note)
      if not is_option[word:match "^[^=]*"] then assert.equal(word, read("pay", "x.db", "--note", word).note) end
      local behind = read("pay", "x.db", "--", word, word .. "-")
      assert.equal(word, behind.document)
      assert.equal(word .. "-", behind.amount)
    end
  end)

  it("raise nothing, in whatever order they come", function()
    math.randomseed(20261130)
    local commands = all_commands()
    for _ = 1, 4000 do
      local definition, words = commands[math.random(#commands)], {}
      for index = 1, math.random(0, 6) do words[index] = random_word() end
      local values, message = parse.words(definition, words, "line")
      assert(type(values) == "table" or type(message) == "string")
      -- What completion makes of the same words must not raise either.
      assert.is_table(parse.standing(definition, words).places)
    end
  end)

  it("ask for help by --help or -h, but not behind --", function()
    assert.is_true(parse.asks_for_help { "x.db", "--help" })
    assert.is_true(parse.asks_for_help { "-h" })
    assert.is_false(parse.asks_for_help { "x.db", "--", "--help" })
    assert.is_false(parse.asks_for_help { "x.db", "--note=--help" })
  end)
end)

describe("help", function()
  -- The best of a few runs: the others waited for somebody else.
  local TIMED = [[
    best=1000000
    for run in 1 2 3 4 5; do
      from=$(date +%s%N); bin/tallystick WORDS >/dev/null || exit 1; took=$(( ($(date +%s%N) - from) / 1000 ))
      [ $took -lt $best ] && best=$took
    done
    echo $best]]

  -- Sanitizers make all slower, themselves to begin with.
  local limit = os.getenv "ASAN_OPTIONS" and 300000 or 30000

  for _, words in ipairs { "--help", "pay --help", "complete -- pa" } do
    it("is there within 30 ms of the whole process: " .. words .. " #slow", function()
      local ended = command.shell((TIMED:gsub("WORDS", words)))
      assert.equal(0, ended.code)
      local microseconds = assert(tonumber(ended.out))
      assert(microseconds < limit, microseconds)
    end)
  end
end)
