"""Formulas in entries: the textbook case word for word, and every layer's formulas with numbers put in."""

import re
import sys

import numpy as np
import pytest
import sympy

import backpropviz as bp
from backpropviz.engine.named import plain
from backpropviz.errors import InputError, LayerError, TraceError
from backpropviz.layers.library import load
from backpropviz.study.elements import LARGEST, elements
from backpropviz.study.symbolic import entry_name

CASE = {"x": (1, 1, 3, 3), "w": (1, 1, 2, 2)}


def report(name, shapes, settings=None):
    trace = load(name).trace(settings, shapes=shapes)
    trace.backward()
    return trace, elements(trace)


def rows(report):
    return {name: formula for part in (*report.outputs, *report.gradients) for name, formula in part.rows}


# ---- the 3x3 image and the 2x2 filter --------------------------------------------------------------------------------

FORMULAS = {
    "z11": "a11*w11 + a12*w12 + a21*w21 + a22*w22 + b",
    "z12": "a12*w11 + a13*w12 + a22*w21 + a23*w22 + b",
    "z21": "a21*w11 + a22*w12 + a31*w21 + a32*w22 + b",
    "z22": "a22*w11 + a23*w12 + a32*w21 + a33*w22 + b",
    "da11": "d11*w11",
    "da12": "d11*w12 + d12*w11",
    "da13": "d12*w12",
    "da21": "d11*w21 + d21*w11",
    "da22": "d11*w22 + d12*w21 + d21*w12 + d22*w11",
    "da23": "d12*w22 + d22*w12",
    "da31": "d21*w21",
    "da32": "d21*w22 + d22*w21",
    "da33": "d22*w22",
    "dw11": "a11*d11 + a12*d12 + a21*d21 + a22*d22",
    "dw12": "a12*d11 + a13*d12 + a22*d21 + a23*d22",
    "dw21": "a21*d11 + a22*d12 + a31*d21 + a32*d22",
    "dw22": "a22*d11 + a23*d12 + a32*d21 + a33*d22",
    "db": "d11 + d12 + d21 + d22",
}


def test_the_case_of_the_textbooks():
    assert rows(report("conv", CASE)[1]) == FORMULAS


def test_the_gradients_are_the_derivatives_of_the_outputs():
    """Not the engine's word for it: SymPy differentiates sum(d * z) itself."""
    formulas = {name: sympy.sympify(text) for name, text in rows(report("conv", CASE)[1]).items()}
    total = sum(sympy.Symbol(f"d{i}{j}") * formulas[f"z{i}{j}"] for i in (1, 2) for j in (1, 2))
    for name, formula in formulas.items():
        if name.startswith("d"):
            assert sympy.expand(sympy.diff(total, sympy.Symbol(name[1:])) - formula) == 0


def test_dx_is_a_convolution_with_the_rotated_filter():
    rotated = report("conv", CASE)[1].rotated
    assert rotated.filter == [["w22", "w21"], ["w12", "w11"]]
    assert rotated.deltas == [list("0000"), ["0", "d11", "d12", "0"], ["0", "d21", "d22", "0"], list("0000")]
    assert rotated.gradient == [[FORMULAS[f"da{i}{j}"] for j in (1, 2, 3)] for i in (1, 2, 3)]


def slid(deltas, window):
    """The window's sum of products at every place of the deltas: convolution as the field means it."""
    deltas, window = (np.array([[sympy.sympify(cell) for cell in row] for row in part]) for part in (deltas, window))
    hh, ww = window.shape
    return [
        [sympy.expand(np.sum(deltas[i : i + hh, j : j + ww] * window)) for j in range(deltas.shape[1] - ww + 1)]
        for i in range(deltas.shape[0] - hh + 1)
    ]


