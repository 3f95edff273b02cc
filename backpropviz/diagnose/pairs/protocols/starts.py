"""The ways to run a subject's forward pass: what it is handed, and how a layer is made and filled before."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
from collections.abc import Iterator
from dataclasses import replace
from types import FunctionType
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs import inputs
from backpropviz.diagnose.pairs.binding import CannotCall
from backpropviz.diagnose.pairs.protocols import context, module_level
from backpropviz.diagnose.pairs.protocols.apart import Flat
from backpropviz.diagnose.pairs.protocols.beginnings import built_by, lasting, warming
from backpropviz.diagnose.pairs.protocols.boxings import PLAIN, Boxed, boxings
from backpropviz.diagnose.pairs.protocols.construction import Construction, constructions, sized, strengths
from backpropviz.diagnose.pairs.protocols.context import takes_context
from backpropviz.diagnose.pairs.protocols.handing import is_told, parameters, required
from backpropviz.diagnose.pairs.protocols.names import TARGET, roles
from backpropviz.diagnose.pairs.protocols.record import NoFit, Subject
from backpropviz.diagnose.pairs.protocols.start import SEED, Start, free, function_of
from backpropviz.diagnose.pairs.protocols.subjects import optional_targets
from backpropviz.diagnose.pairs.protocols.supposed import (
    RANKS,
    Shapes,
    in_time,
    numbers_for,
    one_index,
    products,
    regression,
    single,
    targets_for,
    vectors,
)
from backpropviz.diagnose.student.parameters import Parameter, held_at, learned
from backpropviz.layers.conventions import kind_of
from backpropviz.layers.reading import read
from backpropviz.layers.search import FEWER, RUNS

_SQUARE = (5, 5)


def starts(subject: Subject, namespace: dict[str, Any]) -> Iterator[Start]:
    """The ways to run a subject's forward pass, the likeliest first; then with inputs of other ranks, and last with
    square weights: a product in the wrong order is one that does not fail on these.
    """
    if subject.owner is None:
        yield from _of_functions(subject, namespace)
        return
    targets = optional_targets(subject.forward)
    takes = [name for name, is_required in parameters(subject.forward, True) if is_required or name in targets]
    if subject.then is not None and len(takes) == 1:
        takes.append(required(subject.then, is_method=True)[1])
    original = inspect.unwrap(getattr(namespace[subject.owner.name], subject.forward.name))
    if takes_context(subject.forward):
        run = f"{subject.owner.name}.{subject.forward.name}(layer, {{}})"
        made = Construction(context.made(namespace, subject.backward))
        yield _found(made, [], takes, run, {}, original, namespace, PLAIN, {})
        for shapes in [{takes[0]: shape} for shape in RANKS if takes] + products(takes):
            with contextlib.suppress(Exception):
                yield _found(made, [], takes, run, {}, original, namespace, PLAIN, shapes)
        return
    ways = boxings(subject, takes, namespace)
    is_loss = subject.backward is None
    told = strengths(subject.forward) if is_loss and not subject.enter else {}
    most = 0
    for made in constructions(subject.owner, namespace, subject.forward.name, is_loss):
        if made.sizes < most:
            continue
        made = replace(made, settings={**made.settings, **told})
        for boxed in ways:
            try:
                expected: Shapes = {takes[0]: made.main} if made.main and takes else {}
                first = _of_class(subject, made, takes, original, namespace, boxed, expected)
                first = replace(first, fixed=expected, manner=("kept",)) if expected else first
            except Exception:  # this construction does not do
                continue
            most = max(most, made.sizes)
            yield first
            if expected:
                continue
            sizes = dict.fromkeys(n for its in first.learned.values() for n in its.shape if n > 1)
            tries: list[Shapes] = [{name: shape} for name in takes[:1] for shape in RANKS]
            if len(made.arrays) > 2:  # products of matrices
                tries = [shapes for shapes in tries if all(len(its) == 2 for its in shapes.values())]
            alone = single(first.main, first.values) if first.box is not None else numbers_for(first.main, first.values)
            if first.learned and takes:
                tries = [*targets_for(first.main, first.values, sizes), *vectors(free(takes[0]), sizes)]
                tries += in_time(first.main, first.values)
            for shapes in [*alone, *tries]:
                with contextlib.suppress(Exception):
                    start = _of_class(subject, made, takes, original, namespace, boxed, shapes)
                    yield replace(start, fixed=shapes) if first.learned or shapes in alone else start


# ---- functions -------------------------------------------------------------------------------------------------------


def _of_functions(subject: Subject, namespace: dict[str, Any]) -> Iterator[Start]:
    function = namespace[subject.names[0]]
    takes = [name for name, is_required in parameters(subject.forward, False) if is_required]
    with contextlib.suppress(CannotCall):
        yield from _of_top_level(subject, takes, namespace)
    for boxed in boxings(subject, takes, namespace):
        if boxed is not PLAIN:
            with contextlib.suppress(CannotCall):
                made = Construction("None")
                run = f"{subject.names[0]}({{}})"
                first = _found(made, [], takes, run, {}, function, namespace, boxed, {})
                yield first
                for shapes in single(first.main, first.values):
                    start = _found(made, [], takes, run, {}, function, namespace, boxed, shapes)
                    yield replace(start, fixed=shapes)
            continue
        for shapes in one_index(function, takes) if subject.backward is None else ():  # a loss is one number
            with contextlib.suppress(CannotCall):
                yield replace(_of_function(subject, function, shapes), fixed=shapes)
        first = _of_function(subject, function, {})
        if subject.backward is None and (optional := optional_targets(subject.forward)) and first.main:
            known: Shapes = {name: its.shape for name, its in first.values.items()}
            yield _of_function(subject, function, {**known, optional[0]: known[first.main][:1]})
            return
        if count := module_level.count_read(subject, namespace, namespace["__functions__"]):
            yield first.counting(count, namespace)
        yield first
        name = next(iter(first.values), "")
        square: Shapes = {n: _SQUARE for n, its in first.values.items() if kind_of(n) == "weight" and its.ndim == 2}
        of_ranks: list[Shapes] = [{name: shape} for shape in RANKS] + products([*first.values])
        for shapes in regression(first.values):
            with contextlib.suppress(CannotCall):
                yield replace(_of_function(subject, function, shapes), fixed=shapes)
        for shapes in [*of_ranks, square] if square else of_ranks:
            with contextlib.suppress(CannotCall):
                yield _of_function(subject, function, shapes)


def _of_top_level(subject: Subject, takes: list[str], namespace: dict[str, Any]) -> Iterator[Start]:
    """A function that reads its parameters from the top level of the file, with what that has made."""
    read = module_level.parameters(subject, namespace, namespace["__functions__"])
    if not read:
        return
    top = namespace[module_level.GIVEN]
    handed, rest = module_level.arguments(takes, namespace)
    rest = {name: value for name, value in rest.items() if name not in read}
    taken = [name for name in takes if name not in rest]
    calls = {name: name if name in rest else f"{name}_in" if name in read else free(name) for name in takes}
    made = Construction("None", {name: top[name] for name in read}, rest)
    first = [f"globals().update({', '.join(f'{name}={name}' for name in read)})"]
    shapes: Shapes = {calls[name]: value.shape for name, value in handed.items()}
    run = f"{subject.names[0]}({', '.join(calls.values())})"
    function = namespace[subject.names[0]]
    sizes = dict.fromkeys(n for name in read if top[name].ndim == 2 for n in top[name].shape)
    open_ones = [calls[name] for name in taken if calls[name] not in shapes][:1]
    tries: list[Shapes] = [
        shapes,
        *({**shapes, name: its} for n in sizes for name in open_ones for its in ((7, n), (n, 7))),
    ]
    for its in tries:
        with contextlib.suppress(CannotCall):
            found = _found(made, first, taken, run, {}, function, namespace, PLAIN, its)
            fixed = {**its, **{n: top[n].shape for n in read}}
            yield replace(found, arguments=(*calls.values(),), fixed=fixed, manner=("kept",))


def _of_function(subject: Subject, function: Any, shapes: Shapes) -> Start:
    if not isinstance(function, FunctionType):
        raise NoFit("it is not a plain function")
    given, forms = inputs.made_up(function, 0, shapes, most=FEWER if shapes else RUNS)
    flat = Flat({free(name): value for name, value in given.items()}, {free(n): form for n, form in forms.items()})
    named = tuple(map(free, given))
    parameters = inspect.signature(function).parameters.values()
    # other values of a setting are tried: at the usual one a factor may be one; not where backward never hears of it
    settings = {
        its.name: its.default
        for its in parameters
        if type(its.default) is float and its.name not in given and is_told(subject, its.name)
    }
    handed = [*named, *(f"{name}={free(name)}" for name in settings)]
    run = f"{subject.names[0]}({', '.join(handed)})"
    again = functools.partial(_of_function, subject, function)
    values = inputs.case("", flat.values).inputs
    # what a vector is cut into by numbers that are handed over has their sizes, which the search would not find again
    is_cut = bool(read(function).flat) and any(type(value) is int for value in flat.options.values())
    return Start(
        values,
        {**flat.options, **{free(name): value for name, value in settings.items()}},
        tuple(flat.lines),
        run,
        named,
        again=again,
        fixed={name: value.shape for name, value in values.items()} if is_cut else {},
        manner=("kept",) if is_cut else (),
        settings={name: free(name) for name in settings},
        stands_for=(function, dict(zip(given, named))),
    )


# ---- layers ----------------------------------------------------------------------------------------------------------


def _of_class(
    subject: Subject, made: Construction, takes: list[str], original: Any, namespace: dict[str, Any],
    boxed: Boxed, shapes: Shapes,
) -> Start:  # fmt: skip
    """A layer that is made with `made`, filled, and run."""
    assert subject.owner is not None
    told = [name for name in strengths(subject.forward) if name in made.settings]
    more = "".join(f", {name}={name}" for name in told if not subject.enter)
    run = f"layer.{subject.enter or subject.forward.name}({{}}{more})"
    if subject.then is not None and len(takes) == 2:
        run = f"(lambda x, y: layer.{subject.then.name}({run.format('x')}, y))({{}})"
    fresh, given = _layer(made, namespace)
    given = {name: its for name, its in given.items() if name not in made.data}
    kept = learned(fresh, subject.owner, given, subject.backward or subject.forward, namespace["__classes__"])
    kept = {
        name: its for name, its in kept.items() if not any(held_at(fresh, its.path) is x for x in made.arrays.values())
    }
    built = built_by(subject, namespace, free(takes[0])) if takes else []
    start = _found(made, built, takes, run, kept, original, namespace, boxed, shapes)
    if not kept:  # what it learns may be made when it first sees an input
        known = {**namespace, **copy.deepcopy({**start.values, **start.options})}
        np.random.seed(SEED)
        exec("\n".join([*start.lines, start.run]), known)
        ran, handed = known["layer"], {name: known[name] for name in start.arguments}
        given = {name: known[name] for name in made.arrays}
        later = learned(ran, subject.owner, given)
        later = {
            name: its for name, its in later.items()
            if not any(held_at(ran, its.path) is value or name == other for other, value in handed.items())
        }  # fmt: skip
        later = lasting(later, known, [line for line in start.lines if line not in built], start)
        if later:
            first = built or [warming(ran, start.run, known)]
            return _found(made, first, takes, run, later, original, namespace, boxed, shapes)
    return start


def _layer(made: Construction, namespace: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """A new layer, and the arrays that it was made from."""
    given = copy.deepcopy(made.arrays)
    np.random.seed(SEED)
    return eval(made.call, {**namespace, **given, **made.settings}), given


def _found(
    made: Construction, first: list[str], takes: list[str], pattern: str, kept: dict[str, Parameter],
    original: Any, namespace: dict[str, Any], boxed: Boxed, fixed: Shapes,
) -> Start:  # fmt: skip
    """A start with inputs on which it runs.

    Raises:
        CannotCall: there are none.
    """
    shapes = {name: its.shape for name, its in kept.items()} | {n: a.shape for n, a in made.arrays.items()}
    box, names = boxed
    held = [*made.arrays, *(name for name in kept if name not in made.arrays)]
    handed = [free(name) if name not in held else f"{name}_in" for name in takes]
    within = [called for name, called in zip(takes, handed) if name in names]
    in_box = [*within, *(n for n in made.arrays if box is not None and (not box.data or n in names))]
    lines = [f"{name} = {box.made.format(name)}" for name in in_box] if box is not None else []
    lines += [f"layer = {sized(made.call, shapes)}"] if made.call != "None" else []
    lines += first
    # parameters in single precision are filled in double: what is compared is the code, not its rounding
    fill: dict[bool, str] = {True: "layer.{} = {}.copy()", False: "layer.{}[...] = {}"}
    lines += [fill[its.single].format(its.path, name) for name, its in kept.items() if name not in in_box]
    head = [*handed, *held, *(f"{name}={value!r}" for name, value in made.settings.items())]
    run = pattern.format(", ".join(handed))
    text = f"def __run__({', '.join(head)}):\n" + "".join(f"    {line}\n" for line in lines)
    function = function_of(
        f"{text}    return {run}, {'layer' if made.call != 'None' else 'None'}\n", "__run__", namespace
    )
    function.stands_for = ((original, dict(zip(takes, handed))),)
    function.of_file = original.__code__.co_filename
    if made.is_free:
        shapes = {}
    supposed = bool(fixed or (made.arrays and not made.is_free))
    given, forms = inputs.made_up(function, 0, {**shapes, **fixed}, most=FEWER if supposed else RUNS)
    kept = {name: replace(its, shape=np.shape(given[name])) for name, its in kept.items()} if made.is_free else kept
    flat = Flat(given, {name: form for name, form in forms.items() if name in handed})
    options = {**made.settings, **flat.options}
    again = functools.partial(_found, made, first, takes, pattern, kept, original, namespace, boxed)
    values = inputs.case("", flat.values).inputs
    return Start(
        values,
        options,
        (*flat.lines, *lines),
        run,
        tuple(handed),
        kept,
        again=again,
        stands_for=(original, dict(zip(takes, handed))),
        box=box,
        boxed=tuple(in_box),
        fixed={name: values[name].shape for name in made.data},
        target=next((name for name in made.data if TARGET in roles(name)), ""),
    )
