"""The record of a layer as courses hand it out, and of the situations that it is run in.

Configurations are made so that nothing agrees by accident: the plain ones have axes of different lengths, none of them
1, 2 or 4, and where one length is the sum or the product of others in one of them, it is not so in another. Small and
special ones (square images, one group, pad 0) come besides. `Layer.fresh` makes as many more as are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpropviz.engine.trace import Trace
from backpropviz.layers.library import load

Arrays = dict[str, Any]
Forward = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """One situation.

    Attributes:
        words: what to call it. inputs: arrays in the order of the course's signature. settings: by their course names.
        forward_only: there is no gradient to compare. optional: a student may refuse it (by any exception).
        owed: a function with this word in its name owes it to its callers all the same.
        without: settings that are left out of a parameter dictionary, so that the student's own default counts.
        convention: what to note where only such a case fails; it is no finding then.
        special: small, or made to show one thing; sizes may agree in it.
    """

    words: str
    inputs: Arrays
    settings: dict[str, Any] = field(default_factory=dict)
    forward_only: bool = False
    optional: bool = False
    owed: str = ""
    without: tuple[str, ...] = ()
    convention: str = ""
    special: bool = False


@dataclass(frozen=True)
class Accepted:
    """What is right once the student has chosen freely (a mask): output, gradients; `trouble` with the choice, and what
    kind of mistake that is."""

    output: Any
    gradients: Arrays
    trouble: str = ""
    kind: str = "wrong_value"


@dataclass(frozen=True)
class Probe:
    """A situation in which the mathematics leaves a choice, and what to say of the gradient that came back for ones."""

    case: Case
    said: Callable[[Any], str]


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer as courses hand it out.

    Attributes:
        stems: what stands before `_forward`, as a regular expression.
        inputs: the arrays, in the order of the signature. outputs: what comes before the cache.
        wants: the inputs whose gradients the backward pass returns, in order.
        forms: the sets of configurations; the first is the course's. Another (gamma of shape (C,), b of shape (F, 1))
            counts where the first gives no right output at all and the other is right altogether.
        ways: our forward passes: the layer of `graphs/`, then other ways in its file, which only add values that a
            right solution may pass through; or a function of the course's, where the layer of `graphs/` is another. A
            layer of the student's own has none: what its forward pass does is right.
        vectors: inputs that are vectors to our passes, whatever shape a form gives them.
        settings: those that our passes take. told: what they call them in a case, where they call them otherwise.
        fresh: one more configuration, from a seed. For other forms than the first: `form` says which.
        accepts: for a layer with a free choice, what the student's output makes right, given the upstream gradient.
        further: other right values on the way to the gradients, by their code, read off a trace of the first forward.
        conventions: what to ask a right pair. kinds: what an edit of some kind means here; sliced_kinds: in a slice.
        centered: deviations from a mean that sum to zero occur in it. keeps_running_statistics: for its test mode.
    """

    name: str
    stems: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    wants: tuple[str, ...]
    forms: tuple[Callable[[], list[Case]], ...]
    ways: tuple[str | Forward, ...]
    settings: tuple[str, ...] = ()
    told: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
    fresh: Callable[[int, int], Case] | None = None
    accepts: Callable[[Case, Any, Arrays], Accepted] | None = None
    further: Callable[[Trace], Arrays] | None = None
    conventions: tuple[Probe, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    sliced_kinds: Mapping[str, str] = field(default_factory=dict)
    centered: bool = False
    keeps_running_statistics: bool = False
    vectors: tuple[str, ...] = ()

    @property
    def is_loss(self) -> bool:
        """One function returns the loss and the gradient."""
        return self.outputs == ("loss",)

    @property
    def is_own(self) -> bool:
        """Nobody knows it but its author."""
        return not self.ways

    def forwards(self, case: Case) -> list[Forward]:
        """Our forward passes for a case, the judge of a student's output first."""
        ways = self.ways[:1] if case.forward_only else self.ways  # the others are of the training
        return [_pass(self.ways[0], way) for way in ways]

    def keywords(self, case: Case) -> dict[str, Any]:
        """The settings of a case as our forward passes take them."""
        known = {name: case.settings[name] for name in self.settings if name in case.settings}
        return known if self.told is None else self.told(case.settings)


def _pass(layer: str | Forward, way: str | Forward) -> Forward:
    """A way to compute a layer: itself, or one that its file carries."""
    if not isinstance(way, str) or not isinstance(layer, str):
        return way  # type: ignore[return-value]
    its = load(layer)
    found: Forward = its.function if way == layer else getattr(its.module, way)
    return found


def normal(seed: int, *shape: int, mean: float = 0.0, scale: float = 1.0) -> Any:
    """Normally distributed numbers; other shapes get other numbers."""
    return np.random.default_rng([seed, *shape]).normal(mean, scale, shape)


def features(seed: int, *shape: int) -> Arrays:
    """A scale and a shift for a normalization: gamma is not 1, beta is not 0."""
    random = np.random.default_rng([seed, *shape, 7])
    return {"gamma": random.uniform(0.5, 2.0, shape), "beta": random.normal(0.0, 1.0, shape)}


def lengths(seed: int, count: int, of: tuple[int, ...] = (3, 5, 6, 7, 8, 9)) -> list[int]:
    """So many different lengths, drawn from these."""
    return [int(n) for n in np.random.default_rng([seed, count, 41]).permutation(of)[:count]]
