-- References on invoices: made from a document's number, read back, and held against their check digits.
local helper = require "spec.helper"
local reference = require "tallystick.reference"

describe("a QR reference", function()
  -- The published samples, and check digits worked out by hand from the table of modulo 10, recursive.
  for _, row in ipairs {
    { "21000000000313947143000901", "7" }, { "00000000000000000000000001", "1" }, { "01", "1" }, { "1", "1" },
    { "0", "0" }, { "9", "5" }, { "12", "1" },
  } do
    it(("has the check digit %s behind %s"):format(row[2], row[1]), function()
      assert.equal(row[2], reference.check_digit(row[1]))
    end)
  end

  for _, row in ipairs {
    { "F-00012", nil, "000000000000000000000000121" }, { "F-00012", "880042", "880042000000000000000000125" },
    { "2026/A-17", nil, "000000000000000000002026170" }, { "7", "1234567890123456789012345", nil },
    { "31394714300090", "210000000003", nil },
  } do
    it(("of %s with the prefix %s reads back to its digits"):format(row[1], row[2]), function()
      local text = assert(reference.qr(row[1], { prefix = row[2] }))
      if row[3] then assert.equal(row[3], text) end
      assert.equal(27, #text)
      local parsed = assert(reference.parse(text))
      assert.equal(reference.qr_key(row[1]), reference.behind_prefix(parsed, row[2]))
    end)
  end

  for _, row in ipairs {
    { "FX", nil }, { "F-000", nil }, { "", nil }, { ("1"):rep(27), nil }, { ("1"):rep(21), "880042" }, { 12, nil },
    { "F-1", "88x" }, { "F-1", ("1"):rep(26) }, { "F-1", 88 },
  } do
    it(("is refused for %s with the prefix %s"):format(row[1], row[2]), function()
      helper.refused("field-invalid", reference.qr(row[1], { prefix = row[2] }))
    end)
  end

  it("fills its 26 digits to the last", function()
    assert.equal(27, #assert(reference.qr(("1"):rep(26))))
    assert.equal(27, #assert(reference.qr(("1"):rep(20), { prefix = "880042" })))
  end)

  it("of another prefix is another's", function()
    local parsed = assert(reference.parse(assert(reference.qr("F-00012", { prefix = "880042" }))))
    assert.is_nil(reference.behind_prefix(parsed, "880043"))
    assert.equal("12", reference.behind_prefix(parsed, "880042"))
    assert.equal("88004200000000000000000012", reference.behind_prefix(parsed))
  end)

  it("is told from its neighbours: one wrong digit, and two that changed places", function()
    local text = "210000000003139471430009017"
    assert(reference.parse(text))
    local refused = 0
    for at = 1, 27 do
      for digit = 0, 9 do
        local changed = text:sub(1, at - 1) .. digit .. text:sub(at + 1)
        if changed ~= text then
          helper.refused("field-invalid", reference.parse(changed))
          refused = refused + 1
        end
      end
    end
    assert.equal(27 * 9, refused)
    local swapped = text:sub(1, 12) .. text:sub(14, 14) .. text:sub(13, 13) .. text:sub(15)
    local _, details = helper.refused("field-invalid", reference.parse(swapped))
    assert.equal(1, #details.expected)
  end)
end)

describe("a creditor reference", function()
  for _, row in ipairs {
    { "539007547034", "RF18539007547034" }, { "F-00012", "RF90F00012" }, { "f-00012", "RF90F00012" },
    { "2026/A-17", "RF502026A17" },
  } do
    it(("of %s is %s"):format(row[1], row[2]), function()
      assert.equal(row[2], assert(reference.creditor(row[1])))
      assert.equal(reference.creditor_key(row[1]), assert(reference.parse(row[2])).key)
    end)
  end

  it("may have zeros in front, which change nothing", function()
    assert.equal("539007547034", assert(reference.parse "RF18000000000539007547034").key)
  end)

  for _, text in ipairs { "RF19539007547034", "RF1853900754703", "RF18", "RF18539007547034123456789", "RF18F-00012",
    "RFAA12", "RF000", "" } do
    it(("is not %q"):format(text), function() helper.refused("field-invalid", reference.parse(text)) end)
  end

  for _, number in ipairs { "---", "", "000", ("A"):rep(22) } do
    it(("is refused for %q"):format(number), function()
      helper.refused("field-invalid", reference.creditor(number))
    end)
  end

  it("is told from one with a wrong character", function()
    for at = 3, 16 do
      local text = "RF18539007547034"
      local other = text:sub(at, at) == "7" and "8" or "7"
      helper.refused("field-invalid", reference.parse(text:sub(1, at - 1) .. other .. text:sub(at + 1)))
    end
  end)
end)

describe("any reference", function()
  it("is read with spaces and small letters, and set as invoices print it", function()
    for _, row in ipairs {
      { "21 00000 00003 13947 14300 09017", "210000000003139471430009017" },
      { "rf18 5390 0754 7034", "RF18539007547034" }, { "RF90 F000 12", "RF90F00012" },
    } do
      local parsed = assert(reference.parse(row[1]))
      assert.equal(row[2], parsed.text)
      assert.equal(row[1]:upper(), reference.format(row[2]))
    end
    assert.equal("no reference", reference.format "no reference")
  end)

  it("comes back to its number's key, for every number of a series", function()
    for number = 1, 2000 do
      local text = ("F-%05d"):format(number)
      assert.equal(tostring(number), assert(reference.parse(assert(reference.qr(text)))).key)
      assert.equal(("F%05d"):format(number), assert(reference.parse(assert(reference.creditor(text)))).key)
    end
  end)

  it("that is not a text is refused", function()
    for _, value in ipairs { 12, true, {} } do helper.refused("field-invalid", reference.parse(value)) end
    helper.refused("field-invalid", reference.creditor(12))
  end)
end)
