"""The reverse sweep: walks a recording backward and records the red graph.

Every primitive's VJP runs on traced values, so each gradient is a node with a value and the operation that made it. A
value used several times collects one term per use; the terms are added up when the sweep reaches it. Broadcasting is
undone here, once for all primitives: a term is summed over the axes along which its value had been repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from backpropviz.engine.again import is_large, let_go
from backpropviz.engine.graph import PLACES, Array, Node, Step, Term
from backpropviz.engine.recipes import Recipes, learn
from backpropviz.engine.tape import Tape
from backpropviz.engine.traced import Traced
from backpropviz.engine.versions import WRITES
from backpropviz.errors import TraceError
from backpropviz.primitives import PRIMITIVES
from backpropviz.primitives.record import Gradient


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
        along = axes if len(axes) > 1 else axes[0]
        total = total.record(PRIMITIVES[np.sum], (total,), {"axis": along, **keep})
    if extra and stretched:
        total = np.reshape(total, shape)  # axes of length one that were summed together with the ones in front
    if total.node.shape != shape:
        total = total.record(PRIMITIVES[np.broadcast_to], (total,), {"shape": shape})
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
    recipes = Recipes()
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
            for operand, term in _hand_back(node, tape, recipes):
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
    if len(node.terms) > 1 and is_large(node):
        passed_on = {term.consumer.gradient for term in node.terms}
        let_go([term.node for term in node.terms], passed_on)


def _hand_back(node: Node, tape: Tape, recipes: Recipes) -> Iterator[tuple[Node, Term]]:
    """Hand the gradient of a node to every operand that carries one."""
    assert node.primitive is not None
    known = recipes.of(node)
    handed = operands(node)
    if node.primitive in WRITES:  # what was written reads its place in the gradient before that place is set to zero
        handed.reverse()
    for position, operand in handed:
        entry = node.primitive.gradient(position)
        if not operand.carries_gradient or entry is None:
            continue
        recipe = known.get(position) if known is not None else None
        before = len(tape.nodes)
        try:
            if recipe:
                red = recipe.repeat(node, tape)
            else:
                red = _run(entry, node, operand, tape)
                if known is not None:
                    learn(known, position, node, tape.nodes[before:], red)
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
        if len(tape.nodes) > before + 1 and is_large(node, operand):
            made = tape.nodes[before:]
            let_go(made, {red}.union(*[each.parents for each in made if each.is_view]))
        yield operand, Term(node, position, red)


def _run(entry: Gradient, node: Node, operand: Node, tape: Tape) -> Node:
    """Run the VJP of one operand."""
    assert node.gradient is not None
    args = [_wrap(arg, tape) for arg in node.args]
    kwargs = {key: _wrap(value, tape) for key, value in node.kwargs.items()}
    term = _fit(entry.vjp(Traced(node.gradient, tape), Traced(node, tape), *args, **kwargs), operand.outline, tape)
    red: Node = (-term if entry.negative else term).node
    return red


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
