"""Slips of arithmetic: another constant, operator, factor or term, and eps; each as the edit that undoes it."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from backpropviz.course.names import concept
from backpropviz.diagnose.edits.tree import Proposal, Scope
from backpropviz.study.values.trees import binary, called, name, number, numpy_call

_POWERS = (2, 3, -1, -2, -3, 0.5, -0.5, 1.5, -1.5)

_OPERATORS = (
    (ast.Add, ast.Sub, "sign", 1.2), (ast.Sub, ast.Add, "sign", 1.2), (ast.Mult, ast.Div, "wrong_operator", 1.5),
    (ast.Div, ast.Mult, "wrong_operator", 1.5), (ast.Div, ast.FloorDiv, "integer_division", 1.0),
    (ast.Mult, ast.MatMult, "wrong_operator", 1.5), (ast.MatMult, ast.Mult, "wrong_operator", 1.5),
    (ast.FloorDiv, ast.Div, "integer_division", 1.2), (ast.Mult, ast.Add, "wrong_operator", 2.0),
    (ast.Add, ast.Mult, "wrong_operator", 2.0), (ast.Mult, ast.Pow, "wrong_operator", 2.5),
    (ast.Pow, ast.Mult, "wrong_power", 2.0), (ast.Mod, ast.FloorDiv, "integer_division", 1.5),
    (ast.FloorDiv, ast.Mod, "wrong_operator", 1.5),
)  # fmt: skip

_COMPARISONS = (ast.Gt, ast.Lt, ast.GtE, ast.LtE, ast.Eq, ast.NotEq)


def numbers(node: ast.expr, above: list[ast.AST]) -> Iterator[Proposal]:
    """Another constant."""
    parent = above[-1] if above else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        in_power = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Pow) and parent.right is node
        yield node.operand, "wrong_power" if in_power else "sign", 1.0
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, str):
        for one, other in (("train", "test"), ("running_mean", "running_var")):
            if value in (one, other):
                yield (
                    ast.Constant(other if value == one else one),
                    "test_mode" if one == "train" else "wrong_operand",
                    1.5,
                )
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    negated = len(above) > 1 and isinstance(parent, ast.UnaryOp)
    outer = above[-2] if negated else parent
    power = isinstance(outer, ast.BinOp) and isinstance(outer.op, ast.Pow) and outer.left is not node
    if power:
        for exponent in _POWERS:
            if exponent != value and not (negated and exponent < 0):
                yield number(exponent), "wrong_power", 1.2
        return
    inside = any(isinstance(n, ast.Subscript | ast.Slice) or called(n) in ("transpose", "swapaxes") for n in above[-3:])
    if isinstance(value, int) and inside:
        for index in (0, 1, 2, 3, -1):
            if index != value:
                yield number(index), "wrong_operand", 1.5
        return
    near = [(-value, "sign", 1.2), (value * 2, "constant_factor", 1.2), (value / 2, "constant_factor", 1.2)]
    far = [(0.5, 1.5), (2, 1.5), (value + 1, 1.6), (value - 1, 1.6), (0, 1.8), (1, 1.8)]
    for changed, kind, cost in [*near, *((changed, "constant_factor", cost) for changed, cost in far)]:
        if changed != value:
            whole = int(changed) if isinstance(value, int) and changed == int(changed) else changed
            yield number(whole), kind, cost


def counts(node: ast.expr, statement: ast.stmt, scope: Scope) -> Iterator[Proposal]:
    """What was counted, where a plain number is written into entries: `dx[rows, y] -= violated` for `-= 1`."""
    target = getattr(statement, "target", None) or next(iter(getattr(statement, "targets", [])), None)
    plain = node.operand if isinstance(node, ast.UnaryOp) else node
    if isinstance(plain, ast.Constant) and isinstance(target, ast.Subscript):
        for array, value in scope.arrays.items():
            if value.ndim == 1 and value.dtype.kind in "iuf":
                yield name(array), "wrong_operand", 1.7
                yield ast.UnaryOp(ast.USub(), name(array)), "wrong_operand", 1.8
            elif value.ndim == 2 and value.dtype.kind == "b":
                count = numpy_call("sum", name(array), axis=number(1))
                yield count, "wrong_operand", 1.8
                yield ast.UnaryOp(ast.USub(), count), "wrong_operand", 1.8


def areas(node: ast.expr, scope: Scope) -> Iterator[Proposal]:
    """`height * width` for `height ** 2`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and isinstance(node.left, ast.Name):
        for other in scope.integers if node.left.id in scope.integers else ():
            yield binary(node.left, ast.Mult(), name(other)), "wrong_operand", 1.5


