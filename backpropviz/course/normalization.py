"""Normalizations: batchnorm, layernorm, their spatial and group forms, and what a course builds on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from backpropviz.course.record import Arrays, Case, Layer, features, lengths, normal
from backpropviz.engine.trace import Trace

_INPUTS = ("x", "gamma", "beta")
_STATISTICS = ("running_mean", "running_var")
_MOMENTUM = 0.83  # neither it nor what it leaves is a whole number's share, that of an axis' length


def _running(count: int, seed: int = 5) -> dict[str, Any]:
    random = np.random.default_rng([seed, count])
    return {"running_mean": random.normal(0.5, 1.0, count), "running_var": random.uniform(0.3, 2.0, count)}


def _features_of(
    words: str, shape: tuple[int, ...], scale: float, eps: float, mode: str = "train", seed: int = 1, **more: Any
) -> Case:
    """A batchnorm's: (N, D), or images (N, C, H, W) with a statistic a channel."""
    x = normal(seed, *shape, mean=0.7 * scale, scale=scale)
    settings = {"mode": mode, "eps": eps, "momentum": _MOMENTUM, **_running(shape[1])}
    return Case(words, {"x": x, **features(seed + 1, shape[1])}, settings, forward_only=mode == "test", **more)


def _batchnorm() -> list[Case]:
    case, first = _features_of, _STATISTICS
    return [
        case("training", (5, 3), 1.5, 1e-5, without=first),
        case("more features than examples", (3, 7), 2.0, 1e-5, without=first),
        case("small inputs, large eps", (6, 5), 0.05, 0.02, without=first),
        case("eps by default, small inputs", (5, 7), 0.01, 1e-5, without=(*first, "eps"), optional=True),
        case("training with running statistics", (5, 3), 1.5, 1e-3),
        case("test mode", (7, 3), 1.0, 1e-3, "test"),
        case("test mode, large eps", (5, 6), 0.5, 0.3, "test"),
    ]


def _fresh_batchnorm(seed: int, form: int = 0) -> Case:
    n, d = lengths(seed, 2)
    mode = "test" if seed % 5 == 3 else "train"
    without = _STATISTICS if seed % 5 < 2 else ()
    scale, eps = (1.5, 1e-5) if seed % 2 else (0.3, 0.05)
    return _features_of("fresh", (n, d), scale, eps, mode, seed, without=without)


def _spatial_batchnorm() -> list[Case]:
    case, first = _features_of, _STATISTICS
    return [
        case("training", (3, 5, 7, 6), 1.5, 1e-5, without=first),
        case("small inputs, large eps", (5, 3, 6, 8), 0.05, 0.02, without=first),
        case("eps by default, small inputs", (3, 5, 6, 7), 0.01, 1e-5, without=(*first, "eps"), optional=True),
        case("training with running statistics", (2, 3, 5, 4), 1.5, 1e-3, special=True),
        case("test mode", (3, 5, 7, 6), 1.0, 0.1, "test"),
    ]


def _fresh_spatial_batchnorm(seed: int, form: int = 0) -> Case:
    n, c, h, w = lengths(seed, 4)
    mode = "test" if seed % 5 == 3 else "train"
    without = _STATISTICS if seed % 5 < 2 else ()
    return _features_of("fresh", (n, c, h, w), 1.5, 1e-5 if seed % 2 else 0.3, mode, seed, without=without)


def _layer(words: str, n: int, d: int, scale: float, eps: float, seed: int = 1, **more: Any) -> Case:
    x = normal(seed, n, d, mean=0.7 * scale, scale=scale)
    return Case(words, {"x": x, **features(seed + 1, d)}, {"eps": eps}, **more)


def _layernorm() -> list[Case]:
    return [
        _layer("more features than examples", 3, 5, 1.5, 1e-5),
        _layer("more examples than features", 7, 3, 2.0, 1e-5),
        _layer("small inputs, large eps", 5, 7, 0.05, 0.02),
        _layer("eps by default, small inputs", 3, 5, 0.01, 1e-5, without=("eps",), optional=True),
    ]


def _fresh_layernorm(seed: int, form: int = 0) -> Case:
    n, d = lengths(seed, 2)
    return _layer("fresh", n, d, 1.5, 1e-5 if seed % 2 else 0.05, seed)


def _group(
    words: str, shape: tuple[int, ...], G: int, scale: float, eps: float, flat: bool, seed: int = 1, **more: Any
) -> Case:
    C = shape[1]
    parameters = features(seed + 1, C) if flat else features(seed + 1, 1, C, 1, 1)
    x = normal(seed, *shape, mean=0.7 * scale, scale=scale)
    return Case(words, {"x": x, **parameters}, {"G": G, "eps": eps}, **more)


