-- Money values: the strict parser and the printer, exact arithmetic, rounding to a step, splitting without a rest.
local helper = require "spec.helper"
local tallystick = require "tallystick"

local refused = helper.refused
after_each(helper.finish)

local LARGEST = "92233720368547758.07"

local function chf(text)
  return assert(tallystick.money(text, "CHF"))
end

local function decimals(list)
  local out = {}
  for index, money in ipairs(list) do out[index] = money:decimal() end
  return out
end

local function fails(expected, operation, ...)
  local ok, message = pcall(operation, ...)
  assert.is_false(ok)
  assert(message:find(expected, 1, true), message)
end

describe("an amount", function()
  for _, row in ipairs {
    -- currency, text, minor units, as printed
    { "CHF", "120", 12000, "120.00" },
    { "CHF", "120.5", 12050, "120.50" },
    { "CHF", "120.50", 12050, "120.50" },
    { "CHF", "0", 0, "0.00" },
    { "CHF", "0.01", 1, "0.01" },
    { "CHF", "-0.01", -1, "-0.01" },
    { "CHF", "-0", 0, "0.00" },
    { "CHF", "-1.05", -105, "-1.05" },
    { "CHF", "007.10", 710, "7.10" },
    { "CHF", LARGEST, math.maxinteger, LARGEST },
    { "CHF", "-92233720368547758.07", -math.maxinteger, "-92233720368547758.07" },
    { "CHF", "-92233720368547758.08", math.mininteger, "-92233720368547758.08" },
    { "CHF", ("0"):rep(40) .. "1", 100, "1.00" },
    { "JPY", "120", 120, "120" },
    { "JPY", "-7", -7, "-7" },
    { "JPY", "9223372036854775807", math.maxinteger, "9223372036854775807" },
    { "JPY", "-9223372036854775808", math.mininteger, "-9223372036854775808" },
    { "KWD", "120.5", 120500, "120.500" },
    { "KWD", "0.001", 1, "0.001" },
    { "KWD", "-0.075", -75, "-0.075" },
    { "KWD", "9223372036854775.807", math.maxinteger, "9223372036854775.807" },
    { "CLF", "120", 1200000, "120.0000" },
    { "CLF", "0.0001", 1, "0.0001" },
    { "CLF", "-3.25", -32500, "-3.2500" },
    { "CLF", "922337203685477.5807", math.maxinteger, "922337203685477.5807" },
  } do
    local currency, text, minor, printed = table.unpack(row)
    it(("reads %q as %s"):format(text, currency), function()
      local money = assert(tallystick.money(text, currency))
      assert.equal(minor, money.minor)
      assert.equal(currency, money.currency)
      assert.equal(printed, money:decimal())
      assert.equal(printed .. " " .. currency, tostring(money))
    end)

    it(("prints %s %s so that it reads the same again"):format(printed, currency), function()
      assert.equal(minor, assert(tallystick.money(printed, currency)).minor)
    end)
  end

  for _, row in ipairs {
    { "CHF", "" }, { "CHF", "-" }, { "CHF", "." }, { "CHF", "+1" }, { "CHF", "--1" }, { "CHF", "1-" },
    { "CHF", "1." }, { "CHF", ".5" }, { "CHF", "-.5" }, { "CHF", "1..5" }, { "CHF", "1.5.0" }, { "CHF", "1.505" },
    { "CHF", "1.500" }, { "CHF", " 1" }, { "CHF", "1 " }, { "CHF", "1\n" }, { "CHF", "1\0" }, { "CHF", "\0001" },
    { "CHF", "1,50" }, { "CHF", "1'000" }, { "CHF", "1_000" }, { "CHF", "1 000" }, { "CHF", "1e2" }, { "CHF", "1E2" },
    { "CHF", "0x10" }, { "CHF", "inf" }, { "CHF", "nan" }, { "CHF", "ten" }, { "CHF", "12.3a" },
    { "CHF", "120.50 CHF" }, { "CHF", "CHF 120.50" }, { "CHF", "٣" }, { "CHF", "１２" }, { "CHF", "−1" },
    { "CHF", "92233720368547758.08" }, { "CHF", "-92233720368547758.09" }, { "CHF", "92233720368547759" },
    { "CHF", ("9"):rep(400) },
    { "JPY", "1.0" }, { "JPY", "1." }, { "JPY", "9223372036854775808" }, { "JPY", "-9223372036854775809" },
    { "KWD", "1.0000" }, { "KWD", "9223372036854775.808" },
    { "CLF", "1.00000" }, { "CLF", "922337203685477.5808" },
  } do
    local currency, text = table.unpack(row)
    it(("refuses %q as %s"):format(text:sub(1, 30):gsub("%c", "?"), currency), function()
      local _, details = refused("amount-invalid", tallystick.money(text, currency))
      assert.equal("amount", details.field)
    end)
  end

  for name, value in pairs {
    ["an integer"] = 120, ["a float"] = 120.5, ["a whole float"] = 120.0, ["a boolean"] = true, ["a table"] = {},
    ["infinity"] = math.huge, ["a function"] = print,
  } do
    it("refuses " .. name .. ", never a number", function()
      refused("amount-invalid", tallystick.money(value, "CHF"))
    end)
  end

  it("refuses a missing amount", function()
    refused("amount-invalid", tallystick.money(nil, "CHF"))
  end)

  for _, currency in ipairs { "", "chf", "CH", "CHFX", "XAU", "ZZZ", "CHF\0" } do
    it(("refuses the currency %q"):format(currency), function()
      local _, details = refused("field-invalid", tallystick.money("1", currency))
      assert.equal("currency", details.field)
    end)
  end

  it("refuses a missing currency and one that is no string", function()
    refused("field-invalid", tallystick.money("1"))
    refused("field-invalid", tallystick.money("1", 756))
  end)

  it("is made in the ledger's currency by ledger:money", function()
    local ledger = helper.open()
    assert.equal(chf "120.50", assert(ledger:money "120.50"))
    refused("amount-invalid", ledger:money "120.505")
    refused("amount-invalid", ledger:money(120))
  end)
end)

