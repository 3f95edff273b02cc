"""Boards: what they say computes the gradients, nothing covers anything, and every text can be read."""

import html
import os
import re
import subprocess
import sys
import textwrap
from collections import Counter
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpropviz as bp
from backpropviz.code.breaking import broken, columns, shaped, torn, width
from backpropviz.draw import rendering
from backpropviz.draw.board.blocks import DIGITS, HINTED, Shown, array_of
from backpropviz.draw.board.geometry import Drawing
from backpropviz.draw.board.grid import lay_out
from backpropviz.draw.board.record import Board, Gate, Use
from backpropviz.draw.board.sizing import fit
from backpropviz.draw.board.themes import DARK, LIGHT, PRINT
from backpropviz.draw.board.words import height_of, with_words
from backpropviz.draw.diagram import Diagram
from backpropviz.draw.frames import read_frames
from backpropviz.draw.telling import Told, tell
from backpropviz.draw.wiring import read_circuit
from backpropviz.engine.named import plain
from backpropviz.errors import DrawingError
from backpropviz.layers.library import load
from tests.boards import NAMES, covered, figures, measure, measure_cards, off_the_page, row, through, traced, used
from tests.loops.layers import CASES, attention_batch
from tests.loops.scans import told_with_totals

SVG = "{http://www.w3.org/2000/svg}"


@cache
def drawing(name, **options):
    return Diagram(traced(name), **options).picture.drawing


# ---- what it says ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_formulas_on_the_red_wires_add_up_to_the_gradients(name):
    diagram = Diagram(traced(name))
    trace, board = diagram.trace, diagram.picture.board
    if any(" += " in edge.formula for edge in diagram.circuit.backward):
        return  # a folded loop: each round adds its own (tests/test_loops.py runs the code that says so)
    scope = {
        "np": np,
        **{
            helper: getattr(bp, helper)
            for helper in ("im2col", "col2im", "output_shape", "first_winner", "put", "stored")
        },
        **{key: plain(value) for key, value in trace.settings.items()},
        **{gate.name: gate.value for gate in board.gates if gate.value is not None},
        **{node.name: node.value for node in trace.upstream.values()},
        **{name: array for name, array in trace.constants.values() if isinstance(name, str)},
    }
    for size in trace.sizes:
        exec(size.statement, scope)
    for letter, meaning in board.lengths.items():
        scope[letter] = eval(meaning, scope)
    for vertex in diagram.circuit.vertices:
        if vertex.grad is not None:
            scope[trace.gradient_names.gradient(vertex.node)] = vertex.grad
    checked = 0
    for gate in reversed(board.gates):
        for part in gate.inner:
            exec(part, scope)
    for gate in board.gates:
        terms = [term for use in board.uses if use.tail is gate for term in use.terms or ()]
        for text in [*terms, *([gate.sum] if gate.sum else [])]:
            term, equals, expression = text.partition(" = ")
            if equals and not (gate.kind == "group" or any(use.head.kind == "group" for use in board.uses)):
                value = np.broadcast_to(eval(expression, scope), gate.value.shape)
                if term == f"d{gate.name}":
                    np.testing.assert_allclose(value, gate.grad, rtol=1e-12, atol=1e-12, err_msg=text)
                    checked += 1
                scope[term] = value
    assert checked or any(use.head.kind == "group" for use in board.uses) or name in ("tanh", "relu")


def test_a_folded_loop_is_told_in_names_that_stand_on_the_board():
    """The derived code names what it makes on its way; a board has no place that says what these are."""

    def classified(inputs, targets, h, wx, wh, wy):
        for t in range(6):
            h = np.tanh(inputs[t] @ wx + h @ wh)
            p = np.exp(h @ wy) / np.sum(np.exp(h @ wy))
            h = h + p[targets[t]]
        return h

    shapes = {"inputs": (6, 2, 3), "h": (2, 4), "wx": (3, 4), "wh": (4, 4), "wy": (4, 4)}
    given = {name: np.random.default_rng(0).normal(size=shape) for name, shape in shapes.items()}
    trace = bp.trace(classified, **given, targets=np.array([0, 1, 1, 0, 1, 0]))
    trace.backward()
    board = Diagram(trace).picture.board
    red = [term for use in board.uses for term in use.terms or ()] + [gate.sum for gate in board.gates]
    assert any(" += " in term for term in red)
    known = {"None", "keepdims", "True", "shape", "put", "dout", "t", "axis"}
    known |= {form.format(gate.name) for gate in board.gates for form in ("{}", "d{}", "{}_last")}
    known |= {text.split(" = ")[0] for text in (*red, *(part for gate in board.gates for part in gate.inner))}
    used = {word for term in red for word in re.findall(r"(?<![.\w])[A-Za-z_]\w*", term)} - {"np"}
    assert used <= known
    (back,) = (use.terms for use in board.uses if use.head.name.startswith("p") and use.tail.kind == "gate")
    assert len(back) == 2  # both ways through the quotient


def test_what_a_folded_loop_hands_back_goes_by_the_names_of_the_code():
    """Values beside a loop have no second name for their gradient: `dh0 = dh`, and what arrives is `dout`."""

    def stacked(x, h0, w):
        h, states = h0, []
        for t in range(6):
            h = np.tanh(x[t] + h @ w)
            states.append(h)
        return np.stack(states)

    trace = bp.trace(stacked, x=np.ones((6, 2, 3)), h0=np.ones((2, 3)), w=np.eye(3))
    trace.backward()
    for each, start in ((trace, "dh"), (traced("lstm"), "dprev_h")):
        board = Diagram(each).picture.board
        terms = [use.terms for use in board.uses if use.terms]
        assert (f"dh0 = {start}",) in terms
        assert terms[-1] == ("dout",)
    # what stands within a closed group is no name beside it
    assert ("dwx += dwx of each round",) in terms
    assert not any(re.search(r"\bda\b", term) for each in terms for term in each)


def test_of_what_is_stacked_each_round_gets_its_own_part():
    def rnn(x, h, w, *, axis):
        states = []
        for t in range(5):
            h = np.tanh(x[t] + h @ w)
            states.append(h)
        return np.stack(states, axis=axis)

    for axis, part in ((0, "dout[t]"), (1, "dout[:, t]")):
        trace = bp.trace(rnn, x=np.ones((5, 2, 3)), h=np.ones((2, 3)), w=np.eye(3), settings={"axis": axis})
        trace.backward()
        terms = [term for edge in read_circuit(trace, closed=True).backward for term in edge.formula.split("\n")]
        assert f"dh_2 += {part}" in terms or f"dh += {part}" in terms
        assert sum("dout[" in term for term in terms) == 1


def test_a_gradient_that_rounds_hand_on_is_begun_by_it_and_added_to():
    trace = bp.trace(told_with_totals, x=np.ones((9, 3)), a=np.ones(3), b=np.ones(3))
    trace.backward()
    board = Diagram(trace).picture.board
    assert "ds = ds of the next round" in [gate.sum for gate in board.gates]
    terms = [term for use in board.uses for term in use.terms or ()]
    assert {"ds += dtotal * (2 * s)", "ds += dy * total", "dy = dout[t]"} <= {*terms}


