"""A loop in `show`: one entry with the values of one round, and what goes round from each to the next."""

import dataclasses
import io
import json
import re

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

import backpropviz as bp
from backpropviz.cli import app
from backpropviz.engine.rounds import Rounds
from backpropviz.errors import InputError
from backpropviz.layers.library import load
from backpropviz.primitives import PRIMITIVES
from backpropviz.show.encoding import to_json
from backpropviz.show.table import show
from backpropviz.show.tables.nodes import NodeTable
from backpropviz.show.view import view


def traced(layer):
    trace = load(layer).trace()
    trace.backward()
    return trace


def shown(trace, chosen=None, expand=()):
    return view(trace, explain=False, rounds=Rounds(trace, chosen, expand))


def printed(renderable, width=110):
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    return console.file.getvalue()


@pytest.mark.parametrize(("layer", "table", "passes"), [("conv_naive", 68, 105), ("maxpool_naive", 32, 60),
                                                         ("rnn", 66, 185), ("lstm", 72, 195)])  # fmt: skip
def test_a_loop_is_one_entry(layer, table, passes):
    seen = shown(traced(layer))
    text = printed(NodeTable(seen))
    assert len(text.splitlines()) <= table
    assert len(printed(show(seen)).splitlines()) <= passes
    for loop in seen.loops:
        assert text.count(f"{loop.head}: ") == 1
    labels = [step.label for step in seen.steps]
    assert len(set(labels)) == len(labels)


def rnn_by_hand(trace):
    """Every round's state before it and the gradient it hands back, and its shares of dwh."""
    x, h0, wx, wh, b = (trace.inputs[name].value for name in ("x", "h0", "wx", "wh", "b"))
    states = [h0]
    for t in range(x.shape[1]):
        states.append(np.tanh(x[:, t] @ wx + states[-1] @ wh + b))
    handed, arriving, shares, dprev = {}, {}, {}, np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        arriving[t] = dprev
        da = (dprev + trace.dout[:, t]) * (1 - states[t + 1] ** 2)
        dprev = da @ wh.T
        handed[t], shares[t] = dprev, states[t].T @ da
    return states, handed, arriving, shares


@pytest.mark.parametrize("t", range(3))
def test_what_goes_round_in_an_rnn(t):
    trace = traced("rnn")
    states, handed, arriving, shares = rnn_by_hand(trace)
    (loop,) = shown(trace, f"t={t}").loops
    assert (loop.head, loop.times, loop.round, loop.shown) == ("for t in range(T)", 3, t, f"t = {t}")
    state = next(each for each in loop.carried if each.name == "prev")
    np.testing.assert_allclose(state.before, states[t], atol=1e-12)
    np.testing.assert_allclose(state.after, states[t + 1], atol=1e-12)
    np.testing.assert_allclose(state.handed, handed[t], atol=1e-12)
    assert state.formula.endswith("@ wh.T")
    if t < 2:
        np.testing.assert_allclose(state.arriving, arriving[t], atol=1e-12)
    else:
        assert state.arriving is None  # after the last round only `h` is used
    dwh = next(each for each in loop.added if each.name == "dwh")
    np.testing.assert_allclose(dwh.before, sum((shares[u] for u in range(t + 1, 3)), np.zeros((5, 5))), atol=1e-12)
    np.testing.assert_allclose(dwh.share, shares[t], atol=1e-12)
    np.testing.assert_allclose(dwh.after, dwh.before + dwh.share, atol=1e-12)


def test_the_output_is_filled_from_round_to_round():
    (loop,) = shown(traced("rnn"), "1").loops
    h = next(each for each in loop.carried if each.name == "h")
    assert h.filled
    changed = h.before != h.after
    assert changed[:, 1].all()
    assert not changed[:, [0, 2]].any()
    assert not h.handed[:, 1:2].any()  # what a round wrote is nobody's before it