describe("money in a command", function()
  local ledger
  before_each(function() ledger = helper.open() end)

  it("goes in as a string or as a value, and comes out as a value", function()
    local by_string = assert(ledger:consultation { patient = "P1", amount = "120.5" })
    local by_value = assert(ledger:consultation { patient = "P1", amount = chf "120.50" })
    assert.equal(chf "120.50", by_string.charged)
    assert.equal(by_string.charged, by_value.charged)
  end)

  for name, value in pairs {
    ["an integer"] = 120, ["a float"] = 120.5, ["a list"] = { "120" }, ["a table"] = { minor = 12000 },
    ["true"] = true, ["more decimals than the currency has"] = "120.505", ["an exponent"] = "1e3",
    ["a sum beyond 64 bits"] = "92233720368547758.08", ["a text with its currency"] = "120.50 CHF",
  } do
    it("refuses " .. name .. " and names the field", function()
      local message, details = helper.refuses(ledger, "consultation", { patient = "P1", amount = value },
        "amount-invalid")
      assert.equal("amount", details.field)
      assert(message:find("amount", 1, true), message)
    end)
  end

  it("refuses a value of another currency", function()
    helper.refuses(ledger, "consultation", { patient = "P1", amount = assert(tallystick.money("1", "EUR")) },
      "amount-invalid")
  end)

  for _, row in ipairs {
    { "JPY", "1500", "1500.5" }, { "KWD", "1.505", "1.5055" }, { "CLF", "1.5055", "1.50555" },
  } do
    local currency, given, refused_text = table.unpack(row)
    it(("has the decimals of %s"):format(currency), function()
      local other = helper.open { script = ([[
        local clinic = ...
        clinic:currency "%s"
        clinic:payment_type { id = "cash", default = true }]]):format(currency) }
      local document = assert(other:consultation { patient = "P1", amount = given })
      assert.equal(given .. " " .. currency, tostring(document.charged))
      helper.refuses(other, "consultation", { patient = "P1", amount = refused_text }, "amount-invalid")
    end)
  end
end)

