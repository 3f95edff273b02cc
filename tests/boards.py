"""Measures boards as a paper on layout would: crossings, labels over other things, bends, area, the smallest text.

    python tests/boards.py [NAME ...]

prints the figures for every layer and for the users' functions below, beside those of Graphviz's own layout (`dot`) of
the same cards and edges.
"""

from __future__ import annotations

import re
import sys
from itertools import combinations, pairwise
from xml.etree import ElementTree

import numpy as np

import backpropviz as bp
from backpropviz.code.breaking import width
from backpropviz.draw.board.crossings import crossings, pieces_of
from backpropviz.draw.diagram import Diagram
from backpropviz.layers.library import layer_names

SVG = "{http://www.w3.org/2000/svg}"

# ---- users' functions ------------------------------------------------------------------------------------------------


def one_head(x, wq, wk, wv):
    # what every word looks for
    q = x @ wq
    # what every word offers
    k = x @ wk
    # what every word says
    v = x @ wv
    # how well they fit
    scores = q @ k.T / np.sqrt(q.shape[1])
    e = np.exp(scores)
    # weights that add up to one
    weights = e / np.sum(e, axis=1, keepdims=True)
    # a mixture of what was said
    out = weights @ v
    return out


def residual_block(x, w1, b1, w2, b2):
    # the way through two layers
    h = x @ w1 + b1
    a = np.maximum(0, h)
    f = a @ w2 + b2
    # and the way around them
    s = x + f
    out = np.maximum(0, s)
    return out


def recurrent(x, h0, wx, wh, b):
    h = h0
    for t in range(6):
        a = x[:, t] @ wx + h @ wh + b
        h = np.tanh(a)
    return h


def three_layers(x, w1, b1, w2, b2, w3, b3, y):
    z1 = x @ w1 + b1
    a1 = np.maximum(0, z1)
    z2 = a1 @ w2 + b2
    a2 = np.tanh(z2)
    scores = a2 @ w3 + b3
    e = np.exp(scores)
    p = e / np.sum(e, axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(len(y)), y]))
    return loss


def adam(w, g, m, v, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, t=3):
    next_m = b1 * m + (1 - b1) * g
    next_v = b2 * v + (1 - b2) * g**2
    mhat = next_m / (1 - b1**t)
    vhat = next_v / (1 - b2**t)
    next_w = w - lr * mhat / (np.sqrt(vhat) + eps)
    return next_w


SHAPES = {
    one_head: {"x": (4, 5), "wq": (5, 3), "wk": (5, 3), "wv": (5, 2)},
    residual_block: {"x": (4, 5), "w1": (5, 3), "b1": (3,), "w2": (3, 5), "b2": (5,)},
    recurrent: {"x": (2, 6, 3), "h0": (2, 4), "wx": (3, 4), "wh": (4, 4), "b": (4,)},
    three_layers: {"x": (4, 5), "w1": (5, 6), "b1": (6,), "w2": (6, 7), "b2": (7,), "w3": (7, 3), "b3": (3,)},
    adam: {"w": (3, 2), "g": (3, 2), "m": (3, 2), "v": (3, 2)},
}
USERS = {function.__name__: function for function in SHAPES}
NAMES = [*layer_names(), *USERS]


def traced(name, **settings):
    """The trace of a layer or of a user's function, with its backward pass."""
    if name in USERS:
        random = np.random.default_rng(0)
        inputs = {key: random.uniform(0.2, 1.5, shape) for key, shape in SHAPES[USERS[name]].items()}
        if name == "three_layers":
            inputs["y"] = np.array([0, 2, 1, 1])
        trace = bp.trace(USERS[name], **inputs, **settings)
    else:
        trace = bp.trace(name, **settings)
    trace.backward()
    return trace


# ---- boards ----------------------------------------------------------------------------------------------------------


