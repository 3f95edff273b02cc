"""Which passes of a file belong together, by what they are called in many courses."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from backpropviz.diagnose.pairs.protocols.handing import optional, required
from backpropviz.diagnose.pairs.protocols.names import STRENGTH, TARGET, gradient_of, roles
from backpropviz.diagnose.pairs.protocols.record import Subject
from backpropviz.diagnose.student.classes import is_abstract
from backpropviz.diagnose.student.parameters import stored

FORWARD = (
    "forward", "fwd", "__call__", "fprop", "forward_pass", "forward_prop", "forward_propagation", "forward_propagate",
    "feedforward", "feed_forward", "_forward", "propagate", "call", "f", "fn", "func", "function", "activate",
    "activation", "apply", "compute", "evaluate", "loss", "cost", "calculate", "predict", "net_input",
)  # fmt: skip
BACKWARD = (
    "backward", "bprop", "backprop", "bwd", "backward_pass", "back_prop", "back_propagation", "backpropagation",
    "backward_prop", "backward_propagation", "backpropagate", "back_propagate", "_backward", "back", "backwards",
    "gradient", "gradients", "grad", "derivative", "deriv", "prime", "df", "derive", "d", "_grad", "fn_grad",
    "loss_prime",
)  # fmt: skip
"""What courses call the methods of a layer, the usual names first."""

STEPS = ("train_step", "train_batch", "train_on_batch", "training_step", "train")
"""Methods of a network that run the backward pass and take the step themselves; what they return is no gradient."""

_MORE = r"(_?(propagation|propagate|prop|pass|step))?"
_FORWARD = re.compile(rf"(^|_)(forwards?|fwd|feed_?forward|fprop|f(?=_prop)){_MORE}(?=_|$)")
_BACKWARD = (
    re.compile(rf"(^|_)(backwards?|bwd|back|backprop|bprop|b(?=_prop)){_MORE}(?=_|$)"),
    re.compile(
        r"(_|(?<=[a-z])2_?)(grad|gradient|deriv|derivative|derivate|prime|der)$|^(d|deriv|derivative|grad|gradient)(_of)?_"
    ),
    re.compile(r"^d(?=[a-z]{3})"),  # dsigmoid
)
_LOSS = re.compile(r"cost|loss|J|L|l|c|E|nll|ce|error|total_loss|\w*_(loss|cost)|data_loss")


_COST = re.compile(r"(?<![a-z])(loss|cost|objective|energy|likelihood)(?![a-z])")
_SLOPE = re.compile(r"(?<![a-z])(gradients?|grads?|derivatives?)(?![a-z])")


def classes(definitions: list[ast.ClassDef], namespace: Mapping[str, Any]) -> Iterator[Subject]:
    """The classes with both passes, their own or inherited."""
    known = {definition.name: definition for definition in definitions}
    for definition in definitions:
        methods: dict[str, ast.FunctionDef] = {}
        holders: dict[str, str] = {}
        for base in reversed(namespace[definition.name].__mro__):
            its = known.get(base.__name__)
            for node in its.body if its is not None else ():
                if isinstance(node, ast.FunctionDef):
                    methods[node.name], holders[node.name] = node, base.__name__
        forward = _first(FORWARD, methods)
        backward = _first(BACKWARD, methods) or (_first(STEPS, methods) if forward is not None else None)
        if backward is not None and backward.name in STEPS and not _is_one_step(backward):
            backward = None
        if forward is None or (backward is None and not _gives_both(forward)):
            forward, backward = next(filter(_gives_both, methods.values()), None), None
        if forward is None or any(_is_left_out(name, methods, namespace) for name in _called_in(forward)):
            continue
        inherits = definition.name not in (holders[forward.name], holders[(backward or forward).name])
        made_here = _functions_in(methods["__init__"]) if holders.get("__init__") == definition.name else []
        names = tuple(f"{holders[node.name]}.{node.name}" for node in (forward, backward or forward))
        enter = "__call__" if "__call__" in methods and forward.name in _called_in(methods["__call__"]) else ""
        inner = _reached([forward, *([backward] if backward else []), *([methods[enter]] if enter else [])], methods)
        if inherits and not made_here and not any(holders[its.name] == definition.name for its in inner):
            continue  # nothing of it is its own
        own = _own_part(backward, inner, holders, definition.name)
        if inherits and own is None and made_here:  # its functions are handed to the constructor that it inherits
            last = made_here[-1]
            line = (last.body[-1] if isinstance(last, ast.FunctionDef) else last).lineno
            own = f"{definition.name}.__init__", line
        then = _between(forward, backward, inner, methods)
        yield Subject(stem_of(definition.name), forward, backward, definition, names, enter, inner, own, then)


def _is_left_out(name: str, methods: Mapping[str, ast.FunctionDef], namespace: Mapping[str, Any]) -> bool:
    """Whether a method that a base class calls is for others to write: it raises, or is defined in these alone."""
    if name in methods:
        return is_abstract(methods[name])
    others = [
        its for its in namespace.get("__classes__", ()) if name in {getattr(node, "name", "") for node in its.body}
    ]
    kept = {place for method in methods.values() for place in stored(method)}
    return bool(others) and name not in kept


def _functions_in(method: ast.FunctionDef) -> list[ast.FunctionDef | ast.Lambda]:
    """The functions that a method makes, in order."""
    nodes = [node for node in ast.walk(method) if isinstance(node, ast.FunctionDef | ast.Lambda) and node is not method]
    return sorted(nodes, key=lambda node: node.lineno)


def _is_one_step(method: ast.FunctionDef) -> bool:
    """Whether a method takes a single step: it has targets, and no rounds, but over the layers."""
    loops = [node for node in ast.walk(method) if isinstance(node, ast.For | ast.While)]
    rounds = [node for node in loops if not isinstance(node, ast.For) or "self." not in ast.unparse(node.iter)]
    names = [argument.arg for argument in method.args.args]
    return (not rounds or method.name != "train") and any(TARGET in roles(name) for name in names[2:])


def _called_in(method: ast.FunctionDef) -> list[str]:
    """The methods of its object, or of its class, that a method calls."""
    calls = [node.func for node in ast.walk(method) if isinstance(node, ast.Call)]
    own = [its for its in calls if isinstance(its, ast.Attribute) and getattr(its.value, "id", "") in ("self", "cls")]
    return list(dict.fromkeys(its.attr for its in own))


def _reached(passes: list[ast.FunctionDef], methods: Mapping[str, ast.FunctionDef]) -> tuple[ast.FunctionDef, ...]:
    """The further methods that these call, directly or through others."""
    found = list(passes)
    for method in found:
        found += [methods[name] for name in _called_in(method) if name in methods and methods[name] not in found]
    return tuple(found[2:] if len(passes) > 2 else found[len(passes) :])


def _between(
    forward: ast.FunctionDef, backward: ast.FunctionDef | None, inner: tuple[ast.FunctionDef, ...],
    methods: Mapping[str, ast.FunctionDef],
) -> ast.FunctionDef | None:  # fmt: skip
    """The loss of predictions and targets that keeps what a backward pass, which takes nothing, goes on from."""
    if backward is None or required(backward, is_method=True):
        return None
    known = [forward, *inner, *(methods[name] for name in ("__init__",) if name in methods)]
    kept = {place for its in known for place in stored(its)}
    for name, method in methods.items():
        takes = required(method, is_method=True)
        fits = len(takes) == 2 and TARGET in roles(takes[1]) and _COST.search(_words(name))
        if fits and method not in known and ({*stored(method)} - kept) & {*_reads(backward)}:
            return method
    return None


def _reads(method: ast.FunctionDef) -> list[str]:
    """The attributes of its object that a method reads."""
    nodes = [node for node in ast.walk(method) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)]
    dotted = [node.id.partition(".")[2] for node in ast.walk(method) if isinstance(node, ast.Name)]
    return [*(node.attr for node in nodes if getattr(node.value, "id", "") == "self"), *dotted]


def _own_part(
    backward: ast.FunctionDef | None, inner: tuple[ast.FunctionDef, ...], holders: Mapping[str, str], owner: str
) -> tuple[str, int] | None:
    """Of an inherited backward pass, the method of the layer's own that it calls, and its line."""
    if backward is None or holders[backward.name] == owner:
        return None
    its = [m for m in inner if m.name in _called_in(backward) and holders[m.name] == owner]
    return (f"{owner}.{its[0].name}", its[0].lineno) if its else None


