"""What parameters' names say about them: weights are matrices, biases vectors, labels whole numbers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from keyword import iskeyword

import numpy as np

Shape = tuple[int, ...]

NUMBERS = {
    "eps": 1e-5, "epsilon": 1e-5, "momentum": 0.9, "stride": 1, "pad": 1, "padding": 1, "alpha": 0.1, "p": 0.5,
    "keep_prob": 0.5, "G": 3, "groups": 3, "pool_size": 2, "pool_height": 2, "pool_width": 2,
    "reg": 0.1, "lr": 0.1, "lam": 0.1, "lambda_": 0.1, "lambd": 0.1, "lmbda": 0.1, "reg_lambda": 0.1, "l2_reg": 0.1,
    "weight_decay": 0.1, "learning_rate": 0.1,
    "mode": "train", "axis": 0, "seed": 0, "temperature": 2.0, "slope": 0.1, "num_heads": 1, "n_heads": 1, "heads": 1,
    "rng": np.random.default_rng(0), "training": True, "is_training": True, "train": True, "verbose": False,
}  # fmt: skip
KEYED = {
    "kernel": 3, "kernel_size": 3, "k": 3, "ksize": 3, "filter_size": 3, "f": 2, "HF": 2, "WF": 2, "pool": 2,
    "window": 2, "size": 2, "dropout": 0.5, "drop_prob": 0.5, "rate": 0.5, "reg_strength": 0.1, "weight_scale": 0.5,
    "std": 0.5, "activation": "relu", "name": "layer", "dtype": np.float64, "bias": True, "use_bias": True,
}  # fmt: skip
"""What is a number (or a word) where a constructor or a dictionary of settings takes it."""
POSITIVE = {"gamma", "scale", "var", "running_var", "sigma", "std", "sample_var"}
RECURRENT = re.compile(r"[Ww]_?h+|U\w*")
_KINDS = {
    "weight": re.compile(r"[WU]\w{0,4}|[wV]|w([a-z]|_\w+)|weights?|kernel|filters|theta|[a-z]\w*_[Ww]", re.ASCII),
    "vector": re.compile(
        r"b|b([a-z]|_[a-z]{1,3})|bias|[a-z]\w*_(b|bias|gamma|beta)|gamma|beta|scale|shift|g|(running_|sample_)?(mean|var)|mu|std|sigma"
    ),
    "label": re.compile(r"y|t|labels?|targ(et)?s?|tgt|y_true"),
    "index": re.compile(r"idx|ids|index|indices|tokens?|words|[a-z]\w*(_i|I)(dx|nd|ndex)"),
    "mask": re.compile(r"\w*mask"),
    "state": re.compile(r"(prev_|last_)?[hc]|[achs]_?(prev|init)|state"),
    "size": re.compile(
        r"(n|num|nb|number_of)_\w+|n(in|out)|[a-z]+_(dim|size|units|length|width|height)|fan_(in|out)|dim|"
        r"(in|out|input|output|hidden)_(in|out|features|channels|classes)"
    ),
    "sizes": re.compile(r"(layer|hidden|layers|network)?_?(dims|sizes|dimensions|units)"),
}
_DIMENSIONS = {"N": 0, "D": -1, "C": 1, "H": 2, "W": 3, "F": 1, "M": -1}
FILTERS = {"F": 0, "HH": 2, "WW": 3, "KH": 2, "KW": 3, "hh": 2, "ww": 3, "kh": 2, "kw": 3}
"""What is the length of an axis of the filters (F, C, HH, WW)."""
_MAINS: list[Shape] = [(4, 3), (2, 3, 7, 8), (2, 4, 3), (3,), (), (2, 3, 6, 8)]
_WIDE = 2  # another rank of the main input is as unusual as this many other parameters of another rank


@dataclass(frozen=True)
class Guess:
    """What a parameter could be, of a shape: floats, whole numbers below a bound ("i"), a mask ("b").

    Or a size itself ("n"), or a list of them ("l"): the shape is then what is given.
    """

    shape: Shape
    dtype: str = "f"


def word(name: str) -> str:
    """What a value is called inside of what holds it: "W1" of "params.W1"."""
    return name.rpartition(".")[2]


def singular(name: str) -> str:
    """What one of several is called: weight of weights, bias of biases, W of Ws; "" where the name is no plural."""
    one = re.sub("(?<=s)es$|s$", "", name)
    return one if one != name and not iskeyword(one) else ""


def kind_of(name: str) -> str:
    """weight, vector, label, index, mask, state, size or sizes, by the name; main for all others."""
    holder, name = name.rpartition(".")[0], word(name)
    if re.fullmatch("[as]_?0", name) or (holder and kind_of(holder) == "state"):  # of the moment before the first
        return "state"
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


def assignments(
    kinds: Mapping[str, str],
    given: Mapping[str, Shape],
    ranks: Mapping[str, int],
    taken: Collection[int] = (),
    factors: Collection[str] = (),
    series: Collection[str] = (),
) -> Iterator[tuple[int, Shape, dict[str, Guess]]]:
    """Guesses for all parameters together, the most conventional first: how unusual they are, the main shape, guesses.

    Sizes that no convention ties together are all different, so that a message about two sizes tells the axes.

    Args:
        kinds: what each parameter is. given: shapes that are known. ranks: how many axes the code counts on.
        taken: sizes that something else has. factors: those that take part in a product of matrices.
        series: those that are read part by part, whose parts have axes (`b[t]`, `b.shape[1:]`).
    """
    inputs = [name for name in kinds if kinds[name] in ("main", "index")]
    leading = [name for name in inputs or kinds if len(given.get(name, ())) > 1]
    first = next(iter(leading or inputs), "")
    if any(kinds.get(name) == "weight" and rank == 4 for name, rank in ranks.items()):  # filters see images
        ranks = {first: 4, **ranks}
    alike = [rank for name, rank in ranks.items() if kinds.get(name) == "main"]  # q, k and v
    ranks = {first: max(alike), **ranks} if alike else ranks
    mains = [given[first]] if first in given else [main for main in _MAINS if ranks.get(first) in (None, len(main))]
    ranked = []
    for order, main in enumerate(mains or _MAINS):
        sizes = _primes(but={*taken, *main, *(n for shape in given.values() for n in shape)})
        counted: list[int] = []
        main = main if first in given else tuple(next(sizes) if n in taken else n for n in main)
        options = [
            [Guess(given[name], dtype) for dtype in _dtypes(kind)]
            if name in given
            else [Guess(main), Guess(main, "i")][:: -1 if kind == "index" else 1]
            if name == first
            else _of_rank(
                ranks.get(name),
                _options("main" if name in series else kind, main, sizes, counted, name in factors),
                sizes,
            )
            for name, kind in kinds.items()
        ]
        apart = {**kinds, first: "first"} if first else kinds  # its rank is `main`; what is left is whether it is whole
        for places, unusual in _places(apart, [len(choices) for choices in options]).items():
            guesses = {name: choices[at] for name, choices, at in zip(kinds, options, places)}
            ranked.append((unusual + (_WIDE if order else 0), bool(unusual), main, guesses))
    for unusual, _, main, guesses in sorted(ranked, key=lambda entry: entry[:2]):
        yield unusual, main, guesses


def _of_rank(rank: int | None, options: list[Guess], sizes: Iterator[int]) -> list[Guess]:
    """The guesses that have as many axes as the code counts on; one that has, if none does."""
    if rank is None or any(guess.dtype in "nl" for guess in options):
        return options
    fitting = [guess for guess in options if len(guess.shape) == rank]
    if not fitting and any(len(guess.shape) == 2 and guess.shape[0] == 1 for guess in options):  # a bias: b[:, :, :, c]
        return [Guess((*(1,) * (rank - 1), next(sizes)))]
    return fitting or [Guess(tuple(itertools.islice(sizes, rank)), options[0].dtype)]


def _places(kinds: Mapping[str, str], lengths: list[int]) -> dict[tuple[int, ...], int]:
    """Which of its guesses each parameter gets, and how unusual that is: all biases in columns are one peculiarity."""
    each_kind = list(dict.fromkeys(kinds.values()))
    most = {kind: min(n for its, n in zip(kinds.values(), lengths) if its == kind) for kind in each_kind}
    places: dict[tuple[int, ...], int] = {}
    for styles in _up_to(2, list(most.values())):
        style = dict(zip(each_kind, styles))
        places[tuple(style[kind] for kind in kinds.values())] = sum(styles)
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


def _dtypes(kind: str) -> str:
    return {"label": "fi", "class": "i", "index": "i", "mask": "bf", "size": "n", "count": "n", "sizes": "l"}.get(
        kind, "fi"
    )


def _options(kind: str, main: Shape, sizes: Iterator[int], counted: list[int], is_factor: bool) -> list[Guess]:
    """A parameter's guesses, the most conventional first; `counted` are the small numbers given away."""
    rows, dimensions = main[:1], len(main)
    if kind == "index":
        return [Guess(rows, "i"), Guess(main, "i")]
    if kind == "count":  # few, and different from each other: there are as many rounds, or entries in a window
        own = next(n for n in itertools.count(2) if n not in counted and n not in main)
        small = 2 + len(counted)
        counted.append(own)
        return [Guess((n,), "n") for n in dict.fromkeys((small, own, next(sizes)))]
    if kind in ("size", "sizes"):
        return [Guess(tuple(itertools.islice(sizes, 1 if kind == "size" else 3)), _dtypes(kind))]
    if kind == "vector":
        a = next(sizes)
        return [Guess(shape) for shape in ([(a,), (a, 1), (1, a), ()] if main else [()])]
    if kind == "weight":
        a, b = next(sizes), next(sizes)
        filters = [(6, main[1], 5, 4)] if dimensions == 4 else []
        # what takes part in a product is a matrix, more likely: of what is left of an image
        shapes = [(a, b), *filters, (a,)] if is_factor else [*filters, (a, b), (a,)]
        return [Guess(shape) for shape in shapes]
    fresh = tuple(itertools.islice(sizes, max(dimensions, 2)))
    if kind == "state" and dimensions == 3:  # of one moment of a sequence
        dimensions = 2
    same = fresh[:dimensions]
    moments = main[:2] if dimensions == 3 else ()  # of a batch of sequences: a label for every word
    if kind == "class":  # a label that something is indexed with
        return [Guess(shape, "i") for shape in ([moments] if moments else []) + [rows, main]]
    if kind == "label":
        every = [Guess(moments, "i")] if moments else []
        return [*every, Guess(same), Guess(rows, "i"), Guess(main, "i"), Guess(fresh[:1])]
    if kind == "mask":
        every = [Guess(moments, "b")] if moments else []
        return [*every, Guess(same, "b"), Guess(same), Guess(fresh[:1], "b")]
    if kind == "state" and dimensions == 1:  # of a row of words, one by one
        return [Guess(shape) for shape in (same, (*same, 1), (1, *same), fresh[:2])]
    return [Guess(same), *(Guess(fresh[:rank]) for rank in (2, 1) if rank != dimensions)]
