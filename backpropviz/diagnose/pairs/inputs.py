"""Made-up inputs for a student's function: by the search for shapes that `show` uses, and as cases of several sizes."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import math
import re
from collections.abc import Collection, Mapping
from types import FunctionType, MappingProxyType
from typing import Any

import numpy as np

from backpropviz.course.record import Case, lengths
from backpropviz.diagnose.pairs import binding
from backpropviz.diagnose.pairs.binding import CannotCall
from backpropviz.diagnose.pairs.protocols.names import TARGET, roles
from backpropviz.diagnose.pairs.variations import variations
from backpropviz.diagnose.student.work import TooMuch
from backpropviz.layers.conventions import kind_of
from backpropviz.layers.missing import MissingModule
from backpropviz.layers.running import EndlessError
from backpropviz.layers.search import FEWER, PARTS, RUNS, Search
from backpropviz.layers.tidying import tidied

_LENGTHS = {
    (1, 0): (5,), (2, 0): (5, 3), (3, 0): (3, 6, 5), (4, 0): (3, 5, 7, 6),
    (1, 1): (7,), (2, 1): (3, 7), (3, 1): (5, 3, 7), (4, 1): (5, 3, 6, 8),
}  # fmt: skip
_ODD = (3, 5, 7, 9, 11, 13, 15, 17)
_RATED, _RATINGS = re.compile("R|rated|observed|indicator"), {"Y", "ratings"}
_MISSING = re.compile(r"NameError: name '(?P<name>[\w.]+)")
_OF_TENSORS = re.compile(
    r"AttributeError: 'numpy\.\w+' object has no attribute '(?P<name>addmm|bmm|clamp\w*|clone|detach|expand\w*|"
    r"masked_fill|mm|mv|numel|permute|relu|sigmoid|softmax|t|tanh|type_as|unsqueeze)'"
)
"""What a tensor of torch has and an array of NumPy has not."""


Manner = tuple[str, ...]
Shape = tuple[int, ...]
MANNERS: tuple[Manner, ...] = ((), ("small",), ("columns",), ("columns", "small"), ("shares",), ("columns", "shares"))
"""How inputs of a loss may have to be made up, the usual way first."""


def made_up(
    function: Any,
    seed: int,
    shapes: dict[str, tuple[int, ...]],
    ranks: Mapping[str, int] = MappingProxyType({}),
    most: int = RUNS,
    square: Collection[str] = (),
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments on which a function runs, and their forms (see layers/forms.py), by parameter.

    Args:
        ranks: how many axes an input has, where that is known and its shape is not. most: runs of the function.
        square: weights with as many columns as rows, where the function runs on such.

    Raises:
        CannotCall: none were found. TooMuch: it goes on and on.
    """
    search = Search(function, seed, shapes, {})
    search.ranks, search.most = {**search.ranks, **ranks}, most
    try:
        state = search.found()
    except MissingModule as missing:
        raise CannotCall(f"it needs {missing}, which is not here") from None
    except EndlessError:
        raise TooMuch from None
    if state is None:
        problem = search.best.problem if search.best else ""
        if found := _MISSING.match(problem):
            raise CannotCall(f"it needs {found['name']}, which is not here")
        best = f" (the best try: {search.best})" if search.best else ""
        if found := _OF_TENSORS.search(problem):
            raise CannotCall(f"it calls .{found['name']} of torch's tensors, which arrays of NumPy have not{best}")
        raise CannotCall(f"no inputs were found on which its forward pass runs{best}")
    return search.arguments(tidied(search, state, 3, square)), search.forms


