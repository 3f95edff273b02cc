"""What cannot be traced, said with what can instead."""

from __future__ import annotations

import contextlib
import difflib
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from backpropviz.errors import TraceError
from backpropviz.primitives import PRIMITIVES
from backpropviz.primitives.composites import COMPOSITES

IN_PLACE_FIX = "Write the result to a new name: `y = x + 1` instead of changing x where it stands."
_INSTEAD = {
    "np.linalg.eig": "np.linalg.eigh, of a symmetric matrix",
    "np.linalg.eigvals": "np.linalg.eigvalsh, of a symmetric matrix; np.linalg.svdvals",
    "np.linalg.cond": "np.linalg.svdvals: the first over the last",
    "np.linalg.tensorsolve": "np.linalg.solve, after np.reshape",
    "np.linalg.tensorinv": "np.linalg.inv, after np.reshape",
    "np.unwrap": "np.diff, with np.where for the steps that are too wide",
    "np.histogram": "np.bincount with weights",
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


def without_positions(drawn: str) -> TraceError:
    """That an order of values is drawn, and not of their positions."""
    return TraceError(
        f"{drawn} takes values from behind the trace, and their gradients would be lost",
        fix="Draw positions, and take what stands there: y = y[rng.permutation(len(y))].",
    )


def drawn_from_inputs(drawn: str) -> TraceError:
    """That a traced value says how numbers are drawn."""
    return TraceError(
        f"numbers that {drawn} draws have no gradient to what says how they are drawn",
        fix="Draw them apart from the inputs, and use them as values: x + rng.normal(size=x.shape).",
    )


@contextlib.contextmanager
def no_shuffling() -> Iterator[None]:
    """Inside the block, traced values are not shuffled: NumPy swaps them by views that they do not have, and warns."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "you are shuffling a 'Traced'")
        try:
            yield
        except UserWarning as error:
            if "shuffling" not in str(error):
                raise
            raise without_positions("shuffle").with_traceback(error.__traceback__) from None


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
