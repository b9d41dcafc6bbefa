-- The shell, as a script feeds it and as a person types into it.
local command = require "spec.command"
local grammar = require "tallystick.cli.grammar"
local helper = require "spec.helper"
local history = require "tallystick.shell.history"
local raw = require "spec.raw"
local tallystick = require "tallystick"
local terminal = require "spec.terminal"
local tty = require "tallystick.tty"
local words = require "tallystick.shell.words"

local folder, clinic

-- Three invoices that are not paid, a consultation, and two payments.
local function make_clinic(path)
  local ledger <close> = assert(tallystick.open(path, { actor = "desk-1" }))
  assert(ledger:consultation { patient = "P17", amount = "120.00" })
  for index, amount in ipairs { "80.00", "33.00", "1234.50" } do
    assert(ledger:invoice { patient = "P" .. 16 + index, amount = amount, due = "2099-12-20" })
  end
  assert(ledger:pay { document = "F-00001", amount = "10.00" })
  assert(ledger:pay { document = "C-00001", amount = "20.00", type = "card" })
end

before_each(function()
  folder = command.folder()
  clinic = folder .. "/clinic.db"
  make_clinic(clinic)
end)

after_each(function()
  local ledger <close> = assert(tallystick.open(clinic, { mode = "ro" }))
  assert(ledger:verify())
  ledger:close()
  command.remove(folder)
end)

---Feeds lines to the shell.
---@param lines string[]
---@param options? string
---@return spec.Ended
local function feed(lines, options)
  command.write(folder .. "/script", table.concat(lines, "\n") .. "\n")
  return command.shell(("TZ=UTC HOME=%s bin/tallystick shell %s %s <%s/script"):format(folder, clinic, options or "",
    folder))
end

local function head()
  local ledger <close> = assert(tallystick.open(clinic, { mode = "ro" }))
  return ledger:head().seq
end

local function document(number)
  local ledger <close> = assert(tallystick.open(clinic, { mode = "ro" }))
  return assert(ledger:document(number))
end

local function contains(text, part)
  assert.truthy(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text))
end

local function lacks(text, part)
  assert.falsy(text:find(part, 1, true), ("%q is in:\n%s"):format(part, text))
end

local WRITE = 'write --actor anna --reason "month end"'

describe("a script for the shell", function()
  it("is answered without prompt, banner and colour", function()
    local ended = feed { "1 + 1", "F-00002 --as-of" }
    assert.equal("2\n", ended.out)
    assert.same({ code = 0, out = "", err = "" }, feed { "", "   ", "-- a remark" })
    lacks(feed({ "unpaid" }).out, "\27")
  end)

  it("goes on after a failure, names its line, and ends with 1", function()
    local ended = feed { "payment R-00009", "1 +* 1", "2 + 2" }
    assert.equal(1, ended.code)
    assert.equal("4\n", ended.out)
    contains(ended.err, "(payment-unknown)\n   line 1: payment R-00009\n")
    contains(ended.err, "   line 2: 1 +* 1\n")
  end)

  it("says what cannot be written, and shows a line without what moves a cursor", function()
    command.write(folder .. "/script", "unpaid\n1 + 1\n\27[31mpay\n")
    local ended = command.shell(("bin/tallystick shell %s <%s/script >/dev/full"):format(clinic, folder))
    assert.equal(1, ended.code)
    contains(ended.err, "the output cannot be written: No space left on device (full)\n   line 1: unpaid\n")
    contains(ended.err, "the output cannot be written: No space left on device (full)\n   line 2: 1 + 1\n")
    contains(ended.err, "pay\n")
    lacks(ended.err, "\27")
  end)

  it("ends at exit, and with 0 where nothing failed", function()
    assert.same({ code = 0, out = "1\n", err = "" }, feed { "1", "exit", "2" })
    assert.same({ code = 0, out = "1\n", err = "" }, feed { "1", "quit", "2" })
  end)

  -- What a command cannot do without, by the kind of the argument.
  local NEEDED = { document = "F-00001", payment = "R-00001", patient = "P17", party = "P17" }

  for _, definition in ipairs(grammar.commands) do
    local is_read = definition.section == "reading" or definition.section == "reports" or definition.name == "info"
    local line = definition.name
    for _, argument in ipairs(is_read and definition.arguments or {}) do
      if argument.required then line = line .. " " .. NEEDED[argument.kind] end
    end
    if is_read and definition.ledger == "ro" and definition.name ~= "stage" then
      it("looks up: " .. line, function()
        local ended = feed { line }
        assert.same({ code = 0, err = "" }, { code = ended.code, err = ended.err })
        assert.truthy(ended.out:find "%S")
      end)
    end
  end

  it("keeps no history", function()
    feed { "1", "unpaid" }
    assert.is_nil(io.open(folder .. "/.local"))
  end)

  it("is stopped by Ctrl-C", function()
    command.write(folder .. "/script", "while true do end\n1\n")
    local ended = command.shell(("timeout --preserve-status -s INT 0.4 bin/tallystick shell %s <%s/script"):format(
      clinic, folder))
    assert.equal(130, ended.code)
    assert.equal("", ended.out)
  end)

  it("answers programs in their formats", function()
    local ended = feed { "unpaid --csv --limit 1", "types --json", "pay 1 --json" }
    contains(ended.out, "status,number,")
    contains(ended.out, '{"id":"cash"')
    assert.equal('{"ok":false,"code":"read-only","message":"the ledger is open read-only, so nothing was written"}\n',
      ended.err)
    ended = feed { "pay 9 --json", "pay --json --nothing" }
    for line in ended.err:gmatch "[^\n]+" do assert.truthy(line:find '^{"ok":false,"message":".*"}$', line) end
  end)
end)

