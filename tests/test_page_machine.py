"""The page's own interpreter, in a real browser: the numbers, the Jacobian's rows and the sums written out, for every
layer, and after edits the numbers of a fresh trace."""

import json

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.draw.player import script_of
from backpropviz.draw.player.program import program
from backpropviz.draw.player.program.recipes import NUMBERS
from backpropviz.layers.library import layer_names, load
from backpropviz.study.entries import Entries
from backpropviz.study.rows import row
from tests.browser import NEEDED, driven

pytestmark = NEEDED

EDITS = 2  # of each layer; of those that are left to `pytest -m rest`, twenty
PARTS = ("numbers.js", "compile.js", "machine.js", "spelling.js")

RUN = """
return CASES.map(({ program, edits, entries }) => {
  const engine = machine(program);
  const words = speller(engine, 10000);
  const all = () => Object.fromEntries(
    Object.entries(program.names).map(([name, ref]) => [name, [...engine.values[ref]]]));
  const first = all();
  const rows = entries.map(([name, k]) => engine.row(engine.ref(name), k));
  const texts = entries.map(([name, k]) => (engine.nodes[engine.ref(name)].kind === "given" ? null
    : words.names(engine.ref(name), k)));
  const reached = entries.map(([name, k]) => {
    const { from } = engine.marks(engine.ref(name), k);
    return Object.fromEntries(program.inputs.map((input) => [input, [...(from[engine.ref(input)] || [])]]));
  });
  const after = edits.map(([name, k, value]) => {
    if (k === null) engine.settings[name] = value;
    else engine.values[engine.ref(name)][k] = value;
    engine.run();
    return all();
  });
  return { first, rows, texts, reached, after };
});
"""

CUSTOM = """
import numpy as np

def odds_and_ends(x, w, v, *, scale=0.5):
    y = np.cumsum(x, axis=1) * scale
    z = np.einsum("ij,jk->ik", y, w)
    a = np.concatenate([z, x[:, ::-1]], axis=1)
    b = np.where(a > 0, a, 0.1 * a) + np.var(a, axis=0)
    c = np.clip(b, -1.5, 1.5) * np.prod(v)
    d = np.pad(c, ((0, 0), (1, 1)), constant_values=0.3)
    e = np.logaddexp(d, np.outer(v, np.ones(d.shape[1])))
    f = np.std(e, axis=1, keepdims=True) + np.min(e) + np.linalg.norm(x[0])
    return np.stack([e, e * f])
"""


def custom(folder):
    path = folder / "odds.py"
    path.write_text(CUSTOM, encoding="utf-8")
    rng = np.random.default_rng(3)
    return path, {"x": rng.normal(size=(3, 4)), "w": rng.normal(size=(4, 2)), "v": rng.normal(size=3)}


def edits_of(trace, count, seed=0):
    """Random entries of inputs and upstream gradients, each set to another number; and every setting that can be."""
    rng = np.random.default_rng(seed)
    found = program(trace)
    edits = [(name, None, value * 1.7) for name, value in found["settings"].items()]
    names = [*found["inputs"], *found["upstream"]]
    nodes = Entries(trace).nodes
    for _ in range(count):
        name = names[rng.integers(len(names))]
        edits.append((name, int(rng.integers(nodes[name].value.size)), float(rng.normal())))
    return edits


