"""The reference model (spec/model) as several clients use it: each with its own clock, actor and roles, in
transactions, and with what the last step touched. The rules of the commands are the model's own.
"""

from model import FACTS, PRACTICE, SETTLING, Ledger, Refused, day_of, parse_command

# Who uses the file. The last one has it open for reading only.
CLIENTS = ({"actor": "desk-1", "roles": ["manager"]}, {"actor": "desk-2", "roles": ["secretary", "manager"]},
           {"actor": "desk-3", "roles": ["secretary"]}, {"actor": "desk-4", "roles": []}, {})
WRITERS = range(1, len(CLIENTS))
READER = len(CLIENTS)
# What practice.lua declares.
CONFIG = dict(PRACTICE, types=dict(PRACTICE["types"], coins={"effect": "money", "round_to": 10, "excess": "credit"}),
              permit=dict(PRACTICE["permit"], reverse=("manager", "secretary")))
COLUMNS = ("collected", "refunded", "deposited", "withdrawn", "credited", "discounted", "lost", "rounded")


class Clinic(Ledger):
    def __init__(self, now):
        super().__init__(CONFIG, now)
        self.touched = {"documents": set(), "patients": set(), "payments": set(), "days": set()}
        kinds = {"documents": self.documents, "payments": self.payments, "patients": self.patients}
        self.places = {id(mapping): (self.touched[kind], None) for kind, mapping in kinds.items()}
        self.places[id(self.credit)] = (self.touched["patients"], None)
        self.paid_on = {}  # document: the numbers of the payments and refunds on it
        self.open = {}  # patient: {document: what remains of it}
        self.made = {}  # document: its place in the order of their making, and when that was recorded
        self.conflicting = ()  # the fields in which the last conflict of a key lies

    # -- what a step touches

    def begin(self):
        self.changes.clear()
        for names in self.touched.values():
            names.clear()

    def put(self, mapping, key, value):
        super().put(mapping, key, value)
        place = self.places.get(id(mapping))
        if place:
            place[0].add(place[1] or key)
        if mapping is self.documents:
            self.place("documents", key, vars(value), value.own)
            self.put(self.made, key, (len(self.made), max(self.now, self.recorded)))
        elif mapping is self.payments:
            self.place("payments", key, vars(value), value.refunds)
            for number in value.allocations:
                self.put(self.paid_on, number, self.paid_on.get(number, ()) + (key,))

    def place(self, kind, number, *mappings):
        """Remembers whose these mappings are; they stay alive, so that no other mapping gets their identity."""
        for mapping in mappings:
            self.places[id(mapping)] = (self.touched[kind], number, mapping)

    def move(self, at, payment, column, amount):
        super().move(at, payment, column, amount)
        self.touched["days"].add(day_of(at))

    def end(self):
        """Brings what a patient owes up to what was touched."""
        for number in self.touched["documents"]:
            document = self.documents.get(number)
            for one in [document, self.documents.get(document.invoice)] if document else ():
                if one:
                    self.touched["patients"].add(one.patient)
                    remaining = self.remaining(one)
                    open_documents = self.open.setdefault(one.patient, {})
                    if remaining > 0:
                        open_documents[one.number] = remaining
                    else:
                        open_documents.pop(one.number, None)
            if document is None:  # taken back
                for open_documents in self.open.values():
                    open_documents.pop(number, None)

    # -- commands

    def replay(self, op, fields):
        try:
            return super().replay(op, fields)
        except Refused:
            first_op, first, _ = self.keys[fields["key"]]
            content = self.content(fields)
            self.conflicting = {name for name in set(first) | set(content) if first.get(name) != content.get(name)}
            if first_op != op:
                self.conflicting = {"command"}
            raise

    def ask(self, client, now, raw, busy=False):
        """What a client is answered; `busy` where another one's transaction is open."""
        self.numbered = None
        answer = self.answer_to(client, now, raw, busy)
        if self.numbered and answer["ok"]:
            answer = dict(answer, paid=self.show_paid(self.numbered))
        if answer.get("code") == "key-conflict":
            answer["fields"] = sorted(self.conflicting)
        self.answered = answer
        return answer

    def answer_to(self, client, now, raw, busy):
        if client == READER:
            return {"ok": False, "code": "read-only"}
        self.now, self.actor, self.roles = now, CLIENTS[client - 1]["actor"], CLIENTS[client - 1]["roles"]
        try:
            op, fields = parse_command(raw)
            return {"ok": False, "code": "busy"} if busy else self.perform(op, fields)
        except Refused as refusal:
            return {"ok": False, "code": refusal.code}

    def transaction(self, client, now, items, ending, peeked):
        """Runs items (an iterable: it may look at the state so far) in one commit; gives outcome and answers."""
        if client == READER:
            return {"outcome": "read-only", "answers": []}
        mark, answers, poisoned = self.mark(), [], False
        for item in items:
            if "peek" in item:
                answers.append({"seq": peeked})
            elif "items" in item:
                answers.append(self.transaction(client, now, item["items"], item["ending"], peeked))
            elif "client" in item:
                answers.append(self.ask(item["client"], now, item["command"], busy=True))
            else:
                answers.append(self.ask(client, now, item["command"]))
                # A dry run could not have done anything: nothing is the worse for its refusal.
                poisoned = poisoned or not answers[-1]["ok"] and item["command"].get("dry_run") is not True
        outcome = {"raise": "raised", "crash": "crashed", "nil": "no-more"}.get(ending)
        outcome = outcome or ("transaction-poisoned" if poisoned else "done")
        if outcome != "done":
            self.take_back(mark)
        return {"outcome": outcome, "answers": answers}

    # -- as the core shows it

    def show_document(self, number):
        document = self.documents.get(number)
        if document is None:
            return [number, "document-unknown"]
        facts = self.facts(document)
        return [number, document.kind, document.patient, self.status(document), *(facts[name] for name in FACTS),
                self.remaining(document), document.invoice, document.cancelled, document.day,
                iso(self.made[number][1]), document.consultations, list(self.paid_on.get(number, ()))]

    def show_patient(self, patient):
        if patient not in self.patients:
            return [patient, "patient-unknown"]
        open_documents = self.open.get(patient, {})
        order = sorted(open_documents, key=self.made.get)
        return [patient, self.credit.get(patient, 0), sum(open_documents.values()), order]

    def show_payment(self, number):
        payment = self.payments.get(number)
        if payment is None:
            return [number, "payment-unknown"]
        sign = -1 if payment.op == "refund" else 1
        settling = [name for name in SETTLING if name != "rounded"]
        allocations = [[name, sign * sum(facts.get(fact, 0) for fact in settling), facts.get("rounded", 0),
                        payment.refunds.get(name, 0)] for name, facts in payment.allocations.items()]
        amount, tendered, change, deposited = self.show_paid(payment)
        return [number, payment.op, payment.type, payment.group, payment.reference, payment.patient, payment.made_by,
                amount, deposited, tendered, change, sum(payment.refunds.values()), iso(payment.at), allocations,
                payment.reversed, payment.corrected_by, payment.corrects, payment.refund_of, list(payment.refunded_by)]

    def number_payment(self, payment, at):
        payment.made_by = self.actor
        self.numbered = payment
        super().number_payment(payment, at)

    @staticmethod
    def show_paid(payment):
        change = 0 if payment.tendered is None else payment.tendered - payment.amount
        return [payment.amount, payment.tendered, change, payment.deposited]

    def show_day(self, day):
        """The rows of a day by type, group and actor, without those that are nothing."""
        rows = {}
        for (name, group, actor), row in self.days.get(day, {}).items():
            columns = [row.get(column, 0) for column in COLUMNS]
            if any(columns) or row.get("count"):
                rows[(name, group or "", actor)] = columns + [row.get("count", 0)]
        return rows


def iso(seconds):
    rest = seconds % 86400
    return "%sT%02d:%02d:%02dZ" % (day_of(seconds), rest // 3600, rest // 60 % 60, rest % 60)
