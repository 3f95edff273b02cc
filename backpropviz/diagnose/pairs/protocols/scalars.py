"""Autograd engines of scalar values: a class with operators, each of which leaves a closure that passes gradients on.

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out

Every operator is looked at alone: its closure is called once, with gradients that are there already (`=` for `+=`
shows).
Then the whole engine, on a graph in which values are used twice at different depths (an order that is none shows).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from backpropviz.diagnose.pairs.protocols.record import Adapter, Wrapped
from backpropviz.diagnose.pairs.protocols.writing import function_text

OPERATORS = {
    "__add__": "a + b", "__mul__": "a * b", "__sub__": "a - b", "__truediv__": "a / b", "__pow__": "a ** 3",
    "__neg__": "-a", "__radd__": "2.0 + a", "__rmul__": "2.0 * a", "__rsub__": "2.0 - a", "__rtruediv__": "2.0 / a",
}  # fmt: skip
_THERE = 0.75, -0.5  # the gradients that two values have already
GRAPHS = ("c * c + c * a + d", "c * d + a * b", "c * c * d")
"""Of `c = a * b + a` and `d = c + b`: both are used again behind what uses them."""


def methods_of(definition: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in definition.body if isinstance(node, ast.FunctionDef)}


def goes_back(method: str) -> bool:
    """Whether a method is the backward pass, by its name."""
    return "backward" in method or "backprop" in method


def graphs_of() -> list[str]:
    """The graphs as expressions of a and b."""
    return [f"(lambda c: (lambda d: {graph})(c + b))(a * b + a)" for graph in GRAPHS]


def is_engine(definition: ast.ClassDef) -> bool:
    """Whether a class is one of scalar values: it has operators with functions inside, and a backward pass."""
    methods = methods_of(definition)
    inside = [name for name in ("__add__", "__mul__") if name in methods and _closures(methods[name])]
    return bool(inside) and any(map(goes_back, methods))


def _closures(method: ast.FunctionDef) -> list[ast.stmt]:
    return [node for node in ast.walk(method) if isinstance(node, ast.FunctionDef) and node is not method]


def adapters(definition: ast.ClassDef, namespace: dict[str, Any]) -> Iterator[Adapter]:
    """The functions around an engine: one pair for every operator that has a closure, one for the whole."""
    methods = methods_of(definition)
    name, stem = definition.name, definition.name.lower()
    held = _held(name, namespace)
    if held is None:
        return
    data, grad, closure = held
    for method in methods.values():
        code = OPERATORS.get(method.name) or f"a.{method.name}()"
        takes = [argument.arg for argument in method.args.args[1:]][
            : len(method.args.args) - len(method.args.defaults) - 1
        ]
        known = method.name in OPERATORS or (not takes and not method.name.startswith("__"))
        if not known or not _closures(method) or "backward" in method.name:
            continue
        both = "b" in code.replace(method.name, "")
        yield _around(
            definition, method, f"{stem}_{method.name.strip('_')}", code, both,
            [f"out.{grad} = 1.7 * dout", f"out.{closure}()"], (data, grad),
        )  # fmt: skip
    whole = next((m for m in methods.values() if goes_back(m.name)), None)
    if whole is None or not {"__add__", "__mul__"} <= {*methods}:
        return
    made = [f"a, b = {name}(float(a_)), {name}(float(b_))"]
    forward = ["a_, b_, total = a, b, 0.0"]
    backward = ["(a_, b_), da, db = cache, 0.0, 0.0"]
    for graph in graphs_of():
        forward += [*made, f"total += ({graph}).{data}"]
        backward += [*made, f"out = {graph}", f"out.{whole.name}()", f"da, db = da + a.{grad}, db + b.{grad}"]
    text = function_text(f"{stem}_graph_forward", ["a", "b"], [*forward, "return total, (a_, b_)"])
    text += function_text(f"{stem}_graph_backward", ["dout", "cache"], [*backward, "return da, db"])
    own = f"{name}.{whole.name}"
    wrapped = Wrapped(own, own, whole.lineno, {"a": (), "b": ()}, said="; ".join(GRAPHS))
    yield Adapter(text, f"{stem}_graph_forward", f"{stem}_graph_backward", wrapped)


def _held(name: str, namespace: dict[str, Any]) -> tuple[str, str, str] | None:
    """The attributes with the number, its gradient and the closure; None where they are not found."""
    try:
        a, b = namespace[name](3.0), namespace[name](5.0)
        out = a * b
    except Exception:  # it is made of something else
        return None
    numbers = [key for key, value in vars(a).items() if value == 3.0 and isinstance(value, float)]
    gradients = [key for key, value in vars(a).items() if "grad" in key and isinstance(value, int | float)]
    closures = [key for key, value in vars(out).items() if callable(value) and not isinstance(value, type)]
    if not numbers or not gradients or not closures:
        return None
    return numbers[0], gradients[0], closures[0]


def _around(
    definition: ast.ClassDef, method: ast.FunctionDef, stem: str, code: str, both: bool, back: list[str],
    kept: tuple[str, str],
) -> Adapter:  # fmt: skip
    data, grad = kept
    names = ["a", "b"][: 1 + both]
    forward = [f"{name} = {definition.name}(float({name}))" for name in names]
    forward += [f"out = {code}", f"return 1.7 * out.{data}, ({', '.join(names)}, out)"]
    backward = [f"{', '.join(names)}, out = cache"]
    backward += [f"{name}.{grad} = {value}" for name, value in zip(names, _THERE)]
    backward += [*back, *(f"d{name} = {name}.{grad} - {value}" for name, value in zip(names, _THERE))]
    backward.append(f"return {', '.join(f'd{name}' for name in names)}")
    text = function_text(f"{stem}_forward", names, forward) + function_text(
        f"{stem}_backward", ["dout", "cache"], backward
    )
    own = f"{definition.name}.{method.name}"
    wrapped = Wrapped(own, own, method.lineno, dict.fromkeys(names, ()), said=code)
    return Adapter(text, f"{stem}_forward", f"{stem}_backward", wrapped)
