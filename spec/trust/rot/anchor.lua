-- Does one thing to a ledger and its anchor, and tells in a line what came of it:  anchor.lua WHAT PATH [COUNT]
local tallystick = require "tallystick"

local what <const>, path <const>, count <const> = arg[1], arg[2], tonumber(arg[3] or 1)

local function open(options)
  options = options or {}
  options.actor = "desk-1"
  return assert(tallystick.open(path, options))
end

local function pay(ledger, times)
  for _ = 1, times do assert(ledger:pay { document = "C-00001", amount = "0.05", note = "a secret" }) end
end

local function say(...) print(table.concat({ ... }, "\t")) end

local doing = {}

-- A ledger, and a copy of it after each act, each as it would have been kept on another day.
function doing.make()
  local ledger <close> = open { anchor = true }
  assert(ledger:consultation { patient = "Anna Muster", amount = "1000.00", label = "check-up" })
  for number = 1, count do
    local head = ledger:head()
    assert(ledger:backup(("%s.%d"):format(path, head.seq)))
    if number == count // 2 then
      assert(ledger:close_days { through = os.date("%Y-%m-%d", os.time() - 86400) })
    else
      pay(ledger, 1)
    end
  end
  say("made", ledger:head().seq)
end

function doing.pay()
  local ledger <close> = open()
  pay(ledger, count)
  say("paid", ledger:head().seq, ledger:info().anchor.error or "")
end

-- Says so as soon as it is committed, and then goes on to close.
function doing.seal()
  local ledger <close> = open()
  assert(ledger:close_days { through = os.date("%Y-%m-%d", os.time() - 86400) })
  say("paid", ledger:head().seq, ledger:info().anchor.error or "")
end

function doing.anchored()
  local ledger <close> = open { anchor = true }
  pay(ledger, count)
  say("paid", ledger:head().seq, ledger:info().anchor.error or "")
end

-- How far the anchor is behind the head at the most, while a handle stays open.
function doing.lag()
  local ledger <close> = open()
  local most = 0
  for _ = 1, count do
    pay(ledger, 1)
    most = math.max(most, ledger:head().seq - ledger:info().anchor.seq)
  end
  say("lag", most)
end

function doing.reset()
  local ledger <close> = open()
  local anchor, message, code = ledger:anchor { reset = true }
  say(anchor and "set" or code, anchor and anchor.state or message)
end

function doing.verify()
  local ledger <close> = open { mode = "ro" }
  local holds, report, code, details = ledger:verify()
  local anchor = ledger:info().anchor
  say(holds and "holds" or code, holds and report.head.seq or details.seq or 0, anchor.state, anchor.seq or -1,
    holds and "" or report)
end

-- On a disk of its own: is full while the anchor is to be written, and then has room again.
function doing.full()
  local filler <const> = path .. ".filler"
  local ledger <close> = open { anchor = true }
  pay(ledger, 1)
  local file <close> = assert(io.open(filler, "w"))
  file:setvbuf "no"
  while file:write(("x"):rep(512)) do end
  local _, message, code = ledger:anchor()
  local full = ledger:info().anchor
  local holds = ledger:verify()
  file:close()
  os.remove(filler)
  pay(ledger, 1)
  local anchor = assert(ledger:anchor())
  say(code, message:find "No space left" and "no room" or message, full.state, tostring(holds),
    anchor.seq == ledger:head().seq and "kept up" or anchor.seq)
end

-- Every bit of the anchor, one at a time; and every length that it may be cut to.
function doing.flips()
  local ledger <close> = open { mode = "ro" }
  local line <const> = assert(io.open(path .. "-anchor")):read "a"
  local tried, wrong = 0, 0
  local function try(text)
    local file <close> = assert(io.open(path .. "-anchor", "w"))
    file:write(text)
    file:close()
    tried = tried + 1
    if ledger:info().anchor.state ~= "unreadable" or not ledger:verify() then wrong = wrong + 1 end
  end
  for place = 1, #line do
    for bit = 0, 7 do
      try(line:sub(1, place - 1) .. string.char(line:byte(place) ~ (1 << bit)) .. line:sub(place + 1))
    end
    try(line:sub(1, place - 1))
  end
  say("tried", tried, wrong)
end

doing[what]()
