#!/usr/bin/env python3
"""A ledger as SQL text and back:  sql.py dump LEDGER > TEXT,  sql.py build TEXT LEDGER"""
import sqlite3
import sys

# What a dump by itself does not say. The page size must be set before anything is written.
HEADER = ("page_size", "application_id", "user_version")


def dump(path):
    connection = sqlite3.connect(path)
    for name in HEADER:
        print(f"PRAGMA {name} = {connection.execute('PRAGMA ' + name).fetchone()[0]};")
    for line in connection.iterdump():
        print(line)


def build(text, path):
    connection = sqlite3.connect(path, isolation_level=None)
    with open(text, encoding="utf-8") as file:
        connection.executescript(file.read())
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    connection.close()
    return 0 if mode == "wal" else f"the journal mode is {mode}"


if __name__ == "__main__":
    sys.exit(dump(sys.argv[2]) if sys.argv[1] == "dump" else build(sys.argv[2], sys.argv[3]))
