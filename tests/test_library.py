"""Layers are found, loaded, sampled and run: the tool's own by name, a user's by file and function."""

import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from backpropviz.errors import InputError, LayerError
from backpropviz.layers.library import graphs_directory, layer_names, load, load_summaries, operations

ROOT = Path(__file__).parent.parent


@pytest.fixture
def file(tmp_path):
    """`file("mine.py", text)` writes a file and returns its path as text."""

    def write(name, text):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return str(path)

    return write


def refused(spec, error=LayerError):
    with pytest.raises(error) as caught:
        load(spec).trace()
    return str(caught.value)


def labels(trace):
    return [(step.label, step.name) for step in trace.steps]


# ---- the tool's own --------------------------------------------------------------------------------------------------


def test_own_layers_are_run_once_and_a_users_file_each_time(file, tmp_path, monkeypatch):
    text = "import numpy as np\n\ndef double(x):\n    out = {factor} * x\n    return out\n"
    path = file("double.py", text.format(factor=2))
    assert load(path).module is not load(path).module
    monkeypatch.setattr("backpropviz.layers.library.graphs_directory", lambda: tmp_path)
    first = load("double")
    assert load("double") is first
    Path(path).write_text(text.format(factor=3), encoding="utf-8")
    os.utime(path, ns=(1, 1))
    assert load("double").trace({"x": np.ones(3)}).output.tolist() == [3.0, 3.0, 3.0]


@pytest.mark.parametrize("name", layer_names())
def test_every_layer_runs_and_says_what_it_is(name):
    layer = load(name)
    trace = layer.trace()
    assert layer.name == name == trace.function.lower()  # a class is called MLP
    assert layer.summary.endswith((".", ":", ")")) or len(layer.summary) > 20
    assert layer.where.startswith(f"{name}.py:")
    assert np.isfinite(trace.output).all()
    assert trace.notes == [] or "path taken" in trace.notes[0]


@pytest.mark.parametrize("name", layer_names())
def test_samples_are_made_from_the_seed(name):
    layer = load(name)
    one, same, other = layer.arguments(seed=1), layer.arguments(seed=1), layer.arguments(seed=2)
    arrays = [key for key, value in one.items() if isinstance(value, np.ndarray) and value.dtype.kind == "f"]
    assert arrays
    for key in arrays:
        np.testing.assert_array_equal(one[key], same[key])
    assert any(not np.array_equal(one[key], other[key]) for key in arrays)


def test_summaries_need_no_run():
    entries = {entry["name"]: entry for entry in load_summaries()}
    assert list(entries) == layer_names()
    assert entries["batchnorm"]["inputs"] == "x, gamma, beta"
    code = "import sys; from backpropviz.layers.library import load_summaries as f; f(); print('conv' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT).stdout == "False\n"


def test_operations_are_listed_once_with_their_story():
    entries = operations()
    names = [entry["name"] for entry in entries]
    assert len(names) == len(set(names)) > 60
    assert {"np.add", "np.max", "im2col"} <= set(names)
    assert all(entry["summary"] and entry["inputs"] for entry in entries)


@pytest.mark.parametrize(
    ("name", "hint"), [("batchnrom", "batchnorm"), ("softmax", "softmax_loss"), ("Conv", "conv"), ("xyzzy", "list")]
)
def test_an_unknown_layer_is_answered_with_the_nearest(name, hint):
    assert f"there is no layer {name!r}" in refused(name)
    assert hint in refused(name)


@pytest.mark.parametrize("name", ["../graphs/conv", "", "graphs/conv", "conv:conv"])
def test_only_names_of_layers_are_names(name):
    assert f"there is no layer {name!r}" in refused(name)


def test_what_is_there_and_no_code_is_said_to_be_so(tmp_path):
    text = tmp_path / "README.md"
    text.write_bytes(b"words")
    assert f"{tmp_path} is a folder" in refused(str(tmp_path))
    assert f"{text} is no Python file and no notebook" in refused(str(text))


def test_a_layer_is_also_a_file():
    by_name, by_path = load("conv"), load(str(graphs_directory() / "conv.py"))
    np.testing.assert_array_equal(by_name.trace().output, by_path.trace().output)


# ---- inputs ----------------------------------------------------------------------------------------------------------


