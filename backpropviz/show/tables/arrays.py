"""The arrays of a table in lines, their decimal points below each other; of a large one, the part that says most."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from backpropviz.engine.graph import Array
from backpropviz.show.numerals import GAP, Numbers, Place, numbers, summary, write

Key = TypeVar("Key", bound=Hashable)
_WIDE = {"short": 26, "full": 36}  # an array wider than this is summed up,
_SUMMARY = {"short": 22, "full": 36}  # in so many columns
_FEW = {"short": 8, "full": 16}  # rows of an array that is shown whole


def array_lines(
    arrays: Mapping[Key, Array], places: Mapping[Key, Place], values: str, room: int, gap: str = GAP
) -> dict[Key, list[str]]:
    """All arrays in lines, all numbers of one size where that leaves them room.

    Args:
        places: which matrix of a larger array is shown. values: "none", "short" or "full". room: no line is wider.
        gap: between two numbers.
    """
    if values == "none":
        return {}
    wide = min(_WIDE[values], room)
    whole = {key: _whole(array, wide, values) for key, array in arrays.items()}
    parts = {key: _part(arrays[key], places[key], wide, values) for key, each in whole.items() if each is None}
    shown = {key: each or parts[key] for key, each in whole.items()}
    sizes = [each.size for each in shown.values() if each is not None and not any("e" in text for text in each.texts)]
    size = (max(before for before, _ in sizes), max(after for _, after in sizes)) if sizes else (0, 0)
    found = {}
    for key, each in shown.items():
        if each is None:
            found[key] = summary(arrays[key], min(_SUMMARY[values], room), 1 if values == "short" else 2)
            continue
        found[key] = each.lines(size, gap) if any("." in text for text in each.texts) else each.lines(gap=gap)
        if max(map(len, found[key])) > wide:
            found[key] = each.lines(gap=gap)
        if whole[key] is None:
            found[key] = [f"at [{', '.join(map(str, places[key]))}]", *found[key]]
    return found


def _whole(array: Array, wide: int, values: str) -> Numbers | None:
    """The numbers of a small array."""
    high = _FEW[values]
    if values == "full":
        return numbers(array, wide, high)
    length = array.shape[-1] if array.ndim else 1
    if array.ndim > 2 or not 0 < array.size <= high * length:
        return None
    written = Numbers(_short(array.ravel().tolist()), length)
    return written if max(map(len, written.lines())) <= wide else None


def _part(array: Array, place: Place, wide: int, values: str) -> Numbers | None:
    """The numbers of one matrix of a larger array, if that is small."""
    return _whole(array[place], wide, values) if place and array.ndim > 2 and array.dtype.kind != "b" else None


def _short(values: Sequence[float]) -> list[str]:
    """Numbers with two decimals, or with two digits for the largest if that is small."""
    texts = write(list(values))
    finite = [abs(value) for value in values if math.isfinite(value)]
    largest = max(finite, default=0.0)
    if any("e" in text for text in texts) or all(isinstance(value, int) for value in values):
        return texts
    decimals = 2 if largest >= 0.1 or not largest else 1 - math.floor(math.log10(largest))
    return [f"{round(value, decimals) + 0.0:.{decimals}f}" if math.isfinite(value) else str(value) for value in values]
