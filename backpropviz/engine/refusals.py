"""What cannot be traced, said with what can instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import numpy as np

from backpropviz.errors import TraceError
from backpropviz.primitives import PRIMITIVES
from backpropviz.primitives.composites import COMPOSITES

IN_PLACE_FIX = "Write the result to a new name: `y = x + 1` instead of changing x where it stands."
_INSTEAD = {
    "np.linalg.pinv": "np.linalg.inv, or np.linalg.solve of the normal equations",
    "np.linalg.lstsq": "np.linalg.solve of the normal equations: np.linalg.solve(x.T @ x, x.T @ y)",
    "np.linalg.multi_dot": "products with @",
    "np.linalg.svd": "np.linalg.inv, np.linalg.cholesky or np.linalg.slogdet",
    "np.linalg.qr": "np.linalg.cholesky",
    **dict.fromkeys(
        ("np.linalg.eig", "np.linalg.eigh", "np.linalg.eigvals", "np.linalg.eigvalsh"), "np.linalg.slogdet or np.trace"
    ),
    "np.histogram": "np.bincount with weights",
    "np.piecewise": "np.where or np.select",
    "np.linspace": "start + step * np.arange(n)",
    "np.unique": "np.sort",
    "np.vander": "x[:, None] ** np.arange(n)",
}


def no_option(function: str, option: str) -> TraceError:
    """That a function cannot be traced with an option."""
    return TraceError(
        f"np.{function} with {option}= cannot be traced",
        fix=IN_PLACE_FIX if option == "out" else f"Leave {option}= out, and do its work in a step of its own.",
    )


def not_like_this(name: str, error: Exception) -> TraceError:
    return TraceError(
        f"{name} cannot be traced when it is called like this ({type(error).__name__}: {error})",
        fix="Call it on arrays, one operation a line, or write it with sums, products and indexing.",
    )


def full_name(func: Any) -> str:
    """`np.sum`, `np.linalg.norm`, `scipy.special.erf`."""
    name: str = func.__name__
    if isinstance(func, np.ufunc):
        return f"np.{name}" if getattr(np, name, None) is func else f"scipy.special.{name}"
    home: str = getattr(func, "__module__", None) or "numpy"
    return f"{home}.{name}".replace("numpy", "np", 1)


def unknown(func: Any) -> TraceError:
    """That a function cannot be traced, with what can instead."""
    name = full_name(func)
    if name in _INSTEAD:
        return TraceError(f"{name} has no gradient here", fix=f"What can be traced: {_INSTEAD[name]}.")
    known: set[str] = {*(p.call for p in PRIMITIVES.values() if p.call.startswith("np.")), *map(full_name, COMPOSITES)}
    return TraceError(f"{name} has no gradient here", fix=nearest(name, sorted(known)))


def nearest(name: str, known: Iterable[str]) -> str:
    """Advice that names what is spelt most like `name` among what can be traced."""
    short = {full.rpartition(".")[2]: full for full in reversed(sorted(known))}
    near = difflib.get_close_matches(name.rpartition(".")[2], list(short), n=3, cutoff=0.7)
    if near:
        return f"The nearest that can be traced: {', '.join(short[each] for each in near)}."
    return (
        "Write it with sums, products, np.exp, np.log, np.where and the like; `backpropviz list --ops` names them all."
    )
