-- receipt/html.lua - sets blocks as one HTML file that needs nothing else: no script, no picture, no network.
local page = require "tallystick.page"
local style = require "tallystick.receipt.style"
local text_of = require "tallystick.receipt.text"
local width = require "tallystick.width"

local escape = page.escape

-- An amount stays on one line, unless it is too long for a phone.
local AMOUNT_COLUMNS_MAX = 20

local function escape_amount(text)
  text = escape(text)
  return width.of(text) <= AMOUNT_COLUMNS_MAX and text:gsub(" ", "&nbsp;") or text
end

local function escape_lines(text)
  local lines = {}
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do lines[#lines + 1] = escape(line) end
  return table.concat(lines, "<br>\n")
end

local set = {}

function set.head(block)
  local lines = {}
  for index, line in ipairs(block.lines) do lines[index] = ("<p>%s</p>\n"):format(escape(line)) end
  return ("<header>\n%s</header>"):format(table.concat(lines))
end

function set.title(block)
  if not block.number then return ("<h1>%s</h1>"):format(escape(block.text)) end
  return ("<h1>%s <span>%s</span></h1>"):format(escape(block.text), escape(block.number))
end

function set.notice(block)
  local detail = block.detail and ("<small>%s</small>"):format(escape(block.detail)) or ""
  return ('<p class="notice">%s%s</p>'):format(escape(block.text), detail)
end

function set.text(block)
  return ('<p class="text">%s</p>'):format(escape_lines(block.text))
end

function set.rows(block)
  local lines = {}
  for index, row in ipairs(block.rows) do
    local class = row.strong and ' class="strong"' or row.indent and ' class="in"' or ""
    lines[index] = ("<div%s><dt>%s</dt><dd>%s</dd></div>\n"):format(class, escape(row.label), escape(row.value))
  end
  return ("<dl>\n%s</dl>"):format(table.concat(lines))
end

local function table_row(tag, cells, columns)
  local parts = {}
  for index, column in ipairs(columns) do
    local title = escape(column.title)
    if column.right and tag == "td" then
      parts[index] = ('<td class="r" data-title="%s">%s</td>'):format(title, escape_amount(cells[index]))
    elseif column.right then
      parts[index] = ('<th class="r" scope="col">%s</th>'):format(title)
    else
      parts[index] = ("<%s%s>%s</%s>"):format(tag, tag == "th" and ' scope="col"' or "", escape(cells[index]), tag)
    end
  end
  return ("<tr>%s</tr>\n"):format(table.concat(parts))
end

function set.table(block)
  local titles, rows, amounts = {}, {}, 0
  for index, column in ipairs(block.columns) do
    titles[index] = column.title
    if column.right then amounts = amounts + 1 end
  end
  for index, cells in ipairs(block.rows) do rows[index] = table_row("td", cells, block.columns) end
  local class = amounts > 1 and ' class="many"' or ""
  return ("<table%s>\n<thead>\n%s</thead>\n<tbody>\n%s</tbody>\n</table>"):format(class,
    table_row("th", titles, block.columns), table.concat(rows))
end

function set.rule()
  return "<hr>"
end

function set.small(block)
  return ('<p class="small">%s</p>'):format(escape_lines(block.text))
end

function set.code(block)
  return ('<code class="code">%s</code>'):format(escape(block.text))
end

-- What a line of the text form takes on a roll, which has room for some 30 wide letters, and what the margins take.
local ROLL_COLUMNS, LINE_MM, FRAME_MM = 30, 5, 24

-- A roll has no pages: the sheet must be as long as the receipt, or it is cut in two or fed for nothing.
local function roll_height(blocks)
  local _, lines = text_of(blocks, ROLL_COLUMNS):gsub("\n", "")
  return FRAME_MM + lines * LINE_MM
end

local function title_of(blocks)
  for _, block in ipairs(blocks) do
    if block.kind == "title" then return escape(block.number and block.text .. " " .. block.number or block.text) end
  end
  return ""
end

---Sets blocks as an HTML file.
---@param blocks tallystick.receipt.Block[]
---@param tools tallystick.receipt.Tools
---@param is_statement boolean on A4 instead of a roll
---@return string html
return function(blocks, tools, is_statement)
  local parts = {}
  for index, block in ipairs(blocks) do parts[index] = set[block.kind](block) end
  local css = is_statement and style.statement(tools.word("receipt", "page")) or style.receipt(roll_height(blocks))
  return page.set { lang = tools.lang, title = title_of(blocks), css = css, body = table.concat(parts, "\n") }
end
