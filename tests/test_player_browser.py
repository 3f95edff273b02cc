"""The page in a real browser: both passes by keyboard, gates and wires by click, addresses, zoom, and what fits."""

import numpy as np
import pytest

from backpropviz.draw.diagram import Diagram
from backpropviz.draw.player import page
from backpropviz.layers.library import load
from tests.browser import CHROMIUM, driven

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium")

BOTH_PASSES = """
const seen = [];
for (;;) {
  const lit = [...document.querySelectorAll("#player-source .here")].map((line) => line.textContent.trim());
  seen.push({ at: location.hash, arrays: arrays(), lit, said: text("said"), maths: document.querySelectorAll(
    "#player-formulas math").length });
  const before = text("count");
  await press("ArrowRight");
  if (text("count") === before) return seen;
}
"""

GOING_THERE = """
const at = [];
const click = async (id) => {
  document.getElementById(id).dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  await settled();
  at.push(location.hash);
};
await click("step_3");
await click("backward_2");
await click("step_7");
history.back();
await settled(); await settled();
at.push(location.hash, text("title"));
location.hash = "#step-4";
await settled();
at.push(text("title"));
document.getElementById("step_5").focus();
await press("Enter");
at.push(location.hash);
const circuit = document.querySelector("#player-drawing svg");
const fitted = circuit.getAttribute("viewBox");
await press("+");
const larger = circuit.getAttribute("viewBox");
await press("ArrowRight", { shiftKey: true });
const moved = circuit.getAttribute("viewBox");
await press("0");
return { at, fitted, larger, moved, again: circuit.getAttribute("viewBox") };
"""

FITS = """
const pane = document.getElementById("player-drawing").getBoundingClientRect();
const parts = [...document.querySelectorAll("#player-drawing g.node, #player-drawing g.edge")];
const outside = parts.filter((part) => {
  const box = part.getBoundingClientRect();
  return box.left < pane.left - 1 || box.right > pane.right + 1
    || box.top < pane.top - 1 || box.bottom > pane.bottom + 1;
});
const root = document.documentElement;
const panel = document.getElementById("player-panel").getBoundingClientRect();
const [wide, high] = [root.scrollWidth - root.clientWidth, root.scrollHeight - root.clientHeight];
return { outside: outside.length, wide, high,
  panel: panel.bottom <= root.clientHeight + 1 && panel.height > 150 };
"""


def written(name, **options):
    trace = load(name).trace()
    trace.backward()
    return trace, page(Diagram(trace, **options), name)


def test_both_passes_show_the_numbers_of_the_trace(tmp_path):
    trace, text = written("batchnorm", size="page")
    seen = driven(text, BOTH_PASSES, tmp_path)
    assert len(seen) == 2 * len(trace.steps) + 3
    shown = {array["name"]: array["entries"] for frame in seen for array in frame["arrays"]}
    right = {step.name: step.value for step in trace.steps} | {f"d{name}": d for name, d in trace.grad.items()}
    for name, value in right.items():
        np.testing.assert_allclose(shown[name], value.ravel(), atol=6e-5, rtol=6e-4)
    by_address = {frame["at"]: frame for frame in seen}
    assert by_address["#backward-7"]["lit"] == ["xhat = xmu * ivar"]
    assert by_address["#backward-7"]["maths"] == 2
    assert all(frame["said"] for frame in seen)


def test_gates_wires_addresses_and_zoom(tmp_path):
    found = driven(written("batchnorm")[1], GOING_THERE, tmp_path)
    assert found["at"][0] == "#forward-3"
    assert found["at"][1:4] == ["#backward-2", "#backward-7", "#backward-2"]
    assert found["at"][4].startswith("backward, step 2")
    assert found["at"][5].startswith("forward, step 4")
    assert found["at"][6] == "#forward-5"
    assert found["again"] == found["fitted"]
    assert len({found["fitted"], found["larger"], found["moved"]}) == 3


@pytest.mark.parametrize(("width", "height"), [(500, 900), (1400, 900)])
def test_the_circuit_fits_its_pane_and_the_page_the_window(width, height, tmp_path):
    found = driven(written("attention", size="page")[1], FITS, tmp_path, width, height)
    assert found == {"outside": 0, "wide": 0, "high": 0, "panel": True}
