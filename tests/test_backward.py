"""The reverse sweep: terms, fan-outs, broadcasting undone, and graphs of any length."""

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.engine.backward import sum_to_shape
from backpropviz.engine.graph import ancestors
from backpropviz.engine.tape import Tape
from backpropviz.errors import InputError
from backpropviz.show.view import view
from tests.oracle import assert_close, central

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((4, 3))
G = RANDOM.standard_normal((4, 3))


def square(x):
    y = x * x
    return y


def fan_out(x, w):
    a = x * w
    b = np.exp(a)
    c = a + 1
    out = b * c + a
    return out


def normalize(x):
    mu = np.mean(x, axis=0)
    xmu = x - mu
    out = xmu / np.sqrt(np.mean(xmu**2, axis=0) + 1e-5)
    return out


def test_a_product_with_itself_has_two_edges():
    t = bp.trace(square, x=X)
    t.backward(G)
    assert t["y"].parents == (t["x"], t["x"])
    terms = t["x"].terms
    assert [(term.consumer, term.position) for term in terms] == [(t["y"], 0), (t["y"], 1)]
    assert np.array_equal(t.grad["x"], sum(term.value for term in terms))
    assert_close(t.grad["x"], 2 * X * G, rtol=1e-15)


def test_every_consumer_leaves_a_term_and_their_sum_is_a_node():
    w = RANDOM.standard_normal((4, 3))
    t = bp.trace(fan_out, x=X, w=w)
    t.backward(G)
    terms = t["a"].terms
    assert [term.node.name for term in terms] == ["dout", "dc", "da_3"]  # a gradient that is handed on keeps its name
    assert {term.consumer.name for term in terms} == {"out", "c", "b"}
    total = t["a"].gradient
    assert total.name == "da"
    assert total.primitive.name == "add"
    assert_close(t["a"].grad, sum(term.value for term in terms), rtol=1e-15)
    assert_close(t.grad["x"], central(fan_out, [X, w], 0, G), rtol=1e-7)
    assert_close(t.grad["w"], central(fan_out, [X, w], 1, G), rtol=1e-7)
    for node in t.red.nodes:  # each hangs on the step whose backward pass made it, or is given
        assert node.primitive is None or node.step is not None or node in ancestors([t["x"].gradient, t["w"].gradient])


def test_no_gradient_before_backward_and_none_where_no_path_leads():
    def layer(x, unused, labels):
        dead = x * 3  # noqa: F841
        rounded = np.round(x)
        out = x * 2 + rounded + labels
        return out

    t = bp.trace(layer, x=X, unused=X, labels=np.arange(3))
    assert t.grad == {}
    assert t.dout is None
    assert all(node.grad is None and not node.terms for node in t.nodes)
    assert all(step.grad is None and not step.backward for step in t.steps)
    t.backward(G)
    assert set(t.grad) == {"x"}
    for name in ("unused", "labels", "dead", "rounded"):
        assert t[name].grad is None


def test_backward_twice_is_the_same_and_another_dout_replaces_it():
    t = bp.trace(normalize, x=X)
    first = t.backward(G)["x"].copy()
    graph = [(node.primitive, node.name, node.shape) for node in t.red.nodes]
    assert np.array_equal(t.backward(G)["x"], first)
    assert [(node.primitive, node.name, node.shape) for node in t.red.nodes] == graph
    assert all(len(node.terms) <= 2 for node in t.nodes)  # not those of both sweeps
    assert_close(t.backward(2 * G)["x"], 2 * first, rtol=1e-14)


