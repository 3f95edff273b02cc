"""Layers without a course's conventions: those of `graphs/` by name, and those that nobody knows but their author.

Of the latter, what their own forward pass does is right, and so is its gradient. The forward pass is traced like any
function. Where it cannot be (it fills a buffer entry by entry), central differences of it are what the backward pass is
held against.
"""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from backpropviz.course.record import Case, Layer
from backpropviz.diagnose.pairs import axes, binding, inputs
from backpropviz.diagnose.pairs.binding import CannotCall, TakesTooLong
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.reference import UPSTREAM_SEED, Reference
from backpropviz.diagnose.pairs.signatures import measures_columns, upstream_count, wanted_numbers, wants
from backpropviz.diagnose.pairs.unknown_gradients import call, held_against, outputs_of, reference_for
from backpropviz.diagnose.student.going_on import going_on
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.work import WORK, TooMuch, work_limit
from backpropviz.engine.trace import random_upstream
from backpropviz.layers.conventions import kind_of
from backpropviz.layers.library import Layer as LayerFile
from backpropviz.layers.library import layer_names, load
from backpropviz.layers.search import FEWER, RUNS

NOTE = "its own forward pass was taken as right, and the gradients held against it"
ROUNDS, FURTHER = 1_000_000, 300_000
"""The work of finding inputs, and that of finding better ones than those that were found first."""

GOES_ON = f"{ROUNDS:,} rounds of its loops were not enough to find inputs for it"


class NoArrays(CannotCall):
    """What a forward pass returns is nothing that can be compared, whatever it is run on."""


def understood(program: Program, pair: Pair) -> tuple[Pair, list[tuple[Case, Reference]]]:
    """A pair of a layer that is not known, with inputs and outputs as its signatures have them, and its cases.

    Raises:
        CannotCall: no inputs were found on which the forward pass runs, or it does not return what can be compared.
    """
    until = WORK.done + ROUNDS
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), work_limit(ROUNDS):
            warnings.simplefilter("ignore")
            return _understood(program, pair)
    except TooMuch:
        raise TakesTooLong(GOES_ON) from None
    except CannotCall:
        if WORK.done > until:  # whoever was told swallowed it
            raise TakesTooLong(GOES_ON) from None
        raise


def shipped(program: Program, pair: Pair) -> LayerFile | None:
    """The layer of `graphs/` of this name that takes inputs of the same names; None if there is none."""
    if pair.layer.name not in layer_names():
        return None
    layer = load(pair.layer.name)
    takes = [name for name in layer.parameters if name not in layer.settings]
    given = [p.name for p in binding.parameters(program.function(pair.forward)) if p.default is p.empty]
    if takes != given and not len(takes) == len(given) == 1:
        return None
    forward = program.function(pair.forward)
    return None if _is_of_numbers(forward, cases_of(layer, forward, (0,))[0]) else layer


def _is_of_numbers(forward: Any, its: Case) -> bool:
    """Whether a function takes one number at a time: it asks whether `x > 0`, or hands x to `math.exp`."""
    try:
        forward(*(value.copy() for value in its.inputs.values()))
    except (ValueError, TypeError) as error:
        return "truth value of an array" in str(error) or "can be converted to Python scalars" in str(error)
    except (Exception, SystemExit):
        pass
    return False


def _understood(program: Program, pair: Pair) -> tuple[Pair, list[tuple[Case, Reference]]]:
    ours = shipped(program, pair)
    forward = program.function(pair.forward)
    if ours is not None:
        cases = cases_of(ours, forward)
        pair, _, _ = _typed(program, pair, cases[0])
    else:
        pair, cases = _tried(program, pair, forward)
    references = []
    for case in cases:
        right = reference_for(program, pair, case) if ours is None else held_against(ours, pair, case)
        if right is not None:
            references.append((case, right))
    if not references:
        raise CannotCall("no inputs were found where its forward pass is smooth")
    return pair, references


