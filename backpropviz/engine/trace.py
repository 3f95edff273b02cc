"""The trace: one recorded run of a layer, its backward pass, and everything read off them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropviz.engine.backward import forget, sweep
from backpropviz.engine.graph import Array, Group, Node, Recording, Step
from backpropviz.engine.recording import Recorder
from backpropviz.engine.replay import Plan
from backpropviz.engine.tracing import Tape
from backpropviz.errors import DrawingError, InputError

if TYPE_CHECKING:
    from backpropviz.draw.diagram import Diagram


class Trace:
    """One recorded run.

    Made by `backpropviz.trace`. `t["xhat"]` is the node called xhat, with `.value`, `.grad` (None before `backward`)
    and `.terms`; `t.steps` are the steps in order; `t.output` is the first returned value, `t.grad` the inputs'
    gradients.
    """

    def __init__(self, recording: Recording):
        self.recording = recording
        self.red = Tape()
        self.upstream: dict[Node, Node] = {}
        self.drawn: dict[Node, int] = {}  # outputs whose upstream gradient was drawn, with the seed
        self._plans: dict[tuple[str, ...], Plan] = {}

    # ---- reading -----------------------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Node:
        return self.recording.node(name)

    @property
    def function(self) -> str:
        return self.recording.function

    @property
    def layer(self) -> str:
        """The function's name without its pass: "batchnorm" for batchnorm_forward."""
        return self.recording.layer

    def __repr__(self) -> str:
        outputs = ", ".join(f"{node.name or 'out'} {node.shape}" for node in self.recording.outputs)
        backward = "backward done" if self.upstream else "forward only"
        steps = f"{len(self.steps)} step{'' if len(self.steps) == 1 else 's'}"
        return f"<trace of {self.function}: {steps}, {outputs}, {backward}>"

    @property
    def callable(self) -> Any:
        """The function that was recorded."""
        return self.recording.callable

    @property
    def inputs(self) -> dict[str, Node]:
        return self.recording.inputs

    @property
    def steps(self) -> list[Step]:
        return self.recording.steps

    @property
    def groups(self) -> list[Group]:
        return self.recording.groups

    @property
    def nodes(self) -> list[Node]:
        return self.recording.nodes

    @property
    def notes(self) -> list[str]:
        return self.recording.notes

    @property
    def output(self) -> Array:
        """The first value the function returned."""
        return self.recording.outputs[0].value

    @property
    def grad(self) -> dict[str, Array]:
        """The gradient of every input that has one; empty before `backward`."""
        return {name: node.grad for name, node in self.inputs.items() if node.grad is not None}

    @property
    def dout(self) -> Array | None:
        """The upstream gradient of the first output, once `backward` has run."""
        node = self.upstream.get(self.recording.outputs[0])
        return None if node is None else node.value

    # ---- the backward pass -------------------------------------------------------------------------------------------

    def backward(self, dout: Any = None, seed: int = 0) -> dict[str, Array]:
        """Record the backward pass and return the inputs' gradients.

        Args:
            dout: the upstream gradient, of the output's shape; for several outputs a dict by name. Without it, a random
                one is drawn from `seed` (1 for a loss, a single number): an upstream gradient of ones hides mistakes.

        Raises:
            InputError: `dout` has another shape than the output.
        """
        outputs = {node.name or "out": node for node in self.recording.outputs}
        given = dout if isinstance(dout, Mapping) else {next(iter(outputs)): dout}
        upstream: dict[Node, Any] = {}
        for name, value in given.items():
            if name not in outputs:
                raise InputError(f"no output is called {name!r}", fix=f"The outputs are {', '.join(outputs)}.")
            upstream[outputs[name]] = _upstream(name, outputs[name].value, value, seed)
        forget(self.recording)
        self.red = Tape()
        self.red.taken = self.recording.taken()
        self._plans.clear()
        self.drawn = {outputs[name]: seed for name, value in given.items() if value is None}
        single = len(upstream) == 1
        self.upstream = {
            node: self.red.input(value, self.red.unique("dout" if single else f"d{node.name}")).node
            for node, value in upstream.items()
        }
        sweep(self.recording, self.upstream, self.red)
        return self.grad

    # ---- running again -----------------------------------------------------------------------------------------------

    def replay(self, dout: Any = None, **inputs: Any) -> Array:
        """Run again with new values for some inputs, forward and (if it was run) backward, into the same arrays.

        Returns the output. Only what depends on a changed input is computed again.

        Raises:
            InputError: an input is unknown or has another shape, or `dout` is given before there was a backward pass;
                nothing is changed then. Trace again for new shapes.
        """
        changed: dict[Node, Array] = {}
        for name, value in inputs.items():
            if name not in self.inputs:
                raise InputError(f"no input is called {name!r}", fix=f"The inputs are {', '.join(self.inputs)}.")
            changed[self.inputs[name]] = _fitting(self.inputs[name].value, value, name)
        if dout is not None:
            output = self.recording.outputs[0]
            if output not in self.upstream:
                raise InputError("dout is given, but there is no backward pass yet", fix="Call backward(dout) first.")
            changed[self.upstream[output]] = _fitting(output.value, dout, "dout")
            self.drawn.pop(output, None)
        for node, array in changed.items():
            node.value[...] = array
        key = tuple(sorted(inputs)) + (("dout",) if dout is not None else ())
        if key not in self._plans:
            self._plans[key] = Plan([*self.nodes, *self.red.nodes], changed)
        self._plans[key]()
        return self.output

    # ---- views -------------------------------------------------------------------------------------------------------

    def derive(self) -> str:
        """The backward pass as NumPy code: a function of the upstream gradient and the inputs."""
        from backpropviz.code.derive import derive

        return derive(self)

    def diagram(self, **options: Any) -> Diagram:
        """The drawing of the graph; `.svg()`, `.dot` and `.save(path)` on it."""
        from backpropviz.draw.diagram import Diagram

        return Diagram(self, **options)

    def _repr_html_(self) -> str | None:
        """The drawing, in a notebook; None, which leaves it to `repr`, where there is too much to draw."""
        try:
            svg = self.diagram().svg()
            return svg[svg.index("<svg") :]
        except DrawingError:
            return None


