#!/usr/bin/env python3
"""Checks a ledger by docs/format.md alone, with nothing of Tallystick's: python3 docs/reader/check.py clinic.db

Recomputes the hash chain, the digests of scripts and free text, the documents, the patients' credit and the days'
totals. Prints the head and ends with 0, or says what is wrong, first of all which entry, and ends with 1."""
import hashlib
import sqlite3
import struct
import sys
from collections import defaultdict

ENTRY = ("seq act kind command number document counter_document patient counter_patient type type_version amount at_ms "
         "day recorded_at_ms actor group_tag reference tendered due fields commitment key content refers "
         "script_version").split()
# What may stand in `details`, each where its bit is set.
OPTIONAL = "type_version actor group_tag reference tendered due fields commitment content".split()
TEXTS = "actor group_tag reference fields commitment content".split()
SCRIPT = "version name body definition stored_at_ms".split()
MADE = "patient at_ms recorded_at_ms day due".split()
FACTS = "charged collected credited discounted lost rounded".split()
TOTALS = "collected refunded deposited withdrawn credited discounted lost rounded count".split()
# By kind of entry: the fact of its document, the column of its day, what it does to two patients' credit.
MOVES = {1: ("charged", 1), 2: ("collected", 1), 3: ("discounted", 1), 4: ("lost", 1), 5: ("rounded", 1),
         7: ("credited", 1), 10: ("collected", -1)}
COUNTS = {2: "collected", 3: "discounted", 4: "lost", 5: "rounded", 6: "deposited", 7: "credited", 8: "withdrawn",
          10: "refunded"}
CREDITS = {6: (1, 0), 7: (-1, 0), 8: (-1, 0), 9: (-1, 1)}
INVOICING, RELEASE, REVERSAL, CANCEL = 11, 12, 14, 4


class Wrong(Exception):
    pass


