"""Every layer in graphs/ against oracles that know nothing of the engine.

Outputs are held against formulas written down again here, gradients against central differences of the bare function,
for random shapes and settings and a random upstream gradient.
"""

from __future__ import annotations

import inspect
from itertools import product

import numpy as np
import pytest

from backpropviz.errors import InputError
from backpropviz.layers.library import Layer, graphs_directory, layer_names, load

LAYERS = layer_names()


def sizes(random, count, low=2, high=5):
    """Different lengths, one for each axis."""
    return tuple(int(n) for n in random.permutation(np.arange(low, max(high, low + count - 1) + 1))[:count])


def image(random, least=3):
    """A shape (N, C, H, W) of small images, H and W different and at least `least`."""
    return (*sizes(random, 2, 2, 4), *sizes(random, 2, least, least + 2))


def conv_case(random):
    x = image(random)
    w = (int(random.integers(1, 5)), x[1], *sizes(random, 2, 1, 3))
    stride, pad = (tuple(int(n) for n in random.integers(low, 3, 2)) for low in (1, 0))
    return {"x": x, "w": w}, {"stride": stride, "pad": pad}


def pool_case(random):
    settings = {"window": sizes(random, 2, 1, 3), "stride": tuple(int(n) for n in random.integers(1, 4, 2))}
    return {"x": image(random, 4)}, settings


def norm_case(shape):
    def case(random):
        settings = {"eps": float(random.choice([1e-5, 0.1]))}
        settings |= [{}, {"mode": "test"}, {"momentum": 0.7}][random.integers(3)]
        return {"x": shape(random)}, settings

    return case


def group_case(random):
    groups, each = sizes(random, 2, 1, 3)
    n, h, w = sizes(random, 3, 2, 5)
    return {"x": (n, groups * each, h, w)}, {"G": groups}


def same_case(random):
    n, h, w, c = sizes(random, 4, 2, 6)
    filters = ((3, 1), (1, 3), (3, 5))[random.integers(3)]
    padding = ("same", "valid")[random.integers(2)] if filters[1] <= w + 1 else "same"
    return {"x": (n, h + 1, w + 1, c), "w": (*filters, c, 3)}, {"padding": padding}


def convnet_case(random):
    n, c, f = sizes(random, 3, 2, 4)
    h, w = sizes(random, 2, 4, 6)
    pad = int(random.integers(0, 2))
    return {"x": (n, c, h, w), "w1": (f, c, *sizes(random, 2, 1, 3))}, {"pad": pad}


def loops_case(random):
    x = (2, *sizes(random, 3, 3, 5))
    w = (2, x[1], *sizes(random, 2, 1, 3))
    return {"x": x, "w": w}, {"stride": int(random.integers(1, 3)), "pad": int(random.integers(0, 2))}


def stage_case(random):
    settings = {"pad": int(random.integers(0, 2)), "window": (2, 1), "pool_stride": int(random.integers(1, 3))}
    x = image(random, 4)
    return {"x": x, "w": (2, x[1], *sizes(random, 2, 2, 3))}, settings


def attention_case(random):
    heads, each, features = sizes(random, 3, 1, 4)
    return {"x": (*sizes(random, 2), features), "wq": (features, heads * each)}, {"heads": heads}


