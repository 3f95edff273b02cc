"""Diagrams as cards: their red formulas compute the gradients, no text can break them, and their files are whole."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.draw.cards import CODE, RED, entries, wrapped
from backpropviz.draw.diagram import Diagram
from backpropviz.draw.rendering import render
from backpropviz.engine.named import plain
from backpropviz.errors import DrawingError
from backpropviz.layers.library import layer_names

Cards = partial(Diagram, style="cards")
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '5 < 6 & "7" > \\N \\\\ </TABLE> ]]> %s {x|y} &lt; ü'
SETTINGS = {"dropout": {"mode": "train"}}


def traced(name, **settings):
    trace = bp.trace(name, **settings)
    trace.backward()
    return trace


@pytest.fixture
def layer(tmp_path):
    """`layer(source, x=...)`: the trace of the function f in a file of its own."""

    def write(source, **arguments):
        path = tmp_path / "mine.py"
        path.write_text("import numpy as np\n\n" + source, encoding="utf-8")
        return bp.trace(f"{path}:f", **arguments)

    return write


def random(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape)


def texts(svg, id=None):
    root = ElementTree.fromstring(svg)
    if id is not None:
        root = next(group for group in root.iter(f"{SVG}g") if group.get("id") == id)
    return [(text.text or "").replace("\xa0", " ") for text in root.iter(f"{SVG}text")]


def ids(svg, kind):
    return [g.get("id") for g in ElementTree.fromstring(svg).iter(f"{SVG}g") if g.get("class") == kind]


# ---- what it says ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ops", [False, True], ids=["steps", "ops"])
@pytest.mark.parametrize("name", layer_names())
def test_the_formulas_on_the_red_edges_add_up_to_the_gradients(name, ops):
    trace = traced(name)
    names = {group.function for group in trace.groups}
    circuit = Cards(trace, ops=ops, expand=tuple(names)).circuit
    if any(" += " in edge.formula for edge in circuit.backward):
        return  # a folded loop: each round adds its own (tests/test_loops.py runs the code that says so)
    scope = {
        "np": np,
        **{helper: getattr(bp, helper) for helper in ("im2col", "col2im", "output_shape", "first_winner")},
        **{helper: getattr(bp, helper) for helper in ("put", "stored")},
        **{key: plain(value) for key, value in trace.settings.items()},
        **{vertex.name: vertex.value for vertex in circuit.vertices if vertex.kind != "outside"},
        **{node.name: node.value for node in trace.upstream.values()},
        **{name: array for name, array in trace.constants.values() if isinstance(name, str)},
    }
    for size in trace.sizes:
        exec(size.statement, scope)
    for vertex in reversed(circuit.vertices):
        arriving = [edge.formula for edge in circuit.backward if edge.head is vertex]
        if vertex.kind == "outside" or vertex.grad is None:
            assert not arriving
            continue
        total = 0
        for formula in arriving:
            term, equals, expression = formula.rpartition(" = ")
            value = np.broadcast_to(eval(expression, scope), vertex.grad.shape)
            if equals:
                scope[term] = value
            total = total + value
        np.testing.assert_allclose(total, vertex.grad, rtol=1e-12, atol=1e-12, err_msg=vertex.name)
        says, _, sum_of_terms = vertex.gradient.partition(" = ")
        assert says == trace.gradient_names.gradient(vertex.node)
        scope[says] = vertex.grad
        np.testing.assert_allclose(eval(sum_of_terms or says, scope), vertex.grad, rtol=1e-12, atol=1e-12)


def test_the_picture_is_the_circuit_of_the_nine_steps():
    diagram = Cards(traced("batchnorm"))
    drawn = {(edge.tail.name, edge.head.name) for edge in diagram.circuit.forward if edge.head.kind != "outside"}
    assert drawn == {
        ("x", "mu"), ("x", "xmu"), ("mu", "xmu"), ("xmu", "sq"), ("sq", "var"), ("var", "sqrtvar"), ("sqrtvar", "ivar"),
        ("ivar", "xhat"), ("xmu", "xhat"), ("gamma", "gammax"), ("xhat", "gammax"), ("gammax", "out"), ("beta", "out"),
    }  # fmt: skip
    assert {
        (edge.head.name, edge.tail.name) for edge in diagram.circuit.backward if edge.tail.kind != "outside"
    } == drawn
    said = texts(diagram.svg())
    assert {"1", "9", "sqrtvar", "np.sqrt(var + eps)", "(4, 3)", "(3,)", "dout * gamma", "np.sum(dout, axis=0)"} <= {
        *said
    }
    assert "dxmu = dxmu_1 + dxmu_2" in said
    assert "rankdir=LR" in diagram.dot


def test_black_edges_lead_right_and_red_ones_left():
    svg = Cards(traced("batchnorm")).svg()
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        if group.get("class") == "edge" and "outside" not in group.find(f"{SVG}title").text:
            path = next(group.iter(f"{SVG}path"))
            start, end = (float(path.get("d").lstrip("M").split("C")[0].split(",")[0]), _last(path.get("d")))
            assert (start < end) == group.get("id").startswith("forward")
            assert (path.get("stroke") == RED) == group.get("id").startswith("backward")
            assert (path.get("stroke-dasharray") is not None) == (path.get("stroke") == RED)  # told apart in grey


def _last(path):
    return float(re.findall(r"(-?[\d.]+),-?[\d.]+", path)[-1])


def test_every_use_of_a_value_is_an_edge(layer):
    trace = layer("def f(x):\n    y = x * x\n    return y\n", x=random(2, 3))
    trace.backward()
    circuit = Cards(trace).circuit
    assert [edge.tail.name for edge in circuit.forward if edge.head.name == "y" and edge.tail.name == "x"] == ["x", "x"]
    assert [edge.formula for edge in circuit.backward if edge.head.name == "x"] == [
        "dx_1 = dout * x",
        "dx_2 = dout * x",
    ]


def test_without_a_backward_pass_nothing_is_red():
    diagram = Cards(bp.trace("batchnorm"))
    svg = diagram.svg()
    assert RED not in svg
    assert not [edge for edge in ids(svg, "edge") if edge.startswith("backward")]
    assert not [text for text in texts(svg) if text.startswith("d")]
    assert {"xmu**2", "(4, 3)"} <= {*texts(svg)}


def test_inputs_without_a_gradient_are_drawn_without_one():
    circuit = Cards(traced("softmax_loss")).circuit
    labels = next(vertex for vertex in circuit.vertices if vertex.name == "y")
    assert labels.grad is None
    assert not labels.gradient
    assert not [edge for edge in circuit.backward if edge.head is labels]


def test_every_operation_has_a_card_of_its_own_with_ops():
    trace = traced("batchnorm")
    cards = [vertex for vertex in Cards(trace, ops=True).circuit.vertices if vertex.kind == "operation"]
    assert len(cards) == len([node for node in trace.nodes if node.primitive is not None])
    assert [card.code for card in cards if card.name == "sqrtvar"] == ["np.sqrt(add_1)"]
    assert "cluster_step_5" in Cards(trace, ops=True).dot


# ---- groups ----------------------------------------------------------------------------------------------------------

CALLS = """
def inner(a):
    square = a * a
    return square + a

