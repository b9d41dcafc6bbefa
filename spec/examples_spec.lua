-- Every example runs as it stands and prints what its comments promise.
local command = require "spec.command"
local pages = require "spec.pages"
local tallystick = require "tallystick"

local PROGRAMS = { "desk-day", "invoicing", "credit", "corrections" }
-- Folders with a clinic's own rules and a program that shows them at work.
local CLINICS = { "swiss-practice", "dental-clinic", "reminders", "insurer", "approvals", "deposits", "bank-import" }

local function assert_prints(path, ended)
  assert.are.same({ 0, "" }, { ended.code, ended.err })
  assert.are.equal(pages.promised(command.read(path)) .. "\n", ended.out)
end

-- The interpreter finds the module as the examples do, whatever paths the specs were started with.
local function run(line)
  return command.shell("unset LUA_PATH LUA_PATH_5_4 LUA_CPATH LUA_CPATH_5_4; " .. line)
end

describe("the example", function()
  -- The sanitizers' builds leave the tree's own module and library alone; the examples run against these.
  setup(function()
    local built = command.shell "unset LD_PRELOAD; MAKEFLAGS= make -s module library"
    assert.are.equal(0, built.code, built.err)
  end)

  for _, name in ipairs(PROGRAMS) do
    local path = ("examples/%s.lua"):format(name)

    it(name .. " prints what it says", function() assert_prints(path, run("lua5.4 " .. path)) end)

    it(name .. " does so in any time zone and from any folder", function()
      assert_prints(path, run("cd examples && TZ=Pacific/Auckland lua5.4 " .. name .. ".lua"))
    end)
  end

  for _, name in ipairs(CLINICS) do
    local path = ("examples/%s/day.lua"):format(name)

    it(name .. " prints what it says", function() assert_prints(path, run("lua5.4 " .. path)) end)

    it(name .. " does so in any time zone and from its own folder", function()
      assert_prints(path, run(("cd examples/%s && TZ=Pacific/Auckland lua5.4 day.lua"):format(name)))
    end)

    it(name .. " has rules without a mistake, and ends with the check of its ledger", function()
      assert(tallystick.check(("examples/%s/clinic.lua"):format(name)))
      assert.truthy(command.read(path):find('print(ledger:verify() and "every entry holds")', 1, true))
    end)
  end

  describe("embed", function()
    local folder
    setup(function() folder = command.folder() end)
    teardown(function() command.remove(folder) end)

    local function build(name)
      local ended = command.shell(("make -s -C examples/embed OUT=%s CFLAGS=-Werror %s"):format(folder, name))
      assert.are.same({ 0, "" }, { ended.code, ended.err })
      return folder .. "/" .. name
    end

    it("ledger uses the C API alone", function()
      assert_prints("examples/embed/ledger.c", run(build "ledger"))
    end)

    it("host runs a script in its own Lua", function()
      local script = "examples/embed/desk.lua"
      assert_prints(script, run(("%s lua %s"):format(build "host", script)))
    end)
  end)

  it("testing tests a clinic's own script", function()
    local busted = command.shell "cd examples/testing && lua5.4 $(command -v busted) --output=TAP clinic_spec.lua"
    assert.are.equal(0, busted.code, busted.out .. busted.err)
    assert.is_nil(busted.out:find "not ok")
    assert.is_truthy(busted.out:find "ok 8 ")
  end)

  it("testing fails where the script is another", function()
    local folder = command.folder()
    local text = command.read "examples/testing/clinic_spec.lua"
    command.write(folder .. "/clinic_spec.lua", (text:gsub('%.%./setup%.lua', "setup.lua", 1)))
    command.write(folder .. "/setup.lua", "package.path = os.getenv 'TREE' .. '/lua/?.lua;' .. os.getenv 'TREE' "
      .. ".. '/lua/?/init.lua;' .. package.path package.cpath = os.getenv 'TREE' .. '/lua/?.so;' .. package.cpath")
    command.write(folder .. "/clinic.lua", (command.read("examples/testing/clinic.lua"):gsub('200%.00', "300.00")))
    local line = ("TREE=$PWD; export TREE; cd %s && lua5.4 $(command -v busted) clinic_spec.lua"):format(folder)
    local busted = command.shell(line)
    command.remove(folder)
    assert.are.equal(1, busted.code)
    assert.is_truthy(busted.out:find("7 successes / 1 failure", 1, true))
    assert.is_truthy(busted.out:find("expected: refused with amount-above-limit\n     got: done: Q-00001", 1, true))
  end)

  it("list has no program that is not run", function()
    local seen = {}
    for _, name in ipairs(PROGRAMS) do seen[name .. ".lua"] = true end
    seen["setup.lua"] = true
    for _, name in ipairs(CLINICS) do seen[name .. "/day.lua"] = true end
    local pipe <close> = assert(io.popen "cd examples && ls *.lua */day.lua")
    for name in pipe:lines() do assert.is_true(seen[name], name) end
  end)
end)
