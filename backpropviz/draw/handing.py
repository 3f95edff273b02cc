"""What the steps of a folded loop hand to the round before: the recurrence that its gradients follow."""

from __future__ import annotations

from backpropviz.code.folding import Fold
from backpropviz.code.places import NOTHING, Place
from backpropviz.engine.graph import Node, Term
from backpropviz.engine.versions import WRITES


def handed_back(fold: Fold) -> dict[Node, tuple[Term, ...]]:
    """By the value that each round hands on: the terms of its gradient that the round after it makes."""
    places = (place for place in fold.program.places() if place.primitive not in WRITES)
    carried = [place for place in places if place.carried and place.carried.start is not NOTHING]
    found = {place.template: _terms(fold, place) for place in carried if place.template in fold.gradients}
    return {node: terms for node, terms in found.items() if terms}


def _terms(fold: Fold, place: Place) -> tuple[Term, ...]:
    """Of what the round that is shown reads: the value of another round, or what the loop starts from."""
    assert place.carried is not None
    start, loop = place.carried.start, place.carried.loop
    for value in (*place.nodes, *(start.nodes if isinstance(start, Place) else ())):
        uses = [term for term in value.terms if term.position >= 0 and value.index < term.consumer.index]
        in_loop = [term for term in uses if loop in fold.loops(term.consumer)]
        shown = tuple(term for term in in_loop if fold.stands_for.get(term.consumer) is term.consumer)
        if shown and value is not place.template:
            return shown
    return ()


def summed(codes: list[str]) -> str:
    """The sum of what is written."""
    return " + ".join(codes).replace("+ -", "- ")
