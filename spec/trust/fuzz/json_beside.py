#!/usr/bin/env python3
"""Holds the reader of JSON against Python's on the lines of a corpus of logs:  json_beside.py FOLDER. Both must take
the same lines, and for the same values. What RFC 8259 leaves open and ours refuses is refused here too: a name that
stands twice, half of a surrogate pair, values nested more than 32 deep. A member that is null is left out, and a whole
number that 64 bits do not hold is read as a float."""
import json
import os
import struct
import subprocess
import sys

DEPTH_MAX = 32


class Refused(ValueError):
    pass


def refuse(_):
    raise Refused


def members(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise Refused
    return dict(pairs)


def written(value, depth=0):
    """A value in the one form that json_read.lua has, too."""
    if isinstance(value, (dict, list)) and depth == DEPTH_MAX:
        raise Refused
    if isinstance(value, dict):
        parts = sorted((name.encode("utf-8"), written(item, depth + 1)) for name, item in value.items())
        return "{%s}" % ",".join("%s:%s" % (name.hex(), text) for name, text in parts if text != "null")
    if isinstance(value, list):
        return "[%s]" % ",".join(written(item, depth + 1) for item in value)
    if isinstance(value, str):
        return '"%s"' % value.encode("utf-8").hex()
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and -2**63 <= value < 2**63:
        return str(value)
    return "f%s" % struct.pack(">d", as_float(value)).hex()


def as_float(value):
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def read(line):
    try:
        return written(json.loads(line.decode("utf-8"), parse_constant=refuse, object_pairs_hook=members))
    except (ValueError, RecursionError):  # bytes that are no UTF-8, and halves of surrogate pairs, are ValueErrors too
        return "refused"


def lines_of(folder):
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            for line in file.read().split(b"\n"):
                found[line] = None
    return list(found)


def main():
    lines = lines_of(sys.argv[1])
    asked = "".join(line.hex() + "\n" for line in lines)
    out = subprocess.run(["lua5.4", "spec/trust/fuzz/json_read.lua"], input=asked, stdout=subprocess.PIPE, text=True,
                         check=True).stdout.split("\n")
    accepted = failures = 0
    if len(out) != len(lines) + 1:
        sys.exit("lines were lost: %d of %d" % (len(out) - 1, len(lines)))
    for line, ours in zip(lines, out):
        theirs = read(line)
        accepted += theirs != "refused"
        # An empty object and an empty array are one table in Lua.
        if ours != theirs.replace("[]", "{}"):
            failures += 1
            if failures <= 3:
                print("  %r is %s, and by Python %s" % (line, ours, theirs), file=sys.stderr)
    print("| what is JSON is what Python says is JSON, and means the same | %d lines of logs that the fuzzer kept, "
          "%d of them JSON | — | %d |" % (len(lines), accepted, failures))
    sys.exit(failures > 0 or accepted == 0)


if __name__ == "__main__":
    main()
