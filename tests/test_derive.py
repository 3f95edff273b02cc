"""Derived code is run, and held against the trace it was derived from; its text against what a person would write."""

import ast
import inspect
import math
import re
from collections import Counter

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.code.derive import derive, written
from backpropviz.code.literals import digits
from backpropviz.code.pairs import pair
from backpropviz.code.straight import listing
from backpropviz.errors import TraceError
from backpropviz.layers.library import layer_names, load

SETTINGS = {
    "avgpool": [{"window": 3, "stride": 1}, {"window": (3, 2), "stride": (2, 1)}],
    "batchnorm": [{"eps": 0.1}, {"mode": "test"}, {"momentum": 0.7}],
    "conv": [{"stride": 2, "pad": 1}, {"stride": (1, 2), "pad": (2, 0)}],
    "conv_relu_pool": [{"stride": 2, "pad": 1, "window": (2, 1), "pool_stride": 1}],
    "conv_same": [{"padding": "valid"}, {"average": True}],
    "convnet": [{"pad": 0}, {"pad": 2}],
    "dropout": [{"keep": 0.4, "seed": 5}],
    "groupnorm": [{"G": 2}, {"G": 6, "eps": 0.01}],
    "layernorm": [{"eps": 0.5}],
    "maxpool": [{"window": 3, "stride": 1}, {"ties": "all"}],
    "spatial_batchnorm": [{"mode": "test"}, {"momentum": 0.7}],
    "svm_loss": [{"margin": 0.3}],
}
CASES = [(name, settings) for name in layer_names() for settings in [{}, *SETTINGS.get(name, [])]]


def run(trace, at=None):
    """The gradients that the derived function returns, by input; `at` another trace of the same function."""
    text = derive(trace)
    code = written(trace)
    assert str(code).splitlines() == [line for line in text.splitlines() if not line.startswith("    # it holds for")]
    namespace = {}
    exec(compile(str(code), "<derived>", "exec"), namespace)
    at = at or trace
    upstream = [node.value for node in at.upstream.values()]
    inputs = [node.value for node in at.inputs.values()]
    options = {name: value for name, value in at.settings.items() if name in code.settings}
    returned = namespace[code.name](*upstream, *inputs, **code.constants, **options)
    gradients = returned if isinstance(returned, tuple) else (returned,)
    assert len(gradients) == len(at.grad)
    return dict(zip(at.grad, gradients))


def assert_runs(trace, at=None):
    gradients = run(trace, at)
    for name, expected in (at or trace).grad.items():
        assert gradients[name].shape == expected.shape
        np.testing.assert_allclose(gradients[name], expected, rtol=1e-12, atol=1e-12, err_msg=name)


