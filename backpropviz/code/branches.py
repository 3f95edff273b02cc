"""Branches in a loop's body that ask what its rounds count with, `if t == 0:`: which round went which way.

What such a test says is known before the run: it reads variables of loops, sizes and settings. So it is read in the
source, asked once for every round, and what the rounds made is cut where the statement begins and ends.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backpropviz.code.scope import scope_of
from backpropviz.engine.graph import Loop, Node, Round
from backpropviz.engine.named import plain
from backpropviz.engine.source import source_of
from backpropviz.engine.trace import Trace

Sequences = list[list[Any]]
"""What each of several rounds made, in order: nodes, and loops that ran in it."""

_ASKED = (
    ast.Compare, ast.BoolOp, ast.UnaryOp, ast.BinOp, ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.Tuple,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context, ast.List,
)  # fmt: skip


@dataclass
class Choice:
    """A statement of a loop's body that does one thing or another.

    Attributes:
        test: what it asks. lines: where it stands. outcomes: what the test says, round by round.
        then, otherwise: the statements of either branch; none where both are one expression, `a if t else b`.
    """

    test: str
    lines: range
    outcomes: list[bool]
    then: list[ast.stmt]
    otherwise: list[ast.stmt]


class Branches:
    """The branches of one trace's loops."""

    def __init__(self, trace: Trace):
        self.trace = trace
        self._scope: dict[str, Any] = {}

    def statements(self, loop: Loop) -> list[ast.stmt]:
        """The body of a loop as written."""
        return _body(loop)

    def cut(
        self, statements: Sequence[ast.stmt], rounds: Sequence[tuple[Round, ...]], sequences: Sequences
    ) -> Iterator[tuple[Choice | None, Sequences]]:
        """What rounds made, cut into what all do and what some do, in order."""
        rest = [list(sequence) for sequence in sequences]
        for choice in self._choices(statements, rounds):
            before, inside = zip(*[_split(part, choice.lines, own[-1]) for part, own in zip(rest, rounds)])
            rest = [part[len(a) + len(b) :] for part, a, b in zip(rest, before, inside)]
            yield None, list(before)
            yield choice, list(inside)
        yield None, rest

    def _choices(self, statements: Sequence[ast.stmt], rounds: Sequence[tuple[Round, ...]]) -> Iterator[Choice]:
        for at, statement in enumerate(statements):
            match statement:
                case ast.If(test, [*then, ast.Continue()], []) if then:
                    otherwise = [*statements[at + 1 :]]
                case ast.If(test, then, otherwise):
                    pass
                case ast.Assign() | ast.AugAssign() | ast.Expr() | ast.AnnAssign():
                    each = next((n for n in ast.walk(statement) if isinstance(n, ast.IfExp)), None)
                    if each is None:
                        continue
                    test, then, otherwise = each.test, [], []
                case _:
                    continue
            asked = inlined(test, rounds[0][-1].loop)
            outcomes = [self._outcome(asked, own) for own in rounds]
            if None in outcomes:
                continue
            last = max([statement.end_lineno or 0, *(s.end_lineno or 0 for s in otherwise)])
            lines = range(statement.lineno, last + 1)
            yield Choice(ast.unparse(asked), lines, [outcome is True for outcome in outcomes], then, otherwise)
            if last > (statement.end_lineno or 0):
                return

    def _outcome(self, test: ast.expr, rounds: tuple[Round, ...]) -> bool | None:
        """What a test says in a round; None if it asks for what is not known outside of the function."""
        if not all(isinstance(node, _ASKED) for node in ast.walk(test)):
            return None
        self._scope = self._scope or scope_of(self.trace)
        variables = {name: plain(value) for round_ in rounds for name, value in round_.variables.items()}
        try:
            outcome = eval(ast.unparse(test), dict(self._scope), variables)
        except Exception:  # a name that the function alone knows
            return None
        return bool(outcome) if isinstance(outcome, bool | int) else None


def inlined(test: ast.expr, loop: Loop) -> ast.expr:
    """A test without what a loop's body calls by a name of its own, `first = t == 0`."""
    known: dict[str, ast.expr] = {}
    body = _body(loop)
    named = [n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    for statement in body:
        match statement:
            case ast.Assign([ast.Name(name)], value) if named.count(name) == 1:
                if all(isinstance(part, _ASKED) for part in ast.walk(value)):
                    known[name] = value

    class Inlined(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return known.get(node.id, node)

    return Inlined().visit(ast.parse(ast.unparse(test), mode="eval").body)  # type: ignore[no-any-return]


def _body(loop: Loop) -> list[ast.stmt]:
    """The body of a loop as written; nothing for a comprehension."""
    text = source_of(loop.file)
    for node in ast.walk(text.tree) if text is not None else ():
        if isinstance(node, ast.For | ast.While) and node.lineno == loop.line:
            return node.body
    return []


def _split(sequence: list[Any], lines: range, round_: Round) -> tuple[list[Any], list[Any]]:
    """What a round made before some lines, and in them."""
    loop, group = round_.loop, round_.loop.group
    given = {id(getattr(value, "node", None)) for value in round_.variables.values()}
    at = [0 if id(item) in given else _line(item, group) for item in sequence]
    inside = [index for index, line in enumerate(at) if line in lines]
    if not inside:
        before = [item for item, line in zip(sequence, at) if line < lines.start]
        return before, []
    assert loop is not None
    return sequence[: inside[0]], sequence[inside[0] : inside[-1] + 1]


def _line(item: Node | Loop, top: Any) -> int:
    """The line of a function's own that made a value or ran a loop, also if it did so in a call."""
    if isinstance(item, Loop):
        group, line = item.group, item.line
    elif item.step is None:
        return 0
    else:
        group, line = item.step.group, item.step.line
    while group is not None and group is not top:
        line, group = group.line, group.parent
    return line
