-- Times: which forms go in, how they come out, local business days, and clocks that are replaced, broken or put back.
local helper = require "spec.helper"
local tallystick = require "tallystick"

local refused, refuses = helper.refused, helper.refuses
after_each(helper.finish)

local ledger, clock
before_each(function() ledger, clock = helper.open { now = "2026-11-20T12:00:00Z" } end)

local function visit(at)
  return ledger:consultation { patient = "P1", amount = "1.00", at = at }
end

describe("a time", function()
  for _, row in ipairs {
    { "2026-11-20", "2026-11-20T00:00:00Z", "2026-11-20" },
    { "2024-02-29", "2024-02-29T00:00:00Z", "2024-02-29" },
    { "2000-02-29", "2000-02-29T00:00:00Z", "2000-02-29" },
    { "0001-01-01", "0001-01-01T00:00:00Z", "0001-01-01" },
    { "1969-12-31", "1969-12-31T00:00:00Z", "1969-12-31" },
    { "2026-11-19T14:30", "2026-11-19T14:30:00Z", "2026-11-19" },
    { "2026-11-19T00:00", "2026-11-19T00:00:00Z", "2026-11-19" },
    { "2026-11-19T23:59:59", "2026-11-19T23:59:59Z", "2026-11-19" },
    { "2026-11-19T14:30:05", "2026-11-19T14:30:05Z", "2026-11-19" },
    { "2026-11-19T14:30Z", "2026-11-19T14:30:00Z", "2026-11-19" },
    { "2026-11-19T14:30:05Z", "2026-11-19T14:30:05Z", "2026-11-19" },
    { "2026-11-19T14:30:05.250Z", "2026-11-19T14:30:05.250Z", "2026-11-19" },
    { "2026-11-19T14:30+01:00", "2026-11-19T13:30:00Z", "2026-11-19" },
    { "2026-11-19T00:30+01:00", "2026-11-18T23:30:00Z", "2026-11-18" },
    { "2026-11-18T20:00:00-05:30", "2026-11-19T01:30:00Z", "2026-11-19" },
    { "2026-11-19T14:30+00:00", "2026-11-19T14:30:00Z", "2026-11-19" },
    { "2026-11-19T14:30+14:00", "2026-11-19T00:30:00Z", "2026-11-19" },
    { 1767225600, "2026-01-01T00:00:00Z", "2026-01-01" },
    { 0, "1970-01-01T00:00:00Z", "1970-01-01" },
    { -1, "1969-12-31T23:59:59Z", "1969-12-31" },
  } do
    local given, at, day = table.unpack(row)
    it(("goes in as %s and comes out as %s"):format(given, at), function()
      local document = assert(visit(given))
      assert.equal(at, document.at)
      assert.equal(day, document.day)
      assert.equal(at, assert(ledger:document(document.number)).at)
    end)

    it(("comes out as %s, which goes in again"):format(at), function()
      assert.equal(at, assert(visit(at)).at)
    end)
  end

  it("may be any of the last day that there is, and none after it", function()
    clock.now = "9999-12-31T23:59:59Z"
    for _, at in ipairs { "9999-12-31T00:00:00Z", "9999-12-31T12:30:00Z", "9999-12-31T23:59:59Z" } do
      assert.equal(at, assert(visit(at)).at)
    end
    assert.equal("9999-12-31T00:00:00Z", assert(visit "9999-12-31").at)
    refuses(ledger, "consultation", { patient = "P1", amount = "1.00", at = "9999-12-31T23:59:59-01:00" },
      "date-invalid")
  end)

  for _, given in ipairs {
    -- days that no calendar has
    "2026-02-29", "1900-02-29", "2026-02-30", "2026-04-31", "2026-11-31", "2026-13-01", "2026-00-10", "2026-01-00",
    "2026-01-32", "0000-01-01",
    -- times that no clock shows
    "2026-01-01T24:00", "2026-01-01T23:60", "2026-01-01T23:59:60", "2026-01-01T25:00", "2026-01-01T-1:00",
    -- other forms
    "", " ", "today", "20260101", "26-01-01", "2026-1-1", "2026-1-01", "2026/01/01", "01.01.2026", "2026-W01-1",
    "2026-001", "2026-01", "2026", "10000-01-01", "-2026-01-01", "+2026-01-01", " 2026-01-01", "2026-01-01 ",
    "2026-01-01\n", "2026-01-01\0", "2026-01-01T", "2026-01-01T10", "2026-01-01T1000", "2026-01-01 10:00",
    "2026-01-01t10:00", "2026-01-01T10:00z", "2026-01-01T10:00:", "2026-01-01T10:00:1", "2026-01-01T10:00:00.",
    "2026-01-01T10:00:00,5", "2026-01-01T10:00 Z", "2026-01-01T10:00ZZ", "2026-01-01Z", "2026-01-01+01:00",
    "2026-01-01T10:00+0100", "2026-01-01T10:00+01", "2026-01-01T10:00+01:60", "2026-01-01T10:00+24:00",
    "2026-01-01T10:00+1:00", "2026-01-01T10:00+", "1767225600",
  } do
    it(("is refused as %q"):format(given:gsub("%c", "?"), given), function()
      local message, details = refuses(ledger, "consultation", { patient = "P1", amount = "1", at = given },
        "date-invalid")
      assert.equal("at", details.field)
      assert(message:find("at", 1, true))
    end)
  end

  for name, given in pairs {
    ["a float"] = 1767225600.5, ["a whole float"] = 1767225600.0, ["infinity"] = math.huge, ["true"] = true,
    ["a table"] = { year = 2026 }, ["a function"] = os.time,
    ["an integer beyond 64 bits of milliseconds"] = math.maxinteger,
    ["the least integer"] = math.mininteger, ["a second after the year 9999"] = 253402300800,
    ["a second before the year 1"] = -62135596801,
  } do
    it("is refused as " .. name, function()
      refuses(ledger, "consultation", { patient = "P1", amount = "1", at = given }, "date-invalid")
    end)
  end

  it("is refused as a field of another name, too", function()
    local _, details = refuses(ledger, "invoice", { patient = "P1", amount = "1", due = "2026-02-30" }, "date-invalid")
    assert.equal("due", details.field)
    _, details = refuses(ledger, "close_days", { through = "2026-02-30" }, "date-invalid")
    assert.equal("through", details.field)
    assert(visit())
    refused("date-invalid", ledger:document("C-00001", { as_of = "2026-02-30" }))
  end)

  it("may be now, but not a second later", function()
    assert.equal("2026-11-20T12:00:00Z", assert(visit "2026-11-20T12:00:00Z").at)
    local message = refuses(ledger, "consultation", { patient = "P1", amount = "1", at = "2026-11-20T12:00:01Z" },
      "date-in-future")
    assert(message:find("2026-11-20", 1, true), message)
  end)

  it("may be years ago", function()
    assert.equal("1999-12-31", assert(visit "1999-12-31T23:00").day)
  end)

  it("is now where it is left out", function()
    local document = assert(visit())
    assert.equal("2026-11-20T12:00:00Z", document.at)
    assert.equal("2026-11-20T12:00:00Z", document.recorded_at)
  end)
end)

