"""A trace is the function, or an error: whatever the function asks of its values, it hears what arrays would say."""

import contextlib
import random as python_random

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.code.formulas import latex
from backpropviz.engine.trust import Trust
from backpropviz.errors import BackpropvizError, InputError, TraceError
from backpropviz.show.view import view

X = np.random.default_rng(0).normal(size=(3, 4))


# ---- questions that arrays answer -----------------------------------------------------------------------------------


def asks_for_the_type(x):
    assert isinstance(x, np.ndarray)
    assert type(x) is np.ndarray
    assert x.__class__ is np.ndarray
    assert not isinstance(x, list | float)
    y = x * 2 if isinstance(x, np.ndarray) else x * 100
    total = np.sum(y)
    assert isinstance(total, float)
    assert np.isscalar(total)
    assert not isinstance(total, np.ndarray)
    assert np.ndim(y) == 2
    assert x.dtype == np.float64
    assert np.issubdtype(x.dtype, np.floating)
    assert x.shape == (3, 4)
    assert hasattr(x, "shape")
    return y * total


def asks_of_its_own_arrays(x):
    out = np.zeros(x.shape)
    assert isinstance(out, np.ndarray)
    assert type(out) is np.ndarray
    out[0] = x[0]
    assert type(out) == np.ndarray  # noqa: E721
    if type(out).__name__ == "ndarray":
        out[1] = x[1] * 3
    return out


def prints(x):
    print(f"{x.shape} {x[0, 0]:.3f} {np.sum(x):8.2e}", x)
    return x * len(f"{x[0, 0]:.2f}")


@pytest.mark.parametrize("function", [asks_for_the_type, asks_of_its_own_arrays, prints], ids=lambda f: f.__name__)
def test_traced_values_answer_as_arrays_do(function):
    assert np.array_equal(bp.trace(function, x=X).output, function(X.copy()))


# ---- refusals cannot be swallowed -----------------------------------------------------------------------------------


def swallows_in_a_try(x):
    try:
        scale = int(x[0, 0])
    except Exception:
        scale = 1.0
    return x * scale


def swallows_everything(x):
    try:
        scale = int(np.sum(x))
    except:  # noqa: E722
        scale = 1.0
    return x * scale


def suppresses(x):
    scale = 1.0
    with contextlib.suppress(Exception):
        scale = int(np.sum(x))
    return x * scale


def returns_in_a_finally(x):
    scale = 1.0
    try:
        scale = int(np.sum(x))
    finally:
        return x * scale  # noqa: B012


SWALLOWED = [swallows_in_a_try, swallows_everything, suppresses, returns_in_a_finally]


@pytest.mark.parametrize("function", SWALLOWED, ids=lambda f: f.__name__)
@pytest.mark.filterwarnings("ignore:.*finally:SyntaxWarning")
def test_a_refusal_is_heard(function):
    with pytest.raises(TraceError) as caught:
        bp.trace(function, x=X)
    assert "test_verifying.py" in caught.value.where


def test_errors_of_its_own_are_still_its_own():
    def careful(x):
        try:
            y = x[10]
        except IndexError:
            y = x[0]
        return y * 2

    assert np.array_equal(bp.trace(careful, x=X).output, X[0] * 2)


# ---- every trace is held against the plain function -----------------------------------------------------------------


def tells_them_apart(x):
    y = x * 2
    z = y + (1.0 if hasattr(x, "tape") else 0.0)
    return z * 3


def test_another_function_is_an_error_that_names_the_step():
    with pytest.raises(TraceError, match="z has other values than in a plain run") as caught:
        bp.trace(tells_them_apart, x=X)
    assert caught.value.where == f"test_verifying.py:{tells_them_apart.__code__.co_firstlineno + 2}"
    assert bp.trace(tells_them_apart, x=X, verify=False).output is not None


def plain_runs(function, inputs):
    """Of traces of a function on these inputs, one after the other, the numbers of those that were held."""
    runs, begun = [], 0

    def noted(x):
        if not hasattr(x, "tape"):
            runs.append(begun)
        return function(x) * 1

    for x in inputs:
        begun += 1
        bp.trace(noted, x=x)
    return runs


def test_of_many_traces_alike_ever_fewer_are_held():
    assert plain_runs(np.tanh, [X] * 20) == [1, 2, 4, 8, 16]
    assert plain_runs(np.tanh, [X, X, X, X[:2], X, X.astype("f4")]) == [1, 2, 4, 5, 6]  # other shapes, other types


def test_traces_that_ask_for_values_or_do_something_else_are_all_held():
    assert plain_runs(lambda x: x * 2 if np.sum(x) > 0 else x * 3, [abs(X)] * 6) == [1, 2, 3, 4, 5, 6]
    called = [np.tanh]

    def inputs():
        yield from [X] * 4
        called[0] = np.exp
        yield from [X] * 3

    assert plain_runs(lambda x: called[0](x), inputs()) == [1, 2, 4, 5]


def test_what_fails_on_plain_arrays_is_an_error():
    def only_traced(x):
        if not hasattr(x, "tape"):
            raise ValueError("plain")
        return x * 2

    with pytest.raises(TraceError):
        bp.trace(only_traced, x=X)


