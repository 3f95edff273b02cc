"""What can go wrong, each with where it was seen and what to do next."""

from __future__ import annotations


def in_one_line(text: str) -> str:
    """Names of files and messages of others may hold line breaks.

    >>> in_one_line("no numbers in a\\nb.csv")
    'no numbers in a b.csv'
    """
    return " ".join(text.splitlines())


class BackpropvizError(Exception):
    """A problem the user can mend: what was seen, where, and what to do next.

    >>> print(BackpropvizError("stride is 0", where="conv.py:12", fix="use a stride of at least 1"))
    conv.py:12: stride is 0
      use a stride of at least 1
    """

    def __init__(self, seen: str, *, where: str | None = None, fix: str | None = None):
        super().__init__(seen)
        self.seen = seen
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        head = in_one_line(f"{self.where}: {self.seen}" if self.where else self.seen)
        return f"{head}\n  {self.fix}" if self.fix else head


class TraceError(BackpropvizError):
    """The function does something a recorded run cannot follow."""


class LayerError(BackpropvizError):
    """A layer or a user's file could not be found, read or run."""


class InputError(BackpropvizError):
    """An input array or a setting does not fit the layer."""


class DrawingError(BackpropvizError):
    """A picture could not be laid out or written."""
