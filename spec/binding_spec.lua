-- The binding: life cycle of handles, coroutines, a second require, two Lua states, C hosts, memory.
local helper = require "spec.helper"
local child = require "spec.child"
local command = require "spec.command"
local tallystick = require "tallystick"

describe("a ledger's handle", function()
  after_each(helper.finish)

  it("may be closed twice, and is closed at the end of its scope", function()
    local kept
    do
      local ledger <close> = assert(tallystick.open ":memory:")
      kept = ledger
      assert(ledger:head())
    end
    kept:close()
    kept:close()
    assert.equal("tallystick.ledger (closed)", tostring(kept))
  end)

  it("raises closed on every call once it is closed", function()
    local ledger = assert(tallystick.open ":memory:")
    ledger:close()
    local calls = { "document", "documents", "payment", "payments", "entries", "patient", "totals", "closings", "head",
      "info", "verify", "backup", "transaction", "money", "script" }
    for _, writing in ipairs(tallystick.commands) do calls[#calls + 1] = writing.name end
    for _, name in ipairs(calls) do
      local ok, problem = pcall(ledger[name], ledger, {})
      assert.is_false(ok, name)
      assert.truthy(problem:find("closed: the ledger is closed", 1, true), name .. ": " .. problem)
    end
  end)

  it("may be left open at exit, with its iterators", function()
    local ended = child.run [[
      local tallystick = require "tallystick"
      ledger = assert(tallystick.open(":memory:"))
      assert(ledger:consultation { patient = "P", amount = "1.00" })
      step, _, _, cursor = ledger:documents()
      step()
      money = ledger:money "1.00"
      print "done"]]
    assert.same({ 0, "done\n", "" }, { ended.code, ended.out, ended.err })
  end)

  it("keeps its metatables to itself", function()
    local ledger = helper.open()
    assert(ledger:consultation { patient = "P", amount = "1.00" })
    local _, _, _, cursor = ledger:documents()
    for _, value in ipairs { ledger, ledger:money "1.00", cursor } do
      assert.is_string(getmetatable(value))
      assert.has_error(function() setmetatable(value, {}) end)
    end
    assert.has_error(function() ledger.pay = print end)
    assert.has_error(function() ledger:money("1.00").minor = 5 end)
  end)

  it("works from coroutines", function()
    local ledger = helper.open()
    assert(ledger:consultation { patient = "P", amount = "10.00" })
    local step = coroutine.wrap(function()
      for _ = 1, 3 do
        coroutine.yield(assert(ledger:pay { document = "C-00001", type = "twint", amount = "1.00" }))
      end
    end)
    local rows = coroutine.wrap(function() for entry in ledger:entries() do coroutine.yield(entry.seq) end end)
    for i = 1, 2 do
      assert.equal(("R-%05d"):format(i), step().number)
      assert.equal(i, rows())
    end
  end)

  it("works with the module required anew, and the old handles go on", function()
    local ended = child.run [[
      local first = require "tallystick"
      local ledger = assert(first.open(":memory:"))
      assert(ledger:consultation { patient = "P", amount = "10.00" })
      for _, name in ipairs { "tallystick", "tallystick.core", "tallystick.config" } do package.loaded[name] = nil end
      local second = require "tallystick"
      assert(second ~= first)
      local other = assert(second.open(":memory:"))
      assert(other:consultation { patient = "P", amount = "10.00" })
      print(other:document("C-00001").mark, ledger:document("C-00001").mark)
      print(ledger:money("1.00") == other:money("1.00"), first.money("1.00", "CHF") + second.money("2.00", "CHF"))
      package.loaded["tallystick.core"] = nil
      require "tallystick.core"
      print(#ledger:patient("P").documents)]]
    assert.same({ 0, "–\t–\ntrue\t3.00 CHF\n1\n", "" }, { ended.code, ended.out, ended.err })
  end)

  it("is not disturbed by a finalizer that uses it", function()
    local ledger = helper.open()
    assert(ledger:consultation { patient = "P", amount = "1000.00", label = ("l"):rep(500) })
    local runs = 0
    local function litter()
      setmetatable({}, { __gc = function()
        runs = runs + 1
        pcall(ledger.head, ledger)
        pcall(ledger.pay, ledger, { document = "C-00001", type = "bitcoin" })
      end })
    end
    collectgarbage("incremental", 1, 1000)
    for i = 1, 2000 do
      if runs >= 50 then break end
      litter()
      local paid = assert(ledger:pay { document = "C-00001", type = "twint", amount = "0.01", reference = "r" .. i })
      assert.equal("r" .. i, paid.reference)
      assert.equal(500, #ledger:document("C-00001").label)
    end
    collectgarbage("incremental", 200, 100)
    collectgarbage()
    assert.is_true(runs >= 50)
  end)

  it("is collected with all it holds", function()
    local function resident()
      local pages = command.read "/proc/self/statm":match "^%d+ (%d+)"
      return tonumber(pages) * 4
    end
    local function churn()
      -- The collector does not see SQLite's memory, so it is asked now and then.
      for i = 1, 500 do
        if i % 25 == 0 then collectgarbage() end
        local ledger = assert(tallystick.open ":memory:")
        assert(ledger:consultation { patient = "P", amount = "1.00" })
        ledger:documents()
      end
      collectgarbage()
      collectgarbage()
    end
    local ledger = helper.open()
    for i = 1, 100 do assert(ledger:consultation { patient = "P" .. i, amount = "1.00" }) end
    local function iterate()
      for _ = 1, 20000 do
        for _ in ledger:documents() do break end -- luacheck: ignore 512
      end
      collectgarbage()
    end
    churn()
    iterate()
    local before, lua_before = resident(), collectgarbage "count"
    for _ = 1, 3 do churn() end
    for _ = 1, 3 do iterate() end
    assert.is_true(collectgarbage "count" < lua_before + 500)
    assert.is_true(resident() < before + 16 * 1024, ("%d KiB became %d"):format(before, resident()))
  end)
end)

describe("a C program", function()
  local folder

  setup(function() folder = command.folder() end)
  teardown(function() command.remove(folder) end)

  it("holds two Lua states by luaL_requiref, and uses the C API alone", function()
    local built = command.shell("make --no-print-directory library && cc -std=c11 -Wall -Wextra -Werror -Icsrc "
      .. "$(pkg-config --cflags lua5.4) -o " .. folder .. "/host spec/host/host.c build/libtallystick.a "
      .. "$(pkg-config --libs lua5.4 sqlite3 libsodium)")
    assert.equal(0, built.code, built.err)
    local ended = command.shell("LD_PRELOAD= " .. folder .. "/host")
    local said = table.concat({ "desk-1 70.00 CHF", "desk-2 70.00 CHF", "50.00 CHF", "pending 10000", "field-invalid",
      "field-invalid", "io-error", "closed", "waited 0", "" }, "\n")
    assert.same({ 0, said, "" }, { ended.code, ended.out, ended.err })
  end)

  it("is told the days of the time zone that it is given while it runs", function()
    local built = command.shell("make --no-print-directory library && cc -std=c11 -Wall -Wextra -Werror -Icsrc "
      .. "-D_DEFAULT_SOURCE -o " .. folder .. "/zones spec/host/zones.c build/libtallystick.a "
      .. "$(pkg-config --libs sqlite3 libsodium)")
    assert.equal(0, built.code, built.err)
    local ended = command.shell("LD_PRELOAD= " .. folder .. "/zones")
    assert.same({ 0, "42240\n", "" }, { ended.code, ended.out, ended.err })
  end)

  it("that forks leaves the ledger it has open to the parent", function()
    local built = command.shell("make --no-print-directory library && cc -std=c11 -Wall -Wextra -Werror -Icsrc "
      .. "-D_POSIX_C_SOURCE=200809L -o " .. folder .. "/fork spec/host/fork.c build/libtallystick.a "
      .. "$(pkg-config --libs sqlite3 libsodium)")
    assert.equal(0, built.code, built.err)
    local ended = command.shell("LD_PRELOAD= " .. folder .. "/fork " .. folder .. "/clinic.db")
    local said = table.concat({ "parent: C-00001", "child: io-error", "parent: C-00002", "parent: C-00003",
      "child: io-error", "parent: C-00004", "again: head 4", "" }, "\n")
    assert.same({ 0, said, "" }, { ended.code, ended.out, ended.err })
  end)

  it("makes a backup where no file can have a second name", function()
    local built = command.shell("make --no-print-directory library && cc -std=c11 -Wall -Wextra -Werror -Icsrc "
      .. "-D_POSIX_C_SOURCE=200809L -o " .. folder .. "/stick spec/host/stick.c build/libtallystick.a "
      .. "-Wl,--wrap=link,--wrap=renameat2 $(pkg-config --libs sqlite3 libsodium)")
    assert.equal(0, built.code, built.err)
    local line = "LD_PRELOAD= %s/stick %s/books.db %s/copy.db %s/taken.db"
    local ended = command.shell(line:format(folder, folder, folder, folder))
    assert.same({ 0, "done\n1\nio-error\n", "" }, { ended.code, ended.out, ended.err })
    assert.equal("", command.shell(("find %s -name '*partial*' -o -name taken.db -size +0"):format(folder)).out)
  end)

  it("that forks while an anchor is written keeps nobody from the next", function()
    local built = command.shell("make --no-print-directory library && cc -std=c11 -Wall -Wextra -Werror -Icsrc "
      .. "-D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -o " .. folder .. "/turn spec/host/turn.c build/libtallystick.a "
      .. "$(pkg-config --libs sqlite3 libsodium)")
    assert.equal(0, built.code, built.err)
    local ended = command.shell(("LD_PRELOAD= %s/turn %s/clinic.db-anchor"):format(folder, folder))
    assert.same({ 0, "had again\n", "" }, { ended.code, ended.out, ended.err })
  end)

  it("leaves a backup of one name, whenever it is killed", function()
    local built = command.shell("make --no-print-directory library && cc -std=c11 -Wall -Wextra -Werror -Icsrc "
      .. "-D_POSIX_C_SOURCE=200809L -o " .. folder .. "/named spec/host/named.c build/libtallystick.a "
      .. "-Wl,--wrap=unlink $(pkg-config --libs sqlite3 libsodium)")
    assert.equal(0, built.code, built.err)
    command.shell(("LD_PRELOAD= %s/named %s/books.db %s/copy.db"):format(folder, folder, folder))
    local copy <close> = assert(require("tallystick").open(folder .. "/copy.db", { mode = "ro" }))
    assert(copy:verify())
  end)

  it("opens a ledger whole or not at all, whichever allocation fails", function()
    local built = command.shell("make --no-print-directory library && cc -std=c11 -Wall -Wextra -Werror -Icsrc "
      .. "-o " .. folder .. "/memory spec/host/memory.c build/libtallystick.a $(pkg-config --libs sqlite3 libsodium)")
    assert.equal(0, built.code, built.err)
    -- A text of some lengths needs memory of its own for the zero byte at its end.
    local head = 'local clinic = ...\nclinic:payment_type { id = "cash", default = true }\n--'
    for bytes = 10000, 10007 do
      local script, path = folder .. "/script.lua", ("%s/%d.db"):format(folder, bytes)
      command.write(script, head .. ("x"):rep(bytes - #head))
      assert(require("tallystick").open(path, { config = script })):close()
      local ended = command.shell(("LD_PRELOAD= %s/memory %s %d"):format(folder, path, bytes))
      assert.same({ 0, "holds\n", "" }, { ended.code, ended.out, ended.err })
    end
  end)
end)
