"""The page of calculus, operation by operation, against bare NumPy and against numerical derivatives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpropviz as bp
from backpropviz.errors import TraceError
from backpropviz.primitives import PRIMITIVES
from backpropviz.primitives.composites import COMPOSITES, LOOKS
from tests.cases import ANALYTIC, FLAT, TABLE
from tests.oracle import assert_close, central, complex_step, gradients, second_order, trace

OPERATIONS = [key for key in (*PRIMITIVES, *COMPOSITES) if not hasattr(key, "vjp")]
SMOOTH = [key for key in OPERATIONS if key not in FLAT]


def name(key):
    return f"{getattr(key, '__module__', None) or 'numpy'}.{key.__name__}".replace("numpy", "np", 1)


def upstream_for(case, seed=1):
    """A random upstream gradient of the result's shape: one of ones would hide mistakes."""
    out = np.asarray(case.call(*case.arrays))
    return np.random.default_rng(seed).standard_normal(out.shape)


def examples(count):
    return settings(max_examples=count, deadline=None, derandomize=True, database=None)


def test_every_operation_has_a_case():
    assert set(TABLE) == set(OPERATIONS)
    assert set(TABLE) >= FLAT | ANALYTIC


@pytest.mark.parametrize("key", OPERATIONS, ids=name)
@given(data=st.data())
@examples(8)
def test_the_value_is_numpys_own_to_the_bit(key, data):
    case = data.draw(TABLE[key])
    expected = np.asarray(case.call(*(x[()] for x in case.arrays)))  # single numbers as NumPy hands them out
    actual = trace(case.call, *case.arrays).output
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    assert np.array_equal(actual, expected)


@pytest.mark.parametrize("key", SMOOTH, ids=name)
@given(data=st.data())
@examples(12)
def test_gradients_agree_with_central_differences(key, data):
    case = data.draw(TABLE[key])
    upstream = upstream_for(case)
    for position, gradient in enumerate(gradients(case.call, case.arrays, upstream)):
        numeric = central(case.call, case.arrays, position, upstream)
        assert_close(gradient, numeric, rtol=1e-6, scale=np.abs(upstream).max(initial=0.0))


@pytest.mark.parametrize("key", [key for key in OPERATIONS if key in ANALYTIC], ids=name)
@given(data=st.data())
@examples(8)
def test_gradients_agree_with_complex_steps_to_the_last_digits(key, data):
    case = data.draw(TABLE[key])
    upstream = upstream_for(case)
    for position, gradient in enumerate(gradients(case.call, case.arrays, upstream)):
        exact = complex_step(case.call, case.arrays, position, upstream)
        assert_close(gradient, exact, rtol=1e-13, scale=np.abs(upstream).max(initial=0.0))


@pytest.mark.parametrize("key", [key for key in OPERATIONS if key in FLAT], ids=name)
@given(data=st.data())
@examples(5)
def test_nothing_comes_back_through_what_is_flat(key, data):
    case = data.draw(TABLE[key])
    t = trace(case.call, *case.arrays)
    t.backward(np.ones(t.output.shape))
    assert t.grad == {}
    for position in range(len(case.arrays)):
        assert not central(case.call, case.arrays, position, np.ones(t.output.shape)).any()


@pytest.mark.parametrize(
    ("clip", "inside", "at_low", "at_high"),
    [
        (lambda x, low, high: np.clip(x, low, high), [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1]),
        (lambda x, low, high: np.clip(x, low, None) + 0 * high, [0, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0]),
        (lambda x, low, high: np.clip(x, None, high) + 0 * low, [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1]),
    ],
    ids=["both", "low", "high"],
)
def test_the_bound_that_holds_gets_the_gradient_of_a_clip(clip, inside, at_low, at_high):
    """The bounds cross in the last column: there the upper one holds."""
    x, low, high = np.array([-2.0, 0.5, 3.0, 0.4]), np.array([-1.0, -1.0, -1.0, 0.3]), np.array([1.0, 1.0, 1.0, 0.2])
    upstream = np.array([2.0, 3.0, 5.0, 7.0])
    found = gradients(clip, [x, low, high], upstream)
    for gradient, share in zip(found, (inside, at_low, at_high)):
        assert gradient.tolist() == (upstream * share).tolist()


