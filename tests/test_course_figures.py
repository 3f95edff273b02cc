"""Other courses' conventions: a sample of what `python tests/course_figures.py` measures in full."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from backpropviz.diagnose import diagnose

sys.path.insert(0, str(Path(__file__).parent))
from course_figures import FEW, FOLDER, LISTED, SLIPS, is_named, right_pairs, row, slipped, table, text_of, written


def test_every_convention_has_its_right_pairs_and_its_slips():
    assert {path.stem for path in FOLDER.glob("*.py")} == {
        *SLIPS,
        "slips",
        "more_slips",
        "further_slips",
        "later_slips",
    }
    for name, slips in SLIPS.items():
        assert len(slips) >= 2, name
        for after, right, wrong in slips:
            text, line = slipped(text_of(name), after, right, wrong)
            ast.parse(text)
            was, its = (of.splitlines()[line - 1].partition("#")[0].split() for of in (text_of(name), text))
            assert was != its


MANUAL = Path(__file__).parents[1] / "backpropviz" / "manual" / "teachers.md"


def test_the_table_of_the_manual_has_a_row_for_each_protocol():
    text = MANUAL.read_text(encoding="utf-8")
    head = "\n".join(table([]))
    rows = text.partition(head)[2].strip().partition("\n\n")[0].splitlines()
    assert len(rows) == len(LISTED)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.rest] * (n != "local_derivatives")) for n in LISTED]
)
@pytest.mark.whole
def test_a_row_of_the_manual_is_what_comes_out(name):
    its, said = row(name, FEW)
    assert written(its) in MANUAL.read_text(encoding="utf-8"), said


RIGHT = ["contexts", "input_again_and_steps", "scalar_engines", "local_derivatives"]
RIGHT += ["functions_with_ctx", "losses_and_their_slopes", "gradients_on_modules", "tensor_functions"]
RIGHT += ["boxes_and_base_classes"]


def test_words_are_looked_up_by_number_and_one_vector_holds_all_parameters():
    right, pairs, report = right_pairs("word_vectors")
    assert right == pairs == 5, [f"{f.name}: {f.status} {f.reason}" for f in report.functions]


def test_what_layers_of_a_network_learn_is_looked_at_in_the_network():
    """Of layers in a list, those handed to the constructor as well as those that it makes."""
    for name, looked_at in (
        ("networks_of_modules", ("out", "dW0_1", "dW1", "dW0_2", "dW2")),
        ("networks_of_images", ("out", "dx", "dW1", "db1", "dW2", "db2", "dW3", "db3")),
    ):
        _, _, report = right_pairs(name)
        assert {f.status for f in report.functions} == {"right"}
        assert report.functions[-1].looked_at == looked_at


@pytest.mark.rest
def test_the_parts_of_a_joined_gradient_are_told_apart(tmp_path):
    text = text_of("word_vectors")
    right, wrong = "gradb1 = np.sum(d1, axis=0)", "gradb1 = np.sum(dh, axis=0)"
    assert right in text
    path = tmp_path / "joined.py"
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    first = diagnose(path).first
    assert first is not None
    assert first.proved
    assert first.statement == wrong


NEW = ["contexts_of_their_own", "costs_with_strengths", "rows_and_columns_of_biases", "parameters_in_a_list"]
NEW += ["costs_and_gradients_of_linear_models", "a_forward_pass_handed_over", "steps_through_layers"]
NEW += ["thetas_in_one_vector", "steps_of_an_online_course", "shapes_of_their_own"]
NEW += ["strengths_in_gradients", "networks_of_lists_and_tops", "hooks_of_modules"]
NEW += ["engines_that_name_their_steps", "losses_between", "networks_of_a_kernel", "networks_step_by_step"]
NEW += ["windows_of_one_axis", "steps_of_sequences", "graphs_of_nodes", "gates_with_gradients"]
NEW += ["modules_of_starred_arguments", "activations_and_optimizers_handed_over", "losses_of_optional_targets"]
NEW += ["windows", "parts_named_by_words", "contexts_of_numbers"]


@pytest.mark.costly
@pytest.mark.parametrize("name", NEW)
def test_a_file_of_another_form_is_right_in_all_that_it_has(name):
    right, pairs, report = right_pairs(name)
    assert right == pairs >= 1, [f"{f.name}: {f.status} {f.reason}" for f in report.functions]


@pytest.mark.costly
@pytest.mark.parametrize("name", RIGHT)
def test_right_pairs_are_right(name):
    right, pairs, report = right_pairs(name)
    assert right == pairs >= 6, [f"{f.name}: {f.status} {f.reason}" for f in report.functions]


@pytest.mark.costly
@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("input_again_and_steps", 3),
        ("scalar_engines", 1),
        ("losses_and_their_slopes", 1),
        ("functions_with_ctx", 4),
        ("gradients_on_modules", 3),
        ("boxes_and_base_classes", 2),
        ("layers_built_late", 1),
        ("word_vectors", 1),
        ("networks_of_modules", 6),
        ("networks_of_images", 3),
        ("steps_of_an_online_course", 1),
        ("shapes_of_their_own", 0),
        ("losses_between", 3),
        ("networks_step_by_step", 3),
        ("windows_of_one_axis", 0),
        ("windows_of_one_axis", 2),
        ("steps_of_sequences", 0),
        ("graphs_of_nodes", 0),
        ("gates_with_gradients", 0),
        ("modules_of_starred_arguments", 1),
        ("activations_and_optimizers_handed_over", 0),
        ("losses_of_optional_targets", 0),
        ("parts_named_by_words", 1),
        ("parts_named_by_words", 2),
        ("contexts_of_numbers", 0),
    ],
)
def test_a_slip_is_named(name, number):
    assert not is_named(name, *SLIPS[name][number])


def test_steps_of_one_are_not_the_only_ones(tmp_path):
    """`hparameters["stride"]` was 1 in all that was tried: a window that does not move by it was called right."""
    text = text_of("channels_last")
    found = [
        its
        for its in ast.parse(text).body
        if getattr(its, "name", "") in ("zero_pad", "conv_single_step", "conv_forward")
    ]
    backward = next(ast.unparse(its) for its in ast.parse(text).body if getattr(its, "name", "") == "conv_backward")
    assert "horiz_start = w * stride" in backward
    path = tmp_path / "steps.py"
    for wrong in (False, True):
        its = backward.replace("horiz_start = w * stride", "horiz_start = w") if wrong else backward
        path.write_text("\n".join(["import numpy as np", *map(ast.unparse, found), its]), encoding="utf-8")
        (function,) = diagnose(path).functions
        assert (function.status == "wrong") is wrong


TANH = """import numpy as np
def tanh(x):
    return np.tanh(x)
