"""What a type checker tells a user of the package: no result is `Any`, and wrong calls are found."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import backpropviz as bp

CACHE = Path(__file__).parent.parent / ".mypy_cache" / "user"  # NumPy's types are read for ten seconds
USED = {
    't': "Trace", 't.backward()': "dict[str, numpy", 't.output': "numpy.ndarray", 't.grad["x"]': "numpy.ndarray",
    't["out"].value': "numpy.ndarray", 't["out"].grad': "numpy.ndarray", 't.steps[0].name': "str",
    't.steps[0].caption': "str", 't.replay(x=x)': "numpy.ndarray", 't.table()': "Display", 't.step(1)': "Display",
    't.entry("dx", (0, 1))': "Entry", 't.derive()': "Code", 't.gradcheck().passed': "bool", 't.diagram().svg()': "str",
    't.closed_form("x")': "Closed", 't.closed_form("x").lines': "list[str]", 't.closed_form("x").after': "int",
    't.player()': "Player", 't.player().html': "str", 'bp.gradcheck(t)': "Report", 'bp.gradcheck(t).passed': "bool",
    'bp.diagnose(swish, back)': "Diagnosis", 'bp.diagnose(swish, back).right': "bool", 'bp.put(x, 0, (2,))': "numpy",
    'bp.stop_gradient(x)': "numpy.ndarray", 'bp.im2col(x, 3)': "numpy.ndarray", 'own(x)': "numpy.ndarray",
    'own_vjp': "def (g: numpy.ndarray",
}  # fmt: skip
HEAD = """
import numpy as np
from numpy.typing import NDArray

import backpropviz as bp

Reals = NDArray[np.float64]
x = np.ones((2, 3))


def swish(x: Reals, *, beta: float = 1.5) -> Reals:
    out: Reals = x / (1 + np.exp(-beta * x))
    return out


def back(dout: Reals, x: Reals) -> Reals:
    return dout


@bp.primitive
def own(x: Reals) -> Reals:
    return np.tanh(x)


@own.vjp
def own_vjp(g: Reals, out: Reals, x: Reals) -> Reals:
    return g * (1 - out**2)


t = bp.trace(swish, x=x, beta=1.0)
"""
WRONG = ["t.table(3)", "t.gradcheck(quick=True)", 't.diagram(style="oil")', "bp.check(swish, seconds='long')",
         "bp.diagnose(swish, back, colour=1)", "t.nothing", "own()"]  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("user")
    lines = [f"reveal_type({each})" for each in USED] + WRONG + [f"bp.{name}" for name in bp.__all__] + ["bp.diagnose"]
    (folder / "user.py").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", str(CACHE), "user.py"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    first = HEAD.count("\n") + 1
    found = {}
    for line, text in re.findall(r"^user\.py:(\d+): (.*)$", run.stdout, re.MULTILINE):
        found.setdefault(int(line) - first, text)
    assert len(found) >= len(USED), run.stdout + run.stderr
    return found


def test_what_is_used_has_a_type(told):
    for at, (expression, kind) in enumerate(USED.items()):
        seen = re.sub(r"ndarray\[(Any|tuple\[Any, \.\.\.\]), (Any|[\w.\[\]]+)\]", "ndarray", told[at])
        assert "Revealed type is" in seen, expression
        assert kind.split("[")[0] in seen, (expression, seen)
        assert "Any" not in seen, (expression, seen)


def test_wrong_calls_are_found_and_every_name_is_there(told):
    for at, expression in enumerate(WRONG, len(USED)):
        assert told.get(at, "").startswith("error:"), expression
    others = {at: text for at, text in told.items() if at >= len(USED) + len(WRONG) or at < 0}
    assert others == {}