describe("arithmetic", function()
  for _, row in ipairs {
    { "1.10", "+", "2.25", "3.35" }, { "1.10", "+", "-2.25", "-1.15" }, { "0", "+", "-0", "0.00" },
    { "0.10", "+", "0.20", "0.30" }, { "1.10", "-", "2.25", "-1.15" }, { "1.10", "-", "1.10", "0.00" },
    { LARGEST, "+", "-0.01", "92233720368547758.06" }, { LARGEST, "-", LARGEST, "0.00" },
    { "-0.01", "-", LARGEST, "-92233720368547758.08" },
  } do
    local a, operator, b, expected = table.unpack(row)
    it(("says %s %s %s is %s"):format(a, operator, b, expected), function()
      local result = operator == "+" and chf(a) + chf(b) or chf(a) - chf(b)
      assert.equal(expected, result:decimal())
    end)
  end

  it("multiplies by an integer on either side", function()
    assert.equal("-3.30", (chf "1.10" * -3):decimal())
    assert.equal("3.30", (3 * chf "1.10"):decimal())
    assert.equal("0.00", (chf "1.10" * 0):decimal())
  end)

  it("negates", function()
    assert.equal("-1.10", (-chf "1.10"):decimal())
    assert.equal("1.10", (-chf "-1.10"):decimal())
  end)

  for name, operation in pairs {
    ["a sum above 64 bits"] = function() return chf(LARGEST) + chf "0.01" end,
    ["a sum below 64 bits"] = function() return chf "-92233720368547758.08" + chf "-0.01" end,
    ["a difference below 64 bits"] = function() return chf "-92233720368547758.08" - chf "0.01" end,
    ["a difference above 64 bits"] = function() return chf(LARGEST) - chf "-0.01" end,
    ["a product above 64 bits"] = function() return chf(LARGEST) * 2 end,
    ["a product below 64 bits"] = function() return chf(LARGEST) * -2 end,
    ["the opposite of the least amount"] = function() return -chf "-92233720368547758.08" end,
    ["rounding up beyond 64 bits"] = function() return chf(LARGEST):round_to(chf "0.10") end,
  } do
    it("raises amount-overflow for " .. name, function()
      fails("amount-overflow", operation)
    end)
  end

  for name, operation in pairs {
    ["adding an integer"] = function() return chf "1" + 1 end,
    ["adding a string"] = function() return chf "1" + "1" end,
    ["subtracting from a float"] = function() return 1.5 - chf "1" end,
    ["multiplying by a float"] = function() return chf "1" * 1.5 end,
    ["multiplying by a whole float"] = function() return chf "1" * 2.0 end,
    ["multiplying by a numeric string"] = function() return chf "1" * "2" end,
    ["multiplying money by money"] = function() return chf "1" * chf "1" end,
    ["dividing"] = function() return chf "1" / 2 end,
    ["dividing without a rest"] = function() return chf "1" // 2 end,
    ["the rest of a division"] = function() return chf "1" % 2 end,
    ["a power"] = function() return chf "1" ^ 2 end,
    ["the length"] = function() return #chf "1" end,
    ["comparing with an integer"] = function() return chf "1" < 2 end,
    ["comparing with a string"] = function() return chf "1" <= "2" end,
  } do
    it("raises for " .. name, function()
      assert.is_false((pcall(operation)))
    end)
  end
end)

