"""What a record consists of: nodes, terms, steps and groups. Plain data; nothing here computes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from backpropviz.engine.named import NamedInt, Shape, plain
from backpropviz.primitives.record import Primitive
from backpropviz.text import file_name

Array = np.ndarray[Any, Any]


class Memory(Protocol):
    """Where the values of some nodes are, other than with them."""

    @property
    def outline(self) -> Array: ...

    def at(self, node: Node) -> Array: ...


@dataclass(slots=True, eq=False)
class Node:
    """One value of a run.

    Attributes:
        index: its place in the order of recording; parents come before their children.
        primitive: the operation that made it; None for an input.
        args, kwargs: what the operation was called with; traced operands appear as nodes, also inside tuples.
        parents: those nodes in order. `x * x` has the same parent twice.
        value: the forward value (for a node of the red graph: the gradient it carries).
        name: the name it was assigned to, with a version where the name was used before; None if it has none.
        step: the step that made it; for a red node, the step whose backward pass made it.
        is_view: the value shares its memory with a parent's value.
        memory: what works the value out where it is not kept; shared by the versions of an array changed in place.
        observed: some operation used the value, so it is kept when the next version is written.
        carries_gradient: some input that can have a gradient reaches it through differentiable operations.
        gradient: the red node with the gradient of the output with respect to it; None before backward.
        terms: what each consumer contributed to the gradient, in the order of arrival.
    """

    index: int
    primitive: Primitive | None
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    parents: tuple[Node, ...]
    _value: Array | None
    name: str | None = None
    step: Step | None = None
    is_view: bool = False
    memory: Memory | None = None
    observed: bool = False
    carries_gradient: bool = False
    gradient: Node | None = None
    terms: Sequence[Term] = ()

    @property
    def value(self) -> Array:
        if self._value is None:
            assert self.memory is not None
            return self.memory.at(self)
        return self._value

    @value.setter
    def value(self, value: Array) -> None:
        self._value = value

    @property
    def outline(self) -> Array:
        """An array of the value's shape and dtype; its entries may be others."""
        if self._value is None:
            assert self.memory is not None
            return self.memory.outline
        return self._value

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.outline.shape
        return shape

    @property
    def grad(self) -> Array | None:
        """The gradient, of the value's shape; None if it was not computed."""
        return None if self.gradient is None else self.gradient.value

    def __repr__(self) -> str:
        made_by = self.primitive.name if self.primitive else "input"
        return f"<node {self.name or self.index}: {made_by}, shape {self.shape}>"


@dataclass(slots=True, eq=False)
class Term:
    """What one red edge carries: one consumer's contribution to a gradient."""

    consumer: Node
    position: int
    node: Node

    @property
    def value(self) -> Array:
        return self.node.value


@dataclass(slots=True, eq=False)
class Group:
    """One call of a function from within a layer: the steps it made belong together.

    Attributes:
        label: its number, counted like a step's: "2", or "2.1" inside another group.
        function: the called function's name.
        name: the name its result was assigned to, if any.
        round: the round of a loop that it was called in, if any.
        parent: the group it was called from; None at the top.
    """

    label: str
    function: str
    parent: Group | None
    code: str = ""
    caption: str = ""
    line: int = 0
    name: str | None = None
    round: Round | None = None


@dataclass(slots=True, eq=False)
class Loop:
    """A `for`, a `while` or a comprehension that ran.

    Attributes:
        head: as written, on one line: "for i in range(Ho)".
        file, line: where it stands.
        group: the call it stands in; None at the top.
        around: the round of the loop around it, in the same call; None if there is none.
        rounds: one for every time its body ran, in order.
        left_early: whether it was left before it came to its end, by a `break` or a `return`.
    """

    head: str
    file: str
    line: int
    group: Group | None
    around: Round | None
    rounds: list[Round] = field(default_factory=list)
    left_early: bool = False

    @property
    def site(self) -> tuple[str, int, str]:
        """Which loop of the source it is."""
        return self.file, self.line, self.head

    @property
    def outer(self) -> Round | None:
        """The round that it ran in, also where that loop stands in a function further out."""
        around, group = self.around, self.group
        while around is None and group is not None:
            around, group = group.round, group.parent
        return around