def assert_tidy(trace):
    """Every name is assigned once, and used; every parameter is an input, a setting that is used, or a constant."""
    tree = ast.parse(derive(trace))
    function = tree.body[-1]
    stored = Counter(n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    loaded = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    sizes = {name for size in trace.sizes for name in size.names}
    parameters = [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]
    if not trace.loops:  # a loop goes on with the names that it has
        assert [name for name, times in stored.items() if times > 1 or name in parameters] == []
    assert set(stored) - loaded - sizes - {"_"} == set()  # of `N, C, H, W = x.shape` a part may be enough
    assert {argument.arg for argument in function.args.kwonlyargs} <= loaded
    imported = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert imported <= loaded
    assert imported <= set(bp.__all__)


def lines(trace):
    return [line.strip() for line in derive(trace).splitlines()]


# ---- the layers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_derived_code_equals_the_trace(name, settings):
    for seed in (0, 1):
        trace = load(name).trace(settings, seed=seed)
        trace.backward(seed=seed)
        assert_runs(trace)
        assert_tidy(trace)


OTHER_SHAPES = {
    "affine": {"x": (3, 5), "w": (5, 2)},
    "affine_bn_relu": {"x": (6, 5), "w": (5, 2)},
    "affine_relu": {"x": (3, 5), "w": (5, 2)},
    "attention": {"x": (2, 5, 4), "wq": (4, 6)},
    "avgpool": {"x": (3, 2, 8, 7)},
    "batchnorm": {"x": (7, 2)},
    "mlp": {"x": (7, 4)},
    "conv": {"x": (3, 2, 7, 6), "w": (5, 2, 3, 1)},
    "conv_naive": {"x": (3, 2, 5, 6), "w": (2, 2, 2, 3)},
    "conv_relu": {"x": (3, 2, 7, 6), "w": (5, 2, 3, 1)},
    "conv_relu_pool": {"x": (3, 2, 8, 7), "w": (5, 2, 3, 2)},
    "conv_same": {"x": (1, 5, 7, 2), "w": (5, 3, 2, 6)},
    "convnet": {"x": (3, 2, 8, 6), "w1": (5, 2, 1, 3)},
    "embedding": {"x": (3, 5), "w": (4, 2)},
    "gate": {"x": (3, 4)},
    "groupnorm": {"x": (3, 9, 2, 5)},
    "layernorm": {"x": (2, 7)},
    "lstm": {"x": (3, 5, 2), "h0": (3, 4)},
    "lstm_step": {"x": (2, 5), "h": (2, 3)},
    "maxpool": {"x": (3, 2, 8, 7)},
    "maxpool_naive": {"x": (3, 2, 8, 7)},
    "relu": {"x": (3, 4, 2)},
    "rnn": {"x": (3, 5, 2), "h0": (3, 4)},
    "rnn_step": {"x": (2, 5), "h": (2, 4)},
    "sigmoid": {"x": (3, 4, 2)},
    "softmax_classifier": {"w": (5, 3), "x": (6, 5)},
    "softmax_loss": {"x": (6, 5)},
    "spatial_batchnorm": {"x": (3, 2, 4, 7)},
    "svm_classifier": {"w": (5, 3), "x": (6, 5)},
    "svm_loss": {"x": (6, 5)},
    "tanh": {"x": (3, 4, 2)},
    "temporal_affine": {"x": (3, 5, 2)},
    "temporal_softmax_loss": {"x": (3, 2, 5)},
}


def test_every_layer_without_constants_is_tried_at_another_shape():
    assert set(layer_names()) - set(OTHER_SHAPES) == {"dropout"}  # its mask has the one shape


@pytest.mark.parametrize("name", OTHER_SHAPES)
def test_derived_code_holds_for_inputs_of_other_shapes(name):
    layer = load(name)
    small, other = layer.trace(), layer.trace(shapes=OTHER_SHAPES[name], seed=3)
    small.backward()
    other.backward(seed=3)
    same_axes = [small.inputs[k].value.ndim == node.value.ndim for k, node in other.inputs.items()]
    if all(same_axes):
        assert_runs(small, at=other)
    else:
        assert name in ("affine", "gate", "relu", "sigmoid", "tanh")
        assert_runs(other)


@pytest.mark.parametrize(("name", "settings"), [("conv", {"stride": 3, "pad": 2}), ("batchnorm", {"eps": 0.3})])
def test_settings_can_be_changed_in_derived_code(name, settings):
    layer = load(name)
    trace, other = layer.trace(), layer.trace(settings)
    trace.backward()
    other.backward()
    assert_runs(trace, at=other)


@pytest.mark.parametrize("name", ["batchnorm", "conv"])
def test_golden(name, golden):
    golden(f"derive_{name}.txt", derive(load(name).trace()))


def test_conv_reads_as_a_person_writes_it():
    written = lines(load("conv").trace())
    assert "dbiased = dout.reshape(N, F, -1)" in written
    assert "dx = col2im(dx_col, x.shape, w.shape[2:], stride=stride, pad=pad)" in written
    assert not any(line.startswith(("scores =", "biased =")) for line in written)  # not computed to be measured


# ---- a user's own functions ------------------------------------------------------------------------------------------


def fan_out(x, w):
    a = x * w
    b = a + x
    c = a * b
    out = c + a + b * x
    return out


def unnamed_twice(x, w):
    return np.exp(x + w) * (x + w) + np.sqrt(x * x + 1) / (x * x + 1)


def named_after_use(x):
    a = np.exp(x) * 2
    e = np.exp(x)
    return a * e * np.tanh(np.exp(x))


def other_way_round(x, w):
    return np.where(x > 0, x - w, w - x) / (1 / (x - 3) + (3 - x) / 2) ** 2


def literals_apart(x):
    return np.where(x > 0, x * 2, np.where(x < -1, -1.0, x**2))


def mask(x):
    kept = np.array([[True, False, True]]) * x
    scale = np.array([1.0, 2.0, 4.0])
    scale = scale * kept
    return scale * np.array([0.5, 0.25, 1.0])


def constants_in_a_loop(x):
    total = x
    for i in range(3):
        shift = np.array([0.0, 1.0, 4.0]) + i
        total = total * (x + shift)
    return total


def fancy(x, labels):
    N = x.shape[0]
    right = x[np.arange(N), labels]
    columns = x[:, [0, 2, 0]]
    large = x[x > 0.2]
    return right.sum() + np.sum(columns**2) + np.sum(large**3)


def maxima(x):
    rows = x.max(axis=1)
    largest = np.max(x)
    return np.minimum(x, 0.3) + np.maximum(x, rows[:, None]) * largest


def moved(x):
    a = x.reshape(-1, 3).T
    b = np.transpose(x.reshape(2, 2, 3), (2, 0, 1))
    c = np.moveaxis(np.swapaxes(b, 0, 2), -1, 0)
    d = np.squeeze(np.expand_dims(c.ravel(), 0))
    return d.sum() * a[0, 0] + np.concatenate([a, a * 2], axis=1).sum(axis=0)


def gradient_names(x, dx_2):
    x = x * dx_2
    dx = x + dx_2
    x = x * dx
    dx_1 = x + dx
    return dx_1 * x


def upstream_names(dout, out):
    out = dout * out
    ddout = out + dout
    return ddout * out


def size_names(x):
    N, D = x.shape
    N = N * 2
    z = x / N
    D = np.mean(z, axis=0)
    return z * D


def assigned_again(x):
    x = x.reshape(2, 2, 3)
    N, M, D = x.shape
    return np.sum(x * x, axis=0) / N + x / (M * D)


def settings(x, *, alpha=0.1, power=2, axis=0, flag=True, scales=(1, 2)):
    y = alpha * x**power if flag else x
    z = np.sum(y, axis=axis)
    return z * scales[1] / (1 + alpha)


def positional_setting(x, eps=1e-5):
    return 1.0 * x / np.sqrt(np.mean(x**2) + eps)


def half_squared(x, w):
    d = x - w
    return 0.5 * np.sum(d * d) / len(x)


def same_name_again(x):
    y = x
    y = y + 1
    y *= x
    y -= x
    return y


def loop(x, m):
    h = x
    for _ in range(3):
        h = np.tanh(h @ m)
    return h


def padded(x):
    p = np.pad(x, ((1, 0), (2, 1)))
    return p[:-1, 1:] * p[1:, :-1]


def contracted(x, m):
    return np.einsum("ij,jk->ik", x, m) * np.einsum("ij->i", x)[:, None] + np.dot(x, m) + np.tensordot(x, m, axes=1)


def moments(x):
    return x.var(axis=0) + np.std(x, axis=0, ddof=1) + np.prod(x, axis=0) + np.cumsum(x, axis=0)[-1]


def normed(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def clipped(x):
    return np.clip(x, -0.5, 0.5) + np.abs(x) + np.clip(x, None, 1.0)


def masked_by_infinity(x):
    scores = np.where(np.tri(4, 3) > 0, x, -np.inf)
    e = np.exp(scores)
    return e / np.sum(e, axis=1, keepdims=True)


def single_entries(x):
    s = x[0, 0]
    t = s * 3 + 1
    return t * t * x[-1, 1]


def sizes_in_code(x, m):
    N, D = x.shape
    H = m.shape[1]
    z = (x @ m) / N / D
    y = z.reshape(N * H)
    return y.reshape(H, N) * (1.0 / N) + 1 / (2 * H)


def signs_and_powers(x):
    return -((x**2) ** 1.5) - (-(x - 1)) - (x - (x - x * 2)) / (x / (x * 3)) + x**3 - (-x) ** 2 * -1 + 2**x


def copies(x):
    twice = np.repeat(x, 2, axis=0)
    return twice * np.tile(x, (2, 1)) + np.flip(np.roll(twice, 1, axis=0), axis=0)


def sorted_rows(x):
    return np.take_along_axis(x, np.argsort(x, axis=1), axis=1) * np.arange(3) + x[np.argmax(x, axis=0), :].sum()


def inner(x):
    def double(a):
        b = a * 2
        return b * a

    y = double(x)
    return y + double(y)


def unused(x, w):
    forgotten = np.exp(x)
    y = x * w
    other = y + forgotten  # noqa: F841
    return y


def two_outputs(x, w):
    a = x * w
    b = np.exp(a)
    return a, b


OWN = [
    fan_out, unnamed_twice, named_after_use, other_way_round, literals_apart, mask, constants_in_a_loop, fancy, maxima,
    moved, gradient_names, upstream_names, size_names, assigned_again, settings, positional_setting, half_squared,
    same_name_again, loop, padded, contracted, moments, normed, clipped, masked_by_infinity, single_entries,
    sizes_in_code, signs_and_powers, copies, sorted_rows, inner, unused, two_outputs,
]  # fmt: skip


def own_trace(function, rows=4):
    random = np.random.default_rng(1)
    inputs = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.default is not parameter.empty:
            continue
        shape = {"m": (3, 3)}.get(name, (rows, 3))
        inputs[name] = random.integers(0, 3, rows) if name == "labels" else random.normal(0, 1, shape)
    trace = bp.trace(function, **inputs)
    outputs = trace.outputs
    trace.backward({node.name: random.normal(size=node.shape) for node in outputs} if len(outputs) > 1 else None)
    return trace


@pytest.mark.parametrize("function", OWN, ids=lambda f: f.__name__)
def test_a_function_of_ones_own(function):
    trace = own_trace(function)
    assert_runs(trace)
    assert_tidy(trace)


@pytest.mark.parametrize(
    "function",
    [fan_out, size_names, half_squared, fancy, maxima, normed, sizes_in_code, moments, copies],
    ids=lambda f: f.__name__,
)
def test_sizes_are_named_so_that_other_batches_fit(function):
    assert_runs(own_trace(function), at=own_trace(function, rows=7))


def test_equal_sizes_of_different_origin_are_kept_apart():
    def means(x):
        N, D = x.shape
        return np.sum(x, axis=0) / N + np.sum(x * x) / D

    square = bp.trace(means, x=np.random.default_rng(0).normal(size=(3, 3)))
    square.backward()
    other = bp.trace(means, x=np.random.default_rng(0).normal(size=(5, 2)))
    other.backward()
    assert_runs(square, at=other)


def test_what_is_computed_twice_is_computed_once():
    code = [line for line in lines(bp.trace(unnamed_twice, x=np.ones(2), w=np.ones(2))) if not line.startswith("#")]
    for part in ("np.exp(", "np.sqrt(", "x + w", "x * x"):
        assert sum(line.count(part) for line in code) == 1


def test_what_reaches_no_input_is_left_out():
    code = derive(bp.trace(unused, x=np.ones(2), w=np.ones(2)))
    assert "forgotten" not in code
    assert "other" not in code


def test_a_primitive_of_ones_own_is_imported_from_its_file(tmp_path, monkeypatch):
    text = """
from backpropviz import im2col, primitive

@primitive
def cube(x):
    return x * x * x

@cube.vjp
def cube_vjp(g, out, x):
    return g * (3 * x * x) + 0 * cube(x)

def layer(x):
    columns = im2col(cube(x), 2)
    return columns * columns
"""
    (tmp_path / "of_ones_own.py").write_text(text)
    trace = load(f"{tmp_path}/of_ones_own.py:layer").trace(shapes={"x": (1, 2, 3, 3)})
    trace.backward()
    assert "from backpropviz import col2im, im2col" in lines(trace)
    assert "from of_ones_own import cube" in lines(trace)
    monkeypatch.syspath_prepend(tmp_path)
    assert_runs(trace)


def test_a_long_chain_is_derived_without_recursion():
    def chain(x):
        for _ in range(3000):
            x = x + 0.001
        return x

    trace = bp.trace(chain, x=np.array([1.0, 2.0]))
    np.testing.assert_array_equal(run(trace)["x"], trace.grad["x"])


def test_defaults_are_settings_of_the_derived_function():
    assert "def positional_setting_backward(dout, x, *, eps=1e-5):" in lines(bp.trace(positional_setting, x=np.ones(3)))


def test_a_function_without_float_inputs_is_refused():
    def count(labels):
        return labels + 1

    with pytest.raises(TraceError, match="no input of count gets a gradient"):
        derive(bp.trace(count, labels=np.array([True, False])))


def test_derive_computes_the_backward_pass_if_it_has_not_run():
    trace = load("relu").trace()
    assert trace.dout is None
    assert "dx = dout * (x > 0)" in derive(trace)


# ---- numbers and arrays made from sizes ------------------------------------------------------------------------------


def attention(x, wq, wk):
    T, D = x.shape
    q, k = x @ wq, x @ wk
    mask = np.triu(np.full((T, T), -1e9), k=1)
    s = q @ k.T / np.sqrt(D) + mask
    p = np.exp(s - math.log(T)) * (np.tril(np.ones((T, T))) + 2)
    return p @ x / float(D)


def attention_at(size):
    random = np.random.default_rng(size)
    w = {name: random.standard_normal((size - 1, size - 1)) for name in ("wq", "wk")}
    trace = bp.trace(attention, x=random.standard_normal((size, size - 1)), **w)
    trace.backward()
    return trace


def test_numbers_and_arrays_made_from_sizes_are_made_again():
    trace = attention_at(4)
    code = derive(trace)
    assert [text for text in ("np.sqrt(D)", "math.log(T)", "float(D)") if text not in code] == []
    assert "mask = np.triu(np.full((T, T), -1e9), k=1)" in code
    assert "(np.tril(np.ones((T, T))) + 2)" in code  # composed by an operator, and without a name
    assert listing(trace).constants == {}
    assert_runs(trace, at=attention_at(6))


def ridge(x, y, *, lam=0.3):
    return np.linalg.solve(x.T @ x + lam * np.eye(x.shape[1]), x.T @ y)


def own_words(scores, words):
    N, T, _ = scores.shape
    return scores[np.arange(N)[:, None], np.arange(T)[None], words] * (0.9 ** np.arange(T))


@pytest.mark.parametrize("seed", [1, 2])
def test_arrays_made_in_the_middle_of_an_expression_are_made_again(seed):
    def traces(n, d):
        random = np.random.default_rng(seed)
        yield bp.trace(ridge, x=random.standard_normal((n, d)), y=random.standard_normal(n))
        words = random.integers(0, d, (n, d + 1))
        yield bp.trace(own_words, scores=random.standard_normal((n, d + 1, d)), words=words)

    for small, large in zip(traces(5, 3), traces(7, 4)):
        small.backward(), large.backward()
        assert listing(small).constants == {}
        assert_runs(small, at=large)


def test_named_arrays_hold_for_other_shapes():
    def masked(x):
        T = x.shape[0]
        past = np.tril(np.ones((T, T))) * 0.5
        return past @ x / np.sqrt(T)

    small, large = (bp.trace(masked, x=np.random.default_rng(n).standard_normal((n, 2))) for n in (3, 5))
    small.backward()
    large.backward()
    assert_runs(small, at=large)


def test_single_and_double_precision_stay_what_they_are():
    def scaled(x):
        return x / np.sqrt(x.shape[1]), x / math.sqrt(x.shape[1])

    x = np.ones((2, 3), np.float32)
    widened, kept = scaled(x)
    trace = bp.trace(scaled, x=x)
    assert [node.value.dtype for node in trace.outputs] == [widened.dtype, kept.dtype]
    assert np.array_equal(trace.output, widened)


def test_an_array_that_was_changed_after_it_was_made_is_handed_in():
    def changed(x):
        mask = np.ones(3)
        mask[0] = 0
        return x * mask

    trace = bp.trace(changed, x=np.random.default_rng(0).standard_normal((2, 3)))
    trace.backward()
    assert listing(trace).constants.keys() == {"mask"}
    assert_runs(trace)


def test_drawn_numbers_are_drawn_again_from_a_seed_only():
    def seeded(x, *, seed=3):
        mask = np.random.default_rng(seed).random(x.shape) < 0.5
        return x * mask

    def unseeded(x):
        mask = np.random.rand(*x.shape) < 0.5
        return x * mask

    for layer, handed_in in ((seeded, set()), (unseeded, {"mask"})):
        trace = bp.trace(layer, x=np.random.default_rng(0).standard_normal((4, 3)))
        trace.backward()
        assert listing(trace).constants.keys() == handed_in
        assert_runs(trace)
    assert "# mask (4, 3) is made by the layer itself: mask = np.random.rand(*x.shape) < 0.5" in derive(trace)


# ---- names and turns -------------------------------------------------------------------------------------------------


def test_axes_turned_there_and_back_are_not_written():
    def scores(q, k):
        s = q @ k.swapaxes(-1, -2) / 2 + q @ k.T
        return np.transpose(s[None], (1, 2, 0))

    random = np.random.default_rng(0)
    trace = bp.trace(scores, q=random.standard_normal((4, 3)), k=random.standard_normal((5, 3)))
    trace.backward()
    code = derive(trace)
    assert [
        text for text in (".T.T", ".swapaxes(-1, -2).T", ".swapaxes(-1, -2).swapaxes(-1, -2)") if text in code
    ] == []
    assert "ds @ k" in code
    assert_runs(trace)


def test_a_gradient_inside_a_step_goes_by_the_step():
    def scores(q, k):
        s = q @ k.T / 2
        return s

    random = np.random.default_rng(0)
    trace = bp.trace(scores, q=random.standard_normal((4, 3)), k=random.standard_normal((5, 3)))
    trace.backward()
    assert "ds_inner = dout / 2" in derive(trace)
    assert_runs(trace)


# ---- sizes that a sample hides ---------------------------------------------------------------------------------------


def picked_by_a_range(x, y):
    rows = range(x.shape[0])
    return np.sum(x[rows, y] ** 2)


def of_all_entries(x):
    return x * np.sum(x**2) / x.size


def channels_last(x):
    C = x.shape[1]
    flat = np.moveaxis(x, 1, -1).reshape(-1, C)
    return flat * np.sum(flat**2, axis=0)


def of_those_above(x):
    return np.mean(x[x > 0] ** 2)


@pytest.mark.parametrize("function", [of_all_entries, channels_last, of_those_above])
def test_sizes_are_followed_and_not_copied_from_the_sample(function):
    small, large = (bp.trace(function, x=np.random.default_rng(n).normal(size=(n, n + 1, n + 2))) for n in (2, 4))
    for trace in (small, large):
        trace.backward()
    assert_runs(small, at=large)


def test_a_range_beside_labels_is_as_long_as_they_are():
    small, large = (bp.trace(picked_by_a_range, x=np.ones((n, 3)) * n, y=np.zeros(n, int)) for n in (3, 5))
    for trace in (small, large):
        trace.backward()
    assert_runs(small, at=large)


def signs_and_constants(x, *, slope=1.5):
    z = (np.log(2 * np.pi) - x) / np.sqrt(2)
    s = 1 / (1 + np.exp(-slope * z))
    out = np.sum(np.where(s > 0.2, s, -1e9) * z, axis=1)
    return out


def test_signs_cancel_and_constants_are_written_as_in_the_source():
    trace = bp.trace(signs_and_constants, x=np.linspace(-1, 1, 6).reshape(2, 3))
    trace.backward()
    code = derive(trace)
    assert_runs(trace)
    assert "np.log(2 * np.pi)" in code
    assert "/ np.sqrt(2)" in code
    assert "-1e9" in code
    assert "dout[:, None]" in code
    assert not re.search(r"-\(-|\* -", code.partition("# step")[2])  # one sign at most
    assert "1.41421" not in code


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-5, "1e-5"), (1.5e-7, "1.5e-7"), (1e9, "1e9"), (1e16, "1e16"), (2.5e22, "2.5e22"), (1e5, "100000.0"),
        (1234567.25, "1234567.25"), (0.1, "0.1"), (-1e9, "-1e9"), (3, "3"), (True, "True"), (1e-100, "1e-100"),
    ],
)  # fmt: skip
def test_numbers_are_short_and_the_same(value, text):
    assert digits(value) == text
    assert ast.literal_eval(text) == value


