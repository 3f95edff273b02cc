"""The slips people make inside an expression, each as the edit that undoes it."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from backpropviz.diagnose.edits import (
    Edit,
    Scope,
    Slot,
    binary,
    called,
    is_module_call,
    method,
    name,
    number,
    numpy_call,
    twin_of,
    walk,
)  # fmt: skip
from backpropviz.diagnose.recorder import Statement

Proposal = tuple[Any, str, float]
_REDUCTIONS = {"sum", "mean", "var", "std", "max", "min", "amax", "prod", "average", "argmax"}
_AXES = (0, 1, -1, None, (0, 1), (0, 2, 3), (1, 2, 3), (2, 3), (2, 3, 4), (0, 1, 3, 4), 2, 3)
_SWAPS = {
    "mean": (("sum", "mean_for_sum"),), "sum": (("mean", "constant_factor"),),
    "var": (("std", "wrong_statistics"),), "std": (("var", "wrong_statistics"),),
    "randn": (("rand", "dropout_scale"),), "maximum": (("minimum", "wrong_operator"),),
    "minimum": (("maximum", "wrong_operator"),), "zeros": (("ones", "wrong_operator"),),
    "max": (("min", "wrong_operator"),), "argmin": (("argmax", "wrong_operator"),),
    "ones_like": (("zeros_like", "wrong_operator"),), "nanmax": (("max", "wrong_operator"),),
    "ones": (("zeros", "wrong_operator"),), "ceil": (("floor", "wrong_operator"),),
}  # fmt: skip
_UNARY = {"sqrt", "exp", "log", "tanh", "abs", "square", "sign", "sigmoid"}
_POWERS = (2, 3, -1, -2, -3, 0.5, -0.5, 1.5, -1.5)
_OPERATORS = (
    (ast.Add, ast.Sub, "sign", 1.2), (ast.Sub, ast.Add, "sign", 1.2), (ast.Mult, ast.Div, "wrong_operator", 1.5),
    (ast.Div, ast.Mult, "wrong_operator", 1.5), (ast.Div, ast.FloorDiv, "integer_division", 1.0),
    (ast.Mult, ast.MatMult, "wrong_operator", 1.5), (ast.MatMult, ast.Mult, "wrong_operator", 1.5),
    (ast.FloorDiv, ast.Div, "integer_division", 1.2), (ast.Mult, ast.Add, "wrong_operator", 2.0),
    (ast.Add, ast.Mult, "wrong_operator", 2.0), (ast.Mult, ast.Pow, "wrong_operator", 2.5),
    (ast.Pow, ast.Mult, "wrong_power", 2.0), (ast.Mod, ast.FloorDiv, "integer_division", 1.5),
)  # fmt: skip
_COMPARISONS = (ast.Gt, ast.Lt, ast.GtE, ast.LtE, ast.Eq, ast.NotEq)


def expression_edits(statement: Statement, scope: Scope) -> Iterator[Edit]:
    """Edits of every expression in a statement."""
    node = statement.node
    root = getattr(node, "value", None)
    for slot, expression, above in walk(node):
        if isinstance(getattr(expression, "ctx", None), ast.Store) and not isinstance(expression, ast.Subscript):
            if isinstance(expression, ast.Tuple):
                yield from _made(statement, slot, _tuple_swaps(expression, "cache"))
            continue
        proposals: list[Iterator[Proposal]] = [
            _numbers(expression, above), _operators(expression), _reductions(expression), _calls(expression),
            _names(expression, above, scope), _products(expression), _layout(expression, scope), _eps(expression, above, scope),
        ]  # fmt: skip
        if expression is root or _is_term(expression, above):
            proposals += [
                _factors(expression, scope, expression is root),
                _terms(expression, scope, expression is root),
            ]
        elif above and called(above[-1]) in _REDUCTIONS:
            proposals.append(_array_factors(expression, scope))
        if expression is root:
            proposals.append(_whole(expression, node, scope))
        if isinstance(expression, ast.Tuple | ast.List) and expression is not root and 2 <= len(expression.elts) <= 6:
            proposals += [_tuple_swaps(expression, "wrong_operand"), _siblings(expression)]
        if isinstance(expression, ast.Slice):
            proposals.append(_positions(expression, scope))
        if isinstance(expression, ast.Tuple) and expression is root:
            proposals.append(_tuple_swaps(expression, "gradient_order" if isinstance(node, ast.Return) else "cache"))
            proposals.append(_permutations(expression, isinstance(node, ast.Return)))
        for proposal in proposals:
            yield from _made(statement, slot, proposal)
    yield from _everywhere(statement, scope)


def _made(statement: Statement, slot: Slot, proposals: Iterator[Proposal]) -> Iterator[Edit]:
    for new, kind, cost in proposals:
        located = ast.fix_missing_locations(ast.copy_location(new, statement.node))
        yield Edit(statement, [(slot, located)], kind, cost, twin=twin_of(slot.get(), new))


def _is_term(node: ast.expr, above: list[ast.AST]) -> bool:
    parent = above[-1] if above else None
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add | ast.Sub)


def _numbers(node: ast.expr, above: list[ast.AST]) -> Iterator[Proposal]:
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
        for other in _POWERS:
            if other != value and not (negated and other < 0):
                yield number(other), "wrong_power", 1.2
        return
    inside = any(isinstance(n, ast.Subscript | ast.Slice) or called(n) in ("transpose", "swapaxes") for n in above[-3:])
    if isinstance(value, int) and inside:
        for other in (0, 1, 2, 3, -1):
            if other != value:
                yield number(other), "wrong_operand", 1.5
        return
    for other, kind, cost in ((-value, "sign", 1.2), (value * 2, "constant_factor", 1.2), (value / 2, "constant_factor", 1.2),
                              (value + 1, "constant_factor", 1.6), (value - 1, "constant_factor", 1.6),
                              (0, "constant_factor", 1.8), (1, "constant_factor", 1.8)):  # fmt: skip
        if other != value:
            whole = int(other) if isinstance(value, int) and other == int(other) else other
            yield number(whole), kind, cost


def _operators(node: ast.expr) -> Iterator[Proposal]:
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
        kind = "constant_factor" if isinstance(node.op, ast.Mult | ast.Div) else "wrong_power" if isinstance(
            node.op, ast.Pow) else "extra_term"  # fmt: skip
        for kept, dropped in ((node.left, node.right), (node.right, node.left)):
            plain = isinstance(dropped, ast.Name | ast.Constant)
            yield kept, kind if plain or kind == "extra_term" else "wrong_operand", 1.6 if plain else 2.0
        left, right = node.left, node.right
        if isinstance(node.op, ast.Add) and isinstance(left, ast.BinOp) and isinstance(right, ast.BinOp):
            yield binary(binary(right.left, left.op, left.right), ast.Add(), binary(left.left, right.op, right.right)), \
                "wrong_operand", 1.5  # fmt: skip
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for comparison in _COMPARISONS:
            if not isinstance(node.ops[0], comparison):
                yield ast.Compare(node.left, [comparison()], node.comparators), "wrong_mask", 1.3
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield node.operand, "wrong_mask", 1.3


def _axis(value: Any) -> ast.expr:
    if isinstance(value, tuple):
        return ast.Tuple([number(item) for item in value], ast.Load())
    return number(value)


def _reductions(node: ast.expr) -> Iterator[Proposal]:
    """Another axis, the dimensions kept or not, ddof left out."""
    if not isinstance(node, ast.Call) or called(node) not in _REDUCTIONS:
        return
    first = 1 if is_module_call(node) else 0
    arguments = node.args[: first or None] if first else []
    others = [k for k in node.keywords if k.arg not in ("axis", "ddof", "keepdims")]
    written = next(
        (k.value for k in node.keywords if k.arg == "axis"), node.args[first] if len(node.args) > first else None
    )
    keeps = [k for k in node.keywords if k.arg == "keepdims"]
    ddof = [k for k in node.keywords if k.arg in ("ddof", "correction")]
    now = ast.unparse(written) if written is not None else "None"
    truth = [ast.keyword("keepdims", ast.Constant(True))]

    def call(axis: ast.expr | None, dims: list[ast.keyword], rest: list[ast.keyword]) -> ast.expr:
        axes = [ast.keyword("axis", axis)] if axis is not None else []
        return ast.Call(node.func, arguments, [*axes, *dims, *rest])

    if ddof:
        yield call(written, keeps, others), "ddof", 0.8
    yield call(written, [] if keeps else truth, [*others, *ddof]), "shape_kept" if keeps else "shape_lost", 1.0
    for axis in _AXES:
        new = None if axis is None else _axis(axis)
        if (ast.unparse(new) if new is not None else "None") != now:
            yield call(new, keeps, [*others, *ddof]), "wrong_axis", 1.0
            yield call(new, [] if keeps else truth, [*others, *ddof]), "wrong_axis", 1.5


def _calls(node: ast.expr) -> Iterator[Proposal]:
    """Another function, or the call left out."""
    if not isinstance(node, ast.Call):
        return
    for other, kind in _SWAPS.get(called(node), ()):
        if isinstance(node.func, ast.Attribute):
            yield ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, node.keywords), kind, 1.0
    if called(node) in _REDUCTIONS | _UNARY and (node.args or isinstance(node.func, ast.Attribute)):
        inner = node.args[0] if is_module_call(node) and node.args else getattr(node.func, "value", None)
        if inner is not None and not (isinstance(inner, ast.Name) and inner.id in ("np", "numpy")):
            yield inner, "wrong_operator", 2.0
    if called(node) == "exp" and node.args:
        top = numpy_call("max", node.args[0], axis=number(-1), keepdims=ast.Constant(True))
        yield ast.Call(node.func, [binary(node.args[0], ast.Sub(), top)], []), "unstable", 0.8
    if called(node) == "where" and len(node.args) == 3:
        yield ast.Call(node.func, [node.args[0], node.args[2], node.args[1]], node.keywords), "wrong_mask", 1.2
    elif len(node.args) >= 2 and called(node) not in _REDUCTIONS:
        for i, j in itertools.combinations(range(len(node.args)), 2):
            swapped = list(node.args)
            swapped[i], swapped[j] = swapped[j], swapped[i]
            yield (
                ast.Call(node.func, swapped, node.keywords),
                "transposed" if called(node) == "dot" else "wrong_operand",
                1.5,
            )
    if called(node) == "astype":
        yield node.func.value, "precision", 1.0  # type: ignore[attr-defined]
    for i, keyword in enumerate(node.keywords):
        if keyword.arg == "dtype":
            yield ast.Call(node.func, node.args, [*node.keywords[:i], *node.keywords[i + 1 :]]), "precision", 1.0


def _fits(value: Any, like: Any) -> bool:
    return bool(np.shape(value) == np.shape(like))


def _names(node: ast.expr, above: list[ast.AST], scope: Scope) -> Iterator[Proposal]:
    """Another value of the same shape, or a function of this one."""
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
        return
    parent = above[-1] if above else None
    if isinstance(parent, ast.Call) and parent.func is node:
        return
    if node.id in scope.arrays:
        value = scope.arrays[node.id]
        of_shape = isinstance(parent, ast.Attribute) and parent.attr == "shape"
        for other, candidate in scope.arrays.items():
            if other != node.id and (_fits(candidate, value) or (of_shape and candidate.ndim == value.ndim)):
                yield name(other), "wrong_operand", 1.4
            elif other != node.id and candidate.size > 1 and not of_shape:
                yield name(other), "wrong_operand", 2.2
        if not isinstance(parent, ast.Attribute | ast.Subscript):
            for size, number_ in scope.integers.items():
                if value.ndim == 1 and number_ > 1:
                    yield name(size), "wrong_operand", 2.0
            yield numpy_call("sqrt", name(node.id)), "wrong_operand", 1.9
            yield binary(number(1.0), ast.Div(), name(node.id)), "wrong_operand", 1.9
            yield binary(name(node.id), ast.Pow(), number(2)), "wrong_power", 1.7
    elif node.id in scope.integers:
        for other, count in scope.integers.items():
            if other != node.id:
                yield name(other), "wrong_operand", 1.3 if count != scope.integers[node.id] else 1.6
        for axis in range(4):
            for array, value in itertools.islice(scope.arrays.items(), 3):
                if value.ndim > axis and value.shape[axis] != scope.integers[node.id]:
                    size = ast.Subscript(ast.Attribute(name(array), "shape", ast.Load()), number(axis), ast.Load())
                    yield size, "wrong_operand", 2.0
    elif node.id not in scope.scalars and node.id not in scope.others:
        for other in (*scope.arrays, *scope.integers):  # the name stands for nothing here
            yield name(other), "wrong_operand", 1.6
    elif node.id in scope.scalars:
        for other in (*scope.scalars, *scope.settings):
            if other != node.id:
                yield name(other), "wrong_operand", 1.6 if other in scope.scalars else 2.6


def _products(node: ast.expr) -> Iterator[Proposal]:
    """A matrix product whose factors stand transposed or in the other order."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value, "transposed", 1.2
    factors: tuple[ast.expr, ast.expr] | None = None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        factors = node.left, node.right
    elif isinstance(node, ast.Call) and called(node) in ("dot", "matmul"):
        if is_module_call(node) and len(node.args) == 2:
            factors = node.args[0], node.args[1]
        elif isinstance(node.func, ast.Attribute) and len(node.args) == 1:
            factors = node.func.value, node.args[0]
    if factors is None:
        return
    a, b = factors
    for left, right, cost in ((_flip(a), b, 1.2), (a, _flip(b), 1.2), (b, a, 1.2), (_flip(b), a, 1.4), (b, _flip(a), 1.4),
                              (_flip(a), _flip(b), 1.6), (_flip(b), _flip(a), 1.6)):  # fmt: skip
        yield numpy_call("dot", left, right), "transposed", cost
    yield binary(a, ast.Mult(), b), "wrong_operator", 1.5


