-- letters.lua - shows whether the lines of Lua lead the fuzzer: three letters, each looked for once the one before it
-- is there. By chance alone they are found in one of 2^24 inputs.
local tallystick = require "tallystick"

local source = [[
local text = ...
if text:byte(1) ~= 116 then return end
if text:byte(2) ~= 97 then return end
if text:byte(3) ~= 108 then return end
error "the letters were found"
]]
local look = assert(load(source, "@./lua/tallystick/letters"))

-- Code in C is reached as well, the same for each input: where none was, the fuzzer would give up.
return function(text)
  tallystick.money("1.00", "CHF")
  look(text)
end