def outer(a, w):
    b = inner(a) * w
    return b

def f(x, w):
    first = outer(x, w)
    second = outer(first, w)
    out = second - x
    return out
"""


def test_groups_are_closed_but_for_those_to_expand(layer):
    trace = layer(CALLS, x=random(2, 3), w=random(3))
    trace.backward()
    opened = Cards(trace)
    assert not [vertex for vertex in opened.circuit.vertices if vertex.kind == "group"]
    assert opened.dot.count("subgraph cluster_group_") == len(trace.groups)
    one = Cards(trace, expand=["first"]).circuit
    assert [vertex.name for vertex in one.vertices if vertex.kind == "group"][-1] == "second"
    assert "second" not in {box.title.split(" = ")[0] for vertex in one.vertices for box in vertex.boxes}
    inside = Cards(trace, expand=["inner"]).circuit  # the groups around it are opened, too
    assert not [vertex for vertex in inside.vertices if vertex.kind == "group"]


def test_edges_meet_a_closed_group_once_and_name_only_what_is_drawn(layer):
    trace = layer(CALLS, x=random(2, 3), w=random(3))
    trace.backward()
    circuit = Cards(trace, expand=["first"]).circuit
    (second,) = [vertex for vertex in circuit.vertices if vertex.name == "second"]
    assert sorted(edge.tail.name for edge in circuit.forward if edge.head is second) == ["first", "w"]
    (edge,) = [edge for edge in circuit.backward if edge.tail is second and edge.head.name == "w"]
    assert edge.formula in ("dw_1", "dw_2")
    for vertex in circuit.vertices:
        for name in re.findall(r"\bd[a-z]\w*", vertex.gradient):
            assert name == "dout" or re.sub(r"^d|_\d+$", "", name) in {other.name for other in circuit.vertices}


def test_groups_start_closed_when_there_are_many_steps(layer):
    calls = "\n".join(f"    x = inner(x)  # {number}" for number in range(20))
    trace = layer(
        f"def inner(a):\n    b = np.tanh(a)\n    c = b * a\n    return c\n\ndef f(x):\n{calls}\n    return x\n",
        x=random(2),
    )
    trace.backward()
    assert {vertex.kind for vertex in Cards(trace).circuit.vertices} == {"input", "group", "outside"}
    assert len(Cards(trace, expand=["inner"]).circuit.vertices) > 40


def test_an_unknown_group_is_named_with_those_there_are(layer):
    trace = layer(CALLS, x=random(2, 3), w=random(3))
    with pytest.raises(DrawingError, match="'middle'") as caught:
        Cards(trace, expand=["middle"])
    assert "inner" in caught.value.fix
    assert "second" in caught.value.fix
    with pytest.raises(DrawingError, match="'middle'"):
        Cards(bp.trace("batchnorm"), expand=["middle"])


LOOP = """
def inner(x):
    for _ in range(4000):
        x = x * 1.0001
    return x