def _flip(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def _layout(node: ast.expr, scope: Scope) -> Iterator[Proposal]:
    """The axes in another order before or after a reshape, or in a transpose."""
    if isinstance(node, ast.Attribute) and node.attr == "T" and called(node.value) == "reshape":
        call = node.value
        assert isinstance(call, ast.Call)
        sizes = _sizes(call)
        if len(sizes) == 2 and not is_module_call(call):
            yield ast.Call(call.func, sizes[::-1], []), "layout", 1.3
    if not isinstance(node, ast.Call) or called(node) not in (
        "reshape",
        "transpose",
        "swapaxes",
        "rollaxis",
        "moveaxis",
    ):
        return
    sizes = _sizes(node)
    array = node.args[0] if is_module_call(node) and node.args else getattr(node.func, "value", None)
    if array is None:
        return
    if called(node) != "reshape":
        yield array, "layout", 1.6
        for order in itertools.permutations(range(len(sizes))) if 2 < len(sizes) < 5 else ():
            yield method(array, "transpose", *(number(i) for i in order)), "layout", 1.3
        if called(node) != "transpose" or not sizes:
            for order in itertools.permutations(range(4)):
                yield method(array, "transpose", *(number(i) for i in order)), "layout", 1.5
        return
    yield array, "layout", 2.0
    if len(sizes) <= 2:
        for order in itertools.permutations(range(4)):
            turned = method(array, "transpose", *(number(i) for i in order))
            yield method(turned, "reshape", *sizes), "layout", 1.4
        if len(sizes) == 2:
            yield method(array, "reshape", *sizes[::-1]), "layout", 1.4
            yield ast.Attribute(method(array, "reshape", *sizes[::-1]), "T", ast.Load()), "layout", 1.5
    else:
        orders = itertools.permutations(range(len(sizes))) if len(sizes) == 4 else _exchanges(len(sizes))
        for order in orders:
            if list(order) != sorted(order):
                back = [number(list(order).index(i)) for i in range(len(sizes))]
                filled = method(array, "reshape", *(sizes[i] for i in order))
                yield method(filled, "transpose", *back), "layout", 1.4
                yield filled, "layout", 1.6


def _sizes(node: ast.Call) -> list[ast.expr]:
    sizes = list(node.args[1:] if is_module_call(node) else node.args)
    if len(sizes) == 1 and isinstance(sizes[0], ast.Tuple | ast.List):
        sizes = list(sizes[0].elts)
    return sizes


def _exchanges(count: int) -> Iterator[tuple[int, ...]]:
    for i, j in itertools.combinations(range(count), 2):
        order = list(range(count))
        order[i], order[j] = order[j], order[i]
        yield tuple(order)


def _eps(node: ast.expr, above: list[ast.AST], scope: Scope) -> Iterator[Proposal]:
    """eps forgotten, outside the root, or added once too often."""
    names = scope.eps_names
    if not names or "__eps__" not in scope.settings:
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        for inner, eps in ((node.left, node.right), (node.right, node.left)):
            if isinstance(eps, ast.Name | ast.Constant | ast.Subscript) and _is_eps(eps, scope):
                yield inner, "eps", 0.7
                if called(inner) == "sqrt" and isinstance(inner, ast.Call) and inner.args:
                    yield numpy_call("sqrt", binary(inner.args[0], ast.Add(), eps)), "eps", 0.6
                if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Pow):
                    yield binary(binary(inner.left, ast.Add(), eps), ast.Pow(), inner.right), "eps", 0.6
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
    for identifier, value in scope.integers.items():
        if value > 1:
            found.setdefault(value, name(identifier))
    for array, value in scope.arrays.items():
        for axis, size in enumerate(value.shape):
            if size > 1:
                shape = ast.Attribute(name(array), "shape", ast.Load())
                found.setdefault(size, ast.Subscript(shape, number(axis), ast.Load()))
    sizes = [(node, value) for value, node in found.items()]
    pairs = [(binary(a, ast.Mult(), b), 0) for (a, _), (b, _) in itertools.combinations(sizes[:5], 2)]
    triples = [
        (binary(binary(a, ast.Mult(), b), ast.Mult(), c), 0)
        for (a, _), (b, _), (c, _) in itertools.combinations(sizes[:5], 3)
    ]
    return [*sizes, *pairs, *triples]