@pytest.mark.parametrize(
    ("x", "w", "pad"),
    [
        ((3, 3), (2, 2), 0),
        ((4, 3), (2, 3), 0),
        ((2, 4), (1, 3), 0),
        ((3, 3), (2, 2), 1),
        ((3, 2), (2, 3), 1),
        ((3, 3), (2, 2), (0, 1)),
        ((2, 3), (1, 2), (2, 0)),
    ],
)
def test_the_rotated_filter_with_padding_and_rectangles(x, w, pad):
    rotated = report("conv", {"x": (1, 1, *x), "w": (1, 1, *w)}, {"pad": pad})[1].rotated
    (up, left) = pad if isinstance(pad, tuple) else (pad, pad)
    places = slid(rotated.deltas, rotated.filter)
    inner = [row[left : left + x[1]] for row in places[up : up + x[0]]]
    assert [[sympy.sympify(cell) for cell in row] for row in rotated.gradient] == inner


@pytest.mark.parametrize(
    ("shapes", "settings"),
    [
        ({"x": (1, 2, 3, 3), "w": (1, 2, 2, 2)}, {}),
        ({"x": (2, 1, 3, 3), "w": (1, 1, 2, 2)}, {}),
        ({"x": (1, 1, 3, 3), "w": (2, 1, 2, 2)}, {}),
        (CASE, {"stride": 2}),
    ],
)
def test_the_rotated_filter_is_shown_only_where_it_is_that_simple(shapes, settings):
    assert report("conv", shapes, settings)[1].rotated is None


def test_no_rotated_filter_for_other_layers():
    assert report("affine", {"x": (2, 2), "w": (2, 2)})[1].rotated is None


# ---- every layer with formulas ---------------------------------------------------------------------------------------


def value_of(formula, numbers):
    """A printed formula's value; [a > b] is 1 or 0."""
    known = {name: getattr(np, name) for name in ("sqrt", "exp", "log", "tanh", "sign")} | {"max": max, "min": min}
    return float(eval(re.sub(r"\[(.*?)\]", r"float(\1)", formula), {}, {**known, "abs": abs, **numbers}))


@pytest.mark.parametrize(
    ("name", "shapes", "settings"),
    [
        ("relu", {"x": (2, 3)}, {}),
        ("maxpool", {"x": (1, 2, 4, 2)}, {}),
        ("maxpool", {"x": (1, 1, 3, 3)}, {"window": 2, "stride": 1}),
        ("svm_loss", {"x": (2, 2)}, {}),
        ("conv", CASE, {}),
        ("conv", {"x": (2, 2, 3, 2), "w": (2, 2, 2, 1)}, {"stride": (2, 1), "pad": (1, 0)}),
        ("conv_same", {"x": (1, 3, 2, 1), "w": (3, 1, 1, 2)}, {}),
        ("affine", {"x": (2, 3, 2), "w": (6, 2)}, {}),
        ("avgpool", {"x": (1, 2, 4, 2)}, {}),
        ("batchnorm", {"x": (3, 1)}, {}),
        ("batchnorm", {"x": (2, 2)}, {"mode": "test"}),
        ("layernorm", {"x": (2, 2)}, {}),
        ("groupnorm", {"x": (1, 2, 1, 2)}, {"G": 1}),
        ("spatial_batchnorm", {"x": (1, 2, 1, 2)}, {}),
        ("dropout", {"x": (2, 3)}, {}),
        ("gate", {"x": (2,)}, {}),
        ("sigmoid", {"x": (2,)}, {}),
        ("tanh", {"x": (2, 2)}, {}),
        ("rnn_step", {"x": (1, 2), "h": (1, 1)}, {}),
    ],
)
def test_numbers_put_into_the_formulas_give_the_trace(name, shapes, settings):
    trace, found = report(name, shapes, settings)
    numbers = {}
    for key, node in (*trace.inputs.items(), ("dout", next(iter(trace.upstream.values())))):
        for index in np.ndindex(node.shape):
            numbers[entry_name(found.letters[key], index, node.shape)] = float(node.value[index])
    numbers |= {key: value for key, value in trace.settings.items() if isinstance(value, float)}
    assert [part.name for part in found.gradients] == [f"d{found.letters[key]}" for key in trace.grad]
    values = [trace.output, *trace.grad.values()]
    for part, value in zip((*found.outputs, *found.gradients), values):
        assert part.shape == value.shape
        for (_, formula), expected in zip(part.rows, value.flat):
            assert value_of(formula, numbers) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_fractions_stay_exact():
    assert rows(report("avgpool", {"x": (1, 1, 2, 2)})[1])["da11"] == "d/4"

    def weighted(x):
        out = x * np.array([0.5, 0.25]) + 0.1
        return out

    trace = bp.trace(weighted, x=np.ones(2))
    assert rows(elements(trace)) == {"z1": "a1/2 + 1/10", "z2": "a2/4 + 1/10", "da1": "d1/2", "da2": "d2/4"}


