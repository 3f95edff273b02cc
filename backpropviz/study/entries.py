"""How a single entry came about: the entries it was made from, as an expression that gives it again.

Two ways to say it, both read off the record. The *own* one is what its step computes, in entries of the values that
the step uses: `xhat[0, 1] = xmu[0, 1] * ivar[1]`. The *through* one follows the record to its beginning, where that is
a sum: an entry of an output in entries of the inputs, an entry of a gradient in entries of the upstream gradient, each
times its derivative; one that is an entry of an input itself goes by that name: `dout[0, 0, 1, 1] * w[0, 0, 0, 1]`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array, Node
from backpropviz.engine.trace import Trace
from backpropviz.errors import InputError
from backpropviz.study.expressions import Entry, Expression, Known, Number, Operation, Product, Sum, in_numbers, write
from backpropviz.study.rows import Index, between, local_jacobian, local_row, looked_at, row
from backpropviz.study.spelling import Speller, mean_of

_EXACT = 1e-11  # of the size of what is added up
_CLEAR = 64  # terms of a sum with derivatives that have no name
_NO_SUMS = ("norm", "hypot", "std")  # twice the input gives twice the output, but they are no sums


@dataclass(frozen=True)
class EntryStory:
    """One entry, and where it comes from.

    Attributes:
        entry: its name, place and value.
        own: as its step computes it. choice: for one that was chosen among entries of the ends, the choice.
        through: in entries of the inputs or of the upstream gradient; None if that is no
            sum. clear: every derivative of `through` has a name, or is one.
        rows: the derivatives of the entry with respect to the ends, by name: a row of the Jacobian.
        seen: entries of the ends that were looked at, as masks by name; more than those with a derivative.
        goes_to: for an entry of the forward pass, what its gradient adds to the inputs' gradients, by input.
        gradient: the entry's gradient, if it has one. is_gradient: it is an entry of a gradient itself.
    """

    entry: Entry
    own: Expression
    choice: Expression | None
    through: Sum | None
    clear: bool
    rows: dict[str, Array]
    seen: dict[str, Array]
    goes_to: dict[str, Array]
    gradient: Entry | None
    is_gradient: bool

    @property
    def best(self) -> Expression:
        """The expression that says most: through to the ends, if all of it has names or it is one choice among them."""
        if self.choice is not None:
            return self.choice
        return self.through if self.through is not None and self.clear else self.own

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data; expressions as text in names, and as text in numbers that give the value again."""

        def told(expression: Expression | None) -> dict[str, str] | None:
            texts = expression and {"names": write(expression), "numbers": write(expression, in_numbers(17))}
            return texts or None

        its = self.entry
        return {
            "format": "backpropviz/entry", "version": 1, "name": its.name, "index": list(its.index), "value": its.value,
            "own": told(self.own), "choice": told(self.choice), "through": told(self.through), "row": self.rows,
            "seen": self.seen, "gradient": self.gradient and self.gradient.value, "goes_to": self.goes_to,
        }  # fmt: skip


