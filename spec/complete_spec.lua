-- Completion: what fits behind the words of a line, and what real shells make of it.
local candidates = require("tallystick.cli.complete").candidates
local command = require "spec.command"
local completions = require "tallystick.cli.completions"
local grammar = require "tallystick.cli.grammar"
local helper = require "spec.helper"
local line = require "tallystick.cli.complete.line"
local parse = require "tallystick.cli.parse"
local terminal = require "spec.terminal"

local SCRIPT = helper.SCRIPT .. [[
clinic:workflow { id = "reminders", document = "invoice", initial = "issued", stages = { "issued", "reminded" },
  transitions = { { from = "issued", to = "reminded", manual = true, by = { "bookkeeper" } } } }
]]

-- What a shell would run, expand or cut in two, if it were given the chance.
local NASTY = { "O'Neil", "Q $(touch pwned)", "R`touch pwned`", 'V"w', "W!bang", "X;ls", "Y\\z", "Z=1:2", "\u{c9}mile",
  "~root", "$HOME", "*" }

local function words_of(list)
  local words = {}
  for index, one in ipairs(list) do words[index] = one.word end
  return table.concat(words, " ")
end

local function split(text)
  local words = {}
  for word in text:gmatch "%S+" do words[#words + 1] = word end
  return words
end

local function fill(ledger)
  assert(ledger:consultation { patient = "P17", amount = "120.00" })
  assert(ledger:consultation { patient = "P18", amount = "60.00" })
  assert(ledger:invoice { consultations = { "C-00001" } })
  assert(ledger:pay { document = "C-00002", amount = "60.00", type = "card", group = "POS-1" })
  assert(ledger:pay { document = "F-00001", amount = "20.00", group = "room 3" })
  assert(ledger:pay { document = "F-00001", amount = "10.00" })
  assert(ledger:reverse { payment = "R-00003", reason = "slip" })
  assert(ledger:deposit { patient = "N1", amount = "5.00" })
end

describe("completion", function()
  after_each(helper.finish)

  describe("without a ledger", function()
    for _, case in ipairs {
      { "commands that begin so", "line", "", "pay", "pay payment payments" },
      { "no command that there is not", "line", "", "zz", "" },
      { "no command that is hidden", "line", "", "comp", "completion" },
      { "none of the shell's on the command line", "line", "", "dry", "" },
      { "the shell's in the shell", "shell", "", "dry", "dry-run" },
      { "none of the command line's in the shell", "shell", "", "rep", "" },
      { "what stands alone", "line", "", "--", "--help --version" },
      { "commands to be helped with", "line", "help", "pay", "pay payment payments" },
      { "commands that can be tried", "shell", "dry-run", "pa", "pay" },
      { "the options of one that is tried", "shell", "dry-run pay --ty", "--type --x", "" },
      { "options that begin so", "line", "pay x.db", "--t", "--type --tendered" },
      { "options in the shell", "shell", "pay", "--t", "--type --tendered" },
      { "no option that is given", "line", "pay x.db --type card", "--t", "--tendered" },
      { "no field that is given by its place", "line", "pay x.db F-00001 5", "--am", "" },
      { "an option that may be repeated", "line", "pay x.db --role a", "--ro", "--role" },
      { "no document beside documents", "line", "pay x.db --documents F-1", "--do", "--documents" },
      { "no documents beside a document", "line", "pay x.db F-1", "--do", "" },
      { "no CSV beside JSON", "line", "pay x.db --json", "--cs", "" },
      { "no option behind --", "line", "pay x.db --", "--t", "" },
      { "no option for an unknown command", "line", "paye x.db", "--t", "" },
      { "yes and no", "line", "refund x.db R-1 --reopen", "", "yes no" },
      { "yes and no behind an equals sign", "line", "refund x.db R-1", "--reopen=y", "--reopen=yes" },
      { "no value for a flag", "line", "pay x.db", "--dry-run=", "" },
      { "choices", "line", "documents x.db --order", "", "newest oldest" },
      { "statuses", "line", "documents x.db --status", "p", "pending partial paid" },
      { "kinds of entries", "line", "entries x.db --kind", "re", "refund release reversal" },
      { "the first item of a list", "line", "totals x.db --by", "mo", "month" },
      { "the next item of a list, and none twice", "line", "totals x.db --by", "day,type,",
        "day,type,group day,type,month day,type,year day,type,actor" },
      { "the fields of a map", "line", "import x.db csv f.csv --map", "docu", "document= documents=" },
      { "formats by place", "line", "export x.db", "h", "hledger" },
      { "no document where there is no ledger", "line", "pay x.db", "F", "" },
    } do
      local name, door, before, partial, expected = table.unpack(case)
      it("offers " .. name, function()
        assert.equal(expected, words_of((candidates(split(before), partial, door))))
      end)
    end

    it("offers the options where no word is left to give", function()
      assert.matches("%-%-type", words_of((candidates({ "pay", "x.db", "F-1", "5" }, "", "line"))))
    end)

    for _, case in ipairs {
      { "the ledger", "pay", "" }, { "a script", "init new.db --config", "cli" }, { "a script behind =", "init new.db",
        "--config=cli" },
      { "another script", "check a.lua", "b" }, { "a log", "replay x.db", "" },
    } do
      local name, before, partial = table.unpack(case)
      it("leaves to the shell the name of " .. name, function()
        local list, kind = candidates(split(before), partial, "line")
        assert.same({}, list)
        assert.equal("path", kind)
      end)
    end

    it("offers today and yesterday for a day", function()
      local list = candidates({ "day", "x.db" }, "", "line")
      assert.equal(os.date "%Y-%m-%d", list[1].word)
      assert.equal("yesterday", list[2].help)
    end)
  end)

  describe("with a ledger", function()
    local ledger

    before_each(function()
      ledger = helper.open { script = SCRIPT, now = os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - 60) }
      fill(ledger)
    end)

    for _, case in ipairs {
      { "documents with something to pay", "pay", "", "F-00001" },
      { "all documents to look at", "document", "", "C-00001 C-00002 F-00001" },
      { "documents that begin so", "document", "C", "C-00001 C-00002" },
      { "consultations that are on no invoice", "invoice", "", "C-00002" },
      { "the next consultation of a list", "invoice", "C-00002,", "" },
      { "the next consultation", "invoice C-00009", "C", "C-00002" },
      { "documents in a list, or the oldest", "pay --documents", "", "oldest F-00001" },
      { "payments that stand", "reverse", "", "R-00001 R-00002 R-00004" },
      { "all payments to look at", "payment", "R-00003", "R-00003" },
      { "patients", "patient", "", "N1 P17 P18" },
      { "patients and documents", "statement", "", "N1 P17 P18 C-00001 C-00002 F-00001" },
      { "types for a new payment", "pay F-00001 --type", "c", "cash card credit" },
      { "types to ask about", "payments --type", "c", "cash card credit cheque" },
      { "groups of the type", "pay F-00001 --type card --group", "", "POS-1 POS-2" },
      { "groups that were used", "payments --group", "", "POS-1 POS-2 room 3" },
      { "what remains", "pay F-00001", "", "100.00" },
      { "no amount where nothing remains", "pay C-00002", "1", "" },
      { "types of money to count", "close --counted", "t", "twint= transfer=" },
      { "the fields of the type", "pay F-00001 --type insurance --field", "", "claims= policy=" },
      { "no fields where the type has none", "pay F-00001 --field", "", "" },
      { "roles that the script names", "pay --role", "", "bookkeeper manager" },
      { "the next role of a list", "pay --role", "manager,", "manager,bookkeeper" },
      { "workflows", "stage F-00001 --workflow", "", "reminders" },
      { "stages", "move F-00001", "re", "reminded" },
      { "nothing for what is free text", "cancel C-00002", "x", "" },
    } do
      local name, before, partial, expected = table.unpack(case)
      it("offers " .. name, function()
        assert.equal(expected, words_of((candidates(split(before), partial, "shell", ledger))))
      end)
    end

    it("says what each is", function()
      local list = candidates({ "pay" }, "F", "shell", ledger)
      assert.same({ { word = "F-00001", help = "P17, partial, 100.00 CHF" } }, list)
      assert.equal("Cash", candidates({ "pay", "F-00001", "--type" }, "cash", "shell", ledger)[1].help)
    end)

    it("offers no name that would be taken for an option, but behind --", function()
      assert(ledger:deposit { patient = "-dash", amount = "1.00" })
      assert.equal("", words_of((candidates({ "patient" }, "-d", "shell", ledger))))
      assert.is_nil(words_of((candidates({ "patient" }, "", "shell", ledger))):find("-dash", 1, true))
      assert.equal("-dash", words_of((candidates({ "patient", "--" }, "-d", "shell", ledger))))
    end)

    it("says nothing of what goes wrong", function()
      ledger:close()
      assert.same({}, (candidates({ "pay" }, "", "shell", ledger)))
    end)
  end)

  it("has an answer behind every option and at every place of every command", function()
    local ledger = helper.open { script = SCRIPT }
    fill(ledger)
    local function asks(words, partial, door)
      local list, _, problem = candidates(words, partial, door, ledger)
      assert.is_nil(problem)
      for _, one in ipairs(list) do assert.equal(partial, one.word:sub(1, #partial)) end
    end
    for _, listed in ipairs(grammar.commands) do
      local definition = grammar.find(listed.name)
      local door = definition.doors == "line" and "line" or "shell"
      local words = { definition.name }
      for _ = 0, #definition.arguments + 1 do
        asks(words, "", door)
        asks(words, "-", door)
        words[#words + 1] = "F-00001"
      end
      for _, option in ipairs(parse.options(definition)) do
        local name = grammar.option_name(option)
        for _, partial in ipairs { "", "c", "F-", "a,", "x=" } do
          asks({ definition.name, name }, partial, door)
          asks({ definition.name }, name .. "=" .. partial, door)
        end
      end
    end
  end)

  -- A shell types in what all candidates have in common: it must be what all names have in common.
  it("offers beginnings where the names are too many, which lead to every name", function()
    local ledger, names = helper.open(), {}
    ledger:transaction(function(tx)
      for number = 1, 130 do
        names[number] = ("A-%d%s"):format(number, number % 3 == 0 and "/x" or "")
        assert(tx:consultation { patient = "P" .. number, amount = "1.00", number = names[number] })
      end
      return true
    end)
    local list = candidates({ "document" }, "", "shell", ledger)
    assert.equal("A-1 A-2 A-3 A-4 A-5 A-6 A-7 A-8 A-9", words_of(list))
    for _, one in ipairs(list) do assert.is_true(one.open) end
    local reached, waiting = {}, list
    while #waiting > 0 do
      local one = table.remove(waiting)
      if not one.open then reached[one.word] = true end
      if one.open then
        for _, next_one in ipairs((candidates({ "document" }, one.word, "shell", ledger))) do
          table.insert(waiting, next_one)
        end
      end
    end
    for _, name in ipairs(names) do assert.is_true(reached[name], name) end
  end)

  it("does not pass over a name on the way to longer ones", function()
    local ledger = helper.open()
    ledger:transaction(function(tx)
      for number = 0, 120 do
        assert(tx:deposit { patient = number == 0 and "P1" or ("P1%04d"):format(number), amount = "1.00" })
      end
      return true
    end)
    assert.equal("P1", words_of((candidates({ "patient" }, "", "shell", ledger))))
    assert.equal("P100 P101", words_of((candidates({ "patient" }, "P1", "shell", ledger))))
  end)

  describe("of the command line's ledger", function()
    local folder, path

    before_each(function()
      folder = helper.folder()
      path = folder .. "/clinic.db"
      local ledger = helper.open { path = path, script = SCRIPT }
      fill(ledger)
      ledger:close()
    end)

    it("reads the file that the line names", function()
      assert.equal("F-00001", words_of((candidates({ "pay", path }, "", "line"))))
      assert.equal("F-00001", words_of((candidates({ "pay", "--type", "cash", path }, "F", "line"))))
    end)

    it("finds nothing in a file that is no ledger, and leaves it as it was", function()
      command.write(path .. ".txt", "no ledger")
      assert.same({}, (candidates({ "pay", path .. ".txt" }, "F", "line")))
      assert.equal("no ledger", command.read(path .. ".txt"))
      assert.same({}, (candidates({ "pay", folder }, "F", "line")))
    end)

    it("makes no file where there is none", function()
      assert.same({}, (candidates({ "pay", path .. "x" }, "F", "line")))
      assert.is_nil(io.open(path .. "x"))
    end)

    it("waits for nobody who writes", function()
      local holder = helper.open { path = path }
      holder:transaction(function(tx)
        assert(tx:consultation { patient = "P1", amount = "1.00" })
        local from = os.time()
        assert.equal("F-00001", words_of((candidates({ "pay", path }, "F", "line"))))
        assert(os.time() - from <= 2)
        return true
      end)
    end)
  end)
end)

describe("a line of a shell", function()
  for _, case in ipairs {
    { "tallystick pay x.db F", "tallystick|pay|x.db", "F", "" },
    { "tallystick pay ", "tallystick|pay", "", "" },
    { "  tallystick\tpay", "tallystick", "pay", "" },
    { [[tallystick pay 'my books.db' "F]], "tallystick|pay|my books.db", "F", '"' },
    { [[tallystick pay my\ books.db 'F]], "tallystick|pay|my books.db", "F", "'" },
    { [[tallystick pay "a\"b\\c\d" '' x]], [[tallystick|pay|a"b\c\d|]], "x", "" },
    { [[tallystick "$(touch pwned)" `x` $HOME]], "tallystick|$(touch pwned)|`x`", "$HOME", "" },
    { [[tallystick a"b"'c'\d]], "tallystick", "abcd", "" },
    { [[tallystick a\]], "tallystick", "a", "" },
    { "", "", "", "" },
  } do
    local text, words, partial, quote = table.unpack(case)
    it("is read into words: " .. text, function()
      local read = line.read(text)
      assert.equal(words, table.concat(read.words, "|"))
      assert.equal(partial, read.partial)
      assert.equal(quote, read.quote)
      assert.equal(read.raw, text:sub(#text - #read.raw + 1))
    end)
  end

  local function random_word()
    local parts = {}
    for index = 1, math.random(1, 12) do
      parts[index] = utf8.char(math.random(10) > 1 and math.random(32, 126) or 0xe9)
    end
    return table.concat(parts)
  end

  it("takes every word as it is set, also bash itself, in each quote", function()
    math.randomseed(20261129)
    local words, typed = table.move(NASTY, 1, #NASTY, 1, {}), {}
    for _ = 1, 300 do words[#words + 1] = random_word() end
    for index, word in ipairs(words) do
      for _, quote in ipairs { "", "'", '"' } do
        local piece = quote .. line.set(word, quote) .. quote
        assert.equal(word, line.read(piece).partial, piece)
        if index % 3 == 0 or index <= #NASTY then typed[#typed + 1] = piece end
      end
    end
    local folder = command.folder()
    command.write(folder .. "/script", "cd " .. folder .. "\nprintf '%s\\n' " .. table.concat(typed, " ") .. "\n")
    local ended = command.shell("bash " .. folder .. "/script")
    local is_touched = io.open(folder .. "/pwned")
    command.remove(folder)
    assert.is_nil(is_touched)
    local printed = {}
    for word in ended.out:gmatch "([^\n]*)\n" do printed[#printed + 1] = word end
    assert.equal(#typed, #printed)
    for index, piece in ipairs(typed) do assert.equal(line.read(piece).partial, printed[index]) end
  end)
end)

-- ---- Real shells ----

-- How each is started without the files of whoever runs the specs, with the completion that the command prints.
local SHELLS = {
  bash = {
    start = "bash --noprofile --rcfile .rc -i",
    rc = { [".rc"] = "PS1='ready: '\nPATH=%s:$PATH\nsource <(tallystick completion bash)\n" },
  },
  zsh = {
    start = "env ZDOTDIR=. zsh -i",
    rc = { [".zshrc"] = "PS1='ready: '\nPATH=%s:$PATH\nfpath=($PWD $fpath)\ntallystick completion zsh >_tallystick\n"
      .. "autoload -U compinit\ncompinit -u -d ./dump\n" },
  },
  fish = {
    start = "env XDG_CONFIG_HOME=. fish -i",
    rc = { ["fish/config.fish"] = "set -x PATH %s $PATH\nset fish_greeting\nfunction fish_prompt; echo 'ready: '; end\n"
      .. "tallystick completion fish | source\n" },
  },
}

-- What is typed before the key, and what stands on the line then.
local TYPED = {
  { "tallystick unp", "tallystick unpaid" },
  { "tallystick pay clinic.db F", "tallystick pay clinic.db F-00001" },
  { "tallystick pay clinic.db F-00001 --type tw", "tallystick pay clinic.db F-00001 --type twint" },
  { "tallystick pay clinic.db F-00001 --tend", "tallystick pay clinic.db F-00001 --tendered" },
  { "tallystick close clinic.db --counted tw", "tallystick close clinic.db --counted twint=" },
  { "tallystick patient clinic.db O", [[tallystick patient clinic.db O\'Neil]] },
  { "tallystick patient clinic.db Q", [[tallystick patient clinic.db Q\ \$\(touch\ pwned\)]] },
  { "tallystick patient clinic.db 'Q", "tallystick patient clinic.db 'Q $(touch pwned)'" },
  { 'tallystick patient clinic.db "Q', [[tallystick patient clinic.db "Q \$(touch pwned)"]] },
  { "tallystick patient clinic.db R", [[tallystick patient clinic.db R\`touch\ pwned\`]], "fish" },
  { "tallystick patient clinic.db X", [[tallystick patient clinic.db X\;ls]] },
  { "tallystick patient clinic.db Y", [[tallystick patient clinic.db Y\\z]] },
  { "tallystick check clinic.l", "tallystick check clinic.lua" },
}

for _, shell in ipairs { "bash", "zsh", "fish" } do
  describe("completion in " .. shell, function()
    local of, opened = SHELLS[shell], nil
    local is_there = terminal.is_there() and os.execute("command -v " .. shell .. " >/dev/null 2>&1") == true

    local function prepare()
      local folder = helper.folder()
      local ledger = helper.open { path = folder .. "/clinic.db", script = SCRIPT }
      fill(ledger)
      for _, patient in ipairs(NASTY) do assert(ledger:deposit { patient = patient, amount = "1.00" }) end
      ledger:close()
      command.write(folder .. "/clinic.lua", SCRIPT)
      local bin = command.shell("pwd").out:match "[^\n]+" .. "/bin"
      for name, text in pairs(of.rc) do
        command.shell(("mkdir -p %s/%s"):format(folder, name:match "^(.*)/" or "."))
        command.write(folder .. "/" .. name, text:format(bin))
      end
      opened = terminal.open(("sh -c 'cd %s && %s'"):format(folder, of.start), { folder = folder, columns = 120 })
      opened:wait "ready:"
      return folder
    end

    after_each(function()
      if opened then opened:close() end
      opened = nil
      helper.finish()
    end)

    it("types what fits, quotes it, and runs nothing of it #slow", function()
      if not is_there then return pending(shell .. " or tmux is not here") end
      local folder = prepare()
      for _, case in ipairs(TYPED) do
        if case[3] ~= shell then
          opened:text(case[1])
          opened:keys "Tab"
          opened:wait("ready: " .. case[2])
          opened:keys("C-e", "C-u", "C-l")
        end
      end
      assert.is_nil(io.open(folder .. "/pwned"))
    end)

    it("lists what fits where there are several #slow", function()
      if not is_there then return pending(shell .. " or tmux is not here") end
      prepare()
      opened:text "tallystick pay clinic.db F-00001 --type ca"
      opened:keys("Tab", "Tab")
      local screen = opened:wait "cash"
      assert.matches("card", screen)
      -- bash has no place for what each means.
      if shell ~= "bash" then opened:wait "Card" end
    end)
  end)
end

describe("the completion files", function()
  for name, text in pairs(completions) do
    it("are printed as they are: " .. name, function()
      local ended = command.run("completion", name)
      assert.same({ code = 0, out = text, err = "" }, ended)
    end)

    it("never run what comes back: " .. name, function()
      assert.is_nil(text:find "eval")
    end)
  end

  it("are none for another shell", function()
    assert.equal(2, command.run("completion", "tcsh").code)
  end)

  it("are answered in the form that they read", function()
    local function answer(...) return command.run("complete", "--shell", ...).out end
    assert.equal("words\npay\npayment\npayments\n", answer("bash", "--", "ts pay", "pay"))
    assert.equal("open\ndocument=\ndocuments=\n", answer("bash", "--", "ts import x.db csv f --map docu", "docu"))
    -- What bash replaces begins behind the equals sign.
    assert.equal("words\nyes\n", answer("bash", "--", "ts refund x.db --reopen=y", "y"))
    assert.equal("path\n", answer("zsh", "--", "pay", ""))
    assert.equal("words\nunpaid\tList the invoices that are not paid, the oldest first\n",
      answer("fish", "--", "unp"))
  end)
end)
