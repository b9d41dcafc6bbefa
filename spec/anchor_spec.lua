-- The anchor: the head kept in a small file beside the ledger's, and what it finds that no ledger shows of itself.
local clinic = require "spec.clinic"
local command = require "spec.command"
local tallystick = require "tallystick"

local run, read, write, shell = command.run, command.read, command.write, command.shell
local contains, done = clinic.contains, clinic.done

local folder, path, anchor

before_each(function()
  folder = command.folder()
  path = folder .. "/clinic.db"
  anchor = path .. "-anchor"
end)

after_each(function() command.remove(folder) end)

local function exists(name)
  local file <close> = io.open(name)
  return file ~= nil
end

local function copy(from, to)
  assert.equal(0, shell(("cp %s %s"):format(command.quote(from), command.quote(to))).code)
end

local function open(options)
  options = options or {}
  options.actor = options.actor or "desk-1"
  return assert(tallystick.open(options.path or path, { anchor = options.anchor, actor = options.actor,
    mode = options.mode, clock = options.clock }))
end

-- A ledger of one visit, with an anchor.
local function make()
  local ledger <close> = open { anchor = true }
  assert(ledger:consultation { patient = "Anna Muster", amount = "100.00", label = "check-up", note = "a secret" })
end

local function pay(times)
  local ledger <close> = open()
  for _ = 1, times or 1 do assert(ledger:pay { document = "C-00001", amount = "5.00", note = "in coins" }) end
  return ledger:head()
end

local function seq_of(name)
  return math.tointeger(tonumber(read(name or anchor):match "^tallystick anchor 1 [%x-]+ (%d+) "))
end

local function state()
  local ledger <close> = open { mode = "ro" }
  return ledger:info().anchor
end

local function verify()
  local ledger <close> = open { mode = "ro" }
  return ledger:verify()
end

