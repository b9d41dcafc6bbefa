-- Comma-separated values: what is written reads back, what a spreadsheet would run is disarmed, what is broken is said.
local csv = require "tallystick.csv"
local tallystick = require "tallystick"

local function records(text, separator)
  local found = {}
  for cells, line, message in csv.reader(text, separator) do
    found[#found + 1] = cells and { line, table.unpack(cells) } or { line, message }
  end
  return found
end

describe("a line of CSV", function()
  for _, case in ipairs {
    { "plain cells", { "a", "b c" }, "a,b c\r\n" },
    { "a separator within", { "a,b", "c" }, '"a,b",c\r\n' },
    { "quotes within", { 'say "so"' }, '"say ""so"""\r\n' },
    { "a line break within", { "a\nb" }, '"a\nb"\r\n' },
    { "integers and booleans", { 12, -3, true }, "12,-3,true\r\n" },
    { "one empty cell", { "" }, '""\r\n' },
    { "a formula", { "=1+1" }, "'=1+1\r\n" },
    { "a formula behind spaces", { "  @sum(a1)" }, "'  @sum(a1)\r\n" },
    { "a minus that is text", { "-5" }, "'-5\r\n" },
    { "a plus that is text", { "+41 79" }, "'+41 79\r\n" },
    { "a tab in front", { "\tx" }, "'\tx\r\n" },
    { "a formula in wide letters", { "＝1+1" }, "'＝1+1\r\n" },
    { "a wide sign behind spaces", { " ＋1", "－1", "＠x" }, "' ＋1,'－1,'＠x\r\n" },
    { "other wide letters", { "（1）" }, "（1）\r\n" },
    { "a carriage return in front", { "\rx" }, "\"'\rx\"\r\n" },
  } do
    it("has " .. case[1], function() assert.equal(case[3], csv.line(case[2])) end)
  end

  it("has amounts as plain decimals, also below zero", function()
    assert.equal("-1234.50,0.05\r\n", csv.line { assert(tallystick.money("-1234.50", "CHF")),
      assert(tallystick.money("0.05", "CHF")) })
  end)

  it("keeps empty cells where there is no value", function()
    assert.equal("a,,c,\r\n", csv.line({ "a", nil, "c" }, 4))
  end)

  it("takes another separator", function() assert.equal('a,b;"c;d"\r\n', csv.line({ "a,b", "c;d" }, 2, ";")) end)
end)

describe("reading CSV", function()
  for _, case in ipairs {
    { "nothing", "", {} },
    { "one record without a line end", "a,b", { { 1, "a", "b" } } },
    { "both line ends", "a\r\nb\nc\r", { { 1, "a" }, { 2, "b" }, { 3, "c" } } },
    { "empty cells", ",\na,", { { 1, "", "" }, { 2, "a", "" } } },
    { "empty lines between", "a\n\n\nb\n", { { 1, "a" }, { 4, "b" } } },
    { "quotes", '"a ""b""","c,d"\n', { { 1, 'a "b"', "c,d" } } },
    { "breaks within quotes", '"a\nb",c\nd\n', { { 1, "a\nb", "c" }, { 3, "d" } } },
    { "a byte order mark", "\xEF\xBB\xBFa,b\n", { { 1, "a", "b" } } },
    { "a quote that is not closed", 'a\n"b\nc', { { 1, "a" }, { 2, "cell 1: the quote is not closed" } } },
    { "a quote within a cell", 'a,b"c\nd', { { 1, "cell 2: a quote within a cell that does not begin with one" } } },
    { "text behind a quote", '"a"b,c', { { 1, "cell 1: something stands behind the closing quote" } } },
  } do
    it("gives " .. case[1], function() assert.same(case[3], records(case[2])) end)
  end

  it("takes semicolons and tabs", function()
    assert.same({ { 1, "a,b", "c" } }, records("a,b;c", ";"))
    assert.same({ { 1, "a", "b" } }, records("a\tb", "\t"))
  end)

  it("gives back what was written", function()
    math.randomseed(7)
    local pieces = { "a", ",", '"', "\n", "\r\n", ";", " ", "é", "" }
    for _ = 1, 500 do
      local cells = {}
      for index = 1, math.random(5) do
        local parts = {}
        for part = 1, math.random(0, 4) do parts[part] = pieces[math.random(#pieces)] end
        cells[index] = "x" .. table.concat(parts)
      end
      assert.same({ { 1, table.unpack(cells) } }, records(csv.line(cells)))
    end
  end)
end)
