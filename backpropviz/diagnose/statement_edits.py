"""The slips people make with whole statements: overwritten, in the wrong place, changed in place, cropped wrongly."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

from backpropviz.diagnose.edits import Edit, Scope, Slot, binary, called, method, name, number, walk
from backpropviz.diagnose.recorder import Statement, targets, written

_AUGMENTED = (
    (ast.Add, ast.Sub, "sign"), (ast.Sub, ast.Add, "sign"), (ast.Mult, ast.Div, "wrong_operator"),
    (ast.Div, ast.Mult, "wrong_operator"), (ast.Mult, ast.Add, "wrong_operator"),
    (ast.Div, ast.FloorDiv, "integer_division"),
)  # fmt: skip


def statement_edits(definition: ast.FunctionDef, statement: Statement, scope: Scope) -> Iterator[Edit]:
    """Edits of a statement as a whole."""
    place = _place(definition, statement.node)
    if place is None:
        return
    block, position, around = place
    for new, kind, cost in _exchanged(statement.node):
        yield _replaced(statement, block, position, [new], kind, cost)
    yield from _moved(statement, block, position, around)
    yield from _kept_apart(statement, block, position, scope)
    yield from _crops(statement, scope)
    yield from _counted(statement, block, position, around, scope)
    yield from _written_back(statement, block, position, scope)
    yield from _followed(statement, definition, block, position, scope)
    if not isinstance(statement.node, ast.Return | ast.FunctionDef) and len(block) > 1:
        in_loop = any(isinstance(node, ast.For | ast.While) for _, _, node in around)
        resets = called(getattr(statement.node, "value", None) or ast.Pass()) in ("zeros", "zeros_like")
        kind = "reset_in_loop" if in_loop and resets else "extra_line"
        yield _replaced(statement, block, position, [], kind, 1.9, own_text="(without this line)")


Around = list[tuple[list[ast.stmt], int, ast.stmt]]


def _place(definition: ast.FunctionDef, wanted: ast.stmt) -> tuple[list[ast.stmt], int, Around] | None:
    """The block a statement stands in, its position there, and the compound statements around it, innermost last."""
    waiting: list[tuple[list[ast.stmt], Around]] = [(definition.body, [])]
    while waiting:
        block, around = waiting.pop()
        for position, node in enumerate(block):
            if node is wanted:
                return block, position, around
            inner = [getattr(node, field, []) for field in ("body", "orelse", "finalbody")]
            inner += [handler.body for handler in getattr(node, "handlers", [])]
            waiting.extend((child, [*around, (block, position, node)]) for child in inner if child)
    return None


def _replaced(
    statement: Statement, block: list[ast.stmt], position: int, new: list[ast.stmt], kind: str, cost: float, **more: Any
) -> Edit:
    """An edit that puts `new` where the statement stands."""
    located = [ast.fix_missing_locations(ast.copy_location(node, statement.node)) for node in new]
    body = [*block[:position], *located, *block[position + 1 :]] or [ast.Pass()]
    text = more.pop("own_text", "") or "; ".join(written(node) for node in located)
    return Edit(statement, [(Slot(_Whole(block), "statements"), body)], kind, cost, own_text=text, **more)


def replaced(definition: ast.FunctionDef, statement: Statement, new: ast.stmt, kind: str) -> Edit | None:
    """An edit that puts another statement in one's place; None if the function does not have it."""
    place = _place(definition, statement.node)
    return None if place is None else _replaced(statement, place[0], place[1], [new], kind, 0.0)


def followed(definition: ast.FunctionDef, statement: Statement, line: ast.stmt) -> Edit:
    """An edit that puts a line behind a statement of the function."""
    place = _place(definition, statement.node)
    assert place is not None
    text = f"{written(ast.fix_missing_locations(line))}, after this line"
    return _replaced(statement, place[0], place[1], [statement.node, line], "missing_line", 0.0, own_text=text)


class _Whole:
    """A block of statements as one attribute, so that a slot can exchange all of it."""

    def __init__(self, block: list[ast.stmt]):
        self.block = block

    @property
    def statements(self) -> list[ast.stmt]:
        return list(self.block)

    @statements.setter
    def statements(self, new: list[ast.stmt]) -> None:
        self.block[:] = new