def operators(node: ast.expr) -> Iterator[Proposal]:
    """Another operator, its sides exchanged, or one side left out."""
    if isinstance(node, ast.BinOp):
        for old, new, kind, cost in _OPERATORS:
            if isinstance(node.op, old):
                yield binary(node.left, new(), node.right), kind, cost
        if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult | ast.Pow):
            kind = (
                "transposed"
                if isinstance(node.op, ast.MatMult)
                else "sign"
                if isinstance(node.op, ast.Sub)
                else "wrong_operand"
            )
            yield binary(node.right, node.op, node.left), kind, 1.4
        if isinstance(node.op, ast.Div) and not isinstance(node.left, ast.Constant):
            yield binary(number(1.0), ast.Div(), node.right), "extra_term", 1.9
        is_one = isinstance(node.left, ast.Constant) and node.left.value == 1
        if isinstance(node.op, ast.Sub) and is_one and isinstance(node.right, ast.Attribute | ast.Subscript):
            yield binary(node.left, node.op, binary(node.right, ast.Pow(), number(2))), "wrong_power", 1.4
        kind = "constant_factor" if isinstance(node.op, ast.Mult | ast.Div) else "wrong_power" if isinstance(
            node.op, ast.Pow) else "extra_term"  # fmt: skip
        for kept, dropped in ((node.left, node.right), (node.right, node.left)):
            plain = _is_plain(dropped) or (
                isinstance(dropped, ast.BinOp) and isinstance(dropped.op, ast.Div)
                and isinstance(dropped.left, ast.Constant) and _is_plain(dropped.right)
            )  # fmt: skip
            yield kept, kind if plain or kind == "extra_term" else "wrong_operand", 1.6 if plain else 2.0
        left, right = node.left, node.right
        if isinstance(node.op, ast.Add) and isinstance(left, ast.BinOp) and isinstance(right, ast.BinOp):
            one, other = binary(right.left, left.op, left.right), binary(left.left, right.op, right.right)
            yield binary(one, ast.Add(), other), "wrong_operand", 1.5
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for comparison in _COMPARISONS:
            if not isinstance(node.ops[0], comparison):
                yield ast.Compare(node.left, [comparison()], node.comparators), "wrong_mask", 1.3
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield node.operand, "wrong_mask", 1.3


def _is_plain(node: ast.expr) -> bool:
    """A name, a number or a length: `N`, `2`, `x.shape[0]`."""
    return isinstance(node, ast.Name | ast.Constant) or (
        isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
    )