CASES = {
    "affine": lambda random: ({"x": sizes(random, int(random.integers(2, 5)))}, {}),
    "affine_bn_relu": lambda random: ({"x": sizes(random, 2)}, {"eps": 0.1}),
    "affine_relu": lambda random: ({"x": sizes(random, 3)}, {}),
    "attention": attention_case,
    "avgpool": pool_case,
    "batchnorm": norm_case(lambda random: sizes(random, 2)),
    "conv": conv_case,
    "conv_naive": loops_case,
    "conv_relu": conv_case,
    "conv_relu_pool": stage_case,
    "conv_same": same_case,
    "convnet": convnet_case,
    "dropout": lambda random: (
        {"x": sizes(random, 2)},
        {"keep": float(random.uniform(0.3, 0.9)), "seed": int(random.integers(100)), "mode": "train"},
    ),
    "embedding": lambda random: ({"x": sizes(random, 2), "w": sizes(random, 2)}, {}),
    "gate": lambda random: ({"x": sizes(random, int(random.integers(1, 3)))}, {}),
    "groupnorm": group_case,
    "layernorm": lambda random: ({"x": sizes(random, int(random.integers(2, 4)))}, {"eps": 0.01}),
    "lstm": lambda random: ({"x": sizes(random, 3, 2, 4)}, {}),
    "lstm_step": lambda random: ({"x": sizes(random, 2)}, {}),
    "maxpool": lambda random: (
        pool_case(random)[0],
        pool_case(random)[1] | {"ties": str(random.choice(["first", "all"]))},
    ),
    "maxpool_naive": lambda random: (
        {"x": image(random)},
        {"window": int(random.integers(1, 4)), "stride": int(random.integers(1, 4))},
    ),
    "mlp": lambda random: (
        {"x": sizes(random, 2)},
        {"n_hidden": int(random.integers(2, 6)), "n_out": int(random.integers(1, 5))},
    ),
    "relu": lambda random: ({"x": sizes(random, int(random.integers(1, 5)))}, {}),
    "rnn": lambda random: ({"x": sizes(random, 3)}, {}),
    "rnn_step": lambda random: ({"x": sizes(random, 2)}, {}),
    "sigmoid": lambda random: ({"x": sizes(random, 3)}, {}),
    "softmax_classifier": lambda random: ({"w": sizes(random, 2)}, {"reg": float(random.uniform(0, 1))}),
    "softmax_loss": lambda random: ({"x": sizes(random, 2)}, {}),
    "spatial_batchnorm": norm_case(image),
    "svm_classifier": lambda random: ({"w": sizes(random, 2)}, {"share": float(random.uniform(0.5, 1))}),
    "svm_loss": lambda random: ({"x": sizes(random, 2)}, {"margin": float(random.uniform(0.1, 2.0))}),
    "tanh": lambda random: ({"x": sizes(random, 3)}, {}),
    "temporal_affine": lambda random: ({"x": sizes(random, 3)}, {}),
    "temporal_softmax_loss": lambda random: ({"x": sizes(random, 3)}, {}),
}


def cases(name, count):
    """`count` random runs of a layer: its arguments, inputs and settings together."""
    layer = load(name)
    random = np.random.default_rng([ord(c) for c in name])
    for seed in range(count):
        shapes, settings = CASES[name](random)
        arguments = layer.arguments(seed=seed, shapes=shapes, inputs=settings)
        if hasattr(layer.function, "of_constructor"):  # what its object holds is an input, too
            held = layer.trace(arguments, verify=False, seed=seed).inputs
            arguments |= {key: node.value for key, node in held.items()}
        yield layer, arguments


def call(layer: Layer, arguments):
    """All that the bare function returns, as a tuple."""
    returned = layer.function(**arguments)
    return returned if isinstance(returned, tuple) else (returned,)


def numeric_gradient(layer, arguments, name, dout, h=1e-6):
    """d sum(out * dout) / d arguments[name] by central differences on the bare function."""
    value = arguments[name]
    gradient = np.empty_like(value)
    for index in np.ndindex(value.shape):
        ends = []
        for sign in (1, -1):
            moved = value.copy()
            moved[index] += sign * h
            ends.append(call(layer, {**arguments, name: moved})[0])
        gradient[index] = np.sum((ends[0] - ends[1]) * dout) / (2 * h)
    return gradient


def windows(x, window, stride):
    """Every window of images x (N, C, H, W) with its place in the output: i, j, the rows, the columns."""
    (hh, ww), (sy, sx) = np.broadcast_to(window, 2), np.broadcast_to(stride, 2)
    for i, top in enumerate(range(0, x.shape[2] - hh + 1, sy)):
        for j, left in enumerate(range(0, x.shape[3] - ww + 1, sx)):
            yield i, j, slice(top, top + hh), slice(left, left + ww)


def pooled(x, window, stride, reduce):
    places = list(windows(x, window, stride))
    out = np.empty((*x.shape[:2], places[-1][0] + 1, places[-1][1] + 1))
    for i, j, rows, columns in places:
        out[:, :, i, j] = reduce(x[:, :, rows, columns], axis=(2, 3))
    return out


def correlate(x, w, b, stride, pad):
    """Convolution by the definition, on NCHW, all in one einsum per output place."""
    (sy, sx), (py, px) = np.broadcast_to(stride, 2), np.broadcast_to(pad, 2)
    padded = np.pad(x, ((0, 0), (0, 0), (py, py), (px, px)))
    places = list(windows(padded, w.shape[2:], (sy, sx)))
    out = np.empty((len(x), len(w), places[-1][0] + 1, places[-1][1] + 1))
    for i, j, rows, columns in places:
        out[:, :, i, j] = np.einsum("nchw,fchw->nf", padded[:, :, rows, columns], w) + b
    return out


def normalize(x, axes, shape, gamma, beta, eps, mean=None, var=None):
    mean = x.mean(axis=axes, keepdims=True) if mean is None else mean.reshape(shape)
    var = x.var(axis=axes, keepdims=True) if var is None else var.reshape(shape)
    return gamma.reshape(shape) * (x - mean) / np.sqrt(var + eps) + beta.reshape(shape)


