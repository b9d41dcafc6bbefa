-- The reader of JSON: what it takes, and how it writes a string. What it refuses stands in cli_spec.lua, with columns.
local dkjson = require "dkjson"
local json = require "tallystick.json"

describe("json", function()
  for text, value in pairs {
    ['""'] = "", ['"é"'] = "é", ['"\\u00e9"'] = "é", ['"\\ud83d\\ude00"'] = "😀", ['"\\u0000"'] = "\0",
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t"'] = '"\\/\b\f\n\r\t', ['"\127"'] = "\127",
    ["0"] = 0, ["-0"] = 0, ["42"] = 42, ["-7"] = -7, ["9223372036854775807"] = math.maxinteger,
    ["1.5"] = 1.5, ["2e3"] = 2000.0, ["1.0"] = 1.0, ["-1.5E-1"] = -0.15,
    ["true"] = true, ["false"] = false, ["null"] = json.null,
    [" \t\r\n1 \t\r\n"] = 1,
  } do
    it("reads " .. text:gsub("%c", "."), function()
      local decoded = json.decode(text)
      assert.equal(value, decoded)
      assert.equal(math.type(value), math.type(decoded))
    end)
  end

  it("reads what contains other values", function()
    assert.same({ a = { 1, "two", { b = false } }, c = {} }, json.decode '{"a":[1,"two",{"b":false}],"c":{}}')
    assert.same({ {}, {} }, json.decode "[ [ ] , { } ]")
  end)

  it("takes a member that is null for absent, but not an element", function()
    assert.same({ b = { json.null, 1 } }, json.decode '{"a":null,"b":[null,1]}')
  end)

  for text, position in pairs {
    [""] = 1, [" "] = 2, ["+1"] = 1, ["01"] = 1, ["1."] = 2, [".5"] = 1, ["1e"] = 2, ["-"] = 1, ["NaN"] = 1,
    ["True"] = 1, ["nul"] = 1, ["[1,]"] = 4,
    ["[1 2]"] = 4, ["{1:2}"] = 2, ['{"a":1,}'] = 8, ["'a'"] = 1, ["1 2"] = 3, ["//"] = 1,
    ['"\\u12g4"'] = 2, ['"\\ud800"'] = 2, ['"\\ude00"'] = 2, ['"\\ud800\\u0041"'] = 2, ['"\n"'] = 2, ['"\192\128"'] = 2,
    ["[1"] = 3, ['"a'] = 1, ['"\\'] = 2, ['{"a"'] = 5, ["[1}"] = 3,
  } do
    it("refuses " .. text:gsub("[^ -~]", "."), function()
      local value, message, at = json.decode(text)
      assert.is_nil(value)
      assert.is_string(message)
      assert.equal(position, at)
    end)
  end

  it("quotes what another reader reads back", function()
    local every = {}
    for byte = 0, 127 do every[#every + 1] = string.char(byte) end
    local text = table.concat(every) .. "é😀"
    assert.equal(text, dkjson.decode(json.quote(text)))
    assert.equal(text, json.decode(json.quote(text)))
  end)
end)

describe("writing JSON", function()
  local tallystick = require "tallystick"

  for _, case in ipairs {
    { "a string with all that is escaped", 'a"b\\c\n\0\127é', [["a\"b\\c\u000a\u0000\u007fé"]] },
    { "controls that some terminals obey", "a\u{9B}31m", [["a\u009b31m"]] },
    { "integers to the last", math.maxinteger, "9223372036854775807" },
    { "booleans", { true, false }, "[true,false]" },
    { "an empty object", {}, "{}" },
    { "an empty array", setmetatable({}, json.array), "[]" },
    { "nested tables", { a = { 1, { b = "c" } } }, '{"a":[1,{"b":"c"}]}' },
    { "names as text sorts them", { b = 1, a = 2 }, '{"a":2,"b":1}' },
    { "null", { json.null }, "[null]" },
  } do
    it("has " .. case[1], function()
      assert.equal(case[3], json.encode(case[2]))
      if case[2] ~= nil then assert.same(case[2], json.decode(case[3])) end
    end)
  end

  it("has the names of the order first", function()
    assert.equal('{"z":1,"a":2,"b":3}', json.encode({ a = 2, b = 3, z = 1 }, { "z", "none" }))
  end)

  it("has amounts as strings of their decimals", function()
    assert.equal('{"amount":"-120.50"}', json.encode { amount = assert(tallystick.money("-120.50", "CHF")) })
  end)

  it("raises where the caller is mistaken", function()
    assert.has_error(function() json.encode(1.5) end, "a float is no number of ours")
    assert.has_error(function() json.encode { [true] = 1 } end, "a name of an object is a string")
    local within = {}
    within.a = within
    assert.has_error(function() json.encode(within) end)
  end)
end)
