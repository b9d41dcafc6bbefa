#!/usr/bin/env python3
"""Does to a ledger what only the head kept beside it can tell, and to that anchor what disks, kills and people do:
anchor.py SHIM FOLDER MODULES SEED [long] [PART …]
MODULES is where tallystick/core.so is; a part is a function of this file."""
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

SHIM, FOLDER, MODULES, SEED = os.path.abspath(sys.argv[1]), sys.argv[2], os.path.abspath(sys.argv[3]), int(sys.argv[4])
LONG = "long" in sys.argv[5:]
ACTS, WRITERS, ROUNDS = (24, 8, 12) if LONG else (10, 8, 2)
NO_ROOM, NO_RIGHT, BROKEN, INTERRUPTED = 28, 13, 5, 4
ERRORS = (NO_ROOM, NO_RIGHT, BROKEN, INTERRUPTED) if LONG else (NO_ROOM, INTERRUPTED)
SHOWN = 5
LINE = re.compile(rb"tallystick anchor 1 ([0-9a-f-]{36}) (\d+) [0-9a-f]{64} \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
                  rb"[0-9a-f]{32}\n")
SECRETS = (b"Anna", b"Muster", b"check", b"secret", b"desk", b"C-0", b"R-0", b"1000", b"0.05", b"CHF", b"cash")


def do(what, path, count=1, fault=None, counts=None, hurry=False):
    """Runs anchor.lua; gives how it ended and what it said."""
    environment = dict(os.environ, LUA_CPATH=MODULES + "/?.so;;")
    if hurry:
        environment["ANCHOR_HURRY"] = "yes"
    if fault or counts or hurry:
        environment.update(LD_PRELOAD=SHIM, ANCHOR_FAULT=fault or "", ANCHOR_COUNT=counts or "")
    ended = subprocess.run(["lua5.4", "spec/trust/rot/anchor.lua", what, path, str(count)], env=environment,
                           capture_output=True, text=True, timeout=60)
    return ended.returncode, ended.stdout.rstrip("\n").split("\t"), ended.stderr


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def put(source, target):
    """Puts a file in the place of a ledger, whose log goes with it."""
    for suffix in ("-wal", "-shm"):
        if os.path.exists(target + suffix):
            os.remove(target + suffix)
    shutil.copy(source, target)


def seq_of(path):
    if not os.path.exists(path):
        return None
    found = LINE.fullmatch(read(path))
    return int(found.group(2)) if found else None


class Row:
    """A promise, what was tried for it, what there must be at the least, and what did not hold."""

    def __init__(self, promise, faults, least):
        self.promise, self.faults, self.least, self.tried, self.failures = promise, faults, least, 0, []

    def check(self, holds, what):
        self.tried += 1
        if not holds:
            self.failures.append(what)

    def tell(self):
        if self.tried < self.least:
            self.failures.append(f"only {self.tried} were tried, and there are {self.least} at the least")
        for what in self.failures[:SHOWN]:
            print("  " + str(what))
        print(f"| {self.promise} | {self.tried} | {self.faults} | {len(self.failures)} |", flush=True)
        return not self.failures


class Place:
    """A ledger with its anchor, and copies of it from each earlier day, put up anew for each case."""

    def __init__(self):
        self.path = os.path.join(FOLDER, "anchored.db")
        self.anchor = self.path + "-anchor"
        ended, said, wrong = do("make", self.path, ACTS)
        if ended:
            raise SystemExit("no ledger could be made: " + wrong)
        self.last = int(said[1])
        shutil.copy(self.path, self.path + ".whole")
        shutil.copy(self.anchor, self.path + ".whole-anchor")
        self.other = os.path.join(FOLDER, "other.db")
        do("make", self.other, ACTS)

    def reset(self, name=None):
        for entry in os.listdir(FOLDER):
            path = os.path.join(FOLDER, entry)
            if entry.startswith("anchored.db-anchor"):
                shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.remove(path)
        put(name or self.path + ".whole", self.path)
        shutil.copy(self.path + ".whole-anchor", self.anchor)

    def verify(self):
        ended, said, wrong = do("verify", self.path)
        if ended:
            raise SystemExit("verify died: " + wrong)
        return {"code": said[0], "seq": int(said[1]), "state": said[2], "anchor": int(said[3]), "why": said[4]}


