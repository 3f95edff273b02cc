"""Lines that are forgotten: a counter that goes up, statistics written back, a term of a gradient; each as the edit."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

import numpy as np

from backpropviz.diagnose.edits.blocks import Place
from backpropviz.diagnose.edits.tree import Edit, Scope
from backpropviz.diagnose.student.recorder import targets
from backpropviz.study.values.trees import binary, elements, name, names_in, number, tupled


def counters(place: Place, scope: Scope) -> Iterator[Edit]:
    """A counter that goes up at the end of a loop, or starts again at 0 in front of one."""
    node, loop = place.statement.node, place.loop
    if isinstance(node, ast.For | ast.While):
        inside = [inner for inner in ast.walk(node) if isinstance(inner, ast.AugAssign)]
        for counter in {target for inner in inside for target in targets(inner)} & {*scope.integers}:
            starts = ast.Assign([ast.Name(counter, ast.Store())], number(0))
            yield place.exchanged([starts, node], "missing_line", 1.4, f"{counter} = 0, before this line")
    if not place.is_last or loop is None:
        return
    changed = {target for inner in ast.walk(loop) if isinstance(inner, ast.stmt) for target in targets(inner)}
    read = names_in(loop)
    for counter, value in scope.integers.items():
        if counter in read - changed and value == 0:
            yield place.followed([ast.AugAssign(ast.Name(counter, ast.Store()), ast.Add(), number(1))], 1.7)


def running_statistics(place: Place, scope: Scope) -> Iterator[Edit]:
    """The running statistics stored in the dictionary that they came from, behind the last line that computes them."""
    node = place.statement.node
    holders = [k for k, v in scope.others.items() if isinstance(v, dict) and "momentum" in v]
    if not holders or not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return
    assigned = node.targets[0].id
    for mean, var in itertools.permutations([*scope.arrays, assigned], 2):
        if assigned not in (mean, var) or "mean" not in mean or "var" not in var:
            continue
        lines = (f"{holders[0]}['running_{key}'] = {value}" for key, value in (("mean", mean), ("var", var)))
        yield place.followed([ast.parse(line).body[0] for line in lines], 1.5)


def right_classes(place: Place, scope: Scope) -> Iterator[Edit]:
    """The entries of the right classes set to zero, as a margin is only one of the others: `margins[rows, y] = 0`."""
    node = place.statement.node
    if place.statement.loops or not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return
    labels = {k: v for k, v in scope.arrays.items() if v.ndim == 1 and v.dtype.kind in "iu"}
    rows = {k for k, v in labels.items() if np.array_equal(v, np.arange(len(v)))}
    for label in labels.keys() - rows:
        row = next(iter(rows), f"np.arange(len({label}))")
        yield place.followed(ast.parse(f"{node.targets[0].id}[{row}, {label}] = 0").body, 1.7)


def gradients(place: Place, definition: ast.FunctionDef, scope: Scope) -> Iterator[Edit]:
    """A line that is missing behind a gradient: the mean over the batch, the regularization, the right class."""
    node = place.statement.node
    others = [array for array in scope.arrays if array.startswith("d") and array not in targets(node)]
    if not place.around and (divisor := _divisor(node)) is not None:  # `loss /= N`, and the gradient forgotten
        for array in others:
            yield place.followed([ast.AugAssign(ast.Name(array, ast.Store()), ast.Div(), divisor)], 1.2)
    if not isinstance(node, ast.AugAssign):
        return
    gradient = node.target.id if isinstance(node.target, ast.Name) else ""
    root = next(iter(targets(node)), "")
    if root in scope.arrays and not place.around:
        sizes = [name(size) for size, value in scope.integers.items() if value > 1]
        sizes += [ast.parse(f"{root}.shape[0]", mode="eval").body]
        for size in sizes:
            yield place.followed([ast.AugAssign(ast.Name(root, ast.Store()), ast.Div(), size)], 1.2)
    strength = next((k for k, v in scope.scalars.items() if v == scope.settings.get("__reg__")), "")
    if strength and gradient in scope.arrays:
        for array, value in scope.arrays.items():
            if value.shape == scope.arrays[gradient].shape and array != gradient:
                once = binary(name(strength), ast.Mult(), name(array))
                for term in (binary(number(2), ast.Mult(), once), once):
                    yield place.followed([ast.AugAssign(ast.Name(gradient, ast.Store()), ast.Add(), term)], 1.9)
    elif isinstance(node.target, ast.Subscript) and isinstance(node.op, ast.Add | ast.Sub):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        for index in _indices(definition):
            part = _with_index(node.target, index)
            if part is not None:
                yield place.followed([ast.AugAssign(part, other, node.value)], 1.9)


def _divisor(node: ast.stmt) -> ast.expr | None:
    """What `loss /= N`, or `loss = total / N`, divides by, if that is a name."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div):
        value: ast.expr | None = node.value
    else:
        value = getattr(node, "value", None) if isinstance(node, ast.Assign) else None
        value = value.right if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div) else None
    return value if isinstance(value, ast.Name) else None


def _indices(definition: ast.FunctionDef) -> list[ast.expr]:
    """What a function picks entries by that are themselves entries: `y[i]`, every one once."""
    found = {
        ast.unparse(node.slice): node.slice for node in ast.walk(definition)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Subscript)
    }  # fmt: skip
    return list(found.values())


def _with_index(target: ast.Subscript, index: ast.expr) -> ast.Subscript | None:
    """`dW[:, y[i]]` of `dW[:, j]`."""
    *others, last = elements(target.slice)
    if isinstance(last, ast.Slice) or ast.unparse(last) == ast.unparse(index):
        return None
    return ast.Subscript(target.value, tupled([*others, index]), ast.Store())