def cases(
    function: Any,
    shapes: dict[str, tuple[int, ...]],
    main: tuple[int, ...] | None,
    manner: Manner = (),
    ranks: Mapping[str, int] = MappingProxyType({}),
    most: int = RUNS,
    tied: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
    square: Collection[str] = (),
) -> list[Case]:
    """Made-up inputs: as found, of other sizes, and with other settings; those of known shapes keep them.

    Args:
        main: a shape for the first input. manner: see `case`. ranks, most, square: see `made_up`. tied: shapes of
            inputs whose equal sizes stay equal.
    """
    if not isinstance(function, FunctionType):
        raise CannotCall("it is not a plain function")
    only_rows = bool(shapes) and main is None
    first = next((p.name for p in binding.parameters(function)), "")
    if main is not None and first:
        shapes = {**shapes, first: main}
    found = [case("made-up inputs", made_up(function, 0, {**shapes, **tied}, ranks, most, square)[0], manner)]
    axes = [value.ndim for value in found[0].inputs.values()]
    name = main_input(found[0])
    if tied:
        with contextlib.suppress(CannotCall):
            others = {**shapes, **resized_together(tied, 1)}
            found.append(case("other sizes", made_up(function, 1, others, ranks, most)[0], manner))
    elif "kept" in manner:
        same = {name: value.shape for name, value in found[0].inputs.items()}
        found.append(case("other numbers", made_up(function, 1, {**shapes, **same}, ranks, most)[0], manner))
    elif name and (main is None or name == first):
        for at, words in enumerate(("made-up inputs", "other sizes")):
            shape = found[0].inputs[name].shape if main is None else main
            again = other_sizes(function, found[0], name, only_rows, at)
            wanted = again if main is None else tuple(n + 2 * at for n in main)
            # columns may be examples, unless it is a single one; and windows overlap only in what is longer than they
            ways = (wanted, (*shape[:-1], wanted[0])) if only_rows and shape[-1:] != (1,) else (wanted,)
            ways = (longer(wanted), *ways) if only_rows and len(shape) == 3 else ways
            for its in dict.fromkeys(ways):
                with contextlib.suppress(CannotCall):
                    others = {**shapes, **beside(shapes, name, shape, its), name: its}
                    made = made_up(function, at, others, ranks, min(most, FEWER), square)[0]
                    if together := _as_long_as_each_other(found[0].inputs, made, name):
                        with contextlib.suppress(CannotCall):
                            made = made_up(function, at, {**others, **together}, ranks, min(most, FEWER), square)[0]
                    other = case(words, made, manner)
                    if main is not None or [v.ndim for v in other.inputs.values()] == axes:
                        found[at:] = [other]
                        break
    if len(found) == 1 and (shapes or tied) and "kept" not in manner:  # what goes with the first input is as long
        every = {name: value.shape for name, value in found[0].inputs.items() if value.dtype.kind == "f"}
        with contextlib.suppress(CannotCall):
            others = made_up(function, 1, resized_together(every, 1), ranks, min(most, FEWER))[0]
            found.append(case("other sizes", others, manner))
    return [*found, *variations(function, found[0])]


def main_input(its: Case) -> str:
    """The input whose sizes the others follow: the first with several axes that is no parameter; empty where there
    is none."""
    several = [name for name, value in its.inputs.items() if value.ndim > 1]
    return next(iter([*(name for name in several if kind_of(name) in ("main", "index")), *several, *its.inputs]), "")


def other_sizes(function: Any, known: Case, name: str, only_rows: bool, at: int) -> Shape:
    """Other lengths for an input, by number (see `resized`): where its columns were dealt evenly to as many heads or
    groups as the function has, they still can be.

    >>> def heads(x, *, heads=2): ...
    >>> other_sizes(heads, Case("", {"x": np.ones((2, 4, 8))}), "x", False, 0)
    (3, 6, 8)
    """
    shape = known.inputs[name].shape
    new = resized(shape, only_rows, at)
    numbers = [*known.settings.values(), *(p.default for p in inspect.signature(function).parameters.values())]
    parts = [n for n in numbers if type(n) is int and 1 < n <= PARTS and shape and not shape[-1] % n]
    if only_rows or not parts or not new[-1] % math.lcm(*parts):
        return new
    even = next(n for n in itertools.count(3 * math.lcm(*parts), math.lcm(*parts)) if n not in new)
    return (*new[:-1], even)


def resized(shape: tuple[int, ...], only_rows: bool, at: int) -> tuple[int, ...]:
    """The shape with other lengths, by number: none is 1, 2 or 4 or occurs twice; or with as many more rows.

    >>> resized((7, 11), True, 6), resized((), True, 0)
    ((3, 11), (3,))
    """
    if only_rows:
        rows = (3, 5, 6, 7, 8, 9, 11)
        return (next(n for n in (*rows[at % 7 :], *rows, max(shape, default=0) + 1) if n not in shape[1:]), *shape[1:])
    return tuple(_LENGTHS.get((len(shape), at)) or lengths(at, len(shape)))