class Entries:
    """The entries of a trace's values and gradients, by name.

    Args:
        trace: after its backward pass, if gradients are asked for.
    """

    def __init__(self, trace: Trace):
        self.trace = trace

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Every value and gradient that has a name."""
        found = dict(self.trace.inputs)
        found |= {step.name: step.node for step in self.trace.steps}
        found |= {node.name or "out": node for node in self.trace.outputs}
        if self.trace.upstream:
            names = self.trace.gradient_names
            for node in (*self.trace.inputs.values(), *(step.node for step in self.trace.steps)):
                if node.gradient is not None:
                    found.setdefault(names.gradient(node), node.gradient)
                    for term, name in zip(node.terms, names.terms.get(node, ())):
                        found.setdefault(name, term.node)
            for node, name in names.parts.items():
                found.setdefault(name, node)
            found |= {str(node.name): node for node in self.trace.upstream.values()}
        return found

    def find(self, text: str) -> tuple[str, Node, Index]:
        """What `out[0, 1]` names; of `out` alone, the entry that says most.

        Raises:
            InputError: there is no such value, or no such entry.
        """
        match = re.fullmatch(r"\s*([^\W\d]\w*)\s*(?:\[([-\d,\s]*)\])?\s*", text)
        if match is None:
            raise InputError(
                f"--entry {text} names no entry", fix="Name an entry as NumPy does: out[0,1], or dx[0,0,1,1]."
            )
        name = match[1]
        node = self.nodes.get(name)
        if node is None:
            there = ", ".join(list(self.nodes)[:24])
            raise InputError(f"there is no value {name!r}", fix=f"There are {there}.")
        if match[2] is None:
            return name, node, self.telling(node)
        places = tuple(int(part) for part in match[2].split(",") if part.strip())
        if len(places) != node.value.ndim or any(not -size <= i < size for i, size in zip(places, node.shape)):
            alike = len(places) == node.value.ndim
            last = f"{name}[{','.join(str(size - 1) for size in node.shape)}]" if node.shape else name
            fix = "Count places from 0" if alike else "Give as many places as it has axes"
            raise InputError(f"{name}[{match[2]}]: {name} has shape {node.shape}", fix=f"{fix}; the last is {last}.")
        return name, node, tuple(i % size for i, size in zip(places, node.shape))

    def telling(self, node: Node) -> Index:
        """The entry with the most terms, the middle one of those; what lies at a border has fewer."""
        places = list(np.ndindex(node.shape))
        some = places[:: max(1, len(places) // 200)]
        ends = self.ends(node)
        counts = [sum(int(np.count_nonzero(found)) for found in row(node, place, ends).values()) for place in some]
        most = max(counts)
        best = [place for place, count in zip(some, counts) if count == most]
        return best[len(best) // 2]

    def ends(self, node: Node) -> list[Node]:
        """Where a row of the Jacobian ends: at the inputs, or for gradients at what arrives from above."""
        return list((self.trace.upstream if node in self._red else self.trace.inputs).values())

    @cached_property
    def _red(self) -> set[Node]:
        """The nodes of the backward pass."""
        return {*self.trace.red.nodes}

    def story(self, text: str) -> EntryStory:
        """Where the entry that `text` names comes from.

        Raises:
            InputError: there is no such value, or no such entry.
        """
        name, node, index = self.find(text)
        ends = self.ends(node)
        names = {each: known for known, each in reversed(self.nodes.items())}
        names |= {upstream: str(upstream.name) for upstream in self.trace.upstream.values()}
        own = Speller(names).spell(node, index)
        to_the_ends = Speller({end: names[end] for end in ends}, most=_CLEAR)
        deep = to_the_ends.spell(node, index)
        chosen = (
            to_the_ends.left >= 0
            and isinstance(deep, Operation)
            and all(isinstance(part, Known | Number) for part in deep.parts)
        )
        choice = deep if chosen else None
        rows = row(node, index, ends)
        through, clear = self._through(node, index, rows)
        seen = {names[end]: mask for end, mask in looked_at(node, index, ends).items()}
        gradient, goes_to = None, {}
        if node.gradient is not None:
            own_name = self.trace.gradient_names.gradient(node)
            gradient = Entry(own_name, index, float(node.gradient.value[index]))
            goes_to = {names[end]: found * gradient.value for end, found in rows.items()}
        derivatives = {names[end]: found for end, found in rows.items()}
        its = Entry(name, index, _number(node.value[index]))
        return EntryStory(its, own, choice, through, clear, derivatives, seen, goes_to, gradient, node in self._red)

    def jacobians(self, step: str) -> dict[str, Array]:
        """The local Jacobians of a step, one for each value it uses: "sqrtvar by var", rows by columns.

        Raises:
            InputError: there is no such step, or a matrix has too many entries to read.
        """
        found = next((its for its in self.trace.steps if step in (its.label, its.name)), None)
        if found is None:
            there = ", ".join(its.label for its in self.trace.steps[:24])
            raise InputError(
                f"there is no step {step!r}", fix=f"There {'is only' if len(self.trace.steps) == 1 else 'are'} {there}."
            )
        own = {*found.nodes}
        used = dict.fromkeys(parent for node in found.nodes for parent in node.parents if parent not in own)
        return {
            f"{found.name} by {its.name}": local_jacobian(found.node, its, list(used))
            for its in used if its.name and its.value.dtype.kind == "f"
        }  # fmt: skip

    def _through(self, node: Node, index: Index, rows: dict[Node, Array]) -> tuple[Sum | None, bool]:
        """The entry as a sum over entries of the ends, and whether all derivatives in it have names."""
        value = float(np.real(node.value[index]))
        chosen = self._adding_up(node, value, rows)
        if chosen is None:
            return None, False
        products: list[Product] = []
        clear = True
        for end in chosen:
            name = str(end.name)
            for place in zip(*(axis.tolist() for axis in np.nonzero(rows[end]))) if end.shape else [()]:
                derivative = float(rows[end][place])
                known = Known(Entry(name, place, _number(end.value[place])))
                named = self._named(derivative, end)
                clear &= named is not None
                sign, factor = named if named is not None else (1, Number(derivative))
                products.append(Product((known,) if factor is None else (known, factor), sign))
        alike = {derivative for end in chosen for derivative in rows[end][rows[end] != 0].tolist()}
        share = alike.pop() if len(alike) == 1 else 0.0
        if not clear and (divisor := mean_of(share)):
            return Sum(tuple(Product(its.factors[:1], 1 if share > 0 else -1) for its in products), divisor), True
        if not clear and len(products) > _CLEAR:
            return None, False
        return Sum(tuple(products)), clear

    def _adding_up(self, node: Node, value: float, rows: dict[Node, Array]) -> list[Node] | None:
        """The ends whose entries, times their derivatives, add up to the value; None if none do."""
        parts = {end: (found * end.value) for end, found in rows.items() if end.value.dtype.kind in "fb"}
        size = sum(float(np.abs(part).sum()) for part in parts.values()) + abs(value)
        left = value
        chosen: list[Node] = []
        for end, part in parts.items():
            if node not in self._red and not _is_linear(node, end):
                continue
            rest = left - float(part.sum())
            if abs(left) <= _EXACT * size:
                break
            if chosen and abs(rest) > _EXACT * size:
                continue
            left = rest
            chosen.append(end)
        return chosen if chosen and abs(left) <= _EXACT * size else None

    def _named(self, derivative: float, end: Node) -> tuple[int, Expression | None] | None:
        """A derivative as a sign and an entry of an input; (sign, None) for one itself; None if it has no name."""
        if abs(derivative) == 1:
            return int(derivative), None
        for sign in (1, -1):
            entry = self._values.get(sign * derivative)
            if entry is not None and entry.name != end.name:
                return sign, Known(entry)
        return None

    @cached_property
    def _values(self) -> dict[float, Entry]:
        """The entries of the inputs by value, where no two are equal."""
        every = [
            Entry(name, place, float(node.value[place]))
            for name, node in self.trace.inputs.items()
            if node.value.dtype.kind == "f" and node.value.size <= 100_000
            for place in np.ndindex(node.shape)
        ]
        counts = Counter(entry.value for entry in every)
        telling = [entry for entry in every if counts[entry.value] == 1 and abs(entry.value) not in (0.0, 1.0)]
        return {entry.value: entry for entry in telling}


def _number(value: Any) -> float:
    return float(np.real(value))


def _is_linear(target: Node, end: Node) -> bool:
    """Whether all operations between an end and the target add, move or pick what comes from the end, or scale it: then
    each value is the sum of the entries of its operands, times their derivatives."""
    reached: set[Node] = {end}
    rng = np.random.default_rng(0)
    for node in between(target, {end}):
        moving = [parent in reached for parent in node.parents]
        if node is end or not any(moving):
            continue
        reached.add(node)
        name = node.primitive.name if node.primitive is not None else ""
        if name in _NO_SUMS:
            return False
        if name in ("add", "subtract"):
            continue
        weights = rng.normal(size=node.shape)
        handed = list(local_row(node, weights))
        value = float((weights * node.value).sum())
        sums = [float((found * operand.value).sum()) for operand, found in handed if operand in reached]
        all_of_them = [float((found * operand.value).sum()) for operand, found in handed]
        size = sum(map(abs, all_of_them)) + abs(value)
        if min(abs(value - sum(sums)), abs(value - sum(all_of_them))) > 1e-9 * size:
            return False
    return target in reached