def _groupnorm(flat: bool = False) -> list[Case]:
    return [
        _group("two groups of three channels", (2, 6, 4, 5), 2, 1.5, 1e-5, flat, special=True),
        _group("three groups of five channels", (6, 15, 7, 8), 3, 1.5, 1e-5, flat),
        _group("five groups of three channels", (7, 15, 9, 10), 5, 2.0, 1e-5, flat),
        _group("three groups of two channels", (3, 6, 2, 5), 3, 2.0, 1e-5, flat, special=True),
        _group("small inputs, large eps", (2, 6, 3, 4), 3, 0.05, 0.02, flat, special=True),
        _group("one group", (2, 4, 3, 5), 1, 1.0, 1e-5, flat, special=True),
        _group("eps by default, small inputs", (2, 4, 3, 5), 2, 0.01, 1e-5, flat, special=True, without=("eps",),
               optional=True),
    ]  # fmt: skip


def _fresh_groupnorm(seed: int, form: int = 0) -> Case:
    n, g, size, h, w = lengths(seed, 5)
    return _group("fresh", (n, g * size, h, w), g, 1.5, 1e-5 if seed % 2 else 0.3, form == 1, seed)


def _sandwich(words: str, n: int, d: int, m: int, eps: float, seed: int = 1) -> Case:
    inputs = {
        "x": normal(seed, n, d), "w": normal(seed + 1, d, m), "b": normal(seed + 2, m), **features(seed + 3, m)
    }  # fmt: skip
    return Case(words, inputs, {"mode": "train", "eps": eps, "momentum": _MOMENTUM}, without=("running_mean",))


def _affine_bn_relu() -> list[Case]:
    return [_sandwich("rows of features", 5, 3, 7, 1e-5), _sandwich("large eps", 7, 6, 3, 0.2)]


def _fresh_affine_bn_relu(seed: int, form: int = 0) -> Case:
    n, d, m = lengths(seed, 3)
    return _sandwich("fresh", n, d, m, 1e-5 if seed % 2 else 0.2, seed)


def _closed_form(trace: Trace) -> Arrays:
    """What the gradient in one formula is made of: N dx = ivar (N dxhat - sum(dxhat) - xhat sum(dxhat xhat))."""
    xhat, mu = trace["xhat"].value, trace["mu"].value
    axis, count = (0, xhat.shape[0]) if mu.ndim == 1 else (1, xhat.shape[1])
    found: Arrays = {}
    for name in ("xhat", "out") if axis == 0 else ("xhat",):  # over the batch, gamma may as well be taken out
        node = trace.upstream[trace.outputs[0]] if name == "out" else trace[name].gradient
        assert node is not None
        gradient = node.value
        total = np.sum(gradient, axis=axis, keepdims=True)
        along = np.sum(gradient * xhat, axis=axis, keepdims=True)
        found |= {
            f"{count} * d{name}": count * gradient,
            f"np.sum(d{name}, axis={axis})": total,
            f"np.sum(d{name} * xhat, axis={axis})": along,
            f"xhat * np.sum(d{name} * xhat, axis={axis})": xhat * along,
            f"np.mean(d{name}, axis={axis})": total / count,
            f"np.mean(d{name} * xhat, axis={axis})": along / count,
            f"xhat * np.mean(d{name} * xhat, axis={axis})": xhat * along / count,
            f"the bracket of the closed form, of d{name}": count * gradient - total - xhat * along,
        }
    return found


def _by_mode(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A batchnorm takes its statistics from the batch, or in test mode the running ones."""
    names = ("eps",) if settings["mode"] == "train" else ("eps", "mode", *_STATISTICS)
    return {name: settings[name] for name in names}


LAYERS = (
    Layer(
        "batchnorm", "batch_?norm|bn|batch_?normalization", _INPUTS, ("out",), _INPUTS, (_batchnorm,),
        ("batchnorm", "batchnorm_paper", "batchnorm_divided"), ("eps",), _by_mode, _fresh_batchnorm,
        further=_closed_form, centered=True, keeps_running_statistics=True,
    ),
    Layer(
        "layernorm", "layer_?norm|ln|layer_?normalization", _INPUTS, ("out",), _INPUTS, (_layernorm,),
        ("layernorm", "layernorm_divided"), ("eps",), None, _fresh_layernorm, further=_closed_form, centered=True,
    ),
    Layer(
        "spatial_batchnorm", "spatial_?(?:batch_?norm|bn)", _INPUTS, ("out",), _INPUTS, (_spatial_batchnorm,),
        ("spatial_batchnorm", "spatial_batchnorm_axes"), ("eps",), _by_mode, _fresh_spatial_batchnorm, centered=True,
        keeps_running_statistics=True,
    ),
    Layer(
        "groupnorm", "(?:spatial_?)?(?:group_?norm|gn|group_?normalization)", _INPUTS, ("out",), _INPUTS,
        (_groupnorm, lambda: _groupnorm(flat=True)), ("groupnorm", "groupnorm_rows"), ("G", "eps"), None,
        _fresh_groupnorm, centered=True, vectors=("gamma", "beta"),
    ),
    Layer(
        "affine_bn_relu", "(?:affine|fc|linear|dense)_(?:bn|batch_?norm)_relu", ("x", "w", "b", "gamma", "beta"),
        ("out",), ("x", "w", "b", "gamma", "beta"), (_affine_bn_relu,), ("affine_bn_relu",), ("eps",), None,
        _fresh_affine_bn_relu,
    ),
)  # fmt: skip
