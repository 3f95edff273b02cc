"""Entries and what-ifs on the page, as a reader uses them: by mouse and by keyboard, in a real browser."""

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.layers.library import load
from tests.browser import NEEDED, driven, still_open
from tests.test_page_machine import CUSTOM

pytestmark = NEEDED

HELP = """
const cell = (name, k) => {
  const figures = [...document.querySelectorAll("#player-panel figure[data-ref]")];
  const figure = figures.find((each) => each.querySelector("figcaption").firstChild.textContent.trim() === name);
  return figure && figure.querySelector(`td[data-k="${k}"]`);
};
const lines = () => [...document.querySelectorAll("#player-entry div")].map((line) => line.textContent);
const lit = (name, marks) => {
  const figure = cell(name, 0).closest("figure");
  return [...figure.querySelectorAll("tbody td")].filter((each) => marks.some((mark) => each.classList.contains(mark)))
    .map((each) => Number(each.dataset.k));
};
const cells = (name) => [...cell(name, 0).closest("figure").querySelectorAll("tbody td")];
const shown = (name) => cells(name).map((each) => Number(each.textContent));
const grey = () => [...document.querySelectorAll("#player-every figure.unsure figcaption")]
  .map((each) => each.firstChild.textContent.trim());
const typed = async (name, k, value) => {
  cell(name, k).dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
  document.activeElement.value = value;
  document.activeElement.dispatchEvent(new Event("input", { bubbles: true }));
  await settled();
};
const keyed = async (key, more) => { await press(key, more); await settled(); };
"""

FOLLOWING = (
    HELP
    + """
location.hash = "#backward-7";
await settled();
cell("dxmu_1", 4).dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
await settled(); await settled();
const over = { lines: lines(), came: lit("dxhat", ["came"]), ivar: lit("ivar", ["came"]),
  far: lit("xmu", ["came", "far"]) };
cell("dxmu_1", 4).click();
await settled();
document.getElementById("player-next").click();
await settled(); await settled();
const next = { at: location.hash, lines: lines(), ivar: lit("ivar", ["came", "far"]) };
location.hash = "#forward-2";
await settled(); await settled();
const forward = { x: lit("x", ["came", "far"]), xmu: lit("xmu", ["came", "far"]) };
document.getElementById("player-every").open = true;
await settled(); await settled();
const dx = lit("dx", ["goes-to", "later"]);
await keyed("Escape");
const gone = document.getElementById("player-entry").hidden;
cell("xmu", 0).focus();
await settled();
const first = lines();
await keyed("ArrowDown");
await keyed("ArrowRight");
const moved = { lines: lines(), at: location.hash, said: text("said") };
await keyed("Enter");
return { over, next, forward, dx, gone, first, moved, pinned: cell("xmu", 4).classList.contains("pinned"),
  words: cell("xmu", 0).closest("table").getAttribute("role") };
"""
)

EDITING = (
    HELP
    + """
const promise = text("whatif");
location.hash = "#forward-0";
await settled();
cell("x", 1).focus();
await keyed("F2");
const field = document.activeElement;
const label = field.getAttribute("aria-label");
await keyed("ArrowUp"); await keyed("ArrowUp"); await keyed("ArrowDown");
const nudged = field.value;
await keyed("Enter");
const x = shown("x");
const other = lit("x", ["other"]);
location.hash = "#backward-0";
await settled();
const dx = shown("dx");
const told = text("changed");
const slider = document.querySelector("#player-whatif input[type=range]");
slider.value = 2;
slider.dispatchEvent(new Event("input", { bubbles: true }));
await settled();
const eps = { label: slider.getAttribute("aria-label"), dx: shown("dx"), told: text("changed") };
[...document.querySelectorAll("#player-changed button")][0].click();
await settled();
const quiet = document.getElementById("player-changed").hidden;
return { promise, label, nudged, x, other, dx, told, eps, back: shown("dx"), quiet };
"""
)

MISSING = (
    HELP
    + """
document.getElementById("player-every").open = true;
await settled();
const before = shown("b");
await typed("x", 0, "0.5");
const first = grey();
await typed("v", 1, "-1");
return { before, after: shown("b"), first, then: grey(), told: text("changed"), promise: text("whatif") };
"""
)


def test_an_entry_is_followed_by_mouse_and_by_keyboard(tmp_path):
    trace = bp.trace("batchnorm")
    found = still_open(trace.player().html, tmp_path).run(FOLLOWING)
    dxmu, dxhat, ivar = (trace[name] for name in ("xmu", "xhat", "ivar"))
    value = dxmu.terms[0].value[1, 1]
    assert found["over"]["lines"] == [
        f"dxmu_1[1, 1] = {value:.4f}",
        "= dxhat[1, 1] * ivar[1]",
        f"= {dxhat.grad[1, 1]:.4f} * {ivar.value[1]:.4f}",
        "goes into dxmu[1, 1]",
    ]
    assert found["over"]["came"] == [4]
    assert found["over"]["ivar"] == [1]
    assert found["over"]["far"] == [1, 4, 7, 10]  # its column
    assert found["next"] == {
        "at": "#backward-6",
        "lines": found["over"]["lines"][:1] + found["next"]["lines"][1:],
        "ivar": [1],
    }
    assert found["forward"] == {"x": [1, 4, 7, 10], "xmu": [1, 4, 7, 10]}
    assert found["dx"] == [1, 4, 7, 10]
    assert found["gone"]
    assert found["first"][1] == "= x[0, 0] - mu[0]"
    assert found["moved"]["lines"][1] == "= x[1, 1] - mu[1]"
    assert found["moved"]["at"] == "#forward-2"
    assert "= x[1, 1] - mu[1]" in found["moved"]["said"]
    assert found["pinned"]
    assert found["words"] == "grid"


