"""How a forward pass is run: what it takes as arrays and settings, and the lines that put these together for it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs import inputs
from backpropviz.diagnose.pairs.binding import CannotCall
from backpropviz.diagnose.pairs.protocols.boxes import Box
from backpropviz.diagnose.pairs.protocols.names import TARGET, roles
from backpropviz.diagnose.pairs.protocols.supposed import Shapes
from backpropviz.diagnose.student.parameters import Parameter
from backpropviz.layers.conventions import kind_of, word

SEED = 123
"""Of NumPy's old random numbers, in front of every run."""

_LONGER = 7  # than any axis that is found; so nothing of length one is repeated along it by accident


@dataclass(frozen=True)
class Start:
    """A forward pass that runs.

    Attributes:
        values: the arrays it takes, by name. options: settings by name. lines: what is done before it is called.
        run: the call, and arguments: what is handed to it. learned: what a layer learns, by name.
        fixed: shapes that the search would not find again. manner: how inputs are made up. again: finds the same with
            given shapes. settings: numbers that it is handed though it has defaults, by the student's names, as they
            are called here. stands_for: the student's function, and what its parameters are called here.
        box, boxed: what some of the arguments are put into, and which. target: the targets that a layer was made with.
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
    box: Box | None = None
    boxed: tuple[str, ...] = ()
    target: str = ""

    def of_shapes(self, shapes: Shapes) -> Start:
        """The same with other shapes for some inputs; those of all weights and biases are kept from then on.

        Raises:
            CannotCall: the forward pass does not run on these, or takes them for whole numbers, which have no gradient.
        """
        assert self.again is not None
        found = self._beside(shapes) or self.again(shapes)
        kinds, now = ({name: its.dtype.kind for name, its in start.values.items()} for start in (self, found))
        if kinds != now:
            raise CannotCall("its inputs are of another kind with these shapes")
        fixed = {n: its.shape for n, its in found.values.items() if kind_of(n) in ("weight", "vector")} | shapes
        every = {name: its.shape for name, its in found.values.items()}
        if self._is_found_again(fixed, every):
            return replace(found, fixed=fixed, manner=self.manner)
        for name, axis in [(name, axis) for name, shape in every.items() for axis, n in enumerate(shape) if n == 1]:
            with contextlib.suppress(CannotCall):  # a sum over one entry is its mean
                found = self.again({**every, name: (*every[name][:axis], _LONGER, *every[name][axis + 1 :])})
                every = {name: its.shape for name, its in found.values.items()}
        return replace(found, fixed=every, manner=(*self.manner, "kept"))

    def _is_found_again(self, fixed: Shapes, every: Shapes) -> bool:
        """Whether these sizes are found from some of them: rows of a may be its columns, if all is reshaped."""
        assert self.again is not None
        try:
            return {name: its.shape for name, its in self.again(fixed).values.items()} == every
        except CannotCall:
            return False

    def _beside(self, shapes: Shapes) -> Start | None:
        """The same where all else keeps its shape; None where it does not run on that."""
        assert self.again is not None
        if self.main not in shapes:
            with contextlib.suppress(CannotCall):
                return self.again({**{name: its.shape for name, its in self.values.items()}, **shapes})
        return None

    def counting(self, name: str, namespace: dict[str, Any]) -> Start:
        """The same where a name of the top level is how many examples there are: rows, or columns where moving the
        first of these moves that of the output alone.
        """
        run, x = runner(self, namespace), self.values[self.main]
        moved = x.copy()
        moved[..., 0] += 1.0
        before, after = (_last(run({**self.values, self.main: its})["result"]) for its in (x, moved))
        axis = -1 if np.ndim(before) > 1 and np.array_equal(before[..., 1:], after[..., 1:]) else 0
        line = f"globals().update({name}={self.main}.shape[{axis}])"
        again = self.again
        more = None if again is None else lambda shapes: again(shapes).counting(name, namespace)
        return replace(self, lines=(*self.lines, line), again=more)

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

    def left_on(self) -> dict[str, str]:
        """Where gradients are left on what they belong to, by input."""
        box = self.box
        if box is None:
            return {}
        held = () if box.data else self.learned.items()
        found = {name: f"layer.{its.path}.{box.gradient}" for name, its in held}
        found |= {name: f"{name}.{box.gradient}" for name in self.boxed}
        for name in {*self.boxed} - {*self.arguments}:  # what a network is made of has a gradient, or none
            found[name] = f"getattr({name}, {box.gradient!r}, 0 * {box.of(name)})"
            if not box.data and self.run.startswith("layer."):
                found[name] = f"__left_on__({name}, {box.gradient!r}, layer)"
        return found

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


def _last(result: Any) -> Any:
    """What a forward pass gives, or the last of it."""
    return np.asarray(result[-1] if isinstance(result, tuple | list) else result)


_OURS = {"layer", "result", "back", "before", "out", "cache", "dout"}


def free(name: str) -> str:
    """A parameter's name, if nothing else is called so in the functions around."""
    return f"{name}_" if name in _OURS else name


def runner(start: Start, namespace: dict[str, Any]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Runs the forward pass on arrays, and gives all that there is afterwards by name: `result`, `layer`, arguments."""
    named = list(
        dict.fromkeys(
            ("result", *(["layer"] if "layer = " in "".join(start.lines) else []), *start.arguments,
             *start.settings.values(), *start.boxed)
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
