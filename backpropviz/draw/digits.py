"""Writes the numbers of an array short enough for a picture: a few digits, all of one width."""

from __future__ import annotations

import math
import re
from typing import Any

_LEAST, _MOST = 1e-3, 1e5  # numbers outside are written with an exponent
_APART = 1000  # how much larger a stand-in for infinity is than the numbers beside it


def numerals(values: list[Any], digits: int = 3) -> list[str]:
    """Numbers as texts of one width, with so many digits for the largest.

    A number that only stands for infinity, as the -1e9 of a mask, does not blur the others: it has its own exponent.
    """
    if any(isinstance(value, complex) for value in values):
        parts = [text.strip() for text in numerals([part for value in values for part in (value.real, value.imag)])]
        texts = [f"{real}{'' if imag[0] == '−' else '+'}{imag}j" for real, imag in zip(parts[::2], parts[1::2])]
    elif all(isinstance(value, int) for value in values):
        texts = [str(int(value)) for value in values]
    else:
        far = [value for value in values if _MOST <= abs(value) < math.inf]
        near = [value for value in values if abs(value) < _MOST]
        aside = bool(far) and 0 < _APART * max(map(abs, near), default=0.0) < min(map(abs, far))
        texts = _written(values, near if aside else [*near, *far], digits)
    wide = max(map(len, texts), default=0)
    return [text.replace("-", "−").rjust(wide) for text in texts]


def _written(values: list[float], measured: list[float], digits: int) -> list[str]:
    """Numbers with as many decimals as the largest of those that are `measured` needs."""
    largest = max(map(abs, measured), default=0.0)
    if largest and not _LEAST <= largest < _MOST:
        return [_exponent(value, digits) if value else "0" for value in values]
    decimals = min(4, max(0, digits - 1 - math.floor(math.log10(largest)))) if largest else 0
    return [
        _exponent(value, digits).replace(".0e", "e")
        if largest < abs(value) < math.inf
        else f"{round(value, decimals) + 0.0:.{decimals}f}"
        for value in values
    ]


def _exponent(value: float, digits: int) -> str:
    """As in 1.2e-7, without what Python puts before a short exponent."""
    return re.sub(r"e\+?(-?)0*", r"e\1", f"{value:.{digits - 2}e}")
