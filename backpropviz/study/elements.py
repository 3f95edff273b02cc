"""Writes every output and gradient entry of a small case as a formula in the entries' own names.

The recorded graph, forward and red, is run once more on SymPy symbols: the same primitives, on arrays of objects. So
z11 = a11*w11 + a12*w12 + ... and da22 = d11*w22 + ... are what the layer computes, not what somebody wrote about it.
"""

from __future__ import annotations

import inspect
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from backpropviz.engine.graph import Node
from backpropviz.engine.named import plain
from backpropviz.engine.rounds import Rounds, describe
from backpropviz.engine.trace import Trace
from backpropviz.errors import InputError, LayerError
from backpropviz.study.symbolic import SMALLER, Elements, SymbolicRun, TooLongError

LARGEST = 64
"""More entries than this per array are too many to read."""

READABLE = 120
"""Characters; where a formula is longer, the steps are written one by one."""

MOST_ENTRIES = 30_000
"""Entries of all values together, forward and red; each is worked out by SymPy, if not written."""

MOST = 300_000
"""Names and numbers in the formulas of all values together, as many as SymPy works out in seconds."""

_LETTERS = {"x": "a", "out": "z", "dout": "d"}


@dataclass(frozen=True)
class RotatedFilter:
    """dx of a convolution as a convolution: the padded deltas with the filter rotated by 180 degrees."""

    deltas: list[list[str]]
    filter: list[list[str]]
    gradient: list[list[str]]


@dataclass(frozen=True)
class ElementReport:
    """All formulas of a layer: outputs first, then the inputs' gradients; the rotated filter where it applies.

    Attributes:
        outputs, gradients: none where a formula is too long to be written out.
        steps: where those are too long to read, every step's value and then every gradient, in terms of the entries of
            the ones before; of a loop, those of one round.
        branches: whether they hold only where the function goes the way that it went: it asks for values.
    """

    function: str
    letters: dict[str, str]
    outputs: list[Elements]
    gradients: list[Elements]
    rotated: RotatedFilter | None
    steps: list[Elements]
    branches: bool

    def to_dict(self) -> dict[str, Any]:
        return {"format": "backpropviz/elements", "version": 1, **asdict(self)}


def elements(trace: Trace, letters: dict[str, str] | None = None, round_: str | None = None) -> ElementReport:
    """Formulas for every entry of the output and of the inputs' gradients.

    Args:
        trace: a small case; its numbers are not used, only its graph.
        letters: letters for names, {"x": "a", "out": "z", "dout": "d"} by default.
        round_: which round of a loop stands for all, where the formulas are written step by step; see `Rounds`.

    Raises:
        LayerError: SymPy is not installed.
        InputError: an array has too many entries to read; a letter is for nothing that is there, or stands for two;
            there is no such round; even step by step the formulas are too long.
        TraceError: an operation has no formula: it decides by numbers (a rank), or is not known to SymPy.
    """
    sympy = _sympy()
    if not trace.upstream:
        trace.backward()
    rounds = Rounds(trace, round_)
    free = {name: letter if letter not in trace.inputs else name for name, letter in _LETTERS.items()}
    chosen = letters or {}
    letters = {**{name: name for name in trace.inputs}, **free, **chosen}
    _refuse_letters(letters, chosen, trace)
    for name, node in trace.inputs.items():
        if node.value.size > LARGEST:
            raise InputError(
                f"{name} has {node.value.size} entries; more than {LARGEST} are too many to read as formulas",
                fix=f"Use a smaller case: --shape {name}=...",
            )
    entries = sum(node.value.size for node in (*trace.nodes, *trace.red.nodes))
    if entries > MOST_ENTRIES:
        raise InputError(
            f"{trace.function} computes {entries:,} entries; more than {MOST_ENTRIES:,} are too many to write out",
            fix=SMALLER,
        )
    has_steps = len(trace.steps) > 1
    rotated: RotatedFilter | None = None
    try:
        run = SymbolicRun(trace, letters, sympy, most=MOST)
        outputs, gradients = _whole(trace, letters, run)
        rotated = _rotated_filter(trace, run)
    except TooLongError:
        if not has_steps:
            raise
        outputs, gradients = [], []
    steps: list[Elements] = []
    formulas = [formula for array in (*outputs, *gradients) for _, formula in array.rows]
    if has_steps and (not formulas or max(map(len, formulas)) > READABLE or round_ is not None):
        own = {**{name: name for name in (*trace.inputs, *_LETTERS)}, **chosen}
        written = SymbolicRun(trace, own, sympy, stepwise=True, most=MOST).steps
        steps = [_placed(array, node, rounds) for node, array in written if _is_shown(node, rounds)]
    return ElementReport(trace.function, letters, outputs, gradients, rotated, steps, bool(trace.decisions))


