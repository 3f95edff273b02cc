"""Measures text in a monospaced font, and breaks formulas where a person would."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import combining, east_asian_width

ADVANCE = 0.602  # the width of a character, in font sizes, of the widest of the fonts
LEADING = 1.25  # from line to line, in font sizes
_TUPLE = re.compile(r"\(-?\d+(, -?\d+)*\)?")  # also the axes that a call is given
_TORN = {",": 0.1, "+": 0.2, "-": 0.2, ":": 0.45}  # how much a break behind it tears apart, within its level
_SLICE = 0.15  # the colon of a slice binds less than the arithmetic on its sides
_OPERATORS = ("+", "-", "*", "/", "@", "=", "//", "**", "<", ">", "==", "!=", "<=", ">=", "&", "|", "%", ":")


@lru_cache(4096)
def columns(text: str) -> int:
    """How many columns of a monospaced font a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def width(text: str, size: float) -> float:
    return columns(text) * ADVANCE * size


@dataclass(frozen=True, slots=True)
class _Joint:
    """A place where a formula can be broken, and how much of it that tears apart; `least` is in front of it anyway."""

    at: int
    cost: float
    least: int = 1


@lru_cache(4096)  # the same formulas are tried in many widths
def broken(formula: str, room: int) -> tuple[str, ...]:
    """A formula in lines of at most `room` columns where it has joints for that, and longer lines where it has not.

    Lines end behind an operator or comma of the outermost level that offers one; nothing is ever left out.
    """
    lines: list[str] = []
    text = " ".join(formula.split())
    if columns(text) <= room:
        return (text,) if text else ()
    joints = _joints(text)
    start = first = 0  # of what is left: its first character, and the first joint in it
    while start < len(text) and columns(text[start : start + room + 1]) > room:
        while first < len(joints) and joints[first].at - start <= joints[first].least:
            first += 1
        if first == len(joints):
            break
        near, least = joints[first], math.inf
        for joint in joints[first:]:
            if columns(text[start : joint.at].rstrip()) > room:
                break
            if joint.cost <= least:
                near, least = joint, joint.cost
        lines.append(text[start : near.at].rstrip())
        start = near.at
    rest = text[start:].lstrip()
    return tuple([*lines, rest] if rest else lines)


def _joints(formula: str) -> list[_Joint]:
    found = []
    depth, quote = 0, ""
    whole = {at for tuple_ in _TUPLE.finditer(formula) for at in range(*tuple_.span())}
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
                torn = 0.5 if call or at not in whole else 3.0
                found.append(_Joint(at + 1, depth + torn, 3))
        elif char in ")]}":
            depth -= 1
        elif char == " " and 0 < at < len(formula) - 1:
            before = formula[formula.rfind(" ", 0, at) + 1 : at].lstrip("([")
            if before in _OPERATORS or before.endswith(",") or (before.endswith(":") and before[:-1].isidentifier()):
                within = _SLICE if before == ":" else _TORN.get(before[-1], 0.3)
                torn = 3.0 if at in whole else within
                found.append(_Joint(at + 1, depth + torn))
        elif char == "." and at and formula[at - 1] == ")" and formula[at + 1 : at + 2].isalpha():
            found.append(_Joint(at, depth + 0.4))
    return found