def _tried(program: Program, pair: Pair, forward: Any) -> tuple[Pair, list[Case]]:
    """The pair on made-up inputs. A forward pass may run on rows as well as on images, on vectors as well as on
    matrices, and the backward pass not: inputs come first whose gradients have their shapes, then those that both
    passes run on, and of these those on which most gradients are right."""
    its = program.student.wrapped.get(pair.forward)
    found: list[tuple[Pair, list[Case], axes.Fit, tuple[int, int]]] = []
    seen: list[tuple[list[Case], axes.Fit]] = []
    problem = None
    limits = contextlib.ExitStack()
    with contextlib.suppress(TooMuch), limits:
        for assumed in axes.assumptions(seen, its, pair.backward is None):
            main, told = assumed.main, assumed.told
            try:
                shapes, manner = (its.shapes, its.manner) if its else ({}, ())
                tied = {name: shape for name, shape in told.items() if kind_of(name) not in ("weight", "vector")}
                shapes = {**shapes, **{name: shape for name, shape in told.items() if name not in tied}}
                most = axes.RUNS if assumed.ranks or found else FEWER if main else RUNS
                most = axes.TIED if tied or assumed.square else most
                cases = inputs.cases(forward, shapes, main, manner, assumed.ranks, most, tied, assumed.square)
            except CannotCall as error:
                problem = problem or error
                continue
            cases = [_with_numbers(program, pair, case) for case in cases]
            try:
                typed, gradients, fit = _typed(program, pair, cases[0])
            except CannotCall as error:
                problem = problem or error
                seen.append((cases, axes.Fit(1, is_read=False)))  # on other inputs, it may be a number
                if isinstance(error, NoArrays):
                    break
                continue
            right = _right(program, typed, cases[0], gradients) if fit.fits else []
            if fit.fits and all(right):
                return typed, cases
            if assumed.square and not measures_columns(program.definitions[pair.backward or pair.name]):
                continue  # a product that forgets to transpose runs on square weights, too
            if not found:
                limits.enter_context(work_limit(FURTHER))
            found.append((typed, cases, fit, (sum(right), -sum(map(axes.is_repeated, gradients)))))
            seen.append((cases, fit))
    if not found:
        raise problem or TakesTooLong(GOES_ON)
    return max(found, key=lambda one: (*one[2].merit, *one[3]))[:2]


def _with_numbers(program: Program, pair: Pair, case: Case) -> Case:
    """The case with the settings among its inputs whose gradients come back (a rate that is learned)."""
    if pair.backward is None or not (names := wanted_numbers(program, pair.backward, case.settings)):
        return case
    every = {**case.inputs, **{name: np.array(case.settings[name]) for name in names}}
    order = [p.name for p in binding.parameters(program.function(pair.forward)) if p.name in every]
    settings = {name: value for name, value in case.settings.items() if name not in names}
    return replace(case, inputs={name: every[name] for name in order}, settings=settings)


def assumed(case: Case) -> tuple[str, ...]:
    """What is to be told of made-up inputs: which of them are single numbers."""
    names = [name for name, value in case.inputs.items() if value.ndim == 0 and value.dtype.kind == "f"]
    return tuple(f"{name} was taken as a single number" for name in names)


def _right(program: Program, pair: Pair, case: Case, gradients: list[Any]) -> list[bool]:
    """Which gradients are those of the forward pass; where that has none here, nothing speaks against them."""
    right = reference_for(program, pair, replace(case, inputs=dict(case.inputs)))
    wanted = {} if right is None else right.gradients
    pairs = [(value, wanted[f"d{name}"]) for name, value in zip(pair.layer.wants, gradients) if f"d{name}" in wanted]
    return [np.allclose(value, its, rtol=1e-4, atol=1e-6) for value, its in pairs]


def _typed(program: Program, pair: Pair, case: Case) -> tuple[Pair, list[Any], axes.Fit]:
    """The pair with its inputs, outputs and gradients by name; the gradients that came back, and how they fit."""
    floats = tuple(name for name, value in case.inputs.items() if value.dtype.kind == "f")
    if not floats:
        raise CannotCall("it takes no array of floats")
    returned = call(program, pair, case, case.inputs)
    values = returned if isinstance(returned, tuple | list) else (returned,)
    if values[0] is None:
        raise CannotCall("its forward pass is not finished")
    if pair.backward is None:
        problem = NoArrays if len(values) < 2 or isinstance(values[0], dict) else CannotCall
        if len(values) < 2 or np.ndim(values[0]) != 0 or isinstance(values[0], dict):
            raise problem("it has no backward function, and is no loss that returns its gradients")
        outputs: tuple[str, ...] = ("loss",)
    else:
        count = upstream_count(program.definitions[pair.backward], set(case.inputs))
        outputs = ("out",) if count == 1 else tuple(f"out{i + 1}" for i in range(count))
    if not all(isinstance(value, np.ndarray | float) for value in values[: len(outputs)]):
        raise CannotCall(f"its forward pass does not return {len(outputs)} array{'s' * (len(outputs) > 1)} first")
    if not np.size(values[0]):
        raise CannotCall("what its forward pass returns on made-up inputs has no entries")
    layer = Layer(pair.layer.name, "", tuple(case.inputs), outputs, (), (), ())
    pair = replace(pair, layer=layer)
    gradients, error = _gradients(program, pair, case, returned)
    if error is not None and pair.backward is not None:
        gradients, _ = _gradients(program, pair, case, returned, going_on(program, pair.backward))
    each = gradients.values() if isinstance(gradients, dict) else gradients
    ordered = [*each] if isinstance(gradients, tuple | list | dict) else [gradients]
    count = 0 if gradients is None else len(ordered)
    after = 1 if pair.backward is None else 0
    wanted = wants(program, pair.name, floats, after, count)
    if count > len(floats) and not any(
        np.shape(its) == case.inputs[n].shape for its, n in zip(ordered, wanted) if n in case.inputs
    ):
        raise CannotCall(f"it gives {count} gradients, and its forward pass takes {len(floats)} arrays")
    return replace(pair, layer=replace(layer, wants=wanted)), ordered, axes.fit(case, wanted, ordered, error)