def raised(x, *, gamma=2.0):
    out = np.sum((1 - x) ** gamma * x)
    return out


@pytest.mark.parametrize("gamma", [2.0, 1.0, 0.5, 3.0, 0])
def test_an_exponent_that_is_a_setting_is_one_in_derived_code(gamma):
    trace = bp.trace(raised, x=np.linspace(0.1, 0.9, 5), gamma=gamma)
    trace.backward()
    space = {}
    exec(derive(trace), space)
    for other in (gamma, 1.5):
        again = bp.trace(raised, x=np.linspace(0.1, 0.9, 5), gamma=other)
        again.backward(np.asarray(1.5))
        if gamma:  # of a power 0 nothing is left to write
            np.testing.assert_allclose(
                space["raised_backward"](1.5, np.linspace(0.1, 0.9, 5), gamma=other), again["x"].grad, rtol=1e-12
            )


def halves_swapped(x):
    half = x.shape[-1] // 2
    return np.concatenate([-x[..., half:], x[..., :half]], axis=-1)


def wavelet(x):
    even, odd = x[0::2], x[1::2]
    return np.concatenate([even + odd, even - odd])


def differences(x):
    d = x[1:] - x[:-1]
    return np.concatenate([d, x[:, ::-1][:-2] * 3, x[:2]])


