"""Wrong sizes, traced back to the assignment that made them: `out_h = H // s`, not the line where the array is filled.

A size that should be is read off the right arrays. It is put in the place of what was assigned, in every configuration
that fails; where that mends all of them, the size each of them needs is known, and an expression is looked for that
gives it in all configurations: built up from the whole numbers that are at hand, the shortest first.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpropviz.course.record import Case
from backpropviz.diagnose.edits.tree import Edit, Slot
from backpropviz.diagnose.pairs.binding import NotApplicable
from backpropviz.diagnose.pairs.reference import Reference
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.influence import leading_to
from backpropviz.diagnose.runs.outcomes import Outcome
from backpropviz.diagnose.runs.scene import Scene, recorded
from backpropviz.diagnose.runs.shorter import Shorter
from backpropviz.diagnose.search.counts import Count, counts, is_count
from backpropviz.diagnose.search.whole_numbers import Vector, expression, leaves_of, of_shapes
from backpropviz.diagnose.student.recorder import Recorder, Statement
from backpropviz.diagnose.student.work import Budget
from backpropviz.study.values.trees import extent, names_in

Place = tuple[Statement, str]
COST = 0.3


@dataclass(frozen=True)
class Size:
    """A name that was given a wrong size: what it got and what it should have been, in every recorded configuration."""

    statement: Statement
    name: str
    got: Vector
    wanted: Vector


class Sizes:
    """The search for wrong sizes in one stage of a pair.

    Args:
        before: what came out of every case. cells: what is wrong.
    """

    def __init__(self, examination: Examination, before: list[Outcome], cells: set[str], stage: str, budget: Budget):
        self.examination, self.before, self.cells = examination, before, cells
        self.stage, self.budget = stage, budget
        self.shorter = Shorter(examination, cells)
        self.failing = [i for i, outcome in enumerate(before) if outcome.wrong() & cells]

    def found(self) -> tuple[list[Size], Edit | None]:
        """The sizes that mend everything together, one or two, and the edit that computes them, if one was found."""
        is_misshapen = any(self.before[i].is_misshapen(self.cells) for i in self.failing)
        is_counted = not is_misshapen and self._counts_entries()
        if not is_misshapen and not is_counted and "range(" not in self.examination.program.student.text:
            return [], None
        scenes = [recorded(self.examination, case, right) for case, right in self.examination.cases]
        focus = min(self.failing, key=lambda i: (scenes[i].rounds, i))
        places, cases = list(self._places(scenes[focus])), [self.examination.cases[i] for i in self.failing]
        options: list[Option] = [its for its in itertools.product(places, _roles(cases)) if self._may_be(*its)]
        options.sort(key=lambda option: not _is_computed(*option[0]))
        lengths = [option for option in options if option[1].is_made and _is_computed(*option[0])]
        if not is_misshapen:  # a loop may run too few rounds
            options = lengths = [option for option in lengths if option[1].is_output and not option[0][0].loops]
            counted = [place for place in places if _is_count(*place)] if is_counted else []
            options = [*options, *itertools.product(counted, counts(cases))]
        pairs = [both for both in itertools.combinations(lengths, 2) if _go_together(*both)]
        for chosen in [*((one,) for one in options), *pairs]:
            if self.budget.spent:
                break
            if len({place for place, _ in chosen}) == len(chosen) and self._mends(scenes, chosen, focus):
                sizes = [_size(scenes, place, role) for place, role in chosen]
                return sizes, self._edit(scenes, sizes, [role for _, role in chosen])
        return [], None

    def _counts_entries(self) -> bool:
        """Some line of the pass multiplies lengths."""
        statements = self.examination.program.statements(self._main)
        return any(_is_count(statement, target) for statement in statements for target in statement.targets)

    @property
    def _main(self) -> str:
        pair = self.examination.pair
        return pair.backward if self.stage == "backward" and pair.backward else pair.forward

    def _places(self, scene: Scene) -> Iterator[Place]:
        """Every whole number that was assigned."""
        program, pair = self.examination.program, self.examination.pair
        for (function, index, target), visit in scene.record.visits.items():
            if function not in program.definitions or index < 0 or target in ("", "return"):
                continue
            if function in program.student.wrapped or not isinstance(visit.value, int | np.integer):
                continue
            statement = program.statements(function)[index]
            whole = isinstance(statement.node, ast.Assign) and not isinstance(visit.value, bool | np.bool_)
            is_others = function in {pair.forward, pair.backward} - {self._main}
            if whole and (not is_others or self._is_only_kept(statement)):
                yield statement, target

    def _is_only_kept(self, statement: Statement) -> bool:
        """It stands in the forward pass and no output rests on it: it is made for the backward pass."""
        pair, program = self.examination.pair, self.examination.program
        outputs = leading_to(program.statements(pair.forward), set(range(len(pair.layer.outputs))))
        return self.stage == "backward" and statement.function == pair.forward and statement.index not in outputs

    def _may_be(self, place: Place, role: Role) -> bool:
        """What is kept may be meant as anything, the padded length too, and be used wrongly behind it; but a number of
        windows is one."""
        statement, target = place
        pair = self.examination.pair
        is_kept = pair.backward and statement.function == pair.forward != self._main
        return not is_kept or (role.is_output and _is_computed(statement, target))

    def _mends(self, scenes: list[Scene], chosen: tuple[Option, ...], focus: int) -> bool:
        return all(self._mends_case(scenes[i], i, chosen) for i in [focus, *(i for i in self.failing if i != focus)])

    def _mends_case(self, scene: Scene, i: int, chosen: tuple[Option, ...]) -> bool:
        case, right = self.examination.cases[i]
        put: dict[tuple[str, int, str], tuple[int, Any, bool]] = {}
        for (statement, target), role in chosen:
            visit = scene.record.visits.get((*statement.key, target))
            if visit is None:
                return False
            put[*statement.key, target] = (visit.count, role.of(case, right), False)
        functions = {statement.function for (statement, _), _ in chosen}
        outcome = self.shorter.run(functions, case, right, Recorder(put), 20 * scene.rounds + 5000)
        failed = outcome.failure is not None and not (self.stage == "forward" and outcome.failure.is_backward)
        return not failed and not outcome.wrong() & self.cells and not outcome.refused

    def _edit(self, scenes: list[Scene], sizes: list[Size], roles: list[Role | Count]) -> Edit | None:
        """The edit that computes the sizes from what is at hand in all configurations, the fresh ones too."""
        cases, every = list(self.examination.cases), list(scenes)
        for its in self.examination.fresh:
            with contextlib.suppress(NotApplicable):
                every.append(recorded(self.examination, *its))
                cases.append(its)
        edits = []
        for size, role in zip(sizes, roles):
            known, place = [scene.scope(size.statement) for scene in every], (*size.statement.key, size.name)
            kept = [i for i, scene in enumerate(every) if place in scene.record.visits]  # a branch may not be taken
            wanted = tuple(role.of(*cases[i]) for i in kept)
            left = self._left_by_loops(size.statement)
            scopes = [{name: value for name, value in known[i].items() if name not in left} for i in kept]
            slot = _slot(size.statement.node, size.name)
            if slot is None or self._is_worked_out_elsewhere(slot.get()):
                return None
            visits = [every[i].record.visits[place] for i in kept]
            own = {tuple(int(visit.value) for visit in visits): copy.deepcopy(slot.get())}  # it may lack a 1 only
            leaves = leaves_of(scopes)
            told = [tree for its in ({**own, **leaves}, leaves) if (tree := expression(wanted, its)) is not None]
            tree = min(told, key=extent) if told else of_shapes(wanted, scopes)
            if tree is None or not names_in(tree):  # a number that is right here says nothing of other sizes
                return None
            located = ast.fix_missing_locations(ast.copy_location(tree, size.statement.node))
            edits.append(Edit(size.statement, [(slot, located)], "wrong_size", COST))
        return edits[0] if len(edits) == 1 else Edit.together(edits)

    def _left_by_loops(self, statement: Statement) -> set[str]:
        """What loops that are over have counted with: their last round is a size by accident only."""
        around = ast.walk(self.examination.program.definitions[statement.function])
        loops = [its for its in around if isinstance(its, ast.For) and statement.node not in ast.walk(its)]
        return set().union(*(names_in(loop.target) for loop in loops))

    def _is_worked_out_elsewhere(self, value: ast.expr) -> bool:
        """A function of the file's own computes it: what is wrong is in there."""
        called = {
            node.func.id for node in ast.walk(value) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        return bool(called & {*self.examination.program.definitions})


@dataclass(frozen=True)
class Role:
    """A size that a right array has: the length of one axis of an output, or of an input, as it is or padded."""

    array: str
    axis: int
    is_output: bool
    is_padded: bool = False

    @property
    def is_made(self) -> bool:
        """It is the size of something that a pass makes."""
        return self.is_output or self.is_padded

    def of(self, case: Case, right: Reference) -> int:
        shape = (right.outputs if self.is_output else case.inputs)[self.array].shape
        return int(shape[self.axis]) + (2 * int(case.settings["pad"]) if self.is_padded else 0)


Option = tuple[Place, Role | Count]


def _roles(cases: list[tuple[Case, Reference]]) -> Iterator[Role]:
    """The lengths of the outputs' axes first, then those of the inputs'; what is equal in all of these cases once."""
    seen: set[Vector] = set()
    case, right = cases[0]
    padded = ({k: v for k, v in case.inputs.items() if v.ndim == 4}, True) if "pad" in case.settings else ({}, True)
    for arrays, is_padded in ((right.outputs, False), (case.inputs, False), padded):
        for array, value in arrays.items():
            for axis in reversed(range(2 if is_padded else 0, np.ndim(value))):
                role = Role(array, axis, arrays is right.outputs, is_padded)
                lengths = tuple(role.of(*its) for its in cases)
                if lengths not in seen:
                    seen.add(lengths)
                    yield role


def _go_together(one: Option, other: Option) -> bool:
    """Two lengths of one array that is made, in one function: both of the same kind, of different axes."""
    (its, role), (others, second) = one, other
    is_near = its != others and its[0].function == others[0].function
    return is_near and role.is_padded == second.is_padded and role.axis != second.axis


def _size(scenes: list[Scene], place: Place, role: Role | Count) -> Size:
    statement, target = place
    ran = [(scene, visit) for scene in scenes if (visit := scene.record.visits.get((*statement.key, target)))]
    got = tuple(int(visit.value) for _, visit in ran)
    return Size(statement, target, got, tuple(role.of(scene.case, scene.right) for scene, _ in ran))


def _is_computed(statement: Statement, target: str) -> bool:
    """The size is not just taken from a shape."""
    slot = _slot(statement.node, target)
    return slot is not None and any(isinstance(node, ast.BinOp | ast.Call) for node in ast.walk(slot.get()))


def _is_count(statement: Statement, target: str) -> bool:
    slot = _slot(statement.node, target)
    return slot is not None and is_count(slot.get())


def _slot(node: ast.stmt, target: str) -> Slot | None:
    """Where the expression stands that a name is given."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return None
    (to,) = node.targets
    if isinstance(to, ast.Name):
        return Slot(node, "value")
    if isinstance(to, ast.Tuple) and isinstance(node.value, ast.Tuple) and len(to.elts) == len(node.value.elts):
        names = [getattr(part, "id", "") for part in to.elts]
        return Slot(node.value.elts, names.index(target)) if target in names else None
    return None
