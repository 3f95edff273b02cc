"""Layers as classes, made into the functions that everything else here works on.

Each method becomes a function of its own (`Linear.forward`), which the class calls, so that it can be watched and
edited like any other; in its syntax tree `self.x` is one name. What is put around a class, so that
it can be called, is written in pairs/protocols.
"""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Callable, Collection
from types import CodeType
from typing import Any

from backpropviz.diagnose.student.parameters import IN_BOX, left_on, stored

_ARRAYS = {"data", "value", "val", "v", "array", "_data", "_value", "values"}
_HOISTED = {"__call__", "__add__", "__mul__", "__sub__", "__truediv__", "__pow__", "__neg__"}
"""Special methods that are passes: of a layer, and of a value that knows its gradient."""

# ---- methods as functions --------------------------------------------------------------------------------------------


def hoist(
    definition: ast.ClassDef, namespace: dict[str, Any], compiled: Callable[[ast.stmt], CodeType],
    marks: Collection[str] = (),
) -> dict[str, ast.FunctionDef]:  # fmt: skip
    """The methods of a class, each as a function in the namespace that the class calls.

    Args:
        compiled: compiles a definition. marks: see `marked`.
    """
    cls = namespace[definition.name]
    methods = [node for node in definition.body if isinstance(node, ast.FunctionDef)]
    hoisted: dict[str, ast.FunctionDef] = {}
    for method in methods:
        decorators = [getattr(node, "id", "") for node in method.decorator_list]
        special = method.name.startswith("__") and method.name.endswith("__") and method.name not in _HOISTED
        if special or not method.args.args or decorators not in ([], ["staticmethod"]) or _needs_its_class(method):
            continue
        function = copy.deepcopy(method)
        function.name, function.decorator_list = f"{definition.name}.{method.name}", []
        if not decorators:
            called = {other.name for other in methods}
            for this in _holders(function):
                _Flat(this, called).visit(function)
        mark(function, marks)
        exec(compiled(attributes(function)), namespace)
        name = _mangled(method.name, definition.name)
        setattr(cls, name, _calling(function.name, namespace, getattr(cls, name), static=bool(decorators)))
        hoisted[function.name] = function
    return hoisted


def marked(tree: ast.AST) -> set[str]:
    """The attributes under which a file keeps the gradient of an array beside it, and the array: `inp.g`, `x.data`."""
    gradients = {*left_on([tree])}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            kept = {*stored(node)}
            if any(IN_BOX.fullmatch(name) for name in kept) and kept & _ARRAYS:
                gradients |= {name for name in kept if IN_BOX.fullmatch(name)} | kept & _ARRAYS
    return gradients


def mark(function: ast.FunctionDef, marks: Collection[str]) -> None:
    """Make one name of every place in a function that holds a gradient, or the array that it belongs to."""
    if marks:
        _Marks(marks).visit(function)


def _holders(function: ast.FunctionDef) -> list[str]:
    """The names whose attributes are read as names: `self`; where a function inside sets attributes, all that it sets
    any of."""
    inside = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef) and node is not function]
    targets = [node for inner in inside for node in ast.walk(inner) if isinstance(node, ast.Attribute)]
    names = [node.value.id for node in targets if isinstance(node.value, ast.Name)]
    return list(dict.fromkeys([function.args.args[0].arg, *(names if function.name.count("__") else [])]))


def _needs_its_class(method: ast.FunctionDef) -> bool:
    """It says super() or __class__, which Python fills in."""
    return any(isinstance(node, ast.Name) and node.id in ("super", "__class__") for node in ast.walk(method))


def _mangled(name: str, of: str) -> str:
    """What Python makes of a name inside a class: `__x` in Net is `_Net__x`."""
    return f"_{of.lstrip('_')}{name}" if of and name.startswith("__") and not name.endswith("__") else name


def _calling(name: str, namespace: dict[str, Any], original: Any, static: bool) -> Any:
    @functools.wraps(original)
    def method(*args: Any, **kwargs: Any) -> Any:
        return namespace[name](*args, **kwargs)

    return staticmethod(method) if static else method


class _Flat(ast.NodeTransformer):
    """`self.x` as one name, unless x is a method."""

    def __init__(self, this: str, methods: set[str]):
        self.this, self.methods = this, methods

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == self.this and node.attr not in self.methods:
            return ast.copy_location(ast.Name(f"{self.this}.{node.attr}", node.ctx), node)
        return node


class _Marks(ast.NodeTransformer):
    """`inp.g` and `self.inp.g` as one name each."""

    def __init__(self, marks: Collection[str]):
        self.marks = marks

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.attr in self.marks:
            return ast.copy_location(ast.Name(f"{node.value.id}.{node.attr}", node.ctx), node)
        return node


def _deep(node: Any, of: str) -> Any:
    """The name "self.x" as the attribute that it is, and private names as Python has them inside the class `of`.

    Copied is what changes and what stands around it; the rest is shared with the tree: a copy of all takes longer than
    to compile it, and every edit that is tried is compiled.
    """
    if isinstance(node, ast.Name):
        return _place(node, of) if of or "." in node.id else node
    changed: dict[str, Any] = {}
    for field in node._fields:
        value = getattr(node, field, None)
        if isinstance(value, list):
            parts = [_deep(part, of) if isinstance(part, ast.AST) else part for part in value]
            if any(part is not before for part, before in zip(parts, value)):
                changed[field] = parts
        elif isinstance(value, ast.AST) and value._fields:
            part = _deep(value, of)
            if part is not value:
                changed[field] = part
        elif field == "attr" and (name := _mangled(node.attr, of)) != node.attr:
            changed[field] = name
    if not changed:
        return node
    kind: Any = type(node)
    twin = kind.__new__(kind)
    twin.__dict__.update(node.__dict__, **changed)
    return twin


def _place(node: ast.Name, of: str) -> ast.expr:
    this, *places = node.id.split(".")
    if not places and _mangled(this, of) == this:
        return node
    made: ast.expr = ast.Name(this if places else _mangled(this, of), ast.Load() if places else node.ctx)
    for i, place in enumerate(places, 1):
        made = ast.Attribute(made, _mangled(place, of), node.ctx if i == len(places) else ast.Load())
    for part in ast.walk(made):
        ast.copy_location(part, node)
    return made


def attributes(function: ast.FunctionDef) -> ast.FunctionDef:
    """A function as it can be compiled: names with a dot become attributes again."""
    deep: ast.FunctionDef = _deep(function, _class_of(function.name))
    return deep


def placed(node: ast.expr, function: str) -> ast.expr:
    """The same of an expression in a function of this name."""
    deep: ast.expr = _deep(node, _class_of(function))
    return deep


def _class_of(function: str) -> str:
    return function.partition(".")[0] if "." in function else ""


def holds_attributes(tree: ast.AST) -> bool:
    """Whether a name in it stands for an attribute."""
    return any("." in its.id for its in ast.walk(tree) if isinstance(its, ast.Name))


def is_abstract(method: ast.FunctionDef) -> bool:
    """It says nothing but `pass` or `raise`."""
    body = [node for node in method.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    return all(isinstance(node, ast.Pass | ast.Raise) for node in body)
