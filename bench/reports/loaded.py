"""Asks a journal that is loaded already, as a Python program does that keeps beancount's entries.

loaded.py JOURNAL RUNS QUERY…    prints for each query its seconds, run by run, then one account a line
"""
import sys
import time

from beancount import loader
from beancount.query import query as bean


def ask(entries, options, text, runs):
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        _, rows = bean.run_query(entries, options, text)
        seconds.append("%.9f" % (time.perf_counter() - start))
    print("seconds", *seconds)
    for account, total in rows:
        print(account, total.to_string(parens=False), sep="\t")


def main(journal, runs, *queries):
    entries, errors, options = loader.load_file(journal)
    if errors:
        sys.exit("loaded.py: %s has errors" % journal)
    for text in queries:
        ask(entries, options, text, int(runs))


main(*sys.argv[1:])
