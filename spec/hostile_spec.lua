-- Hostile calls: whatever is passed in, a call ends in its code or in a clear error, and the books stay as they were.
local child = require "spec.child"
local helper = require "spec.helper"
local tallystick = require "tallystick"

local BIG = ("a"):rep(10 * 1024 * 1024)
local NAN, INF = 0 / 0, 1 / 0
local cyclic = {}
cyclic.cyclic = cyclic
local long = {}
for index = 1, 100000 do long[index] = "C-" .. index end

--- A ledger with a consultation C-00001 half paid (R-00001), a deposit (R-00002) and an invoice F-00001.
local function clinic()
  local ledger = helper.open()
  assert(ledger:consultation { patient = "P1", amount = "100.00" })
  assert(ledger:pay { document = "C-00001", amount = "50.00", key = "key-1" })
  assert(ledger:deposit { patient = "P1", amount = "30.00" })
  assert(ledger:invoice { patient = "P2", amount = "80.00" })
  return ledger
end

local function pay(fields)
  if fields.document == nil then fields.document = "C-00001" end
  return function(ledger) return ledger:pay(fields) end
end

local function visit(fields)
  fields.patient = fields.patient or "P1"
  if fields.amount == nil then fields.amount = "10.00" end
  return function(ledger) return ledger:consultation(fields) end
end

local function on(command, fields)
  return function(ledger) return ledger[command](ledger, fields) end
end

local function raw_trap(fields)
  return setmetatable(fields, {
    __index = function() error "a metamethod of the caller's table ran" end,
    __pairs = function() error "a metamethod of the caller's table ran" end,
    __len = function() error "a metamethod of the caller's table ran" end,
  })
end

