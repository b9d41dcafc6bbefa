"""A seeded generator of command logs for the reference model.

    python3 generate.py --seed N --commands M [--now TIME] > log.jsonl

It runs the model as it goes, so that commands meet the states where rules bite: documents half paid, a rest of 0.01
that cash cannot pay, an excess under each policy, credit already spent, days already closed. Most commands are meant
to succeed; the rest are spoilt on purpose, one mistake or two at a time. The same seed gives the same log.
Every well-formed command says its time, so that a log does not depend on the clock it is run under, as long as that
clock is later than the log.
"""

import argparse
import collections
import datetime
import json
import random
import sys

from model import EPOCH, Ledger, format_amount, parse_time, round_half_up, run_line

PATIENTS = ["P%02d" % number for number in range(1, 13)]
START = parse_time("2025-01-06")
DAY = 86400
MANAGER = ["manager"]
MONEY = ("cash", "card", "twint", "transfer", "voucher")
HUGE = "92233720368547758.07"  # the largest amount there is
BIG = "46000000000000000.00"  # of these one fits

BAD_AMOUNTS = ("abc", "", " 5.00", "5.00 ", "+5.00", "5.", ".50", "1e3", "12.345", "1'000.00", "1,50", "5.00 CHF",
               "0x10", "--5", "-", "NaN", "٣", 5, 12.5, True, [], {}, "92233720368547758.08",
               "99999999999999999999999")
ODD_AMOUNTS = ("0", "0.00", "-0", "-0.00", "-5.00", "-0.01", "007", "5", "5.5", "0.05", "0.01", "99999.95")
BAD_TIMES = ("2025-02-30", "2025-13-01", "2025-00-10", "2025-1-2", "02.01.2025", "", "yesterday", "2025-01-06T24:00",
             "2025-01-06T10", "2025-01-06T10:60", "2025-01-06T10:00:60", "2025-01-06 10:00", "2025-01-06T10:00+2",
             "2025-01-06T10:00+0200", "2025-01-06T10:00+24:00", "2025-01-06Z", "2025-01-06T10:00:00.5", " 2025-01-06",
             "2025-01-06T10:00z", "0000-01-01", 1.5, True, [], {})
BAD_TEXTS = ("", 5, True, [], {}, 1.5)
BAD_NUMBERS = ("", "a b", "C-é", "x" * 33, "C#1", 7)
GOOD_NUMBERS = ("X-%d", "2025/%d", "a.b_%d", "C-%05d", "F-%05d", "R-%05d")
BAD_LINES = ("{", "[]", "null", "5", '"pay"', "", '{"op":"pay"', '{"op":"pay",}', '{"op":"pay","op":"pay"}',
             "{'op':'pay'}", '{"op":"charge","document":"C-00001","amount":NaN}')


