"""What is known of a function's parameters from its source: the record that reading it fills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backpropviz.layers.bounds import Sides, handed_on
from backpropviz.layers.parting import Cut


@dataclass
class Reading:
    """What a function's source says of its parameters.

    Attributes:
        dictionaries: those that are. counted: those whose keys are counted, or put together.
        lengths: for those that are lists, how many values they hold, or the names of those.
        ranks: numbers of axes. labels: those that something is indexed with. sizes: those that count something.
        asked: those that are asked for what arrays have (`x.shape`). factors: those that a product of matrices is made
            of. met: those that are added, multiplied, ... with. parted: those that are indexed.
        series: those whose parts are arrays: `b.shape[1:]`.
        rows: for those of which nothing is read but rows by their numbers (`p[0] * c`), how many rows they have.
        cuts: the axes that are cut into equal parts. numbers: those that are compared, or stand in exponents;
            exponents: the latter. axes: those that say over which axes something goes (`axis=axes`).
        flat: vectors that hold several arrays, one behind the other. drawn: those that indices are drawn from, with the
            method that does it.
        contexts: objects that something is kept on for the backward pass: `ctx.x = x`.
        words: for those that are compared with words, which (`activation == "relu"`).
        alike: for dictionaries that a loop goes through by their keys, the one that holds arrays of the same shapes.
        bounds: those that something is kept between, with the one from below first.
    """

    dictionaries: set[str] = field(default_factory=set)
    counted: set[str] = field(default_factory=set)
    lengths: dict[str, Any] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    sizes: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    factors: set[str] = field(default_factory=set)
    met: set[str] = field(default_factory=set)
    parted: set[str] = field(default_factory=set)
    series: set[str] = field(default_factory=set)
    rows: dict[str, int] = field(default_factory=dict)
    cuts: set[Cut] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    exponents: set[str] = field(default_factory=set)
    axes: set[str] = field(default_factory=set)
    flat: set[str] = field(default_factory=set)
    drawn: dict[str, str] = field(default_factory=dict)
    contexts: set[str] = field(default_factory=set)
    words: dict[str, list[str]] = field(default_factory=dict)
    alike: dict[str, str] = field(default_factory=dict)
    bounds: set[Sides] = field(default_factory=set)

    @property
    def arrays(self) -> set[str]:
        """Those that are no numbers, whatever they are called."""
        return self.asked | self.factors | self.parted | {*self.ranks}

    @property
    def entrywise(self) -> set[str]:
        """Those that others are only added to, or multiplied with, entry by entry."""
        return self.met - self.factors - self.parted

    def take_over(self, inner: Reading, names: Mapping[str, str]) -> None:
        """What was read of another function's parameters, by the names they have here."""
        for its_set, my_set in (
            (inner.dictionaries, self.dictionaries), (inner.counted, self.counted), (inner.labels, self.labels),
            (inner.sizes, self.sizes), (inner.asked, self.asked), (inner.factors, self.factors),
            (inner.met, self.met), (inner.parted, self.parted), (inner.series, self.series),
            (inner.numbers, self.numbers), (inner.exponents, self.exponents), (inner.flat, self.flat),
            (inner.contexts, self.contexts), (inner.axes, self.axes),
        ):  # fmt: skip
            my_set |= {names[name] for name in its_set & {*names}}
        self.bounds |= handed_on(inner.bounds, names)
        self.cuts |= {(names[name], axis, count) for name, axis, count in inner.cuts if name in names}
        for its, mine in ((inner.lengths, self.lengths), (inner.ranks, self.ranks), (inner.rows, self.rows)):
            for name, value in its.items():
                if name in names:
                    mine.setdefault(names[name], value)
        self.drawn |= {names[name]: method for name, method in inner.drawn.items() if name in names}
        self.words |= {names[name]: words for name, words in inner.words.items() if name in names}
        alike = {names[name]: names[its] for name, its in inner.alike.items() if name in names and its in names}
        self.alike = {**alike, **self.alike}
