#!/usr/bin/env python3
"""Changes a ledger as a forger would, by SQL with the triggers out of the way, and checks that verify tells of each
change where it changes an answer, and names the first bad entry:  tamper.py FLIP FOLDER [noverify|nohead]"""
import os
import shutil
import sqlite3
import subprocess
import sys

FLIP, FOLDER = sys.argv[1], sys.argv[2]
MUTATION = sys.argv[3] if len(sys.argv) > 3 else ""
TARGET = os.path.join(FOLDER, "tampered.db")
NAMED_BY_CHAIN = ("entry", "annotation")


def head_of(name):
    with open(os.path.join(FOLDER, name + ".head"), encoding="ascii") as file:
        seq, digest = file.read().split()
    return int(seq), digest


def clear(path):
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.remove(path + suffix)


class Looker:
    """The program that opens a file, reads all of it and verifies it."""

    def __init__(self):
        self.process = subprocess.Popen([FLIP, "look"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def look(self, head):
        seq, digest = head or (0, "-")
        self.process.stdin.write(f"{TARGET} {seq} {digest}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the program that looks at files has died")
        opened, verified, seq, digest, message = line.rstrip("\n").split("\t", 4)
        return {"opened": opened, "verified": verified, "seq": int(seq), "digest": digest, "message": message}


def connect(path):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    return connection


def force(path, statements):
    """Runs statements with the triggers dropped, and puts those back; false where SQLite itself refuses one."""
    connection = connect(path)
    triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    try:
        connection.execute("BEGIN")
        for name, _ in triggers:
            connection.execute("DROP TRIGGER " + name)
        for sql, values in statements:
            connection.execute(sql, values)
        for _, sql in triggers:
            connection.execute(sql)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return True
    except sqlite3.Error:
        connection.execute("ROLLBACK")
        return False
    finally:
        connection.close()


def other(value, column):
    """A value of the same type, one step away; the smallest lie there is."""
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value[:-1] + chr(ord(value[-1]) ^ 1) if value else "x"
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:] if value else b"\x01"
    return {"due": 20600, "refers": 1, "salt": bytes(16)}.get(column, "x")


def tables(connection):
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    for (name,) in names.fetchall():
        facts = connection.execute(f"PRAGMA table_info({name})").fetchall()
        columns = [fact[1] for fact in facts]
        keys = [fact[1] for fact in facts if fact[5]]
        yield name, columns, keys, connection.execute(f"SELECT * FROM {name}").fetchall()


def row_cases(connection):
    """Each row deleted, each value of each row changed, each row added again under another key."""
    for name, columns, keys, rows in tables(connection):
        where = " AND ".join(f"{key} = ?" for key in keys)
        last = max((row[0] for row in rows if isinstance(row[0], int)), default=0)
        for row in rows:
            values = dict(zip(columns, row))
            place = [values[key] for key in keys]
            seq = values["seq"] if name in NAMED_BY_CHAIN else None
            yield f"{name} {place}: deleted", [(f"DELETE FROM {name} WHERE {where}", place)], seq
            for column in columns:
                changed = other(values[column], column)
                if column == "seq" and name == "entry":
                    changed += 1000
                yield (f"{name} {place}: {column} changed",
                       [(f"UPDATE {name} SET {column} = ? WHERE {where}", [changed] + place)], seq)
            copy = dict(values)
            copy[keys[0]] = last + 1 if isinstance(values[keys[0]], int) else values[keys[0]] + "x"
            # What is unique besides must not be in its own way.
            for column in ("key", "refers"):
                if column in copy and name == "entry":
                    copy[column] = None
            if name == "document":
                copy["number"] += "x"
            # A script that no entry was made under yet may lawfully be stored at any time: the chain takes it in with
            # the first entry under it.
            if name == "script":
                continue
            yield (f"{name} {place}: inserted again",
                   [(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", list(copy.values()))],
                   last + 1 if name == "entry" else None)


def swap_cases(last):
    for seq in range(1, last):
        yield f"entries {seq} and {seq + 1} swapped", [
            (f"UPDATE entry SET seq = {last + 9} WHERE seq = {seq}", []),
            (f"UPDATE entry SET seq = {seq} WHERE seq = {seq + 1}", []),
            (f"UPDATE entry SET seq = {seq + 1} WHERE seq = {last + 9}", [])], seq


def tail_cases(last):
    for seq in range(1, last + 1):
        yield f"entries from {seq} on cut off", [("DELETE FROM entry WHERE seq >= ?", [seq]),
                                                 ("DELETE FROM annotation WHERE seq >= ?", [seq]),
                                                 ("DELETE FROM closing WHERE seq >= ?", [seq])], seq


class Run:
    def __init__(self):
        self.looker = Looker()
        self.head = head_of("whole")
        self.tried = self.changed = self.refused = self.not_possible = self.passed = self.failed = 0
        self.place("whole.db")
        self.sound = self.look()

    def place(self, name):
        clear(TARGET)
        shutil.copy(os.path.join(FOLDER, name), TARGET)

    def look(self):
        return self.looker.look(None if MUTATION == "nohead" else self.head)

    def judge(self, what, seq):
        """What changes an answer is reported; what verify names is the entry that was touched."""
        found = self.look()
        self.tried += 1
        changed = found["digest"] != self.sound["digest"]
        reported = found["opened"] != "ok" or (found["verified"] != "holds" and MUTATION != "noverify")
        self.changed += changed
        self.refused += found["opened"] != "ok"
        right = seq is None or (found["verified"] == "chain-broken" and found["seq"] == seq) or MUTATION == "noverify"
        said = not reported or "backup" in found["message"] or found["opened"] == "not-a-ledger"
        if (reported or not changed) and right and said:
            self.passed += 1
            return
        self.failed += 1
        if self.failed <= 5:
            print(f"  {what}: {found['opened']}, {found['verified']}, entry {found['seq']} where {seq} is due; "
                  f"{found['message']}")

    def sql(self, cases):
        for what, statements, seq in cases:
            self.place("whole.db")
            if force(TARGET, statements):
                self.judge(what, seq)
            else:
                self.not_possible += 1

    def cut_file(self):
        """The tail of the file itself is gone, page by page."""
        size = os.path.getsize(os.path.join(FOLDER, "whole.db"))
        for length in range(0, size, 1024):
            self.place("whole.db")
            os.truncate(TARGET, length)
            self.judge(f"the file cut to {length} bytes", None)

    def yesterday(self):
        """A whole file of an earlier day is sound in itself: only the head that was kept outside tells."""
        self.place("early.db")
        seq, digest = head_of("early")
        found = self.looker.look((seq, digest))
        if found["verified"] != "holds":
            raise SystemExit(f"the file of an earlier day does not verify: {found['message']}")
        self.judge("the file of an earlier day in its place", seq + 1)


def main():
    run = Run()
    if run.sound["verified"] != "holds":
        raise SystemExit(f"the sound ledger does not verify: {run.sound['message']}")
    connection = connect(os.path.join(FOLDER, "whole.db"))
    cases = list(row_cases(connection))
    connection.close()
    run.sql(cases)
    run.sql(swap_cases(run.head[0]))
    run.sql(tail_cases(run.head[0]))
    run.cut_file()
    run.yesterday()
    clear(TARGET)
    print(f"| a forged row, a cut tail, an earlier file is reported with its first bad entry | {run.tried} changes | "
          f"{run.refused} refused at opening, {run.changed} changed an answer, {run.not_possible} more SQLite refuses | "
          f"{run.failed} |")
    return 1 if run.failed or run.tried < 500 else 0


if __name__ == "__main__":
    sys.exit(main())
