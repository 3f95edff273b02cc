"""The page of every layer in a real browser: it is small, both passes show the numbers of the trace, in windows of five
sizes what a step lights is on screen together with its arrays, in letters that can be read, and axe-core finds nothing.
A page is opened once for all of it. What is done with every layer is done with the nine of `NINE` without being asked
for.

axe-core is fetched by `npm install --no-save axe-core`; without it, that part is skipped with a word, but not in CI.
"""

import functools
import re

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.layers.library import layer_names
from backpropviz.study.entries import Entries
from tests.browser import AXE, NEEDED, opened

SIZES = [(400, 800, 1), (800, 900, 1), (1400, 900, 1), (1920, 1080, 1), (1400, 900, 2)]
"""Width and height of the window in pixels, and how much larger than usual all is shown."""

LOOKING = """
const root = document.documentElement;
const box = (name) => document.getElementById("player-" + name).getBoundingClientRect();
const within = (inner, outer) => inner.left >= outer.left - 1 && inner.right <= outer.right + 1
  && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
const screen_ = { left: 0, top: 0, right: root.clientWidth, bottom: root.clientHeight };
const parts = [...document.querySelectorAll("#player-drawing g.node, #player-drawing g.edge")];
const wrong = [];
const slider = document.getElementById("player-slider");
const panel = document.getElementById("player-panel");
const seen = {};
const letters = [...document.querySelectorAll("#player-drawing text")];
const letter = (each) => parseFloat(getComputedStyle(each).fontSize) * each.getScreenCTM().a;
const goto = (to) => { slider.value = to; slider.dispatchEvent(new Event("input", { bubbles: true })); };
goto(0); // seen in the whole
const cut = parts.filter((part) => !within(part.getBoundingClientRect(), box("drawing")));
if (cut.length) wrong.push("the drawing is cut off at " + cut[0].id);
for (let at = FIRST; at <= slider.max; at += EVERY) {
  goto(at);
  const note = (what) => wrong.push(text("title") + ": " + what);
  for (const array of arrays()) seen[array.name] = array.entries;
  if (root.scrollWidth > root.clientWidth || root.scrollHeight > root.clientHeight) note("the page grows");
  if (!within(box("drawing"), screen_) || !within(box("panel"), screen_)) note("not all is on screen");
  if (panel.scrollWidth > panel.clientWidth) note("the panel is too wide");
  const gates = [...document.querySelectorAll("#player-drawing g.node.lit[id^=step]")];
  if (at > 0 && at < slider.max && gates.length && text("title").includes("step ")) {
    const circuit = document.querySelector("#player-drawing svg").getBoundingClientRect();
    if (!gates.some((each) => within(each.getBoundingClientRect(), circuit))) note("its gate is out of sight");
    const small = letters.filter((each) => letter(each) < 10).length;
    if (small > letters.length / 2) note("its letters are small");
  }
  const whole = parts.every((part) => within(part.getBoundingClientRect(), box("drawing")));
  if (innerWidth >= 1400 && !whole && !document.querySelector(".mapped")) note("the whole is not on screen");
  const first = document.querySelector("#player-arrays figure").getBoundingClientRect();
  if (box("panel").bottom - first.top < Math.min(first.height, 100)) note("its numbers are out of sight");
}
return { wrong, seen, width: innerWidth, promise: text("whatif"), count: text("count") };
"""

PROBLEMS = """
const { violations, passes } = await axe.run(document);
return [passes.length, violations.map((each) => each.id + ": " + each.nodes[0].html.slice(0, 200))];
"""

USED = {
    "an entry pinned": """location.hash = "#backward-0"; await settled();
        document.querySelector("#player-arrays td[data-k]").click(); await settled();""",
    "every array, and one changed": """document.getElementById("player-every").open = true; await settled();
        document.querySelector("#player-every figure.free td[data-k]")
          .dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
        await press("ArrowUp"); await press("Enter");""",
    "asked, with the help open": """document.getElementById("player-predict").click(); await settled();
        document.getElementById("player-back").click(); await settled(); await press("?");""",
    "told": """await press("?");[...document.querySelectorAll(".asks button")].at(-1).click(); await settled();""",
}
"""What is done with a page, one after the other."""


NINE = ["affine", "dropout", "gate", "relu", "rnn_step", "sigmoid", "softmax_loss", "svm_loss", "tanh"]


def layers():
    """All layers, two thirds of them left to `pytest -m rest`, since a page takes the browser a second or more."""
    return [name if name in NINE else pytest.param(name, marks=pytest.mark.rest) for name in layer_names()]


IN_CI = ["affine", "softmax_loss", "svm_loss"]
"""Of the nine, those that CI opens besides."""


@functools.cache
def page(name):
    return bp.trace(name).player().html


@pytest.mark.parametrize("name", layers())
def test_a_page_is_small_and_its_groups_open(name):
    text = page(name)
    assert len(text.encode()) < 400_000
    assert ('id="player-opened"></script>' in text) == (not re.search(r'<g id="group_\w+" class="node of_group_', text))


@NEEDED
@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.ci) if n in IN_CI else n for n in layers()])
def test_both_passes_show_the_trace_and_all_is_on_screen(name, tmp_path):
    trace = bp.trace(name)
    trace.backward()
    nodes = Entries(trace).nodes
    shown = opened(page(name), tmp_path)
    for number, (width, height, zoom) in enumerate(SIZES):
        shown.look(width, height, zoom=zoom)
        first, every = (0, 1) if width == 1400 and zoom == 1 else (number, 7)
        found = shown.run(LOOKING.replace("FIRST", str(first)).replace("EVERY", str(every)))
        assert (found["wrong"], found["width"]) == ([], width // zoom)
        assert "agree to 1e-9" in found["promise"]
        for each, entries in found["seen"].items():
            if entries:
                right = nodes[each].value.ravel()
                np.testing.assert_allclose(entries, right, atol=6e-5, rtol=6e-4, err_msg=each)
    if AXE.is_file():
        dark = layer_names().index(name) % 2 == 1
        shown.look(dark=dark)
        shown.run(AXE.read_text(encoding="utf-8"))
        rules, violations = shown.run(PROBLEMS)
        assert (dark, rules > 40, violations) == (dark, True, [])


@pytest.fixture(scope="module")
def axe():
    if not AXE.is_file():
        pytest.skip("there is no axe-core: npm install --no-save axe-core")
    return AXE.read_text(encoding="utf-8")


OTHERS = [pytest.param((*size, dark), marks=pytest.mark.rest) for size in SIZES for dark in (False, True)]


@NEEDED
@pytest.mark.parametrize("window", [(400, 800, 1, True), *OTHERS])
def test_axe_finds_nothing_whatever_is_done_with_a_page(window, axe, tmp_path):
    width, height, zoom, dark = window
    shown = opened(page("relu"), tmp_path, width, height, dark, zoom)
    shown.run(axe)
    for state, script in USED.items():
        shown.run(script)
        assert (state, shown.run(PROBLEMS)[1]) == (state, [])
