"""Tests of a loop's variables: those that leave rounds out, `if i % 2: continue`, and those that rounds part by."""

from __future__ import annotations

import ast
import itertools
from typing import Any

from backpropviz.code.branches import inlined
from backpropviz.code.places import Fork, LoopItem, Uneven
from backpropviz.code.program import Program
from backpropviz.code.tidying import negated
from backpropviz.engine.graph import Round
from backpropviz.engine.named import plain
from backpropviz.engine.source import source_of


class Guards:
    """The tests of the loops of one program."""

    program: Program

    def _is_at_hand(self, name: str, item: LoopItem | None) -> bool:
        raise NotImplementedError

    def _with_lengths(self, expression: str) -> str:
        raise NotImplementedError

    def _guard(self, item: LoopItem) -> str | None:
        """The test by which a loop leaves rounds out, `if i % 2: continue`, where it asks its variables alone."""
        if all(len(self.program.rounds_in(run)) == len(run.rounds) and not run.left_early for run in item.runs):
            return None
        text = source_of(item.site[0])
        for node in ast.walk(text.tree) if text is not None else ():
            if isinstance(node, ast.For | ast.While) and node.lineno == item.site[1]:
                for statement in node.body:
                    test = inlined(statement.test, item.runs[0]) if isinstance(statement, ast.If) else None
                    if isinstance(statement, ast.If) and test is not None and self._asks_variables(test, item):
                        if isinstance(statement.body[-1], ast.Break):
                            return self._from_then_on(test, item)
                        asked = ast.unparse(test)
                        return asked if isinstance(statement.body[-1], ast.Continue) else negated(asked)
        return None

    def _from_then_on(self, test: ast.expr, item: LoopItem) -> str | None:
        """What holds of all rounds that a `break` leaves out: `t > 14` where a round that ends with `t == 14` is the
        last; None where that is not known."""
        after = any(run.left_early and run.rounds[-1] in self.program.rounds_in(run) for run in item.runs)
        match test:
            case ast.Compare(ast.Name(name), [ast.Eq() | ast.GtE()], [limit]):
                runs = [[value_of(each, name) for each in run.rounds if name in each.variables] for run in item.runs]
                if all(len(run) > 1 and all(a < b for a, b in itertools.pairwise(run)) for run in runs):
                    return f"{name} {'>' if after else '>='} {ast.unparse(limit)}"
        return None if after else ast.unparse(test)

    def _test(self, fork: Fork) -> str:
        """What a fork asks.

        Raises:
            Uneven: it reads what code outside of the function does not know.
        """
        text, loop = self._with_lengths(fork.test), fork.parent.loop
        assert loop is not None
        own = {*loop.runs[0].rounds[0].variables}
        for name in sorted(names_in(text) - own):
            if not self._is_at_hand(name, loop):
                raise Uneven(loop.site, f"{name}, by which its rounds differ, is not at hand")
        return text

    def _asks_variables(self, test: ast.expr, item: LoopItem) -> bool:
        own = {*item.runs[0].rounds[0].variables}
        return all(name in own or self._is_at_hand(name, item) for name in names_in(ast.unparse(test)))

    def _guarded(self, item: LoopItem) -> list[Any]:
        """The lines at the start of a loop's body that leave rounds out."""
        test = self._guard(item)
        return [] if test is None else [f"if {test}:", ["continue"]]


def names_in(expression: str) -> set[str]:
    """The names that an expression reads."""
    return {node.id for node in ast.walk(ast.parse(expression, mode="eval")) if isinstance(node, ast.Name)}


def value_of(round_: Round, name: str) -> int:
    """What a variable that counts was in a round."""
    value = plain(round_.variables.get(name))
    return value if type(value) is int else 0
