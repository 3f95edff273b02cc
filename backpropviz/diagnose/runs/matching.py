"""Compares values by what they hold: equal up to shape, and if not, how they differ."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from backpropviz.diagnose.pairs.reference import Entry, Reference
from backpropviz.diagnose.runs.outcomes import TOLERANCE, difference


def is_array(value: Any) -> bool:
    """An array of floats with something in it to compare."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size > 1


def arrangements(value: Any, shape: tuple[int, ...]) -> Iterator[Any]:
    """The ways in which a right value can appear with another shape: axes of length 1 dropped or kept, transposed,
    or repeated along axes it was broadcast over."""
    if value.size == int(np.prod(shape)):
        bare = np.squeeze(value)
        wanted = tuple(n for n in shape if n != 1)
        orders = itertools.permutations(range(bare.ndim)) if bare.ndim <= 5 else [tuple(range(bare.ndim))]
        for order in orders:
            if _merges(tuple(bare.shape[i] for i in order), wanted):
                yield bare.transpose(order).reshape(shape)
    elif value.ndim == len(shape) or value.ndim < len(shape):
        try:
            yield np.broadcast_to(value, shape)
        except ValueError:
            return


@functools.lru_cache(maxsize=4096)
def _merges(lengths: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Neighbouring axes of these lengths can be merged into the wanted ones."""
    position = 0
    for length in wanted:
        product = 1
        while product < length and position < len(lengths):
            product *= lengths[position]
            position += 1
        if product != length:
            return False
    return position == len(lengths)


def match(value: Any, right: Reference) -> Entry | None:
    """The right value that this one equals, up to shape; the one with a name first."""
    if not is_array(value) or not np.isfinite(value).all():
        return None
    size, scale = value.size, float(np.abs(value).max())
    if scale == 0:
        return None
    for entry in right.entries:
        if entry.value.size < 2 or entry.value.size > size:
            continue
        top = float(np.abs(entry.value).max())
        if abs(top - scale) > 10 * TOLERANCE * scale:
            continue
        for arranged in arrangements(entry.value, value.shape):
            if difference(value, arranged) <= TOLERANCE:
                # a value repeated along an axis is a right value, but hardly the one with that name
                return entry if entry.value.size == size else replace(entry, name="")
    return None


def ratio(got: Any, want: Any) -> Any:
    """Entry by entry got / want where want is not about zero; None where shapes differ."""
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape or got.dtype.kind not in "fiu" or not got.size:
        return None
    keep = np.abs(want) > 1e-9 * np.max(np.abs(want))
    return got[keep] / want[keep] if keep.any() else None


class Difference(NamedTuple):
    """How a value differs from the right one: in words, and the kind of mistake that this is usually."""

    words: str
    kind: str = "wrong_value"


def describe(got: Any, want: Any, names: dict[str, int]) -> Difference:
    """How a value differs from the right one: a factor, entries, shape; `names` explains whole factors."""
    if got is None:
        return Difference("there is no value")
    if isinstance(got, np.ma.MaskedArray):
        return Difference("is a masked array: the masked entries are hidden, not 0", "wrong_mask")
    array = np.asarray(got)
    if array.dtype.kind not in "fiub":
        what = f"an array of {array.dtype}" if isinstance(got, np.ndarray) else f"a {type(got).__name__}"
        return Difference(f"is {what}")
    if array.shape != np.shape(want):
        text = f"has shape {array.shape} instead of {np.shape(want)}"
        if array.size == np.size(want) and any(
            difference(array, a) <= TOLERANCE for a in arrangements(want, array.shape)
        ):
            text += ", with the right values in it"
        return Difference(text, "shape_kept")
    if not np.isfinite(array).all():
        count = int((~np.isfinite(array)).sum())
        return Difference(f"has {count} of {array.size} entries that are not finite", "unstable")
    if not np.any(array) and np.any(want):
        return Difference("is 0 everywhere")
    if array.ndim == 0:
        return Difference(f"is {float(array):.6g} instead of {float(want):.6g}")
    with np.errstate(all="ignore"):
        quotients = ratio(array, want)
    if quotients is None:
        return Difference("should be 0")
    low, high = float(quotients.min()), float(quotients.max())
    if abs(high - low) <= 1e-5 * max(abs(high), abs(low)) and abs(low - 1) > 1e-5:
        kind = "sign" if abs(low + 1) <= 1e-5 else "constant_factor"
        return Difference(f"is {_factor(low, names)} times the right value in every entry", kind)
    wrong = np.abs(array - want) > TOLERANCE * np.max(np.abs(want))
    share = int(wrong.sum())
    if np.any(want) and sorted_equal(array, want):
        return Difference("has the right entries in the wrong places", "layout")
    if share < array.size:
        return Difference(f"is wrong in {share} of {array.size} entries{_where(wrong)}, by up to {_gap(array, want)}")
    if low > 0 and high < 1e3 and f"{low:.3g}" != f"{high:.3g}":
        return Difference(f"is {low:.3g} to {high:.3g} times the right value", "missing_factor")
    offset = array - want
    for axis in range(array.ndim):
        if array.shape[axis] > 1 and np.allclose(
            offset, np.take(offset, [0], axis), atol=TOLERANCE * np.max(np.abs(want))
        ):
            return Difference(f"is off by an amount that is the same along axis {axis}, up to {_gap(array, want)}")
    return Difference(f"differs in every entry, by up to {_gap(array, want)}")


def sorted_equal(one: Any, other: Any) -> bool:
    """The same numbers, in whatever order."""
    return (
        bool(np.size(one) == np.size(other))
        and difference(np.sort(np.ravel(one)), np.sort(np.ravel(other))) <= TOLERANCE
    )


def _gap(got: Any, want: Any) -> str:
    return f"{difference(got, want):.2g} of its largest entry"


def _factor(value: float, names: dict[str, int]) -> str:
    words = f"{value:.6g}"
    for name, size in names.items():
        if size > 2 and abs(value - size) < 1e-5 * size:
            return f"{words} (= {name})"
        if size > 2 and abs(value * size - 1) < 1e-5:
            return f"{words} (= 1/{name})"
        if size > 2 and abs(value * (size - 1) / size - 1) < 1e-5:
            return f"{words} (= {name}/({name} - 1))"
    return words


def _where(wrong: Any) -> str:
    """Which entries, if they are whole rows, columns or the border of an image."""
    for axis in range(wrong.ndim):
        others = tuple(a for a in range(wrong.ndim) if a != axis)
        every, some = wrong.all(axis=others), wrong.any(axis=others)
        if np.array_equal(every, some) and not some.all():
            places = np.flatnonzero(some)
            return f" (at {', '.join(map(str, places[:4]))}{', ..' if len(places) > 4 else ''} along axis {axis})"
    return ""