def measure(drawing):
    """The figures of a drawing, as a dict."""
    wires = [wire for wire in drawing.wires if wire.owner != "legend"]
    black = [wire for wire in wires if wire.ink == "ink"]
    red = [wire for wire in wires if wire.ink == "red"]
    whole = [_whole(wire) for wire in red]
    boxes = _boxes(drawing)
    return {
        "black": sum(map(len, crossings(black, black).values())) // 2,
        "red-black": sum(map(len, crossings(whole, black).values())),
        "through": len(through(drawing)),
        "over": len(covered(drawing)),
        "bends": sum(len(wire.points) - 2 for wire in black),
        "area": used(boxes) / (drawing.width * drawing.height),
        "text": min((text.size for text in drawing.texts), default=0.0) * _reduced(drawing),
    }


def _reduced(drawing):
    """How much smaller a drawing is on a slide of 1600 by 900."""
    return min(1600 / drawing.width, 900 / drawing.height)


def _whole(wire):
    """A red wire without the gaps it has at crossings."""
    copy = type(wire)(wire.id, wire.owner, wire.ink, wire.points, wire.tail, wire.head)
    copy.lines = [wire.points]
    return copy


def used(boxes):
    """The area that boxes cover together."""
    left, top = (min(box[side] for box in boxes) for side in (0, 1))
    page = np.zeros((int(max(box[3] for box in boxes) - top) + 1, int(max(box[2] for box in boxes) - left) + 1), bool)
    for box in boxes:
        page[round(box[1] - top) : round(box[3] - top), round(box[0] - left) : round(box[2] - left)] = True
    return np.count_nonzero(page)


def _boxes(drawing):
    boxes = [_box_of(text) for text in drawing.texts]
    return [
        *boxes,
        *((s.x - s.width / 2, s.y - s.height / 2, s.x + s.width / 2, s.y + s.height / 2) for s in drawing.shapes),
    ]


def _box_of(text):
    """Where the letters of a text are: its height is that of capitals, a little more above and below."""
    return text.x, text.y - text.size * 0.42, text.x + width(text.text, text.size), text.y + text.size * 0.42


def through(drawing):
    """The wires that run through a gate or box: it begins and ends at others."""
    found = []
    shapes = [shape for shape in drawing.shapes if shape.kind not in ("badge", "end")]
    for wire in drawing.wires:
        for one, two in pieces_of(wire):
            found += [(wire.id, shape.owner) for shape in shapes if _enters(one, two, shape)]
    return found


def _enters(one, two, shape):
    """Whether a straight piece of a wire runs through a gate or box."""
    if shape.kind != "round":
        return _hits(one, two, _inner(shape, 2.0))
    (x1, y1), (x2, y2) = one, two
    along = ((shape.x - x1) * (x2 - x1) + (shape.y - y1) * (y2 - y1)) / max((x2 - x1) ** 2 + (y2 - y1) ** 2, 1e-9)
    part = min(1.0, max(0.0, along))
    x, y = x1 + part * (x2 - x1), y1 + part * (y2 - y1)
    return ((x - shape.x) ** 2 + (y - shape.y) ** 2) ** 0.5 < shape.width / 2 - 2


def _inner(shape, margin):
    return (
        shape.x - shape.width / 2 + margin, shape.y - shape.height / 2 + margin,
        shape.x + shape.width / 2 - margin, shape.y + shape.height / 2 - margin,
    )  # fmt: skip


def _hits(one, two, box):
    """Whether a straight line runs through a box (Liang and Barsky 1984: the part of it between the box's sides)."""
    left, high, right, low = box
    first, last = 0.0, 1.0
    for start, end, least, most in ((one[0], two[0], left, right), (one[1], two[1], high, low)):
        if start == end:
            if not least < start < most:
                return False
            continue
        inside = sorted(((least - start) / (end - start), (most - start) / (end - start)))
        first, last = max(first, inside[0]), min(last, inside[1])
    return first < last