def tanh_prime(x):
    y = tanh(x)
    return 1 - x**2
"""
COMBINED = """import numpy as np
class Linear:
    @staticmethod
    def forward(x, w, b):
        return x @ w + b, (x, w, b)
    @staticmethod
    def backward(dout, cache):
        x, w, b = cache
        return dout @ w.T, x.T @ dout, dout.sum(axis=0)
class ReLU:
    @staticmethod
    def forward(x):
        return np.maximum(0, x), x
    @staticmethod
    def backward(dout, x):
        dx = dout.copy()
        dx[x <= 0] = 0
        return dx
class Linear_ReLU:
    @staticmethod
    def forward(x, w, b):
        a, fc_cache = Linear.forward(x, w, b)
        out, relu_cache = ReLU.forward(a)
        return out, (fc_cache, relu_cache)
    @staticmethod
    def backward(dout, cache):
        fc_cache, relu_cache = cache
        da = ReLU.backward(dout, fc_cache[0])
        return Linear.backward(da, fc_cache)
"""


COLUMNS = """import numpy as np
def forward_propagation(X, parameters):
    A1 = np.tanh(parameters["W1"] @ X + parameters["b1"])
    A2 = 1 / (1 + np.exp(-(parameters["W2"] @ A1 + parameters["b2"])))
    return A2, {"A1": A1, "A2": A2}
def compute_cost(A2, Y):
    return -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / Y.shape[1]
def backward_propagation(parameters, cache, X, Y):
    m, A1 = X.shape[1], cache["A1"]
    dZ2 = cache["A2"] - Y
    dW2 = dZ2 @ A1.T / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = parameters["W2"].T @ dZ2
    dW1 = dZ1 @ X.T / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""


@pytest.mark.parametrize(("text", "line"), [(TANH, 6), (COMBINED, 28), (COLUMNS, 13)])
def test_a_layer_that_is_right_is_not_blamed_and_a_slope_takes_what_it_computes_from(tmp_path, text, line):
    """`tanh_prime(x)` that calls tanh(x) was right for `1 - x**2`, as if x were what tanh gave; what failed in a layer
    that is right was blamed on it, and what right gradients rest on for others that are wrong.
    """
    path = tmp_path / "its.py"
    path.write_text(text, encoding="utf-8")
    first = diagnose(path).first
    assert first is not None
    assert first.line == line


