"""Makes questions about the backward pass of a trace, each with its right answer and the reason for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, TypeGuard

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.engine.rounds import Rounds
from backpropviz.engine.trace import Trace
from backpropviz.exercises.blanks import Blank, blanks, forward_code
from backpropviz.exercises.quiz import Question, alike
from backpropviz.exercises.slips import distinct, of_axes, of_factors, of_number, of_shape
from backpropviz.show.records import Gate, InputView, Share, StepView, TraceView
from backpropviz.show.view import view

MOST_ENTRIES = 30  # of all arrays that a number has to be computed from
_TRANSPOSED = re.compile(r"(?P<name>.+)\.T, from the (?P<side>left|right)")
_RANDOM = np.random.default_rng


def questions(trace: Trace, seed: int = 0) -> list[Question]:
    """Up to three questions for every step, the last step first; of a loop, for those of its first round.

    The same seed asks the same questions.
    """
    if not trace.upstream:
        trace.backward()
    shown = view(trace, rounds=Rounds(trace))
    random = _RANDOM(seed)
    asker = _Asker(trace, shown, random)
    by_step: dict[str, list[Blank]] = {}
    for blank in blanks(shown):
        by_step.setdefault(blank.step, []).append(blank)
    steps = {step.label: step for step in shown.steps}
    asked: list[Question] = []
    for label, found in by_step.items():
        step = steps.get(label)
        asked += asker.size(found, step)
        if step is not None:
            asked += asker.local(step)
        asked += asker.number(found, step)
    return asked


class _Asker:
    """Makes questions about one trace."""

    def __init__(self, trace: Trace, shown: TraceView, random: np.random.Generator):
        self.random = random
        self.values: dict[str, Array] = {part.name: part.value for part in shown.inputs}
        self.values |= {step.name: step.value for step in shown.steps}
        self.values |= {flow.name: flow.value for flow in shown.backward}
        self.values |= {upstream.name: upstream.value for upstream in shown.upstream}
        for loop in shown.loops:
            self.values.update((each.before_name, each.before) for each in loop.carried)
        parts: tuple[InputView | StepView, ...] = (*shown.inputs, *shown.steps)
        for gradient in (part.gradient for part in parts if part.gradient is not None):
            self.values.update((term.name, term.value) for term in gradient.terms)  # also those of other rounds
            self.values[gradient.name] = gradient.value
        sizes = {name: node.shape[axis] for (node, axis), name in trace.dims.items()}
        self.sizes = {name: int(size) for name, size in sizes.items()}

    def pick(self, items: list[Any]) -> Any:
        return items[int(self.random.integers(len(items)))]

    def size(self, found: list[Blank], step: StepView | None) -> Iterator[Question]:
        """The shape of one gradient; or, of a step that broadcasts, along which axis what is handed back is summed."""
        gates = step.explanation.gates if step is not None and step.explanation else ()
        summed = [(gate, share) for gate in gates for share in gate.shares if share.summed]
        if step is not None and summed and self.random.random() < 0.5:
            yield self._axis(step, *self.pick(summed))
        else:
            yield from self.shape(found, step)

    def _axis(self, step: StepView, gate: Gate, share: Share) -> Question:
        among = range(max(2, max(share.summed) + 1))
        rest = tuple(axis for axis in among if axis not in share.summed)
        sums = dict.fromkeys([(), tuple(among), rest, *((axis,) for axis in among)])
        others = [axes for axes in sums if axes != share.summed]
        chosen = [share.summed, *(others[int(at)] for at in self.random.permutation(len(others))[:3])]
        chosen = [chosen[int(at)] for at in self.random.permutation(len(chosen))]
        choices = [_axes(axes) for axes in chosen]
        told = share.gradient or f"what {share.operand} gets"
        text = f"Along which axis of {gate.code} is {told} summed?"
        answer = _axes(share.summed)
        reasons = (gate.story, *share.reasons)
        right = choices.index(answer)
        return Question(
            "axis", step.label, forward_code(step), text, answer, right, reasons, choices=tuple(choices),
            slips=distinct(of_axes(share, chosen), right, alike),
        )  # fmt: skip

    def shape(self, found: list[Blank], step: StepView | None) -> Iterator[Question]:
        """The shape of one gradient, best of one that had to be summed or spread out."""
        arrives = None if step is None else step.value.shape
        changes = [blank for blank in found if blank.shape != arrives]
        blank = self.pick(changes or found)
        known = {name: value.shape for name, value in self.values.items() if name != blank.name}
        shapes = {name: shape for name, shape in known.items() if step is not None and name in step.operands}
        text = f"Which shape has {blank.name}, the gradient of {blank.of}?"
        gates = step.explanation.gates if step is not None and step.explanation else ()
        summed = any(share.summed for gate in gates for share in gate.shares)
        others = {name: shape for name, shape in shapes.items() if name != blank.of}
        slips = of_shape(blank.of, blank.shape, arrives, others, summed and blank in changes)
        yield Question(
            "shape", blank.step, blank.code, text, str(blank.shape), blank.shape,
            (f"A gradient has the shape of its value, and {blank.of} is {blank.shape}.", *_why(step, blank.name)),
            given=tuple(f"{name} has shape {shape}" for name, shape in others.items()),
            sizes=self.sizes, shapes=known, slips=distinct(slips, blank.shape, alike),
        )  # fmt: skip

    def local(self, step: StepView) -> Iterator[Question]:
        """The local derivative of one gate of a step, to choose among four."""
        gates = step.explanation.gates if step.explanation else ()
        candidates = [(gate, share) for gate in gates for share in gate.shares if share.local]
        if not candidates:
            return
        gate, share = self.pick(candidates)
        wrong = _distractors(gate, share)
        others = list(wrong)
        chosen = [others[int(at)] for at in self.random.permutation(len(others))[:3]]
        if len(chosen) < 2:
            return
        choices = [*chosen, share.local]
        choices = [choices[int(at)] for at in self.random.permutation(len(choices))]
        text = f"What is the local derivative of {gate.code} with respect to {share.operand}?"
        right = choices.index(share.local)
        yield Question(
            "local", step.label, forward_code(step), text, share.local, right, (gate.story,), choices=tuple(choices),
            slips=tuple((place, wrong[choice]) for place, choice in enumerate(choices) if place != right),
        )  # fmt: skip

    def number(self, found: list[Blank], step: StepView | None) -> Iterator[Question]:
        """One entry of a gradient, from arrays that are small enough to do it by hand."""
        own = [blank for blank in found if blank.solution[-1].startswith(f"{blank.name} = ")]  # of one round alone
        own = [blank for blank in own if np.all(np.isfinite(self.values[blank.name]))]
        fit = [(blank, self._needed(blank)) for blank in own]
        fit = [(blank, needed) for blank, needed in fit if needed and self.values[blank.name].size]
        if not fit:
            return
        blank, needed = self.pick(fit)
        value = self.values[blank.name]
        at = tuple(int(self.random.integers(size)) for size in value.shape)
        place = f"{blank.name}[{', '.join(map(str, at))}]" if at else blank.name
        given: list[str] = []
        for name in needed:
            lines = np.array2string(self.values[name], precision=4, suppress_small=True, max_line_width=88).split("\n")
            given += [f"{name} = {lines[0]}", *(" " * (len(name) + 3) + line for line in lines[1:])]
        scope = {**self.sizes, **self.values}
        slips = of_number(blank.name, blank.solution[-1], value, at, scope) if len(blank.solution) == 1 else ()
        yield Question(
            "number", blank.step, blank.code, f"How much is {place}? (two digits will do)", f"{float(value[at]):.4g}",
            float(value[at]), ("; ".join(blank.solution), *_why(step, blank.name)), tuple(given),
            slips=distinct(slips, float(value[at]), alike),
        )  # fmt: skip

    def _needed(self, blank: Blank) -> list[str]:
        """The arrays that a gradient is computed from; none if they are too large to be worked with by hand."""
        if any(" \u2026 " in line for line in blank.solution):
            return []  # the terms of a loop's rounds: those in the middle are not written out
        trees = [ast.parse(line) for line in blank.solution]
        measured = {id(node.value) for tree in trees for node in ast.walk(tree) if _is_shape(node)}
        names = [n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in measured]
        read = dict.fromkeys(name.id for name in names if isinstance(name.ctx, ast.Load) and name.id in self.values)
        return list(read) if 0 < sum(self.values[name].size for name in read) <= MOST_ENTRIES else []


def _is_shape(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and node.attr == "shape"


def _axes(axes: tuple[int, ...]) -> str:
    """
    >>> _axes(()), _axes((1,)), _axes((0, 2))
    ('none', 'axis 1', 'axes 0, 2')
    """
    return f"ax{'i' if len(axes) == 1 else 'e'}s {', '.join(map(str, axes))}" if axes else "none"


def _why(step: StepView | None, gradient: str) -> tuple[str, ...]:
    """The stories of the gates on the way of a gradient, and why it has the axes that it has; of `a * b[:, None]`, the
    product hands something to `b[:, None]` before that hands it to b."""
    gates = step.explanation.gates if step is not None and step.explanation else ()
    told: list[str] = []
    reached = {gradient}
    for gate in reversed(gates):
        for share in gate.shares:
            if (share.gradient or share.operand) in reached:
                reached.add(gate.code)
                told[:0] = [gate.story, *share.reasons]
    return tuple(dict.fromkeys(told))


def _distractors(gate: Gate, share: Share) -> dict[str, str]:
    """Wrong formulas that look as if they could be right, each with why it is wrong: none of them is equal to the right
    one in value."""
    right, operand = share.local, share.operand
    transposed = _TRANSPOSED.fullmatch(right)
    if transposed:
        name = transposed["name"]
        found = {}
        for side in ("right", "left"):
            wrong_side = side != transposed["side"]
            place = f"{name}.T has to stand on the {transposed['side']} of the gradient: there the shapes meet."
            found[f"{name}.T, from the {side}"] = place
            found[f"{name}, from the {side}"] = f"{name} has to be transposed{', and on the other side' * wrong_side}."
        return {formula: why for formula, why in found.items() if formula != right}
    plain = operand if re.fullmatch(r"\w+", operand) else f"({operand})"
    guesses = of_factors(gate, share, plain)
    if not _is_formula(right):  # a router or a mover, told in words
        guesses = {guess: guesses[guess] for guess in (plain, f"1 / {plain}")}
        guesses[f"sign({plain})"] = f"sign({plain}) is the derivative of abs({operand})."
        guesses["1 / n"] = "1 / n is for a mean of n entries."
        # of what only moves entries one could say so too: the derivative is one wherever it is not zero
        if right.endswith("else 0"):
            guesses["1 everywhere"] = "What had no part in the output gets nothing back."
    return {guess: why for guess, why in guesses.items() if guess != right and not _equal(guess, right)}


def _is_formula(text: str) -> bool:
    try:
        return not isinstance(ast.parse(text, mode="eval").body, ast.Tuple)
    except SyntaxError:
        return False


def _equal(first: str, second: str) -> bool:
    """Whether two formulas have the same value at some points drawn at random; False where they cannot be computed."""
    names = set(re.findall(r"[A-Za-z_]\w*", f"{first} {second}"))
    functions = {name: getattr(np, name) for name in names if callable(getattr(np, name, None))}
    random = _RANDOM(0)
    for _ in range(3):
        scope = {"np": np, **{name: random.uniform(0.2, 0.9) for name in names - {"np"}}, **functions}
        try:
            with np.errstate(all="ignore"):
                if not np.isclose(eval(first, dict(scope)), eval(second, dict(scope)), rtol=1e-6):
                    return False
        except Exception:
            return False
    return True
