"""Arrays that are changed where they stand: every later look at them, also through views and other names, sees it."""

import linecache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backpropviz as bp
from backpropviz.code.straight import listing
from backpropviz.errors import BackpropvizError, LayerError, TraceError
from backpropviz.study.gradcheck import gradcheck


def random(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def central_differences(loss, x, h=1e-6):
    gradient = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        moved = [x.copy(), x.copy()]
        moved[0][at] += h
        moved[1][at] -= h
        gradient[at] = (loss(moved[0]) - loss(moved[1])) / (2 * h)
    return gradient


X, W = random(3, 4), random(4)

# ---- functions as they are written ----------------------------------------------------------------------------------


def rows_into_zeros(x, w):
    out = np.zeros(x.shape)
    for i in range(len(x)):
        out[i] = x[i] * w + i
    return out


def entries_of_entries(x, w):
    out = np.zeros((3, 4))
    for i in range(3):
        for j in range(4):
            out[i][j] = x[i, j] * w[j]
    return out * x


def a_slice_with_ellipsis(x, w):
    out = np.ones((3, 5))
    out[..., 1:] = x * w
    out[:, 0] += x[:, 0]
    return out


def through_a_mask(x, w):
    y = x * w
    y[y < 0] = 0
    y[x > 1] *= 2
    return y


def at_whole_numbers(x, w):
    y = np.zeros_like(x)
    y[[2, 0], 1:3] = x[:2, 1:3] * w[1:3]
    y[[0, 0, 1], [3, 3, 3]] = w[:3]
    return y * x


def overwritten(x, w):
    y = x * w
    early = y * 3
    y[1] = w
    y[1, 2] = x[0, 0]
    return early + y


def through_a_view(x, w):
    y = x * 2
    row = y[0]
    row *= w
    y[0, 1] = 5.0
    return y + row


def a_view_taken_before(x, w):
    out = np.zeros((3, 4))
    corner = out[:2, 1:]
    turned = out.T
    out[0] = w
    corner[1] = x[0, :3]
    turned[3] += x[:, 3]
    return out * x + turned.T


def another_name(x, w):
    y = x * w
    z = y
    z += 1.0
    z -= x
    return y * z


def reshaped(x, w):
    y = x * w
    flat = y.reshape(-1)
    flat[3:7] = w
    flat.reshape(4, 3)[:, 0] *= 2.0
    return y


def in_a_dictionary(x, w):
    grads = {"w": np.zeros_like(w), "x": x * 2}
    for i in range(3):
        grads["w"] += x[i]
    grads["x"][0] = grads["w"]
    grads["x"] *= w
    return grads["x"]


def _add_one(a, w):
    a += w


def in_a_helper(x, w):
    y = x * 2
    _add_one(y, w)
    _add_one(y[0], w)
    return y


def out_of_functions(x, w):
    y = np.empty(x.shape)
    np.multiply(x, w, out=y)
    total = np.zeros(4)
    np.sum(y, axis=0, out=total)
    np.exp(total, out=total)
    return y * total


def functions_that_write(x, w):
    y = np.zeros((3, 4))
    np.add.at(y, [0, 0, 2], w)
    np.subtract.at(y, (1, [1, 1]), x[0, :2])
    np.copyto(y[1], x[1])
    np.copyto(y, x * 2, where=x > 0)
    np.put_along_axis(y, np.array([[1], [0], [3]]), x[:, :1], axis=1)
    np.put(y, [5, 11], w[:2])
    np.fill_diagonal(y, w[3])
    y[2].fill(w[0])
    return y * x


def a_running_state(x, w):
    h = np.zeros((3, 5))
    prev = x[:, 0]
    for t in range(4):
        prev = np.tanh(prev * w[t] + x[:, t] + h[:, t])
        h[:, t + 1] = prev
    return h


def naive_convolution(x, w):
    out = np.zeros((2, 2))
    k = w.reshape(2, 2)
    for i in range(2):
        for j in range(2):
            out[i, j] = np.sum(x[i : i + 2, j : j + 2] * k)
    return out


def collected_in_a_list(x, w):
    rows = [np.zeros(4) for _ in range(3)]
    for i, row in enumerate(rows):
        row[:] = x[i]
        row[i] = w[i]
    return np.stack(rows)


def a_scalar_is_replaced(x, w):
    total = np.sum(x)
    kept = total
    total += w[0]
    parts = [np.sum(w)]
    parts[0] *= kept
    return total * kept + parts[0]


def float32_parts(x, w):
    y = np.zeros((3, 4), dtype=np.float32)
    y[0] = w
    y[1:] += x[1:].astype(np.float32)
    return y


def swapped(x, w):
    y = x * w
    y[0], y[1] = y[1].copy(), y[0].copy()
    y[[0, 2]] = y[[2, 0]]
    return y * x


def normalized(x, w):
    p = np.exp(x)
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(3), [0, 2, 1]] -= 1
    return p * w