def _factors(node: ast.expr, scope: Scope, is_root: bool) -> Iterator[Proposal]:
    """A constant factor: -1, 2, 1/2, a size or one over it; or a factor that is an array."""
    if isinstance(node, ast.Tuple | ast.Constant | ast.Compare) or called(node) in (
        "zeros",
        "zeros_like",
        "ones",
        "empty",
    ):
        return
    more = 0.0 if is_root else 0.3
    yield ast.UnaryOp(ast.USub(), node), "sign", 1.2 + more
    yield binary(number(2), ast.Mult(), node), "constant_factor", 1.3 + more
    yield binary(number(0.5), ast.Mult(), node), "constant_factor", 1.3 + more
    for size, value in _sized(scope):
        far = 0.0 if value else 0.6
        yield binary(node, ast.Div(), size), "constant_factor", 1.4 + more + far
        yield binary(node, ast.Mult(), size), "constant_factor", 1.4 + more + far
    for scalar in (*scope.scalars, *(s for s in scope.settings if s in ("__p__",))):
        yield binary(node, ast.Div(), name(scalar)), "constant_factor", 1.6 + more
        yield binary(node, ast.Mult(), name(scalar)), "constant_factor", 1.6 + more
        left_out = binary(number(1), ast.Sub(), name(scalar))
        yield binary(node, ast.Div(), left_out), "constant_factor", 1.8 + more
    yield binary(number(1), ast.Div(), node), "wrong_operand", 2.0 + more
    yield binary(number(1), ast.Sub(), node), "wrong_operand", 1.8 + more
    for new, kind, cost in _array_factors(node, scope):
        yield new, kind, cost + more


