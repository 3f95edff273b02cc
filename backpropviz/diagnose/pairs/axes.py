"""How many axes the inputs of an unknown layer have, where the forward pass runs on more than one number of them.

`x @ A + a` runs on a matrix `a` as well as on a vector, and broadcasting hides which one its author has in mind. The
backward pass tells: it gives a gradient the number of axes that its input has. It tells of sizes as well: what mixes
the heads of an attention may have any number of columns going forward, and coming back is taken to be square.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpropviz.course.record import Case
from backpropviz.diagnose.pairs.inputs import data, main_input, resized_together
from backpropviz.diagnose.pairs.protocols.record import Wrapped
from backpropviz.diagnose.pairs.protocols.supposed import RANKS
from backpropviz.layers.conventions import kind_of

Ranks = dict[str, int]
Shape = tuple[int, ...]

FEW, RUNS, TIED = 8, 60, 600
"""So many other numbers of axes are tried, and the search for sizes that go with them ends after so many runs; later
where some sizes are known."""


WHATEVER_THE_SHAPES = (NameError, KeyError, AttributeError)
"""Errors that no other inputs would mend."""


@dataclass(frozen=True)
class Fit:
    """How the gradients that came back fit the inputs: how many did, the shapes that differ, by input, and which are
    the same along an axis; nothing is read where what the forward pass returns is of no use. Of a backward pass that
    ended with an error, they are those that its other lines give."""

    count: int = 0
    strange: Mapping[str, Shape] = field(default_factory=dict)
    is_read: bool = True
    repeated: tuple[str, ...] = ()
    error: Exception | None = None

    @property
    def ended(self) -> bool:
        return self.error is None

    @property
    def fits(self) -> bool:
        return self.count > 0 and not self.strange and self.is_read and self.ended

    @property
    def merit(self) -> tuple[bool, int, int, bool]:
        return self.fits, self.count - len(self.strange), -len(self.strange), self.ended


@dataclass(frozen=True)
class Assumption:
    """What may be assumed of the inputs: the shape of the first, how many axes others have, the shapes of some, and
    weights that have as many columns as rows."""

    main: Shape | None = None
    ranks: Ranks = field(default_factory=dict)
    told: Mapping[str, Shape] = field(default_factory=dict)
    square: tuple[str, ...] = ()


def assumptions(found: list[tuple[list[Case], Fit]], its: Wrapped | None, is_loss: bool) -> Iterator[Assumption]:
    """What to assume next; what was `found` of one assumption leads to the next."""
    seen = 0
    for main in (None,) if its and its.shapes else (None, *RANKS):
        if any(fit.fits or isinstance(fit.error, WHATEVER_THE_SHAPES) for _, fit in found):
            return
        yield Assumption(main)
        for cases, fit in found[seen:] if its is None or not its.shapes else []:
            came = as_they_came(cases[0], fit, is_loss)
            if lone := of_one_unit(cases[0], came):
                yield Assumption(main, told=lone)
            if came:
                yield Assumption(main, told=came)
            if isinstance(fit.error, WHATEVER_THE_SHAPES):
                continue
            if not (fit.count and fit.ended) and (square := may_be_square(cases[0])):
                yield Assumption(main, square=square)
            likely = others(cases[0], fit)
            first = itertools.islice(likely, None if main is None else bool(fit.count and fit.ended))
            yield from (Assumption(main, ranks) for ranks in first)
        seen = len(found)


def fit(case: Case, wants: Sequence[str], gradients: Sequence[Any], error: Exception | None = None) -> Fit:
    """How gradients, in the order of the inputs that they belong to, fit a case; None is none."""
    came = {name: value for name, value in zip(wants, gradients) if value is not None}
    shapes = {name: np.shape(value) for name, value in came.items()}
    strange = {name: shape for name, shape in shapes.items() if shape != case.inputs[name].shape}
    repeated = tuple(name for name, value in came.items() if is_repeated(value))
    return Fit(len(came), strange, repeated=repeated, error=error)


def square(case: Case) -> tuple[str, ...]:
    """The weights that have as many columns as rows."""
    weights = [(name, value.shape) for name, value in case.inputs.items() if kind_of(name) == "weight"]
    return tuple(name for name, shape in weights if len(shape) == 2 and shape[0] == shape[1])


def may_be_square(case: Case) -> tuple[str, ...]:
    """The weights whose columns are as many as you like: no other weight and no data have that size.

    >>> sizes = {"x": (5, 3), "W1": (3, 7), "W2": (7, 9), "b2": (9,)}
    >>> may_be_square(Case("", {name: np.ones(shape) for name, shape in sizes.items()}))
    ('W2',)
    """
    shapes = {name: value.shape for name, value in case.inputs.items()}
    sizes = [n for name, shape in shapes.items() if kind_of(name) != "vector" for n in shape]
    weights = [name for name, shape in shapes.items() if kind_of(name) == "weight" and len(shape) == 2]
    return tuple(name for name in weights if sizes.count(shapes[name][1]) == 1)


def is_repeated(gradient: Any) -> bool:
    """Whether a gradient is the same along one of its axes: what is added to it has fewer axes than it.

    >>> is_repeated(np.ones((3, 1)) * np.arange(5.0)), is_repeated(np.arange(5.0))
    (True, False)
    """
    its = np.asarray(gradient)
    axes = [axis for axis, size in enumerate(its.shape) if size > 1] if its.dtype.kind == "f" and np.any(its) else []
    return any(bool(np.all(its == its.take([0], axis))) for axis in axes)


def may_be_number(name: str, shapes: Mapping[str, Shape], is_loss: bool) -> bool:
    """Whether an input may be a single number: a bias is one where there is but one unit. A weight never is.

    >>> may_be_number("b", {"X": (5, 3), "w": (3,), "b": (5,)}, False)
    True
    >>> may_be_number("b", {"X": (5, 3), "W": (3, 7), "b": (7,)}, True)
    False
    """
    weights = [other for other in shapes if kind_of(other) == "weight"]
    if kind_of(name) != "vector":
        return kind_of(name) != "weight"
    return bool(weights) and all(len(shapes[its]) == 1 or (is_loss and its.islower()) for its in weights)


def _of_a_bias(name: str, shapes: Mapping[str, Shape]) -> list[int]:
    """Other numbers of axes for what is called like a bias: a number, or, where nothing is a weight, a matrix."""
    is_product = not any(kind_of(other) == "weight" for other in shapes)
    return [*([2] if is_product else []), *([0] if may_be_number(name, shapes, False) else [])]


def _may_be_coefficient(weights: Sequence[str]) -> Callable[[str], object]:
    """Whether a name is one that coefficients of recurrences have: `a * h + b * x[t]`, `mu * v`; where there are
    weights, b is what is added to their product."""
    return re.compile("[acdg]|mu|rho" if weights else "[a-dg]|mu|rho").fullmatch


def as_they_came(case: Case, found: Fit, is_loss: bool) -> dict[str, Shape]:
    """Shapes as the gradients have them, for inputs whose sizes the forward pass does not tie together, and with them
    those of all inputs that are no parameters; parameters follow. Empty where nothing differs."""
    shapes = {name: value.shape for name, value in case.inputs.items()}
    came = found.strange
    main = main_input(case)
    beside = {name: [shapes[other] for other in shapes if other not in (name, main)] for name in came}
    numbers = {name for name, its in beside.items() if its and not any(its)}  # all that is learned but it is a number
    told = {
        name: its for name, its in came.items() if len(its) or name in numbers or may_be_number(name, shapes, is_loss)
    }
    if not told or any(0 in its for its in told.values()):
        return {}
    return resized_together({**{name: shapes[name] for name in data(case)}, **told}, 0)


def of_one_unit(case: Case, came: Mapping[str, Shape]) -> dict[str, Shape]:
    """Shapes where a bias came back as a number: its weights are a vector then, and so are the targets. Empty where no
    bias did, or nothing else changes.

    >>> sizes = {"w": (3, 6), "b": (6,), "X": (5, 3), "y": (5, 6)}
    >>> of_one_unit(Case("", {name: np.ones(shape) for name, shape in sizes.items()}), {"b": (), "X": (7, 5)})
    {'w': (3,), 'b': (), 'X': (5, 3), 'y': (5,)}
    """
    shapes = {name: value.shape for name, value in case.inputs.items()}
    if not any(came.get(name) == () for name in shapes if kind_of(name) == "vector"):
        return {}
    units = [name for name in shapes if kind_of(name) in ("weight", "label") and len(shapes[name]) == 2]
    lone = {name: shape[:1] if name in units else () if came.get(name) == () else shape
            for name, shape in shapes.items()}  # fmt: skip
    return lone if units else {}


def others(case: Case, found: Fit) -> Iterator[Ranks]:
    """Other numbers of axes for inputs whose names tell none, the likeliest first: as the gradients have them, one for
    all, none for all (the coefficients of a recurrence), then one, none or two for some."""
    main = main_input(case)
    now = {name: value.ndim for name, value in case.inputs.items()}
    floats = [name for name in now if name != main and case.inputs[name].dtype.kind == "f"]
    free = [name for name in floats if kind_of(name) in ("main", "state")]
    fewer = [name for name in floats if kind_of(name) == "weight" and now[name] > 1]
    each = [[now[name], *(rank for rank in (1, 0, 2) if rank != now[name])] for name in free]
    # a filter for each channel; or what only is called like a weight, the values of an attention: like the main input
    each += [[now[name], *([now[main]] if main and now[main] > now[name] else []), now[name] - 1] for name in fewer]
    labels = [name for name in floats if kind_of(name) == "label" and now[name] > 1]  # one number for each example
    each += [[now[name], 1] for name in labels]
    shapes = {name: value.shape for name, value in case.inputs.items()}
    biases = {name: _of_a_bias(name, shapes) for name in floats if kind_of(name) == "vector"}
    coefficients = [name for name in biases if _may_be_coefficient(fewer)(name)]
    numbers = dict.fromkeys([*free, *biases], 0) if coefficients == [*biases] else {}
    strange = {name: len(its) for name, its in found.strange.items() if name in (*free, *coefficients)}
    told = {name: rank for name, rank in strange.items() if rank < now[name]}
    told |= {name: now[name] - 1 for name in (*free, *fewer) if name in found.repeated and name not in strange}
    vectors = {name: shape[: told.get(name)] for name, shape in shapes.items()}  # beside these, a bias is a number
    told |= {name: 0 for name, its in found.strange.items() if its == () and may_be_number(name, vectors, False)}
    each += [[now[name], *ranks] for name, ranks in biases.items()]
    places = sorted(itertools.product(*(range(len(ranks)) for ranks in each)), key=sum)
    some = [
        {name: ranks[at] for name, ranks, at in zip([*free, *fewer, *labels, *biases], each, its)}
        for its in places[: FEW + 1]
    ]
    seen = [now]
    for changed in [told, dict.fromkeys([*fewer, *labels] if labels else free, 1), numbers, *some]:
        ranks = {**now, **changed}
        if ranks not in seen:
            seen.append(ranks)
            yield ranks
