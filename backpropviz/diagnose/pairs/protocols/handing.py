"""Which value goes to which parameter of a backward pass: by names where they say so, by trying where they do not."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from backpropviz.diagnose.pairs.protocols.context import takes_context
from backpropviz.diagnose.pairs.protocols.names import CACHE, OUTPUT, RATE, STRENGTH, TARGET, UPSTREAM, bare, roles
from backpropviz.diagnose.pairs.protocols.record import Subject
from backpropviz.diagnose.student.parameters import gradients_of

STEP = "0.5"
"""The learning rate that is handed over: a step is divided by it again, without rounding."""

STRONG, NONE = "0.7", "0.0"
"""How much large weights count, where a loss of the file is told as well, and where none is."""

GIVEN = "given_target"
"""Targets that only the backward pass sees."""

_SEVERAL = 1.7
_MOST = 24  # ways of one subject


@dataclass(frozen=True)
class Ran:
    """What is known of a forward pass that ran.

    Attributes:
        arguments: what it was called with, by name. returned: expressions for what it returned, by name.
        outputs: expressions for what it computes. cache: expression for what it returned besides, if anything.
        inside: expressions for what the layer keeps that may be asked for again. settings: what the forward pass has a
            value of its own for. handed: those of them that it was called with, by name, as they are
            called here. is_loss: it gives a number, or one for every example, and takes targets.
    """

    arguments: tuple[str, ...]
    outputs: tuple[str, ...]
    cache: str = ""
    returned: dict[str, str] = field(default_factory=dict)
    inside: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    handed: Mapping[str, str] = field(default_factory=dict)
    is_loss: bool = False

    @property
    def target(self) -> str:
        """The argument that holds the targets, if one does."""
        found = [name for name in self.arguments if TARGET in roles(name)] if len(self.arguments) > 1 else []
        return next((name for name in found if name != self.arguments[0]), next(iter(found), ""))


@dataclass(frozen=True)
class Handing:
    """One way to call a backward pass.

    Attributes:
        arguments: expressions, in order. upstream: how many gradients arrive. targets: it is given targets that the
            forward pass does not see. steps: it is given a learning rate. is_sure: every name said what it takes.
        first: what is done before it is called: the upstream gradient is put on what the forward pass gave.
    """

    arguments: tuple[str, ...]
    upstream: int
    targets: bool
    steps: bool
    is_sure: bool
    first: tuple[str, ...] = ()


def parameters(function: ast.FunctionDef, is_method: bool) -> list[tuple[str, bool]]:
    """The names of the positional parameters, and whether each has to be given."""
    every = [*function.args.posonlyargs, *function.args.args]
    required = len(every) - len(function.args.defaults)
    named = [(argument.arg, i < required) for i, argument in enumerate(every)]
    static = any(getattr(node, "id", "") == "staticmethod" for node in function.decorator_list)
    named = named[1:] if takes_context(function) or (is_method and not static) else named
    return named or [(name, True) for name in _gathered(function)]


def _gathered(function: ast.FunctionDef) -> list[str]:
    """The names of what a function that takes `*inputs` reads of them: by number, or taken apart.

    >>> [_gathered(ast.parse(text).body[0]) for text in ("def f(*a): x, y = a", "def f(*a): return a[0]", "def f(): 1")]
    [['x', 'y'], ['a'], []]
    """
    if function.args.vararg is None or function.name == "__init__":
        return []
    its, numbers = function.args.vararg.arg, list[int]()
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == its:
            number = getattr(node.slice, "value", None)
            numbers += [number] if isinstance(number, int) else []
        parts = node.targets[0] if isinstance(node, ast.Assign) and getattr(node.value, "id", None) == its else None
        if isinstance(parts, ast.Tuple | ast.List):
            return [ast.unparse(part) for part in parts.elts]
    count = max(numbers, default=-1) + 1
    return [its] if count == 1 else [f"{its}{i}" for i in range(count)]


def optional(function: ast.FunctionDef) -> list[tuple[str, ast.expr]]:
    """The parameters that need not be given, each with what it is by default."""
    takes, defaults = function.args.args, function.args.defaults
    return [(its.arg, value) for its, value in zip(takes[len(takes) - len(defaults) :], defaults)]


def required(function: ast.FunctionDef, is_method: bool) -> list[str]:
    """The names of the positional parameters that have to be given."""
    return [name for name, is_required in parameters(function, is_method) if is_required]


def is_told(subject: Subject, setting: str) -> bool:
    """Whether the backward pass can know the value of a setting: it takes it as well, or a cache."""
    if subject.backward is None:
        return True
    takes = [name for name, _ in parameters(subject.backward, False)]
    return setting in takes or any(CACHE in roles(name) for name in takes)


def handed(subject: Subject, ran: Ran, is_of_numbers: bool) -> Iterator[tuple[Handing, Ran]]:
    """The ways to call the backward pass, and what ran for each: several times the output where all that is taken is
    single numbers, so that it shows where what arrives is left out."""
    for way in handings(subject, ran):
        if way.upstream == 1 and is_of_numbers and not ran.target:
            arguments = tuple(f"{_SEVERAL} * dout" if its == "dout" else its for its in way.arguments)
            outputs = (f"{_SEVERAL} * {ran.outputs[0]}", *ran.outputs[1:])
            yield replace(way, arguments=arguments), replace(ran, outputs=outputs)
        else:
            yield way, ran


def handings(subject: Subject, ran: Ran) -> list[Handing]:
    """The ways to call the backward pass, the likeliest first."""
    assert subject.backward is not None
    options: list[list[tuple[str, bool]]] = []
    filled, read = gradients_of(subject.backward) if subject.owner is None else (set(), set())
    switches = _switches(subject.backward)
    for name, is_required in parameters(subject.backward, subject.owner is not None):
        found = _options(name, ran)
        if subject.owner is None and bare(subject.names[0]) in bare(name):  # forward_prop_func
            found = [(subject.names[0], True)]
        if name in (*filled, *read) and name not in ran.arguments:
            found = [(ran.arguments[0] if name in filled else ran.outputs[0], True)]
        its_own = not any(value in ("dout", STEP, GIVEN) for value, _ in found[:1]) or name in ran.settings
        is_strength = roles(name)[:1] == (STRENGTH,) and name not in ran.settings
        if name in switches or (not is_required and its_own and name not in ran.handed and not is_strength):
            break  # it has a value of its own, and so has what follows
        if not found:
            return []
        options.append(found)
    if (
        len(options) == 1
        and not ran.is_loss
        and options[0][0][0] in ran.arguments
        and subject.names[0] not in subject.calls_back()
    ):
        # sigmoid_prime(x): x may be what sigmoid gave, if it does not run that itself
        options[0].append((ran.outputs[0], False))
    ways = []
    for chosen in itertools.islice(itertools.product(*options), 4 * _MOST):
        arguments = [value for value, _ in chosen]
        upstream = arguments.count("dout")
        if upstream > len(ran.outputs) or arguments.count(GIVEN) > 1:
            continue
        numbered = itertools.count(1)
        given = tuple(
            f"dout{next(numbered)}" if value == "dout" and upstream > 1 else value for value in arguments
        )  # fmt: skip
        sure = all(said for _, said in chosen)
        ways.append(Handing(given, upstream, GIVEN in arguments, STEP in arguments, sure))
    ways.sort(key=lambda way: (not way.is_sure, not way.upstream and not ran.is_loss))
    return ways[:_MOST]


def _switches(function: ast.FunctionDef) -> set[str]:
    """The parameters that are on or off by default: `retain_grads=True` takes no gradient."""
    every = optional(function)
    return {name for name, value in every if isinstance(value, ast.Constant) and isinstance(value.value, bool)}


def _options(name: str, ran: Ran) -> list[tuple[str, bool]]:
    """What may be handed to a parameter, the likeliest first, and whether its name says so."""
    same = {bare(argument): argument for argument in reversed(ran.arguments)}
    given = {bare(word): code for word, code in ran.returned.items()} | same
    if name in ran.arguments:
        return [(name, True)]
    if name in ran.handed:
        return [(ran.handed[name], True)]
    if bare(name) in given:
        return [(given[bare(name)], True)]
    if bare(name) in ("x", "input", "inputs") and len(ran.arguments) == 1:
        return [(ran.arguments[0], True)]
    found: list[tuple[str, bool]] = []
    for role in roles(name):
        if role == UPSTREAM:
            found.append(("dout", True))
            if ran.is_loss:  # of a loss, "dvalues" may be what it was given
                found += [(value, True) for value in (*ran.inside, *ran.arguments[:1])]
        elif role == CACHE and ran.cache:
            found.append((ran.cache, True))
        elif role == TARGET:
            found.append((ran.target or GIVEN, True))
        elif role == RATE:
            found.append((STEP, True))
        elif role == STRENGTH:
            found += [(STRONG, True), (NONE, True)]
        elif role == OUTPUT:
            found += [(ran.outputs[0], not ran.is_loss), *((value, False) for value in ran.arguments[:1])]
    if not found or not found[0][1]:
        rest = [ran.cache, *ran.arguments[:1], *ran.outputs[:1], *ran.inside, "" if ran.is_loss else "dout"]
        found += [(value, False) for value in rest if value]
    return list(dict(reversed(found)).items())[::-1] if len({*found}) < len(found) else found
