"""Where the gradients are after a backward pass: returned, by name or in order; kept in the layer; taken as a step."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs.protocols import boxes
from backpropviz.diagnose.pairs.protocols.handing import STEP
from backpropviz.diagnose.pairs.protocols.names import RATE, TARGET, bare, gradient_of, of_the_input, roles
from backpropviz.diagnose.student.parameters import Parameter, aliases, stored
from backpropviz.layers.conventions import kind_of


@dataclass(frozen=True)
class After:
    """What there is once a backward pass has run, as expressions name it.

    Attributes:
        back: what it returned. layer, before: the layer after it and before it; None for functions.
        wanted: the inputs by name, as arrays. main: the one that the layer is applied to.
        learned: what the layer learns. names: what the return statement calls its values. steps: it was
            handed a learning rate. boxed: where gradients are left on what they belong to, by input. known: what the
            forward pass was called with, by name. step: the number that steps are multiplied by.
    """

    back: Any
    layer: Any
    before: Any
    wanted: Mapping[str, Any]
    main: str
    learned: Mapping[str, Parameter]
    names: Sequence[str]
    steps: bool = False
    boxed: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    step: str = ""

    def rate(self, path: str) -> str:
        """The learning rate of the step that a parameter takes, as an expression: handed over, or kept in the layer, or
        in the part of it that learns."""
        part = path.rpartition(".")[0]
        for holder in dict.fromkeys((f"layer.{part}".rstrip("."), "layer")):
            held = vars(eval(holder, {"layer": self.layer}))
            kept = [name for name, value in held.items() if RATE in roles(name) and isinstance(value, float)]
            if kept and not self.steps:
                return f"{holder}.{kept[0]}"
        return STEP if self.steps else self.step or "1.0"


def read(after: After, places: Sequence[str]) -> dict[str, str]:
    """For every input whose gradient was found, the expression that gives it.

    Args:
        places: the attributes that the backward pass assigns.
    """
    found: dict[str, str] = {}
    for name, code in _candidates(after, places):
        value = _value(code, after)
        if name not in found and value is not None and is_gradient(value):
            found[name] = code
    return found


def left(part: Any, attribute: str, parameter: Any) -> Any:
    """The gradient that a part of a network has; one that the backward pass never came to has none."""
    its = getattr(part, attribute, None)
    return np.zeros_like(parameter) if its is None else its


GIVEN: dict[str, Any] = {"__left__": left}
_OURS = {"np": np, **GIVEN, **boxes.GIVEN}


def _kept(its: Parameter) -> str:
    """Where a parameter's gradient is left, as an expression."""
    part, dot, attribute = its.gradient.rpartition(".")
    of_a_part = dot and "]." in its.gradient and attribute.isidentifier()
    return f"__left__(layer.{part}, {attribute!r}, layer.{its.path})" if of_a_part else f"layer.{its.gradient}"


def others(after: After, gradients: Mapping[str, str]) -> list[str]:
    """The inputs that one gradient without a name could be the gradient of as well, by its shape."""
    if after.layer is not None or [*gradients.values()] != ["back"] or any(map(gradient_of, after.names)):
        return []
    is_target = {name for name in after.wanted if TARGET in roles(name)}  # nobody asks for the slope by the targets
    return [name for name in after.wanted if name not in {*gradients, *is_target} and fits("back", name, after)]


def is_gradient(value: Any) -> bool:
    """An array of numbers, or a number."""
    return isinstance(value, np.ndarray | float | np.floating) and np.asarray(value).dtype.kind == "f"


def fits(code: str, name: str, after: After) -> bool:
    """Whether what an expression gives has the shape of the input."""
    return bool(np.shape(_value(code, after)) == np.shape(after.wanted[name]))


def _value(code: str, after: After) -> Any:
    try:
        known = {**after.known, **_OURS, "back": after.back, "layer": after.layer, "before": after.before}
        return eval(code, known)
    except Exception:  # an attribute that was not set, a place that is not there
        return None