def batch_normalize(x, gamma, beta, eps=1e-5, mode="train", momentum=0.9, running_mean=None, running_var=None):
    axes = (0,) if x.ndim == 2 else (0, 2, 3)
    shape = (-1,) if x.ndim == 2 else (-1, 1, 1)
    if mode == "test":
        return (normalize(x, axes, shape, gamma, beta, eps, running_mean, running_var),)
    out = normalize(x, axes, shape, gamma, beta, eps)
    if running_mean is None:
        return (out,)
    return (
        out,
        momentum * running_mean + (1 - momentum) * x.mean(axis=axes),
        momentum * running_var + (1 - momentum) * x.var(axis=axes),
    )


def group_normalize(x, gamma, beta, G=3, eps=1e-5):
    out = np.empty_like(x)
    each = x.shape[1] // G
    for n, g in product(range(len(x)), range(G)):
        channels = slice(g * each, (g + 1) * each)
        part = x[n, channels]
        scaled = (part - part.mean()) / np.sqrt(part.var() + eps)
        out[n, channels] = scaled * gamma[channels, None, None] + beta[channels, None, None]
    return out


def logistic(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, h, c, wx, wh, b):
    i, f, o, g = np.split(x @ wx + h @ wh + b, 4, axis=1)
    cell = logistic(f) * c + logistic(i) * np.tanh(g)
    return logistic(o) * np.tanh(cell), cell


def over_time(step, x, *state):
    """The first output of `step`, which goes from one state to the next, at every moment of x (N, T, D)."""
    states = []
    for t in range(x.shape[1]):
        state = step(x[:, t], *state)
        states.append(state[0])
    return np.stack(states, axis=1)


def attend(x, wq, wk, wv, wo, heads=2):
    """One image, one head and one moment after the other; the future is left out, not masked."""
    out = np.zeros_like(x)
    columns = np.split(np.arange(wq.shape[1]), heads)
    for n, t in product(*map(range, x.shape[:2])):
        past = x[n, : t + 1]
        for own in columns:
            answers = np.exp(past @ wk[:, own] @ (x[n, t] @ wq[:, own]) / np.sqrt(len(own)))
            out[n, t] += answers / answers.sum() @ past @ wv[:, own] @ wo[own]
    return out


def cross_entropy(x, y):
    return -np.mean([np.log(np.exp(row)[label] / np.exp(row).sum()) for row, label in zip(x, y)])


def hinge(x, y, margin=1.0):
    costs = [max(0.0, s[j] - s[k] + margin) for s, k in zip(x, y) for j in range(len(s)) if j != k]
    return sum(costs) / len(x)