def test_of_a_comprehension_one_round_is_told():
    def risen(x):
        return np.array([[np.exp(x[i, 2 * j]) for j in range(3)] for i in range(4)])

    trace = bp.trace(risen, x=np.ones((4, 6)))
    trace.backward()
    formulas = [edge.formula for edge in Diagram(trace).circuit.backward]
    assert sorted(formulas) == ["dout", "dx[i, 2 * j] += dout[i, j] * np.exp(x[i, 2 * j])"]


def test_a_loop_is_folded_whose_first_round_finds_a_constant():
    def smooth(x):
        m, out = np.zeros(3), np.zeros((8, 3))
        for t in range(8):
            kept = 0.9 * m
            m = kept + 0.1 * x[t]
            out[t] = m
        return out

    def branched(x):
        m, out = np.zeros(3), np.zeros((8, 3))
        for t in range(8):
            m = 0.9 * m + x[t] if t % 3 else x[t] ** 2
            out[t] = m
        return out

    trace = bp.trace(smooth, x=np.ones((8, 3)))
    trace.backward()
    circuit = Diagram(trace).circuit
    assert [vertex.name for vertex in circuit.vertices if vertex.boxes] == ["kept", "m", "out"]
    assert "dx[t] += dm * 0.1" in [edge.formula for edge in circuit.backward]
    assert Diagram(trace).frames("forward")  # also of steps that are constants
    trace = bp.trace(branched, x=np.ones((8, 3)))
    trace.backward()
    assert not any(vertex.boxes for vertex in Diagram(trace).circuit.vertices)  # these rounds do differ


def test_a_closed_group_hands_back_one_sum():
    uses = Diagram(traced("affine_bn_relu"), size="page").picture.board.uses
    assert [use.terms for use in uses if use.head.kind == "group" and use.tail.name == "a"] == [("da",)]


def test_the_nine_steps_as_on_the_blackboard():
    diagram = Diagram(traced("batchnorm"))
    grid = lay_out(diagram.picture.board)
    names = {station.gate.name: station for station in grid.stations if station.gate.kind != "end"}
    spine = sorted((names[name] for name in ("x", "xmu", "xhat", "gammax", "out")), key=lambda each: grid.column[each])
    assert [station.gate.name for station in spine] == ["x", "xmu", "xhat", "gammax", "out"]
    assert {grid.row[station] for station in spine} == {0}
    assert {grid.row[names[name]] for name in ("mu", "sq", "var", "sqrtvar", "ivar")} == {1}
    shapes = [shape for shape in diagram.picture.drawing.shapes if shape.kind in ("round", "gate")]
    assert len(shapes) == 9
    assert measure(diagram.picture.drawing)["red-black"] <= 2
    said = {text.text for text in diagram.picture.drawing.texts}
    assert {"−", "a²", "mean", "1/a", "×", "+", "gamma", "xhat", "dxmu = dxmu_1 + dxmu_2"} <= said
    assert "N = x.shape[0]; where red wires meet, their gradients add up" in said


@pytest.mark.costly
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", ["slide", "page", "free"])
def test_no_formula_is_cut(name, size):
    diagram = Diagram(traced(name), size=size)
    said = re.sub(r"\s", "", " ".join(text.text for text in diagram.picture.drawing.texts))
    assert "..." not in said
    board = diagram.picture.board
    for text in [*(gate.sum for gate in board.gates), *(term for use in board.uses for term in use.terms or ())]:
        assert re.sub(r"\s", "", text) in said


@pytest.mark.costly
@pytest.mark.parametrize("name", NAMES)
def test_before_the_backward_pass_nothing_is_red(name):
    trace = traced(name)
    fresh = bp.trace(trace.callable, **{key: node.value for key, node in trace.inputs.items()},
                     settings=trace.settings)  # fmt: skip
    board = Diagram(fresh).picture
    assert not [wire for wire in board.drawing.wires if wire.ink == "red"]
    assert LIGHT.red not in board.dot()


def test_every_use_of_a_value_is_a_wire():
    def square(x):
        y = x * x
        return y

    trace = bp.trace(square, x=np.array([1.0, 2.0]))
    trace.backward()
    drawn = Diagram(trace).picture.drawing
    assert [wire.id for wire in drawn.wires if wire.tail == "input_0" and wire.ink == "ink"] == [
        "forward_1",
        "forward_2",
    ]
    assert {"dx = dx_1 + dx_2", "dx_1 = dout * x", "dx_2 = dout * x"} <= {text.text for text in drawn.texts}


def test_lengths_are_letters_that_no_value_has():
    def mean(N, x):
        y = np.mean(x, axis=0) * N
        return y

    trace = bp.trace(mean, N=np.array(2.0), x=np.ones((3, 2)))
    trace.backward()
    assert Diagram(trace).picture.board.lengths == {}
    assert Diagram(traced("layernorm")).picture.board.lengths == {"D": "x.shape[1]"}


# ---- how it is laid out ----------------------------------------------------------------------------------------------


@pytest.mark.costly
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [{}, {"size": "page"}, {"size": "free"}, {"values": True}], ids=str)
def test_nothing_covers_anything(name, options):
    drawn = drawing(name, **options)
    assert through(drawn) == []
    assert covered(drawn) == []
    assert off_the_page(drawn) == []


def newton(a):
    x = a
    for _ in range(4):
        x = (x + a / x) / 2
    return x


def test_what_rounds_hand_back_is_told_at_the_gates_that_make_it():
    inner = {vertex.name: vertex.inner for vertex in Diagram(traced("rnn")).circuit.vertices if vertex.inner}
    assert inner == {"a": ("dprev = da @ wh.T",)}
    trace = bp.trace(newton, a=np.array([2.0, 3.0]))
    trace.backward()
    circuit = Diagram(trace).circuit
    assert circuit.vertices[2].inner == ("dx = dx / 2 - (dx / 2 * (a / x_last) / x_last)",)
    assert "da += dx / 2 / x_last" in {edge.formula for edge in circuit.backward}


def update(h0, w, v):
    h = h0
    for _ in range(4):
        z = np.tanh(h @ w)
        n = np.tanh((z * h) @ v)
        h = z * h + n
    return h


def kernel(x, y):
    return np.array([[np.exp(-np.sum((a - b) ** 2)) for b in y] for a in x])


def summing(x, w, b):
    h, total = np.zeros(2), 0.0
    for t in range(len(x)):
        h = np.tanh(w @ h + x[t] + b)
        total = total + np.sum(h * h)
    return total


def drawn_loop(function, **shapes):
    rng = np.random.default_rng(0)
    trace = bp.trace(function, **{name: rng.normal(size=shape) for name, shape in shapes.items()})
    trace.backward()
    circuit = Diagram(trace).circuit
    return [line for vertex in circuit.vertices for line in vertex.inner], {edge.formula for edge in circuit.backward}