def test_settings_keep_their_names():
    formula = rows(report("batchnorm", {"x": (2, 1)})[1])["z1"]
    assert "eps" in formula
    assert "sqrt" in formula


def test_letters():
    trace = load("affine").trace(shapes={"x": (1, 1), "w": (1, 1)})
    assert rows(elements(trace)) == {"z": "a*w + b", "da": "d*w", "dw": "a*d", "db": "d"}
    letters = {"x": "x", "out": "y", "dout": "g"}
    assert rows(elements(trace, letters)) == {"y": "b + w*x", "dx": "g*w", "dw": "g*x", "db": "g"}

    def product(x, a):
        out = x * a
        return out

    assert rows(elements(bp.trace(product, x=2.0 * np.ones(1), a=np.ones(1)))) == {"z": "a*x", "dx": "a*d", "da": "d*x"}


def test_places_of_long_axes_are_set_apart():
    assert entry_name("x", (0, 1), (3, 3)) == "x12"
    assert entry_name("x", (0, 0, 2, 1), (1, 1, 3, 3)) == "x32"
    assert entry_name("x", (0, 11), (2, 12)) == "x1_12"
    assert entry_name("b", (0,), (1,)) == "b"


# ---- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [np.sort, np.median, np.count_nonzero, np.round])
def test_what_decides_by_numbers_is_refused(function):
    def layer(x):
        out = x * function(x)
        return out

    with pytest.raises(TraceError) as caught:
        elements(bp.trace(layer, x=np.ones(2)))
    assert str(caught.value).startswith("test_elements.py:")
    assert " cannot be written out in entries: " in str(caught.value)
    assert "Formulas are for sums, products" in str(caught.value)


def test_what_has_no_formula_is_refused():
    def layer(x):
        out = np.cbrt(x)
        return out

    with pytest.raises(TraceError, match="has no formula in single entries"):
        elements(bp.trace(layer, x=np.ones(2)))


def test_large_cases_are_refused():
    with pytest.raises(InputError) as caught:
        report("affine", {"x": (5, 13), "w": (13, 2)})
    assert f"x has 65 entries; more than {LARGEST} are too many to read as formulas" in str(caught.value)
    assert "--shape x=" in str(caught.value)


def test_without_sympy_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(LayerError, match=r"formulas need SymPy\n  Install it: pip install"):
        elements(load("affine").trace(shapes={"x": (1, 1), "w": (1, 1)}))


# ---- step by step ----------------------------------------------------------------------------------------------------


def test_long_formulas_are_written_step_by_step():
    trace, told = report("batchnorm", {"x": (3, 2)})
    steps = {array.name: dict(array.rows) for array in told.steps}
    assert list(steps)[:9] == [step.name for step in trace.steps]
    assert steps["mu"]["mu2"] == "x12/3 + x22/3 + x32/3"
    assert steps["dxmu_2"]["dxmu_2_11"] == "2*dsq11*xmu11"
    assert max(len(formula) for rows in steps.values() for formula in rows.values()) < 60


