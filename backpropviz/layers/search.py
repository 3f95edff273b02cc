"""Finds shapes on which a function runs, by unification, with NumPy as the judge.

Sizes that no convention ties together start out all different; the function is run on tiny arrays, and when it
complains that two sizes differ, one is put in the other's place everywhere, and it is run again. What gets further in
the function is tried on first (best-first search).
"""

from __future__ import annotations

import gc
import heapq
import inspect
import itertools
import sys
from collections.abc import Mapping
from dataclasses import replace
from types import FrameType
from typing import Any

import numpy as np

from backpropviz.layers.bounds import in_order
from backpropviz.layers.conventions import FILTERS, Guess, Shape, assignments, dimension, kind_of, word
from backpropviz.layers.drawing import Draws, Keeps
from backpropviz.layers.failed_lines import ask_for, ask_inside, asserted
from backpropviz.layers.forms import CONSTRUCTOR, Leaf, MissingKey, filled, form_of, leaves, nested, twins, usual
from backpropviz.layers.held import held
from backpropviz.layers.missing import MissingModule
from backpropviz.layers.reading import read
from backpropviz.layers.repairs import Repairs, merged
from backpropviz.layers.running import EMPTY, NOTHING, EndlessError, counted, line_in, progress_in, run
from backpropviz.layers.state import State, is_strange

Arguments = dict[str, Any]

RUNS, CALLS, FEWER = 3000, 1_000_000, 300
"""The search ends after this many runs of the function, or this many calls in them; what is common takes 5 to 30. Of
shapes that are only supposed, fewer are tried."""

_AS_INDEX = {"label": "class", "main": "index", "weight": "index", "vector": "index", "state": "index"}
_STEPS = {"t", "step", "it", "iteration", "timestep"}  # in an exponent, which step of an update it is: 1 - beta**t
PARTS = 8  # into more parts (heads, groups) nothing is divided by default
_KEYS = 64  # no dictionary that is made up has more
_REPAIRED, _GUESSED = 12, 4  # of one set of ranks, about so many states are changed further


