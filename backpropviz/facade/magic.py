"""`%%backprop` over a notebook's cell: what the cell defines is traced, and shown."""

from __future__ import annotations

import argparse
import types
from pathlib import Path
from typing import Any

from backpropviz.errors import BackpropvizError, LayerError
from backpropviz.facade.traces import Trace
from backpropviz.layers.layer import Layer

_VIEWS = ("board", "player", "table", "code")


class _Refusing(argparse.ArgumentParser):
    """A parser of options that ends nobody's session."""

    def error(self, message: str) -> Any:
        raise LayerError(f"%%backprop: {message}", fix=self.format_usage().strip())


def _parser() -> _Refusing:
    parser = _Refusing(prog="%%backprop", add_help=False)
    parser.add_argument("function", nargs="?", help="the one that is shown; the last one of the cell without")
    parser.add_argument("--as", dest="view", choices=_VIEWS, default="board")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def backprop(shell: Any, line: str, cell: str) -> Any:
    """Run the cell, trace the function it defines, and give what shows it.

    Arrays of the notebook go to parameters of their names; other inputs are made up from what the code reads. The trace
    is kept as `_trace` in the notebook.

        %%backprop swish --as player

    Raises:
        LayerError: the cell defines no such function.
    """
    options = _parser().parse_args(line.split())
    before = dict(shell.user_ns)
    outcome = shell.run_cell(cell)
    if not outcome.success:
        return None  # the shell has shown the error
    made = {
        name: value
        for name, value in shell.user_ns.items()
        if isinstance(value, types.FunctionType) and before.get(name) is not value and not name.startswith("_")
    }
    wanted = options.function or next(reversed(made), None)
    if wanted is None or not isinstance(shell.user_ns.get(wanted), types.FunctionType):
        there = f"It defines {', '.join(made)}." if made else "Define one, such as def swish(x): ..."
        raise LayerError(f"the cell defines no function {wanted or ''}".rstrip(), fix=there)
    function = shell.user_ns[wanted]
    trace = traced(function, shell.user_ns, options.seed)
    shell.user_ns["_trace"] = trace
    views = {"board": lambda: trace, "player": trace.player, "table": trace.table, "code": trace.derive}
    return views[options.view]()


def traced(function: types.FunctionType, known: dict[str, Any], seed: int = 0) -> Trace:
    """A trace of a function, after its backward pass: on arrays of its parameters' names, as far as there are any."""
    import numpy as np

    layer = Layer(function.__name__, function, Path(function.__code__.co_filename), types.ModuleType("cell"))
    given = {name: known[name] for name in layer.parameters if isinstance(known.get(name), np.ndarray)}
    recorded = layer.trace(given, seed=seed)
    recorded.backward(seed=seed)
    return Trace(**vars(recorded))


def load(shell: Any) -> None:
    """Give a notebook's shell the magic; a mistake is a message there, without the way to it."""

    def magic(line: str, cell: str) -> Any:
        try:
            return backprop(shell, line, cell)
        except BackpropvizError as error:
            print(f"backpropviz: {error}")
            return None

    shell.register_magic_function(magic, magic_kind="cell", magic_name="backprop")
