"""The configurations every layer is run on.

Every axis has a length of its own, gamma is not 1, and what hides mistakes in the usual check (square images, pad 1,
one scale, no test mode) comes with what shows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One situation.

    Attributes:
        words: what to call it. inputs: arrays in the order of the course's signature. settings: by their course names.
        forward_only: there is no gradient to compare. optional: a student may refuse it (by any exception).
        without: settings that are left out of a parameter dictionary, so that the student's own default counts.
        convention: what to note where only such a case fails; it is no finding then.
    """

    words: str
    inputs: Arrays
    settings: dict[str, Any] = field(default_factory=dict)
    forward_only: bool = False
    optional: bool = False
    without: tuple[str, ...] = ()
    convention: str = ""


def _normal(seed: int, *shape: int, mean: float = 0.0, scale: float = 1.0) -> Any:
    return np.random.default_rng([seed, *shape]).normal(mean, scale, shape)


def _features(seed: int, *shape: int) -> Arrays:
    random = np.random.default_rng([seed, *shape, 7])
    return {"gamma": random.uniform(0.5, 2.0, shape), "beta": random.normal(0.0, 1.0, shape)}


def _running(features: int, seed: int = 5) -> dict[str, Any]:
    random = np.random.default_rng([seed, features])
    return {"running_mean": random.normal(0.5, 1.0, features), "running_var": random.uniform(0.3, 2.0, features)}


def affine() -> list[Case]:
    def case(words: str, n: int, sizes: tuple[int, ...], m: int, **more: Any) -> Case:
        d = int(np.prod(sizes))
        return Case(words, {"x": _normal(1, n, *sizes), "w": _normal(2, d, m), "b": _normal(3, m)}, **more)

    return [
        case("rows of features", 3, (5,), 4),
        case("more outputs than features", 5, (2,), 3),
        case("x with more than two axes", 3, (2, 4), 5, optional=True),
    ]


def relu() -> list[Case]:
    return [
        Case("a matrix", {"x": _normal(1, 4, 5)}),
        Case("images", {"x": _normal(2, 2, 3, 4, 5)}),
    ]


def batchnorm() -> list[Case]:
    def case(words: str, n: int, d: int, scale: float, eps: float, mode: str = "train", **more: Any) -> Case:
        x = _normal(1, n, d, mean=0.7 * scale, scale=scale)
        settings = {"mode": mode, "eps": eps, "momentum": 0.8, **_running(d)}
        return Case(words, {"x": x, **_features(2, d)}, settings, forward_only=mode == "test", **more)

    first = ("running_mean", "running_var")
    return [
        case("training", 5, 3, 1.5, 1e-5, without=first),
        case("more features than examples", 4, 6, 2.0, 1e-5, without=first),
        case("small inputs, large eps", 6, 4, 0.05, 0.02, without=first),
        case("eps by default, small inputs", 5, 4, 0.01, 1e-5, without=(*first, "eps"), optional=True),
        case("training with running statistics", 5, 3, 1.5, 1e-3),
        case("test mode", 4, 3, 1.0, 1e-3, "test"),
        case("test mode, large eps", 5, 6, 0.5, 0.3, "test"),
    ]


def layernorm() -> list[Case]:
    def case(words: str, n: int, d: int, scale: float, eps: float, **more: Any) -> Case:
        x = _normal(1, n, d, mean=0.7 * scale, scale=scale)
        return Case(words, {"x": x, **_features(2, d)}, {"eps": eps}, **more)

    return [
        case("more features than examples", 3, 5, 1.5, 1e-5),
        case("more examples than features", 6, 4, 2.0, 1e-5),
        case("small inputs, large eps", 4, 7, 0.05, 0.02),
        case("eps by default, small inputs", 3, 5, 0.01, 1e-5, without=("eps",), optional=True),
    ]


def spatial_batchnorm() -> list[Case]:
    def case(words: str, shape: tuple[int, ...], scale: float, eps: float, mode: str = "train", **more: Any) -> Case:
        x = _normal(1, *shape, mean=0.7 * scale, scale=scale)
        settings = {"mode": mode, "eps": eps, "momentum": 0.8, **_running(shape[1])}
        return Case(words, {"x": x, **_features(2, shape[1])}, settings, forward_only=mode == "test", **more)

    first = ("running_mean", "running_var")
    return [
        case("training", (2, 3, 4, 5), 1.5, 1e-5, without=first),
        case("small inputs, large eps", (3, 2, 5, 4), 0.05, 0.02, without=first),
        case("eps by default, small inputs", (2, 3, 4, 5), 0.01, 1e-5, without=(*first, "eps"), optional=True),
        case("training with running statistics", (2, 3, 5, 4), 1.5, 1e-3),
        case("test mode", (2, 3, 4, 5), 1.0, 0.1, "test"),
    ]