describe("a ledger in the shell", function()
  for line, way in pairs {
    ["pay F-00001"] = "dry-run pay F-00001   shows",
    ["consultation P17 10.00"] = "dry-run consultation P17 10.00   shows",
    ["receipt R-00001"] = "receipt R-00001 --preview   only reads", ["close"] = "dry-run close   shows",
    ['cancel F-00002 "wrong"'] = 'dry-run cancel F-00002 "wrong"   shows', ["pay 1"] = "dry-run pay 1   shows",
    ["advance"] = "makes it writable",
  } do
    it("is read-only, and says how to go on, for " .. line, function()
      local before = head()
      local ended = feed { "unpaid", line }
      assert.equal(1, ended.code)
      contains(ended.err, "read-only")
      contains(ended.err, 'write --actor NAME --reason "why"')
      contains(ended.err, way)
      assert.equal(before, head())
    end)
  end

  it("is read-only for Lua too", function()
    local ended = feed { 'ledger:pay { document = "F-00001" }' }
    assert.equal(1, ended.code)
    contains(ended.err, "(read-only)")
  end)

  it("is written to for someone and for a reason, which becomes the note", function()
    local ended = feed { WRITE, "pay F-00002", "pay F-00003 10 --note other" }
    assert.equal(0, ended.code, ended.err)
    contains(ended.out, "R-00003 33.00 CHF by cash on F-00002; F-00002 is ✓ paid")
    local ledger <close> = assert(tallystick.open(clinic, { mode = "ro" }))
    assert.equal("anna", ledger:payment("R-00003").actor)
    assert.equal("month end", ledger:payment("R-00003").note)
    assert.equal("other", ledger:payment("R-00004").note)
  end)

  for _, case in ipairs {
    { 'write --reason "month end"', "--actor is missing" }, { "write --actor anna", "--reason is missing" },
    { 'write --actor anna --reason ""', "--reason is missing" }, { "write anna", "too many arguments" },
    { 'write --actor anna --reason "x', "does not end" },
  } do
    it("is not written to by " .. case[1], function()
      local ended = feed { case[1], "pay F-00002" }
      assert.equal(1, ended.code)
      contains(ended.err, case[2])
      assert.equal("unpaid", document("F-00002").status)
    end)
  end

  it("is written to for $TALLYSTICK_ACTOR where nobody is named", function()
    command.write(folder .. "/script", 'write --reason why\npay F-00002\npayment R-00003\n')
    local ended = command.shell(("TALLYSTICK_ACTOR=ben bin/tallystick shell %s <%s/script"):format(clinic, folder))
    assert.equal(0, ended.code, ended.err)
    contains(ended.out, "ben")
  end)

  it("is open for writing at once with --write", function()
    local ended = feed({ "pay F-00002" }, "--write --actor anna --reason why")
    assert.equal(0, ended.code, ended.err)
    assert.equal("paid", document("F-00002").status)
    ended = feed({ "pay F-00003" }, "--write --actor anna")
    assert.equal(2, ended.code)
    contains(ended.err, "--reason is missing")
    assert.equal("unpaid", document("F-00003").status)
  end)

  it("is read-only again after read", function()
    local ended = feed { WRITE, "pay F-00002", "read", "pay F-00003" }
    assert.equal(1, ended.code)
    contains(ended.err, "read-only")
    assert.equal("unpaid", document("F-00003").status)
  end)

  it("takes a role for what asks for one", function()
    helper.write(folder .. "/clinic.lua", helper.SCRIPT)
    assert(tallystick.open(clinic, { config = folder .. "/clinic.lua" })):close()
    local refund = 'refund R-00001 --reopen no --reason "paid twice"'
    contains(feed({ WRITE, refund }).err, "(permission-denied)")
    local ended = feed { WRITE .. " --role manager", refund }
    assert.equal(0, ended.code, ended.err)
  end)

  it("is opened again where a line closed it", function()
    local ended = feed { WRITE, "ledger:close()", "unpaid", "pay F-00002" }
    contains(ended.err, "it is open again, read-only")
    contains(ended.out, "F-00003")
    assert.equal("unpaid", document("F-00002").status)
  end)

  it("shows what other processes wrote meanwhile", function()
    local pay = ("os.execute 'bin/tallystick pay %s F-00002 --actor ben >/dev/null'"):format(clinic)
    local ended = feed { "document F-00002", pay, "document F-00002" }
    contains(ended.out, "✗ unpaid")
    contains(ended.out, "✓ paid")
  end)

  for _, case in ipairs {
    { "was deleted", "rm %s", "No such file" }, { "was emptied", "rm %s && : >%s", "the file is empty" },
    { "is another one", "mv %s.other %s", "another ledger stands there now" },
  } do
    it("is made writable no more where what stands at its path " .. case[1], function()
      command.shell(("cp %s %s.safe"):format(clinic, clinic))
      make_clinic(clinic .. ".other")
      local lines = { ('os.execute %q'):format(case[2]:gsub("%%s", clinic)), WRITE, "dry-run pay F-00001",
        "consultation P1 5" }
      local ended = feed(lines)
      assert.equal(1, ended.code)
      contains(ended.err, case[3])
      contains(ended.err, "   line 2: write")
      contains(ended.err, "   line 3: dry-run")
      contains(ended.err, "(read-only)")
      command.shell(("mv %s.safe %s; rm -f %s-*"):format(clinic, clinic, clinic))
    end)
  end

  it("cannot be written to where its own script is broken, and says why", function()
    local other = folder .. "/other.db"
    make_clinic(other)
    assert(tallystick.open(other, { config = helper.write(folder .. "/clinic.lua", helper.SCRIPT) })):close()
    raw.force(other, "UPDATE script SET body = 'this is no Lua'")
    command.write(folder .. "/script", WRITE .. "\npay F-00002\ndry-run pay F-00002\nunpaid\n")
    local ended = command.shell(("bin/tallystick shell %s <%s/script"):format(other, folder))
    assert.equal(1, ended.code)
    contains(ended.err, "the ledger's own script cannot be read, so nothing can be written: line 1: ")
    contains(ended.err, "the ledger is open read-only")
    contains(ended.out, "F-00002")
  end)
end)

