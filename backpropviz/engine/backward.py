"""The reverse sweep: walks a recording backward and records the red graph.

Every primitive's VJP runs on traced values, so each gradient is a node with a value and the operation that made it. A
value used several times collects one term per use; the terms are added up when the sweep reaches it. Broadcasting is
undone here, once for all primitives: a term is summed over the axes along which its value had been repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from backpropviz.engine.graph import PLACES, Array, Node, Step, Term
from backpropviz.engine.tape import Tape
from backpropviz.engine.traced import Traced
from backpropviz.engine.versions import WRITES
from backpropviz.errors import TraceError
from backpropviz.primitives import PRIMITIVES


def operands(node: Node) -> list[tuple[int, Node]]:
    """The operands of a node that are traced values, with their positions among its array operands."""
    args: Any = node.args
    if node.primitive is not None and node.primitive.gradient_of is not None:
        args = args[0] if isinstance(args[0], tuple | list) else args[1:]
    return [(position, operand) for position, operand in enumerate(args) if type(operand) is Node]


def sum_to_shape(gradient: Traced, shape: tuple[int, ...]) -> Traced:
    """Sum a gradient over the axes along which a value of `shape` had been broadcast.

    Axes that broadcasting put in front disappear; axes it stretched from length one are summed and kept. A gradient
    that is the same for many entries may come as one number, and is repeated.

    Raises:
        ValueError: the gradient is of no shape that `shape` can be broadcast to, or from.
    """
    given = gradient.node.shape
    if given == shape:
        return gradient
    total: Any = gradient
    extra = len(given) - len(shape)
    stretched = [extra + axis for axis, size in enumerate(shape) if extra >= 0 and size == 1 != given[extra + axis]]
    axes = (*range(extra), *stretched)
    if axes:
        keep: dict[str, Any] = {} if extra else {"keepdims": True}
        total = np.sum(total, axis=axes if len(axes) > 1 else axes[0], **keep)
    if extra and stretched:
        total = np.reshape(total, shape)  # axes of length one that were summed together with the ones in front
    if total.node.shape != shape:
        total = np.broadcast_to(total, shape)
    result: Traced = total
    return result


def sweep(nodes: Sequence[Node], upstream: dict[Node, Node], tape: Tape) -> None:
    """Record on `tape` the gradient of every value that `upstream` reaches, and hang it on the nodes.

    Args:
        nodes: those of a forward run, in order, without gradients.
        upstream: for each output that has one, the red input node with its gradient.
        tape: holds those red nodes already, and receives the rest.

    Raises:
        TraceError: an operation on the way has no gradient.
    """
    arrived = {output: [Term(output, -1, node)] for output, node in upstream.items()}
    for node in reversed(nodes):
        terms = arrived.pop(node, None)
        if terms is None:
            continue
        node.terms = terms
        if not node.carries_gradient:
            continue
        tape.step = node.step
        _add_terms(node, tape)
        if node.primitive is not None:
            for operand, term in _hand_back(node, tape):
                if operand in arrived:
                    arrived[operand].append(term)
                else:
                    arrived[operand] = [term]
    tape.step = None
    of_steps: dict[Step, list[Node]] = {}
    for red in tape.nodes:
        if red.step is not None:
            of_steps.setdefault(red.step, []).append(red)
    for step, made in of_steps.items():
        step.backward = made


def _add_terms(node: Node, tape: Tape) -> None:
    total = node.terms[0].node
    for term in node.terms[1:]:
        total = tape.add(total, term.node)
    node.gradient = total


def _hand_back(node: Node, tape: Tape) -> Iterator[tuple[Node, Term]]:
    """Run the VJP of every operand that carries a gradient."""
    assert node.primitive is not None
    assert node.gradient is not None
    args: list[Any] | None = None
    kwargs = node.kwargs
    # of an assignment, what was written reads its place in the gradient before that place is set to zero
    for position, operand in operands(node)[:: -1 if node.primitive in WRITES else 1]:
        entry = node.primitive.gradient(position)
        if not operand.carries_gradient or entry is None:
            continue
        if args is None:  # not before: most constants and positions hand nothing back
            args = [Traced(arg, tape) if type(arg) is Node else _wrap(arg, tape) for arg in node.args]
            kwargs = {key: _wrap(value, tape) for key, value in kwargs.items()} if kwargs else kwargs
        try:
            # a VJP may change what it is handed: no other one sees that
            handed_down = entry.vjp(Traced(node.gradient, tape), Traced(node, tape), *args, **kwargs)
            term = _fit(handed_down, operand.outline, tape)
        except NotImplementedError as error:
            raise TraceError(f"not supported: {error}", where=node.step.where if node.step else None) from error
        except TraceError as error:
            error.where = error.where or (node.step.where if node.step else None)
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise TraceError(
                f"the gradient of {node.primitive.call or node.primitive.name} cannot be computed here: {error}",
                where=node.step.where if node.step else None,
                fix="Write the operation out in sums, products and indexing; or give plain numbers for its options.",
            ) from error
        yield operand, Term(node, position, (-term if entry.negative else term).node)


def _fit(term: Any, value: Array, tape: Tape) -> Any:
    """A VJP's result in the dtype and shape of the operand it is for."""
    if type(term) is not Traced:  # a constant
        term = tape.record(PRIMITIVES[np.broadcast_to], (np.asarray(term),), {"shape": value.shape})
    given = term.node.outline
    if given.dtype == value.dtype and given.shape == value.shape:
        return term
    if given.dtype.kind == "c" and value.dtype.kind != "c":
        term = np.real(term)  # a real value moves the loss by the real part alone
    if term.node.outline.dtype != value.dtype:
        term = term.astype(value.dtype)
    return sum_to_shape(term, value.shape)


def _wrap(value: Any, tape: Tape) -> Any:
    kind = type(value)
    if kind is Node:
        return Traced(value, tape)
    if kind is list or (kind is tuple and not PLACES.issuperset(map(type, value))):
        return kind([_wrap(item, tape) for item in value])
    return value
