"""How a forward pass is run: what it takes as arrays and settings, and the lines that put these together for it."""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import FunctionType
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs import inputs
from backpropviz.diagnose.pairs.binding import CannotCall
from backpropviz.diagnose.pairs.protocols.apart import Flat
from backpropviz.diagnose.pairs.protocols.construction import Construction, constructions, sized
from backpropviz.diagnose.pairs.protocols.context import takes_context
from backpropviz.diagnose.pairs.protocols.handing import parameters
from backpropviz.diagnose.pairs.protocols.names import CACHE, TARGET, roles
from backpropviz.diagnose.pairs.protocols.record import NoFit, Subject
from backpropviz.diagnose.pairs.protocols.supposed import RANKS, Shapes, products, targets_for, vectors
from backpropviz.diagnose.student.parameters import Parameter, learned
from backpropviz.layers.conventions import kind_of, word
from backpropviz.layers.search import FEWER, RUNS

SEED = 123
"""Of NumPy's old random numbers, in front of every run."""


@dataclass(frozen=True)
class Start:
    """A forward pass that runs.

    Attributes:
        values: the arrays it takes, by name. options: settings by name. lines: what is done before it is called.
        run: the call, and arguments: what is handed to it. learned: what a layer learns, by name.
        fixed: shapes that the search would not find again. manner: how inputs are made up. again: finds the same with
            given shapes. settings: numbers that it is handed though it has defaults, by the student's names, as they
            are called here. stands_for: the student's function, and what its parameters are called here.
    """

    values: dict[str, Any]
    options: dict[str, Any]
    lines: tuple[str, ...]
    run: str
    arguments: tuple[str, ...]
    learned: dict[str, Parameter] = field(default_factory=dict)
    fixed: Shapes = field(default_factory=dict)
    manner: inputs.Manner = ()
    again: Callable[[Shapes], Start] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    stands_for: tuple[Any, dict[str, str]] = field(default=(None, {}))

    def of_shapes(self, shapes: Shapes) -> Start:
        """The same with other shapes for some inputs; those of all weights and biases are kept from then on.

        Raises:
            CannotCall: the forward pass does not run on these.
        """
        assert self.again is not None
        found = self.again(shapes)
        fixed = {n: its.shape for n, its in found.values.items() if kind_of(n) in ("weight", "vector")}
        return replace(found, fixed={**fixed, **shapes}, manner=self.manner)

    def in_manner(self, manner: inputs.Manner) -> Start:
        """The same with inputs made up in another way."""
        return replace(self, values=inputs.case("", self.values, manner).inputs, manner=manner)

    @property
    def main(self) -> str:
        """The input that the layer is applied to: the first that it is handed, if that is an array."""
        floats = [name for name, value in self.values.items() if value.dtype.kind == "f"]
        handed = [name for name in self.arguments if name in floats and name not in self.learned]
        handed.sort(key=lambda name: TARGET in roles(name))  # mse(y_true, y_pred)
        called_x = [name for name in handed if word(name) in ("x", "X")]
        return next(iter([*called_x, *handed, *floats]), "")

    @property
    def shapes(self) -> Shapes:
        return {name: its.shape for name, its in self.learned.items()}

    @property
    def head(self) -> list[str]:
        """The parameters of the function around it."""
        return [*self.values, *(f"{name}={value!r}" for name, value in self.options.items())]


def function_of(text: str, name: str, namespace: dict[str, Any]) -> Any:
    """The function that a text defines, in a namespace of which it stays out."""
    before = namespace.get(name)
    try:
        exec(compile(text, f"<around {name}>", "exec"), namespace)
        return namespace[name]
    finally:
        namespace[name] = before


_SQUARE = (5, 5)
_OURS = {"layer", "result", "back", "before", "out", "cache", "dout"}


