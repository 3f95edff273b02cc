"""The statements of a function that make its sizes, `N, D = x.shape`: which of them derived code can repeat."""

from __future__ import annotations

import re

from backpropviz.engine.holders import Flat
from backpropviz.engine.trace import Trace

_REPRODUCIBLE = {
    "np", "len", "int", "float", "min", "max", "range", "round", "sum", "im2col", "col2im", "output_shape",
    "math", "abs", "bool", "divmod", "pow", "True", "False", "None",
}  # fmt: skip
_SEEDED = re.compile(r"\b(?:default_rng|RandomState)\((\w+)\)")


class SizeNames:
    """The names of sizes of one trace.

    Attributes:
        kept: dictionaries and lists of arrays that code takes as they are.
        sizes: those that were written. helpers: the functions of ours, and modules, that their statements need.
    """

    trace: Trace
    sizes: set[str]
    kept: set[str]
    helpers: set[str]
    _reproducible: set[str]
    _values: set[str | None]

    def _reproducible_sizes(self) -> set[str]:
        """The size names whose statements can be repeated in derived code."""
        function = self.trace.callable
        held = {*function.holders} if isinstance(function, Flat) else set[str]()
        known = _REPRODUCIBLE | self.trace.unchanged() | (set(self.trace.settings) - held) | self.kept | {"_"}
        sizes: set[str] = set()
        for statement in self.trace.sizes:
            if not self._repeatable(statement.statement):
                continue
            if set(statement.needs) <= known | sizes and not self._values & set(statement.names):
                sizes.update(statement.names)
        return sizes

    def keep(self, names: set[str]) -> None:
        """Note that these are taken as they are."""
        self.kept = names
        self._reproducible = self._reproducible_sizes()

    def _repeatable(self, statement: str) -> bool:
        """Whether a statement makes the same numbers again: it draws none, or draws them from a seed of its own."""
        seed = _SEEDED.search(statement)
        settings = self.trace.settings
        return "random" not in statement or (seed is not None and settings.get(seed[1], seed[1]) is not None)

    def size_statements(self) -> list[str]:
        """The statements that define the sizes used so far, with the ones those need, in order."""
        wanted = set(self.sizes)
        chosen = []
        for statement in reversed(self.trace.sizes):
            if wanted & set(statement.names):
                chosen.append(statement.statement)
                wanted |= set(statement.needs)
                self.helpers |= set(statement.needs) & {"im2col", "col2im", "output_shape", "math"}
        return chosen[::-1]
