"""Finds shapes on which a function runs, by unification, with NumPy as the judge.

Sizes that no convention ties together start out all different; the function is run on tiny arrays, and when it
complains that two sizes differ, one is put in the other's place everywhere, and it is run again. What gets further in
the function is tried on first (best-first search).
"""

from __future__ import annotations

import contextlib
import copy
import heapq
import inspect
import io
import itertools
import math
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np

from backpropviz.engine.holders import call
from backpropviz.layers.conventions import POSITIVE, RECURRENT, Guess, Shape, assignments, dimension, kind_of, word
from backpropviz.layers.forms import CONSTRUCTOR, Leaf, MissingKey, filled, form_of, leaves, usual
from backpropviz.layers.missing import MissingModule
from backpropviz.layers.reading import read

Arguments = dict[str, Any]

RUNS, CALLS = 3000, 1_000_000
"""The search ends after this many runs of the function, or this many calls in them; what is common takes 5 to 30."""

LARGEST = 256
"""No made-up axis is longer."""

_NOT_FINITE = "the result is not finite"
_KEYS = 64  # no dictionary that is made up has more
_REPAIRED, _GUESSED = 12, 4  # of one set of ranks, about so many states are changed further


@dataclass(frozen=True)
class _State:
    """One assignment of shapes, and what became of it.

    Attributes:
        bound: labels are below it. values: which distribution floats are drawn from.
        multiples: sizes that were made k times another: {20: (4, 5)}.
        progress: where it failed, as the places in the bytecode of the calls; later is better.
    """

    guesses: Mapping[str, Guess]
    main: Shape
    bound: int = 10
    values: int = 0
    multiples: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    problem: str = ""
    progress: tuple[int, ...] = ()

    def with_size(self, old: int, new: int, fixed: Mapping[str, Shape]) -> _State:
        """The same with a size put in place of another one, but not in shapes the user gave."""
        guesses = {
            name: guess if name in fixed else replace(guess, shape=tuple(new if n == old else n for n in guess.shape))
            for name, guess in self.guesses.items()
        }
        return replace(self, guesses=guesses)

    def sizes(self, but: Mapping[str, Shape] = MappingProxyType({})) -> list[int]:
        """All sizes above 1 of the inputs that are not in `but`, in their order."""
        shapes = [guess.shape for name, guess in self.guesses.items() if name not in but]
        return list(dict.fromkeys(n for shape in shapes for n in shape if n > 1))

    @property
    def shapes(self) -> dict[str, Shape]:
        return {name: guess.shape for name, guess in self.guesses.items()}

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
        return f"{', '.join(shown)}: {self.problem}"