def test_what_several_gates_hand_back_is_added_up_apart_from_what_came():
    """dh += dh * z would be dh * (1 + z); of one gate, it may take the place of what came."""
    inner, _ = drawn_loop(update, h0=(1, 3), w=(3, 3), v=(3, 3))
    assert "dh_last += dh * z" in inner
    assert not [line for line in inner if line.startswith("dh +=")]


def test_what_is_handed_back_as_it_came_is_no_formula_and_no_term_goes_by_a_name_that_nothing_tells():
    inner, edges = drawn_loop(summing, x=(4, 2), w=(2, 2), b=(2,))
    assert inner == ["dh = w.T @ (dh * (1 - h**2))"]
    assert "dw += np.outer(dh * (1 - h**2), h_last)" in edges


def root(a):
    y = 1 + a
    for _ in range(4):
        f = y**3 - a
        y = y - f / 3
    return y


def nested(x):
    total = 0.0
    for i in range(len(x)):
        y = x[i]
        for _ in range(3):
            y = np.tanh(y * 0.5)
        total = total + np.sum(y**2)
    return total


def test_what_is_handed_back_goes_by_the_name_of_what_came():
    inner, edges = drawn_loop(root, a=(3,))
    assert sorted(inner) == ["dy_last += df * (3 * y_last**2)", "dy_last += dy"]
    assert {"da += dy_2", "dy"} <= edges


def test_what_a_loop_within_hands_to_its_start_goes_by_a_name_that_stands_in_the_picture():
    _, edges = drawn_loop(nested, x=(5, 2))
    assert {"dx[i] += dy", "dy"} <= edges
    assert not {edge for edge in edges if edge.startswith("dy_") and edge[3:].isdigit()}


def test_a_part_that_rounds_within_add_up_is_told_by_what_each_adds():
    _, edges = drawn_loop(kernel, x=(4, 3), y=(5, 3))
    assert "dx[i] += -(dout[i, j] * np.exp(-np.sum((a - y[j])**2))) * (2 * (a - y[j]))" in edges


@pytest.mark.parametrize("name", ["rnn", "recurrent"])
def test_a_loop_is_a_frame_until_its_rounds_are_asked_for(name):
    trace = traced(name)
    (title,) = {box.title for vertex in Diagram(trace).circuit.vertices for box in vertex.boxes}
    assert title.startswith("for t in range(")
    drawn = Diagram(trace, rounds=True).picture.drawing
    assert sum("@ wx" in text.text for text in drawn.texts) >= len(trace.loops[0].rounds)
    assert through(drawn) == covered(drawn) == off_the_page(drawn) == []
    assert measure(drawn)["black"] == 0


@pytest.mark.costly
@pytest.mark.parametrize("name", NAMES)
def test_black_wires_do_not_cross_and_red_ones_only_where_a_value_fans_out(name):
    picture = Diagram(traced(name)).picture
    found = measure(picture.drawing)
    assert found["black"] == 0
    branches = sum(max(0, len(station.leaving) - 1) for station in lay_out(picture.board).stations)
    assert found["red-black"] <= branches


FILES = Path(__file__).parent


def in_a_file(place):
    trace = load(f"{FILES / place}").trace(seed=1)
    trace.backward()
    return Diagram(trace).picture.drawing


@pytest.mark.parametrize("place", ["forms/norms.py:instance", "forms/networks.py:postnorm"])
def test_a_way_into_a_gate_may_lie_between_it_and_farther_ways(place):
    found = measure(in_a_file(place))
    assert found["black"] == 0
    assert found["red-black"] == 3


@pytest.mark.parametrize("place", ["forms/losses.py:svm_mean", "../examples/handin.py:batchnorm_forward"])
def test_a_sum_and_a_term_on_one_wire_do_not_both_grow_into_the_room_between_them(place):
    assert covered(in_a_file(place)) == []


@pytest.mark.costly
@pytest.mark.parametrize(("name", "values"), [(name, values) for values in (False, True) for name in NAMES])
def test_text_can_be_read_on_a_slide(name, values):
    drawn = drawing(name, values=values)
    assert (drawn.width, drawn.height) == (1600, 900)
    digits = DIGITS * drawn.scale
    assert digits >= 11.99 or not values
    assert min(text.size for text in drawn.texts if abs(text.size - digits) > 1e-6) >= 13.99


@pytest.mark.parametrize("place", ["loops/branches.py:first_looks_at_h0", "forward_passes/cells.py:lstm_cell_forward"])
def test_boxes_are_flat_where_only_that_makes_a_slide_readable(place):
    trace = load(f"{FILES / place}").trace(seed=1)
    trace.backward()
    picture = Diagram(trace).picture
    assert picture.fits
    assert covered(picture.drawing) == through(picture.drawing) == off_the_page(picture.drawing) == []
    levels = {text.text: text.y for text in picture.drawing.texts if text.owner == "input_1"}
    assert len(levels) == 3
    assert len(set(levels.values())) == 1  # "h0", " ", "(4,)"
    stacked = {text.y for text in drawing("batchnorm").texts if text.owner == "input_1"}
    assert len(stacked) == 2


def test_of_a_loop_whose_rounds_differ_the_first_is_drawn_where_all_cannot_be_read():
    trace = load(f"{FILES / 'loops/branches.py:both_ends'}").trace(seed=1)
    trace.backward()
    diagram = Diagram(trace)
    assert [vertex.code for vertex in diagram.circuit.vertices if vertex.kind == "group"] == [
        "3 more rounds: t = 1 to 3"
    ]
    assert diagram.picture.fits
    assert [frame.label for frame in diagram.frames()][-1] == "0"
    whole = Diagram(trace, rounds=True)
    assert not any(vertex.kind == "group" for vertex in whole.circuit.vertices)
    assert not whole.picture.fits


def test_frames_close_groups_where_their_words_leave_too_little_room():
    diagram = Diagram(traced("affine_bn_relu"))
    assert diagram.picture.fits
    assert len(diagram.frames("forward")) == 3
    assert diagram.frames("forward")[0].picture.fits
    assert not any(vertex.kind == "group" for vertex in diagram.circuit.vertices)


LONG = "A title of many words, all of which have to stand somewhere, so that whoever reads the page knows of them"


@pytest.mark.parametrize(("size", "title", "lines"), [("page", "relu", 1), ("page", LONG, 3), ("slide", LONG, 1)])
def test_a_legend_that_has_no_room_beside_the_title_stands_below_it(size, title, lines):
    drawn = drawing("relu", size=size, title=title)
    titles = [text for text in drawn.texts if text.owner == "title"]
    (legend,) = (text for text in drawn.texts if text.text == "forward: values")
    assert [text.text for text in titles] == ([title] if lines == 1 else textwrap.wrap(title, 50))
    assert (legend.y > titles[-1].y) == (title == LONG)
    assert covered(drawn) == []
    assert off_the_page(drawn) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_as_wide_as_a_column(name):
    drawn = drawing(name, size="page")
    assert drawn.width == 760
    assert min(text.size for text in drawn.texts) >= 9


