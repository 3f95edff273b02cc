"""The page is one file without a way out, its data is data, and every frame lights what is in the drawing."""

import base64
import html
import json
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import backpropviz as bp
import backpropviz.draw.player
from backpropviz.cli.play import play
from backpropviz.draw.cards import BLACK, RED
from backpropviz.draw.diagram import Diagram
from backpropviz.draw.player import MOST_ENTRIES, making, write_page
from backpropviz.draw.player import page as written
from backpropviz.engine.verifying import record
from backpropviz.errors import DrawingError
from backpropviz.layers.library import layer_names, load


def page(trace, layer="", **options):
    if not trace.upstream:
        trace.backward()
    return written(Diagram(trace, **options), layer)


class Reader(HTMLParser):
    """Collects ids, tags and scripts of a page, and checks that elements are closed."""

    VOID = frozenset({"meta", "input", "br", "link", "img"})

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.ids, self.tags, self.links, self.scripts, self.open, self.text = [], [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        found = dict(attributes)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[name] for name in ("src", "href", "xlink:href", "action") if name in found]
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append([found, ""])

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if self.open and self.open[-1] == "script":
            self.scripts[-1][1] += data


def frames_of(text):
    return json.loads(Reader(text).scripts[0][1])


@pytest.mark.costly
@pytest.mark.parametrize("style", ["board", "cards"])
@pytest.mark.parametrize("name", layer_names())
def test_frames_light_what_is_there(name, style):
    trace = load(name).trace()
    text = page(trace, name, style=style)
    assert len(text.encode()) < 400_000
    found = Reader(text)
    assert len(found.ids) == len(set(found.ids))
    frames = frames_of(text)
    owners = {*found.ids, *re.findall(r"\bof_(\w+)", text)}
    for frame in frames:
        for ids in ("lit", "edges"):
            assert set(frame[ids]) <= set(found.ids)
        assert {each for each in frame["reached"] if not each.startswith(("sum_", "inner_"))} <= owners
        assert frame["title"]
    forward = [frame["step"] for frame in frames if frame["pass"] == "forward"]
    shown = forward if len(forward) < len(trace.steps) else ["0", *(step.label for step in trace.steps)]
    assert forward == shown
    assert len(forward) > 2 or not trace.loops  # of a folded loop, one round
    backward = [frame["step"] for frame in frames if frame["pass"] == "backward"]
    assert backward[0] == ""
    assert backward[-1] == "0"
    assert backward[1:-1] == [step.label for step in reversed(trace.steps) if step.label in backward]
    lit = {edge for frame in frames for edge in frame["edges"]}
    drawn = {re.sub(r"(?<=\d)_\d+$", "", each) for each in found.ids if each.startswith("backward_")}
    assert lit >= drawn
    assert {each for frame in frames for each in frame["reached"]} >= {
        each for each in owners if each.startswith(("sum_", "on_"))
    }


def test_the_numbers_are_those_of_the_trace():
    trace = load("batchnorm").trace()
    text = page(trace)
    frames, run = frames_of(text), json.loads(Reader(text).scripts[3][1])
    given = {name: run["nodes"][run["names"][name]]["c"] for name in ("x", "dout")}
    np.testing.assert_array_equal(given["x"], trace["x"].value.ravel())
    np.testing.assert_array_equal(given["dout"], trace.dout.ravel())
    arrays = [array for frame in frames for array in frame["arrays"]]
    shown = {array["name"]: array["data"] for array in arrays if "data" in array}
    assert {array["name"] for array in arrays} == {*shown, *run["inputs"], "dout"}  # once each
    for name in ("mu", "xhat", "out"):
        np.testing.assert_allclose(shown[name], trace[name].value, rtol=1e-10)
    for name, gradient in trace.grad.items():
        np.testing.assert_allclose(shown[f"d{name}"], gradient, rtol=1e-10)
    assert any("dxhat = dout * gamma" in frame["code"] for frame in frames)