class Search:
    """Looks for shapes on which one function runs."""

    def __init__(self, function: Any, seed: int, fixed: Mapping[str, Shape], given: Mapping[str, Any]):
        self.function, self.seed = function, seed
        self.values = {name: value for name, value in given.items() if not isinstance(value, np.ndarray)}
        parameters = inspect.signature(function).parameters
        reading = read(function)
        self.required = [
            name
            for name, parameter in parameters.items()
            if (parameter.default is parameter.empty or name in fixed)
            and parameter.kind is not parameter.VAR_KEYWORD
            and name not in self.values
        ]
        its_globals = getattr(function, "__globals__", {})
        of_class = getattr(function, "of_constructor", ())
        self.forms = {
            name: Leaf(f"{CONSTRUCTOR}.{name}")
            if name in of_class
            else form_of(name, parameters[name], reading, its_globals)
            for name in self.required
        }
        self.ranks, self.labels = reading.ranks, reading.labels
        held = getattr(function, "held", {})
        self.taken = {n for array in held.values() for n in array.shape}
        self.taken |= {value for value in self.values.values() if type(value) is int and value > 1}
        self.given = fixed
        self.runs, self.calls = 0, 0
        self.best: _State | None = None
        self._read_forms()

    def _read_forms(self) -> None:
        """Which values are looked for, as the forms stand now; shapes are given by a value's name or its last word."""
        self.leaves = [name for form in self.forms.values() for name in leaves(form)]
        shapes = {name: self.given.get(name) or self.given.get(word(name)) for name in self.leaves}
        self.fixed = {name: shape for name, shape in shapes.items() if shape is not None}
        self.names = [name for name in self.leaves if name in self.fixed or usual(name) is None]

    @property
    def kinds(self) -> dict[str, str]:
        """What each value is by its name; what a class is constructed from is a size, if nothing else."""
        kinds = {name: kind_of(name) for name in self.names}
        for name in self.labels & {*kinds}:
            kinds[name] = {"label": "class", "main": "index"}.get(kinds[name], kinds[name])
        of_class = {name for name, kind in kinds.items() if kind == "main" and name.startswith(f"{CONSTRUCTOR}.")}
        return {name: "size" if name in of_class else kind for name, kind in kinds.items()}

    @property
    def over(self) -> bool:
        return self.runs > RUNS or self.calls > CALLS

    def arguments(self, state: _State, asking: bool = False) -> Arguments:
        """The arguments of a state; `asking`, with dictionaries that tell what they lack."""
        rng = np.random.default_rng(self.seed)
        made = {name: self._value(name, state, rng) for name in self.leaves}
        whole = {name: filled(form, made.__getitem__, name if asking else "") for name, form in self.forms.items()}
        return {**whole, **self.values}

    def _dimension(self, name: str, main: Shape) -> int | None:
        if name.startswith(f"{CONSTRUCTOR}."):
            return None
        return dimension(word(name), list(map(word, self.leaves)), main)

    def _value(self, name: str, state: _State, rng: np.random.Generator) -> Any:
        guess = state.guesses.get(name)
        if guess is None:
            size = self._dimension(name, state.main)
            return size if size is not None else usual(name)
        if guess.dtype == "n":
            return guess.shape[0]
        if guess.dtype == "l":
            return list(guess.shape)
        if guess.dtype == "i":
            labels = rng.integers(0, state.bound, guess.shape)
            if labels.size:
                labels.flat[-1] = state.bound - 1  # a bound that is too high is found out
            return labels
        if guess.dtype == "b":
            return np.tri(*guess.shape[-2:], dtype=bool) if len(guess.shape) == 2 else rng.random(guess.shape) < 0.7
        if state.values == 0 and word(name).rstrip("0123456789_") not in POSITIVE:
            return rng.normal(0.5, 1.0, guess.shape)
        return rng.uniform(*((0.5, 2.0) if state.values < 2 else (0.1, 0.9)), guess.shape)

    def found(self) -> _State | None:
        """The most conventional state that runs; None where the search ends without one.

        Raises:
            MissingModule: the function needs one.
        """
        while True:
            try:
                return self._found()
            except MissingKey as missing:  # with one more key, from the start
                form = self.forms[missing.parameter]
                if not isinstance(form, dict) or len(form) > _KEYS or not isinstance(missing.key, str | int):
                    return None
                form[missing.key] = Leaf(f"{missing.parameter}.{missing.key}")
                self._read_forms()
                self.best = None

    def _found(self) -> _State | None:
        levels = itertools.groupby(
            assignments(self.kinds, self.fixed, self.ranks, self.taken), key=lambda entry: entry[0]
        )
        stuck: list[_State] = []
        second: _State | None = None
        for _, level in levels:
            last = second is not None
            starts = [_State(self._arrays(guesses, main), main) for _, main, guesses in level]
            # sizes that no message tells are guessed where the last level got furthest
            furthest = max((state.progress for state in stuck), default=())
            tries = [(state, False) for state in starts] + [(s, True) for s in stuck if s.progress == furthest][:3]
            stuck = []
            for start, guessing in tries:
                state = self._solve(start, guessing)
                if not state.problem and not _strange(state):
                    return state
                if not state.problem:
                    second = second or state
                elif not guessing:
                    stuck.append(state)
                if self.over:
                    return second
            if last:
                break
        return second

    def _arrays(self, guesses: Mapping[str, Guess], main: Shape) -> dict[str, Guess]:
        """Without the parameters that are one of the main input's sizes."""
        return {
            name: guess for name, guess in guesses.items() if name in self.fixed or self._dimension(name, main) is None
        }

    def _solve(self, start: _State, guessing: bool) -> _State:
        """Repair sizes until the function runs; the state that came furthest if it never does."""
        furthest = start if guessing else self._run(start)
        order = itertools.count()
        queue = [(tuple[int, ...](), next(order), furthest)]
        seen = {furthest.key}
        for _ in range(_GUESSED if guessing else max(_REPAIRED, 2 * len(self.names))):
            if not queue or not furthest.problem:
                break
            state = heapq.heappop(queue)[2]
            for child in self._guesses(state) if guessing else self._repairs(state):
                if child.key in seen or self.over:
                    continue
                seen.add(child.key)
                child = self._solve(child, guessing=False) if guessing else self._run(child)
                if not child.problem:
                    return child
                if child.progress > state.progress or not guessing:  # in a loop, better may fail earlier
                    heapq.heappush(queue, (tuple(-at for at in child.progress), next(order), child))
                    furthest = max(furthest, child, key=lambda s: s.progress)
        return furthest

    def _run(self, state: _State) -> _State:
        self.runs += 1
        before = sys.getprofile()
        sys.setprofile(self._count)  # work, not time: the same sample is found on a busy machine
        problem, progress = "", tuple[int, ...]()
        try:
            if not runs(self.function, self.arguments(state, asking=True)):
                problem = _NOT_FINITE
        except (MissingKey, MissingModule):
            raise
        except KeyError as error:
            problem = f"{type(error).__name__}: {error}"
            self._ask_for(error.args[0] if error.args else None)
            progress = _progress(error.__traceback__, self.function.__code__.co_filename)
        except (Exception, SystemExit) as error:
            problem = f"{type(error).__name__}: {error}"
            progress = _progress(error.__traceback__, self.function.__code__.co_filename)
        finally:
            sys.setprofile(before)
        state = replace(state, problem=problem, progress=progress)
        if problem and (self.best is None or progress > self.best.progress):
            self.best = state
        return state

    def _count(self, *_event: Any) -> None:
        self.calls += 1

    def _ask_for(self, key: Any) -> None:
        """A copy of a dictionary lacks a key: `dict(bn_param)["mode"]`.

        Raises:
            MissingKey: there is a dictionary that could have it.
        """
        holder = next((name for name, form in self.forms.items() if isinstance(form, dict) and key not in form), None)
        if holder is not None and isinstance(key, str):
            raise MissingKey(holder, key)

    def _repairs(self, state: _State) -> Iterator[_State]:
        """What the message asks for."""
        if state.problem == _NOT_FINITE and state.values < 2:
            yield replace(state, values=state.values + 1)
        bound = re.search(r"out of bounds for axis \d+ with size (\d+)", state.problem)
        if bound and int(bound[1]) and any(guess.dtype == "i" for guess in state.guesses.values()):
            yield replace(state, bound=int(bound[1]))
        pairs = _mismatches(state.problem)
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
        for a, b in pairs:
            yield state.with_size(a, b, self.fixed)
            yield state.with_size(b, a, self.fixed)

    def _joined(self, state: _State, one: int, other: int) -> Iterator[_State]:
        """Sizes made equal where the sums of two of them should be."""
        sizes = state.sizes()
        if one in sizes or other in sizes:
            return
        sums = [(a, b) for a, b in itertools.permutations(sizes, 2) if a + b == one]
        for (a, b), (c, d) in itertools.product(sums, itertools.combinations(sizes, 2)):
            if c + d == other:
                first, second = ((a, b), (c, d)) if a in state.main or b in state.main else ((c, d), (a, b))
                yield state.with_size(second[0], first[0], self.fixed).with_size(second[1], first[1], self.fixed)

    def _guesses(self, state: _State) -> Iterator[_State]:
        """One size made equal to another, or a multiple of it: four gates side by side are four times as wide."""
        known = sorted(state.sizes(), key=lambda n: n in state.main)  # the hidden size before the input's
        for size, old in itertools.product(known, reversed(state.sizes(but=self.fixed))):
            if old != size and old not in state.main:
                yield from self._multiples(state, old, size)
                yield state.with_size(old, size, self.fixed)

    def _multiples(self, state: _State, old: int, size: int) -> Iterator[_State]:
        for k in (4, 3, 2):
            if k * size <= LARGEST:
                changed = state.with_size(old, k * size, self.fixed)
                yield replace(changed, multiples={**state.multiples, k * size: (k, size)})

    def tidied(self, state: _State) -> _State:
        """The same by more conventions, where that runs too: recurrent weights are square, biases as long as the
        weights' outputs, sizes small.
        """
        for name, shape in state.shapes.items():
            loose = len(shape) == 2 and shape[1] not in state.multiples and not {*shape} & {*state.main}
            square = (
                state.with_size(shape[0], shape[1], self.fixed) if loose and RECURRENT.fullmatch(word(name)) else state
            )
            state = state if self._run(square).problem else square
        weights = [shape for name, shape in state.shapes.items() if kind_of(name) == "weight" and len(shape) > 1]
        lengths = [shape[0] if len(shape) == 4 else shape[-1] for shape in reversed(weights)]
        for name, shape in state.shapes.items():
            alone = kind_of(name) == "vector" and len(shape) == 1 and str(state.shapes).count(str(shape[0])) == 1
            changes = (state.with_size(shape[0], length, self.fixed) for length in lengths if alone)
            state = next((change for change in changes if not self._run(change).problem), state)
        kept = {*state.main, 1, *(n for shape in self.fixed.values() for n in shape)}
        made_up = [n for n in state.sizes(but=self.fixed) if n > 4 and n not in kept and n not in state.multiples]
        new = dict(zip(reversed(made_up), (n for n in itertools.chain([2], itertools.count(5)) if n not in kept)))
        new |= {n: k * new.get(size, size) for n, (k, size) in state.multiples.items()}
        guesses = {
            name: guess if name in self.fixed else replace(guess, shape=tuple(new.get(n, n) for n in guess.shape))
            for name, guess in state.guesses.items()
        }
        small = self._solve(replace(state, guesses=guesses), guessing=False)  # labels get another bound
        return state if small.problem else small