CASES = [
    rows_into_zeros, entries_of_entries, a_slice_with_ellipsis, through_a_mask, at_whole_numbers, overwritten,
    through_a_view, a_view_taken_before, another_name, reshaped, in_a_dictionary, in_a_helper, out_of_functions,
    functions_that_write, a_running_state, naive_convolution, collected_in_a_list, a_scalar_is_replaced, swapped,
    normalized,
]  # fmt: skip


def checked(function, arrays, rtol=1e-6):
    """Same bits as on bare arrays, gradients of central differences, a replay as a fresh run, code that runs."""
    expected = function(**{name: array.copy() for name, array in arrays.items()})
    t = bp.trace(function, **arrays)
    assert np.array_equal(t.output, expected)
    dout = random(*t.output.shape, seed=1)
    grads = t.backward(dout)
    for name, array in arrays.items():
        others = {key: value for key, value in arrays.items() if key != name}

        def loss(moved, name=name, others=others):
            fresh = {key: value.copy() for key, value in others.items()}
            return np.sum(dout * function(**{**fresh, name: moved.copy()}))

        numeric = central_differences(loss, array)
        np.testing.assert_allclose(grads.get(name, np.zeros_like(array)), numeric, rtol=rtol, atol=1e-7)
    return t, dout


@pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)
def test_values_gradients_replay_and_code(function):
    t, dout = checked(function, {"x": X, "w": W})
    report = gradcheck(t)
    assert report.passed, [check for check in report.checks if not check.passed]
    scope, code = {}, listing(t)
    exec(str(code), scope)
    derived = scope[f"{function.__name__}_backward"](dout, X.copy(), W.copy(), **code.constants)
    for array, grad in zip(derived if isinstance(derived, tuple) else (derived,), t.grad.values(), strict=True):
        np.testing.assert_allclose(array, grad, rtol=1e-12, atol=1e-12)
    other = {"x": np.abs(X) * np.sign(X) * 1.01, "w": 0.9 * W}  # the same signs: masks pick the same entries
    again = bp.trace(function, **other)
    again.backward(2 * dout)
    for changed in (("x",), ("w", "x")):
        t.replay(dout=2 * dout, **{name: other[name] for name in changed})
    assert np.array_equal(t.output, again.output)
    for mine, its in zip((*t.nodes, *t.red.nodes), (*again.nodes, *again.red.nodes), strict=True):
        assert np.array_equal(mine.value, its.value), mine


def test_single_precision_stays():
    t = bp.trace(float32_parts, x=X, w=W)
    assert t.output.dtype == np.float32
    assert t.backward(np.ones((3, 4)))["w"].dtype == np.float64


# ---- what the record says -------------------------------------------------------------------------------------------


def test_an_assignment_is_a_step_and_a_new_version():
    def layer(x, w):
        out = np.zeros((3, 4))
        # the first row
        out[0] = x[0] * w
        early = out * 2
        out[0, 1] = 7.0
        return out + early

    t = bp.trace(layer, x=X, w=W)
    assert [(step.name, step.statement) for step in t.steps][:3] == [
        ("out", "out[0] = x[0] * w"),
        ("early", "early = out * 2"),
        ("out_2", "out[0, 1] = 7.0"),
    ]
    assert t.steps[0].caption == "the first row"
    assert t["out"].value[0, 1] == X[0, 1] * W[1]
    assert t["out_2"].value[0, 1] == 7.0
    t.backward(np.ones((3, 4)))
    assert t["out_2"].grad[0, 1] == 1.0
    assert t["out"].grad[0, 1] == 2.0  # what was overwritten has no gradient, but by `early`


def test_an_earlier_version_is_what_it_was():
    def layer(x):
        y = x * 1.0
        for i in range(3):
            y[i] = y[i] * 2
        return y

    t = bp.trace(layer, x=X)
    expected = X.copy()
    for i, name in enumerate(["y_2", "y_3", "y_4"]):
        expected[i] *= 2
        assert np.array_equal(t[name].value, expected)


def test_the_callers_arrays_are_left_alone():
    def layer(x):
        x[0] = 1.0
        x -= 2.0
        return x

    x = X.copy()
    t = bp.trace(layer, x=x)
    assert np.array_equal(x, X)
    assert np.array_equal(t.inputs["x"].value, X)