def longer(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with a last axis that is longer than the others and odd.

    >>> longer((5, 3, 3))
    (5, 3, 7)
    """
    return (*shape[:-1], next(n for n in _ODD if n > max(shape)))


def _as_long_as_each_other(first: Mapping[str, Any], made: Mapping[str, Any], main: str) -> dict[str, Shape]:
    """Shapes of inputs whose last axes were equally long, longer than any of the main input, and are no more: all as
    long as the longest. Of `gates[:, 2 * H :]` a single column is enough for a forward pass that broadcasts it.

    >>> sizes = lambda *lengths: {name: np.ones((3, n)) for name, n in zip("xWU", lengths)}
    >>> _as_long_as_each_other(sizes(5, 15, 15), sizes(8, 17, 24), "x")
    {'W': (3, 24), 'U': (3, 24)}
    """
    last = {name: its.shape[-1] for name, its in first.items() if np.ndim(its) and np.ndim(made.get(name, 0))}
    for length in sorted({n for n in last.values() if n > max(first[main].shape, default=0)}):
        names = [name for name, n in last.items() if n == length]
        lengths_now = {made[name].shape[-1] for name in names}
        if len(lengths_now) > 1:
            return {name: (*made[name].shape[:-1], max(lengths_now)) for name in names}
    return {}


def beside(shapes: Mapping[str, Shape], main: str, old: Shape, new: Shape) -> dict[str, Shape]:
    """Other sizes for targets of known shapes, where there are more examples: one for each, as before."""
    follow = [
        name for name, its in shapes.items()
        if name != main and roles(name)[:1] == (TARGET,) and its[:1] == shapes.get(main, old)[:1]
    ]  # fmt: skip
    return {name: (*new[:1], *shapes[name][1:]) for name in follow}


def data(case: Case) -> list[str]:
    """The inputs of a case that are neither parameters nor whole numbers."""
    floats = [name for name, value in case.inputs.items() if value.dtype.kind == "f" and value.ndim]
    return [name for name in floats if kind_of(name) not in ("weight", "vector")]


def resized_together(shapes: Mapping[str, Shape], seed: int) -> dict[str, Shape]:
    """Other sizes for several inputs: what was equal stays equal. All are odd, so that none is the sum of two others.

    >>> resized_together({"x": (6, 3), "h": (7, 3)}, 1)
    {'x': (3, 5), 'h': (7, 5)}
    """
    sizes = list(dict.fromkeys(n for shape in shapes.values() for n in shape))
    if len(sizes) > len(_ODD):
        return dict(shapes)
    new = dict(zip(sizes, lengths(seed, len(sizes), _ODD[: max(len(sizes), 3)])))
    return {name: tuple(new[n] for n in shape) for name, shape in shapes.items()}


def case(words: str, arguments: dict[str, Any], manner: Manner = ()) -> Case:
    """A case of these arguments; targets with two axes are distributions, a one for the right class.

    Args:
        manner: "columns": examples are columns. "shares": probabilities are held against targets. "small": numbers are
            small, so that no probability comes near 0 or 1. "kept": sizes are what the layer was made for. "numbers":
            targets are any numbers, as where no logarithm asks for a distribution.
    """
    arrays = {name: value for name, value in arguments.items() if isinstance(value, np.ndarray)}
    first = next((name for place, name in enumerate(arrays) if not is_target(name, place)), next(iter(arrays), ""))
    for place, (name, value) in enumerate(arrays.items()):
        if is_target(name, place) and value.dtype.kind == "f" and value.ndim == 2 and "numbers" not in manner:
            count, classes = value.shape[::-1] if "columns" in manner else value.shape
            ones = np.eye(classes)[np.arange(count) % classes]
            arrays[name] = ones.T if "columns" in manner else ones
        elif _RATED.fullmatch(name) and any(arrays[other].shape == value.shape for other in _RATINGS & {*arrays}):
            arrays[name] = (value > 0).astype(float)  # (X @ Theta.T - Y) * R: which of the ratings there are
        elif name == first and "shares" in manner and value.dtype.kind == "f":
            arrays[name] = 0.1 + 0.8 / (1 + np.exp(-value))
        elif "small" in manner and value.dtype.kind == "f":
            arrays[name] = 0.25 * value
    return Case(words, arrays, {name: value for name, value in arguments.items() if name not in arrays})


def is_target(name: str, place: int) -> bool:
    """Whether an input holds what should come out; the first input of a function never does."""
    return kind_of(name) == "label" or (place > 0 and roles(name)[:1] == (TARGET,))
