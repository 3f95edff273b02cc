"""Runs a pair of functions on one configuration and holds everything that comes back against the reference."""

from __future__ import annotations

import ast
import contextlib
import functools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from backpropviz.course.record import Case, Layer
from backpropviz.diagnose.pairs import binding
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.reference import Reference
from backpropviz.diagnose.runs import gaps
from backpropviz.diagnose.runs.outcomes import GUARDED, TOLERANCE, Cell, Failure, Outcome, check
from backpropviz.diagnose.runs.passed import Passed
from backpropviz.diagnose.student.frames import frames, is_of_numpy
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import Recorder
from backpropviz.diagnose.student.work import RUN, WORK, TooMuch, work_limit
from backpropviz.layers.missing import MissingModule

FRESH, FRESH_SEED = 5, 30  # so many shapes and numbers more, on which a repair is run before it counts as proved
Another = Callable[[int], tuple[Case, Reference] | None]
"""Makes one more configuration from a seed, with what is right for it; None where that fails."""
Answer = Callable[[Case], Reference | None]
"""What is right for a configuration; None where there is no telling."""

CALL_ROUNDS = 200_000  # of loops, in one run; the largest configuration takes a few thousand


class Examination:
    """One pair on its cases: runs them, and tells what is right."""

    def __init__(
        self, program: Program, pair: Pair, cases: list[tuple[Case, Reference]], another: Another = lambda seed: None,
        answer: Answer = lambda case: None,
    ):  # fmt: skip
        self.program, self.pair, self.cases, self.another, self.answer = program, pair, cases, another, answer

    @functools.cached_property
    def tolerance(self) -> float:
        """How close a gradient has to come: less close where the forward pass of a loss of one's own is guarded."""
        if not self.pair.layer.is_own:
            return TOLERANCE
        nodes = self.program.reached(self.pair.forward)
        small = any(isinstance(n, ast.Constant) and type(n.value) is float and 0 < n.value <= 1e-5 for n in nodes)
        logs = self.program.takes_logarithms(self.pair.forward)
        return GUARDED if small and logs else TOLERANCE

    @functools.cached_property
    def fresh(self) -> list[tuple[Case, Reference]]:
        """Further configurations, of sizes and numbers that no edit was looked for with."""
        made = (self.another(seed) for seed in range(FRESH_SEED, FRESH_SEED + FRESH))
        return [its for its in made if its is not None]

    def run_all(self) -> list[Outcome]:
        return [self.run(case, right) for case, right in self.cases]

    def run_fresh(self) -> Iterator[Outcome]:
        """What comes out of the fresh configurations, as far as they concern the pair."""
        for case, right in self.fresh:
            with contextlib.suppress(binding.NotApplicable):
                yield self.run(case, right)

    def passed(self, case: Case, right: Reference) -> Passed | None:
        """What the forward pass leaves behind on a configuration; None where the backward pass cannot go on from it."""
        began = WORK.done
        try:
            with _quietly(CALL_ROUNDS):
                passed = self._forward(case, right, Outcome(case), None)
        except (Exception, TooMuch, SystemExit):
            return None
        return replace(passed, rounds=WORK.done - began) if passed is not None and passed.is_plain else None

    def run(
        self, case: Case, right: Reference, recorder: Recorder | None = None, rounds: int = CALL_ROUNDS,
        passed: Passed | None = None,
    ) -> Outcome:  # fmt: skip
        """One configuration, from fresh arrays; where `passed` is given, the backward pass alone.

        Raises:
            CannotCall: the signature is not understood. NotApplicable: this configuration does not concern it.
        """
        outcome = Outcome(case)
        stage = [False]
        began = WORK.done
        WORK.spend(RUN)
        try:
            with _quietly(rounds):
                self._run(case, right, outcome, recorder, stage, passed)
        except (binding.CannotCall, binding.NotApplicable):
            raise
        except MissingModule as error:
            outcome.missing = str(error)
        except NotImplementedError:
            outcome.unfinished = self.pair.backward if stage[0] and self.pair.backward else self.pair.forward
        except AssertionError as error:
            outcome.failure = self._failure(error, stage[0])
            outcome.refused = not is_of_numpy(error)
        except TooMuch as error:
            outcome.failure = self._failure(error, stage[0])
        except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
            outcome.failure = self._failure(error, stage[0])
        except Exception as error:
            outcome.missing = gaps.missing(error, self.program.student)
            if not outcome.missing:
                outcome.failure = self._failure(error, stage[0])
                outcome.refused = not stage[0] and (self._is_optional(case) or self._raises(outcome.failure))
                if not outcome.refused and gaps.is_untouched(self.program, outcome.failure):
                    outcome.unfinished = (self.pair.backward if stage[0] else None) or self.pair.forward
                    outcome.failure = None
        self._fill(case, right, outcome)
        outcome.rounds = WORK.done - began
        return outcome

    def _fill(self, case: Case, right: Reference, outcome: Outcome) -> None:
        """What was never reached is wrong."""
        if outcome.refused or outcome.missing or (outcome.failure is None and not outcome.unfinished):
            return
        trouble = outcome.failure.type if outcome.failure else "not finished"
        backward = {} if case.forward_only or self._has_no_backward else right.gradients
        for name, want in {**right.outputs, **backward}.items():
            outcome.cells.setdefault(name, Cell(False, None, want, trouble))

    @property
    def _has_no_backward(self) -> bool:
        return self.pair.backward is None and not self.pair.layer.is_loss

    def _run(
        self, case: Case, right: Reference, outcome: Outcome, recorder: Recorder | None, stage: list[bool],
        passed: Passed | None,
    ) -> None:  # fmt: skip
        for name, value in case.settings.items():
            self.program.student.namespace[f"__{name}__"] = value  # for repairs that need what the scope lacks
        if passed is None:
            passed = self._forward(case, right, outcome, recorder)
        else:
            passed = passed.again()
            outcome.cells |= passed.cells
            WORK.spend(passed.rounds)
        if passed is None:
            return
        stage[0] = True
        self._run_backward(case, passed.right, outcome, passed.arrays, passed.cache, recorder)
        self._unchanged(outcome, passed.arrays, case)

    def _forward(self, case: Case, right: Reference, outcome: Outcome, recorder: Recorder | None) -> Passed | None:
        """Run the forward pass and check what it gives; None where there is nothing to run behind it."""
        layer, program = self.pair.layer, self.program
        arrays = {name: value.copy() for name, value in case.inputs.items()}
        forward = program.function(self.pair.forward)
        definition = program.definitions.get(self.pair.forward)
        arguments = binding.forward_arguments(forward, layer, case, arrays, definition)
        settings = next((a for a in arguments if isinstance(a, dict)), None)
        if recorder is not None:
            for name, value in arrays.items():
                recorder.watch(name, value)
        program.seed(case.settings.get("seed", 123))
        returned = forward(*arguments, **binding.keyword_arguments(forward, layer, case))
        if layer.is_loss:
            outputs, gradient = binding.split_outputs(returned, 1)
            outcome.cells["loss"] = check(outputs[0], right.outputs["loss"])
            if case.forward_only:
                return None
            if outputs[0] is None or gradient is None:
                outcome.unfinished = self.pair.forward
            gradients = binding.split_gradients(gradient, layer.wants)
            for i, (name, want) in enumerate(right.gradients.items()):
                outcome.cells[name] = check(gradients[i] if i < len(gradients) else None, want, self.tolerance)
            self._unchanged(outcome, arrays, case)
            return None
        outputs, cache = binding.split_outputs(returned, len(layer.outputs))
        if outputs[0] is None:
            outcome.unfinished = self.pair.forward
            return None
        right = self._check_outputs(case, right, outcome, outputs)
        self._check_running(right, outcome, settings)
        if (
            cache is None
            and not isinstance(returned, tuple | list)
            and self.pair.backward
            and takes_cache(program.function(self.pair.backward), len(layer.outputs), layer)
        ):
            raise binding.CannotCall("the forward pass returns no cache, and what the backward pass takes is not known")
        if self.pair.backward is None or case.forward_only:
            self._unchanged(outcome, arrays, case)
            return None
        return Passed(right, outcome.cells, arrays, cache)

    def _check_outputs(self, case: Case, right: Reference, outcome: Outcome, outputs: list[Any]) -> Reference:
        accepts = self.pair.layer.accepts
        if accepts is not None:
            (name, want), *_ = right.outputs.items()
            if np.shape(outputs[0]) != np.shape(want):
                outcome.cells[name] = Cell(False, outputs[0], want, "shape")
                return right
            its = accepts(case, outputs[0], right.upstream)
            cell = check(outputs[0], its.output)
            outcome.cells[name] = Cell(cell.ok and not its.trouble, outputs[0], its.output, its.trouble, its.kind)
            return replace(right, gradients=its.gradients)
        for i, (name, want) in enumerate(right.outputs.items()):
            outcome.cells[name] = check(outputs[i] if i < len(outputs) else None, want)
        return right

    def _check_running(self, right: Reference, outcome: Outcome, settings: dict[str, Any] | None) -> None:
        if settings is None or not right.running or "running" not in self.program.student.text:
            return
        for name, want in right.running.items():
            got = settings.get(name)
            cell = check(got, want) if got is not None else Cell(False, None, want, "not stored")
            if getattr(got, "shape", None) != want.shape and got is not None:
                cell = check(np.asarray(got).reshape(-1), want) if np.size(got) == want.size else cell
            if name == "running_var" and not cell.ok and "unbiased_var" in right.alternatives:
                other = check(got, right.alternatives["unbiased_var"])
                cell = Cell(True, got, want, "unbiased") if other.ok else cell
            outcome.cells[name] = cell

    def _run_backward(
        self,
        case: Case,
        right: Reference,
        outcome: Outcome,
        arrays: dict[str, Any],
        cache: Any,
        recorder: Recorder | None,
    ) -> None:
        layer, backward = self.pair.layer, self.program.function(self.pair.backward or "")
        upstream = {name: value.copy() for name, value in right.upstream.items()}
        if recorder is not None:
            for name, value in upstream.items():
                recorder.watch(f"d{name}", value)
        arguments = binding.backward_arguments(backward, layer, case, list(upstream.values()), arrays, cache)
        options = binding.keyword_arguments(backward, layer, case)
        gradients = binding.split_gradients(backward(*arguments, **options), layer.wants)
        if len(gradients) == len(layer.wants) and any(value is None for value in gradients):
            outcome.unfinished = self.pair.backward or ""
        kept = [value.copy() if isinstance(value, np.ndarray) else value for value in gradients]
        for i, (name, want) in enumerate(right.gradients.items()):
            outcome.cells[name] = check(kept[i] if i < len(kept) else None, want, self.tolerance)
        for name, value in right.upstream.items():
            outcome.cells[f"d{name} unchanged"] = Cell(np.array_equal(upstream[name], value), upstream[name], value)
        if not outcome.wrong():
            again = [value.copy() for value in right.upstream.values()]
            arguments = binding.backward_arguments(backward, layer, case, again, arrays, cache)
            second = binding.split_gradients(backward(*arguments, **options), layer.wants)
            for i, (name, want) in enumerate(right.gradients.items()):
                outcome.cells[f"{name} again"] = check(second[i] if i < len(second) else None, want, self.tolerance)

    def _unchanged(self, outcome: Outcome, arrays: dict[str, Any], case: Case) -> None:
        for name, value in case.inputs.items():
            outcome.cells[f"{name} unchanged"] = Cell(np.array_equal(arrays[name], value), arrays[name], value)

    def _is_optional(self, case: Case) -> bool:
        of_a_class = self.pair.forward in self.program.student.wrapped  # as a rule, for rows alone
        return case.optional and (of_a_class or not (case.owed and case.owed in self.pair.forward))

    def _raises(self, failure: Failure) -> bool:
        """The exception is meant: the line it came from says `raise`."""
        known = failure.function in self.program.definitions
        statements = self.program.statements(failure.function) if known else ()
        return any(its.line == failure.line and isinstance(its.node, ast.Raise) for its in statements)

    def _failure(self, error: BaseException, is_backward: bool) -> Failure:
        came_through = frames(error, self.program.file)
        frame = came_through[-1] if came_through else None
        name = (self.pair.backward if is_backward else None) or self.pair.forward
        line = frame.lineno if frame else self.program.definitions[name].lineno
        if frame is not None and frame.name not in self.program.definitions:  # a comprehension or a lambda
            holders = self.program.definitions.values()
            inside = [d.name for d in holders if d.lineno <= frame.lineno <= (d.end_lineno or 0)]
            name = inside[0] if inside else frame.name
        elif frame is not None:
            name = frame.name
        kind = "does not end" if isinstance(error, TooMuch) else type(error).__name__[:100]
        calls = tuple((f.name, f.lineno) for f in came_through)
        return Failure(kind, str(error)[:300], name, line, is_backward, calls)


@contextlib.contextmanager
def _quietly(rounds: int) -> Iterator[None]:
    """Without warnings, and no longer than this."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), work_limit(rounds):
        warnings.simplefilter("ignore")
        yield


def takes_cache(backward: Any, upstream: int, layer: Layer) -> bool:
    """Its second argument is a cache, not one of the inputs by name."""
    rest = binding.parameters(backward)[upstream:]
    return bool(rest) and not any(name in binding.input_names(layer) for name in (p.name.lower() for p in rest))