describe("dry-run", function()
  it("shows what a command would do, read-only or not, and writes nothing", function()
    local before = head()
    for _, first in ipairs { "read", WRITE } do
      local ended = feed { first, "dry-run pay F-00002 --type card", "pay F-00002 --dry-run", "dry-run close" }
      assert.equal(0, ended.code, ended.err)
      contains(ended.out, "would be: R-00003 33.00 CHF by card on F-00002; F-00002 is ✓ paid (nothing was written)")
      contains(ended.out, "would be: R-00003 33.00 CHF by cash")
    end
    assert.equal(before, head())
  end)

  it("keeps words together that were quoted", function()
    local ended = feed { 'dry-run consultation P17 "10.00" --label "check up"' }
    contains(ended.out, "would be: C-00002 made")
  end)

  for _, case in ipairs {
    { "dry-run", "needs a command" }, { "dry-run --type", "needs a command" },
    { "dry-run unpaid", "goes before a command" }, { "dry-run nothing", "goes before a command" },
    { "dry-run pay F-00099", "(document-unknown)" },
  } do
    it("refuses: " .. case[1], function()
      local ended = feed { case[1] }
      assert.equal(1, ended.code)
      contains(ended.err, case[2])
    end)
  end
end)

describe("a row of the list just shown", function()
  for _, case in ipairs {
    { "unpaid", "pay 2", "on F-00002;" }, { "unpaid", "pay #3", "on F-00003;" },
    { "documents --order oldest", "pay 1 5.00", "on C-00001;" },
    { "unpaid", "pay --document #2", "on F-00002;" }, { "unpaid", "charge 2 7.00", "F-00002 charges 40.00" },
    { "payments", 'reverse 1 "wrong"', "R-00001 is reversed" },
    { "payments", "refund #2 --reopen no --reason x", "of R-00002" },
    { "documents --kind consultation", "invoice 1", "F-00004 made" },
    { "unpaid", "pay --documents #2 --patient P18", "on F-00002;" },
    { "unpaid", "document 2", "33.00" }, { "payments", "payment 2", "card" }, { "unpaid", "#2", "33.00" },
    { "payments", "#2", "card" }, { "unpaid", "statement #2", "F-00002" },
  } do
    it("is meant by: " .. case[2], function()
      local ended = feed { WRITE, case[1], case[2] }
      contains(ended.out, case[3])
    end)
  end

  for _, case in ipairs {
    { "pay 4", "#4 is no row: the list of documents that was shown last has 3 rows" }, { "pay 0", "#0 is no row" },
    { "pay #99999999999999999999", "is no row" },
    { "payment 1", "no list of payments was shown yet; payments shows one" },
    { "reverse 1 x", "no list of payments" }, { "#9", "#9 is no row" }, { "pay --document 2", "(document-unknown)" },
    { "pay --documents #2,#3 --patient P18", "(patient-mismatch)" }, { "statement 2", "(patient-unknown)" },
  } do
    it("is not meant by: " .. case[1], function()
      local ended = feed { WRITE, "unpaid", case[1] }
      contains(ended.err, case[2])
      assert.equal("unpaid", document("F-00002").status)
    end)
  end

  it("is wanted before it can be pointed at", function()
    contains(feed({ WRITE, "pay 3" }).err, "no list of documents was shown yet; unpaid or documents shows one")
  end)

  it("is not taken for a document that has the same number", function()
    local ledger = assert(tallystick.open(clinic))
    assert(ledger:invoice { patient = "P9", amount = "5.00", number = "2" })
    ledger:close()
    contains(feed({ WRITE, "pay 2" }).out, "on 2;")
    assert.equal("paid", document("2").status)
    contains(feed({ WRITE, "documents", "charge 2 1.00" }).err, "give #2 for the row, or --document 2 for the number")
    contains(feed({ WRITE, "documents --order oldest", "charge #2 1.00" }).out, "F-00001 charges 81.00")
    contains(feed({ "documents --limit 1", "#1" }).out, "P9")
    contains(feed({ WRITE, "documents", "charge --document 2 --amount 1.00" }).out, "2 charges 6.00")
  end)

  it("stays what it was when a payment changes the list", function()
    local ended = feed { WRITE, "unpaid", "pay 1", "pay 2" }
    contains(ended.out, "on F-00001;")
    contains(ended.out, "on F-00002;")
  end)
end)