def test_given_arrays_shape_the_rest_of_the_sample():
    trace = load("affine").trace({"x": np.ones((2, 7))})
    assert trace["w"].shape == (7, 5)
    trace = load("conv").trace(shapes={"x": (1, 2, 6, 6), "w": (3, 2, 2, 2)})
    assert trace.output.shape == (1, 3, 5, 5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epz": 1.0}, "batchnorm has no input or setting 'epz' (did you mean 'eps'?)\n  It takes x, gamma, beta, eps"),
        ({"q": np.ones(3)}, "has no input or setting 'q'"),
        ({"x": np.array([["a"]])}, "x holds <U1 values, not numbers"),
        ({"x": np.array([[1.0, np.nan]])}, "x is nan at (0, 1)"),
        ({"x": np.array([[1.0, -np.inf]])}, "x is -inf at (0, 1)"),
        ({"x": np.array([[1, 2j]])}, "x holds complex128 values"),
        ({"x": np.array([[None]])}, "x holds object values"),
        (
            {"gamma": np.ones(5)},
            "gamma has shape (5,): its axis 0 is 5, but should be 3, like axis 1 of x (4, 3)\n  The line fails with ",
        ),
        ({"mode": "tset"}, "mode is 'tset'"),
    ],
)
def test_arguments_that_do_not_fit(arguments, message):
    with pytest.raises(InputError) as caught:
        load("batchnorm").trace(arguments)
    assert message in str(caught.value)


def test_a_weight_of_the_wrong_size_is_held_against_all_entries_of_a_row():
    with pytest.raises(InputError, match=r"w has shape \(7, 5\): its axis 0 is 7, but should be 6, like axes 1 to 2"):
        load("affine").trace({"w": np.ones((7, 5))})


@pytest.mark.parametrize(
    ("name", "shapes", "message"),
    [
        ("batchnorm", {"q": (3,)}, "has no input or setting 'q'"),
        ("batchnorm", {"eps": (3,)}, "eps is a setting of batchnorm, not an array\n  Give it by --set eps="),
        (
            "batchnorm",
            {"x": (8,)},
            "x has shape (8,), but batchnorm takes an x of 2 axes\n  For example, --shape x=4,3",
        ),
        ("softmax_loss", {"y": (5,)}, "y has shape (5,): its axis 0 is 5, but should be 4"),
        ("conv", {"w": (4, 3, 9, 9)}, "the filter is 9 wide, but the padded image only 5 (5 + 2 * 0)"),
        ("conv", {"w": (4, 2, 3, 3)}, "w has shape (4, 2, 3, 3): its axis 1 is 2, but should be 3, like axis 1 of x"),
        ("conv", {"x": (3, 3)}, "images of shape (N, C, H, W) are needed, not (3, 3)"),
    ],
)
def test_shapes_that_do_not_fit(name, shapes, message):
    with pytest.raises(InputError) as caught:
        load(name).trace(shapes=shapes)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stride": 0}, "the stride is 0"),
        ({"stride": (1, -1)}, "the stride is -1"),
        ({"pad": -1}, "the padding is -1"),
        ({"stride": (1, 2, 3)}, "(1, 2, 3) is no size for rows and columns"),
        ({"stride": 1.5}, "1.5 is no size for rows and columns"),
    ],
)
def test_settings_that_do_not_fit(settings, message):
    with pytest.raises(InputError) as caught:
        load("conv").trace(settings)
    assert message in str(caught.value)
    assert "conv.py:" in str(caught.value)


def test_whole_numbers_become_floats_where_a_gradient_is_wanted():
    trace = load("batchnorm").trace({"x": np.arange(12).reshape(4, 3) ** 2, "gamma": 3})
    assert trace["x"].value.dtype == float
    assert set(trace.backward()) == {"x", "gamma", "beta"}
    assert trace["gamma"].shape == ()


@pytest.mark.parametrize("sampled", [True, False], ids=["made up", "no sample"])
def test_whole_numbers_in_a_file_become_floats_with_a_note(file, sampled):
    line = "" if sampled else "    assert x.max() > 9\n"
    path = file("mine.py", f"def f(x, w):\n{line}    y = x @ w\n    return y\n")
    trace = load(path).trace({"x": np.arange(12).reshape(4, 3), "w": np.arange(6).reshape(3, 2)})
    assert set(trace.backward()) == {"x", "w"}
    notes = [note for note in trace.notes if "path taken" not in note]
    assert notes == [f"{name} holds whole numbers, taken as floats: it gets a gradient" for name in "xw"]


def test_labels_stay_whole_numbers(file):
    path = file("mine.py", "def f(x, y):\n    assert x.max() > 9\n    z = x[y]\n    return z\n")
    trace = load(path).trace({"x": np.arange(12).reshape(4, 3), "y": np.array([0, 3])})
    assert set(trace.backward()) == {"x"}
    assert trace["y"].value.dtype.kind == "i"


