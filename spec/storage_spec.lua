-- The file: how it is opened and kept, what is no ledger, who may write, backups, scripts with versions (design.md §9).
local helper = require "spec.helper"
local child = require "spec.child"
local command = require "spec.command"
local files = require "tallystick.files"
local raw = require "spec.raw"
local save = require "tallystick.cli.save"
local tallystick = require "tallystick"

local refused = helper.refused

--- The permissions of a file in octal.
local function mode_of(path)
  return (command.shell("stat -c %a " .. command.quote(path)).out:gsub("%s+$", ""))
end

local is_root = command.shell("id -u").out == "0\n"

--- Runs a Lua text as someone who owns nothing: as root through setpriv, else as oneself.
local function as_nobody(text, ...)
  local folder = helper.folder()
  command.shell("chmod 755 " .. folder)
  local script = helper.write(folder .. "/child.lua", text)
  local line = child.line(script, ...)
  if is_root then line = line:gsub("lua5.4 ", "setpriv --reuid=65534 --regid=65534 --clear-groups lua5.4 ", 1) end
  -- The tree may lie below a folder into which only root looks: from within it is reached all the same.
  local here = command.shell("pwd").out:gsub("\n$", "/"):gsub("%p", "%%%0")
  return command.shell((line:gsub(here, "./")))
end

local OPEN = [[
local ledger, message, code = require("tallystick").open(arg[1], { mode = arg[2] })
if not ledger then print(code, message) os.exit(0) end
print("opened", ledger:head().seq, ledger:verify())
]]