def _candidates(after: After, places: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names of inputs with expressions that may give their gradients, the surest first."""
    yield from _returned(after)
    yield from after.boxed.items()
    if after.layer is None:
        return
    for name, its in after.learned.items():
        if its.gradient:
            yield name, _kept(its)
    for place in places:
        if of_the_input(place) or gradient_of(place) == bare(after.main):
            yield after.main, f"layer.{place}"
        for name in after.wanted:
            if gradient_of(place) == bare(name):
                yield name, f"layer.{place}"
    for name, its in after.learned.items():
        here, there = (_value(f"{holder}.{its.path}", after) for holder in ("layer", "before"))
        if here is not None and there is not None and not np.array_equal(here, there):
            yield name, f"(before.{its.path} - layer.{its.path}) / {after.rate(its.path)}"


def _returned(after: After) -> Iterator[tuple[str, str]]:
    back = after.back
    if isinstance(back, dict):
        yield from _by_name(dict(_keys(back, "back")), after)
    elif isinstance(back, tuple | list):
        yield from _of_a_sequence(after, back)
    elif back is not None:
        names = [*after.names] or [""]
        yield from _by_name({names[0]: "back"}, after)
        if np.shape(back) == np.shape(after.wanted[after.main]):
            yield after.main, "back"
        elif not gradient_of(names[0]):
            fitting = [name for name, value in after.wanted.items() if np.shape(value) == np.shape(back)]
            fitting.sort(key=lambda name: (TARGET in roles(name), kind_of(name) != "weight"))
            yield next(iter(fitting), after.main), "back"


def _keys(values: Mapping[Any, Any], code: str) -> Iterator[tuple[str, str]]:
    """The names of what dictionaries hold, those of one in another joined: `l1_W` of `back["l1"]["W"]`."""
    for key, value in values.items():
        yield str(key), f"{code}[{key!r}]"
        if isinstance(value, dict):
            yield from ((f"{key}_{name}", its) for name, its in _keys(value, f"{code}[{key!r}]"))


def _of_a_sequence(after: After, back: Sequence[Any]) -> Iterator[tuple[str, str]]:
    places = {i: f"back[{i}]" for i in range(len(back))}
    names = [*after.names] if len(after.names) == len(back) else [""] * len(back)
    named: dict[str, str] = {}
    for i, value in enumerate(back):
        if isinstance(value, dict):
            yield from _by_name(dict(_keys(value, f"back[{i}]")), after)
        elif isinstance(value, list | tuple):
            yield from _of_a_list(after, value, f"back[{i}]", names[i])
        elif names[i]:
            named[names[i]] = places[i]
    by_name = list(_by_name(named, after))
    yield from by_name
    taken = {code for _, code in by_name}
    left = [name for name in after.wanted if name not in {its for its, _ in by_name}]
    arrays = [i for i, value in enumerate(back) if is_gradient(value) and places[i] not in taken]
    if len(by_name) > 1:  # what has a name like no gradient, where others do, is none: the last state
        arrays = [i for i in arrays if not names[i] or gradient_of(names[i])]
    if not by_name and isinstance(back, list):
        yield from _of_a_list(after, back, "back", "")
    for i in arrays:  # in order, as far as shapes allow; without names, the order alone counts
        shape = np.shape(back[i])
        rest = left[:1] if not by_name and len(arrays) <= len(after.wanted) else []
        name = next((n for n in left if np.shape(after.wanted[n]) == shape), next(iter(rest), ""))
        if name:
            left.remove(name)
            yield name, places[i]


def _of_a_list(after: After, back: Sequence[Any], code: str, called: str) -> Iterator[tuple[str, str]]:
    """A list of gradients beside a list of parameters: by name and shape, or in order."""
    of = gradient_of(called)
    holders: dict[str, list[str]] = {}
    for name, its in after.learned.items():
        holder, bracket, _ = its.path.partition("[")
        holders.setdefault(holder if bracket else "", []).append(name)
    for holder, names in holders.items():
        alike = not of or not holder or bare(holder).startswith(of[:1])
        shapes = [np.shape(after.wanted[name]) == np.shape(value) for name, value in zip(names, back)]
        if alike and len(names) == len(back) and (all(shapes) or of):
            yield from ((name, f"{code}[{i}]") for i, name in enumerate(names))
            return


def _by_name(codes: Mapping[str, str], after: After) -> Iterator[tuple[str, str]]:
    """What names say: `dW1` is the gradient of W1, `dA_prev` that of whatever comes in."""
    known = {other: name for name in after.wanted for other in aliases(name)}
    known |= {bare(name): name for name in after.wanted}
    known |= {bare(name.partition("_")[2]): name for name in after.wanted if name.count("_") > 1}  # params_l1_W
    matched = {}
    for word, code in codes.items():
        of = gradient_of(word)
        name = known.get(of) or (known.get(bare(word)) if word.isidentifier() else None)
        if name:
            matched[name] = code
    yield from matched.items()
    if after.main not in matched:
        rest = [code for word, code in codes.items() if of_the_input(word) and code not in matched.values()]
        fitting = [code for code in rest if fits(code, after.main, after)]
        yield from ((after.main, code) for code in fitting[-1:])


def written(
    backward: ast.FunctionDef, main: str, wanted: Mapping[str, Any], learned: Mapping[str, Parameter]
) -> dict[str, str]:
    """What the text alone says of where the gradients are: the names it returns, and the attributes it assigns."""
    names = names_returned(backward)
    codes = {name: f"back[{i}]" if len(names) > 1 else "back" for i, name in enumerate(names)}
    known = {bare(name): name for name in wanted}
    found = {known[gradient_of(name)]: code for name, code in codes.items() if gradient_of(name) in known}
    if len(names) == 1 and not found:
        found[next((name for name in wanted if kind_of(name) == "weight"), main)] = "back"
    for place in stored(backward):
        if of_the_input(place) or gradient_of(place) == bare(main):
            found.setdefault(main, f"layer.{place}")
    return {**found, **{name: f"layer.{its.gradient}" for name, its in learned.items() if its.gradient}}


def names_returned(function: ast.FunctionDef) -> list[str]:
    """What the last return statement calls its values; empty strings for what has no name."""
    own = [node for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None]
    if not own:
        return []
    value = max(own, key=lambda node: node.lineno).value
    parts = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
    return [_last_name(part) for part in parts]


def _last_name(node: ast.AST | None) -> str:
    """`dx` of `dx`, `dx.T`, `self.dx` and `dx.reshape(x.shape)`; empty for what has none."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        return node.attr
    while isinstance(node, ast.Attribute | ast.Subscript) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