def blake(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def piece(value):
    """One field: its length in four bytes, then its bytes. An integer is eight bytes; absent is ffffffff."""
    if value is None:
        return b"\xff\xff\xff\xff"
    data = struct.pack(">q", value) if isinstance(value, int) else value
    return struct.pack(">I", len(data)) + data


def pieces(*values):
    return b"".join(map(piece, values))


def pairs(data):
    """Texts as <length>:<bytes>, one after the other."""
    texts = []
    while data:
        length, rest = data.split(b":", 1)
        texts.append(rest[:int(length)])
        data = rest[int(length):]
    return texts


class Packed:
    """Reads a packed coding from its front."""
    def __init__(self, data):
        self.rest = data

    def integer(self):
        value = shift = 0
        while True:
            byte, self.rest = self.rest[0], self.rest[1:]
            value, shift = value | (byte & 0x7f) << shift, shift + 7
            if byte < 0x80:
                break
        if byte == 0 and shift > 7:
            raise ValueError("a number ends with a zero byte")
        return value

    def signed(self):
        """0, 1, 2, 3 … stand for 0, -1, 1, -2 …"""
        value = self.integer()
        return -(value >> 1) - 1 if value & 1 else value >> 1

    def text(self):
        length = self.integer()
        if length > len(self.rest):
            raise ValueError("a text is cut short")
        text, self.rest = self.rest[:length], self.rest[length:]
        return text


def whole_entry(row):
    """A row of `entry` with what its details hold beside the columns."""
    entry, details = dict(row), Packed(row["details"])
    try:
        entry["serial"], entry["act"] = details.signed(), row["seq"] - details.signed()
        entry["command"], entry["script_version"] = details.integer(), details.signed()
        entry["recorded_at_ms"], has = row["at_ms"] + details.signed(), details.integer()
        for bit, name in enumerate(OPTIONAL):
            read = details.text if name in TEXTS else details.signed
            entry[name] = read() if has >> bit & 1 else None
    except (LookupError, ValueError):
        raise Wrong("entry %d: its details cannot be read" % row["seq"])
    if details.rest or has >> len(OPTIONAL):
        raise Wrong("entry %d: its details hold what is not theirs" % row["seq"])
    return entry


def day_rows(day, coded):
    """The totals of a day by type, group and actor, in their order: columns that are zero are left out."""
    rows, last = {}, None
    try:
        while coded.rest:
            key, has = (day, coded.text(), coded.text(), coded.text()), coded.integer()
            rows[key] = {name: coded.signed() if has >> bit & 1 else 0 for bit, name in enumerate(TOTALS)}
            if has >> len(TOTALS) or last is not None and key <= last:
                raise ValueError("another column, or another order")
            last = key
    except (LookupError, ValueError):
        raise Wrong("day %d since 1970-01-01: its totals cannot be read" % day)
    return rows


def genesis(uuid, currency, created_at_ms):
    """What stands for the hash before the first entry."""
    return blake(pieces(b"tallystick ledger 1", uuid, currency, created_at_ms))


def script_digest(script, definitions):
    """definitions: (id, version) of a payment type to its definition."""
    digest = pieces(b"tallystick script 1", *(script[name] for name in SCRIPT))
    declared = pairs(script["definition"])
    for coded in pairs(dict(zip(declared[::2], declared[1::2]))[b"types"]):
        _, type_id, _, version = pairs(coded)
        digest += pieces(type_id, int(version), definitions[type_id, int(version)])
    return blake(digest)


def preimage(uuid, previous, row, digest):
    return pieces(b"tallystick entry 1", uuid, previous, *(row[name] for name in ENTRY), digest)


def check_texts(row, texts):
    """texts: field to (salt, body, digest); an erased one has its digest only."""
    for field, (salt, body, digest) in texts.items():
        if (salt, body) != (None, None) and blake(pieces(b"tallystick text 1", bytes([field]), salt, body)) != digest:
            raise Wrong("entry %d: its text %d does not match its digest" % (row["seq"], field))
    digests = [texts[field][2] if field in texts else b"" for field in (1, 2, 3)]
    if row["commitment"] != (blake(pieces(b"tallystick commitment 1", *digests)) if texts else None):
        raise Wrong("entry %d: its texts do not match its commitment" % row["seq"])


def check_serial(row, last):
    """A number's serial is greater than the last one, and its digits are in it; this reader does not know the formats, and
    so cannot tell a gap from numbers that an older format had given."""
    grows = row["serial"] > last if row["number"] else row["serial"] == last
    if not grows or row["number"] and str(row["serial"]).encode() not in row["number"]:
        raise Wrong("entry %d: its serial does not follow" % row["seq"])
    return row["serial"]


def fold(row, kind, sign, documents, credit, totals):
    """Adds what an entry moves. A reversal moves what its original did (kind), the other way round (sign)."""
    number, other, amount = row["document"], row["counter_document"], sign * row["amount"]
    if row["command"] in (1, 2) and row["act"] == row["seq"]:
        made = dict({name: row[name] for name in MADE}, id=row["seq"], kind=row["command"], invoice=None, cancelled=0)
        documents[number if kind == 1 else other] = dict(made, **dict.fromkeys(FACTS, 0))
    if row["command"] == CANCEL:
        documents[other or number]["cancelled"] = 1
    if kind in (INVOICING, RELEASE):
        documents[number]["invoice"] = other if kind == INVOICING else None
    if kind in MOVES:
        fact, way = MOVES[kind]
        documents[number][fact] += way * amount
    for who, way in zip(("patient", "counter_patient"), CREDITS.get(kind, ())):
        if way:
            credit[row[who]] += way * amount
    if kind in COUNTS or row["number"]:
        day = totals[row["day"], row["type"] or b"", row["group_tag"] or b"", row["actor"] or b""]
        day["count"] += row["number"] is not None
        if kind in COUNTS:
            day[COUNTS[kind]] += amount


def check_derived(database, documents, credit, totals):
    """Holds the rows that only make reading fast against what the journal adds up to."""
    whole = {number: dict(document) for number, document in documents.items()}
    for document in documents.values():
        for fact in FACTS if document["invoice"] else ():
            whole[document["invoice"]][fact] += document[fact]
    for document in whole.values():
        owed = document["charged"] - sum(document[fact] for fact in FACTS[1:])
        document["open"] = int(owed > 0 and not document["invoice"] and not document["cancelled"])
    rows = {row["number"]: dict(row) for row in database.execute("SELECT * FROM document")}
    for number in sorted(whole.keys() | rows.keys()):
        if dict(whole.get(number, {}), number=number) != rows.get(number):
            raise Wrong("document %s: its row is not what the journal says" % number.decode())
    rows = {row["patient"]: row["balance"] for row in database.execute("SELECT * FROM credit")}
    for patient in rows.keys() | credit.keys():
        if rows.get(patient) != credit.get(patient):
            raise Wrong("patient %s: the credit is not what the journal says" % patient.decode())
    rows = {}
    for day, coded in database.execute("SELECT day, totals FROM day_total"):
        rows.update(day_rows(day, Packed(coded)))
    for key in rows.keys() | totals.keys():
        if rows.get(key) != totals.get(key):
            raise Wrong("day %d since 1970-01-01: its totals are not what the journal says" % key[0])


def check_ledger(database):
    uuid, *rest = database.execute("SELECT uuid, currency, created_at_ms FROM ledger").fetchone()
    types = database.execute("SELECT id, version, definition FROM payment_type")
    definitions = {(type_id, version): definition for type_id, version, definition in types}
    scripts = {row["version"]: script_digest(row, definitions) for row in database.execute("SELECT * FROM script")}
    seq, serial, previous, kinds, texts = 0, 0, genesis(uuid, *rest), {}, defaultdict(dict)
    documents, credit, totals = {}, defaultdict(int), defaultdict(lambda: dict.fromkeys(TOTALS, 0))
    for act, field, *text in database.execute("SELECT seq, field, salt, body, digest FROM annotation"):
        texts[act][field] = tuple(text)
    for stored in database.execute("SELECT * FROM entry ORDER BY seq"):
        row = whole_entry(stored)
        if row["seq"] != seq + 1:
            raise Wrong("entry %d: it is missing" % (seq + 1))
        seq, previous = row["seq"], blake(preimage(uuid, previous, row, scripts[row["script_version"]]))
        if previous != row["hash"]:
            raise Wrong("entry %d: its content does not match its hash" % seq)
        check_texts(row, texts.pop(seq, {}))
        serial = check_serial(row, serial)
        kinds[seq] = row["kind"]
        reverses = row["kind"] == REVERSAL
        fold(row, kinds[row["refers"] if reverses else seq], -1 if reverses else 1, documents, credit, totals)
    for act in sorted(texts):
        raise Wrong("entry %d: it is missing, and has a text" % act)
    check_derived(database, documents, credit, totals)
    return "head %d %s" % (seq, previous.hex())


if __name__ == "__main__":
    path = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
    try:
        ledger = sqlite3.connect("file:%s?mode=ro" % path.replace("%", "%25").replace("?", "%3f"), uri=True)
        ledger.row_factory, ledger.text_factory = sqlite3.Row, bytes
        print(check_ledger(ledger))
    except (Wrong, sqlite3.Error, LookupError, TypeError, ValueError, struct.error) as problem:
        sys.exit("%s: %s" % (path, problem))
