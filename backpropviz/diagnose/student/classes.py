"""Layers as classes, made into the functions that everything else here works on.

Each method becomes a function of its own (`Linear.forward`), which the class calls, so that it can be watched and
edited like any other; in its syntax tree `self.x` is one name. And each class with a forward and a backward pass gets a
pair of functions around it:

    def linear_forward(x, W, b):                        def linear_backward(dout, layer):
        layer = Linear(W.shape[0], W.shape[1])              layer = copy.deepcopy(layer)
        layer.W[...], layer.b[...] = W, b                   dx = layer.backward(dout)
        out = layer.forward(x)                              return dx, layer.dW, layer.db
        return out, layer
"""

from __future__ import annotations

import ast
import contextlib
import copy
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from backpropviz.diagnose.student.parameters import learned
from backpropviz.diagnose.student.work import work_limit

FORWARD, BACKWARD = ("forward", "__call__", "fprop", "f"), ("backward", "bprop", "backprop")
_SIZES = (3, 5, 7)
_ARRAY = re.compile(r"w|b|weights?|bias(es)?|gamma|beta|kernel|filters|params", re.IGNORECASE)
_SETTINGS = ("eps", "epsilon", "alpha", "slope", "stride", "pad", "padding")
_LENGTHS = {"kernel": 3, "filter_size": 3, "ksize": 3, "stride": 1, "pad": 1, "pool": 2}


@dataclass(frozen=True)
class Wrapped:
    """A class whose layer goes by a pair of functions: the methods they stand for, the line of the second, the shapes
    of what it learns, and of which of that no gradient was found."""

    forward: str
    backward: str
    line: int
    shapes: dict[str, tuple[int, ...]]
    unseen: tuple[str, ...] = ()


# ---- methods as functions --------------------------------------------------------------------------------------------


def hoist(
    definition: ast.ClassDef, namespace: dict[str, Any], compiled: Callable[[ast.stmt], CodeType]
) -> dict[str, ast.FunctionDef]:
    """The methods of a class, each as a function in the namespace that the class calls.

    Args:
        compiled: compiles a definition.
    """
    cls = namespace[definition.name]
    methods = [node for node in definition.body if isinstance(node, ast.FunctionDef)]
    hoisted: dict[str, ast.FunctionDef] = {}
    for method in methods:
        decorators = [getattr(node, "id", "") for node in method.decorator_list]
        special = method.name.startswith("__") and method.name.endswith("__") and method.name != "__call__"
        if special or not method.args.args or decorators not in ([], ["staticmethod"]) or _needs_its_class(method):
            continue
        function = copy.deepcopy(method)
        function.name, function.decorator_list = f"{definition.name}.{method.name}", []
        if not decorators:
            _Flat(function.args.args[0].arg, {other.name for other in methods}).visit(function)
        exec(compiled(attributes(function)), namespace)
        setattr(
            cls, _mangled(method.name, definition.name), _calling(function.name, namespace, static=bool(decorators))
        )
        hoisted[function.name] = function
    return hoisted


def _needs_its_class(method: ast.FunctionDef) -> bool:
    """It says super() or __class__, which Python fills in."""
    return any(isinstance(node, ast.Name) and node.id in ("super", "__class__") for node in ast.walk(method))


def _mangled(name: str, of: str) -> str:
    """What Python makes of a name inside a class: `__x` in Net is `_Net__x`."""
    return f"_{of.lstrip('_')}{name}" if name.startswith("__") and not name.endswith("__") else name


def _calling(name: str, namespace: dict[str, Any], static: bool) -> Any:
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