def test_long_loops_take_memory_that_grows_with_their_length_alone():
    def layer(x):
        out = np.zeros(len(x))
        for i in range(len(x)):
            out[i] = x[i] * 2.0
        return out

    t = bp.trace(layer, x=np.ones(3000))
    t.backward(np.ones(3000))
    kept = sum(node._value.nbytes for node in (*t.nodes, *t.red.nodes) if node._value is not None and not node.is_view)
    arrays = {id(n._value): n._value.nbytes for n in (*t.nodes, *t.red.nodes) if n._value is not None and not n.is_view}
    assert sum(arrays.values()) < 3000 * 8 * 30 <= kept + 3000 * 8 * 30
    assert np.array_equal(t.grad["x"], np.full(3000, 2.0))


# ---- what is refused ------------------------------------------------------------------------------------------------

OUTSIDE = np.ones(4)


def test_an_array_from_outside_is_refused():
    def layer(x):
        OUTSIDE[0] = x[0, 0]
        return x * OUTSIDE

    with pytest.raises(TraceError, match="made outside of the function") as caught:
        bp.trace(layer, x=X)
    assert "test_in_place.py" in caught.value.where
    assert OUTSIDE[0] == 1.0


@pytest.mark.parametrize(
    ("statement", "seen"),
    [
        ("b = np.sum(x, axis=0); b += x", "non-broadcastable output operand"),
        ("n = np.zeros((3, 4), dtype=int); n += x", "Cannot cast"),
        ("y = np.broadcast_to(x[0], (3, 4)); y[0] = 1.0", "read-only"),
        ("y = x * 1; y[5] = 1.0", "IndexError"),
        ("y = x * 1; y[0] = x", "could not broadcast"),
    ],
)
def test_what_numpy_refuses_is_the_functions_own_failure(statement, seen):
    program = "def layer(x):\n" + "".join(f"    {line.strip()}\n" for line in statement.split(";")) + "    return x\n"
    with pytest.raises((ValueError, TypeError, IndexError)):
        run_text(program)["layer"](X.copy())
    with pytest.raises(LayerError, match=seen):
        bp.trace(run_text(program)["layer"], x=X)


def run_text(text):
    name = f"<program {abs(hash(text))}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope = {"np": np}
    exec(compile(text, name, "exec"), scope)
    return scope


# ---- programs at random ---------------------------------------------------------------------------------------------

VIEWS = ["{a}[0]", "{a}[1:]", "{a}[:, 1]", "{a}.T", "{a}.reshape(-1)", "{a}[::-1]", "{a}[..., None]", "{a}[:2, 1:3]"]
INDEXES = ["0", "-1", "...", ":", "1:", "::2", "[0, 0]", "[1, 0]", "None"]


@st.composite
def programs(draw):
    """Statements that mix views, slices, overlapping writes, reads between writes, aliases and helpers."""
    lines = ["def program(x, y):", "    a = x * 1.5", "    b = np.zeros((3, 4))", "    c = y + 0.5"]
    names = ["a", "b", "c"]
    for number in range(draw(st.integers(2, 9))):
        target, source = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        index = draw(st.sampled_from(INDEXES))
        kind = draw(
            st.sampled_from(["view", "alias", "store", "store", "augment", "augment item", "read", "copy", "at"])
        )
        if kind == "view":
            lines.append(
                f"    v{number} = {draw(st.sampled_from(VIEWS)).format(a=target)} if {target}.ndim == 2 else {target}"
            )
            names.append(f"v{number}")
        elif kind == "alias":
            lines.append(f"    n{number} = {target}")
            names.append(f"n{number}")
        elif kind == "store":
            lines.append(f"    {target}[{index}] = np.tanh({source}).sum() * 0.3")
        elif kind == "augment":
            sign = draw(st.sampled_from(["+=", "*=", "-="]))
            lines.append(f"    {target} {sign} np.sin({source}).mean()")
        elif kind == "augment item":
            lines.append(f"    {target}[{index}] += {source}.mean()")
        elif kind == "read":
            lines.append(f"    r{number} = {target} * np.cos({source}).sum()")
            names.append(f"r{number}")
        elif kind == "copy":
            lines.append(f"    k{number} = {target}.copy()")
            names.append(f"k{number}")
        else:
            lines.append(f"    np.add.at({target}, [0, 0], {source}.sum() * 0.1)")
    total = " + ".join(f"np.sin({name}).sum()" for name in names)
    lines.append(f"    return a * 1.0, ({total})")
    return "\n".join(lines) + "\n"


