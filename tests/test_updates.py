"""Updates of dictionaries and lists of parameters: what they hold are the outputs, and samples fit each other."""

import textwrap

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.code.printing import Printer
from backpropviz.layers.library import load
from backpropviz.show.carried import carried
from backpropviz.study.gradcheck import gradcheck

UPDATES = {
    "new": """
        def step(params, grads, lr=0.1):
            new = {}
            for k in params:
                new[k] = params[k] - lr * grads[k]
            return new
        """,
    "in_place": """
        def step(params, grads, velocity, *, lr=0.1, rho=0.9):
            for k, g in grads.items():
                velocity[k] = rho * velocity[k] - lr * g
                params[k] += velocity[k]
        """,
    "adam": """
        def step(params, grads, m, v, t, beta1=0.9, beta2=0.999, eps=1e-8):
            for key in sorted(params):
                m[key] = beta1 * m[key] + (1 - beta1) * grads[key]
                v[key] = beta2 * v[key] + (1 - beta2) * grads[key] ** 2
                params[key] = params[key] - m[key] / (1 - beta1**t) / (np.sqrt(v[key] / (1 - beta2**t)) + eps)
            return params, m, v
        """,
    "lists": """
        def step(params, grads, lr=0.1):
            return [p - lr * g for p, g in zip(params, grads)]
        """,
}


def traced(tmp_path, text):
    file = tmp_path / "update.py"
    file.write_text("import numpy as np\n" + textwrap.dedent(text), encoding="utf-8")
    return load(f"{file}:step").trace()


@pytest.mark.parametrize("name", UPDATES)
def test_every_array_is_an_output_and_gets_a_gradient(name, tmp_path):
    trace = traced(tmp_path, UPDATES[name])
    trace.backward()
    assert len(trace.outputs) == len(trace.upstream) > 1
    assert trace.grad.keys() == trace.inputs.keys()
    assert gradcheck(trace).passed


def test_gradients_have_the_shapes_of_their_parameters(tmp_path):
    trace = traced(tmp_path, UPDATES["adam"])
    shapes = {name: node.shape for name, node in trace.inputs.items()}
    assert {name.partition("_")[0] for name in shapes} == {"params", "grads", "m", "v"}
    assert all(shape == shapes["params_" + name.partition("_")[2]] for name, shape in shapes.items())
    assert all(np.isfinite(node.value).all() for node in trace.outputs)


def test_a_value_put_under_a_key_is_a_new_one_of_what_was_there(tmp_path):
    trace = traced(tmp_path, UPDATES["in_place"])
    assert {"velocity_W1_2", "params_W1_2"} <= {node.name for node in trace.outputs}


def test_a_loss_beside_a_dictionary_is_the_only_output():
    def loss(x, w):
        scores = x @ w
        return np.sum(scores * scores), {"w": scores.T @ x}

    assert len(bp.trace(loss, x=np.ones((3, 2)), w=np.ones((2, 4))).outputs) == 1


def test_no_round_hands_its_entry_to_another(tmp_path):
    trace = traced(tmp_path, UPDATES["in_place"])
    trace.backward()
    (loop,) = trace.loops
    assert not list(carried(trace, loop.rounds[0], Printer(trace)))