describe("a line", function()
  for _, case in ipairs {
    { "day = 3", "=day", "3\n" }, { "pay, close = 1, 2", "=close", "2\n" }, { "print(7)", "", "7\n" },
    { "= 2 ^ 2", "", "4.0\n" }, { "unpaid = { 5 }", "=unpaid[1]", "5\n" },
    { 'money("1.50")', "_ + _", "1.50 CHF\n3.00 CHF\n" }, { "40", "results[1] + 2", "40\n42\n" },
    { "for i = 1, 2 do", "  print(i)\nend", "1\n2\n" }, { '"two\\nlines"', "", "two\nlines\n" },
    { "nil", "", "nil\n" }, { "{ 1, a = { b = true } }", "", "{ 1, a = { b = true } }\n" },
    { "tallystick.version", "", tallystick.version .. "\n" }, { "x = 1", "y", "" },
    { "t = {}; t.t = t; return t", "", "{ t = {…} }\n" }, { '"\\27[31m"', "", "\u{FFFD}[31m\n" },
  } do
    it("is Lua where it is no command: " .. case[1], function()
      assert.equal(case[3], feed({ case[1], case[2] }).out)
    end)
  end

  it("shows what the ledger gives", function()
    local ended = feed { 'ledger:document "F-00001"', "ledger:documents { kind = 'invoice' }",
      'ledger:payment "R-00002"', "ledger:payments {}", "ledger:entries { act = 1 }",
      "ledger:documents { patient = 'P99' }" }
    assert.same({ 0, "" }, { ended.code, ended.err })
    contains(ended.out, "status       – partial")
    contains(ended.out, "seq  act  kind")
    contains(ended.out, "\nnone\n")
    contains(ended.out, "remaining    70.00 CHF")
    contains(ended.out, "1,234.50")
    contains(ended.out, "card")
  end)

  it("lists the results of earlier lines with their places", function()
    local ended = feed { "results", "6 * 7", 'ledger:document "F-00001"', WRITE, "pay F-00002", "results" }
    contains(ended.out, "none yet\n")
    contains(ended.out, "   1  42\n   2  document F-00001\n   3  payment R-00003\n")
  end)

  for _, case in ipairs {
    { 'ledger:pay { document = "F-00001", amount = 5 }', "(read-only)" },
    { 'ledger:document "F-9"', "(document-unknown)" },
    { "error 'broken'", "broken" }, { "error({})", "table: " }, { "nothing()", "global 'nothing'" },
    { "1 +", "unexpected symbol" }, { "for i = 1, 2 do", "'end' expected" }, { "local function", "<name> expected" },
    { "unpayd", "did you mean 'unpaid'?" }, { "unpayd --overdue", "did you mean 'unpaid'?" },
    { "pai F-00001", "did you mean 'pay'?" }, { "dry-rum pay 3", "did you mean 'dry-run'?" },
    { "frobnicate", "help lists the commands" }, { "F-99999", 'no document and no payment has the number "F-99999"' },
    { "init x.db", "a command of the command line" }, { "pay F-00001 --typ card", "--typ" },
    { "unpaid --limit x", "--limit needs a number" }, { 'cancel F-00001 "x', "does not end" },
  } do
    it("is refused with what is wrong: " .. case[1], function()
      local before = head()
      local ended = feed { case[1] }
      assert.equal(1, ended.code)
      contains(ended.err, case[2])
      assert.equal(before, head())
    end)
  end

  it("that is a number shows what it names", function()
    contains(feed({ "F-00002" }).out, "33.00")
    contains(feed({ "  R-00002  " }).out, "card")
  end)

  it("goes on where a quote is open or a backslash ends it", function()
    local ended = feed { WRITE, "consultation P17 \\", "  10.00 --label 'two", "lines are one'" }
    assert.equal(1, ended.code)
    contains(ended.err, "label")
    ended = feed { WRITE, "consultation P17 \\", "  11.00 --label 'one line'" }
    assert.equal(0, ended.code, ended.err)
    assert.equal("one line", document("C-00002").label)
  end)
end)

describe("help", function()
  it("lists the shell's commands, and not those of the command line alone", function()
    local out = feed({ "help" }).out
    for _, name in ipairs { "pay", "unpaid", "write", "dry-run", "exit" } do contains(out, "   " .. name .. " ") end
    lacks(out, "   init ")
    lacks(out, "   replay ")
  end)

  it("tells of one", function()
    contains(feed({ "help pay" }).out, "Usage: pay ")
    contains(feed({ "pay --help" }).out, "Usage: pay ")
    contains(feed({ "help write" }).out, "--reason")
    contains(feed({ "help unpayd" }).err, "did you mean 'unpaid'?")
  end)

  it("is the command line's own outside of the shell", function()
    local ended = command.run "help"
    lacks(ended.out, "dry-run")
    ended = command.run("write", clinic)
    assert.equal(2, ended.code)
    contains(ended.err, "is a command of the shell")
  end)
end)

