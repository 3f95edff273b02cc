"""Which axes a function cuts into equal parts, by its source: `x[:, :half]` and `x[:, half:]`, `x[::2]`, a split.

NumPy cuts an odd axis without a word, and parts of lengths 2 and 1 broadcast: such a sample would show another
function than is meant. And of which parameters nothing is read but rows by their numbers: `p[0] * c`, `p[1] * c`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backpropviz.engine.trees import walk

Cut = tuple[str, int, int]
"""A parameter, one of its axes, and into how many equal parts it is cut."""

_SPLITS = {"split": 0, "vsplit": 0, "hsplit": 1}


def cuts(definition: ast.FunctionDef, parameters: set[str]) -> set[Cut]:
    """The axes of parameters that are cut into equal parts."""
    lengths: dict[str, tuple[str, int]] = {}  # D of `N, D = x.shape`
    parts: dict[str, Cut] = {}  # half of `half = D // 2`
    before: set[Cut] = set()  # x[:half]
    behind: set[Cut] = set()  # x[half:]
    found: set[Cut] = set()
    starts: dict[Cut, set[str]] = {}  # of x[::2] and x[1::2]
    nodes = [node for statement in definition.body for node in walk(statement)]
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            lengths |= _lengths(node.targets[0], node.value, parameters)
    for node in nodes:
        match node:
            case ast.Assign([ast.Name(name)], value) if cut := _divided(value, lengths, parameters):
                parts[name] = cut
    for node in nodes:
        if isinstance(node, ast.Slice) and node.step is None:
            if node.lower is None and (cut := _part(node.upper, parts, lengths, parameters)):
                before.add(cut)
            elif node.upper is None and (cut := _part(node.lower, parts, lengths, parameters)):
                behind.add(cut)
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in parameters:
            for axis, step, start in _steps(node.slice):
                starts.setdefault((node.value.id, axis, step), set()).add(start)
        elif isinstance(node, ast.Call) and (cut := _split(node, parameters)):
            found.add(cut)
    return found | (before & behind) | {cut for cut, its in starts.items() if len(its) > 1}


def numbered_rows(definition: ast.FunctionDef, parameters: set[str]) -> dict[str, int]:
    """How many rows those parameters have whose rows meet others entry by entry, each by its number."""
    rows: dict[str, set[int]] = {}
    others: set[str] = set()
    apart: set[ast.AST] = set()  # the nodes of rows that were seen where they meet others
    for node in walk(definition):
        match node:
            case ast.BinOp(left, op, right) if not isinstance(op, ast.MatMult):
                apart |= {left, right}
            case ast.Subscript(ast.Name(name), ast.Constant(int(number))) if node in apart and number >= 0:
                rows.setdefault(name, set()).add(number)
            case ast.Subscript(ast.Name(name)) | ast.Attribute(ast.Name(name)):
                others.add(name)
    return {name: max(its) + 1 for name, its in rows.items() if name in parameters - others and len(its) > 1}


def _lengths(target: ast.expr, value: ast.expr, parameters: set[str]) -> dict[str, tuple[str, int]]:
    match target, value:
        case ast.Tuple(elts), ast.Attribute(ast.Name(name), "shape") if name in parameters:
            return {each.id: (name, axis) for axis, each in enumerate(elts) if isinstance(each, ast.Name)}
        case ast.Name(length), _ if (axis := _length(value, {}, parameters)) is not None:
            return {length: axis}
    return {}


def _length(node: ast.expr | None, lengths: dict[str, tuple[str, int]], parameters: set[str]) -> tuple[str, int] | None:
    """The axis whose length an expression is: `D`, `x.shape[-1]`, `len(x)`."""
    match node:
        case ast.Name(length):
            return lengths.get(length)
        case ast.Subscript(ast.Attribute(ast.Name(name), "shape"), index) if name in parameters:
            axis = ast.unparse(index)
            return (name, int(axis)) if axis.removeprefix("-").isdigit() else None
        case ast.Call(ast.Name("len"), [ast.Name(name)]) if name in parameters:
            return name, 0
    return None


def _divided(node: ast.expr | None, lengths: dict[str, tuple[str, int]], parameters: set[str]) -> Cut | None:
    match node:
        case ast.BinOp(of, ast.FloorDiv(), ast.Constant(int(count))) if count > 1:
            axis = _length(of, lengths, parameters)
            return None if axis is None else (*axis, count)
    return None


def _part(
    node: ast.expr | None, parts: dict[str, Cut], lengths: dict[str, tuple[str, int]], parameters: set[str]
) -> Cut | None:
    return parts.get(node.id) if isinstance(node, ast.Name) else _divided(node, lengths, parameters)


def _steps(index: ast.expr) -> Iterator[tuple[int, int, str]]:
    """The axes of an index of which every second entry, third, ... is taken, and where that starts."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    dots = next((at for at, part in enumerate(parts) if isinstance(part, ast.Constant) and part.value is ...), None)
    for at, part in enumerate(parts):
        if isinstance(part, ast.Slice) and isinstance(part.step, ast.Constant) and isinstance(part.step.value, int):
            start = "0" if part.lower is None else ast.unparse(part.lower)
            if part.step.value > 1 and part.upper is None:
                yield at if dots is None or at < dots else at - len(parts), part.step.value, start


def _split(node: ast.Call, parameters: set[str]) -> Cut | None:
    match node:
        case ast.Call(ast.Attribute(_, kind), [ast.Name(name), ast.Constant(int(count)), *rest]) if (
            kind in _SPLITS and name in parameters and count > 1
        ):
            given = [*rest, *(option.value for option in node.keywords if option.arg == "axis")]
            axis = ast.unparse(given[0]) if given else str(_SPLITS[kind])
            return (name, int(axis), count) if axis.removeprefix("-").isdigit() else None
    return None
