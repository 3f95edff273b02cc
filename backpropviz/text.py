"""Text that comes from a file, made safe to show: no terminal, picture or document takes orders from it."""

from __future__ import annotations

from typing import Any
from unicodedata import category

_SHOWN = "\n\t"
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # the order of letters


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


def cleaned(record: Any) -> Any:
    """A record as JSON has it, with all of its texts made safe."""
    if isinstance(record, str):
        return clean(record)
    if isinstance(record, list):
        return [cleaned(item) for item in record]
    if isinstance(record, dict):
        return {clean(key): cleaned(value) for key, value in record.items()}
    return record