--- What is passed, the code that answers it, the call.
local refused = {
  -- amounts
  { "an amount that is an integer", "amount-invalid", pay { amount = 10 } },
  { "an amount that is a float", "amount-invalid", pay { amount = 10.5 } },
  { "an amount that is not a number", "amount-invalid", pay { amount = NAN } },
  { "an infinite amount", "amount-invalid", pay { amount = INF } },
  { "an amount of minus infinity", "amount-invalid", pay { amount = -INF } },
  { "the largest integer as an amount", "amount-invalid", pay { amount = math.maxinteger } },
  { "an amount that is true", "amount-invalid", pay { amount = true } },
  { "an amount that is a table", "amount-invalid", pay { amount = {} } },
  { "an amount that is a function", "amount-invalid", pay { amount = print } },
  { "an amount that is a coroutine", "amount-invalid", pay { amount = coroutine.create(print) } },
  { "an amount that is a file", "amount-invalid", pay { amount = io.stdout } },
  { "an amount of another currency", "amount-invalid", pay { amount = tallystick.money("10", "EUR") } },
  { "an empty amount", "amount-invalid", pay { amount = "" } },
  { "an amount of one blank", "amount-invalid", pay { amount = " " } },
  { "an amount between blanks", "amount-invalid", pay { amount = " 10.00 " } },
  { "an amount with a comma", "amount-invalid", pay { amount = "10,00" } },
  { "an amount with an exponent", "amount-invalid", pay { amount = "1e2" } },
  { "an amount in hexadecimal", "amount-invalid", pay { amount = "0x10" } },
  { "an amount spelled nan", "amount-invalid", pay { amount = "nan" } },
  { "an amount spelled inf", "amount-invalid", pay { amount = "inf" } },
  { "an amount with a plus sign twice", "amount-invalid", pay { amount = "++1" } },
  { "an amount that is a sign alone", "amount-invalid", pay { amount = "-" } },
  { "an amount that is a point alone", "amount-invalid", pay { amount = "." } },
  { "an amount with two points", "amount-invalid", pay { amount = "1.2.3" } },
  { "an amount with too many decimals", "amount-invalid", pay { amount = "10.001" } },
  { "an amount with decimals that are zero but too many", "amount-invalid", pay { amount = "10.000" } },
  { "an amount of one unit more than 64 bits hold", "amount-invalid", pay { amount = "92233720368547758.08" } },
  { "an amount of a thousand digits", "amount-invalid", pay { amount = ("9"):rep(1000) } },
  { "an amount of 10 MB", "amount-invalid", pay { amount = BIG } },
  { "an amount with a NUL byte", "amount-invalid", pay { amount = "10\0" } },
  { "an amount in full-width digits", "amount-invalid", pay { amount = "１０" } },
  { "an amount with the currency in it", "amount-invalid", pay { amount = "10.00 CHF" } },
  { "a tendered float", "amount-invalid", pay { amount = "10.00", tendered = 20.0 } },
  { "a charge in floats", "amount-invalid", on("charge", { document = "F-00001", amount = 1.5 }) },
  { "counted money in floats", "amount-invalid",
    on("close_days", { through = "2026-03-01", counted = { cash = 1.5 } }) },
  { "an amount that is negative", "amount-not-positive", pay { amount = "-10.00" } },
  { "an amount of zero", "amount-not-positive", pay { amount = "0" } },
  { "an amount of minus zero", "amount-not-positive", pay { amount = "-0.00" } },
  { "a charge that leaves 64 bits", "amount-overflow",
    on("charge", { document = "F-00001", amount = "92233720368547758.07" }) },
  -- texts
  { "a document that is a number", "field-invalid", pay { document = 1 } },
  { "a document that is a boolean", "field-invalid", pay { document = false } },
  { "a document that is a table", "field-invalid", pay { document = {} } },
  { "a document that is a function", "field-invalid", pay { document = print } },
  { "a document that is a coroutine", "field-invalid", pay { document = coroutine.create(print) } },
  { "a document that is a cyclic table", "field-invalid", pay { document = cyclic } },
  { "a document that is empty", "field-invalid", pay { document = "" } },
  { "a document with a NUL byte", "field-invalid", pay { document = "C-00001\0" } },
  { "a document of 10 MB", "field-invalid", pay { document = BIG } },
  { "a document that nobody made", "document-unknown", pay { document = "C-99999" } },
  { "a document in SQL", "document-unknown", pay { document = "' OR 1=1; DROP TABLE entry; --" } },
  { "a patient that is a number", "field-invalid", visit { patient = 17 } },
  { "a patient with a NUL byte", "field-invalid", visit { patient = "P\0001" } },
  { "a patient with a line break", "field-invalid", visit { patient = "P\n1" } },
  { "a patient in invalid UTF-8", "field-invalid", visit { patient = "P\xff" } },
  { "a patient in overlong UTF-8", "field-invalid", visit { patient = "\xc0\xaf" } },
  { "a patient that is half a character", "field-invalid", visit { patient = "\xe2\x82" } },
  { "a patient that is a surrogate", "field-invalid", visit { patient = "\xed\xa0\x80" } },
  { "a patient beyond Unicode", "field-invalid", visit { patient = "\xf4\x90\x80\x80" } },
  { "a patient of 10 MB", "field-invalid", visit { patient = BIG } },
  { "a number of 33 bytes", "field-invalid", visit { number = ("A"):rep(33) } },
  { "a number with a blank", "field-invalid", visit { number = "A 1" } },
  { "a number with a NUL byte", "field-invalid", visit { number = "A\0" } },
  { "a number that is a number", "field-invalid", visit { number = 12 } },
  { "a number with letters beyond ASCII", "field-invalid", visit { number = "É1" } },
  { "a label of 10 MB", "field-invalid", visit { label = BIG } },
  { "a note of 4097 bytes", "field-invalid", visit { note = ("n"):rep(4097) } },
  { "a note with a NUL byte", "field-invalid", visit { note = "a\0b" } },
  { "a note that is a table", "field-invalid", visit { note = { "a" } } },
  { "a key of 129 bytes", "field-invalid", visit { key = ("k"):rep(129) } },
  { "an empty key", "field-invalid", visit { key = "" } },
  { "a key that is an integer", "field-invalid", visit { key = 1 } },
  { "an actor that is a table", "field-invalid", visit { actor = {} } },
  { "roles that are a string", "field-invalid", visit { roles = "manager" } },
  { "roles with a number among them", "field-invalid", visit { roles = { "manager", 7 } } },
  { "a reason that is true", "field-invalid", on("reverse", { payment = "R-00001", reason = true }) },
  { "a reopen that is a string", "field-invalid",
    on("refund", { payment = "R-00001", reason = "slip", reopen = "true" }) },
  { "a dry run that is 1", "field-invalid", pay { dry_run = 1 } },
  { "a type of 10 MB", "field-invalid", pay { type = BIG } },
  { "a type that nobody declared", "type-unknown", pay { type = "gold" } },
  -- lists and maps
  { "documents that are a number", "field-invalid", on("pay", { documents = 5 }) },
  { "documents that are a name", "field-invalid", on("pay", { documents = "C-00001" }) },
  { "no documents at all", "field-invalid", on("pay", { documents = {} }) },
  { "documents by name", "field-invalid", on("pay", { documents = { first = "C-00001" } }) },
  { "documents in a mixed table", "field-invalid", on("pay", { documents = { "C-00001", n = 1 } }) },
  { "documents with a hole", "field-invalid", on("pay", { documents = { "C-00001", nil, "F-00001" } }) },
  { "documents under float keys", "field-invalid", on("pay", { documents = { [1.5] = "C-00001" } }) },
  { "documents that start at zero", "field-invalid", on("pay", { documents = { [0] = "C-00001" } }) },
  { "documents with a table among them", "field-invalid", on("pay", { documents = { "C-00001", {} } }) },
  { "documents that hold themselves", "field-invalid", on("pay", { documents = { cyclic } }) },
  { "a document named twice", "field-invalid", on("pay", { documents = { "C-00001", "C-00001" } }) },
  { "a hundred thousand documents", "field-invalid", on("pay", { documents = long }) },
  { "a hundred thousand consultations", "field-invalid", on("invoice", { consultations = long }) },
  { "consultations that are true", "field-invalid", on("invoice", { consultations = true }) },
  { "fields that are a list", "field-invalid", pay { fields = { "a" } } },
  { "fields with a float", "field-invalid", pay { fields = { a = 1.5 } } },
  { "fields with a table", "field-invalid", pay { fields = { a = {} } } },
  { "fields with a name of a NUL byte", "field-invalid", pay { fields = { ["a\0"] = "b" } } },
  { "fields with a value of 10 MB", "field-invalid", pay { fields = { a = BIG } } },
  { "counted money as a list", "field-invalid", on("close_days", { through = "2026-03-01", counted = { "1.00" } }) },
  { "counted money of a type that nobody declared", "type-unknown",
    on("close_days", { through = "2026-03-01", counted = { gold = "1.00" } }) },
  -- dates
  { "a date that does not exist", "date-invalid", pay { at = "2026-02-30" } },
  { "the 29th of February of no leap year", "date-invalid", pay { at = "2025-02-29" } },
  { "a month 13", "date-invalid", pay { at = "2026-13-01" } },
  { "a day zero", "date-invalid", pay { at = "2026-01-00" } },
  { "a year zero", "date-invalid", pay { at = "0000-01-01" } },
  { "an hour 25", "date-invalid", pay { at = "2026-01-01T25:00" } },
  { "a minute 60", "date-invalid", pay { at = "2026-01-01T10:60" } },
  { "a date with text after it", "date-invalid", pay { at = "2026-01-01 or so" } },
  { "a date with a NUL byte", "date-invalid", pay { at = "2026-01-01\0" } },
  { "a date as people write it", "date-invalid", pay { at = "01.02.2026" } },
  { "an empty date", "date-invalid", pay { at = "" } },
  { "a date of 10 MB", "date-invalid", pay { at = BIG } },
  { "a time in a float", "date-invalid", pay { at = 1.5 } },
  { "a time that is not a number", "date-invalid", pay { at = NAN } },
  { "the largest integer as a time", "date-invalid", pay { at = math.maxinteger } },
  { "the smallest integer as a time", "date-invalid", pay { at = math.mininteger } },
  { "a time that is a table, as os.date gives it", "date-invalid", pay { at = { year = 2026, month = 1, day = 1 } } },
  { "a due day that does not exist", "date-invalid",
    on("invoice", { patient = "P1", amount = "1", due = "2026-04-31" }) },
  { "a closing through nowhen", "date-invalid", on("close_days", { through = "yesterday" }) },
  { "a time in the future", "date-in-future", pay { at = "2126-01-01" } },
  -- names of fields
  { "a field that is misspelled", "field-unknown", pay { amonut = "1" } },
  { "a field with a NUL byte in its name", "field-unknown", pay { ["amount\0"] = "1" } },
  { "a field with a name of 10 MB", "field-unknown", pay { [BIG] = "1" } },
  { "a field with a name that is empty", "field-unknown", pay { [""] = "1" } },
  { "a field with a name in invalid UTF-8", "field-unknown", pay { ["\xff"] = "1" } },
  { "a list instead of fields", "field-unknown", on("pay", { "C-00001" }) },
  { "a field under a float", "field-unknown", pay { [1.5] = "1" } },
  { "a field under true", "field-unknown", pay { [true] = "1" } },
  { "a field under a table", "field-unknown", pay { [{}] = "1" } },
  { "a field of another command", "field-unknown", pay { reopen = true } },
  { "nothing at all to pay", "field-missing", on("pay", {}) },
  { "a consultation without a patient", "field-missing", on("consultation", { amount = "1" }) },
  { "a field that only a metatable has", "field-missing",
    on("pay", setmetatable({}, { __index = { document = "C-00001" } })) },
  { "fields with traps for every metamethod", "document-unknown", on("pay", raw_trap { document = "C-99999" }) },
  { "documents with traps for every metamethod", "document-unknown",
    on("pay", { documents = raw_trap { "C-99999" } }) },
  { "a type's fields with traps for every metamethod", "field-invalid",
    pay { type = "insurance", fields = raw_trap { policy = "not digits" } } },
  -- readings
  { "reading a document by a number", "field-invalid", function(ledger) return ledger:document(1) end },
  { "reading no document", "field-invalid", function(ledger) return ledger:document() end },
  { "reading a document by 10 MB", "document-unknown", function(ledger) return ledger:document(BIG) end },
  { "reading a document as of nowhen", "date-invalid",
    function(ledger) return ledger:document("C-00001", { as_of = "soon" }) end },
  { "reading a document with an unknown option", "field-unknown",
    function(ledger) return ledger:document("C-00001", { asof = "2026-01-01" }) end },
  { "reading a payment by a table", "field-invalid", function(ledger) return ledger:payment {} end },
  { "reading a payment that nobody made", "payment-unknown", function(ledger) return ledger:payment "R-\0" end },
  { "reading a patient by nil", "field-invalid", function(ledger) return ledger:patient(nil) end },
  { "reading a patient that nobody named", "patient-unknown", function(ledger) return ledger:patient "\xff" end },
  { "documents of an unknown kind", "field-invalid", on("documents", { kind = "bill" }) },
  { "documents of an unknown status", "field-invalid", on("documents", { status = "late" }) },
  { "documents in an unknown order", "field-invalid", on("documents", { order = "random" }) },
  { "documents up to a negative limit", "field-invalid", on("documents", { limit = -1 }) },
  { "documents up to a limit in floats", "field-invalid", on("documents", { limit = 2.5 }) },
  { "documents after one that nobody made", "document-unknown", on("documents", { after = "C-99999" }) },
  { "payments with an unknown filter", "field-unknown", on("payments", { documents = "C-00001" }) },
  { "payments reversed or not, as a string", "field-invalid", on("payments", { reversed = "yes" }) },
  { "entries from a seq in floats", "field-invalid", on("entries", { from_seq = 1.5 }) },
  { "entries of an unknown kind", "field-invalid", on("entries", { kind = "gift" }) },
  { "totals by the weather", "field-invalid", on("totals", { by = { "weather" } }) },
  { "totals by a string", "field-invalid", on("totals", { by = "type" }) },
  { "totals from nowhen", "date-invalid", on("totals", { from = "2026-02-30" }) },
  { "a head that is a string", "field-invalid", on("verify", { head = "abc" }) },
  { "a head with a short hash", "field-invalid", on("verify", { head = { seq = 1, hash = "ab" } }) },
  { "a head with a negative seq", "field-invalid", on("verify", { head = { seq = -1, hash = ("0"):rep(64) } }) },
  { "a progress that is no function", "field-invalid", on("verify", { progress = "loud" }) },
  { "an unknown option of verify", "field-unknown", on("verify", { heads = {} }) },
  { "a backup to nowhere", "field-invalid", function(ledger) return ledger:backup() end },
  { "a backup to a path with a NUL byte", "field-invalid", function(ledger) return ledger:backup "a\0b" end },
  { "a backup to a path of 10 MB", "io-error", function(ledger) return ledger:backup(BIG) end },
  { "money of a number", "amount-invalid", function(ledger) return ledger:money(5) end },
}