@pytest.mark.parametrize("function", [halves_swapped, wavelet, differences])
def test_lengths_of_parts_are_worked_out_from_the_whole(function):
    random = np.random.default_rng(0)
    trace = bp.trace(function, x=random.standard_normal((4, 6)))
    trace.backward()
    code = derive(trace)
    assert "to the shapes that this was derived from" not in code
    space = {}
    exec(code, space)
    x = random.standard_normal((6, 8))
    again = bp.trace(function, x=x)
    again.backward(dout := random.standard_normal(again.outputs[0].shape))
    np.testing.assert_allclose(space[f"{function.__name__}_backward"](dout, x), again["x"].grad, rtol=1e-12)


def test_a_median_of_a_single_number_comes_back_without_new_axes():
    trace = bp.trace(lambda x: np.quantile(x * 2, [0.1, 0.9]), x=np.array(1.5))
    trace.backward()
    assert_runs(trace)


FIXED = np.arange(6.0).reshape(2, 3)


def test_a_contraction_with_an_array_of_the_files_own_has_the_lengths_of_both():
    t = bp.trace(lambda x: np.sum(np.tensordot(FIXED, x, axes=1), axis=0), x=np.ones((3, 4)))
    t.backward(np.array([1.0, 2.0, 3.0, 4.0]))
    assert_runs(t)


