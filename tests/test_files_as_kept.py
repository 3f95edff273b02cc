"""Files as people keep them: notebooks, encodings, modules that are missing, names that NumPy has no more, listings."""

import gc
import json
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import backpropviz as bp
from backpropviz.cli import app
from backpropviz.errors import LayerError
from backpropviz.layers.library import load
from backpropviz.layers.missing import OLD_NUMPY, old_numpy
from backpropviz.layers.sources import read_parts, split_spec

sys.path.insert(0, str(Path(__file__).parent))
from trace_figures import measure, right_files

X = np.random.default_rng(0).normal(size=(4, 3))


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return str(path)


def notebook(folder, *cells, name="notes.ipynb", **more):
    """A notebook of code cells; text that starts with "# " alone on its line is a cell of text."""
    kinds = ["markdown" if cell.startswith("# ") and "\n" not in cell else "code" for cell in cells]
    made = [
        {"cell_type": kind, "metadata": {}, "source": textwrap.dedent(cell).splitlines(keepends=True)}
        for kind, cell in zip(kinds, cells)
    ]
    path = folder / name
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}))
    return str(path)


# ---- notebooks -------------------------------------------------------------------------------------------------------

FIRST = """\
%matplotlib inline
import numpy as np
import matplotlib.pyplot as plt
!pip install something
from cs231n.data_utils import load_CIFAR10
"""
NOISE = """\
data = load_CIFAR10("nowhere")
print("printed at the top")
X = data["X_train"]
plt.plot(X)
1 / 0
"""
LAYER = """\
scale = {"gamma": 2.0}
scale["gamma"] += 1
eps = 1e-5


def norm(x):
    # mean of every feature
    mu = x.mean(axis=0)
    %timeit mu
    out = scale["gamma"] * (x - mu) / np.sqrt(x.var(axis=0) + eps)
    return out
"""
FAILS = """\
def fails(x):
    y = x * 2
    return np.nope(y)
"""


@pytest.fixture
def notes(tmp_path):
    return notebook(tmp_path, "# Title", FIRST, NOISE, LAYER, "%%bash\nls *.py | wc\n", "norm?\n%time X = 3\n", FAILS)


def test_the_definitions_of_a_notebook_are_read_in_order(notes, capsys):
    trace = load(f"{notes}:norm").trace({"x": X})
    np.testing.assert_allclose(trace.output, 3 * (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + 1e-5))
    assert [(step.name, step.where, step.caption) for step in trace.steps] == [
        ("mu", "notes.ipynb:cell 4:8", "mean of every feature"),
        ("out", "notes.ipynb:cell 4:10", ""),
    ]
    assert capsys.readouterr() == ("", "")
    assert bp.trace(f"{notes}:norm", x=X).function == "norm"


def test_messages_name_cell_and_line(notes):
    with pytest.raises(LayerError) as caught:
        load(f"{notes}:fails").trace()
    assert str(caught.value).startswith("notes.ipynb:cell 7:3: fails failed with AttributeError")
    with pytest.raises(LayerError) as caught:
        load(notes)
    assert str(caught.value).endswith(f"notes.ipynb defines 2 functions; say which:\n  {notes}:norm\n  {notes}:fails")


@pytest.mark.parametrize("command", ["show", "gradcheck", "derive", "shapes"])
def test_every_command_takes_a_notebook(notes, command):
    result = CliRunner().invoke(app, [command, f"{notes}:norm"])
    assert result.exit_code == 0, result.output
    assert "printed at the top" not in result.output


def test_pictures_and_worksheets_of_a_notebook(notes, tmp_path):
    for command in (["export", f"{notes}:norm", "-o", "norm.dot"], ["exercise", f"{notes}:norm", "-o", "norm.py"]):
        target = str(tmp_path / command.pop())
        result = CliRunner().invoke(app, [*command, target])
        assert result.exit_code == 0, result.output


def test_a_class_in_a_notebook(tmp_path):
    path = notebook(
        tmp_path,
        "%%time\nclass Linear:\n    def __init__(self, D, M):\n        self.W = np.random.randn(D, M)\n",
        "class Other(Linear):\n    def forward(self, x):\n        return x @ self.W\n",
    )
    assert list(load(f"{path}:Other").trace().inputs) == ["x", "W"]


def test_a_listing_in_a_notebook(tmp_path):
    path = notebook(tmp_path, "# Text", "import numpy as np", "%pylab\n\nmu = x.mean(axis=0)\nout = x - mu\n")
    assert [step.where for step in load(path).trace().steps] == ["notes.ipynb:cell 3:3", "notes.ipynb:cell 3:4"]


def test_old_notebooks_have_worksheets(tmp_path):
    path = tmp_path / "old.ipynb"
    cells = [{"cell_type": "code", "input": ["def f(x):\n", "    return x * 2"]}]
    path.write_text(json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3}))
    assert load(str(path)).trace().steps[0].where == "old.ipynb:cell 1:2"


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '"text"', '{"cells": 3}', '{"cells": [3]}', "{}", "[" * 9999])
def test_what_is_no_notebook_is_told(tmp_path, content):
    path = tmp_path / "bad.ipynb"
    path.write_text(content)
    with pytest.raises(LayerError, match=r"is no notebook|defines no function"):
        load(str(path))


