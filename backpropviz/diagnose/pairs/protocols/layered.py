"""How to make a network that is handed its layers: in a list, one by one, or as arguments of their own."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from typing import Any

from backpropviz.diagnose.student.classes import is_abstract

_LAYERS = re.compile(r"(\w+_)?(layers?|modules?|blocks?|nets?|sequence|components|ops)(_?list)?")
_COST = re.compile(r"(\w+_)?(loss|cost|criterion|objective)(_?(fn|func|function|layer|class))?")
_COSTS = re.compile(r"loss|cost|entropy|nll|mse|error|criterion|quadratic", re.IGNORECASE)
_DENSE = re.compile(r"linear|dense|affine|fc|fully|layer", re.IGNORECASE)
_ACTIVATION = re.compile(r"tanh|sigmoid|logistic|relu", re.IGNORECASE)
_SIZES = (3, 5, 7)


def added(network: Any, method: str, layers: list[Any]) -> Any:
    """A network that was handed its layers one by one."""
    for layer in layers:
        getattr(network, method)(layer)
    return network


GIVEN: dict[str, Any] = {"__added__": added}
"""What the calls that make a network call."""


def calls(definition: ast.ClassDef, init: ast.FunctionDef | None, namespace: dict[str, Any]) -> Iterator[str]:
    """The calls that make a network of a layer with weights, one without, and one with weights: of the file's own.

    Args:
        init: the network's constructor.
    """
    layers = _layers(definition, namespace)
    if not layers:
        return
    every = f"[{', '.join(layers)}]"
    arguments = init.args.args[1:] if init is not None else []
    required = [its.arg for its in arguments[: len(arguments) - len(init.args.defaults)]] if init is not None else []
    holders = [its.arg for its in arguments if _LAYERS.fullmatch(its.arg)]
    if init is not None and init.args.vararg is not None and not required:
        yield f"{definition.name}({', '.join(layers)})"
    if holders and {*required} <= {its for its in required if _LAYERS.fullmatch(its) or _COST.fullmatch(its)}:
        given = [f"{name}={every if name == holders[0] else _cost(namespace)}" for name in (holders[:1] + required)]
        yield f"{definition.name}({', '.join(dict.fromkeys(given))})"
    for method in definition.body:
        if not required and isinstance(method, ast.FunctionDef) and _adds(method):
            yield f"__added__({definition.name}(), {method.name!r}, {every})"


def _adds(method: ast.FunctionDef) -> bool:
    """Whether a method puts the one thing that it is handed into a list of the network's."""
    arguments = [its.arg for its in method.args.args[1:]]
    return len(arguments) == 1 and any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append"
        and [ast.unparse(its) for its in node.args] == arguments
        and ast.unparse(node.func.value).startswith("self.")
        for node in ast.walk(method)
    )  # fmt: skip


def _layers(network: ast.ClassDef, namespace: dict[str, Any]) -> list[str]:
    """The calls that make three layers, the first and the last with weights; empty where the file has no such class."""
    every = [its for its in namespace["__classes__"] if its is not network and _has_passes(its)]
    dense = [its for its in every if _DENSE.search(its.name) and len(_required(its)) == 2]
    between = [its for its in every if _ACTIVATION.search(its.name) and not _required(its)]
    if not dense:
        return []
    first, last = (f"{dense[0].name}({n}, {m})" for n, m in itertools.pairwise(_SIZES))
    return [first, *(f"{its.name}()" for its in between[:1]), last]


def _has_passes(definition: ast.ClassDef) -> bool:
    methods = [node for node in definition.body if isinstance(node, ast.FunctionDef) and not is_abstract(node)]
    return len([its for its in methods if not its.name.startswith("__") or its.name == "__call__"]) > 1


def _required(definition: ast.ClassDef) -> list[str]:
    """What a constructor has to be told."""
    for node in definition.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            arguments = node.args.args[1:]
            return [its.arg for its in arguments[: len(arguments) - len(node.args.defaults)]]
    return []


def _cost(namespace: dict[str, Any]) -> str:
    """A loss of the file's, made."""
    costs = [its.name for its in namespace["__classes__"] if _COSTS.search(its.name) and not _required(its)]
    return f"{costs[0]}()" if costs else "None"
