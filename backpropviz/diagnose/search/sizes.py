"""Wrong sizes, traced back to the assignment that made them: `out_h = H // s`, not the line where the array is filled.

A size that should be is read off the right arrays. It is put in the place of what was assigned, in every configuration
that fails; where that mends all of them, the size each of them needs is known, and an expression is looked for that
gives it in all configurations: built up from the whole numbers that are at hand, the shortest first.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpropviz.course.record import Case
from backpropviz.diagnose.edits.tree import Edit, Slot
from backpropviz.diagnose.pairs.binding import NotApplicable
from backpropviz.diagnose.pairs.reference import Reference
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.outcomes import Outcome
from backpropviz.diagnose.runs.scene import Scene, recorded
from backpropviz.diagnose.runs.shorter import Shorter
from backpropviz.diagnose.student.recorder import Recorder, Statement
from backpropviz.diagnose.student.work import Budget
from backpropviz.study.values.trees import binary, name, number

Vector = tuple[int, ...]
Level = dict[Vector, ast.expr]
Place = tuple[Statement, str]
COST = 0.3
_MOST_LEAVES = 12


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
        if not is_misshapen and "range(" not in self.examination.program.student.text:
            return [], None
        scenes = [recorded(self.examination, case, right) for case, right in self.examination.cases]
        focus = min(self.failing, key=lambda i: (scenes[i].rounds, i))
        options = list(self._options(scenes, focus))
        options.sort(key=lambda option: not _is_computed(*option[0]))
        lengths = [option for option in options if option[1].is_made and _is_computed(*option[0])]
        if not is_misshapen:  # a loop may run too few rounds
            options = lengths = [option for option in lengths if option[1].is_output and not option[0][0].loops]
        pairs = [both for both in itertools.combinations(lengths, 2) if _go_together(*both)]
        for chosen in [*((one,) for one in options), *pairs]:
            if self.budget.spent:
                break
            if len({place for place, _ in chosen}) == len(chosen) and self._mends(scenes, chosen, focus):
                sizes = [_size(scenes, place, role) for place, role in chosen]
                return sizes, self._edit(scenes, sizes, [role for _, role in chosen])
        return [], None

    def _options(self, scenes: list[Scene], focus: int) -> Iterator[tuple[Place, Role]]:
        """Every whole number that was assigned, with every size it could have been instead."""
        program, scene = self.examination.program, scenes[focus]
        pair = self.examination.pair
        main = pair.backward if self.stage == "backward" and pair.backward else pair.forward
        roles = list(_roles([self.examination.cases[i] for i in self.failing]))
        for (function, index, target), visit in scene.record.visits.items():
            if function not in program.definitions or index < 0 or target in ("", "return"):
                continue
            if function in program.student.wrapped or not isinstance(visit.value, int | np.integer):
                continue
            statement = program.statements(function)[index]
            whole = isinstance(statement.node, ast.Assign) and not isinstance(visit.value, bool | np.bool_)
            if not whole or (function != main and function in (pair.forward, pair.backward)):
                continue
            for role in roles:
                yield (statement, target), role

    def _mends(self, scenes: list[Scene], chosen: tuple[tuple[Place, Role], ...], focus: int) -> bool:
        return all(self._mends_case(scenes[i], i, chosen) for i in [focus, *(i for i in self.failing if i != focus)])

    def _mends_case(self, scene: Scene, i: int, chosen: tuple[tuple[Place, Role], ...]) -> bool:
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

    def _edit(self, scenes: list[Scene], sizes: list[Size], roles: list[Role]) -> Edit | None:
        """The edit that computes the sizes from what is at hand in all configurations, the fresh ones too."""
        cases, every = list(self.examination.cases), list(scenes)
        for its in self.examination.fresh:
            with contextlib.suppress(NotApplicable):
                every.append(recorded(self.examination, *its))
                cases.append(its)
        edits = []
        for size, role in zip(sizes, roles):
            known = [scene.scope(size.statement) for scene in every]
            kept = [i for i, scope in enumerate(known) if scope]
            wanted = tuple(role.of(*cases[i]) for i in kept)
            scopes = [known[i] for i in kept]
            tree = expression(wanted, _leaves(scopes)) or _of_shapes(wanted, scopes)
            slot = _slot(size.statement.node, size.name)
            if tree is None or slot is None or self._is_worked_out_elsewhere(slot.get()):
                return None
            located = ast.fix_missing_locations(ast.copy_location(tree, size.statement.node))
            edits.append(Edit(size.statement, [(slot, located)], "wrong_size", COST))
        return edits[0] if len(edits) == 1 else Edit.together(edits)

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


def _go_together(one: tuple[Place, Role], other: tuple[Place, Role]) -> bool:
    """Two lengths of one array that is made, in one function: both of the same kind, of different axes."""
    (its, role), (others, second) = one, other
    is_near = its != others and its[0].function == others[0].function
    return is_near and role.is_padded == second.is_padded and role.axis != second.axis


def _size(scenes: list[Scene], place: Place, role: Role) -> Size:
    statement, target = place
    ran = [(scene, visit) for scene in scenes if (visit := scene.record.visits.get((*statement.key, target)))]
    got = tuple(int(visit.value) for _, visit in ran)
    return Size(statement, target, got, tuple(role.of(scene.case, scene.right) for scene, _ in ran))


def _is_computed(statement: Statement, target: str) -> bool:
    """The size is not just taken from a shape."""
    slot = _slot(statement.node, target)
    return slot is not None and any(isinstance(node, ast.BinOp | ast.Call) for node in ast.walk(slot.get()))


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


# ---- expressions that give a whole number ----------------------------------------------------------------------------


def _leaves(scopes: list[dict[str, Any]]) -> Level:
    """The whole numbers that are at hand in all configurations, by their values there."""
    common = [k for k in scopes[0] if all(k in scope for scope in scopes)] if scopes else []
    found: dict[Vector, ast.expr] = {}
    for constant in (1, 2):
        found[(constant,) * len(scopes)] = number(constant)
    for identifier in common:
        values = [scope[identifier] for scope in scopes]
        if all(isinstance(value, int | np.integer) and not isinstance(value, bool) for value in values):
            found.setdefault(tuple(int(value) for value in values), name(identifier))
    return dict(itertools.islice(found.items(), _MOST_LEAVES))


def _of_shapes(wanted: Vector, scopes: list[dict[str, Any]]) -> ast.expr | None:
    """The length of one axis of an array at hand, or of all but its first: `np.prod(x.shape[1:])`."""
    for identifier in scopes[0] if scopes else ():
        arrays = [scope.get(identifier) for scope in scopes]
        if not all(isinstance(array, np.ndarray) for array in arrays):
            continue
        shapes = [array.shape for array in arrays if array is not None]
        if tuple(int(np.prod(shape[1:])) for shape in shapes) == wanted and any(len(shape) > 2 for shape in shapes):
            return ast.parse(f"np.prod({identifier}.shape[1:])", mode="eval").body
        for axis in range(min(map(len, shapes))):
            if tuple(shape[axis] for shape in shapes) == wanted:
                return ast.parse(f"{identifier}.shape[{axis}]", mode="eval").body
    return None


def expression(wanted: Vector, leaves: Level) -> ast.expr | None:
    """The shortest expression of the leaves, by + - * //, that has these values; None where none is short enough.

    >>> leaves = {(8, 14): name("H"), (3, 2): name("k"), (2, 3): name("s"), (1, 1): number(1)}
    >>> ast.unparse(expression((3, 5), leaves))
    '(H - k) // s + 1'
    """
    if wanted in leaves:
        return leaves[wanted]
    two = next((v for v, node in leaves.items() if isinstance(node, ast.Constant) and node.value == 2), None)
    doubled = {tuple(2 * n for n in v): binary(number(2), ast.Mult(), leaf) for v, leaf in leaves.items() if two}
    others, level = {**doubled, **leaves}, leaves
    for _ in range(2):
        values, node = _combined(level, others)
        if found := _reached(wanted, values, node, leaves):
            return found
        first = {tuple(value): at for at, value in reversed([*enumerate(values.tolist())])}
        level = {value: node(at) for value, at in sorted(first.items(), key=lambda item: item[1])}
    return None


def _combined(level: Level, others: Level) -> tuple[Any, Callable[[int], ast.expr]]:
    """The values of all that is made of one of a level and one of the others, a row each, and how the rows are made."""
    left, right = [*level.values()], [*others.values()]
    one, other = np.array([*level])[:, None], np.array([*others])[None]
    values = np.concatenate([made(one, other).reshape(-1, one.shape[-1]) for _, made in _OPERATORS])

    def node(at: int) -> ast.expr:
        operator, i, j = np.unravel_index(at, (len(_OPERATORS), len(left), len(right)))
        return binary(left[i], _OPERATORS[operator][0](), right[j])

    return values, node


def _divided(values: Any, by: Any) -> Any:
    """Whole quotients; of what is not divided by positive numbers, what no size is."""
    return np.where(by.min(axis=-1, keepdims=True) > 0, values // np.maximum(by, 1), -1)


_OPERATORS = ((ast.Add, np.add), (ast.Sub, np.subtract), (ast.Mult, np.multiply), (ast.FloorDiv, _divided))


def _reached(wanted: Vector, values: Any, node: Callable[[int], ast.expr], leaves: Level) -> ast.expr | None:
    """The wanted values, directly or by a last division and a last 1: `(H - k) // s + 1`."""
    for divisor, leaf in (((), None), *leaves.items()):
        quotients = values if leaf is None else _divided(values, np.array(divisor))
        for more in (0, 1):
            reached = (quotients == np.array(wanted) - more).all(axis=1)
            if reached.any():
                found = node(int(np.argmax(reached)))
                found = found if leaf is None else binary(found, ast.FloorDiv(), leaf)
                return binary(found, ast.Add(), number(1)) if more else found
    return None