def some_entries(trace):
    """The middle entry of some values and gradients."""
    made = [(name, node.value.size // 2) for name, node in Entries(trace).nodes.items() if node.primitive is not None]
    return made[:: max(1, len(made) // 12)]


def case(trace, edits):
    return {"program": program(trace), "edits": edits, "entries": some_entries(trace)}


def computed(cases, folder):
    scripts = "".join(map(script_of, PARTS))
    page = f"<html><head></head><body><script>{scripts} const CASES = {json.dumps(cases)};</script></body></html>"
    return driven(page, RUN, folder)


def held(found, trace, fresh, edits):
    """Hold what the page computed against the trace: all of `found` is of one layer."""
    nodes = Entries(trace).nodes
    close(found["first"], nodes)
    first_names = {}
    for name in program(trace)["names"]:
        first_names.setdefault(nodes[name], name)
    given = [
        node for node in trace.inputs.values() if node.value.dtype.kind != "f"
    ]  # labels and masks: a page keeps them
    known = vars(np) | {"max": lambda *x: max(x), "min": lambda *x: min(x)}
    known |= {name: node.value for name, node in nodes.items()}
    for (name, k), told, text, reached in zip(some_entries(trace), found["rows"], found["texts"], found["reached"]):
        node = nodes[name]
        index = np.unravel_index(k, node.shape)
        right = row(node, index, [end for end in first_names if end not in (node, *given)])
        for end, derivatives in right.items():
            mine = np.zeros(end.value.size)
            for place, derivative in told.get(first_names[end], {}).items():
                mine[int(place)] = derivative
            np.testing.assert_allclose(mine, derivatives.ravel(), rtol=1e-9, atol=1e-11, err_msg=f"{name} by {end}")
        for end, derivatives in row(node, index, [end for end in trace.inputs.values() if end not in given]).items():
            marks = np.array(reached.get(end.name) or np.zeros(end.value.size))
            assert (marks[derivatives.ravel() != 0] > 0).all()
        if text is not None:
            value = eval(text, {}, known)
            np.testing.assert_allclose(value, node.value[index], rtol=1e-11, atol=1e-11, err_msg=f"{name}: {text}")
    assert len(found["after"]) == len(edits)
    inputs = {name: node.value.copy() for name, node in trace.inputs.items()}
    upstream = {node.name or "out": red.value.copy() for node, red in trace.upstream.items()}
    red_names = {str(red.name): node.name or "out" for node, red in trace.upstream.items()}
    settings = {}
    for (name, k, value), after in zip(edits, found["after"]):
        if k is None:
            settings[name] = value
        elif name in red_names:
            upstream[red_names[name]].flat[k] = value
        else:
            inputs[name].flat[k] = value
        again = fresh({**inputs, **settings})
        again.backward(upstream)
        close(after, Entries(again).nodes)


def close(told, nodes):
    assert set(told) == set(nodes)
    for name, node in nodes.items():
        size = 1 + np.abs(node.value).max(initial=0.0)
        np.testing.assert_allclose(np.array(told[name]), node.value.ravel(), rtol=1e-9, atol=1e-9 * size, err_msg=name)


def layers(names, count):
    """The case of each layer, and what holds its answer against the trace."""
    for name in names:
        trace = load(name).trace()
        trace.backward()
        edits = edits_of(trace, count)
        assert not [line for line in program(trace)["nodes"] if "o" in line], name
        fresh = lambda values, name=name: load(name).trace(values, verify=False)
        yield case(trace, edits), lambda told, trace=trace, fresh=fresh, edits=edits: held(told, trace, fresh, edits)


def odds(folder):
    """A function of operations that no layer has, one of which the page has no counterpart for."""
    path, inputs = custom(folder)
    trace = bp.trace(f"{path}:odds_and_ends", **inputs)
    trace.backward()
    edits = edits_of(trace, 8)
    assert edits[0] == ("scale", None, 0.85)
    assert [line["o"] for line in program(trace)["nodes"] if "o" in line] == ["others"]

    def hold(found):
        close(found["first"], Entries(trace).nodes)
        values = {key: node.value.copy() for key, node in trace.inputs.items()}
        for (key, k, value), after in zip(edits, found["after"]):
            if k is None:
                values[key] = value
            elif key in values:
                values[key].flat[k] = value
            again = bp.trace(f"{path}:odds_and_ends", verify=False, **values)
            for name in ("y", "z", "a", "b", "c", "d", "e"):  # only gradients hang on the one that is missing
                right = again[name].value.ravel()
                np.testing.assert_allclose(after[name], right, rtol=1e-9, atol=1e-9, err_msg=name)

    return case(trace, edits), hold


_BINARY = """add subtract multiply divide power float_power logaddexp arctan2 hypot maximum minimum fmax fmin greater
    greater_equal less less_equal equal not_equal logical_and logical_or"""
BINARY = set(_BINARY.split())
TERNARY = ["where", "clip"]
OF_TRUTHS = ["bitwise_and", "bitwise_or"]


def numbers(folder):
    """Every function of numbers that the page has."""
    unary = sorted(NUMBERS - {*BINARY, *TERNARY, *OF_TRUTHS})
    lines = [f"    a{k} = np.{name}(x)" for k, name in enumerate(unary)]
    lines += [f"    b{k} = np.{name}(x, y)" for k, name in enumerate(sorted(BINARY))]
    lines += ["    c0 = np.where(x > y, x, y)", "    c1 = np.clip(x, 0.3 * y, y)", "    c2 = x * ((x > y) & (x > 0.5))"]
    lines += ["    c3 = y * ((x > y) | (x > 0.5))"]
    names = ", ".join(f"1.0 * {line.split()[0]}" for line in lines)
    path = folder / "numbers.py"
    text = "import numpy as np\n\ndef numbers(x, y):\n" + "\n".join(lines) + f"\n    return np.stack([{names}])\n"
    path.write_text(text, encoding="utf-8")
    rng = np.random.default_rng(8)
    # arccosh and its like are not among them: all are defined between 0 and 1
    trace = bp.trace(f"{path}:numbers", **{name: rng.uniform(0.1, 0.9, size=(3, 2)) for name in ("x", "y")})
    trace.backward()
    edits = [(name, k, float(rng.uniform(0.1, 0.9))) for name in ("x", "y") for k in range(2)]
    assert not [line["o"] for line in program(trace)["nodes"] if "o" in line]
    fresh = lambda values: bp.trace(f"{path}:numbers", verify=False, **values)
    return case(trace, edits), lambda told: held(told, trace, fresh, edits)


def hold_all(cases, folder):
    """Every case in one page, since a browser takes longest to start."""
    for told, (_, hold) in zip(computed([case for case, _ in cases], folder), cases):
        hold(told)


def test_layers_and_operations_are_computed_again_and_after_edits_as_a_fresh_trace_is(tmp_path):
    hold_all([*layers(layer_names()[::12], EDITS), odds(tmp_path), numbers(tmp_path)], tmp_path)


@pytest.mark.ci
def test_more_layers_are_after_edits_as_a_fresh_trace_is(tmp_path):
    hold_all(list(layers([name for name in layer_names()[::3] if name not in layer_names()[::12]], EDITS)), tmp_path)


@pytest.mark.rest
@pytest.mark.parametrize("start", [0, 1, 2])
def test_all_layers_are_after_twenty_edits_as_a_fresh_trace_is(start, tmp_path):
    hold_all(list(layers(layer_names()[start::3], 20)), tmp_path)


@pytest.mark.ci
def test_what_is_too_much_for_a_page_is_said_there_and_the_rest_stays(tmp_path):
    large = bp.trace("conv", x=np.ones((8, 3, 32, 32)), w=np.ones((16, 3, 5, 5)), b=np.ones(16))
    large.backward()
    assert program(large) == {
        "why": "These are too many numbers to be run again in a page; a smaller case (--shape) is not."
    }
    single = bp.trace("relu", x=np.array([[1.0, -2.0]], dtype=np.float32))
    found = driven(single.player().html, "await press('ArrowRight'); return [text('title'), text('whatif')];", tmp_path)
    assert found[0].startswith("forward, step 1")
    assert found[1] == "A page computes with real numbers of 64 bits, and some of these are others."


if __name__ == "__main__":
    import sys
    import tempfile
    from pathlib import Path

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        hold_all([*layers(count)], Path(folder))
    print(f"{len(layer_names())} layers, {count} random edits each: equal to a fresh trace to 1e-9")
