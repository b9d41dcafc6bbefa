-- report/html.lua - sets a report as one HTML file that needs nothing else: no script, no picture, no network.
local chart = require "tallystick.report.chart"
local labels = require "tallystick.labels"
local marks = require "tallystick.marks"
local options = require "tallystick.report.options"
local page = require "tallystick.page"
local show = require "tallystick.report.show"
local style = require "tallystick.report.style"
local width = require "tallystick.width"

local KNOWN = { title = { kind = "name" } }

local escape = show.escape

-- ---- Facts ----

-- What a report says of itself stands at its end.
local AT_THE_END = { currency = true, made_at = true, entry = true, hash = true }

local function set_facts(report, at_the_end)
  local parts = {}
  for _, fact in ipairs(report.facts) do
    if (AT_THE_END[fact.name] or false) == at_the_end then
      parts[#parts + 1] = ("<div><dt>%s</dt><dd>%s</dd></div>\n"):format(escape(fact.title),
        escape(show.value(fact, fact.value)))
    end
  end
  return #parts > 0 and ('<dl class="facts">\n%s</dl>'):format(table.concat(parts)) or ""
end

-- ---- Tables ----

local RIGHT = { money = true, count = true }
local ON_ONE_LINE = { day = true, time = true }

-- A longer word may be broken anywhere; a shorter one stays whole, also where a long one beside it asks for room.
local WORD_COLUMNS_MAX = 16

-- Beyond so many columns a table has no room on a phone, on a tablet, and on paper that stands upright.
local PHONE_COLUMNS_MAX, TABLET_COLUMNS_MAX, UPRIGHT_COLUMNS_MAX = 3, 6, 8

