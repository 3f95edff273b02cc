"""The page in a real browser: both passes by keyboard, gates and wires by click, addresses, zoom, and what fits."""

import functools
import json

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.draw.diagram import Diagram
from backpropviz.draw.player import page
from backpropviz.draw.player.making import Player
from backpropviz.exercises.questions import questions
from backpropviz.layers.library import load
from tests.browser import NEEDED, driven, opened, still_open

pytestmark = NEEDED

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
await new Promise((done) => addEventListener("popstate", done, { once: true }));
await settled();
at.push(location.hash, text("title"));
location.hash = "#step-4";
await settled();
at.push(text("title"));
document.getElementById("step_5").focus();
await press("Enter");
at.push(location.hash);
const circuit = document.querySelector("#player-drawing svg");
await press("+"); await press("0");
const fitted = circuit.getAttribute("viewBox");
await press("+");
const larger = circuit.getAttribute("viewBox");
await press("ArrowRight", { shiftKey: true });
const moved = circuit.getAttribute("viewBox");
await press("0");
return { at, fitted, larger, moved, again: circuit.getAttribute("viewBox") };
"""

HELD = """
const before = location.hash;
for (let n = 0; n < 12; n += 1) await press("ArrowRight", { repeat: n > 0 });
await new Promise((done) => setTimeout(done, 150));
const seen = { at: location.hash, title: text("title") };
history.back();
await new Promise((done) => addEventListener("popstate", done, { once: true }));
return { ...seen, back: location.hash === before };
"""

PREDICTING = """
const wanted = REPLIES;
const seen = [];
document.getElementById("player-predict").click();
for (;;) {
  await press("ArrowRight");
  const before = text("count");
  for (let more = 0; more < 9 && document.querySelector(".asks"); more += 1) {
    const hidden = ["caption", "code", "formulas", "arrays"].every((name) =>
      document.getElementById("player-" + name).hidden);
    const question = text("question");
    const field = document.querySelector(".asks input");
    const reply = wanted[seen.length];
    if (field) {
      field.value = reply;
      field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    } else {
      [...document.querySelectorAll(".asks button")].find((button) => button.textContent === reply).click();
    }
    await settled();
    const told = [...document.querySelectorAll("#player-questions .told")].at(-1);
    seen.push({ question, hidden, right: told.classList.contains("right"), told: told.textContent });
  }
  if (document.querySelector(".asks") || seen.length === wanted.length) break;
}
return { seen, score: text("score"), shown: !document.getElementById("player-code").hidden };
"""


SEED = 2
"""With it, every kind of question is asked about affine."""


@functools.cache
def written(name, **options):
    trace = load(name).trace()
    trace.backward()
    return trace, page(Diagram(trace, **options), name, questions(trace, SEED))


def predicted(replies, text, folder):
    return driven(text, PREDICTING.replace("REPLIES", json.dumps(replies)), folder)


def test_both_passes_show_the_numbers_of_the_trace(tmp_path):
    trace = bp.trace("batchnorm")
    trace.backward()
    seen = still_open(trace.player().html, tmp_path).run(BOTH_PASSES)
    assert len(seen) == 2 * len(trace.steps) + 3
    shown = {array["name"]: array["entries"] for frame in seen for array in frame["arrays"]}
    right = {step.name: step.value for step in trace.steps} | {f"d{name}": d for name, d in trace.grad.items()}
    for name, value in right.items():
        np.testing.assert_allclose(shown[name], value.ravel(), atol=6e-5, rtol=6e-4)
    by_address = {frame["at"]: frame for frame in seen}
    assert by_address["#backward-7"]["lit"] == ["xhat = xmu * ivar"]
    assert by_address["#backward-7"]["maths"] == 2
    assert all(frame["said"] for frame in seen)


def test_gates_wires_addresses_and_zoom_and_a_held_key_leaves_one_entry_for_the_back_button(tmp_path):
    page = still_open(bp.trace("batchnorm").player().html, tmp_path)
    held = page.run(HELD)
    assert held == {"at": "#backward-8", "title": "backward, step 8: gammax = gamma * xhat", "back": True}
    found = page.run(GOING_THERE)
    assert found["at"][0] == "#forward-3"
    assert found["at"][1:4] == ["#backward-2", "#backward-7", "#backward-2"]
    assert found["at"][4].startswith("backward, step 2")
    assert found["at"][5].startswith("forward, step 4")
    assert found["at"][6] == "#forward-5"
    assert found["again"] == found["fitted"]
    assert len({found["fitted"], found["larger"], found["moved"]}) == 3
    by_wheel_and_fingers(page)


UNDER = """
await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame); // moves are handed on once a frame
const circuit = document.querySelector("#player-drawing svg");
const point = new DOMPoint(X, Y).matrixTransform(circuit.getScreenCTM().inverse());
return [point.x, point.y, circuit.viewBox.baseVal.width];
"""


def by_wheel_and_fingers(page):
    """What is under the pointer stays there, nearer; what is dragged goes along; all is printed, whatever is seen."""

    def under(x, y):
        *place, width = page.run(UNDER.replace("X", str(x)).replace("Y", str(y)))
        return np.array(place), width

    def fingers(*ways):
        for kind, step in (("touchStart", 0), ("touchMove", 0.5), ("touchMove", 1), ("touchEnd", 1)):
            points = [{"x": x + step * dx, "y": y, "id": n} for n, (x, y, dx) in enumerate(ways)]
            page.send("Input.dispatchTouchEvent", type=kind, touchPoints=points if kind != "touchEnd" else [])

    whole = under(400, 300)
    page.send("Input.dispatchMouseEvent", type="mouseWheel", x=400, y=300, deltaX=0, deltaY=-400)
    near = under(400, 300)
    assert near[1] < 0.6 * whole[1]
    np.testing.assert_allclose(near[0], whole[0], atol=0.5)
    page.send("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
    fingers((400, 300, -80))
    np.testing.assert_allclose(under(320, 300)[0], near[0], atol=0.5)
    fingers((300, 300, -40), (340, 300, 40))
    assert under(320, 300)[1] < 0.6 * near[1]
    page.send("Emulation.setTouchEmulationEnabled", enabled=False)
    page.run("""dispatchEvent(new Event("beforeprint"));""")
    assert under(0, 0)[1] == whole[1]
    page.run("""dispatchEvent(new Event("afterprint"));""")
    assert under(0, 0)[1] < 0.6 * near[1]
    page.run("""await press("0");""")
    assert under(0, 0)[1] == whole[1]


def test_what_is_asked_before_it_is_shown_is_what_the_quiz_asks(tmp_path):
    trace, text = written("affine", size="page")
    asked = questions(trace, SEED)
    assert {question.kind for question in asked} == {"shape", "axis", "local", "number"}
    right = predicted([question.answer for question in asked], text, tmp_path)
    assert [each["question"] for each in right["seen"]] == [question.text for question in asked]
    assert all(each["hidden"] and each["right"] for each in right["seen"])
    assert right["score"] == f"{len(asked)} of {len(asked)} right"
    assert right["shown"]


def typed(question, value):
    return question.choices[value] if question.choices else str(value)


SPELT = {
    "shape": ["(9, 9)", "9x9", "N by D", "like dout", "scalar", "[4 3]", "3,", "N*D"],
    "number": ["1e9", "1/3", "-0,5", ".25", "5e-1", "\u22122"],
}


def test_answers_are_read_as_the_quiz_reads_them(tmp_path):
    trace, text = written("affine", size="page")
    asked = questions(trace, SEED)
    replies = []
    for number, question in enumerate(asked):
        slips = [typed(question, value) for value, _ in question.slips]
        spelt = ["tell me"] if question.choices else list(filter(question.understands, SPELT[question.kind]))
        replies.append([*slips[:1], question.answer, *spelt][number % (2 + len(spelt))])
    found = predicted(replies, text, tmp_path)
    judged = [reply != "tell me" and question.is_right(reply) for question, reply in zip(asked, replies)]
    assert [each["right"] for each in found["seen"]] == judged
    assert 0 < sum(judged) < len(judged)
    assert found["score"] == f"{sum(judged)} of {len(judged)} right"
    reasons = [question.why_not(reply) for question, reply in zip(asked, replies)]
    assert len(set(filter(None, reasons))) > 2
    for question, each, why in zip(asked, found["seen"], reasons):
        assert question.answer in each["told"]
        assert why in each["told"]
        assert all(line in each["told"] for line in question.explanation)


IN_A_FRAME = """
return new Promise((resolve) => window.addEventListener("message", (event) => resolve(event.data)));
"""


def test_it_plays_in_the_frame_of_a_notebook(tmp_path):
    made = bp.trace("batchnorm").player()
    inner = """<script>window.addEventListener("load", () => {
        const errors = [];
        window.addEventListener("error", (event) => errors.push(event.message));
        document.getElementById("player-next").click();
        const slider = document.getElementById("player-slider");
        slider.value = Number(slider.value) + 1;
        slider.dispatchEvent(new Event("input"));
        const title = document.getElementById("player-title").textContent;
        setInterval(() => parent.postMessage({ title, errors }, "*"), 50);
    });</script></body>"""
    framed = Player(made.layer, made.html.replace("</body>", inner))
    found = driven(f"<html><head></head><body>{framed._repr_html_()}</body></html>", IN_A_FRAME, tmp_path)
    assert found == {"title": "forward, step 2: xmu = x - mu", "errors": []}


HERE = """
const gates = [...document.querySelectorAll("#player-drawing g.node[id^=step]")];
const lit = gates.filter((each) => each.matches(".lit:not(.badge)")).map((each) => each.id);
return { gates: gates.length, title: text("title"), at: location.hash, lit,
  pressed: document.getElementById("player-open").getAttribute("aria-pressed") };
