"""Layers that look through windows: convolution, pooling, and what a course builds on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from backpropviz.course.record import Case, Layer, Probe, lengths, normal

_XWB = ("x", "w", "b")
_SLICED = {"wrong_operand": "wrong_slice", "constant_factor": "wrong_slice", "extra_term": "wrong_slice"}


def _filters(
    words: str, x: tuple[int, ...], w: tuple[int, ...], stride: int, pad: int, column: bool = False, seed: int = 1,
    window: tuple[int, int] | None = None, **more: Any,
) -> Case:  # fmt: skip
    """x (N, C, H, W) and filters (F, C, HH, WW), of which w gives F, HH, WW; b (F,), or (F, 1) as a column."""
    inputs = {"x": normal(seed, *x), "w": normal(seed + 1, w[0], x[1], *w[1:]), "b": normal(seed + 2, w[0])}
    if column:
        inputs["b"] = inputs["b"].reshape(-1, 1)
    sizes = dict(zip(("pool_height", "pool_width"), window or ()))
    return Case(words, inputs, {"stride": stride, "pad": pad, **sizes}, **more)


def _conv(column: bool = False) -> list[Case]:
    def case(words: str, x: tuple[int, ...], w: tuple[int, ...], *step: int, special: bool = True) -> Case:
        stride, pad = step
        return _filters(words, x, w, stride, pad, column, special=special)

    return [
        case("square, stride 1, pad 1", (2, 3, 4, 4), (5, 3, 3), 1, 1),
        case("square, stride 1, pad 0", (2, 3, 5, 5), (4, 3, 3), 1, 0),
        case("not square, stride 1, pad 1", (2, 3, 5, 4), (4, 2, 3), 1, 1),
        case("stride 2, pad 1", (2, 3, 7, 5), (4, 3, 3), 2, 1),
        case("stride 2 leaving a rest, pad 0", (2, 3, 6, 7), (4, 3, 2), 2, 0),
        case("stride 1, pad 2", (2, 3, 4, 3), (4, 3, 3), 1, 2),
        case("stride 3, pad 0", (6, 8, 10, 9), (7, 5, 3), 3, 0, special=False),
        case("stride 3, pad 1", (3, 7, 9, 10), (8, 5, 6), 3, 1, special=False),
    ]


def _fresh_conv(seed: int, form: int = 0) -> Case:
    n, f, hh, ww = lengths(seed, 4, (3, 5, 6, 7))
    c, h, w = lengths(seed, 3, (8, 9, 10, 11))
    return _filters("fresh", (n, c, h, w), (f, hh, ww), 2 + seed % 2, seed % 3, form == 1, seed)


def leaves_a_rest(case: Case) -> bool:
    """The stride does not divide what it runs over: courses allow a fast implementation to refuse that."""
    x, stride = case.inputs.get("x"), case.settings.get("stride")
    if stride is None or x is None or x.ndim != 4:
        return False
    window = (case.settings.get("pool_height", 1), case.settings.get("pool_width", 1))
    window = case.inputs["w"].shape[2:] if "w" in case.inputs else window
    pad = case.settings.get("pad", 0)
    return any((length + 2 * pad - size) % stride for length, size in zip(x.shape[2:], window))


def _windows(
    words: str, x: tuple[int, ...], h: int, w: int, stride: int, mean: float = 0.0, seed: int = 1, **more: Any
) -> Case:
    settings = {"pool_height": h, "pool_width": w, "stride": stride}
    return Case(words, {"x": normal(seed, *x, mean=mean)}, settings, **more)


def _pool() -> list[Case]:
    return [
        _windows("square windows side by side", (2, 3, 4, 4), 2, 2, 2, special=True),
        _windows("not square, windows side by side", (2, 3, 4, 6), 2, 2, 2, special=True),
        _windows("negative inputs", (3, 2, 6, 4), 2, 2, 2, mean=-6.0, special=True),
        _windows("overlapping windows", (2, 3, 5, 4), 3, 3, 1, special=True),
        _windows("windows that are not square", (2, 3, 6, 5), 3, 2, 1, special=True),
        _windows("stride leaving a rest", (2, 3, 5, 7), 2, 2, 2, special=True),
        _windows("windows that are not square, stride 2", (6, 7, 9, 8), 3, 5, 2),
        _windows("windows that are not square, stride 4", (7, 6, 10, 8), 5, 3, 4),
    ]


def _fresh_pool(seed: int, form: int = 0) -> Case:
    n, c, ph, pw = lengths(seed, 4, (3, 5, 6, 7))
    h, w = lengths(seed, 2, (8, 9, 10, 11))
    return _windows("fresh", (n, c, h, w), ph, pw, 2 + seed % 3, seed=seed)


def _conv_relu_pool() -> list[Case]:
    return [
        _filters("overlapping windows, pad 1", (2, 3, 4, 5), (4, 3, 3), 1, 1, window=(2, 2), special=True),
        _filters("not square, pad 0", (2, 3, 6, 5), (4, 2, 3), 1, 0, window=(3, 2), special=True),
        _filters("stride 2, pad 1", (2, 3, 7, 9), (4, 3, 3), 2, 1, window=(2, 2), special=True),
        _filters("stride 2, pad 0", (6, 8, 13, 11), (7, 5, 3), 2, 0, window=(3, 2)),
        _filters("stride 2, pad 1, larger filters", (7, 6, 13, 12), (9, 3, 5), 2, 1, window=(5, 3)),
    ]


def _fresh_conv_relu_pool(seed: int, form: int = 0) -> Case:
    n, f, hh, ww = lengths(seed, 4, (3, 5, 6, 7))
    c, h, w = lengths(seed, 3, (11, 12, 13, 14))
    return _filters("fresh", (n, c, h, w), (f, hh, ww), 2, seed % 3, seed=seed, window=(2 + seed % 2, 3 - seed % 2))


def _at_a_tie(dx: Any) -> str:
    """What a pooling window of equal entries did with a gradient of 1."""
    total = float(np.sum(dx))
    if abs(total - 1) < 1e-9:
        return ""
    return (
        "in a tie every maximum gets the whole gradient (as in the course's own solution), which adds up to "
        f"{total:g} times as much here; a framework picks one of them: a convention"
    )


_TIE = Probe(
    Case("a tie", {"x": np.ones((1, 1, 2, 2))}, {"pool_height": 2, "pool_width": 2, "stride": 2}), _at_a_tie
)  # fmt: skip
_POOL = ("pool_height", "pool_width", "stride")


def _windowed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Height and width of a pool's windows are one setting of our layers."""
    return {"window": (settings["pool_height"], settings["pool_width"]), "stride": settings["stride"]}


