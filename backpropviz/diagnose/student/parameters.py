"""What a layer of a class learns, and where it leaves the gradients: attributes, dictionaries, lists of any name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

_STATE = re.compile(r"(running|moving|run|mov)_?|cache|mask|velocity|momentum|optim", re.IGNORECASE)
_GRADIENTS = re.compile(r"d|grads?|gradients?|deltas?|dparams?", re.IGNORECASE)
IN_BOX = re.compile(r"g|d|grads?|gradients?|\w*_grad|grad_\w*|dout|delta")
"""What an object that stands for one array calls its gradient."""
_BEFORE = "d|dl|dld|djd|ded|dcd|dlossd|grad|gradient|grads|gradof|gradientof|gradd|delta|nabla|g"
_AFTER = "grad|gradient|delta|d|g"
_ALIASES = (
    ("w", "weight", "weights", "kernel", "theta"),
    ("b", "bias", "biases"),
    ("gamma", "scale"),
    ("beta", "shift"),
)


@dataclass(frozen=True)
class Parameter:
    """One array that a layer learns.

    Attributes:
        path: where it is, as written behind `layer.`. gradient: where its gradient is left, if that was found.
        shape: its shape. single: it is in single precision.
    """

    path: str
    gradient: str
    shape: tuple[int, ...]
    single: bool = False


def learned(
    layer: Any, definition: ast.ClassDef, given: dict[str, Any], backward: ast.AST | None = None,
    classes: Sequence[ast.ClassDef] = (),
) -> dict[str, Parameter]:  # fmt: skip
    """The parameters of a layer by name, and of the layers that it is made of: W1 is that of the first of these.

    Args:
        layer: one that was made. definition: its class. given: the arrays it was made from, by name. backward: the pass
            that may take a step, from which what is learned is read off. classes: those that a part may be of.
    """
    kept = list(stored(definition))
    stepped = {*_stepped(backward)} if backward is not None else set()
    found: dict[str, Parameter] = {}
    for path, name, value in _arrays(layer, given):
        if any(_gradient(name, other) for other in found) or _is_state(name, given):
            continue
        places = [place for place in kept if _keeps(place, name, path)]
        places.sort(key=lambda place: not place.endswith(name))  # dLdW0 of W0, where there is a dLdW as well
        gradient = next(iter(places), "") or _beside(layer, path)
        owner, dot, _ = path.rpartition(".")
        if dot:  # the gradient is in the same object
            _, gradient = in_box(getattr(layer, owner)) or ("", "")
            gradient = f"{owner}.{gradient}"
        if gradient or name in given or _known(name) or path in stepped:
            found[name] = Parameter(path, gradient, value.shape, value.dtype != np.float64)
    parts = _of_parts(layer, {its.name: its for its in classes}, {*found})
    listed = [held_at(layer, its.path) for its in found.values()]  # a network may list the arrays of its layers
    new = {name for name, its in parts.items() if not any(held_at(layer, its.path) is one for one in listed)}
    return found | {name: its for name, its in parts.items() if name in new}


def held_at(layer: Any, path: str) -> Any:
    """What a layer holds at a place, as it is written behind `layer.`"""
    return eval(f"layer.{path}", {"layer": layer})


def _of_parts(layer: Any, classes: Mapping[str, ast.ClassDef], taken: set[str]) -> dict[str, Parameter]:
    """The parameters of the layers in a list, or in attributes, of another one, that leave their gradients behind."""
    found: dict[str, Parameter] = {}
    number = 0
    for path, part in _parts(layer):
        definition = classes.get(type(part).__name__)
        if definition is None or in_box(part) is not None:
            continue
        stepped = {*_stepped(definition)}
        its = learned(part, definition, {}, definition)
        its = {name: one for name, one in its.items() if one.gradient or one.path in stepped}
        number += bool(its)
        for name, one in its.items():
            called = f"{name}_{number}" if name[-1].isdigit() else f"{name}{number}"
            called = f"{path.replace('[', '_').rstrip(']')}_{name}" if called in taken else called
            gradient = f"{path}.{one.gradient}" if one.gradient else ""
            found[called] = replace(one, path=f"{path}.{one.path}", gradient=gradient)
    return found


def _parts(layer: Any) -> Iterator[tuple[str, Any]]:
    """The objects that another one holds, in lists and in attributes, each once, with where they are."""
    seen: list[Any] = []
    for name, value in vars(layer).items():
        several = isinstance(value, list | tuple)
        for path, part in [(f"{name}[{i}]", its) for i, its in enumerate(value)] if several else [(name, value)]:
            if hasattr(part, "__dict__") and not any(part is other for other in seen):
                seen.append(part)
                yield path, part


def _arrays(layer: Any, given: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Every array of floats that a layer holds, once: where it is, what it is called, the array."""
    seen: list[Any] = []
    for path, name, value in _places(layer, given):
        is_array = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        is_array = is_array and (
            value.size > 1 or (value.ndim > 0 and (_known(name.rpartition("_")[2]) or name.startswith("b")))
        )
        if is_array and name.isidentifier() and not any(value is other for other in seen):
            seen.append(value)
            yield path, name, value


