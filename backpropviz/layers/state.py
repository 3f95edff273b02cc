"""One assignment of shapes to what a function takes, as the search for shapes passes it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from backpropviz.layers.conventions import Guess, Shape, kind_of, word

ANY, POSITIVE, BELOW_ONE, SMALL, DEFINITE = range(5)
"""What floats are like, tried in this order: of both signs, positive, below 1 too, of both signs and small (no
probability comes near 0 or 1), square ones positive definite."""


@dataclass(frozen=True)
class State:
    """One assignment of shapes, and what became of it.

    Attributes:
        bound: labels are below it. values: what floats are like, one of the words below.
        multiples: sizes that were made k times another: {20: (4, 5)}.
        progress: where it failed, as the places in the bytecode of the calls; later is better. where: file and line.
        work: how many calls the function's own code made until then; a later round of a loop fails at an earlier place.
    """

    guesses: Mapping[str, Guess]
    main: Shape
    bound: int = 10
    values: int = ANY
    multiples: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    problem: str = ""
    progress: tuple[int, ...] = ()
    where: str = ""
    work: int = 0

    def with_size(self, old: int, new: int, fixed: Mapping[str, Shape]) -> State:
        """The same with a size put in place of another one, but not in shapes the user gave."""
        guesses = {
            name: guess if name in fixed else replace(guess, shape=tuple(new if n == old else n for n in guess.shape))
            for name, guess in self.guesses.items()
        }
        moves = any(guess.shape == self.main and name not in fixed for name, guess in self.guesses.items())
        main = tuple(new if n == old else n for n in self.main) if moves else self.main
        return replace(self, guesses=guesses, main=main)

    def sizes(self, but: Mapping[str, Shape] = MappingProxyType({})) -> list[int]:
        """All sizes above 1 of the inputs that are not in `but`, in their order."""
        shapes = [guess.shape for name, guess in self.guesses.items() if name not in but]
        return list(dict.fromkeys(n for shape in shapes for n in shape if n > 1))

    @property
    def shapes(self) -> dict[str, Shape]:
        return {name: guess.shape for name, guess in self.guesses.items()}

    @property
    def counts(self) -> bool:
        """Whether some inputs are numbers that the code counts with, and no object is made from them."""
        return any(guess.dtype == "n" and name == word(name) for name, guess in self.guesses.items())

    @property
    def axes(self) -> int | tuple[int, ...]:
        """What a mean over examples goes over: the rows of a matrix, the batch and the pixels of images."""
        return {3: (0, 1), 4: (0, 2, 3)}.get(len(self.main), 0)

    @property
    def key(self) -> str:
        """The same for states that are the same before they are run."""
        return f"{self.guesses} {self.bound} {self.values}"

    def __str__(self) -> str:
        shown = (
            f"{word(name)} = {', '.join(map(str, guess.shape))}"
            if guess.dtype in "nl"
            else f"{word(name)} {guess.shape}"
            for name, guess in self.guesses.items()
        )
        line = f" in line {self.where.rpartition(':')[2]}" if self.where else ""
        return f"{', '.join(shown)}: {self.problem}{line}"


def is_strange(state: State) -> bool:
    """A weight that is no matrix, or a bias that shares no size with any weight."""
    arrays = {name: guess.shape for name, guess in state.guesses.items() if guess.dtype not in "nl"}
    weights = [shape for name, shape in arrays.items() if kind_of(name) == "weight"]
    sizes = {n for shape in weights for n in shape}
    biases = [shape for name, shape in arrays.items() if word(name).startswith("b") and kind_of(name) == "vector"]
    return any(len(shape) < 2 for shape in weights) or bool(
        weights and any(shape and not sizes & {*shape} for shape in biases)
    )
