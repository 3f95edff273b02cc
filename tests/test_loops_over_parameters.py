"""Loops over dictionaries and lists of parameters stay loops in derived code, with gradients in their likes."""

import inspect

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.code.derive import derive, written
from backpropviz.code.pairs import looped, pair
from backpropviz.code.shelves import by_input, by_output, given
from backpropviz.draw.wiring import read_circuit
from tests.loops import updates


def traced(function, inputs, seed):
    trace = bp.trace(function, **inputs)
    random = np.random.default_rng(seed)
    trace.backward({node.name: random.normal(size=node.shape) for node in trace.outputs})
    return trace


@pytest.mark.parametrize("function", updates.CASES, ids=lambda function: function.__name__)
def test_loops_over_parameters_are_kept_and_right_for_others(function):
    first, *others = updates.CASES[function]
    code = written(traced(function, first, 1))
    assert not code.unrolled
    assert not code.remarks
    assert not code.constants
    assert set(code.parameters) <= {*inspect.signature(function).parameters}
    scope = {}
    exec(str(code), scope)
    for seed, inputs in enumerate((first, *others)):
        at = traced(function, inputs, seed)
        found = by_input(at, code, scope[code.name](*given(at, code)))
        assert found.keys() == at.grad.keys()
        for name, grad in at.grad.items():
            np.testing.assert_allclose(found[name], grad, rtol=1e-12, atol=1e-12 * max(1, np.abs(grad).max()))


@pytest.mark.parametrize("function", updates.CASES, ids=lambda function: function.__name__)
def test_pairs_keep_them_and_hand_back_what_the_function_does(function):
    first, *others = updates.CASES[function]
    trace = traced(function, first, 1)
    code, text = looped(trace), pair(trace)
    assert code is not None
    assert not code.unrolled
    scope = {}
    exec(text, scope)
    for seed, inputs in enumerate((first, *others)):
        at = traced(function, inputs, seed)
        arguments = given(at, code)
        upstream, given_inputs = arguments[: len(code.upstream)], arguments[len(code.upstream) :]
        *returned, cache = scope[f"{function.__name__}_forward"](*given_inputs)
        for array, node in zip(by_output(at, code, returned), at.outputs, strict=True):
            np.testing.assert_allclose(array, node.value, rtol=1e-12, atol=1e-12)
        found = by_input(at, code, scope[f"{function.__name__}_backward"](*upstream, cache))
        for name, grad in at.grad.items():
            np.testing.assert_allclose(found[name], grad, rtol=1e-12, atol=1e-12 * max(1, np.abs(grad).max()))


def test_an_update_is_the_textbooks():
    code = derive(traced(updates.momentum, updates.CASES[updates.momentum][0], 1))
    assert code.endswith("""
def momentum_backward(dnew_params, dnew_velocity, params, grads, velocity, *, lr=0.1, rho=0.9):
    dparams = {}
    dgrads = {}
    dvelocity = {}
    for k in params:
        # params[k] += velocity[k]
        dparams[k] = dnew_params[k]
        # velocity[k] = rho * velocity[k] - lr * grads[k]
        dvelocity_k = dnew_velocity[k] + dnew_params[k]
        dgrads[k] = -dvelocity_k * lr
        dvelocity[k] = dvelocity_k * rho

    return dparams, dgrads, dvelocity
""")


def test_a_list_that_is_returned_is_filled_in_order():
    text = pair(traced(updates.list_update, updates.CASES[updates.list_update][0], 1))
    assert (
        "for i, (p, g) in enumerate(zip(params, grads)):\n        out = p - lr * g\n        out_2.append(out)" in text
    )


def test_layers_go_back_from_the_last():
    code = derive(traced(updates.layers_zipped, updates.CASES[updates.layers_zipped][0], 1))
    assert "for i, (W, b) in reversed(list(enumerate(zip(Ws, bs)))):" in code
    assert "dWs[i] = h_last.T @ dh_inner" in code
    assert "dh = dh_inner @ W.T" in code


def test_entries_read_by_two_loops_are_added_up():
    def tied(x, Ws):
        h = x
        for W in Ws:
            h = np.tanh(h @ W)
        for W in Ws:
            h = np.tanh(h @ W)
        return h

    trace = traced(tied, {"x": np.ones((2, 3)), "Ws": [*np.random.default_rng(0).normal(size=(3, 3, 3))]}, 1)
    code = written(trace)
    scope = {}
    exec(str(code), scope)
    found = by_input(trace, code, scope[code.name](*given(trace, code), *code.constants.values()))
    for name, grad in trace.grad.items():
        np.testing.assert_allclose(found[name], grad, rtol=1e-12, atol=1e-12)


def test_parameters_at_twice_the_counter_are_read_round_by_round():
    def every_second(x, Ws):
        for k in range(3):
            x = np.tanh(x @ Ws[2 * k])
        return x

    Ws = {2 * k: np.random.default_rng(k).normal(size=(3, 3)) for k in range(3)}
    trace = traced(every_second, {"x": np.ones((2, 3)), "Ws": Ws}, 1)
    code = written(trace)
    scope = {}
    exec(str(code), scope)
    found = by_input(trace, code, scope[code.name](*given(trace, code), *code.constants.values()))
    for name, grad in trace.grad.items():
        np.testing.assert_allclose(found[name], grad, rtol=1e-12, atol=1e-12)


def test_a_square_written_as_a_product_is_two_times_its_factor():
    code = derive(traced(updates.layers_of_pairs, updates.CASES[updates.layers_of_pairs][0], 1))
    assert "    da = 2 * dout * a\n" in code
    code = derive(traced(updates.penalty, updates.CASES[updates.penalty][0], 1))
    assert code.count("dparams[k] ") == 1


def drawn(function):
    """The vertices and the red formulas of its picture."""
    circuit = read_circuit(traced(function, updates.CASES[function][0], 1))
    return circuit, {vertex.name: vertex for vertex in circuit.vertices}


def test_an_update_is_drawn_once_and_not_for_every_array():
    circuit, found = drawn(updates.momentum)
    assert [*found][:5] == ["params[k]", "grads[k]", "velocity[k]", "velocity_k", "params_k"]
    assert [box.title for box in found["params_k"].boxes] == ["for k in params: 3 rounds, shown: k = b1"]
    red = {(edge.tail.name, edge.head.name): edge.formula for edge in circuit.backward}
    assert red["velocity_k", "grads[k]"] == "-dvelocity_k * lr"
    assert found["velocity_k"].gradient == "dvelocity_k = dnew_velocity[k] + dnew_params[k]"
    assert [vertex.kind for vertex in circuit.vertices].count("outside") == 2  # params and velocity, not six arrays


def test_layers_that_hand_on_are_drawn_once_with_what_they_hand_back():
    _, found = drawn(updates.layers_zipped)
    assert [*found] == ["x", "W", "b", "h", "h_4"]
    assert [box.handed_on for box in found["h"].boxes] == [("h",)]
    assert found["h"].inner == ("dh = dh * (1 - h**2) @ W.T",)
