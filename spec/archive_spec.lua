-- The archive of a closed period: what is in it, that it stands alone, and what its check finds.
local archive = require "tallystick.archive"
local clinic = require "spec.clinic"
local command = require "spec.command"
local csv = require "tallystick.csv"
local exit = require "tallystick.cli.exit"
local helper = require "spec.helper"
local json = require "tallystick.json"
local pages = require "spec.pages"
local postings = require "tallystick.export.postings"
local tallystick = require "tallystick"

local run, write, read, quote = command.run, command.write, command.read, command.quote

local CONFIG = "examples/practice-year/clinic.lua"
local LOG = "examples/practice-year/practice-year.jsonl"

-- Made once: the year of a practice, all of it closed.
local year

local contains, done = clinic.contains, clinic.done

local folder

setup(function()
  year = command.folder()
  local made = run("replay", year .. "/clinic.db", LOG, "--config", CONFIG, "--batch", "500", "--quiet")
  assert.equal(0, made.code, made.err)
  local closed = run("close", year .. "/clinic.db", "2025-12-31", "--role", "manager")
  assert.equal(0, closed.code, closed.err)
end)
teardown(function() command.remove(year) end)

before_each(function() folder = command.folder() end)
after_each(function()
  helper.finish()
  command.remove(folder)
end)

local function path(name)
  return folder .. "/" .. name
end

local function names_in(where)
  return (command.shell("ls -A " .. quote(where)).out:gsub("\n", " "))
end

local function open_year()
  return assert(tallystick.open(year .. "/clinic.db", { mode = "ro" }))
end

-- Gives the path of an archive of days of the year, each made once.
local function make(from, to)
  local name = ("clinic-%s--%s.tar.gz"):format(from, to)
  if not names_in(year):find(name, 1, true) then
    done(run("archive", year .. "/clinic.db", from, to, "--output", year, "--quiet"))
  end
  done(command.shell(("cp %s/%s %s"):format(year, name, folder)))
  return path(name)
end

-- Unpacks an archive, and gives the path of the folder in it.
local function unpack_to(name, packed)
  done(command.shell(("mkdir %s && tar -xzf %s -C %s"):format(path(name), packed, path(name))))
  return path(name) .. "/" .. names_in(path(name)):match "^(%S+) $"
end

