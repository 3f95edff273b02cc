"""What a traced array can do, and what it refuses: with the line, what was seen, and what to write instead."""

import copy
import inspect
import math
import operator

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.errors import BackpropvizError, LayerError, TraceError

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((3, 4))
Y = RANDOM.standard_normal((3, 4))
W = RANDOM.standard_normal((4, 2))


# Each of these fails on the line that says so. First what was seen, then a part of the advice.


def to_int(x):
    y = int(np.sum(x))  # here
    return x * y


def through_math(x):
    y = math.sqrt(np.sum(x * x))  # here
    return x / y


def item(x):
    y = x.item(0)  # here
    return x * y


def to_a_list(x):
    y = x.tolist()  # here
    return x * y[0][0]


def as_a_size(x):
    y = np.zeros(np.argmax(x))  # here
    return x * y.size


def unknown_function(x):
    y = np.unwrap(x)  # here
    return y


def misspelt_neighbours(x):
    y = np.nanmedian(x, axis=0)  # here
    return y


def unknown_method(x):
    y = x.getfield(float)  # here
    return y


def parts_in_place(x):
    x.partition(1)  # here
    return x


def asymmetric(x):
    y = np.linalg.eig(x @ x.T)  # here
    return y


def ufunc_where(x):
    y = np.sqrt(x, where=x > 0)  # here
    return y


def accumulates(x):
    y = np.subtract.accumulate(x)  # here
    return y


def constant_values(x):
    y = np.pad(x, 1, constant_values=np.sum(x))  # here
    return y


REFUSED = [
    (to_int, "int() turns a traced value into a plain one", "Keep it as it is"),
    (through_math, "float() turns", "NumPy functions and operators take it directly"),
    (item, ".item() turns", "Keep it as it is"),
    (to_a_list, ".tolist() turns", "Keep it as it is"),
    (as_a_size, "use as an index or a size turns", "Keep it as it is"),
    (unknown_function, "np.unwrap has no gradient here", "np.diff"),
    (misspelt_neighbours, "np.nanmedian has no gradient here", "np.median"),
    (unknown_method, "array.getfield cannot be traced", "list --ops"),
    (parts_in_place, "array.partition changes the array where it stands", "np.partition(x, kth)"),
    (asymmetric, "np.linalg.eig has no gradient here", "np.linalg.eigh"),
    (ufunc_where, "np.sqrt with where= and no out=", "out=np.zeros_like(x)"),
    (accumulates, "np.subtract.accumulate cannot be traced", "np.cumsum"),
    (constant_values, "np.pad takes a traced value in a list or an option", "array of its own"),
]


def line_in(function, mark="# here"):
    lines, first = inspect.getsourcelines(function)
    (found,) = [first + i for i, line in enumerate(lines) if mark in line]
    return f"test_tracing.py:{found}"


@pytest.mark.parametrize(("function", "seen", "fix"), REFUSED, ids=lambda v: getattr(v, "__name__", ""))
def test_refusals_say_where_what_and_what_instead(function, seen, fix):
    with pytest.raises(TraceError) as caught:
        bp.trace(function, x=X)
    error = caught.value
    assert error.seen.startswith(seen)
    assert error.where == line_in(function)
    assert fix in (error.fix or "")
    assert str(error).startswith(f"{error.where}: {error.seen}")


# Refused when the gradient is asked for: the forward pass is fine.


def pads_by_means(x):
    y = np.pad(x, 1, mode="mean")  # here
    return y


def pads_by_a_ramp(x):
    y = np.pad(x, 1, mode="linear_ramp")  # here
    return y


@pytest.mark.parametrize(
    ("function", "seen"),
    [(pads_by_means, "np.pad with mode='mean'"), (pads_by_a_ramp, "np.pad with mode='linear_ramp'")],
)
def test_a_gradient_that_is_missing_is_refused_in_the_backward_pass(function, seen):
    t = bp.trace(function, x=X)
    assert np.array_equal(t.output, function(X))
    with pytest.raises(TraceError, match="not supported") as caught:
        t.backward()
    assert seen in caught.value.seen
    assert caught.value.where == line_in(function)


def test_a_file_that_fails_gives_its_line():
    def mismatched(x):
        y = x @ x  # here
        return y

    with pytest.raises(LayerError, match="mismatched failed with ValueError") as caught:
        bp.trace(mismatched, x=X)
    assert caught.value.where == line_in(mismatched)

    def helper(v):
        return v.undefined  # there

    def calls(x):
        y = helper(x)
        return y

    with pytest.raises(LayerError, match="no attribute 'undefined'") as caught:
        bp.trace(calls, x=X)
    assert caught.value.where == line_in(helper, "# there")

    def returns_nothing(x):
        return "done"

    with pytest.raises(LayerError, match="returned str, no value computed"):
        bp.trace(returns_nothing, x=X)


