"""What a state of the search could be changed into: what NumPy's message asks for, or a guess where it asks nothing."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from backpropviz.layers.conventions import Shape, kind_of
from backpropviz.layers.messages import LARGEST, label_bound, mismatches, reshape
from backpropviz.layers.running import EMPTY, NOT_FINITE, NOTHING
from backpropviz.layers.state import DEFINITE, State

_LONGEST = 2000
"""No vector of several arrays is longer."""
_IMAGES = [(n, n) for n in (*range(5, 13), 28, 14, 16, 32)] + [
    (h, w) for h, w in itertools.product(range(4, 10), repeat=2) if h != w
]
"""Heights and widths of images to try, where a layer behind others has been made for so many of their entries."""


class Repairs:
    """The states that come next, with the shapes in `fixed` as they are; `parts` are what sizes may be divided by,
    `flat` the vectors that hold several arrays."""

    def __init__(self, fixed: Mapping[str, Shape], parts: Sequence[int] = (), flat: Collection[str] = ()):
        self.fixed, self.parts, self.flat = fixed, parts, flat

    def asked(self, state: State) -> Iterator[State]:
        """What the message asks for."""
        if state.problem == NOT_FINITE and state.values < DEFINITE:
            yield replace(state, values=state.values + 1)
        if "positive definite" in state.problem:
            yield replace(state, values=DEFINITE)
        if "must be square" in state.problem:
            yield from self._squared(state)
        if any(
            word in state.problem
            for word in (EMPTY, NOTHING, "negative dimensions", "cannot be larger", "need at least one")
        ):
            yield from self._shrunk(state)
        bound = label_bound(state.problem)
        if bound and any(guess.dtype == "i" for guess in state.guesses.values()):
            yield replace(state, bound=bound)
        if bound:  # a loop runs over more than there is
            for size in (guess.shape[0] for guess in state.guesses.values() if guess.dtype == "n"):
                if size > bound:
                    yield state.with_size(size, bound, self.fixed)
        yield from self._reshaped(state)
        pairs = mismatches(state.problem)
        sizes = state.sizes(but=self.fixed)
        for pair in pairs:  # what is joined: Wx above Wh has as many rows as x beside h has columns
            yield from self._joined(state, *pair)
        together = state
        # sizes of inputs further behind give way, those of the main input last
        order = [*state.main, *sizes]
        for pair in pairs:
            new, old = sorted(pair, key=lambda n: order.index(n) if n in sizes else -1)
            together = together.with_size(old, new, self.fixed)
        for pair in pairs:  # a slice of one of the sizes: several gates may lie side by side
            if len(part := [n for n in pair if n in sizes]) == 1 and "broadcast" in state.problem:
                yield from self._multiples(state, max(sizes), part[0])
        yield together
        for a, b in pairs:  # beside a column of ones
            if {a - 1, b - 1} <= {*sizes}:
                yield state.with_size(max(a, b) - 1, min(a, b) - 1, self.fixed)
        for a, b in pairs:
            yield state.with_size(a, b, self.fixed)
            yield state.with_size(b, a, self.fixed)
        yield from self._held(state, [n for pair in pairs for n in pair])

    def _held(self, state: State, odd: Sequence[int]) -> Iterator[State]:
        """The main input by what is fixed: as many channels as the filters have; as large as a layer behind expects."""
        known = list(dict.fromkeys(n for shape in self.fixed.values() for n in shape if n > 1))
        if "shape-mismatch for sum" in state.problem:
            for new, old in itertools.product(known, state.main[1:]):
                yield state.with_size(old, new, self.fixed)
        wanted = [n for n in odd if n in known]
        if wanted and len(state.main) == 4 and not {*odd} <= {*state.sizes()}:
            mains = [name for name, its in state.shapes.items() if its == state.main and name not in self.fixed]
            for image in _IMAGES if mains else ():
                shape = (*state.main[:2], *image)
                guesses = {name: replace(state.guesses[name], shape=shape) for name in mains}
                yield replace(state, guesses={**state.guesses, **guesses}, main=shape)

    def guessed(self, state: State) -> Iterator[State]:
        """One size made equal to another, or a multiple of it: four gates side by side are four times as wide."""
        known = sorted(state.sizes(), key=lambda n: n in state.main)  # the hidden size before the input's
        for size, old in itertools.product(known, reversed(state.sizes(but=self.fixed))):
            if old != size and old not in state.main:
                yield from self._multiples(state, old, size)
                yield state.with_size(old, size, self.fixed)

    def _reshaped(self, state: State) -> Iterator[State]:
        """Sizes with which a reshape holds all entries: a vector as long as asked, or rows as long as one of x's."""
        entries, shape = reshape(state.problem)
        for name in self.flat if math.prod(shape) <= _LONGEST else ():
            if name in state.guesses and name not in self.fixed and shape:
                length = state.guesses[name].shape[0] + math.prod(shape) - entries
                if 0 < length <= _LONGEST:
                    guess = replace(state.guesses[name], shape=(length,))
                    yield replace(state, guesses={**state.guesses, name: guess})
        sizes = state.sizes(but=self.fixed)
        for its in (its for its in state.shapes.values() if math.prod(its) == entries):
            here, there = Counter(its) - Counter(shape), Counter(shape) - Counter(its)
            if here.total() == there.total() == 1:  # (5, 7) into (3, 7)
                yield state.with_size(next(iter(here)), next(iter(there)), self.fixed)
        if entries in sizes and 1 < math.prod(shape) <= LARGEST:
            yield state.with_size(entries, math.prod(shape), self.fixed)
        if odd := [n for n in state.main[1:] if n % 2 and n > 1] if math.prod(state.main) == entries else []:
            yield self.divisible(state, odd, 2)  # into pairs side by side
        if entries:
            for parts in self.parts:  # heads
                if uneven := [n for n in state.main[-1:] if n % parts]:
                    yield self.divisible(state, uneven, parts)
        for asked in (n for n in shape if n in sizes and n not in state.main):
            for length in reversed(state.main):
                yield state.with_size(asked, length, self.fixed)
        for name, guess in state.guesses.items():  # keys and values like the queries
            is_other = entries in (math.prod(guess.shape), math.prod(state.main)) and guess.shape != state.main
            if is_other and kind_of(name) == "main" and name not in self.fixed:
                yield replace(state, guesses={**state.guesses, name: replace(guess, shape=state.main)})
        for size in sizes if entries else ():  # one size so many times as long: all heads side by side
            longer, rest = divmod(size * math.prod(shape), entries)
            accident = longer == size or longer in state.main[:-1]
            if not rest and not accident and size not in state.main and longer <= LARGEST:
                yield state.with_size(size, longer, self.fixed)
        numbers = {guess.shape[0] for guess in state.guesses.values() if guess.dtype == "n"}
        is_given = {*shape} <= numbers | {*state.main} or {*shape} <= numbers | {1}
        if entries and is_given:  # all lengths: an array alone gives way
            yield from self._lengthened(state, entries, math.prod(shape))

    def _lengthened(self, state: State, entries: int, asked: int) -> Iterator[State]:
        """One axis of one array so long that what had `entries` of its entries has as many as asked."""
        for name, guess in state.guesses.items():
            for axis, size in reversed([*enumerate(guess.shape)] if guess.dtype == "f" else []):
                longer, rest = divmod(size * asked, entries)
                if name not in self.fixed and not rest and not entries % size and 0 < longer <= LARGEST:
                    lengths = (*guess.shape[:axis], longer, *guess.shape[axis + 1 :])
                    yield replace(state, guesses={**state.guesses, name: replace(guess, shape=lengths)})

    def divisible(self, state: State, sizes: list[int], parts: int) -> State:
        """Multiples of `parts`, none of them a size already, in place of some sizes."""
        for size in sizes:
            even = next(n for n in itertools.count(2 * parts, parts) if n not in state.sizes())
            state = state.with_size(size, even, self.fixed)
        return state

    def _squared(self, state: State) -> Iterator[State]:
        """A matrix with as many rows as columns."""
        for shape in state.shapes.values():
            if len(shape) > 1 and shape[-2] != shape[-1]:
                rows, columns = shape[-2:]
                first, other = (columns, rows) if columns in state.main else (rows, columns)
                yield state.with_size(other, first, self.fixed)
                yield state.with_size(first, other, self.fixed)

    def _shrunk(self, state: State) -> Iterator[State]:
        """A window that is shorter than what it runs over."""
        for size in (n for n in reversed(state.sizes(but=self.fixed)) if n not in state.main and n > 3):
            for short in (2, 3):
                yield state.with_size(size, short, self.fixed)

    def _joined(self, state: State, one: int, other: int) -> Iterator[State]:
        """Sizes made equal where the sums of two of them should be."""
        sizes = state.sizes()
        if one in sizes or other in sizes:
            return
        sums = [(a, b) for a, b in itertools.permutations(sizes, 2) if a + b == one]
        for (a, b), (c, d) in itertools.product(sums, itertools.combinations(sizes, 2)):
            if c + d == other and not {a, b} & {c, d}:
                first, second = ((a, b), (c, d)) if a in state.main or b in state.main else ((c, d), (a, b))
                yield state.with_size(second[0], first[0], self.fixed).with_size(second[1], first[1], self.fixed)

    def _multiples(self, state: State, old: int, size: int) -> Iterator[State]:
        for k in (4, 3, 2):
            if k * size <= LARGEST:
                changed = state.with_size(old, k * size, self.fixed)
                yield replace(changed, multiples={**state.multiples, k * size: (k, size)})


def merged(state: State) -> int:
    """How many sizes of one input became equal; weights may be square."""
    shapes = [shape for name, shape in state.shapes.items() if kind_of(name) in ("main", "state", "index")]
    return sum(len(shape) - len({*shape}) for shape in shapes)