def stem_of(name: str) -> str:
    """What a class's layer is called: ReLU is relu."""
    return re.sub(r"(?<=[a-z0-9])(Layer|Module|Node)$", "", name).lower()


def _first(names: tuple[str, ...], methods: Mapping[str, ast.FunctionDef]) -> ast.FunctionDef | None:
    return next((methods[name] for name in names if name in methods and not is_abstract(methods[name])), None)


def function(stem: str, functions: Mapping[str, ast.FunctionDef], forward: str, backward: str | None) -> Subject:
    """Two functions of a file, or one that does both."""
    names = forward, backward or forward
    return Subject(stem, functions[forward], functions[backward] if backward else None, None, names)


def pairs(functions: Mapping[str, ast.FunctionDef]) -> Iterator[tuple[str, str, str | None]]:
    """The pairs among a file's functions by name, as (what they are, forward, backward), with the functions that give
    a loss and its gradients together.
    """
    plain = {name: node for name, node in functions.items() if "." not in name}
    stems = {name: stem for name in plain if (stem := _backward_of(name, plain)) is not None}
    forwards = {name: _FORWARD.sub("", _words(name)).strip("_") for name in plain if name not in stems}
    directed = [name for name in forwards if _FORWARD.search(_words(name))]
    taken: set[str] = set()
    for name, stem in stems.items():
        candidates = [other for other in directed if forwards[other] == stem]
        candidates += [other for other in forwards if _words(other) == stem and other not in candidates]
        alike = [other for other in directed if stem.startswith(forwards[other])]  # batchnorm_backward_alt
        if not candidates and len(alike) == 1:
            candidates = alike
        candidates.sort(key=taken.__contains__)  # of two networks in a file, each has its own
        forward = next((other for other in candidates if not is_abstract(plain[other])), None)
        if forward is not None:
            taken |= {forward, name}
            yield stem or "layer", forward, name
    for cost, gradient in _costs(plain):
        if not {cost, gradient} & taken:
            taken |= {cost, gradient}
            yield cost, cost, gradient
    for name, node in plain.items():
        if name not in taken and _gives_both(node):
            yield name, name, None


