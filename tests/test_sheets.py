"""Tables of every command at every width: no name and no number is broken, and what is left out is said."""

import io
import re

import numpy as np
import pytest
from rich.console import Console

from backpropviz.layers.library import load, load_summaries, operations
from backpropviz.show.tables import names, numbers
from backpropviz.show.tables.checks import checks
from backpropviz.show.tables.plain import Sheet, counted
from backpropviz.study.compare import Comparison, Contender
from backpropviz.study.gradcheck import Check, Report, gradcheck
from backpropviz.study.shapes import of_description, of_trace

WIDTHS = (40, 50, 60, 80, 120)
ROWS = [("alpha", 1.25, "here"), ("beta", 10.5, "there")]
NETWORK = "input 32x32x3, conv 12 3x3 pad 1, relu, pool 2x2 stride 2, fc 10, softmax"


def printed(renderable, width):
    stream = io.StringIO()
    Console(file=stream, width=width).print(renderable)
    lines = [line.rstrip() for line in stream.getvalue().split("\n")]
    assert max(map(len, lines)) <= width
    return "\n".join(lines)


def words(text):
    return re.findall(r"[\w.+-]+", text)


def timings():
    entries = [("conv_backward_two_loops", 8.1e-14, 3271.0, 1.0), ("the recorded steps", 0.0, 139.0, 23.5)]
    made = [Contender("backward", name, "", *figures, reported=2.0) for name, *figures in entries]
    return Comparison("conv", {"x": (4, 3, 16, 16), "w": (8, 3, 3, 3)}, 23, made)


TABLES = {
    "list": lambda: names.layers(load_summaries()),
    "operations": lambda: names.operations(operations()),
    "gradcheck": lambda: checks(gradcheck(load("conv").trace())),
    "compare": lambda: numbers.comparison(timings()),
    "shapes": lambda: numbers.volumes(of_trace(load("convnet").trace())),
    "network": lambda: numbers.volumes(of_description(NETWORK)),
}


@pytest.mark.parametrize("table", TABLES)
def test_no_word_is_broken_and_no_column_goes_unsaid(table):
    made = TABLES[table]()
    whole = printed(made, 400)
    for width in WIDTHS:
        text = printed(made, width)
        known = set(words(whole)) | {"left", "out", "for", "want", "of", "room"}
        assert set(words(text)) <= known
        if "for want of room" not in " ".join(text.split()):
            titles = {"layer", "operation", "gradient", "backward"}  # which blocks do without
            assert set(words(whole)) - titles <= set(words(text))


def test_a_table_is_narrowed_in_order():
    sheet = Sheet(("name", "largest error", "place"), ROWS, {1}, spare=(2,))
    assert printed(sheet, 40).split("\n")[0] == "name    largest error   place"
    assert printed(sheet, 25).split("\n")[:2] == ["        largest", "name      error   place"]
    narrow = printed(sheet, 18)
    assert "left out, for want\nof room: place" in narrow
    assert "there" not in narrow
    assert printed(sheet, 14).startswith("alpha\n  largest\n  error: 1.25\n  place: here\n\nbeta\n")


@pytest.mark.parametrize(
    ("passed", "verdict"),
    [
        ([True], "f: the gradient is right"),
        ([True, True], "f: both gradients are right"),
        ([True] * 3, "f: all 3 gradients are right"),
        ([False], "f: the gradient is wrong"),
        ([False, True, True], "f: 1 of 3 gradients is wrong"),
        ([False, False, True], "f: 2 of 3 gradients are wrong"),
    ],
)
def test_the_verdict_counts_as_people_do(passed, verdict):
    report = Report("f", 1e-5, 1e-5, [check(ok) for ok in passed])
    assert verdict in printed(checks(report), 200)


def check(passed):
    error = 0.0 if passed else 1.0
    return Check("x", "", (2,), 2, 2, 0, error, (0,), 1.0, 1.0 + error, passed)


def test_counted():
    assert [counted(number, "round") for number in (0, 1, 2, 1000)] == [
        "0 rounds",
        "1 round",
        "2 rounds",
        "1,000 rounds",
    ]


def test_without_windows_there_is_nothing_to_say_about_what_an_entry_sees():
    assert "sees" not in printed(numbers.volumes(of_trace(load("affine").trace())), 80)
    assert "sees" in printed(numbers.volumes(of_trace(load("conv").trace())), 80)
    assert np.array_equal(of_trace(load("affine").trace())[-1].field, (1, 1))