describe("the anchor", function()
  it("is one line that names the head: no name, no amount, no text", function()
    make()
    local head, line = pay(), read(anchor)
    local ledger <close> = open { mode = "ro" }
    local id, seq, hash, at = line:match(
      "^tallystick anchor 1 ([%x-]+) (%d+) (%x+) (%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ) %x+\n$")
    assert.same({ ledger:info().id, tostring(head.seq), head.hash }, { id, seq, hash })
    local recorded
    for entry in ledger:entries { from_seq = head.seq } do recorded = entry.recorded_at end
    assert.equal(recorded:sub(1, 19), at:sub(1, 19))
    for _, word in ipairs { "Anna", "Muster", "check", "secret", "5.00", "500", "C-0", "R-0", "desk", "coins" } do
      assert.is_nil(line:find(word, 1, true), word)
    end
    assert.equal("600\n", shell("stat -c %a " .. anchor).out)
  end)

  it("is there only where somebody asked for it", function()
    local ledger <close> = open()
    assert(ledger:consultation { patient = "P1", amount = "10.00" })
    assert.equal("none", ledger:info().anchor.state)
    ledger:close()
    assert.is_false(exists(anchor))
  end)

  it("is kept up by every handle that writes, once it is there", function()
    make()
    assert.equal(1, seq_of())
    pay(3)
    assert.equal(4, seq_of())
    assert.same({ "holds", 4 }, { state().state, state().seq })
  end)

  it("is made by the first handle that is told to, and at once", function()
    open():close()
    assert.is_false(exists(anchor))
    local ledger <close> = open { anchor = true }
    assert.equal(0, seq_of())
    assert.same({ "holds", 0 }, { ledger:info().anchor.state, ledger:info().anchor.seq })
  end)

  it("is written when days are closed, and not with each act", function()
    make()
    local ledger <close> = open()
    assert(ledger:pay { document = "C-00001", amount = "5.00" })
    assert(ledger:pay { document = "C-00001", amount = "5.00" })
    assert.equal(1, seq_of())
    local closing = assert(ledger:close_days { through = os.date "%Y-%m-%d" })
    assert.equal(closing.head.seq, seq_of())
    assert(ledger:verify())
  end)

  it("is written at a closing in a transaction only once that is committed", function()
    make()
    local ledger <close> = open()
    ledger:transaction(function(tx)
      assert(tx:close_days { through = os.date "%Y-%m-%d" })
      assert.equal(1, seq_of())
      return nil
    end)
    assert.equal(1, seq_of())
    assert(ledger:transaction(function(tx) return tx:close_days { through = os.date "%Y-%m-%d" } end))
    assert.equal(2, seq_of())
  end)

  it("is written at a closing in a transaction of which a part was taken back", function()
    make()
    local ledger <close> = open()
    assert(ledger:transaction(function(tx)
      assert(tx:close_days { through = "2020-01-01" })
      tx:transaction(function() return nil, "not after all" end)
      return tx:consultation { patient = "Anna Muster", amount = "1.00", dry_run = true }
    end))
    assert.equal(2, seq_of())
  end)

  it("does not come from what was rolled back", function()
    make()
    local ledger = open()
    assert.is_nil(ledger:transaction(function(tx)
      assert(tx:pay { document = "C-00001", amount = "5.00" })
      return nil
    end))
    ledger:close()
    assert.equal(1, seq_of())
    assert.equal("holds", state().state)
  end)

  it("is not written by who only reads", function()
    make()
    local before = shell("stat -c '%i %y' " .. anchor).out
    local ledger <close> = open { mode = "ro", anchor = true }
    assert.equal("read-only", (select(3, ledger:anchor())))
    ledger:close()
    assert.equal(before, shell("stat -c '%i %y' " .. anchor).out)
  end)

  it("is not one of a ledger in memory", function()
    local ledger <close> = assert(tallystick.open(":memory:", { anchor = true }))
    assert.is_nil(ledger:info().anchor)
    assert.equal("field-invalid", (select(3, ledger:anchor())))
    assert.is_false(exists ":memory:-anchor")
  end)

  it("lies beside the file to which a link leads", function()
    make()
    assert(shell(("ln -s clinic.db %s/link.db"):format(folder)).code == 0)
    local ledger = open { path = folder .. "/link.db" }
    assert(ledger:pay { document = "C-00001", amount = "5.00" })
    ledger:close()
    assert.equal(2, seq_of())
    assert.is_false(exists(folder .. "/link.db-anchor"))
  end)

  it("goes along when a ledger is moved", function()
    make()
    shell(("mkdir %s/new && mv %s %s %s/new"):format(folder, path, anchor, folder))
    path, anchor = folder .. "/new/clinic.db", folder .. "/new/clinic.db-anchor"
    pay(2)
    assert.same({ "holds", 3 }, { state().state, state().seq })
  end)

  it("has the rights of the ledger's file, as its log has", function()
    make()
    shell("chmod 660 " .. path)
    pay()
    assert.equal("660\n", shell("stat -c %a " .. anchor).out)
  end)

  it("refuses what is no option", function()
    local refused = { select(2, tallystick.open(path, { anchor = "yes" })) }
    assert.equal("field-invalid", refused[2])
    make()
    local ledger <close> = open()
    assert.equal("field-unknown", (select(3, ledger:anchor { rest = true })))
    assert.equal("field-invalid", (select(3, ledger:anchor { reset = 1 })))
    assert(ledger:transaction(function(tx)
      assert.equal("busy", (select(3, tx:anchor())))
      return true
    end))
  end)
end)

