"""Compare two result files of one command log, or two final states, and print where they part.

    python3 compare.py A.results.jsonl B.results.jsonl [--log LOG.jsonl] [--first N]
    python3 compare.py A.final.json B.final.json [--first N]

Exit 0 where they are equal, 1 where they differ. Fields are compared by value: the order of fields and the layout
of the text do not count, the order of documents does.
"""

import argparse
import itertools
import json
import sys


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def result_differences(left, right, commands):
    """One readable text for each line on which two results differ."""
    for index, (a, b) in enumerate(itertools.zip_longest(left, right)):
        if a != b:
            command = commands[index] if index < len(commands) else None
            shown = "\n  command %s" % json.dumps(command, ensure_ascii=False) if command else ""
            yield "line %d%s\n  A %s\n  B %s" % (index + 1, shown, json.dumps(a), json.dumps(b))


def flatten(value, path=""):
    """The leaves of a final state by path; documents go by number, so that one missing does not shift the rest."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from flatten(item, "%s.%s" % (path, name) if path else name)
    elif isinstance(value, list):
        names = [item.get("number") if isinstance(item, dict) else None for item in value]
        yield path + " (order)", names
        for index, item in enumerate(value):
            yield from flatten(item, "%s[%s]" % (path, names[index] or index))
    else:
        yield path, value


def order_difference(path, left, right):
    """Only the first place where two orders part: the whole lists are too long to read."""
    place = next(i for i, (a, b) in enumerate(itertools.zip_longest(left, right)) if a != b)
    return "%s, from item %d\n  A %s\n  B %s" % (path, place + 1, left[place:place + 5], right[place:place + 5])


def final_differences(left, right):
    a, b = dict(flatten(left)), dict(flatten(right))
    for path in list(a) + [path for path in b if path not in a]:
        if a.get(path) != b.get(path):
            if isinstance(a.get(path), list) and isinstance(b.get(path), list):
                yield order_difference(path, a[path], b[path])
            else:
                yield "%s\n  A %s\n  B %s" % (path, a.get(path, "(none)"), b.get(path, "(none)"))


def differences(options):
    if options.left.endswith(".jsonl"):
        # A command is shown as it was logged; a line that is no JSON is shown as its text.
        commands = read_log(options.log) if options.log else []
        return result_differences(read_lines(options.left), read_lines(options.right), commands)
    with open(options.left, encoding="utf-8") as left, open(options.right, encoding="utf-8") as right:
        return final_differences(json.load(left), json.load(right))


def read_log(path):
    with open(path, encoding="utf-8") as file:
        return [parse_or_text(line) for line in file]


def parse_or_text(line):
    try:
        return json.loads(line)
    except ValueError:
        return line.rstrip("\n")


def main():
    parser = argparse.ArgumentParser(description="Compare results or final states of one command log.")
    parser.add_argument("left")
    parser.add_argument("right")
    parser.add_argument("--log", help="the command log, to show the command beside a difference")
    parser.add_argument("--first", type=int, default=10, help="how many differences to print")
    options = parser.parse_args()
    count = 0
    for difference in differences(options):
        count += 1
        if count <= options.first:
            print(difference)
    if count:
        print("%d differences" % count)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
