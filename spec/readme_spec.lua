-- The README's code runs as it is pasted, and prints what the page shows. What stands behind the fence says how a block
-- is run: nothing, as it is; "dry", its make targets are looked up; a file's name, it is a configuration script.
local command = require "spec.command"
local pages = require "spec.pages"
local tallystick = require "tallystick"

local README = "README.md"
local PROGRAM_LINES_MAX = 20

-- Holds a text against what the page shows, where … stands for anything.
local function assert_shown(shown, printed, line)
  local pattern = shown:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0"):gsub("…", ".-")
  assert.is_truthy(printed:find("^" .. pattern .. "$"), ("README.md, line %d, printed:\n%s"):format(line, printed))
end

describe("the README", function()
  local blocks = pages.blocks(README)
  local folder

  -- A folder that looks like the source tree, so that what a block leaves behind is not left in the tree.
  setup(function()
    folder = command.folder()
    for _, name in ipairs { "bin", "docs", "examples", "lua" } do
      assert(os.execute(("ln -s \"$PWD/%s\" %s/%s"):format(name, command.quote(folder), name)))
    end
    command.write(folder .. "/try.lua", blocks[1].text)
  end)
  teardown(function() command.remove(folder) end)

  local function run(text)
    local ended = command.shell(("cd %s && { %s\n}"):format(command.quote(folder), text))
    assert.are.same({ 0, "" }, { ended.code, ended.err })
    return ended.out
  end

  local function targets_of(text)
    local targets = {}
    for words in text:gmatch "%f[%w]make%s+([^\n&]+)" do
      for target in words:gmatch "%S+" do
        if not target:find "^%-" then targets[#targets + 1] = target end
      end
    end
    return targets
  end

  it("opens with a program that fits on a screen and prints what it says", function()
    assert.are.equal("lua", blocks[1].language)
    local _, lines = blocks[1].text:gsub("\n", "\n")
    assert.is_true(lines <= PROGRAM_LINES_MAX)
    command.write(folder .. "/first.lua", (blocks[1].text:gsub("clinic%.db", "first.db")))
    local printed = run "LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='lua/?.so;;' lua5.4 first.lua"
    assert.are.equal(pages.promised(blocks[1].text) .. "\n", printed)
    local again = run "LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='lua/?.so;;' lua5.4 first.lua"
    assert.are.equal(printed:gsub("F%-00001", "F-00002"):gsub("R%-00002", "R-00004"), again)
  end)

  for i, block in ipairs(blocks) do
    local name = ("holds on line %d"):format(block.line)
    local after = blocks[i + 1]
    if block.language == "sh" and block.mark == "dry" then
      it(name, function()
        for _, target in ipairs(targets_of(block.text)) do
          assert.are.equal(0, command.shell("MAKEFLAGS= make -n " .. target).code, target)
        end
      end)
    elseif block.language == "sh" then
      it(name, function()
        assert.are.equal("", block.mark)
        local printed = run(block.text)
        if after and after.language == "text" then assert_shown(after.text, printed, block.line) end
      end)
    elseif block.language == "lua" and block.mark ~= "" then
      it(name, function()
        local path = ("%s/%s"):format(folder, block.mark)
        command.write(path, block.text)
        assert(tallystick.check(path))
        assert(tallystick.open(":memory:", { config = path })):close()
      end)
    elseif block.language == "lua" then
      it(name, function() assert.are.equal(1, i) end)
    end
  end

  it("says what scripts/setup installs", function()
    local page = command.read(README)
    for _, group in ipairs { "build", "run", "test" } do
      local part = command.read("scripts/setup"):match("\n    " .. group .. "%)(.-);;")
      for package in part:gmatch "need ([%w.-]+) " do
        assert.is_truthy(page:find("`" .. package .. "`", 1, true) or package == "make", package)
      end
    end
  end)

  it("names files that are there", function()
    for name in command.read(README):gmatch "%f[%w]([%w-/]+/[%w-/]+%.%l+)%f[^%w]" do
      if name:find "^docs/" or name:find "^examples/" or name:find "^lua/" then
        assert(io.open(name), name):close()
      end
    end
  end)
end)