def optional_targets(forward: ast.FunctionDef) -> list[str]:
    """The targets that a forward pass may be given, and gives no loss without: `loss(X, y=None)`."""
    return [
        name for name, default in optional(forward)
        if TARGET in roles(name) and isinstance(default, ast.Constant) and default.value is None
    ]  # fmt: skip


def divides(subject: Subject, functions: Mapping[str, ast.FunctionDef]) -> bool:
    """Whether a backward pass, or what it calls in the file, divides by something."""
    called = {getattr(node, "id", "") for its in subject.passes_back for node in ast.walk(its)} & {*functions}
    every = [*subject.passes_back, *(functions[name] for name in called)]
    return any(isinstance(node, ast.Div) for its in every for node in ast.walk(its))


def _costs(functions: Mapping[str, ast.FunctionDef]) -> Iterator[tuple[str, str]]:
    """A cost and its gradient, of the same parameters: compute_cost and compute_gradient."""
    for cost, gradient in itertools.permutations(functions, 2):
        if _COST.search(_words(cost)) and _SLOPE.search(_words(gradient)):
            same = _COST.sub("", _words(cost)) == _SLOPE.sub("", _words(gradient))
            if same and _taken(functions[cost]) == _taken(functions[gradient]):
                yield cost, gradient


def _taken(function: ast.FunctionDef) -> list[str]:
    """What a function takes, but how much large weights count: one of the two may know nothing of that."""
    return [its.arg for its in function.args.args if roles(its.arg)[:1] != (STRENGTH,)]


def _words(name: str) -> str:
    """A name in small letters, its words joined by underscores: `sigmoid_prime` for `sigmoidPrime`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name).lower().strip("_")


def _backward_of(name: str, functions: Mapping[str, Any]) -> str | None:
    """What a backward pass is the backward pass of, by its name; None for what is none."""
    words = _words(name)
    if re.search(r"forward|numeric|check", words):
        return None
    for pattern in _BACKWARD:
        if pattern.search(words):
            stem = pattern.sub("", words, count=1).strip("_")
            if pattern is _BACKWARD[0] or stem in map(_words, functions):
                return stem
    return None


def _called(part: ast.expr) -> str:
    """What a part of a result is called; gradients by name, and those joined to one vector, go by `gradients`."""
    joins = ("concatenate", "hstack", "append")
    is_joined = isinstance(part, ast.Call) and getattr(part.func, "attr", getattr(part.func, "id", "")) in joins
    is_by_name = isinstance(part, ast.Dict) and all(isinstance(key, ast.Constant) for key in part.keys)
    return "gradients" if is_joined or is_by_name else getattr(part, "id", "")


def _gives_both(node: ast.FunctionDef) -> bool:
    """It returns a loss beside gradients: `return grads, cost`."""
    returned = [n.value for n in ast.walk(node) if isinstance(n, ast.Return) and isinstance(n.value, ast.Tuple)]
    names = [_called(part) for part in returned[-1].elts] if returned else []
    costs = [name for name in names if _LOSS.fullmatch(name)]
    others = [name for name in names if name not in costs]
    while len(others) > 2 and not gradient_of(others[-1]):  # the state that the next call begins with
        others.pop()
    is_gradient = [name in ("grads", "gradients", "grad", "gradient") or bool(gradient_of(name)) for name in others]
    return len(costs) == 1 and bool(others) and all(is_gradient)
