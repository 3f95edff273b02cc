"""TikZ and Mermaid hold every vertex and edge of the circuit, and nothing in a name or code can break them."""

import re
import shutil
import subprocess

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.draw.diagram import Diagram
from backpropviz.draw.formats import SUFFIXES, export
from backpropviz.draw.mermaid import mermaid
from backpropviz.draw.tikz import _columns, tikz
from backpropviz.engine.verifying import record
from backpropviz.errors import DrawingError
from backpropviz.layers.library import layer_names, load


def circuit(name, **options):
    trace = load(name).trace()
    trace.backward()
    return Diagram(trace, **options).circuit


@pytest.mark.parametrize("name", layer_names())
def test_tikz_has_every_vertex_and_edge(name):
    drawn = circuit(name)
    text = tikz(drawn)
    assert re.findall(r"\\node\[[^]]*\] \((\w+)\)", text) == [vertex.id for vertex in drawn.vertices]
    for style, edges in (("forward", drawn.forward), ("backward", drawn.backward)):
        found = re.findall(rf"\\draw\[{style}\] \((\w+)\).*\((\w+)\);$", text, re.MULTILINE)
        assert found == [(edge.tail.id, edge.head.id) for edge in edges]
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")


@pytest.mark.parametrize("name", layer_names())
def test_columns_run_forward_and_no_two_cards_share_a_place(name):
    drawn = circuit(name)
    columns = _columns(drawn)
    assert all(columns[edge.tail] < columns[edge.head] for edge in drawn.forward)
    places = re.findall(r"at (\([-\d., ]+\)) \{", tikz(drawn))
    assert len(places) == len(set(places)) == len(drawn.vertices)


@pytest.mark.parametrize("name", layer_names())
def test_mermaid_has_every_vertex_and_edge(name):
    drawn = circuit(name)
    text = mermaid(drawn)
    assert re.findall(r'^\s+(\w+)(?:\["|\(\()', text, re.MULTILINE) == [vertex.id for vertex in drawn.vertices]
    assert re.findall(r"(\w+) --> (\w+)", text) == [(edge.tail.id, edge.head.id) for edge in drawn.forward]
    assert re.findall(r'(\w+) -\. ".*" \.-> (\w+)', text) == [(edge.tail.id, edge.head.id) for edge in drawn.backward]
    red = re.search(r"linkStyle ([\d,]+) stroke:#c0182a", text)[1].split(",")
    first = len(drawn.forward)
    assert list(map(int, red)) == list(range(first, first + len(drawn.backward)))


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
    picture = tikz(drawn, whole=False)
    assert picture.startswith(r"\begin{tikzpicture}")
    assert r"\end{document}" not in picture
    body = picture.partition("]\n")[2]
    assert not re.search(r"(?<!\\)[%#&]|(?<![\\\w)}])\^", body.replace(r"\textasciicircum", ""))
    flow = mermaid(drawn)
    assert "<script" not in flow
    for line in flow.splitlines():
        assert line.count('"') in (0, 2)
        assert ";" not in re.sub(r"#\d+;", "", line)


def test_before_the_backward_pass_there_is_no_red():
    trace = load("affine").trace()
    drawn = Diagram(trace).circuit
    assert "draw[backward]" not in tikz(drawn)
    assert "linkStyle" not in mermaid(drawn)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_suffix_says_what_is_written(tmp_path, suffix):
    trace = load("relu").trace()
    trace.backward()
    path = tmp_path / f"relu{suffix}"
    export(Diagram(trace), path, "relu")
    begins = {
        ".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF", ".dot": b"digraph", ".tex": b"\\documentclass",
        ".mmd": b"flowchart LR", ".html": b"<!DOCTYPE html>",
    }  # fmt: skip
    assert path.read_bytes().startswith(begins[suffix])


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(DrawingError, match=r"relu\.gif"):
        export(Diagram(load("relu").trace()), tmp_path / "relu.gif")


def test_a_notebook_shows_the_drawing(monkeypatch):
    trace = bp.trace("relu")
    trace.backward()
    assert trace._repr_html_().startswith("<svg")
    assert trace.diagram().svg().endswith(trace._repr_html_())

    def refuse(self):
        raise DrawingError("too much")

    monkeypatch.setattr(Diagram, "svg", refuse)
    assert trace._repr_html_() is None


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX here")
@pytest.mark.parametrize("name", ["batchnorm", "lstm_step"])
def test_latex_compiles_it(tmp_path, name):
    (tmp_path / "x.tex").write_text(tikz(circuit(name)), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "x.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    if "standalone.cls' not found" in done.stdout:
        pytest.skip("no standalone class here")
    assert done.returncode == 0, done.stdout[-2000:]