def _exchanged(node: ast.stmt) -> Iterator[tuple[ast.stmt, str, float]]:
    """`=` for `+=`, another augmented operator, a result that is kept instead of thrown away."""
    if isinstance(node, ast.AugAssign):
        if isinstance(node.target, ast.Subscript) and isinstance(node.op, ast.Add):
            where = node.target.slice
            index = ast.Tuple(where.elts, ast.Load()) if isinstance(where, ast.Tuple) else where
            if not any(isinstance(part, ast.Slice) for part in getattr(index, "elts", [index])):
                adds = ast.Attribute(ast.Attribute(name("np"), "add", ast.Load()), "at", ast.Load())
                call = ast.Call(adds, [_loaded(node.target.value), index, node.value], [])
                yield ast.Expr(call), "counted_once", 1.2
        for old, new, kind in _AUGMENTED:
            if isinstance(node.op, old):
                yield ast.AugAssign(node.target, new(), node.value), kind, 1.2
        yield ast.Assign([node.target], node.value), "accumulated", 1.2
        load = _loaded(node.target)
        if isinstance(node.target, ast.Name):
            yield ast.Assign([node.target], binary(load, node.op, node.value)), "input_changed", 0.8
    if (
        isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name | ast.Subscript)
    ):
        yield ast.AugAssign(node.targets[0], ast.Add(), node.value), "overwritten", 0.9
        yield ast.AugAssign(node.targets[0], ast.Sub(), node.value), "overwritten", 1.5
        yield ast.AugAssign(node.targets[0], ast.Mult(), node.value), "overwritten", 1.5
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        array = node.value.func.value
        if isinstance(array, ast.Name) and array.id in ("np", "numpy") and node.value.args:
            array = node.value.args[0]
        if isinstance(array, ast.Name):
            yield ast.Assign([ast.Name(array.id, ast.Store())], node.value), "discarded_result", 0.7
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Attribute) and isinstance(node.value.value, ast.Name):
        yield ast.Assign([ast.Name(node.value.value.id, ast.Store())], node.value), "discarded_result", 0.7
    if isinstance(node, ast.Assign) and len(node.targets) == 2 and all(isinstance(t, ast.Name) for t in node.targets):
        yield from _one_for_each_axis(node)
    if isinstance(node, ast.If):
        yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse), "wrong_mask", 1.8


def _one_for_each_axis(node: ast.Assign) -> Iterator[tuple[ast.stmt, str, float]]:
    """`HH = WW = w.shape[2]` where the second is the length of the next axis."""
    value = node.value
    if (
        isinstance(value, ast.Subscript)
        and isinstance(value.slice, ast.Constant)
        and isinstance(value.slice.value, int)
    ):
        following = ast.Subscript(value.value, number(value.slice.value + 1), ast.Load())
        for first, second in ((0, 1), (1, 0)):
            targets = ast.Tuple([node.targets[first], node.targets[second]], ast.Store())
            both = ast.Tuple([value, following], ast.Load())
            yield ast.Assign([targets], both), "wrong_operand", 1.2


def _loaded(target: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(target), mode="eval").body


def _moved(statement: Statement, block: list[ast.stmt], position: int, around: Around) -> Iterator[Edit]:
    """Out of a loop, in front of it or behind it; or from in front of a loop into it."""
    node = statement.node
    below = next((other for other in block[position + 1 :] if isinstance(other, ast.For | ast.While)), None)
    if below is not None and isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        without = (Slot(_Whole(block), "statements"), [*block[:position], *block[position + 1 :]])
        inside = (Slot(_Whole(below.body), "statements"), [node, *below.body])
        yield Edit(statement, [without, inside], "wrong_place", 1.3, "at the start of the loop below", statement.text)
    for outer, at, loop in reversed(around):
        if not isinstance(loop, ast.For | ast.While):
            continue
        rest = [*block[:position], *block[position + 1 :]] or [ast.Pass()]
        inner = (Slot(_Whole(block), "statements"), rest)
        before = [*outer[:at], node, *outer[at:]]
        after = [*outer[: at + 1], node, *outer[at + 1 :]]
        is_return = isinstance(node, ast.Return)
        if not is_return:
            yield Edit(
                statement, [inner, (Slot(_Whole(outer), "statements"), before)],
                "reset_in_loop", 1.1, "in front of the loop", statement.text,
            )  # fmt: skip
        kind = "returned_early" if is_return else "wrong_place"
        yield Edit(
            statement, [inner, (Slot(_Whole(outer), "statements"), after)], kind, 0.8 if is_return else 1.6,
            "behind the loop", statement.text,
        )  # fmt: skip


def _kept_apart(statement: Statement, block: list[ast.stmt], position: int, scope: Scope) -> Iterator[Edit]:
    """A copy made before the statement changes an array in place."""
    node = statement.node
    if isinstance(node, ast.Assign) and not any(isinstance(t, ast.Subscript) for t in node.targets):
        return
    for target in targets(node):
        if target in scope.arrays or target in scope.others:
            copy = ast.Assign([ast.Name(target, ast.Store())], method(name(target), "copy"))
            yield _replaced(
                statement,
                block,
                position,
                [copy, node],
                "input_changed",
                1.3,
                own_text=f"{target} = {target}.copy(), first",
            )


def _counted(
    statement: Statement, block: list[ast.stmt], position: int, around: Around, scope: Scope
) -> Iterator[Edit]:
    """A counter that goes up at the end of a loop."""
    if position != len(block) - 1 or not around or not isinstance(around[-1][2], ast.For | ast.While):
        return
    changed = {target for node in ast.walk(around[-1][2]) if isinstance(node, ast.stmt) for target in targets(node)}
    read = {node.id for node in ast.walk(around[-1][2]) if isinstance(node, ast.Name)}
    for counter, value in scope.integers.items():
        if counter in read - changed and value == 0:
            goes_up = ast.AugAssign(ast.Name(counter, ast.Store()), ast.Add(), number(1))
            text = f"{counter} += 1, after this line"
            yield _replaced(statement, block, position, [statement.node, goes_up], "missing_line", 1.7, own_text=text)


