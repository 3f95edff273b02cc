"""Arrays as grids: what stands in them is the trace's, it can be read on a slide, and marks are where they belong."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from backpropviz import cli
from backpropviz.code.breaking import width
from backpropviz.draw.diagram import Diagram
from backpropviz.draw.entries.picture import EntriesPicture
from backpropviz.errors import DrawingError
from backpropviz.layers.library import layer_names, load

USERS = Path(__file__).parent / "users.py"
NAMES = [*layer_names(), *(f"{USERS}:{name}" for name in ("one_head", "residual", "normed"))]
OF_THEIR_OWN = (
    "conv",
    "maxpool",
    "avgpool",
    "affine",
    "softmax_loss",
    "batchnorm",
    "layernorm",
    "groupnorm",
    "attention",
)


def traced(name):
    layer = load(name)
    shapes, given = layer.case("entries")
    trace = layer.trace(given, shapes=shapes)
    trace.backward()
    return trace


def picture(name, entry=None, **options):
    return EntriesPicture(traced(name), entry, name, **options)


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_on_the_slide_and_no_text_covers_another(name):
    trace = traced(name)
    gradients = [f"d{its}" for its, node in trace.inputs.items() if node.gradient is not None][:2]
    for entry in (None, *gradients):
        drawing = EntriesPicture(trace, entry, name).drawing
        texts = [text for text in drawing.texts if text.text]
        boxes = [(t.x, t.y - t.size / 2, t.x + width(t.text, t.size), t.y + t.size / 2) for t in texts]
        assert all(left >= 0 and right <= 1600 and top >= 0 and bottom <= 900 for left, top, right, bottom in boxes)
        for at, (left, top, right, bottom) in enumerate(boxes):
            for left_, top_, right_, bottom_ in boxes[:at]:
                assert right <= left_ or right_ <= left or bottom <= top_ + 0.5 or bottom_ <= top + 0.5


@pytest.mark.parametrize(
    "name", [*OF_THEIR_OWN, "embedding", "spatial_batchnorm", "relu", "conv_naive", "maxpool_naive"]
)
def test_every_digit_of_a_default_sample_can_be_read(name):
    assert picture(name).smallest >= 14
    assert picture(name).fits


def test_the_window_and_its_winner_are_marked():
    shown = picture("maxpool", "out[0,0,1,1]").scene
    (x,), (dx,) = shown.sources, shown.back
    values = shown.story.entry.value
    assert x.framed.tolist() == [[False] * 4] * 2 + [[False, False, True, True]] * 2
    assert x.values[x.bold].tolist() == [values] == [x.values[2:, 2:].max()]
    assert (dx.framed == x.bold).all()
    assert dx.values[dx.framed].tolist() == [shown.arriving.values[1, 1]]
    assert len(np.unique(x.groups)) == 4


def test_what_shares_its_statistics_has_one_colour():
    assert (np.ptp(picture("batchnorm").scene.sources[0].groups, axis=0) == 0).all()
    assert (np.ptp(picture("layernorm").scene.sources[0].groups, axis=1) == 0).all()
    groups = picture("groupnorm").scene.sources[0].groups
    assert [len(np.unique(groups[rows])) for rows in (slice(0, 2), slice(2, 4), slice(0, 4))] == [1, 1, 2]


def test_overlapping_windows_have_no_colours():
    assert (picture("conv").scene.sources[0].groups == -1).all()


def test_a_gradient_shows_which_outputs_an_input_took_part_in():
    shown = picture("conv", "dx[0,0,1,1]").scene
    dout, w = shown.sources
    assert (dout.name, w.name) == ("dout", "w")
    assert dout.framed.all()
    assert int(w.framed.sum()) == 4
    assert dout.red
    assert not w.red


@pytest.mark.parametrize("theme", ["light", "dark", "print", "auto"])
def test_text_is_text_in_every_theme(theme):
    svg = picture("maxpool", theme=theme).render("svg").decode()
    root = ElementTree.fromstring(svg.encode())
    texts = {"".join(node.itertext()).strip() for node in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"x", "out", "dx", "dout"} <= texts


def test_frames_let_the_window_slide():
    frames = Diagram(traced("conv"), style="entries").frames()
    assert [frame.label for frame in frames] == ["out[0,0,0,0]", "out[0,0,0,1]", "out[0,0,1,0]", "out[0,0,1,1]"]
    assert len({frame.svg() for frame in frames}) == 4


@pytest.mark.parametrize("options", [["--animate"], ["--style", "cards"], ["--forward"]])
def test_what_does_not_go_with_an_entry_is_refused(options, monkeypatch, capsys, tmp_path):
    target = tmp_path / "x.svg"
    monkeypatch.setattr(sys, "argv", ["backpropviz", "export", "relu", "--entry", "out", "-o", str(target), *options])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    assert "does not go with --entry" in capsys.readouterr().err
    assert not target.exists()


def test_there_is_no_such_theme():
    with pytest.raises(DrawingError, match="there is no theme 'blue'"):
        picture("relu", theme="blue")
