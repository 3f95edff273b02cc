"""Autograd engines of arrays: a class with operators, whose results know what they came from and pass gradients on.

Each operation leaves a closure (see scalars.py), a list of functions, or whatever its author thought of: what can be
told from outside is that something is made from an array, computed with, and asked for its backward pass. So every
operation is looked at alone, on shapes that are broadcast where its code undoes that, then the whole on a graph in
which values are used again at different depths.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs.protocols.record import Adapter, Wrapped
from backpropviz.diagnose.pairs.protocols.scalars import GRAPHS, OPERATORS, goes_back, graphs_of, methods_of
from backpropviz.diagnose.pairs.protocols.writing import function_text

_SHAPE, _ROW, _NEXT = (3, 5), (5,), (5, 7)
_OPERATORS = {**OPERATORS, "__matmul__": "a @ b"}
_SWITCH = re.compile(r"requires_?grad|auto_?grad|needs_?grad|track_?grad")
"""What the parameter is called that asks for gradients at all."""
_PRODUCTS = {"__matmul__", "matmul", "mm", "dot"}
_OF_POSITIVE = {"log", "sqrt", "__pow__", "pow", "__truediv__", "div", "__rtruediv__"}


@dataclass(frozen=True)
class Engine:
    """How an engine's values are made and asked.

    Attributes:
        name: the class. made: the code that makes a value, of the code of an array. data, gradient: the attributes with
            the array and its gradient. closure: the attribute with the closure of an operation, if there is one.
        back: the code that starts the backward pass at a value `out`, with the upstream gradient `dout`.
    """

    name: str
    made: str
    data: str
    gradient: str
    closure: str
    back: str

    def slope(self, value: str) -> str:
        """The code of the gradient of a value, which may be a value itself, or none yet."""
        return f"__slope__({value}.{self.gradient}, {self.data!r}, {value}.{self.data})"


def slope(gradient: Any, data: str, array: Any) -> Any:
    """The gradient that an engine left somewhere, as an array."""
    if gradient is None:
        return np.zeros(np.shape(array))
    return np.array(
        gradient if isinstance(gradient, np.ndarray | float | int) else getattr(gradient, data), dtype=float
    )


GIVEN: dict[str, Any] = {"__slope__": slope, "__exp__": np.exp}
"""What the functions around an engine call."""


def is_engine(definition: ast.ClassDef) -> bool:
    """Whether a class may be one: it has operators and a backward pass."""
    methods = methods_of(definition)
    return bool({*methods} & {"__add__", "__mul__"}) and any(map(goes_back, methods))


def adapters(
    definition: ast.ClassDef, namespace: dict[str, Any], functions: dict[str, ast.FunctionDef]
) -> Iterator[Adapter]:
    """The functions around an engine: a pair for every operation, and one for the whole."""
    methods = methods_of(definition)
    engine = _engine(definition, namespace, methods)
    if engine is None:
        return
    stem = definition.name.lower()
    for method in methods.values():
        for code in _codes(method):
            own = f"{definition.name}.{method.name}"
            kind = code.removeprefix(f"a.{method.name}") if "(" in code and "()" not in code else ""
            suffix = "_axis" if "axis" in kind else ""
            found = _around(engine, f"{stem}_{method.name.strip('_')}{suffix}", method, own, code, namespace, functions)
            if found is not None:
                yield found
    for name, function in [*functions.items()]:
        takes = [its.arg for its in function.args.args]
        makes = any(getattr(getattr(n, "func", None), "id", "") == definition.name for n in ast.walk(function))
        if "." in name or name.startswith("_") or not makes or not 1 <= len(takes) <= 2 or function.args.defaults:
            continue
        code = f"{name}(a)" if len(takes) == 1 else f"{name}(a, b)"
        found = _around(engine, f"{stem}_of_{name}", function, name, code, namespace, functions)
        if found is not None:
            yield found
    whole = next(its for name, its in methods.items() if goes_back(name))
    if {"__add__", "__mul__"} <= {*methods}:
        yield _whole(engine, stem, whole)


def _codes(method: ast.FunctionDef) -> Iterator[str]:
    """How an operation is asked for: `a + b`, `a.relu()`, `a.sum(axis=1)`."""
    name = method.name
    decorators = [getattr(node, "id", "") for node in method.decorator_list]
    if name in _OPERATORS:
        yield _OPERATORS[name]
    elif name.startswith("_") or "backward" in name or "grad" in name or decorators not in ([], ["property"]):
        return
    elif decorators == ["property"]:
        if name == "T":
            yield f"a.{name}"
    else:
        every = [its.arg for its in method.args.args[1:]]
        required = every[: len(every) - len(method.args.defaults)]
        if not required:
            yield f"a.{name}()"
            if "axis" in every:
                yield f"a.{name}(axis=1)"
        elif required == ["axis"] or required == ["dim"]:
            yield f"a.{name}(1)"
        elif len(required) == 1 and (name in _PRODUCTS or required[0] in ("other", "o", "b", "y", "rhs")):
            yield f"a.{name}(b)"


def _engine(definition: ast.ClassDef, namespace: dict[str, Any], methods: dict[str, ast.FunctionDef]) -> Engine | None:
    """How the engine works; None where that is not found out."""
    array = np.array([[3.0, 5.0, 7.0], [2.0, 11.0, 13.0]])
    cls: Any = namespace[definition.name]
    try:
        flag = next(filter(_SWITCH.fullmatch, inspect.signature(cls).parameters), "")
        made = f"{definition.name}({{}}{f', {flag}=True' if flag else ''})"
        a, b = (eval(made.format("x.copy()"), {**namespace, "x": array}) for _ in range(2))
        out = a * b
        data = next(key for key, its in vars(a).items() if isinstance(its, np.ndarray) and np.array_equal(its, array))
        gradient = next(key for key in vars(a) if "grad" in key and key != flag and "fn" not in key)
    except Exception:  # it is made of something else
        return None
    closures = [key for key, its in vars(out).items() if callable(its) and not isinstance(its, type | cls)]
    whole = next(filter(goes_back, methods))
    takes = [its.arg for its in methods[whole].args.args[1:]]
    backs = [f"(out * {made.format('dout')}).sum().{whole}()"] if "sum" in methods and closures else []
    if takes:
        # an array has an attribute `data` as well: what is read off the gradient tells whether a value is wanted
        is_value = re.search(rf"\b{takes[0]}\.(_?data|{data})\b", ast.unparse(methods[whole])) is not None
        given = [f"out.{whole}(dout)", f"out.{whole}({definition.name}(dout))"]
        backs = [*given[:: -1 if is_value else 1], *backs]
    backs += [f"(out * {made.format('dout')}).sum().{whole}()", f"(out * {made.format('dout')}).{whole}()"]
    for back in backs:
        engine = Engine(definition.name, made, data, gradient, "", back)
        try:
            a, b = (eval(made.format("x.copy()"), {**namespace, "x": array}) for _ in range(2))
            known = {**namespace, **GIVEN, "a": a, "out": a * b, "dout": array}
            exec(back, known)
            if np.shape(eval(engine.slope("a"), known)) == array.shape:
                # where an operation left its closure, that alone is called
                return Engine(definition.name, made, data, gradient, closures[0] if len(closures) == 1 else "", back)
        except Exception:  # it is called in another way
            continue
    return None


def _undoes(function: ast.FunctionDef, functions: dict[str, ast.FunctionDef]) -> bool:
    """Whether an operation's gradients are summed over what was broadcast: in it, or in a function that it calls."""
    inner = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef | ast.Lambda)]
    inside = [node for its in (inner[1:] or inner) for node in ast.walk(its) if isinstance(node, ast.Call)]
    calls = [getattr(node.func, "attr", getattr(node.func, "id", "")) for node in inside]
    called = [functions[name] for name in calls if name in functions]
    sums = any(getattr(node, "attr", "") == "sum" for its in called for node in ast.walk(its))
    names = [getattr(node.func, "id", "") for node in ast.walk(function) if isinstance(node, ast.Call)]
    outer = [functions[name] for name in names if name in functions and functions[name] is not function]
    return "sum" in calls or sums or (not inner[1:] and any(_undoes(its, functions) for its in outer))