def _written_back(statement: Statement, block: list[ast.stmt], position: int, scope: Scope) -> Iterator[Edit]:
    """The running statistics stored in the dictionary that they came from, behind the last line that computes them."""
    node = statement.node
    holders = [k for k, v in scope.others.items() if isinstance(v, dict) and "momentum" in v]
    if not holders or not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return
    assigned = node.targets[0].id
    for mean, var in itertools.permutations([*scope.arrays, assigned], 2):
        if assigned not in (mean, var) or "mean" not in mean or "var" not in var:
            continue
        lines = [
            ast.parse(f"{holders[0]}['running_{key}'] = {value}").body[0]
            for key, value in (("mean", mean), ("var", var))
        ]
        text = "; ".join(written(line) for line in lines) + ", after this line"
        yield _replaced(statement, block, position, [node, *lines], "missing_line", 1.5, own_text=text)


def _followed(
    statement: Statement, definition: ast.FunctionDef, block: list[ast.stmt], position: int, scope: Scope
) -> Iterator[Edit]:
    """A line that is missing behind a gradient: that of the regularization, that of the right class."""
    node = statement.node
    if not isinstance(node, ast.AugAssign):
        return
    made: list[ast.stmt] = []
    gradient = node.target.id if isinstance(node.target, ast.Name) else ""
    strength = next((k for k, v in scope.scalars.items() if v == scope.settings.get("__reg__")), "")
    if strength and gradient in scope.arrays:
        for array, value in scope.arrays.items():
            if value.shape == scope.arrays[gradient].shape and array != gradient:
                once = binary(name(strength), ast.Mult(), name(array))
                for term in (binary(number(2), ast.Mult(), once), once):
                    made.append(ast.AugAssign(ast.Name(gradient, ast.Store()), ast.Add(), term))
    elif isinstance(node.target, ast.Subscript) and isinstance(node.op, ast.Add | ast.Sub):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        for index in _indices(definition):
            part = _with_index(node.target, index)
            if part is not None:
                made.append(ast.AugAssign(part, other, node.value))
    for line in made:
        text = f"{written(ast.fix_missing_locations(line))}, after this line"
        yield _replaced(statement, block, position, [node, line], "missing_line", 1.9, own_text=text)


def _indices(definition: ast.FunctionDef) -> list[ast.expr]:
    """What a function picks entries by that are themselves entries: `y[i]`, every one once."""
    found = {
        ast.unparse(node.slice): node.slice for node in ast.walk(definition)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Subscript)
    }  # fmt: skip
    return list(found.values())


def _with_index(target: ast.Subscript, index: ast.expr) -> ast.Subscript | None:
    """`dW[:, y[i]]` of `dW[:, j]`."""
    parts = list(target.slice.elts) if isinstance(target.slice, ast.Tuple) else [target.slice]
    last = parts[-1]
    if isinstance(last, ast.Slice) or ast.unparse(last) == ast.unparse(index):
        return None
    where = ast.Tuple([*parts[:-1], index], ast.Load()) if len(parts) > 1 else index
    return ast.Subscript(target.value, where, ast.Store())


def _crops(statement: Statement, scope: Scope) -> Iterator[Edit]:
    """The padding taken off by `pad:size - pad`, which is right for pad 0 too."""
    if "__pad__" not in scope.settings:
        return
    padding = scope.settings["__pad__"]
    pads = [n for n, v in scope.integers.items() if v == padding and n.lower().startswith("p")] or ["__pad__"]
    images = [n for n, v in scope.arrays.items() if v.ndim == 4]
    for slot, node, above in walk(statement.node):
        if isinstance(getattr(node, "ctx", None), ast.Store):
            continue
        is_crop = isinstance(node, ast.Subscript) and _slices(node) >= 2
        whole = isinstance(node, ast.Name) and node.id in images and isinstance(statement.node, ast.Assign | ast.Return)
        if not (is_crop or whole) or any(isinstance(n, ast.Subscript | ast.Attribute) for n in above):
            continue
        of = node.value if isinstance(node, ast.Subscript) else node
        for pad in pads:
            ends = [binary(_size(of, axis), ast.Sub(), name(pad)) for axis in (2, 3)]
            parts: list[ast.expr] = [ast.Slice(), ast.Slice(), *(ast.Slice(name(pad), end) for end in ends)]
            new = ast.Subscript(of, ast.Tuple(parts, ast.Load()), ast.Load())
            located = ast.fix_missing_locations(ast.copy_location(new, statement.node))
            kind, cost = ("crop_at_pad_0", 1.0) if is_crop else ("missing_line", 1.7)
            yield Edit(statement, [(slot, located)], kind, cost)


def _slices(node: ast.Subscript) -> int:
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return sum(isinstance(part, ast.Slice) and (part.lower or part.upper) is not None for part in parts)


def _size(array: ast.expr, axis: int) -> ast.expr:
    return ast.Subscript(ast.Attribute(array, "shape", ast.Load()), number(axis), ast.Load())