describe("what the anchor finds", function()
  local early

  before_each(function()
    make()
    early = folder .. "/early.db"
    copy(path, early)
    pay(4)
  end)

  local function put_back() copy(early, path) end

  it("is a file of yesterday that was put back", function()
    put_back()
    local holds, message, code, details = verify()
    assert.same({ nil, "chain-broken" }, { holds, code })
    contains("it is missing: the anchor clinic.db-anchor names entry 5", message)
    assert.same({ seq = "2", anchor = anchor, anchor_seq = "5", head_seq = "1" }, { seq = details.seq,
      anchor = details.anchor, anchor_seq = details.anchor_seq, head_seq = details.head_seq })
    assert.equal(read(anchor):match " 5 (%x+) ", details.anchor_hash)
    assert.matches("^%d%d%d%d%-.*T", details.anchor_recorded_at)
    assert.same({ "contradicted", 5 }, { state().state, state().seq })
  end)

  it("is a file of yesterday that was put back and written to since, less and more than before", function()
    local kept = read(anchor)
    put_back()
    pay(2)
    local _, _, early_code, early_details = verify()
    assert.same({ "chain-broken", "4" }, { early_code, early_details.seq })
    assert.equal(kept, read(anchor))
    pay(6)
    assert.equal(kept, read(anchor))
    local _, message, code, details = verify()
    assert.same({ "chain-broken", "5" }, { code, details.seq })
    contains("its hash is another than the anchor clinic.db-anchor says", message)
    contains("another hash", state().why)
  end)

  it("is the file of another ledger in the place of this one", function()
    local other = open { path = folder .. "/other.db" }
    assert(other:consultation { patient = "P9", amount = "1.00" })
    other:close()
    copy(folder .. "/other.db", path)
    local _, message, code, details = verify()
    assert.same({ "chain-broken", "1" }, { code, details.seq })
    contains("the anchor clinic.db-anchor is of another ledger", message)
    local kept = read(anchor)
    pay()
    assert.equal(kept, read(anchor))
  end)

  it("is told by a transaction's verify, too", function()
    put_back()
    local ledger <close> = open()
    assert(ledger:transaction(function(tx)
      assert.equal("chain-broken", (select(3, tx:verify())))
      return true
    end))
  end)

  it("is nothing in an earlier copy that lies elsewhere", function()
    local ledger <close> = open { path = early, mode = "ro" }
    assert(ledger:verify())
    assert.equal("none", ledger:info().anchor.state)
  end)

  it("is accepted by a reset, which keeps the old anchor", function()
    local kept = read(anchor)
    put_back()
    local ledger <close> = open()
    local left = assert(ledger:anchor())
    assert.same({ "contradicted", 5 }, { left.state, left.seq })
    local set = assert(ledger:anchor { reset = true })
    assert.same({ "holds", 1 }, { set.state, set.seq })
    assert.equal(kept, read(set.replaced))
    assert.matches("^" .. anchor:gsub("%p", "%%%0") .. "%.replaced%-", set.replaced)
    assert(ledger:verify())
    assert.is_nil(assert(ledger:anchor { reset = true }).replaced)
  end)

  it("does not stand against a new ledger where an old one was", function()
    local kept = read(anchor)
    for _, suffix in ipairs { "", "-wal", "-shm" } do os.remove(path .. suffix) end
    local ledger <close> = open()
    assert.same({ "holds", 0 }, { ledger:info().anchor.state, ledger:info().anchor.seq })
    assert.equal(kept, shell("cat " .. anchor .. ".replaced-*").out)
  end)
end)

