"""A layer: a function, or a class with a forward pass, with the inputs it is shown on."""

from __future__ import annotations

import contextlib
import difflib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from backpropviz.engine.holders import Flat, holds_arrays
from backpropviz.engine.trace import Trace
from backpropviz.engine.verifying import record
from backpropviz.errors import BackpropvizError, InputError, LayerError
from backpropviz.layers.classes import Built
from backpropviz.layers.given import taken_as_floats
from backpropviz.layers.missing import MissingModule
from backpropviz.text import file_name, summary_of


@dataclass(frozen=True)
class Layer:
    """A function, or a class with a forward pass, with the sample inputs it is shown on."""

    name: str
    function: Any
    path: Path
    module: ModuleType

    @property
    def summary(self) -> str:
        """The first sentence of the function's docstring, or of the file's."""
        return summary_of(self.function)

    @property
    def where(self) -> str:
        code = self.function.__code__
        return f"{file_name(code.co_filename)}:{code.co_firstlineno}"  # of a notebook, with the cell

    @cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        return dict(inspect.signature(self.function).parameters)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The parameters with defaults that are no arrays."""
        return {name: p.default for name, p in self.parameters.items() if p.default is not p.empty}

    @cached_property
    def _maker(self) -> tuple[Any, Mapping[str, inspect.Parameter]]:
        """What makes the file's own sample inputs, and its parameters; None and none without one."""
        maker = getattr(self.module, f"sample_{self.function.__name__}", None) or getattr(self.module, "sample", None)
        return maker, {} if maker is None else inspect.signature(maker).parameters

    def case(self, command: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The shapes and settings that the file keeps for a command: `SIZES = {"elements": {"x": (1, 1, 3, 3)}}`."""
        kept: dict[str, Any] = getattr(self.module, "SIZES", {}).get(command, {})
        settings = {name: value for name, value in kept.items() if name in self.settings}
        return {name: tuple(value) for name, value in kept.items() if name not in settings}, settings

    def sample(
        self, seed: int = 0, shapes: Mapping[str, Any] | None = None, given: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Sample inputs by name: the file's own, or made up from the parameters' names.

        Args:
            seed: the same seed gives the same numbers.
            shapes: shapes by input name, in place of the sample's.
            given: inputs and settings that need no sample; a sample may depend on the settings it names.
        """
        shapes, given = dict(shapes or {}), given or {}
        rng = np.random.default_rng(seed)
        maker, own = self._maker
        if maker is None:
            return self._made_up(self.function, seed, shapes, given)
        options = {name: tuple(shape) for name, shape in shapes.items() if name in own}
        options |= {name: value for name, value in given.items() if name in own and name in self.settings}
        try:
            sample = maker(rng, **options)
        except MemoryError:
            raise
        except Exception as error:
            for name, shape in options.items():
                usual = own[name].default
                if name in shapes and isinstance(usual, tuple) and len(shape) != len(usual):
                    raise InputError(
                        f"{name} has shape {shape}, but {self.name} takes an {name} of {len(usual)} axes",
                        where=self.where,
                        fix=f"For example, --shape {name}={','.join(map(str, usual))}",
                    ) from error
            asked = ", ".join(f"{name}={value}" for name, value in options.items())
            fix = "do the shapes have as many axes as its own?" if asked else "mend it, or leave it out of the file."
            raise InputError(
                f"{maker.__name__}(rng{', ' * bool(asked)}{asked}) failed with {type(error).__name__}: {error}",
                where=f"{self.path.name}:{maker.__code__.co_firstlineno}",
                fix=f"It makes the sample inputs: {fix}",
            ) from error
        if not isinstance(sample, Mapping):
            raise InputError(
                f"{maker.__name__} returned {type(sample).__name__}, no inputs",
                where=f"{self.path.name}:{maker.__code__.co_firstlineno}",
                fix=f"Return a dict of them by name: {', '.join(self.parameters)}.",
            )
        sample = dict(sample)
        for name, shape in shapes.items():
            if name not in own and name not in given:
                labels: Any = sample.get(name, 0.0)
                integers = np.asarray(labels).dtype.kind in "iu"
                sample[name] = rng.integers(0, np.max(labels) + 1, shape) if integers else rng.normal(size=shape)
        return sample

    @cached_property
    def _usual(self) -> dict[str, Any]:
        return self.sample()

    def _is_covered(self, given: Mapping[str, Any]) -> bool:
        """Whether every sample input is given: then the usual ones say of what kind each is, and none is drawn."""
        maker, own = self._maker
        if maker is None or not given or any(name in own and name in self.settings for name in given):
            return False
        return given.keys() >= self._usual.keys()

    def _made_up(self, function: Any, seed: int, shapes: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        from backpropviz.layers.sampling import guess  # what only some files need

        return guess(function, np.random.default_rng(seed), shapes, self.where, given)

    def arguments(
        self,
        seed: int = 0,
        shapes: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
        dtype: str | None = None,
    ) -> dict[str, Any]:
        """All arguments for a run: sample inputs, with what the user gave in their place.

        Raises:
            InputError: an argument the layer does not have. LayerError: no sample inputs can be made up.
        """
        given = dict(inputs or {})
        held = [name for name in {**given, **(shapes or {})} if name not in self.parameters]
        for name in shapes or {}:
            if self.settings.get(name) is not None:
                raise InputError(
                    f"{name} is a setting of {self.name}, not an array", fix=f"Give it by --set {name}=..."
                )
        arrays = {name: value for name, value in given.items() if isinstance(value, np.ndarray)}
        sizes = {**{name: value.shape for name, value in arrays.items()}, **(shapes or {})}
        known = {name: value for name, value in given.items() if name not in held}
        try:
            sample = self._usual if self._is_covered(known) else self.sample(seed, sizes, known)
        except BackpropvizError:
            if not all(name in given for name, p in self.parameters.items() if p.default is p.empty):
                raise
            sample = {}  # nothing is missing
        arguments = {**sample, **{name: _alike(name, value, sample.get(name)) for name, value in given.items()}}
        if held:
            arguments = self._with_held(arguments, held, sizes, seed)
            if isinstance(self.function, Built):  # the object is made to fit them
                fitting = self.function.holding({name: np.zeros(sizes[name]) for name in held})
                again = self._made_up(fitting, seed, sizes, known)
                arguments = {**again, **{name: arguments[name] for name in (*given, *held) if name in arguments}}
        if not sample:
            arguments = self._in_floats(arguments)
        if dtype is not None:
            arguments = {name: _cast(value, dtype) for name, value in arguments.items()}
        return arguments

    def _with_held(
        self, arguments: dict[str, Any], names: list[str], shapes: Mapping[str, Any], seed: int
    ) -> dict[str, Any]:
        """The arguments, if what is given by `names` is held by one of them: `W1` of a dictionary of parameters.

        Raises:
            InputError: nothing holds it.
        """
        its_own = {name: value for name, value in arguments.items() if name in self.parameters}
        there = self._flat(its_own, seed)
        arrays = there.arrays if there else {}
        for name in names:
            if name not in arrays:
                known = [*self.parameters, *arrays]
                near = difflib.get_close_matches(name, known, 1)
                hint = f" (did you mean {near[0]!r}?)" if near else ""
                raise InputError(
                    f"{self.name} has no input or setting {name!r}{hint}", fix=f"It takes {', '.join(known)}."
                )
            if name not in arguments and arrays[name].shape != tuple(shapes[name]):
                random = np.random.default_rng([seed, *shapes[name]])
                arguments = {**arguments, name: random.normal(size=tuple(shapes[name]))}
        return arguments

    def _flat(self, arguments: Mapping[str, Any], seed: int) -> Flat | None:
        """The function as one of plain arrays, where something holds some."""
        if isinstance(self.function, Built):
            return self.function.flat(arguments, seed)
        holders = {name: value for name, value in arguments.items() if holds_arrays(value)}
        return Flat(self.function, holders) if holders else None

    def _in_floats(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Whole numbers as floats, which get a gradient, wherever the function takes them."""
        from backpropviz.layers.running import runs  # what only some files need

        for name, value in arguments.items():
            if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
                changed = {**arguments, name: value.astype(float)}
                with contextlib.suppress(Exception, SystemExit):
                    runs(self.function, changed)
                    arguments = changed
        return arguments

    def trace(self, arguments: Mapping[str, Any] | None = None, verify: bool = True, **options: Any) -> Trace:
        """Record a run. `arguments` replace the sample's; `options` are those of `arguments()`.

        Raises:
            LayerError, TraceError, InputError: as `backpropviz.engine.trace`; a shape that does not fit is named.
        """
        of_class = getattr(self.function, "of_constructor", ())
        given = {name: value if name in of_class else _array(value) for name, value in (arguments or {}).items()}
        whole = self.arguments(inputs=given, **options)
        function, inputs = self._as_recorded(whole, options.get("seed", 0), options.get("dtype"))
        settings = {**self.settings, **{name: value for name, value in whole.items() if name not in inputs}}
        settings = {name: value for name, value in settings.items() if name not in inputs}
        if isinstance(self.function, Built):
            settings = self.function.forward_arguments(settings)
        try:
            trace = record(function, inputs, settings, verify)
            trace.notes.extend(
                taken_as_floats(name)
                for name, value in given.items()
                if isinstance(value, np.ndarray) and value.dtype.kind in "iu" and inputs[name].dtype.kind == "f"
            )
            trace.notes.extend([*_not_finite(trace), *getattr(self.module, "__notes__", ())])
            return trace
        except LayerError as error:
            from backpropviz.layers.sampling import explain_misfit, needs  # what only some files need

            if isinstance(error.__cause__, MissingModule):
                raise needs(self.function, error.__cause__, self.where) from error
            misfit = explain_misfit(self.function, {**self.settings, **whole})
            if misfit is None:
                raise
            raise InputError(
                misfit, where=error.where, fix=f"The line fails with {error.seen.split('failed with ', 1)[-1]}"
            ) from error

    def _as_recorded(self, whole: dict[str, Any], seed: int, dtype: str | None) -> tuple[Any, dict[str, Any]]:
        """What is recorded for these arguments, and its inputs: the arrays among them, and those that objects hold."""
        inputs = {name: value for name, value in whole.items() if isinstance(value, np.ndarray)}
        its_own = {name: value for name, value in whole.items() if name in self.parameters}
        if isinstance(self.function, Built):
            flat, held = self.function.sample(its_own, seed)
            inputs = self.function.forward_arguments(inputs)
        elif (found := self._flat(its_own, seed)) is not None:
            flat, held = found, found.arrays
        else:
            return self.function, inputs
        held = {name: _cast(array, dtype or str(array.dtype)) for name, array in held.items()}
        return flat, {**inputs, **{name: inputs.get(name, array) for name, array in held.items()}}


def _array(value: Any) -> Any:
    """A list of numbers as the array it is; a list of arrays stays a list."""
    return np.asarray(value) if isinstance(value, list | np.generic) and not holds_arrays(value) else value


def _not_finite(trace: Trace) -> Iterator[str]:
    """Where the values stop being finite, if the output is not."""
    if all(np.isfinite(node.value).all() for node in trace.outputs):
        return
    step = next((step for step in trace.steps if not np.isfinite(step.value).all()), None)
    if step is not None:
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(step.value))[0])
        yield f"{step.where}: {step.name} is {step.value[at]} at {at}, and so is what is computed from it"


def _alike(name: str, value: Any, sample: Any) -> Any:
    """A given value as the sample has it: numbers as floats where it has floats, whole ones where it has labels."""
    if not isinstance(sample, np.ndarray) or not isinstance(value, np.ndarray | int | float) or isinstance(value, bool):
        return value
    array = np.asarray(value)
    if sample.dtype.kind == "f" and array.dtype.kind in "iub":
        return array.astype(float)
    if sample.dtype.kind in "iu" and array.dtype.kind == "f":
        if not (array == np.round(array)).all():
            at = tuple(int(i) for i in np.argwhere(array != np.round(array))[0])
            raise InputError(f"{name} is {array[at]} at {at}", fix="Labels are whole numbers: 0, 1, 2, ...")
        return array.astype(int)
    return array


def _cast(value: Any, dtype: str) -> Any:
    return value.astype(dtype) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value
