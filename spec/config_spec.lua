-- What a configuration script may declare, and what is said to its author about every mistake.

local config = require "tallystick.config"
local mistakes = require "tallystick.config.mistakes"
local nearest = require "tallystick.config.nearest"
local pattern = require "tallystick.config.pattern"


local EXAMPLE = "examples/practice-year/clinic.lua"

---Checks a script whose first line takes the builder, so that the body begins on line 2.
local function check(body)
  return config.check("local clinic = ...\n" .. body, "clinic.lua")
end

local function accepted(body)
  local result, errors = check(body)
  assert(result, errors and config.report(errors))
  return result
end

---The report without the file's name: what follows `clinic.lua:` in each line.
local function refusal(body)
  local result, errors = check(body)
  assert.is_nil(result, "accepted: " .. body)
  return (config.report(errors):gsub("clinic%.lua:", ""))
end

---A payment type with one field to be tested; it is the default, so that nothing else is wrong.
local function with(field)
  return ('clinic:payment_type { id = "cash", default = true, %s }'):format(field)
end

local function accepted_type(field)
  return accepted(with(field)).types[1]
end

---Rows of a field and what is refused in it, after `2: payment_type "cash"`.
local function refuses(rows)
  for _, row in ipairs(rows) do
    local field, message = row[1], row[2]
    it("refuses " .. field, function()
      assert.equal('2: payment_type "cash"' .. message, refusal(with(field)))
    end)
  end
end

---Rows of a whole body and its report.
local function refuses_script(rows)
  for _, row in ipairs(rows) do
    local body, report = row[1], row[2]
    it("refuses " .. body:gsub("\n", " "), function()
      assert.equal(report, refusal(body))
    end)
  end
end

