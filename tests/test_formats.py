"""TikZ and Mermaid hold every vertex and edge of the circuit, and nothing in a name or code can break them."""

import html
import io
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.draw.board.picture import BoardPicture
from backpropviz.draw.board.themes import in_the_dark
from backpropviz.draw.diagram import Diagram
from backpropviz.draw.formats import SUFFIXES, export, heading
from backpropviz.draw.mermaid import mermaid
from backpropviz.draw.slides import moving_picture, presentation
from backpropviz.draw.tikz import tikz
from backpropviz.engine.verifying import record
from backpropviz.errors import DrawingError
from backpropviz.layers.library import layer_names, load
from tests.boards import NAMES, traced

DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


def circuit(name, **options):
    trace = load(name).trace()
    trace.backward()
    return Diagram(trace, **options).circuit


def drawing(name, **options):
    return Diagram(traced(name), size="page", **options).picture.drawing


@pytest.mark.parametrize("name", NAMES)
def test_tikz_has_every_wire_gate_and_text(name):
    drawn = drawing(name)
    text = tikz(drawn)
    wires = re.findall(r"\\draw\[(forward|backward)(?:, ahead)?\] (.*); % (\w+)$", text, re.MULTILINE)
    assert {id for _, _, id in wires} == {wire.id for wire in drawn.wires}
    for style, way, id in wires:
        wire = next(wire for wire in drawn.wires if wire.id == id)
        assert (style == "forward") == (wire.ink == "ink")
        points = [tuple(map(float, pair)) for pair in re.findall(r"\(([-\d.]+), ([-\d.]+)\)", way)]
        assert any(np.allclose(points, line, atol=0.006) for line in wire.lines if len(line) == len(points))
    assert text.count(r"\filldraw") == len([shape for shape in drawn.shapes if shape.kind != "end"])
    assert text.count(r"\said{") == len(drawn.texts)
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
    assert r"\linewidth/760" in text


@pytest.mark.costly
@pytest.mark.parametrize("name", layer_names())
def test_mermaid_runs_from_left_to_right_with_gradients_in_the_boxes(name):
    drawn = circuit(name)
    text = mermaid(drawn)
    assert re.findall(r'^\s+(\w+)(?:\["|\(\()', text, re.MULTILINE) == [vertex.id for vertex in drawn.vertices]
    assert re.findall(r"(\w+) --> (\w+)", text) == [(edge.tail.id, edge.head.id) for edge in drawn.forward]
    assert ".->" not in text
    places = {vertex.id: number for number, vertex in enumerate(drawn.vertices)}
    assert all(places[tail] < places[head] for tail, head in re.findall(r"(\w+) --> (\w+)", text))
    said = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text)
    for edge in drawn.backward:
        box = next(
            line for line in said.splitlines() if line.strip().startswith((f"{edge.head.id}[", f"{edge.head.id}("))
        )
        assert " ".join(edge.formula.split()) in box


def test_a_folded_loop_says_what_each_round_adds():
    said = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), mermaid(circuit("conv_naive")))
    assert "b (3,)<br/>← db[f] += dout[n, f, i, j]" in said
    assert '["3: out ' in said  # not one of its rounds


def test_open_groups_are_subgraphs():
    text = mermaid(circuit("convnet", expand=["conv", "relu"]))
    assert text.count("  subgraph ") == text.count("\n  end\n") == 2


def hostile(größe, x_y):
    a_b = größe * x_y  # 100% {of} $it$ #hash ~ ^ & \end{document} <b>"quoted"</b>
    return np.where(a_b > 0, a_b**2, 3 % a_b)


def test_hostile_text_is_escaped():
    trace = record(hostile, {"größe": np.array([1.5, -2.5]), "x_y": np.array([2.0, 3.5])}, {})
    trace.backward()
    drawn = Diagram(trace).circuit
    for vertex in drawn.vertices:
        vertex.code += ' ~^&#$%{}\\end{document}"<script>`;'
    picture = tikz(BoardPicture(drawn, "~^&#$%{}\\end{document}", "page").drawing, whole=False)
    assert r"\end{document}" not in picture
    body = picture.partition("]\n")[2]
    for line in body.splitlines():
        said = line.partition(r"\said")[2]
        assert not re.search(r"(?<!\\)[%#&]", said)
    flow = mermaid(drawn)
    assert "<script" not in flow
    for line in flow.splitlines():
        assert line.count('"') in (0, 2)
        assert ";" not in re.sub(r"#\d+;", "", line)