def _around(
    engine: Engine, stem: str, function: ast.FunctionDef, own: str, code: str, namespace: dict[str, Any],
    functions: dict[str, ast.FunctionDef],
) -> Adapter | None:  # fmt: skip
    """The functions around one operation; None where it does not run."""
    names = ["a", "b"][: 1 + ("b" in code.replace(function.name, ""))]
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(names, _SHAPE)
    if function.name in _PRODUCTS:
        shapes["b"] = _NEXT
    elif "b" in names and _undoes(function, functions):
        shapes["b"] = _ROW
    positive = function.name in _OF_POSITIVE
    put = [f"__exp__({name})" if positive else f"{name}.copy()" for name in names]
    made = [f"{', '.join(names)}, = {', '.join(map(engine.made.format, put))},"]
    forward = [f"kept = {', '.join(names)},", *made, f"out = {code}", f"return 1.0 * out.{engine.data}, kept"]
    backward = [f"{', '.join(names)}, = cache", f"kept = {', '.join(names)},", *made, f"out = {code}"]
    if engine.closure and any(isinstance(node, ast.FunctionDef) for node in ast.walk(function) if node is not function):
        backward += [f"{name}.{engine.gradient} = 0.75 + 0 * {name}.{engine.data}" for name in names]
        backward += [f"out.{engine.gradient} = dout + 0 * out.{engine.data}", f"out.{engine.closure}()"]
        got = [f"{engine.slope(name)} - 0.75" for name in names]
    else:
        backward.append(engine.back)
        got = [engine.slope(name) for name in names]
    scale = [f" * __exp__(kept[{i}])" if positive else "" for i in range(len(names))]
    backward.append(f"return {', '.join(f'({its}){more}' for its, more in zip(got, scale))}")
    text = function_text(f"{stem}_forward", names, forward) + function_text(
        f"{stem}_backward", ["dout", "cache"], backward
    )
    try:
        known = {**namespace, **GIVEN}
        exec(compile(text, "<around an engine>", "exec"), known)
        out, _ = known[f"{stem}_forward"](*(np.ones(shapes[name]) for name in names))
    except Exception:  # it takes something else
        return None
    if not isinstance(out, np.ndarray | float) or not np.isfinite(out).all():
        return None
    wrapped = Wrapped(own, own, function.lineno, dict(shapes), said=code)
    return Adapter(text, f"{stem}_forward", f"{stem}_backward", wrapped)


def _whole(engine: Engine, stem: str, backward: ast.FunctionDef) -> Adapter:
    """The functions around graphs in which values are used again."""
    made = f"a, b = {engine.made.format('a_.copy()')}, {engine.made.format('b_.copy()')}"
    forward = ["a_, b_, total = a, b, 0.0"]
    back = ["(a_, b_), da, db = cache, 0.0, 0.0"]
    for graph in graphs_of():
        forward += [made, f"total = total + ({graph}).{engine.data}"]
        back += [made, f"out = {graph}", engine.back]
        back.append(f"da, db = da + {engine.slope('a')}, db + {engine.slope('b')}")
    text = function_text(f"{stem}_graph_forward", ["a", "b"], [*forward, "return total, (a_, b_)"])
    text += function_text(f"{stem}_graph_backward", ["dout", "cache"], [*back, "return da, db"])
    own = f"{engine.name}.{backward.name}"
    wrapped = Wrapped(own, own, backward.lineno, {"a": _SHAPE, "b": _SHAPE}, said="; ".join(GRAPHS))
    return Adapter(text, f"{stem}_graph_forward", f"{stem}_graph_backward", wrapped)