def test_formulas_are_mathematics():
    text = page(load("batchnorm").trace())
    start = text.index("<li class='backward'><b>backward, step 8")
    formulas = re.findall(r"<math.*?</math>", text[start : text.index("</li>", start)])
    letters = [html.unescape("".join(re.findall(r">([^<]+)<", formula))) for formula in formulas]
    assert "dx^=dout⊙γ" in letters  # noqa: RUF001
    assert "<mover" in "".join(formulas)
    assert text.count("<math") == text.count("</math>") >= 12
    forward = text[text.index("<li class='forward'><b>forward, step 5") : text.index("<b>forward, step 6")]
    assert re.findall("<math.*?</math>", forward)[0].startswith("<math><mrow><mrow><mi>sqrtvar</mi>")
    assert forward.index("<math") < forward.index("<pre>")
    attention = page(load("attention").trace())
    assert "<mi class='upright'>exp</mi>" in attention
    assert "<mi>weights</mi>" in attention


def test_arrays_of_many_matrices_are_listed_in_blocks():
    trace = load("conv").trace()
    text = page(trace)
    step = text[text.index("<b>forward, step 5") : text.index("<b>the upstream gradient")]
    heads = [block.partition("\n")[0] for block in re.findall("<pre>(.*?)</pre>", step, re.DOTALL)]
    assert heads == ["out (2, 4, 4, 2) [0, 0]", *(f"[{n}, {f}]" for n in range(2) for f in range(4) if n or f)]
    assert text.count("dbiased") > 1
    assert '"dbiased":' in text.partition('"dscores":')[0]  # the name that the code goes on with is the first


def test_every_step_stands_in_its_function():
    trace = load("convnet").trace()
    text = page(trace)
    functions = json.loads(Reader(text).scripts[1][1])
    places = {frame["step"]: frame["place"] for frame in frames_of(text)}
    assert functions[places["0"][0]]["lines"][places["0"][1]].startswith("def convnet(")
    for step in trace.steps:
        number, first, last = places[step.label]
        written = " ".join(functions[number]["lines"][first : last + 1])
        assert "".join(step.code.split()) in "".join(written.split())
    unwritten = page(record(eval("lambda x: x * 2"), {"x": np.ones(3)}, {}))
    assert not any(frame["place"] for frame in frames_of(unwritten))


def test_the_lit_gate_names_its_factors_and_receivers():
    frames = {(frame["pass"], frame["step"]): frame for frame in frames_of(page(load("batchnorm").trace()))}
    frame = frames["backward", "7"]
    assert sorted(frame["receivers"]) == sorted(frame["factors"]) == ["step_2", "step_6"]
    assert frames["backward", ""]["receivers"] == ["step_9"]


def test_nothing_is_loaded_from_anywhere():
    text = page(load("conv").trace())
    found = Reader(text)
    assert found.links == []
    assert "default-src 'none'" in text
    assert not {"link", "img", "iframe", "object", "embed", "form"} & set(found.tags)
    for script in ("fetch(", "XMLHttpRequest", "import(", "innerHTML", "eval(", "document.write"):
        assert script not in text
    assert not re.search(r"url\(|@import", text)


def hostile(x):
    # </script><script>alert(1)</script> <!-- {{frames}} & "quotes" 'and' ]]> \u2028
    y = x * 2
    return y


TYPES = [*["application/json"] * 4, "text/plain", "application/json", None]


def test_hostile_text_stays_text():
    trace = record(hostile, {"x": np.array([1.0, np.pi])}, {})
    text = page(trace, "<img src=x onerror=alert(1)> {{script}} & </title>")
    found = Reader(text)
    assert [attributes.get("type") for attributes, _ in found.scripts] == TYPES
    assert "img" not in found.tags
    assert frames_of(text)[1]["caption"] == trace.steps[0].caption
    assert "</script><script>" in trace.steps[0].caption
    for name in ("frames", "functions", "asked"):
        data = re.search(rf'id="player-{name}">(.*?)</script>', text, re.DOTALL)[1]
        assert not set("<>&\u2028") & set(data)
    assert "{{frames}}" in "".join(found.text)  # data, not put in a second time


def grouped(x):
    y = hostile(x)
    return y + 1


def test_hostile_text_in_the_drawing_with_its_groups_opened_ends_no_script():
    trace = bp.trace(grouped, x=np.array([1.0, np.pi]))
    trace.backward()
    text = written(Diagram(trace), "grouped", opened=Diagram(trace, expand=("hostile",)))
    found = Reader(text)
    assert [attributes.get("type") for attributes, _ in found.scripts] == TYPES
    data = re.search(r'id="player-opened">(.*?)</script>', text, re.DOTALL)[1]
    assert "alert(1)" in json.loads(zlib.decompress(base64.b64decode(data)))["svg"]
    assert not re.search("<script|<!--", data, re.IGNORECASE)


