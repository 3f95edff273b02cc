"""The edits of all suspects in the order of their promise: how suspicious the line is, plus how far-fetched the edit.

What an edit is worth where it stands (locally.py) is asked when its turn comes. Most turns never come: the search ends
a little behind the first repair.
"""

from __future__ import annotations

import ast
import functools
import heapq
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from backpropviz.diagnose.edits.strides import MAKES, makes_start
from backpropviz.diagnose.edits.tree import Edit
from backpropviz.diagnose.runs.scene import Suspect
from backpropviz.diagnose.search.locally import Judging
from backpropviz.diagnose.student.recorder import Statement

FROM_VALUE = 1.9  # how far-fetched an expression is that was found from its value
REPEATED, EXCHANGED = 0.4, 0.7
LEAST = 0.5  # no edit costs less, but for one where windows start
MOST_LINES = 6  # that one edit is made on
NEAR = 4  # statements
_NAMES = re.compile(r"id='[^']*'")
Turn = tuple[float, Suspect, Edit | None]
"""What it costs, where, and what; None for the expressions that are found from the value which a line should have."""


@dataclass
class Plan:
    """An edit of a suspect, and what it is judged with; None where it is run unseen."""

    suspect: Suspect
    edit: Edit
    judging: Judging | None

    @property
    def cost(self) -> float:
        """What it costs; more once it was judged, perhaps."""
        return self.suspect.penalty + self.edit.cost

    def judged(self) -> Plan | None:
        """The plan, if it is worth running."""
        return self if self.judging is None or self.judging.is_kept(self.edit) else None


@dataclass
class Together:
    """The same edit on several lines, or two that belong together; of every line the plans that would do.

    Attributes:
        more: what it costs beyond the mean of the lines. every: all of these lines are needed.
    """

    lines: list[list[Plan]]
    more: float
    every: bool = False
    chosen: list[Plan] = field(default_factory=list)

    @property
    def cost(self) -> float:
        """What it costs; before it was judged, what it costs at least."""
        costs = [plan.cost for plan in self.chosen] or sorted(plans[0].cost for plans in self.lines)[:2]
        return sum(costs) / len(costs) + self.more

    def judged(self) -> Together | None:
        """The same on the lines where it is worth running, if those are as many as it takes."""
        kept = (next((plan for plan in plans if plan.judged()), None) for plans in self.lines)
        self.chosen = self.chosen or [plan for plan in kept if plan is not None]
        enough = len(self.lines) if self.every else 2
        return self if enough <= len(self.chosen) <= MOST_LINES else None

    @property
    def suspect(self) -> Suspect:
        return self.chosen[0].suspect

    @property
    def edit(self) -> Edit:
        return Edit.together([plan.edit for plan in self.chosen])


Alike = dict[tuple[object, ...], dict[int, list[Plan]]]
"""Of one function, by what is exchanged for what: the lines that have room for it."""
Found = tuple[Iterable[Edit], Judging | None]


def in_order(suspects: list[Suspect], edits: Callable[[Suspect], Found]) -> Iterator[Turn]:
    """What to try, the most promising first. Edits of a line are thought of when the cheapest of them might be next.

    Args:
        edits: of a suspect, in the order of their costs, with what they are judged with.
    """
    heap: list[tuple[float, tuple[int, int], Plan | Together | Suspect | str]] = []
    by_function: dict[str, list[int]] = {}
    for i, suspect in enumerate(suspects):
        least = MAKES if makes_start(suspect.statement) else LEAST
        heap.append((suspect.penalty + least, (i, -1), suspect))
        by_function.setdefault(suspect.statement.function, []).append(i)
    for function, lines in by_function.items():
        if len(lines) > 1:
            first, second = sorted(suspects[i].penalty for i in lines)[:2]
            heap.append(((first + second) / 2 + LEAST + REPEATED, (len(suspects) + lines[0], -1), function))
    opened: dict[int, list[Plan]] = {}

    def plans_of(i: int) -> list[Plan]:
        suspect = suspects[i]
        if i not in opened:
            proposed, judging = edits(suspect)
            opened[i] = [Plan(suspect, edit, judging) for edit in proposed]
            for k, plan in enumerate(opened[i]):
                heapq.heappush(heap, (plan.cost, (i, k), plan))
            heapq.heappush(heap, (suspect.penalty + FROM_VALUE, (i, len(opened[i])), suspect))
        return opened[i]

    heapq.heapify(heap)
    while heap:
        cost, (number, k), its = heapq.heappop(heap)
        if isinstance(its, str):
            alike = _alike([plans_of(i) for i in by_function[its]])
            for k, together in enumerate(itertools.chain(_repeated(alike), _exchanged(alike), _sisters(alike))):
                heapq.heappush(heap, (together.cost, (number, k), together))
        elif isinstance(its, Suspect) and k < 0:
            plans_of(number)
        elif isinstance(its, Suspect):
            yield cost, its, None
        elif its.judged() is None:
            continue
        elif its.cost > cost:
            heapq.heappush(heap, (its.cost, (number, k), its))
        else:
            yield cost, its.suspect, its.edit


def _sisters(alike: Alike) -> Iterator[Together]:
    """`top = i * ph` and `left = j * pw`, in both of which a name should be the same other one: two lines that follow
    each other and differ in nothing but their names."""
    by_new: dict[object, dict[int, list[Plan]]] = {}
    for twin, lines in alike.items():
        for index, plans in lines.items() if twin[0] == "name" else ():
            by_new.setdefault(twin[2], {}).setdefault(index, []).extend(plans)
    for known in by_new.values():
        for index in known:
            for one, other in itertools.product(known[index], known.get(index + 1, [])):
                are_sisters = _form(one.suspect.statement) == _form(other.suspect.statement) != ""
                if are_sisters and one.edit.twin != other.edit.twin:
                    yield Together([[one], [other]], EXCHANGED, every=True)


@functools.lru_cache(maxsize=512)
def _form(statement: Statement) -> str:
    """What a line looks like without its names, while no edit is in place."""
    node = statement.node
    return _NAMES.sub("", ast.dump(node)) if isinstance(node, ast.Assign) else ""


def _alike(lines: list[list[Plan]]) -> Alike:
    alike: Alike = {}
    for plan in itertools.chain.from_iterable(lines):
        if plan.edit.twin:
            statement = plan.suspect.statement
            alike.setdefault(plan.edit.twin, {}).setdefault(statement.index, []).append(plan)
    return alike


def _repeated(alike: Alike) -> Iterator[Together]:
    """The same edit on every line of a function that has room for it: a misunderstanding is seldom had once."""
    for lines in alike.values():
        if len(lines) >= 2:
            yield Together([lines[index] for index in sorted(lines)], REPEATED)


def _exchanged(alike: Alike) -> Iterator[Together]:
    """Two names exchanged between two lines near each other: a for b in the one, b for a in the other."""
    for twin, lines in alike.items():
        if twin[0] == "name" and str(twin[1]) < str(twin[2]):
            others = alike.get(("name", twin[2], twin[1]), {})
            for one, other in itertools.product(lines, others):
                if 0 < abs(one - other) <= NEAR:
                    both = sorted([(one, lines[one]), (other, others[other])], key=lambda line: line[0])
                    yield Together([plans for _, plans in both], EXCHANGED, every=True)
