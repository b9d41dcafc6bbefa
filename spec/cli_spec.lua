-- The command line: its arguments, what it prints, the lines it writes, and how it ends.
local command = require "spec.command"
local exit = require "tallystick.cli.exit"
local log = require "tallystick.cli.log"
local marks = require "tallystick.marks"
local replay = require "tallystick.cli.run.replay"
local tallystick = require "tallystick"
local text = require "tallystick.cli.text"

local CONFIG = "examples/practice-year/clinic.lua"
local VISIT = '{"op":"consultation","patient":"P17","amount":"120.00","at":"2025-01-06T10:00"}\n'
local PAYMENT = '{"op":"pay","document":"C-00001","amount":"50.00","at":"2025-01-06T10:05","key":"k1"}\n'
local UNKNOWN = '{"op":"pay","document":"C-99999","at":"2025-01-06T10:10"}\n'

local folder

before_each(function() folder = command.folder() end)
after_each(function() command.remove(folder) end)

local function path(name)
  return folder .. "/" .. name
end

-- Replays a log into clinic.db; the options follow.
local function replay_text(content, ...)
  command.write(path "log.jsonl", content)
  return command.run("replay", path "clinic.db", path "log.jsonl", "--config", CONFIG, "--results", path "out.jsonl",
    ...)
end

local function assert_verifies()
  local ended = command.run("verify", path "clinic.db")
  assert.equal("", ended.err)
  assert.equal(0, ended.code)
end

local function contains(needle, text_given)
  assert(text_given:find(needle, 1, true), ("%q is not in %q"):format(needle, text_given))
end