describe("comparison", function()
  for _, row in ipairs {
    { "1.00", "1", "==" }, { "1.00", "1.01", "<" }, { "-1.00", "0", "<" }, { "-1.01", "-1.00", "<" },
    { "0", "-0", "==" }, { LARGEST, "-92233720368547758.08", ">" }, { "0.01", "0", ">" },
  } do
    local a, b, order = table.unpack(row)
    it(("says %s %s %s"):format(a, order, b), function()
      local first, second = chf(a), chf(b)
      assert.equal(order == "==", first == second)
      assert.equal(order ~= "==", first ~= second)
      assert.equal(order == "<", first < second)
      assert.equal(order == ">", first > second)
      assert.equal(order ~= ">", first <= second)
      assert.equal(order ~= "<", first >= second)
    end)
  end

  it("says that money equals neither a number, nor a string, nor another currency", function()
    assert.is_false(chf "1" == 1)
    assert.is_false(chf "1" == "1.00 CHF")
    assert.is_false(chf "1" == assert(tallystick.money("1", "EUR")))
  end)

  it("is never made between two currencies, and neither is a sum", function()
    local francs, euros = chf "1", assert(tallystick.money("1", "EUR"))
    for _, operation in ipairs {
      function() return francs + euros end, function() return francs - euros end,
      function() return francs < euros end, function() return francs <= euros end,
      function() return francs:round_to(euros) end,
    } do
      fails("CHF and EUR", operation)
    end
  end)
end)

describe("rounding to a step", function()
  for _, row in ipairs {
    { "0.00", "0.05", "0.00" }, { "0.01", "0.05", "0.00" }, { "0.02", "0.05", "0.00" }, { "0.03", "0.05", "0.05" },
    { "0.07", "0.05", "0.05" }, { "0.08", "0.05", "0.10" }, { "12.34", "0.05", "12.35" }, { "12.32", "0.05", "12.30" },
    { "-0.02", "0.05", "0.00" }, { "-0.03", "0.05", "-0.05" }, { "-0.07", "0.05", "-0.05" },
    { "-12.34", "0.05", "-12.35" }, { "-12.32", "0.05", "-12.30" },
    -- halves go up, also below zero
    { "0.05", "0.10", "0.10" }, { "0.15", "0.10", "0.20" }, { "-0.05", "0.10", "0.00" }, { "-0.15", "0.10", "-0.10" },
    { "0.50", "1", "1.00" }, { "-0.50", "1", "0.00" }, { "-1.50", "1", "-1.00" }, { "2.50", "1", "3.00" },
    { "7.77", "0.01", "7.77" }, { "10", "3", "9.00" }, { "11", "3", "12.00" },
    { "92233720368547758.07", "0.01", "92233720368547758.07" },
    { "0.01", LARGEST, "0.00" },
  } do
    local amount, step, expected = table.unpack(row)
    it(("makes %s in steps of %s %s"):format(amount, step, expected), function()
      assert.equal(expected, chf(amount):round_to(chf(step)):decimal())
    end)
  end

  it("raises for a step that is not above zero, or no money", function()
    for _, step in ipairs { chf "0", chf "-0.05", "0.05", 5 } do
      assert.is_false((pcall(chf("1").round_to, chf "1", step)))
    end
  end)
end)

