"""Layers without a course's conventions: those of `graphs/` by name, and those that nobody knows but their author.

Of the latter, what their own forward pass does is right, and so is its gradient. The forward pass is traced like any
function. Where it cannot be (it fills a buffer entry by entry), central differences of it are what the backward pass is
held against.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from backpropviz.course.record import Case, Layer
from backpropviz.diagnose.pairs import binding, inputs
from backpropviz.diagnose.pairs.binding import CannotCall
from backpropviz.diagnose.pairs.protocols.start import RANKS
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.reference import UPSTREAM_SEED, Reference
from backpropviz.diagnose.pairs.signatures import upstream_count, wants
from backpropviz.diagnose.pairs.unknown_gradients import call, held_against, outputs_of, reference_for
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.work import TooMuch, work_limit
from backpropviz.engine.trace import random_upstream
from backpropviz.layers.library import Layer as LayerFile
from backpropviz.layers.library import layer_names, load

NOTE = "its own forward pass was taken as right, and the gradients held against it"
ROUNDS = 1_000_000


def understood(program: Program, pair: Pair) -> tuple[Pair, list[tuple[Case, Reference]]]:
    """A pair of a layer that is not known, with inputs and outputs as its signatures have them, and its cases.

    Raises:
        CannotCall: no inputs were found on which the forward pass runs, or it does not return what can be compared.
    """
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), work_limit(ROUNDS):
            warnings.simplefilter("ignore")
            return _understood(program, pair)
    except TooMuch:
        raise CannotCall("its forward pass goes on and on") from None


def shipped(program: Program, pair: Pair) -> LayerFile | None:
    """The layer of `graphs/` of this name that takes inputs of the same names; None if there is none."""
    if pair.layer.name not in layer_names():
        return None
    layer = load(pair.layer.name)
    takes = [name for name in layer.parameters if name not in layer.settings]
    given = [p.name for p in binding.parameters(program.function(pair.forward)) if p.default is p.empty]
    return layer if takes == given or len(takes) == len(given) == 1 else None


def _understood(program: Program, pair: Pair) -> tuple[Pair, list[tuple[Case, Reference]]]:
    ours = shipped(program, pair)
    forward = program.function(pair.forward)
    if ours is not None:
        cases = _cases_of(ours, forward)
        pair, _ = _typed(program, pair, cases[0])
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
    """The pair on made-up inputs. A forward pass may run on rows as well as on images, and the backward pass not:
    inputs that both run on come first."""
    its = program.student.wrapped.get(pair.forward)
    found, problem = None, None
    for main in (None,) if its and its.shapes else (None, *RANKS):
        try:
            cases = inputs.cases(forward, its.shapes if its else {}, main, its.manner if its else ())
            typed, count = _typed(program, pair, cases[0])
        except CannotCall as error:
            problem = problem or error
            continue
        if count:
            return typed, cases
        found = found or (typed, cases)
    if found is None:
        assert problem is not None
        raise problem
    return found


def _typed(program: Program, pair: Pair, case: Case) -> tuple[Pair, int]:
    """The pair with its inputs, outputs and gradients by name; and how many gradients came back, 0 if it failed."""
    floats = tuple(name for name, value in case.inputs.items() if value.dtype.kind == "f")
    if not floats:
        raise CannotCall("it takes no array of floats")
    returned = call(program, pair, case, case.inputs)
    values = returned if isinstance(returned, tuple | list) else (returned,)
    if values[0] is None:
        raise CannotCall("its forward pass is not finished")
    if pair.backward is None:
        if len(values) < 2 or np.ndim(values[0]) != 0:
            raise CannotCall("it has no backward function, and is no loss that returns its gradients")
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
    count = _gradient_count(program, pair, case, returned)
    after = 1 if pair.backward is None else 0
    return replace(pair, layer=replace(layer, wants=wants(program, pair.name, floats, after, count))), count


# ---- inputs ----------------------------------------------------------------------------------------------------------


def fresh(program: Program, pair: Pair, known: Case, seed: int) -> tuple[Case, Reference] | None:
    """One more configuration of a pair that was understood, of other sizes and numbers; None where it does not run."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), work_limit(ROUNDS), program.as_written():
        warnings.simplefilter("ignore")
        ours, forward = shipped(program, pair), program.function(pair.forward)
        its = program.student.wrapped.get(pair.forward)
        for resized in (True, False):
            try:
                if ours is not None:
                    case = _cases_of(ours, forward, (seed,))[0]
                else:
                    main = inputs.main_input(known)
                    only_rows = its is not None and bool(its.shapes)
                    shape = {main: inputs.resized(known.inputs[main].shape, only_rows, seed)}
                    shapes = (its.shapes if its else {}) | (
                        shape if resized else {name: value.shape for name, value in known.inputs.items()}
                    )
                    case = inputs.case("fresh", inputs.made_up(forward, seed, shapes)[0], its.manner if its else ())
                    if not np.size(next(iter(outputs_of(program, pair, case, case.inputs).values()))):
                        continue
                if case.inputs.keys() == known.inputs.keys():
                    right = held_against(ours, pair, case) if ours is not None else reference_for(program, pair, case)
                    return None if right is None else (case, right)
            except (CannotCall, TooMuch):
                continue
    return None


def _cases_of(layer: LayerFile, forward: Any, seeds: tuple[int, ...] = (0, 1)) -> list[Case]:
    """The sample inputs of a layer of ours, under the names of the student's parameters."""
    names = [p.name for p in binding.parameters(forward)]
    found = []
    for seed in seeds:
        words = "other sample inputs" if seed else "sample inputs"
        sample = layer.arguments(seed=seed)
        arrays = {names[i]: np.asarray(value) for i, value in enumerate(sample.values())}
        found.append(Case(words, arrays))
    return found


def _gradient_count(program: Program, pair: Pair, case: Case, returned: Any) -> int:
    """How many gradients come back when it is run; 0 where it fails."""
    if pair.backward is None:
        gradients = binding.split_outputs(returned, 1)[1]
    else:
        outputs, cache = binding.split_outputs(returned, len(pair.layer.outputs))
        upstream = [random_upstream(np.asarray(value, dtype=float), UPSTREAM_SEED) for value in outputs]
        backward = program.function(pair.backward)
        try:
            arguments = binding.backward_arguments(backward, pair.layer, case, upstream, case.inputs, cache)
            gradients = backward(*arguments)
        except (Exception, SystemExit):  # it is what is to be diagnosed
            return 0
    return len(gradients) if isinstance(gradients, tuple | list | dict) else 1
