"""Draws build/bench/growth.json: what each work costs as the ledger grows (docs/performance/growth.svg), and what the
file, its verification and the memory cost beside what they cost in the smallest ledger (growth-ratio.svg).

Payments are on a logarithmic axis, and times too, so a flat line costs the same at any size. Lines differ by mark and by
name, not by colour alone; the pictures take the reader's light or dark colours. Needs Python's standard library alone.
"""
import json
import math
import sys

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 940, 80, 330, 40, 60
# Wong's palette, told apart also without red or green (Nature Methods 8, 441).
WORKS = [
    ("year", "a year's totals", "#D55E00", "square"),
    ("open", "opening the ledger", "#CC79A7", "diamond"),
    ("page", "first page of 50 unpaid invoices", "#0072B2", "circle"),
    ("page_1000", "the 1,000th page", "#56B4E9", "cross"),
    ("durable", "one durable payment", "#009E73", "triangle"),
    ("day", "a day's totals", "#E69F00", "square"),
    ("batch", "a payment, 1,000 a commit", "#999999", "circle"),
    ("read", "a document with its status", "#882255", "triangle"),
]
# What grows, as a number of a point, and how its last value reads.
RATIOS = [
    ("a payment, 1,000 a commit", lambda point: point["batch"]["median"], lambda v: "%.1f µs" % (v * 1e6), "#999999", "circle"),
    ("one durable payment", lambda point: point["durable"]["median"], lambda v: "%.0f µs" % (v * 1e6), "#009E73", "triangle"),
    ("verify, time an entry", lambda point: 1 / point["verify"]["entries_per_second"], lambda v: "%.1f µs" % (v * 1e6),
     "#D55E00", "square"),
    ("verify, peak memory", lambda point: point["verify"]["peak_bytes"], lambda v: "%.0f MB" % (v / 1e6), "#0072B2", "diamond"),
    ("commands, peak memory", lambda point: point["peak_bytes"], lambda v: "%.0f MB" % (v / 1e6), "#56B4E9",
     "cross"),
    ("file, bytes a payment", lambda point: point["file_bytes_per_payment"], lambda v: "%.0f" % v, "#882255", "triangle"),
]
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #222 }
.small { font-size: 12px; fill: #555 }
.grid { stroke: #ddd } .axis { stroke: #555 }
@media (prefers-color-scheme: dark) {
  .ground { fill: #16181c } text { fill: #eee } .small { fill: #bbb } .grid { stroke: #3a3d42 } .axis { stroke: #aaa }
}
"""
LABEL_GAP = 20


def unit(seconds):
    for factor, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= factor * 0.999:
            return "%g %s" % (round(seconds / factor, 6), name)
    return "%g ns" % (seconds * 1e9)


def mark(shape, x, y, colour):
    if shape == "circle":
        return '<circle cx="%.1f" cy="%.1f" r="5" fill="%s"/>' % (x, y, colour)
    if shape == "square":
        return '<rect x="%.1f" y="%.1f" width="9" height="9" fill="%s"/>' % (x - 4.5, y - 4.5, colour)
    paths = {"triangle": "m0,-6 6,11 -12,0z", "diamond": "m0,-7 6,7 -6,7 -6,-7z", "cross": "m-5,-5 10,10 m0,-10 -10,10"}
    return '<path d="M%.1f,%.1f%s" fill="%s" stroke="%s" stroke-width="2"/>' % (x, y, paths[shape], colour, colour)


class Picture:
    """A frame with payments along it, and lines whose names stand at their ends."""
    def __init__(self, points, low, high, height):
        sizes = [point["payments"] for point in points]
        self.x_low, self.x_high = math.floor(math.log10(min(sizes))), math.ceil(math.log10(max(sizes)) - 0.01)
        self.low, self.high, self.height, self.parts, self.labels = low, high, height, [], []

    def x(self, payments):
        return LEFT + (math.log10(payments) - self.x_low) / max(1, self.x_high - self.x_low) * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        return self.height - BOTTOM - (value - self.low) / (self.high - self.low) * (self.height - TOP - BOTTOM)

    def add(self, text, *values):
        self.parts.append(text % values)

    def axes(self, title, steps):
        for value, text in steps:
            y = self.y(value)
            self.add('<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>', LEFT, WIDTH - RIGHT, y, y)
            self.add('<text class="small" text-anchor="end" x="%d" y="%.1f">%s</text>', LEFT - 8, y + 4, text)
        bottom = self.height - BOTTOM
        for power in range(self.x_low, self.x_high + 1):
            x = self.x(10 ** power)
            self.add('<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>', x, x, TOP, bottom)
            self.add('<text class="small" text-anchor="middle" x="%.1f" y="%d">%s</text>', x, bottom + 20,
                     format(10 ** power, ","))
        self.add('<line class="axis" x1="%d" x2="%d" y1="%d" y2="%d"/>', LEFT, WIDTH - RIGHT, bottom, bottom)
        self.add('<text text-anchor="middle" x="%d" y="%d">payments in the ledger</text>', (LEFT + WIDTH - RIGHT) / 2,
                 self.height - 14)
        self.add('<text x="%d" y="%d">%s</text>', 12, 24, title)

    def line(self, places, colour, shape, name):
        self.add('<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>', colour,
                 " ".join("%.1f,%.1f" % place for place in places))
        for x, y in places:
            self.parts.append(mark(shape, x, y, colour))
        self.labels.append([places[-1][1], places[-1], name, colour])

    def names(self):
        """Names stand beside their lines' ends, moved apart where they would overlap."""
        self.labels.sort()
        for above, below in zip(self.labels, self.labels[1:]):
            below[0] = max(below[0], above[0] + LABEL_GAP)
        # What would stand below the frame pushes the others up.
        for below, above in zip(self.labels[::-1], [None] + self.labels[::-1]):
            below[0] = min(below[0], above[0] - LABEL_GAP if above else self.height - BOTTOM)
        for at, (x, y), name, colour in self.labels:
            self.add('<path d="M%.1f,%.1fL%.1f,%.1f" stroke="%s" fill="none"/>', x + 8, y, x + 24, at, colour)
            self.add('<text x="%.1f" y="%.1f">%s</text>', x + 28, at + 4, name)

    def write(self, path, label):
        self.names()
        with open(path, "w", encoding="utf-8") as file:
            file.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">\n'
                       % (WIDTH, self.height, label))
            file.write("<style>%s</style>\n" % STYLE)
            file.write('<rect class="ground" width="%d" height="%d" fill="#fff"/>\n' % (WIDTH, self.height))
            file.write("\n".join(self.parts) + "\n</svg>\n")


def draw_times(points, path):
    values = [point[work][key] for point in points for work, *_ in WORKS for key in ("min", "max")]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    picture = Picture(points, low, high, 560)
    picture.axes("time of one operation (median; lines from least to greatest)",
                 [(power, unit(10.0 ** power)) for power in range(low, high + 1)])
    for work, name, colour, shape in WORKS:
        for point in points:
            x = picture.x(point["payments"])
            picture.add('<line stroke="%s" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>', colour, x, x,
                        picture.y(math.log10(point[work]["min"])), picture.y(math.log10(point[work]["max"])))
        last = points[-1][work]["median"]
        picture.line([(picture.x(point["payments"]), picture.y(math.log10(point[work]["median"]))) for point in points],
                     colour, shape, "%s: %s" % (name, unit(float("%.3g" % last))))
    picture.write(path, "time of one operation by payments in the ledger")


def draw_ratios(points, path):
    values = [value(point) / value(points[0]) for point in points for _, value, *_ in RATIOS]
    high = math.ceil(max(values + [1.5]) * 4) / 4
    picture = Picture(points, 0, high, 460)
    picture.axes("times what it is in the smallest ledger", [(i / 4, "%g" % (i / 4)) for i in range(0, int(high * 4) + 1)])
    for name, value, show, colour, shape in RATIOS:
        first = value(points[0])
        picture.line([(picture.x(point["payments"]), picture.y(value(point) / first)) for point in points], colour, shape,
                     "%s: %s" % (name, show(value(points[-1]))))
    picture.write(path, "cost beside the smallest ledger by payments in the ledger")


def main():
    source = sys.argv[1] if len(sys.argv) > 1 else "build/bench/growth.json"
    folder = sys.argv[2] if len(sys.argv) > 2 else "docs/performance"
    with open(source, encoding="utf-8") as file:
        points = json.load(file)["points"]
    draw_times(points, folder + "/growth.svg")
    draw_ratios(points, folder + "/growth-ratio.svg")


main()
