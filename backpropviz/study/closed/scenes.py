"""Runs of one layer on several shapes and draws: what a closed form is found on, and what it is held against."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpropviz.code.listing import Listing
from backpropviz.code.shelves import given, held_gradients
from backpropviz.code.straight import listing
from backpropviz.engine.graph import Array
from backpropviz.engine.named import plain
from backpropviz.engine.trace import Trace
from backpropviz.errors import BackpropvizError
from backpropviz.layers.library import Layer

_TRIES, _LARGEST, _ALIKE = 12, 600, 6
_RIMS = 8
Axis = tuple[str, int]
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Scene:
    """One run with a random upstream gradient: its record, and the gradients that are right.

    Attributes:
        at_the_rim: its numbers are far from usual ones. certain: there, the entries of each gradient that are not lost
            in rounding. usual: how large each gradient is elsewhere, which errors are measured by.
    """

    trace: Trace
    at_the_rim: bool = False
    certain: Mapping[str, Array] = field(default_factory=dict)
    usual: Mapping[str, float] = field(default_factory=dict)

    @property
    def shapes(self) -> str:
        return str({name: node.shape for name, node in self.trace.inputs.items()})

    @property
    def right(self) -> dict[str, Array]:
        return {f"d{n}": node.gradient.value for n, node in self.trace.inputs.items() if node.gradient is not None}

    @property
    def right_together(self) -> dict[str, Any]:
        """The same, and the gradients of dictionaries and lists of inputs, each in its like."""
        return {**held_gradients(self.trace), **self.right}

    def arguments(self, code: Listing) -> dict[str, Any]:
        """What derived code is called with on this run, and all inputs one by one."""
        made = {name: plain(value) for name, value in self.trace.settings.items()}
        made |= {name: node.value for name, node in self.trace.inputs.items()}
        made |= zip([*code.upstream, *code.parameters], given(self.trace, code))
        if code.constants:  # arrays that the layer makes by itself
            made |= listing(self.trace).constants
        return made


@dataclass(frozen=True)
class Runs:
    """What a closed form is found on.

    Attributes:
        searched: runs whose values are searched by. rims: further ones that it has to hold on.
        fresh: those that explanations are held against.
    """

    searched: Sequence[Scene]
    rims: Sequence[Scene] = ()
    fresh: Sequence[Scene] = ()


@dataclass(frozen=True)
class Knob:
    """Axes whose sizes are one: `size` on the sample, and larger by multiples of `step`."""

    axes: tuple[Axis, ...]
    size: int
    step: int


def scene(trace: Trace, seed: int = 0) -> Scene:
    """A run with a random upstream gradient, also of a loss: where it is 1, forms that forget it look right."""
    random = np.random.default_rng([seed, 1])
    wanted = [(node.name or "out", node) for node in trace.outputs if node.carries_gradient]
    trace.backward({name: np.asarray(random.standard_normal(node.shape), node.value.dtype) for name, node in wanted})
    return Scene(trace)


class Stage:
    """Where a layer's runs come from: which sizes may change, and which change together.

    Args:
        given: settings that the user chose; they stay.
    """

    def __init__(self, layer: Layer, given: dict[str, Any]):
        self.layer, self.given = layer, given
        self._options = _sample_options(layer)
        self.base = scene(layer.trace(given, seed=1), 1)
        shapes = {n: v for n, v in self._options.items() if isinstance(v, tuple) and n not in layer.settings}
        self.shapes: Shapes = shapes or {name: node.shape for name, node in self.base.trace.inputs.items()}
        self.knobs = self._found()

    def _found(self) -> list[Knob]:
        """The sizes that may change: each alone where that runs, else with the fewest of those that are equal to it.

        What is equal only in the sample would else be taken for one size: features and classes, three of each.
        """
        left = [(n, a, size) for n, shape in self.shapes.items() for a, size in enumerate(shape) if size > 1]
        found: list[Knob] = []
        while left:
            name, axis, size = left[0]
            for axes in _with_the_fewest((name, axis), [(n, a) for n, a, s in left[1:] if s == size]):
                step = next((k for k in (1, 2, 3) if self.takes(self._resized([(Knob(axes, size, k), 1)]))), 0)
                if step:
                    found.append(Knob(axes, size, step))
                    break
            else:
                axes = ((name, axis),)
            left = [each for each in left if each[:2] not in axes]
        return found

    def takes(self, shapes: Shapes) -> bool:
        """Whether the layer runs on these sizes."""
        return self.case(shapes) is not None

    def case(self, shapes: Shapes) -> Scene | None:
        """A run on these sizes, with the settings as they are; None where the layer refuses them."""
        try:
            return scene(self.layer.trace(self.given, seed=2, shapes=shapes, verify=False))
        except BackpropvizError:
            return None

    def _resized(self, by: Sequence[tuple[Knob, int]]) -> Shapes:
        shapes = {name: list(shape) for name, shape in self.shapes.items()}
        for knob, times in by:
            for name, axis in knob.axes:
                shapes[name][axis] = knob.size + knob.step * times
        return {name: tuple(shape) for name, shape in shapes.items()}

    def draws(self, count: int, seed: int = 1, knobs: Sequence[Knob] | None = None) -> Iterator[Scene]:
        """`count` runs on random shapes, values and settings; fewer where the layer refuses too many of them.

        Every float setting is drawn anew: eps between 1e-8 and 1e-1, others down to half of what they are.
        """
        random = np.random.default_rng(seed)
        knobs = self.knobs if knobs is None else knobs
        for number in range(count):
            for _ in range(_TRIES):
                shapes = self._resized([(knob, int(random.integers(0, 6 // knob.step + 1))) for knob in knobs])
                if max(np.prod(shape) for shape in shapes.values()) > _LARGEST:  # few grow at once
                    chosen = [(knob, int(random.integers(0, 3))) for knob in knobs]
                    shapes = self._resized([pair for pair in chosen if random.random() < 0.4])
                arguments = {**self._settings(random), **self.given}
                try:
                    trace = self.layer.trace(arguments, seed=seed * 1000 + number, shapes=shapes, verify=False)
                    yield scene(trace, seed=number)
                    break
                except BackpropvizError:
                    continue

    def rims(self) -> Iterator[Scene]:
        """Runs whose rows are of all orders of magnitude: what is clipped is clipped in some, and sigmoids are flat."""
        random = np.random.default_rng(17)
        for number in range(_RIMS):
            try:
                trace = self.layer.trace({**self._settings(random), **self.given}, seed=number, verify=False)
                with np.errstate(all="ignore"):
                    trace.replay(**{n: _by_rows(node.value, random) for n, node in trace.inputs.items()})
                    yield Scene(scene(trace, seed=number).trace, at_the_rim=True)
            except BackpropvizError:
                continue

    def _settings(self, random: np.random.Generator) -> dict[str, Any]:
        """Float settings drawn anew: small ones over orders of magnitude; none that the sample depends on."""
        drawn = {}
        for name, value in self.layer.settings.items():
            if name in self._options:
                continue
            if isinstance(value, float) and 0 < value < 1e-2:
                drawn[name] = float(10 ** random.uniform(-8, -1))
            elif isinstance(value, float) and value:
                drawn[name] = float(value * random.uniform(0.5, 1.0))
        return drawn


def _by_rows(value: Array, random: np.random.Generator) -> Array:
    """An array whose rows, or entries, are each a hundred times larger, or smaller by some orders of magnitude."""
    if value.dtype.kind != "f":
        return value
    rows = value.shape[:1] + (1,) * (value.ndim - 1)
    return value * np.where(random.random(rows) < 0.5, 100, 10 ** random.uniform(-6, 0, rows))


def _with_the_fewest(axis: Axis, alike: Sequence[Axis]) -> Iterator[tuple[Axis, ...]]:
    """The axis alone, with one of the others, with two, ..., at last with all; of very many that are alike no parts."""
    counts = range(len(alike) + 1) if len(alike) <= _ALIKE else (0, 1, len(alike))
    for count in counts:
        yield from ((axis, *others) for others in itertools.combinations(alike, count))


def _sample_options(layer: Layer) -> dict[str, Any]:
    """What the file's sample can be asked for, with the defaults: shapes, and settings that it depends on."""
    name = layer.function.__name__
    maker = getattr(layer.module, f"sample_{name}", None) or getattr(layer.module, "sample", None)
    return {p.name: p.default for p in inspect.signature(maker).parameters.values()} if maker else {}