def in_parts(x, *, step=2):
    out = np.empty_like(x)
    for c in range(0, len(x), step):
        block = x[c : c + step]
        out[c : c + step] = (block - np.mean(block, axis=0)) * block
    return out


def in_pairs(x):
    out = np.empty_like(x)
    for c in range(0, len(x), 2):
        pair = x[c : c + 2]
        out[c : c + 2] = (pair - np.mean(pair, axis=0)) * pair
    return out


def in_parts_without_a_name(x, *, step=2):
    out = np.empty_like(x)
    for c in range(0, len(x), step):
        out[c : c + step] = (x[c : c + step] - np.mean(x[c : c + step], axis=0)) * x[c : c + step]
    return out


def in_columns_without_a_name(x):
    parts = []
    for c in range(0, x.shape[0], 2):
        parts.append(np.sum(x.T[:, c : c + 2].reshape(-1) ** 2) * np.mean(x.T[:, c : c + 2]))
    return np.array(parts)


@pytest.mark.parametrize("function", [in_parts, in_pairs, in_parts_without_a_name, in_columns_without_a_name])
def test_the_last_part_of_an_axis_may_be_shorter_elsewhere(function):
    here, elsewhere = (bp.trace(function, x=np.random.default_rng(n).normal(size=(n, 3))) for n in (6, 7))
    for trace in (here, elsewhere):
        trace.backward()
    assert "range(0, " in derive(here)
    assert_runs(here)
    assert_runs(here, elsewhere)


