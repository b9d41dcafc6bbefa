-- What a person looks for in a journal and begins to type: corrections by their days, and names by their first letters.
local helper = require "spec.helper"
local raw = require "spec.raw"

local all <const>, refused <const> = helper.all, helper.refused

after_each(helper.finish)

local function seqs(entries)
  local list = {}
  for index, entry in ipairs(entries) do list[index] = entry.seq end
  return list
end

-- What ought to be found, by looking at every entry.
local function expected_corrections(ledger, from, to)
  local found = {}
  for entry in ledger:entries {} do
    local minor = entry.amount.minor
    local back = entry.kind == "charge" and (minor < 0 or minor == 0 and entry.command == "cancel")
    local corrects = entry.kind == "refund" or entry.kind == "reversal" or entry.kind == "release" or back
    if corrects and entry.day >= from and entry.day <= to then found[#found + 1] = entry end
  end
  table.sort(found, function(a, b)
    if a.day ~= b.day then return a.day < b.day end
    return a.seq < b.seq
  end)
  return seqs(found)
end

describe("corrections", function()
  local function make()
    local ledger = helper.open { now = "2026-03-10T12:00:00Z" }
    assert(ledger:consultation { patient = "P1", amount = "100.00", at = "2026-03-02" })
    assert(ledger:pay { document = "C-00001", type = "twint", amount = "40.00", at = "2026-03-02" })
    assert(ledger:charge { document = "C-00001", amount = "-10.00", at = "2026-03-09" })
    assert(ledger:refund { payment = "R-00001", amount = "5.00", reopen = true, reason = "more", at = "2026-03-03" })
    assert(ledger:pay { document = "C-00001", type = "twint", amount = "20.00", at = "2026-03-03" })
    assert(ledger:reverse { payment = "R-00003", reason = "slip", at = "2026-03-05" })
    return ledger
  end

  it("come by their days, then as they were recorded", function()
    local ledger = make()
    assert.same({ 4, 6, 3 }, seqs(all(ledger:entries { corrections = true })))
    assert.same({ 4, 6 }, seqs(all(ledger:entries { corrections = true, to = "2026-03-05" })))
    assert.same({ 6, 3 }, seqs(all(ledger:entries { corrections = true, from = "2026-03-04" })))
    assert.same({ 6 }, seqs(all(ledger:entries { corrections = true, from = "2026-03-05", to = "2026-03-05" })))
    assert.same({}, seqs(all(ledger:entries { corrections = true, from = "2026-03-10" })))
  end)

  it("hold what a cancelled document lets go, also where it never charged anything", function()
    local ledger = helper.open()
    assert(ledger:consultation { patient = "P1", amount = "0.00" })
    assert(ledger:consultation { patient = "P1", amount = "0.00" })
    assert(ledger:invoice { consultations = { "C-00001" } })
    assert(ledger:cancel { document = "F-00001", reason = "slip" })
    assert(ledger:cancel { document = "C-00002", reason = "slip" })
    assert.same({ 4, 5 }, seqs(all(ledger:entries { corrections = true })))
    assert.same({ 1, 2, 3 }, seqs(all(ledger:entries { corrections = false })))
  end)

  -- An invoice may charge less than nothing, of what its consultations charge; cancelling it gives that back.
  it("are the same however they are found", function()
    local ledger = helper.open()
    assert(ledger:consultation { patient = "P1", amount = "100.00" })
    assert(ledger:invoice { consultations = { "C-00001" } })
    assert(ledger:charge { document = "F-00001", amount = "-2.00" })
    assert(ledger:cancel { document = "F-00001", reason = "slip" })
    local walked, found = {}, seqs(all(ledger:entries { corrections = true }))
    for entry in ledger:entries { patient = "P1", corrections = true } do walked[#walked + 1] = entry.seq end
    assert.same(found, walked)
    assert.same({ 2, "release", "-2.00 CHF" }, { #found, all(ledger:entries { corrections = true })[2].kind,
      tostring(all(ledger:entries { corrections = true })[1].amount) })
  end)

  it("are filtered like other entries, and others by day", function()
    local ledger = make()
    assert.same({ 6 }, seqs(all(ledger:entries { corrections = true, kind = "reversal" })))
    assert.same({ 6 }, seqs(all(ledger:entries { corrections = true, from_seq = 5 })))
    assert.same({ 3, 4, 6 }, seqs(all(ledger:entries { corrections = true, document = "C-00001" })))
    assert.same({ 3, 4, 6 }, seqs(all(ledger:entries { corrections = true, patient = "P1" })))
    assert.same({ 4 }, seqs(all(ledger:entries { corrections = true, act = 4 })))
    assert.same({ 1, 2, 5 }, seqs(all(ledger:entries { corrections = false })))
    assert.same({ 4, 5, 6 }, seqs(all(ledger:entries { from = "2026-03-03", to = "2026-03-05" })))
  end)

  it("are refused what makes no sense", function()
    local ledger = make()
    refused("field-invalid", ledger:entries { corrections = "yes" })
    refused("date-invalid", ledger:entries { corrections = true, from = "2026-02-30" })
    refused("field-unknown", ledger:entries { correction = true })
  end)

  it("are all that a walk over the journal finds, for random histories over many pages", function()
    for seed = 1, 4 do
      math.randomseed(seed)
      local ledger, clock = helper.open { now = "2026-03-10T08:00:00Z" }
      for index = 1, 40 do
        clock.now = ("2026-03-%02dT%02d:00:00Z"):format(10 + index // 10, 8 + index % 10)
        assert(ledger:consultation { patient = "P1", amount = "50.00" })
        local number = ("C-%05d"):format(index)
        for _ = 1, math.random(0, 4) do
          local paid = assert(ledger:pay { document = number, type = "twint", amount = "5.00" })
          if math.random(2) == 1 then assert(ledger:reverse { payment = paid.number, reason = "slip" }) end
        end
        if math.random(2) == 1 then assert(ledger:charge { document = number, amount = "-1.00" }) end
      end
      for _, range in ipairs { { "2026-03-01", "2026-04-01" }, { "2026-03-11", "2026-03-12" } } do
        assert.same(expected_corrections(ledger, range[1], range[2]),
          seqs(all(ledger:entries { corrections = true, from = range[1], to = range[2] })))
      end
    end
  end)
end)

describe("a list of some days", function()
  local function numbers(payments)
    local list = {}
    for index, payment in ipairs(payments) do list[index] = payment.number end
    return list
  end

  -- A journal in which much is recorded late, and days are closed now and then.
  local function make(seed)
    math.randomseed(seed)
    local ledger, clock = helper.open { now = "2026-03-01T08:00:00Z" }
    for index = 1, 60 do
      local today = 1 + index // 3
      clock.now = ("2026-03-%02dT%02d:00:00Z"):format(today, 8 + index % 3)
      local closed = ledger:info().closed_through
      local first = closed and tonumber(closed:sub(9)) + 1 or 1
      local at = first <= today and ("2026-03-%02dT08:00:00Z"):format(math.random(first, today)) or nil
      if at then
        assert(ledger:consultation { patient = "P" .. math.random(3), amount = "50.00", at = at })
        assert(ledger:deposit { patient = "P1", amount = "5.00", type = math.random(2) == 1 and "twint" or "cash",
          at = at })
      end
      if math.random(12) == 1 and first < today then
        assert(ledger:close_days { through = ("2026-03-%02d"):format(today - 1) })
      end
    end
    return ledger
  end

  it("holds what a look at everything holds, whatever was recorded late and closed", function()
    for seed = 1, 6 do
      local ledger = make(seed)
      local every_payment, every_entry = all(ledger:payments {}), all(ledger:entries {})
      for from = 1, 22, 3 do
        for to = from, 22, 4 do
          local range = { from = ("2026-03-%02d"):format(from), to = ("2026-03-%02d"):format(to) }
          local function within(list)
            local found = {}
            for _, item in ipairs(list) do
              if item.day >= range.from and item.day <= range.to then found[#found + 1] = item end
            end
            return found
          end
          assert.same(numbers(within(every_payment)), numbers(all(ledger:payments(range))))
          assert.same(seqs(within(every_entry)), seqs(all(ledger:entries(range))))
          range.type = "twint"
          local twints = {}
          for _, payment in ipairs(within(every_payment)) do
            if payment.type == "twint" then twints[#twints + 1] = payment end
          end
          assert.same(numbers(twints), numbers(all(ledger:payments(range))))
        end
      end
    end
  end)

  it("is paged by key as before", function()
    local ledger = make(9)
    local range = { from = "2026-03-05", to = "2026-03-12" }
    local whole, paged, after = numbers(all(ledger:payments(range))), {}, nil
    repeat
      local page = numbers(all(ledger:payments { from = range.from, to = range.to, limit = 3, after = after }))
      table.move(page, 1, #page, #paged + 1, paged)
      after = page[#page]
    until not after
    assert.same(whole, paged)
  end)
end)

describe("what is open", function()
  it("is listed over both kinds as over each, in both orders, over many pages", function()
    local ledger = helper.open()
    for index = 1, 200 do
      local make = index % 3 == 0 and ledger.invoice or ledger.consultation
      local made = assert(make(ledger, { patient = "P1", amount = "10.00" }))
      if index % 5 == 0 then assert(ledger:pay { document = made.number, type = "twint" }) end
    end
    for _, order in ipairs { "oldest", "newest" } do
      local expected, found = {}, {}
      for document in ledger:documents { order = order } do
        if document.remaining.minor > 0 then expected[#expected + 1] = document.number end
      end
      for document in ledger:documents { open = true, order = order } do found[#found + 1] = document.number end
      assert.equal(160, #found)
      assert.same(expected, found)
      assert.same({ expected[81], expected[82] }, (function()
        local page = {}
        for document in ledger:documents { open = true, order = order, after = expected[80], limit = 2 } do
          page[#page + 1] = document.number
        end
        return page
      end)())
    end
  end)
end)

describe("names", function()
  local function make()
    local ledger = helper.open()
    for index = 1, 12 do assert(ledger:consultation { patient = "P" .. index, amount = "10.00" }) end
    assert(ledger:consultation { patient = "Zoë", number = "C-X/1", amount = "1.00" })
    for index = 1, 11 do assert(ledger:pay { document = ("C-%05d"):format(index), type = "twint", amount = "1.00" }) end
    assert(ledger:deposit { patient = "Q", amount = "5.00" })
    return ledger
  end

  for _, case in ipairs {
    { "document", "C-0001", nil, "C-00010 C-00011 C-00012" },
    { "document", "C-X", nil, "C-X/1" },
    { "document", "F", nil, "" },
    { "document", "", 2, "C-00001 C-00002" },
    { "document", "C-00001", nil, "C-00001" },
    { "document", "C-000011", nil, "" },
    { "patient", "P1", nil, "P1 P10 P11 P12" },
    { "patient", "Q", nil, "Q" },
    { "patient", "Zo", nil, "Zoë" },
    { "patient", "p", nil, "" },
    { "payment", "", 3, "R-00001 R-00002 R-00003" },
    { "payment", "R", 1, "R-00001" },
    { "payment", "R-0001", nil, "R-00010 R-00011 R-00012" },
    { "payment", "R-00012", nil, "R-00012" },
    { "payment", "R-00013", nil, "" },
    { "payment", "R-1", nil, "" },
    { "payment", "R-0000x", nil, "" },
    { "payment", "X", nil, "" },
    { "payment", "R-0000" .. ("1"):rep(40), nil, "" },
  } do
    local kind, prefix, limit, expected = table.unpack(case, 1, 4)
    it(("of %ss that begin with %q: %s"):format(kind, prefix, expected), function()
      assert.equal(expected, table.concat(assert(make():names(kind, prefix, limit)), " "))
    end)
  end

  it("of all, where no prefix is given", function() assert.equal(14, #assert(make():names "patient")) end)

  it("of payments are those of each format that there was, under the format in force", function()
    local path = helper.folder() .. "/clinic.db"
    local script = 'local clinic = ...\nclinic:currency "CHF"\n'
    local ledger = helper.open { path = path, script = script }
    assert(ledger:deposit { patient = "P1", amount = "5.00" })
    assert(ledger:deposit { patient = "P1", amount = "5.00" })
    ledger:close()
    ledger = helper.open { path = path, script = script .. 'clinic:numbering { payment = "Q%04d-A" }\n' }
    assert(ledger:deposit { patient = "P1", amount = "5.00" })
    assert.same({ "Q0003-A" }, assert(ledger:names "payment"))
    assert.same({}, assert(ledger:names("payment", "R-0")))
    for typed, expected in pairs { ["Q0003"] = "Q0003-A", ["Q0003-"] = "Q0003-A", ["Q0003-A"] = "Q0003-A",
      ["Q000-A"] = "", ["Q00003-A"] = "", ["Q0003-B"] = "", ["Q0003-A1"] = "", ["Q-A"] = "", ["Q0004-A"] = "" } do
      assert.equal(expected, table.concat(assert(ledger:names("payment", typed)), " "), typed)
    end
  end)

  it("are refused what makes no sense", function()
    local ledger = make()
    refused("field-invalid", ledger:names "invoice")
    refused("field-invalid", ledger:names(7))
    refused("field-invalid", ledger:names("document", 12))
    refused("field-invalid", ledger:names("document", "C", 0))
    refused("field-invalid", ledger:names("document", "C", "many"))
  end)
end)

describe("a ledger of the first schema", function()
  it("is read as it is, and brought up to the present one when it is opened for writing", function()
    local path = helper.folder() .. "/clinic.db"
    local ledger = helper.open { path = path }
    assert(ledger:consultation { patient = "P1", amount = "100.00" })
    assert(ledger:pay { document = "C-00001", type = "twint", amount = "40.00" })
    assert(ledger:reverse { payment = "R-00001", reason = "slip" })
    ledger:close()
    raw.try(path, "DROP INDEX entry_correction;;PRAGMA user_version = 1")
    ledger = helper.open { path = path, mode = "ro" }
    assert.equal(1, assert(ledger:info()).schema_version)
    assert.is_true(ledger:verify())
    assert.same({ 3 }, seqs(all(ledger:entries { corrections = true })))
    ledger:close()
    ledger = helper.open { path = path }
    assert.equal(2, assert(ledger:info()).schema_version)
    assert.is_true(ledger:verify())
    assert.same({ 3 }, seqs(all(ledger:entries { corrections = true })))
  end)
end)
