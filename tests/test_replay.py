"""Running a recording again: the same bits as a fresh run, and no more of it than has to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backpropviz as bp
from backpropviz.engine import lean
from backpropviz.engine.replay import Plan
from backpropviz.errors import InputError
from backpropviz.primitives import PRIMITIVES
from tests.cases import TABLE
from tests.oracle import trace
from tests.test_primitives import OPERATIONS, examples, name, upstream_for

RANDOM = np.random.default_rng(0)
X, G = RANDOM.standard_normal((4, 3)), RANDOM.standard_normal((4, 3))


@bp.primitive
def cubed(x):
    return x**3


@cubed.vjp
def cubed_vjp(g, out, x):
    return 3 * g * x**2


def normalize(x, gamma, beta):
    mu = np.mean(x, axis=0)
    xmu = x - mu
    var = np.mean(xmu**2, axis=0)
    out = gamma * xmu / np.sqrt(var + 1e-5) + beta
    return out


def views(x):
    rows = x.reshape(2, 6)
    turned = x.T
    copied = turned.reshape(2, 6)
    first = rows[:, ::2]
    spread = np.broadcast_to(x[1], (4, 3))
    alone = x[2, 1]
    out = np.sum(rows * copied) + np.sum(first) * alone + np.sum(spread * x)
    return out


def indexes(x):
    picked = x[[0, 0, 3], [1, 1, 2]]
    masked = x[x > -9]
    out = np.sum(picked**2) + np.sum(masked * np.arange(12))
    return out


def kinks(x):
    y = np.maximum(x, 0)
    z = np.where(x > 0.1, y, x * 2)
    top = np.max(z, axis=1)
    out = np.clip(z, -1, 1) * top[:, None]
    return out


def joins(x):
    a, b = np.split(x, 2)
    out = np.concatenate([a * b, b], axis=0) + np.stack([x[0], x[1], x[2], x[3]])
    return out


def patches(x):
    image = x.reshape(1, 1, 4, 3)
    columns = bp.im2col(image, 2, 1, 1)
    out = columns * columns
    return out


def own(x):
    out = cubed(x) + cubed(x.T).T
    return out


def names_it_twice(x):
    y = x
    z = y
    out = z * x
    return out


@pytest.fixture(autouse=True, scope="module")
def no_value_is_too_small_to_be_passed_over():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lean, "LARGE", 0)
        yield


LAYERS = [views, indexes, kinks, joins, patches, own, names_it_twice]


def state(t):
    """Everything a trace holds, forward and backward."""
    return [node.value.copy() for node in (*t.nodes, *t.red.nodes)]


def assert_like_a_fresh_run(t, function, dout, **inputs):
    fresh = bp.trace(function, **inputs)
    fresh.backward(dout)
    # what is always computed comes first: whoever asks for anything else has all of it computed again
    assert t.grad.keys() == fresh.grad.keys()
    for mine, its in zip((t.output, *t.grad.values()), (fresh.output, *fresh.grad.values())):
        assert np.array_equal(mine, its)
    for mine, its, node in zip(state(t), state(fresh), (*fresh.nodes, *fresh.red.nodes), strict=True):
        assert np.array_equal(mine, its), node


@pytest.mark.parametrize("function", LAYERS, ids=lambda f: f.__name__)
def test_a_replay_has_the_bits_of_a_fresh_run(function):
    t = bp.trace(function, x=X)
    dout = np.random.default_rng(1).standard_normal(t.output.shape)
    t.backward(dout)
    other = np.random.default_rng(2).standard_normal(X.shape)
    output = t.replay(x=other)
    assert output is t.output
    assert_like_a_fresh_run(t, function, dout, x=other)
    t.replay(dout=2 * dout, x=X)
    assert_like_a_fresh_run(t, function, 2 * dout, x=X)


@pytest.mark.costly
@pytest.mark.parametrize("key", [key for key in OPERATIONS if key not in (np.argsort,)], ids=name)
@given(data=st.data())
@examples(3)
def test_every_operation_replays_to_the_bit(key, data):
    case = data.draw(TABLE[key])
    before = [np.where(x > 0, 1.0, -1.0) * (abs(x) * 0.9 + 0.05) for x in case.arrays]  # the same signs and masks
    if not np.array_equal(np.shape(case.call(*before)), np.shape(case.call(*case.arrays))):
        return
    t, fresh = trace(case.call, *before), trace(case.call, *case.arrays)
    upstream = upstream_for(case)
    t.backward(upstream)
    fresh.backward(upstream)
    t.replay(**dict(zip("xyz", case.arrays)))
    for mine, its in zip((t.output, *t.grad.values()), (fresh.output, *fresh.grad.values()), strict=True):
        assert np.array_equal(mine, its, equal_nan=True)
    for node, its in zip((*t.nodes, *t.red.nodes), (*fresh.nodes, *fresh.red.nodes), strict=True):
        assert np.array_equal(node.value, its.value, equal_nan=True), node


def test_only_what_depends_on_the_change_is_computed():
    t = bp.trace(normalize, x=X, gamma=RANDOM.standard_normal(3), beta=np.zeros(3))
    t.backward(G)
    plan = Plan([*t.nodes, *t.red.nodes], [t["beta"]])
    assert [node.name for node in plan.nodes] == ["out"]
    names = {node.name for node in Plan([*t.nodes, *t.red.nodes], [t["gamma"]]).nodes}
    assert "out" in names
    assert not names & {"mu", "xmu", "var", "dbeta", "dgamma"}
    forward = Plan(t.nodes, [t["var"]])
    assert {node.step.name for node in forward.nodes} == {"out"}

    calls = []
    counted = PRIMITIVES[np.mean]
    t.replay(beta=np.ones(3))
    for node in t.nodes:
        if node.primitive is counted:
            calls.append(node)
            node.value[...] = -1.0  # would be put right if it were computed again
    t.replay(beta=np.zeros(3))
    assert all((node.value == -1.0).all() for node in calls)
    assert len(calls) == 2


def test_inputs_by_name_one_or_several():
    gamma, beta = RANDOM.standard_normal((2, 3))
    t = bp.trace(normalize, x=X, gamma=gamma, beta=beta)
    t.backward(G)
    t.replay(gamma=2 * gamma)
    assert_like_a_fresh_run(t, normalize, G, x=X, gamma=2 * gamma, beta=beta)
    t.replay(x=X[::-1], beta=beta - 1)
    assert_like_a_fresh_run(t, normalize, G, x=X[::-1], gamma=2 * gamma, beta=beta - 1)


def test_what_one_replay_passes_over_another_reads():
    gamma, beta = RANDOM.standard_normal((2, 3))
    t = bp.trace(normalize, x=X, gamma=gamma, beta=beta)
    t.backward(G)
    names = ("xmu", "var")
    before = {name: t[name].value for name in names}
    t.replay(x=2 * X)
    t.replay(gamma=-gamma)
    t.replay(dout=2 * G)
    t.replay(x=X[::-1], dout=-G)
    assert t["xmu"]._value is None
    assert t["xmu"].shape == (4, 3)
    assert_like_a_fresh_run(t, normalize, -G, x=X[::-1], gamma=-gamma, beta=beta)
    assert all(t[name].value is before[name] for name in names)
    t.replay(x=X, dout=G)  # somebody looked: it is not passed over again
    assert t["xmu"]._value is before["xmu"]
    t.backward(G)
    t.replay(x=2 * X)
    assert t["xmu"]._value is None
    assert_like_a_fresh_run(t, normalize, G, x=2 * X, gamma=-gamma, beta=beta)


def test_a_replay_before_backward_is_forward_only():
    t = bp.trace(kinks, x=X)
    t.replay(x=-X)
    assert np.array_equal(t.output, kinks(-X))
    assert t.grad == {}
    t.backward(G)
    assert_like_a_fresh_run(t, kinks, G, x=-X)
    t.replay(x=X)  # a plan made before backward does not hide the red graph
    assert_like_a_fresh_run(t, kinks, G, x=X)


def test_a_view_as_the_source_of_a_plan_leaves_its_parent_alone():
    t = bp.trace(views, x=X)
    t.backward(1.0)
    rows = t["rows"]
    assert rows.is_view
    before = t["x"].value.copy()
    plan = Plan(t.nodes, [rows])
    plan.buffer(rows)[...] = 7.0
    plan()
    assert np.array_equal(t["x"].value, before)
    assert np.array_equal(plan.buffer(t["first"]), np.full((2, 3), 7.0))
    expected = np.sum(7.0 * t["copied"].value) + 42.0 * X[2, 1] + np.sum(X[1] * X)
    assert plan.buffer(t["out"]) == pytest.approx(expected, rel=1e-14)


def test_integer_labels_can_change():
    def loss(x, y):
        out = np.sum(x[np.arange(4), y] ** 2)
        return out

    t = bp.trace(loss, x=X, y=np.array([0, 1, 2, 0]))
    t.backward()
    t.replay(y=[2, 2, 0, 1])
    assert_like_a_fresh_run(t, loss, 1.0, x=X, y=np.array([2, 2, 0, 1]))


def test_what_does_not_fit_is_refused_before_anything_changes():
    t = bp.trace(normalize, x=X, gamma=np.ones(3), beta=np.zeros(3))
    t.backward(G)
    before = state(t)
    with pytest.raises(InputError, match=r"x has shape \(3, 4\), but was recorded with \(4, 3\)"):
        t.replay(gamma=np.zeros(3), x=X.T)
    with pytest.raises(InputError, match="no input is called 'z'"):
        t.replay(gamma=np.zeros(3), z=X)
    with pytest.raises(InputError, match="dout has shape"):
        t.replay(gamma=np.zeros(3), dout=G[0])
    assert all(np.array_equal(a, b) for a, b in zip(before, state(t)))

    labelled = bp.trace(lambda x, y: x[y], x=X, y=np.array([0, 1]))
    with pytest.raises(InputError, match="y holds float64 values, but was recorded with int64"):
        labelled.replay(y=np.array([0.5, 1.0]))
    with pytest.raises(InputError, match="backward"):
        labelled.replay(dout=X[:2])


@pytest.mark.parametrize(
    ("pick", "can_fail"),
    [
        (lambda x, y: x[np.arange(4), y], False),
        (lambda x, y: x[:, y], False),
        (lambda x, y: x[x[:, 0] > 0] * 1.0, True),
        (lambda x, y: x[y > 0], True),
    ],
)
def test_only_what_is_picked_by_truth_can_come_out_in_another_shape(pick, can_fail):
    t = bp.trace(pick, x=X, y=np.array([0, 1, 2, 0]))
    assert Plan(t.nodes, t.inputs.values()).can_fail is can_fail
    fewer = {"x": np.abs(X), "y": np.array([0, 0, 2, 0])}
    if can_fail:
        with pytest.raises(InputError, match="shapes depend on values"):
            t.replay(**fewer)
        assert np.array_equal(t.inputs["x"].value, X)
    else:
        assert np.array_equal(t.replay(**fewer), pick(**fewer))


def test_the_callers_arrays_are_copied():
    mine = X.copy()
    t = bp.trace(kinks, x=X)
    t.replay(x=mine)
    mine[...] = 0.0
    assert np.array_equal(t.output, kinks(X))
