"""Draws build/bench/growth.json as docs/performance/growth.svg: what each work costs as the ledger grows.

Both axes are logarithmic, so a flat line costs the same at any size. Lines differ by mark and by name, not by colour
alone; the picture takes the reader's light or dark colours. Needs Python's standard library alone.
"""
import json
import math
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 940, 560, 80, 320, 40, 60
# Wong's palette, told apart also without red or green (Nature Methods 8, 441).
WORKS = [
    ("year", "a year's totals", "#D55E00", "square"),
    ("open", "opening the ledger", "#CC79A7", "diamond"),
    ("page", "first page of 50 unpaid invoices", "#0072B2", "circle"),
    ("far_page", "a page half-way", "#56B4E9", "cross"),
    ("durable", "one durable payment", "#009E73", "triangle"),
    ("day", "a day's totals", "#E69F00", "square"),
    ("batch", "a payment, 1,000 a commit", "#999999", "circle"),
    ("read", "a document with its status", "#882255", "triangle"),
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
    def __init__(self, points):
        sizes = [point["payments"] for point in points]
        values = [point[work][key] for point in points for work, *_ in WORKS for key in ("min", "max")]
        self.x_low, self.x_high = math.floor(math.log10(min(sizes))), math.ceil(math.log10(max(sizes)) - 0.01)
        self.y_low, self.y_high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        self.parts = []

    def x(self, payments):
        return LEFT + (math.log10(payments) - self.x_low) / max(1, self.x_high - self.x_low) * (WIDTH - LEFT - RIGHT)

    def y(self, seconds):
        share = (math.log10(seconds) - self.y_low) / (self.y_high - self.y_low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def add(self, text, *values):
        self.parts.append(text % values)

    def axes(self):
        for power in range(self.y_low, self.y_high + 1):
            y = self.y(10 ** power)
            self.add('<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>', LEFT, WIDTH - RIGHT, y, y)
            self.add('<text class="small" text-anchor="end" x="%d" y="%.1f">%s</text>', LEFT - 8, y + 4, unit(10.0 ** power))
        for power in range(self.x_low, self.x_high + 1):
            x = self.x(10 ** power)
            self.add('<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>', x, x, TOP, HEIGHT - BOTTOM)
            self.add('<text class="small" text-anchor="middle" x="%.1f" y="%d">%s</text>', x, HEIGHT - BOTTOM + 20,
                     format(10 ** power, ","))
        self.add('<line class="axis" x1="%d" x2="%d" y1="%d" y2="%d"/>', LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM, HEIGHT - BOTTOM)
        self.add('<text text-anchor="middle" x="%d" y="%d">payments in the ledger</text>', (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14)
        self.add('<text x="%d" y="%d">time of one operation (median; lines from least to greatest)</text>', 12, 24)

    def lines(self, points):
        labels = []
        for work, name, colour, shape in WORKS:
            places = [(self.x(point["payments"]), self.y(point[work]["median"])) for point in points]
            self.add('<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>', colour,
                     " ".join("%.1f,%.1f" % place for place in places))
            for (x, y), point in zip(places, points):
                self.add('<line stroke="%s" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>', colour, x, x,
                         self.y(point[work]["min"]), self.y(point[work]["max"]))
                self.parts.append(mark(shape, x, y, colour))
            labels.append([places[-1][1], places[-1], name, colour, points[-1][work]["median"]])
        self.names(labels)

    def names(self, labels):
        """Names stand beside their lines' ends, moved apart where they would overlap."""
        labels.sort()
        for above, below in zip(labels, labels[1:]):
            below[0] = max(below[0], above[0] + LABEL_GAP)
        for at, (x, y), name, colour, seconds in labels:
            self.add('<path d="M%.1f,%.1fL%.1f,%.1f" stroke="%s" fill="none"/>', x + 8, y, x + 24, at, colour)
            self.add('<text x="%.1f" y="%.1f">%s: %s</text>', x + 28, at + 4, name, unit(float("%.3g" % seconds)))

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" '
                       'aria-label="time of one operation by payments in the ledger">\n' % (WIDTH, HEIGHT))
            file.write("<style>%s</style>\n" % STYLE)
            file.write('<rect class="ground" width="%d" height="%d" fill="#fff"/>\n' % (WIDTH, HEIGHT))
            file.write("\n".join(self.parts) + "\n</svg>\n")


def main():
    source = sys.argv[1] if len(sys.argv) > 1 else "build/bench/growth.json"
    target = sys.argv[2] if len(sys.argv) > 2 else "docs/performance/growth.svg"
    with open(source, encoding="utf-8") as file:
        points = json.load(file)["points"]
    picture = Picture(points)
    picture.axes()
    picture.lines(points)
    picture.write(target)


main()
