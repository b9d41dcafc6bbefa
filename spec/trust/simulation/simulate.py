"""A seeded simulation of clients on one ledger, held against the model and the journal after every step: see run."""

import argparse
import collections
import concurrent.futures
import json
import multiprocessing.util
import os
import sys
import time

HERE = os.path.dirname(__file__)
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(HERE, "../../model")]

import expected  # noqa: E402
import log  # noqa: E402
from clinic import WRITERS  # noqa: E402
from generate import START  # noqa: E402
from play import Core, Difference, Play  # noqa: E402
from shrink import Shrink  # noqa: E402
from steps import Steps  # noqa: E402

LENGTH = 2500  # steps of one ledger
WHOLE_EVERY = 500  # steps between whole comparisons
BEGIN = START + 8 * 3600
AT_MOST = 12  # steps that a protection's absence needs to be seen
Failure = collections.namedtuple("Failure", "seed kind text steps")


# ---- One ledger ----


def simulate(core, seed, length):
    """One ledger from its beginning: what was counted, and the failure, or None."""
    play = Play(core, BEGIN)
    maker, steps = Steps(seed, length, play), []
    try:
        for number in range(1, length + 1):
            steps.append(maker.next())
            play.play(steps[-1])
            if number % WHOLE_EVERY == 0 or number == length:
                steps.append({"step": "compare", "by": 1 + number // WHOLE_EVERY % (len(WRITERS) + 1)})
                play.play(steps[-1])
    except Difference as difference:
        return play.count, Failure(seed, difference.kind, difference.text, steps)
    return play.count, None


worker_core = None


def begin_worker(folder):
    global worker_core
    os.makedirs(folder + "/%d" % os.getpid())
    worker_core = Core(folder + "/%d" % os.getpid())
    multiprocessing.util.Finalize(None, worker_core.end, exitpriority=1)  # what the pool's processes run as they end


def work(seed, length):
    return simulate(worker_core, seed, length)


def progress(done, steps):
    if sys.stderr.isatty():
        sys.stderr.write("\rsimulation: step %d of %d" % (done, steps) if done < steps else "\r\033[K")


def simulate_all(options):
    """All ledgers, or those up to the first failure."""
    counts, failure = collections.Counter(), None
    lengths = [options.length] * (options.steps // options.length)
    if options.steps % options.length:
        lengths.append(options.steps % options.length)
    with concurrent.futures.ProcessPoolExecutor(options.jobs, initializer=begin_worker,
                                                initargs=(options.folder,)) as pool:
        tasks = [pool.submit(work, options.seed * 1000003 + index, length) for index, length in enumerate(lengths)]
        for task in concurrent.futures.as_completed(tasks):
            count, failed = task.result()
            counts.update(count)
            counts["ledgers"] += 1
            progress(counts["steps"], options.steps)
            if failed:
                failure = failed
                pool.shutdown(cancel_futures=True)
                break
    progress(options.steps, options.steps)
    return counts, failure


# ---- A failure ----


def shortened(options, failure):
    """Prints the failure and the shortest log that fails so, and keeps it; gives how many steps that has."""
    print("a ledger of seed %d fails at step %d: %s" % (failure.seed, len(failure.steps), failure.text))
    shrink = Shrink(options.folder, BEGIN, failure.kind)
    begun = time.monotonic()
    steps = shrink.run(failure.steps)
    os.makedirs(options.out, exist_ok=True)
    path = "%s/%d.jsonl" % (options.out, failure.seed)
    log.write(path, steps, BEGIN, shrink.text)
    print("shrunk to %d steps in %d tries and %d s; %s fails so: %s"
          % (len(steps), shrink.tries, time.monotonic() - begun, "/".join(failure.kind), shrink.text))
    for line in log.lines_of(steps):
        print("  " + json.dumps(line, ensure_ascii=False))
    print("again: spec/trust/simulation/run --replay " + path)
    return len(steps)


def expect(options):
    """A protection is taken out: that must be noticed, in one of the ways that are named, and a short log show it."""
    what, kinds = options.expect
    counts, failure = simulate_all(options)
    length = shortened(options, failure) if failure else 0
    noticed = failure is not None and failure.kind[0] in kinds.split()
    missed = int(not noticed or length > AT_MOST)
    print("| %s | %d steps until it shows, %d steps that show it | %s | %d |" % (
        what, len(failure.steps) if failure else counts["steps"], length,
        "/".join(failure.kind[:2]) if failure else "nothing", missed))
    if missed:
        print("wanted: a difference in %s, shown by at most %d steps" % (kinds, AT_MOST))
    return missed


def replay(options):
    start, steps = log.read(options.replay)
    play = Play(Core(options.folder), start)
    try:
        for number, step in enumerate(steps, 1):
            play.play(step)
    except Difference as difference:
        print("step %d, %s: %s" % (number, json.dumps(step.get("command", step["step"])), difference.text))
        return 1
    print("%d steps, and no difference" % len(steps))
    return 0


# ---- The table ----


def rows(options, counts, failure):
    """Promise, points, faults, failures."""
    failed = failure.kind[0] if failure else None
    retries = ("retry", "conflict")
    missed = expected.missing(counts) if counts["steps"] >= 20000 else []
    for what in missed:
        print("simulation: never met: %s" % what)
    yield ("balances equal the journal's fold and an independent model after every step",
           "%d steps, %d ledgers, %d clients" % (counts["steps"], counts["ledgers"], len(WRITERS)),
           "%d lost answers, %d repeated, %d crashes, %d clock jumps" % tuple(
               counts[name] for name in ("lost answers", "repeated", "crashes", "clock jumps")),
           int(failed is not None and failed not in retries + ("totals",)))
    yield ("a retry has one effect and the first answer, whoever asks and however late; other content is refused",
           "%d retries: %d replayed, %d refused for their content" % (
               counts["asked again"], counts["replayed"], counts[("code", "key-conflict")]),
           "%d lost answers, %d transactions undone" % (counts["lost answers"], counts["undone"]),
           int(failed in retries))
    yield ("any split of totals by type, group, day and actor sums to the whole",
           "%d times all books" % counts["whole comparisons"], "%d crashes" % counts["crashes"],
           int(failed == "totals"))
    yield ("every command, code, kind of entry and form of payment that can be met was met",
           "%d of them" % sum(1 for name, count in counts.items() if isinstance(name, tuple) and count),
           "%d refusals" % sum(counts[("code", code)] for code in expected.CODES_MET - {"ok"}), len(missed))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--length", type=int, default=LENGTH, help="steps of one ledger")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--replay", help="a log of a failure")
    parser.add_argument("--expect", nargs=2, help="what is taken out, and the kinds of differences that show it")
    parser.add_argument("--out", default="build/trust/simulation", help="where logs of failures are kept")
    parser.add_argument("--folder", required=True)
    options = parser.parse_args()
    if options.replay:
        return replay(options)
    if options.expect:
        return expect(options)
    counts, failure = simulate_all(options)
    table = list(rows(options, counts, failure))
    for row in table:
        print("| %s | %s | %s | %d |" % row)
    if failure:
        shortened(options, failure)
    bad = sum(1 for row in table if row[3])
    print("%d passed, %d failed" % (len(table) - bad, bad))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
