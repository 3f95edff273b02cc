"""SciPy's functions, where SciPy is installed: entered into the page of calculus once a user's code has imported it."""

from __future__ import annotations

import contextlib
import importlib
import math
import sys
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from backpropviz.primitives.record import PRIMITIVES, gate, minus
from backpropviz.primitives.reductions import spread
from backpropviz.primitives.windows import add_windows


def _soft(vjp: Any) -> Any:
    return lambda g, out, x, axis=None: vjp(g, out, axis)


def _windows(x: Any, y: Any, before: Any, mode: str) -> Any:
    """Every window of `x`, of the shape of `y`, where the result has an entry; the window's own axes last."""
    padded = np.pad(x, before, mode=mode)  # type: ignore[call-overload]
    return sliding_window_view(padded, y.shape)


def _slid(position: int, borders: Any) -> Any:
    """VJPs of out = sum(windows of the padded x * y), for y as it lies or turned round."""

    def vjp(g: Any, out: Any, x: Any, y: Any, *args: Any, **options: Any) -> Any:
        before, mode, flipped = borders(x, y, *args, **options)
        weights = np.flip(y) if flipped else y
        if position == 0:
            padded = tuple(n + sum(width) for n, width in zip(x.shape, before))
            spread_out = g[(..., *[None] * y.ndim)] * weights
            back = add_windows(spread_out, padded, tuple(y.shape))
            return PRIMITIVES[np.pad].gradients[0].vjp(back, None, x, before, mode=mode)  # type: ignore[union-attr]
        found = np.tensordot(g, _windows(x, y, before, mode), axes=g.ndim)
        return np.flip(found) if flipped else found

    return vjp


def _signal(flipped: bool) -> Any:
    def borders(x: Any, y: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
        if boundary not in ("fill", "pad") or fillvalue:
            raise NotImplementedError(
                f"the gradient with boundary={boundary!r}; pad with np.pad first, and use mode='valid'"
            )
        before = []
        for n, m in zip(x.shape, y.shape):
            if mode == "valid" and m > n:
                raise NotImplementedError("the gradient with a filter larger than the image; exchange the two")
            first = {"full": m - 1, "same": m // 2 if flipped else (m - 1) // 2, "valid": 0}[mode]
            length = {"full": n + m - 1, "same": n, "valid": n - m + 1}[mode]
            before.append((first, length + m - 1 - n - first))
        return before, "constant", flipped

    return borders


def _filtered(flipped: bool) -> Any:
    modes = {"reflect": "symmetric", "grid-mirror": "symmetric", "constant": "constant", "grid-constant": "constant",
             "nearest": "edge", "mirror": "reflect", "wrap": "wrap", "grid-wrap": "wrap"}  # fmt: skip

    def borders(x: Any, y: Any, output: Any = None, mode: str = "reflect", cval: float = 0.0, origin: Any = 0) -> Any:
        if np.any(origin) or output is not None or cval:
            raise NotImplementedError("the gradient of a scipy.ndimage filter with origin=, output= or cval=")
        before = [((m - 1) // 2, m // 2) if flipped else (m // 2, (m - 1) // 2) for m in y.shape]
        return before, modes[mode], flipped

    return borders


def _enter_special(special: Any) -> None:
    gate(
        special.erf,
        "erf(x)",
        "The error function passes the gradient under a bell curve.",
        ("2 / sqrt(pi) * exp(-x**2)", lambda g, out, x: g * (2 / math.sqrt(math.pi) * np.exp(-(x**2)))),
        module="scipy.special",
    )
    gate(
        special.erfc,
        "1 - erf(x)",
        "The error function's rest passes the gradient, turned round, under a bell curve.",
        minus("-2 / sqrt(pi) * exp(-x**2)", lambda g, out, x: g * (2 / math.sqrt(math.pi) * np.exp(-(x**2)))),
        module="scipy.special",
    )
    gate(
        special.ndtr,
        "normal distribution at x",
        "The normal distribution passes the gradient under its density.",
        ("exp(-x**2 / 2) / sqrt(2 * pi)", lambda g, out, x: g * (np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi))),
        module="scipy.special",
    )
    gate(
        special.expit,
        "1 / (1 + exp(-x))",
        "A sigmoid multiplies by its output times one minus it: it passes little where it saturates.",
        ("out * (1 - out)", lambda g, out, x: g * (out * (1 - out))),
        module="scipy.special",
    )
    gate(
        special.log_expit,
        "log(1 / (1 + exp(-x)))",
        "The logarithm of a sigmoid multiplies by one minus the sigmoid.",
        ("1 - exp(out)", lambda g, out, x: g * -np.expm1(out)),
        module="scipy.special",
    )
    gate(
        special.logit,
        "log(x / (1 - x))",
        "A logit divides by x times one minus x.",
        ("1 / (x * (1 - x))", lambda g, out, x: g / (x * (1 - x))),
        module="scipy.special",
    )
    gate(
        special.xlogy,
        "x * log(y)",
        "x log y hands x the logarithm, and y the share x / y; where x is 0, nothing.",
        ("log(y)", lambda g, out, x, y: g * np.log(y)),
        ("x / y", lambda g, out, x, y: g * (x / y)),
        module="scipy.special",
    )
    gate(
        special.logsumexp,
        "log(sum(exp(x)))",
        "A soft maximum shares its gradient out by the softmax of its inputs.",
        (
            "softmax(x)",
            lambda g, out, x, axis=None, keepdims=False: (
                spread(g, x, axis, keepdims) * np.exp(x - spread(out, x, axis, keepdims))
            ),
        ),
        module="scipy.special",
    )
    gate(
        special.softmax,
        "exp(x) / sum(exp(x))",
        "A softmax hands every entry its own gradient, less the mean of all weighted by the output, times the output.",
        ("out * (1 - out)", _soft(lambda g, out, axis: out * (g - np.sum(g * out, axis=axis, keepdims=True)))),
        module="scipy.special",
    )
    gate(
        special.log_softmax,
        "x - log(sum(exp(x)))",
        "A log-softmax takes from every gradient the softmax's share of their sum.",
        ("1 - exp(out)", _soft(lambda g, out, axis: g - np.exp(out) * np.sum(g, axis=axis, keepdims=True))),
        module="scipy.special",
    )


def _enter_signal(signal: Any) -> None:
    for function, flipped in ((signal.convolve2d, True), (signal.correlate2d, False)):
        gate(
            function,
            f"{function.__name__}(x, y)",
            "Every entry of the result met one window of x: the gradient, times the filter, goes back to it.",
            ("the filter, window by window", _slid(0, _signal(flipped))),
            ("the windows of x", _slid(1, _signal(flipped))),
            module="scipy.signal",
        )


def _enter_ndimage(ndimage: Any) -> None:
    for function, flipped in ((ndimage.convolve, True), (ndimage.correlate, False)):
        gate(
            function,
            f"{function.__name__}(x, y)",
            "Every entry of the result met one window of the padded x: the gradient, times the filter, goes back.",
            ("the filter, window by window", _slid(0, _filtered(flipped))),
            ("the windows of x", _slid(1, _filtered(flipped))),
            module="scipy.ndimage",
        )


_ROOMS = {"scipy.special": _enter_special, "scipy.signal": _enter_signal, "scipy.ndimage": _enter_ndimage}
_entered: set[str] = set()


def enter_scipy(at_once: bool = False) -> None:
    """Enter the gates for those parts of SciPy that have been imported by now; `at_once` imports them."""
    for name, enter in _ROOMS.items():
        if at_once:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        if name in sys.modules and name not in _entered:
            _entered.add(name)
            enter(sys.modules[name])
