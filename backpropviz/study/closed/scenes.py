"""Runs of one layer on several shapes and draws: what a closed form is found on, and what it is held against."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpropviz.code.derive import Listing, listing
from backpropviz.engine.graph import Array, Node
from backpropviz.engine.trace import Trace
from backpropviz.errors import BackpropvizError
from backpropviz.layers.library import Layer

_SIZES, _TRIES = (3, 5, 7, 6, 9, 8, 10, 12), 12
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Scene:
    """One run: its record, its derived code, and the forward value of every gradient that has a name in that code."""

    trace: Trace
    listing: Listing
    gradients: dict[str, Node]
    forwards: dict[str, Node]

    @property
    def shapes(self) -> Shapes:
        return {name: node.shape for name, node in self.trace.inputs.items()}


def scene(trace: Trace, seed: int = 0) -> Scene:
    if not trace.upstream:  # random also for a loss: with an upstream gradient of 1, forms that forget it look right
        random = np.random.default_rng([seed, 1])
        wanted = [(node.name or "out", node) for node in trace.outputs if node.carries_gradient]
        trace.backward(
            {name: np.asarray(random.standard_normal(node.shape), node.value.dtype) for name, node in wanted}
        )
    code = listing(trace)
    of = {node.gradient: node for node in trace.nodes if node.gradient is not None}
    gradients = {statement.name: statement.node for statement in code.backward}
    gradients |= {str(node.name): node for node in trace.upstream.values()}
    return Scene(trace, code, gradients, {name: of[node] for name, node in gradients.items() if node in of})


def draws(layer: Layer, given: dict[str, Any], count: int, seed: int = 1) -> Iterator[Scene]:
    """`count` runs on random shapes, values and settings; fewer where the layer refuses too many of them.

    Every float setting is drawn anew: eps between 1e-8 and 1e-1, others down to half of what they are.
    """
    random = np.random.default_rng(seed)
    usual = {name: np.shape(value) for name, value in layer.arguments().items() if isinstance(value, np.ndarray)}
    options = _sample_options(layer)
    own = {name: shape for name, shape in options.items() if isinstance(shape, tuple) and name not in layer.settings}
    own = own or dict(itertools.islice(usual.items(), 1))
    for number in range(count):
        for attempt in range(_TRIES):
            shapes = _shapes(own, random, whole=attempt >= _TRIES // 2)
            try:
                trace = layer.trace(
                    {**_settings(layer, random, options), **given}, seed=seed * 1000 + number, shapes=shapes
                )
                yield scene(trace, seed=number)
                break
            except BackpropvizError:
                continue


def _sample_options(layer: Layer) -> dict[str, Any]:
    """What the file's sample can be asked for, with the defaults: shapes, and settings that it depends on."""
    name = layer.function.__name__
    maker = getattr(layer.module, f"sample_{name}", None) or getattr(layer.module, "sample", None)
    return {p.name: p.default for p in inspect.signature(maker).parameters.values()} if maker else {}


def _shapes(usual: Shapes, random: np.random.Generator, whole: bool) -> Shapes:
    """Other sizes, no two alike in one array; multiples of the usual ones where some have to divide others."""
    if whole:
        return {name: tuple(int(n * random.integers(1, 4)) for n in shape) for name, shape in usual.items()}
    return {
        name: tuple(int(n) for n in random.choice(_SIZES[: max(4, len(shape) + 1)], len(shape), replace=False))
        for name, shape in usual.items()
    }


def _settings(layer: Layer, random: np.random.Generator, held: dict[str, Any]) -> dict[str, Any]:
    """Float settings drawn anew: small ones over orders of magnitude; none that the sample depends on."""
    drawn = {}
    for name, value in layer.settings.items():
        if name in held:
            continue
        if isinstance(value, float) and 0 < value < 1e-2:
            drawn[name] = float(10 ** random.uniform(-8, -1))
        elif isinstance(value, float) and value:
            drawn[name] = float(value * random.uniform(0.5, 1.0))
    return drawn


def arguments(scene: Scene, form: Listing) -> tuple[list[Array], dict[str, Any]]:
    """What the code of `form` is called with on this run."""
    upstream = [node.value for node in scene.trace.upstream.values()]
    inputs = [node.value for node in scene.trace.inputs.values()]
    constants = [scene.listing.constants[name] for name in form.constants]
    return [*upstream, *inputs, *constants], {name: scene.trace.settings[name] for name in form.settings}
