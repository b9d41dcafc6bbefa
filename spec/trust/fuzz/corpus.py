#!/usr/bin/env python3
"""Writes the starting inputs of a fuzzer, each into a file:  corpus.py TEXT FOLDER.  A line of the text is an input, with
Python's escapes; one that begins with "hex " is given in hexadecimal. What once broke is a line of its own."""
import os
import sys


def inputs(text):
    with open(text, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if line.startswith("hex "):
                yield bytes.fromhex(line[4:])
            elif line and not line.startswith("#"):
                yield line.encode("utf-8").decode("unicode_escape").encode("latin-1")


def main():
    os.makedirs(sys.argv[2], exist_ok=True)
    for index, data in enumerate(inputs(sys.argv[1])):
        with open(os.path.join(sys.argv[2], f"seed-{index:03d}"), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main()