@pytest.mark.parametrize("name", ["lstm_step", "mlp", "maxpool_naive"])
def test_no_row_of_a_page_is_a_box_alone(name):
    shapes = drawing(name, size="page").shapes
    (x,) = (shape for shape in shapes if shape.owner == "input_0")
    assert any(shape.kind == "gate" and shape.y == x.y for shape in shapes)


def test_wires_lead_right_and_down_and_red_ones_back():
    for wire in drawing("batchnorm").wires:
        ways = {(np.sign(x2 - x1), np.sign(y2 - y1)) for (x1, y1), (x2, y2) in zip(wire.points, wire.points[1:])}
        assert all(0 in way for way in ways)  # level or upright
        if wire.owner.startswith("forward"):
            assert (-1, 0) not in ways
        elif wire.owner.startswith(("backward", "sum")):
            assert (1, 0) not in ways


def test_groups_are_framed_and_folded_where_they_do_not_fit():
    opened = drawing("spatial_batchnorm")
    assert {line for outline in opened.outlines for line in outline.title} >= {
        "3 normed = batchnorm(rows, gamma, beta, **settings)"
    }
    folded = Diagram(traced("lstm_step"))
    assert [vertex.name for vertex in folded.circuit.vertices if vertex.kind == "group"] == ["i", "f", "o"]
    wanted = Diagram(traced("lstm_step"), expand=["sigmoid"])
    assert not [vertex for vertex in wanted.circuit.vertices if vertex.kind == "group"]
    assert wanted.picture.wants_folding


@st.composite
def circuits(draw):
    """A board with any wiring: every gate uses one to three earlier values, some of them twice."""
    count = draw(st.integers(1, 14))
    gates = [Gate(f"input_{number}", "input", "xyz"[number], name="xyz"[number], shape="(2, 3)") for number in range(3)]
    uses = []
    for number in range(count):
        inscription = draw(st.sampled_from(["+", "a²", "exp", "np.sum(x * y, axis=0) / N"]))
        gate = Gate(
            f"step_{number}",
            "gate",
            inscription,
            str(number + 1),
            f"v{number}",
            draw(st.sampled_from(["(2, 3)", "()"])),
        )
        for tail in draw(st.lists(st.sampled_from(gates[-6:] + gates[:1]), min_size=1, max_size=3)):
            terms = draw(st.sampled_from([None, (), ("dx_1 = dout * np.exp(x + y)",)]))
            uses.append(Use(len(uses) + 1, tail, gate, terms))
        gate.entrywise = draw(st.booleans())
        gates.append(gate)
    end = Gate("outside_1", "end", "loss")
    uses.append(Use(len(uses) + 1, gates[-1], end, ("dout",)))
    return Board([*gates, end], uses)


@given(circuits(), st.sampled_from(["slide", "page", "free"]))
@settings(max_examples=45)
def test_any_board_can_be_drawn(board, size):
    drawn = fit(board, size).drawing
    assert through(drawn) == []
    assert covered(drawn) == []
    wires = {wire.owner for wire in drawn.wires}
    assert {f"forward_{use.number}" for use in board.uses} <= wires
    returning = {f"backward_{use.number}" for use in board.uses if use.terms is not None}
    assert returning == {owner for owner in wires if owner.startswith("backward")}


def test_a_board_is_the_same_from_run_to_run():
    code = (
        "import sys, backpropviz as bp; t = bp.trace('lstm_step'); t.backward();"
        "sys.stdout.write(t.diagram().dot)"
    )  # fmt: skip
    assert _python(code, PYTHONHASHSEED="7").stdout.decode() == Diagram(traced("lstm_step")).dot


def _python(code, **variables):
    environment = {**os.environ, **variables}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(bp.__file__).parent.parent), *sys.path])
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, env=environment, check=True)


# ---- formulas in lines -----------------------------------------------------------------------------------------------


def test_formulas_break_where_a_person_would():
    assert broken("dvar = dsqrtvar / (2 * sqrtvar)", 20) == ("dvar = dsqrtvar /", "(2 * sqrtvar)")
    assert broken("np.sum(dout * xhat, axis=0)", 20) == ("np.sum(dout * xhat,", "axis=0)")
    assert broken("x.transpose(0, 3, 1, 2)", 15) == ("x.transpose(", "0, 3, 1, 2)")
    assert broken("np.sum(d).reshape(b.shape)", 20) == ("np.sum(d)", ".reshape(b.shape)")
    assert broken("one_name_that_is_long", 5) == ("one_name_that_is_long",)
    assert broken("f('a, b', x)", 8) == ("f('a, b',", "x)")
    assert broken("a[:, 2 * H : 3 * H]", 10) == ("a[:,", "2 * H :", "3 * H]")
    assert broken("1 where z1 > 0, else 0", 16) == ("1 where z1 > 0,", "else 0")
    assert broken("local derivative 1 where z1 > 0", 27) == ("local derivative 1", "where z1 > 0")
    assert broken("", 5) == ()
    assert broken("exp(scores - scores.max(axis=-1, keepdims=True))", 38) == (
        "exp(scores -", "scores.max(axis=-1, keepdims=True))"
    )  # fmt: skip
    assert broken("dw_2 = dw / np.sum(weights, axis=-1)", 25) == ("dw_2 = dw /", "np.sum(weights, axis=-1)")


@pytest.mark.parametrize("room", [16, 24, 32])
def test_brackets_that_fit_in_a_line_are_not_torn(room):
    for formula in ("a * np.sum(b * c, axis=0) / (d + np.sqrt(e + eps)) * f(g, h)", "dx = q @ (u + v).T - w[i, j] * s"):
        for bracket in re.findall(r"[\w.]*[(\[][^()\[\]]*[)\]]", formula):
            if len(bracket) < room - 3:
                assert any(bracket in line for line in broken(formula, room)), (bracket, broken(formula, room))


@given(st.text(st.sampled_from("ab.(),[]*+-/=@ '\"²"), max_size=60), st.integers(1, 30))
def test_nothing_is_lost_by_breaking(text, room):
    assert "".join(broken(text, room)).replace(" ", "") == text.replace(" ", "")


def test_columns_of_wide_letters():
    assert columns("x̂") == 1
    assert columns("層") == 2


# ---- looks -----------------------------------------------------------------------------------------------------------


def contrast(one, other):
    def light(color):
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    a, b = sorted((light(one), light(other)), reverse=True)
    return (a + 0.05) / (b + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK, PRINT])
def test_inks_stand_out_and_faint_ones_are_still_seen(theme):
    assert min(contrast(ink, theme.paper) for ink in (theme.ink, theme.red, theme.grey)) >= 4.5
    assert min(contrast(ink, theme.paper) for ink in (theme.faint_ink, theme.faint_red)) >= 2
    assert contrast(theme.ink, theme.lit) >= 4.5


def test_themes_change_colours_and_nothing_else():
    trace = traced("batchnorm")
    made = {theme: Diagram(trace, theme=theme).svg() for theme in ("light", "dark", "print")}
    placed = {re.sub(r'="#\w+"', "", svg) for svg in made.values()}
    assert len(placed) == 1
    auto = Diagram(trace, theme="auto").svg()
    assert re.sub(r"\n<style>.*?</style>", "", auto).replace('<svg class="board" ', "<svg ") == made["light"]
    assert f'[fill="{LIGHT.paper}"]{{fill:{DARK.paper}}}' in auto
    ElementTree.fromstring(auto.encode())