describe("an anchor that is no sound one", function()
  before_each(function()
    make()
    pay()
  end)

  local function assert_unreadable(word)
    local holds, report = verify()
    assert.is_true(holds)
    assert.equal("unreadable", report.anchor.state)
    contains(word, report.anchor.why)
  end

  it("is told of with every bit of it that flips, and breaks nothing", function()
    local ledger <close> = open { mode = "ro" }
    local line = read(anchor)
    for place = 1, #line do
      for bit = 0, 7 do
        local flipped = string.char(line:byte(place) ~ (1 << bit))
        write(anchor, line:sub(1, place - 1) .. flipped .. line:sub(place + 1))
        local found = ledger:info().anchor
        assert(found.state == "unreadable", ("bit %d of byte %d: %s"):format(bit, place, found.state))
      end
    end
    assert_unreadable "no anchor, or a damaged one"
    write(anchor, line)
    assert.equal("holds", ledger:info().anchor.state)
  end)

  for _, case in ipairs {
    { "empty", "" }, { "cut short", "tallystick anchor 1 8b8435f1" },
    { "of a later version", "tallystick anchor 2 x\n" },
    { "long", ("x"):rep(10000) }, { "binary", "\0\255\0" },
  } do
    it(case[1] .. " is told of, and stays until it is reset", function()
      write(anchor, case[2])
      assert_unreadable "no anchor, or a damaged one"
      pay()
      assert.equal(case[2], read(anchor))
      local ledger <close> = open()
      local set = assert(ledger:anchor { reset = true })
      assert.same({ "holds", 3 }, { set.state, set.seq })
      assert.equal(case[2], read(set.replaced))
    end)
  end

  it("with something behind its line is none", function()
    write(anchor, read(anchor) .. "\n")
    assert_unreadable "damaged"
  end)

  it("that is a link is not followed, and what it leads to stays as it is", function()
    local foreign = folder .. "/foreign"
    write(foreign, "somebody's\n")
    os.remove(anchor)
    shell(("ln -s %s %s"):format(foreign, anchor))
    assert_unreadable "link"
    pay()
    assert.equal("somebody's\n", read(foreign))
    local ledger <close> = open()
    assert(ledger:anchor { reset = true })
    assert.equal("somebody's\n", read(foreign))
    assert.equal(3, seq_of())
    assert.not_equal(0, shell("test -L " .. anchor).code)
  end)

  it("that is written beside a link is not written through it", function()
    local foreign = folder .. "/foreign"
    write(foreign, "somebody's\n")
    shell(("ln -s %s %s-new"):format(foreign, anchor))
    pay()
    assert.equal("somebody's\n", read(foreign))
    assert.equal(3, seq_of())
    assert.is_false(exists(anchor .. "-new"))
  end)

  it("that is a folder, a pipe or the like is none", function()
    os.remove(anchor)
    shell("mkdir " .. anchor)
    assert_unreadable "no plain file"
    shell(("rmdir %s && mkfifo %s"):format(anchor, anchor))
    assert_unreadable "no plain file"
  end)

  it("that cannot be written stops nothing, and is told by info", function()
    shell(("mkdir %s-new && touch %s-new/x"):format(anchor, anchor))
    local ledger <close> = open()
    assert(ledger:pay { document = "C-00001", amount = "5.00" })
    assert(ledger:close_days { through = os.date "%Y-%m-%d" })
    contains("cannot be made", ledger:info().anchor.error)
    assert.equal("io-error", (select(3, ledger:anchor())))
    assert.same({ "holds", 2 }, { ledger:info().anchor.state, ledger:info().anchor.seq })
    shell(("rm -r %s-new"):format(anchor))
    assert.equal(4, assert(ledger:anchor()).seq)
    assert.is_nil(ledger:info().anchor.error)
  end)

  it("that was gone is made again only where that is asked for", function()
    os.remove(anchor)
    pay()
    assert.is_false(exists(anchor))
    open({ anchor = true }):close()
    assert.equal(3, seq_of())
  end)

  it("is not written for a file that was replaced while it was open", function()
    local ledger = open()
    assert(ledger:pay { document = "C-00001", amount = "5.00" })
    local kept = read(anchor)
    copy(path, folder .. "/other.db")
    os.rename(folder .. "/other.db", path)
    ledger:close()
    assert.equal(kept, read(anchor))
  end)
end)