local function rows_of(file)
  local rows, titles = {}, nil
  for cells in csv.reader(read(file)) do
    assert(cells, file)
    if titles then
      local row = {}
      for index, title in ipairs(titles) do row[title] = cells[index] end
      rows[#rows + 1] = row
    else
      titles = cells
    end
  end
  return rows
end

local function is_installed(program)
  return command.shell("command -v " .. program).code == 0
end

describe("an archive", function()
  it("holds what it says it holds, under sums that agree, for nobody else to read", function()
    local packed = make("2025-04-01", "2025-12-31")
    assert.equal("600\n", command.shell("stat -c %a " .. packed).out)
    local root = unpack_to("x", packed)
    assert.equal("clinic-2025-04-01--2025-12-31", root:match "[^/]+$")
    done(command.shell(("cd %s && sha256sum --quiet --strict -c SHA256SUMS"):format(root)))
    local sums, told = read(root .. "/SHA256SUMS"), read(root .. "/README.txt")
    for name in command.shell(("cd %s && find . -type f"):format(root)).out:gmatch "%./([^\n]+)" do
      if name ~= "SHA256SUMS" then contains("  " .. name .. "\n", sums) end
      local is_told = told:find(name, 1, true) or told:find("  " .. name:match "^[^/]*/?" .. " ", 1, true)
      assert(is_told or name == "README.txt", name .. " is not told of")
    end
    assert.is_nil(command.shell("tar -tvzf " .. packed).out:find "\n[^\n]*root")
    for line in command.shell("tar -tvzf " .. packed).out:gmatch "[^\n]+" do
      assert.truthy(line:find "^[d-]rw[x-]%-%-%-%-%-%- 0/0 +%d+ 2025%-12%-31 23:59 ", line)
    end
  end)

  it("says in README what to do, with the head that the reader prints", function()
    local root = unpack_to("x", make("2025-10-01", "2025-12-31"))
    local ledger <close> = open_year()
    local head = ledger:head()
    local line = ("head %d %s\n"):format(head.seq, head.hash)
    contains(line, read(root .. "/README.txt"))
    assert.equal(line, done(command.shell(("cd %s && python3 reader/check.py ledger/clinic.db"):format(root))))
    for index, one in ipairs { "from", "to" } do
      assert.equal(({ "2025-10-01", "2025-12-31" })[index], json.decode(read(root .. "/period.json"))[one])
    end
  end)

  it("holds every entry of the period, and no other, with its hash", function()
    local root = unpack_to("x", make("2025-04-01", "2025-06-30"))
    local rows, lines = rows_of(root .. "/books/journal.csv"), {}
    for line in io.lines(root .. "/books/journal.jsonl") do lines[#lines + 1] = json.decode(line) end
    local ledger <close>, count = open_year(), 0
    for entry in ledger:entries {} do
      if entry.day >= "2025-04-01" and entry.day <= "2025-06-30" then
        count = count + 1
        assert.same({ tostring(entry.seq), entry.hash, entry.amount:decimal() },
          { rows[count].seq, rows[count].hash, rows[count].amount })
        assert.same({ entry.seq, entry.hash }, { lines[count].seq, lines[count].hash })
      end
    end
    assert.same({ count, count }, { #rows, #lines })
    assert.equal(count, json.decode(read(root .. "/period.json")).entries)
    assert(count > 1000)
  end)

  it("has the totals of the ledger in its reports", function()
    local root = unpack_to("x", make("2025-04-01", "2025-09-30"))
    local ledger <close> = open_year()
    local whole = assert(ledger:totals { from = "2025-04-01", to = "2025-09-30" })[1]
    for _, name in ipairs { "collected", "refunded", "deposited", "withdrawn", "money" } do
      local sum = ledger:money "0"
      for _, row in ipairs(rows_of(root .. "/reports/period-money.csv")) do sum = sum + ledger:money(row[name]) end
      assert.equal(whole[name], sum)
    end
    for _, name in ipairs { "credited", "discounted", "lost", "rounded" } do
      local sum = ledger:money "0"
      for _, row in ipairs(rows_of(root .. "/reports/period-settled.csv")) do sum = sum + ledger:money(row[name]) end
      assert.equal(whole[name], sum)
    end
    for _, page in ipairs { "period", "receivables-start", "receivables-end", "corrections" } do
      contains("<!doctype html>", read(("%s/reports/%s.html"):format(root, page)):lower())
    end
  end)

  -- What the ledger's own fold of the journal has at the end of a month, by account.
  local function ledger_balances(month)
    local ledger <close>, balances = open_year(), {}
    for _, row in ipairs(assert(postings.balances(ledger, { by = "month" }))) do
      if row.period == month and row.balance.minor ~= 0 then balances[row.account] = row.balance:decimal() end
    end
    return balances
  end

  it("tells of the closings that sealed its days, and of no other, with what was counted", function()
    local ledger, clock = helper.open { path = path "small.db", now = "2026-01-31T10:00:00Z" }
    local heads = {}
    for _, last in ipairs { "2026-01-31", "2026-02-15", "2026-02-28", "2026-03-31" } do
      clock.now = last .. "T10:00:00Z"
      assert(ledger:deposit { patient = "P1", amount = "50.00" })
      assert(ledger:close_days { through = last, counted = last ~= "2026-02-28" and { cash = "49.00" } or nil })
      heads[last] = ledger:head()
    end
    local made = assert(archive.write(ledger, { from = "2026-02-01", to = "2026-02-28", folder = folder }))
    local told = {}
    for index, row in ipairs(rows_of(unpack_to("x", made.path) .. "/books/closings.csv")) do
      told[index] = { row.from, row.through, row.actor, row.hash, row.expected, row.counted, row.variance }
    end
    assert.same({
      { "2026-02-01", "2026-02-15", "desk-1", heads["2026-02-15"].hash, "50.00", "49.00", "-1.00" },
      { "2026-02-16", "2026-02-28", "desk-1", heads["2026-02-28"].hash, "", "", "" },
    }, told)
  end)

  it("balances every account: what it had, what moved, what it has", function()
    local root = unpack_to("x", make("2025-04-01", "2025-06-30"))
    local ledger <close>, sums = open_year(), {}
    local opening_sum = ledger:money "0"
    for _, row in ipairs(rows_of(root .. "/books/balances.csv")) do
      local opening, closing = ledger:money(row.opening), ledger:money(row.closing)
      assert.equal(closing, opening + ledger:money(row.debits) - ledger:money(row.credits))
      sums[row.account] = (sums[row.account] or ledger:money "0") + closing
      opening_sum = opening_sum + opening
    end
    assert.equal(0, opening_sum.minor)
    local found = {}
    for account, sum in pairs(sums) do
      if sum.minor ~= 0 then found[account] = sum:decimal() end
    end
    assert.same(ledger_balances "2025-06", found)
  end)

  it("opens with what the one before closed with, account by account", function()
    local first = unpack_to("first", make("2024-01-01", "2025-06-30"))
    local second = unpack_to("second", make("2025-07-01", "2025-12-31"))
    local function by_account(root, column)
      local found = {}
      for _, row in ipairs(rows_of(root .. "/books/balances.csv")) do
        if row[column] ~= "0.00" then found[row.class .. " " .. row.key] = row[column] end
      end
      return found
    end
    assert.same(by_account(first, "closing"), by_account(second, "opening"))
    assert.same({}, by_account(first, "opening"))
    assert.equal(read(first .. "/reports/receivables-end-documents.csv"),
      read(second .. "/reports/receivables-start-documents.csv"))
  end)

  local function carried(balances)
    local out = {}
    for account, amount in pairs(balances) do
      if account:find "^Assets" or account:find "^Liabilities" then out[account] = amount end
    end
    return out
  end

  it("has books that hledger takes strictly, and that come to the ledger's balances", function()
    if not is_installed "hledger" then return pending "hledger is not installed" end
    local root = unpack_to("x", make("2025-07-01", "2025-09-30"))
    local books = root .. "/books/hledger.journal"
    done(command.shell(("LC_ALL=C.UTF-8 hledger -f %s check --strict"):format(books)))
    local out = done(command.shell(("LC_ALL=C.UTF-8 hledger -f %s balance --flat -N -O csv"):format(books)))
    local found = {}
    for account, amount in out:gmatch '"(%u[^"]*)","(%S+) CHF"' do found[account] = amount end
    assert.same(carried(ledger_balances "2025-09"), carried(found))
    assert.truthy(found["Equity:Opening"])
  end)

  it("has books that ledger takes strictly", function()
    if not is_installed "ledger" then return pending "ledger is not installed" end
    local root = unpack_to("x", make("2025-07-01", "2025-09-30"))
    local books = root .. "/books/ledger.ledger"
    local out = done(command.shell(("ledger -f %s --strict --pedantic balance --flat"):format(books)))
    local found = {}
    for amount, account in out:gmatch "(%S+) CHF%s+(%u%S+)" do found[account] = amount end
    assert.same(carried(ledger_balances "2025-09"), carried(found))
  end)

  it("has books that beancount takes", function()
    if not is_installed "bean-check" then return pending "beancount is not installed" end
    local root = unpack_to("x", make("2025-07-01", "2025-09-30"))
    done(command.shell(("bean-check %s/books/beancount.beancount"):format(root)))
    contains('2025-07-01 * "opening balances"', read(root .. "/books/beancount.beancount"))
  end)

  it("has commands that make the same books", function()
    local root = unpack_to("x", make("2025-07-01", "2025-09-30"))
    done(command.shell(("TZ=UTC bin/tallystick replay %s %s/ledger/commands.jsonl --config %s/script/clinic.lua "
      .. "--batch 500 --quiet --strict"):format(path "again.db", root, root)))
    local ledger <close> = open_year()
    local again <close> = assert(tallystick.open(path "again.db", { mode = "ro" }))
    assert.same(helper.totals(ledger), helper.totals(again))
    assert.equal(ledger:info().documents, again:info().documents)
  end)

  it("is the same, byte for byte, when it is made again", function()
    local first = make("2025-07-01", "2025-09-30")
    os.rename(first, path "first")
    os.execute "sleep 1.1"
    done(command.shell("umask 000; TZ=UTC bin/tallystick archive --quiet --output " .. folder .. " " .. year
      .. "/clinic.db 2025-07-01 2025-09-30"))
    assert.equal(read(path "first"), read(first))
  end)

  it("leaves out the ledger and its commands where that is asked for", function()
    done(run("archive", year .. "/clinic.db", "2025-07-01", "2025-09-30", "--output", folder, "--no-ledger"))
    local packed = path "clinic-2025-07-01--2025-09-30.tar.gz"
    local root = unpack_to("x", packed)
    assert.equal("README.txt SHA256SUMS books period.json reports script ", names_in(root))
    contains("The copy of the ledger was left out", read(root .. "/README.txt"))
    contains("it has no copy of the ledger", done(run("archive", "--check", packed)))
  end)

  it("prints what is to be kept outside", function()
    local out = done(run("archive", year .. "/clinic.db", "2025-07-01", "2025-09-30", "--output", folder))
    local sum = command.shell("sha256sum " .. path "clinic-2025-07-01--2025-09-30.tar.gz").out:match "^%x+"
    local ledger <close> = open_year()
    contains(sum, out)
    contains(("%d:%s"):format(ledger:head().seq, ledger:head().hash), out)
    local told = json.decode(done(run("archive", year .. "/clinic.db", "2025-04-01", "2025-06-30", "--output", folder,
      "--json")))
    assert.same({ "2025-04-01", ledger:head().hash, 0 }, { told.from, told.hash, #told.notes })
  end)

  it("tells what a format cannot express, and leaves that file out", function()
    local kept = helper.open { path = path "old.db", script = "" }
    assert(kept:deposit { patient = "P1", amount = "10.00", at = "1399-05-01T10:00" })
    assert(kept:close_days { through = "1400-01-01" })
    local made = assert(archive.write(kept, { from = "1399-01-01", to = "1399-12-31", folder = folder, name = "old" }))
    assert.equal(2, #made.notes)
    contains("books/ledger.ledger is left out: day: entry 1 is of 1399-05-01", made.notes[1])
    local root = unpack_to("x", made.path)
    assert.is_nil(names_in(root .. "/books"):find("ledger.ledger", 1, true))
    assert.equal("README.txt SHA256SUMS books ledger period.json reader reports ", names_in(root))
    contains("Note: books/ledger.ledger is left out", read(root .. "/README.txt"))
    assert(archive.check(made.path))
  end)
end)

describe("an archive is refused", function()
  for _, case in ipairs {
    { "of days that are not closed", { "2025-01-01", "2026-01-31" }, exit.REFUSED, "2026-01-31 is not closed yet" },
    { "of days on which nothing happened", { "2020-01-01", "2020-12-31" }, exit.REFUSED, "there is no entry" },
    { "that ends before it begins", { "2025-03-01", "2025-02-01" }, exit.USAGE, "2025-03-01 is after 2025-02-01" },
    { "of a day that is none", { "2025-02-30", "2025-03-01" }, exit.USAGE, "2025-02-30" },
    { "of a time", { "2025-02-01T10:00", "2025-03-01" }, exit.USAGE, "from: give a business day" },
    { "without its days", {}, exit.USAGE, "the first and the last day are missing" },
    { "without its last day", { "2025-01-01" }, exit.USAGE, "the first and the last day are missing" },
    { "in a folder that is not there", { "2025-01-01", "2025-12-31", "--output", "/nowhere" }, exit.USAGE, "/nowhere" },
  } do
    local what, words, code, message = table.unpack(case)
    it(what, function()
      local ended = run("archive", year .. "/clinic.db", "--output", folder, table.unpack(words))
      if what:find "folder" then ended = run("archive", year .. "/clinic.db", table.unpack(words)) end
      assert.same({ code, "" }, { ended.code, ended.out })
      contains(message, ended.err)
      assert.equal("", names_in(folder))
    end)
  end

  it("where nothing was ever closed", function()
    local ledger = helper.open {}
    assert(ledger:deposit { patient = "P1", amount = "10.00" })
    local _, details = helper.refused("refused",
      archive.write(ledger, { from = "2026-03-02", to = "2026-03-02", folder = folder }))
    assert.equal("not-closed", details.code)
  end)

  it("where a file is there already, and leaves that alone", function()
    write(path "clinic-2025-07-01--2025-09-30.tar.gz", "mine")
    local ended = run("archive", year .. "/clinic.db", "2025-07-01", "2025-09-30", "--output", folder)
    assert.equal(exit.USAGE, ended.code)
    assert.equal("mine", read(path "clinic-2025-07-01--2025-09-30.tar.gz"))
  end)

  for _, case in ipairs {
    { { to = "2026-03-01" }, "field-missing" }, { { from = "2026-03-01" }, "field-missing" },
    { { from = "x", to = "2026-03-01" }, "date-invalid" }, { { from = 12, to = "2026-03-01" }, "date-invalid" },
    { { from = "2026-03-01", to = "2026-03-01", until_day = "x" }, "field-unknown" },
  } do
    it(("with options that will not do: %s"):format(case[2]), function()
      local ledger = helper.open {}
      helper.refused(case[2], archive.write(ledger, case[1]))
    end)
  end

  it("of a ledger that does not verify", function()
    done(command.shell(("cp %s/clinic.db %s"):format(year, path "bad.db")))
    require "spec.raw".force(path "bad.db", "UPDATE document SET collected = collected + 1 WHERE id = 1")
    local ended = run("archive", path "bad.db", "2025-07-01", "2025-09-30", "--output", folder)
    assert.equal(exit.BROKEN, ended.code)
    assert.is_nil(names_in(folder):find("tar", 1, true))
    assert.is_nil(names_in(folder):find("partial", 1, true))
  end)

  it("on a full disk, and leaves nothing there", function()
    local disk = path "disk"
    local mounted = command.shell(("mkdir %s && mount -t tmpfs -o size=3m none %s"):format(disk, disk)).code == 0
    if not mounted then return pending "a small disk takes root's rights" end
    local ran, problem = pcall(function()
      local ended = run("archive", year .. "/clinic.db", "2025-01-01", "2025-12-31", "--output", disk)
      assert.equal(exit.BROKEN, ended.code, ended.err)
      contains("(full)", ended.err)
      assert.equal("", names_in(disk))
    end)
    command.shell("umount " .. disk)
    assert(ran, problem)
  end)

  for _, label in ipairs { "copying the ledger", "verifying the journal", "writing csv", "writing the reports",
    "packing" } do
    it(("when a person interrupts it while it is %s, and nothing is left"):format(label), function()
      local ledger <close> = open_year()
      local ran, problem = pcall(archive.write, ledger, { from = "2025-07-01", to = "2025-09-30", folder = folder,
        progress = function(now) if now == label then error("interrupted!", 0) end end })
      assert.same({ false, "interrupted!", "" }, { ran, problem, names_in(folder) })
    end)
  end
end)

describe("archive --check", function()
  -- Packs a changed folder again. With new sums it is what a forger would hand over.
  local function packed_again(root, with_sums)
    if with_sums then
      done(command.shell(("cd %s && find . -type f ! -name SHA256SUMS -printf '%%P\\n' | sort | xargs sha256sum "
        .. ">SHA256SUMS"):format(root)))
    end
    done(command.shell(("tar -czf %s -C %s/.. %s"):format(path "again.tar.gz", root, root:match "[^/]+$")))
    return path "again.tar.gz"
  end

  local function edit(file, from, to)
    local text, count = read(file):gsub(from, to, 1)
    assert.equal(1, count)
    write(file, text)
  end

  it("says that it holds, and to which head", function()
    local packed = make("2025-07-01", "2025-09-30")
    local ledger <close> = open_year()
    local out = done(run("archive", "--check", packed))
    contains("holds: ", out)
    contains("its ledger was recomputed", out)
    contains(("%d:%s"):format(ledger:head().seq, ledger:head().hash), out)
    assert.is_true(json.decode(done(run("archive", "--check", packed, "--json"))).ledger)
    assert.equal("clinic-2025-07-01--2025-09-30.tar.gz ", names_in(folder))
  end)

  -- What is done to the unpacked folder, whether the sums are made anew, and what is said.
  for _, case in ipairs {
    { "a changed amount", function(root) edit(root .. "/books/journal.csv", "(\n%d+,[^\n]*)%.00,CHF", "%1.50,CHF") end,
      false, "books/journal.csv: it is not what its sum says" },
    { "a file that is gone", function(root) os.remove(root .. "/books/types.csv") end, false,
      "books/types.csv: it is missing" },
    { "a file that was put in", function(root) write(root .. "/books/more.csv", "x") end, false,
      "books/more.csv: it has no sum" },
    { "damaged sums", function(root) edit(root .. "/SHA256SUMS", "^", "what\n") end, false, "SHA256SUMS" },
    { "a flipped bit in the ledger", function(root)
      local file = root .. "/ledger/clinic.db"
      local whole = read(file)
      write(file, whole:sub(1, 600000) .. string.char(whole:byte(600001) ~ 1) .. whole:sub(600002))
    end, false, "ledger/clinic.db: it is not what its sum says" },
    { "a forged journal under new sums", function(root)
      edit(root .. "/books/journal.jsonl", '"hash":"%x%x%x%x', '"hash":"0000')
    end, true, "is not the ledger's" },
    { "a forged amount under its true hash and new sums", function(root)
      edit(root .. "/books/journal.jsonl", '"amount":"(%d+)%.(%d)', '"amount":"1%1.%2')
    end, true, "is not the ledger's" },
    { "a hash that was taken out, under new sums", function(root)
      edit(root .. "/books/journal.jsonl", '"hash":"%x+"', '"head":"x"')
    end, true, "is not the ledger's" },
    { "an amount that is no text, under new sums", function(root)
      edit(root .. "/books/journal.jsonl", '"amount":"(%d+%.%d+)"', '"amount":%1')
    end, true, "is not the ledger's" },
    { "a field that was put in, under new sums", function(root)
      edit(root .. "/books/journal.jsonl", '"kind":', '"paid":"yes","kind":')
    end, true, "is not the ledger's" },
    { "another count of entries under new sums", function(root)
      edit(root .. "/period.json", '"entries":', '"entries":9')
    end, true, "period.json: it tells of" },
    { "another count of entries where no ledger is", function(root)
      os.remove(root .. "/ledger/clinic.db")
      edit(root .. "/period.json", ',"file":"clinic.db"', "")
      edit(root .. "/period.json", '"entries":', '"entries":9')
    end, true, "period.json: it tells of" },
    { "a journal that was left out, under new sums", function(root) os.remove(root .. "/books/journal.jsonl") end, true,
      "books/journal.jsonl: it is missing" },
    { "a journal that ends too early under new sums", function(root)
      edit(root .. "/books/journal.jsonl", "\n[^\n]*\n$", "\n")
    end, true, "is not the ledger's" },
    { "a journal with an entry more under new sums", function(root)
      edit(root .. "/books/journal.jsonl", "$", '{"seq":99999,"hash":"00"}\n')
    end, true, "entries that the ledger has not" },
    { "a forged ledger under new sums", function(root)
      require "spec.raw".force(root .. "/ledger/clinic.db", "UPDATE entry SET amount = 1 WHERE seq = 100")
    end, true, "entry 100: its content does not match its hash" },
    { "an older ledger under new sums", function(root)
      edit(root .. "/period.json", '"seq":%d+,"hash"', '"seq":99999,"hash"')
    end, true, "the head kept outside is entry 99999" },
    { "another ledger's name under new sums", function(root)
      edit(root .. "/period.json", '"ledger":"%x%x', '"ledger":"zz')
    end, true, "it names another ledger" },
    { "facts that cannot be read, under new sums", function(root) write(root .. "/period.json", "{") end, true,
      "period.json: it cannot be read" },
    { "facts that lead out of the archive, under new sums", function(root)
      edit(root .. "/period.json", '"file":"clinic.db"', '"file":"../../../clinic.db"')
    end, true, "period.json: it cannot be read" },
  } do
    local what, change, with_sums, message = table.unpack(case, 1, 4)
    it(("finds %s"):format(what), function()
      local root = unpack_to("x", make("2025-07-01", "2025-09-30"))
      change(root)
      local ended = run("archive", "--check", packed_again(root, with_sums))
      assert.same({ exit.BROKEN, "" }, { ended.code, ended.out })
      contains(message, ended.err)
    end)
  end

  it("holds in another time zone, and under a name that others take for one of a host", function()
    local packed = make("2025-07-01", "2025-09-30")
    local other = folder .. "/a:b"
    done(command.shell(("mkdir %s && mv %s %s/c:d.tar.gz"):format(other, packed, other)))
    local line = ("D=$PWD; cd %s && TZ=Asia/Tokyo $D/bin/tallystick archive "):format(quote(other))
    contains("c:d.tar.gz holds: ", done(command.shell(line .. "--check c:d.tar.gz")))
    done(command.shell((line .. "%s/clinic.db 2025-07-01 2025-09-30 --output ../a:b --quiet"):format(year)))
  end)

  it("takes no archive with anything but plain files in it", function()
    local root = unpack_to("x", make("2025-07-01", "2025-09-30"))
    done(command.shell(("ln -s /etc/passwd %s/books/more"):format(root)))
    local ended = run("archive", "--check", packed_again(root, true))
    assert.equal(exit.USAGE, ended.code)
    contains("this is no archive", ended.err)
  end)

  it("finds an archive that is cut short", function()
    local packed = make("2025-07-01", "2025-09-30")
    write(packed, read(packed):sub(1, -1000))
    local ended = run("archive", "--check", packed)
    assert.equal(exit.USAGE, ended.code)
    contains("damaged", ended.err)
  end)

  for _, case in ipairs {
    { "a file that is not there", "gone.tar.gz", "No such file or directory" },
    { "a ledger", "clinic.db", "this is no archive" },
    { "a text", "text", "this is no archive" },
    { "another packed folder", "other.tar.gz", "this is no archive" },
  } do
    local what, name, message = table.unpack(case)
    it(("refuses %s"):format(what), function()
      write(path "text", "words")
      done(command.shell(("cp %s/clinic.db %s; tar -czf %s -C %s text"):format(year, folder, path "other.tar.gz",
        folder)))
      local ended = run("archive", "--check", path(name))
      assert.equal(exit.USAGE, ended.code)
      contains(message, ended.err)
    end)
  end

  it("takes an archive alone", function()
    local ended = run("archive", "--check", path "x.tar.gz", "2025-01-01", "2025-12-31")
    assert.equal(exit.USAGE, ended.code)
  end)
end)

describe("the page on archives", function()
  it("has an example that prints what it says", function()
    for _, block in ipairs(pages.blocks "docs/archive.md") do
      if block.language == "lua" then
        assert.equal(pages.promised(block.text), pages.run(block, setmetatable({}, { __index = _G })))
      end
    end
  end)

  it("names every file that is in one", function()
    local page = read "docs/archive.md"
    local root = unpack_to("x", make("2025-07-01", "2025-09-30"))
    for name in command.shell(("cd %s && find . -type f"):format(root)).out:gmatch "%./([^\n]+)" do
      local folder_of = name:match "^(%w+)/"
      if folder_of == "reports" then name = "reports/*" .. name:match "%.%w+$" end
      if folder_of == "script" then name = "script/" end
      contains("`" .. name .. "`", page)
    end
  end)
end)