@pytest.mark.parametrize(("option", "value", "known"), [
    ("style", "circles", "board, cards or entries"), ("size", "huge", "slide, page or free"), ("theme", "pink", "dark"),
])  # fmt: skip
def test_unknown_looks_are_refused_with_the_known_ones(option, value, known):
    with pytest.raises(DrawingError, match=value) as caught:
        Diagram(bp.trace("relu"), **{option: value})
    assert known in caught.value.fix


def test_title_and_legend():
    said = {text.text for text in drawing("relu", title="Rectifier").texts}
    assert {"Rectifier", "forward: values", "backward: gradients"} <= said
    assert "forward: values" not in {text.text for text in drawing("relu", legend=False).texts}


def test_arrays_are_tinted_by_size_and_signs_are_written():
    drawn = drawing("batchnorm", values=True)
    trace = traced("batchnorm")
    tiles = [tile for tile in drawn.tiles if tile.owner == "step_2"]
    largest = np.abs(trace["xmu"].value).max()
    np.testing.assert_allclose([tile.strength for tile in tiles], trace["xmu"].value.ravel() / largest)
    assert "−2.7" in {text.text for text in drawn.texts if text.owner == "step_2"}
    assert {tile.owner for tile in drawn.tiles} >= {"sum_step_2", "sum_input_0", "input_0"}


# ---- files -----------------------------------------------------------------------------------------------------------

HOSTILE = '5 < 6 & "7" > \\N \\\\ </TABLE> ]]> %s {x|y} &lt; ü'


def test_a_stand_in_for_infinity_does_not_blur_the_numbers_beside_it():
    masked = np.where(np.tri(8, dtype=bool), 3.62, -1e9)
    assert array_of(masked, "ink", Shown(1, 2)).rows == [["−1e9 to 3.6"]]


def test_hostile_text_is_shown_as_it_is():
    def layer(x):
        y = x * {'<b>&"\\N': 2.0}['<b>&"\\N']
        return y

    trace = bp.trace(layer, x=np.ones(2))
    trace.backward()
    svg = Diagram(trace, title=HOSTILE).svg()
    said = [(text.text or "").replace("\xa0", " ") for text in ElementTree.fromstring(svg.encode()).iter(f"{SVG}text")]
    assert HOSTILE in said
    assert "a\ufffdb\ufffdc\ufffdd" in Diagram(trace, title="a\x00b\x0bc\ud800d").svg()


def test_text_stays_text_of_its_width():
    svg = Diagram(traced("softmax_loss")).svg()
    places = {}
    for text in ElementTree.fromstring(svg.encode()).iter(f"{SVG}text"):
        places.setdefault(html.unescape(text.text).replace("\xa0", " "), []).append(float(text.get("x")))
    for text in drawing("softmax_loss").texts:
        assert min(abs(text.x * 0.75 - x) for x in places[text.text]) < 0.6


def test_own_svg_has_the_same_parts_in_the_same_places(monkeypatch):
    trace = traced("batchnorm")
    drawn = Diagram(trace).svg()
    monkeypatch.setattr("backpropviz.draw.board.rendered.can_render", lambda: False)
    own = Diagram(trace).svg()
    parts = [
        {group.get("id") for group in ElementTree.fromstring(svg.encode()).iter(f"{SVG}g")} for svg in (drawn, own)
    ]
    wires = {each for each in parts[0] if each and re.match(r"(forward|backward|step|input|sum)_", each)}
    assert wires <= parts[1]
    assert own == Diagram(trace).svg()
    assert "DejaVu" in own


def test_the_size_of_a_picture(tmp_path):
    diagram = Diagram(traced("relu"))
    assert re.search(r'width="1200pt" height="675pt"', diagram.svg())  # 1600 by 900 pixels
    for dpi, size in ((96, (1600, 900)), (192, (3200, 1800))):
        png = diagram.render("png", dpi)
        assert tuple(int.from_bytes(png[at : at + 4], "big") for at in (16, 20)) == size
    assert re.search(rb"/MediaBox\s*\[\s*0 0 1200 675\s*\]", diagram.render("pdf"))  # Graphviz adds a margin by itself


def test_what_arrives_stands_at_the_wire_that_brings_it():
    drawing = Diagram(traced("softmax_loss")).picture.drawing
    (said,) = (text for text in drawing.texts if text.text == "dout")
    last = max((wire for wire in drawing.wires if wire.ink == "red"), key=lambda wire: wire.points[0][0])
    assert 0 < said.y - last.points[0][1] < 1.2 * said.size


def test_the_figure_of_one_gate_tells_what_its_letters_mean():
    trace = bp.trace(lambda x: np.mean(x, axis=1), x=np.ones((4, 3)))
    trace.backward()
    texts = [text.text for text in Diagram(trace).picture.drawing.texts]
    assert "dx = (dout / D)[:, None]" in texts
    assert "D = x.shape[1]" in texts


