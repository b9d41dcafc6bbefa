-- measuring.lua - what all benches share: spreads of figures, how they read, and the machine.
local shell = require "shell"

local measuring = {}

---Progress is for people at a terminal; the launchers set BENCH_QUIET where there is none.
function measuring.say(...)
  if os.getenv "BENCH_QUIET" then return end
  io.stderr:write(string.format(...))
end

---Gives median, min and max of a list of numbers, which stays as it is.
function measuring.spread(numbers)
  local sorted = table.move(numbers, 1, #numbers, 1, {})
  table.sort(sorted)
  local half = #sorted // 2
  local median = #sorted % 2 == 1 and sorted[half + 1] or (sorted[half] + sorted[half + 1]) / 2
  return { median = median, min = sorted[1], max = sorted[#sorted] }
end

---Seconds in the unit in which they read best.
function measuring.in_unit(seconds)
  if seconds >= 1 then return ("%.2f s"):format(seconds) end
  if seconds >= 1e-3 then return ("%.2f ms"):format(seconds * 1e3) end
  return ("%.1f µs"):format(seconds * 1e6)
end

---1234567.8 becomes "1,234,568".
function measuring.grouped(number)
  local digits = ("%.0f"):format(number):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (digits:gsub("^,", ""))
end

---Pads a text to a width on its left, or on its right where the width is negative; counts letters, not bytes.
function measuring.padded(text, width)
  local space = (" "):rep(math.abs(width) - utf8.len(text))
  return width < 0 and text .. space or space .. text
end

local function first_match(path, pattern)
  local file <close> = io.open(path)
  return file and file:read("a"):match(pattern) or "unknown"
end

---What rates and times depend on besides the programs.
---@param folder string on the file system that is measured
function measuring.machine(folder)
  return {
    cpu = first_match("/proc/cpuinfo", "model name%s*:%s*([^\n]+)"),
    cpus = tonumber(shell.run "nproc"),
    kernel = shell.run("uname -sr"):gsub("\n", ""),
    file_system = shell.run("stat -f -c %T", shell.quoted(folder)):gsub("\n", ""),
    lua = shell.run((os.getenv "LUA" or "lua5.4"), "-v"):match "Lua [%d.]+",
  }
end

function measuring.machine_line(machine)
  return ("%s, %d CPUs, %s, %s, %s"):format(machine.cpu, machine.cpus, machine.kernel, machine.file_system, machine.lua)
end

return measuring