def same(x, w, b, padding="same", average=False):
    pad = ((w.shape[0] - 1) // 2, (w.shape[1] - 1) // 2) if padding == "same" else 0
    return correlate(x.transpose(0, 3, 1, 2), w.transpose(3, 2, 0, 1), b, 1, pad).transpose(0, 2, 3, 1)


def network(x, w1, b1, w2, b2, y, pad=1):
    active = np.clip(correlate(x, w1, b1, 1, pad), 0, None)
    small = pooled(active, 2, 2, np.max)
    return cross_entropy(small.reshape(len(x), -1) @ w2 + b2, y)


def weighed(x, w, b):
    return np.einsum("nd,dm->nm", x.reshape(len(x), -1), w) + b


FORMULAS = {
    "affine": weighed,
    "affine_bn_relu": lambda x, w, b, gamma, beta, eps=1e-5: np.clip(
        batch_normalize(weighed(x, w, b), gamma, beta, eps)[0], 0, None
    ),
    "affine_relu": lambda x, w, b: np.clip(weighed(x, w, b), 0, None),
    "attention": attend,
    "avgpool": lambda x, window=2, stride=2: pooled(x, window, stride, np.mean),
    "batchnorm": batch_normalize,
    "conv": lambda x, w, b, stride=1, pad=0: correlate(x, w, b, stride, pad),
    "conv_naive": lambda x, w, b, stride=1, pad=0: correlate(x, w, b, stride, pad),
    "conv_relu": lambda x, w, b, stride=1, pad=0: np.clip(correlate(x, w, b, stride, pad), 0, None),
    "conv_relu_pool": lambda x, w, b, stride=1, pad=0, window=2, pool_stride=2: pooled(
        np.clip(correlate(x, w, b, stride, pad), 0, None), window, pool_stride, np.max
    ),
    "conv_same": same,
    "convnet": network,
    "dropout": lambda x, keep=0.75, mode="train", seed=0: (
        x / keep * (np.random.default_rng(seed).random(x.shape) < keep)
    ),
    "embedding": lambda x, w: np.eye(len(w))[x] @ w,
    "gate": lambda x, y: np.sqrt(x * x + y * y),
    "groupnorm": group_normalize,
    "layernorm": lambda x, gamma, beta, eps=1e-5: normalize(x, (-1,), (-1,), gamma, beta, eps),
    "lstm": lambda x, h0, wx, wh, b: over_time(lambda now, h, c: lstm(now, h, c, wx, wh, b), x, h0, 0 * h0),
    "lstm_step": lstm,
    "maxpool": lambda x, window=2, stride=2, ties="first": pooled(x, window, stride, np.max),
    "maxpool_naive": lambda x, window=2, stride=2: pooled(x, window, stride, np.max),
    "mlp": lambda x, hidden_W, hidden_b, last_W, last_b, **_: (
        np.clip(np.hstack([x, np.ones((len(x), 1))]) @ np.vstack([hidden_W, hidden_b]), 0, None) @ last_W + last_b
    ),
    "relu": lambda x: x * (x > 0),
    "rnn": lambda x, h0, wx, wh, b: over_time(lambda now, h: (np.tanh(now @ wx + h @ wh + b),), x, h0),
    "rnn_step": lambda x, h, wx, wh, b: np.tanh(np.hstack([x, h]) @ np.vstack([wx, wh]) + b),
    "sigmoid": logistic,
    "softmax_classifier": lambda w, x, y, reg=0.1, share=1.0: (
        cross_entropy(x @ w, y) + share * reg * np.linalg.norm(w) ** 2
    ),
    "softmax_loss": cross_entropy,
    "spatial_batchnorm": batch_normalize,
    "svm_classifier": lambda w, x, y, reg=0.1, share=1.0: hinge(x @ w, y) + share * reg * np.linalg.norm(w) ** 2,
    "svm_loss": hinge,
    "tanh": lambda x: 1 - 2 / (np.exp(2 * x) + 1),
    "temporal_affine": lambda x, w, b: np.einsum("ntd,dm->ntm", x, w) + b,
    "temporal_softmax_loss": lambda x, y, mask: (
        sum(cross_entropy(rows[kept], labels[kept]) * kept.sum() for rows, labels, kept in zip(x, y, mask)) / len(x)
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_has_cases_and_a_formula(name):
    assert name in CASES
    assert name in FORMULAS


@pytest.mark.parametrize("name", LAYERS)
def test_bare_and_traced_runs_give_the_same_bits(name):
    for layer, arguments in cases(name, 6):
        returned = call(layer, arguments)
        trace = layer.trace(arguments)
        assert len(trace.outputs) == len(returned)
        for node, value in zip(trace.outputs, returned):
            np.testing.assert_array_equal(node.value, value)
        assert trace.output is trace.outputs[0].value


@pytest.mark.parametrize("name", LAYERS)
def test_outputs_are_what_the_formula_says(name):
    for layer, arguments in cases(name, 8):
        expected = FORMULAS[name](**arguments)
        expected = expected if isinstance(expected, tuple) else (expected,)
        returned = call(layer, arguments)
        assert len(returned) == len(expected)
        for value, wanted in zip(returned, expected):
            assert np.shape(value) == np.shape(wanted)
            np.testing.assert_allclose(value, wanted, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_are_those_of_central_differences(name):
    for layer, arguments in cases(name, 5):
        trace = layer.trace(arguments)
        dout = np.random.default_rng(1).normal(size=trace.output.shape)
        gradients = trace.backward(dout)
        floats = {n for n, v in arguments.items() if isinstance(v, np.ndarray) and v.dtype.kind == "f"}
        assert set(gradients) == {n for n in floats if not n.startswith("running_")}
        for wrt, gradient in gradients.items():
            assert gradient.shape == arguments[wrt].shape
            numeric = numeric_gradient(layer, arguments, wrt, dout)
            scale = max(1.0, np.abs(numeric).max())
            np.testing.assert_allclose(gradient, numeric, atol=2e-7 * scale, rtol=0, err_msg=f"{name}: d{wrt}")


@pytest.mark.parametrize("name", LAYERS)
def test_float32_stays_float32(name):
    layer = load(name)
    trace = layer.trace({}, dtype="float32")
    assert trace.output.dtype == np.float32
    assert {gradient.dtype for gradient in trace.backward().values()} == {np.dtype(np.float32)}


MODES = [
    *((name, {}) for name in LAYERS),
    ("batchnorm", {"mode": "test"}),
    ("batchnorm", {"momentum": 0.9}),
    ("spatial_batchnorm", {"momentum": 0.9}),
    ("maxpool", {"ties": "all"}),
    ("conv_same", {"average": True}),
    ("dropout", {"mode": "test"}),
]


@pytest.mark.parametrize(("name", "settings"), MODES)
def test_every_step_has_a_short_caption(name, settings):
    trace = load(name).trace(settings)
    captions = [(step.label, step.name, step.caption) for step in trace.steps]
    assert [c for c in captions if not c[2] or len(c[2]) > 60] == []
    assert [group.function for group in trace.groups if not group.caption] == []
    assert load(name).summary.endswith(".")


# sides that are equal for a reason: a state meets itself, the usual filter is a square, and loops are kept short
SQUARE = {
    ("rnn", "wh"), ("rnn_step", "wh"), ("convnet", "w1"), ("conv_naive", "out_24"), ("maxpool_naive", "out_24"),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_sample_sizes_cannot_be_mistaken_for_each_other(name):
    trace = load(name).trace()
    arrays = {n: node.shape for n, node in trace.inputs.items()}
    arrays |= {node.name or "out": node.shape for node in trace.outputs}
    for wrt, shape in arrays.items():
        pairs = [shape[:2], shape[2:]] if len(shape) == 4 and name != "conv_same" else [shape]
        for pair in pairs:
            assert len(set(pair)) == len(pair) or (name, wrt) in SQUARE, f"{name}: {wrt} has shape {shape}"


@pytest.mark.parametrize("name", LAYERS)
def test_samples_follow_the_seed_and_avoid_special_values(name):
    layer = load(name)
    first, again, other = (layer.sample(seed) for seed in (3, 3, 4))
    assert all(np.array_equal(first[n], again[n]) for n in first)
    assert any(not np.array_equal(first[n], other[n]) for n in first)
    assert not np.any(np.isclose(first.get("gamma", 0.0), 1.0))
    assert not np.any(first.get("beta", 1.0) == 0)


def test_layers_are_plain_files():
    for name in LAYERS:
        lines = (graphs_directory() / f"{name}.py").read_text().splitlines()
        imports = [line for line in lines if line.startswith(("from backpropviz", "import backpropviz"))]
        allowed = {"im2col", "output_shape", "stop_gradient"}
        for line in imports:
            assert set(line.removeprefix("from backpropviz import ").split(", ")) <= allowed


# ---- alternatives ----------------------------------------------------------------------------------------------------


def alternatives(direction):
    return [(name, f) for name in LAYERS for f in getattr(load(name).module, "ALTERNATIVES", {}).get(direction, [])]


@pytest.mark.parametrize(("name", "function"), alternatives("forward"))
def test_forward_alternatives_agree(name, function):
    assert function.__name__.startswith(f"{name.removesuffix('_naive')}_")
    assert function.__doc__
    takes = inspect.signature(load(name).function).parameters
    for parameter in inspect.signature(function).parameters.values():
        assert str(parameter) == str(takes[parameter.name])
    for layer, arguments in cases(name, 8):
        if not {*arguments} <= {*inspect.signature(function).parameters}:
            continue  # a test mode is not of the ways to learn
        np.testing.assert_allclose(function(**arguments), call(layer, arguments)[0], rtol=0, atol=1e-10)


@pytest.mark.parametrize(("name", "function"), alternatives("backward"))
def test_backward_alternatives_agree(name, function):
    assert "backward" in function.__name__ or function.__name__.startswith("backpropagation_")
    assert function.__doc__
    for layer, arguments in cases(name, 8):
        if arguments.get("mode") == "test":
            continue  # they are of the circuit that learns
        trace = layer.trace(arguments)
        gradients = trace.backward(np.random.default_rng(2).normal(size=trace.output.shape))
        needed = list(inspect.signature(function).parameters.values())
        filled = {step.written: step.value for step in trace.steps if step.sets_a_part}  # by a loop
        names = [p.name for p in needed[1:] if p.kind is p.POSITIONAL_OR_KEYWORD]
        values = [filled[each] if each in filled else trace[each].value for each in names]
        settings = {p.name: arguments.get(p.name, p.default) for p in needed if p.kind is p.KEYWORD_ONLY}
        found = function(trace.dout, *values, **settings)
        found = found if isinstance(found, tuple) else (found,)
        assert len(found) == len(gradients)
        for value, gradient in zip(found, gradients.values()):
            np.testing.assert_allclose(value, gradient, rtol=0, atol=1e-10)


def test_both_directions_are_there():
    assert {f.__name__ for _, f in alternatives("forward")} >= {"conv_four_loops", "conv_two_loops", "conv_nhwc"}
    assert {f.__name__ for _, f in alternatives("backward")} >= {
        "batchnorm_backward_naive",
        "batchnorm_backward_simplified",
    }


# ---- what is special about some layers -------------------------------------------------------------------------------

NINE = ["mu", "xmu", "sq", "var", "sqrtvar", "ivar", "xhat", "gammax", "out"]


def test_batchnorm_is_the_nine_step_circuit():
    assert [step.name for step in load("batchnorm").trace().steps] == NINE
    assert [step.name for step in load("layernorm").trace().steps] == NINE
    assert [step.name for step in load("batchnorm").trace({"momentum": 0.8}).steps] == [*NINE, "next_mean", "next_var"]


@pytest.mark.parametrize("name", ["batchnorm", "spatial_batchnorm"])
def test_running_averages_are_updated_beside_the_graph(name):
    layer = load(name)
    arguments = layer.arguments(inputs={"momentum": 0.8})
    plain = layer.trace({n: arguments[n] for n in ("x", "gamma", "beta")})
    kept = layer.trace(arguments)
    np.testing.assert_array_equal(kept.output, plain.output)
    assert [node.name for node in kept.outputs] == ["out", "next_mean", "next_var"]
    dout = np.random.default_rng(0).normal(size=kept.output.shape)
    with_state, without = kept.backward(dout), plain.backward(dout)
    assert list(with_state) == list(without) == ["x", "gamma", "beta"]
    for wrt in without:
        np.testing.assert_array_equal(with_state[wrt], without[wrt])
    assert kept["running_mean"].grad is None
    assert kept["next_mean"].grad is None
    assert all(term.consumer.name != "next_mean" for term in kept["mu"].terms)


def test_running_averages_converge_to_the_data_and_test_mode_uses_them():
    batchnorm = load("batchnorm").function
    random = np.random.default_rng(0)
    mean, var = np.zeros(3), np.ones(3)
    gamma, beta = random.uniform(0.5, 2, 3), random.normal(size=3)
    batch = random.normal([1.0, -2.0, 5.0], [1.0, 0.5, 3.0], (64, 3))
    for _ in range(80):
        out, mean, var = batchnorm(batch, gamma, beta, momentum=0.8, running_mean=mean, running_var=var)
    np.testing.assert_allclose(mean, batch.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(var, batch.var(axis=0), rtol=1e-6)
    tested = batchnorm(batch, gamma, beta, mode="test", running_mean=mean, running_var=var)
    np.testing.assert_allclose(tested, out, rtol=1e-5)
    alone = batchnorm(batch[:1], gamma, beta, mode="test", running_mean=mean, running_var=var)
    np.testing.assert_array_equal(alone, tested[:1])


@pytest.mark.parametrize("name", ["batchnorm", "spatial_batchnorm"])
def test_state_gets_no_gradient_in_test_mode(name):
    trace = load(name).trace({"mode": "test"})
    gradients = trace.backward()
    assert list(gradients) == ["x", "gamma", "beta"]
    shape = (-1,) if name == "batchnorm" else (-1, 1, 1)
    scale = trace["gamma"].value / np.sqrt(trace["running_var"].value + 1e-5)
    np.testing.assert_allclose(gradients["x"], trace.dout * scale.reshape(shape), rtol=1e-12)


@pytest.mark.parametrize("settings", [{"mode": "tset"}, {"mode": "test"}])
def test_batchnorm_refuses_a_mode_it_cannot_run(settings):
    layer = load("batchnorm")
    arguments = {n: layer.sample()[n] for n in ("x", "gamma", "beta")}
    with pytest.raises(ValueError, match="mode"):
        layer.function(**arguments, **settings)


@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 1), ((2, 3), (1, 2))])
@pytest.mark.parametrize("ties", ["first", "all"])
def test_maxpool_ties(ties, window, stride):
    random = np.random.default_rng(5)
    x = random.integers(0, 3, (2, 3, 6, 5)).astype(float)
    trace = load("maxpool").trace({"x": x, "window": window, "stride": stride, "ties": ties})
    np.testing.assert_array_equal(trace.output, pooled(x, window, stride, np.max))
    dout = random.normal(size=trace.output.shape)
    expected, tied = np.zeros_like(x), 0
    for i, j, rows, columns in windows(x, window, stride):
        for n, c in product(range(2), range(3)):
            part = x[n, c, rows, columns]
            winners = part == part.max()
            tied += winners.sum() > 1
            if ties == "first":
                place = winners.argmax()
                winners = np.zeros_like(winners)
                winners.flat[place] = True
            expected[n, c, rows, columns] += dout[n, c, i, j] * winners
    assert tied > 20
    np.testing.assert_allclose(trace.backward(dout)["x"], expected, atol=1e-14)


def test_pooling_leaves_a_rest_without_gradient():
    x = np.random.default_rng(0).normal(size=(1, 2, 5, 7))
    for name in ("maxpool", "avgpool"):
        gradient = load(name).trace({"x": x}).backward()["x"]
        assert not gradient[:, :, 4].any()
        assert not gradient[:, :, :, 6].any()
        assert gradient[:, :, :4, :6].any()


def test_conv_same_can_average_gradients_over_the_batch():
    layer = load("conv_same")
    true, averaged = layer.trace(), layer.trace({"average": True})
    np.testing.assert_array_equal(true.output, averaged.output)
    dout = np.random.default_rng(0).normal(size=true.output.shape)
    whole, parts = true.backward(dout), averaged.backward(dout)
    np.testing.assert_array_equal(parts["x"], whole["x"])
    np.testing.assert_allclose(parts["w"], whole["w"] / 3, rtol=1e-14)
    np.testing.assert_allclose(parts["b"], whole["b"] / 3, rtol=1e-14)


def test_conv_same_keeps_the_size_or_says_why_not():
    layer = load("conv_same")
    assert layer.trace().output.shape[:3] == layer.sample()["x"].shape[:3]
    assert layer.trace({"padding": "valid"}).output.shape[1] == layer.sample()["x"].shape[1] - 2
    x, w, b = np.ones((1, 4, 5, 2)), np.ones((2, 3, 2, 3)), np.ones(3)
    with pytest.raises(ValueError, match="odd"):
        layer.function(x, w, b)


@pytest.mark.parametrize("name", ["conv", "maxpool"])
def test_what_loops_fill_in_is_what_one_product_gives(name):
    layer, loops = load(name), load(f"{name}_naive")
    arguments = loops.sample()
    whole, parts = layer.trace(arguments), loops.trace(arguments)
    np.testing.assert_allclose(parts.output, whole.output, atol=1e-14)
    dout = np.random.default_rng(0).normal(size=whole.output.shape)
    theirs, mine = whole.backward(dout), parts.backward(dout)
    for wrt, gradient in theirs.items():
        np.testing.assert_allclose(mine[wrt], gradient, atol=1e-14)


@pytest.mark.parametrize("name", ["rnn", "lstm", "attention"])
def test_no_moment_depends_on_a_later_one(name):
    layer = load(name)
    arguments = layer.arguments()
    trace = layer.trace(arguments)
    dout = np.random.default_rng(0).normal(size=trace.output.shape)
    dout[:, 2:] = 0
    gradient = trace.backward(dout)["x"]
    assert gradient[:, :2].all()
    assert not gradient[:, 2:].any()


def test_a_word_used_twice_collects_both_gradients():
    trace = load("embedding").trace({"x": np.array([[3, 1, 3], [0, 3, 1]])})
    dout = np.random.default_rng(0).normal(size=trace.output.shape)
    gradient = trace.backward(dout)["w"]
    np.testing.assert_allclose(gradient[3], dout[0, 0] + dout[0, 2] + dout[1, 1], rtol=1e-14)
    assert not gradient[[2, 4]].any()


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("groupnorm", {"G": 4}, "6 channels .* 4 groups"),
        ("attention", {"heads": 3}, "10 columns .* 3 heads"),
        ("maxpool", {"ties": "last"}, "ties is 'last'"),
        ("conv_same", {"padding": "full"}, "padding is 'full'"),
        ("dropout", {"keep": 0.0}, "keep is 0.0: it is a probability"),
        ("dropout", {"mode": "eval"}, "mode is 'eval'"),
        ("batchnorm", {"mode": "tset"}, "mode is 'tset'"),
        ("spatial_batchnorm", {"mode": "tset"}, "mode is 'tset'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(name, settings, words):
    layer = load(name)
    with pytest.raises(ValueError, match=words):
        layer.function(**layer.sample(), **settings)
    with pytest.raises(InputError, match=words) as caught:
        layer.trace(settings)
    assert caught.value.where.endswith(tuple("0123456789"))
    assert (
        "raise"
        in (graphs_directory() / caught.value.where.split(":")[0])
        .read_text()
        .splitlines()[int(caught.value.where.split(":")[1]) - 1]
    )


def test_losses_survive_large_scores():
    for name in ("softmax_loss", "svm_loss"):
        trace = load(name).trace({"x": np.array([[1000.0, -1000.0, 0.0], [-5.0, 800.0, 3.0]]), "y": np.array([1, 1])})
        assert np.isfinite(trace.output)
        assert np.isfinite(trace.backward()["x"]).all()
    trace = load("sigmoid").trace({"x": np.array([-1e4, 0.0, 1e4])})
    np.testing.assert_allclose(trace.output, [0.0, 0.5, 1.0], rtol=1e-15)
    np.testing.assert_allclose(trace.backward(np.ones(3))["x"], [0.0, 0.25, 0.0], rtol=1e-15)


def test_both_tails_of_a_sigmoid_keep_their_digits():
    trace = load("sigmoid").trace({"x": np.array([-700.0, -40.0, 40.0, 700.0])})
    np.testing.assert_allclose(trace.output, [np.exp(-700), np.exp(-40), 1.0, 1.0], rtol=1e-12)
    slopes = [np.exp(-700), np.exp(-40), np.exp(-40), np.exp(-700)]
    np.testing.assert_allclose(trace.backward(np.ones(4))["x"], slopes, rtol=1e-12)


def test_softmax_gradient_is_probability_minus_answer_over_n():
    trace = load("softmax_loss").trace()
    x, y = trace["x"].value, trace["y"].value
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(trace.backward()["x"], (p - np.eye(x.shape[1])[y]) / len(x), atol=1e-15)


def test_dropout_keeps_the_mean_and_repeats_by_seed():
    layer = load("dropout")
    x = np.ones((300, 200))
    out = layer.function(x, keep=0.6, seed=1)
    assert set(np.unique(out)) == {0.0, 1 / 0.6}
    assert abs(out.mean() - 1) < 0.02
    np.testing.assert_array_equal(out, layer.function(x, keep=0.6, seed=1))
    assert not np.array_equal(out, layer.function(x, keep=0.6, seed=2))
    np.testing.assert_array_equal(layer.function(x, mode="test"), x)


def test_both_outputs_of_an_lstm_take_a_gradient():
    layer = load("lstm_step")
    arguments = layer.arguments()
    trace = layer.trace(arguments)
    random = np.random.default_rng(0)
    dh, dc = (random.normal(size=node.shape) for node in trace.outputs)
    gradient = trace.backward({"next_h": dh, "next_c": dc})["wh"]
    numeric, h = np.empty_like(gradient), 1e-6
    for index in np.ndindex(gradient.shape):
        step = np.zeros_like(gradient)
        step[index] = h
        ends = [call(layer, {**arguments, "wh": arguments["wh"] + s * step}) for s in (1, -1)]
        numeric[index] = (((ends[0][0] - ends[1][0]) * dh).sum() + ((ends[0][1] - ends[1][1]) * dc).sum()) / (2 * h)
    np.testing.assert_allclose(gradient, numeric, atol=1e-8)


def test_convnet_is_a_graph_of_layers():
    trace = load("convnet").trace()
    assert [(g.label, g.function, g.name) for g in trace.groups] == [
        ("1", "conv", "maps"),
        ("2", "relu", "active"),
        ("3", "maxpool", "pooled"),
        ("4", "affine", "scores"),
        ("5", "softmax_loss", "loss"),
    ]
    by_group = [[s.name for s in trace.steps if s.group is group] for group in trace.groups]
    assert by_group[0] == ["x_col", "w_row", "scores_2", "biased", "maps"]
    assert by_group[4][-1] == "loss"
    assert all(step.group is not None for step in trace.steps)
    assert trace["scores"].shape == (2, 5)
    trace.backward()
    assert all(node.step is not None for node in trace.red.nodes[1:] if node.primitive.name != "add")


def test_convnet_in_the_proportions_of_cifar():
    shapes = {"x": (1, 3, 32, 32), "w1": (12, 3, 3, 3), "w2": (12 * 16 * 16, 10)}
    trace = load("convnet").trace(shapes=shapes)
    volumes = [trace[name].shape for name in ("maps", "active", "pooled", "scores")]
    assert volumes == [(1, 12, 32, 32), (1, 12, 32, 32), (1, 12, 16, 16), (1, 10)]
    assert trace.backward()["w1"].shape == (12, 3, 3, 3)


def test_spatial_batchnorm_and_lstm_open_into_their_parts():
    trace = load("spatial_batchnorm").trace()
    assert [s.name for s in trace.steps if s.group] == [*NINE[:-1], "normed"]
    trace = load("lstm_step").trace()
    assert [(g.function, g.name) for g in trace.groups] == [("sigmoid", "i"), ("sigmoid", "f"), ("sigmoid", "o")]
