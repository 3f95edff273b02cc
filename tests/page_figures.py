"""Drives the page of every layer in Chromium, at four widths, light and dark: what the tests do for a few.

    python tests/page_figures.py [LAYER...]

Held: both passes show the numbers of the trace; nothing is said on the console; the whole drawing and the arrays of a
step are in the window together; the page does not grow out of it; axe-core finds nothing (npm install --no-save
axe-core, or AXE=path/to/axe.min.js; without it, it is said that this was left out).
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from backpropviz.draw.player.making import player
from backpropviz.exercises.questions import questions
from backpropviz.layers.library import layer_names, load
from backpropviz.study.entries import Entries
from tests.browser import AXE, driven

SIZES = {400: 800, 800: 900, 1400: 900, 1920: 1080}

LOOKING = """
const found = { axe: [], rules: 0, wide: innerWidth, outside: 0, hidden: [], grown: [] };
const root = document.documentElement;
const problems = async (state) => {
  if (!window.axe) return;
  const { violations, passes } = await axe.run(document);
  found.rules += passes.length;
  for (const each of violations) found.axe.push([state, each.id, each.nodes[0].html.slice(0, 200)]);
};
const pane = document.getElementById("player-drawing").getBoundingClientRect();
const parts = [...document.querySelectorAll("#player-drawing g.node, #player-drawing g.edge")];
found.outside = parts.filter((part) => {
  const box = part.getBoundingClientRect();
  return box.left < pane.left - 1 || box.right > pane.right + 1
    || box.top < pane.top - 1 || box.bottom > pane.bottom + 1;
}).length;
found.pane = [pane.width, pane.height];
const seen = {};
for (;;) {
  for (const array of arrays()) seen[array.name] = array.entries;
  const panel = document.getElementById("player-panel").getBoundingClientRect();
  if (panel.top < -1 || panel.bottom > root.clientHeight + 1 || panel.height < 150) found.hidden.push(location.hash);
  if (root.scrollWidth > root.clientWidth || root.scrollHeight > root.clientHeight) found.grown.push(location.hash);
  const before = text("count");
  await press("ArrowRight");
  if (text("count") === before) break;
}
await problems("the end");
document.getElementById("player-every").open = true;
await settled();
const cell = document.querySelector("#player-arrays td[data-k]");
if (cell) cell.click();
await settled();
const every = document.getElementById("player-every");
every.open = document.querySelectorAll("#player-every td").length < 1000; // axe looks at each cell for long
await problems("an entry pinned, every array");
every.open = true;
const free = document.querySelector("#player-every figure.free td[data-k]");
if (free) {
  free.dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
  await press("ArrowUp");
  await press("Enter");
}
every.open = false;
await problems("an entry changed");
document.getElementById("player-predict").click();
location.hash = "#backward-0";
await settled();
document.getElementById("player-back").click();
await settled();
await problems("predict");
return { ...found, seen };
"""


def page_of(name, axe):
    trace = load(name).trace()
    trace.backward()
    return trace, player(trace, name, questions(trace)).html.replace("<head>", f"<head>{axe}", 1)


def looked_at(name, width, axe, folder, dark=False):
    """What is wrong with the page of a layer in a window of that width, in words."""
    trace, text = page_of(name, axe)
    found = driven(text, LOOKING, folder, width, SIZES[width], dark, seconds=600)
    nodes = Entries(trace).nodes
    assert found["rules"] > 60 or not axe
    assert found["wide"] == width
    wrong = [f"axe: {' '.join(each)}" for each in found["axe"]]
    wrong += [f"{found['outside']} parts of the drawing are outside"] if found["outside"] else []
    wrong += [f"the panel is not in the window at {at}" for at in found["hidden"][:2]]
    wrong += [f"the page is larger than the window at {at}" for at in found["grown"][:2]]
    for each, entries in found["seen"].items():
        right = nodes[each].value.ravel()
        if entries and not np.allclose(entries, right, atol=6e-5, rtol=6e-4):
            wrong.append(f"{each} shows other numbers than the trace")
    return wrong, sum(map(len, found["seen"].values()))


def main(names):
    axe = f"<script>{AXE.read_text(encoding='utf-8')}</script>" if AXE.is_file() else ""
    if not axe:
        print("axe-core is not there: npm install --no-save axe-core")
    faults = 0
    for number, name in enumerate(names):
        for width in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                wrong, shown = looked_at(name, width, axe, Path(folder), dark=bool(number % 2))
            faults += len(wrong)
            print(f"{name:18} {width:5}  {shown:5} numbers  {'; '.join(wrong) or 'nothing found'}", flush=True)
    print(f"{len(names)} layers at {len(SIZES)} widths: {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or layer_names()))