--- What is done, a pattern of the error that is raised, the call.
local raised = {
  { "a command without a table", "table expected", function(ledger) return ledger:pay() end },
  { "a command on a string", "table expected", function(ledger) return ledger:pay "C-00001" end },
  { "a command on a number", "table expected", function(ledger) return ledger:pay(5) end },
  { "a point for a colon", "a ledger is expected",
    function(ledger) return ledger.pay { document = "C-00001" } end },
  { "a file for a ledger", "a ledger is expected", function(ledger) return ledger.pay(io.stdout, {}) end },
  { "a money value for a ledger", "a ledger is expected",
    function(ledger) return ledger.head(tallystick.money("1", "CHF")) end },
  { "nothing for a ledger", "a ledger is expected", function(ledger) return ledger.pay() end },
  { "a transaction without a function", "function expected", function(ledger) return ledger:transaction {} end },
  { "options that are a number", "table expected", function(ledger) return ledger:documents(5) end },
  { "options of a document that are a string", "table expected",
    function(ledger) return ledger:document("C-00001", "as_of") end },
  { "a sum of two currencies", "not one currency",
    function() return tallystick.money("1", "CHF") + tallystick.money("1", "EUR") end },
  { "money times a float", "integer", function() return tallystick.money("1", "CHF") * 1.5 end },
  { "money plus a number", "tallystick.money expected", function() return tallystick.money("1", "CHF") + 1 end },
  { "money beyond 64 bits", "amount%-overflow",
    function() return tallystick.money("92233720368547758.07", "CHF") * 2 end },
  { "money split into nothing", "parts", function() return tallystick.money("1", "CHF"):split(0) end },
  { "money split by floats", "integer", function() return tallystick.money("1", "CHF"):split { 0.5, 0.5 } end },
  { "a status of no table", "table expected", function() return tallystick.status "paid" end },
}

