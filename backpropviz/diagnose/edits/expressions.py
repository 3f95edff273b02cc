"""The slips people make inside an expression, each as the edit that undoes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from backpropviz.diagnose.edits import arithmetic, calls, names, shapes, stacked, tuples
from backpropviz.diagnose.edits.tree import REDUCTIONS, Edit, Proposal, Scope, Slot, method, twin_of, walk
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.study.values.trees import called, name, number, numpy_call


def expression_edits(statement: Statement, scope: Scope) -> Iterator[Edit]:
    """Edits of every expression in a statement."""
    node = statement.node
    root = getattr(node, "value", None)
    carried = statement.targets if statement.loops else ()
    for slot, expression, above in walk(node):
        if isinstance(getattr(expression, "ctx", None), ast.Store) and not isinstance(expression, ast.Subscript):
            if isinstance(expression, ast.Tuple):
                yield from _made(statement, slot, tuples.tuple_swaps(expression, "cache"))
                yield from _made(statement, slot, stacked.kept(expression, statement, scope))
            continue
        proposals: list[Iterator[Proposal]] = [
            arithmetic.numbers(expression, above), arithmetic.operators(expression), shapes.reductions(expression),
            calls.calls(expression, scope, carried if expression is root else ()),
            names.names(expression, above, scope), calls.ranges(expression, above, scope), shapes.products(expression),
            shapes.layout(expression, scope),
            arithmetic.eps(expression, above, scope), arithmetic.areas(expression, scope),
        ]  # fmt: skip
        if expression is root or _is_term(expression, above):
            is_root = expression is root
            proposals += [arithmetic.factors(expression, scope, is_root), arithmetic.terms(expression, scope, is_root)]
        elif above and called(above[-1]) in (*REDUCTIONS, "where"):
            proposals.append(arithmetic.array_factors(expression, scope))
        if expression is root:
            proposals += [_whole(expression, node, scope), arithmetic.counts(expression, node, scope)]
        if isinstance(expression, ast.Tuple | ast.List) and expression is not root and 2 <= len(expression.elts) <= 6:
            proposals += [tuples.tuple_swaps(expression, "wrong_operand"), tuples.siblings(expression)]
        if isinstance(expression, ast.Slice):
            proposals += [stacked.blocks(expression), shapes.positions(expression, scope)]
        if isinstance(expression, ast.Subscript):
            proposals += [calls.keys(expression, scope), shapes.unturned(expression)]
            proposals.append(shapes.neighbours(expression, scope, statement.loops))
            if statement.loops:
                proposals.append(shapes.rounds_own(expression, scope))
        if isinstance(expression, ast.Tuple) and expression is root:
            kind = "gradient_order" if isinstance(node, ast.Return) else "cache"
            proposals.append(tuples.tuple_swaps(expression, kind))
            proposals.append(tuples.permutations(expression, isinstance(node, ast.Return)))
            proposals.append(tuples.of_the_batch(expression, scope))
        if isinstance(expression, ast.Tuple):
            proposals.append(tuples.axes(expression))
        if isinstance(expression, ast.Dict):
            proposals.append(tuples.handed_on(expression, scope))
        for proposal in proposals:
            yield from _made(statement, slot, proposal)
    yield from names.everywhere(statement, scope)


def _made(statement: Statement, slot: Slot, proposals: Iterator[Proposal]) -> Iterator[Edit]:
    for new, kind, cost in proposals:
        yield Edit(statement, [(slot, new)], kind, cost, twin=twin_of(slot.get(), new))


def _is_term(node: ast.expr, above: list[ast.AST]) -> bool:
    parent = above[-1] if above else None
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add | ast.Sub)


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
            over = {} if axis is None else {"axis": shapes.axis_node(axis)}
            yield numpy_call("sum", node, **over), "not_summed", 1.4
            if over:
                yield numpy_call("sum", node, **over, keepdims=ast.Constant(True)), "not_summed", 1.5
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