def _strange(state: _State) -> bool:
    """A weight that is no matrix, or a bias that shares no size with any weight."""
    weights = [shape for name, shape in state.shapes.items() if kind_of(name) == "weight"]
    sizes = {n for shape in weights for n in shape}
    biases = [shape for name, shape in state.shapes.items() if word(name).startswith("b") and kind_of(name) == "vector"]
    return any(len(shape) < 2 for shape in weights) or bool(
        weights and any(shape and not sizes & {*shape} for shape in biases)
    )


def _progress(traceback: TracebackType | None, file: str) -> tuple[int, ...]:
    """How far a run came: the place in the bytecode of every call in the function's file."""
    places = []
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            places.append(traceback.tb_lasti)
        traceback = traceback.tb_next
    return tuple(places)


_TWO_SIZES = re.compile(
    r"\(size (\d+) is different from (\d+)\)|: (\d+) \(dim \d+\) != (\d+) \(dim \d+\)|"
    r"has size (\d+) and the array at index \d+ has size (\d+)|"
    r"axis is (\d+) but (?:size of )?corresponding boolean (?:axis|dimension) is (\d+)"
)


def _mismatches(problem: str) -> list[tuple[int, int]]:
    """The sizes that NumPy says should be equal, in pairs."""
    if found := _TWO_SIZES.search(problem):
        a, b = (int(size) for size in found.groups() if size is not None)
        return [(a, b)] if max(a, b) <= LARGEST else []
    if found := re.search(r"cannot reshape array of size (\d+) into shape \(([\d, ]+)\)", problem):
        wanted = math.prod(int(n) for n in found[2].split(",") if n.strip())
        return [(int(found[1]), wanted)] if 1 < max(int(found[1]), wanted) <= LARGEST else []
    if "broadcast" not in problem:
        return []
    remapped = re.findall(r"->\(([^)]*)\)", problem) or re.findall(r"\(([\d,newaxis ]*)\)", problem)
    shapes = [tuple(int(n) if n.isdigit() else 1 for n in text.split(",") if n.strip()) for text in remapped]
    pairs = []
    for one, other in itertools.combinations(filter(None, shapes), 2):
        pairs += [
            (a, b) for a, b in zip(reversed(one), reversed(other)) if a != b and min(a, b) > 1 and max(a, b) <= LARGEST
        ]
    return pairs


def runs(function: Callable[..., Any], arguments: Mapping[str, Any]) -> bool:
    """Whether `function` returns something finite on plain copies of `arguments`; its prints are swallowed."""
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        returned = call(function, copy.deepcopy(dict(arguments)))
    first = returned[0] if isinstance(returned, tuple) and returned else returned
    return not isinstance(first, np.ndarray | float) or bool(np.isfinite(first).all())
