"""How a forward pass is run: what it takes as arrays and settings, and the lines that put these together for it."""

from __future__ import annotations

import contextlib
import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import FunctionType
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs import inputs
from backpropviz.diagnose.pairs.binding import CannotCall
from backpropviz.diagnose.pairs.protocols.construction import Construction, constructions, sized
from backpropviz.diagnose.pairs.protocols.handing import parameters
from backpropviz.diagnose.pairs.protocols.record import NoFit, Subject
from backpropviz.diagnose.student.parameters import Parameter, learned
from backpropviz.layers.conventions import kind_of, word
from backpropviz.layers.forms import Leaf, Made, leaves

SEED = 123
"""Of NumPy's old random numbers, in front of every run."""


@dataclass(frozen=True)
class Start:
    """A forward pass that runs.

    Attributes:
        values: the arrays it takes, by name. options: settings by name. lines: what is done before it is called.
        run: the call, and arguments: what is handed to it. learned: what a layer learns, by name.
        fixed: shapes that the search would not find again.
    """

    values: dict[str, Any]
    options: dict[str, Any]
    lines: tuple[str, ...]
    run: str
    arguments: tuple[str, ...]
    learned: dict[str, Parameter] = field(default_factory=dict)
    fixed: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def main(self) -> str:
        """The input that the layer is applied to: the first that it is handed, if that is an array."""
        floats = [name for name, value in self.values.items() if value.dtype.kind == "f"]
        handed = [name for name in self.arguments if name in floats and name not in self.learned]
        called_x = [name for name in handed if word(name) in ("x", "X")]
        return next(iter([*called_x, *handed, *floats]), "")

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
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


RANKS: tuple[tuple[int, ...], ...] = ((3, 6, 5), (5, 3), (3, 5, 7, 6), (5,), (11, 9), (3, 5, 11, 9))
"""Shapes of the first input to try where the backward pass fails on the conventional one."""

_SQUARE = (5, 5)


def starts(subject: Subject, namespace: dict[str, Any]) -> Iterator[Start]:
    """The ways to run a subject's forward pass, the likeliest first; then with inputs of other ranks, and last with
    square weights: a product in the wrong order is one that does not fail on these.
    """
    if subject.owner is None:
        function = namespace[subject.names[0]]
        first = _of_function(subject, function, {})
        yield first
        name = next(iter(first.values), "")
        square: dict[str, tuple[int, ...]] = {
            n: _SQUARE for n, its in first.values.items() if kind_of(n) == "weight" and its.ndim == 2
        }
        tries: list[dict[str, tuple[int, ...]]] = [{name: shape} for shape in RANKS]
        for shapes in [*tries, square] if square else tries:
            with contextlib.suppress(CannotCall):
                yield _of_function(subject, function, shapes)
        return
    takes = [name for name, is_required in parameters(subject.forward, True) if is_required]
    original = inspect.unwrap(getattr(namespace[subject.owner.name], subject.forward.name))
    for made in constructions(subject.owner, namespace, subject.forward.name):
        try:
            first = _of_class(subject, made, takes, original, namespace, {})
        except Exception:  # this construction does not do
            continue
        yield first
        for shape in RANKS if not first.learned and takes else ():
            with contextlib.suppress(Exception):
                yield _of_class(subject, made, takes, original, namespace, {takes[0]: shape})


def _of_function(subject: Subject, function: Any, shapes: dict[str, tuple[int, ...]]) -> Start:
    if not isinstance(function, FunctionType):
        raise NoFit("it is not a plain function")
    given, forms = inputs.made_up(function, 0, shapes)
    flat = _Flat(given, forms)
    named = tuple(given)
    return Start(flat.values, flat.options, tuple(flat.lines), f"{subject.names[0]}({', '.join(named)})", named)


def of_shapes(subject: Subject, namespace: dict[str, Any], start: Start, shapes: dict[str, tuple[int, ...]]) -> Start:
    """The same with other shapes for some inputs; those of all weights and biases are kept from then on.

    Raises:
        CannotCall: the forward pass does not run on these.
    """
    found = _of_function(subject, namespace[subject.names[0]], shapes)
    fixed = {n: its.shape for n, its in found.values.items() if kind_of(n) in ("weight", "vector")}
    return replace(found, fixed={**fixed, **shapes})


