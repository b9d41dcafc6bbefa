"""Makes a failing run short: steps are left out, transactions taken apart, fields dropped, for as long as the run still
fails in the same way. Each try runs core and model from an empty ledger.
"""

from play import Core, Difference, Play

BUDGET = 300000  # steps played: some minutes, and enough to come down from thousands of them to a few
KEPT = ("op", "key")  # without these a command is another one
# What tells two steps from each other and need not: who asks, who looks, and when.
PLAIN = ({"client": 1}, {"by": 1}, {"actor": None})


class Shrink:
    def __init__(self, folder, start, kind):
        self.folder, self.start, self.kind = folder, start, kind
        self.core, self.tries, self.budget = Core(folder), 0, BUDGET
        self.text = None

    def fails(self, steps):
        """Whether these steps fail in the way that is looked for."""
        if self.budget < 0:
            return False
        self.tries += 1
        if self.core.process.poll() is not None:
            self.core = Core(self.folder)
        try:
            play = Play(self.core, self.start)
            for step in steps:
                self.budget -= 1
                play.play(step)
        except Difference as difference:
            if difference.kind != self.kind:
                return False
            self.text = difference.text
            return True
        return False

    def run(self, steps):
        steps = self.related(steps)
        steps = self.leave_out(steps)
        steps = self.leave_out(self.take_apart(steps))
        steps = self.drop_fields(steps)
        steps = self.leave_out(steps)
        # Once more, so that each command is kept as it was sent in the run that is written down.
        self.budget = BUDGET
        assert self.fails(steps), "what was shrunk fails no more"
        self.core.end()
        return steps

    # -- steps

    def related(self, steps):
        """What the last step names, with what that names, and so on; or what else names such things, too; or all."""
        for wide in (False, True):
            wanted, kept = set(), []
            for step in reversed(steps):
                names, makes = names_of(step), uids_of(step)
                if step is steps[-1] or makes & wanted or wide and names & wanted:
                    kept.append(step)
                    wanted |= names
            kept.reverse()
            if self.fails(kept):
                return kept
        return steps

    def leave_out(self, steps):
        size = max(1, len(steps) // 2)
        while True:
            before = len(steps)
            end = len(steps)
            while end > 0:
                start = max(0, end - size)
                fewer = steps[:start] + steps[end:]
                if fewer and self.fails(fewer):
                    steps = fewer
                end = start
            if size == 1 and len(steps) == before:
                return steps
            size = max(1, size // 2)

    # -- transactions

    def take_apart(self, steps):
        """A transaction as commands of its own, or with fewer items."""
        index = 0
        while index < len(steps):
            step = steps[index]
            if step["step"] == "transaction":
                flat = [dict(item, step="command", client=item.get("client", step["client"]), now=step["now"])
                        for item in commands_of(step)]
                tried = steps[:index] + flat + steps[index + 1:]
                if self.fails(tried):
                    steps = tried
                    continue
                steps = self.fewer_items(steps, index)
            index += 1
        return steps

    def fewer_items(self, steps, index):
        place = 0
        while place < len(steps[index]["items"]):
            items = steps[index]["items"]
            replacements = [items[:place] + items[place + 1:]]
            if "items" in items[place]:
                replacements.append(items[:place] + items[place]["items"] + items[place + 1:])
            for replacement in replacements:
                tried = steps[:index] + [dict(steps[index], items=replacement)] + steps[index + 1:]
                if self.fails(tried):
                    steps = tried
                    break
            else:
                place += 1
        return steps

    # -- fields

    def drop_fields(self, steps):
        for index in range(len(steps)):
            for plain in PLAIN:
                steps = self.replaced(steps, index, dict(steps[index], **plain))
            for name in [name for name in steps[index].get("command", ()) if name not in KEPT]:
                command = {field: value for field, value in steps[index]["command"].items() if field != name}
                steps = self.replaced(steps, index, dict(steps[index], command=command))
            if index:
                steps = self.replaced(steps, index, dict(steps[index], now=steps[index - 1].get("now")))
        return steps

    def replaced(self, steps, index, step):
        tried = steps[:index] + [step] + steps[index + 1:]
        return tried if step != steps[index] and self.fails(tried) else steps


def commands_of(step):
    for item in step.get("items", ()):
        if "items" in item:
            yield from commands_of(item)
        elif "command" in item:
            yield item


def parts_of(step):
    return list(commands_of(step)) if "items" in step else [step]


def uids_of(step):
    return {part["uid"] for part in parts_of(step) if "uid" in part}


def names_of(step):
    return {uid for part in parts_of(step) for uid in part.get("names", {}).values()}