"""
LIGHTS = """
const faint = (element) => element.closest("g.node, g.edge").classList.contains("faint");
const clear = (element) => getComputedStyle(element.closest("g.node")).opacity === "1";
const said = (words) => [...document.querySelectorAll("#player-drawing text")].filter(
  (each) => each.textContent.replaceAll("\\u00a0", " ").startsWith(words));
const found = {};
for (const at of ["forward-2", "backward-4", "backward-2"]) {
  location.hash = "#" + at + "[1]";
  await settled();
  const waiting = document.getElementById("step_4_1").classList.contains("faint");
  const [back, words] = [faint(document.getElementById("around_loop_1_1")), said("dprev_c, dprev_h").map(faint)];
  const badges = said("4").filter((each) => each.textContent === "4").map(clear);
  found[at] = { waiting, back, words, badges, titles: said("for t in").map(faint) };
}
return found;
"""


def test_what_waits_is_faint_but_no_badge_and_no_title_and_no_gradient_is_known_too_early(tmp_path):
    trace = bp.trace("lstm")
    trace.backward()
    found = driven(trace.player().html, LIGHTS, tmp_path)
    assert found["forward-2"]["waiting"]
    assert not found["backward-4"]["waiting"]
    for at, back in (("forward-2", True), ("backward-2", False)):
        assert found[at]["back"] is back
        assert found[at]["words"] == [back]
        assert found[at]["titles"]
        assert not any(found[at]["titles"])
        assert found[at]["badges"] == [True]


PLAYS = 'while (!text("title")) await new Promise((done) => setTimeout(done, 10));'
TO_STEP = 'location.hash = "#backward-3.2"; await settled();'
OPEN = 'document.getElementById("player-open").click();'


@pytest.mark.ci
def test_groups_open_and_close_where_one_is(tmp_path):
    page = opened(bp.trace("spatial_batchnorm").player().html, tmp_path)
    before = page.run(TO_STEP + HERE)
    page.run(OPEN)
    page.loaded()
    inside = page.run(PLAYS + HERE)
    page.run(OPEN)
    page.loaded()
    after = page.run(HERE)
    assert [each["pressed"] for each in (before, inside, after)] == ["false", "true", "false"]
    assert [each["at"] for each in (before, inside, after)] == ["#backward-3.2", "#open,backward-3.2", "#backward-3.2"]
    assert inside["title"] == before["title"] == after["title"]
    assert inside["gates"] > before["gates"] == after["gates"]
    assert inside["lit"] == ["step_3_2"]


def test_the_address_of_a_step_in_a_loop_leads_to_the_round_that_is_shown(tmp_path):
    page = still_open(bp.trace("rnn").player().html, tmp_path)
    visited = page.run(
        """
        const seen = [];
        for (const there of ["#backward-2", "#backward-5"]) {
          window.location.hash = there;
          await settled();
          seen.push(text("title"));
        }
        return seen;
        """
    )
    assert visited[0].startswith("backward, step 2")
    assert visited[1] == "the inputs"  # there is no such step


NEAR = """
const letter = () => { const each = document.querySelector("#player-drawing text");
  return parseFloat(getComputedStyle(each).fontSize) * each.getScreenCTM().a; };