class Search:
    """Looks for shapes on which one function runs."""

    def __init__(self, function: Any, seed: int, fixed: Mapping[str, Shape], given: Mapping[str, Any]):
        self.function, self.seed, self.given = function, seed, fixed
        self.values = {name: value for name, value in given.items() if not isinstance(value, np.ndarray)}
        parameters = inspect.signature(function).parameters
        reading = read(function)
        open_ones = {name for name, parameter in parameters.items() if parameter.default is parameter.empty}
        self.words = {name: words for name, words in reading.words.items() if name in open_ones}
        self.values |= {name: words[0] for name, words in self.words.items() if name not in self.values}
        self.values |= {name: Draws(method) for name, method in reading.drawn.items() if name in parameters}
        self.values |= {name: Keeps() for name in reading.contexts & open_ones - {*self.values}}
        self.values |= {name: 2 for name in reading.exponents & open_ones & _STEPS - {*self.values}}
        self.required = [
            name
            for name, parameter in parameters.items()
            if (name in open_ones or name in fixed)
            and parameter.kind is not parameter.VAR_KEYWORD
            and name not in self.values
        ]
        of_class = getattr(function, "of_constructor", ())
        self.forms = {
            name: Leaf(f"{CONSTRUCTOR}.{name}")
            if name in of_class
            else form_of(name, parameters[name], reading, getattr(function, "__globals__", {}))
            for name in self.required
        }
        self.ranks, self.labels, self.sizes = reading.ranks, reading.labels, reading.sizes
        self.arrays, self.factors, self.entrywise = reading.arrays, reading.factors, reading.entrywise
        self.series, self.cuts, self.bounds = reading.series, reading.cuts, reading.bounds
        self.known = {name: its.default for name, its in parameters.items() if name not in open_ones} | dict(given)
        self.no_number = {"p"} & (reading.entrywise | {*reading.rows}) - reading.numbers  # p - q: no setting, an array
        self.flat, self.alike, self.axes = reading.flat, reading.alike, reading.axes & open_ones
        self.rows = {name: count for name, count in reading.rows.items() if kind_of(name) in ("main", "weight")}
        self.rows.pop(next(iter(parameters), ""), None)  # x[0] and x[1] are numbers as a rule
        self.ranks = {**dict.fromkeys(self.rows, 2), **self.ranks}
        numbers = [parameter.default for parameter in parameters.values()] + [*self.values.values()]
        self.parts = sorted({n for n in numbers if type(n) is int and 1 < n <= PARTS})
        self.taken = {n for array in getattr(function, "held", {}).values() for n in array.shape}
        self.taken |= {value for value in self.values.values() if type(value) is int and value > 1}
        self.runs, self.calls, self.work, self.most = 0, 0, 0, RUNS
        self.file = getattr(function, "of_file", function.__code__.co_filename)
        self.best: State | None = None
        self.nothing: State | None = None  # with which the result is zero everywhere
        self._read_forms()

    def _read_forms(self) -> None:
        """Which values are looked for, as the forms stand now; shapes are given by a value's name or its last word."""
        self.twins = twins(self.forms, self.alike)
        self.leaves = [name for form in self.forms.values() for name in leaves(form)]
        shapes = {name: self.given.get(name, self.given.get(word(name))) for name in self.leaves}
        self.fixed = {name: shape for name, shape in shapes.items() if shape is not None}
        beside = any(kind_of(name) == "label" for name in self.leaves)  # loss(y, p): no setting, a probability
        own = [name for name in self.leaves if name not in self.twins and name not in self.axes]
        self.names = [
            name
            for name in own
            if name in self.fixed or usual(name) is None or name in self.no_number or (beside and word(name) == "p")
        ]

    @property
    def kinds(self) -> dict[str, str]:
        """What each value is by its name; what a class is constructed from is a size, if nothing else."""
        kinds = {name: kind_of(name) for name in self.names}
        for name in self.labels & {*kinds}:
            kinds[name] = _AS_INDEX.get(kinds[name], kinds[name])
        kinds |= dict.fromkeys(self.sizes & {*kinds} - {*self.fixed}, "count")
        of_class = {name for name, kind in kinds.items() if kind == "main" and name.startswith(f"{CONSTRUCTOR}.")}
        of_class -= {f"{CONSTRUCTOR}.{name}" for name in getattr(self.function, "made_from_arrays", ())}
        return {name: "size" if name in of_class else kind for name, kind in kinds.items()}

    @property
    def over(self) -> bool:
        return self.runs > self.most or self.calls > CALLS

    def arguments(self, state: State, asking: bool = False) -> Arguments:
        """The arguments of a state; `asking`, with dictionaries that tell what they lack."""
        made = self._made(state)
        whole = {name: filled(form, made.__getitem__, name if asking else "") for name, form in self.forms.items()}
        return {**whole, **self.values}

    def _made(self, state: State) -> dict[str, Any]:
        rng = np.random.default_rng(self.seed)
        made = {name: self._value(name, state, rng) for name in self.leaves}
        return in_order(made, self.bounds, self.known)

    def _dimension(self, name: str, main: Shape) -> int | None:
        if name.startswith(f"{CONSTRUCTOR}.") or (name in self.sizes and name != word(name)):  # N, C, H, W = shape
            return None
        if name in self.arrays or kind_of(name) == "state":  # F.shape: no number of filters; state.H: no height
            return None
        return dimension(word(name), list(map(word, self.leaves)), main)

    def _value(self, name: str, state: State, rng: np.random.Generator) -> Any:
        guess = state.guesses.get(self.twins.get(name, name))
        if name in self.axes:
            return usual(name) if usual(name) is not None else state.axes
        if guess is None:
            filters = self._filters(state.guesses)
            size = filters[FILTERS[name]] if self._counts_filters(name, filters) else self._dimension(name, state.main)
            return size if size is not None else usual(name)
        return held(name, guess, state, rng)

    def found(self) -> State | None:
        """The most conventional state that runs; None where the search ends without one.

        Raises:
            MissingModule: the function needs one.
        """
        while True:
            try:
                state = self._found() or self.nothing
                return None if state is None else self._shortest(state)
            except MissingKey as missing:  # with one more key, from the start
                form = nested(self.forms, missing.parameter)
                if not isinstance(form, dict) or len(form) > _KEYS or not isinstance(missing.key, str | int):
                    return None
                form[missing.key] = Leaf(f"{missing.parameter}.{missing.key}")
                self._read_forms()
                self.best = None

    def _shortest(self, state: State) -> State:
        """The state with vectors of several arrays as long as these need: nothing complains of what is left over."""
        for name in self.flat & {*self.names} - {*self.fixed}:
            least, most = 1, state.guesses[name].shape[0]
            while least < most:
                middle = (least + most) // 2
                guess = replace(state.guesses[name], shape=(middle,))
                tried = self.run(replace(state, guesses={**state.guesses, name: guess}))
                state, least, most = (tried, least, middle) if not tried.problem else (state, middle + 1, most)
        return state

    def _found(self) -> State | None:
        levels = itertools.groupby(
            assignments(self.kinds, self.fixed, self.ranks, self.taken, self.factors, self.series),
            key=lambda entry: entry[0],
        )
        stuck: list[State] = []
        second: State | None = None
        for _, level in levels:
            last = second is not None
            starts = [self._cut(State(self._arrays(guesses, main), main)) for _, main, guesses in level]
            # sizes that no message tells are guessed where the last level got furthest
            furthest = max((state.progress for state in stuck), default=())
            tries = [(state, False) for state in starts] + [(s, True) for s in stuck if s.progress == furthest][:3]
            stuck = []
            for start, guessing in tries:
                state = self.solve(start, guessing)
                if not state.problem and not is_strange(state):
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
        """Without the parameters that are one of the main input's sizes, or of the filters'."""
        filters = self._filters(guesses)
        return {
            name: guess
            for name, guess in guesses.items()
            if name in self.fixed or not (self._dimension(name, main) or self._counts_filters(name, filters))
        }

    def _cut(self, state: State) -> State:
        """With lengths that can be cut into as many parts as the code cuts them into."""
        for name, axis, parts in sorted(self.cuts):
            shape = state.shapes.get(name, ())
            if name not in self.fixed and -len(shape) <= axis < len(shape) and shape[axis] % parts:
                state = Repairs(self.fixed).divisible(state, [shape[axis]], parts)
        return state

    def _filters(self, guesses: Mapping[str, Guess]) -> Shape:
        """The shape of the filters, if there are some."""
        shapes = [guess.shape for name, guess in guesses.items() if kind_of(name) == "weight"]
        return next((shape for shape in shapes if len(shape) == 4), ())

    def _counts_filters(self, name: str, filters: Shape) -> bool:
        return bool(filters) and name in FILTERS and name in self.sizes - self.arrays

    def solve(self, start: State, guessing: bool) -> State:
        """Repair sizes until the function runs; the state that came furthest if it never does."""
        furthest = start if guessing else self.run(start)
        repairs = Repairs(self.fixed, self.parts, self.flat)
        order = itertools.count()
        queue = [(0, 0, tuple[int, ...](), next(order), furthest)]
        seen = {furthest.key}
        for _ in range(_GUESSED if guessing else max(_REPAIRED, 3 * len(self.names))):
            if not queue or not furthest.problem:
                break
            state = heapq.heappop(queue)[-1]
            for child in repairs.guessed(state) if guessing else repairs.asked(state):
                if child.key in seen or self.over:
                    continue
                seen.add(child.key)
                child = self.solve(child, guessing=False) if guessing else self.run(child)
                if not child.problem:
                    return child
                if child.progress > state.progress or not guessing:  # in a loop, better may fail earlier
                    equal = merged(child)  # sizes of one input made equal: only if nothing else helps
                    heapq.heappush(queue, (equal, -child.work, tuple(-at for at in child.progress), next(order), child))
                    furthest = max(furthest, child, key=lambda s: s.progress)
        return furthest

    def run(self, state: State) -> State:
        with counted():
            return self._run(state)

    def _run(self, state: State) -> State:
        self.runs += 1
        problem, progress, where = "", tuple[int, ...](), ""
        self.work = 0
        before, collects = sys.getprofile(), gc.isenabled()
        gc.disable()  # what others have left would be tidied up among the calls
        sys.setprofile(self._count)  # work, not time: the same sample is found on a busy machine
        try:
            problem = run(self.function, self.arguments(state, asking=True))
            if problem == EMPTY and any(0 in shape for shape in self.fixed.values()):
                problem = ""
            if problem == NOTHING:  # loops without a round; weights may be zero, and zero the right result
                self.nothing = self.nothing or state
                problem = NOTHING * state.counts
        except (MissingKey, MissingModule, EndlessError):
            raise
        except (Exception, SystemExit) as error:
            sys.setprofile(before)
            if isinstance(error, KeyError):
                ask_for(error.args[0] if error.args else None, self.forms)
            problem = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            if isinstance(error, IndexError) and "only integers, slices" in str(error):
                ask_inside(error.__traceback__, self.file, self._made(state))
            if isinstance(error, AssertionError):
                problem = asserted(error.__traceback__, self.file) or problem
            progress, where = progress_in(error.__traceback__, self.file), line_in(error, self.file)
        finally:
            sys.setprofile(before)
            if collects:
                gc.enable()
        state = replace(state, problem=problem, progress=progress, where=where, work=self.work)
        if problem and (self.best is None or progress > self.best.progress):
            self.best = state
        return state

    def _count(self, frame: FrameType, *_event: Any) -> None:
        self.calls += 1
        called_by = frame.f_back  # how much goes on further in depends on what was imported before
        if self.file in (frame.f_code.co_filename, called_by and called_by.f_code.co_filename):
            self.work += 1