describe("splitting", function()
  for _, row in ipairs {
    { "10", 1, { "10.00" } }, { "10", 2, { "5.00", "5.00" } }, { "10", 3, { "3.34", "3.33", "3.33" } },
    { "0.02", 3, { "0.01", "0.01", "0.00" } }, { "0", 2, { "0.00", "0.00" } },
    { "-10", 3, { "-3.34", "-3.33", "-3.33" } },
    { "10", { 1, 1, 1 }, { "3.34", "3.33", "3.33" } }, { "10", { 1, 2 }, { "3.33", "6.67" } },
    { "10", { 0, 1 }, { "0.00", "10.00" } }, { "0.05", { 3, 7 }, { "0.02", "0.03" } },
    { "-0.05", { 3, 7 }, { "-0.02", "-0.03" } }, { "100", { 50, 30, 20 }, { "50.00", "30.00", "20.00" } },
    { LARGEST, 2, { "46116860184273879.04", "46116860184273879.03" } },
    { LARGEST, { math.maxinteger - 1, 1 }, { "92233720368547758.06", "0.01" } },
  } do
    local amount, parts, expected = table.unpack(row)
    it(("shares %s by %s"):format(amount, type(parts) == "table" and table.concat(parts, ":") or parts), function()
      assert.same(expected, decimals(chf(amount):split(parts)))
    end)
  end

  it("never loses or makes a unit, and no equal parts differ by more than one", function()
    for minor = -40, 40 do
      local amount = chf "0.01" * minor
      for count = 1, 9 do
        local sum, least, most = chf "0", math.huge, -math.huge
        for _, part in ipairs(amount:split(count)) do
          sum = sum + part
          least, most = math.min(least, part.minor), math.max(most, part.minor)
        end
        assert.equal(amount, sum)
        assert(most - least <= 1, ("%s in %d parts"):format(amount, count))
      end
    end
  end)

  it("never loses or makes a unit by weights", function()
    for minor = -25, 25 do
      for first = 0, 6 do
        for second = 0, 6 do
          local weights, sum = { first, second, 1 }, chf "0"
          for index, part in ipairs((chf "0.01" * minor):split(weights)) do
            sum = sum + part
            local share = minor * weights[index] / (first + second + 1)
            assert(math.abs(part.minor - share) < 1, ("%d by %s"):format(minor, table.concat(weights, ":")))
          end
          assert.equal(minor, sum.minor)
        end
      end
    end
  end)

  for name, parts in pairs {
    ["no parts"] = 0, ["less than none"] = -1, ["more than a thousand"] = 1001, ["half a part"] = 2.5,
    ["an empty list"] = {}, ["weights of zero"] = { 0, 0 }, ["a negative weight"] = { 2, -1 },
    ["a weight that is a float"] = { 1.5 }, ["a weight that is a string"] = { "1" }, ["a word"] = "two",
    ["weights beyond 64 bits"] = { math.maxinteger, 1 },
  } do
    it("raises for " .. name, function()
      assert.is_false((pcall(chf("1").split, chf "1", parts)))
    end)
  end
end)

describe("a money value", function()
  it("cannot be changed", function()
    local money = chf "1.00"
    for _, field in ipairs { "minor", "currency", "decimal", "anything" } do
      assert.is_false((pcall(function() money[field] = 2 end)))
    end
    assert.equal("1.00 CHF", tostring(money))
    assert.equal("string", type(getmetatable(money)))
    assert.is_false((pcall(setmetatable, money, {})))
  end)

  it("has no fields but its own", function()
    assert.is_nil(chf("1").major)
    assert.is_nil(chf("1")[1])
  end)

  it("joins text with its currency, on either side", function()
    assert.equal("due: 1.50 CHF", "due: " .. chf "1.5")
    assert.equal("1.50 CHF due", chf "1.5" .. " due")
    assert.equal("3 x 1.50 CHF", 3 .. " x " .. chf "1.5")
    assert.equal("1.50 CHF2.00 CHF", chf "1.5" .. chf "2")
  end)

  it("does not join what is no text", function()
    assert.is_false((pcall(function() return chf "1" .. {} end)))
    assert.is_false((pcall(function() return nil .. chf "1" end)))
  end)

  it("refuses methods on something else", function()
    assert.is_false((pcall(chf("1").decimal, "1")))
    assert.is_false((pcall(chf("1").split, {}, 2)))
  end)

  it("has minor units that are integers", function()
    assert.equal("integer", math.type(chf("1.5").minor))
    assert.equal("integer", math.type(chf("1.5"):split(3)[1].minor))
  end)
end)
