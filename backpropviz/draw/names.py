"""What the formulas of a picture call gradients within steps, and values in folded loops."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from backpropviz.code.printing import Printer
from backpropviz.engine.graph import Node

if TYPE_CHECKING:
    from backpropviz.code.folding import Fold
    from backpropviz.engine.gradient_names import GradientNames
    from backpropviz.engine.trace import Trace

SHORT = 80  # characters: what is longer and used more than once goes by a name


def parts_shown(names: GradientNames, shown: Callable[[Node], Node]) -> dict[Node, str]:
    """The red nodes within steps that go by a name; in folded loops those of the round that is shown."""
    known, red = {*names.parts.values()}, reversed(names.red.items())
    steps = ((node, name, node.step) for node, name in red if name in known)
    found = {name: node for node, name, step in steps if step is None or shown(step.node) is step.node}
    return {node: name for name, node in reversed(found.items())}


def spelled_out(trace: Trace, names: GradientNames, parts: dict[Node, str]) -> dict[Node, str]:
    """The names of gradients inside of steps, but for short ones: no card says what `dout_inner` is."""
    printer = Printer(trace, names.red)
    short = {
        name
        for node, name in parts.items()
        if len(printer.code(node)) <= SHORT and not any(parent in names.red for parent in node.parents)
    }
    return {node: name for node, name in names.red.items() if name not in short}


def folded_names(fold: Fold, results: Collection[Node]) -> dict[Node, str]:
    """The names in a folded loop, but for those that code gives to what it uses more than once.

    Args:
        results: the values that the picture shows.
    """
    places = [(place.template, place.is_fetched) for place in fold.program.places()]
    results = {*results}
    inner = {node for node, fetched in places if not (node.name or fetched or node in results)}
    told = {red for node in results for red in (node.gradient, *(term.node for term in node.terms))}
    told |= {node.gradient for node, _ in places if node not in inner}  # sums hand it on to what is inside as it is
    hidden = {*inner, *(node.gradient for node in inner if node.gradient not in told)}
    parts = ((term.node, fold.parts.get((node, term.consumer))) for node in inner for term in node.terms)
    return {node: name for node, name in fold.names.items() if node not in hidden} | {
        red: part for red, part in parts if part
    }