def test_every_round_of_a_nest_can_be_chosen():
    trace = traced("conv_naive")
    total = np.zeros_like(trace.inputs["w"].value)
    N, F, Ho, Wo = trace.output.shape
    for n, f, i, j in np.ndindex(N, F, Ho, Wo):
        inner = shown(trace, f"n={n},f={f},i={i},j={j}").loops[-1]
        total += next(each for each in inner.added if each.name == "dw").share
    np.testing.assert_allclose(total, trace.grad["w"], atol=1e-12)


def test_the_shares_are_written_as_the_loop_would():
    seen = shown(traced("conv_naive"))
    formulas = [formula for loop in seen.loops for each in loop.added for formula in each.formulas]
    assert "dw[f] += dout_inner * patch" in formulas
    assert any(formula.startswith("dpadded[n, :, i * stride : i * stride + HH,") for formula in formulas)


def test_gradients_from_many_rounds_are_one_term():
    seen = shown(traced("conv_naive"))
    (term,) = seen.named("w").gradient.terms
    assert (term.name, term.formula, term.rounds) == ("dw", "dw[f] += dout_inner * patch", "24 rounds")
    np.testing.assert_array_equal(term.value, seen.named("w").gradient.value)


def test_expanded_loops_show_every_round():
    trace = traced("rnn")
    seen = shown(trace, expand=["loop"])
    assert [step.label for step in seen.steps][1:4] == ["2", "3", "4"]
    assert len(seen.steps) == len(trace.steps)
    assert "round 2" in printed(NodeTable(seen))
    some = shown(traced("conv_naive"), "n=0,f=1,i=1", expand=["j"])
    assert [step.label for step in some.steps] == ["1", "2[0,1,1,0]", "3[0,1,1,0]", "2[0,1,1,1]", "3[0,1,1,1]"]


@pytest.mark.parametrize(("layer", "chosen", "said"), [
    ("rnn", "3", "has 3 rounds"),
    ("rnn", "k=3", "no loop runs over k"),
    ("rnn", "first", "is no round"),
    ("relu", "0", "has no loops"),
    ("conv_naive", "n=5", "n is never 5"),
])  # fmt: skip
def test_rounds_that_are_not_there(layer, chosen, said):
    with pytest.raises(InputError, match=said):
        Rounds(traced(layer), chosen)


def test_the_json_holds_the_same_facts():
    done = CliRunner().invoke(app, ["show", "rnn", "--round", "1", "--json"])
    assert done.exit_code == 0
    read, trace = json.loads(done.output), traced("rnn")
    assert read == json.loads(json.dumps(to_json(view(trace, "rnn", rounds=Rounds(trace, "1")))))
    assert read["loops"][0]["carried"][0]["formula"] == "da_2 @ wh.T"


def branching(x, w):
    h = np.zeros(3)
    for row in x:
        h = row * w + h
        if np.sum(h) > 0:
            h = h * 0.5
    return h


def newton(a):
    x = a / 2 + 0.5
    while np.max(np.abs(x * x - a)) > 1e-8:
        x = 0.5 * (x + a / x)
    return x


def test_a_gradient_carried_from_round_to_round_stands_beside_its_shape():
    trace = bp.trace("conv_naive")
    trace.backward()
    seen = shown(trace)
    for width in (80, 100):
        lines = printed(NodeTable(seen), width).split("\n")
        carried = [line for line in lines if "↺" in line or "↻" in line]
        assert len(carried) == 4
        assert all(re.search(r"[↺↻] +\w.* \(\d+,[\d, ]*\)", line) for line in carried)
        assert not any(re.fullmatch(r"[ ↺↻]*\([\d, ]+\) *", line) for line in lines)


def test_rounds_that_differ_are_counted():
    x = np.array([[1.0, 2.0, 0.5], [-3.0, -4.0, -1.0], [2.0, 8.0, 3.0]])
    trace = bp.trace(branching, x=x, w=np.ones(3))
    trace.backward()
    (loop,) = shown(trace).loops
    assert (loop.times, loop.others) == (3, 1)
    assert "one of them makes other steps" in " ".join(printed(NodeTable(shown(trace))).split())


