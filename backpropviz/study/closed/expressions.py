"""Searches the lines that set one gradient from another, and writes them as textbooks do.

Where every entry of the target has one of the source, what is searched is the factor between them. Otherwise the target
is a sum of up to three terms that are linear in the source, times a forward value.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from backpropviz.study.closed.ingredients import Ingredients, sums_of
from backpropviz.study.closed.writing import assignment, factored
from backpropviz.study.values.pointwise import pointwise
from backpropviz.study.values.sums import Sums
from backpropviz.study.values.trees import expression, names_in, number, operations, weight
from backpropviz.study.values.valued import (
    DIVIDE,
    MULTIPLY,
    Axes,
    Valued,
    below,
    distinct,
    summed,
    together,
    usual,
)

_PRODUCTS, _TERMS = 300, 900
Found = tuple[int, list[str], ast.expr]
"""How many operations, the lines, the last one setting the target, and what it is set to."""


def expressions(given: Ingredients, target: str, limit: int, taken: set[str]) -> list[Found]:
    """Lines that set the target from the source with at most `limit` operations, the shortest first."""
    found: list[Found] = []
    with np.errstate(all="ignore"):
        searches = [_mixing(given, limit)] if given.slope is None else list(_with_less_and_less(given, limit - 1))
        if given.gate is not None:  # beside what is found without it: its own line counts
            spare = limit - 1 - operations(expression(given.helpers[given.gate.code]))
            searches.append(_by_entry(given, [given.gate, *given.leaves], spare))
        for tree in itertools.chain.from_iterable(itertools.islice(search, 24) for search in searches):
            lines = assignment(target, tree, given.helpers, given.constants, taken)
            count = sum(operations(ast.parse(line)) for line in lines)
            if count <= limit:
                found.append((count, lines, tree))

    def rank(each: Found) -> tuple[int, ...]:
        within = len(given.inner & names_in(each[2]))
        return each[0] + within, within, len(each[1]), weight(each[2]), len(each[1][-1])

    return sorted(found, key=rank)


def _with_less_and_less(given: Ingredients, limit: int) -> Iterator[Iterator[ast.expr]]:
    """Searches with all leaves, with one from within a gate at a time, and with none.

    One search keeps of equal values the shortest, whatever that reads.
    """
    every = list(itertools.islice(_by_entry(given, given.leaves, limit), 24))
    yield iter(every)
    within = [leaf for leaf in given.leaves if given.inner & names_in(leaf.tree)]
    outer = [leaf for leaf in given.leaves if leaf not in within]
    most = max((len(given.inner & names_in(tree)) for tree in every), default=1)
    if within:
        yield _by_entry(given, outer, limit, mixed=False)
    for leaf in within if most > 1 else ():
        yield _by_entry(given, [*outer, leaf], limit, mixed=False)


def _by_entry(given: Ingredients, known: Sequence[Valued], limit: int, mixed: bool = True) -> Iterator[ast.expr]:
    """The source times what depends on forward values alone.

    Args:
        mixed: sums of products are searched, too, where nothing shorter is found.
    """
    assert given.slope is not None
    numbers = [Valued(expression(code), _scalars(values)) for code, values in given.constants.items()]
    numbers += [Valued(number(n), _scalars([n] * len(given.slope))) for n in (1, 2)]
    leaves = [leaf for leaf in known if below(leaf.values, given.slope)]
    leaves += [total for total in sums_of(given.leaves, given.axes, given.target) if below(total.values, given.slope)]
    if all(np.allclose(f, f.flat[0], rtol=1e-10, atol=0) for f in given.slope):
        leaves = []
    some = False
    for tree in pointwise(given.slope, [*numbers[::-1], *leaves], limit):
        some = True
        yield factored(given.source.tree, tree)
    if mixed and not some:
        parts = distinct(part for leaf in leaves for part in usual(leaf))
        one = Valued(number(1), _scalars([1.0] * len(given.slope)))
        pairs = _products(parts, parts)
        triples = _products([p for p in pairs if p.cost < 4], [*leaves]) if len(pairs) < 150 else pairs
        terms = distinct([one, *parts, *pairs, *triples], _TERMS)
        terms = sorted(terms, key=lambda term: term.cost)
        for total in Sums(terms, [f.shape for f in given.slope], given.constants).of(given.slope, limit):
            yield factored(given.source.tree, factored(None, total))


def _mixing(given: Ingredients, limit: int) -> Iterator[ast.expr]:
    """A forward value times a sum of terms that are linear in the source."""
    one = Valued(number(1), tuple(np.ones(()) for _ in given.target))
    # a single number makes no other term of one: it is a coefficient, or the factor of all
    single = [
        leaf for leaf in given.leaves if leaf.cost < 2 and leaf.is_float and all(v.size == 1 for v in leaf.values)
    ]
    coefficients = {leaf.code: [float(v.flat[0]) for v in leaf.values] for leaf in single if not leaf.cost}
    leaves = list[Valued]()
    for leaf in given.leaves:
        if leaf.cost < 2 and leaf not in single and not any(_is_multiple(leaf, kept) for kept in leaves):
            leaves.append(leaf)
    parts = distinct(part for leaf in leaves for part in usual(leaf))
    inner = [one, *distinct([*parts, *_products(parts, leaves)], _PRODUCTS)]
    made = sorted(_linear(given, one, inner, leaves), key=lambda term: term.cost)
    terms = distinct((term for term in made if term.cost <= limit), _TERMS)
    sums = Sums(terms, [t.shape for t in given.target], {**given.constants, **coefficients})
    scales = distinct(part for leaf in single for part in usual(leaf))
    for factor in [one, *(p for p in [*scales, *parts] if p.is_float and p.cost <= 1)]:
        if limit < 1 or any(np.any(f == 0) for f in factor.values) or not below(factor.values, given.target):
            continue
        rest = [w / f for w, f in zip(given.target, factor.values)]
        for total in sums.of(rest, limit - (factor is not one)):
            tree = factored(None if factor is one else factor.tree, total)
            limit = min(limit, operations(tree))
            yield tree


def _linear(given: Ingredients, one: Valued, inner: Iterable[Valued], leaves: Sequence[Valued]) -> Iterator[Valued]:
    """Terms that are linear in the source: products with it, and products with sums of such products."""
    shape = given.target[0].shape
    scaled = [a for a in leaves if a.values[0].shape == shape]
    scales = [b for b in leaves if b.divides and b.values[0].shape != shape][:3]
    quotients = [q for a in scaled for b in scales if (q := together(a, DIVIDE, b)) is not None]
    for p in inner:
        product = given.source if p is one else together(given.source, MULTIPLY, p)
        if product is None:
            continue
        yield product
        for axis in given.axes if p.cost <= 1 else ():
            if product.values[0].ndim <= max(axis or (0,)):
                continue
            total = _total(product, axis)
            yield total
            for q in [*leaves, *(quotients if p.cost == 0 else ())]:
                term = together(q, MULTIPLY, total)
                if term is not None:
                    yield term


def _total(term: Valued, axes: Axes) -> Valued:
    """The sum over axes; those in front need not be kept: what is left lines up with the others."""
    leading = axes is None or axes == tuple(range(len(axes)))
    return summed(term, axes, keep=not leading)


def _products(parts: Sequence[Valued], others: Sequence[Valued]) -> list[Valued]:
    """Each of the parts times or divided by a value."""
    made = []
    for one, other in itertools.product(parts, others):
        product = together(one, MULTIPLY, other)
        if product is not None:
            made.append(product)
            if other.divides and (over := together(one, DIVIDE, other)) is not None:
                made.append(over)
    return distinct(made, _PRODUCTS)


def _is_multiple(one: Valued, other: Valued) -> bool:
    """On every run the other, times some number."""
    for v, w in zip(one.values, other.values):
        if v.shape != w.shape or not v.size or v.dtype.kind != "f" or w.dtype.kind != "f":
            return False
        at = int(np.argmax(np.abs(w)))
        if not w.flat[at] or not np.allclose(v, w * (v.flat[at] / w.flat[at]), rtol=1e-9, atol=0):
            return False
    return True


def _scalars(values: Sequence[float]) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(float(v)) for v in values)
