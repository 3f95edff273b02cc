"""Writes a layer as courses do: a forward function that fills a cache, and a backward function that takes it.

    batchnorm_forward(x, gamma, beta, bn_param=None) -> out, cache
    batchnorm_backward(dout, cache) -> dx, dgamma, dbeta

Settings come in a dictionary. The cache holds what the backward pass reads, and nothing else.
"""

from __future__ import annotations

import ast
import builtins
import json
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropviz.code.listing import Listing, Statement, bare_names, imports, indented, titled
from backpropviz.code.literals import digits
from backpropviz.code.reach import as_far, is_close
from backpropviz.code.shelves import by_input, by_output, given
from backpropviz.code.straight import listing
from backpropviz.engine.graph import Step
from backpropviz.engine.named import plain

if TYPE_CHECKING:
    from backpropviz.engine.trace import Trace

_DICTIONARIES = {
    "batchnorm": "bn_param",
    "spatial_batchnorm": "bn_param",
    "layernorm": "ln_param",
    "groupnorm": "gn_param",
    "conv": "conv_param",
    "conv_same": "conv_param",
    "maxpool": "pool_param",
    "avgpool": "pool_param",
}
_KEYS = {"keep": "p"}  # what courses call a setting in the dictionary
_KNOWN = {"np", *dir(builtins)}


def pair(trace: Trace) -> str:
    """The forward and the backward function of a trace, as NumPy code that runs.

    Executed, they give the trace's outputs and gradients. A trace that was not run backward yet gets an upstream
    gradient for every output, so that the backward function takes one for each. For a loss, a single number, the
    function that returns it with its gradients follows.

    Raises:
        TraceError: nothing that the output depends on carries a gradient.
    """
    if not trace.upstream:
        trace.backward({node.name or "out": None for node in trace.outputs})
    return _written(trace, as_far(trace, _listed, _is_right))


def _listed(trace: Trace) -> Listing:
    """What both functions are made of; with its loops, where the forward part then gives the outputs."""
    with_loops = looped(trace)
    if with_loops is not None and _is_right(trace, with_loops):
        return with_loops
    return listing(trace, wanted=trace.outputs)


def _is_right(trace: Trace, code: Listing) -> bool:
    """Whether both functions, run on the recorded inputs, give the recorded outputs and gradients.

    Their gradients alone say little of the forward pass: what it returns need not be what the backward pass reads.
    """
    settings = {_KEYS.get(name, name): plain(trace.settings[name]) for name in code.settings}
    scope: dict[str, Any] = {}
    try:
        arguments = given(trace, code)
        upstream, inputs = arguments[: len(code.upstream)], arguments[len(code.upstream) :]
        with np.errstate(all="ignore"):
            exec(_written(trace, code, draws=False), scope)
            forward = scope[f"{trace.layer}_forward"]
            *returned, cache = forward(*inputs, *code.constants.values(), *[settings] * bool(settings))
            gradients = by_input(trace, code, scope[f"{trace.layer}_backward"](*upstream, cache))
        found = [*by_output(trace, code, returned), *(gradients[name] for name in trace.grad)]
    except Exception:
        return False
    wanted = [*(node.value for node in trace.outputs), *trace.grad.values()]
    return all(map(is_close, found, wanted))


def _written(trace: Trace, code: Listing, draws: bool = True) -> str:
    """Both functions as text, after the code that they are made of.

    With `draws`, the forward function draws its random masks itself; else it is given them.
    """
    outputs, names = trace.outputs, code.outputs
    drawn = _drawn(trace, code) if draws else {}
    inputs = [*code.parameters, *(name for name in code.constants if name not in drawn)]
    dictionary = _unlike(_DICTIONARIES.get(trace.layer, f"{trace.layer}_param"), inputs)
    cache = _unlike("cache", [*inputs, *names])
    computed, back, kept = passes(trace, code)
    settings = _settings(trace, code, dictionary)
    options = [f"{dictionary}=None"] if settings else []

    forward = [f"def {trace.layer}_forward({', '.join([*inputs, *options])}):"]
    remarks = [f"# {remark}" for remark in code.remarks]
    forward += indented([*remarks, *settings, *code.sizes, *drawn.values(), *computed])
    forward += indented([*packed(f"{cache} = ", kept), f"return {', '.join([*names, cache])}"])
    backward = [f"def {trace.layer}_backward({', '.join([*code.upstream, cache])}):"]
    backward += indented([*unpacked(kept, cache), *back, f"return {', '.join(code.returns)}"])
    parts = [imports(code.helpers), forward, backward]
    if outputs[0].value.ndim == 0 and len(code.upstream) == 1:
        parts.append(_loss(trace.layer, [*inputs, *options], names, cache))
    return "\n\n\n".join("\n".join(part) for part in parts) + "\n"


def _drawn(trace: Trace, code: Listing) -> dict[str, str]:
    """Arrays that the function draws by itself, with the statement: `mask = np.random.rand(*x.shape) < keep`.

    What the statement reads has to be at hand where the forward function begins.
    """
    at_hand = {*code.parameters, *code.settings, *(_assigned(code.sizes))} | _KNOWN
    made = {size.names[0]: size for size in trace.sizes if len(size.names) == 1}
    return {
        name: made[name].statement
        for name in code.constants
        if name in made and "np.random." in made[name].statement and at_hand.issuperset(made[name].needs)
    }