def f(x):
    {}
    return y
"""


def test_thousands_of_steps_are_one_closed_card_or_those_in_the_middle_are(layer):
    closed = layer(LOOP.format("y = inner(x)"), x=random(2))
    closed.backward()
    assert len(Cards(closed).circuit.vertices) == 3
    opened = Cards(closed, expand=["inner"]).circuit.vertices
    assert len(opened) < 6
    assert {box.title for vertex in opened for box in vertex.boxes} >= {
        "for _ in range(4000): 4000 rounds, handing on x_2"
    }
    uneven = layer(LOOP.format("y = inner(x)").replace("x * 1.0001", "x * 1.0001 if _ % 3 else x + 1"), x=random(2))
    uneven.backward()
    drawn = Cards(uneven, expand=["inner"]).circuit.vertices
    assert len(drawn) < 30
    (card,) = [vertex.code for vertex in drawn if vertex.kind == "group"]
    assert re.fullmatch(r"3,98\d more steps: \S+ to \S+", card), card


# ---- text ------------------------------------------------------------------------------------------------------------


def test_a_value_used_in_a_hundred_rounds_can_be_drawn():
    def layer(x):
        out = np.zeros((12, 10))
        for i in range(12):
            for j in range(10):
                out[i, j] = np.sum(x[i : i + 2, j : j + 2])
        return out

    trace = bp.trace(layer, x=random(13, 11))
    trace.backward()
    svg = Cards(trace).svg()  # Graphviz reads no text of more than 16384 characters, such as a sum of 120 terms
    assert svg.count('class="node"') == 3  # x, one round, and the output


def test_hostile_text_is_shown_as_it_is(layer):
    code = "x * {'<b>&\"\\\\N': 2.0}['<b>&\"\\\\N']"
    trace = layer(f"def f(x):\n    # {HOSTILE}\n    y = {code}\n    return y\n", x=random(2))
    trace.backward()
    svg = Cards(trace, title=HOSTILE).svg()
    root = ElementTree.fromstring(svg)
    tooltips = [link.get("{http://www.w3.org/1999/xlink}title") for link in root.iter(f"{SVG}a")]
    assert HOSTILE in tooltips
    assert HOSTILE in texts(svg)
    said = "".join(text.strip() for text in texts(svg, "step_1")).replace(" ", "")
    assert code.replace(" ", "") in said


def test_control_characters_do_not_break_the_drawing():
    trace = bp.trace("gate") if "gate" in layer_names() else bp.trace("batchnorm")
    title = "a\x00b\x0bc\ud800d\te\nf"
    assert "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf" in texts(Cards(trace, title=title).svg())


def test_text_stays_text_and_fits_into_its_card():
    for name in ("batchnorm", "conv", "softmax_loss"):
        svg = Cards(traced(name)).svg()
        for card in ElementTree.fromstring(svg).iter(f"{SVG}g"):
            if card.get("class") != "node" or card.get("id").startswith("outside"):
                continue
            shape = next(part for part in card.iter() if part.tag in (f"{SVG}polygon", f"{SVG}path"))
            xs = [float(x) for x in re.findall(r"(-?[\d.]+),-?[\d.]+", shape.get("points") or shape.get("d"))]
            written = list(card.iter(f"{SVG}text"))
            assert written
            for text in written:
                left, size = float(text.get("x")), float(text.get("font-size"))
                assert min(xs) <= left
                assert left + 0.602 * size * len(text.text) <= max(xs) + 1


def test_code_is_broken_into_short_lines_without_losing_any():
    for code in (
        "np.sum(dbiased @ np.swapaxes(x_col, -1, -2), axis=0)",
        "np.sum(dout, axis=(0, 2)).reshape(b.shape)",
        "dout * (lr * mhat / (np.sqrt(vhat) + eps)) / (np.sqrt(vhat) + eps) / (2 * np.sqrt(vhat))",
    ):
        lines = wrapped(code)
        assert max(map(len, lines)) <= CODE
        assert "".join(line.strip() for line in lines).replace(" ", "") == code.replace(" ", "")
    assert wrapped("") == []
    assert wrapped("a_single_name_that_is_longer_than_a_line") == ["a_single_name_that_is_longer_than_a_line"]
    assert wrapped("x + " * 100 + "x")[-1].endswith("...")
    assert wrapped("dsqrtvar / (2 * sqrtvar)") == ["dsqrtvar /", "  (2 * sqrtvar)"]


def test_small_arrays_are_written_whole_and_aligned():
    assert entries(np.array([[1.0, -2.5], [10.25, 0.0]])) == ["[ 1.0 −2.5]", "[10.2  0.0]"]
    assert entries(np.array([1, -20, 300])) == ["[  1 −20 300]"]
    assert entries(np.array(2.5)) == ["2.50"]
    assert entries(np.array([True, False])) == ["[1 0]"]
    assert entries(np.array([-1e-9, 0.0])) == ["[−1.0e−9       0]"]
    assert entries(np.array([-0.0001, 2.0])) == ["[0.00 2.00]"]
    assert entries(np.array([0.25, -1e9, -3.5])) == ["[ 0.25  −1e9 −3.50]"]
    assert entries(np.array([np.nan, np.inf, 1.0])) == ["[ nan  inf 1.00]"]
    assert entries(np.zeros((0, 3))) == ["no entries"]


def test_large_arrays_are_summarized():
    x = np.arange(24.0).reshape(2, 3, 4)
    assert entries(x) == ["min   0.0", "mean 11.5", "max  23.0"]
    assert entries(x.reshape(24, 1))[1] == "mean 11.5"
    assert entries(x.ravel())[0] == "min   0.0"


# ---- files -----------------------------------------------------------------------------------------------------------


def test_the_same_bytes_from_run_to_run():
    diagram = Cards(traced("batchnorm"))
    assert all(diagram.render(format) == diagram.render(format) for format in ("svg", "png", "pdf"))
    other = _python(
        "import sys, backpropviz as bp; t = bp.trace('batchnorm'); t.backward();"
        "sys.stdout.buffer.write(t.diagram(style='cards').svg().encode())",
        PYTHONHASHSEED="7",
    )
    assert other.stdout.decode() == diagram.svg()


def test_drawing_says_nothing(tmp_path):
    done = _python(
        "import backpropviz as bp; t = bp.trace('conv'); t.backward(); d = t.diagram();"
        f"[d.save({str(tmp_path)!r} + '/conv.' + s) for s in ('svg', 'png', 'pdf', 'dot')]"
    )
    assert (done.stdout, done.stderr) == (b"", b"")
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="no fontconfig")
def test_cards_and_edges_are_placed_alike_on_a_machine_without_fonts(tmp_path):
    nothing = tmp_path / "fonts.conf"
    nothing.write_text('<?xml version="1.0"?><fontconfig></fontconfig>')
    other = _python(
        "import sys, backpropviz as bp; t = bp.trace('batchnorm'); t.backward();"
        "sys.stdout.buffer.write(t.diagram(style='cards').svg().encode())",
        FONTCONFIG_FILE=str(nothing),
    )
    lines = r"<(?:path|polygon|polyline|svg)[^>]*>"
    assert re.findall(lines, other.stdout.decode()) == re.findall(lines, Cards(traced("batchnorm")).svg())


def _python(code, **variables):
    environment = {**os.environ, **variables}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(bp.__file__).parent.parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done


@pytest.mark.parametrize(
    ("suffix", "start"),
    [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF-"), ("dot", b"digraph"), ("SVG", b"<?xml")],
)
def test_the_suffix_says_what_is_written(tmp_path, suffix, start):
    path = tmp_path / f"bn.{suffix}"
    Cards(traced("batchnorm")).save(path)
    assert path.read_bytes().startswith(start)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ["bn.gif", "bn", "bn.svg.gz"])
def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path, name):
    with pytest.raises(DrawingError, match=name) as caught:
        Cards(bp.trace("batchnorm")).save(tmp_path / name)
    assert all(suffix in caught.value.fix for suffix in (".svg", ".png", ".pdf", ".dot"))
    assert not list(tmp_path.iterdir())


def test_a_path_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    diagram = Cards(bp.trace("batchnorm"))
    with pytest.raises(DrawingError, match="cannot be written"):
        diagram.save(tmp_path / "missing" / "bn.svg")
    (tmp_path / "bn.svg").mkdir()
    with pytest.raises(DrawingError, match="folder"):
        diagram.save(tmp_path / "bn.svg")
    assert [file.name for file in tmp_path.iterdir()] == ["bn.svg"]


def test_a_drawing_that_fails_keeps_the_old_file(tmp_path):
    path = tmp_path / "bn.svg"
    path.write_text("old")
    diagram = Cards(bp.trace("batchnorm"))
    diagram.picture.dot = lambda shown: "digraph {"
    with pytest.raises(DrawingError, match="syntax error"):
        diagram.save(path)
    assert path.read_text() == "old"


def test_a_notebook_shows_it():
    trace = traced("batchnorm")
    assert trace.diagram()._repr_svg_() == trace.diagram().svg()


# ---- Graphviz --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["gif", "svgz", "dot", "", "svg:cairo"])
def test_no_other_format_reaches_graphviz(format):
    with pytest.raises(DrawingError, match="svg, png, pdf"):
        render("digraph {}", format)


@pytest.mark.parametrize("dot", ["digraph {", "digraph {a [label=<<B>x>]}", "no graph"])
def test_what_graphviz_says_is_passed_on(dot):
    with pytest.raises(DrawingError, match=r"Error: .*line 1"):
        render(dot, "svg")


def test_pygraphviz_can_still_be_used():
    done = _python(
        "from backpropviz.draw.rendering import render; render('digraph {a -> b}', 'svg');"
        "import pygraphviz; g = pygraphviz.AGraph('digraph {a -> b}'); print(g.has_edge('a', 'b'), end='');"
        "assert render('digraph {a -> b}', 'svg').startswith(b'<?xml')"
    )
    assert done.stdout == b"True"


@pytest.fixture
def no_wheel(monkeypatch, tmp_path):
    """pygraphviz is not installed, and the PATH is an empty folder."""
    for module in [name for name in sys.modules if name.startswith("pygraphviz")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_without_the_wheel_and_without_dot_it_says_what_to_install(no_wheel):
    with pytest.raises(DrawingError, match="no Graphviz") as caught:
        Cards(bp.trace("batchnorm")).svg()
    assert "pip install pygraphviz" in caught.value.fix


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for dot is a script")
def test_without_the_wheel_dot_draws(no_wheel):
    program = no_wheel / "dot"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.stdout.write(' '.join(sys.argv[1:]) + sys.stdin.read())\n")
    program.chmod(0o755)
    diagram = Cards(bp.trace("batchnorm"))
    assert diagram.svg() == "-Tsvg" + diagram.dot
    assert diagram.render("png").decode() == "-Tpng -Gdpi=192" + diagram.dot
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('Error: no room')\n")
    with pytest.raises(DrawingError, match="no room"):
        diagram.svg()


# ---- frames ----------------------------------------------------------------------------------------------------------


def placed(svg):
    """An SVG without its colours and the widths of its lines."""
    return re.sub(r' (?:fill|stroke|stroke-width)="[^"]*"', "", svg)


def test_frames_go_back_from_the_last_step_to_the_inputs():
    frames = Cards(traced("batchnorm")).frames()
    assert [frame.label for frame in frames] == ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"]
    assert {frame.direction for frame in frames} == {"backward"}
    both = Cards(traced("batchnorm")).frames("both")
    assert [frame.number for frame in both] == list(range(1, 20))
    assert [frame.label for frame in both[:9]] == [str(number) for number in range(1, 10)]


def test_frames_differ_in_nothing_but_colour():
    diagram = Cards(traced("batchnorm"), title="batchnorm")
    assert {placed(frame.svg()) for frame in diagram.frames("both")} == {placed(diagram.svg())}


def test_a_frame_lights_its_step_and_shows_what_is_known():
    trace = traced("batchnorm")
    frames = {frame.label: frame.svg() for frame in Cards(trace).frames()}
    for number, step in enumerate(reversed(trace.steps), 1):
        svg = frames[step.label]
        lit = [card for card in ids(svg, "node") if "#ffe28a" in _card(svg, card)]
        assert lit == [f"step_{step.label}"]
        known = {s.name for s in trace.steps if _in_red(svg, f"step_{s.label}", f"d{s.name}")}
        reached = {done.label for done in trace.steps[-number:]}
        assert known == {
            s.name
            for s in trace.steps
            if all(term.position < 0 or term.consumer.step.label in reached for term in s.node.terms)
        }
    assert [card for card in ids(frames["0"], "node") if "#ffe28a" in _card(frames["0"], card)] == [
        "input_0", "input_1", "input_2",
    ]  # fmt: skip


def _card(svg, id):
    card = next(group for group in ElementTree.fromstring(svg).iter(f"{SVG}g") if group.get("id") == id)
    return ElementTree.tostring(card, encoding="unicode")


def _in_red(svg, id, start):
    """Whether a card's gradient is in full colour."""
    card = next(group for group in ElementTree.fromstring(svg).iter(f"{SVG}g") if group.get("id") == id)
    return any((text.text or "").split(" ")[0] == start and text.get("fill") == RED for text in card.iter(f"{SVG}text"))


