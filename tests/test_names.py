"""Names of steps across calls and tuples, values held constant, and the names of the package itself."""

import numpy as np

import backpropviz as bp
from backpropviz.engine.gradient_names import GradientNames


def square(x):
    # a product with itself
    s = x * x
    return s


def calls_before_naming(x):
    first = square(x)
    s = first + x
    return s


def two_results(x):
    low = x - 1
    high = x + 1
    return low, high


def unpacks_a_call(x):
    # both neighbours
    below, above = two_results(x)
    out = below * above
    return out


def unpacks_a_split(x):
    left, right = np.split(x * 2, 2)
    out = left * right
    return out


def held(x):
    out = x * bp.stop_gradient(x)
    return out


def test_public_functions_are_not_hidden_by_modules_of_the_same_name():
    import backpropviz.engine.trace  # noqa: F401

    assert callable(bp.trace)
    assert callable(bp.gradcheck)
    assert bp.gradcheck(bp.trace("gate")).passed


X = np.array([1.5, -2.0, 0.5, 3.0])


def test_the_outermost_use_of_a_name_keeps_it():
    trace = bp.trace(calls_before_naming, x=X)
    assert [(s.label, s.name) for s in trace.steps] == [("1.1", "first"), ("2", "s")]
    np.testing.assert_array_equal(trace["s"].value, X * X + X)

    def nested(x):
        inner = calls_before_naming(x)
        s = inner + 1
        return s

    trace = bp.trace(nested, x=X)
    assert [(s.label, s.name) for s in trace.steps] == [("1.1.1", "first"), ("1.2", "inner"), ("2", "s")]
    trace.backward()
    assert trace["s"].gradient.name == "dout"
    np.testing.assert_allclose(trace.grad["x"], trace.dout * (2 * X + 1))


def test_several_results_of_a_call_go_by_the_callers_names():
    trace = bp.trace(unpacks_a_call, x=X)
    assert [(s.label, s.name) for s in trace.steps] == [("1.1", "below"), ("1.2", "above"), ("2", "out")]
    assert [(g.function, g.name, g.caption) for g in trace.groups] == [("two_results", "below", "both neighbours")]
    assert all(node.primitive is None or node.primitive.name != "identity" for node in trace.nodes)


def test_each_part_of_a_tuple_claims_its_own_operations():
    trace = bp.trace(unpacks_a_split, x=X)
    assert [[n.primitive.name for n in s.nodes] for s in trace.steps] == [["multiply", "take"], ["take"], ["multiply"]]


def test_stop_gradient_passes_the_value_and_no_gradient():
    trace = bp.trace(held, x=X)
    np.testing.assert_array_equal(trace.output, held(X))
    gradient = trace.backward(np.ones(4))["x"]
    np.testing.assert_array_equal(gradient, X)
    trace.replay(x=2 * X)
    np.testing.assert_array_equal(trace.output, 4 * X * X)
    np.testing.assert_array_equal(trace.grad["x"], 2 * X)


def test_a_part_of_two_gradients_has_a_name_among_the_red_ones_and_a_forward_part_has_none():
    def scaled(x, m):
        out = x * np.exp(m) / np.sum(np.exp(m))
        return out * np.exp(m)

    trace = bp.trace(scaled, x=np.ones((2, 3)), m=np.ones((2, 3)))
    trace.backward()
    names = GradientNames(trace)
    assert [*names.red.values()] == ["dout_inner"]
    assert {*names.shared.values()} == {"exp_1", "sum_1", "dout_inner"}