class Generator:
    def __init__(self, seed, commands, now):
        # However long the log, its days fit in about a year, so that nothing is in the future by accident.
        self.pace = min(0.3, 350 / commands)
        self.random = random.Random(seed)
        self.ledger = Ledger(now=parse_time(now))
        self.clock = START
        self.keyed = collections.deque(maxlen=40)  # commands that named a key and succeeded
        self.makers = (
            (22, self.consultation), (34, self.pay), (7, self.pay_several), (3, self.pay_oldest), (3, self.pay_credit),
            (9, self.invoice), (5, self.charge), (4, self.cancel), (7, self.reverse), (9, self.correct),
            (7, self.refund), (5, self.deposit), (4, self.withdraw), (4, self.transfer), (0.8, self.close_days),
        )

    # -- picking

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, items):
        return self.random.choice(items) if items else None

    def recent(self, items, count=60):
        """Mostly among the last ones: old days get closed, and old documents are settled."""
        items = list(items)
        return self.pick(items if self.chance(0.1) else items[-count:])

    def documents(self, wanted):
        return [document for document in self.ledger.documents.values() if wanted(document)]

    def owed(self):
        return self.documents(lambda document: self.ledger.remaining(document) > 0)

    def payments(self, wanted):
        return [payment for payment in self.ledger.payments.values() if wanted(payment)]

    def standing_payment(self, wanted):
        """A payment that looks reversible: its documents are not locked and nothing undid it yet."""
        def good(payment):
            parts = [self.ledger.documents[number] for number in payment.allocations]
            free = all(not part.cancelled and not part.invoice for part in parts)
            return free and not payment.reversed and not payment.refunds and wanted(payment)

        return self.recent(self.payments(good))

    def number_of(self, thing, series):
        """Its number; where there is no such thing, one that nothing has."""
        return thing.number if thing else series + "-99999"

    # -- amounts and times

    def price(self):
        kind = self.random.random()
        if kind < 0.06:
            return self.random.choice([0, 1, 2, 3, 4, 5, 6])
        if kind < 0.5:
            return self.random.randrange(1, 60) * 500
        return self.random.randrange(1, 30000)

    def part_of(self, units, step=1):
        """Some payable part of an amount; at least one step of it."""
        kind = self.random.random()
        if kind < 0.25:
            return max(step, units // 2 // step * step)
        if kind < 0.45:
            # All but a cent or two, which cash then cannot pay.
            return max(step, (units - self.random.choice([1, 2, 3])) // step * step)
        return max(step, self.random.randrange(1, max(units, 1) + 1) // step * step)

    def step(self, name):
        """The smallest payable step of a type."""
        return self.ledger.config["types"][name].get("round_to", 1)

    def amount(self, units):
        """The amount as text; there is more than one way to write it."""
        text = format_amount(units)
        if self.chance(0.2) and text.endswith("0"):
            return text[:-3] if text.endswith(".00") else text[:-1]
        return text

    def at(self):
        """A time of the running day, written in one of the ways that are allowed."""
        seconds = self.clock + self.random.randrange(8 * 3600, 19 * 3600)
        if self.chance(0.04):
            seconds -= self.random.randrange(1, 60) * DAY
        return self.write_time(seconds)

    def write_time(self, seconds):
        moment = EPOCH + datetime.timedelta(seconds=seconds)
        return self.random.choice([
            lambda: moment.strftime("%Y-%m-%dT%H:%M"),
            lambda: moment.strftime("%Y-%m-%dT%H:%M"),
            lambda: moment.strftime("%Y-%m-%d"),
            lambda: moment.strftime("%Y-%m-%dT%H:%M:%S"),
            lambda: moment.strftime("%Y-%m-%dT%H:%MZ"),
            lambda: moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            lambda: moment.strftime("%Y-%m-%dT%H:%M+02:00"),
            # Late in the evening somewhere west is the next day here.
            lambda: moment.strftime("%Y-%m-%dT%H:%M:%S-09:30"),
            lambda: seconds,
        ])()

    # -- documents

    def consultation(self):
        command = {"op": "consultation", "patient": self.pick(PATIENTS), "amount": self.amount(self.price())}
        self.own_number(command, "consultation")
        return command

    def own_number(self, command, series):
        if self.chance(0.06):
            # Near the next numbers of a series, so that it has to skip, and sometimes one that is taken.
            pattern = self.pick(GOOD_NUMBERS)
            command["number"] = pattern % (self.ledger.next[series] + self.random.randrange(-1, 4))
        if self.chance(0.2):
            command["label"] = self.pick(["séance", "bilan initial", ""])

    def invoice(self):
        command = {"op": "invoice"}
        free = self.documents(lambda d: d.kind == "consultation" and not d.cancelled and not d.invoice)
        first = self.recent(free)
        if first and self.chance(0.85):
            same = [d.number for d in free[-60:] if d.patient == first.patient and d is not first]
            extra = self.random.sample(same, min(len(same), self.random.choice([0, 0, 1, 2])))
            command["consultations"] = [first.number] + extra
            if self.chance(0.2):
                command["patient"] = first.patient
            if self.chance(0.2):
                command["amount"] = self.amount(self.price())
        else:
            command.update(patient=self.pick(PATIENTS), amount=self.amount(self.price()))
        if self.chance(0.5):
            command["due"] = self.write_time(self.clock + 30 * DAY)
        self.own_number(command, "invoice")
        return command

    def charge(self):
        standing = self.documents(lambda d: not d.cancelled and not d.invoice)
        document = self.recent(standing)
        units = self.price() + 1
        if document and self.chance(0.6):
            remaining = self.ledger.remaining(document)
            units = -self.part_of(remaining) if remaining > 0 and self.chance(0.8) else -remaining - 1
        return {"op": "charge", "document": self.number_of(document, "C"), "amount": self.amount(units)}

    def cancel(self):
        def unpaid(document):
            own_settled = any(amount for name, amount in document.own.items() if name != "charged")
            return not document.cancelled and not document.invoice and not own_settled

        document = self.recent(self.documents(unpaid))
        return {"op": "cancel", "document": self.number_of(document, "C"), "reason": "entered twice",
                "roles": [self.pick(["manager", "secretary"])]}

    # -- payments

    def choose_type(self, command, documents):
        """A type that suits the documents, with its group and roles."""
        kinds = {document.kind for document in documents}
        fitting = ["cash", "cash", "cash", "card", "twint", "transfer", "transfer", "discount"]
        fitting += ["voucher"] if kinds == {"consultation"} else []
        fitting += ["loss"] if kinds == {"invoice"} else []
        name = self.pick(fitting)
        if name != "cash" or self.chance(0.5):
            command["type"] = name
        self.suit(command, name)
        return name

    def suit(self, command, name):
        if name == "card":
            command["group"] = self.pick(["POS-1", "POS-2"])
        elif name in ("twint", "cash") and self.chance(0.2):
            command["group"] = self.pick(["room-3", "POS-1"])
        if name == "loss":
            command["roles"] = MANAGER

    def how_much(self, command, name, remaining):
        """All, a part, or too much; and the cash that was put on the table."""
        step = self.step(name)
        due = round_half_up(remaining, step) or step
        kind = self.random.random()
        if kind < 0.35:
            paid = due
        else:
            paid = due if kind < 0.45 else self.part_of(due, step)
            if name in ("cash", "transfer") and self.chance(0.25):
                paid = due + self.random.choice([step, 5, 1000, 5005])
            elif self.chance(0.05):
                paid = due + step
            command["amount"] = self.amount(paid)
        if name in MONEY and self.chance(0.15):
            command["tendered"] = self.amount(paid + self.random.choice([0, 0, step, 1000, -step, 1]))

    def pay(self):
        document = self.recent(self.owed())
        command = {"op": "pay", "document": self.number_of(document, "C")}
        if document:
            name = self.choose_type(command, [document])
            self.how_much(command, name, self.ledger.remaining(document))
            if self.chance(0.1):
                command["patient"] = document.patient
        if self.chance(0.1):
            command["reference"] = "QRR%06d" % self.random.randrange(10**6)
        return command

    def pay_several(self):
        """Several documents, settled ones among them, mostly of one patient."""
        first = self.recent(self.owed())
        if not first:
            return self.consultation()
        mixed, settled = self.chance(0.25), self.chance(0.25)

        def wanted(document):
            standing = not document.cancelled and not document.invoice and document is not first
            return standing and (mixed or document.patient == first.patient) and (
                settled or self.ledger.remaining(document) > 0)

        others = self.documents(wanted)[-20:]
        documents = [first] + self.random.sample(others, min(len(others), self.random.choice([0, 1, 1, 2, 3])))
        self.random.shuffle(documents)
        command = {"op": "pay", "documents": [document.number for document in documents]}
        name = self.choose_type(command, documents)
        self.how_much(command, name, sum(self.ledger.remaining(document) for document in documents))
        return command

    def pay_oldest(self):
        command = {"op": "pay", "documents": "oldest", "patient": self.pick(PATIENTS)}
        documents = self.ledger.open_documents(command["patient"])
        if documents:
            name = self.choose_type(command, documents)
            self.how_much(command, name, sum(self.ledger.remaining(document) for document in documents))
        return command

    def pay_credit(self):
        rich = [patient for patient, units in self.ledger.credit.items() if units > 0]
        document = self.recent([d for d in self.owed() if d.patient in rich] or self.owed())
        command = {"op": "pay", "document": self.number_of(document, "C"), "type": "credit"}
        if document and self.chance(0.6):
            credit = self.ledger.credit.get(document.patient, 0)
            least = min(credit, self.ledger.remaining(document))
            command["amount"] = self.amount(self.part_of(least) if self.chance(0.8) else credit + 1)
        return command

    def roles(self):
        """Enough for everything, mostly; only losses need them here."""
        return MANAGER if self.chance(0.7) else ["secretary"]

    def reverse(self):
        payment = self.standing_payment(lambda p: p.op in ("pay", "deposit"))
        return {"op": "reverse", "payment": self.number_of(payment, "R"), "reason": "mistake", "roles": self.roles()}

    def correct(self):
        payment = self.standing_payment(lambda p: p.op == "pay")
        command = {"op": "correct", "payment": self.number_of(payment, "R"), "reason": "wrong means",
                   "roles": self.roles()}
        if not payment:
            return command
        if self.chance(0.6):
            command["type"] = self.pick(["cash", "card", "twint", "transfer", "voucher", "discount", "credit"])
            self.suit(command, command["type"])
        if self.chance(0.4):
            step = self.step(command.get("type", payment.type))
            command["amount"] = self.amount(self.part_of(payment.amount, step) + self.pick([0, 0, 0, step, 1000]))
        if self.chance(0.15):
            patient = payment.patient if self.chance(0.7) else self.pick(PATIENTS)
            others = [document for document in self.owed()[-60:] if document.patient == patient]
            if others:
                command["document"] = self.pick(others).number
        if self.chance(0.1):
            command["tendered"] = self.amount(round_half_up(payment.amount, 5) + 500)
        return command

    def refund(self):
        def wanted(payment):
            return payment.op == "pay" and payment.type in MONEY and payment.allocations

        # A payment refunded in part is as good as a fresh one: the rest of it can still go back.
        begun = self.payments(lambda p: wanted(p) and p.refunds)
        payment = self.recent(begun) if begun and self.chance(0.3) else self.standing_payment(wanted)
        if payment and self.chance(0.3):
            rounded = self.standing_payment(lambda p: wanted(p) and any("rounded" in a for a in p.allocations.values()))
            payment = rounded or payment
        command = {"op": "refund", "payment": self.number_of(payment, "R"), "reopen": self.chance(0.6),
                   "reason": "paid twice", "roles": MANAGER}
        if payment:
            self.refund_of(command, payment)
        return command

    def refund_of(self, command, payment):
        document = self.pick(list(payment.allocations))
        if len(payment.allocations) > 1 or self.chance(0.2):
            command["document"] = document
        if self.chance(0.3):
            command["type"] = self.pick(["cash", "transfer", "twint", "card", "voucher", "voucher"])
        left = self.ledger.refundable(payment, self.ledger.documents[document])
        step = self.step(command.get("type", payment.type))
        if left > 0 and self.chance(0.5):
            command["amount"] = self.amount(self.part_of(left, step) + self.pick([0] * 8 + [1, 5]))

    # -- patient credit and closings

    def deposit(self):
        command = {"op": "deposit", "patient": self.pick(PATIENTS)}
        name = self.pick(["cash", "card", "twint", "transfer", "voucher"])
        if name != "cash" or self.chance(0.5):
            command["type"] = name
        self.suit(command, name)
        step = self.step(name)
        command["amount"] = self.amount(max(step, self.price() // step * step))
        return command

    def take_credit(self, patient, step):
        credit = self.ledger.credit.get(patient, 0)
        return self.amount(self.part_of(max(credit, step), step) + self.pick([0] * 9 + [step]))

    def rich_patient(self):
        rich = [patient for patient, units in self.ledger.credit.items() if units >= 5]
        return self.pick(rich or PATIENTS)

    def withdraw(self):
        command = {"op": "withdraw", "patient": self.rich_patient()}
        if self.chance(0.4):
            command["type"] = self.pick(["cash", "transfer", "card", "voucher"])
        command["amount"] = self.take_credit(command["patient"], self.step(command.get("type", "cash")))
        if self.chance(0.3):
            command["reason"] = "moves away"
        return command

    def transfer(self):
        source, known = self.rich_patient(), sorted(self.ledger.patients) or PATIENTS
        if self.chance(0.05):
            known = ["P66"]
        target = self.pick([patient for patient in known if patient != source] or PATIENTS)
        return {"op": "transfer", "from": source, "to": target, "amount": self.take_credit(source, 1)}

    def close_days(self):
        through = self.write_time(self.clock - self.random.randrange(8, 40) * DAY)
        command = {"op": "close_days", "through": through, "roles": MANAGER}
        if self.chance(0.1):
            command["at"] = self.pick((through, "2024-12-01"))
        if self.chance(0.6):
            command["counted"] = {self.pick(MONEY): self.amount(self.price()) for _ in range(self.random.randrange(3))}
        return command

    # -- spoiling

    def spoil(self, command):
        """One mistake: most leave the rest of the command well, so that exactly this one is answered."""
        self.random.choice([
            self.spoil_amount, self.spoil_amount, self.spoil_time, self.spoil_name, self.spoil_name, self.spoil_type,
            self.spoil_type, self.spoil_group, self.spoil_roles, self.spoil_text, self.spoil_patient, self.spoil_state,
            self.spoil_state, self.spoil_state, self.spoil_shape, self.spoil_shape, self.drop_field, self.add_field,
            self.spoil_tendered, self.spoil_payment, self.spoil_payment, self.spoil_payment, self.spoil_alone,
        ])(command)

    def spoil_amount(self, command):
        command["amount"] = self.pick(BAD_AMOUNTS if self.chance(0.4) else ODD_AMOUNTS)

    def spoil_tendered(self, command):
        if command["op"] in ("pay", "correct"):
            command["tendered"] = self.pick(("20.02", "0.00", "-5.00", "0.05", "abc", 20, "500"))

    def spoil_time(self, command):
        kind = self.random.random()
        if kind < 0.4:
            command["at"] = self.pick(BAD_TIMES)
        elif kind < 0.6:
            command["at"] = self.pick(("2099-01-01", "2099-05-05T10:00Z", 4102444800))
        elif kind < 0.8:
            command["at"] = self.pick(("2024-03-03", "1969-12-31T23:59:59", -5, 0))
        elif command["op"] == "invoice":
            command["due"] = self.pick(BAD_TIMES)
        elif command["op"] == "close_days":
            command["through"] = self.pick(BAD_TIMES + ("2099-01-01", self.ledger.closed_through or "2024-01-01"))
        elif self.ledger.closed_through:
            command["at"] = self.ledger.closed_through

    def spoil_name(self, command):
        if "document" in command:
            command["document"] = self.pick(("C-99999", "F-99999", "", 5, ["C-00001"], "c-00001"))
        elif command.get("documents") and isinstance(command["documents"], list):
            command["documents"] += [self.pick(("C-99999", command["documents"][0], 5, ""))]
        elif command.get("consultations") and isinstance(command["consultations"], list):
            command["consultations"] += [self.pick(("C-99999", command["consultations"][0], 5, ""))]
        elif "payment" in command:
            command["payment"] = self.pick(("R-99999", "", 5, "C-00001", "r-00001"))
        elif command["op"] == "consultation":
            command["number"] = self.pick(BAD_NUMBERS + tuple(list(self.ledger.documents)[-5:]))

    def spoil_type(self, command):
        command["type"] = self.pick(("cheque", "bitcoin", "loss", "loss", "discount", "credit", "voucher", "card", "",
                                     5, "Cash"))

    def spoil_group(self, command):
        command["type"] = "card"
        command.pop("group", None)
        if self.chance(0.6):
            command["group"] = self.pick(("POS-9", "room-3", "", 5, "pos-1"))

    def spoil_roles(self, command):
        command["roles"] = self.pick((["secretary"], ["secretary"], [], ["nobody", "manager"], "manager", [5], None,
                                      {}))

    def spoil_text(self, command):
        name = self.pick(("note", "key", "actor", "reason", "label", "reference", "dry_run"))
        long = {"note": ("é" * 2048, "é" * 2049), "key": ("k" * 128, "k" * 129)}.get(name, ())
        command[name] = self.pick(BAD_TEXTS + long)

    def spoil_patient(self, command):
        name = self.pick(("from", "to")) if command["op"] == "transfer" else "patient"
        command[name] = self.pick(("P77", "P99", "", 5, self.pick(PATIENTS), command.get("from", "P01")))

    def spoil_state(self, command):
        """A document in the wrong state: settled, cancelled, invoiced, of the other kind or of another patient."""
        wrong = self.recent(self.documents(self.pick((
            lambda d: d.cancelled, lambda d: d.invoice, lambda d: d.kind == "invoice",
            lambda d: self.ledger.remaining(d) == 0, lambda d: True))), 200)
        if not wrong:
            return
        if isinstance(command.get("documents"), list) and wrong.number not in command["documents"]:
            command["documents"].insert(self.random.randrange(2), wrong.number)
        elif isinstance(command.get("consultations"), list) and wrong.number not in command["consultations"]:
            command["consultations"].append(wrong.number)
        elif "document" in command or command["op"] in ("correct", "refund"):
            command["document"] = wrong.number

    def spoil_payment(self, command):
        """A payment in the wrong state, for the commands that name one."""
        if "payment" not in command:
            command.clear()
            command.update(self.pick((self.reverse, self.correct, self.refund))())
        wrong = self.recent(self.payments(self.pick((
            lambda p: p.reversed, lambda p: p.refunds, lambda p: p.op == "refund", lambda p: p.op == "withdraw",
            lambda p: p.op == "deposit", lambda p: p.type in ("discount", "credit", "loss"), lambda p: p.deposited,
            lambda p: len(p.allocations) > 1, lambda p: True))), 200)
        if wrong:
            command["payment"] = wrong.number
            command.pop("document", None)

    def spoil_shape(self, command):
        """Fields that do not go together, or have the wrong form."""
        if command["op"] in ("pay", "correct"):
            shapes = ({"document": "C-00001", "documents": ["C-00001"]}, {"documents": []}, {"documents": "newest"},
                      {"documents": "oldest"}, {"fields": {}}, {"fields": []})
            command.update(self.pick(shapes))
        elif command["op"] == "invoice":
            command["consultations"] = self.pick(([], "C-00001", [["C-00001"]]))
        elif command["op"] == "refund":
            command["reopen"] = self.pick(("true", 1, None))
        elif command["op"] == "close_days":
            command["counted"] = self.pick(([], "5", {"cash": 5}, {"bitcoin": "5"}, {"loss": "5"}, {"cheque": "0"}, {}))

    def drop_field(self, command):
        command.pop(self.pick([name for name in command if name != "op"]), None)

    def add_field(self, command):
        command[self.pick(("amout", "patien", "tip", "Document", "line", "through", "payment"))] = "5.00"

    def spoil_alone(self, command):
        """States that need more than one field to be wrong in a certain way."""
        documents = list(self.ledger.documents.values())
        paid = [d.number for d in documents if not d.cancelled and not d.invoice and any(d.own[name] for name in
                ("collected", "credited", "discounted", "lost"))]
        empty = [payment for payment in self.payments(lambda p: p.refunds)]
        choices = [{"op": "withdraw", "patient": "P88", "amount": "5.00"}, {"op": "unknown", "amount": "5.00"}]
        choices += self.overflows(documents)
        if paid:
            choices += [{"op": "cancel", "document": self.recent(paid), "reason": "x", "roles": MANAGER}] * 2
            choices += [{"op": "charge", "document": self.recent(paid), "amount": "-20000.00"}] * 2
        if empty:
            choices += [{"op": "refund", "payment": self.recent(empty).number, "reopen": True, "reason": "x",
                         "roles": MANAGER}] * 2
        command.clear()
        command.update(self.pick(choices))

    def overflows(self, documents):
        """Sums beyond the largest amount, of one document or one patient; never of a day, which is nobody's command."""
        charged = [document.number for document in documents if document.own["charged"] > 0]
        rich = [patient for patient, units in self.ledger.credit.items() if units > 0]
        choices = [{"op": "charge", "document": self.recent(charged), "amount": HUGE}] if charged else []
        choices += [{"op": "deposit", "patient": self.pick(rich), "type": "transfer", "amount": HUGE}] if rich else []
        if not any(document.own["charged"] >= 10**18 for document in documents):
            choices.append({"op": "consultation", "patient": "P12", "amount": BIG})
        return choices

    # -- keys, dry runs, lines

    def again(self):
        """A command that named a key, once more: the same in other words, or not the same."""
        command = dict(self.pick(list(self.keyed)))
        if self.chance(0.7):
            command.pop("dry_run", None)  # a key that only a dry run named is still free
        kind = self.random.random()
        if kind < 0.35:
            command["actor"] = self.pick(["desk-1", "desk-2"])
            command["roles"] = MANAGER if self.chance(0.7) else []
        elif kind < 0.5 and isinstance(command.get("amount"), str) and "." not in command["amount"]:
            command["amount"] += ".00"
        elif kind < 0.6:
            command["at"] = parse_time(command["at"])
        elif kind < 0.9:
            self.change(command)
        if self.chance(0.15):
            command["dry_run"] = self.chance(0.8)
        return command

    def change(self, command):
        name = self.pick(("amount", "note", "at", "op", "reference"))
        if name == "op":
            command.clear()
            command.update(self.consultation(), key=self.pick(list(self.keyed))["key"])
        elif name == "at":
            command["at"] = self.at()
        elif name == "note":
            command["note"] = "another"
        else:
            command[name] = "1.05"

    def dress(self, command):
        """The fields that every command takes."""
        command.setdefault("at", self.at())
        if self.chance(0.3):
            command["actor"] = self.pick(["desk-1", "desk-2"])
        if self.chance(0.05):
            command["note"] = self.pick(["rappelé", "", "à voir"])
        if self.chance(0.3):
            command["key"] = "k%08x" % self.random.getrandbits(32)
        if self.chance(0.03):
            command["dry_run"] = self.chance(0.85)

    def make(self):
        if self.keyed and self.chance(0.04):
            return self.again()
        weights, makers = zip(*self.makers)
        command = self.random.choices(makers, weights)[0]()
        if self.chance(0.25):
            self.spoil(command)
            while self.chance(0.3):
                self.spoil(command)
        self.dress(command)
        return command

    def line(self):
        """The next line of the log, already run."""
        if self.chance(self.pace):
            self.clock += DAY
        if self.chance(0.004):
            text = self.pick(BAD_LINES)
            return text, run_line(self.ledger, text)
        command = self.make()
        text = json.dumps(command, ensure_ascii=False)
        result = run_line(self.ledger, text)
        if result["ok"] and "key" in command and "replayed" not in result:
            self.keyed.append(command)
        return text, result


def main():
    parser = argparse.ArgumentParser(description="Write a random command log.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--commands", type=int, required=True)
    parser.add_argument("--now", default="2026-06-01", help="what the model's clock shows; logs stay before it")
    parser.add_argument("--tally", action="store_true", help="print on standard error how often each answer came")
    options = parser.parse_args()
    generator, tally = Generator(options.seed, options.commands, options.now), collections.Counter()
    sys.stdout.reconfigure(encoding="utf-8")
    for _ in range(options.commands):
        text, result = generator.line()
        tally[result.get("code", "ok")] += 1
        print(text)
    if options.tally:
        for code, count in tally.most_common():
            print("%6d %s" % (count, code), file=sys.stderr)


if __name__ == "__main__":
    main()
