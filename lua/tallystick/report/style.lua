-- report/style.lua - the style sheet of reports: system fonts, tabular digits, dark where the reader's screen is, black
-- on white on paper. A series has a colour that tells apart without colour sight, and a pattern that does so without
-- any colour.

local style = {}

-- Colours after Okabe and Ito, darker where white paper asks for it and lighter in the dark.
local COMMON = [[
*{box-sizing:border-box}
:root{color-scheme:light dark;--ink:#1d1d1f;--soft:#5c5c63;--line:#d3d3d8;--paper:#fff;--desk:#f0f0f2;
--c0:#4c5a6b;--c1:#0072b2;--c2:#e69f00;--c3:#009e73;--c4:#d55e00;--c5:#56b4e9;--c6:#cc79a7;--c7:#b5a300;--c8:#77777e;
--red:#a3201b;--orange:#a85b00;--green:#1b6e3c;--blue:#1f5fa8;--grey:#5c5c63}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;padding:1.5rem 1rem;background:var(--desk);color:var(--ink);
font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
font-variant-numeric:tabular-nums lining-nums;overflow-wrap:anywhere}
main{max-width:62rem;margin:0 auto;padding:2.25rem 2.5rem;background:var(--paper);border:1px solid var(--line);
border-radius:6px}
h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.25;font-weight:650}
h2{margin:2.25rem 0 .6rem;font-size:1.1rem;line-height:1.3;font-weight:650}
.facts{display:flex;flex-wrap:wrap;gap:.35rem 2rem;margin:0 0 .5rem}
.facts div{min-width:0;max-width:100%}
.facts dt{color:var(--soft);font-size:.85rem}
.facts dd{margin:0;font-weight:600}
footer{margin-top:2.5rem;padding-top:.75rem;border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}
footer .facts{gap:.2rem 1.5rem;margin:0}
footer .facts div{display:flex;flex-wrap:wrap;column-gap:.4rem}
footer .facts dd{font-weight:400}
.note{margin:.5rem 0;color:var(--soft);font-size:.9rem;max-width:44rem}
table{width:100%;border-collapse:collapse;font-size:.9rem}
th{padding:.3rem 0;border-bottom:1px solid var(--soft);color:var(--soft);font-weight:400;text-align:left;
vertical-align:bottom;hyphens:auto}
td{padding:.3rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th+th,td+td{padding-left:.9rem}
.most{font-size:.85rem}
.most th+th,.most td+td{padding-left:.7rem}
tfoot td{border-bottom:0;border-top:1px solid var(--soft);font-weight:650}
.r{text-align:right}
th,td{overflow-wrap:normal}
.l{overflow-wrap:anywhere}
td.r:not(.l),.n{white-space:nowrap}
.status{display:flex;gap:.3em}
.mark{flex:none;width:1em;font-weight:700}
.red{color:var(--red)}.orange{color:var(--orange)}.green{color:var(--green)}.blue{color:var(--blue)}
.grey{color:var(--grey)}
.charts{display:flex;flex-wrap:wrap;gap:0 3rem}
figure{margin:1.75rem 0 0;flex:1 1 100%;min-width:0}
figure.half{flex:1 1 22rem;max-width:calc(50% - 1.5rem)}
figcaption{margin-bottom:.6rem;font-size:1.1rem;line-height:1.3;font-weight:650}
.legend{display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;margin:0 0 .6rem;padding:0;list-style:none;font-size:.85rem}
.legend li{display:flex;align-items:baseline;gap:.4rem;min-width:0}
.legend svg{flex:none;width:20px;height:12px}
.chart{display:block;width:100%;height:auto;overflow:visible}
.chart text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--ink);
font-variant-numeric:tabular-nums lining-nums}
.chart .grid{stroke:var(--line)}
.chart .zero{stroke:var(--soft)}
.chart rect,.legend rect{stroke:var(--paper);stroke-width:.6}
.narrow{display:none;max-width:30rem}
details{margin:.75rem 0 0;font-size:.9rem}
summary{color:var(--soft);cursor:pointer}
.patterns{position:absolute;width:0;height:0}
]]

-- Where there is no room beside each other: a table's rows as cards, each value behind its title.
local CARDS = [[
@media screen and (max-width:%s){
.%s thead{display:none}
.%s tr{display:block;padding:.45rem 0;border-bottom:1px solid var(--line)}
.%s td{display:flex;justify-content:space-between;column-gap:1rem;padding:.05rem 0;border:0;text-align:right}
.%s td:not(:empty){white-space:normal;overflow-wrap:anywhere}
.%s td::before{content:attr(data-title);color:var(--soft);text-align:left;flex:none;max-width:50%%}
.%s td+td{padding-left:0}
.%s td>*{min-width:0}
.%s td:first-child{font-weight:650}
.%s td:empty{display:none}
.%s tfoot tr{border-bottom:0;border-top:1px solid var(--soft)}
}
]]