def test_forward_frames_show_no_gradient():
    for frame in Cards(traced("conv")).frames("forward"):
        assert RED not in frame.svg()
    assert len(Cards(bp.trace("conv")).frames("forward")) == 5


def test_frames_of_a_pass_that_did_not_run_are_refused():
    with pytest.raises(DrawingError, match="backward pass has not run"):
        Cards(bp.trace("conv")).frames()
    with pytest.raises(DrawingError, match="sideways"):
        Cards(traced("conv")).frames("sideways")


def test_the_animation_goes_through_the_colours_of_the_frames():
    diagram = Cards(traced("batchnorm"))
    frames, animated = [frame.svg() for frame in diagram.frames()], diagram.animated()
    root = ElementTree.fromstring(animated)
    style = root.find(f"{SVG}style").text
    assert re.sub(r"\n<style>.*</style>| class=\"change\d+\"", "", animated, flags=re.S) == frames[-1]
    (heading,) = [text for text in root.iter(f"{SVG}text") if text.text == "dvar"]
    rule = re.search(rf"@keyframes {heading.get('class')} {{(.*)}} \.", style).group(1)
    colors = [re.search(rf'fill="(#\w+)">{"dvar"}<', frame).group(1) for frame in frames]
    played = [(float(at), color) for at, color in re.findall(r"([\d.]+)%{fill:(#\w+)}", rule)]
    share = 100 / (len(frames) + 3)
    for number, color in enumerate(colors):
        assert [paint for at, paint in played if at <= (number + 0.5) * share][-1] == color