def scan(x, w):
    h = np.zeros(3)
    for t in range(len(x)):
        r = 0.5 * h
        g = r + 1
        h = g + w * x[t]
    return h


def test_the_round_that_is_shown_does_what_most_do():
    """The first finds zeros and makes fewer steps; asked for, it is shown."""
    trace = bp.trace(scan, x=np.ones((5, 3)), w=np.ones(3))
    trace.backward()
    (loop,), (first,) = shown(trace).loops, shown(trace, "0").loops
    assert (loop.shown, loop.others) == ("t = 1", 1)
    assert (first.shown, first.others) == ("t = 0", 4)


def test_where_all_rounds_are_alike_the_first_is_shown():
    assert [loop.shown for loop in shown(traced("rnn")).loops] == ["t = 0"]


def test_a_while_is_a_loop_and_its_gradient_is_newtons():
    trace = bp.trace(newton, a=np.array([2.0, 3.0, 7.0]))
    trace.backward()
    seen = shown(trace, "-1")
    (loop,) = seen.loops
    assert loop.head.startswith("while")
    assert loop.round == loop.times - 1
    (x,) = loop.carried
    np.testing.assert_allclose(x.after**2, [2.0, 3.0, 7.0], atol=1e-8)
    np.testing.assert_allclose(x.handed, trace.dout * 0.5 * (1 - trace.inputs["a"].value / x.before**2), atol=1e-12)


def test_gradcheck_takes_the_inputs_and_the_steps_of_one_round():
    first, last = bp.gradcheck(traced("rnn")), bp.gradcheck(traced("rnn"), chosen="-1")
    assert first.passed
    assert last.passed
    assert [check.name for check in first.checks] == ["x", "h0", "wx", "wh", "b", "prev", "a", "prev_2", "h"]
    assert [check.name for check in last.checks][5:] == ["prev", "a_3", "prev_4", "h_3"]
    assert (first.rounds, last.rounds) == ("t = 0", "t = 2")


def test_gradcheck_finds_a_wrong_gradient_inside_of_a_round(monkeypatch):
    tanh = PRIMITIVES[np.tanh]
    wrong = dataclasses.replace(tanh.gradients[0], vjp=lambda g, out, x: g * (1 - out))
    monkeypatch.setitem(PRIMITIVES, np.tanh, dataclasses.replace(tanh, gradients=(wrong,)))
    report = bp.gradcheck(traced("rnn"))
    assert {check.name for check in report.checks if not check.passed} >= {"a", "wx", "wh", "b"}


def pairwise(x, w):
    total = np.zeros(x.shape[1])
    for row, scale in zip(x, w):
        total = total + row * scale
    return total


def test_a_loop_over_arrays_counts_its_rounds():
    trace = bp.trace(pairwise, x=np.arange(6.0).reshape(3, 2), w=np.array([1.0, 2.0, 3.0]))
    trace.backward()
    (loop,) = shown(trace, "i=2").loops
    assert (loop.head, loop.round, loop.shown) == ("for row, scale in zip(x, w)", 2, "i = 2")
    assert "dw[i] += np.sum(dout * x[i]" in " ".join(printed(NodeTable(shown(trace))).split())


def test_a_comprehension_is_told_by_one_round():
    def kernel(x, y):
        K = np.array([[np.exp(-np.sum((a - b) ** 2)) for b in y] for a in x])
        return K / 2

    trace = bp.trace(kernel, x=np.arange(20.0).reshape(10, 2), y=np.ones((6, 2)))
    trace.backward()
    text = printed(NodeTable(shown(trace)), width=250)
    assert len(text.splitlines()) < 40
    assert "in each of 10 rounds, shown: i = 0" in text
    assert "in each of 60 rounds, shown: i = 0, j = 0" in text
    assert "+ …, of 6 rounds" in text
    assert "dy_60 = " in printed(NodeTable(shown(trace, expand=("loop",))))
    assert "dy_60 = " in printed(NodeTable(view(trace, explain=False)))  # without a choice of rounds, all