def test_graphviz_says_nothing_about_it(capfd):
    Diagram(traced("conv"), title="conv").svg()
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for dot is a script")
def test_without_the_wheel_dot_draws_it_with_the_same_engine(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.stdout.write(' '.join(sys.argv[1:]) + sys.stdin.read())\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(rendering, "_binding", lambda: None)
    diagram = Diagram(bp.trace("relu"))
    assert diagram.svg() == "-Tsvg -Knop2" + diagram.dot


# ---- frames ----------------------------------------------------------------------------------------------------------


def test_frames_differ_in_nothing_but_colour():
    diagram = Diagram(traced("batchnorm"))
    frames = read_frames(diagram.circuit, diagram.picture, "both")

    def placed(svg):
        # an arrowhead grows with its line
        return re.sub(r' (?:fill|stroke|stroke-width|points)="[^"]*"', "", svg)

    assert {placed(frame.svg()) for frame in frames} == {placed(diagram.svg())}


def test_a_frame_lights_its_gate_and_shows_what_is_known():
    diagram = Diagram(traced("batchnorm"))
    frames = {frame.label: frame.svg() for frame in diagram.frames()}
    assert list(frames) == ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"]
    for label in "987654321":
        lit = _groups(
            frames[label], lambda group: f'fill="{LIGHT.lit}"' in ElementTree.tostring(group, encoding="unicode")
        )
        assert lit == [f"step_{label}"]
    # at step 7 its own terms are known, but not the sum at xmu, which waits for step 3
    for label, color in (("7", LIGHT.faint_red), ("4", LIGHT.faint_red), ("3", LIGHT.red)):
        assert _color(frames[label], "dxmu = dxmu_1 + dxmu_2") == color
    assert _color(frames["7"], "dxmu_1 = dxhat * ivar") == LIGHT.red
    assert _color(frames["8"], "dxmu_1 = dxhat * ivar") == LIGHT.faint_red


def _groups(svg, holds):
    root = ElementTree.fromstring(svg.encode())
    return [g.get("id") for g in root.iter(f"{SVG}g") if (g.get("class") or "").startswith("node") and holds(g)]


def _color(svg, said):
    root = ElementTree.fromstring(svg.encode())
    return next(t.get("fill") for t in root.iter(f"{SVG}text") if (t.text or "").replace("\xa0", " ") == said)


@pytest.mark.parametrize("name", ["conv", "lstm"])
def test_forward_frames_show_no_gradient(name):
    for frame in Diagram(traced(name)).frames("forward"):
        root = ElementTree.fromstring(frame.svg().encode())
        red = [
            part.get("class")
            for part in root.iter(f"{SVG}g")
            if LIGHT.red in ElementTree.tostring(part, encoding="unicode")
        ]
        assert {name for name in red if name not in ("graph", None)} <= {"edge of_legend", "node of_legend"}


def test_what_a_loop_hands_back_is_known_once_its_steps_have_sent_theirs():
    frames = {frame.label: frame.svg() for frame in Diagram(traced("lstm")).frames()}
    colors = {label: _color(svg, "dprev_c, dprev_h back") for label, svg in frames.items()}
    faint, full = LIGHT.faint_red, LIGHT.red
    assert colors == {"4[1]": faint, "3[1]": faint, "2[1]": full, "1": full, "0": full}


def test_what_a_loop_hands_on_is_known_once_the_step_is_done_that_makes_it():
    frames = {frame.label: frame.svg() for frame in Diagram(traced("lstm")).frames("forward")}
    colors = {label: _color(svg, "prev_c, prev_h to the next round, ") for label, svg in frames.items()}
    faint, full = LIGHT.faint_ink, LIGHT.ink
    assert colors == {"1": faint, "2[1]": faint, "3[1]": full, "4[1]": full}
    backward = Diagram(traced("lstm")).frames()[-1].svg()
    assert _color(backward, "prev_c, prev_h to the next round, ") == full


def test_the_animation_plays_the_frames():
    diagram = Diagram(traced("affine"))
    animated = diagram.animated()
    assert "@keyframes" in animated
    last = read_frames(diagram.circuit, diagram.picture)[-1].svg()
    assert re.sub(r"\n<style>.*</style>| class=\"change\d+\"", "", animated, flags=re.S) == last


def test_a_frame_says_what_arrives_and_what_is_handed_back():
    frames = {frame.label: frame for frame in Diagram(traced("batchnorm")).frames()}
    told = frames["7"].told
    assert told.title == "7  xhat = xmu * ivar"
    assert "swaps its inputs" in told.sentence
    assert told.lines == (
        "arrives: dxhat (4, 3)",
        "to xmu: local derivative ivar; dxmu_1 (4, 3) = dxhat (4, 3) * ivar (3,)",
        "to ivar: local derivative xmu; divar (3,) = np.sum(dxhat (4, 3) * xmu (4, 3), axis=0)",
    )
    said = html.unescape(frames["7"].svg()).replace("\xa0", " ")
    assert all(line in said for line in (told.title, told.sentence, "dxmu_1 (4, 3) = dxhat (4, 3) * ivar (3,)"))
    assert "to x: local derivative 1; dxmu (4, 3), passed on" in frames["2"].told.lines  # it has no other name
    assert "dx (4, 3) = dxmu + dx_2" in frames["0"].told.lines


def test_the_words_fit_where_letters_are_fitted_to_pixels():
    told = Told("t", " ".join(["it passes little where it saturates."] * 9))
    said = [text for text in with_words(drawing("tanh"), told).texts if text.text.startswith("it")]
    assert max(width(text.text, text.size) for text in said) * 1.04 <= 1600 - 48


@pytest.mark.costly
@pytest.mark.parametrize("name", NAMES)
def test_words_stand_where_the_board_has_room_for_them(name):
    diagram = Diagram(traced(name))
    for frame in diagram.frames("both"):
        assert frame.told is not None
        drawn = frame.picture.telling(frame.told, frame.shown)
        assert covered(drawn) == []
        assert off_the_page(drawn) == []
        said = "".join("".join(text.text.split()) for text in drawn.texts)
        assert "⋮" in said or all("".join(part.split()) in said for parts in frame.told.parts for part in parts)


@pytest.mark.costly
@pytest.mark.parametrize("name", NAMES)
def test_frames_can_be_read_on_a_slide_as_the_board_can(name):
    diagram = Diagram(traced(name))
    if len(diagram.trace.steps) <= 12:
        for passes in ("forward", "backward"):
            assert diagram.frames(passes)[0].picture.smallest >= 13.99


def test_words_at_the_bottom_stand_side_by_side_where_that_takes_fewer_lines():
    frames = {frame.label: frame for frame in Diagram(traced("softmax_classifier")).frames()}
    rows = {}
    for label in ("3", "0"):
        drawn = frames[label].picture.telling(frames[label].told, frames[label].shown)
        rows[label] = {text.text: text.y for text in drawn.texts if text.size == 16}
        assert covered(drawn) == off_the_page(drawn) == []
    assert len({rows["3"][line] for line in rows["3"] if line.startswith(("3 ", "A multiply"))}) == 1
    assert rows["0"]["The inputs"] == rows["0"]["dw (3, 4) = dw_1 + dw_2"]
    assert frames["0"].picture.smallest >= 14


def test_what_a_gate_hands_back_stands_in_a_bubble_beside_it():
    frames = Diagram(traced("batchnorm")).frames()
    for frame in frames[:-1]:
        drawn = frame.picture.telling(frame.told, frame.shown)
        (bubble,) = [shape for shape in drawn.shapes if shape.kind == "words"]
        (gate,) = [shape for shape in drawn.shapes if f"words_{shape.owner}" == bubble.owner and shape.kind != "badge"]
        beside = [abs(bubble.x - gate.x) - bubble.width / 2, abs(bubble.y - gate.y) - bubble.height / 2]
        assert 0 < max(beside) < 200
        inside = [text for text in drawn.texts if abs(text.y - bubble.y) < bubble.height / 2]
        inside = [text for text in inside if abs(text.x - bubble.x) < bubble.width / 2]
        assert inside[0].text.startswith("arrives: ")
        assert all(text.x + width(text.text, text.size) < bubble.x + bubble.width / 2 for text in inside)


def test_read_circuit_closes_groups_when_it_is_asked_to():
    trace = traced("lstm_step")
    assert [vertex.kind for vertex in read_circuit(trace, closed=True).vertices].count("group") == 3
    assert [vertex.kind for vertex in read_circuit(trace).vertices].count("group") == 0


# ---- one gate --------------------------------------------------------------------------------------------------------


def test_a_gate_is_the_chain_rules_figure():
    drawn = drawing("gate")
    said = {text.text for text in drawn.texts}
    assert {"forward", "backward", "dL/dz", "dz/dx = x / z", "dz/dy = y / z"} <= said
    assert {"dL/dx = dL/dz * dz/dx", "dL/dy = dL/dz * dz/dy", "dx = dout * x / z"} <= said
    half = drawn.width / 2
    assert all((wire.ink == "ink") == (max(x for x, _ in wire.points) < half) for wire in drawn.wires)
    assert "forward: values" in {text.text for text in drawing("gate", size="page").texts}


def test_a_sum_is_told_both_ways():
    def total(x):
        y = np.sum(x, axis=0)
        return y

    trace = bp.trace(total, x=np.ones((4, 3)))
    trace.backward()
    drawn = Diagram(trace).picture.drawing
    said = " ".join(text.text for text in drawn.texts)
    assert "as additions: each result was made from 4 entries of x" in said
    assert "ones (1, 4) @ x (4, 3)" in said
    assert covered(drawn) == []
    assert off_the_page(drawn) == []
    assert [frame.label for frame in Diagram(trace).frames("both")] == ["1", "1", "0"]


def wordy(some_features, their_weights, another_offset, one_more_scale, the_last_factor):
    mixed_features = (some_features @ their_weights).reshape(some_features.shape[0], -1, 2).transpose(0, 2, 1) * 0.5
    shifted_features = mixed_features - np.mean(mixed_features * another_offset, axis=-1, keepdims=True) / 3.0
    squashed_features = np.tanh(shifted_features * one_more_scale) / (1 + np.exp(-shifted_features * one_more_scale))
    weighed_features = squashed_features * the_last_factor - np.sum(squashed_features * mixed_features) / 7.0
    normed_features = weighed_features / np.sqrt(np.mean(weighed_features**2, axis=-1, keepdims=True) + 1e-5)
    final_features = np.log(1 + np.exp(normed_features - np.max(normed_features, axis=-1, keepdims=True))) * 2.0
    return final_features


def test_what_is_too_long_for_its_wire_stands_below_the_board():
    random = np.random.default_rng(0)
    shapes = ((3, 5), (5, 8), (2, 4), (2, 4), (2, 4))
    names = wordy.__code__.co_varnames[: wordy.__code__.co_argcount]
    trace = bp.trace(wordy, **{name: random.uniform(0.5, 1.5, shape) for name, shape in zip(names, shapes)})
    trace.backward()
    picture = Diagram(trace).picture
    said = [text.text for text in picture.drawing.texts]
    assert "dmixed_features_1" in said or "dmixed_features_part1" in said
    assert any(text.startswith("1 mixed_features =") for text in said)
    whole = re.sub(r"\s", "", " ".join(said))
    for use in picture.board.uses:
        assert all(re.sub(r"\s", "", term) in whole for term in use.terms or ())
    assert covered(picture.drawing) == []
    assert off_the_page(picture.drawing) == []


def test_a_board_that_cannot_be_read_says_so():
    picture = Diagram(traced("lstm_step"), ops=True).picture
    assert not picture.fits
    assert picture.smallest < 14
    assert Diagram(traced("batchnorm")).picture.fits


def test_a_formula_is_broken_as_a_whole():
    """An equals sign before an operator, a comma before what it parts, and short lists in one piece."""
    assert broken("dx_2 = dmu / N", 12) == ("dx_2 =", "dmu / N")
    assert broken("dx = dx_1 + dx_2 + dx_3", 18) == ("dx =", "dx_1 + dx_2 + dx_3")
    assert broken("dw[f] += dout[n, f, i, j] * patch", 24) == ("dw[f] +=", "dout[n, f, i, j] * patch")
    assert broken("pad(x, ((0, 0), (pad, pad)))", 18) == ("pad(x, ((0, 0),", "(pad, pad)))")
    assert broken("q @ k.T / √(q.shape[1])", 16) == ("q @ k.T /", "√(q.shape[1])")


def test_a_long_formula_hangs_from_no_wire():
    """It goes onto more rows of the page, or below the board, sooner than into a list of many lines."""
    for name in ("three_layers", "one_head"):
        drawing = Diagram(traced(name)).picture.drawing
        lines = Counter((text.owner, round(text.x, 1)) for text in drawing.texts if text.ink == "red")
        assert max(lines.values()) <= 6


def test_a_gate_takes_the_room_that_its_formula_needs():
    """It is torn apart between its terms, and not within them, where a few columns more allow that."""
    assert shaped("x[:, t] @ wx + h @ wh + b", 10, 15) == ("x[:, t] @ wx +", "h @ wh + b")
    assert shaped("w - lr * mhat / (√(vhat) + eps)", 12, 18) == ("w - lr * mhat /", "(√(vhat) + eps)")
    assert shaped("√(var + eps)", 8, 12) == ("√(var + eps)",)
    assert shaped("from_x + from_h + b", 10, 10) == broken("from_x + from_h + b", 10)
    assert shaped("from_x + b", 20, 30) == ("from_x + b",)
    assert {"x[:, t] @ wx +", "h @ wh + b"} <= {text.text for text in drawing("recurrent").texts}


def test_an_output_that_no_gradient_comes_back_from_leads_to_no_loss():
    def ends(trace):
        return [gate.inscription for gate in Diagram(trace).picture.board.gates if gate.kind == "end"]

    assert ends(traced("lstm_step")) == ["loss", "output"]
    assert ends(traced("rnn_step")) == ["loss"]
    assert ends(bp.trace("lstm_step")) == ["loss", "loss"]


def test_what_a_loop_hands_on_stands_where_its_line_is_longest():
    drawn = drawing("lstm", size="page")
    said = {text.text: text for text in drawn.texts}
    assert {"prev_c, prev_h to the next round, ", "dprev_c, dprev_h back"} <= {*said}
    assert len([wire for wire in drawn.wires if wire.id.startswith("around_")]) == 2
    lines = [line for line in drawn.outlines if line.title[0].startswith("for t in")]
    longest = max(lines, key=lambda line: line.width)
    assert 0 < said["dprev_c, dprev_h back"].y - (longest.y + longest.height) < 30


def test_what_a_loop_hands_on_is_written_beside_a_wire_that_enters_from_below():
    drawn = in_a_file("loops/layers.py:attention_decoder")
    assert "s, total to the next round, " in {text.text for text in drawn.texts}
    assert covered(drawn) == []


def test_no_row_of_a_page_has_only_the_end_of_a_wire():
    drawn = drawing("conv_naive", size="page")
    (end,) = [text for text in drawn.texts if text.text == "loss"]
    assert [shape for shape in drawn.shapes if shape.kind == "gate" and abs(shape.y - end.y) < 40]


def test_terms_on_a_wire_that_enters_a_group_stand_before_its_line():
    assert covered(drawing("lstm", ops=True, size="free")) == []


@pytest.mark.costly
@pytest.mark.parametrize("name", NAMES)
def test_the_manual_tells_the_figures_of_every_board(name):
    manual = (Path(bp.__file__).parent / "manual" / "contributors.md").read_text(encoding="utf-8")
    own, told = (re.sub(r" \([^|]*\) \|", " |", text) for text in (row(figures(name)), manual))
    assert own in told, "run python tests/boards.py"  # dot's, in parentheses, are another version's in another place


def test_the_measure_finds_what_it_looks_for():
    """A curve through a card and over its text, a text over another, and an area that two boxes share."""
    card = '<g class="node"><title>{}</title><polygon points="{} {}"/>{}</g>'
    text = '<text x="{}" y="10" font-size="10">abcd</text>'
    nodes = [
        card.format("a", "0,0", "20,20", ""),
        card.format("b", "40,0", "80,20", text.format(45) + text.format(55)),
        card.format("c", "100,0", "120,20", ""),
    ]
    path = "M20,10C30,10 40,10 50,10 60,10 80,10 100,10"
    edge = f'<g id="forward_1" class="edge"><title>a:e-&gt;c:w</title><path d="{path}"/></g>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="120pt" height="20pt">{"".join(nodes)}{edge}</svg>'
    found = measure_cards(SimpleNamespace(svg=lambda: svg))
    assert {key: found[key] for key in ("black", "through", "over", "bends")} == {
        "black": 0, "through": 1, "over": 3, "bends": 1,
    }  # fmt: skip
    assert found["area"] == pytest.approx(2 / 3)
    assert used([(0, 0, 10, 10), (5, 0, 15, 10)]) == 150


def test_where_a_board_may_be_wide_short_formulas_stand_in_one_line():
    drawing = Diagram(traced("batchnorm"), size="free").picture.drawing
    lines = {text.text for text in drawing.texts}
    assert {"dmu = -np.sum(dxmu, axis=0)", "dsqrtvar = -(divar * ivar / sqrtvar)", "√(var + eps)"} <= lines


def test_a_step_of_a_folded_loop_is_told_with_its_round():
    told = tell(traced("recurrent"))
    assert told["backward", "2[3]"].title == "2  a_4 = x[:, t] @ wx + h @ wh + b  where t = 3"


@pytest.mark.parametrize(
    "place", ["layers.py:residual", "rounds.py:newton_while", "rounds.py:gd", "branches.py:first_flag"]
)
def test_ways_into_a_loop_do_not_cross_what_goes_round(place):
    drawn = in_a_file(f"loops/{place}")
    assert any(wire.id.startswith("around_") for wire in drawn.wires)
    assert measure(drawn)["black"] == 0


@pytest.mark.parametrize("place", ["rounds.py:rk4", "scans.py:kalman", "scans.py:layernorm_rows"])
def test_ways_between_the_steps_of_a_loop_lie_within_its_line(place):
    drawn = in_a_file(f"loops/{place}")
    (line,) = drawn.outlines
    inside = {shape.owner for shape in drawn.shapes if abs(shape.x - line.x - line.width / 2) < line.width / 2}
    ways = [wire for wire in drawn.wires if {wire.tail, wire.head} <= inside]
    assert max(y for wire in ways for _, y in wire.points) < line.y + line.height
    assert min(y for wire in ways for _, y in wire.points) > line.y
    assert (measure(drawn)["black"], covered(drawn)) == (0, [])


def test_an_output_is_led_out_of_the_loop_in_which_it_is_made():
    drawn = in_a_file("loops/rounds.py:conjugate_gradient")
    (line,) = drawn.outlines
    (end,) = [text for text in drawn.texts if text.text == "loss"]
    assert end.x > line.x + line.width


def averaged(x, gamma, beta, means, variances):
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + 1e-5)
    out = gamma * xhat + beta
    means = 0.9 * means + 0.1 * mu
    variances = 0.9 * variances + 0.1 * var
    return out