@given(programs())
def test_programs_at_random(text):
    program = run_text(text)["program"]
    x, y = random(3, 4, seed=2), random(3, 4, seed=3)
    expected = program(x.copy(), y.copy())
    t = bp.trace(program, x=x, y=y)
    names = [node.name or "out" for node in t.outputs]
    for node, value in zip(t.outputs, expected, strict=True):
        np.testing.assert_allclose(node.value, value, rtol=1e-12)
    du, dv = random(3, 4, seed=4), 0.7
    grads = t.backward(dict(zip(names, (du, dv))))
    report = gradcheck(t)
    assert report.passed, (text, [check for check in report.checks if not check.passed])

    def loss(x, y):
        first, second = program(x.copy(), y.copy())
        return np.sum(du * first) + dv * second

    along = random(3, 4, seed=5), random(3, 4, seed=6)
    h = 1e-6
    slope = (loss(x + h * along[0], y + h * along[1]) - loss(x - h * along[0], y - h * along[1])) / (2 * h)
    analytic = sum(np.sum(grads.get(name, 0.0) * way) for name, way in zip(("x", "y"), along))
    assert abs(slope - analytic) <= 1e-5 * max(abs(slope), abs(analytic), 1.0), text


# ---- names that come in other ways -----------------------------------------------------------------------------------


def windows_of(x, k=2, s=1):
    N, H = x.shape
    n, h = x.strides
    windows = np.lib.stride_tricks.as_strided(x, (N, (H - k) // s + 1, k), (n, h * s, h))
    return (windows**2).sum(axis=2)


def unpacked_into_parts(x):
    out, other = np.zeros(x.shape), np.zeros(x.shape)
    for t in range(x.shape[1]):
        out[:, t], other[:, t] = np.tanh(x[:, t]), x[:, t] ** 2
    return out * other


def weights_of_its_own(x):
    centred = (np.eye(x.shape[0]) - 1 / x.shape[0]).dot(x)
    return centred**2


@pytest.mark.parametrize("function", [windows_of, unpacked_into_parts, weights_of_its_own], ids=lambda f: f.__name__)
def test_strided_windows_unpacked_parts_and_methods_of_plain_arrays(function):
    x = np.random.default_rng(0).normal(size=(3, 5))
    trace = bp.trace(function, x=x)
    np.testing.assert_array_equal(trace.output, function(x))
    trace.backward()
    assert gradcheck(trace).passed


def test_strides_that_lead_out_of_the_array_are_refused():
    def outside(x):
        return np.lib.stride_tricks.as_strided(x, (9, 9), (8, 8)) * 2

    with pytest.raises(BackpropvizError, match="reads outside of the array"):
        bp.trace(outside, x=np.ones((3, 5)), verify=False)


def test_a_method_that_changes_its_array_names_the_function_that_gives_a_new_one():
    for method, instead in (("partition", "np.partition"), ("resize", "np.resize")):
        with pytest.raises(TraceError, match=f"array.{method} changes the array where it stands\n  Use `{instead}"):
            bp.trace(lambda x, method=method: getattr(x, method)(2), x=np.ones(3))
    with pytest.raises(TraceError, match=r"array\.tobytes cannot be traced"):
        bp.trace(lambda x: x.tobytes(), x=np.ones(3))


def test_a_buffer_is_printed_as_it_is_filled():
    printed = []

    def filled(x):
        out = np.zeros(2)
        for i in range(2):
            out[i] = np.sum(x[i])
        printed.append(str(out))
        return out * 2

    bp.trace(filled, x=np.ones((2, 3)))
    assert {*printed} == {"[3. 3.]"}


def test_an_array_made_of_a_traced_one_is_its_own_and_is_copied_once():
    def written(x):
        y = np.array(x)
        y[0] = 0.0
        return x * y

    trace = bp.trace(written, x=np.array([2.0, 3.0]))
    trace.backward(np.ones(2))
    np.testing.assert_array_equal(trace.output, [0.0, 9.0])
    np.testing.assert_array_equal(trace.grad["x"], [0.0, 6.0])

    copies = {
        lambda x: np.array(x) * 2: 1,
        lambda x: np.array(x, copy=False) * 2: 0,
        lambda x: np.array(x, dtype=np.float32) * 2: 0,
        lambda x: np.array([x[0], x[1]]) * 2: 0,
    }
    for function, count in copies.items():
        names = [node.primitive.name for node in bp.trace(function, x=np.ones((2, 3))).nodes if node.primitive]
        assert names.count("copy") == count