# ---- inputs ----------------------------------------------------------------------------------------------------------


def fresh(program: Program, pair: Pair, known: Case, seed: int) -> tuple[Case, Reference] | None:
    """One more configuration of a pair that was understood, of other sizes and numbers; None where it does not run."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), work_limit(ROUNDS), program.as_written():
        warnings.simplefilter("ignore")
        ours, forward = shipped(program, pair), program.function(pair.forward)
        its, logarithms = program.student.wrapped.get(pair.forward), program.takes_logarithms(pair.forward)
        main, only_rows = inputs.main_input(known), its is not None and bool(its.shapes)
        same = {name: value.shape for name, value in known.inputs.items()}
        is_kept = its is not None and "kept" in its.manner
        alone = {main: inputs.other_sizes(forward, known, main, only_rows, seed)} if main and not is_kept else {}
        alone |= inputs.beside(its.shapes, main, same[main], alone[main]) if its and alone else {}
        tied = {} if only_rows else inputs.resized_together({name: same[name] for name in inputs.data(known)}, seed)
        every = [] if is_kept else [inputs.resized_together(same, seed)]
        for sizes in (*([tied] if len(tied) > 1 else []), alone, *every, same):
            try:
                if ours is not None:
                    case = cases_of(ours, forward, (seed,))[0]
                else:
                    shapes = (its.shapes if its else {}) | sizes
                    ranks = {name: value.ndim for name, value in known.inputs.items()}
                    most = RUNS if sizes is same else FEWER
                    made = inputs.made_up(forward, seed, shapes, ranks, most, axes.square(known))[0]
                    manner = (*(its.manner if its else ()), *(() if logarithms else ("numbers",)))
                    case = _with_numbers(program, pair, inputs.case("fresh", made, manner))
                    if not np.size(next(iter(outputs_of(program, pair, case, case.inputs).values()))):
                        continue
                    if sizes is not same and _comes_back(program, pair, known) > _comes_back(program, pair, case):
                        continue  # sizes that the forward pass took by broadcasting alone
                if case.inputs.keys() == known.inputs.keys():
                    right = held_against(ours, pair, case) if ours is not None else reference_for(program, pair, case)
                    return None if right is None else (case, right)
            except (CannotCall, TooMuch):
                continue
    return None


def answer(program: Program, pair: Pair, case: Case) -> Reference | None:
    """What is right for a configuration of a pair that was understood; None where there is no gradient."""
    with work_limit(ROUNDS), program.as_written():
        ours = shipped(program, pair)
        return held_against(ours, pair, case) if ours is not None else reference_for(program, pair, case)


def cases_of(layer: LayerFile, forward: Any, seeds: tuple[int, ...] = (0, 1)) -> list[Case]:
    """The sample inputs of a layer of ours, under the names of the student's parameters."""
    names = [p.name for p in binding.parameters(forward)]
    found = []
    for seed in seeds:
        words = "other sample inputs" if seed else "sample inputs"
        sample = layer.arguments(seed=seed)
        arrays = {names[i]: np.asarray(value) for i, value in enumerate(sample.values())}
        found.append(Case(words, arrays))
    return found


def _comes_back(program: Program, pair: Pair, case: Case) -> bool:
    """Whether the backward pass, as it was handed in, ends without an error."""
    return _gradients(program, pair, case, call(program, pair, case, case.inputs))[0] is not None


def _gradients(
    program: Program, pair: Pair, case: Case, returned: Any, backward: Any = None
) -> tuple[Any, Exception | None]:
    """The gradients that come back when it is run, or another backward pass for it; None, and why, where it fails."""
    if pair.backward is None:
        return binding.split_outputs(returned, 1)[1], None
    outputs, cache = binding.split_outputs(returned, len(pair.layer.outputs))
    upstream = [random_upstream(np.asarray(value, dtype=float), UPSTREAM_SEED) for value in outputs]
    backward = backward or program.function(pair.backward)
    try:
        arguments = binding.backward_arguments(backward, pair.layer, case, upstream, case.inputs, cache)
    except CannotCall as error:  # names alone say so, whatever it is run on
        raise NoArrays(str(error)) from None
    try:
        return backward(*arguments), None
    except SystemExit:
        return None, RuntimeError("it asks Python to exit")
    except Exception as error:  # it is what is to be diagnosed
        return None, error