--- Tables whose metamethods turn against the ledger while it reads them. Each may be refused, raise or be carried out
--- once; what it may not do is crash, or write what another command asked for.
local traps = {
  { "a command that closes the ledger while its fields are read",
    [[ledger:pay(trap({ document = "C-00001", amount = "1.00" }, close))]] },
  { "a command that closes the ledger while its type is looked for",
    [[ledger:pay(trap({ document = "C-00001", amount = "1.00", fields = { a = "b" } }, close))]] },
  { "a correction that closes the ledger while its type is looked for",
    [[ledger:correct(trap({ payment = "R-00001", reason = "slip", fields = { a = "b" } }, close))]] },
  { "a command that closes the ledger while a type's fields are read",
    [[ledger:pay { document = "C-00001", type = "card", fields = trap({}, close) }]] },
  { "a verify that closes the ledger while its options are read", [[ledger:verify(trap({}, close))]] },
  { "a verify that closes the ledger while its head is read", [[ledger:verify { head = trap({}, close) }]] },
  { "a backup that closes the ledger while its options are read", [[ledger:backup(folder, trap({}, close))]] },
  { "a reading that closes the ledger while its options are read",
    [[ledger:document("C-00001", trap({}, close))]] },
  { "a list that closes the ledger while its options are read", [[ledger:documents(trap({}, close))]] },
  { "a command that runs another while its fields are read",
    [[ledger:pay(trap({ document = "C-00001", amount = "1.00" }, deposit))]] },
}