def _places(layer: Any, given: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    held = vars(layer)
    for name, value in held.items():
        if isinstance(value, list | tuple) and not _GRADIENTS.fullmatch(name):
            for i, item in enumerate(value):
                own = next((n for n, v in [*held.items(), *given.items()] if v is item), f"{name}{i}")
                yield f"{name}[{i}]", own, item
    for name, value in held.items():
        yield name, name, value
        if box := in_box(value):
            yield f"{name}.{box[0]}", name, getattr(value, box[0])
        if isinstance(value, dict) and not _STATE.search(name) and not _GRADIENTS.fullmatch(name):
            yield from _items(name, value)


def _items(holder: str, values: Mapping[Any, Any], of: str = "") -> Iterator[tuple[str, str, Any]]:
    """What a dictionary holds by words, and dictionaries in it: `l1_W` of `params["l1"]["W"]`."""
    for key, item in values.items():
        if isinstance(key, str):
            yield f"{holder}[{key!r}]", f"{of}{key}", item
            if isinstance(item, dict):
                yield from _items(f"{holder}[{key!r}]", item, f"{of}{key}_")


def in_box(value: Any) -> tuple[str, str] | None:
    """Of an object that holds one array and its gradient, and no more arrays, the attributes that do."""
    if type(value).__module__ == "builtins" or isinstance(value, np.ndarray | type) or not hasattr(value, "__dict__"):
        return None
    held = vars(value)
    gradients = [name for name in held if IN_BOX.fullmatch(name)]
    arrays = [name for name, its in held.items() if isinstance(its, np.ndarray) and name not in gradients]
    return (arrays[0], gradients[0]) if len(arrays) == len(gradients) == 1 else None


def left_on(functions: Iterable[ast.AST]) -> list[str]:
    """The attributes, called like gradients, that functions assign on anything but `self`.

    >>> left_on([ast.parse("self.inp.g = 1; self.dx = 2; out.grad += 3; x.shape = 4")])
    ['g', 'grad']
    """
    return list(dict.fromkeys(name for function in functions for _, name in _left(function)))


def gradients_of(function: ast.AST) -> tuple[set[str], set[str]]:
    """The names on which a function leaves gradients (`inp` of `inp.g = ...`), and those that it reads them off.

    >>> gradients_of(ast.parse("inp.g = out.g @ w.T"))
    ({'inp'}, {'out'})
    """
    left = [*_left(function)]
    marks = {name for _, name in left}
    places = [ast.unparse(node) for node in ast.walk(function) if isinstance(node, ast.Attribute | ast.Name)]
    held = {holder for holder, _, name in (place.rpartition(".") for place in places) if name in marks}
    filled = {holder for holder, _ in left}
    return filled, held - filled


def _left(function: ast.AST) -> Iterator[tuple[str, str]]:
    """What holds a gradient that a function assigns, and what it is called there."""
    for node in ast.walk(function):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            place = target.value if isinstance(target, ast.Subscript) else target
            holder, _, name = ast.unparse(place).rpartition(".") if place is not None else ("", "", "")
            if holder not in ("", "self") and IN_BOX.fullmatch(name):
                yield holder, name


def stored(definition: ast.AST) -> Iterator[str]:
    """The places behind `self.` that a class, or a method, assigns."""
    for node in ast.walk(definition):
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        for target in [part for t in targets for part in getattr(t, "elts", [t])]:
            if isinstance(target, ast.Attribute | ast.Subscript):
                if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant | ast.Slice):
                    whole = isinstance(target.slice, ast.Slice) or target.slice.value is Ellipsis
                    yield ast.unparse(target.value if whole else target).partition(".")[2]
                else:
                    yield ast.unparse(target).partition(".")[2]