describe("a shell at a terminal #terminal", function()
  local screen

  ---Opens the shell in a terminal, and waits for its prompt.
  ---@param options? table
  local function open(options)
    options = options or {}
    options.folder = folder
    screen = terminal.open(("bin/tallystick shell %s %s"):format(clinic, options.with or ""), options)
    screen:wait(options.prompt or "clinic.db (read only)>")
  end

  ---Types a line and waits for an answer.
  local function answered(line, answer, count)
    screen:line(line)
    return screen:wait(answer, count)
  end

  local function ended(code)
    screen:wait("ended with " .. (code or 0))
  end

  -- Cases at a terminal are pending where there is no tmux.
  local function at_terminal(title, body)
    if not terminal.is_there() then return pending(title .. " (tmux is not installed)") end
    it(title, body)
  end

  after_each(function()
    if screen then screen:close() end
    screen = nil
  end)

  at_terminal("says what it is and what to try", function()
    open()
    local shown = screen:screen()
    contains(shown, "CHF: 4 documents, 2 payments, 6 entries")
    contains(shown, 'Read-only: write --actor NAME --reason "why" makes it writable.')
    contains(shown, "dry-run pay 1")
    screen:keys "C-d"
    ended()
  end)

  at_terminal("leads a newcomer to a payment by what its screen says", function()
    open()
    -- The three things to try stand in lines of their own, each with what it does behind it.
    local tips = {}
    for tip in screen:screen():gmatch "\n   (%S.-)   [^\n]+" do tips[#tips + 1] = tip end
    assert.same({ "unpaid", "dry-run pay 1", "help" }, tips)
    answered(tips[1], "3 invoices")
    answered(tips[2], "would be: R-00003 70.00 CHF by cash on F-00001")
    local shown = answered("pay 1", "makes it writable", 2)
    answered(shown:match "   (write %-%-actor NAME %-%-reason \"why\")   makes", "WRITE NAME>")
    answered("pay 1", "R-00003 70.00 CHF by cash on F-00001; F-00001 is ✓ paid")
  end)

  at_terminal("leads a newcomer from an empty ledger to a payment", function()
    local path = folder .. "/new.db"
    assert.equal(0, command.run("init", path).code)
    screen = terminal.open("bin/tallystick shell " .. path, { folder = folder })
    local tips = {}
    for tip in screen:wait("new.db (read only)>"):gmatch "\n   (%S.-)   [^\n]+" do tips[#tips + 1] = tip end
    assert.equal(3, #tips)
    for _, tip in ipairs(tips) do screen:line(tip) end
    screen:wait "R-00001 50.00 CHF by cash on C-00001; C-00001 is – pending, 70.00 CHF remaining"
  end)

  at_terminal("pays the unpaid invoice of the list in one line, once it may write", function()
    open()
    local shown = answered("unpaid", "3 invoices")
    contains(shown, "✗ unpaid")
    contains(screen:screen(true), "\27[31m✗")
    answered("pay 2", "dry-run pay 2   shows what it would do")
    answered("dry-run pay 2", "would be: R-00003 33.00 CHF by cash on F-00002")
    answered('write --actor anna --reason "month end"', "clinic.db WRITE anna>")
    contains(screen:screen(true), "\27[1m\27[31mWRITE anna")
    answered("pay 2", "R-00003 33.00 CHF by cash on F-00002; F-00002 is ✓ paid", 2)
    answered("read", "clinic.db (read only)>", 5)
    answered("exit", "ended with 0")
    assert.equal("paid", document("F-00002").status)
  end)

  at_terminal("completes commands, options, numbers, types, patients, files and names of Lua", function()
    open()
    for _, case in ipairs {
      { "", "verify" }, { "unp", "> unpaid" }, { "tostr", "> tostring" },
      { "pay F-00001 --ref", "--reference" }, { "document C-", "> document C-00001" },
      { "pay F-00001 --type disc", "--type discount" }, { "patient P1", "P17  P18  P19" },
      { "documents --kind con", "--kind consultation" }, { "documents --status part", "--status partial" },
      { "ledger:paym", "> ledger:payment" }, { "tallystick.stat", "> tallystick.status" },
      { "print(ledger:docu", "> print(ledger:document" }, { "dry-run pay F-00001 --ty", "--type" },
      { 'ledger:document "C-', '> ledger:document "C-00001"' },
      { "ledger:pay { type = 'disc", "> ledger:pay { type = 'discount'" },
      { "pay F-00001 --type=disc", "--type=discount" }, { "pay F-00001 --type=", "card      cash      credit" },
      { "help consul", "> help consultation" }, { "backup docs/refer", "> backup docs/reference.md" },
      { "backup ./scrip", "> backup ./scripts/" }, { "payment R-00001", "> payment R-00001" },
    } do
      screen:text(case[1])
      screen:keys "Tab"
      screen:wait(case[2])
      screen:keys "C-c"
      screen:line "print(('-'):rep(9))"
      screen:wait "---------"
      screen:keys "C-l"
    end
  end)

  at_terminal("takes several lines, for Lua and for commands", function()
    open()
    answered("for i = 1, 2 do", "..>")
    answered("print(i * 21)", "..>", 2)
    answered("end", "42")
    answered("dry-run consultation P17 10.00 --label 'one", "..>", 3)
    answered("two'", "label")
  end)

  at_terminal("gives a new prompt at Ctrl-C, twice and in the middle of several lines", function()
    open()
    screen:text "pay F-00001"
    screen:keys "C-c"
    screen:wait "pay F-00001^C"
    screen:keys "C-c"
    screen:wait("clinic.db (read only)>", 3)
    answered("for i = 1, 2 do", "..>")
    screen:keys "C-c"
    answered("6 * 7", "42")
    screen:keys "C-d"
    ended()
  end)

  -- Each loop says when it has begun: before, Ctrl-C would be a key of the line that is edited.
  local BEGIN = "print(('go'):rep(2)) "

  for _, case in ipairs {
    { "an endless loop", BEGIN .. "while true do end" },
    { "a loop in a coroutine", "coroutine.wrap(function() " .. BEGIN .. "while true do end end)()" },
    { "a long sum", BEGIN .. "for i = 1, 1e15 do _ = i end" },
  } do
    at_terminal("stops " .. case[1] .. " at Ctrl-C, twice, and goes on", function()
      open()
      for count = 1, 2 do
        answered(case[2], "gogo", count)
        screen:keys "C-c"
        screen:wait("interrupted; nothing was written", count)
      end
      answered("6 * 7", "42")
      screen:keys "C-d"
      ended()
    end)
  end

  at_terminal("stops a loop that catches errors at the second Ctrl-C", function()
    open()
    answered("while true do pcall(function() " .. BEGIN .. "while true do end end) end", "gogo")
    screen:keys "C-c"
    screen:wait("gogo", 2)
    screen:keys "C-c"
    screen:wait "interrupted; nothing was written"
  end)

  at_terminal("says by the head what an interrupted line has written", function()
    open { with = "--write --actor anna --reason test", prompt = "clinic.db WRITE anna>" }
    screen:line "ledger:pay { document = 'F-00002' } print 'written' while true do end"
    screen:wait("written", 2)
    screen:keys "C-c"
    screen:wait "interrupted; meanwhile entries 7 to 7 were written: entries --from-seq 7 shows them"
  end)

  at_terminal("keeps its history to itself, and has it at hand the next time", function()
    open()
    answered("40 + 2", "42")
    answered(" 40 + 3", "43")
    answered("history", "2  history")
    lacks(screen:screen(), "2   40")
    screen:keys "C-d"
    ended()
    screen:close()
    local path = folder .. "/.local/state/tallystick/history"
    assert.equal("40 + 2\nhistory\n", command.read(path))
    assert.equal("600\n", command.shell("stat -c %a " .. path).out)
    assert.equal("700\n", command.shell("stat -c %a " .. folder .. "/.local/state/tallystick").out)
    open()
    screen:keys("Up", "Up", "Enter")
    screen:wait "42"
  end)

  for _, case in ipairs {
    { title = "--no-history", with = "--no-history" },
    { title = "an empty TALLYSTICK_HISTORY", environment = { "TALLYSTICK_HISTORY=" } },
  } do
    at_terminal("keeps no history with " .. case.title, function()
      open { with = case.with, environment = case.environment }
      answered("40 + 2", "42")
      screen:keys "C-d"
      ended()
      assert.is_nil(io.open(folder .. "/.local"))
    end)
  end

  at_terminal("takes from others what they may not read of a history", function()
    local path = folder .. "/kept"
    command.write(path, "6 * 7\n")
    command.shell("chmod 644 " .. path)
    open { environment = { "TALLYSTICK_HISTORY=" .. path } }
    screen:keys("Up", "Enter")
    screen:wait "42"
    assert.equal("600\n", command.shell("stat -c %a " .. path).out)
  end)

  at_terminal("pages what is longer than the window, and remembers what was seen of it", function()
    local ledger = assert(tallystick.open(clinic))
    for index = 1, 40 do assert(ledger:invoice { patient = "P" .. index, amount = "5.00" }) end
    ledger:close()
    open { rows = 12 }
    local shown = answered("unpaid", "\n:")
    contains(shown, "F-00001")
    lacks(shown, "F-00043")
    screen:keys "C-c"
    screen:keys "q"
    answered("6 * 7", "42")
    answered("#2", "33.00")
  end)

  at_terminal("uses the pager that $PAGER names, and none where it is empty", function()
    open { rows = 12, environment = { "PAGER='sed s/TAB/TABULATOR/'" } }
    answered("help", "TABULATOR completes")
    screen:keys "C-d"
    ended()
    screen:close()
    open { rows = 12, environment = { "PAGER=" } }
    answered("help", "TAB completes")
  end)

  at_terminal("fits its tables into a narrow window", function()
    open { columns = 60 }
    local shown = answered("unpaid", "3 invoices")
    for line in shown:gmatch "[^\n]+" do assert.is_true(utf8.len(line) <= 60, line) end
    contains(shown, "F-00003     P19      1,234.50   1,234.50")
  end)

  at_terminal("names patients that need quotes so that the line means them", function()
    local ledger = assert(tallystick.open(clinic))
    for _, patient in ipairs { "Anna B", "O'Neil", 'a"q', "größe" } do
      assert(ledger:consultation { patient = patient, amount = "10.00" })
    end
    ledger:close()
    open { rows = 80 }
    for index, case in ipairs {
      { "patient An", "Anna B" }, { 'patient "An', "Anna B" }, { "patient O", "O'Neil" }, { 'patient "O', "O'Neil" },
      { "patient a", 'a"q' }, { "patient gr", "größe" }, { "documents --patient=An", "Anna B" },
    } do
      screen:text(case[1])
      screen:keys("Tab", "Enter")
      local shown = screen:wait("clinic.db (read only)>", index + 1):gsub("%s+$", "")
      local answer = shown:match ".*(%b()> .-\n.*%b()>)$"
      contains(answer, "10.00")
      contains(answer, case[2])
    end
  end)

  at_terminal("takes what was pasted line by line", function()
    open()
    screen:paste "for i = 1, 2 do\nprint(i * 21)\nend\n6 * 8\n"
    screen:keys "Enter"
    local shown = screen:wait "48"
    contains(shown, "42")
  end)

  at_terminal("does without readline, and says so", function()
    open { environment = { [[LUA_INIT='package.preload.readline = function() error("none") end']] } }
    contains(screen:screen(), "lines cannot be edited or completed: lua-readline is not installed")
    answered("6 * 7", "42")
    screen:text "unpaid"
    screen:keys "C-c"
    answered("6 * 8", "48")
    lacks(screen:screen(), "F-00001")
    screen:keys "C-d"
    ended()
  end)

  at_terminal("is Ctrl-C's also where a person edits as vi does", function()
    command.write(folder .. "/.inputrc", "set editing-mode vi\n")
    open()
    screen:text "pay F-00001"
    screen:keys("Escape", "C-c")
    screen:wait("clinic.db (read only)>", 2)
    answered("6 * 7", "42")
  end)

  at_terminal("heeds the person's own settings", function()
    command.write(folder .. "/.inputrc", '"\\C-t": "6 * 7\\C-m"\n')
    open()
    screen:keys "C-t"
    screen:wait "42"
  end)

  at_terminal("has no colour where nobody wants it", function()
    open { environment = { "NO_COLOR=1" } }
    answered("unpaid", "3 invoices")
    lacks(screen:screen(true), "\27[31m")
  end)

  at_terminal("leaves the terminal as it was while it is stopped, and has the key again behind that", function()
    -- The shell around it says the job's line when it was typed, stopped, and before it goes on, which takes a moment.
    local function wait_for_job(count)
      screen:wait("bin/tallystick shell", count)
      os.execute "sleep 0.3"
    end
    -- It is one that does not mend a terminal itself.
    screen = terminal.open("env PS1='outer> ' sh", { folder = folder })
    screen:wait "outer>"
    screen:line("bin/tallystick shell " .. clinic)
    screen:wait "clinic.db (read only)>"
    screen:keys "C-z"
    screen:wait("outer>", 2)
    screen:line "stty -a | grep -o 'intr = [^;]*'"
    screen:wait "intr = ^C"
    screen:line "fg"
    wait_for_job(3)
    screen:line "6 * 7"
    screen:wait "42"
    screen:text "pay F-00001"
    screen:keys "C-c"
    screen:wait "pay F-00001^C"
    screen:line "for i = 1, 1e15 do if i == 1 then print(('go'):rep(2)) end end"
    screen:wait "gogo"
    screen:keys "C-z"
    screen:wait("outer>", 4)
    screen:line "fg"
    wait_for_job(5)
    screen:keys "C-c"
    screen:wait "interrupted; nothing was written"
  end)

  at_terminal("leaves the terminal as it was when it is ended by a signal", function()
    local lines = "sh -c 'echo $$ >%s/pid; exec bin/tallystick shell %s'\nstty -a | grep -o 'intr = [^;]*'\n"
    command.write(folder .. "/run", lines:format(folder, clinic))
    screen = terminal.open("sh " .. folder .. "/run", { folder = folder })
    screen:wait "clinic.db (read only)>"
    assert.equal(0, command.shell(("kill $(cat %s/pid)"):format(folder)).code)
    screen:wait "intr = ^C"
  end)
end)

describe("the terminal's module", function()
  local function plain(problem) return problem end

  -- As a key would, but for this process alone.
  local function interrupt()
    io.popen("kill -INT $PPID"):close()
  end

  before_each(tty.catch)
  after_each(tty.release)

  it("guards like xpcall", function()
    assert.same({ true, 3, nil, "x" }, { tty.guard(function(a, b) return a + b, nil, "x" end, plain, 1, 2) })
    assert.same({ true }, { tty.guard(function() end, plain) })
    assert.same({ false, "seen: no" }, { tty.guard(error, function(problem) return "seen: " .. problem end, "no", 0) })
    assert.has_error(function() tty.guard(1, plain) end)
  end)

  it("stops at an interruption what it guards, and nothing outside of it", function()
    local ran, problem = tty.guard(function()
      interrupt()
      while true do end
    end, plain)
    assert.same({ false, "interrupted!" }, { ran, problem })
    interrupt()
    assert.is_true(tty.interrupted())
    assert.is_false(tty.interrupted())
    assert.same({ true, 1 }, { tty.guard(function() return 1 end, plain) })
  end)

  it("lets what is tidied up come to its end where a second interruption meets it", function()
    local tidied = 0
    local ran, problem = tty.guard(function()
      local function tidy()
        interrupt()
        for _ = 1, 100 do plain() end
        tidied = tidied + 1
      end
      local _ <close> = setmetatable({}, { __close = tidy })
      interrupt()
      while true do end
    end, plain)
    assert.same({ false, "interrupted!", 1 }, { ran, problem, tidied })
  end)

  it("lets what is tidied up come to its end where both interruptions came before it", function()
    local tidied = 0
    local ran, problem = tty.guard(function()
      local function tidy()
        for _ = 1, 100 do plain() end
        tidied = tidied + 1
      end
      local _ <close> = setmetatable({}, { __close = tidy })
      -- Not before the wait for both has begun: what ended the guard between them would leave the second to others.
      io.popen("sleep 0.3; kill -INT $PPID; sleep 0.1; kill -INT $PPID"):close()
      while true do end
    end, plain)
    assert.same({ false, "interrupted!", 1 }, { ran, problem, tidied })
  end)

  it("stops what catches the first interruption, and what it tidies up without end", function()
    local function stubborn()
      while true do
        interrupt()
        pcall(function() while true do end end)
      end
    end
    local ran, problem = tty.guard(function()
      local _ <close> = setmetatable({}, { __close = stubborn })
      stubborn()
    end, plain)
    assert.same({ false, "interrupted!" }, { ran, problem })
  end)

  it("does not carry an interruption from one guard into the next", function()
    interrupt()
    assert.same({ true, 5050 }, { tty.guard(function()
      local sum = 0
      for index = 1, 100 do sum = sum + index end
      return sum
    end, plain) })
  end)

  it("leaves an interruption that comes while it is held to who has the screen", function()
    local ran, result = tty.guard(function()
      tty.hold(true)
      interrupt()
      for _ = 1, 1000 do plain() end
      tty.hold(false)
      return "whole"
    end, plain)
    assert.same({ true, "whole" }, { ran, result })
  end)

  it("goes on with a write that an interruption met while it is held", function()
    local id = io.popen("echo $PPID"):read "n"
    tty.hold(true)
    local reader = io.popen(("while ! [ -e %s/sent ]; do sleep 0.05; done; wc -c >%s/count"):format(folder, folder),
      "w")
    -- The first ends a write that has given a part; the next meets one that has given nothing yet.
    os.execute(("(sleep 0.1; kill -INT %d; sleep 0.1; kill -INT %d; : >%s/sent) &"):format(id, id, folder))
    assert.truthy(reader:write(("x"):rep(1 << 20)))
    reader:close()
    tty.hold(false)
    assert.equal(1 << 20, tonumber(command.read(folder .. "/count")))
  end)

  it("ends a wait at an interruption, and at its time", function()
    interrupt()
    assert.equal("interrupted", tty.wait(0, 10000))
    local waited = command.shell("sleep 0.3 | LUA_CPATH=\"${LUA_CPATH:-./lua/?.so;;}\" lua5.4 -e "
      .. [['print(require("tallystick.tty").wait(0, 10))']])
    assert.equal("late\n", waited.out)
    assert.has_error(function() tty.wait(-1) end)
    assert.has_error(function() tty.wait(1 << 20) end)
  end)

  it("makes a closed pipe an error of the write", function()
    local pipe = io.popen("exec true", "w")
    command.shell "sleep 0.1"
    local _, message = pipe:write(("x"):rep(1 << 20))
    assert.equal("Broken pipe", message)
    pipe:close()
  end)

  it("sets what children get, and which rights new files do not", function()
    assert.is_true(tty.setenv("TALLYSTICK_SPEC", "a b"))
    assert.equal("a b\n", io.popen("echo $TALLYSTICK_SPEC"):read "L")
    assert.is_true(tty.setenv "TALLYSTICK_SPEC")
    assert.is_nil(os.getenv "TALLYSTICK_SPEC")
    for _, name in ipairs { "", "A=B" } do assert.has_error(function() tty.setenv(name, "x") end) end
    local before = tty.umask(63)
    assert.equal(63, tty.umask(before))
    for _, mask in ipairs { -1, 512 } do assert.has_error(function() tty.umask(mask) end) end
  end)
end)

describe("the history", function()
  local path

  before_each(function() path = folder .. "/state/tallystick/history" end)

  it("is nobody else's from its first byte on", function()
    local masks = {}
    history.open(path, { umask = function(mask) masks[#masks + 1] = mask return 18 end })
    assert.same({ 63, 18 }, masks)
    assert.equal("600\n", command.shell("stat -c %a " .. path).out)
  end)

  it("is cut to its last thousand lines once it has more than twice as many", function()
    local mask = { umask = function() return 18 end }
    for _, case in ipairs { { 2000, 2000 }, { 2001, 1000 } } do
      history.open(path, mask)
      local lines = {}
      for index = 1, case[1] do lines[index] = "line " .. index end
      command.write(path, table.concat(lines, "\n") .. "\n")
      local opened = history.open(path, mask)
      assert.same({ 1000, "line " .. case[1] }, { #opened.lines, opened.lines[1000] })
      assert.equal(case[2], select(2, command.read(path):gsub("\n", "")))
      assert.equal("600\n", command.shell("stat -c %a " .. path).out)
    end
  end)

  it("keeps no line twice in a row, none that is empty or begins with a blank", function()
    local kept = history.open(path, { umask = function() return 18 end })
    for _, line in ipairs { "a", "a", "", " b", "c", "a" } do kept:add(line) end
    assert.equal("a\nc\na\n", command.read(path))
  end)

  it("goes on in memory where it cannot be kept, and says so", function()
    command.write(folder .. "/state", "a file")
    local kept, message = history.open(path, { umask = function() return 18 end })
    contains(message, "cannot be written")
    assert.is_true(kept:add "a")
    assert.same({ "a" }, kept.lines)
  end)

  for _, case in ipairs {
    { { HOME = "/h" }, "/h/.local/state/tallystick/history" }, { { HOME = "" }, nil }, { {}, nil },
    { { HOME = "/h", XDG_STATE_HOME = "/s" }, "/s/tallystick/history" },
    { { HOME = "/h", XDG_STATE_HOME = "relative" }, "/h/.local/state/tallystick/history" },
    { { HOME = "/h", TALLYSTICK_HISTORY = "/own" }, "/own" }, { { HOME = "/h", TALLYSTICK_HISTORY = "" }, nil },
  } do
    it("is kept in " .. tostring(case[2]), function()
      assert.equal(case[2], history.path(function(name) return case[1][name] end))
    end)
  end
end)

describe("words", function()
  for _, case in ipairs {
    { "pay F-1 50", { "pay", "F-1", "50" } }, { "", {} }, { "  a\t b ", { "a", "b" } }, { "'a b'", { "a b" } },
    { '"a \\"b\\" \\c"', { 'a "b" \\c' } }, { "a\\ b", { "a b" } }, { "''", { "" } }, { "a'b'\"c\"", { "abc" } },
    { "'a\\b'", { "a\\b" } }, { "--x='y z'", { "--x=y z" } }, { "'a\nb'", { "a\nb" } },
    { "'open", nil }, { '"open', nil }, { 'a"', nil },
  } do
    it("are split as a shell does: " .. case[1]:gsub("\n", "↵"), function()
      assert.same(case[2], (words.split(case[1])))
    end)
  end

  it("are quoted so that they are split into themselves", function()
    for _, word in ipairs { "", "a", "a b", "'", '"', "\\", "a\\", '\\"', "é", "$x", "a\nb", "#3" } do
      assert.same({ word }, (words.split(words.quote(word))))
    end
  end)
end)
