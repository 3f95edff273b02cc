"""`trace`, and a trace that shows itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from backpropviz.engine import trace as engine
from backpropviz.engine.holders import Flat, defaults, holds_arrays
from backpropviz.engine.verifying import record
from backpropviz.errors import DrawingError, LayerError
from backpropviz.layers.choosing import Method, forward_of, plain_function
from backpropviz.layers.classes import flat_of
from backpropviz.layers.given import in_floats, numbers, taken_as_floats
from backpropviz.layers.library import load

if TYPE_CHECKING:
    from backpropviz.draw.board.sizing import Size
    from backpropviz.draw.diagram import Diagram
    from backpropviz.draw.player.making import Player
    from backpropviz.facade.shown import Checked, Closed, Entry
    from backpropviz.show.display import Code, Display


class Trace(engine.Trace):
    """One recorded run, made by `backpropviz.trace`, with its views.

    `t["xhat"]` is the node called xhat, with `.value`, `.grad` (None before `backward`) and `.terms`; `t.steps` are the
    steps in order; `t.output` is the first returned value, `t.grad` the inputs' gradients.
    """

    def derive(self) -> Code:
        """The backward pass as NumPy code, a string: a function of the upstream gradient and the inputs.

            >>> import numpy as np
            >>> t = trace(lambda x: np.tanh(x), x=np.array([0.0, 1.0]))
            >>> _ = t.backward()
            >>> t.derive().splitlines()[3]
            'def layer_backward(dout, x):'

        Raises:
            TraceError: the backward pass has not run.
        """
        from backpropviz.code.derive import derive
        from backpropviz.show.display import Code

        return Code(derive(self))

    def table(self, values: str = "short") -> Display:
        """Every step with its code, shape, value and gradient side by side.

            >>> t = trace("gate")
            >>> _ = t.backward()
            >>> "gate" in str(t.table("none"))
            True

        Args:
            values: how numbers are written: "none", "short" or "full".
        """
        from backpropviz.show.display import Display
        from backpropviz.show.tables.nodes import NodeTable
        from backpropviz.show.view import view

        return Display(NodeTable(view(self, self.layer), values))

    def step(self, step: int | str) -> Display:
        """One step whole: its operands, what it computes, the gradient that arrives and what is handed back.

            >>> t = trace("batchnorm")
            >>> _ = t.backward()
            >>> str(t.step(7)).splitlines()[1]
            'xhat = xmu * ivar'

        Args:
            step: its number, as 7 or "2.3", or its name.

        Raises:
            InputError: there is no such step.
        """
        from functools import partial

        from backpropviz.show.display import Display
        from backpropviz.show.step_page import one_step
        from backpropviz.show.table import Shown
        from backpropviz.show.view import view

        shown = view(self, self.layer)
        one_step(shown, str(step), 100)  # a mistake is told now, not when it is printed
        return Display(Shown(partial(one_step, shown, str(step)), None))

    def gradcheck(
        self, *, fast: bool = False, steps: bool = True, tolerance: float = 1e-5, step_size: float = 1e-5, seed: int = 0
    ) -> Checked:
        """The gradients held against central differences, entry by entry.

            >>> t = trace("gate")
            >>> _ = t.backward()
            >>> t.gradcheck().passed
            True

        Args:
            fast: one random direction per gradient, all entries at once, instead of every entry.
            steps: check the gradient of every step's value too, not of the inputs alone.
            tolerance: the largest relative error that passes.
            step_size: h, times max(1, the absolute entry) for every entry that is moved.
            seed: of the random directions.

        Raises:
            InputError: the tolerance is no number above 0. TraceError: no input gets a gradient.
        """
        from backpropviz.facade.shown import Checked
        from backpropviz.study.gradcheck import gradcheck

        if not self.upstream:
            self.backward()
        found = gradcheck(self, fast=fast, steps=steps, tolerance=tolerance, step_size=step_size, seed=seed)
        return Checked(found)

    def closed_form(self, *inputs: str) -> Closed:
        """The shortest backward pass that a search finds: `t.closed_form("x")`; of all inputs without any.

            >>> t = trace("sigmoid")
            >>> print(t.closed_form("x").lines[-1])
            dx = dout * out * (1 - out)

        It is searched and proved on inputs that it draws itself, of many shapes.

        Raises:
            InputError: there is no such input. TraceError: its derived code holds on these inputs alone.
        """
        from backpropviz.facade.shown import Closed, layer_of
        from backpropviz.study.closed.form import closed_form

        layer = layer_of(self)
        chosen = {n: v for n, v in self.settings.items() if not isinstance(v, float) and v != layer.settings.get(n)}
        return Closed.of(closed_form(layer, chosen, inputs))

    def diagram(
        self,
        ops: bool = False,
        expand: Collection[str] = (),
        title: str | None = None,
        *,
        style: Literal["board", "cards", "entries"] = "board",
        entry: str | None = None,
        size: Size = "slide",
        theme: str = "light",
        values: bool = False,
        legend: bool = True,
        rounds: bool = False,
    ) -> Diagram:
        """The drawing of the graph; `.svg()`, `.dot` and `.save(path)` on it.

            >>> trace("gate").diagram().svg().startswith("<?xml")
            True

        Args:
            ops: a gate for every operation, instead of one for every step.
            expand: functions whose groups are opened.
            title: what stands above it.
            style: "board", as on a blackboard; "cards", with the numbers; "entries", what one entry was made from.
            entry: which entry that is, as "dx[0,1]".
            size: "slide", "page", or "free" of any bounds.
            theme: "light", "dark", "print", or "auto", as the reader's screen.
            values: with the numbers of small arrays.
            legend: with what the colours mean.
            rounds: every round of a loop, instead of one.

        Raises:
            DrawingError: there is too much to draw, or no such style.
        """
        from backpropviz.draw.diagram import Diagram

        return Diagram(
            self, ops, expand, title, style=style, entry=entry, size=size, theme=theme, values=values, legend=legend,
            rounds=rounds,
        )  # fmt: skip

    def player(self) -> Player:
        """The page that plays both passes, in a notebook or to `.save("batchnorm.html")`; it asks before it shows, too.

        Without a backward pass, one is run, from a random upstream gradient.
        """
        from backpropviz.draw.formats import heading
        from backpropviz.draw.player.making import player
        from backpropviz.exercises.questions import questions

        if not self.upstream:
            self.backward()
        return player(self, self.function, partial(questions, self), heading(self, self.function))

    def entry(self, name: str, index: tuple[int, ...] | None = None) -> Entry:
        """Where one number comes from: `t.entry("dx", (0, 1))`; without an index, the one with the most terms.

            >>> from backpropviz.study.expressions import write
            >>> write(trace("batchnorm").entry("xmu", (0, 1)).own)
            'x[0, 1] - mu[1]'

        Raises:
            InputError: there is no such value, or no such entry.
        """
        from backpropviz.facade.shown import Entry
        from backpropviz.study.entries import Entries

        story = Entries(self).story(name if index is None else f"{name}[{','.join(map(str, index))}]")
        return Entry.of(story, self.layer)

    def _repr_html_(self) -> str | None:
        """The drawing, in a notebook, light or dark as the reader's system, and no wider than its column.

        None, which leaves it to `repr`, where there is too much to draw.
        """
        from backpropviz.draw.board.themes import in_the_dark
        from backpropviz.draw.dot import CardsPicture

        try:
            diagram = self.diagram(size="page")
            svg = diagram.svg()
            svg = svg if isinstance(diagram.picture, CardsPicture) else in_the_dark(svg)
            return '<svg style="max-width: 100%; height: auto"' + svg[svg.index("<svg") + len("<svg") :]
        except DrawingError:
            return None


def trace(
    layer: object, /, *, settings: Mapping[str, object] | None = None, verify: bool = True, **arguments: object
) -> Trace:
    """Run a layer on arrays and record it.

    Args:
        layer: a function that takes NumPy arrays, an object with a `forward` method (or that method), the name of a
            layer in `graphs/`, or "file.py:function", "file.py:Class", "notebook.ipynb:function".
        arguments: its inputs and settings by name. Arrays (and lists of numbers) are traced, and so are the arrays that
            an object, a dictionary or a list holds, by names of their own; other values pass through. For a layer with
            sample inputs, those that are not given come from the sample.
        settings: more settings, for names that clash with `verify`.
        verify: hold the trace against the plain function, which is run once more for that; of many traces of a
            function that do the same on the same shapes, the first, second, fourth, eighth, ... are held.

    Returns:
        The trace, forward only; call `.backward()` on it.

    Raises:
        LayerError: the layer cannot be found, or fails. InputError: an input does not fit.
        TraceError: it does something that cannot be followed, such as assigning into an array.
    """
    arguments = {**arguments, **(settings or {})}
    if isinstance(layer, str | Path):
        return _shown(load(str(layer)).trace(arguments, verify=verify))
    function = _as_function(layer)
    inputs = {name: value for name, value in arguments.items() if _is_array(value)}
    whole = in_floats(function, arguments, inputs or numbers(function, arguments))
    taken = {**inputs, **whole}
    settings = {name: value for name, value in {**defaults(function), **arguments}.items() if name not in taken}
    recorded = record(function, taken, settings, verify)
    recorded.notes.extend(taken_as_floats(name) for name in whole if np.asarray(arguments[name]).dtype.kind in "iu")
    return _shown(recorded)


def _as_function(layer: Any) -> FunctionType | Flat:
    """A function as it is; an object with a forward pass, or a method of one, as a function of the arrays it holds.

    Raises:
        LayerError: it is neither.
    """
    owner = layer.__self__ if isinstance(layer, MethodType) else layer
    if isinstance(layer, FunctionType | Flat):
        return layer
    if isinstance(layer, MethodType):
        return flat_of(owner, Method(owner if isinstance(owner, type) else type(owner), layer.__name__))
    found = None if isinstance(layer, type) else forward_of(type(layer))
    if isinstance(found, Method):
        return flat_of(layer, found)
    behind: FunctionType | None = plain_function(found or layer)
    if behind is not None:
        return behind
    what = f"the class {layer.__name__}" if isinstance(layer, type) else f"a {type(layer).__name__}"
    raise LayerError(
        f"{what} is no layer", fix="Give a function, an object with a forward method, or the name of a layer."
    )


def _is_array(value: Any) -> bool:
    """Whether an argument is one array: a list of arrays stays the list it is."""
    return isinstance(value, np.ndarray | np.generic) or (isinstance(value, list) and not holds_arrays(value))


def _shown(recorded: engine.Trace) -> Trace:
    """The same record, with its views."""
    return Trace(**vars(recorded))