def _array_factors(node: ast.expr, scope: Scope) -> Iterator[Proposal]:
    if isinstance(node, ast.Tuple | ast.Constant):
        return
    for array, value in scope.arrays.items():
        if value.size > 1 and array != getattr(node, "id", None):
            yield binary(node, ast.Mult(), name(array)), "missing_factor", 1.8
            if value.dtype.kind == "f":
                yield binary(node, ast.Div(), name(array)), "missing_factor", 2.0


def _terms(node: ast.expr, scope: Scope, is_root: bool) -> Iterator[Proposal]:
    """A term left out."""
    if is_root and not any(isinstance(n, ast.Name) and n.id in scope.arrays for n in ast.walk(node)):
        for integer in scope.integers:  # in a size or a position
            yield binary(node, ast.Add(), name(integer)), "stride_pad", 1.8
            yield binary(node, ast.Sub(), name(integer)), "stride_pad", 1.8
        return
    if not is_root or isinstance(node, ast.Tuple | ast.Compare) or called(node) in ("zeros", "zeros_like", "ones"):
        return
    sizes = [size for size, value in _sized(scope) if value]
    for array, value in scope.arrays.items():
        if value.dtype.kind == "f":
            yield binary(node, ast.Add(), name(array)), "missing_term", 1.7
            yield binary(node, ast.Sub(), name(array)), "missing_term", 1.9
            for size in sizes:
                yield binary(node, ast.Add(), binary(name(array), ast.Div(), size)), "missing_term", 2.2


