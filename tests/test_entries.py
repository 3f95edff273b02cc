"""Single entries: rows of the Jacobian against differences, and what is printed against the value."""

import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import backpropviz as bp
from backpropviz import cli
from backpropviz.errors import InputError
from backpropviz.layers.library import layer_names, load
from backpropviz.show import entries as page
from backpropviz.study.elements import elements
from backpropviz.study.entries import Entries
from backpropviz.study.expressions import Number, Product, Sum, added, in_numbers, write
from backpropviz.study.rows import looked_at, row
from backpropviz.study.symbolic import entry_name

USERS = Path(__file__).parent / "users.py"
NAMES = [*layer_names(), *(f"{USERS}:{name}" for name in ("one_head", "residual", "reused", "normed", "numbered"))]
FUNCTIONS = {"max": max, "min": min}


def traced(name, seed=0):
    layer = load(name)
    shapes, given = layer.case("entries")
    trace = layer.trace(given, shapes=shapes, seed=seed)
    trace.backward(seed=seed)
    return trace


def places(node, count, rng):
    return {tuple(int(rng.integers(size)) for size in node.shape) for _ in range(count)}


def value_of(text):
    return eval(text, {**vars(np), **FUNCTIONS})


def equations(text, name):
    """What a page prints an entry to be equal to, in numbers: the expressions, and what they come to."""
    for block in text.split("\n\n"):
        parts = re.sub(r" [\d,]+ terms$", "", " ".join(block.split())).split(" = ")
        if parts[0] == name:
            yield from parts[2:] or parts[1:]


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_those_of_the_jacobian(name):
    """An entry of the output moves as its row says when an input is moved, in a random direction."""
    trace, rng, h = traced(name), np.random.default_rng(1), 1e-6
    output = trace.outputs[0]
    chosen = places(output, 4, rng)
    ends = [node for node in trace.inputs.values() if node.carries_gradient]
    rows = {place: row(output, place, ends) for place in chosen}
    for name_, node in trace.inputs.items():
        if node not in ends:
            continue
        start, way = node.value.copy(), rng.normal(size=node.shape)
        moved = []
        for sign in (1, -1):
            trace.replay(**{name_: start + sign * h * way})
            moved.append(output.value.copy())
        trace.replay(**{name_: start})
        for place in chosen:
            slope = (moved[0][place] - moved[1][place]) / (2 * h)
            along = float((rows[place][node] * way).sum()) if node in rows[place] else 0.0
            assert along == pytest.approx(slope, rel=2e-5, abs=2e-7)


@pytest.mark.costly
@pytest.mark.parametrize("name", NAMES)
def test_what_is_printed_gives_the_entry_again(name):
    trace, rng = traced(name), np.random.default_rng(2)
    entries = Entries(trace)
    output = trace.outputs[0].name or "out"
    gradients = [f"d{its}" for its, node in trace.inputs.items() if node.gradient is not None]
    read = 0
    for what in (output, *gradients):
        for place in places(entries.nodes[what], 10, rng):
            story = entries.story(f"{what}[{','.join(map(str, place))}]" if place else what)
            printed = io.StringIO()
            Console(file=printed, width=80, highlight=False).print(page.entry(story, "x", 80, digits=17))
            for text in equations(printed.getvalue(), str(story.entry)):
                read += 1
                assert value_of(text) == pytest.approx(story.entry.value, rel=1e-12, abs=1e-15)
    assert read >= 5


@pytest.mark.costly
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("lstm", "conv_naive")])
def test_every_value_and_gradient_can_be_asked_for(name):
    trace, rng = traced(name), np.random.default_rng(3)
    entries = Entries(trace)
    for what, node in entries.nodes.items():
        if node.value.dtype.kind != "f":
            continue
        for place in places(node, 1, rng):
            story = entries.story(f"{what}[{','.join(map(str, place))}]" if place else what)
            for expression in (story.own, story.through, story.choice):
                if expression is not None:
                    found = value_of(write(expression, in_numbers(17)))
                    assert found == pytest.approx(story.entry.value, rel=1e-11, abs=1e-14)


def test_a_wrong_expression_would_be_seen():
    """The test above can fail: a term less is another number."""
    story = Entries(traced("affine")).story("out[0,0]")
    text = write(story.through, in_numbers(17)).rpartition(" + ")[0]
    assert value_of(text) != pytest.approx(story.entry.value, rel=1e-6)


def test_convolution_is_told_in_its_inputs():
    story = Entries(traced("conv")).story("dx[0,0,1,1]")
    assert write(story.best) == (
        "dout[0, 0, 0, 0] * w[0, 0, 1, 1] + dout[0, 0, 0, 1] * w[0, 0, 1, 0] + "
        "dout[0, 0, 1, 0] * w[0, 0, 0, 1] + dout[0, 0, 1, 1] * w[0, 0, 0, 0]"
    )
    out = Entries(traced("conv")).story("out[0,0,1,0]")
    assert write(out.best).startswith("x[0, 0, 1, 0] * w[0, 0, 0, 0] + ")
    assert write(out.best).endswith(" + b[0]")