def _assigned(lines: Iterable[str]) -> Iterator[str]:
    """Every name that lines of code assign."""
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def passes(trace: Trace, code: Listing) -> tuple[list[str], list[str], list[str]]:
    """The lines of the forward and of the backward pass, and the names that the second reads from the first."""
    inputs = [*code.parameters, *code.constants]
    given = [*code.upstream, *bare_names(code.helpers)]
    made = [*inputs, *code.settings, *(name for size in trace.sizes for name in size.names)]
    if code.rolled is None:
        read = read_names(code.backward, given)
        computed, back = captioned(code.forward), titled(code.backward)
        made += [statement.name for statement in code.forward]
    else:
        computed, back = code.rolled
        read = free_names(back, given)
        used_up = [name for name in code.stacks if name in read]
        back = [*(f"{name} = list({name})  # it is used up from its end" for name in used_up), *back]
    kept = sorted(read, key=lambda name: made.index(name) if name in made else len(made))
    return computed, back, kept


def looped(trace: Trace, apart: bool = False) -> Listing | None:
    """The functions with their loops, if they have some and the forward part gives the outputs."""
    if not trace.loops:
        return None
    from backpropviz.code.rolled import rolled  # what only functions with loops need

    return rolled(trace, trace.outputs, shelves=True, apart=apart)


def free_names(lines: Iterable[str], given: Iterable[str] = ()) -> list[str]:
    """The names that lines of code read before they assign them, in order, without those `given`."""
    finder = _Free({*_KNOWN, *given})
    finder.visit(ast.parse("\n".join(lines)))
    return list(finder.found)


class _Free(ast.NodeVisitor):
    """Goes through code in the order it runs."""

    def __init__(self, known: set[str]):
        self.known, self.found = known, dict[str, None]()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.known.add(node.id)
        elif node.id not in self.known:
            self.found[node.id] = None

    def visit_Assign(self, node: ast.Assign) -> None:
        for part in (node.value, *node.targets):
            self.visit(part)

    def visit_For(self, node: ast.For) -> None:
        for part in (node.iter, node.target, *node.body):
            self.visit(part)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node, node.elt)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node, node.key, node.value)

    def _comprehension(self, node: ast.ListComp | ast.DictComp, *made: ast.expr) -> None:
        outside, self.known = self.known, {*self.known}  # what a comprehension counts with is its own
        for generator in node.generators:
            for part in (generator.iter, generator.target, *generator.ifs):
                self.visit(part)
        for part in made:
            self.visit(part)
        self.known = outside


def captioned(statements: Iterable[Statement]) -> list[str]:
    """Forward statements, each step's under its number and caption."""
    lines: list[str] = []
    above: Step | None = None
    for statement in statements:
        if statement.step is not above and statement.step is not None:
            above = statement.step
            lines.append(f"# step {above.label}" + (f": {above.caption}" if above.caption else ""))
        lines.append(str(statement))
    return lines


def read_names(statements: Iterable[Statement], given: Iterable[str] = ()) -> list[str]:
    """The names that statements read before they assign them, in order, without those `given`."""
    known = _KNOWN | set(given)
    found: dict[str, None] = {}
    for statement in statements:
        names = (node for node in ast.walk(ast.parse(statement.code, mode="eval")) if isinstance(node, ast.Name))
        for name in sorted(names, key=lambda name: name.col_offset):
            if name.id not in known:
                found[name.id] = None
        known.add(statement.name)
    return list(found)


def _settings(trace: Trace, code: Listing, dictionary: str) -> list[str]:
    """Reads the settings that the formulas use, and refuses those that would have taken another path."""
    used = {name: plain(value) for name, value in code.settings.items()}
    lines = [f"{name} = {_get(dictionary, name, _literal(value))}" for name, value in used.items()]
    if "window" in used and trace.layer in _DICTIONARIES:  # courses give its height and width each by itself
        height, width = used["window"] if isinstance(used["window"], tuple) else (used["window"],) * 2
        sides = f"({_get(dictionary, 'pool_height', height)}, {_get(dictionary, 'pool_width', width)})"
        lines[list(used).index("window")] = f"window = {_get(dictionary, 'window', sides)}"
    for name, value in trace.settings.items():
        if name not in used and isinstance(value, str | bool):
            same = "is" if isinstance(value, bool) else "=="
            found = _get(dictionary, name, _literal(value))
            lines.append(f"assert {found} {same} {_literal(value)}, {_literal(f'written for {name}={value}')}")
    return [f"{dictionary} = {dictionary} or {{}}", *lines] if lines else []


def _get(dictionary: str, name: str, default: Any) -> str:
    return f'{dictionary}.get("{_KEYS.get(name, name)}", {default})'


def _literal(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else digits(value)


def _loss(function: str, parameters: list[str], names: list[str], cache: str) -> list[str]:
    arguments = ", ".join(parameter.partition("=")[0] for parameter in parameters)
    body = [
        f"{', '.join([*names, cache])} = {function}_forward({arguments})",
        f"return {names[0]}, {function}_backward(1.0, {cache})",
    ]
    return [f"def {function}({', '.join(parameters)}):", *indented(body)]


def packed(assigned: str, names: list[str]) -> list[str]:
    """`cache = (x, w)`, on several lines where it is long."""
    line = f"{assigned}({', '.join(names)}{',' if len(names) == 1 else ''})"
    if len(line) <= 100:
        return [line]
    return [f"{assigned}(", *indented(textwrap.wrap(f"{', '.join(names)},", 96)), ")"]


def unpacked(names: list[str], cache: str) -> list[str]:
    """The reverse: `x, w = cache`."""
    if not names:
        return []
    *before, last = packed("", names)
    if not before and len(names) > 1:
        last = last[1:-1]
    return [*before, f"{last} = {cache}"]


def _unlike(name: str, taken: Iterable[Any]) -> str:
    while name in set(taken):
        name += "_"
    return name