def test_labels_become_whole_numbers_or_are_refused():
    trace = load("softmax_loss").trace({"y": np.array([0.0, 2.0, 1.0, 1.0])})
    assert trace["y"].value.tolist() == [0, 2, 1, 1]
    with pytest.raises(InputError, match=r"y is 0.5 at \(1,\)\n  Labels are whole numbers"):
        load("softmax_loss").trace({"y": np.array([0.0, 0.5, 1.0, 1.0])})


def test_precision():
    trace = load("softmax_loss").trace(dtype="float32")
    assert trace["x"].value.dtype == np.float32
    assert trace["y"].value.dtype.kind == "i"
    assert trace.output.dtype == np.float32


def test_where_values_stop_being_finite_is_noted():
    with np.errstate(all="ignore"):
        trace = load("batchnorm").trace({"eps": -5.0})
    assert trace.notes == ["batchnorm.py:34: sqrtvar is nan at (0,), and so is what is computed from it"]


# ---- files of one's own ----------------------------------------------------------------------------------------------


def test_the_function_of_a_file(file):
    one = file("one.py", "def f(x):\n    y = x * 2\n    return y\n")
    assert load(one).name == "f"
    several = file(
        "several.py",
        """
        def several(x):
            y = helper(x)
            return y

        def helper(x):
            h = x * 2
            return h

        def other(x):
            o = x + 1
            return o
        """,
    )
    assert load(several).name == "several"  # called like the file
    assert load(f"{several}:other").name == "other"
    assert load(f"{several}:").name == "several"
    root = file("root.py", "def helper(x):\n    return x * 2\ndef top(x):\n    return helper(x) + 1\n")
    assert load(root).name == "top"  # nobody else calls it
    pair = file("pair.py", "def g_forward(x):\n    return x * 2\ndef g_backward(dout):\n    return dout * 2\n")
    assert load(pair).name == "g_forward"


def test_python_2_is_read_as_it_was_meant_and_the_notes_say_so(file):
    text = """\
    import numpy as np

    def f(x, w):
        half = x.shape[0] / 2
        out = x[:half] * (3 / 2) + w / 2
        print "shape", out.shape
        return out
    """
    trace = load(file("mine.py", text)).trace({"x": np.ones((4, 3)), "w": np.ones(3)})
    assert trace.output.tolist() == [[1.5] * 3] * 2  # 3 / 2 is 1, and w is not whole
    assert trace.steps[0].code == "x[:half] * (3 / 2) + w / 2"
    assert [note for note in trace.notes if "read as Python 2" in note]
    of_tabs = "def f(x):\n\ty = 3 / 2 * x\n        return y\n"
    assert "syntax error" in refused(file("tabs.py", of_tabs))


def test_several_functions_have_to_be_chosen_from(file):
    path = file("two.py", "def f(x):\n    return x\ndef g(x):\n    return x\n")
    assert f"two.py defines 2 functions; say which:\n  {path}:f\n  {path}:g" in refused(path)
    assert "two.py has no function 'h'\n  Functions it has: f, g." in refused(f"{path}:h")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "mine.py defines no function"),
        ("x = 1\n", "mine.py defines no function"),
        ("import numpy as np\n", "defines no function"),
        ("from numpy import sum\n", "defines no function"),
        ("class Layer:\n    def backward(self, x):\n        return x\n", "a method of Layer: `def forward(self, x)`"),
        ("def f(x):\n    return x +\n", "mine.py:2: syntax error: invalid syntax: return x +\n  Mend that line"),
        ("def f(x):\n    exec 'y = x'\n    return x\n", "It looks like Python 2"),
        ("def f(x):\n  return x\n y = 1\n", "mine.py:3: syntax error: unindent"),
        ("import no_such_module\n", "mine.py defines no function"),
        ("def f(x):\n    import no_such_module\n    return x\n", "ModuleNotFoundError: No module named 'no_such"),
        ("def f(x):\n    return x\n\n1 / 0\n", "mine.py:4: mine.py failed while it was loaded: ZeroDivisionError"),
        ("import sys\nsys.exit(3)\n", "mine.py:2: mine.py failed while it was loaded: SystemExit: 3"),
        ("def f(x):\n    y = 1\n", "f returned None, no value computed from its inputs"),
        ("def f(x):\n    return 3\n", "f returned int, no value computed from its inputs"),
        ("def f(x):\n    y = x * 2\n    raise RuntimeError('half done')\n", "half done"),
        ("import sys\ndef f(x):\n    sys.exit(3)\n", "SystemExit: 3"),
        ("def f(x):\n    return x.nosuch()\n", "no attribute 'nosuch'"),
        ("def f(x):\n    return undefined + x\n", "name 'undefined' is not defined"),
    ],
)
def test_files_that_cannot_be_shown(file, text, message):
    assert message in refused(file("mine.py", text))