def test_a_number_is_nudged_and_a_setting_dragged(tmp_path):
    trace = bp.trace("batchnorm")
    dout = trace.backward() and trace.dout.copy()
    found = still_open(trace.player().html, tmp_path).run(EDITING)
    assert "recorded numbers were computed again in this page, and agree to 1e-9" in found["promise"]
    x = trace["x"].value.copy()
    x[0, 1] += 0.1
    assert found["label"] == "x[0, 1], arrow keys nudge it"
    assert float(found["nudged"]) == pytest.approx(x[0, 1], abs=1e-9)
    assert found["other"] == [1]
    near(found["x"], x)
    fresh = load("batchnorm").trace({"x": x})
    right = fresh.backward(dout)["x"]
    near(found["dx"], right)
    gradient, quotient = numbers(found["told"])
    assert gradient == pytest.approx(right[0, 1], rel=1e-5)
    assert quotient == pytest.approx(right[0, 1], rel=1e-4, abs=1e-7)
    assert found["eps"]["label"] == "eps"
    near(found["eps"]["dx"], load("batchnorm").trace({"x": x, "eps": 1e-3}).backward(dout)["x"])
    assert "eps = 0.001 instead of 0.00001" in found["eps"]["told"]
    near(found["back"], trace.grad["x"])
    assert found["quiet"]


def numbers(told):
    """The gradient and the quotient of differences that the page says."""
    return float(told.split("dx[0, 1] = ")[1].split(",")[0]), float(told.split("/ 2h = ")[1].split(" ")[0])


def near(told, right):
    np.testing.assert_allclose(told, np.ravel(right), atol=6e-5, rtol=6e-4)


@pytest.mark.ci
def test_what_the_page_has_no_counterpart_for_is_said(tmp_path):
    path = tmp_path / "odds.py"
    path.write_text(CUSTOM, encoding="utf-8")
    rng = np.random.default_rng(3)
    inputs = {"x": rng.normal(size=(3, 4)), "w": rng.normal(size=(4, 2)), "v": rng.normal(size=3)}
    trace = bp.trace(f"{path}:odds_and_ends", **inputs)
    found = driven(trace.player().html, MISSING, tmp_path)
    inputs["x"][0, 0] = 0.5
    near(found["after"], bp.trace(f"{path}:odds_and_ends", **inputs)["b"].value)
    assert "The page has no others" in found["promise"]
    assert found["first"] == []  # nothing of x goes through the product of v
    assert "dv" in found["then"]
    assert "b" not in found["then"]
    assert "Grey arrays keep the recorded numbers: the page has no others." in found["told"]


ROUNDS = (
    HELP
    + """
location.hash = "#forward-2[1,1,1,1]";
await settled();
const found = { first: arrays(), hidden: document.getElementById("player-round").hidden };
const slider = document.querySelector("#player-round input");
const to = async (round) => {
  slider.value = round;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  await settled();
  return { arrays: arrays(), said: document.querySelector("#player-round output").textContent };
};
found.most = Number(slider.max);
found.rounds = [await to(0), await to(23)];
await press("ArrowRight");
found.next = { at: location.hash, arrays: arrays() };
location.hash = "#forward-1";
await settled();
found.outside = document.getElementById("player-round").hidden;
return found;
"""
)


@pytest.mark.ci
def test_a_slider_leads_through_the_rounds_of_a_loop_that_is_drawn_once(tmp_path):
    trace = bp.trace("conv_naive")
    found = driven(trace.player().html, ROUNDS, tmp_path)
    steps = [step for step in trace.steps if step.label.split("[")[0] == "2"]
    assert not found["hidden"]
    assert found["most"] == len(steps) - 1 == 23
    assert found["first"][0]["name"] == "patch_20"
    for told, step in zip(found["rounds"], (steps[0], steps[-1])):
        assert [array["name"] for array in told["arrays"]] == [step.name]
        near(told["arrays"][0]["entries"], step.value)
    assert found["rounds"][1]["said"] == "n = 1, f = 2, i = 1, j = 1"
    last = [step for step in trace.steps if step.label.split("[")[0] == "3"][-1]
    assert [array["name"] for array in found["next"]["arrays"]] == [last.name]
    near(found["next"]["arrays"][0]["entries"], last.value)
    assert found["outside"]