@pytest.mark.parametrize(("name", "shapes"), [("batchnorm", {"x": (3, 2)}), ("layernorm", {"x": (2, 3)})])
def test_numbers_put_into_the_steps_one_after_the_other_give_the_gradients(name, shapes):
    trace, told = report(name, shapes)
    known = {key: plain(value) for key, value in trace.settings.items() if isinstance(value, float)}
    for letter, node in [*trace.inputs.items(), ("dout", next(iter(trace.upstream.values())))]:
        known |= {entry_name(letter, index, node.shape): node.value[index] for index in np.ndindex(node.shape)}
    for array in told.steps:
        for entry, formula in array.rows:
            assert entry not in known
            known[entry] = value_of(formula, known)
    for letter, node in trace.inputs.items():
        for index in np.ndindex(node.shape):
            assert known[entry_name(f"d{letter}", index, node.shape)] == pytest.approx(node.grad[index], rel=1e-9)


def test_short_formulas_need_no_steps():
    assert report("conv", CASE)[1].steps == []


@pytest.mark.parametrize(("loops", "whole"), [("conv_naive", "conv")])
def test_a_function_with_loops_has_the_formulas_of_the_one_without(loops, whole):
    shapes = {"x": (1, 1, 3, 3), "w": (1, 1, 2, 2)}
    reports = []
    for name in (loops, whole):
        trace = load(name).trace(shapes=shapes)
        trace.backward()
        reports.append(elements(trace))
    assert reports[0].outputs == reports[1].outputs
    assert reports[0].gradients == reports[1].gradients
    assert reports[0].rotated == reports[1].rotated is not None


def test_a_state_that_is_carried_is_written_out():
    trace = load("rnn").trace(shapes={"x": (1, 2, 1), "h0": (1, 1)})
    trace.backward()
    rows = dict(elements(trace).outputs[0].rows)
    assert rows["z2"] == "tanh(a2*wx + b + wh*tanh(a1*wx + b + h0*wh))"


# ---- loops, and what decides ---------------------------------------------------------------------------------------


def known_numbers(trace):
    known = {key: float(plain(value)) for key, value in trace.settings.items() if isinstance(value, float)}
    for letter, node in [*trace.inputs.items(), ("dout", next(iter(trace.upstream.values())))]:
        known |= {entry_name(letter, index, node.shape): node.value[index] for index in np.ndindex(node.shape)}
    return known


@pytest.mark.parametrize("name", ["rnn", pytest.param("lstm", marks=pytest.mark.rest)])
def test_of_a_loop_one_round_is_written_out_and_the_numbers_fit(name):
    found = load(name)
    trace = found.trace(shapes=found.case("elements")[0])
    trace.backward()
    every = {node.name: node for node in (*trace.nodes, *trace.red.nodes) if node.name}
    for chosen in ("0", "1"):
        told = elements(trace, round_=chosen)
        assert {loop for array in told.steps for loop in array.loops} == {
            f"for t in range(T): 2 rounds, shown: t = {chosen}"
        }
        known = known_numbers(trace)
        for array_name, node in every.items():  # what other rounds made is given
            known |= {entry_name(array_name, index, node.shape): node.value[index] for index in np.ndindex(node.shape)}
        assert sum(len(array.rows) for array in told.steps) > 20
        for array in told.steps:
            for entry, formula in array.rows:
                assert value_of(formula, known) == pytest.approx(known[entry], rel=1e-9, abs=1e-12)


def test_a_write_tells_only_of_the_entries_it_sets():
    trace = load("rnn").trace(shapes={"x": (1, 3, 1), "h0": (1, 2)})
    told = {array.name: array.rows for array in elements(trace, round_="1").steps}
    assert told["h_2"] == [("h_2_21", "prev_3_1"), ("h_2_22", "prev_3_2")]