describe("the command line and the anchor", function()
  local function close() return run("close", path, "--actor", "desk-1") end

  before_each(function()
    done(run("init", path))
    done(run("consultation", path, "P17", "120.00"))
  end)

  it("make it at the first closing, and say so once", function()
    assert.is_false(exists(anchor))
    contains("none; closing a day makes it", done(run("info", path)))
    done(run("close", path, "--dry-run"))
    assert.is_false(exists(anchor))
    contains("It is kept in clinic.db-anchor, too", done(close()))
    assert.equal(2, seq_of())
    contains("entry 2, recorded at ", done(run("info", path)))
    contains("its anchor clinic.db-anchor names entry 2", done(run("verify", path)))
  end)

  it("keep it up with each command that writes", function()
    done(run("anchor", path))
    done(run("pay", path, "C-00001", "20"))
    assert.equal(2, seq_of())
  end)

  it("show it with anchor, for people and for programs", function()
    local made = done(run("anchor", path))
    contains("clinic.db-anchor was made", made)
    contains("clinic.db-anchor names entry 1, recorded at ", made)
    local again = done(run("anchor", path))
    assert.is_nil(again:find("was made", 1, true))
    contains('"state":"holds"', done(run("anchor", path, "--json")))
    contains('"anchor":{', done(run("info", path, "--json")))
    contains('"anchor":{', done(run("verify", path, "--json")))
  end)

  it("say what a contradiction means and what to do, and end in 4", function()
    copy(path, folder .. "/early.db")
    done(close())
    copy(folder .. "/early.db", path)
    local told = run("verify", path)
    assert.equal(4, told.code)
    contains("its last entries were cut off, or an older copy was put in the place", told.err)
    contains("tallystick anchor " .. path .. " --reset", told.err)
    assert.is_nil(told.err:find("keep both files", 1, true))
    told = run("verify", path, "--json")
    contains('"anchor_seq":"2"', told.err)
    contains('"meaning":"The journal ends before', told.err)
    contains("it contradicts its anchor", done(run("info", path)))
    told = run("anchor", path)
    assert.equal(4, told.code)
    contains("contradicts its anchor", told.err)
    told = run("pay", path, "C-00001", "20")
    assert.equal(0, told.code)
    told = close()
    assert.equal(0, told.code)
    contains("it contradicts its anchor", told.err)
    assert.equal(4, run("verify", path).code)
    local set = done(run("anchor", path, "--reset"))
    contains("What stands here is accepted. The old anchor, which named entry 2", set)
    done(run("verify", path))
  end)

  it("tell of one that cannot be read, and hold the ledger for sound", function()
    done(close())
    write(anchor, "x")
    local told = run("verify", path)
    assert.equal(0, told.code)
    contains("its anchor clinic.db-anchor is not kept up", told.err)
    told = run("anchor", path)
    assert.equal(4, told.code)
    done(run("anchor", path, "--reset"))
  end)

  it("make it in the shell, too, whose first lines tell of a contradiction", function()
    local at_prompt = "printf 'close\\n' | bin/tallystick shell %s --write --actor desk-1 --reason evening"
    assert.equal(0, shell(at_prompt:format(path)).code)
    assert.equal(2, seq_of())
    local banner = require "tallystick.shell.banner"
    local function greeting()
      local ledger <close> = open { mode = "ro" }
      return banner.of({ path = path, mode = "ro" }, ledger:info())
    end
    assert.is_nil(greeting():find("Careful", 1, true))
    write(anchor, (read(anchor):gsub("^(tallystick anchor 1 )%x", "%1g")))
    contains("Careful: its anchor clinic.db-anchor is not kept up", greeting())
    os.remove(path)
    done(run("init", folder .. "/new.db"))
    os.rename(folder .. "/new.db", path)
    done(run("anchor", path, "--reset"))
    copy(path, folder .. "/early.db")
    done(run("consultation", path, "P17", "120.00"))
    copy(folder .. "/early.db", path)
    contains("Careful: it contradicts its anchor: clinic.db-anchor names entry 1", greeting())
  end)

  it("set it anew with a restore: the old one goes with what is kept", function()
    done(run("backup", path, folder .. "/monday.db"))
    assert.is_false(exists(folder .. "/monday.db-anchor"))
    done(close())
    local kept = read(anchor)
    local told = done(run("restore", folder .. "/monday.db", path, "--force"))
    contains("Its anchor was set anew; the old one, which named entry 2", told)
    assert.equal(1, seq_of())
    done(run("verify", path))
    assert.equal(kept, shell("cat " .. path .. ".replaced-*-anchor").out)
    -- The kept ledger is held against its own anchor.
    local name = shell("ls " .. path .. ".replaced-*-anchor").out:match "^(.*)%-anchor\n$"
    contains("its anchor", done(run("verify", name)))
  end)

  it("set it anew with a restore where the ledger itself is gone", function()
    done(run("backup", path, folder .. "/monday.db"))
    done(close())
    os.remove(path)
    contains("Its anchor was set anew", done(run("restore", folder .. "/monday.db", path)))
    assert.equal(1, seq_of())
    done(run("verify", path))
  end)

  it("make none with a restore where there was none", function()
    done(run("backup", path, folder .. "/monday.db"))
    done(run("restore", folder .. "/monday.db", folder .. "/drill.db"))
    assert.is_false(exists(folder .. "/drill.db-anchor"))
  end)

  it("let a new ledger not stand against the anchor of one that is gone", function()
    done(close())
    os.remove(path)
    contains("Its anchor was set anew", done(run("init", path)))
    done(run("verify", path))
  end)

  it("write no export over it", function()
    done(close())
    local kept = read(anchor)
    local told = run("export", path, "log", "--output", anchor, "--force")
    assert.not_equal(0, told.code)
    assert.equal(kept, read(anchor))
  end)
end)
