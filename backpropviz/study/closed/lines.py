"""Lines of derived code: which names each sets and reads, and how many operations it has."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from backpropviz.study.values.trees import expression, names_read, operations

_ASSIGNED = re.compile(r"(\w+) (?:[-+*/]?=) (.*)")
_SEVERAL = re.compile(r"((?:\w+, )+\w+|\w+,) = (.*)")


@dataclass(frozen=True, eq=False)
class Line:
    """One line of code.

    Attributes:
        text: without its indent. depth: how far it is indented, in steps of four.
        heading: the comment above it, "" for none.
    """

    text: str
    depth: int = 0
    heading: str = ""

    @cached_property
    def name(self) -> str:
        """The one name that it sets; "" where it sets none or several, or a part of one."""
        match = _ASSIGNED.match(self.text)
        return match[1] if match and not self.text.endswith(":") else ""

    @cached_property
    def names(self) -> list[str]:
        """All names that it sets, or sets a part of."""
        match = _SEVERAL.match(self.text)
        if match:
            return match[1].rstrip(",").split(", ")
        part = re.match(r"(\w+)\[.*\] [-+]?= |(\w+)\.append\(", self.text)
        if part:
            return [part[1] or part[2]]
        head = re.match(r"for (.+?) in ", self.text)
        return re.findall(r"\w+", head[1]) if head else [self.name] if self.name else []

    @cached_property
    def code(self) -> str:
        """What is assigned."""
        match = _SEVERAL.match(self.text) or _ASSIGNED.match(self.text)
        return match[2] if match else self.text

    @cached_property
    def is_plain(self) -> bool:
        """Whether it is `name = code`, and the name does not stand in the code."""
        return bool(self.name) and " = " in self.text and self.name not in self.reads

    @cached_property
    def reads(self) -> frozenset[str]:
        """The names that stand in it to be read."""
        text = self.text.rstrip(":") if self.text.startswith(("for ", "while ", "if ")) else self.text
        if text.startswith("for "):
            text = text[4:].partition(" in ")[2]
        elif text.startswith(("while ", "if ")):
            text = text.partition(" ")[2]
        tree = ast.parse(text)
        read = names_read(tree)
        if not self.is_several and not (self.name and " = " in self.text):
            read |= {*self.names} if not self.text.startswith("for ") else set()
        return frozenset(read)

    @property
    def is_mask(self) -> bool:
        """Whether it sets the outcome of a comparison."""
        return self.is_plain and isinstance(expression(self.code), ast.Compare)

    @property
    def is_several(self) -> bool:
        return _SEVERAL.match(self.text) is not None

    @cached_property
    def count(self) -> int:
        """Its operations."""
        if self.text.endswith(":"):
            return 0
        tree = ast.parse(self.text)
        return operations(tree) + any(isinstance(n, ast.AugAssign) for n in ast.walk(tree))


def lines_of(texts: Iterable[str]) -> list[Line]:
    """Lines of code; a comment belongs to the line below it."""
    made, heading, begun = list[Line](), "", ""
    for each in itertools.chain.from_iterable(text.split("\n") for text in texts):
        bare = each.strip()
        if bare.startswith("#") and not begun:
            heading = bare[1:].strip()
        elif bare:
            begun = f"{begun} {bare}" if begun else each
            if _is_whole(begun.strip()):
                made.append(Line(begun.strip(), (len(begun) - len(begun.lstrip())) // 4, heading))
                heading = begun = ""
    return made


def made_of(lines: Sequence[Line], names: set[str]) -> list[Line]:
    """The lines that names are made of, in order."""
    needed, found = {*names}, list[Line]()
    for line in reversed(lines):
        if needed & {*line.names}:
            needed |= line.reads
            found.append(line)
    return found[::-1]


def lines_between(lines: Sequence[Line], target: str, source: str) -> list[Line]:
    """The lines from one gradient to another."""
    before = made_of(lines, {source})
    return [line for line in made_of(lines, {target}) if line not in before]


def _is_whole(text: str) -> bool:
    """Whether a statement ends here, and does not go on in the next line."""
    try:
        ast.parse(f"{text} pass" if text.endswith(":") else text)
    except SyntaxError:
        return text.startswith(("else", "elif"))
    return True