def groupnorm(flat: bool = False) -> list[Case]:
    def case(words: str, shape: tuple[int, ...], G: int, scale: float, eps: float, **more: Any) -> Case:
        C = shape[1]
        parameters = _features(2, C) if flat else _features(2, 1, C, 1, 1)
        x = _normal(1, *shape, mean=0.7 * scale, scale=scale)
        return Case(words, {"x": x, **parameters}, {"G": G, "eps": eps}, **more)

    return [
        case("two groups of three channels", (2, 6, 4, 5), 2, 1.5, 1e-5),
        case("three groups of two channels", (3, 6, 2, 5), 3, 2.0, 1e-5),
        case("small inputs, large eps", (2, 6, 3, 4), 3, 0.05, 0.02),
        case("one group", (2, 4, 3, 5), 1, 1.0, 1e-5),
        case("eps by default, small inputs", (2, 4, 3, 5), 2, 0.01, 1e-5, without=("eps",), optional=True),
    ]


def dropout() -> list[Case]:
    def case(words: str, p: float, mode: str) -> Case:
        x = _normal(1, 60, 50, mean=2.0)
        return Case(words, {"x": x}, {"p": p, "mode": mode, "seed": 123})

    return [
        case("training, p = 0.3", 0.3, "train"),
        case("training, p = 0.8", 0.8, "train"),
        case("test mode", 0.3, "test"),
    ]


def conv(column: bool = False) -> list[Case]:
    def case(words: str, x: tuple[int, ...], w: tuple[int, ...], stride: int, pad: int) -> Case:
        inputs = {"x": _normal(1, *x), "w": _normal(2, w[0], x[1], *w[1:]), "b": _normal(3, w[0])}
        if column:
            inputs["b"] = inputs["b"].reshape(-1, 1)
        return Case(words, inputs, {"stride": stride, "pad": pad})

    return [
        case("square, stride 1, pad 1", (2, 3, 4, 4), (5, 3, 3), 1, 1),
        case("square, stride 1, pad 0", (2, 3, 5, 5), (4, 3, 3), 1, 0),
        case("not square, stride 1, pad 1", (2, 3, 5, 4), (4, 2, 3), 1, 1),
        case("stride 2, pad 1", (2, 3, 7, 5), (4, 3, 3), 2, 1),
        case("stride 2 leaving a rest, pad 0", (2, 3, 6, 7), (4, 3, 2), 2, 0),
        case("stride 1, pad 2", (2, 3, 4, 3), (4, 3, 3), 1, 2),
    ]


def pool() -> list[Case]:
    def case(words: str, x: tuple[int, ...], h: int, w: int, stride: int, mean: float = 0.0) -> Case:
        settings = {"pool_height": h, "pool_width": w, "stride": stride}
        return Case(words, {"x": _normal(1, *x, mean=mean)}, settings)

    return [
        case("square windows side by side", (2, 3, 4, 4), 2, 2, 2),
        case("not square, windows side by side", (2, 3, 4, 6), 2, 2, 2),
        case("negative inputs", (3, 2, 6, 4), 2, 2, 2, mean=-6.0),
        case("overlapping windows", (2, 3, 5, 4), 3, 3, 1),
        case("windows that are not square", (2, 3, 6, 5), 3, 2, 1),
        case("stride leaving a rest", (2, 3, 5, 7), 2, 2, 2),
    ]


def temporal_affine() -> list[Case]:
    def case(words: str, n: int, t: int, d: int, m: int) -> Case:
        return Case(words, {"x": _normal(1, n, t, d), "w": _normal(2, d, m), "b": _normal(3, m)})

    return [case("three steps", 2, 3, 4, 5), case("five steps", 4, 5, 3, 2)]


def word_embedding() -> list[Case]:
    def case(words: str, n: int, t: int, v: int, d: int) -> Case:
        return Case(words, {"x": np.random.default_rng([n, t]).integers(0, v, (n, t)), "w": _normal(2, v, d)})

    return [case("words that occur twice", 2, 4, 3, 5), case("words that do not occur", 3, 2, 9, 4)]


def temporal_softmax_loss() -> list[Case]:
    def case(words: str, n: int, t: int, v: int, shift: float = 0.0) -> Case:
        random = np.random.default_rng([n, t, v])
        mask = random.random((n, t)) < 0.6
        return Case(words, {"x": _normal(1, n, t, v) + shift}, {"y": random.integers(0, v, (n, t)), "mask": mask})

    return [case("three steps", 2, 3, 4), case("more words than steps", 3, 2, 6), case("large scores", 2, 4, 3, 800.0)]


