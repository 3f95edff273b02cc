"""The form that a pair was meant in: a layer's sets of configurations, and the ways that a pair may be called."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpropviz.course.record import Case, Layer
from backpropviz.diagnose.pairs import unknown
from backpropviz.diagnose.pairs.axes import WHATEVER_THE_SHAPES
from backpropviz.diagnose.pairs.binding import CannotCall, NotApplicable
from backpropviz.diagnose.pairs.otherwise import around, is_usual, is_whole
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.reference import Reference, reference
from backpropviz.diagnose.pairs.signatures import gradients_of, returned
from backpropviz.diagnose.runs.examine import Another, Answer, Examination
from backpropviz.diagnose.runs.outcomes import ROUNDING, TOLERANCE, Outcome, all_right, difference
from backpropviz.diagnose.student.program import Program

_references: dict[tuple[str, int], list[tuple[Case, Reference]]] = {}


@dataclass(frozen=True)
class Form:
    """A form that was tried: the pair in it, what came out, and how it was read where that is worth a note."""

    examination: Examination
    outcomes: list[Outcome]
    notes: tuple[str, ...] = ()


class Forms:
    """The forms of one pair. Those of a known layer are its own; any other pair is run as it is written, and where that
    does not come out right, in functions that call it another way."""

    def __init__(self, program: Program, pair: Pair):
        self.program, self.pair = program, pair
        self.problem: CannotCall | None = None

    def best(self) -> Form:
        """The one that was meant: the first, unless another one gives more that is right.

        Raises:
            CannotCall: it is not known how the pair is called.
        """
        tried: list[Form] = []
        for form in self._forms():
            if all_right(form.outcomes) and not any(self._looks_at_less(form, other) for other in tried):
                return form
            tried.append(form)
        tried = [form for form in tried if not any(self._looks_at_less(form, other) for other in tried)]
        if self.pair.layer.is_own and any(is_usual(self.program, form.examination.pair) for form in tried):
            tried = [form for form in tried if is_usual(self.program, form.examination.pair)]
        elif self.problem is not None:  # what did not fit was tried as well as could be
            raise self.problem
        if not tried:
            raise CannotCall("no configuration suits it")
        return max(tried, key=functools.partial(self._merits, _shapes(tried[0])))

    def _forms(self) -> Iterator[Form]:
        if self.pair.layer.is_own:
            yield from self._own()
            return
        for number in range(len(self.pair.layer.forms)):
            cases = list(prepared(self.pair.layer, number))
            another = functools.partial(fresh, self.pair.layer, number)
            yield self._ran(self.pair, cases, another, functools.partial(reference, self.pair.layer))

    def _own(self) -> Iterator[Form]:
        is_wrapped = self.pair.forward in self.program.student.wrapped
        if not is_wrapped and is_whole(self.program, self.pair):
            with contextlib.suppress(CannotCall):
                yield self._understood(around(self.program, self.pair))
                return
        is_enough = is_wrapped
        try:
            form = self._understood(self.pair)
            is_enough = is_enough or (is_usual(self.program, self.pair) and all(map(_never_runs, form.outcomes)))
            yield form
        except CannotCall as error:
            self.problem = error
        if is_enough:
            return
        try:
            yield self._understood(around(self.program, self.pair))
            self.problem = None
        except CannotCall as error:
            self.problem = error

    def _understood(self, pair: Pair) -> Form:
        pair, cases = unknown.understood(self.program, pair)
        another = functools.partial(unknown.fresh, self.program, pair, cases[0][0])
        form = self._ran(pair, cases, another, functools.partial(unknown.answer, self.program, pair))
        its = self.program.student.wrapped.get(pair.forward)
        notes = () if unknown.shipped(self.program, pair) is not None else (unknown.NOTE, *unknown.assumed(cases[0][0]))
        return Form(form.examination, form.outcomes, (*notes, *((its.convention,) if its and its.convention else ())))

    def _ran(self, pair: Pair, cases: list[tuple[Case, Reference]], another: Another, answer: Answer) -> Form:
        examination = Examination(self.program, pair, cases, another, answer)
        outcomes, applicable = [], []
        for case, right in cases:
            with contextlib.suppress(NotApplicable):
                outcomes.append(examination.run(case, right))
                applicable.append((case, right))
        examination.cases = applicable
        return Form(examination, outcomes)

    def _merits(self, as_written: list[dict[str, tuple[int, ...]]], form: Form) -> tuple[int, ...]:
        pair = form.examination.pair
        ran = -sum(bool(outcome.failure) for outcome in form.outcomes)
        if not pair.layer.is_own:
            return sum(gave_output(pair, outcome) for outcome in form.outcomes), ran
        right = sum(cell.ok for outcome in form.outcomes for name, cell in outcome.cells.items() if " " not in name)
        its = self.program.student.wrapped.get(pair.forward)
        # where nothing fits, neither other axes nor another way of calling it excuses what fails as it is written; that
        # its gradients are means over the same inputs does not ask for excuses
        fits = not any(map(_does_not_fit, form.outcomes))
        is_plain = its is None or bool(its.convention and _shapes(form) == as_written)
        plain = not fits and is_plain and is_usual(self.program, pair)
        return fits, plain, ran, right, bool(its is not None and its.convention)

    def _looks_at_less(self, form: Form, other: Form) -> bool:
        """Whether a form leaves out a gradient that another looks at: that of a learned leak, as if it were a rate.
        Where the other one fails, what is returned has to say that it is a gradient."""
        mine, its = (set(each.examination.pair.layer.wants) for each in (form, other))
        if not form.examination.pair.layer.is_own or not mine < its:
            return False
        case = other.examination.cases[0][0]
        left_out = {name for name in its - mine if name in case.inputs and case.inputs[name].ndim}
        if any(outcome.failure for outcome in other.outcomes):
            left_out &= set(gradients_of(returned(self.program, self.pair.name), [*case.inputs]))
        return bool(left_out)


def _shapes(form: Form) -> list[dict[str, tuple[int, ...]]]:
    """The shapes of the inputs that a form was run on."""
    return [{name: value.shape for name, value in case.inputs.items()} for case, _ in form.examination.cases]


def _never_runs(outcome: Outcome) -> bool:
    """Its backward pass failed, as it would whatever it is run on."""
    failure, kinds = outcome.failure, {error.__name__ for error in WHATEVER_THE_SHAPES} | {"UnboundLocalError"}
    return failure is not None and failure.is_backward and failure.type in kinds


def _does_not_fit(outcome: Outcome) -> bool:
    """It failed, or gave a gradient of another shape than its input."""
    return bool(outcome.failure) or not all(cell.fits for cell in outcome.cells.values())


def prepared(layer: Layer, form: int = 0) -> list[tuple[Case, Reference]]:
    """The configurations of a known layer with what is right for them, worked out once."""
    key = (layer.name, form)
    if key not in _references:
        _references[key] = [(case, reference(layer, case)) for case in layer.forms[form]()]
    return _references[key]


def gave_output(pair: Pair, outcome: Outcome) -> bool:
    """The forward pass came out right."""
    return all(name in outcome.cells and outcome.cells[name].ok for name in pair.layer.outputs)


@functools.cache
def fresh(layer: Layer, form: int, seed: int) -> tuple[Case, Reference] | None:
    """One more configuration of a known layer."""
    if layer.fresh is None:
        return None
    case = layer.fresh(seed, form)
    return case, reference(layer, case)


def goes_on(program: Program, pair: Pair, outcomes: list[Outcome]) -> bool:
    """Whether a class that is called like a known layer with parameters has an activation besides, as a Dense layer may
    have: its output grows with the layer's, entry by entry, and is no multiple of it."""
    if pair.forward not in program.student.wrapped or len(pair.layer.wants) == 1:
        return False
    cells = [its.cells[name] for its in outcomes if not its.failure for name in pair.layer.outputs if name in its.cells]
    both = [(np.ravel(cell.got), np.ravel(cell.want)) for cell in cells if not cell.ok and cell.fits]
    grows = all(np.all(np.diff(got[np.argsort(want)]) >= -ROUNDING) for got, want in both)
    return bool(both) and grows and not any(_is_multiple(got, want) for got, want in both)


def _is_multiple(got: Any, want: Any) -> bool:
    return difference(got * np.dot(want, want), want * np.dot(got, want)) <= TOLERANCE