def test_what_leads_nowhere_does_not_keep_a_lane_from_coming_back():
    random = np.random.default_rng(0)
    inputs = {"x": random.normal(size=(5, 3))}
    inputs |= {name: random.uniform(0.2, 1.5, 3) for name in ("gamma", "beta", "means", "variances")}
    trace = bp.trace(averaged, **inputs)
    trace.backward()
    assert measure(Diagram(trace).picture.drawing)["black"] == 0


@pytest.mark.parametrize("place", ["layers.py:attention_decoder", "networks.py:gru"])
def test_what_rounds_add_stands_below_a_board_where_its_wire_is_too_short(place):
    trace = load(f"{FILES / 'loops' / place}").trace(seed=1)
    trace.backward()
    picture = Diagram(trace).picture
    assert picture.smallest >= 13.9
    said = [text.text for text in picture.drawing.texts]
    whole = re.sub(r"\s", "", " ".join(said))
    terms = [term for use in picture.board.uses for term in use.terms or ()]
    assert all(re.sub(r"\s", "", term) in whole for term in terms)
    assert [text for text in said if " += " in text and text in terms and text.split(" += ")[0] in said]


@pytest.mark.parametrize("size", ["page", "free"])
@pytest.mark.parametrize("name", ["batchnorm", "rnn", "lstm_step"])
def test_words_of_frames_have_room_in_every_size(name, size):
    for frame in Diagram(traced(name), size=size).frames("both"):
        drawn = frame.picture.telling(frame.told, frame.shown)
        assert (covered(drawn), off_the_page(drawn)) == ([], [])