const sizes = [letter()];
for (const key of ["ArrowRight", "0", "ArrowRight", "0", "ArrowRight", "+", "ArrowRight", "End"]) {
  await press(key);
  sizes.push(letter());
}
return sizes;
"""


MAPPED = """
const pane = document.getElementById("player-drawing");
const map = document.getElementById("player-map");
const here = () => {
  if (!map.getClientRects().length) return { map: false };
  const circuit = pane.querySelector("svg");
  const [all, box, seen] = [pane, map, circuit].map((each) => each.getBoundingClientRect());
  const corner = new DOMPoint(seen.left, seen.top).matrixTransform(circuit.getScreenCTM().inverse());
  const part = map.querySelector("rect").getBBox();
  return { map: true, inside: box.top >= all.top && box.bottom <= all.bottom && box.right <= all.right,
    shown: Math.hypot(part.x - corner.x, part.y - corner.y) < 1,
    part: part.height < map.viewBox.baseVal.height };
};
location.hash = "#backward-0"; await press("0"); // the whole, whatever was before
if (!pane.classList.contains("mapped")) { location.hash = "#backward-2"; await settled(); }
if (!pane.classList.contains("mapped")) await press("0");
const near = here();
await press("0");
return [near, here()];
"""


@pytest.mark.ci
def test_in_a_small_window_the_drawing_is_near_the_step_until_the_whole_is_wanted(tmp_path):
    page = opened(written("rnn", size="page", rounds=True)[1], tmp_path, 400, 800)
    inputs, step, whole, still, near, next_, larger, kept, end = page.run(NEAR)
    assert inputs == whole == still
    assert step == near == next_ > 11 > 2 * inputs
    assert larger == kept == end > near
    page.look(1920, 1080)
    page.run("""location.hash = "#forward-1"; await press("0"); await press("0");""")
    assert page.run(NEAR.split("const sizes")[0] + "return letter();") > 8
    near, whole = page.run(MAPPED)
    assert near == {"map": True, "inside": True, "shown": True, "part": True}
    assert whole == {"map": False}
    page.look(800, 900)
    assert page.run(MAPPED)[0] == {"map": False}


SUMS = """
location.hash = "#forward-3.1"; await settled();
document.querySelector("#player-arrays td[data-k]").click(); await settled();
const said = () => text("entry");
const button = () => document.querySelector("#player-entry button");
const [short, first] = [said(), button().textContent];
button().click(); await settled();
const [whole, second] = [said(), button().textContent];
await press("?");
const help = document.getElementById("player-help");
const open = help.open;
await press("Escape"); // from where one is
const pinned = !document.getElementById("player-entry").hidden;
return { short, first, whole, second, open, closed: !help.open, pinned };
"""


@pytest.mark.ci
def test_a_long_sum_is_shortened_until_it_is_asked_for_and_the_question_mark_tells_how_the_page_is_used(tmp_path):
    trace = bp.trace("spatial_batchnorm")
    found = opened(trace.player().html, tmp_path).run(SUMS)
    assert (found["first"], found["second"]) == ("all terms", "fewer terms")
    count = np.prod(trace["rows"].value.shape[:1])
    assert f"({count - 6} more)" in found["short"]
    assert "more)" not in found["whole"].partition("goes into")[0]
    assert found["whole"].count("rows[") == count
    assert found["open"]
    assert found["closed"]
    assert found["pinned"]  # Escape closes one thing at a time


HEARD = """
const heard = [];
const spoken = document.querySelectorAll('output:not([aria-live="off"]), [role="status"], [aria-live="polite"]');
for (const each of spoken) new MutationObserver(() => heard.push(each.textContent)).observe(each, { childList: true });
for (let n = 0; n < 3; n += 1) await press("ArrowRight");
location.hash = "#backward-2"; await settled();
const tables = [...document.querySelectorAll("#player-panel table")];
return { heard, tables: tables.map((each) => [each.getAttribute("aria-label"),
  each.querySelectorAll("thead th[scope=col]").length, each.querySelectorAll("tbody th[scope=row]").length]) };
"""


def test_a_screen_reader_is_told_a_sentence_a_step_and_tables_by_their_names(tmp_path):
    trace, text = written("maxpool", size="page")
    found = opened(text, tmp_path).run(HEARD)
    assert len(found["heard"]) == 4
    assert found["heard"][0].startswith("forward, step 1: columns = im2col(")
    assert all(not said.rstrip().endswith(". .") and said == said.strip() for said in found["heard"])
    shape = trace["columns"].value.shape
    assert found["tables"][0] == ["dcolumns[0]", shape[-1], shape[-2]]