describe("a configuration", function()
  it("may be empty", function()
    assert.same({ permits = {}, hooks = {}, workflows = {}, receipt = { has_template = false },
      script = { name = "clinic.lua", text = "" } }, config.check("", "clinic.lua"))
  end)

  it("keeps the script's text and the last part of its name", function()
    local text = 'local clinic = ...\nclinic:currency "CHF"\n'
    local result = assert(config.check(text, "/srv/clinic/rules/clinic.lua"))
    assert.same({ name = "clinic.lua", text = text }, result.script)
  end)

  it("takes currency, language and numbering", function()
    local result = accepted [[
      clinic:currency "CHF"
      clinic:language "fr"
      clinic:numbering { consultation = "K/%d", invoice = "F-%018d-2026", payment = "R-%05d" }]]
    assert.equal("CHF", result.currency)
    assert.equal("fr", result.language)
    assert.same({ consultation = "K/%d", invoice = "F-%018d-2026", payment = "R-%05d" }, result.numbering)
  end)

  it("takes permits in several calls", function()
    local result = accepted [[
      clinic:permit { reverse = { "manager" }, refund = { "manager", "secretary" } }
      clinic:permit { close_days = { "manager" } }]]
    assert.same({ reverse = { "manager" }, refund = { "manager", "secretary" }, close_days = { "manager" } },
      result.permits)
  end)

  it("gives every field of a type its default", function()
    assert.same({ {
      id = "cash", label = { [""] = "cash" }, effect = "money", default = true, consultation = true, invoice = true,
      group_required = false, groups = {}, fields = {}, excess = "refuse", roles = {}, retired = false,
    } }, accepted 'clinic:payment_type { id = "cash", default = true }'.types)
  end)

  it("gives every field of a type as it was declared, extra fields by name", function()
    assert.same({
      id = "cash", label = { fr = "Espèces", ["de-CH"] = "Bar" }, effect = "money", default = true,
      consultation = false, invoice = true, group_required = true, groups = { "POS-1", "POS-2" },
      fields = {
        { name = "bank", type = "string", required = false },
        { name = "drawn_on", type = "date", required = false },
        { name = "number", type = "string", required = true, pattern = "^%d+$" },
      },
      round_to = "0.05", excess = "change", max = "200", roles = { "manager" }, account = "1000", retired = false,
    }, accepted_type [[label = { fr = "Espèces", ["de-CH"] = "Bar" }, applies_to = { "invoice" },
      group = { required = true, one_of = { "POS-1", "POS-2" } },
      fields = { number = { required = true, pattern = "^%d+$" }, bank = {}, drawn_on = { type = "date" } },
      round_to = "0.05", excess = "change", max = "200", roles = { "manager" }, account = "1000"]])
  end)

  it("reads the configuration of the practice's year", function()
    local result, errors = config.load(EXAMPLE)
    assert(result, errors and config.report(errors))
    local ids = {}
    for index, payment_type in ipairs(result.types) do ids[index] = payment_type.id end
    assert.same({ "cash", "card", "twint", "transfer", "voucher", "credit", "discount", "loss", "cheque" }, ids)
    assert.same({ [""] = "TWINT" }, result.types[3].label)
    assert.equal("200.00", result.types[5].max)
    assert.is_false(result.types[8].consultation)
    assert.is_true(result.types[9].retired)
    assert.equal("clinic.lua", result.script.name)
  end)

  it("lets a script compute what it declares", function()
    local result = accepted [[
      local terminals = {}
      for number = 1, 3 do terminals[#terminals + 1] = ("POS-%d"):format(number) end
      local function declare(fields) return clinic:payment_type(fields) end
      declare { id = string.lower "CARD", default = true, group = { one_of = terminals } }]]
    assert.same({ "POS-1", "POS-2", "POS-3" }, result.types[1].groups)
  end)

  it("takes a snapshot of what it is given", function()
    local result = accepted [[
      local fields = { id = "cash", default = true, roles = { "desk" } }
      clinic:payment_type(fields)
      fields.id, fields.default, fields.roles[1] = "card", false, "manager"
      clinic:payment_type(fields)]]
    assert.same({ "cash", "card" }, { result.types[1].id, result.types[2].id })
    assert.same({ { "desk" }, { "manager" } }, { result.types[1].roles, result.types[2].roles })
  end)

  it("may begin with a byte order mark and end its lines as Windows does", function()
    local text = "\xEF\xBB\xBFlocal clinic = ...\r\nclinic:currency 'CHF'\r\n"
    assert.equal("CHF", assert(config.check(text, "clinic.lua")).currency)
  end)
end)

describe("a report", function()
  it("names every mistake at once, by line", function()
    assert.equal([[
3: currency: "chf" is not a currency; did you mean "CHF"?
4: payment_type "cash".rond_to: is not a known field; did you mean "round_to"?
4: payment_type "cash".excess: "chnage" is not known here; did you mean "change"?
4: payment_type "cash".max: 200 is a number; write an amount as a string, such as "0.05"
6: permit.pays: is not a known field; did you mean "pay"?
7: clinic.langauge: is not a known declaration; did you mean "language"?]], refusal [[

clinic:currency "chf"
clinic:payment_type { id = "cash", default = true, rond_to = "0.05", excess = "chnage", max = 200 }

clinic:permit { pays = { "desk" } }
clinic:langauge "fr"]])
  end)

  it("says of each what was found, what would do, and the nearest name", function()
    local _, errors = check(with 'effect = "mony"')
    assert.same({ {
      file = "clinic.lua", line = 2, path = 'payment_type "cash".effect', value = '"mony"',
      message = '"mony" is not known here; did you mean "money"?',
      expected = '"money", "credit", "discount" or "loss"', suggestion = "money",
    } }, errors)
  end)

  it("gives the path of the file as it was given", function()
    local _, errors = config.check("clinic:", "rules/clinic.lua")
    assert.equal("rules/clinic.lua:1: script: <name> expected near <eof>", config.report(errors))
  end)

  it("draws no conclusion from a field that was misspelt", function()
    assert.equal('2: payment_type #1.idd: is not a known field; did you mean "id"?',
      refusal 'clinic:payment_type { idd = "cash", default = true }')
    assert.equal('2: payment_type "cash".defualt: is not a known field; did you mean "default"?',
      refusal 'clinic:payment_type { id = "cash", defualt = true }')
  end)

  it("keeps the mistakes that a script made before it broke", function()
    assert.equal('2: language: "French" is 6 bytes long; write a language code of two letters, such as "fr"\n'
      .. "3: script: attempt to call a nil value (global 'print')", refusal 'clinic:language "French"\nprint "hello"')
  end)

  it("shows no control characters of the script", function()
    assert.equal([[2: script: \x1B[2J\x9B]], refusal [[error("\27[2J\u{9B}", 0)]])
    assert.equal([[2: payment_type "\x1B[2J".id: "\x1B[2J" does not fit; write an id of a-z, 0-9, "_" and "-" that ]]
      .. [[begins with a letter, at most 32 bytes, such as "cash"]],
      refusal [[clinic:payment_type { id = "\27[2J", default = true }]])
  end)

  it("shows no marks that turn the direction of writing", function()
    assert.equal([[2: script: a\u{202E}b\u{2066}c]], refusal [[error("a\u{202E}b\u{2066}c", 0)]])
  end)

  it("ends where nobody reads on", function()
    local _, errors = check "for number = 1, 100000 do clinic:language(number) end"
    assert.equal(mistakes.COUNT_MAX + 1, #errors)
    assert.equal("the script makes too many mistakes; the rest is not listed", errors[#errors].message)
  end)
end)

describe("a payment type's id", function()
  local EXPECTED = 'write an id of a-z, 0-9, "_" and "-" that begins with a letter, at most 32 bytes, such as "cash"'
  refuses_script {
    { "clinic:payment_type { default = true }", "2: payment_type #1.id: is missing; " .. EXPECTED },
    { "clinic:payment_type { id = 7, default = true }", "2: payment_type #1.id: 7 is a number; " .. EXPECTED },
    { 'clinic:payment_type { id = "Cash", default = true }',
      '2: payment_type "Cash".id: "Cash" does not fit; ' .. EXPECTED },
    { 'clinic:payment_type { id = "", default = true }', '2: payment_type "".id: "" does not fit; ' .. EXPECTED },
    { ('clinic:payment_type { id = "%s", default = true }'):format(("a"):rep(33)),
      '2: payment_type "' .. ("a"):rep(33) .. '".id: "' .. ("a"):rep(33) .. '" is 33 bytes long; ' .. EXPECTED },
    { 'clinic:payment_type { id = "a", default = true }\nclinic:payment_type { id = "a" }',
      '3: payment_type "a".id: "a" is declared already, on line 2; write another id' },
    { "clinic:payment_type()", '2: payment_type #1: is missing; write a table, such as { id = "cash" }' },
    { 'clinic:payment_type "cash"', '2: payment_type #1: "cash" is a string; write a table, such as { id = "cash" }' },
  }
end)

describe("a payment type's label", function()
  it("may have 128 bytes", function()
    assert.equal(128, #accepted_type(('label = "%s"'):format(("é"):rep(64))).label[""])
  end)

  local TEXT = "write a text of 1 to 128 bytes of UTF-8"
  refuses {
    { 'label = ""', '.label: "" is empty; ' .. TEXT },
    { "label = true", ".label: true is a boolean; " .. TEXT },
    { ('label = "%s"'):format(("a"):rep(129)), '.label: "' .. ("a"):rep(40) .. '…" is 129 bytes long; ' .. TEXT },
    { [[label = "a\nb"]], [[.label: "a\x0Ab" has a control character; ]] .. TEXT },
    { [[label = "a\u{85}b"]], [[.label: "a\x85b" has a control character; ]] .. TEXT },
    { [[label = "Esp\xE8ces"]], [[.label: "Esp\xE8ces" is not UTF-8; ]] .. TEXT },
    { "label = {}", '.label: is empty; write a table, such as { fr = "Espèces", en = "Cash" }' },
    { "label = { fr = 1 }", ".label.fr: 1 is a number; " .. TEXT },
    { 'label = { "Cash" }', '.label[1]: 1 is a number; write a language code, such as "fr" or "fr-CH"' },
    { 'label = { FR = "x" }', '.label.FR: "FR" does not fit; write a language code, such as "fr" or "fr-CH"' },
    { 'label = { ["fr-ch"] = "x" }',
      '.label["fr-ch"]: "fr-ch" does not fit; write a language code, such as "fr" or "fr-CH"' },
  }
end)

describe("a payment type's choices", function()
  local YES_NO = "write true or false"
  refuses {
    { 'effect = "gift"', '.effect: "gift" is not known here; write "money", "credit", "discount" or "loss"' },
    { "effect = false", '.effect: false is a boolean; write "money", "credit", "discount" or "loss"' },
    { 'retired = "no"', '.retired: "no" is a string; ' .. YES_NO },
    { "retired = 0", ".retired: 0 is a number; " .. YES_NO },
    { 'excess = "keep"', '.excess: "keep" is not known here; write "refuse", "change" or "credit"' },
    { 'effect = "loss", excess = "change"',
      '.excess: "change" is only for the effect "money"; write "refuse" here, or leave it out' },
    { 'applies_to = "invoice"', '.applies_to: "invoice" is a string; write a list, such as { "invoice" }' },
    { "applies_to = {}", '.applies_to: is empty; write a list, such as { "invoice" }' },
    { 'applies_to = { "invoices" }', '.applies_to[1]: "invoices" is not known here; did you mean "invoice"?' },
    { 'applies_to = { "invoice", "invoice" }',
      '.applies_to[2]: "invoice" stands in the list twice; write each only once' },
    { 'applies_to = { invoice = true }',
      '.applies_to: this is not a plain list; write a list, such as { "invoice" }' },
    { "account = 1000", ".account: 1000 is a number; write a text of 1 to 128 bytes of UTF-8" },
    { 'account = ""', '.account: "" is empty; write a text of 1 to 128 bytes of UTF-8' },
    { "roles = {}", '.roles: is empty; write a list, such as { "manager" }' },
    { 'roles = "manager"', '.roles: "manager" is a string; write a list, such as { "manager" }' },
    { 'roles = { "desk", [3] = "manager" }',
      '.roles: this is not a plain list; write a list, such as { "manager" }' },
    { 'roles = { "a", "a" }', '.roles[2]: "a" stands in the list twice; write each only once' },
    { ('roles = { "%s" }'):format(("a"):rep(65)),
      '.roles[1]: "' .. ("a"):rep(40) .. '…" is 65 bytes long; write a text of 1 to 64 bytes of UTF-8' },
    { "color = 1", '.color: is not a known field; write "id", "label", "effect", "default", "applies_to", "group", '
      .. '"fields", "round_to", "excess", "max", "roles", "account" or "retired"' },
  }
end)

describe("the default type", function()
  refuses_script {
    { 'clinic:payment_type { id = "a" }\nclinic:payment_type { id = "b" }\nclinic:currency "CHF"',
      "3: payment_type: no type is the default; write default = true on one of them" },
    { 'clinic:payment_type { id = "a", default = true }\nclinic:payment_type { id = "b", default = true }',
      '3: payment_type "b".default: a type is the default already, on line 2; write default = true on one of them' },
    { 'clinic:payment_type { id = "a", default = true, retired = true }',
      '2: payment_type "a".default: true is not possible for a retired type; write default = true on a type in use' },
    { 'clinic:payment_type { id = "a", default = "yes" }',
      '2: payment_type "a".default: "yes" is a string; write true or false' },
  }

  it("is not missed where the script broke before its end", function()
    assert.equal("3: script: x", refusal 'clinic:payment_type { id = "a" }\nerror "x"')
  end)
end)

describe("a payment type's group and extra fields", function()
  it("may require a group of any name", function()
    local payment_type = accepted_type "group = { required = true }"
    assert.same({ true, {} }, { payment_type.group_required, payment_type.groups })
  end)

  local PATTERN = '; write a Lua pattern, such as "^%d+$"'
  refuses {
    { 'group = "POS-1"',
      '.group: "POS-1" is a string; write a table, such as { required = true, one_of = { "POS-1" } }' },
    { "group = { required = 1 }", ".group.required: 1 is a number; write true or false" },
    { "group = { one_of = {} }", '.group.one_of: is empty; write a list, such as { "POS-1", "POS-2" }' },
    { 'group = { oneof = { "x" } }', '.group.oneof: is not a known field; did you mean "one_of"?' },
    { 'group = { one_of = { "" } }', '.group.one_of[1]: "" is empty; write a text of 1 to 64 bytes of UTF-8' },
    { "fields = {}", '.fields: is empty; write a table, such as { cheque_no = { type = "string", required = true } }' },
    { 'fields = { "number" }', '.fields[1]: 1 is a number; write a field name of a-z, 0-9 and "_" that begins with a '
      .. 'letter, at most 32 bytes, such as "cheque_no"' },
    { 'fields = { number = "string" }',
      '.fields.number: "string" is a string; write a table, such as { type = "string", required = true }' },
    { 'fields = { number = { type = "text" } }',
      '.fields.number.type: "text" is not known here; write "string", "integer", "boolean" or "date"' },
    { 'fields = { number = { type = "int" } }',
      '.fields.number.type: "int" is not known here; write "string", "integer", "boolean" or "date"' },
    { 'fields = { number = { require = true } }',
      '.fields.number.require: is not a known field; did you mean "required"?' },
    { 'fields = { number = { pattern = "[0-9" } }', '.fields.number.pattern: "[0-9" has a [ without its ]' .. PATTERN },
    { "fields = { number = { pattern = 1 } }", ".fields.number.pattern: 1 is a number" .. PATTERN },
    { 'fields = { number = { type = "date", pattern = "x" } }', '.fields.number.pattern: is for strings, and this '
      .. 'field is of type "date"; write type = "string", or leave the pattern out' },
  }
end)

describe("an amount", function()
  for _, row in ipairs {
    { "CHF", "0.05" }, { "CHF", "5" }, { "CHF", "0.5" }, { "JPY", "10" }, { "KWD", "0.005" },
    { "CHF", "92233720368547758.07" },
  } do
    it(("may be %s in %s, declared after it"):format(row[2], row[1]), function()
      local body = with(("round_to = %q, max = %q"):format(row[2], row[2])) .. ("\nclinic:currency %q"):format(row[1])
      assert.equal(row[2], accepted(body).types[1].max)
    end)
  end

  it("may be a multiple of the step in another form", function()
    assert.equal("200", accepted_type('round_to = "0.05", max = "200"').max)
  end)

  local AMOUNT = '; write an amount as a string, such as "0.05"'
  refuses {
    { "round_to = 0.05", ".round_to: 0.05 is a number" .. AMOUNT },
    { "max = 200", ".max: 200 is a number" .. AMOUNT },
    { 'max = "200 CHF"', '.max: "200 CHF" is not an amount' .. AMOUNT },
    { 'round_to = "0,05"', '.round_to: "0,05" is not an amount' .. AMOUNT },
    { 'max = ".5"', '.max: ".5" is not an amount' .. AMOUNT },
    { 'max = "5."', '.max: "5." is not an amount' .. AMOUNT },
    { 'max = "1e3"', '.max: "1e3" is not an amount' .. AMOUNT },
    { 'max = ""', '.max: "" is not an amount' .. AMOUNT },
    { 'max = "0.00"', '.max: "0.00" is not positive; write an amount above zero' },
    { 'max = "-5"', '.max: "-5" is not positive; write an amount above zero' },
    { 'round_to = "0.05", max = "10.02"',
      '.max: "10.02" cannot be paid in steps of 0.05; write a multiple of round_to, 0.05' },
    { 'effect = "discount", round_to = "0.05"', '.round_to: "0.05" is only for the effect "money"; write none here' },
    { 'max = "99999999999999999999"', '.max: "99999999999999999999" is more than a ledger can hold; '
      .. "write a smaller amount" },
  }
  refuses_script {
    { with 'round_to = "0.005"' .. '\nclinic:currency "CHF"', '2: payment_type "cash".round_to: "0.005" has more '
      .. "decimals than the currency; write at most 2 decimals" },
    { with 'round_to = "0.050"' .. '\nclinic:currency "CHF"', '2: payment_type "cash".round_to: "0.050" has more '
      .. "decimals than the currency; write at most 2 decimals" },
    { with 'max = "10.5"' .. '\nclinic:currency "JPY"', '2: payment_type "cash".max: "10.5" has more decimals than '
      .. "the currency; write a whole amount" },
    { with 'max = "92233720368547758.08"' .. '\nclinic:currency "CHF"', '2: payment_type "cash".max: '
      .. '"92233720368547758.08" is more than a ledger can hold; write a smaller amount' },
  }
end)

describe("currency and language", function()
  local CURRENCY = '; write an ISO 4217 code, such as "CHF"'
  local LANGUAGE = '; write a language code of two letters, such as "fr"'
  refuses_script {
    { 'clinic:currency "chf"', '2: currency: "chf" is not a currency; did you mean "CHF"?' },
    { 'clinic:currency "Franken"', '2: currency: "Franken" is not a currency' .. CURRENCY },
    { 'clinic:currency "ZZZ"', '2: currency: "ZZZ" is not a currency' .. CURRENCY },
    { "clinic:currency()", "2: currency: is missing" .. CURRENCY },
    { "clinic:currency(756)", "2: currency: 756 is a number" .. CURRENCY },
    { 'clinic:currency "CHF"\nclinic:currency "EUR"', "3: currency: is declared already, on line 2; write it once" },
    { 'clinic:currency("CHF", 2)', "2: currency: has 2 values; write at most 1" },
    { 'clinic.currency "CHF"', "2: currency: is not called on the builder; write clinic:currency with a colon" },
    { 'return clinic:currency "ZZZ"', '2: currency: "ZZZ" is not a currency' .. CURRENCY },
    { 'clinic:language "FR"', '2: language: "FR" does not fit' .. LANGUAGE },
    { "clinic:language {}", "2: language: this is a table" .. LANGUAGE },
    { 'clinic:language "fr"\n\nclinic:language "fr"', "4: language: is declared already, on line 2; write it once" },
  }
end)

describe("numbering", function()
  local FORMAT = '; write a format with one %d or one %0Nd, such as "C-%05d"'
  local LIMITS = ", otherwise only A-Z a-z 0-9 . / _ -, at most 32 bytes with 18 digits"
  for _, format in ipairs { "C", "C-%s", "C-%5d", "C-%d-%d", "C-%0d", "C-%019d", "%%d", "C-%x%d", "C-%" } do
    it("refuses " .. format, function()
      assert.equal(("2: numbering.payment: %q is not a format for numbers%s%s"):format(format, FORMAT, LIMITS),
        refusal(("clinic:numbering { payment = %q }"):format(format)))
    end)
  end

  refuses_script {
    { 'clinic:numbering { payment = "R %d" }',
      '2: numbering.payment: "R %d" has a character that numbers may not have' .. FORMAT .. LIMITS },
    { 'clinic:numbering { payment = "RECEIPT-2026-15%d" }',
      '2: numbering.payment: "RECEIPT-2026-15%d" makes numbers of up to 33 bytes' .. FORMAT .. LIMITS },
    { "clinic:numbering { payment = 5 }", "2: numbering.payment: 5 is a number" .. FORMAT },
    { 'clinic:numbering { invoices = "F-%d" }',
      '2: numbering.invoices: is not a known field; did you mean "invoice"?' },
    { 'clinic:numbering "F-%d"', '2: numbering: "F-%d" is a string; write a table, such as { invoice = "F-%05d" }' },
    { "clinic:numbering {}\nclinic:numbering {}", "3: numbering: is declared already, on line 2; write it once" },
    { 'clinic:numbering { consultation = "F-%06d" }', '2: numbering.consultation: "F-%06d" can make the same number '
      .. 'as the invoice format "F-%05d"; write another prefix' },
  }

  for _, row in ipairs {
    { "D-%d", "D-%d" }, { "D-%d", "D-%05d" }, { "%d", "1%d" }, { "%d-9", "%d9-9" }, { "%d", "%d0" }, { "1%d", "12%d" },
  } do
    it(("refuses %s beside %s, which meet"):format(row[1], row[2]), function()
      local body = ("clinic:numbering { consultation = %q, invoice = %q }"):format(row[1], row[2])
      assert.equal(("2: numbering.invoice: %q can make the same number as the consultation format %q; "
        .. "write another prefix"):format(row[2], row[1]), refusal(body))
    end)
  end

  for _, row in ipairs {
    { "1%d", "2%d" }, { "%d", "%d-F" }, { "C%d", "F%d" }, { "%d1", "%d2" }, { "C1-%d", "C2-%d" },
  } do
    it(("takes %s beside %s, which never meet"):format(row[1], row[2]), function()
      accepted(("clinic:numbering { consultation = %q, invoice = %q, payment = %q }"):format(row[1], row[2], row[1]))
    end)
  end
end)

describe("permits", function()
  refuses_script {
    { 'clinic:permit { revers = { "manager" } }', '2: permit.revers: is not a known field; did you mean "reverse"?' },
    { 'clinic:permit { pay = "desk" }', '2: permit.pay: "desk" is a string; write a list, such as { "manager" }' },
    { "clinic:permit { pay = {} }", '2: permit.pay: is empty; write a list, such as { "manager" }' },
    { 'clinic:permit { pay = { "desk", 1 } }',
      "2: permit.pay[2]: 1 is a number; write a text of 1 to 64 bytes of UTF-8" },
    { 'clinic:permit "pay"', '2: permit: "pay" is a string; write a table, such as { reverse = { "manager" } }' },
    { 'clinic:permit { pay = { "a" } }\nclinic:permit { pay = { "b" } }',
      "3: permit.pay: is permitted already, on line 2; write all its roles there" },
  }
end)

describe("the builder", function()
  refuses_script {
    { 'clinic:before("pays", { id = "cap" }, function() end)',
      '2: before.command: "pays" is not known here; did you mean "pay"?' },
    { 'clinic:before("pay", { id = "cap", prioriti = 1 }, function() end)',
      '2: before.prioriti: is not a known field; did you mean "priority"?' },
    { 'clinic:before("pay", { id = "cap", priority = "high" }, function() end)',
      '2: before.priority: "high" is a string; write a whole number from -1000000 to 1000000' },
    { 'clinic:before("pay", { id = "cap", priority = 1.5 }, function() end)',
      '2: before.priority: 1.5 is a number; write a whole number from -1000000 to 1000000' },
    { 'clinic:before("pay", { id = "cap" })', "2: before.function: is missing; write function(event, ctx) … end" },
    { 'clinic:after("pay", {}, function() end)',
      '2: after.id: is missing; write an id of a-z, 0-9, "_" and "-" that begins with a letter, at most 32 bytes, '
        .. 'such as "cash-cap"' },
    { 'clinic:after("pay", { id = "a" }, function() end)\nclinic:after("pay", { id = "a" }, function() end)',
      '3: after.id: "a" is declared already for pay, on line 2; write another id' },
    { 'clinic:paymenttype { id = "cash" }',
      '2: clinic.paymenttype: is not a known declaration; did you mean "payment_type"?' },
    { 'clinic:hello "world"', '2: clinic.hello: is not a known declaration; write "currency", "language", '
      .. '"numbering", "payment_type", "permit", "receipt", "before", "after" or "workflow"' },
    { 'clinic.tax = "8.1"', "2: clinic.tax: is not to be assigned; write your own values in locals" },
  }
end)

describe("a script", function()
  for _, row in ipairs {
    { "local x = = 2", "2: script: unexpected symbol near '='" },
    { "\n\nfor", "4: script: <name> expected near <eof>" },
    { "\nerror 'no'", "3: script: no" },
    { "local a\r\n\r\nerror 'no'", "4: script: no" },
    { "local a\r\rlocal x = = 2", "4: script: unexpected symbol near '='" },
    { "local a\r\r\0", "4: script: the script has a NUL byte" },
    { "error('no', 0)", "2: script: no" },
    { "error {}", "2: script: the script raised a table; raise a message instead" },
    { "error()", "2: script: the script raised a nil; raise a message instead" },
    { "local x = nil + 1", "2: script: attempt to perform arithmetic on a nil value" },
    { "local function f() return 1 + f() end f()", "1: script: the script needs more memory than a script may use" },
    { "total = 1\ntotal = 2", "2: script: the script sets the global total; write local total" },
    { "function helper() end\nhelper()", "2: script: the script sets the global helper; write local helper" },
    { "string = nil", "2: script: the script sets the global string; write local string" },
    { "_ENV[1] = 1", "2: script: the script sets the global 1; write local 1" },
    { "local x = missing.field", "2: script: attempt to index a nil value (global 'missing')" },
  } do
    it("is refused with its line: " .. row[1]:gsub("\n", " "), function()
      assert.equal(row[2], refusal(row[1]))
    end)
  end

  for _, name in ipairs {
    "os.time", "io.open", "debug.getinfo", "require", "load", "loadstring", "loadfile", "dofile", "print",
    "collectgarbage", "math.random", "math.randomseed", "table.move", "package.path", "string.dump",
  } do
    it("has no " .. name, function()
      assert.truthy(refusal(name .. "(1)"):find("^2: script: attempt to %a+ a nil value"))
    end)
  end

  it("has copies of the libraries, so that the host's stay as they are", function()
    local floor, upper, insert = math.floor, string.upper, table.insert
    accepted "math.floor, string.upper, table.insert, utf8.char = nil, nil, nil, nil"
    assert.same({ floor, upper, insert }, { math.floor, string.upper, table.insert })
  end)

  it("leaves the host's hook and globals alone", function()
    local hook = function() end
    local earlier = table.pack(debug.gethook())
    debug.sethook(hook, "", 1000000)
    check "x = 1\nwhile true do end"
    local after = debug.gethook()
    debug.sethook(table.unpack(earlier, 1, earlier.n))
    assert.equal(hook, after)
    assert.is_nil(rawget(_G, "x"))
  end)

  local SPENT = "script: the script ran for more than 10000000 instructions"
  for _, body in ipairs {
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "pcall(pcall, pcall, function() while true do end end) while true do end",
    "table.sort({ 3, 2, 1 }, function() while true do end end)",
    "(('x'):gsub('x', function() while true do end end))",
    "for number = 1, 1e9 do pcall(clinic.language, clinic, number) end",
  } do
    it("ends when its instructions are used up: " .. body, function()
      local _, errors = check(body:find "^%(" and "local _ = " .. body or body)
      local last = errors[#errors]
      assert.equal("2: " .. SPENT, ("%d: %s: %s"):format(last.line, last.path, last.message))
    end)
  end

  it("ends when its memory is used up", function()
    assert.equal("1: script: the script needs more memory than a script may use",
      refusal "local t = {} for number = 1, 1e9 do t[number] = {} end")
  end)

  it("catches its own errors with pcall", function()
    accepted "local ok, message = pcall(error, 'x', 0) assert(not ok and message == 'x')"
  end)

  for title, row in pairs {
    ["with a NUL byte"] = { "local x\n\0", "2: script: the script has a NUL byte" },
    ["that is not UTF-8"] = { "local x\n\n-- Esp\xE8ces", "3: script: the script is not valid UTF-8" },
    ["that is compiled"] = { string.dump(function() end), "1: script: the script is compiled; give its source text" },
    ["of more than a megabyte"] = { (" "):rep(config.TEXT_BYTES_MAX + 1),
      "1: script: the script has more than 1048576 bytes" },
  } do
    it("is refused " .. title, function()
      local result, errors = config.check(row[1], "clinic.lua")
      assert.is_nil(result)
      assert.equal("clinic.lua:" .. row[2], config.report(errors))
    end)
  end

  it("may have a megabyte", function()
    assert(config.check((" "):rep(config.TEXT_BYTES_MAX), "clinic.lua"))
  end)

  it("that cannot be read is a mistake too", function()
    local result, errors = config.load("no/such/clinic.lua")
    assert.is_nil(result)
    assert.equal("no/such/clinic.lua:1: script: the script cannot be read: No such file or directory",
      config.report(errors))
    assert.is_nil(config.load("spec"))
  end)
end)

describe("the nearest name", function()
  for _, row in ipairs {
    { "rond_to", "round_to" }, { "roundto", "round_to" }, { "ROUND_TO", "round_to" }, { "mxa", "max" }, { "ix", "id" },
    { "retird", "retired" }, { "applies", "applies_to" }, { "colour", nil }, { "x", nil }, { "", nil }, { 7, nil },
    { ("round_to"):rep(20), nil },
  } do
    it(("to %s is %s"):format(row[1], row[2]), function()
      assert.equal(row[2], nearest(row[1], { "id", "max", "round_to", "retired", "applies_to" }))
    end)
  end

  it("is the first of two that are equally near", function()
    assert.equal("bat", nearest("bax", { "bat", "bar" }))
  end)
end)

describe("a Lua pattern", function()
  for _, text in ipairs {
    "", "^%d+$", "[]]", "[^]]+", "[%]]", "(a)%1", "()%a*", "%bxy", "%f[%w]%w+", "((a)(b))", "a$", "[a-]", "*", "%f[]]",
  } do
    it("may be " .. text, function()
      assert.is_nil(pattern.fault(text))
      assert.is_true((pcall(string.match, "a b(xay)]12", text)))
    end)
  end

  for text, fault in pairs {
    ["%"] = "ends with a single %", ["[%"] = "has a [ without its ]", ["[]"] = "has a [ without its ]",
    ["[^]"] = "has a [ without its ]", ["^%d+("] = "has a ( without its )", ["a)"] = "has a ) without its (",
    ["%1"] = "refers to a capture that is not there", ["(a%1)"] = "refers to a capture that is not there",
    ["%0"] = "refers to a capture that is not there", ["%bx"] = "has a %b without its two characters",
    ["%fa"] = "has a %f without its set", [("()"):rep(33)] = "has more than 32 captures",
  } do
    it("may not be " .. text, function() assert.equal(fault, pattern.fault(text)) end)
  end

  it("is judged as Lua judges it when a match gets that far", function()
    local alphabet = { "a", "b", "%", "[", "]", "(", ")", "^", "$", "-", "*", "1", "f" }
    local subjects = { "", "a", "b", "ab", "aab1", "[a]", "(ab)", "f", "1" }
    local seed = 1
    local function draw(limit)
      seed = (seed * 1103515245 + 12345) % 2147483648
      return seed // 65536 % limit + 1
    end
    for _ = 1, 20000 do
      local letters = {}
      for index = 1, draw(7) do letters[index] = alphabet[draw(#alphabet)] end
      local text = table.concat(letters)
      for _, subject in ipairs(subjects) do
        local found = pcall(string.match, subject, text)
        assert(found or pattern.fault(text), "not refused: " .. text)
      end
    end
  end)
end)

describe("a broken configuration", function()
  local VALUES = { "1", "0.5", "true", '"\\0"', "{ { } }", "function() end", "clinic", '"x y"' }
  -- Values that a field takes, whatever it is: left out of the rows below.
  local LAWFUL = {
    ['label = "x y"'] = true, ['account = "x y"'] = true, ["default = true"] = true,
  }
  local FIELDS = {
    "id", "label", "effect", "default", "applies_to", "group", "fields", "round_to", "excess", "max", "roles",
    "account", "retired",
  }
  local DECLARATIONS = { "currency", "language", "numbering", "permit", "payment_type", "workflow" }

  local function read_example()
    local file <close> = assert(io.open(EXAMPLE, "rb"))
    return file:read "a"
  end

  ---Checks a text that may have mistakes; each must have its line and its words.
  local function judge(text)
    local raised_not, result, errors = pcall(config.check, text, "clinic.lua")
    assert(raised_not, result)
    local _, line_feeds = text:gsub("\n", "")
    for _, mistake in ipairs(errors or {}) do
      assert(math.type(mistake.line) == "integer" and mistake.line >= 1 and mistake.line <= line_feeds + 1, text)
      assert(mistake.file == "clinic.lua" and mistake.path ~= "" and mistake.message ~= "", text)
    end
    assert((result == nil) == (errors ~= nil), text)
    return errors
  end

  local mutants = {}
  for _, field in ipairs(FIELDS) do
    for _, value in ipairs(VALUES) do
      local assignment = ("%s = %s"):format(field, value)
      if not LAWFUL[assignment] then mutants[#mutants + 1] = with(assignment) end
    end
  end
  for _, name in ipairs(DECLARATIONS) do
    for _, value in ipairs(VALUES) do
      -- The builder looks like an empty table, and nothing is wrong with permitting or numbering nothing.
      mutants[#mutants + 1] = ("clinic:%s(%s)"):format(name, value == "clinic" and "nil" or value)
    end
  end

  it("is never accepted and never raises, and every mistake has a line", function()
    assert.is_true(#mutants > 100)
    for _, body in ipairs(mutants) do
      assert(judge("local clinic = ...\n\n" .. body), "accepted: " .. body)
    end
  end)

  it("is told wherever a byte of a sound one is lost, doubled or changed", function()
    local text = read_example()
    for at = 1, #text do
      judge(text:sub(1, at - 1) .. text:sub(at + 1))
      judge(text:sub(1, at) .. text:sub(at))
      judge(text:sub(1, at - 1) .. "}" .. text:sub(at + 1))
      judge(text:sub(1, at))
    end
  end)
end)