@pytest.mark.parametrize("key", SMOOTH, ids=name)
@given(data=st.data())
@examples(4)
def test_the_backward_pass_can_be_differentiated_again(key, data):
    """d/dx and d/dg of s = sum(v * gradient), swept over the red graph, against differences of s along a direction."""
    case = data.draw(TABLE[key])
    upstream = upstream_for(case)
    random = np.random.default_rng(2)
    directions = [random.standard_normal(x.shape) for x in case.arrays]
    _, swept = second_order(case.call, case.arrays, upstream, directions)
    along = [random.standard_normal(x.shape) for x in (*case.arrays, upstream)]
    h = 1e-6
    ahead, behind = (
        second_order(
            case.call,
            [x + sign * h * d for x, d in zip(case.arrays, along)],
            upstream + sign * h * along[-1],
            directions,
        )[0]
        for sign in (1, -1)
    )
    slopes = [np.sum(gradient * d) for gradient, d in zip(swept, along)]
    scale = 1.0 + max(np.abs(gradient).max(initial=0.0) for gradient in swept)
    assert abs(sum(slopes) - (ahead - behind) / (2 * h)) <= 2e-6 * scale * sum(d.size for d in along)


@pytest.mark.parametrize("key", SMOOTH, ids=name)
@given(data=st.data())
@examples(4)
def test_float32_stays_float32(key, data):
    case = data.draw(TABLE[key])
    single = [x.astype(np.float32) for x in case.arrays]
    expected = case.call(*(x[()] for x in single))
    t = trace(case.call, *single)
    assert t.output.dtype == np.asarray(expected).dtype
    assert np.array_equal(t.output, expected)
    upstream = np.random.default_rng(1).standard_normal(t.output.shape).astype(t.output.dtype)
    precise = gradients(case.call, [x.astype(np.float64) for x in single], upstream.astype(np.float64))
    for gradient, exact, x in zip(gradients(case.call, single, upstream), precise, single):
        assert gradient.dtype == np.float32
        assert_close(gradient, exact, rtol=1e-4, scale=np.abs(x).max(initial=1.0))


@pytest.mark.parametrize("key", [key for key in PRIMITIVES if not hasattr(key, "vjp")], ids=name)
def test_every_gate_tells_its_story(key):
    gate = PRIMITIVES[key]
    assert gate.formula
    assert gate.story.endswith(".")
    assert gate.infix or gate.call
    entries = [entry for entry in gate.gradients if entry is not None]
    if gate.gradient_of is not None:
        entries.append(gate.gradient_of(0))
    assert all(entry.local for entry in entries)
    assert bool(entries) == gate.differentiable


def test_what_only_looks_is_not_recorded():
    x = np.arange(6.0).reshape(2, 3)
    for function in LOOKS:
        if function in (np.array_equal, np.array_equiv, np.allclose, np.isclose, np.may_share_memory, np.shares_memory):
            call = lambda x, f=function: x * np.sum(f(x, x))
        elif function in (np.array2string, np.array_repr, np.array_str, np.shape):
            call = lambda x, f=function: x * len(f(x))
        elif function in (np.result_type, np.min_scalar_type):
            call = lambda x, f=function: x * f(x).itemsize
        elif function in (np.diag_indices_from, np.tril_indices_from, np.triu_indices_from):
            call = lambda x, f=function: x * np.sum(f(x[:2, :2])[0])
        else:
            call = {
                np.unique: lambda x: x * len(np.unique(x > 2)),
                np.common_type: lambda x: x * np.common_type(x)(2),
                np.can_cast: lambda x: x * np.can_cast(x.dtype, float),
                np.einsum_path: lambda x: x * len(np.einsum_path("ij->i", x)),
                np.empty_like: lambda x: x * np.empty_like(x).size,
            }.get(function, lambda x, f=function: x * np.sum(f(x)))
        t = trace(call, x)
        assert {node.primitive.name for node in t.nodes[1:]} <= {"multiply", "take", "greater"}, function
        assert np.array_equal(t.output, call(x)), function