def test_a_syntax_error_names_its_cell(tmp_path):
    path = notebook(tmp_path, "def f(x):\n    return x\n", "def g(x):\n    return x +\n")
    with pytest.raises(LayerError, match=r"notes\.ipynb:cell 2:2: syntax error: invalid syntax: return x \+"):
        load(path)


LINES = st.sampled_from(
    [
        "x = 1",
        "!ls",
        "%magic",
        "y = !ls",
        "name?",
        "    z = 2",
        "if x:",
        "'''",
        "%%time",
        "w = x % y",
        "a = '?'",
        "",
        "#?",
    ]
)


@given(st.lists(LINES, max_size=8))
def test_a_cell_is_read_or_refused_and_python_in_it_is_kept(tmp_path_factory, lines):
    path = notebook(tmp_path_factory.mktemp("cells"), "\n".join(lines))
    try:
        (part,) = read_parts(Path(path))
    except LayerError:
        return
    kept = part.text.rstrip("\n").split("\n")
    if lines and not lines[0].startswith("%%"):
        assert [a for a, b in zip(lines, kept) if a == b] == [
            a for a in lines[: len(kept)] if a in kept or a.strip() == ""
        ] or (all(b == a or b.strip() == "pass" for a, b in zip(lines, kept)))


@given(
    st.sampled_from(["mine.py", "a.b/c.ipynb", "C:\\x\\net.py"]), st.sampled_from(["", "f", "Linear", "Net.forward"])
)
def test_specs_are_a_file_and_a_name(file, name):
    assert split_spec(f"{file}:{name}" if name else file) == (file, name)
    assert split_spec(name) == ("", name)


# ---- encodings -------------------------------------------------------------------------------------------------------

TEXT = "def f(x):\n    # größe µ\n    y = x * 2\n    return y\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode("utf-8-sig"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        ("# -*- coding: latin-1 -*-\n" + TEXT).encode("latin-1"),
        ("#!/usr/bin/python\n# coding: cp1252\n" + TEXT).encode("cp1252"),
        ("\x0c\n" + TEXT).encode(),
    ],
    ids=["bom", "crlf", "cr", "latin-1", "cp1252", "form feed"],
)
def test_files_are_read_as_python_reads_them(tmp_path, content):
    path = tmp_path / "mine.py"
    path.write_bytes(content)
    trace = load(str(path)).trace()
    line = 3 + content.decode("latin-1").split("def")[0].count("\n")
    assert [(step.where, step.caption) for step in trace.steps] == [(f"mine.py:{line}", "größe µ")]


@pytest.mark.parametrize("content", [TEXT.encode("latin-1"), b"# coding: klingon\n", TEXT.encode("utf-16")])
def test_files_that_python_cannot_read(tmp_path, content):
    path = tmp_path / "mine.py"
    path.write_bytes(content)
    with pytest.raises(LayerError, match=r"mine\.py cannot be read"):
        load(str(path))


# ---- what is missing -------------------------------------------------------------------------------------------------


def test_missing_modules_are_stood_in_for(tmp_path):
    path = write(
        tmp_path,
        "net.py",
        """
        import flame
        import flame.nn as nn
        from .nowhere import *
        from ..utils import helper
        from cs231n.layers import affine_forward
        from scipy.special import expit

        class Net(nn.Module, flame.Mixin):
            def __init__(self, n_in, n_out):
                super().__init__()
                self.W = np.random.randn(n_in, n_out)

            def forward(self, x):
                return np.tanh(x @ self.W)

        @flame.jit.script
        def g(x):
            return np.exp(x)

        model = nn.Linear(3, 4)
        out = model(3)
        print(out)

        def uses(x):
            y = x * 2
            return affine_forward(y)
        """,
    )
    before = set(sys.modules)
    assert list(load(f"{path}:Net").trace().inputs) == ["x", "W"]
    assert load(f"{path}:g").trace().steps[0].where == "net.py:19"
    with pytest.raises(LayerError) as caught:
        load(f"{path}:uses").trace()
    assert str(caught.value).startswith("net.py:27: uses needs cs231n.layers.affine_forward, which is not here\n")
    with pytest.raises(LayerError, match=r"net\.py:27: uses needs cs231n\.layers\.affine_forward"):
        load(f"{path}:uses").trace({"x": X})
    assert not [name for name in set(sys.modules) - before if name.startswith(("flame", "cs231n", "backpropviz_"))]
    with pytest.raises(ImportError):
        import flame  # noqa: F401


