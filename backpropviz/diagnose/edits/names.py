"""Slips with names: another array, size or number than is meant; at one place of a statement, or wherever it has it."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

from backpropviz.diagnose.edits.strides import padded, started, strided
from backpropviz.diagnose.edits.tree import Edit, Proposal, Scope, Slot, walk
from backpropviz.diagnose.edits.tuples import fits
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.study.values.trees import binary, name, number, numpy_call


def names(node: ast.expr, above: list[ast.AST], scope: Scope) -> Iterator[Proposal]:
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
    elif _is_listed(scope.others.get(node.id)) and not isinstance(parent, ast.Attribute | ast.Subscript):
        backwards = ast.Slice(None, None, number(-1))
        yield ast.Subscript(name(node.id), backwards, ast.Load()), "reversed", 1.5
    elif not scope.knows(node.id):
        for other in (*scope.arrays, *scope.integers):  # the name stands for nothing here
            yield name(other), "wrong_operand", 1.6
    elif node.id in scope.scalars:
        for other in (*scope.scalars, *scope.settings):
            if other != node.id:
                yield name(other), "wrong_operand", 1.6 if other in scope.scalars else 2.6


def _is_listed(value: Any) -> bool:
    """Whether a value is a list, or a tuple of objects such as layers; tuples of numbers are shapes."""
    return isinstance(value, list) or (isinstance(value, tuple) and all(hasattr(its, "__dict__") for its in value))


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
        yield numpy_call("sign", name(node.id)), "wrong_operand", 1.9


def everywhere(statement: Statement, scope: Scope) -> Iterator[Edit]:
    """One name for another wherever the statement has it: `H` for `W`, `i` for `i * stride`; or two exchanged."""
    places: dict[str, list[Slot]] = {}
    outside: set[str] = set()  # names that stand elsewhere than in positions
    for slot, node, above in walk(statement.node):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and not (
            above and isinstance(above[-1], ast.Call) and above[-1].func is node
        ):  # fmt: skip
            places.setdefault(node.id, []).append(slot)
            outside |= set() if any(isinstance(n, ast.Subscript) for n in above) else {node.id}
    yield from _kept_elsewhere(statement, scope)
    yield from strided(statement, scope)
    yield from started(statement, scope)
    yield from padded(statement, scope)
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


def _kept_elsewhere(statement: Statement, scope: Scope) -> Iterator[Edit]:
    """`own['mean'] = ...` for `given['mean'] = ...`: stored in a copy that nobody reads any more."""
    holders = [identifier for identifier, value in scope.others.items() if isinstance(value, dict)]
    for target in getattr(statement.node, "targets", []):
        held = target.value if isinstance(target, ast.Subscript) else None
        if isinstance(held, ast.Name) and held.id in holders:
            for other in holders:
                if other != held.id:
                    twin = ("name", held.id, other)
                    yield Edit(statement, [(Slot(target, "value"), name(other))], "wrong_holder", 1.3, twin=twin)


def _all(statement: Statement, slots: list[Slot], new: ast.expr, kind: str, cost: float) -> Edit:
    return Edit(statement, [(slot, new) for slot in slots], kind, cost, twin=("every", ast.unparse(new)))
