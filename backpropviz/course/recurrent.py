"""Recurrent layers: one step of an RNN or an LSTM, and whole sequences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from backpropviz.course.record import Arrays, Case, Layer, lengths, normal
from backpropviz.layers.library import load

_SEQUENCE = ("x", "h0", "Wx", "Wh", "b")
_RNN_STEP = ("x", "prev_h", "Wx", "Wh", "b")
_LSTM_STEP = ("x", "prev_h", "prev_c", "Wx", "Wh", "b")


def _weights(d: int, h: int, gates: int, seed: int) -> Arrays:
    return {
        "Wx": normal(seed + 2, d, gates * h, scale=0.5), "Wh": normal(seed + 3, h, gates * h, scale=0.5),
        "b": normal(seed + 4, gates * h),
    }  # fmt: skip


def _step(words: str, n: int, d: int, h: int, gates: int, seed: int = 1) -> Case:
    states = {"prev_h": normal(seed + 1, n, h)}
    if gates == 4:
        states["prev_c"] = normal(seed + 5, n, h)
    return Case(words, {"x": normal(seed, n, d), **states, **_weights(d, h, gates, seed)})


def _steps_of(gates: int) -> list[Case]:
    return [
        _step("more state than features", 3, 5, 7, gates), _step("more examples than features", 7, 5, 3, gates)
    ]  # fmt: skip


def _sequence(words: str, n: int, t: int, d: int, h: int, gates: int, seed: int = 1) -> Case:
    return Case(words, {"x": normal(seed, n, t, d), "h0": normal(seed + 1, n, h), **_weights(d, h, gates, seed)})


def _time_first(its: Case) -> Case:
    """The same with x of shape (T, N, D), as it is written where a round reads `x[t]`."""
    inputs = {**its.inputs, "x": its.inputs["x"].swapaxes(0, 1).copy()}
    return replace(its, words=f"{its.words}, time first", inputs=inputs, settings={**its.settings, "time_axis": 0})


def _sequences_of(gates: int) -> list[Case]:
    return [_sequence("three steps", 5, 3, 6, 7, gates), _sequence("five steps", 3, 5, 7, 6, gates)]


def _sequences_time_first(gates: int) -> list[Case]:
    return [_time_first(its) for its in _sequences_of(gates)]


def _fresh_step(gates: int, seed: int) -> Case:
    n, d, h = lengths(seed, 3)
    return _step("fresh", n, d, h, gates, seed)


def _fresh_sequence(gates: int, seed: int, form: int) -> Case:
    n, t, d, h = lengths(seed, 4)
    its = _sequence("fresh", n, t, d, h, gates, seed)
    return _time_first(its) if form == 1 else its


def _rnn(x: Any, h0: Any, Wx: Any, Wh: Any, b: Any, *, time_axis: int = 1) -> Any:
    """Our layer's rounds on either axis."""
    states, state = [], h0
    for t in range(x.shape[time_axis]):
        state = np.tanh((x[t] if time_axis == 0 else x[:, t]) @ Wx + state @ Wh + b)
        states.append(state)
    h = np.stack(states, axis=time_axis)
    return h


def _lstm(x: Any, h0: Any, Wx: Any, Wh: Any, b: Any, *, time_axis: int = 1) -> Any:
    """Our layer's rounds on either axis."""
    step = load("lstm_step").function
    states, h, c = [], h0, np.zeros(h0.shape)
    for t in range(x.shape[time_axis]):
        h, c = step(x[t] if time_axis == 0 else x[:, t], h, c, Wx, Wh, b)
        states.append(h)
    h_all = np.stack(states, axis=time_axis)
    return h_all


LAYERS = (
    Layer(
        "rnn_step", "rnn_step", _RNN_STEP, ("next_h",), _RNN_STEP, (lambda: _steps_of(1),), ("rnn_step",),
        fresh=lambda seed, form: _fresh_step(1, seed),
    ),
    Layer(
        "lstm_step", "lstm_step", _LSTM_STEP, ("next_h", "next_c"), _LSTM_STEP, (lambda: _steps_of(4),),
        ("lstm_step",), fresh=lambda seed, form: _fresh_step(4, seed),
    ),
    Layer(
        "rnn", "rnn", _SEQUENCE, ("h",), _SEQUENCE,
        (lambda: _sequences_of(1), lambda: _sequences_time_first(1)), (_rnn,), ("time_axis",),
        fresh=lambda seed, form: _fresh_sequence(1, seed, form),
    ),
    Layer(
        "lstm", "lstm", _SEQUENCE, ("h",), _SEQUENCE,
        (lambda: _sequences_of(4), lambda: _sequences_time_first(4)), (_lstm,), ("time_axis",),
        fresh=lambda seed, form: _fresh_sequence(4, seed, form),
    ),
)  # fmt: skip
