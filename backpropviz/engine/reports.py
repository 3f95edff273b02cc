"""Puts reports into a function's tree: around every value that is assigned, returned, stored, indexed or called.

`mu = np.mean(x, axis=0)` becomes `mu = __backpropviz__.assign(__sites__[3], np.mean(x, axis=0))`, where the site says
which name, line, code and caption that is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from backpropviz.engine.source import SourceText
from backpropviz.engine.trees import LOAD, Rewriter, names_in, placed, read
from backpropviz.text import clean, file_name

HOOK, SITES = "__backpropviz__", "__sites__"
_FRAME_READERS = {"super", "locals", "globals", "vars", "dir", "eval", "exec"}


class Site(NamedTuple):
    """One place in the source that reports: an assignment, a return, a store, or a call.

    Attributes:
        names: the names assigned; for a call, the arguments' codes by position; for a return of several values, theirs.
        code: the right-hand side as written, on one line. statement: the whole of it.
        caption: the comment above (or else behind) it.
        needs: the names the right-hand side reads.
    """

    names: tuple[str, ...]
    code: str
    statement: str
    caption: str
    file: str
    line: int
    needs: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return f"{file_name(self.file)}:{self.line}"


class Reports(Rewriter, ast.NodeTransformer):
    """Puts a report around every assigned, returned, stored, indexed and called value."""

    def __init__(self, text: SourceText):
        self.text = text
        self.sites: list[Site] = []

    def _site(self, node: Any, names: Iterable[str], value: ast.AST | None, statement: str = "") -> ast.expr:
        needs = () if value is None else tuple(names_in(value))
        is_statement = isinstance(node, ast.stmt)
        self.sites.append(
            Site(
                tuple(names),
                "" if value is None else clean(self.text.code(value)),
                clean(statement or self.text.code(node)),
                clean(self.text.caption(node)) if is_statement else "",
                self.text.filename,
                node.lineno,
                needs,
            )
        )
        return ast.Subscript(ast.Name(SITES, LOAD), ast.Constant(len(self.sites) - 1), LOAD)

    @staticmethod
    def _report(method: str, *args: ast.expr) -> ast.Call:
        return ast.Call(ast.Attribute(ast.Name(HOOK, LOAD), method, LOAD), list(args), [])

    def visit_Assign(self, node: ast.Assign) -> Any:
        first, *more = node.targets
        if more and all(isinstance(target, ast.Name | ast.Attribute) for target in node.targets):  # a = b = 0
            again = placed(first, read(first))
            chain = [ast.Assign([first], node.value), *(ast.Assign([target], again) for target in more)]
            return [self._assigned(placed(node, link), ast.unparse(link)) for link in chain]
        return self._assigned(node)

    def _assigned(self, node: ast.Assign, statement: str = "") -> Any:
        target = node.targets[0]
        site = self._site(node, _target_names(target), node.value, statement)
        value = self.visit(node.value)
        if isinstance(target, ast.Subscript):  # Python, too, computes the value first, then the array, then the index
            container, key = self._item(target)
            return placed(node, ast.Expr(self._report("store", site, value, container, key)))
        assignment: ast.Assign = placed(node, ast.Assign(node.targets, self._report("assign", site, value)))
        return assignment

    def _item(self, target: ast.Subscript) -> tuple[ast.expr, ast.expr]:
        """The array of `array[index]`, to be read, and the index as a value."""
        container = self.visit(read(target.value))
        key = ast.Subscript(ast.Attribute(ast.Name(HOOK, LOAD), "key", LOAD), target.slice, LOAD)
        return container, self.generic_visit(key)

    def visit_Expr(self, node: ast.Expr) -> Any:
        if not isinstance(node.value, ast.Call):
            return self.generic_visit(node)
        names = [_base_name(argument) for argument in (*node.value.args[:1], node.value.func)]
        site = self._site(node, [next(filter(None, names), "")], node.value)
        kept = None
        match node.value:
            case ast.Call(ast.Attribute(container, "append"), [value]):
                kept = self._site(node, [_base_name(container)], value)
        call = self.visit(node.value)
        if kept is not None:
            call.args = [placed(node, self._report("appended", kept, call.args[0]))]
        return placed(node, ast.Expr(self._report("done", site, call)))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is None or not isinstance(node.target, ast.Name | ast.Attribute):
            return node
        site = self._site(node, _target_names(node.target), node.value)
        return placed(node, ast.Assign([node.target], self._report("assign", site, self.visit(node.value))))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Any:
        statement = f"{node.target.id} = {self.text.code(node.value)}"  # `:=` stands inside of another one
        site = self._site(node, [node.target.id], node.value, statement)
        return placed(node, ast.NamedExpr(node.target, self._report("assign", site, self.visit(node.value))))

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        operator = ast.Constant(type(node.op).__name__)
        if isinstance(node.target, ast.Name | ast.Attribute):
            site = self._augmented_site(node, node.target)
            value = self.visit(node.value)
            report = self._report("augment", site, operator, read(node.target), value)
            return placed(node, ast.Assign([node.target], report))
        if not isinstance(node.target, ast.Subscript):
            return self.generic_visit(node)
        site = self._site(node, _target_names(node.target), node.value)
        container, key = self._item(node.target)
        value = self.visit(node.value)
        return placed(node, ast.Expr(self._report("augment_item", site, operator, container, key, value)))

    def _augmented_site(self, node: ast.AugAssign, target: ast.Name | ast.Attribute) -> ast.expr:
        """The site of `a *= b + c`; its code is that of the assignment it stands for, `a * (b + c)`."""
        site = self._site(node, _target_names(target), node.value)
        made, written = self.sites[-1], ast.unparse(target)
        symbol = made.statement.removeprefix(written).partition("=")[0].strip()
        whole = ast.unparse(ast.BinOp(read(target), node.op, node.value))
        bare = whole == f"{written} {symbol} {ast.unparse(node.value)}"
        code = f"{written} {symbol} {made.code if bare else f'({made.code})'}"
        self.sites[-1] = made._replace(code=code, needs=(*names_in(target), *made.needs))
        return site

    def visit_For(self, node: ast.For) -> Any:
        site = self._loop_site(node, node.target, node.iter)
        counters = [name for name in _counted(node.body) if name not in _target_names(node.target)]
        node = self.generic_visit(node)
        node.iter = placed(node.iter, self._report("rounds", site, node.iter))
        self._count(node, counters)
        return node

    def _count(self, node: ast.For | ast.While, counters: list[str]) -> None:
        """In every round, what a loop counts with is a variable of it."""
        for name in dict.fromkeys(reversed(counters)):
            value = self._report("counted", ast.Constant(name), ast.Name(name, LOAD))
            node.body.insert(0, placed(node.body[0], ast.Assign([ast.Name(name, ast.Store())], value)))

    def visit_While(self, node: ast.While) -> Any:
        head = f"while {self.text.code(node.test)}"
        site = self._site(node, (), None, head)
        counters = list(_counted(node.body))
        node = self.generic_visit(node)
        self._count(node, counters)
        node.test = placed(node.test, self._report("again", site, node.test))
        return [node, placed(node, ast.Expr(self._report("left", site)))]

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        site = self._loop_site(node.iter, node.target, node.iter)
        node = self.generic_visit(node)
        node.iter = placed(node.iter, self._report("rounds", site, node.iter))
        return node

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> Any:
        return self.generic_visit(node)  # it runs in bits, in between other code

    def _loop_site(self, node: Any, target: ast.expr, iterable: ast.expr) -> ast.expr:
        head = f"for {self.text.code(target)} in {self.text.code(iterable)}"
        return self._site(node, _target_names(target), None, head)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> Any:
        node = self.generic_visit(node)
        node.body.insert(0, placed(node.body[0], ast.Expr(self._report("caught"))))
        return node

    def visit_Return(self, node: ast.Return) -> Any:
        if node.value is None:
            return node
        values = node.value.elts if isinstance(node.value, ast.Tuple) else ()
        site = self._site(node, map(self.text.code, values), node.value)
        return placed(node, ast.Return(self._report("result", site, self.visit(node.value))))

    def visit_Call(self, node: ast.Call) -> Any:
        self_reading = isinstance(node.func, ast.Name) and node.func.id in _FRAME_READERS
        site = None if self_reading else self._site(node, [self.text.code(arg) for arg in node.args], node)
        node = self.generic_visit(node)
        if site is not None:
            node.func = placed(node.func, self._report("callee", site, node.func))
        return node

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        node = self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        key = ast.Subscript(ast.Attribute(ast.Name(HOOK, LOAD), "key", LOAD), node.slice, LOAD)
        return placed(node, self._report("item", node.value, key))

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        # A float literal would meet a named size first (`1. / N`) and forget its name: let the size decide.
        literal = isinstance(node.left, ast.Constant) and isinstance(node.left.value, float)
        node = self.generic_visit(node)
        if literal:
            node.left = placed(node.left, self._report("literal", node.left))
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        return node  # a text for people, and the places of what is in it are not reliable before Python 3.12

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        # the body alone: decorators and defaults are evaluated elsewhere, when it is defined
        body = self.generic_visit(ast.Module(node.body, [])).body
        return placed(node, ast.FunctionDef(node.name, node.args, body, node.decorator_list, node.returns))

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        return node


def _counted(body: list[ast.stmt]) -> Iterator[str]:
    """What a loop's body counts with: `k += 1`, `k = k - 1`."""
    for statement in body:
        match statement:
            case ast.AugAssign(ast.Name(name), ast.Add() | ast.Sub(), ast.Constant(int())):
                yield name
            case ast.Assign([ast.Name(name)], ast.BinOp(ast.Name(same), ast.Add() | ast.Sub(), ast.Constant(int()))):
                if name == same:
                    yield name


def _target_names(target: ast.expr) -> tuple[str, ...]:
    if isinstance(target, ast.Name):
        return (target.id,)
    if isinstance(target, ast.Attribute):
        return (target.attr.strip("_") or target.attr,)  # `self.out = ...` is a step called out
    if isinstance(target, ast.Starred):
        return _target_names(target.value)
    if isinstance(target, ast.Tuple | ast.List):
        return tuple(_target_names(e)[0] if isinstance(e, ast.Name | ast.Attribute) else "" for e in target.elts)
    return (name,) if isinstance(target, ast.Subscript) and (name := _base_name(target)) else ()


def _base_name(target: ast.expr) -> str:
    """What is changed by an assignment into it: `out` of `out[i][j]`, `W` of `self.W[0]` and of `grads["W"][0]`."""
    while isinstance(target, ast.Subscript):
        if isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str):
            return target.slice.value
        target = target.value
    if isinstance(target, ast.Attribute):
        return _base_name(target.value) if isinstance(target.value, ast.Subscript) else target.attr
    return target.id if isinstance(target, ast.Name) else ""