def test_the_winner_of_a_window_gets_all_and_the_losers_are_named():
    trace = traced("maxpool")
    story = Entries(trace).story("out[0,0,1,1]")
    window = trace.inputs["x"].value[0, 0, 2:, 2:]
    winner = tuple(int(i) + 2 for i in np.unravel_index(window.argmax(), window.shape))
    assert write(story.best).startswith("max(x[0, 0, 2, 2], x[0, 0, 2, 3], ")
    assert np.argwhere(story.goes_to["x"]).tolist() == [[0, 0, *winner]]
    assert story.goes_to["x"][(0, 0, *winner)] == story.gradient.value
    assert np.count_nonzero(story.seen["x"]) == 4


def test_without_a_place_the_entry_with_the_most_terms_is_told():
    trace = traced("conv")
    story = Entries(trace).story("dx")
    most = max(len(_terms(Entries(trace), place)) for place in np.ndindex(trace.inputs["x"].shape))
    assert len(story.through.products) == most


def _terms(entries, place):
    through = entries.story(f"dx[{','.join(map(str, place))}]").through
    return through.products if through is not None else ()


def test_a_local_jacobian_holds_the_other_operands_still():
    trace = traced("batchnorm")
    matrices = Entries(trace).jacobians("xhat")
    assert set(matrices) == {"xhat by xmu", "xhat by ivar"}
    ivar = trace["ivar"].value
    assert np.allclose(matrices["xhat by xmu"], np.diag(np.tile(ivar, len(trace["xmu"].value))))
    with pytest.raises(InputError, match="the Jacobian of tripled has 100 x 100 entries"):
        Entries(bp.trace(_tripled, x=np.ones(100))).jacobians("1")


def _tripled(x):
    tripled = 3.0 * x
    return tripled


def test_losers_are_found_by_what_an_operation_looks_at():
    x = np.array([[1.0, -2.0, 0.5], [3.0, 4.0, -5.0]])
    trace = bp.trace(lambda x: np.where(x > 0, x, 0.1 * x).max(axis=1), x=x)
    mask = looked_at(trace.outputs[0], (1,), trace.inputs.values())
    assert mask[trace.inputs["x"]].tolist() == [[False] * 3, [True] * 3]


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("dq", "there is no value 'dq'"),
        ("dx[0,9]", "dx has shape (4, 3)"),
        ("dx[0]", "dx has shape"),
        ("d x", "--entry d x"),
    ],
)
def test_what_is_not_there_is_refused(asked, seen):
    with pytest.raises(InputError, match=re.escape(seen)):
        Entries(traced("batchnorm")).story(asked)


def test_the_same_from_the_command_line_and_from_python(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["backpropviz", "show", "conv", "--entry", "dx[0,0,1,1]", "--json"])
    with pytest.raises(SystemExit):
        cli.main()
    record = json.loads(capsys.readouterr().out)
    assert (record["format"], record["index"]) == ("backpropviz/entry", [0, 0, 1, 1])
    assert value_of(record["through"]["numbers"]) == pytest.approx(record["value"], rel=1e-13)
    trace = bp.trace("conv")
    trace.backward()
    assert trace.entry("dx", (0, 0, 1, 1)).entry.value == trace.grad["x"][0, 0, 1, 1]


@pytest.mark.parametrize("name", ["conv", "affine", "batchnorm"])
def test_the_formulas_of_elements_are_the_same_numbers(name):
    """Multiplied out in symbols, or followed back along the record: every entry comes to the same."""
    layer = load(name)
    shapes, given = layer.case("elements")
    shapes = shapes or {"x": (2, 3), "w": (3, 2)}
    trace = layer.trace(given, shapes=shapes)
    trace.backward()
    report = elements(trace)
    known = {setting: float(value) for setting, value in trace.settings.items() if isinstance(value, float)}
    arrays = {report.letters[its]: node.value for its, node in trace.inputs.items()}
    arrays[report.letters["dout"]] = next(iter(trace.upstream.values())).value
    for letter, array in arrays.items():
        known |= {entry_name(letter, index, array.shape): float(array[index]) for index in np.ndindex(array.shape)}
    entries = Entries(trace)
    for array in (*report.outputs, *report.gradients):
        letter = {letter: its for its, letter in report.letters.items()}
        what = "out" if array.name == report.letters["out"] else f"d{letter[array.name.removeprefix('d')]}"
        for index, (_, formula) in zip(np.ndindex(array.shape), array.rows):
            text = f"{what}[{','.join(map(str, index))}]" if index else what
            assert eval(formula, {**vars(np), **known}) == pytest.approx(entries.story(text).entry.value, rel=1e-8)


def test_a_sum_in_a_sum_is_opened_and_a_mean_stays_whole():
    both = (Product((Number(1.0),)), Product((Number(2.0),), -1))
    assert added((Product((added(both),), -1),)) == Sum((Product((Number(1.0),), -1), Product((Number(2.0),))))
    mean = added(both, 2)
    assert added((Product((mean,)),)) == Sum((Product((mean,)),))
