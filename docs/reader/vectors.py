#!/usr/bin/env python3
"""Holds check.py against the golden vectors of the format: python3 docs/reader/vectors.py spec/data/golden.json"""
import json
import sys

import check


def stored(value):
    """What a column holds: in the file, a string is text, {"hex": "…"} is bytes, null is absent."""
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return value.encode() if isinstance(value, str) else value


def check_vectors(golden):
    uuid, currency, created_at_ms = (stored(golden["ledger"][name]) for name in ("uuid", "currency", "created_at_ms"))
    previous = check.genesis(uuid, currency, created_at_ms)
    if previous.hex() != golden["genesis"]:
        raise check.Wrong("the genesis differs")
    definitions = {(row["id"].encode(), row["version"]): stored(row["definition"]) for row in golden["payment_types"]}
    digest = check.script_digest({name: stored(golden["script"][name]) for name in check.SCRIPT}, definitions)
    if digest.hex() != golden["script_digest"]:
        raise check.Wrong("the digest of the script differs")
    for vector in golden["entries"]:
        row = {name: stored(vector["entry"].get(name)) for name in check.ENTRY}
        columns = {name: row[name] for name in ("seq", "at_ms")}
        details = check.whole_entry(dict(columns, details=bytes.fromhex(vector["details"])))
        if any(details[name] != row[name] for name in details.keys() & set(check.ENTRY)):
            raise check.Wrong("entry %d: its details differ" % row["seq"])
        data = check.preimage(uuid, previous, row, digest)
        previous = check.blake(data)
        if data.hex() != vector["preimage"]:
            raise check.Wrong("entry %d: its preimage differs" % row["seq"])
        if previous.hex() != vector["hash"]:
            raise check.Wrong("entry %d: its hash differs" % row["seq"])
        check.check_texts(row, {text["field"]: tuple(stored(text[name]) for name in ("salt", "body", "digest"))
                                for text in vector["texts"]})
    return "%d vectors hold, head %s" % (len(golden["entries"]), previous.hex())


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        try:
            print(check_vectors(json.load(file)))
        except check.Wrong as problem:
            sys.exit("%s: %s" % (sys.argv[1], problem))