def _whole(node: ast.expr, statement: ast.stmt, scope: Scope) -> Iterator[Proposal]:
    """What belongs around the whole right-hand side: a sum, a copy, a product's other factor."""
    if isinstance(node, ast.Constant) or (isinstance(statement, ast.Return) and isinstance(node, ast.Tuple)):
        return
    if isinstance(node, ast.Tuple):
        for i, item in enumerate(node.elts):
            if isinstance(item, ast.Constant | ast.UnaryOp):
                yield ast.Tuple([*node.elts[:i], *node.elts[i + 1 :]], ast.Load()), "wrong_axis", 1.3
            if isinstance(item, ast.Name) and item.id in scope.arrays:
                copied = [*node.elts[:i], method(item, "copy"), *node.elts[i + 1 :]]
                yield ast.Tuple(copied, ast.Load()), "input_changed", 1.2
        return
    yield method(node, "copy"), "input_changed", 1.0
    if called(node) not in _REDUCTIONS | {"zeros", "zeros_like"}:
        for axis in (0, 1, (0, 2, 3), (0, 1), (2, 3), (1, 2, 3), (2, 3, 4), None):
            yield numpy_call("sum", node, **({"axis": _axis(axis)} if axis is not None else {})), "not_summed", 1.4
            if axis is not None:
                yield numpy_call("sum", node, axis=_axis(axis), keepdims=ast.Constant(True)), "not_summed", 1.5
    for array, value in scope.arrays.items():
        if value.ndim == 4:
            yield method(node, "reshape", ast.Attribute(name(array), "shape", ast.Load())), "shape_kept", 1.8
        elif value.ndim >= 1:
            yield method(node, "reshape", ast.Attribute(name(array), "shape", ast.Load())), "shape_kept", 2.0
    yield ast.Attribute(node, "T", ast.Load()), "transposed", 1.6
    yield method(node, "astype", name("float")), "precision", 1.4
    if isinstance(statement, ast.Assign | ast.Return) and any(value.ndim == 4 for value in scope.arrays.values()):
        back = ast.Slice(None, None, number(-1))
        parts: list[ast.expr] = [ast.Slice(), ast.Slice(), back, back]
        yield ast.Subscript(node, ast.Tuple(parts, ast.Load()), ast.Load()), "wrong_slice", 2.2


