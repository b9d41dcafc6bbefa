-- page.lua - what all pages have in common: one HTML file that needs nothing else, and what HTML must not see.
local width = require "tallystick.width"

local page = {}

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

---Makes a text safe to stand in HTML, in an attribute too.
---@param text string any bytes
---@return string html
function page.escape(text)
  return (width.printable(text):gsub("[&<>\"']", ESCAPES))
end

-- No script, no picture, no font from elsewhere: a browser that is asked to load something refuses.
local PAGE = [[
<!DOCTYPE html>
<html lang="%s">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>%s</title>
<style>
%s</style>
</head>
<body>
%s<main>
%s
</main>
</body>
</html>
]]

---Sets a whole page.
---@param parts { lang: string, title: string, css: string, before?: string, body: string } HTML, but for lang and css
---@return string html
function page.set(parts)
  return PAGE:format(parts.lang, parts.title, parts.css, parts.before and parts.before .. "\n" or "", parts.body)
end

return page
