"""Forward listings as texts on backpropagation print them, with their calls, idioms and loops, through every command.

A file in `texts/` is one listing, or a text's functions together. Nothing in it is there for the tool: no sample, no
setting, no import in a bare listing.
"""

import ast
import copy
import re
from pathlib import Path

import numpy as np
import pytest

from backpropviz.code.derive import derive
from backpropviz.code.rolled import rolled
from backpropviz.draw.diagram import Diagram
from backpropviz.layers.library import load
from backpropviz.study.gradcheck import gradcheck
from tests.boards import covered
from tests.test_cli import run  # noqa: F401

TEXTS = Path(__file__).parent / "texts"
PIXELS = ("text_003.py:conv_forward_naive", "text_002_four_loops.py")
SHAPES = {"x": (2, 3, 4, 5), "w": (4, 3, 3, 2)}  # hundreds of rounds are enough
SETTINGS = {
    "text_000_conv.py:rows_to_maps": [{"C": 1}],
    "text_004.py:pool_forward": [{"mode": "average"}],
}


def listings():
    """Every function of the texts, and every bare listing, by text and name."""
    for file in sorted(TEXTS.glob("*.py")):
        functions = [node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)]
        yield from (f"{file.name}:{name}" for name in functions)
        if not functions:
            yield file.name


LISTINGS = list(listings())


def test_these_are_the_listings():
    assert len(LISTINGS) == 18


@pytest.mark.costly
@pytest.mark.parametrize("spec", LISTINGS)
@pytest.mark.parametrize("command", ["show", "gradcheck", "derive", "export"])
def test_a_listing_goes_through(spec, command, run):  # noqa: F811
    options = ["-o", "out.svg"] if command == "export" else []
    if spec in PIXELS:
        options += ["--shape", "x=2,3,4,5", "--shape", "w=4,3,3,2"]
    result = run(command, f"{TEXTS}/{spec}", *options)
    assert result.code == 0, result.err
    if command == "gradcheck":
        assert "right" in result.out
    if command == "derive":
        ast.parse(result.out)
    if command == "export":
        assert Path("out.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("spec", "shapes"),
    [
        ("text_000_conv.py:patches_to_rows", {"image": (2, 4, 3), "hh": 2, "ww": 3}),
        ("text_000_conv.py:rows_to_maps", {"scores": (18, 3), "height": 2, "width": 3, "C": 3}),
        ("text_002_four_loops.py", {"x": (2, 3, 7, 8), "w": (6, 3, 5, 4), "b": (6,), "F": 6, "HH": 5, "WW": 4, "H": 7}),
        ("text_002_two_loops.py", {"framed": (2, 3, 7, 8), "out": (2, 6, 2, 3), "down": 2, "across": 3, "C": 3}),
        ("text_003.py:conv_forward_naive", {"x": (2, 3, 7, 8), "w": (6, 3, 5, 4), "b": (6,)}),
        ("text_004.py:pool_forward", {"x": (2, 4, 6, 8)}),
    ],
)
def test_what_counts_is_a_number_that_fits(spec, shapes):
    sample = load(f"{TEXTS}/{spec}").sample()
    assert {name: getattr(sample[name], "shape", sample[name]) for name in shapes} == shapes


@pytest.mark.costly
@pytest.mark.parametrize(
    ("spec", "settings"), [(spec, settings) for spec in LISTINGS for settings in [{}, *SETTINGS.get(spec, [])]]
)
def test_values_and_gradients_are_those_of_the_function(spec, settings):
    layer = load(f"{TEXTS}/{spec}")
    trace = layer.trace(settings, shapes=SHAPES if spec in PIXELS else None)
    if "def " in (TEXTS / spec.partition(":")[0]).read_text():
        given = {name: node.value.copy() for name, node in trace.inputs.items()}
        returned = layer.function(**given, **copy.deepcopy({**trace.settings, **settings}))
        first = returned[0] if isinstance(returned, tuple) else returned
        np.testing.assert_array_equal(first, trace.output)
    trace.backward()
    report = gradcheck(trace)
    assert report.passed
    assert not any(check.unchecked for check in report.checks)
    scope, code = {}, rolled(trace) if trace.loops else None
    exec(derive(trace), scope)
    constants = code.constants if code else {}
    name = next(name for name in scope if name.endswith("_backward"))
    inputs = [node.value for name, node in trace.inputs.items()]
    found = scope[name](trace.dout, *inputs, **constants)
    for mine, grad in zip(found if isinstance(found, tuple) else (found,), trace.grad.values(), strict=True):
        np.testing.assert_allclose(mine, grad, rtol=1e-10, atol=1e-10)


def test_what_loops_fill_in_is_what_one_product_gives():
    shapes = {"x": (2, 3, 5, 6), "w": (4, 3, 3, 2)}
    conv = load("conv")
    for spec in ("text_000_conv.py:conv_forward", "text_003.py:conv_forward_naive"):
        loops = load(f"{TEXTS}/{spec}").trace({"conv_param": {"stride": 2, "pad": 1}}, shapes=shapes)
        whole = conv.trace({**{n: v.value for n, v in loops.inputs.items()}, "stride": 2, "pad": 1})
        np.testing.assert_allclose(loops.output, whole.output, atol=1e-12)
        dout = np.random.default_rng(0).normal(size=whole.output.shape)
        for mine, its in zip(loops.backward(dout).values(), whole.backward(dout).values(), strict=True):
            np.testing.assert_allclose(mine, its, atol=1e-12)


def test_a_listing_over_pixels_has_its_last_output():
    trace = load(f"{TEXTS}/text_002_four_loops.py").trace(shapes=SHAPES)
    x, w, b = (trace[name].value for name in "xwb")
    whole = load("conv").trace({"x": x, "w": w, "b": b, "pad": 1})
    np.testing.assert_allclose(trace.output, whole.output, atol=1e-12)


def test_a_mask_has_no_gradient_and_says_so(run):  # noqa: F811
    for command in ("gradcheck", "derive"):
        result = run(command, f"{TEXTS}/text_004.py:relu", "--set", "slope=True")
        assert result.code == 2
        assert "no input of relu gets a gradient" in result.err


def test_a_loop_that_fills_entries_through_views_is_drawn_once():
    trace = load(f"{TEXTS}/text_003.py:conv_forward_naive").trace()
    trace.backward()
    diagram = Diagram(trace)
    assert len(diagram.circuit.vertices) < 12
    formulas = " ".join(edge.formula for edge in diagram.circuit.backward)
    assert "dframed[:, i : i + HH, j : j + WW] += dpart" in formulas
    assert not re.search(r"_\d", formulas)  # no name of another round
    drawn = diagram.picture.drawing
    assert [outline.title[0].split(" in ")[0] for outline in drawn.outlines] == ["for n", "for f", "for i", "for j"]
    assert not covered(drawn)  # no wire runs through a title


def test_a_loop_over_lengths_that_a_round_measures_stays_a_loop():
    trace = load(f"{TEXTS}/text_003.py:conv_forward_naive").trace()
    trace.backward()
    code = derive(trace)
    assert "for j in reversed(range(0, W + 2 * pad - WW + 1, stride)):" in code
    assert "written out" not in code