-- Charts that stood beside each other stand below each other, and are drawn anew for a phone.
local PHONE = [[
@media screen and (max-width:60rem){
figure.half{flex-basis:100%;max-width:30rem}
}
@media screen and (max-width:40rem){
body{padding:0}
main{padding:1.25rem 1rem;border:0;border-radius:0}
.wide{display:none}
figure.half{max-width:none}
.narrow{display:block}
}
]]

local DARK = [[
@media screen and (prefers-color-scheme:dark){
:root{--ink:#ececef;--soft:#a4a4ac;--line:#3b3b41;--paper:#1c1c1f;--desk:#111113;
--c0:#9fb0c3;--c1:#4aa3df;--c2:#f0b429;--c3:#2fbf94;--c4:#f07b3f;--c5:#9ad6f7;--c6:#e3a0c5;--c7:#dccb3c;--c8:#a9a9b0;
--red:#ff8a80;--orange:#ffb05c;--green:#6fd08c;--blue:#8ab8ff;--grey:#a4a4ac}
}
]]

-- A sheet of many columns lies across.
local PRINT = [[
@media print{
:root{color-scheme:light;--ink:#000;--soft:#333;--line:#999;--desk:#fff}
body{padding:0;background:none;font-size:10pt}
main{max-width:none;padding:0;border:0;border-radius:0}
h1{font-size:15pt}
h2,figcaption{font-size:11.5pt}
h2,summary,thead{break-after:avoid}
table,.most,.legend{font-size:8.5pt}
th+th,td+td,.most th+th,.most td+td{padding-left:2.2mm}
tr,figure,.facts div{break-inside:avoid}
thead{display:table-header-group}
tfoot{display:table-row-group}
details:not([open]){display:none}
.charts{gap:0 8mm}
figure.half{flex:1 1 40%%;max-width:calc(50%% - 4mm)}
}
@page{size:A4%s;margin:16mm 15mm 18mm;
@bottom-right{content:"%s " counter(page) " / " counter(pages);font:8.5pt sans-serif}}
]]

-- What each series is drawn over its colour with, in the colour of the paper; the first is plain.
local PATTERNS = {
  "", '<path d="M-2 2l4-4M0 8l8-8M6 10l4-4" class="pl"/>',
  '<circle cx="2" cy="2" r="1.3"/><circle cx="6" cy="6" r="1.3"/>',
  '<path d="M0 4h8" class="pl"/>', '<path d="M-2 6l4 4M0 0l8 8M6-2l4 4" class="pl"/>',
  '<path d="M0 4h8M4 0v8" class="pl"/>', '<path d="M4 0v8" class="pl"/>', '<circle cx="4" cy="4" r="2.2"/>',
}

-- Each series' fill is its pattern, whose ground is its colour. What is not stacked has a colour apart.
local function fills()
  local rules = {
    ".patterns .pl{stroke:var(--paper);stroke-width:1.4;fill:none}.patterns circle{fill:var(--paper)}\n",
    ".s0{fill:var(--c0)}\n",
  }
  for place = 1, #PATTERNS do
    rules[#rules + 1] = (".s%d{fill:url(#p%d)}#p%d rect{fill:var(--c%d)}\n"):format(place, place, place, place)
  end
  return table.concat(rules)
end

local function cards_below(width, class)
  return (CARDS:gsub("%%s", width, 1):gsub("%%s", class):gsub("%%%%", "%%"))
end

---@param page string the word for a page
---@param is_across boolean whether A4 lies across
---@return string css
function style.sheet(page, is_across)
  local cards = cards_below("40rem", "many") .. cards_below("62rem", "most")
  return COMMON .. fills() .. cards .. PHONE .. DARK .. PRINT:format(is_across and " landscape" or "", page)
end

---The patterns of the series, for the top of a page.
---@return string svg
function style.patterns()
  local parts = {}
  for place, marks in ipairs(PATTERNS) do
    parts[place] = ('<pattern id="p%d" width="8" height="8" patternUnits="userSpaceOnUse">'
      .. '<rect width="8" height="8"/>%s</pattern>'):format(place, marks)
  end
  return ('<svg class="patterns" aria-hidden="true"><defs>%s</defs></svg>'):format(table.concat(parts))
end

return style
