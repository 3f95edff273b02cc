"""Where in a student's file an exception came from, in this process or in the one that runs the code for us."""

from __future__ import annotations

import traceback
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
    found = traceback.extract_tb(error.__traceback__)
    return [Frame(frame.name, frame.lineno or 0) for frame in found if frame.filename == file]


def is_of_numpy(error: BaseException) -> bool:
    """NumPy itself raised it."""
    told = getattr(error, TOLD, None)
    if told is not None:
        return bool(told[1])
    return any("numpy" in frame.filename for frame in traceback.extract_tb(error.__traceback__)[-1:])