@pytest.mark.rest
def test_formulas_that_grow_with_every_round_are_written_by_the_round():
    told = elements(load("rnn").trace(shapes={"x": (1, 6, 2), "h0": (1, 3)}))
    assert told.outputs == told.gradients == []
    assert len(told.steps) < 20


def test_an_extreme_and_its_winner_have_names():
    found = rows(report("maxpool_naive", {"x": (1, 1, 2, 2)})[1])
    assert found["z"] == "max(a11, a12, a21, a22)"
    assert found["da12"] == "[a12 == max(a11, a12, a21, a22)]*d"
    assert rows(report("relu", {"x": (2,)})[1]) == {
        "z1": "max(0, a1)", "z2": "max(0, a2)", "da1": "[a1 > 0]*d1", "da2": "[a2 > 0]*d2",
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        lambda x: np.where(x > 0, x, 0.1 * x),
        lambda x: np.clip(x, -0.5, 0.5) * np.abs(x),
        lambda x: np.maximum(x, x[::-1]) - np.minimum(x, 0.2),
        lambda x: np.max(x, axis=0) * np.min(x, axis=1),
        lambda x: x * ((x > -0.3) & (x < 0.4)),
        lambda x: np.where((x < -0.3) | ~(x < 0.4), x**2, x),
        lambda x: x / np.max(np.abs(x)),
    ],
)
def test_numbers_put_into_what_decides_give_the_trace(body):
    def layer(x):
        out = body(x)
        return out

    trace = bp.trace(layer, x=np.random.default_rng(4).normal(0.0, 0.5, (2, 2)))
    trace.backward()
    numbers = {key.replace("x", "a"): value for key, value in known_numbers(trace).items()}
    numbers = {key.replace("dout", "d"): value for key, value in numbers.items()}
    told = elements(trace)
    for part, value in zip((*told.outputs, *told.gradients), (trace.output, trace.grad["x"])):
        for (_, formula), expected in zip(part.rows, value.flat):
            assert value_of(formula, numbers) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_way_taken_by_values_is_said():
    def layer(x):
        out = x * 2 if x[0] > 0 else x
        return out

    assert elements(bp.trace(layer, x=np.ones(2))).branches
    assert not elements(bp.trace(lambda x: 2 * x, x=np.ones(2))).branches


def test_a_single_formula_put_into_an_array_is_an_entry_of_it():
    def best_path(emit, trans):
        score = emit[0]
        for t in range(1, 3):
            best = np.zeros(2)
            for k in range(2):
                best[k] = np.max(score + trans[:, k]) + emit[t, k]
            score = best
        return np.max(score)

    trace = bp.trace(best_path, emit=np.arange(6.0).reshape(3, 2), trans=np.eye(2))
    trace.backward()
    assert elements(trace)


# ---- formulas that explode -------------------------------------------------------------------------------------------


def gated(h, x, w, *, rounds=4):
    for _ in range(rounds):
        z = 1 / (1 + np.exp(-(h @ w)))
        h = z * h + (1 - z) * np.tanh((z * h) @ w + x)
    return h


def gated_report(rounds):
    rng = np.random.default_rng(0)
    h, x, w = (rng.normal(size=shape) for shape in ((1, 3), (1, 3), (3, 3)))
    return elements(bp.trace(gated, h=h, x=x, w=w, rounds=rounds))


def test_formulas_that_explode_are_written_step_by_step():
    """Whole, those of the fourth round would have millions of names: they are given up by their number."""
    report = gated_report(rounds=4)
    assert report.outputs == report.gradients == []
    assert {"z", "h"} <= {array.name.split("_")[0] for array in report.steps}


def test_formulas_that_stay_short_are_still_written_whole():
    assert gated_report(rounds=1).outputs


def test_more_rounds_than_can_be_written_out_are_refused_by_their_number():
    with pytest.raises(InputError, match=r"gated computes .* entries") as refused:
        gated_report(rounds=500)
    assert "fewer rounds" in str(refused.value)