class _Deep(ast.NodeTransformer):
    """The name "self.x" as the attribute that it is, and private names as Python has them inside the class."""

    def __init__(self, of: str):
        self.of = of

    def visit_Name(self, node: ast.Name) -> Any:
        this, dot, attribute = node.id.partition(".")
        if not dot:
            return ast.copy_location(ast.Name(_mangled(this, self.of), node.ctx), node)
        held = ast.Name(this, ast.Load())
        return ast.copy_location(ast.Attribute(held, _mangled(attribute, self.of), node.ctx), node)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        self.generic_visit(node)
        node.attr = _mangled(node.attr, self.of)
        return node


def attributes(function: ast.FunctionDef) -> ast.FunctionDef:
    """A function as it can be compiled: names with a dot become attributes again."""
    if "." not in function.name:
        return function
    deep: ast.FunctionDef = _Deep(function.name.partition(".")[0]).visit(copy.deepcopy(function))
    return ast.fix_missing_locations(deep)


def attributes_of(node: ast.expr) -> ast.expr:
    """An expression as it can be compiled: names with a dot become attributes again."""
    if not any(isinstance(inner, ast.Name) and "." in inner.id for inner in ast.walk(node)):
        return node
    deep: ast.expr = _Deep("").visit(copy.deepcopy(node))
    return deep


# ---- a pair of functions for each class ------------------------------------------------------------------------------


def wrappers(definitions: list[ast.ClassDef], namespace: dict[str, Any]) -> Iterator[tuple[str, Wrapped]]:
    """For each class with both passes: the text of the functions, and what they wrap."""
    for definition in definitions:
        methods = {node.name: node for node in definition.body if isinstance(node, ast.FunctionDef)}
        forward = next((methods[name] for name in FORWARD if name in methods), None)
        backward = next((methods[name] for name in BACKWARD if name in methods), None)
        if forward is None or backward is None or not forward.args.args or is_abstract(forward):
            continue
        with contextlib.suppress(Exception), warnings.catch_warnings(), np.errstate(all="ignore"), work_limit(100_000):
            warnings.simplefilter("ignore")
            yield _wrapper(definition, namespace, forward, backward)


