"""How many axes the inputs of an unknown layer have, where the forward pass runs on more than one number of them.

`x @ A + a` runs on a matrix `a` as well as on a vector, and broadcasting hides which one its author has in mind. The
backward pass tells: it gives a gradient the number of axes that its input has.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpropviz.course.record import Case
from backpropviz.diagnose.pairs.inputs import main_input
from backpropviz.layers.conventions import kind_of

Ranks = dict[str, int]

FEW, RUNS = 8, 60
"""So many other numbers of axes are tried, and the search for sizes that go with them ends after so many runs."""


@dataclass(frozen=True)
class Fit:
    """How the gradients that came back fit the inputs: whether any did, and those whose shapes differ, by input."""

    count: int = 0
    strange: Mapping[str, int] | None = None

    @property
    def fits(self) -> bool:
        return self.count > 0 and not self.strange

    @property
    def merit(self) -> tuple[bool, bool]:
        return self.count > 0, self.fits


def fit(case: Case, wants: Sequence[str], gradients: Sequence[Any], count: int) -> Fit:
    """How gradients, in the order of the inputs that they belong to, fit a case."""
    pairs = [(name, np.shape(value)) for name, value in zip(wants, gradients)]
    return Fit(count, {name: len(shape) for name, shape in pairs if shape != case.inputs[name].shape})


def others(case: Case, found: Fit) -> Iterator[Ranks]:
    """Other numbers of axes for inputs whose names tell none, the likeliest first: as the gradients have them, one for
    all, then one, none or two for some."""
    main = main_input(case)
    now = {name: value.ndim for name, value in case.inputs.items()}
    free = [name for name in now if name != main and kind_of(name) in ("main", "state")]
    free = [name for name in free if case.inputs[name].dtype.kind == "f"]
    told = {name: rank for name, rank in (found.strange or {}).items() if name in free and rank < now[name]}
    each = [[now[name], *(rank for rank in (1, 0, 2) if rank != now[name])] for name in free]
    places = sorted(itertools.product(*(range(len(ranks)) for ranks in each)), key=sum)
    some = [{name: ranks[at] for name, ranks, at in zip(free, each, its)} for its in places[: FEW + 1]]
    seen = [now]
    for changed in [told, dict.fromkeys(free, 1), *some]:
        ranks = {**now, **changed}
        if ranks not in seen:
            seen.append(ranks)
            yield ranks
