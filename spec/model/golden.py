#!/usr/bin/env python3
"""Makes spec/data/golden.json and the worked example of docs/format.md anew, from a ledger of every kind of entry.

Only for a new version of the format: the vectors of a released one stay as they are. Run it after `make`, from the top
of the tree: python3 spec/model/golden.py"""
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, "docs/reader")
import check  # noqa: E402  (the path comes first)

CLINIC = """
local clinic = ...
clinic:currency "CHF"
clinic:payment_type { id = "cash", default = true, round_to = "0.05", excess = "change" }
clinic:payment_type { id = "card", group = { one_of = { "POS-1" } }, fields = { slip = { required = true } } }
clinic:payment_type { id = "credit", effect = "credit" }
clinic:payment_type { id = "discount", effect = "discount" }
clinic:payment_type { id = "loss", effect = "loss" }
"""
LEDGER = """
package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
package.cpath = "lua/?.so;" .. package.cpath
local tallystick = require "tallystick"
local now = "2026-03-02T09:00:00Z"
local ledger <close> = assert(tallystick.open(arg[1] .. "/golden.db", {
  config = arg[1] .. "/clinic.lua", actor = "desk-1", clock = function() return now end }))
local function run(command, fields) return assert(ledger[command](ledger, fields)) end
run("consultation", { patient = "P17", amount = "120.02", label = "Contrôle annuel" })
now = "2026-03-02T09:05:30.250Z"
run("pay", { document = "C-00001", type = "card", amount = "50.00", group = "POS-1", reference = "TX 4711",
  fields = { slip = "0042" }, key = "desk-1/0001", note = "paid at the counter\\n", at = "2026-03-02T09:05Z" })
now = "2026-03-02T10:00:00Z"
run("invoice", { consultations = { "C-00001" }, amount = "15.00", due = "2026-04-01", actor = "Zoé" })
run("pay", { document = "F-00001", tendered = "100.00" })
run("reverse", { payment = "R-00002", reason = "wrong invoice", note = "seen by two" })
run("deposit", { patient = "P18", amount = "30.00" })
run("deposit", { patient = "P17", amount = "5.00", at = 1772445600 })
run("transfer", { from = "P18", to = "P17", amount = "12.50", reason = "family" })
run("withdraw", { patient = "P18", amount = "7.50" })
run("pay", { document = "F-00001", type = "credit" })
run("pay", { document = "F-00001", type = "card", amount = "20.00", group = "POS-1", fields = { slip = "0043" } })
run("refund", { payment = "R-00007", reopen = false, amount = "10.00", type = "cash", reason = "shorter visit" })
run("pay", { document = "F-00001", type = "discount", amount = "5.00" })
run("pay", { document = "F-00001", type = "loss" })
run("consultation", { patient = "P19", amount = "0" })
run("invoice", { consultations = { "C-00002" } })
run("cancel", { document = "F-00002", reason = "nothing to pay" })
run("close_days", { through = "2026-03-02", counted = { cash = "34.00" } })
assert(ledger:verify())
"""


def plain(value):
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def plain_row(row):
    return {name: plain(value) for name, value in row.items()}


def coded(value):
    return value.encode() if isinstance(value, str) else value


def make_ledger(folder):
    for name, text in (("clinic.lua", CLINIC), ("make.lua", LEDGER)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    subprocess.run(["lua5.4", folder + "/make.lua", folder], check=True, env=dict(os.environ, TZ="UTC"))
    database = sqlite3.connect(folder + "/golden.db")
    database.row_factory = sqlite3.Row
    return database


def texts_of(database, seq):
    return [{name: plain(row[name]) for name in ("field", "salt", "body", "digest")}
            for row in database.execute("SELECT * FROM annotation WHERE seq = ? ORDER BY field", (seq,))]


def vectors(database):
    entries = []
    ledger = dict(database.execute("SELECT uuid, currency, created_at_ms FROM ledger").fetchone())
    script = dict(database.execute("SELECT * FROM script").fetchone())
    types = [dict(row) for row in database.execute("SELECT * FROM payment_type ORDER BY id")]
    uuid = ledger["uuid"].encode()
    digest = check.script_digest({name: coded(value) for name, value in script.items()},
                                 {(row["id"].encode(), row["version"]): row["definition"] for row in types})
    genesis = previous = check.genesis(uuid, ledger["currency"].encode(), ledger["created_at_ms"])
    for stored in database.execute("SELECT * FROM entry ORDER BY seq"):
        row = check.whole_entry(stored)
        row.update({name: row[name].decode() for name in ("actor", "group_tag", "reference") if row[name] is not None})
        preimage = check.preimage(uuid, previous, {name: coded(row[name]) for name in check.ENTRY}, digest)
        previous = check.blake(preimage)
        assert previous == row["hash"], row["seq"]
        entries.append({"entry": {name: plain(row[name]) for name in check.ENTRY if row[name] is not None},
                        "details": row["details"].hex(), "texts": texts_of(database, row["seq"]), "preimage": preimage.hex(), "hash": previous.hex()})
    return {"format": 1, "ledger": ledger, "genesis": genesis.hex(), "script": plain_row(script),
            "payment_types": [plain_row(row) for row in types], "script_digest": digest.hex(), "entries": entries}


def example(vector):
    """The first entry's pieces as rows of a table: the preimage, cut at its lengths."""
    names, rest, rows = ["the domain tag", "the ledger's id", "the hash before"], vector["preimage"], []
    for index, name in enumerate(names + ["`%s`" % column for column in check.ENTRY] + ["the script's digest"], 1):
        length, rest = rest[:8], rest[8:]
        size = 0 if length == "ffffffff" else 2 * int(length, 16)
        data, rest = rest[:size], rest[size:]
        rows.append("| %d | %s | `%s` | %s |" % (index, name, length, "`%s`" % data if data else ""))
    return "\n".join(row.replace("|  |", "| |") for row in rows)


def write_example(golden):
    with open("docs/format.md", encoding="utf-8") as file:
        page = file.read()
    vector = golden["entries"][0]
    text = vector["texts"][0]
    page = re.sub(r"(?m)(^\| 1 \| the domain tag \|)(.|\n)*?(?=\n\n)", lambda _: example(vector), page)
    after = {"the genesis is": golden["genesis"], "Its hash is": vector["hash"], "its digest": text["digest"]["hex"],
             "the salt of the label is": text["salt"]["hex"]}
    for words, value in after.items():
        page = re.sub(r"(%s\s+`)[0-9a-f]{32,64}" % words.replace(" ", r"\s+"), r"\g<1>" + value, page)
    page = re.sub(r"(holds this entry and )\d+", r"\g<1>%d" % (len(golden["entries"]) - 1), page)
    with open("docs/format.md", "w", encoding="utf-8") as file:
        file.write(page)


def main():
    with tempfile.TemporaryDirectory() as folder:
        golden = vectors(make_ledger(folder))
    with open("spec/data/golden.json", "w", encoding="utf-8") as file:
        json.dump(golden, file, ensure_ascii=False, indent=1)
        file.write("\n")
    write_example(golden)
    print("%d vectors" % len(golden["entries"]))


if __name__ == "__main__":
    main()