@pytest.mark.parametrize(
    "order",
    [
        lambda y, rng: rng.shuffle(y), lambda y, rng: np.random.shuffle(y), lambda y, rng: rng.permutation(y),
        lambda y, rng: rng.permuted(y), lambda y, rng: rng.choice(y),
    ],
)  # fmt: skip
def test_an_order_that_is_drawn_for_traced_values_is_refused_by_us_alone(order, recwarn):
    def drawn(x):
        y = 2 * x
        z = order(y, np.random.default_rng(0))
        return y if z is None else z

    with pytest.raises(TraceError, match=r"would be lost") as error:
        bp.trace(drawn, x=X)
    assert "y[rng.permutation(len(y))]" in str(error.value)
    assert not recwarn.list


def test_random_numbers_are_excused_and_global_ones_drawn_again():
    counter = iter(range(100))

    def fresh(x):
        return x * (np.random.default_rng(next(counter)).normal() + next(counter))

    def global_draws(x):
        return x * np.random.rand(*x.shape) + python_random.random()

    assert bp.trace(fresh, x=X).output.shape == X.shape
    np.random.seed(3)
    expected = np.random.rand(3, 4)
    np.random.seed(3)
    t = bp.trace(lambda x: x * np.random.rand(*x.shape), x=X)
    assert np.array_equal(t.output, X * expected)
    assert np.random.rand() != expected[0, 0]
    assert bp.trace(global_draws, x=X).output.shape == X.shape


def test_a_changed_setting_is_not_seen_by_the_plain_run():
    def counts(x, *, seen):
        seen["calls"] = seen.get("calls", 0) + 1
        return x * seen["calls"]

    assert np.array_equal(bp.trace(counts, x=X, seen={}).output, X)


# ---- a replay is the recorded path ----------------------------------------------------------------------------------


def test_a_replay_on_another_path_is_refused_and_changes_nothing():
    def branches(x):
        y = x * 2
        if np.sum(x) > 0:
            y = y * 10
        return y

    x = np.abs(X)
    t = bp.trace(branches, x=x)
    t.replay(x=2 * x)
    before = t.output.copy()
    with pytest.raises(InputError, match="another path"):
        t.replay(x=-x)
    assert np.array_equal(t.output, before)
    assert np.array_equal(t["x"].value, 2 * x)


def test_a_replay_with_other_shapes_is_refused():
    def picks(x):
        y = x[x > 0]
        return y * 2

    t = bp.trace(picks, x=np.abs(X))
    with pytest.raises(InputError, match="shapes depend on values"):
        t.replay(x=X)
    assert np.array_equal(t.output, np.abs(X).ravel() * 2)


# ---- loops are known ------------------------------------------------------------------------------------------------


def loops(x):
    out = np.zeros(x.shape)
    for i in range(3):
        for j, w in enumerate([1.0, 2.0]):
            out[i, j] = x[i, j] * w
    k = 0
    while k < 5:
        k += 1
        if k == 2:
            continue
        out[0, 2] += x[0, 2]
        if k == 4:
            break
    rows = [row * 2 for row in out]
    return np.stack(rows)


def test_loops_and_their_rounds():
    t = bp.trace(loops, x=X)
    inner = "for j, w in enumerate([1.0, 2.0])"
    assert [loop.head for loop in t.loops] == [
        "for i in range(3)", inner, inner, inner, "while k < 5", "for row in out",
    ]  # fmt: skip
    assert [len(loop.rounds) for loop in t.loops] == [3, 2, 2, 2, 4, 3]
    first = t.loops[1]
    assert first.around is t.loops[0].rounds[0]
    assert [r.variables for r in first.rounds] == [{"j": 0, "w": 1.0}, {"j": 1, "w": 2.0}]
    assert [t.steps[i].statement for i in first.rounds[1].steps] == ["out[i, j] = x[i, j] * w"]
    assert all(t.steps[i].round is first.rounds[1] for i in first.rounds[1].steps)
    assert [len(r.steps) for r in t.loops[4].rounds] == [1, 0, 1, 1]
    assert t.steps[-1].round is None


def test_every_error_is_one_of_ours_or_the_functions():
    def odd(x):
        return next(iter({float: x}.values())) @ object()

    with pytest.raises(BackpropvizError):
        bp.trace(odd, x=X)


# ---- nothing is too deep --------------------------------------------------------------------------------------------


def windows(x):
    return np.stack([np.sum(x[i : i + 2]) for i in range(len(x) - 1)])


def a_long_sum(x):
    return np.sin(sum([x * k for k in range(1500)]))


def a_long_chain(x):
    h = x
    for _ in range(400):
        h = np.tanh(h + x)
    return h


@pytest.mark.costly
@pytest.mark.parametrize(("function", "size"), [(windows, 300), (a_long_sum, 3), (a_long_chain, 3)])
def test_a_value_used_hundreds_of_times_is_written_out_in_parts(function, size):
    x = np.random.default_rng(1).normal(size=size)
    t = bp.trace(function, x=x)
    dout = np.random.default_rng(2).normal(size=t.output.shape)
    t.backward(dout)
    scope = {}
    exec(t.derive(), scope)
    np.testing.assert_allclose(scope[f"{function.__name__}_backward"](dout, x), t.grad["x"], rtol=1e-9, atol=1e-12)
    assert view(t).backward
    assert latex(t)


def test_of_many_runs_alike_those_are_held_whose_number_is_a_power_of_two():
    trust = Trust()
    assert [number for number in range(1, 40) if trust.begin()] == [1, 2, 4, 8, 16, 32]
