"""The trace: the record of one run of a layer, its backward pass, and running it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropviz.engine.backward import sweep
from backpropviz.engine.gradient_names import GradientNames, name_red_nodes
from backpropviz.engine.graph import Array, Group, Loop, Node, SizeStatement, Step, ancestors
from backpropviz.engine.keeping import Ties, uncollected
from backpropviz.engine.tape import Tape
from backpropviz.errors import InputError

if TYPE_CHECKING:
    from backpropviz.engine.lean import LeanPlan


@dataclass(eq=False, repr=False)
class Trace:
    """One recorded run.

    `t["xhat"]` is the node called xhat, with `.value`, `.grad` (None before `backward`) and `.terms`.

    Attributes:
        callable: the function that was recorded.
        inputs: the traced arguments by name. settings: the others.
        nodes, steps, groups: what the run made, in order.
        outputs: the returned values. returned: what the function gave back, as it stands.
        notes: what a reader has to know.
        sizes: the statements that made plain numbers; constants: plain arrays by their id, with the name or the call
            they came from; dims: the axes that have a name (`N, D = x.shape`).
        decisions: the questions about values that the path taken depended on, each with its answer.
        loops: the loops that ran, in the order they began.
        ties: undoes the record when the last trace of it is gone.
        held: where the outputs stand that dictionaries and lists hold: all of these get a gradient.
        red: the backward pass, a tape of its own. upstream: for every output that has one, the red node of its
            gradient. drawn: the outputs whose upstream gradient was drawn, with the seed.
    """

    callable: Any
    inputs: dict[str, Node]
    settings: dict[str, Any]
    nodes: list[Node]
    steps: list[Step]
    groups: list[Group]
    outputs: list[Node]
    returned: Any
    notes: list[str]
    sizes: list[SizeStatement]
    constants: dict[int, tuple[Any, Array]]
    dims: dict[tuple[Node, int], str]
    decisions: list[tuple[Callable[[], bool], bool]]
    loops: list[Loop]
    ties: Ties
    held: dict[Node, tuple[str, tuple[Any, ...]]] = field(default_factory=dict)
    red: Tape = field(default_factory=Tape)
    upstream: dict[Node, Node] = field(default_factory=dict)
    drawn: dict[Node, int] = field(default_factory=dict)
    _plans: dict[tuple[str, ...], LeanPlan] = field(default_factory=dict)
    _names: GradientNames | None = None

    # ---- reading -----------------------------------------------------------------------------------------------------

    @property
    def function(self) -> str:
        name: str = self.callable.__name__
        return name if name.isidentifier() else "layer"  # a lambda has no name

    @property
    def layer(self) -> str:
        """The function's name without its pass: "batchnorm" for batchnorm_forward."""
        return self.function.removesuffix("_forward") or self.function

    @property
    def file(self) -> Path:
        return Path(self.callable.__code__.co_filename)

    def __getitem__(self, name: str) -> Node:
        """The node called `name`: an input, or the value of a step.

        Raises:
            KeyError: no node has that name.
        """
        if name in self.inputs:
            return self.inputs[name]
        for step in self.steps:
            if step.name == name:
                return step.node
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(f"no value is called {name!r}; there are {', '.join(self.names())}")

    def __repr__(self) -> str:
        outputs = ", ".join(f"{node.name or 'out'} {node.shape}" for node in self.outputs)
        backward = "backward done" if self.upstream else "forward only"
        steps = f"{len(self.steps)} step{'' if len(self.steps) == 1 else 's'}"
        return f"<trace of {self.function}: {steps}, {outputs}, {backward}>"

    def names(self) -> list[str]:
        return [*self.inputs, *(step.name for step in self.steps)]

    def taken(self) -> set[Any]:
        """Every name that the forward pass uses: for values, settings, sizes and constants."""
        return {
            *self.settings,
            *(node.name for node in self.nodes),
            *(name for size in self.sizes for name in size.names),
            *(name for name, _ in self.constants.values() if isinstance(name, str)),
        }

    def unchanged(self) -> set[str]:
        """The inputs whose names mean them to the end: what a function that is called names so is another thing."""
        return {*self.inputs} - {step.written for step in self.steps if step.group is None and not step.is_argument}

    @property
    def output(self) -> Array:
        """The first value the function returned."""
        return self.outputs[0].value

    @property
    def start(self) -> Node:
        """What gradients start from where nothing is said: `out` of `return out, cache`.

        Of `return Z1, A1, Z2, A2`, with no cache, it is the last, which all the others lead to.
        """
        *others, last = self.outputs
        whole = isinstance(self.returned, tuple) and len(self.returned) == len(self.outputs)
        return last if whole and {*others} <= ancestors([last]) else self.outputs[0]

    @property
    def grad(self) -> dict[str, Array]:
        """The gradient of every input that has one; empty before `backward`."""
        return {name: node.grad for name, node in self.inputs.items() if node.grad is not None}

    @property
    def dout(self) -> Array | None:
        """The upstream gradient of the output that gradients start from, once `backward` has run."""
        node = self.upstream.get(self.start)
        return None if node is None else node.value

    @property
    def gradient_names(self) -> GradientNames:
        """What the gradients are called; made anew after every backward pass."""
        if self._names is None:
            self._names = GradientNames(self)
        return self._names

    # ---- the backward pass -------------------------------------------------------------------------------------------

    def backward(self, dout: Any = None, seed: int = 0) -> dict[str, Array]:
        """Record the backward pass and return the inputs' gradients.

        Args:
            dout: the upstream gradient, of the output's shape; for several outputs a dict by name. Without it, a random
                one is drawn from `seed` (1 for a loss, a single number): an upstream gradient of ones hides mistakes.

        Raises:
            InputError: `dout` has another shape than the output.
        """
        outputs = {node.name or "out": node for node in self.outputs}
        wanted = outputs if self.held and dout is None else [self.start.name or "out"]
        given = dout if isinstance(dout, Mapping) else dict.fromkeys(wanted, dout)
        upstream: dict[Node, Any] = {}
        for name, value in given.items():
            if name not in outputs:
                raise InputError(f"no output is called {name!r}", fix=f"The outputs are {', '.join(outputs)}.")
            upstream[outputs[name]] = _upstream(name, outputs[name].value, value, seed)
        for plan in self._plans.values():
            plan.settle()
        self._plans.clear()
        self.red = Tape()
        self.ties.forget(self.red.nodes)
        self.red.taken = self.taken()
        self._names = None
        self.drawn = {outputs[name]: seed for name, value in given.items() if value is None}
        single = len(upstream) == 1
        self.upstream = {
            node: self.red.input(value, self.red.unique("dout" if single else f"d{node.name}")).node
            for node, value in upstream.items()
        }
        with uncollected():
            sweep(self.nodes, self.upstream, self.red)
        name_red_nodes(reversed(self.nodes), self.red)
        return self.grad

    # ---- running again -----------------------------------------------------------------------------------------------

    def replay(self, dout: Any = None, **inputs: Any) -> Array:
        """Run again with new values for some inputs, forward and (if it was run) backward, into the same arrays.

        Returns the output. Only what depends on a changed input is computed again; of large values the outputs and the
        inputs' gradients alone, and the others once one is asked for.

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
            output = self.start
            if output not in self.upstream:
                raise InputError("dout is given, but there is no backward pass yet", fix="Call backward(dout) first.")
            changed[self.upstream[output]] = _fitting(output.value, dout, "dout")
            self.drawn.pop(output, None)
        key = tuple(sorted(inputs)) + (("dout",) if dout is not None else ())
        if key not in self._plans:
            gradients = [node.gradient for node in self.inputs.values() if node.gradient is not None]
            wanted = [*changed, *self.outputs, *gradients]
            from backpropviz.engine.lean import LeanPlan  # most traces are not replayed

            self._plans[key] = LeanPlan([*self.nodes, *self.red.nodes], changed, wanted)
        can_fail = self.decisions or self._plans[key].can_fail
        before = {node: node.value.copy() for node in changed} if can_fail else {}
        try:
            self._run(key, changed)
        except InputError:
            self._run(key, before, check=False)
            raise
        return self.output

    def _run(self, key: tuple[str, ...], values: dict[Node, Array], check: bool = True) -> None:
        plan = self._plans[key]
        for other in self._plans.values():
            if other is not plan:
                other.settle()  # what it passed over, this one may read
        for node, array in values.items():
            node.value[...] = array
        plan()
        if check and any(test() != truth for test, truth in self.decisions):
            raise InputError(
                "with these inputs the function takes another path: it asks for values",
                fix="Trace again for them.",
            )


def checked(name: str, value: Any) -> Array:
    """`value` as an array of finite numbers.

    Raises:
        InputError: it holds something else.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise InputError(
            f"{name} holds {array.dtype} values, not numbers",
            fix="Give numbers: floats for inputs that get a gradient, integers for labels.",
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"{name} is {array[bad]} at {bad}", fix="Give finite numbers: every gradient would be nan.")
    return array


def _upstream(name: str, output: Array, dout: Any, seed: int) -> Array:
    if dout is None:
        # a loss is a single number and its own gradient is 1
        return np.ones_like(output) if output.ndim == 0 else random_upstream(output, seed)
    array: Array = np.array(checked("dout", dout), dtype=output.dtype)  # a copy: a replay writes into it
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
