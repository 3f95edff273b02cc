"""Runs a recorded graph, forward and red, once more on SymPy symbols: one for every entry of the inputs."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpropviz.engine.graph import Node
from backpropviz.engine.named import Name, Named, Operation, plain
from backpropviz.engine.trace import Trace
from backpropviz.engine.versions import WRITES
from backpropviz.errors import InputError, TraceError
from backpropviz.study.brackets import rules

LONGEST = 5_000
"""Names and numbers in one formula; of longer ones, SymPy is not asked to tidy them up."""

EVALUATED = 50
"""Names and numbers in an argument of a function; of longer ones, SymPy is not asked for what it knows of them."""

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
}  # fmt: skip


SMALLER = "Use a smaller case: --shape with shorter axes; of a loop, with fewer rounds."


class TooLongError(InputError):
    """A formula is too long to be written out."""


@dataclass(frozen=True)
class Elements:
    """The formulas of one array, entry by entry: `rows` of (entry's name, formula).

    Attributes:
        loops: the loops that a step stands in, and which of their rounds is the one it is written for.
    """

    name: str
    shape: tuple[int, ...]
    rows: list[tuple[str, str]]
    loops: tuple[str, ...] = ()


class SymbolicRun:
    """Every node of a trace, forward and red, as an array of SymPy expressions.

    Args:
        stepwise: what has a name is written down in `steps`, and from then on stands for itself; entries that a
            write leaves as they were keep their names, and gradients that are zero stay zero.
        numbers: inputs that stay the numbers that they are.
        most: names and numbers in the formulas of all values together, beyond which it is given up.

    Raises:
        TooLongError: they have more than `most`.
    """

    def __init__(
        self,
        trace: Trace,
        letters: dict[str, str],
        sympy: Any,
        stepwise: bool = False,
        numbers: Collection[str] = (),
        most: int | None = None,
    ):
        self.sympy = sympy
        self.steps: list[tuple[Node, Elements]] = []
        self.settings: dict[str, Any] = {}
        self._given = trace.settings
        self._counted: dict[Any, int] = {}
        self._most, self._spent = most, 0
        self._rules = rules(sympy, self.tidy)
        self._functions = {
            np.sqrt: sympy.sqrt, np.exp: sympy.exp, np.log: sympy.log, np.tanh: sympy.tanh, np.sin: sympy.sin,
            np.cos: sympy.cos, np.sinh: sympy.sinh, np.cosh: sympy.cosh, np.tan: sympy.tan, np.arctan: sympy.atan,
            np.square: lambda x: x**2, np.reciprocal: lambda x: 1 / x, np.log1p: lambda x: sympy.log(1 + x),
            np.logaddexp: lambda x, y: sympy.log(sympy.exp(x) + sympy.exp(y)), np.expm1: lambda x: sympy.exp(x) - 1,
            np.hypot: lambda x, y: sympy.sqrt(x**2 + y**2),
        }  # fmt: skip
        roots = np.frompyfunc(sympy.sqrt, 1, 1)
        self._written_out: dict[Any, Callable[..., Any]] = {
            np.var: _variance,
            np.std: lambda x, **how: roots(_variance(x, **how)),
            np.linalg.norm: lambda x, ord=None, **how: roots(_squares(x, ord, **how)),
        }
        self.values: dict[Node, Any] = {}
        for name, node in trace.inputs.items():
            is_letter = node.carries_gradient and name not in numbers
            self.values[node] = self.symbols(letters[name], node) if is_letter else node.value
        for node in trace.upstream.values():
            self.values[node] = self.symbols(letters.get(node.name or "", letters["dout"]), node)
        red = set(trace.red.nodes)
        for node in (*trace.nodes, *trace.red.nodes):
            if node.primitive is not None:
                self.values[node] = self._evaluate(node)
                if most is not None:
                    self._spend(node, most)
                if stepwise and node.name and self.is_symbolic(node):
                    self._write_down(node, node.name, of_gradient=node in red)

    def _write_down(self, node: Node, name: str, of_gradient: bool) -> None:
        formulas, entries, symbols = self.formulas(name, node), self.values[node], self.symbols(name, node)
        known = [of_gradient and entry == 0 for entry in entries.flat]
        if node.primitive in WRITES:
            before = self._exact(np.broadcast_to(self._symbolic(node.args[0]), node.shape))
            known = [is_known or now == then for is_known, now, then in zip(known, entries.flat, before.flat)]
        if not all(known):
            rows = [row for row, is_known in zip(formulas.rows, known) if not is_known]
            symbols.flat = [
                entry if is_known else new for entry, new, is_known in zip(entries.flat, symbols.flat, known)
            ]
            self.steps.append((node, Elements(name, node.shape, rows)))
            self.values[node] = symbols

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
        decides = primitive.decision is not None and not concrete
        if decides and primitive not in self._rules:
            raise refusal(node, "which branch it takes depends on the numbers")
        try:
            if decides:
                return self._rules[primitive](*map(self._exact, args), **kwargs)
            if primitive in WRITES and not concrete:  # symbols are written into what began as numbers
                value = args[1][()] if isinstance(args[1], np.ndarray) else args[1]  # an entry, not an array in one
                args = (self._exact(np.asarray(args[0])).astype(object), value, *args[2:])
            if isinstance(primitive.run, np.ufunc):
                args = tuple(map(self._exact, args))
            if primitive.run in self._functions and not concrete:
                return np.asarray(np.frompyfunc(self._function(primitive.run), len(args), 1)(*args))
            written_out = primitive.run if concrete else self._written_out.get(primitive.run, primitive.run)
            assert written_out is not None
            return _entries(np.asarray(written_out(*args, **kwargs)))
        except (TypeError, AttributeError, ValueError) as error:
            raise refusal(node, f"it has no formula in single entries ({error})") from error

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
        if isinstance(value, Named) and isinstance(value, float):
            written = self._written(value.expression)
            if written is not None:
                return written
        value = plain(value)
        if isinstance(value, float):
            return self.sympy.nsimplify(value, rational=True)
        if isinstance(value, tuple):
            return tuple(self._symbolic(item) for item in value)
        if isinstance(value, list):
            return [self._symbolic(item) for item in value]
        return value

    def _written(self, expression: Any) -> Any:
        """A number of settings as it was written, `-beta`; None where sizes stand in it."""
        if isinstance(expression, Name) and isinstance(self._given.get(expression.name), float):
            return self.settings.setdefault(expression.name, self.sympy.Symbol(expression.name, positive=True))
        if isinstance(expression, Operation) and expression.symbol in _OPERATORS:
            left, right = (self._operand(part) for part in (expression.left, expression.right))
            return None if left is None or right is None else _OPERATORS[expression.symbol](left, right)
        return None

    def _operand(self, part: Any) -> Any:
        if isinstance(part, Name | Operation):
            return self._written(part)
        return self.sympy.nsimplify(part, rational=True) if isinstance(part, int | float) else None

    def _function(self, run: Any) -> Callable[..., Any]:
        """An elementary function of expressions; of a long argument, what SymPy knows of it is not worth its search."""
        function = self._functions[run]

        def applied(*args: Any) -> Any:
            is_long = self._most is not None and any(self._leaves(argument) > EVALUATED for argument in args)
            with self.sympy.evaluate(not is_long):
                return function(*args)

        return applied

    def _spend(self, node: Node, most: int) -> None:
        """Count what the values are made of, and give up where it is too much."""
        value = self.values[node]
        self._spent += sum(map(self._leaves, value.ravel())) if value.dtype == object else 0
        if self._spent > most:
            raise TooLongError(
                f"written out up to {node.name or 'here'}, the formulas have more than {most:,} names and numbers",
                where=node.step.where if node.step else None,
                fix=SMALLER,
            )

    def _leaves(self, expression: Any) -> int:
        """How many names and numbers a formula has, written out."""
        known = self._counted
        if expression not in known:
            known[expression] = sum(map(self._leaves, getattr(expression, "args", ()))) or 1
        return known[expression]

    def formulas(self, name: str, node: Node) -> Elements:
        """The entries of a node, each with its formula.

        Raises:
            TooLongError: a formula is too long to be written out.
        """
        longest = max((self._leaves(entry) for entry in self.values[node].ravel()), default=0)
        if longest > LONGEST:
            raise TooLongError(
                f"a formula of {name} has {longest:,} names and numbers; more than {LONGEST:,} cannot be read",
                fix=SMALLER,
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


def _variance(x: Any, axis: Any = None, ddof: Any = 0, keepdims: bool = False) -> Any:
    total = np.asarray(np.sum((x - np.mean(x, axis=axis, keepdims=True)) ** 2, axis=axis, keepdims=keepdims))
    return total / (x.size // total.size - ddof)


def _squares(x: Any, ord: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """What the Euclidean length is the root of."""
    if not (ord is None or (ord == 2 and isinstance(axis, int)) or ord == "fro"):
        raise TypeError(f"a norm with ord={ord!r}")
    return np.sum(x**2, axis=axis, keepdims=keepdims)


def entry_name(letter: str, index: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """x (3, 3) at (0, 1) is x12; axes of length one are left out, and from ten on places are set apart: x1_10.

    A name that ends in a digit is set apart, too: the entry of w1 is w1_12.
    """
    places = [str(i + 1) for i, size in zip(index, shape) if size > 1]
    apart = "_" if places and letter[-1].isdigit() else ""
    return letter + apart + ("_" if any(size > 9 for size in shape) else "").join(places)


def refusal(node: Node, why: str) -> TraceError:
    assert node.primitive is not None
    return TraceError(
        f"{node.primitive.formula} cannot be written out in entries: {why}",
        where=node.step.where if node.step else None,
        fix="Formulas are for sums, products, elementary functions and maxima: conv, affine, maxpool, batchnorm, rnn.",
    )


def _entries(array: Any) -> Any:
    """An array of formulas, where NumPy has put a single one into an array of others as an array."""
    if array.dtype == object and any(isinstance(entry, np.ndarray) for entry in array.flat):
        return np.frompyfunc(lambda entry: entry.item() if isinstance(entry, np.ndarray) else entry, 1, 1)(array)
    return array