def is_abstract(method: ast.FunctionDef) -> bool:
    """It says nothing but `pass` or `raise`."""
    body = [node for node in method.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    return all(isinstance(node, ast.Pass | ast.Raise) for node in body)


def _wrapper(
    definition: ast.ClassDef, namespace: dict[str, Any], forward: ast.FunctionDef, backward: ast.FunctionDef
) -> tuple[str, Wrapped]:
    call, arrays, settings = _construction(definition)
    sample = {name: np.ones(3 if re.match(r"b|gamma", name) else (3, 5)) for name in arrays}
    layer = eval(call, {**namespace, **sample, **settings})
    stem = re.sub(r"(?<=[a-z0-9])(Layer|Module|Node)$", "", definition.name).lower()  # ReLU is relu
    takes = _required(forward)
    upstream = [argument.arg for argument in backward.args.args[1:]]
    defaults = len(backward.args.defaults)
    is_loss = len(takes) > 1 and len(upstream) <= defaults
    kept = {} if is_loss else learned(layer, definition, sample)
    shapes = {name: its.shape for name, its in kept.items()}
    if stem.startswith("dropout") or not set(shapes.values()) <= {_SIZES[:1], _SIZES[:2], _SIZES[1:2]}:
        stem = f"{stem}_layer"  # W as (out, in), b as (1, out): not the layer that courses call so
    call = _sized(call, shapes)
    names = [*takes, *dict.fromkeys([*arrays, *(name for name in kept if name not in arrays)])]
    options = [f"{name}={value!r}" for name, value in settings.items()]
    # parameters in single precision are filled in double: what is compared is the code, not its rounding
    fill = {True: "layer.{} = {}.copy()", False: "layer.{}[...] = {}"}
    start = [f"layer = {call}", *(fill[its.single].format(its.path, name) for name, its in kept.items())]
    run = f"layer.{forward.name}({', '.join(takes)})"
    method = f"{definition.name}.{backward.name}"
    if is_loss:
        name = stem if stem.endswith("loss") else f"{stem}_loss"
        body = [*start, f"loss = {run}", f"dx = layer.{backward.name}()", "return loss, dx"]
        its = Wrapped(f"{definition.name}.{forward.name}", method, backward.lineno, {})
        return _function(name, [*names, *options], body), its
    gradients = {f"d{name}": its.gradient for name, its in kept.items() if its.gradient}
    results = [f"return layer.{backward.name}(dout)"]
    unseen = tuple(name for name, its in kept.items() if not its.gradient)
    if _returns(backward) > 1:
        unseen = ()
    elif gradients:
        results = [f"d{takes[0]} = layer.{backward.name}(dout)"]
        results += [f"{name} = layer.{place}" for name, place in gradients.items()]
        results += [f"return {', '.join([f'd{takes[0]}', *gradients])}"]
    text = _function(f"{stem}_forward", [*names, *options], [*start, f"out = {run}", "return out, layer"])
    text += _function(f"{stem}_backward", ["dout", "layer"], ["layer = __copied__(layer)", *results])
    return text, Wrapped(f"{definition.name}.{forward.name}", method, backward.lineno, shapes, unseen)


def _sized(call: str, shapes: dict[str, tuple[int, ...]]) -> str:
    """The call with sizes that are read off the arrays: `Linear(W.shape[0], W.shape[1])` for `Linear(3, 4)`."""
    tree = ast.parse(call, mode="eval").body
    assert isinstance(tree, ast.Call)
    for i, argument in enumerate(tree.args):
        size = argument.value if isinstance(argument, ast.Constant) else None
        found = next((f"{name}.shape[{shape.index(size)}]" for name, shape in shapes.items() if size in shape), None)
        if found is not None and size in _SIZES:
            tree.args[i] = ast.parse(found, mode="eval").body
    return ast.unparse(tree)


def _function(name: str, parameters: list[str], body: list[str]) -> str:
    return f"def {name}({', '.join(parameters)}):\n" + "".join(f"    {line}\n" for line in body)


def _required(method: ast.FunctionDef) -> list[str]:
    """The parameters without a default, but for self."""
    arguments = method.args.args[1:]
    return [argument.arg for argument in arguments[: len(arguments) - len(method.args.defaults)]]


def _construction(definition: ast.ClassDef) -> tuple[str, list[str], dict[str, float]]:
    """How to make one: the call, the arrays in it by name, and the settings that keep their names (eps)."""
    init = next((n for n in definition.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
    if init is None:
        return f"{definition.name}()", [], {}
    sizes = iter(_SIZES)
    given: list[str] = []
    arrays: list[str] = []
    settings: dict[str, float] = {}
    for name in _required(init):
        length = next((value for word, value in _LENGTHS.items() if word in name.lower()), None)
        if length is not None:
            settings[name] = length
            given.append(name)
        elif _ARRAY.fullmatch(name):
            given.append(name)
            arrays.append(name)
        else:
            given.append(str(next(sizes)))
    optional = init.args.args[len(init.args.args) - len(init.args.defaults) :]
    for argument, default in zip(optional, init.args.defaults):
        value = default.value if isinstance(default, ast.Constant) else None
        is_length = any(word in argument.arg.lower() for word in _LENGTHS)
        if (argument.arg in _SETTINGS or is_length) and isinstance(value, int | float):
            settings[argument.arg] = value
            given.append(f"{argument.arg}={argument.arg}")
    return f"{definition.name}({', '.join(given)})", arrays, settings


def _returns(method: ast.FunctionDef) -> int:
    counts = [
        len(node.value.elts) if isinstance(node.value, ast.Tuple) else 1
        for node in ast.walk(method)
        if isinstance(node, ast.Return) and node.value is not None
    ]
    return max(counts, default=0)


COPIED: Callable[[Any], Any] = copy.deepcopy
"""Under `__copied__` in the namespace: gradients that are added up in the layer start anew with every backward pass."""
