"""Makes the steps of a simulation: random commands of several clients on one file, with what goes wrong around them.

Answers are lost and asked for again, by another client, much later or with other content; clients are killed, also in
the middle of a transaction; clocks jump. The commands are those of spec/model/generate.py, made from the model's state.
"""

import heapq
import itertools

from clinic import READER, WRITERS
from generate import BAD_AMOUNTS, DAY, HUGE, PATIENTS, START, Generator
from model import parse_time

SPAN_DAYS = 330  # the days that a ledger of whatever length covers
RECENT = 60  # documents and payments that commands are about, mostly


class Steps(Generator):
    def __init__(self, seed, length, play):
        super().__init__(seed, length, "2025-01-06")
        self.play, self.ledger = play, play.clinic
        self.clock = START + 8 * 3600
        self.mean_pause = SPAN_DAYS * DAY // length
        self.offsets = dict.fromkeys(range(1, READER + 1), 0)
        self.retries = []  # (when, place, command): what was asked and will be asked again
        self.places = itertools.count()
        self.done = self.uids = 0
        self.makers = tuple((2.5 if maker == self.close_days else weight, maker) for weight, maker in self.makers)

    # -- picking: among the last ones, or anywhere

    def window(self, items, count):
        items = list(items)
        if len(items) <= count:
            return items
        start = len(items) - count
        return items[start:] if self.chance(0.9) else items[self.random.randrange(start):][:count]

    def documents(self, wanted):
        return [document for document in self.window(self.ledger.documents.values(), RECENT) if wanted(document)]

    def payments(self, wanted):
        return [payment for payment in self.window(self.ledger.payments.values(), RECENT) if wanted(payment)]

    def owed(self):
        open_documents = [number for numbers in self.ledger.open.values() for number in numbers]
        open_documents.sort(key=self.ledger.made.get)
        found = [self.ledger.documents.get(number) for number in self.window(open_documents, RECENT)]
        return [document for document in found if document and self.ledger.remaining(document) > 0]

    def overflows(self, documents):
        """As in the model's logs, without an amount of which two would not fit in a day's totals."""
        return [command for command in super().overflows(documents) if command["op"] != "consultation"]

    def keep_small(self, command):
        """The largest amount is asked for only where it is refused at once: no report could sum it up."""
        if command.get("amount") != HUGE:
            return
        command.pop("key", None)  # nor is it asked for again, when it may fit
        document = self.ledger.documents.get(str(command.get("document")))
        held = self.ledger.credit.get(str(command.get("patient")), 0)
        refused = {"charge": document and self.ledger.facts(document)["charged"] > 0, "deposit": held > 0}
        if not refused.get(command["op"]):
            command["amount"] = "1.05"

    def spoil_alone(self, command):
        super().spoil_alone(command)
        if command["op"] == "unknown":  # a log can say so; who calls a method cannot
            command.update(op="withdraw", patient="P88")

    # -- times

    def at(self):
        """About now, sometimes days ago, sometimes a little ahead."""
        kind = self.random.random()
        if kind < 0.04:
            return self.write_time(self.clock - self.random.randrange(1, 60) * DAY)
        if kind < 0.06:
            return self.write_time(self.clock + self.random.randrange(1, 3 * DAY))
        return self.write_time(self.clock - self.random.randrange(6 * 3600))

    def choose_type(self, command, documents):
        if self.chance(0.85):
            return super().choose_type(command, documents)
        command["type"] = "coins"
        return "coins"

    def close_days(self):
        command = super().close_days()
        if self.chance(0.1):
            command["through"] = self.write_time(self.clock)
        return command

    def pass_time(self):
        self.clock += self.random.randrange(2 * self.mean_pause + 1)
        if self.chance(0.015):
            client = self.random.choice(WRITERS)
            self.play.count["clock jumps"] += 1
            self.offsets[client] = self.pick((-1, 1)) * self.pick((
                0, 0, 0, self.random.randrange(1, 90), self.random.randrange(1, 50) * 3600,
                self.random.randrange(1, 60) * DAY))

    # -- commands

    def dress(self, command):
        """The fields that every command takes; most leave their time to the clock."""
        if self.chance(0.5):
            command.setdefault("at", self.at())
        if self.chance(0.15):
            command["actor"] = self.pick(["desk-1", "desk-9", "Zoé"])
        if self.chance(0.05):
            command["note"] = self.pick(["rappelé", "", "à voir"])
        if self.chance(0.5):
            command["key"] = "k%08x" % self.random.getrandbits(32)
        if self.chance(0.03):
            command["dry_run"] = self.chance(0.85)
        if self.chance(0.3):
            command.pop("roles", None)  # then those of the client hold

    def make(self):
        weights, makers = zip(*self.makers)
        command = self.random.choices(makers, weights)[0]()
        if self.chance(0.2):
            self.spoil(command)
            while self.chance(0.3):
                self.spoil(command)
        self.dress(command)
        return command

    def item(self, command=None):
        """A command with what it needs to be found and asked again."""
        command = command or self.make()
        self.keep_small(command)
        self.uids += 1
        item = {"uid": self.uids, "command": command, "names": self.play.names_in(command)}
        if isinstance(command.get("key"), str):
            item["lost"] = self.maybe_again(command)
        return item

    # -- answers that do not come

    def maybe_again(self, command):
        """Whether the answer to this command is lost; it may be asked twice as well."""
        kind = self.random.random()
        if kind < 0.12:
            self.play.count["lost answers"] += 1
            self.ask_again(command, self.random.choice((1, 5, 30, 200, 800)))
        elif kind < 0.18:
            self.play.count["repeated"] += 1
            self.ask_again(command, 1)
        return kind < 0.12

    def ask_again(self, command, pause):
        heapq.heappush(self.retries, (self.done + 1 + self.random.randrange(pause), next(self.places), command))

    def again(self):
        """What was asked before: as it was, in other words, or changed."""
        command = dict(heapq.heappop(self.retries)[2])
        self.play.count["asked again"] += 1
        if self.chance(0.1):
            self.ask_again(command, 300)
        kind = self.random.random()
        if kind < 0.12:
            self.change(command)
        elif kind < 0.3:
            self.reword(command)
        if self.chance(0.05):
            command["dry_run"] = True
        return command

    def reword(self, command):
        """The same content: who asks, and how it is written, is apart."""
        command["actor"], command["roles"] = self.pick(("desk-1", "desk-9")), self.pick((["manager"], []))
        amount = command.get("amount")
        if isinstance(amount, str) and amount.isdigit() and amount not in BAD_AMOUNTS:
            command["amount"] = amount + ".00"
        if isinstance(command.get("at"), str) and self.chance(0.5):
            try:
                command["at"] = parse_time(command["at"])
            except Exception:  # a time that is none stays as it is
                pass

    def change(self, command):
        key, name = command["key"], self.pick(("amount", "note", "at", "op", "reference", "patient"))
        if name == "op":
            command.clear()
            command.update(self.pick((self.consultation, self.deposit))(), key=key)
        else:
            command[name] = {"at": self.at, "patient": lambda: self.pick(PATIENTS), "note": lambda: "another"}.get(
                name, lambda: "1.05")()

    # -- steps

    def next(self):
        self.pass_time()
        self.done += 1
        client = self.random.choice(WRITERS)
        step = {"step": "command", "client": client, "now": self.clock + self.offsets[client],
                "by": self.random.randrange(1, READER + 1)}
        kind = self.random.random()
        if self.retries and self.retries[0][0] <= self.done:
            step.update(self.item(self.again()))
        elif kind < 0.006:
            step["step"] = "crash"
            self.play.count["crashes"] += 1
        elif kind < 0.010:
            step["step"] = "reopen"
        elif kind < 0.013:
            step.update(self.item() if self.chance(0.6) else {"step": "transaction", "items": [], "ending": "commit"})
            step["client"] = READER
        elif kind < 0.06:
            step.update(step="transaction", items=self.items(client, 0), ending=self.ending())
            if step["ending"] == "crash":
                self.play.count["crashes"] += 1
        else:
            step.update(self.item())
        return step

    def ending(self, nested=False):
        return self.random.choices(("commit", "nil", "raise", "crash"), (75, 8, 8, 0 if nested else 9))[0]

    def another(self, client):
        return self.random.choice([one for one in range(1, READER + 1) if one != client])

    def items(self, client, depth):
        """The items of a transaction, each made from the state that those before it left."""
        for _ in range(self.random.randrange(0 if depth else 1, 6 - depth)):
            kind = self.random.random()
            if kind < 0.12 and depth < 3:
                yield {"items": self.items(client, depth + 1), "ending": self.ending(nested=True)}
            elif kind < 0.17:
                yield {"peek": self.another(client)}
            elif kind < 0.22:
                yield dict(self.item(), client=self.another(client))
            elif self.retries and self.chance(0.1):
                yield self.item(self.again())
            else:
                yield self.item()