def test_a_derivative_that_is_called_as_a_pair_would_be_is_right(tmp_path):
    """The judge takes its call for that of the function of this name, which is none of a known layer."""
    path = tmp_path / "slopes.py"
    path.write_text(
        "import numpy as np\ndef sigmoid(z):\n    return 1 / (1 + np.exp(-z))\n"
        "def sigmoid_prime(z):\n    return sigmoid(z) * (1 - sigmoid(z))\n",
        encoding="utf-8",
    )
    (function,) = diagnose(path).functions
    assert (function.name, function.status) == ("sigmoid_prime", "right"), function.reason


def test_a_known_name_with_another_convention_is_right(tmp_path):
    """Examples in columns: what the judge calls is put around a function that has a known layer's name."""
    text = text_of("dictionaries_of_parameters")
    names = ("linear_forward", "linear_backward")
    found = [node for node in ast.parse(text).body if getattr(node, "name", "") in names]
    assert len(found) == 2
    path = tmp_path / "columns.py"
    path.write_text("import numpy as np\n" + "\n".join(map(ast.unparse, found)), encoding="utf-8")
    (function,) = diagnose(path).functions
    assert (function.name, function.status) == ("linear_backward", "right"), function.reason


def test_one_gradient_of_several_that_is_a_multiple_is_no_convention(tmp_path):
    """A mean for a sum in a class that is called like a known layer: it was not examined, as if it meant another."""
    path = tmp_path / "scaled.py"
    path.write_text(
        "import numpy as np\nclass LayerNorm:\n    def forward(self, x, gamma, beta):\n"
        "        self.h = x / np.sqrt(np.mean(x**2, axis=1, keepdims=True))\n        self.x, self.gamma = x, gamma\n"
        "        return gamma * self.h + beta\n    def backward(self, dout):\n        g = dout * self.gamma\n"
        "        r = np.sqrt(np.mean(self.x**2, axis=1, keepdims=True))\n"
        "        dx = (g - self.h * np.mean(g * self.h, axis=1, keepdims=True)) / r\n"
        "        dgamma = np.mean(dout * self.h, axis=0)\n        dbeta = np.sum(dout, axis=0)\n"
        "        return dx, dgamma, dbeta\n",
        encoding="utf-8",
    )
    first = diagnose(path).first
    assert first is not None
    assert first.statement.startswith("dgamma = np.mean")


def test_calls_that_do_not_fit_are_told_and_nobody_is_blamed(tmp_path):
    path = tmp_path / "odd.py"
    path.write_text(
        "import numpy as np\ndef odd_forward(x):\n    return np.tanh(x)\n"
        "def odd_backward(table, key):\n    return table[key]\n",
        encoding="utf-8",
    )
    (function,) = diagnose(path).functions
    assert function.status == "not examined"
    assert "tried: odd_backward(" in function.reason


def test_the_gradient_of_a_bias_that_is_one_number_is_no_convention(tmp_path):
    """A bias of five units runs forward as a number, too: the wrong name in its gradient was called right."""
    text = text_of("networks_of_a_kernel")
    right, wrong = "db1 = 1 / m * np.sum(dZ1, axis=1, keepdims=True)", "db1 = 1 / m * np.sum(dZ1, keepdims=True)"
    assert right in text
    path = tmp_path / "number.py"
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    first = diagnose(path, functions=["backward_prop"]).first
    assert first is not None
    assert first.statement == wrong


def test_what_the_top_level_lacks_is_a_note(tmp_path):
    path = tmp_path / "notes.py"
    path.write_text(
        "import numpy as np\nget_ipython().magic('x')\ndata = np.load('data.npz')\nprint(data['x'])\n"
        "def relu(x):\n    return np.maximum(0, x)\ndef relu_grad(x):\n    return (x > 0) * 1.0\n"
        "for i in range(1000000):\n    pass\n",
        encoding="utf-8",
    )
    report = diagnose(path)
    assert (report.findings, report.status) == ((), "right")
    assert any("only the definitions count" in note for note in report.notes)


@pytest.mark.parametrize(
    ("line", "said"), [("input * (input > 0)", "method clone"), ("input.clamp(min=0)", "clamp of")]
)
def test_methods_that_only_tensors_have_are_nobodys_fault(tmp_path, line, said):
    path = tmp_path / "tensors.py"
    path.write_text(
        "import torch\nclass ReLU(torch.autograd.Function):\n"
        "    @staticmethod\n    def forward(ctx, input):\n"
        f"        ctx.save_for_backward(input)\n        return {line}\n"
        "    @staticmethod\n    def backward(ctx, grad_output):\n"
        "        (input,) = ctx.saved_tensors\n        grad = grad_output.clone()\n"
        "        grad[input < 0] = 0\n        return grad\n",
        encoding="utf-8",
    )
    (function,) = diagnose(path).functions
    assert function.status == "not examined"
    assert said in function.reason
    assert "torch" in function.reason