def test_what_is_not_finite_is_said():
    with np.errstate(divide="ignore"):
        trace = record(lambda x: x / np.array([0.0, 1.0]), {"x": np.array([1.0, 2.0])}, {})
        trace.backward(np.array([1.0, 1.0]))
    assert ["Infinity", 2.0] in [array.get("data") for frame in frames_of(page(trace)) for array in frame["arrays"]]


def test_large_arrays_are_summed_up():
    x = np.linspace(0.0, 1.0, MOST_ENTRIES + 1)
    frames = frames_of(page(record(lambda x: np.tanh(x), {"x": x}, {})))
    array = frames[0]["arrays"][0]
    assert "data" not in array
    assert array["summary"] == "min 0, mean 0.5, max 1"


def test_the_style_knows_the_colours_of_the_drawing():
    style = (Path(backpropviz.draw.player.__file__).parent / "style.css").read_text(encoding="utf-8")
    assert f'[fill="{RED}"]' in style
    assert f'[stroke="{BLACK}"]' in style
    assert "prefers-reduced-motion" in style
    assert "@media print" in style


def test_everything_is_in_the_list_that_is_printed():
    text = "".join(Reader(page(load("softmax_loss").trace())).text)
    for line in ("dtotal = ", "forward, step 5", "backward, step 5", "the inputs' gradients"):
        assert line in text


def test_the_controls_have_names():
    text = page(load("relu").trace())
    for button in re.findall(r"<button[^>]*>", text) + re.findall(r"<input[^>]*>", text):
        assert "aria-label=" in button
    for key in ("ArrowRight", "ArrowLeft", "Home", "End"):
        assert key in text


def test_groups_may_be_opened(tmp_path):
    trace = load("convnet").trace()
    opened = page(trace, expand=["conv"])
    assert {"lit": ["step_1_3"]}.items() <= {"lit": frames_of(opened)[3]["lit"]}.items()
    write_page(Diagram(trace), tmp_path / "net.html", "convnet")
    assert (tmp_path / "net.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_play_writes_the_page_and_says_where(capsys, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    play("relu", open_=False)
    path = Path(capsys.readouterr().out.strip())
    assert opened == []
    assert path.name == "relu.html"
    assert path.read_text(encoding="utf-8") == bp.trace("relu").player().html
    play("relu", open_=True)
    assert opened == [Path(capsys.readouterr().out.strip()).as_uri()]
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    play("relu", open_=True)
    assert "no browser opens from here" in capsys.readouterr().err


def test_the_page_in_a_notebook_stands_in_a_frame():
    made = bp.trace("batchnorm").player()
    frame = made._repr_html_()
    attributes = {}
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, found: attributes.update({"tag": tag, **dict(found)})
    reader.feed(frame)
    assert attributes["tag"] == "iframe"
    assert attributes["srcdoc"] == made.html
    assert attributes["sandbox"] == "allow-scripts"


def straight(x, *, parts):
    for _ in range(parts):
        x = x * 2
        x = x + 1
    return x


def uneven(x, *, parts):
    """No round does what the one before does, so that nothing folds."""
    if parts > 1:
        x = uneven(x + parts, parts=parts - 1)
    return x * 2


def test_a_run_of_too_many_steps_is_refused_before_anything_is_made_of_it(monkeypatch):
    monkeypatch.setattr(making, "MOST_STEPS", 60)
    monkeypatch.setattr(making, "MOST_WRITTEN", 10)
    assert "<html" in bp.trace(straight, x=np.array([0.5]), parts=30).player().html
    with pytest.raises(DrawingError, match="straight runs 62 steps, and a page holds 60\n  Play fewer rounds"):
        bp.trace(straight, x=np.array([0.5]), parts=31).player()
    assert "<html" in bp.trace(uneven, x=np.array([0.5]), parts=5).player().html
    t = bp.trace(uneven, x=np.array([0.5]), parts=9)
    t.backward()
    with pytest.raises(DrawingError, match=r"uneven has \d+ steps, and a page holds 10 outside of loops"):
        making.player(t)
