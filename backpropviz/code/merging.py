"""Values that come out of a fork: made in both branches under one name, or made in one and left alone in the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backpropviz.code.placed import Placed
from backpropviz.code.places import Fork, LoopItem, Merge, Place
from backpropviz.engine.graph import Node, Round
from backpropviz.engine.versions import WRITES


def merge(program: Placed, fork: Fork, before: list[Place | LoopItem | Fork]) -> None:
    """Note what comes out of a fork: what both branches give a name to, and what one gives a name anew.

    Args:
        before: what the body did before the fork.
    """
    then, otherwise, given = _named(fork.branches[True].items), _named(fork.branches[False].items), _named(before)
    for name in then.keys() | otherwise.keys():
        one, other = then.get(name, given.get(name)), otherwise.get(name, given.get(name))
        if one is not None and other is not None:
            _merge(program, fork, {True: one, False: other})


def _named(items: list[Place | LoopItem | Fork]) -> dict[str, Place]:
    """What some code leaves behind, by name."""
    return {
        item.template.step.written: item
        for item in items
        if isinstance(item, Place) and item.template.step is not None and item.template is item.template.step.node
    }


def _merge(program: Placed, fork: Fork, makers: dict[bool, Place]) -> None:
    made: dict[tuple[Round, ...], Node] = {}
    for outcome in sorted(makers, key=lambda each: makers[each].body is not fork.parent):  # what is made goes last
        made.update((program.rounds(node), node) for node in makers[outcome].nodes)
    inside = [place for place in makers.values() if place.body is not fork.parent]
    usual = [place.template for place in inside]
    template = max(usual, key=lambda node: [program.position(round_) > 0 for round_ in program.rounds(node)])
    nodes = sorted(made.values(), key=lambda node: node.index)
    merged = Merge(fork.parent, nodes, template, fork=fork, makers=makers)
    for place in inside:
        program.place.update(dict.fromkeys(place.nodes, merged))
    fork.merges.append(merged)
    fork.parent.items.append(merged)


def merges(program: Placed) -> dict[Place, Place]:
    """The places that write what another stands for: what comes out of their fork, or the array that a loop fills."""
    found: dict[Place, Place] = {}
    places = [*program.places()][::-1]  # the outermost forks first
    for merge in (place for place in places if isinstance(place, Merge)):
        for outcome, maker in merge.makers.items():
            if maker.body is merge.fork.branches[outcome]:
                found[maker] = found.get(merge, merge)
    for place in places if program.forks else ():
        if place.primitive in WRITES and place.carried is not None:
            whole = found.get(place, place)
            for before in _written_before(program, place):
                if before is not whole and before not in found:
                    found[before] = whole
                    before.carried = whole.carried
    return found


def _written_before(program: Placed, place: Place) -> Iterator[Place]:
    """The places of a loop that write into an array before a place of it does, in the same round."""
    assert place.carried is not None
    node: Any = place.template
    while (
        isinstance(node, Node) and node.primitive in WRITES and place.carried.loop in program.place[node].body.chain()
    ):
        yield program.place[node]
        for maker in _makers(program.place[node]):
            if maker.primitive in WRITES:
                yield maker
        node = node.args[0]


def left(merge: Merge) -> list[Place]:
    """What a branch of a fork leaves as it was, to come out of it as that value."""
    return [place for place in merge.makers.values() if place.body is merge.fork.parent]


def _makers(place: Place) -> list[Place]:
    return [*place.makers.values()] if isinstance(place, Merge) else []
