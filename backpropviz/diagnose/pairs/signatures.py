"""What a pair of an unknown layer takes and gives, read off its signatures and its return statements."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from backpropviz.diagnose.pairs.binding import CannotCall
from backpropviz.diagnose.student.program import Program
from backpropviz.study.values.trees import names_in

_UPSTREAM = re.compile(r"d[A-Z_a-z]|d$|(grad|upstream|delta|g_)", re.IGNORECASE)
_GRADIENT = re.compile(r"^(grad_?|d_?)", re.IGNORECASE)


def upstream_count(backward: ast.FunctionDef, inputs: set[str]) -> int:
    """How many gradients arrive: the parameters in front that are called like one."""
    names = [argument.arg for argument in (*backward.args.posonlyargs, *backward.args.args)]
    count = 0
    for name in names[: max(len(names) - 1, 1)]:
        if count and (name in inputs or not _UPSTREAM.match(name)):
            break
        count += 1
    return max(count, 1)


def measures_columns(backward: ast.FunctionDef) -> bool:
    """Whether what arrives is given as many columns as something else has: `dout.reshape(-1, D)`.

    >>> measures_columns(ast.parse("def back(dout, cache): dout.reshape(-1, D)").body[0])
    True
    >>> measures_columns(ast.parse("def back(dout, cache): dout.reshape(N, -1)").body[0])
    False
    >>> measures_columns(ast.parse("def back(dout, cache): w.reshape(-1, D)").body[0])
    False
    """
    taken = {argument.arg for argument in backward.args.args}
    for node in ast.walk(backward):
        match node:
            case ast.Call(ast.Attribute(ast.Name("np"), "reshape"), [ast.Name(name), its, *_]):
                pass
            case ast.Call(ast.Attribute(ast.Name(name), "reshape"), [*_, its]):
                pass
            case _:
                continue
        columns = its.elts[-1] if isinstance(its, ast.Tuple | ast.List) and its.elts else its
        if name in taken and names_in(columns) - {name}:
            return True
    return False


def wants(program: Program, function: str, floats: tuple[str, ...], after: int, count: int) -> tuple[str, ...]:
    """The inputs whose gradients are returned: by what the return statement calls them, otherwise in order.

    Args:
        after: how many values are returned in front of them. count: how many gradients there are; 0 if unknown.

    Raises:
        CannotCall: more gradients come back than there are inputs.
    """
    parts = returned(program, function, after)
    named = gradients_of(parts, floats)
    if all(named) and len(set(named)) == len(named) and count in (0, len(named)):
        return tuple(named)
    count = count or len(parts) or len(floats)
    if count > len(floats):
        raise CannotCall(f"it returns {count} gradients for {len(floats)} inputs ({', '.join(floats)})")
    return floats[:count]


def gradients_of(parts: Sequence[str], inputs: Sequence[str]) -> list[str]:
    """The inputs that names are gradients of, by what they are called; empty for what is of none.

    >>> gradients_of(["dx", "grad_W", "loss"], ["x", "W"])
    ['x', 'W', '']
    """
    known = {name.replace("_", "").lower(): name for name in inputs}
    return [known.get(_GRADIENT.sub("", name).replace("_", "").lower(), "") for name in parts]


def wanted_numbers(program: Program, function: str, settings: Mapping[str, Any]) -> list[str]:
    """The settings whose gradients are returned as well, by name: `dlr` of `lr=0.1`."""
    parts = {_GRADIENT.sub("", name).lower() for name in returned(program, function) if _GRADIENT.match(name)}
    return [name for name, value in settings.items() if type(value) is float and name.lower() in parts]


def returned(program: Program, function: str, after: int = 0) -> list[str]:
    """What the last return statement calls its values; of a call of another function, what that one does."""
    seen: set[str] = set()
    while function in program.definitions and function not in seen:
        seen.add(function)
        nodes = ast.walk(program.definitions[function])
        values = [node.value for node in nodes if isinstance(node, ast.Return) and node.value is not None]
        if not values:
            break
        value = values[-1]
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in program.definitions:
            function = value.func.id
            continue
        parts: list[ast.expr | None] = [*value.elts[after:]] if isinstance(value, ast.Tuple) else [value]
        if after and len(parts) == 1 and isinstance(parts[0], ast.Tuple):
            parts = list(parts[0].elts)
        if len(parts) == 1 and isinstance(parts[0], ast.Dict):
            parts = parts[0].keys
        return [_last_name(part) for part in parts]
    return []


def _last_name(node: ast.AST | None) -> str:
    """`dx` of `dx`, `dx.T`, `dx.reshape(x.shape)` and `"dx"`; empty for what has none."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
