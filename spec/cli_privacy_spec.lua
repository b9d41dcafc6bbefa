-- What a file, a log and a listing of a folder give away: erasing at the command line, files that only their owner may
-- read, and runs for the night that say nothing of anybody.
local clinic = require "spec.clinic"
local command = require "spec.command"
local helper = require "spec.helper"

local run, contains, lacks, done = command.run, clinic.contains, clinic.lacks, clinic.done

local folder

before_each(function() folder = command.folder() end)
after_each(function()
  helper.finish()
  command.remove(folder)
end)

local function path(name)
  return folder .. "/" .. name
end

describe("tallystick erase", function()
  local ledger

  before_each(function()
    ledger = path "clinic.db"
    clinic.make(ledger)
  end)

  it("only counts without --yes", function()
    local before = command.read(ledger)
    contains("It would erase 1 text of 1 act; nothing was written.", done(run("erase", ledger, "--patient", "P21")))
    assert.is_true(before == command.read(ledger))
  end)

  it("takes texts out of the file with it, and says what it does not reach", function()
    contains("typing slip", command.read(ledger))
    local said = done(run("erase", ledger, "--patient", "P21", "--yes"))
    contains("Erased 1 text of 1 act, and wrote the file anew in ", said)
    contains("Backups, exports and archives", said)
    lacks("typing slip", command.read(ledger))
    assert.equal("", done(run("erase", ledger, "--patient", "P21", "--yes", "--quiet")))
    contains("made twice", command.read(ledger))
    done(run("verify", ledger))
  end)

  it("answers in JSON and CSV", function()
    assert.same({ { texts = 1, acts = 1, dry_run = true } },
      clinic.json(done(run("erase", ledger, "--document", "F-00007", "--json"))))
    assert.same({ { texts = "1", acts = "1", dry_run = "" } },
      clinic.csv(done(run("erase", ledger, "--document", "F-00007", "--yes", "--csv"))))
  end)

  for _, row in ipairs {
    { "nothing named", {}, "field-missing" },
    { "two ways named", { "--patient", "P21", "--payment", "R-00007" }, "field-invalid" },
    { "a patient nobody knows", { "--patient", "P99", "--yes" }, "patient-unknown" },
    { "an act that there is not", { "--act", "9999" }, "field-invalid" },
    { "a kind of text that there is not", { "--patient", "P21", "--text", "notes" }, "field-invalid" },
  } do
    local what, words, code = table.unpack(row)
    it("refuses " .. what, function()
      local ended = run("erase", ledger, table.unpack(words))
      assert.equal(1, ended.code)
      contains("(" .. code .. ")", ended.err)
    end)
  end

  it("needs the role of the script's permit", function()
    local script = helper.SCRIPT .. 'clinic:permit { erase = { "officer" } }'
    local opened = helper.open { path = path "strict.db", script = script }
    assert(opened:consultation { patient = "P1", amount = "1.00", note = "has a dog" })
    opened:close()
    contains("(permission-denied)", run("erase", path "strict.db", "--patient", "P1", "--yes").err)
    done(run("erase", path "strict.db", "--patient", "P1", "--yes", "--role", "officer"))
    lacks("has a dog", command.read(path "strict.db"))
  end)
end)

describe("a file that is made", function()
  -- All that the command line writes, by somebody whose files anyone may read else.
  it("may be read by its owner alone", function()
    local here = command.quote(folder)
    local ended = command.shell(([[
      set -e; umask 000; export TZ=UTC HOME=%s XDG_STATE_HOME=%s/state; cd %s; t=%s/bin/tallystick
      $t init clinic.db
      for i in 1 2; do $t consultation clinic.db P1 20.00 --at 2026-01-0$i; done
      $t pay clinic.db C-00001 --at 2026-01-02
      $t close clinic.db 2026-01-31
      $t anchor clinic.db
      $t keys clinic.key
      $t sign clinic.db --key clinic.key --output january.closing
      $t backup clinic.db copy.db
      $t archive clinic.db 2026-01-01 2026-01-31
      for format in hledger ledger beancount csv log; do $t export clinic.db $format --output books.$format; done
      echo '{"op":"consultation","patient":"P1","amount":"1.00"}' >log.jsonl; chmod 600 log.jsonl
      $t replay other.db log.jsonl --results results.jsonl
      $t restore copy.db clinic.db --force
      $t period clinic.db 2026-01-01 2026-01-31 --html january.html
      $t consultation clinic.db P1 5.00; $t pay clinic.db C-00003
      $t receipt clinic.db R-00002 --format html --output receipt.html
      printf 'info\nquit\n' | $t shell clinic.db
      $t erase clinic.db --patient P1 --yes]]):format(here, here, here, command.quote(io.popen("pwd"):read "l")))
    assert.equal(0, ended.code, ended.err .. ended.out)
    local found = done(command.shell("find " .. here .. " -type f -printf '%m %P\\n' | sort -k 2"))
    local count = 0
    for mode, name in found:gmatch "(%d+) ([^\n]+)" do
      count = count + 1
      local public = name == "clinic.key.pub"
      assert.equal(public and "644" or "600", mode, name)
    end
    assert.is_true(count >= 15, found)
  end)

  it("keeps that while it is open, with its log and its shared memory", function()
    local opened = helper.open { path = path "clinic.db" }
    assert(opened:consultation { patient = "P1", amount = "1.00" })
    local found = done(command.shell("find " .. command.quote(folder) .. " -type f -printf '%m %P\\n'"))
    local names = {}
    for mode, name in found:gmatch "(%d+) ([^\n]+)" do
      assert.equal("600", mode, name)
      names[#names + 1] = name
    end
    table.sort(names)
    assert.same({ "clinic.db", "clinic.db-shm", "clinic.db-wal" }, names)
  end)
end)

describe("a run for the night", function()
  local SECRETS = {
    "P17", "P18", "P20", "P21", "120.00", "40.00", "35.00", "typing slip", "made twice", "check-up", "desk-2",
  }

  local function says_nothing_of_anybody(ended)
    for _, secret in ipairs(SECRETS) do
      lacks(secret, ended.out)
      lacks(secret, ended.err)
    end
  end

  it("says no patient, no amount and no note", function()
    local ledger = path "clinic.db"
    clinic.make(ledger)
    command.write(path "log.jsonl", table.concat({
      '{"op":"pay","document":"C-00001","amount":"120.00","note":"typing slip"}',
      '{"op":"pay","document":"F-00006","amount":"40.00","note":"typing slip"}',
      '{"op":"consultation","patient":"P17","amount":"35.00","note":"check-up","actor":"desk-2"}',
      '{"op":"consultation","patient":"P17","amount":"35.00","note":"check-up"', "" }, "\n"))
    for _, words in ipairs {
      { "verify", ledger }, { "verify", ledger, "--quiet" }, { "backup", ledger, path "copy.db" },
      { "replay", ledger, path "log.jsonl" }, { "replay", ledger, path "log.jsonl", "--quiet" },
      { "advance", ledger, "--quiet" }, { "export", ledger, "log", "--output", path "out.jsonl" },
      { "archive", ledger, "2026-01-01", "2026-01-31", "--output", folder }, { "anchor", ledger },
      { "erase", ledger, "--patient", "P21", "--yes" },
    } do
      says_nothing_of_anybody(run(table.unpack(words)))
    end
  end)
end)
