"""How to make a network that is handed its layers: in a list, one by one, or as arguments of their own."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from typing import Any

from backpropviz.diagnose.pairs.protocols.handing import required
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
    arguments = init.args.args[1:] if init is not None else []
    asked = required(init, is_method=True) if init is not None else []
    holders = [its.arg for its in arguments if _LAYERS.fullmatch(its.arg)]
    # on layers of one size, those in the wrong order do not fail
    for layers in filter(None, (_layers(definition, namespace, sizes) for sizes in (_SIZES, _SIZES[1:2] * 3))):
        every = f"[{', '.join(layers)}]"
        if init is not None and init.args.vararg is not None and not asked:
            yield f"{definition.name}({', '.join(layers)})"
        if holders and {*asked} <= {its for its in asked if _LAYERS.fullmatch(its) or _COST.fullmatch(its)}:
            given = [f"{name}={every if name == holders[0] else _cost(namespace)}" for name in (holders[:1] + asked)]
            yield f"{definition.name}({', '.join(dict.fromkeys(given))})"
        for method in definition.body:
            if not asked and isinstance(method, ast.FunctionDef) and _adds(method):
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


def _layers(network: ast.ClassDef, namespace: dict[str, Any], sizes: tuple[int, ...]) -> list[str]:
    """The calls that make three layers of these sizes, the first and the last with weights; empty where the file has no
    such class.
    """
    every = [its for its in namespace["__classes__"] if its is not network and _has_passes(its)]
    dense = [its for its in every if _DENSE.search(its.name) and len(_to_be_told(its)) == 2]
    between = [its for its in every if _ACTIVATION.search(its.name) and not _to_be_told(its)]
    if not dense:
        return []
    first, last = (f"{dense[0].name}({n}, {m})" for n, m in itertools.pairwise(sizes))
    return [first, *(f"{its.name}()" for its in between[:1]), last]


def _has_passes(definition: ast.ClassDef) -> bool:
    methods = [node for node in definition.body if isinstance(node, ast.FunctionDef) and not is_abstract(node)]
    return len([its for its in methods if not its.name.startswith("__") or its.name == "__call__"]) > 1


def _to_be_told(definition: ast.ClassDef) -> list[str]:
    """What has to be told to make an object of a class."""
    for node in definition.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            return required(node, is_method=True)
    return []


def _cost(namespace: dict[str, Any]) -> str:
    """A loss of the file's, made."""
    costs = [its.name for its in namespace["__classes__"] if _COSTS.search(its.name) and not _to_be_told(its)]
    return f"{costs[0]}()" if costs else "None"
