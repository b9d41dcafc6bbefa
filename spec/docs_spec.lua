-- The reference and the annotations name every function, every field and every code that there is, and no other.
local command = require "spec.command"
local core = require "tallystick.core"
local pages = require "spec.pages"
local tallystick = require "tallystick"

local TYPES = "lua/tallystick/types.lua"
local INIT = "lua/tallystick/init.lua"
local REFERENCE = "docs/reference.md"

local function names_of(functions)
  local names = {}
  for name, value in pairs(functions) do
    -- What init.lua wraps is kept under core_…, which is nobody's business.
    if type(value) == "function" and not name:find "^core_" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- The operators of money belong to its metatable, which is locked; its methods are known by trying.
local MONEY_METHODS = { "decimal", "round_to", "split" }

---The annotations above a function, nearest last.
local function annotation(source, declaration)
  local lines = {}
  for line in source:gmatch "[^\n]*" do
    if line:find(declaration, 1, true) == 1 then return table.concat(lines, "\n") end
    if line:find "^%-%-%-" then lines[#lines + 1] = line else lines = {} end
  end
end

---The fields of an annotated class and those it inherits: whether each may be left out.
local function class_fields(source, class)
  local header, body = source:match("\n(%-%-%-@class " .. class:gsub("%.", "%%.") .. "%f[^%w][^\n]*)\n(.-)\n\n")
  if not header then return nil end
  local fields = {}
  for parents in header:gmatch ":(.*)$" do
    for parent in parents:gmatch "[%w.]+" do
      for name, optional in pairs(class_fields(source, parent)) do fields[name] = optional end
    end
  end
  for name, optional in ("\n" .. body):gmatch "\n%-%-%-@field ([%w_]+)(%??)" do fields[name] = optional == "?" end
  return fields
end

local function class_of(name)
  return "tallystick." .. ("_" .. name):gsub("_(%l)", string.upper) .. "Fields"
end

---The part of the reference under a heading that begins so, up to the next heading.
local function section(page, heading)
  local from = page:find("\n### `" .. heading, 1, true)
  if not from then return nil end
  return page:sub(from, (page:find("\n##", from + 4, true) or #page + 1) - 1)
end

describe("the annotations", function()
  local types = command.read(TYPES)
  local init = command.read(INIT)

  it("are Lua", function()
    assert.is_truthy(loadfile(TYPES, "t"))
    assert.is_nil(package.loaded["tallystick.types"])
  end)

  for _, name in ipairs(names_of(tallystick)) do
    it("describe tallystick." .. name, function()
      local found = annotation(init, "function tallystick." .. name .. "(") or ""
      assert.matches("%-%-%-@param", found)
      assert.matches("%-%-%-@return", found)
    end)
  end

  for _, name in ipairs(names_of(core.methods)) do
    it("describe ledger:" .. name, function()
      local found = annotation(types, "function Ledger:" .. name .. "(")
      assert.matches("^%-%-%-%u", found)
      if name ~= "close" then assert.matches("%-%-%-@return", found) end
    end)
  end

  for _, name in ipairs(MONEY_METHODS) do
    it("describe money:" .. name, function()
      assert.is_function(tallystick.money("1", "CHF")[name])
      assert.matches("%-%-%-@return", annotation(types, "function Money:" .. name .. "("))
    end)
  end

  it("describe no method that there is not", function()
    local money = tallystick.money("1", "CHF")
    for name in types:gmatch "\nfunction Ledger:([%w_]+)" do assert.is_function(core.methods[name], name) end
    for name in types:gmatch "\nfunction Money:([%w_]+)" do assert.is_function(money[name], name) end
  end)

  for _, row in ipairs(tallystick.commands) do
    it("describe the fields of " .. row.name, function()
      local described = assert(class_fields(types, class_of(row.name)), class_of(row.name))
      local expected = {}
      for _, field in ipairs(row.fields) do expected[field.name] = not field.required end
      assert.are.same(expected, described)
    end)
  end

  it("describe the statuses", function()
    local listed = types:match "@alias tallystick.Status(.-)\n%-%-%-@"
    local found = {}
    for status in listed:gmatch '"([%w_]+)"' do found[#found + 1] = status end
    assert.are.same(tallystick.statuses, found)
  end)

  -- What is read is described field by field: every key that a call gives is a field of its class.
  it("describe what commands and readings give", function()
    local ledger <close> = assert(tallystick.open(":memory:", { actor = "desk-1" }))
    local function described(class, value)
      local fields = class_fields(types, "tallystick." .. class)
      for name in pairs(value) do assert.is_boolean(fields[name], class .. "." .. name) end
      for name, optional in pairs(fields) do
        assert.is_true(optional or value[name] ~= nil, class .. "." .. name .. " is missing")
      end
    end
    local function shaped(class, inner)
      local fields = class_fields(types, "tallystick." .. class)
      for name in pairs(inner) do assert.is_boolean(fields[name], class .. "." .. name) end
    end
    shaped("DocumentResult", ledger:consultation { patient = "P1", amount = "10.02", label = "a", key = "k" })
    shaped("DocumentResult", ledger:consultation { patient = "P1", amount = "10.02", label = "a", key = "k" })
    shaped("PaymentResult", ledger:pay { document = "C-00001", group = "g", reference = "r", tendered = "20.00" })
    shaped("PaymentResult", ledger:correct { payment = "R-00001", reason = "x", type = "card", dry_run = true })
    shaped("PaymentResult", ledger:correct { payment = "R-00001", reason = "x", type = "card", note = "n" })
    shaped("PaymentResult", ledger:refund { payment = "R-00002", reason = "x", reopen = true, amount = "5.00" })
    shaped("DocumentResult", ledger:invoice { consultations = { "C-00001" }, due = "2026-01-01" })
    shaped("PaymentResult", ledger:deposit { patient = "P2", amount = "5.00" })
    shaped("TransferResult", ledger:transfer { from = "P2", to = "P1", amount = "1.00" })
    shaped("PaymentResult", ledger:withdraw { patient = "P1", amount = "1.00" })
    shaped("PaymentResult", ledger:deposit { patient = "P2", amount = "2.00" })
    shaped("ReverseResult", ledger:reverse { payment = "R-00006", reason = "x" })
    shaped("MoveResult", ledger:move { document = "F-00001", workflow = "w", to = "a", fields = { event = "letter" } })
    shaped("PrintResult", ledger:print { payment = "R-00001" })
    described("PaymentType", ledger:type "cash")
    described("PaymentType", ledger:types()[2])
    described("Document", ledger:document "C-00001")
    described("Payment", ledger:payment "R-00001")
    described("Payment", ledger:payment "R-00003")
    described("Allocation", ledger:payment("R-00001").allocations[1])
    for document in ledger:documents {} do described("Document", document) end
    for entry in ledger:entries {} do described("Entry", entry) end
    described("Patient", ledger:patient "P1")
    described("Totals", ledger:totals { by = { "type", "group", "day", "actor" } }[1])
    described("ClosingResult", ledger:close_days { through = os.date "%Y-%m-%d", counted = { cash = "1.00" } })
    described("Closing", ledger:closings()[1])
    described("Counted", ledger:closings()[1].counted.cash)
    described("Head", ledger:head())
    described("Info", ledger:info())
    described("Script", ledger:info().script)
    described("Report", select(2, ledger:verify()))
  end)
end)

describe("the reference", function()
  local page = command.read(REFERENCE)

  for _, name in ipairs(names_of(tallystick)) do
    it("has tallystick." .. name, function()
      assert.matches("```lua\n", section(page, "tallystick." .. name .. "("))
    end)
  end

  for _, name in ipairs(names_of(core.methods)) do
    it("has ledger:" .. name, function()
      assert.matches("```lua\n", section(page, "ledger:" .. name .. "(") or section(page, "ledger:" .. name .. " {"))
    end)
  end

  for _, name in ipairs(MONEY_METHODS) do
    it("has money:" .. name, function() assert.matches("```lua\n", section(page, "money:" .. name .. "(")) end)
  end

  it("has no method that there is not", function()
    for name in page:gmatch "\n### `ledger:([%w_]+)" do assert.is_function(core.methods[name], name) end
  end)

  local common = page:match "\n### Fields that every command takes\n(.-)\n### "
  local is_common = {}
  for name in common:gmatch "\n| `([%w_]+)` |" do is_common[name] = true end

  for _, row in ipairs(tallystick.commands) do
    it("has the fields of " .. row.name, function()
      local part = section(page, "ledger:" .. row.name .. " {")
      for _, field in ipairs(row.fields) do
        local listed = part:find(("`%s%s`"):format(field.name, field.required and "*" or ""), 1, true)
        assert.is_truthy(is_common[field.name] or listed, field.name)
      end
      for name in part:gmatch "\n| `([%w_]+)%*?`" do
        assert.is_boolean(class_fields(command.read(TYPES), class_of(row.name))[name], name)
      end
    end)
  end

  it("has every error code in its order, and no other", function()
    local expected, listed = {}, {}
    for i, row in ipairs(tallystick.errors) do expected[i] = row.code end
    local part = page:match "\n## Error codes\n(.*)$"
    for code in part:gmatch "\n| `([%w-]+)` |" do listed[#listed + 1] = code end
    assert.are.same(expected, listed)
  end)

  it("names no code that there is not", function()
    local known = {}
    for _, row in ipairs(tallystick.errors) do known[row.code] = true end
    for codes in page:gmatch "Codes?: (.-)%.\n" do
      for code in codes:gmatch "`(%l+%-[%l-]+)`" do assert.is_true(known[code], code) end
    end
  end)

  it("has examples that print what they say", function()
    local environment = setmetatable({}, { __index = _G })
    for _, block in ipairs(pages.blocks(REFERENCE)) do
      assert.are.equal("lua", block.language)
      local printed = pages.run(block, environment)
      assert.are.equal(pages.promised(block.text), printed, ("%s, line %d"):format(REFERENCE, block.line))
    end
  end)
end)