def starts(subject: Subject, namespace: dict[str, Any]) -> Iterator[Start]:
    """The ways to run a subject's forward pass, the likeliest first; then with inputs of other ranks, and last with
    square weights: a product in the wrong order is one that does not fail on these.
    """
    if subject.owner is None:
        function = namespace[subject.names[0]]
        first = _of_function(subject, function, {})
        yield first
        name = next(iter(first.values), "")
        square: Shapes = {n: _SQUARE for n, its in first.values.items() if kind_of(n) == "weight" and its.ndim == 2}
        of_ranks: list[Shapes] = [{name: shape} for shape in RANKS] + products([*first.values])
        for shapes in [*of_ranks, square] if square else of_ranks:
            with contextlib.suppress(CannotCall):
                yield _of_function(subject, function, shapes)
        return
    takes = [
        name for name, is_required in parameters(subject.forward, True) if is_required or name in _targets(subject)
    ]
    original = inspect.unwrap(getattr(namespace[subject.owner.name], subject.forward.name))
    if takes_context(subject.forward):
        run = f"{subject.owner.name}.{subject.forward.name}(layer, {{}})"
        made = Construction("__context__()")
        yield _found(made, [], takes, run, {}, original, namespace, {})
        for shapes in [{takes[0]: shape} for shape in RANKS if takes] + products(takes):
            with contextlib.suppress(Exception):
                yield _found(made, [], takes, run, {}, original, namespace, shapes)
        return
    for made in constructions(subject.owner, namespace, subject.forward.name):
        try:
            first = _of_class(subject, made, takes, original, namespace, {})
        except Exception:  # this construction does not do
            continue
        yield first
        sizes = dict.fromkeys(n for its in first.learned.values() for n in its.shape if n > 1)
        tries: list[Shapes] = [{name: shape} for name in takes[:1] for shape in RANKS]
        if first.learned and takes:
            tries = [*targets_for(first.main, first.values, sizes), *vectors(_free(takes[0]), sizes)]
        for shapes in tries:
            with contextlib.suppress(Exception):
                start = _of_class(subject, made, takes, original, namespace, shapes)
                yield replace(start, fixed=shapes) if first.learned else start


def _targets(subject: Subject) -> list[str]:
    """The targets that a forward pass may be given, and gives no loss without: `loss(X, y=None)`."""
    arguments, defaults = subject.forward.args.args, subject.forward.args.defaults
    optional = zip(arguments[len(arguments) - len(defaults) :], defaults)
    return [
        argument.arg for argument, default in optional
        if TARGET in roles(argument.arg) and isinstance(default, ast.Constant) and default.value is None
    ]  # fmt: skip


def _of_function(subject: Subject, function: Any, shapes: Shapes) -> Start:
    if not isinstance(function, FunctionType):
        raise NoFit("it is not a plain function")
    given, forms = inputs.made_up(function, 0, shapes, most=FEWER if shapes else RUNS)
    flat = Flat({_free(name): value for name, value in given.items()}, {_free(n): form for n, form in forms.items()})
    named = tuple(map(_free, given))
    parameters = inspect.signature(function).parameters.values()
    # other values of a setting are tried: at the usual one a factor may be one; not where backward never hears of it
    settings = {
        its.name: its.default
        for its in parameters
        if type(its.default) is float and its.name not in given and _is_told(subject, its.name)
    }
    handed = [*named, *(f"{name}={_free(name)}" for name in settings)]
    run = f"{subject.names[0]}({', '.join(handed)})"
    again = functools.partial(_of_function, subject, function)
    return Start(
        inputs.case("", flat.values).inputs,
        {**flat.options, **{_free(name): value for name, value in settings.items()}},
        tuple(flat.lines),
        run,
        named,
        again=again,
        settings={name: _free(name) for name in settings},
        stands_for=(function, dict(zip(given, named))),
    )


def _is_told(subject: Subject, setting: str) -> bool:
    """Whether the backward pass can know the value of a setting: it takes it as well, or a cache."""
    if subject.backward is None:
        return True
    takes = [name for name, _ in parameters(subject.backward, False)]
    return setting in takes or any(CACHE in roles(name) for name in takes)


def _free(name: str) -> str:
    """A parameter's name, if nothing else is called so in the functions around."""
    return f"{name}_" if name in _OURS else name


