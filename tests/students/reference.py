"""An oracle for the student corpus: plain, slow forward functions in float64, and central differences of them.

Nothing here is shared with backpropviz, so that a mistake in one cannot excuse the same mistake in the other.
A layer is a forward function `(arrays, settings) -> output or tuple of outputs` and the cases it is held against.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

Arrays = dict[str, np.ndarray]
DEFAULT_EPS = 1e-5
STEP = 1e-3


class Case(NamedTuple):
    """One situation: what to call it, the arrays in the order a student takes them, and the settings."""

    words: str
    arrays: Arrays
    settings: dict


class Layer(NamedTuple):
    """A forward function, its cases, and which of the arrays have no gradient."""

    forward: Callable
    cases: tuple[Case, ...]
    constants: tuple[str, ...] = ()


def affine(a: Arrays, _: dict) -> np.ndarray:
    """out[n, m] = sum_d x[n, d] w[d, m] + b[m], x flattened per example."""
    return np.stack([example.ravel() @ a["w"] + a["b"] for example in a["x"]])


def relu(a: Arrays, _: dict) -> np.ndarray:
    """The positive part."""
    return np.where(a["x"] > 0, a["x"], 0.0)


def normalized(values: np.ndarray, eps: float) -> np.ndarray:
    """One population of numbers, shifted and scaled to mean 0 and (almost) variance 1."""
    centered = values - values.sum() / values.size
    return centered / np.sqrt((centered**2).sum() / values.size + eps)


def batchnorm(a: Arrays, s: dict) -> np.ndarray:
    """Every feature is a population; in test mode the running statistics replace its own."""
    out, eps = np.empty_like(a["x"]), s.get("eps", DEFAULT_EPS)
    for d in range(a["x"].shape[1]):
        column = a["x"][:, d]
        if s["mode"] == "test":
            hat = (column - s["running_mean"][d]) / np.sqrt(s["running_var"][d] + eps)
        else:
            hat = normalized(column, eps)
        out[:, d] = a["gamma"][d] * hat + a["beta"][d]
    return out


def running_statistics(x: np.ndarray, s: dict) -> Arrays:
    """What the settings must hold after a batch x of shape (N, D) or (N, C, H, W) was seen in train mode."""
    x = channels_last(x) if x.ndim == 4 else x
    momentum = s.get("momentum", 0.9)
    fresh = {"running_mean": x.mean(axis=0), "running_var": x.var(axis=0)}
    return {k: momentum * s.get(k, np.zeros(x.shape[1])) + (1 - momentum) * v for k, v in fresh.items()}


def channels_last(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) as (N*H*W, C): one row per pixel."""
    return np.stack([x[:, c].ravel() for c in range(x.shape[1])], axis=1)


def spatial_batchnorm(a: Arrays, s: dict) -> np.ndarray:
    """Every channel is a population."""
    n, c, h, w = a["x"].shape
    flat = batchnorm({**a, "x": channels_last(a["x"])}, s)
    return np.stack([flat[:, k].reshape(n, h, w) for k in range(c)], axis=1)


def layernorm(a: Arrays, s: dict) -> np.ndarray:
    """Every example is a population."""
    return np.stack([a["gamma"] * normalized(row, s.get("eps", DEFAULT_EPS)) + a["beta"] for row in a["x"]])


def spatial_groupnorm(a: Arrays, s: dict) -> np.ndarray:
    """Every group of neighbouring channels of every example is a population."""
    out, size = np.empty_like(a["x"]), a["x"].shape[1] // s["G"]
    for n in range(a["x"].shape[0]):
        for g in range(s["G"]):
            group = slice(g * size, (g + 1) * size)
            out[n, group] = normalized(a["x"][n, group], s.get("eps", DEFAULT_EPS))
    return a["gamma"] * out + a["beta"]


