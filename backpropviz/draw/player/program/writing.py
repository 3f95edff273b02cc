"""The program of a trace: every node of both passes with its recipe, the names, and what may be changed."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from backpropviz.draw.player.program.recipes import recipe
from backpropviz.engine.graph import Node
from backpropviz.engine.named import Named
from backpropviz.engine.trace import Trace
from backpropviz.engine.verifying import record
from backpropviz.errors import BackpropvizError
from backpropviz.show.encoding import encode
from backpropviz.study.entries import Entries

Program = dict[str, Any]
MOST_NODES = 2500
MOST_ENTRIES = 60_000
MOST_LETTERS = 150_000
_OTHER = 1.37  # times a setting's value: another one


def program(trace: Trace) -> Program:
    """Both passes as data.

    Returns:
        `nodes` in order, each with its shape `s` and how it is made (`recipes.py`) or its recorded numbers `c`; those
        that the page has no counterpart for with its name as `o`. `names` of values and gradients, with their nodes,
        the most telling one of each first; the `inputs` and the `upstream` gradients that may be changed; the inputs'
        `gradients`; `outputs`, each with its upstream gradient; `settings` that may be changed, with their values;
        `decided`: whether the path that was taken hung on values. Where the whole is too much for a page, only `why`.
    """
    nodes = [*trace.nodes, *trace.red.nodes]
    if len(nodes) > MOST_NODES:
        return {"why": f"{len(nodes)} operations are too many to be run again in a page."}
    if any(node.outline.dtype.kind not in "iub" and node.outline.dtype != np.float64 for node in nodes):
        return {"why": "A page computes with real numbers of 64 bits, and some of these are others."}
    found = _written(trace) if sum(node.outline.size for node in nodes) <= MOST_ENTRIES else None
    if found is None or len(_text(found)) > MOST_LETTERS:
        return {"why": "These are too many numbers to be run again in a page; a smaller case (--shape) is not."}
    return {**found, "settings": dict(_changeable(trace, found)), "decided": bool(trace.decisions)}


def _written(trace: Trace) -> Program:
    nodes = [*trace.nodes, *trace.red.nodes]
    numbers = {node: number for number, node in enumerate(nodes)}
    live: dict[Node, bool] = {}
    lines: list[dict[str, Any]] = []
    for node in nodes:
        live[node] = node.value.dtype.kind == "f" if node.primitive is None else _changes(node, live)
        made = recipe(node, live, numbers.__getitem__) if node.primitive is not None and live[node] else None
        lines.append({"s": list(node.shape), **(made or _recorded(node, live, numbers))})
    return {
        "nodes": lines,
        "names": {name: numbers[node] for name, node in sorted(Entries(trace).nodes.items(), key=_telling(trace))},
        "inputs": [name for name, node in trace.inputs.items() if live[node]],
        "upstream": [str(node.name) for node in trace.upstream.values()],
        "gradients": _gradients(trace),
        "outputs": [[numbers[output], numbers[red]] for output, red in trace.upstream.items()],
    }


def _gradients(trace: Trace) -> dict[str, str]:
    """What the inputs' gradients are called."""
    names = trace.gradient_names
    return {name: names.gradient(node) for name, node in trace.inputs.items() if node.gradient is not None}


def _telling(trace: Trace) -> Callable[[tuple[str, Node]], tuple[int, bool]]:
    """The order of names where a value has several: that of what arrives first, those of terms, "dx_1", last; and of
    "dscores = dbiased" the one that the code goes on with."""
    arriving = {str(node.name) for node in trace.upstream.values()}

    def place(named: tuple[str, Node]) -> tuple[int, bool]:
        name, node = named
        return -1 if name in arriving else 1 if re.search(r"_\d+$", name) else 0, name != node.name

    return place


def _changes(node: Node, live: Mapping[Node, bool]) -> bool:
    """Whether a value changes with the inputs or with a setting; a length does not change in a page."""
    told = any(isinstance(arg, Named) and isinstance(arg, float) for arg in node.args)
    return told or any(live[parent] for parent in node.parents)


def _recorded(node: Node, live: Mapping[Node, bool], numbers: Mapping[Node, int]) -> dict[str, Any]:
    """The numbers of an input, of a constant, or of what the page has no counterpart for."""
    line = {"c": encode(np.asarray(node.value, dtype=float).ravel())["data"]}
    if node.primitive is None or not live[node]:
        return line
    return {**line, "o": node.primitive.call or node.primitive.name, "a": [numbers[each] for each in node.parents]}


def _changeable(trace: Trace, found: Program) -> Iterator[tuple[str, float]]:
    """The settings that may be changed: those with which the function computes the same, but for their value.

    The function is run once more with another value: only then one knows what else hangs on it.
    """
    inputs = {name: node.value for name, node in trace.inputs.items()}
    for name, value in trace.settings.items():
        if not isinstance(value, float) or not any(_hangs_on(number, name) for number in _numbers(found)):
            continue
        other = float(value) * _OTHER + (value == 0)
        try:
            again = record(trace.callable, inputs, {**trace.settings, name: other})
            again.backward({node.name or "out": red.value for node, red in trace.upstream.items()})
        except BackpropvizError:
            continue
        if _as_with(found, name, float(value)) == _as_with(_written(again), name, other):
            yield name, float(value)


def _numbers(found: Program) -> list[dict[str, Any]]:
    """The plain numbers among the operands."""
    operands = [each for line in found["nodes"] if "f" in line for each in line["a"]]
    return [each for each in operands if isinstance(each, dict) and "x" in each]


def _hangs_on(number: Mapping[str, Any], name: str) -> bool:
    """Whether a number is computed from this setting, and no other name."""
    return _names(number.get("e")) == {name}


def _names(expression: Any) -> set[str]:
    if isinstance(expression, list):
        return _names(expression[1]) | _names(expression[2])
    return {expression} if isinstance(expression, str) else set()


_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
}  # fmt: skip


def _as_with(found: Program, name: str, value: float) -> str:
    """A program without the numbers recorded on the way, and without those that `name`, being `value`, gives."""

    def worked_out(expression: Any) -> float | None:
        if isinstance(expression, list):
            left, right = map(worked_out, expression[1:])
            compute = _OPERATORS.get(expression[0])
            return None if compute is None or left is None or right is None else compute(left, right)
        return value if expression == name else expression

    def told(operand: Any) -> Any:
        if isinstance(operand, dict) and _hangs_on(operand, name) and worked_out(operand["e"]) == operand["x"]:
            return operand["e"]
        return operand

    nodes = [
        {**line, "c": None}
        if "o" in line
        else {**line, "a": [told(each) for each in line["a"]]}
        if "f" in line
        else line
        for line in found["nodes"]
    ]
    return _text({**found, "nodes": nodes})


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