def eps(node: ast.expr, above: list[ast.AST], scope: Scope) -> Iterator[Proposal]:
    """eps forgotten, outside the root, or added once too often."""
    names = scope.eps_names
    if not names or "__eps__" not in scope.settings:
        return
    if called(node) == "sqrt" and not any(own in scope.scalars for own in names):
        for array in scope.arrays:  # eps is not at hand, but the root with it is
            if concept(array) == "sqrtvar":
                yield name(array), "eps", 0.5
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        for inner, eps in ((node.left, node.right), (node.right, node.left)):
            if isinstance(eps, ast.Name | ast.Constant | ast.Subscript) and _is_eps(eps, scope):
                yield inner, "eps", 0.7
                if called(inner) == "sqrt" and isinstance(inner, ast.Call) and inner.args:
                    yield numpy_call("sqrt", binary(inner.args[0], ast.Add(), eps)), "eps", 0.6
                if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Pow):
                    yield binary(binary(inner.left, ast.Add(), eps), ast.Pow(), inner.right), "eps", 0.6
                for variance in scope.arrays if not called(inner) else ():
                    yield numpy_call("sqrt", binary(name(variance), ast.Add(), eps)), "eps", 1.2
                if not isinstance(eps, ast.Name):
                    yield binary(inner, ast.Add(), name(names[0])), "eps", 0.6
        return
    under_root = above and (called(above[-1]) in ("sqrt", "power", "float_power") or (
        isinstance(above[-1], ast.BinOp) and isinstance(above[-1].op, ast.Pow) and above[-1].left is node))  # fmt: skip
    is_value = (isinstance(node, ast.Name) and node.id in scope.arrays) or called(node) in ("var", "mean", "sum")
    if (under_root or is_value) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        for eps_name in names:
            yield binary(node, ast.Add(), name(eps_name)), "eps", 0.7 if under_root else 1.3
            if is_value:
                yield numpy_call("sqrt", binary(node, ast.Add(), name(eps_name))), "eps", 1.8
    if isinstance(node, ast.Constant) and _is_eps(node, scope):
        yield (
            ast.Constant(scope.settings["__eps__"]) if node.value != scope.settings["__eps__"] else name(names[0]),
            "eps",
            0.6,
        )
        yield name(names[0]), "eps", 0.7


def _is_eps(node: ast.expr, scope: Scope) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float) and 0 < abs(node.value) < 1e-2
    if isinstance(node, ast.Subscript):
        return "eps" in ast.unparse(node)
    return isinstance(node, ast.Name) and (node.id in scope.eps_names or "eps" in node.id.lower())


def _sized(scope: Scope) -> list[tuple[ast.expr, Any]]:
    """What can stand for a count: integers in scope and the sizes of arrays, every number once."""
    found: dict[int, ast.expr] = {}
    whole: dict[int, ast.expr] = {}
    for identifier, value in scope.integers.items():
        if value > 1:
            found.setdefault(value, name(identifier))
    for array, value in scope.arrays.items():
        for axis, size in enumerate(value.shape):
            if size > 1:
                shape = ast.Attribute(name(array), "shape", ast.Load())
                found.setdefault(size, ast.Subscript(shape, number(axis), ast.Load()))
        if value.ndim > 1:
            whole.setdefault(value.size, ast.Attribute(name(array), "size", ast.Load()))
    sizes = [(node, value) for value, node in found.items()]
    pairs = [(node, 0) for count, node in whole.items() if count not in found]
    pairs += [(binary(a, ast.Mult(), b), 0) for (a, _), (b, _) in itertools.combinations(sizes[:5], 2)]
    alike = itertools.combinations([k for k, v in scope.integers.items() if v > 1], 2)
    pairs += [(binary(name(a), ast.Mult(), name(b)), 0) for a, b in alike if scope.integers[a] == scope.integers[b]]
    triples = [
        (binary(binary(a, ast.Mult(), b), ast.Mult(), c), 0)
        for (a, _), (b, _), (c, _) in itertools.combinations(sizes[:5], 3)
    ]
    return [*sizes, *pairs, *triples]


