-- Reports as HTML: what is on a page, that nothing breaks out of it, and how charts are measured and scaled. What a
-- browser makes of it is checked by spec/pages/check.
local helper = require "spec.helper"
local chart = require "tallystick.report.chart"
local measure = require "tallystick.report.measure"
local report = require "tallystick.report"
local scale = require "tallystick.report.scale"
local show = require "tallystick.report.show"
local tallystick = require "tallystick"

local refused = helper.refused

after_each(helper.finish)

local NASTY <const> = "<script>alert('x')</script>&\"quoted\""

local function busy_ledger()
  local ledger, clock = helper.open { now = "2026-03-02T10:00" }
  assert(ledger:consultation { patient = NASTY, amount = "1234.50" })
  assert(ledger:consultation { patient = "P2", amount = "80.00", label = NASTY })
  assert(ledger:pay { document = "C-00001", type = "twint", amount = "1000.00", group = NASTY, actor = NASTY })
  assert(ledger:pay { document = "C-00002", type = "card", group = "POS-1", amount = "50.00" })
  clock.now = "2026-03-03T10:00"
  assert(ledger:reverse { payment = "R-00002", reason = NASTY })
  return ledger
end

local ASKED <const> = {
  day = { day = "2026-03-02" }, period = { by = { "type", "group", "actor" } }, receivables = { by_patient = true },
  statement = { patient = NASTY }, corrections = {},
}

local function page_of(name, lang)
  local asked = { lang = lang }
  for key, value in pairs(ASKED[name]) do asked[key] = value end
  return assert(report.html(assert(report[name](busy_ledger(), asked))))
end

