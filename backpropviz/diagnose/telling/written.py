"""What a student's function says of a gradient: the statements that it comes from, and what they cost."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from backpropviz.diagnose.pairs import binding
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.runs.influence import behind, reads
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.study.values.trees import arithmetic, called, elements

_UNCOUNTED = (ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp, ast.Lambda)


@dataclass(frozen=True)
class Written:
    """The statements that a gradient comes from, in the function that returns it.

    Attributes:
        touched: those of them that work on gradients, by index.
    """

    gradient: str
    statements: tuple[Statement, ...]
    touched: frozenset[int]

    @property
    def count(self) -> int:
        return sum(arithmetic(statement.node) for statement in self.statements)


def within(statements: list[Statement], taken: set[str], definitions: set[str]) -> Iterator[Written]:
    """Gradients on the way to those that are returned, with the statements behind each."""
    touched = touched_by(statements, taken)
    for statement in (statements[i] for i in sorted(touched)):
        chosen = [statements[i] for i in sorted(behind(statements, {*statement.targets}, statement.index + 1))]
        if len(statement.targets) == 1 and not any(is_unclear(each, definitions) for each in chosen):
            yield Written(statement.targets[0], tuple(chosen), frozenset(touched & {s.index for s in chosen}))


def written(program: Program, pair: Pair, wanted: list[str]) -> Iterator[Written]:
    """For each gradient that is returned by name or as an expression, the statements behind it; none in loops."""
    function = pair.backward or pair.forward
    statements = program.statements(function)
    returns = [s for s in statements if isinstance(s.node, ast.Return) and s.node.value is not None]
    if len(returns) != 1:
        return
    value = returns[0].node.value  # type: ignore[attr-defined]
    parts = elements(value)
    given: set[int] = set()
    if pair.backward is None:
        if len(parts) < 2:
            return
        given = behind(statements, reads(parts[0]), returns[0].index)
        parts, touched = parts[1:], {s.index for s in statements} - given
    else:
        taken = binding.parameters(program.function(function))[: len(pair.layer.outputs)]
        touched = touched_by(statements, {p.name for p in taken})
    if len(parts) != len(wanted):
        return
    for gradient, part in zip(wanted, parts):
        indices = behind(statements, reads(part), returns[0].index) - given
        chosen = [statements[i] for i in sorted(indices)]
        if not isinstance(part, ast.Name):
            chosen.append(Statement(function, returns[0].index, returns[0].line, "", part, (), 0))
        if chosen and not any(is_unclear(s, {*program.definitions}) for s in chosen):
            yield Written(gradient, tuple(chosen), frozenset(touched & indices))


def is_unclear(statement: Statement, functions: set[str]) -> bool:
    """How many operations it stands for is not in its text: rounds, calls of functions of the file."""
    nodes = list(ast.walk(statement.node))
    if statement.loops or any(isinstance(node, _UNCOUNTED) for node in nodes):
        return True
    last = {name.rpartition(".")[2] for name in functions}
    return any(called(node) in last or (isinstance(node, ast.Name) and node.id in functions) for node in nodes)


def touched_by(statements: list[Statement], names: set[str]) -> set[int]:
    """The statements that work on what comes in, or on what was made of it."""
    found, known = set[int](), {*names}
    for statement in statements:
        if reads(statement.node) & known:
            known |= {*statement.targets}
            found.add(statement.index)
    return found


def first_set(
    visits: Mapping[tuple[int, str], Any],
    touched: set[int],
    wanted: Mapping[str, Any],
    is_same: Callable[[Any, Any], bool],
) -> dict[str, int]:
    """The first statement that sets or returns each gradient, by index.

    Args:
        visits: what each statement set or returned, by its index and the name. touched: those that work on gradients.
    """
    found = {}
    for gradient, value in wanted.items():
        at = [index for (index, _), seen in visits.items() if index in touched and is_same(seen, value)]
        if at:
            found[gradient] = min(at)
    return found


def in_method(
    statements: list[Statement], touched: set[int], firsts: Mapping[str, int], definitions: set[str]
) -> Iterator[Written]:
    """For each gradient that a method sets or returns, the statements behind it.

    Args:
        touched: the statements that work on gradients. firsts: the one that sets each gradient, by index.
    """
    for gradient, last in firsts.items():
        names = {*statements[last].targets} or reads(statements[last].node)
        chosen = [statements[i] for i in sorted(behind(statements, names, last + 1) | {last})]
        if not any(is_unclear(s, definitions) for s in chosen):
            yield Written(gradient, tuple(chosen), frozenset(touched & {s.index for s in chosen}))
