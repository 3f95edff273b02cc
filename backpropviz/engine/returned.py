"""What a run gives back: the values that its gradients start from."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from backpropviz.engine.graph import Node
from backpropviz.engine.named import plain
from backpropviz.engine.slate import Slate, now
from backpropviz.engine.traced import Traced
from backpropviz.errors import LayerError
from backpropviz.text import file_name

Path = tuple[Any, ...]


def returned_by_itself(returned: Any) -> list[Node]:
    """The outputs among what a function returned, `out` of `return out, cache`."""
    return [value.node for value in _as_tuple(returned) if isinstance(value, Traced)]


def held_outputs(returned: Any, arguments: Mapping[str, Any]) -> dict[Node, tuple[str, Path]]:
    """What returned dictionaries and lists hold: new parameters of an update. Each with what it is in, and where.

    An update that returns nothing has changed the dictionaries it was given.

    Args:
        arguments: the dictionaries and lists that the function was given, as the run left them.
    """
    found: dict[Node, tuple[str, Path]] = {}
    for at, value in enumerate(arguments.values() if returned is None else _as_tuple(returned)):
        given = next((name for name, argument in arguments.items() if argument is value), None)
        root = f"new_{given}" if given else "out" if not isinstance(returned, tuple) else f"out_{at + 1}"
        for path, node in _traced_in(value):
            if node.primitive is not None:
                found.setdefault(node, (root, path))
    return found


def _traced_in(value: Any, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """The nodes of all traced values that dictionaries, lists and tuples hold, each with the way to it."""
    value = now(value)
    if isinstance(value, Traced):
        yield path, value.node
    elif isinstance(value, dict | list | tuple):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _traced_in(part, (*path, key))


def checked_outputs(function: Any, outputs: list[Node], returned: Any) -> None:
    """That there are outputs, of which a loss can be made.

    Raises:
        LayerError: there are none.
    """
    if not outputs:
        values = _as_tuple(returned)
        what = "None" if all(value is None for value in values[:1]) else type(plain(returned)).__name__
        if not inspect.signature(function).parameters:
            raise LayerError(
                f"{function.__name__} takes no inputs: there is nothing to give a gradient to",
                where=f"{file_name(function.__code__.co_filename)}:{function.__code__.co_firstlineno}",
                fix="Hand it its arrays by name: `def layer(x, w): return out`.",
            )
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
