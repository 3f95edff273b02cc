"""What a run gives back: the values that its gradients start from."""

from __future__ import annotations

from typing import Any

from backpropviz.engine.graph import Node
from backpropviz.engine.named import plain
from backpropviz.engine.slate import Slate, traced_in
from backpropviz.engine.traced import Traced
from backpropviz.errors import LayerError
from backpropviz.text import file_name


def returned_of(function: Any, returned: Any, changed: list[Any]) -> list[Node]:
    """The outputs among what a function returned, `out` of `return out, cache`.

    Where all are held by dictionaries or lists, what these hold: new parameters of an update. An update that returns
    nothing has changed the dictionaries it was given.

    Args:
        changed: what holds arrays among the arguments, as the run left it.
    """
    if not are_held(returned):
        return [value.node for value in _as_tuple(returned) if isinstance(value, Traced)]
    found = dict.fromkeys(traced_in(changed if returned is None else returned))
    return [node for node in found if node.primitive is not None]


def are_held(returned: Any) -> bool:
    """Whether no output is returned by itself."""
    return not any(isinstance(value, Traced) for value in _as_tuple(returned))


def checked_outputs(function: Any, outputs: list[Node], returned: Any) -> None:
    """That there are outputs, of which a loss can be made.

    Raises:
        LayerError: there are none.
    """
    if not outputs:
        values = _as_tuple(returned)
        what = "None" if all(value is None for value in values[:1]) else type(plain(returned)).__name__
        what = "an array into which nothing was put" if isinstance(returned, Slate) else what
        raise LayerError(
            f"{function.__name__} returned {what}, no value computed from its inputs"
            + (": is it written yet?" if what == "None" else ""),
            where=f"{file_name(function.__code__.co_filename)}:{function.__code__.co_firstlineno}",
            fix="Return the layer's output: `return out`, or `return out, cache`.",
        )
    if any(node.value.dtype.kind == "c" for node in outputs):
        raise LayerError(
            f"{function.__name__} returned complex numbers: a loss cannot be made of them",
            where=f"{function.__code__.co_filename}:{function.__code__.co_firstlineno}",
            fix="Return a real value of them: np.abs(out), out.real, or the inverse transform's real part.",
        )


def _as_tuple(returned: Any) -> tuple[Any, ...]:
    return returned if isinstance(returned, tuple) else (returned,)
