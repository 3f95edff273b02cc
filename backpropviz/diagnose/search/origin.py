"""From the statement that a right value mends, back to where the wrong value comes from."""

from __future__ import annotations

import ast

from backpropviz.course.names import concept
from backpropviz.diagnose.runs.matching import arrangements
from backpropviz.diagnose.runs.scene import Scene, Suspect
from backpropviz.diagnose.search.cuts import is_odd
from backpropviz.study.values.trees import names_read


def origin_of(cut: Suspect, odd: list[Suspect]) -> Suspect:
    """Back from a statement that a right value mends, through values nobody knows, to the first of them: where right
    values go in and none comes out."""
    if not is_odd(cut):
        return cut
    origin = cut
    waiting = [cut]
    while waiting:
        suspect = waiting.pop()
        node = suspect.statement.node
        reads = names_read(node)
        reads |= {*suspect.statement.targets} if isinstance(node, ast.AugAssign) else set()
        for other in odd:
            feeds = other.statement.function == cut.statement.function and other.order < suspect.order
            if (
                feeds
                and other.target in reads
                and not other.innocent
                and not other.mended >= cut.mended
                and other is not suspect
            ):
                if other not in waiting:
                    waiting.append(other)
                origin = min(origin, other, key=lambda s: s.order)
    return origin


def is_meant_by_name(scene: Scene, suspect: Suspect) -> bool:
    """The name says which right value this should be, and no other line has that value: note it as the one expected."""
    wanted = concept(suspect.target)
    taken = {id(other.matched) for other in scene.suspects}
    for entry in scene.right.entries:
        if suspect.value is None or not wanted or entry.name != wanted or id(entry) in taken or entry.value.size < 2:
            continue
        arranged = next(arrangements(entry.value, suspect.value.shape), None)
        if arranged is not None and entry.value.size == suspect.value.size:
            suspect.cut, suspect.cut_value = entry, arranged
            return True
    return False


def resting_on(scene: Scene, origin: Suspect) -> tuple[str, ...]:
    """The names behind a statement whose values nobody knows and that may depend, in its function, on what it gives."""
    function, names, found = origin.statement.function, {origin.target}, dict[str, None]()
    later = [its for its in scene.suspects if its.order > origin.order]
    for suspect in [*later, *later]:  # once more for what goes round in loops
        node = suspect.statement.node
        read = names_read(node.iter if isinstance(node, ast.For) else node)
        if suspect.statement.function == function and not read & names:
            continue
        if suspect.statement.function == function:
            names |= {*suspect.statement.targets}
        if suspect.matched is None and suspect.value is not None and suspect.target not in ("return", origin.target):
            found[suspect.target] = None
    return tuple(found)
