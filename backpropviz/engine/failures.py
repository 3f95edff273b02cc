"""Where in the user's code something went wrong, and what is said about it."""

from __future__ import annotations

import linecache
from pathlib import Path
from types import TracebackType
from typing import Any

from backpropviz.engine.reports import HOOK
from backpropviz.errors import BackpropvizError, InputError, LayerError
from backpropviz.text import file_name


def user_line(frame: Any) -> str:
    while frame is not None and HOOK not in frame.f_code.co_freevars:
        frame = frame.f_back
    return f"{file_name(frame.f_code.co_filename)}:{frame.f_lineno}" if frame is not None else "?"


def where_in(traceback: TracebackType | None, home: Path) -> str | None:
    """`file:line` of the innermost frame of a traceback that stands in the user's code."""
    found = None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if HOOK in code.co_freevars or Path(code.co_filename).parent == home:
            found = f"{file_name(code.co_filename)}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found


def failed(function: Any, error: BaseException, home: Path) -> BackpropvizError:
    if _raised_on_purpose(error):
        return InputError(
            f"{function.__name__} refuses its input: {error}",
            where=where_in(error.__traceback__, home),
            fix="This check is the file's own: change the input or the setting that it names.",
        )
    return LayerError(
        f"{function.__name__} failed with {type(error).__name__}: {error}",
        where=where_in(error.__traceback__, home),
        fix="Run it once on plain arrays; do the shapes and names on that line agree?",
    )


def _raised_on_purpose(error: BaseException) -> bool:
    """Whether the error comes from a `raise` in code that is being traced."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None or HOOK not in traceback.tb_frame.f_code.co_freevars:
        return False
    return linecache.getline(traceback.tb_frame.f_code.co_filename, traceback.tb_lineno).lstrip().startswith("raise ")
