"""Sample inputs made up from parameters' names, for functions as students write them."""

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.errors import LayerError
from backpropviz.layers.running import runs
from backpropviz.layers.sampling import explain_misfit, guess
from backpropviz.layers.search import CALLS, RUNS, Search


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    D = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(D))
    if mode == "train":
        mu = x.mean(axis=0)
        var = x.var(axis=0)
        out = gamma * (x - mu) / np.sqrt(var + eps) + beta
        bn_param["running_mean"] = momentum * running_mean
    return out, None


def affine_forward(x, w, b):
    return x.reshape(x.shape[0], -1) @ w + b


def conv_forward(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    F, _, HH, WW = w.shape
    assert b.shape == (F,)
    x_col = bp.im2col(x, (HH, WW), stride, pad)
    return (w.reshape(F, -1) @ x_col + b[:, None]), None


def softmax_loss(x, y):
    p = np.exp(x - np.max(x, axis=1, keepdims=True))
    p = p / np.sum(p, axis=1, keepdims=True)
    return -np.mean(np.log(p[np.arange(x.shape[0]), y]))


def squared_error(predictions, targets):
    return np.mean((predictions - targets) ** 2)


def normalize(x, mean, var, eps):
    return (x - mean) / np.sqrt(var + eps)


def image(x):
    N, C, H, W = x.shape
    return x.reshape(N, C, H * W).mean(axis=2)


def sizes(x, N, D):
    return x.reshape(N, D) / N


def vector(x):
    assert x.ndim == 1
    return np.outer(x, x)


def numbers(a, b, c):
    assert np.ndim(a) == 0
    return a * b + c


def optional(x, scale=2.0, *extra, **more):
    return x * scale


def softmax(s):
    e = np.exp(s - np.max(s, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def two_layers(x, W1, b1, W2, b2):
    return np.maximum(0, x @ W1 + b1) @ W2 + b2


def two_layer_loss(x, W1, b1, W2, b2, y):
    p = softmax(np.tanh(x.dot(W1) + b1).dot(W2) + b2)
    return -np.mean(np.log(p[np.arange(len(x)), y]))


def columns(X, W1, b1, W2, b2):
    return np.dot(W2, np.tanh(np.dot(W1, X) + b1)) + b2


def attention(x, Wq, Wk, Wv):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    return softmax(q @ k.T / np.sqrt(q.shape[-1])) @ v


def masked_attention(x, Wq, Wk, Wv, mask):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    return softmax(np.where(mask, q @ k.T, -1e9)) @ v


def batched_attention(x, Wq, Wk, Wv):
    _batch, _time, D = x.shape
    return softmax((x @ Wq) @ (x @ Wk).transpose(0, 2, 1) / D) @ (x @ Wv)


def gru_step(x, h, Wz, Uz, bz, Wr, Ur, br, Wh, Uh, bh):
    z = sigmoid(x @ Wz + h @ Uz + bz)
    r = sigmoid(x @ Wr + h @ Ur + br)
    n = np.tanh(x @ Wh + (r * h) @ Uh + bh)
    return (1 - z) * h + z * n


def rnn_step(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh + b)


def rnn(x, h0, Wx, Wh, b):
    _, T, _ = x.shape
    h = h0
    for t in range(T):
        h = np.tanh(x[:, t] @ Wx + h @ Wh + b)
    return h


def lstm_step(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    c = sigmoid(f) * prev_c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c) + 0 * prev_h


def bilinear(x, W, y):
    return x @ W @ y


def embedding(idx, W):
    return W[idx]


def looped(x, w, b):
    out = np.zeros((x.shape[0], w.shape[1]))
    for i in range(x.shape[0]):
        for j in range(w.shape[1]):
            out[i, j] = sum(x[i, k] * w[k, j] for k in range(w.shape[0])) + b[j]
    return out


def logs(x):
    return np.log(x) + np.sqrt(x)


MODELS = [
    (two_layers, {"x": (4, 3), "W1": (3, 5), "b1": (5,), "W2": (5, 2), "b2": (2,)}),
    (two_layer_loss, {"x": (4, 3), "W1": (3, 5), "b1": (5,), "W2": (5, 2), "b2": (2,), "y": (4,)}),
    (columns, {"X": (4, 3), "W1": (5, 4), "b1": (5, 1), "W2": (2, 5), "b2": (2, 1)}),
    (attention, {"x": (4, 3), "Wq": (3, 5), "Wk": (3, 5), "Wv": (3, 2)}),
    (masked_attention, {"x": (4, 3), "Wq": (3, 5), "Wk": (3, 5), "Wv": (3, 2), "mask": (4, 4)}),
    (batched_attention, {"x": (2, 4, 3), "Wq": (3, 6), "Wk": (3, 6), "Wv": (3, 5)}),
    (gru_step, {"x": (4, 3), "h": (4, 2), "Wz": (3, 2), "Uz": (2, 2), "bz": (2,), "Uh": (2, 2), "bh": (2,)}),
    (rnn_step, {"x": (4, 3), "prev_h": (4, 2), "Wx": (3, 2), "Wh": (2, 2), "b": (2,)}),
    (rnn, {"x": (2, 4, 3), "h0": (2, 5), "Wx": (3, 5), "Wh": (5, 5), "b": (5,)}),
    (lstm_step, {"x": (4, 3), "prev_h": (4, 2), "prev_c": (4, 2), "Wx": (3, 8), "Wh": (2, 8), "b": (8,)}),
    (bilinear, {"x": (4, 3), "W": (3, 5), "y": (5, 2)}),
    (embedding, {"idx": (4, 3), "W": (5, 2)}),
    (looped, {"x": (4, 3), "w": (3, 2), "b": (2,)}),
    (logs, {"x": (4, 3)}),
]


@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (batchnorm_forward, {"x": (4, 3), "gamma": (3,), "beta": (3,)}),
        (affine_forward, {"x": (4, 3), "w": (3, 2), "b": (2,)}),
        (conv_forward, {"x": (2, 3, 7, 8), "w": (6, 3, 5, 4), "b": (6,)}),
        (softmax_loss, {"x": (4, 3), "y": (4,)}),
        (squared_error, {"predictions": (4, 3), "targets": (4, 3)}),
        (normalize, {"x": (4, 3), "mean": (3,), "var": (3,)}),
        (image, {"x": (2, 3, 7, 8)}),
        (sizes, {"x": (4, 3)}),
        (vector, {"x": (3,)}),
        (numbers, {"a": (), "b": (), "c": ()}),
        (optional, {"x": (4, 3)}),
        *MODELS,
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_conventions(function, shapes):
    arguments = guess(function, np.random.default_rng(0), {}, "mine.py:1")
    assert {name: np.shape(arguments[name]) for name in shapes} == shapes
    assert runs(function, arguments)


def lagged(signal, taps, gap=2):
    out = np.zeros(signal.shape[0] - gap * (taps.shape[0] - 1))
    for start in range(out.shape[0]):
        for k in range(taps.shape[0]):
            out[start] += taps[k] * signal[start + gap * k]
    return out


def per_channel(images, w):
    _, _, H, W = images.shape
    _, tall, wide = w.shape
    out = np.zeros((*images.shape[:2], H - tall + 1, W - wide + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = (images[:, :, i : i + tall, j : j + wide] * w).sum(axis=(2, 3))
    return out


def through_views(x, w):
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,fcij->nfhw", windows, w)


def volume_of(M):
    return np.log(np.linalg.det(M))


def whitened(r, cov):
    return np.linalg.solve(np.linalg.cholesky(cov), r)


def framed(x, k):
    x = np.pad(x, ((0, 0), (0, 0), (1,) * 2, (1,) * 2))
    return x[:, :, 1:, 1:] * k


def correlations(F):
    C, H, W = F.shape
    rows = F.reshape(C, H * W)
    return rows @ rows.T


def experts(x, Wg, We):
    return np.einsum("ne,neo->no", softmax(x @ Wg), np.einsum("nd,edo->neo", x, We))


def mixed(core, A, B, C):
    return np.einsum("ijk,ai,bj,ck->abc", core, A, B, C)


def several_heads(q, k, v, heads=2):
    T, D = q.shape
    split = [part.reshape(T, heads, D // heads).swapaxes(0, 1) for part in (q, k, v)]
    return (softmax(split[0] @ split[1].swapaxes(1, 2)) @ split[2]).swapaxes(0, 1).reshape(T, D)


def heads_of_a_batch(x, Wq, Wk, Wo, heads=2):
    B, T, D = x.shape
    q, k = ((x @ W).reshape(B, T, heads, D // heads).transpose(0, 2, 1, 3) for W in (Wq, Wk))
    return (softmax(q @ k.swapaxes(2, 3)) @ k).transpose(0, 2, 1, 3).reshape(B, T, D) @ Wo


def pooled_then_dense(x, W, b):
    return x.mean(axis=(2, 3)) @ W + b


def advantage(logits, actions, reward):
    logp = logits - np.log(np.sum(np.exp(logits), axis=1, keepdims=True))
    return -np.mean(logp[np.arange(len(actions)), actions] * reward)


def in_context(ctx, target, E, out):
    scores = out @ E[ctx].mean(axis=0)
    return np.log(np.exp(scores).sum()) - scores[target]


def stacked(x, weights, biases):
    for W, b in zip(weights, biases):
        x = np.tanh(x @ W + b)
    return x


READ = [
    (lagged, {"signal": (3,), "taps": (2,)}),
    (per_channel, {"images": (2, 3, 4, 5), "w": (3, 2, 2)}),
    (through_views, {"x": (2, 3, 7, 8), "w": (6, 3, 5, 4)}),
    (volume_of, {"M": (3, 3)}),
    (whitened, {"cov": (4, 4)}),
    (framed, {"x": (2, 3, 7, 8)}),
    (correlations, {"F": (2, 4, 3)}),
    (experts, {"x": (4, 3), "Wg": (3, 5), "We": (5, 3, 2)}),
    (mixed, {"core": (2, 4, 3), "A": (7, 2), "B": (6, 4), "C": (5, 3)}),
    (several_heads, {"q": (4, 6), "k": (4, 6), "v": (4, 6)}),
    (heads_of_a_batch, {"x": (2, 4, 6), "Wq": (6, 6), "Wk": (6, 6), "Wo": (6, 5)}),
    (pooled_then_dense, {"x": (2, 3, 7, 8), "W": (3, 5), "b": (5,)}),
    (advantage, {"logits": (4, 3), "actions": (4,), "reward": (4,)}),
    (in_context, {"ctx": (4, 3), "E": (6, 5), "out": (2, 3)}),
]
"""What the code says of its arrays counts: axes of sums and products, windows, squares, what is met entry by entry."""


@pytest.mark.parametrize(("function", "shapes"), READ, ids=lambda value: getattr(value, "__name__", ""))
def test_what_the_code_says(function, shapes):
    arguments = guess(function, np.random.default_rng(0), {}, "mine.py:1")
    assert {name: np.shape(arguments[name]) for name in shapes} == shapes
    assert np.size(function(**arguments))


def test_lists_of_parameters():
    arguments = guess(stacked, np.random.default_rng(0), {}, "mine.py:1")
    assert [np.shape(value) for value in arguments["weights"]] == [(3, 5), (5, 2)]
    assert [np.shape(value) for value in arguments["biases"]] == [(5,), (2,)]


def test_an_empty_result_is_no_sample_unless_it_was_asked_for():
    def tail(x):
        return np.atleast_1d(x)[..., 99:]

    with pytest.raises(LayerError, match="the result has no entries"):
        guess(tail, np.random.default_rng(0), {}, "")
    assert guess(optional, np.random.default_rng(0), {"x": (0, 3)}, "")["x"].shape == (0, 3)


def test_an_array_into_which_nothing_was_put_is_said_so():
    def unfilled(x):
        out = np.zeros(3)
        for i in range(x.shape[0] - 4):
            out[i] = x[i]
        return out

    with pytest.raises(LayerError, match="unfilled returned an array into which nothing was put"):
        bp.trace(unfilled, x=np.ones(4))


def test_labels_are_whole_numbers_within_the_classes():
    labels = guess(softmax_loss, np.random.default_rng(0), {}, "")["y"]
    assert labels.dtype.kind == "i"
    assert set(labels.tolist()) <= {0, 1, 2}


def test_scales_and_variances_are_positive():
    arguments = guess(normalize, np.random.default_rng(3), {}, "")
    assert (arguments["var"] > 0).all()
    gamma = guess(batchnorm_forward, np.random.default_rng(3), {}, "")["gamma"]
    assert (gamma > 0).all()
    assert not np.allclose(gamma, 1)


def test_given_shapes_lead():
    arguments = guess(affine_forward, np.random.default_rng(0), {"x": (7, 5)}, "")
    assert [np.shape(arguments[name]) for name in ("x", "w", "b")] == [(7, 5), (5, 2), (2,)]
    arguments = guess(two_layers, np.random.default_rng(0), {"x": (4, 6), "W2": (9, 4)}, "")
    assert [np.shape(value) for value in arguments.values()] == [(4, 6), (6, 9), (9,), (9, 4), (4,)]
    arguments = guess(squared_error, np.random.default_rng(0), {"targets": (2, 9)}, "")
    assert np.shape(arguments["predictions"]) == (2, 9)


def test_dictionaries_are_left_as_they_were():
    arguments = guess(batchnorm_forward, np.random.default_rng(0), {}, "")
    assert "running_mean" not in arguments["bn_param"]


def test_giving_up_says_what_came_furthest_and_why():
    def impossible(x, w):
        return x @ w + np.ones((17, 2)) @ np.ones((3, 2))

    with pytest.raises(LayerError) as caught:
        guess(impossible, np.random.default_rng(0), {}, "mine.py:7")
    message = str(caught.value)
    assert message.startswith(
        "mine.py:7: no sample inputs could be made up for impossible (the best try: x (4, 3), w (3,"
    )
    assert "ValueError: matmul" in message
    assert "--shape" in message
    assert "--input" in message


def test_a_result_that_is_not_finite_is_no_sample():
    def diverges(x):
        return np.log(-np.abs(x))

    with pytest.raises(LayerError, match=r"the best try: x \(4, 3\): the result is not finite"):
        guess(diverges, np.random.default_rng(0), {}, "")


def test_the_search_ends():
    def never(x, w, b, y, z):
        for _ in range(1000):
            np.sum(x)
        raise ValueError("never")

    search = Search(never, 0, {}, {})
    assert search.found() is None
    assert search.runs <= RUNS
    assert search.calls <= CALLS + 20_000


def test_a_misfit_is_one_size_with_which_it_runs():
    x, w, b = np.ones((4, 3)), np.ones((5, 2)), np.ones(2)
    assert explain_misfit(affine_forward, {"x": x, "w": w, "b": b}) == (
        "w has shape (5, 2): its axis 0 is 5, but should be 3, like axis 1 of x (4, 3)"
    )
    assert explain_misfit(affine_forward, {"x": x, "w": np.ones((3, 2)), "b": np.ones(4)}) == (
        "b has shape (4,): its axis 0 is 4, but should be 2, like axis 1 of w (3, 2)"
    )


def test_no_misfit_where_two_sizes_are_wrong_or_none_is():
    assert explain_misfit(affine_forward, {"x": np.ones((4, 3)), "w": np.ones((5, 2)), "b": np.ones(9)}) is None

    def refuses(x, w):
        if (x > 0).any():
            raise ValueError("not positive, please")
        return x * w

    assert explain_misfit(refuses, {"x": np.ones(3), "w": np.ones((2, 3))}) is None


def test_names_of_parts_end_in_what_they_are():
    def network(x, hidden_W, hidden_b, last_W, last_b):
        return np.maximum(0, x @ hidden_W + hidden_b) @ last_W + last_b

    sample = guess(network, np.random.default_rng(0), {}, "here")
    assert {name: value.ndim for name, value in sample.items()} == {
        "x": 2, "hidden_W": 2, "hidden_b": 1, "last_W": 2, "last_b": 1,
    }  # fmt: skip


def turned(x):
    half = x.shape[-1] // 2
    left, right = x[..., :half], x[..., half:]
    return np.concatenate([-right, left], axis=-1) * x


def every_second(x):
    T, D = x.shape
    angle = np.outer(np.arange(T), np.arange(0, D, 2))
    return x[:, ::2] * np.cos(angle) - x[:, 1::2] * np.sin(angle)


def gated(x):
    a, b = np.split(x, 2, axis=-1)
    return a / (1 + np.exp(-b))


def in_threes(x):
    third = len(x) // 3
    return x[:third] + x[third:][:third] + x[third:][third:]


@pytest.mark.parametrize(
    ("function", "axis", "parts"), [(turned, -1, 2), (every_second, 1, 2), (gated, -1, 2), (in_threes, 0, 3)]
)
def test_what_is_cut_into_equal_parts_can_be(function, axis, parts):
    x = guess(function, np.random.default_rng(0), {}, "here")["x"]
    assert x.ndim == 2
    assert x.shape[axis] % parts == 0
    assert x.shape[0] != x.shape[1]


def test_a_window_in_the_middle_is_no_half():
    def centred(x, k):
        p = k.shape[0] // 2
        padded = np.pad(x, p)
        return padded[p:-p] * np.sum(k)

    assert guess(centred, np.random.default_rng(0), {}, "here")["x"].shape[-1] == 3


@pytest.mark.parametrize(
    ("function", "is_array"),
    [
        (lambda p: -np.sum(p * np.log(p)), True),
        (lambda p, q: np.sum(p * np.log(p / q)), True),
        (lambda a, p, n: np.sum(np.maximum(0, (a - p) ** 2 - (a - n) ** 2)), True),
        (lambda x, p: np.sum(np.abs(x) ** p) ** (1 / p), False),
        (lambda x, p: x * (np.cos(x) < p) / p, False),
    ],
)
def test_p_is_a_number_where_it_is_compared_or_an_exponent(function, is_array):
    assert (np.ndim(guess(function, np.random.default_rng(0), {}, "here")["p"]) > 0) == is_array


def unrolled_back(cols, shape, kh, kw, stride=1):
    N, C, H, W = shape
    img = np.zeros((N, C, H, W))
    at = 0
    for i in range(0, H - kh + 1, stride):
        for j in range(0, W - kw + 1, stride):
            img[:, :, i : i + kh, j : j + kw] += cols[:, :, at].reshape(N, C, kh, kw)
            at += 1
    return img


def test_what_a_shape_is_unpacked_into_are_sizes():
    arguments = guess(unrolled_back, np.random.default_rng(0), {}, "here")
    assert all(type(n) is int for n in arguments["shape"])
    assert arguments["cols"].ndim == 3
    assert unrolled_back(**arguments).any()


def test_the_step_of_an_update_is_its_default_where_it_has_one():
    assert guess(lambda x, t: x**t, np.random.default_rng(0), {}, "here")["t"] == 2
    assert "t" not in guess(lambda x, t=1: x**t, np.random.default_rng(0), {}, "here")


def recurrent(x, Wx, Wh):
    h = np.zeros((x.shape[0], Wh.shape[0]))
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ Wx + h @ Wh)
    return h


def coordinate(x, r):
    return sum(x[:, j] @ r for j in range(x.shape[1]))


def test_rows_of_one_moment_are_of_an_array_with_three_axes():
    assert guess(recurrent, np.random.default_rng(0), {}, "here")["x"].ndim == 3
    assert guess(coordinate, np.random.default_rng(0), {}, "here")["x"].ndim == 2


def test_a_list_of_dictionaries_holds_what_a_loop_reads_of_each():
    def network(x, layers):
        for layer in layers:
            x = np.maximum(0, x @ layer["W"] + layer["b"])
        return x

    arguments = guess(network, np.random.default_rng(0), {}, "here")
    assert [sorted(layer) for layer in arguments["layers"]] == [["W", "b"], ["W", "b"]]
    assert network(**arguments).shape == (len(arguments["x"]), *arguments["layers"][1]["b"].shape)


def peepholes(x, c, p):
    return np.tanh(x + p[0] * c) * (p[1] * c) + p[2]


def film(x, p):
    return p[0] * (x - x.mean(axis=0)) + p[1]


def quadratic(x, k):
    return k[0] + k[2] * x + k[4] * x**2


@pytest.mark.parametrize(
    ("function", "shape"), [(peepholes, (3, 3)), (film, (2, 3)), (quadratic, (5, 3)), (lambda x: x[0] - x[1], (4, 3))]
)
def test_rows_that_are_read_by_their_numbers(function, shape):
    assert [*guess(function, np.random.default_rng(0), {}, "here").values()][-1].shape == shape


def clamp(v, a, b):
    return np.minimum(np.maximum(v, a), b)


def in_two_lines(x, lo, hi):
    x = np.maximum(x, lo)
    x = np.minimum(x, hi)
    return x


def symmetric(x, hi):
    return np.clip(x, -hi, hi)


KEPT_BETWEEN = {
    "clip": (lambda x, lo, hi: np.clip(x, lo, hi), "lo", "hi"),
    "clip, the upper first": (lambda x, hi, lo: np.clip(x, lo, hi), "lo", "hi"),
    "method": (lambda x, a, b: x.clip(max=b, min=a), "a", "b"),
    "other shapes": (lambda x, w, a, b: np.clip(x @ w, a_min=a, a_max=b), "a", "b"),
    "maximum inside": (lambda x, a, b: np.minimum(b, np.maximum(a, x)), "a", "b"),
    "minimum inside": (lambda x, a, b: np.fmax(np.fmin(x, a), b), "b", "a"),
    "where": (lambda x, a, b: np.where(x < a, a, np.where(x > b, b, x)), "a", "b"),
    "where, the other way": (lambda x, a, b: np.where(b > np.where(x >= a, x, a), np.maximum(x, a), b), "a", "b"),
    "a mask": (lambda x, a, b: np.where((x >= a) & (x < b), x**2, 0.1 * x), "a", "b"),
    "a mask by a function": (lambda x, a, b: x * np.logical_and(b > x, a < x), "a", "b"),
    "two lines": (in_two_lines, "lo", "hi"),
    "a function called": (lambda x, w, lo, hi: clamp(x * w, lo, hi), "lo", "hi"),
    "entries of a dictionary": (lambda x, p: np.clip(x, p["lo"], p["hi"]), "p.lo", "p.hi"),
    "a number": (lambda x, hi: np.minimum(np.maximum(x, 0.7), hi), 0.7, "hi"),
    "a default": (lambda x, hi, lo=0.8: np.clip(x, lo, hi), 0.8, "hi"),
    "both signs": (symmetric, 0.0, "hi"),
}


@pytest.mark.parametrize("kind", KEPT_BETWEEN)
@pytest.mark.parametrize("seed", [0, 3])
def test_bounds_are_in_order_wherever_code_uses_them_as_bounds(kind, seed):
    function, lower, upper = KEPT_BETWEEN[kind]
    made = guess(function, np.random.default_rng(seed), {}, "here")
    values = {**made, **{f"p.{key}": value for key, value in dict(made.get("p", {})).items()}}
    low, high = values.get(lower, lower), values.get(upper, upper)
    assert np.all(low <= high)
    assert np.max(low) < np.max(high)


def test_a_bound_that_is_given_stays_and_the_other_one_follows():
    given = {"lo": np.full((4, 3), 7.0)}
    made = guess(lambda x, lo, hi: np.clip(x, lo, hi), np.random.default_rng(0), {"lo": (4, 3)}, "here", given)
    assert np.all(made["hi"] > 7)
    made = guess(lambda x, lo, hi: np.clip(x, lo, hi), np.random.default_rng(0), {}, "here", {"hi": -2.0})
    assert np.all(made["lo"] < -2)


def test_what_is_no_bound_keeps_its_values():
    by = {}
    for name, function in (
        ("sum", lambda x, lo, hi: x + lo + hi),
        ("one side", lambda x, lo, hi: np.maximum(x, lo) + hi),
        ("of others", lambda x, lo, hi: np.minimum(np.maximum(x, 0), lo + hi)),
    ):
        by[name] = guess(function, np.random.default_rng(1), {}, "here")
    assert np.any(by["sum"]["lo"] > by["sum"]["hi"])
    for other in by.values():
        np.testing.assert_array_equal(other["lo"], by["sum"]["lo"])


def batch_statistics(x, which):
    mu = x.mean(axis=which, keepdims=True)
    return (x - mu) / np.sqrt(x.var(axis=which, keepdims=True) + 1e-5)


def scaled_by_statistics(x, gamma, beta, over):
    shape = [1] * x.ndim
    shape[1] = -1
    return gamma.reshape(shape) * batch_statistics(x, over) + beta.reshape(shape)


def images_by_statistics(x, gamma, beta, over):
    _, C, _, _ = x.shape
    return gamma.reshape(1, C, 1, 1) * batch_statistics(x, over) + beta.reshape(1, C, 1, 1)


@pytest.mark.parametrize(
    ("function", "over"), [(scaled_by_statistics, 0), (images_by_statistics, (0, 2, 3)), (batch_statistics, 0)]
)
def test_what_is_handed_on_as_axis_is_one(function, over):
    found = Search(function, 0, {}, {})
    state = found.found()
    assert list(found.arguments(state).values())[-1] == over
    assert found.runs < 10
