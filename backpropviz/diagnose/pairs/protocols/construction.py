"""How to make a layer of a class: the call, with sizes and arrays in it, by what its constructor takes."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs.protocols import layered
from backpropviz.diagnose.pairs.protocols.handing import optional, required
from backpropviz.diagnose.pairs.protocols.names import TARGET, roles
from backpropviz.diagnose.student.classes import is_abstract
from backpropviz.layers.choosing import Method
from backpropviz.layers.classes import Built
from backpropviz.layers.conventions import KEYED, NUMBERS, kind_of
from backpropviz.layers.search import FEWER, RUNS, Search

SIZES = (3, 5, 7)
_ARRAY = re.compile(r"[wW]\w{0,2}|b\w?|weights?|bias(es)?|gamma|beta|kernel|filters|params|U|V|embed(ding)?s?")
_SETTINGS = ("eps", "epsilon", "alpha", "slope", "stride", "pad", "padding")
_FACTORS = ("beta", "scale", "temperature", "gamma", "delta", "lambda_", "negative_slope", "leak")
_STRENGTHS = ("reg", "reg_strength", "regularization", "lambda_", "lam", "weight_decay", "l2", "l2_reg")
_USUAL = {**NUMBERS, **KEYED}
_LENGTHS = {"kernel": 3, "filter_size": 3, "ksize": 3, "stride": 1, "pad": 1, "pool": 2}
_LARGEST, _PICTURE = 9, (3, 6, 8)  # of a default that is kept; a picture that can be pooled
_INPUT_SHAPE, _OUTPUT_SHAPE = (3, 6, 5), (18, 5)
_EXPECTED = {
    r"out\w*_?(shape|dims)|(new|target|to)_shape|^shape$": str(_OUTPUT_SHAPE),
    r"shape": str(_INPUT_SHAPE),
    r"(prime|deriv\w*|_grad)$|^d_?(act|fun)": "__slope_of_tanh__",
    r"^(activation|act|act_fn|activation_func\w*|f|fn|func|function|nonlinearity)$": (_FUNCTION := "np.tanh"),
}
"""What constructors are told that is no size and no array, by what it is called."""


def slope_of_tanh(x: Any) -> Any:
    """Of `np.tanh`, where a layer is made from a function and its derivative."""
    return 1 - np.tanh(x) ** 2


@dataclass(frozen=True)
class Construction:
    """A call that makes a layer.

    Attributes:
        call: `Linear(3, 5)`. arrays: values of what it is made from, by name, which are inputs of the layer.
        settings: numbers that keep their names. is_free: the arrays may have other shapes. data: those of the arrays
            that are examples and targets. main: the shape that it expects its first input to have, if it was told.
            sizes: of how many sizes a network is made; fewer are only meant where it does not run with more.
    """

    call: str
    arrays: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, float] = field(default_factory=dict)
    is_free: bool = False
    data: tuple[str, ...] = ()
    main: tuple[int, ...] = ()
    sizes: int = 0


class _Original(Method):
    """A method as the file defines it, whatever stands in its place in the class by now."""

    @property
    def function(self) -> Any:
        return inspect.unwrap(getattr(self.owner, self.name))

    @property
    def of_class(self) -> bool:
        return False


def constructions(
    definition: ast.ClassDef, namespace: dict[str, Any], forward: str, is_loss: bool = False
) -> Iterator[Construction]:
    """The ways to make one: by the names of the constructor's parameters; from arrays of two axes; and as the search
    finds it for `show`.

    Args:
        is_loss: the forward pass gives a loss with its gradients, so that both know how large weights count.
    """
    smaller = _smaller(namespace[definition.name]) if is_loss else {}
    for made in _constructions(definition, namespace, forward, is_loss):
        told = [f"{name}={size}" for name, size in smaller.items() if f"{name}=" not in made.call]
        given = [made.call[made.call.index("(") + 1 : -1]] if not made.call.endswith("()") else []
        yield replace(made, call=f"{definition.name}({', '.join([*given, *told])})") if told else made


def _smaller(owner: Any) -> dict[str, Any]:
    """Small sizes for a network that has large ones by default, of pictures as a rule: `input_dim=3 * 32 * 32`."""
    sizes = itertools.cycle((11, 6, 9, 8))
    found: dict[str, Any] = {}
    for name, its in inspect.signature(owner).parameters.items():
        if type(its.default) is int and its.default > _LARGEST:
            found[name] = next(sizes)
        elif type(its.default) is tuple and len(its.default) == 3 and max(its.default) > _LARGEST:
            found[name] = _PICTURE
    return found


def _constructions(
    definition: ast.ClassDef, namespace: dict[str, Any], forward: str, is_loss: bool
) -> Iterator[Construction]:
    yield from _of_data(definition, namespace)
    init = constructor(definition, namespace)
    networks = [*layered.calls(definition, init, namespace)]
    yield from map(Construction, networks)
    if networks and init is not None and init.args.vararg is not None:
        return  # without any layer, it runs as well
    by_names = _by_names(definition, namespace, _STRENGTHS if is_loss else ())
    chained = by_names is not None and any(re.fullmatch(r"[wW]_?2", name) for name in by_names.arrays)
    if by_names is not None:
        yield from (replace(by_names, main=shape) for shape in _told_shapes(by_names.call))
        if not chained:  # the weights of several layers differ in their sizes
            yield by_names
        if by_names.arrays:  # four gates side by side are four times as wide
            yield replace(by_names, is_free=True)
    yield from _of_sizes(definition, namespace, is_loss)
    try:
        built = Built(_Original(namespace[definition.name], forward))
        search = Search(built, 0, {}, {})
        search.most = FEWER if by_names is not None else RUNS
        state = search.found()
        given = search.arguments(state) if state is not None else {}
    except Exception:  # a class that cannot be made like this
        return
    made_from = {name: value for name, value in given.items() if name in built.of_constructor}
    if given or not built.of_constructor:
        arrays = {name: value for name, value in made_from.items() if isinstance(value, np.ndarray)}
        parts = [f"{name}={name if name in arrays else repr(value)}" for name, value in made_from.items()]
        told = {} if init is None else {k: v for k, v in _told(init).items() if k not in made_from}
        yield Construction(f"{definition.name}({', '.join([*parts, *(f'{k}={k}' for k in told)])})", arrays, told)


def _of_data(definition: ast.ClassDef, namespace: dict[str, Any]) -> Iterator[Construction]:
    """Of a network that is made from its examples and their targets, whose sizes it takes."""
    init = constructor(definition, namespace)
    needed = required(init, is_method=True) if init is not None else []
    asked = {ast.unparse(n.value).removeprefix("self.") for n in ast.walk(init or definition)
             if isinstance(n, ast.Attribute) and n.attr == "shape"}  # fmt: skip
    if len(needed) != 2 or TARGET not in roles(needed[1]) or init is None:
        return
    kept = {ast.unparse(its.targets[0]).removeprefix("self."): ast.unparse(its.value) for its in ast.walk(init)
            if isinstance(its, ast.Assign) and isinstance(its.targets[0], ast.Attribute)}  # fmt: skip
    if {needed[0]} & {*asked, *(kept.get(name, "") for name in asked)}:
        random = np.random.default_rng(3)
        x, y = random.normal(0.5, 1.0, (7, 3)), random.uniform(0.1, 0.9, (7, 1))
        yield Construction(f"{definition.name}({', '.join(needed)})", dict(zip(needed, (x, y))), data=(*needed,))


def _of_sizes(definition: ast.ClassDef, namespace: dict[str, Any], is_loss: bool) -> Iterator[Construction]:
    """Of a network that is made from a list of sizes alone, with four of them, three or two; and with equal ones, on
    which a factor of another layer does not fail."""
    init = constructor(definition, namespace)
    needed = required(init, is_method=True) if init is not None else []
    if len(needed) == 1 and kind_of(needed[0]) == "sizes":
        told = strengths(init) if is_loss and init is not None else {}
        more = "".join(f", {name}={name}" for name in told)
        for count in (4, 3, 2):
            yield Construction(f"{definition.name}({list((*SIZES, 6)[:count])}{more})", settings=told, sizes=count)
        yield Construction(f"{definition.name}({[SIZES[1]] * 4}{more})", settings=told, sizes=4)


def strengths(method: ast.FunctionDef) -> dict[str, float]:
    """How much large weights count, as a loss may be told: `loss(self, X, y=None, reg=0.0)`; by name, as it is by
    default."""
    return {
        name: float(value.value) for name, value in optional(method)
        if name in _STRENGTHS and isinstance(value, ast.Constant) and isinstance(value.value, int | float)
    }  # fmt: skip


def _by_names(definition: ast.ClassDef, namespace: dict[str, Any], also: tuple[str, ...] = ()) -> Construction | None:
    init = constructor(definition, namespace)
    if init is None:
        return Construction(f"{definition.name}()")
    sizes = iter(SIZES)
    given: list[str] = []
    arrays: list[str] = []
    settings: dict[str, float] = {}
    arguments = init.args.args[1:]
    loops = [node.iter for node in ast.walk(init) if isinstance(node, ast.For | ast.comprehension)]
    gone_over = {ast.unparse(its) for loop in loops for its in (loop, *getattr(loop, "args", ()))}
    for argument in arguments[: len(arguments) - len(init.args.defaults)]:
        name = argument.arg
        length = next((value for word, value in _LENGTHS.items() if word in name.lower()), None)
        expected = next((code for word, code in _EXPECTED.items() if re.search(word, name.lower())), None)
        if expected == _FUNCTION:
            expected = _with_methods(_asked_of(name, definition, init), namespace)
            if not expected:
                return None
        if expected is not None:
            given.append(expected)
        elif length is not None:
            settings[name] = length
            given.append(name)
        elif type(share := _USUAL.get(name)) is float:
            settings[name] = share
            given.append(name)
        elif _ARRAY.fullmatch(name):
            given.append(name)
            arrays.append(name)
        elif (size := next(sizes, None)) is not None:
            given.append(str([size] if name in gone_over else size))
        else:
            return None
    told = _told(init, also)
    given += [f"{name}={name}" for name in told]
    return Construction(f"{definition.name}({', '.join(given)})", _matrices(arrays), {**settings, **told})


def _told(init: ast.FunctionDef, also: tuple[str, ...] = ()) -> dict[str, float]:
    """The numbers with defaults that a layer is told by name, so that it can be made with others: steps and paddings,
    shares, factors; and those called as in `also`."""
    told: dict[str, float] = {}
    for name, default in optional(init):
        value = default.value if isinstance(default, ast.Constant) else None
        if type(value) is not int and type(value) is not float:
            continue
        is_share = type(value) is float and 0 < value < 1  # at 0.5, a factor of 2 would do as well
        is_factor = type(value) is float and name in _FACTORS  # at 1.0, a factor of it may be missing
        if name in also:
            told[name] = float(value)  # also at another strength than none
        elif name in _SETTINGS or is_share or is_factor or any(word in name.lower() for word in _LENGTHS):
            told[name] = value
    return told


def _asked_of(name: str, definition: ast.ClassDef, init: ast.FunctionDef) -> set[str]:
    """The methods that a layer calls of what it was made from: `gradient` of `self.activation.gradient(x)`."""
    kept = [place for node in ast.walk(init) if isinstance(node, ast.Assign) and ast.unparse(node.value) == name
            for place in map(ast.unparse, node.targets)]  # fmt: skip
    calls = [ast.unparse(node.func) for node in ast.walk(definition) if isinstance(node, ast.Call)]
    asked = {method for holder, _, method in (call.rpartition(".") for call in calls) if holder in kept}
    return {"__call__", *asked} if asked and {*calls} & {*kept} else asked


def _with_methods(asked: set[str], namespace: dict[str, Any]) -> str:
    """The code of a function; of one with these methods, of a class of the file. Empty where there is none."""
    if not asked:
        return _FUNCTION
    for its in namespace.get("__classes__", []):
        methods = {node.name: node for node in its.body if isinstance(node, ast.FunctionDef)}
        needed = required(methods["__init__"], is_method=True) if "__init__" in methods else []
        if not needed and asked <= {name for name, node in methods.items() if not is_abstract(node)}:
            return f"{its.name}()"
    return ""


def _matrices(names: list[str]) -> dict[str, Any]:
    """Arrays of these names: (3, 5) for a weight and (5, 5) for a recurrent one, (5,) for a bias, (3,) for a gamma."""
    shapes = {}
    for name in names:
        recurrent = re.fullmatch(r"[wW]_?hh?|U\w*", name)
        alone = not any(re.match(r"[wW]", other) for other in names)
        vector = re.match(r"b|gamma", name) is not None
        shapes[name] = (SIZES[0],) if vector and alone else (5,) if vector else (5, 5) if recurrent else (3, 5)
    random = np.random.default_rng(3)
    return {name: random.normal(0.0, 1.0, shape) for name, shape in shapes.items()}


def _told_shapes(call: str) -> list[tuple[int, ...]]:
    """The shapes that the first input may have, where the constructor was told one: with or without an axis of examples
    in front, or whatever has as many entries."""
    if str(_INPUT_SHAPE) in call:
        return [_INPUT_SHAPE, (7, *_INPUT_SHAPE)]
    count = int(np.prod(_OUTPUT_SHAPE))
    return [(7, count), (count,), (6, 15), (7, 6, 15)] if str(_OUTPUT_SHAPE) in call else []


def constructor(definition: ast.ClassDef, namespace: dict[str, Any]) -> ast.FunctionDef | None:
    """The constructor's definition, inherited or not, if the file has it."""
    known = {its.name: its for its in namespace.get("__classes__", [])}
    for base in namespace[definition.name].__mro__:
        its = definition if base is namespace[definition.name] else known.get(base.__name__)
        for node in its.body if its is not None else ():
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                return node
    return None


def sized(call: str, shapes: dict[str, tuple[int, ...]]) -> str:
    """The call with sizes that are read off the arrays: `Linear(W.shape[0], W.shape[1])` for `Linear(3, 5)`."""
    tree = ast.parse(call, mode="eval").body
    assert isinstance(tree, ast.Call)
    for i, argument in enumerate(tree.args):
        size = argument.value if isinstance(argument, ast.Constant) else None
        found = next((f"{name}.shape[{shape.index(size)}]" for name, shape in shapes.items() if size in shape), None)
        if found is not None and size in SIZES:
            tree.args[i] = ast.parse(found, mode="eval").body
    return ast.unparse(tree)
