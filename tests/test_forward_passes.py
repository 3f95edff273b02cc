"""Forward passes in the manners of other courses: every view reads them, and parameters have gradients by name."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from backpropviz.cli import app
from backpropviz.layers.library import load
from tests.derived import assert_function_holds, assert_pair_holds, upstream

FOLDER = Path(__file__).parent / "forward_passes"
CELL = ["Wax", "Waa", "Wya", "ba", "by"]
GATES = ["Wf", "bf", "Wi", "bi", "Wc", "bc", "Wo", "bo"]
MANNERS = {
    "two_layers_of_a_dictionary:forward_propagation": ["X", "W1", "b1", "W2", "b2"],
    "layers_by_number:linear_forward": ["A", "W", "b"],
    "layers_by_number:linear_activation_forward": ["A_prev", "W", "b"],
    "layers_by_number:L_model_forward": ["X", "W1", "b1", "W2", "b2"],
    "two_layers_of_a_dictionary:forward_prop": ["W1", "b1", "W2", "b2", "X"],
    "kept_on_a_context:Exp.forward": ["a"],
    "kept_on_a_context:Scale.forward": ["x", "w"],
    "cells:rnn": ["inputs", "state_0", *(f"params_{i}" for i in range(5))],
    "cells:lstm": ["inputs", "state_0", "state_1", *(f"params_{i}" for i in range(12))],
    "windows_of_images:conv_single_step": ["a_slice", "W", "b"],
    "windows_of_images:conv_forward": ["A_prev", "W", "b"],
    "windows_of_images:pool_forward": ["A_prev"],
    "cells:rnn_cell_forward": ["xt", "a_prev", *CELL],
    "cells:rnn_forward": ["x", "a0", "Wya", "Wax", "Waa", "ba", "by"],
    "cells:lstm_cell_forward": ["xt", "a_prev", "c_prev", *GATES],
    "boxes:Affine": ["x", "W", "b"],
    "boxes:SoftmaxWithLoss": ["x", "t"],
    "results_in_attributes:Layer_Dense": ["inputs", "weights", "biases"],
    "results_in_attributes:Activation_Softmax": ["inputs"],
    "costs:forward_propagation_with_dropout": ["X", "W1", "b1", "W2", "b2"],
    "costs:compute_cost_with_regularization": ["A2", "Y", "W1", "W2"],
    "costs:propagate": ["w", "b", "X", "Y"],
    "costs:nn_cost": ["nn_params", "X", "y"],
    "params_of_an_object:TwoLayerNet": ["X", "W1", "b1", "W2", "b2"],
    "dictionaries_in_dictionaries:forward": ["x", "l1_W", "l1_b", "l2_W", "l2_b"],
}
"""What is learned, and what it is learned from, by name; lists of weights and biases are named by their places."""


@pytest.mark.parametrize("name", MANNERS)
def test_derived_code_has_a_gradient_by_name(name):
    file, _, function = name.partition(":")
    trace = upstream(load(f"{FOLDER / file}.py:{function}").trace(seed=1))
    assert [*trace.inputs] == MANNERS[name]
    assert_function_holds(trace)
    assert_pair_holds(trace)


def test_of_nothing_but_arrays_the_last_is_the_result():
    """`return Z1, A1, Z2, A2`: with the gradient of Z1 alone, the second layer would have none."""
    trace = load(f"{FOLDER / 'two_layers_of_a_dictionary'}.py:forward_prop").trace(seed=1)
    trace.backward()
    assert [node.name for node in trace.upstream] == ["A2"]
    assert {*trace.grad} == {*trace.inputs}


WINDOWS = f"{FOLDER / 'windows_of_images.py'}:conv_forward"
CELLS = f"{FOLDER / 'cells.py'}:rnn_cell_forward"


def told(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_parameter_of_a_call_named_like_an_input_leaves_loops_as_loops():
    """`step(patch, W[:, :, :, c])` of `def step(a, W)` makes a W of its own; the input is at hand."""
    code = told("derive", WINDOWS)
    assert "for c in range(n_C):" in code
    assert "dW[:, :, :, c] += dW_2" in code


@pytest.mark.parametrize(("target", "gradient"), [(WINDOWS, "dA_prev"), (CELLS, "dWax")])
def test_pictures_and_worksheets_are_made_of_them(target, gradient, tmp_path):
    picture, sheet = tmp_path / "a.svg", tmp_path / "sheet.py"
    told("export", target, "-o", picture)
    told("exercise", target, "-o", sheet)
    assert gradient in picture.read_text(encoding="utf-8")
    assert gradient in sheet.read_text(encoding="utf-8")