def _whole(trace: Trace, letters: dict[str, str], run: SymbolicRun) -> tuple[list[Elements], list[Elements]]:
    """The output's formulas and the gradients', in the inputs' own entries."""
    outputs = [run.formulas(letters["out"], trace.start)]
    gradients = [
        run.formulas(f"d{letters[name]}", node.gradient)
        for name, node in trace.inputs.items()
        if node.gradient is not None and run.is_symbolic(node)
    ]
    return outputs, gradients


def _is_shown(node: Node, rounds: Rounds) -> bool:
    return node.step is None or rounds.shows(node.step)


def _placed(array: Elements, node: Node, rounds: Rounds) -> Elements:
    """An array's formulas with the loops that they stand in."""
    chain = rounds.chains.get(node.step, ()) if node.step is not None else ()
    loops = (f"{round_.loop.head}: {len(round_.loop.rounds)} rounds, shown: {describe(round_)}" for round_ in chain)
    return replace(array, loops=tuple(loops))


def _sympy() -> Any:
    try:
        import sympy
    except ImportError as error:
        raise LayerError("formulas need SymPy", fix="Install it: pip install sympy") from error
    return sympy


def _refuse_letters(letters: dict[str, str], chosen: dict[str, str], trace: Trace) -> None:
    named = (*trace.inputs, "out", "dout")
    for name, letter in chosen.items():
        if name not in named:
            raise InputError(f"there is no {name} to give a letter to", fix=f"Choose one of {', '.join(named)}.")
        if not letter.isidentifier():
            raise InputError(f"{letter!r} is no letter", fix="Use a letter or a short word, such as --letter x=a.")
        others = [other for other in named if other != name and letters.get(other) == letter]
        if others:
            raise InputError(f"{name} and {others[0]} would both be {letter}", fix="Give one of them another letter.")


def _rotated_filter(trace: Trace, run: SymbolicRun) -> RotatedFilter | None:
    """Show, and check symbolically, that a one-channel convolution's dx is a convolution with the rotated filter."""
    x, w = trace.inputs.get("x"), trace.inputs.get("w")
    settings = {name: plain(value) for name, value in trace.settings.items()}
    if (
        x is None
        or w is None
        or x.gradient is None
        or x.shape[:2] != (1, 1)
        or w.shape[:2] != (1, 1)
        or len(w.shape) != 4
    ):
        return None
    if settings.get("stride", 1) not in (1, (1, 1)) or not inspect.signature(trace.callable).parameters.keys() >= {
        "x",
        "w",
        "b",
    }:
        return None
    deltas = run.values[next(iter(trace.upstream.values()))]
    (rows, columns), pad = w.shape[2:], settings.get("pad", 0)
    pads = pad if isinstance(pad, tuple) else (pad, pad)
    border = [(0, 0), (0, 0), *((size - 1, size - 1) for size in (rows, columns))]
    padded = np.pad(deltas, border, constant_values=0)
    rotated = run.values[w][:, :, ::-1, ::-1]
    convolved = trace.callable(padded, rotated, np.zeros(1, dtype=object), stride=1, pad=0)
    height, width = x.shape[2:]
    convolved = convolved[:, :, pads[0] : pads[0] + height, pads[1] : pads[1] + width]
    gradient = run.values[x.gradient]
    if convolved.shape != gradient.shape or any(
        run.sympy.expand(a - b) != 0 for a, b in zip(convolved.flat, gradient.flat)
    ):
        return None
    text = [[[str(run.tidy(cell)) for cell in row] for row in array[0, 0]] for array in (padded, rotated, gradient)]
    return RotatedFilter(*text)
