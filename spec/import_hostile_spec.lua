-- Files that were not made by a bank, or arrived broken: each ends in a code, at once, and nothing is paid.
local bank = require "spec.bank"
local camt = require "tallystick.import.camt"
local command = require "spec.command"
local helper = require "spec.helper"
local import = require "tallystick.import"
local xml = require "tallystick.import.xml"

local NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"

local function refused(text, pattern, options)
  local message, details = helper.refused("field-invalid", camt.parse(text, options))
  assert.truthy(message:find(pattern), message)
  return details
end

describe("a notification", function()
  after_each(helper.finish)

  it("is refused wherever it was cut off", function()
    local text = command.read(bank.FEBRUARY)
    for at = 0, #text - 2, 997 do refused(text:sub(1, at), "no well%-formed XML") end
    refused(text:sub(1, -3), "no well%-formed XML")
    assert(camt.parse(text))
    refused(text .. "<more/>", "no well%-formed XML")
  end)

  it("with a document type is refused before an entity can grow", function()
    local bomb = { '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l0 "lol">' }
    for i = 1, 9 do bomb[#bomb + 1] = ('<!ENTITY l%d "%s">'):format(i, ("&l%d;"):format(i - 1):rep(10)) end
    bomb[#bomb + 1] = ']><Document xmlns="' .. NAMESPACE .. '">&l9;</Document>'
    local details = refused(table.concat(bomb), "DOCTYPE")
    assert.equal("1", details.line)
    refused(bank.message("", { head = '<!DOCTYPE Document SYSTEM "file:///etc/passwd">' }), "DOCTYPE")
    refused(bank.message(bank.entry { info = "&unknown;" }), "no well%-formed XML")
  end)

  it("is refused where it nests too deep, and read where it just does not", function()
    local function nested(depth)
      return bank.message(("<a>"):rep(depth - 3) .. ("</a>"):rep(depth - 3))
    end
    assert(camt.parse(nested(xml.DEPTH_MAX)))
    refused(nested(xml.DEPTH_MAX + 1), "more than 64 deep")
    refused(nested(100000), "more than 64 deep")
    refused(bank.message('<x xmlns="urn:other">' .. ("<a>"):rep(100000)), "more than 64 deep")
  end)

  it("is refused where a text, a tag or an element is larger than any bank's", function()
    local function with_info(bytes) return bank.message(bank.entry { id = "A", info = ("x"):rep(bytes) }) end
    assert(camt.parse(with_info(xml.TEXT_BYTES_MAX)))
    refused(with_info(xml.TEXT_BYTES_MAX + 1), "longer than 4096 bytes")
    refused(bank.message('<a b="' .. ("x"):rep(3 << 20)), "longer than 1048576 bytes")
    refused(bank.message("<!-- " .. ("x"):rep(3 << 20)), "longer than 1048576 bytes")
    refused(bank.message("<Ntry>" .. ("<a/>"):rep(70000)), "more than 65536")
  end)

  it("is refused in an encoding that it does not have", function()
    local latin = bank.message(bank.entry { id = "A", info = "pay\xE9" })
    refused(latin, "no well%-formed XML")
    local declared = latin:gsub("UTF%-8", "ISO-8859-1", 1)
    assert.equal("payé", assert(camt.parse(declared)).credits[1].texts[1])
    refused((latin:gsub("UTF%-8", "EBCDIC", 1)), "no well%-formed XML")
    refused("\0\0\0\0", "no well%-formed XML")
    refused("", "no well%-formed XML")
    refused("Invoice;Amount\nF-00001;5\n", "no well%-formed XML")
  end)

  it("is refused where it is another message, and says which", function()
    local text = bank.message ""
    refused((text:gsub("camt%.054%.001%.04", "camt.053.001.04")), "this is camt.053.001.04; give")
    refused((text:gsub("camt%.054%.001%.04", "pain.001.001.09")), "this is pain.001.001.09; give")
    refused("<html><body/></html>", "no message of ISO 20022")
    refused((text:gsub("urn:iso:std:iso:20022:tech:xsd:", "urn:x:")), "no message of ISO 20022")
    refused(('<Document xmlns="%s"/>'):format(NAMESPACE), "has no notification")
    refused(('<Document xmlns="%s"><Ntry xmlns="urn:x"/></Document>'):format(NAMESPACE), "has no notification")
  end)

  it("may be of any version, with any prefix, and with what a bank adds of its own", function()
    for _, version in ipairs { "02", "04", "06", "08", "10", "13" } do
      local read = assert(camt.parse(bank.message(bank.entry { id = "A" }, { version = version })))
      assert.same({ "camt.054.001." .. version, 1 }, { read.version, #read.credits })
    end
    local text = bank.message(bank.entry { id = "A", info = "one" }):gsub("<(/?)(%a)", "<%1n:%2")
      :gsub("xmlns=", "xmlns:n=")
    assert.equal("one", assert(camt.parse(text)).credits[1].texts[1])
    local own = bank.entry({ id = "A", info = "one" }):gsub("<Amt",
      '<Amt xmlns="urn:bank" Ccy="CHF">99.00</Amt><Amt', 1)
    assert.equal("10.00", assert(camt.parse(bank.message(own))).credits[1].amount:decimal())
  end)

  it("is refused where it does not exist, and with options that make no sense", function()
    helper.refused("io-error", camt.read "/nowhere/january.xml")
    helper.refused("io-error", camt.read(helper.folder()))
    helper.refused("field-unknown", camt.read(bank.JANUARY, { acount = "CH93" }))
    helper.refused("field-invalid", camt.read(bank.JANUARY, { account = 93 }))
  end)

  it("is read for one account where that is asked for", function()
    local all = assert(camt.read(bank.JANUARY))
    local main = assert(camt.read(bank.JANUARY, { account = "CH93 0076 2011 6238 5295 7" }))
    local other = assert(camt.read(bank.JANUARY, { account = "ch4431999123000889012" }))
    assert.equal(#all.credits, #main.credits + #other.credits)
    assert.same({ 4, all.entries }, { #other.credits, main.entries })
    assert.equal(all.entries, main.skipped + other.skipped)
    assert.same({ "CH9300762011623852957", "CH4431999123000889012" }, all.accounts)
    local message = helper.refused("field-invalid", camt.read(bank.JANUARY, { account = "CH00" }))
    assert.truthy(message:find("no account CH00; it tells of CH9300762011623852957, CH4431", 1, true))
    assert.equal(0, #assert(camt.parse(bank.message "", { account = "CH00" })).credits)
  end)
end)

describe("an amount of a notification", function()
  for _, row in ipairs {
    { "10.00", "10.00" }, { "10", "10.00" }, { "10.", "10.00" }, { "10.5", "10.50" }, { "10.50000", "10.50" },
    { "0010.00", "10.00" }, { "+10.00", "10.00" }, { " 10.00\n", "10.00" }, { "0.01", "0.01" },
    { "92233720368547758.07", "92233720368547758.07" },
    { "0", nil, "amount-not-positive" }, { "0.00", nil, "amount-not-positive" }, { "-0", nil, "amount-not-positive" },
    { "-10.00", nil, "amount-not-positive" },
    { "92233720368547758.08", nil, "amount-invalid" }, { ("9"):rep(400), nil, "amount-invalid" },
    { "10.001", nil, "amount-invalid" }, { "1e3", nil, "amount-invalid" }, { "1'000.00", nil, "amount-invalid" },
    { "1,5", nil, "amount-invalid" }, { "NaN", nil, "amount-invalid" }, { "INF", nil, "amount-invalid" },
    { "0x10", nil, "amount-invalid" }, { "", nil, "amount-invalid" }, { "--1", nil, "amount-invalid" },
    { "1 0", nil, "amount-invalid" }, { "١٠", nil, "amount-invalid" }, { ".5", nil, "amount-invalid" },
  } do
    it(("%q is %s"):format(row[1]:sub(1, 30), row[2] or row[3]), function()
      local entry = bank.entry { id = "A", amount = row[1], details = bank.transaction { amount = row[1], id = "B" } }
      local credit = assert(camt.parse(bank.message(entry))).credits[1]
      assert.equal(row[2], credit.refusal == nil and credit.amount:decimal() or nil)
      assert.equal(row[3], credit.refusal and credit.refusal.code)
    end)
  end

  it("without a currency, or of one that does not exist, is listed", function()
    for _, currency in ipairs { "", "XYZ", "chf", "CHF " } do
      local credit = assert(camt.parse(bank.message(bank.entry { id = "A", currency = currency }))).credits[1]
      assert.equal("amount-invalid", credit.refusal and credit.refusal.code, currency)
    end
  end)
end)

describe("a batch", function()
  after_each(helper.finish)

  local function codes(entry)
    local list = {}
    for index, credit in ipairs(assert(camt.parse(bank.message(entry))).credits) do
      list[index] = ("%s %s"):format(credit.amount and credit.amount:decimal() or "-",
        credit.refusal and credit.refusal.code or "sound")
    end
    return list
  end

  local part = bank.transaction

  for what, row in pairs {
    ["that sums up"] = { { id = "A", amount = "30.00", details = part { id = "1", amount = "10.00" }
      .. part { id = "2", amount = "20.00" } }, { "10.00 sound", "20.00 sound" } },
    ["that does not"] = { { id = "A", amount = "30.01", details = part { id = "1", amount = "10.00" }
      .. part { id = "2", amount = "20.00" } }, { "30.01 batch-mismatch" } },
    ["with money that went out"] = { { id = "A", amount = "10.00", details = part { id = "1", amount = "15.00" }
      .. part { id = "2", amount = "5.00", direction = "DBIT" } }, { "15.00 sound", "5.00 debit" } },
    ["with an amount that is none"] = { { id = "A", amount = "10.00", details = part { id = "1", amount = "10.00" }
      .. part { id = "2", amount = "0,00" } }, { "10.00 batch-mismatch" } },
    ["with an amount below zero"] = { { id = "A", amount = "10.00", details = part { id = "1", amount = "15.00" }
      .. part { id = "2", amount = "-5.00" } }, { "15.00 sound", "-5.00 amount-not-positive" } },
    ["with another currency"] = { { id = "A", amount = "10.00", details = part { id = "1", amount = "5.00" }
      .. part { id = "2", amount = "5.00", currency = "EUR" } }, { "10.00 currency-other" } },
    ["beyond all sums"] = { { id = "A", amount = "10.00", details = part { id = "1", amount = "92233720368547758.07" }
      .. part { id = "2", amount = "92233720368547758.07" } }, { "10.00 batch-mismatch" } },
    ["whose details are missing"] = { { id = "A", amount = "10.00", details = "<Btch><NbOfTxs>2</NbOfTxs></Btch>" },
      { "10.00 batch-mismatch" } },
    ["of one without details"] = { { id = "A", amount = "10.00", details = "<Btch><NbOfTxs>1</NbOfTxs></Btch>" },
      { "10.00 sound" } },
    ["of more than there are"] = { { id = "A", amount = "10.00", details = "<Btch><NbOfTxs>2</NbOfTxs></Btch>"
      .. part { id = "1" } }, { "10.00 batch-mismatch" } },
    ["of an unreadable number"] = { { id = "A", amount = "10.00", details = "<Btch><NbOfTxs>x</NbOfTxs></Btch>"
      .. part { id = "1" } }, { "10.00 batch-mismatch" } },
    ["in two parts"] = { { id = "A", amount = "20.00", details = "<Btch><NbOfTxs>1</NbOfTxs></Btch>"
      .. part { id = "1" } .. "</NtryDtls><NtryDtls><Btch><NbOfTxs>1</NbOfTxs></Btch>" .. part { id = "2" } },
      { "10.00 sound", "10.00 sound" } },
    ["whose transactions came back"] = { { id = "A", amount = "20.00", details = part { id = "1" }
      .. part { id = "2", more = "<RtrInf/>" } }, { "10.00 sound", "10.00 returned" } },
    ["of version 02, without an amount of the transaction"] = { { id = "A", amount = "20.00", details = part {
      id = "1" }:gsub("<Amt.-</Amt>", "<AmtDtls><TxAmt>%0</TxAmt></AmtDtls>") .. part { id = "2" } },
      { "10.00 sound", "10.00 sound" } },
    ["of one that tells no amount"] = { { id = "A", amount = "20.00", details = part { id = "1" }:gsub("<Amt.-</Amt>",
      "") }, { "20.00 sound" } },
    ["of two that tell none"] = { { id = "A", amount = "20.00", details = (part { id = "1" } .. part { id = "2" })
      :gsub("<Amt.-</Amt>", "") }, { "20.00 batch-mismatch" } },
  } do
    it(("%s is told apart"):format(what), function() assert.same(row[2], codes(bank.entry(row[1]))) end)
  end

  local function keys(details, id)
    local list = {}
    local count = select(2, details:gsub("<TxDtls>", ""))
    local entry = bank.entry { id = id, amount = ("%d.00"):format(10 * count), details = details }
    for index, credit in ipairs(assert(camt.parse(bank.message(entry))).credits) do
      list[index] = credit.key or credit.refusal.code
    end
    return list
  end

  it("has a key for each transaction: its own reference, or what it says", function()
    local account = "camt:CH9300762011623852957:"
    assert.same({ account .. "1", account .. "2" }, keys(part { id = "1" } .. part { id = "2" }, "A"))
    assert.same({ account .. "A" }, keys(part { id = "A" }, "A"))
    assert.same({ account .. "A" }, keys(part {}, "A"))
    assert.same({ "id-missing", "id-missing" }, keys(part {} .. part {}, nil))
    assert.same({ "id-missing" }, keys(part { id = ("x"):rep(120) }, nil))
    local said = keys(part { id = "A", text = "one" } .. part { id = "A", text = "two" } .. part { text = "one" }, "A")
    assert.truthy(said[1]:find("^camt:CH9300762011623852957:A:%x+%.1$"))
    assert.are_not.equal(said[1], said[2])
    assert.equal((said[1]:gsub("1$", "2")), said[3])
    local turned = keys(part { text = "two" } .. part { id = "A", text = "one" } .. part { id = "A", text = "one" },
      "A")
    assert.same({ said[2], said[1], said[3] }, turned)
    -- Where one text ends and the next begins is part of what is said.
    local function of_two(one, other)
      return part({ text = one .. "</Ustrd><Ustrd>" .. other }) .. part {}
    end
    assert.are_not.equal(keys(of_two("ab", "c"), "A")[1], keys(of_two("a", "bc"), "A")[1])
    -- A reference that several have names none of them.
    said = keys(part { id = "B", text = "one" } .. part { id = "B", text = "two" } .. part { id = "C" }, "A")
    assert.truthy(said[1]:find("^camt:CH9300762011623852957:A:%x+%.1$"))
    assert.are_not.equal(said[1], said[2])
    assert.equal(account .. "C", said[3])
  end)

  it("has keys that no other parts can make", function()
    local keys_of = {}
    for _, id in ipairs { "a:b", "a", "a%3Ab", "a%", "é", "a b", "A" } do
      local key = keys(part { id = id }, "X")[1]
      assert.is_nil(keys_of[key], id)
      keys_of[key] = id
    end
  end)
end)

describe("a large notification", function()
  after_each(helper.finish)

  local COUNT = 100000

  it("is read piece by piece, and planned in one walk of the invoices #slow", function()
    local path = helper.folder() .. "/large.xml"
    local file = assert(io.open(path, "wb"))
    local head, tail = bank.message("\1"):match "^(.-)\1(.*)$"
    assert(file:write(head))
    for number = 1, COUNT do
      assert(file:write(bank.entry { id = "E" .. number, amount = "0.01", details = bank.transaction {
        id = "T" .. number, amount = "0.01", text = ("F-%05d"):format(number % 90) } }))
    end
    assert(file:write(tail))
    file:close()
    local read = assert(camt.read(path))
    assert.equal(COUNT, #read.credits)
    local ledger = bank.practice()
    local plan = assert(import.plan(ledger, read.credits))
    -- Of 90 numbers 69 are of open invoices and one of that which is made from visits; F-00000, the cancelled and the
    -- settled one and those above are not. Some are paid to the end before their credits are.
    assert.equal(COUNT, plan.pay + plan.list)
    assert.is_true(plan.pay > 70000 and plan.list > 20000)
  end)
end)
