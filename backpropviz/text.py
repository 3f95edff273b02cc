"""Text that comes from a file, made safe to show: no terminal, picture or document takes orders from it."""

from __future__ import annotations

import re
from pathlib import Path
from types import FunctionType
from typing import Any
from unicodedata import category

_SHOWN = "\n\t"
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # the order of letters


_CELL = re.compile(r"ipykernel_\d+[/\\]\d+\.py$|^<ipython-input-")
_SERVING = re.compile(r"_backward$|^sample(_|$)|^_")
_NO_SUMMARY = "Automatically created module for IPython"  # what a notebook says of its own


def clean(text: str) -> str:
    """The same text, with the replacement character for what is no letter: escape sequences, other control characters,
    lone surrogates, and marks that turn the order of what follows.

    >>> clean("a\\x1b[2Jb")
    'a\ufffd[2Jb'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join("\ufffd" if _is_order(char) else char for char in text)


def _is_order(char: str) -> bool:
    return char in _TURNING or (category(char) in ("Cc", "Cs") and char not in _SHOWN)


def clean_line(text: str) -> str:
    """The same for a text that stands in one line."""
    return clean(text).replace("\n", "\ufffd").replace("\t", "\ufffd")


def file_name(file: str) -> str:
    """What a file is called where a line of it is spoken of; a cell of a running notebook has only a number for a name.

    >>> file_name("/home/me/bn.py"), file_name("/tmp/ipykernel_77/1208097580.py")
    ('bn.py', 'cell')
    """
    return "cell" if _CELL.search(file) else Path(file).name


def summary_of(function: FunctionType) -> str:
    """The first line of the docstring of a function, or of its file where that tells of no other; may be empty."""
    told = function.__doc__ or (_of_its_file(function) if _stands_alone(function) else "")
    return clean(told.strip().split("\n")[0])


def _of_its_file(function: FunctionType) -> str:
    module = function.__globals__.get("__doc__") or ""
    return "" if module.startswith(_NO_SUMMARY) else module


def _stands_alone(function: FunctionType) -> bool:
    """Whether a file is called after a function, or all others in it serve this one: as a part, its backward pass or
    its sample inputs."""
    file = function.__code__.co_filename
    if Path(file).stem == function.__name__:
        return True
    kept = [each for each in function.__globals__.values() if isinstance(each, FunctionType)]
    beside = [each for each in kept if each.__code__.co_filename == file and each.__name__ != function.__name__]
    called = {name for each in (function, *beside) for name in each.__code__.co_names}
    return all(each.__name__ in called or _SERVING.search(each.__name__) for each in beside)


def cleaned(record: Any) -> Any:
    """A record as JSON has it, with all of its texts made safe."""
    if isinstance(record, str):
        return clean(record)
    if isinstance(record, list):
        return [cleaned(item) for item in record]
    if isinstance(record, dict):
        return {clean(key): cleaned(value) for key, value in record.items()}
    return record
