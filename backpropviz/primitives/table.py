"""A table that is written in several modules, of which the seldom used ones are read when they are needed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any, TypeVar

V = TypeVar("V")


class Table(dict[Any, V]):
    """A dict whose last modules are imported when something is asked for that the others do not hold.

    Each of them enters what it has when it is imported. Most functions are made of some twenty operations, and
    importing the modules of all others took a tenth of the time of a whole command.

    Args:
        later: the modules, those first in which a search is the likeliest to end.
    """

    def __init__(self, *later: str):
        super().__init__()
        self.later = list(later)

    def __missing__(self, key: Any) -> V:
        if key not in self:
            raise KeyError(key)
        return dict.__getitem__(self, key)

    def __contains__(self, key: Any) -> bool:
        while not dict.__contains__(self, key):
            if not self.later:
                return False
            self._read()
        return True

    def get(self, key: Any, default: V | None = None) -> V | None:  # type: ignore[override]
        """What stands under `key`, in whichever module."""
        return dict.__getitem__(self, key) if key in self else default

    def __iter__(self) -> Iterator[Any]:
        return iter(self.whole().copy())

    def __len__(self) -> int:
        return dict.__len__(self.whole())

    def keys(self) -> Any:
        return dict.keys(self.whole())

    def values(self) -> Any:
        return dict.values(self.whole())

    def items(self) -> Any:
        return dict.items(self.whole())

    def whole(self) -> dict[Any, V]:
        """The table with all its modules."""
        while self.later:
            self._read()
        return self

    def _read(self) -> None:
        name = self.later[0]  # it stays in the list until it is read, for whoever asks meanwhile
        import_module(name)
        with contextlib.suppress(ValueError):
            self.later.remove(name)
