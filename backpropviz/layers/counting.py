"""Which parameters of a function count something, by what the source does with them: loops, slices, shapes."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from backpropviz.engine.trees import called_name, walk

_SHAPED = {"zeros", "ones", "empty", "full", "reshape", "broadcast_to", "random", "randn"}
_LENGTHS = {"range", "arange", "eye", "identity"}
_ROUNDED = {"int", "max", "min", "floor", "ceil"}


def counts(definition: ast.FunctionDef) -> set[str]:
    """The names, parameters among them, that stand for whole numbers: bounds of loops and slices, lengths of axes.

    What such a number is worked out from counts as well: in `Ho = (H - HH) // stride + 1` and `range(Ho)`, `H` does.
    """
    made: dict[str, list[ast.expr]] = defaultdict(list)
    found: set[str] = set()
    for node in walk(definition):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for name, value in _pairs(target, node.value):
                    made[name].append(value)
        for place in _places(node):
            found.update(_numbers(place))
    waiting = [*found]
    while waiting:
        for value in made[waiting.pop()]:
            new = {*_numbers(value)} - found
            found |= new
            waiting += new
    return found


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The names that an assignment sets, each with the expression that it is set to."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for part, its in zip(target.elts, value.elts):
            yield from _pairs(part, its)


def _places(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions in which a node takes whole numbers."""
    if isinstance(node, ast.Slice):
        yield from filter(None, (node.lower, node.upper, node.step))
    if not isinstance(node, ast.Call):
        return
    method = called_name(node)
    if method in _LENGTHS:
        yield from node.args
    elif method in _SHAPED:
        for argument in node.args:
            if isinstance(argument, ast.Tuple | ast.List):
                yield from argument.elts
        if method == "reshape" and len(node.args) > 1:  # x.reshape(N, -1); the x of np.reshape(x, N) is an array
            yield from node.args[1:]


def _numbers(expression: ast.expr) -> Iterator[str]:
    """The names that an expression of numbers is made of; none where it is something else."""
    if isinstance(expression, ast.Name):
        yield expression.id
    elif isinstance(expression, ast.BinOp):
        yield from _numbers(expression.left)
        yield from _numbers(expression.right)
    elif isinstance(expression, ast.UnaryOp):
        yield from _numbers(expression.operand)
    elif isinstance(expression, ast.Call) and called_name(expression) in _ROUNDED:
        for argument in expression.args:
            yield from _numbers(argument)
