"""Plays steps on the core and on the model at once, and compares after each of them: the answer, and whatever the step
touched, with the model and with the fold of the journal.

A step is a dictionary: `step` (command, transaction, crash, reopen, compare), `client`, `now`, and for a command its
`command`; a transaction has `items` and its `ending`. `uid` names a command, and `names` says which numbers in it are
those that other commands made, so that they still fit where some of these are left out.
"""

import collections
import json
import subprocess

import expected
from clinic import CLIENTS, COLUMNS, Clinic, iso
from journal import Books, Broken
from model import FACTS

DOCUMENT = ("number", "kind", "patient", "status", *FACTS, "remaining", "invoice", "cancelled", "day", "recorded_at",
            "consultations", "payments")
PATIENT = ("patient", "credit", "owed", "open documents")
PAYMENT = ("number", "kind", "type", "group", "reference", "patient", "actor", "amount", "deposited", "tendered",
           "change", "refunded", "at", "allocations", "reversed", "corrected_by", "corrects", "refund_of", "refunds")
ROW = COLUMNS + ("count",)
# The signs of the columns that are money, in the order of COLUMNS.
MONEY = {"collected": 1, "refunded": -1, "deposited": 1, "withdrawn": -1}
TEXT_MAX = 1500  # of what a difference says: whole lists can part
# What a number stands for that nothing made in this run.
NOWHERE = {"document": "C-99999", "documents": "C-99999", "consultations": "C-99999", "payment": "R-99999"}


class Difference(Exception):
    """Core, journal and model do not agree. `kind` says in what; two of one kind are the same failure."""

    def __init__(self, kind, text):
        text = text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + "…"
        super().__init__(text)
        self.kind, self.text = kind, text


