"""Rewrites syntax trees, and walks them, in fewer steps than `ast` takes: a long function's tree has many nodes.

Nodes are asked for what they have, not for every field that they could have; a rewritten tree shares with the old one
what is the same in both.
"""

from __future__ import annotations

import ast
from typing import Any

_PLACE = ("lineno", "col_offset", "end_lineno", "end_col_offset")
_LEAVES = (ast.Name, ast.Constant, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
_BARE = {ast.Name, ast.Constant}
LOAD = ast.Load()


class Rewriter:
    """For an `ast.NodeTransformer` that makes a new tree, and leaves the old one as it is.

    Names, constants and the marks of operators stay the objects they are; of all else there is a new one.
    """

    def visit(self, node: Any) -> Any:
        """What becomes of a node; of a statement, also a list."""
        kind = type(node)
        if issubclass(kind, _LEAVES):
            return node
        method = getattr(self, f"visit_{kind.__name__}", None)
        return self.generic_visit(node) if method is None else method(node)

    def generic_visit(self, node: Any) -> Any:
        """A copy of a node with what becomes of the nodes inside of it."""
        kind: Any = type(node)
        made = kind.__new__(kind)
        fields = made.__dict__
        for name, value in node.__dict__.items():
            if type(value) is list:
                fields[name] = items = []
                for item in value:
                    new = self.visit(item) if isinstance(item, ast.AST) else item
                    items.extend(new if type(new) is list else [new])
            else:
                fields[name] = self.visit(value) if isinstance(value, ast.AST) else value
        return made


def called_name(call: ast.Call) -> str:
    """The last name of what is called: `clip` of `np.clip(x, 0, 1)`, of `x.clip(0, 1)` and of `clip(x, 0, 1)`."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def placed(old: ast.AST, new: Any) -> Any:
    """A new node with the place of an old one, and so whatever is new inside of it."""
    place = [(name, old.__dict__[name]) for name in _PLACE]
    waiting = [new]
    for node in waiting:
        fields = node.__dict__
        if "lineno" not in fields and node._attributes:
            waiting += children(node)
            fields.update(place)
    return new


def read(target: ast.expr) -> Any:
    """A target of an assignment as an expression: read instead of written."""
    kind: Any = type(target)
    found = kind.__new__(kind)
    found.__dict__.update(target.__dict__, ctx=LOAD)
    return found


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below one, but for the marks of what is read or written."""
    found: list[ast.AST] = []
    if type(node) in _BARE:
        return found
    for value in node.__dict__.values():
        if type(value) is list:
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
            found.append(value)
    return found


def walk(node: ast.AST) -> list[ast.AST]:
    """Every node of a tree, those further out first, but for the marks of what is read or written."""
    waiting = [node]
    for each in waiting:
        waiting += children(each)
    return waiting


def names_in(node: ast.AST) -> list[str]:
    """Every name in a tree, those further out first."""
    return [each.id for each in walk(node) if type(each) is ast.Name]
