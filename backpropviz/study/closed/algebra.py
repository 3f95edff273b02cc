"""A closed form proved on a small case: entry by entry, with a letter for every number that comes in.

The recorded backward pass and the found one run on the same letters, and each gradient's difference is brought to a
form in which nothing is nothing. What is counted are entries and terms; where they are too many, the closed form rests
on its random inputs alone.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backpropviz.engine.trace import Trace
from backpropviz.errors import BackpropvizError
from backpropviz.layers.library import load
from backpropviz.study.closed.program import Program
from backpropviz.study.closed.quotients import Quotients, UnprovableError
from backpropviz.study.closed.scenes import Scene, Stage
from backpropviz.study.symbolic import SymbolicRun
from backpropviz.study.values.trees import called, expression

MOST_ENTRIES, MOST_PRODUCTS = 1_500, 25_000
"""Entries of all values of the recorded pass; products of two terms. Above these nothing is proved by algebra."""


@dataclass(frozen=True)
class Algebra:
    """What was proved, or what stood in its way.

    Attributes:
        shapes: of the inputs in the small case; empty where nothing was proved. fixed: inputs that were numbers in it.
        obstacle: why nothing was proved; "" where it was.
    """

    shapes: dict[str, tuple[int, ...]]
    fixed: dict[str, Any]
    obstacle: str = ""

    @property
    def holds(self) -> bool:
        return not self.obstacle

    @property
    def words(self) -> str:
        """`x of 2 x 3, y = [1 0]`."""
        sized = [
            f"{name} of {' x '.join(map(str, s))}" if s else f"one number {name}" for name, s in self.shapes.items()
        ]
        given = [f"{name} = {str(value).replace(chr(10), '')}" for name, value in self.fixed.items()]
        return ", ".join([*sized, *given])


def by_algebra(stage: Stage, program: Program) -> Algebra:
    """Prove that the program's gradients are the recorded ones, on the smallest case that the layer takes."""
    obstacle = "SymPy is not installed"
    try:
        import sympy
    except ImportError:
        return Algebra({}, {}, obstacle)
    for scene in _small(stage):
        inputs = scene.trace.inputs
        try:
            obstacle = _difference(scene, program, sympy)
        except (UnprovableError, BackpropvizError) as error:
            obstacle = str(error).partition("\n")[0].rstrip(".")
        if not obstacle:
            answers = _answers(scene.trace)
            letters = {n: node for n, node in inputs.items() if node.carries_gradient and n not in answers}
            fixed = {name: node.value for name, node in inputs.items() if name not in letters}
            return Algebra({name: node.shape for name, node in letters.items()}, fixed)
    return Algebra({}, {}, obstacle)


def _small(stage: Stage) -> Iterator[Scene]:
    """Cases with axes of two and three entries in turn, then shorter ones; what cannot be that short stays as it is.

    None in which a gradient vanishes that does not vanish elsewhere: two numbers are standardized to -1 and 1, whatever
    they are.
    """
    for sizes in ((2, 3), (3, 2), (2,), (2, 2, 1, 1)):
        chosen: dict[str, tuple[int, ...]] = {name: tuple(shape) for name, shape in stage.shapes.items()}
        for knob, size in zip(stage.knobs, itertools.cycle(sizes)):
            changed = {
                name: tuple(size if (name, axis) in knob.axes else now for axis, now in enumerate(shape))
                for name, shape in chosen.items()
            }
            if stage.takes(changed):
                chosen = changed
        found = stage.case(chosen)
        if found is not None and all(
            _is_nothing(stage.base, name) or not _is_nothing(found, name) for name in found.right
        ):
            yield found


def _is_nothing(scene: Scene, name: str) -> bool:
    return bool(np.abs(scene.right[name]).max(initial=0) < 1e-9)


def _difference(scene: Scene, program: Program, sympy: Any) -> str:
    """Where the gradients differ, as far as algebra can tell; "" where they are equal.

    Raises:
        UnprovableError: the case is too large, or has a function without a rule. TraceError: it has no formulas.
    """
    if any(name not in scene.right for name in program.returns):
        raise UnprovableError("its gradients come in dictionaries or lists, and are no formula")
    long, short = scene.trace, _run(program, scene)
    entries = sum(node.value.size for trace in (long, short) for node in (*trace.nodes, *trace.red.nodes))
    if entries > MOST_ENTRIES:
        raise UnprovableError(f"the smallest case has {entries:,} entries, more than {MOST_ENTRIES:,}")
    letters = {name: name for name in (*long.inputs, *short.inputs)} | {"dout": "dout"}
    numbers = [name for name in short.inputs if name in {*program.listing.constants, *_answers(long)}]
    right = SymbolicRun(long, letters, sympy, numbers=numbers)
    found = SymbolicRun(short, letters, sympy, numbers=numbers)
    quotients = Quotients(MOST_PRODUCTS)
    zeros = [line.name for line in program.backward if called(expression(line.code)) == "zeros_like"]
    led_to = [name for name in program.returns if name not in zeros]
    made_by_name: dict[str, Any] = dict.fromkeys(zeros, 0)
    made_by_name |= {name: found.values[output] for name, output in zip(led_to, short.outputs, strict=True)}
    for name in program.returns:
        gradient = long.inputs[name.removeprefix("d")].gradient
        assert gradient is not None
        pair = right.values[gradient], made_by_name[name]
        one, other = (np.broadcast_to(v, gradient.shape).ravel() for v in pair)
        for recorded, made in zip(one, other):
            difference = quotients.minus(*(quotients.of(sympy.sympify(each)) for each in (recorded, made)))
            if difference.terms:
                return f"an entry of {name} is equal to the recorded one by no rule that is known here"
    return ""


def _answers(trace: Trace) -> list[str]:
    """Inputs that are one-hot: what rests on that is true of no letters."""
    return [n for n, node in trace.inputs.items() if node.value.ndim and set(np.unique(node.value)) <= {0, 1}]


def _run(program: Program, scene: Scene) -> Trace:
    """The program's record on the numbers of a case."""
    given = scene.arguments(program.listing)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "closed.py"
        path.write_text(str(program), encoding="utf-8")
        layer = load(f"{path}:{program.listing.name}")
        return layer.trace({name: value for name, value in given.items() if name in layer.parameters}, verify=False)
