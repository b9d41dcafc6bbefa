-- Workflows: where a document stands, what is due and when, moves by hand, and followers of the journal (design.md §7).
local child = require "spec.child"
local command = require "spec.command"
local config = require "tallystick.config"
local helper = require "spec.helper"

local refused, refuses, matches = helper.refused, helper.refuses, helper.matches
local NONE = helper.NONE

after_each(helper.finish)

---A script with one workflow, or several: each the text of its fields behind `document` and `initial`.
local function script_of(...)
  local parts = { helper.SCRIPT }
  for index, fields in ipairs { ... } do
    parts[#parts + 1] = ('clinic:workflow { id = "flow-%d", document = "invoice", initial = "new", %s }\n'):format(
      index, fields)
  end
  return table.concat(parts)
end

local function open(script, options)
  options = options or {}
  options.script = script
  return helper.open(options)
end

local REMINDERS = helper.SCRIPT .. [[
clinic:workflow { id = "reminders", document = "invoice", initial = "issued",
  stages = { "issued", "reminder-1", "reminder-2", "dispute", "collection" },
  transitions = {
    { from = "issued", to = "reminder-1", after = "30d", action = function(document, ctx)
      ctx.charge { amount = "10.00", label = "fee" }
      ctx.annotate "a friendly letter"
      ctx.emit("letter", { level = "1", patient = document.patient })
    end },
    { from = "reminder-1", to = "reminder-2", after = "10d" },
    { from = "reminder-1", to = "dispute", manual = true },
    { from = "dispute", to = "reminder-1", manual = true },
    { from = "reminder-2", to = "collection", after = "10d", by = { "manager", "owner" } },
  } }
]]

local function invoice(ledger, amount, at)
  return assert(ledger:invoice { patient = "P1", amount = amount or "100.00", at = at }).number
end

local function stage(ledger, number, name)
  return assert(ledger:stage(number or "F-00001", name)).stage
end

---How many moves an advance made, where all went well.
local function moved(ledger, options)
  local report = assert(ledger:advance(options))
  assert.same({}, report.refusals)
  return report.moved
end