def put_back(place):
    """Every earlier file; then each written to: less, as much and more than what was there."""
    row = Row("a cut tail or an older file in the ledger's place is found, also when it was written to since",
              "an older copy put back", 36)
    kept = read(place.path + ".whole-anchor")
    for seq in range(1, place.last):
        for more in (0, 1, place.last - seq, place.last - seq + 3):
            place.reset(f"{place.path}.{seq}")
            if more:
                do("pay", place.path, more)
            # The first that is missing, or, where as many were written, the one that is another.
            due = min(seq + more + 1, place.last)
            found = place.verify()
            row.check(found["code"] == "chain-broken" and found["seq"] == due and read(place.anchor) == kept,
                      f"the file of entry {seq}, with {more} acts since: {found}, where {due} is due")
    return row.tell()


def swapped(place):
    row = Row("the file of another ledger in the place of this one is found", "another ledger's files put there", 9)
    for seq in range(1, place.last):
        place.reset(f"{place.other}.{seq}")
        found = place.verify()
        row.check(found["code"] == "chain-broken" and found["seq"] == 1 and "another ledger" in found["why"], found)
    return row.tell()


def spoiled(place):
    """What is no sound anchor is told of and is no damage; nothing writes through it or over it."""
    row = Row("an anchor that is spoiled, deleted or something else is told of, and is no damage of the ledger",
              "bits flipped, cut, deleted, links, folders, pipes", 1500)
    place.reset()
    ended, said, wrong = do("flips", place.path)
    row.tried += int(said[1]) if not ended else 0
    row.check(ended == 0 and said[2] == "0", f"flips: {said} {wrong}")
    foreign = os.path.join(FOLDER, "foreign")
    for name, make in (("deleted", lambda: None), ("a link", lambda: os.symlink(foreign, place.anchor)),
                       ("a dangling link", lambda: os.symlink(foreign + "x", place.anchor)),
                       ("a folder", lambda: os.mkdir(place.anchor)), ("a pipe", lambda: os.mkfifo(place.anchor)),
                       ("empty", lambda: write(place.anchor, b"")),
                       ("not text", lambda: write(place.anchor, bytes(range(256)))),
                       ("endless", lambda: os.symlink("/dev/zero", place.anchor))):
        place.reset()
        write(foreign, b"somebody's\n")
        os.remove(place.anchor)
        make()
        wanted = "none" if name == "deleted" else "unreadable"
        found = place.verify()
        row.check(found["code"] == "holds" and found["state"] == wanted, f"{name}: {found}")
        paid = do("pay", place.path)
        row.check(paid[0] == 0 and place.verify()["state"] == wanted, f"{name}, then written to: {paid}")
        row.check(read(foreign) == b"somebody's\n" and not os.path.exists(foreign + "x"), f"{name}: it was followed")
        said = do("reset", place.path)[1]
        row.check(said == ["set", "holds"] and seq_of(place.anchor) == place.last + 1, f"{name}, then reset: {said}")
        row.check(read(foreign) == b"somebody's\n", f"{name}, reset: it was followed")
        place.reset()
        make_beside = place.anchor + "-new"
        os.symlink(foreign, make_beside)
        do("pay", place.path)
        row.check(read(foreign) == b"somebody's\n" and seq_of(place.anchor) == place.last + 1, "a link beside it")
    return row.tell()


def sound_after(place, row, what, heads, ended):
    """The act is done, the anchor is the old one or the new one, and whoever comes next puts all right."""
    found = place.verify()
    row.check(ended and found["code"] == "holds" and found["seq"] in heads, f"{what}: {ended} {found}")
    sound = found["state"] == "holds" and place.last <= found["anchor"] <= found["seq"]
    row.check(sound, f"{what}: the anchor is {found}")
    do("pay", place.path)
    beside = os.path.exists(place.anchor + "-new")
    row.check(seq_of(place.anchor) == found["seq"] + 1 and not beside, f"{what}: not put right by the next")


