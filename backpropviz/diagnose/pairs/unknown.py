"""Layers without a course's conventions: those of `graphs/` by name, and those that nobody knows but their author.

Of the latter, what their own forward pass does is right, and so is its gradient. The forward pass is traced like any
function. Where it cannot be (it fills a buffer entry by entry), central differences of it are what the backward pass is
held against.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from dataclasses import replace
from types import FunctionType
from typing import Any

import numpy as np

from backpropviz.course.record import Case, Layer, lengths
from backpropviz.diagnose.pairs import binding
from backpropviz.diagnose.pairs.binding import CannotCall
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.reference import UPSTREAM_SEED, Reference
from backpropviz.diagnose.pairs.signatures import upstream_count, wants
from backpropviz.diagnose.pairs.unknown_gradients import call, held_against, outputs_of, reference_for
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.work import TooMuch, work_limit
from backpropviz.engine.trace import random_upstream
from backpropviz.layers.conventions import kind_of
from backpropviz.layers.library import Layer as LayerFile
from backpropviz.layers.library import layer_names, load
from backpropviz.layers.missing import MissingModule
from backpropviz.layers.search import Search
from backpropviz.layers.tidying import tidied

_LENGTHS = {
    (1, 0): (5,), (2, 0): (5, 3), (3, 0): (3, 6, 5), (4, 0): (3, 5, 7, 6),
    (1, 1): (7,), (2, 1): (3, 7), (3, 1): (5, 3, 7), (4, 1): (5, 3, 6, 8),
}  # fmt: skip
NOTE = "its own forward pass was taken as right, and the gradients held against it"
ROUNDS = 1_000_000
_RANKS = (
    (3, 6, 5),
    (5, 3),
    (3, 5, 7, 6),
    (5,),
    (11, 9),
    (3, 5, 11, 9),
)  # shapes to try where the backward pass fails on the conventional one
_MISSING = re.compile(r"NameError: name '(?P<name>[\w.]+)")


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
    inputs = [name for name in layer.parameters if name not in layer.settings]
    given = [p.name for p in binding.parameters(program.function(pair.forward)) if p.default is p.empty]
    return layer if inputs == given or len(inputs) == len(given) == 1 else None


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
    for main in (None,) if its else (None, *_RANKS):
        try:
            cases = _cases(forward, its.shapes if its else {}, main)
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


def _cases(function: Any, shapes: dict[str, tuple[int, ...]], main: tuple[int, ...] | None) -> list[Case]:
    """Made-up inputs: as found, of other sizes, and with other settings; those of known shapes keep them.

    Args:
        main: a shape for the first input.
    """
    if not isinstance(function, FunctionType):
        raise CannotCall("it is not a plain function")
    if main is not None and binding.parameters(function):
        shapes = {**shapes, binding.parameters(function)[0].name: main}
    found = [_case("made-up inputs", _made_up(function, 0, shapes))]
    only_rows = bool(shapes) and main is None
    if name := _main(found[0]):
        for at, words in enumerate(("made-up inputs", "other sizes")):
            shape = found[0].inputs[name].shape if main is None else main
            resized = _resized(shape, only_rows, at) if main is None else tuple(n + 2 * at for n in main)
            with contextlib.suppress(CannotCall):
                found[at:] = [_case(words, _made_up(function, at, {**shapes, name: resized}))]
    settings = {p.name: p.default * 1.7 + 0.05 for p in binding.parameters(function) if type(p.default) is float}
    if settings:
        changed = replace(found[0], words="other settings", settings={**found[0].settings, **settings})
        found.append(changed)
    return found


def _main(case: Case) -> str:
    """The input whose sizes the others follow: the first with several axes; empty where there is none."""
    return next((name for name, value in case.inputs.items() if value.ndim > 1), next(iter(case.inputs), ""))


def _resized(shape: tuple[int, ...], only_rows: bool, at: int) -> tuple[int, ...]:
    """The shape with other lengths, by number: none is 1, 2 or 4 or occurs twice; or with as many more rows."""
    if only_rows:
        return (next(n for n in (3, 5, 6, 7, 8, 9, 11)[at % 7 :] if n not in shape[1:]), *shape[1:])
    return tuple(_LENGTHS.get((len(shape), at)) or lengths(at, len(shape)))


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
                    shape = {_main(known): _resized(known.inputs[_main(known)].shape, its is not None, seed)}
                    shapes = (its.shapes if its else {}) | (
                        shape if resized else {name: value.shape for name, value in known.inputs.items()}
                    )
                    case = _case("fresh", _made_up(forward, seed, shapes))
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


def _case(words: str, arguments: dict[str, Any]) -> Case:
    arrays = {name: value for name, value in arguments.items() if isinstance(value, np.ndarray)}
    for name, value in arrays.items():
        if kind_of(name) == "label" and value.dtype.kind == "f" and value.ndim == 2:  # a one for the right class
            arrays[name] = np.eye(value.shape[1])[np.arange(len(value)) % value.shape[1]]
    return Case(words, arrays, {name: value for name, value in arguments.items() if name not in arrays})


def _made_up(function: FunctionType, seed: int, shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    search = Search(function, seed, shapes, {})
    try:
        state = search.found()
    except MissingModule as missing:
        raise CannotCall(f"it needs {missing}, which is not here") from None
    if state is None:
        problem = search.best.problem if search.best else ""
        if found := _MISSING.match(problem):
            raise CannotCall(f"it needs {found['name']}, which is not here")
        best = f" (the best try: {search.best})" if search.best else ""
        raise CannotCall(f"no inputs were found on which its forward pass runs{best}")
    return search.arguments(tidied(search, state, smallest=3))


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
