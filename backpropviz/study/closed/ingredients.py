"""What a closed form may be made of: forward values near the stretch, sizes, settings, answers as one-hot rows."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.study.closed.lines import Line
from backpropviz.study.closed.stretches import Stretch
from backpropviz.study.closed.watched import Watched
from backpropviz.study.values import trees
from backpropviz.study.values.trees import binary, expression, number, numpy_call
from backpropviz.study.values.valued import LARGEST, Axes, Valued, below, broadcast, distinct, summed

_MOST_LEAVES, _MOST_CONSTANTS = 9, 8
_EXPONENTIALS, _BARS = ("exp", "logaddexp"), ("abs", "absolute")


@dataclass(frozen=True)
class Ingredients:
    """What one stretch may be written with.

    Attributes:
        source, target: their values. leaves: forward values. constants: sizes, settings and numbers, as code.
        axes: what is summed over. helpers: lines for leaves that have none yet.
        slope: the target over the source, where that is the same whatever comes in; None where entries mix.
        inner: leaves from within a gate, by name.
        gate: a sigmoid that the forward pass does not have, but its slope may; its line is among the helpers.
    """

    source: Valued
    target: tuple[Array, ...]
    slope: tuple[Array, ...] | None
    leaves: list[Valued]
    constants: dict[str, list[float]]
    axes: list[Axes]
    helpers: dict[str, str]
    inner: frozenset[str] = frozenset()
    gate: Valued | None = None


class Larder(Watched):
    """The values of a program on several runs, and what a stretch of it may be written with."""

    def of(self, stretch: Stretch) -> Ingredients | None:
        """None where some value is not known on every run."""
        target = self._target(stretch)
        source = self._value(stretch.source)
        if target is None or source is None or any(t.size > LARGEST or t.size < 2 for t in target):
            return None
        if target[0].dtype.kind != "f" or any(not np.isfinite(t).all() for t in target):
            return None
        u = self._lined_up(Valued.named(stretch.source[1], source), target)
        constants = self._constants(stretch, target)
        leaves, helpers = self._leaves(stretch, target)
        slope = self._slope(stretch, u, target)
        gate = self._gate(stretch, target, leaves, helpers) if slope is not None else None
        return Ingredients(
            u, target, slope, leaves, constants, self._axes(stretch, target), helpers, self.program.inner, gate
        )

    def _slope(self, stretch: Stretch, u: Valued, target: tuple[Array, ...]) -> tuple[Array, ...] | None:
        """Asked of another gradient in its place: where every entry of the target has one of the source."""
        if not below(u.values, target):
            return None
        source, other = self.of_another_source(stretch)
        if source is None or other is None:
            return None
        second = [v.reshape(first.shape) for v, first in zip(source, u.values)]
        with np.errstate(all="ignore"):  # what was drawn is nowhere zero; what comes in may be, behind a mask
            slope = tuple(t / v for t, v in zip(other, second))
        if any(not np.isfinite(a).all() for a in slope):
            return None
        close = all(
            np.allclose(t, a * v, rtol=1e-7, atol=1e-12 * max(np.abs(t).max(), 1e-300))
            for t, v, a in zip(target, u.values, slope)
        )
        return slope if close else None

    def _lined_up(self, leaf: Valued, target: tuple[Array, ...]) -> Valued:
        """The value with new axes behind, where it lacks those that a sum has taken: `total[:, None]`."""
        missing = target[0].ndim - leaf.values[0].ndim
        if missing <= 0 or leaf.values[0].ndim == 0 or below(leaf.values, target):
            return leaf
        index = ", ".join([":"] * leaf.values[0].ndim + ["None"] * missing)
        spread = Valued(
            expression(f"({leaf.code})[{index}]"),
            tuple(v.reshape(v.shape + (1,) * missing) for v in leaf.values),
        )
        return spread if below(spread.values, target) else leaf

    def _leaves(self, stretch: Stretch, target: tuple[Array, ...]) -> tuple[list[Valued], dict[str, str]]:
        """What the stretch's lines read, what is computed of that, and what that is computed of; the nearest first."""
        helpers: dict[str, str] = {}
        found: list[Valued] = []
        for called in self._near(stretch):
            values = self._known(called, stretch)
            if values is None or values[0].dtype.kind not in "fb" or called in self.program.settings:
                continue
            leaf = self._lined_up(Valued.named(called, values), target)
            if all(broadcast(v.shape, t.shape) is not None for v, t in zip(leaf.values, target)):
                found.append(leaf)
        for labels, values in self._labels(stretch):
            onehot = _onehot(values, target)
            if onehot is not None:
                helpers["onehot"] = f"np.eye({self._length(target, -1)})[{labels}]"
                found.insert(0, Valued.named("onehot", onehot))
                break
        found = found[:_MOST_LEAVES]
        taken = self.program.taken
        for mask in self._masks(stretch, target, found):
            called = next(n for n in ("mask", "is_on", *(f"mask_{k}" for k in range(2, 99))) if n not in taken)
            taken.add(called)
            helpers[called] = mask.code
            found.append(Valued.named(called, mask.values))
        certain = [leaf for leaf in found if leaf.is_float and all(np.all(v < 0) for v in leaf.values)]
        found += [Valued(numpy_call("exp", leaf.tree), tuple(np.exp(v) for v in leaf.values)) for leaf in certain]
        return distinct([*found, *self._inlined(stretch, target)]), helpers

    def _near(self, stretch: Stretch) -> list[str]:
        read = [n for line in stretch.between for n in sorted(line.reads)]
        forward = [line for line in self.program.forward if line.name]
        setters = {line.name: line for line in forward}
        near = list(dict.fromkeys(read))
        of_these = [line.name for line in forward if line.reads & {*near}]
        under = [n for called in near if called in setters for n in sorted(setters[called].reads)]
        beyond = [line.name for line in forward if line.reads & {*of_these}]
        return list(dict.fromkeys([*near, *of_these, *under, *beyond, *self.program.listing.parameters]))

    def _labels(self, stretch: Stretch) -> Iterator[tuple[str, tuple[Array, ...]]]:
        read = {n for line in [*stretch.between, *self._forward] for n in line.reads}
        for called in self.program.listing.parameters:
            values = self._value((None, called))
            if called in read and values is not None and values[0].dtype.kind in "iu" and values[0].ndim:
                yield called, values
        index = expression("np.s_")
        for tree in self._parts(stretch, ast.Subscript):  # `np.s_[np.arange(N * T), y.reshape(N * T)]`
            if isinstance(tree, ast.Subscript) and ast.dump(tree.value) == ast.dump(index):
                parts = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else []
                values = self.evaluated(parts[-1], stretch, "iu") if len(parts) > 1 else None
                if values is not None:
                    yield ast.unparse(parts[-1]), values

    def _masks(self, stretch: Stretch, target: tuple[Array, ...], leaves: list[Valued]) -> list[Valued]:
        """Comparisons that the stretch's lines make, and where a value that is nowhere negative is not zero."""
        found = list[Valued]()
        for tree in self._parts(stretch, ast.Compare):
            values = self.evaluated(tree, stretch)
            if values is not None and below(values, target):
                found.append(Valued(tree, values))
        for leaf in leaves:
            if (
                leaf.is_float
                and leaf.values[0].size > 1
                and all(np.all(v >= 0) and np.any(v == 0) for v in leaf.values)
            ):
                tree = ast.Compare(leaf.tree, [ast.Gt()], [ast.Constant(0)])
                found.append(Valued(tree, tuple(v > 0 for v in leaf.values)))
        return distinct(found)[:3]

    def _gate(
        self, stretch: Stretch, target: tuple[Array, ...], leaves: list[Valued], helpers: dict[str, str]
    ) -> Valued | None:
        """The sigmoid of what e is raised to: log(1 + e^x) has it as its slope, in each of its spellings."""
        nodes = [node for line in self._forward for node in ast.walk(_parsed(line)) if isinstance(node, ast.Call)]
        for argument in (
            _unsigned(each) for call in nodes if trees.called(call) in _EXPONENTIALS for each in call.args
        ):
            values = self.evaluated(argument, stretch)
            if values is None or not below(values, target) or not all(np.any(v < 0) and np.any(v > 0) for v in values):
                continue
            with np.errstate(over="ignore"):
                made = tuple(1 / (1 + np.exp(-v)) for v in values)
            if not any(_is_same(made, leaf.values) for leaf in leaves):
                gate = next(
                    n for n in ("s", "gate", *(f"gate_{k}" for k in range(2, 99))) if n not in self.program.taken
                )
                bottom = binary(number(1), ast.Add(), numpy_call("exp", ast.UnaryOp(ast.USub(), argument)))
                helpers[gate] = ast.unparse(binary(number(1), ast.Div(), bottom))
                return Valued.named(gate, made)
        return None

    def _inlined(self, stretch: Stretch, target: tuple[Array, ...]) -> Iterator[Valued]:
        """What the stretch's lines compute of forward values in passing: `np.sqrt(1 + r**2)`."""
        for tree in self._parts(stretch, ast.Call):
            values = self.evaluated(tree, stretch)
            if values is not None and values[0].dtype.kind == "f" and below(values, target):
                yield Valued(tree, values)

    def _parts(self, stretch: Stretch, kind: type[ast.Compare | ast.Call | ast.Subscript]) -> Sequence[ast.expr]:
        """Expressions of one kind in the stretch's lines, each once."""
        every = (tree for line in stretch.between for tree in ast.walk(_parsed(line)) if isinstance(tree, kind))
        return list({ast.unparse(tree): tree for tree in every}.values())[:8]

    def _axes(self, stretch: Stretch, target: tuple[Array, ...]) -> list[Axes]:
        """The axes that the stretch sums over; those of broadcasting too."""
        found: dict[Axes, None] = {}
        rank = target[0].ndim
        for tree in (t for n in [*stretch.between, *self._forward] for t in ast.walk(_parsed(n))):
            for keyword in tree.keywords if isinstance(tree, ast.Call) else []:
                if keyword.arg == "axis":
                    axes = _literal(keyword.value)
                    if axes is not None and all(-rank <= a < rank for a in axes):
                        found[tuple(sorted(a % rank for a in axes))] = None
        if any("np.sum(" in line.text and "axis" not in line.text for line in stretch.between):
            found[None] = None
        return list(found)[:3] or [None]

    def _constants(self, stretch: Stretch, target: tuple[Array, ...]) -> dict[str, list[float]]:
        """Sizes by the code that asks for them, settings, and the numbers in the lines."""
        found: dict[str, list[float]] = {}
        for called in self._named_numbers():
            values = self._value((None, called)) or next(
                (self._value((n, called)) for n in self._forward if called in n.names), None
            )
            if values is not None and all(v.ndim == 0 for v in values):
                found[called] = [float(v) for v in values]
        for axis in range(target[0].ndim):
            found.setdefault(self._length(target, axis), [float(v.shape[axis]) for v in target])
        for axes in dict.fromkeys([*self._axes(stretch, target), None]):
            chosen = range(target[0].ndim) if axes is None else axes
            if len(chosen) == target[0].ndim and (whole := self._sized(target)):
                found.setdefault(whole, [float(v.size) for v in target])
            elif len(chosen) > 1:
                asked = " * ".join(self._length(target, axis) for axis in chosen)
                found.setdefault(f"({asked})", [float(np.prod([v.shape[a] for a in chosen])) for v in target])
        found = {code: v for code, v in found.items() if "?" not in code}  # sizes that nothing says
        literals = list(self._literals(stretch))
        products = [
            a * b for a, b in itertools.combinations(literals, 2) if isinstance(a, float) or isinstance(b, float)
        ]
        for value in dict.fromkeys([*literals, *products[:6]]):
            found.setdefault(repr(value), [float(value)] * len(self.seen))
        return found

    def _literals(self, stretch: Stretch) -> list[float]:
        """The numbers that stand in the stretch's lines, but the usual ones."""
        every = (tree for line in stretch.between for tree in ast.walk(_parsed(line)))
        found: dict[float, None] = {}
        for tree in every:
            if isinstance(tree, ast.Constant) and isinstance(tree.value, int | float) and tree.value is not True:
                found[tree.value] = None
        return [value for value in found if value not in (0, 1, 2, 0.5)][:5]

    def _named_numbers(self) -> list[str]:
        sizes = [n for line in self._forward for n in line.names if n != "_" and self._is_number(line, n)]
        return [*self.program.settings, *sizes][:_MOST_CONSTANTS]