local function documents_of(name)
  local ledger <close> = assert(tallystick.open(path(name), { mode = "ro" }))
  local numbers = {}
  for document in ledger:documents { order = "oldest" } do numbers[#numbers + 1] = document.number end
  return table.concat(numbers, " ")
end

describe("the arguments", function()
  for _, case in ipairs {
    { "without any", {}, "a command is required" },
    { "an unknown subcommand", { "repaly" }, "Did you mean 'replay'?" },
    { "an unknown option", { "verify", "--deep", "x.db" }, "--deep" },
    { "a missing argument", { "replay", "x.db" }, "missing argument 'log'" },
    { "one argument too many", { "verify", "x.db", "y.db" }, "too many arguments" },
    { "a batch of none", { "replay", "x.db", "y.jsonl", "--batch", "0" }, "--batch needs a number from 1 on" },
    { "a batch that is no number", { "replay", "x.db", "y.jsonl", "--batch", "ten" }, "--batch needs a number" },
    { "a batch beyond integers", { "replay", "x.db", "y.jsonl", "--batch", ("9"):rep(30) }, "--batch needs a number" },
  } do
    local name, arguments, message = table.unpack(case)
    it("are refused with the usage: " .. name, function()
      local ended = command.run(table.unpack(arguments))
      assert.equal(2, ended.code)
      assert.equal("", ended.out)
      contains(message, ended.err)
      contains("Usage: tallystick", ended.err)
    end)
  end

  it("--help lists the subcommands and the exit codes", function()
    local ended = command.run "--help"
    assert.equal(0, ended.code)
    assert.equal("", ended.err)
    for _, word in ipairs { "replay", "verify", "Exit codes" } do contains(word, ended.out) end
  end)

  it("--version prints the version of the module", function()
    local ended = command.run "--version"
    assert.same({ code = 0, out = "tallystick " .. tallystick.version .. "\n", err = "" }, ended)
  end)
end)

describe("where it runs", function()
  it("is found through a link, from any folder", function()
    local ended = command.shell(('ln -s "$PWD/bin/tallystick" %s && cd / && %s --version'):format(path "ts", path "ts"))
    assert.equal("tallystick " .. tallystick.version .. "\n", ended.out)
  end)

  it("runs from where it was installed #slow", function()
    local install = command.shell(("env -u MAKEFLAGS -u MAKELEVEL make install PREFIX=%s"):format(path "usr"))
    assert.equal(0, install.code, install.err)
    local ended = command.shell(("cd / && %s/bin/tallystick --version"):format(path "usr"))
    assert.equal("tallystick " .. tallystick.version .. "\n", ended.out)
    for _, file in ipairs { "include/tallystick.h", "lib/libtallystick.a", "share/lua/5.4/tallystick/init.lua" } do
      assert.truthy(io.open(path("usr/" .. file)), file)
    end
  end)
end)

describe("replay", function()
  it("writes a line for each command, with the fields of the contract in their order", function()
    local ended = replay_text(VISIT .. PAYMENT .. UNKNOWN .. PAYMENT
      .. '{"op":"deposit","patient":"P17","amount":"30.00","at":"2025-01-06T11:00"}\n'
      .. '{"op":"consultation","patient":"P18","amount":"10.00","at":"2025-01-06T11:01"}\n'
      .. '{"op":"transfer","from":"P17","to":"P18","amount":"5.00","at":"2025-01-06T11:02"}\n'
      .. '{"op":"pay","document":"C-00001","at":"2025-01-06T11:03","dry_run":true}\n'
      .. '{"op":"reverse","payment":"R-00001","reason":"wrong patient","at":"2025-01-06T11:04"}\n')
    assert.equal("", ended.err)
    assert.equal(0, ended.code)
    assert.equal(table.concat({
      '{"line":1,"ok":true,"number":"C-00001","document":"C-00001","status":"pending","remaining":"120.00"}',
      '{"line":2,"ok":true,"number":"R-00001","document":"C-00001","status":"pending","remaining":"70.00"}',
      '{"line":3,"ok":false,"code":"document-unknown"}',
      '{"line":4,"ok":true,"number":"R-00001","document":"C-00001","status":"pending","remaining":"70.00",'
        .. '"replayed":true}',
      '{"line":5,"ok":true,"number":"R-00002"}',
      '{"line":6,"ok":true,"number":"C-00002","document":"C-00002","status":"pending","remaining":"10.00"}',
      '{"line":7,"ok":true}',
      '{"line":8,"ok":true,"number":"R-00003","document":"C-00001","status":"paid","remaining":"0.00","dry_run":true}',
      '{"line":9,"ok":true,"document":"C-00001","status":"pending","remaining":"120.00"}',
      "",
    }, "\n"), command.read(path "out.jsonl"))
    contains("8 done, 1 refused (1 document-unknown), 1 replayed, in ", ended.out)
    assert_verifies()
  end)

  it("goes on after a refusal, and ends well", function()
    local ended = replay_text(UNKNOWN .. VISIT)
    assert.equal(0, ended.code)
    assert.equal("C-00001", documents_of "clinic.db")
  end)

  it("leaves the others of a batch alone where one fails while it is written", function()
    local huge, lines = '"90000000000000000.00"', {}
    for _, fields in ipairs {
      '"op":"consultation","patient":"P1","amount":' .. huge, '"op":"consultation","patient":"P2","amount":' .. huge,
      '"op":"pay","type":"card","group":"POS-1","document":"C-00001","amount":' .. huge,
      -- The day's total would leave 64 bits, which is found when the act is half written.
      '"op":"pay","type":"card","group":"POS-1","document":"C-00002","amount":' .. huge,
      '"op":"consultation","patient":"P3","amount":"5.00"',
    } do
      lines[#lines + 1] = ('{%s,"at":"2025-01-06T10:00"}\n'):format(fields)
    end
    local ended = replay_text(table.concat(lines), "--batch", "10")
    assert.equal(0, ended.code)
    contains("4 done, 1 refused (1 amount-overflow)", ended.out)
    contains('{"line":5,"ok":true,"number":"C-00003"', command.read(path "out.jsonl"))
    assert_verifies()
  end)

  it("takes null for a field that is not there", function()
    replay_text '{"op":"consultation","patient":"P17","amount":"1.00","label":null,"key":null,"at":"2025-01-06"}\n'
    contains('"ok":true', command.read(path "out.jsonl"))
  end)

  it("refuses an empty line like any other that is no command", function()
    replay_text("\n" .. VISIT .. "  \r\n" .. UNKNOWN:sub(1, -2))
    local lines = {}
    for number, ok in command.read(path "out.jsonl"):gmatch '"line":(%d+),"ok":(%a+)' do
      lines[#lines + 1] = number .. " " .. ok
    end
    assert.same({ "1 false", "2 true", "3 false", "4 false" }, lines)
  end)

  it("reads the standard input and writes to the output where they are named -", function()
    command.write(path "log.jsonl", VISIT)
    local ended = command.shell(("TZ=UTC bin/tallystick replay %s - --config %s --results - <%s"):format(
      path "clinic.db", CONFIG, path "log.jsonl"))
    assert.equal(0, ended.code)
    assert.equal('{"line":1,"ok":true,"number":"C-00001","document":"C-00001","status":"pending",'
      .. '"remaining":"120.00"}\n', ended.out)
    contains("1 done", ended.err)
  end)

  it("says nothing with --quiet, and shows no progress where there is no terminal", function()
    local ended = replay_text(VISIT .. "nonsense\n", "--quiet")
    assert.same({ code = 0, out = "", err = "" }, ended)
  end)

  it("keeps the rules that the ledger has where no --config is named", function()
    replay_text(VISIT)
    command.write(path "more.jsonl", '{"op":"pay","document":"C-00001","type":"twint","at":"2025-01-07"}\n')
    local ended = command.run("replay", path "clinic.db", path "more.jsonl")
    contains("1 done, 0 refused, 0 replayed", ended.out)
    assert_verifies()
  end)

  it("shows progress on a terminal #slow", function()
    local line = ("TERM=xterm TZ=UTC bin/tallystick replay %s examples/practice-year/practice-year.jsonl --batch 500 "
      .. "--config %s"):format(path "clinic.db", CONFIG)
    local ended = command.shell(("script -qec %s /dev/null"):format(command.quote(line)))
    contains("replaying  [", ended.out)
    contains("\27[K", ended.out)
  end)

  it("ends at Ctrl-C with what was committed #slow", function()
    local ended = command.shell(("TZ=UTC timeout --preserve-status -s INT 0.3 bin/tallystick replay %s "
      .. "examples/practice-year/practice-year.jsonl --config %s"):format(path "clinic.db", CONFIG))
    assert.equal(130, ended.code)
    assert_verifies()
  end)
end)

describe("a malformed line", function()
  for _, case in ipairs {
    { "nonsense", 1, "not a JSON value" },
    { '{"op":"pay"', 12, "the line ends" },
    { '{"op":"pay","document" "C-1"}', 24, "':' expected" },
    { '{"op":"pay" "document":"C-1"}', 13, "',' or '}' expected" },
    { '{"op":"pay",}', 13, "a name in quotes expected" },
    { '{"op":"pay"} {}', 14, "something stands behind the value" },
    { '{"op":"pay","op":"pay"}', 13, "stands twice" },
    { '{"op":"pay","note":"é', 20, "the string does not end" },
    { '{"note":"é","op":pay}', 18, "not a JSON value" },
    { '{"op":"pay","note":"\\x"}', 21, "no such escape" },
    { '{"op":"pay","note":"\255"}', 21, "not UTF-8" },
    { '["pay"]', 1, "not an object" },
    { '"pay"', 1, "not an object" },
    { "null", 1, "not an object" },
    { "{}", 1, 'no "op"' },
    { '{"document":"C-1"}', 1, 'no "op"' },
    { '{"op":null}', 1, 'no "op"' },
    { '{"op":7}', 2, "no op" },
    { '{"document":"é","op":"payy"}', 17, 'no op "payy"' },
    { '{"op":"transaction"}', 2, 'no op "transaction"' },
    { '{"op":"close"}', 2, 'no op "close"' },
    { ("["):rep(100000), 33, "nested too deep" },
    { '{"op":"pay","note":"' .. ("x"):rep(log.LINE_BYTES_MAX) .. '"}', log.LINE_BYTES_MAX + 1, "longer than" },
  } do
    local line, column, message = table.unpack(case)
    it("is field-invalid, with its column: " .. line:sub(1, 32):gsub("[^ -~]", "."), function()
      local ended = replay_text(VISIT .. line .. "\n" .. PAYMENT)
      assert.equal(0, ended.code)
      contains(("log.jsonl:2:%d: "):format(column), ended.err)
      contains(message, ended.err)
      local results = command.read(path "out.jsonl")
      contains('\n{"line":2,"ok":false,"code":"field-invalid"}\n{"line":3,"ok":true,', results)
    end)
  end

  it("is told of, but not for ever", function()
    local ended = replay_text(("nonsense\n"):rep(1000))
    local _, count = ended.err:gsub("\n", "\n")
    assert.equal(21, count)
    contains("0 done, 1,000 refused (1,000 field-invalid)", ended.out)
  end)
end)

describe("--strict", function()
  for _, batch in ipairs { false, "1", "2", "500" } do
    it("stops at the first refusal and keeps what was before it, batch " .. tostring(batch), function()
      local options = batch and { "--strict", "--batch", batch } or { "--strict" }
      local ended = replay_text(VISIT .. PAYMENT .. UNKNOWN .. VISIT, table.unpack(options))
      assert.equal(1, ended.code)
      contains("log.jsonl:3: document-unknown: ", ended.err)
      assert.equal("C-00001", documents_of "clinic.db")
      local _, lines = command.read(path "out.jsonl"):gsub("\n", "\n")
      assert.equal(3, lines)
      assert_verifies()
    end)
  end

  it("stops at a malformed line too", function()
    local ended = replay_text(VISIT .. "{\n" .. VISIT, "--strict")
    assert.equal(1, ended.code)
    contains("log.jsonl:2: field-invalid: column 2: ", ended.err)
    assert.equal("C-00001", documents_of "clinic.db")
  end)
end)

describe("files", function()
  it("says which log cannot be read", function()
    local ended = command.run("replay", path "clinic.db", path "none.jsonl")
    assert.equal(2, ended.code)
    contains("none.jsonl: No such file or directory", ended.err)
    assert.equal(2, command.run("replay", path "clinic.db", folder).code)
    assert.is_nil(io.open(path "clinic.db"))
  end)

  it("says which results cannot be written", function()
    command.write(path "log.jsonl", VISIT)
    local ended = command.run("replay", path "clinic.db", path "log.jsonl", "--results", path "none/out.jsonl")
    assert.equal(2, ended.code)
    contains("none/out.jsonl", ended.err)
  end)

  it("does not write the results over the log or the ledger", function()
    command.write(path "log.jsonl", VISIT)
    for _, name in ipairs { "log.jsonl", "clinic.db" } do
      assert.equal(2, command.run("replay", path "clinic.db", path "log.jsonl", "--results", path(name)).code)
    end
    assert.equal(VISIT, command.read(path "log.jsonl"))
  end)

  it("tells every mistake of a configuration with its line", function()
    command.write(path "log.jsonl", VISIT)
    command.write(path "clinic.lua", 'local clinic = ...\nclinic:currency "XXY"\nclinic:payment_type { id = "Cash" }\n')
    local ended = command.run("replay", path "clinic.db", path "log.jsonl", "--config", path "clinic.lua")
    assert.equal(2, ended.code)
    contains("(config-invalid)", ended.err)
    contains("clinic.lua:2:", ended.err)
    contains("clinic.lua:3:", ended.err)
  end)

  it("leaves a file alone that is no ledger", function()
    local content = ("this is a letter\n"):rep(1000)
    command.write(path "letter.txt", content)
    command.write(path "log.jsonl", VISIT)
    for _, ended in ipairs {
      command.run("replay", path "letter.txt", path "log.jsonl"), command.run("verify", path "letter.txt"),
    } do
      assert.equal(4, ended.code)
      contains("not-a-ledger", ended.err)
    end
    assert.equal(content, command.read(path "letter.txt"))
  end)
end)

describe("verify", function()
  it("reports what it checked", function()
    replay_text(VISIT .. PAYMENT)
    local ended = command.run("verify", path "clinic.db")
    assert.equal(0, ended.code)
    contains("entries", ended.out)
    contains("holds", ended.out)
    assert.same({ code = 0, out = "", err = "" }, command.run("verify", path "clinic.db", "--quiet"))
  end)

  it("makes no ledger where there is none", function()
    local ended = command.run("verify", path "none.db")
    assert.equal(2, ended.code)
    contains("No such file or directory", ended.err)
    assert.is_nil(io.open(path "none.db"))
  end)

  it("finds a changed byte", function()
    replay_text(VISIT .. '{"op":"pay","document":"C-00001","reference":"REF-4711","at":"2025-01-06"}\n')
    local content, changed = command.read(path "clinic.db"):gsub("REF%-4711", "REF-4712")
    assert.is_true(changed > 0)
    command.write(path "clinic.db", content)
    local ended = command.run("verify", path "clinic.db")
    assert.equal(4, ended.code)
    contains("(chain-broken)", ended.err)
  end)
end)

-- A ledger that fails on the n-th command, as a full disk would. Its transactions undo nothing, for it keeps nothing.
local function failing_ledger(failing, code)
  local ledger, calls = {}, 0
  function ledger.pay()
    calls = calls + 1
    if calls == failing then return nil, "as arranged", code end
    return { number = "R-" .. calls }
  end
  function ledger:transaction(body)
    local result, message, reason = body(self)
    if result == nil then return nil, message, reason end
    return result
  end
  return ledger
end

describe("a storage error", function()
  for _, case in ipairs {
    { "busy", exit.BUSY }, { "full", exit.BROKEN }, { "io-error", exit.BROKEN }, { "corrupt", exit.BROKEN },
    { "chain-broken", exit.BROKEN }, { "out-of-memory", exit.BROKEN }, { "read-only", exit.USAGE },
  } do
    local code, exit_code = table.unpack(case)
    it("stops the run before the batch that it hit: " .. code, function()
      for batch, committed in pairs { [1] = 4, [2] = 4, [3] = 3, [500] = 0 } do
        command.write(path "log.jsonl", ('{"op":"pay"}\n'):rep(9))
        local reader <close> = assert(log.open(path "log.jsonl"))
        local results = assert(io.open(path "out.jsonl", "w"))
        local outcome = replay.play(failing_ledger(5, code), reader, { batch = batch, results = results })
        results:close()
        assert.same({ line = 5, code = code, message = "as arranged", exit = exit_code }, outcome.stopped)
        assert.equal(committed, outcome.committed)
        assert.equal(committed, outcome.done)
        local _, lines = command.read(path "out.jsonl"):gsub("\n", "\n")
        assert.equal(committed, lines)
      end
    end)
  end

  it("of a commit blames the batch's last line", function()
    command.write(path "log.jsonl", ('{"op":"pay"}\n'):rep(5))
    local ledger = failing_ledger(99, "full")
    local depth = 0
    function ledger:transaction(body)
      depth = depth + 1
      local result = body(self)
      depth = depth - 1
      if depth == 0 then return nil, "as arranged", "full" end
      return result
    end
    local reader <close> = assert(log.open(path "log.jsonl"))
    local outcome = replay.play(ledger, reader, { batch = 3 })
    assert.same({ line = 3, code = "full", message = "as arranged", exit = exit.BROKEN }, outcome.stopped)
    assert.equal(0, outcome.committed)
  end)
end)

describe("text for people", function()
  it("sets thousands apart", function()
    for given, expected in pairs {
      ["0"] = "0", ["999"] = "999", ["1000"] = "1,000", ["-1234.50"] = "-1,234.50", ["123456"] = "123,456",
      ["1234567.05 CHF"] = "1,234,567.05 CHF",
    } do
      assert.equal(expected, text.grouped(given))
    end
  end)

  it("sets tables by what is seen, not by bytes", function()
    assert.equal("a   n\né   1\n\27[31m✗\27[0m  22", text.table({ { title = "a" }, { title = "n", right = true } },
      { { "é", "1" }, { "\27[31m✗\27[0m", "22" } }))
  end)

  it("says durations", function()
    assert.same({ "0.50 s", "12.3 s", "2 min 05 s" }, { text.duration(0.5), text.duration(12.3), text.duration(125) })
  end)
end)

describe("marks", function()
  it("has one for every status", function()
    local names = {}
    for status in pairs(marks) do names[#names + 1] = status end
    table.sort(names)
    assert.equal("cancelled invoiced offered overpaid paid partial pending unpaid written_off",
      table.concat(names, " "))
  end)

  it("is plain unless colour is asked for", function()
    assert.equal("✗", marks.format "unpaid")
    assert.equal("\27[31m✗\27[0m", marks.format("unpaid", { colour = true }))
    assert.equal("→ F-00007", marks.format("invoiced", { invoice = "F-00007" }))
    assert.equal("!", marks.format("unpaid", { theme = { unpaid = { symbol = "!", colour = "red" } } }))
    assert.equal("", marks.format "unheard-of")
  end)
end)