def test_before_the_backward_pass_there_is_no_red():
    trace = load("affine").trace()
    drawn = Diagram(trace).circuit
    assert "draw[backward]" not in tikz(Diagram(trace).picture.drawing)
    assert "←" not in html.unescape(mermaid(drawn).replace("#", "&#"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_suffix_says_what_is_written(tmp_path, suffix):
    trace = load("relu").trace()
    trace.backward()
    path = tmp_path / f"relu{suffix}"
    export(Diagram(trace), path, "relu")
    begins = {
        ".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF", ".dot": b"digraph", ".tex": b"\\documentclass",
        ".mmd": b"flowchart LR", ".html": b"<!DOCTYPE html>", ".pptx": b"PK", ".gif": b"GIF89a",
    }  # fmt: skip
    assert path.read_bytes().startswith(begins[suffix])


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(DrawingError, match=r"relu\.jpeg"):
        export(Diagram(load("relu").trace()), tmp_path / "relu.jpeg")


def test_a_notebook_shows_the_drawing(monkeypatch):
    trace = bp.trace("relu")
    trace.backward()
    shown = trace._repr_html_()
    assert shown.startswith('<svg style="max-width: 100%; height: auto"')  # as wide as its column at most
    drawn = in_the_dark(trace.diagram(size="page").svg())
    assert shown.partition("class=")[2] == drawn[drawn.index("<svg") :].partition("class=")[2]

    def refuse(self):
        raise DrawingError("too much")

    monkeypatch.setattr(Diagram, "svg", refuse)
    assert trace._repr_html_() is None


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX here")
@pytest.mark.parametrize("name", ["batchnorm", "lstm_step"])
def test_latex_compiles_it(tmp_path, name):
    (tmp_path / "x.tex").write_text(tikz(drawing(name)), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "x.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    if "lmodern.sty' not found" in done.stdout:
        pytest.skip("no scalable fonts here")
    assert done.returncode == 0, done.stdout[-2000:]


# ---- slides ----------------------------------------------------------------------------------------------------------


def test_slides_are_the_frames_with_text_that_can_be_edited():
    pptx = pytest.importorskip("pptx")
    diagram = Diagram(traced("batchnorm"), title="Batch normalization")
    written = presentation(diagram.frames())
    assert written == presentation(diagram.frames())
    slides = list(pptx.Presentation(io.BytesIO(written)).slides)
    assert len(slides) == 10  # backward, 9 to 0
    for frame, slide in zip(diagram.frames(), slides):
        drawn = frame.picture.telling(frame.told, frame.shown)
        said = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame and shape.text_frame.text]
        assert sorted(said) == sorted(text.text for text in drawn.texts)
        assert slide.notes_slide.notes_text_frame.text == frame.told.text
        names = {shape.name for shape in slide.shapes}
        assert {wire.id for wire in drawn.wires} | {
            shape.owner for shape in drawn.shapes if shape.kind != "end"
        } <= names
        assert {each.get("idx") for each in slide.element.iter(f"{DRAWING}effectRef")} == {"0"}  # no shadows
        assert all(shape.left >= 0 and shape.left + shape.width <= 12192000 * 1.05 for shape in slide.shapes)


def test_a_gif_shows_the_frames_one_after_the_other():
    image = pytest.importorskip("PIL.Image")
    frames = Diagram(traced("relu")).frames()
    with image.open(io.BytesIO(moving_picture(frames))) as moving:
        assert moving.n_frames == len(frames)
        assert moving.size == (1600, 900)


@pytest.mark.parametrize(("module", "write_out"), [("pptx", presentation), ("PIL", moving_picture)])
def test_without_the_library_it_says_what_to_install(monkeypatch, module, write_out):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DrawingError, match="missing") as caught:
        write_out(Diagram(traced("relu")).frames())
    assert "backpropviz[slides]" in caught.value.fix


def test_cards_are_no_slides():
    pytest.importorskip("pptx")
    with pytest.raises(DrawingError, match="boards"):
        presentation(Diagram(traced("relu"), style="cards").frames())


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ("A loop over x of shape (N, T, D).", "A loop over x of shape (N, T, D)"),
        ("Squashes into (0, 1), always.", "Squashes into (0, 1)"),
        ("A scale (one number, the same for all): x * w", "A scale"),
        ("(N, C) as it was.", "twice"),
        ("One for each g(x, w).", "One for each g"),
    ],
)
def test_a_heading_keeps_the_shape_that_its_last_word_needs(told, title):
    def twice(x):
        y = 2 * x
        return y

    twice.__doc__ = told
    assert heading(record(twice, {"x": np.ones(3)}, {}), "mine.py:twice") == title
