"""Where in a student's file an exception came from, in this process or in the one that runs the code for us."""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

TOLD = "frames_told"
"""The attribute of an exception that was raised elsewhere: the frames, and whether the last line is NumPy's."""


class Frame(NamedTuple):
    """A line of the student's file, and the function that it is in."""

    name: str
    lineno: int


def frames(error: BaseException, file: str) -> list[Frame]:
    """The frames of a file that an exception came through, the innermost last."""
    told = getattr(error, TOLD, None)
    if told is not None:
        return list(told[0])
    return [Frame(code.co_name, line) for code, line in _came_through(error) if code.co_filename == file]


def is_of_numpy(error: BaseException) -> bool:
    """NumPy itself raised it."""
    told = getattr(error, TOLD, None)
    if told is not None:
        return bool(told[1])
    return any("numpy" in code.co_filename for code, _ in [*_came_through(error)][-1:])


def _came_through(error: BaseException) -> Iterator[tuple[CodeType, int]]:
    """Every function that an exception came through, with its line, the innermost last; no source is read for it."""
    at = error.__traceback__
    while at is not None:
        yield at.tb_frame.f_code, at.tb_lineno or 0
        at = at.tb_next
