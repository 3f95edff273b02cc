"""Shortens derived code: a stretch of it that one gradient has to pass is written as one expression, if one is found.

Every gradient is linear in each gradient that all paths to it pass (its dominators in the backward graph). Between such
a pair, expressions are searched by value. Nothing is known of any layer: what is found is found by its value, and only
what then holds on fresh runs is shown.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from backpropviz.errors import InputError
from backpropviz.layers.library import Layer
from backpropviz.study.closed.algebra import Algebra, by_algebra
from backpropviz.study.closed.beginnings import begun, in_other_brackets, scenes_of
from backpropviz.study.closed.checked import checked
from backpropviz.study.closed.expressions import Found, expressions
from backpropviz.study.closed.ingredients import Larder
from backpropviz.study.closed.lines import Line
from backpropviz.study.closed.program import Program
from backpropviz.study.closed.proof import PROOFS, Proof, at_the_rim, holds, proved
from backpropviz.study.closed.reasons import Change, Reason, reasons
from backpropviz.study.closed.scenes import Runs, Stage
from backpropviz.study.closed.steps import steps
from backpropviz.study.closed.stretches import Flow, Stretch
from backpropviz.study.closed.turned import with_fewer_signs
from backpropviz.study.closed.vanished import without_vanishing
from backpropviz.study.closed.watched import Watched
from backpropviz.study.values.trees import weight
from backpropviz.study.values.valued import TALLY

MOST_LINES = 60
"""How long a backward pass may be, half as much again as that of an LSTM: each stretch of it is a search, and each
search runs all of it."""
MOST_CANDIDATES = 300_000
"""How many expressions are looked at before the best form so far is given: no clock ends a search."""
_FRESH = 2
"""How many runs an explanation is held against, each with two upstream gradients."""


@dataclass(frozen=True)
class ClosedForm:
    """The shortest backward pass that was found.

    Attributes:
        layer: its name. inputs: whose gradients it gives.
        program: the code. changes: what is new in it; empty where nothing shorter was found.
        before, after: operations of the backward pass, those that it shares with the forward pass left out.
        searched: how many stretches were searched. candidates: how many expressions were made for them; `is_cut_short`
            where that is all that are allowed, and something shorter may exist. proof: what the code was held against.
        reasons: why it is so, step by step. stage: where its runs come from.
        whole: the program with all forward values, also those that it does not read.
        regrouped: the forward pass has other brackets in it than the layer; what is in `changes` stands in its terms.
    """

    layer: str
    inputs: list[str]
    program: Program
    changes: list[Change]
    before: int
    after: int
    searched: int
    candidates: int
    proof: Proof
    reasons: list[Reason]
    stage: Stage
    whole: Program
    regrouped: bool = False

    @cached_property
    def algebra(self) -> Algebra:
        """What is proved with letters for numbers, on a small case."""
        return by_algebra(self.stage, self.program)

    @property
    def sample(self) -> dict[str, Any]:
        """Arguments that the code can be called with."""
        return self.stage.base.arguments(self.program.listing)

    @property
    def is_cut_short(self) -> bool:
        return self.candidates >= MOST_CANDIDATES

    @property
    def is_shorter(self) -> bool:
        return bool(self.changes)

    @property
    def code(self) -> str:
        return str(self.program)

    @property
    def lines(self) -> list[str]:
        """What is new in it."""
        return [line for change in self.changes for line in change.lines]


def closed_form(
    layer: Layer,
    given: dict[str, Any] | None = None,
    inputs: tuple[str, ...] = (),
    proofs: int = PROOFS,
) -> ClosedForm:
    """The backward pass of a layer with closed forms in it; its own where nothing shorter was found.

    Args:
        given: settings that stay as they are. inputs: whose gradients are wanted; all without any.
        proofs: how many fresh runs it is held against.

    Raises:
        TraceError: its derived code does not hold on other runs.
        InputError: it has no such input, or its backward pass is too long to be searched.
    """
    began = TALLY.made
    stage = Stage(layer, given or {})
    program = begun(stage.base.trace, layer, inputs)
    if len(program.backward) > MOST_LINES:
        raise InputError(
            f"the backward pass of {layer.name} has {len(program.backward):,} lines; a closed form is searched for in "
            f"up to {MOST_LINES}",
            fix="Take fewer rounds or a part of it: a setting by --set, or a function of the part alone.",
        )
    recorded = program.thinned()
    other = in_other_brackets(stage, inputs)
    runs = Runs(scenes_of(stage, program), at_the_rim(stage, program), list(stage.draws(_FRESH, seed=23)))
    whole, changes, searched, is_regrouped = _shortest(program, other, runs, began + MOST_CANDIDATES)
    short = whole.thinned()
    proof = proved(stage, short, proofs)
    if changes and proof.against is not None:  # what held on a few runs by their sizes does not hold on this one
        runs = dataclasses.replace(runs, searched=[*runs.searched, proof.against])
        whole, changes, again, is_regrouped = _shortest(program, other, runs, began + MOST_CANDIDATES)
        short, searched = whole.thinned(), searched + again
        proof = proved(stage, short, proofs)
    candidates = TALLY.made - began
    if changes and not program.listing.rolled:
        made, lines, gone, why = with_fewer_signs(short, runs.searched)
        target, saved = lines[0].partition(" = ")[0] if lines else "", short.count - made.count
        changes += [Change(short.listing.upstream[0], target, lines, gone, saved, why)] * bool(lines)
        short = made
    is_longer = short.count > recorded.count or short.cost >= recorded.cost
    if changes and (is_longer or not proof.complete):
        short, changes, proof = recorded, [], proved(stage, recorded, proofs)
    kept = [name.removeprefix("d") for name in short.returns]
    why = [reason for change in changes for reason in change.reasons]
    return ClosedForm(
        layer.name, kept, short, changes, recorded.count, short.count, searched, candidates, proof, why, stage, whole,
        is_regrouped and bool(changes),
    )  # fmt: skip


def _shortest(
    program: Program, other: Program | None, runs: Runs, most: int
) -> tuple[Program, list[Change], int, bool]:
    """The shorter of the program and, in other brackets, the other; what was changed in it, and how many searches."""
    short, changes, searched = _of_one(program, runs, most)
    if other is not None and all(holds(other, scene) for scene in runs.searched):
        second, made, count = _of_one(other, runs, most)
        searched += count
        if made and second.thinned().cost < short.thinned().cost:
            return second, made, searched, True
    return short, changes, searched, False


def _of_one(program: Program, runs: Runs, most: int) -> tuple[Program, list[Change], int]:
    """What is zero whatever comes in, then one stretch after the other."""
    left, zeros = without_vanishing(program, runs.searched)
    if zeros:
        zeros[0] = dataclasses.replace(zeros[0], saved=program.thinned().count - left.thinned().count)
    short, changes, searched = shortened(left, runs, most)
    return short, [*changes, *zeros], searched


def shortened(program: Program, runs: Runs, most: int = 0) -> tuple[Program, list[Change], int]:
    """The program with one stretch after the other shortened, what was changed, and how many were searched.

    Args:
        most: the count of all candidates of this process after which it ends; 0 for as many as one search may make.
    """
    most = most or TALLY.made + MOST_CANDIDATES
    memory: dict[tuple[Any, ...], tuple[int, list[Found]]] = {}
    changes: list[Change] = []
    while (better := _better(program, runs, memory, most)) is not None:
        program, change = better
        changes.append(change)
    return program, changes, len(memory)


def _better(
    program: Program,
    runs: Runs,
    memory: dict[tuple[Any, ...], tuple[int, list[Found]]],
    most: int,
) -> tuple[Program, Change] | None:
    """The program with one stretch shortened, the one that saves most; None where none can be.

    Args:
        most: the count of candidates after which no further stretch is searched.
    """
    flow = Flow(program)
    larder: Larder | None = None
    best: tuple[Program, Change] | None = None
    best_rank: tuple[int, ...] = (0,)
    place: Stretch | None = None
    now = program.thinned()
    possible = [(now.cost - _emptied(program, stretch).cost, stretch) for stretch in flow.stretches()]
    for savable, stretch in sorted(possible, key=lambda pair: -pair[0]):
        limit = savable - best_rank[0]
        if limit < 1:
            break
        if stretch.key not in memory or memory[stretch.key][0] < limit:
            if TALLY.made >= most:
                continue
            larder = larder or Larder(program, runs.searched, flow.tainted)
            memory[stretch.key] = limit, _searched(larder, stretch, limit)
        for _, lines, tree in memory[stretch.key][1][:6]:
            made = replaced(program, stretch, lines)
            shorter = made.thinned()
            rank = (
                now.cost - shorter.cost, now.within - shorter.within, now.kept - shorter.kept,
                -len(lines), -shorter.whole_count, -weight(tree),
            )  # fmt: skip
            is_better = rank[:3] > (0, 0, 0) and rank > best_rank and shorter.count <= now.count
            if is_better and all(holds(shorter, scene) for scene in (*runs.searched, *runs.rims)):
                change = _change(stretch, lines, made, shorter, now.count - shorter.count)
                best, best_rank, place = (made.thinned(forward_too=False), change), rank, stretch
    if best is None or place is None:
        return None
    larder = larder or Larder(program, runs.searched, flow.tainted)
    made, change = best
    given = larder.of(place)
    if given is not None:
        told = reasons(given, change, *steps(larder, place, change.lines))
        watched = Watched(program, [scene for scene in runs.fresh if holds(program, scene)], flow.tainted)
        change = dataclasses.replace(change, reasons=checked(told, len(change.lines) - 1, place, watched))
    return made, change


def _change(stretch: Stretch, lines: list[str], made: Program, shorter: Program, saved: int) -> Change:
    """The change as it stands in the end: where `dx = dshifted` is all that reads dshifted, what it sets is dx."""
    before, target = [line.text for line in stretch.between], stretch.target.name
    while not any(target in line.names for line in shorter.backward):
        second = next((line for line in made.backward if line.code == target and line.name), None)
        if second is None:
            break
        before.append(second.text)
        target = second.name
    last = lines[-1].replace(stretch.target.name, target, 1)
    return Change(stretch.source[1], target, [*lines[:-1], last], before, saved, [])


def _emptied(program: Program, stretch: Stretch) -> Program:
    """The program if the target came for nothing: what is gone then is all that can be saved."""
    return replaced(program, stretch, [f"{stretch.target.name} = {stretch.source[1]}"]).thinned()


def _searched(larder: Larder, stretch: Stretch, limit: int) -> list[Found]:
    given = larder.of(stretch)
    if given is None:
        return []
    return expressions(given, stretch.target.name, limit, larder.program.taken)


def replaced(program: Program, stretch: Stretch, lines: list[str]) -> Program:
    """The program with these lines in place of the target's."""
    depth, heading = stretch.target.depth, f"from {stretch.source[1]} to {stretch.target.name} at once"
    if stretch.parts:
        rest = [term for term in stretch.target.code.split(" + ") if term not in stretch.parts]
        name, code = lines[-1].split(" = ", 1)
        lines = [*lines[:-1], f"{name} = {' + '.join([*rest, code])}"]
    made = [Line(text, depth, heading if text is lines[0] else "") for text in lines]
    at = program.backward.index(stretch.target)
    return program.with_backward([*program.backward[:at], *made, *program.backward[at + 1 :]])