@pytest.mark.parametrize("caught", ["ImportError", "ModuleNotFoundError", "(ImportError, ValueError)", "Exception", ""])
def test_a_files_own_fallback_is_taken(tmp_path, caught):
    path = write(
        tmp_path,
        "mine.py",
        f"""
        try:
            import cupy as xp
            from numba import njit
        except {caught}:
            import numpy as xp

        def f(x):
            return xp.exp(x)
        """,
    )
    np.testing.assert_array_equal(load(path).trace({"x": X}).output, np.exp(X))


def test_files_beside_it_and_packages_around_it_are_imported(tmp_path):
    write(tmp_path, "course/utils.py", "def double(x):\n    y = x * np.int(2)\n    return y\n")
    write(tmp_path, "course/layers/helpers.py", "from ..utils import double\nSHIFT = 1.0\n")
    write(tmp_path, "course/layers/numbers_.py", "SHIFT = 1.0\n")
    for imports in (
        "from .helpers import double, SHIFT\n",
        "from ..utils import double\nfrom numbers_ import SHIFT\n",
        "from course.utils import *\nfrom layers.numbers_ import SHIFT\n",
        "from course.layers.helpers import double, SHIFT\nimport course.missing\n",
    ):
        path = write(tmp_path, "course/layers/mine.py", imports + "def f(x):\n    return double(x) + SHIFT\n")
        trace = load(path).trace({"x": X})
        np.testing.assert_array_equal(trace.output, 2 * X + 1)
        assert [(step.where, step.group.function) for step in trace.steps if step.group] == [("utils.py:2", "double")]
    assert not {"course", "layers", "helpers", "utils"} & set(sys.modules)


def test_names_that_numpy_had_once(tmp_path):
    path = write(
        tmp_path,
        "mine.py",
        """
        import numpy as np
        import numpy

        def f(x):
            n = np.int(x.shape[0])
            mask = (x > 0).astype(np.float)
            z = x * mask + numpy.float_(0.5)
            flags = np.zeros(x.shape, dtype=np.bool8)
            return np.product(z, axis=1) / n + flags.sum()
        """,
    )
    z = X * (X > 0) + 0.5
    trace = load(path).trace({"x": X})
    np.testing.assert_allclose(trace.output, np.prod(z, axis=1) / 4)
    assert trace["mask"].value.dtype == np.float64
    assert trace.steps[0].statement == "mask = (x > 0).astype(np.float)"
    assert not hasattr(np, "int")


def test_old_names_mean_what_numpy_said():
    assert {*old_numpy()} <= {*OLD_NUMPY}
    assert old_numpy()["float_"] is np.float64
    assert old_numpy()["int"] is int


def test_listings_without_imports_or_with_loops_alone(tmp_path):
    listing = write(tmp_path, "a.py", "for i in range(3):\n    h = np.tanh(x @ w + b)\n    x = h\n")
    layer = load(listing)
    assert list(layer.parameters) == ["x", "w", "b"]
    assert layer.trace().output.shape == (4, 3)
    returned = write(tmp_path, "b.py", "# mean\nmu = x.mean(axis=0)\nreturn x - mu\n")
    assert [step.name for step in load(returned).trace().steps] == ["mu", "out"]
    augmented = write(tmp_path, "c.py", "total += np.sum(x)\n")
    assert list(load(augmented).parameters) == ["total", "x"]
    function = write(tmp_path, "d.py", "def f(x):\n    return np.exp(x)\n")
    assert load(function).trace().output.shape == (4, 3)


def test_a_file_that_fails_on_its_own_still_says_so(tmp_path):
    path = write(tmp_path, "mine.py", "import torch\ndef f(x):\n    return x\nopen('nowhere.txt')\n")
    with pytest.raises(LayerError, match=r"mine\.py:4: mine\.py failed while it was loaded: FileNotFoundError"):
        load(path)


# ---- the figure ------------------------------------------------------------------------------------------------------

REASONS = (
    "is it written yet?", "which is not here", "has no gradient here", "cannot be traced", "turns a traced value",
)  # fmt: skip


@pytest.mark.parametrize("every", [12, pytest.param(4, marks=pytest.mark.rest)])
def test_right_hand_ins_are_traced_or_refused_with_a_reason(every):
    found = measure(right_files()[::every])
    assert found.crashed == {}
    assert len(found.traced) >= 0.85 * (len(found.traced) + len(found.refused))
    for function, told in found.refused.items():
        assert any(reason in told for reason in REASONS), f"{function}: {told}"
        assert ".py:" in told.split("\n")[0]


def test_what_others_left_to_be_tidied_up_does_not_change_a_sample(tmp_path):
    """The calls that tidy up a dropped trace were taken for calls of the function that was tried just then."""
    listing = load(write(tmp_path, "a.py", "for i in range(3):\n    h = np.tanh(x @ w + b)\n    x = h\n"))
    usual = gc.get_threshold()
    try:
        shapes = set()
        for threshold in range(50, 470, 7):
            dropped = [load("affine").trace()]
            dropped.append(dropped)
            gc.set_threshold(threshold, 3, 3)
            shapes.add(listing.trace().output.shape)
            gc.set_threshold(*usual)
    finally:
        gc.set_threshold(*usual)
    assert len(shapes) == 1