def test_files_that_cannot_be_read(tmp_path):
    assert "there is no file nowhere.py" in refused("nowhere.py")
    (tmp_path / "folder.py").mkdir()
    assert "folder.py is a folder" in refused(str(tmp_path / "folder.py"))
    (tmp_path / "latin.py").write_bytes("def f(x):\n    # é\n    return x\n".encode("latin-1"))
    assert "latin.py cannot be read" in refused(str(tmp_path / "latin.py"))
    (tmp_path / "zeros.py").write_bytes(b"def f(x):\n    return x\0\n")
    assert "zeros.py" in refused(str(tmp_path / "zeros.py"))


def test_main_guards_do_not_run(file):
    path = file(
        "guarded.py", "def f(x):\n    y = x * 2\n    return y\nif __name__ == '__main__':\n    raise SystemExit\n"
    )
    assert labels(load(path).trace()) == [("1", "y")]


def test_files_beside_it_can_be_imported(file):
    file("helper_of_mine.py", "def double(x):\n    twice = x * 2\n    return twice\n")
    path = file("mine.py", "from helper_of_mine import double\n\ndef f(x):\n    y = double(x)\n    return y\n")
    before = list(sys.path)
    trace = load(path).trace()
    assert labels(trace) == [("1.1", "y")]
    assert [group.function for group in trace.groups] == ["double"]
    assert "helper_of_mine" not in sys.modules
    assert sys.path == before


def test_a_file_is_read_anew_each_time(file):
    path = file("mine.py", "def f(x):\n    y = x * 2\n    return y\n")
    first = load(path).trace()
    file("mine.py", "def f(x):\n    y = x * 30\n    z = y + 1\n    return z\n")
    second = load(path).trace()
    assert labels(first) == [("1", "y")]
    assert [step.code for step in second.steps] == ["x * 30", "y + 1"]


def test_a_bare_listing_is_a_function_of_the_names_it_does_not_make(file):
    path = file(
        "listing.py",
        """
        import numpy as np
        # the mean
        mu = np.mean(x, axis=0)
        xmu = x - mu
        parts = [xmu * k for k in range(3)]
        total = sum(parts)
        scale = lambda v: v * gamma
        out = scale(total)
        """,
    )
    layer = load(path)
    assert list(layer.parameters) == ["x", "gamma"]
    trace = layer.trace()
    assert [step.name for step in trace.steps][:2] == ["mu", "xmu"]
    assert trace.steps[0].caption == "the mean"
    np.testing.assert_allclose(trace.output, 3 * trace["xmu"].value * trace["gamma"].value)
    assert set(trace.backward()) == {"x", "gamma"}


def test_the_listings_of_a_lambda(file):
    trace = load(file("short.py", "square_it = lambda x: x * x\n")).trace()
    np.testing.assert_allclose(trace.backward()["x"], 2 * trace["x"].value * trace.dout)


def test_hand_written_vjps_are_no_layers(file):
    path = file(
        "mine.py",
        """
        import numpy as np
        import backpropviz as bp

        @bp.primitive
        def swish(x):
            return x / (1 + np.exp(-x))

        @swish.vjp
        def swish_vjp(g, out, x):
            return g * (out + (1 - out) / (1 + np.exp(-x)))

        def gated(x, w):
            a = x @ w
            return swish(a)
        """,
    )
    assert load(path).name == "gated"


def test_a_file_that_exits_is_refused(file):
    path = file("mine.py", "import sys\ndef f(x):\n    return x * 2\nsys.exit(0)\n")
    assert "mine.py:4: mine.py failed while it was loaded: SystemExit: 0" in refused(path)


@pytest.mark.parametrize("text", ["f = lambda x: x * k\nk = 3\n", "f = lambda x: (\n    x * k\n)\nk = 3\n"])
def test_a_lambda_that_reads_what_comes_later(file, text):
    trace = load(file("mine.py", text)).trace()
    np.testing.assert_allclose(trace.output, 3 * trace["x"].value)


def test_decorators_of_any_origin(file):
    file(
        "decorators_elsewhere.py",
        """
        import functools

        def timed(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return function(*args, **kwargs)
            return wrapper
        """,
    )
    for decorator in ("@functools.lru_cache", "@decorators_elsewhere.timed"):
        path = file(
            "mine.py",
            f"""
            import functools
            import decorators_elsewhere

            {decorator}
            def f(x):
                y = x * 2
                return y
            """,
        )
        assert labels(load(path).trace()) == [("1", "y")]


