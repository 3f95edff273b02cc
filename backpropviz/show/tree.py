"""The steps of a view with the calls and loops around them, in the order in which a page tells of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from backpropviz.errors import InputError
from backpropviz.show.records import GroupView, LoopView, StepView, TraceView


class Part(NamedTuple):
    """One thing to tell of.

    Attributes:
        kind: "step", "group" (that is opened: its steps follow), "closed" (a group that stands for its steps), "loop"
            (the steps of a round follow), "round" (of a loop that is expanded) or "end" (of a loop that is not).
        depth: how many loops it stands in.
    """

    kind: str
    record: StepView | GroupView | LoopView
    depth: int
    number: int = 0


def named_groups(view: TraceView, words: Collection[str]) -> set[str]:
    """The labels of the groups with these labels, functions or results, and of those around them.

    Raises:
        InputError: there is no such group.
    """
    opened: set[str] = set()
    for word in words:
        found = [group for group in view.groups if word in (group.label, group.function, group.name)]
        if not found:
            there = ", ".join(dict.fromkeys(group.function for group in view.groups))
            fix = f"The groups are {there}." if there else f"{view.layer} calls no functions: it has none."
            raise InputError(f"there is no group {word!r} to expand", fix=fix)
        opened.update(label for group in found for label in (group.label, *group.groups))
    return opened


def walk(
    view: TraceView, steps: Sequence[StepView], opened: Collection[str], around: Collection[int] = ()
) -> Iterator[Part]:
    """The parts of a page that shows `steps`, with the groups in `opened` open and without the loops `around` it."""
    groups = {group.label: group for group in view.groups}
    before: list[Part] = []
    for step in steps:
        path = _path(view, step, groups, opened, around)
        same = 0
        while same < min(len(path), len(before)) and path[same] == before[same]:
            same += 1
        yield from _ends(before[same:])
        yield from path[same:]
        if not path or path[-1].kind != "closed":
            yield Part("step", step, len(step.loops) - len(around))
        before = path
    yield from _ends(before)


def _ends(parts: list[Part]) -> Iterator[Part]:
    for part in reversed(parts):
        if part.kind == "loop" and isinstance(part.record, LoopView) and not part.record.expanded:
            yield Part("end", part.record, part.depth + 1)


def _path(
    view: TraceView, step: StepView, groups: dict[str, GroupView], opened: Collection[str], without: Collection[int]
) -> list[Part]:
    """What is around a step, from the outside in, up to a group that is closed."""
    loops = [(view.loops[index], number) for index, number in zip(step.loops, step.rounds) if index not in without]
    path: list[Part] = []
    depth = 0
    around: list[Any] = [*step.groups, None]
    for place, label in enumerate(around):
        for loop, number in loops:
            if len(loop.groups) == place:
                path.append(Part("loop", loop, depth))
                depth += 1
                if loop.expanded:
                    path.append(Part("round", loop, depth, number))
        if label is not None:
            path.append(Part("group" if label in opened else "closed", groups[label], depth))
            if label not in opened:
                break
    return path