def covered(drawing):
    """The texts that lie over another text, a wire, the line around a group, or a gate that is not their own; and
    badges over wires."""
    found = []
    texts = [(text, _box_of(text)) for text in drawing.texts]
    for (one, a), (two, b) in combinations(texts, 2):
        if _overlap(a, b):
            found.append((one.text, two.text))
    for wire in drawing.wires:
        for p, q in pieces_of(wire):
            found += [(text.text, wire.id) for text, box in texts if _hits(p, q, _thicker(box))]
    notes = [_inner(shape, 0.0) for shape in drawing.shapes if shape.kind == "words"]  # which hide what is below them
    bare = [(text, box) for text, box in texts if not any(_within(box, note) for note in notes)]
    for line in drawing.outlines:
        left, top, right, bottom = line.x, line.y, line.x + line.width, line.y + line.height
        corners = (left, top), (right, top), (right, bottom), (left, bottom), (left, top)
        for p, q in pairwise(corners):
            found += [(text.text, line.id) for text, box in bare if _hits(p, q, box)]
    for shape in drawing.shapes:
        if shape.kind == "end":
            continue
        edge = (
            shape.x - shape.width / 2,
            shape.y - shape.height / 2,
            shape.x + shape.width / 2,
            shape.y + shape.height / 2,
        )
        for text, box in texts:
            inside = _within(box, edge)
            apart = box[0] >= edge[2] or box[2] <= edge[0] or box[1] >= edge[3] or box[3] <= edge[1]
            if shape.kind == "badge" and not apart:
                apart = _off_circle(shape, box)
            if not inside and not apart and not _in_badge(drawing, text, shape):
                found.append((text.text, shape.owner))
    return found


def _within(box, other):
    return other[0] - 1 <= box[0] and box[2] <= other[2] + 1 and other[1] - 1 <= box[1] and box[3] <= other[3] + 1


def _overlap(one, two):
    return one[0] < two[2] - 0.5 and two[0] < one[2] - 0.5 and one[1] < two[3] - 0.5 and two[1] < one[3] - 0.5


def _thicker(box):
    """A box with half the thickness of a line around it."""
    left, high, right, low = box
    return left, high - 0.6, right, low + 0.6


def _off_circle(badge, box):
    """Whether a badge, whose ends are round, keeps off a box that its corners reach into."""
    radius = badge.height / 2
    left, right = badge.x - badge.width / 2 + radius, badge.x + badge.width / 2 - radius
    dx = max(box[0] - right, left - box[2], 0)
    dy = max(box[1] - badge.y, badge.y - box[3], 0)
    return dx * dx + dy * dy > (radius - 1) ** 2


def _in_badge(drawing, text, shape):
    """Whether a text is the number on a badge, which lies over the corner of its gate."""
    return any(
        badge.kind == "badge" and badge.owner == shape.owner == text.owner
        and abs(badge.x - text.x) < badge.width and abs(badge.y - text.y) < 1
        for badge in drawing.shapes
    )  # fmt: skip


def off_the_page(drawing):
    return [
        box for box in _boxes(drawing) if box[0] < 0 or box[1] < 0 or box[2] > drawing.width or box[3] > drawing.height
    ]


# ---- the same, laid out by dot ---------------------------------------------------------------------------------------