-- Whether every element that is opened is closed, in order.
local function assert_well_formed(html)
  local VOID <const> = { meta = true, link = true, br = true }
  local open = {}
  local body = html:gsub("<!DOCTYPE html>", ""):gsub("<style>.-</style>", "<style></style>")
  for slash, name, rest in body:gmatch "<(/?)([%a][%w]*)([^<>]*)>" do
    if slash == "/" then
      assert.equal(open[#open], name)
      open[#open] = nil
    elseif not VOID[name] and rest:sub(-1) ~= "/" then
      open[#open + 1] = name
    end
  end
  assert.same({}, open)
  assert.is_nil(body:gsub("<[/!]?%a[^<>]*>", ""):find "[<>]")
end

describe("a page", function()
  for name in pairs(ASKED) do
    it("is one sound file that loads nothing: " .. name, function()
      local html = page_of(name, "en")
      assert_well_formed(html)
      for _, foreign in ipairs { "://", "src=", "<script", "@import", "<link", "onclick" } do
        assert.is_nil(html:lower():find(foreign, 1, true), foreign)
      end
      assert.is_truthy(html:find("default-src 'none'", 1, true))
    end)

    it("says its language: " .. name, function()
      for _, lang in ipairs { "de", "en", "fr", "it" } do
        assert.is_truthy(page_of(name, lang):find(('<html lang="%s">'):format(lang), 1, true))
      end
    end)
  end

  it("shows what is nasty as it was written", function()
    for name in pairs(ASKED) do
      local escaped = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;quoted&quot;"
      assert.is_truthy(page_of(name):find(escaped, 1, true), name)
    end
  end)

  it("sets thousands apart, and no currency beside each amount", function()
    assert.is_truthy(page_of("period"):find(">1&#39;000.00<", 1, true))
    assert.is_nil(page_of("period"):find("000.00 CHF", 1, true))
  end)

  it("is titled as it is asked", function()
    local made = assert(report.day((busy_ledger())))
    assert.is_truthy(report.html(made, { title = "A & B" }):find("<title>A &amp; B</title>", 1, true))
    assert.is_truthy(report.html(made):find("<title>Journée du 03.03.2026</title>", 1, true))
    refused("field-unknown", report.html(made, { titel = "A" }))
    refused("field-invalid", report.html(made, { title = 7 }))
  end)

  it("describes each chart, and gives its numbers as a table", function()
    local html = page_of("period", "en")
    local _, pictures = html:gsub('<svg class="chart', "")
    local _, described = html:gsub('<title id="chart[%d-]+t">[^<]+</title><desc id="chart[%d-]+d">[^<]+</desc>', "")
    local _, tables = html:gsub('<table[^>]* data%-sheet="collected_', "")
    assert.same({ 6, 6, 3 }, { pictures, described, tables })
  end)

  it("is drawn in no float that is too fine to see", function()
    assert.is_nil(page_of("period"):match '="%-?%d+%.%d%d')
  end)

  it("says that there is nothing where there is nothing", function()
    local html = report.html(assert(report.period((helper.open()), { lang = "en" })))
    assert.is_truthy(html:find("Nothing to show.", 1, true))
    assert.is_nil(html:find("<figure", 1, true))
  end)
end)

describe("an axis", function()
  for _, case in ipairs {
    { 0, 100, 5, { 0, 20, 40, 60, 80, 100 } }, { 0, 101, 5, { 0, 50, 100, 150 } }, { 0, 1, 5, { 0, 1 } },
    { 0, 0, 5, { 0, 1 } }, { -100, 300, 5, { -100, 0, 100, 200, 300 } }, { -7, 0, 4, { -8, -6, -4, -2, 0 } },
    { 0, 2999999, 6, { 0, 500000, 1000000, 1500000, 2000000, 2500000, 3000000 } },
    { 0, math.maxinteger, 5, { 0 } }, { math.mininteger, 0, 5, { 0 } },
  } do
    local low, high, steps, ticks = table.unpack(case)
    it(("from %d to %d has round ticks"):format(low, high), function()
      local axis = scale.of(low, high, steps)
      assert.same(ticks, axis.ticks)
      assert.is_true(axis.low <= low and axis.high >= high and axis.high > axis.low)
      assert.is_true(scale.share(axis, low) >= 0 and scale.share(axis, high) <= 1)
    end)
  end

  it("is written without decimals where no tick needs them", function()
    assert.same({ "0", "5'000", "10'000" }, show.ticks({ 0, 500000, 1000000 }, "CHF"))
    assert.same({ "-0.50", "0.00", "0.50" }, show.ticks({ -50, 0, 50 }, "CHF"))
    assert.same({ "0", "1'000" }, show.ticks({ 0, 1000 }, "JPY"))
  end)
end)

describe("a text in a chart", function()
  it("is cut to its room, with an ellipsis", function()
    for _, text in ipairs { "Donaudampfschifffahrt", "クレジットカード決済", "🏥💳🏥💳🏥💳", ("W"):rep(40) } do
      local cut = measure.cut(text, 60, 12)
      assert.is_truthy(cut:find "…$")
      assert.is_true(measure.width(cut, 12) <= 60, cut)
      assert.is_truthy(utf8.len(cut))
      assert.equal(text, measure.cut(text, 1000, 12))
    end
  end)

  it("is as wide as two letters where it has two columns", function()
    assert.is_true(measure.width("決", 12) > measure.width("a", 12))
    assert.equal(0, measure.width("\u{301}", 12))
  end)
end)

describe("a chart", function()
  local function money(amount) return assert(tallystick.money(amount, "CHF")) end

  local function drawn(kind, values)
    local data = { name = "c", title = "T", kind = kind, axis = "Day", categories = {}, series = {} }
    for place, list in ipairs(values) do
      local series = { name = "s" .. place, label = "S" .. place, values = {} }
      for at, amount in ipairs(list) do
        series.values[at] = money(amount)
        data.categories[at] = { name = tostring(at), label = "c" .. at }
      end
      data.series[place] = series
    end
    return chart.draw(data, { currency = "CHF", id = "x", class = "chart", width = 300, height = 200,
      description = "d" })
  end

  local function rects(svg)
    local all = {}
    for class, x, y, width, height in svg:gmatch '<rect class="(s%d)" x="(.-)" y="(.-)" width="(.-)" height="(.-)">' do
      all[#all + 1] = { class = class, x = tonumber(x), y = tonumber(y), width = tonumber(width),
        height = tonumber(height) }
    end
    return all
  end

  it("stacks what is above zero, and below it what is below", function()
    local made = rects(drawn("columns", { { "10.00" }, { "20.00" }, { "-30.00" } }))
    assert.same({ "s1", "s2", "s3" }, { made[1].class, made[2].class, made[3].class })
    assert.is_true(math.abs(made[2].height - 2 * made[1].height) < 0.2)
    assert.is_true(math.abs(made[2].y + made[2].height - made[1].y) < 0.2)
    assert.is_true(math.abs(made[3].y - made[1].y - made[1].height) < 0.2)
  end)

  it("leaves out what is zero", function()
    assert.equal(1, #rects(drawn("columns", { { "0.00", "1.00" } })))
    assert.equal(0, #rects(drawn("bars", { { "0.00" } })))
  end)

  it("draws bars to both sides of zero", function()
    local made = rects(drawn("bars", { { "10.00", "-10.00" } }))
    assert.is_true(math.abs(made[1].width - made[2].width) < 0.2)
    assert.is_true(math.abs(made[2].x + made[2].width - made[1].x) < 0.2)
    assert.equal("s0", made[1].class)
  end)

  it("keeps amounts of 64 bits in its frame", function()
    for _, kind in ipairs { "columns", "bars" } do
      for _, one in ipairs(rects(drawn(kind, { { "92233720368547758.07", "-92233720368547758.07", "0.01" } }))) do
        assert.is_true(one.x >= 0 and one.y >= 0 and one.width >= 0 and one.height >= 0)
        assert.is_true(one.x + one.width <= 300)
      end
    end
  end)
end)
