"""Writes the table of closed forms into the manual: `python tests/closed_figures.py [LAYER ...]`, a row for each layer.

Times are those of the whole function, with the forward values that it recomputes, on the layer's sizes for `compare`.
They are measured here and checked nowhere: a test holds the other columns against what is found.
"""

import inspect
import sys
import time
from pathlib import Path

from backpropviz.code.derive import derive
from backpropviz.layers.library import layer_names, load
from backpropviz.study.closed.form import closed_form
from backpropviz.study.closed.scenes import scene
from backpropviz.study.closed.telling import proved_how

PAGE = Path(__file__).parents[1] / "backpropviz" / "manual" / "students.md"
BEGIN, END = "<!-- figures: python tests/closed_figures.py -->\n", "<!-- figures -->\n"
HEAD = "| layer | operations before | after | times faster | proved |\n|---|---|---|---|---|\n"


def seconds(code, name, given):
    """The shortest of a hundred calls with what the function takes of the given values."""
    scope = {}
    exec(code, scope)
    taken = {n: given[n] for n in inspect.signature(scope[name]).parameters if n in given}
    best = float("inf")
    for _ in range(100):
        start = time.perf_counter()
        scope[name](**taken)
        best = min(best, time.perf_counter() - start)
    return best


def columns(name):
    """What a row says but for the time, and the form; None where nothing is shorter."""
    form = closed_form(load(name))
    return ([name, str(form.before), str(form.after), proved_how(form)], form) if form.is_shorter else None


def row(name):
    """One line of the table; "" where nothing is shorter."""
    found = columns(name)
    if found is None:
        return ""
    (called, before, after, proof), form = found
    layer = load(name)
    shapes, _ = layer.case("compare")
    trace = layer.trace(shapes=shapes)
    given = scene(trace).arguments(form.program.listing)
    long, short = (seconds(code, form.program.listing.name, given) for code in (derive(trace), form.code))
    return f"| {called} | {before} | {after} | {long / short:.1f} | {proof} |\n"


def rows_on_the_page():
    """The columns of each row of the manual's table, by layer, without the time."""
    lines = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].split("\n")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {each[0]: [*each[:3], each[4]] for each in cells[1:]}


if __name__ == "__main__":
    made = []
    for each in sys.argv[1:] or layer_names():
        made.append(row(each))
        print(made[-1], end="", flush=True)
    if not sys.argv[1:]:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{HEAD}{''.join(made)}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
