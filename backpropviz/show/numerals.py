"""Writes arrays as lines of text: small ones whole with their decimal points aligned, large ones by a few entries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array

GAP = "  "
Place = tuple[int, ...]
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ROWS, _ENTRIES = 10, 64  # larger arrays are not written whole


class Numbers:
    """The numbers of an array as texts, to be written in rows of `length`, and in matrices of `height` rows.

    `size` is how many characters the longest has up to its units, and how many from its decimal point on.
    """

    def __init__(self, texts: list[str], length: int, height: int = 0):
        self.texts, self.length, self.height = texts, length, height
        points = [_point(text) for text in texts]
        self.size = max(points), max(len(text) - point for text, point in zip(texts, points))

    def lines(self, size: tuple[int, int] | None = None, gap: str = GAP) -> list[str]:
        """The rows, every number `size` large, so that all decimal points in a column are below each other."""
        before, after = size or self.size
        cells = [" " * (before - _point(text)) + text.ljust(_point(text) + after) for text in self.texts]
        rows = [gap.join(cells[i : i + self.length]) for i in range(0, len(cells), self.length)]
        if self.height:
            for at in range(len(rows) - self.height, 0, -self.height):
                rows.insert(at, "")
        return rows


def numbers(array: Array, width: int, rows: int = _ROWS) -> Numbers | None:
    """All numbers of an array, if they fit in `rows` lines of `width` characters; else None.

    The last axis runs to the right, the others downward, with an empty line between matrices.
    """
    length = array.shape[-1] if array.ndim else 1
    if not 0 < array.size <= _ENTRIES or array.size // length > rows:
        return None
    written = Numbers(write(array.ravel().tolist()), length, array.shape[-2] if array.ndim > 2 else 0)
    lines = written.lines()
    return written if len(lines) <= rows and len(lines[0]) <= width else None


def summary(array: Array, width: int, rows: int = _ROWS) -> list[str]:
    """A large array in one or two lines of at most `width`: its first entries; minimum, mean and maximum."""
    if array.size == 0:
        return ["no entries"]
    if array.dtype.kind == "b":
        return [f"{np.count_nonzero(array)} of {array.size} true"]
    sizes = np.abs(array) if array.dtype.kind == "c" else array
    with np.errstate(all="ignore"):
        low, mean, high = (float(of(sizes)) for of in (np.min, np.mean, np.max))
    if abs(mean) < 1e-12 * max(abs(low), abs(high)):
        mean = 0.0  # rounding noise
    extent = f"min {compact(low)}{GAP}mean {compact(mean)}{GAP}max {compact(high)}"
    if len(extent) > width:
        extent = f"{compact(low)} to {compact(high)}"
    if rows == 1:
        return [extent]
    few = write(array.ravel()[:4].tolist())
    while len(few) > 1 and len(GAP.join(few)) + 4 > min(width, max(len(extent), 24)):
        few.pop()
    return [f"{GAP.join(few)} ...", extent]


def telling_place(array: Array | None) -> Place:
    """Which matrix of a stack of them says most: the image and channel with the largest entry in it.

    Returns:
        An index of all axes but the last two; empty for a matrix, a row or a number.
    """
    if array is None or array.ndim < 3 or not array.size:
        return ()
    sizes = np.abs(np.nan_to_num(array.astype(complex) if array.dtype.kind == "c" else array.astype(float)))
    largest = sizes.reshape(*array.shape[:-2], -1).max(axis=-1)
    return tuple(int(at) for at in np.unravel_index(int(np.argmax(largest)), largest.shape))


def compact(value: float) -> str:
    """Three significant digits: `0.0123`, `12.3`, `1.2e+07`."""
    return f"{0.0 if value == 0 else value:.3g}"


def counted(count: int) -> str:
    """A small number as a word: `two`; a larger one in digits."""
    return _WORDS[count] if count < len(_WORDS) else str(count)


def write(values: list[Any]) -> list[str]:
    """Numbers as texts with as many decimals each; an exact zero has none."""
    if all(isinstance(value, int) for value in values):
        return [str(value) for value in values]
    if any(isinstance(value, complex) for value in values):
        parts = write([part for value in values for part in (value.real, value.imag)])
        return [f"{real}{'' if imag.startswith('-') else '+'}{imag}j" for real, imag in zip(parts[::2], parts[1::2])]
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if largest and not 1e-3 <= largest < 1e6:
        return [f"{value:.3e}" if value else "0" for value in values]
    largest = largest or 1.0
    decimals = min(6, max(1, 4 - math.floor(math.log10(largest)) - (largest < 1)))  # at least four digits
    for fewer in range(1, decimals):
        if all(round(value, fewer) == value for value in values if math.isfinite(value)):
            decimals = fewer
            break
    return [_fixed(value, decimals) for value in values]


def _fixed(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    if text.strip("-0."):
        return text
    return text.lstrip("-") if value else "0"


def _point(text: str) -> int:
    """Where the units of a number end."""
    point = text.find(".")
    return len(text) if point < 0 else point
