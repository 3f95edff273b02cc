"""Writes the table of `backpropviz list --closed-forms` into the manual: `python tests/closed_figures.py [LAYER ...]`.

Times are measured here and checked nowhere: a test holds the other columns against what is found. With names, only the
rows of these layers are made anew.
"""

import sys
from pathlib import Path

from backpropviz.errors import InputError
from backpropviz.layers.library import layer_names, load
from backpropviz.study.closed.table import HEAD, row

PAGE = Path(__file__).parents[1] / "backpropviz" / "manual" / "students.md"
BEGIN, END = "<!-- figures: python tests/closed_figures.py -->\n", "<!-- figures -->\n"


def columns(name, timed=False):
    """The cells of a row; None where nothing is shorter, or the layer is too long."""
    try:
        found = row(load(name), timed)
    except InputError:
        return None
    return list(found.cells) if found.proved else None


def rows_on_the_page():
    """The cells of each row of the manual's table, by layer."""
    lines = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].split("\n")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {each[0]: each for each in cells[1:]}


def without_time(cells):
    return cells and [*cells[:3], cells[4]]


def lined(cells):
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    rows = rows_on_the_page()
    for each in sys.argv[1:] or layer_names():
        rows[each] = columns(each, timed=True)
        print(lined(rows[each]) if rows[each] else "", end="", flush=True)
    table = [lined(HEAD), "|---" * len(HEAD) + "|\n", *(lined(rows[n]) for n in layer_names() if rows.get(n))]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{''.join(table)}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