class Core:
    """The process that runs the steps on real files. Each ledger has a name of its own: one that died leaves files."""

    ledgers = 0

    def __init__(self, folder):
        self.folder = folder
        self.process = subprocess.Popen(["lua5.4", "spec/trust/simulation/execute.lua"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def ask(self, message):
        line = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        try:
            self.process.stdin.write(line)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        answer = self.process.stdout.readline()
        if not answer:
            said = self.process.stderr.read().decode().partition("\n")[0]
            self.process.wait()
            raise Difference(("died", said), "the core's process ended with %d: %s" % (self.process.returncode, said))
        return json.loads(answer)

    def begin(self, now):
        Core.ledgers += 1
        self.ask({"step": "new", "path": "%s/%d.db" % (self.folder, Core.ledgers), "clients": CLIENTS, "now": now})

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def named(kind, expected, found, fields, what, who="the model"):
    """Raises for the first field in which two rows part."""
    for name, a, b in zip(fields, expected, found):
        if a != b:
            raise Difference((kind, name), "%s of %s: %s has %r, the core %r" % (name, what, who, a, b))
    if len(expected) != len(found):
        raise Difference((kind, "there"), "%s: %s has %r, the core %r" % (what, who, expected, found))


class Play:
    def __init__(self, core, start):
        self.core, self.start = core, start
        self.clinic, self.books = Clinic(start), Books()
        self.made, self.makers = {}, {}  # uid: the number that its command made; and the other way round
        self.count = collections.Counter()
        self.variances = collections.Counter()
        core.begin(start)

    # -- the numbers in a command

    def names_in(self, command):
        """Which numbers in a command are those that other commands made."""
        found = {}
        for field in NOWHERE:
            values = command.get(field)
            for value in values if isinstance(values, list) else (values,):
                if isinstance(value, str) and value in self.makers:
                    found[value] = self.makers[value]
        return found

    def resolve(self, item):
        """A command with the numbers as they are in this run."""
        command, names = item["command"], item.get("names")
        if not names or all(self.made.get(uid) == name for name, uid in names.items()):
            return dict(command)
        resolved = dict(command)
        for field, nowhere in NOWHERE.items():
            def put(value):
                known = isinstance(value, str) and value in names
                return self.made.get(names[value], nowhere) if known else value

            if field in command:
                value = command[field]
                resolved[field] = [put(one) for one in value] if isinstance(value, list) else put(value)
        return resolved

    def note(self, item, answer):
        """Keeps what a command made, and counts."""
        command = item["command"]
        self.count[("code", answer.get("code", "ok"))] += 1
        if answer.get("replayed"):
            self.count["replayed"] += 1
        elif answer["ok"]:
            self.count[("command", command["op"])] += 1
            for form in expected.forms_of(command, answer):
                self.count[("form", form)] += 1
            if "number" in answer and "uid" in item and not answer.get("dry_run"):
                self.made[item["uid"]] = answer["number"]
                self.makers[answer["number"]] = item["uid"]

    # -- one step

    def play(self, step):
        """Raises a Difference where there is one."""
        self.clinic.begin()
        answer, message = getattr(self, "expect_" + step["step"])(step)
        self.clinic.end()
        message.update(step=step["step"], client=step.get("client", 1), now=step.get("now"), by=step.get("by", 1))
        if step["step"] == "compare":
            message["patients"] = sorted(self.clinic.patients)
        else:
            message["look"] = {kind: list(names) for kind, names in self.clinic.touched.items()}
        found = self.core.ask(message)
        self.compare_answer(step, answer, found["answer"])
        if step["step"] == "compare":
            self.compare_all(found)
        else:
            self.compare_touched(found)
        self.count["steps"] += 1

    def expect_command(self, step):
        step["sent"] = self.resolve(step)
        answer = self.clinic.ask(step["client"], step["now"], step["sent"])
        self.note(step, answer)
        return answer, {"command": step["sent"]}

    def expect_transaction(self, step):
        items = []
        answer = self.clinic.transaction(step["client"], step["now"], self.items(step, items), step["ending"],
                                         len(self.books.entries))
        step["items"] = items
        self.note_outcomes(answer)
        return answer, {"items": self.resolved(items), "ending": step["ending"]}

    def note_outcomes(self, answer):
        self.count[("ending", answer["outcome"])] += 1
        self.count[("code", answer["outcome"])] += answer["outcome"] == "transaction-poisoned"
        self.count["undone"] += answer["outcome"] != "done"
        for inner in answer["answers"]:
            if "outcome" in inner:
                self.note_outcomes(inner)

    def items(self, step, kept):
        """The items of a transaction, as the model asks for them: they may be made at that moment."""
        for item in step["items"]:
            item = dict(item)
            kept.append(item)
            if "items" in item:
                inner = []
                yield dict(item, items=self.items(item, inner))
                item["items"] = inner
            elif "command" in item:
                item["sent"] = self.resolve(item)
                yield dict(item, command=item["sent"])
                self.note(item, self.clinic.answered)
            else:
                yield item

    def resolved(self, items):
        """The items of a transaction as the core is sent them."""
        return [dict(item, items=self.resolved(item["items"])) if "items" in item else
                {"command": item["sent"], "client": item.get("client")} if "command" in item else
                item for item in items]

    def expect_crash(self, step):
        return True, {}

    def expect_reopen(self, step):
        return True, {}

    def expect_compare(self, step):
        self.count["whole comparisons"] += 1
        return True, {}

    # -- answers

    def compare_answer(self, step, answer, found):
        if step["step"] == "transaction":
            self.compare_transaction(step, answer, found)
        elif step["step"] == "command":
            self.compare_one(step["command"], answer, found)

    def compare_transaction(self, step, answer, found):
        for item, a, b in zip(step["items"], answer["answers"], found["answers"]):
            if "peek" in item:
                named("answer", [a["seq"]], [b["seq"]], ("seq",), "a transaction, looked at from outside")
            elif "items" in item:
                self.compare_transaction(item, a, b)
            else:
                self.compare_one(item["command"], a, b)
        named("answer", [answer["outcome"], len(answer["answers"])], [found["outcome"], len(found["answers"])],
              ("outcome", "answers"), "a transaction")

    def compare_one(self, command, answer, found):
        op = command.get("op")
        first, again, field = (found.pop(name, None) for name in ("first", "again", "field"))
        fields = answer.pop("fields", ())
        if answer != found:
            names = sorted(name for name in set(answer) | set(found) if answer.get(name) != found.get(name))
            kind = ("answer", names[0], answer.get("code", "ok"), found.get("code", "ok"))
            raise Difference(kind, "%s: the model answers %s, the core %s"
                             % (op, json.dumps(answer), json.dumps(found)))
        if first:
            raise Difference(("retry", op), "%s: a retry is answered %s, the first time was %s" % (op, again, first))
        if fields and field not in fields:
            raise Difference(("conflict", op), "%s: the conflict is said to lie in %s, and lies in %s"
                             % (op, field, fields))

    # -- what was touched

    def compare_touched(self, found):
        recorded = iso(self.clinic.recorded)
        for values in found["entries"]:
            try:
                self.books.take(values)
            except Broken as broken:
                raise Difference(("journal", str(broken).partition(":")[0]), str(broken))
            entry = self.books.entries[-1]
            self.count[("kind", entry.kind)] += 1
            named("entry", [recorded], [entry.recorded_at], ("recorded_at",), "entry %d" % entry.seq)
            if entry.kind == "variance":
                self.variances[entry.type] -= entry.amount
        # A transaction may close twice: the model has all of it done.
        self.compare_variances(self.variances, "the journal")
        for row in found["documents"]:
            self.compare_document(row)
        for row in found["patients"]:
            self.compare_patient(row)
        for row in found["payments"]:
            named("payment", self.clinic.show_payment(row[0]), row, PAYMENT, row[0])
        for day, rows in found["days"]:
            self.compare_rows(day, rows)

    def compare_document(self, row, columns=len(DOCUMENT)):
        number = row[0]
        if len(row) > 2:
            facts = self.books.show_facts(number)
            named("journal", facts, row[4:11], DOCUMENT[4:11], number, "the journal's fold")
        named("document", self.clinic.show_document(number)[:columns], row[:columns], DOCUMENT, number)

    def compare_patient(self, row):
        named("patient", self.clinic.show_patient(row[0]), row, PATIENT, row[0])
        if len(row) > 2:
            named("journal", [self.books.credit(row[0])], row[1:2], ("credit",), row[0], "the journal's fold")

    def compare_rows(self, day, rows):
        if isinstance(rows, str):
            raise Difference(("day", rows), "%s: it cannot be read: %s" % (day, rows))
        found = {}
        for _, name, group, actor, money, count, *columns in rows:
            if any(columns) or count:
                found[(name, group, actor)] = columns + [count]
            total = sum(sign * columns[COLUMNS.index(column)] for column, sign in MONEY.items())
            named("day", [total], [money], ("money",), "%s, %s" % (day, name), "the sum of its columns")
        for who, shown in (("the journal's fold", self.books.show_day(day, COLUMNS)),
                           ("the model", self.clinic.show_day(day))):
            for key in set(found) | set(shown):
                nothing = [0] * len(ROW)
                named("day", shown.get(key, nothing), found.get(key, nothing), ROW, "%s, %s" % (day, "/".join(key)),
                      who)

    # -- everything

    def compare_all(self, found):
        if found["verify"] is not True:
            raise Difference(("verify", found["verify"]["code"]), "verify: %s" % json.dumps(found["verify"]))
        documents, payments = ([row[0] for row in found[kind]] for kind in ("documents", "payments"))
        named("all", [list(self.clinic.documents)], [documents], ("documents",), "the ledger")
        for row in found["documents"]:
            self.compare_document(row, DOCUMENT.index("consultations"))
        named("all", [list(self.clinic.payments), self.books.payments], [payments] * 2, ("payments",) * 2, "the ledger")
        for row in found["payments"]:
            named("payment", self.clinic.show_payment(row[0]), row, PAYMENT, row[0])
        for row in found["patients"]:
            self.compare_patient(row)
        self.compare_splits(found["splits"])
        self.compare_closings(found)

    def compare_splits(self, splits):
        """Each split of the totals sums to the whole, and the finest of them is the model's and the journal's."""
        whole = splits[0][0][4:] if splits[0] else [0] * (len(ROW) + 1)
        for rows in splits[1:]:
            sums = [sum(column) for column in zip(*(row[4:] for row in rows))] or [0] * len(whole)
            named("totals", whole, sums, ("money", "count") + COLUMNS, "the sum of a split's rows", "the whole")
        days = collections.defaultdict(list)
        for row in splits[-1]:
            days[row[0]].append(row)
        for day in set(days) | set(self.clinic.days):
            self.compare_rows(day, days[day])

    def compare_closings(self, found):
        last = found["closings"][-1][0] if found["closings"] else ""
        named("closing", [self.clinic.closed_through], [last], ("through",), "the last closing")
        closings = [entry.seq for entry in self.books.entries if entry.kind == "closing"]
        named("closing", closings, [seq for _, seq, _ in found["closings"]], ("seq",) * len(closings), "the closings")
        booked = collections.Counter()
        for _, _, counted in found["closings"]:
            for name, _, variance in counted:
                booked[name] += variance
        self.compare_variances(booked, "the closings")
        self.compare_variances(self.variances, "the journal")
        if self.books.entries:
            head = self.books.entries[-1]
            named("all", [head.seq, head.hash], found["head"], ("head", "head's hash"), "the ledger", "the journal")
        named("all", [0], [sum(self.books.balances.values())], ("balance",), "all accounts")

    def compare_variances(self, sums, where):
        """What was counted and was not expected, by type, over all closings."""
        told = collections.Counter()
        for _, name, difference in self.clinic.variances:
            told[name] += difference
        for name in set(told) | set(sums):
            named("closing", [told[name]], [sums[name]], ("variance",), "%s in %s" % (name, where))