def _of_class(
    subject: Subject, made: Construction, takes: list[str], original: Any, namespace: dict[str, Any],
    shapes: Shapes,
) -> Start:  # fmt: skip
    """A layer that is made with `made`, filled, and run."""
    assert subject.owner is not None
    run = f"layer.{subject.forward.name}({{}})"
    fresh, given = _layer(made, namespace)
    kept = learned(fresh, subject.owner, given, subject.backward or subject.forward)
    start = _found(made, [], takes, run, kept, original, namespace, shapes)
    if not kept:  # what it learns may be made when it first sees an input
        ran, given = _layer(made, namespace)
        handed = {name: copy.deepcopy(start.values.get(name, start.options.get(name))) for name in start.arguments}
        np.random.seed(SEED)
        exec(start.run, {**namespace, **handed, "layer": ran})
        before, later = vars(fresh), learned(ran, subject.owner, given)
        later = {
            name: its for name, its in later.items()
            if before.get(its.path.partition("[")[0]) is None
            and not any(_at(ran, its.path) is value or name == other for other, value in handed.items())
        }  # fmt: skip
        if later:
            return _found(made, [start.run], takes, run, later, original, namespace, shapes)
    return start


def _at(layer: Any, path: str) -> Any:
    return eval(f"layer.{path}", {"layer": layer})


def _layer(made: Construction, namespace: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """A new layer, and the arrays that it was made from."""
    given = copy.deepcopy(made.arrays)
    np.random.seed(SEED)
    return eval(made.call, {**namespace, **given, **made.settings}), given


def _found(
    made: Construction, first: list[str], takes: list[str], pattern: str, kept: dict[str, Parameter],
    original: Any, namespace: dict[str, Any], fixed: Shapes,
) -> Start:  # fmt: skip
    """A start with inputs on which it runs.

    Raises:
        CannotCall: there are none.
    """
    shapes = {name: its.shape for name, its in kept.items()} | {n: a.shape for n, a in made.arrays.items()}
    lines = [f"layer = {sized(made.call, shapes)}", *first]
    # parameters in single precision are filled in double: what is compared is the code, not its rounding
    fill: dict[bool, str] = {True: "layer.{} = {}.copy()", False: "layer.{}[...] = {}"}
    lines += [fill[its.single].format(its.path, name) for name, its in kept.items()]
    held = [*made.arrays, *(name for name in kept if name not in made.arrays)]
    handed = [_free(name) if name not in held else f"{name}_in" for name in takes]
    head = [*handed, *held, *(f"{name}={value!r}" for name, value in made.settings.items())]
    run = pattern.format(", ".join(handed))
    text = f"def __run__({', '.join(head)}):\n" + "".join(f"    {line}\n" for line in lines)
    function = function_of(f"{text}    return {run}, layer\n", "__run__", namespace)
    function.stands_for = ((original, dict(zip(takes, handed))),)
    function.of_file = original.__code__.co_filename
    if made.is_free:
        shapes = {}
    supposed = bool(fixed or (made.arrays and not made.is_free))
    given, forms = inputs.made_up(function, 0, {**fixed, **shapes}, most=FEWER if supposed else RUNS)
    kept = {name: replace(its, shape=np.shape(given[name])) for name, its in kept.items()} if made.is_free else kept
    flat = Flat(given, {name: form for name, form in forms.items() if name in handed})
    options = {**made.settings, **flat.options}
    again = functools.partial(_found, made, first, takes, pattern, kept, original, namespace)
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
    )


def runner(start: Start, namespace: dict[str, Any]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Runs the forward pass on arrays, and gives all that there is afterwards by name: `result`, `layer`, arguments."""
    named = list(
        dict.fromkeys(
            ("result", *(["layer"] if "layer = " in "".join(start.lines) else []), *start.arguments,
             *start.settings.values())
        )
    )  # fmt: skip
    body = [*start.lines, f"result = {start.run}", f"return {{{', '.join(f'{name!r}: {name}' for name in named)}}}"]
    text = f"def __run__({', '.join(start.head)}):\n" + "".join(f"    {line}\n" for line in body)
    function = function_of(text, "__run__", namespace)

    def run(arrays: Mapping[str, Any]) -> dict[str, Any]:
        np.random.seed(SEED)
        found: dict[str, Any] = function(**{name: value.copy() for name, value in arrays.items()})
        return found

    return run
