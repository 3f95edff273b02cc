"""Values of a loop's rounds that are used after it: joined by one operation, or read one at a time by another loop.

`np.stack(hs)` takes all of them; `hs[t]`, in the loop that runs back through time, one a round. Both are found in the
record, where a list of Python leaves no trace: by which rounds the values are from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backpropviz.code.placed import Placed
from backpropviz.code.places import Gather, LoopItem, Merge, Past, Place
from backpropviz.code.slots import Constant, Number, array_key
from backpropviz.engine.graph import Node, Round
from backpropviz.engine.named import plain

Reads = list[tuple[Node, Any]]
"""The nodes of a place, each with what it takes for one of its arguments."""


def gathers(program: Placed, reader: Place) -> set[Node]:
    """The operands of a place's nodes that are all rounds' values of a loop, in order; notes how they are joined."""
    found: set[Node] = set()
    listed = reader.template.args[0] if reader.template.args else None
    if not isinstance(listed, list | tuple):
        return found
    for first, item in enumerate(listed):
        if not isinstance(item, Node) or item in found:
            continue
        place, depth = _of_all(program, listed, item), reader.body.depth
        if place.body.depth <= depth or place.body.chain()[:depth] != reader.body.chain():
            continue
        by_rounds = _runs(program, place, depth)
        runs = [_last_ones(program, by_rounds.get(program.rounds(node), []), depth) for node in reader.nodes]
        if all(
            len(run) > 1 and [*node.args[0][first : first + len(run)]] == run for node, run in zip(reader.nodes, runs)
        ):
            loop = place.body.chain()[depth]
            if any(gather.loop is not loop for gather in place.gathers):
                continue
            place.gathers.append(Gather(reader, first, loop))
            if place.body.loop is not loop:
                program.leave(place, loop.body)
            nodes = [node for run in runs for node in run]
            program.through.update(((reader, node), place) for node in nodes if program.place[node] is not place)
            found.update(nodes)
    return found


def _of_all(program: Placed, listed: list[Any] | tuple[Any, ...], item: Node) -> Place:
    """The place of a value in a list; of what some rounds' fork left as it was, what came out of the fork."""
    place = program.place[item]
    others = {program.place[node] for node in listed if isinstance(node, Node)}
    return next((m for m in others if isinstance(m, Merge) and place in m.makers.values()), place)


def _last_ones(program: Placed, nodes: list[Node], depth: int) -> list[Node]:
    """Of nodes in order, the last of each round at a depth of loops."""
    by_round = {program.rounds(node)[depth]: node for node in nodes}
    return list(by_round.values())


def _runs(program: Placed, place: Place, depth: int) -> dict[tuple[Round, ...], list[Node]]:
    """The nodes of a place by the rounds that its loop ran in."""
    runs: dict[tuple[Round, ...], list[Node]] = {}
    for node in place.nodes:
        runs.setdefault(program.rounds(node)[:depth], []).append(node)
    return runs


def past(program: Placed, reader: Place, reads: Reads) -> Past | None:
    """How the nodes of a place read the values of another loop's rounds, if they do.

    What a loop started from counts as the value before the first (`hs[-1]` of a dictionary).
    """
    places = {program.place[value] for _, value in reads if isinstance(value, Node)}
    inside = [place for place in places if place.body.loop is not None and _is_apart(place, reader)]
    if len(inside) != 1:
        return None
    (source,) = inside
    shared = len(source.body.chain()) - 1
    numbers = []
    for node, value in reads:
        at = program.place.get(value) if isinstance(value, Node) else None
        if at is source:
            if program.rounds(value)[:shared] != program.rounds(node)[:shared]:
                return None
            numbers.append(program.position(program.rounds(value)[shared]))
        elif _is_start(program, source, at, value):
            numbers.append(-1)
        else:
            return None
    readers = [program.rounds(node) for node, _ in reads]
    lengths = {len(run) for run in _runs(program, source, shared).values()}
    return _explained(program, source, reader.body.chain()[shared:], shared, readers, numbers, lengths)


def _is_apart(place: Place, reader: Place) -> bool:
    """Whether a place is in a loop that stands beside what reads it, in the same body as the loop around that."""
    mine, its = reader.body.chain(), place.body.chain()
    return mine[: len(its) - 1] == its[:-1] and its[-1] not in mine


def _is_start(program: Placed, source: Place, at: Place | None, value: Any) -> bool:
    if source.carried is None:
        return False
    start = source.carried.start
    if at is not None or isinstance(start, Place):
        return start is at
    if isinstance(value, Constant | Number):
        value = value.array if isinstance(value, Constant) else value.number
    return bool(array_key(program.trace, value) == array_key(program.trace, start))


def _explained(
    program: Placed,
    source: Place,
    loops: list[LoopItem],
    depth: int,
    readers: list[tuple[Round, ...]],
    numbers: list[int],
    lengths: set[int],
) -> Past | None:
    """The numbers of the rounds that are read, as `variable + offset` or `offset - variable`."""
    length = min(lengths)
    signs = (1, -1) if len(lengths) == 1 else (1,)
    if not loops:
        apart = set(numbers)
        if len(apart) != 1:
            return None
        (number,) = apart
        near = number < length / 2 or len(signs) == 1
        return Past(source, None, None, 1 if near else -1, number if near else number - length, number < 0)
    for at in reversed(range(len(loops))):
        for name, values in _counts(program, [rounds[depth + at] for rounds in readers]):
            for sign in signs:
                offsets = {
                    number - sign * value - (length if sign < 0 else 0) for number, value in zip(numbers, values)
                }
                if len(offsets) == 1:
                    return Past(source, loops[at], name, sign, offsets.pop(), min(numbers) < 0)
    return None


def _counts(program: Placed, rounds: list[Round]) -> Iterator[tuple[str | None, list[int]]]:
    """What can count rounds: variables that are integers, or else how many came before."""
    for name in rounds[0].variables:
        values = [plain(round_.variables.get(name)) for round_ in rounds]
        if name != "_" and all(type(value) is int for value in values):
            yield name, values
    yield None, [program.position(round_) for round_ in rounds]


def counted_by(program: Placed, item: LoopItem) -> str | None:
    """The variable of a loop that is the number of its round; None if it has none."""
    rounds = [round_ for run in item.runs for round_ in run.rounds if program.position(round_) is not None]
    numbers = [program.position(round_) for round_ in rounds]
    return next((name for name, values in _counts(program, rounds) if values == numbers), None)
