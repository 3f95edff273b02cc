"""Why a closed form is so: facts of the forward values that it rests on, each of which held on every run.

Only facts that can be told of the values are told: rows that add up to nothing or to one, a value in terms of another,
sizes of sums. Where none explains a step, the step is said to be found by search; nothing is made up.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.study.closed.ingredients import Ingredients
from backpropviz.study.closed.proof import distance
from backpropviz.study.closed.stretches import terms_of
from backpropviz.study.values.valued import DIVIDE, Valued, together, usual

_CLOSE, _MOST_FACTS = 1e-9, 4
UNEXPLAINED = "the forms are equal, and were found by search: no step in between is known"


@dataclass(frozen=True)
class Reason:
    """One line of mathematics, and why it holds.

    Attributes:
        about: where it says that a sum is zero or one, the forward value that is summed.
        over: the axes of a sum in it that names none.
    """

    formula: str
    reason: str
    about: str = ""
    over: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Change:
    """One stretch that was written as one expression.

    Attributes:
        source, target: from which gradient to which. lines: what was written. before: what stood there.
        saved: how many operations fewer. reasons: why they are equal.
    """

    source: str
    target: str
    lines: list[str]
    before: list[str]
    saved: int
    reasons: list[Reason]


def reasons(
    given: Ingredients, change: Stretched, paths: Sequence[Reason] = (), is_by_terms: bool = False
) -> list[Reason]:
    """The facts behind one stretch that became one expression, and that expression.

    Facts of values that stand neither in the stretch nor in the expression are left out: nothing rests on them.

    Args:
        paths: what the lines come to, path by path. is_by_terms: whether these lead to each term of the expression.
    """
    is_whole = _is_whole(change, paths)
    of_sums = [*_sums_to_nothing(given), *_sums_to_one(given), *(() if is_whole else _squares(given))]
    has_sums = any("np.sum(" in line for line in (*change.before, *change.lines))
    facts = [*(of_sums if has_sums else ()), *_calls(given), *_masks(given, change), *_complements(given)]
    read = _names([*change.before, *change.lines])
    whys = " ".join(step.reason for step in paths)
    for helper, code in (line.split(" = ", 1) for line in change.lines[:-1]):
        whys = re.sub(rf"\b{helper}\b", code, whys)
    if is_whole and "adds up to nothing" not in whys:  # each step says which sums it rests on
        put_in = " ".join(fact.formula for fact in facts if not fact.about)
        facts = [
            fact for fact in facts
            if not fact.about or re.search(rf"\bsum\(.*\b{fact.about}\b", whys) or f"- {fact.about}" in put_in
        ]  # fmt: skip
    made = [fact for fact in facts if _names([fact.formula]) - {"sum"} <= read][:_MOST_FACTS]
    helpers = [Reason(line, _helper(line)) for line in change.lines[:-1]]
    if given.slope is not None and not is_whole and not any("path" in reason.reason for reason in paths):
        way = (
            "what the paths multiply it by adds up"
            if terms_of(change.before[-1].partition(" = ")[2])
            else "the factors on the way multiply"
        )
        why = f"every entry comes from one entry of {change.source} alone: {way} to this"
    elif paths:
        ends = ", and what is shared taken out" if is_by_terms else ": equal to the lines above on every run"
        why = f"these put in{ends}"
    else:
        why = "collected" if made else UNEXPLAINED
    return [*helpers, *made, *paths, Reason(change.lines[-1], why)]


def _is_whole(change: Stretched, paths: Sequence[Reason]) -> bool:
    """Whether the steps lead up to all that the stretch gives."""
    target = change.before[-1].partition(" = ")[0]
    return any(path.formula.startswith(f"{target} = ") for path in paths)


def is_size(code: str) -> bool:
    """Whether it says how long axes are, one or several together."""
    return (".shape[" in code and not {"(", "@"} & {*code}) or code.endswith(".size")


def _helper(line: str) -> str:
    """What a line that only gives a name is for."""
    called, _, code = line.partition(" = ")
    if is_size(code):
        return "a size, which has a name from here on"
    if code.startswith("1 / (1 + np.exp("):
        return "a sigmoid, which is the slope of log(1 + e^x)"
    if called.startswith("onehot"):
        return "in every row a one in the place of the right answer"
    return (
        "where the gradient passes" if called.startswith(("mask", "is_on")) else "it stands there twice: a name for it"
    )


class Stretched(Protocol):
    """What became shorter: the lines that stood there, and those that stand there now."""

    @property
    def source(self) -> str: ...
    @property
    def before(self) -> list[str]: ...
    @property
    def lines(self) -> list[str]: ...


def _names(lines: Sequence[str]) -> set[str]:
    trees = [ast.parse(line.replace(" = ", " == ", 1)) for line in lines]
    return {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _named_over_axes(given: Ingredients) -> Iterator[tuple[Valued, tuple[int, ...]]]:
    """Forward values with a name, and the axes of theirs that are summed over."""
    for leaf, axis in itertools.product(given.leaves, given.axes):
        if axis is not None and not leaf.cost and leaf.is_float and all(v.ndim > max(axis) for v in leaf.values):
            yield leaf, axis


def _sums_to_nothing(given: Ingredients) -> Iterator[Reason]:
    for leaf, axis in _named_over_axes(given):
        if all(_is_nothing(v.sum(axis=axis), v) for v in leaf.values):
            yield Reason(
                f"sum({leaf.code}) = 0",
                f"{leaf.code} has mean zero over {_axes(axis)}, so the mean's path through it vanishes",
                leaf.code,
                axis,
            )


def _sums_to_one(given: Ingredients) -> Iterator[Reason]:
    for leaf in given.leaves:
        if leaf.cost or any(v.ndim < 2 for v in leaf.values):
            continue
        if all(np.allclose(v.sum(axis=-1), 1, rtol=0, atol=_CLOSE) for v in leaf.values):
            kind = "one-hot rows sum to one" if _is_onehot(leaf.values) else f"the rows of {leaf.code} sum to one"
            yield Reason(f"sum({leaf.code}, axis=-1) = 1", kind, leaf.code)


def _squares(given: Ingredients) -> Iterator[Reason]:
    """The squares of unit rows."""
    for leaf, axis in _named_over_axes(given):
        if not _is_onehot(leaf.values) and all(
            np.allclose((v**2).sum(axis=axis), 1, rtol=0, atol=_CLOSE) for v in leaf.values
        ):
            yield Reason(f"sum({leaf.code}**2) = 1", f"{leaf.code} has length one over {_axes(axis)}", over=axis)


def _complements(given: Ingredients) -> Iterator[Reason]:
    """Values that say each other: a = 1 / b, a = b * c, a = 1 - b."""
    leaves = [leaf for leaf in given.leaves if not leaf.cost and leaf.is_float]
    for a, b in itertools.permutations(leaves, 2):
        if a.code < b.code and all(_equal(v, w) for v, w in zip(a.values, _inverted(b.values))):
            yield Reason(f"{a.code} = 1 / {b.code}", "by the forward pass: quotients by the one are products")
    for a, b, c in itertools.permutations(leaves, 3):
        if b.code < c.code and all(_equal(v, w * x) for v, w, x in zip(a.values, b.values, c.values)):
            yield Reason(f"{b.code} * {c.code} = {a.code}", "by the forward pass: the product has a name")
    for a, b, c in itertools.permutations(leaves, 3):
        if all(_equal(v, w - x) for v, w, x in zip(a.values, b.values, c.values)):
            yield Reason(f"{b.code} - {c.code} = {a.code}", "by the forward pass: the difference has a name")


def _calls(given: Ingredients) -> Iterator[Reason]:
    """What a function gives on the way that a forward value says, too: np.exp(-x - s) = 1 - out."""
    calls = [leaf for leaf in given.leaves if isinstance(leaf.tree, ast.Call)]
    with np.errstate(all="ignore"):
        named = [leaf for leaf in given.leaves if not leaf.cost and leaf.is_float]
        quotients = (together(a, DIVIDE, b) for a, b in itertools.permutations(named, 2) if b.divides)
        known = [*(part for leaf in named for part in usual(leaf)), *(each for each in quotients if each is not None)]
    for call in calls:
        same = next((part for part in known if all(map(_equal, call.values, part.values))), None)
        if same is not None and same.code != call.code:
            yield Reason(f"{call.code} = {same.code}", f"by the forward pass{_sigmoid(call, named)}")


def _sigmoid(call: Valued, named: Sequence[Valued]) -> str:
    """What e^(z - s) is where s = log(1 + e^z); "" where it is no such thing."""
    (raised,) = call.tree.args if isinstance(call.tree, ast.Call) else (call.tree,)
    if not (isinstance(raised, ast.BinOp) and isinstance(raised.op, ast.Sub) and isinstance(raised.right, ast.Name)):
        return ""
    z, taken = ast.unparse(raised.left), raised.right.id
    s = next((leaf for leaf in named if leaf.code == taken), None)
    with np.errstate(all="ignore"):
        is_softplus = s is not None and all(
            _equal(np.logaddexp(0, np.log(v) + w), w) for v, w in zip(call.values, s.values)
        )
    return f": e^z / (1 + e^z) with z = {z}, since {taken} = log(1 + e^z)" if is_softplus else ""


def _masks(given: Ingredients, change: Stretched) -> Iterator[Reason]:
    """What several comparisons say together, and a mask of the short form says alone, or but for the right answer."""
    masks = [leaf for leaf in given.leaves if not leaf.is_float]
    onehot = next((leaf.values for leaf in given.leaves if leaf.code == "onehot"), None)
    code = {leaf.code: given.helpers.get(leaf.code, leaf.code) for leaf in masks}
    for line in change.lines[:-1]:
        called, _, says = line.partition(" = ")
        mask = next((leaf for leaf in masks if code[leaf.code] == says), None)
        if mask is None:
            continue
        for a, b in itertools.combinations(masks, 2):
            both = [w & x for w, x in zip(a.values, b.values)]
            terms = [called if leaf is mask else _in_brackets(code[leaf.code]) for leaf in (a, b)]
            product = f"{' * '.join(terms)} = {called}"
            if mask not in (a, b):
                if all(map(np.array_equal, both, mask.values)):
                    yield Reason(product, "by the forward pass: where both hold")
            elif onehot is not None and all(map(np.array_equal, mask.values, map(np.logical_or, both, onehot))):
                why = f"in the place of the right answer {called} holds, {terms[mask is a]} does not"
                yield Reason(f"{product} - onehot", why)
                sums = f"sum({called} - {' * '.join(terms)}, axis=-1) = 1"
                yield Reason(sums, "they differ in one entry of every row")
                break


def _in_brackets(code: str) -> str:
    return f"({code})" if " " in code else code


def _inverted(values: Sequence[Array]) -> list[Array]:
    with np.errstate(all="ignore"):
        return [1 / v for v in values]


def _is_nothing(total: Array, value: Array) -> bool:
    return bool(np.max(np.abs(total)) <= _CLOSE * max(float(np.max(np.abs(value))), 1e-300))


def _equal(one: Array, other: Array) -> bool:
    with np.errstate(all="ignore"):
        return distance(other, one) <= _CLOSE


def _is_onehot(values: Sequence[Array]) -> bool:
    return all(set(np.unique(v)) <= {0, 1} for v in values)


def _axes(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {axes}"