def counted_in_twos(x):
    total = 0.0
    for k in range((x.shape[0] + 1) // 2):
        total = total + np.tanh(np.mean(x[2 * k : 2 * k + 2], axis=0))
    return total


def counted_by_a_setting(x, *, size=2):
    out = np.zeros((-(-len(x) // size), x.shape[1]))
    for k in range(len(out)):
        part = x[size * k : size * k + size]
        out[k] = np.sum(part**2, axis=0) / part.shape[0]
    return out


def counted_with_a_start(x):
    parts = []
    for k in range(-(-x.shape[0] // 2)):
        begin = 2 * k
        parts.append(np.mean(x[begin : begin + 2], axis=0) ** 2)
    return np.stack(parts)


@pytest.mark.parametrize("sizes", [(6, 7), (7, 6), (5, 8)])
@pytest.mark.parametrize("function", [counted_in_twos, counted_by_a_setting, counted_with_a_start])
def test_a_part_that_a_counter_cuts_may_be_shorter_here_or_elsewhere(function, sizes):
    here, elsewhere = (bp.trace(function, x=np.random.default_rng(n).normal(size=(n, 3))) for n in sizes)
    for trace in (here, elsewhere):
        trace.backward()
    for text in (derive(here), pair(here)):
        assert "range(" in text
        assert "it holds for" not in text
        space = {}
        exec(text, space)
        for trace in (here, elsewhere):
            x, dout = trace["x"].value, next(iter(trace.upstream.values())).value
            if text.startswith("import numpy as np\n\n\ndef " + f"{function.__name__}_forward"):
                out, cache = space[f"{function.__name__}_forward"](x)
                np.testing.assert_allclose(out, trace.output, rtol=1e-12)
                dx = space[f"{function.__name__}_backward"](dout, cache)
            else:
                dx = space[f"{function.__name__}_backward"](dout, x)
            np.testing.assert_allclose(dx, trace["x"].grad, rtol=1e-12)


def frozen_setting(x, *, p=1.5, k=2):
    return np.tanh(x * float(f"{p}")) * int(f"{k}") + p


def halved_by_hand(x):
    sizes = [n for n in (8, 6, 4) if n <= x.shape[0]]
    return np.sum(x[: sizes[0]], axis=0) * x[0]


@pytest.mark.parametrize("write", [derive, pair])
def test_code_says_for_which_sizes_and_settings_it_holds_where_no_rule_can_tell(write):
    trace = bp.trace(frozen_setting, x=np.linspace(-1, 1, 6).reshape(2, 3))
    text = write(trace)
    assert "# it holds for p = 1.5, and not for p = 1.875\n" in text
    assert "# it holds for k = 2, and not for k = 3\n" in text
    assert "shape" not in text
    text = write(bp.trace(halved_by_hand, x=np.linspace(-1, 1, 24).reshape(8, 3)))
    assert "# it holds for x.shape[0] = 8, and not for x.shape[0] = 7\n" in text


def cut_up(x, *, p=3.75):
    frac, whole = np.modf(p)
    mantissa, exponent = np.frexp(p)
    fraction, entire = math.modf(p)
    often, rest = divmod(p, 2)
    return (
        x * frac + x**2 * whole + x**3 * mantissa * exponent + fraction * np.sin(x) + entire * x + often * rest * x**4
    )


def test_what_a_call_makes_of_a_setting_in_several_parts_keeps_its_name():
    here, elsewhere = (bp.trace(cut_up, x=np.linspace(-1, 1, 6), p=p) for p in (3.75, 5.25))
    for trace in (here, elsewhere):
        trace.backward()
    assert "it holds for" not in derive(here)
    assert_runs(here)
    space = {}
    exec(derive(here), space)
    dout = next(iter(elsewhere.upstream.values())).value
    dx = space["cut_up_backward"](dout, elsewhere["x"].value, p=5.25)
    np.testing.assert_allclose(dx, elsewhere["x"].grad, rtol=1e-12)


def often(x, *, rate=0.5, n=3):
    turned = rate
    for _ in range(3000):
        rate = rate * 0.999
        n = n + 1
        turned = -turned
        turned = abs(turned * 1.0)
    return np.tanh(x * rate) + n * x * turned


def test_a_number_that_thousands_of_rounds_have_made_is_written_out():
    trace = bp.trace(often, x=np.linspace(-1, 1, 6))
    trace.backward()
    assert_runs(trace)
    text = derive(trace)
    assert len(text) < 1000
    assert "it holds for rate = 0.5" in text
    assert "it holds for n = 3" in text


def spread_by_sizes(x, w):
    H = x.shape[1]
    a = x @ w
    return a[:, :H] * np.tanh(a[:, H:])


def test_sizes_that_do_not_go_together_are_not_held_against_code():
    trace = bp.trace(spread_by_sizes, x=np.linspace(-1, 1, 6).reshape(3, 2), w=np.linspace(0, 1, 8).reshape(2, 4))
    assert "it holds for" not in derive(trace)


def neighbours(x):
    losses = []
    for t in range(1, len(x)):
        losses.append(np.sum(x[t] * x[t - 1]))
    return np.mean(np.stack(losses))


def rows(x):
    return np.mean(np.stack([np.sum(row**2) for row in x]))


def fewer(x, *, n=5):
    losses = []
    for t in range(n - 2):
        losses.append(np.sum(x[t] ** 2))
    return np.mean(np.stack(losses))


@pytest.mark.parametrize(
    ("function", "part"),
    [(neighbours, "dout / len(losses) *"), (rows, "dout / x.shape[0] *"), (fewer, "dout / (n - 2) *")],
)
def test_how_often_a_loop_runs_stands_in_parentheses_where_it_is_a_difference(function, part):
    trace = bp.trace(function, x=np.random.default_rng(0).normal(size=(5, 3)))
    trace.backward()
    assert part in derive(trace)
    assert_runs(trace)