-- ---- Local time: another process, because a time zone is a process's ----

-- Each line of input is an `at`; each line of output what became of it.
local CHILD = [[
local tallystick = require "tallystick"
local ledger = assert(tallystick.open(":memory:", { clock = function() return "2030-01-01T00:00Z" end }))
for line in io.lines() do
  local at = math.tointeger(line) or line
  local document, _, code = ledger:consultation { patient = "P1", amount = "1", at = at }
  if document then
    assert(ledger:pay { document = document.number, at = at })
    print(document.at .. " on " .. document.day)
  else
    print(code)
  end
end
assert(ledger:verify())
]]

local function run_child(zone, lines)
  local folder = helper.folder()
  local script = helper.write(folder .. "/child.lua", ("package.path, package.cpath = %q, %q\n"):format(package.path,
    package.cpath) .. CHILD)
  local input = helper.write(folder .. "/lines", table.concat(lines, "\n") .. "\n")
  local pipe <close> = assert(io.popen(("TZ='%s' lua5.4 '%s' <'%s'"):format(zone, script, input)))
  local out = {}
  for line in pipe:lines() do out[#out + 1] = line end
  return out
end

-- The time zones as POSIX writes their rules, so that no files of them are needed.
local ZONES = {
  Zurich = "CET-1CEST,M3.5.0,M10.5.0/3",
  ["São Paulo, when its clocks changed at midnight,"] = "<-03>3<-02>,M10.3.0/0,M2.3.0/0",
  ["New York"] = "EST5EDT,M3.2.0,M11.1.0",
  Kathmandu = "<+0545>-5:45",
}

describe("local time in", function()
  for zone, rows in pairs {
    Zurich = {
      { "2026-01-15", "2026-01-15T00:00:00+01:00 on 2026-01-15" },
      { "2026-07-15", "2026-07-15T00:00:00+02:00 on 2026-07-15" },
      { "2026-01-15T14:30", "2026-01-15T14:30:00+01:00 on 2026-01-15" },
      { "2026-07-15T14:30", "2026-07-15T14:30:00+02:00 on 2026-07-15" },
      { "0", "1970-01-01T01:00:00+01:00 on 1970-01-01" },
      -- a UTC evening is the next morning here
      { "2026-01-31T22:59:59Z", "2026-01-31T23:59:59+01:00 on 2026-01-31" },
      { "2026-01-31T23:00Z", "2026-02-01T00:00:00+01:00 on 2026-02-01" },
      { "2026-07-31T22:30Z", "2026-08-01T00:30:00+02:00 on 2026-08-01" },
      { "2026-08-01T00:30-10:00", "2026-08-01T12:30:00+02:00 on 2026-08-01" },
      -- clocks are put forward: 02:00 to 03:00 is never shown
      { "2026-03-29T01:59:59", "2026-03-29T01:59:59+01:00 on 2026-03-29" },
      { "2026-03-29T02:00", "date-invalid" },
      { "2026-03-29T02:30", "date-invalid" },
      { "2026-03-29T02:59:59", "date-invalid" },
      { "2026-03-29T03:00", "2026-03-29T03:00:00+02:00 on 2026-03-29" },
      { "2026-03-29T01:00Z", "2026-03-29T03:00:00+02:00 on 2026-03-29" },
      { "2026-03-29T02:30+01:00", "2026-03-29T03:30:00+02:00 on 2026-03-29" },
      { "2026-03-29", "2026-03-29T00:00:00+01:00 on 2026-03-29" },
      -- clocks are put back: 02:00 to 03:00 is shown twice, and the earlier is meant
      { "2026-10-25T01:59:59", "2026-10-25T01:59:59+02:00 on 2026-10-25" },
      { "2026-10-25T02:00", "2026-10-25T02:00:00+02:00 on 2026-10-25" },
      { "2026-10-25T02:30", "2026-10-25T02:30:00+02:00 on 2026-10-25" },
      { "2026-10-25T02:30+02:00", "2026-10-25T02:30:00+02:00 on 2026-10-25" },
      { "2026-10-25T02:30+01:00", "2026-10-25T02:30:00+01:00 on 2026-10-25" },
      { "2026-10-25T01:30Z", "2026-10-25T02:30:00+01:00 on 2026-10-25" },
      { "2026-10-25T03:00", "2026-10-25T03:00:00+01:00 on 2026-10-25" },
      { "2026-10-25", "2026-10-25T00:00:00+02:00 on 2026-10-25" },
    },
    ["São Paulo, when its clocks changed at midnight,"] = {
      { "2026-10-17", "2026-10-17T00:00:00-03:00 on 2026-10-17" },
      { "2026-10-18", "2026-10-18T01:00:00-02:00 on 2026-10-18" },
      { "2026-10-18T00:30", "date-invalid" },
      { "2026-10-18T02:59:59Z", "2026-10-17T23:59:59-03:00 on 2026-10-17" },
      { "2026-10-18T03:00Z", "2026-10-18T01:00:00-02:00 on 2026-10-18" },
      { "2026-02-14T23:30", "2026-02-14T23:30:00-02:00 on 2026-02-14" },
      { "2026-02-15", "2026-02-15T00:00:00-03:00 on 2026-02-15" },
    },
    ["New York"] = {
      { "2026-03-08T02:30", "date-invalid" },
      { "2026-11-01T01:30", "2026-11-01T01:30:00-04:00 on 2026-11-01" },
      { "2026-11-02T04:30Z", "2026-11-01T23:30:00-05:00 on 2026-11-01" },
    },
    Kathmandu = {
      { "2026-11-20T14:30", "2026-11-20T14:30:00+05:45 on 2026-11-20" },
      { "2026-11-19T18:15Z", "2026-11-20T00:00:00+05:45 on 2026-11-20" },
    },
  } do
    it(("%s has the instants and business days of its clocks"):format(zone), function()
      local given, expected = {}, {}
      for index, row in ipairs(rows) do
        given[index] = row[1]
        expected[index] = row[1] .. " is " .. row[2]
      end
      local out = run_child(ZONES[zone], given)
      for index, line in ipairs(out) do out[index] = given[index] .. " is " .. line end
      assert.same(expected, out)
    end)
  end
end)

-- ---- The clock ----

describe("the clock", function()
  it("may give epoch seconds", function()
    clock.now = 1767225600
    assert.equal("2026-01-01T00:00:00Z", assert(visit()).recorded_at)
  end)

  it("may give a string", function()
    clock.now = "2026-01-01T01:00:00.500+01:00"
    assert.equal("2026-01-01T00:00:00.500Z", assert(visit()).recorded_at)
  end)

  it("is the system's where none is given", function()
    local before = os.time()
    local other <close> = assert(tallystick.open ":memory:")
    local recorded = assert(other:consultation { patient = "P1", amount = "1" }).recorded_at
    local after = os.time()
    local first = os.date("!%Y-%m-%dT%H:%M:%S", before)
    local last = os.date("!%Y-%m-%dT%H:%M:%S", after)
    assert(first <= recorded:sub(1, 19) and recorded:sub(1, 19) <= last, recorded)
  end)

  for name, value in pairs {
    ["a float"] = 1767225600.0, ["nothing"] = function() return nil end, ["a word"] = "noon", ["a table"] = {},
    ["a day that is none"] = "2026-02-30", ["true"] = true, ["an integer beyond the calendar"] = math.maxinteger,
    ["an error"] = function() error("the battery is empty", 0) end,
    ["an error that is no string"] = function() error {} end,
    ["an error that is nil"] = function() error(nil) end,
  } do
    it("that gives " .. name .. " is refused, and the ledger is still good", function()
      local gives = value
      local broken <close> = assert(tallystick.open(":memory:", { clock = function()
        if type(gives) == "function" then return gives() end
        return gives
      end }))
      local message, details = refused("date-invalid", broken:consultation { patient = "P1", amount = "1" })
      assert(message:find("clock", 1, true), message)
      assert.equal("clock", details.field)
      assert.equal(0, assert(broken:head()).seq)
      gives = "2026-01-01"
      assert.equal("C-00001", assert(broken:consultation { patient = "P1", amount = "1" }).number)
      assert.is_true(broken:verify())
    end)
  end

  it("says why it failed", function()
    local broken <close> = assert(tallystick.open(":memory:", { clock = function() error("no battery", 0) end }))
    local message = refused("date-invalid", broken:consultation { patient = "P1", amount = "1" })
    assert(message:find("no battery", 1, true), message)
  end)

  it("is refused where it is no function", function()
    local _, details = refused("field-invalid", tallystick.open(":memory:", { clock = 1767225600 }))
    assert.equal("clock", details.field)
  end)

  it("may read the ledger itself", function()
    local other
    other = assert(tallystick.open(":memory:", { clock = function() return 1767225600 + other:head().seq end }))
    assert.equal("2026-01-01T00:00:00Z", assert(other:consultation { patient = "P1", amount = "1" }).recorded_at)
    assert.equal("2026-01-01T00:00:01Z", assert(other:consultation { patient = "P1", amount = "1" }).recorded_at)
    assert.is_true(other:verify())
    other:close()
  end)

  it("may write to the ledger itself, before the command that asked for it", function()
    local other
    local inner = false
    other = assert(tallystick.open(":memory:", { clock = function()
      if not inner then
        inner = true
        assert(other:consultation { patient = "inner", amount = "1" })
      end
      return 1767225600
    end }))
    assert.equal("C-00002", assert(other:consultation { patient = "outer", amount = "2" }).number)
    assert.equal("outer", assert(other:document "C-00002").patient)
    assert.equal("inner", assert(other:document "C-00001").patient)
    assert.is_true(other:verify())
    other:close()
  end)

  it("that closes the ledger makes the command raise closed", function()
    local other
    other = assert(tallystick.open(":memory:", { clock = function() other:close() return 0 end }))
    local ok, message = pcall(other.consultation, other, { patient = "P1", amount = "1" })
    assert.is_false(ok)
    assert(message:find("closed", 1, true), message)
  end)
end)

describe("recorded at", function()
  it("never goes back, though the clock does", function()
    local recorded = {}
    for index, now in ipairs { "2026-11-20T12:00", "2026-11-20T11:00", "2026-11-19T12:00", "2026-11-20T12:00:01" } do
      clock.now = now
      recorded[index] = assert(visit()).recorded_at
    end
    assert.same({ "2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z", "2026-11-20T12:00:01Z" },
      recorded)
  end)

  it("leaves collected at to the clock and to the user", function()
    assert(visit())
    clock.now = "2026-11-19T12:00"
    assert.equal("2026-11-19T12:00:00Z", assert(visit()).at)
    assert.equal("2026-11-18", assert(visit "2026-11-18").day)
  end)

  it("never goes back in a file that is opened again", function()
    local path = helper.folder() .. "/clinic.db"
    local first = helper.open { path = path, now = "2026-11-20T12:00" }
    assert(first:consultation { patient = "P1", amount = "1" })
    local second = helper.open { path = path, now = "2026-11-20T11:00" }
    assert.equal("2026-11-20T12:00:00Z", assert(second:consultation { patient = "P1", amount = "1" }).recorded_at)
  end)

  it("is apart from when the money changed hands", function()
    assert(visit "2026-11-01")
    local payment = assert(ledger:pay { document = "C-00001", at = "2026-11-02T09:00" })
    helper.matches({ at = "2026-11-02T09:00:00Z", day = "2026-11-02", recorded_at = "2026-11-20T12:00:00Z" }, payment)
    helper.matches({ at = "2026-11-02T09:00:00Z", day = "2026-11-02", recorded_at = "2026-11-20T12:00:00Z" },
      assert(ledger:payment(payment.number)))
  end)
end)

describe("the business day", function()
  it("is that of collected at, in totals and listings", function()
    assert(visit "2026-11-01")
    assert(ledger:pay { document = "C-00001", amount = "0.60", at = "2026-11-02T23:59:59Z" })
    assert(ledger:pay { document = "C-00001", amount = "0.40", at = "2026-11-03T00:00:00Z" })
    assert.same({ ["2026-11-02"] = "collected 0.60, count 1", ["2026-11-03"] = "collected 0.40, count 1" },
      helper.totals(ledger, { by = { "day" } }))
    local numbers = {}
    for payment in ledger:payments { from = "2026-11-03", to = "2026-11-03" } do
      numbers[#numbers + 1] = payment.number
    end
    assert.same({ "R-00002" }, numbers)
  end)
end)