-- A column in which nothing stands says nothing; amounts and counts stand everywhere.
local function shown_columns(sheet)
  local columns = {}
  for _, column in ipairs(sheet.columns) do
    local is_used = RIGHT[column.kind] or #sheet.rows == 0
    for _, row in ipairs(sheet.rows) do
      if is_used then break end
      is_used = row[column.name] ~= nil
    end
    if is_used then columns[#columns + 1] = column end
  end
  return columns
end

local function has_long_word(text)
  if #text <= WORD_COLUMNS_MAX then return false end
  for word in text:gmatch "%S+" do
    if width.of(width.printable(word)) > WORD_COLUMNS_MAX then return true end
  end
  return false
end

-- How a text is set in a column: to the right, on one line, or broken where it must be. A short number such as R-00012
-- is not broken at its hyphen.
local function class_of(column, text)
  local classes = {}
  if RIGHT[column.kind] then classes[1] = "r" end
  if has_long_word(text) then
    classes[#classes + 1] = "l"
  elseif ON_ONE_LINE[column.kind] or not text:find "%s" then
    classes[#classes + 1] = "n"
  end
  return #classes > 0 and (' class="%s"'):format(table.concat(classes, " ")) or ""
end

local function set_status(status, word)
  local mark = marks[status]
  if not mark then return escape(word) end
  local html = '<span class="status"><span class="mark %s" aria-hidden="true">%s</span><span>%s</span></span>'
  return html:format(mark.colour, escape(mark.symbol), escape(word))
end

local function set_cell(column, value)
  local text = show.value(column, value)
  local inner = column.kind == "status" and value ~= nil and set_status(value, text) or escape(text)
  return ('<td%s data-title="%s">%s</td>'):format(class_of(column, text), escape(column.title), inner)
end

local function set_row(columns, row)
  local cells = {}
  for place, column in ipairs(columns) do cells[place] = set_cell(column, row[column.name]) end
  return ("<tr>%s</tr>\n"):format(table.concat(cells))
end

-- The word for the sum stands in the first column where that has no sum itself.
local function set_sum(columns, sum, total)
  local first = columns[1]
  if sum[first.name] ~= nil then return set_row(columns, sum) end
  local row = { [first.name] = total }
  for name, value in pairs(sum) do row[name] = value end
  local plain = { { name = first.name, title = "" }, table.unpack(columns, 2) }
  return set_row(plain, row)
end

local function set_table(sheet, total)
  local columns, titles, rows = shown_columns(sheet), {}, {}
  for place, column in ipairs(columns) do
    titles[place] = ('<th scope="col"%s>%s</th>'):format(class_of(column, column.title),
      escape(column.title))
  end
  for place, row in ipairs(sheet.rows) do rows[place] = set_row(columns, row) end
  local sum = sheet.sum and ("<tfoot>\n%s</tfoot>\n"):format(set_sum(columns, sheet.sum, total)) or ""
  local class = #columns > TABLET_COLUMNS_MAX and ' class="most"'
    or #columns > PHONE_COLUMNS_MAX and ' class="many"' or ""
  return ('<table%s data-sheet="%s">\n<thead>\n<tr>%s</tr>\n</thead>\n<tbody>\n%s</tbody>\n%s</table>'):format(class,
    escape(sheet.name), table.concat(titles), table.concat(rows), sum)
end

local function set_sheet(sheet, words)
  local body = #sheet.rows > 0 and set_table(sheet, words "total")
    or ('<p class="note">%s</p>'):format(escape(words "nothing"))
  return ("<section>\n<h2>%s</h2>\n%s\n</section>"):format(escape(sheet.title or sheet.name), body)
end

-- ---- Charts ----

-- On a desk and on paper, and on a phone. Several charts of bars stand two beside each other where there is room.
local NARROW = { class = "chart narrow", width = 350, height = 260 }
local SIZES = {
  columns = { { class = "chart wide", width = 760, height = 280 }, NARROW },
  bars = { { class = "chart wide", width = 760 }, NARROW },
  half = { { class = "chart wide", width = 420 }, NARROW },
}

-- The numbers of a chart as a sheet.
local function sheet_of(data, words)
  local columns, rows, sum = { { name = "category", title = data.axis } }, {}, {}
  for place, one in ipairs(data.series) do
    local name = "series" .. place
    columns[#columns + 1] = { name = name, title = one.label, kind = "money" }
    for at, value in ipairs(one.values) do
      rows[at] = rows[at] or { category = data.categories[at].label }
      rows[at][name] = value
      rows[at].total = rows[at].total and rows[at].total + value or value
      sum[name] = sum[name] and sum[name] + value or value
    end
    sum.total = sum.total and sum.total + sum[name] or sum[name]
  end
  if #data.series > 1 then columns[#columns + 1] = { name = "total", title = words "total", kind = "money" } end
  return { name = data.name, columns = columns, rows = rows, sum = sum }
end

local function set_legend(data)
  if #data.series < 2 and data.kind == "bars" then return "" end
  local items = {}
  for place, one in ipairs(data.series) do
    items[place] = ('<li><svg viewBox="0 0 20 12" aria-hidden="true"><rect class="s%d" width="20" height="12"/></svg>'
      .. "<span>%s</span></li>\n"):format(place, escape(one.label))
  end
  return ('<ul class="legend">\n%s</ul>\n'):format(table.concat(items))
end

local function describe(data, total, words)
  local first, last = data.categories[1].label, data.categories[#data.categories].label
  return words("chart_says"):format(data.title, first, last, show.money(total))
end

local function set_chart(data, place, report, words, form)
  local sheet, pictures = sheet_of(data, words), {}
  for variant, size in ipairs(SIZES[form]) do
    pictures[variant] = chart.draw(data, {
      currency = report.currency, id = ("chart%d-%d"):format(place, variant), class = size.class, width = size.width,
      height = size.height, description = describe(data, sheet.sum.total, words),
    })
  end
  return ('<figure class="%s">\n<figcaption>%s</figcaption>\n%s%s\n<details>\n<summary>%s</summary>\n%s\n</details>\n'
    .. "</figure>"):format(form, escape(data.title), set_legend(data), table.concat(pictures, "\n"),
    escape(words "numbers"), set_table(sheet, words "total"))
end

local function set_charts(report, words)
  local figures, bars = {}, 0
  for _, data in ipairs(report.charts) do bars = bars + (data.kind == "bars" and 1 or 0) end
  for place, data in ipairs(report.charts) do
    local form = data.kind == "bars" and bars > 1 and "half" or data.kind
    figures[place] = set_chart(data, place, report, words, form)
  end
  return #figures > 0 and ('<div class="charts">\n%s\n</div>'):format(table.concat(figures, "\n")) or ""
end

-- ---- The page ----

local function is_across(report)
  for _, sheet in ipairs(report.sheets) do
    if #shown_columns(sheet) > UPRIGHT_COLUMNS_MAX then return true end
  end
  return false
end

---Sets a report as an HTML file. Codes: `field-unknown`, `field-invalid`.
---@param report tallystick.report.Report
---@param asked? { title?: string } in the place of the report's own
---@return string? html
---@return string? message
---@return string? code
---@return table? details
return function(report, asked)
  local checked, message, code, details = options.check("html", KNOWN, asked)
  if not checked then return nil, message, code, details end
  local function words(name) return labels.get(report.lang, "report", name) end
  local title, body = escape(checked.title or report.title), {}
  body[#body + 1] = set_facts(report, false)
  for _, note in ipairs(report.notes) do body[#body + 1] = ('<p class="note">%s</p>'):format(escape(note)) end
  body[#body + 1] = set_charts(report, words)
  for _, sheet in ipairs(report.sheets) do body[#body + 1] = set_sheet(sheet, words) end
  body[#body + 1] = ("<footer>\n%s\n</footer>"):format(set_facts(report, true))
  return page.set {
    lang = report.lang, title = title, css = style.sheet(words "page", is_across(report)), before = style.patterns(),
    body = ("<h1>%s</h1>\n%s"):format(title, table.concat(body, "\n")),
  }
end