def test_what_broadcasting_repeated_is_summed_by_a_node_that_shows():
    def layer(x, row, column, number, front):
        inside = x * row + number + column
        out = inside + front
        return out

    inputs = {
        "x": X, "row": RANDOM.standard_normal(3), "column": RANDOM.standard_normal((4, 1)), "number": np.array(0.7),
        "front": RANDOM.standard_normal((1, 1, 3)),
    }  # fmt: skip
    t = bp.trace(layer, **inputs)
    dout = RANDOM.standard_normal(t.output.shape)
    t.backward(dout)
    for position, (name, value) in enumerate(inputs.items()):
        assert t.grad[name].shape == value.shape
        assert_close(t.grad[name], central(layer, list(inputs.values()), position, dout), rtol=1e-7)
    summed = [node for node in t.red.nodes if node.primitive is not None and node.primitive.name == "sum"]
    assert t["row"].gradient in summed
    assert t["column"].gradient in summed
    assert t["number"].gradient in summed
    assert t["row"].gradient.kwargs == {"axis": 0}
    assert t["column"].gradient.kwargs == {"axis": 1, "keepdims": True}


@pytest.mark.parametrize(
    ("given", "shape"),
    [((4, 3), (3,)), ((4, 3), (1, 3)), ((4, 3), (4, 1)), ((4, 3), ()), ((2, 4, 3), (4, 1)), ((2, 4, 3), (1, 4, 1)),
     ((2, 1, 3), (1, 1)), ((4, 3), (4, 3)), ((), (4, 3)), ((0, 3), (1, 3)), ((0, 3), (3,)), ((3,), (4, 3))],
)  # fmt: skip
def test_sums_to_any_shape_that_broadcasts(given, shape):
    g = RANDOM.standard_normal(given)
    tape = Tape()
    summed = sum_to_shape(tape.input(g), shape)
    # the adjoint of broadcasting: <g, broadcast(v)> = <summed, v>; a gradient that is repeated is broadcast itself
    if np.broadcast_shapes(given, shape) == given:
        v = RANDOM.standard_normal(shape)
        assert np.sum(g * v) == pytest.approx(np.sum(summed.node.value * v), rel=1e-12)
    else:
        assert np.array_equal(summed.node.value, np.broadcast_to(g, shape))
    assert summed.node.value.shape == shape
    assert len(tape.nodes) <= 3


def test_a_shape_that_cannot_be_is_no_gradient():
    with pytest.raises(ValueError, match="broadcast"):
        sum_to_shape(Tape().input(np.ones((2, 3))), (3, 2))


def test_twenty_thousand_operations_in_a_row():
    def long_chain(x):
        h = x
        for i in range(10_000):
            h = h * 0.9999
            h = h + 1.0 / (i + 1)
        return h

    t = bp.trace(long_chain, x=X)
    assert len(t.nodes) > 20_000
    assert np.array_equal(t.output, long_chain(X))
    assert_close(t.backward(G)["x"], G * 0.9999**10_000, rtol=1e-11)
    assert t.steps[-1].name == "h_20001"
    t.replay(x=2 * X)
    assert np.array_equal(t.output, long_chain(2 * X))


def test_a_recurrent_loop_has_versions_and_a_gradient():
    def unroll(x, w):
        h = x[0]
        for step in x[1:]:
            h = np.tanh(h @ w + step)
        return h

    w = RANDOM.standard_normal((3, 3))
    dout = RANDOM.standard_normal(3)
    t = bp.trace(unroll, x=X, w=w)
    assert [step.name for step in t.steps] == ["h", "h_2", "h_3", "h_4"]
    t.backward(dout)
    for position, name in enumerate(("x", "w")):
        assert_close(t.grad[name], central(unroll, [X, w], position, dout), rtol=1e-7)
    assert len(t["w"].terms) == 3


def test_single_numbers():
    def logistic(x, w):
        z = x * w
        out = 1 / (1 + np.exp(-z))
        return out

    t = bp.trace(logistic, x=np.array(0.3), w=np.array(-1.2))
    t.backward()
    assert t.dout == 1.0  # a single number is taken for a loss
    p = t.output
    assert p.shape == ()
    assert t.grad["x"] == pytest.approx(-1.2 * p * (1 - p), rel=1e-14)
    assert t.grad["w"].shape == ()