def test_pages_are_the_frames():
    pypdf = pytest.importorskip("pypdf")
    import io

    reader = pypdf.PdfReader(io.BytesIO(Cards(traced("conv")).pages("both")))
    assert len(reader.pages) == 5 + 6
    assert "scores" in reader.pages[0].extract_text()


def test_pages_without_pypdf_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdf", None)
    with pytest.raises(DrawingError, match="pypdf"):
        Cards(traced("conv")).pages()


def test_short_vectors_are_shown_whole():
    assert entries(np.zeros(6)) == ["[0 0 0 0", " 0 0]"]
    assert entries(np.arange(8.0))[1] == " 4.00 5.00 6.00 7.00]"
    assert entries(np.zeros(9))[0].startswith("min")


def test_formulas_that_are_cut_are_whole_in_the_tooltip():
    def layer(first_long_name, second_long_name):
        out = (
            first_long_name * second_long_name
            + second_long_name * first_long_name
            - first_long_name * 2
            + 1.5 * (second_long_name / 3)
            + np.exp(first_long_name) * second_long_name
            - np.tanh(second_long_name) * first_long_name
            + 2.5 * (first_long_name / 3) * second_long_name
            - np.sqrt(first_long_name) * second_long_name
        )
        return out

    trace = bp.trace(layer, first_long_name=np.ones(2), second_long_name=np.ones(2))
    trace.backward()
    diagram = Cards(trace)
    step = next(vertex for vertex in diagram.circuit.vertices if vertex.kind == "step")
    assert wrapped(step.code)[-1].endswith("...")
    assert " ".join(step.code.split()) in html.unescape(diagram.svg())


def test_the_end_says_what_it_is():
    assert Cards(bp.trace("affine")).svg().count(">output<") == 1