local TRAP = [[
local tallystick = require "tallystick"
local folder = ...
local ledger = assert(tallystick.open(":memory:"))
assert(ledger:consultation { patient = "P1", amount = "100.00" })
assert(ledger:pay { document = "C-00001", amount = "5.00" })
local function close() ledger:close() end
local deposits, sprung = 0, false
local function deposit()
  if sprung then return end
  sprung = true
  if ledger:deposit { patient = "P1", amount = "3.00" } then deposits = deposits + 1 end
end
local function trap(fields, spring)
  return setmetatable(fields, { __index = function() spring() end, __pairs = spring, __len = spring })
end
pcall(function() return %s end)
if tostring(ledger):find "open" then
  assert(ledger:verify())
  local found = 0
  for _ in ledger:entries { kind = "deposit" } do found = found + 1 end
  assert(found == deposits, "a command was carried out twice")
  ledger:close()
end
print "sound"
]]

describe("a hostile call", function()
  after_each(helper.finish)

  for _, row in ipairs(refused) do
    it(("is refused with %s: %s"):format(row[2], row[1]), function()
      local ledger = clinic()
      local before = assert(ledger:head())
      local result, message, code, details = row[3](ledger)
      assert.is_nil(result)
      assert.equal(row[2], code, message)
      assert.is_true(#message < 2000, "the message repeats what was passed")
      assert.equal("table", type(details))
      assert.same(before, assert(ledger:head()))
    end)
  end

  for _, row in ipairs(raised) do
    it(("raises a clear error: %s"):format(row[1]), function()
      local ledger = clinic()
      local before = assert(ledger:head())
      local ok, message = pcall(row[3], ledger)
      assert.is_false(ok)
      assert.truthy(message:find(row[2]), message)
      assert.same(before, assert(ledger:head()))
    end)
  end

  for name, method in pairs(require("tallystick.core").methods) do
    it("raises closed on a closed handle: " .. name, function()
      local ledger = clinic()
      ledger:close()
      if name == "close" then return assert.has_no.errors(function() method(ledger) end) end
      local ok, message = pcall(method, ledger, name == "transaction" and print or {})
      assert.is_false(ok)
      assert.truthy(tostring(message):find("closed", 1, true), tostring(message))
    end)
  end

  for _, row in ipairs(traps) do
    it("neither crashes nor writes twice: " .. row[1], function()
      local ended = child.run(TRAP:format(row[2]), helper.folder() .. "/copy.db")
      assert.equal("sound\n", ended.out, ended.err)
      assert.equal(0, ended.code, ended.err)
    end)
  end
end)