def test_labels_and_masks_and_repeated_picks():
    def layer(x, y):
        rows = np.arange(len(y))
        scores = x[rows, y]
        twice = x[[0, 0, 2]]
        positive = x[x > 0]
        out = np.sum(scores) + np.sum(twice * twice) + np.sum(positive**3)
        return out

    y = np.array([2, 0, 1, 2])
    t = bp.trace(layer, x=X, y=y)
    t.backward()
    assert set(t.grad) == {"x"}
    assert_close(t.grad["x"], central(lambda x: layer(x, y), [X], 0, 1.0), rtol=1e-7)


def test_float32_in_float32_out():
    single = X.astype(np.float32)
    t = bp.trace(normalize, x=single)
    t.backward()
    assert {node.value.dtype for node in (*t.nodes, *t.red.nodes)} == {np.dtype(np.float32)}
    mixed = bp.trace(lambda x, w: x * w, x=single, w=X)
    mixed.backward(G)
    assert mixed.output.dtype == np.float64
    assert mixed.grad["x"].dtype == np.float32
    assert_close(mixed.grad["x"], (G * X).astype(np.float32), rtol=1e-7)


def test_several_outputs_each_with_its_upstream_gradient():
    def two(x):
        low = x * 2
        high = low**2
        return high, low

    t = bp.trace(two, x=X)
    t.backward(G)  # of the first output alone
    assert_close(t.grad["x"], 8 * X * G, rtol=1e-14)
    t.backward({"high": G, "low": np.ones_like(X)})
    assert_close(t.grad["x"], 8 * X * G + 2, rtol=1e-14)
    with pytest.raises(InputError, match="no output is called 'out'"):
        t.backward({"out": G})


def test_an_input_that_is_handed_back():
    def nothing(x):
        return x

    t = bp.trace(nothing, x=X)
    assert np.array_equal(t.output, X)
    assert np.array_equal(t.backward(G)["x"], G)


def test_empty_arrays():
    t = bp.trace(lambda x, b: np.sum(x * b, axis=0), x=np.ones((0, 3)), b=np.ones((1, 3)))
    t.backward(np.ones(3))
    assert t.grad["x"].shape == (0, 3)
    assert np.array_equal(t.grad["b"], np.zeros((1, 3)))


def test_the_callers_dout_is_left_alone():
    mine = G.copy()
    t = bp.trace(square, x=X)
    t.backward(mine)
    t.replay(dout=np.zeros_like(G), x=X)
    assert np.array_equal(mine, G)
    t.backward(mine)
    mine[...] = 0.0
    assert np.array_equal(t.dout, G)


def test_a_dout_of_another_shape_is_refused():
    t = bp.trace(square, x=X)
    with pytest.raises(InputError, match=r"dout has shape \(3, 4\), but y has shape \(4, 3\)"):
        t.backward(G.T)


def test_a_minus_sign_waits_until_after_the_sum():
    def centred(x, mu):
        out = x - mu
        return out

    t = bp.trace(centred, x=X, mu=X[0])
    t.backward(G)
    assert np.array_equal(t.grad["mu"], -np.sum(G, axis=0))
    assert t["mu"].gradient.primitive.name == "negative"
    assert t["mu"].gradient.parents[0].primitive.name == "sum"


def test_terms_do_not_take_the_names_of_other_gradients():
    def versions(x):
        y = x * 2
        x = x * y
        x = x + y
        return x * y

    t = bp.trace(versions, x=np.random.default_rng(0).standard_normal((2, 3)))
    t.backward()
    names = [node.name for node in t.red.nodes if node.name]
    assert not any(name.endswith("_") for name in names)
    assert {"dx_3", "dx_part1", "dx_part2", "dx", "dy_1", "dy"} <= {*names}
    shown = {flow.name for flow in view(t).backward}
    assert {"dx_part1", "dx_part2", "dx"} <= shown
    assert "dx = dx_part1 + dx_part2" in t.derive()
