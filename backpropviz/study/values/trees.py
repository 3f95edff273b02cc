"""Expressions as syntax trees: brackets come out right by themselves, and operations can be counted."""

from __future__ import annotations

import ast
from typing import Any

_COUNTED = (ast.BinOp, ast.UnaryOp, ast.Call, ast.Compare)


def name(identifier: str) -> Any:
    """What is called so: a variable, `self.x`, or an entry (`cache['gamma']`)."""
    is_plain = all(part.isidentifier() for part in identifier.split("."))
    return ast.Name(identifier, ast.Load()) if is_plain else ast.parse(identifier, mode="eval").body


def number(value: Any) -> ast.expr:
    """A number as source has it: a negative one is a minus sign and a constant."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def binary(left: ast.expr, operator: ast.operator, right: ast.expr) -> ast.expr:
    return ast.BinOp(left, operator, right)


def numpy_call(function: str, *arguments: ast.expr, **keywords: ast.expr) -> ast.expr:
    called = ast.Attribute(name("np"), function, ast.Load())
    return ast.Call(called, list(arguments), [ast.keyword(key, value) for key, value in keywords.items()])


def axes_of(axes: tuple[int, ...]) -> ast.expr:
    return number(axes[0]) if len(axes) == 1 else ast.Tuple([number(axis) for axis in axes], ast.Load())


def elements(node: ast.expr | None) -> list[Any]:
    """The expressions of a tuple; of anything else that alone."""
    return [*node.elts] if isinstance(node, ast.Tuple) else [node]


def tupled(parts: list[ast.expr]) -> ast.expr:
    """Several expressions as a tuple; one as it is."""
    return ast.Tuple(parts, ast.Load()) if len(parts) > 1 else parts[0]


def extent(tree: ast.AST) -> int:
    """How many nodes a tree has: of two ways to write the same, the shorter one has fewer."""
    return sum(1 for _ in ast.walk(tree))


def expression(code: str) -> ast.expr:
    return ast.parse(code, mode="eval").body


def operations(tree: ast.AST) -> int:
    """How many operations an expression has; making a constant, picking entries and asking for a size are none."""
    return _counted(tree, _ZEROS)[0]


def _counted(tree: ast.AST, free: set[str]) -> tuple[int, bool]:
    """Its operations but the free calls, and whether it is a mere number: `np.sqrt(2 / np.pi)`."""
    parts = [_counted(part, free) for part in ast.iter_child_nodes(tree)]
    is_number = all(mere for _, mere in parts) and not (isinstance(tree, ast.Name) and tree.id not in ("np", "math"))
    is_counted = isinstance(tree, _COUNTED) and not is_number and called(tree) not in free
    return sum(count for count, _ in parts) + is_counted, is_number


_ZEROS = {"zeros_like", "zeros"}
_LAYOUT = {
    "transpose", "reshape", "broadcast_to", "copy", "astype", "ravel", "squeeze", "swapaxes", "expand_dims", "asarray",
    "array", "arange", "range", "len", "zeros_like", "ones_like", "zeros", "ones", "float", "int", "eye",
}  # fmt: skip
"""Calls that compute nothing: they lay out, copy or begin an array."""


def lays_out(function: str) -> bool:
    """Whether a function of this name computes nothing: it lays out, copies or begins an array."""
    return function in _LAYOUT


def arithmetic(tree: ast.AST) -> int:
    """The operations of a statement, but those that only lay out arrays; `a += b` is one as well."""
    return _counted(tree, _LAYOUT)[0] + isinstance(tree, ast.AugAssign)


def called(node: ast.AST) -> str:
    """The name of the function or method that a call calls; "" for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    return str(getattr(node.func, "attr", None) or getattr(node.func, "id", ""))


def names_in(tree: ast.AST) -> set[str]:
    """The names in a tree, those that it sets too."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def names_read(tree: ast.AST) -> set[str]:
    """The names in a tree that are read."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def weight(tree: ast.AST) -> int:
    """How much there is to read: names, functions and powers."""
    return sum(isinstance(node, ast.Name | ast.Pow | ast.Call) for node in ast.walk(tree))
