"""How tightly the expressions of Python bind, so that brackets stand where they are needed and nowhere else."""

from __future__ import annotations

# How tightly an expression binds, as in Python's grammar.
BINDS = {
    "<": 4, "<=": 4, ">": 4, ">=": 4, "==": 4, "!=": 4, "|": 5, "^": 6, "&": 7, "<<": 8, ">>": 8, "+": 9, "-": 9,
    "*": 10, "/": 10, "//": 10, "%": 10, "@": 10, "**": 12,
}  # fmt: skip
COMPARISON, UNARY, POWER, ATOM = 4, 11, 12, 13

Text = tuple[str, int]
"""An expression and how tightly it binds."""


def fit(text: Text, at_least: int) -> str:
    """An expression, in brackets if it binds less than is needed."""
    return text[0] if text[1] >= at_least else f"({text[0]})"
