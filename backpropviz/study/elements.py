"""Writes every output and gradient entry of a small case as a formula in the entries' own names.

The recorded graph, forward and red, is run once more on SymPy symbols: the same primitives, on arrays of objects. So
z11 = a11*w11 + a12*w12 + ... and da22 = d11*w22 + ... are what the layer computes, not what somebody wrote about it.
"""

from __future__ import annotations

import inspect
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from backpropviz.engine.graph import Node
from backpropviz.engine.named import Name, Named, plain
from backpropviz.engine.trace import Trace
from backpropviz.engine.versions import WRITES
from backpropviz.errors import InputError, LayerError, TraceError

LARGEST = 64
"""More entries than this per array are too many to read."""

LONGEST = 5_000
"""Names and numbers in one formula; of longer ones, SymPy is not asked to tidy them up."""

READABLE = 120
"""Characters; where a formula is longer, the steps are written one by one."""

_LETTERS = {"x": "a", "out": "z", "dout": "d"}


@dataclass(frozen=True)
class Elements:
    """The formulas of one array, entry by entry: `rows` of (entry's name, formula)."""

    name: str
    shape: tuple[int, ...]
    rows: list[tuple[str, str]]


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
        steps: where those are too long to read, every step's value and then every gradient, in terms of the entries of
            the ones before.
    """

    function: str
    letters: dict[str, str]
    outputs: list[Elements]
    gradients: list[Elements]
    rotated: RotatedFilter | None
    steps: list[Elements]

    def to_dict(self) -> dict[str, Any]:
        return {"format": "backpropviz/elements", "version": 1, **asdict(self)}


def elements(trace: Trace, letters: dict[str, str] | None = None) -> ElementReport:
    """Formulas for every entry of the output and of the inputs' gradients.

    Args:
        trace: a small case; its numbers are not used, only its graph.
        letters: letters for names, {"x": "a", "out": "z", "dout": "d"} by default.

    Raises:
        LayerError: SymPy is not installed.
        InputError: an array has too many entries to read; a letter is for nothing that is there, or stands for two.
        TraceError: an operation has no formula: it decides by numbers (a maximum), or is not known to SymPy.
    """
    sympy = _sympy()
    if not trace.upstream:
        trace.backward()
    _refuse_decisions(trace)
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
    run = _SymbolicRun(trace, letters, sympy)
    output = trace.outputs[0]
    outputs = [run.formulas(letters["out"], output)]
    gradients = [
        run.formulas(f"d{letters[name]}", node.gradient)
        for name, node in trace.inputs.items()
        if node.gradient is not None and run.is_symbolic(node)
    ]
    steps: list[Elements] = []
    longest = max(len(formula) for array in (*outputs, *gradients) for _, formula in array.rows)
    if longest > READABLE and len(trace.steps) > 1:
        own = {**{name: name for name in (*trace.inputs, *_LETTERS)}, **chosen}
        steps = _SymbolicRun(trace, own, sympy, stepwise=True).steps
    return ElementReport(trace.function, letters, outputs, gradients, _rotated_filter(trace, run), steps)


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


def _refuse_decisions(trace: Trace) -> None:
    for node in trace.nodes:
        primitive = node.primitive
        if primitive is not None and primitive.decision is not None and node.carries_gradient:
            raise _refusal(node, "which branch it takes depends on the numbers")


def _refusal(node: Node, why: str) -> TraceError:
    assert node.primitive is not None
    return TraceError(
        f"{node.primitive.formula} cannot be written out in entries: {why}",
        where=node.step.where if node.step else None,
        fix="Formulas are for linear and rational layers: conv, affine, avgpool, batchnorm and the like.",
    )


class _SymbolicRun:
    """Every node of a trace, forward and red, as an array of SymPy expressions.

    Args:
        stepwise: what has a name is written down in `steps`, and from then on stands for itself.
    """

    def __init__(self, trace: Trace, letters: dict[str, str], sympy: Any, stepwise: bool = False):
        self.sympy = sympy
        self.steps: list[Elements] = []
        self.settings: dict[str, Any] = {}
        self._counted: dict[Any, int] = {}
        self._functions = {
            np.sqrt: sympy.sqrt, np.exp: sympy.exp, np.log: sympy.log, np.tanh: sympy.tanh, np.sin: sympy.sin,
            np.cos: sympy.cos, np.sinh: sympy.sinh, np.cosh: sympy.cosh, np.tan: sympy.tan, np.arctan: sympy.atan,
            np.square: lambda x: x**2, np.reciprocal: lambda x: 1 / x, np.log1p: lambda x: sympy.log(1 + x),
            np.logaddexp: lambda x, y: sympy.log(sympy.exp(x) + sympy.exp(y)), np.expm1: lambda x: sympy.exp(x) - 1,
            np.hypot: lambda x, y: sympy.sqrt(x**2 + y**2),
        }  # fmt: skip
        self.values: dict[Node, Any] = {}
        for name, node in trace.inputs.items():
            self.values[node] = self.symbols(letters[name], node) if node.carries_gradient else node.value
        for node in trace.upstream.values():
            self.values[node] = self.symbols(letters["dout"], node)
        for node in (*trace.nodes, *trace.red.nodes):
            if node.primitive is not None:
                self.values[node] = self._evaluate(node)
                if stepwise and node.name and self.is_symbolic(node):
                    self.steps.append(self.formulas(node.name, node))
                    self.values[node] = self.symbols(node.name, node)

    def symbols(self, letter: str, node: Node) -> Any:
        """One symbol per entry: letter and one-based places, axes of length one left out."""
        array = np.empty(node.shape, dtype=object)
        for index in np.ndindex(node.shape):
            array[index] = self.sympy.Symbol(entry_name(letter, index, node.shape))
        return array

    def is_symbolic(self, node: Node) -> bool:
        return bool(self.values[node].dtype == object)

    def _evaluate(self, node: Node) -> Any:
        primitive = node.primitive
        assert primitive is not None
        args, kwargs = self._symbolic(node.args), {key: self._symbolic(value) for key, value in node.kwargs.items()}
        concrete = not any(p in self.values and self.values[p].dtype == object for p in node.parents)
        try:
            if primitive in WRITES and not concrete:  # symbols are written into what began as numbers
                value = args[1][()] if isinstance(args[1], np.ndarray) else args[1]  # an entry, not an array in one
                args = (self._exact(np.asarray(args[0])).astype(object), value, *args[2:])
            if isinstance(primitive.run, np.ufunc):
                args = tuple(map(self._exact, args))
            if primitive.run in self._functions and not concrete:
                return np.asarray(np.frompyfunc(self._functions[primitive.run], len(args), 1)(*args))
            return np.asarray(primitive.run(*args, **kwargs))
        except (TypeError, AttributeError, ValueError) as error:
            raise _refusal(node, f"it has no formula in single entries ({error})") from error

    def _exact(self, value: Any) -> Any:
        """A factor as exact numbers: a mask as zeros and ones, floats as fractions."""
        if isinstance(value, np.ndarray) and value.dtype.kind == "b":
            return value.astype(int)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            return np.frompyfunc(lambda entry: self.sympy.nsimplify(entry, rational=True), 1, 1)(value)
        return value

    def _symbolic(self, value: Any) -> Any:
        if isinstance(value, Node):
            return self.values[value]
        if isinstance(value, Named) and isinstance(value.expression, Name) and isinstance(value, float):
            return self.settings.setdefault(
                value.expression.name, self.sympy.Symbol(value.expression.name, positive=True)
            )
        value = plain(value)
        if isinstance(value, float):
            return self.sympy.nsimplify(value, rational=True)
        if isinstance(value, tuple):
            return tuple(self._symbolic(item) for item in value)
        if isinstance(value, list):
            return [self._symbolic(item) for item in value]
        return value

    def _leaves(self, expression: Any) -> int:
        """How many names and numbers a formula has, written out."""
        known = self._counted
        if expression not in known:
            known[expression] = sum(map(self._leaves, getattr(expression, "args", ()))) or 1
        return known[expression]

    def formulas(self, name: str, node: Node) -> Elements:
        """The entries of a node, each with its formula.

        Raises:
            InputError: a formula is too long to be written out.
        """
        longest = max((self._leaves(entry) for entry in self.values[node].ravel()), default=0)
        if longest > LONGEST:
            raise InputError(
                f"a formula of {name} has {longest:,} names and numbers; more than {LONGEST:,} cannot be read",
                fix="Use a smaller case: --shape with shorter axes; of a loop, with fewer rounds.",
            )
        rows = [
            (entry_name(name, index, node.shape), str(self.tidy(self.values[node][index])))
            for index in np.ndindex(node.shape)
        ]
        return Elements(name, node.shape, rows)

    def tidy(self, expression: Any) -> Any:
        """A polynomial multiplied out; anything else as it is, with common factors together."""
        expression = self.sympy.sympify(expression)
        return self.sympy.expand(expression) if expression.is_polynomial() else self.sympy.factor_terms(expression)


def entry_name(letter: str, index: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """x (3, 3) at (0, 1) is x12; axes of length one are left out, and from ten on places are set apart: x1_10.

    A name that ends in a digit is set apart, too: the entry of w1 is w1_12.
    """
    places = [str(i + 1) for i, size in zip(index, shape) if size > 1]
    apart = "_" if places and letter[-1].isdigit() else ""
    return letter + apart + ("_" if any(size > 9 for size in shape) else "").join(places)


def _rotated_filter(trace: Trace, run: _SymbolicRun) -> RotatedFilter | None:
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