def test_a_decorator_in_the_file_is_part_of_it(file):
    path = file(
        "mine.py",
        """
        import functools

        def doubled(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                inside = function(*args, **kwargs)
                return inside * 2
            return wrapper

        @doubled
        def f(x, w):
            y = x * w
            return y
        """,
    )
    trace = load(f"{path}:f").trace()
    np.testing.assert_allclose(trace.output, 2 * trace["x"].value * trace["w"].value)


def test_classes_inside_a_function(file):
    path = file(
        "mine.py",
        """
        class Layer:
            def __init__(self, w):
                self.w = w

            def forward(self, x):
                return x * self.w

        def f(x, w):
            y = Layer(w).forward(x)
            return y
        """,
    )
    trace = load(path).trace()
    np.testing.assert_allclose(trace.backward()["w"], trace["x"].value * trace.dout)


def test_printing_and_random_numbers(file, capsys):
    path = file(
        "mine.py",
        """
        import numpy as np

        def f(x):
            N, D = x.shape
            noise = np.random.rand(*x.shape)
            mask = (np.random.rand(N, D) < 0.5) / 0.5
            print("shapes", x.shape, noise.mean())
            y = x * mask + noise
            return y
        """,
    )
    trace = load(path).trace()
    assert capsys.readouterr().err.count("shapes") == 1  # not once for every try at a sample
    mask = trace.backward(np.ones(trace.output.shape))["x"]
    assert set(np.unique(mask)) <= {0.0, 2.0}


def test_inputs_that_are_changed_in_place(file):
    path = file("mine.py", "import numpy as np\ndef f(x):\n    x -= np.mean(x, axis=0)\n    y = x * x\n    return y\n")
    x = np.random.default_rng(0).normal(size=(4, 3))
    before = x.copy()
    trace = load(path).trace({"x": x})
    np.testing.assert_array_equal(x, before)
    assert labels(trace) == [("1", "x_2"), ("2", "y")]


def test_a_sample_of_ones_own(file):
    path = file(
        "mine.py",
        """
        import numpy as np

        def f(x, y, *, scale=1.0):
            z = x * y * scale
            return z

        def sample(rng, *, x=(2, 5), scale=1.0):
            return {"x": rng.normal(size=x), "y": np.full(x, scale)}
        """,
    )
    layer = load(path)
    assert layer.trace()["x"].shape == (2, 5)
    assert layer.trace({"scale": 4.0}, shapes={"x": (3, 2)})["y"].value.tolist() == [[4.0, 4.0]] * 3
    assert layer.trace(shapes={"y": (5,)})["y"].shape == (5,)
    broken = file("broken.py", "def f(x):\n    return x * 2\n\ndef sample(rng):\n    return {'x': rng.nosuch()}\n")
    assert "broken.py:4: sample(rng) failed with AttributeError" in refused(broken, InputError)


def test_a_sample_for_each_function(file):
    path = file(
        "mine.py",
        """
        def f(x):
            return x * 2

        def g(x):
            return x * 3

        def sample_g(rng):
            return {"x": rng.normal(size=7)}
        """,
    )
    assert load(f"{path}:g").trace()["x"].shape == (7,)
    assert load(f"{path}:f").trace()["x"].shape != (7,)


def test_every_layer_says_its_group():
    from backpropviz.show.tables.names import GROUPS

    assert {entry["group"] for entry in load_summaries()} == set(GROUPS)


def test_no_sample_is_drawn_where_every_input_is_given():
    drawn = []

    def sample(rng, *, x=(4, 3), mode="train"):
        drawn.append(x)
        return {"x": rng.normal(size=x), "gamma": rng.normal(size=x[1]), "beta": rng.normal(size=x[1])}

    layer = replace(load("batchnorm"), module=SimpleNamespace(sample=sample))
    x, row = np.arange(10).reshape(5, 2), np.arange(2)
    for _ in range(3):
        arguments = layer.arguments(inputs={"x": x, "gamma": row, "beta": row})
    assert drawn == [(4, 3)]  # once, to learn that all are floats
    assert [value.dtype.kind for value in arguments.values()] == ["f"] * 3
    np.testing.assert_array_equal(arguments["x"], x)
    assert layer.arguments(inputs={"x": x, "gamma": row})["beta"].shape == (2,)  # one is missing
    layer.arguments(inputs={"x": x, "gamma": row, "beta": row, "mode": "train"})  # others may be needed
    assert drawn == [(4, 3), (5, 2), (5, 2)]
