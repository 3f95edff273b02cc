"""Numbers the steps of a run: in the order of the source, those of a loop once for all of its rounds.

Step 2 of the first round is "2", that of the fourth round "2[3]", and in loops within loops "3[0,1,2]"; inside of
group 4 it is "4.2[3]". A step that the first round did not come to gets the next number when a later one does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable

from backpropviz.engine.graph import Group, Loop, Round, Step


def number(steps: Iterable[Step]) -> None:
    """Give each step, and each group that holds one, its label."""
    numbers: dict[Group | None, dict[Hashable, int]] = {}
    met: Counter[Hashable] = Counter()
    labelled: set[Group] = set()
    sites: dict[Loop, Hashable] = {}
    written: dict[Round, str] = {}

    def label(frame: Group | None, round_: Round | None, place: Hashable) -> str:
        known = numbers.setdefault(frame, {})
        key: Hashable = len(known)
        which = ""
        if round_ is not None:
            if round_.loop not in sites:
                sites[round_.loop] = tuple([its.loop.site for its in _rounds(round_)])
            if round_ not in written:
                written[round_] = _which(round_)
            which = written[round_]
            again = (round_, frame, place)
            key = sites[round_.loop], place, met[again]
            met[again] += 1
        own = known.setdefault(key, len(known) + 1)
        return f"{frame.label}.{own}{which}" if frame else f"{own}{which}"

    top = numbers.setdefault(None, {})
    for step in steps:
        if step.group is None and step.round is None:
            step.label = str(top.setdefault(len(top), len(top) + 1))
            continue
        for group in _path(step.group):
            if group not in labelled:
                labelled.add(group)
                group.label = label(group.parent, group.round, ("call", group.line, group.code))
        step.label = label(step.group, step.round, (step.file, step.line, step.statement))


def bare_number(label: str) -> str:
    """A label without its rounds: the number that stands for all of them.

    >>> bare_number("4.3[0,1,2]")
    '4.3'
    """
    return re.sub(r"\[[\d,]*\]", "", label)


def _rounds(round_: Round | None) -> list[Round]:
    """The rounds of one call that are around something, the outermost first."""
    rounds = []
    while round_ is not None:
        rounds.append(round_)
        round_ = round_.loop.around
    return rounds[::-1]


def _which(round_: Round) -> str:
    """Which rounds of its loops it is, as labels have it: "[3]"; nothing for the first."""
    numbers = [its.number for its in _rounds(round_)]
    return f"[{','.join(map(str, numbers))}]" if any(numbers) else ""


def _path(group: Group | None) -> list[Group]:
    path = []
    while group is not None:
        path.append(group)
        group = group.parent
    return path[::-1]
