"""The slips people make inside an expression, each as the edit that undoes it."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

import numpy as np

from backpropviz.diagnose.edits import stacked
from backpropviz.diagnose.edits.arithmetic import areas, array_factors, counts, eps, factors, numbers, operators, terms
from backpropviz.diagnose.edits.shapes import (
    axis_node,
    equations,
    layout,
    neighbours,
    positions,
    products,
    reductions,
    unturned,
)
from backpropviz.diagnose.edits.strides import started, strided
from backpropviz.diagnose.edits.tree import (
    REDUCTIONS,
    Edit,
    Proposal,
    Scope,
    Slot,
    called,
    is_module_call,
    method,
    twin_of,
    walk,
)
from backpropviz.diagnose.edits.tuples import (
    axes,
    fits,
    handed_on,
    of_the_batch,
    permutations,
    siblings,
    tuple_swaps,
)
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.study.values.trees import binary, name, number, numpy_call

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


def expression_edits(statement: Statement, scope: Scope) -> Iterator[Edit]:
    """Edits of every expression in a statement."""
    node = statement.node
    root = getattr(node, "value", None)
    for slot, expression, above in walk(node):
        if isinstance(getattr(expression, "ctx", None), ast.Store) and not isinstance(expression, ast.Subscript):
            if isinstance(expression, ast.Tuple):
                yield from _made(statement, slot, tuple_swaps(expression, "cache"))
                yield from _made(statement, slot, stacked.kept(expression, statement, scope))
            continue
        proposals: list[Iterator[Proposal]] = [
            numbers(expression, above), operators(expression), reductions(expression), _calls(expression, scope),
            _names(expression, above, scope), _ranges(expression, above, scope), products(expression),
            layout(expression, scope), stacked.zeros(expression, above),
            eps(expression, above, scope), areas(expression, scope),
        ]  # fmt: skip
        if expression is root or _is_term(expression, above):
            proposals += [
                factors(expression, scope, expression is root),
                terms(expression, scope, expression is root),
            ]
        elif above and called(above[-1]) in REDUCTIONS:
            proposals.append(array_factors(expression, scope))
        if expression is root:
            proposals += [_whole(expression, node, scope), counts(expression, node, scope)]
        if isinstance(expression, ast.Tuple | ast.List) and expression is not root and 2 <= len(expression.elts) <= 6:
            proposals += [tuple_swaps(expression, "wrong_operand"), siblings(expression)]
        if isinstance(expression, ast.Slice):
            proposals += [stacked.blocks(expression), positions(expression, scope)]
        if isinstance(expression, ast.Subscript):
            proposals += [_keys(expression, scope), neighbours(expression, scope), unturned(expression)]
            proposals.append(stacked.moments(expression, scope, statement.loops))
        if isinstance(expression, ast.Tuple) and expression is root:
            proposals.append(tuple_swaps(expression, "gradient_order" if isinstance(node, ast.Return) else "cache"))
            proposals.append(permutations(expression, isinstance(node, ast.Return)))
            proposals.append(of_the_batch(expression, scope))
        if isinstance(expression, ast.Tuple):
            proposals.append(axes(expression))
        if isinstance(expression, ast.Dict):
            proposals.append(handed_on(expression, scope))
        for proposal in proposals:
            yield from _made(statement, slot, proposal)
    yield from _everywhere(statement, scope)


def _made(statement: Statement, slot: Slot, proposals: Iterator[Proposal]) -> Iterator[Edit]:
    for new, kind, cost in proposals:
        yield Edit(statement, [(slot, new)], kind, cost, twin=twin_of(slot.get(), new))


def _is_term(node: ast.expr, above: list[ast.AST]) -> bool:
    parent = above[-1] if above else None
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add | ast.Sub)


def _calls(node: ast.expr, scope: Scope) -> Iterator[Proposal]:
    """Another function, or the call left out."""
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
    yield from _arguments(node, scope)
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


def _arguments(node: ast.Call, scope: Scope) -> Iterator[Proposal]:
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
                if array != getattr(argument, "id", "") and (array.startswith("d") or "grad" in array):
                    more = [*node.args[:i], binary(argument, ast.Add(), name(array)), *node.args[i + 1 :]]
                    # a name could as well have been given the sum where it was assigned
                    cost = 3.4 if isinstance(argument, ast.Name) else 1.7
                    yield ast.Call(node.func, more, node.keywords), "missing_term", cost


def _keys(node: ast.Subscript, scope: Scope) -> Iterator[Proposal]:
    """Another entry of the same dictionary."""
    held = scope.others.get(getattr(node.value, "id", ""))
    if isinstance(held, dict) and isinstance(node.slice, ast.Constant):
        for key in held:
            if isinstance(key, str) and key != node.slice.value:
                yield ast.Subscript(node.value, ast.Constant(key), ast.Load()), "wrong_operand", 1.5


def _ranges(node: ast.expr, above: list[ast.AST], scope: Scope) -> Iterator[Proposal]:
    """A loop that runs backward in time; or ends where the last window still fits: `range(0, W - PW + 1, S)`."""
    if called(node) == "range" and not above:
        yield ast.Call(name("reversed"), [node], []), "reversed", 1.3
    if called(node) == "reversed" and isinstance(node, ast.Call) and node.args:
        yield node.args[0], "reversed", 1.3
    if called(node) != "range" or not isinstance(node, ast.Call) or len(node.args) < 2:
        return
    for size, length in scope.integers.items():
        if length > 1:
            last = binary(binary(node.args[1], ast.Sub(), name(size)), ast.Add(), number(1))
            yield ast.Call(node.func, [node.args[0], last, *node.args[2:]], []), "wrong_operand", 1.7


def _names(node: ast.expr, above: list[ast.AST], scope: Scope) -> Iterator[Proposal]:
    """Another value of the same shape, or a function of this one."""
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
        return
    parent = above[-1] if above else None
    if isinstance(parent, ast.Call) and parent.func is node:
        return
    if node.id in scope.arrays:
        yield from _array_names(node, parent, scope)
    elif node.id in scope.integers:
        for other, count in scope.integers.items():
            if other != node.id:
                yield name(other), "wrong_operand", 1.3 if count != scope.integers[node.id] else 1.6
        for axis in range(4):
            for array, value in itertools.islice(scope.arrays.items(), 3):
                if value.ndim > axis and value.shape[axis] != scope.integers[node.id]:
                    length = ast.Subscript(ast.Attribute(name(array), "shape", ast.Load()), number(axis), ast.Load())
                    yield length, "wrong_operand", 2.0
    elif isinstance(scope.others.get(node.id), list) and not isinstance(parent, ast.Attribute | ast.Subscript):
        backwards = ast.Slice(None, None, number(-1))
        yield ast.Subscript(name(node.id), backwards, ast.Load()), "reversed", 1.5
    elif not scope.knows(node.id):
        for other in (*scope.arrays, *scope.integers):  # the name stands for nothing here
            yield name(other), "wrong_operand", 1.6
    elif node.id in scope.scalars:
        for other in (*scope.scalars, *scope.settings):
            if other != node.id:
                yield name(other), "wrong_operand", 1.6 if other in scope.scalars else 2.6


def _array_names(node: ast.Name, parent: ast.AST | None, scope: Scope) -> Iterator[Proposal]:
    """Another array, this one turned, or a usual function of it."""
    value = scope.arrays[node.id]
    of_shape = isinstance(parent, ast.Attribute) and parent.attr == "shape"
    for other, candidate in scope.arrays.items():
        if other != node.id and (fits(candidate, value) or (of_shape and candidate.ndim == value.ndim)):
            yield name(other), "wrong_operand", 1.4
        elif other != node.id and candidate.size > 1 and not of_shape:
            yield name(other), "wrong_operand", 2.2
    if value.ndim == 4 and isinstance(parent, ast.Call):  # a filter to convolve with is turned by 180 degrees
        turned: list[ast.expr] = [ast.Slice(), ast.Slice(), *(ast.Slice(None, None, number(-1)) for _ in "hw")]
        yield ast.Subscript(name(node.id), ast.Tuple(turned, ast.Load()), ast.Load()), "wrong_slice", 2.2
    if value.ndim == 2 and not isinstance(parent, ast.Attribute | ast.Subscript | ast.Tuple):
        yield ast.Attribute(name(node.id), "T", ast.Load()), "transposed", 1.6
    if not isinstance(parent, ast.Attribute | ast.Subscript):
        for size, number_ in scope.integers.items():
            if value.ndim == 1 and number_ > 1:
                yield name(size), "wrong_operand", 2.0
        yield numpy_call("sqrt", name(node.id)), "wrong_operand", 1.9
        yield binary(number(1.0), ast.Div(), name(node.id)), "wrong_operand", 1.9
        yield binary(name(node.id), ast.Pow(), number(2)), "wrong_power", 1.7
        yield numpy_call("exp", name(node.id)), "wrong_operand", 1.9


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
    if called(node) in ("zeros", "zeros_like"):
        for array, value in scope.arrays.items():
            if value.size > 1:
                yield name(array), "wrong_operand", 1.8
    if called(node) not in REDUCTIONS | {"zeros", "zeros_like"}:
        for axis in (0, 1, (0, 2, 3), (0, 1), (2, 3), (1, 2, 3), (2, 3, 4), None):
            yield numpy_call("sum", node, **({"axis": axis_node(axis)} if axis is not None else {})), "not_summed", 1.4
            if axis is not None:
                yield numpy_call("sum", node, axis=axis_node(axis), keepdims=ast.Constant(True)), "not_summed", 1.5
    for array, value in scope.arrays.items():
        if value.ndim == 4:
            yield method(node, "reshape", ast.Attribute(name(array), "shape", ast.Load())), "shape_kept", 1.8
        elif value.ndim >= 1:
            yield method(node, "reshape", ast.Attribute(name(array), "shape", ast.Load())), "shape_kept", 2.0
    for held, value in scope.others.items():
        if isinstance(value, tuple) and value and all(isinstance(size, int) for size in value):
            yield method(node, "reshape", name(held)), "shape_kept", 1.8
    yield ast.Attribute(node, "T", ast.Load()), "transposed", 1.6
    if isinstance(node, ast.Call):
        flat = [i for i, a in enumerate(node.args) if np.ndim(scope.arrays.get(getattr(a, "id", ""), 0.0)) == 2]
        for chosen in {tuple(flat[:1]), tuple(flat)} - {()}:  # a helper that works on columns is given rows
            arguments = [ast.Attribute(a, "T", ast.Load()) if i in chosen else a for i, a in enumerate(node.args)]
            turned = ast.Call(node.func, arguments, node.keywords)
            yield ast.Attribute(turned, "T", ast.Load()), "transposed", 1.6
    yield method(node, "astype", name("float")), "precision", 1.4
    if isinstance(statement, ast.Assign | ast.Return) and any(value.ndim == 4 for value in scope.arrays.values()):
        back = ast.Slice(None, None, number(-1))
        parts: list[ast.expr] = [ast.Slice(), ast.Slice(), back, back]
        yield ast.Subscript(node, ast.Tuple(parts, ast.Load()), ast.Load()), "wrong_slice", 2.2


def _everywhere(statement: Statement, scope: Scope) -> Iterator[Edit]:
    """One name for another wherever the statement has it: `H` for `W`, `i` for `i * stride`; or two exchanged."""
    places: dict[str, list[Slot]] = {}
    outside: set[str] = set()  # names that stand elsewhere than in positions
    for slot, node, above in walk(statement.node):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and not (
            above and isinstance(above[-1], ast.Call) and above[-1].func is node
        ):  # fmt: skip
            places.setdefault(node.id, []).append(slot)
            outside |= set() if any(isinstance(n, ast.Subscript) for n in above) else {node.id}
    yield from strided(statement, scope)
    yield from started(statement, scope)
    counts = [identifier for identifier in places if identifier in scope.integers]
    for one, other in itertools.combinations(counts, 2):
        exchanged = [(slot, name(other)) for slot in places[one]] + [(slot, name(one)) for slot in places[other]]
        yield Edit(statement, exchanged, "wrong_operand", 1.6)
    for identifier, slots in places.items():
        if identifier in scope.integers:
            others = [*scope.integers, *(k for k, v in scope.settings.items() if isinstance(v, int))]
            for other in others:
                if other == identifier:
                    continue
                if len(slots) > 1:
                    yield _all(statement, slots, name(other), "wrong_operand", 1.5)
                product = binary(name(identifier), ast.Mult(), name(other))
                yield _all(statement, slots, product, "stride_pad", 3.4 if identifier in outside else 1.6)
        elif identifier in scope.arrays and len(slots) > 1:
            for factor in scope.scalars:
                yield _all(statement, slots, binary(name(factor), ast.Mult(), name(identifier)), "missing_factor", 1.8)
            for other, value in scope.arrays.items():
                if other != identifier and fits(value, scope.arrays[identifier]):
                    yield _all(statement, slots, name(other), "wrong_operand", 1.7)


def _all(statement: Statement, slots: list[Slot], new: ast.expr, kind: str, cost: float) -> Edit:
    return Edit(statement, [(slot, new) for slot in slots], kind, cost, twin=("every", ast.unparse(new)))