# ---- what works ------------------------------------------------------------------------------------------------------


def test_operators_on_either_side():
    for symbol in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod):
        for other in (2.0, 3, np.float64(1.5), np.abs(Y) + 1, [1.0, 2.0, 3.0, 4.0]):
            x = np.abs(X) + 0.5
            assert np.array_equal(bp.trace(lambda x: symbol(x, other), x=x).output, symbol(x, np.asarray(other)))  # noqa: B023
            assert np.array_equal(bp.trace(lambda x: symbol(other, x), x=x).output, symbol(np.asarray(other), x))  # noqa: B023
    assert np.array_equal(bp.trace(lambda x: abs(-x), x=X).output, abs(X))
    assert np.array_equal(bp.trace(lambda x: +x @ W, x=X).output, X @ W)
    assert np.array_equal(bp.trace(lambda x: W.T @ x.T, x=X).output, W.T @ X.T)


def test_operands_keep_their_order():
    t = bp.trace(lambda x, y: (x - y) / (y - x), x=X, y=Y)
    difference, other, quotient = t.nodes[2:]
    assert difference.parents == (t["x"], t["y"])
    assert other.parents == (t["y"], t["x"])
    assert quotient.parents == (difference, other)


def test_it_looks_like_an_array():
    seen = {}

    def looks(x):
        seen.update(shape=x.shape, ndim=x.ndim, size=x.size, dtype=x.dtype, length=len(x), rows=len(list(x)))
        seen["text"] = f"{np.sum(x):.3f}"
        seen["repr"], seen["str"], seen["number"] = repr(x), str(x), repr(x[0, 0])
        return x.T

    t = bp.trace(looks, x=X)
    assert seen["shape"] == (3, 4)
    assert (seen["ndim"], seen["size"], seen["length"], seen["rows"]) == (2, 12, 3, 3)
    assert seen["dtype"] == np.float64
    assert seen["text"] == f"{X.sum():.3f}"
    assert (seen["repr"], seen["str"], seen["number"]) == (repr(X), str(X), repr(X[0, 0]))
    assert np.array_equal(t.output, X.T)


def test_methods_are_the_functions():
    for call in (
        lambda x: x.mean(axis=0), lambda x: x.var(0), lambda x: x.std(), lambda x: x.max(axis=-1),
        lambda x: x.clip(0, 1),
        lambda x: x.flatten(), lambda x: x.ravel(), lambda x: x.swapaxes(0, 1), lambda x: x.transpose(1, 0),
        lambda x: x.reshape(2, -1), lambda x: x.reshape((4, 3)), lambda x: x.repeat(2, axis=0), lambda x: x.dot(W),
        lambda x: x.cumsum(axis=1), lambda x: x.prod(axis=1), lambda x: x[:, None].squeeze(), lambda x: x.copy(),
        lambda x: x.astype(np.float32), lambda x: x.mT, lambda x: x.round(1) + x, lambda x: np.add.reduce(x),
        lambda x: np.maximum.reduce(x, axis=1), lambda x: copy.deepcopy(x) * 2, lambda x: copy.copy(x) * x,
    ):  # fmt: skip
        t = bp.trace(call, x=X)
        assert np.array_equal(t.output, call(X))
        assert t.output.dtype == call(X).dtype
        assert t.backward()["x"].shape == X.shape


def test_numpys_options_for_single_numbers_hold():
    """A sum over everything is a scalar in NumPy: it is raised by the scalar's own routine, and `+=` replaces it."""

    def loss(x):
        total = np.sum(x * x)
        kept = total
        total += 1.0
        out = total**1.5 + kept**-2 + kept**0.5
        return out

    x = np.random.default_rng(5).standard_normal((7, 3))
    t = bp.trace(loss, x=x)
    assert t.output == loss(x)
    assert t["total"].value != t["total_2"].value

    def of_a_list(x):
        parts = [np.sum(x), np.mean(x)]
        parts[0] += 1.0
        out = parts[0] * parts[1]
        return out

    assert bp.trace(of_a_list, x=x).output == of_a_list(x)