def factors(node: ast.expr, scope: Scope, is_root: bool) -> Iterator[Proposal]:
    """A constant factor: -1, 2, 1/2, a size or one over it; or a factor that is an array."""
    if isinstance(node, ast.Tuple | ast.Constant) or called(node) in ("zeros", "zeros_like", "ones", "empty"):
        return
    more = 0.0 if is_root else 0.3
    yield ast.UnaryOp(ast.USub(), node), "sign", 1.2 + more
    yield binary(number(2), ast.Mult(), node), "constant_factor", 1.3 + more
    yield binary(number(0.5), ast.Mult(), node), "constant_factor", 1.3 + more
    over, under = _factors_of(node)

    def scaled(by: ast.expr, cost: float) -> Iterator[Proposal]:
        """Over something, and times it; what is one factor too many is left out, not divided by."""
        if ast.dump(by) not in over:
            yield binary(node, ast.Div(), by), "constant_factor", cost
        if ast.dump(by) not in under:
            yield binary(node, ast.Mult(), by), "constant_factor", cost

    for size, value in _sized(scope):
        yield from scaled(size, 1.4 + more + (0.0 if value else 0.6))
    for scalar in (*scope.scalars, *(s for s in scope.settings if s in ("__p__",))):
        far = 0.0 if scalar in scope.scalars else 0.6
        yield from scaled(name(scalar), 1.6 + more + far)
        left_out = binary(number(1), ast.Sub(), name(scalar))
        yield binary(node, ast.Div(), left_out), "constant_factor", 1.8 + more
        yield binary(left_out, ast.Mult(), node), "constant_factor", 1.8 + more + far
    yield binary(number(1), ast.Div(), node), "wrong_operand", 2.0 + more
    yield binary(number(1), ast.Sub(), node), "wrong_operand", 1.8 + more
    for new, kind, cost in array_factors(node, scope):
        yield new, kind, cost + more


def _factors_of(node: ast.expr) -> tuple[set[str], set[str]]:
    """What a product multiplies by, and what it divides by, as dumped."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult | ast.Div):
        return {ast.dump(node)}, set()
    (over, under), (more, less) = _factors_of(node.left), _factors_of(node.right)
    return (over | more, under | less) if isinstance(node.op, ast.Mult) else (over | less, under | more)


def array_factors(node: ast.expr, scope: Scope) -> Iterator[Proposal]:
    if isinstance(node, ast.Tuple | ast.Constant):
        return
    its = scope.arrays.get(getattr(node, "id", ""))
    is_condition = isinstance(node, ast.Compare) or (its is not None and its.dtype.kind == "b")
    for array, value in scope.arrays.items():
        if value.size > 1 and array != getattr(node, "id", None):
            yield binary(node, ast.Mult(), name(array)), "missing_factor", 1.8
            if value.dtype.kind == "f" and not is_condition:  # divided by zero, it would hold whatever it says
                yield binary(node, ast.Div(), name(array)), "missing_factor", 2.0
    for array, value in reversed(scope.arrays.items()):  # of what was made, the latest
        if value.size > 1 and value.dtype.kind == "f" and np.min(value) < 0 < np.max(value):
            for side in _sides(name(array)):
                yield binary(node, ast.Mult(), side), "missing_factor", 2.1


def _sides(array: ast.expr) -> Iterator[ast.expr]:
    """On which side of 0 it is: where a gate is open, and what an absolute value hands back."""
    yield ast.Compare(array, [ast.Gt()], [number(0)])
    yield ast.Compare(array, [ast.LtE()], [number(0)])
    yield numpy_call("sign", array)


def terms(node: ast.expr, scope: Scope, is_root: bool) -> Iterator[Proposal]:
    """A term left out."""
    if is_root and not any(isinstance(n, ast.Name) and n.id in scope.arrays for n in ast.walk(node)):
        for integer in scope.integers:  # in a size or a position
            yield binary(node, ast.Add(), name(integer)), "stride_pad", 1.8
            yield binary(node, ast.Sub(), name(integer)), "stride_pad", 1.8
        return
    if not is_root or isinstance(node, ast.Tuple | ast.Compare) or called(node) in ("zeros", "zeros_like", "ones"):
        return
    sizes = [size for size, value in _sized(scope) if value]
    for scalar in scope.scalars:
        yield binary(node, ast.Add(), name(scalar)), "missing_term", 1.8
        yield binary(node, ast.Sub(), name(scalar)), "missing_term", 1.9
    for array, value in scope.arrays.items():
        if value.dtype.kind == "f":
            yield binary(node, ast.Add(), name(array)), "missing_term", 1.7
            yield binary(node, ast.Sub(), name(array)), "missing_term", 1.9
            for size in sizes:
                yield binary(node, ast.Add(), binary(name(array), ast.Div(), size)), "missing_term", 2.2
