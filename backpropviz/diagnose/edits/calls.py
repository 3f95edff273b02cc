"""Slips with calls: another function, another argument, equation, key or range; each as the edit that undoes it."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Collection, Iterator

from backpropviz.diagnose.edits.shapes import equations
from backpropviz.diagnose.edits.tree import REDUCTIONS, Proposal, Scope, is_module_call
from backpropviz.study.values.trees import binary, called, name, number, numpy_call

_SWAPS = {
    "mean": (("sum", "mean_for_sum"),), "sum": (("mean", "constant_factor"),),
    "var": (("std", "wrong_statistics"),), "std": (("var", "wrong_statistics"), ("sqrt", "wrong_operator")),
    "randn": (("rand", "dropout_scale"),), "maximum": (("minimum", "wrong_operator"),),
    "minimum": (("maximum", "wrong_operator"),), "zeros": (("ones", "wrong_operator"),),
    "max": (("min", "wrong_operator"),), "argmin": (("argmax", "wrong_operator"),),
    "ones_like": (("zeros_like", "wrong_operator"),), "nanmax": (("max", "wrong_operator"),),
    "ones": (("zeros", "wrong_operator"),), "ceil": (("floor", "wrong_operator"),),
}  # fmt: skip

_UNARY = {"sqrt", "exp", "log", "tanh", "abs", "square", "sign", "sigmoid"}


def calls(node: ast.expr, scope: Scope, carried: Collection[str] = ()) -> Iterator[Proposal]:
    """Another function, or the call left out.

    Args:
        carried: what a loop's round assigns from this call, and its next round may be meant to be given.
    """
    if not isinstance(node, ast.Call):
        return
    for other, kind in _SWAPS.get(called(node), ()):
        if isinstance(node.func, ast.Attribute):
            yield ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, node.keywords), kind, 1.0
    if called(node) in REDUCTIONS | _UNARY and (node.args or isinstance(node.func, ast.Attribute)):
        inner = node.args[0] if is_module_call(node) and node.args else getattr(node.func, "value", None)
        if inner is not None and not (isinstance(inner, ast.Name) and inner.id in ("np", "numpy")):
            yield inner, "wrong_operator", 2.0
    if called(node) == "exp" and node.args:
        top = numpy_call("max", node.args[0], axis=number(-1), keepdims=ast.Constant(True))
        yield ast.Call(node.func, [binary(node.args[0], ast.Sub(), top)], []), "unstable", 0.8
    if called(node) == "where" and len(node.args) == 3:
        yield ast.Call(node.func, [node.args[0], node.args[2], node.args[1]], node.keywords), "wrong_mask", 1.2
    elif len(node.args) >= 2 and called(node) not in REDUCTIONS:
        for i, j in itertools.combinations(range(len(node.args)), 2):
            swapped = list(node.args)
            swapped[i], swapped[j] = swapped[j], swapped[i]
            yield (
                ast.Call(node.func, swapped, node.keywords),
                "transposed" if called(node) == "dot" else "wrong_operand",
                1.5,
            )
    yield from _arguments(node, scope, carried)
    if called(node) == "clip" and len(node.args) == 3:
        for low, high in ((node.args[1], ast.Constant(None)), (ast.Constant(None), node.args[2])):
            yield ast.Call(node.func, [node.args[0], low, high], node.keywords), "wrong_operator", 1.4
    if called(node) == "sign" and node.args:
        yield ast.Compare(node.args[0], [ast.Gt()], [number(0)]), "wrong_mask", 1.2
    if called(node) == "astype":
        yield node.func.value, "precision", 1.0  # type: ignore[attr-defined]
    for i, keyword in enumerate(node.keywords):
        if keyword.arg == "dtype":
            yield ast.Call(node.func, node.args, [*node.keywords[:i], *node.keywords[i + 1 :]]), "precision", 1.0


def _arguments(node: ast.Call, scope: Scope, carried: Collection[str]) -> Iterator[Proposal]:
    """Another equation for einsum; a gradient more for what a function is given."""
    if called(node) == "einsum" and node.args and isinstance(node.args[0], ast.Constant):
        for equation, kind, cost in equations(str(node.args[0].value)):
            yield ast.Call(node.func, [ast.Constant(equation), *node.args[1:]], node.keywords), kind, cost
    for i, argument in enumerate(node.args):  # the shape that was handed on, for that of an array
        for held, value in scope.others.items() if getattr(argument, "attr", "") == "shape" else ():
            if isinstance(value, tuple) and value and all(isinstance(size, int) for size in value):
                yield ast.Call(node.func, [*node.args[:i], name(held), *node.args[i + 1 :]], []), "wrong_operand", 1.3
    if isinstance(node.func, ast.Name) and node.func.id not in ("range", "len", "int", "float"):
        for i, argument in enumerate(node.args):  # a gradient that arrives from elsewhere as well: dh[:, t] + dprev_h
            for array in scope.arrays if isinstance(argument, ast.Name | ast.Subscript) else ():
                is_carried = array in carried
                if array != getattr(argument, "id", "") and (is_carried or array.startswith("d") or "grad" in array):
                    more = [*node.args[:i], binary(argument, ast.Add(), name(array)), *node.args[i + 1 :]]
                    # a name could as well have been given the sum where it was assigned
                    cost = 1.0 if is_carried else 3.4 if isinstance(argument, ast.Name) else 1.7
                    yield ast.Call(node.func, more, node.keywords), "missing_term", cost


def keys(node: ast.Subscript, scope: Scope) -> Iterator[Proposal]:
    """Another entry of the same dictionary."""
    held = scope.others.get(getattr(node.value, "id", ""))
    if isinstance(held, dict) and isinstance(node.slice, ast.Constant):
        for key in held:
            if isinstance(key, str) and key != node.slice.value:
                yield ast.Subscript(node.value, ast.Constant(key), ast.Load()), "wrong_operand", 1.5


def ranges(node: ast.expr, above: list[ast.AST], scope: Scope) -> Iterator[Proposal]:
    """A loop that runs backward in time, or over a dictionary's entries; a round more or less, or to where the last
    window still fits: `range(0, W - PW + 1, S)`."""
    if called(node) in ("range", "values", "items") and not above:
        yield ast.Call(name("reversed"), [node], []), "reversed", 1.3
    if called(node) == "reversed" and isinstance(node, ast.Call) and node.args:
        yield node.args[0], "reversed", 1.3
    if called(node) != "range" or not isinstance(node, ast.Call) or not node.args:
        return
    at = int(len(node.args) > 1)
    for operator in (ast.Add(), ast.Sub()):
        end = binary(node.args[at], operator, number(1))
        yield ast.Call(node.func, [*node.args[:at], end, *node.args[at + 1 :]], []), "wrong_operand", 1.6
    if not at:
        return
    for size, length in scope.integers.items():
        if length > 1:
            last = binary(binary(node.args[1], ast.Sub(), name(size)), ast.Add(), number(1))
            yield ast.Call(node.func, [node.args[0], last, *node.args[2:]], []), "wrong_operand", 1.7