def test_the_callers_arrays_are_left_alone():
    x, y = X.copy(), np.arange(3)

    def layer(x, y):
        x += 1.0
        out = x[np.arange(3), y]
        return out

    t = bp.trace(layer, x=x, y=y)
    t.backward()
    t.replay(x=np.zeros_like(x))
    assert np.array_equal(x, X)
    assert np.array_equal(t["x_2"].value, np.ones((3, 4)))


def test_a_constant_is_kept_as_it_was_when_it_was_used():
    """The function changes its own mask afterwards; the gradient is that of the mask that was multiplied with."""

    def masked_twice(x):
        mask = np.array([1.0, 0.0, 1.0, 0.0])
        first = x * mask
        mask[1] = 5.0
        mask += 1.0
        second = x * mask
        return first + second

    dout = np.random.default_rng(3).standard_normal((3, 4))
    t = bp.trace(masked_twice, x=X)
    assert np.array_equal(t.output, masked_twice(X))
    gradient = t.backward(dout)["x"]
    np.testing.assert_allclose(gradient, dout * np.array([3.0, 6.0, 3.0, 1.0]), rtol=1e-15)
    names = {name for name, _ in t.constants.values()}
    assert names == {"mask", "mask_2"}


def test_a_decision_by_values_is_noted_once_with_its_line():
    def decides(x):
        out = x
        for row in x:
            if np.sum(row) > 0:  # here
                out = out * 2
        while np.max(out) > 50:
            out = out / 2
        return out

    t = bp.trace(decides, x=X)
    assert np.array_equal(t.output, decides(X))
    assert len(t.notes) == 2
    assert t.notes[0].startswith(line_in(decides))
    assert "the path taken depends on values here" in t.notes[0]

    def compares(x):
        return x if np.allclose(x, 0) else x * 2

    assert len(bp.trace(compares, x=X).notes) == 1
    assert bp.trace(lambda x: x * (1 if x.shape[0] > 2 else 2), x=X).notes[1:] == []  # a size is no value


def test_errors_are_of_one_family():
    assert issubclass(TraceError, BackpropvizError)
    with pytest.raises(BackpropvizError):
        bp.trace(to_int, x=X)


def test_a_single_entry_as_a_number_keeps_its_gradient():
    def scaled(x):
        return x * float(np.sum(x)) + np.mean(x, keepdims=True).item()

    t = bp.trace(scaled, x=X)
    dout = np.ones_like(X)
    t.backward(dout)
    assert np.allclose(t["x"].grad, np.sum(X) + np.sum(X) * dout + 1)


# ---- operations of a file's own --------------------------------------------------------------------------------------


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@bp.primitive
def swish(x):
    """A swish lets large inputs through and damps small ones."""
    return x * sigmoid(x)


@swish.vjp
def swish_vjp(g, out, x):
    return g * (out + sigmoid(x) * (1 - out))


@bp.primitive
def scale_shift(x, gamma, beta, *, power=1):
    return x * gamma**power + beta


@scale_shift.vjp
def _(g, out, x, gamma, beta, *, power=1):
    return g * gamma**power


@scale_shift.vjp("gamma")
def _(g, out, x, gamma, beta, *, power=1):
    return g * x * power * gamma ** (power - 1)


@scale_shift.vjp("beta")
def _(g, out, x, gamma, beta, *, power=1):
    return g


def swish_norm(x, gamma, beta):
    a = swish(x)
    out = scale_shift(a, beta=beta, gamma=gamma, power=2)
    return out


INPUTS = {"x": X, "gamma": np.array([0.5, 2.0, 1.5, 0.7]), "beta": np.arange(4.0)}


def test_a_primitive_of_ones_own_is_one_node_with_its_name():
    assert np.array_equal(swish(X), X * sigmoid(X))  # on bare arrays it is the function it was
    t = bp.trace(swish_norm, **INPUTS)
    assert np.array_equal(t.output, swish_norm(**INPUTS))
    assert [step.node.primitive.name for step in t.steps] == ["swish", "scale_shift"]
    assert t["a"].primitive.story == "A swish lets large inputs through and damps small ones."
    assert t["out"].primitive.formula == "scale_shift(x, gamma, beta)"
    assert t["out"].parents == (t["a"], t["gamma"], t["beta"])
    t.backward()
    assert t.grad["gamma"].shape == (4,)  # broadcasting is undone by the engine
    assert bp.gradcheck(t).passed


def test_a_hand_written_gradient_can_be_differentiated_again():
    from tests.oracle import second_order

    random = np.random.default_rng(4)
    g, v, along = (random.standard_normal(X.shape) for _ in range(3))
    _, (swept, _) = second_order(swish, [X], g, [v])
    ahead, behind = (second_order(swish, [X + h * along], g, [v])[0] for h in (1e-6, -1e-6))
    assert np.sum(swept * along) == pytest.approx((ahead - behind) / 2e-6, rel=1e-7)