def affine_bn_relu() -> list[Case]:
    def case(words: str, n: int, d: int, m: int, eps: float) -> Case:
        inputs = {"x": _normal(1, n, d), "w": _normal(2, d, m), "b": _normal(3, m), **_features(4, m)}
        return Case(words, inputs, {"mode": "train", "eps": eps, "momentum": 0.8}, without=("running_mean",))

    return [case("rows of features", 5, 3, 4, 1e-5), case("large eps", 4, 6, 3, 0.2)]


def conv_relu_pool() -> list[Case]:
    def case(words: str, x: tuple[int, ...], w: tuple[int, ...], stride: int, pad: int, *window: int) -> Case:
        inputs = {"x": _normal(1, *x), "w": _normal(2, w[0], x[1], *w[1:]), "b": _normal(3, w[0])}
        sizes = dict(zip(("pool_height", "pool_width"), window))
        return Case(words, inputs, {"stride": stride, "pad": pad, **sizes})

    return [
        case("overlapping windows, pad 1", (2, 3, 4, 5), (4, 3, 3), 1, 1, 2, 2),
        case("not square, pad 0", (2, 3, 6, 5), (4, 2, 3), 1, 0, 3, 2),
        case("stride 2, pad 1", (2, 3, 7, 9), (4, 3, 3), 2, 1, 2, 2),
    ]


def _labels(n: int, c: int) -> Any:
    return np.random.default_rng([n, c]).integers(0, c, n)


def softmax_loss() -> list[Case]:
    return [
        Case("scores", {"x": _normal(1, 5, 4)}, {"y": _labels(5, 4)}),
        Case("more classes than examples", {"x": _normal(2, 3, 6)}, {"y": _labels(3, 6)}),
        Case("large scores", {"x": _normal(3, 4, 3) + 800.0}, {"y": _labels(4, 3)}),
        Case("large scores that differ", {"x": _normal(3, 4, 3) + np.array([[0.0], [900.0], [-900.0], [400.0]])},
             {"y": _labels(4, 3)}, convention="one maximum is subtracted from all rows: right as long as rows do not "
             "differ by hundreds (with axis=1 every row gets its own)"),
    ]  # fmt: skip


def svm_loss() -> list[Case]:
    return [
        Case("scores", {"x": _normal(1, 5, 4)}, {"y": _labels(5, 4)}),
        Case("more classes than examples", {"x": _normal(2, 3, 6, scale=2.0)}, {"y": _labels(3, 6)}),
    ]


def _classifier(share: float) -> list[Case]:
    def case(words: str, n: int, d: int, c: int, reg: float) -> Case:
        inputs = {"w": _normal(1, d, c, scale=0.5), "x": _normal(2, n, d)}
        return Case(words, inputs, {"y": _labels(n, c), "reg": reg, "share": share})

    return [
        case("a linear classifier", 5, 4, 3, 0.3),
        case("more classes than examples", 4, 3, 6, 0.07),
        case("without regularization", 6, 5, 4, 0.0),
    ]


CLASSIFIER_FORMS = (lambda: _classifier(1.0), lambda: _classifier(0.5))
"""The weights' squares count in whole, or by half."""


def rnn_step() -> list[Case]:
    def case(words: str, n: int, d: int, h: int) -> Case:
        weights = {"Wx": _normal(3, d, h, scale=0.5), "Wh": _normal(4, h, h, scale=0.5), "b": _normal(5, h)}
        return Case(words, {"x": _normal(1, n, d), "prev_h": _normal(2, n, h), **weights})

    return [case("more state than features", 3, 4, 5), case("more examples than features", 5, 3, 2)]


def lstm_step() -> list[Case]:
    def case(words: str, n: int, d: int, h: int) -> Case:
        weights = {"Wx": _normal(3, d, 4 * h, scale=0.5), "Wh": _normal(4, h, 4 * h, scale=0.5), "b": _normal(5, 4 * h)}
        states = {"prev_h": _normal(2, n, h), "prev_c": _normal(6, n, h)}
        return Case(words, {"x": _normal(1, n, d), **states, **weights})

    return [case("more state than features", 3, 4, 5), case("more examples than features", 5, 3, 2)]


def rnn(gates: int = 1) -> list[Case]:
    def case(words: str, n: int, t: int, d: int, h: int) -> Case:
        weights = {"Wx": _normal(3, d, gates * h, scale=0.5), "Wh": _normal(4, h, gates * h, scale=0.5)}
        return Case(words, {"x": _normal(1, n, t, d), "h0": _normal(2, n, h), **weights, "b": _normal(5, gates * h)})

    return [case("three steps", 2, 3, 4, 5), case("five steps", 4, 5, 3, 2)]
