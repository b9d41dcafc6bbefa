-- The words of the four languages: each has all of them, and all that the core names has one.
local command = require "spec.command"
local labels = require "tallystick.labels"
local marks = require "tallystick.marks"
local tallystick = require "tallystick"
local width = require "tallystick.width"

local function words(language)
  return require("tallystick.labels." .. language)
end

local function keys_of(language)
  local keys = {}
  for group, names in pairs(words(language)) do
    for name, word in pairs(names) do keys[#keys + 1] = ("%s.%s %s"):format(group, name, word:match "%%s" or "") end
  end
  table.sort(keys)
  return keys
end

-- The kinds of entries, from the one list of them.
local function kinds()
  local list = command.read("csrc/tallystick.h"):match "#define TALLY_KINDS%(X%)(.-)\n\n"
  local names = {}
  for name in list:gmatch '%d+, "(%l+)"' do names[#names + 1] = name end
  return names
end

describe("the words", function()
  it("are of four languages", function() assert.same({ "de", "en", "fr", "it" }, labels.languages) end)

  for _, language in ipairs(labels.languages) do
    describe("in " .. language, function()
      it("are those of English, with the same places to put something in", function()
        assert.same(keys_of "en", keys_of(language))
      end)

      it("are printable, and no word is empty", function()
        for group, names in pairs(words(language)) do
          for name, word in pairs(names) do
            assert.is_truthy(word:find "%S", group .. "." .. name)
            assert.equal(word, width.printable(word))
            assert.equal(word, word:match "^%s*(.-)%s*$")
          end
        end
      end)

      it("name every status, its mark and every kind of entry", function()
        for _, status in ipairs(tallystick.statuses) do
          assert.is_string(words(language).status[status], status)
          assert.is_string(words(language).mark[status], status)
        end
        for status in pairs(marks) do assert.is_string(words(language).mark[status], status) end
        local names = kinds()
        assert.equal(17, #names)
        for _, kind in ipairs(names) do assert.is_string(words(language).kind[kind], kind) end
      end)

      it("name nothing that the core does not", function()
        local known = {}
        for _, status in ipairs(tallystick.statuses) do known["status." .. status] = true end
        for _, kind in ipairs(kinds()) do known["kind." .. kind] = true end
        for _, group in ipairs { "status", "kind" } do
          for name in pairs(words(language)[group]) do assert.is_true(known[group .. "." .. name], name) end
        end
      end)
    end)
  end

  it("of German are spelt as in Switzerland", function()
    for _, names in pairs(words "de") do
      for _, word in pairs(names) do assert.is_nil(word:find("ß", 1, true), word) end
    end
  end)

  it("of payment types are those of the preset", function()
    local rows = {}
    for de, en, fr, it_ in command.read("csrc/preset.c"):gmatch 'LABELS%("(.-)", "(.-)", "(.-)", "(.-)"%)' do
      rows[#rows + 1] = { de, en, fr, it_ }
    end
    local ids = { "cash", "card", "transfer", "credit", "discount", "loss" }
    assert.equal(#ids, #rows)
    for index, id in ipairs(ids) do
      local own = {}
      for place, language in ipairs { "de", "en", "fr", "it" } do own[place] = labels.get(language, "type", id) end
      assert.same(rows[index], own)
    end
  end)
end)

describe("a word", function()
  for _, case in ipairs {
    { "is in its language", "fr", "status", "paid", "Payée" },
    { "is in the language of a region", "de-CH", "document", "invoice", "Rechnung" },
    { "is English in a language that is not known", "rm", "status", "paid", "Paid" },
    { "is English without a language", nil, "status", "paid", "Paid" },
    { "is its own name where there is none", "fr", "status", "lapsed", "lapsed" },
    { "is its own name in a group that is not known", "fr", "colour", "red", "red" },
  } do
    local name, language, group, key, expected = table.unpack(case, 1, 5)
    it(name, function() assert.equal(expected, labels.get(language, group, key)) end)
  end
end)

describe("a language", function()
  for _, case in ipairs {
    { "fr", "fr" }, { "it-CH", "it" }, { "rm", nil }, { "FR", nil }, { "fr-ch", nil }, { "french", nil }, { "", nil },
    { 7, nil },
  } do
    local code, expected = case[1], case[2]
    it(("is %s for %s"):format(expected, code), function() assert.equal(expected, labels.language(code)) end)
  end
end)

describe("what people call a payment type", function()
  for _, case in ipairs {
    { "is its label in the language", { id = "cash", label = { fr = "Comptant", [""] = "Cash!" } }, "fr", "Comptant" },
    { "is its label of the region", { id = "cash", label = { ["de-CH"] = "Bargeld", de = "Bar!" } }, "de-CH",
      "Bargeld" },
    { "is its label of the region's language", { id = "cash", label = { de = "Bar!" } }, "de-CH", "Bar!" },
    { "is its label for all languages", { id = "twint", label = { [""] = "TWINT" } }, "de", "TWINT" },
    { "is its label that is a text", { id = "twint", label = "TWINT" }, "it", "TWINT" },
    { "is the preset's word where its own is of another language", { id = "cash", label = { de = "Bar!" } }, "fr",
      "Espèces" },
    { "is the preset's word without a label", { id = "loss" }, "fr", "Impayé / Perte" },
    { "is its English label where nothing else fits", { id = "twint", label = { en = "TWINT app" } }, "fr",
      "TWINT app" },
    { "is its id at last", { id = "twint", label = {} }, "fr", "twint" },
  } do
    local name, payment_type, language, expected = table.unpack(case)
    it(name, function() assert.equal(expected, labels.type(payment_type, language)) end)
  end
end)
