"""Slips of shape: another axis, a transposed factor, a reshape in the wrong order, a slice elsewhere."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

from backpropviz.diagnose.edits.tree import REDUCTIONS, Proposal, Scope, is_module_call, method
from backpropviz.study.values.trees import binary, called, elements, name, number, numpy_call, tupled

_AXES = (0, 1, -1, None, (0, 1), (0, 2, 3), (1, 2, 3), (2, 3), (2, 3, 4), (0, 1, 3, 4), 2, 3)


def axis_node(value: Any) -> ast.expr:
    if isinstance(value, tuple):
        return ast.Tuple([number(item) for item in value], ast.Load())
    return number(value)


def reductions(node: ast.expr) -> Iterator[Proposal]:
    """Another axis, the dimensions kept or not, ddof left out."""
    if not isinstance(node, ast.Call) or called(node) not in REDUCTIONS:
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
        new = None if axis is None else axis_node(axis)
        if (ast.unparse(new) if new is not None else "None") != now:
            yield call(new, keeps, [*others, *ddof]), "wrong_axis", 1.0
            yield call(new, [] if keeps else truth, [*others, *ddof]), "wrong_axis", 1.5


def products(node: ast.expr) -> Iterator[Proposal]:
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
    once = [(_flip(a), b), (a, _flip(b)), (b, a)]
    twice = [(_flip(b), a), (b, _flip(a)), (_flip(a), _flip(b)), (_flip(b), _flip(a))]
    function = "matmul" if called(node) == "matmul" else "dot"  # which differ in more than two dimensions
    for left, right, cost in [*((*pair, 1.2) for pair in once), *((*pair, 1.5) for pair in twice)]:
        is_operator = isinstance(node, ast.BinOp)
        product = binary(left, ast.MatMult(), right) if is_operator else numpy_call(function, left, right)
        yield product, "transposed", cost
    yield binary(a, ast.Mult(), b), "wrong_operator", 1.5
    yield numpy_call("outer", a, b), "wrong_operator", 1.6


def equations(equation: str) -> Iterator[tuple[str, str, float]]:
    """Another einsum equation: one letter less, more or another, or two exchanged, in one of its parts."""
    inputs, arrow, result = equation.replace(" ", "").partition("->")
    parts, used = [*inputs.split(","), result], sorted({*inputs} - {",", "."})
    for i, part in enumerate(parts if arrow else ()):
        for spelled, kind, cost in _spelled(part, used, i == len(parts) - 1):
            changed = [*parts[:i], spelled, *parts[i + 1 :]]
            yield f"{','.join(changed[:-1])}->{changed[-1]}", kind, cost


def _spelled(part: str, used: list[str], is_result: bool) -> Iterator[tuple[str, str, float]]:
    """The letters of one operand, or of the result, otherwise."""
    for at, letter in itertools.product(range(len(part)), () if is_result else used):
        if part[at] != letter:
            yield part[:at] + letter + part[at + 1 :], "wrong_axis", 1.5
    if is_result:
        yield from ((part.replace(letter, ""), "not_summed", 1.0) for letter in part)
        for letter, at in itertools.product(used, range(len(part) + 1)):
            if letter not in part:
                yield part[:at] + letter + part[at:], "wrong_axis", 1.2
    for one, other in itertools.combinations(range(len(part)), 2):
        letters = list(part)
        letters[one], letters[other] = letters[other], letters[one]
        yield "".join(letters), "transposed", 1.2


def _flip(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def layout(node: ast.expr, scope: Scope) -> Iterator[Proposal]:
    """The axes in another order before or after a reshape, or in a transpose."""
    if isinstance(node, ast.Attribute) and node.attr == "T" and called(node.value) == "reshape":
        call = node.value
        assert isinstance(call, ast.Call)
        sizes = _sizes(call)
        if len(sizes) == 2 and not is_module_call(call):
            yield ast.Call(call.func, sizes[::-1], []), "layout", 1.3
    if isinstance(node, ast.Call) and called(node) in ("flatten", "ravel") and not is_module_call(node):
        function = node.func
        assert isinstance(function, ast.Attribute)
        for order in itertools.permutations(range(4)):
            turned = method(function.value, "transpose", *(number(i) for i in order))
            yield ast.Call(ast.Attribute(turned, function.attr, ast.Load()), node.args, node.keywords), "layout", 1.4
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
    if called(node) == "transpose" and not is_module_call(node):
        yield from _regrouped(node, array)
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


def _regrouped(node: ast.Call, array: ast.expr) -> Iterator[Proposal]:
    """`a.reshape(N, h, w, C, k).transpose(0, 3, 4, 1, 2)` where one length of the reshape stands in another place; the
    axes come out in the order they have now."""
    order = [getattr(part, "value", None) for part in _sizes(node)]
    if called(array) != "reshape" or not isinstance(array, ast.Call) or is_module_call(array):
        return
    sizes = _sizes(array)
    if len(sizes) != len(order) or sorted(map(str, order)) != [str(i) for i in range(len(sizes))]:
        return
    source = array.func.value  # type: ignore[attr-defined]
    for taken, put in itertools.permutations(range(len(sizes)), 2):
        moved = [i for i in range(len(sizes)) if i != taken]
        moved.insert(put, taken)
        filled = method(source, "reshape", *(sizes[i] for i in moved))
        back = (number(moved.index(int(str(axis)))) for axis in order)
        yield method(filled, "transpose", *back), "layout", 1.2


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


def neighbours(node: ast.Subscript, scope: Scope, loops: int) -> Iterator[Proposal]:
    """The round before or after: `s[t + 1]`, `s[t - 1]` for `s[t]`; in a loop also `c[:, t - 1]` for `c[:, t]`."""
    parts = elements(node.slice)
    for i, part in enumerate(parts if loops else parts[:1]):
        if isinstance(part, ast.Name) and part.id in scope.integers:
            for operator in (ast.Add(), ast.Sub()):
                index = tupled([*parts[:i], binary(part, operator, number(1)), *parts[i + 1 :]])
                yield ast.Subscript(node.value, index, node.ctx), "wrong_slice", 1.2 if i else 1.4


def rounds_own(node: ast.Subscript, scope: Scope) -> Iterator[Proposal]:
    """The entry of the round, `b[f]`, for that of every round, `b[0]`."""
    array = scope.arrays.get(getattr(node.value, "id", ""))
    parts = elements(node.slice)
    if array is None or not isinstance(node.ctx, ast.Load):
        return
    for axis, part in enumerate(parts):
        if isinstance(part, ast.Constant) and type(part.value) is int and axis < array.ndim:
            for identifier in (k for k, v in scope.integers.items() if 0 <= v < array.shape[axis]):
                index = tupled([*parts[:axis], name(identifier), *parts[axis + 1 :]])
                yield ast.Subscript(node.value, index, ast.Load()), "wrong_operand", 1.5


def unturned(node: ast.Subscript) -> Iterator[Proposal]:
    """Without the axes turned round: `w[f]` for `w[f][:, ::-1, ::-1]`, a kernel that was flipped once too often."""
    parts = elements(node.slice)
    plain = [ast.Slice() if isinstance(part, ast.Slice) and _is_backwards(part) else part for part in parts]
    if plain != parts and isinstance(node.ctx, ast.Load):
        if all(isinstance(part, ast.Slice) and not (part.lower or part.upper or part.step) for part in plain):
            yield node.value, "wrong_slice", 1.3
        else:
            yield ast.Subscript(node.value, ast.Tuple(plain, ast.Load()), ast.Load()), "wrong_slice", 1.3


def _is_backwards(part: ast.Slice) -> bool:
    return not (part.lower or part.upper) and part.step is not None and ast.unparse(part.step) == "-1"


def positions(node: ast.Slice, scope: Scope) -> Iterator[Proposal]:
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
    if node.step is None and isinstance(node.lower, ast.Constant) and node.upper is None:
        yield ast.Slice(None, ast.UnaryOp(ast.USub(), node.lower)), "wrong_slice", 1.3  # all but the last for the first
    if node.step is None and node.lower is None and isinstance(node.upper, ast.UnaryOp):
        yield ast.Slice(node.upper.operand, None), "wrong_slice", 1.3
    for integer in scope.integers:
        for bound in ("lower", "upper"):
            old = getattr(node, bound)
            for operator in (ast.Add(), ast.Sub()) if old is not None else ():
                bounds = {"lower": node.lower, "upper": node.upper, bound: binary(old, operator, name(integer))}
                yield ast.Slice(bounds["lower"], bounds["upper"], node.step), "wrong_slice", 1.6
