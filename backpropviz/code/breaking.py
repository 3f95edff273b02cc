"""Measures text in a monospaced font, and breaks formulas where a person would."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from unicodedata import combining, east_asian_width

ADVANCE = 0.602  # the width of a character, in font sizes, of the widest of the fonts
LEADING = 1.25  # from line to line, in font sizes
_WHOLE = re.compile(r"[(\[][-\w :.,]{1,14}[)\]]")  # short lists of names and numbers, which nobody tears apart
_TORN = {"=": 0.0, "+=": 0.0, ",": 0.1, ":": 0.5, "+": 0.5, "-": 0.5}  # how much a break behind it tears apart
_TORN_ELSE = 0.7  # behind other operators
_WORDS = 0.3  # the same between two words,
_CLAUSES = re.compile(r"(where|if|else|for|from)\b")  # and before these, at which a reader pauses, as at a comma
_PARTS = 0.8  # how much deeper the terms of arguments lie than their commas
_OPERATORS = ("+", "-", "*", "/", "@", "=", "+=", "//", "**", "<", ">", "==", "!=", "<=", ">=", "&", "|", "%", ":")
_DEPTH = 0.4  # what a break costs, in lines, by the square of its level
_SHORT = 3.0  # how many levels deeper the inside of a short list counts
_TOO_LONG = 1000.0  # a column that does not fit, in lines
_WIDER = 0.12  # a column more where the width may be chosen, in lines


@lru_cache(1 << 15)
def columns(text: str) -> int:
    """How many columns of a monospaced font a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def width(text: str, size: float) -> float:
    return columns(text) * ADVANCE * size


@dataclass(frozen=True, slots=True)
class _Joint:
    """A place where a formula can be broken, and how much of it that tears apart; more than `least` is in front of it
    in its line.

    Attributes:
        level: how deep it lies: commas by their brackets, half a level deeper the operators between them.
    """

    at: int
    level: float
    cost: float
    least: int = 1


def broken(formula: str, room: int) -> tuple[str, ...]:
    """A formula in lines of at most `room` columns where it has joints for that, and longer lines where it has not.

    What fits in a line of its own is not torn: brackets are broken only where they are longer. Of all ways that are
    left, the one in few lines whose ends tear least apart: they end behind an equals sign, or an operator or comma of
    the outermost levels (after Knuth and Plass 1981, who break paragraphs as a whole). Nothing is ever left out.
    """
    return _cheapest(formula, room)[1]


def torn(lines: Iterable[str]) -> int:
    """How many lines of formulas end inside of brackets."""
    depths = accumulate(sum(map(line.count, "([{")) - sum(map(line.count, ")]}")) for line in lines)
    return sum(depth > 0 for depth in depths)


@lru_cache(1 << 12)
def shaped(formula: str, least: int, most: int) -> tuple[str, ...]:
    """A formula in lines of `least` columns, or of up to `most` where that makes up for the room it takes."""
    ways = (_cheapest(formula, room) for room in range(least, most + 1))
    return min(ways, key=lambda way: way[0] + _WIDER * max(map(columns, way[1]), default=0))[1]


@lru_cache(1 << 15)  # the same formulas are tried in many widths
def _cheapest(formula: str, room: int) -> tuple[float, tuple[str, ...]]:
    """What the best way to break a formula costs, in lines, and its lines."""
    text = " ".join(formula.split())
    if columns(text) <= room:
        return (1.0, (text,)) if text else (0.0, ())
    joints, starts, ends = _needed(text, room)
    cheapest = [(0.0, 0)]  # of every joint: the cost of all lines in front of it, and where the last of them begins
    for end, joint in enumerate(joints[1:], 1):
        best = math.inf, end - 1
        for start in range(end - 1, -1, -1):
            more = ends[end] - starts[start] - room
            if more > 0 and best[0] < math.inf:
                break  # longer lines do not fit either
            if joint.at - joints[start].at > joint.least:
                cost = round(cheapest[start][0] + 1 + _DEPTH * joint.cost**2 + _TOO_LONG * max(0, more), 6)
                if cost < best[0]:
                    best = cost, start
        cheapest.append(best)
    lines: list[str] = []
    end = len(joints) - 1
    while end:
        start = cheapest[end][1]
        lines.append(text[joints[start].at : joints[end].at].strip())
        end = start
    return cheapest[-1][0], tuple(reversed(lines))


def _needed(text: str, room: int) -> tuple[list[_Joint], list[int], list[int]]:
    """As `_measured`, without the joints inside of what fits in a line between joints that are less deep."""
    joints, starts, ends = _measured(text)
    kept = [0, len(joints) - 1]
    for level in sorted({joint.level for joint in joints}):
        more = [
            at
            for one, two in pairwise(kept)
            if ends[two] - starts[one] > room
            for at in range(one + 1, two)
            if joints[at].level == level
        ]
        kept = sorted([*kept, *more])
    return [joints[at] for at in kept], [starts[at] for at in kept], [ends[at] for at in kept]


@lru_cache(1 << 12)
def _measured(text: str) -> tuple[list[_Joint], list[int], list[int]]:
    """The joints of a text with its ends, and of each where a line behind it starts, and where one before it ends."""
    joints = [_Joint(0, 0.0, 0.0, 0), *_joints(text), _Joint(len(text), 0.0, 0.0, 0)]
    starts = [columns(text[: joint.at]) for joint in joints]
    return joints, starts, [columns(text[: joint.at].rstrip()) for joint in joints]


def _joints(formula: str) -> list[_Joint]:
    found = []
    depth, quote = 0, ""
    whole = {at for list_ in _WHOLE.finditer(formula) for at in range(list_.start() + 1, list_.end())}
    for at, char in enumerate(formula):
        if quote:
            quote = "" if char == quote else quote
            continue
        if char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
            if at + 1 < len(formula) and formula[at + 1] not in ")]}" and at > 2:
                call = formula[at - 1].isalnum() or formula[at - 1] == "_"
                short = _SHORT * (at + 1 in whole)
                torn = short or (0.5 if call else 2.2)  # better before a parenthesis than behind it
                found.append(_Joint(at + 1, depth + (short or 0.5 * (not call)), depth + torn, 3))
        elif char in ")]}":
            depth -= 1
        elif char == " " and 0 < at < len(formula) - 1:
            before = formula[formula.rfind(" ", 0, at) + 1 : at].lstrip("([")
            if before in _OPERATORS or before.endswith(",") or (before.endswith(":") and before[:-1].isidentifier()):
                within = _TORN.get(before, _TORN.get(before[-1], _TORN_ELSE))
                deeper = _SHORT if at in whole else _PARTS if depth and before in _OPERATORS and before != ":" else 0.0
                level = depth + (0.0 if before.endswith((",", ":")) or not depth else 0.5)
                found.append(_Joint(at + 1, level + _SHORT * (at in whole), depth + within + deeper))
            elif before and formula[at + 1].isalpha():
                cost = _TORN[","] if _CLAUSES.match(formula, at + 1) else _WORDS
                found.append(_Joint(at + 1, depth, depth + cost))
        elif char == "." and at and formula[at - 1] == ")" and formula[at + 1 : at + 2].isalpha():
            found.append(_Joint(at, depth + 0.5 * (depth > 0), depth + 0.4))
    return found