def sums_of(leaves: Sequence[Valued], axes: Sequence[Axes], target: tuple[Array, ...]) -> list[Valued]:
    """The sums of forward values over the axes: how many of a row are on, what an answer's entries add up to."""
    return [
        summed(leaf, axis, True)
        for leaf in leaves
        for axis in axes
        if axis is not None and leaf.values[0].shape == target[0].shape
    ]


def _unsigned(tree: ast.expr) -> ast.expr:
    """Without a minus sign or bars around it."""
    if isinstance(tree, ast.UnaryOp):
        return _unsigned(tree.operand)
    return _unsigned(tree.args[0]) if isinstance(tree, ast.Call) and trees.called(tree) in _BARS else tree


def _is_same(one: tuple[Array, ...], other: tuple[Array, ...]) -> bool:
    return all(v.shape == w.shape and np.allclose(v, w, rtol=1e-9) for v, w in zip(one, other))


def _parsed(line: Line) -> ast.AST:
    return ast.parse("0" if line.text.endswith(":") else line.text)


def _literal(tree: ast.expr) -> tuple[int, ...] | None:
    try:
        value = ast.literal_eval(tree)
    except ValueError:
        return None
    return (value,) if isinstance(value, int) else value if isinstance(value, tuple) else None


def _onehot(labels: tuple[Array, ...], target: tuple[Array, ...]) -> tuple[Array, ...] | None:
    """A one where the label of a row says; None where the labels are not those of the target's rows."""
    made = []
    for rows, t in zip(labels, target):
        if t.ndim < 2 or rows.shape != t.shape[:-1] or rows.min() < 0 or rows.max() >= t.shape[-1]:
            return None
        made.append(np.eye(t.shape[-1])[rows])
    return tuple(made)