def _stepped(function: ast.AST) -> Iterator[str]:
    """The places behind `self.` that a function takes a step from: `self.W -= lr * dW`, `self.W += step`."""
    for node in ast.walk(function):
        target = getattr(node, "target", None) or next(iter(getattr(node, "targets", [])), None)
        value = getattr(node, "value", None)
        taken = isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub | ast.Add)
        if isinstance(node, ast.Assign) and isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub | ast.Add):
            taken = target is not None and ast.unparse(value.left) == ast.unparse(target)
        if taken and isinstance(target, ast.Attribute | ast.Subscript):
            place = target.value if isinstance(target, ast.Subscript) else target
            if isinstance(place, ast.Attribute):
                yield place.attr


def step_size(function: ast.AST) -> str:
    """The number that every step of a function is multiplied by, as written; empty where there is none, or several.

    >>> step_size(ast.parse("self.W1 -= 0.1 * dW1; self.W2 -= 0.1 * dW2"))
    '0.1'
    """
    steps = [
        n.value for n in ast.walk(function) if isinstance(n, ast.AugAssign) and isinstance(n.op, ast.Sub | ast.Add)
    ]
    found = set()
    for its in steps:
        factors = [its.left, its.right] if isinstance(its, ast.BinOp) and isinstance(its.op, ast.Mult) else []
        found |= {repr(n.value) for n in factors if isinstance(n, ast.Constant) and type(n.value) is float} or {""}
    return found.pop() if len(found) == 1 else ""


def _keeps(place: str, name: str, path: str) -> bool:
    """Whether a place holds the gradient of the parameter of this name."""
    holder, bracket, key = place.rstrip("]").partition("[")
    key = key.strip("'\"")
    if bracket and key.isdigit():  # grads[0] goes with params[0]
        return bool(_GRADIENTS.fullmatch(holder)) and path.endswith(f"[{key}]")
    if "][" in path:  # grads["l1"]["W"] goes with params["l1"]["W"]
        return bool(_GRADIENTS.fullmatch(holder)) and place.removeprefix(holder) == path[path.index("[") :]
    if bracket:
        return (bool(_GRADIENTS.fullmatch(holder)) and (key == name or _gradient(key, name))) or _gradient(key, name)
    return _gradient(holder, name)


def _beside(layer: Any, path: str) -> str:
    """The place in a list of gradients that goes with one in a list of parameters."""
    holder, bracket, _ = path.partition("[")
    values = vars(layer).get(holder)
    for other, gradients in vars(layer).items():
        alike = isinstance(gradients, list) and isinstance(values, list) and len(gradients) == len(values)
        if bracket and alike and other != holder and _GRADIENTS.fullmatch(other):
            return f"{other}{path.removeprefix(holder)}"
    return ""


def _gradient(written: str, name: str) -> bool:
    """Whether a name says that it is the gradient of another: dW, dLdW, grad_w, weights_grad of W.

    >>> _gradient("dLdW", "W"), _gradient("bias_grad", "b"), _gradient("dinputs", "weights")
    (True, True, False)
    """
    bare, of = (re.sub(r"[^a-z]", "", text.lower()) for text in (written, name))
    called = "|".join(next((names for names in _ALIASES if of in names), (of,)))
    return bool(re.fullmatch(f"(?:{_BEFORE})(?:{called})|(?:{called})(?:{_AFTER})", bare))


def aliases(name: str) -> tuple[str, ...]:
    """The names in small letters that gradients call a parameter by: "w" and "weight" for weights.

    >>> aliases("bias"), aliases("bias_h"), aliases("table")
    (('b', 'bias', 'biases'), ('bh', 'biash', 'biasesh'), ())
    """
    stem, _, rest = name.lower().partition("_")
    return tuple(its + rest.replace("_", "") for names in _ALIASES if stem in names for its in names)


def _known(name: str) -> bool:
    """Whether a name is that of a weight or a bias: alone, numbered, or of some part of a network.

    >>> [_known(name) for name in ("W1", "weights_input_to_hidden", "hidden_bias", "table")]
    [True, True, True, False]
    """
    parts = name.lower().rstrip("0123456789_").split("_")
    return any({parts[0], parts[-1]} & {*names} for names in _ALIASES[:2]) or any(parts[0] in its for its in _ALIASES)


def _is_state(name: str, given: dict[str, Any]) -> bool:
    return bool(_STATE.search(name)) and name not in given