class _Flat:
    """Arguments taken apart: arrays by names of their own, settings, and the lines that put them together again."""

    def __init__(self, given: Mapping[str, Any], forms: Mapping[str, Any]):
        self.values: dict[str, Any] = {}
        self.options: dict[str, Any] = {}
        self.lines: list[str] = []
        words = [word(name) for form in forms.values() for name in leaves(form)]
        self.clashing = {name for name in words if words.count(name) > 1 or name in forms} - {
            name for name, form in forms.items() if isinstance(form, Leaf)
        }
        for name, value in given.items():
            form = forms.get(name)
            if isinstance(form, dict | list | tuple | Made):
                self.lines.append(f"{name} = {self._code(form, value)}")
            elif isinstance(value, np.ndarray):
                self.values[name] = value
            else:
                self.options[name] = value

    def _code(self, form: Any, value: Any) -> str:
        """The form of a value, written with the names of what it holds."""
        if isinstance(form, Leaf):
            name = word(form.name)
            name = form.name.replace(".", "_") if name in self.clashing or not name.isidentifier() else name
            if isinstance(value, np.ndarray):
                self.values[name] = value
            else:
                return repr(value)
            return name
        if isinstance(form, Made):
            raise NoFit("it takes an object")
        if isinstance(form, dict):
            parts = (f"{key!r}: {self._code(part, value[key])}" for key, part in form.items())
            return f"{{{', '.join(parts)}}}"
        inner = ", ".join(self._code(part, its) for part, its in zip(form, value))
        return f"[{inner}]" if isinstance(form, list) else f"({inner},)"


def _of_class(
    subject: Subject, made: Construction, takes: list[str], original: Any, namespace: dict[str, Any],
    shapes: dict[str, tuple[int, ...]],
) -> Start:  # fmt: skip
    """A layer that is made with `made`, filled, and run."""
    assert subject.owner is not None
    run = f"layer.{subject.forward.name}({{}})"
    fresh, given = _layer(made, namespace)
    kept = learned(fresh, subject.owner, given)
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
    made: Construction, first: list[str], takes: list[str], run: str, kept: dict[str, Parameter],
    original: Any, namespace: dict[str, Any], fixed: dict[str, tuple[int, ...]],
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
    handed = [name if name not in held else f"{name}_in" for name in takes]
    head = [*handed, *held, *(f"{name}={value!r}" for name, value in made.settings.items())]
    run = run.format(", ".join(handed))
    text = f"def __run__({', '.join(head)}):\n" + "".join(f"    {line}\n" for line in lines)
    function = function_of(f"{text}    return {run}, layer\n", "__run__", namespace)
    function.stands_for = ((original, dict(zip(takes, handed))),)
    function.of_file = original.__code__.co_filename
    given, forms = inputs.made_up(function, 0, {**fixed, **shapes})
    flat = _Flat(given, {name: form for name, form in forms.items() if name in handed})
    options = {**made.settings, **flat.options}
    return Start(flat.values, options, (*flat.lines, *lines), run, tuple(handed), kept)


def runner(start: Start, namespace: dict[str, Any]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Runs the forward pass on arrays, and gives all that there is afterwards by name: `result`, `layer`, arguments."""
    named = list(
        dict.fromkeys(("result", *(["layer"] if "layer = " in "".join(start.lines) else []), *start.arguments))
    )
    body = [*start.lines, f"result = {start.run}", f"return {{{', '.join(f'{name!r}: {name}' for name in named)}}}"]
    text = f"def __run__({', '.join(start.head)}):\n" + "".join(f"    {line}\n" for line in body)
    function = function_of(text, "__run__", namespace)

    def run(arrays: Mapping[str, Any]) -> dict[str, Any]:
        np.random.seed(SEED)
        found: dict[str, Any] = function(**{name: value.copy() for name, value in arrays.items()})
        return found

    return run
