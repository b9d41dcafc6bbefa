"""Draws build/bench/result.json as docs/performance/bench.svg: how near each side comes to the plain C program.

A row is a side's ratio in one work, its median with a line from the least round to the greatest. The axis is
logarithmic, so that half as fast looks alike anywhere. Every row bears its side's name and number, and sides differ by
mark; colour says nothing alone. The picture takes the reader's light or dark colours. Needs Python's standard library.
"""
import json
import math
import sys

TITLE = "Beside plain C over SQLite: 1 is as fast, 0.5 half as fast"
WIDTH, LEFT, RIGHT, TOP, BOTTOM = 900, 150, 150, 64, 74
ROW, GROUP_GAP, HEADING = 22, 16, 24
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)
# Wong's palette, told apart also without red or green (Nature Methods 8, 441).
MARKS = {
    "ledger": ("#0072B2", "circle"),
    "node": ("#E69F00", "square"),
    "python": ("#009E73", "triangle"),
    "luasql": ("#CC79A7", "diamond"),
}
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #222 }
.title { font-size: 17px; font-weight: 600 } .heading { font-weight: 600 } .small { font-size: 12px; fill: #555 }
.subject { font-weight: 600 } .end { text-anchor: end } .middle { text-anchor: middle }
.grid { stroke: #ddd } .limit { stroke: #555; stroke-width: 2 } .aim { stroke: #222; stroke-width: 2; fill: none }
@media (prefers-color-scheme: dark) {
  .ground { fill: #16181c } text { fill: #eee } .small { fill: #bbb } .grid { stroke: #3a3d42 }
  .limit { stroke: #aaa } .aim { stroke: #eee }
}
"""


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def inverse(spread):
    return {"median": 1 / spread["median"], "min": 1 / spread["max"], "max": 1 / spread["min"]}


def groups_of(result):
    """Gives each work's heading, its aim or None, and each side's spread. Latencies turn round: more is better."""
    groups = [(work["label"], work.get("aim"), work["ratio"]) for work in result["works"]
              if "arrivals_per_second" not in work]
    for work in result["works"]:
        if "arrivals_per_second" in work:
            spreads = {side: inverse(found["p99"]) for side, found in work["latency_ratio"].items()}
            heading = "p99 latency of payments that arrive, %s a second: plain C’s share of it" % (
                format(round(work["arrivals_per_second"]), ","))
            groups.append((heading, 1 / work["latency_aim"], spreads))
    return groups


def mark(shape, x, y, colour):
    if shape == "circle":
        return '<circle cx="%.1f" cy="%.1f" r="6" fill="%s"/>' % (x, y, colour)
    if shape == "square":
        return '<rect x="%.1f" y="%.1f" width="10" height="10" fill="%s"/>' % (x - 5, y - 5, colour)
    path = {"triangle": "m0,-6 6,11 -12,0z", "diamond": "m0,-7 6,7 -6,7 -6,-7z"}[shape]
    return '<path d="M%.1f,%.1f%s" fill="%s"/>' % (x, y, path, colour)


class Picture:
    def __init__(self, result):
        self.groups = groups_of(result)
        self.sides = [side for side in result["sides"] if side["id"] in MARKS]
        self.sides.sort(key=lambda side: list(MARKS).index(side["id"]))
        values = [value for _, aim, spreads in self.groups for side in self.sides if side["id"] in spreads
                  for value in (spreads[side["id"]]["min"], spreads[side["id"]]["max"], aim or 1)]
        self.low = max(tick for tick in TICKS if tick <= min(values + [0.5]))
        self.high = max(1.1, max(values) * 1.03)
        rows = sum(1 for _, _, spreads in self.groups for side in self.sides if side["id"] in spreads)
        self.bottom = TOP + rows * ROW + len(self.groups) * (HEADING + GROUP_GAP)
        self.height = self.bottom + BOTTOM
        self.parts = []

    def x(self, ratio):
        return LEFT + math.log(ratio / self.low) / math.log(self.high / self.low) * (WIDTH - LEFT - RIGHT)

    def add(self, text, *values):
        self.parts.append(text % values)

    def axis(self):
        self.add('<text class="title" x="16" y="28">%s</text>', TITLE)
        for tick in TICKS:
            if not self.low <= tick <= self.high:
                continue
            x, kind = self.x(tick), "limit" if tick == 1 else "grid"
            self.add('<line class="%s" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>', kind, x, x, TOP - 10, self.bottom)
            self.add('<text class="small middle" x="%.1f" y="%d">%g</text>', x, self.bottom + 18, tick)
        self.add('<text class="small middle" x="%.1f" y="%d">plain C</text>', self.x(1), TOP - 16)

    def aim(self, ratio, y):
        x = self.x(ratio)
        self.add('<path class="aim" d="M%.1f,%.1fv18m-4,-18h8m-8,18h8"/>', x, y - 9)

    def row(self, side, spread, y):
        colour, shape = MARKS[side["id"]]
        kind = "subject" if side["id"] == "ledger" else ""
        self.add('<text class="%s end" x="%d" y="%.1f">%s</text>', kind, LEFT - 14, y + 5, escaped(side["label"]))
        self.add('<line stroke="%s" stroke-width="3" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>', colour,
                 self.x(spread["min"]), self.x(spread["max"]), y, y)
        self.parts.append(mark(shape, self.x(spread["median"]), y, colour))
        self.add('<text class="%s" x="%d" y="%.1f">%.2f</text>', kind, WIDTH - RIGHT + 18, y + 5, spread["median"])
        self.add('<text class="small" x="%d" y="%.1f">%.2f–%.2f</text>', WIDTH - RIGHT + 60, y + 5, spread["min"],
                 spread["max"])

    def rows(self):
        y = TOP
        for heading, aim, spreads in self.groups:
            self.add('<text class="heading" x="16" y="%.1f">%s</text>', y + 16, escaped(heading))
            y += HEADING
            for side in self.sides:
                if side["id"] not in spreads:
                    continue
                if aim and side["id"] == "ledger":
                    self.aim(aim, y + ROW / 2)
                self.row(side, spreads[side["id"]], y + ROW / 2)
                y += ROW
            y += GROUP_GAP

    def notes(self, result):
        machine, documents = result["machine"], result["documents"]
        self.add('<path class="aim" d="M22,%dv14m-4,-14h8m-8,14h8"/>', self.bottom + 28)
        self.add('<text class="small" x="34" y="%d">the aim of the Lua API; marks are medians of %d rounds, lines go '
                 'from the least to the greatest</text>', self.bottom + 40, result["rounds"])
        self.add('<text class="small" x="16" y="%d">%s</text>', self.bottom + 60, escaped(
            "%s, %d CPUs, SQLite %s, %s; %s documents, %s where there is no locality" % (
                machine["cpu"], machine["cpus"], machine["sqlite"], machine["lua"], format(documents["clinic"], ","),
                format(documents["scattered"], ","))))

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" '
                       'aria-label="ratio to a plain C program, by work and side">\n' % (WIDTH, self.height))
            file.write("<style>%s</style>\n" % STYLE)
            file.write('<rect class="ground" width="%d" height="%d" fill="#fff"/>\n' % (WIDTH, self.height))
            file.write("\n".join(self.parts) + "\n</svg>\n")


def main():
    source = sys.argv[1] if len(sys.argv) > 1 else "build/bench/result.json"
    target = sys.argv[2] if len(sys.argv) > 2 else "docs/performance/bench.svg"
    with open(source, encoding="utf-8") as file:
        result = json.load(file)
    picture = Picture(result)
    picture.axis()
    picture.rows()
    picture.notes(result)
    picture.write(target)


main()