def test_a_hand_written_gradient_that_is_wrong_is_caught():
    @bp.primitive
    def cube(x):
        return x**3

    @cube.vjp
    def cube_vjp(g, out, x):
        return g * (3 * x**2) * 1.001

    def layer(x):
        out = cube(x) + x
        return out

    t = bp.trace(layer, x=X)
    t.backward()
    report = bp.gradcheck(t)
    assert not report.passed
    assert not next(check for check in report.checks if check.name == "x").passed


def test_mistakes_in_a_hand_written_gradient_say_where():
    @bp.primitive
    def half(x, y):
        return x / 2 + y

    def layer(x, y):
        out = half(x, y)  # here
        return out

    def complaint():
        with pytest.raises(TraceError) as caught:
            bp.trace(layer, x=X, y=Y).backward()
        return caught.value

    error = complaint()
    assert error.seen == "half has no VJP for x"
    assert error.where == line_in(layer)
    assert '@half.vjp("x")' in error.fix

    @half.vjp
    def transposed(g, out, x, y):
        return g.T / 2

    @half.vjp("y")
    def right(g, out, x, y):
        return g

    error = complaint()
    assert error.seen == "the VJP of half for x returned shape (4, 3), but x has shape (3, 4)"
    assert error.where.startswith("test_tracing.py:")

    @half.vjp
    def returns_nothing(g, out, x, y):
        g / 2

    assert complaint().seen.startswith("the VJP of half for x returned nothing")

    @half.vjp
    def fails(g, out, x, y):
        return g @ W @ W  # there

    error = complaint()
    assert error.seen.startswith("the VJP of half for x failed with ValueError")
    assert error.where == line_in(fails, "# there")

    @half.vjp
    def constant(g, out, x, y):
        return 0.5

    t = bp.trace(layer, x=X, y=Y)
    assert np.array_equal(t.backward()["x"], np.full(X.shape, 0.5))

    with pytest.raises(TraceError, match="half has no operand 'z'"):
        half.vjp("z")(constant)


def test_a_primitive_may_not_change_what_it_is_given():
    @bp.primitive
    def greedy(x):
        x *= 2  # there
        return x

    mine = X.copy()
    assert np.array_equal(greedy(mine), 2 * X)  # on bare arrays it is the function it is
    with pytest.raises(LayerError, match="read-only") as caught:
        bp.trace(lambda x: greedy(x), x=X)
    assert caught.value.where == line_in(greedy, "# there")


def test_a_primitive_whose_result_is_read_only_can_be_replayed():
    @bp.primitive
    def total_everywhere(x):
        return np.broadcast_to(np.sum(x), (5,))

    t = bp.trace(lambda x: total_everywhere(x), x=X)
    t.replay(x=2 * X)
    assert np.array_equal(t.output, np.full(5, np.sum(2 * X)))


def test_a_primitive_returns_one_array():
    @bp.primitive
    def pair(x):
        return x, x

    with pytest.raises(TraceError, match="pair gives several arrays"):
        bp.trace(lambda x: pair(x), x=X)


@pytest.mark.parametrize("x", [3, 3.0, np.int64(3), np.array(3), [3, 4], np.array([3, 4])])
def test_numbers_of_python_get_a_gradient_and_whole_ones_a_note(x):
    def square(x, n=2):
        return x**n

    trace = bp.trace(square, x=x)
    trace.backward()
    np.testing.assert_allclose(trace.grad["x"], 2.0 * np.asarray(x) * trace.upstream[trace.outputs[0]].value)
    notes = ["x holds whole numbers, taken as floats: it gets a gradient"]
    assert trace.notes == ([] if isinstance(x, float) else notes)


def test_labels_stay_whole():
    def picked(x, y):
        return np.sum(x[np.arange(3), y] ** 2)

    x, y = np.arange(12).reshape(3, 4), np.array([1, 2, 0])
    trace = bp.trace(picked, x=x, y=y)
    trace.backward()
    assert list(trace.grad) == ["x"]
    assert trace.inputs["y"].value.dtype.kind == "i"


def test_an_array_made_of_one_traced_number_has_no_axes():
    def layer(x):
        out = np.array(np.sum(x))
        return out

    assert bp.trace(layer, x=np.ones((2, 3)), verify=False).output.shape == ()
