"""Losses: one function gives the loss and its gradient, of scores, or of a linear classifier's weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.course.record import Case, Layer, lengths, normal

_ONE_MAXIMUM = (
    "one maximum is subtracted from all rows: right as long as rows do not differ by hundreds (with axis=1 every row "
    "gets its own)"
)


def _labels(n: int, c: int, seed: int = 0) -> Any:
    return np.random.default_rng([n, c, *([seed] if seed else [])]).integers(0, c, n)


def _scores(words: str, n: int, c: int, shift: Any = 0.0, seed: int = 1, scale: float = 1.0, **more: Any) -> Case:
    return Case(words, {"x": normal(seed, n, c, scale=scale) + shift}, {"y": _labels(n, c, seed - 1)}, **more)


def _softmax_loss() -> list[Case]:
    apart = np.array([[0.0], [900.0], [-900.0], [400.0], [0.0]])
    return [
        _scores("scores", 5, 3),
        _scores("more classes than examples", 3, 7),
        _scores("large scores", 7, 5, 800.0),
        _scores("large scores that differ", 5, 3, apart, special=True, convention=_ONE_MAXIMUM),
    ]


def _svm_loss() -> list[Case]:
    return [_scores("scores", 5, 3), _scores("more classes than examples", 3, 7, scale=2.0)]


def _fresh_scores(seed: int, form: int = 0) -> Case:
    n, c = lengths(seed, 2)
    return _scores("fresh", n, c, seed=seed)


def _weights(words: str, n: int, d: int, c: int, reg: float, share: float, seed: int = 1, **more: Any) -> Case:
    inputs = {"w": normal(seed, d, c, scale=0.5), "x": normal(seed + 1, n, d)}
    return Case(words, inputs, {"y": _labels(n, c, seed - 1), "reg": reg, "share": share}, **more)


def _classifier(share: float) -> list[Case]:
    return [
        _weights("a linear classifier", 5, 7, 3, 0.3, share),
        _weights("more classes than examples", 3, 5, 7, 0.07, share),
        _weights("without regularization", 6, 5, 4, 0.0, share, special=True),
    ]


_FORMS = (lambda: _classifier(1.0), lambda: _classifier(0.5))
"""The weights' squares count in whole, or by half."""


def _fresh_classifier(seed: int, form: int = 0) -> Case:
    n, d, c = lengths(seed, 3)
    return _weights("fresh", n, d, c, 0.05 + 0.1 * (seed % 4), (1.0, 0.5)[form], seed)


def _sequence(words: str, n: int, t: int, v: int, shift: float = 0.0, seed: int = 0) -> Case:
    random = np.random.default_rng([n, t, v, *([seed] if seed else [])])
    mask = random.random((n, t)) < 0.6
    return Case(words, {"x": normal(seed + 1, n, t, v) + shift}, {"y": random.integers(0, v, (n, t)), "mask": mask})


def _temporal_softmax_loss() -> list[Case]:
    return [
        _sequence("three steps", 5, 3, 6),
        _sequence("more words than steps", 3, 5, 7),
        _sequence("large scores", 5, 6, 3, 800.0),
    ]


def _fresh_sequence(seed: int, form: int = 0) -> Case:
    n, t, v = lengths(seed, 3)
    return _sequence("fresh", n, t, v, seed=seed)


_OF_SCORES = (("x",), ("loss",), ("x",))
_OF_WEIGHTS = (("w", "x"), ("loss",), ("w",))

LAYERS = (
    Layer(
        "softmax_loss", "softmax_loss", *_OF_SCORES, (_softmax_loss,),
        ("softmax_loss", "softmax_loss_of_probabilities"), ("y",), fresh=_fresh_scores,
    ),
    Layer("svm_loss", "svm_loss", *_OF_SCORES, (_svm_loss,), ("svm_loss",), ("y",), fresh=_fresh_scores),
    Layer(
        "softmax_classifier", "softmax_loss", *_OF_WEIGHTS, _FORMS, ("softmax_classifier",),
        ("y", "reg", "share"), fresh=_fresh_classifier,
    ),
    Layer(
        "svm_classifier", "svm_loss", *_OF_WEIGHTS, _FORMS, ("svm_classifier",), ("y", "reg", "share"),
        fresh=_fresh_classifier,
    ),
    Layer(
        "temporal_softmax_loss", "temporal_softmax_loss", *_OF_SCORES, (_temporal_softmax_loss,),
        ("temporal_softmax_loss",), ("y", "mask"), fresh=_fresh_sequence,
    ),
)  # fmt: skip