describe("a ledger's file", function()
  local path

  before_each(function() path = helper.folder() .. "/clinic.db" end)
  after_each(helper.finish)

  local function make()
    local ledger = helper.open { path = path }
    assert(ledger:consultation { patient = "P1", amount = "120.00", note = "secret" })
    assert(ledger:pay { document = "C-00001", type = "twint", amount = "20.00" })
    return ledger
  end

  it("is not made beside the log of one that is gone, which holds what that one lacks", function()
    local ledger = make()
    assert(command.shell(("cp %s-wal %s.kept"):format(path, path)).code == 0)
    ledger:close()
    os.remove(path)
    assert(os.rename(path .. ".kept", path .. "-wal"))
    local size = #command.read(path .. "-wal")
    assert(size > 0)
    helper.refused("io-error", tallystick.open(path))
    assert.is_nil(io.open(path))
    assert.equal(size, #command.read(path .. "-wal"))
    os.remove(path .. "-wal")
    helper.open { path = path }
  end)

  --- Leaves a ledger at the path, and beside another name the log of its only acts, as a killed process does.
  local function leave_log(name)
    local ledger = make()
    assert(command.shell(("cp %s-wal %s-wal"):format(path, name)).code == 0)
    ledger:close()
    return #command.read(name .. "-wal")
  end

  -- Who closes a file loses all locks that the process has on it (POSIX): another one, which closes the ledger as the
  -- last one by what it sees, then takes the log away. What was written to that was acknowledged, and nobody found it.
  it("takes no act into a log that is gone, as where the host read the file itself", function()
    make():close()
    local ledger = assert(tallystick.open(path, { actor = "desk-1" }))
    io.open(path, "rb"):close()
    local other = "lua5.4 bin/tallystick consultation %s P2 5.00"
    assert.equal(0, command.shell(other:format(path)).code)
    for _ = 1, 2 do
      local message = refused("io-error", ledger:pay { document = "C-00001", type = "twint", amount = "1.00" })
      assert.truthy(message:find("open it anew", 1, true), message)
    end
    refused("io-error", ledger:transaction(function(tx)
      return tx:pay { document = "C-00001", type = "twint", amount = "1.00" }
    end))
    ledger:close()
    local again = helper.open { path = path, script = "" }
    assert.equal(3, again:head().seq)
    assert(again:pay { document = "C-00001", type = "twint", amount = "1.00" })
    assert(again:verify())
  end)

  -- SQLite would take away what has the log's name, which is another one by then.
  it("leaves another log alone as it closes, once its own is gone", function()
    make():close()
    local ledger = assert(tallystick.open(path, { actor = "desk-1" }))
    io.open(path, "rb"):close()
    local other = "lua5.4 bin/tallystick consultation %s P2 5.00"
    assert.equal(0, command.shell(other:format(path)).code)
    local killed = child.run([[
local ledger = assert(require("tallystick").open(arg[1], { actor = "desk-2" }))
for _ = 1, 3 do assert(ledger:consultation { patient = "P3", amount = "5.00" }) end
print(ledger:head().seq)
io.stdout:flush()
os.exit(0, false)
]], path)
    assert.equal("6\n", killed.out, killed.err)
    refused("io-error", ledger:pay { document = "C-00001", type = "twint", amount = "1.00" })
    ledger:close()
    assert.equal(6, helper.open { path = path, script = "" }:head().seq)
  end)

  it("is not opened beside its handle by what looks at a path that a person names", function()
    make():close()
    local ledger = assert(tallystick.open(path, { actor = "desk-1" }))
    assert.is_true(files.exists(path))
    assert.is_false(files.exists(path .. ".none"))
    assert.is_true(save.is_of_ledger(path))
    assert.is_true(save.is_of_ledger(path .. "-wal"))
    assert.is_nil((save.start(path, true)))
    assert.equal(0, command.shell(("lua5.4 bin/tallystick consultation %s P2 5.00"):format(path)).code)
    assert(ledger:pay { document = "C-00001", type = "twint", amount = "1.00" })
    ledger:close()
  end)

  -- Under each name SQLite has another log: a payment under the second was lost when the first closed.
  it("is not opened while it has a second name, by none of them", function()
    local ledger = make()
    assert(command.shell(("ln %s %s.second"):format(path, path)).code == 0)
    for _, way in ipairs { path, path .. ".second" } do
      for _, mode in ipairs { "rw", "ro" } do
        local message = refused("io-error", tallystick.open(way, { mode = mode }))
        assert.truthy(message:find("find -samefile", 1, true))
      end
    end
    assert(ledger:pay { document = "C-00001", type = "twint", amount = "1.00" })
    os.remove(path .. ".second")
    assert.equal(3, assert(helper.open { path = path, script = "" }:head()).seq)
  end)

  it("is not made in an empty one that a log waits for, and the log stays", function()
    local name = path .. ".lost"
    local size = leave_log(name)
    helper.write(name, "")
    assert(command.shell(("ln -s %s %s.link"):format(name, name)).code == 0)
    for _, way in ipairs { name, name .. ".link" } do
      for _, mode in ipairs { "rw", "ro" } do
        refused("io-error", tallystick.open(way, { mode = mode }))
        assert.equal(size, #command.read(name .. "-wal"))
      end
    end
    assert.equal("", command.read(name))
  end)

  it("is read with its log, or not at all, by who may write nowhere, also through a link", function()
    local folder, name = helper.folder(), path .. ".killed"
    leave_log(name)
    assert(command.shell(("cp %s %s"):format(path, name)).code == 0)
    local program = [[
      local ledger, _, code = require("tallystick").open(arg[1], { mode = "ro" })
      print(ledger and ledger:head().seq or code)]]
    command.shell(("chmod 755 %s; chmod 644 %s*"):format(path:match "^(.*)/", name))
    command.shell(("ln -s %s %s/clinic.db; chmod 755 %s"):format(name, folder, folder))
    assert.equal("io-error\n", as_nobody(program, name).out)
    assert.equal("io-error\n", as_nobody(program, folder .. "/clinic.db").out)
  end)

  it("is kept with a write-ahead log and full syncs, read back", function()
    local info = assert(make():info())
    assert.same({ "wal", "FULL", "rw", 2 }, { info.journal_mode, info.synchronous, info.mode, info.schema_version })
    assert.equal("CHF", info.currency)
    assert.truthy(info.id:find "^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$")
  end)

  it("is opened by nobody whose name, or role, no command would take", function()
    make():close()
    for _, name in ipairs { "", ("x"):rep(129), "a\nb", "a\0b", "a\127", "\xff", "\xC3" } do
      refused("field-invalid", tallystick.open(path, { actor = name }))
      refused("field-invalid", tallystick.open(path, { roles = { "manager", name } }))
    end
    local ledger <close> = assert(tallystick.open(path, { actor = ("é"):rep(64), roles = { "clé" } }))
    assert(ledger:deposit { patient = "P1", amount = "5.00" })
  end)

  it("is its owner's alone, with its log and its backups", function()
    local ledger = make()
    assert(ledger:backup(path .. ".copy"))
    for _, suffix in ipairs { "", "-wal", "-shm", ".copy" } do assert.equal("600", mode_of(path .. suffix), suffix) end
  end)

  for _, row in ipairs {
    { "a text file", function() helper.write(path, ("no ledger at all\n"):rep(100)) end, "not-a-ledger" },
    { "a short file", function() helper.write(path, "x") end, "not-a-ledger" },
    { "a database of another program", function() raw.try(path, "CREATE TABLE t (a)") end, "not-a-ledger" },
    { "a folder", function() os.execute("mkdir " .. command.quote(path)) end, "io-error" },
    { "a newer schema", function() make():close() raw.try(path, "PRAGMA user_version = 99") end, "schema-newer" },
    { "a lost schema version", function() make():close() raw.try(path, "PRAGMA user_version = 0") end, "corrupt" },
    { "a negative schema version", function() make():close() raw.try(path, "PRAGMA user_version = -9") end, "corrupt" },
  } do
    local what, prepare, code = table.unpack(row)
    it(("is refused where it is %s: %s"):format(what, code), function()
      prepare()
      for _, mode in ipairs { "rw", "ro" } do
        local message = select(2, tallystick.open(path, { mode = mode }))
        assert.equal(code, (select(3, tallystick.open(path, { mode = mode }))), message)
        assert.truthy(message:find(path, 1, true), message)
      end
    end)
  end

  it("is made where it is empty, but not to be read only", function()
    helper.write(path, "")
    assert.equal("not-a-ledger", (select(3, tallystick.open(path, { mode = "ro" }))))
    assert.equal("C-00001", assert(helper.open { path = path }:consultation { patient = "P", amount = "1" }).number)
  end)

  it("is not made where it is only to be read, nor in a folder that is not there", function()
    local _, message, code = tallystick.open(path, { mode = "ro" })
    assert.equal("io-error", code)
    assert.truthy(message:find("no such file", 1, true), message)
    assert.equal("io-error", (select(3, tallystick.open(path .. "/deeper/clinic.db"))))
    assert.is_nil(io.open(path))
  end)

  it("answers every writing command with read-only where it may only be read", function()
    make():close()
    local ledger = helper.open { path = path, mode = "ro" }
    for _, writing in ipairs(tallystick.commands) do refused("read-only", ledger[writing.name](ledger, {})) end
    assert.equal("20.00 CHF", tostring(ledger:document("C-00001").collected))
  end)

  for _, row in ipairs {
    { "deleted", "rm '%s'" }, { "moved", "mv '%s' '%s.moved'" }, { "replaced", "cp '%s' '%s.new' && mv '%s.new' '%s'" },
  } do
    local what, line = table.unpack(row)
    it(("is written no more once it was %s under an open handle"):format(what), function()
      local ledger = assert(tallystick.open(path, { actor = "desk-1" }))
      assert(ledger:consultation { patient = "P1", amount = "50.00" })
      os.execute((line:gsub("%%s", path)))
      local message = refused("io-error", ledger:pay { document = "C-00001" })
      assert.truthy(message:find("moved, deleted or replaced", 1, true), message)
      refused("io-error", ledger:transaction(function(tx) return tx:pay { document = "C-00001" } end))
      assert.equal("0.00 CHF", tostring(ledger:document("C-00001").collected))
      ledger:close()
    end)
  end

  it("that is read where its log cannot be shared is read no more once another program writes", function()
    local marks = helper.folder() .. "/"
    make():close()
    command.shell(("chmod 644 %s; chmod 755 %s; chmod 777 %s"):format(path, path:match "^(.*)/", marks))
    local meeting = [[
      local path, marks = arg[1], arg[2]
      local function tell(name) assert(io.open(marks .. name, "w")):close() end
      local function wait(name)
        while not io.open(marks .. name) do os.execute "sleep 0.01" end
      end
    ]]
    local writer = helper.write(path .. ".lua", meeting .. [[
      wait "read"
      local ledger = assert(require("tallystick").open(path))
      assert(ledger:pay { document = "C-00001", type = "twint" })
      tell "written"
      wait "read again"
      ledger:close()
      tell "closed"]])
    os.execute("timeout 20 env " .. child.line(writer, path, marks) .. " &")
    local read = as_nobody(meeting .. [[
      local ledger = assert(require("tallystick").open(path, { mode = "ro" }))
      local function show()
        local document, _, code = ledger:document "C-00001"
        print(document and tostring(document.remaining) or code)
      end
      show()
      tell "read"
      wait "written"
      show()
      tell "read again"
      wait "closed"
      show()
      print((select(3, ledger:verify())))]], path, marks)
    local seen = is_root and "io-error\nio-error\nio-error\n" or "0.00 CHF\n0.00 CHF\nnil\n"
    assert.equal("100.00 CHF\n" .. seen, read.out, read.err)
  end)

  it("may be read in a folder that may not be written, and says so where it is to be written", function()
    make():close()
    local folder = path:match "^(.*)/"
    command.shell(("chmod 644 %s; chmod 555 %s"):format(path, folder))
    local read = as_nobody(OPEN, path, "ro")
    assert.truthy(read.out:find("^opened\t2\ttrue"), read.out .. read.err)
    local refusal = as_nobody(OPEN, path, "rw").out
    assert.truthy(refusal:find("^read%-only\t"), refusal)
    local new = as_nobody(OPEN, folder .. "/new.db", "rw").out
    assert.truthy(new:find("^io%-error\t"), new)
    command.shell("chmod 755 " .. folder)
  end)

  it("keeps who comes second waiting, and is busy once the time is up", function()
    make():close()
    local folder = helper.folder()
    local holder = helper.write(folder .. "/holder.py", [[
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
open(sys.argv[2], "w").close()
time.sleep(1.2)
connection.execute("ROLLBACK")
]])
    os.execute(("python3 %s %s %s/held &"):format(holder, path, folder))
    while not io.open(folder .. "/held") do os.execute "sleep 0.01" end
    local impatient = assert(tallystick.open(path, { busy_timeout = 100 }))
    refused("busy", impatient:charge { document = "C-00001", amount = "1.00" })
    impatient:close()
    local patient = assert(tallystick.open(path, { busy_timeout = 10000 }))
    assert(patient:charge { document = "C-00001", amount = "1.00" })
    patient:close()
  end)

  it("says that the disk is full, and is as it was before", function()
    make():close()
    local head = helper.open { path = path, mode = "ro" }:head()
    -- A process may write files of 64 KiB at most: what does not fit is refused in the middle of a batch.
    local folder = helper.folder()
    local script = helper.write(folder .. "/child.lua", [[
      local ledger = assert(require("tallystick").open(arg[1]))
      local ok, message, code = ledger:transaction(function(tx)
        for i = 1, 2000 do
          local paid, why, name = tx:pay { document = "C-00001", type = "twint", amount = "0.01", key = "k" .. i,
            note = ("n"):rep(2000) }
          if not paid then return nil, why, name end
        end
        return true
      end)
      print(ok, code, message)]])
    local ended = command.shell("trap '' XFSZ; ulimit -f 128; " .. child.line(script, path))
    assert.truthy(ended.out:find("^nil\tfull\t") or ended.out:find("^nil\tio%-error\t"), ended.out .. ended.err)
    local ledger = helper.open { path = path }
    assert.same(head, ledger:head())
    assert.is_true(ledger:verify())
    assert(ledger:pay { document = "C-00001", type = "twint", amount = "1.00" })
  end)

  it("gives a code, and never raises, whichever page of it is overwritten", function()
    local ledger = make()
    for i = 1, 60 do
      assert(ledger:charge { document = "C-00001", amount = "1.00", label = ("x"):rep(200), key = "k" .. i })
    end
    ledger:close()
    raw.try(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    local whole, damaged = command.read(path), path .. ".damaged"
    for page = 0, #whole // 4096 - 1 do
      helper.write(damaged, whole:sub(1, page * 4096) .. ("\xa5"):rep(4096) .. whole:sub(page * 4096 + 4097))
      os.remove(damaged .. "-wal")
      os.remove(damaged .. "-shm")
      local opened, _, code = tallystick.open(damaged)
      local fine = false
      if opened then
        fine, _, code = opened:verify()
        opened:close()
      end
      assert.is_nil(fine or nil, page)
      local told = code == "corrupt" or code == "not-a-ledger" or code == "chain-broken"
      assert.is_true(told, page .. " " .. tostring(code))
    end
  end)

  it("may be kept nowhere", function()
    local ledger = helper.open { path = ":memory:" }
    assert.equal("memory", ledger:info().journal_mode)
    assert.is_nil(io.open ":memory:")
  end)

  it("may have a name that looks like a URI", function()
    local folder = helper.folder()
    local ended = child.run([[
      local ledger = assert(require("tallystick").open("file:clinic.db?mode=memory"))
      assert(ledger:consultation { patient = "P", amount = "1.00" })
      print(assert(io.open("file:clinic.db?mode=memory", "rb")):read(15))]])
    os.remove "file:clinic.db?mode=memory"
    for _, suffix in ipairs { "-wal", "-shm" } do os.remove("file:clinic.db?mode=memory" .. suffix) end
    assert.equal("SQLite format 3\n", ended.out, ended.err)
    assert.is_string(folder)
  end)
end)

describe("a backup", function()
  local ledger, path

  before_each(function()
    path = helper.folder() .. "/clinic.db"
    ledger = helper.open { path = path }
    for i = 1, 400 do assert(ledger:consultation { patient = "P" .. i, amount = "1.00", note = ("n"):rep(3000) }) end
  end)
  after_each(helper.finish)

  it("is the same ledger, and tells how far it is", function()
    local last, total
    assert.is_true(ledger:backup(path .. ".copy", { progress = function(done, of) last, total = done, of end }))
    assert.is_true(last > 0 and last <= total)
    local copy = helper.open { path = path .. ".copy", script = "" }
    assert.same(ledger:head(), copy:head())
    assert.equal(ledger:info().id, copy:info().id)
  end)

  it("is one state of the books, whoever writes meanwhile", function()
    local other, turns, head = helper.open { path = path }, 0, ledger:head()
    assert.is_true(ledger:backup(path .. ".copy", { progress = function()
      turns = turns + 1
      assert(turns < 100, "the copy begins anew for ever")
      assert(other:consultation { patient = "Q", amount = "1.00" })
      refused("busy", ledger:consultation { patient = "Q", amount = "1.00" })
    end }))
    assert.same(head, helper.open { path = path .. ".copy", script = "" }:head())
    assert(ledger:consultation { patient = "Q", amount = "1.00" })
  end)

  it("takes no file's place, and leaves nothing behind where it fails", function()
    helper.write(path .. ".copy", "mine")
    refused("io-error", ledger:backup(path .. ".copy"))
    assert.equal("mine", command.read(path .. ".copy"))
    refused("io-error", ledger:backup "/nowhere/at/all.db")
    helper.write(path .. ".new-wal", "the log of another ledger")
    refused("io-error", ledger:backup(path .. ".new"))
    assert.equal("the log of another ledger", command.read(path .. ".new-wal"))
    assert.is_nil(io.open(path .. ".new"))
    assert.has_error(function() ledger:backup(path .. ".two", { progress = function() error "stop" end }) end)
    assert.equal("", command.shell(("ls %s | grep partial"):format(path:match "^(.*)/")).out)
    refused("field-invalid", ledger:backup(5))
    refused("field-unknown", ledger:backup(path .. ".three", { progres = print }))
    refused("busy", ledger:transaction(function(tx) return tx:backup(path .. ".four") end))
  end)
end)

describe("a ledger's script", function()
  local path

  before_each(function() path = helper.folder() .. "/clinic.db" end)
  after_each(helper.finish)

  local ONE = [[local clinic = ...
    clinic:payment_type { id = "cash", default = true, label = "Cash" }
    clinic:payment_type { id = "old", label = "Old" }]]
  local TWO = [[local clinic = ...
    clinic:payment_type { id = "cash", default = true, label = "Money", max = "50.00" }]]

  it("is kept in the file with versions, and entries name theirs", function()
    local ledger = helper.open { path = path, script = ONE }
    assert(ledger:consultation { patient = "P", amount = "100.00" })
    assert.equal(1, assert(ledger:pay { document = "C-00001", amount = "60.00" }).type_version)
    assert(ledger:pay { document = "C-00001", amount = "1.00", type = "old" })
    ledger:close()
    local second = helper.open { path = path, script = TWO }
    assert.equal(2, second:info().script.version)
    refused("amount-above-limit", second:pay { document = "C-00001", amount = "60.00" })
    assert.equal(2, assert(second:pay { document = "C-00001", amount = "10.00" }).type_version)
    assert.equal(1, second:payment("R-00001").type_version)
    refused("type-unknown", second:pay { document = "C-00001", amount = "1.00", type = "old" })
    assert(second:reverse { payment = "R-00002", reason = "its type is declared no more" })
    second:close()
    local versions = {}
    local third = helper.open { path = path, script = "" }
    for entry in third:entries() do versions[#versions + 1] = entry.script_version end
    assert.same({ 1, 1, 1, 2, 2 }, versions)
    assert.equal(TWO, third:info().script.text)
    assert.equal(2, third:info().script.version)
  end)

  it("is stored once, however often it is given", function()
    helper.open { path = path, script = ONE }:close()
    helper.open { path = path, script = ONE }:close()
    assert.equal(1, helper.open { path = path, script = "" }:info().script.version)
  end)

  it("that changes while a ledger is open holds for its next command", function()
    local first = helper.open { path = path, script = ONE }
    assert(first:consultation { patient = "P", amount = "100.00" })
    helper.open { path = path, script = TWO }
    refused("amount-above-limit", first:pay { document = "C-00001", amount = "60.00" })
  end)

  it("holds its new patterns at once, and is told to who only reads", function()
    local function script(pattern)
      return ([[local clinic = ...
        clinic:payment_type { id = "cash", default = true, fields = { slip = { pattern = "%s" } } }]]):format(pattern)
    end
    local first = helper.open { path = path, script = script "^%d+$" }
    assert(first:consultation { patient = "P", amount = "100.00" })
    assert(first:pay { document = "C-00001", amount = "1.00", fields = { slip = "123" } })
    local reader = helper.open { path = path, script = "", mode = "ro" }
    helper.open { path = path, script = script "^%a+$" }
    refused("field-invalid", first:pay { document = "C-00001", amount = "1.00", fields = { slip = "123" } })
    assert(first:pay { document = "C-00001", amount = "1.00", fields = { slip = "abc" } })
    assert.equal(2, reader:info().script.version)
  end)

  it("must name the currency where it has amounts and the ledger's is not the preset's", function()
    helper.open { path = path, script = 'local clinic = ... clinic:currency "JPY"' }:close()
    local amounts = helper.script 'local clinic = ... clinic:payment_type { id = "cash", default = true, max = "1000" }'
    local _, message, code = tallystick.open(path, { config = amounts })
    assert.equal("config-invalid", code)
    assert.truthy(message:find("JPY", 1, true))
  end)

  it("cannot change the currency, and is refused whole where it is broken", function()
    local ledger = helper.open { path = path, script = ONE }
    assert(ledger:consultation { patient = "P", amount = "100.00" })
    ledger:close()
    for _, text in ipairs { 'local clinic = ... clinic:currency "EUR"', "local clinic = ... clinic:curency 'CHF'" } do
      local script = helper.script(text)
      local _, message, code = tallystick.open(path, { config = script })
      assert.equal("config-invalid", code, message)
      local _, _, missing = tallystick.open(path .. ".new", { config = helper.script "local" })
      assert.equal("config-invalid", missing)
      assert.is_nil(io.open(path .. ".new"), "a file was made under a broken script")
    end
    assert.equal(1, helper.open { path = path, script = "" }:info().script.version)
  end)

  it("that the file keeps and that can be read no more lets the ledger be read only", function()
    helper.open { path = path, script = ONE }:close()
    raw.force(path, "UPDATE script SET body = 'this is no Lua'")
    local ledger = assert(tallystick.open(path))
    assert.equal("ro", ledger:info().mode)
    assert.is_true(#ledger:info().script.errors > 0)
    refused("read-only", ledger:consultation { patient = "P", amount = "1.00" })
    ledger:close()
  end)
end)
