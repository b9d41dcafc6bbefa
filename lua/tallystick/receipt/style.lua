-- receipt/style.lua - the style sheet of receipts and statements: system fonts, two greys and a line. Dark where the
-- reader's screen is; on paper always black on white.

-- A roll of 80 mm has 72 mm that can be printed.
local ROLL = "80mm"

local COMMON = [[
*{box-sizing:border-box}
:root{color-scheme:light dark;--ink:#1d1d1f;--soft:#63636a;--line:#d3d3d8;--paper:#fff;--desk:#f0f0f2;--alert:#a3201b}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;padding:1.5rem 1rem;background:var(--desk);color:var(--ink);
font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
font-variant-numeric:tabular-nums lining-nums;overflow-wrap:anywhere}
main{margin:0 auto;padding:1.75rem 1.5rem;background:var(--paper);border:1px solid var(--line);border-radius:6px}
header{color:var(--soft)}
header p{margin:0}
header p:first-child{color:var(--ink);font-weight:600}
h1{margin:1.25rem 0 1rem;font-size:1.35rem;line-height:1.25;font-weight:650}
h1 span{display:inline-block;max-width:100%;font-weight:400}
.notice{margin:1rem 0;padding:.55rem .75rem;border:2px solid var(--alert);border-radius:4px;color:var(--alert);
text-align:center;text-wrap:balance;font-weight:650}
.notice small{display:block;font-size:.9em;font-weight:400}
dl{margin:1rem 0}
dl div{display:flex;flex-wrap:wrap;justify-content:space-between;column-gap:1rem;padding:.1rem 0}
dt{color:var(--soft);min-width:0;max-width:100%}
dd{margin:0 0 0 auto;text-align:right;min-width:0;max-width:100%}
.in dt{padding-left:1rem}
.in{font-size:.92em;color:var(--soft)}
dl .strong{padding-top:.25rem;font-size:1.15em;font-weight:650}
.strong dt{color:inherit}
.text{margin:1rem 0}
hr{margin:1rem 0;border:0;border-top:1px solid var(--line)}
table{width:100%;margin:1.25rem 0;border-collapse:collapse}
th{padding:.3rem 0;border-bottom:1px solid var(--line);color:var(--soft);font-weight:400;text-align:left}
td{padding:.3rem 0;vertical-align:top}
th+th,td+td{padding-left:1rem}
.r{text-align:right}
.small{margin:.75rem 0 .15rem;color:var(--soft);font-size:.8rem}
.code{display:block;color:var(--soft);
font:.72rem/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (max-width:30rem){
body{padding:0}
main{min-height:100vh;padding:1.25rem 1rem;border:0;border-radius:0}
}
@media screen and (prefers-color-scheme:dark){
:root{--ink:#ececef;--soft:#a4a4ac;--line:#3b3b41;--paper:#1c1c1f;--desk:#111113;--alert:#ff8a80}
}
@media print{
:root{color-scheme:light;--ink:#000;--soft:#000;--line:#000;--paper:#fff;--desk:#fff;--alert:#000}
body{padding:0;background:none}
main{max-width:none;min-height:0;margin:0;padding:0;border:0;border-radius:0}
h1{margin-top:.75rem}
tr,dl div,.notice,.code{break-inside:avoid}
h1,thead{break-after:avoid}
}
]]

-- Where a table has no room, its rows are set over several lines: the first words small, then the others and the
-- amount; where there are several amounts, each has a line with its title.
local STACKED = [[
tr{display:flex;flex-wrap:wrap;column-gap:.75rem;padding:.3rem 0}
th,td,th+th,td+td{padding:0;border:0;max-width:100%;flex:1 1 7rem}
thead tr{border-bottom:1px solid var(--line)}
td:first-child:has(+td:not(.r)){flex-basis:100%;color:var(--soft);font-size:.85em}
th:first-child:has(+th:not(.r)){display:none}
tr .r{flex:0 1 auto;margin-left:auto}
.many tr .r{flex-basis:100%}
.many td.r::before{content:attr(data-title);float:left;padding-right:1rem;color:var(--soft)}
.many thead .r{display:none}
]]

local RECEIPT = STACKED .. [[
@media (min-width:30.01rem){main{max-width:25rem}}
header{text-align:center}
h1{text-align:center}
@media print{
body{font-size:10pt;line-height:1.35}
h1{font-size:13pt}
dl,hr,.text{margin:2mm 0}
.small{margin-top:2mm;font-size:8pt}
.code{font-size:7pt}
}
]]
local ROLL_PAGE = "@page{size:%s %dmm;margin:4mm}\n"

local STATEMENT = [[
main{max-width:46rem;padding:2.5rem}
hr~dl{max-width:26rem;margin-left:auto}
@media (min-width:30.01rem){
dl:not(hr~dl) div{justify-content:flex-start}
dl:not(hr~dl) dt{flex:0 0 9rem}
dl:not(hr~dl) dd{flex:1 1 0;margin:0;text-align:left}
th:first-child,td:first-child{width:7rem}
}
@media (max-width:30rem){
main{padding:1.25rem 1rem}
]] .. STACKED .. [[
}
@media print{
body{font-size:10.5pt}
main{padding:0}
}
]]
local A4_PAGE = [[
@page{size:A4;margin:20mm 18mm 22mm;
@bottom-right{content:"%s " counter(page) " / " counter(pages);font:9pt sans-serif}}
]]

local style = {}

---@param height_mm integer of the paper: a roll is as long as the receipt
---@return string css
function style.receipt(height_mm)
  return COMMON .. RECEIPT .. ROLL_PAGE:format(ROLL, height_mm)
end

---@param page string the word for a page
---@return string css
function style.statement(page)
  return COMMON .. STATEMENT .. A4_PAGE:format(page)
end

return style