def trace(layer: Any, /, *, settings: Mapping[str, Any] | None = None, **arguments: Any) -> Trace:
    """Run a layer on arrays and record it.

    Args:
        layer: a function that takes NumPy arrays, or the name of a layer in `graphs/`, or "file.py:function".
        arguments: its inputs and settings by name. Arrays (and lists) are traced; other values pass through. For a
            layer with sample inputs, those that are not given come from the sample.
        settings: more settings, for names that clash with `layer`.

    Returns:
        The trace, forward only; call `.backward()` on it.

    Raises:
        LayerError: the layer cannot be found, or fails. InputError: an input does not fit.
        TraceError: it does something that cannot be followed, such as assigning into an array.
    """
    arguments = {**arguments, **(settings or {})}
    if not isinstance(layer, FunctionType):
        from backpropviz.layers.library import load

        return load(layer).trace(arguments)
    inputs = {name: value for name, value in arguments.items() if isinstance(value, np.ndarray | list | np.generic)}
    parameters = inspect.signature(layer).parameters.values()
    settings = {p.name: p.default for p in parameters if p.default is not p.empty} | arguments
    return record(layer, inputs, {name: value for name, value in settings.items() if name not in inputs})


def record(function: FunctionType, inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> Trace:
    """Run `function` on traced `inputs` and plain `settings`."""
    return Trace(Recorder(function).run(function, {k: _array(k, v) for k, v in inputs.items()}, dict(settings)))


def _array(name: str, value: Any) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise InputError(
            f"{name} holds {array.dtype} values, not numbers",
            fix="Give numbers: floats for inputs that get a gradient, integers for labels.",
        )
    with np.errstate(all="ignore"):
        doubtful = array.dtype.kind == "f" and not np.isfinite(np.sum(array))  # one pass, and no array of answers
    if doubtful and not np.isfinite(array).all():
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"{name} is {array[bad]} at {bad}", fix="Give finite numbers: every gradient would be nan.")
    return array


def _upstream(name: str, output: Array, dout: Any, seed: int) -> Array:
    if dout is None:
        # a loss is a single number and its own gradient is 1
        return np.ones_like(output) if output.ndim == 0 else random_upstream(output, seed)
    array: Array = np.array(_array("dout", dout), dtype=output.dtype)  # a copy: a replay writes into it
    if array.shape != output.shape:
        raise InputError(
            f"dout has shape {array.shape}, but {name} has shape {output.shape}",
            fix="The upstream gradient has one entry for every entry of the output.",
        )
    return array


def random_upstream(output: Array, seed: int) -> Array:
    """A random upstream gradient of the output's shape and dtype, the same for the same seed and shape."""
    random = np.random.default_rng([seed, *output.shape])
    return np.asarray(random.standard_normal(output.shape), dtype=output.dtype)


def _fitting(buffer: Array, value: Any, name: str) -> Array:
    array = np.asarray(value)
    if array.shape != buffer.shape:
        raise InputError(
            f"{name} has shape {array.shape}, but was recorded with {buffer.shape}",
            fix="A replay keeps all shapes; trace again for new ones.",
        )
    if not np.can_cast(array.dtype, buffer.dtype, "same_kind"):
        raise InputError(
            f"{name} holds {array.dtype} values, but was recorded with {buffer.dtype}",
            fix="A replay keeps all dtypes; trace again for another.",
        )
    return array
