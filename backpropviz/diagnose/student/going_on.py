"""A function that goes on past lines that fail: what its other lines give tells which shapes they are meant for.

A statement that fails leaves None in the names that it assigns, so that what rests on them fails as well; what is
returned has None for every part that cannot be worked out. Rounds are counted as ever: what does not end is cut.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from typing import Any

from backpropviz.diagnose.student.program import Program

_OR_NONE = "__or_none__"


def going_on(program: Program, name: str) -> Any:
    """The function of a file, as one that goes on past what fails in it."""
    definition = copy.deepcopy(program.definitions[name])
    definition.body = [_kept(statement) for statement in definition.body]
    program.student.namespace[_OR_NONE] = _or_none
    return program.compile(ast.fix_missing_locations(definition))


def _or_none(value: Callable[[], Any]) -> Any:
    try:
        return value()
    except Exception:  # whatever it is, it is what is to be diagnosed
        return None


def _kept(statement: ast.stmt) -> ast.stmt:
    """A statement that may fail."""
    if isinstance(statement, ast.Return):
        whole = statement.value
        if isinstance(whole, ast.Tuple | ast.List):
            whole.elts = [_worked_out(part) for part in whole.elts]
        elif isinstance(whole, ast.Dict):
            whole.values = [_worked_out(part) for part in whole.values]
        elif whole is not None:
            statement.value = _worked_out(whole)
        return statement
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return statement
    for field in ("body", "orelse", "finalbody"):
        if inner := getattr(statement, field, None):
            setattr(statement, field, [_kept(its) for its in inner])
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    parts = [part for target in targets for part in getattr(target, "elts", [target])]
    lost: list[ast.expr] = [part for part in parts if isinstance(part, ast.Name)]
    then: ast.stmt = ast.Assign(lost, _instead(statement)) if lost else ast.Pass()
    handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [then])
    return ast.copy_location(ast.Try([statement], [handler], [], []), statement)


def _instead(statement: ast.stmt) -> ast.expr:
    """What a statement that failed gives: nothing, but of a sum along an axis that is not there, that of the rows."""
    match statement:
        case ast.Assign(_, ast.Call(ast.Attribute(ast.Name("np"), "sum"), [its, *_])):
            pass
        case ast.Assign(_, ast.Call(ast.Attribute(its, "sum"))):
            pass
        case _:
            return ast.Constant(None)
    sum_of_rows = ast.Attribute(copy.deepcopy(its), "sum", ast.Load())
    return _worked_out(ast.Call(sum_of_rows, [ast.Constant(0)], []))


def _worked_out(part: ast.expr) -> ast.expr:
    """`__or_none__(lambda: part)`."""
    if isinstance(part, ast.Starred):
        return part
    nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.copy_location(ast.Call(ast.Name(_OR_NONE, ast.Load()), [ast.Lambda(nothing, part)], []), part)
