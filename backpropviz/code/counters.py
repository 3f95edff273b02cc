"""What loops count with besides their variables: `row += 1` is `i * W + j` of two loops."""

from __future__ import annotations

import itertools

import numpy as np

from backpropviz.code.guards import names_in, value_of
from backpropviz.code.heads import LoopHeads, is_from_zero
from backpropviz.code.places import LoopItem, Uneven
from backpropviz.code.slots import slots
from backpropviz.engine.graph import Round


class Counters(LoopHeads):
    """The counters of the loops of one program."""

    counters: dict[LoopItem, dict[str, str]]  # what counts, and by what

    def _find_counters(self) -> None:
        """Note what loops count with besides their variables, `row += 1`, where values are read or written by it."""
        for place in self.program.places():
            chain = place.body.chain()
            written = slots(self.trace, (place.template.args, tuple(place.template.kwargs.values()))) if chain else []
            for name, site in itertools.pairwise(written):
                item = next((loop for loop in chain if loop.site == site), None) if isinstance(name, str) else None
                if item is None or name in self._variables(item) or name in self.counters.get(item, {}):
                    continue
                self.counters.setdefault(item, {})[name] = self._counter(item, name)

    def _variables(self, item: LoopItem) -> set[str]:
        """The names that the head of a loop gives a value to in every round."""
        over = self._array_of(item)
        if over is not None:
            return {over[0]}
        if item.head.startswith("while"):
            return {self._counting(item)[0]}
        return names_in(item.head.removeprefix("for ").partition(" in ")[0])

    def _counters(self, item: LoopItem) -> list[str]:
        """The lines at the start of a loop's body that say what it counts with."""
        return [f"{name} = {text}" for name, text in self.counters.get(item, {}).items()]

    def _counter(self, item: LoopItem, name: str) -> str:
        """A counter that starts outside of some loops and goes on in the innermost: `i * W + j`."""
        loops = [*item.parent.chain(), item]
        rounds = [round_ for run in item.runs for round_ in self.program.rounds_in(run)]
        at = np.array([[self.program.position(each) for each in (*_around(round_), round_)] for round_ in rounds])
        values = np.array([value_of(round_, name) for round_ in rounds])
        columns = np.column_stack([at, np.ones(len(rounds), int)])
        steps = np.rint(np.linalg.lstsq(columns, values, rcond=None)[0]).astype(int)
        if not np.array_equal(columns @ steps, values):
            raise Uneven(item.site, f"{name} does not count its rounds")
        *factors, start = steps.tolist()
        first = next((level for level, factor in enumerate(factors) if factor), len(loops) - 1)
        text = self._index(loops[first])
        for level in range(first + 1, len(loops)):
            often = {len(self.program.rounds_in(run)) for run in loops[level].runs}
            if len(often) != 1 or factors[level - 1] != factors[level] * next(iter(often)):
                raise Uneven(item.site, f"{name} does not count its rounds")
            text = f"{text if text.isidentifier() else f'({text})'} * {self._often(loops[level])}"
            text = f"{text} + {self._index(loops[level])}"
        if factors[-1] != 1:
            text = f"{factors[-1]} * {text if text.isidentifier() else f'({text})'}"
        return f"{text} {'+' if start > 0 else '-'} {abs(start)}" if start else text

    def _often(self, item: LoopItem) -> str:
        """How often a loop runs."""
        iterable = self._through(item)[1]
        simple = iterable.startswith("range(") and iterable.endswith(")") and is_from_zero(iterable)
        if simple and self._guard(item) is None:
            return iterable.removeprefix("range(").removesuffix(")")
        return f"len({iterable})"


def _around(round_: Round) -> list[Round]:
    """The rounds around one, the outermost first."""
    rounds: list[Round] = []
    outer = round_.loop.outer
    while outer is not None:
        rounds.insert(0, outer)
        outer = outer.loop.outer
    return rounds