def _windowed_at_last(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The course pools by the stride of the convolution."""
    window, stride = _windowed(settings).values()
    return {"stride": stride, "pad": settings["pad"], "window": window, "pool_stride": stride}


LAYERS = (
    Layer(
        "conv", "conv|conv2d|convolution", _XWB, ("out",), _XWB, (_conv, lambda: _conv(column=True)),
        ("conv",), ("stride", "pad"), None, _fresh_conv, sliced_kinds=_SLICED,
        vectors=("b",),
    ),
    Layer(
        "max_pool", "max_?pool(?:ing)?(?:2d)?", ("x",), ("out",), ("x",), (_pool,), ("maxpool",), _POOL, _windowed,
        _fresh_pool, conventions=(_TIE,), sliced_kinds=_SLICED,
    ),
    Layer(
        "avg_pool", "(?:avg|average|mean)_?pool(?:ing)?(?:2d)?", ("x",), ("out",), ("x",), (_pool,),
        ("avgpool",), _POOL, _windowed, _fresh_pool, sliced_kinds=_SLICED,
    ),
    Layer(
        "conv_relu", "conv_relu", _XWB, ("out",), _XWB, (_conv, lambda: _conv(column=True)), ("conv_relu",),
        ("stride", "pad"), None, _fresh_conv, vectors=("b",),
    ),
    Layer(
        "conv_relu_pool", "conv_relu_(?:max_?)?pool", _XWB, ("out",), _XWB, (_conv_relu_pool,),
        ("conv_relu_pool",), ("stride", "pad", "pool_height", "pool_width"), _windowed_at_last, _fresh_conv_relu_pool,
    ),
)  # fmt: skip