def windows(x: np.ndarray, height: int, width: int, stride: int):
    """Every (row, column, window) of the last two axes; what does not fill a window is left over."""
    for i in range((x.shape[2] - height) // stride + 1):
        for j in range((x.shape[3] - width) // stride + 1):
            top, left = i * stride, j * stride
            yield i, j, x[:, :, top : top + height, left : left + width]


def slid(x: np.ndarray, height: int, width: int, stride: int, function: Callable) -> np.ndarray:
    """The results of a function of every window, put where the window was: (N, K, rows, columns)."""
    cells = {(i, j): function(window) for i, j, window in windows(x, height, width, stride)}
    rows, columns = (1 + max(ij[k] for ij in cells) for k in (0, 1))
    return np.stack([np.stack([cells[i, j] for j in range(columns)], -1) for i in range(rows)], -2)


def conv(a: Arrays, s: dict) -> np.ndarray:
    """Cross-correlation with zero padding."""
    p, w = s["pad"], a["w"]
    padded = np.pad(a["x"], ((0, 0), (0, 0), (p, p), (p, p)))
    product = lambda win: np.stack([(win * f).sum(axis=(1, 2, 3)) for f in w], 1) + a["b"]
    return slid(padded, w.shape[2], w.shape[3], s["stride"], product)


def max_pool(a: Arrays, s: dict) -> np.ndarray:
    """The largest entry of every window."""
    return slid(a["x"], s["pool_height"], s["pool_width"], s["stride"], lambda win: win.max(axis=(2, 3)))


def avg_pool(a: Arrays, s: dict) -> np.ndarray:
    """The mean of every window."""
    return slid(a["x"], s["pool_height"], s["pool_width"], s["stride"], lambda win: win.mean(axis=(2, 3)))


def softmax_loss(a: Arrays, _: dict) -> float:
    """Mean cross-entropy, by logaddexp: no overflow, no shift."""
    losses = [np.logaddexp.reduce(row) - row[label] for row, label in zip(a["x"], a["y"], strict=True)]
    return sum(losses) / len(losses)


def svm_loss(a: Arrays, _: dict) -> float:
    """Mean multiclass hinge loss with margin 1."""
    total = 0.0
    for row, label in zip(a["x"], a["y"], strict=True):
        total += sum(max(0.0, row[j] - row[label] + 1) for j in range(len(row)) if j != label)
    return total / len(a["y"])


def rnn_step(a: Arrays, _: dict) -> np.ndarray:
    """tanh(x Wx + h Wh + b)."""
    return np.tanh(a["x"] @ a["Wx"] + a["prev_h"] @ a["Wh"] + a["b"])


def rnn(a: Arrays, _: dict) -> np.ndarray:
    """The same step along the time axis of x (N, T, D)."""
    h, states = a["h0"], []
    for t in range(a["x"].shape[1]):
        h = rnn_step({**a, "x": a["x"][:, t], "prev_h": h}, {})
        states.append(h)
    return np.stack(states, axis=1)


def lstm_step(a: Arrays, _: dict) -> tuple[np.ndarray, np.ndarray]:
    """Gates in the order input, forget, output, candidate."""
    i, f, o, g = np.split(a["x"] @ a["Wx"] + a["prev_h"] @ a["Wh"] + a["b"], 4, axis=1)
    i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
    next_c = f * a["prev_c"] + i * np.tanh(g)
    return o * np.tanh(next_c), next_c


def dropout(a: Arrays, s: dict) -> np.ndarray:
    """Test mode; in train mode the mask is the student's own draw and is read off the output."""
    return a["x"] * s.get("mask", 1.0)


@cache
def gradients(layer: str, index: int) -> tuple[tuple[np.ndarray, ...], Arrays]:
    """A random upstream gradient per output, and the gradient of every array by four-point central differences."""
    forward, cases, constants = LAYERS[layer]
    case = cases[index]
    outputs = as_tuple(forward(case.arrays, case.settings))
    rng = np.random.default_rng(100 + index)
    upstream = tuple(rng.normal(size=np.shape(o)) if np.ndim(o) else 1.0 for o in outputs)

    def total(arrays: Arrays) -> float:
        produced = as_tuple(forward(arrays, case.settings))
        return sum(float(np.sum(d * o)) for d, o in zip(upstream, produced, strict=True))

    found = {}
    for name in case.arrays.keys() - set(constants):
        arrays = {k: v.copy() for k, v in case.arrays.items()}
        array, step = arrays[name], STEP * min(1.0, np.abs(case.arrays[name]).std() or 1.0)
        found[name] = np.empty_like(array)
        for at in np.ndindex(array.shape):
            kept, values = array[at], {}
            for k in (-2, -1, 1, 2):
                array[at] = kept + k * step
                values[k] = total(arrays)
            array[at] = kept
            found[name][at] = (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * step)
    return upstream, {name: found[name] for name in case.arrays if name in found}


def as_tuple(value) -> tuple:
    """One output or several, always as a tuple."""
    return value if isinstance(value, tuple) else (value,)


def normal(seed: int, scale: float = 1.0, **shapes: tuple[int, ...]) -> Arrays:
    """Seeded normal arrays; gammas away from 1, betas away from 0."""
    rng = np.random.default_rng(seed)
    arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    arrays["x"] = arrays["x"] * scale + 0.4 * scale
    if "gamma" in arrays:
        arrays["gamma"] = 1.5 + 0.4 * arrays["gamma"]
    return arrays


def spread(seed: int, *shape: int) -> Arrays:
    """Distinct x with gaps far wider than a difference step, so that no case sits near a kink."""
    count = int(np.prod(shape))
    return {"x": (np.random.default_rng(seed).permutation(count).reshape(shape) - count / 2 + 0.25) * 0.1}


def norm(seed: int, shape: tuple[int, ...], scale: float = 1.0) -> Arrays:
    """x, gamma and beta for a normalization over the features (axis 1 of x)."""
    return normal(seed, scale, x=shape, gamma=(shape[1],), beta=(shape[1],))


def group(seed: int, shape: tuple[int, ...], scale: float = 1.0) -> Arrays:
    """x, gamma and beta for a group norm, whose parameters come as (1, C, 1, 1)."""
    return normal(seed, scale, x=shape, gamma=(1, shape[1], 1, 1), beta=(1, shape[1], 1, 1))


def scores(seed: int, rows: int, columns: int, stretch: float = 1.0, **shift: np.ndarray) -> Arrays:
    """Class scores and labels; stretched, or shifted row by row, the logits become large."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(rows, columns)) * stretch, rng.integers(0, columns, rows)
    return {"x": x + shift.get("by", 0.0), "y": y}


def recurrent(seed: int, gates: int, **states: tuple[int, ...]) -> Arrays:
    """x, states, and weights for D = 4 inputs and H = 5 units."""
    return normal(seed, 0.7, x=states.pop("x", (3, 4)), **states, Wx=(4, 5 * gates), Wh=(5, 5 * gates), b=(5 * gates,))


def kept(seed: int, width: int) -> dict:
    """Running statistics of some earlier batches, of small variance."""
    rng = np.random.default_rng(seed)
    return {"running_mean": rng.normal(size=width), "running_var": rng.uniform(0.2, 0.9, size=width)}


def image(seed: int, x: tuple[int, ...], w: tuple[int, ...]) -> Arrays:
    """x, filters and biases of a convolution."""
    return normal(seed, x=x, w=w, b=w[:1])


def pool(height: int, width: int, stride: int) -> dict:
    """The settings of a pooling layer."""
    return {"pool_height": height, "pool_width": width, "stride": stride}


NORM_CASES = (
    Case("train, N > D", norm(1, (7, 4)), {"mode": "train", "eps": 1e-5, "momentum": 0.8, **kept(2, 4)}),
    Case("train, N < D", norm(3, (4, 6)), {"mode": "train", "eps": 1e-5}),
    Case("small scale, large eps", norm(4, (5, 3), 0.2), {"mode": "train", "eps": 0.05}),
    Case("small scale, eps left to its default", norm(5, (6, 4), 0.01), {"mode": "train"}),
    Case("test mode", norm(6, (5, 4)), {"mode": "test", "eps": 0.05, **kept(7, 4)}),
)
POOL_CASES = (
    Case("square, side by side", spread(11, 2, 3, 4, 4), pool(2, 2, 2)),
    Case("non-square", spread(12, 2, 3, 4, 6), pool(2, 3, 2)),
    Case("overlapping windows", spread(13, 2, 2, 5, 6), pool(3, 2, 1)),
    Case("a stride that leaves a rest", spread(14, 2, 2, 7, 5), pool(2, 2, 3)),
)
LAYERS = {
    "affine": Layer(
        affine,
        (
            Case("x flat", normal(21, x=(4, 6), w=(6, 5), b=(5,)), {}),
            Case("x with more axes", normal(22, x=(5, 2, 3), w=(6, 4), b=(4,)), {}),
        ),
    ),
    "relu": Layer(relu, (Case("a matrix", spread(23, 5, 4), {}), Case("an image", spread(24, 2, 3, 4, 2), {}))),
    "batchnorm": Layer(batchnorm, NORM_CASES),
    "layernorm": Layer(
        layernorm,
        tuple(
            case._replace(settings={k: v for k, v in case.settings.items() if k == "eps"}) for case in NORM_CASES[:4]
        ),
    ),
    "spatial_batchnorm": Layer(
        spatial_batchnorm,
        (
            Case("train", norm(31, (3, 4, 2, 5)), {"mode": "train", "eps": 1e-5, "momentum": 0.8, **kept(32, 4)}),
            Case("small scale, large eps", norm(33, (2, 3, 4, 3), 0.2), {"mode": "train", "eps": 0.05}),
            Case("test mode", norm(34, (2, 3, 4, 5)), {"mode": "test", "eps": 0.05, **kept(35, 3)}),
        ),
    ),
    "spatial_groupnorm": Layer(
        spatial_groupnorm,
        (
            Case("two groups", group(41, (3, 6, 2, 4)), {"G": 2, "eps": 1e-5}),
            Case("odd groups", group(42, (2, 6, 3, 2)), {"G": 3, "eps": 1e-5}),
            Case("small scale, large eps", group(43, (2, 4, 3, 3), 0.2), {"G": 2, "eps": 0.05}),
        ),
    ),
    "dropout": Layer(
        dropout,
        (
            Case("train", {"x": spread(51, 40, 50)["x"]}, {"mode": "train", "p": 0.3, "seed": 5}),
            Case("test mode", {"x": spread(52, 5, 4)["x"]}, {"mode": "test", "p": 0.3, "seed": 5}),
        ),
    ),
    "conv": Layer(
        conv,
        (
            Case("square, pad 1", image(61, (2, 3, 4, 4), (2, 3, 3, 3)), {"stride": 1, "pad": 1}),
            Case("non-square, pad 0", image(62, (2, 2, 4, 6), (3, 2, 2, 3)), {"stride": 1, "pad": 0}),
            Case("non-square, pad 1, stride 2", image(63, (2, 2, 5, 7), (3, 2, 3, 3)), {"stride": 2, "pad": 1}),
            Case("pad 2, stride 3 leaves a rest", image(64, (2, 2, 4, 3), (2, 2, 3, 2)), {"stride": 3, "pad": 2}),
        ),
    ),
    "max_pool": Layer(max_pool, POOL_CASES),
    "avg_pool": Layer(avg_pool, POOL_CASES),
    "softmax_loss": Layer(
        softmax_loss,
        (
            Case("ordinary", scores(71, 5, 4), {}),
            Case("large logits", scores(72, 4, 5, by=np.array([[1000.0], [-1000.0], [0.0], [3.0]])), {}),
        ),
        ("y",),
    ),
    "svm_loss": Layer(
        svm_loss, (Case("ordinary", scores(73, 6, 4), {}), Case("more classes than rows", scores(74, 3, 7), {})), ("y",)
    ),
    "rnn_step": Layer(rnn_step, (Case("N, D, H differ", recurrent(81, 1, prev_h=(3, 5)), {}),)),
    "rnn": Layer(rnn, (Case("four steps", recurrent(82, 1, x=(3, 4, 4), h0=(3, 5)), {}),)),
    "lstm_step": Layer(lstm_step, (Case("N, D, H differ", recurrent(83, 4, prev_h=(3, 5), prev_c=(3, 5)), {}),)),
}