def measure_cards(diagram):
    """The figures of a row of cards, as Graphviz lays it out; a curve bends where two of its pieces meet."""
    graph = ElementTree.fromstring(diagram.svg())
    wide, high = (float(graph.get(side).removesuffix("pt")) for side in ("width", "height"))
    cards, wires = {}, []
    for group in graph.iter(f"{SVG}g"):
        if group.get("class") == "node":
            cards[group.findtext(f"{SVG}title")] = _box_around(next(group.iter(f"{SVG}path"), None), group)
        elif group.get("class") == "edge":
            ends = {end.split(":")[0] for end in group.findtext(f"{SVG}title").split("->")}
            path = next(group.iter(f"{SVG}path")).get("d")
            wires.append((group.get("id").split("_")[0], ends, (path.count(" ") + 1) // 3, _sampled(path)))
    written = [text for text in graph.iter(f"{SVG}text") if text.text != "▲"]
    texts = [_written(text) for text in written]
    black = [line for way, _, _, line in wires if way == "forward"]
    red = [line for way, _, _, line in wires if way == "backward"]
    return {
        "black": sum(_cross(one, two) for one, two in combinations(black, 2)),
        "red-black": sum(_cross(one, two) for one in red for two in black),
        "through": sum(
            _meets(line, _shrunk(card)) for _, ends, _, line in wires for id, card in cards.items() if id not in ends
        ),
        "over": sum(_meets(line, box) for _, _, _, line in wires for box in texts)
        + sum(_overlap(one, two) for one, two in combinations(texts, 2)),
        "bends": sum(pieces - 1 for way, _, pieces, _ in wires if way == "forward"),
        "area": used([*cards.values(), *texts]) / (wide * high),
        "text": min(float(text.get("font-size")) for text in written) * min(1600 / wide, 900 / high),
    }


def _box_around(outline, group):
    """The frame of a card; what has none is as large as what is written in it."""
    drawn = outline if outline is not None else next(group.iter(f"{SVG}polygon"), None)
    if drawn is None:
        boxes = [_written(text) for text in group.iter(f"{SVG}text")]
        return tuple(pick(side) for pick, side in zip((min, min, max, max), zip(*boxes)))
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", drawn.get("d") or drawn.get("points"))]
    return min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])


def _written(text):
    """Where the letters of a text of Graphviz are, which tells their base line."""
    left, base, size = (float(text.get(key)) for key in ("x", "y", "font-size"))
    return left, base - size * 0.74, left + width(text.text.strip(), size), base + size * 0.1


def _shrunk(box, margin=2.0):
    return box[0] + margin, box[1] + margin, box[2] - margin, box[3] - margin


def _meets(line, box):
    return any(_hits(one, two, box) for one, two in zip(line, line[1:]))


def _sampled(path):
    numbers = [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]
    points = [numbers[0]]
    for at in range(1, len(numbers) - 2, 3):
        p0, p1, p2, p3 = points[-1], *numbers[at : at + 3]
        for step in range(1, 9):
            t = step / 8
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            points.append(tuple(sum(w * p[axis] for w, p in zip(weights, (p0, p1, p2, p3))) for axis in (0, 1)))
    return points


def _cross(one, two):
    def side(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    count = 0
    for a, b in zip(one, one[1:]):
        for c, d in zip(two, two[1:]):
            count += side(a, b, c) * side(a, b, d) < -1e-6 and side(c, d, a) * side(c, d, b) < -1e-6
    return count


def figures(name):
    """A board's figures, and those of dot's layout in parentheses, as texts."""
    trace = traced(name)
    own, cards = measure(Diagram(trace).picture.drawing), measure_cards(Diagram(trace, style="cards"))
    return [name, *(f"{_short(key, own[key])} ({_short(key, cards[key])})" for key in HEADINGS[1:])]


def _short(key, figure):
    return f"{figure:.0%}" if key == "area" else f"{figure:.1f}" if key == "text" else str(figure)


HEADINGS = ["", "black", "red-black", "through", "over", "bends", "area", "text"]


def row(cells):
    """A row of the table as it stands in the manual."""
    return f"| {' | '.join(cells)} |"


def main(names):
    print(row(HEADINGS))
    print(row(["---"] + ["---:"] * (len(HEADINGS) - 1)))
    for name in names:
        print(row(figures(name)))
        drawing = Diagram(traced(name)).picture.drawing
        for found in (*through(drawing), *covered(drawing)):
            print("      ", found)


if __name__ == "__main__":
    main(sys.argv[1:] or NAMES)