def test_a_board_has_its_formulas_broken_outside_of_brackets_where_it_can():
    assert torn(("a = f(b,", "c) *", "(d + e)")) == 1
    for name in ("affine", "embedding", "sigmoid", "adam"):
        drawn = drawing(name)
        assert torn(text.text for text in drawn.texts if text.ink == "red") == 0


def test_the_number_of_a_gate_does_not_lie_over_a_short_name_in_it():
    drawn = drawing("rnn")
    sizes = {text.size for text in drawn.texts if text.text in ("h0", "tanh")}
    assert len(sizes) == 1  # only the symbols of operators are larger


@pytest.mark.parametrize("name", ["affine_bn_relu", "lstm", "mlp"])
def test_texts_of_small_pictures_end_before_the_line_around_their_group(name):
    drawn = drawing(name)
    for line in drawn.outlines:
        end = line.x + line.width
        texts = [text for text in drawn.texts if line.x < text.x < end and line.y < text.y < line.y + line.height]
        assert [text.text for text in texts if text.x + HINTED * width(text.text, text.size) > end] == []


def test_a_formula_that_no_slide_has_room_for_is_where_it_is_told_in_steps():
    trace = bp.trace(attention_batch, **CASES[attention_batch][0])
    trace.backward()
    drawn = Diagram(trace).picture.drawing
    assert drawn.smallest >= 14
    said = " ".join(text.text for text in drawn.texts if text.ink == "red")
    assert "dq[b, i] += (see derive)" in said
    assert covered(drawn) == []


def test_words_at_the_bottom_are_dealt_out_in_columns_where_that_takes_fewer_lines():
    parts = tuple((f"dw{number} (20, 30) = dw{number}_1 + dw{number}_2",) for number in range(9))
    told = Told("The inputs", "The gradients have arrived at the inputs.", parts)
    page = Drawing(1600.0, 900.0)
    page.texts = with_words(page, told).texts
    assert height_of(told, 1552.0) < 130
    assert len({text.x for text in page.texts if text.ink == "red"}) == 3
    assert all(part in {text.text for text in page.texts} for (part,) in parts)
    assert covered(page) == []