def faults(place):
    """Each call on the anchor's file and folder fails, and is the last one of a process that is killed."""
    failing = Row("an anchor that cannot be written stops no act, and the old one stands",
                  "each call fails: no room, no rights, an error, a short write", 250)
    killed = Row("a kill while the anchor is written leaves the old one or the new one, whole",
                 "SIGKILL before and behind each call", 160)
    counts = os.path.join(FOLDER, "count")
    for what in ("pay", "seal", "anchored"):
        place.reset(f"{place.path}.1" if what == "seal" else None)
        if what == "seal":
            do("reset", place.path)
            os.rename(place.path, place.path + ".sealable")
            os.rename(place.anchor, place.path + ".sealable-anchor")
        base, last = ("sealable", 1) if what == "seal" else ("whole", place.last)

        def begin():
            place.reset(f"{place.path}.{base}")
            shutil.copy(f"{place.path}.{base}-anchor", place.anchor)

        begin()
        ended = do(what, place.path, counts=counts)
        failing.check(ended[0] == 0, f"{what}, no fault: {ended}")
        if ended[0]:
            continue
        total = int(read(counts))
        whole, place.last = place.last, last
        for call in range(1, total + 1):
            for fault in [f"fail {call} {error}" for error in ERRORS] + [f"short {call}"]:
                begin()
                ended = do(what, place.path, fault=fault)
                sound_after(place, failing, f"{what}, {fault}", (last + 1,), ended[0] == 0 and ended[1][0] == "paid")
            for fault in (f"kill {call}", f"after {call}"):
                begin()
                ended = do(what, place.path, fault=fault)
                # Who is told to make an anchor is at it before it pays, too.
                heads = (last, last + 1) if what == "anchored" else (last + 1,)
                sound_after(place, killed, f"{what}, {fault}", heads, ended[0] == -signal.SIGKILL)
        place.last = whole
    held, kept = failing.tell(), killed.tell()
    return held and kept


def lagging(place):
    """A handle that stays open for hours, at two acts a minute; and one for less than a minute."""
    row = Row("a handle that stays open keeps the anchor up, a minute behind at the most", "half a minute an act", 4)
    for acts in (4, 20):
        place.reset()
        said = do("lag", place.path, acts, hurry=True)[1]
        row.check(said[0] == "lag" and 1 <= int(said[1]) <= 3, f"{acts} acts of half a minute: {said}")
        place.reset()
        said = do("lag", place.path, acts)[1]
        row.check(said == ["lag", str(acts)], f"{acts} acts at once: {said}")
    return row.tell()


def full_disk(place):
    """Where a disk of its own can be had: really full, and a folder that may not be written."""
    row = Row("on a full disk the anchor stays as it is, and says why; with room again it is kept up", "a full disk", 1)
    disk = os.path.join(FOLDER, "disk")
    os.makedirs(disk, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "none", disk]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        print("  no small disk can be mounted here; the same is tried by failing calls")
        return True
    try:
        path = os.path.join(disk, "small.db")
        shutil.copy(place.path + ".whole", path)
        ended = do("full", path)
        row.check(ended[1] == ["io-error", "no room", "holds", "true", "kept up"], ended)
    finally:
        subprocess.run(["umount", disk], check=False)
    return row.tell()


def watch(path, stop, fallen):
    """The seq that the anchor names never falls, and the anchor is never half."""
    last = 0
    while not stop.is_set():
        seq = seq_of(path)
        if seq is None or seq < last:
            fallen.append((last, seq))
        last = max(last, seq or 0)
        time.sleep(0.0005)


def together(place):
    row = Row("of processes that close at once the newest head stays, and it never goes back",
              f"{WRITERS} processes, delayed before the file is made and gets its name", 3 * ROUNDS)
    chance = random.Random(SEED)
    for number in range(ROUNDS):
        place.reset()
        stop, fallen = threading.Event(), []
        watcher = threading.Thread(target=watch, args=(place.anchor, stop, fallen))
        watcher.start()
        environment = dict(os.environ, LUA_CPATH=MODULES + "/?.so;;", LD_PRELOAD=SHIM, ANCHOR_FAULT="delay 20")
        writers = [subprocess.Popen(["lua5.4", "spec/trust/rot/anchor.lua", "pay", place.path, str(chance.randint(1, 6))],
                                    env=environment, stdout=subprocess.PIPE, text=True) for _ in range(WRITERS)]
        ended = [writer.communicate()[0] and writer.returncode == 0 for writer in writers]
        stop.set()
        watcher.join()
        found = place.verify()
        row.check(all(ended), f"round {number}: a writer failed")
        row.check(not fallen, f"round {number}: it went back: {fallen[:3]}")
        row.check(found["code"] == "holds" and found["anchor"] == found["seq"], f"round {number}: {found}")
    return row.tell()


def private(place):
    row = Row("no name, amount or text of the ledger is in its anchor", "none", 10)
    place.reset()
    content = read(place.anchor)
    row.check(LINE.fullmatch(content), content)
    for secret in SECRETS:
        row.check(secret not in content, secret)
    row.check(os.stat(place.anchor).st_mode & 0o777 == 0o600, "others may read it")
    return row.tell()


def main():
    place = Place()
    parts = (put_back, swapped, spoiled, faults, lagging, full_disk, together, private)
    wanted = [word for word in sys.argv[5:] if word != "long"]
    results = [part(place) for part in parts if not wanted or part.__name__ in wanted]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
