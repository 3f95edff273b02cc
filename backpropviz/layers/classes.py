"""Layers as classes: an object is made, with sizes that fit, and its forward pass is a function of what it holds."""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
from collections.abc import Mapping
from types import FunctionType
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.engine.holders import Flat
from backpropviz.engine.source import definition_of
from backpropviz.layers.choosing import FORWARD, Method


class Built:
    """A class's forward pass together with its construction, as one function of what the two take.

    `Built(...)(n_in=3, n_out=2, x=x)` makes a `Linear(3, 2)` and calls its `forward(x)`; arrays that the object holds
    can be given by their names.
    """

    def __init__(self, method: Method):
        self.method = method
        function = method.function
        self.__name__ = name_of(method.owner, method.name)
        self.__doc__ = function.__doc__ or method.owner.__doc__
        self.__code__, self.__globals__ = function.__code__, function.__globals__
        own = list(inspect.signature(function).parameters.values())
        self.this, self.takes = own[0].name, {p.name for p in own[1:]}
        made_from = [] if method.of_class else _parameters(method.owner)
        self.of_constructor = {p.name for p in made_from} - self.takes
        both = {p.name: p for p in (*(p for p in made_from if p.name in self.of_constructor), *own[1:])}
        named = [p for p in both.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        required = [p.replace(kind=p.POSITIONAL_OR_KEYWORD) for p in named if p.default is p.empty]
        optional = [p.replace(kind=p.KEYWORD_ONLY) for p in named if p.default is not p.empty]
        self.__signature__ = inspect.Signature([*required, *optional])

        self.held: dict[str, Array] = {}
        self.made_from_arrays = self.of_constructor & _asked(method.owner)

    def __call__(self, **arguments: Any) -> Any:
        return self.flat(arguments)(**{**self.held, **self.forward_arguments(arguments)})

    def holding(self, arrays: Mapping[str, Array]) -> Built:
        """The same, with these arrays in place of those that a new object holds."""
        other = copy.copy(self)
        other.held = dict(arrays)
        return other

    def forward_arguments(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments without those of the constructor."""
        return {name: value for name, value in arguments.items() if name not in self.of_constructor}

    def flat(self, arguments: Mapping[str, Any], seed: int = 0) -> Flat:
        """The forward pass of a new object, made from `arguments`, as a function of arrays by name.

        Random numbers of NumPy's old kind, which most constructors draw, are the same for the same seed.
        """
        owner = self.method.owner
        made_from = {name: value for name, value in arguments.items() if name in self.of_constructor}
        state = np.random.get_state()
        try:
            np.random.seed(seed % 2**32)
            this = owner if self.method.of_class else call_class(owner, made_from)
        finally:
            np.random.set_state(state)
        return Flat(self.method.function, {self.this: this}, self.__name__)

    def sample(self, arguments: Mapping[str, Any], seed: int) -> tuple[Flat, dict[str, Array]]:
        """A new object's forward pass, and values for the arrays it holds that show every gradient.

        What a constructor fills with one number (biases with 0, gamma with 1) is drawn from the seed, and so is what
        differs from one construction to the next.
        """
        flat = self.flat(arguments, seed)
        again = self.flat(arguments, seed)
        random = np.random.default_rng([seed, 11])
        drawn = {
            name: _drawn(name, array, random)
            for name, array in flat.arrays.items()
            if _is_uniform(array) or not np.array_equal(array, again.arrays.get(name, array), equal_nan=True)
        }
        with contextlib.suppress(Exception, SystemExit), np.errstate(all="ignore"):
            given = {**drawn, **self.forward_arguments(arguments)}
            first = flat(**given)
            first = first[0] if isinstance(first, tuple) and first else first
            if np.isfinite(np.asarray(first, dtype=float)).all():
                return flat, {**flat.arrays, **drawn}
        return flat, flat.arrays


def call_class(owner: type, arguments: Mapping[str, Any]) -> Any:
    """A new object; arguments that must stand at a position do."""
    parameters = _parameters(owner)
    ahead = [arguments[p.name] for p in parameters if p.kind is p.POSITIONAL_ONLY and p.name in arguments]
    rest = {p.name: arguments[p.name] for p in parameters if p.kind is not p.POSITIONAL_ONLY and p.name in arguments}
    return owner(*ahead, **rest)


def flat_of(this: Any, method: Method) -> Flat:
    """The forward pass of an object that is there."""
    (first, *_) = inspect.signature(method.function).parameters
    return Flat(method.function, {first: this}, name_of(method.owner, method.name))


def name_of(owner: type, method: str) -> str:
    """What a class's method is called outside of it: `Linear` for its forward pass."""
    return owner.__name__ if method in FORWARD else f"{owner.__name__}_{method}"


def _parameters(owner: type) -> list[inspect.Parameter]:
    """What a class is constructed from, but for `*args` and `**kwargs`."""
    try:
        parameters = inspect.signature(owner).parameters.values()
    except (ValueError, TypeError):
        return []
    return [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def _asked(owner: type) -> set[str]:
    """What the constructor takes and asks for its shape, as it is or as it keeps it: `self.x = x`, `self.x.shape`."""
    made_by = getattr(owner, "__init__", None)
    definition = definition_of(made_by.__code__) if isinstance(made_by, FunctionType) else None
    nodes = list(ast.walk(definition)) if definition is not None else []
    asked = {ast.unparse(node.value) for node in nodes if isinstance(node, ast.Attribute) and node.attr == "shape"}
    stored = [node for node in nodes if isinstance(node, ast.Assign)]
    kept = {ast.unparse(node.value) for node in stored if asked & {*map(ast.unparse, node.targets)}}
    return asked | kept


def _is_uniform(array: Array) -> bool:
    return array.size > 0 and bool((array == array.flat[0]).all())


def _drawn(name: str, array: Array, random: np.random.Generator) -> Array:
    from backpropviz.layers.conventions import POSITIVE  # what only some files need

    word = name.rpartition("_")[2] if name.rpartition("_")[2] in POSITIVE else name
    if word in POSITIVE or (array == 1).all():
        return np.asarray(random.uniform(0.5, 2.0, array.shape), array.dtype)
    scale = 1.0 if _is_uniform(array) else float(np.std(array))
    return np.asarray(random.normal(0.0, scale, array.shape), array.dtype)
