"""The tape: every operation on traced arrays is run and written down here, in order."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array, Node, Step, bare
from backpropviz.engine.named import NamedFloat, NamedInt
from backpropviz.engine.traced import Traced
from backpropviz.engine.versions import ADD, Deferred, Versions, is_write
from backpropviz.errors import TraceError
from backpropviz.primitives import Primitive
from backpropviz.primitives.shapes import PUT, TAKE
from backpropviz.primitives.stores import ADDED, STORED

NO_OPTIONS: dict[str, Any] = {}  # of a call without options: one for all
_NO_ARRAYS = {int, float, bool, str, slice, type(None), type(Ellipsis), NamedInt, NamedFloat}
_SEVERAL_FIX = "To pick entries, index by the mask itself: `x[x > 0]`."


class Tape:
    """Records operations in order. The forward pass and the backward pass each have one.

    Attributes:
        longest: how many operations it takes; one more is refused.
        step: the step that operations are made for, as far as that is known when they are recorded.
    """

    longest = sys.maxsize
    step: Step | None = None

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.taken: set[str] = set()

    def unique(self, name: str) -> str:
        """`name`, primed by underscores if a node of this tape has it already (`dx_2` of x and of x_2)."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def input(self, value: Any, name: str | None = None) -> Traced:
        """A value that no operation made."""
        node = Node(len(self.nodes), None, (), {}, (), np.asarray(value), name)
        node.carries_gradient = node.value.dtype.kind in "fc"
        self.nodes.append(node)
        return Traced(node, self)

    def computed(self, ufunc: np.ufunc, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
        """What plain arrays of the function's own came to; a tape that writes such things down hands on another."""
        return result

    def record(self, primitive: Primitive, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Traced:
        """Run a primitive on the values behind its arguments, and keep what it made.

        Raises:
            TraceError: a value with a gradient stands where none is handed back, or the operation made several arrays.
        """
        if len(self.nodes) >= self.longest:
            raise endless(f"{self.longest:,} operations")
        parents: list[Node] = []
        arrays = len(primitive.gradients)
        kept = []
        alone = 0  # operands that are traced values themselves, not lists of them
        for arg in args:
            kind = type(arg)
            if kind is Traced or kind is Node:
                operand = arg if kind is Node else arg._node if arg.source is None else arg.node
                parents.append(operand)
                kept.append(operand)
                alone += 1
            elif kind in _NO_ARRAYS:
                kept.append(arg)
            elif (kind is list or kind is tuple) and len(kept) < arrays:
                kept.append(self._encode(np.asarray(arg), parents))
            else:
                kept.append(self._encode(arg, parents))
        operands = len(parents)
        if kwargs:
            kwargs = {key: self._encode(option, parents) for key, option in kwargs.items()}
        arguments = tuple(kept)
        above = arguments if alone == len(kept) and not kwargs else tuple(parents)  # one tuple for both, if it can
        node = Node(len(self.nodes), primitive, arguments, kwargs or NO_OPTIONS, above, None, None, self.step)
        traced = Traced(node, self)
        # a view of an array: what is written into either changes both
        if self.enter(node) and type(args[0]) is Traced and node.outline.ndim:
            traced.source, traced.version = args[0], args[0].root.version
        if node.carries_gradient:
            handed_back = operands if primitive.gradient_of else alone if alone == len(parents) else _counted(kept)
            if handed_back < len(parents):
                lost = (
                    parents[operands:]
                    if primitive.gradient_of
                    else [p for p in parents if not any(p is arg for arg in kept)]
                )
                _refuse_lost(primitive, lost)
        return traced

    def enter(self, node: Node) -> bool:
        """Compute the value of a new node and keep it; whether NumPy lets the value share an operand's memory."""
        primitive = node.primitive
        assert primitive is not None
        in_memory = carries = shares = False
        for parent in node.parents:
            if parent.memory is not None:
                in_memory = True
            if parent.carries_gradient:
                carries = True
        if (in_memory and _use_memory(node)) or primitive is STORED or primitive is ADDED:
            _write(node)
        elif primitive is PUT and type(node.args[0]) is Node:
            node.memory = Deferred(node)
        else:
            shares = self._run(node, in_memory)
        node.carries_gradient = carries and primitive.differentiable and node.outline.dtype.kind in "fc"
        self.nodes.append(node)
        return shares

    def add(self, total: Node, term: Node) -> Node:
        """`total + term`, of one shape and dtype; a term that is zero but for a part costs no more than that part."""
        memory = total.memory
        if type(term.memory) is not Deferred or type(memory) is not Versions or memory.nodes[-1] is not total:
            return self.record(ADD, (total, term), {}).node
        node = Node(len(self.nodes), ADD, (total, term), {}, (total, term), None, None, self.step)
        node.carries_gradient = total.carries_gradient or term.carries_gradient
        memory.extend(node)
        self.nodes.append(node)
        return node

    @staticmethod
    def _run(node: Node, in_memory: bool) -> bool:
        """Compute a node's value from its arguments; whether NumPy lets it share an operand's memory.

        Args:
            in_memory: the value of some operand is kept in a memory of its own.
        """
        primitive, parents = node.primitive, node.parents
        assert primitive is not None
        values = [
            (arg.value if arg._value is None else arg._value) if type(arg) is Node else bare(arg) for arg in node.args
        ]
        value = primitive.run(*values, **bare(node.kwargs)) if node.kwargs else primitive.run(*values)
        if type(value) is not np.ndarray:
            if type(value) is tuple:
                raise TraceError(f"{primitive.call} gives several arrays here", fix=_SEVERAL_FIX)
            value = np.asarray(value)
        node._value = value
        if primitive.is_ufunc:
            return False
        node.is_view = shares = any([_shares(value, parent.outline) for parent in parents])
        if shares and in_memory and any([isinstance(parent.memory, Versions) for parent in parents]):
            node.value, node.is_view = value.copy(order="K"), False  # the memory will be written into
        elif parents and not shares and not value.flags.writeable:
            node.value = value.copy()  # a replay will write into it
        return shares

    def _encode(self, value: Any, found: list[Node]) -> Any:
        """An argument as it is kept in the record: nodes for traced values, which are also added to `found`."""
        kind = type(value)
        if kind in _NO_ARRAYS:
            return value
        if kind is Traced:
            node = value.node
            found.append(node)
            return node
        if kind is Node:
            found.append(value)
            return value
        if kind is np.ndarray:
            return self.keep(value)
        if kind is tuple and _NO_ARRAYS.issuperset(map(type, value)):
            return value
        if kind in (tuple, list):
            return kind([self._encode(item, found) for item in value])
        if isinstance(value, np.ndarray):  # a Slate
            traced = value.traced  # type: ignore[attr-defined]
            return self.keep(value) if traced is None else self._encode(traced, found)
        return value

    def keep(self, array: Array) -> Array:
        """A constant, as it is kept in the record."""
        return array

    def encoded(self, arguments: Any) -> Any:
        """Arguments as a record would keep them."""
        args, kwargs = arguments
        return self._encode(args, []), {key: self._encode(value, []) for key, value in kwargs.items()}

    def decide(self, test: Callable[[], bool], truth: bool) -> None:
        """Called when the path depends on a value: a question, and its answer."""

    def begun(self, array: Array) -> None:
        """Called when a plain array becomes a traced one."""

    def changed(self, traced: Traced) -> None:
        """Called when an array was changed in place."""


def endless(made: str) -> TraceError:
    """What is said of a run that goes on and on."""
    return TraceError(
        f"the run goes on after {made}: no more of it is recorded",
        fix="Does the loop end? If it does, take fewer rounds or a smaller input: --set steps=100, --shape x=4,8.",
    )


def _shares(value: Array, other: Array) -> bool:
    """Whether two arrays may share memory."""
    return value is other or (value.base is not None and np.may_share_memory(value, other))


def _counted(arguments: list[Any]) -> int:
    """How many of the arguments are nodes themselves."""
    return sum([type(argument) is Node for argument in arguments])


def _use_memory(node: Node) -> bool:
    """Take note that operands whose value is not theirs alone are used; whether the node writes into the first's."""
    writes = is_write(node)
    for position, parent in enumerate(node.parents):
        if isinstance(parent.memory, Versions):
            parent.observed |= node.primitive is not TAKE and not (writes and position == 0)
        elif parent.memory is not None and not (writes and position == 1):
            parent._value, parent.memory = parent.value, None
    return writes


def _write(node: Node) -> None:
    """Make a node the next version of its first operand, in the memory they share."""
    base = node.args[0]
    memory = base.memory if type(base) is Node else None
    if not isinstance(memory, Versions) or memory.nodes[-1] is not base:
        memory = Versions(np.array(bare(base)))
    memory.extend(node)


def _refuse_lost(primitive: Primitive, parents: list[Node]) -> None:
    if any(parent.carries_gradient for parent in parents):
        raise TraceError(
            f"{primitive.call} takes a traced value in a list or an option: its gradient would be lost",
            fix="Give it as an array of its own (np.stack joins several), or write the operation out.",
        )
