-- docs/scripts.md holds: its examples print what they say, its scripts load, and its table of event fields is what the
-- fourteen commands show. Behind the fence of a script stands its file's name.
local command = require "spec.command"
local pages = require "spec.pages"
local tallystick = require "tallystick"

local PAGE = "docs/scripts.md"
local ALL = "all but "

-- Logs the names of the fields that are there, by command.
local SHOWING = [[
local clinic = ...
clinic:payment_type { id = "cash", default = true }
clinic:payment_type { id = "card", fields = { slip = { required = false } } }
local function show(event, ctx)
  for name in pairs(event) do ctx.log(event.command, name) end
end
for _, name in ipairs { "consultation", "invoice", "charge", "cancel", "pay", "refund", "deposit", "withdraw",
  "transfer", "close_days", "move", "print", "correct" } do
  clinic:before(name, { id = "show" }, show)
end
clinic:before("reverse", { id = "show" }, function(event, ctx)
  if event.command == "reverse" then show(event, ctx) end
end)
]]

-- Each command with all that it can be given.
local ACTS = {
  { "consultation", { patient = "P17", amount = "120.00", label = "a", note = "n", key = "1" } },
  { "consultation", { patient = "P17", amount = "30.00" } },
  { "pay", { document = "C-00001", amount = "20.00", tendered = "50.00", group = "g", reference = "r" } },
  { "pay", { document = "C-00002", type = "card", amount = "5.00", fields = { slip = "1" } } },
  { "print", { payment = "R-00001", note = "n", key = "2" } },
  { "correct", { payment = "R-00001", reason = "x", amount = "10.00", tendered = "10.00", key = "3", note = "n" } },
  { "refund", { payment = "R-00002", reason = "x", reopen = true, amount = "1.00", key = "4", note = "n" } },
  { "reverse", { payment = "R-00003", reason = "x", key = "5", note = "n" } },
  { "pay", { document = "C-00001", amount = "1.00", key = "6", note = "n" } },
  { "invoice", { consultations = { "C-00001", "C-00002" }, due = "2026-04-01", label = "l", key = "7", note = "n" } },
  { "charge", { document = "F-00001", amount = "20.00", label = "fee", key = "8", note = "n" } },
  { "move", { document = "F-00001", workflow = "w", from = "a", to = "b", reason = "x", key = "9", note = "n" } },
  { "deposit", { patient = "P17", amount = "30.00", group = "g", reference = "r", key = "10", note = "n" } },
  { "withdraw", { patient = "P17", amount = "5.00", reason = "x", key = "11", note = "n" } },
  { "transfer", { from = "P17", to = "P17b", amount = "5.00", reason = "x", key = "12", note = "n" } },
  { "cancel", { document = "F-00001", reason = "x", key = "13", note = "n" } },
  { "close_days", { through = "2026-03-01", key = "14", note = "n" } },
}

describe("the page on scripts", function()
  local folder
  local page = command.read(PAGE)
  setup(function() folder = command.folder() end)
  teardown(function() command.remove(folder) end)

  local function open(path, options)
    local copy = {}
    for name, value in pairs(options) do copy[name] = value end
    copy.config = ("%s/%s"):format(folder, options.config)
    return tallystick.open(path, copy)
  end

  -- An example opens its scripts by their names; here they lie in a folder of the spec's own.
  it("has examples that print what they say, and scripts that load", function()
    local module = setmetatable({ open = open }, { __index = tallystick })
    local environment = setmetatable({ require = function(name)
      return name == "tallystick" and module or require(name)
    end }, { __index = _G })
    for _, block in ipairs(pages.blocks(PAGE)) do
      assert.are.equal("lua", block.language)
      if block.mark ~= "" then
        local path = ("%s/%s"):format(folder, block.mark)
        command.write(path, block.text)
        assert(tallystick.check(path))
      else
        local printed = pages.run(block, environment)
        assert.are.equal(pages.promised(block.text), printed, ("%s, line %d"):format(PAGE, block.line))
      end
    end
  end)

  -- The fields of the table, in its order, and for which commands each is said to be there.
  local function listed_fields()
    local names, commands = {}, {}
    local part = page:match "\n### The event\n(.-)\n### "
    for name, of in part:gmatch "\n| `([%w_]+)` | %l+ | ([^|]+) |" do
      names[#names + 1], commands[name] = name, {}
      local excepted = of:find(ALL, 1, true) == 1
      local mentioned = {}
      for word in of:gmatch "`([%w_]+)`" do mentioned[word] = true end
      for _, row in ipairs(tallystick.commands) do
        commands[name][row.name] = of == "any" or (excepted ~= (mentioned[row.name] or false)) or nil
      end
    end
    return names, commands
  end

  it("lists each field of an event in its order", function()
    local known = {}
    local source = command.read("csrc/lua_hook.c"):match "#define EVENT_FIELDS%(X%)(.-)\n\n"
    for name in source:gmatch '"([%w_]+)"' do known[#known + 1] = name end
    assert.are.same(known, (listed_fields()))
  end)

  it("says for which commands each field is there", function()
    local seen = {}
    command.write(folder .. "/showing.lua", SHOWING)
    local ledger <close> = assert(tallystick.open(":memory:", {
      config = folder .. "/showing.lua", actor = "desk-1", clock = function() return "2026-03-02T10:00:00Z" end,
      on_log = function(line)
        local of, name = line:match "^(%S+) (%S+)$"
        seen[name] = seen[name] or {}
        seen[name][of] = true
      end,
    }))
    assert(ledger:consultation { patient = "P17b", amount = "1.00" , number = "known" })
    for _, act in ipairs(ACTS) do assert(ledger[act[1]](ledger, act[2])) end
    local names, listed = listed_fields()
    for _, name in ipairs(names) do assert.are.same(listed[name], seen[name], name) end
  end)
end)
