-- What a plan says of credits, and what applying it does: by the ledger's own rules, once for each credit.
local bank = require "spec.bank"
local camt = require "tallystick.import.camt"
local helper = require "spec.helper"
local import = require "tallystick.import"
local tallystick = require "tallystick"

local NIGHT = { "2026-03-10T10:00:00Z", "2026-03-11T10:00:00Z" }

local function entry(id, amount, text, fields)
  fields = fields or {}
  fields.id, fields.amount = id, amount
  fields.details = bank.transaction { id = id .. "-1", amount = amount, text = text }
  return bank.entry(fields)
end

describe("a plan", function()
  local ledger, clock
  before_each(function() ledger, clock = bank.practice() end)
  after_each(helper.finish)

  local function lines(entries, options) return bank.lines(bank.plan_of(ledger, entries, options)) end

  local function pay(entries, options)
    return assert(import.apply(ledger, bank.plan_of(ledger, entries, options)))
  end

  it("writes nothing, and tells what each document would owe", function()
    local head = assert(ledger:head())
    local plan = bank.plan_of(ledger, entry("A", "50.00", "F-00001") .. entry("B", "7.00", "F-00001")
      .. entry("C", "10.00", "F-00002"))
    assert.same(head, assert(ledger:head()))
    assert.same({ 3, 0, 0 }, { plan.pay, plan.done, plan.list })
    helper.matches({ document = "F-00001", patient = "P1", status = "partial", remaining = "7.35", deposited = "0.00",
      type = "transfer", key = "camt:CH9300762011623852957:A-1" }, plan.items[1])
    helper.matches({ document = "F-00001", remaining = "0.35" }, plan.items[2])
    helper.matches({ document = "F-00002", remaining = "54.70" }, plan.items[3])
  end)

  it("keeps what is too much as credit, gives none back, or lists it: by the type", function()
    local too_much = entry("A", "60.00", "F-00001")
    assert.same({ "pay 60.00 F-00001 credit 2.65" }, lines(too_much))
    assert.same({ "list 60.00 amount-exceeds-remaining" }, lines(too_much, { type = "twint" }))
    assert.same({ "list 60.00 amount-exceeds-remaining" }, lines(too_much, { type = "cash" }))
    assert.same({ "pay 57.35 F-00001" }, lines(entry("A", "57.35", "F-00001"), { type = "cash" }))
  end)

  it("is not deceived by a payment meanwhile into giving change", function()
    local plan = bank.plan_of(ledger, entry("A", "57.35", "F-00001"), { type = "cash" })
    assert.equal(1, plan.pay)
    assert(ledger:pay { document = "F-00001", type = "twint", amount = "20.00" })
    local report = assert(import.apply(ledger, plan))
    assert.same({ 0, 1, "amount-exceeds-remaining" }, { report.paid, report.refused, report.outcomes[1].code })
    assert.equal("partial 37.35: charged 57.35, collected 20.00", helper.state(ledger, "F-00001"))
  end)

  for _, row in ipairs {
    { "document-settled", "F-00067" }, { "document-cancelled", "F-00066" }, { "type-unknown", "F-00001",
      { type = "bitcoin" } }, { "type-retired", "F-00001", { type = "cheque" } },
    { "type-not-applicable", "F-00001", { type = "voucher" } }, { "group-required", "F-00001", { type = "card" } },
    { "permission-denied", "F-00001", { type = "loss", roles = { "guest" } } },
    { "amount-not-tenderable", "F-00001", { type = "cash" }, "10.01" },
    { "field-missing", "F-00001", { type = "insurance" } },
    { "credit-insufficient", "F-00001", { type = "credit" } },
  } do
    it(("lists what the ledger refuses: %s"):format(row[1]), function()
      local amount = row[4] or "10.00"
      local head = assert(ledger:head())
      assert.same({ ("list %s %s"):format(amount, row[1]) }, lines(entry("A", amount, row[2]), row[3]))
      assert.same(head, assert(ledger:head()))
    end)
  end

  it("lists what falls on closed days, unless it is dated at now", function()
    assert(ledger:close_days { through = "2026-01-31" })
    local closed = entry("A", "10.00", "F-00001") .. entry("B", "10.00", "F-00002", { day = "2026-02-01" })
    assert.same({ "list 10.00 period-closed", "pay 10.00 F-00002" }, lines(closed))
    local report = pay(closed, { at = "now" })
    assert.equal(2, report.paid)
    assert.equal("2026-03-10", report.outcomes[1].result.day)
    clock.now = NIGHT[2]
    assert.same({ "done 10.00 F-00001", "done 10.00 F-00002" }, lines(closed, { at = "now" }))
  end)

  it("lists what has no day, a day that does not exist, or one to come", function()
    assert.same({ "list 10.00 date-missing", "list 10.00 date-missing", "list 10.00 date-invalid",
      "list 10.00 date-in-future" }, lines(entry("A", "10.00", "F-00001", { day = false })
      .. entry("B", "10.00", "F-00001", { day = "5.1.2026" }) .. entry("C", "10.00", "F-00001", { day = "2026-02-30" })
      .. entry("D", "10.00", "F-00001", { day = "2026-03-12" })))
    assert.same({ "list 10.00 date-missing" }, lines(entry("A", "10.00", "F-00001"), { at = "value" }))
  end)

  it("lists what the bank takes back, however it says so", function()
    for said, line in pairs { ["true"] = "list 10.00 reversal", ["1"] = "list 10.00 reversal",
      ["false"] = "pay 10.00 F-00001", ["0"] = "pay 10.00 F-00001" } do
      local told = entry("A", "10.00", "F-00001"):gsub("<Sts>", ("<RvslInd>%s</RvslInd>%%0"):format(said))
      assert.same({ line }, lines(told), said)
    end
  end)

  it("lists money for a settled document, or puts it on the patient's credit", function()
    local twice = entry("A", "57.35", "F-00001") .. entry("B", "57.35", "F-00001")
    assert.same({ "pay 57.35 F-00001", "list 57.35 document-settled" }, lines(twice))
    local wanted = { deposit = true }
    assert.same({ "pay 57.35 F-00001", "pay 57.35 F-00001 credit 57.35" }, lines(twice, wanted))
    local report = pay(twice, wanted)
    assert.equal("deposit", report.outcomes[2].result.kind)
    assert.equal("57.35", ledger:patient("P1").credit:decimal())
    -- The same again, whether deposits are wanted by now or not.
    for _, options in ipairs { wanted, {} } do
      local plan = bank.plan_of(ledger, twice, options)
      assert.same({ "done 57.35 F-00001", "done 57.35 F-00001 credit 57.35" }, bank.lines(plan))
      assert.equal(report.outcomes[2].result.number, plan.items[2].payment)
    end
  end)

  it("lists a credit whose key was used for another content", function()
    pay(entry("A", "10.00", "F-00001"))
    assert.same({ "list 11.00 key-conflict" }, lines(entry("A", "11.00", "F-00001")))
    assert.same({ "list 10.00 key-conflict" }, lines(entry("A", "10.00", "F-00002")))
    assert.same({ "list 10.00 key-conflict" }, lines(entry("A", "10.00", "F-00001"), { type = "twint" }))
    assert.same({ "list 10.00 key-conflict" }, lines(entry("A", "10.00", "nothing")))
    assert.same({ "done 10.00 F-00001" }, lines(entry("A", "10.00", "F-00001"), { actor = "another" }))
  end)

  it("says of a listed credit that was settled by hand under its key that it was", function()
    local unknown = entry("A", "10.00", "my bill")
    local item = bank.plan_of(ledger, unknown).items[1]
    assert.equal("document-missing", item.code)
    assert(ledger:pay { document = "F-00003", type = "transfer", amount = "10.00", key = item.key })
    item = bank.plan_of(ledger, unknown).items[1]
    assert.equal("key-conflict", item.code)
    assert.truthy(item.message:find "was used already")
  end)

  it("knows a payment again that was reversed meanwhile, and does not pay it once more", function()
    local report = pay(entry("A", "10.00", "F-00001"))
    assert(ledger:reverse { payment = report.outcomes[1].result.number, reason = "bank took it back" })
    assert.same({ "done 10.00 F-00001" }, lines(entry("A", "10.00", "F-00001")))
    assert.equal(0, pay(entry("A", "10.00", "F-00001")).paid)
  end)

  it("takes two credits with one key and one content for one, and with two contents for none", function()
    local plan = bank.plan_of(ledger, entry("A", "10.00", "F-00001") .. entry("A", "10.00", "F-00001"))
    assert.same({ "pay 10.00 F-00001", "done 10.00 F-00001" }, bank.lines(plan))
    assert.equal(plan.items[1], plan.items[2].twin)
    -- What the rehearsal made is not there any more.
    assert.is_nil(plan.items[2].payment)
    local valued = entry("A", "10.00", "F-00001"):gsub("<BkTxCd/>", "<ValDt><Dt>2026-01-07</Dt></ValDt>%0")
    assert.equal(2, bank.plan_of(ledger, entry("A", "10.00", "F-00001") .. valued).list)
    for _, other in ipairs { entry("A", "11.00", "F-00001"), entry("A", "10.00", "F-00002"),
      entry("A", "10.00", "F-00001", { day = "2026-01-06" }) } do
      local first = entry("A", "10.00", "F-00001")
      assert.same({ "key-shared", "key-shared" }, { bank.plan_of(ledger, first .. other).items[1].code,
        bank.plan_of(ledger, first .. other).items[2].code })
    end
  end)

  it("knows the transactions of a batch again in another order, and with their amounts written otherwise", function()
    local function batch(...)
      return bank.entry { id = "A", amount = "10.00", details = table.concat { ... } }
    end
    local came, gone = bank.transaction { text = "F-00001" }, bank.transaction { text = "F-00001", direction = "DBIT" }
    local sent = bank.transaction { text = "F-00001", amount = "-10.00" }
    local briefly = bank.transaction { text = "F-00001", amount = "10.0" }
    local back = bank.transaction { text = "F-00001", more = "<RtrInf/>" }
    for _, other in ipairs { gone, sent } do
      assert.equal(2, pay(batch(came, came, other)).paid)
      for _, again in ipairs { { other, came, came }, { came, other, came }, { briefly, other, came } } do
        assert.equal(0, pay(batch(table.unpack(again))).paid)
      end
      ledger = bank.practice()
    end
    local returned = bank.entry { id = "A", amount = "20.00", details = came .. back }
    assert.equal(1, pay(returned).paid)
    assert.equal(0, pay(bank.entry { id = "A", amount = "20.00", details = back .. came }).paid)
  end)

  it("reads the numbers of documents that a payer's program set apart", function()
    local function told(...)
      local numbers = {}
      for index, number in ipairs { ... } do
        numbers[index] = ("<RfrdDocInf><Tp/><Nb>%s</Nb></RfrdDocInf>"):format(number)
      end
      local strd = ("</Ustrd><Strd>%s</Strd><Ustrd>"):format(table.concat(numbers))
      return lines(bank.entry { id = "A", details = bank.transaction { id = "1", text = "bill" .. strd .. "thanks" } })
    end
    assert.same({ "pay 10.00 F-00001" }, told "F-00001")
    assert.same({ "list 10.00 document-ambiguous" }, told("F-00001", "F-00002"))
  end)

  it("takes what is said of a booking for what its only transaction says, and not for each of several", function()
    local one, two = bank.transaction { id = "1" }, bank.transaction { id = "2", text = "F-00002" }
    local function booking(details, amount)
      return bank.entry { id = "A", amount = amount, info = "F-00001", details = details }
    end
    assert.same({ "pay 10.00 F-00001" }, lines(booking(one, "10.00")))
    assert.same({ "list 10.00 document-missing", "pay 10.00 F-00002" }, lines(booking(one .. two, "20.00")))
  end)

  it("takes two bookings whose transactions are numbered alike for two, and pays neither", function()
    local function booking(id)
      return bank.entry { id = id, amount = "20.00", details = bank.transaction { id = "1", text = "F-00001" }
        .. bank.transaction { id = "2", text = "F-00002" } }
    end
    local shared = { "list 10.00 key-shared", "list 10.00 key-shared", "list 10.00 key-shared",
      "list 10.00 key-shared" }
    assert.same(shared, lines(booking "A" .. booking "B"))
    assert.same({ "pay 10.00 F-00001", "pay 10.00 F-00002", "done 10.00 F-00001", "done 10.00 F-00002" },
      lines(booking "A" .. booking "A"))
  end)

  it("holds one key apart from another account's", function()
    local one = assert(camt.parse(bank.message(entry("A", "10.00", "F-00001")))).credits
    local other = assert(camt.parse(bank.message(entry("A", "10.00", "F-00001"), { account = "CH44" }))).credits
    assert.are_not.equal(one[1].key, other[1].key)
  end)

  it("is none where the ledger as a whole gives up, as when another process is writing", function()
    local path = helper.folder() .. "/clinic.db"
    bank.practice({ path = path }):close()
    local writer = helper.open { path = path, now = NIGHT[1] }
    local planner <close> = assert(tallystick.open(path, { clock = function() return NIGHT[1] end, busy_timeout = 0 }))
    local one, two = entry("A", "10.00", "F-00001"), entry("B", "5.00", "F-00001")
    for _, entries in ipairs { one, one .. two } do
      local credits = assert(camt.parse(bank.message(entries))).credits
      assert(writer:transaction(function(tx)
        assert(tx:pay { document = "F-00002", type = "twint", amount = "1.00" })
        assert.equal("busy", select(3, import.plan(planner, credits)))
        return true
      end))
      assert.equal(#credits, assert(import.plan(planner, credits)).pay)
    end
  end)

  it("refuses options that make no sense, and a ledger that cannot be written", function()
    for _, row in ipairs { { { tpye = "cash" }, "field-unknown" }, { { type = 5 }, "field-invalid" },
      { { at = "yesterday" }, "field-invalid" }, { { qr_prefix = "88x" }, "field-invalid" },
      { { qr_prefix = ("1"):rep(26) }, "field-invalid" }, { { deposit = "yes" }, "field-invalid" } } do
      helper.refused(row[2], import.plan(ledger, {}, row[1]))
    end
    helper.refused("field-unknown", import.apply(ledger, { items = {} }, { progres = print }))
    helper.refused("field-invalid", import.apply(ledger, { items = {} }, { progress = 1 }))
    local path = helper.folder() .. "/clinic.db"
    bank.practice({ path = path }):close()
    local reader = helper.open { path = path, mode = "ro", script = "" }
    assert.equal("read-only", select(3, import.plan(reader, {})))
  end)
end)

describe("applying a plan", function()
  local ledger
  before_each(function() ledger = bank.practice() end)
  after_each(helper.finish)

  it("makes each payment a commit of its own, and tells of it", function()
    local plan = bank.plan_of(ledger, entry("A", "10.00", "F-00001") .. entry("B", "10.00", "nothing")
      .. entry("C", "10.00", "F-00002") .. entry("D", "10.00", "F-00003"))
    local told = {}
    local report = assert(import.apply(ledger, plan, { progress = function(done, total, outcome)
      told[#told + 1] = ("%d/%d %s"):format(done, total, outcome.item.document)
      assert.equal("10.00", ledger:document(outcome.item.document).collected:decimal())
      return done < 2
    end }))
    assert.same({ "1/3 F-00001", "2/3 F-00002" }, told)
    assert.same({ 2, 0, 0, false }, { report.paid, report.replayed, report.refused, report.complete })
    report = assert(import.apply(ledger, plan))
    assert.same({ 1, 2, 0, true }, { report.paid, report.replayed, report.refused, report.complete })
  end)

  it("shows what another was faster with", function()
    local plan = bank.plan_of(ledger, entry("A", "57.35", "F-00001") .. entry("B", "10.00", "F-00002"))
    assert(ledger:pay { document = "F-00001", type = "twint" })
    local report = assert(import.apply(ledger, plan))
    assert.same({ 1, 1, "document-settled" }, { report.paid, report.refused, report.outcomes[1].code })
  end)

  it("stops where the ledger as a whole gives up, and says what was done", function()
    local path = helper.folder() .. "/clinic.db"
    bank.practice({ path = path }):close()
    local writer = helper.open { path = path, now = NIGHT[1] }
    local plan = bank.plan_of(writer, entry("A", "10.00", "F-00001") .. entry("B", "10.00", "F-00002"))
    local reader = helper.open { path = path, now = NIGHT[1], mode = "ro", script = "" }
    local report = assert(import.apply(reader, plan))
    assert.same({ 0, false, "read-only" }, { report.paid, report.complete, report.stopped.code })
    assert.equal(2, assert(import.apply(writer, plan)).paid)
  end)
end)
