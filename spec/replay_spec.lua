-- A year of a practice and a log full of mistakes, run through the command line: every result, every document and every
-- total must be what an independent model of the rules says.
local command = require "spec.command"
local json = require "dkjson"
local tallystick = require "tallystick"

local CONFIG = "examples/practice-year/clinic.lua"
local LOGS = {
  ["practice-year"] = "examples/practice-year/practice-year.jsonl",
  mistakes = "spec/data/mistakes.jsonl",
}
local FACTS = { "charged", "collected", "credited", "discounted", "lost", "rounded" }
local SUMS = { "collected", "refunded", "deposited", "withdrawn", "credited", "discounted", "lost", "rounded" }

local folder

before_each(function() folder = command.folder() end)
after_each(function() command.remove(folder) end)

local function path(name)
  return folder .. "/" .. name
end

local function decoded_lines(file)
  local lines = {}
  for line in io.lines(file) do lines[#lines + 1] = assert(json.decode(line, 1, nil, nil, nil)) end
  return lines
end

local function decoded(file)
  return assert(json.decode(command.read(file), 1, nil, nil, nil))
end

local function replay(log_path, ...)
  local ended = command.run("replay", path "clinic.db", log_path, "--config", CONFIG, "--results", path "out.jsonl",
    ...)
  assert.equal("", ended.err)
  assert.equal(0, ended.code)
end

local function assert_verifies()
  local ended = command.run("verify", path "clinic.db")
  assert.equal("", ended.err)
  assert.equal(0, ended.code)
end

-- Compared line by line: of thousands that differ, the first says why.
local function assert_results(expected, log_lines)
  local results = decoded_lines(path "out.jsonl")
  for number, line in ipairs(expected) do
    assert.same(line, results[number], json.encode(log_lines[number]))
  end
  assert.equal(#expected, #results)
end

local function facts_of(document)
  local facts = {
    number = document.number, kind = document.kind, patient = document.patient, status = document.status,
    remaining = document.remaining:decimal(), invoice = document.invoice,
  }
  for _, fact in ipairs(FACTS) do facts[fact] = document[fact]:decimal() end
  return facts
end

local function assert_documents(ledger, expected)
  local listed = {}
  for document in ledger:documents { order = "oldest" } do listed[#listed + 1] = document end
  assert.equal(#expected, #listed)
  for i, facts in ipairs(expected) do
    assert.same(facts, facts_of(listed[i]))
    assert.same(facts, facts_of(assert(ledger:document(facts.number))))
  end
end

local function assert_credit(ledger, expected, documents)
  for patient, credit in pairs(expected) do
    assert.equal(credit, assert(ledger:patient(patient)).credit:decimal(), patient)
  end
  for _, document in ipairs(documents) do
    local credit = assert(ledger:patient(document.patient)).credit:decimal()
    assert.equal(expected[document.patient] or "0.00", credit, document.patient)
  end
end

-- Rows of totals added up under the names that name(row) gives; what is zero is left out, as the model does.
local function summed(rows, name)
  local sums = {}
  for _, row in ipairs(rows) do
    local key = name(row)
    local sum = sums[key] or { count = 0 }
    sums[key], sum.count = sum, sum.count + row.count
    for _, field in ipairs(SUMS) do sum[field] = sum[field] and sum[field] + row[field] or row[field] end
  end
  for key, sum in pairs(sums) do
    if sum.count == 0 then sum.count = nil end
    for _, field in ipairs(SUMS) do
      sum[field] = sum[field].minor ~= 0 and sum[field]:decimal() or nil
    end
    if next(sum) == nil then sums[key] = nil end
  end
  return sums
end

local function assert_totals(ledger, final)
  local by_type = assert(ledger:totals { by = { "type" } })
  assert.same(final.totals_by_type, summed(by_type, function(row) return row.type end))
  local by_group = assert(ledger:totals { by = { "type", "group" } })
  assert.same(final.totals_by_type_and_group, summed(by_group, function(row)
    return row.type .. "/" .. (row.group or "")
  end))
  local by_day = assert(ledger:totals { by = { "day", "type" } })
  assert.same(final.totals_by_month_and_type, summed(by_day, function(row)
    return row.day:sub(1, 7) .. "/" .. row.type
  end))
end

local function assert_money_adds_up(ledger)
  for _, row in ipairs(assert(ledger:totals { by = { "type", "day", "actor" } })) do
    assert.equal(row.collected - row.refunded + row.deposited - row.withdrawn, row.money)
  end
end

for name, log_path in pairs(LOGS) do
  for _, batch in ipairs { "1", "500" } do
    describe(("the log %s in batches of %s #slow"):format(name, batch), function()
      it("gives every result and every book of the model", function()
        replay(log_path, "--batch", batch)
        assert_results(decoded_lines(("spec/data/%s.results.jsonl"):format(name)), decoded_lines(log_path))
        local final = decoded(("spec/data/%s.final.json"):format(name))
        local ledger <close> = assert(tallystick.open(path "clinic.db", { mode = "ro" }))
        assert_documents(ledger, final.documents)
        assert_credit(ledger, final.credit, final.documents)
        assert_totals(ledger, final)
        assert_money_adds_up(ledger)
        assert_verifies()
      end)
    end)
  end
end

local function head_of(name)
  local ledger <close> = assert(tallystick.open(path(name), { mode = "ro" }))
  return assert(ledger:head())
end

describe("the file of results", function()
  local LINE <const> = '{"op":"deposit","patient":"P1","amount":"5.00"}\n'

  for _, device in ipairs { "/dev/stdout", "/dev/stderr" } do
    it("may be " .. device, function()
      command.write(path "log.jsonl", LINE)
      local ended = command.shell(("timeout 20 bin/tallystick replay %s %s --quiet --results %s"):format(
        path "clinic.db", path "log.jsonl", device))
      assert.equal(0, ended.code, ended.err)
      assert.truthy((ended.out .. ended.err):find('"ok":true', 1, true))
    end)
  end

  for _, case in ipairs {
    { "the log, by another way to it", "./log.jsonl" }, { "the ledger, by another way to it", "./clinic.db" },
    { "the ledger's log", "clinic.db-wal" }, { "another ledger", "other.db" },
  } do
    local what, results = table.unpack(case)
    it("is never " .. what, function()
      for _, name in ipairs { "clinic.db", "other.db" } do
        local ledger <close> = assert(tallystick.open(path(name)))
        assert(ledger:deposit { patient = "P0", amount = "1.00" })
      end
      command.write(path "log.jsonl", LINE)
      local ended = command.shell(("cd %s && %s/bin/tallystick replay clinic.db log.jsonl --results %s"):format(folder,
        command.shell("pwd").out:match "[^\n]+", results))
      assert.equal(2, ended.code)
      assert.truthy(ended.err:find("the results would overwrite it", 1, true), ended.err)
      assert.equal(LINE, command.read(path "log.jsonl"))
      for _, name in ipairs { "clinic.db", "other.db" } do
        local ledger <close> = assert(tallystick.open(path(name), { mode = "ro" }))
        assert.equal(1, ledger:head().seq)
      end
    end)
  end

  it("is not the ledger that the same run makes", function()
    command.write(path "log.jsonl", LINE)
    local ended = command.run("replay", path "clinic.db", path "log.jsonl", "--results", folder .. "/./clinic.db")
    assert.equal(2, ended.code)
    assert_verifies()
  end)
end)

describe("a log that is run again", function()
  it("changes nothing for the commands that carry a key #slow", function()
    local log_path = LOGS["practice-year"]
    replay(log_path, "--batch", "500")
    local first, kept, lines = decoded_lines(path "out.jsonl"), {}, {}
    local number = 0
    for line in io.lines(log_path) do
      number = number + 1
      local fields = json.decode(line)
      if fields.key and first[number].ok and not first[number].dry_run then
        kept[#kept + 1], lines[#lines + 1] = first[number], line .. "\n"
      end
    end
    assert.is_true(#kept > 2000)
    command.write(path "again.jsonl", table.concat(lines))
    local head = head_of "clinic.db"
    replay(path "again.jsonl", "--batch", "50")
    for i, line in ipairs(kept) do line.line, line.replayed = i, true end
    assert.same(kept, decoded_lines(path "out.jsonl"))
    assert.same(head, head_of "clinic.db")
    assert_verifies()
  end)
end)

describe("two processes", function()
  it("replay the halves of a log into one file, and it verifies #slow", function()
    local halves, number = { {}, {} }, 0
    for line in io.lines(LOGS.mistakes) do
      number = number + 1
      table.insert(halves[number % 2 + 1], line .. "\n")
    end
    local runs = {}
    for i, lines in ipairs(halves) do
      command.write(path(i .. ".jsonl"), table.concat(lines))
      runs[i] = ("( TZ=UTC bin/tallystick replay %s %s --config %s --batch 20 --results %s; echo $? >%s ) &"):format(
        path "clinic.db", path(i .. ".jsonl"), CONFIG, path(i .. ".out"), path(i .. ".code"))
    end
    local ended = command.shell(table.concat(runs, " ") .. " wait")
    assert.equal("", ended.err)
    for i, lines in ipairs(halves) do
      assert.equal("0\n", command.read(path(i .. ".code")))
      assert.equal(#lines, #decoded_lines(path(i .. ".out")))
    end
    assert_verifies()
  end)
end)