def _tuple_swaps(node: ast.Tuple | ast.List, kind: str) -> Iterator[Proposal]:
    for i, j in itertools.combinations(range(len(node.elts)), 2):
        elements = list(node.elts)
        elements[i], elements[j] = elements[j], elements[i]
        yield type(node)(elements, node.ctx), kind, 1.0


def _siblings(node: ast.Tuple | ast.List) -> Iterator[Proposal]:
    """One element as its neighbour is: `((p, p), (0, 0))` for `((p, p), (p, p))`."""
    for i, j in itertools.permutations(range(len(node.elts)), 2):
        if ast.unparse(node.elts[i]) != ast.unparse(node.elts[j]):
            elements = [*node.elts[:i], node.elts[j], *node.elts[i + 1 :]]
            yield type(node)(elements, node.ctx), "stride_pad", 1.6


def _positions(node: ast.Slice, scope: Scope) -> Iterator[Proposal]:
    """A slice whose position is multiplied by a stride, or shifted by one."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in scope.integers}
    factors = [*scope.integers, *(k for k in scope.settings if k == "__stride__")]
    for position, factor in itertools.product(sorted(names), factors):
        if position != factor:
            text = ast.unparse(ast.Subscript(name("a"), node, ast.Load()))
            tree = ast.parse(text, mode="eval").body
            assert isinstance(tree, ast.Subscript)
            for inner in ast.walk(tree.slice):
                for field, value in ast.iter_fields(inner):
                    if isinstance(value, ast.Name) and value.id == position:
                        setattr(inner, field, binary(name(position), ast.Mult(), name(factor)))
            yield tree.slice, "stride_pad", 1.5
    for integer in scope.integers:
        for bound in ("lower", "upper"):
            old = getattr(node, bound)
            for operator in (ast.Add(), ast.Sub()) if old is not None else ():
                bounds = {"lower": node.lower, "upper": node.upper, bound: binary(old, operator, name(integer))}
                yield ast.Slice(bounds["lower"], bounds["upper"], node.step), "wrong_slice", 1.6


def _permutations(node: ast.Tuple, is_return: bool) -> Iterator[Proposal]:
    if is_return and 3 <= len(node.elts) <= 4:
        for order in itertools.permutations(range(len(node.elts))):
            yield ast.Tuple([node.elts[i] for i in order], ast.Load()), "gradient_order", 1.2
    if is_return and len(node.elts) == 1:
        yield node.elts[0], "shape_kept", 0.8


def _everywhere(statement: Statement, scope: Scope) -> Iterator[Edit]:
    """One name for another wherever the statement has it: `H` for `W`, `i` for `i * stride`."""
    places: dict[str, list[Slot]] = {}
    for slot, node, above in walk(statement.node):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and not (
            above and isinstance(above[-1], ast.Call) and above[-1].func is node
        ):  # fmt: skip
            places.setdefault(node.id, []).append(slot)
    for identifier, slots in places.items():
        if identifier in scope.integers:
            others = [*scope.integers, *(k for k, v in scope.settings.items() if isinstance(v, int))]
            for other in others:
                if other == identifier:
                    continue
                if len(slots) > 1:
                    yield _all(statement, slots, name(other), "wrong_operand", 1.5)
                yield _all(statement, slots, binary(name(identifier), ast.Mult(), name(other)), "stride_pad", 1.6)
        elif identifier in scope.arrays and len(slots) > 1:
            for other, value in scope.arrays.items():
                if other != identifier and _fits(value, scope.arrays[identifier]):
                    yield _all(statement, slots, name(other), "wrong_operand", 1.7)


def _all(statement: Statement, slots: list[Slot], new: ast.expr, kind: str, cost: float) -> Edit:
    located = ast.fix_missing_locations(ast.copy_location(new, statement.node))
    return Edit(statement, [(slot, located) for slot in slots], kind, cost, twin=("every", ast.unparse(new)))
