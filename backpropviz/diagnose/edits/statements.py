"""The slips people make with whole statements: overwritten, in the wrong place, changed in place, cropped wrongly."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backpropviz.diagnose.edits import missing, stacked
from backpropviz.diagnose.edits.blocks import Place, whole
from backpropviz.diagnose.edits.tree import Edit, Scope, method, walk
from backpropviz.diagnose.student.recorder import Statement, targets
from backpropviz.study.values.trees import binary, called, elements, name, number

_AUGMENTED = (
    (ast.Add, ast.Sub, "sign"), (ast.Sub, ast.Add, "sign"), (ast.Mult, ast.Div, "wrong_operator"),
    (ast.Div, ast.Mult, "wrong_operator"), (ast.Mult, ast.Add, "wrong_operator"),
    (ast.Div, ast.FloorDiv, "integer_division"),
)  # fmt: skip


def statement_edits(definition: ast.FunctionDef, statement: Statement, scope: Scope) -> Iterator[Edit]:
    """Edits of a statement as a whole."""
    place = Place.of(definition, statement)
    if place is None:
        return
    for new, kind, cost in _exchanged(statement.node):
        yield place.exchanged([new], kind, cost)
    yield from _moved(place)
    yield from _kept_apart(place, scope)
    yield from _crops(statement, scope)
    yield from missing.counters(place, scope)
    yield from stacked.carried(place, scope)
    yield from missing.running_statistics(place, scope)
    yield from missing.right_classes(place, scope)
    yield from missing.gradients(place, definition, scope)
    if not isinstance(statement.node, ast.Return | ast.FunctionDef) and len(place.block) > 1:
        in_loop = any(isinstance(node, ast.For | ast.While) for _, _, node in place.around)
        resets = called(getattr(statement.node, "value", None) or ast.Pass()) in ("zeros", "zeros_like")
        kind = "reset_in_loop" if in_loop and resets else "extra_line"
        yield place.exchanged([], kind, 1.9, "(without this line)")


def _exchanged(node: ast.stmt) -> Iterator[tuple[ast.stmt, str, float]]:
    """`=` for `+=`, another augmented operator, a result that is kept instead of thrown away."""
    if isinstance(node, ast.AugAssign):
        if isinstance(node.target, ast.Subscript) and isinstance(node.op, ast.Add):
            index = node.target.slice
            if not any(isinstance(part, ast.Slice) for part in elements(index)):
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
        for handed in node.value.args:  # layer.backward(delta)
            if isinstance(handed, ast.Name) and handed is not array:
                yield ast.Assign([ast.Name(handed.id, ast.Store())], node.value), "discarded_result", 0.7
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


def _moved(place: Place) -> Iterator[Edit]:
    """Out of a loop, in front of it or behind it; or from in front of a loop into it, or from behind one to the end of
    the innermost block in there."""
    node, block, position = place.statement.node, place.block, place.position

    def moved(to: list[ast.stmt], new: list[ast.stmt], kind: str, cost: float, where: str) -> Edit:
        changes = [whole(block, place.rest or [ast.Pass()]), whole(to, new)]
        return Edit(place.statement, changes, kind, cost, where, place.statement.text)

    if position and isinstance(block[position - 1], ast.For | ast.If) and isinstance(node, ast.AugAssign):
        last: ast.stmt = block[position - 1]
        while isinstance(last, ast.For | ast.If):
            inner, last = last.body, last.body[-1]
        yield moved(inner, [*inner, node], "wrong_place", 1.3, "at the end of the block above")
    below = next((other for other in block[position + 1 :] if isinstance(other, ast.For | ast.While)), None)
    if below is not None and isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        yield moved(below.body, [node, *below.body], "wrong_place", 1.3, "at the start of the loop below")
    for outer, at, loop in reversed(place.around):
        if not isinstance(loop, ast.For | ast.While):
            continue
        is_return = isinstance(node, ast.Return)
        if not is_return:
            yield moved(outer, [*outer[:at], node, *outer[at:]], "reset_in_loop", 1.1, "in front of the loop")
        kind, cost = ("returned_early", 0.8) if is_return else ("wrong_place", 1.6)
        yield moved(outer, [*outer[: at + 1], node, *outer[at + 1 :]], kind, cost, "behind the loop")


def _kept_apart(place: Place, scope: Scope) -> Iterator[Edit]:
    """A copy made before the statement changes an array in place."""
    node = place.statement.node
    if isinstance(node, ast.Assign) and not any(isinstance(t, ast.Subscript) for t in node.targets):
        return
    for target in targets(node):
        if target in scope.arrays or target in scope.others:
            copy = ast.Assign([ast.Name(target, ast.Store())], method(name(target), "copy"))
            yield place.exchanged([copy, node], "input_changed", 1.3, f"{target} = {target}.copy(), first")


def _crops(statement: Statement, scope: Scope) -> Iterator[Edit]:
    """The padding taken off by `pad:size - pad`, which is right for pad 0 too."""
    padding = scope.settings.get("__pad__")
    pads = [n for n, v in scope.integers.items() if v == padding and n.lower().startswith("p")]
    pads = pads or (["__pad__"] if padding is not None else [])
    images = [n for n, v in scope.arrays.items() if v.ndim == 4]
    for slot, node, above in walk(statement.node):
        if isinstance(getattr(node, "ctx", None), ast.Store):
            continue
        is_crop = isinstance(node, ast.Subscript) and _slices(node) >= 2
        is_image = isinstance(node, ast.Name) and node.id in images
        is_whole = is_image and isinstance(statement.node, ast.Assign | ast.Return)
        if not (is_crop or is_whole) or any(isinstance(n, ast.Subscript | ast.Attribute) for n in above):
            continue
        of = node.value if isinstance(node, ast.Subscript) else node
        for pad in pads or _taken_off(node):
            parts = _cropped(node, of, pad) if isinstance(node, ast.Subscript) else _inner(of, pad)
            new = ast.Subscript(of, ast.Tuple(parts, ast.Load()), ast.Load())
            kind, cost = ("crop_at_pad_0", 1.0) if is_crop else ("missing_line", 1.7)
            yield Edit(statement, [(slot, new)], kind, cost)


def _taken_off(node: ast.expr) -> list[str]:
    """What is taken off at both ends, as written: p of `p:-p`."""
    ends = [(part.lower, part.upper) for part in ast.walk(node) if isinstance(part, ast.Slice)]
    written = [(ast.unparse(low), ast.unparse(high)) for low, high in ends if low is not None and high is not None]
    return list(dict.fromkeys(low for low, high in written if high == f"-{low}"))


def _inner(of: ast.expr, pad: str) -> list[ast.expr]:
    """`:, :, pad:height - pad, pad:width - pad`."""
    ends = [binary(_size(of, axis), ast.Sub(), name(pad)) for axis in (2, 3)]
    return [ast.Slice(), ast.Slice(), *(ast.Slice(name(pad), end) for end in ends)]


def _cropped(node: ast.Subscript, of: ast.expr, pad: str) -> list[ast.expr]:
    """The places of a subscript, with `pad:size - pad` for every slice that has bounds."""
    parts = elements(node.slice)
    rest = next((i for i, part in enumerate(parts) if getattr(part, "value", None) is Ellipsis), len(parts))
    axes = [axis if axis < rest else axis - len(parts) for axis in range(len(parts))]
    return [
        ast.Slice(name(pad), binary(_size(of, axis), ast.Sub(), name(pad)))
        if isinstance(part, ast.Slice) and (part.lower or part.upper) is not None and part.step is None else part
        for axis, part in zip(axes, parts)
    ]  # fmt: skip


def _slices(node: ast.Subscript) -> int:
    parts = (part for part in elements(node.slice) if isinstance(part, ast.Slice))
    return sum((part.lower or part.upper) is not None for part in parts)


def _size(array: ast.expr, axis: int) -> ast.expr:
    return ast.Subscript(ast.Attribute(array, "shape", ast.Load()), number(axis), ast.Load())
