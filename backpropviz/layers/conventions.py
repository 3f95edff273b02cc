"""What parameters' names say about them: weights are matrices, biases vectors, labels whole numbers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Shape = tuple[int, ...]

NUMBERS = {
    "eps": 1e-5, "epsilon": 1e-5, "momentum": 0.9, "stride": 1, "pad": 1, "padding": 1, "alpha": 0.1, "p": 0.5,
    "keep_prob": 0.5, "G": 3, "groups": 3, "pool_size": 2, "pool_height": 2, "pool_width": 2, "reg": 0.1, "lr": 0.1,
    "mode": "train", "axis": 0, "seed": 0, "temperature": 2.0, "slope": 0.1, "num_heads": 1, "n_heads": 1, "heads": 1,
}  # fmt: skip
POSITIVE = {"gamma", "scale", "var", "running_var", "sigma", "std", "sample_var"}
RECURRENT = re.compile(r"[Ww]_?h+|U\w*")
_KINDS = {
    "weight": re.compile(r"[WU]\w{0,4}|[wV]|w([a-z]|_\w+)|weights?|kernel|filters|theta", re.ASCII),
    "vector": re.compile(
        r"b|b([a-z]|_[a-z]{1,3})|bias|gamma|beta|scale|shift|g|(running_|sample_)?(mean|var)|mu|std|sigma"
    ),
    "label": re.compile(r"y|t|labels?|targets?|y_true"),
    "index": re.compile(r"idx|ids|index|indices|tokens?|words"),
    "mask": re.compile(r"\w*mask"),
    "state": re.compile(r"(prev_|last_)?[hc]|[hc]_?prev|state"),
}
_DIMENSIONS = {"N": 0, "D": -1, "C": 1, "H": 2, "W": 3, "F": 1, "M": -1}
_MAINS: list[Shape] = [(4, 3), (2, 3, 6, 5), (2, 4, 3), (3,), ()]
_WIDE = 2  # another rank of the main input is as unusual as this many other parameters of another rank


@dataclass(frozen=True)
class Guess:
    """What a parameter could be: floats, whole numbers below a bound ("i"), or a mask ("b"), of a shape."""

    shape: Shape
    dtype: str = "f"


def kind_of(name: str) -> str:
    """weight, vector, label, index, mask or state, by the name; main for all others."""
    plain = name.rstrip("0123456789_") or name
    return next((kind for kind, names in _KINDS.items() if names.fullmatch(plain)), "main")


def dimension(name: str, names: list[str], main: Shape) -> int | None:
    """The size that a parameter like N or D is, of the main input's shape; None where it is none."""
    place = _DIMENSIONS.get(name)
    if place is None or not -len(main) <= place < len(main) or (name == "W" and "H" not in names):
        return None
    return main[place]


def is_options(name: str) -> bool:
    """A dictionary of settings: bn_param, conv_params, cfg."""
    return name.endswith(("param", "params", "config", "cfg"))


def assignments(names: list[str], given: Mapping[str, Shape]) -> Iterator[tuple[int, Shape, dict[str, Guess]]]:
    """Guesses for all parameters together, the most conventional first: how unusual they are, the main shape, guesses.

    Sizes that no convention ties together are all different, so that a message about two sizes tells the axes.
    """
    leading = [name for name in names if len(given.get(name, ())) > 1]
    first = next(iter(leading or [name for name in names if kind_of(name) in ("main", "index")]), "")
    mains = [given[first]] if first in given else _MAINS
    ranked = []
    for order, main in enumerate(mains):
        sizes = _primes(but={n for shape in given.values() for n in shape})
        options = [
            [Guess(given[name], dtype) for dtype in _dtypes(name)]
            if name in given
            else [Guess(main), Guess(main, "i")][:: -1 if kind_of(name) == "index" else 1]
            if name == first
            else _options(kind_of(name), main, sizes)
            for name in names
        ]
        for places, unusual in _places(names, [len(choices) for choices in options]).items():
            guesses = {name: choices[at] for name, choices, at in zip(names, options, places)}
            ranked.append((unusual + (_WIDE if order else 0), bool(unusual), main, guesses))
    for unusual, _, main, guesses in sorted(ranked, key=lambda entry: entry[:2]):
        yield unusual, main, guesses


def _places(names: list[str], lengths: list[int]) -> dict[tuple[int, ...], int]:
    """Which of its guesses each parameter gets, and how unusual that is: all biases in columns are one peculiarity."""
    kinds = list(dict.fromkeys(kind_of(name) for name in names))
    most = {kind: min(n for name, n in zip(names, lengths) if kind_of(name) == kind) for kind in kinds}
    places: dict[tuple[int, ...], int] = {}
    for styles in _up_to(2, list(most.values())):
        style = dict(zip(kinds, styles))
        places[tuple(style[kind_of(name)] for name in names)] = sum(styles)
    for each in _up_to(2, lengths):
        places.setdefault(each, sum(each))
    return places


def _primes(but: set[int]) -> Iterator[int]:
    """5, 7, 11, ...: no split or reshape fits them by accident."""
    return (n for n in itertools.count(5) if n not in but and all(n % k for k in range(2, n)))


def _up_to(total: int, lengths: list[int]) -> Iterator[tuple[int, ...]]:
    """All places in lists of these lengths that add up to `total` at most."""
    if not lengths:
        yield ()
        return
    for at in range(min(total + 1, lengths[0])):
        for others in _up_to(total - at, lengths[1:]):
            yield (at, *others)


def _dtypes(name: str) -> str:
    return {"label": "fi", "index": "i", "mask": "bf"}.get(kind_of(name), "fi")


def _options(kind: str, main: Shape, sizes: Iterator[int]) -> list[Guess]:
    """A parameter's guesses, the most conventional first."""
    rows, dimensions = main[:1], len(main)
    if kind == "index":
        return [Guess(rows, "i"), Guess(main, "i")]
    if kind == "vector":
        a = next(sizes)
        return [Guess(shape) for shape in ([(a,), (a, 1), (1, a), ()] if main else [()])]
    if kind == "weight":
        a, b = next(sizes), next(sizes)
        return [Guess(shape) for shape in (*([(4, main[1], 3, 2)] if dimensions == 4 else []), (a, b), (a,))]
    fresh = tuple(itertools.islice(sizes, max(dimensions, 2)))
    if kind == "state" and dimensions == 3:  # of one moment of a sequence
        dimensions = 2
    same = fresh[:dimensions]
    if kind == "label":
        return [Guess(same), Guess(rows, "i"), Guess(main, "i"), Guess(fresh[:1])]
    if kind == "mask":
        return [Guess(same, "b"), Guess(same), Guess(fresh[:1], "b")]
    return [Guess(same), *(Guess(fresh[:rank]) for rank in (2, 1) if rank != dimensions)]
