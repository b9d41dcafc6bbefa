-- What keeps house at the command line: ledgers are made, closed, watched, copied, put back and verified.
local call = require "tallystick.cli.call"
local clinic = require "spec.clinic"
local command = require "spec.command"
local damage = require "tallystick.cli.damage"
local exit = require "tallystick.cli.exit"
local files = require "tallystick.files"
local helper = require "spec.helper"
local json = require "tallystick.json"
local output = require "tallystick.cli.output"
local pages = require "spec.pages"
local progress = require "tallystick.cli.progress"
local raw = require "spec.raw"
local tallystick = require "tallystick"
local screen_of = require "spec.terminal"
local terminal = require "tallystick.cli.terminal"

local run, write, read = command.run, command.write, command.read

local contains, done = clinic.contains, clinic.done

local folder

before_each(function() folder = command.folder() end)
after_each(function()
  helper.finish()
  command.remove(folder)
end)

local function path(name)
  return folder .. "/" .. name
end

-- The names in the folder, without what readers leave beside a ledger.
local function names()
  local out = {}
  for name in command.shell("ls -A " .. command.quote(folder)).out:gmatch "[^\n]+" do
    if not name:find "%-shm$" and not name:find "%-wal$" then out[#out + 1] = name end
  end
  return table.concat(out, " ")
end

local is_root = command.shell("id -u").out == "0\n"

-- Runs a line as somebody to whom nothing here belongs: as root through setpriv, else as oneself.
local function as_nobody(line)
  return command.shell((is_root and "setpriv --reuid=65534 --regid=65534 --clear-groups " or "") .. line)
end

local function head_of(name)
  local ledger <close> = assert(tallystick.open(path(name), { mode = "ro" }))
  return ledger:head()
end

local function mode_of(name)
  return files.facts(path(name)).mode
end

local function assert_holds(name)
  local ledger <close> = assert(tallystick.open(path(name), { mode = "ro" }))
  assert(ledger:verify())
end

-- A ledger with a visit, and so many payments of it.
local function make(name, payments)
  local ledger <close> = assert(tallystick.open(path(name), { actor = "desk-1" }))
  assert(ledger:consultation { patient = "P1", amount = "100.00" })
  for _ = 1, payments or 0 do assert(ledger:pay { document = "C-00001", amount = "10.00" }) end
  return path(name)
end

local function pay(name, amount)
  local ledger <close> = assert(tallystick.open(path(name)))
  assert(ledger:pay { document = "C-00001", amount = amount or "10.00" })
end

-- Runs a body in a folder on a disk of its own, where that may be made.
local function on_small_disk(bytes, body)
  local disk = path "disk"
  command.shell("mkdir " .. disk)
  local mounted = command.shell(("mount -t tmpfs -o size=%d none %s"):format(bytes, disk)).code == 0
  if not mounted then return pending "a small disk takes root's rights" end
  local ran, problem = pcall(body, disk)
  command.shell("umount " .. disk)
  assert(ran, problem)
end

describe("init", function()
  it("makes a ledger that nobody else may read, says what it is, and leaves no log beside it", function()
    local out = done(run("init", path "clinic.db"))
    local at_a_prompt = "tallystick shell " .. path "clinic.db"
    for _, word in ipairs { path "clinic.db", "CHF", "cash, card", "preset", at_a_prompt } do contains(word, out) end
    assert.equal("600", mode_of "clinic.db")
    assert.equal("clinic.db", command.shell("ls " .. folder).out:match "^(%S+)\n$")
    assert_holds "clinic.db"
  end)

  it("keeps a currency in a script of its own", function()
    local told = json.decode(done(run("init", path "clinic.db", "--currency", "EUR", "--json")))
    local ledger <close> = assert(tallystick.open(path "clinic.db"))
    assert.same({ "EUR", ledger:info().id, "600" }, { told.currency, told.id, told.mode })
    assert.equal("clinic.lua", ledger:script().name)
    contains('clinic:currency "EUR"', ledger:script().text)
    assert.equal("1.00 EUR", tostring(ledger:money "1"))
  end)

  it("keeps the script that is given", function()
    local script = path "own.lua"
    write(script, helper.SCRIPT)
    done(run("init", path "clinic.db", "--config", script, "--currency", "CHF"))
    local ledger <close> = assert(tallystick.open(path "clinic.db", { mode = "ro" }))
    assert.same({ "own.lua", helper.SCRIPT }, { ledger:script().name, ledger:script().text })
  end)

  for _, case in ipairs {
    { "a currency that is none", { "--currency", "XQQ" }, '--currency: ISO 4217 has no "XQQ"' },
    { "a currency in small letters", { "--currency", "eur" }, "did you mean EUR?" },
    { "another currency than the script's", { "--config", "chf.lua", "--currency", "EUR" }, "the script says CHF" },
    { "a currency beside a script that has none", { "--config", "none.lua", "--currency", "EUR" },
      'write clinic:currency "EUR" into' },
    { "a script with mistakes, all of them", { "--config", "bad.lua" }, "bad.lua:3: payment_type" },
    { "a script that is not there", { "--config", "gone.lua" }, "gone.lua:1: script: the script cannot be read" },
  } do
    local what, words, message = table.unpack(case)
    it(("makes nothing of %s"):format(what), function()
      write(path "chf.lua", 'local clinic = ...\nclinic:currency "CHF"\n')
      write(path "none.lua", "local clinic = ...\n")
      write(path "bad.lua", 'local clinic = ...\nclinic:currency "XXQ"\nclinic:payment_type { id = "Cash" }\n')
      local ended = command.shell(("cd %s && %s/bin/tallystick init clinic.db %s"):format(folder,
        command.shell("pwd").out:match "[^\n]+", table.concat(words, " ")))
      assert.equal(exit.USAGE, ended.code)
      contains(message, ended.err)
      assert.equal("bad.lua chf.lua none.lua", names())
    end)
  end

  it("leaves a file alone that is there", function()
    write(path "clinic.db", "mine")
    local ended = run("init", path "clinic.db")
    assert.equal(exit.USAGE, ended.code)
    contains("a file is there already", ended.err)
    assert.equal("mine", read(path "clinic.db"))
  end)

  it("says so where the folder is not there", function()
    local ended = run("init", path "nowhere/clinic.db")
    assert.equal(exit.USAGE, ended.code)
    contains(path "nowhere" .. " is not there", ended.err)
  end)

  it("leaves nothing on a full disk", function()
    on_small_disk(65536, function(disk)
      local ended = run("init", disk .. "/clinic.db")
      assert.equal(exit.BROKEN, ended.code, ended.err)
      contains("(full)", ended.err)
      assert.is_nil(ended.err:find("partial", 1, true), ended.err)
      assert.equal("", command.shell("ls -A " .. disk).out)
    end)
  end)
end)

describe("backup", function()
  it("makes a copy that was verified, for nobody else to read, and prints its head", function()
    make("clinic.db", 3)
    local out = done(run("backup", path "clinic.db", path "copy.db"))
    local head = head_of "clinic.db"
    contains("copied and verified", out)
    contains(("  %d:%s\n"):format(head.seq, head.hash), out)
    assert.same(head, head_of "copy.db")
    assert.equal("600", mode_of "copy.db")
    assert_holds "copy.db"
  end)

  it("tells programs the head, and leaves no log beside the copy", function()
    make("clinic.db", 1)
    local told = json.decode(done(run("backup", path "clinic.db", path "copy.db", "--json")))
    assert.is_nil(command.shell("ls " .. folder).out:find("copy.db-", 1, true))
    local head = head_of "clinic.db"
    assert.same({ path "copy.db", head.seq, head.hash, true }, { told.path, told.seq, told.hash, told.verified })
  end)

  it("prints a head that verify takes", function()
    make("clinic.db", 2)
    local head = done(run("backup", path "clinic.db", path "copy.db")):match "\n  (%d+:%x+)\n"
    pay "clinic.db"
    contains("the head of entry 3 that you kept is in it", done(run("verify", path "clinic.db", "--head", head)))
  end)

  for _, case in ipairs {
    { "a file that is there", "other", "a file is there already" },
    { "the ledger itself", "clinic.db", "a file is there already" },
    { "a folder that is not there", "nowhere/copy.db", "is not there, or may not be written" },
  } do
    local what, name, message = table.unpack(case)
    it(("refuses %s, and leaves it alone"):format(what), function()
      make "clinic.db"
      write(path "other", "mine")
      local before = read(path "clinic.db")
      local ended = run("backup", path "clinic.db", path(name))
      assert.equal(exit.USAGE, ended.code)
      contains(message, ended.err)
      assert.same({ "mine", before, "clinic.db other" }, { read(path "other"), read(path "clinic.db"), names() })
    end)
  end

  it("gives a copy that does not verify no name to be trusted", function()
    raw.force(make("clinic.db", 1), "UPDATE document SET collected = 0")
    local ended = run("backup", path "clinic.db", path "copy.db")
    assert.equal(exit.BROKEN, ended.code)
    contains("the copy does not verify, and is kept as " .. path "copy.db.", ended.err)
    contains("tallystick verify " .. path "clinic.db", ended.err)
    assert.truthy(names():find "^clinic%.db copy%.db%.%x+%.damaged$", names())
  end)

  it("does not look at the copy where that is not wanted", function()
    raw.force(make("clinic.db", 1), "UPDATE document SET collected = 0")
    contains("copied, not verified", done(run("backup", path "clinic.db", path "copy.db", "--no-verify")))
    assert.equal("clinic.db copy.db", names())
  end)

  it("leaves nothing on a full disk", function()
    make("clinic.db", 3)
    on_small_disk(16384, function(disk)
      local ended = run("backup", path "clinic.db", disk .. "/copy.db")
      assert.equal(exit.BROKEN, ended.code, ended.err)
      contains(disk .. "/copy.db: ", ended.err)
      contains("(full)", ended.err)
      assert.is_nil(ended.err:find("partial", 1, true), ended.err)
      assert.equal("", command.shell("ls -A " .. disk).out)
    end)
  end)

  -- A call whose progress lines stop the run where a person would, at the n-th of them.
  local function interrupted_call(name, at, args)
    local one = call.new { definition = { name = name }, args = args, door = "line", path = args.ledger,
      output = output.new { write = function() end } }
    local shown = 0
    function one.progress()
      local bar = progress.start("", false)
      function bar.show()
        shown = shown + 1
        if shown == at then error("interrupted!", 0) end
      end
      return bar
    end
    return one
  end

  -- The first drawing is the copy's, the others are the verification's.
  for at, when in ipairs { "while it copies", "while it verifies", "later" } do
    it(("leaves nothing when it is interrupted %s"):format(when), function()
      make("clinic.db", 3)
      local ledger <close> = assert(tallystick.open(path "clinic.db", { mode = "ro" }))
      local one = interrupted_call("backup", at, { ledger = path "clinic.db", to = path "copy.db" })
      one.ledger = ledger
      local ran, problem = pcall(require("tallystick.cli.run.backup").run, one)
      assert.same({ false, "interrupted!", "clinic.db" }, { ran, problem, names() })
    end)
  end

  it("restores nothing when it is interrupted", function()
    for at = 1, 3 do
      make("clinic.db", 3)
      done(run("backup", path "clinic.db", path "copy.db"))
      local before = head_of "clinic.db"
      local one = interrupted_call("restore", at, { backup = path "copy.db", ledger = path "clinic.db" })
      local ran, problem = pcall(require("tallystick.cli.run.restore").run, one)
      assert.same({ false, "interrupted!", "clinic.db copy.db" }, { ran, problem, names() })
      assert.same(before, head_of "clinic.db")
      command.shell(("rm %s/*"):format(folder))
    end
  end)
end)

describe("restore", function()
  -- A ledger with its backup; then so many payments more.
  local function with_backup(later)
    make("clinic.db", 2)
    done(run("backup", path "clinic.db", path "copy.db"))
    for _ = 1, later or 0 do pay "clinic.db" end
  end

  local function kept()
    return names():match "clinic%.db%.replaced%-[%dT-]+"
  end

  it("puts a backup where nothing was", function()
    with_backup()
    local out = done(run("restore", path "copy.db", path "new.db"))
    local head = head_of "copy.db"
    contains(("%d:%s"):format(head.seq, head.hash), out)
    assert.same(head, head_of "new.db")
    assert.equal("600", mode_of "new.db")
    assert.equal("clinic.db copy.db new.db", names())
  end)

  it("keeps what stood there, under a name that says when", function()
    with_backup()
    local out = done(run("restore", path "copy.db", path "clinic.db"))
    assert.truthy(kept():find "^clinic%.db%.replaced%-%d%d%d%d%-%d%d%-%d%dT%d%d%-%d%d%-%d%d$", kept())
    contains("What stood there is kept as " .. path(kept()), out)
    assert.same(head_of "copy.db", head_of(kept()))
    assert_holds "clinic.db"
  end)

  it("gives the ledger the rights of the one that stood there", function()
    with_backup()
    command.shell("chmod 640 " .. path "clinic.db")
    done(run("restore", path "copy.db", path "clinic.db"))
    assert.equal("640", mode_of "clinic.db")
  end)

  it("leaves the ledger to whom it belonged", function()
    if not is_root then return pending "to give a file away takes root's rights" end
    with_backup()
    command.shell("chown 65534:65534 " .. path "clinic.db")
    done(run("restore", path "copy.db", path "clinic.db"))
    assert.equal("65534:65534", files.facts(path "clinic.db").owner)
  end)

  it("follows a link to where the ledger is", function()
    with_backup()
    command.shell(("mkdir %s/data && mv %s %s/data && ln -s data/clinic.db %s"):format(folder, path "clinic.db", folder,
      path "clinic.db"))
    done(run("restore", path "copy.db", path "clinic.db"))
    assert.equal(0, command.shell("test -L " .. path "clinic.db").code)
    assert_holds "data/clinic.db"
  end)

  it("wants to be told where what stands there has a second name, and was not looked into", function()
    with_backup()
    assert.equal(0, command.shell(("ln %s %s"):format(path "clinic.db", path "second.db")).code)
    local ended = run("restore", path "copy.db", path "clinic.db")
    assert.equal(1, ended.code)
    contains("has a second name", ended.err)
    contains("--force", ended.err)
    done(run("restore", path "copy.db", path "clinic.db", "--force"))
    assert_holds "clinic.db"
  end)

  it("takes no log from under a ledger that has a second name", function()
    with_backup()
    local ledger <close> = assert(tallystick.open(path "clinic.db", { actor = "desk-1" }))
    assert(ledger:deposit { patient = "P1", amount = "1.00" })
    assert.equal(0, command.shell(("ln %s %s"):format(path "clinic.db", path "second.db")).code)
    local ended = run("restore", path "copy.db", path "clinic.db", "--force")
    assert.equal(exit.BUSY, ended.code)
    contains("find -samefile", ended.err)
    assert(ledger:deposit { patient = "P1", amount = "1.00" })
  end)

  it("wants to be told where the backup is older, says how many entries it lacks, and keeps them", function()
    with_backup(3)
    local before = head_of "clinic.db"
    local ended = run("restore", path "copy.db", path "clinic.db")
    assert.equal(exit.REFUSED, ended.code)
    contains("it ends at entry 3, and lacks 3 later entries", ended.err)
    contains("--force", ended.err)
    assert.same(before, head_of "clinic.db")
    assert.equal("clinic.db copy.db", names())
    contains("lacks 3 later entries", done(run("restore", path "copy.db", path "clinic.db", "--force")))
    assert.same(head_of "copy.db", head_of "clinic.db")
    assert.same(before, head_of(kept()))
  end)

  -- What stands at the place, made by a function, and what is said of it.
  for _, case in ipairs {
    { "went another way", "they differ at entry 3 or before, and the ledger has 4 entries", function()
      make("clinic.db", 2)
      done(run("backup", path "clinic.db", path "older.db"))
      pay "clinic.db"
      done(run("backup", path "clinic.db", path "copy.db"))
      done(run("restore", path "older.db", path "clinic.db", "--force"))
      pay("clinic.db", "20.00")
      command.shell("rm " .. path "older.db*" .. " " .. path "*replaced*")
    end, "they differ at entry 4 or before" },
    { "is another ledger", "another ledger stands there, with 1 entry", function()
      with_backup()
      os.remove(path "clinic.db")
      make "clinic.db"
    end },
    { "is no ledger", "what stands there is no ledger", function()
      with_backup()
      write(path "clinic.db", ("a letter\n"):rep(100))
    end },
  } do
    local what, message, prepare, other = table.unpack(case, 1, 4)
    it(("wants to be told where what stands there %s"):format(what), function()
      prepare()
      local before = read(path "clinic.db")
      local ended = run("restore", path "copy.db", path "clinic.db")
      assert.equal(exit.REFUSED, ended.code, ended.err)
      contains(other or message, ended.err)
      assert.equal(before, read(path "clinic.db"))
      done(run("restore", path "copy.db", path "clinic.db", "--force"))
      assert.same(head_of "copy.db", head_of "clinic.db")
      assert.equal(before, read(path(kept())))
    end)
  end

  it("takes a newer backup without asking", function()
    with_backup()
    done(run("restore", path "copy.db", path "old.db"))
    pay "clinic.db"
    done(run("backup", path "clinic.db", path "newer.db"))
    assert.is_nil(done(run("restore", path "newer.db", path "old.db")):find("Note", 1, true))
    assert.equal(4, head_of("old.db").seq)
  end)

  it("brings the log of what stood there along, and leaves none for the ledger to take for its own", function()
    make("clinic.db", 2)
    done(run("backup", path "clinic.db", path "copy.db"))
    local ledger <close> = assert(tallystick.open(path "clinic.db"))
    assert(ledger:pay { document = "C-00001", amount = "10.00" })
    command.shell(("for s in '' -wal; do cp %s/clinic.db$s %s/crashed.db$s; done"):format(folder, folder))
    assert(files.facts(path "crashed.db-wal").bytes > 0)
    done(run("restore", path "copy.db", path "crashed.db", "--force"))
    assert.same({ 3, 4 }, { head_of("crashed.db").seq, ledger:head().seq })
    assert_holds "crashed.db"
    local name = names():match "crashed%.db%.replaced%-[%dT-]+"
    assert.same(ledger:head(), head_of(name))
    assert_holds(name)
  end)

  it("moves the log of a ledger that cannot be read with it", function()
    with_backup()
    local damaged = read(path "copy.db"):sub(1, 100) .. ("\255"):rep(2000) .. read(path "copy.db"):sub(2101)
    write(path "clinic.db", damaged)
    write(path "clinic.db-wal", "a log of its own")
    local out = done(run("restore", path "copy.db", path "clinic.db"))
    contains("what stood there cannot be read", out)
    assert.equal(damaged, read(path(kept())))
    assert.equal("a log of its own", read(path(kept() .. "-wal")))
    assert_holds "clinic.db"
  end)

  it("refuses a ledger that another process has open", function()
    with_backup()
    local ledger <close> = assert(tallystick.open(path "clinic.db", { mode = "ro" }))
    local ended = run("restore", path "copy.db", path "clinic.db")
    assert.equal(exit.BUSY, ended.code)
    contains("another process has it open", ended.err)
    assert.equal("clinic.db copy.db", names())
    ledger:close()
    done(run("restore", path "copy.db", path "clinic.db"))
  end)

  for _, case in ipairs {
    { "a backup with a forged entry", "UPDATE entry SET amount = 5 WHERE seq = 2", "was changed after it was written" },
    { "a backup with wrong sums", "UPDATE document SET collected = 0", "The journal holds" },
  } do
    local what, sql, meaning = table.unpack(case)
    it(("puts %s nowhere"):format(what), function()
      with_backup()
      raw.force(path "copy.db", sql)
      local before = read(path "clinic.db")
      local ended = run("restore", path "copy.db", path "clinic.db")
      assert.equal(exit.BROKEN, ended.code)
      contains(path "copy.db: ", ended.err)
      contains(meaning, ended.err)
      contains("Nothing was put in place.", ended.err)
      assert.same({ before, "clinic.db copy.db" }, { read(path "clinic.db"), names() })
    end)
  end

  it("finds the flipped bits of a backup", function()
    with_backup()
    local whole, found = read(path "copy.db"), 0
    for at = 2048 * 3 + 1, #whole, 2048 * 2 do
      write(path "copy.db", whole:sub(1, at - 1) .. string.char(whole:byte(at) ~ 1) .. whole:sub(at + 1))
      local ended = run("restore", path "copy.db", path "new.db")
      if ended.code ~= 0 then
        found = found + 1
        assert.equal(exit.BROKEN, ended.code, ended.err)
        assert.falsy(files.exists(path "new.db"))
      else
        assert_holds "new.db"
        os.remove(path "new.db")
      end
    end
    assert(found > 5, "hardly a flip was found")
  end)

  for _, case in ipairs {
    { "one file twice", "copy.db", "./copy.db", "are one file" },
    { "a backup that is not there", "gone.db", "clinic.db", "gone.db: No such file or directory" },
    { "a folder for a ledger", "copy.db", ".", "no plain file" },
    { "a place in a folder that is not there", "copy.db", "nowhere/clinic.db", "is not there" },
    { "a text for a backup", "text", "clinic.db", "not a Tallystick ledger", exit.BROKEN },
  } do
    local what, from, to, message, code = table.unpack(case, 1, 5)
    it(("refuses %s"):format(what), function()
      with_backup()
      write(path "text", ("words\n"):rep(1000))
      local ended = run("restore", path(from), path(to))
      assert.equal(code or exit.USAGE, ended.code)
      contains(message, ended.err)
      assert.equal("clinic.db copy.db text", names())
    end)
  end

  it("leaves what stood there on a full disk", function()
    with_backup()
    on_small_disk(98304, function(disk)
      command.shell(("cp %s %s"):format(path "copy.db", disk))
      local ended = run("restore", path "copy.db", disk .. "/copy.db")
      assert.equal(exit.BROKEN, ended.code, ended.err)
      contains("(full)", ended.err)
      assert.equal("copy.db\n", command.shell("ls " .. disk).out:gsub("copy%.db%-%a+\n", ""))
    end)
  end)

  -- Runs a restore in which a command of the base system is replaced by a script of ours.
  local function restore_with(program, script)
    command.shell("mkdir -p " .. path "bin")
    write(path("bin/" .. program), "#!/bin/sh\n" .. script)
    command.shell("chmod 755 " .. path("bin/" .. program))
    return command.shell(("export TZ=UTC PATH=%s:$PATH; bin/tallystick restore --force %s %s"):format(path "bin",
      path "copy.db", path "clinic.db"))
  end

  it("replaces nothing where what stands there cannot be kept", function()
    with_backup(1)
    local old = head_of "clinic.db"
    local ended = restore_with("cp", "echo no copies here >&2; exit 1")
    assert.equal(exit.BROKEN, ended.code)
    contains("no copies here", ended.err)
    assert.same(old, head_of "clinic.db")
    assert.equal("bin clinic.db copy.db", names())
  end)

  -- The program that runs the restore is the parent of the shell that runs our script.
  local KILL = "read -r _ _ _ parent _ </proc/$PPID/stat; kill -9 $parent"

  for _, case in ipairs {
    { "before what stood there is copied", "cp", KILL .. "\n", false },
    { "when it is", "cp", "/bin/cp \"$@\"\n" .. KILL .. "\n", false },
    { "before that is on disk", "sync", KILL .. "\n", false },
    { "when the new one has its name, which is not on disk", "sync",
      "echo >>\"$0.calls\"; [ $(wc -l <\"$0.calls\") -lt 3 ] || { " .. KILL .. "; }\n", true },
  } do
    local when, program, script, is_new = table.unpack(case)
    it(("leaves a whole ledger, and loses nothing, when it is killed %s"):format(when), function()
      with_backup(2)
      local old, new = head_of "clinic.db", head_of "copy.db"
      assert.equal(137, restore_with(program, script).code)
      assert.same(is_new and new or old, head_of "clinic.db")
      assert_holds "clinic.db"
      if is_new then assert.same(old, head_of(kept())) end
    end)
  end

  it("leaves the old or the new ledger, whole, when it is killed at any time #slow", function()
    with_backup(1)
    local old, new, seen = head_of "clinic.db", head_of "copy.db", {}
    for step = 0, 29 do
      command.shell(("TZ=UTC timeout -s KILL %.3f bin/tallystick restore --force %s %s"):format(0.010 + step * 0.005,
        path "copy.db", path "clinic.db"))
      local head = head_of "clinic.db"
      assert.truthy(head.seq == old.seq or head.seq == new.seq)
      assert_holds "clinic.db"
      seen[head.seq] = true
    end
    assert.same({ true, true }, { seen[old.seq], seen[new.seq] })
  end)
end)

describe("a ledger on a disk that is full", function()
  it("is told of as that, also where not even its log finds room", function()
    make "clinic.db"
    on_small_disk(1 << 20, function(disk)
      local fill = "env -u LD_PRELOAD dd if=/dev/zero of=%s/fill bs=1k"
      command.shell(("cp %s %s && " .. fill):format(path "clinic.db", disk, disk))
      for _, name in ipairs { "info", "unpaid" } do
        local ended = run(name, disk .. "/clinic.db")
        assert.equal(exit.BROKEN, ended.code)
        contains("the disk is full", ended.err)
        contains("(full)", ended.err)
      end
      os.remove(disk .. "/fill")
      done(run("info", disk .. "/clinic.db"))
    end)
  end)
end)

-- A program was killed, and its ledger was then moved away without the log: SQLite would take that for a part of
-- whatever gets the name.
describe("a log that is left of another ledger", function()
  local function leave_log(name)
    make("killed.db", 1)
    local ledger <close> = assert(tallystick.open(path "killed.db"))
    assert(ledger:pay { document = "C-00001", amount = "10.00" })
    command.shell(("cp %s/killed.db-wal %s"):format(folder, path(name)))
    assert(files.facts(path(name)).bytes > 0)
  end

  for _, line in ipairs { "init %s/new.db", "backup %s/clinic.db %s/new.db", "restore %s/copy.db %s/new.db",
    "replay %s/new.db /dev/null" } do
    local name = line:match "%a+"
    it(("is kept apart from what %s would make"):format(name), function()
      make("clinic.db", 2)
      done(run("backup", path "clinic.db", path "copy.db"))
      leave_log "new.db-wal"
      local log = read(path "new.db-wal")
      local ended = command.shell("bin/tallystick " .. line:gsub("%%s", folder))
      assert.equal(exit.USAGE, ended.code)
      contains(path "new.db-wal" .. ": this is left of another ledger", ended.err)
      assert.same({ log, false }, { read(path "new.db-wal"), files.exists(path "new.db") })
    end)
  end

  it("does no harm where it holds nothing", function()
    write(path "new.db-wal", "")
    done(run("init", path "new.db"))
    assert_holds "new.db"
  end)
end)

describe("an interruption that comes when a file has its name", function()
  -- The folder is put on disk last; the first of several times is before what is replaced.
  local INTERRUPT = [[
#!/bin/sh
[ -d "$1" ] || exit 0
if [ "$TIMES" = 2 ] && ! [ -e "$0.once" ]; then : >"$0.once"; exit 0; fi
read -r _ _ _ parent _ </proc/$PPID/stat
kill -INT $parent
]]

  local function interrupted(times, line)
    command.shell("mkdir -p " .. path "bin")
    write(path "bin/sync", INTERRUPT)
    command.shell("chmod 755 " .. path "bin/sync")
    local ended = command.shell(("export TZ=UTC TIMES=%d PATH=%s:$PATH; bin/tallystick %s"):format(times, path "bin",
      line))
    assert.same({ exit.INTERRUPTED, "" }, { ended.code, ended.out })
    return ended.err
  end

  it("is told of as what it may be", function()
    make "clinic.db"
    local books, copy, drill = path "clinic.db", path "copy.db", path "drill.db"
    assert.equal(("\ntallystick: interrupted; %s may be there already, and is whole then\n"):format(copy),
      interrupted(1, ("backup %s %s"):format(books, copy)))
    assert.equal(("\ntallystick: interrupted; %s may be there already, and is whole then\n"):format(drill),
      interrupted(1, ("restore %s %s"):format(copy, drill)))
    local err = interrupted(2, ("restore %s %s --force"):format(copy, drill))
    contains("interrupted; the backup may be in its place already; what stood there is kept as " .. drill, err)
    for _, name in ipairs { "copy.db", "drill.db" } do assert_holds(name) end
  end)
end)

describe("a folder that may not be written", function()
  for _, line in ipairs { "init %s/new.db", "backup %s/clinic.db %s/new.db", "restore %s/copy.db %s/clinic.db",
    "restore %s/copy.db %s/new.db" } do
    it(("is told of by %s, which changes nothing"):format(line:match "%a+"), function()
      make "clinic.db"
      done(run("backup", path "clinic.db", path "copy.db"))
      command.shell(("chmod 644 %s/* && chmod 555 %s"):format(folder, folder))
      local ended = as_nobody("bin/tallystick " .. line:gsub("%%s", folder))
      assert.same({ exit.USAGE, "" }, { ended.code, ended.out })
      contains("may not be written", ended.err)
      assert.equal("clinic.db copy.db", names())
      command.shell("chmod 755 " .. folder)
    end)
  end
end)

describe("close", function()
  -- A day with money in and out by two ways of paying, and a discount.
  local function day()
    local ledger <close> = assert(tallystick.open(path "clinic.db", { actor = "desk-1" }))
    assert(ledger:consultation { patient = "P1", amount = "100.02", at = "2026-03-01T09:00" })
    assert(ledger:pay { document = "C-00001", amount = "60.00", at = "2026-03-01T09:10" })
    assert(ledger:pay { document = "C-00001", amount = "10.00", type = "card", at = "2026-03-02T09:00" })
    assert(ledger:pay { document = "C-00001", amount = "10.00", type = "discount", at = "2026-03-02T09:10" })
    assert(ledger:deposit { patient = "P2", amount = "50.00", at = "2026-03-02T10:00" })
    assert(ledger:withdraw { patient = "P2", amount = "20.00", at = "2026-03-02T11:00" })
    assert(ledger:pay { document = "C-00001", amount = "5.00", at = "2026-03-03T09:00" })
  end

  local function rows_of(text)
    local rows = {}
    for line in text:gmatch "[^\n]+" do
      local cells = {}
      for cell in line:gmatch "%S+" do cells[#cells + 1] = cell end
      rows[cells[1]] = rows[cells[1]] or table.concat(cells, " ", 2)
    end
    return rows
  end

  it("shows what is expected, what was counted and the difference, seals, and gives the head", function()
    day()
    local out = done(run("close", path "clinic.db", "2026-03-02", "--counted", "cash=89.50", "--counted", "card=10"))
    local rows = rows_of(out)
    assert.equal("110.00 20.00 90.00 89.50 -0.50", rows.cash)
    assert.equal("10.00 · 10.00 10.00 ·", rows.card)
    assert.equal("120.00 20.00 100.00 99.50 -0.50", rows.all)
    assert.equal("10.00", rows.discount)
    contains("cash: short by 0.50 CHF, booked as a difference", out)
    contains("card: counted as expected", out)
    contains("Closing 2026-03-01 to 2026-03-02", out)
    assert.same({ "1 60.00", "4 40.00", "1 5.00" }, { rows["2026-03-01"], rows["2026-03-02"], rows["2026-03-03"] })
    local head = head_of "clinic.db"
    contains(("  %d:%s\n"):format(head.seq, head.hash), out)
    local ledger <close> = assert(tallystick.open(path "clinic.db", { mode = "ro" }))
    local closing = ledger:closings()[1]
    assert.same({ "2026-03-02", head.hash }, { closing.through, closing.head.hash })
    assert_holds "clinic.db"
  end)

  it("shows the same and writes nothing with --dry-run", function()
    day()
    local before = head_of "clinic.db"
    local out = done(run("close", path "clinic.db", "2026-03-02", "--counted", "cash=91", "--dry-run"))
    contains("Closing 2026-03-01 to 2026-03-02 would find:", out)
    assert.equal("110.00 20.00 90.00 91.00 1.00", rows_of(out).cash)
    contains("cash: over by 1.00 CHF\n", out)
    contains("not counted: card (--counted card=AMOUNT", out)
    contains("Nothing was written.", out)
    assert.same(before, head_of "clinic.db")
  end)

  it("sums up what was counted only where all was", function()
    day()
    local rows = rows_of(done(run("close", path "clinic.db", "2026-03-02", "--counted", "cash=90", "--dry-run")))
    assert.equal("120.00 20.00 100.00", rows.all)
  end)

  it("closes today where no day is named, from the last closing on", function()
    day()
    done(run("close", path "clinic.db", "2026-03-02"))
    local told = json.decode(done(run("close", path "clinic.db", "--json", "--actor", "boss")))
    assert.same({ os.date "!%Y-%m-%d", "2026-03-03", "boss" }, { told.through, told.from, told.actor })
    assert.same({ { type = "cash", count = 1, taken = "5.00", paid_out = "0.00", expected = "5.00" } }, told.till)
    assert.same({ "2026-03-03" }, { told.days[1].day, told.days[2] })
    assert.same(head_of("clinic.db").hash, told.head.hash)
  end)

  it("tells programs of a day without money in lists that are empty, and of no head that is not written", function()
    make "clinic.db"
    local out = done(run("close", path "clinic.db", "2026-03-02", "--dry-run", "--json"))
    contains('"till":[]', out)
    contains('"settled":[]', out)
    assert.is_nil(json.decode(out).head)
  end)

  it("writes the till as CSV", function()
    day()
    assert.equal("type,taken,paid_out,expected,counted,difference\r\ncash,110.00,20.00,90.00,90.00,0.00\r\n"
      .. "card,10.00,0.00,10.00,,\r\n",
      done(run("close", path "clinic.db", "2026-03-02", "--csv", "--counted", "cash=90")))
  end)

  it("folds many days into one line, which sums to the whole", function()
    local ledger <close> = assert(tallystick.open(path "clinic.db"))
    for of_month = 1, 28 do
      assert(ledger:deposit { patient = "P1", amount = "1.00", at = ("2026-02-%02dT10:00"):format(of_month) })
    end
    local out = done(run("close", path "clinic.db", "2026-02-28"))
    contains("2026-02-01 … 2026-02-15    15  15.00", out)
    contains("2026-02-16", out)
  end)

  for _, case in ipairs {
    { "a day to come", { "2999-01-01" }, "date-in-future" },
    { "a day that is closed", { "2026-02-01" }, "period-closed" },
    { "a day that is none", { "2026-02-30" }, "date-invalid" },
    { "an unknown type", { "--counted", "cahs=1" }, "type-unknown" },
    { "a type that is no money", { "--counted", "discount=1" }, "type-not-applicable" },
    { "an amount with too many decimals", { "--counted", "cash=1.005" }, "amount-invalid" },
  } do
    local what, words, code = table.unpack(case)
    it(("refuses %s, with its code, and writes nothing"):format(what), function()
      day()
      done(run("close", path "clinic.db", "2026-02-28"))
      local before = head_of "clinic.db"
      local ended = run("close", path "clinic.db", table.unpack(words))
      assert.same({ exit.REFUSED, "" }, { ended.code, ended.out })
      contains(("(%s)"):format(code), ended.err)
      assert.same(before, head_of "clinic.db")
    end)
  end

  it("refuses who may not close, as JSON where that is asked for", function()
    write(path "own.lua", helper.SCRIPT)
    done(run("init", path "clinic.db", "--config", path "own.lua", "--json"))
    local ended = run("close", path "clinic.db", "--json")
    assert.equal("permission-denied", json.decode(ended.err).code)
    done(run("close", path "clinic.db", "--json", "--role", "manager"))
  end)
end)

describe("watch", function()
  it("without a terminal shows the day once, and ends", function()
    make("clinic.db", 2)
    local ledger <close> = assert(tallystick.open(path "clinic.db"))
    assert(ledger:pay { document = "C-00001", amount = "5.00", type = "card", group = "POS-1" })
    assert(ledger:pay { document = "C-00001", amount = "1.00", type = "discount" })
    assert(ledger:refund { payment = "R-00001", reopen = true, amount = "3.00", reason = "slip" })
    assert(ledger:reverse { payment = "R-00002", reason = "slip" })
    local out = done(run("watch", path "clinic.db"))
    for _, line in ipairs { "card      POS-1     1   5.00         ·   5.00",
      "cash                3  10.00      3.00   7.00", "without money: discount 1.00", "R-00005", "refund",
      "reversed" } do
      contains(line, out)
    end
    assert.is_nil(out:find("\27", 1, true))
  end)

  it("shows money also of a type that is none any more", function()
    local function open(effect)
      write(path "clinic.lua", ('local clinic = ...\nclinic:payment_type { id = "cash", default = true }\n'
        .. 'clinic:payment_type { id = "voucher", effect = %q }\n'):format(effect))
      return assert(tallystick.open(path "clinic.db", { config = path "clinic.lua" }))
    end
    make "clinic.db"
    for amount, effect in ipairs { "money", "discount" } do
      local ledger <close> = open(effect)
      assert(ledger:pay { document = "C-00001", amount = amount .. ".00", type = "voucher" })
    end
    local out = done(run("watch", path "clinic.db"))
    contains("voucher             2   1.00         ·   1.00", out)
    contains("without money: voucher 2.00", out)
  end)

  it("shows a type that the script declares no more as what it was", function()
    make "clinic.db"
    local cash = 'local clinic = ...\nclinic:payment_type { id = "cash", default = true }\n'
    write(path "clinic.lua", cash .. 'clinic:payment_type { id = "gift", effect = "discount" }\n'
      .. 'clinic:payment_type { id = "voucher" }\n')
    local ledger <close> = assert(tallystick.open(path "clinic.db", { config = path "clinic.lua" }))
    assert(ledger:pay { document = "C-00001", amount = "1.00", type = "voucher" })
    assert(ledger:pay { document = "C-00001", amount = "2.00", type = "gift" })
    write(path "clinic.lua", cash)
    assert(tallystick.open(path "clinic.db", { config = path "clinic.lua" })):close()
    local out = done(run("watch", path "clinic.db"))
    contains("voucher             1   1.00         ·   1.00", out)
    contains("without money: gift 2.00", out)
    assert.is_nil(out:find("gift +1", 1))
  end)

  it("shows another day, and refuses one that is none", function()
    make "clinic.db"
    contains("Sunday 2026-03-01", done(run("watch", path "clinic.db", "--day", "2026-03-01")))
    local ended = run("watch", path "clinic.db", "--day", "2026-02-30")
    assert.equal(exit.REFUSED, ended.code)
    contains("date-invalid", ended.err)
  end)

  it("shows the payments of a day that lies long back", function()
    local ledger = assert(tallystick.open(path "clinic.db", { actor = "desk-1" }))
    assert(ledger:deposit { patient = "P1", amount = "100.00", at = "2026-03-01T09:00" })
    for number = 1, 12 do
      assert(ledger:withdraw { patient = "P1", amount = number .. ".00", at = "2026-03-01T10:00" })
    end
    assert(ledger:transaction(function(tx)
      for _ = 1, 3000 do assert(tx:consultation { patient = "P2", amount = "1.00" }) end
      return true
    end))
    ledger:close()
    local out = done(run("watch", path "clinic.db", "--day", "2026-03-01"))
    local numbers = {}
    for number in out:gmatch "R%-0*(%d+)" do numbers[#numbers + 1] = number end
    assert.equal("13 12 11 10 9 8 7 6 5 4", table.concat(numbers, " "))
  end)

  -- Runs the live view in this process: each sleep calls the next of the steps, the last interrupts.
  local function live(ledger, steps, size)
    local watch = require "tallystick.cli.run.watch"
    local kept = { terminal.is_live, terminal.columns, files.command, io.output() }
    local screen_path, step = path "screen", 0
    io.output(screen_path)
    terminal.is_live = function() return true end
    terminal.columns = function() return table.unpack(size or { 80, 24 }) end
    files.command = function()
      step = step + 1
      io.write "\n--\n"
      if not steps[step] then error("interrupted!", 0) end
      steps[step]()
    end
    local ran, code = pcall(watch.run, call.new { definition = { name = "watch" }, args = {}, path = "clinic.db",
      ledger = ledger, output = output.new {} })
    io.output():close()
    terminal.is_live, terminal.columns, files.command = kept[1], kept[2], kept[3]
    io.output(kept[4])
    assert(ran, code)
    local views = {}
    for view in (read(screen_path) .. "\n--\n"):gmatch "(.-)\n%-%-\n" do views[#views + 1] = view end
    return views, code
  end

  it("draws anew only when something was written, and goes on to the new day at midnight", function()
    local ledger, clock = helper.open { now = "2026-03-02T22:59:00Z" }
    assert(ledger:consultation { patient = "P1", amount = "100.00" })
    local views, code = live(ledger, {
      function() end,
      function() assert(ledger:pay { document = "C-00001", amount = "10.00" }) end,
      function() clock.now = "2026-03-04T00:10:00Z" end,
    })
    assert.equal(exit.DONE, code)
    contains("2026-03-02", views[1])
    contains("No money moved yet.", views[1])
    assert.equal("", views[2])
    contains("R-00001", views[3])
    contains("2026-03-04", views[4])
    contains("No money moved yet.", views[4])
    contains("\27[?1049l", views[5])
  end)

  it("fits the window, however small", function()
    local ledger = helper.open {}
    for patient = 1, 12 do
      assert(ledger:deposit { patient = "P" .. patient, amount = "1.00", group = "room-" .. patient })
    end
    for _, size in ipairs { { 80, 24 }, { 60, 16 }, { 40, 10 }, { 30, 6 }, { 200, 60 } } do
      local view = live(ledger, {}, size)[1]:gsub("\27%[[%d;?]*%a", "")
      local count = 0
      for line in (view .. "\n"):gmatch "([^\n]*)\n" do
        count = count + 1
        line = line:gsub("\r", "")
        assert(utf8.len(line) <= size[1] or size[1] < 40, ("%d columns: %s"):format(size[1], line))
      end
      assert(count <= size[2], ("%d lines of %d:\n%s"):format(count, size[2], view))
      contains("2026-03-02", view)
    end
  end)

  it("draws anew in a window of another size", function()
    local ledger, size = helper.open {}, { 80, 24 }
    assert(ledger:deposit { patient = "P1", amount = "1.00", group = "room-1" })
    local views = live(ledger, { function() size[1], size[2] = 40, 12 end, function() end }, size)
    contains("room-1", views[1])
    contains("R-00001", views[2])
    assert.equal("", views[3])
  end)

  it("sees within seconds what another process writes, and ends with Ctrl-C #terminal", function()
    if not screen_of.is_there() then return pending "tmux is not installed" end
    make("clinic.db")
    local shown = screen_of.open("bin/tallystick watch " .. path "clinic.db", { columns = 80, rows = 20 })
    finally(function() shown:close() end)
    shown:wait "No payments yet."
    done(run("pay", path "clinic.db", "C-00001", "12.50", "--type", "card", "--group", "POS-1"))
    local seen = shown:wait "R-00001"
    contains("12.50", seen)
    contains("POS-1", seen)
    shown:keys "C-c"
    assert.is_nil(shown:wait "ended with 0":find("R-00001", 1, true))
  end)
end)

describe("verify", function()
  -- What was done to the file, and what that means to the one who keeps it.
  local CASES = {
    { "an amount that was changed", "UPDATE entry SET amount = 5 WHERE seq = 2",
      "entry 2: its content does not match its hash", "was changed after it was written" },
    { "an entry that was taken out", "DELETE FROM entry WHERE seq = 2", "entry 2: it is missing", "was taken out" },
    { "an entry that is none any more", "UPDATE entry SET details = x'FF' WHERE seq = 2", "entry 2: it cannot be read",
      "is no entry any more" },
    { "a note that was changed", "UPDATE annotation SET body = 'other' WHERE seq = 1", "entry 1: its text",
      "note, label or reason" },
    { "an entry that was put in", [[INSERT INTO entry SELECT 9, kind, number, document, counter_document, patient,
      counter_patient, type, amount, at_ms, day, NULL, refers, details, hash FROM entry WHERE seq = 2]],
      "entry 4: it is missing", "was taken out" },
    { "a sum that was changed", "UPDATE document SET collected = 0", 'document "C-00001":',
      "The journal holds: every entry" },
    { "a document that was taken out", "DELETE FROM document WHERE number = 'C-00001'", "it has no row",
      "was taken out of the tables" },
    { "a text that is nobody's", "INSERT INTO annotation SELECT 2, field, salt, body, digest FROM annotation LIMIT 1",
      "belongs to no entry", "put a free text into the file" },
    { "a table that is not ours", "CREATE TABLE y (z)", nil, "another program has changed its tables" },
  }

  local function make_noted()
    local ledger <close> = assert(tallystick.open(path "clinic.db"))
    assert(ledger:consultation { patient = "P1", amount = "100.00", note = "came late" })
    assert(ledger:pay { document = "C-00001", amount = "10.00" })
    assert(ledger:consultation { patient = "P2", amount = "10.00" })
  end

  for _, case in ipairs(CASES) do
    local what, sql, place, meaning = table.unpack(case, 1, 4)
    it(("says what %s means, and what to do"):format(what), function()
      make_noted()
      raw.force(path "clinic.db", sql)
      local ended = run("verify", path "clinic.db")
      assert.same({ exit.BROKEN, "" }, { ended.code, ended.out })
      if place then
        contains(place, ended.err)
        contains(meaning, ended.err)
        contains("tallystick restore BACKUP " .. path "clinic.db", ended.err)
        contains(meaning, json.decode(run("verify", path "clinic.db", "--json").err).details.meaning)
      end
    end)
  end

  -- The sentences by what the core says, also where a file would be hard to damage so.
  for _, case in ipairs {
    { "chain-broken", "entry 8: it is missing: the head kept outside is entry 9 and the journal ends at 7; keep this",
      "The journal ends before the head" },
    { "chain-broken", "entry 8: its hash is another than the head kept outside; keep this", "other books" },
    { "chain-broken", "entry 8: it lies on a day that was closed; keep this", "does not fit those before it" },
    { "corrupt", "the file is damaged: Tree 4 page 9", "The file itself is damaged" },
    { "corrupt", "a table, index or trigger of the file was dropped or changed; go back", "changed its tables" },
    { "corrupt", "2026-03-02 its totals are not those of the journal; keep this file", "The journal holds: every" },
  } do
    local code, message, meaning = table.unpack(case)
    it(("has a sentence for %q"):format(message:match "^[^;]*"), function()
      contains(meaning, damage.meaning(message, code))
    end)
  end

  it("has no sentence for what is no damage", function()
    assert.is_nil(damage.meaning("another process is writing", "busy"))
  end)

  it("finds a ledger that was cut back, or written anew, by a head that was kept outside", function()
    make("clinic.db", 2)
    local head = head_of "clinic.db"
    local kept = ("%d:%s"):format(head.seq, head.hash)
    done(run("verify", path "clinic.db", "--head", kept))
    done(run("verify", path "clinic.db", "--head", kept:gsub(":", " "):upper()))
    for word, meaning in pairs {
      ["9:" .. head.hash] = "its last entries were cut off, or an older copy was put in the place",
      ["2:" .. head.hash] = "These are other books",
    } do
      local ended = run("verify", path "clinic.db", "--head", word)
      assert.equal(exit.BROKEN, ended.code)
      contains(meaning, ended.err)
    end
  end)

  for _, word in ipairs { "5", "5:abc", "x:" .. ("a"):rep(64), ("a"):rep(64), ("9"):rep(30) .. ":" .. ("a"):rep(64) } do
    it(("refuses the head %s"):format(word:sub(1, 40)), function()
      make "clinic.db"
      local ended = run("verify", path "clinic.db", "--head", word)
      assert.equal(exit.USAGE, ended.code)
      contains("--head needs SEQ:HASH", ended.err)
    end)
  end
end)

describe("a progress line", function()
  -- Runs a function with a clock, a window and a place for messages of its own; it gets one that sets the clock.
  local function with_terminal(columns, body)
    local now, lines = 0, {}
    local fake_io = setmetatable({
      stderr = { write = function(_, ...) lines[#lines + 1] = table.concat { ... } end, flush = function() end },
    }, { __index = io })
    local restore = { terminal.now, terminal.columns, _G.io }
    terminal.now, terminal.columns = function() return now end, function() return columns end
    rawset(_G, "io", fake_io)
    body(function(seconds) now = seconds end)
    terminal.now, terminal.columns = restore[1], restore[2]
    rawset(_G, "io", restore[3])
    return lines
  end

  -- What is drawn in so many steps of a run of ten, each of so many seconds.
  local function drawn(columns, seconds, steps, unit)
    return with_terminal(columns, function(set_clock)
      local bar = progress.start("copying", true)
      bar.unit = unit
      for step = 1, steps do
        set_clock(step * seconds)
        bar:show(step * 10, step, 10)
      end
    end)
  end

  it("says how much, how fast and how long still", function()
    local line = drawn(100, 2, 4, "pages")[4]
    assert.equal("\r\27[Kcopying  [█████████···············]   40 %  40 pages  5/s  12 s left", line)
  end)

  it("is drawn with each call where they take long, and not with each where they come fast", function()
    assert.equal(10, #drawn(100, 1, 10))
    assert(#drawn(100, 0.001, 1000) < 12)
  end)

  it("never reaches the window's edge, and keeps the share as long as it can", function()
    for columns = 2, 90 do
      local line = drawn(columns, 2, 4)[4]:gsub("\r\27%[K", "")
      assert(utf8.len(line) < columns, columns)
      if columns > 30 then contains("40 %", line) end
    end
  end)

  it("counts a new phase by itself", function()
    local lines = with_terminal(100, function(set_clock)
      local bar = progress.start("one", true)
      set_clock(100)
      bar:phase("two", "days")
      set_clock(110)
      bar:show(20, 20, 100)
    end)
    assert.equal("\r\27[Ktwo", lines[1])
    contains("20 days  2/s  40 s left", lines[2])
  end)
end)

describe("the page on administration", function()
  local PAGE = "docs/administration.md"

  -- Holds a text against what the page shows, where … stands for anything.
  local function assert_shown(shown, printed, line)
    local pattern = shown:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0"):gsub("…", ".-")
    assert.truthy(printed:find("^" .. pattern .. "$"), ("%s, line %d, printed:\n%s"):format(PAGE, line, printed))
  end

  it("has commands that run one after the other, and print what it shows", function()
    local bin = command.shell("pwd").out:match "[^\n]+" .. "/bin"
    local blocks, checked = pages.blocks(PAGE), 0
    for index, block in ipairs(blocks) do
      if block.language == "sh" then
        local ended = command.shell(("export TZ=UTC PATH=%s:$PATH; cd %s && { %s\n}"):format(bin, folder, block.text))
        assert.equal(0, ended.code, ended.err)
        local after = blocks[index + 1]
        if after and after.language == "text" and not after.text:find "^%d+ %d+ %*" then
          assert_shown(after.text, ended.out, block.line)
          checked = checked + 1
        end
      end
    end
    assert(checked > 8, "hardly an answer was held against the page")
  end)

  it("shows the reason for which an older backup is refused", function()
    make("clinic.db", 1)
    done(run("backup", path "clinic.db", path "copy.db", "--quiet"))
    pay "clinic.db"
    local said = read(PAGE):match "It says why: `([^`]*)`":gsub("entry %d+", "entry %%d+")
    assert.truthy(run("restore", path "copy.db", path "clinic.db").err:find(said))
  end)
end)