def test_a_tie_has_one_winner_and_a_constant_wins_none():
    x = np.array([1.0, 2.0, 2.0])
    upstream = np.array([0.3, -0.7, 1.1])
    first, second = gradients(np.maximum, [x, x[::-1].copy()], upstream)
    assert np.array_equal(first + second, upstream)
    assert gradients(lambda x: np.max(x), [x], 2.0)[0].tolist() == [0.0, 2.0, 0.0]
    assert gradients(lambda x: np.maximum(x, 0.0), [np.zeros(3)], upstream)[0].tolist() == [0.0, 0.0, 0.0]
    assert gradients(lambda x: np.maximum(0.0, x), [np.zeros(3)], upstream)[0].tolist() == [0.0, 0.0, 0.0]


def test_a_gradient_that_is_one_in_a_thousand_off_is_seen():
    """The instruments can fail: a VJP wrong by 0.1 % does not pass central differences or complex steps."""
    from backpropviz import primitive

    @primitive
    def cube(x):
        return x**3

    @cube.vjp
    def cube_vjp(g, out, x):
        return g * (3 * x**2) * 1.001

    x = np.random.default_rng(0).uniform(0.5, 2.0, (2, 3))
    upstream = np.random.default_rng(1).standard_normal((2, 3))
    (gradient,) = gradients(cube, [x], upstream)
    for oracle in (central, complex_step):
        with pytest.raises(AssertionError, match="differs by"):
            assert_close(gradient, oracle(cube, [x], 0, upstream), rtol=1e-6)
        assert_close(gradient / 1.001, oracle(cube, [x], 0, upstream), rtol=1e-6)


def test_where_an_entry_meets_its_bound_the_bound_gets_the_gradient():
    x, low, high = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, 0.5]), np.zeros(6), np.array([1.0, 1.0, 1.0, 1.0, 1.0, -1.0])
    upstream = np.array([0.3, -0.7, 1.1, 0.9, -0.2, 0.6])
    found = gradients(np.clip, [x, low, high], upstream)
    took = [np.nonzero(gradient)[0].tolist() for gradient in found]
    assert took == [[2], [0, 1], [3, 4, 5]]  # of crossed bounds the upper one holds
    assert np.array_equal(sum(found), upstream)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.sort(x, axis=None),
        lambda x: np.tile(x, np.array([2, 1])),
        lambda x: np.roll(x, [1, 2], axis=[0, 1]),
        lambda x: np.einsum("ij->ji", x, out=None),
        lambda x: np.einsum("ij,jk", x, x.T),
        lambda x: np.einsum("...j,j", x, x[0]),
        lambda x: np.prod(x[:, :0], axis=1) * x[:, 0],
        lambda x: np.repeat(x, np.array([0, 2, 1]), axis=0),
        lambda x: np.max(x, axis=1, initial=0.5),
        lambda x: np.linalg.norm(x, 1, axis=0),
        lambda x: np.einsum("ii->i", x[:, :3]),
        lambda x: np.pad(x, 1, mode="reflect"),
    ],
)
def test_no_raw_errors_in_backward_passes(call):
    x = np.random.default_rng(0).uniform(0.2, 0.9, (3, 4))
    upstream = np.random.default_rng(1).standard_normal(np.shape(call(x)))
    assert_close(gradients(call, [x], upstream)[0], central(call, [x], 0, upstream), rtol=1e-6, scale=1.0)


def test_a_border_that_is_folded_back_as_its_opposite_has_no_gradient():
    trace = bp.trace(lambda x: np.pad(x, 1, mode="reflect", reflect_type="odd"), x=np.arange(3.0))
    with pytest.raises(TraceError, match=r"the gradient of np\.pad with mode='reflect'"):
        trace.backward()


@pytest.mark.parametrize(("shape", "joined"), [((3,), "stack"), ((2, 3), "concatenate")])
def test_rows_are_stacked_and_blocks_are_joined(shape, joined):
    trace = bp.trace(lambda x, y: np.vstack([x, y]), x=np.ones(shape), y=np.ones(shape))
    assert [node.primitive.name for node in trace.nodes if node.primitive] == [joined]
