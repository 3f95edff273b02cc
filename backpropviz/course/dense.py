"""Layers that meet every entry alike: affine, relu, dropout, words, and what a course builds on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from backpropviz.course.record import Accepted, Arrays, Case, Layer, Probe, lengths, normal

_XWB = ("x", "w", "b")


def _matrix(words: str, n: int, sizes: tuple[int, ...], m: int, seed: int = 1, **more: Any) -> Case:
    d = int(np.prod(sizes))
    inputs = {"x": normal(seed, n, *sizes), "w": normal(seed + 1, d, m), "b": normal(seed + 2, m)}
    return Case(words, inputs, **more)


def _affine() -> list[Case]:
    return [
        _matrix("rows of features", 3, (5,), 7),
        _matrix("more outputs than features", 7, (3,), 5),
        _matrix("x with more than two axes", 3, (2, 4), 5, special=True, optional=True, owed="affine"),
    ]


def _fresh_affine(seed: int, form: int = 0) -> Case:
    n, d, m = lengths(seed, 3)
    return _matrix("fresh", n, (d,), m, seed)


def _relu() -> list[Case]:
    return [
        Case("a matrix", {"x": normal(1, 5, 3)}),
        Case("a wide matrix", {"x": normal(1, 3, 7)}),
        Case("images", {"x": normal(2, 2, 3, 4, 5)}, special=True),
    ]


def _fresh_relu(seed: int, form: int = 0) -> Case:
    return Case("fresh", {"x": normal(seed, *lengths(seed, 2))})


def _at_zero(dx: Any) -> str:
    """What relu did with a gradient of 1 at exactly 0."""
    at_zero = float(dx[0, 1])
    return f"at exactly 0 the gradient is {at_zero:g} (usually 0): a convention, either is a subgradient" * (
        at_zero != 0
    )


def _dropped(words: str, p: float, mode: str, shape: tuple[int, int] = (60, 50), seed: int = 1) -> Case:
    return Case(words, {"x": normal(seed, *shape, mean=2.0)}, {"p": p, "mode": mode, "seed": 122 + seed})


def _dropout() -> list[Case]:
    return [
        _dropped("training, p = 0.3", 0.3, "train"),
        _dropped("training, p = 0.8", 0.8, "train", (55, 70)),
        _dropped("test mode", 0.3, "test"),
    ]


def _fresh_dropout(seed: int, form: int = 0) -> Case:
    return _dropped("fresh", 0.15 + 0.1 * (seed % 8), "test" if seed % 5 == 3 else "train", (60 + seed % 7, 50), seed)


def _by_mask(x: Any, *, mask: Any = 1.0) -> Any:
    """Dropout once the student has drawn: our layer draws a mask of its own."""
    out = x * mask
    return out


def _masked(case: Case, out: Any, upstream: Arrays) -> Accepted:
    """Any mask will do that drops at the rate asked for (or keeps at it) and scales what is kept by its inverse."""
    x, p, dout = case.inputs["x"], case.settings["p"], upstream["out"]
    if case.settings["mode"] == "test":
        return Accepted(x, {"dx": dout})
    mask = np.asarray(out) / x
    share, scale = float(np.mean(mask != 0)), float(np.max(mask))
    even = bool(np.allclose(mask[mask != 0], scale)) and scale > 0
    asked = min((p, 1 - p), key=lambda keep: abs(share - keep))
    trouble = ""
    if not even:
        trouble = "the kept entries are not all scaled alike"
    elif abs(share - asked) > 0.05:
        trouble = f"{share:.0%} of the entries are kept, p = {p:g} asks for {p:.0%} (or {1 - p:.0%})"
    elif abs(scale * asked - 1) > 1e-6:
        trouble = f"{share:.0%} of the entries are kept and scaled by {scale:.4g}, which should be {1 / asked:.4g}"
    return Accepted(x * (mask != 0) / asked, {"dx": dout * mask}, trouble, "dropout_scale")


def _steps(words: str, n: int, t: int, d: int, m: int, seed: int = 1) -> Case:
    return Case(words, {"x": normal(seed, n, t, d), "w": normal(seed + 1, d, m), "b": normal(seed + 2, m)})


def _temporal_affine() -> list[Case]:
    return [_steps("three steps", 5, 3, 6, 7), _steps("five steps", 3, 5, 7, 6)]


def _fresh_temporal_affine(seed: int, form: int = 0) -> Case:
    n, t, d, m = lengths(seed, 4)
    return _steps("fresh", n, t, d, m, seed)


def _words(words: str, n: int, t: int, v: int, d: int, seed: int = 1) -> Case:
    return Case(words, {"x": np.random.default_rng([seed, n, t]).integers(0, v, (n, t)), "w": normal(seed + 1, v, d)})


def _word_embedding() -> list[Case]:
    return [_words("words that occur twice", 3, 6, 5, 7), _words("words that do not occur", 3, 5, 9, 6)]


def _fresh_word_embedding(seed: int, form: int = 0) -> Case:
    n, t, v, d = lengths(seed, 4)
    return _words("fresh", n, t, v, d, seed)


def _single(case: Case) -> Case:
    """One word an example, as it occurs in a row."""
    return replace(case, inputs={**case.inputs, "x": case.inputs["x"].ravel()})


def _embedding() -> list[Case]:
    return [_single(case) for case in _word_embedding()]


def _fresh_embedding(seed: int, form: int = 0) -> Case:
    case = _fresh_word_embedding(seed)
    return case if form else _single(case)


_SCALES = {
    "constant_factor": "dropout_scale", "missing_factor": "dropout_scale", "wrong_operand": "dropout_scale",
    "wrong_operator": "dropout_scale", "extra_term": "dropout_scale",
}  # fmt: skip
_AT_ZERO = Probe(Case("at zero", {"x": np.array([[-1.0, 0.0, 2.0]])}), _at_zero)

LAYERS = (
    Layer(
        "affine", "affine|fc|linear|dense|fully_?connected", _XWB, ("out",), _XWB, (_affine,),
        ("affine",), fresh=_fresh_affine,
    ),
    Layer(
        "relu", "relu", ("x",), ("out",), ("x",), (_relu,), ("relu",), fresh=_fresh_relu,
        conventions=(_AT_ZERO,),
    ),
    Layer(
        "dropout", "dropout", ("x",), ("out",), ("x",), (_dropout,), (_by_mask,), fresh=_fresh_dropout,
        accepts=_masked, kinds=_SCALES,
    ),
    Layer(
        "temporal_affine", "temporal_affine", _XWB, ("out",), _XWB, (_temporal_affine,), ("temporal_affine",),
        fresh=_fresh_temporal_affine,
    ),
    Layer(
        "word_embedding", "word_embedding", ("x", "w"), ("out",), ("w",), (_word_embedding,),
        ("embedding",), fresh=_fresh_word_embedding,
    ),
    Layer(
        "embedding", "embedding", ("x", "w"), ("out",), ("w",), (_embedding, _word_embedding),
        ("embedding",), fresh=_fresh_embedding,
    ),
    Layer(
        "affine_relu", "(?:affine|fc|linear|dense)_relu", _XWB, ("out",), _XWB, (_affine,), ("affine_relu",),
        fresh=_fresh_affine,
    ),
)  # fmt: skip
