"""Stretches of a backward pass: from one gradient to another that every path to it passes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from backpropviz.study.closed.lines import Line
from backpropviz.study.closed.program import Program

Name = tuple[Line | None, str]
"""A name as one line sets it; None for parameters and what stands outside of the body."""


@dataclass(frozen=True)
class Stretch:
    """From one gradient to another that every path to it passes.

    Attributes:
        source: by name, and the line that sets it; None for what comes in.
        target: the line that sets the other.
        parts: where only some terms of the target's sum are meant: these; all without any.
        between: the lines from the one to the other, the target's last.
    """

    source: Name
    target: Line
    between: tuple[Line, ...]
    parts: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """The operations that one expression in its place can save."""
        saved = sum(line.count for line in self.between)
        return saved - (self.target.count - len(self.parts) + 1 if self.parts else 0)

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        return self.source[1], self.target.name, self.parts


@dataclass
class Flow:
    """Which line reads what of which line, in one body of a program."""

    program: Program
    made: dict[Line, list[Name]] = field(default_factory=dict)
    tainted: set[Name] = field(default_factory=set)

    def __post_init__(self) -> None:
        upstream = {*self.program.listing.upstream}
        outer: set[str] = set(upstream)
        for body in bodies(self.program.backward):
            for line in body:
                outer |= set(line.names) if line.reads & outer else set()
        for body in bodies(self.program.backward):
            current: dict[str, Line] = {}
            for line in body:
                self.made[line] = [(current.get(name), name) for name in sorted(line.reads)]
                reads = any((None, n) in self.tainted or (current.get(n) is None and n in outer) for n in line.reads)
                if reads or any((current[n], n) in self.tainted for n in line.reads if n in current):
                    self.tainted |= {(line, name) for name in line.names}
                self.tainted |= {(None, n) for n in line.reads if n in outer and n not in current}
                current.update(dict.fromkeys(line.names, line))

    def stretches(self) -> list[Stretch]:
        """The longest first: what they could save is most."""
        found = []
        for body in bodies(self.program.backward):
            for target in body:
                if target.is_plain and (target, target.name) in self.tainted:
                    found += self._to(target)
        return sorted(found, key=lambda stretch: -stretch.count)

    def _to(self, target: Line) -> list[Stretch]:
        found = []
        for source in self._ancestors([target]):
            between = self._between(target.reads, target, source)
            if between is not None:
                found.append(Stretch(source, target, (*between, target)))
        terms = terms_of(target.code)
        if len(terms) > 2:
            for source in self._ancestors([target]):
                chosen = [t for t in terms if self._between({t}, target, source) is not None]
                if 1 < len(chosen) < len(terms):
                    between = self._between(chosen, target, source)
                    assert between is not None
                    found.append(Stretch(source, target, (*between, target), tuple(chosen)))
        return [stretch for stretch in found if stretch.count > 1]

    def _ancestors(self, lines: list[Line]) -> list[Name]:
        seen: dict[Name, None] = {}
        waiting = list(lines)
        while waiting:
            for name in self.made[waiting.pop()]:
                if name in self.tainted and name not in seen:
                    seen[name] = None
                    if name[0] is not None:
                        waiting.append(name[0])
        return list(seen)

    def _between(self, names: Sequence[str] | frozenset[str] | set[str], at: Line, source: Name) -> list[Line] | None:
        """The lines from source to those names; None where some path passes it by, or none comes from it."""
        first = [name for name in self.made[at] if name[1] in names and name in self.tainted]
        seen, waiting, passed = set[Name](), first, False
        while waiting:
            name = waiting.pop()
            if name == source:
                passed = True
            elif name[0] is None:
                return None
            elif name not in seen:
                seen.add(name)
                waiting += [n for n in self.made[name[0]] if n in self.tainted]
        lines = {name[0] for name in seen}
        return [line for line in self.made if line in lines] if passed else None


def bodies(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that belong together: those outside of loops, and those of each loop; heads are of none."""
    found: list[list[Line]] = [[]]
    open_ = [found[0]]
    for line in lines:
        del open_[line.depth + 1 :]
        if line.text.endswith(":"):
            open_.append([])
            found.append(open_[-1])
        elif len(open_) > line.depth:
            open_[line.depth].append(line)
    return found


def terms_of(code: str) -> list[str]:
    """The names that are added up; none where something else is."""
    terms, tree = [], ast.parse(code, mode="eval").body
    while isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add):
        terms.append(tree.right)
        tree = tree.left
    terms.append(tree)
    names = [term.id for term in reversed(terms) if isinstance(term, ast.Name)]
    return names if len(names) == len(terms) > 1 else []