---The entries of one kind as lines.
local function stages_of(ledger, number)
  local lines = {}
  for entry in ledger:entries { document = number, kind = "stage" } do
    lines[#lines + 1] = ("%s %s>%s"):format(entry.day, entry.fields.from, entry.fields.to)
  end
  return lines
end

-- ---- Where a document stands ----

describe("a stage", function()
  local ledger, clock

  before_each(function()
    ledger, clock = open(REMINDERS)
    invoice(ledger)
  end)

  it("is the first one, from the document's own day on, as long as it was moved nowhere", function()
    assert.same({
      document = "F-00001", workflow = "reminders", stage = "issued", since = "2026-03-02T10:00:00Z",
      day = "2026-03-02", next = { { to = "reminder-1", manual = false, due = "2026-04-01" } },
    }, assert(ledger:stage "F-00001"))
  end)

  it("is the one it was moved to last, with the entry that says so and the ways on", function()
    clock.now = "2026-04-01T08:00:00Z"
    assert.equal(1, moved(ledger))
    local head = assert(ledger:head())
    assert.same({
      document = "F-00001", workflow = "reminders", stage = "reminder-1", since = "2026-04-01T08:00:00Z",
      day = "2026-04-01", seq = head.seq, next = {
        { to = "reminder-2", manual = false, due = "2026-04-11" },
        { to = "dispute", manual = true, due = "2026-04-01", due_at = nil },
      },
    }, assert(ledger:stage("F-00001", "reminders")))
  end)

  it("tells who may take the way on, and none where there is none", function()
    for _, to in ipairs { "reminder-1", "reminder-2" } do assert(ledger:move { document = "F-00001", to = to }) end
    assert.same({ "manager", "owner" }, assert(ledger:stage "F-00001").next[1].by)
    assert(ledger:move { document = "F-00001", to = "collection" })
    assert.same({}, assert(ledger:stage "F-00001").next)
  end)

  it("is refused for what is no document, no workflow, or none of its kind", function()
    refused("document-unknown", ledger:stage "F-00002")
    refused("field-invalid", ledger:stage(1))
    refused("field-invalid", ledger:stage())
    local message, details = refused("field-invalid", ledger:stage("F-00001", "reminder"))
    assert.equal('workflow: none is called "reminder" for this document; did you mean "reminders"?', message)
    assert.same({ field = "workflow", value = "reminder", nearest = "reminders" }, details)
    assert(ledger:consultation { patient = "P1", amount = "1.00" })
    refused("field-invalid", ledger:stage "C-00001")
    refused("field-invalid", ledger:stage("C-00001", "reminders"))
  end)

  it("is refused in a ledger whose script declares no workflow", function()
    local plain = helper.open()
    invoice(plain)
    refused("field-invalid", plain:stage "F-00001")
    assert.same({ looked = 0, moved = 0, refused = 0, refusals = {}, complete = true }, assert(plain:advance()))
  end)
end)

-- ---- When it is due ----

local function one_step(period)
  return script_of(('stages = { "new", "old" }, transitions = { { from = "new", to = "old", after = "%s" } }')
    :format(period))
end

describe("what is due", function()
  for _, row in ipairs {
    -- made, period, due
    { "2026-01-31", "1mo", "2026-02-28" }, { "2028-01-31", "1mo", "2028-02-29" }, { "2026-01-31", "2mo", "2026-03-31" },
    { "2026-03-31", "1mo", "2026-04-30" }, { "2026-02-28", "1mo", "2026-03-28" }, { "2026-12-31", "2mo", "2027-02-28" },
    { "2026-11-30", "3mo", "2027-02-28" }, { "2026-12-15", "1mo", "2027-01-15" },
    { "2024-01-31", "13mo", "2025-02-28" },
    { "2024-02-29", "1y", "2025-02-28" }, { "2024-02-29", "4y", "2028-02-29" }, { "2023-02-28", "1y", "2024-02-28" },
    { "2024-02-28", "1d", "2024-02-29" }, { "2024-02-28", "2d", "2024-03-01" }, { "2026-02-28", "1d", "2026-03-01" },
    { "2026-12-31", "1d", "2027-01-01" }, { "2026-03-02", "30d", "2026-04-01" }, { "2026-03-02", "2w", "2026-03-16" },
    { "2023-03-01", "365d", "2024-02-29" }, { "2026-03-02", "0d", "2026-03-02" }, { "2000-01-01", "9999d",
      "2027-05-18" },
  } do
    local made, period, due = table.unpack(row)

    it(("%s after %s, is due on %s and not a second sooner"):format(period, made, due), function()
      local ledger, clock = open(one_step(period), { now = "2029-01-01T12:00Z" })
      invoice(ledger, "100.00", made .. "T00:00Z")
      assert.equal(due, assert(ledger:stage "F-00001").next[1].due)
      clock.now = "2029-01-02T12:00Z"
      if period ~= "0d" then
        local second = os.time { year = due:sub(1, 4), month = due:sub(6, 7), day = due:sub(9, 10), hour = 0 } - 1
        assert.equal(0, moved(ledger, { as_of = second }))
      end
      assert.equal(1, moved(ledger, { as_of = due .. "T00:00Z" }))
      assert.same({ due .. " new>old" }, stages_of(ledger, "F-00001"))
    end)
  end

  it("hours after, is due on the second", function()
    local ledger, clock = open(one_step "36h")
    invoice(ledger)
    assert.equal(os.time { year = 2026, month = 3, day = 3, hour = 22 }, assert(ledger:stage "F-00001").next[1].due_at)
    assert.is_nil(assert(ledger:stage "F-00001").next[1].due)
    clock.now = "2026-03-03T21:59:59.999Z"
    assert.equal(0, moved(ledger))
    clock.now = "2026-03-03T22:00Z"
    assert.equal(1, moved(ledger))
  end)

  it("without a period, is due at once, and not before the document was there", function()
    local ledger, clock = open(script_of 'stages = { "new", "old" }, transitions = { { from = "new", to = "old" } }')
    invoice(ledger)
    clock.now = "2026-03-03T10:00Z"
    assert.equal(0, moved(ledger, { as_of = "2026-03-02T09:59:59Z" }))
    assert.equal(1, moved(ledger, { as_of = "2026-03-02T10:00:00Z" }))
  end)

  it("counts from the day of a stage, not from the day on which it was recorded", function()
    local ledger, clock = open(REMINDERS)
    invoice(ledger)
    clock.now = "2026-05-01T09:00Z"
    assert.equal(1, moved(ledger, { as_of = "2026-04-03T09:00Z" }))
    matches({ stage = "reminder-1", day = "2026-04-03", next = { { due = "2026-04-13" }, {} } },
      ledger:stage "F-00001")
    assert.equal(1, moved(ledger))
  end)

  it("goes one stage at a time where each has its own period, however late it is", function()
    local ledger, clock = open(REMINDERS)
    invoice(ledger)
    clock.now = "2027-01-01T09:00Z"
    assert.equal(1, moved(ledger))
    assert.equal("reminder-1", stage(ledger))
    clock.now = "2027-01-11T09:00Z"
    assert.equal(1, moved(ledger))
    assert.equal("reminder-2", stage(ledger))
  end)

  it("goes through several at once where nothing holds it, and to no stage twice in a run", function()
    local ledger = open(script_of [[stages = { "new", "a", "b" }, transitions = {
      { from = "new", to = "a" }, { from = "a", to = "b" },
      { from = "b", to = "a", when = function() return true end } }]])
    invoice(ledger)
    assert.equal(2, moved(ledger))
    assert.same({ "2026-03-02 new>a", "2026-03-02 a>b" }, stages_of(ledger, "F-00001"))
    assert.equal(1, moved(ledger))
  end)

  it("goes as far as is due also while the clock goes on", function()
    local ticks = 0
    local ticking = setmetatable({}, { __index = function()
      ticks = ticks + 1
      return ("2026-03-03T09:00:%02d.%03dZ"):format(ticks // 1000, ticks % 1000)
    end })
    local text = script_of [[stages = { "new", "a", "b", "c" }, transitions = {
      { from = "new", to = "a" }, { from = "a", to = "b" }, { from = "b", to = "c" } }]]
    local ledger = helper.open { clock = ticking, script = text }
    for number = 1, 3 do assert(ledger:invoice { patient = "P" .. number, amount = "10.00" }) end
    assert.equal(9, assert(ledger:advance {}).moved)
    assert.is_true(ticks > 9)
  end)

  local CHARGES = [[stages = { "new", "a", "b" }, transitions = {
    { from = "new", to = "a", when = function(_, ctx) ctx.log "asked" return true end,
      action = function(_, ctx) ctx.charge { amount = "-5.00" } end },
    { from = "a", to = "b", action = function(_, ctx) ctx.charge { amount = "20.00" } end } }]]

  it("takes no further step on what an earlier one has settled", function()
    local ledger = helper.open { script = script_of(CHARGES) }
    assert(ledger:invoice { patient = "P1", amount = "5.00" })
    assert.equal(1, assert(ledger:advance {}).moved)
    helper.matches({ charged = "0.00", status = "paid" }, assert(ledger:document "F-00001"))
  end)

  it("leaves alone what was paid meanwhile, after it was found due", function()
    local path = helper.folder() .. "/clinic.db"
    local other
    local ledger = helper.open { path = path, script = script_of(CHARGES), on_log = function()
      if not other then
        other = helper.open { path = path, script = "" }
        assert(other:pay { document = "F-00001" })
      end
    end }
    assert(ledger:invoice { patient = "P1", amount = "50.00" })
    assert.equal(0, assert(ledger:advance {}).moved)
    helper.matches({ charged = "50.00", status = "paid" }, assert(ledger:document "F-00001"))
  end)

  it("takes the first way that may be taken, in order of declaration", function()
    local ledger = open(script_of [[stages = { "new", "small", "large" }, transitions = {
      { from = "new", to = "large", when = function(document, ctx) return document.remaining > ctx.money "50.00" end },
      { from = "new", to = "small" } }]])
    invoice(ledger, "50.00")
    invoice(ledger, "50.01")
    assert.equal(2, moved(ledger))
    assert.same({ "small", "large" }, { stage(ledger, "F-00001"), stage(ledger, "F-00002") })
  end)
end)

-- A time zone is a process's: each line says an instant and what came of it.
local ZURICH = [[
local tallystick = require "tallystick"
local script, period, made = arg[1], arg[2], arg[3]
local now = made
local ledger = assert(tallystick.open(":memory:", { config = script, clock = function() return now end }))
local number = assert(ledger:invoice { patient = "P1", amount = "10.00" }).number
for index = 4, #arg do
  now = arg[index]
  print(now, assert(ledger:advance()).moved)
end
local entry = ledger:entries { kind = "stage" } ()
print(entry and entry.at, entry and entry.day)
assert(ledger:verify())
]]

describe("what is due in Zurich", function()
  for title, row in pairs {
    ["begins with the local day, in summer time"] = {
      "30d", "2026-03-02T10:00", { "2026-03-31T23:59:59+02:00", 0 }, { "2026-04-01T00:00:00+02:00", 1 },
      "2026-04-01T00:00:00+02:00\t2026-04-01",
    },
    ["begins with the local day, in winter time"] = {
      "10d", "2026-10-20T10:00", { "2026-10-29T23:59:59+01:00", 0 }, { "2026-10-30T00:00:00+01:00", 1 },
      "2026-10-30T00:00:00+01:00\t2026-10-30",
    },
    ["counts from the local day, though it was the day before by UTC"] = {
      "1d", "2026-07-31T22:30:00Z", { "2026-08-01T21:59:59Z", 0 }, { "2026-08-01T22:00:00Z", 1 },
      "2026-08-02T00:00:00+02:00\t2026-08-02",
    },
    ["is as many hours later where the clock is put forward"] = {
      "24h", "2026-03-28T12:00+01:00", { "2026-03-29T12:59:59+02:00", 0 }, { "2026-03-29T13:00:00+02:00", 1 },
      "2026-03-29T13:00:00+02:00\t2026-03-29",
    },
    ["is as many hours later where the clock is put back"] = {
      "24h", "2026-10-24T12:00+02:00", { "2026-10-25T10:59:59+01:00", 0 }, { "2026-10-25T11:00:00+01:00", 1 },
      "2026-10-25T11:00:00+01:00\t2026-10-25",
    },
    ["begins with the day on which the clock is put forward"] = {
      "1d", "2026-03-28T23:30", { "2026-03-28T23:59:59+01:00", 0 }, { "2026-03-29T00:00:00+01:00", 1 },
      "2026-03-29T00:00:00+01:00\t2026-03-29",
    },
    ["begins with the day after the clock was put back"] = {
      "1d", "2026-10-25T02:30+01:00", { "2026-10-25T23:59:59+01:00", 0 }, { "2026-10-26T00:00:00+01:00", 1 },
      "2026-10-26T00:00:00+01:00\t2026-10-26",
    },
  } do
    it(title, function()
      local folder = helper.folder()
      local script = helper.write(folder .. "/clinic.lua", one_step(row[1]))
      local program = helper.write(folder .. "/zurich.lua", ZURICH)
      local ended = command.shell("TZ=CET-1CEST,M3.5.0,M10.5.0/3 "
        .. child.line(program, script, row[1], row[2], row[3][1], row[4][1]))
      assert.same({ 0, "" }, { ended.code, ended.err })
      assert.equal(("%s\t%d\n%s\t%d\n%s\n"):format(row[3][1], row[3][2], row[4][1], row[4][2], row[5]), ended.out)
    end)
  end
end)

-- ---- Advancing ----

describe("advancing", function()
  local ledger, clock

  local function due_invoices(count, script)
    ledger, clock = open(script or REMINDERS)
    for _ = 1, count do invoice(ledger) end
    clock.now = "2026-04-01T09:00:00Z"
  end

  it("moves what is due, charges what the action asks for, and tells of it", function()
    due_invoices(2)
    assert(ledger:pay { document = "F-00002" })
    assert.same({ looked = 1, moved = 1, refused = 0, refusals = {}, complete = true }, assert(ledger:advance()))
    assert.equal("unpaid 110.00: charged 110.00", helper.state(ledger, "F-00001"))
    assert.same({ "reminder-1", "issued" }, { stage(ledger), stage(ledger, "F-00002") })
  end)

  it("a second time finds nothing left to do, nor does another handle", function()
    local path = helper.folder() .. "/clinic.db"
    ledger, clock = open(REMINDERS, { path = path })
    invoice(ledger)
    local other = open(REMINDERS, { path = path, clock = clock })
    clock.now = "2026-04-01T09:00:00Z"
    assert.equal(1, moved(ledger))
    local head = assert(ledger:head())
    assert.same({ 0, 0 }, { moved(other), moved(ledger) })
    assert.same(head, assert(ledger:head()))
  end)

  it("as of an instant dates stage and charge at it", function()
    due_invoices(1)
    clock.now = "2026-06-01T09:00:00Z"
    assert.equal(0, moved(ledger, { as_of = "2026-03-31T23:59:59Z" }))
    assert.equal(1, moved(ledger, { as_of = "2026-04-01" }))
    local entries = helper.all(ledger:entries { document = "F-00001", from_seq = 2 })
    matches({ kind = "charge", at = "2026-04-01T00:00:00Z", recorded_at = "2026-06-01T09:00:00Z" }, entries[1])
    matches({ kind = "stage", at = "2026-04-01T00:00:00Z", recorded_at = "2026-06-01T09:00:00Z" }, entries[2])
  end)

  it("gives scripts the instant it is done as of", function()
    due_invoices(1, script_of [[stages = { "new", "old" }, transitions = { { from = "new", to = "old",
      when = function(document, ctx) return ctx.day == "2026-03-20" and document.number == "F-00001" end,
      action = function(_, ctx) ctx.emit("seen", { now = ctx.now, day = ctx.day }) end } }]])
    assert.equal(0, moved(ledger))
    assert.equal(1, moved(ledger, { as_of = "2026-03-20T08:00:00Z" }))
    local entry = helper.all(ledger:entries { kind = "stage" })[1]
    assert.same({ "2026-03-20T08:00:00Z", "2026-03-20" }, { entry.fields.now, entry.fields.day })
  end)

  it("is refused for an instant in the future, and for options that it does not know", function()
    due_invoices(1)
    for _, row in ipairs {
      { { as_of = "2026-04-01T09:00:01Z" }, "date-in-future" }, { { as_of = "yesterday" }, "date-invalid" },
      { { as_of = 1.5 }, "date-invalid" }, { { limt = 1 }, "field-unknown" }, { { limit = 0 }, "field-invalid" },
      { { limit = 1.0 }, "field-invalid" }, { { limit = "1" }, "field-invalid" },
      { { progress = 5 }, "field-invalid" }, { { workflow = "reminder" }, "field-invalid" },
      { { workflow = 5 }, "field-invalid" }, { { after = "F-00009" }, "document-unknown" },
      { { after = 5 }, "field-invalid" }, { { roles = "manager" }, "field-invalid" },
      { { actor = 5 }, "field-invalid" },
    } do refuses(ledger, "advance", row[1], row[2]) end
    assert.equal('advance has no field "limt"; did you mean "limit"?', (select(2, ledger:advance { limt = 1 })))
    assert.has_error(function() ledger:advance "now" end)
    assert.equal("issued", stage(ledger))
  end)

  it("up to a limit stops there, and goes on where it stopped", function()
    due_invoices(5)
    matches({ moved = 2, looked = 2, complete = false, after = "F-00001" }, ledger:advance { limit = 2 })
    matches({ moved = 2, looked = 3, complete = false, after = "F-00003" },
      ledger:advance { limit = 2, after = "F-00001" })
    matches({ moved = 1, looked = 2, complete = true, after = NONE }, ledger:advance { limit = 2, after = "F-00003" })
    assert.equal(0, moved(ledger))
  end)

  it("up to a limit within a document goes on with what is left of it", function()
    due_invoices(2, script_of [[stages = { "new", "a", "b" }, transitions = {
      { from = "new", to = "a" }, { from = "a", to = "b" } }]])
    local after
    for turn = 1, 4 do
      local report = assert(ledger:advance { limit = 1, after = after })
      assert.same({ 1, false }, { report.moved, report.complete }, "turn " .. turn)
      after = report.after
    end
    matches({ moved = 0, complete = true }, ledger:advance { limit = 1, after = after })
    assert.same({ "b", "b" }, { stage(ledger), stage(ledger, "F-00002") })
  end)

  it("up to a limit leaves none of several workflows out", function()
    local fields = 'stages = { "new", "old" }, transitions = { { from = "new", to = "old" } }'
    due_invoices(3, script_of(fields, fields))
    local after, total
    total = 0
    repeat
      local report = assert(ledger:advance { limit = 1, after = after })
      after, total = report.after, total + report.moved
    until report.complete
    assert.equal(6, total)
    for index = 1, 3 do
      local number = ("F-%05d"):format(index)
      assert.same({ "old", "old" }, { stage(ledger, number, "flow-1"), stage(ledger, number, "flow-2") })
    end
  end)

  it("tells its progress, and stops where that says false", function()
    due_invoices(40)
    local told = {}
    assert(ledger:advance { progress = function(report) told[#told + 1] = report.looked end })
    assert.same({ 16, 32, 40 }, told)
    due_invoices(40)
    local report = assert(ledger:advance { progress = function() return false end })
    matches({ looked = 16, moved = 16, complete = false, after = "F-00016" }, report)
    matches({ looked = 24, moved = 24, complete = true }, ledger:advance { after = report.after })
  end)

  it("of one workflow leaves the others alone", function()
    local fields = 'stages = { "new", "old" }, transitions = { { from = "new", to = "old" } }'
    due_invoices(1, script_of(fields, fields))
    assert.equal(1, moved(ledger, { workflow = "flow-2" }))
    assert.same({ "new", "old" }, { stage(ledger, "F-00001", "flow-1"), stage(ledger, "F-00001", "flow-2") })
    assert.equal(1, moved(ledger))
    -- A document has as many stages as there are workflows for its kind: which one is meant must be said.
    refused("field-missing", ledger:stage "F-00001")
    refuses(ledger, "move", { document = "F-00001", to = "old" }, "field-missing")
  end)

  it("looks at the documents of its kind only", function()
    ledger, clock = helper.open { script = helper.SCRIPT .. [[
      clinic:workflow { id = "visits", document = "consultation", initial = "new", stages = { "new", "old" },
        transitions = { { from = "new", to = "old" } } }
      clinic:workflow { id = "bills", document = "invoice", initial = "new", stages = { "new", "sent" },
        transitions = { { from = "new", to = "sent" } } }]] }
    assert(ledger:consultation { patient = "P1", amount = "10.00" })
    invoice(ledger)
    assert.same({ looked = 2, moved = 2, refused = 0, refusals = {}, complete = true }, assert(ledger:advance()))
    assert.same({ "old", "sent" }, { stage(ledger, "C-00001"), stage(ledger, "F-00001") })
  end)

  it("passes over what is cancelled, invoiced or settled", function()
    ledger, clock = helper.open { script = helper.SCRIPT .. [[
      clinic:workflow { id = "visits", document = "consultation", initial = "new", stages = { "new", "old" },
        transitions = { { from = "new", to = "old" } } }]] }
    for _ = 1, 4 do assert(ledger:consultation { patient = "P1", amount = "10.00" }) end
    assert(ledger:cancel { document = "C-00001", reason = "by mistake" })
    assert(ledger:invoice { consultations = { "C-00002" } })
    assert(ledger:pay { document = "C-00003" })
    assert.same({ looked = 1, moved = 1, refused = 0, refusals = {}, complete = true }, assert(ledger:advance()))
    assert.equal("old", stage(ledger, "C-00004"))
    assert(ledger:cancel { document = "F-00001", reason = "by mistake" })
    assert.equal(1, moved(ledger))
  end)

  it("looks at settled documents too where the workflow says so, at cancelled ones never", function()
    due_invoices(3, script_of [[settled = true, stages = { "new", "old" }, transitions = {
      { from = "new", to = "old" } }]])
    assert(ledger:pay { document = "F-00001" })
    assert(ledger:cancel { document = "F-00002", reason = "by mistake" })
    assert.equal(2, moved(ledger))
    assert.same({ "old", "new", "old" }, { stage(ledger), stage(ledger, "F-00002"), stage(ledger, "F-00003") })
  end)

  it("leaves manual transitions to people", function()
    due_invoices(1)
    assert.equal(1, moved(ledger))
    assert(ledger:move { document = "F-00001", to = "dispute" })
    clock.now = "2027-04-01T09:00:00Z"
    assert.equal(0, moved(ledger))
    assert.equal("dispute", stage(ledger))
  end)

  it("takes what is for a role only in that role", function()
    due_invoices(1)
    for _, to in ipairs { "reminder-1", "reminder-2" } do assert(ledger:move { document = "F-00001", to = to }) end
    clock.now = "2026-05-01T09:00:00Z"
    for _, roles in ipairs { {}, { "desk" }, { "Manager" } } do assert.equal(0, moved(ledger, { roles = roles })) end
    assert.equal(1, moved(ledger, { roles = { "desk", "owner" }, actor = "olga" }))
    matches({ actor = "olga", fields = { to = "collection" } }, helper.all(ledger:entries { kind = "stage" })[3])
  end)

  it("asks the hooks of charge and move, which may refuse", function()
    ledger, clock = open(REMINDERS .. [[
      clinic:before("charge", { id = "no-fees" }, function(event, ctx)
        if event.document == "F-00001" then return ctx.refuse("no-fee", "F-00001 has no fees") end
      end)
      clinic:before("move", { id = "stay" }, function(event, ctx)
        if event.document == "F-00002" then
          return ctx.refuse("stay", event.workflow .. " " .. event.from .. ">" .. event.to)
        end
      end)]])
    for _ = 1, 3 do invoice(ledger) end
    clock.now = "2026-04-01T09:00:00Z"
    local report = assert(ledger:advance())
    assert.same({ 1, 2 }, { report.moved, report.refused })
    assert.same({
      { document = "F-00001", workflow = "reminders", code = "refused", message = "F-00001 has no fees" },
      { document = "F-00002", workflow = "reminders", code = "refused", message = "reminders issued>reminder-1" },
    }, report.refusals)
    assert.equal("unpaid 100.00: charged 100.00", helper.state(ledger, "F-00002"))
  end)

  it("within a transaction is part of it", function()
    due_invoices(2)
    ledger:transaction(function(tx)
      assert.equal(2, moved(tx))
      return nil, "never mind"
    end)
    assert.equal("issued", stage(ledger))
    assert(ledger:transaction(function(tx) return moved(tx) end))
    assert.equal("reminder-1", stage(ledger, "F-00002"))
  end)

  it("is refused to a ledger open for reading", function()
    local path = helper.folder() .. "/clinic.db"
    ledger, clock = open(REMINDERS, { path = path })
    invoice(ledger)
    clock.now = "2026-04-01T09:00:00Z"
    local reader = helper.open { path = path, script = "", mode = "ro", clock = clock }
    local _, _, code = reader:advance()
    assert.is_true(code == nil or code == "read-only")
    assert.equal("issued", stage(ledger))
  end)
end)

-- ---- What goes wrong ----

describe("a move that does not happen", function()
  local ledger, clock
  -- The line on which the workflow is declared, behind the standard script.
  local DECLARED <const> = select(2, helper.SCRIPT:gsub("\n", "")) + 1

  local function with_functions(fields)
    ledger, clock = open(script_of(('stages = { "new", "old" }, transitions = {\n{ from = "new", to = "old", %s } }')
      :format(fields)))
    invoice(ledger)
  end

  ---Advances, and expects that neither charge nor stage came of it. Gives the one refusal.
  local function stuck()
    local before = assert(ledger:head())
    local report = assert(ledger:advance())
    assert.same({ 0, 1, 1 }, { report.moved, report.refused, #report.refusals })
    assert.same(before, assert(ledger:head()))
    assert.equal("new", stage(ledger))
    return report.refusals[1]
  end

  it("since a charge of its action falls on a closed day leaves neither charge nor stage", function()
    ledger, clock = open(REMINDERS)
    invoice(ledger)
    invoice(ledger)
    clock.now = "2026-04-05T09:00:00Z"
    assert(ledger:close_days { through = "2026-04-02" })
    local before = assert(ledger:head())
    local report = assert(ledger:advance { as_of = "2026-04-02T09:00" })
    matches({ looked = 2, moved = 0, refused = 2, complete = true }, report)
    matches({ document = "F-00002", workflow = "reminders", code = "period-closed" }, report.refusals[2])
    assert.same(before, assert(ledger:head()))
    assert.equal(2, moved(ledger))
  end)

  it("since its second charge is refused takes the first one back", function()
    with_functions [[action = function(_, ctx)
      ctx.charge { amount = "5.00", label = "fee" }
      ctx.charge { amount = "-500.00", label = "too much" }
    end]]
    assert.equal("charge-below-settled", stuck().code)
    assert.equal("unpaid 100.00: charged 100.00", helper.state(ledger, "F-00001"))
  end)

  it("since the charge is not permitted in its roles is refused so", function()
    ledger, clock = open(REMINDERS .. 'clinic:permit { charge = { "cashier" } }\n')
    invoice(ledger)
    clock.now = "2026-04-01T09:00:00Z"
    matches({ refused = 1, refusals = { { code = "permission-denied" } } }, ledger:advance())
    assert.equal(1, moved(ledger, { roles = { "cashier" } }))
  end)

  it("since its action refuses says why, in the script's words", function()
    with_functions [[action = function(document, ctx)
      ctx.charge { amount = "5.00" }
      return ctx.refuse("not-now", document.number .. ": not-now, it waits")
    end]]
    assert.same({ document = "F-00001", workflow = "flow-1", code = "refused", message = "F-00001: not-now, it waits" },
      stuck())
    local message, details = refuses(ledger, "move", { document = "F-00001", to = "old" }, "refused")
    assert.same({ "F-00001: not-now, it waits", "not-now", "flow-1" }, { message, details.code, details.rule })
  end)

  for title, row in pairs {
    ["when raises"] = { 'when = function()\nerror("not today") end', 2, "not today", 'when("new>old")' },
    ["when fails"] = { "when = function(document)\nreturn document.nix.x end", 2,
      "attempt to index a nil value (field 'nix')", 'when("new>old")' },
    ["when returns a text"] = { 'when = function() return "yes" end', 0, "returned a string; return true or false",
      'when("new>old")' },
    ["when returns a number"] = { "when = function() return 0 end", 0, "returned a number; return true or false",
      'when("new>old")' },
    ["when charges"] = { 'when = function(_, ctx)\nctx.charge { amount = "1.00" } end', 2,
      "ctx.charge is for the action of a transition", 'when("new>old")' },
    ["when emits"] = { 'when = function(_, ctx)\nctx.emit "letter" end', 2,
      "ctx.emit is for the action of a transition", 'when("new>old")' },
    ["action raises"] = { 'action = function()\n\nerror("out of paper") end', 3, "out of paper", 'action("new>old")' },
    ["action charges a number"] = { "action = function(_, ctx)\nctx.charge { amount = 5 } end", 2,
      'ctx.charge, amount: give a string such as "20.00" or a money value', 'action("new>old")' },
    ["action charges with an unknown field"] = {
      'action = function(_, ctx)\nctx.charge { amount = "5.00", note = "x" } end', 2,
      "ctx.charge has no field note; it takes amount and label", 'action("new>old")' },
    ["action emits twice"] = { 'action = function(_, ctx)\nctx.emit "a"\nctx.emit "b" end', 3,
      "ctx.emit: one event for each transition", 'action("new>old")' },
    ["action emits a name of the entry's own"] = {
      'action = function(_, ctx)\nctx.emit("letter", { from = "x" }) end', 2,
      "ctx.emit: from will not do as a name", 'action("new>old")' },
    ["action drops its refusal"] = { 'action = function(_, ctx)\nctx.refuse("no", "no") end', 0,
      "called ctx.refuse and did not return what it gives; write return ctx.refuse(…)", 'action("new>old")' },
    ["action reads what ctx has not"] = { "action = function(_, ctx)\nreturn ctx.zeros end", 2,
      "ctx has no field zeros; did you mean zero?", 'action("new>old")' },
    ["action never ends"] = { "action = function()\nwhile true do end end", 2, "instructions", 'action("new>old")' },
  } do
    it(title .. " names script, line and transition", function()
      with_functions(row[1])
      local refusal = stuck()
      assert.equal("script-failed", refusal.code)
      local line, hook, rule, reason = refusal.message:match '^[^:]+:(%d+): (%S+) "([^"]+)": (.*)$'
      assert.same({ tostring(DECLARED + row[2]), row[4], "flow-1" }, { line, hook, rule }, refusal.message)
      assert.truthy(reason:find(row[3], 1, true), refusal.message)
    end)
  end

  it("since its script fails says so to a move by hand, too", function()
    with_functions 'action = function()\nerror("out of paper") end'
    local _, details = refuses(ledger, "move", { document = "F-00001", to = "old" }, "script-failed")
    assert.same({ "flow-1", 'action("new>old")', tostring(DECLARED + 2) },
      { details.rule, details.hook, tostring(details.line) })
  end)

  it("keeps no other document from its own", function()
    with_functions 'when = function(document) return document.number ~= "F-00002" or error "odd" end'
    for _ = 1, 3 do invoice(ledger) end
    matches({ looked = 4, moved = 3, refused = 1 }, ledger:advance())
    assert.same({ "old", "new", "old" }, { stage(ledger), stage(ledger, "F-00002"), stage(ledger, "F-00003") })
  end)

  it("is told of a hundred times, and counted beyond", function()
    with_functions 'when = function() error "odd" end'
    for _ = 1, 104 do invoice(ledger) end
    local report = assert(ledger:advance())
    assert.same({ 105, 100 }, { report.refused, #report.refusals })
  end)

  it("is no refusal where when says false or nothing", function()
    for _, answer in ipairs { "false", "nil", "" } do
      with_functions(("when = function() return %s end"):format(answer))
      matches({ looked = 1, moved = 0, refused = 0 }, ledger:advance())
    end
  end)
end)

-- ---- Moves by hand ----

describe("a move by hand", function()
  local ledger, clock

  before_each(function()
    ledger, clock = open(REMINDERS)
    invoice(ledger)
  end)

  local function move(fields)
    fields.document = fields.document or "F-00001"
    return ledger:move(fields)
  end

  it("need not be due, and does what the transition's action asks for", function()
    matches({ document = "F-00001", workflow = "reminders", from = "issued", to = "reminder-1", status = "unpaid",
      remaining = "110.00" }, move { to = "reminder-1" })
    assert.equal("reminder-1", stage(ledger))
  end)

  it("says who, why, when, and what the host adds", function()
    clock.now = "2026-03-05T09:00:00Z"
    assert(move { to = "reminder-1", at = "2026-03-04T09:00:00Z", actor = "olga", reason = "asked for it",
      note = "by phone", fields = { call = "17" } })
    local entry = helper.all(ledger:entries { kind = "stage" })[1]
    matches({ at = "2026-03-04T09:00:00Z", recorded_at = "2026-03-05T09:00:00Z", actor = "olga", note = "by phone",
      reason = "asked for it" }, entry)
    assert.same({ workflow = "reminders", from = "issued", to = "reminder-1", event = "letter", level = "1",
      patient = "P1", call = "17" }, entry.fields)
    matches({ at = "2026-03-04T09:00:00Z", actor = "olga", label = "fee" },
      helper.all(ledger:entries { kind = "charge" })[2])
  end)

  it("keeps to the ways that are declared", function()
    for _, row in ipairs {
      { "reminder-2", "no-transition", "to: no way leads from issued to reminder-2; from there it goes to reminder-1" },
      { "issued", "no-transition", "to: no way leads from issued to issued; from there it goes to reminder-1" },
    } do
      local message, details = refuses(ledger, "move", { document = "F-00001", to = row[1] }, "refused")
      assert.same({ row[3], "reminders", row[2], "issued" }, { message, details.rule, details.code, details.stage })
    end
    assert(move { to = "reminder-1" })
    refuses(ledger, "move", { document = "F-00001", to = "reminder-1" }, "refused")
    assert(move { to = "reminder-2" })
    assert(move { to = "collection" })
    local message = refuses(ledger, "move", { document = "F-00001", to = "issued" }, "refused")
    assert.truthy(message:find("no way leads on from there", 1, true))
  end)

  it("to an unknown stage names the nearest", function()
    local message, details = refuses(ledger, "move", { document = "F-00001", to = "remindr-1" }, "field-invalid")
    assert.equal('to: workflow reminders has no stage "remindr-1"; did you mean "reminder-1"?', message)
    assert.equal("reminder-1", details.nearest)
    message = refuses(ledger, "move", { document = "F-00001", to = "xyz" }, "field-invalid")
    assert.truthy(message:find("it has issued, reminder-1, reminder-2, dispute, collection", 1, true))
  end)

  it("is refused for what is wrong with it alone", function()
    for _, row in ipairs {
      { {}, "field-missing" }, { { document = "F-00001" }, "field-missing" }, { { to = "dispute" }, "field-missing" },
      { { document = "F-00001", to = 5 }, "field-invalid" }, { { document = 5, to = "dispute" }, "field-invalid" },
      { { document = "F-00001", to = "dispute", workflow = "reminder" }, "field-invalid" },
      { { document = "F-00001", to = "dispute", workflow = 5 }, "field-invalid" },
      { { document = "F-00001", to = "reminder-1", roles = "manager" }, "field-invalid" },
      { { document = "F-00001", to = "reminder-1", fields = { to = "x" } }, "field-invalid" },
      { { document = "F-00001", to = "reminder-1", stage = "x" }, "field-unknown" },
      { { document = "F-00001", to = "reminder-1", at = "2026-03-02T10:00:01Z" }, "date-in-future" },
      { { document = "F-00001", to = "reminder-1", from = "reminder-2" }, "refused" },
      { { document = "F-00002", to = "reminder-1" }, "document-unknown" },
    } do refuses(ledger, "move", row[1], row[2]) end
    assert.has_error(function() ledger:move "F-00001" end)
    assert.has_error(function() ledger:move() end)
  end)

  it("from where the document no longer stands is refused: two people may move it", function()
    assert(move { to = "reminder-1" })
    assert(move { to = "dispute" })
    local message, details = refuses(ledger, "move", { document = "F-00001", from = "reminder-1", to = "reminder-2" },
      "refused")
    assert.equal("dispute", details.stage)
    assert.truthy(message:find("dispute", 1, true))
    assert(move { from = "dispute", to = "reminder-1" })
  end)

  it("needs the role of its transition", function()
    for _, to in ipairs { "reminder-1", "reminder-2" } do assert(move { to = to }) end
    for _, roles in ipairs { {}, { "desk" }, { "managers" } } do
      local message, details = refuses(ledger, "move", { document = "F-00001", to = "collection", roles = roles },
        "permission-denied")
      assert.equal('roles: moving to collection needs the role "manager"', message)
      assert.equal("manager", details.role)
    end
    assert(move { to = "collection", roles = { "owner" } })
  end)

  it("needs the permit of the command, where there is one", function()
    ledger = open(REMINDERS .. 'clinic:permit { move = { "office" } }\n')
    invoice(ledger)
    refuses(ledger, "move", { document = "F-00001", to = "reminder-1" }, "permission-denied")
    assert(move { to = "reminder-1", roles = { "office" } })
  end)

  it("is refused for what is cancelled or invoiced", function()
    assert(ledger:cancel { document = "F-00001", reason = "by mistake" })
    refuses(ledger, "move", { document = "F-00001", to = "reminder-1" }, "document-cancelled")
    ledger = helper.open { script = helper.SCRIPT .. [[
      clinic:workflow { id = "visits", document = "consultation", initial = "new", stages = { "new", "old" },
        transitions = { { from = "new", to = "old" } } }]] }
    assert(ledger:consultation { patient = "P1", amount = "10.00" })
    assert(ledger:invoice { consultations = { "C-00001" } })
    refuses(ledger, "move", { document = "C-00001", to = "old" }, "document-invoiced")
  end)

  it("with a key is made once, and answers the same again, whatever came after", function()
    local asked = { document = "F-00001", to = "reminder-1", key = "desk-1/9" }
    local first = assert(ledger:move(asked))
    assert(move { to = "reminder-2" })
    local head = assert(ledger:head())
    local again = assert(ledger:move(asked))
    assert.is_true(again.replayed)
    assert.is_nil(again.dry_run)
    again.replayed = nil
    assert.same(first, again)
    assert.same(head, assert(ledger:head()))
    local message, details = refuses(ledger, "move", { document = "F-00001", to = "dispute", key = "desk-1/9" },
      "key-conflict")
    assert.equal("to", details.field)
    assert.truthy(message:find("desk-1/9", 1, true))
  end)

  it("that was refused leaves its key free", function()
    refuses(ledger, "move", { document = "F-00001", to = "reminder-2", key = "k" }, "refused")
    assert.is_nil(assert(move { to = "reminder-1", key = "k" }).replayed)
  end)

  it("as a dry run answers what it would answer, and writes nothing", function()
    local head = assert(ledger:head())
    local asked = assert(move { to = "reminder-1", key = "k", dry_run = true })
    assert.same(head, assert(ledger:head()))
    assert.is_true(asked.dry_run)
    asked.dry_run = nil
    assert.same(asked, assert(move { to = "reminder-1", key = "k" }))
    refuses(ledger, "move", { document = "F-00001", to = "nowhere", dry_run = true }, "field-invalid")
    refuses(ledger, "move", { document = "F-00001", to = "issued", dry_run = true }, "refused")
  end)

  it("within a transaction is part of it", function()
    ledger:transaction(function(tx)
      assert(tx:move { document = "F-00001", to = "reminder-1" })
      assert.equal("reminder-1", stage(tx))
      return nil, "never mind"
    end)
    assert.equal("issued", stage(ledger))
    assert(ledger:transaction(function(tx)
      assert(tx:move { document = "F-00001", to = "reminder-1", dry_run = true })
      assert(tx:pay { document = "F-00001", type = "twint", amount = "30.00" })
      return assert(tx:move { document = "F-00001", to = "reminder-1" })
    end))
    assert.equal("partial 80.00: charged 110.00, collected 30.00", helper.state(ledger, "F-00001"))
  end)

  for title, fields in pairs {
    ["no way leads there"] = { to = "reminder-2" }, ["the stage is unknown"] = { to = "nowhere" },
    ["the day is not come"] = { to = "reminder-1", at = "2026-03-03" },
  } do
    it(("that is refused, since %s, poisons its transaction"):format(title), function()
      local head = assert(ledger:head())
      fields.document = "F-00001"
      refused("transaction-poisoned", ledger:transaction(function(tx)
        assert(tx:pay { document = "F-00001", type = "twint", amount = "30.00" })
        assert.is_nil(tx:move(fields))
        return true
      end))
      assert.same(head, assert(ledger:head()))
    end)
  end

  it("runs the hooks of move after its commit", function()
    local logged = {}
    local text = REMINDERS .. [[
      clinic:after("move", { id = "tell" }, function(event, ctx)
        ctx.log(event.document, event.workflow, event.from, event.to, event.reason)
      end)]]
    local path = helper.script(text)
    local tallystick = require "tallystick"
    local own <close> = assert(tallystick.open(":memory:", { config = path, on_log = function(line)
      logged[#logged + 1] = line
    end }))
    assert(own:invoice { patient = "P1", amount = "10.00" })
    assert(own:move { document = "F-00001", to = "reminder-1", reason = "asked for it" })
    assert.equal(1, #logged)
    assert.truthy(tostring(logged[1]):find("F-00001 reminders issued reminder-1 asked for it", 1, true))
  end)

  it("goes anywhere in a ledger whose script declares no workflow: the host has its own", function()
    ledger = helper.open()
    invoice(ledger)
    refuses(ledger, "move", { document = "F-00001", to = "anywhere" }, "field-missing")
    assert(move { workflow = "own", to = "anywhere" })
    refuses(ledger, "move", { document = "F-00001", workflow = "own", to = "anywhere" }, "refused")
    assert(move { workflow = "own", to = "elsewhere" })
    assert.same({ "2026-03-02 nil>anywhere", "2026-03-02 anywhere>elsewhere" }, stages_of(ledger, "F-00001"))
  end)
end)

-- ---- Stage entries ----

describe("a stage entry", function()
  it("moves no money and keeps what the script emitted", function()
    local ledger, clock = open(REMINDERS)
    invoice(ledger)
    clock.now = "2026-04-01T09:00:00Z"
    assert.equal(1, moved(ledger, { actor = "night-run" }))
    local entries = helper.all(ledger:entries { kind = "stage" })
    assert.equal(1, #entries)
    matches({ seq = 3, act = 3, kind = "stage", command = "move", debit = NONE, credit = NONE, amount = "0.00",
      document = "F-00001", patient = "P1", actor = "night-run", note = "a friendly letter", day = "2026-04-01" },
      entries[1])
    assert.same({ workflow = "reminders", from = "issued", to = "reminder-1", event = "letter", level = "1",
      patient = "P1" }, entries[1].fields)
    assert.same({}, helper.totals(ledger))
  end)

  it("stands where the script that declared it is gone", function()
    local path = helper.folder() .. "/clinic.db"
    local ledger, clock = open(REMINDERS, { path = path })
    invoice(ledger)
    clock.now = "2026-04-01T09:00:00Z"
    assert.equal(1, moved(ledger))
    ledger:close()
    local later = open(script_of 'stages = { "new", "old" }, transitions = { { from = "new", to = "old" } }',
      { path = path, clock = clock })
    assert.equal("new", stage(later))
    assert.equal(1, moved(later))
    assert.same({ "2026-04-01 issued>reminder-1", "2026-04-01 new>old" }, stages_of(later, "F-00001"))
    later:close()
    local again = open(REMINDERS, { path = path, clock = clock })
    assert.equal("reminder-1", stage(again))
  end)

  it("leaves a document at a stage that a later script has not, until somebody moves it", function()
    local path = helper.folder() .. "/clinic.db"
    local ledger, clock = open(REMINDERS, { path = path })
    invoice(ledger)
    clock.now = "2026-04-01T09:00:00Z"
    assert.equal(1, moved(ledger))
    ledger:close()
    local later = open((REMINDERS:gsub("reminder%-1", "first")), { path = path, clock = clock })
    clock.now = "2027-04-01T09:00:00Z"
    assert.equal(0, moved(later))
    matches({ stage = "reminder-1", next = {} }, later:stage "F-00001")
  end)
end)

-- ---- Followers ----

describe("a follower", function()
  local ledger

  before_each(function()
    ledger = helper.open()
    for _ = 1, 5 do invoice(ledger) end
  end)

  ---Follows to the end, and gives what was handed over.
  local function seqs(name, last)
    local list = {}
    local count = assert(ledger:follow(name, function(entry)
      list[#list + 1] = entry.seq
      if entry.seq == last then return false end
    end))
    return list, count
  end

  it("is handed every entry in order, once, and later those that came since", function()
    local list, count = seqs "letters"
    assert.same({ { 1, 2, 3, 4, 5 }, 5 }, { list, count })
    assert.same({}, (seqs "letters"))
    assert(ledger:pay { document = "F-00001" })
    assert.same({ 6 }, (seqs "letters"))
  end)

  it("is handed what entries are: the same as by reading them", function()
    local followed = {}
    assert(ledger:follow("letters", function(entry) followed[#followed + 1] = entry end))
    assert.same(helper.all(ledger:entries {}), followed)
  end)

  it("stops at false, and is handed that entry again", function()
    local list, count = seqs("letters", 3)
    assert.same({ { 1, 2, 3 }, 2 }, { list, count })
    list, count = seqs "letters"
    assert.same({ { 3, 4, 5 }, 3 }, { list, count })
  end)

  it("is handed the entry on which it raised again, and none before it", function()
    local problem = { reason = "no paper" }
    local ok, raised = pcall(ledger.follow, ledger, "letters", function(entry)
      if entry.seq == 4 then error(problem) end
    end)
    assert.is_false(ok)
    assert.equal(problem, raised)
    assert.same({ 4, 5 }, (seqs "letters"))
  end)

  it("has a place of its own, by its name", function()
    seqs("letters", 2)
    assert.same({ 1, 2, 3, 4, 5 }, (seqs "Letters"))
    assert.same({ 1, 2, 3, 4, 5 }, (seqs "Mahnbriefe für Zürich"))
    assert.same({ 2, 3, 4, 5 }, (seqs "letters"))
  end)

  it("keeps its place in the file", function()
    local path = helper.folder() .. "/clinic.db"
    ledger = helper.open { path = path }
    for _ = 1, 3 do invoice(ledger) end
    seqs("letters", 3)
    ledger:close()
    ledger = helper.open { path = path, script = "" }
    assert.same({ 3 }, (seqs "letters"))
  end)

  it("keeps its place every 64 entries, so that a crash hands on no more than those again", function()
    for _ = 1, 200 do invoice(ledger) end
    local other = {}
    assert(ledger:follow("letters", function(entry)
      -- What another process would be handed, had this one died now.
      if entry.seq % 50 == 0 then other[#other + 1] = require "tallystick.core".follower_get(ledger, "letters") end
    end))
    assert.same({ 0, 64, 128, 192 }, other)
  end)

  it("may read and write the ledger while it follows, and is handed what it wrote", function()
    local seen = {}
    assert(ledger:follow("payments", function(entry)
      seen[#seen + 1] = entry.kind
      if entry.kind == "charge" then
        assert.equal("unpaid", assert(ledger:document(entry.document)).status)
        assert(ledger:pay { document = entry.document })
      end
    end))
    local rest = {}
    assert(ledger:follow("payments", function(entry) rest[#rest + 1] = entry.kind end))
    assert.equal(10, #seen + #rest)
    assert.equal("paid", assert(ledger:document "F-00005").status)
  end)

  it("needs a name and a function", function()
    for _, name in ipairs { "", ("x"):rep(65), "\xFF", 5, true } do
      refused("field-invalid", ledger:follow(name, print))
    end
    refused("field-invalid", ledger:follow())
    refused("field-invalid", ledger:follow "letters")
    refused("field-invalid", ledger:follow("letters", "print"))
    assert.equal(5, ledger:follow(("x"):rep(64), function() end))
  end)

  it("is not for within a transaction, nor for a ledger open for reading", function()
    local called = false
    local function call() called = true end
    refused("busy", ledger:transaction(function(tx) return tx:follow("letters", call) end))
    local path = helper.folder() .. "/clinic.db"
    local writer = helper.open { path = path }
    invoice(writer)
    local reader = helper.open { path = path, script = "", mode = "ro" }
    refused("read-only", reader:follow("letters", call))
    assert.is_false(called)
  end)
end)

-- ---- What a script may not declare ----

describe("a declared workflow", function()
  local STAGES = 'stages = { "new", "old" }'
  local WAY = 'transitions = { { from = "new", to = "old" } }'

  ---The mistakes of a workflow with these fields, whose call begins on line 2: the report without the file's name.
  local function mistakes(fields)
    local text = ('local clinic = ...\nclinic:workflow { id = "flow", document = "invoice", initial = "new", %s }')
      :format(fields)
    local result, errors = config.check(text, "clinic.lua")
    assert.is_nil(result, "accepted: " .. fields)
    return (config.report(errors):gsub("clinic%.lua:", ""))
  end

  for _, row in ipairs {
    { 'stages = { "new", "old" }, transitions = { { from = "new", to = "odl" }, { from = "new", to = "old" } }',
      '2: workflow "flow".transitions[1].to: "odl" is not one of the stages; did you mean "old"?' },
    { STAGES .. ', transitions = { { from = "nwe", to = "old" }, { from = "new", to = "old" } }',
      '2: workflow "flow".transitions[1].from: "nwe" is not one of the stages; did you mean "new"?' },
    { 'stages = { "new", "new", "old" }, ' .. WAY,
      '2: workflow "flow".stages[2]: "new" stands in the list twice; write each only once' },
    { 'stages = { "new", "old", "lost", "left" }, transitions = { { from = "new", to = "old" }, '
      .. '{ from = "lost", to = "left" } }',
      '2: workflow "flow".stages[3]: "lost" cannot be reached from "new"; write a transition that leads to it\n'
      .. '2: workflow "flow".stages[4]: "left" cannot be reached from "new"; write a transition that leads to it' },
    { STAGES .. ', transitions = { { from = "new", to = "old" }, { from = "new", to = "old", after = "3d" } }',
      '2: workflow "flow".transitions[2]: leads from new to old, as transition 1 does; '
      .. "write one transition for both" },
    { STAGES .. ', transitions = { { from = "new", to = "old" }, { from = "old", to = "old" } }',
      '2: workflow "flow".transitions[2].to: "old" is the stage it comes from; write another stage' },
    { STAGES .. ', transitions = { { from = "new", to = "old", after = 30 } }',
      '2: workflow "flow".transitions[1].after: 30 is a number; '
      .. 'write a period such as "30d" (h hours, d days, w weeks, mo months, y years)' },
    { STAGES .. ', transitions = { { from = "new", to = "old", when = true } }',
      '2: workflow "flow".transitions[1].when: true is a boolean; write function(document, ctx) return … end' },
    { STAGES .. ', transitions = { { from = "new", to = "old", action = "charge" } }',
      '2: workflow "flow".transitions[1].action: "charge" is a string; write function(document, ctx) … end' },
    { STAGES .. ', transitions = { { from = "new", to = "old", by = "manager" } }',
      '2: workflow "flow".transitions[1].by: "manager" is a string; write a list, such as { "manager" }' },
    { STAGES .. ', transitions = { { from = "new", to = "old", manual = 1 } }',
      '2: workflow "flow".transitions[1].manual: 1 is a number; write true or false' },
    { STAGES .. ', transitions = { { from = "new", to = "old", afer = "3d" } }',
      '2: workflow "flow".transitions[1].afer: is not a known field; did you mean "after"?' },
    { STAGES .. ', transitions = { { to = "old" }, { from = "new", to = "old" } }',
      '2: workflow "flow".transitions[1].from: is missing; '
      .. 'write a name of a-z, 0-9, "_" and "-" that begins with a letter, at most 32 bytes, such as "reminder-1"' },
    { STAGES .. ', transition = { }',
      '2: workflow "flow".transition: is not a known field; did you mean "transitions"?' },
    { STAGES .. ", transitions = {}",
      '2: workflow "flow".transitions: is empty; '
      .. 'write a list, such as { { from = "issued", to = "reminder-1", after = "30d" } }' },
    { STAGES .. ', settled = "yes", ' .. WAY,
      '2: workflow "flow".settled: "yes" is a string; write true or false' },
    { 'stages = { "new", "Old" }, ' .. 'transitions = { { from = "new", to = "new2" } }',
      '2: workflow "flow".stages[2]: "Old" does not fit; '
      .. 'write a name of a-z, 0-9, "_" and "-" that begins with a letter, at most 32 bytes, such as "reminder-1"\n'
      .. '2: workflow "flow".transitions[1].to: "new2" is not one of the stages; did you mean "new"?' },
  } do
    it("is refused: " .. row[1], function() assert.equal(row[2], mistakes(row[1])) end)
  end

  for _, period in ipairs { "", "30", "d", "3 d", "3D", "-3d", "1.5d", "3m", "3min", "3s", "10000d", "3days", "d3" } do
    it(("is refused with the period %q"):format(period), function()
      assert.equal(('2: workflow "flow".transitions[1].after: "%s" is no period; '):format(period)
        .. 'write a period such as "30d" (h hours, d days, w weeks, mo months, y years)',
        mistakes(('%s, transitions = { { from = "new", to = "old", after = %q } }'):format(STAGES, period)))
    end)
  end

  it("tells of each mistake on the line where its call begins", function()
    local _, errors = config.check([[
local clinic = ...

clinic:workflow { id = "one", document = "invoce", initial = "new", stages = { "new", "old" },
  transitions = { { from = "new", to = "old" } } }

clinic:workflow { id = "two", document = "invoice", initial = "nwe", stages = { "new", "old" },
  transitions = { { from = "new", to = "old" } } }
clinic:workflow { id = "one", document = "invoice", initial = "new", stages = { "new", "old" },
  transitions = { { from = "new", to = "old" } } }
clinic:workflow "reminders"
clinic:workflow { document = "invoice", initial = "new", stages = { "new", "old" },
  transitions = { { from = "new", to = "old" } } }
]], "clinic.lua")
    local lines = {}
    for line in config.report(errors):gmatch "[^\n]+" do
      if not line:find("cannot be reached", 1, true) then lines[#lines + 1] = line end
    end
    assert.same({
      'clinic.lua:3: workflow "one".document: "invoce" is not known here; did you mean "invoice"?',
      'clinic.lua:6: workflow "two".initial: "nwe" is not one of the stages; did you mean "new"?',
      'clinic.lua:8: workflow "one".id: "one" is declared already, on line 3; write another id',
      'clinic.lua:10: workflow #4: "reminders" is a string; write a table, such as { id = "reminders", '
        .. 'document = "invoice", initial = "issued", stages = { … }, transitions = { … } }',
      'clinic.lua:11: workflow #4.id: is missing; write a name of a-z, 0-9, "_" and "-" that begins with a letter, '
        .. 'at most 32 bytes, such as "reminder-1"',
    }, lines)
  end)

  it("may have 64 stages and 256 transitions, and not one more", function()
    ---A chain of stages, and then ways that lead back.
    local function text(stage_count, way_count)
      local stages, ways = { '"new"' }, {}
      for index = 2, stage_count do
        stages[index] = ('"s%d"'):format(index)
        ways[index - 1] = ("{ from = %s, to = %s }"):format(stages[index - 1], stages[index])
      end
      for from = stage_count, 3, -1 do
        for to = 1, from - 2 do
          if #ways < way_count then
            ways[#ways + 1] = ('{ from = %s, to = %s, after = "1d" }'):format(stages[from], stages[to])
          end
        end
      end
      return ('local clinic = ...\nclinic:workflow { id = "flow", document = "invoice", initial = "new", '
        .. "stages = { %s }, transitions = { %s } }"):format(table.concat(stages, ", "), table.concat(ways, ", "))
    end
    assert(config.check(text(64, 256), "clinic.lua"))
    for _, row in ipairs {
      { 65, 256, 'stages: has 65 stages; write at most 64' },
      { 64, 257, 'transitions: has 257 transitions; write at most 256' },
    } do
      local _, errors = config.check(text(row[1], row[2]), "clinic.lua")
      assert.equal('clinic.lua:2: workflow "flow".' .. row[3], config.report(errors))
    end
  end)
end)

-- ---- A crash ----

-- Advances until it is done, or killed.
local RUNNER = [[
local tallystick = require "tallystick"
local ledger = assert(tallystick.open(arg[1], { clock = function() return "2026-04-01T09:00:00Z" end }))
assert(ledger:advance())
]]

describe("advancing that is killed in the middle #slow", function()
  local folder
  before_each(function() folder = command.folder() end)
  after_each(function() command.remove(folder) end)

  it("and goes on leaves each document moved once, with one charge", function()
    local path, program = folder .. "/clinic.db", helper.write(folder .. "/runner.lua", RUNNER)
    local ledger, clock = open(REMINDERS, { path = path })
    local COUNT <const> = 1500
    assert(ledger:transaction(function(tx)
      for _ = 1, COUNT do invoice(tx) end
      return true
    end))
    math.randomseed(20260302)
    local killed, partly = 0, 0
    for _ = 1, 8 do
      local ended = command.shell(("%s & runner=$!; sleep %.3f; kill -9 $runner; wait $runner; test $? -eq 137"):format(
        child.line(program, path), 0.015 + math.random() * 0.05))
      if ended.code == 0 then killed = killed + 1 end
      local stood = #helper.all(ledger:entries { kind = "stage" })
      if stood > 0 and stood < COUNT then partly = partly + 1 end
      assert(ledger:verify())
    end
    assert.is_true(killed > 2 and partly > 0, ("killed %d times, %d of them half way"):format(killed, partly))
    clock.now = "2026-04-01T09:00:00Z"
    assert(ledger:advance())
    local moves, fees = {}, {}
    for entry in ledger:entries { from_seq = COUNT + 1 } do
      local seen = entry.kind == "stage" and moves or fees
      assert.is_nil(seen[entry.document], entry.document)
      seen[entry.document] = entry.kind
    end
    for index = 1, COUNT do
      local number = ("F-%05d"):format(index)
      assert.same({ "stage", "charge" }, { moves[number], fees[number] }, number)
    end
    assert.equal(0, moved(ledger))
  end)
end)

describe("what goes on beside", function()
  after_each(helper.finish)

  it("lets one workflow wait for what another charges, in one run", function()
    for _, order in ipairs { { "fee", "rem" }, { "rem", "fee" } } do
      local parts = {
        fee = [[clinic:workflow { id = "fee", document = "consultation", initial = "a", stages = { "a", "b" },
          settled = true,
          transitions = { { from = "a", to = "b", action = function(_, ctx) ctx.charge { amount = "20.00" } end } } }]],
        rem = [[clinic:workflow { id = "rem", document = "consultation", initial = "a", stages = { "a", "b" },
          transitions = { { from = "a", to = "b" } } }]],
      }
      local ledger = helper.open { script = helper.SCRIPT .. parts[order[1]] .. "\n" .. parts[order[2]] }
      assert(ledger:consultation { patient = "P1", amount = "10.00" })
      assert(ledger:pay { document = "C-00001" })
      assert.equal(2, assert(ledger:advance {}).moved)
      assert.equal(0, assert(ledger:advance {}).moved)
    end
  end)

  it("tells with the move what hooks after its charges told", function()
    local ledger = helper.open { script = script_of [[stages = { "new", "old" }, transitions = {
      { from = "new", to = "old", action = function(_, ctx) ctx.charge { amount = "2.00" } end } }]]
      .. 'clinic:after("charge", { id = "t" }, function(event, ctx) ctx.log "fee" error "boom" end)\n' }
    assert(ledger:invoice { patient = "P1", amount = "10.00" })
    local answer = assert(ledger:move { document = "F-00001", to = "old" })
    assert.equal("t", answer.warnings[1].rule)
    assert.same({ "fee" }, answer.log)
  end)

  it("answers a clock that fails at any of its calls with a code", function()
    for failing = 1, 12 do
      local calls, broken = 0, false
      local ledger = helper.open { clock = setmetatable({}, { __index = function()
        calls = calls + 1
        return broken and calls >= failing and "junk" or helper.NOW
      end }), script = script_of [[stages = { "new", "old" }, transitions = { { from = "new", to = "old" } }]] }
      assert(ledger:invoice { patient = "P1", amount = "10.00" })
      calls, broken = 0, true
      for _, call in ipairs { "advance", "move", "dry" } do
        calls = 0
        local answer, _, code
        if call == "advance" then answer, _, code = ledger:advance {}
        else answer, _, code = ledger:move { document = "F-00001", to = "old", dry_run = call == "dry" } end
        assert.is_true(answer ~= nil or code == "date-invalid" or code == "refused", call .. failing .. tostring(code))
      end
      broken = false
    end
  end)

  it("hands a follower what it writes itself the next time, however much waits", function()
    local ledger = helper.open()
    assert(ledger:transaction(function(tx)
      for number = 1, 130 do assert(tx:invoice { patient = "P" .. number, amount = "10.00" }) end
      return true
    end))
    local function consume() assert(ledger:charge { document = "F-00001", amount = "1.00" }) end
    assert.equal(130, assert(ledger:follow("fees", consume)))
    assert.equal(130, assert(ledger:follow("fees", function() end)))
    assert.equal(0, assert(ledger:follow("fees", function() end)))
  end)

  it("lists a payment over several consultations once on their invoice's statement", function()
    local ledger = helper.open()
    for _ = 1, 2 do assert(ledger:consultation { patient = "P1", amount = "100.00" }) end
    assert(ledger:pay { documents = { "C-00001", "C-00002" }, amount = "150.00" })
    assert(ledger:invoice { consultations = { "C-00001", "C-00002" } })
    local _, lines = assert(ledger:statement "F-00001"):gsub("R%-00001", "")
    assert.equal(1, lines)
    assert.matches("150.00", (ledger:statement "F-00001"), 1, true)
  end)

  it("poisons a transaction by a receipt that was refused", function()
    local ledger = helper.open()
    assert(ledger:invoice { patient = "P1", amount = "10.00" })
    local _, _, code = ledger:transaction(function(tx)
      assert(tx:charge { document = "F-00001", amount = "5.00" })
      tx:receipt "R-00009"
      return true
    end)
    assert.equal("transaction-poisoned", code)
    assert.equal("10.00", ledger:document("F-00001").charged:decimal())
  end)
end)