@dataclass(slots=True, eq=False)
class Round:
    """One run of a loop's body.

    Attributes:
        number: counted from 0. variables: what the loop's variables were.
        nodes, steps: where in the trace's lists of nodes and steps it begins and ends.
    """

    loop: Loop
    number: int
    variables: dict[str, Any]
    nodes: range
    steps: range


@dataclass(slots=True, eq=False)
class Step:
    """One assignment of a traced value.

    Attributes:
        label: its number, "3", or "2.3" inside group 2; see numbering.py.
        name: the assigned name, with a version where it was used before ("dx", "dx_2").
        code: the right-hand side as written. statement: the whole of it.
        caption: the comment above it, without its comment sign and step number.
        node: the value it assigned. nodes: everything it computed, the assigned value last.
        group: the call it belongs to; None at the top.
        file, line: where it stands. written: the name as it stands there, without a version.
        round: the round of a loop that it was made in; None outside of loops.
        is_argument: whether it was made in the argument list of a call, and has the name of the call's parameter.
    """

    label: str
    name: str
    code: str
    statement: str
    caption: str
    node: Node
    nodes: list[Node]
    group: Group | None
    file: str
    line: int
    round: Round | None = None
    written: str = ""
    is_argument: bool = False
    backward: Sequence[Node] = ()

    @property
    def sets_a_part(self) -> bool:
        """Whether it changes a part of an array: `out[n] = v`, where the right-hand side says too little."""
        return self.node.primitive is not None and self.node.primitive.name in ("stored", "added")

    @property
    def value(self) -> Array:
        return self.node.value

    @property
    def grad(self) -> Array | None:
        return self.node.grad

    @property
    def where(self) -> str:
        """File name and line, as errors and tables give it."""
        return f"{file_name(self.file)}:{self.line}"


@dataclass(slots=True)
class SizeStatement:
    """An assignment of plain numbers that derived code may need again: `N, D = x.shape`."""

    names: tuple[str, ...]
    statement: str
    needs: tuple[str, ...]


def is_range(array: Array) -> bool:
    """Whether it counts 0, 1, 2, ...: code writes such an array out."""
    return (
        array.ndim == 1 and array.size > 1 and array.dtype.kind == "i" and np.array_equal(array, np.arange(len(array)))
    )


def ancestors(targets: list[Node]) -> set[Node]:
    """Every node the targets were computed from, themselves included."""
    found: set[Node] = set()
    waiting = list(targets)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(node.parents)
    return found


def flatten(value: Any) -> Iterator[Node]:
    """The nodes inside an argument, in order: itself, or the entries of a tuple, list or slice."""
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from flatten(item)
    elif isinstance(value, slice):
        yield from flatten((value.start, value.stop, value.step))


_BARE = {int, float, bool, str, slice, type(None), type(Ellipsis), np.ndarray}
PLACES = {int, slice, type(None), type(Ellipsis), NamedInt}  # NumPy takes a named number in an index as it is


def bare(value: Any, of: Callable[[Node], Any] = operator.attrgetter("value")) -> Any:
    """A recorded argument as NumPy takes it: arrays for nodes, plain numbers for named ones."""
    kind = type(value)
    if kind is Node:
        return of(value)
    if kind in _BARE:
        return value
    if kind is tuple:
        return value if PLACES.issuperset(map(type, value)) else tuple([bare(item, of) for item in value])
    if kind is dict:
        return {key: bare(item, of) for key, item in value.items()}
    if kind is list:
        return [bare(item, of) for item in value]
    if isinstance(value, tuple):
        return value.node.shape if isinstance(value, Shape) else tuple([plain(item) for item in value])
    return plain(value)


def substitute(value: Any, replace: Any) -> Any:
    """An argument with every node in it replaced by `replace(node)`, and named numbers left as they are."""
    if isinstance(value, Node):
        return replace(value)
    if type(value) in (tuple, list):
        return type(value)(substitute(item, replace) for item in value)
    return value
