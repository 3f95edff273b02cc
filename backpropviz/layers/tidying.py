"""Sample inputs on which a function runs, made more like those that people choose, as long as it still runs."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

from backpropviz.layers.conventions import RECURRENT, kind_of, word
from backpropviz.layers.search import Search
from backpropviz.layers.state import State

MANY_CALLS = 500
"""In one run: so many are made by loops over pixels."""


def tidied(search: Search, state: State, smallest: int = 2, square: Collection[str] = ()) -> State:
    """Recurrent weights are square or as wide as what is read of them, those named in `square` are square if they can,
    biases as long as the weights' outputs, vectors as long as what is read of them, and sizes are small: `smallest`,
    then 5, 6, 7, ...
    """
    for name in state.shapes:
        if RECURRENT.fullmatch(word(name)) and len(state.shapes[name]) == 2:
            state = _recurrent(search, state, name)
    state = _with_biases(search, state)
    for name in {*square} & {*state.shapes} - {*search.fixed}:
        rows, columns = state.shapes[name]
        changed = state.with_size(columns, rows, search.fixed)
        state = state if search.run(changed).problem else changed
    state = _without_own_rows(search, state)
    state = _with_rows_that_are_read(search, state)
    state = _with_few_rounds(search, state)
    state = _with_its_own_count(search, state)
    for size in _alone(search, state):
        state = _as_read(search, state, size)
    return _small(search, state, smallest)


def _recurrent(search: Search, state: State, name: str) -> State:
    """A recurrent weight made square; or else a gate less wide, until a gate is missing."""
    rows, columns = state.shapes[name]
    if columns in state.multiples or rows == columns or {rows, columns} & {*state.main}:
        return state
    square = state.with_size(rows, columns, search.fixed)
    if not search.run(square).problem:
        return square
    for k in range(2, columns // rows + 1):
        narrow = replace(
            state.with_size(columns, k * rows, search.fixed), multiples={**state.multiples, k * rows: (k, rows)}
        )
        if not search.run(narrow).problem:
            return narrow
    return state


def _with_biases(search: Search, state: State) -> State:
    weights = [shape for name, shape in state.shapes.items() if kind_of(name) == "weight" and len(shape) > 1]
    lengths = [shape[0] if len(shape) == 4 else shape[-1] for shape in reversed(weights)]
    for name, shape in state.shapes.items():
        if kind_of(name) == "vector" and len(shape) == 1 and shape[0] in _alone(search, state):
            changes = (state.with_size(shape[0], length, search.fixed) for length in lengths)
            state = next((change for change in changes if not search.run(change).problem), state)
    return state


def _without_own_rows(search: Search, state: State) -> State:
    """What is only met entry by entry has no rows of its own: a reward for every example, and not several."""
    met = {*search.entrywise} - {*list(state.shapes)[:1], *search.fixed}
    rows: dict[int, list[str]] = defaultdict(list)
    for name, shape in state.shapes.items():
        if len(shape) > 1 and word(name) in met and kind_of(name) in ("label", "main", "state"):
            rows[shape[0]].append(name)
    for size, names in rows.items():
        others = [n for name, shape in state.shapes.items() for n in shape[name in names :]]
        if size not in others:
            guesses = {name: replace(state.guesses[name], shape=state.shapes[name][1:]) for name in names}
            without = replace(state, guesses={**state.guesses, **guesses})
            state = state if search.run(without).problem else without
    return state


def _with_rows_that_are_read(search: Search, state: State) -> State:
    """Of `p[0]`, `p[1]` and `p[2]` three rows; nothing complains of more."""
    for name in {*search.rows} & {*state.shapes} - {*search.fixed}:
        shape = (search.rows[name], *state.shapes[name][1:])
        fewer = replace(state, guesses={**state.guesses, name: replace(state.guesses[name], shape=shape)})
        state = state if search.run(fewer).problem else fewer
    return state


def _with_few_rounds(search: Search, state: State) -> State:
    """Smaller images, where the code goes from pixel to pixel: every round is written down, and looked at."""
    before = search.calls
    if len(state.main) != 4 or search.run(state).problem or search.calls - before < MANY_CALLS:
        return state
    small = state
    for size, least in zip(state.main[2:], (4, 5)):
        shorter = next((n for n in range(least, size) if n not in small.sizes()), size)
        small = small.with_size(size, shorter, search.fixed)
    return state if search.run(small).problem else small


def _with_its_own_count(search: Search, state: State) -> State:
    """Beside parameters of known shapes, as many examples as nothing else has: a square of data tells no axis apart."""
    name = next((name for name, shape in state.shapes.items() if shape == state.main and name not in search.fixed), "")
    known = {n for shape in search.fixed.values() for n in shape}
    if name and len(state.main) == 2 and state.main[0] == state.main[1] in known:
        count = next(n for n in itertools.count(4) if n not in (*state.sizes(), *known))
        for shape in ((state.main[0], count), (count, state.main[1])):
            guesses = {**state.guesses, name: replace(state.guesses[name], shape=shape)}
            told_apart = replace(state, guesses=guesses, main=shape)
            if not search.run(told_apart).problem:
                return told_apart
    return state


def _alone(search: Search, state: State) -> list[int]:
    """The sizes that one axis of one input has, and no other."""
    every = [n for shape in state.shapes.values() for n in shape]
    kept = {*state.main, *state.multiples, *(n for shape in search.fixed.values() for n in shape)}
    return [n for n in every if every.count(n) == 1 and n not in kept and n > 1]


def _as_read(search: Search, state: State, size: int) -> State:
    """A size made that of another input, where the function reads so many entries and no more."""
    known = [n for n in state.sizes() if n < size]
    for length in range(1, size):
        changed = state.with_size(size, length, search.fixed)
        if not search.run(changed).problem:
            return changed if length in known else state
    return state


def _small(search: Search, state: State, smallest: int) -> State:
    kept = {*state.main, 1, *search.taken, *(n for shape in search.fixed.values() for n in shape)}
    kept |= {*search.rows.values()}
    made_up = [n for n in state.sizes(but=search.fixed) if n > 4 and n not in kept and n not in state.multiples]
    kept |= {*state.sizes()} - {*made_up}
    new = dict(zip(reversed(made_up), (n for n in itertools.chain([smallest], itertools.count(5)) if n not in kept)))
    new |= {n: k * new.get(size, size) for n, (k, size) in state.multiples.items()}
    guesses = {
        name: guess if name in search.fixed else replace(guess, shape=tuple(new.get(n, n) for n in guess.shape))
        for name, guess in state.guesses.items()
    }
    small = search.solve(replace(state, guesses=guesses), guessing=False)  # labels get another bound
    return state if small.problem else small
