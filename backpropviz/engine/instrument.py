"""Rewrites a function so that it reports what it assigns.

The rewritten function has the original's globals, defaults and closure; its only additions are the list of sites and
the object behind `__backpropviz__`, and what that does with the reports is its own business (see `recording.py`).
"""

from __future__ import annotations

import ast
import functools
from types import CellType, CodeType, FunctionType
from typing import Any, NamedTuple

from backpropviz.engine.keeping import uncollected
from backpropviz.engine.reports import HOOK, SITES, Reports, Site
from backpropviz.engine.source import SourceText, definition_in, source_of
from backpropviz.engine.trees import Rewriter, placed

_FUTURE_FLAGS = 0x1000000  # `from __future__ import annotations`


class Instrumented(NamedTuple):
    """A rewritten function's code and the sites its reports refer to."""

    code: CodeType
    sites: list[Site]

    def bind(self, function: FunctionType, hooks: Any) -> FunctionType:
        """The rewritten code as a function like `function`, reporting to `hooks`."""
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
        cells |= {HOOK: CellType(hooks), SITES: CellType(self.sites)}
        closure = tuple(cells[name] for name in self.code.co_freevars)
        bound = FunctionType(self.code, function.__globals__, function.__name__, function.__defaults__, closure)
        bound.__kwdefaults__ = function.__kwdefaults__
        return bound


@functools.lru_cache(maxsize=256)
def instrument(code: CodeType) -> Instrumented | None:
    """Rewrite the function that `code` belongs to; None where its source cannot be read."""
    text = source_of(code.co_filename)
    found, owner = definition_in(text, code) if text is not None else (None, "")
    if text is None or found is None:
        return None
    with uncollected():  # of a long function's tree and its copy everything is kept
        return _rewritten(code, text, found, owner)


def _rewritten(code: CodeType, text: SourceText, found: ast.FunctionDef, owner: str) -> Instrumented:
    reports = Reports(text)
    definition = reports.visit(found)
    definition.args = Bare().visit(found.args)
    definition.decorator_list, definition.returns = [], None
    definition.body.insert(0, placed(found, ast.Expr(ast.Name(HOOK, ast.Load()))))  # always a free variable
    outer = ast.parse(f"def __outer__({', '.join([HOOK, SITES, *code.co_freevars])}):\n    return None").body[0]
    assert isinstance(outer, ast.FunctionDef)
    if owner:  # inside its class, where `self.__x` means `self._Owner__x`
        outer.body[:0] = [placed(found, ast.ClassDef(owner, [], [], [definition], []))]
    else:
        # a function that calls itself calls what its module has under its name
        itself = [] if definition.name in code.co_freevars else [placed(found, ast.Global([definition.name]))]
        outer.body[:0] = [*itself, definition]
    compiled = compile(
        ast.Module([outer], []), code.co_filename, "exec", flags=code.co_flags & _FUTURE_FLAGS, dont_inherit=True
    )
    inner = _nested(compiled, "__outer__")
    for name in filter(None, (owner, definition.name)):
        inner = _nested(inner, name)
    return Instrumented(inner, reports.sites)


class Bare(Rewriter, ast.NodeTransformer):
    """Leaves out of parameters what is evaluated where the function is defined: their defaults and annotations."""

    def visit_arguments(self, node: ast.arguments) -> Any:
        made = self.generic_visit(node)
        made.defaults, made.kw_defaults = [], [None] * len(node.kwonlyargs)
        return made

    def visit_arg(self, node: ast.arg) -> Any:
        return placed(node, ast.arg(node.arg))


def _nested(code: CodeType, name: str) -> CodeType:
    return next(const for const in code.co_consts if isinstance(const, CodeType) and const.co_name == name)
