"""Reads single precision as double: what is judged is the code, not its rounding.

A book that fills its buffers with `np.empty(shape, dtype="f")` means no rounding by it, and differences of values with
seven digits say little. The functions of courses that know double precision alone (`relu_forward`, `relu_backward`) are
read as they are.
"""

from __future__ import annotations

import ast
import copy
import re
from typing import Any, TypeVar

Tree = TypeVar("Tree", bound=ast.AST)

_NAMES = ("float32", "float16", "single", "half")
_CODES = (*_NAMES, "f", "f4", "<f4", "=f4", "e", "f2")
_OF_THE_COURSE = re.compile(r"\w+_(forward|backward)")


class _InDouble(ast.NodeTransformer):
    def visit_Attribute(self, node: ast.Attribute) -> Any:
        self.generic_visit(node)
        if node.attr in _NAMES and isinstance(node.value, ast.Name):
            return ast.copy_location(ast.Attribute(node.value, "float64", node.ctx), node)
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        converts = isinstance(node.func, ast.Attribute) and node.func.attr == "astype"
        if converts and node.args:
            node.args[0] = _double(node.args[0])
        for keyword in node.keywords:
            if keyword.arg == "dtype":
                keyword.value = _double(keyword.value)
        return node


def _double(node: ast.expr) -> ast.expr:
    is_single = isinstance(node, ast.Constant) and node.value in _CODES
    return ast.copy_location(ast.Constant("float64"), node) if is_single else node


def in_double(tree: Tree) -> Tree:
    """A copy in which what asks for single precision asks for double."""
    changed: Tree = ast.fix_missing_locations(_InDouble().visit(copy.deepcopy(tree)))
    return changed


def asks_for_single(tree: ast.Module) -> bool:
    """Whether anything in a file that is read in double asks for single precision."""
    read = ast.Module([node for node in tree.body if is_read_in_double(node)], [])
    return ast.dump(in_double(read)) != ast.dump(read)


def is_read_in_double(statement: ast.stmt) -> bool:
    return not (isinstance(statement, ast.FunctionDef) and _OF_THE_COURSE.fullmatch(statement.name))
