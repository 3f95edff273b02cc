"""Which functions go together, and which layer they are named after."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from backpropviz.course.layers import LAYERS
from backpropviz.course.record import Layer
from backpropviz.diagnose.pairs.protocols import subjects

_DIRECTED = re.compile(r"(?P<stem>\w+?)_(?P<way>forward|backward|fwd|bwd)(?P<suffix>\w*)", re.IGNORECASE)
_LOSS = re.compile(r"(?P<stem>\w*loss)(?P<suffix>(?:_naive|_vectorized|_alt)?)", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """What a function's name says: its layer, as it is spelled, forward or backward, and what follows ("_naive",
    "_alt")."""

    layer: Layer
    is_forward: bool
    suffix: str
    stem: str = ""


def recognize(name: str, parameters: Sequence[str] = ()) -> Named | None:
    """The layer a function is named after; None for a name that no layer has. The parameters tell a loss of scores from
    that of a linear classifier.

    >>> recognize("batchnorm_backward_alt").suffix
    '_alt'
    >>> recognize("train") is None
    True
    """
    for pattern in (_DIRECTED, _LOSS):
        found = pattern.fullmatch(name)
        if found is None:
            continue
        classifies = {"w", "x", "y"} <= {parameter.lower() for parameter in parameters}
        for layer in LAYERS:
            if layer.is_loss and classifies != ("w" in layer.inputs):
                continue
            if layer.is_loss == (pattern is _LOSS) and re.fullmatch(layer.stems, found["stem"], re.IGNORECASE):
                way = found.groupdict().get("way") or "forward"
                return Named(layer, way.lower() in ("forward", "fwd"), found["suffix"], found["stem"])
    return None


@dataclass(frozen=True)
class Pair:
    """A forward function and the backward function that goes with it, by name; a loss is its own backward pass."""

    layer: Layer
    forward: str
    backward: str | None

    @property
    def name(self) -> str:
        return self.backward or self.forward


def pairs(functions: Mapping[str, ast.FunctionDef], wrapped: Collection[str] = ()) -> list[Pair]:
    """The pairs among a file's functions, in order. A backward pass without a forward of its own suffix
    (`batchnorm_backward_alt`) goes with the layer's first; a forward pass without a backward stands alone, and so does
    a loss, but where the file has a backward pass of it as well: it gives no gradient then. Pairs of layers that are
    not known come last. Functions around classes (`wrapped`) go with each other alone."""
    if wrapped:
        around = {name: functions[name] for name in functions if name in wrapped}
        return pairs({name: its for name, its in functions.items() if name not in around}) + pairs(around)
    known = {name: found for name in functions if (found := recognize(name, _parameters(functions[name])))}
    by_name = [*_own_pairs(functions)]
    apart = {pair.forward for pair in by_name if pair.backward is not None}
    made: list[Pair] = []
    for name, found in known.items():
        same = [other for other, its in known.items() if its.layer is found.layer]
        if found.is_forward:
            goes_on = name in apart if found.layer.is_loss else any(_goes_with(known, name, its, same) for its in same)
            if not goes_on:
                made.append(Pair(found.layer, name, None))
        else:
            forward = next((other for other in same if _goes_with(known, other, name, same)), None)
            if forward is not None:
                made.append(Pair(found.layer, forward, name))
    taken = {name for pair in made for name in (pair.forward, pair.backward)}
    return made + [pair for pair in by_name if pair.name not in taken]


def told(functions: Mapping[str, ast.FunctionDef], forward: str, backward: str) -> list[Pair]:
    """The pair of two functions that are said to belong together: of the layer that a name says, or of one's own."""
    if not {forward, backward} <= functions.keys():
        return []
    for name in (forward, backward):
        if found := recognize(name, _parameters(functions[name])):
            return [Pair(found.layer, forward, backward)]
    stems = (stem for stem, *names in subjects.pairs(functions) if names == [forward, backward])
    return [own(next(stems, forward), forward, backward)]


def _parameters(function: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]


def own(stem: str, forward: str, backward: str | None) -> Pair:
    """A pair of a layer that is not known; unknown.py finds out what it takes."""
    return Pair(Layer(stem, "", (), ("loss",) if backward is None else ("out",), (), (), ()), forward, backward)


def _own_pairs(functions: Mapping[str, ast.FunctionDef]) -> Iterator[Pair]:
    """Pairs by name, `foo_forward` and `foo_backward` or whatever else courses say, and `foo_loss` that returns more
    than the loss.
    """
    found: set[str | None] = set()
    for stem, forward, backward in subjects.pairs(functions):
        found |= {forward, backward}
        yield own(stem, forward, backward)
    for name, function in functions.items():
        if name not in found and _LOSS.fullmatch(name) and any(
            isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) for node in ast.walk(function)
        ):  # fmt: skip
            yield own(name, name, None)


def _goes_with(known: dict[str, Named], forward: str, backward: str, same: list[str]) -> bool:
    """Whether a backward pass is that of a forward pass: of one that is spelled alike, if there is one."""
    its = known[backward]
    if not known[forward].is_forward or its.is_forward:
        return False
    every = [name for name in same if known[name].is_forward]
    fitting = [name for name in every if known[name].suffix == its.suffix]
    alike = [name for name in fitting or every if known[name].stem == its.stem]
    return bool(every) and forward == (alike or fitting or every)[0]
