"""The page of a wrong line, as records: what should arrive there, what came, on the smallest input that shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_ROWS, MOST_COLUMNS = 8, 6  # of a table; larger arrays are shown around the entry that is furthest off


@dataclass(frozen=True)
class Table:
    """One array, or the part of it that is shown.

    Attributes:
        name: what it is called. shape: of the whole array.
        at: which matrix of an array with more than two axes it is; empty for others.
        corner: the row and the column of the whole that its first entry stands in.
        rows: the numbers, a matrix (a vector is one row); what is not finite is "nan", "inf" or "-inf".
    """

    name: str
    shape: tuple[int, ...]
    at: tuple[int, ...]
    corner: tuple[int, int]
    rows: tuple[tuple[float | str, ...], ...]

    @property
    def is_whole(self) -> bool:
        return sum(map(len, self.rows)) == math.prod(self.shape)

    @classmethod
    def of(cls, name: str, array: Any, near: tuple[int, ...] = ()) -> Table:
        """An array of numbers as a table; of a large one the part that has the entry `near`."""
        array = np.asarray(array)
        near = near if len(near) == array.ndim else (0,) * array.ndim
        at = near[:-2]
        matrix = np.atleast_2d(array[at])
        row, column = [0] * max(0, 2 - array.ndim) + list(near[len(at) :])
        first = [
            max(0, min(place - most // 2, length - most))
            for place, most, length in zip((row, column), (MOST_ROWS, MOST_COLUMNS), matrix.shape)
        ]
        part = matrix[first[0] :, first[1] :][:MOST_ROWS, :MOST_COLUMNS]
        rows = tuple(tuple(_number(entry) for entry in line) for line in part.tolist())
        return cls(name, array.shape, at, (first[0], first[1]), rows)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Table:
        rows = tuple(tuple(line) for line in data["rows"])
        row, column = data["corner"]
        return cls(data["name"], tuple(data["shape"]), tuple(data["at"]), (row, column), rows)


@dataclass(frozen=True)
class Page:
    """What one wrong line does on one input.

    Attributes:
        name: the value that is shown: what the line assigns, or else the first result that is wrong.
        meaning: what that is ("the gradient of var, step 6"); empty where nobody knows.
        came: how the student's value differs from the right one, in words, or the exception.
        yours: the student's value; None where there is none. right: what should be there.
        inputs: the input. settings: what else the functions were called with, as written ("stride = 1").
        on: which input that is, in words.
    """

    name: str
    meaning: str
    came: str
    yours: Table | None
    right: Table
    inputs: tuple[Table, ...]
    settings: tuple[str, ...] = ()
    on: str = "the smallest input that shows it"

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Page:
        yours = None if data["yours"] is None else Table.from_dict(data["yours"])
        inputs = tuple(map(Table.from_dict, data["inputs"]))
        right = Table.from_dict(data["right"])
        settings = tuple(data["settings"])
        return cls(data["name"], data["meaning"], data["came"], yours, right, inputs, settings, data["on"])


def furthest(got: Any, want: Any) -> tuple[int, ...]:
    """The entry at which two arrays of one shape differ most."""
    with np.errstate(all="ignore"):
        gap = np.nan_to_num(np.abs(np.asarray(got) - np.asarray(want)), nan=np.inf, posinf=np.inf)
    return tuple(int(at) for at in np.unravel_index(int(np.argmax(gap)), gap.shape))


def _number(value: Any) -> float | str:
    """A number as JSON has them."""
    return value if math.isfinite(value) else str(float(value))
